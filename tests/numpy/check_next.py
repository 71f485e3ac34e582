"""
What comes after the last token: softmax(x·unembed) of the last layer's last output, against NumPy. A test is named on the command line.
"""
import json
import os
import sys

import jsonschema
import numpy as np

from forms import attend_forms
from oracle import close, floats, run, write_json


with open(os.path.join(os.path.dirname(__file__), "../../docs/attn-output.schema.json"), encoding="utf-8") as f:
    SCHEMA = json.load(f)


def result(*words):
    got = json.loads(run(*words, "-q", "-o", "-").stdout)
    jsonschema.validate(got, SCHEMA)
    return got


def check_next(problem, words, *options):
    """The ten likeliest are NumPy's, with the words that they have."""
    write_json("x.json", problem)
    got = result("x.json", *options)["next"]
    scores = attend_forms(problem)[-1]["output"][-1] @ np.asarray(problem["unembed"], float)
    probability = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    order = np.argsort(-probability, kind="stable")[:10]
    assert [n["id"] for n in got] == order.tolist(), (got, order)
    assert [n["token"] for n in got] == [words[i] for i in order], got
    close("probability", [n["probability"] for n in got], probability[order], 1e-5)
    return got


def stack(rng, words, layers=2, heads=2, n=5, d=8, **more):
    names = ("w_q", "w_k", "w_v", "w_o")
    return {"embeddings": floats(rng, (n, d), 1), "heads": heads, "causal": True, "residual": True,
            "layers": [{name: floats(rng, (d, d), 1) for name in names} for _ in range(layers)],
            "unembed": floats(rng, (d, words), 1), **more}


def test_stack():
    rng = np.random.default_rng(4)
    for words in (1, 2, 9, 10, 11, 300):
        said = [f"word {i}" for i in range(words)]
        got = check_next(stack(rng, words, vocabulary=said, position="rotary", norm="pre"), said)
        assert len(got) == min(words, 10)
        check_next(stack(rng, words, residual=False, norm="post"), [str(i) for i in range(words)])


def test_same_for_any_selection():
    """Whatever is shown: all that the last output is made of is computed."""
    rng = np.random.default_rng(5)
    for problem in (stack(rng, 12), {"q": floats(rng, (4, 6), 1), "k": floats(rng, (4, 6), 1), "v": floats(rng, (4, 6), 1), "heads": 2,
                                     "unembed": floats(rng, (6, 12), 1)},
                    {"layers": [{name: floats(rng, (2, 4, 3), 1) for name in "qkv"} for _ in range(3)], "unembed": floats(rng, (6, 12), 1)}):
        words = [str(i) for i in range(12)]
        whole = check_next(problem, words)
        for options in (["--head", "1"], ["--layer", "0"], ["--queries", "0:2"], ["--queries", "0:1", "--max-weights", "90"], ["--average", "heads"],
                        ["--stage", "output"], ["--threads", "1"], ["--max-weights", "7"]):
            assert check_next(problem, words, *options) == whole, options
        check_next(problem, words, "--cpu", "plain")


def test_equals():
    """Of equals the one with the lower number comes first; what is no number has no probability."""
    write_json("x.json", {"q": [[0]], "k": [[0]], "v": [[1]], "unembed": [[0] * 5 + [1] + [0] * 20]})
    assert [n["id"] for n in result("x.json")["next"]] == [5, 0, 1, 2, 3, 4, 6, 7, 8, 9]
    for value, unembed in ((float("nan"), [[1, 2, 3]]), (1, [[1, float("inf"), 3]])):
        write_json("x.json", {"q": [[0]], "k": [[0]], "v": [[value]], "unembed": unembed})
        assert [n["probability"] for n in result("x.json")["next"]] == [None] * 3


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
