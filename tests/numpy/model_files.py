"""
Files of weights, written by hand: safetensors and GGUF, as their specifications say (safetensors 0.4, GGUF 3).
"""
import json
import struct

import numpy as np


def write_safetensors(path, tensors, metadata=None):
    """float32 (or the type that an array has) by name."""
    header, offset, parts = {}, 0, []
    kinds = {"float32": "F32", "bool": "BOOL", "int64": "I64", "uint8": "U8"}
    if metadata:
        header["__metadata__"] = metadata
    for name, array in tensors.items():
        array = np.asarray(array)
        array = np.ascontiguousarray(array.astype(np.float32) if array.dtype == np.float64 else array).reshape(np.shape(array))
        data = array.tobytes()
        header[name] = {"dtype": kinds[str(array.dtype)], "shape": list(array.shape), "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value):
    """Type and bytes of a metadatum: u32 4, i32 5, f32 6, bool 7, string 8, array 9."""
    if isinstance(value, bool):
        return 7, struct.pack("<B", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, str):
        return 8, _string(value)
    kind = _value(value[0])[0]
    return 9, struct.pack("<IQ", kind, len(value)) + b"".join(_value(v)[1] for v in value)


def write_gguf(path, metadata, tensors):
    """float32 tensors; a shape of NumPy (out, in) is (in, out) in the file."""
    head = struct.pack("<IIQQ", 0x46554747, 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        kind, data = _value(value)
        head += _string(key) + struct.pack("<I", kind) + data
    offset, parts = 0, []
    for name, array in tensors.items():
        array = np.ascontiguousarray(array, dtype=np.float32)
        data = array.tobytes()
        data += b"\0" * (-len(data) % 32)
        head += _string(name) + struct.pack("<I", array.ndim)
        head += b"".join(struct.pack("<Q", n) for n in reversed(array.shape))
        head += struct.pack("<IQ", 0, offset)
        parts.append(data)
        offset += len(data)
    head += b"\0" * (-len(head) % 32)
    with open(path, "wb") as file:
        file.write(head + b"".join(parts))


def read_safetensors(path):
    """Tensors by name, in float64."""
    kinds = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, row in header.items():
        start, end = row["data_offsets"]
        numbers = np.frombuffer(data[8 + size + start:8 + size + end], kinds[row["dtype"]])
        tensors[name] = numbers.reshape(row["shape"]).astype(np.float64)
    return tensors


if __name__ == "__main__":
    # FILE NAME=SHAPE…: a file of weights with these tensors, of numbers drawn from a fixed seed.
    import sys

    rng = np.random.default_rng(0)
    shapes = [word.rsplit("=", 1) for word in sys.argv[2:]]
    made = {name: rng.standard_normal([int(n) for n in shape.split("x")]).astype(np.float32) for name, shape in shapes}
    if sys.argv[1].endswith(".gguf"):
        write_gguf(sys.argv[1], {"general.architecture": "llama", "llama.attention.head_count": 2}, made)
    else:
        write_safetensors(sys.argv[1], made)
