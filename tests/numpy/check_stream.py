"""
Sequences whose weights are more than --max-weights: what is pooled or cut out on the way is what NumPy makes of the weights
that a run with room for all of them holds, on every instruction set. A test is named on the command line.
"""
import hashlib
import json
import os
import re
import resource
import sys

import numpy as np

from oracle import attend, check_stats, close, floats, numbers, run, write_csv, write_json

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "attn-output.schema.json")
SIDE, TOP = 1024, 8  # as the manual has it: the most rows of cells, and the keys remembered
ROOM = ["--max-weights", "64Mi"]


def qkv(rng, layers, heads, kv_heads, n, m, d=4, d_v=3, size=1.5):
    return {"q": floats(rng, (layers, heads, n, d), size), "k": floats(rng, (layers, kv_heads, m, d), size),
            "v": floats(rng, (layers, kv_heads, m, d_v), 1)}


def one_of_one(rng):
    return qkv(rng, 1, 2, 1, 1, 1)


def one_query(rng):
    return {**qkv(rng, 1, 3, 3, 1, 37), "tokens": ["you"]}


def few_keys(rng):
    """Fewer keys than are remembered; rows that see nothing, in one head and in all."""
    mask = rng.random((1, 2, 37, 5)) < 0.6
    mask[0, 1, 4] = mask[0, :, 9] = False
    return {**qkv(rng, 1, 2, 2, 37, 5), "mask": mask}


def stacked(rng):
    """Two layers over embeddings, grouped heads, projections of different width in and out."""
    d, heads, width = 6, 4, 8
    layers = [{"w_q": floats(rng, (d, width), 0.5), "w_k": floats(rng, (d, width // 2), 0.5), "b_q": floats(rng, width, 0.3),
               "w_v": floats(rng, (d, width // 2), 0.5), "w_o": floats(rng, (width, d), 0.4)} for _ in range(2)]
    return {"embeddings": floats(rng, (61, d), 1), "heads": heads, "kv_heads": 2, "layers": layers, "causal": True}


def uneven(rng):
    """One row and one key to each side of what fits; a window that cells do not line up with; a row of NaN that must not get
    into the cells of other rows."""
    problem = {**qkv(rng, 1, 1, 1, 1023, 1025), "causal": "end", "window": [300, 0]}
    problem["q"][0, 0, 400, 1] = np.nan
    return problem


def masked_heads(rng):
    """A mask for each head of each layer, and queries with NaN and infinity; cells of three rows, the last of one."""
    problem = {**qkv(rng, 2, 2, 1, 2050, 37), "mask": rng.random((2, 2, 2050, 37)) < 0.5}
    problem["mask"][1, 0, 30:36] = False
    problem["q"][0, 1, [3, 1040], 2] = np.nan, np.inf
    return problem


def biased(rng):
    bias = floats(rng, (1, 3, 37, 2050), 2)
    bias[rng.random(bias.shape) < 0.4] = -np.inf
    bias[0, 2, 11] = -np.inf
    return {**qkv(rng, 1, 3, 3, 37, 2050), "bias": bias, "softcap": 3.5, "scale": 0.8}


def broken_key(rng):
    """A key of NaN, that only later queries see, and queries that a mask leaves nothing."""
    problem = {**qkv(rng, 1, 1, 1, 2050, 2050), "causal": True, "mask": np.arange(2050)[:, None] % 7 != 3}
    problem["k"][0, 0, 1501] = np.nan
    problem["v"][0, 0, 77] = np.nan
    return problem


def late(rng):
    """The first queries see nothing at all, nor do the cells that they fill."""
    return {**qkv(rng, 1, 2, 1, 2050, 515), "causal": -9, "window": [50, 3]}


def tied(rng):
    """Equal weights everywhere."""
    problem = {**qkv(rng, 1, 2, 2, 1030, 70), "causal": -3}
    problem["q"][:] = 0
    return problem


def steep(rng):
    """One key in a thousand gets nearly all."""
    return {**qkv(rng, 1, 1, 1, 37, 2050, 8, 3, 2.2), "causal": "end"}


PROBLEMS = {f.__name__: f for f in (one_of_one, one_query, few_keys, stacked, uneven, masked_heads, biased, broken_key, late,
                                    tied, steep)}


def make(name):
    problem = PROBLEMS[name](np.random.default_rng(sum(map(ord, name))))
    write_json(name + ".json", problem, nulls=name == "biased")
    return problem


# ---- reading what was written ----


def without_weights(text):
    """The JSON of a run that holds all, but for what takes long to read; that is in the NPY."""
    return json.loads(re.sub(rb'\n"weights":\[.*?\]\]\]\],\n', b"\n", text, count=1, flags=re.S))


def held(name, *words):
    text = run(name + ".json", "-q", *ROOM, *words, "-o", "-", "-o", "held.npy").stdout
    return without_weights(text), np.load("held.npy")


def pooled(name, limit, *words):
    done = run(name + ".json", "--max-weights", limit, *words, "-o", "-")
    assert b"--max-weights: cells of" in done.stderr, done.stderr.decode()
    return json.loads(done.stdout)


def steps(document):
    return document["pooled"]["queries_per_cell"], document["pooled"]["keys_per_cell"]


def cells(t, rows, columns, what):
    """Each cell of the last two axes by `what`, a ufunc's reduceat."""
    t = what.reduceat(t, np.arange(0, t.shape[-2], rows), axis=-2)
    return what.reduceat(t, np.arange(0, t.shape[-1], columns), axis=-1)


# ---- checks ----


def largest_matrix(x):
    """Numbers in the largest list of lists of numbers, or in a list of numbers alone."""
    if isinstance(x, dict):
        return max(map(largest_matrix, x.values()), default=0)
    if not isinstance(x, list) or not x:
        return 0
    if isinstance(x[0], list) and not isinstance(x[0][0], list):
        return sum(map(len, x))
    return max(len(x), *map(largest_matrix, x))


def check_steps(what, document, shape, limit):
    """Cells are as fine as they may be, and there are no more of them than weights may be held."""
    layers, heads, n, m = shape
    (rows, columns), fit = steps(document), max(limit, layers * heads)
    cells_of = [-(-n // rows), -(-m // columns)]
    assert layers * heads * cells_of[0] * cells_of[1] <= fit and max(cells_of) <= SIDE, f"{what}: {cells_of} cells"
    finer = next(s for s in range(SIDE, 0, -1) if layers * heads * -(-n // -(-n // s)) * -(-m // -(-m // s)) <= fit or s == 1)
    assert (rows, columns) == (-(-n // finer), -(-m // finer)), f"{what}: cells of {rows}×{columns}"
    if min(n, m) > 4 * TOP:
        assert largest_matrix(document) < n * m, f"{what}: something in it is as large as the weights"


def check_cells(what, got, weights, how):
    rows, columns = got["queries_per_cell"], got["keys_per_cell"]
    assert got["method"] == how, what
    wide = weights.astype(np.float64)
    want = cells(wide, rows, columns, np.maximum) if how == "max" else \
        cells(wide, rows, columns, np.add) / cells(np.ones_like(wide), rows, columns, np.add)
    close(f"{what}: pooled", numbers(got["weights"]), want, 2e-6)


def check_cell_mask(what, got, seen):
    want = cells(seen, got["queries_per_cell"], got["keys_per_cell"], np.logical_or)
    if not seen.all():
        assert "mask" in got, f"{what}: no mask, and something is masked"
    if "mask" in got:
        mask = np.broadcast_to(np.array(got["mask"]), want.shape) != 0
        assert np.array_equal(mask, want), f"{what}: the mask of the cells differs at {np.argwhere(mask != want)[:3].tolist()}"


def check_top(what, document, weights, seen):
    layers, heads, n, m = weights.shape
    t = min(m, TOP)
    keys = numbers(document["top_keys"]).astype(np.float64)
    got = numbers(document["top_weights"]).astype(np.float64)
    assert keys.shape == got.shape == (layers, heads, n, t), f"{what}: {keys.shape}, {got.shape}"
    w = weights.astype(np.float64)
    broken = np.isnan(w).any(axis=-1)
    blind = ~seen.any(axis=-1)
    assert np.isnan(keys[broken | blind]).all(), f"{what}: keys of rows that see nothing, or NaN"
    assert not np.nan_to_num(got[broken | blind]).any(), f"{what}: weights of rows that see nothing, or NaN"
    keys, got, w, see = (x[~(broken | blind)] for x in (keys, got, w, seen))
    order = np.argsort(-w, axis=-1, kind="stable")[:, :t]
    want = np.take_along_axis(w, order, -1)
    room = 2e-7 + 1e-5 * want
    assert (abs(got - want) <= room).all(), f"{what}: top_weights off by {abs(got - want).max()}"
    none = np.isnan(keys)
    assert (none == (np.arange(t) >= see.sum(axis=-1, keepdims=True))).all(), f"{what}: null where there is a key, or none"
    at = np.where(none, 0, keys).astype(int)
    assert np.take_along_axis(see, at, -1)[~none].all(), f"{what}: a key that is masked"
    named = np.where(none, 0, np.take_along_axis(w, at, -1))
    assert (abs(named - want) <= room).all(), f"{what}: other keys than the heaviest"
    clear = np.diff(want, axis=-1, prepend=np.inf) < -2 * room
    clear[:, :-1] &= np.diff(want, axis=-1) < -2 * room[:, 1:]
    clear[:, -1] = False  # the next one might be as heavy
    assert (keys == order)[clear & ~none].all(), f"{what}: keys in another order"
    assert all(len(set(row)) == len(row) for row in (r[~x].tolist() for r, x in zip(keys, none))), f"{what}: a key twice"
    assert (np.diff(got, axis=-1) <= 0).all(), f"{what}: not heaviest first"
    # Keys are told apart by their scores, so only equal scores are sure to tie.
    equal = np.where(see, w, 0).max(axis=-1) == np.where(see, w, 2).min(axis=-1)
    assert (keys == order)[equal[:, None] & ~none].all(), f"{what}: equal weights are not in the order of their keys"


def check_same(what, got, want, weights):
    """Output and measures do not know that the weights were not held."""
    assert ("output" in got) == ("output" in want), what
    if "output" in want:
        close(f"{what}: output", numbers(got["output"]), numbers(want["output"]), 2e-6)
    for l, layer in enumerate(want["stats"]):
        for h, one in enumerate(layer):
            mine = got["stats"][l][h]
            assert (mine["max_at"] is None) == (one["max_at"] is None), f"{what}: {mine}, {one}"
            if one["max_at"]:
                i, j = mine["max_at"]
                assert abs(weights[l, h, i, j] - one["max_weight"]) <= 2e-7, f"{what}: {mine}, {one}"
            for name in ("entropy", "max_weight", "mean_distance", "first_token"):
                if one[name] is None:
                    assert mine[name] is None, f"{what}: stats.{name}"
                else:
                    assert abs(mine[name] - one[name]) <= 1e-6 * (1 + abs(one[name])), f"{what}: {name} {mine[name]}, {one[name]}"
    for key in ("schema", "title", "tokens", "key_tokens", "config"):
        assert got.get(key) == want.get(key), f"{what}: {key}"


def check_pooled(name):
    problem = make(name)
    truth = attend(problem)
    whole, weights = held(name)
    seen = np.broadcast_to(truth["seen"], weights.shape)
    close(name, weights, truth["weights"], 2e-6 if name != "stacked" else 2e-5)
    check_stats(whole["stats"], weights, truth["offsets"])
    # Just too many weights, and far too many: cells that are wider than what is worked on at once.
    layers, heads, n, m = weights.shape
    limits = [max(1, weights.size - 1)] + [layers * heads * 30] * (n * m > 2000)
    for limit in limits:
        for how in ("max", "mean"):
            what = f"{name}, {how} of {limit}"
            got = pooled(name, limit, "--pool", how)
            assert "weights" not in got and {"pooled", "top_keys", "top_weights"} <= set(got), what
            check_steps(what, got, weights.shape, limit)
            check_cells(what, got["pooled"], weights, how)
            check_cell_mask(what, got["pooled"], seen)
            if how == "max":
                check_top(what, got, weights, seen)
            check_same(what, got, whole, weights)


def test_pooled(*names):
    """Cells, masks, top keys, output and measures of each problem."""
    for name in names:
        check_pooled(name)


# ---- parts ----


def files(*words):
    """The run's JSON, NPY, CSV and picture as bytes."""
    names = ["part.json", "part.npy", "part.csv", "part.png"]
    for name in names:
        if os.path.exists(name):
            os.remove(name)
    run(*words, *(w for name in names for w in ("-o", name)))
    parts = {}
    for name in names:
        with open(name, "rb") as f:
            parts[name] = f.read()
    return parts


PARTS = {"few_keys": ["3:12", ":4"], "stacked": ["17", "5:40"], "uneven": ["511:530", "200:700"], "late": ["0:70", "30:65"],
         "masked_heads": ["1030:1060", "5:"], "biased": ["10:13", "1999:"], "broken_key": ["1490:1530", "1480:1520"],
         "one_query": [":", "7:9"]}


def check_chosen(what, small, large, rows, first, offsets, alone):
    """The JSON of chosen queries that were computed alone, beside that of a run that holds all: other are only the measures, which
    are those of these rows of the weights, from `first` on. Where all queries are computed, nothing is other."""
    small, large = json.loads(small), json.loads(large)
    assert small.pop("stats_of", None) == ("selected queries" if alone else None), what
    got = small.pop("stats")
    if alone:
        for one in (one for layer in got for one in layer if one["max_at"]):
            one["max_at"][0] -= first
        check_stats(got, rows, [offset + first for offset in offsets])
    else:
        assert got == large["stats"], what
    large.pop("stats")
    assert small == large, f"{what}: the JSON differs from that of a run that holds all"


def test_parts():
    """--queries and --keys cut out of weights that are not held what they cut out of those that are: the same files but for
    measures, and slices of the whole."""
    for name, (queries, keys) in PARTS.items():
        offsets = attend(make(name))["offsets"]
        words = [name + ".json", "-q", "--keys", keys] + (["--queries", queries] if queries != ":" else [])
        run(name + ".json", "-q", *ROOM, "-o", "held.npy")
        weights = np.load("held.npy")
        a, b = ([int(e) if e else None for e in x.split(":")] if ":" in x else [int(x), int(x) + 1] for x in (queries, keys))
        part = weights[:, :, slice(*a), slice(*b)]
        assert part.size < weights.size
        for more in ([], ["--head", "1"]) if weights.shape[1] > 1 else ([],):
            limit = part[:, 1:2].size if more else part.size
            small, large = (files(*words, *more, "--max-weights", size) for size in (limit, weights.size))
            rows = weights[:, 1:2, slice(*a)] if more else weights[:, :, slice(*a)]
            check_chosen(f"{name} {more}", small.pop("part.json"), large.pop("part.json"), rows, a[0] or 0, offsets,
                         rows.shape[2] < weights.shape[2] and name != "stacked")
            for file in large:
                assert small[file] == large[file], f"{name} {more}: {file} differs from that of a run that holds all"
            want = part[:, 1:2] if more else part
            got = np.load("part.npy")
            assert got.shape == want.shape and np.array_equal(got, want, equal_nan=True), f"{name} {more}: not the slice"


def test_cut_out_bytes():
    """bug: one or two queries that were cut out, and queries beside others with a large additive q, had other last digits than
    in the whole: what computes them goes by the whole"""
    rng = np.random.default_rng(4)
    q, k = floats(rng, (1, 1, 70, 8), 1), floats(rng, (1, 1, 90, 8), 1)
    large = q.copy()
    large[0, 0, 5, 3] = 40
    for problem in ({"q": q, "k": k}, {"q": large, "k": k, "score": "additive", "v_score": floats(rng, 8, 1)}, {"q": q, "k": k, "top_k": 7},
                    {"q": q, "k": k, "dilation": 40}, {"q": q, "k": k, "normalizer": "entmax15"}, {"q": q[:, :, :2], "k": k},
                    {"q": q, "k": floats(rng, (1, 1, 17000, 8), 1)}, {"q": q[:, :, :9], "k": floats(rng, (1, 1, 17000, 8), 1)}):
        write_json("cut.json", problem)
        run("cut.json", "-q", "--format", "none", "-o", "whole.npy")
        whole = np.load("whole.npy")
        for queries in ("0:1", "1:2") if whole.shape[2] == 2 else ("8", "3:5", "1:9"):
            first, end = ([int(x) for x in queries.split(":")] if ":" in queries else (int(queries), int(queries) + 1))
            limit = (end - first) * whole.shape[3]
            run("cut.json", "-q", "--format", "none", "--queries", queries, "--max-weights", limit, "-o", "cut.npy")
            assert np.array_equal(np.load("cut.npy"), whole[:, :, first:end]), (queries, [x for x in problem if x not in "qk"], whole.shape)


def test_heads():
    """Chosen layers and heads of pooled weights are those of the whole."""
    for name, layers, heads in (("stacked", [1], [2, 0]), ("few_keys", [0], [1])):
        make(name)
        whole = pooled(name, 50)
        count = len(whole["stats"]) * len(whole["stats"][0])
        # As many cells a head as in the whole.
        got = pooled(name, 50 // count * len(layers) * len(heads), "--layer", ",".join(map(str, layers)), "--head", ",".join(map(str, heads)))
        for key, a, b in (("weights", got["pooled"], whole["pooled"]), ("top_keys", got, whole), ("top_weights", got, whole),
                          ("stats", got, whole)):
            assert a[key] == [[b[key][l][h] for h in heads] for l in layers], f"{name}: {key}"
        assert got["selection"]["layers"] == layers and got["selection"]["heads"] == heads


def test_many_heads():
    """bug: many heads of some hundred tokens were held in cells of one weight each."""
    rng = np.random.default_rng(2)
    write_json("many.json", qkv(rng, 2, 30, 30, 90, 70, 2, 1))
    document = pooled("many", 2 * 30 * 90 * 70 // 3)
    check_steps("many", document, (2, 30, 90, 70), 2 * 30 * 90 * 70 // 3)
    run("many.json", "-q", "-o", "held.npy")
    check_cells("many", document["pooled"], np.load("held.npy"), "max")


# ---- other stages, and pooled JSON as an input ----


def test_stages():
    """Output, q, k and v are whole where the weights are not."""
    problem = make("masked_heads")
    limit = problem["mask"].size - 1
    for stage in ("output", "q", "k", "v"):
        for end in ("npy", "csv", "png", "json"):
            for size, left in (("64Mi", "all"), (limit, "part")):
                if end == "json" and left == "all":
                    continue
                run("masked_heads.json", "-q", "--max-weights", size, "--stage", stage, "-o", f"{left}.{end}")
        want, got = np.load("all.npy"), np.load("part.npy")
        close(stage, got, want, 2e-6 if stage == "output" else 0)
        if stage != "output":
            assert np.array_equal(got, problem[stage], equal_nan=True), stage
            for end in ("csv", "png"):
                with open(f"all.{end}", "rb") as a, open(f"part.{end}", "rb") as b:
                    assert a.read() == b.read(), f"{stage}: {end}"
        with open("part.json") as f:
            assert np.array_equal(numbers(json.load(f)[stage]), np.where(np.isfinite(got), got, np.nan), equal_nan=True), stage


def test_pipe():
    """Pooled JSON is an input: its cells are the weights, their labels those of their first tokens."""
    for name in ("late", "masked_heads", "biased"):
        problem = make(name)
        (layers, heads, n), m = problem["q"].shape[:3], problem["k"].shape[2]
        problem.update(title="long", tokens=[f"q{i}" for i in range(n)], key_tokens=[f"k{j}" for j in range(m)])
        write_json(name + ".json", problem, nulls=name == "biased")
        text = run(name + ".json", "-q", "--max-weights", layers * heads * n * m - 1, "-o", "-").stdout
        done = run("-", "-o", "-", "-o", "y.png", "-o", "y.npy", input=text)
        said = done.stderr.decode()
        rows, columns = steps(json.loads(text))
        assert (rows, columns) == (-(-n // SIDE), -(-m // SIDE))
        assert f"the weights are pooled, each cell stands for {rows}×{columns} of them" in said, said
        assert said.count("\n") == 1 or name == "masked_heads", said
        first, second = json.loads(text), json.loads(done.stdout)
        assert second["tokens"] == problem["tokens"][::rows] and second["key_tokens"] == problem["key_tokens"][::columns], name
        assert second["title"] == "long"
        assert second["weights"] == first["pooled"]["weights"], f"{name}: other weights"
        assert second["mask"] == first["pooled"]["mask"], f"{name}: another mask"
        same = np.array_equal(np.load("y.npy"), numbers(first["pooled"]["weights"]), equal_nan=True)
        assert same and os.path.getsize("y.png") > 1000, name
        again = run("-", "-q", "-o", "-", input=done.stdout).stdout
        assert again == done.stdout, f"{name}: changed the second time"


def test_schema():
    """Pooled JSON keeps to the schema, and uses every key of `pooled`."""
    from jsonschema import Draft202012Validator
    with open(SCHEMA) as f:
        schema = json.load(f)
    valid = Draft202012Validator(schema)
    used = set()
    for name, words in (("few_keys", []), ("one_query", ["--pool", "mean"]), ("stacked", ["--stage", "q", "--stage", "output"]),
                        ("few_keys", ["--head", "1"]), ("stacked", ["--layer", "1", "--head", "2,0"])):
        make(name)
        document = pooled(name, 30, *words)
        problem = next(valid.iter_errors(document), None)
        assert problem is None, f"{name} {words}: {problem.message} at {list(problem.absolute_path)}"
        used |= set(document["pooled"])
        for key in ("pooled", "top_keys", "top_weights"):
            less = {k: v for k, v in document.items() if k != key}
            assert not valid.is_valid(less), f"{name}: valid without {key}"
        assert not valid.is_valid({**document, "weights": document["pooled"]["weights"]})
    assert used == set(schema["properties"]["pooled"]["properties"]), used
    make("uneven")
    run("uneven.json", "-q", "--queries", "5:8", "--max-weights", 5000, "-o", "chosen.json")
    with open("chosen.json") as f:
        chosen = json.load(f)
    assert valid.is_valid(chosen) and chosen["stats_of"] == "selected queries"
    assert not valid.is_valid({**chosen, "stats_of": "whole heads"})


# ---- instructions, threads, memory ----


def digest(*words, env=None):
    """Of all bytes that a run writes: pooled where `words` say so."""
    done = run(*words, "-q", "-o", "-", env=env)
    return hashlib.sha256(done.stdout).hexdigest()


def wide():
    """Enough work for every thread: grouped heads, a window, keys that no chunk divides, wide rows."""
    rng = np.random.default_rng(11)
    problem = {**qkv(rng, 1, 2, 1, 389, 1027, 13, 17, 1), "causal": 500, "window": [900, 2]}
    write_json("wide.json", problem)
    return problem


def test_cpu(name):
    """One instruction set: the numbers of the oracle; the same bytes for any number of threads and any memory."""
    problem = wide()
    truth = attend(problem)
    done = run("wide.json", "-v", "--cpu", name, "-o", "x.npy", "-o", "y.npy")
    assert f"engine={name} ".encode() in done.stderr, done.stderr.decode()
    close(f"{name}: weights", np.load("x.npy"), truth["weights"], 2e-6)
    run("wide.json", "-q", "--cpu", name, "--stage", "output", "-o", "x.npy")
    close(f"{name}: output", np.load("x.npy").reshape(truth["output"].shape), truth["output"], 2e-6 * abs(problem["v"]).max())
    few = make("few_keys")
    run("few_keys.json", "-q", "--cpu", name, "-o", "x.npy")
    close(f"{name}: few keys", np.load("x.npy"), attend(few)["weights"], 2e-6)
    for words in (["--format", "none", "-o", "t.npy"], ["--max-weights", "1000"], ["--max-weights", "60"],
                  ["--max-weights", "60", "--pool", "mean"],
                  ["--max-weights", "100000", "--queries", "70:90", "--keys", "100:"]):
        written = set()
        for more in (["1"], ["2"], ["3"], ["7"], ["2", "--memory", "1Mi"], ["7", "--memory", "1"]):
            if "t.npy" in words:
                run("wide.json", "-q", "--cpu", name, *words, "--threads", *more)
                with open("t.npy", "rb") as f:
                    written.add(hashlib.sha256(f.read()).hexdigest())
            else:
                written.add(digest("wide.json", "--cpu", name, *words, "--threads", *more))
        assert len(written) == 1, f"{name} {words}: threads or memory change the bytes"
    env = {**os.environ, "ATTN_CPU": name}
    assert digest("wide.json", "--max-weights", "1000", env=env) == digest("wide.json", "--max-weights", "1000", "--cpu", name)
    if name != "portable":
        env["ATTN_CPU"] = "portable"
        assert f"engine={name} ".encode() in run("few_keys.json", "-v", "--cpu", name, "-o", "x.npy", env=env).stderr


def test_pooled_on(name):
    """Cells, top keys and measures on one instruction set."""
    os.environ["ATTN_CPU"] = name
    for problem in ("few_keys", "stacked", "tied", "steep", "late"):
        check_pooled(problem)


# ---- memory ----


def test_memory():
    """A long sequence needs its inputs and little more; its weights would be 1.6 GB."""
    rng = np.random.default_rng(1)
    n, d = 20000, 16
    for name in "qkv":
        write_csv(name + ".csv", floats(rng, (n, d), 1))
    inputs = sum(os.path.getsize(name + ".csv") + n * d * 4 for name in "qkv")
    words = [w for name in "qkv" for w in ("--" + name, name + ".csv")]
    done = run(*words, "--causal", "-o", "x.png")
    assert b"cells of 20\xc3\x9720 are held" in done.stderr, done.stderr.decode()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert peak < inputs + 100e6, f"{peak / 1e6:.0f} MB for inputs of {inputs / 1e6:.0f} MB"


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]](*sys.argv[2:])
