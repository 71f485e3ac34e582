"""
Small files of named arrays for fuzzing, of the formats npy, npz and safetensors: archive_files.py FORMAT FOLDER writes them.
"""
import io
import os
import struct
import sys

import numpy as np
import safetensors_files as safetensors


def arrays():
    """(name, array): every type that is read and some that are named only, both orders and endiannesses, 0-d and empty."""
    rng = np.random.default_rng(1)
    for code in "? b B h H i I q Q e f d >f2 >f4 >f8 >i2 >i8".split():
        yield code.strip(">") + "_" * code.count(">"), rng.integers(0, 2, (2, 3)).astype(code)
    yield "fortran", np.asfortranarray(rng.random((3, 2, 2), np.float32))
    yield "number", np.float32(0.5)
    yield "empty", np.zeros((0, 3), np.float32)
    for code in "c8 S3 U2 V2 M8[ns]".split():
        yield "no_" + code[0], np.zeros(2, code)


def npy_bytes(array, version=None):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asanyarray(array), version)
    return buffer.getvalue()


def npy_files():
    for name, array in arrays():
        yield name, npy_bytes(array)
    for version in ((1, 0), (2, 0), (3, 0)):
        yield f"version{version[0]}", npy_bytes(np.arange(4.0), version)
    header = b"{'descr': '<i4', 'fortran_order': False, 'shape': (3L,), }\n"
    yield "long", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(12)
    yield "records", npy_bytes(np.zeros(2, [("a", "f4"), ("b", "i2")]))
    yield "objects", npy_bytes(np.array([None, 1]))


def npz_files():
    for save in (np.savez, np.savez_compressed):
        for few in (list(arrays())[:3], list(arrays())[15:20], [("zeros", np.zeros(5000))], []):
            buffer = io.BytesIO()
            save(buffer, **dict(few))
            yield f"{save.__name__}_{few[0][0] if few else 'nothing'}", buffer.getvalue()


def safetensors_files():
    listed = [(n, safetensors.type_of(np.asarray(a)), np.asarray(a)) for n, a in arrays() if a.dtype.isnative and n[:3] != "no_"]
    yield "all", safetensors.file_bytes(listed, {"format": "pt", "k\u00fcy\0": "a\"\\\n\U0001f600"})
    yield "few", safetensors.file_bytes(listed[:2])
    yield "nothing", safetensors.file_bytes([])
    yield "named", safetensors.file_bytes([("a", "F8_E4M3", np.zeros(4, np.uint8)), ("b", "BF16", np.zeros(2, np.uint16)),
                                           ("c", "F8_E8M0", np.zeros(4, np.uint8))])


if __name__ == "__main__":
    for file, data in globals()[f"{sys.argv[1]}_files"]():
        with open(os.path.join(sys.argv[2], f"made_{file}"), "wb") as f:
            f.write(data)
