"""
Tensors from trained models, in the folder REAL. A test is named on the command line.
"""
import csv
import json
import os
import subprocess
import sys

import numpy as np

from oracle import attend, check_stages, close, measures, numbers, run

REAL = os.environ["REAL"]


# The weights of a causal model as it gave them: its mask is nowhere in the file.
CAUSAL_SAID = "attn: warning: all weights above the diagonal are 0: pictures have these pairs as masked, and --causal masks them in numbers too; --causal=off: nowhere\n"


def load(name):
    with open(f"{REAL}/{name}") as f:
        return json.load(f)


def test_nano_sort():
    """A trained layer: weights and output as PyTorch had them."""
    want = load("nano_sort.expected.json")
    got = json.loads(run(f"{REAL}/nano_sort.json", "-o", "-").stdout)
    close("weights", numbers(got["weights"])[0], want["weights"], 2e-6)
    close("output", numbers(got["output"])[0], want["output"], 5e-6)
    assert got["tokens"] == load("nano_sort.json")["tokens"] and got["config"]["causal"] is True


def test_nano_sort_qkv():
    want = load("nano_sort.expected.json")
    got = json.loads(run(f"{REAL}/nano_sort_qkv.json", "-o", "-").stdout)
    close("weights", numbers(got["weights"])[0], want["weights"], 2e-6)
    problem = load("nano_sort_qkv.json")
    check_stages(got, attend(problem), problem, {})


def test_gpt2():
    """144 heads into a folder: a picture each, and weights as they were."""
    done = run(f"{REAL}/gpt2_attention.json", "-o", "gpt2/", "-o", "gpt2.npy")
    assert done.stderr.decode() == CAUSAL_SAID, done.stderr
    want = {f"layer{l}-head{h}.png" for l in range(12) for h in range(12)} | {"heads.png", "attention.json"}
    assert set(os.listdir("gpt2")) == want
    check = subprocess.run(["pngcheck", "-q"] + [f"gpt2/{name}" for name in want if name.endswith(".png")], capture_output=True)
    assert check.returncode == 0, check.stdout
    weights = np.load(f"{REAL}/gpt2_attention.npy")
    assert np.array_equal(np.load("gpt2.npy"), weights.astype(np.float32))
    with open("gpt2/attention.json") as f:
        got = json.load(f)
    assert np.array_equal(numbers(got["weights"]), weights.astype(np.float32))
    assert got["tokens"] == load("gpt2_tokens.json")
    for l, h in ((0, 0), (4, 11), (11, 3)):
        assert abs(got["stats"][l][h]["entropy"] - measures(weights[l, h].astype(float), 0)["entropy"]) < 1e-6


def test_gpt2_rounded():
    """Weights of five decimals are near enough to 1 for silence."""
    done = run(f"{REAL}/gpt2_heads_37.json", "-o", "heads.npy")
    assert done.stderr.decode() == CAUSAL_SAID, done.stderr
    given = np.array(load("gpt2_heads_37.json")["attention"], dtype=np.float32)
    assert np.array_equal(np.load("heads.npy").reshape(-1), given.reshape(-1))


def test_glove():
    """A CSV of words, not all of them ASCII and some of them signs, as embeddings."""
    with open(f"{REAL}/glove.csv", newline="", encoding="utf-8") as f:
        rows = list(csv.reader(f))
    words, x = [row[0] for row in rows], np.array([row[1:] for row in rows], dtype=np.float32)
    assert x.shape == (76, 50) and any(not word.isascii() for word in words)
    for option in ((), ("--embeddings",)):
        done = run(*option, f"{REAL}/glove.csv", "-o", "-", "-o", "glove.png", "-o", "glove.csv")
        lines = done.stderr.splitlines()  # the words in Devanagari are boxes, and each word attends to 76 a little
        assert len(lines) == 2 and b"no glyph for 5 characters" in lines[0], done.stderr
        assert b"of the cells lie in the lowest 5 % of the scale" in lines[1], done.stderr
        got = json.loads(done.stdout)
        assert got["tokens"] == words and got["key_tokens"] == words
        problem = {"embeddings": x}
        check_stages(got, attend(problem), problem, {})
    with open("glove.csv", newline="", encoding="utf-8") as f:
        assert [row["key_token"] for row in list(csv.DictReader(f))[:76]] == words


def test_cross():
    done = run(f"{REAL}/translation_cross.json", "-o", "-", "-o", "cross.png")
    got, given = json.loads(done.stdout), load("translation_cross.json")
    weights = numbers(got["weights"])
    assert weights.shape == (1, 1, 13, 11) and np.array_equal(weights[0, 0], np.array(given["attention"], dtype=np.float32))
    assert got["tokens"] == given["tokens"] and got["key_tokens"] == given["key_tokens"]


def test_encoder():
    """Normalised over the heads, and a label short: shown as it is, with these two warnings and no other."""
    file = f"{REAL}/translation_encoder.json"
    done = run(file, "-o", "-", "-o", "encoder.png")
    given = load("translation_encoder.json")
    weights = np.array(given["attention"], dtype=np.float32)
    sums = weights.astype(float).sum(axis=-1)
    off = sums[abs(sums - 1) > 2e-3]
    lines = done.stderr.decode().splitlines()
    assert lines == [
        f"attn: warning: {file}: tokens has 14 labels for 15 queries: the missing one is numbered",
        f"attn: warning: {file}: attention: {len(off)} of 720 rows do not sum to 1 (their sums go from {off.min():.4g} to "
        f"{off.max():.4g}); shown as they are"], lines
    got = json.loads(done.stdout)
    assert np.array_equal(numbers(got["weights"]), weights) and got["tokens"] == given["tokens"] + ["14"]


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
