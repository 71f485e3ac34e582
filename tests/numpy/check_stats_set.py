"""
attn stats --data-set: means, variances and counts of measures over inputs, by their definitions.
usage: check_stats_set.py TEST    (ATTN: the program)
"""
import csv
import json
import math
import os
import resource
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]
NOT_MEASURES = {"layer", "head", "queries", "keys", "rows", "max_at", "labels", "variance", "count"}


def attn(*words):
    done = subprocess.run([ATTN, "stats", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.returncode, done.stderr)
    return done.stdout


def run(*words):
    return json.loads(attn(*words, "-q", "--format", "json"))


def close(got, want, what, size=1.0):
    assert (got is None) == (want is None), (what, got, want)
    assert want is None or abs(got - want) <= 2e-6 * size, (what, got, want)


def flat(head):
    """Measures of a head by the names that CSV has for them."""
    measures = {name: x for name, x in head.items() if name not in NOT_MEASURES | {"offset", "sink"}}
    for name, within, key in ("offset_share", "offset", "share"), ("sink", "sink", "weight"):
        measures[name] = head[within] and head[within][key]
    return measures


def commonest(numbers):
    """Of equally common ones the nearest 0, and of two as near the lesser."""
    return min(set(numbers), key=lambda x: (-numbers.count(x), abs(x), x)) if numbers else None


def put(path, **keys):
    made = {key: np.asarray(x).round(4).tolist() if isinstance(x, np.ndarray) else x for key, x in keys.items()}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(made, file)
    return path


def make_inputs(rng, sizes, layers=2, heads=3):
    """Files of random q and k, or given weights, of these lengths; every third has no tokens, and every fourth no v."""
    paths = []
    for number, n in enumerate(sizes):
        keys = {"q": rng.normal(size=(heads, n, 4)), "k": rng.normal(size=(heads, n, 4))}
        if number % 4 > 0:
            keys["v"] = rng.normal(size=(heads, n, 4))
        made = {"layers": [{key: (x * (1 + layer)).round(4).tolist() for key, x in keys.items()} for layer in range(layers)]}
        if number % 3 > 0:
            made["tokens"] = [f"t{x}" for x in rng.integers(0, 6, n)]
        paths.append(put(f"x{number}.json", **made))
    return paths


def put_lines(path, paths, between="\n"):
    with open(path, "w", encoding="utf-8") as lines:
        for number, name in enumerate(paths):
            with open(name, encoding="utf-8") as file:
                lines.write((between if number > 0 else "") + file.read())


def check_set(whole, singles):
    """A data set, beside its inputs each alone."""
    assert whole["inputs"] == len(singles) and whole["schema"] == "attn-stats/1"
    nulls = 0
    for h, head in enumerate(whole["heads"]):
        alone = [single["heads"][h] for single in singles]
        assert all((x["layer"], x["head"]) == (head["layer"], head["head"]) for x in alone)
        for name in "queries", "keys", "rows":
            assert head[name] == sum(x[name] for x in alone), name
        assert head["max_at"] is None
        means = flat(head)
        assert set(head["variance"]) == set(head["count"]) == set(means) == set(flat(alone[0]))
        for name, mean in means.items():
            values = np.array([x for x in (flat(x)[name] for x in alone) if x is not None])
            nulls += len(values) < len(alone)
            size = max(1, abs(values).max()) if len(values) else 1
            assert head["count"][name] == len(values), name
            close(mean, values.mean() if len(values) else None, (h, name), size)
            close(head["variance"][name], values.var(ddof=1) if len(values) > 1 else None, (h, name, "variance"), size * size)
        for within, key in ("offset", "value"), ("sink", "key"):
            want = commonest([x[within][key] for x in alone if x[within]])
            assert (head[within] and head[within][key]) == want, (h, within)
    return nulls


def test_means():
    """Of inputs of every length, with what some have and others lack."""
    rng = np.random.default_rng(0)
    nulls = 0
    for sizes in (5,), (3, 9), (1, 2, 7, 30, 12, 12, 41, 5), (24, 24, 24):
        for words in (), ("--causal",), ("--layer", "1", "--head", "2,0"):
            paths = make_inputs(rng, sizes)
            nulls += check_set(run("--data-set", *paths, *words), [run(path, *words) for path in paths])
    assert nulls > 100
    cross = [put(f"c{i}.json", q=rng.normal(size=(3, 8 + i, 4)), k=rng.normal(size=(3, 14, 4))) for i in range(4)]
    check_set(run("--data-set", *cross), [run(path) for path in cross])
    np.savez("given.npz", attention=np.full((1, 3, 5, 5), 0.2, np.float32))
    check_set(run("--data-set", "given.npz", *cross), [run("given.npz", "-q"), *(run(path) for path in cross)])


def test_weights():
    """Entropy and the weight on the first token, from q and k on."""
    rng = np.random.default_rng(1)
    paths, entropy, first = [], [], []
    for n in 4, 9, 30, 17:
        q, k = rng.normal(size=(2, 2, n, 5)).round(4)
        paths.append(put(f"x{n}.json", q=q, k=k))
        w = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(5)) * np.tril(np.ones((n, n)))
        w /= w.sum(-1, keepdims=True)
        entropy.append(-(w * np.log(np.where(w > 0, w, 1))).sum(-1).mean(-1))
        first.append(w[:, :, 0].mean(-1))
    heads = run("--data-set", *paths, "--causal")["heads"]
    for h, head in enumerate(heads):
        for name, values in ("entropy", np.array(entropy)[:, h]), ("first_token", np.array(first)[:, h]):
            close(head[name], values.mean(), name)
            close(head["variance"][name], values.var(ddof=1), name)


def test_lines():
    """A file of lines is its inputs: the same bytes, for any number of threads, with blank lines and none at the end."""
    rng = np.random.default_rng(2)
    paths = make_inputs(rng, (6, 11, 3, 25))
    for words in (), ("--causal", "--sort", "entropy", "--best", "4"), ("--format", "csv"), ("--format", "table"):
        want = attn("--data-set", *paths, "-q", *words)
        for between in "\n", "\r\n", "\n\n \t\n":
            put_lines("x.jsonl", paths, between)
            assert all(attn("--data-set", "x.jsonl", "-q", "--threads", t, *words) == want for t in ("1", "3"))
        put_lines("a.jsonl", paths[1:3])
        assert attn("--data-set", paths[0], "a.jsonl", paths[3], "-q", *words) == want


def test_order():
    """--sort, --best, CSV and pictures go by the means."""
    rng = np.random.default_rng(3)
    paths = make_inputs(rng, (8, 13, 21))
    heads = run("--data-set", *paths)["heads"]
    for name in "entropy", "self", "mean_distance":
        for sign in "", "-":
            order = sorted(heads, key=lambda h: (h[name] if sign else -h[name], h["layer"], h["head"]))
            assert run("--data-set", *paths, "--sort", sign + name, "--best", "3")["heads"] == order[:3]
    attn("--data-set", *paths, "-q", "-o", "x.csv")
    with open("x.csv", encoding="utf-8") as text:
        table = list(csv.DictReader(text))
    assert len(table) == len(heads)
    for line, head in zip(table, heads):
        want = {**flat(head), "offset": head["offset"]["value"], "sink_key": head["sink"]["key"], "max_query": None, "max_key": None,
                **{name: head[name] for name in ("layer", "head", "queries", "keys", "rows")},
                **{name + "_variance": x for name, x in head["variance"].items()}}
        labels = line.pop("labels")
        assert labels.split() == [label["name"] for label in head["labels"]] and set(line) == set(want)
        assert all((x == "") == (want[key] is None) and (x == "" or float(x) == want[key]) for key, x in line.items())
    attn("--data-set", *paths, "-q", "--measure", "entropy", "-o", "x.png")
    attn("--data-set", *paths[::-1], "-q", "--measure", "entropy", "--title", "Texts", "-o", "y.png")
    assert os.path.getsize("x.png") > 500 and os.path.getsize("y.png") > os.path.getsize("x.png")


def test_labels():
    """Of short texts none has a label, and all together have, as soon as the mean is three deviations above that of chance."""
    n, keys = 4, np.arange(1, 5)
    w = 0.3 * np.tril(np.ones((n, n))) / keys[:, None] + 0.7 * np.eye(n)
    value = np.diag(w).mean()
    chance = (1 / keys).mean()
    spread = (1 / keys * (1 - 1 / keys)).sum() / n ** 2  # of the mean of one text
    needed = next(c for c in range(1, 99) if value > chance + 3 * math.sqrt(spread / c))
    assert needed > 2
    put("x.json", attention=w, causal=True)
    for count in 1, needed - 1, needed, needed + 5:
        put_lines("x.jsonl", ["x.json"] * count)
        (head,) = run("--data-set", "x.jsonl")["heads"]
        close(head["self"], value, "self")
        assert ("self" in [label["name"] for label in head["labels"]]) == (count >= needed), (count, needed)
        assert head["variance"]["self"] == (0 if count > 1 else None)


def test_memory():
    """Memory is that of the largest line, not of the file."""
    rng = np.random.default_rng(4)
    q = rng.normal(size=(2, 300, 16))
    put("x.json", q=q, k=q)
    put_lines("x.jsonl", ["x.json"] * 400)
    assert os.path.getsize("x.jsonl") > 50e6
    attn("x.json", "-q", "-o", "y.json")
    one = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert run("--data-set", "x.jsonl")["inputs"] == 400
    more = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - one
    assert more < 25000, f"{more} KiB more than of one line"


globals()["test_" + sys.argv[1]]()
