"""
Rotary in NumPy: how far each pair of columns turns under the types of rope_scaling of Hugging Face transformers 5, which
positions turn it, and the turning itself, sharing nothing with the C code. No tests are here.
"""
import numpy as np


def ramp(x, low, high):
    """0 up to low, 1 from high on."""
    return np.clip((x - low) / (high - low), 0, 1)


def lengths(scaling):
    """The trained length and the one now, as far as they are known."""
    return scaling.get("original_max_position_embeddings"), scaling.get("max_position_embeddings")


def yarn_blend(wide, base, scaling, trained):
    """Of each pair, how much of it is slow: 0 keeps its frequency, 1 divides it by the factor."""
    fast, slow = scaling.get("beta_fast") or 32, scaling.get("beta_slow") or 1
    ends = [wide / 2 * np.log(trained / (2 * np.pi * rotations)) / np.log(base) for rotations in (fast, slow)]
    if scaling.get("truncate", True):
        ends = [np.floor(ends[0]), np.ceil(ends[1])]
    low, high = max(ends[0], 0), min(ends[1], wide - 1)
    return ramp(np.arange(wide // 2), low, high + 0.001 if low == high else high)


def frequencies(wide, base, scaling, length):
    """(radians a position for each of wide/2 pairs, the factor on cosines and sines)."""
    plain = base ** (-np.arange(0, wide, 2) / wide)
    if not scaling:
        return plain, 1.0
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    first, now = lengths(scaling)
    factor = scaling.get("factor")
    if factor is None and first and now:
        factor = now / first
    if kind == "linear":
        return plain / factor, 1.0
    if kind == "dynamic":
        now = now or first
        more = factor * max(length, now) / now - factor + 1
        return plain if wide == 2 else (base * more ** (wide / (wide - 2))) ** (-np.arange(0, wide, 2) / wide), 1.0
    first = first or now
    if kind == "llama3":
        waves = first * plain / (2 * np.pi)
        keep = ramp(waves, scaling["low_freq_factor"], scaling["high_freq_factor"])
        return keep * plain + (1 - keep) * plain / factor, 1.0
    if kind == "yarn":
        slow = yarn_blend(wide, base, scaling, first)

        def magnitude(by):
            return 1 + by * np.log(factor) / 10 if factor > 1 else 1.0

        one, all_ = scaling.get("mscale"), scaling.get("mscale_all_dim")
        usual = magnitude(one) / magnitude(all_) if one and all_ else magnitude(1)
        return slow * plain / factor + (1 - slow) * plain, scaling.get("attention_factor") or usual
    if kind in ("longrope", "su"):
        which = "long_factor" if length > first else "short_factor"
        given = scaling.get("attention_factor")
        usual = np.sqrt(1 + np.log(factor) / np.log(first)) if not given and factor > 1 else 1.0
        return plain / np.array(scaling[which]), given or usual
    return plain, 1.0


def positions(at, keys, n, m, past, places, other=False):
    """axes×n and axes×m positions of queries and keys; `at` and `keys` are what was given, `places` what else holds. `other`: the
    keys are of another sequence. NaN: nobody knows."""
    def rows(t):
        t = np.asarray(t, dtype=np.float32).astype(float)
        return t.reshape(-1, t.shape[-1])

    if at is None:
        return places[0][None], places[1][None]
    at = rows(at)
    if keys is not None:
        return at[:, -n:], rows(keys)
    if at.shape[1] == m:
        return at[:, -n:], at
    if past and m - past == n and not other:
        return at, np.concatenate([np.full((len(at), past), np.nan), at], axis=1)
    return at, np.broadcast_to(places[1], (len(at), m))


class Turning:
    """How the first r columns of a head are turned; angles of axes×rows positions."""

    def __init__(self, r, base, interleaved, axes=1, sections=None, scaling=None, length=0, inv_freq=None, factor=None):
        parts = axes if axes > 1 and not sections else 1
        wide = r // parts
        frequency, usual = frequencies(wide, base, scaling, length)
        own = np.arange(wide // 2)
        left, right = (2 * own, 2 * own + 1) if interleaved else (own, own + wide // 2)
        self.left, self.right = (np.concatenate([side + part * wide for part in range(parts)]) for side in (left, right))
        self.frequency = np.tile(frequency, parts)
        if inv_freq is not None:
            inv_freq = np.asarray(inv_freq, dtype=np.float32).astype(float)
            self.frequency = np.tile(inv_freq, r // 2 // len(inv_freq))
        self.axis = np.repeat(np.arange(parts), wide // 2)
        if sections and axes > 1:
            self.axis = np.repeat(np.arange(axes), sections)
        self.factor = usual if factor is None else factor

    def table(self, at):
        """Cosines and sines, rows×(r/2) each, with the factor."""
        angle = (at[self.axis] * self.frequency[:, None]).T
        return self.factor * np.cos(angle), self.factor * np.sin(angle)

    def turn(self, t, at):
        """Of heads×rows×d."""
        cos, sin = (x.astype(t.dtype) for x in self.table(at))
        out = t.copy()
        out[..., self.left] = t[..., self.left] * cos - t[..., self.right] * sin
        out[..., self.right] = t[..., self.left] * sin + t[..., self.right] * cos
        return out
