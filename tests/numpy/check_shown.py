"""
What is shown of a result: layers and heads counted from the end, means over layers and heads, words in the place of pieces, patches
on either side, the steps of a generation. NumPy says what has to come out. A test is named on the command line; DATA in the
environment is the folder of the samples.
"""
import json
import os
import subprocess
import sys

import numpy as np

from oracle import ATTN, close, floats, run, write_json

DATA = os.environ.get("DATA", "data")


def weights_of(rng, *shape):
    """Weights whose rows sum to 1."""
    w = rng.random(shape) + 0.01
    return w / w.sum(axis=-1, keepdims=True)


def result(*words):
    return json.loads(run(*words, "-q", "-o", "-").stdout)


def test_from_the_end():
    rng = np.random.default_rng(1)
    w = weights_of(rng, 4, 5, 3, 3)
    write_json("x.json", {"attention": w})
    for text, index in {"-1": [3], "-2": [2], "-4": [0], "-2:": [2, 3], ":-2": [0, 1], "-3:-1": [1, 2], "0,-1": [0, 3], "-1,0": [3, 0],
                        "1:-1": [1, 2], "-3:3": [1, 2], ":1,-1": [0, 3], "2:": [2, 3], "-1,-2": [3, 2]}.items():
        got = result("x.json", "--layer", text)
        close(text, got["weights"], w[index], 1e-7)
        assert got["selection"]["layers"] == index, text
    got = result("x.json", "--head", "-2,0", "--layer=-1")
    close("both", got["weights"], w[[3]][:, [3, 0]], 1e-7)
    assert got["selection"]["heads"] == [3, 0]


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
