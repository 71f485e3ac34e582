"""attn explain --growth against pairs that NumPy counts.

usage: check_growth.py    (ATTN)
"""
import json
import os
import re
import subprocess

import numpy as np

from check_cost import allowed

ATTN = os.environ["ATTN"]


def check(first, last, d_k, d_v, options, window, block, chosen):
    with open("growth.json", "w") as file:
        json.dump({"q": [[1] * d_k] * 3, "k": [[1] * d_k] * 3, "v": [[1] * d_v] * 3}, file)
    done = subprocess.run([ATTN, "explain", "growth.json", "--growth", f"{first}:{last}", "--format", "json", *options],
                          check=True, capture_output=True)
    told = json.loads(done.stdout)
    lengths = [first << i for i in range(64) if first << i <= last]
    assert (told["tokens"], told["d_k"], told["d_v"]) == (lengths, d_k, d_v)
    assert [form["form"] for form in told["forms"]] == ["full", "causal", "window", "block", "linear", "recurrence"]
    for form in told["forms"]:
        name = form["form"]
        if name in ("linear", "recurrence"):
            assert form["pairs"] == [None] * len(lengths) and form["multiply_adds"] == [2 * n * d_k * d_v for n in lengths]
            continue
        pairs = [int(allowed(n, n, 0, name, window if name == "window" else block).sum()) for n in lengths]
        assert form["pairs"] == pairs, (name, form["pairs"], pairs)
        assert form["multiply_adds"] == [count * (d_k + d_v) for count in pairs]
        if name in ("window", "block"):
            assert form["chosen"] == chosen and form[name] == (list(window) if name == "window" else block)


UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


def check_picture():
    """The lines of the picture end where the decades beside them say that the products are."""
    command = [ATTN, "explain", "growth.json", "--growth", "64:8192"]
    told = json.loads(subprocess.run(command + ["--format", "json"], check=True, capture_output=True).stdout)
    subprocess.run(command + ["-o", "growth.svg"], check=True)
    with open("growth.svg") as file:
        svg = file.read()
    decades = {float(power) * UNITS[unit]: float(y)
               for y, power, unit in re.findall(r'y="([\d.]+)">(10*) ?([kMGT]?)</text>', svg)}
    first, last = min(decades), max(decades)
    slope = (decades[last] - decades[first]) / np.log10(last / first)
    # From the baseline of a number to the line that it names.
    cap = 0.365 * 15
    lines = re.findall(r'stroke="(#\w+)">\n<path d="M([\d.]+) ([\d.]+)l([\d.]+) (-[\d.]+)"', svg)
    colors = list(dict.fromkeys(color for color, *_ in lines))
    assert len(colors) == 5, colors  # linear attention and the recurrence cost the same
    for color in colors:
        x, y = zip(*[(float(x) + float(dx), float(y) + float(dy)) for c, x, y, dx, dy in lines if c == color])
        assert np.allclose(np.diff(x), (x[-1] - x[0]) / (len(x) - 1), atol=0.02)
        drawn = first * 10 ** ((np.array(y) + cap - decades[first]) / slope)
        assert any(np.allclose(drawn, form["multiply_adds"][1:], rtol=0.02) for form in told["forms"]), (color, drawn)


# The smallest power of two whose square is not below the last length.
check(3, 50, 2, 5, [], (8, 8), 8, True)
check(16, 64, 4, 4, [], (8, 8), 8, True)
check(16, 65, 4, 4, [], (8, 8), 8, True)
check(33, 66, 4, 4, [], (16, 16), 16, True)
check(1, 100, 1, 1, ["--window", "3,-1", "--block", "7"], (3, -1), 7, False)
check_picture()
print("growth agrees")
