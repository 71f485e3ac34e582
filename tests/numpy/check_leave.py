#!/usr/bin/python3
"""--leave-out against its formula: columns and rows of the whole weights, dropped or divided by what is left of them."""
import json
import os
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]
DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data")


def run(*words):
    """What the program prints as JSON, and its warnings."""
    done = subprocess.run([ATTN, *words], capture_output=True, text=True, check=True)
    return json.loads(done.stdout), done.stderr


def cached():
    """Queries that are the last of the keys: three of them behind a cache of four."""
    rng = np.random.default_rng(7)
    inputs = {
        "q": rng.normal(size=(2, 3, 4)).tolist(),
        "k": rng.normal(size=(2, 7, 4)).tolist(),
        "v": rng.normal(size=(2, 7, 4)).tolist(),
        "causal": "end",
        "key_tokens": ["<s>", "a", "b", "a", "c", "a", "a"],
        "tokens": ["c", "a", "a"],
    }
    with open("cached.json", "w", encoding="utf-8") as file:
        json.dump(inputs, file)
    return "cached.json"


def mask_of(result):
    """1 where allowed, for all layers and heads."""
    weights = np.array(result["weights"], dtype=np.float64)
    if "mask" in result:
        return np.broadcast_to(np.array(result["mask"]), weights.shape)
    mask = np.ones(weights.shape[2:], dtype=int)
    if result["config"].get("causal"):
        offset = result["config"].get("offset", 0)
        mask = np.tri(*weights.shape[2:], k=offset, dtype=int)
    return np.broadcast_to(mask, weights.shape)


def check(path, names, out, queries_from, *words):
    """`out`: the keys that the names mean; queries_from: the key that query 0 is, or None."""
    whole, _ = run("run", path, "-o", "-", *words)
    weights = np.array(whole["weights"], dtype=np.float32)
    n, m = weights.shape[2:]
    keys = [j for j in range(m) if j not in out]
    queries = [i for i in range(n) if queries_from is None or i + queries_from not in out]
    part = weights[:, :, queries][:, :, :, keys]
    mask = mask_of(whole)[:, :, queries][:, :, :, keys]
    left, said = run("run", path, "--leave-out", names, "-o", "-", *words)
    assert np.array_equal(np.array(left["weights"], dtype=np.float32), part), (path, names)
    assert np.array_equal(mask_of(left), mask), (path, names)
    assert "sum to 1" not in said, said
    labels = whole.get("key_tokens", whole["tokens"])
    assert left.get("key_tokens", left["tokens"]) == [labels[j] for j in keys], (path, names)
    assert left["tokens"] == [whole["tokens"][i] for i in queries], (path, names)
    assert [entry["pairs"] for entry in left["stats"][0:1] if "pairs" in entry] in ([], [int(mask[0, 0].sum())])

    sums = part.astype(np.float64).sum(axis=3, keepdims=True)
    divided = np.where(sums == 0, 0, part / np.where(sums == 0, 1, sums)).astype(np.float32)
    shares, said = run("run", path, "--leave-out", names, "--renormalize", "-o", "-", *words)
    assert np.allclose(np.array(shares["weights"]), divided, rtol=2e-7, atol=0), (path, names)
    lost = int(((sums[..., 0] == 0) & (weights[:, :, queries] != 0).any(axis=3)).sum())
    assert (f"--renormalize: {lost} of " in said) == (lost > 0), (lost, said)
    return left, shares


def weights():
    """Inputs of all kinds of queries and masks."""
    def at(name):
        return os.path.join(DATA, name + ".json")

    check(at("sentence"), "the,cat", [1, 3], 0)
    check(at("sentence"), "first", [0], 0)
    check(at("causal"), "0,2,7", [0, 2, 7], 0)
    check(at("window"), "special,the", [0, 1, 5, 13], 0)
    check(at("grouped"), "mouse", [5], 0, "--head", "1:")
    check(at("induction"), "0,3", [0, 3], 0, "--layer", "1")
    check(at("cross"), "I,black", [0, 4], None)
    check(at("patches"), "0", [0], None if is_cross(at("patches")) else 0)
    check(cached(), "<s>,a", [0, 1, 3, 5, 6], 4)
    check(cached(), "0", [0], 4, "--causal=off")
    check(at("causal"), "first", [0], 0, "--normalizer", "sigmoid")


def is_cross(path):
    """Whether the queries are other tokens than the keys."""
    whole, _ = run("run", path, "-o", "-")
    shape = np.array(whole["weights"]).shape
    return shape[2] != shape[3]


def measures():
    """Measures are those of what is left: of the weights by their formulas, and of a file of them."""
    path = os.path.join(DATA, "causal.json")
    for words in ([], ["--renormalize"]):
        run_words = ["--leave-out", "first,2", *words]
        left, _ = run("run", path, *run_words, "-o", "-")
        stats, _ = run("stats", path, *run_words, "--format", "json")
        parts = np.array(left["weights"], dtype=np.float64)[0]
        allowed = mask_of(left)[0].sum(axis=2)
        for head, part, count in zip(stats["heads"], parts, allowed):
            logs = np.log(np.where(part > 0, part, 1))
            rows = count >= 1
            assert np.isclose(head["entropy"], -(part * logs).sum(axis=1)[rows].mean(), rtol=1e-5), head
            assert np.isclose(head["first_token"], part[rows, 0].mean(), rtol=1e-5), head
            assert np.isclose(head["max_weight"], part[count >= 2].max(), rtol=1e-6), head
            distance = np.abs(np.subtract.outer(np.arange(len(part)), np.arange(len(part))))
            assert np.isclose(head["mean_distance"], (part * distance).sum(axis=1)[rows].mean(), rtol=1e-5), head
        with open("left.json", "w", encoding="utf-8") as file:
            json.dump(left, file)
        again, said = run("stats", "left.json", "--format", "json")
        assert again["heads"] == stats["heads"] and said == "", (again, stats, said)

    # Queries behind a cache stand where they stood among what stays, also where all of the cache is left out.
    with open("whole.json", "w", encoding="utf-8") as file:
        json.dump(run("run", cached(), "-o", "-")[0], file)
    for path, names, first in (
        ("cached.json", "0,1", 2),
        ("cached.json", "0,1,2,3", 0),
        ("whole.json", "0,1", 2),
        ("whole.json", "0,1,2,3", 0),
    ):
        left, _ = run("run", path, "--leave-out", names, "-o", "-")
        stats, _ = run("stats", path, "--leave-out", names, "--format", "json")
        for head, part in zip(stats["heads"], np.array(left["weights"], dtype=np.float64)[0]):
            own = [part[i, i + first] for i in range(3)]
            assert head["self"] is not None and np.isclose(head["self"], np.mean(own), rtol=1e-5), (names, head)
            tokens = left.get("key_tokens", left["tokens"])
            twice = [[j for j in range(i + first) if tokens[j] == left["tokens"][i]] for i in range(3)]
            sums = [part[i, at].sum() for i, at in enumerate(twice) if at]
            assert head["duplicate_token"] is not None, (path, names)
            assert np.isclose(head["duplicate_token"], np.mean(sums), rtol=1e-5), (names, head)
            distance = np.abs(np.subtract.outer(np.arange(3) + first, np.arange(3 + first)))
            assert np.isclose(head["mean_distance"], (part * distance).sum(axis=1).mean(), rtol=1e-5), (names, head)


{"weights": weights, "measures": measures}[sys.argv[1]]()
