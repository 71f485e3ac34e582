"""attn explain --cost against pairs that NumPy counts.

usage: check_cost.py    (ATTN)
"""
import json
import os
import subprocess

import numpy as np

ATTN = os.environ["ATTN"]


def allowed(n, m, offset, form, width):
    """Which pairs a form allows; places of queries begin at the offset."""
    p, j = np.arange(n)[:, None] + offset, np.arange(m)[None, :]
    if form == "causal":
        return j <= p
    if form == "window":
        left, right = width
        return ((left < 0) | (j >= p - left)) & ((right < 0) | (j <= p + right))
    if form == "block":
        return p // width == j // width
    return np.ones((n, m), dtype=bool)


def cost(problem, *options):
    with open("cost.json", "w") as file:
        json.dump(problem, file)
    done = subprocess.run([ATTN, "explain", "cost.json", "--cost", "--format", "json", "-q", *options], check=True, capture_output=True)
    return json.loads(done.stdout)


def check(n, m, heads, d_k, d_v, extra, options, windows, block, given):
    rng = np.random.default_rng(n * m + heads)
    shape = lambda rows, d: rng.normal(size=(heads, rows, d)).round(3).tolist()
    told = cost({"q": shape(n, d_k), "k": shape(m, d_k), "v": shape(m, d_v), **extra}, *options)
    assert [told[key] for key in ("queries", "keys", "heads", "d_k", "d_v")] == [n, m, heads, d_k, d_v]
    forms = {form["form"]: form for form in told["forms"]}
    for name, form in forms.items():
        if name == "linear":
            assert form["pairs"] is None and form["bytes"] == 4 * heads * d_k * d_v
            assert form["multiply_adds"] == heads * (n + m) * d_k * d_v
            continue
        pairs = 0
        for h in range(heads):
            window = windows[h % len(windows)]
            mask = given[h % len(given)] if name == "given" else allowed(n, m, 0, name, window if name == "window" else block)
            pairs += int(np.asarray(mask).sum())
        assert form["pairs"] == pairs, (name, form, pairs)
        assert form["multiply_adds"] == pairs * (d_k + d_v) and form["bytes"] == 4 * pairs, (name, form)
    return forms


def root(x):
    return int(np.ceil(np.sqrt(x)))


def main():
    full = np.ones((7, 7), dtype=bool)
    forms = check(7, 7, 2, 3, 5, {}, [], [(3, 3)], 3, [full])
    assert forms["window"]["chosen"] and forms["window"]["window"] == [3, 3] and forms["block"]["block"] == 3
    forms = check(50, 50, 3, 4, 4, {}, ["--window", "5,2", "--block", "8"], [(5, 2)], 8,
                  [allowed(50, 50, 0, "window", (5, 2)) & allowed(50, 50, 0, "block", 8)])
    assert not forms["window"]["chosen"] and not forms["block"]["chosen"]
    check(10, 33, 2, 4, 1, {"causal": True}, [], [(root(33), root(33))], root(10), [allowed(10, 33, 0, "causal", None)])
    heads = check(20, 20, 2, 4, 2, {}, ["--window", "4,0;-1,3"], [(4, 0), (-1, 3)], root(20),
                  [allowed(20, 20, 0, "window", w) for w in ((4, 0), (-1, 3))])
    assert "window" not in heads["window"]
    mask = np.random.default_rng(3).random((9, 9)) < 0.5
    mask[:, 0] = True
    check(9, 9, 1, 2, 2, {"mask": mask.astype(int).tolist()}, [], [(3, 3)], 3, [mask])
    print("costs agree")


if __name__ == "__main__":
    main()
