"""
What the pictures show, pixel by pixel. A test is named on the command line; DATA in the environment is the folder of the
samples. Where the cells lie is found by drawing the same matrix with every weight 0.6 and with every weight 1: what differs
between the two pictures is the cells.
"""
import glob
import json
import os
import subprocess
import sys
import xml.etree.ElementTree
import zlib

import numpy as np

import png
from oracle import run, write_json

DATA = os.environ.get("DATA", "data")
# Published values of the maps at 0, 1/4, 1/2, 3/4 and 1 (matplotlib 3.6).
MAPS = {
    "viridis": [(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)],
    "magma": [(0, 0, 4), (81, 18, 124), (183, 55, 121), (252, 137, 97), (252, 253, 191)],
    "gray": [(0, 0, 0), (64, 64, 64), (128, 128, 128), (191, 191, 191), (255, 255, 255)],
}


def near(color, want, room=2):
    return bool((abs(np.asarray(color, dtype=int) - np.asarray(want, dtype=int)) <= room).all())


def box(picture, other):
    """(top, bottom, left, right) of what differs, the ends not with it."""
    assert picture.shape == other.shape, f"the pictures have different sizes: {picture.shape}, {other.shape}"
    rows, columns = (picture != other).any(axis=2).any(axis=1), (picture != other).any(axis=2).any(axis=0)
    y, x = np.flatnonzero(rows), np.flatnonzero(columns)
    assert len(y), "the pictures are the same"
    return y[0], y[-1] + 1, x[0], x[-1] + 1


class Board:
    """Where the cells of an n×m picture lie, given the options that it is drawn with and what else its input says."""

    def __init__(self, n, m, words=(), more=None):
        self.n, self.m, self.words, self.more = n, m, list(words), more or {}
        allowed = np.array(self.more.get("mask", np.ones((n, m)))) * (np.tri(n, m) if self.more.get("causal") else 1)
        blank = [self.draw(allowed * value) for value in (0.6, 1.0)]  # below 0.5 the colour bar names the largest
        self.top, self.bottom, self.left, self.right = box(*blank)
        self.shape = blank[0].shape
        self.high, self.wide = round((self.bottom - self.top) / n), round((self.right - self.left) / m)

    def draw(self, weights, *words):
        write_json("board.json", {"attention": np.asarray(weights, dtype=float), **self.more})
        run("board.json", "-q", "-o", "board.png", "--annotate=off", *self.words, *words)
        return png.read("board.png")

    def centre(self, picture, i, j):
        y = self.top + (i + 0.5) * (self.bottom - self.top) / self.n
        x = self.left + (j + 0.5) * (self.right - self.left) / self.m
        return tuple(int(c) for c in picture[int(y), int(x)])

    def centres(self, picture):
        return [[self.centre(picture, i, j) for j in range(self.m)] for i in range(self.n)]


RAMP = np.array([[0, 0.25, 0.5, 0.75, 1]])


def expect(colors, want, what):
    assert all(near(a, b) for a, b in zip(colors, want)), f"{what}: {colors}, not {list(want)}"


# ---- the decoder itself ----


def pack(path, color, raw, palette):
    """Writes a 7×10 PNG."""
    head = (7).to_bytes(4, "big") + (10).to_bytes(4, "big") + bytes([8, color, 0, 0, 0])
    parts = [(b"IHDR", head), (b"PLTE", palette.tobytes()), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n")
        for kind, body in parts:
            if kind != b"PLTE" or color == 3:
                f.write(len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big"))


def test_decoder():
    """All five filters, and the colour types, on pictures that are packed here."""
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (256, 3)).astype(np.uint8)
    for color, step in ((0, 1), (2, 3), (3, 1), (4, 2), (6, 4)):
        image = rng.integers(0, 256, (10, 7, step)).astype(np.uint8)
        image[0, 0, -1], image[0, 1, -1] = 0, 255  # where it is alpha: nothing, and all
        raw, flat = b"", image.reshape(10, -1).astype(int)
        for y in range(10):
            kind, row = y % 5, flat[y]
            up = flat[y - 1] if y else np.zeros_like(row)
            left, corner = (np.concatenate([np.zeros(step, dtype=int), r[:-step]]) for r in (row, up))
            nearest = [png.paeth(*t) for t in zip(left.tolist(), up.tolist(), corner.tolist())]
            guess = [0, left, up, (left + up) // 2, nearest][kind]
            raw += bytes([kind]) + ((row - guess) % 256).astype(np.uint8).tobytes()
        pack("made.png", color, raw, palette)
        got = png.read("made.png")
        if color in (4, 6):
            opaque, clear = image[..., -1] == 255, image[..., -1] == 0
            assert (got[clear] == 255).all() and (got[opaque] == image[opaque][:, :-1]).all(), f"colour type {color}"
        else:
            want = {0: lambda: np.dstack([image] * 3), 2: lambda: image, 3: lambda: palette[image[..., 0]]}[color]()
            assert np.array_equal(got, want), f"colour type {color}"


# ---- files ----


def test_pngcheck():
    """Every kind of picture is a sound PNG."""
    for name in ("sentence", "causal", "cross", "projections"):
        run(f"{DATA}/{name}.json", "-o", f"{name}.png", "-o", f"{name}/", "-q")
    for stage in ("scores", "scaled", "masked", "output", "q", "k", "v"):
        run(f"{DATA}/causal.json", "--stage", stage, "-o", f"{stage}.png", "-o", f"{stage}/", "-q")
    write_json("tiny.json", {"attention": [[1]]})
    write_json("flat.json", {"attention": np.full((1, 700), 1 / 700)})
    write_json("tall.json", {"attention": np.ones((700, 1))})
    for name in ("tiny", "flat", "tall"):
        run(f"{name}.json", "-o", f"{name}.png", "-o", f"{name}2.png", "-q", "--dpi-scale", "1.5")
    run(f"{DATA}/causal.json", "--average", "heads", "-o", "mean/", "-q", "--width", "200", "--cell", "1")
    pictures = glob.glob("**/*.png", recursive=True)
    assert set(os.listdir("causal")) == {"layer0-head0.png", "layer0-head1.png", "heads.png", "attention.json"}
    assert set(os.listdir("mean")) == {"layer0-mean.png", "heads.png", "attention.json"}
    assert len(pictures) == 50, sorted(pictures)
    done = subprocess.run(["pngcheck", "-q", *pictures], capture_output=True)
    assert done.returncode == 0, done.stdout.decode()


def notes(path):
    """What a PNG says of itself: pixels a metre, and its texts."""
    with open(path, "rb") as f:
        parts = list(png.chunks(f.read()))
    said = {}
    kinds = [kind for kind, _ in parts]
    pixels = kinds.index(b"IDAT")
    assert kinds[pixels:] == [b"IDAT"] * (len(kinds) - pixels - 1) + [b"IEND"], "all that is said comes before the pixels"
    for kind, body in parts:
        key, _, text = body.partition(b"\0")
        if kind == b"tEXt":
            said[key.decode()] = text.decode("ascii")
        elif kind == b"iTXt":
            assert text[:4] == b"\0\0\0\0"
            said[key.decode()] = text[4:].decode("utf-8")
        elif kind == b"pHYs":
            assert body[:4] == body[4:8] and body[8] == 1
            said["pHYs"] = int.from_bytes(body[:4], "big")
    return said


def lines_of(name, matrix, *words):
    write_json("l.json", {"attention": np.asarray(matrix, dtype=float), "tokens": list("abcdef")[:np.shape(matrix)[-1]]})
    run("l.json", "-q", "--format", "none", "--view", "lines", "-o", name, *words)
    return png.read(name).astype(int)


def test_lines():
    """A line goes from its query to its key, as opaque as the weight; the lit query's are as before, others fade."""
    n = 6
    none = lines_of("none.png", np.zeros((n, n)))
    level = lines_of("level.png", np.eye(n))
    changed = (none != level).any(axis=2)
    changed[:, -120:] = False  # the legend
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    left, right, pitch = columns[0], columns[-1], 21
    place = [rows[0] + 1 + pitch * i for i in range(n)]
    assert right - left > 150 and rows[-1] == place[-1] + 1, (left, right, rows)
    full = level[place[0], (left + right) // 2]
    assert near(full, (0, 0x72, 0xb2), 3), full
    for i, j, weight in ((0, 5, 1), (4, 1, 0.5), (2, 2, 0.25), (5, 0, 0.8)):
        one = np.zeros((n, n))
        one[i, j] = weight
        picture = lines_of("one.png", one)
        seen = (picture[:, left:right + 1] != none[:, left:right + 1]).any(axis=2)
        for part in (0.02, 0.3, 0.5, 0.98):
            x = int(part * (right - left))
            y = np.flatnonzero(seen[:, x]).mean()
            want = place[i] + (place[j] - place[i]) * part
            assert abs(y - want) < 1.5, (i, j, part, y, want)
        darkest = picture[:, left:right + 1].reshape(-1, 3)[picture[:, left:right + 1].sum(axis=2).argmin()]
        assert near(darkest, 255 - (255 - np.array([0, 0x72, 0xb2])) * weight, 6), (weight, darkest)
    both = np.zeros((n, n))
    both[1, 3] = both[4, 2] = 1
    lit = lines_of("lit.png", both, "--query", "b", "--annotate=off")
    area = lit[:, left:right - 20]
    blue = (abs(area - np.array([0, 0x72, 0xb2])).max(axis=2) < 90).any(axis=0)
    assert blue.mean() > 0.9
    ends = area[:, :8].sum(axis=2).min(axis=1)  # what begins at the left
    assert ends[place[1]] < 500 < 650 < ends[place[4]], (ends[place[1]], ends[place[4]])
    write_json("l.json", {"attention": np.broadcast_to(np.eye(2), (2, 1, 2, 2))})  # numbers are narrower than the names above them
    run("l.json", "-q", "--format", "none", "--view", "lines", "-o", "numbers.png")
    edge = png.read("numbers.png")
    assert (edge[:, :12] == 255).all() and (edge[:, 12:30] < 255).any()
    heads = lines_of("heads.png", np.broadcast_to(np.eye(n), (3, n, n)))
    middle = heads[place[0] - 9:place[0] + 10, (left + right) // 2]
    for color in ((0, 0x72, 0xb2), (0xd5, 0x5e, 0), (0, 0x9e, 0x73)):
        assert any(near(p, color, 12) for p in middle), (color, middle)


def test_metadata():
    """--metadata: title and program, the command line as it was typed, or nothing; the size on paper is that without --dpi-scale."""
    source = f"{DATA}/causal.json"
    for words, want in (
        ([], {"Software": "attn"}),
        (["--title", "Größe"], {"Software": "attn", "Title": "Größe"}),
        (["--title", "a\x1b\nb"], {"Software": "attn", "Title": "a\\x1B\\x0Ab"}),
        (["--metadata", "none"], {}),
        (["--title", "it's $x", "--metadata", "command"],
         {"Software": "attn", "Title": "it's $x",
          "Command": f"attn run {source} -q -o x.png --title 'it'\\''s $x' --metadata command"}),
    ):
        run(source, "-q", "-o", "x.png", *words)
        said = notes("x.png")
        assert said.pop("pHYs") == 3780
        if "Title" not in want:
            said.pop("Title", None)
        assert said == want, said
        subprocess.run(["pngcheck", "-q", "x.png"], check=True)
    for scale, pixels in (("2", 7559), ("1.5", 5669), ("8", 30236)):
        run(source, "-q", "-o", "x.png", "--dpi-scale", scale)
        assert notes("x.png")["pHYs"] == pixels, notes("x.png")
    run(source, "-q", "-o", "none.png", "--metadata", "none")
    with open("none.png", "rb") as f:
        assert b"tEXt" not in f.read()


def test_names():
    """A matrix is drawn once, under the name of the heads whose it is."""
    def names(sample, *words):
        run(f"{DATA}/{sample}.json", *words, "-q", "--format", "none", "-o", "names/")
        found = {os.path.basename(p) for p in glob.glob("names/layer*")}
        for p in glob.glob("names/*"):
            os.remove(p)
        return found

    assert names("grouped", "--stage", "k") == {"layer0-kv-head0-k.png", "layer0-kv-head1-k.png"}
    assert names("grouped", "--stage", "k", "--head", "3,2") == {"layer0-kv-head1-k.png"}
    assert names("grouped", "--stage", "k", "--queries", "0:2") == {"layer0-kv-head0-k.png", "layer0-kv-head1-k.png"}
    assert names("grouped", "--stage", "q", "--head", "3") == {"layer0-head3-q.png"}
    for words in ([], ["--average", "heads"]):
        assert names("rotary", "--stage", "encoding", *words) == {"layer0-encoding.png"}
    assert names("alibi", "--stage", "encoding", "--head", "0,2") == {"layer0-head0-encoding.png", "layer0-head2-encoding.png"}
    assert names("causal", "--draw-mask") == {"layer0-mask.png"}
    assert names("causal", "--draw-mask", "--head", "1") == {"layer0-head1-mask.png"}
    assert names("induction", "--draw-mask") == {"layer0-head0-mask.png", "layer1-head0-mask.png"}
    write_json("masks.json", {"attention": np.full((2, 2, 2), 0.5), "mask": [[[1, 1], [1, 1]], [[1, 1], [0, 1]]]})
    run("masks.json", "--draw-mask", "-q", "--format", "none", "-o", "masks/")
    assert {"layer0-head0-mask.png", "layer0-head1-mask.png"} < set(os.listdir("masks"))


def test_same_bytes():
    """The same input and options give the same bytes, for any number of threads; title and labels change them."""
    def bytes_of(*words):
        run(*words, "-q", "-o", "once.png")
        with open("once.png", "rb") as f:
            return f.read()

    with open(f"{DATA}/causal.json") as f:
        problem = json.load(f)
    first = bytes_of(f"{DATA}/causal.json")
    assert bytes_of(f"{DATA}/causal.json") == first == bytes_of(f"{DATA}/causal.json", "--threads", 1)
    write_json("relabelled.json", {**problem, "tokens": ["x"] + problem["tokens"][1:]})
    others = [bytes_of(f"{DATA}/causal.json", "--title", "Another"), bytes_of("relabelled.json"),
              bytes_of(f"{DATA}/causal.json", "--annotate=off")]
    assert len({first, *others}) == 4


def test_palette():
    """A picture of cells has a palette, and shows the map's own colours; where all of them are there, no cell is off by more than
    one of them. A picture over an image has none."""
    def color_type(*words):
        run(*words, "-q", "-o", "type.png")
        with open("type.png", "rb") as f:
            return f.read(26)[25]

    for sample in ("sentence", "causal", "cross"):
        assert color_type(f"{DATA}/{sample}.json") == 3, sample
    assert color_type(f"{DATA}/patches.json", "--image", f"{DATA}/patches.png") == 2
    weights = np.arange(256).reshape(16, 16) / 255
    halves = Board(8, 16, ["--cell", 20])
    exact = sum(halves.centres(halves.draw(weights[:8])), []) + sum(halves.centres(halves.draw(weights[8:])), [])
    assert color_type("board.json", "--cell", 20) == 3 and len(set(exact)) > 250, "every colour of the map"
    board = Board(16, 16, ["--cell", 20])
    seen = sum(board.centres(board.draw(weights)), [])
    assert color_type("board.json", "--cell", 20) == 3 and 100 < len(set(seen)) < 256
    assert all(color in exact[max(i - 1, 0):i + 2] for i, color in enumerate(seen))


def test_planted():
    """A thousand single weights of 1 among a million of 0 are all seen, in the colour of 1, however few pixels there are, in PNG
    and in SVG; nothing else has it; and the CSV lists them with their places."""
    n, rng = 1000, np.random.default_rng(1)
    places = np.unravel_index(rng.choice(n * n, 1000, replace=False), (n, n))
    weights = np.zeros((1, 1, n, n), dtype=np.float32)
    np.save("attention_ones.npy", weights + 1)
    np.save("attention_zeros.npy", weights)
    weights[0, 0][places] = 1
    np.save("attention_planted.npy", weights)
    for width in (200, 500, 1240):
        words = ["--width", width, "--vmax", 1, "--annotate=off", "--causal=off", "-q", "--format", "none"]
        read = {}
        for name in ("ones", "zeros", "planted"):
            run(f"attention_{name}.npy", *words, "-o", f"{name}.png", "-o", f"{name}.svg")
            subprocess.run(["rsvg-convert", "-o", "shapes.png", f"{name}.svg"], check=True)
            read[name] = png.read(f"{name}.png"), png.read("shapes.png")
        for kind in range(2):
            top, bottom, left, right = box(read["ones"][kind], read["zeros"][kind])
            seen = read["planted"][kind][top:bottom, left:right]
            cells = -(-n // -(-n // seen.shape[0]))  # on a side, of so many pixels
            assert seen.shape[0] == seen.shape[1] and seen.shape[0] % cells == 0, (seen.shape, cells)
            pixels, pool = seen.shape[0] // cells, -(-n // cells)
            hot = np.zeros((cells, cells), dtype=bool)
            hot[places[0] // pool, places[1] // pool] = True
            want = np.where(hot.repeat(pixels, 0).repeat(pixels, 1)[..., None], MAPS["viridis"][4], MAPS["viridis"][0])
            assert abs(seen.astype(int) - want).max() <= 5, (width, kind)
    run("attention_planted.npy", "--causal=off", "-q", "-o", "planted.csv")
    with open("planted.csv") as f:
        listed = [tuple(map(int, line.split(",")[2:4])) for line in f if line.split(",")[6] == "1"]
    assert sorted(listed) == sorted(zip(*(axis.tolist() for axis in places)))


# ---- sizes ----


def test_cell():
    for cell in (9, 20, 41):
        board = Board(5, 7, ["--cell", cell])
        assert abs(board.bottom - board.top - 5 * cell) <= 1 and abs(board.right - board.left - 7 * cell) <= 1, \
            (cell, board.bottom - board.top, board.right - board.left)


def test_dpi_scale():
    one, two = Board(5, 7), Board(5, 7, ["--dpi-scale", 2])
    assert two.shape[:2] == tuple(2 * x for x in one.shape[:2]), (one.shape, two.shape)
    assert (two.high, two.wide) == (2 * one.high, 2 * one.wide)
    run(f"{DATA}/sentence.json", "-o", "a.png")
    run(f"{DATA}/sentence.json", "-o", "b.png", "--dpi-scale", 3)
    assert png.size("b.png") == tuple(3 * x for x in png.size("a.png"))


def test_width():
    """No figure is wider than it may be, whatever has to be pooled for it."""
    write_json("wide.json", {"attention": np.tile(np.eye(100, 600), (3, 1, 1)), "tokens": ["word"] * 600})
    for width in (300, 500, 1200):
        run("wide.json", "-q", "-o", "a.png", "--width", width)
        run("wide.json", "-q", "-o", "b.png", "--width", width, "--dpi-scale", 2)
        a, b = png.size("a.png")[0], png.size("b.png")[0]
        assert a <= width and b <= 2 * width, (width, a, b)


def panels(path):
    """(top, bottom, left, right) of each panel of a picture whose cells are all yellow, in reading order."""
    yellow = near_all(png.read(path), MAPS["viridis"][4])
    yellow[:, -110:] = False  # the top of the colour bar
    def runs(line):
        filled = line.copy()
        filled[1:-1] |= line[:-2] & line[2:]  # the white between cells
        edges = np.flatnonzero(np.diff(np.concatenate([[0], filled.astype(int), [0]])))
        return [(a, b) for a, b in zip(edges[::2], edges[1::2]) if b - a > 5]
    return [(top, bottom, left, right) for top, bottom in runs(yellow.sum(axis=1) > 5)
            for left, right in runs(yellow[top + 1])]


def test_size():
    """A picture has the given size exactly; what is drawn stands in the middle, and as large as fits."""
    for size in ("1920x1080", "1001x777", "600x1100"):
        width, height = map(int, size.split("x"))
        for words in ([], ["--dpi-scale", 2], ["--dpi-scale", 1.3, "--title", "A title"]):
            for sample in ("causal", "sentence", "induction"):
                run(f"{DATA}/{sample}.json", "--size", size, *words, "-q", "-o", "size.png")
                assert png.size("size.png") == (width, height), (size, words, sample)
                ink = (png.read("size.png") < 250).any(axis=2)
                y, x = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
                assert abs((height - 1 - y[-1]) - y[0]) < 16 and abs((width - 1 - x[-1]) - x[0]) < 16, (size, words, sample)
    write_json("six.json", {"attention": np.ones((6, 6))})
    run("six.json", "--size", "1920x1080", "-q", "--annotate=off", "-o", "six.png")
    top, bottom, left, right = panels("six.png")[0]
    assert bottom - top > 900 and abs((bottom - top) - (right - left)) <= 1, (top, bottom)


def test_columns():
    write_json("twelve.json", {"attention": np.ones((12, 5, 5))})
    for columns in (1, 5, 12, 40):
        run("twelve.json", "--columns", columns, "-q", "--annotate=off", "-o", "twelve.png")
        found = panels("twelve.png")
        assert len(found) == 12 and sum(p[0] == found[0][0] for p in found) == min(columns, 12), (columns, found)


def test_overview():
    """144 panels are a few pixels apart, and take the room of the usual width."""
    for n in (7, 12, 37):
        write_json("model.json", {"attention": np.ones((12, 12, n, n))})
        run("model.json", "-q", "--annotate=off", "-o", "model.png")
        found = panels("model.png")
        width, side = png.size("model.png")[0], found[0][1] - found[0][0]
        assert len(found) == 144 and width <= 1240, (n, len(found), width)
        for a, b in zip(found, found[1:]):
            assert a[0] != b[0] or 2 <= b[2] - a[3] <= 5, (a, b)
        assert all(2 <= found[i + 12][0] - found[i][1] <= 5 for i in range(132))
        assert (side + n) * 12 + 44 + width - (found[11][3] - found[0][2]) > 1240, (n, side, width)


# ---- colours ----


def test_colors():
    """Each cell has the colour that the map has for its weight."""
    rng = np.random.default_rng(2)
    board = Board(4, 5)
    weights = rng.permutation(np.repeat(RAMP[0], 4)).reshape(4, 5)
    colors = board.centres(board.draw(weights))
    for i in range(4):
        expect(colors[i], [MAPS["viridis"][int(w * 4)] for w in weights[i]], f"row {i}")
    for name in MAPS:
        board = Board(1, 5, ["--cmap", name])
        expect(board.centres(board.draw(RAMP))[0], MAPS[name], name)


def test_range():
    """--vmin, --vmax and --color-scale, each where its formula puts the colour."""
    v = MAPS["viridis"]
    board = Board(1, 5)
    for words, values, want in (
        ((), RAMP, v),
        (("--vmax", 0.5), RAMP, [v[0], v[2], v[4], v[4], v[4]]),
        (("--vmin", 0.5), RAMP, [v[0], v[0], v[0], v[2], v[4]]),
        (("--vmin", 0.25, "--vmax", 0.75), RAMP, [v[0], v[0], v[2], v[4], v[4]]),
        (("--vmax", 4), RAMP, [v[0], None, None, None, v[1]]),
        (("--color-scale", "sqrt"), [[0, 1 / 16, 1 / 4, 9 / 16, 1]], v),
        (("--color-scale", "log", "--vmin", 1e-4, "--vmax", 1), [[1e-4, 1e-3, 1e-2, 1e-1, 1]], v),
        (("--color-scale", "log", "--vmin", 1e-4, "--vmax", 1), [[0, 1e-5, 1e-2, 1, 1]], [v[0], v[0], v[2], v[4], v[4]]),
    ):
        got = board.centres(board.draw(values, *words))[0]
        expect([g for g, w in zip(got, want) if w], [w for w in want if w], words)


def quantile(rows):
    """The 99.5 % quantile of the cells of rows that see ten keys or more; of all rows where none does."""
    long = [row for row, keys in rows if keys >= 10] or [row for row, _ in rows]
    return float(np.float32(np.quantile(np.concatenate(long).astype(float), 0.995)))


def same_colors(words, automatic, top, more=()):
    """Whether --vmax auto draws as --vmax with that number does."""
    got, want = [], []
    for picture, vmax in ((got, automatic), (want, ["--vmax", repr(top)])):
        run(*words, *vmax, *more, "-q", "--annotate=off", "--format", "none", "-o", "auto.png")
        picture.append(png.read("auto.png"))
    return got[0].shape == want[0].shape and np.array_equal(got[0], want[0])


def test_vmax_auto():
    """--vmax auto is the quantile that NumPy has: of single weights, with and without a mask, of all heads, of scores, and of pooled
    cells where weights are not held."""
    rng = np.random.default_rng(8)
    for n, causal in ((40, True), (40, False), (6, True), (9, False), (150, True)):
        q, k = rng.normal(size=(2, 3, n, 4))
        write_json("auto.json", {"q": q, "k": k, "causal": causal})
        run("auto.json", "-q", "--format", "none", "-o", "auto.npy", "-o", "auto.csv", "--stage", "weights")
        weights = np.load("auto.npy")[0]
        keys = [i + 1 if causal else n for i in range(n)]
        rows = [(head[i, :keys[i]], keys[i]) for head in weights for i in range(n)]
        assert same_colors(["auto.json"], ["--vmax", "auto"], quantile(rows)), (n, causal)
        assert not same_colors(["auto.json"], ["--vmax", "auto"], quantile(rows) * 1.02), "the test sees no difference"
        run("auto.json", "-q", "--stage", "scaled", "--format", "none", "-o", "scores.npy")
        scores = abs(np.load("scores.npy")[0])
        top = quantile([(row, n) for head in scores for row in head])
        assert same_colors(["auto.json", "--stage", "scaled"], ["--vmax", "auto"], top, ["--vmin", repr(-top)]), (n, causal)
    n = 1500
    write_json("long.json", {"q": rng.normal(size=(n, 4)), "k": rng.normal(size=(n, 4)), "causal": True})
    long = ["long.json", "--max-weights", 1000]
    run(*long, "-q", "-o", "pooled.json")
    with open("pooled.json") as f:
        pooled = json.load(f)["pooled"]
    cells = np.array(pooled["weights"], dtype=float)[0, 0]
    step = pooled["keys_per_cell"]
    lasts = [min(n, (i + 1) * pooled["queries_per_cell"]) for i in range(len(cells))]  # the keys that some query of the row sees
    rows = [(row[:-(-last // step)], -(-last // step) * step) for row, last in zip(cells, lasts)]
    assert same_colors(long, ["--vmax", "auto"], quantile(rows))


def test_lines_vmax_auto():
    """Lines end their opacity at the same quantile as colours do."""
    rng = np.random.default_rng(9)
    for n, causal in ((6, True), (24, True), (24, False)):
        q, k = rng.normal(size=(2, 3, n, 4))
        write_json("auto.json", {"q": q, "k": k, "causal": causal})
        run("auto.json", "-q", "--format", "none", "-o", "auto.npy")
        keys = [i + 1 if causal else n for i in range(n)]
        top = quantile([(head[i, :keys[i]], keys[i]) for head in np.load("auto.npy")[0] for i in range(n)])
        words = ["auto.json", "--view", "lines"]
        assert same_colors(words, ["--vmax", "auto"], top), (n, causal)
        assert not same_colors(words, ["--vmax", "auto"], top * 0.9), "the test sees no difference"


def test_long_causal():
    """Even weights of 256 keys are told from 0 by default, and say so below the figure; those of 255 keys and sharp ones keep 0 to 1."""
    for n, sharp, automatic in ((256, False, True), (255, False, False), (300, True, False)):
        q = np.zeros((n, 2)) if not sharp else np.stack([np.cos(np.arange(n) / 9), np.sin(np.arange(n) / 9)], axis=1) * 200
        write_json("long.json", {"q": q, "k": q, "causal": True})
        run("long.json", "-q", "--format", "none", "-o", "long.png", "--cell", 2)
        run("long.json", "-q", "--format", "none", "-o", "one.png", "--cell", 2, "--vmax", 1)
        a, b = png.read("long.png"), png.read("one.png")
        dark = [near_all(picture, MAPS["viridis"][0]).sum() for picture in (a, b)]
        assert a.shape[0] > b.shape[0], "no line below the figure"
        assert (dark[0] < dark[1] / 10) == automatic, (n, dark)


def test_signed():
    """Stages with a sign are centred on 0, which is nearly white."""
    problem = {"q": [[1.0], [-1.0]], "k": [[-2.0], [-1.0], [0.0], [1.0], [2.0]], "scale": 1}
    write_json("signed.json", problem)
    run("signed.json", "--stage", "scaled", "--annotate=off", "-o", "signed.png")
    write_json("turned.json", {**problem, "q": [[-1.0], [1.0]]})
    run("turned.json", "--stage", "scaled", "--annotate=off", "-o", "turned.png")
    a, b = png.read("signed.png"), png.read("turned.png")
    top, bottom, left, right = box(a, b)
    row = [tuple(a[top + (bottom - top) // 4, left + int((j + 0.5) * (right - left) / 5)]) for j in range(5)]
    expect(row, [(5, 48, 97), (107, 172, 209), (247, 247, 247), (228, 128, 102), (103, 0, 31)], "from -2 to 2")


def test_masked():
    """Masked cells have one colour that no weight has, everywhere above the diagonal of a causal picture, and nowhere else."""
    n = 9
    for cmap in MAPS:
        board = Board(n, n, ["--cmap", cmap], {"causal": True})
        colors = board.centres(board.draw(np.tril(np.ones((n, n))) / np.arange(1, n + 1)[:, None]))
        above = {colors[i][j] for i in range(n) for j in range(n) if j > i}
        seen = {colors[i][j] for i in range(n) for j in range(n) if j <= i}
        assert len(above) == 1 and not above & seen, (cmap, above)
        plain = Board(1, 256, ["--cmap", cmap, "--cell", 3])
        ramp = np.array(plain.centres(plain.draw(np.linspace(0, 1, 256)[None])), dtype=int)[0]
        if cmap != "gray":  # a gray ramp has every gray; there the colour has to have a hue
            assert abs(ramp - np.array(list(above)[0])).sum(axis=1).min() > 30, (cmap, above)
        else:
            assert max(list(above)[0]) - min(list(above)[0]) > 30, above


def test_triangle():
    """Given weights that are 0 above the diagonal in all rows, layers and heads are drawn as masked there: single, pooled and in part;
    never with --causal=off, a mask, or one weight above."""
    n = 40
    weights = np.tril(np.ones((2, 3, n, n))) / np.arange(1, n + 1)[:, None]
    above = np.zeros_like(weights)
    above[1, 2, 7, 9] = 1e-30
    for name, extra, value, words, masked in (
            ("triangle", {}, weights, [], True), ("held", {}, weights, ["--max-weights", 10], True),
            ("part", {}, weights, ["--queries", "5:20", "--keys", "0:30"], True),
            ("mean", {}, weights, ["--average", "heads,layers"], True), ("off", {}, weights, ["--causal=off"], False),
            ("told", {"causal": False}, weights, [], False), ("window", {"window": [39, 39]}, weights, [], False),
            ("one", {}, weights + above, [], False), ("scores", {}, weights, ["--stage", "mask"], False)):
        write_json(f"{name}.json", {"attention": value, **extra})
        run(f"{name}.json", *words, "-q", "--format", "none", "-o", f"{name}.png", "-o", f"{name}.out.json")
        grey = near_all(png.read(f"{name}.png"), (230, 230, 230), 0).sum()
        assert (grey > 1000) == masked, (name, grey)
        with open(f"{name}.out.json") as f:
            assert np.all(json.load(f).get("mask", 1)), "the numbers have a mask that nobody gave"
    board = Board(9, 9, (), {"causal": True})  # the same places as with --causal
    tril = np.tril(np.ones((9, 9))) / np.arange(1, 10)[:, None]
    told = board.draw(tril)
    write_json("board.json", {"attention": tril})
    run("board.json", "-q", "-o", "board.png", "--annotate=off")
    guessed = png.read("board.png")
    part = np.s_[board.top:board.bottom, board.left:board.right]
    assert np.array_equal(told[part], guessed[part])


def test_draw_mask():
    """--draw-mask has one colour for what is allowed, that of masked cells for the rest, and no values."""
    for name, words, share in (("window", [], 107 / 289), ("causal", [], 36 / 64), ("cross", ["--window", "1"], 14 / 30)):
        run(f"{DATA}/{name}.json", "--draw-mask", "-q", *words, "-o", "mask.png")
        run(f"{DATA}/{name}.json", "-q", *words, "-o", "weights.png")
        pixels = png.read("mask.png").reshape(-1, 3).astype(int)
        allowed = (pixels == (253, 231, 37)).all(axis=1).sum()
        masked = (pixels == (230, 230, 230)).all(axis=1).sum()
        assert masked > 0 and abs(allowed / (allowed + masked) - share) < 0.01, (name, allowed, masked, share)


def test_weight_under_a_mask():
    """Weights that were given are shown even where a mask forbids the pair."""
    board = Board(2, 2, (), {"mask": [[1, 0], [1, 1]]})
    colors = board.centres(board.draw([[0.5, 0.5], [0, 1]]))
    assert near(colors[0][1], MAPS["viridis"][2]), colors


def test_masked_is_not_zero():
    """A weight of 0 that was allowed has the lowest colour."""
    board = Board(2, 2, (), {"mask": [[1, 0], [1, 1]]})
    colors = board.centres(board.draw([[1, 0], [0, 1]]))
    assert near(colors[1][0], MAPS["viridis"][0]) and not near(colors[0][1], MAPS["viridis"][0], 40), colors


def test_nan():
    """NaN has a colour of its own."""
    board = Board(2, 3, ["--cell", 30])
    picture = board.draw([[1, np.nan, 0], [0, 1, 0]])
    assert picture.shape[0] >= board.shape[0]
    colors = board.centres(picture)
    ramp = Board(1, 256, ["--cell", 3])
    every = np.array(ramp.centres(ramp.draw(np.linspace(0, 1, 256)[None])), dtype=int)[0]
    assert near(colors[0][0], MAPS["viridis"][4]) and near(colors[0][2], MAPS["viridis"][0]), colors
    assert abs(every - np.array(colors[0][1])).sum(axis=1).min() > 60, colors[0][1]


def test_panels():
    """Two heads are two panels side by side, each with its own weights."""
    both = []
    for value in (0.0, 1.0):
        write_json("panels.json", {"attention": np.full((2, 3, 3), value)})
        run("panels.json", "-q", "--annotate=off", "-o", "panels.png")
        both.append(png.read("panels.png"))
    write_json("panels.json", {"attention": np.stack([np.zeros((3, 3)), np.ones((3, 3))])})
    run("panels.json", "-q", "--annotate=off", "-o", "panels.png")
    mixed = png.read("panels.png")
    top, bottom, left, right = box(*both)
    middle, half = (top + bottom) // 2, (left + right) // 2
    assert np.array_equal(mixed[:, :half - 12], both[0][:, :half - 12]), "the first panel is not that of head 0"
    assert np.array_equal(mixed[:, half + 12:], both[1][:, half + 12:]), "the second panel is not that of head 1"
    cell = (right - left) // 14
    row = mixed[middle + cell // 4]
    assert near(row[left + cell], MAPS["viridis"][0]) and near(row[right - cell], MAPS["viridis"][4])


# ---- pooling ----


def test_pooled_diagonal():
    """Of 3000×3000 weights, those on the diagonal are still seen where blocks are pooled to their largest."""
    n, angle = 3000, np.arange(3000) * 2 * np.pi / 3000
    circle = np.round(np.stack([np.cos(angle), np.sin(angle)], axis=1) * 4000, 3)
    aside = np.roll(circle, 2, axis=0)  # query i looks at key i + 2, so that no corner of a block is its largest by chance
    write_json("long.json", {"q": circle, "k": aside, "scale": 1})
    write_json("even.json", {"q": np.zeros((n, 1)), "k": np.zeros((n, 1))})
    run("long.json", "-o", "max.png", "--pool", "max", "-o", "long.npy", "--vmax", 1)
    run("even.json", "-o", "even.png", "--vmax", 1)  # the same colours, and no word of the largest
    run("long.json", "-o", "mean.png", "--pool", "mean", "--vmax", 1)
    weights = np.load("long.npy")[0, 0]
    assert weights.diagonal(2).min() > 0.99, weights.diagonal(2).min()
    high, even, mean = png.read("max.png"), png.read("even.png"), png.read("mean.png")
    top, bottom, left, right = box(high, even)
    side = bottom - top
    assert 200 < side < n and abs(side - (right - left)) <= 2, (side, right - left)
    yellow = (abs(high.astype(int) - MAPS["viridis"][4]) <= 12).all(axis=2)[top:bottom, left:right]
    factor = next(f for f in range(1, n) if -(-n // f) <= side)
    for y in range(side - 4):  # the last two queries look at the first two keys
        assert yellow[y].any(), f"the diagonal is broken at pixel row {y} of {side}"
        assert abs(np.flatnonzero(yellow[y]).mean() - y) <= factor + 2, y
    pale = (abs(mean.astype(int) - MAPS["viridis"][4]) <= 12).all(axis=2)[top:bottom, left:right]
    assert pale.sum() < yellow.sum() / 4, "the mean of a block is as bright as its largest weight"


def test_pooled_mask():
    """A pooled block is masked only where all of it is."""
    n = 2000
    write_json("causal.json", {"q": np.zeros((n, 1)), "k": np.zeros((n, 1)), "causal": True})
    write_json("free.json", {"q": np.zeros((n, 1)), "k": np.zeros((n, 1))})
    run("causal.json", "-o", "causal.png", "--width", 400, "--vmax", 1)
    run("free.json", "-o", "free.png", "--width", 400, "--vmax", 1)
    a, b = png.read("causal.png"), png.read("free.png")
    high, wide = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    dark = near_all(b[:high, :wide], MAPS["viridis"][0])
    y, x = np.flatnonzero(dark.sum(axis=1) > wide // 2), np.flatnonzero(dark.sum(axis=0) > high // 3)
    matrix = a[y[0]:y[-1] + 1, x[0]:x[-1] + 1].astype(int)
    side = len(matrix)
    masked = matrix[side // 8, -side // 8]
    grey = (abs(matrix - masked) <= 2).all(axis=2)
    rows, columns = np.indices(grey.shape)
    apart = (columns - rows * grey.shape[1] / side)
    assert grey[apart > 4].mean() > 0.999 and not grey[apart < -4].any(), (grey[apart > 4].mean(), grey[apart < -4].mean())


def test_label_angle():
    """Level texts stay within their columns and touch none; without a wish they are level where all fit, else turned."""
    def draw(labels, *words):
        n = len(labels)
        write_json("angle.json", {"attention": np.eye(n), "key_tokens": labels, "tokens": ["q"] * n})
        run("angle.json", "-q", "--annotate=off", "-o", "angle.png", *words)
        return png.read("angle.png")
    short, long = list("abc"), ["extraordinarily", "b", "unbelievable"]
    for labels, same, other in ((short, "0", "90"), (long, "90", "0")):
        for words in ([], ["--cell", "40"]):
            plain = draw(labels, *words)
            assert np.array_equal(plain, draw(labels, "--label-angle", "auto", *words)), labels
            assert np.array_equal(plain, draw(labels, "--label-angle", same, *words)), labels
            drawn = draw(labels, "--label-angle", other, *words)
            assert plain.shape != drawn.shape or (plain != drawn).any(), labels
    assert len(draw(long, "--label-angle", "0")) < len(draw(long, "--label-angle", "90")) - 30
    wide = ["W" * (1 + i % 20) for i in range(24)]
    for cell in (36, 40, 8):
        level = draw(wide, "--label-angle", "0", "--cell", cell)
        yellow = near_all(level, MAPS["viridis"][4], 0)
        purple = near_all(level, MAPS["viridis"][0], 0)
        y, x = np.flatnonzero(purple.sum(axis=1) > 20 * cell), np.flatnonzero(purple.sum(axis=0) > 20 * cell)
        assert len(x) >= 24 * (cell - 2) and yellow.any(), (cell, len(x))
        ink = (level[y[-1] + 8:y[-1] + 21, x[0]:x[0] + 24 * cell].min(axis=2) < 200).any(axis=0)
        every = 1 if cell > 30 else 5  # 8 times 5 are the first 30 pixels
        for j in range(0, 24, every):
            middle = int((j + 0.5) * cell)
            half = every * cell // 2
            part = ink[max(middle - half, 0):middle + half]
            assert part.any(), f"column {j} of {cell} pixels has no text"
            assert j == 0 or not ink[middle - half:middle - half + 2].any(), f"the text of column {j} meets the one before it"


def svg_texts(*words):
    """The texts of the SVG of labels.json, in their order; each with the attributes of its group and its own."""
    run("labels.json", "-q", "--annotate=off", "-o", "labels.svg", *words)
    root = xml.etree.ElementTree.parse("labels.svg").getroot()
    return [("".join(text.itertext()), group.attrib | text.attrib, list(text)) for group in root for text in group
            if text.tag.endswith("}text")]


def test_rising():
    """--label-angle 45: texts rise to the right, end beneath their columns, and are nowhere cut."""
    labels = ["incomprehensibilities", "a", "quick", "b", "unbelievable"]
    write_json("labels.json", {"attention": np.eye(5), "key_tokens": labels, "tokens": list("12345")})
    run("labels.json", "-q", "--annotate=off", "--label-angle", "45", "-o", "rising.png")
    texts = svg_texts("--label-angle", "45")
    rising = [(text, at) for text, at, _ in texts if at.get("transform") == "rotate(-45)"]
    assert [text for text, _ in rising] == labels, texts
    picture = png.read("rising.png")
    ink = (picture < 120).all(axis=2)
    assert not ink[:, :8].any() and not ink[-8:].any(), "a text reaches the edge"
    ends = []
    for _, at in rising:
        u, v = float(at["x"]), float(at["y"])
        ends.append(((u + v) / np.sqrt(2), (v - u) / np.sqrt(2)))
    assert np.ptp(np.diff([x for x, _ in ends])) < 0.1 and np.ptp([y for _, y in ends]) < 0.1, ends
    x, y = (int(v) for v in ends[0])
    band = [ink[y + d - 9:y + d + 3, x - d - 3:x - d + 9].any() for d in range(6, 80, 12)]  # along the diagonal of the longest text
    aside = [ink[y + d - 9:y + d + 3, x + 14:x + 22].any() for d in range(34, 80, 12)]
    assert all(band) and not any(aside), (band, aside)


def test_stacked():
    """In turned columns, texts of Chinese, Japanese and Korean stand upright, character beneath character; others are turned."""
    labels = ["\u732B", "\u30B3\u30FC\u30D2\u30FC", "the", "\u6771\u4EAC\u30BF\u30EF\u30FC"]
    write_json("labels.json", {"attention": np.eye(4), "key_tokens": labels, "tokens": list("1234")})
    texts = svg_texts("--cell", 20)
    stacked = {text: [(float(c.attrib["x"]), float(c.attrib["y"])) for c in parts] for text, _, parts in texts if parts}
    assert list(stacked) == ["\u732B", "\u30B3\uFE31\u30D2\uFE31", "\u6771\u4EAC\u30BF\u30EF\uFE31"], texts
    for text, places in stacked.items():
        assert len(places) == len(text) and len({x for x, _ in places}) == 1, places
        assert np.allclose(np.diff([y for _, y in places]), 12), places
    assert [at for text, at, _ in texts if text == "the"][0]["transform"] == "rotate(-90)"
    run("labels.json", "-q", "--annotate=off", "--cell", 20, "-o", "stacked.png")
    picture = png.read("stacked.png")
    for text, places in stacked.items():
        for x, y in places:
            assert (picture[int(y) - 10:int(y) + 2, int(x) - 6:int(x) + 6] < 150).any(), (text, x, y)
    short = [label[0] for label in labels]
    write_json("labels.json", {"attention": np.eye(4), "key_tokens": short, "tokens": list("1234")})
    assert all("transform" not in at and not parts for text, at, parts in svg_texts("--cell", 20) if text in short), "short ones are level"


def test_same_cut():
    """A token that is too long is cut alike beside a row and beneath a column, whatever the shape of cells."""
    labels = ["incomprehensibilities and other words that are long enough to be cut", "b", "\u732B" * 30]
    for rows in (3, 100):
        many = (labels * 34)[:rows]
        write_json("labels.json", {"attention": np.full((rows, 3), 1 / 3), "key_tokens": labels, "tokens": many})
        for words in ([], ["--label-angle", "45"], ["--width", 420]):
            texts = [text.replace("\u22EE", "\u2026") for text, _, _ in svg_texts(*words)]
            cut = {text for text in texts if text.endswith("\u2026") and text[0] in "i\u732B"}
            assert len(cut) == 2, (rows, words, texts)


def test_last_tick():
    """Where numbers are thinned, the last tick has its number, though the one before it may have none."""
    write_json("labels.json", {"attention": np.full((9, 1041), 1 / 1041)})
    texts = [text for text, _, _ in svg_texts("--keys", "1000:1041", "--cell", 2)]
    assert "1040" in texts and "1000" in texts and "1020" not in texts, texts


def near_all(picture, color, room=8):
    return (abs(picture.astype(int) - np.array(color)) <= room).all(axis=2)


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
