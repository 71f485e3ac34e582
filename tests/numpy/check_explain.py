"""attn explain against attn run --cpu plain and against NumPy, number by number.

usage: check_explain.py    (ATTN, the samples; REAL, tensors from trained models, where they are present)
"""
import json
import os
import subprocess
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ATTN = os.environ["ATTN"]
CASES = [
    ("sentence", []), ("sentence", ["--softcap", "3", "--temperature", "0.5"]), ("sentence", ["--sink", "1.5"]),
    ("sentence", ["--dropout", "0.4", "--seed", "7", "--sink", "0"]), ("sentence", ["--score", "cosine"]),
    ("sentence", ["--causal", "--position", "alibi"]), ("projections", []), ("projections", ["--normalizer", "linear"]),
    ("projections", ["--normalizer", "linear", "--causal"]), ("projections", ["--position", "sinusoidal"]),
    ("causal", []), ("cross", []), ("window", []), ("packed", []), ("alignment", []), ("rotary", []), ("alibi", []),
    ("sparsemax", []), ("sparsemax", ["--dropout", "0.5"]), ("sparsemax", ["--causal"]), ("grouped", []), ("induction", []), ("pairs", []), ("patches", []),
    ("delta", []), ("sentence", ["--recurrence", "linear"]),
]


spread = [] # the rows of which the spread of scores was checked


def output(*arguments):
    done = subprocess.run([ATTN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return json.loads(done.stdout)


def numbers(values):
    """null is -inf in a masked score, and nothing else has it here"""
    return np.array([-np.inf if v is None else v for v in values], dtype=float)


def close(a, b, what):
    np.testing.assert_allclose(a, b, rtol=3e-6, atol=3e-6, err_msg=str(what))


def check_row(e, what):
    """The steps, from nothing but the numbers that stand in the explanation."""
    keys = e["keys"]
    q, k = np.array(e["q"]), np.array([key["k"] for key in keys])
    score = numbers(key["score"] for key in keys)
    masked = numbers(key["masked"] for key in keys)
    allowed = np.array([key["allowed"] for key in keys])
    weight = numbers(key["weight"] for key in keys)
    close(score, np.tanh(q + k) @ np.array(e["v_score"]) if "v_score" in e else k @ q, what)
    scaled = e["scale"] * score / e.get("temperature", 1)
    if "softcap" in e:
        scaled = e["softcap"] * np.tanh(scaled / e["softcap"])
    close(numbers(key["scaled"] for key in keys), scaled, what)
    assert np.all(np.isneginf(masked) | allowed), what
    before = numbers(key.get("before_dropout", key["weight"]) for key in keys)
    if "recurrence" in e:
        if e["recurrence"] == "linear":
            close(weight, np.where(allowed, scaled, 0), what)
    elif not allowed.any():
        assert not weight.any(), what
    elif e["normalizer"] == "sparsemax":
        close(before, np.where(allowed, np.maximum(masked - e["threshold"], 0), 0), what)
        close(before.sum(), 1, what)
    else:
        part = numbers(key["numerator"] for key in keys)
        wanted = masked if e["normalizer"] == "linear" else np.exp(masked - e["largest"])
        close(part, np.where(allowed, wanted, 0), what)
        sink = np.exp(e["sink"] - e["largest"]) if "sink" in e else 0
        close(e["denominator"], part.sum() + sink, what)
        close(before, part / e["denominator"], what)
    if "dropout" in e:
        kept = weight > 0
        close(weight[kept], before[kept] / (1 - e["dropout"]), what)
    if "output" in e:
        close(e["output"], weight @ np.array([key["v"] for key in keys]), what)


def entropy_of(scores, sink):
    """Of the keys' shares; a sink takes its own."""
    top = max(scores.max(), -np.inf if sink is None else sink)
    part = np.exp(scores - top)
    share = part / (part.sum() + (0 if sink is None else np.exp(sink - top)))
    return -(share[share > 0] * np.log(share[share > 0])).sum()


def check_spread(e, scores, masked, what):
    """The variance over the allowed pairs of the head, and the row with and without the scale."""
    allowed = np.array([[v is not None for v in row] for row in masked])
    scores = np.array(scores, dtype=float)
    assert e["score_pairs"] == allowed.sum(), what
    close(e["score_variance"], scores[allowed].var(), what)
    row = numbers(key["masked"] for key in e["keys"])
    close(e["entropy"], entropy_of(row, e.get("sink")), what)
    if "softcap" not in e:
        score, scaled = (numbers(key[name] for key in e["keys"]) for name in ("score", "scaled"))
        plain = row - scaled + score
        close(e["entropy_unscaled"], entropy_of(plain, e.get("sink")), what)


def check_file(path, options):
    whole = output("run", path, *options, "-q", "--cpu", "plain", "-o", "-", "--stage", "scores", "--stage", "scaled",
                   "--stage", "masked", "--stage", "weights")
    weights = whole["weights"]
    checked = 0
    for layer in range(len(weights)):
        for head in range(len(weights[0])):
            for query in {0, len(weights[0][0]) // 2, len(weights[0][0]) - 1}:
                what = path, options, layer, head, query
                e = output("explain", path, *options, "-q", "--cpu", "plain", "--layer", str(layer), "--head", str(head), "--query", str(query),
                           "--format", "json")
                assert (e["layer"], e["head"], e["query"]) == (layer, head, query), what
                assert e["token"] == whole["tokens"][query] and [k["token"] for k in e["keys"]] == whole["key_tokens"], what
                for stage, key in (("scores", "score"), ("scaled", "scaled"), ("masked", "masked"), ("weights", "weight")):
                    assert [k[key] for k in e["keys"]] == whole[stage][layer][head][query], (what, stage)
                check_row(e, what)
                if "score_variance" in e:
                    spread.append(what)
                    check_spread(e, whole["scores"][layer][head], whole["masked"][layer][head], what)
                checked += 1
    return checked


def test_projection():
    """x·w_q + b_q, head by head; with rotary q is turned, and what was projected is not."""
    path = os.path.join(ROOT, "data", "projections.json")
    given = json.load(open(path))
    want = np.array(given["embeddings"]) @ np.array(given["w_q"]) + np.array(given["b_q"])
    for head, query, options in ((0, 0, []), (1, 3, []), (1, 4, ["--position", "rotary"])):
        e = output("explain", path, "--head", str(head), "--query", str(query), "--format", "json", *options)
        close(e["x"], given["embeddings"][query], "x")
        close(e["projected"], want[query, 2 * head:2 * head + 2], "x·w_q + b_q")
        assert (e["projected"] == e["q"]) == (not options)


def test_carried():
    """What the heads give to the layer adds up to the output that attn run has."""
    for name in ("projections", "grouped", "induction"):
        path = os.path.join(ROOT, "data", name + ".json")
        given = json.load(open(path))
        if "w_o" not in given:
            continue
        whole = output("run", path, "-q", "--cpu", "plain", "-o", "-", "--stage", "output", "--stage", "weights")
        for query in range(len(whole["weights"][0][0])):
            total = np.array(given.get("b_o", 0.0))
            for head in range(len(whole["weights"][0])):
                e = output("explain", path, "--head", str(head), "--query", str(query), "--format", "json")
                d_v = len(e["output"])
                close(e["carried"], e["output"] @ np.array(given["w_o"])[d_v * head:d_v * (head + 1)], "carried")
                total = total + np.array(e["carried"])
                assert e["heads"][head] == {"head": head, "output": e["output"], "carried": e["carried"]}, (name, query, head)
                close(e["attention_output"], whole["output"][0][query], (name, query, head))
            close(total, whole["output"][0][query], (name, query))
        return
    raise AssertionError("no sample has w_o")


test_projection()
test_carried()
checked = 0
for name, options in CASES:
    checked += check_file(os.path.join(ROOT, "data", name + ".json"), options)
real = os.path.join(os.environ.get("REAL", ""), "nano_sort.json")
if os.path.exists(real):
    checked += check_file(real, [])
print(checked, "rows explained")
print(len(spread), "spreads of scores")
sys.exit(checked < 100 or len(spread) < 50)
