"""
Attention in NumPy with double precision, written from what the manual promises and sharing nothing with the C code, and
what the tests in Python share: running the program (ATTN in the environment), writing its inputs, reading and comparing
its numbers. No tests are here.
"""
import csv
import io
import json
import os
import subprocess

import numpy as np

ATTN = os.environ.get("ATTN", "attn")
PAIR_STAGES = ["scores", "scaled", "masked", "weights"]
ALL_STAGES = PAIR_STAGES + ["output", "q", "k", "v"]
SETTINGS = ["heads", "kv_heads", "causal", "scale", "softcap", "window", "mask_true_blocks"]


# ---- the oracle ----


def matrix(x):
    return np.asarray(x, dtype=np.float64)


def split_heads(t, heads):
    """rows×(heads·d) to heads×rows×d; what has an axis for heads stays as it is."""
    if t.ndim == 3:
        return t
    rows, width = t.shape
    return t.reshape(rows, heads, width // heads).transpose(1, 0, 2)


def allowed_pairs(s, n, m, mask, bias, heads):
    """heads×n×m, true where a query may look."""
    seen = np.ones((heads, n, m), dtype=bool)
    i, j = np.arange(n)[:, None], np.arange(m)[None, :]
    p = i + s["offset"]
    if s["is_causal"]:
        seen &= j <= p
    if s["window"] is not None:
        left, right = s["window"]
        if left >= 0:
            seen &= j >= p - left
        if right >= 0:
            seen &= j <= p + right
    if mask is not None:
        opened = matrix(mask) != 0
        seen &= np.broadcast_to(~opened if s["mask_true_blocks"] else opened, seen.shape)
    if bias is not None:
        seen &= np.broadcast_to(bias != -np.inf, seen.shape)
    return seen


def softmax_rows(masked, seen, kind=np.float64):
    with np.errstate(all="ignore"):
        shifted = masked - masked.max(axis=-1, keepdims=True)
        e = np.exp(shifted, dtype=kind)
        w = e / e.sum(axis=-1, keepdims=True, dtype=kind)
    return np.where(seen.any(axis=-1, keepdims=True), w, kind(0))


def one_layer(own, s, x, context, kind=np.float64):
    """Every stage of a layer in one kind of float; x is what projections act on."""

    def cast(t):
        return None if t is None else np.asarray(t, dtype=kind)

    def projected(name, source):
        if own(name) is not None:
            return cast(own(name))
        if source is None:
            return None
        y = cast(source)
        with np.errstate(all="ignore"):
            y = y if own("w_" + name) is None else y @ cast(own("w_" + name))
            return y if own("b_" + name) is None else y + cast(own("b_" + name)).reshape(-1)

    other = x if context is None else context
    q, k, v = projected("q", x), projected("k", other), projected("v", other)
    heads = q.shape[0] if q.ndim == 3 else s["heads"] or 1
    q = split_heads(q, heads)
    kv_heads = k.shape[0] if k.ndim == 3 else s["kv_heads"] or heads
    k, v = split_heads(k, kv_heads), None if v is None else split_heads(v, kv_heads)
    n, m, d_k = q.shape[1], k.shape[1], q.shape[2]
    causal = s["causal"]
    s["is_causal"] = causal is not None and causal is not False and causal != "no"
    s["offset"] = 0
    if causal == "end":
        s["offset"] = m - n
    elif s["is_causal"] and not isinstance(causal, (bool, str)):
        s["offset"] = causal
    if isinstance(s["window"], int):
        s["window"] = [s["window"], s["window"]]

    bias = cast(own("bias"))
    seen = allowed_pairs(s, n, m, own("mask"), bias, heads)
    group = heads // kv_heads
    with np.errstate(all="ignore"):
        scores = q @ np.repeat(k, group, axis=0).transpose(0, 2, 1)
        scale = kind(1 / np.sqrt(d_k) if s["scale"] is None else s["scale"])
        scaled = scores * scale
        products = abs(q) @ np.repeat(abs(k), group, axis=0).transpose(0, 2, 1) * abs(scale)
        if s["softcap"]:
            scaled = kind(s["softcap"]) * np.tanh(scaled / kind(s["softcap"]))
        masked = np.where(seen, scaled if bias is None else scaled + bias, kind(-np.inf))
    weights = softmax_rows(masked, seen, kind)
    out = {"q": q, "k": k, "v": v, "scores": scores, "scaled": scaled, "masked": masked, "weights": weights, "seen": seen,
           "products": products, "offset": s["offset"]}
    if v is not None:
        y = np.zeros((heads, n, v.shape[2]), dtype=kind)
        with np.errstate(all="ignore"):
            for h in range(heads):
                for i in range(n):
                    y[h, i] = weights[h, i, seen[h, i]] @ v[h // group][seen[h, i]]
            y = y.transpose(1, 0, 2).reshape(n, -1)
            y = y if own("w_o") is None else y @ cast(own("w_o"))
            out["output"] = y if own("b_o") is None else y + cast(own("b_o")).reshape(-1)
    return out


def attend(problem, over=None, kind=np.float64):
    """All stages of a problem (a dict as in the JSON), each with an axis for layers in front. `over`: settings that win."""
    listed = problem.get("layers")
    four = [np.shape(problem[t])[0] for t in "qkv" if t in problem and np.ndim(problem[t]) == 4]
    count = len(listed) if listed else max(four, default=1)
    results, previous = [], None
    for l in range(count):
        layer = listed[l] if listed else {}

        def own(name):
            if name in layer:
                return layer[name]
            t = problem.get(name)
            return t[0 if len(t) == 1 else l] if t is not None and np.ndim(t) == 4 else t

        s = {name: {**problem, **layer, **(over or {})}.get(name) for name in SETTINGS}
        x = own("embeddings") if l == 0 or not listed or "embeddings" in layer or previous is None else previous
        results.append(one_layer(own, s, x, own("context"), kind))
        previous = results[-1].get("output")
    return {stage: None if results[0].get(stage) is None else np.stack([r[stage] for r in results]) for stage in
            ALL_STAGES + ["seen", "products"]} | {"offsets": [r["offset"] for r in results]}


def measures(weights, offset):
    """Of one head's n×m weights: means over the rows that see something and hold no NaN."""
    good = np.isfinite(weights).all(axis=1) & (weights != 0).any(axis=1)
    w = weights[good]
    if len(w) == 0:
        return {"entropy": None, "max_weight": None, "max_at": None, "mean_distance": None, "first_token": None}
    with np.errstate(all="ignore"):
        entropy = -np.where(w > 0, w * np.log(w), 0).sum(axis=1).mean()
    p, j = np.flatnonzero(good)[:, None] + offset, np.arange(weights.shape[1])[None, :]
    return {"entropy": entropy, "max_weight": w.max(), "mean_distance": (w * abs(p - j)).sum(axis=1).mean(),
            "first_token": w[:, 0].mean()}


# ---- to files and back ----


def floats(rng, shape, size):
    return (rng.standard_normal(shape) * size).astype(np.float32)


def plain_value(x):
    """For json.dumps; -infinity stays, as Python writes it."""
    if isinstance(x, dict):
        return {key: plain_value(value) for key, value in x.items()}
    if isinstance(x, list):
        return [plain_value(value) for value in x]
    return x.tolist() if isinstance(x, np.ndarray) else x


def null_bias(x):
    return [null_bias(y) for y in x] if isinstance(x, list) else None if x == -np.inf else x


def write_json(path, problem, nulls=False):
    value = plain_value(problem)
    if nulls and "bias" in value:
        value["bias"] = null_bias(value["bias"])
    with open(path, "w") as f:
        json.dump(value, f)


def write_csv(path, t):
    rows = np.atleast_2d(t)
    with open(path, "w") as f:
        for row in rows:
            f.write(",".join(str(x).lower() if isinstance(x, np.bool_) else repr(float(x)) for x in row) + "\n")


def arguments(settings):
    words = []
    for name, value in settings.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            words.append(option)
        elif name == "causal":
            words.append("--causal=" + ("no" if value is False else str(value)))
        else:
            words += [option, ",".join(map(str, value)) if isinstance(value, list) else str(value)]
    return words


def run(*words, **more):
    done = subprocess.run([ATTN, "run", *map(str, words)], capture_output=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"attn run {' '.join(map(str, words))}: status {done.returncode}: "
                             + done.stderr.decode(errors="replace"))
    return done


def numbers(x, masked=np.nan):
    """A JSON array to float32; null is NaN, or what `masked` says."""
    return np.array(null_to(x, masked), dtype=np.float32)


def null_to(x, value):
    return [null_to(y, value) for y in x] if isinstance(x, list) else value if x is None else x


def csv_column(text, column, shape):
    rows = list(csv.DictReader(io.StringIO(text)))
    return np.array([row[column] for row in rows], dtype=np.float32).reshape(shape)


# ---- comparing ----


def worst(got, want):
    fine = np.isfinite(want)
    return float(abs(matrix(got) - want)[fine].max(initial=0))


def close(what, got, want, tolerance):
    got, want = matrix(got), matrix(want)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, not {want.shape}"
    same_nan = np.isnan(got) == np.isnan(want)
    assert same_nan.all(), f"{what}: NaN or not at {np.argwhere(~same_nan)[:3].tolist()}, unlike what was expected"
    with np.errstate(all="ignore"):
        error = np.where((got == want) | np.isnan(want), 0, abs(got - want))
    bad = error > tolerance
    if bad.any():
        at = tuple(np.argwhere(bad)[0])
        where = list(map(int, at))
        raise AssertionError(f"{what}{where}: {got[at]!r}, not {want[at]!r}; off by {error[at]:.3g}, {bad.sum()} such")


def check_stages(got, want, problem, over):
    """Holds the JSON of a run against the oracle."""
    # The layers of a stack are as exact as what comes from below; there NumPy in float32 is the measure.
    deep = "layers" in problem and "embeddings" in problem
    # So it is for small scores of projected q and k, which are rounded to float32, where large products cancel.
    projected = not deep and "embeddings" in problem and ("w_q" in problem or "w_k" in problem)
    single = attend(problem, over, np.float32) if deep or projected else want
    with np.errstate(all="ignore"):
        slack = {stage: 2 * worst(single[stage], want[stage]) for stage in ALL_STAGES if want[stage] is not None}
        if projected:
            cancels = np.where(want["seen"], want["products"], 0).max(axis=-1, keepdims=True) > 20
            slack = {stage: np.where(cancels if stage == "weights" else cancels.any(axis=1), slack[stage], 0)
                     if stage in ("weights", "output") else 0 for stage in slack}
    with np.errstate(all="ignore"):
        moderate = (np.where(want["seen"], abs(want["scaled"]), 0).max(axis=-1, keepdims=True) <= 20) & (
            np.where(want["seen"], abs(want["masked"]), 0).max(axis=-1, keepdims=True) <= 20)
        moderate |= np.isnan(want["weights"]).any(axis=-1, keepdims=True)
    if "weights" in got:
        close("weights", np.where(moderate, numbers(got["weights"]), 0), np.where(moderate, want["weights"], 0),
              2e-6 + slack["weights"])
    if "output" in got and want["output"] is not None:
        largest = np.nanmax(np.where(np.isfinite(want["v"]), abs(want["v"]), 0))
        last = (problem.get("layers") or [problem])[-1].get("w_o", problem.get("w_o"))
        largest = max(largest, largest * np.abs(last).sum(axis=0).max()) if last is not None else largest
        good = moderate.all(axis=1) if np.ndim(moderate) == 4 else moderate
        output = numbers(got["output"])
        finite = np.isfinite(want["output"])  # what is infinite is written as null
        assert not np.isfinite(output[~finite]).any(), "output: a number where NaN or infinity is due"
        close("output", np.where(good & finite, output, 0), np.where(good & finite, want["output"], 0),
              2e-6 * largest + slack["output"])
    with np.errstate(all="ignore"):
        span = np.nanmax(np.where(np.isfinite(want["scores"]), abs(want["scores"]), 0)) + 1
        for stage in ("q", "k", "v", "scores", "scaled", "masked"):
            if stage in got:
                t = numbers(got[stage])
                finite = np.isfinite(want[stage])
                assert not np.isfinite(t[~finite]).any(), f"{stage}: a number where null is due"
                close(stage, np.where(finite, t, 0), np.where(finite, want[stage], 0), 2e-6 * span + slack[stage])


def check_stats(got, weights, offsets):
    for l, layer in enumerate(got):
        for h, one in enumerate(layer):
            want = measures(matrix(weights[l][h]), offsets[l])
            for name in ("entropy", "mean_distance", "first_token", "max_weight"):
                if want[name] is None:
                    assert one[name] is None, f"stats[{l}][{h}].{name} is {one[name]} and not null"
                else:
                    room = 1e-6 * (1 + (len(weights[l][h][0]) if name == "mean_distance" else 5))
                    room += 1e-7 * abs(want[name])  # a float32 that was written
                    assert abs(one[name] - want[name]) <= room, f"stats[{l}][{h}].{name} is {one[name]}, not {want[name]}"
            if want["entropy"] is None:
                assert one["max_at"] is None
            else:
                i, j = one["max_at"]
                w = np.where(np.isfinite(weights[l][h]).all(axis=1, keepdims=True), weights[l][h], 0)
                assert w[i, j] >= w.max() * (1 - 1e-6), f"stats[{l}][{h}].max_at is {[i, j]}"  # of equals any
