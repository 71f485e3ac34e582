"""
The numbers of attn run --versus: by NumPy in double precision, and as attn diff says them of the same two runs.
usage: check_versus.py TEST    (ATTN: the program, DATA: the samples)
"""
import csv
import io
import json
import os
import shlex
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]
DATA = os.environ["DATA"]


def attn(*words):
    done = subprocess.run([ATTN, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.returncode, done.stderr)
    return done.stdout


def versus(path, base, lines):
    words = [word for line in lines for word in ("--versus", line)]
    return json.loads(attn("run", path, "-q", *base, *words, "--format", "json"))["variants"]


def softmax(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def heads_of(x, heads):
    return x.reshape(len(x), heads, -1).transpose(1, 0, 2)


def weights_of(x, heads=1, scale=None, temperature=1.0, causal=False, window=None):
    q = heads_of(x, heads)
    scale = scale if scale is not None else 1 / np.sqrt(q.shape[-1])
    scores = q @ q.transpose(0, 2, 1) * scale / temperature
    i, j = np.indices(scores.shape[1:])
    allowed = np.ones(i.shape, bool)
    if causal:
        allowed &= j <= i
    if window is not None:
        allowed &= (i - j <= window) & (j - i <= window)
    return softmax(np.where(allowed, scores, -np.inf))


def close(a, b):
    assert abs(a - b) < 3e-6, (a, b)


def check_measures(head, w):
    n = len(w)
    close(head["entropy"], -(w * np.log(np.where(w > 0, w, 1))).sum(-1).mean())
    close(head["max_weight"], w.max())
    close(w[tuple(head["max_at"])], w.max())
    close(head["mean_distance"], (w * abs(np.arange(n)[:, None] - np.arange(n))).sum(-1).mean())
    close(head["first_token"], w[:, 0].mean())


def check_change(change, before, after):
    difference = abs(after - before)
    close(change["max"], difference.max())
    at = tuple(change["at"])
    close(difference[at], difference.max())
    assert change["at_variant"] == change["at"]
    close(change["values"][0], before[at])
    close(change["values"][1], after[at])


def test_computed():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(9, 8))
    with open("x.json", "w", encoding="utf-8") as out:
        json.dump({"embeddings": x.tolist()}, out)
    kinds = {
        "--scale 1": {"scale": 1},
        "--temperature 0.5": {"temperature": 0.5},
        "--temperature 4 --causal": {"temperature": 4, "causal": True},
        "--heads 1": {"heads": 1},
        "--heads 4": {"heads": 4},
        "--window 2,2": {"window": 2},
    }
    given = versus("x.json", ["--heads", "2"], list(kinds))
    assert [v["options"] for v in given] == ["--heads 2", *kinds]
    base = weights_of(x, 2)
    for variant, keys in zip(given, [{}, *kinds.values()]):
        w = weights_of(x, **{"heads": 2, **keys})
        assert [h["head"] for h in variant["heads"]] == list(range(len(w)))
        for h, head in enumerate(variant["heads"]):
            check_measures(head, w[h])
            if variant is given[0] or h >= len(base):
                assert head["change"] is None
            else:
                check_change(head["change"], base[h], w[h])
        for name in ("entropy", "mean_distance", "first_token"):
            close(variant[name], np.mean([h[name] for h in variant["heads"]]))
        assert variant["max_weight"] == max(h["max_weight"] for h in variant["heads"])
        if variant is given[0]:
            assert variant["change"] is None
            continue
        most = max((h for h in variant["heads"] if h["change"]), key=lambda h: h["change"]["max"])
        assert variant["change"] == {"layer": 0, "head": most["head"], **most["change"]}


def test_diff():
    """The same numbers as attn diff has of the two runs, with masks, forms, words, several layers, and chosen heads."""
    cases = [
        ("induction.json", [], ["--temperature 3", "--causal=no", "--leave-out first", "--position alibi"]),
        ("induction.json", ["--layer", "1"], ["--scale 1"]),
        ("sentence.json", ["--causal"], ["--causal=no --window 1,1", "--normalizer sparsemax", "--dropout 0.5 --seed 3"]),
        ("projections.json", ["--pick", "0.1,0.0"], ["--softcap 1", "--normalizer sigmoid", "--sink 1"]),
        ("cross.json", [], ["--top-k 2", "--normalizer linear"]),
    ]
    for name, base, lines in cases:
        path = os.path.join(DATA, name)
        given = versus(path, base, lines)
        for line, variant in zip(lines, given[1:]):
            told = json.loads(attn("diff", path, "-q", *base, "--against", line, "--format", "json"))
            wanted = {
                (h["layer"], h["head"]): {"max": h["max"], "at": h["at"], "at_variant": h["at_b"], "values": h["values"]}
                for h in told["heads"]
            }
            found = {(h["layer"], h["head"]): h["change"] for h in variant["heads"]}
            assert found == wanted, (name, line, found, wanted)
            run = json.loads(attn("run", path, "-q", *base, *shlex.split(line), "--format", "json"))
            if base[:1] == ["--pick"]:
                continue
            stats = [head for layer in run["stats"] for head in layer]
            for head, own in zip(variant["heads"], stats, strict=True):
                assert {key: head[key] for key in own} == own


def test_csv():
    path = os.path.join(DATA, "sentence.json")
    lines = ["--scale 1", '--window "1,1" --causal']
    words = [word for line in lines for word in ("--versus", line)]
    rows = list(csv.DictReader(io.StringIO(attn("run", path, *words, "--format", "csv"))))
    given = versus(path, [], lines)
    heads = [(v, variant["options"], head) for v, variant in enumerate(given) for head in variant["heads"]]
    for row, (v, options, head) in zip(rows, heads, strict=True):
        assert (row["variant"], row["options"], row["layer"], row["head"]) == (str(v), options, "0", str(head["head"]))
        for name in ("entropy", "max_weight", "mean_distance", "first_token"):
            assert float(row[name]) == head[name]
        assert [int(row["max_at_query"]), int(row["max_at_key"])] == head["max_at"]
        change = head["change"]
        if change is None:
            assert {row[key] for key in ("max_change", "query", "key", "query_variant", "key_variant", "value")} == {""}
            continue
        assert float(row["max_change"]) == change["max"]
        assert [int(row["query"]), int(row["key"])] == change["at"]
        assert [int(row["query_variant"]), int(row["key_variant"])] == change["at_variant"]
        assert [float(row["value"]), float(row["value_variant"])] == change["values"]


globals()["test_" + sys.argv[1]]()
