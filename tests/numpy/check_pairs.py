"""
Masks that open pairs, windows of each head, and causal and window inside documents: by hand, and on random problems against
the oracle in forms.py. A test is named on the command line.
"""
import json
import sys

import numpy as np

from check_forms import check, cpus, given, pick, random_masks
from oracle import close, floats, numbers, run, write_json


def pair(rng, heads, n, m, d=3):
    return {"q": floats(rng, (heads, n, d), 1), "k": floats(rng, (heads, m, d), 1), "v": floats(rng, (heads, m, 2), 1)}


def allowed(problem, *words):
    return np.array(given(problem, "--stage", "mask", *words)["mask"])[0]


def read_back(problem):
    """What is written is an input again, with the same pairs."""
    write_json("first.json", problem)
    run("first.json", "-q", "-o", "second.json")
    first, again = json.load(open("second.json")), json.loads(run("second.json", "-q", "-o", "-").stdout)
    assert first["pairs"] == again["pairs"] and first["weights"] == again["weights"], (first["pairs"], again["pairs"])


def test_documents():
    """Two documents of 2 and 1 queries over 3 and 4 keys: the last query of each stands at its last key."""
    p = {**pair(np.random.default_rng(1), 1, 3, 7), "segments": [0, 0, 1], "key_segments": [0, 0, 0, 1, 1, 1, 1]}
    want = [[1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1]]
    assert allowed({**p, "causal": "end"})[0].tolist() == want
    want = [[0, 1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1]]
    assert allowed({**p, "causal": "end", "window": 0})[0].tolist() == want
    want = [[1, 0, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0, 0]]
    assert allowed({**p, "window": [1, 0]})[0].tolist() == want
    for more in ({"causal": "end"}, {"window": [1, 1]}, {"causal": "end", "window": [0, 0]}, {"causal": "end", "prefix": 1},
                 {"causal": "end", "window": 0, "global": [0]}, {"causal": "end", "mask": np.tri(3, 7, 2), "key_mask": [1, 0, 1, 1, 1, 1, 0]}):
        check({**p, **more}, names=cpus())
        read_back({**p, **more})
    # Documents need not be in one piece.
    check({**p, "segments": [1, 0, 1], "key_segments": [0, 1, 0, 1, 1, 0, 5], "causal": "end"}, names=cpus())
    # Of one sequence with itself nothing changes.
    own = {**pair(np.random.default_rng(2), 1, 6, 6), "segments": [0, 0, 0, 1, 1, 1], "window": 1}
    got = given(own)
    assert got["config"]["causal"] is False and got["pairs"]["allowed"] == [[14]], got["pairs"]


def test_or_mask():
    p = pair(np.random.default_rng(3), 2, 4, 4)
    opens = np.zeros((4, 4), dtype=int)
    opens[0, 3] = 1
    want = np.tri(4, dtype=int) | opens
    assert allowed({**p, "causal": True, "or_mask": opens})[0].tolist() == want.tolist()
    each = np.zeros((2, 4, 4), dtype=int)
    each[1, 2, 3] = 1
    for more in ({"causal": True}, {"mask": np.eye(4)}, {"key_mask": [1, 1, 1, 0]}, {"window": 0}, {"segments": [0, 0, 1, 1]},
                 {"causal": True, "bias": np.where(np.eye(4), -np.inf, 0)}, {"dilation": 2}, {"key_length": 2}, {"block": 2}):
        for opening in (opens, each, opens[:1]):
            check({**p, **more, "or_mask": opening}, names=cpus())
            if "bias" not in more:
                read_back({**p, **more, "or_mask": opening})
    # A pair that a bias of -infinity masks stays masked.
    assert allowed({**p, "bias": np.where(opens, -np.inf, 0), "or_mask": opens})[0][0, 3] == 0
    # mask_true_blocks turns masks, and does not turn what opens.
    check({**p, "mask": np.eye(4), "mask_true_blocks": True, "or_mask": opens}, names=cpus())
    write_json("or.json", opens)
    write_json("p.json", {**p, "causal": True})
    got = json.loads(run("p.json", "--or-mask", "or.json", "-o", "-").stdout)
    assert got["pairs"]["allowed"] == [[11, 11]], got["pairs"]


def test_windows():
    """A window a head."""
    p = pair(np.random.default_rng(4), 2, 6, 6)
    assert [h.sum() for h in allowed({**p, "window": [[0, 0], [1, 0]]})] == [6, 11]
    for more in ({}, {"causal": True}, {"causal": "end", "global": [2]}, {"causal": True, "mask": np.tri(6)}, {"dilation": 2}):
        check({**p, "window": [[1, 0], [2, -1]], **more}, names=cpus())
        read_back({**p, "window": [[1, 0], [2, -1]], **more})
    write_json("p.json", p)
    got = json.loads(run("p.json", "--window", "1,0;2,-1", "-o", "-").stdout)
    close("the option", numbers(got["weights"]), numbers(given({**p, "window": [[1, 0], [2, -1]]})["weights"]), 0)
    close("blanks", numbers(given({**p, "window": [[1, 0], [2, -1]]})["weights"]), numbers(got["weights"]), 0)
    check({**p, "window": [[1, 0], [2, -1]], "segments": [0, 0, 1, 1, 1, 0]}, names=cpus())


def random_problems(first, end):
    names = cpus()
    for seed in range(first, end):
        rng = np.random.default_rng([seed, 7])
        n, m, heads = (int(rng.integers(1, top)) for top in (9, 12, 4))
        f = {}
        random_masks(rng, n, m, heads, f)
        f.pop("separator", None)
        if rng.random() < 0.7:
            f["segments"] = rng.integers(0, 3, n)
            f["key_segments"] = rng.integers(0, 3, m)
        if rng.random() < 0.5:
            f["or_mask"] = rng.random(pick(rng, (n, m), (heads, n, m), (1, m))) < 0.2
        if "window" in f and heads > 1 and rng.random() < 0.5:
            f["window"] = [[int(x) for x in rng.integers(-1, 4, 2)] for _ in range(heads)]
        try:
            check({**pair(rng, heads, n, m), **f}, names=names)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from None


if __name__ == "__main__":
    if sys.argv[1] == "random":
        random_problems(int(sys.argv[2]), int(sys.argv[3]))
    else:
        globals()["test_" + sys.argv[1]]()
