"""
Models of llama2.c: the three versions as export.py writes them, written here by struct and NumPy alone, and a trained model whose
weights another file has too. A test is named on the command line.
"""
import json
import os
import struct
import subprocess
import sys

import numpy as np

READ = os.environ["READ_ARRAY"]
DIM, HIDDEN, LAYERS, HEADS, KV, VOCAB, LENGTH = 8, 12, 3, 4, 2, 5, 7
HEAD = DIM // HEADS
LAYER_PARTS = {"attention_norm.weight": (DIM,), "attention.wq.weight": (DIM, DIM), "attention.wk.weight": (KV * HEAD, DIM),
               "attention.wv.weight": (KV * HEAD, DIM), "attention.wo.weight": (DIM, DIM), "ffn_norm.weight": (DIM,),
               "feed_forward.w1.weight": (HIDDEN, DIM), "feed_forward.w2.weight": (DIM, HIDDEN),
               "feed_forward.w3.weight": (HIDDEN, DIM)}


def model(rng, shared):
    arrays = {"tok_embeddings.weight": rng.normal(size=(VOCAB, DIM)).astype("<f4"), "norm.weight": rng.normal(size=DIM).astype("<f4")}
    for name, shape in LAYER_PARTS.items():
        for layer in range(LAYERS):
            arrays[f"layers.{layer}.{name}"] = rng.normal(size=shape).astype("<f4")
    if not shared:
        arrays["output.weight"] = rng.normal(size=(VOCAB, DIM)).astype("<f4")
    return arrays


def layers(names):
    return [f"layers.{layer}.{name}" for name in names for layer in range(LAYERS)]


def header(vocab):
    return struct.pack("<7i", DIM, HIDDEN, LAYERS, HEADS, KV, vocab, LENGTH)


def legacy(arrays, shared):
    arrays["freq_cis_real"], arrays["freq_cis_imag"] = np.cos(np.ones((2, LENGTH, HEAD // 2), dtype="<f4"))
    order = ["tok_embeddings.weight", *layers(LAYER_PARTS), "norm.weight", "freq_cis_real", "freq_cis_imag"]
    order += [] if shared else ["output.weight"]
    return header(VOCAB if shared else -VOCAB) + b"".join(arrays[name].tobytes() for name in order), order


NORMS = ["attention_norm.weight", "ffn_norm.weight"]
MATRICES = [name for name in LAYER_PARTS if name not in NORMS]


def first(arrays, shared):
    order = [*layers(NORMS), "norm.weight", "tok_embeddings.weight", *layers(MATRICES)] + ([] if shared else ["output.weight"])
    begin = struct.pack("<Ii", 0x616B3432, 1) + header(VOCAB) + bytes([shared])
    return begin.ljust(256, b"\0") + b"".join(arrays[name].tobytes() for name in order), order


def second(arrays, shared):
    group = 4
    order = [*layers(NORMS), "norm.weight", "tok_embeddings.weight", *layers(MATRICES)] + ([] if shared else ["output.weight"])
    data = (struct.pack("<Ii", 0x616B3432, 2) + header(VOCAB) + bytes([shared]) + struct.pack("<i", group)).ljust(256, b"\0")
    for name in order:
        if arrays[name].ndim == 1:
            data += arrays[name].tobytes()
            continue
        groups = arrays[name].reshape(-1, group)
        scale = (np.abs(groups).max(axis=1) / np.float32(127)).astype("<f4")
        quants = np.round(groups / scale[:, None]).astype(np.int8)
        data += quants.tobytes() + scale.tobytes()
        arrays[name] = (quants.astype(np.float32) * scale[:, None]).reshape(arrays[name].shape)
    return data, order


def read(path, name):
    out = subprocess.run([READ, f"{path}:{name}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert out.returncode == 0, out.stderr
    shape = out.stderr.decode().split("(")[1].split(")")[0]
    return np.frombuffer(out.stdout, dtype=np.float32).reshape([int(n) for n in shape.split(",")])


def listed(path):
    lines = subprocess.run([READ, "-l", path], check=True, stdout=subprocess.PIPE).stdout.decode().splitlines()
    return [line.split(": ")[0] for line in lines if " = " not in line], dict(line.split(" = ") for line in lines if " = " in line)


def forms():
    rng = np.random.default_rng(5)
    for write in legacy, first, second:
        for shared in True, False:
            arrays = model(rng, shared)
            data, order = write(arrays, shared)
            with open("model.bin", "wb") as file:
                file.write(data)
            names, said = listed("model.bin")
            assert names == order, (write, names, order)
            version = [legacy, first, second].index(write)
            wanted = {"version": f"integer {version}", "dim": "integer 8", "hidden_dim": "integer 12", "n_layers": "integer 3",
                      "n_heads": "integer 4", "n_kv_heads": "integer 2", "vocab_size": "integer 5", "seq_len": "integer 7",
                      "shared_classifier": f"truth {int(shared)}"}
            if version == 2:
                wanted["group_size"] = "integer 4"
            assert said == wanted, said
            for name in order:
                assert np.array_equal(read("model.bin", name), arrays[name]), (write, name)


def tensors(path):
    """The arrays of a safetensors file of F32."""
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8:8 + size])
    return {name: np.frombuffer(data[8 + size + at["data_offsets"][0]:8 + size + at["data_offsets"][1]], dtype="<f4")
            .reshape(at["shape"]) for name, at in head.items() if name != "__metadata__"}


def permuted(matrix, heads):
    """From adjacent pairs, as llama2.c turns them, to halves, as Hugging Face does."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, rows // heads // 2, 2, columns).transpose(0, 2, 1, 3).reshape(rows, columns)


def real(folder):
    path = os.path.join(folder, "stories260K.bin")
    wanted = tensors(os.path.join(folder, "stories260K-f32.safetensors"))
    names = {"attention_norm.weight": "input_layernorm.weight", "attention.wq.weight": "self_attn.q_proj.weight",
             "attention.wk.weight": "self_attn.k_proj.weight", "attention.wv.weight": "self_attn.v_proj.weight",
             "attention.wo.weight": "self_attn.o_proj.weight", "ffn_norm.weight": "post_attention_layernorm.weight",
             "feed_forward.w1.weight": "mlp.gate_proj.weight", "feed_forward.w2.weight": "mlp.down_proj.weight",
             "feed_forward.w3.weight": "mlp.up_proj.weight"}
    checked = 0
    for layer in range(5):
        for ours, theirs in names.items():
            array = read(path, f"layers.{layer}.{ours}")
            heads = {"attention.wq.weight": 8, "attention.wk.weight": 4}.get(ours)
            array = permuted(array, heads) if heads else array
            assert np.array_equal(array, wanted[f"model.layers.{layer}.{theirs}"]), (layer, ours)
            checked += 1
    assert np.array_equal(read(path, "tok_embeddings.weight"), wanted["model.embed_tokens.weight"])
    assert np.array_equal(read(path, "norm.weight"), wanted["model.norm.weight"])
    angles = np.arange(512)[:, None] / 10000.0 ** (np.arange(0, 8, 2) / 8)
    assert np.abs(read(path, "freq_cis_real") - np.cos(angles)).max() < 1e-4
    assert np.abs(read(path, "freq_cis_imag") - np.sin(angles)).max() < 1e-4
    assert checked == 45


def wrong():
    """Headers that say another size, and sizes that no file has."""
    rng = np.random.default_rng(6)
    data, _ = legacy(model(rng, True), True)
    versioned, _ = first(model(rng, True), True)
    second_form, _ = second(model(rng, True), True)
    put = lambda text, at, value: text[:at] + struct.pack("<i", value) + text[at + 4:]
    message = "short.bin: the header of llama2.c asks for %d bytes in all, and the file has %d"
    sizes = "sizes that do not fit together"
    cases = [("short.bin", data[:-1], message % (len(data), len(data) - 1)),
             ("short.bin", data + b"\0", message % (len(data), len(data) + 1)),
             ("short.any", data[:-1], "no file of named arrays"),
             ("short.bin", versioned[:-4], message % (len(versioned), len(versioned) - 4)),
             ("short.bin", put(data, 12, 3), "no file of named arrays"),
             ("short.bin", put(data, 0, 7), "no file of named arrays"),
             ("short.bin", put(data, 8, 0), "no file of named arrays"),
             ("x", put(versioned, 4, 3), "x: llama2.c's version 3 is not known: expected 1 or 2"),
             ("x", put(versioned, 16, -1), "x: the header is none of llama2.c"),
             ("x", versioned[:200], "x: the header is none of llama2.c"),
             ("x", put(second_form, 37, 0), "x: the header is none of llama2.c"),
             ("x", put(second_form, 37, 7), "x: the header of llama2.c says " + sizes),
             ("x", put(put(put(versioned, 8, 1 << 20), 16, 1 << 12), 28, 1 << 26), "x: the header of llama2.c asks for")]
    for name, text, wanted in cases:
        with open(name, "wb") as file:
            file.write(text)
        out = subprocess.run([READ, "-l", name], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert out.returncode == 3 and wanted in out.stderr.decode(), (wanted, out.returncode, out.stderr)


def profile(folder):
    """--projections of the model, and of the same weights as version 1, give the results of its GGUF file."""
    path = os.path.join(folder, "stories260K.bin")
    with open(path, "rb") as file:
        head = file.read(28)
    dim, _, count, heads = struct.unpack("<4i", head[:16])
    of_layers = lambda names: [f"layers.{layer}.{name}" for name in names for layer in range(count)]
    order = [*of_layers(NORMS), "norm.weight", "tok_embeddings.weight", *of_layers(MATRICES)]
    assert set(order) == set(listed(path)[0]) - {"freq_cis_real", "freq_cis_imag"}
    begin = (struct.pack("<Ii", 0x616B3432, 1) + head + b"\1").ljust(256, b"\0")
    with open("first.bin", "wb") as file:
        file.write(begin + b"".join(read(path, name).tobytes() for name in order))
    with open("x.json", "w") as file:
        json.dump({"embeddings": np.random.default_rng(7).normal(size=(6, dim)).tolist()}, file)
    results = []
    for model_file in os.path.join(folder, "stories260K-f32.gguf"), path, "first.bin":
        out = subprocess.run([os.environ["ATTN"], "run", "x.json", "--projections", model_file, "-q", "-o", "-"], check=True,
                             stdout=subprocess.PIPE).stdout
        results.append(json.loads(out))
    assert np.array(results[0]["weights"]).shape == (count, heads, 6, 6)
    for result in results[1:]:
        assert result["weights"] == results[0]["weights"] and result["output"] == results[0]["output"]


globals()[sys.argv[1]](*sys.argv[2:])
