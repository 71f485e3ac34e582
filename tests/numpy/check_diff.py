"""
The numbers of attn diff by their definitions, in double precision, pair by pair.
usage: check_diff.py TEST [FOLDER]    (ATTN: the program, DATA: the samples)
"""
import csv
import json
import math
import os
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]


def attn(*words, status=0):
    done = subprocess.run([ATTN, *words], capture_output=True, text=True, check=False)
    assert done.returncode == status, (words, done.returncode, done.stderr)
    return done.stdout


def diff(*words, status=0):
    told = json.loads(attn("diff", *words, "-q", "--format", "json", status=status))
    assert told["schema"] == "attn-diff/1"
    return told


def put(name, **keys):
    with open(name, "w", encoding="utf-8") as out:
        json.dump({key: x.tolist() if isinstance(x, np.ndarray) else x for key, x in keys.items()}, out)


def random_weights(rng, *shape):
    w = rng.random(shape) ** 6
    return (w / w.sum(-1, keepdims=True)).astype(np.float32)


def js(p, q):
    """Lin 1991 with weights of a half, in nats; None where a row is no share of a whole."""
    if not (np.isfinite(p).all() and np.isfinite(q).all()) or (p < 0).any() or (q < 0).any() or p.sum() == 0 or q.sum() == 0:
        return None
    p, q = p / p.sum(), q / q.sum()
    r = (p + q) / 2
    return math.fsum(x * math.log(x / z) for x, z in zip(p, r) if x > 0) / 2 + math.fsum(x * math.log(x / z) for x, z in zip(q, r) if x > 0) / 2


def measure(a, b, sees_a, sees_b, queries=None, keys=None, shares=True):
    """a, b and what they see, n×m each; the pairs of numbers of queries and of keys that are compared."""
    queries = queries if queries is not None else [(i, i) for i in range(min(a.shape[0], b.shape[0]))]
    keys = keys if keys is not None else [(j, j) for j in range(min(a.shape[1], b.shape[1]))]
    best, sums, divergences, one, both = None, [], [], 0, 0
    for i, k in queries:
        for j, l in keys:
            x, y = float(a[i, j]), float(b[k, l])
            alike = x == y or (math.isnan(x) and math.isnan(y))
            finite = math.isfinite(x) and math.isfinite(y)
            one += not alike and not finite
            both += alike and not finite
            d = 0 if alike else abs(y - x) if finite else math.inf
            if best is None or d > best[0]:
                best = (d, [i, j], [k, l])
            if finite and (sees_a[i, j] or sees_b[k, l] or x != 0 or y != 0):
                sums.append(d)
        d = js(a[i, [j for j, _ in keys]].astype(float), b[k, [l for _, l in keys]].astype(float))
        if d is not None and shares:
            divergences.append(d)
    return {"max": None if best is None or math.isinf(best[0]) else best[0], "at": best and best[1], "at_b": best and best[2],
            "mean": math.fsum(sums) / len(sums) if sums else None, "pairs": len(sums),
            "js": math.fsum(divergences) / len(divergences) if divergences else None, "rows": len(divergences), "nan_one": one, "nan_both": both}


def close(got, want, what):
    for name, x in want.items():
        if isinstance(x, float):
            # one rounding to float32; divergences also of what NumPy's terms cancel
            assert got[name] is not None and abs(float(np.float32(got[name])) - x) <= 6e-8 * abs(x) + (2e-15 if name == "js" else 0), (what, name, got[name], x)
        else:
            assert got[name] == x, (what, name, got[name], x)


def run(file, *words):
    told = json.loads(attn("run", file, *words, "--stage", "weights", "-q", "-o", "-"))
    weights = np.array(told["weights"], dtype=np.float64).astype(np.float32)
    mask = np.broadcast_to(np.array(told.get("mask", 1)), weights.shape) != 0
    if "mask" not in told and told["config"]["causal"] is not False:
        mask = np.broadcast_to(np.tril(np.ones(weights.shape[-2:], bool)), weights.shape)
    if "mask" not in told and told["config"].get("window"):
        left, right = told["config"]["window"]
        far = np.arange(weights.shape[-1]) - np.arange(weights.shape[-2])[:, None]
        mask = mask & ((far >= -left) | (left < 0)) & ((far <= right) | (right < 0))
    return weights, mask


def compare(told, a, b, shares=True, queries=None, keys=None):
    """Heads of a told difference against weights and masks, layers×heads×n×m."""
    assert [(h["layer"], h["head"]) for h in told["heads"]] == [(l, h) for l in range(a[0].shape[0]) for h in range(a[0].shape[1])]
    for head in told["heads"]:
        at = head["layer"], head["head"]
        close(head, measure(a[0][at], b[0][at], a[1][at], b[1][at], queries, keys, shares), (told["a"], told["b"], at))


def open_masks(w):
    return w, np.ones(w.shape, bool)


def test_given():
    """Given weights: sizes, masks, cross attention, rows of nothing."""
    rng = np.random.default_rng(0)
    for n, m in (1, 1), (2, 2), (3, 7), (40, 40), (129, 70):
        a, b = random_weights(rng, 2, 3, n, m), random_weights(rng, 2, 3, n, m)
        b[0, 1] = a[0, 1]
        b[1, 2] = a[1, 2] * np.float32(1 + 1e-6)
        np.savez("a.npz", attention=a)
        np.savez("b.npz", attention=b)
        compare(diff("a.npz", "b.npz"), open_masks(a), open_masks(b))
        mask, other = rng.random((n, m)) < 0.6, rng.random((n, m)) < 0.6
        mask[n // 2], other[n // 3] = False, False
        a, b = a * mask, b * other
        put("a.json", attention=a, mask=mask.astype(int))
        put("b.json", attention=b, mask=other.astype(int))
        told = diff("a.json", "b.json")
        compare(told, (a, np.broadcast_to(mask, a.shape)), (b, np.broadcast_to(other, b.shape)))
        assert told["heads"][0]["rows"] <= n
    same = diff("a.json", "a.json")["heads"]
    assert all(h["max"] == 0 and h["at"] == [0, 0] and h["mean"] in (0, None) and h["js"] in (0, None) for h in same)


def test_computed():
    """Of q and k, one input with two sets of options: masks, scale, forms that are no shares."""
    rng = np.random.default_rng(1)
    put("x.json", q=rng.normal(size=(2, 2, 33, 6)), k=rng.normal(size=(2, 2, 33, 6)))
    put("cross.json", q=rng.normal(size=(2, 9, 6)), k=rng.normal(size=(2, 12, 6)))
    for file in "x.json", "cross.json":
        for words in ("--causal",), ("--scale", "1"), ("--causal", "--scale", "1"), ("--window", "3"), ("--top-k", "4"), ("--sink", "1"), ("--normalizer", "sparsemax"):
            compare(diff(file, "--against", " ".join(words)), run(file), run(file, *words))
            compare(diff(file, *words, "--against", "--causal=no --softcap 2"), run(file, *words), run(file, *words, "--causal=no", "--softcap", "2"))
        compare(diff(file, "--against", "--normalizer sigmoid"), run(file), run(file, "--normalizer", "sigmoid"), shares=False)
    engine = diff("x.json", "--against", "--cpu plain")["heads"]
    assert all(h["max"] < 2e-6 for h in engine)


def test_nan():
    """NaN and infinity on one side and on both."""
    rng = np.random.default_rng(2)
    a = random_weights(rng, 1, 4, 5, 5)
    b = random_weights(rng, 1, 4, 5, 5)
    a[0, 0, 2, 3] = np.nan
    a[0, 1, 4, 1] = b[0, 1, 4, 1] = np.nan
    a[0, 2, 1, 1] = b[0, 2, 1, 1] = np.inf
    b[0, 2, 3, 0] = -np.inf
    b[0, 3, 4] = np.nan
    np.save("a.npy", a)
    np.save("b.npy", b)
    told = diff("--against", "--attention b.npy", "--attention", "a.npy")
    compare(told, open_masks(a), open_masks(b))
    assert [(h["nan_one"], h["nan_both"]) for h in told["heads"]] == [(1, 0), (0, 1), (1, 1), (5, 0)]
    for h, status in enumerate((4, 0, 4, 4)):
        told = diff("--against", "--attention b.npy", "--attention", "a.npy", "--head", str(h), "--tolerance", "1000", status=status)
        assert told["exceeded"] == (status == 4) and told["tolerance"] == 1000


def subsequence(a, b):
    table = np.zeros((len(a) + 1, len(b) + 1), int)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1, j + 1] = table[i, j] + 1 if x == y else max(table[i, j + 1], table[i + 1, j])
    return table[-1, -1]


def test_tokens():
    """Tokens that differ: the subsequence is as long as there is one, and the numbers are those of its pairs."""
    rng = np.random.default_rng(3)
    for n, m, letters in (1, 1, 2), (3, 5, 2), (9, 9, 3), (70, 64, 4), (64, 129, 9), (150, 140, 60), (30, 200, 2):
        for tail in 0, 3:
            a, b = (["x"] * tail + [chr(97 + x) for x in rng.integers(0, letters, k)] + ["z"] * tail for k in (n, m))
            # whole multiples of 1/8 that are all different: the pair of each is known by its weight
            w, v = (np.arange(len(t) ** 2, dtype=np.float32).reshape(1, 1, len(t), len(t)) for t in (a, b))
            put("a.json", tokens=a, attention=w)
            put("b.json", tokens=b, attention=v)
            (head,) = diff("a.json", "b.json")["heads"]
            both = subsequence(a, b)
            for axis in "queries", "keys":
                assert head[axis] == {"both": both, "a": len(a) - both, "b": len(b) - both, "by": "token"}, (a, b, head[axis])
            assert head["pairs"] == both * both
            if both:
                assert a[head["at"][0]] == b[head["at_b"][0]] and a[head["at"][1]] == b[head["at_b"][1]]
                assert head["values"] == [w[0, 0][tuple(head["at"])], v[0, 0][tuple(head["at_b"])]]
    # one token put in, one left out: only one alignment is the longest
    a, b = random_weights(rng, 1, 2, 5, 5), random_weights(rng, 1, 2, 5, 5)
    put("a.json", tokens=["p", "q", "r", "s", "t"], attention=a)
    put("b.json", tokens=["p", "+", "q", "s", "t"], attention=b)
    pairs = [(0, 0), (1, 2), (3, 3), (4, 4)]
    compare(diff("a.json", "b.json"), open_masks(a), open_masks(b), queries=pairs, keys=pairs)
    # without labels by number
    a, b = random_weights(rng, 1, 2, 5, 8), random_weights(rng, 1, 2, 4, 9)
    put("a.json", attention=a)
    put("b.json", attention=b)
    told = diff("a.json", "b.json")
    compare(told, open_masks(a), open_masks(b))
    assert told["heads"][0]["keys"] == {"both": 8, "a": 0, "b": 1, "by": "number"}


def test_written():
    """--sort, --best, the selection, csv, measures of stats, the same bytes for any number of threads, A and B exchanged."""
    rng = np.random.default_rng(4)
    a, b = random_weights(rng, 3, 5, 60, 60), random_weights(rng, 3, 5, 60, 60)
    b[1] = 0.9 * a[1] + 0.1 * b[1]
    np.savez("a.npz", attention=a)
    np.savez("b.npz", attention=b)
    whole = diff("a.npz", "b.npz")["heads"]
    for name in "max", "mean", "js":
        order = sorted(whole, key=lambda h: (-h[name], h["layer"], h["head"]))
        assert diff("a.npz", "b.npz", "--sort", name, "--best", "4")["heads"] == order[:4]
    chosen = diff("a.npz", "b.npz", "--layer", "2,0", "--head", "-1,1:3")["heads"]
    assert chosen == [h for l in (2, 0) for x in (4, 1, 2) for h in whole if (h["layer"], h["head"]) == (l, x)]
    back = diff("b.npz", "a.npz")["heads"]
    for x, y in zip(whole, back):
        assert [x[k] for k in ("max", "mean", "js", "at")] == [y[k] for k in ("max", "mean", "js", "at_b")]
    for side, file in enumerate(("a.npz", "b.npz")):
        for head, own in zip(whole, json.loads(attn("stats", file, "-q", "--format", "json"))["heads"]):
            for name, pair in head["measures"].items():
                want = own["offset"]["share"] if name == "offset_share" else own[name]
                want = want["value"] if name == "offset" else want["weight"] if name == "sink" else want
                assert pair[side] == want, (name, pair, want)
    attn("diff", "a.npz", "b.npz", "-q", "-o", "d.csv")
    with open("d.csv", encoding="utf-8") as text:
        table = list(csv.DictReader(text))
    assert len(table) == 15
    for line, head in zip(table, whole):
        flat = {"side": "both", "query_a": head["at"][0], "key_a": head["at"][1], "query_b": head["at_b"][0], "key_b": head["at_b"][1],
                "value_a": head["values"][0], "value_b": head["values"][1]}
        flat.update({f"{name}_{s}": x for name, pair in head["measures"].items() for s, x in zip("ab", pair)})
        for key, x in line.items():
            want = flat.get(key, head.get(key))
            assert (x == str(want)) if isinstance(want, str) else (x == "") == (want is None) and (x == "" or float(x) == want), (key, x, want)
    one = attn("diff", "a.npz", "b.npz", "-q", "--threads", "1", "--format", "json")
    assert all(attn("diff", "a.npz", "b.npz", "-q", "--threads", t, "--format", "json") == one for t in ("2", "3", "7"))


def test_sides():
    """Heads and layers that one side alone has."""
    rng = np.random.default_rng(5)
    a, b = random_weights(rng, 2, 3, 4, 4), random_weights(rng, 3, 2, 4, 4)
    b[:2] = a[:, :2]
    np.savez("a.npz", attention=a)
    np.savez("b.npz", attention=b)
    told = diff("a.npz", "b.npz")
    assert told["only_a"] == [[0, 2], [1, 2]] and told["only_b"] == [[2, 0], [2, 1]]
    assert [(h["layer"], h["head"], h["max"]) for h in told["heads"]] == [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0)]
    assert diff("a.npz", "b.npz", "--tolerance", "1", status=4)["exceeded"] == 4
    assert diff("a.npz", "b.npz", "--tolerance", "0", "--layer", ":2", "--head", "0,1")["exceeded"] == 0


def test_real():
    """GPT-2's heads against themselves with one change."""
    (real,) = sys.argv[2:]
    path = os.path.join(real, "gpt2_heads_37.json")
    a = run(path)
    assert all(h["max"] == 0 and h["js"] == 0 for h in diff(path, path, "--tolerance", "0")["heads"])
    compare(diff(path, "--against", "--causal"), a, run(path, "--causal"))
    w = a[0].copy()
    w[0, 5, 30, 7] += np.float32(0.25)
    np.savez("a.npz", attention=a[0])
    np.savez("b.npz", attention=w)
    told = diff("a.npz", "b.npz", "--tolerance", "0.2", status=4)
    compare(told, open_masks(a[0]), open_masks(w))
    assert told["exceeded"] == 1 and [h["head"] for h in told["heads"] if h["max"] > 0] == [5] and told["heads"][5]["at"] == [30, 7]
    given = os.path.join(real, "gpt2_attention.json")
    w, mask = run(given)
    compare(diff(given, given), (w, mask), (w, mask))


globals()["test_" + sys.argv[1]]()
