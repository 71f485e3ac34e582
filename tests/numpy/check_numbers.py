"""
What is written as numbers: JSON, CSV and NPY hold the same float32, selections are slices, the JSON keeps to its schema
and is an input again. A test is named on the command line; DATA in the environment is the folder of the samples.
"""
import csv
import itertools
import json
import os
import struct
import subprocess
import sys

import numpy as np

from oracle import ALL_STAGES as ORACLE_STAGES, PAIR_STAGES as ORACLE_PAIRS, check_stats, close, csv_column, floats, null_to, numbers, run, write_json

DATA = os.environ.get("DATA", "data")
CONTRIBUTIONS = ["contribution", "contribution_share"]
ALL_STAGES = [*ORACLE_STAGES, "heads", *CONTRIBUTIONS]
PAIR_STAGES = [*ORACLE_PAIRS, *CONTRIBUTIONS]
SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "attn-output.schema.json")


def sample(name):
    return f"{DATA}/{name}.json"


def grouped():
    """Two layers, four heads over two K/V heads, 6 queries, 7 keys, a mask a head, and a row that sees nothing."""
    rng = np.random.default_rng(5)
    mask = rng.random((2, 4, 6, 7)) < 0.8
    mask[0, 1, 2] = False
    problem = {"title": "grouped", "tokens": list("abcdef"), "key_tokens": list("tuvwxyz"), "q": floats(rng, (2, 4, 6, 3), 1),
               "k": floats(rng, (2, 2, 7, 3), 1), "v": floats(rng, (2, 2, 7, 5), 1), "mask": mask, "causal": 2}
    write_json("grouped.json", problem)
    return problem


def bits(x):
    return np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)


def same_bits(what, a, b):
    """The same float32, bit for bit, but that any NaN is as good as another."""
    a, b = np.asarray(a, dtype=np.float32), np.asarray(b, dtype=np.float32)
    assert a.shape == b.shape, f"{what}: shapes {a.shape} and {b.shape}"
    bad = (bits(a) != bits(b)) & ~(np.isnan(a) & np.isnan(b))
    assert not bad.any(), f"{what}: {bad.sum()} differ, the first at {np.argwhere(bad)[0].tolist()}"


def read_csv(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def stage_of(document, stage):
    """A stage of the JSON; masked scores are null there and -infinity elsewhere."""
    return numbers(document[stage], masked=-np.inf if stage == "masked" else np.nan)


# ---- the three formats ----


def test_formats():
    """Every stage is the same in JSON, NPY and CSV, with the indices and labels of the CSV in order."""
    grouped()
    words = [w for stage in ALL_STAGES for w in ("--stage", stage)]
    whole = json.loads(run("grouped.json", *words, "-o", "-").stdout)
    for stage in ALL_STAGES:
        run("grouped.json", "--stage", stage, "-o", f"{stage}.npy", "-o", f"{stage}.csv")
        want, array, rows = stage_of(whole, stage), np.load(f"{stage}.npy"), read_csv(f"{stage}.csv")
        assert array.dtype == np.dtype("<f4") and array.flags.c_contiguous, (stage, array.dtype)
        same_bits(f"{stage}.npy", array, want)
        pairs, keys = stage in PAIR_STAGES, stage in "kv"
        value = {"scores": "raw_score", "scaled": "scaled_score", "masked": "masked_score", "weights": "weight",
                 "mask": "allowed"}.get(stage, stage if pairs else "value")
        row = "key" if keys else "query"
        header = ["layer", "head", "query", "key", "query_token", "key_token", value, "masked"] if pairs else \
            ["layer", "head", row, "feature", f"{row}_token", value]
        assert list(rows[0]) == header, (stage, list(rows[0]))
        same_bits(f"{stage}.csv", np.array([r[value] for r in rows], dtype=np.float32).reshape(want.shape), want)
        shape = want.shape if stage != "output" else (want.shape[0], 1, *want.shape[1:])
        for r, index in zip(rows, itertools.product(*map(range, shape))):
            assert tuple(int(r[name]) for name in header[:4]) == index, (stage, r, index)
            label = whole["key_tokens" if keys else "tokens"][index[2]]
            assert r[f"{row}_token"] == label and (not pairs or r["key_token"] == whole["key_tokens"][index[3]]), (stage, r)
        if pairs:
            same_bits(f"{stage}.csv, masked", np.array([r["masked"] for r in rows], dtype=np.float32).reshape(want.shape),
                      1 - stage_of(whole, "mask"))
    text = run("grouped.json", "--format", "csv", "-o", "x.npy").stdout.decode()
    with open("weights.csv") as f:
        assert text == f.read(), "--format csv is not what -o x.csv has"


def test_masked():
    """--masked nan changes weights, contributions and masked scores of masked pairs alone; all stages of pairs join in one CSV; --measures."""
    grouped()
    pairs = [*PAIR_STAGES, "mask"]
    stages = [w for stage in pairs for w in ("--stage", stage)]
    whole = json.loads(run("grouped.json", *stages, "-o", "-", "--measures", "measures.csv").stdout)
    masked = stage_of(whole, "mask") == 0
    assert masked.any() and not masked.all()
    columns = {"scores": "raw_score", "scaled": "scaled_score", "masked": "masked_score", "weights": "weight", "mask": "allowed", **{stage: stage for stage in CONTRIBUTIONS}}
    for word in ("0", "nan"):
        run("grouped.json", *stages, "--masked", word, "-o", "all.csv")
        rows = read_csv("all.csv")
        for stage in pairs:
            want = stage_of(whole, stage).copy()
            if word == "nan" and stage in ("weights", "masked", *CONTRIBUTIONS):
                want[masked] = np.nan
            same_bits(f"{word}, {stage}", np.array([r[columns[stage]] for r in rows], dtype=np.float32).reshape(want.shape), want)
            run("grouped.json", "--stage", stage, "--masked", word, "-o", "one.npy")
            same_bits(f"{word}, {stage}.npy", np.load("one.npy"), want)
    rows = read_csv("measures.csv")
    flat = [(l, h, s) for l, layer in enumerate(whole["stats"]) for h, s in enumerate(layer)]
    assert len(rows) == len(flat)
    for r, (l, h, s) in zip(rows, flat):
        assert [int(r[k]) for k in ("layer", "head", "max_at_query", "max_at_key")] == [l, h, *s["max_at"]], (r, s)
        for key in ("entropy", "max_weight", "mean_distance", "first_token"):
            assert np.float32(r[key]) == np.float32(s[key]), (r, s)


def measures(document):
    return [[s[key] for key in ("entropy", "max_weight", "mean_distance", "first_token")] for layer in document["stats"] for s in layer]


def test_round_trip():
    """JSON back to float32 is NPY, and a second pass changes nothing."""
    grouped()
    inputs = [["grouped.json"], *([sample(s)] for s in ("sentence", "causal", "cross", "projections")),
              [w for t in "qkv" for w in ("--" + t, f"{DATA}/{t}.csv")]]
    for words in inputs:
        first = run(*words, "-o", "-", "-o", "first.npy").stdout
        same_bits(str(words), numbers(json.loads(first)["weights"]), np.load("first.npy"))
        second = run("-", "-o", "-", "-o", "second.npy", input=first).stdout
        same_bits(f"{words} again", np.load("second.npy"), np.load("first.npy"))
        a, b = json.loads(first), json.loads(second)
        for key in ("title", "tokens", "key_tokens", "weights", "mask"):
            assert a.get(key) == b.get(key), f"{words}: {key} changed"
        # The measures come from the scores the first time and from the weights the second.
        assert np.allclose(measures(a), measures(b), rtol=1e-5, atol=1e-6), f"{words}: stats changed"
        assert a["config"]["causal"] == b["config"]["causal"]
        assert run("-", "-o", "-", input=second).stdout == second, f"{words}: not the same bytes the third time"


def test_float_classes():
    """Zeros of both signs, denormals, the largest, and any other float32 survive every format; NaN and infinity are null."""
    rng = np.random.default_rng(7)
    special = [0, 1, 0x80000000, 0x80000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x3F800000, 0x3F7FFFFF, 0x3F800001,
               0x33800000, 0x4B7FFFFF, 0x4B800001, 0x5F000000, 0x7F800000, 0xFF800000, 0x7FC00000]
    values = np.array(special + list(rng.integers(0, 1 << 32, 20000 - len(special))), dtype=np.uint32).view(np.float32)
    values = values.reshape(100, 200)
    with np.errstate(invalid="ignore"):
        write_json("floats.json", {"attention": values.astype(np.float64)})
    out = run("floats.json", "-q", "-o", "-", "-o", "floats.npy", "-o", "floats.csv").stdout
    same_bits("npy", np.load("floats.npy")[0, 0], values)
    with open("floats.csv") as f:
        same_bits("csv", csv_column(f.read(), "weight", values.shape), values)
    got = json.loads(out)["weights"][0][0]
    finite = np.isfinite(values)
    same_bits("json", np.where(finite, np.array(null_to(got, 0), dtype=np.float32), 0), np.where(finite, values, 0))
    assert all((x is None) != f for row, flags in zip(got, finite) for x, f in zip(row, flags)), "null where there is a number"


def test_large_matrices():
    """What threads write some rows each is all there, in order, and the same bytes for any number of them."""
    rng = np.random.default_rng(11)
    for shape in ((2, 300, 301), (1, 3, 20000), (1, 9000, 1), (1, 1, 9000)):
        weights = rng.random(shape).astype(np.float32)
        write_json("large.json", {"attention": weights})
        run("large.json", "-q", "-o", "one.json", "--threads", 1)
        run("large.json", "-q", "-o", "three.json", "--threads", 3)
        with open("one.json", "rb") as one, open("three.json", "rb") as three:
            text = one.read()
            assert text == three.read(), shape
        got = np.array(json.loads(text)["weights"], dtype=np.float32)[0]
        assert np.array_equal(bits(got), bits(weights)), shape


def test_negative_zero():
    """A reader that takes -0 for an integer lost its sign."""
    write_json("zero.json", {"attention": [[-0.0, 1.0]]})
    got = json.loads(run("zero.json", "-o", "-").stdout)["weights"][0][0][0]
    assert isinstance(got[0], float) and struct.pack(">d", got[0])[0] == 0x80, got


def test_labels():
    """Labels of every kind come back as they were, from JSON and from CSV."""
    labels = ['"', "a,b", "two\nlines", "\r\n", "\u0000", "a\u0000b", "😀", "👩‍👩‍👧", "é", "é", "", " ", " x ", "'", "#1", "=1+1",
              "\t", "\u2028", "\u007f", "\u0085", "\u202ebidi", "中文", "\\", "\\n", "</script>", "�", "nan", "1.5", "x" * 500]
    n = len(labels)
    write_json("labels.json", {"q": np.zeros((n, 1)), "k": np.zeros((n, 1)), "tokens": labels, "key_tokens": labels[::-1],
                               "title": "".join(labels)})
    out = run("labels.json", "-o", "-", "-o", "labels.csv").stdout
    got = json.loads(out)
    assert got["tokens"] == labels and got["key_tokens"] == labels[::-1] and got["title"] == "".join(labels)
    again = json.loads(run("-", "-o", "-", input=out).stdout)
    assert again["tokens"] == labels and again["key_tokens"] == labels[::-1] and again["title"] == got["title"]
    rows = read_csv("labels.csv")
    shown = [label.replace("\u0000", "␀") for label in labels]  # which text in a CSV cannot hold
    assert [r["query_token"] for r in rows[::n]] == shown, [r["query_token"] for r in rows[::n]]
    assert [r["key_token"] for r in rows[:n]] == shown[::-1]
    back = json.loads(run("labels.csv", "-o", "-").stdout)
    assert back["tokens"] == shown and back["key_tokens"] == shown[::-1], back["tokens"]


# ---- selections ----

SELECTIONS = [
    [], ["--layer", "1"], ["--head", "2"], ["--head", "3,0,1:3"], ["--queries", "2:5"], ["--queries", "3"], ["--keys", "1:"],
    ["--keys", ":4"], ["--average", "heads"], ["--average", "heads", "--head", "1,3"],
    ["--layer", "1,0", "--head", "1", "--queries", "1:3", "--keys", "2:6"],
    ["--layer", "1", "--average", "heads", "--head", "0,2", "--queries", "4:", "--keys", "0:1"],
]


def span(text, size):
    if text is None:
        return 0, size
    a, colon, b = text.partition(":")
    return int(a or 0), int(b or size) if colon else int(a) + 1


def listed(text, size):
    if text is None:
        return list(range(size))
    ends = [part.split(":") for part in text.split(",")]
    return [i for e in ends for i in range(int(e[0]), int(e[-1]) + (len(e) == 1))]


def test_selections():
    """Layers, heads, queries, keys and the mean over heads agree with slices of the whole in NumPy."""
    grouped()
    every = [w for stage in ALL_STAGES for w in ("--stage", stage)]
    whole = json.loads(run("grouped.json", *every, "-o", "-").stdout)
    full = {stage: stage_of(whole, stage) for stage in ALL_STAGES}
    for words in SELECTIONS:
        said = dict(zip(words[::2], words[1::2]))
        layers, heads = listed(said.get("--layer"), 2), listed(said.get("--head"), 4)
        (a, b), (c, d) = span(said.get("--queries"), 6), span(said.get("--keys"), 7)
        mean = "--average" in said
        got = json.loads(run("grouped.json", *words, *every, "-o", "-").stdout)
        for stage in ALL_STAGES:
            t = full[stage][layers]
            if stage in "kv" and ("--head" in said or mean):
                t = np.repeat(t, 2, axis=1)  # each chosen head with its K/V head
            if stage == "output" and "--head" in said and not mean:  # its columns, head by head
                t = t.reshape(*t.shape[:-1], 4, -1)[..., heads, :].reshape(*t.shape[:-1], -1)
            if stage != "output":
                t = t[:, heads] if t.shape[1] == 4 else t
                with np.errstate(all="ignore"):
                    if mean and stage == "masked":
                        seen = np.isfinite(t)
                        t = np.where(seen, t, 0).astype(np.float64).sum(axis=1, keepdims=True) / seen.sum(axis=1, keepdims=True)
                        t[np.isnan(t)] = -np.inf
                    elif mean:
                        t = t.astype(np.float64).mean(axis=1, keepdims=True)
            t = t[..., c:d, :] if stage in "kv" else t[..., a:b, :]
            t = t[..., c:d] if stage in PAIR_STAGES else t
            mine = stage_of(got, stage)
            assert mine.shape == t.shape, f"{words}, {stage}: shape {mine.shape}, not {t.shape}"
            assert np.allclose(mine, t, rtol=2e-7, atol=0) if mean else np.array_equal(mine, t), f"{words}, {stage}"
        chosen = 1 if mean else len(heads)
        assert got["config"]["heads"] == chosen, words
        assert got["config"]["kv_heads"] == (chosen if "--head" in said or mean else 2), f"{words}: kv_heads"
        assert got["tokens"] == list("abcdef")[a:b] and got["key_tokens"] == list("tuvwxyz")[c:d], words
        assert (got.get("selection") is None) == (words == []), words
        if words:
            assert got["selection"] == {"layers": layers, "heads": heads, "average": "heads" if mean else None,
                                        "queries": [a, b], "keys": [c, d]}, got["selection"]
        if mean:
            averages = full["weights"][layers][:, heads].astype(np.float64).mean(axis=1, keepdims=True)
            check_stats(got["stats"], averages.astype(np.float32), [2, 2])
        else:
            assert got["stats"] == [[whole["stats"][l][h] for h in heads] for l in layers], f"{words}: stats are of whole heads"
        run("grouped.json", *words, "-o", "part.npy", "-o", "part.csv", "-o", "part.json")
        weights = stage_of(got, "weights")
        same_bits(f"{words}, npy", np.load("part.npy"), weights)
        rows = read_csv("part.csv")
        same_bits(f"{words}, csv", np.array([r["weight"] for r in rows], dtype=np.float32).reshape(weights.shape), weights)
        index = [(l, h, i, j) for l in layers for h in ([0] if mean else heads) for i in range(a, b) for j in range(c, d)]
        assert [tuple(int(r[x]) for x in ("layer", "head", "query", "key")) for r in rows] == index, words
        assert [r["key_token"] for r in rows] == ["tuvwxyz"[j] for *_, j in index], words
        check_mask(got, whole, layers, heads, a, b, c, d, words)


def test_mask_of_an_average():
    """bug: --average heads made 0.5 of a mask, which is refused as input, and counted the pairs of one head"""
    mask = [[[1, 0, 0], [1, 1, 0]], [[1, 0, 1], [0, 0, 0]]]
    write_json("two.json", {"q": np.ones((2, 2, 1)), "k": np.ones((2, 3, 1)), "mask": mask})
    got = json.loads(run("two.json", "--average", "heads", "--stage", "mask", "-o", "-").stdout)
    assert got["mask"] == [[[[1, 0, 1], [1, 1, 0]]]], got["mask"]
    assert got["pairs"] == {"of": 6, "allowed": [[4]]}, got["pairs"]
    write_json("mask.json", {"q": np.ones((2, 1)), "k": np.ones((3, 1)), "mask": got["mask"]})
    run("mask.json", "-o", "-")


def check_mask(got, whole, layers, heads, a, b, c, d, words):
    """mask and config.causal together say what was masked, in positions of the selection."""
    full = np.isfinite(stage_of(whole, "masked"))[layers][:, heads][:, :, a:b, c:d]
    if "--average" in words:
        full = full.any(axis=1, keepdims=True)
    n, m = b - a, d - c
    seen = np.broadcast_to(np.array(got["mask"]) if "mask" in got else np.ones((n, m)), full.shape) != 0
    causal = got["config"]["causal"]
    if causal is not False:
        seen = seen & (np.arange(m)[None] <= np.arange(n)[:, None] + (0 if causal is True else causal))
    assert np.array_equal(seen, full), f"{words}: mask and config do not say what was masked"


def test_csv_head_of_a_stage():
    """The CSV of q said head 0 whatever head was chosen."""
    grouped()
    for stage, want in (("q", {"2"}), ("v", {"2"}), ("scores", {"2"}), ("output", {"0"})):
        run("grouped.json", "--head", "2", "--stage", stage, "-o", "one.csv")
        assert {r["head"] for r in read_csv("one.csv")} == want, stage


# ---- through a pipe ----


def piped(words, *more):
    """The pictures of a run and of its own JSON."""
    for left in ("direct.png", "piped.png"):
        if os.path.exists(left):
            os.remove(left)
    out = run(*words, "-q", "-o", "-", "-o", "direct.png", *more).stdout
    run("-", "-q", "-o", "piped.png", *more, input=out)
    with open("direct.png", "rb") as a, open("piped.png", "rb") as b:
        assert a.read() == b.read(), f"{words}: the picture of the piped JSON is another one"


def test_pipe():
    grouped()
    write_json("windowed.json", {"q": np.zeros((9, 1)), "k": np.zeros((9, 1)), "window": [2, 1], "tokens": list("abcdefghi")})
    for name in ("sentence", "causal", "cross", "projections"):
        for words in ([], ["--queries", "1:4"], ["--keys", "1:4"], ["--queries", "1:3", "--keys", "2:5"]):
            piped([sample(name), *words])
    for words in ([], ["--queries", "1:4", "--keys", "1:6"]):
        piped(["grouped.json", *words])
    for words in ([], ["--queries", "2:5"], ["--causal=end"]):
        piped(["windowed.json", *words])
    piped([w for t in "qkv" for w in ("--" + t, f"{DATA}/{t}.csv")])
    piped([sample("sentence"), "--queries", "1:4"], "--cmap", "magma", "--color-scale", "sqrt")


def test_weights_made_again():
    """bug: config had a scale with the temperature in it beside the temperature, which together divided twice"""
    for words in (["--temperature", "2"], ["--temperature", "0.5", "--scale", "0.3", "--softcap", "2", "--causal"], ["--score", "cosine"],
                  ["--normalizer", "sparsemax", "--temperature", "3"], ["--normalizer", "linear"], ["--sink", "1"],
                  ["--dropout", "0.3", "--seed", "5", "--window", "2,1", "--global", "0"], ["--score", "dot", "--position", "rotary"]):
        got = json.loads(run(sample("sentence"), *words, *(w for s in "qkv" for w in ("--stage", s)), "-o", "-").stdout)
        want = numbers(got.pop("weights"))
        write_json("again.json", got)
        again = json.loads(run("again.json", "-o", "-").stdout)
        close(f"{words}, read back", numbers(again["weights"]), want, 1e-6)
        close(f"{words}, output", numbers(again["output"]), numbers(got["output"]), 1e-5)
        skipped = ("d_k", "d_v", "position", "global")
        keys = {name: value for name, value in got["config"].items() if name not in skipped}
        write_json("keys.json", {name: got[name] for name in "qkv"} | ({"mask": got["mask"]} if "mask" in got else {}) | keys)
        close(f"{words}, as keys", numbers(json.loads(run("keys.json", "-o", "-").stdout)["weights"]), want, 1e-6)


def test_pipe_without_labels():
    """Numbers that stood in for labels came back as labels, and were drawn in another way."""
    rng = np.random.default_rng(3)
    write_json("unlabelled.json", {"q": floats(rng, (40, 4), 1), "k": floats(rng, (40, 4), 1), "causal": True})
    piped(["unlabelled.json"])


def test_pipe_of_a_head():
    """A selection of heads goes through with its weights, its tokens and what is masked."""
    grouped()
    for words in (["--head", "2"], ["--layer", "1", "--head", "1,3"], ["--average", "heads"], ["--head", "0", "--keys", "1:5"]):
        first = run("grouped.json", *words, "-q", "-o", "-").stdout
        second = run("-", "-q", "-o", "-", input=first).stdout
        a, b = json.loads(first), json.loads(second)
        assert all(a.get(key) == b.get(key) for key in ("weights", "tokens", "key_tokens", "mask", "title")), words


# ---- the schema ----


def validator():
    from jsonschema import Draft202012Validator
    with open(SCHEMA) as f:
        schema = json.load(f)
    Draft202012Validator.check_schema(schema)
    return schema, Draft202012Validator(schema)


def test_schema():
    """Whatever is asked for, the JSON keeps to docs/attn-output.schema.json, and uses every key of it."""
    schema, valid = validator()
    grouped()
    write_json("nothing.json", {"q": [[np.nan]], "k": [[1], [2]], "v": [[1], [2]]})
    write_json("wide.json", {"q": [[1, 2]], "k": [[1, 2]], "layers": [{"scale": 1}, {"scale": 2}]})
    every = [w for stage in ALL_STAGES for w in ("--stage", stage)]
    runs = [[sample(s), *words] for s in ("sentence", "causal", "cross", "projections")
            for words in ([], every, ["--causal=end", "--window", "2,-1", *every], ["--head", "0", "--queries", "1:3"],
                          ["--average", "heads", "--softcap", "3"])]
    runs += [["grouped.json", *words, *every] for words in SELECTIONS]
    runs += [["grouped.json", "--max-weights", "100"], [sample("causal"), "--max-weights", "100", "--pool", "mean"]]
    runs += [[sample("causal"), "--max-weights", "100", "--queries", "1:3"]]
    runs += [["nothing.json", *every], ["nothing.json", "--causal=-1"], ["wide.json"], ["grouped.json", "--causal=-3"]]
    runs += [[sample("sentence"), *words] for words in (
        ["--score", "cosine", "--temperature", "0.5", "--sink", "1", "--dropout", "0.1", "--seed", "3", "--stage", "mask", "--causal"],
        ["--position", "rotary", "--rotary-dim", "4", "--position-base", "500", "--stage", "encoding", "--normalizer", "sparsemax"],
        ["--position", "rotary", "--attention-factor", "2"],
        ["--position", "rotary", "--position-sections", "1,2", "--rope-scaling",
         "yarn:factor=4,original_max_position_embeddings=8,truncate=false,beta_fast=9,mscale=2"],
        ["--position", "rotary", "--rope-scaling", "longrope:short_factor=[1,1,2],long_factor=[1,2,4],factor=4,max_position_embeddings=3,"
         "mrope_section=[1,2],rope_theta=99"],
        ["--recurrence", "linear", "--stage", "mask"], ["--recurrence", "linear", "--stage", "output"],
        ["--normalizer", "linear", "--window", "3", "--prefix", "2", "--causal", "--stage", "output", "--stage", "k"], ["--block", "2", "--dilation", "2", "--global", "1,3", "--separator", "black"],
        ["--causal", "--prefix", "2", "--key-length", "5", "--stage", "mask"])]
    write_json("stack.json", {"embeddings": np.eye(3), "layers": [{}, {}], "residual": True, "norm": "pre"})
    write_json("table.json", {"q": np.eye(3), "k": np.eye(3), "position": "relative", "max_distance": 5, "relative_bias": [[1], [2], [3], [4]]})
    for name, fill in (("filled", -1e9), ("broken", "nan")):
        write_json(f"{name}.json", {"q": np.eye(3), "k": np.eye(3), "v": np.eye(3), "causal": -1, "mask_fill": fill, "top_k": 2, "centers": [0, 1, 2], "sigma": 2})
        runs.append([f"{name}.json", *every])
    write_json("pair.json", {"q": [np.eye(3), np.eye(3)], "k": [np.eye(3), np.eye(3)], "differential": 0.5})
    runs.append(["pair.json"])
    write_json("turned.json", {"q": np.eye(2), "k": np.eye(2), "past_k": np.eye(2), "past_v": np.eye(2), "v": np.eye(2), "position": "rotary",
                               "past_rotated": True})
    runs += [[sample("patches"), "--grid-axis", "queries"], ["grouped.json", "--average", "layers", *every],
             ["grouped.json", "--average", "heads,layers"], ["grouped.json", "--words", "--stage", "mask"]]
    runs += [["turned.json"], [sample("patches")], [sample("induction_trained")], ["stack.json", *every], ["table.json", "--stage", "encoding"]]
    used = set()
    for words in runs:
        document = json.loads(run(*words, "-q", "-o", "-").stdout)
        problem = next(valid.iter_errors(document), None)
        assert problem is None, f"{words}: {problem.message} at {list(problem.absolute_path)}"
        used |= set(document) | {"config." + key for key in document["config"]}
        assert not valid.is_valid({**document, "surplus": 1}) and not valid.is_valid({**document, "schema": "attn/0"})
    known = set(schema["properties"]) | {"config." + key for key in schema["properties"]["config"]["properties"]}
    assert used == known, f"never written: {known - used}"


def test_every_key_stands_once_in_the_json():
    """bug: --draw-mask beside a mask wrote two keys of that name"""
    def once(pairs):
        assert len({name for name, _ in pairs}) == len(pairs), [name for name, _ in pairs]
        return dict(pairs)

    for words in (["--draw-mask"], ["--draw-mask", "--key-length", "4"], ["--draw-mask", "--causal", "--queries", "1:3"]):
        got = json.loads(run(sample("sentence"), *words, "-o", "-").stdout, object_pairs_hook=once)
        assert np.ndim(got["mask"]) == 4


def test_past_keys_and_windows_are_told_as_a_mask():
    """bug: with past_k the config had a window that counted from another offset"""
    write_json("past.json", {"q": np.ones((2, 1)), "k": np.ones((2, 1)), "past_k": np.ones((3, 1)), "window": [1, 0]})
    run("past.json", "-o", "once.json")
    first = json.load(open("once.json"))
    assert "window" not in first["config"]
    assert first["mask"] == [[0, 0, 1, 1, 0], [0, 0, 0, 1, 1]]
    run("once.json", "-o", "twice.json")
    assert json.load(open("twice.json"))["mask"] == first["mask"]


def test_where_queries_stand():
    """bug: the JSON read back had another mean_distance where query 0 did not stand at key 0"""
    x, more = np.eye(3), np.concatenate([np.eye(3), np.ones((3, 3))])
    past = {"q": x, "k": x, "v": x, "past_k": x, "past_v": x}
    wide = {"q": x, "k": more}
    for problem, words, offset in (
            (past, [], 3), (past, ["--causal", "--prefix", "2"], 3), (past, ["--window", "1"], 3), (wide, ["--causal=end"], 3),
            (wide, ["--causal=end", "--key-length", "4"], 3), (wide, ["--causal=2", "--window", "1", "--global", "0"], 2),
            ({**wide, "mask": np.ones((3, 6))}, ["--causal=1"], 1), ({**wide, "layers": [{"causal": 1}, {"causal": "end"}, {}]}, [], [1, 3, 0]),
            ({**wide, "layers": [{"causal": 1}, {"causal": "end"}, {}]}, ["--layer", "1"], 3), (wide, [], None)):
        write_json("stand.json", problem)
        text = run("stand.json", *words, "-q", "-o", "-").stdout
        first, again = json.loads(text), json.loads(run("-", "-q", "-o", "-", input=text).stdout)
        assert first["config"].get("offset") == again["config"].get("offset") == offset, (words, first["config"], again["config"])
        near = [[[head["mean_distance"] for head in layer] for layer in got["stats"]] for got in (first, again)]
        assert np.allclose(*near, rtol=1e-6), (words, near)
    part = json.loads(run("stand.json", "--queries", "1:", "--keys", "3:5", "-q", "-o", "-").stdout)
    assert part["config"]["offset"] == -2


def test_jq():
    """What one asks of the JSON with jq."""
    def jq(query, text):
        done = subprocess.run(["jq", "-rc", query], input=text, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    text = run(sample("sentence"), "-o", "-").stdout
    assert jq(".schema", text) == "attn/1"
    assert jq(".tokens[1]", text) == "cat"
    assert jq("[.weights[][][] | add | . * 1e6 | round] | unique", text) == "[1000000]"
    assert jq(". as $a | .weights[0][0] | to_entries[] | .value as $w | $a.key_tokens[$w | index(max)]", text).split("\n") == \
        ["The", "The", "cat", "chased", "the", "black"]
    assert jq(".stats[0] | length", text) == "2"
    assert jq("[.stats[][] | .max_at | length]", text) == "[2,2]"
    assert jq(".config | [.heads, .d_k, .causal]", text) == "[2,6,false]"


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
