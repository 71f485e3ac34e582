"""Files of tensors, written and read by the specifications of their formats alone: safetensors and GGUF."""
import json
import struct

import numpy as np

# safetensors: its name of a type, NumPy's. BF16 and F8 are held as their bits.
SAFETENSORS = {"BOOL": np.bool_, "I8": np.int8, "U8": np.uint8, "I16": np.int16, "U16": np.uint16, "I32": np.int32,
               "U32": np.uint32, "I64": np.int64, "U64": np.uint64, "F16": np.float16, "BF16": np.uint16,
               "F32": np.float32, "F64": np.float64, "F8_E4M3": np.uint8, "F8_E5M2": np.uint8}


def write_safetensors(path, tensors, metadata=None):
    """tensors: {name: (type, array)}"""
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (kind, array) in tensors.items():
        body = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(body)]}
        data += body
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    """({name: (type, array)}, metadata); every rule of the format is asked for."""
    with open(path, "rb") as file:
        whole = file.read()
    (length,) = struct.unpack("<Q", whole[:8])
    text, data = whole[8:8 + length], whole[8 + length:]
    assert len(text) == length and text[:1] == b"{" and (8 + length) % 8 == 0, path
    pairs = json.loads(text.decode("utf-8"), object_pairs_hook=list)
    assert len({key for key, _ in pairs}) == len(pairs), "a name stands twice"
    header = {key: dict(value) for key, value in pairs}
    metadata = header.pop("__metadata__", {})
    assert all(isinstance(value, str) for value in metadata.values())
    tensors, spans = {}, []
    for name, entry in header.items():
        assert set(entry) == {"dtype", "shape", "data_offsets"}, entry
        start, end = entry["data_offsets"]
        kind = np.dtype(SAFETENSORS[entry["dtype"]])
        count = int(np.prod(entry["shape"], dtype=object)) if entry["shape"] else 1
        assert end - start == count * kind.itemsize, (name, entry)
        assert start % kind.itemsize == 0, "numbers are not aligned"
        spans.append((start, end))
        tensors[name] = entry["dtype"], np.frombuffer(data[start:end], kind).reshape(entry["shape"])
    at = 0
    for start, end in sorted(spans):
        assert start == at, "a gap, or two tensors in one place"
        at = end
    assert at == len(data)
    return tensors, metadata


# GGUF: the number of a type, numbers and bytes of a block.
GGUF_BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 8: (32, 34), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8),
               30: (1, 2)}
GGUF_VALUES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def read_gguf(path):
    """({name: (type, shape as NumPy has it, bytes)}, {key: (type, value)})"""
    with open(path, "rb") as file:
        data = file.read()
    at = 0

    def number(form):
        nonlocal at
        (value,) = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return value

    def text():
        nonlocal at
        size = number("Q")
        at += size
        return data[at - size:at].decode("utf-8")

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            element, count = number("I"), number("Q")
            return element, [value(element) for _ in range(count)]
        return number(GGUF_VALUES[kind])

    assert data[:4] == b"GGUF"
    at = 4
    assert number("I") in (2, 3)
    tensor_count, metadata_count = number("Q"), number("Q")
    metadata = {}
    for _ in range(metadata_count):
        key = text()
        kind = number("I")
        assert key not in metadata
        metadata[key] = kind, value(kind)
    entries = []
    for _ in range(tensor_count):
        name, rank = text(), number("I")
        shape = [number("Q") for _ in range(rank)][::-1]
        entries.append((name, shape, number("I"), number("Q")))
    alignment = metadata.get("general.alignment", (0, 32))[1]
    start = -(-at // alignment) * alignment
    tensors = {}
    for name, shape, kind, offset in entries:
        assert offset % alignment == 0 and name not in tensors
        count, size = GGUF_BLOCKS[kind]
        numbers = 1
        for axis in shape:
            numbers *= axis
        body = data[start + offset:start + offset + numbers // count * size]
        assert len(body) == numbers // count * size, name
        tensors[name] = kind, shape, body
    return tensors, metadata
