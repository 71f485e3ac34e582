"""
attn stats --apc by the definition, over whole matrices.
usage: check_contacts.py    (ATTN: the program)
"""
import csv
import io
import json
import os
import subprocess

import numpy as np

ATTN = os.environ["ATTN"]


def attn(*words):
    done = subprocess.run([ATTN, "stats", *words, "-q"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def contacts(w):
    both = w + np.swapaxes(w, -1, -2)
    return both - both.sum(-1, keepdims=True) * both.sum(-2, keepdims=True) / both.sum((-1, -2), keepdims=True)


def main():
    rng = np.random.default_rng(0)
    for n, heads in (2, 100), (5, 100), (17, 200), (40, 100):
        w = rng.random((2, heads // 2, n, n)) ** 6
        w = (w / w.sum(-1, keepdims=True)).astype(np.float32)
        np.save("attention.npy", w)
        want = contacts(w.astype(float))
        for head in json.loads(attn("attention.npy", "--apc", "--format", "json"))["heads"]:
            own = want[head["layer"], head["head"]]
            assert np.abs(np.array(head["contacts"]) - own).max() <= 1e-6
            upper = np.where(np.triu(np.ones((n, n)), 1) > 0, own, -np.inf)
            assert abs(head["largest"] - upper.max()) <= 1e-6 and upper[head["first"], head["second"]] >= upper.max() - 1e-6
    # Without the first and the last token, which models of proteins add: left out before, not behind.
    inner = contacts(w[:, :, 1:-1, 1:-1].astype(float))
    words = ["attention.npy", "--apc", "--queries", f"1:{n - 1}", "--keys", f"1:{n - 1}"]
    for head in json.loads(attn(*words, "--format", "json"))["heads"]:
        assert np.abs(np.array(head["contacts"]) - inner[head["layer"], head["head"]]).max() <= 1e-6
        assert abs(inner[head["layer"], head["head"]][head["first"] - 1, head["second"] - 1] - head["largest"]) <= 1e-6
    mean = json.loads(attn("attention.npy", "--apc", "--average", "heads,layers", "--format", "json"))["heads"]
    assert len(mean) == 1 and mean[0]["layer"] is None
    assert np.abs(np.array(mean[0]["contacts"]) - contacts(w.astype(float).mean((0, 1)))).max() <= 1e-6
    rows = list(csv.DictReader(io.StringIO(attn(*words, "--format", "csv", "--head", "3", "--layer", "1"))))
    assert [(row["layer"], row["head"]) for row in rows] == [("1", "3")] * (n - 2) ** 2
    for row in rows:
        assert abs(float(row["contact"]) - inner[1, 3][int(row["query"]) - 1, int(row["key"]) - 1]) <= 1e-6


if __name__ == "__main__":
    main()
