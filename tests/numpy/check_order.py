"""
attn run --order and --shuffle: inputs that NumPy has rearranged give the same, and outputs move as far as NumPy's own attention says.
usage: check_order.py TEST    (ATTN: the program)
"""
import collections
import itertools
import json
import os
import subprocess
import sys

import numpy as np

import png

ATTN = os.environ["ATTN"]


def attn(*words):
    done = subprocess.run([ATTN, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def put(name, problem):
    with open(name, "w", encoding="utf-8") as out:
        json.dump({key: x.tolist() if isinstance(x, np.ndarray) else x for key, x in problem.items()}, out)


def run(problem, *words):
    put("x.json", problem)
    return json.loads(attn("run", "x.json", *words, "-q", "-o", "-"))


ROWS = {"embeddings": -2, "q": -2, "k": -2, "v": -2, "gate": -2, "decay": -2, "beta": -2, "segments": -1, "key_mask": -1, "query_scale": -1,
        "sigmas": -1, "centers": -1}


def rearranged(problem, order, keys, past=0):
    """What goes with a token, in the order; keys: whether keys are the queries' tokens."""
    made = {}
    own = list(order) if keys else None
    every = [*range(past), *(past + i for i in order)]
    for name, x in problem.items():
        if name in ("mask", "bias", "or_mask"):
            x = np.take(x, order, axis=-2) if x.shape[-2] > 1 else x
            x = np.take(x, every, axis=-1) if keys else x
        elif name in ("k", "v", "decay", "beta") and own is not None:
            x = np.take(x, own, axis=ROWS[name])
        elif name == "key_mask" and keys:
            x = np.take(x, every, axis=-1)
        elif name in ROWS and name not in ("k", "v", "decay", "beta", "key_mask"):
            x = np.take(x, order, axis=ROWS[name])
        elif name == "key_tokens" and keys:
            x = [x[i] for i in every]
        elif name == "tokens":
            x = [x[i] for i in order]
        made[name] = x
    return made


def check(problem, *words, keys=True, past=0, seed=1):
    """The order of the option is that of rearranged inputs; and `moved` is the distance of the outputs."""
    rng = np.random.default_rng(seed)
    n = len(problem["tokens"])
    order = rng.permutation(n)
    given = run(problem, *words)
    want = run(rearranged(problem, order, keys, past), *words)
    got = run(problem, *words, "--order", ",".join(map(str, order)))
    said = got.pop("order")
    assert got == want, [key for key in want if got.get(key) != want[key]]
    assert said["order"] == order.tolist()
    before, after = np.array(given["output"]).reshape(-1, n, np.array(given["output"]).shape[-1]), np.array(want["output"])
    after = after.reshape(before.shape)
    moved = np.linalg.norm(after[:, np.argsort(order)] - before, axis=-1)
    assert np.abs(np.array(said["moved"]) - moved).max() <= 1e-6 * max(1, moved.max())
    assert abs(said["largest"] - moved.max()) <= 1e-6 * max(1, moved.max())
    length = np.linalg.norm(before, axis=-1).max()
    assert abs(said["length"] - length) <= 1e-6 * max(1, length)
    assert said["is_equivariant"] == (said["largest"] <= 1e-5 * said["length"]), said
    return said["is_equivariant"]


def test_inputs():
    """Every tensor of tokens, with heads, layers, a past, another sequence; and which of these go by places."""
    rng = np.random.default_rng(2)
    n, d, heads = 9, 4, 2
    tokens = [f"t{i}" for i in range(n)]
    q, k, v = (rng.normal(size=(heads, n, d)) for _ in range(3))
    base = {"tokens": tokens, "q": q, "k": k, "v": v}
    mask = (rng.random((n, n)) < 0.7).astype(int)
    assert check(base)
    assert check({**base, "mask": mask})
    assert check({**base, "mask": np.stack([mask, mask.T])})
    assert check({**base, "bias": rng.normal(size=(heads, n, n))})
    assert check({**base, "key_mask": np.array([1, 1, 0, 1, 1, 1, 0, 1, 1])})
    assert check({**base, "segments": np.array([0, 0, 1, 1, 1, 2, 2, 2, 2])})
    assert check({**base, "query_scale": rng.random(n) + 0.5})
    assert check({**base, "gate": rng.normal(size=(n, heads * d))})
    assert check({**base, "or_mask": 1 - mask, "mask": mask * mask.T})
    assert check({"tokens": tokens, "q": q.transpose(1, 0, 2).reshape(n, -1), "k": k.transpose(1, 0, 2).reshape(n, -1),
                  "v": v.transpose(1, 0, 2).reshape(n, -1), "heads": heads})
    assert check({**base, "q": np.stack([q, k]), "k": np.stack([k, q]), "v": np.stack([v, v])})
    # by places
    assert not check(base, "--causal")
    assert not check(base, "--window", "1")
    assert not check(base, "--dilation", "2")
    assert not check(base, "--key-length", "5")
    assert not check(base, "--position", "rotary")
    assert not check(base, "--position", "alibi")
    assert not check({**base, "positions": rng.normal(size=n) * 3}, "--position", "rotary")
    assert not check({**base, "decay": -rng.random((n, heads)), "heads": heads}, "--recurrence", "gated")
    assert not check({**base, "centers": np.arange(n) * 1.0, "sigmas": rng.random(n) + 1})
    # a stack of layers, with projections, a norm and a residual
    x = {"tokens": tokens, "embeddings": rng.normal(size=(n, 6)), "heads": 2,
         "layers": [{name: (rng.normal(size=(6, 6)) * 0.5).tolist() for name in ("w_q", "w_k", "w_v", "w_o")} for _ in range(2)]}
    assert check(x)
    assert check(x, "--residual", "--norm", "pre")
    assert not check(x, "--position", "sinusoidal")
    # keys of a past, and of another sequence, stand where they stood
    past = {"key_tokens": ["p0", "p1", "p2", *tokens], "past_k": rng.normal(size=(heads, 3, d)), "past_v": rng.normal(size=(heads, 3, d))}
    assert check({**base, **past}, past=3)
    assert check({**base, **past, "mask": (rng.random((n, n + 3)) < 0.8).astype(int)}, past=3)
    assert not check({**base, **past}, "--causal=end", past=3)
    del past["key_tokens"]
    numbers = run({**base, **past}, "--order", "8,7,6,5,4,3,2,1,0")["key_tokens"]
    assert numbers == [str(i) for i in (0, 1, 2, *range(11, 2, -1))], "numbers of keys go with their tokens"
    cross = {"tokens": tokens, "q": q, "k": rng.normal(size=(heads, 5, d)), "v": rng.normal(size=(heads, 5, d))}
    assert check(cross, keys=False)
    assert check({**cross, "mask": (rng.random((n, 5)) < 0.8).astype(int)}, keys=False)
    assert check({**base, "key_tokens": [f"k{i}" for i in range(n)]}, keys=False)


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_equivariance():
    """Self-attention of NumPy, with and without sinusoidal positions: how far the output of each token moves."""
    rng = np.random.default_rng(3)
    n, d = 7, 8
    x = rng.normal(size=(n, d)).astype("f4").astype(float)
    order = [3, 0, 6, 1, 2, 5, 4]
    angles = np.arange(n)[:, None] / 10000 ** (np.arange(0, d, 2) / d)
    table = np.stack([np.sin(angles), np.cos(angles)], -1).reshape(n, d)

    def attend(y):
        return softmax(y @ y.T / d ** 0.5) @ y

    for add, words in (0, ()), (table, ("--position", "sinusoidal")):
        want = np.linalg.norm(attend(x[order] + add)[np.argsort(order)] - attend(x + add), axis=1)
        said = run({"embeddings": x}, *words, "--order", ",".join(map(str, order)))
        assert np.abs(np.array(said["order"]["moved"][0]) - want).max() < 4e-6, (words, said["order"], want)
        assert said["order"]["is_equivariant"] == (not words) and (want.max() > 0.1) == bool(words)
        assert said["tokens"] == [str(i) for i in order], "numbers go with their tokens"
    same = run({"embeddings": x}, "--position", "sinusoidal", "--order", ",".join(map(str, range(n))))["order"]
    assert same["moved"] == [[0] * n] and same["is_equivariant"]


def test_shuffle():
    """Each order comes about as often; a seed is an order, for any number of threads."""
    seen = collections.Counter()
    for seed in range(240):
        said = run({"embeddings": np.eye(3)}, "--shuffle", str(seed))["order"]
        seen[tuple(said["order"])] += 1
    assert set(seen) == set(itertools.permutations(range(3)))
    assert sum((count - 40) ** 2 / 40 for count in seen.values()) < 20.5, seen  # χ² of five degrees, one in a thousand
    put("big.json", {"embeddings": np.random.default_rng(5).normal(size=(200, 8)), "heads": 2})
    one = attn("run", "big.json", "--shuffle", "9", "--threads", "1", "-q", "-o", "-")
    assert sorted(json.loads(one)["order"]["order"]) == list(range(200))
    assert all(attn("run", "big.json", "--shuffle", "9", "--threads", t, "-q", "-o", "-") == one for t in ("2", "3"))
    # other commands take the order as well
    put("few.json", {"tokens": list("abcd"), "embeddings": np.random.default_rng(6).normal(size=(4, 4))})
    for words in ("stats", "--causal", "--format", "json"), ("explain", "--query", "b", "--format", "json"):
        put("other.json", {"tokens": list("cadb"), "embeddings": np.array(json.load(open("few.json", encoding="utf-8"))["embeddings"])[[2, 0, 3, 1]]})
        assert attn(words[0], "few.json", "--order", "2,0,3,1", *words[1:]) == attn(words[0], "other.json", *words[1:])


def panels(path, cell):
    """The two matrices of a picture of one head: the colours of their cells."""
    pixels = png.read(path).astype(int)
    colour = np.ptp(pixels, 2) > 20
    rows = np.flatnonzero(colour.sum(1) > colour.shape[1] // 3)
    top = rows[0]
    columns = np.flatnonzero(colour[top + cell // 2])
    cuts = np.flatnonzero(np.diff(columns) > 2 * cell)
    assert len(cuts) == 1, "two panels"
    n = round((columns[cuts[0]] + 1 - columns[0]) / cell)
    return [pixels[top + cell // 2:top + n * cell:cell, left + cell // 2:left + n * cell:cell][:n, :n] for left in (columns[0], columns[cuts[0] + 1])]


def test_picture():
    """Both orders side by side: the same where nothing goes by places, and else those of the weights, carried back."""
    rng = np.random.default_rng(8)
    n, order = 6, [4, 2, 0, 5, 1, 3]
    problem = {"embeddings": rng.normal(size=(n, 8)), "tokens": list("abcdef")}
    words = ("--order", ",".join(map(str, order)), "-q", "--cell", "20", "--annotate=off", "-o", "x.png")
    put("x.json", problem)
    attn("run", "x.json", *words)
    given, changed = panels("x.png", 20)
    assert given.shape == (n, n, 3) and abs(given - changed).max() <= 1
    attn("run", "x.json", "--position", "sinusoidal", *words)
    given, changed = panels("x.png", 20)
    assert abs(given - changed).max() > 40
    for side, add in (given, ()), (changed, ("--order", ",".join(map(str, order)))):
        weights = np.array(run(problem, "--position", "sinusoidal", *add)["weights"][0][0])
        if add:
            places = np.argsort(order)
            weights = weights[np.ix_(places, places)]
        # viridis is lighter the larger the weight
        light = side @ np.array([0.299, 0.587, 0.114])
        assert (np.argsort(np.argsort(weights.ravel()))[np.argsort(light.ravel())][-6:] >= n * n - 9).all()


globals()["test_" + sys.argv[1]]()
