"""
Projections as other software stores them, norms of q and k, gates: against the oracle in forms.py, which knows only plain
projections. A test is named on the command line.
"""
import sys

import numpy as np

from check_forms import check, cpus, given, weights_of
from oracle import close, floats, numbers, run, write_json


def problem(rng, heads=4, kv_heads=2, n=5, d_model=6, d=3):
    """Embeddings and plain projections of rank 2."""
    return {"embeddings": floats(rng, (n, d_model), 1), "heads": heads, "kv_heads": kv_heads,
            "w_q": floats(rng, (d_model, heads * d), 0.5), "w_k": floats(rng, (d_model, kv_heads * d), 0.5),
            "w_v": floats(rng, (d_model, kv_heads * d), 0.5), "w_o": floats(rng, (heads * d, d_model), 0.5),
            "b_q": floats(rng, heads * d, 0.5), "b_k": floats(rng, kv_heads * d, 0.5), "b_v": floats(rng, kv_heads * d, 0.5)}


def without(p, *names):
    return {key: value for key, value in p.items() if key not in names}


def by_heads(w, heads, axis):
    """d_model×(heads·d) with an axis for heads in front, or behind d_model."""
    cut = np.reshape(w, (len(w), heads, -1))
    return cut.transpose(1, 0, 2) if axis == 0 else cut


STAGES = ["q", "k", "v", "weights", "output"]


def same(what, p, plain):
    """A run of p gives what a run of its plain form gives, which NumPy judges."""
    check(plain)
    words = [w for stage in STAGES for w in ("--stage", stage)]
    got, want = given(p, *words), given(plain, *words)
    for stage in STAGES:
        close(f"{what}: {stage}", numbers(got[stage]), numbers(want[stage]), 0)
    assert got["config"]["heads"] == want["config"]["heads"] and got["config"]["kv_heads"] == want["config"]["kv_heads"], what


def test_out_in():
    p = problem(np.random.default_rng(1))
    turned = {key: np.transpose(value) if key.startswith("w_") else value for key, value in p.items()}
    same("out_in", {**turned, "w_layout": "out_in"}, p)
    same("in_out", {**p, "w_layout": "in_out"}, p)
    square = problem(np.random.default_rng(2), heads=2, kv_heads=2, d_model=6, d=3)
    turned = {key: np.transpose(value) if key.startswith("w_") else value for key, value in square.items()}
    same("square", {**turned, "w_layout": "out_in"}, square)
    write_json("turned.json", turned)
    got = numbers(given(turned, "--w-layout", "out_in")["weights"])
    close("the option", got, numbers(given(square)["weights"]), 0)


def test_heads_axis():
    for axis in (0, 1):
        p = problem(np.random.default_rng(3 + axis))
        cut = {"w_q": by_heads(p["w_q"], 4, axis), "w_k": by_heads(p["w_k"], 2, axis), "w_v": by_heads(p["w_v"], 2, axis),
               "w_o": np.reshape(p["w_o"], (4, 3, 6)), "b_q": np.reshape(p["b_q"], (4, 3)),
               "b_k": np.reshape(p["b_k"], (2, 3)), "b_v": np.reshape(p["b_v"], (2, 3))}
        same(f"axis {axis}", {**without(p, "heads", "kv_heads"), **cut}, p)
        same(f"axis {axis}, said", {**p, **cut}, p)
    p = problem(np.random.default_rng(5))
    linear = {key: by_heads(p[key], heads, 0).transpose(0, 2, 1) for key, heads in (("w_q", 4), ("w_k", 2), ("w_v", 2))}
    same("heads and out_in", {**p, **linear, "w_o": np.transpose(p["w_o"]), "w_layout": "out_in"}, p)


def test_fused():
    for heads, kv_heads in ((4, 4), (4, 2), (4, 1), (1, 1)):
        p = problem(np.random.default_rng(heads * 10 + kv_heads), heads, kv_heads)
        rest = without(p, "w_q", "w_k", "w_v", "b_q", "b_k", "b_v")
        thirds = {"w_qkv": np.concatenate([p["w_q"], p["w_k"], p["w_v"]], axis=1), "b_qkv": np.concatenate([p["b_q"], p["b_k"], p["b_v"]])}
        same("thirds", {**rest, **thirds}, p)
        group = heads // kv_heads

        def mixed(t, q, k, v):
            q, k, v = (np.reshape(x, (t, of, 3)) for x, of in ((q, heads), (k, kv_heads), (v, kv_heads)))
            return np.concatenate([np.concatenate([q[:, g * group:(g + 1) * group], k[:, g:g + 1], v[:, g:g + 1]], axis=1)
                                   for g in range(kv_heads)], axis=1).reshape(t, -1)

        by_head = {"w_qkv": mixed(6, p["w_q"], p["w_k"], p["w_v"]), "b_qkv": mixed(1, p["b_q"], p["b_k"], p["b_v"])[0], "qkv_layout": "heads"}
        same("heads", {**rest, **by_head}, p)
        same("heads, turned", {**rest, **by_head, "w_qkv": np.transpose(by_head["w_qkv"]), "w_o": np.transpose(p["w_o"]), "w_layout": "out_in"}, p)


def test_layers():
    """Each layer of a stack has its own."""
    rng = np.random.default_rng(9)
    first, second = problem(rng, 2, 2), problem(rng, 2, 2)
    plain = {"embeddings": first["embeddings"], "heads": 2, "layers": [without(p, "embeddings", "heads", "kv_heads") for p in (first, second)]}
    fused = [{"w_qkv": np.concatenate([p["w_q"], p["w_k"], p["w_v"]], axis=1).T, "b_qkv": np.concatenate([p["b_q"], p["b_k"], p["b_v"]]),
              "w_o": p["w_o"].T, "w_layout": "out_in"} for p in (first, second)]
    same("layers", {**plain, "layers": fused}, plain)
    same("one turned", {**plain, "layers": [fused[0], plain["layers"][1]]}, plain)


def test_qk_norm():
    rng = np.random.default_rng(11)
    names = cpus()
    p = problem(rng)
    for kind in ("rms", "layer"):
        check({**p, "q_norm": floats(rng, 3, 1), "k_norm": floats(rng, 3, 1), "qk_norm_kind": kind}, names=names)
        check({**p, "q_norm": floats(rng, 12, 1), "k_norm": floats(rng, 6, 1), "qk_norm_kind": kind, "qk_norm_epsilon": 0.1}, names=names)
    r = {"q": floats(rng, (2, 5, 4), 1), "k": floats(rng, (2, 7, 4), 1), "v": floats(rng, (2, 7, 4), 1)}
    check({**r, "position": "rotary", "q_norm": [1, 2, 0.5, 1], "k_norm": [0.5, 1, 1, 2]}, names=names)
    check({**r, "q_norm": [1, 2, 0.5, 1]}, names=names)
    # By hand: (3, 4) has a mean square of 12.5.
    w = weights_of({"q": [[3.0, 4.0]], "k": [[1.0, 0.0], [0.0, 1.0]], "q_norm": [1, 1], "scale": 1})
    x = np.array([3, 4]) / np.sqrt(12.5)
    close("by hand", w[0, 0], [np.exp(x) / np.exp(x).sum()], 1e-6)


def test_gate():
    rng = np.random.default_rng(13)
    p = problem(rng)
    for gates in (4, 12):
        check({**p, "gate": floats(rng, (5, gates), 1)})
        check({**p, "w_gate": floats(rng, (6, gates), 1)})
        check({**p, "w_gate": floats(rng, (6, gates), 1), "norm": "pre"})
        same("turned", {**{k: np.transpose(v) if k.startswith("w_") else v for k, v in p.items()}, "w_layout": "out_in",
                        "w_gate": np.reshape(np.arange(6 * gates) / 50, (gates, 6))},
             {**p, "w_gate": np.reshape(np.arange(6 * gates) / 50, (gates, 6)).T})
    check({**without(p, "w_o"), "gate": floats(rng, (5, 4), 1)})
    stack = {"embeddings": p["embeddings"], "heads": 2, "layers": [{"w_gate": floats(rng, (6, 2), 1)}, {"w_gate": floats(rng, (6, 6), 1)}]}
    check(stack)


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
