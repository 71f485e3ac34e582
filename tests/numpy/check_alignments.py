"""
Alignments of translators, read by NumPy on its own; and one sequence of a batch. A test is named on the command line.
"""
import json
import os
import subprocess
import sys

import numpy as np

from oracle import ATTN


def run(*words):
    return json.loads(subprocess.run([ATTN, "run", *words, "-q", "-o", "-"], check=True, stdout=subprocess.PIPE).stdout)


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().split("\n")[:-1]


def check(got, weights, tokens, key_tokens, what):
    assert np.array_equal(np.array(got["weights"], dtype=np.float32), weights.astype(np.float32)[None, None]), what
    assert got["tokens"] == tokens, (what, got["tokens"], tokens)
    keys = got.get("key_tokens", got["tokens"])
    assert keys == (key_tokens or [str(i) for i in range(weights.shape[1])]), (what, keys)


def ended(words, length):
    return words + ["</s>"] * (length - len(words))


def blocks(path):
    """The sentences of a file of blocks: target words, source words, weights."""
    for text in "\n".join(lines(path)).strip().split("\n\n"):
        head, *rows = text.split("\n")
        fields = head.split("|||")
        yield fields[1].split(), fields[3].split(), np.array([row.split() for row in rows], dtype=np.float64)


def real(folder):
    sentences = 0
    for path in "nematus/alignments.txt", "opennmt/attention.txt":
        for i, (target, source, weights) in enumerate(blocks(os.path.join(folder, path))):
            got = run(os.path.join(folder, path), "--batch", str(i))
            check(got, weights, ended(target, len(weights)), ended(source, weights.shape[1]), (path, i))
            sentences += 1
    marian, source = os.path.join(folder, "marian/marian.out.lv"), os.path.join(folder, "marian/marian.src.en")
    for i, (line, words) in enumerate(zip(lines(marian), lines(source))):
        target, lists = line.split(" ||| ")
        weights = np.array([row.split(",") for row in lists.split()], dtype=np.float64)
        weights = weights[:, :np.flatnonzero(weights.any(axis=0))[-1] + 1]
        assert weights.shape[1] == len(words.split()) + 1
        check(run(marian, "--batch", str(i)), weights, target.split(), None, (marian, i))
        check(run(marian, "--batch", str(i), "--key-tokens", source), weights, target.split(), words.split() + ["</s>"], (marian, i))
        sentences += 1
    monkey = os.path.join(folder, "neuralmonkey")
    target, source = os.path.join(monkey, "out.lv.bpe"), os.path.join(monkey, "src.en.bpe")
    array = np.load(os.path.join(monkey, "alignments.npy"))
    with open("monkey.json", "w", encoding="utf-8") as file:
        json.dump({"attention": array.astype(np.float64).tolist()}, file)
    for i, (words, keys) in enumerate(zip(lines(target), lines(source))):
        words, keys = words.split(), keys.split()
        got = run("monkey.json", "--batch", str(i), "--transpose", "--tokens", target, "--key-tokens", source)
        check(got, array[i, :len(keys), :len(words)].T, words, keys, (monkey, i))
        sentences += 1
    assert sentences == 23, sentences


def batches():
    """Attention of each sequence of layers×B×heads×n×m, B×heads×n×m and B×n×m, and q, k and v of B×heads×n×d."""
    rng = np.random.default_rng(3)
    for shape, axis in ((2, 3, 2, 4, 5), 1), ((3, 2, 4, 5), 0), ((3, 4, 5), 0), ((3, 1, 2, 2, 2), 1), ((1, 3, 2, 2, 2), 1):
        weights = rng.random(shape).astype(np.float32)
        weights /= weights.sum(axis=-1, keepdims=True)
        with open("batch.json", "w", encoding="utf-8") as file:
            json.dump({"attention": weights.astype(np.float64).tolist()}, file)
        for i in range(shape[axis]):
            wanted = np.take(weights, i, axis=axis)
            got = np.array(run("batch.json", "--batch", str(i))["weights"], dtype=np.float32)
            assert got.size == wanted.size and np.array_equal(got.reshape(wanted.shape), wanted), (shape, i)
    q, k = rng.normal(size=(2, 3, 2, 4, 6))
    with open("batch.json", "w", encoding="utf-8") as file:
        json.dump({"q": q.tolist(), "k": k.tolist()}, file)
    for i in range(3):
        with open("one.json", "w", encoding="utf-8") as file:
            json.dump({"q": q[i].tolist(), "k": k[i].tolist()}, file)
        assert run("batch.json", "--batch", str(i))["weights"] == run("one.json")["weights"], i


globals()[sys.argv[1]](*sys.argv[2:])
