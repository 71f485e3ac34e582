"""
The forms of attention together: what must hold of dropout, the same thing said in two ways, numbers that must not matter,
threads, and what may not be combined. A test is named on the command line. Files go to the current folder.
"""
import json
import re
import subprocess
import sys

import numpy as np

from check_forms import cpus, given, random_form, weights_of
from forms import alibi_slopes, attend_forms, rotate
from oracle import ATTN, arguments, close, floats, numbers, run, write_csv, write_json

# ---- dropout ----


def qkv(number, heads, n, m, d=4, d_v=3, **more):
    rng = np.random.default_rng(number)
    return {"q": floats(rng, (heads, n, d), 1), "k": floats(rng, (heads, m, d), 1), "v": floats(rng, (heads, m, d_v), 1), **more}


def raw(problem, *words):
    write_json("raw.json", problem)
    return run("raw.json", "-q", *words, "-o", "-").stdout


def dropped(problem, rate, *words):
    """Which weights are 0 that would not be; the others are 1/(1 - rate) times what they would be, and the output is of them."""
    bare = numbers(given({name: problem[name] for name in problem if name not in ("dropout", "seed")})["weights"])
    got = given(problem, *words)
    weights = numbers(got["weights"])
    gone = (weights == 0) & (bare != 0)
    close("what is left", weights, np.where(gone, 0, bare / (1 - rate)), 4e-7 / (1 - rate))
    if "layers" not in problem:
        want = (weights[0].astype(float) @ problem["v"]).transpose(1, 0, 2).reshape(weights.shape[2], -1)
        close("output", numbers(got["output"])[0], want, 4e-6 / (1 - rate))
    return gone


def near_share(what, hits, count, share):
    assert abs(hits - count * share) <= 5 * np.sqrt(count * share * (1 - share)), f"{what}: {hits} of {count}, not {share:.3g}"


def test_dropout():
    """The share that is dropped, in all places alike, and of each place on its own."""
    for rate in (0.1, 0.5, 0.9):
        p = qkv(1, 3, 60, 70, dropout=rate, seed=7)
        gone = dropped(p, rate)[0]
        near_share("all", gone.sum(), gone.size, rate)
        for axis in (1, 2):
            for part in np.moveaxis(gone, axis, 0):
                near_share(f"one of axis {axis}", part.sum(), part.size, rate)
        both = rate * rate + (1 - rate) * (1 - rate)
        for what, a, b in (("heads", gone[0], gone[1]), ("rows", gone[:, 1:], gone[:, :-1]), ("columns", gone[..., 1:], gone[..., :-1]),
                           ("transposed", gone[0, :60, :60][np.tri(60, k=-1) > 0], gone[0, :60, :60].T[np.tri(60, k=-1) > 0])):
            near_share(what, (a == b).sum(), a.size, both)
    other = dropped({**p, "seed": 8}, 0.9)[0]
    near_share("seeds", (other == gone).sum(), gone.size, both)
    layer = qkv(1, 2, 40, 50)
    layers = dropped({"layers": [layer, layer, layer], "dropout": 0.5}, 0.5)
    for a, b in ((0, 1), (1, 2)):
        near_share("layers", (layers[a] == layers[b]).sum(), layers[a].size, 0.5)


def test_dropout_seed():
    """The same seed, the same bytes, for any threads and sizes; another seed, others; 0 is the default."""
    p = qkv(2, 2, 33, 65, dropout=0.4, causal="end")
    for name in cpus():
        words = ("--cpu", name)
        same = {raw({**p, "seed": 5}, *words, "--threads", t) for t in "1273"}
        assert len(same) == 1, f"{name}: threads change the bytes"
        assert raw({**p, "seed": 6}, *words) not in same
        assert raw(p, *words) == raw(p, *words), "two runs differ"
        zero = json.loads(raw({**p, "seed": 0}, *words))
        assert json.loads(raw(p, *words))["weights"] == zero["weights"] and "0" == str(zero["config"].get("seed", 0))
    gone = dropped({**p, "seed": 5}, 0.4)
    assert np.array_equal(gone, dropped({**p, "seed": 5, "scale": 0.1}, 0.4)), "the numbers decide, and not only the place"
    wide = qkv(2, 2, 20, 40, dropout=0.4, seed=5)
    few = dropped({**wide, "q": wide["q"][:, :10], "k": wide["k"][:, :30], "v": wide["v"][:, :30]}, 0.4)
    assert np.array_equal(dropped(wide, 0.4)[..., :10, :30], few), "a place's lot depends on the size"
    assert not dropped({**p, "dropout": 0}, 0).any()
    a, b = (weights_of({**wide, "seed": seed}) for seed in (1, 2**31 - 1))
    assert not np.array_equal(a, b)


def test_dropout_forms():
    """Of sparsemax, linear attention and with a sink, after everything that makes weights."""
    for more in ({"normalizer": "sparsemax"}, {"normalizer": "linear"}, {"sink": 1}, {"sinks": [0, 2]}, {"causal": True, "window": 3}):
        p = qkv(3, 2, 30, 30, dropout=0.3, seed=11, **more)
        gone = dropped(p, 0.3)
        allowed = numbers(given({name: p[name] for name in p if name not in ("dropout", "seed")})["weights"]) != 0
        near_share(str(more), gone.sum(), allowed.sum(), 0.3)


# ---- the same in two ways ----


def equal(what, a, b, tolerance=2e-6):
    got, want = given(a), given(b)
    for stage in ("weights", "output"):
        if stage in want:
            close(f"{what}: {stage}", numbers(got[stage]), numbers(want[stage]), tolerance * (1 + abs(numbers(want[stage])).max()))


def test_two_ways():
    p = qkv(4, 4, 12, 12)
    n = m = 12
    distance = abs(np.arange(n)[:, None] - np.arange(m))
    equal("temperature is scale", {**p, "temperature": 2}, {**p, "scale": 0.25})
    equal("alibi is a bias", {**p, "position": "alibi"}, {**p, "bias": -alibi_slopes(4)[:, None, None] * distance})
    equal("a prefix of all", {**p, "causal": True, "prefix": m}, p)
    equal("dilation 1", {**p, "dilation": 1, "causal": True}, {**p, "causal": True})
    equal("one block", {**p, "block": 99}, p)
    equal("a window all global", {**p, "window": 0, "global": list(range(n))}, p)
    equal("blocks are segments", {**p, "block": 5}, {**p, "segments": [0] * 5 + [1] * 5 + [2] * 2})
    equal("separators are segments", {**p, "separator": "/", "tokens": list("ab/cd//efg/h")},
          {**p, "segments": [0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 3, 4]})
    equal("key_length is key_mask", {**p, "key_length": 7}, {**p, "key_mask": [1] * 7 + [0] * 5})
    equal("key_mask is a mask", {**p, "key_mask": [1] * 7 + [0] * 5}, {**p, "mask": [[1] * 7 + [0] * 5] * 12})
    equal("sink is sinks", {**p, "sink": 0.5}, {**p, "sinks": [0.5] * 4})
    equal("none of them", {**p, "position": "none", "norm": "none", "score": "scaled", "normalizer": "softmax"}, p)
    equal("general with the identity", {**p, "score": "general", "w_score": np.eye(4)}, {**p, "score": "dot"})
    turned = {t: rotate(p[t].astype(float), np.arange(n), 4, 10000, True) for t in "qk"}
    equal("rotary beforehand", {**p, "position": "rotary-interleaved"}, {**p, **turned})
    # Linear attention without its denominator; both normalised they agree.
    linear = attend_forms({**p, "normalizer": "linear", "causal": True})[0]
    feature = {t: np.where(p[t] > 0, p[t] + 1.0, np.exp(np.minimum(p[t], 0))) for t in "qk"}
    bare = weights_of({**p, **feature, "recurrence": "linear", "scale": 1})[0].astype(float)
    close("recurrence over its sum", bare / bare.sum(axis=-1, keepdims=True), linear["weights"], 2e-6)
    # A state carried over is the same as one long run.
    rng = np.random.default_rng(1)
    gated = {"recurrence": "gated_delta", "decay": -abs(floats(rng, (12, 16), 0.3)), "beta": rng.uniform(0, 1, (12, 4))}
    long = numbers(given({**p, **gated})["output"])[0]
    keys, values = p["k"].astype(float), p["v"].astype(float)
    state = np.zeros((4, 4, 3))
    for h in range(4):
        for t in range(7):
            state[h] *= np.exp(gated["decay"][t, 4 * h:4 * h + 4])[:, None]
            state[h] += gated["beta"][t, h] * np.outer(keys[h, t], values[h, t] - keys[h, t] @ state[h])
    later = {t: p[t][:, 7:] for t in "qkv"} | {"decay": gated["decay"][7:], "beta": gated["beta"][7:]}
    close("state", numbers(given({**gated, **later, "state": state})["output"])[0], long[7:], 4e-6 * (1 + abs(long).max()))


def test_settings_in_layers():
    """Settings in a layer, for all layers, and on the command line; the nearer wins, the command line above all."""
    p = qkv(5, 2, 6, 6)
    forms = [{"score": "cosine", "temperature": 0.3}, {"normalizer": "sparsemax", "causal": True, "prefix": 2}, {"normalizer": "linear"},
             {"position": "alibi", "sink": 1}, {"recurrence": "linear"}, {"window": 1, "global": [0]}, {}]
    together = weights_of({"layers": [{**p, **form} for form in forms]})
    for l, form in enumerate(forms):
        close(str(form), together[l], weights_of({**p, **form})[0], 0)
        close(f"{form} on the command line", together[l], weights_of(p, *arguments(form))[0], 0)
    mixed = {"temperature": 3, "layers": [p, {**p, "temperature": 0.5}]}
    close("the layer's", weights_of(mixed), np.concatenate([weights_of({**p, "temperature": t}) for t in (3, 0.5)]), 0)
    close("the command line's", weights_of(mixed, "--temperature", "2"), np.concatenate([weights_of({**p, "temperature": 2})] * 2), 0)


# ---- numbers that must not matter ----


def test_forbidden_nan():
    """NaN and infinity in keys and values that nobody may see change nothing, in any form."""
    for more in ({}, {"score": "cosine"}, {"score": "dot", "softcap": 2}, {"score": "additive", "v_score": [1, 2, 3, 4]},
                 {"score": "general", "w_score": np.eye(4)}, {"normalizer": "sparsemax"}, {"normalizer": "linear"}, {"sink": 1},
                 {"position": "rotary"}, {"position": "alibi"}, {"dropout": 0.5, "seed": 1}):
        for hidden in ({"key_length": 6}, {"key_mask": [1] * 6 + [0] * 3}, {"segments": [0] * 7, "key_segments": [0] * 6 + [1] * 3}):
            p = qkv(6, 2, 7, 9, **more, **hidden)
            clean = given(p)
            for bad in (np.nan, np.inf):
                p["k"][:, 6:, 1] = p["v"][0, 7:] = bad
                got = given(p)
                assert got["weights"] == clean["weights"] and got["output"] == clean["output"], f"{more} {hidden} {bad}"


def test_threads():
    """The same bytes for any number of threads, in every form."""
    for seed in range(30):
        problem, over = random_form(seed)
        write_json("threads.json", problem)
        words = ["threads.json", *arguments(over), "-q", "--stage", "output", "--stage", "mask", "-o", "-"]
        assert len({run(*words, "--threads", t).stdout for t in "123"}) == 1, f"seed {seed}"


def test_streaming():
    """Where the weights are not held, the output is the same."""
    for more in ({"score": "cosine", "temperature": 0.2}, {"normalizer": "sparsemax"}, {"normalizer": "linear"}, {"sinks": [0, 1]},
                 {"position": "alibi", "causal": True, "prefix": 9}, {"position": "rotary"}, {"window": [5, 0], "global": [0, 3]},
                 {"block": 8, "dilation": 2}, {"recurrence": "linear"}, {"dropout": 0.3, "seed": 4}, {"segments": np.arange(70) // 20}):
        p = qkv(7, 2, 70, 70, **more)
        held, streamed = given(p), given(p, "--max-weights", "500")
        want = numbers(held["output"])
        close(str(more), numbers(streamed["output"]), want, 2e-6 * (1 + abs(want).max()))
        assert streamed["pairs"] == held["pairs"], str(more)


def test_signed_weights():
    """bug: cells, heaviest keys and measures of weights below 0 were those of the zeros at forbidden places"""
    rng = np.random.default_rng(12)
    n = 61
    p = {t: floats(rng, (2, n, 3), 1) for t in "qkv"} | {"recurrence": "linear"}
    p["q"][0] = -abs(p["q"][0])
    p["k"][0] = abs(p["k"][0])  # head 0 is below 0 throughout
    weights, seen = weights_of(p)[0], np.tri(n, dtype=bool)
    for how in ("max", "mean"):
        got = given(p, "--max-weights", "200", "--pool", how)
        step = got["pooled"]["queries_per_cell"], got["pooled"]["keys_per_cell"]
        cells = numbers(got["pooled"]["weights"])[0]
        for h, a, b in np.ndindex(cells.shape):
            part = np.s_[a * step[0]:(a + 1) * step[0], b * step[1]:(b + 1) * step[1]]
            w, open_ = weights[h][part], seen[part]
            want = w.mean() if how == "mean" else w[open_].max() if open_.any() else 0
            assert abs(cells[h, a, b] - want) < 2e-6, f"{how} {h} {a} {b}: {cells[h, a, b]}, not {want}"
    for h, i in np.ndindex(2, n):
        order = sorted(range(i + 1), key=lambda j: (-weights[h, i, j], j))[:8]
        assert got["top_keys"][0][h][i] == order + [None] * (8 - len(order)), (h, i)
        close("top weights", np.array(got["top_weights"][0][h][i], dtype=np.float32), np.append(weights[h, i, order], np.zeros(8 - len(order))), 0)
    for words in ([], ["--max-weights", "200"], ["--average", "heads"]):
        for h, one in enumerate(given(p, *words)["stats"][0]):
            w = weights.mean(axis=0, dtype=float).astype(np.float32) if "--average" in words else weights[h]
            assert one["entropy"] is None and one["mean_distance"] is None, one
            assert np.float32(one["max_weight"]) == np.where(seen, w, -np.inf).max(), one
            assert tuple(one["max_at"]) == np.unravel_index(np.where(seen, w, -np.inf).argmax(), w.shape), one
            assert abs(one["first_token"] - w[:, 0].mean(dtype=float)) < 1e-6, one
    table = run("given.json", "-o", "x.npy", "--format", "table").stdout.decode().splitlines()
    assert table[-1].split()[2:4] == ["-", "-"], table[-1]


def test_files():
    """Each tensor from a CSV of its own, as from JSON."""
    rng = np.random.default_rng(8)
    n, d = 6, 4
    pair = {"q": floats(rng, (n, 2 * d), 1), "k": floats(rng, (n, 2 * d), 1), "v": floats(rng, (n, 2 * d), 1)}
    same = {"embeddings": floats(rng, (n, d), 1)}
    for tensors, settings in (
            ({**pair, "w_score": floats(rng, (d, d), 1)}, {"score": "general"}),
            ({**pair, "w_score_q": floats(rng, (d, 3), 1), "w_score_k": floats(rng, (d, 3), 1), "v_score": floats(rng, 3, 1)}, {"score": "additive"}),
            ({**pair, "slopes": floats(rng, 2, 1), "sinks": floats(rng, 2, 1)}, {"position": "alibi"}),
            ({**pair, "relative_bias": floats(rng, (8, 2), 1)}, {"position": "relative", "max_distance": 9}),
            ({**pair, "block_mask": rng.random((3, 3)) < 0.6, "key_mask": rng.random(n) < 0.8}, {"block": 2, "global": [1, 4]}),
            ({**pair, "segments": np.arange(n) // 2, "key_segments": np.arange(n) // 3}, {"window": [3, -1]}),
            ({**pair, "decay": -floats(rng, (n, 2), 1) ** 2, "beta": abs(floats(rng, (n, 2), 0.3))}, {"recurrence": "gated_delta"}),
            ({**same, "norm_weight": floats(rng, d, 1), "norm_bias": floats(rng, d, 1)}, {"norm": "post", "residual": True})):
        settings = settings if "embeddings" in tensors else {**settings, "heads": 2}
        words = []
        for name, t in tensors.items():
            write_csv(name + ".csv", t)
            words += ["--" + name.replace("_", "-"), name + ".csv"]
        got, want = json.loads(run(*words, *arguments(settings), "-q", "-o", "-").stdout), given({**tensors, **settings})
        assert got["weights"] == want["weights"] and got["output"] == want["output"], str(settings)


# ---- what may not be combined ----

PAIR = {"q": [[1, 0], [0, 1]], "k": [[1, 0], [0, 1]], "v": [[1, 0], [0, 1]]}
SAME = {"embeddings": [[1, 0], [0, 1]]}
TWO = [[1, 0], [0, 1]]

# The input, what is wrong with it, and two names that the message must have.
WRONG = [
    (PAIR, {"prefix": 1}, "prefix", "causal"),
    (PAIR, {"prefix": 1, "window": 1}, "prefix", "causal"),
    (PAIR, {"seed": 1}, "seed", "dropout"),
    (PAIR, {"rotary_dim": 2}, "rotary_dim", "rotary"),
    (PAIR, {"rotary_dim": 2, "position": "alibi"}, "rotary_dim", "rotary"),
    (PAIR, {"position_base": 2}, "position_base", "position"),
    (PAIR, {"position_base": 2, "position": "alibi"}, "position_base", "position"),
    (PAIR, {"max_distance": 9}, "max_distance", "relative"),
    (PAIR, {"positions": [0, 1]}, "positions", "sinusoidal", "rotary", "alibi", "relative"),
    (PAIR, {"key_positions": [0, 1], "position": "rotary"}, "key_positions", "positions"),
    (PAIR, {"position_sections": "1"}, "position_sections", "rotary"),
    (PAIR, {"position_sections": "1", "position": "alibi"}, "position_sections", "rotary"),
    (PAIR, {"rope_scaling": "linear:factor=2"}, "rope_scaling", "rotary"),
    (PAIR, {"rope_scaling": "linear:factor=2", "position": "relative", "relative_bias": [[1], [1], [1], [1]]}, "rope_scaling", "rotary"),
    (PAIR, {"rope_scaling": "linear:factor=2", "position": "rotary", "inv_freq": [1]}, "rope_scaling", "inv_freq"),
    (PAIR, {"rope_scaling": "linear:factor=2", "position": "rotary", "attention_factor": 2}, "rope_scaling", "attention_factor"),
    (PAIR, {"position_base": 9, "position": "rotary", "inv_freq": [1]}, "position_base", "inv_freq"),
    (PAIR, {"inv_freq": [1]}, "inv_freq", "rotary"),
    (PAIR, {"attention_factor": 2}, "attention_factor", "rotary"),
    (PAIR, {"past_rotated": True, "position": "rotary"}, "past_rotated", "past_k"),
    (PAIR, {"past_rotated": True, "past_k": [[0, 0]], "past_v": [[0, 0]]}, "past_rotated", "rotary"),
    (PAIR, {"max_distance": 9, "position": "rotary"}, "max_distance", "relative"),
    (PAIR, {"relative_bias": [[1], [1], [1], [1]]}, "relative_bias", "relative"),
    (PAIR, {"slopes": [1]}, "slopes", "alibi"),
    (PAIR, {"slopes": [1], "position": "rotary"}, "slopes", "alibi"),
    (PAIR, {"normalizer": "linear", "score": "cosine"}, "normalizer", "score"),
    (PAIR, {"normalizer": "linear", "scale": 2}, "normalizer", "scale"),
    (PAIR, {"normalizer": "linear", "temperature": 2}, "normalizer", "temperature"),
    (PAIR, {"normalizer": "linear", "softcap": 2}, "normalizer", "softcap"),
    (PAIR, {"normalizer": "linear", "bias": TWO}, "normalizer", "bias"),
    (PAIR, {"normalizer": "linear", "sink": 1}, "normalizer", "sink"),
    (PAIR, {"normalizer": "linear", "sinks": [1]}, "normalizer", "sinks"),
    (PAIR, {"normalizer": "linear", "position": "alibi"}, "normalizer", "position"),
    (PAIR, {"normalizer": "linear", "position": "relative", "relative_bias": [[1], [1], [1], [1]]}, "normalizer", "position"),
    (PAIR, {"normalizer": "sparsemax", "sink": 1}, "sparsemax", "sink"),
    (PAIR, {"normalizer": "sparsemax", "sinks": [1]}, "sparsemax", "sinks"),
    (PAIR, {"recurrence": "linear", "normalizer": "sparsemax"}, "recurrence", "normalizer"),
    (PAIR, {"recurrence": "linear", "score": "cosine"}, "recurrence", "score"),
    (PAIR, {"recurrence": "linear", "softcap": 2}, "recurrence", "softcap"),
    (PAIR, {"recurrence": "linear", "mask": TWO}, "recurrence", "mask"),
    (PAIR, {"recurrence": "linear", "bias": TWO}, "recurrence", "bias"),
    (PAIR, {"recurrence": "linear", "causal": True}, "recurrence", "causal"),
    (PAIR, {"recurrence": "linear", "window": 1}, "recurrence", "window"),
    (PAIR, {"recurrence": "linear", "sink": 1}, "recurrence", "sink"),
    (PAIR, {"recurrence": "linear", "position": "alibi"}, "recurrence", "position"),
    (PAIR, {"block_mask": [[1]]}, "block_mask", "block"),
    (PAIR, {"w_score": TWO}, "w_score", "general"),
    (PAIR, {"w_score": TWO, "score": "additive", "v_score": [1, 1]}, "w_score", "general"),
    (SAME, {"norm_weight": [1, 1]}, "norm_weight", "norm"),
    ({**SAME, "w_v": [[1], [1]]}, {"residual": True}, "residual", "d_model"),
    (PAIR, {"position": "sinusoidal"}, "sinusoidal", "embeddings"),
    (PAIR, {"separator": "."}, "separator", "tokens"),
    (PAIR, {"mask_true_blocks": True}, "mask_true_blocks", "mask", "key_mask"),
    (PAIR, {"position_base": 3}, "position_base", "sinusoidal", "rotary"),
    ({**PAIR, "tokens": ["a", "b"]}, {"separator": "b", "past_k": [[0, 0]], "past_v": [[0, 0]]}, "separator", "key_tokens"),
    (PAIR, {"past_k": [[0, 0]]}, "past_k", "past_v"),
    (PAIR, {"past_k": [[0, 0]], "past_v": [[0, 0]], "key_length": 1}, "key_length", "past_k"),
    ({"q": [[1, 0, 0]], "k": [[1, 0, 0]]}, {"position": "rotary", "rotary_dim": 1}, "rotary_dim", "even"),
    (PAIR, {"position": "rotary", "rotary_dim": 4}, "rotary_dim", "d_k"),
    # What follows from the same: a tensor without its setting, a setting without its tensor.
    (PAIR, {"w_score_q": TWO}, "w_score_q", "additive"),
    (PAIR, {"v_score": [1, 1], "score": "cosine"}, "v_score", "additive"),
    (PAIR, {"score": "general"}, "general", "w_score"),
    (PAIR, {"score": "additive"}, "additive", "v_score"),
    (PAIR, {"position": "relative"}, "relative", "relative_bias"),
    (PAIR, {"decay": [[0], [0]]}, "decay", "recurrence"),
    (PAIR, {"state": [TWO]}, "state", "recurrence"),
    (PAIR, {"beta": [[1], [1]], "recurrence": "gated", "decay": [[0], [0]]}, "beta", "recurrence"),
    (PAIR, {"recurrence": "gated"}, "recurrence", "decay"),
    (PAIR, {"recurrence": "gated_delta", "decay": [[0], [0]]}, "recurrence", "beta"),
    (SAME, {"norm_bias": [1, 1]}, "norm_bias", "norm"),
    (PAIR, {"residual": True}, "residual", "embeddings"),
    (PAIR, {"norm": "pre"}, "norm", "embeddings"),
    ({"q": [[1]], "k": [[1], [1]], "v": [[1], [1]]}, {"recurrence": "linear"}, "recurrence", "keys"),
    ({"q": [[1]], "k": [[1], [1]]}, {"segments": [1]}, "segments", "key_segments"),
]

# Values that are none: the setting, what it is, and the name that the message must have.
VALUES = [
    ("temperature", 0), ("temperature", -1), ("dropout", 1), ("dropout", -0.5), ("seed", -1), ("seed", 0.5), ("score", "cos"),
    ("normalizer", "max"), ("recurrence", "delta_gated"), ("position", "rope"), ("position_base", 0), ("max_distance", 0),
    ("attention_factor", 0), ("position_sections", [0]), ("rope_scaling", "linear:factor=0"), ("rope_scaling", "ntk"),
    ("prefix", -1), ("dilation", 0), ("block", 0), ("global", [-1]), ("global", [99]), ("key_length", -1), ("norm", "batch"),
]


def test_large_scores():
    """bug: sparsemax gave scores of 1e17 as weights"""
    for score in (1e17, 1e30, -1e30):
        got = given({"q": [[score]], "k": [[1], [0.5], [1]], "v": [[1], [2], [3]], "normalizer": "sparsemax", "scale": 1})
        assert got["weights"] == [[[[0.5, 0, 0.5] if score > 0 else [0, 1, 0]]]], got["weights"]


def test_past_positions():
    """bug: a context behind past keys was encoded as if it stood at the begin"""
    p = {"embeddings": [[0, 0]], "context": [[0, 0]], "past_k": [[0, 0], [0, 0]], "past_v": [[0, 0], [0, 0]], "position": "sinusoidal"}
    got = given(p, "--stage", "k", "--stage", "q")
    close("q behind two", got["q"][0][0][0], [np.sin(2), np.cos(2)], 1e-7)
    close("k behind two", got["k"][0][0][2], [np.sin(2), np.cos(2)], 1e-7)


def test_past_is_concatenation():
    """past_k and past_v, with everything, are k and v with more rows in front and queries that stand behind them."""
    whole = qkv(9, 2, 9, 9, d=4)
    part = {"q": whole["q"][:, 5:], "k": whole["k"][:, 5:], "v": whole["v"][:, 5:], "past_k": whole["k"][:, :5], "past_v": whole["v"][:, :5]}
    for more in ({}, {"causal": True}, {"window": [2, 1]}, {"position": "rotary"}, {"position": "alibi", "causal": True}, {"dilation": 2},
                 {"block": 4}, {"position": "relative", "relative_bias": np.arange(16).reshape(8, 2)}, {"score": "cosine"}):
        got, want = numbers(given({**part, **more})["weights"]), numbers(given({**whole, **more})["weights"])
        close(str(more), got, want[:, :, 5:], 2e-6)
        flat = {name: np.concatenate(list(t), axis=1) for name, t in part.items()}
        close(f"columns {more}", numbers(given({**flat, **more, "heads": 2})["weights"]), got, 0)


def test_at_rest():
    """What a file has is at rest where the command line takes away what it needs."""
    def same(problem, words, bare):
        write_json("rest.json", problem)
        got = json.loads(run("rest.json", *words, "-q", "-o", "-").stdout)
        want = given(bare)
        assert got["weights"] == want["weights"] and got["output"] == want["output"], words

    base = qkv(3, 2, 6, 6)
    beta = np.full((6, 2), 0.5)
    for more, words, instead in (
            ({"position": "rotary", "position_base": 10, "rotary_dim": 2}, ["--position", "none"], {}),
            ({"position": "alibi", "slopes": [3, 4]}, ["--position", "none"], {}),
            ({"position": "rotary", "positions": np.arange(6) / 2, "rope_scaling": {"type": "linear", "factor": 2}}, ["--position", "none"], {}),
            ({"score": "additive", "v_score": [1, 2, 3, 4]}, ["--score", "dot"], {"score": "dot"}),
            ({"score": "general", "w_score": np.eye(4) * 2}, ["--score", "scaled"], {}),
            ({"recurrence": "delta", "beta": beta}, ["--recurrence", "linear"], {"recurrence": "linear"}),
            ({"recurrence": "delta", "beta": beta, "state": np.ones((2, 4, 3))}, ["--recurrence", "none"], {}),
            ({"dropout": 0.5, "seed": 3}, ["--dropout", "0"], {}), ({"causal": True, "prefix": 3}, ["--causal=no"], {})):
        same({**base, **more}, words, {**base, **instead})


def test_all_at_rest():
    """bug: --seed 1 --dropout 0 was refused: what is at rest is there"""
    base = qkv(3, 2, 6, 6)
    for settings in ({"dropout": 0, "seed": 1}, {"causal": "no", "prefix": 2}, {"position": "none", "rotary_dim": 2},
                     {"position": "none", "position_base": 10}, {"position": "none", "max_distance": 9}, {"score": "scaled", "w_score": np.eye(4)},
                     {"position": "none", "slopes": [1, 2]}, {"recurrence": "none", "state": np.ones((2, 4, 3))}):
        want = given(base)
        assert given({**base, **settings})["weights"] == want["weights"], settings
        assert "mask" not in given({**base, **settings}), settings
        if all(isinstance(value, (int, str)) for value in settings.values()):
            assert given(base, *arguments(settings))["weights"] == want["weights"], settings


def says(what, words, status, *names):
    done = subprocess.run([ATTN, "run", *words, "-o", "-"], capture_output=True, text=True)
    line = [x for x in done.stderr.splitlines() if not x.startswith("attn: warning: ")]
    problem = f"{what}: status {done.returncode}, not {status}, and {done.stderr!r}"
    assert done.returncode == status and len(line) == 1 and line[0].startswith("attn: ") and done.stdout == "", problem
    for name in names:
        assert re.search(rf"\b{name}\b", line[0].replace("--", "").replace("-", "_")), f"{what}: the message does not name {name}: {line[0]}"


def all_wrong(cases):
    failed = []
    for case in cases:
        try:
            says(*case)
        except AssertionError as problem:
            failed.append(case)
            print(problem)
    assert not failed, f"{len(failed)} of {len(cases)} are not refused as they should be"


def test_wrong_in_a_file():
    cases = []
    for i, (base, wrong, *names) in enumerate(WRONG):
        write_json(f"wrong{i}.json", {**base, **wrong})
        cases.append((str(wrong), [f"wrong{i}.json"], 3, *names))
    for i, (name, value) in enumerate(VALUES):
        write_json(f"value{i}.json", {**PAIR, name: value})
        cases.append((f"{name} {value}", [f"value{i}.json"], 3, name))
    all_wrong(cases)


def test_wrong_on_the_command_line():
    """All settings and tensors on the command line, beside a file with q, k and v or embeddings."""
    cases = []
    for i, (base, wrong, *names) in enumerate(WRONG):
        if any(np.ndim(value) > 2 for value in wrong.values()):
            continue  # CSV has no third axis
        write_json(f"base{i}.json", base)
        words = [f"base{i}.json"]
        for name, value in wrong.items():
            if isinstance(value, list):
                write_csv(f"wrong{i}.{name}.csv", np.array(value, dtype=float))
                words += ["--" + name.replace("_", "-"), f"wrong{i}.{name}.csv"]
            else:
                words += arguments({name: value})
        shape = "key_segments" in names  # what does not fit is a tensor, and where it came from does not matter
        cases.append((" ".join(words[1:]), words, 3 if shape else 2, *names))
    write_json("pair.json", PAIR)
    for name, value in VALUES:
        words = ["pair.json", f"--{name.replace('_', '-')}={value[0] if isinstance(value, list) else value}"]
        cases.append((words[1], words, 2, name))
    all_wrong(cases)


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
