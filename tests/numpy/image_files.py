"""
Pictures as files, made by hand, so that what a decoder makes of them can be compared with what went in.

png(samples, …) writes PNG of every kind. jpeg(planes, …) writes JPEG: with all quantizers 1, so that what is decoded is off
by rounding alone, and with Huffman codes that all have the same length.
"""
import struct
import sys
import zlib

import numpy as np

# ---- PNG ----

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
# Adam7: the first row and column, and the steps, of each pass
PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def chunk(kind, body, crc=None):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) if crc is None else crc)


def header(width, height, depth, color, interlaced=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced))


def paeth(left, up, corner):
    """The predictor for whole rows; the first of the nearest wins."""
    p = left + up - corner
    a, b, c = abs(p - left), abs(p - up), abs(p - corner)
    return np.where((a <= b) & (a <= c), left, np.where(b <= c, up, corner))


def pack(samples, depth):
    """height×width×channels samples as rows of bytes."""
    rows = samples.reshape(len(samples), -1)
    if depth == 16:
        return rows.astype(">u2").view(np.uint8).reshape(len(rows), -1)
    if depth == 8:
        return rows.astype(np.uint8)
    bits = (rows[..., None] >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.reshape(len(rows), -1).astype(np.uint8), axis=1)


def filtered(samples, depth):
    """The rows behind their filter bytes, with each of the five filters in turn."""
    rows = pack(samples, depth).astype(int)
    step = max(1, samples.shape[2] * depth // 8)
    before = np.zeros_like(rows[0])
    out = []
    for y, row in enumerate(rows):
        left = np.concatenate([np.zeros(step, int), row])[:len(row)]
        corner = np.concatenate([np.zeros(step, int), before])[:len(row)]
        guess = [0, left, before, (left + before) // 2, paeth(left, before, corner)][y % 5]
        out.append(bytes([y % 5]) + ((row - guess) & 255).astype(np.uint8).tobytes())
        before = row
    return b"".join(out)


def png(samples, depth, color, interlaced=False, before=b"", behind=b"", parts=1):
    """
    samples: height×width×channels; `before` and `behind` are chunks before and behind the image data, which is cut into so
    many parts.
    """
    height, width, _ = samples.shape
    raw = b""
    for y, x, down, right in PASSES if interlaced else [(0, 0, 1, 1)]:
        part = samples[y::down, x::right]
        if part.size:
            raw += filtered(part, depth)
    packed = zlib.compress(raw)
    size = -(-len(packed) // parts)
    data = b"".join(chunk(b"IDAT", packed[i:i + size]) for i in range(0, len(packed), size))
    return SIGNATURE + header(width, height, depth, color, int(interlaced)) + before + data + behind + chunk(b"IEND", b"")


def packed_zeros(rows, megabytes):
    """zlib's form of the rows and so many zeros behind them, which are never all in memory."""
    packer = zlib.compressobj(9)
    return b"".join([packer.compress(rows), *(packer.compress(bytes(1 << 20)) for _ in range(megabytes)), packer.flush()])


# ---- JPEG ----

BASELINE, PROGRESSIVE = 0xC0, 0xC2
# The quantized coefficients in their order in the file: along the diagonals, up and down in turn.
ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, (i // 8 if (i // 8 + i % 8) % 2 else i % 8)))
COSINES = np.array([[np.cos((2 * x + 1) * u * np.pi / 16) * (np.sqrt(1 / 8) if u == 0 else 0.5) for x in range(8)]
                    for u in range(8)])
DC_SYMBOLS = list(range(12))                                               # codes of 4 bits
AC_SYMBOLS = [r << 4 | s for r in range(16) for s in range(11)]            # codes of 8 bits, with EOB runs


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def huffman_tables():
    dc = bytes([0x00]) + bytes([0] * 3 + [len(DC_SYMBOLS)] + [0] * 12) + bytes(DC_SYMBOLS)
    ac = bytes([0x10]) + bytes([0] * 7 + [len(AC_SYMBOLS)] + [0] * 8) + bytes(AC_SYMBOLS)
    return segment(0xC4, dc) + segment(0xC4, ac)


class Bits:
    """Entropy-coded bytes."""

    def __init__(self):
        self.text = []

    def code(self, symbols, symbol):
        width = 4 if symbols is DC_SYMBOLS else 8
        self.text.append(format(symbols.index(symbol), f"0{width}b"))

    def number(self, value, size):
        if size:
            self.text.append(format(value if value >= 0 else value + (1 << size) - 1, f"0{size}b"))

    def bytes(self):
        bits = "".join(self.text)
        bits += "1" * (-len(bits) % 8)
        return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:].replace(b"\xff", b"\xff\0")


def transform(plane):
    """A plane, padded to whole blocks, as rows×columns×64 coefficients in their order in the file."""
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    blocks = plane.reshape(rows, 8, columns, 8).swapaxes(1, 2) - 128.0
    return np.rint(COSINES @ blocks @ COSINES.T).astype(int).reshape(rows, columns, 64)[..., ZIGZAG]


def put_block(bits, block, last, first, end, low):
    """Coefficients first to end of a block, the DC without its lowest `low` bits. Gives that DC; last: of the block before."""
    dc = last
    if first == 0:
        dc = int(block[0]) >> low
        size = abs(dc - last).bit_length()
        bits.code(DC_SYMBOLS, size)
        bits.number(dc - last, size)
    run = 0
    for i in range(max(first, 1), end + 1):
        value = int(block[i])
        if value == 0:
            run += 1
            continue
        while run > 15:
            bits.code(AC_SYMBOLS, 0xF0)
            run -= 16
        size = abs(value).bit_length()
        bits.code(AC_SYMBOLS, run << 4 | size)
        bits.number(value, size)
        run = 0
    if run:
        bits.code(AC_SYMBOLS, 0)
    return dc


def scan(coefficients, sampling, which, first, end, high, low, size, restart=0):
    """A scan of the components `which`, interleaved where there are several; high > 0: one more bit of the DC."""
    bits, data, last = Bits(), b"", {c: 0 for c in which}
    most_h, most_v = (max(s[axis] for s in sampling) for axis in (0, 1))
    if len(which) == 1:
        # Of a component alone only the blocks that are seen are coded.
        h, v = sampling[which[0]]
        down, across = (-(-(-(-size[i] * s // m)) // 8) for i, s, m in ((0, v, most_v), (1, h, most_h)))
        units = [[(which[0], y, x)] for y in range(down) for x in range(across)]
    else:
        down, across = -(-size[0] // (8 * most_v)), -(-size[1] // (8 * most_h))
        units = [[(c, y * sampling[c][1] + j, x * sampling[c][0] + i) for c in which
                  for j in range(sampling[c][1]) for i in range(sampling[c][0])] for y in range(down) for x in range(across)]
    for n, unit in enumerate(units):
        if restart and n and n % restart == 0:
            data += bits.bytes() + bytes([0xFF, 0xD0 + (n // restart - 1) % 8])
            bits, last = Bits(), {c: 0 for c in which}
        for c, y, x in unit:
            block = coefficients[c][y, x]
            if high:
                bits.number((int(block[0]) >> low) & 1, 1)
            else:
                last[c] = put_block(bits, block, last[c], first, end, low)
    head = bytes([len(which)]) + b"".join(bytes([c + 1, 0]) for c in which) + bytes([first, end, high << 4 | low])
    return segment(0xDA, head) + data + bits.bytes()


def frame(kind, size, sampling):
    parts = b"".join(bytes([c + 1, h << 4 | v, 0]) for c, (h, v) in enumerate(sampling))
    return segment(kind, struct.pack(">BHHB", 8, *size, len(sampling)) + parts)


def jpeg(planes, size, sampling=None, adobe=None, scans=None, restart=0, before=b"", behind=b""):
    """
    planes: one for each component, of which sampling gives the blocks across and down in a unit; size: height and width.
    adobe: the colour transform that an Adobe marker tells. scans: progressive, by these
    (components, first coefficient, last, high, low), of which the last two are for the DC alone. `before` and `behind` go in
    front of the frame and before the end.
    """
    sampling = sampling or [(1, 1)] * len(planes)
    most_h, most_v = (max(s[axis] for s in sampling) for axis in (0, 1))
    units = -(-size[0] // (8 * most_v)), -(-size[1] // (8 * most_h))
    coefficients = []
    for plane, (h, v) in zip(planes, sampling):
        height, width = units[0] * 8 * v, units[1] * 8 * h
        coefficients.append(transform(np.pad(plane, ((0, height - plane.shape[0]), (0, width - plane.shape[1])), "edge")))
    out = b"\xff\xd8"
    if adobe is not None:
        out += segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, adobe))
    out += before + segment(0xDB, b"\0" + b"\1" * 64)
    out += frame(PROGRESSIVE if scans else BASELINE, size, sampling) + huffman_tables()
    if restart:
        out += segment(0xDD, struct.pack(">H", restart))
    for which, first, end, high, low in scans or [(range(len(planes)), 0, 63, 0, 0)]:
        out += scan(coefficients, sampling, list(which), first, end, high, low, size, restart)
    return out + behind + b"\xff\xd9"


def jpeg_of_scans(side, count, dc=True):
    """
    A grey JPEG of side×side pixels, a multiple of 1024, in so many scans, at most 882, as the format allows it. Its blocks are
    empty; each scan says so in some bytes. Without the DC, which takes a bit a block, it is 16 times as small, and broken.
    """
    blocks = (side // 8) ** 2
    out = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) + frame(PROGRESSIVE, (side, side), [(1, 1)])
    # Each table has one code, of one bit: that the DC stays; that 2^14 blocks are empty, and as many as 14 bits add.
    out += segment(0xC4, bytes([0x00, 1] + [0] * 15 + [0x00])) + segment(0xC4, bytes([0x10, 1] + [0] * 15 + [0xE0]))
    if dc:
        out += segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + bytes(-(-blocks // 8))
    for i in range(count - dc):
        # Each coefficient has 14 bits, and a scan for each.
        low = 13 - i % 14
        high = low + 1 if low < 13 else 0
        out += segment(0xDA, bytes([1, 1, 0, 1 + i // 14, 1 + i // 14, high << 4 | low])) + bytes(-(-(blocks >> 14) * 15 // 8))
    return out + b"\xff\xd9"


# ---- one of each kind ----

def write_seeds(folder):
    """Small images of every kind, from which a fuzzer can begin."""
    rng = np.random.default_rng(1)
    size = (11, 13)
    made = {}
    for color, channels, depths in ((GRAY, 1, (1, 2, 4, 8, 16)), (RGB, 3, (8, 16)), (PALETTE, 1, (1, 2, 4, 8)),
                                    (GRAY_ALPHA, 2, (8, 16)), (RGBA, 4, (8, 16))):
        for depth in depths:
            clear = {GRAY: bytes(2), RGB: bytes(6), PALETTE: bytes(2)}.get(color)
            before = chunk(b"PLTE", bytes(3 << depth)) if color == PALETTE else b""
            before += chunk(b"tRNS", clear) if clear else b""
            for interlaced in (False, True):
                samples = rng.integers(0, 1 << depth, (*size, channels))
                made[f"{color}-{depth}-{interlaced:d}.png"] = png(samples, depth, color, interlaced, before, parts=2,
                                                                  behind=chunk(b"tEXt", b"a\0b"))
    planes = [rng.integers(0, 256, size) // 32 * 32 for _ in range(4)]
    for count, adobe in ((1, None), (3, None), (3, 0), (4, 0), (4, 2)):
        every = range(count)
        scans = [(every, 0, 0, 0, 1), *(((c,), 1, 63, 0, 0) for c in every), (every, 0, 0, 1, 0)]
        for order, more in (("plain", {}), ("restart", {"restart": 1}), ("progressive", {"scans": scans})):
            made[f"{count}-{adobe}-{order}.jpg"] = jpeg(planes[:count], size, adobe=adobe, **more)
    made["sampled.jpg"] = jpeg([planes[0], *(p[:6, :7] for p in planes[1:3])], size, sampling=[(2, 2), (1, 1), (1, 1)])
    made["scans.jpg"] = jpeg_of_scans(1024, 12)
    for name, data in made.items():
        with open(f"{folder}/{name}", "wb") as f:
            f.write(data)


if __name__ == "__main__":
    write_seeds(sys.argv[1])
