"""
The forms of attention in the program against what PyTorch makes of the same numbers, and linear attention against the cases
of its ONNX operator, in the folder REAL. A test is named on the command line. Files go to the current folder.
"""
import json
import os
import sys

import numpy as np

from forms import attend_forms
from oracle import close, floats, numbers, run, write_json


def modules():
    import torch
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return torch, torch.nn, torch.nn.functional


def given(problem, *words):
    write_json("torch.json", problem)
    return json.loads(run("torch.json", *words, "-q", "-o", "-").stdout)


def as_projections(attention):
    """The parameters of a nn.MultiheadAttention under the names of the program; a Linear holds the transpose."""
    def of(t):
        return t.detach().numpy()

    p = {"heads": attention.num_heads, "w_o": of(attention.out_proj.weight).T}
    if attention.in_proj_weight is not None:
        parts = np.split(of(attention.in_proj_weight), 3)
    else:
        parts = [of(t) for t in (attention.q_proj_weight, attention.k_proj_weight, attention.v_proj_weight)]
    p |= {"w_" + name: part.T for name, part in zip("qkv", parts)}
    if attention.in_proj_bias is not None:
        p |= {"b_" + name: part for name, part in zip("qkv", np.split(of(attention.in_proj_bias), 3))}
        p["b_o"] = of(attention.out_proj.bias)
    return p


def random_attention(seed, torch, nn):
    """(module, with random biases too; a generator)."""
    rng = np.random.default_rng(seed)
    heads = int(rng.choice([1, 2, 3]))
    width = heads * int(rng.choice([1, 2, 5, 8]))
    other = None if seed % 2 else int(rng.choice([3, 7]))
    attention = nn.MultiheadAttention(width, heads, bias=seed % 3 != 0, batch_first=True, kdim=other, vdim=other)
    for t in attention.parameters():
        t.data = torch.from_numpy(floats(rng, tuple(t.shape), 0.5))
    return rng, attention, width, other


def test_multihead():
    """nn.MultiheadAttention: self and cross, of other widths too; boolean and additive masks, padding, where true blocks."""
    torch, nn, _ = modules()
    for seed in range(24):
        rng, attention, width, other = random_attention(seed, torch, nn)
        n = int(rng.choice([1, 2, 5, 17]))
        m = n if other is None and seed % 4 else int(rng.choice([1, 3, 9]))
        x = floats(rng, (n, width), 1)
        y = x if m == n and other is None else floats(rng, (m, other or width), 1)
        p, more = {**as_projections(attention), "embeddings": x}, {}
        if y is not x:
            p["context"] = y
        if seed % 3 != 1:
            p["key_mask"] = rng.random(m) < 0.4
            p["key_mask"][int(rng.integers(m))] = False  # a query that sees nothing is NaN in PyTorch
            more["key_padding_mask"] = torch.from_numpy(p["key_mask"][None])
            p["mask_true_blocks"] = True
        if seed % 4 < 2:
            mask = rng.random((n, m)) < 0.4
            mask[:, ~p["key_mask"] if "key_mask" in p else slice(0, 1)] = False
            p |= {"mask": mask, "mask_true_blocks": True}
            more["attn_mask"] = torch.from_numpy(mask)
        elif "key_mask" not in p:
            p["bias"] = floats(rng, (n, m), 1)
            more["attn_mask"] = torch.from_numpy(p["bias"])
        a, b = torch.from_numpy(x)[None], torch.from_numpy(y)[None]
        output, weights = attention(a, b, b, average_attn_weights=False, **more)
        got = given(p)
        close(f"seed {seed}: weights", numbers(got["weights"])[0], weights[0].detach(), 2e-6)
        size = 1 + float(abs(output).max())
        close(f"seed {seed}: output", numbers(got["output"]), output.detach(), 2e-6 * size)


def test_encoder():
    """Stacks of attention with residual and norm, before and after, as encoder layers without the feed-forward part."""
    torch, nn, _ = modules()
    for seed in range(12):
        rng, is_pre, layers, x = np.random.default_rng(seed), seed % 2 == 0, [], None
        width, n = 12, int(rng.choice([2, 5, 17]))
        first = y = torch.from_numpy(floats(rng, (1, n, width), 1))
        outputs = []
        causal = seed % 3 == 0
        blocked = torch.ones(n, n, dtype=torch.bool).triu(1) if causal else None
        for _ in range(3):
            attention, norm = nn.MultiheadAttention(width, 3, batch_first=True), nn.LayerNorm(width)
            for t in (*attention.parameters(), *norm.parameters()):
                t.data = t.data + torch.from_numpy(floats(rng, tuple(t.shape), 0.1))
            layers.append({**as_projections(attention), "norm_weight": norm.weight.detach().numpy(),
                           "norm_bias": norm.bias.detach().numpy()})
            if is_pre:
                z = norm(y)
                y = y + attention(z, z, z, attn_mask=blocked)[0]
            else:
                y = norm(y + attention(y, y, y, attn_mask=blocked)[0])
            outputs.append(y.detach()[0].numpy())
        p = {"embeddings": first[0].numpy(), "layers": layers, "residual": True, "norm": "pre" if is_pre else "post"}
        got = given({**p, "causal": True} if causal else p)
        close(f"seed {seed}", numbers(got["output"]), np.stack(outputs), 1e-5)


def test_functions():
    """softmax and cosine_similarity; linear attention by elu; an added zero as nn.MultiheadAttention has it."""
    torch, nn, F = modules()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n, m, d = (int(x) for x in rng.integers(1, 12, 3))
        q, k, v = floats(rng, (n, d), 1), floats(rng, (m, d), 1), floats(rng, (m, 3), 1)
        a, b, c = (torch.from_numpy(t) for t in (q, k, v))
        p = {"q": q, "k": k, "v": v}
        want = F.cosine_similarity(a[:, None], b[None], dim=-1)
        got = given({**p, "score": "cosine", "temperature": 0.2}, "--stage", "scores")
        close("cosine", numbers(got["scores"])[0, 0], want, 2e-6)
        close("cosine weights", numbers(got["weights"])[0, 0], F.softmax(want / 0.2, dim=-1), 4e-6)
        got = given({**p, "score": "dot", "temperature": 3})
        close("dot", numbers(got["weights"])[0, 0], F.softmax(a @ b.T / 3, dim=-1), 2e-6)
        w = floats(rng, (d, d), 0.3)
        want = F.softmax(nn.functional.bilinear(a.repeat_interleave(m, 0), b.repeat(n, 1), torch.from_numpy(w)[None]).view(n, m), dim=-1)
        close("general", numbers(given({**p, "score": "general", "w_score": w})["weights"])[0, 0], want, 4e-6)
        f, g = F.elu(a) + 1, F.elu(b) + 1
        got = given({**p, "normalizer": "linear"})
        close("linear", numbers(got["output"])[0], f @ (g.T @ c) / (f @ g.sum(dim=0))[:, None], 4e-6)
        if d > 1:
            attention = nn.MultiheadAttention(d, 1, batch_first=True, add_zero_attn=True)
            got = given({**as_projections(attention), "embeddings": q, "context": k, "sink": 0})
            output, weights = attention(a[None], b[None], b[None])
            close("zero attention: weights", numbers(got["weights"])[0, 0], weights[0, :, :-1].detach(), 2e-6)
            close("zero attention: output", numbers(got["output"])[0], output[0].detach(), 4e-6)


def test_onnx():
    """Every case of the LinearAttention operator, a layer for each of the batch; the oracle agrees too."""
    folder = f"{os.environ['REAL']}/onnx"
    with open(f"{folder}/index.json") as f:
        cases = [case for case in json.load(f)["cases"] if case["op"] == "LinearAttention"]
    assert len(cases) == 14
    for case in cases:
        with open(f"{folder}/{case['file']}") as f:
            data = json.load(f)
        t = {name: np.array(value["data"], dtype=np.float64).reshape(value["shape"]) for name, value in data["inputs"].items()}
        a, layers = data["attributes"], []
        for b in range(len(t["query"])):
            names = {"query": "q", "key": "k", "value": "v", "decay": "decay", "beta": "beta", "past_state": "state"}
            layers.append({names[name]: value[b] for name, value in t.items()})
        p = {"layers": layers, "heads": a["q_num_heads"], "kv_heads": a["kv_num_heads"],
             "recurrence": a.get("update_rule", "gated_delta")} | ({"scale": a["scale"]} if a.get("scale") else {})
        want = np.array(data["outputs"]["output"]["data"])
        room = (2e-3 if "float16" in case["features"] else 2e-6) * max(1, abs(want).max())
        close(case["name"] + ", oracle", [layer["output"] for layer in attend_forms(p)], want, room)
        close(case["name"], numbers(given(p)["output"]), want, room)


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
