"""
attn against libggml: blocks of random bytes of every quantized type, widened by both; and files that attn writes, which
libggml's own reader must take, with the same names, shapes, metadata and numbers.
usage: check_ggml.py READ_ARRAY FOLDER [FILE…]    (FOLDER/node_modules has @node-llama-cpp/linux-x64; FILE: more GGUF to write)
"""
import ctypes as c
import glob
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "numpy"))
import gguf_files as files  # noqa: E402

READ_ARRAY, FOLDER = os.path.abspath(sys.argv[1]), sys.argv[2]
PACKAGE = os.path.join(FOLDER, "node_modules", "@node-llama-cpp", "linux-x64")
ggml = c.CDLL(glob.glob(os.path.join(PACKAGE, "bins", "*", "libggml-base.so"))[0])


class Traits(c.Structure):
    _fields_ = [("name", c.c_char_p), ("count", c.c_int64), ("interleave", c.c_int64), ("size", c.c_size_t),
                ("quantized", c.c_bool), ("to_float", c.c_void_p), ("from_float", c.c_void_p)]


class Init(c.Structure):
    _fields_ = [("no_alloc", c.c_bool), ("context", c.POINTER(c.c_void_p))]


TO_FLOAT = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_int64)
for function, result, arguments in [
        ("ggml_get_type_traits", c.POINTER(Traits), [c.c_int]), ("gguf_init_from_file", c.c_void_p, [c.c_char_p, Init]),
        ("gguf_get_n_kv", c.c_int64, [c.c_void_p]), ("gguf_get_n_tensors", c.c_int64, [c.c_void_p]),
        ("gguf_get_key", c.c_char_p, [c.c_void_p, c.c_int64]), ("gguf_get_tensor_name", c.c_char_p, [c.c_void_p, c.c_int64]),
        ("gguf_get_tensor_type", c.c_int, [c.c_void_p, c.c_int64]), ("ggml_get_tensor", c.c_void_p, [c.c_void_p, c.c_char_p]),
        ("ggml_get_data", c.c_void_p, [c.c_void_p]), ("ggml_nelements", c.c_int64, [c.c_void_p]),
        ("ggml_nbytes", c.c_size_t, [c.c_void_p]), ("ggml_free", None, [c.c_void_p]), ("gguf_free", None, [c.c_void_p])]:
    getattr(ggml, function).restype = result
    getattr(ggml, function).argtypes = arguments


def widen(number, data):
    """What libggml makes of the bytes of a type; plain types that it leaves alone, NumPy."""
    traits = ggml.ggml_get_type_traits(number).contents
    if not traits.to_float:
        code = {"f32": "<f4", "f64": "<f8", "i8": "i1", "i16": "<i2", "i32": "<i4", "i64": "<i8"}[traits.name.decode()]
        return np.frombuffer(data, code).astype(np.float32)
    numbers = np.empty(len(data) // traits.size * traits.count, np.float32)
    TO_FLOAT(traits.to_float)(data, numbers.ctypes.data, len(numbers))
    return numbers


def read(path, name):
    done = subprocess.run([READ_ARRAY, f"{path}:{name}"], capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32)


def differ(got, want):
    """How many numbers have other bits; a NaN is a NaN."""
    nan = np.isnan(want)
    return int((np.isnan(got) != nan).sum() + (got[~nan].view(np.uint32) != want[~nan].view(np.uint32)).sum())


def check_types(folder):
    rng = np.random.default_rng(11)
    failed = 0
    for kind, (number, per, size, _) in files.QUANTIZED.items():
        data = files.random_blocks(rng, kind, 500000 // per).tobytes()
        path = os.path.join(folder, "type.gguf")
        with open(path, "wb") as f:
            f.write(files.make([("x", kind, (len(data) // size, per), data)]))
        off = differ(read(path, "x"), widen(number, data))
        failed += off > 0
        if off:
            print(f"{kind}: {off} numbers differ")
    return failed


def check_file(path, written):
    """How many tensors of a written file libggml sees differently; -1: it refuses it."""
    subprocess.run([READ_ARRAY, "-o", written, "gguf", path], check=True)
    with open(written, "rb") as f:
        reader = files.Reader(f.read())
    context = c.c_void_p()
    gguf = ggml.gguf_init_from_file(written.encode(), Init(False, c.pointer(context)))
    if not gguf:
        return -1
    keys = [ggml.gguf_get_key(gguf, i).decode() for i in range(ggml.gguf_get_n_kv(gguf))]
    names = [ggml.gguf_get_tensor_name(gguf, i).decode() for i in range(ggml.gguf_get_n_tensors(gguf))]
    failed = keys != list(reader.metadata) or names != list(reader.tensors)
    for i, name in enumerate(names):
        tensor = ggml.ggml_get_tensor(context, name.encode())
        number, shape = ggml.gguf_get_tensor_type(gguf, i), reader.tensors[name][1]
        data = c.string_at(ggml.ggml_get_data(tensor), ggml.ggml_nbytes(tensor))
        failed += ggml.ggml_nelements(tensor) != np.prod(shape, dtype=int) or differ(read(written, name), widen(number, data)) > 0
    ggml.ggml_free(context)
    ggml.gguf_free(gguf)
    return failed


def main():
    with tempfile.TemporaryDirectory() as folder:
        failed = check_types(folder)
        files.seeds(folder)
        os.remove(os.path.join(folder, "type.gguf"))
        paths = sorted(glob.glob(os.path.join(folder, "*.gguf"))) + sys.argv[3:]
        for path in paths:
            off = check_file(path, os.path.join(folder, "written"))
            failed += off != 0
            if off:
                print(f"{path}: libggml {'refuses it' if off < 0 else f'sees {off} tensors differently'}")
    with open(os.path.join(PACKAGE, "package.json")) as f:
        version = json.load(f)["version"]
    print(f"libggml of node-llama-cpp {version}: {len(files.QUANTIZED)} types, {len(paths)} files, {failed} differ")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
