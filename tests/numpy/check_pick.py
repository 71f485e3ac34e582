"""
attn --pick: heads by layer and head in every output, as NumPy indexes them.
usage: check_pick.py TEST    (ATTN: the program)
"""
import csv
import json
import os
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]
RNG = np.random.default_rng(5)


def attn(*words):
    done = subprocess.run([ATTN, *words, "-q"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def given(layers=4, heads=3, n=5, m=7):
    a = softmax(RNG.normal(size=(layers, heads, n, m))).astype(np.float32)
    np.savez("a.npz", attention=a)
    return a


def computed(layers=3, heads=4, kv_heads=2, n=5):
    """Layers of q, k and v, and the weights and outputs of all heads."""
    parts, weights, outputs = [], [], []
    for _ in range(layers):
        q, k, v = RNG.normal(size=(heads, n, 3)), RNG.normal(size=(kv_heads, n, 3)), RNG.normal(size=(kv_heads, n, 2))
        parts.append({"q": q.tolist(), "k": k.tolist(), "v": v.tolist()})
        k, v = np.repeat(k, heads // kv_heads, 0), np.repeat(v, heads // kv_heads, 0)
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(3)
        scores = np.where(np.tri(n, dtype=bool), scores, -np.inf)
        weights.append(softmax(scores))
        outputs.append(weights[-1] @ v)
    with open("q.json", "w", encoding="utf-8") as out:
        json.dump({"tokens": list("abcab"), "causal": True, "layers": parts}, out)
    return np.array(weights), np.array(outputs)


PICKS = "2.1,0.0,-2.-1,0.1:"
WHICH = [(2, 1), (0, 0), (2, 2), (0, 1), (0, 2)]


def test_outputs():
    """Every format of numbers has the heads in the order of the list, under their own numbers."""
    a = given()
    attn("run", "a.npz", "--pick", PICKS, *[x for end in ("json", "npz", "npy", "csv") for x in ("-o", "o." + end)], "--measures", "m.csv")
    want = np.array([a[place] for place in WHICH])[:, None]
    told = json.load(open("o.json", encoding="utf-8"))
    assert told["selection"]["layers"] == [l for l, _ in WHICH] and told["selection"]["heads"] == [[h] for _, h in WHICH], told["selection"]
    assert told["config"]["heads"] == 1 and np.array_equal(np.float32(told["weights"]), want)
    assert np.array_equal(np.load("o.npz")["weights"], want) and np.array_equal(np.load("o.npy"), want)
    rows = list(csv.DictReader(open("o.csv", encoding="utf-8")))
    assert [(int(r["layer"]), int(r["head"])) for r in rows[:: 5 * 7]] == WHICH
    assert np.array_equal(np.float32([r["weight"] for r in rows]), want.ravel())
    assert [(int(r["layer"]), int(r["head"])) for r in csv.DictReader(open("m.csv", encoding="utf-8"))] == WHICH


def test_computed():
    """Weights, keys and outputs of heads that are computed; grouped heads have the keys of their own."""
    w, o = computed()
    attn("run", "q.json", "--pick", "2.3,0.1,2.0", "--stage", "weights", "--stage", "output", "--stage", "k", "-o", "o.json")
    told = json.load(open("o.json", encoding="utf-8"))
    which = [(2, 3), (0, 1), (2, 0)]
    assert np.allclose(told["weights"], [w[p][None] for p in which], atol=1e-6)
    assert np.allclose(told["output"], [o[p] for p in which], atol=1e-6)
    layers = json.load(open("q.json", encoding="utf-8"))["layers"]
    assert np.allclose(told["k"], [[layers[l]["k"][h // 2]] for l, h in which], atol=1e-6)
    # The same with all in one figure of the limit of weights: only those that are picked count.
    attn("run", "q.json", "--pick", "2.3,0.1", "--max-weights", str(2 * 25), "-o", "o.npy")
    assert np.allclose(np.load("o.npy"), [w[p][None] for p in which[:2]], atol=1e-6)


def test_mean():
    a = given()
    for average in "heads", "layers", "heads,layers":
        told = json.loads(attn("run", "a.npz", "--pick", PICKS, "--average", average, "-o", "-"))
        assert np.allclose(told["weights"], np.mean([a[p] for p in WHICH], 0)[None, None], atol=1e-6)
        assert told["selection"]["average"] == "heads,layers" and told["selection"]["heads"] == [[h] for _, h in WHICH]


def test_commands():
    """stats, diff and explain take the heads that run does."""
    given()
    whole = {(h["layer"], h["head"]): h for h in json.loads(attn("stats", "a.npz"))["heads"]}
    heads = json.loads(attn("stats", "a.npz", "--pick", PICKS))["heads"]
    assert [(h["layer"], h["head"]) for h in heads] == WHICH
    assert all(h == whole[h["layer"], h["head"]] for h in heads)
    per_row = json.loads(attn("stats", "a.npz", "--pick", "3.2,0.1", "--per-row", "--max-rows", "10"))["heads"]
    assert [len(h["per_row"]) for h in per_row] == [5, 5]
    changed = np.load("a.npz")["attention"]
    changed[2, 2] = changed[2, 2][:, ::-1]
    np.savez("b.npz", attention=changed)
    heads = json.loads(attn("diff", "a.npz", "b.npz", "--pick", "2.2,0.1"))["heads"]
    assert [(h["layer"], h["head"]) for h in heads] == [(2, 2), (0, 1)]
    assert heads[0]["max"] > 0 and heads[1]["max"] == 0, heads
    w, _ = computed()
    told = json.loads(attn("explain", "q.json", "--pick", "2.3", "--query", "4", "--format", "json"))
    assert np.allclose([k["weight"] for k in sorted(told["keys"], key=lambda k: k["key"])], w[2, 3, 4], atol=1e-6)


def test_times():
    """The path goes through the mean of picked heads, as through those of one layer that has only them."""
    a = given(n=8, m=90)
    np.savez("one.npz", attention=np.array([[a[2, 2], a[0, 1], a[3, 0]]]))
    assert attn("stats", "a.npz", "--dtw", "--pick", "2.2,0.1,3.0", "--format", "csv") == attn("stats", "one.npz", "--dtw", "--format", "csv")
    assert attn("stats", "a.npz", "--dtw", "--pick", "2.*", "--format", "csv") != attn("stats", "one.npz", "--dtw", "--format", "csv")


def test_sizes():
    """Layers of different size: heads stand by the size of their layers, and each keeps its name."""
    small, large = softmax(RNG.normal(size=(2, 3, 3))), softmax(RNG.normal(size=(3, 4, 4)))
    with open("s.json", "w", encoding="utf-8") as out:
        json.dump({"layers": [{"attention": small.tolist()}, {"attention": large.tolist()}]}, out)
    attn("run", "s.json", "--pick", "1.2,0.1,1.0", "-o", "o.json", "-o", "o.npz", "-o", "o.png", "-o", "d/")
    told = json.load(open("o.json", encoding="utf-8"))
    assert told["selection"]["layers"] == [1, 1, 0] and told["selection"]["heads"] == [[2], [0], [1]], told["selection"]
    for got, want in zip(told["weights"], (large[2], large[0], small[1])):
        assert np.allclose(got, [want], atol=1e-6)
    arrays = np.load("o.npz")
    for i, want in enumerate((large[2], large[0], small[1])):
        assert np.allclose(arrays[f"layers.{i}.weights"], [want], atol=1e-6)
    assert sorted(os.listdir("d")) == ["attention.json", "heads.png", "layer0-head1.png", "layer1-head0.png", "layer1-head2.png"]


def test_best():
    """Heads that come first by a measure, as attn stats puts them in order, among those that are chosen."""
    a = given()
    entropy = -(a.astype(float) * np.log(a)).sum(-1).mean(-1)
    order = np.dstack(np.unravel_index(np.argsort(entropy.ravel(), kind="stable"), entropy.shape))[0]
    for sort, want in ("-entropy", order), ("entropy", order[::-1]):
        attn("run", "a.npz", "--sort", sort, "--best", "4", "-o", "o.json", "-o", "o.npy")
        told = json.load(open("o.json", encoding="utf-8"))["selection"]
        assert [[l, h] for l, (h,) in zip(told["layers"], told["heads"])] == want[:4].tolist(), (sort, told)
        assert np.array_equal(np.load("o.npy"), np.array([a[l, h] for l, h in want[:4]])[:, None])
        assert measured("a.npz", "--sort", sort, "--best", "4") == [tuple(x) for x in want[:4].tolist()]
    # Of some layers, with ranges of what is shown, which the measure does not know.
    told = json.loads(attn("run", "a.npz", "--layer", "2", "--sort", "entropy", "--queries", "0:1", "--keys", "2:4", "-o", "-"))
    assert [h for h, in told["selection"]["heads"]] == np.argsort(-entropy[2], kind="stable").tolist(), told["selection"]
    # Of computed heads, and their mean.
    w, _ = computed()
    spread = -(w * np.log(np.where(w > 0, w, 1))).sum(-1).mean(-1)
    first = np.argsort(-spread.ravel(), kind="stable")[:3]
    told = json.loads(attn("run", "q.json", "--sort", "entropy", "--best", "3", "--average", "heads", "-o", "-"))
    assert np.allclose(told["weights"], w.reshape(-1, 5, 5)[first].mean(0), atol=1e-6)


ENDS = ("json", "npz", "safetensors", "pt", "csv")


def measured(*words):
    return [(h["layer"], h["head"]) for h in json.loads(attn("stats", *words))["heads"]]


def test_names():
    """Each format that has names brings layers and heads back under their own: picked, crossed, and chosen once more."""
    a = given(n=5, m=7)
    attn("run", "a.npz", "--pick", PICKS, *[x for end in ENDS for x in ("-o", "p." + end)])
    attn("run", "a.npz", "--layer", "1,3", "--head", "1:", *[x for end in ENDS for x in ("-o", "c." + end)])
    for end in ENDS:
        again = json.loads(attn("run", "p." + end, "-o", "-"))
        assert again["selection"]["layers"] == [l for l, _ in WHICH] and again["selection"]["heads"] == [[h] for _, h in WHICH], end
        assert np.array_equal(np.float32(again["weights"]), np.array([a[p] for p in WHICH])[:, None]), end
        assert measured("p." + end) == WHICH, end
        assert measured("p." + end, "--head", "2,0") == [(2, 2), (0, 2), (0, 0)], end
        assert measured("p." + end, "--layer", "2") == [(2, 1), (2, 2)], end
        assert measured("p." + end, "--pick", "0.2,2.1") == [(0, 2), (2, 1)], end
        again = json.loads(attn("run", "c." + end, "--layer", "3", "--head", "-1", "-o", "-"))
        assert again["selection"]["layers"] == [3] and again["selection"]["heads"] == [2], again["selection"]
        assert np.array_equal(np.float32(again["weights"])[0, 0], a[3, 2]), end
    attn("convert", "p.npz", "-o", "converted.json")
    assert measured("converted.json") == WHICH
    differ = json.loads(attn("diff", "a.npz", "p.pt", "--pick", "2.2,0.1"))["heads"]
    assert [(h["layer"], h["head"], h["max"]) for h in differ] == [(2, 2, 0), (0, 1, 0)], differ
    differ = json.loads(attn("diff", "a.npz", "c.json"))["heads"]
    assert [(h["layer"], h["head"]) for h in differ if h["max"] is not None] == [(1, 1), (1, 2), (3, 1), (3, 2)]


def test_names_of_means():
    """A mean of heads has the number of its layer, a mean of layers those of its heads."""
    given()
    attn("run", "a.npz", "--layer", "2:", "--head", "1:", "--average", "heads", "-o", "h.json")
    assert measured("h.json") == [(2, 0), (3, 0)]
    attn("run", "a.npz", "--layer", "2:", "--head", "1:", "--average", "layers", "-o", "l.json")
    assert measured("l.json") == [(0, 1), (0, 2)]
    attn("run", "a.npz", "--pick", PICKS, "--average", "layers", "-o", "p.json")
    assert measured("p.json") == [(0, 0)]


def test_names_of_sizes():
    """Layers of different size have lists of heads of their own."""
    test_sizes()
    for end in "json", "npz":
        assert measured("o." + end) == [(1, 2), (1, 0), (0, 1)], end
        assert measured("o." + end, "--pick", "1.0") == [(1, 0)], end


def test_names_of_files():
    """Pictures of what is read back are called by the numbers, and what explain says too."""
    computed()
    attn("run", "q.json", "--pick", "2.3,0.1", "-o", "p.json")
    attn("run", "p.json", "-o", "d/")
    assert sorted(os.listdir("d")) == ["attention.json", "heads.png", "layer0-head1.png", "layer2-head3.png"]
    attn("run", "q.json", "--layer", "1", "--head", "2", "--stage", "q", "--stage", "k", "--stage", "weights", "-o", "e.json")
    assert measured("e.json") == [(1, 2)]


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
