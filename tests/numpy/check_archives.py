"""
NPY, NPZ and safetensors as READ_ARRAY (tests/read_array.c) reads them and ATTN converts them, against NumPy and a strict reader
of safetensors (safetensors_files.py). A test is named on the command line. Files go to the current folder. Ends with 77 where
there is nothing to be tested.
"""
import glob
import json
import os
import resource
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import safetensors_files as safetensors

CODES = "?bBhHiIqQefd"


def run(*words):
    """(status, standard output, standard error)"""
    ran = subprocess.run(words, capture_output=True, timeout=60, check=False)
    return ran.returncode, ran.stdout, ran.stderr.decode()


def read(*words):
    return run(os.environ["READ_ARRAY"], *words)


def listed(path):
    """The arrays as {name: (type, shape)}."""
    status, out, err = read("-l", path)
    assert status == 0, (path, err)
    rows = [line.rsplit(": ", 1) for line in out.decode().splitlines() if " = " not in line]
    shapes = {name: text.rsplit(" (", 1) for name, text in rows}
    assert len(shapes) == len(rows)
    return {name: (kind, tuple(int(n) for n in shape.strip(")").split(",") if n)) for name, (kind, shape) in shapes.items()}


def numbers(path, name="", index=None):
    """(type, array), as they are read."""
    word = path + (f":{name}" if name or index is not None else "") + (f"[{index}]" if index is not None else "")
    status, out, err = read(word)
    assert status == 0, (word, err)
    kind, shape = err.rsplit(" (", 1)
    return kind, np.frombuffer(out, np.float32).reshape([int(n) for n in shape.strip(")\n").split(",") if n])


def refused(path, *words):
    """The file is refused, and these words are in what is said."""
    status, out, err = read("-l", path)
    assert status == 3 and not out and err.count("\n") == 1, (path, status, out, err)
    assert err.startswith(path) and all(word in err for word in ("expected", *words)), (path, words, err)


def same(got, wanted, what):
    with np.errstate(all="ignore"):
        wanted = np.asarray(wanted).astype(np.float32)
    assert got.shape == wanted.shape, (what, got.shape, wanted.shape)
    assert got.tobytes() == wanted.tobytes() or (np.array_equal(got, wanted, equal_nan=True) and
                                                 np.array_equal(np.signbit(got), np.signbit(wanted))), (what, got, wanted)


def odd_numbers(dtype):
    """The smallest, the largest, and what is hard to round, of a type."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        f = np.finfo(dtype)
        values = [0, -0.0, 1 / 3, 1 + 2**-24, 1 + 3 * 2**-24, f.max, f.min, f.tiny, f.tiny / 4, np.inf, -np.inf, np.nan]
    elif dtype.kind == "b":
        values = [True, False] * 6
    else:
        i = np.iinfo(dtype)
        values = [0, 1, i.max, i.min, i.max // 3, i.max - 1, i.max // 2 + 1, 7, 100, i.max // 127, i.max // 257, 3]
    with np.errstate(all="ignore"):
        return np.array(values).astype(dtype) if dtype.kind in "fb" else np.array(values, dtype)


def layouts(flat):
    """(word, array) of these twelve numbers: orders, axes, views, one and none."""
    cube = flat.reshape(2, 3, 2)
    yield "rows", cube
    yield "columns", np.asfortranarray(cube)
    yield "turned", cube.transpose(1, 2, 0)
    yield "list", flat
    yield "eight", flat.reshape(1, 2, 1, 3, 1, 2, 1, 1)
    yield "one", flat[2].reshape(())
    yield "empty", flat[:0].reshape(3, 0, 2)
    yield "part", flat[::-2]


def all_arrays():
    """(name, array): every type, in both byte orders and every layout."""
    for code in CODES:
        for order in "<>":
            dtype = np.dtype(code).newbyteorder(order)
            for word, array in layouts(odd_numbers(code).astype(dtype)):
                yield f"{np.dtype(code).name}{'_big' * (order == '>')}_{word}", array


def test_npy():
    """Every type, byte order, layout and version."""
    for name, array in all_arrays():
        np.save("a.npy", array)
        kind, got = numbers("a.npy")
        assert kind == np.lib.format.dtype_to_descr(array.dtype), (name, kind)
        same(got, array, name)
    for version in ((1, 0), (2, 0), (3, 0)):
        for word, array in layouts(np.arange(12.0)):
            with open("v.npy", "wb") as f:
                np.lib.format.write_array(f, array, version)
            same(numbers("v.npy")[1], array, (version, word))


def test_npz():
    """The same in one file, stored and deflated; names as NumPy gives them."""
    arrays = dict(all_arrays())
    for save in (np.savez, np.savez_compressed):
        save("a.npz", **arrays)
        found = listed("a.npz")
        assert list(found) == list(arrays)
        for name, array in arrays.items():
            assert found[name] == (np.lib.format.dtype_to_descr(array.dtype), array.shape), (name, found[name])
        for name in list(arrays)[::7]:
            same(numbers("a.npz", name)[1], arrays[name], name)
        save("unnamed.npz", np.arange(3), np.ones((2, 2)))
        assert list(listed("unnamed.npz")) == ["arr_0", "arr_1"]
        save("nothing.npz")
        assert not listed("nothing.npz")
        large = np.random.default_rng(3).integers(0, 50, (300, 1000))
        save("large.npz", **{"layer 0/w": large, "z": np.zeros(10**6)})
        same(numbers("large.npz", "layer 0/w", "5:300:7, ::-3")[1], large[5:300:7, ::-3], "large")
        same(numbers("large.npz", "z", "-3:")[1], np.zeros(3), "zeros")


def random_index(rng, shape):
    """An index as text, as NumPy's rules have it; sometimes outside."""
    parts = []
    for length in shape[:rng.integers(0, len(shape) + 1)]:
        def number():
            return int(rng.integers(-length - 2, length + 3))
        if rng.random() < 0.35:
            parts.append(str(number()) if rng.random() < 0.1 else str(int(rng.integers(-length, length))))
        else:
            step = int(rng.choice([1, 1, 2, 3, -1, -1, -2, 50]))
            parts.append((str(number()) if rng.random() < 0.6 else "") + ":" + (str(number()) if rng.random() < 0.6 else "") +
                         (f":{step}" if step != 1 else ""))
    if rng.random() < 0.4:
        keep = len(parts)
        parts.insert(int(rng.integers(0, keep + 1)), "...")
    return ", ".join(parts) if parts else "..."


def test_indexes():
    """Hundreds of random indexes, of which NumPy's own indexing is the judge: also of those that are outside."""
    rng = np.random.default_rng(11)
    base = rng.random((3, 5, 4, 6)).astype(np.float32)
    arrays = {"rows": base, "columns": np.asfortranarray(base), "big": base.astype(">f8"), "turned": base.transpose(2, 0, 3, 1),
              "list": np.arange(17, dtype=np.int16), "flat": base.reshape(15, 24), "half": base.astype(np.float16)}
    np.savez_compressed("a.npz", **arrays)
    with open("a.safetensors", "wb") as f:
        f.write(safetensors.file_bytes([(n, safetensors.type_of(a), a) for n, a in arrays.items() if n != "big"]))
    outside = 0
    for turn in range(350):
        name = list(arrays)[turn % len(arrays)]
        path = "a.npz" if turn % 2 or name == "big" else "a.safetensors"
        index = random_index(rng, arrays[name].shape)
        try:
            wanted = eval(f"arrays[name][{index}]", {"arrays": arrays, "name": name})
        except IndexError:
            outside += 1
            status, out, err = read(f"{path}:{name}[{index}]")
            assert status == 2 and not out and f"[{index}] does not index {name}" in err, (index, status, err)
            continue
        same(numbers(path, name, index)[1], wanted, (path, name, index))
    assert 3 <= outside < 100, outside


def test_named():
    """Types that are listed and not read, as they are named; what is no array of numbers is refused with a word of what to do."""
    arrays = {"complex": np.zeros(2, "c16"), "texts": np.array(["a", "bcd"]), "bytes": np.array([b"a", b"bc"]),
              "dates": np.zeros(2, "M8[ns]"), "spans": np.zeros(1, "m8[25s]"), "long": np.zeros(3, np.longdouble),
              "raw": np.array([1, 2], np.uint16).view("V2"), "fine": np.arange(4.0)}
    np.savez("a.npz", **arrays)
    found = listed("a.npz")
    for name, array in arrays.items():
        assert found[name] == (np.lib.format.dtype_to_descr(array.dtype), array.shape), (name, found[name])
        status, _, err = read(f"a.npz:{name}")
        if name == "fine":
            assert status == 0
        else:
            assert status == 3 and err == f"a.npz:{name}: has the type {found[name][0]}, which is not read\n", err
    # Of these the header alone is read.
    np.savez("o.npz", objects=np.array([None, "x"]), records=np.zeros((2, 3), [("a", "f4"), ("b", "i2", (2,))]))
    assert listed("o.npz") == {"objects": ("|O", (2,)), "records": ("[('a', '<f4'), ('b', '<i2', (2,))]", (2, 3))}


def test_headers():
    """Headers as others write them: Python 2's long integers, other orders of keys, other padding. NumPy takes them, too."""
    data = np.arange(6, dtype="<i4")
    for version, header in ((1, "{'descr': '<i4', 'fortran_order': False, 'shape': (2L, 3L), }"),
                            (2, "{'shape': (2, 3), 'fortran_order': True, 'descr': '<i4'}"),
                            (1, '{"descr":"<i4","fortran_order":False,"shape":(2,3)}'),
                            (3, " {'descr': '<i4', 'shape': (2, 3,), 'fortran_order': False}   \n\n")):
        head = header.encode()
        with open("h.npy", "wb") as f:
            f.write(b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(head)) + head)
            f.write(data.tobytes())
        with open("h.npy", "rb") as f:
            wanted = np.lib.format.read_array(f)
        same(numbers("h.npy")[1], wanted, header)


def test_damaged():
    """Files that are cut off, or longer than they say."""
    rng = np.random.default_rng(2)
    np.save("a.npy", rng.random((20, 30)))
    np.savez("s.npz", a=rng.random((20, 30)), b=np.arange(5))
    np.savez_compressed("d.npz", a=rng.random((20, 30)), b=np.arange(5))
    with open("a.safetensors", "wb") as f:
        f.write(safetensors.file_bytes([("a", "F64", rng.random((20, 30))), ("b", "I64", np.arange(5))], {"k": "v"}))
    for path in ("a.npy", "s.npz", "d.npz", "a.safetensors"):
        with open(path, "rb") as f:
            whole = f.read()
        for size in range(0, len(whole), len(whole) // 23):
            with open("cut" + path, "wb") as f:
                f.write(whole[:size])
            refused("cut" + path)
        if not path.endswith(".npz"):  # behind a zip there may be a comment
            with open("cut" + path, "wb") as f:
                f.write(whole + b"\0")
            refused("cut" + path)
    # A byte of a deflated array: its checksum is another, or it is no deflated data at all.
    with open("d.npz", "rb") as f:
        broken = bytearray(f.read())
    broken[2000] ^= 0x10
    with open("broken.npz", "wb") as f:
        f.write(broken)
    status, out, err = read("broken.npz:a")
    assert status == 3 and not out and err.startswith("broken.npz:a.npy: ") and "expected" in err, err


def test_members():
    """Members of a zip that are no arrays, other ways to pack, and folders."""
    np.save("w.npy", np.arange(3.0))
    with zipfile.ZipFile("a.npz", "w") as z:
        z.writestr("README.md", "text")
        z.write("w.npy", "x/w.npy")
        z.mkdir("folder") if hasattr(z, "mkdir") else z.writestr("folder/", b"")
        z.comment = b"a comment"
    assert listed("a.npz") == {"x/w": ("<f8", (3,))}
    same(numbers("a.npz", "x/w")[1], np.arange(3.0), "member")
    with zipfile.ZipFile("b.npz", "w", zipfile.ZIP_BZIP2) as z:
        z.write("w.npy")
    refused("b.npz", "packed by method 12")
    with zipfile.ZipFile("c.npz", "w") as z:
        z.writestr("a.txt", "text")
    refused("c.npz", "a zip without arrays")


def put_member(f, name, size, data):
    """A stored member of ZIP64, of `size` bytes of which those given lie at their offsets: the rest is a hole. Its record."""
    offset, crc = f.tell(), 0
    if size < 1 << 20:
        crc = zlib.crc32(data[0])
    name = name.encode()
    f.write(struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 0, 0, 33, crc, 0xFFFFFFFF, 0xFFFFFFFF, len(name), 20) + name +
            struct.pack("<HHQQ", 1, 16, size, size))
    begin = f.tell()
    for at, part in data.items():
        f.seek(begin + at)
        f.write(part)
    f.seek(begin + size)
    return (struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 0, 0, 33, crc, 0xFFFFFFFF, 0xFFFFFFFF, len(name), 28, 0, 0,
                        0, 0, 0xFFFFFFFF) + name + struct.pack("<HHQQQ", 1, 24, size, size, offset))


def test_zip64():
    """A zip of more than 4 GiB, most of it a hole: an array of 5 GB, and a small one behind it."""
    count = 1_300_000_001
    np.lib.format.write_array_header_1_0(head := open("head", "w+b"), {"descr": "<f4", "fortran_order": False, "shape": (count,)})
    head.seek(0)
    header = head.read()
    np.save("small.npy", np.arange(5, dtype="<i2"))
    with open("small.npy", "rb") as f:
        small = f.read()
    with open("a.npz", "wb") as f:
        last = np.array([1.5, -2, 7], "<f4").tobytes()
        size = len(header) + 4 * count
        records = put_member(f, "large.npy", size, {0: header, size - 12: last}) + put_member(f, "small.npy", len(small), {0: small})
        directory = f.tell()
        f.write(records)
        end = f.tell()
        f.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 2, 2, len(records), directory) +
                struct.pack("<IIQI", 0x07064B50, 0, end, 1) +
                struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 2, 2, len(records), 0xFFFFFFFF, 0))
    with np.load("a.npz") as loaded:  # NumPy takes it, too
        assert loaded.files == ["large", "small"]
        wanted = loaded["small"]
    assert listed("a.npz") == {"large": ("<f4", (count,)), "small": ("<i2", (5,))}
    same(numbers("a.npz", "small")[1], wanted, "small")
    same(numbers("a.npz", "large", "-3:")[1], [1.5, -2, 7], "large")
    same(numbers("a.npz", "large", "::650000000")[1], [0, 0, 7], "large")
    os.remove("a.npz")


def test_safetensors():
    """Every type and layout; names, metadata; types that are named only."""
    arrays = {}
    for name, array in all_arrays():
        if array.dtype.isnative and array.flags.c_contiguous:
            arrays[name] = (safetensors.type_of(array), array)
    halves = np.arange(0, 65536, 37, dtype=np.uint16)
    arrays["bf16"] = ("BF16", halves)
    with open("a.safetensors", "wb") as f:
        f.write(safetensors.file_bytes([(n, t, a) for n, (t, a) in arrays.items()], {"format": "pt", "né": "\"\\ü"}))
    strict, _ = safetensors.read_unaligned("a.safetensors")
    found = listed("a.safetensors")
    assert list(found) == list(arrays) == list(strict)
    for name, (kind, array) in arrays.items():
        assert found[name] == (kind, array.shape), (name, found[name])
        wanted = safetensors.bf16_float(array) if kind == "BF16" else array
        same(numbers("a.safetensors", name)[1], wanted, name)
    named = [("e4", "F8_E4M3FNUZ", np.zeros(4, np.uint8)), ("e5", "F8_E5M2FNUZ", np.zeros(4, np.uint8)), ("fine", "F32", np.ones(2, "f4"))]
    with open("n.safetensors", "wb") as f:
        f.write(safetensors.file_bytes(named))
    status, _, err = read("n.safetensors:e5")
    assert status == 3 and err == "n.safetensors:e5: has the type F8_E5M2FNUZ, which is not read\n", err
    same(numbers("n.safetensors", "fine")[1], [1, 1], "fine")


def test_float8():
    """Floats of 8 bits: every code of both kinds, from safetensors and from the bytes that ml_dtypes writes."""
    codes = np.arange(256, dtype=np.uint8).reshape(2, 8, 16)
    for kind in "F8_E4M3", "F8_E5M2":
        wanted = safetensors.float8(kind, codes)
        assert (kind == "F8_E4M3") == (np.nanmax(np.abs(wanted)) == 448) and np.isnan(wanted).sum() == (2 if kind == "F8_E4M3" else 6)
        with open("a.safetensors", "wb") as f:
            f.write(safetensors.file_bytes([("a", kind, codes)]))
        assert listed("a.safetensors") == {"a": (kind, codes.shape)}
        same(numbers("a.safetensors", "a")[1], wanted, kind)
        same(numbers("a.safetensors", "a", "1,::-2,3:")[1], wanted[1, ::-2, 3:], kind)


def test_shards():
    """A model in several files, by their list."""
    rng = np.random.default_rng(4)
    arrays = {f"layers.{i}.w": rng.random((4, 3)).astype(np.float32) for i in range(9)}
    names = {f"model-0000{s + 1}-of-00003.safetensors": list(arrays)[s::3] for s in range(3)}
    for file, members in names.items():
        with open(file, "wb") as f:
            f.write(safetensors.file_bytes([(n, "F32", arrays[n]) for n in members]))
    weight_map = {n: file for file, members in names.items() for n in members}
    index = "model.safetensors.index.json"

    def put(content):
        with open(index, "w", encoding="utf-8") as f:
            json.dump(content, f, indent=2)

    put({"metadata": {"total_size": 432}, "weight_map": weight_map})
    assert set(listed(index)) == set(arrays)
    for name, array in arrays.items():
        same(numbers(index, name)[1], array, name)
    less = dict(weight_map)
    less.pop("layers.4.w")
    put({"weight_map": less})
    status, _, err = read("-l", index)
    assert status == 3 and "layers.4.w: is not in the weight_map of " + index in err, err
    put({"weight_map": {**weight_map, "layers.0.w": "../" + weight_map["layers.0.w"]}})
    refused(index, "in the same folder")
    put({"weight_map": {**weight_map, "more": weight_map["layers.0.w"]}})
    refused(index, "more is in")
    os.remove(weight_map["layers.1.w"])
    put({"weight_map": weight_map})
    status, _, err = read("-l", index)
    assert status == 1 and weight_map["layers.1.w"] in err, err


def test_large():
    """10,000 arrays in 10 GB of a hole are listed without a look at them."""
    count, each = 10_000, 1 << 20
    header = {f"model.layers.{i}.self_attn.q_proj.weight":
              {"dtype": "F32", "shape": [512, 512], "data_offsets": [i * each, (i + 1) * each]} for i in range(count)}
    head = safetensors.join(header, b"")
    with open("large.safetensors", "wb") as f:
        f.write(head)
        f.truncate(len(head) + count * each)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = listed("large.safetensors")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    os.remove("large.safetensors")
    assert len(found) == count and found["model.layers.9999.self_attn.q_proj.weight"] == ("F32", (512, 512))
    # Wide limits, for sanitizers and busy machines: to read the numbers would take 10 GB.
    assert after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime < 2, after
    assert after.ru_maxrss < 200_000, after.ru_maxrss


def convert(source, to, *words):
    status, out, err = run(os.environ["ATTN"], "convert", source, "-o", to, *words)
    assert status == 0 and not out, (source, to, status, err)


def test_written():
    """What is written is what NumPy and the strict reader read: every type and layout, from NPZ to each format."""
    arrays = {n: a for n, a in all_arrays() if a.dtype.kind != "O"}
    np.savez_compressed("a.npz", **arrays)
    convert("a.npz", "w.npz")
    with np.load("w.npz") as loaded:
        assert loaded.files == list(arrays)
        for name, wanted in arrays.items():
            assert loaded[name].dtype == wanted.dtype.newbyteorder("="), (name, loaded[name].dtype)
            assert loaded[name].tobytes() == wanted.astype(wanted.dtype.newbyteorder("=")).tobytes(), name
            assert loaded[name].shape == wanted.shape, name
    with zipfile.ZipFile("w.npz") as z:
        assert z.testzip() is None and all(i.compress_type == zipfile.ZIP_STORED for i in z.infolist())
    convert("a.npz", "w.safetensors")
    stored, _ = safetensors.read("w.safetensors")
    assert set(stored) == set(arrays)
    for name, wanted in arrays.items():
        kind, got = stored[name]
        assert safetensors.TYPES[kind].strip("<") == wanted.dtype.newbyteorder("=").str[1:] or kind == "BOOL", (name, kind)
        assert got.shape == wanted.shape and got.tobytes() == wanted.astype(got.dtype).tobytes(), name
    # As safetensors itself orders them: by its list of types from the end, then by name.
    rank = ["BOOL", "U8", "I8", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "F64", "I64", "U64"]
    with open("w.safetensors", "rb") as f:
        keys = [k for k in json.loads(f.read(struct.unpack("<Q", f.read(8))[0])) if k != "__metadata__"]
    assert keys == sorted(arrays, key=lambda n: (-rank.index(stored[n][0]), n.encode())), keys
    for name in list(arrays)[::9]:
        np.save("one.npy", arrays[name])
        convert("one.npy", "w.npy")
        with open("w.npy", "rb") as f:
            version = np.lib.format.read_magic(f)
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(f)
            assert (version, shape, fortran) == ((1, 0), arrays[name].shape, False) and dtype.isnative and f.tell() % 64 == 0
        assert np.load("w.npy").tobytes() == arrays[name].astype(dtype).tobytes(), name
    # bfloat16 has no place in NPY: it is widened.
    halves = np.arange(0, 65536, 129, dtype=np.uint16)
    with open("b.safetensors", "wb") as f:
        f.write(safetensors.file_bytes([("b", "BF16", halves)], {"k": "vé\n\"", "format": "pt"}))
    convert("b.safetensors", "b.npz")
    with np.load("b.npz") as loaded:
        assert loaded["b"].dtype == np.float32
        same(loaded["b"], safetensors.bf16_float(halves), "bf16")
    convert("b.safetensors", "again.safetensors")
    stored, metadata = safetensors.read("again.safetensors")
    assert stored["b"][0] == "BF16" and stored["b"][1].tobytes() == halves.tobytes()
    assert metadata == {"k": "vé\n\"", "format": "pt"}, metadata
    status, _, err = run(os.environ["ATTN"], "convert", "a.npz", "-o", "many.npy")
    assert status == 2 and "an NPY file holds one array" in err and not os.path.exists("many.npy"), err


def test_real():
    """Files that others wrote: all are listed, and some arrays of each are NumPy's numbers."""
    folders = [os.environ.get("REAL", ""), os.path.join(os.environ.get("REAL", ""), "..", "profiles")]
    paths = [p for folder in folders if folder and os.path.isdir(folder)
             for p in sorted(glob.glob(os.path.join(folder, "**", "*"), recursive=True)) if p.endswith((".npy", ".npz", ".safetensors"))]
    if not paths:
        sys.exit(77)
    for path in paths:
        found = listed(path)
        assert found, path
        if path.endswith(".safetensors"):
            stored = {n: safetensors.bf16_float(a) if t == "BF16" else a
                      for n, (t, a) in safetensors.read_unaligned(path)[0].items()}
        elif path.endswith(".npz"):
            stored = np.load(path, allow_pickle=False)
        else:
            stored = {"": np.load(path)}
        assert set(found) == set(stored.keys()), (path, set(found) ^ set(stored.keys()))
        for name in list(found)[::max(1, len(found) // 3)]:
            array = stored[name]
            assert found[name][1] == array.shape, (path, name)
            if array.dtype.kind in "fiub" and array.size:
                middle = ", ".join(str(n // 2) for n in array.shape[:-1])
                index = f"{middle}, ::-1" if middle else "..."
                wanted = array[tuple(n // 2 for n in array.shape[:-1])][..., ::-1] if middle else array
                same(numbers(path, name, index)[1], wanted, (path, name))


if __name__ == "__main__":
    globals()[f"test_{sys.argv[1]}"]()
