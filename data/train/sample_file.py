"""What the scripts that train samples share: writing a sample, and asking attn for the weights of what was trained."""
import json
import os
import subprocess
import sys

import numpy as np

ATTN = os.environ.get("ATTN", "build/attn")
DATA = os.path.join(os.path.dirname(__file__), "..")
REPRODUCED = 1e-5  # attn and PyTorch agree in the unrounded weights
ROUNDED = 0.006    # and the rounded weights stay so near to these


def weights_of(sample, *options):
    """The weights that attn computes, [layer][head][query][key]."""
    done = subprocess.run([ATTN, "run", "-", *options, "-o", "-"], input=json.dumps(sample), stdout=subprocess.PIPE,
                          check=True, text=True)
    return [np.array(layer, float) for layer in json.loads(done.stdout)["weights"]]


def round_all(value, decimals):
    """All numbers of a sample, rounded; whole ones are written without a point."""
    if isinstance(value, dict):
        return {key: round_all(item, decimals) for key, item in value.items()}
    if isinstance(value, list):
        return [round_all(item, decimals) for item in value]
    if isinstance(value, float):
        near = round(value, decimals)
        return int(near) if near == int(near) else near
    return value


def text_of(value, depth=0):
    """JSON with a row of numbers or labels a line."""
    if isinstance(value, dict):
        rows = [f"{json.dumps(key)}: {text_of(item, depth + 1)}" for key, item in value.items()]
        return "{" + (",\n" + " " * depth).join(rows) + "}"
    if isinstance(value, list) and value and isinstance(value[0], (list, dict)):
        return "[\n" + ",\n".join(" " * (depth + 1) + text_of(item, depth + 1) for item in value) + "]"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def furthest(one, other):
    return max(float(np.abs(a - np.array(b)).max()) for a, b in zip(one, other))


def write_sample(name, sample, expected, *options):
    """Writes data/NAME.json with as few decimals as the weights allow. `expected` are PyTorch's weights, as weights_of."""
    exact = weights_of(sample, *options)
    print(f"{name}: attn and PyTorch differ by {furthest(exact, expected):.1e}")
    assert furthest(exact, expected) <= REPRODUCED
    for decimals in range(1, 8):
        near = round_all(sample, decimals)
        apart = furthest(exact, weights_of(near, *options))
        if apart <= ROUNDED:
            break
    text = text_of(near) + "\n"
    with open(os.path.join(DATA, name + ".json"), "w", encoding="utf-8") as file:
        file.write(text)
    print(f"{name}: {decimals} decimals, weights within {apart:.4f} of the unrounded, {len(text)} bytes", flush=True)
    return near


def say(*words):
    print(*words, flush=True, file=sys.stdout)
