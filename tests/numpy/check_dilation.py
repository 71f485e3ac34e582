"""Dilation, which the engine takes apart into heads of every d-th token: held, pooled by both methods, with every other mask,
beside the plain engine, which knows nothing of that. Files go to the current folder. usage: check_dilation.py
"""
import numpy as np

from oracle import run, write_json
from check_forms import given


def same(a, b, path):
    """Two JSON values; numbers to a few units of float32, places of a largest weight may be those of another as large."""
    if isinstance(a, dict):
        assert a.keys() == b.keys(), path
        for key in a:
            same(a[key], b[key], f"{path}/{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), path
        for i, (x, y) in enumerate(zip(a, b)):
            same(x, y, f"{path}[{i}]")
    elif isinstance(a, float) and isinstance(b, (int, float)):
        assert abs(a - b) <= 3e-6 * max(1, abs(b)), (path, a, b)
    elif "top_keys" not in path and "max_at" not in path:
        assert a == b, (path, a, b)


def case(rng):
    n, m, d = int(rng.integers(1, 150)), int(rng.integers(1, 200)), int(rng.integers(1, 9))
    p = {name: rng.normal(size=(2, rows, width)).round(3)
         for name, rows, width in (("q", n, d), ("k", m, d), ("v", m, 3))}
    p["dilation"] = int(rng.integers(2, 12))
    if rng.random() < 0.4:
        p["causal"] = bool(rng.random() < 0.5) or int(rng.integers(-5, 50))
        if rng.random() < 0.5:
            p["prefix"] = int(rng.integers(1, m + 1))
    for name, value in (("window", [int(x) for x in rng.integers(0, 40, 2)]), ("key_length", int(rng.integers(1, m + 1))),
                        ("mask", (rng.random((n, m)) < 0.7).astype(int)), ("key_mask", (rng.random(m) < 0.7).astype(int)),
                        ("bias", rng.normal(size=(1, n, m)).round(2)), ("position", "alibi")):
        if rng.random() < 0.3:
            p[name] = value
    if rng.random() < 0.3:
        p["segments"], p["key_segments"] = rng.integers(0, 3, n), rng.integers(0, 3, m)
    if rng.random() < 0.1:
        p["k"][0][int(rng.integers(m))][0] = np.nan
    return p


pooled = 0
for seed in range(100):
    rng = np.random.default_rng(seed)
    p, words = case(rng), []
    if rng.random() < 0.5:
        words = ["--max-weights", str(int(rng.integers(1, 3000)))] + (["--pool", "mean"] if rng.random() < 0.5 else [])
    got = given(p, *words)
    pooled += "pooled" in got
    same(got, given(p, *words, "--cpu", "plain"), f"case {seed}")
    write_json("dilation.json", p)
    outputs = {run("dilation.json", "-q", *words, "--threads", t, "-o", "-").stdout for t in (1, 2, 3)}
    assert len(outputs) == 1, f"case {seed}: not the same bytes for 1, 2 and 3 threads"
assert 10 < pooled < 90
print("100 dilated problems agree,", pooled, "of them pooled")
