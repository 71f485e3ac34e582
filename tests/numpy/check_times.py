"""
attn stats --dtw by whole matrices: standardized, filtered and averaged weights, and the path through them by dynamic programming.
usage: check_times.py TEST    (ATTN: the program)
"""
import csv
import io
import json
import os
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]


def attn(*words):
    done = subprocess.run([ATTN, "stats", *words, "-q"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def costs_of(w, width):
    """w: heads × tokens × frames."""
    deviation = w.std(1, keepdims=True)
    z = np.divide(w - w.mean(1, keepdims=True), deviation, out=np.zeros_like(w), where=deviation > 0)
    half = width // 2
    if z.shape[-1] > half:
        z = np.pad(z, ((0, 0), (0, 0), (half, half)), mode="reflect")
        z = np.median(np.lib.stride_tricks.sliding_window_view(z, width, -1), -1)
    return -z.mean(0)


def path_of(costs):
    """Where the path comes to each token. Of equal sums: a frame on, else a token on, a step of both last."""
    x = costs.astype(np.float32)
    n, m = x.shape
    best = np.full((n, m), np.float32(np.inf))
    came = {}
    for j in range(m):
        for i in range(n):
            if i == j == 0:
                best[0, 0] = x[0, 0]
                continue
            ways = [(best[i, j - 1], (i, j - 1))] if j else []
            ways += [(best[i - 1, j], (i - 1, j))] if i else []
            ways += [(best[i - 1, j - 1], (i - 1, j - 1))] if i and j else []
            # A way that moves to another token must be less than both others, which is as in dtw_cpu.
            least = min(way[0] for way in ways)
            same = [way for way in ways if way[0] == least]
            chosen = same[0] if len(same) == 1 or not j else ways[0]
            best[i, j], came[i, j] = np.float32(np.float64(x[i, j]) + np.float64(chosen[0])), chosen[1]
    starts, at = {}, (n - 1, m - 1)
    while at:
        starts[at[0]] = at[1]
        at = came.get(at)
    return [starts[i] for i in range(n)]


def check(w, first, end, frames, width, seconds, *words):
    w = w.astype(float)[:, :, :frames]
    w = w / w.sum(-1, keepdims=True)
    want = [x * seconds for x in path_of(costs_of(w, width)[first:end])]
    sheet = json.loads(attn("attention.npy", "--dtw", "--queries", f"{first}:{end}", "--keys", f"0:{frames}", *words, "--format", "json"))
    assert sheet["seconds_per_key"] == np.float32(seconds) or abs(sheet["seconds_per_key"] - seconds) < 1e-8
    assert [t["query"] for t in sheet["tokens"]] == list(range(first, end))
    assert np.allclose([t["start"] for t in sheet["tokens"]], want, rtol=1e-6), (want, sheet["tokens"])
    ends = [t["end"] for t in sheet["tokens"]]
    assert ends[-1] is None and np.allclose(ends[:-1], want[1:], rtol=1e-6)


def test_random():
    rng = np.random.default_rng(0)
    for n, m, heads in (1, 1, 1), (3, 9, 1), (5, 4, 2), (6, 2, 1), (12, 60, 6), (30, 41, 3):
        for _ in range(8):
            scores = rng.normal(size=(heads, n, m)) + 3 * np.exp(-((np.arange(m) - (np.arange(n) * m / n)[:, None]) / (m / n + 1)) ** 2)
            w = np.exp(scores)
            w = (w / w.sum(-1, keepdims=True)).astype(np.float32)
            np.save("attention.npy", w[None])
            first, end = (1, n - 1) if n > 3 else (0, n)
            check(w, first, end, m, 7, 0.02)
            check(w, first, end, max(1, m - 2), 3, 0.5, "--median-width", "3", "--seconds-per-key", "0.5")
            check(w[:1], first, end, m, 7, 0.02, "--head", "0")


def test_ties():
    """Equal costs: the path stays in the first token as long as it can, and in the last frame goes through the others."""
    w = np.full((1, 2, 4, 6), 1 / 6, np.float32)
    np.save("attention.npy", w)
    sheet = json.loads(attn("attention.npy", "--dtw", "--seconds-per-key", "1", "--format", "json"))
    assert [t["start"] for t in sheet["tokens"]] == path_of(np.zeros((4, 6))), sheet["tokens"]
    steps = np.zeros((1, 1, 3, 9), np.float32)
    for i in range(3):
        steps[0, 0, i, 3 * i:3 * i + 3] = 1 / 3
    np.save("attention.npy", steps)
    sheet = json.loads(attn("attention.npy", "--dtw", "--seconds-per-key", "1", "--median-width", "1", "--format", "json"))
    assert [t["start"] for t in sheet["tokens"]] == [0, 3, 6]


def test_csv():
    """Labels, of a query and of the one behind it, which is what a decoder says there."""
    w = np.zeros((1, 1, 3, 4))
    w[0, 0, [0, 1, 2], [0, 1, 3]] = 1
    with open("x.json", "w", encoding="utf-8") as out:
        json.dump({"attention": w.tolist(), "tokens": ["<s>", " a,", "b"], "key_tokens": list("0123")}, out)
    rows = list(csv.reader(io.StringIO(attn("x.json", "--dtw", "--format", "csv", "--queries", "0:2"))))
    assert rows[0] == ["query", "token", "next", "start", "end"] and len(rows) == 3
    assert [row[:3] for row in rows[1:]] == [["0", "<s>", " a,"], ["1", " a,", "b"]] and rows[2][4] == ""


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
