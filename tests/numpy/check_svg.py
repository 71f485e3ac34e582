"""
SVG against the PNG of the same figure, and as XML. A test is named on the command line; DATA in the environment is the folder
of the samples. rsvg-convert makes pixels of it, and Chromium where it is installed (else a test ends with 77).
"""
import glob
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree
from xml.parsers import expat

import numpy as np

import png
from oracle import run, write_json

DATA = os.environ.get("DATA", "data")
SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
ATTRIBUTES = {
    "title": set(),
    "desc": set(),
    "svg": {"width", "height", "viewBox", "font-family"},
    "g": {"id", "stroke", "stroke-width", "shape-rendering", "font-size", "text-anchor", "fill", "transform"},
    "path": {"stroke-opacity", "fill", "fill-opacity", "d"},
    "text": {"x", "y", "direction", "text-anchor", "{http://www.w3.org/XML/1998/namespace}space"},
    "tspan": {"x", "y", "font-family"},
    "image": {"x", "y", "width", "height", "preserveAspectRatio", HREF},
    "use": {"x", "y", HREF},
}


def inert(path):
    """The root of a file that is strict XML 1.0, of the elements and attributes above alone, and of no address outside."""
    with open(path, "rb") as f:
        data = f.read()
    data.decode("utf-8")
    parser = expat.ParserCreate()
    parser.Parse(data, True)
    assert b"<!DOCTYPE" not in data and b"<![CDATA[" not in data and data.count(b"<?") == 1
    root = tree.fromstring(data)
    for element in root.iter():
        assert element.tag.startswith(SVG), element.tag
        name = element.tag[len(SVG):]
        assert name in ATTRIBUTES and set(element.attrib) <= ATTRIBUTES[name], f"{name}: {element.attrib}"
        href = element.get(HREF, "#image1")
        assert re.fullmatch(r"#image\d+|data:image/png;base64,[A-Za-z0-9+/]+=*", href), href[:80]
        assert len(href) <= 1_000_000, "longer than what librsvg reads"
    return root


def texts(root):
    return ["".join(element.itertext()) for element in root.iter(SVG + "text")]


def draw(stem, *words):
    """Both pictures; the pixels of the PNG, and the root of the SVG."""
    run(*words, "-q", "--format", "none", "-o", f"{stem}.png", "-o", f"{stem}.svg")
    return pixels_of(f"{stem}.png"), inert(f"{stem}.svg")


def pixels_of(path):
    """The pixels of a PNG of another program, by the project's own reader where it is there: NumPy takes long for filters."""
    reader = os.environ.get("READ_IMAGE")
    if not reader:
        return png.read(path)
    done = subprocess.run([reader, path, str(1 << 26), str(1 << 20)], check=True, capture_output=True)
    size, _, data = done.stdout.partition(b"\n")
    width, height = map(int, size.split())
    return np.frombuffer(data, dtype=np.uint8).reshape(height, width, 3)


def rsvg(stem, zoom=1):
    subprocess.run(["rsvg-convert", f"--zoom={zoom}", "-o", f"{stem}.rsvg.png", f"{stem}.svg"], check=True)
    return pixels_of(f"{stem}.rsvg.png")


def chromium(stem, width, height):
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        sys.exit(77)
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run([program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}",
                        f"--screenshot={os.path.abspath(stem)}.chromium.png", f"--window-size={width},{height}",
                        f"file://{os.path.abspath(stem)}.svg"], check=True, capture_output=True, timeout=120)
    return pixels_of(f"{stem}.chromium.png")[:height, :width]


def weights(heads, n, seed=1, causal=False, spread=2):
    rng = np.random.default_rng(seed)
    e = np.exp(rng.normal(0, spread, (heads, n, n))) * (np.tri(n) if causal else 1)
    return e / e.sum(axis=-1, keepdims=True)


def cells(stem, words, n, m, heads=1, causal=False):
    """The pixels that are cells: those that change where every weight does. Without numbers in them."""
    seen = np.tri(n, m) if causal else np.ones((n, m))
    pictures = []
    for value in (0.6, 1.0):
        write_json("mask.json", {"attention": np.broadcast_to(seen * value, (heads, n, m)), "causal": causal})
        pictures.append(pixels_of(run_to(stem, *words)))
    return (pictures[0] != pictures[1]).any(axis=2)


def run_to(stem, *words):
    run("mask.json", *words, "-q", "--format", "none", "-o", f"{stem}.mask.png")
    return f"{stem}.mask.png"


# ---- tests ----


def test_xml():
    """Every kind of picture is strict XML, and holds nothing but shapes, texts and images of its own."""
    for name in ("sentence", "causal", "cross", "projections", "induction", "sinusoidal", "window", "grouped"):
        root = draw(name, f"{DATA}/{name}.json")[1]
        assert texts(root)
        subprocess.run(["xmllint", "--noout", f"{name}.svg"], check=True) if shutil.which("xmllint") else None
    for stage in ("scores", "masked", "output", "q", "mask"):
        draw(stage, f"{DATA}/causal.json", "--stage", stage)
    draw("patches", f"{DATA}/patches.json", "--image", f"{DATA}/patches.png", "--look-from", "50")
    for words in (["stats", f"{DATA}/induction.json"], ["stats", f"{DATA}/induction.json", "--similar"],
                  ["diff", f"{DATA}/causal.json", "--against", "--window 1,0"],
                  ["rollout", f"{DATA}/induction.json"]):
        subprocess.run([os.environ.get("ATTN", "attn"), *words, "-q", "-o", f"{words[0]}.svg"], check=True)
        assert texts(inert(f"{words[0]}.svg")), words


def test_pixels():
    """The cells are those of the PNG, pixel by pixel: few, many, with gaps and without, masked, scaled, and as an image."""
    cases = [(3, 6, False, []), (2, 37, True, []), (12, 37, True, []), (1, 60, False, ["--cell", "7"]), (2, 30, True, ["--cell", "25"]),
             (1, 150, False, []), (2, 37, True, ["--dpi-scale", "2"]), (1, 300, True, ["--dpi-scale", "3"]), (9, 90, True, ["--width", "500"])]
    for heads, n, causal, words in cases:
        words = [*words, "--annotate=off"]
        write_json("x.json", {"attention": weights(heads, n, causal=causal), "causal": causal})
        want, root = draw("x", "x.json", *words)
        zoom = int(words[words.index("--dpi-scale") + 1]) if "--dpi-scale" in words else 1
        size = float(root.get("width")) * zoom, float(root.get("height")) * zoom
        assert size == (want.shape[1], want.shape[0]), (size, want.shape)
        where = cells("x", words, n, n, heads, causal)
        assert where.sum() > heads * n
        got = rsvg("x", zoom)
        assert got.shape == want.shape, (got.shape, want.shape)
        where = np.pad(where, [(0, got.shape[axis] - where.shape[axis]) for axis in (0, 1)])  # a line below says how dark it is
        # A PNG whose palette lacks room for all colours of the map has every other one; neighbours differ by 4 of 255 at most.
        apart = np.abs(got[where].astype(int) - want[where])
        many = len(np.unique(got[where], axis=0)) > 90  # beside 128 of the bar and the greys of letters
        assert apart.max() <= (4 if many else 0), (heads, n, words, apart.max())
        count, images = heads * n * n, len(list(root.iter(SVG + "image")))
        assert images == (count > 20000) or words[0] == "--width", (count, images)
        assert ("an image of" in open("x.svg", encoding="utf-8").read()) == (images > 0)


def test_shapes():
    """So are frames, bars and ticks: what is no text is the same everywhere."""
    write_json("x.json", {"attention": weights(2, 40)})
    want, _ = draw("x", "x.json", "--annotate=off")
    text = open("x.svg", encoding="utf-8").read()
    with open("x.svg", "w", encoding="utf-8") as f:
        f.write(re.sub(r"<text.*?</text>", "", text))
    got = rsvg("x")
    off = (got != want).any(axis=2)
    lettered = (want.max(axis=2) < 250) & (got.min(axis=2) == 255)  # what is missing is ink over white
    assert (off <= lettered).all() and lettered.any(), (off & ~lettered).sum()


def test_lines():
    """Lines are those of the PNG: librsvg smooths their edges a little differently."""
    write_json("x.json", {"attention": weights(12, 40)})
    for words in ([f"{DATA}/sentence.json"], [f"{DATA}/causal.json", "--query", "5"], [f"{DATA}/induction.json"], ["x.json", "--query", "7"]):
        want, root = draw("x", *words, "--view", "lines")
        assert any("stroke-opacity" in e.attrib for e in root.iter(SVG + "path"))
        text = open("x.svg", encoding="utf-8").read()
        with open("x.svg", "w", encoding="utf-8") as f:
            f.write(re.sub(r"<text.*?</text>", "", text))
        got = rsvg("x")
        off = abs(got.astype(int) - want.astype(int)).max(axis=2)
        lettered = (want.max(axis=2) < 250) & (got.min(axis=2) > 190)
        assert ((off > 60) & ~lettered).mean() < 1e-4 and off[~lettered].mean() < 1, (words, ((off > 60) & ~lettered).mean())


def test_steps():
    """A figure of steps, its cells and its bars: nowhere do most pixels of a few differ, as where a shape covers others."""
    for name, words in (("causal", ["--steps"]), ("cross", ["--steps"]), ("grouped", ["--stage", "k", "--stage", "weights"]),
                        ("induction", ["--stage", "weights", "--stage", "mask"])):
        want = draw("x", f"{DATA}/{name}.json", *words)[0].astype(int)
        got = rsvg("x").astype(int)
        assert got.shape == want.shape, (name, got.shape, want.shape)
        differs = abs(got - want).max(axis=2) > 60
        for y in range(0, len(differs) - 8, 4):
            rows = differs[y:y + 8].mean(axis=0)
            shares = np.convolve(rows, np.ones(8) / 8, "valid")
            assert shares.max() < 0.7, f"{name} {words}: at {shares.argmax()}, {y}"


def test_veil():
    """Cells over an image, and the image beneath, are those of the PNG; the same image is there once, and once untouched."""
    want, root = draw("patches", f"{DATA}/patches.json", "--image", f"{DATA}/patches.png", "--look-from", "50", "--annotate=off")
    got = rsvg("patches")
    off = abs(got.astype(int) - want.astype(int)).max(axis=2)
    assert len(list(root.iter(SVG + "image"))) == 2 and len(list(root.iter(SVG + "use"))) == 1
    strong = (want.max(axis=2) < 240) & (off > 3)
    assert strong.mean() < 0.02, strong.mean()  # letters alone


def test_long_image():
    """An image of more bytes than an attribute may have is cut into strips, which show the same."""
    rng = np.random.default_rng(2)
    noise = rng.integers(0, 256, (1900, 1900, 3), dtype=np.uint8)
    raw = b"".join(b"\0" + row.tobytes() for row in noise)
    pack_rgb("noise.png", noise, raw)
    write_json("x.json", {"attention": weights(1, 4)[:, :, :], "grid": [2, 2]})
    words = ("x.json", "--image", "noise.png", "--look-from", "0", "--cell", "1000", "--annotate=off")
    want, root = draw("x", *words)
    assert len(list(root.iter(SVG + "image"))) > 10, len(list(root.iter(SVG + "image")))
    off = abs(rsvg("x").astype(int) - want.astype(int)).max(axis=2)
    assert (off > 3).mean() < 0.02, (off > 3).mean()


def pack_rgb(path, pixels, raw):
    import zlib
    head = pixels.shape[1].to_bytes(4, "big") + pixels.shape[0].to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n")
        for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(raw, 1)), (b"IEND", b"")):
            f.write(len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big"))


def test_chromium():
    """Chromium shows the cells of the PNG, as shapes and as an image."""
    for n, words in ((6, []), (37, []), (150, [])):
        words = [*words, "--annotate=off"]
        write_json("x.json", {"attention": weights(1, n, causal=True), "causal": True})
        want, _ = draw("x", "x.json", *words)
        got = chromium("x", want.shape[1], want.shape[0])
        where = cells("x", words, n, n, causal=True)
        assert (got[where] == want[where]).all(), (n, (got != want)[where].any(axis=-1).sum())


def hostile(rng):
    """A label of what labels must not hold."""
    pieces = ["<", ">", "&", '"', "'", "]]>", "<script>alert(1)</script>", "-->", "<!--", "&#0;", "&lt;", "\0", "\x01", "\x1b[31m",
              "\n", "\t", "\r", "\x7f", "\x85", "\u2028", "\u202e", "\u2066", "\u200f", "\ufeff", "\ufffe", "\uffff", "\U0001ffff",
              "\U0010ffff", "\ud800", "\udfff", "שלום", "العربية", "中", "🚀", "e\u0301", "  ", "a", "javascript:x", 'x" onload="y',
              "<svg xmlns='http://www.w3.org/2000/svg'>", "%00", "\\u0000", "https://example.org/"]
    return "".join(rng.choice(pieces) for _ in range(rng.randrange(1, 9)))


def test_labels():
    """Labels, titles and names of files are text and nothing else, whatever they hold."""
    rng = random.Random(7)
    for turn in range(60):
        n = rng.randrange(1, 12)
        names = [hostile(rng) for _ in range(n)]
        write_json("x.json", {"title": hostile(rng), "tokens": names, "attention": weights(1, n)})
        root = draw("x", "x.json")[1]
        shown = "".join(texts(root))
        assert not re.search("[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]", shown), repr(shown)
    write_json("x.json", {"title": "<b> & \"'", "tokens": ["<script>alert(1)</script>", "שלום abc", "  two  blanks "],
                          "attention": np.eye(3)})
    root = draw("x", "x.json")[1]
    assert [e.text for e in root if e.tag in (SVG + "title", SVG + "desc")] == ["<b> & \"'", "made by attn"]
    named = draw("x", "x.json", "--metadata", "command", "--title", "]]></desc><script>")[1]
    assert named.find(SVG + "desc").text == "made by attn: attn run x.json --metadata command --title ']]></desc><script>' -q --format none -o x.png -o x.svg"
    assert named.find(SVG + "title").text == "]]></desc><script>"
    shown = texts(root)
    assert "<b> & \"'" in shown and "<script>alert(1)</script>" in shown and shown.count("··two  blanks·") == 2, shown
    leftward = [e for e in root.iter(SVG + "text") if e.text == "שלום abc"]
    assert [e.get("direction") for e in leftward] == ["rtl", "rtl"] and leftward[0].get("text-anchor") == "start"
    write_json("bom.json", {"tokens": ["\ufeffbom"], "attention": [[1]]})
    assert texts(draw("bom", "bom.json")[1]).count("bom") == 2  # a byte order mark takes no room, as in the PNG
    os.rename("x.json", "a<b>&.json")
    subprocess.run([os.environ.get("ATTN", "attn"), "diff", "a<b>&.json", "a<b>&.json", "-o", "d.svg"], check=True)
    assert any("a<b>&.json" in t for t in texts(inert("d.svg")))


def test_sizes():
    """12 heads of 37 tokens take at most 100 kB, 12 layers of them 300 kB."""
    write_json("x.json", {"attention": weights(12, 37, causal=True, spread=3), "causal": True})
    inputs = ["x.json"] + glob.glob(os.path.join(os.environ.get("REAL", ""), "gpt2_heads_37.json"))
    for path in inputs:
        draw("x", path)
        assert os.path.getsize("x.svg") <= 100_000, (path, os.path.getsize("x.svg"))
    write_json("x.json", {"attention": weights(144, 37).reshape(12, 12, 37, 37)})
    draw("x", "x.json")
    assert os.path.getsize("x.svg") <= 300_000, os.path.getsize("x.svg")


def test_same_bytes():
    """Same input, same options, same bytes, for any number of threads."""
    for number, threads in enumerate((1, 3, 1)):
        run(f"{DATA}/induction.json", "-q", "--format", "none", "--threads", str(threads), "-o", f"{number}.svg")
    assert len({open(p, "rb").read() for p in glob.glob("[0-9].svg")}) == 1


if __name__ == "__main__":
    globals()[f"test_{sys.argv[1]}"]()
