"""
The figure of the steps of attention, pixel by pixel: its panels are found by their frames, and the colours of their cells are those
that the bar below has for the numbers of `attn run --stage`. A test is named on the command line; DATA is the folder of samples.
"""
import glob
import json
import os
import re
import sys
import xml.etree.ElementTree as tree

import numpy as np

import png
from oracle import floats, run, write_json

DATA = os.environ.get("DATA", "data")
LINE, MASKED = 0xb4, (0xc0, 0xc0, 0xc0)
ENDS = {"signed": [(5, 48, 97), (247, 247, 247), (103, 0, 31)], "weights": [(68, 1, 84), (33, 145, 140), (253, 231, 37)]}
ORDER = ["q", "k", "scores", "scaled", "masked", "weights", "v", "output"]
BARS = [["q", "k"], ["scores", "scaled", "masked"], ["weights"], ["v", "output"]]
BAR_HIGH = 14


def frames(pixels):
    """(top, bottom, left, right) of the inside of all frames, from left to right and then downward."""
    is_line = (pixels == LINE).all(axis=2)
    found = []
    for y in range(len(is_line)):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], is_line[y].astype(np.int8), [0]])))
        for x, end in zip(edges[::2], edges[1::2]):
            if end - x < 12 or is_line[y - 1, x] or is_line[y + 1, x + 1:end - 1].all():
                continue  # too short, or not a frame's upper edge
            below = y + 1
            while below < len(is_line) and is_line[below, x] and is_line[below, end - 1]:
                if is_line[below, x:end].all():
                    found.append((y + 1, below, x + 1, end - 1))
                    break
                below += 1
    return sorted(found, key=lambda box: (box[0], box[2]))


class Figure:
    """A figure of steps: rows of panels, and the bars below them."""

    def __init__(self, *words):
        self.said = run(*words, "--annotate=off", "-o", "x.png").stderr.decode()
        self.pixels = png.read("x.png").astype(int)
        boxes = frames(self.pixels)
        self.bars = [box for box in boxes if box[1] - box[0] == BAR_HIGH and box[3] - box[2] > BAR_HIGH]
        panels = [box for box in boxes if box[0] < self.bars[0][0]]
        tops = sorted({box[0] for box in panels})
        self.rows = [[box for box in panels if box[0] == top] for top in tops]

    def cells(self, box, rows, columns):
        """The colour in the middle of each cell."""
        top, bottom, left, right = box
        y = top + ((np.arange(rows) + 0.5) * (bottom - top) / rows).astype(int)
        x = left + ((np.arange(columns) + 0.5) * (right - left) / columns).astype(int)
        return self.pixels[np.ix_(y, x)]

    def ramp(self, bar, position):
        """The colours of the bar at places of 0…1."""
        top, bottom, left, right = bar
        x = left + np.clip((position * (right - left)).astype(int), 0, right - left - 1)
        return self.pixels[(top + bottom) // 2, x]

    def expect(self, row, column, bar, values, masked, low, high, what):
        """The panel has the colours that its bar has for the values."""
        got = self.cells(self.rows[row][column], *values.shape)
        want = self.ramp(self.bars[bar], (values - low) / (high - low))
        want[masked] = MASKED
        worst = abs(got - want).max(axis=2)
        assert (worst <= 8).all(), f"{what}: off by {worst.max()} at {np.unravel_index(worst.argmax(), worst.shape)}"
        assert (got[masked] == MASKED).all(), f"{what}: masked cells"

    def expect_ends(self, bar, kind):
        got = self.ramp(self.bars[bar], np.array([0, 0.5, 1.0]))
        assert abs(got - np.array(ENDS[kind])).max() <= 4, f"{kind}: {got.tolist()}"


def steps_of(file, *words):
    """The numbers of all stages of the first layer: heads × rows × columns; and masked pairs."""
    stages = [word for stage in ORDER for word in ("--stage", stage)]
    run(file, *words, *stages, "-q", "-o", "numbers.json")
    with open("numbers.json", encoding="utf-8") as f:
        got = json.load(f)
    def clean(rows):
        return [clean(row) for row in rows] if isinstance(rows, list) else np.nan if rows is None else rows
    numbers = {stage: np.array(clean(got[stage])[0], dtype=float) for stage in ORDER if got.get(stage) is not None}
    heads = len(numbers["weights"])
    for stage in ("k", "v"):
        numbers[stage] = np.repeat(numbers[stage], heads // len(numbers[stage]), axis=0)
    return numbers


def columns_of_heads(output, heads):
    return np.stack(np.split(np.squeeze(output), heads, axis=1))


def check(file, *words, left_out=()):
    """All panels of a figure of at most four heads, whose output is of each head."""
    figure, numbers = Figure(file, "--steps", *words), steps_of(file, *words)
    heads = len(numbers["weights"])
    numbers["output"] = columns_of_heads(numbers["output"], heads)
    shown = [stage for stage in ORDER if stage not in left_out]
    assert [len(row) for row in figure.rows] == [len(shown)] * min(heads, 4), (file, figure.rows)
    assert len(figure.bars) == len(BARS), figure.bars
    masked = ~np.isfinite(numbers["masked"])
    for b, stages in enumerate(BARS):
        figure.expect_ends(b, "weights" if stages == ["weights"] else "signed")
        values = np.concatenate([numbers[s][:4].ravel() for s in stages if s in shown])
        high = abs(values[np.isfinite(values)]).max() or 1
        low = 0 if stages == ["weights"] else -high
        for stage in stages:
            for h in range(min(heads, 4) if stage in shown else 0):
                hidden = masked[h] if stage in ("masked", "weights") else np.zeros(numbers[stage][h].shape, dtype=bool)
                figure.expect(h, shown.index(stage), b, np.where(hidden, 0, numbers[stage][h]), hidden, low,
                              1 if stages == ["weights"] else high, f"{file} {stage} of head {h}")


def problem(rng, n, m, d, heads, **more):
    return {"q": floats(rng, (heads, n, d), 1), "k": floats(rng, (heads, m, d), 1), "v": floats(rng, (heads, m, d), 1), **more}


def test_colors():
    rng = np.random.default_rng(3)
    for n, m, d, heads, more in [(3, 3, 2, 1, {"causal": True}), (6, 6, 4, 2, {}), (4, 9, 3, 3, {"scale": 0.7}), (9, 4, 3, 1, {}),
                                 (12, 12, 64, 2, {"causal": True}), (40, 40, 8, 1, {"window": 5}), (5, 5, 2, 4, {"softcap": 1}),
                                 (5, 5, 3, 6, {"mask": np.tri(5, 5, -1) > 0})]:
        write_json("x.json", problem(rng, n, m, d, heads, **more))
        check("x.json", left_out=() if {"causal", "window", "mask"} & set(more) else ("masked",))
    check(DATA + "/causal.json")
    check(DATA + "/cross.json", left_out=("masked",))


def test_bias():
    """What is added to the scores changes them, and so they have a panel of their own."""
    rng = np.random.default_rng(4)
    write_json("x.json", problem(rng, 4, 4, 3, 2, bias=floats(rng, (4, 4), 1)))
    check("x.json")


def test_heads():
    """Four heads of many, with the words about it; --head chooses."""
    rng = np.random.default_rng(5)
    write_json("x.json", problem(rng, 4, 4, 3, 6))
    figure = Figure("x.json", "--steps")
    assert len(figure.rows) == 4
    assert "the figure of steps shows the first 4 of 6 heads; --layer and --head choose others" in figure.said, figure.said
    write_json("y.json", {name: rows[[5, 2]] for name, rows in problem(np.random.default_rng(5), 4, 4, 3, 6).items()})
    chosen, same = Figure("x.json", "--steps", "--head", "5,2"), Figure("y.json", "--steps")
    assert chosen.said == "" == same.said
    for row in range(2):
        for a, b, stage in zip(chosen.rows[row], same.rows[row], [s for s in ORDER if s != "masked"]):
            shape = (4, 4) if stage in ("scores", "scaled", "weights") else (4, 3)
            assert np.array_equal(chosen.cells(a, *shape), same.cells(b, *shape)), (row, stage)


def test_grouped():
    """Each head has the keys that it shares; an output of all heads together stands in the first row."""
    figure, numbers = Figure(DATA + "/grouped.json", "--steps"), steps_of_no_v(DATA + "/grouped.json")
    high = abs(np.concatenate([numbers["q"].ravel(), numbers["k"].ravel()])).max()
    for h in range(4):
        figure.expect(h, 1, 0, numbers["k"][h // 2], np.zeros(numbers["k"][h // 2].shape, dtype=bool), -high, high, f"k of head {h}")
    assert [len(row) for row in Figure(DATA + "/projections.json", "--steps").rows] == [7, 6]


def test_mixed():
    """bug: an output that one layer projects and another does not went beyond the edge."""
    rng = np.random.default_rng(7)
    layers = [problem(rng, 4, 4, 3, 2), problem(rng, 4, 4, 3, 2, w_o=floats(rng, (6, 6), 1))]
    write_json("x.json", {"layers": layers})
    figure = Figure("x.json", "--steps")
    assert [len(row) for row in figure.rows] == [7, 6, 7, 6]
    assert figure.rows[0][6] == tuple(np.add(figure.rows[2][6], (figure.rows[0][6][0] - figure.rows[2][6][0],) * 2 + (0, 0)))
    with open("numbers.json", "w", encoding="utf-8") as f:
        f.write(run("x.json", "-q", "-o", "-").stdout.decode())
    output = np.array(json.load(open("numbers.json", encoding="utf-8"))["output"])
    high = abs(np.concatenate([np.ravel(layer["v"]) for layer in layers] + [output.ravel()])).max()
    for row, layer in ((0, 0), (2, 1)):
        figure.expect(row, 6, 3, output[layer], np.zeros((4, 6), dtype=bool), -high, high, f"output of layer {layer}")


def steps_of_no_v(file):
    run(file, "--stage", "q", "--stage", "k", "-q", "-o", "numbers.json")
    with open("numbers.json", encoding="utf-8") as f:
        got = json.load(f)
    return {stage: np.array(got[stage][0], dtype=float) for stage in ("q", "k")}


def test_layers():
    """A row a head of each layer."""
    assert len(Figure(DATA + "/induction.json", "--steps").rows) == 2
    assert len(Figure(DATA + "/induction.json", "--steps", "--layer", "1").rows) == 1


def test_stages():
    """Several stages are drawn the same way, and the bars say only what is there."""
    figure, numbers = Figure(DATA + "/causal.json", "--stage", "weights", "--stage", "scores"), steps_of(DATA + "/causal.json")
    assert [len(row) for row in figure.rows] == [2, 2] and len(figure.bars) == 2
    high = abs(numbers["scores"]).max()
    masked = ~np.isfinite(numbers["masked"])
    for h in range(2):
        figure.expect(h, 0, 0, numbers["scores"][h], np.zeros_like(masked[h]), -high, high, "scores")
        figure.expect(h, 1, 1, numbers["weights"][h], masked[h], 0, 1, "weights")


def test_picked():
    """Rows of picked heads are in the order of the list, named by their layer and head, and show its numbers, as colours and as texts."""
    rng = np.random.default_rng(12)
    write_json("p.json", {"layers": [problem(rng, 4, 4, 3, 3, causal=True) for _ in range(3)]})
    picked = [(2, 1), (0, 2), (2, 0)]
    words = ["p.json", "--pick", ",".join(f"{layer}.{head}" for layer, head in picked)]
    run("p.json", "-q", "--stage", "scores", "--stage", "weights", "-o", "all.json")
    with open("all.json", encoding="utf-8") as f:
        every = json.load(f)
    figure = Figure(*words, "--steps")
    assert [len(row) for row in figure.rows] == [len(ORDER)] * len(picked), figure.rows
    masked = np.tri(4) == 0
    for row, (layer, head) in enumerate(picked):
        weights = np.array(every["weights"][layer][head])
        figure.expect(row, ORDER.index("weights"), BARS.index(["weights"]), weights, masked, 0, 1, f"weights of {layer}.{head}")
    run(*words, "--stage", "scores", "--stage", "weights", "-q", "-o", "p.svg")
    texts = [text.text for text in tree.parse("p.svg").getroot().iter("{http://www.w3.org/2000/svg}text")]
    names = [f"layer {layer} \u00b7 head {head}" for layer, head in picked]
    assert [text for text in texts if text in names] == names, texts
    cells = texts[:texts.index("attention weight")]
    numbers = [float(text.replace("\u2212", "-")) for text in cells if re.fullmatch("[\u2212]?\\d?[.]\\d{2,4}|1", text)]
    want = [np.array(every["scores"][layer][head]).ravel() for layer, head in picked] + \
           [np.array(every["weights"][layer][head])[~masked] for layer, head in picked]
    want = np.concatenate(want)
    assert len(numbers) == len(want), (len(numbers), len(want), texts)
    assert abs(np.array(numbers) - want).max() < 0.0051


def test_valued():
    """Given weights and v have v and the output beside them, of the heads that are there; and two heads may share v."""
    weights = np.array([[[0.25, 0.75], [1, 0]], [[0.5, 0.5], [0, 1]]])
    v = np.array([[1.0, -2.0], [3.0, 4.0]])
    write_json("x.json", {"attention": weights.tolist(), "v": [v.tolist()]})
    figure = Figure("x.json", "--steps")
    assert not figure.said, figure.said
    for head, row in enumerate(figure.rows):
        assert len(row) == 3, row
        figure.expect(head, 0, 0, weights[head], np.zeros((2, 2), dtype=bool), 0, 1, "weights")
        figure.expect(head, 1, 1, v, np.zeros((2, 2), dtype=bool), -4, 4, "v")
        figure.expect(head, 2, 1, weights[head] @ v, np.zeros((2, 2), dtype=bool), -4, 4, "output")
    run("x.json", "--steps", "-o", "x.svg")
    texts = re.findall(r">([^<]+)</text>", open("x.svg", encoding="utf-8").read())
    assert all(texts.count(sign) == 2 for sign in ("weights·v", "·", "=")), texts


def test_valued_numbers():
    """The output is weights·v by NumPy, of chosen heads and in a mean over heads too; a key without weight adds nothing."""
    rng = np.random.default_rng(5)
    weights = rng.dirichlet(np.ones(70), (2, 4, 65))
    v = rng.normal(size=(2, 2, 70, 130))
    np.savez("x.npz", attention=weights.astype(np.float16), v=v.astype(np.float32))
    weights = weights.astype(np.float16).astype(np.float64)
    heads = np.einsum("lhnm,lhmd->lnhd", weights, np.repeat(v.astype(np.float32), 2, axis=1))
    for options, want in (([], heads), (["--head", "2"], heads[:, :, 2:3]), (["--head", "1", "--average", "heads"], heads),
                          (["--layer", "1", "--threads", "1"], heads[1:]), (["--queries", "3:5"], heads[:, 3:5])):
        run("x.npz", "-o", "out.npz", *options)
        got = np.load("out.npz")["output"]
        want = want.reshape(got.shape)
        assert abs(got - want).max() < 1e-6 * abs(want).max(), (options, abs(got - want).max())
    run("x.npz", "--stage", "heads", "-o", "out.npz")
    got = np.load("out.npz")["heads"]
    assert abs(got - heads.transpose(0, 2, 1, 3)).max() < 1e-6 * abs(heads).max(), "heads"
    write_json("y.json", {"attention": [[1, 0], [0, 1]], "v": [[1], [float("nan")]]})
    run("y.json", "-q", "-o", "y.npz")
    assert np.array_equal(np.load("y.npz")["output"], [[[1], [np.nan]]], equal_nan=True)


def test_given():
    """Weights that were given have no other steps."""
    write_json("x.json", {"attention": [[0.25, 0.75], [1, 0]]})
    figure = Figure("x.json", "--steps")
    assert [len(row) for row in figure.rows] == [1] and len(figure.bars) == 1
    figure.expect(0, 0, 0, np.array([[0.25, 0.75], [1, 0]]), np.zeros((2, 2), dtype=bool), 0, 1, "given")


def test_folder():
    """A folder has the figure beside what it has anyway; its JSON has the numbers of the steps as well."""
    run(DATA + "/causal.json", "-q", "-o", "plain/")
    run(DATA + "/causal.json", "--steps", "-q", "-o", "steps/", "-o", "alone.png")
    names = sorted(os.path.basename(path) for path in glob.glob("plain/*"))
    assert sorted(os.path.basename(path) for path in glob.glob("steps/*")) == sorted(names + ["steps.png"])
    for a, b in [("steps/steps.png", "alone.png")] + [(f"plain/{name}", f"steps/{name}") for name in names if name != "attention.json"]:
        with open(a, "rb") as first, open(b, "rb") as second:
            assert first.read() == second.read(), (a, b)


def test_pooled():
    """More cells than pixels: as elsewhere the largest of a block, and the figure stays a figure."""
    rng = np.random.default_rng(6)
    write_json("x.json", problem(rng, 900, 900, 4, 1, causal=True))
    figure = Figure("x.json", "--steps", "--width", "1600")
    assert len(figure.rows[0]) == 8 and figure.pixels.shape[1] <= 1600, (figure.rows, figure.pixels.shape)
    wide = [box[3] - box[2] for box in figure.rows[0]]
    assert wide[2] == wide[3] == wide[4] == wide[5] and 60 <= wide[2] < 900, wide


def test_style():
    """Widths, colours and sizes that were asked for."""
    file = DATA + "/causal.json"
    for width in (2000, 1500, 1100, 900):
        assert Figure(file, "--steps", "--width", str(width)).pixels.shape[1] <= width
    once, twice = Figure(file, "--steps"), run(file, "--steps", "--dpi-scale", "2", "-q", "-o", "y.png") and png.read("y.png")
    assert abs(twice.shape[1] - 2 * once.pixels.shape[1]) <= 2
    magma = Figure(file, "--steps", "--cmap", "magma")  # is for the weights alone, a diverging one for all others
    magma.expect_ends(0, "signed")
    assert abs(magma.ramp(magma.bars[2], np.array([0, 1.0])) - np.array([(0, 0, 4), (252, 253, 191)])).max() <= 4
    cool = Figure(file, "--steps", "--cmap", "coolwarm")
    cool.expect_ends(2, "weights")
    assert abs(cool.ramp(cool.bars[0], np.array([0.0])) - np.array(ENDS["signed"][0])).max() > 20
    gray = Figure(file, "--steps", "--cmap", "gray")  # has the grey of masked cells: for all
    assert [gray.ramp(bar, np.array([0, 1.0])).tolist() for bar in gray.bars] == [[[0] * 3, [255] * 3]] * 4
    cells = [gray.cells(box, 8, 8)[0, 7].tolist() for box in gray.rows[0][4:6]]
    assert cells == [[180, 210, 240]] * 2, cells


if __name__ == "__main__":
    for name in sys.argv[1:]:
        globals()["test_" + name]()
