"""
Tensors from trained models, in the folder REAL. A test is named on the command line.
"""
import csv
import json
import os
import subprocess
import sys

import numpy as np

from oracle import attend, check_stages, close, measures, numbers, run, write_json

REAL = os.environ["REAL"]


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
    assert done.stderr == b"", done.stderr
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
    assert done.stderr == b"", done.stderr
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
        assert done.stderr == b"", done.stderr
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
        f"attn: warning: {file}: attention: {len(off)} of 720 rows do not sum to 1 (their sums go from {off.min():.4g} to "
        f"{off.max():.4g}); shown as they are",
        f"attn: warning: {file}: tokens has 14 labels for 15 queries: the missing one is numbered"], lines
    got = json.loads(done.stdout)
    assert np.array_equal(numbers(got["weights"]), weights) and got["tokens"] == given["tokens"] + ["14"]


# ---- the ONNX cases ----


def onnx_array(t):
    return np.array(t["data"], dtype=bool if t["dtype"] == "bool" else np.float64).reshape(t["shape"])


def onnx_problem(data):
    """A case as a problem with a layer for each of the batch."""
    t = {name: onnx_array(value) for name, value in data["inputs"].items()}
    a, heads, kv_heads = data["attributes"], data["heads"]["q"], data["heads"]["kv"]

    def split(x, count):
        return x if x.ndim == 4 else x.reshape(*x.shape[:2], count, -1).transpose(0, 2, 1, 3)

    q, k, v = split(t["Q"], heads), split(t["K"], kv_heads), split(t["V"], kv_heads)
    past = t["past_key"].shape[2] if "past_key" in t else 0
    if past:
        k, v = np.concatenate([t["past_key"], k], axis=2), np.concatenate([t["past_value"], v], axis=2)
    batch, n, m = q.shape[0], q.shape[2], k.shape[2]
    layers = []
    for b in range(batch):
        layer = {"q": q[b], "k": k[b], "v": v[b]}
        filled = int(t["nonpad_kv_seqlen"][b]) if "nonpad_kv_seqlen" in t else None
        if a.get("is_causal"):
            layer["causal"] = past if filled is None else filled - n
        if filled is not None:
            layer["mask"] = np.broadcast_to(np.arange(m) < filled, (heads, n, m))
        if "attn_mask" in t:
            whole = np.broadcast_to(t["attn_mask"], (batch, heads, n, t["attn_mask"].shape[-1]))[b]
            flags = whole.dtype == bool
            if whole.shape[-1] < m:  # closed beyond its end
                beyond = np.full((heads, n, m - whole.shape[-1]), False if flags else -np.inf)
                whole = np.concatenate([whole, beyond], axis=-1)
            layer["mask" if flags else "bias"] = whole & layer.get("mask", True) if flags else whole
        layers.append(layer)
    problem = {"layers": layers, "heads": heads, "kv_heads": kv_heads}
    for name in ("scale", "softcap"):
        if name in a:
            problem[name] = a[name]
    window = [a.get("left_window_size", -1), a.get("right_window_size", -1)]
    if window != [-1, -1]:
        problem["window"] = window
    return problem


def test_onnx():
    """Every case of the operator agrees with its double-precision truth, a cache and padding put into plain words."""
    with open(f"{REAL}/onnx/index.json") as f:
        cases = [case for case in json.load(f)["cases"] if case["op"] == "Attention"]
    failed = []
    for case in cases:
        with open(f"{REAL}/onnx/{case['file']}") as f:
            data = json.load(f)
        problem = onnx_problem(data)
        write_json("onnx.json", problem)
        try:
            got = json.loads(run("onnx.json", "-o", "-").stdout)
            weights, output = onnx_array(data["float64"]["weights"]), onnx_array(data["float64"]["Y"])
            if output.ndim == 4:
                output = output.transpose(0, 2, 1, 3).reshape(*output.shape[:1], output.shape[2], -1)
            close("weights", numbers(got["weights"]), weights, 2e-6)
            largest = max(np.nanmax(np.where(np.isfinite(layer["v"]), abs(layer["v"]), 0)) for layer in problem["layers"])
            close("output", numbers(got["output"]), output, 2e-6 * largest)
        except Exception as problem:
            failed.append(case["name"])
            print(f"{case['name']}: {problem!r}")
    assert not failed and len(cases) == 87, (failed, len(cases))


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
