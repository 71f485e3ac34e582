"""
A model's projections (--projections): against given models (PROFILES, REAL), and against models made here under the names of
each framework, whose attention is computed in float64 by the formulas of that framework. A test is named on the command line.
"""
import json
import math
import os
import subprocess
import sys

import numpy as np

from model_files import read_safetensors, write_gguf, write_safetensors
from oracle import ATTN, close, numbers, run

STAGES = ["q", "k", "v", "weights", "output"]


def attend(path, *words, embeddings=None, context=None, source="x.json"):
    """The JSON of a run on these embeddings."""
    if embeddings is not None:
        given = {"embeddings": np.asarray(embeddings).tolist()}
        if context is not None:
            given["context"] = np.asarray(context).tolist()
        with open(source, "w") as file:
            json.dump(given, file)
    stages = [w for stage in STAGES for w in ("--stage", stage)]
    text = run(source, "--projections", path, *stages, "-o", "-", *words).stdout
    return json.loads(text)


# ---- attention, by the formulas ----

def softmax(scores):
    most = scores.max(-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(most), most, 0))
    return e / e.sum(-1, keepdims=True)


def halves(x, angle, factor=1.0):
    """rotate_half of Hugging Face on the first 2·len columns of a head: x is heads×tokens×d, angle tokens×pairs."""
    r = angle.shape[1]
    a, b, rest = x[..., :r], x[..., r:2 * r], x[..., 2 * r:]
    c, s = np.cos(angle) * factor, np.sin(angle) * factor
    return np.concatenate([a * c - b * s, b * c + a * s, rest], -1)


def neighbours(x, angle, factor=1.0):
    """Meta's and GPT-J's rotary: columns 2t and 2t + 1 turn."""
    r = 2 * angle.shape[1]
    out = np.array(x)
    a, b = x[..., 0:r:2], x[..., 1:r:2]
    c, s = np.cos(angle) * factor, np.sin(angle) * factor
    out[..., 0:r:2], out[..., 1:r:2] = a * c - b * s, a * s + b * c
    return out


def frequencies(width, base=10000.0):
    return base ** (-np.arange(0, width, 2) / width)


def causal(n, m=None):
    return np.tril(np.ones((n, m or n), bool))


def window(n, width):
    """Mistral: key j of query i where i - width < j <= i."""
    i, j = np.indices((n, n))
    return (j <= i) & (j > i - width)


class Layer:
    """A layer in plain form: y = x·W + b, W of in×out."""

    def __init__(self, rng, e=16, heads=4, kv_heads=None, d=4, bias="qkvo", e_kv=None):
        self.heads, self.kv_heads, self.d, self.e = heads, kv_heads or heads, d, e
        width, kv = heads * d, self.kv_heads * d
        make = lambda *shape: rng.standard_normal(shape).astype(np.float32).astype(np.float64) * 0.5
        self.wq, self.wk, self.wv, self.wo = make(e, width), make(e_kv or e, kv), make(e_kv or e, kv), make(width, e)
        self.bq, self.bk, self.bv, self.bo = make(width), make(kv), make(kv), make(e)
        for name in "qkvo":
            if name not in bias:
                setattr(self, "b" + name, np.zeros_like(getattr(self, "b" + name)))

    def split(self, y, heads):
        return y.reshape(len(y), heads, -1).transpose(1, 0, 2)

    def forward(self, x, context=None, norm=None, turn=None, scale=None, softcap=0, mask=None, bias=0, sinks=None):
        c = x if context is None else context
        q = self.split(x @ self.wq + self.bq, self.heads)
        k = self.split(c @ self.wk + self.bk, self.kv_heads)
        v = self.split(c @ self.wv + self.bv, self.kv_heads)
        if norm:
            q, k = norm[0](q), norm[1](k)
        if turn:
            q, k = turn(q), turn(k)
        group = self.heads // self.kv_heads
        s = q @ np.repeat(k, group, 0).transpose(0, 2, 1) * (self.d ** -0.5 if scale is None else scale)
        if softcap:
            s = softcap * np.tanh(s / softcap)
        s = s + bias
        if mask is not None:
            s = np.where(mask, s, -np.inf)
        if sinks is not None:
            w = softmax(np.concatenate([s, np.broadcast_to(sinks[:, None, None], s.shape[:2] + (1,))], -1))[..., :-1]
        else:
            w = softmax(s)
        z = (w @ np.repeat(v, group, 0)).transpose(1, 0, 2).reshape(len(x), -1)
        return {"q": q, "k": k, "v": v, "weights": w, "output": z @ self.wo + self.bo}


def compare(what, got, layers, numbers_of=None):
    for i, layer in enumerate(layers):
        at = numbers_of[i] if numbers_of else i
        for stage in STAGES:
            tolerance = 1e-5 if stage == "weights" else 1e-4
            close(f"{what}, layer {at}: {stage}", numbers(got[stage])[i], layer[stage], tolerance)


def model(tensors, config=None, name="model.safetensors", folder="m"):
    os.makedirs(folder, exist_ok=True)
    for old in os.listdir(folder):
        os.remove(os.path.join(folder, old))
    write_safetensors(os.path.join(folder, name), tensors)
    if config is not None:
        with open(os.path.join(folder, "config.json"), "w") as file:
            json.dump(config, file)
    return folder


def gguf(architecture, metadata, tensors):
    keys = {"general.architecture": architecture}
    keys.update({f"{architecture}.{key}": value for key, value in metadata.items()})
    write_gguf("m.gguf", keys, tensors)
    return "m.gguf"


def given(rng, n=6, e=16):
    return rng.standard_normal((n, e)).astype(np.float32).astype(np.float64)


def linear(names, module, w, b=None):
    """A Linear of PyTorch: out×in."""
    names[module + ".weight"] = w.T
    if b is not None:
        names[module + ".bias"] = b


def four(names, module, layer, q, k, v, o, bias="qkvo"):
    for letter, name in zip("qkvo", (q, k, v, o)):
        linear(names, module + name, getattr(layer, "w" + letter), getattr(layer, "b" + letter) if letter in bias else None)


def two(rng, **how):
    return [Layer(rng, **how) for _ in range(2)]


def by_heads(layer):
    """q, k and v of each K/V head after another, as rows: [kv, group + 2, d], and their bias."""
    group = layer.heads // layer.kv_heads
    cut = lambda w, heads: w.T.reshape(heads, layer.d, -1)
    q, k, v = cut(layer.wq, layer.heads), cut(layer.wk, layer.kv_heads), cut(layer.wv, layer.kv_heads)
    rows = [np.concatenate([*q[g * group:(g + 1) * group], k[g], v[g]]) for g in range(layer.kv_heads)]
    b = lambda a, heads: a.reshape(heads, layer.d)
    q, k, v = b(layer.bq, layer.heads), b(layer.bk, layer.kv_heads), b(layer.bv, layer.kv_heads)
    bias = [np.concatenate([*q[g * group:(g + 1) * group], k[g], v[g]]) for g in range(layer.kv_heads)]
    return np.concatenate(rows), np.concatenate(bias)


def thirds(layer):
    return np.concatenate([layer.wq, layer.wk, layer.wv], 1).T, np.concatenate([layer.bq, layer.bk, layer.bv])


HF = ("q_proj", "k_proj", "v_proj", "o_proj")


def llama_names(layers, bias="", root="model."):
    names = {}
    for l, layer in enumerate(layers):
        four(names, f"{root}layers.{l}.self_attn.", layer, *HF, bias=bias)
    return names


def llama_config(kind, **more):
    return {"model_type": kind, "hidden_size": 16, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2,
            **more}


def turning(n, width, base=10000.0, how=halves, freq=None, factor=1.0):
    angle = np.outer(np.arange(n), frequencies(width, base) if freq is None else freq)
    return lambda x: how(x, angle, factor)


# ---- decoders of Hugging Face ----

def test_gpt2_linear():
    rng = np.random.default_rng(1)
    layers, x, names = two(rng), given(rng), {}
    for l, layer in enumerate(layers):
        w, b = thirds(layer)
        names.update({f"transformer.h.{l}.attn.c_attn.weight": w, f"transformer.h.{l}.attn.c_attn.bias": b,
                      f"transformer.h.{l}.attn.bias": np.tril(np.ones((1, 1, 8, 8)))})
        linear(names, f"transformer.h.{l}.attn.c_proj", layer.wo, layer.bo)
    want = [layer.forward(x, mask=causal(6)) for layer in layers]
    compare("minGPT", attend(model(names), "--heads", "4", embeddings=x), want)
    turned = {k: v.T if k.endswith("c_attn.weight") or k.endswith("c_proj.weight") else v for k, v in names.items()}
    config = {"model_type": "gpt2", "n_head": 4}
    compare("Conv1D", attend(model(turned, config), embeddings=x), want)
    config.update(scale_attn_by_inverse_layer_idx=True)
    want = [layer.forward(x, mask=causal(6), scale=0.5 / (l + 1)) for l, layer in enumerate(layers)]
    compare("scaled by the layer", attend(model(turned, config), embeddings=x), want)
    config = {"model_type": "gpt2", "n_head": 4, "scale_attn_weights": False}
    want = [layer.forward(x, mask=causal(6), scale=1) for layer in layers]
    compare("without a scale", attend(model(turned, config), embeddings=x), want)


def test_bigcode():
    rng = np.random.default_rng(2)
    for multi in (True, False):
        layers, x, names = two(rng, kv_heads=1 if multi else 4), given(rng), {}
        for l, layer in enumerate(layers):
            w, b = thirds(layer) if multi else by_heads(layer)
            names.update({f"transformer.h.{l}.attn.c_attn.weight": w, f"transformer.h.{l}.attn.c_attn.bias": b})
            linear(names, f"transformer.h.{l}.attn.c_proj", layer.wo, layer.bo)
        config = {"model_type": "gpt_bigcode", "n_head": 4, "multi_query": multi}
        want = [layer.forward(x, mask=causal(6)) for layer in layers]
        compare(f"multi_query {multi}", attend(model(names, config), embeddings=x), want)


def test_mistral():
    rng = np.random.default_rng(3)
    layers, x = two(rng, kv_heads=2, bias=""), given(rng)
    for width, mask in ((3, window(6, 3)), (None, causal(6))):
        want = [layer.forward(x, mask=mask, turn=turning(6, 4, 1e6)) for layer in layers]
        config = llama_config("mistral", sliding_window=width, rope_theta=1e6)
        compare(f"a window of {width}", attend(model(llama_names(layers), config), embeddings=x), want)


def test_qwen2():
    rng = np.random.default_rng(4)
    layers, x = two(rng, kv_heads=2, bias="qkv"), given(rng)
    for use, masks in ((False, [causal(6)] * 2), (True, [causal(6), window(6, 2)])):
        want = [layer.forward(x, mask=mask, turn=turning(6, 4, 1e6)) for layer, mask in zip(layers, masks)]
        config = llama_config("qwen2", sliding_window=2, use_sliding_window=use, max_window_layers=1, rope_theta=1e6)
        compare(f"use_sliding_window {use}", attend(model(llama_names(layers, "qkv"), config), embeddings=x), want)
    config = llama_config("qwen2", sliding_window=2, rope_theta=1e6, layer_types=["sliding_attention", "full_attention"],
                          use_sliding_window=True)
    want = [layer.forward(x, mask=m, turn=turning(6, 4, 1e6)) for layer, m in zip(layers, (window(6, 2), causal(6)))]
    compare("layer_types", attend(model(llama_names(layers, "qkv"), config), embeddings=x), want)


def test_llama3():
    """rope_type llama3: modeling_rope_utils.py, _compute_llama3_parameters."""
    rng = np.random.default_rng(5)
    layers, x = two(rng, kv_heads=2, d=8, bias=""), given(rng)
    scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 64}
    freq = frequencies(8, 500000.0)
    wave = 2 * np.pi / freq
    smooth = (64 / wave - 1) / 3
    freq = np.where(wave < 16, freq, np.where(wave > 64, freq / 8, (1 - smooth) * freq / 8 + smooth * freq))
    want = [layer.forward(x, mask=causal(6), turn=turning(6, 8, freq=freq)) for layer in layers]
    names = llama_names(layers)
    compare("rope_scaling", attend(model(names, llama_config("llama", rope_theta=5e5, rope_scaling=scaling,
                                                             max_position_embeddings=512)), embeddings=x), want)
    new = llama_config("llama", rope_parameters={"rope_theta": 5e5, **scaling})
    compare("rope_parameters", attend(model(names, new), embeddings=x), want)
    nested = {"model_type": "mllama", "text_config": llama_config("llama", rope_theta=5e5, rope_scaling=scaling)}
    names.update({"vision_tower.encoder.layers.0.self_attn.q_proj.weight": np.ones((3, 3))})
    compare("text_config", attend(model(names, nested), embeddings=x), want)


def test_gemma():
    rng = np.random.default_rng(6)
    layers, x = two(rng, kv_heads=1, d=6, bias=""), given(rng)
    want = [layer.forward(x, mask=causal(6), turn=turning(6, 6)) for layer in layers]
    config = llama_config("gemma", num_key_value_heads=1, head_dim=6)
    compare("Gemma", attend(model(llama_names(layers), config), embeddings=x), want)
    want = [layer.forward(x, mask=mask, turn=turning(6, 6), scale=256 ** -0.5, softcap=50)
            for layer, mask in zip(layers, (window(6, 3), causal(6)))]
    config = llama_config("gemma2", num_key_value_heads=1, head_dim=6, sliding_window=3)
    compare("Gemma 2 with its defaults", attend(model(llama_names(layers), config), embeddings=x), want)


def rms(weight, epsilon=1e-6):
    return lambda y: y / np.sqrt((y * y).mean(-1, keepdims=True) + epsilon) * weight


def test_gemma3():
    rng = np.random.default_rng(7)
    layers, x = [Layer(rng, kv_heads=2, d=6, bias="") for _ in range(6)], given(rng)
    names, want = llama_names(layers, root="language_model.model."), []
    for l, layer in enumerate(layers):
        norms = rng.standard_normal((2, 6))
        for name, norm in zip("qk", norms.astype(np.float32)):
            names[f"language_model.model.layers.{l}.self_attn.{name}_norm.weight"] = norm
        is_local = l < 5
        turn = turning(6, 6, 10000.0) if is_local else turning(6, 6, freq=frequencies(6, 1e6) / 8)
        want.append(layer.forward(x, mask=window(6, 3) if is_local else causal(6), turn=turn, scale=100 ** -0.5,
                                  norm=[rms(1 + norm.astype(np.float32)) for norm in norms]))
    text = {"model_type": "gemma3_text", "num_hidden_layers": 6, "sliding_window": 3, "query_pre_attn_scalar": 100,
            "rope_scaling": {"rope_type": "linear", "factor": 8.0}}
    path = model(names, {"model_type": "gemma3", "text_config": text, "vision_config": {"num_attention_heads": 16}})
    compare("Gemma 3", attend(path, embeddings=x), want)
    text = {"model_type": "gemma3_text", "num_hidden_layers": 6, "sliding_window": 3, "query_pre_attn_scalar": 100,
            "layer_types": ["sliding_attention"] * 5 + ["full_attention"],
            "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
                                "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}}
    compare("as version 5 writes it", attend(model(names, text), embeddings=x), want)


def test_qwen3_without_config():
    rng = np.random.default_rng(8)
    layers, x = two(rng, kv_heads=2, d=6, bias=""), given(rng)
    names, want = llama_names(layers), []
    for l, layer in enumerate(layers):
        norms = rng.standard_normal((2, 6)).astype(np.float32)
        for name, norm in zip("qk", norms):
            names[f"model.layers.{l}.self_attn.{name}_norm.weight"] = norm
        want.append(layer.forward(x, mask=causal(6), turn=turning(6, 6), norm=[rms(norm) for norm in norms]))
    compare("heads by the norms", attend(model(names), "--profile", "qwen3", embeddings=x), want)


def test_olmo2():
    """A norm of all heads together: modeling_olmo2.py."""
    rng = np.random.default_rng(36)
    layers, x = two(rng, kv_heads=2, bias=""), given(rng)
    names, want = llama_names(layers), []
    joined = lambda weight: lambda y: (rms(weight)(y.transpose(1, 0, 2).reshape(y.shape[1], -1))
                                       .reshape(y.shape[1], y.shape[0], -1).transpose(1, 0, 2))
    for l, layer in enumerate(layers):
        norms = [rng.standard_normal(16).astype(np.float32), rng.standard_normal(8).astype(np.float32)]
        for name, weight in zip("qk", norms):
            names[f"model.layers.{l}.self_attn.{name}_norm.weight"] = weight
        want.append(layer.forward(x, mask=causal(6), turn=turning(6, 4), norm=[joined(weight) for weight in norms]))
    config = llama_config("olmo2", rms_norm_eps=1e-6)
    compare("OLMo 2", attend(model(names, config), embeddings=x), want)


def yarn(width, base, factor, length, truncate=True):
    """modeling_rope_utils.py, _compute_yarn_parameters."""
    place = lambda turns: width * np.log(length / (turns * 2 * np.pi)) / (2 * np.log(base))
    low, high = place(32), place(1)
    if truncate:
        low, high = np.floor(low), np.ceil(high)
    low, high = max(low, 0), min(high, width - 1)
    ramp = np.clip((np.arange(width // 2) - low) / (high - low + (0.001 if low == high else 0)), 0, 1)
    freq = frequencies(width, base)
    return freq / factor * ramp + freq * (1 - ramp), 0.1 * np.log(factor) + 1


def test_gpt_oss():
    rng = np.random.default_rng(9)
    layers, x = two(rng, kv_heads=2, d=8), given(rng)
    names, want = llama_names(layers, "qkvo"), []
    freq, factor = yarn(8, 150000.0, 32.0, 4096, truncate=False)
    for l, layer in enumerate(layers):
        sinks = rng.standard_normal(4).astype(np.float32)
        names[f"model.layers.{l}.self_attn.sinks"] = sinks
        want.append(layer.forward(x, mask=causal(6) if l else window(6, 3), turn=turning(6, 8, freq=freq, factor=factor),
                                  sinks=sinks))
    config = llama_config("gpt_oss", sliding_window=3, rope_theta=150000, max_position_embeddings=131072,
                          layer_types=["sliding_attention", "full_attention"],
                          rope_scaling={"rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0,
                                        "truncate": False, "original_max_position_embeddings": 4096})
    compare("gpt-oss", attend(model(names, config), embeddings=x), want)


def test_partial_rotary():
    rng = np.random.default_rng(10)
    layers, x = two(rng, d=8), given(rng)
    names = {}
    for l, layer in enumerate(layers):
        four(names, f"model.layers.{l}.self_attn.", layer, "q_proj", "k_proj", "v_proj", "dense")
    for share, width in ((None, 4), (0.25, 2)):
        config = llama_config("phi", num_key_value_heads=4, **({} if share is None else {"partial_rotary_factor": share}))
        want = [layer.forward(x, mask=causal(6), turn=turning(6, width)) for layer in layers]
        compare(f"Phi-2 {share}", attend(model(names, config), embeddings=x), want)
    names = llama_names(layers, "qkvo")
    want = [layer.forward(x, mask=causal(6), turn=turning(6, 2)) for layer in layers]
    compare("StableLM", attend(model(names, llama_config("stablelm", num_key_value_heads=4)), embeddings=x), want)


def phi3_names(layers):
    names = {}
    for l, layer in enumerate(layers):
        names[f"model.layers.{l}.self_attn.qkv_proj.weight"] = thirds(layer)[0]
        linear(names, f"model.layers.{l}.self_attn.o_proj", layer.wo)
    return names


def test_phi3():
    """longrope with the lengths outside of the object, and Phi-4-mini's partial rotary."""
    rng = np.random.default_rng(11)
    layers, x = two(rng, kv_heads=2, d=8, bias=""), given(rng)
    short, long = rng.uniform(1, 2, 3), rng.uniform(2, 9, 3)
    config = llama_config("phi3", sliding_window=4, partial_rotary_factor=0.75, max_position_embeddings=128,
                          original_max_position_embeddings=32,
                          rope_scaling={"type": "longrope", "short_factor": short.tolist(), "long_factor": long.tolist()})
    factor = np.sqrt(1 + np.log(4) / np.log(32))
    for n, factors in ((6, short), (40, long)):
        x = given(rng, n)
        want = [layer.forward(x, mask=window(n, 4), turn=turning(n, 6, freq=frequencies(6) / factors, factor=factor))
                for layer in layers]
        compare(f"Phi-3, {n} tokens", attend(model(phi3_names(layers), config), embeddings=x), want)


def test_meta():
    rng = np.random.default_rng(12)
    layers, x, names = two(rng, kv_heads=2, d=8, bias=""), given(rng), {}
    for l, layer in enumerate(layers):
        four(names, f"layers.{l}.attention.", layer, "wq", "wk", "wv", "wo", bias="")
    path = model(names)
    with open("m/params.json", "w") as file:
        json.dump({"dim": 16, "n_heads": 4, "n_kv_heads": 2, "n_layers": 2, "rope_theta": 500000.0}, file)
    want = [layer.forward(x, mask=causal(6), turn=turning(6, 8, 5e5, how=neighbours)) for layer in layers]
    compare("Meta", attend(path, embeddings=x), want)
    with open("llama.json", "w") as file:
        json.dump({"model_type": "llama", "num_attention_heads": 4, "num_key_value_heads": 2, "rope_theta": 500000.0}, file)
    compare("beside a config of Hugging Face", attend(path, "--config", "llama.json", embeddings=x), want)
    with open("m/params.json", "w") as file:
        json.dump({"n_heads": 4, "n_kv_heads": 2, "rope_theta": 500000.0, "use_scaled_rope": True}, file)
    freq = frequencies(8, 5e5)
    wave = 2 * np.pi / freq
    smooth = (8192 / wave - 1) / 3
    freq = np.where(wave < 2048, freq, np.where(wave > 8192, freq / 8, (1 - smooth) * freq / 8 + smooth * freq))
    want = [layer.forward(x, mask=causal(6), turn=turning(6, 8, how=neighbours, freq=freq)) for layer in layers]
    compare("use_scaled_rope", attend(path, embeddings=x), want)


def slopes(heads):
    """build_alibi_tensor of modeling_bloom.py."""
    closest = 2 ** int(np.floor(np.log2(heads)))
    base = 2 ** -(2 ** -(np.log2(closest) - 3))
    out = [base ** (i + 1) for i in range(closest)]
    extra = 2 ** -(2 ** -(np.log2(2 * closest) - 3))
    return np.array(out + [extra ** (i + 1) for i in range(0, 2 * (heads - closest), 2)])


def bloom_names(layers, fuse=by_heads, bias=True):
    names = {}
    for l, layer in enumerate(layers):
        w, b = fuse(layer)
        names[f"transformer.h.{l}.self_attention.query_key_value.weight"] = w
        if bias:
            names[f"transformer.h.{l}.self_attention.query_key_value.bias"] = b
        linear(names, f"transformer.h.{l}.self_attention.dense", layer.wo, layer.bo if bias else None)
    return names


def test_bloom():
    rng = np.random.default_rng(13)
    layers, x = two(rng, heads=6), given(rng)
    bias = slopes(6)[:, None, None] * np.arange(6)
    want = [layer.forward(x, mask=causal(6), bias=bias) for layer in layers]
    compare("BLOOM", attend(model(bloom_names(layers), {"model_type": "bloom", "n_head": 6}), embeddings=x), want)


def test_falcon():
    rng = np.random.default_rng(14)
    x = given(rng)
    layers = two(rng, kv_heads=1, bias="")
    want = [layer.forward(x, mask=causal(6), turn=turning(6, 4)) for layer in layers]
    config = {"model_type": "falcon", "num_attention_heads": 4, "multi_query": True, "new_decoder_architecture": False,
              "num_kv_heads": 4, "alibi": False}
    compare("7B", attend(model(bloom_names(layers, thirds, False), config), embeddings=x), want)
    layers = two(rng, kv_heads=2, bias="")
    want = [layer.forward(x, mask=causal(6), turn=turning(6, 4)) for layer in layers]
    config = {"model_type": "falcon", "num_attention_heads": 4, "multi_query": True, "new_decoder_architecture": True,
              "num_kv_heads": 2}
    compare("40B", attend(model(bloom_names(layers, by_heads, False), config), embeddings=x), want)
    layers = two(rng)
    config = {"model_type": "falcon", "num_attention_heads": 4, "multi_query": False, "alibi": True}
    bias = slopes(4)[:, None, None] * np.arange(6)
    want = [layer.forward(x, mask=causal(6), bias=bias / np.sqrt(4)) for layer in layers]
    compare("with ALiBi", attend(model(bloom_names(layers), config), embeddings=x), want)


def test_gptj():
    rng = np.random.default_rng(15)
    layers, x, names = two(rng, d=8, bias=""), given(rng), {}
    for l, layer in enumerate(layers):
        four(names, f"transformer.h.{l}.attn.", layer, "q_proj", "k_proj", "v_proj", "out_proj", bias="")
        names[f"transformer.h.{l}.attn.bias"] = np.tril(np.ones((1, 1, 8, 8)))
    want = [layer.forward(x, mask=causal(6), turn=turning(6, 4, how=neighbours)) for layer in layers]
    config = {"model_type": "gptj", "n_head": 4, "rotary_dim": 4}
    compare("GPT-J", attend(model(names, config), embeddings=x), want)


def test_gpt_neo():
    rng = np.random.default_rng(16)
    layers, x, names = two(rng, bias="o"), given(rng), {}
    for l, layer in enumerate(layers):
        four(names, f"transformer.h.{l}.attn.attention.", layer, "q_proj", "k_proj", "v_proj", "out_proj", bias="o")
    want = [layer.forward(x, mask=mask, scale=1) for layer, mask in zip(layers, (causal(6), window(6, 2)))]
    config = {"model_type": "gpt_neo", "num_heads": 4, "window_size": 2, "attention_types": [[["global", "local"], 1]],
              "attention_layers": ["global", "local"]}
    compare("GPT-Neo", attend(model(names, config), embeddings=x), want)
    del config["attention_layers"]
    compare("by attention_types alone", attend(model(names, config), embeddings=x), want)


def test_opt():
    rng = np.random.default_rng(17)
    layers, x, names = two(rng), given(rng), {}
    for l, layer in enumerate(layers):
        four(names, f"model.decoder.layers.{l}.self_attn.", layer, "q_proj", "k_proj", "v_proj", "out_proj")
    want = [layer.forward(x, mask=causal(6)) for layer in layers]
    compare("OPT", attend(model(names, {"model_type": "opt", "num_attention_heads": 4}), embeddings=x), want)
    compare("OPT by its names", attend(model(names), "--heads", "4", embeddings=x), want)


# ---- encoders, and encoder–decoders ----

def parts(what, path, encoder, decoder, cross, x, context, *words, masked=True):
    """The three parts of a file."""
    compare(f"{what}: encoder", attend(path, *words, embeddings=x), encoder)
    compare(f"{what}: encoder", attend(path, "--part", "encoder", *words, embeddings=x), encoder)
    compare(f"{what}: decoder", attend(path, "--part", "decoder", *words, embeddings=x), decoder)
    compare(f"{what}: cross", attend(path, "--part", "cross", *words, embeddings=x, context=context), cross)
    compare(f"{what}: cross by the context", attend(path, *words, embeddings=x, context=context), cross)


def test_bart():
    rng = np.random.default_rng(18)
    x, context = given(rng), given(rng, 4)
    for what, root, bias in (("BART", "model.", "qkvo"), ("Whisper", "", "qvo")):
        names = {}
        enc, dec, cross = two(rng, bias=bias), two(rng, heads=2, d=8, bias=bias), two(rng, heads=2, d=8, bias=bias)
        for l in range(2):
            for layers, module in ((enc, "encoder.layers.%d.self_attn."), (dec, "decoder.layers.%d.self_attn."),
                                   (cross, "decoder.layers.%d.encoder_attn.")):
                four(names, root + module % l, layers[l], "q_proj", "k_proj", "v_proj", "out_proj", bias=bias)
        config = {"model_type": what.lower(), "encoder_attention_heads": 4, "decoder_attention_heads": 2,
                  "num_attention_heads": 4}
        parts(what, model(names, config), [a.forward(x) for a in enc], [a.forward(x, mask=causal(6)) for a in dec],
              [a.forward(x, context) for a in cross], x, context)


def test_whisper():
    rng = np.random.default_rng(19)
    x, context = given(rng), given(rng, 4)
    names, layers = {}, [two(rng, bias="qvo") for _ in range(3)]
    for l in range(2):
        for a, module in zip(layers, ("encoder.blocks.%d.attn.", "decoder.blocks.%d.attn.", "decoder.blocks.%d.cross_attn.")):
            four(names, module % l, a[l], "query", "key", "value", "out", bias="qvo")
    parts("Whisper of OpenAI", model(names), [a.forward(x) for a in layers[0]],
          [a.forward(x, mask=causal(6)) for a in layers[1]], [a.forward(x, context) for a in layers[2]], x, context,
          "--heads", "4")


def bucket(distance, two_sided, count=32, most=128):
    """_relative_position_bucket of modeling_t5.py, without its rounding to float32."""
    out = np.zeros(distance.shape, int)
    if two_sided:
        count //= 2
        out += (distance > 0) * count
        distance = np.abs(distance)
    else:
        distance = -np.minimum(distance, 0)
    exact = count // 2
    far = exact + (np.log(np.maximum(distance, 1) / exact) / np.log(most / exact) * (count - exact)).astype(int)
    return out + np.where(distance < exact, distance, np.minimum(far, count - 1))


def test_t5():
    rng = np.random.default_rng(20)
    n = 24
    x, context = given(rng, n), given(rng, 4)
    i, j = np.indices((n, n))
    for each in (False, True):
        names, tables = {}, {}
        layers = [two(rng, d=6, bias="") for _ in range(3)]
        for l in range(2):
            for a, module in zip(layers, ("encoder.block.%d.layer.0.SelfAttention.", "decoder.block.%d.layer.0.SelfAttention.",
                                          "decoder.block.%d.layer.1.EncDecAttention.")):
                four(names, module % l, a[l], "q", "k", "v", "o", bias="")
            for side in ("encoder", "decoder"):
                if each or l == 0:
                    tables[side, l] = rng.standard_normal((32, 4)).astype(np.float32)
                    names[f"{side}.block.{l}.layer.0.SelfAttention.relative_attention_bias.weight"] = tables[side, l]
        bias = {side: [tables[side, l if each else 0][bucket(j - i, side == "encoder")].transpose(2, 0, 1) for l in range(2)]
                for side in ("encoder", "decoder")}
        config = {"model_type": "umt5" if each else "t5", "num_heads": 4, "relative_attention_max_distance": 128,
                  "relative_attention_num_buckets": 32}
        parts(config["model_type"], model(names, config),
              [a.forward(x, scale=1, bias=b) for a, b in zip(layers[0], bias["encoder"])],
              [a.forward(x, scale=1, bias=b, mask=causal(n)) for a, b in zip(layers[1], bias["decoder"])],
              [a.forward(x, context, scale=1) for a in layers[2]], x, context)


def test_bert_family():
    rng = np.random.default_rng(21)
    layers, x = two(rng), given(rng)
    want = [layer.forward(x) for layer in layers]
    names = {}
    for l, layer in enumerate(layers):
        four(names, f"roberta.encoder.layer.{l}.attention.", layer, "self.query", "self.key", "self.value", "output.dense")
    compare("RoBERTa", attend(model(names, {"model_type": "roberta", "num_attention_heads": 4}), embeddings=x), want)
    masked = [layer.forward(x, mask=causal(6)) for layer in layers]
    config = {"model_type": "bert", "num_attention_heads": 4, "is_decoder": True}
    compare("a decoder of BERT's names", attend(model(names, config), embeddings=x), masked)
    names = {}
    for l, layer in enumerate(layers):
        four(names, f"distilbert.transformer.layer.{l}.attention.", layer, "q_lin", "k_lin", "v_lin", "out_lin")
    compare("DistilBERT", attend(model(names, {"model_type": "distilbert", "n_heads": 4}), embeddings=x), want)
    names = {}
    four(names, "albert.encoder.albert_layer_groups.0.albert_layers.0.attention.", layers[0], "query", "key", "value", "dense")
    config = {"model_type": "albert", "num_attention_heads": 4, "num_hidden_layers": 3}
    compare("ALBERT", attend(model(names, config), embeddings=x), [want[0]] * 3)
    names = {}
    for l, layer in enumerate(layers):
        four(names, f"encoder.layer.{l}.attention.", layer, "attention.query", "attention.key", "attention.value",
             "output.dense")
    compare("DINOv2", attend(model(names, {"model_type": "dinov2", "num_attention_heads": 4}), embeddings=x), want)


def test_fused_encoders():
    rng = np.random.default_rng(22)
    layers, x = two(rng), given(rng)
    want = [layer.forward(x) for layer in layers]
    for what, module, qkv, out, bias in (
            ("timm", "blocks.%d.attn.", "qkv", "proj", True), ("lucidrains", "transformer.layers.%d.0.", "to_qkv", "to_out.0", False),
            ("older lucidrains", "transformer.layers.%d.0.fn.", "to_qkv", "to_out.0", False)):
        names, expected = {}, want
        for l, layer in enumerate(layers):
            w, b = thirds(layer)
            names[module % l + qkv + ".weight"] = w
            if bias:
                names[module % l + qkv + ".bias"] = b
            linear(names, module % l + out, layer.wo, layer.bo)
        if not bias:
            plain = two(np.random.default_rng(22))
            for layer in plain:
                layer.bq, layer.bk, layer.bv = 0 * layer.bq, 0 * layer.bk, 0 * layer.bv
            expected = [layer.forward(x) for layer in plain]
        compare(what, attend(model(names), "--heads", "4", embeddings=x), expected)
    names = {}
    for l, layer in enumerate(layers):
        w, b = thirds(layer)
        names.update({f"layers.{l}.self_attn.in_proj_weight": w, f"layers.{l}.self_attn.in_proj_bias": b})
        linear(names, f"layers.{l}.self_attn.out_proj", layer.wo, layer.bo)
    compare("nn.TransformerEncoder", attend(model(names), "--heads", "4", embeddings=x), want)


def torch_names(names, module, layer):
    w, b = thirds(layer)
    names.update({module + "in_proj_weight": w, module + "in_proj_bias": b})
    linear(names, module + "out_proj", layer.wo, layer.bo)


def test_torch_transformer():
    rng = np.random.default_rng(23)
    x, context = given(rng), given(rng, 4)
    names, layers = {}, [two(rng) for _ in range(3)]
    for l in range(2):
        for a, module in zip(layers, ("encoder.layers.%d.self_attn.", "decoder.layers.%d.self_attn.",
                                      "decoder.layers.%d.multihead_attn.")):
            torch_names(names, "transformer." + module % l, a[l])
    parts("nn.Transformer", model(names), [a.forward(x) for a in layers[0]], [a.forward(x) for a in layers[1]],
          [a.forward(x, context) for a in layers[2]], x, context, "--heads", "4")
    names = {}
    for l in range(2):
        torch_names(names, f"layers.{l}.self_attn.", layers[1][l])
        torch_names(names, f"layers.{l}.multihead_attn.", layers[2][l])
    got = attend(model(names), "--heads", "4", embeddings=x, context=context)
    compare("nn.TransformerDecoder", got, [a.forward(x, context) for a in layers[2]])


def test_torch_other_widths():
    rng = np.random.default_rng(24)
    layer, x, context = Layer(rng, e_kv=10), given(rng), given(rng, 4, 10)
    names = {"q_proj_weight": layer.wq.T, "k_proj_weight": layer.wk.T, "v_proj_weight": layer.wv.T,
             "in_proj_bias": np.concatenate([layer.bq, layer.bk, layer.bv])}
    linear(names, "out_proj", layer.wo, layer.bo)
    compare("kdim, vdim", attend(model(names), "--heads", "4", embeddings=x, context=context), [layer.forward(x, context)])


def test_transformer_lens():
    rng = np.random.default_rng(25)
    layers, x, names = two(rng), given(rng), {}
    for l, a in enumerate(layers):
        for letter in "qkv":
            names[f"blocks.{l}.attn.W_{letter.upper()}"] = getattr(a, "w" + letter).reshape(16, 4, 4).transpose(1, 0, 2)
            names[f"blocks.{l}.attn.b_{letter.upper()}"] = getattr(a, "b" + letter).reshape(4, 4)
        names[f"blocks.{l}.attn.W_O"], names[f"blocks.{l}.attn.b_O"] = a.wo.reshape(4, 4, 16), a.bo
        names[f"blocks.{l}.attn.mask"] = np.tril(np.ones((8, 8)))
    compare("TransformerLens", attend(model(names), embeddings=x), [a.forward(x, mask=causal(6)) for a in layers])


def test_ctranslate2():
    rng = np.random.default_rng(26)
    x, context = given(rng), given(rng, 4)
    names, layers = {}, [two(rng) for _ in range(3)]
    put = lambda module, w, b: names.update({module + "/weight": w, module + "/bias": b})
    for l in range(2):
        for a, module in zip(layers, ("encoder/layer_%d/self_attention", "decoder/layer_%d/self_attention")):
            put(module % l + "/linear_0", *thirds(a[l]))
            put(module % l + "/linear_1", a[l].wo.T, a[l].bo)
        a, module = layers[2][l], f"decoder/layer_{l}/attention"
        put(module + "/linear_0", a.wq.T, a.bq)
        put(module + "/linear_1", np.concatenate([a.wk.T, a.wv.T]), np.concatenate([a.bk, a.bv]))
        put(module + "/linear_2", a.wo.T, a.bo)
    parts("CTranslate2", model(names), [a.forward(x) for a in layers[0]], [a.forward(x, mask=causal(6)) for a in layers[1]],
          [a.forward(x, context) for a in layers[2]], x, context, "--heads", "4")


# ---- GGUF ----

def gguf_names(layers, fused, bias=""):
    names = {}
    for l, layer in enumerate(layers):
        if fused:
            w, b = thirds(layer)
            names[f"blk.{l}.attn_qkv.weight"] = w
            if "q" in bias:
                names[f"blk.{l}.attn_qkv.bias"] = b
            linear(names, f"blk.{l}.attn_output", layer.wo, layer.bo if "o" in bias else None)
        else:
            four(names, f"blk.{l}.", layer, "attn_q", "attn_k", "attn_v", "attn_output", bias=bias)
    return names


def test_gguf():
    rng = np.random.default_rng(27)
    x = given(rng)
    heads = {"attention.head_count": 4}
    rotary = {**heads, "rope.freq_base": 1e6}
    cases = [
        ("gpt2", True, {}, "qkvo", heads, {}),
        ("bloom", True, {}, "qkvo", heads, {"bias": slopes(4)[:, None, None] * np.arange(6)}),
        ("gptneox", True, {"d": 8}, "qkvo", {**heads, "rope.dimension_count": 4}, {"turn": turning(6, 4)}),
        ("falcon", True, {"kv_heads": 1}, "", {**heads, "attention.head_count_kv": 1}, {"turn": turning(6, 4)}),
        ("qwen2", False, {"kv_heads": 2}, "qkv", {**rotary, "attention.head_count_kv": 2}, {"turn": turning(6, 4, 1e6)}),
        ("llama", False, {"kv_heads": 2}, "", {**rotary, "attention.head_count_kv": 2},
         {"turn": turning(6, 4, 1e6, how=neighbours)}),
        ("gemma", False, {"kv_heads": 1, "d": 6}, "", {**heads, "attention.head_count_kv": 1, "attention.key_length": 6},
         {"turn": turning(6, 6)}),
        ("llama", False, {}, "", {**rotary, "rope.scaling.type": "linear", "rope.scaling.factor": 4.0},
         {"turn": turning(6, 4, how=neighbours, freq=frequencies(4, 1e6) / 4)}),
    ]
    for architecture, fused, how, bias, keys, options in cases:
        layers = two(rng, bias=bias, **how)
        want = [layer.forward(x, mask=causal(6), **options) for layer in layers]
        compare(f"GGUF {architecture}", attend(gguf(architecture, keys, gguf_names(layers, fused, bias)), embeddings=x), want)
    layers = two(rng)
    path = gguf("bert", {**heads, "attention.causal": False}, gguf_names(layers, False, "qkvo"))
    compare("GGUF bert", attend(path, embeddings=x), [layer.forward(x) for layer in layers])


def test_gguf_heads_of_layers():
    rng = np.random.default_rng(28)
    x = given(rng)
    layers = [Layer(rng, kv_heads=2, bias=""), Layer(rng, kv_heads=4, bias="")]
    path = gguf("llama", {"attention.head_count": [4, 4], "attention.head_count_kv": [2, 4]}, gguf_names(layers, False))
    for l in range(2):
        want = layers[l].forward(x, mask=causal(6), turn=turning(6, 4, how=neighbours))
        compare("head_count_kv of each layer", attend(path, "--layer", str(l), embeddings=x), [want], [l])


def test_gguf_windows():
    rng = np.random.default_rng(29)
    x = given(rng)
    keys = {"attention.head_count": 4, "attention.head_count_kv": 2, "attention.sliding_window": 3}
    layers = two(rng, kv_heads=2, d=6, bias="")
    want = [layer.forward(x, mask=mask, turn=turning(6, 6), softcap=20)
            for layer, mask in zip(layers, (window(6, 3), causal(6)))]
    path = gguf("gemma2", {**keys, "attn_logit_softcapping": 20.0, "attention.key_length": 6}, gguf_names(layers, False))
    compare("GGUF gemma2", attend(path, embeddings=x), want)

    layers = [Layer(rng, kv_heads=2, d=6, bias="") for _ in range(6)]
    names, want = gguf_names(layers, False), []
    for l, layer in enumerate(layers):
        norms = rng.standard_normal((2, 6)).astype(np.float32)
        names.update({f"blk.{l}.attn_{letter}_norm.weight": norm for letter, norm in zip("qk", norms)})
        turn = turning(6, 6) if l < 5 else turning(6, 6, freq=frequencies(6, 1e6) / 8)
        want.append(layer.forward(x, mask=window(6, 3) if l < 5 else causal(6), turn=turn, norm=[rms(w) for w in norms]))
    more = {"rope.freq_base": 1e6, "rope.scaling.type": "linear", "rope.scaling.factor": 8.0, "attention.key_length": 6,
            "attention.layer_norm_rms_epsilon": 1e-6}
    compare("GGUF gemma3", attend(gguf("gemma3", {**keys, **more}, names), embeddings=x), want)

    layers = two(rng, kv_heads=2, d=8)
    names, want = gguf_names(layers, False, "qkvo"), []
    freq, factor = yarn(8, 150000.0, 32.0, 4096)
    for l, layer in enumerate(layers):
        sinks = rng.standard_normal(4).astype(np.float32)
        names[f"blk.{l}.attn_sinks.weight"] = sinks
        want.append(layer.forward(x, mask=causal(6) if l else window(6, 3), turn=turning(6, 8, freq=freq, factor=factor),
                                  sinks=sinks))
    more = {"rope.freq_base": 150000.0, "rope.scaling.type": "yarn", "rope.scaling.factor": 32.0,
            "rope.scaling.original_context_length": 4096}
    compare("GGUF gpt-oss", attend(gguf("gpt-oss", {**keys, **more}, names), embeddings=x), want)


def test_gguf_qwen3():
    rng = np.random.default_rng(30)
    x, layers, want = given(rng), two(rng, kv_heads=2, d=6, bias=""), []
    names = gguf_names(layers, False)
    for l, layer in enumerate(layers):
        norms = rng.standard_normal((2, 6)).astype(np.float32)
        names.update({f"blk.{l}.attn_{letter}_norm.weight": norm for letter, norm in zip("qk", norms)})
        want.append(layer.forward(x, mask=causal(6), turn=turning(6, 6, 1e6), norm=[rms(w, 1e-3) for w in norms]))
    keys = {"attention.head_count": 4, "attention.head_count_kv": 2, "attention.key_length": 6, "rope.freq_base": 1e6,
            "attention.layer_norm_rms_epsilon": 1e-3}
    compare("GGUF qwen3", attend(gguf("qwen3", keys, names), embeddings=x), want)


def test_gguf_frequencies():
    """rope_freqs of Llama 3.1, and the lists of longrope: what frequencies are divided by."""
    rng = np.random.default_rng(31)
    x, layers = given(rng), two(rng, kv_heads=2, d=8, bias="")
    factors = rng.uniform(1, 8, 4).astype(np.float32)
    keys = {"attention.head_count": 4, "attention.head_count_kv": 2, "rope.freq_base": 5e5, "rope.dimension_count": 8}
    names = {**gguf_names(layers, False), "rope_freqs.weight": factors}
    turn = turning(6, 8, how=neighbours, freq=frequencies(8, 5e5) / factors)
    compare("rope_freqs", attend(gguf("llama", keys, names), embeddings=x),
            [layer.forward(x, mask=causal(6), turn=turn) for layer in layers])
    short, long = rng.uniform(1, 2, 3).astype(np.float32), rng.uniform(2, 9, 3).astype(np.float32)
    keys = {"attention.head_count": 4, "attention.head_count_kv": 2, "rope.dimension_count": 6, "context_length": 128,
            "rope.scaling.original_context_length": 32, "rope.scaling.attn_factor": 1.25, "rope.scaling.type": "longrope",
            "attention.sliding_window": 4}
    names = {**gguf_names(layers, True), "rope_factors_short.weight": short, "rope_factors_long.weight": long}
    for n, factors in ((6, short), (40, long)):
        x = given(rng, n)
        turn = turning(n, 6, freq=frequencies(6) / factors, factor=1.25)
        compare(f"longrope, {n} tokens", attend(gguf("phi3", keys, names), embeddings=x),
                [layer.forward(x, mask=window(n, 4), turn=turn) for layer in layers])


def test_gguf_t5():
    rng = np.random.default_rng(32)
    n = 24
    x, context, names = given(rng, n), given(rng, 4), {}
    i, j = np.indices((n, n))
    layers = [two(rng, d=6, bias="") for _ in range(3)]
    for l in range(2):
        four(names, f"enc.blk.{l}.", layers[0][l], "attn_q", "attn_k", "attn_v", "attn_o", bias="")
        four(names, f"dec.blk.{l}.", layers[1][l], "attn_q", "attn_k", "attn_v", "attn_o", bias="")
        four(names, f"dec.blk.{l}.", layers[2][l], "cross_attn_q", "cross_attn_k", "cross_attn_v", "cross_attn_o", bias="")
    tables = rng.standard_normal((2, 32, 4)).astype(np.float32)
    names.update({"enc.blk.0.attn_rel_b.weight": tables[0], "dec.blk.0.attn_rel_b.weight": tables[1]})
    bias = [table[bucket(j - i, side == 0)].transpose(2, 0, 1) for side, table in enumerate(tables)]
    parts("GGUF t5", gguf("t5", {"attention.head_count": 4, "attention.relative_buckets_count": 32}, names),
          [a.forward(x, scale=1, bias=bias[0]) for a in layers[0]],
          [a.forward(x, scale=1, bias=bias[1], mask=causal(n)) for a in layers[1]],
          [a.forward(x, context, scale=1) for a in layers[2]], x, context)


# ---- what is chosen ----

def test_layers():
    """Only the chosen layers are read: what the others lack is no loss; they keep their numbers."""
    rng = np.random.default_rng(33)
    layers, x = [Layer(rng, kv_heads=2, bias="") for _ in range(5)], given(rng)
    want = [layer.forward(x, mask=causal(6), turn=turning(6, 4)) for layer in layers]
    names = llama_names(layers)
    del names["model.layers.1.self_attn.v_proj.weight"]
    path = model(names, llama_config("llama", num_hidden_layers=5))
    compare("layers 2 and 3", attend(path, "--layer", "2:4", embeddings=x), want[2:4], [2, 3])
    compare("the last", attend(path, "--layer", "-1", embeddings=x), want[4:], [4])
    got = attend(path, "--layer", "0,3", embeddings=x)
    compare("layers 0 and 3", got, [want[0], want[3]], [0, 3])
    for words, weights in ((["--layer", "4", "--head", "2"], want[4]["weights"][2, -1]), ([], want[0]["weights"][0, -1])):
        text = subprocess.run([ATTN, "explain", "x.json", "--projections", path, "--format", "json", *words],
                              capture_output=True, check=True).stdout
        keys = json.loads(text)["keys"]
        close(f"explain {words}", numbers([key["weight"] for key in keys]), weights, 1e-5)


def test_overrides():
    rng = np.random.default_rng(34)
    layers, x = two(rng, kv_heads=2, bias=""), given(rng)
    path = model(llama_names(layers), llama_config("llama", rope_theta=500000.0))
    plain = [layer.forward(x) for layer in layers]
    compare("options", attend(path, "--causal=no", "--position", "none", embeddings=x), plain)
    with open("said.json", "w") as file:
        json.dump({"embeddings": x.tolist(), "causal": False, "position": "none"}, file)
    compare("the input", attend(path, source="said.json"), plain)
    halved = [Layer(rng, heads=2, kv_heads=1, d=8, bias="") for _ in layers]
    for a, b in zip(halved, layers):
        a.wq, a.wk, a.wv, a.wo = b.wq, b.wk, b.wv, b.wo
    got = attend(path, "--heads", "2", "--kv-heads", "1", "--position-base", "100", embeddings=x)
    compare("heads", got, [layer.forward(x, mask=causal(6), turn=turning(6, 8, 100.0)) for layer in halved])
    w = rng.standard_normal((16, 16)).astype(np.float32)
    with open("w_o.json", "w") as file:
        json.dump(w.tolist(), file)
    got = attend(path, "--w-o", "w_o.json", "--causal=no", "--position", "none", embeddings=x)
    for l, a in enumerate(layers):
        a.wo = w.astype(np.float64)
        close(f"--w-o, layer {l}", numbers(got["output"])[l], a.forward(x)["output"], 1e-4)


def test_own_embeddings():
    """Embeddings of each layer, as hidden states are saved."""
    rng = np.random.default_rng(35)
    layers, xs = two(rng, kv_heads=2, bias=""), [given(rng), given(rng)]
    path = model(llama_names(layers), llama_config("llama"))
    with open("states.json", "w") as file:
        json.dump({"layers": [{"embeddings": x.tolist()} for x in xs]}, file)
    want = [layer.forward(x, mask=causal(6), turn=turning(6, 4)) for layer, x in zip(layers, xs)]
    compare("hidden states", attend(path, source="states.json"), want)


# ---- given models ----

def cases():
    root = os.path.join(os.environ["PROFILES"], "weights")
    return root, sorted(name for name in os.listdir(root) if os.path.exists(os.path.join(root, name, "expected.json")))


def test_given():
    root, names = cases()
    assert len(names) >= 11, names
    for name in names:
        folder = os.path.join(root, name)
        with open(os.path.join(folder, "expected.json")) as file:
            want = json.load(file)
        words = ["--heads", "2"] if name == "torch_mha" else []
        got = attend(folder, *words, source=os.path.join(folder, "input.json"))
        for stage in STAGES:
            expected = numbers(want[stage])
            if name == "llama_gguf" and stage in "qk":
                expected = unhalve(expected)
            close(f"{name}: {stage}", numbers(got[stage]), expected, 1e-5 if stage == "weights" else 1e-4)


def unhalve(x):
    """Columns of a head as llama.cpp's converter orders them: 0, d/2, 1, d/2 + 1, …"""
    d = x.shape[-1]
    return x.reshape(x.shape[:-1] + (2, d // 2)).swapaxes(-1, -2).reshape(x.shape)


# ---- trained models: attn is the attention of a forward pass in NumPy ----

def real(*parts_of):
    return os.path.join(os.environ["REAL"], "models", *parts_of)


def norm(x, weight, bias, epsilon):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight + bias


erf = np.vectorize(math.erf)


def bert_layer(x, attended, of, attention, inner, outer, last):
    """What follows attention in BERT's layers: twice what was made is added and normed, the second time by GELU between two
    projections. `of` gives the tensors; the other names are theirs."""
    x = norm(x + attended, of(attention + ".weight"), of(attention + ".bias"), 1e-12)
    h = x @ of(inner + ".weight").T + of(inner + ".bias")
    h = h * 0.5 * (1 + erf(h / np.sqrt(2)))
    return norm(x + h @ of(outer + ".weight").T + of(outer + ".bias"), of(last + ".weight"), of(last + ".bias"), 1e-12)


class Walk:
    """The layers of a file, one after the other."""

    def __init__(self, path, *words):
        self.path, self.words, self.weights = path, words, []

    def __call__(self, layer, x, context=None):
        got = attend(self.path, "--layer", str(layer), *self.words, embeddings=x, context=context)
        self.weights.append(numbers(got["weights"])[0])
        return numbers(got["output"])[0].astype(np.float64)


def test_gpt_nano_sort():
    t = read_safetensors(real("gpt-nano-sort", "gpt-nano-sort-mingpt.safetensors"))
    with open(real("gpt-nano-sort", "expected", "expected.json")) as file:
        ids = json.load(file)["idx"]
    att, logits = (np.load(real("gpt-nano-sort", "expected", name)) for name in ("att.npy", "logits.npy"))
    hf = ["--config", real("gpt-nano-sort", "gpt-nano-sort-hf.config.json")]
    for kind, words in (("hf", hf), ("mingpt", ["--heads", "3"])):
        for i, tokens in enumerate(ids):
            walk = Walk(real("gpt-nano-sort", f"gpt-nano-sort-{kind}.safetensors"), *words)
            x = t["transformer.wte.weight"][tokens] + t["transformer.wpe.weight"][:len(tokens)]
            for l in range(3):
                of = lambda name: t[f"transformer.h.{l}.{name}"]
                x = x + walk(l, norm(x, of("ln_1.weight"), of("ln_1.bias"), 1e-5))
                h = norm(x, of("ln_2.weight"), of("ln_2.bias"), 1e-5) @ of("mlp.c_fc.weight").T + of("mlp.c_fc.bias")
                h = 0.5 * h * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h ** 3)))
                x = x + h @ of("mlp.c_proj.weight").T + of("mlp.c_proj.bias")
            x = norm(x, t["transformer.ln_f.weight"], t["transformer.ln_f.bias"], 1e-5)
            want = att[i] if att.shape[1:3] == (3, 3) else att[:, i]
            close(f"{kind} {i}: weights", np.array(walk.weights), want, 2e-5)
            close(f"{kind} {i}: logits", x @ t["lm_head.weight"].T, logits[i], 1e-3)


def test_rxnmapper():
    t = read_safetensors(real("rxnmapper", "rxnmapper-albert.safetensors"))
    with open(real("rxnmapper", "expected", "expected.json")) as file:
        ids = json.load(file)[0]["ids"]
    of = lambda name: t["albert." + name]
    x = (of("embeddings.word_embeddings.weight")[ids] + of("embeddings.position_embeddings.weight")[:len(ids)]
         + of("embeddings.token_type_embeddings.weight")[0])
    x = norm(x, of("embeddings.LayerNorm.weight"), of("embeddings.LayerNorm.bias"), 1e-12)
    x = x @ of("encoder.embedding_hidden_mapping_in.weight").T + of("encoder.embedding_hidden_mapping_in.bias")
    layer = lambda name: of("encoder.albert_layer_groups.0.albert_layers.0." + name)
    walk = Walk(real("rxnmapper"))
    for l in range(12):
        x = bert_layer(x, walk(l, x), layer, "attention.LayerNorm", "ffn", "ffn_output", "full_layer_layer_norm")
    close("weights", np.array(walk.weights), np.load(real("rxnmapper", "expected", "att0.npy")), 2e-5)


def test_vit_mnist():
    t = read_safetensors(real("vit-mnist", "vit_mnist_3class.safetensors"))
    images = (np.load(real("vit-mnist", "expected", "drawn.npy")) / 255 - 0.1307) / 0.3081
    att, logits = (np.load(real("vit-mnist", "expected", f"vit_mnist_3class_{name}.npy")) for name in ("att", "logits"))
    for i, image in enumerate(images):
        walk = Walk(real("vit-mnist", "vit_mnist_3class." + ("pt" if i == 0 else "safetensors")), "--heads", "4")
        patches = image.reshape(4, 7, 4, 7).transpose(0, 2, 1, 3).reshape(16, 49)
        x = patches @ t["to_patch_embedding.1.weight"].T + t["to_patch_embedding.1.bias"]
        x = np.concatenate([t["cls_token"][0], x]) + t["pos_embedding"][0]
        for l in range(4):
            of = lambda name: t[f"transformer.layers.{l}.{name}"]
            x = x + walk(l, norm(x, of("0.norm.weight"), of("0.norm.bias"), 1e-5))
            h = norm(x, of("1.norm.weight"), of("1.norm.bias"), 1e-5) @ of("1.fn.net.0.weight").T + of("1.fn.net.0.bias")
            x = x + np.maximum(h, 0) @ of("1.fn.net.3.weight").T + of("1.fn.net.3.bias")
        close(f"weights of {i}", np.array(walk.weights), att[i], 2e-5)
        got = norm(x[0], t["mlp_head.0.weight"], t["mlp_head.0.bias"], 1e-5) @ t["mlp_head.1.weight"].T + t["mlp_head.1.bias"]
        close(f"logits of {i}", got, logits[i], 1e-3)


def test_bert_tiny():
    t = read_safetensors(real("bert-tiny-sst2", "encoder.safetensors"))
    x = np.load(real("bert-tiny-sst2", "sample-inputs_0.npy")).astype(np.float64)
    walk = Walk(real("bert-tiny-sst2", "encoder.safetensors"), "--heads", "2")
    for l in range(2):
        of = lambda name: t[f"bert.encoder.layer.{l}.{name}"]
        x = bert_layer(x, walk(l, x), of, "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm")
    close("weights", np.array(walk.weights), np.load(real("bert-tiny-sst2", "expected", "sample-inputs_0_att.npy")), 2e-5)


def test_stories():
    t = read_safetensors(real("stories260K", "stories260K-f32.safetensors"))
    with open(real("stories260K", "expected", "expected.json")) as file:
        ids = json.load(file)["ids"]
    att, logits, *qkv = (np.load(real("stories260K", "expected", f"{name}.npy")) for name in ("att", "logits", "q", "k", "v"))
    root = lambda x, weight: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * weight
    config = ["--config", real("stories260K", "config.json")]
    for file, words in ("f32.safetensors", config), ("f32.gguf", []), (".bin", []):
        path = real("stories260K", "stories260K" + ("-" if file[0] != "." else "") + file)
        walk = Walk(path, *words)
        x = t["model.embed_tokens.weight"][ids]
        for l in range(5):
            of = lambda name: t[f"model.layers.{l}.{name}.weight"]
            y = root(x, of("input_layernorm"))
            got = attend(path, "--layer", str(l), *words, embeddings=y)
            for stage, want in zip("qkv", qkv):
                want = halve(want[l]) if stage != "v" and words else want[l]
                close(f"{file}, layer {l}: {stage}", numbers(got[stage])[0], want, 1e-4)
            x = x + walk(l, y)
            y = root(x, of("post_attention_layernorm"))
            gate = y @ of("mlp.gate_proj").T
            x = x + (gate / (1 + np.exp(-gate)) * (y @ of("mlp.up_proj").T)) @ of("mlp.down_proj").T
        close(f"{file}: weights", np.array(walk.weights), att, 2e-5)
        close(f"{file}: logits", root(x, t["model.norm.weight"]) @ t["lm_head.weight"].T, logits, 1e-3)
    y = root(t["model.embed_tokens.weight"][ids], t["model.layers.0.input_layernorm.weight"])
    plain = numbers(attend(real("stories260K", "stories260K-f32.gguf"), embeddings=y)["weights"])
    for kind, far in (("f16", 3e-3), ("q8_0", 0.05)):
        got = numbers(attend(real("stories260K", f"stories260K-{kind}.gguf"), embeddings=y)["weights"])
        close(kind, got, plain, far)
        assert np.abs(got - plain).max() > 0, kind


def test_ct2_aren():
    t = read_safetensors(real("ct2-aren", "ct2-aren.safetensors"))
    layer_norm = lambda x, at: norm(x, t[at + "/layer_norm/gamma"], t[at + "/layer_norm/beta"], 1e-5)

    def embed(at, ids):
        angle = np.outer(np.arange(1, len(ids) + 1), np.exp(-np.log(10000) / 15 * np.arange(16)))
        return t[at + "/weight"][ids] * np.sqrt(32) + np.concatenate([np.sin(angle), np.cos(angle)], 1)

    def feed(x, at):
        h = layer_norm(x, at) @ t[at + "/linear_0/weight"].T + t[at + "/linear_0/bias"]
        return x + np.maximum(h, 0) @ t[at + "/linear_1/weight"].T + t[at + "/linear_1/bias"]

    for word in ("azza", "atzmon"):
        folder = real("ct2-aren", "expected", word)
        with open(os.path.join(folder, "expected.json")) as file:
            said = json.load(file)
        walks = [Walk(real("ct2-aren", "ct2-aren.safetensors"), "--heads", "8", "--part", part)
                 for part in ("encoder", "decoder", "cross")]
        source = next(name for name in ("encoder/embeddings_0", "encoder/embeddings") if name + "/weight" in t)
        x = embed(source, said["src"])
        for l in range(6):
            at = f"encoder/layer_{l}"
            x = feed(x + walks[0](l, layer_norm(x, at + "/self_attention")), at + "/ffn")
        memory = layer_norm(x, "encoder")
        x = embed("decoder/embeddings", said["tgt"])
        for l in range(6):
            at = f"decoder/layer_{l}"
            x = x + walks[1](l, layer_norm(x, at + "/self_attention"))
            x = feed(x + walks[2](l, layer_norm(x, at + "/attention"), memory), at + "/ffn")
        for walk, name in zip(walks, ("enc", "dec", "cross")):
            close(f"{word}: {name}", np.array(walk.weights), np.load(os.path.join(folder, name + ".npy")), 2e-5)


def halve(x):
    """The other way: columns 0, 2, 4, …, then 1, 3, 5, …"""
    return np.concatenate([x[..., 0::2], x[..., 1::2]], -1)


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
