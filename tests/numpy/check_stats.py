"""
The measures of attn stats by their definitions, in double precision, row by row.
usage: check_stats.py TEST    (ATTN: the program)
"""
import csv
import io
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


def mean(rows):
    return sum(rows) / len(rows) if rows else None


def measure(weights, sees, offset, tokens=None, shares=True, patches=None):
    """weights n×m, sees n×m; tokens: of the keys, where the queries are keys; patches: (first, rows, columns)."""
    n, m = weights.shape
    names = ["entropy", "entropy_normalized", "effective_keys", "mean_distance", "confidence", "first_token", "self", "previous_token",
             "next_token", "duplicate_token", "induction"]
    rows = {name: [] for name in names}
    largest, offsets, coverage, seen_rows, count = None, [], [], [], 0
    for i in range(n):
        a, keys, p = weights[i].astype(float), np.flatnonzero(sees[i]), i + offset
        c = len(keys)
        if c == 0 or not np.isfinite(a[keys]).all():
            continue
        count += 1
        seen_rows.append(i)
        if shares:
            entropy = -sum(x * math.log(x) for x in a if x > 0)
            rows["entropy"].append(entropy)
            rows["effective_keys"].append(math.exp(entropy))
            if c >= 2:
                rows["entropy_normalized"].append(entropy / math.log(c))
            if patches is None:
                rows["mean_distance"].append(sum(a[j] * abs(p - j) for j in range(m)))
            else:
                first, high, wide = patches
                inside = range(first, first + high * wide)
                total = sum(a[j] for j in inside)
                if p in inside and total > 0:
                    place = [divmod(j - first, wide) for j in (p, *inside)]
                    rows["mean_distance"].append(sum(a[j] * math.dist(place[0], x) for j, x in zip(inside, place[1:])) / total)
            if a[a > 0].sum() > 0:
                heavy = np.sort(a[a > 0])[::-1]
                coverage.append(int(np.searchsorted(np.cumsum(heavy), (0.9 - 1e-6) * heavy.sum())) + 1)
        if c >= 2:
            best = keys[np.argmax(a[keys])]
            rows["confidence"].append(a[best])
            offsets.append(int(best) - p)
            if largest is None or a[best] > largest[0]:
                largest = (a[best], [i, int(best)])
        rows["first_token"].append(a[0])
        for name, j in ("self", p), ("previous_token", p - 1), ("next_token", p + 1):
            if 0 <= j < m and sees[i, j]:
                rows[name].append(a[j])
        if tokens is not None and 0 <= p < m:
            twice = [j for j in range(p) if tokens[j] == tokens[p] and sees[i, j]]
            after = [j for j in range(1, p + 1) if tokens[j - 1] == tokens[p] and sees[i, j]]
            if twice:
                rows["duplicate_token"].append(sum(a[j] for j in twice))
            if after:
                rows["induction"].append(sum(a[j] for j in after))
    told = {name: mean(rows[name]) for name in names}
    told["max_weight"], told["max_at"] = largest if largest else (None, None)
    common = {d: offsets.count(d) for d in set(offsets)}
    best = min(common, key=lambda d: (-common[d], abs(d), d)) if common else None
    told["offset"] = {"value": best, "share": common[best] / len(offsets)} if common else None
    told["coverage_90"] = float(np.median(coverage)) if coverage else None
    sink = None
    for j in range(m):
        may = [i for i in seen_rows if sees[i, j]]
        if may and 4 * len(may) >= count:
            weight = mean([float(weights[i, j]) for i in may])
            if sink is None or weight > sink["weight"] + 1e-9:
                sink = {"key": j, "weight": weight}
    told["sink"] = sink
    told["rows"] = count
    return told


def close(got, want, what):
    if isinstance(want, dict):
        assert got is not None and set(got) == set(want), (what, got, want)
        for key in want:
            close(got[key], want[key], (*what, key))
    elif want is None or isinstance(want, (list, int)):
        assert got == want, (what, got, want)
    else:
        # three roundings to float32, and of entropies what their sums lose
        assert got is not None and abs(got - want) <= 4e-6 * max(1, abs(want)), (what, got, want)


def compare(file, *words, offset=0, tokens=None, shares=True, patches=None):
    """Every measure of every head of a run against those made of the weights and masks that the run writes."""
    run = json.loads(attn("run", file, *words, "--stage", "weights", "-q", "-o", "-"))
    weights = np.array(run["weights"], dtype=np.float64)
    mask = np.broadcast_to(np.array(run.get("mask", 1)), weights.shape)
    if "mask" not in run and run["config"]["causal"] is not False:
        n, m = weights.shape[-2:]
        mask = np.broadcast_to(np.arange(m) <= np.arange(n)[:, None] + offset, weights.shape)
    if "mask" not in run and run["config"].get("window"):
        left, right = run["config"]["window"]
        far = np.arange(weights.shape[-1]) - np.arange(weights.shape[-2])[:, None] - offset
        mask = mask & ((far >= -left) | (left < 0)) & ((far <= right) | (right < 0))
    stats = json.loads(attn("stats", file, *words, "-q", "--format", "json"))
    assert stats["schema"] == "attn-stats/1"
    heads = stats["heads"]
    assert [(h["layer"], h["head"]) for h in heads] == [(l, h) for l in range(weights.shape[0]) for h in range(weights.shape[1])]
    for head in heads:
        w = weights[head["layer"], head["head"]].astype(np.float32)
        sees = (mask[head["layer"], head["head"]] != 0) | (np.nan_to_num(w) != 0)
        want = measure(w, sees, offset, tokens, shares, patches)
        for name in want:
            close(head[name], want[name], (file, *words, head["layer"], head["head"], name))
    return heads


def put(name, **keys):
    with open(name, "w", encoding="utf-8") as out:
        json.dump({key: x.tolist() if isinstance(x, np.ndarray) else x for key, x in keys.items()}, out)


def random_weights(rng, *shape):
    w = rng.random(shape) ** 6
    return (w / w.sum(-1, keepdims=True)).astype(np.float32)


def test_given():
    """Weights that were given: sizes, masks, rows of NaN and of nothing, tokens that repeat."""
    rng = np.random.default_rng(0)
    for n, m in (1, 1), (2, 2), (3, 7), (8, 8), (40, 40), (129, 70):
        tokens = [str(x) for x in rng.integers(100, 104, m)]
        square = {"tokens": tokens} if n == m else {"key_tokens": tokens}
        w = random_weights(rng, 2, 3, n, m)
        put("x.json", attention=w, **square)
        compare("x.json", tokens=tokens if n == m else None)
        if n == m:
            w = np.tril(w) + 1e-9 * np.tril(np.ones_like(w))
            put("x.json", attention=(w / w.sum(-1, keepdims=True)).astype(np.float32), causal=True, **square)
            compare("x.json", tokens=tokens)
        mask = rng.random((n, m)) < 0.6
        mask[n // 2] = False
        w = random_weights(rng, 2, 3, n, m) * mask
        w[:, :, n // 3] = 0
        put("x.json", attention=w, mask=mask.astype(int), **square)
        compare("x.json", tokens=tokens if n == m else None)
    w = random_weights(rng, 1, 2, 9, 9)
    w[0, 1, 4, 2] = np.nan
    np.save("attention.npy", w)
    run = json.loads(attn("stats", "attention.npy", "-q", "--format", "json"))
    assert [h["rows"] for h in run["heads"]] == [9, 8]
    want = measure(w[0, 1], np.ones((9, 9), bool), 0)
    for name in want:
        close(run["heads"][1][name], want[name], ("NaN", name))
    huge = rng.random((1, 1, 9, 9)).astype(np.float32) * np.float32(1e30)
    np.save("attention.npy", huge)
    (head,) = json.loads(attn("stats", "attention.npy", "-q", "--format", "json"))["heads"]
    assert head["sink"] is None and head["coverage_90"] is None and head["confidence"] is None and np.float32(head["max_weight"]) == huge.max()
    small = random_weights(rng, 1, 2, 3, 5000)
    np.save("attention.npy", small)
    for h, head in enumerate(json.loads(attn("stats", "attention.npy", "-q", "--format", "json"))["heads"]):
        columns = small[0, h].astype(float).mean(0)
        assert head["sink"]["key"] == columns.argmax() and abs(head["sink"]["weight"] / columns.max() - 1) < 1e-6
    ties = np.full((1, 1, 10, 10), 0.1, np.float32)
    put("x.json", attention=ties)
    (head,) = compare("x.json")
    assert head["coverage_90"] == 9 and head["max_at"] == [0, 0] and head["sink"]["key"] == 0


def test_computed():
    """Of q and k: every kind of mask, a past, cross attention, forms whose weights are no shares."""
    rng = np.random.default_rng(1)
    n, d = 33, 6
    tokens = [str(x) for x in rng.integers(100, 109, n)]
    q, k = rng.normal(size=(2, 2, n, d)), rng.normal(size=(2, 2, n, d))
    put("x.json", q=q, k=k, tokens=tokens)
    for words in ((), ("--causal",), ("--window", "3"), ("--window", "4,1", "--causal"), ("--dilation", "3"), ("--block", "5", "--causal"),
                  ("--key-length", "20"), ("--normalizer", "sparsemax"), ("--top-k", "4"), ("--sink", "1")):
        compare("x.json", *words, tokens=tokens)
    for words in (), ("--causal",):
        compare("x.json", *words, "--cpu", "plain", tokens=tokens)
    for words in ("--dropout", "0.3"), ("--recurrence", "linear"), ("--normalizer", "sigmoid"):
        compare("x.json", *words, tokens=tokens, shares=False)
    bias = np.where(rng.random((n, n)) < 0.5, -np.inf, 0)
    put("y.json", q=q, k=k, bias=[[None if x else 0 for x in row] for row in np.isinf(bias)], tokens=tokens)
    compare("y.json", tokens=tokens)
    put("cross.json", q=q[0], k=rng.normal(size=(2, 12, d)), tokens=tokens)
    compare("cross.json")
    past = [str(x) for x in rng.integers(100, 109, n + 5)]
    put("past.json", q=q[0], k=k[0], past_k=rng.normal(size=(2, 5, d)), causal="end", tokens=past[5:], key_tokens=past)
    compare("past.json", offset=5, tokens=past)
    put("patches.json", q=q[0, :, :13], k=k[0, :, :13], grid=[3, 4], grid_offset=1)
    compare("patches.json", patches=(1, 3, 4))


def test_perfect():
    """Heads that do one thing have 1 where that is measured."""
    text = list("abcdabcdabcd")
    n = len(text)
    first, own, previous, nxt, twice, induct = (np.zeros((n, n), np.float32) for _ in range(6))
    for i in range(n):
        first[i, 0] = own[i, i] = previous[i, max(i - 1, 0)] = nxt[i, min(i + 1, n - 1)] = 1
        twice[i, i - 4 if i >= 4 else i] = induct[i, i - 3 if i >= 4 else 0] = 1
    put("x.json", attention=np.stack([first, own, previous, nxt, twice, induct])[None], tokens=text)
    heads = compare("x.json", tokens=text)
    for head, name in enumerate(["first_token", "self", "previous_token", "next_token", "duplicate_token", "induction"]):
        assert heads[head][name] == 1, (name, heads[head][name])
    # the first token, which has none before it, looks at itself
    assert heads[2]["offset"]["value"] == -1 and np.float32(heads[2]["offset"]["share"]) == np.float32(11 / 12)
    assert heads[0]["sink"] == {"key": 0, "weight": 1}
    assert heads[1]["entropy"] == 0 and heads[1]["effective_keys"] == 1 and heads[1]["coverage_90"] == 1


def test_sorted():
    """--sort, --best, the selection, csv; the same bytes for any number of threads."""
    rng = np.random.default_rng(2)
    w = random_weights(rng, 3, 5, 200, 200)
    np.savez("x.npz", attention=w)
    whole = json.loads(attn("stats", "x.npz", "-q", "--format", "json"))["heads"]
    for name in "entropy", "first_token", "coverage_90", "max_weight":
        for sign in "", "-":
            order = sorted(whole, key=lambda h: (h[name] if sign else -h[name], h["layer"], h["head"]))
            assert json.loads(attn("stats", "x.npz", "-q", "--sort", sign + name, "--best", "4", "-o", "-", "--format", "json"))["heads"] == order[:4]
    chosen = json.loads(attn("stats", "x.npz", "-q", "--layer", "2,0", "--head", "-1,1:3", "--format", "json"))["heads"]
    assert chosen == [h for l in (2, 0) for x in (4, 1, 2) for h in whole if (h["layer"], h["head"]) == (l, x)]
    attn("stats", "x.npz", "-q", "-o", "x.csv")
    with open("x.csv", encoding="utf-8") as text:
        table = list(csv.DictReader(io.StringIO(text.read())))
    assert len(table) == 15
    for line, head in zip(table, whole):
        flat = {**head, "max_query": head["max_at"][0], "max_key": head["max_at"][1], "offset": head["offset"]["value"],
                "offset_share": head["offset"]["share"], "sink": head["sink"]["weight"], "sink_key": head["sink"]["key"]}
        for key, x in line.items():
            assert (x == "") == (flat[key] is None) and (x == "" or float(x) == flat[key]), (key, x, flat[key])
    q = rng.normal(size=(1, 4, 700, 16)).astype("f4")
    np.savez("q.npz", q=q, k=q[..., ::-1])
    for words in ("x.npz",), ("q.npz", "--causal"):
        one = attn("stats", *words, "-q", "--threads", "1", "--format", "json")
        assert all(attn("stats", *words, "-q", "--threads", t, "--format", "json") == one for t in ("2", "3", "7"))


def test_real():
    """GPT-2's heads of layer 5: those that are known to do induction."""
    (real,) = sys.argv[2:]
    heads = json.loads(attn("stats", os.path.join(real, "gpt2_heads_37.json"), "-q", "--sort", "induction", "--format", "json"))["heads"]
    assert [h["head"] for h in heads[:4]] == [1, 5, 0, 8]
    assert [round(h["induction"], 3) for h in heads[:5]] == [0.818, 0.713, 0.583, 0.324, 0.058]


globals()["test_" + sys.argv[1]]()
