"""
Positions that are given, on one axis and on several, and the frequencies of rotary: by hand, and on random problems against
the oracle in forms.py and rope.py, on every --cpu. A test is named on the command line; `random A B` runs the problems with
these seeds, `case SEED` one. Files go to the current folder.
"""
import json
import os
import subprocess
import sys

import numpy as np

from check_forms import check, cpus, given, pick, stage_of, weights_of
from forms import alibi_slopes, rotate, sinusoidal
from oracle import ATTN, close, floats, numbers, run, write_csv, write_json
from rope import Turning, frequencies


def as_text(scaling):
    """rope_scaling as --rope-scaling takes it."""
    def value(x):
        return str(x).lower() if isinstance(x, bool) else f"[{','.join(map(str, x))}]" if isinstance(x, list) else str(x)

    rest = ",".join(f"{name}={value(x)}" for name, x in scaling.items() if name not in ("rope_type", "type") and x is not None)
    return scaling.get("rope_type", scaling.get("type")) + (":" + rest if rest else "")


# ---- random problems ----


def random_scaling(rng, pairs):
    """An object as Hugging Face writes it, for so many pairs."""
    kind = pick(rng, "default", "linear", "dynamic", "yarn", "llama3", "longrope")
    s = {pick(rng, "rope_type", "type"): "su" if kind == "longrope" and rng.random() < 0.3 else kind}
    trained = int(pick(rng, 4, 10, 16, 64, 4096))
    if kind != "default":
        s["factor"] = float(pick(rng, 1, 1.5, 4, 8, 32))
    if kind == "dynamic":
        s["max_position_embeddings"] = trained
    if kind in ("yarn", "llama3", "longrope"):
        s["original_max_position_embeddings"] = trained
    if kind == "llama3":
        s |= {"low_freq_factor": float(pick(rng, 0.5, 1)), "high_freq_factor": float(pick(rng, 2, 4))}
    if kind == "longrope":
        s |= {name: [float(x) for x in rng.uniform(0.8, 9, pairs).round(3)] for name in ("short_factor", "long_factor")}
    if kind == "yarn":
        s |= {name: value for name, value in (("beta_fast", float(pick(rng, 2, 16, 32))), ("beta_slow", float(pick(rng, 0.5, 1, 2))),
                                              ("truncate", bool(rng.random() < 0.5)), ("mscale", pick(rng, 0, 0.707, 1.5)),
                                              ("mscale_all_dim", pick(rng, 0, 1, 0.5))) if rng.random() < 0.5}
    if kind in ("yarn", "longrope"):
        if rng.random() < 0.25:
            del s["factor"]
            s["max_position_embeddings"] = trained * int(pick(rng, 1, 2, 16))
        if rng.random() < 0.3:
            s["attention_factor"] = float(pick(rng, 0.8, 1, 1.25))
    if rng.random() < 0.3:
        s["rope_theta"] = float(pick(rng, 100, 500000))
    return s


def random_axes(rng, d, f):
    """Into f, sections or none. Gives the number of axes."""
    if rng.random() < 0.5:
        sections = [int(x) for x in rng.integers(1, 3, int(rng.integers(2, 4)))]
        if sum(sections) <= d // 2:
            f |= {"position_sections": sections, "rotary_dim": 2 * sum(sections)}
            return len(sections)
    axes = int(pick(rng, 1, 1, 2, 3))
    if axes > 1 and d // (2 * axes) > 0:
        f["rotary_dim"] = 2 * axes * int(rng.integers(1, d // (2 * axes) + 1))
        return axes
    return 1


def random_rotary(rng, d, f):
    """Into f, how q and k are turned. Gives the number of axes."""
    axes = random_axes(rng, d, f)
    if axes == 1 and rng.random() < 0.5:
        f["rotary_dim"] = 2 * int(rng.integers(1, d // 2 + 1))
    pairs = f.get("rotary_dim", d // 2 * 2) // 2
    if d % 2 and "rotary_dim" not in f:
        f["rotary_dim"] = 2 * pairs
    own = pairs if axes == 1 or "position_sections" in f else pairs // axes
    how = pick(rng, "scaling", "scaling", "scaling", "given", "none")
    if how == "scaling":
        f["rope_scaling"] = random_scaling(rng, own)
    if how == "given":
        f["inv_freq"] = rng.uniform(0, 2, pick(rng, own, pairs)).astype(np.float32)
        if rng.random() < 0.5:
            f["attention_factor"] = float(pick(rng, 0.9, 1.3))
    if how != "given" and "rope_theta" not in f.get("rope_scaling", {}) and rng.random() < 0.3:
        f["position_base"] = float(pick(rng, 50, 500000))
    return axes


def random_places(rng, axes, count):
    """Positions as padding, packing, eviction and images leave them, or of any kind."""
    def one():
        how = pick(rng, "padded", "packed", "gaps", "any")
        if how == "padded":
            zeros = int(rng.integers(0, count + 1))
            return np.maximum(np.arange(count) - zeros, 0)
        if how == "packed":
            return np.arange(count) % int(rng.integers(1, count + 1))
        if how == "gaps":
            return np.cumsum(rng.integers(0, 9, count))
        return (rng.uniform(-6, 40, count) * 4).round() / 4

    rows = np.array([one() for _ in range(axes)], dtype=float)
    return rows[0] if axes == 1 and rng.random() < 0.7 else rows


def random_problem(seed):
    rng = np.random.default_rng([seed, 77])
    kind = pick(rng, "rotary", "rotary", "rotary", "rotary-interleaved", "alibi", "relative", "sinusoidal")
    heads = int(pick(rng, 1, 2, 3, 4))
    kv_heads = int(pick(rng, *[g for g in (1, 2, 3, 4) if heads % g == 0]))
    d, n, past = int(pick(rng, 2, 4, 6, 8, 13, 16)), int(pick(rng, 1, 2, 5, 17)), int(pick(rng, 0, 0, 0, 1, 6))
    own = n if past or rng.random() < 0.6 else int(pick(rng, 1, 4, 17))
    f = {"position": kind, "heads": heads, "kv_heads": kv_heads}
    size = 0.4 if d > 8 else 1
    if kind == "sinusoidal":
        past = 0 if rng.random() < 0.5 else past
        d_model = int(pick(rng, 4, 7))
        f["embeddings"] = floats(rng, (n, d_model), 1)
        if own != n or rng.random() < 0.4:
            f["context"] = floats(rng, (own, d_model), 1)
        f |= {"w_q": floats(rng, (d_model, heads * d), 0.4), "w_k": floats(rng, (d_model, kv_heads * d), 0.4),
              "w_v": floats(rng, (d_model, kv_heads * 3), 0.4)}
    else:
        f |= {"q": floats(rng, (n, heads * d), size), "k": floats(rng, (own, kv_heads * d), size), "v": floats(rng, (own, kv_heads * 3), 1)}
    if past:
        f |= {"past_k": floats(rng, (past, kv_heads * d), size), "past_v": floats(rng, (past, kv_heads * 3), 1)}
    axes, m = 1, past + own
    if kind.startswith("rotary"):
        axes = random_rotary(rng, d, f)
        if past and rng.random() < 0.6:
            f["past_rotated"] = True
    if kind == "alibi" and rng.random() < 0.4:
        f["slopes"] = abs(floats(rng, heads, 0.5))
    if kind == "relative":
        f["relative_bias"] = floats(rng, (int(pick(rng, 4, 8, 32)), heads), 1)
    if axes > 1 or kind in ("alibi", "relative") or rng.random() < 0.8:
        how = pick(rng, "queries", "keys", "both")
        alone = not past or kind == "sinusoidal" or f.get("past_rotated") and own == n
        if how == "keys" and m >= n or how == "queries" and not alone and m >= n:
            f["positions"] = random_places(rng, axes, m)
        else:
            f["positions"] = random_places(rng, axes, n)
            if how == "both" and (kind != "sinusoidal" or "context" in f):
                f["key_positions"] = random_places(rng, axes, m)
            elif not alone:
                f["key_positions"] = random_places(rng, axes, m)
    if rng.random() < 0.4:
        f["causal"] = pick(rng, True, "end", 1, -1)
    if rng.random() < 0.2:
        f["window"] = [int(rng.integers(0, 4)), int(rng.integers(-1, 4))]
    if rng.random() < 0.15:
        f["dilation"] = 2
    if rng.random() < 0.15:
        f["softcap"] = 5
    return f


def random_cases(first, end):
    names, failed = cpus(), []
    for seed in range(first, end):
        try:
            check(random_problem(seed), None, names, f"case{seed}")
        except Exception as problem:
            failed.append(seed)
            print(f"case {seed}: {problem!r}")
        os.remove(f"case{seed}.json")
    assert not failed, f"failed: {failed}; check_positions.py case SEED runs one"


# ---- the oracle itself ----


def test_oracle():
    """The oracle, on what is known without it, and against the plain rotation of forms.py."""
    rng = np.random.default_rng(3)
    t = rng.standard_normal((2, 9, 8))
    for interleaved in (True, False):
        plain = Turning(6, 500, interleaved).turn(t, np.arange(9)[None])
        close("plain", plain, rotate(t, np.arange(9), 6, 500, interleaved), 1e-14)
    # Two axes are two heads of their own; sections of equal positions are no sections.
    at = np.array([[0, 0, 1, 1, 2, 2, 3, 3, 4], [0, 1, 0, 1, 0, 1, 0, 1, 0]])
    cut = Turning(8, 100, False, axes=2).turn(t, at)
    halves = [rotate(t[..., c:c + 4], at[c // 4], 4, 100, False) for c in (0, 4)]
    close("parts", cut, np.concatenate(halves, axis=-1), 1e-14)
    same = np.array([at[0]] * 3)
    close("sections", Turning(8, 100, False, 3, [1, 2, 1]).turn(t, same), rotate(t, at[0], 8, 100, False), 1e-14)
    # Linear is positions divided; dynamic and longrope go by the length; the middle of YaRN and Llama 3 lies between.
    plain = frequencies(64, 10000, None, 0)[0]
    close("linear", frequencies(64, 10000, {"rope_type": "linear", "factor": 4.0}, 0)[0], plain / 4, 1e-16)
    dynamic = {"rope_type": "dynamic", "factor": 2.0, "max_position_embeddings": 100}
    close("dynamic within", frequencies(64, 10000, dynamic, 100)[0], plain, 1e-16)
    far = frequencies(64, 10000, dynamic, 300)[0]
    assert abs(far[-1] - plain[-1] / 5) < 1e-12 and far[0] == 1, "5 = 2·300/100 - 1 stretches the slowest pair"
    yarn, factor = frequencies(64, 10000, {"rope_type": "yarn", "factor": 16.0, "original_max_position_embeddings": 4096}, 0)
    assert (yarn[:20] == plain[:20]).all() and np.allclose(yarn[46:], plain[46:] / 16) if len(yarn) > 46 else True
    assert abs(factor - (0.1 * np.log(16) + 1)) < 1e-15 and (yarn <= plain + 1e-18).all() and (yarn >= plain / 16 - 1e-18).all()
    assert frequencies(64, 10000, {"rope_type": "yarn", "factor": 16.0, "mscale": 1.0, "mscale_all_dim": 1.0, "original_max_position_embeddings": 4096}, 0)[1] == 1
    long = {"rope_type": "longrope", "factor": 4.0, "original_max_position_embeddings": 8, "short_factor": [1.0, 2], "long_factor": [3.0, 4]}
    close("longrope within", frequencies(4, 100, long, 8)[0], [1, 0.05], 1e-16)
    close("longrope beyond", frequencies(4, 100, long, 9)[0], [1 / 3, 0.025], 1e-16)
    assert abs(frequencies(4, 100, long, 9)[1] - np.sqrt(1 + np.log(4) / np.log(8))) < 1e-15


# ---- by hand ----


def test_padding():
    """What is left of a sentence is what it is without its padding."""
    rng = np.random.default_rng(1)
    words, m = floats(rng, (4, 6), 1), 7
    padded = np.concatenate([np.full((3, 6), 9), words])
    at, mask = [0, 0, 0, 0, 1, 2, 3], [0, 0, 0, 1, 1, 1, 1]
    for kind in ("sinusoidal", "rotary", "rotary-interleaved", "alibi", "relative"):
        more = {"position": kind, "causal": True} | ({"relative_bias": np.arange(8)[:, None] / 4} if kind == "relative" else {})
        alone = weights_of({"embeddings": words, **more})[0, 0]
        for positions in (at, [at], np.array(at)[:, None]):
            got = weights_of({"embeddings": padded, **more, "key_mask": mask, "positions": positions})[0, 0]
            close(kind, got[3:, 3:], alone, 2e-6)
            assert not got[:3].any() and not got[:, :3].any()
        named = {"embeddings": padded, **more, "key_mask": mask, "position_ids": at}
        close(kind + " as position_ids", weights_of(named)[0, 0, 3:, 3:], alone, 2e-6)


def test_packing():
    """Documents beside each other are what each is by itself."""
    rng = np.random.default_rng(2)
    words = floats(rng, (7, 4), 1)
    parts, at = [slice(0, 3), slice(3, 7)], [0, 1, 2, 0, 1, 2, 3]
    for kind in ("sinusoidal", "rotary", "alibi"):
        more = {"position": kind, "causal": True}
        got = weights_of({"embeddings": words, **more, "segments": [0] * 3 + [1] * 4, "positions": at})[0, 0]
        for part in parts:
            close(kind, got[part, part], weights_of({"embeddings": words[part], **more})[0, 0], 2e-6)


def test_distances():
    """ALiBi and relative by the positions; masks by the place."""
    p = {"q": np.zeros((3, 2)), "k": np.zeros((3, 2)), "heads": 2, "position": "alibi", "positions": [4, 0.5, -2]}
    distance = abs(np.array([4, 0.5, -2])[:, None] - [4, 0.5, -2])
    close("alibi", stage_of(p, "encoding")[0], -alibi_slopes(2)[:, None, None] * distance, 1e-7)
    close("masked", stage_of({**p, "slopes": [1, 2], "causal": True}, "masked")[0, 0], np.where(np.tri(3) > 0, -distance, np.nan), 1e-6)
    table = np.arange(8)[:, None] * [[1, 10]]
    far = {**p, "position": "relative", "relative_bias": table, "positions": [0, 30, 31]}
    close("relative", stage_of(far, "encoding")[0, 0], [[0, 7, 7], [3, 0, 5], [3, 1, 0]], 1e-7)
    close("between", stage_of({**far, "positions": [0, 0.5, 3]}, "encoding")[0, 0], [[0, 4, 6], [0, 0, 6], [2, 2, 0]], 1e-7)
    none = {name: value for name, value in p.items() if name not in ("position", "positions")}
    for masks in ({"causal": True}, {"window": 1}, {"dilation": 2}, {"block": 2}, {"window": 0, "global": [0]}):
        got, want = given({**p, **masks}, "--stage", "mask"), given({**none, **masks}, "--stage", "mask")
        assert got["mask"] == want["mask"] and got["pairs"] == want["pairs"], masks
    same = weights_of({**p, "positions": [0, 1, 2]})
    close("places as positions", same, weights_of({name: value for name, value in p.items() if name != "positions"}), 1e-7)


def test_part():
    """A part of the queries of many, of which not all weights are held, and the output where none are."""
    rng = np.random.default_rng(5)
    for kind in ("alibi", "relative", "rotary"):
        p = {"q": floats(rng, (40, 4), 1), "k": floats(rng, (40, 4), 1), "v": floats(rng, (40, 2), 1), "position": kind, "causal": True,
             "positions": rng.integers(0, 30, 40)} | ({"relative_bias": floats(rng, (8, 1), 1)} if kind == "relative" else {})
        whole = given(p)
        part = given(p, "--queries", "30:36", "--max-weights", "300")
        close(kind, numbers(part["weights"])[0, 0], numbers(whole["weights"])[0, 0, 30:36], 1e-7)
        close(kind, numbers(given(p, "--max-weights", "300")["output"]), numbers(whole["output"]), 1e-6)


def test_plain_engine():
    """-v says that ALiBi between positions runs in the plain engine, and rotary in the fast one."""
    p = {"q": np.zeros((3, 2)), "k": np.zeros((3, 2)), "positions": [0, 0, 1]}
    scaled = {"position": "rotary", "rope_scaling": {"rope_type": "linear", "factor": 2}}
    for more, plain in (({"position": "alibi"}, True), ({"position": "rotary"}, False), (scaled, False)):
        write_json("engine.json", {**p, **more})
        said = run("engine.json", "-v", "-o", "-").stderr.decode()
        assert ("engine=plain" in said) == plain, said


def test_past():
    """Positions of a past: all of them, or the new ones beside key_positions; and keys that have been turned."""
    rng = np.random.default_rng(4)
    q, k, v = floats(rng, (6, 8), 1), floats(rng, (6, 8), 1), floats(rng, (6, 3), 1)
    at = np.array([0, 0, 1, 2, 5, 6])
    whole = {"q": q, "k": k, "v": v, "causal": True, "position": "rotary", "positions": at}
    part = {"q": q[4:], "k": k[4:], "v": v[4:], "past_k": k[:4], "past_v": v[:4], "causal": True, "position": "rotary"}
    turned = rotate(k[None].astype(float), at, 8, 10000, False)[0, :4]
    want = weights_of(whole)[0, 0, 4:]
    for more in ({"positions": at}, {"positions": at[:, None]}, {"positions": at[4:], "key_positions": at},
                 {"positions": at[4:, None], "key_positions": at[:, None]}, {"past_k": turned, "past_rotated": True, "positions": at},
                 {"past_k": turned, "past_rotated": True, "positions": at[4:]},
                 {"past_k": turned, "past_rotated": True, "positions": at[4:], "key_positions": at}):
        close(str(list(more)), weights_of({**part, **more})[0, 0], want, 2e-6)
    plain = weights_of({**whole, "positions": np.arange(6)})[0, 0, 4:]
    stood = rotate(k[None].astype(float), np.arange(6), 8, 10000, False)[0, :4]
    close("turned at places", weights_of({**part, "past_k": stood, "past_rotated": True})[0, 0], plain, 2e-6)
    close("not turned", weights_of({**part, "past_rotated": False})[0, 0], plain, 2e-6)
    alibi = {**part, "position": "alibi", "positions": at[4:], "key_positions": at}
    close("alibi", weights_of(alibi)[0, 0], weights_of({**whole, "position": "alibi"})[0, 0, 4:], 2e-6)
    waves = {"embeddings": np.zeros((2, 4)), "past_k": np.zeros((3, 4)), "past_v": np.zeros((3, 4)), "position": "sinusoidal"}
    for positions in ([7, 8.5], [0, 0, 0, 7, 8.5]):
        close("sinusoidal", stage_of({**waves, "positions": positions}, "k")[0, 0, 3:], sinusoidal([7, 8.5], 4, 10000), 1e-6)
    cross = {"embeddings": np.zeros((2, 4)), "context": np.zeros((3, 4)), "position": "sinusoidal", "positions": [7, 8], "key_positions": [0, 4, 2]}
    close("context", stage_of(cross, "k")[0, 0], sinusoidal([0, 4, 2], 4, 10000), 1e-6)
    close("context at its places", stage_of({**cross, "key_positions": None}, "k")[0, 0], sinusoidal([0, 1, 2], 4, 10000), 1e-6)


def test_stack():
    """Sinusoidal in a stack: the positions of its first layer are those of every layer's context."""
    p = {"embeddings": np.zeros((2, 4)), "context": np.zeros((3, 4)), "position": "sinusoidal"}
    at = {"positions": [5, 6], "key_positions": [0, 9, 1.5]}
    for problem in ({**p, **at, "layers": [{}, {}]}, {**p, "layers": [at, {}]}):
        k = numbers(given(problem, "--stage", "k")["k"])
        close("the context of both layers", k[:, 0], [sinusoidal([0, 9, 1.5], 4, 10000)] * 2, 1e-6)
        q = numbers(given(problem, "--stage", "q")["q"])
        close("q", q[0, 0], sinusoidal([5, 6], 4, 10000), 1e-6)
    turned = {**p, "position": None, "layers": [{"position": "sinusoidal", **at}, {"position": "rotary", "positions": [0, 1], "key_positions": [3, 3, 4]}]}
    k = numbers(given(turned, "--stage", "k")["k"])
    close("turned by its own", k[1], rotate(sinusoidal([0, 9, 1.5], 4, 10000)[None], [3, 3, 4], 4, 10000, False), 1e-6)


def test_axes():
    """Rows and columns of an image, and the sections of M-RoPE."""
    p = {"q": [[1, 0, 0, 2, 5]] * 4, "k": [[1, 0, 0, 2, 5]] * 4, "rotary_dim": 4, "position": "rotary", "position_base": 100}
    at = np.array([[0, 0, 1, 1], [0, 1, 0, 1.5]])
    c, s = np.cos, np.sin
    close("halves", stage_of({**p, "positions": at}, "q")[0, 0],
          [[c(y), s(y), -2 * s(x), 2 * c(x), 5] for y, x in at.T], 1e-6)
    close("encoding", stage_of({**p, "positions": at}, "encoding").reshape(4, 4), [[c(y), c(x), s(y), s(x)] for y, x in at.T], 1e-6)
    sections = {**p, "positions": at, "position_sections": [1, 1]}
    close("sections", stage_of(sections, "k")[0, 0], [[c(y), -2 * s(x / 10), s(y), 2 * c(x / 10), 5] for y, x in at.T], 1e-6)
    for other in ({**p, "positions": at, "rope_scaling": {"type": "mrope", "mrope_section": [1, 1]}},
                  {**p, "position_ids": at[:, None], "position_sections": [1, 1]}, {**p, "position_ids": at[None], "position_sections": [1, 1]}):
        close("said otherwise", stage_of(other, "k")[0, 0], stage_of(sections, "k")[0, 0], 0)
    write_json("axes.json", {**p, "positions": at})
    got = json.loads(run("axes.json", "--position-sections", "1,1", "--stage", "k", "-o", "-").stdout)
    close("on the command line", numbers(got["k"])[0, 0], stage_of(sections, "k")[0, 0], 0)
    text = {**p, "positions": [3, 4, 5, 6]}
    close("one axis for all sections", stage_of({**text, "position_sections": [1, 1]}, "k"), stage_of(text, "k"), 0)
    # A part of pairs t and t + 2 with frequencies that begin again, as the image encoder of Qwen2-VL has them.
    vision = {**p, "position_base": None, "positions": at, "position_sections": [1, 1], "inv_freq": [1, 1]}
    close("frequencies again", stage_of(vision, "k")[0, 0], [[c(y), -2 * s(x), s(y), 2 * c(x), 5] for y, x in at.T], 1e-6)
    one = {"q": [[1.0, 0, 2, 0]], "k": [[1.0, 0, 2, 0]], "position": "rotary-interleaved", "positions": [[2], [3]]}
    close("a single token", stage_of(one, "q")[0, 0], [[c(2), s(2), 2 * c(3), 2 * s(3)]], 1e-6)


def test_scaling():
    """Each type with numbers that can be checked by hand, and as text."""
    base = {"q": [[1.0, 1, 0, 0]] * 9, "k": [[1.0, 1, 0, 0]] * 9, "position": "rotary", "position_base": 100}

    def check_turns(what, scaling, turn, factor=1.0, rows=9):
        p = {**base, "q": base["q"][:rows], "k": base["k"][:rows]}
        at = np.arange(rows)[:, None] * np.array(turn)
        want = factor * np.concatenate([np.cos(at), np.sin(at)], axis=1)
        for problem in ({**p, "rope_scaling": scaling}, {**p, "rope_parameters": scaling}, {**p, "rope_scaling": as_text(scaling)}):
            close(what, stage_of(problem, "encoding").reshape(rows, 4), want, 1e-6)
            close(what, stage_of(problem, "q")[0, 0], want, 1e-6)
        close(what, stage_of(p, "k", "--rope-scaling", as_text(scaling))[0, 0], want, 1e-6)

    check_turns("default", {"rope_type": "default"}, [1, 0.1])
    check_turns("linear", {"type": "linear", "factor": 4}, [0.25, 0.025])
    # 9 of 5 positions: the base is 100·(2·9/5 - 1)^2, so that the second pair turns by 0.1/2.6.
    check_turns("dynamic", {"rope_type": "dynamic", "factor": 2, "max_position_embeddings": 5}, [1, 0.1 / 2.6])
    check_turns("dynamic by its other length", {"rope_type": "dynamic", "factor": 2, "original_max_position_embeddings": 5}, [1, 0.1 / 2.6])
    check_turns("dynamic within", {"rope_type": "dynamic", "factor": 2, "max_position_embeddings": 5}, [1, 0.1], rows=5)
    long = {"rope_type": "longrope", "short_factor": [2, 4], "long_factor": [5, 10], "original_max_position_embeddings": 4, "factor": 4}
    check_turns("longrope", long, [0.2, 0.01], np.sqrt(2))
    check_turns("longrope within", long, [0.5, 0.025], np.sqrt(2), rows=4)
    check_turns("longrope, its factor", {**long, "attention_factor": 1.5}, [0.2, 0.01], 1.5)
    check_turns("longrope by its lengths", {**long, "factor": None, "max_position_embeddings": 16}, [0.2, 0.01], np.sqrt(2))
    check_turns("su, short", {**long, "rope_type": "su", "factor": 0.5}, [0.2, 0.01])
    # 32 and 1 waves in 100 trained positions are at pairs -0.3 and 1.2: with whole ends the ramp goes from 0 to 2.
    yarn = {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 100}
    check_turns("yarn", yarn, [1, 0.1 * (0.5 + 0.5 / 4)], 0.1 * np.log(4) + 1)
    end = 2 * np.log(100 / 2 / np.pi) / np.log(100)
    check_turns("yarn between pairs", {**yarn, "truncate": False}, [1, 0.1 * (1 - 0.75 / end)], 0.1 * np.log(4) + 1)
    check_turns("yarn, mscale", {**yarn, "mscale": 2, "mscale_all_dim": 0.5}, [1, 0.0625], (0.2 * np.log(4) + 1) / (0.05 * np.log(4) + 1))
    # Waves in 40 positions: 6.37 and 0.637, of which 0.5 is slow and 1 fast.
    llama = {"rope_type": "llama3", "factor": 8, "low_freq_factor": 0.5, "high_freq_factor": 1, "original_max_position_embeddings": 40}
    fast = (4 / 2 / np.pi - 0.5) / 0.5
    check_turns("llama3", llama, [1, 0.1 * (fast + (1 - fast) / 8)])
    # The length is that of the farthest query or key: of places that causal moves, and of keys without positions.
    for more in ({"q": base["q"][:2], "k": base["k"][:2], "causal": 7}, {"q": base["q"][:1], "positions": [3]},
                 {"q": base["q"][:1], "k": base["k"][:2], "positions": [1], "key_positions": [8, 0]}):
        p = {**base, **more, "rope_scaling": {"rope_type": "dynamic", "factor": 2, "max_position_embeddings": 5}}
        first = more["positions"][0] if "positions" in more else more["causal"]
        close(str(list(more)), stage_of(p, "encoding").ravel()[:4], [f(first * t) for f in (np.cos, np.sin) for t in (1, 0.1 / 2.6)], 1e-6)
    given_ = {**base, "position_base": None, "inv_freq": [0.5, -2], "attention_factor": 3}
    at = np.arange(9)[:, None] * np.array([0.5, -2])
    close("inv_freq", stage_of(given_, "q")[0, 0], 3 * np.concatenate([np.cos(at), np.sin(at)], axis=1), 1e-5)


def test_settled():
    """A base, a share and sections in rope_scaling are those of the settings; the command line wins."""
    p = {"q": [[1.0, 1, 0, 0]] * 3, "k": [[1.0, 1, 0, 0]] * 3, "position": "rotary"}

    def same(what, problem, want, *words):
        close(what, stage_of(problem, "q", *words), stage_of({**p, **want}, "q"), 0)

    inside = {**p, "rope_scaling": {"rope_theta": 50, "partial_rotary_factor": 0.5}}
    same("inside", inside, {"position_base": 50, "rotary_dim": 2})
    same("both", {**inside, "position_base": 50, "rotary_dim": 2}, {"position_base": 50, "rotary_dim": 2})
    same("the command line's base", inside, {"position_base": 7, "rotary_dim": 2}, "--position-base", "7")
    same("the command line's share", inside, {"position_base": 50}, "--rotary-dim", "4")
    same("the command line's scaling", {**p, "position_base": 7}, {"position_base": 50}, "--rope-scaling", "default:rope_theta=50")
    at = {"positions": [[0, 1, 2], [2, 1, 0]], "q": [[1.0, 1, 2, 3, 4, 5]] * 3, "k": [[1.0, 1, 2, 3, 4, 5]] * 3}
    sections = {**p, **at, "position_sections": [1, 2]}
    same("the file's sections", {**sections, "rope_scaling": {"mrope_section": [1, 2]}}, {**at, "position_sections": [1, 2]})
    same("the command line's sections", {**p, **at, "rope_scaling": {"mrope_section": [2, 1]}}, {**at, "position_sections": [1, 2]},
         "--position-sections", "1,2")
    same("the command line's mrope_section", sections, {**at, "position_sections": [2, 1]}, "--rope-scaling", "default:mrope_section=[2,1]")
    same("the command line's scaling has none", sections, {**at, "position_sections": [1, 2]}, "--rope-scaling", "default")
    layers = {"layers": [{**p, "rope_scaling": {"type": "linear", "factor": 2}}, p], "positions": [0, 2, 4]}
    q = stage_of(layers, "q")
    close("a layer of its own", q[0, 0], stage_of(p, "q")[0, 0], 1e-7)
    close("a layer without", q[1], stage_of({**p, "positions": [0, 2, 4]}, "q")[0], 0)


def test_config():
    """What was in force is written, and the file is an input again."""
    p = {"q": [[1, 2, 3, 4]] * 3, "k": [[1, 2, 3, 4]] * 3, "v": [[1], [2], [3]], "position": "rotary", "past_k": [[1, 0, 0, 1]], "past_v": [[5]],
         "past_rotated": True, "position_sections": [1, 1]}
    scaling = {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "truncate": False, "mscale": 0.5}
    got = given({**p, "rope_scaling": scaling})
    assert got["config"]["rope_scaling"] == scaling and got["config"]["past_rotated"] is True and got["config"]["position_sections"] == [1, 1]
    write_json("again.json", got)
    again = json.loads(run("again.json", "-o", "-").stdout)
    assert again["weights"] == got["weights"]
    long = {"rope_type": "longrope", "original_max_position_embeddings": 8, "attention_factor": 1.25, "short_factor": [1, 1.5], "long_factor": [2, 3],
            "rope_theta": 500}
    assert given({**p, "rope_scaling": long})["config"]["rope_scaling"] == long
    del p["position_sections"]
    assert given({**p, "inv_freq": [1, 2], "attention_factor": 0.5})["config"]["attention_factor"] == 0.5


def test_files():
    """Positions and frequencies from files of their own, as from JSON."""
    rng = np.random.default_rng(9)
    pair = {"q": floats(rng, (4, 8), 1), "k": floats(rng, (4, 8), 1), "v": floats(rng, (4, 2), 1)}
    write_json("pair.json", pair)
    for tensors, settings in (({"positions": np.array([0, 0, 1, 2.5])}, {"position": "rotary"}),
                              ({"positions": np.array([0, 5, 1, 2]), "key_positions": np.array([3, 0, 1, 9])}, {"position": "alibi"}),
                              ({"positions": np.array([[0, 0, 1, 1], [0, 1, 0, 1]]), "inv_freq": np.array([1, 0.5])}, {"position": "rotary"})):
        want = given({**pair, **tensors, **settings})
        for shape in ("row", "column", "json"):
            words = []
            for name, t in tensors.items():
                if shape == "json":
                    write_json(name + ".json", {"position_ids" if name == "positions" else name: t})
                else:
                    write_csv(name + ".csv", t if shape == "row" or t.ndim > 1 else t[:, None])
                words += ["--" + name.replace("_", "-"), name + (".json" if shape == "json" else ".csv")]
            got = json.loads(run("pair.json", *words, "--position", settings["position"], "-q", "-o", "-").stdout)
            assert got["weights"] == want["weights"], (shape, settings)


def test_explain():
    """The row that explain shows, number by number, with positions of every kind."""
    for seed in range(60):
        problem = random_problem(1000 + seed)
        write_json("explain.json", problem)
        whole = json.loads(run("explain.json", "--cpu", "plain", "-q", "-o", "-", "--stage", "masked", "--stage", "q", "--stage", "k").stdout)
        head, query = seed % problem["heads"], seed % len(whole["tokens"])
        done = subprocess.run([ATTN, "explain", "explain.json", "--head", str(head), "--query", str(query), "--format", "json", "-q"],
                              capture_output=True, check=True)
        e = json.loads(done.stdout)
        group = problem["heads"] // problem["kv_heads"]
        assert e["q"] == whole["q"][0][head][query], seed
        assert [key["k"] for key in e["keys"]] == whole["k"][0][head // group], seed
        assert [key["masked"] for key in e["keys"]] == whole["masked"][0][head][query], seed
        assert [key["weight"] for key in e["keys"]] == whole["weights"][0][head][query], seed


def main(words):
    if words[0] == "case":
        check(random_problem(int(words[1])), None, cpus(), "case")
    elif words[0] == "random":
        random_cases(int(words[1]), int(words[2]))
    else:
        globals()["test_" + words[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])
