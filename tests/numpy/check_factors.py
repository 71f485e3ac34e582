"""
Normalizers, factors and fills that are computed in double precision: by hand, and on random problems against the oracle in
forms.py. A test is named on the command line.
"""
import json
import subprocess
import sys

import numpy as np

from check_forms import check, cpus, given, pick, random_masks, weights_of
from forms import attend_forms, entmax15_row
from oracle import ATTN, close, floats, numbers, run, split_heads, write_json

PAIR = {"q": [[1.0, 0.0], [0.5, -1.0]], "k": [[1.0, 2.0], [-1.0, 0.5], [0.25, 0.0]], "v": [[1.0], [2.0], [4.0]]}


def test_oracle():
    """The row of entmax15 sums to 1, and is (s/2 - t)² where two scores differ by little."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        z = rng.normal(size=int(rng.integers(1, 9))) * 3
        assert abs(entmax15_row(z).sum() - 1) < 1e-9
    # Two scores d apart: with a = s/2 - t of the first, a² + (a - d/2)² = 1.
    d = 0.8
    a = (d / 2 + np.sqrt(2 - d * d / 4)) / 2
    close("two scores", entmax15_row(np.array([d, 0.0])), [a * a, (a - d / 2) ** 2], 1e-9)


def test_sigmoid():
    w = weights_of({**PAIR, "score": "dot", "normalizer": "sigmoid"})
    close("by hand", w[0, 0], 1 / (1 + np.exp(-np.array([[1, -1, 0.25], [-1.5, -1, 0.125]]))), 2e-7)
    stats = given({**PAIR, "normalizer": "sigmoid"})["stats"][0][0]
    assert stats["entropy"] is None and stats["mean_distance"] is None and stats["max_weight"] is not None, stats
    check({**PAIR, "normalizer": "sigmoid", "bias": [[-1.5] * 3] * 2, "causal": True})


def test_entmax15():
    w = weights_of({**PAIR, "score": "dot", "normalizer": "entmax15"})
    close("sums", w.sum(axis=-1), np.ones((1, 1, 2)), 1e-6)
    close("one score far above", weights_of({"q": [[9.0]], "k": [[1.0], [0.0], [-1.0]], "score": "dot", "normalizer": "entmax15"})[0, 0],
          [[1, 0, 0]], 1e-7)
    check({**PAIR, "normalizer": "entmax15", "causal": "end"})


def test_top_k():
    w = weights_of({"q": [[1.0]], "k": [[1.0], [3.0], [3.0], [2.0], [3.0]], "score": "dot", "top_k": 2})
    close("of equal scores the earlier", w[0, 0], [[0, 0.5, 0.5, 0, 0]], 1e-7)
    check({**PAIR, "top_k": 2})
    check({**PAIR, "top_k": 1, "causal": True})
    check({**PAIR, "top_k": 3})
    w = given({**PAIR, "v": [[1.0], [float("nan")], [4.0]], "top_k": 2})
    assert w["output"][0][0] != [None] and w["output"][0][1] == [None], "a value that is left out does no harm"


def test_distance():
    w = given({**PAIR, "score": "distance"}, "--stage", "scores")
    close("by hand", numbers(w["scores"])[0, 0], [[-2, -2.125, -0.28125], [-4.625, -2.25, -0.53125]], 1e-6)
    check({**PAIR, "score": "distance", "scale": 0.5, "softcap": 2})


def test_query_scale():
    """Factors of the scaled scores, in every engine, before the softcap."""
    names = cpus()
    check({**PAIR, "query_scale": [2, 0.25]}, names=names)
    check({**PAIR, "query_scale": [2, -0.25], "softcap": 1.5, "causal": True}, names=names)
    rng = np.random.default_rng(2)
    n, m, d = 70, 130, 24
    p = {"q": floats(rng, (2, n, d), 1), "k": floats(rng, (2, m, d), 1), "v": floats(rng, (2, m, d), 1)}
    scales = 1 + np.log1p(np.arange(n) // 8)
    check({**p, "query_scale": scales, "causal": "end"}, names=names)
    check({**p, "query_scale": scales, "dilation": 3, "bias": floats(rng, (n, m), 1)}, names=names)
    check({**p, "query_scale": scales, "position": "alibi"}, names=names)


def test_per_head():
    """Scale, temperature, softcap and sink, a number a head, in every engine."""
    names = cpus()
    rng = np.random.default_rng(3)
    p = {"q": floats(rng, (3, 40, 8), 1), "k": floats(rng, (3, 50, 8), 1), "v": floats(rng, (3, 50, 8), 1)}
    check({**p, "scale": [1, 0.5, -0.25]}, names=names)
    check({**p, "temperature": [1, 2, 0.5], "causal": True}, names=names)
    check({**p, "softcap": [0, 1, 2.5], "scale": 1}, names=names)
    check({**p, "sink": [0, 1.5, -2]}, names=names)
    check(p, {"scale": [1, 0.5, 2], "softcap": [3, 0, 3]}, names=names)
    got = given({**p, "scale": [1, 0.5, -0.25], "softcap": [0, 1, 2.5], "temperature": [1, 2, 4]})["config"]
    assert got["scale"] == [1, 0.5, -0.25] and got["softcap"] == [0, 1, 2.5] and got["temperature"] == [1, 2, 4], got
    write_json("lists.json", {**p, "scale": [1, 0.5, -0.25], "temperature": [2, 2, 1]})
    words = [w for stage in ("q", "k", "v") for w in ("--stage", stage)]
    for some in ([], ["--head", "1"], ["--head", "2,0"]):
        run("lists.json", *some, *words, "--sink", "0,1,2", "-q", "-o", "part.json")
        part = json.load(open("part.json"))
        write_json("computed.json", {key: value for key, value in part.items() if key not in ("weights", "output", "stats")})
        for again in ("part.json", "computed.json"):
            again = json.loads(run(again, "-q", "-o", "-").stdout)
            close(f"{some}", numbers(part["weights"]), numbers(again["weights"]), 2e-6)
        assert part["config"] == again["config"], (some, part["config"], again["config"])
    mean = json.loads(run("lists.json", "--average", "heads", "-q", "-o", "-").stdout)["config"]
    assert "scale" not in mean and "temperature" not in mean, mean
    mean = json.loads(run("lists.json", "--average", "heads", "--head", "0,1", "-q", "-o", "-").stdout)["config"]
    assert "scale" not in mean and mean["temperature"] == 2, mean
    write_json("p.json", p)
    one = json.loads(subprocess.run([ATTN, "explain", "p.json", "--head", "1", "--scale", "1,0.5,2", "--format", "json"],
                                    capture_output=True, check=True).stdout)
    assert one["scale"] == 0.5, one["scale"]
    close("explain", [key["weight"] for key in one["keys"]], weights_of({**p, "scale": [1, 0.5, 2]})[0, 1, 39], 2e-6)
    for over in ({"scale": [1, 2]}, {"sink": [1, 2, 3, 4]}):
        done = subprocess.run([ATTN, "run", "p.json", *(f"--{k}={','.join(map(str, v))}" for k, v in over.items()), "-o", "-"], capture_output=True)
        assert done.returncode == 2 and b"expected one number, or one for each of 3 heads" in done.stderr, done.stderr


def test_gaussian():
    p = {**PAIR, "score": "dot", "centers": [0.5, 2.0], "sigma": 0.75}
    plain = weights_of({**PAIR, "score": "dot"})[0, 0]
    j = np.arange(3)
    close("by hand", weights_of(p)[0, 0], plain * np.exp(-((j - np.array([[0.5], [2.0]])) ** 2) / (2 * 0.75**2)), 2e-7)
    check(p)
    check({**PAIR, "centers": [0.5, 2.0], "sigma": [0.5, 3.0], "top_k": 2})
    heads = {"q": [PAIR["q"]] * 2, "k": [PAIR["k"]] * 2, "v": [PAIR["v"]] * 2}
    check({**heads, "centers": [[0, 1], [2, 0.5]], "sigmas": [1, 2], "causal": 1})


def test_mask_fill():
    closed = {**PAIR, "mask": [[1, 0, 1], [0, 0, 0]]}
    check({**closed, "mask_fill": -2.0})
    check({**closed, "mask_fill": -1e9})
    w = given({**closed, "mask_fill": -1e9}, "--stage", "mask")
    close("an empty row is uniform", numbers(w["weights"])[0, 0, 1], [1 / 3] * 3, 1e-7)
    close("and has the mean of the values", numbers(w["output"])[0, 1], [7 / 3], 1e-6)
    assert w["mask"][0][0] == [[1, 0, 1], [0, 0, 0]] and w["pairs"]["allowed"] == [[2]], w
    check({**closed, "mask_fill": "nan"})
    write_json("fill.json", {**closed, "mask_fill": -1e9})
    said = run("fill.json", "-o", "-").stderr.decode()
    assert "1 of 2 rows may see no key: their weights are those of mask_fill" in said, said
    write_json("fill.json", {**closed, "mask_fill": "nan"})
    said = run("fill.json", "-o", "-").stderr.decode()
    assert "1 of 2 rows may see no key: their weights are those of mask_fill" in said and "too large" not in said, said


def test_differential():
    """Two runs of the oracle, over the first and the second heads, and their difference; v has one head a pair."""
    rng = np.random.default_rng(21)
    for heads, kv_heads, more in ((2, 2, {}), (4, 4, {"causal": True}), (4, 2, {"causal": "end", "softcap": 2.0}),
                                  (8, 4, {"normalizer": "sparsemax"}), (4, 4, {"mask": np.tri(5, 6, 1), "score": "cosine", "scale": 3}),
                                  (4, 4, {"position": "rotary"}), (4, 4, {"position": "alibi"}), (4, 4, {"sink": 0.5, "top_k": 2})):
        n, m, d = 5, 6, 4
        q, k, v = floats(rng, (heads, n, d), 1), floats(rng, (kv_heads, m, d), 1), floats(rng, (kv_heads // 2, m, 3), 1)
        shares = [float(x) for x in rng.random(heads // 2)]
        p = {"q": q, "k": k, "v": v, "differential": shares, **more}
        got = given(p, "--stage", "heads")
        full = np.repeat(k, heads // kv_heads, axis=0)
        each = np.repeat(v, heads // 2 // len(v), axis=0)
        first, second = (attend_forms({"q": q[i::2], "k": full[i::2], "v": each, **more})[0] for i in (0, 1))
        share = np.reshape(shares, (-1, 1, 1))
        want = first["weights"] - share * second["weights"]
        close(f"{more} weights", numbers(got["weights"])[0], want, 4e-6)
        close(f"{more} heads", numbers(got["heads"])[0], want @ each, 2e-5)
        close(f"{more} output", numbers(got["output"])[0].reshape(n, heads // 2, 3).transpose(1, 0, 2), want @ each, 2e-5)
        assert got["config"]["heads"] == heads // 2 and all(one["entropy"] is None for one in got["stats"][0]), got["config"]
        write_json("pairs.json", p)
        run("pairs.json", "-q", "-o", "back.json")
        done = run("back.json", "-o", "-")
        assert not done.stderr and json.loads(done.stdout)["weights"] == got["weights"], done.stderr.decode()
        one = json.loads(subprocess.run([ATTN, "explain", "pairs.json", "--head", "1" if heads > 2 else "0", "--query", "2", "--format", "json"],
                                        capture_output=True, check=True).stdout)
        h = 1 if heads > 2 else 0
        close("explain", [key["weight"] for key in one["keys"]], want[h, 2], 4e-6)
        close("first", [key["first"] for key in one["keys"]], first["weights"][h, 2], 4e-6)
        close("second", [key["second"] for key in one["keys"]], second["weights"][h, 2], 4e-6)
        part = json.loads(run("pairs.json", "--queries", "2:4", "--max-weights", str(6 * heads), "-q", "-o", "-").stdout)
        if "weights" in part:
            close("a part", numbers(part["weights"])[0], want[:, 2:4], 4e-6)
    # Over embeddings: heads·d columns of q and k, half as many heads of v, and a projection of the output.
    x = floats(rng, (5, 6), 1)
    w = {name: floats(rng, shape, 0.5) for name, shape in (("w_q", (6, 8)), ("w_k", (6, 8)), ("w_v", (6, 6)), ("w_o", (6, 3)))}
    got = given({"embeddings": x, **w, "heads": 4, "differential": 0.3})
    q, k, v = (split_heads(x @ w[name], of) for name, of in (("w_q", 4), ("w_k", 4), ("w_v", 2)))
    a = [attend_forms({"q": q[i::2], "k": k[i::2], "v": v})[0]["weights"] for i in (0, 1)]
    want = ((a[0] - 0.3 * a[1]) @ v).transpose(1, 0, 2).reshape(5, 6) @ w["w_o"]
    close("embeddings", numbers(got["output"])[0], want, 2e-5)


def test_far_sigmoid():
    """bug: ALiBi was counted from the nearest key under a sigmoid, too, which changes its weights"""
    rng = np.random.default_rng(6)
    for more in ({"causal": 4}, {"causal": True, "mask": np.tril(np.ones((9, 9)), -3)}, {"key_length": 2, "top_k": 1}):
        problem = {"q": floats(rng, (2, 9, 4), 1), "k": floats(rng, (2, 9, 4), 1), "v": floats(rng, (2, 9, 3), 1),
                   "position": "alibi", "normalizer": "sigmoid", **more}
        check(problem, None, cpus())


def test_least_scores():
    """bug: dropout and top_k marked what they leave out by the least float32, which a bias may be"""
    least = -3.4028234663852886e38
    for more in ({"dropout": 0.5, "seed": 1}, {"top_k": 2}, {"dropout": 0.5, "seed": 3, "top_k": 3, "normalizer": "sparsemax"},
                 {"dropout": 0.3, "seed": 2, "normalizer": "sigmoid"}):
        problem = {"q": np.zeros((6, 1)), "k": np.zeros((5, 1)), "v": np.arange(5.0)[:, None],
                   "bias": [[0] * 5, [least] * 5, [0, least, 0, least, 0]] * 2, **more}
        want = given(problem, "--cpu", "plain")
        for name in cpus():
            got = given(problem, "--cpu", name)
            close(f"{more}, {name}", numbers(got["weights"]), numbers(want["weights"]), 1e-6)
            one, other = got["stats"][0][0], want["stats"][0][0]
            assert one["max_at"] == other["max_at"] and abs(one["first_token"] - other["first_token"]) < 1e-6, (more, name, one, other)


def test_thresholds_of_blocks():
    """bug: --memory, which decides how many rows are worked on together, changed last digits of sparsemax and entmax15"""
    rng = np.random.default_rng(3)
    write_json("rows.json", {name: floats(rng, (130, 4), 1) for name in "qkv"})
    for more in (["--normalizer", "entmax15"], ["--normalizer", "sparsemax"], ["--top-k", "5"], ["--normalizer", "entmax15", "--top-k", "90"]):
        for name in cpus():
            runs = {run("rows.json", *more, "--cpu", name, "-q", "--memory", memory, "-o", "-").stdout for memory in ("1K", "20000", "1G")}
            assert len(runs) == 1, (more, name)


def test_read_back():
    """Weights under these forms are an input again, without a warning about their sums."""
    for more in ({"normalizer": "sigmoid"}, {"centers": [0, 2], "sigma": 1}, {"normalizer": "entmax15"}, {"top_k": 1}):
        write_json("first.json", {**PAIR, **more})
        run("first.json", "-o", "second.json")
        done = run("second.json", "-o", "-")
        assert not done.stderr, (more, done.stderr.decode())
        first, second = json.load(open("second.json")), json.loads(done.stdout)
        assert first["weights"] == second["weights"], more
        for one, other in zip(first["stats"][0], second["stats"][0]):  # the sums of the first are in float32
            assert one["max_at"] == other["max_at"], (more, one, other)
            for name in ("entropy", "max_weight", "mean_distance", "first_token"):
                assert one[name] == other[name] or abs(one[name] - other[name]) < 1e-6, (more, name, one, other)


def random_problem(seed):
    rng = np.random.default_rng([seed, 12])
    n, m, d, heads = (int(rng.integers(1, top)) for top in (9, 14, 7, 4))
    f = {}
    random_masks(rng, n, m, heads, f)
    f.pop("separator", None)
    p = {"q": floats(rng, (heads, n, d), 1.5), "k": floats(rng, (heads, m, d), 1.5), "v": floats(rng, (heads, m, 3), 1)}
    f["normalizer"] = pick(rng, "softmax", "sparsemax", "sigmoid", "entmax15")
    f["score"] = pick(rng, "scaled", "dot", "distance", "cosine")
    if rng.random() < 0.4:
        f["top_k"] = int(rng.integers(1, m + 2))
    if rng.random() < 0.3:
        p["query_scale"] = floats(rng, n, 1)
    if rng.random() < 0.3:
        p["centers"] = floats(rng, pick(rng, (n,), (heads, n)), 5)
        f["sigma"] = pick(rng, 0.5, 2.0, [float(x) for x in rng.random(n) + 0.1])
    if rng.random() < 0.3:
        f["mask_fill"] = pick(rng, -1e9, -1.0, 0.0, "nan")
    if rng.random() < 0.2:
        f["softcap"] = 2.0
    if rng.random() < 0.3:
        p["bias"] = floats(rng, (n, m), 1)
    return {**p, **f}


def random_problems(first, end):
    names = cpus()
    for seed in range(first, end):
        try:
            problem = random_problem(seed)
            if isinstance(problem.get("sigma"), list):
                problem["sigmas"] = problem.pop("sigma")
            check(problem, names=names)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from None


if __name__ == "__main__":
    if sys.argv[1] == "random":
        random_problems(int(sys.argv[2]), int(sys.argv[3]))
    else:
        globals()["test_" + sys.argv[1]]()
