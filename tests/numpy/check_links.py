"""
attn stats --links by the definitions, over sets of links.
usage: check_links.py TEST    (ATTN: the program, REAL: the folder of trained models)
"""
import json
import math
import os
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]


def told(*words):
    done = subprocess.run([ATTN, "stats", *words, "-q", "--format", "json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr)
    return json.loads(done.stdout)


def put(name, **keys):
    with open(name, "w", encoding="utf-8") as out:
        json.dump({key: x.tolist() if isinstance(x, np.ndarray) else x for key, x in keys.items()}, out)


def close(got, want, what):
    if want is None or not math.isfinite(want):
        assert got is None, (what, got, want)
    else:
        assert got is not None and abs(got - want) <= 1e-6 * max(1, abs(want)), (what, got, want)


def ratio(a, b):
    return a / b if b else None


def judge(w, sure, possible):
    """w: queries × keys in double precision; links as pairs (key, query)."""
    n, m = w.shape
    found = {(int(w[i].argmax()), i) for i in range(n) if np.isfinite(w[i]).all() and w[i].max() > 0}
    possible = possible | sure
    keys = [j for j, i in sorted(found, key=lambda link: link[1])]
    with np.errstate(all="ignore"):
        penalty = np.log(np.minimum(w.sum(0), 1)).sum()
    return {
        "precision": ratio(len(found & possible), len(found)),
        "recall": ratio(len(found & sure), len(sure)),
        "alignment_error_rate": None if not len(found) + len(sure) else
        1 - (len(found & sure) + len(found & possible)) / (len(found) + len(sure)),
        "coverage": len({j for j, i in found}) / m,
        "coverage_penalty": penalty,
        "monotonicity": ratio(sum(b >= a for a, b in zip(keys, keys[1:])), len(keys) - 1) if len(keys) > 1 else None,
    }, found


def text_of(links, first, turned, mark="-"):
    return " ".join(f"{(i if turned else j) + first}{mark}{(j if turned else i) + first}" for j, i in links)


def check(w, sheet, sure, possible, first=0, turned=False):
    assert (sheet["sure"], sheet["possible"]) == (len(sure), len(possible - sure))
    for head in sheet["heads"]:
        want, found = judge(w[head["layer"], head["head"]].astype(float), sure, possible)
        for name, value in want.items():
            close(head[name], value, (name, head))
        assert head["alignment"] == text_of(sorted(found, key=lambda link: link[::-1] if turned else link), first, turned), head


def test_random():
    rng = np.random.default_rng(0)
    for n, m, heads in (1, 1, 5), (2, 5, 50), (7, 4, 145), (12, 12, 150), (30, 41, 150):
        w = rng.random((1, heads, n, m)) ** 6
        w = (w / w.sum(-1, keepdims=True)).astype(np.float32)
        w[0, 0, n // 2] = 0
        if heads > 5:
            w[0, 1, 0, 0] = np.nan
            w[0, 2] = np.round(w[0, 2], 1)  # ties
            w[0, 3, :, 1] = 0
        np.save("attention.npy", w)
        pairs = [(int(j), int(i)) for j, i in zip(rng.integers(0, m, 2 * n), rng.integers(0, n, 2 * n))]
        sure, possible = set(pairs[:n]), set(pairs[n:])
        for first, turned in (0, False), (1, False), (0, True), (1, True):
            with open("gold.txt", "w", encoding="utf-8") as out:
                half = sorted(possible)[::2]
                out.write(" ".join((text_of(half, first, turned, "p"), text_of(possible - set(half), first, turned, "?"),
                                    text_of(pairs[:n], first, turned), text_of(pairs[:1], first, turned))) + "\r\n")
            words = ["--links-first", "1"] * first + ["--links-reverse"] * turned
            check(w, told("attention.npy", "--links", "gold.txt", *words), sure, possible, first, turned)


def test_ranges():
    """Queries and keys that are chosen are numbered from the first of them, and means are aligned as heads are."""
    rng = np.random.default_rng(1)
    w = rng.random((2, 3, 9, 11)).astype(np.float32)
    w /= w.sum(-1, keepdims=True)
    np.save("attention.npy", w)
    sure, possible = {(0, 0), (3, 2), (5, 4)}, {(1, 1)}
    with open("gold.txt", "w", encoding="utf-8") as out:
        out.write("9-9\n" + text_of(sure, 0, False) + " 1p1\n\n")
    part = w[:, :, 2:8, 3:10]
    check(part, told("attention.npy", "--links", "gold.txt", "--links-line", "1", "--queries", "2:8", "--keys", "3:10"), sure, possible)
    sheet = told("attention.npy", "--links", "gold.txt", "--links-line", "1", "--queries", "2:8", "--keys", "3:10", "--average", "heads")
    assert [(h["layer"], h["head"]) for h in sheet["heads"]] == [(0, None), (1, None)]
    for head in sheet["heads"]:
        want, _ = judge(part[head["layer"]].astype(float).mean(0), sure, possible)
        for name, value in want.items():
            close(head[name], value, (name, head))
    sheet = told("attention.npy", "--links", "gold.txt", "--links-line", "2", "--average", "heads,layers")
    assert sheet["sure"] == 0 and sheet["heads"][0]["recall"] is None and sheet["heads"][0]["precision"] == 0


def real(*parts):
    path = os.path.join(os.environ.get("REAL", ""), "models", *parts)
    if not os.path.exists(path):
        sys.exit(77)
    return path


def test_reaction():
    """A trained reader of reactions: atoms of the product, as queries, beside those of the reactants."""
    w = np.load(real("rxnmapper", "expected", "att0.npy"))[None].reshape(12, 8, 19, 19)
    with open(real("rxnmapper", "expected", "expected.json"), encoding="utf-8") as file:
        reaction = json.load(file)[0]
    tokens = reaction["tokens"]
    arrow = tokens.index(">>")
    atoms = [i for i, token in enumerate(tokens) if token[0].isalpha()]
    reactant, product = [i for i in atoms if i < arrow], [i for i in atoms if i > arrow]
    sure = {(reactant[to] - 1, i - arrow - 1) for i, to in zip(product, reaction["map"])}
    with open("gold.txt", "w", encoding="utf-8") as out:
        out.write(text_of(sure, 0, False))
    np.save("attention.npy", w)
    words = ["--queries", f"{arrow + 1}:{len(tokens) - 1}", "--keys", f"1:{arrow}"]
    sheet = told("attention.npy", "--links", "gold.txt", *words)
    assert len(sheet["heads"]) == 96
    check(w[:, :, arrow + 1:-1, 1:arrow], sheet, sure, set())
    best = min(head["alignment_error_rate"] for head in sheet["heads"])
    sheet = told("attention.npy", "--links", "gold.txt", *words, "--sort", "-alignment_error_rate", "--best", "1")
    assert sheet["heads"][0]["alignment_error_rate"] == best < 0.5


def test_translator():
    """Attention as a translator wrote it: each target word beside its source words, and the end of both sentences."""
    path = real("alignments", "nematus", "alignments.txt")
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n\n")[0].split("\n")
    w = np.array([[float(x) for x in line.split()] for line in lines[1:]], np.float32)
    sure = {(0, 0), (1, 1), (2, 2), (5, 2)}
    with open("gold.txt", "w", encoding="utf-8") as out:
        out.write(text_of(sure, 0, False))
    n, m = w.shape
    sheet = told(path, "--links", "gold.txt", "--queries", f":{n - 1}", "--keys", f":{m - 1}")
    check(w[None, None, :-1, :-1], sheet, sure, set())
    assert sheet["heads"][0]["alignment"] == "0-0 1-1 2-2" and sheet["heads"][0]["recall"] == 0.75


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
