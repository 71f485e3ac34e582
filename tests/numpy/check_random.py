"""
attn sample random, drawn once more: Karney's algorithm N from SplitMix64, in whole numbers.
usage: check_random.py TEST    (ATTN: the program)
"""
import json
import math
import os
import subprocess
import sys
from fractions import Fraction

import numpy as np

ATTN = os.environ["ATTN"]
STEP, BITS = 0x9E3779B97F4A7C15, 2 ** 64 - 1


def sample(*words):
    return {key: np.array(x) for key, x in json.loads(sample_text(*words)).items()}


def sample_text(*words):
    return subprocess.run([ATTN, "sample", "random", *words], capture_output=True, text=True, check=True).stdout


def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & BITS
    z = (z ^ z >> 27) * 0x94D049BB133111EB & BITS
    return z ^ z >> 31


class Stream:
    """Uniform numbers in [0, 1), exact."""

    def __init__(self, seed, *place):
        self.state = seed
        for counter in place:
            self.state = mix((self.state + (counter + 1) * STEP) & BITS)

    def draw(self):
        self.state = (self.state + STEP) & BITS
        return Fraction(mix(self.state) >> 32, 2 ** 32)

    def bernoulli(self, first, among):
        """Whether an even number of draws fall below each other, from `first` on, each with another draw below `among`."""
        count = 0
        while (z := self.draw()) < first and (among is None or self.draw() < among):
            first, count = z, count + 1
        return count % 2 == 0

    def normal(self):
        while True:
            k = 0
            while self.bernoulli(Fraction(1, 2), None):
                k += 1
            if not all(self.bernoulli(Fraction(1, 2), None) for _ in range(k * (k - 1))):
                continue
            x = self.draw()
            if all(self.bernoulli(x, (2 * k + x) / (2 * k + 2)) for _ in range(k + 1)):
                size = math.floor((k + x) * 10000 + Fraction(1, 2))
                return -size if self.draw() >= Fraction(1, 2) else size


def test_digits():
    for seed in 0, 1, 77, 1000000000:
        made = sample("--n", "5", "--m", "4", "--d", "7", "--heads", "3", "--seed", str(seed))
        for which, name in enumerate("qkv"):
            for place in np.ndindex(made[name].shape):
                assert round(made[name][place] * 10000) == Stream(seed, which, *place).normal(), (seed, name, place)


def test_distribution():
    made = sample("--n", "4000", "--d", "50", "--heads", "2", "--seed", "3")
    x = np.sort(np.concatenate([made[name].ravel() for name in "qkv"]))
    n = len(x)
    # in standard deviations of each estimate
    assert abs(x.mean()) * n ** 0.5 < 4 and abs(x.var() - 1) * (n / 2) ** 0.5 < 4
    assert abs((x ** 3).mean()) * (n / 15) ** 0.5 < 4 and abs((x ** 4).mean() - 3) * (n / 96) ** 0.5 < 4
    cdf = np.array([(1 + math.erf(v / 2 ** 0.5)) / 2 for v in x])
    assert abs(cdf - np.arange(1, n + 1) / n).max() * n ** 0.5 < 1.95, "Kolmogorov and Smirnov, one in a thousand"
    q, k = made["q"][0], made["k"][0]
    for a, b in (q, k), (q[1:], q[:-1]), (q[:, 1:], q[:, :-1]), (made["q"][0], made["q"][1]), (q, sample("--n", "4000", "--d", "50", "--seed", "4")["q"][0]):
        assert abs((a * b).mean()) * a.size ** 0.5 < 4


def test_sizes():
    made = sample()
    assert [made[name].shape for name in "qkv"] == 3 * [(1, 12, 64)]
    assert sample_text() == sample_text("--n", "12", "--d", "64", "--heads", "1", "--seed", "1", "--m", "12")
    large, small = sample("--n", "9", "--m", "20", "--d", "6", "--heads", "4"), sample("--n", "7", "--m", "3", "--d", "5", "--heads", "2")
    for name in "qkv":
        heads, rows, columns = small[name].shape
        assert (large[name][:heads, :rows, :columns] == small[name]).all() and large[name].shape == (4, 9 if name == "q" else 20, 6)


globals()["test_" + sys.argv[1]]()
