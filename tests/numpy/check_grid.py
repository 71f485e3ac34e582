"""
Attention over the patches of a picture: what the figure shows, decoded by tests/numpy/png.py. DATA is the folder of samples. A test
is named on the command line.
"""
import base64
import json
import os
import subprocess
import sys

import numpy as np

import png
from oracle import ATTN, run, write_json

DATA = os.environ["DATA"]
YELLOW = (253, 231, 37)  # the highest colour of viridis
# 16 times 8 pixels, the left half black and the right white.
JPEG = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeX"
    "BkeFxlZ2P/wAALCAAIABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAABwj/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oACAEBAAA/AD9QD//Z")


def picture(*words):
    run(*words, "-q", "-o", "x.png")
    return png.read("x.png").astype(int)


def box(pixels, color):
    """Top, bottom, left and right of the pixels of a colour, the colour bar (the last 78 columns) left out."""
    rows, columns = np.nonzero((pixels[:, :-78] == color).all(axis=-1))
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


def patches(rows, columns, where, first=0, **more):
    """Every query looks at one patch alone."""
    m = rows * columns + first
    attention = np.zeros((m, m))
    attention[:, where + first] = 1
    return {"attention": attention, "grid": [rows, columns], **more}


def test_where():
    """The patch that is looked at stands in its row and column, with and without CLS."""
    for first in (0, 1):
        for where in (0, 7, 11):
            write_json("x.json", patches(3, 4, where, first))
            pixels = picture("x.json", "--cell", "40", "--look-from", "mean")
            write_json("all.json", {**patches(3, 4, 0, first), "attention": np.ones((12 + first, 12 + first))})
            top, bottom, left, right = box(picture("all.json", "--cell", "40", "--look-from", "mean"), YELLOW)
            assert abs(bottom - top - 120) <= 1 and abs(right - left - 160) <= 1
            y, _, x, _ = box(pixels, YELLOW)
            assert divmod(where, 4) == ((y - top) // 40, (x - left) // 40), f"{first} {where}"


def test_query():
    """--look-from takes the row of that query; CLS is the default where there is one."""
    attention = np.zeros((5, 5))
    attention[0, 1] = attention[3, 4] = 1
    attention[[1, 2, 4], 2] = 1
    write_json("x.json", {"attention": attention, "grid": [2, 2]})
    shown = {words: box(picture("x.json", "--cell", "150", *words.split()), YELLOW)[::2] for words in ("", "--look-from 3", "--look-from 1")}
    (y, x), (y3, x3), (y1, x1) = shown.values()
    assert y3 - y == 150 and x3 - x == 150 and y1 == y and x1 - x == 150, shown


def test_mask():
    """bug: the mask over a grid was on the scale of the weights, and the mean of masks was all or nothing"""
    mask = np.tril(np.ones((4, 4)))  # patch j is seen by 4 - j of 4 queries
    write_json("x.json", {"attention": mask / mask.sum(axis=1)[:, None], "mask": mask, "grid": [1, 4]})
    words = ["--draw-mask", "--cell", "100", "--look-from"]
    mean, one = picture("x.json", *words, "mean"), picture("x.json", *words, "2")

    def row(pixels):
        rows, columns = np.nonzero((pixels == YELLOW).all(axis=-1))
        at = columns[columns < pixels.shape[1] // 2].min()
        return [tuple(pixels[rows.max() - 10, at + 100 * j + 20]) for j in range(4)]

    for got, want in zip(row(mean), [YELLOW, (94, 201, 98), (33, 145, 140), (59, 82, 139)]):
        assert max(abs(np.array(got) - want)) <= 3, row(mean)
    assert row(one) == [YELLOW] * 3 + [(230, 230, 230)], row(one)


def test_lit():
    """bug: what was looked at was hidden beneath the colour of the largest weight, and the rest took the hue of the lowest"""
    size = 100
    with open("halves.jpg", "wb") as f:
        f.write(base64.b64decode(JPEG))
    shown = []
    for where in range(2):
        write_json("x.json", patches(2, 4, 3 * where))
        shown.append(picture("x.json", "--cell", str(size), "--look-from", "mean", "--image", "halves.jpg"))
    one, two = shown
    rows, columns = np.nonzero((one != two).any(axis=-1))
    y, x = rows.min() + 20, columns.min() + 20
    lit, dark = one[y, x], two[y, x]  # of the black half
    bright, dim = two[y, x + 3 * size], one[y, x + 3 * size]  # of the white half
    assert lit.min() > dark.max() + 50 and bright.min() > dim.max() + 50, (lit, dark, bright, dim)
    assert (bright - lit).min() > 60, "the picture is not seen where it is looked at"
    assert np.ptp(dim) < 25 and np.ptp(dark) < 25, ("what is not looked at has another hue", dim, dark)


def test_image():
    """What lies beneath shines through, from PNG and from JPEG."""
    with open("halves.jpg", "wb") as f:
        f.write(base64.b64decode(JPEG))
    for first in (0, 1):
        write_json("x.json", patches(2, 4, 3, first))
        pixels = picture("x.json", "--cell", "40", "--image", "halves.jpg", "--look-from", "mean")
        middle = pixels[pixels.shape[0] // 2 + 12]  # the lower row, where nobody looks
        gray = middle.sum(axis=-1)
        left = np.flatnonzero(gray < 700).min() + 20
        dark, light = gray[left + 20], gray[left + 100]
        assert light - dark > 150, (dark, light)


def test_beside():
    """The image stands untouched at the left of the panels over it, and the bar has the colours that cells have over its mean."""
    image = png.read(DATA + "/patches.png").astype(int)
    high, wide, _ = image.shape
    cell = wide // 12
    assert (high, wide) == (8 * cell, 12 * cell), "shown at its own size it is not blurred"
    over = picture(DATA + "/patches.json", "--look-from", "50", "--head", "1", "--cell", str(cell), "--image", DATA + "/patches.png").astype(int)
    starts = [(y, x) for y in range(over.shape[0] - high) for x in range(over.shape[1] - wide)
              if (over[y, x:x + 40] == image[0, :40]).all() and (over[y:y + high, x:x + wide] == image).all()]
    assert len(starts) == 1, starts
    top, left = starts[0]
    gray = (image @ [299, 587, 114] + 500) // 1000
    pale = gray[..., None] + np.trunc((image - gray[..., None]) * 0.6)
    panel = next(over[top:top + high, x:x + wide] for x in range(left + wide, over.shape[1] - wide)  # beneath the lowest colour
                 if abs(over[top, x:x + 40] - pale[0, :40] * (1 - 150 / 255)).max() < 3)
    mean = pale.mean(axis=(0, 1))
    low = mean * (1 - 150 / 255)  # magma begins black
    assert (abs(over[:, left + 2 * wide + 40:] - low).max(axis=2) <= 5).any(), low
    assert abs(panel - image).max() > 100


def test_pipe():
    """The grid is in the JSON, and the JSON draws the same picture."""
    words = [DATA + "/patches.json", "-q"]
    text = run(*words, "-o", "-").stdout
    run(*words, "-o", "a.png")
    done = subprocess.run([ATTN, "run", "-", "-q", "-o", "b.png"], input=text, capture_output=True)
    assert done.returncode == 0, done.stderr
    with open("a.png", "rb") as a, open("b.png", "rb") as b:
        assert a.read() == b.read()


def test_broken_pictures():
    """Cut off or changed anywhere, a picture is read or refused with one line and status 3."""
    with open(DATA + "/patches.png", "rb") as f:
        good = {"png": f.read(), "jpg": base64.b64decode(JPEG)}
    write_json("x.json", patches(2, 4, 3))
    rng = np.random.default_rng(5)
    for kind, data in good.items():
        broken = [data[:n] for n in np.linspace(1, len(data) - 1, 20, dtype=int)]
        for at in rng.integers(8, len(data), 40):
            broken.append(data[:at] + bytes([rng.integers(256)]) + data[at + 1:])
        for bad in broken:
            with open("bad", "wb") as f:
                f.write(bad)
            done = subprocess.run([ATTN, "run", "x.json", "--image", "bad", "-q", "-o", "x.png"], capture_output=True)
            lines = done.stderr.splitlines()
            assert done.returncode == 0 or done.returncode == 3 and len(lines) == 1 and b"bad" in lines[0], (kind, done)
        with open("bad", "wb") as f:
            f.write(data[:len(data) // 2])
        cut = subprocess.run([ATTN, "run", "x.json", "--image", "bad", "-q", "-o", "x.png"], capture_output=True)
        assert cut.returncode == 3, kind



def place_of(pixels, corner, columns, cell=40):
    """The number of the patch that is yellow, by its distance from the first patch, whose corner is known."""
    y, _, x, _ = box(pixels, YELLOW)
    return (y - corner[0]) // cell * columns + (x - corner[1]) // cell


def corner_of(rows, columns, *words):
    """Where the first patch is drawn, of an input that is all yellow; titles must be as in the picture that is measured."""
    top, _, left, _ = box(picture(*words), YELLOW)
    return top, left


def test_offset():
    """Patches begin at grid_offset, at --keys if they are as many, or are the last."""
    rows, columns, n = 2, 3, 6
    for before, after in (0, 0), (1, 0), (5, 0), (3, 4), (0, 2):
        m = before + n + after
        for where in (0, 4, 5):
            attention = np.zeros((1, m))
            attention[0, before + where] = 1
            grid = {"attention": attention, "grid": [rows, columns]}
            write_json("x.json", grid)
            write_json("y.json", {**grid, "grid_offset": before})
            write_json("all.json", {**grid, "attention": np.ones((1, m)), "grid_offset": before})
            draw = ["--cell", "40", "--title", " "]
            corner = corner_of(rows, columns, "all.json", *draw)
            ways = [["x.json", "--grid-offset", before], ["y.json"], ["x.json", "--keys", f"{before}:{before + n}"],
                    ["y.json", "--grid-axis", "keys"], ["y.json", "--keys", f"{before}:"]]
            ways += [["x.json"], ["x.json", "--keys", f"{before}:"]] if after == 0 else []
            for way in ways:
                assert place_of(picture(*map(str, way), *draw), corner, columns) == where, (before, after, where, way)


def test_look_at():
    """Where queries are patches, a map shows their weights on a key, named by its number or token."""
    rows, columns = 3, 2
    for before, after in (0, 0), (2, 0), (1, 1):
        n = before + 6 + after
        attention = np.zeros((n, 4))
        attention[:, 0] = 1
        for key, where in ((1, 0), (2, 3), (3, 5)):
            attention[before + where] = np.eye(4)[key]
        side = {"tokens": [f"p{i}" for i in range(n)], "key_tokens": ["<s>", "a", "cat", "3x"], "grid": [rows, columns]}
        write_json("x.json", {"attention": attention, "grid_offset": before, **side})
        write_json("all.json", {"attention": np.ones((n, 4)), "grid_offset": before, **side})
        draw = ["--cell", "40", "--title", " "]
        for at, where in (("1", 0), ("a", 0), ("cat", 3), ("2", 3), ("3x", 5)):
            corner = corner_of(rows, columns, "all.json", *draw, "--look-at", at)
            assert place_of(picture("x.json", *draw, "--look-at", at), corner, columns) == where, (before, at)
        assert place_of(picture("x.json", *draw, "--keys", "2"), corner, columns) == 3
        # A map for each key: key 0 has the three patches that look at nothing else, the others one each.
        yellow = (picture("x.json", *draw) == YELLOW).all(axis=-1)[:, :-78].sum()
        assert abs(yellow - 6 * 40 * 40) < 6 * 40 * 4, (before, yellow)


def test_sides():
    """The keys are the patches if there are enough of them, else the queries; grid_axis says otherwise."""
    draw = ["--cell", "40"]
    for n, m, axis, side in ((6, 6, None, "keys"), (6, 5, None, "queries"), (5, 6, None, "keys"), (6, 6, "queries", "queries"),
                             (9, 7, "queries", "queries"), (9, 7, "keys", "keys"), (9, 7, "auto", "keys")):
        more = {} if axis is None else {"grid_axis": axis}
        write_json("x.json", {"attention": np.full((n, m), 1 / m), "grid": [2, 3], **more})
        got = json.loads(run("x.json", "-q", "-o", "-").stdout)
        assert got["grid"] == [2, 3] and got["grid_axis"] == side and got["grid_offset"] == (m if side == "keys" else n) - 6
        picture("x.json", *draw, "--look-at" if side == "queries" else "--look-from", "0")


def test_part():
    """A part of the tokens that has all patches goes through a pipe, and says where they are; one that has not has no grid."""
    rng = np.random.default_rng(9)
    attention = rng.random((8, 9))
    write_json("x.json", {"attention": attention / attention.sum(axis=1, keepdims=True), "grid": [2, 3], "grid_offset": 2})
    for words, want in ((["--keys", "1:9"], 1), (["--keys", "2:8"], 0), (["--keys", "3:9"], None), (["--queries", "2:5"], 2),
                        (["--grid-axis", "queries", "--queries", "1:8"], 1), (["--grid-axis", "queries", "--queries", "3:8"], None)):
        got = json.loads(run("x.json", *words, "-q", "-o", "-", "-o", "a.png").stdout)
        assert got.get("grid_offset") == want and ("grid" in got) == (want is not None), words
        write_json("y.json", got)
        run("y.json", "-q", "-o", "b.png")
        if want is not None and words[0] != "--queries":  # its title says that the mean is over some
            assert np.array_equal(png.read("a.png"), png.read("b.png")), words


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
