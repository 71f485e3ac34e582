"""
attn stats --similar: distances by their definition, clusters and the map written anew.
usage: check_similar.py TEST    (ATTN: the program; REAL: heads of real models)
"""
import json
import os
import subprocess
import sys

import numpy as np

import png

ATTN = os.environ["ATTN"]
LN2 = np.log(2)


def told(*words, status=0):
    done = subprocess.run([ATTN, "stats", *words, "--similar", "-q", "--format", "json"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == status, (words, done.returncode, done.stderr)
    return json.loads(done.stdout) if status == 0 else done.stderr


def distances(w):
    """w heads×n×m: the mean over rows that both have of (KL(p‖u) + KL(q‖u))/2 with u = (p + q)/2."""
    w = w.astype(np.float64)
    sums = w.sum(-1)
    are = (sums > 0) & np.isfinite(sums) & (np.nan_to_num(w) >= 0).all(-1)
    p = w / np.where(are, sums, 1)[..., None]
    out = np.full((len(w), len(w)), np.nan)
    for a in range(len(w)):
        for b in range(len(w)):
            both = are[a] & are[b]
            if not both.any():
                continue
            x, y = p[a][both], p[b][both]
            u = (x + y) / 2
            with np.errstate(divide="ignore", invalid="ignore"):
                kl = np.where(x > 0, x * np.log(x / u), 0).sum(-1) + np.where(y > 0, y * np.log(y / u), 0).sum(-1)
            out[a, b] = kl.mean() / 2
    return out


def order_of(d):
    """UPGMA, of equal distances the first clusters; every mean anew from all members."""
    clusters = [[i] for i in range(len(d))]
    while len(clusters) > 1:
        means = [(d[np.ix_(a, b)].mean(), i, j) for i, a in enumerate(clusters) for j, b in enumerate(clusters) if i < j]
        _, i, j = min(means)
        clusters[i] += clusters.pop(j)
    return clusters[0]


def check(sheet, w, heads):
    want = distances(w)
    got = np.array(sheet["distances"], float)
    assert got.shape == want.shape
    assert np.array_equal(np.isnan(got), np.isnan(want))
    assert np.nanmax(np.abs(got - want)) <= 3e-7, np.nanmax(np.abs(got - want))
    assert np.array_equal(got, got.T, equal_nan=True)
    assert [(x["layer"], x["head"]) for x in sheet["heads"]] == heads
    filled = np.where(np.isnan(got), LN2, got)
    np.fill_diagonal(filled, 0)
    for i, row in enumerate(sheet["heads"]):
        others = [(got[i, j], j) for j in range(len(w)) if j != i and not np.isnan(got[i, j])]
        if not others:
            assert row["nearest_js"] is None and row["nearest_head"] is None
            continue
        least, j = min(others)
        assert (row["nearest_layer"], row["nearest_head"]) == heads[j]
        assert abs(row["nearest_js"] - least) < 1e-7
    assert [row["place"] for row in sheet["heads"]] == list(np.argsort(order_of(filled)))
    n = len(w)
    if n == 1:
        return
    j = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-j @ filled @ j / 2)
    values, vectors = values[::-1], vectors[:, ::-1]
    for axis, key in enumerate(("map_x", "map_y")):
        mine = np.array([row[key] for row in sheet["heads"]])
        if n == 2 and axis == 1:
            assert np.abs(mine).max() < 1e-6
            continue
        theirs = vectors[:, axis] * np.sqrt(max(values[axis], 0))
        assert min(np.abs(mine - theirs).max(), np.abs(mine + theirs).max()) < 1e-5, (axis, mine, theirs)
        assert mine[np.argmax(np.abs(mine))] >= 0
    if sheet["map_share"] is None:
        assert not filled.any()
        return
    share = values[:2].clip(0).sum() / values.sum()
    assert abs(sheet["map_share"] - share) < 1e-5


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)).astype(np.float32)


def all_heads(layers, heads):
    return [(layer, head) for layer in range(layers) for head in range(heads)]


def test_random():
    rng = np.random.default_rng(3)
    for layers, heads, n, m in (1, 1, 3, 3), (1, 2, 1, 5), (2, 3, 7, 7), (3, 4, 40, 33), (1, 12, 9, 300), (2, 2, 5, 1):
        w = softmax(rng.normal(size=(layers, heads, n, m)) * 3)
        np.save("attention.npy", w)
        check(told("attention.npy"), w.reshape(-1, n, m), all_heads(layers, heads))


def test_causal():
    rng = np.random.default_rng(4)
    for n in 2, 17, 64:
        s = rng.normal(size=(2, 4, n, n)) * 4
        s[..., ~np.tri(n, dtype=bool)] = -np.inf
        w = softmax(s)
        np.save("attention.npy", w)
        check(told("attention.npy", "--causal"), w.reshape(-1, n, n), all_heads(2, 4))


def test_odd_rows():
    """Rows of zeros, of NaN, negative ones, and ones that do not sum to 1; heads with no row in common."""
    rng = np.random.default_rng(5)
    w = softmax(rng.normal(size=(1, 6, 8, 8)))
    w[0, 0, 2] = 0
    w[0, 1, 3, 4] = np.nan
    w[0, 2, 5, 1] = -0.1
    w[0, 3] *= 3
    w[0, 4, :4] = 0
    w[0, 5, 4:] = 0
    np.save("attention.npy", w)
    sheet = told("attention.npy")
    check(sheet, w[0], all_heads(1, 6))
    assert sheet["distances"][4][5] is None
    w[:] = 0
    np.save("attention.npy", w)
    assert all(x is None for row in told("attention.npy")["distances"] for x in row)


def test_same():
    """Heads that are the same are exactly 0 apart, and those without a key in common ln 2."""
    w = np.zeros((1, 4, 3, 4), np.float32)
    w[0, :2, :, 0] = 1
    w[0, 2:, :, 1] = 0.25
    w[0, 2:, :, 2] = 0.75
    np.save("attention.npy", w)
    d = np.array(told("attention.npy")["distances"])
    assert d[0, 1] == 0 and d[2, 3] == 0
    assert np.abs(d[:2, 2:] - LN2).max() < 3e-7


def test_computed():
    """From q and k; only chosen heads, as they are called."""
    rng = np.random.default_rng(6)
    q, k = rng.normal(size=(2, 1, 5, 10, 4)).astype(np.float32)
    np.savez("qk.npz", q=q[0], k=k[0])
    w = softmax(q[0] @ k[0].transpose(0, 2, 1) / 2)
    check(told("qk.npz"), w, all_heads(1, 5))
    check(told("qk.npz", "--head", "1,3,4"), w[[1, 3, 4]], [(0, 1), (0, 3), (0, 4)])


def test_picture():
    """Gray from 0 to 0.4 nats: black on the diagonal, and each cell as bright as its distance; NaN in its own colour."""
    rng = np.random.default_rng(7)
    w = softmax(rng.normal(size=(1, 6, 12, 12)) * 2)
    w[0, 3] = w[0, 1] * 0.9 + w[0, 3] * 0.1
    w[0, 5] = np.nan
    np.save("attention.npy", w)
    sheet = told("attention.npy")
    size, heads = 20, 6
    subprocess.run([ATTN, "stats", "attention.npy", "--similar", "-q", "--cell", str(size), "--annotate=off", "--cmap", "gray", "--vmax",
                    "0.4", "-o", "x.png"], check=True)
    pixels = png.read("x.png").astype(int)
    black = (pixels == 0).all(2)
    top, left = next((y, x) for y in range(len(black)) for x in range(black.shape[1] - size) if black[y:y + size // 2, x:x + size // 2].all())
    middle = np.arange(heads) * size + size // 2
    cells = pixels[top + middle][:, left + middle]
    order = np.argsort([row["place"] for row in sheet["heads"]])
    want = np.array(sheet["distances"], float)[np.ix_(order, order)]
    for i in range(heads):
        for j in range(heads):
            if np.isnan(want[i, j]):
                assert np.ptp(cells[i, j]) > 20, "NaN is no gray"
            else:
                assert np.abs(cells[i, j] - min(want[i, j] / 0.4, 1) * 255).max() <= 2, (i, j, cells[i, j], want[i, j])


def test_real():
    path = os.path.join(os.environ["REAL"], "gpt2_heads_37.json")
    w = np.array(json.load(open(path, encoding="utf-8"))["attention"], np.float32)
    w = w.reshape(-1, *w.shape[-2:])
    check(told(path, "--causal"), w, all_heads(1, len(w)))


globals()["test_" + sys.argv[1]]()
