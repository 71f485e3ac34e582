"""
safetensors by the rules of its README, written and read strictly: without holes, overlaps, bytes behind the arrays or names that
stand twice. Independent of what it judges.
"""
import json
import os
import struct

import numpy as np

TYPES = {"BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8", "I64": "<i8",
         "F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8", "F8_E4M3": "u1", "F8_E5M2": "u1"}


def type_of(array):
    return next(t for t, code in TYPES.items() if np.dtype(code) == array.dtype)


def join(header, data, blanks=True):
    """A file of a header, as JSON's text or what is one, and the bytes behind it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8 if blanks else 0)
    return struct.pack("<Q", len(text)) + text + data


def file_bytes(arrays, metadata=None):
    """arrays: (name, type, numbers as they lie in the file)."""
    header, data = {"__metadata__": metadata} if metadata else {}, b""
    for name, kind, numbers in arrays:
        numbers = np.ascontiguousarray(numbers).reshape(numbers.shape)
        header[name] = {"dtype": kind, "shape": list(numbers.shape), "data_offsets": [len(data), len(data) + numbers.nbytes]}
        data += numbers.tobytes()
    return join(header, data)


def once(pairs):
    """A dictionary whose names differ."""
    assert len({k for k, _ in pairs}) == len(pairs), pairs
    return dict(pairs)


def bf16_float(numbers):
    """bfloat16, held as uint16, as float32."""
    return (numbers.astype(np.uint32) << 16).view(np.float32)


def float8(kind, codes):
    """F8_E4M3 or F8_E5M2, held as uint8, as float32: Micikevicius and others, FP8 Formats for Deep Learning (arXiv:2209.05433), table 1."""
    digits, bias = {"F8_E4M3": (3, 7), "F8_E5M2": (2, 15)}[kind]
    code = np.asarray(codes).astype(int)
    exponent, fraction = (code & 0x7F) >> digits, code & ((1 << digits) - 1)
    size = np.where(exponent == 0, fraction * 2.0 ** (1 - bias - digits), (fraction + 2.0 ** digits) * 2.0 ** (exponent - bias - digits))
    if kind == "F8_E4M3":
        size[code & 0x7F == 0x7F] = np.nan
    else:
        size[code & 0x7F == 0x7C] = np.inf
        size[code & 0x7F > 0x7C] = np.nan
    return np.where(code & 0x80, -size, size).astype(np.float32)


def read_unaligned(path):
    """({name: (type, array)}, metadata) in the order of the numbers; asserts all that the README asks for."""
    with open(path, "rb") as f:
        whole = f.read()
    length, = struct.unpack_from("<Q", whole)
    assert length <= 100_000_000 and 8 + length <= len(whole), length
    text, data = whole[8:8 + length], whole[8 + length:]
    assert text[:1] == b"{", text[:40]
    header = json.loads(text.decode(), object_pairs_hook=once)
    metadata = header.pop("__metadata__", {})
    assert all(isinstance(v, str) for v in metadata.values()), metadata
    arrays, end = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        assert set(entry) == {"dtype", "shape", "data_offsets"}, entry
        first, last = entry["data_offsets"]
        kind = np.dtype(TYPES[entry["dtype"]])
        assert first == end and last - first == kind.itemsize * int(np.prod(entry["shape"], dtype=object)), (name, entry, end)
        arrays[name] = entry["dtype"], np.frombuffer(data[first:last], kind).reshape(entry["shape"])
        end = last
    assert end == len(data), (end, len(data))
    return arrays, metadata


def read(path):
    """The same, and that every array lies at a multiple of its numbers' size, as safetensors itself writes it."""
    arrays, metadata = read_unaligned(path)
    at = 0
    for name, (_, array) in arrays.items():
        assert at % array.itemsize == 0, (name, "is not aligned")
        at += array.nbytes
    assert (os.path.getsize(path) - at) % 8 == 0, "the numbers do not begin at a multiple of 8"
    return arrays, metadata
