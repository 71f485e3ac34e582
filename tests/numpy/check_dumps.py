"""What frameworks' names of saved arrays are taken for: an array a layer, step or part, TransformerLens' hooks, and attn's own."""

import json
import os
import re
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]
RNG = np.random.default_rng(5)


def run(*words, status=0):
    done = subprocess.run([ATTN, "run", *words, "--format", "json", "-v", "-o", "x.png"], capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return (json.loads(done.stdout) if status == 0 else None), done.stderr


def weights(*shape):
    x = RNG.random(shape).astype(np.float32) + np.float32(0.1)
    return x / x.sum(-1, keepdims=True)


def expect(got, expected, margin=0.0):
    got = np.array(got, dtype=np.float32).astype(float)
    assert got.shape == expected.shape and np.abs(got - expected).max() <= margin, (got.shape, expected.shape)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_layers():
    """One array a layer, under the names that people give them, with a batch of one or without."""
    layers = [weights(1, 2, 4, 5) for _ in range(12)]
    for name in ("attn_%d", "attentions_%d", "attentions.%d", "layer_%d", "layer%d", "arr_%d", "weights_%d", "layers.%d.attention", "%d",
                 "out.attentions.%d", "ATT_%d", "att%d", "layer_%02d"):
        np.savez("a.npz", **{name % l: x for l, x in enumerate(layers)})
        got, said = run("a.npz")
        expect(got["weights"], np.concatenate(layers))
        np.savez("a.npz", **{name % l: x[0] for l, x in enumerate(layers)})
        expect(run("a.npz")[0]["weights"], np.concatenate(layers))
    # some layers of a model, and not in their order
    np.savez("a.npz", **{f"attn_{l}": layers[l] for l in (7, 3, 11)})
    got, said = run("a.npz")
    expect(got["weights"], np.concatenate([layers[l] for l in (3, 7, 11)]))
    assert "a.npz: its layers from 3 to 11 are layers 0 to 2 here" in said
    # layers of different size
    np.savez("a.npz", attn_0=weights(2, 4, 4), attn_1=weights(3, 2, 5))
    assert [np.array(w).shape for w in run("a.npz")[0]["weights"]] == [(2, 4, 4), (3, 2, 5)]
    # a batch, and a name that is there twice
    np.savez("a.npz", attn_0=weights(2, 3, 4, 4))
    assert "with a batch of 2 in front: expected one sequence, which --batch N chooses" in run("a.npz", status=3)[1]
    np.savez("a.npz", attn_0=weights(3, 4, 4), attentions_0=weights(3, 4, 4))
    assert "attention is given twice" in run("a.npz", status=3)[1]


def peak(file, *words):
    """Bytes that a run held at most, without JSON, whose text is larger than the numbers. A child counts what its parent held before
    it, so that it is one of a shell."""
    shell = ["sh", "-c", '"$@"; exit $?', "sh"]
    done = subprocess.run([*shell, ATTN, "run", file, *words, "-v", "--vmax", "1", "-o", "x.png"], capture_output=True, text=True, check=True)
    return int(re.search(r" peak_bytes=(\d+)", done.stderr).group(1))


def test_chosen():
    """Of weights that were given only the chosen layers and heads are read, wherever their numbers have to be made of others."""
    layers, heads, n = 8, 4, 512
    w = weights(layers, heads, n, n).astype(np.float16)
    w32 = w.astype(np.float32)
    named = {f"attentions.{l}": x[None] for l, x in enumerate(w32)}
    np.savez("stored.npz", **named)
    np.savez_compressed("packed.npz", **{f"attentions.{l}": x for l, x in enumerate(w)})
    np.save("attn_half.npy", w)
    np.savez("one.npz", attention=w)
    np.save("attn_swapped.npy", w32.astype(">f4"))
    np.savez("tiny.npz", **{f"attentions.{l}": x[:, :8, :8] / x[:, :8, :8].sum(-1, keepdims=True) for l, x in enumerate(w32)})
    base, layer = peak("tiny.npz"), w32[0].nbytes
    with open(ATTN, "rb") as f:
        has_shadow = b"__asan_init" in f.read()  # memory beside what the program holds
    part = ("--queries", "500:502", "--keys", "10:14")
    for file in "stored.npz", "packed.npz", "attn_half.npy", "one.npz", "attn_swapped.npy":
        for words, index in (("--layer", "-1"), (slice(-1, None),)), (("--layer", "5,2", "--head", "-1,1"), ([[5], [2]], [[3, 1]])), \
                (("--head", "2"), (slice(None), slice(2, 3))), ((), ()):
            got, _ = run(file, *words, *part)
            expect(got["weights"], w32[index][..., 500:502, 10:14])
        got, _ = run(file, "--layer", "2:4", "--average", "heads,layers", *part)
        expect(got["weights"], w32[2:4].astype(float).mean((0, 1), keepdims=True)[..., 500:502, 10:14], 1e-7)
        got, _ = run(file, "--layer", "3", "--transpose", *part)
        expect(got["weights"], np.swapaxes(w32[3:4], -1, -2)[..., 500:502, 10:14])
        held = peak(file, "--layer", "3") - base
        # the checksum of the one array in this small file is that of all layers
        whole = os.path.getsize(file) if file == "one.npz" else 0
        assert held < 3.5 * layer + whole or has_shadow, (file, held / layer)
    # words are made of all
    got, _ = run("attn_half.npy", "--words", "--layer", "3", *part)
    expect(got["weights"], w32[3:4, :, 500:502, 10:14], 1e-6)
    # what is chosen wrongly is named as ever, and damage is found where it is read
    assert "there is no layer 8: expected 0 to 7" in run("stored.npz", "--layer", "8", status=2)[1]
    assert "there is no head -5: expected 0 to 3" in run("stored.npz", "--head", "-5", status=2)[1]
    # an array a layer is used where it lies, not gathered first
    subprocess.run([ATTN, "convert", "stored.npz", "-o", "aligned.safetensors"], check=True)
    assert peak("aligned.safetensors") - base < 1.5 * w32.nbytes or has_shadow
    # labels of a part cut the rest off, which is 0 in all heads but one that is not chosen
    w[..., 6:], w[..., 6:, :] = 0, 0
    json.dump(list("abcdef"), open("t.json", "w"))
    np.save("attn_half.npy", w)
    expect(run("attn_half.npy", "--tokens", "t.json", "--layer", "1", "--head", "0")[0]["weights"], w[1:2, :1, :6, :6].astype(np.float32))
    w[7, 3, 0, 7] = 0.25
    np.save("attn_half.npy", w)
    assert "is cut to the tokens, 6×512" in run("attn_half.npy", "--tokens", "t.json", "--layer", "1", "--head", "0")[1]


def test_hooks():
    """A cache of TransformerLens: q, k, v with heads behind tokens, of which those after rotary are the ones that are compared."""
    n, heads, d = 5, 2, 4
    q, k, v, rot_q, rot_k = (RNG.normal(size=(2, 1, n, heads, d)).astype(np.float32) for _ in range(5))
    scores = np.where(np.tri(n, dtype=bool), np.einsum("libhd,lijhd->lhbj", rot_q, rot_k) / np.sqrt(d), -np.inf)
    pattern = softmax(scores.astype(float))
    names = {"q": q, "k": k, "v": v, "rot_q": rot_q, "rot_k": rot_k}
    cache = {f"blocks.{l}.attn.hook_{name}": x[l] for name, x in names.items() for l in range(2)}
    cache.update({f"blocks.{l}.ln1.hook_scale": np.ones((1, n, 1)) for l in range(2)}, hook_embed=np.ones((1, n, 8)))
    np.savez("c.npz", **cache)
    got, said = run("c.npz", "--causal")
    expect(got["weights"], pattern, 2e-6)
    expect(got["output"], np.einsum("lhij,ljhd->lihd", pattern, v[:, 0]).reshape(2, n, heads * d), 2e-6)
    assert "as TransformerLens has them" in said and "warning" not in said
    for name in ("blocks.%d.attn.hook_rot_q", "blocks.%d.attn.hook_rot_k"):
        for l in range(2):
            del cache[name % l]
    np.savez("c.npz", **cache)
    plain = softmax(np.where(np.tri(n, dtype=bool), np.einsum("libhd,lijhd->lhbj", q, k).astype(float) / np.sqrt(d), -np.inf))
    expect(run("c.npz", "--causal")[0]["weights"], plain, 2e-6)
    cache.update({f"blocks.{l}.attn.hook_attn_scores": scores[l][None].astype(np.float32) for l in range(2)})
    np.savez("c.npz", **cache)
    got, said = run("c.npz")
    expect(got["weights"], pattern, 1e-6)
    assert "masked scores, whose softmax is taken" in said and "the weights are taken, and not the q, k and v beside them" in said
    cache.update({f"blocks.{l}.attn.hook_pattern": plain[l][None].astype(np.float32) for l in range(2)})
    np.savez("c.npz", **cache)
    expect(run("c.npz")[0]["weights"], plain.astype(np.float32))


def test_parts():
    """Encoder, decoder and cross attention in one file, with different sizes."""
    parts = {"encoder_attentions": weights(2, 3, 6, 6), "decoder_attentions": weights(2, 3, 4, 4), "cross_attentions": weights(2, 3, 4, 6)}
    np.savez("p.npz", **{f"{name}.{l}": x[l][None] for name, x in parts.items() for l in range(2)})
    got, said = run("p.npz")
    expect(got["weights"], parts["cross_attentions"])
    assert "p.npz: cross attention is taken; --part encoder takes the attention of the encoder" in said
    for name, x in parts.items():
        expect(run("p.npz", "--part", name.split("_")[0])[0]["weights"], x)


def test_steps():
    """The tuples of generate(): a step with all rows of the prompt, then one row a step."""
    steps = [[weights(1, 2, 4 if s == 0 else 1, 4 + s) for _ in range(3)] for s in range(4)]
    whole = np.zeros((3, 2, 7, 7), dtype=np.float32)
    for s, layers in enumerate(steps):
        for l, x in enumerate(layers):
            whole[l, :, 0 if s == 0 else 3 + s:4 + s, :4 + s] = x[0]
    for name in ("step_%d_layer_%d", "attentions.%d.%d", "%d.%d"):
        np.savez("s.npz", **{name % (s, l): x for s, layers in enumerate(steps) for l, x in enumerate(layers)})
        got, said = run("s.npz")
        expect(got["weights"], whole)
        assert "4 steps of a generation, one under the other" in said
        exists = np.arange(7) < np.maximum(4, np.arange(7)[:, None] + 1)
        assert (np.array(got["mask"]).reshape(-1, 7, 7).astype(bool) == exists).all()
    np.savez("s.npz", step_0_layer_0=weights(1, 2, 4, 4), step_1_layer_0=weights(1, 2, 1, 7))
    assert "expected steps of a generation, which add as many keys as they have rows" in run("s.npz", status=3)[1]


def test_cross_steps():
    """Cross attention in the tuples of generate(): every step has the keys of the encoder."""
    steps = [[weights(1, 2, 1, 5) for _ in range(3)] for _ in range(4)]
    whole = np.stack([np.concatenate([layers[l][0] for layers in steps], 1) for l in range(3)])
    for name in ("cross_attentions.%d.%d", "attentions.%d.%d", "step_%d_layer_%d", "%d.%d"):
        np.savez("c.npz", **{name % (s, l): x for s, layers in enumerate(steps) for l, x in enumerate(layers)})
        got, said = run("c.npz", "--causal=no")
        expect(got["weights"], whole)
        assert "4 steps of a generation, one under the other" in said and "mask" not in got and len(got["key_tokens"]) == 5
    with open("c.json", "w", encoding="utf-8") as out:
        json.dump({"cross_attentions": [[x.tolist() for x in layers] for layers in steps]}, out)
    got, said = run("c.json")
    expect(got["weights"], whole)
    assert "cross_attentions has 4 steps of a generation" in said and "mask" not in got
    # Beside the steps of the decoder and the tuple of the encoder, and a single step.
    decoder = [[weights(1, 2, 1, 1 + s) for _ in range(3)] for s in range(4)]
    parts = {f"cross_attentions.{s}.{l}": x for s, layers in enumerate(steps) for l, x in enumerate(layers)}
    parts |= {f"decoder_attentions.{s}.{l}": x for s, layers in enumerate(decoder) for l, x in enumerate(layers)}
    np.savez("p.npz", **parts, **{f"encoder_attentions.{l}": weights(1, 2, 5, 5) for l in range(3)})
    expect(run("p.npz", "--part", "cross")[0]["weights"], whole)
    expect(np.array(run("p.npz", "--part", "decoder")[0]["weights"])[:, :, 3], np.stack([x[0][:, 0] for x in decoder[3]]))
    np.savez("c.npz", **{f"cross_attentions.0.{l}": x for l, x in enumerate(steps[0])})
    expect(run("c.npz")[0]["weights"], whole[:, :, :1])
    np.savez("c.npz", **{"cross_attentions.0.0": weights(1, 2, 1, 5), "cross_attentions.1.0": weights(1, 2, 1, 6)})
    assert "step 1 is 2×1×6, behind 2×1×5: expected steps of a generation, which all have the keys of the encoder" in run("c.npz", status=3)[1]


def test_names():
    """Other names: those that are understood, those that are passed over, and those that would change the result."""
    q, k, v = (RNG.normal(size=(2, 5, 4)).astype(np.float32) for _ in range(3))
    expected = softmax(np.einsum("hid,hjd->hij", q, k).astype(float) / 2)[None]
    for names in (("q", "k", "v"), ("query", "key", "value"), ("Q", "K", "V"), ("query_states", "key_states", "value_states")):
        np.savez("n.npz", **dict(zip(names, (q[None], k[None], v[None]))))
        expect(run("n.npz")[0]["weights"], expected, 2e-6)
    np.savez("n.npz", q=q, k=k, v=v, loss=np.ones(1), _note=np.ones(1), output=np.ones(3))
    said = run("n.npz")[1]
    assert "n.npz: loss is not read: nothing is known of this name" in said and "output" not in said
    np.savez("n.npz", q=q, k=k, v=v, my_mask=np.ones((5, 5)))
    assert "n.npz:my_mask: this name is not understood, and would change the result" in run("n.npz", status=3)[1]
    np.savez("n.npz", q=q, k=k, v=v, attention_mask=np.array([[1, 1, 1, 0, 1]]))
    masked = np.einsum("hid,hjd->hij", q, k).astype(float) / 2
    masked[:, :, 3] = -np.inf
    expect(run("n.npz")[0]["weights"], softmax(masked)[None], 2e-6)
    # heads behind tokens cannot be told: it is said how they were read
    np.savez("n.npz", q=q.transpose(1, 0, 2), k=k.transpose(1, 0, 2), v=v.transpose(1, 0, 2))
    assert "q is taken for 5 heads of 2 tokens; if it is 5 tokens of 2 heads, exchange these axes" in run("n.npz")[1]
    np.savez("n.npz", first=np.ones((4, 4)), other=np.ones(3))
    assert "n.npz holds 2 arrays, of which no name is known, the first first of 4×4" in run("n.npz", status=3)[1]
    expect(run("--q", "n.npz:first", "--k", "n.npz:first[:, ::-1]")[0]["weights"], np.full((1, 1, 4, 4), 0.25))
    assert "n.npz has no array frist; did you mean first?" in run("--q", "n.npz:frist", "--k", "n.npz:first", status=2)[1]
    assert "[9] does not index first, which is 4×4: the index is out of range on axis 0: expected 0 to 3, or -4 to -1" in run("--q", "n.npz:first[9]", "--k", "n.npz:first", status=2)[1]
    np.save("bare.npy", np.ones((3, 4, 4)))
    assert "its shape is 3×4×4, and it may be weights or queries" in run("bare.npy", status=3)[1]
    np.save("attention.npy", weights(3, 4, 4))
    expect(run("attention.npy")[0]["weights"], np.load("attention.npy")[None])


def test_own():
    """What attn writes as arrays is what it writes as JSON, and an input again."""
    for sample in ("sentence", "causal", "cross", "grouped", "window", "patches", "pairs"):
        done = subprocess.run([ATTN, "run", os.path.join(os.environ["DATA"], sample + ".json"), "-q", "-o", "o.json", "-o", "o.npz", "-o",
                               "o.safetensors"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        written, arrays = json.load(open("o.json")), np.load("o.npz")
        about = json.loads(bytes(arrays["attn_json"]))
        assert about["tokens"] == written["tokens"] and about["config"] == written["config"]
        expect(arrays["weights"], np.array(written["weights"], dtype=np.float32))
        if "output" in written:
            expect(arrays["output"], np.array(written["output"], dtype=np.float32))
        expect(arrays["stats.entropy"], np.array([[h["entropy"] for h in l] for l in written["stats"]], dtype=np.float32), 1e-6)
        for file in ("o.npz", "o.safetensors"):
            again, said = run(file, "-q")
            expect(again["weights"], np.array(written["weights"], dtype=np.float32))
            assert again["tokens"] == written["tokens"]
            for before, after in zip(sum(written["stats"], []), sum(again["stats"], [])):
                assert before["max_at"] == after["max_at"] and abs(before["entropy"] - after["entropy"]) <= 2e-6
            assert "warning" not in said, said


def test_given():
    """The dumps of frameworks that were made for this."""
    folder = os.path.join(os.environ.get("PROFILES", ""), "dumps")
    if not os.path.isdir(folder):
        sys.exit(77)
    for name, file in ("hf_npz_attn", "attentions.npz"), ("tl_cache_npz", "cache.npz"), ("generate_steps_npz", "generate.npz"), \
            ("bertviz_head_view", "bertviz.json"):
        expected = json.load(open(os.path.join(folder, name, "expected.json")))
        got, _ = run(os.path.join(folder, name, file))
        expect(got["weights"], np.array(expected["weights"], dtype=float), 1e-7)
        if file.endswith("json"):
            assert got["tokens"] == expected["tokens"]
    assert "5 heads of 2 tokens" in run(os.path.join(folder, "qkv_heads_last", "qkv.npz"))[1]


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
