"""Checks of --font, with fonts made for it: python3 check_font.py NAME runs test_NAME in a folder of its own.

The program is $ATTN. A hostile font ends in an error line that names it, never in a signal.
"""
import json
import os
import random
import struct
import subprocess
import sys

import numpy as np

import font_files
import png


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def write_labels(path, labels, **more):
    n = len(labels)
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"attention": np.eye(n).tolist(), "tokens": labels} | more, f)


def attn(*words):
    return subprocess.run([os.environ["ATTN"], *map(str, words)], capture_output=True, text=True, check=False)


def draw(*words):
    """The picture of x.json, which must be drawn without a word."""
    done = attn("run", "x.json", "--annotate=off", "--format", "none", "-o", "x.png", *words)
    assert done.returncode == 0 and done.stderr == "", done
    return png.read("x.png")


def ink(picture, color=(0x22, 0x22, 0x22)):
    return (picture == np.array(color)).all(axis=2)


def test_glyphs():
    """The letters of the user's font stand where their outlines say: a square, and a rectangle as wide as its advance says."""
    write("h.ttf", font_files.hindi())
    write_labels("x.json", ["\u0928", "\u092E\u0928", "b"])
    without = attn("run", "x.json", "--format", "none", "-o", "without.png")
    assert "no glyph for 2 characters" in without.stderr, without.stderr
    picture = draw("--font", "h.ttf", "--dpi-scale", 4)
    size = 12 * 4
    wide, square, between = round(1.8 * size), round(0.8 * size), round(0.2 * size)
    found = set()
    for row in ink(picture):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row, [0]]).astype(int)))
        lengths = tuple(np.diff(edges))
        found |= {lengths[i:i + 3] for i in range(0, len(lengths) - 2, 2)}
    assert any(max(abs(np.array(three) - (wide, between, square))) <= 2 for three in found), found


def test_plain_stays():
    """A picture whose labels are Latin has the bytes that it has without the font, though the font has all of them."""
    write("l.ttf", font_files.font([(None, 1000, None)] + [(c, 700, font_files.SQUARE) for c in range(32, 127)]))
    write_labels("x.json", ["the", "cat", "\u00e9t\u00e9"], title="A cat")
    assert np.array_equal(draw(), draw("--font", "l.ttf"))


def test_colors():
    """A picture in colour of the font is in colour in the PNG, level and turned."""
    write("e.ttf", font_files.emoji())
    write_labels("x.json", ["\U0001F680", "b"])
    for words in ([], ["--label-angle", "90"]):
        picture = draw("--font", "e.ttf", "--dpi-scale", 2, *words)
        red, blue = ink(picture, (255, 0, 0)), ink(picture, (0, 0, 255))
        assert red.sum() > 2 * 150 and blue.sum() > 2 * 50, (red.sum(), blue.sum())
        y, x = np.nonzero(red)
        v, u = np.nonzero(blue)
        assert y.min() < v.min() and x.min() < u.min() and y.max() > v.max() and x.max() > u.max()


def test_svg():
    """Texts stay texts; the font is named where it is used alone, in a span where a part of a text is in it."""
    write("e.ttf", font_files.emoji())
    write("h.ttf", font_files.hindi(name=font_files.table_name("Te'st <&\" Boxes")))
    write_labels("x.json", ["\u0928", "go \U0001F680 up", "b"])
    for font, wanted in (("h.ttf", "font-family=\"'Test  Boxes', DejaVu Sans, Verdana, Noto Sans, WenQuanYi Micro Hei, Arial, "
                                   "sans-serif\">\u0928</text>"),
                         ("e.ttf", ">go <tspan font-family=\"'Test Emoji', DejaVu Sans, Verdana, Noto Sans, WenQuanYi Micro Hei, "
                                   "Arial, sans-serif\">\U0001F680</tspan> up</text>")):
        done = attn("run", "x.json", "--font", font, "--format", "none", "-o", "x.svg")
        assert done.returncode == 0 and done.stderr == "", done
        with open("x.svg", encoding="utf-8") as f:
            text = f.read()
        assert text.count(wanted) == 2, text
        assert text.count("<tspan") == (2 if font == "e.ttf" else 0)


def test_missing():
    """What the font has is not said to be missing; what it lacks is."""
    write("h.ttf", font_files.hindi())
    write_labels("x.json", ["\u0928", "\u092E", "\u0E01"])
    done = attn("run", "x.json", "--font", "h.ttf", "--format", "none", "-o", "x.png")
    assert done.stderr == ("attn: warning: the fonts have no glyph for 1 character, drawn as a box of hexadecimal code: U+0E01\n"), done


def test_commands():
    """Every command that draws takes the font, and draws other pictures with it."""
    write("h.ttf", font_files.hindi())
    write_labels("x.json", ["\u0928", "\u092E", "b"])
    write_labels("y.json", ["\u0928", "\u092E", "c"])
    with open("qk.json", "w", encoding="utf-8") as f:
        json.dump({"q": np.eye(3).tolist(), "k": np.eye(3).tolist(), "v": np.eye(3).tolist(), "tokens": ["\u0928", "\u092E", "b"]}, f)
    for words in (["run", "x.json", "--format", "none"], ["run", "qk.json", "--steps", "--format", "none"],
                  ["run", "x.json", "--view", "lines", "--format", "none"], ["rollout", "x.json"], ["diff", "x.json", "y.json"],
                  ["explain", "qk.json"], ["explain", "qk.json", "--sweep", "scale=0:2"]):
        for ending in ("png", "svg"):
            pictures = []
            for font in ([], ["--font", "h.ttf"]):
                done = attn(*words, "-q" if "run" in words or "rollout" in words else "--threads=1", *font, "-o", f"a.{ending}")
                assert done.returncode == 0, (words, done)
                with open(f"a.{ending}", "rb") as f:
                    pictures.append(f.read())
            assert pictures[0] != pictures[1], (words, ending)
    done = attn("stats", "x.json", "--font", "none.ttf", "-o", "a.png")
    assert done.returncode == 1 and "none.ttf" in done.stderr, done


def refused(path, *expected):
    done = attn("run", "x.json", "--font", path, "--format", "none", "-o", "x.png")
    assert done.returncode in (1, 3), (path, done)
    assert done.stderr.startswith(f"attn: {path}: ") and done.stderr.count("\n") == 1, (path, done.stderr)
    assert all(word in done.stderr for word in expected), (path, done.stderr)
    assert not os.path.exists("x.png"), path


def test_hostile():
    """Fonts that are none, or broken: an error line that names the file and what was expected, no picture, and no signal."""
    write_labels("x.json", ["\u0928", "\u092E"])
    whole = font_files.hindi()
    for name, data in (("empty.ttf", b""), ("text.ttf", b"not a font at all, only words"), ("png.ttf", b"\x89PNG\r\n\x1a\n" + bytes(99)),
                       ("woff.ttf", b"wOFF" + whole[4:])):
        write(name, data)
        refused(name, "expected a TrueType or OpenType font (TTF, OTF or TTC)")
    for name, data in (("head.ttf", whole[:12]), ("zeros.ttf", whole[:12] + bytes(len(whole) - 12)), ("half.ttf", whole[:200]),
                       ("ttc.ttc", b"ttcf" + struct.pack(">III", 0x10000, 0xFFFFFFFF, 12))):
        write(name, data)
        refused(name, "expected a sound TrueType or OpenType font")
    huge = font_files.font([(None, 16, None), (0x928, 16, (-16000, -16000, 16000, 16000))] + font_files.HINDI[3:], em=16)
    write("huge.ttf", huge)
    refused("huge.ttf", "glyph 1", "expected")
    colr, cpal = font_files.tables_colr(1, [], [(1, 2, 3)])
    write("gradients.ttf", font_files.font(font_files.HINDI, COLR=b"\0\1\0\0" + colr[4:] + bytes(20), CPAL=cpal))
    refused("gradients.ttf", "COLR, version 1")
    write("bare.ttf", font_files.font(font_files.HINDI[:1]))
    done = attn("run", "x.json", "--font", "bare.ttf", "--format", "none", "-o", "x.png")
    assert done.returncode == 0 and "no glyph for 2 characters" in done.stderr, done


def test_garbage():
    """A sound font with some bytes changed, or cut anywhere, is drawn or refused in one line."""
    write_labels("x.json", ["\u0928\u092E", "\U0001F680"])
    chance = random.Random(7)
    for whole in (font_files.hindi(), font_files.emoji()):
        for i in range(120):
            data = bytearray(whole[:chance.randrange(12, len(whole))] if i % 3 == 0 else whole)
            for _ in range(chance.randrange(1, 9)):
                data[chance.randrange(4, len(data))] = chance.randrange(256)
            write("g.ttf", data)
            done = attn("run", "x.json", "-q", "--font", "g.ttf", "--format", "none", "-o", "g.png")
            assert done.returncode in (0, 3), (i, done)
            assert done.returncode == 0 or (done.stderr.startswith("attn: g.ttf: ") and done.stderr.count("\n") == 1), (i, done)


def test_system():
    """Fonts of the system, where there are any of these: Devanagari joins its letters, Thai stacks its marks, emoji have colours."""
    found = 0
    for family, text, colored in (("Lohit Devanagari", "\u0915\u094D\u0937", False), ("Loma", "\u0E17\u0E35\u0E48", False),
                                  ("Noto Color Emoji", "\U0001F3C3\U0001F3FD\u200D\u2642\uFE0F", True)):
        try:
            told = subprocess.run(["fc-match", "-f", "%{family}\n%{file}", family], capture_output=True, text=True, check=False).stdout
        except OSError:
            told = ""
        if not told.startswith(family):
            print(f"# skipped: {family} is not installed")
            continue
        found += 1
        write_labels("x.json", [text, "b"])
        picture = draw("--font", told.split("\n")[1], "--dpi-scale", 2)
        write_labels("x.json", [text[0], "b"])
        single = draw("--font", told.split("\n")[1], "--dpi-scale", 2)
        assert abs(picture.shape[1] - single.shape[1]) < 24, "the characters stand beside each other"
        grey = (picture.max(axis=2).astype(int) - picture.min(axis=2) < 8)[-90:]  # below the matrix and the colour bar
        assert grey.all() != colored, family
    return 0 if found else 77


if __name__ == "__main__":
    sys.exit(globals()["test_" + sys.argv[1]]() or 0)
