"""
Pictures as they are read: files of every kind made by image_files.py, and what tests/read_image.c says of their pixels. A test
is named on the command line.
"""
import os
import struct
import subprocess
import sys
import zlib

import numpy as np

import image_files as files
from image_files import chunk, jpeg, png, segment

READ_IMAGE = os.environ["READ_IMAGE"]
rng = np.random.default_rng(7)


def read(data, most=1 << 20, longest=1 << 20):
    """The pixels of a file of these bytes, or the message where it is refused, which is one line that names the file."""
    with open("picture", "wb") as f:
        f.write(data)
    done = subprocess.run([READ_IMAGE, "picture", str(most), str(longest)], capture_output=True)
    if done.returncode != 0:
        message = done.stderr.decode()
        assert done.returncode == 3, (done.returncode, message)
        assert message.startswith("picture: ") and message.count("\n") == 1 and done.stdout == b"", (message, done.stdout)
        return message[len("picture: "):-1]
    assert done.stderr == b"", done.stderr
    line, _, pixels = done.stdout.partition(b"\n")
    width, height = map(int, line.split())
    return np.frombuffer(pixels, dtype=np.uint8).reshape(height, width, 3).astype(int)


def same(got, want, off=0):
    assert not isinstance(got, str), got
    want = np.asarray(want)
    if want.ndim == 2:
        want = np.dstack([want] * 3)
    assert got.shape == want.shape, (got.shape, want.shape)
    assert abs(got - want).max() <= off, f"off by {abs(got - want).max()}"


def on_white(colors, alpha):
    """Of 255, rounded."""
    alpha = np.asarray(alpha, dtype=int)[..., None]
    return (np.asarray(colors, dtype=int) * alpha + 255 * (255 - alpha) + 127) // 255


# ---- PNG ----

def test_png_kinds():
    """Each colour type, depth, filter and order of the rows, with and without a transparent colour, of several sizes."""
    count = 0
    for size in ((13, 22), (1, 1), (2, 3), (8, 8), (5, 1)):
        for interlaced in (False, True):
            def check(samples, depth, color, want, **more):
                nonlocal count
                same(read(png(samples, depth, color, interlaced, **more)), want)
                count += 1

            for depth in (1, 2, 4, 8):
                gray = rng.integers(0, 1 << depth, size)
                shades = gray * (255 // ((1 << depth) - 1))
                check(gray[..., None], depth, files.GRAY, shades)
                clear = int(gray[0, 0])
                check(gray[..., None], depth, files.GRAY, np.where(gray == clear, 255, shades),
                      before=chunk(b"tRNS", struct.pack(">H", clear)))
                colors = rng.integers(0, 256, (1 << depth, 3))
                palette = chunk(b"PLTE", colors.astype(np.uint8).tobytes())
                check(gray[..., None], depth, files.PALETTE, colors[gray], before=palette)
                alpha = rng.integers(0, 256, max(1, (1 << depth) - 1))
                check(gray[..., None], depth, files.PALETTE,
                      on_white(colors[gray], np.append(alpha, [255])[np.minimum(gray, len(alpha))]),
                      before=palette + chunk(b"tRNS", alpha.astype(np.uint8).tobytes()))
            for depth in (8, 16):
                full = rng.integers(0, 1 << depth, (*size, 4))
                bytes_ = full if depth == 8 else (full * 255 + 32895) >> 16  # rounded
                check(full[..., :3], depth, files.RGB, bytes_[..., :3], parts=3)
                clear = full[0, 0, :3]
                at = (full[..., :3] == clear).all(axis=-1)
                check(full[..., :3], depth, files.RGB, np.where(at[..., None], 255, bytes_[..., :3]),
                      before=chunk(b"tRNS", struct.pack(">HHH", *clear)))
                check(full, depth, files.RGBA, on_white(bytes_[..., :3], bytes_[..., 3]))
                check(full[..., :2], depth, files.GRAY_ALPHA, on_white(np.dstack([bytes_[..., 0]] * 3), bytes_[..., 1]))
                check(full[..., :1], depth, files.GRAY, bytes_[..., 0])
    assert count == 5 * 2 * 26, count


def test_png_chunks():
    """What is not about pixels changes nothing and takes no memory: colours, gamma, orientation, texts without end."""
    pixels = rng.integers(0, 256, (6, 7, 3))
    text = b"".join(chunk(b"tEXt", b"Comment\0%d" % i) for i in range(1000))
    bomb = files.packed_zeros(b"", 200)
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    cases = {
        "gamma": chunk(b"gAMA", struct.pack(">I", 10000)),
        "primaries": chunk(b"cHRM", struct.pack(">8I", *range(1, 9))),
        "profile": chunk(b"iCCP", b"name\0\0" + zlib.compress(b"this is none")),
        "depth": chunk(b"sBIT", b"\1\1\1"),
        "ground": chunk(b"bKGD", struct.pack(">HHH", 9, 9, 9)),
        "orientation": chunk(b"eXIf", exif),
        "texts": text,
        "compressed texts": chunk(b"zTXt", b"Comment\0\0" + bomb) * 5 + chunk(b"iTXt", b"Comment\0\1\0\0\0" + bomb) * 5,
        "unknown": chunk(b"abCd", bytes(9 << 20)),
        "all twice": 2 * (chunk(b"gAMA", struct.pack(">I", 10000)) + chunk(b"eXIf", exif) + chunk(b"sRGB", b"\0")),
    }
    for name, chunks in cases.items():
        for more in ({"before": chunks}, {"behind": chunks}):
            got = read(png(pixels, 8, files.RGB, **more))
            assert not isinstance(got, str), (name, got)
            same(got, pixels)
    assert read(png(pixels, 8, files.RGB, before=chunk(b"ABCD", b""))).startswith("the picture is broken: ")


def test_png_broken():
    """A checksum that is wrong, in any chunk; chunks that are missing, twice or in the wrong place; and wrong numbers."""
    gray = rng.integers(0, 4, (9, 9, 1))
    palette, clear = chunk(b"PLTE", bytes(12)), chunk(b"tRNS", b"\x80")
    good = png(gray, 2, files.PALETTE, before=palette + clear + chunk(b"tEXt", b"a\0b"), parts=2)
    assert not isinstance(read(good), str)
    at, kinds = 8, []
    while at < len(good):
        size, = struct.unpack(">I", good[at:at + 4])
        kinds.append(good[at + 4:at + 8])
        end = at + 12 + size
        for bit in (0, 13, 31):
            wrong = struct.pack(">I", struct.unpack(">I", good[end - 4:end])[0] ^ 1 << bit)
            message = read(good[:end - 4] + wrong + good[end:])
            assert message == f"the picture is broken: {kinds[-1].decode()}: CRC error", message
        at = end
    assert kinds == [b"IHDR", b"PLTE", b"tRNS", b"tEXt", b"IDAT", b"IDAT", b"IEND"], kinds

    data = zlib.compress(files.filtered(gray, 2))
    begin, end = files.SIGNATURE + files.header(9, 9, 2, files.PALETTE), chunk(b"IEND", b"")
    broken = {
        "without palette": begin + chunk(b"IDAT", data) + end,
        "without data": begin + palette + end,
        "without a header": files.SIGNATURE + palette + chunk(b"IDAT", data) + end,
        "palette behind the data": begin + chunk(b"IDAT", data) + palette + end,
        "palette twice": begin + palette + palette + chunk(b"IDAT", data) + end,
        "palette of 2 bytes": begin + chunk(b"PLTE", b"ab") + chunk(b"IDAT", data) + end,
        "no zlib": begin + palette + chunk(b"IDAT", b"abcdefgh") + end,
        "too little data": begin + palette + chunk(b"IDAT", zlib.compress(files.filtered(gray[:8], 2))) + end,
        "too much data": begin + palette + chunk(b"IDAT", zlib.compress(files.filtered(np.concatenate([gray, gray]), 2))) + end,
        "wrong sum of the data": begin + palette + chunk(b"IDAT", data[:-1] + bytes([data[-1] ^ 1])) + end,
        "filter 5": begin + palette + chunk(b"IDAT", zlib.compress(b"\5" + files.filtered(gray, 2)[1:])) + end,
        "depth 3": files.SIGNATURE + files.header(9, 9, 3, files.GRAY) + chunk(b"IDAT", data) + end,
        "colour type 1": files.SIGNATURE + files.header(9, 9, 8, 1) + chunk(b"IDAT", data) + end,
        "interlace 2": files.SIGNATURE + files.header(9, 9, 8, 0, 2) + chunk(b"IDAT", data) + end,
        "chunk of 2^31 bytes": begin + palette + struct.pack(">I", 1 << 31) + b"IDAT" + data + end,
        "chunk longer than the file": begin + palette + struct.pack(">I", 1 << 30) + b"IDAT" + data + end,
    }
    for name, file in broken.items():
        message = read(file)
        assert isinstance(message, str) and message.startswith("the picture is broken: "), (name, message)
    # Only an index that the palette does not have is black, as elsewhere.
    short = read(begin + chunk(b"PLTE", b"\xff\xff\xff") + chunk(b"IDAT", data) + end)
    same(short, np.where(gray[..., 0] == 0, 255, 0))


def test_png_bomb():
    """Data that goes on behind the last row is not unpacked: memory is that of the rows."""
    rows = files.filtered(np.zeros((4, 4, 1), dtype=int), 8)

    def memory(more):
        """The status and the most kilobytes of reading a picture whose data has so many megabytes too many."""
        data = chunk(b"IDAT", files.packed_zeros(rows, more))
        with open("picture", "wb") as f:
            f.write(files.SIGNATURE + files.header(4, 4, 8, files.GRAY) + data + chunk(b"IEND", b""))
        with open("/dev/null", "wb") as null:
            process = subprocess.Popen([READ_IMAGE, "picture", "67108864", "1600"], stdout=null, stderr=null)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, usage.ru_maxrss

    status, small = memory(0)
    assert status == 0
    status, large = memory(100)
    assert status == 3 and large < small + (8 << 10), (status, small, large)


# ---- JPEG ----

HEIGHT, WIDTH = 37, 51


def noise():
    return rng.integers(0, 256, (HEIGHT, WIDTH))


def smooth(height, width, x, y):
    return 128 + 50 * np.cos(np.linspace(0, x, width)) + 50 * np.sin(np.linspace(0, y, height))[:, None]


def rgb_of(luma, blue, red):
    """JFIF 1.02, section 7."""
    red, blue = red - 128.0, blue - 128.0
    return np.clip(np.dstack([luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue]), 0, 255)


def test_jpeg_kinds():
    """Grey, YCbCr, RGB, CMYK and YCCK; sequential, progressive, with restarts."""
    size = (HEIGHT, WIDTH)
    one, three, four = [noise()], [noise() for _ in range(3)], [noise() for _ in range(4)]
    orders = [{}, {"restart": 3}, {"scans": "progressive"}]
    for order in orders:
        def made(planes, adobe=None):
            more = dict(order)
            if "scans" in order:
                every = range(len(planes))
                more["scans"] = [(every, 0, 0, 0, 1), *(((c,), 1, 63, 0, 0) for c in every[1:]), ((0,), 1, 5, 0, 0),
                                 (every, 0, 0, 1, 0), ((0,), 6, 63, 0, 0)]
            return read(jpeg(planes, size, adobe=adobe, **more))

        same(made(one), one[0], off=1)
        same(made(three, adobe=0), np.dstack(three), off=1)
        for adobe in (None, 1):
            same(made(three, adobe=adobe), np.rint(rgb_of(*three)), off=4)
        for adobe in (None, 0):
            same(made(four, adobe=adobe), np.rint(np.dstack(four[:3]) * four[3][..., None] / 255.0), off=2)
        inverted = np.rint((255 - rgb_of(*four[:3])) * four[3][..., None] / 255.0)
        same(made(four, adobe=2), inverted, off=5)

    # Colours at a part of the rows and columns are as smooth as they were.
    full = [noise(), smooth(HEIGHT, WIDTH, 2, 1), smooth(HEIGHT, WIDTH, 1, 2)]
    for h, v in ((2, 1), (1, 2), (2, 2), (4, 1)):
        part = [smooth(-(-HEIGHT // v), -(-WIDTH // h), 2, 1), smooth(-(-HEIGHT // v), -(-WIDTH // h), 1, 2)]
        got = read(jpeg([full[0], *part], size, sampling=[(h, v), (1, 1), (1, 1)]))
        same(got, np.rint(rgb_of(*full)), off=14)

    two = jpeg(three[:2], size)
    assert read(two).startswith("the picture is broken: "), read(two)


def test_jpeg_markers():
    """Pixels stay as they are stored, whatever else the file says; what cameras leave between and behind is passed over."""
    pixels, size = noise(), (HEIGHT, WIDTH)
    exif = segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0")
    plain = read(jpeg([pixels], size))
    for before, behind, after in ((exif, b"", b""), (segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(60000)) * 20, b"", b""),
                                  (segment(0xFE, b"comment") * 1000, b"", b""), (segment(0xE0, b"JFIF\0\7\0\0\0\1\0\1\0\0"), b"", b""),
                                  (b"", bytes(30), b""), (b"", b"", b"behind the end")):
        same(read(jpeg([pixels], size, before=before, behind=behind) + after), plain)


def test_jpeg_broken():
    """What is damaged or not of a kind that is read is said."""
    pixels, size = noise(), (HEIGHT, WIDTH)
    good = jpeg([pixels], size, restart=4)
    at = good.index(b"\xff\xd2")
    broken = {
        "a restart is missing": good[:at] + good[at + 2:],
        "codes end early": good[:at - 40] + good[at:],
        "no tables": good.replace(b"\xff\xdb", b"\xff\xfe"),
        "12 bits": good.replace(b"\x08" + struct.pack(">HH", *size), b"\x0c" + struct.pack(">HH", *size)),
        "lossless": good.replace(b"\xff\xc0", b"\xff\xc3"),
        "no such marker": good.replace(b"\xff\xc0", b"\xff\xc8"),
        "no frame": good.replace(b"\xff\xc0", b"\xff\xfe"),
        "no scan": good.replace(b"\xff\xda", b"\xff\xfe"),
        "sampling 5": good.replace(b"\x01\x01\x11\0", b"\x01\x01\x51\0"),
        "a component that is not there": good.replace(b"\xff\xda\0\x08\x01\x01", b"\xff\xda\0\x08\x01\x02"),
        "a table of 257 codes": good.replace(segment(0xC4, b"\x10")[:2], b"\xff\xc4") .replace(
            bytes([0] * 7 + [len(files.AC_SYMBOLS)]), bytes([0] * 6 + [255, 255])),
    }
    for name, file in broken.items():
        assert file != good, name
        message = read(file)
        assert isinstance(message, str) and message.startswith("the picture is broken: "), (name, message)
    message = read(good.replace(b"\xff\xc0", b"\xff\xc9"))
    assert message == "arithmetic coding is not read: expected Huffman codes", message


def test_jpeg_scans():
    """Scans are counted against the pixels, and one too many ends the reading."""
    most = 1 << 20
    allowed = 16 * most // (1024 + 128) ** 2
    same(read(files.jpeg_of_scans(1024, allowed), most), np.full((1024, 1024), 128))
    message = read(files.jpeg_of_scans(1024, allowed + 1), most)
    assert message == f"has more scans than the {allowed} that 1024 times 1024 pixels may have", message
    same(read(files.jpeg_of_scans(1024, 200), 64 << 20), np.full((1024, 1024), 128))
    small = files.jpeg_of_scans(8192, 60, dc=False)
    assert len(small) < 8192
    message = read(small, 64 << 20)
    assert message.startswith("the picture is broken: "), message


# ---- both ----

def test_cut():
    """Cut off anywhere, a picture is refused."""
    plane = noise()[:17, :17]
    planes = [plane, plane.T, plane[::-1]]
    whole = {
        "PNG": png(rng.integers(0, 256, (5, 6, 4)), 8, files.RGBA, interlaced=True, parts=3,
                   before=chunk(b"tEXt", b"a\0b"), behind=chunk(b"tIME", bytes(7))),
        "palette": png(rng.integers(0, 4, (9, 9, 1)), 2, files.PALETTE, before=chunk(b"PLTE", bytes(range(12)))),
        "JPEG": jpeg([plane[:9, :9]], (9, 9), restart=2),
        "progressive": jpeg([p[:9, :9] for p in planes], (9, 9), adobe=0,
                            scans=[(range(3), 0, 0, 0, 1), ((0,), 1, 63, 0, 0), (range(3), 0, 0, 1, 0)]),
    }
    for name, data in whole.items():
        assert not isinstance(read(data), str), name
        ends = {}
        for size in range(len(data)):
            message = read(data[:size])
            assert isinstance(message, str), (name, size)
            ends[message] = ends.get(message, 0) + 1
        few = 8 if "PNG" in name or name == "palette" else 3
        assert ends.pop("expected a PNG or JPEG picture") == few, name
        assert ends.pop("the picture is broken: it does not come to its end") > 20, (name, ends)
        assert all(message.startswith("the picture is broken: ") for message in ends), ends


def test_sizes():
    """The size is looked at before anything is done for it."""
    end = chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")

    def of_png(width, height):
        return read(files.SIGNATURE + files.header(width, height, 8, files.RGBA) + end, 64 << 20)

    def too_many(width, height, most=64 << 20):
        return f"{width} times {height} pixels are too many: expected at most {most}, and 1048576 a side"

    for size in ((8192, 8193), ((1 << 20) + 1, 1), (1, (1 << 20) + 1), ((1 << 31) - 1, (1 << 31) - 1), (1, (1 << 31) - 1)):
        assert of_png(*size) == too_many(*size), of_png(*size)
    for size in ((0, 1), (1, 0), (0, 0), (1 << 31, 1), (1, 1 << 31), ((1 << 32) - 1, (1 << 32) - 1), (8192, 8192), (1, 1 << 20)):
        message = of_png(*size)
        assert message.startswith("the picture is broken: "), (size, message)

    def of_jpeg(width, height, most=64 << 20):
        plain = jpeg([np.zeros((8, 8))], (8, 8))
        return read(plain.replace(struct.pack(">HH", 8, 8), struct.pack(">HH", height, width), 1), most)

    for size in ((8192, 8193), (65500, 1025)):
        assert of_jpeg(*size) == too_many(*size), of_jpeg(*size)
    assert of_jpeg(1024, 1025, 1 << 20) == too_many(1024, 1025, 1 << 20)
    for size in ((0, 8), (8, 0), (0, 0), (65535, 65535), (8192, 8192)):
        message = of_jpeg(*size)
        assert message.startswith("the picture is broken: "), (size, message)


def test_longest():
    """Made smaller, a picture is the mean over areas; its shape stays."""
    pixels = np.repeat(np.repeat(rng.integers(0, 256, (6, 9, 3)), 40, axis=0), 40, axis=1)
    for data, off in ((png(pixels, 8, files.RGB), 0), (jpeg(list(np.moveaxis(pixels, 2, 0)), pixels.shape[:2], adobe=0), 1)):
        got = read(data, longest=72)
        assert got.shape == (48, 72, 3), got.shape
        same(got[4::8, 4::8], pixels[20::40, 20::40], off=off)
        assert read(data, longest=1).shape == (1, 1, 3)
        same(read(data, longest=360), pixels, off=off)


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
