"""
A small PNG decoder: 8 bits a channel, not interlaced; gray, RGB, palette, and both with alpha. read(path) gives an array
of height×width×3 bytes, with transparency laid on white.
"""
import struct
import zlib

import numpy as np

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
    at = 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        crc, = struct.unpack(">I", data[at + 8 + size:at + 12 + size])
        assert crc == zlib.crc32(kind + body), f"{kind}: the checksum is wrong"
        yield kind, body
        at += 12 + size


def paeth(left, up, corner):
    p = left + up - corner
    a, b, c = abs(p - left), abs(p - up), abs(p - corner)
    return left if a <= b and a <= c else up if b <= c else corner


def unfilter(raw, width, height, step):
    """Takes the filter of each row off; step is the bytes of a pixel."""
    stride = width * step
    rows = np.frombuffer(raw, dtype=np.uint8).reshape(height, stride + 1)
    out = np.zeros((height, stride), dtype=np.uint8)
    before = np.zeros(stride, dtype=np.uint8)
    for y in range(height):
        kind, row = rows[y, 0], rows[y, 1:]
        if kind == 1:  # sums along each channel
            row = np.cumsum(row.reshape(width, step), axis=0, dtype=np.uint64).astype(np.uint8).reshape(-1)
        elif kind == 2:
            row = row + before
        elif kind in (3, 4):
            line, up = row.tolist(), before.tolist()
            for x in range(stride):
                left = line[x - step] if x >= step else 0
                if kind == 3:
                    line[x] = (line[x] + (left + up[x]) // 2) & 255
                else:
                    corner = up[x - step] if x >= step else 0
                    line[x] = (line[x] + paeth(left, up[x], corner)) & 255
            row = np.array(line, dtype=np.uint8)
        else:
            assert kind == 0, f"filter {kind}"
        out[y] = before = row
    return out


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    packed, palette, alpha = b"", None, None
    for kind, body in chunks(data):
        if kind == b"IHDR":
            width, height, depth, color, compression, filters, interlace = struct.unpack(">IIBBBBB", body)
            assert (depth, compression, filters, interlace) == (8, 0, 0, 0), "not of the kind that is read here"
        elif kind == b"PLTE":
            palette = np.frombuffer(body, dtype=np.uint8).reshape(-1, 3)
        elif kind == b"tRNS" and color == 3:
            alpha = np.frombuffer(body, dtype=np.uint8)
        elif kind == b"IDAT":
            packed += body
    step = CHANNELS[color]
    pixels = unfilter(zlib.decompress(packed), width, height, step).reshape(height, width, step)
    if color == 3:
        opaque = np.full(256, 255, dtype=np.uint8)
        opaque[:len(alpha) if alpha is not None else 0] = alpha if alpha is not None else []
        pixels = np.dstack([palette[pixels[..., 0]], opaque[pixels[..., 0]]])
    elif color in (0, 4):
        pixels = np.dstack([pixels[..., :1]] * 3 + [pixels[..., 1:]])
    if pixels.shape[2] == 4:
        a = pixels[..., 3:].astype(np.uint32)
        pixels = ((pixels[..., :3] * a + 255 * (255 - a) + 127) // 255).astype(np.uint8)
    return pixels


def size(path):
    """(width, height)"""
    with open(path, "rb") as f:
        return struct.unpack(">II", f.read(24)[16:])
