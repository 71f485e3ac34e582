"""
Attention over the patches of a picture: what the figure shows, decoded by tests/png.py. DATA is the folder of samples. A test
is named on the command line.
"""
import base64
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


def test_image():
    """What lies beneath shines through, from PNG and from JPEG."""
    with open("halves.jpg", "wb") as f:
        f.write(base64.b64decode(JPEG))
    for first in (0, 1):
        write_json("x.json", patches(2, 4, 3, first))
        pixels = picture("x.json", "--cell", "40", "--image", "halves.jpg", "--look-from", "mean")
        middle = pixels[pixels.shape[0] // 2 + 12]  # the lower row, where nobody looks
        gray = middle.sum(axis=-1)
        inside = gray[(gray > 60) & (gray < 700)]
        dark, light = np.percentile(inside, 20), np.percentile(inside, 80)
        assert light - dark > 150, (dark, light)
    bare = picture(DATA + "/patches.json", "--look-from", "mean")
    over = picture(DATA + "/patches.json", "--look-from", "mean", "--image", DATA + "/patches.png")
    top, bottom, left, right = box(bare, YELLOW)
    y, x = (top + bottom) // 2, (left + right) // 2
    assert over.shape == bare.shape and tuple(over[y, x]) != YELLOW and over[y, x, 1] > over[y, left // 2 + 30, 1]


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


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
