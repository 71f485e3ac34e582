"""
Word vectors: weights of words are those of their rows, as NumPy computes them; a file far larger than the memory that it may take.
A test is named on the command line.
"""
import csv
import json
import os
import resource
import subprocess
import sys

import numpy as np

from oracle import ATTN


def embeddings_weights(rows):
    scores = rows @ rows.T / np.sqrt(rows.shape[1])
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def check(path, text, wanted_words, vectors):
    out = subprocess.run([ATTN, "run", path, "--text", text, "-q", "-o", "-"], check=True, stdout=subprocess.PIPE).stdout
    got = json.loads(out)
    assert got["tokens"] == wanted_words, (path, got["tokens"])
    wanted = embeddings_weights(np.array([vectors[w] for w in wanted_words]))
    assert np.abs(np.array(got["weights"][0][0]) - wanted).max() < 2e-6, path


def glove(path):
    """The same vectors in four files, of which three are written here."""
    with open(path, encoding="utf-8", newline="") as file:
        table = {row[0]: row[1:] for row in csv.reader(file)}
    vectors = {word: np.array(numbers, dtype=np.float64) for word, numbers in table.items()}
    lines = [" ".join([word, *numbers]) for word, numbers in table.items()]
    write("glove.txt", "\n".join(lines) + "\n")
    write("glove.w2v", f"{len(lines)} 50\n" + " \n".join(lines) + " \n")
    write("glove.vec", f"{len(lines)} 50\r\n" + "\r\n".join(lines))
    text = "The (new) people wouldn't have been 'there' -- or: ``would they''"
    words = ["the", "(", "new", ")", "people", "would", "n't", "have", "been", "'", "there", "'", "--", "or", ":", "``", "would",
             "they", "''"]
    for file in path, "glove.txt", "glove.w2v", "glove.vec":
        check(file, text, words, vectors)
    for file in "glove.w2v", "glove.vec":
        got = json.loads(subprocess.run([ATTN, "run", file, "-q", "-o", "-"], check=True, stdout=subprocess.PIPE).stdout)
        assert got["tokens"] == list(table)
        wanted = embeddings_weights(np.array(list(vectors.values())))
        assert np.abs(np.array(got["weights"][0][0]) - wanted).max() < 2e-6


def write(path, text):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def large():
    """A file of 200 MB, of which a program that may have 100 MB of memory of its own and mapped pages at a time reads three rows."""
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=(1000, 50)).round(5)
    lines = [" ".join(f"{x:.5f}" for x in row) for row in numbers]
    vectors = {}
    with open("large.vec", "w", encoding="utf-8") as file:
        file.write("500000 50\n")
        for block in range(500):
            file.write("".join(f"w{block}_{i} {line}\n" for i, line in enumerate(lines)))
        for i in range(1000):
            vectors[f"w0_{i}"] = vectors[f"w499_{i}"] = vectors[f"w250_{i}"] = numbers[i]
    check("large.vec", "w499_999 w0_0 w250_7 w499_999", ["w499_999", "w0_0", "w250_7", "w499_999"], vectors)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak < 100 << 10, f"{peak} KiB of memory for a file of {os.path.getsize('large.vec') >> 10} KiB"


def binary():
    with open("w.bin", "wb") as file:
        file.write(b"2 4\n")
        for word in b"a", b"bc":
            file.write(word + b" " + np.arange(4, dtype="<f4").tobytes() + b"\n")


globals()[sys.argv[1]](*sys.argv[2:])
