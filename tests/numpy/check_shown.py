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

from oracle import ATTN, check_stats, close, csv_column, floats, numbers, run, write_json

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



def deep(rng, layers=3, heads=4, n=5, m=6):
    """Layers of their own q, k, v and masks, written to x.json."""
    problem = {"layers": [{"q": floats(rng, (heads, n, 3), 1), "k": floats(rng, (heads, m, 3), 1), "v": floats(rng, (heads, m, 2), 1),
                           "mask": rng.random((heads, n, m)) < 0.6} for _ in range(layers)]}
    problem["layers"][1]["mask"][:, 2] = False  # a row that sees nothing
    problem["layers"][0]["mask"][:, 0, 0] = problem["layers"][2]["mask"][:, 0, 0] = False
    problem["layers"][1]["mask"][:, 0, 0] = False  # a pair that nobody allows
    write_json("x.json", problem)
    return problem


def masked_mean(stage, axes):
    """The mean of what is not -infinity; -infinity where there is nothing."""
    seen = np.isfinite(stage)
    with np.errstate(all="ignore"):
        mean = np.where(seen, stage, 0).sum(axis=axes, keepdims=True) / seen.sum(axis=axes, keepdims=True)
    return np.where(seen.any(axis=axes, keepdims=True), mean, -np.inf)


def test_means():
    """Every stage, the mask, the pairs and the measures of a mean, of chosen layers and heads too, in all formats."""
    deep(np.random.default_rng(2))
    stages = ["q", "k", "scores", "scaled", "masked", "mask"]
    asked = [word for s in stages for word in ("--stage", s)]
    for chosen, layers, heads in ([], range(3), range(4)), (["--layer", "-1,0", "--head", "1:3"], [2, 0], [1, 2]):
        whole, everyone = result("x.json", *asked, *chosen), result("x.json", *chosen[:2])
        for average, axes in (("heads", (1,)), ("layers", (0,)), ("heads,layers", (0, 1)), ("layers,heads", (0, 1))):
            got = result("x.json", *asked, *chosen, "--average", average)
            what = f"{chosen} {average}"
            close(what, got["weights"], np.mean(whole["weights"], axis=axes, keepdims=True), 1e-6)
            for s in stages[:4]:
                close(f"{what} {s}", got[s], np.mean(whole[s], axis=axes, keepdims=True), 1e-5)
            close(what + " masked", numbers(got["masked"], -np.inf), masked_mean(numbers(whole["masked"], -np.inf), axes), 1e-5)
            mask = np.max(whole["mask"], axis=axes, keepdims=True)
            assert np.array_equal(got["mask"], mask), what
            output = np.array((everyone if "heads" in average else whole)["output"])  # a mean over heads leaves it whole
            close(what + " output", got["output"], output.mean(axis=0, keepdims=True) if 0 in axes else output, 1e-6)
            assert got["selection"]["layers"] == list(layers) and got["selection"]["heads"] == list(heads), what
            assert got["selection"]["average"] == ("heads,layers" if len(axes) == 2 else average), what
            assert got["pairs"]["allowed"] == mask.sum(axis=(2, 3)).astype(int).tolist(), what
            check_stats(got["stats"], np.array(got["weights"]), [0] * len(got["stats"]))
            numbers_elsewhere(got, *chosen, "--average", average)


def numbers_elsewhere(got, *words):
    """CSV and NPY hold what the JSON holds, and the JSON read back too."""
    run("x.json", *words, "-q", "-o", "x.npy", "-o", "x.csv", "-o", "y.json")
    close("npy", np.load("x.npy"), numbers(got["weights"]), 0)
    with open("x.csv") as f:
        close("csv", csv_column(f.read(), "weight", np.shape(got["weights"])), numbers(got["weights"]), 0)
    again = result("y.json")
    close("again", numbers(again["weights"]), numbers(got["weights"]), 0)
    assert again["stats"] == got["stats"] and again["pairs"] == got["pairs"]


def test_mean_names():
    """Files, the table and the first columns of the CSV say what the mean is over."""
    deep(np.random.default_rng(3))
    names = {"heads": ["layer0-mean", "layer1-mean", "layer2-mean"], "layers": ["mean-head0", "mean-head1", "mean-head2", "mean-head3"],
             "heads,layers": ["mean"]}
    for average, want in names.items():
        run("x.json", "--average", average, "-q", "-o", average + "/")
        assert sorted(os.listdir(average)) == sorted([w + ".png" for w in want] + ["heads.png", "attention.json"])
        table = run("x.json", "--average", average, "--format", "table", "-q", "-o", "t.npy").stdout.decode().splitlines()
        rows = [line.split()[:2] for line in table[table.index("") + 2:]]
        layers = ["mean"] if "layers" in average else ["0", "1", "2"]
        heads = ["mean"] if "heads" in average else ["0", "1", "2", "3"]
        assert rows == [[l, h] for l in layers for h in heads], (average, rows)
    csv = run("x.json", "--average", "layers", "--layer", "1,2", "--head", "3", "--format", "csv", "-q", "-o", "t.npy").stdout.decode()
    assert csv.splitlines()[1].startswith("0,3,0,0,"), csv[:100]
    csv = run("x.json", "--average", "layers", "--layer", "1,2", "--head", "3", "--stage", "k", "--format", "csv", "-q", "-o", "t.npy").stdout
    assert csv.decode().splitlines()[1].startswith("0,3,0,0,"), csv[:100]


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
