"""
The forms of attention in the program: on small problems with numbers that can be checked by hand, and on random problems
against the oracle in forms.py, on every --cpu. A test is named on the command line; `random A B` runs the problems with
these seeds, `case SEED` one. Files go to the current folder.
"""
import json
import os
import resource
import subprocess
import sys

import numpy as np

from forms import STAGES, alibi_slopes, attend_forms, check_run, relative_bucket, rotate, sinusoidal, sparsemax_row, turns
from oracle import ATTN, arguments, check_stats, close, floats, numbers, plain_value, run, write_csv, write_json

# ---- running ----


def pick(rng, *choices):
    return choices[rng.integers(len(choices))]


def cpus():
    """The instruction sets that this processor has, and the plain engine."""
    write_json("cpu.json", {"q": [[1]], "k": [[1]]})
    names = []
    for name in ("avx512", "avx2", "portable", "plain"):
        done = subprocess.run([ATTN, "run", "cpu.json", "--cpu", name, "-o", "-"], capture_output=True)
        if done.returncode == 0:
            names.append(name)
        else:
            assert b"this processor cannot run it" in done.stderr and name.startswith("avx"), done.stderr.decode()
    return names


def given(problem, *words):
    """The JSON of a run of a problem."""
    write_json("given.json", problem)
    return json.loads(run("given.json", *words, "-q", "-o", "-").stdout)


def weights_of(problem, *words):
    return numbers(given(problem, *words)["weights"])


def check(problem, over=None, names=("plain",), base="problem"):
    """Every stage of a problem against the oracle, on these instruction sets. Gives the oracle's layers."""
    write_json(f"{base}.json", problem)
    true, single = attend_forms(problem, over), attend_forms(problem, over, np.float32)
    stages = [stage for stage in STAGES if all(layer.get(stage) is not None for layer in true)] + ["mask"]
    if len({layer["encoding"].shape if "encoding" in layer else None for layer in true}) == 1 and "encoding" in true[0]:
        stages.append("encoding")
    words = [f"{base}.json", *arguments(over or {}), *(w for stage in stages for w in ("--stage", stage))]
    blind = sum(int((~layer["seen"].any(axis=-1)).sum()) for layer in true)
    judged = set()
    for name in names:
        done = run(*words, "--cpu", name, "-o", "-")
        assert (b"may see no key" in done.stderr) == (blind > 0), done.stderr.decode()
        if done.stdout not in judged:
            judged.add(done.stdout)
            got = json.loads(done.stdout)
            try:
                check_run(got, true, single, stages)
                if all("masked" in layer and layer["is_distribution"] for layer in true):
                    check_stats(got["stats"], numbers(got["weights"]), [layer["offset"] for layer in true])
            except AssertionError as problem:
                raise AssertionError(f"--cpu {name}: {problem}") from None
    return true


# ---- random problems ----


def random_masks(rng, n, m, heads, f):
    """Into f, what forbids pairs."""
    if rng.random() < 0.45:
        f["causal"] = pick(rng, True, True, "end", "start", int(rng.integers(-3, 4)), m - n)
        if rng.random() < 0.35:
            f["prefix"] = int(rng.integers(1, m + 1))
    if rng.random() < 0.25:
        f["window"] = pick(rng, 0, 1, 4, [2, 0], [-1, 1], [3, -1], [0, 2])
    if rng.random() < 0.2:
        f["dilation"] = int(pick(rng, 1, 2, 3, 7))
    if rng.random() < 0.25:
        f["block"] = size = int(pick(rng, 1, 2, 4, 9))
        if rng.random() < 0.5:
            shape = (-(-n // size), -(-m // size))
            f["block_mask"] = rng.random(shape if rng.random() < 0.5 else (heads, *shape)) < 0.6
    if {"window", "dilation", "block"} & set(f) and rng.random() < 0.4:
        f["global"] = sorted({int(x) for x in rng.integers(0, min(n, m), int(rng.integers(1, 4)))})
    if rng.random() < 0.2:
        f["key_length"] = int(rng.integers(1, m + 1))
    if rng.random() < 0.2:
        f["key_mask"] = rng.random(m) < 0.7
    if rng.random() < 0.2:
        f["mask"] = rng.random((n, m) if rng.random() < 0.5 else (heads, n, m)) < 0.7
    if {"mask", "key_mask"} & set(f) and rng.random() < 0.3:
        f["mask_true_blocks"] = True
    if rng.random() < 0.2:
        f["segments"] = np.sort(rng.integers(0, 3, n)) if rng.random() < 0.6 else rng.integers(0, 3, n)
        if n != m or rng.random() < 0.3:
            f["key_segments"] = np.sort(rng.integers(0, 3, m))
    elif rng.random() < 0.2:
        f["separator"] = "."


def random_scores(rng, heads, d_q, d_k, f):
    """Into f, how scores are made and become weights."""
    f["normalizer"] = pick(rng, "softmax", "softmax", "softmax", "sparsemax", "linear") if d_q == d_k else "softmax"
    lead = (heads,) if rng.random() < 0.5 else ()
    if f["normalizer"] != "linear":
        f["score"] = pick(rng, "scaled", "scaled", "dot", "cosine", "general", "additive") if d_q == d_k else pick(rng, "general", "additive")
        if f["score"] == "general":
            f["w_score"] = floats(rng, lead + (d_q, d_k), 1 / np.sqrt(d_q))
        if f["score"] == "additive":
            a = int(pick(rng, 1, 3, 8))
            if rng.random() < 0.2:
                a = d_q
            else:
                f["w_score_q"] = floats(rng, lead + (d_q, a), 1 / np.sqrt(d_q))
            if a != d_k or rng.random() < 0.7:
                f["w_score_k"] = floats(rng, lead + (d_k, a), 1 / np.sqrt(d_k))
            f["v_score"] = floats(rng, lead + (a,), 1)
        for name, odds, values in (("temperature", 0.3, (0.5, 1, 2.5, 10)), ("scale", 0.25, (0.25, 1, 3, -0.125)),
                                   ("softcap", 0.2, (0.5, 5, 30))):
            if rng.random() < odds:
                f[name] = pick(rng, *values)
    if f["normalizer"] == "softmax" and rng.random() < 0.3:
        f |= {"sink": pick(rng, 0, 1.5, -2)} if rng.random() < 0.5 else {"sinks": floats(rng, heads, 2)}
    if f["normalizer"] == "softmax" and rng.random() < 0.3:
        del f["normalizer"]


def random_position(rng, heads, d_q, d_k, f, choices):
    """Into f, a position of these, where the widths allow it."""
    kind = pick(rng, *choices)
    if kind.startswith("rotary") and (d_q != d_k or d_k < 2):
        kind = "none"
    if kind in ("alibi", "relative") and f.get("normalizer") == "linear":
        kind = "none"
    f["position"] = kind
    if kind == "alibi" and rng.random() < 0.4:
        f["slopes"] = abs(floats(rng, heads, 0.5))
    if kind == "relative":
        f["relative_bias"] = floats(rng, (int(pick(rng, 4, 5, 8, 32)), heads), 1)
        if rng.random() < 0.6:
            f["max_distance"] = int(pick(rng, 17, 20, 64))
    if kind.startswith("rotary") and (d_k % 2 or rng.random() < 0.4):
        f["rotary_dim"] = 2 * int(rng.integers(1, d_k // 2 + 1))
    if kind == "sinusoidal" or kind.startswith("rotary"):
        if rng.random() < 0.4:
            f["position_base"] = pick(rng, 100, 500000, 2.5)
    elif rng.random() < 0.5 and kind == "none":
        del f["position"]


def random_recurrence(rng, n, kv_heads, d_k, d_v, f):
    f["recurrence"] = rule = pick(rng, "linear", "gated", "delta", "gated_delta")
    if "gated" in rule:
        f["decay"] = -abs(floats(rng, (n, kv_heads * (d_k if rng.random() < 0.6 else 1)), 0.4))
    if "delta" in rule:
        f["beta"] = rng.uniform(0.05, 1, (n, pick(rng, 1, kv_heads))).astype(np.float32)
    if rng.random() < 0.4:
        f["state"] = floats(rng, (kv_heads, d_k, d_v), 1)
    if rng.random() < 0.4:
        f["scale"] = pick(rng, 1, 0.3, -2)


def random_form(seed):
    """(problem, settings for the command line)."""
    rng = np.random.default_rng(seed)
    kind = pick(rng, "qkv", "list", "list", "list", "embeddings", "projections", "projections", "cross", "stack", "stack")
    sizes = [1, 2, 3, 5, 17, 33]
    n = int(pick(rng, *sizes))
    m = n if rng.random() < 0.4 or kind in ("embeddings", "projections", "stack") else int(pick(rng, *sizes))
    heads = int(pick(rng, 1, 1, 2, 3, 4, 6))
    kv_heads = int(pick(rng, *[g for g in (1, 2, 3, 4, 6) if heads % g == 0])) if rng.random() < 0.4 and kind != "embeddings" else heads
    d_q, d_v = int(pick(rng, 1, 2, 3, 5, 8, 17)), int(pick(rng, 1, 2, 5, 17))
    d_k = int(pick(rng, 1, 3, 8)) if kind in ("qkv", "projections", "cross") and rng.random() < 0.2 else d_q
    d_model, other = int(pick(rng, 2, 5, 12)), int(pick(rng, 3, 7))
    p = {"heads": heads} | ({"kv_heads": kv_heads} if kv_heads != heads else {})
    if kind in ("qkv", "list"):
        position = ["none", "rotary", "rotary-interleaved", "alibi", "relative"]
    else:
        position = ["none", "sinusoidal", "sinusoidal", "rotary", "rotary-interleaved", "alibi", "relative"]

    def one():
        f, size = {}, 1 / np.sqrt(d_k)
        is_recurrent = n == m and d_q == d_k and kind in ("qkv", "list", "projections") and rng.random() < 0.35
        if is_recurrent:
            random_recurrence(rng, n, kv_heads, d_k, d_v, f)
        else:
            size = float(pick(rng, 0.3, 1, 1.5))
            random_scores(rng, heads, d_q, d_k, f)
            random_masks(rng, n, m, heads, f)
            if f.get("normalizer") != "linear" and rng.random() < 0.2:
                f["bias"] = floats(rng, (n, m) if rng.random() < 0.5 else (heads, n, m), 1)
                f["bias"][rng.random(f["bias"].shape) < 0.1] = -np.inf
        if kind != "stack":
            random_position(rng, heads, d_q, d_k, f, [x for x in position if not is_recurrent or x in ("none", "rotary", "sinusoidal")])
        if kind in ("qkv", "list"):
            f |= {"q": floats(rng, (n, heads * d_q), size), "k": floats(rng, (m, kv_heads * d_k), size),
                  "v": floats(rng, (m, kv_heads * d_v), 1)}
        elif kind != "embeddings":
            wide = other if kind == "cross" else d_model
            f |= {"w_q": floats(rng, (d_model, heads * d_q), 1 / np.sqrt(d_model)), "w_v": floats(rng, (wide, kv_heads * d_v), 0.5),
                  "w_k": floats(rng, (wide, kv_heads * d_k), min(size, 1) / np.sqrt(wide))}
            for name, width in (("b_q", heads * d_q), ("b_k", kv_heads * d_k), ("b_v", kv_heads * d_v)):
                if rng.random() < 0.3:
                    f[name] = floats(rng, width, 0.3 * size)
            if kind == "stack" or rng.random() < 0.6:
                f["w_o"] = floats(rng, (heads * d_v, d_model), 1 / np.sqrt(heads * d_v))
        if kind not in ("qkv", "list"):
            keeps_width = kind == "embeddings" or "w_o" in f or heads * d_v == d_model
            if keeps_width and rng.random() < 0.5:
                f["residual"] = True
            norm = pick(rng, "none", "pre", "post")
            if norm == "pre" or norm == "post" and keeps_width:
                f["norm"] = norm
                for name in ("norm_weight", "norm_bias"):
                    if rng.random() < 0.5:
                        f[name] = floats(rng, d_model, 1)
        return f

    if kind == "embeddings":
        d_k = d_v = d_q
        d_model = heads * d_q
    if kind not in ("qkv", "list"):
        p["embeddings"] = floats(rng, (n, d_model), 1)
    if kind == "cross":
        p["context"] = floats(rng, (m, other), 1)
    over = {}
    if kind == "list":
        p["layers"] = [one() for _ in range(3)]
    elif kind == "stack":
        p["layers"] = [one() for _ in range(int(pick(rng, 2, 3)))]
        linear = any(f.get("normalizer") == "linear" for f in p["layers"])
        random_position(rng, heads, d_q, d_k, p, [x for x in position if not linear or x not in ("alibi", "relative")])
    else:
        p |= one()
        over = {name: p[name] for name in p if not isinstance(p[name], np.ndarray) and rng.random() < 0.4}
        p = {name: p[name] for name in p if name not in over}
    if "separator" in {**p, **over} or any("separator" in f for f in p.get("layers", [])):
        p["tokens"] = [pick(rng, "a", "b", ".") for _ in range(n)]
        if n != m or "context" in p or rng.random() < 0.2:
            p["key_tokens"] = [pick(rng, "a", "..", ".") for _ in range(m)]
    return p, over


def random_cases(first, end):
    names, failed = cpus(), []
    for seed in range(first, end):
        try:
            check(*random_form(seed), names, f"case{seed}")
        except Exception as problem:
            failed.append(seed)
            print(f"case {seed}: {problem!r}")
        os.remove(f"case{seed}.json")
    assert not failed, f"failed: {failed}; check_forms.py case SEED runs one"


# ---- the oracle itself ----


def test_oracle():
    """The oracle, on what is known without it."""
    close("sparsemax", sparsemax_row(np.array([1, 0.8, 0.1])), [0.6, 0.4, 0], 1e-15)
    rng = np.random.default_rng(2)
    for _ in range(50):  # the nearest point of the simplex: what is above the threshold loses the same, the rest is below it
        z = rng.standard_normal(int(rng.integers(1, 20))) * rng.choice([0.1, 1, 5])
        w = sparsemax_row(z)
        threshold = (z - w)[w > 0]
        assert abs(w.sum() - 1) < 1e-12 and np.ptp(threshold) < 1e-12 and (z[w == 0] <= threshold.max() + 1e-12).all()
    close("sinusoidal", sinusoidal([0, 1], 4, 10000), [[0, 1, 0, 1], [np.sin(1), np.cos(1), np.sin(0.01), np.cos(0.01)]], 1e-15)
    # Turning keeps lengths; products depend on the distance only; both ways of pairing are the same up to the order of columns.
    q, k = rng.standard_normal((2, 1, 9, 6))
    at = np.arange(9)
    close("turned by 1", rotate(np.array([[[1.0, 0, 7]]]), [1], 2, 10, True), [[[np.cos(1), np.sin(1), 7]]], 1e-15)
    close("turned by 3", rotate(np.array([[[1.0, 0, 0, 2]]]), [3], 4, 100, False),
          [[[np.cos(3), -2 * np.sin(0.3), np.sin(3), 2 * np.cos(0.3)]]], 1e-15)
    one, other = rotate(q, at, 6, 10000, False), rotate(q[..., [0, 3, 1, 4, 2, 5]], at, 6, 10000, True)
    close("pairs", other, one[..., [0, 3, 1, 4, 2, 5]], 1e-14)
    close("lengths", (one**2).sum(axis=-1), (q**2).sum(axis=-1), 1e-13)
    scores = [(rotate(q, at + shift, 4, 50, True) @ rotate(k, at + shift, 4, 50, True).transpose(0, 2, 1)) for shift in (0, 11)]
    close("distances", scores[0], scores[1], 1e-13)
    close("8 slopes", alibi_slopes(8), [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256], 1e-15)
    close("12 slopes", alibi_slopes(12)[8:], [2**-0.5, 2**-1.5, 2**-2.5, 2**-3.5], 1e-15)
    close("3 slopes", alibi_slopes(3), [2**-4, 2**-8, 2**-2], 1e-15)
    # The logarithm as the T5 code takes it, in float32.
    for both_ways in (True, False):
        for distance in range(-400, 400):
            side = 16 if both_ways else 32
            far = np.float32(abs(distance) if both_ways else max(-distance, 0))
            with np.errstate(divide="ignore"):
                large = side // 2 + np.log(far / (side // 2)) / np.log(128 / (side // 2)) * (side - side // 2)
            want = int(far if far < side // 2 else min(np.trunc(large), side - 1)) + (16 if both_ways and distance > 0 else 0)
            assert relative_bucket(distance, both_ways, 32, 128) == want, (both_ways, distance, want)
    # Orthonormal keys, asked for with themselves: the delta rule remembers the last value; what it held it forgets.
    rule = {"q": np.eye(3)[[0, 1, 0, 1]], "k": np.eye(3)[[0, 1, 0, 1]], "v": [[1.0], [2], [3], [4]], "scale": 1}
    delta = attend_forms({**rule, "recurrence": "delta", "beta": np.ones((4, 1)), "state": np.full((1, 3, 1), 9)})[0]
    close("delta", delta["output"][:, 0], [1, 2, 3, 4], 1e-15)
    close("linear", attend_forms({**rule, "recurrence": "linear"})[0]["output"][:, 0], [1, 2, 4, 6], 1e-15)
    half = attend_forms({**rule, "recurrence": "gated", "decay": np.full((4, 1), np.log(0.5))})[0]
    close("gated", half["weights"][0], [[1, 0, 0, 0], [0, 1, 0, 0], [1 / 4, 0, 1, 0], [0, 1 / 4, 0, 1]], 1e-15)


def test_recurrence_weights():
    """In the oracle: weights times values and the part of the initial state are the output."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        f, n, d, d_v = {}, 6, 3, 2
        random_recurrence(rng, n, 2, d, d_v, f)
        f |= {"q": floats(rng, (4, n, d), 1), "k": floats(rng, (2, n, d), 0.6), "v": floats(rng, (2, n, d_v), 1)}
        whole, empty = attend_forms(f)[0], attend_forms({**f, "v": f["v"] * 0})[0]
        want = (whole["weights"] @ np.repeat(f["v"], 2, axis=0)).transpose(1, 0, 2).reshape(n, -1) + empty["output"]
        close(f"seed {seed}", whole["output"], want, 1e-6)


# ---- one form each, with numbers that can be checked by hand ----


def stage_of(problem, stage, *words):
    return numbers(given(problem, "--stage", stage, *words)[stage])


def test_score():
    p = {"q": [[3, 4], [1, 0]], "k": [[4, 3], [0, 2], [0, 0]]}
    close("dot", stage_of({**p, "score": "dot"}, "scaled")[0, 0], [[24, 8, 0], [4, 0, 0]], 1e-6)
    close("scaled", stage_of({**p, "score": "scaled"}, "scaled")[0, 0], np.array([[24, 8, 0], [4, 0, 0]]) / 2**0.5, 2e-6)
    close("cosine", stage_of({**p, "score": "cosine"}, "scaled")[0, 0], [[0.96, 0.8, 0], [0.8, 0, 0]], 1e-6)
    w = [[1, 0, 2], [0, 1, 0]]
    k3 = [[1, 1, 1], [0, 0, -1]]
    close("general", stage_of({"q": p["q"], "k": k3, "score": "general", "w_score": w}, "scaled")[0, 0], [[13, -6], [3, -2]], 1e-6)
    additive = {"q": [[1], [0]], "k": [[2, 5], [0, 1]], "score": "additive", "w_score_q": [[1, 0]], "w_score_k": [[1, 0], [0, 1]],
                "v_score": [1, 10]}
    want = [[np.tanh(3) + 10 * np.tanh(5), np.tanh(1) + 10 * np.tanh(1)], [np.tanh(2) + 10 * np.tanh(5), 10 * np.tanh(1)]]
    close("additive", stage_of(additive, "scaled")[0, 0], want, 2e-6)
    plain = stage_of({"q": [[1, 2]], "k": [[3, 4]], "score": "additive", "v_score": [1, -1]}, "scaled")
    close("additive without matrices", plain, [[[[np.tanh(4) - np.tanh(6)]]]], 1e-6)
    close("scale", stage_of({**p, "score": "cosine", "scale": 10}, "scaled")[0, 0, 0], [9.6, 8, 0], 2e-6)


def test_temperature():
    p = {"q": [[1.0]], "k": [[0.0], [np.log(3)]], "scale": 1}
    close("2", weights_of(p, "--temperature", "0.5"), [[[[0.1, 0.9]]]], 1e-6)
    capped = stage_of({"q": [[1]], "k": [[6]], "scale": 1, "temperature": 2, "softcap": 4}, "scaled")
    close("before softcap", capped, [[[[4 * np.tanh(0.75)]]]], 1e-6)


def test_sparsemax():
    p = {"q": [[1.0]], "k": [[1], [0.8], [0.1]], "scale": 1, "normalizer": "sparsemax"}
    close("three", weights_of(p), [[[[0.6, 0.4, 0]]]], 1e-6)
    close("one of them forbidden", weights_of({**p, "mask": [[0, 1, 1]]}), [[[[0, 0.85, 0.15]]]], 1e-6)
    close("all of them", weights_of({**p, "mask": [[0, 0, 0]]}), [[[[0, 0, 0]]]], 0)
    close("far apart", weights_of(p, "--temperature", "0.1"), [[[[1, 0, 0]]]], 1e-6)
    close("equal", weights_of({**p, "q": [[0]]}), [[[[1 / 3] * 3]]], 1e-6)


def test_linear():
    # elu + 1 of 0, 1 and -ln 2: 1, 2 and 1/2.
    p = {"q": [[0, 1]], "k": [[0, 0], [1, 1], [-np.log(2), 0]], "v": [[1], [2], [3]], "normalizer": "linear"}
    close("scores", stage_of(p, "scores"), [[[[3, 6, 2.5]]]], 1e-6)
    close("scaled", stage_of(p, "scaled"), [[[[3, 6, 2.5]]]], 1e-6)
    close("weights", weights_of(p), [[[[3 / 11.5, 6 / 11.5, 2.5 / 11.5]]]], 1e-6)
    close("masked", weights_of({**p, "mask": [[1, 1, 0]]}), [[[[1 / 3, 2 / 3, 0]]]], 1e-6)
    close("output", numbers(given(p)["output"]), [[[(3 + 12 + 7.5) / 11.5]]], 1e-6)
    close("nothing to see", weights_of({**p, "mask": [[0, 0, 0]]}), [[[[0, 0, 0]]]], 0)
    # All at -200: exp(-400) is 0 in single precision; the row is 0 or equal parts, and no NaN.
    tiny = weights_of({"q": [[-200]], "k": [[-200], [-200]], "normalizer": "linear"})[0, 0, 0].tolist()
    assert tiny in ([0, 0], [0.5, 0.5]), tiny


def test_sink():
    p = {"q": [[0]], "k": [[0], [0], [0]], "v": [[4], [4], [4]]}
    close("weights", weights_of({**p, "sink": 0}), [[[[0.25] * 3]]], 1e-7)
    close("output", numbers(given({**p, "sink": 0})["output"]), [[[3]]], 1e-6)
    close("of ln 3", weights_of({**p, "mask": [[1, 0, 0]]}, "--sink", repr(float(np.log(3)))), [[[[0.25, 0, 0]]]], 1e-6)
    two = {"q": [[0, 0]], "k": [[0, 0]], "heads": 2, "sinks": [0, np.log(9)]}
    close("one a head", weights_of(two), [[[[0.5]], [[0.1]]]], 1e-6)
    close("far above", weights_of({**p, "sink": 1000}), [[[[0] * 3]]], 0)
    close("nothing to see", weights_of({**p, "sink": 0, "mask": [[0, 0, 0]]}), [[[[0] * 3]]], 0)
    # bug: ALiBi counts from the nearest key that a row may attend to, 3 tokens away here, and the sink was left behind
    away = {"q": np.ones((9, 4)), "k": np.ones((9, 4)), "heads": 4, "sinks": [0, 1, -2, 3], "position": "alibi"}
    check({**away, "mask": np.triu(np.ones((9, 9)), 3)}, None, cpus())


def test_recurrence():
    keys = np.eye(3)[[0, 1, 0, 1]]
    p = {"q": keys, "k": keys, "v": [[1], [2], [3], [4]], "scale": 1}
    state = {"state": np.full((1, 3, 1), 9)}
    for rule, more, output, last in (
            ("linear", {}, [1, 2, 4, 6], [0, 1, 0, 1]), ("linear", state, [10, 11, 13, 15], [0, 1, 0, 1]),
            ("gated", {"decay": np.full((4, 1), np.log(0.5))}, [1, 2, 3.25, 4.5], [0, 0.25, 0, 1]),
            ("delta", {"beta": np.ones((4, 1)), **state}, [1, 2, 3, 4], [0, 0, 0, 1]),
            ("delta", {"beta": np.full((4, 1), 0.5)}, [0.5, 1, 1.75, 2.5], [0, 0.25, 0, 0.5]),
            ("gated_delta", {"beta": np.ones((4, 1)), "decay": np.full((4, 3), np.log(0.5))}, [1, 2, 3, 4], [0, 0, 0, 1])):
        got = given({**p, "recurrence": rule, **more})
        close(rule + ": output", numbers(got["output"])[0, :, 0], output, 1e-6)
        close(rule + ": weights", numbers(got["weights"])[0, 0, 3], last, 1e-6)
        assert got["pairs"] == {"of": 16, "allowed": [[10]]}, got["pairs"]
        check({**p, "recurrence": rule, **more}, None, cpus())


def random_state_form(rng, seed):
    """Linear attention without a mask, or with any; or a recurrence of any rule."""
    n, heads, d = int(pick(rng, 1, 2, 17, 64, 65)), 4, int(pick(rng, 1, 3, 8))
    f = {}
    if seed % 3 == 2:
        m = n
        random_recurrence(rng, n, 2, d, 3, f)
    else:
        m = int(pick(rng, 1, 5, 33, 70))
        f["normalizer"] = "linear"
        if seed % 3 == 0:
            random_masks(rng, n, m, heads, f)
            f.pop("separator", None)
    return f | {"q": floats(rng, (heads, n, d), 1), "k": floats(rng, (2, m, d), 0.5), "v": floats(rng, (2, m, 3), 1)}


def test_output_alone():
    """`--stage output` alone computes no weights, and gives the output that it has beside them, with the same warnings."""
    engines = set()
    for seed in range(60):
        f = random_state_form(np.random.default_rng(seed), seed)
        write_json("form.json", f)
        words = ["form.json", "--stage", "output", "--format", "none"]
        whole = run(*words, "--stage", "weights", "-o", "whole.json")
        with open("whole.json") as file:
            want = json.load(file)
        largest = max(1, np.nanmax(abs(numbers(want["output"]))))
        for name in cpus():
            done = run(*words, "--cpu", name, "-o", "alone.json", "-o", "alone.npy", "-o", "alone.csv")
            assert done.stderr == whole.stderr, (seed, done.stderr, whole.stderr)
            with open("alone.json") as file:
                got = json.load(file)
            close(f"seed {seed}, --cpu {name}", numbers(got["output"]), numbers(want["output"]), 2e-6 * largest)
            close(f"seed {seed}, NPY", np.load("alone.npy"), numbers(got["output"]), 0)
            assert set(got) == set(want) - {"weights", "stats", "mask"}, set(got)
            assert all(got[key] == want[key] for key in set(got) - {"output"}), seed
            said = run("form.json", "--stage", "output", "--cpu", name, "-v", "-o", "alone.csv").stderr.decode()
            engine = said.split("engine=")[1].split()[0]
            engines.add((name == "plain", "mask" in f or "window" in f, "fast" if engine == name != "plain" else engine))
    assert engines == {(True, False, "plain"), (True, True, "plain"), (False, True, "fast"), (False, False, "linear"),
                       (False, False, "fast")}, engines


def test_output_alone_of_a_stack():
    """Layers on layers, with projections, norms and gates behind the output; q and k beside it; chosen layers and queries."""
    rng = np.random.default_rng(1)
    layers = [{"w_q": floats(rng, (6, 8), 0.5), "w_k": floats(rng, (6, 4), 0.5), "w_v": floats(rng, (6, 4), 0.5),
               "w_o": floats(rng, (8, 6), 0.4)} for _ in range(3)]
    stack = {"embeddings": floats(rng, (30, 6), 1), "heads": 4, "kv_heads": 2, "layers": layers, "residual": True, "norm": "pre"}
    for form in ({"normalizer": "linear", "causal": True}, {"recurrence": "linear"}):
        for words in ([], ["--stage", "q", "--stage", "k"], ["--layer", "2,0"], ["--queries", "3:9"], ["--head", "1"]):
            alone = given({**stack, **form}, "--stage", "output", *words)
            beside = given({**stack, **form}, "--stage", "output", "--stage", "weights", *words)
            assert not {"weights", "stats"} & set(alone), set(alone)
            for stage in {"output", "q", "k"} & set(alone):
                close(f"{form} {words} {stage}", numbers(alone[stage]), numbers(beside[stage]), 1e-5)
            assert alone["pairs"] == beside["pairs"]


def test_weights_that_are_asked_for():
    """What is made of weights still has them: measures, means, words, pictures and other stages of pairs, and other forms."""
    p = {"q": np.eye(3), "k": np.eye(3), "v": np.eye(3)}
    linear = {**p, "normalizer": "linear"}
    for problem, words in ((linear, []), (linear, ["--stage", "q"]), (linear, ["--stage", "output", "--stage", "mask"]), (linear, ["--stage", "scores"]),
                           ({**p, "heads": 3}, ["--stage", "output"]), (linear, ["--stage", "output", "--average", "heads"]),
                           (linear, ["--stage", "output", "--measures", "heads.csv"]), ({**p, "normalizer": "sigmoid"}, ["--stage", "output"])):
        got = given(problem, *words)
        assert "weights" in got and "stats" in got, words
    with open("heads.csv") as file:
        assert "nan" not in file.read()


def test_output_alone_stays_small():
    """Of 40,000 tokens, whose weights would be 6 GB and whose masks 200 MB."""
    n = 40000
    rng = np.random.default_rng(1)
    for name in "qkv":
        write_csv(f"{name}.csv", floats(rng, (n, 8), 1).round(2))
    limit = 180 << 20
    for words in (["--normalizer", "linear", "--causal"], ["--recurrence", "linear"]):
        run("--q", "q.csv", "--k", "k.csv", "--v", "v.csv", *words, "--stage", "output", "-o", "x.npy", "-o", "x.json", "--format", "none",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)), timeout=60)
        with open("x.json") as file:
            assert json.load(file)["pairs"] == {"of": n * n, "allowed": [[n * (n + 1) // 2]]}


def test_sinusoidal():
    p = {"embeddings": np.zeros((3, 4)), "position": "sinusoidal"}
    want = [[np.sin(i), np.cos(i), np.sin(i / 100), np.cos(i / 100)] for i in range(3)]
    close("encoding", stage_of(p, "encoding"), [[want]], 1e-6)
    close("k", stage_of(p, "k")[0, 0], want, 1e-6)
    close("base", stage_of(p, "encoding", "--position-base", "100")[0, 0, 1, 2], np.sin(0.1), 1e-6)
    odd = stage_of({"embeddings": np.zeros((2, 3)), "position": "sinusoidal"}, "q")[0, 0, 1]
    close("odd width", odd, [np.sin(1), np.cos(1), np.sin(10000 ** (-2 / 3))], 1e-6)
    cross = {**p, "context": np.zeros((2, 4)), "causal": "end"}
    close("context", stage_of(cross, "k")[0, 0], want[:2], 1e-6)
    close("beside a context", stage_of(cross, "q")[0, 0], want, 1e-6)


def test_sinusoidal_under_causal():
    """bug: --causal=N moved the sinusoidal positions of a sequence, of its keys too"""
    p = {"embeddings": np.zeros((3, 2)), "position": "sinusoidal"}
    for causal in (1, -2, "end", True, False):
        for stage in ("q", "k", "encoding"):
            close(f"{causal} {stage}", stage_of({**p, "causal": causal}, stage)[0, 0], sinusoidal([0, 1, 2], 2, 10000), 1e-7)


def test_sinusoidal_of_a_stack():
    """bug: sinusoidal positions said in one layer of a stack were half applied, or not at all"""
    p = {"embeddings": np.zeros((3, 4)), "context": np.zeros((2, 4))}
    waves = sinusoidal([0, 1], 4, 10000)
    for layers in ([{"position": "sinusoidal"}, {}], [{"position": "sinusoidal"}, {"position": "sinusoidal"}]):
        k = numbers(given({**p, "layers": layers}, "--stage", "k")["k"])
        close("the context of both layers", k[:, 0], [waves, waves], 1e-6)
    assert given({**p, "layers": [{"position": "sinusoidal"}, {}]}) | {"config": 0} == given({**p, "layers": [{}, {}], "position": "sinusoidal"}) | {"config": 0}
    own = {"layers": [{"embeddings": np.zeros((2, 4))}, {"embeddings": np.zeros((2, 4)), "position": "sinusoidal"}]}
    close("a layer of its own", numbers(given(own, "--stage", "k")["k"])[:, 0], [np.zeros((2, 4)), waves], 1e-6)
    turned = given({**p, "layers": [{"position": "sinusoidal"}, {"position": "rotary", "rotary_dim": 2}]}, "--stage", "k")
    close("turned as well", numbers(turned["k"])[1, 0, :, 2:], waves[:, 2:], 1e-6)
    said = "layer 1: position sinusoidal is added once, before layer 0: expected it, with its position_base, there or outside of the layers"
    for layers in ([{}, {"position": "sinusoidal"}], [{"position": "sinusoidal"}, {"position": "sinusoidal", "position_base": 3}]):
        write_json("given.json", {**p, "layers": layers})
        done = subprocess.run([ATTN, "run", "given.json", "-o", "-"], capture_output=True)
        message = done.stderr.decode()
        assert done.returncode == 3 and message.startswith("attn: given.json:") and message.strip().endswith(said), message


def test_rotary():
    p = {"q": [[1, 0, 0, 2]] * 3, "k": [[1, 0, 0, 2]] * 3, "position_base": 100, "position": "rotary"}
    c, s = np.cos, np.sin
    close("halves", stage_of(p, "q")[0, 0], [[c(i), -2 * s(i / 10), s(i), 2 * c(i / 10)] for i in range(3)], 1e-6)
    close("encoding", stage_of(p, "encoding").reshape(3, 4), [[c(i), c(i / 10), s(i), s(i / 10)] for i in range(3)], 1e-6)
    beside = {**p, "position": "rotary-interleaved"}
    close("neighbours", stage_of(beside, "k")[0, 0], [[c(i), s(i), -2 * s(i / 10), 2 * c(i / 10)] for i in range(3)], 1e-6)
    part = {**p, "rotary_dim": 2}
    close("part", stage_of(part, "k")[0, 0], [[c(i), s(i), 0, 2] for i in range(3)], 1e-6)
    scores = stage_of(p, "scores", "--causal=5")[0, 0]
    close("by distance", scores, [[c(5 + i - j) + 4 * c((5 + i - j) / 10) for j in range(3)] for i in range(3)], 2e-6)


def test_alibi():
    p = {"q": np.zeros((3, 2)), "k": np.zeros((3, 2)), "heads": 2, "position": "alibi"}
    distance = np.array([[0, 1, 2], [1, 0, 1], [2, 1, 0]])
    close("slopes 1/16, 1/256", stage_of(p, "encoding")[0], [-distance / 16, -distance / 256], 1e-8)
    close("given", stage_of({**p, "slopes": [1, 0.5]}, "masked")[0], [-distance, -distance / 2], 1e-7)
    twelve = {"q": np.zeros((2, 12)), "k": np.zeros((2, 12)), "heads": 12, "position": "alibi"}
    close("12 heads", -stage_of(twelve, "encoding")[0, :, 1, 0], alibi_slopes(12), 1e-7)
    end = {"q": [[0]], "k": [[0]] * 3, "position": "alibi", "slopes": [1], "causal": "end"}
    close("at the end", stage_of(end, "masked"), [[[[-2, -1, 0]]]], 1e-7)


def test_relative():
    table = np.arange(8)[:, None] * [[1, 10]]
    p = {"q": np.zeros((9, 2)), "k": np.zeros((9, 2)), "heads": 2, "position": "relative", "relative_bias": table}
    # 4 buckets a side: 0, 1, then 2 from 2 to 15, 3 from 16 on; what comes after has 4 more.
    close("both ways", stage_of(p, "encoding")[0, 0, 4], [2, 2, 2, 1, 0, 5, 6, 6, 6], 1e-7)
    close("of head 1", stage_of(p, "masked")[0, 1, 0], [0, 50, 60, 60, 60, 60, 60, 60, 60], 1e-6)
    # Causal, 8 of them: 0 to 3, then 4 + floor(4 log(d/4)/log(8/4)) to 7.
    causal = stage_of({**p, "max_distance": 8}, "masked", "--causal")[0, 0, 8]
    close("causal", causal, [7, 7, 6, 5, 4, 3, 2, 1, 0], 1e-7)


def picture(problem, *words):
    """Who sees whom in head 0, a string a query; and that the weights and the counts say the same."""
    got = given(problem, "--stage", "mask", *words)
    mask = numbers(got["mask"])
    weights = numbers(got["weights"])
    assert np.array_equal(mask.astype(bool), weights > 0), "weights where the mask forbids, or none where it allows"
    assert got["pairs"] == {"of": mask[0, 0].size, "allowed": mask.sum(axis=(2, 3)).astype(int).tolist()}, got["pairs"]
    return ["".join(".#"[int(x)] for x in row) for row in mask[0, 0]]


def test_masks():
    """Each rule that forbids, as a picture."""
    def zeros(n, m):
        return {"q": np.zeros((n, 1)), "k": np.zeros((m, 1))}

    five, all_five = zeros(5, 5), ["#####"] * 5
    for settings, want in (
            ("", all_five),
            ("--causal --prefix 3", ["###..", "###..", "###..", "####.", "#####"]),
            ("--causal --prefix 2 --window 1,0", ["#....", "##...", ".##..", "..##.", "...##"]),
            ("--dilation 2", ["#.#.#", ".#.#.", "#.#.#", ".#.#.", "#.#.#"]),
            ("--causal --window 2,0 --dilation 2", ["#....", ".#...", "#.#..", ".#.#.", "..#.#"]),
            ("--block 2", ["##...", "##...", "..##.", "..##.", "....#"]),
            ("--block 2 --causal=1", ["##...", "..#..", "..##.", "....#", "....#"]),
            ("--block 2 --causal=-1 --prefix 2", [".....", "##...", "##...", "..#..", "..##."]),
            ("--window 0 --global 0", ["#####", "##...", "#.#..", "#..#.", "#...#"]),
            ("--window 0 --global 1,3", ["##.#.", "#####", ".###.", "#####", ".#.##"]),
            ("--window 0 --global 1,3 --causal", ["#....", "##...", ".##..", "####.", ".#.##"]),
            ("--window 0 --global 3 --causal=2", ["..#..", "####.", "...##", "...#.", "...#."]),
            ("--dilation 3 --global 2 --key-length 4", ["#.##", ".##.", "####", "#.##", ".##."]),
            ("--block 3 --window 1,1", ["##...", "###..", ".##..", "...##", "...##"]),
            ("--key-length 2", ["##..."] * 5)):
        want = [row.ljust(5, ".") for row in want]
        got = picture(five, *settings.split())
        assert got == want, f"{settings or 'nothing said'}: {got}"
    for more, want in (
            ({"block": 2, "block_mask": [[0, 1, 0], [1, 1, 0], [0, 0, 1]]}, ["..##.", "..##.", "####.", "####.", "....#"]),
            ({"block": 2, "block_mask": [[0, 1, 0], [1, 1, 0], [0, 0, 1]], "global": [1]},
             [".###.", "#####", "####.", "####.", ".#..#"]),
            ({"segments": [7, 7, 0, 0, 7]}, ["##..#", "##..#", "..##.", "..##.", "##..#"]),
            ({"segments": [7, 7, 0, 0, 7], "key_segments": [0, 7, 7, 7, 7]}, [".####", ".####", "#....", "#....", ".####"]),
            ({"segments": [1, 1, 2, 2, 2], "global": [0], "window": 1}, ["##...", "##...", "..##.", "..###", "...##"]),
            ({"key_mask": [1, 0, 1, 0, 1]}, ["#.#.#"] * 5),
            ({"key_mask": [1, 0, 1, 0, 1], "mask_true_blocks": True}, [".#.#."] * 5),
            ({"tokens": ["a", ".", "b", "c", "."], "separator": "."}, ["##...", "##...", "..###", "..###", "..###"]),
            ({"tokens": [".", ".", "b", ".", "."], "separator": "."}, ["#....", ".#...", "..##.", "..##.", "....#"]),
            ({"tokens": ["a", "b", "c", "d", "e"], "separator": "."}, all_five)):
        got = picture({**five, **more})
        assert got == want, f"{more}: {got}"
    wide = zeros(2, 5)
    for more, want in (
            ({"causal": "end", "block": 2}, ["..##.", "....#"]),
            ({"causal": "end", "window": [1, 0], "prefix": 1, "global": [0]}, ["#.##.", "#..##"]),
            ({"block": 2, "block_mask": [[0, 1, 1]]}, ["..###"] * 2),
            ({"segments": [1, 2], "key_segments": [1, 1, 2, 2, 3]}, ["##...", "..##."]),
            ({"causal": "end", "dilation": 2}, [".#.#.", "#.#.#"])):
        got = picture({**wide, **more})
        assert got == want, f"2×5, {more}: {got}"
    heads = given({"q": np.zeros((2, 2)), "k": np.zeros((2, 2)), "heads": 2, "block": 1, "block_mask": [[[1, 0], [1, 1]], [[1, 1], [0, 1]]]},
                  "--draw-mask")
    assert numbers(heads["mask"]).tolist() == [[[[1, 0], [1, 1]], [[1, 1], [0, 1]]]] and heads["pairs"]["allowed"] == [[3, 3]]


def test_residual_and_norm():
    x = np.array([[1.0, 3], [2, 2]])
    one, eps = 1 / np.sqrt(1 + 1e-5), 1e-5
    p = {"embeddings": x, "mask": [[1, 0], [0, 1]]}
    close("residual", numbers(given({**p, "residual": True})["output"])[0], 2 * x, 1e-6)
    close("pre", stage_of({**p, "norm": "pre"}, "v")[0, 0], [[-one, one], [0, 0]], 1e-6)
    close("pre and residual", numbers(given({**p, "norm": "pre", "residual": True})["output"])[0], [[1 - one, 3 + one], [2, 2]], 1e-6)
    two = 2 / np.sqrt(4 + eps)
    post = given({**p, "norm": "post", "residual": True, "norm_weight": [1, 10], "norm_bias": [0.5, 0]})
    close("post", numbers(post["output"])[0], [[-two + 0.5, 10 * two], [0.5, 0]], 1e-5)
    cross = {"embeddings": x, "context": x, "norm": "pre"}
    close("context is left alone", stage_of(cross, "k")[0, 0], x, 1e-7)
    stack = {**p, "residual": True, "layers": [{}, {}, {"residual": False}]}
    close("stack", numbers(given(stack)["output"]), [2 * x, 4 * x, 4 * x], 1e-5)
    encoded = numbers(given({**p, "position": "sinusoidal", "residual": True})["output"])[0]
    close("encoding once, in the sum twice", encoded, 2 * (x + [[0, 1], [np.sin(1), np.cos(1)]]), 1e-6)


def main(words):
    if words[0] == "case":
        check(*random_form(int(words[1])), cpus(), "case")
    elif words[0] == "random":
        random_cases(int(words[1]), int(words[2]))
    else:
        globals()["test_" + words[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])
