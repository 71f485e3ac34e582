"""attn explain --sweep against attn run with the option, and its measures against NumPy.

usage: check_sweep.py    (ATTN, the samples)
"""
import json
import os
import subprocess
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ATTN = os.environ["ATTN"]
CASES = [
    ("causal", "temperature=0.25:4:5", []), ("causal", "scale=0.1:3", []), ("causal", "window=0:6", []),
    ("causal", "top-k=1:8", []), ("sentence", "softcap=0:4:5", []), ("sentence", "sink=-2:3:4", []),
    ("sentence", "dropout=0:0.9:4", []), ("sentence", "temperature=0.5:2:3", ["--scale", "0.3", "--softcap", "2"]),
    ("sentence", "scale=0.5:2:3", ["--temperature", "3"]), ("window", "temperature=2:0.5:3", []), ("alibi", "scale=0.1:1:4", []),
    ("sparsemax", "temperature=0.2:5:7", []), ("grouped", "window=0:3", ["--causal"]), ("alignment", "sink=0:2:3", []),
    ("alignment", "temperature=0.1:10:4", ["--normalizer", "entmax15"]), ("induction", "temperature=0.25:4:3", []),
    # bug: the weights of a recurrence were those of a softmax of its scores
    ("delta", "scale=0.5:2:3", []), ("sentence", "scale=0.5:2:3", ["--recurrence", "linear"]),
]


def output(*arguments):
    done = subprocess.run([ATTN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return json.loads(done.stdout)


def numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def check_row(row, weights, what):
    got = numbers(row["weights"])
    np.testing.assert_allclose(got, weights, rtol=3e-6, atol=1e-6, err_msg=str(what))
    assert row["largest_key"] == int(np.argmax(got)), what
    np.testing.assert_allclose(row["largest"], got.max(), rtol=1e-6, err_msg=str(what))
    if row["entropy"] is not None:
        held = got[got > 0]
        np.testing.assert_allclose(row["entropy"], -(held * np.log(held)).sum(), rtol=3e-6, atol=3e-6, err_msg=str(what))


checked = 0
for name, sweep, options in CASES:
    path = os.path.join(ROOT, "data", name + ".json")
    option = "--" + sweep.split("=")[0]
    heads = len(output("run", path, "-q", "-o", "-", *options)["weights"][0])
    for head in {0, heads - 1}:
        for query in (1, 3):
            got = output("explain", path, "-q", *options, "--head", str(head), "--query", str(query), "--sweep", sweep,
                         "--format", "json")
            assert (got["head"], got["query"]) == (head, query)
            for row in got["rows"]:
                value = repr(row["value"])
                value = value[:-2] if value.endswith(".0") else value
                whole = output("run", path, "-q", "--cpu", "plain", "-o", "-", *options, option, value)
                check_row(row, numbers(whole["weights"][0][head][query]), (name, sweep, head, query, value))
                is_distribution = not (option == "--dropout" and row["value"] > 0 or name == "delta" or "--recurrence" in options)
                assert (row["entropy"] is None) != is_distribution, (name, sweep)
                checked += 1
print(checked, "rows swept")
sys.exit(checked < 150)
