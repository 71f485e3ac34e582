"""
GGUF as it is read and written: files made by gguf_files.py and those of trained models, and what tests/read_array.c says of
them. A test is named on the command line.
"""
import json
import os
import struct
import subprocess
import sys

import numpy as np

import gguf_files as files

READ_ARRAY = os.environ["READ_ARRAY"]
rng = np.random.default_rng(5)


def run(*arguments):
    done = subprocess.run([READ_ARRAY, *arguments], capture_output=True)
    assert done.returncode == 0, (arguments, done.returncode, done.stderr)
    return done


def read(path, name):
    done = run(f"{path}:{name}")
    shape = done.stderr.decode().strip().partition(" ")[2].strip("()")
    return np.frombuffer(done.stdout, np.float32).reshape([int(x) for x in shape.split(",") if x])


def same(got, want, what):
    """The same bits; a NaN is a NaN."""
    assert got.shape == want.shape, (what, got.shape, want.shape)
    nan = np.isnan(want)
    assert (np.isnan(got) == nan).all(), f"{what}: other NaNs"
    differ = (got.view(np.uint32) != want.view(np.uint32)) & ~nan
    assert not differ.any(), f"{what}: {differ.sum()} differ, the first is {got[differ][0]} instead of {want[differ][0]}"


def write(data, path="made.gguf"):
    with open(path, "wb") as f:
        f.write(data)
    return path


# ---- numbers ----

def quantized(kind):
    per = files.QUANTIZED[kind][1]
    rows = 3 * 2400 // per  # blocks in a row: not a power of 2
    shape = (4, 5, rows * per)
    return shape, files.random_blocks(rng, kind, 20 * rows).tobytes()


def test_quantized():
    """Blocks of random bytes, with scales of every special kind: whole, and in parts."""
    for kind in files.QUANTIZED:
        shape, data = quantized(kind)
        want = files.widen(kind, data).reshape(shape)
        path = write(files.make([("odd", "I8", (3,), b"abc"), ("x.weight", kind, shape, data)]))
        same(read(path, "x.weight"), want, kind)
        same(read(path, "x.weight[1:, ::-2]"), want[1:, ::-2], kind + " in parts")
        assert np.isfinite(want).any() and (kind == "MXFP4" or np.isnan(want).any()), kind


def test_plain():
    """All numbers of 16 bits, and what float32 does not hold of the others; also in odd lengths and where nothing is aligned."""
    every = np.arange(65536).astype("<u2").tobytes()
    large = rng.integers(-2**63, 2**63, 999, dtype="<i8")
    double = np.concatenate([rng.normal(size=995) * 10. ** rng.integers(-50, 50, 995), [np.nan, np.inf, -np.inf, -0., 1e300]])
    tensors = [("F16", (65536,), every), ("BF16", (65536,), every), ("I16", (256, 256), every), ("I8", (256,), bytes(range(256))),
               ("I64", (999,), large.tobytes()), ("I32", (3, 666), large[:999].tobytes()), ("F64", (1000,), double.tobytes()),
               ("F32", (1998,), large.tobytes())]
    path = write(files.make([(kind.lower(), kind, shape, data) for kind, shape, data in tensors], alignment=32))
    for kind, shape, data in tensors:
        want = files.widen(kind, data).reshape(shape)
        same(read(path, kind.lower()), want, kind)
        if kind == "I32":
            same(read(path, "i32[:, 5:650:3]"), want[:, 5:650:3], "a part of I32")


# ---- writing ----

def test_written():
    """Every type and kind of metadata, written and read by a reader of its own."""
    tensors = [(kind.lower(), kind, *quantized(kind)) for kind in files.QUANTIZED]
    tensors += [("scalar", "F32", (), struct.pack("<f", 1.5)), ("four", "I16", (2, 3, 1, 5), bytes(range(60))),
                ("empty", "F64", (0, 3), b""), ("n" * 63, "BF16", (3, 3), bytes(range(18)))]
    values = {"text": (8, files.text("größe")), "u64": (10, struct.pack("<Q", 2**64 - 1)), "i8": (1, b"\xff"),
              "f32": (6, struct.pack("<f", 0.1)), "truth": (7, b"\1"), "numbers": (9, struct.pack("<IQ3h", 3, 3, -1, 0, 1)),
              "texts": (9, struct.pack("<IQ", 8, 2) + files.text("a") + files.text(b"\xff"))}
    metadata = b"".join(files.text(key) + struct.pack("<I", kind) + data for key, (kind, data) in values.items())
    made = files.make(tensors, metadata, len(values))
    run("-o", "written.gguf", "gguf", write(made))
    with open("written.gguf", "rb") as f:
        written = f.read()
    assert written == made
    reader = files.Reader(written)
    assert list(reader.tensors) == [name for name, *_ in tensors]
    for name, kind, shape, data in tensors:
        assert reader.tensors[name] == (kind, list(shape), data), name
    assert reader.metadata["texts"] == [b"a", b"\xff"] and reader.metadata["numbers"] == [-1, 0, 1]


# ---- trained models ----

def models():
    folder = os.path.join(os.environ.get("REAL", ""), "models")
    if not os.path.isdir(folder):
        print(f"there is no folder of trained models: {folder}")
        sys.exit(77)
    return folder


def load(path):
    with open(path, "rb") as f:
        return f.read()


def safetensors(path):
    data = load(path)
    length, = struct.unpack_from("<Q", data)
    head = json.loads(data[8:8 + length])
    head.pop("__metadata__", None)
    for name, x in head.items():
        assert x["dtype"] == "F32"
        a, b = x["data_offsets"]
        yield name, np.frombuffer(data[8 + length + a:8 + length + b], "<f4").reshape(x["shape"])


NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
         "post_attention_layernorm": "ffn_norm"}


def name_in_gguf(name):
    name = name.replace("model.embed_tokens", "token_embd").replace("model.norm", "output_norm").replace("lm_head", "output")
    name = name.replace("model.layers.", "blk.")
    for theirs, ours in NAMES.items():
        name = name.replace(theirs, ours)
    return name


def test_stories():
    """One model in four types: F32 as in its safetensors, where rows of q and k stand in another order; F16 rounded; the
    quantized ones as their blocks say, and near: half a step of 1/127 or, at the end that 4 bits do not reach, a step of 1/8,
    and the rounding of the scale."""
    folder = os.path.join(models(), "stories260K")
    truth = dict(safetensors(os.path.join(folder, "stories260K-f32.safetensors")))
    assert len(truth) >= 47
    for kind, near in (("f32", 0), ("f16", None), ("q8_0", 0.0045), ("q4_0", 0.13)):
        path = os.path.join(folder, f"stories260K-{kind}.gguf")
        reader = files.Reader(load(path))
        seen = 0
        for name, want in truth.items():
            short = name_in_gguf(name)
            if short not in reader.tensors and short == "output.weight":
                continue
            stored, shape, data = reader.tensors[short]
            if "attn_q" in short or "attn_k" in short:
                heads = len(want) // 8  # of 8 numbers: halves there, pairs here
                want = want.reshape(heads, 2, 4, -1).swapaxes(1, 2).reshape(want.shape)
            got = read(path, short)
            same(got, files.widen(stored, data).reshape(shape), f"{kind} {short}")
            if stored == "F32":
                same(got, want, short)
            elif stored == "F16":
                same(got, want.astype(np.float16).astype(np.float32), short)
            else:
                assert abs(got - want).max() <= near * abs(want).max(), (kind, short, abs(got - want).max() / abs(want).max())
            seen += 1
        assert seen == len(reader.tensors), (seen, len(reader.tensors))


def test_vocabularies():
    """Files of metadata alone: every key, with what it holds, and the same file when written again."""
    folder = os.path.join(models(), "vocab")
    names = [name for name in os.listdir(folder) if name.endswith(".gguf")]
    assert names
    for name in names:
        path = os.path.join(folder, name)
        lines, want = run("-l", path).stdout, b""
        for key, value in files.Reader(load(path)).metadata.items():
            want += key.encode() + b" = "
            if isinstance(value, list):
                want += b"list" + b"".join(b" " + (x if isinstance(x, bytes) else b"%d" % x) for x in value)
            elif isinstance(value, bytes):
                want += b"text " + value
            elif isinstance(value, bool):
                want += b"truth %d" % value
            else:
                want += b"integer %d" % value if isinstance(value, int) else b"real %.17g" % value
            want += b"\n"
        assert lines == want, name
        run("-o", "written.gguf", "gguf", path)
        assert load("written.gguf") == load(path)


globals()["test_" + sys.argv[1]]()
