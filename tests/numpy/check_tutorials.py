"""
The four pieces of code that introductions to attention have, in our own words, beside what attn gives: the same to 2e-6.
usage: check_tutorials.py TEST    (ATTN: the program)
"""
import json
import os
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]
EXACT = 2e-6


def attn(problem, *words):
    """Weights of layer 0, heads×n×m, and the output."""
    with open("x.json", "w", encoding="utf-8") as out:
        json.dump({key: x.tolist() if isinstance(x, np.ndarray) else x for key, x in problem.items()}, out)
    done = subprocess.run([ATTN, "run", "x.json", *words, "-q", "-o", "-"], capture_output=True, text=True, check=True)
    run = json.loads(done.stdout)
    return np.array(run["weights"][0]), np.array(run["output"][0])


def same(got, want):
    assert got.shape == want.shape, (got.shape, want.shape)
    assert np.abs(got - want).max(initial=0) <= EXACT, np.abs(got - want).max()


def normals(rng, *shape):
    """Numbers that a float32 holds, so that both sides have the same."""
    return rng.normal(size=shape).astype(np.float32).astype(np.float64)


def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask == 0, -1e9, scores)
    weights = softmax(scores)
    return weights, weights @ v


def multi_head_attention(x, w_q, w_k, w_v, w_o, heads, mask):
    def split(y):
        return y.reshape(len(y), heads, -1).transpose(1, 0, 2)

    weights, each = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
    return weights, each.transpose(1, 0, 2).reshape(len(x), -1) @ w_o


def additive_attention(query, values, w1, w2, v):
    scores = np.tanh((query @ w1)[:, None] + (values @ w2)[None]) @ v
    weights = softmax(scores)
    return weights, weights @ values


def positional_encoding(length, d_model):
    angles = np.arange(length)[:, None] / 10000 ** (np.arange(0, d_model, 2) / d_model)
    table = np.empty((length, d_model))
    table[:, 0::2], table[:, 1::2] = np.sin(angles), np.cos(angles)
    return table


def test_dot_product():
    rng = np.random.default_rng(1)
    for n, m, d, d_v in (1, 1, 1, 1), (4, 4, 8, 8), (12, 12, 64, 64), (5, 9, 3, 7), (60, 70, 16, 4):
        q, k, v = normals(rng, n, d), normals(rng, m, d), normals(rng, m, d_v)
        weights, output = attn({"q": q, "k": k, "v": v})
        want = scaled_dot_product_attention(q, k, v)
        same(weights[0], want[0])
        same(output.reshape(n, d_v), want[1])


def test_masked_heads():
    rng = np.random.default_rng(2)
    for n, heads, d in (3, 1, 4), (6, 2, 8), (10, 8, 32), (33, 4, 16):
        x, *w = normals(rng, n, d), *(normals(rng, d, d) / d ** 0.5 for _ in range(4))
        problem = dict(zip(("w_q", "w_k", "w_v", "w_o"), w), embeddings=x, heads=heads)
        w = [matrix.astype(np.float32).astype(np.float64) for matrix in w]
        padding = np.broadcast_to(np.arange(n) < n - 1, (n, n)).astype(int)
        some = (rng.random((n, n)) < 0.5).astype(int)
        some[n // 2] = 0
        for mask in np.tril(np.ones((n, n), int)), padding, some, np.zeros((n, n), int):
            weights, output = attn({**problem, "mask": mask}, "--mask-fill=-1e9")
            want = multi_head_attention(x, *w, heads, mask)
            same(weights, want[0])
            same(output, want[1])
            blind = mask.sum(axis=1) == 0
            assert np.abs(weights[:, blind] - 1 / n).max(initial=0) <= EXACT
            # without a fill the same, but for these rows
            without, _ = attn({**problem, "mask": mask})
            same(without[:, ~blind], want[0][:, ~blind])
            assert (without[:, blind] == 0).all()


def test_additive():
    rng = np.random.default_rng(3)
    for n, m, d_q, d_k, units in (1, 5, 4, 4, 6), (4, 7, 3, 5, 8), (20, 30, 16, 12, 24):
        query, values = normals(rng, n, d_q), normals(rng, m, d_k)
        w1, w2, v = normals(rng, d_q, units), normals(rng, d_k, units), normals(rng, units)
        weights, output = attn({"q": query, "k": values, "v": values, "score": "additive", "w_score_q": w1, "w_score_k": w2, "v_score": v})
        want = additive_attention(query, values, w1, w2, v)
        same(weights[0], want[0])
        same(output.reshape(n, d_k), want[1])


def test_positions():
    rng = np.random.default_rng(4)
    for n, d in (1, 2), (7, 8), (50, 32):
        embedded = (rng.normal(size=(n, d)) / d * np.sqrt(d)).astype(np.float32).astype(np.float64)
        x = embedded + positional_encoding(n, d)
        weights, output = attn({"embeddings": embedded}, "--position", "sinusoidal")
        want = scaled_dot_product_attention(x, x, x)
        same(weights[0], want[0])
        same(output.reshape(n, d), want[1])


globals()["test_" + sys.argv[1]]()
