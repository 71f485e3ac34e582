"""
Contributions of tokens in a rollout, by their definitions, in double precision.
usage: check_contributions.py TEST    (ATTN: the program)
"""
import json
import sys

import numpy as np

from check_rollout import attn, near, product, rollout_of

KINDS = "norm", "norm-residual", "alti"


def numbers(x):
    return np.asarray(x, dtype=np.float32).astype(float)


def stages_of(path, *words):
    """Weights, v and output of every layer, as attn run has them."""
    told = json.loads(attn("run", path, *words, "-q", "--stage", "weights", "--stage", "v", "--stage", "output", "-o", "-"))
    return [np.array(told[stage], dtype=float) for stage in ("weights", "v", "output")]


def normed(y, layer, whole):
    """What layer norm makes of summands whose sum is `whole`, without its bias."""
    spread = np.sqrt(whole.var(axis=-1) + 1e-5)[:, None, None]
    return (y - y.mean(axis=-1, keepdims=True)) / spread * numbers(layer.get("norm_weight", 1))


def parts_of(layer, a, v, x, whole):
    """part[i][j] of d numbers, and the output that they are parts of."""
    n, heads = a.shape[-1], len(a)
    v = np.repeat(v, heads // len(v), axis=0)
    w = numbers(layer["w_o"]).reshape(heads, v.shape[-1], -1)
    part = np.einsum("hij,hjd->ijd", a, np.einsum("hjc,hcd->hjd", v, w))
    b = numbers(layer.get("b_o", np.zeros(w.shape[-1])))
    if not whole:
        return part, part.sum(1) + b
    part[range(n), range(n)] += x
    output = part.sum(1) + b
    if layer.get("norm") == "post":
        part = normed(part, layer, output)
        b = normed(np.broadcast_to(b, (n, 1, len(b))), layer, output)[:, 0]
        output = part.sum(1) + b + numbers(layer.get("norm_bias", 0))
    return part, output


def contributions(kind, part, output):
    if kind == "alti":
        c = np.abs(output).sum(-1)[:, None] - np.abs(output[:, None] - part).sum(-1)
        c = np.maximum(c, 0)
    else:
        c = np.sqrt((part ** 2).sum(-1))
    total = c.sum(1, keepdims=True)
    return c / np.where(total > 0, total, 1)


def mixing(part):
    own = part[range(len(part)), range(len(part))]
    others = np.sqrt(((part.sum(1) - own) ** 2).sum(-1))
    return others / (others + np.sqrt((own ** 2).sum(-1)))


def mixed(kind, c, identity):
    if kind != "norm":
        return c
    m = (1 - identity) * c + identity * np.eye(len(c))
    m[c.sum(1) == 0] = np.eye(len(c))[c.sum(1) == 0] if identity else 0
    return m


def judge(path, layers, words, kinds=KINDS, identity=0.5, tolerance=2e-6):
    """Rolls out a file of these layers, and compares; the parts of every layer sum to the output of attn run."""
    weights, values, outputs = stages_of(path, *words)
    for kind in kinds:
        made, ratios = [], []
        for l, layer in enumerate(layers):
            x = numbers(layer["embeddings"]) if "embeddings" in layer else outputs[l - 1]
            part, output = parts_of(layer, weights[l], values[l], x, kind != "norm")
            if kind != "norm" or not layer.get("residual"):
                near(output, outputs[l], (path, kind, l, "parts sum to the output"), 2e-6 * max(1, np.abs(outputs[l]).max()))
            if kind == "norm-residual":
                ratios.append(mixing(part))
            made.append(mixed(kind, contributions(kind, part, output), identity))
        want = product(made)
        more = [*words, "--contribution", kind] + (["--identity", str(identity)] if kind == "norm" else [])
        told = rollout_of(path, *more)
        assert ("mixing" in told) == (kind == "norm-residual")
        if ratios:
            near(np.array(told["mixing"], dtype=float), ratios, (path, words, "mixing"), tolerance)
        assert told["contribution"] == kind and told["combine"] == "sum"
        near(told["rollout"], want, (path, words, kind), tolerance)
        near(rollout_of(path, *more, "--query", str(len(want) // 2))["row"], want[len(want) // 2], (kind, "row"), tolerance)


def some_layer(rng, d, heads, kv_heads, d_v, **more):
    d_k = 4
    r = lambda *shape: (rng.normal(size=shape) / np.sqrt(shape[0])).tolist()
    return {"heads": heads, "kv_heads": kv_heads, "w_q": r(d, heads * d_k), "w_k": r(d, kv_heads * d_k),
            "w_v": r(d, kv_heads * d_v), "b_v": r(kv_heads * d_v), "w_o": r(heads * d_v, d), "b_o": r(d), **more}


def save(layers, x, path="x.json", stack=False):
    """Layers of one sequence, or each with its own."""
    if stack:
        made = {"embeddings": x.tolist(), "layers": layers}
        layers[0]["embeddings"] = x.tolist()
        made["layers"] = [{key: value for key, value in layer.items() if key != "embeddings"} for layer in layers]
    else:
        made = {"layers": layers}
        for layer in layers:
            layer["embeddings"] = x.tolist()
    json.dump(made, open(path, "w"))


def layers():
    """One layer and stacks, with grouped keys and values, biases, norms before and behind, masks, and one token."""
    rng = np.random.default_rng(11)
    for n, d, heads, kv_heads, d_v in (1, 4, 1, 1, 4), (5, 6, 2, 2, 3), (9, 8, 4, 2, 5), (70, 12, 6, 1, 2):
        x = rng.normal(size=(n, d))
        for norm in "none", "post", "pre":
            more = {"residual": True, "norm": norm}
            if norm != "none":
                more |= {"norm_weight": rng.normal(size=d).tolist(), "norm_bias": rng.normal(size=d).tolist()}
            for count in 1, 3:
                stack = [some_layer(rng, d, heads, kv_heads, d_v, **more) for _ in range(count)]
                save(stack, x, stack=True)
                for words in ([], ["--causal"], ["--window", "2,0"]):
                    judge("x.json", stack, words)
        plain = [some_layer(rng, d, heads, kv_heads, d_v) for _ in range(2)]
        save(plain, x)
        for identity in 0, 0.5, 1:
            judge("x.json", plain, [], ("norm",), identity)


def forms():
    """Weights that are no shares, or below 0; q, k and v that are given; rows that see nothing."""
    rng = np.random.default_rng(12)
    n, d = 9, 8
    x = rng.normal(size=(n, d))
    layer = some_layer(rng, d, 4, 2, 3, residual=True, norm="post")
    save([layer], x)
    mask = (rng.random((n, n)) < 0.4).astype(int)
    mask[[2, 5]] = 0
    json.dump(mask.tolist(), open("mask.json", "w"))
    for words in (["--sink", "1"], ["--normalizer", "sigmoid"], ["--normalizer", "sparsemax"], ["--dropout", "0.3"], ["--cpu", "plain"],
                  ["--position", "sinusoidal"], ["--mask", "mask.json"], ["--mask", "mask.json", "--causal"], ["--top-k", "2"],
                  ["--recurrence", "linear"]):
        given = dict(layer)
        if "sinusoidal" in words:
            angle = np.arange(n)[:, None] / 10000 ** (np.arange(0, d, 2) / d)
            waves = np.stack([np.sin(angle), np.cos(angle)], -1).reshape(n, d)
            given["embeddings"] = numbers(x) + waves
        judge("x.json", [given], words)
    told = rollout_of("x.json", "--mask", "mask.json", "--contribution", "norm-residual")
    assert told["rollout"][2] == np.eye(n)[2].tolist() and told["identity"] == 0
    two = some_layer(rng, d, 4, 2, 3)
    w_o = rng.normal(size=(6, d))
    given = {"heads": 2, "kv_heads": 1, "q": rng.normal(size=(2, n, 4)).tolist(), "k": rng.normal(size=(1, n, 4)).tolist(),
             "v": rng.normal(size=(1, n, 3)).tolist(), "w_o": w_o.tolist(), "b_o": rng.normal(size=d).tolist()}
    json.dump(given, open("given.json", "w"))
    judge("given.json", [given | {"embeddings": x.tolist()}], [], ("norm",))
    difference = two | {"differential": 0.8, "heads": 4, "kv_heads": 4,
                        "w_k": rng.normal(size=(d, 16)).tolist(), "w_v": rng.normal(size=(d, 6)).tolist(),
                        "b_v": rng.normal(size=6).tolist(), "w_o": rng.normal(size=(6, d)).tolist()}
    save([difference], x)
    judge("x.json", [difference], [], ("norm",))


def heads():
    """The parts of some heads alone."""
    rng = np.random.default_rng(13)
    n, d = 9, 8
    x = rng.normal(size=(n, d))
    layer = some_layer(rng, d, 4, 2, 3)
    save([layer], x)
    weights, values, _ = stages_of("x.json")
    for chosen in [1], [0, 3], [2, 3]:
        rows = numbers(layer["w_o"]).reshape(4, 3, d)[chosen].reshape(-1, d)
        part, output = parts_of(layer | {"w_o": rows}, weights[0][chosen], values[0][[h // 2 for h in chosen]], x, False)
        want = mixed("norm", contributions("norm", part, output), 0.5)
        near(rollout_of("x.json", "--contribution", "norm", "--head", ",".join(map(str, chosen)))["rollout"], want, chosen)


def reached():
    """NaN in a value goes where it is attended to, and nowhere else."""
    rng = np.random.default_rng(14)
    n, d = 6, 4
    x = rng.normal(size=(n, d))
    given = {"q": rng.normal(size=(n, 4)).tolist(), "k": rng.normal(size=(n, 4)).tolist(), "v": rng.normal(size=(n, d)).tolist(),
             "w_o": rng.normal(size=(d, d)).tolist(), "causal": True, "embeddings": x.tolist()}
    given["v"][3][1] = float("nan")
    json.dump(given, open("x.json", "w"))
    told = np.array(rollout_of("x.json", "--contribution", "norm")["rollout"], dtype=float)
    assert np.array_equal(np.isnan(told), np.pad(np.ones((3, 1)), ((3, 0), (3, 2))) > 0), told
    near(told[:3].sum(1), np.ones(3), "rows without NaN")
    given["v"][3][1] = float("inf")
    json.dump(given, open("x.json", "w"))
    told = np.array(rollout_of("x.json", "--contribution", "norm", "--identity", "0")["rollout"], dtype=float)
    assert np.isnan(told[3:, 3]).all() and (told[3:, :3] > 0).all(), told
    x[3] = np.nan
    save([some_layer(rng, d, 2, 1, 3, residual=True, norm="post", causal=True)], x)
    for kind in KINDS:
        told = np.array(rollout_of("x.json", "--contribution", kind)["rollout"], dtype=float)
        near(told[:3].sum(1), np.ones(3), (kind, "rows that may not see it"))
        assert np.isnan(told[3:]).any(1).all(), kind
    mask = np.ones((2, n, n), dtype=int)
    mask[1, :, 3] = 0  # the head whose value is NaN does not look there
    given |= {"heads": 2, "mask": mask.tolist(), "causal": False, "w_o": rng.normal(size=(d, d)).tolist()}
    given["v"][3] = [1, 1, float("nan"), 1]
    json.dump(given, open("x.json", "w"))
    told = np.array(rollout_of("x.json", "--contribution", "norm")["rollout"], dtype=float)
    assert np.isfinite(told).all(), told


def blocks():
    """More weights than one block of queries holds: the same bytes for any number of threads."""
    rng = np.random.default_rng(15)
    n, d, heads = 1500, 4, 8  # 64 MiB of weights are 1398 queries
    x = rng.normal(size=(n, d))
    layer = some_layer(rng, d, heads, 2, 2, residual=True, norm="post")
    save([layer, some_layer(rng, d, heads, 2, 2, residual=True)], x)
    for kind in KINDS:
        made = set()
        for threads in "1", "2", "7":
            attn("rollout", "x.json", "-q", "--threads", threads, "--contribution", kind, "--causal", "-o", "r.npy")
            made.add(open("r.npy", "rb").read())
        assert len(made) == 1, kind
    save([layer], x)
    attn("run", "x.json", "-q", "--causal", "--max-weights", "100000000", "-o", "w.npy")
    v = (x.astype(np.float32) @ numbers(layer["w_v"]) + numbers(layer["b_v"])).reshape(n, 2, 2).transpose(1, 0, 2)
    a = np.load("w.npy").reshape(heads, n, n).astype(float)
    for kind in KINDS:
        part, output = parts_of(layer, a, v, numbers(x), kind != "norm")
        attn("rollout", "x.json", "-q", "--contribution", kind, "--causal", "-o", "r.npy")
        near(np.load("r.npy"), mixed(kind, contributions(kind, part, output), 0.5), kind)


def flow():
    """Flow through the matrices of contributions."""
    rng = np.random.default_rng(16)
    x = rng.normal(size=(7, 6))
    stack = [some_layer(rng, 6, 2, 1, 3, residual=True, norm="post") for _ in range(2)]
    save(stack, x, stack=True)
    for kind in KINDS:
        told = rollout_of("x.json", "--contribution", kind, "--flow")
        assert (np.array(told["flow"]) >= np.array(told["rollout"]) - 2e-6).all()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
