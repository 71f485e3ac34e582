"""
attn info and attn convert against NumPy and against readers that know nothing of them (tensor_files.py).
A test is named on the command line; ATTN is the program. Files go to the current folder.
"""
import fractions
import io
import json
import math
import os
import pickletools
import struct
import subprocess
import sys
import zipfile

import numpy as np
from jsonschema import Draft202012Validator

from safetensors_files import float8
from tensor_files import read_gguf, read_safetensors, write_safetensors

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
with open(os.path.join(ROOT, "docs", "attn-info.schema.json"), encoding="utf-8") as schema_file:
    SCHEMA = Draft202012Validator(json.load(schema_file))
REAL = os.environ.get("REAL", "")


def attn(*words, status=0):
    """(standard output, standard error)"""
    ran = subprocess.run([os.environ["ATTN"], *words], capture_output=True, timeout=300, check=False)
    assert ran.returncode == status, (words, ran.returncode, ran.stderr)
    return ran.stdout, ran.stderr.decode()


def info(*words):
    """What attn info says of the files, checked against its schema."""
    told = json.loads(attn("info", "--format", "json", *words)[0].decode("utf-8"))
    SCHEMA.validate(told)
    return told["files"]


def convert(source, target, *words):
    """Warnings, without their beginning."""
    out, err = attn("convert", source, "-o", target, *words)
    assert out == b""
    lines = err.splitlines()
    assert all(line.startswith("attn: warning: ") for line in lines), err
    return [line[len("attn: warning: "):] for line in lines]


def bf16(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def samples(kind, generator):
    """Numbers of a type, with what is special in it."""
    kind = np.dtype(kind)
    shape = (3, 5, 7)
    if kind == np.bool_:
        return generator.integers(0, 2, shape).astype(kind)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        array = generator.integers(limits.min, limits.max, shape, dtype=kind.newbyteorder("="), endpoint=True)
        array[0, 0, 0], array[2, 4, 6] = limits.min, limits.max
        return array.astype(kind)
    array = generator.normal(size=shape).astype(kind)
    array[0, 1, 2], array[1, 1, 1], array[2, 0, 0] = np.nan, np.inf, -np.inf
    array[0, 0, 0], array[0, 0, 1] = np.finfo(kind).max, -0.0
    return array


TYPES = ["?", "<i1", "<u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", ">i4", ">f4", ">f8", ">u2"]


def samples_of_all(seed):
    """Arrays of every type, and of odd layouts and shapes, by their names."""
    generator = np.random.default_rng(seed)
    arrays = {f"t{i}": samples(kind, generator) for i, kind in enumerate(TYPES)}
    arrays["columns"] = np.asfortranarray(generator.normal(size=(4, 6)).astype("<f4"))
    arrays["none"] = np.zeros((0, 3), "<f4")
    arrays["one"] = np.array(2.5, "<f8")
    return arrays


def check_tensor(told, array, shown=None):
    """What is told of a tensor against NumPy's numbers."""
    assert told["shape"] == list(array.shape), told
    assert told["bytes"] == array.size * (2 if shown is not None else array.itemsize), told
    numbers = array if shown is None else shown
    finite = numbers[np.isfinite(numbers)]
    assert told["nonfinite"] == numbers.size - finite.size, told
    if finite.size == 0:
        assert told["min"] is None and told["max"] is None, told
    elif finite.dtype.kind == "f":
        kind = finite.dtype.newbyteorder("=")
        assert kind.type(told["min"]) == finite.min() and kind.type(told["max"]) == finite.max(), told
    else:
        assert told["min"] == int(finite.min()) and told["max"] == int(finite.max()), told


def test_types():
    arrays = samples_of_all(1)
    arrays["lost"] = np.full(5, np.nan, "<f4")
    arrays["far"] = np.array([1e300, -1e-300, 0.1], "<f8")
    for save, path in (np.savez, "a.npz"), (np.savez_compressed, "b.npz"):
        save(path, **arrays)
        (file,) = info(path)
        assert file["format"] == "npz" and [t["name"] for t in file["tensors"]] == list(arrays)
        for told in file["tensors"]:
            array = arrays[told["name"]]
            assert np.dtype(told["dtype"]) == array.dtype, told
            check_tensor(told, array)
    for name, array in arrays.items():
        np.save("x.npy", array)
        (file,) = info("x.npy")
        check_tensor(file["tensors"][0], array)
        assert file["tensors"][0]["name"] == ""


def test_safetensors():
    generator = np.random.default_rng(2)
    bits = generator.integers(0, 1 << 16, (4, 9), dtype=np.uint16)
    tensors = {"a.b": ("F32", samples("<f4", generator)), "c": ("BF16", bits), "d": ("I64", samples("<i8", generator)),
               "e": ("U64", samples("<u8", generator)), "f": ("BOOL", samples("?", generator))}
    write_safetensors("x.safetensors", tensors, {"format": "pt", "ün": "\"quoted\"\n"})
    (file,) = info("x.safetensors")
    assert file["metadata"] == {"format": "pt", "ün": "\"quoted\"\n"}
    for told in file["tensors"]:
        kind, array = tensors[told["name"]]
        assert told["dtype"] == kind
        check_tensor(told, array, bf16(bits) if kind == "BF16" else None)


def test_values():
    """Numbers of a large file are read only with --values, and the file of 64 MiB is the first that is large."""
    for size, is_read in ((64 << 20) - 128, True), ((64 << 20), False):
        np.save("x.npy", np.zeros(size // 4 - 32, "<f4"))
        assert (os.path.getsize("x.npy") < 64 << 20) == is_read, os.path.getsize("x.npy")
        (told,) = info("x.npy")[0]["tensors"]
        wanted = (0, 0, 0) if is_read else (None, None, None)
        assert (told["min"], told["max"], told["nonfinite"]) == wanted, told
        (told,) = info("x.npy", "--values")[0]["tensors"]
        assert (told["min"], told["max"], told["nonfinite"]) == (0, 0, 0)


def softmax(scores):
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    return (scores / scores.sum(-1, keepdims=True)).astype("<f4")


def test_weights():
    """What is said of weights, by how they were made."""
    generator = np.random.default_rng(3)
    scores = generator.normal(size=(2, 3, 6, 6))
    causal = np.where(np.tril(np.ones((6, 6), bool)), scores, -np.inf)
    end = np.where(np.tril(np.ones((4, 6), bool), 2), scores[:, :, :4], -np.inf)
    heads = softmax(np.moveaxis(scores, 1, -1))
    cases = [
        (softmax(scores), ["rows sum to 1"], ""),
        (softmax(causal), ["rows sum to 1", "causal with offset 0"], ""),
        (softmax(end), ["rows sum to 1", "causal with offset 2"], ""),
        (softmax(scores).astype("<f2"), ["rows sum to 1"], ""),
        (np.swapaxes(softmax(scores), -1, -2), [], "columns sum to 1 and not its rows"),
        (np.moveaxis(heads, -1, 1), [], "normalised over the heads"),
        (softmax(scores) * np.float32(0.5), [], "36 of 36 rows do not sum to 1 (their sums go from 0.5 to 0.5)"),
        (scores.astype("<f4"), [], "numbers below 0"),
    ]
    for array, facts, warning in cases:
        np.savez("x.npz", attention=array)
        (file,) = info("x.npz")
        assert file["profile"] == "attention weights" and file["missing"] == []
        assert file["reading"][0] == "attention: attention"
        said = " ".join(file["reading"][1:])
        assert all(fact in said for fact in facts) and ("causal" in said) == (len(facts) > 1), (said, facts)
        assert warning in " ".join(file["warnings"]) and bool(warning) == bool(file["warnings"]), (file["warnings"], warning)
    broken = softmax(scores)
    broken[0, 0, 1, 2], broken[1, 2, 5, 0] = np.nan, np.inf
    np.savez("x.npz", attention=broken)
    assert any("2 rows hold NaN or infinity" in text for text in info("x.npz")[0]["warnings"])
    np.savez("x.npz", attentions_0=softmax(causal)[:1], attentions_1=softmax(causal)[:1])
    (file,) = info("x.npz")
    assert file["profile"] == "Hugging Face"
    assert file["reading"][:2] == ["attentions_0: attention of layer 0", "attentions_1: attention of layer 1"]
    assert "attentions_0 and 1 more: rows sum to 1, causal with offset 0" in file["reading"]
    with open("x.json", "w", encoding="utf-8") as out:
        json.dump({"attention": softmax(scores)[0, 0].tolist(), "tokens": list("abcde"), "key_tokens": list("abcdefg")}, out)
    assert info("x.json")[0]["warnings"] == ["5 tokens for 6 queries: expected as many", "7 key_tokens for 6 keys: expected as many"]


def test_reading():
    """What files are taken for, and what they lack."""
    q = np.ones((4, 3), "<f4")
    cases = [
        ({"q": q, "k": q, "v": q}, "q, k and v", []),
        ({"q": q, "k": q}, "q and k", ["v"]),
        ({"v": q}, "v", ["q", "k"]),
        ({"embeddings": q, "w_q": q[:3], "w_k": q[:3]}, "embeddings and projections", []),
        ({"w_q": q[:3], "w_k": q[:3]}, "projections", ["embeddings"]),
        ({"foo": q, "bar": q}, None, ["q and k"]),
        ({"input_ids": np.arange(4), "q": q, "k": q, "v": q}, "q, k and v", []),
        ({"blocks.0.attn.hook_q": np.ones((1, 5, 2, 3), "<f4"), "blocks.0.attn.hook_k": np.ones((1, 5, 2, 3), "<f4")},
         "TransformerLens", ["v"]),
    ]
    for arrays, profile, missing in cases:
        np.savez("x.npz", **arrays)
        (file,) = info("x.npz")
        assert file["profile"] == profile, file
        assert [text.split(":")[0].split(",")[0] for text in file["missing"]] == missing, file["missing"]
        assert bool(profile) == bool(file["reading"]), file["reading"]
    np.savez("x.npz", **cases[-2][0])
    assert "input_ids: ids of the tokens" in info("x.npz")[0]["reading"]
    # A single array whose name says nothing, as attn run takes it.
    np.save("x.npy", np.ones((2, 4, 4), "<f4"))
    (file,) = info("x.npy")
    assert file["profile"] is None and "--attention x.npy" in file["warnings"][0], file
    np.save("att.npy", np.full((2, 4, 4), 0.25, "<f4"))
    assert info("att.npy")[0]["profile"] == "attention weights"


def test_names():
    """Names that a terminal would obey, that are long, or that are not text."""
    names = {"\x1b[2Jclear", "tab\there", "line\nbreak", "quote\"back\\slash", "‮turned", "名前", "x" * 5000}
    write_safetensors("x.safetensors", {name: ("F32", np.ones(2, "<f4")) for name in names}, {"\x1b]0;title\x07": "\x1b[31m"})
    (file,) = info("x.safetensors")
    assert {t["name"] for t in file["tensors"]} == names
    assert file["metadata"] == {"\x1b]0;title\x07": "\x1b[31m"}
    for words in (), ("--format", "json"):
        out = attn("info", *words, "x.safetensors")[0].decode("utf-8")
        assert not any(ord(c) < 32 and c != "\n" or c in "\x7f‮" for c in out), words
    table = attn("info", "x.safetensors")[0].decode("utf-8")
    assert max(len(line) for line in table.splitlines() if "F32" in line) < 120 and "\\x1B" in table
    # Bytes that are no UTF-8, where a format lets them through: in the name of the file.
    os.rename("x.safetensors", b"\xff\x1b.safetensors")
    out = subprocess.run([os.environ["ATTN"], "info", b"\xff\x1b.safetensors"], capture_output=True, check=True).stdout
    assert out.startswith(b"\\xFF\\x1B.safetensors: safetensors")
    out = subprocess.run([os.environ["ATTN"], "info", "--format", "json", b"\xff\x1b.safetensors"], capture_output=True, check=True)
    assert json.loads(out.stdout.decode("utf-8"))["files"][0]["path"] == "\ufffd\x1b.safetensors"


def test_many():
    names = [f"x{i}" for i in range(100000)]
    write_safetensors_fast("x.safetensors", names)
    (file,) = info("x.safetensors")
    assert [t["name"] for t in file["tensors"]] == names
    assert [t["min"] for t in file["tensors"]] == list(range(100000))
    convert("x.safetensors", "y.npz", "--only", "x9999*")
    with np.load("y.npz") as arrays:
        assert {k: float(arrays[k][0]) for k in arrays.files} == {f"x{i}": i for i in [9999] + list(range(99990, 100000))}


def write_safetensors_fast(path, names):
    """Tensor i is the number i."""
    header = {name: {"dtype": "F32", "shape": [1], "data_offsets": [4 * i, 4 * i + 4]} for i, name in enumerate(names)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + np.arange(len(names), dtype="<f4").tobytes())


def test_empty():
    np.savez("x.npz")
    (file,) = info("x.npz")
    assert file["tensors"] == [] and file["profile"] is None
    write_safetensors("x.safetensors", {})
    assert info("x.safetensors")[0]["tensors"] == []
    convert("x.safetensors", "y.npz")
    assert np.load("y.npz").files == []


def same_bits(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape, (a.dtype, b.dtype, a.shape, b.shape)
    assert a.tobytes() == b.tobytes()


def test_convert():
    """There and back, bit for bit where the types allow."""
    arrays = samples_of_all(4)
    native = {name: np.ascontiguousarray(a.astype(a.dtype.newbyteorder("="))).reshape(a.shape) for name, a in arrays.items()}
    np.savez("a.npz", **arrays)
    np.savez_compressed("b.npz", **arrays)
    for source in "a.npz", "b.npz":
        assert convert(source, "c.safetensors") == []
        tensors, _ = read_safetensors("c.safetensors")
        assert set(tensors) == set(arrays)
        for name, (_, array) in tensors.items():
            same_bits(array, native[name])
        assert convert("c.safetensors", "d.npz") == []
        with np.load("d.npz") as back:
            for name in arrays:
                same_bits(back[name], native[name])
    for name, array in native.items():
        convert(f"a.npz:{name}", "x.npy")
        same_bits(np.load("x.npy"), array)
    convert("a.npz:t10[1,::-2,3:]", "x.npy")
    same_bits(np.load("x.npy"), native["t10"][1, ::-2, 3:])
    # GGUF has no truth values and no unsigned integers, but floats, signed integers, and at most four axes.
    warnings = convert("a.npz", "c.gguf")
    tensors, _ = read_gguf("c.gguf")
    held = {"i1": 24, "i2": 25, "i4": 26, "i8": 27, "f2": 1, "f4": 0, "f8": 28}
    for name, (kind, shape, body) in tensors.items():
        array = native[name]
        assert shape == list(array.shape)
        wanted = held.get(array.dtype.str[1:])
        assert kind == (0 if wanted is None else wanted), (name, kind)
        assert body == (array.astype("<f4") if wanted is None else array).tobytes(), name
    assert [w.split(":")[0] for w in warnings] == ["t6", "t8"], warnings # u4 and u8 beyond 2^24


def test_bfloat():
    """bfloat16 keeps its bits in safetensors and GGUF, and is widened for NumPy."""
    bits = np.arange(1 << 16, dtype=np.uint16).reshape(256, 256)
    write_safetensors("x.safetensors", {"x": ("BF16", bits)}, {"format": "pt"})
    convert("x.safetensors", "y.safetensors")
    same_bits(read_safetensors("y.safetensors")[0]["x"][1], bits)
    convert("x.safetensors", "y.gguf")
    assert read_gguf("y.gguf")[0]["x"] == (30, [256, 256], bits.tobytes())
    convert("x.safetensors", "y.npz")
    widened = np.load("y.npz")["x"]
    assert widened.dtype == np.float32
    nan = np.isnan(bf16(bits))
    assert (np.isnan(widened) == nan).all() and (widened.view(np.uint32)[~nan] == (bits.astype(np.uint32) << 16)[~nan]).all()
    # And narrowed again: every number is itself, and every NaN is one.
    convert("y.npz", "z.safetensors", "--dtype", "bf16")
    back = read_safetensors("z.safetensors")[0]["x"][1]
    assert (back[~nan] == bits[~nan]).all() and np.isnan(bf16(back)[nan]).all()


def test_float8():
    """float8 keeps its bits in safetensors, is widened elsewhere, and is nothing to narrow to."""
    codes = np.arange(256, dtype=np.uint8).reshape(8, 32)
    for kind in "F8_E4M3", "F8_E5M2":
        wide = float8(kind, codes)
        write_safetensors("x.safetensors", {"x": (kind, codes)}, {"format": "pt"})
        convert("x.safetensors", "y.safetensors")
        assert read_safetensors("y.safetensors")[0]["x"][0] == kind
        same_bits(read_safetensors("y.safetensors")[0]["x"][1], codes)
        convert("x.safetensors", "y.npz")
        convert("x.safetensors", "z.safetensors", "--dtype", "f32")
        convert("x.safetensors", "y.gguf")
        convert("x.safetensors", "h.npz", "--dtype", "f16")
        kept, shape, body = read_gguf("y.gguf")[0]["x"]
        assert (kept, shape) == (0, [8, 32])
        for got in np.load("y.npz")["x"], read_safetensors("z.safetensors")[0]["x"][1], np.frombuffer(body, "<f4").reshape(8, 32), \
                np.load("h.npz")["x"].astype(np.float32):
            assert np.array_equal(got, wide, equal_nan=True) and (np.signbit(got) == np.signbit(wide)).all()
        convert("x.safetensors", "y.json")
        assert np.array_equal(np.array(json.load(open("y.json"))["x"], np.float32), wide, equal_nan=True)
        tensor = info("x.safetensors")[0]["tensors"][0]
        finite = wide[np.isfinite(wide)]
        assert (tensor["dtype"], tensor["bytes"]) == (kind, 256)
        assert (tensor["min"], tensor["max"], tensor["nonfinite"]) == (finite.min(), finite.max(), (~np.isfinite(wide)).sum())


def test_narrow():
    """Rounded to the nearest, of two to the even one, once."""
    generator = np.random.default_rng(5)
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = np.sort(np.unique(halves[np.isfinite(halves)])).astype(np.float64)
    middles = (finite[1:] + finite[:-1]) / 2
    doubles = np.concatenate([finite, middles, np.nextafter(middles, np.inf), np.nextafter(middles, -np.inf),
                              generator.normal(size=5000) * 10.0 ** generator.integers(-9, 6, 5000),
                              [65519.999, 65520, 1e300, -1e300, 5e-324, np.inf, -np.inf, np.nan]])
    np.savez("x.npz", x=doubles)
    warnings = convert("x.npz", "y.npz", "--dtype", "f16")
    with np.errstate(over="ignore"):
        wanted = doubles.astype(np.float16)
    got = np.load("y.npz")["x"]
    nan = np.isnan(doubles)
    assert (got.view(np.uint16)[~nan] == wanted.view(np.uint16)[~nan]).all() and np.isnan(got[nan]).all()
    lost = int((np.isfinite(doubles) & ~np.isfinite(wanted)).sum())
    assert lost > 2 and warnings == [f"x: {lost} numbers were too large for f16, and became infinite"], warnings
    # bfloat16 of doubles, by exact arithmetic.
    some = np.concatenate([generator.normal(size=300) * 10.0 ** generator.integers(-44, 38, 300),
                           bf16(generator.integers(0, 0x7f7f, 300, dtype=np.uint16)).astype(np.float64) * (1 + 2.0 ** -8),
                           bf16(np.arange(1, 300, dtype=np.uint16)).astype(np.float64) * 1.5])
    np.savez("x.npz", x=some)
    convert("x.npz", "y.safetensors", "--dtype", "bf16")
    for number, bits in zip(some, read_safetensors("y.safetensors")[0]["x"][1]):
        assert nearest_bf16(number) == bits, (number, bits)
    convert("x.npz", "y.npz", "--dtype", "f32")
    with np.errstate(over="ignore", under="ignore"):
        same_bits(np.load("y.npz")["x"], some.astype(np.float32))
    whole = np.array([1, (1 << 24) + 1, 3], "<i4")
    np.savez("x.npz", x=whole)
    assert convert("x.npz", "y.npz", "--dtype", "f32") == ["x: 1 integer was not held by f32, and rounded"]
    assert convert("x.npz", "y.npz", "--dtype", "f64") == []
    same_bits(np.load("y.npz")["x"], whole.astype("<f8"))


def nearest_bf16(number):
    """The bits of the nearest bfloat16, by trying all that are near."""
    sign = 0x8000 if math.copysign(1, number) < 0 else 0
    exact = fractions.Fraction(abs(number))

    def value(bits): # of the infinity as if there were one more exponent
        exponent, digits = bits >> 7, bits & 127
        return fractions.Fraction(digits + (128 if exponent else 0)) * fractions.Fraction(2) ** (max(exponent, 1) - 134)
    low, high = 0, 0x7f80
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if value(middle) <= exact else (low, middle)
    below, above = exact - value(low), value(high) - exact
    return sign | (low if below < above or (below == above and low % 2 == 0) else high)


def test_quantize():
    """q8_0 by the formula of ggml's reference, in NumPy's float32."""
    generator = np.random.default_rng(6)
    array = (generator.normal(size=(6, 64)) * 10.0 ** generator.integers(-4, 4, (6, 1))).astype("<f4")
    array[2] = 0
    array[3, :32] = np.float32(127) * np.arange(-16, 16) / 16
    array[4] = 1e-5
    array[4, :7] = 0
    array[5] = 1
    array[5, 32:] = 0.00096, *[0] * 31
    np.savez("x.npz", w=array, odd=array[:, :33], line=array[0])
    small = sum(int((block != 0).sum()) for block in array.reshape(-1, 32) if np.abs(block).max() < 127 * 2.0 ** -17)
    assert small >= 58
    assert convert("x.npz", "x.gguf", "--dtype", "q8_0") == [
        f"w: {small} numbers are too small for q8_0, whose scale is of half precision, and lost digits",
        "2 arrays were not quantized: expected two axes or more and rows of whole blocks"]
    tensors, _ = read_gguf("x.gguf")
    assert tensors["odd"][0] == 0 and tensors["line"][0] == 0
    kind, shape, body = tensors["w"]
    assert kind == 8 and shape == [6, 64]
    blocks = array.reshape(-1, 32)
    scale = np.abs(blocks).max(1) / np.float32(127)
    with np.errstate(divide="ignore"):
        inverse = np.where(scale > 0, np.float32(1) / scale, np.float32(0))
    product = blocks * inverse[:, None]
    levels = (np.sign(product) * np.floor(np.abs(product) + np.float32(0.5))).astype(np.int8)
    wanted = b"".join(s.astype("<f2").tobytes() + l.tobytes() for s, l in zip(scale, levels))
    assert body == wanted
    # There and back, and to NumPy: scale times level.
    convert("x.gguf", "y.gguf")
    assert read_gguf("y.gguf")[0] == tensors
    convert("x.gguf", "y.npz")
    widened = scale.astype("<f2").astype("<f4")[:, None] * levels.astype("<f4")
    same_bits(np.load("y.npz")["w"], widened.reshape(6, 64))
    assert 0.7 < widened.reshape(6, 64)[4, 63] / 1e-5 < 0.8


def test_rules():
    arrays = {f"blk.{i}.{k}": np.full((2, 2), 10 * i + j, "<f4") for i in range(3) for j, k in enumerate("qkv")}
    np.savez("x.npz", **arrays)
    convert("x.npz", "y.npz", "--only", "blk.[02].*", "--only", "*.v", "--rename", "blk.*.q=layers.*.query", "--rename", "blk.1.v=v")
    with np.load("y.npz") as got:
        assert {k: got[k][0, 0] for k in got.files} == {
            "layers.0.query": 0, "blk.0.k": 1, "blk.0.v": 2, "v": 12, "layers.2.query": 20, "blk.2.k": 21, "blk.2.v": 22}
    # An array without a name is called as its file where names are needed.
    np.save("mine.1.npy", arrays["blk.0.q"])
    convert("mine.1.npy", "y.npz")
    assert np.load("y.npz").files == ["mine"]


def test_texts():
    """JSON and CSV as sources, JSON as a target, and back."""
    values = np.array([[0.1, -2, 3e-39], [1e38, 5, 6]], "<f4")
    with open("x.json", "w", encoding="utf-8") as out:
        json.dump({"title": "one\ntwo", "tokens": ["a", "\u2581b"], "heads": 3, "causal": True, "scale": 0.123456789012, "q": values.tolist(), "k": values.tolist(),
                   "mask": [[True, False], [True, True]]}, out)
    (file,) = info("x.json")
    assert file["metadata"] == {"title": "one\ntwo", "tokens": ["a", "\u2581b"], "heads": 3, "causal": "start", "scale": 0.123456789012}
    assert [t["dtype"] for t in file["tensors"]] == ["number", "number", "boolean"]
    convert("x.json", "y.npz")
    with np.load("y.npz") as got:
        same_bits(got["q"], values)
        same_bits(got["mask"], np.array([[True, False], [True, True]]))
        beside = json.loads(bytes(got["attn_json"]))
    assert beside == {"title": "one\ntwo", "tokens": ["a", "\u2581b"], "heads": 3, "causal": "start", "scale": 0.123456789012}
    convert("x.json", "y.gguf")
    kind, text = read_gguf("y.gguf")[1]["attn_json"]
    assert kind == 8 and json.loads(text) == beside
    convert("y.gguf", "z.json", "--only", "[qk]")
    with open("z.json", encoding="utf-8") as text:
        back = json.load(text)
    assert set(back) == set(beside) | {"q", "k"} and all(back[key] == beside[key] for key in beside)
    same_bits(np.array(back["q"], "<f4"), values)
    np.savez("x.npz", a=np.array([[1.5, np.inf, -np.inf]], "<f8"), b=np.array(7, "<i8"), c=np.array([[True], [False]]), d=np.zeros((0, 2)),
             e=np.array([2 ** 63 - 1]), f=np.array([0.1, np.float32(0.1), 1e300]), g=np.zeros((2, 2, 2), "<f2"))
    convert("x.npz", "y.json")
    with open("y.json", encoding="utf-8") as text:
        assert json.load(text) == {"a": [[1.5, math.inf, -math.inf]], "b": 7, "c": [[True], [False]], "d": [], "e": [2 ** 63 - 1],
                                   "f": [0.1, float(np.float32(0.1)), 1e300], "g": [[[0, 0], [0, 0]], [[0, 0], [0, 0]]]}
    with open("x.csv", "w", encoding="utf-8") as out:
        out.write("w,a,b\nx,1,2\ny,3,4.5\n")
    convert("x.csv", "y.npy")
    same_bits(np.load("y.npy"), np.array([[1, 2], [3, 4.5]], "<f4"))


def test_torch():
    import torch
    torch.manual_seed(1)
    state = {"w": torch.randn(3, 4), "t": torch.randn(5, 2).t(), "h": torch.randn(3).half(), "b": torch.randn(3).bfloat16(),
             "n": torch.arange(4), "deep": {"er": torch.ones(2, dtype=torch.bool)}}
    torch.save(state, "x.pt")
    convert("x.pt", "y.safetensors")
    tensors, _ = read_safetensors("y.safetensors")
    assert set(tensors) == {"w", "t", "h", "b", "n", "deep.er"}
    for name in "w", "t", "h", "n":
        same_bits(tensors[name][1], state[name].contiguous().numpy())
    same_bits(bf16(tensors["b"][1]), state["b"].float().numpy())
    # bfloat16 of float32, as PyTorch rounds it.
    numbers = torch.cat([torch.randn(2000) * 10.0 ** torch.randint(-44, 38, (2000,)), torch.tensor([3.4028e38, -3.4028235e38])])
    np.save("x.npy", numbers.numpy())
    convert("x.npy", "y.safetensors", "--dtype", "bf16")
    same_bits(read_safetensors("y.safetensors")[0]["x"][1], numbers.bfloat16().view(torch.int16).numpy().view(np.uint16))


def test_to_torch():
    """What torch.load gives, with and without weights_only, has the bits and types of the arrays."""
    import torch
    np.savez("a.npz", **samples_of_all(5))
    held = {"b1": torch.bool, "u1": torch.uint8, "i1": torch.int8, "i2": torch.int16, "i4": torch.int32, "i8": torch.int64,
            "f2": torch.float16, "f4": torch.float32, "f8": torch.float64}
    for name in "a.pt", "a.pth", "some_pytorch_model.bin":
        warnings = convert("a.npz", name)
        assert [w.split(":")[0] for w in warnings] == ["t6", "t8"], warnings # u4 and u8 beyond 2^24
        for weights_only in True, False:
            state = torch.load(name, weights_only=weights_only)
            assert type(state) is dict
            with np.load("a.npz") as arrays:
                assert list(state) == arrays.files
                for key, tensor in state.items():
                    array = arrays[key]
                    wanted = held.get(array.dtype.str[1:])
                    assert tensor.dtype == (wanted or torch.float32) and tensor.is_contiguous() and not tensor.requires_grad, key
                    same_bits(tensor.numpy(), np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=") if wanted else "f4")).reshape(array.shape))
    # bfloat16 keeps its bits, and what has blocks is widened.
    bits = np.arange(1 << 16, dtype=np.uint16).reshape(256, 256)
    write_safetensors("x.safetensors", {"a \u00fc.weight": ("BF16", bits)}, {"format": "pt"})
    assert convert("x.safetensors", "x.pt") == []
    same_bits(torch.load("x.pt", weights_only=True)["a \u00fc.weight"].view(torch.int16).numpy().view(np.uint16), bits)
    np.savez("n.npz", x=np.random.default_rng(6).normal(size=(4, 64)).astype("f4"))
    convert("n.npz", "q.gguf", "--dtype", "q8_0")
    convert("q.gguf", "q.pt")
    convert("q.gguf", "q.npz")
    same_bits(torch.load("q.pt", weights_only=True)["x"].numpy(), np.load("q.npz")["x"])
    # Odd shapes: no axis, no number, sizes of each length that a pickle has, eight axes.
    shapes = [(), (0,), (0, 3), (255,), (256,), (65535,), (65536,), (0, 1 << 31), (1 << 33, 0), (1,) * 8, (2, 1, 3, 1, 2)]
    np.savez("s.npz", **{f"s{i}": np.zeros(shape, "i2") for i, shape in enumerate(shapes)})
    convert("s.npz", "s.pt")
    state = torch.load("s.pt", weights_only=True)
    assert [tuple(t.shape) for t in state.values()] == shapes
    convert("s.pt", "t.npz")
    with np.load("t.npz") as back:
        assert [back[name].shape for name in back.files] == shapes
    np.savez("e.npz")
    convert("e.npz", "e.pt")
    assert torch.load("e.pt", weights_only=True) == {}
    state = torch.load("some_pytorch_model.bin", weights_only=True)
    torch.save(state, "again.pt")
    convert("again.pt", "b.pt")
    with open("a.pt", "rb") as a, open("b.pt", "rb") as b:
        assert a.read() == b.read()


def test_torch_zip():
    np.savez("a.npz", **samples_of_all(7))
    convert("a.npz", "a.pt")
    with zipfile.ZipFile("a.pt") as file, np.load("a.npz") as arrays, open("a.pt", "rb") as raw:
        assert file.testzip() is None
        names = ["archive/data.pkl", "archive/byteorder", *(f"archive/data/{i}" for i in range(len(arrays.files))), "archive/version"]
        assert file.namelist() == names
        assert file.read("archive/version") == b"3\n" and file.read("archive/byteorder").decode() == sys.byteorder
        pickle = file.read("archive/data.pkl")
        opcodes = {opcode.name for opcode, _, _ in pickletools.genops(pickle)}
        assert max(opcode.proto for opcode, _, _ in pickletools.genops(pickle)) == 2
        assert {"PROTO", "GLOBAL", "BINPERSID", "SETITEM", "STOP"} <= opcodes, opcodes
        pickletools.dis(pickle, out=io.StringIO())
        for info in file.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            raw.seek(info.header_offset + 26)
            name, extra = struct.unpack("<HH", raw.read(4))
            assert (info.header_offset + 30 + name + extra) % 64 == 0


# What real files are, by the words of their profile.
PROFILES = {
    "models/stories260K/stories260K-bf16.safetensors": "Llama", "models/stories260K/stories260K-q4_0.gguf": "Llama",
    "models/gpt-nano-sort/gpt-nano-sort-hf.safetensors": "GPT-2", "models/gpt-nano-sort/gpt-nano-sort-mingpt.safetensors": "GPT-2",
    "models/rxnmapper/rxnmapper-albert.safetensors": "ALBERT", "models/ct2-aren/ct2-aren.safetensors": "CTranslate2",
    "models/vit-mnist/vit_mnist_3class.pt": "ViT", "models/bert-tiny-sst2/encoder.safetensors": "BERT",
    "models/transformer-explainer/ex0.npz": "attention weights", "models/stories260K/expected/att.npy": "attention weights",
    "gpt2_attention.json": "attention weights", "nano_sort_qkv.json": "q, k and v", "nano_sort.json": "embeddings and projections",
    "glove.csv": "embeddings", "translation_encoder.json": "attention weights",
    "../profiles/weights/bert/model.safetensors": "BERT", "../profiles/weights/gemma2/model.safetensors": "Gemma 2",
    "../profiles/weights/gpt2/model.safetensors": "GPT-2", "../profiles/weights/gpt_neox/model.safetensors": "GPT-NeoX",
    "../profiles/weights/llama_gguf/model.gguf": "Llama", "../profiles/weights/llama_gqa/model.safetensors": "Llama",
    "../profiles/weights/phi3_gqa/model.safetensors": "Phi-3", "../profiles/weights/qwen3/model.safetensors": "Qwen3",
    "../profiles/weights/t5_encoder/model.safetensors": "T5", "../profiles/weights/torch_mha/model.safetensors": "MultiheadAttention",
    "../profiles/weights/vit_hf/model.safetensors": "ViT", "../profiles/dumps/hf_npz_attn/attentions.npz": "Hugging Face",
    "../profiles/dumps/tl_cache_npz/cache.npz": "TransformerLens", "../profiles/dumps/qkv_heads_last/qkv.npz": "q, k and v",
    "../profiles/dumps/generate_steps_npz/generate.npz": "",
}


def test_real():
    for path, word in PROFILES.items():
        path = os.path.join(REAL, path)
        if not os.path.exists(path):
            print(f"# {path} is not there")
            continue
        (file,) = info(path)
        assert file["profile"] and word in file["profile"], (path, file["profile"])
        assert file["reading"] and file["tensors"], path
        assert all(tensor["nonfinite"] == 0 or "scores" in tensor["name"] for tensor in file["tensors"]), path # masked: -inf
        if "weights/" in path:
            assert any(text.startswith("embeddings: ") for text in file["missing"]), (path, file["missing"])
    encoder = info(os.path.join(REAL, "translation_encoder.json"))[0]["warnings"]
    assert any("14 tokens for 15 queries" in text for text in encoder) and any("over the heads" in text for text in encoder), encoder
    lora = os.path.join(REAL, "../profiles/weights/refuse_lora/model.safetensors")
    if os.path.exists(lora):
        (file,) = info(lora)
        assert file["profile"] is None and any("LoRA" in text for text in file["warnings"]), file


def test_all_real():
    """Every file of arrays there is opens, and what NumPy reads of it is what is told."""
    count = 0
    for folder, _, files in os.walk(REAL):
        for name in files:
            path = os.path.join(folder, name)
            if not name.endswith((".npy", ".npz", ".safetensors", ".gguf", ".pt")):
                continue
            (file,) = info(path)
            count += 1
            if name.endswith((".npy", ".npz")):
                loaded = np.load(path)
                arrays = {"": loaded} if name.endswith(".npy") else {k: loaded[k] for k in loaded.files}
                assert {t["name"] for t in file["tensors"]} == set(arrays), path
                for told in file["tensors"]:
                    check_tensor(told, arrays[told["name"]])
    assert count > 20, count


def test_real_models():
    """Models that llama.cpp and Hugging Face wrote: from GGUF to GGUF nothing changes, and q8_0 is what llama.cpp makes."""
    folder = os.path.join(REAL, "models", "stories260K")
    for kind in "f32", "f16", "q8_0", "q4_0":
        path = f"{folder}/stories260K-{kind}.gguf"
        assert convert(path, "x.gguf") == []
        before, after = read_gguf(path), read_gguf("x.gguf")
        assert before[0] == after[0]
        for metadata in before[1], after[1]: # of each file's own
            metadata.pop("general.alignment", None)
        assert before[1] == after[1]
    quantized = read_gguf(f"{folder}/stories260K-q8_0.gguf")[0]
    convert(f"{folder}/stories260K-f32.gguf", "x.gguf", "--dtype", "q8_0")
    made = read_gguf("x.gguf")[0]
    same = [name for name, tensor in quantized.items() if tensor[0] == 8]
    assert len(same) > 20 and all(made[name] == quantized[name] for name in same)
    path = f"{folder}/stories260K-bf16.safetensors"
    convert(path, "x.safetensors")
    before, after = read_safetensors(path), read_safetensors("x.safetensors")
    assert before[1] == after[1] and set(before[0]) == set(after[0])
    for name in before[0]:
        same_bits(before[0][name][1], after[0][name][1])


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
