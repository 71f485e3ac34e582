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

import png

ATTN = os.environ["ATTN"]


def attn(*words, status=0):
    done = subprocess.run([ATTN, *words], capture_output=True, text=True, check=False)
    assert done.returncode == status, (words, done.returncode, done.stderr)
    return done.stdout


def mean(rows):
    return sum(rows) / len(rows) if rows else None


THRESHOLDS = {"previous_token": 0.5, "self": 0.5, "next_token": 0.5, "duplicate_token": 0.2, "induction": 0.2, "diagonal": 0.8, "local": 0.8,
              "first_token": 0.5, "columns": 0.6, "uniform": 0.95, "no_op": 0.9}
NORMS = ["norm_first_token", "norm_self", "norm_previous_token", "idle", "output_share"]


def name_labels(told, chance, same, thresholds):
    """The labels of a head with these measures; chance: of each measure, the share of keys that count in each of its rows."""
    labels = []
    for name, threshold in thresholds.items():
        key = {"uniform": "effective_share", "no_op": "idle"}.get(name, name)
        value, shares = told[key], np.array(chance.get(key, []))
        above = shares.mean() + 3 * math.sqrt((shares * (1 - shares)).sum()) / len(shares) if len(shares) else -math.inf
        if value is None or value < threshold or value <= above or (not same and name in ("previous_token", "self", "next_token")):
            continue
        if name == "local" and set(labels) & {"previous_token", "self", "next_token", "duplicate_token", "induction"}:
            continue
        if name == "columns" and "first_token" in labels:
            continue
        labels.append(name)
    return labels


def measure(weights, sees, offset, tokens=None, shares=True, patches=None, thresholds=None, written=None, scores=None, softmax=True):
    """weights n×m, sees n×m; tokens: of the keys, where the queries are keys; patches: (first, rows, columns); written: what the
    head makes of each key, m×d, and its part of what all heads write, n; scores n×m: what the weights are a softmax of."""
    n, m = weights.shape
    same = n == m or (m > n and offset == m - n)
    names = ["entropy", "entropy_normalized", "effective_keys", "effective_share", "slope", "mean_distance", "confidence", "first_token", "self",
             "previous_token", "next_token", "local", "duplicate_token", "induction", "diagonal", *NORMS]
    rows, chance = {name: [] for name in names}, {name: [] for name in THRESHOLDS}
    wide, single = [], []
    largest, offsets, coverage, seen_rows, count = None, [], [], [], 0
    for i in range(n):
        a, keys, p = weights[i].astype(float), np.flatnonzero(sees[i]), i + offset
        c = len(keys)
        single.append({**dict.fromkeys(names), "query": i, "keys": c, "max_key": None, "coverage_90": None})
        before = {name: len(rows[name]) for name in names}
        if c == 0 or not np.isfinite(a[keys]).all():
            continue
        count += 1
        seen_rows.append(i)

        def place(name, among, value=None):
            if among:
                rows[name].append(sum(a[j] for j in among) if value is None else value)
                chance[name].append(len(among) / c)

        if c >= 12:
            wide.append(a)
        if shares:
            entropy = -sum(x * math.log(x) for x in a if x > 0)
            rows["entropy"].append(entropy)
            rows["effective_keys"].append(math.exp(entropy))
            if c >= 2:
                rows["entropy_normalized"].append(entropy / math.log(c))
            if c >= 4:
                rows["effective_share"].append(math.exp(entropy) / c)
            if softmax:
                rows["slope"].append(float((a * (1 - a)).sum()))
            if patches is None:
                rows["mean_distance"].append(sum(a[j] * abs(p - j) for j in range(m)))
            else:
                first, high, broad = patches
                inside = range(first, first + high * broad)
                total = sum(a[j] for j in inside)
                if p in inside and total > 0:
                    spot = [divmod(j - first, broad) for j in (p, *inside)]
                    rows["mean_distance"].append(sum(a[j] * math.dist(spot[0], x) for j, x in zip(inside, spot[1:])) / total)
            if a[a > 0].sum() > 0:
                heavy = np.sort(a[a > 0])[::-1]
                coverage.append(int(np.searchsorted(np.cumsum(heavy), (0.9 - 1e-6) * heavy.sum())) + 1)
                single[-1]["coverage_90"] = coverage[-1]
        if c >= 2:
            best = keys[np.argmax(a[keys])]
            rows["confidence"].append(a[best])
            single[-1]["max_key"] = int(best)
            offsets.append(int(best) - p)
            if largest is None or a[best] > largest[0]:
                largest = (a[best], [i, int(best)])
            across = [j for j in keys if abs(j - ((i + 0.5) * m / n - 0.5)) <= max(1, m / 10)]
            if not same and 2 * len(across) <= c:
                place("diagonal", across, best in across)
        rows["first_token"].append(a[0])
        chance["first_token"].append(float(sees[i, 0]) / c)
        for name, j in ("self", p), ("previous_token", p - 1), ("next_token", p + 1):
            place(name, [j] if 0 <= j < m and sees[i, j] else [])
        near = [j for j in keys if abs(p - j) <= 4]
        if same and patches is None and 2 * len(near) <= c:
            place("local", near)
        if tokens is not None and 0 <= p < m:
            twice = [j for j in range(p) if tokens[j] == tokens[p] and sees[i, j]]
            after = [j for j in range(1, p + 1) if tokens[j - 1] == tokens[p] and sees[i, j]]
            place("duplicate_token", twice)
            place("induction", after)
        if written is not None and shares:
            norms = np.linalg.norm(written[0], axis=1)
            each = a * norms
            rows["idle"].append(1 - each.sum() / norms[keys].max())
            rows["norm_first_token"].append(each[0] / each.sum())
            for name, j in ("norm_self", p), ("norm_previous_token", p - 1):
                if same and 0 <= j < m and sees[i, j]:
                    rows[name].append(each[j] / each.sum())
            rows["output_share"].append(written[1][i])
        single[-1].update({name: float(rows[name][-1]) for name in names if len(rows[name]) > before[name]})
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
    entered = scores[seen_rows][sees[seen_rows]] if scores is not None else np.zeros(0)
    told["score_std"] = float(entered.std()) if entered.size else None
    told["per_row"] = single
    total = np.sort(np.sum(wide, 0))[::-1] if len(wide) >= 16 and shares else np.zeros(1)
    told["columns"] = float(total[:3].sum() / total.sum()) if total.sum() > 0 else None
    told["label_names"] = name_labels(told, chance, same, thresholds or THRESHOLDS)
    return told


def unlabelled(head):
    """A head with the names of its labels, whose evidence is checked."""
    for label in head["labels"]:
        measured = {"uniform": "effective_share", "no_op": "idle"}.get(label["name"], label["name"])
        assert label == {"name": label["name"], "measure": measured, "value": head[measured], "threshold": label["threshold"]}
    return {**head, "label_names": [label["name"] for label in head["labels"]]}


def close(got, want, what):
    if what[-1] == "per_row":
        assert len(got) == len(want), what
        for row, (one, other) in enumerate(zip(got, want)):
            assert one.pop("token") is not None and (one.pop("max_token") is None) == (one["max_key"] is None), what
            close(one, other, (*what, row))
    elif isinstance(want, dict):
        assert got is not None and set(got) == set(want), (what, got, want)
        for key in want:
            close(got[key], want[key], (*what, key))
    elif want is None or isinstance(want, (list, int)):
        assert got == want, (what, got, want)
    elif what[-1] == "score_std":
        assert got is not None and abs(got - want) <= 2e-5 * max(1, abs(want)), (what, got, want)
    else:
        # three roundings to float32, and of entropies what their sums lose
        assert got is not None and abs(got - want) <= 4e-6 * max(1, abs(want)), (what, got, want)


def scores_of(file, *words):
    """The masked scores of a run in double precision, layers×heads×n×m; None where weights were given, or scores enter no softmax."""
    done = subprocess.run([ATTN, "run", file, *words, "--cpu", "plain", "--stage", "masked", "-q", "-o", "-"], capture_output=True, text=True, check=False)
    return np.array(json.loads(done.stdout)["masked"], dtype=np.float64) if done.returncode == 0 and "--recurrence" not in words else None


def compare(file, *words, offset=0, tokens=None, shares=True, patches=None, written=None):
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
    softmax = run["config"].get("normalizer", "softmax") == "softmax"
    scores = scores_of(file, *words)
    stats = json.loads(attn("stats", file, *words, "-q", "--per-row"))
    assert stats["schema"] == "attn-stats/1"
    assert stats["thresholds"] == THRESHOLDS
    heads = [unlabelled(head) for head in stats["heads"]]
    assert [(h["layer"], h["head"]) for h in heads] == [(l, h) for l in range(weights.shape[0]) for h in range(weights.shape[1])]
    for head in heads:
        w = weights[head["layer"], head["head"]].astype(np.float32)
        sees = (mask[head["layer"], head["head"]] != 0) | (np.nan_to_num(w) != 0)
        want = measure(w, sees, offset, tokens, shares, patches, written=written and written(head["layer"], head["head"], weights),
                       scores=None if scores is None else scores[head["layer"], head["head"]], softmax=softmax)
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
            beyond = np.tril(random_weights(np.random.default_rng(n), 2, 3, n, n))
            beyond[:, 1, n // 2:] += 0.1
            put("x.json", attention=beyond, causal=True, **square)
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
    for name in want.keys() - {"per_row"}:
        close(unlabelled(run["heads"][1])[name], want[name], ("NaN", name))
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


def spread(*words, cpus=("plain", "avx512", "avx2", "portable"), **keys):
    """score_std and slope of the first head, of every engine."""
    np.savez("x.npz", **{key: np.asarray(x, "f4") for key, x in keys.items()})
    found = []
    for cpu in cpus:
        done = subprocess.run([ATTN, "stats", "x.npz", *words, "--cpu", cpu, "-q", "--format", "json"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            head = json.loads(done.stdout)["heads"][0]
            found.append((head["score_std"], head["slope"]))
        else:
            assert "this processor" in done.stderr or "cannot" in done.stderr, (words, cpu, done.stderr)
    return found


def test_spread():
    """How scores are spread, and the slope of the softmax, of scores that NumPy makes."""
    rng = np.random.default_rng(12)

    def check(what, s, allowed, *words, sees=None, **keys):
        s, allowed = s.astype(float), np.broadcast_to(allowed, s.shape)
        sees = allowed if sees is None else sees
        e = np.where(sees, np.exp(s - np.where(sees, s, -np.inf).max(1, initial=-1e30, keepdims=True)), 0)
        w = e[allowed.any(1)]
        w = w / w.sum(1, keepdims=True)
        want = s[allowed].std(), (1 - (w * w).sum(1)).mean()
        found = spread(*words, **keys)
        assert found, what
        for got in found:
            assert all(abs(x - y) <= 2e-5 * max(1, abs(y)) for x, y in zip(got, want)), (what, words, found, want)
        return want

    for n, m, d in (1, 1, 3), (2, 300, 16), (12, 12, 64), (70, 70, 8), (130, 257, 5), (3, 20000, 4), (40, 2100, 4):
        q, k = rng.normal(size=(n, d)).astype("f4"), rng.normal(size=(m, d)).astype("f4")
        s, i, j = q.astype(float) @ k.T.astype(float) / d ** 0.5, np.arange(n)[:, None], np.arange(m)
        check("plain scores", s, True, q=q, k=k)
        check("scores far from 0", s + 300, True, "--scale", repr(d ** -0.5), q=np.c_[q, np.full(n, 300 * d ** 0.5)], k=np.c_[k, np.ones(m)])
        check("unscaled", s * d ** 0.5, True, "--scale", "1", q=q, k=k)
        check("a large scale", s * 3e4 * d ** 0.5, True, "--scale", "30000", q=q, k=k)
        check("causal", s, j <= i, "--causal", q=q, k=k)
        check("a window", s, (j >= i - 3) & (j <= i + 2), "--window", "3,2", q=q, k=k)
        check("a softcap", 2 * np.tanh(s / 2), True, "--softcap", "2", q=q, k=k)
        bias, mask = rng.normal(size=(n, m)).astype("f4"), rng.random((n, m)) < 0.7
        check("a bias", s + bias, True, q=q, k=k, bias=bias)
        check("a mask, with rows of no key", s, mask, q=q, k=k, mask=mask)
        check("ALiBi in a window that ends before the last queries", s - abs(i - j) / 256, j < min(m, 5), "--position", "alibi", "--key-length", str(min(m, 5)), q=q, k=k)
        check("padding", s, j < (m + 1) // 2, "--key-length", str((m + 1) // 2), q=q, k=k)
        check("dilation", s, (i - j) % 3 == 0, "--dilation", "3", q=q, k=k)
        top = np.sort(s, 1)[:, -min(m, 4)][:, None]
        check("top-k, which leaves scores as they are", s, True, "--top-k", "4", sees=s >= top, q=q, k=k)
        check("a fill, which is no score", s, j <= i, "--causal", "--mask-fill=-1e9", q=q, k=k)
    for normalizer in "sparsemax", "entmax15", "sigmoid":
        for std, slope in spread("--normalizer", normalizer, q=q, k=k):
            assert abs(std - s.std()) <= 2e-5 and slope is None
    none = [(None, None)]
    assert set(spread("--recurrence", "linear", q=q, k=q, cpus=["avx2"])) == set(none)
    (got,) = spread(attention=np.full((1, 1, 4, 4), 0.25), cpus=["plain"])
    assert got == (None, 0.75)
    # the least float32, as torch fills masks, is a score, whose square is no number
    bias = np.zeros((40, 2100), "f4")
    bias[:, 3] = np.finfo("f4").min
    assert all(std is None and slope > 0.5 for std, slope in spread(q=q, k=k, bias=bias))
    assert len(set(spread("--threads", t, q=q, k=k, cpus=["avx2"])[0] for t in "1235")) == 1
    # why scores are divided by √d_k, in one number a head: the slope vanishes
    for d, slope in (64, 0.2), (1024, 0.05):
        q, k = rng.normal(size=(2, 8, 12, d)).astype("f4")
        np.savez("x.npz", q=q, k=k)
        unscaled = json.loads(attn("stats", "x.npz", "--scale", "1", "--format", "json"))["heads"]
        scaled = json.loads(attn("stats", "x.npz", "--format", "json"))["heads"]
        assert abs(np.mean([h["score_std"] for h in unscaled]) - d ** 0.5) < 0.05 * d ** 0.5
        assert abs(np.mean([h["slope"] for h in unscaled]) - slope) < 0.03
        assert abs(np.mean([h["score_std"] for h in scaled]) - 1) < 0.05 and abs(np.mean([h["slope"] for h in scaled]) - 0.84) < 0.03
    order = [h["score_std"] for h in json.loads(attn("stats", "x.npz", "--sort", "-score_std", "--format", "json"))["heads"]]
    assert order == sorted(order)


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


def shift(a, m):
    """Rows of 1 at the keys of a list, of m keys."""
    return np.eye(m, dtype=np.float32)[a]


def test_labels():
    """Heads that do one thing have its label and no other; random ones of 20 queries have none, and of a few hardly one."""
    n = 48
    text = [f"t{i % 24}" for i in range(n)]
    i = np.arange(n)
    away = (i * 29 + 11) % n  # where a head looks that has nothing else to do: everywhere
    local = np.array([[1 if 1 < abs(p - j) <= 4 else 0 for j in i] for p in i], np.float32)
    kinds = {
        "previous_token": shift(np.maximum(i - 1, 0), n), "self": shift(i, n), "next_token": shift(np.minimum(i + 1, n - 1), n),
        "duplicate_token": shift(np.where(i >= 24, i - 24, away), n), "induction": shift(np.where(i >= 24, i - 23, away), n),
        "local": local / local.sum(1, keepdims=True), "first_token": shift(np.zeros(n, int), n),
        "columns": shift(np.array([7, 21, 40])[i % 3], n), "uniform": np.full((n, n), 1 / n, np.float32)}
    put("x.json", attention=np.stack(list(kinds.values()))[None], tokens=text)
    heads = compare("x.json", tokens=text)
    assert [head["label_names"] for head in heads] == [[name] for name in kinds]
    attn("stats", "x.json", "-o", "x.csv")
    with open("x.csv", encoding="utf-8") as table:
        assert [line["labels"] for line in csv.DictReader(table)] == list(kinds)
    # cross attention: its diagonal is no token before, nor itself, and has as many keys as there are
    across = np.zeros((1, 2, 30, 40), np.float32)
    for row in range(30):
        across[0, 0, row, min(39, row * 4 // 3)] = across[0, 1, row, (row * 17 + 3) % 40] = 1
    put("cross.json", attention=across)
    assert [head["label_names"] for head in compare("cross.json")] == [["diagonal"], []]
    put("cross.json", attention=shift(np.arange(8), 12)[None, None])
    assert compare("cross.json")[0]["label_names"] == [], "8 queries that look at key p of 12 are no self"
    # random ones, of all sizes, soft and hard, causal and not; in a short text it is only seldom
    rng = np.random.default_rng(5)
    by_chance = []
    for size in (1, 1), (2, 2), (3, 3), (5, 5), (8, 8), (20, 20), (40, 40), (90, 90), (6, 31), (30, 20):
        scores = rng.normal(size=(2, 4, *size))
        for sharp in 1, 4:
            for causal in (False, True) if size[0] == size[1] else (False,):
                mask = np.tril(np.ones(size, bool)) if causal else np.ones(size, bool)
                w = np.exp(sharp * scores) * mask
                tokens = [f"t{x}" for x in rng.integers(0, 9, size[1])]
                labels = {"tokens": tokens} if size[0] == size[1] else {}
                put("x.json", attention=(w / w.sum(-1, keepdims=True)).astype(np.float32), causal=causal, **labels)
                for head in compare("x.json", tokens=tokens if labels else None):
                    by_chance.append(len(head["label_names"]))
                    assert head["label_names"] == [] or min(size) < 20, (size, sharp, causal, head)
    assert len(by_chance) == 288 and sum(by_chance) <= 3, by_chance
    # thresholds, and what chance has all the same: query 0 of one key is always itself
    put("x.json", attention=kinds["local"][None, None] * 0.9 + kinds["self"] * 0.1, tokens=text)
    for words, want in (("self=0.1", ["self"]), ("self=0.11", ["local"]), ("local=0.95,self=1", ["local"]), ("uniform=0.1", ["local", "uniform"])):
        stats = json.loads(attn("stats", "x.json", "--thresholds", words))
        assert [label["name"] for label in stats["heads"][0]["labels"]] == want, (words, stats["heads"][0]["labels"])
        given = {word.split("=")[0]: float(word.split("=")[1]) for word in words.split(",")}
        assert stats["thresholds"] == {**THRESHOLDS, **given}
    put("x.json", attention=np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None], causal=True)
    assert json.loads(attn("stats", "x.json", "--thresholds", "self=0.1,first_token=0.1,uniform=1"))["heads"][0]["labels"] == [
        {"name": "uniform", "measure": "effective_share", "value": 1, "threshold": 1}]


def first_tokens(values):
    """Heads of 4 tokens with these weights on the first, the rest on the last; NaN: all of them."""
    w = np.zeros((*values.shape, 4, 4), np.float32)
    w[..., 0] = values[..., None]
    w[..., 3] = 1 - w[..., 0]
    return w


def cells_of(path, layers, heads, size):
    """The colours in the middle of cells, layers×heads×3; the first cell is where colour begins."""
    pixels = png.read(path).astype(int)
    colour = np.ptp(pixels, 2) > 20
    top, left = np.flatnonzero(colour.any(1))[0], np.flatnonzero(colour.any(0))[0]
    return pixels[top + size // 2:top + layers * size:size, left + size // 2:left + heads * size:size][:layers, :heads]


def test_picture():
    """A cell a head, layers downwards, in the colours of its value."""
    viridis = {0: (68, 1, 84), 0.25: (59, 82, 139), 0.5: (33, 145, 140), 0.75: (94, 201, 98), 1: (253, 231, 37)}
    rng = np.random.default_rng(6)
    for layers, heads, size in (1, 1, 16), (12, 12, 16), (48, 96, 8), (3, 5, 12):
        values = rng.integers(0, 5, (layers, heads)) / 4
        np.save("attention.npy", first_tokens(values))
        attn("stats", "attention.npy", "-q", "--measure", "first_token", "--cell", str(size), "--annotate=off", "-o", "x.png")
        want = np.array([[viridis[x] for x in row] for row in values])
        assert abs(cells_of("x.png", layers, heads, size) - want).max() <= 2, (layers, heads)
    # a head of NaN, and those that are not chosen, have colours of their own
    values = np.array([[1, 0.5, np.nan], [0.75, 0, 0.25]])
    np.save("attention.npy", first_tokens(values))
    words = ("-q", "--measure", "first_token", "--cell", "16", "--annotate=off", "-o", "x.png")
    attn("stats", "attention.npy", *words)
    cells = cells_of("x.png", 2, 3, 16)
    nan = cells[0, 2]
    assert min(abs(nan - np.array(x)).max() for x in viridis.values()) > 60 and np.ptp(nan) > 60
    attn("stats", "attention.npy", *words, "--sort", "first_token", "--best", "3")
    cells = cells_of("x.png", 2, 2, 16)
    assert [tuple(x) for x in cells[0]] == [viridis[1], viridis[0.5]] and tuple(cells[1, 0]) == viridis[0.75]
    other = cells[1, 1]
    assert np.ptp(other) == 0 and abs(other - nan).max() > 60
    # only chosen layers and heads have rows and columns, in order of their numbers; measures that are no shares are on their own range
    attn("stats", "attention.npy", *words, "--layer", "1", "--head", "2,0")
    assert [tuple(x) for x in cells_of("x.png", 1, 2, 16)[0]] == [viridis[0.75], viridis[0.25]]
    attn("stats", "attention.npy", *words, "--layer", "1", "--measure", "entropy")
    entropy = [h["entropy"] for h in json.loads(attn("stats", "attention.npy", "-q", "--layer", "1", "--format", "json"))["heads"]]
    cells = [tuple(x) for x in cells_of("x.png", 1, 3, 16)[0]]
    assert cells[int(np.argmax(entropy))] == viridis[1] and cells[int(np.argmin(entropy))] == viridis[0]
    # a picture without --measure shows entropy_normalized, and does not depend on threads
    attn("stats", "attention.npy", "-q", "-o", "a.png", "--threads", "1")
    attn("stats", "attention.npy", "-q", "-o", "b.png", "--measure", "entropy_normalized")
    with open("a.png", "rb") as a, open("b.png", "rb") as b:
        assert a.read() == b.read()


def test_rows():
    """--per-row: in the order of heads and queries, whatever the threads; CSV says the same; nothing else changes."""
    rng = np.random.default_rng(7)
    names = [f"t{x}, \"{x}\"" for x in rng.integers(0, 40, 300)]
    put("x.json", attention=random_weights(rng, 2, 3, 300, 300), tokens=names)
    whole = json.loads(attn("stats", "x.json", "-q", "--per-row"))
    for head in whole["heads"]:
        assert [row["query"] for row in head["per_row"]] == list(range(300)) and [row["token"] for row in head["per_row"]] == names
        assert all(row["max_token"] == names[row["max_key"]] for row in head["per_row"])
    words = ("--sort", "induction", "--layer", "1", "--head", "0,2", "--best", "1")
    (best,) = json.loads(attn("stats", "x.json", "-q", "--per-row", *words))["heads"]
    assert best in whole["heads"] and best["layer"] == 1
    for threads in "1", "2", "5":
        assert json.loads(attn("stats", "x.json", "-q", "--per-row", "--threads", threads)) == whole
    attn("stats", "x.json", "-q", "--per-row", "-o", "x.csv")
    with open("x.csv", encoding="utf-8", newline="") as text:
        table = list(csv.DictReader(text))
    lines = [{"layer": head["layer"], "head": head["head"], **row} for head in whole["heads"] for row in head["per_row"]]
    assert len(table) == len(lines) and list(table[0]) == list(lines[0])
    for line, row in zip(table, lines):
        assert all(line[key] == ("" if x is None else x) if x is None or isinstance(x, str) else float(line[key]) == x for key, x in row.items())
    plain = json.loads(attn("stats", "x.json", "-q", "--format", "json"))
    for head in whole["heads"]:
        del head["per_row"]
    assert plain == whole


def test_norms():
    """What heads write: v times w_o where there is one, with heads that share v, biases, cross attention; and where it is not known."""
    rng = np.random.default_rng(8)
    n, m, d, heads, width = 19, 14, 5, 4, 7
    tokens = [f"t{x}" for x in rng.integers(0, 9, n)]
    q, k, v = rng.normal(size=(2, heads, n, d)), rng.normal(size=(2, heads, n, d)), rng.normal(size=(2, heads, n, 3))
    v[:, :, 0] *= 1e-3

    def written(values, w_o=None):
        def of(layer, head, weights):
            made = []
            for h in range(heads):
                x = values[layer][h * len(values[layer]) // heads]
                made.append(x @ w_o[h * 3:h * 3 + 3] if w_o is not None else x)
            norms = np.array([np.linalg.norm(weights[layer, h] @ made[h], axis=1) for h in range(heads)])
            return made[head], norms[head] / norms.sum(0)
        return of

    put("x.json", q=q, k=k, v=v, tokens=tokens)
    for words in (), ("--causal",), ("--window", "3,1"), ("--cpu", "plain"):
        compare("x.json", *words, tokens=tokens, written=written(v))
    w_o = rng.normal(size=(heads * 3, width))
    put("x.json", q=q[0], k=k[0, :2], v=v[0, :2], w_o=w_o, b_o=rng.normal(size=width), tokens=tokens, kv_heads=2)
    compare("x.json", "--causal", tokens=tokens, written=written(v[:1, :2], w_o))
    put("cross.json", q=q[0], k=k[0, :, :m], v=v[0, :, :m], w_o=w_o)
    compare("cross.json", written=written(v[:1, :, :m], w_o))
    mask = rng.random((n, n)) < 0.5
    mask[:, 3] = True
    put("x.json", q=q[0], k=k[0], v=v[0], w_o=w_o, mask=mask.astype(int), tokens=tokens)
    compare("x.json", tokens=tokens, written=written(v[:1], w_o))
    one = attn("stats", "x.json", "-q", "--per-row", "--threads", "1")
    assert all(attn("stats", "x.json", "-q", "--per-row", "--threads", t) == one for t in ("2", "3"))
    # where it is not known: without v, behind a gate, of weights that are no shares
    put("x.json", q=q[0], k=k[0], tokens=tokens)
    compare("x.json", tokens=tokens)
    put("x.json", q=q[0], k=k[0], v=v[0], gate=rng.normal(size=(n, heads)), tokens=tokens)
    compare("x.json", tokens=tokens)
    put("x.json", q=q[0], k=k[0], v=v[0], tokens=tokens)
    compare("x.json", "--dropout", "0.2", tokens=tokens, shares=False)
    # a head that looks at a first token whose value is nothing writes nothing, and has both labels; with a value it has one
    x = np.zeros((1, 2, 24, 2))
    x[..., 0] = 1
    k = np.zeros((1, 2, 24, 2))
    k[0, :, 0, 0] = 12
    v = np.ones((1, 2, 24, 3))
    v[0, 0, 0] = 1e-4
    put("x.json", q=x, k=k, v=v)
    labels = [[label["name"] for label in head["labels"]] for head in json.loads(attn("stats", "x.json", "--format", "json"))["heads"]]
    assert labels == [["first_token", "no_op"], ["first_token"]], labels


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
            if key == "labels":
                assert x == " ".join(label["name"] for label in flat[key])
                continue
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
    labels = [[label["name"] for label in h["labels"]] for h in heads]
    assert labels[:4] == 4 * [["induction", "first_token"]] and not any("induction" in x for x in labels[4:])
    heads = json.loads(attn("stats", os.path.join(real, "models/rxnmapper/expected/att0.npy"), "-q", "--format", "json"))["heads"]
    labels = [label["name"] for h in heads for label in h["labels"]]
    assert [labels.count(x) for x in ("previous_token", "next_token", "local")] == [12, 12, 17]
    (head,) = json.loads(attn("stats", os.path.join(real, "translation_cross.json"), "-q", "--format", "json"))["heads"]
    assert [label["name"] for label in head["labels"]] == ["diagonal"] and round(head["diagonal"], 2) == 0.85
    parts = [word for name in "qkv" for word in ("--" + name, os.path.join(real, "models/stories260K/expected", name + ".npy"))]
    heads = json.loads(attn("stats", *parts, "--causal", "-q", "--format", "json"))["heads"]
    assert len(heads) == 40 and round(max(head["idle"] for head in heads), 2) == 0.29


globals()["test_" + sys.argv[1]]()
