"""
Layers of different size: the numbers of each are those of the layer by itself, in every format, and its picture is a part of the
picture of all. A test is named on the command line.
"""
import json
import os
import subprocess
import sys

import jsonschema
import numpy as np

import png
from oracle import ATTN, check_stats, close, floats, run, write_json

SIZES = [(2, 5, 3), (2, 5, 3), (1, 4, 7), (3, 1, 2), (2, 5, 3)]  # heads, queries, keys; two in a row are one part


def weights_of(rng, *shape):
    w = rng.random(shape) + 0.01
    return w / w.sum(axis=-1, keepdims=True)


with open(os.path.join(os.path.dirname(__file__), "../../docs/attn-output.schema.json")) as file:
    SCHEMA = json.load(file)


def result(*words):
    got = json.loads(run(*words, "-q", "-o", "-").stdout)
    jsonschema.validate(got, SCHEMA)
    return got


def agree(got, want, what):
    assert len(got) == len(want), f"{what}: {len(got)} layers instead of {len(want)}"
    for l, (a, b) in enumerate(zip(got, want)):
        close(f"{what}, layer {l}", a, b, 1e-6)


def test_weights():
    """In objects and as one list, with a batch axis and without, and read back."""
    rng = np.random.default_rng(1)
    layers = [weights_of(rng, *size) for size in SIZES]
    lists = [w.tolist() for w in layers]
    for name, problem in {"objects": {"layers": [{"attention": w} for w in lists]}, "list": {"attention": lists},
                          "batch": {"attentions": [[w] for w in lists]}}.items():
        write_json("x.json", problem)
        got = result("x.json")
        agree(got["weights"], layers, name)
        assert got["config"]["heads"] == [h for h, _, _ in SIZES] == got["config"]["kv_heads"]
        assert got["tokens"] == [[str(i) for i in range(n)] for _, n, _ in SIZES]
        assert got["key_tokens"] == [[str(j) for j in range(m)] for _, _, m in SIZES]
        assert got["pairs"] == {"of": [n * m for _, n, m in SIZES], "allowed": [[n * m] * h for h, n, m in SIZES]}
        assert "mask" not in got and "selection" not in got
        for l, w in enumerate(layers):
            check_stats([got["stats"][l]], w[None], [0])
        write_json("y.json", got)
        assert result("y.json") == got, "read back"


def test_chosen():
    """Layers in the order in which they are chosen, heads, queries and keys."""
    rng = np.random.default_rng(2)
    layers = [weights_of(rng, *size) for size in SIZES]
    write_json("x.json", {"attention": [w.tolist() for w in layers]})
    for text, numbers in {"2,0": [2, 0], "-2": [3], "1:4": [1, 2, 3], "4,3,0,1": [4, 3, 0, 1]}.items():
        got = result("x.json", "--layer", text)
        agree(got["weights"], [layers[l] for l in numbers], text)
        assert got["selection"]["layers"] == numbers
        lines = run("x.json", "-q", "--layer", text, "--measures", "-").stdout.decode().split()[1:]
        assert [line.split(",")[:2] for line in lines] == [[str(l), str(h)] for l in numbers for h in range(SIZES[l][0])]
    got = result("x.json", "--head", "-1", "--queries", "0:1", "--keys", "1:")
    agree(got["weights"], [w[-1:, :1, 1:] for w in layers], "last heads")
    assert got["selection"]["heads"] == [[h - 1] for h, _, _ in SIZES]
    assert got["selection"]["queries"] == [0, 1] and got["selection"]["keys"] == [[1, m] for _, _, m in SIZES]
    got = result("x.json", "--average", "heads")
    agree(got["weights"], [w.mean(axis=0, keepdims=True) for w in layers], "mean over heads")
    got = result("x.json", "--layer", "0,1,4", "--average", "heads")
    agree(got["weights"], [layers[l].mean(axis=0, keepdims=True) for l in (0, 1, 4)], "mean over heads of some")
    got = result("x.json", "--layer", "0:2", "--average", "layers")
    close("mean over layers of one size", got["weights"], (layers[0] + layers[1])[None] / 2, 1e-6)


def test_masks():
    """A mask, causal or an offset a layer; one mask of all heads where they agree."""
    rng = np.random.default_rng(3)
    layers = [weights_of(rng, *size) for size in SIZES]
    masks = [rng.random((h if l == 0 else 1, n, m)) < 0.6 for l, (h, n, m) in enumerate(SIZES)]
    masks[2][0, 1] = False
    problem = {"layers": [{"attention": w.tolist(), "mask": mask.tolist()} for w, mask in zip(layers, masks)]}
    problem["layers"][4]["mask"] = masks[4][0].tolist()
    write_json("x.json", problem)
    got = result("x.json")
    agree(got["mask"], masks, "mask")
    for l, (h, _, _) in enumerate(SIZES):
        close("allowed", got["pairs"]["allowed"][l], np.broadcast_to(masks[l], layers[l].shape).sum(axis=(1, 2)), 0)
    write_json("y.json", got)
    assert result("y.json") == got, "read back"
    write_json("x.json", {"attention": [w.tolist() for w in layers], "mask": [mask.tolist() for mask in masks]})
    assert result("x.json") == got, "as a list"

    write_json("x.json", {"attention": [w.tolist() for w in layers], "causal": "end"})
    got = result("x.json")
    assert got["config"]["offset"] == [m - n for _, n, m in SIZES]
    agree(got["mask"], [np.tri(n, m, m - n)[None] for _, n, m in SIZES], "causal end")
    write_json("y.json", got)
    assert result("y.json") == got, "read back"


def test_computed():
    """Of q, k and v of different sizes, and of embeddings with projections; each layer is as it would be alone."""
    rng = np.random.default_rng(4)
    layers = []
    for heads, n, m, d in [(2, 4, 6, 3), (3, 5, 2, 8), (2, 4, 6, 5), (2, 4, 6, 5)]:
        layers.append({"q": floats(rng, (heads, n, d), 1), "k": floats(rng, (heads, m, d), 1), "v": floats(rng, (heads, m, 2), 1)})
    layers.append({"embeddings": floats(rng, (7, 4), 1), "w_q": floats(rng, (4, 4), 1), "w_k": floats(rng, (4, 4), 1), "heads": 2})
    write_json("x.json", {"layers": layers, "causal": True})
    stages = [word for stage in ("q", "scores", "scaled", "masked") for word in ("--stage", stage)]
    got = result("x.json", *stages)
    for l, layer in enumerate(layers):
        write_json("y.json", {"layers": [layer], "causal": True})
        alone = result("y.json", *stages)
        for stage in ("weights", "q", "scores", "scaled", "masked"):
            assert got[stage][l] == alone[stage][0], f"{stage} of layer {l}"
        assert got["stats"][l] == alone["stats"][0] and got["pairs"]["allowed"][l] == alone["pairs"]["allowed"][0]
        for key in ("heads", "kv_heads", "d_k", "d_v"):
            value = got["config"][key]
            assert (value[l] if isinstance(value, list) else value) == alone["config"][key], key
        assert isinstance(got["config"]["d_k"], list)
        told = [run_explain("y.json", "--layer", "0"), run_explain("x.json", "--layer", str(l))]
        assert told[1].pop("layer") == l and told[0].pop("layer") == 0 and told[0] == told[1]


def run_explain(*words):
    return json.loads(subprocess.run([ATTN, "explain", *words, "-q", "--format", "json"], check=True, capture_output=True).stdout)


def test_stack():
    """A stack beside layers of another size: its layers read those below them, and the others do not."""
    rng = np.random.default_rng(5)
    stack = {"embeddings": floats(rng, (5, 4), 1), "layers": [{"w_q": floats(rng, (4, 4), 1)}, {"w_q": floats(rng, (4, 4), 1)}]}
    other = {"q": floats(rng, (3, 2), 1), "k": floats(rng, (6, 2), 1), "v": floats(rng, (6, 2), 1)}
    write_json("x.json", stack)
    alone = result("x.json")
    write_json("x.json", {"embeddings": stack["embeddings"], "layers": stack["layers"] + [other]})
    got = result("x.json")
    assert got["weights"][:2] == alone["weights"] and got["output"][:2] == alone["output"]
    assert np.shape(got["weights"][2]) == (1, 3, 6)


def test_csv():
    rng = np.random.default_rng(6)
    layers = [weights_of(rng, *size) for size in SIZES]
    write_json("x.json", {"attention": [w.tolist() for w in layers]})
    text = run("x.json", "-q", "--format", "csv").stdout.decode()
    lines = [line.split(",") for line in text.split()]
    assert sum(line[0] == "layer" for line in lines) == 1
    at = 1
    for l, w in enumerate(layers):
        for (h, i, j), value in np.ndenumerate(w):
            line = lines[at]
            assert [int(c) for c in line[:4]] == [l, h, i, j], line
            assert abs(float(line[6]) - value) < 1e-6
            at += 1
    assert at == len(lines)


def test_tokens():
    """Labels: of a layer, of all layers, as a list of lists; those that fit some layers alone are not used for others."""
    rng = np.random.default_rng(7)
    layers = [weights_of(rng, 1, 2, 2), weights_of(rng, 1, 3, 2), weights_of(rng, 1, 3, 2)]
    lists = [w.tolist() for w in layers]
    names = [["a", "b"], ["c", "d", "e"], ["f", "g", "h"]]
    keys = ["x", "y"]
    write_json("x.json", {"attention": lists, "tokens": names, "key_tokens": keys})
    got = result("x.json")
    assert got["tokens"] == names and got["key_tokens"] == [keys] * 3
    write_json("y.json", {"layers": [{"attention": w, "tokens": t} for w, t in zip(lists, names)], "key_tokens": keys})
    assert result("y.json") == got
    # Tokens that differ keep layers of one size apart.
    even = [lists[1], lists[2]]
    write_json("x.json", {"attention": even, "tokens": names[1:], "key_tokens": [keys, keys]})
    got = result("x.json")
    assert got["tokens"] == names[1:]
    agree(got["weights"], layers[1:], "tokens differ")
    write_json("x.json", {"attention": even, "tokens": [names[1]] * 2, "key_tokens": keys})
    assert result("x.json")["tokens"] == names[1]
    write_json("x.json", {"attention": even, "tokens": [names[1]], "key_tokens": keys})
    assert result("x.json")["tokens"] == names[1], "a batch of one"
    write_json("x.json", {"attention": lists, "tokens": names[1], "key_tokens": keys})
    out = subprocess.run([ATTN, "run", "x.json", "-o", "-"], capture_output=True, text=True, check=True)
    assert json.loads(out.stdout)["tokens"] == [["0", "1"], names[1], names[1]]
    assert out.stderr == ("attn: warning: tokens has 3 labels, and layer 0 has 2 tokens there: they are numbered; layers of different "
                          "size may have a list each\n"), out.stderr


def same_picture(a, b):
    """But for the edges of letters, whose shades are as many as the palette has room for, and cells that are one colour of the map
    off where it has no room for all."""
    return a.shape == b.shape and abs(a.astype(int) - b).max() <= 20


def test_pictures():
    """The picture of all is those of the layers below each other; each head has a file of its own."""
    rng = np.random.default_rng(8)
    layers = [weights_of(rng, *size) for size in SIZES]
    write_json("x.json", {"attention": [w.tolist() for w in layers]})
    run("x.json", "-q", "-o", "all.png", "-o", "out/")
    names = sorted(f"layer{l}-head{h}.png" for l, (heads, _, _) in enumerate(SIZES) for h in range(heads))
    assert sorted(os.listdir("out")) == ["attention.json", "heads.png"] + names
    whole = png.read("all.png")
    assert np.array_equal(whole, png.read("out/heads.png"))
    y = width = 0
    for part in ("0:2", "2", "3", "4"):
        run("x.json", "-q", "--layer", part, "-o", "part.png")
        own = png.read("part.png")
        height, across, _ = own.shape
        assert same_picture(whole[y:y + height, :across], own), part
        assert (whole[y:y + height, across:] == 255).all()
        y += height
        width = max(width, across)
    assert whole.shape[:2] == (y, width)
    write_json("x.json", {"attention": [w.tolist() for w in layers], "title": "A title over all"})
    run("x.json", "-q", "-o", "titled.png")
    assert png.read("titled.png").shape[0] - y in range(20, 40), "one line of a title, once"


def test_grids():
    """A grid a layer: the patches of each are drawn over its own, and the colours are the same for all."""
    rng = np.random.default_rng(9)
    layers = []
    for side in (2, 4):
        w = weights_of(rng, 1, side * side, 3)
        layers.append({"attention": w.tolist(), "grid": [side, side], "grid_axis": "queries"})
    write_json("x.json", {"layers": layers, "key_tokens": ["a", "b", "c"]})
    out = subprocess.run([ATTN, "run", "x.json", "-v", "-o", "all.png", "--look-at", "b"], capture_output=True, text=True, check=True)
    assert "attn: the patches are queries 0 to 3 of 4\nattn: the patches are queries 0 to 15 of 16\n" in out.stderr
    shown = [np.array(layer["attention"])[0, :, 1] for layer in layers]
    larger = int(shown[1].max() > shown[0].max())
    whole = png.read("all.png")
    # The layer with the largest weight looks as it does alone; the other one is drawn with the colours of that.
    alone = png_of("x.json", larger)
    other = png_of("x.json", 1 - larger)
    assert same_picture(below_title(whole, larger, alone), below_title(alone, 1, alone))
    assert not same_picture(below_title(whole, 1 - larger, other), below_title(other, 1, other))
    # The command line wins over the layers.
    failed = subprocess.run([ATTN, "run", "x.json", "--grid", "3,5", "-o", "part.png", "--look-at", "b"], capture_output=True, text=True)
    assert failed.returncode == 2 and "3×5" in failed.stderr, failed.stderr


def below_title(picture, l, alone):
    """Of a picture of two layers, or of one, what is that of layer l, which alone has a title of one line."""
    title, (height, width, _) = 40, alone.shape
    return picture[title:height, :width] if l == 0 else picture[picture.shape[0] - height + title:, :width]


def png_of(path, layer):
    run(path, "-q", "--layer", layer, "-o", "part.png", "--look-at", "b")
    return png.read("part.png")


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
