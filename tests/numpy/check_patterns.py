"""
attn stats --patterns: recalls of sparse patterns by their definition, line by line.
usage: check_patterns.py TEST    (ATTN: the program; REAL: heads of real models)
"""
import json
import os
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]


def told(*words):
    done = subprocess.run([ATTN, "stats", *words, "--patterns", "-q", "--format", "json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.returncode, done.stderr)
    return json.loads(done.stdout)


def fit(lines, left, taken=None):
    """Lines (weight, pairs, number) by weight a pair, those that fit; what they hold and what is left."""
    held = 0.0
    for weight, pairs, number in sorted(lines, key=lambda x: (-(x[0] / x[1]) if x[1] else 0, x[2])):
        if pairs and pairs <= left:
            left -= pairs
            held += weight
            if taken is not None:
                taken.append(number)
    return held, left


def line(w, open_, where, number):
    return w[open_ & where].sum(), int((open_ & where).sum()), number


def recalls(w, allowed, offset, budget, block):
    w = w.astype(np.float64)
    n, m = w.shape
    whole = np.isfinite(w).all(1) & (np.nan_to_num(w, nan=-1) >= 0).all(1)
    whole &= np.where(whole, np.nan_to_num(w).sum(1), 0) > 0
    open_ = allowed & whole[:, None]
    w = np.where(open_, w, 0)
    total, pairs = w.sum(), open_.sum()
    if not total > 0:
        return None, None, None
    most = max(int(budget * pairs), 1)
    i, j = np.mgrid[:n, :m]
    distance = abs(i + offset - j)
    starts = [0, 1]
    while starts[-1] < m:
        starts.append(min(2 * starts[-1], m))
    a_shape = 0
    for s in starts:
        kept = j < s
        if (open_ & kept).sum() > most:
            break
        for reach in range(n + m + 1):
            wider = (j < s) | (distance < reach)
            if (open_ & wider).sum() > most:
                break
            kept = wider
        a_shape = max(a_shape, w[open_ & kept].sum())
    columns = [line(w, open_, j == c, c) for c in range(m)]
    slash = 0
    for share in range(9):
        taken = []
        part = most // 8 * share + most % 8 * share // 8
        held, left = fit(columns, part, taken)
        rest = open_ & ~np.isin(j, taken)
        more, _ = fit([line(w, rest, j - i == d, d) for d in range(1 - n, m)], left + most - part)
        slash = max(slash, held + more)
    squares = [line(w, open_, (i // block == a) & (j // block == b), (a, b)) for a in range(-(-n // block)) for b in range(-(-m // block))]
    return a_shape / total, slash / total, fit(squares, most)[0] / total


def keys(w, share):
    counts = []
    for row in w.astype(np.float64):
        if np.isfinite(row).all() and (row >= 0).all() and row.sum() > 0:
            sums = np.cumsum(np.sort(row)[::-1])
            counts.append(np.searchsorted(sums, share * sums[-1] - 1e-6 * sums[-1]) + 1)
    return float(np.median(counts)) if counts else None


def close(got, want, what):
    assert (got is None) == (want is None), (what, got, want)
    assert got is None or abs(got - want) <= 1e-6, (what, got, want)


def check(sheet, w, allowed, offset=0):
    assert len(sheet["heads"]) == len(w)
    for h, head in enumerate(sheet["heads"]):
        want = recalls(w[h], allowed, offset, sheet["budget"], int(sheet["pattern_block"]))
        for name, value in zip(("a_shape", "vertical_slash", "blocks"), want):
            close(head[name], value, (name, h, w[h].shape))
        for name, share in ("keys_90", 0.9), ("keys_95", 0.95):
            close(head[name], keys(w[h], share), (name, h))


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)).astype(np.float32)


def test_random():
    rng = np.random.default_rng(3)
    for n, m, budget, block in (1, 1, 1, 1), (1, 9, 0.3, 2), (7, 7, 0.25, 3), (12, 20, 0.1, 4), (30, 30, 0.2, 8), (20, 5, 0.5, 64), (9, 9, 1, 2):
        w = softmax(rng.normal(size=(4, n, m)) * 3)
        np.save("attention.npy", w[None])
        sheet = told("attention.npy", "--budget", str(budget), "--pattern-block", str(block))
        check(sheet, w, np.ones((n, m), bool))
        if budget == 1:
            assert all(abs(head["vertical_slash"] - 1) < 1e-9 and abs(head["blocks"] - 1) < 1e-9 for head in sheet["heads"])


def test_masked():
    rng = np.random.default_rng(4)
    for n in 2, 16, 33:
        q, k = rng.normal(size=(2, 3, n, 4)).astype(np.float32) * 2
        np.savez("qk.npz", q=q, k=k)
        s = q.astype(np.float64) @ k.transpose(0, 2, 1).astype(np.float64) / 2
        i, j = np.mgrid[:n, :n]
        for words, allowed in (("--causal",), j <= i), (("--window", "3,1"), (j >= i - 3) & (j <= i + 1)):
            w = softmax(np.where(allowed, s, -np.inf))
            check(told("qk.npz", *words, "--budget", "0.3"), w, allowed)


def test_odd_rows():
    """Rows of zeros, of NaN and below 0 do not count; a head of nothing has no recall."""
    rng = np.random.default_rng(5)
    w = softmax(rng.normal(size=(3, 10, 10)))
    w[0, 2] = 0
    w[0, 3, 4] = np.nan
    w[1, 5, 1] = -0.1
    w[2] = 0
    np.save("attention.npy", w[None])
    sheet = told("attention.npy", "--budget", "0.2")
    check(sheet, w, np.ones((10, 10), bool))
    assert sheet["heads"][2]["a_shape"] is None and sheet["heads"][2]["keys_90"] is None


def test_huge():
    """Numbers that are no weights of a model have recalls, and no count of keys."""
    w = np.full((1, 1, 4, 4), 1e30, np.float32)
    w[0, 0, 0, 0] = 3e37
    np.save("attention.npy", w)
    head = told("attention.npy", "--budget", "0.5")["heads"][0]
    assert head["keys_90"] is None and head["keys_95"] is None and head["blocks"] > 0.99


def test_perfect():
    """Heads that are a pattern have all of it there."""
    n = 40
    i, j = np.mgrid[:n, :n]
    sink = (j == 0) | (i - j == 0) | (i - j == 1)
    slash = (i - j == 5) | (j == 7) | (i == j)
    block = (i // 5 == j // 5)
    w = np.stack([x * (j <= i) for x in (sink, slash, block)]).astype(np.float32)
    w /= w.sum(-1, keepdims=True)
    np.save("attention.npy", w[None])
    a, b, c = told("attention.npy", "--causal", "--budget", "0.15", "--pattern-block", "5")["heads"]
    assert a["a_shape"] == 1 and b["vertical_slash"] == 1 and c["blocks"] == 1
    assert b["a_shape"] < 0.9 and a["blocks"] < 0.9


def test_real():
    path = os.path.join(os.environ["REAL"], "gpt2_heads_37.json")
    w = np.array(json.load(open(path, encoding="utf-8"))["attention"], np.float32)
    w = w.reshape(-1, *w.shape[-2:])
    check(told(path, "--causal"), w, np.tri(w.shape[-1], dtype=bool))


globals()["test_" + sys.argv[1]]()
