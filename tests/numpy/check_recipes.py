"""The recipes of docs/recipes.md that need PyTorch alone are run, and what attn makes of their files is what PyTorch computed."""

import json
import os
import re
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]
TEXT = open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "recipes.md")).read()


def section(title):
    """The blocks of Python and the commands of a section."""
    body = re.split(r"^## ", TEXT, flags=re.M)
    found = [b for b in body if b.startswith(title + "\n")]
    assert len(found) == 1, title
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", found[0], flags=re.M | re.S)
    return ([code for kind, code in blocks if kind == "python"],
            [line for kind, code in blocks if kind == "" for line in code.splitlines()])


def run(command):
    """A command of a recipe, and the same with JSON."""
    words = command.split()
    assert words[0] == "attn", command
    done = subprocess.run([ATTN, *words[1:]], capture_output=True, text=True)
    assert done.returncode == 0 and os.path.getsize(words[-1]) > 0, done.stderr
    done = subprocess.run([ATTN, *words[1:-2], "--format", "json", "-q"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_multihead():
    codes, commands = section("nn.MultiheadAttention")
    space = {}
    exec(codes[0], space)
    expected = space["weights"].detach().numpy()[None, 0]
    for command in commands:
        got = np.array(run(command)["weights"])
        assert np.abs(got - expected).max() <= 2e-6, command
    got = run(commands[1])
    assert np.abs(np.array(got["output"])[0] - space["output"].detach().numpy()[0]).max() <= 2e-6


def test_hooks():
    codes, commands = section("q, k and v instead of weights")
    space = {}
    exec(codes[0], space)
    got = run(commands[0])
    q, k, v = (space["saved"][n].double().numpy().reshape(6, 4, 4).transpose(1, 0, 2) for n in "qkv")
    scores = q @ k.transpose(0, 2, 1) / 2
    scores[:, ~np.tri(6, dtype=bool)] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    assert np.abs(np.array(got["weights"][0]) - weights).max() <= 2e-6
    assert np.abs(np.array(got["output"][0]) - (weights @ v).transpose(1, 0, 2).reshape(6, 16)).max() <= 2e-6


def test_tuples():
    """The tuples of transformers, made here: a layer's attentions, and the steps of generate()."""
    import torch
    torch.manual_seed(1)
    attentions = tuple(torch.rand(1, 2, 5, 5).softmax(-1) for _ in range(3))
    torch.save({"attentions": attentions, "input_ids": torch.tensor([[4, 1, 0, 2, 3]])}, "cat.pt")
    json.dump({"model": {"type": "BPE", "vocab": {w: i for i, w in enumerate(["a", "b", "c", "d", "e"])}}}, open("tokenizer.json", "w"))
    command = section("Weights of transformers")[1][0].replace("path/to/", "").replace(" --causal", "")
    got = run(command)
    assert np.abs(np.array(got["weights"]) - torch.cat(attentions).numpy()).max() <= 1e-7
    assert got["tokens"] == ["e", "b", "a", "c", "d"]
    steps = tuple(tuple(torch.rand(1, 2, 4 if s == 0 else 1, 4 + s).softmax(-1) for _ in range(2)) for s in range(3))
    torch.save(steps, "steps.pt")
    got = np.array(run(section("The steps of generate()")[1][0])["weights"])
    for s, step in enumerate(steps):
        for l, layer in enumerate(step):
            first = 0 if s == 0 else 3 + s
            assert np.abs(got[l, :, first:4 + s, :4 + s] - layer[0].numpy()).max() <= 1e-7
            assert not got[l, :, first:4 + s, 4 + s:].any()


if __name__ == "__main__":
    try:
        import torch  # noqa: F401
    except ImportError:
        sys.exit(77)
    globals()["test_" + sys.argv[1]]()
