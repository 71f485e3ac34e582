"""
Attention in NumPy with double precision, written from what the manual promises and sharing nothing with the C code, and
random problems on which the program has to agree with it. A test is named on the command line; `case SEED` runs one random
problem, as a failure says it. ATTN in the environment is the program; files go to the current folder.
"""
import csv
import io
import json
import os
import subprocess
import sys

import numpy as np

ATTN = os.environ.get("ATTN", "attn")
SIZES = [1, 2, 3, 5, 17, 64, 65]
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

    def pairs(t):
        return None if t is None else np.asarray([-np.inf if b is None else b for b in np.ravel(t)], dtype=kind).reshape(np.shape(t))

    bias = pairs(own("bias"))
    seen = allowed_pairs(s, n, m, own("mask"), bias, heads)
    group = heads // kv_heads
    with np.errstate(all="ignore"):
        scores = q @ np.repeat(k, group, axis=0).transpose(0, 2, 1)
        scaled = scores * kind(1 / np.sqrt(d_k) if s["scale"] is None else s["scale"])
        if s["softcap"]:
            scaled = kind(s["softcap"]) * np.tanh(scaled / kind(s["softcap"]))
        masked = np.where(seen, scaled if bias is None else scaled + bias, kind(-np.inf))
    weights = softmax_rows(masked, seen, kind)
    out = {"q": q, "k": k, "v": v, "scores": scores, "scaled": scaled, "masked": masked, "weights": weights, "seen": seen,
           "offset": s["offset"]}
    if v is not None:
        y = np.zeros((heads, n, v.shape[2]), dtype=kind)
        with np.errstate(all="ignore"):
            for h in range(heads):
                for i in range(n):
                    y[h, i] = weights[h, i, seen[h, i]] @ v[h // group][seen[h, i]]
            y = y.transpose(1, 0, 2).reshape(n, -1)
            out["concat"] = y
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
            ALL_STAGES + ["seen", "concat"]} | {"offsets": [r["offset"] for r in results]}


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


# ---- random problems ----


def floats(rng, shape, size):
    return (rng.standard_normal(shape) * size).astype(np.float32)


def pick(rng, *choices):
    return choices[rng.integers(len(choices))]


def axes(rng, shape):
    """A shape that broadcasts to layers×heads×n×m: of rank 2 to 4, some axes 1."""
    rank = pick(rng, 2, 2, 3, 4)
    return tuple(1 if rng.random() < 0.3 else size for size in shape[4 - rank:])


def random_problem(seed):
    """(problem as a dict of arrays and settings, settings for the command line, whether every tensor has rank 2)."""
    rng = np.random.default_rng(seed)
    kind = pick(rng, "rank2", "rank2", "rank3", "rank4", "embeddings", "projections", "projections", "cross", "stack", "list")
    n = int(pick(rng, *SIZES))
    m = n if rng.random() < 0.4 or kind in ("embeddings", "projections", "stack") else int(pick(rng, *SIZES))
    heads = int(pick(rng, 1, 1, 2, 3, 4, 6))
    kv_heads = int(pick(rng, *[g for g in (1, 2, 3, 4, 6) if heads % g == 0])) if rng.random() < 0.4 else heads
    d_k, d_v = int(pick(rng, 1, 2, 3, 5, 17, 64)), int(pick(rng, 1, 2, 5, 17, 65))
    size = pick(rng, 0.2, 1, 2)
    layers = int(pick(rng, 2, 3)) if kind in ("rank4", "stack", "list") else 1
    p, plain = {}, False
    if kind == "rank2":
        p = {"q": floats(rng, (n, heads * d_k), size), "k": floats(rng, (m, kv_heads * d_k), size),
             "v": floats(rng, (m, kv_heads * d_v), size)}
        plain = True
    elif kind in ("rank3", "rank4"):
        lead = (layers,) if kind == "rank4" else ()
        p = {"q": floats(rng, lead + (heads, n, d_k), size), "k": floats(rng, lead + (kv_heads, m, d_k), size),
             "v": floats(rng, lead + (kv_heads, m, d_v), size)}
        if rng.random() < 0.2 and layers == 1:
            del p["v"]
    elif kind == "list":
        p = {"layers": [{"q": floats(rng, (n, heads * d_k), size), "k": floats(rng, (kv_heads, m, d_k), size),
                         "v": floats(rng, (m, kv_heads * d_v), size)} for _ in range(layers)]}
    elif kind == "embeddings":
        kv_heads = heads
        p = {"embeddings": floats(rng, (n, heads * d_k), size)}
        plain = True
    else:
        d_model = int(pick(rng, 2, 5, 17, 48))
        other = int(pick(rng, 3, 17)) if kind == "cross" else d_model
        p = {"embeddings": floats(rng, (n, d_model), 1)}
        if kind == "cross":
            p["context"] = floats(rng, (m, other), 1)

        def projections():
            spread = size / np.sqrt(d_model)
            w = {"w_q": floats(rng, (d_model, heads * d_k), spread), "w_k": floats(rng, (other, kv_heads * d_k), spread),
                 "w_v": floats(rng, (other, kv_heads * d_v), spread)}
            for name, width in (("b_q", heads * d_k), ("b_k", kv_heads * d_k), ("b_v", kv_heads * d_v)):
                if rng.random() < 0.5:
                    w[name] = floats(rng, width, 0.3)
            if kind == "stack" or rng.random() < 0.5:
                w["w_o"] = floats(rng, (heads * d_v, d_model), 1 / np.sqrt(heads * d_v))
                if rng.random() < 0.5:
                    w["b_o"] = floats(rng, d_model, 0.3)
            return w

        if kind == "stack":
            p["layers"] = [projections() for _ in range(layers)]
        else:
            p.update(projections())
        plain = kind in ("projections", "cross")

    said = {}
    if heads > 1:
        said["heads"] = heads
    if kv_heads != heads:
        said["kv_heads"] = kv_heads
    if rng.random() < 0.5:
        said["causal"] = pick(rng, True, True, "end", "start", False, int(rng.integers(-3, 4)), m - n)
    if rng.random() < 0.25:
        said["window"] = pick(rng, 0, 1, 4, [2, 0], [-1, 1], [3, -1], [0, 2])
    if rng.random() < 0.3:
        said["scale"] = pick(rng, 0.25, 1, 0, -0.125)
    if rng.random() < 0.25:
        said["softcap"] = pick(rng, 0.5, 5, 30, 0)
    shape = (layers, heads, n, m)
    if rng.random() < 0.4:
        p["mask"] = rng.random((n, m) if plain else axes(rng, shape)) < pick(rng, 0.2, 0.6, 0.9)
        if rng.random() < 0.3:
            said["mask_true_blocks"] = True
    if rng.random() < 0.3:
        p["bias"] = floats(rng, (n, m) if plain else axes(rng, shape), 1)
        p["bias"][rng.random(p["bias"].shape) < 0.2] = -np.inf
    if rng.random() < 0.2:
        poison(rng, p, n, m, plain)
    over = {name: said[name] for name in said if rng.random() < 0.4}
    for name in said:
        if name not in over:
            p[name] = said[name]
        elif rng.random() < 0.2 and name in ("scale", "softcap"):
            p[name] = 7  # and the command line wins
    return p, over, plain


def poison(rng, p, n, m, plain):
    """NaN or infinity in a key, value or embedding, that some queries see and others may not."""
    bad = pick(rng, np.nan, np.inf, -np.inf)
    names = [t for t in ("k", "v", "embeddings", "context") if t in p]
    if not names:
        return
    t = p[str(rng.choice(names))]
    j = int(rng.integers(t.shape[-2]))
    t[..., j, int(rng.integers(t.shape[-1]))] = bad
    if j < m and ("mask" not in p or p["mask"].shape[-1] == m) and "mask_true_blocks" not in p and rng.random() < 0.7:
        p["mask"] = p["mask"] if "mask" in p else np.ones((n, m), dtype=bool)
        p["mask"][..., : max(p["mask"].shape[-2] // 2, 1), j] = False


# ---- to files and back ----


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


def run(*words, status=0, **more):
    done = subprocess.run([ATTN, "run", *map(str, words)], capture_output=True, **more)
    if done.returncode != status:
        raise AssertionError(f"attn run {' '.join(map(str, words))}: status {done.returncode}, not {status}: "
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


def close(what, got, want, tolerance):
    got, want = matrix(got), matrix(want)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, not {want.shape}"
    same_nan = np.isnan(got) == np.isnan(want)
    assert same_nan.all(), f"{what}: NaN at {np.argwhere(np.isnan(got))[:3].tolist()}, not at {np.argwhere(np.isnan(want))[:3].tolist()}"
    with np.errstate(all="ignore"):
        error = np.where((got == want) | np.isnan(want), 0, abs(got - want))
    bad = error > tolerance
    if bad.any():
        at = tuple(np.argwhere(bad)[0])
        raise AssertionError(f"{what}{list(map(int, at))}: {got[at]!r}, not {want[at]!r}; off by {error[at]:.3g}, {bad.sum()} such")


def check_stages(got, want, problem, over):
    """Holds the JSON of a run against the oracle."""
    # The layers of a stack are as exact as what comes from below; there NumPy in float32 is the measure.
    deep = "layers" in problem and "embeddings" in problem
    single = attend(problem, over, np.float32) if deep else want
    with np.errstate(all="ignore"):
        slack = {stage: 2 * worst(single[stage], want[stage]) for stage in ALL_STAGES if want[stage] is not None}
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
                    assert abs(one[name] - want[name]) <= room, f"stats[{l}][{h}].{name} is {one[name]}, not {want[name]}"
            if want["entropy"] is None:
                assert one["max_at"] is None
            else:
                i, j = one["max_at"]
                w = np.where(np.isfinite(weights[l][h]).all(axis=1, keepdims=True), weights[l][h], 0)
                assert [i, j] == list(np.unravel_index(np.argmax(w), w.shape)), f"stats[{l}][{h}].max_at is {[i, j]}"


def random_case(seed, folder="."):
    problem, over, plain = random_problem(seed)
    base = f"{folder}/case{seed}"
    words = arguments(over)
    if plain and seed % 3 == 0:  # a CSV file a tensor, and the settings of the JSON on the command line
        for name in list(problem):
            if isinstance(problem[name], np.ndarray):
                write_csv(f"{base}.{name}.csv", problem[name])
                words += ["--" + name.replace("_", "-"), f"{base}.{name}.csv"]
        words += arguments({name: problem[name] for name in SETTINGS if name in problem and name not in over})
        words += ["--input-format", "csv"]
    else:
        write_json(f"{base}.json", problem, nulls=seed % 2 == 0)
        words.append(f"{base}.json")
    want = attend(problem, over)
    every = seed % 2 == 1
    if every:
        for stage in ALL_STAGES:
            if want[stage] is not None:
                words += ["--stage", stage]
        done = run(*words, "-o", "-")
    else:
        done = run(*words, "-o", "-", "-o", f"{base}.npy", "-o", f"{base}.csv")
    got = json.loads(done.stdout)
    if every:
        missing = [stage for stage in ALL_STAGES if (stage in got) != (want[stage] is not None)]
        assert not missing, f"stages {missing}"
    check_stages(got, want, problem, over)
    weights = numbers(got["weights"])
    check_stats(got["stats"], weights, want["offsets"])
    blind = int((~want["seen"].any(axis=-1)).sum())
    assert (b"may see no key" in done.stderr) == (blind > 0), done.stderr.decode()
    if blind:
        assert f"{blind} of {want['seen'].any(axis=-1).size} rows".encode() in done.stderr, done.stderr.decode()
    if not every:
        array = np.load(f"{base}.npy")
        assert array.dtype == np.dtype("<f4") and array.shape == weights.shape, (array.dtype, array.shape)
        assert np.array_equal(array, weights, equal_nan=True), "NPY and JSON differ"
        with open(f"{base}.csv") as f:
            assert np.array_equal(csv_column(f.read(), "weight", weights.shape), weights, equal_nan=True), "CSV and JSON differ"


def random_cases(first, end):
    failed = []
    for seed in range(first, end):
        try:
            random_case(seed)
        except Exception as problem:
            failed.append(seed)
            print(f"case {seed}: {problem!r}")
        for left in os.listdir("."):
            if left.startswith(f"case{seed}."):
                os.remove(left)
    assert not failed, f"failed: {failed}; oracle.py case SEED runs one"


# ---- accuracy ----


def worst(got, want):
    fine = np.isfinite(want)
    return float(abs(matrix(got) - want)[fine].max(initial=0))


def test_accuracy():
    """No larger error than twice that of the same formula in NumPy's float32; half a unit in the last place is everyone's."""
    ratios = []
    for seed in range(40):
        rng = np.random.default_rng(9000 + seed)
        n, m = int(pick(rng, 64, 65, 129)), int(pick(rng, 17, 65, 300))  # many rows, so that luck does not decide
        d, e = int(pick(rng, 1, 5, 64, 128)), 64
        size = pick(rng, 0.3, 1, 4, 12, 40)
        problem = {"q": floats(rng, (2, n, d), size), "k": floats(rng, (2, m, d), size), "v": floats(rng, (2, m, e), 3)}
        if seed % 3 == 0:
            problem["bias"] = floats(rng, (n, m), 5)
        if seed % 5 == 0:
            problem["causal"] = True
        if seed % 7 == 0:
            problem["softcap"] = 30
        if seed % 11 == 0:
            problem["k"] += np.float32(50)  # large scores that differ little
        write_json("accuracy.json", problem)
        got = json.loads(run("accuracy.json", "-o", "-").stdout)
        true, single = attend(problem), attend(problem, kind=np.float32)
        for stage, unit in (("weights", 1), ("output", np.abs(problem["v"]).max())):
            mine, numpy = worst(numbers(got[stage]), true[stage]), worst(single[stage], true[stage])
            ratios.append(mine / max(numpy, 6e-8 * unit))
            assert mine <= 2 * numpy + 6e-8 * unit, f"seed {seed}, {stage}: error {mine:.3g}, of NumPy in float32 {numpy:.3g}"
    assert np.median(ratios) < 1.2, f"the median error is {np.median(ratios):.2f} times NumPy's"


def test_threads():
    """The same bits for any number of threads."""
    rng = np.random.default_rng(1)
    write_json("threads.json", {"q": floats(rng, (3, 129, 16), 1), "k": floats(rng, (3, 131, 16), 1),
                                "v": floats(rng, (3, 131, 8), 1), "causal": "end"})
    outputs = {run("threads.json", "--threads", t, "-o", "-").stdout for t in (1, 2, 3, 7)}
    assert len(outputs) == 1


def test_oracle():
    """The oracle itself, on numbers that are known without it."""
    # One query, two keys, scores 0 and ln 3: weights 1/4 and 3/4.
    r = attend({"q": [[1.0]], "k": [[0.0], [np.log(3)]], "v": [[0.0], [8.0]], "scale": 1})
    close("weights", r["weights"], [[[[0.25, 0.75]]]], 1e-15)
    close("output", r["output"], [[[6.0]]], 1e-14)
    z = np.zeros((5, 1))
    causal = attend({"q": z, "k": z, "causal": True})["weights"][0, 0]
    close("causal", causal, [[1 / (i + 1) if j <= i else 0 for j in range(5)] for i in range(5)], 1e-15)
    end = attend({"q": z[:2], "k": z, "causal": "end"})["seen"][0, 0]
    assert end.tolist() == [[True] * 4 + [False], [True] * 5]
    window = attend({"q": z, "k": z, "window": [1, 0]})["seen"][0, 0]
    assert window.sum(axis=1).tolist() == [1, 2, 2, 2, 2] and window[3].tolist() == [False, False, True, True, False]
    blind = attend({"q": z[:1], "k": z[:2], "v": np.full((2, 1), np.nan), "mask": [[0, 0]]})
    assert blind["weights"].tolist() == [[[[0, 0]]]] and blind["output"].tolist() == [[[0]]]
    stats = measures(np.array([[0.5, 0.5], [0.5, 0.5]]), 0)
    assert abs(stats["entropy"] - np.log(2)) < 1e-15 and stats["mean_distance"] == 0.5 and stats["first_token"] == 0.5


def main(words):
    if words[0] == "case":
        random_case(int(words[1]))
    elif words[0] == "random":
        random_cases(int(words[1]), int(words[2]))
    else:
        globals()["test_" + words[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])
