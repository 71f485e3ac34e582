"""
GGUF files made and read on their own, and the numbers of quantized blocks, from the layouts in src/ggml-common.h of ggml: the
levels as bits, the products in double precision, where they and their sums are exact, and one rounding to float32. Called with
a folder, it puts small files there, for the fuzzer.
"""
import os
import struct
import sys

import numpy as np

# Name, number in the file, numbers and bytes of a block, and where in the block scales of half precision lie.
QUANTIZED = {
    "Q4_0": (2, 32, 18, [0]), "Q4_1": (3, 32, 20, [0, 2]), "Q5_0": (6, 32, 22, [0]), "Q5_1": (7, 32, 24, [0, 2]),
    "Q8_0": (8, 32, 34, [0]), "Q2_K": (10, 256, 84, [80, 82]), "Q3_K": (11, 256, 110, [108]),
    "Q4_K": (12, 256, 144, [0, 2]), "Q5_K": (13, 256, 176, [0, 2]), "Q6_K": (14, 256, 210, [208]),
    "IQ4_NL": (20, 32, 18, [0]), "IQ4_XS": (23, 256, 136, [0]), "MXFP4": (39, 32, 17, []),
}
PLAIN = {"F32": (0, "<f4"), "F16": (1, "<f2"), "I8": (24, "i1"), "I16": (25, "<i2"), "I32": (26, "<i4"), "I64": (27, "<i8"),
         "F64": (28, "<f8"), "BF16": (30, "<u2")}
IQ4 = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113])
E2M1 = np.array([0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6])


# ---- blocks ----

def fields(data, width):
    """Bytes (n, b) as planes of fields of some bits: (n, b, 8/width), the lowest first."""
    ones = np.unpackbits(data, axis=1, bitorder="little").reshape(len(data), -1, 8 // width, width)
    return (ones.astype(int) << np.arange(width)).sum(axis=-1)


def planes(data, width, run):
    """Levels that lie in runs of bytes: first the lowest fields of all bytes of a run, then the next ones."""
    f = fields(data, width).reshape(len(data), -1, run, 8 // width)
    return f.swapaxes(2, 3).reshape(len(data), -1)


def half(data, at):
    return np.ascontiguousarray(data[:, at:at + 2]).view("<f2").astype(float)


def six_bits(data):
    """The scales and minima of Q4_K and Q5_K, each (n, 8)."""
    a, b, c = data[:, 0:4].astype(int), data[:, 4:8].astype(int), data[:, 8:12].astype(int)
    scale = np.hstack([a % 64, c % 16 + a // 64 * 16])
    minimum = np.hstack([b % 64, c // 16 + b // 64 * 16])
    return scale, minimum


def each(scale, size):
    """A scale for each number, from one a group."""
    return np.repeat(scale, size, axis=1)


def exact(kind, data):
    """The numbers of blocks (n, bytes), in double precision."""
    at = QUANTIZED[kind][3]
    d, m = (half(data, at[0]), half(data, at[-1])) if at else (None, None)
    if kind == "Q4_0":
        return (planes(data[:, 2:], 4, 16) - 8) * d
    if kind == "Q4_1":
        return planes(data[:, 4:], 4, 16) * d + m
    if kind == "Q5_0":
        return (planes(data[:, 6:], 4, 16) + 16 * planes(data[:, 2:6], 1, 1) - 16) * d
    if kind == "Q5_1":
        return (planes(data[:, 8:], 4, 16) + 16 * planes(data[:, 4:8], 1, 1)) * d + m
    if kind == "Q8_0":
        return data[:, 2:].view(np.int8) * d
    if kind == "Q2_K":
        scales = fields(data[:, :16], 4)
        return planes(data[:, 16:80], 2, 32) * each(scales[..., 0] * d, 16) - each(scales[..., 1] * m, 16)
    if kind == "Q3_K":
        scales = planes(data[:, 96:104], 4, 8) + 16 * planes(data[:, 104:108], 2, 4) - 32
        return (planes(data[:, 32:96], 2, 32) + 4 * planes(data[:, :32], 1, 32) - 4) * each(scales * d, 16)
    if kind in ("Q4_K", "Q5_K"):
        scales, minima = six_bits(data[:, 4:16])
        levels = planes(data[:, -128:], 4, 32)
        if kind == "Q5_K":
            levels = levels + 16 * planes(data[:, 16:48], 1, 32)
        return levels * each(scales * d, 32) - each(minima * m, 32)
    if kind == "Q6_K":
        levels = planes(data[:, :128], 4, 64) + 16 * planes(data[:, 128:192], 2, 32) - 32
        return levels * each(data[:, 192:208].view(np.int8) * d, 16)
    if kind == "IQ4_NL":
        return IQ4[planes(data[:, 2:], 4, 16)] * d
    if kind == "IQ4_XS":
        scales = planes(data[:, 4:8], 4, 1) + 16 * planes(data[:, 2:4], 2, 1) - 32
        return IQ4[planes(data[:, 8:], 4, 16)] * each(scales * d, 32)
    assert kind == "MXFP4"
    # Its levels of -0 are 0 in ggml, which has them as whole numbers.
    return (E2M1[planes(data[:, 1:], 4, 16)] + 0.) * 2. ** (data[:, :1].astype(float) - 127)


def widen(kind, data):
    """The float32 that a type's bytes stand for."""
    with np.errstate(all="ignore"):
        if kind == "BF16":
            return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
        if kind in PLAIN:
            return np.frombuffer(data, PLAIN[kind][1]).astype(np.float32)
        blocks = np.frombuffer(data, np.uint8).reshape(-1, QUANTIZED[kind][2])
        return exact(kind, blocks).astype(np.float32).ravel()


SCALES = [0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x0400, 0x3c00, 0xbc00, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfe01]


def random_blocks(rng, kind, count):
    """Blocks of random bytes, of which the first have scales of every special kind, in all pairs."""
    _, _, size, at = QUANTIZED[kind]
    data = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for i in range(min(count, len(SCALES) ** len(at)) if at else 0):
        for j, where in enumerate(at):
            data[i, where:where + 2] = np.frombuffer(struct.pack("<H", SCALES[i // len(SCALES) ** j % len(SCALES)]), np.uint8)
    if not at:
        data[:256, 0] = np.arange(min(256, count))
    return data


# ---- files ----

def text(s):
    s = s if isinstance(s, bytes) else s.encode()
    return struct.pack("<Q", len(s)) + s


def number_of(kind):
    return PLAIN[kind][0] if kind in PLAIN else QUANTIZED[kind][0]


def make(tensors, metadata=b"", count=0, alignment=32):
    """A file of (name, kind, shape, bytes), with `count` metadata that are bytes already."""
    head, body = b"", b""
    for name, kind, shape, data in tensors:
        head += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape))
        head += struct.pack("<IQ", number_of(kind), len(body))
        body += data + bytes(-len(data) % alignment)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), count) + metadata + head
    return head + bytes(-len(head) % alignment) + body


class Reader:
    """The metadata of a file, as a dictionary, its tensors {name: (kind, shape, bytes)}, and that nothing stands between."""

    SCALARS = "B b H h I i f ? _ _ Q q d".split()

    def __init__(self, data):
        self.data, self.at = data, 8
        assert data[:8] == b"GGUF\3\0\0\0"
        tensors, metadata = self.take("Q"), self.take("Q")
        self.metadata = {}
        for _ in range(metadata):
            key = self.text().decode()
            self.metadata[key] = self.value(self.take("I"))
        found = []
        for _ in range(tensors):
            name = self.text().decode()
            shape = [self.take("Q") for _ in range(self.take("I"))][::-1]
            found.append((name, shape, self.take("I"), self.take("Q")))
        start = -(-self.at // 32) * 32
        assert not any(data[self.at:start])
        names = {number_of(kind): kind for kind in [*PLAIN, *QUANTIZED]}
        self.tensors, end = {}, 0
        for name, shape, number, offset in found:
            kind = names[number]
            assert offset == -(-end // 32) * 32, "a gap, or another order"
            count = int(np.prod(shape))
            per, size = QUANTIZED[kind][1:3] if kind in QUANTIZED else (1, np.dtype(PLAIN[kind][1]).itemsize)
            self.tensors[name] = kind, shape, data[start + offset:start + offset + count // per * size]
            assert not any(data[start + end:start + offset]), "a gap that is not zero"
            end = offset + count // per * size
        if found:
            assert len(data) == start + -(-end // 32) * 32, "the end is not padded"

    def take(self, code):
        value, = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def text(self):
        length = self.take("Q")
        self.at += length
        return self.data[self.at - length:self.at]

    def value(self, number):
        if number == 8:
            return self.text()
        if number == 9:
            kind, count = self.take("I"), self.take("Q")
            return [self.value(kind) for _ in range(count)]
        return self.take(self.SCALARS[number])


def seeds(folder):
    """A file of each type, and one with every kind of metadata."""
    rng = np.random.default_rng(3)
    numbers = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
    values = [struct.pack("<I" + code, kind, 1) for kind, code in numbers.items()]
    values += [struct.pack("<IIQ2" + code, 9, kind, 2, 1, 1) for kind, code in numbers.items()]
    values += [struct.pack("<I", 8) + text("word"), struct.pack("<IIQ", 9, 8, 2) + text("a") + text(""),
               struct.pack("<IIQIQH", 9, 9, 1, 2, 1, 7), struct.pack("<IIQIQIQ", 9, 9, 1, 9, 1, 9, 0)]
    metadata = b"".join(text(f"k{i}") + value for i, value in enumerate(values))
    metadata += text("general.alignment") + struct.pack("<II", 4, 64)
    made = {"metadata": make([("a", "I8", (2, 3), bytes(6)), ("b", "F32", (), bytes(4))], metadata, len(values) + 1, 64)}
    for kind, (_, per, size, _) in QUANTIZED.items():
        made[kind] = make([("x", kind, (2, per), random_blocks(rng, kind, 2).tobytes()), ("y", "F16", (3, 1, 1, 2), bytes(12))])
    for kind, (_, code) in PLAIN.items():
        made[kind] = make([("x", kind, (5,), bytes(5 * np.dtype(code).itemsize))])
    for name, data in made.items():
        with open(os.path.join(folder, name + ".gguf"), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    seeds(sys.argv[1])
