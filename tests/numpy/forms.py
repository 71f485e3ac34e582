"""
The forms of attention in NumPy: scores, masks, positions, normalizers, recurrence, residual and norm, as the manual and the
papers it names define them, sharing nothing with the C code; and the comparison of a run with them. Dropout is not here: it
is judged by what must hold of it (check_forms.py). No tests are here.
"""
import numpy as np

from oracle import close, matrix, numbers, split_heads
from rope import Turning, positions

SETTINGS = ["heads", "kv_heads", "causal", "scale", "softcap", "window", "mask_true_blocks", "score", "temperature",
            "normalizer", "recurrence", "sink", "position", "position_base", "rotary_dim", "max_distance", "position_sections",
            "rope_scaling", "attention_factor", "past_rotated", "prefix", "dilation",
            "block", "global", "separator", "key_length", "residual", "norm", "top_k", "mask_fill", "sigma",
            "qk_norm_kind", "qk_norm_epsilon"]
STAGES = ["scores", "scaled", "masked", "weights", "output", "q", "k", "v", "heads", "contribution", "contribution_share"]


# ---- positions ----


def sinusoidal(positions, width, base, kind=np.float64):
    """Vaswani et al. 2017, 3.5: sines in the even columns, cosines in the odd ones."""
    c = np.arange(width)
    angle = np.asarray(positions, dtype=np.float64)[:, None] * base ** (-(c - c % 2) / width)
    return np.where(c % 2 == 0, np.sin(angle), np.cos(angle)).astype(kind)


def turns(positions, r, base, kind=np.float64):
    """Cosines and sines of the RoFormer (Su et al. 2021, 3.2.2): rows×(r/2) each."""
    angle = np.asarray(positions, dtype=np.float64)[:, None] * base ** (-2 * np.arange(r // 2) / r)
    return np.cos(angle).astype(kind), np.sin(angle).astype(kind)


def rotate(t, positions, r, base, interleaved):
    """Of heads×rows×d, the first r columns of each row turned by its position."""
    cos, sin = turns(positions, r, base, t.dtype)
    first = np.arange(r // 2) * 2 if interleaved else np.arange(r // 2)
    second = first + 1 if interleaved else first + r // 2
    out = t.copy()
    out[..., first] = t[..., first] * cos - t[..., second] * sin
    out[..., second] = t[..., first] * sin + t[..., second] * cos
    return out


def alibi_slopes(heads):
    """Press et al. 2022, 3, and what their code does where the number of heads is no power of two."""
    power = 1 << heads.bit_length() - 1
    slopes = [2.0 ** (-8 * (h + 1) / power) for h in range(power)]
    between = [2.0 ** (-8 * (h + 1) / (2 * power)) for h in range(0, 2 * power, 2)]
    return np.array(slopes + between[: heads - power])


def relative_bucket(distance, bidirectional, buckets, max_distance):
    """Raffel et al. 2020, 2.1, and their code: distance is that of the key from the query; in whole numbers, if it is one."""
    first = 0
    if bidirectional:
        buckets //= 2
        first = buckets if distance > 0 else 0
        distance = abs(distance)
    else:
        distance = max(-distance, 0)
    exact = buckets // 2
    if distance < exact:
        return first + int(distance)
    # The largest step with (distance/exact)^(buckets-exact) >= (max_distance/exact)^step.
    step, rest = 0, buckets - exact
    while step < rest - 1 and distance**rest * exact ** (step + 1) >= max_distance ** (step + 1) * exact**rest:
        step += 1
    return first + exact + step


def position_bias(s, own, heads, at, keys):
    """heads×n×m, or None; n and m positions."""
    distance = keys[None, :] - at[:, None]
    if s["position"] == "alibi":
        slopes = alibi_slopes(heads) if own("slopes") is None else matrix(own("slopes")).reshape(heads)
        return -slopes[:, None, None] * abs(distance)
    if s["position"] == "relative":
        table = matrix(own("relative_bias"))
        found, where = np.unique(distance, return_inverse=True)
        of = [relative_bucket(int(d) if d == int(d) else float(d), not s["is_causal"], len(table), s["max_distance"] or 128) for d in found]
        return table[np.array(of)[where.reshape(distance.shape)]].transpose(2, 0, 1)
    return None


# ---- who sees whom ----


def documents(tokens, separator):
    """The number of the document that each token belongs to; a separator belongs to what it ends."""
    ends = np.array([t == separator for t in tokens], dtype=int)
    return np.cumsum(ends) - ends


def in_documents(queries, keys, s):
    """Ranks of queries and keys in their documents, in the column of the query and the row of the key."""
    rank = [[int((np.asarray(of)[:i] == of[i]).sum()) for i in range(len(of))] for of in (queries, keys)]
    end = s["causal"] == "end"
    shift = [int((keys == d).sum()) - int((queries == d).sum()) if end else s["offset"] for d in queries]
    return (np.array(rank[0]) + shift)[:, None], np.array(rank[1])[None, :]


def seen_pairs(s, own, n, m, heads, bias):
    """heads×n×m, true where a query may look."""
    p, j = np.arange(n)[:, None] + s["offset"], np.arange(m)[None, :]
    near = np.ones((heads, n, m), dtype=bool)
    documents_of = (None, None)
    if own("segments") is not None:
        documents_of = np.ravel(own("segments")), np.ravel(own("segments") if own("key_segments") is None else own("key_segments"))
    elif s["separator"] is not None:
        of = documents(own("tokens"), s["separator"])
        documents_of = of, of if own("key_tokens") is None else documents(own("key_tokens"), s["separator"])
    row, column = p, j  # where queries and keys stand for causal and window
    if documents_of[0] is not None and (s["window"] is not None or s["causal"] == "end"):
        row, column = in_documents(*documents_of, s)
    causal_row, causal_column = (row, column) if s["causal"] == "end" or s["window"] is not None else (p, j)
    if s["window"] is not None:
        left, right = np.reshape(s["window"], (-1, 2)).T.reshape(2, -1, 1, 1)
        near &= (left < 0) | (column >= row - left)
        near &= (right < 0) | (column <= row + right)
    if s["dilation"] is not None:
        near &= (p - j) % s["dilation"] == 0
    if s["block"] is not None:
        size = s["block"]
        if own("block_mask") is None:
            near &= np.floor_divide(p, size) == j // size
        else:
            near &= (matrix(own("block_mask")) != 0)[..., np.arange(n)[:, None] // size, j // size]
    listed = [] if s["global"] is None else np.atleast_1d(s["global"])
    seen = near | np.isin(p, listed) | np.isin(j, listed)
    if s["is_causal"]:
        seen &= (causal_column <= causal_row) | (j < (s["prefix"] or 0))

    def opened(t):
        return (matrix(t) != 0) ^ bool(s["mask_true_blocks"])

    if own("mask") is not None:
        seen &= opened(own("mask"))
    if own("key_mask") is not None:
        seen &= opened(own("key_mask")).reshape(m)
    if s["key_length"] is not None:
        seen &= j < s["key_length"]
    if own("segments") is not None:
        of = np.ravel(own("segments"))
        of_keys = of if own("key_segments") is None else np.ravel(own("key_segments"))
        seen &= of[:, None] == of_keys[None, :]
    if s["separator"] is not None:
        of = documents(own("tokens"), s["separator"])
        of_keys = of if own("key_tokens") is None else documents(own("key_tokens"), s["separator"])
        seen &= of[:, None] == of_keys[None, :]
    if own("or_mask") is not None:
        seen |= matrix(own("or_mask")) != 0
    return seen if bias is None else seen & (bias != -np.inf)


# ---- scores and weights ----


def feature(x):
    """elu + 1 (Katharopoulos et al. 2020, 3.2.1)."""
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def pair_scores(s, q, k, w, w_q, w_k, v_score):
    """q, k: heads×rows×d; the score tensors with or without an axis for heads."""
    kt = k.transpose(0, 2, 1)
    if s["normalizer"] == "linear":
        return feature(q) @ feature(kt)
    if s["score"] == "cosine":
        lengths = np.sqrt((q * q).sum(axis=-1))[:, :, None] * np.sqrt((k * k).sum(axis=-1))[:, None, :]
        return np.where(lengths == 0, 0, q @ kt / np.where(lengths == 0, 1, lengths))
    if s["score"] == "general":
        return q @ w @ kt
    if s["score"] == "additive":
        a, b = q if w_q is None else q @ w_q, k if w_k is None else k @ w_k
        v_score = v_score if v_score.ndim == 1 else v_score[:, None, None, :]
        return (np.tanh(a[:, :, None, :] + b[:, None, :, :]) * v_score).sum(axis=-1)
    if s["score"] == "distance":
        return -((q[:, :, None, :] - k[:, None, :, :]) ** 2).sum(axis=-1) / 2
    return q @ kt


def entmax15_row(z):
    """Peters, Niculae and Martins 2019: the squares of what half the scores have above a threshold that is found by halving."""
    half = (z - z.max()).astype(np.float64) / 2
    low, high = -1.0, 0.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (np.maximum(half - middle, 0) ** 2).sum() >= 1 else (low, middle)
    return (np.maximum(half - low, 0) ** 2).astype(z.dtype)


def normalized(s, z, sink):
    """Weights of the scores of one row."""
    kind = z.dtype.type
    if s["top_k"] is not None and s["top_k"] < len(z):
        kept = np.sort(np.argsort(-z, kind="stable")[: s["top_k"]])
        w = np.zeros_like(z)
        w[kept] = normalized({**s, "top_k": None}, z[kept], sink)
        return w
    if s["normalizer"] == "sparsemax":
        return sparsemax_row(z)
    if s["normalizer"] == "entmax15":
        return entmax15_row(z)
    if s["normalizer"] == "sigmoid":
        return 1 / (1 + np.exp(-z))
    if s["normalizer"] == "linear":
        return z / z.sum() if z.sum() != 0 else np.zeros_like(z)
    top = z.max() if sink is None else max(z.max(), sink)
    e = np.exp(z - top)
    return e / (e.sum() + kind(0 if sink is None else np.exp(sink - top)))


def sparsemax_row(z):
    """Martins & Astudillo 2016, algorithm 1: the nearest point of the simplex."""
    z = z - z.max()
    down = np.sort(z)[::-1]
    sums = np.cumsum(down)
    count = np.flatnonzero(1 + np.arange(1, len(z) + 1) * down > sums)[-1] + 1
    return np.maximum(z - (sums[count - 1] - 1) / z.dtype.type(count), 0)


def weights_of(s, masked, seen, sinks):
    w = np.zeros_like(masked)
    weighed = seen
    if s["mask_fill"] is not None:  # which is a score as others are, but that nan is one of empty rows only
        w[~seen.any(axis=-1)] = np.nan
        weighed = seen if s["mask_fill"] == "nan" else np.ones_like(seen)
    for h, i in np.argwhere(weighed.any(axis=-1)):
        z = masked[h, i, weighed[h, i]]
        if np.isnan(z).any() or z.max() == np.inf:
            w[h, i] = np.nan
        else:
            w[h, i, weighed[h, i]] = normalized(s, z, None if sinks is None else sinks[h])
    return w


def gaussian(s, own, heads, n, m):
    """heads×n×m factors (Luong, Pham and Manning 2015, eq. 10)."""
    centers = np.broadcast_to(matrix(own("centers")), (heads, n))[:, :, None]
    sigma = np.ravel(s["sigma"] if own("sigmas") is None else own("sigmas")).reshape(1, -1, 1)
    return np.exp(-((np.arange(m)[None, None, :] - centers) ** 2) / (2 * sigma**2))


def recur(rule, scale, q, k, v, decay, beta, state):
    """One head: q, k n×d_k, v n×d_v, decay n×d_k or n×1 or None, beta n or None, state d_k×d_v. Gives o (n×d_v)."""
    state, rows = state.copy(), []
    for t in range(len(q)):
        if rule in ("gated", "gated_delta"):
            state = np.exp(decay[t])[:, None] * state
        if rule in ("delta", "gated_delta"):
            state = state + beta[t] * np.outer(k[t], v[t] - state.T @ k[t])
        else:
            state = state + np.outer(k[t], v[t])
        rows.append(scale * (state.T @ q[t]))
    return np.array(rows, dtype=q.dtype)


# ---- layers ----


def turning_of(s, inv_freq, d, at):
    """What rotary does with heads of d columns, with the settings and the positions of queries and keys."""
    scaling = s["rope_scaling"] or {}
    share = scaling.get("partial_rotary_factor")
    base = s["position_base"] or scaling.get("rope_theta") or 10000
    largest = max(np.nanmax(t) for t in at)
    return Turning(s["rotary_dim"] or (int(share * d) if share else d), base, s["position"] != "rotary", len(at[0]),
                   s["position_sections"] or scaling.get("mrope_section"), scaling, largest + 1, inv_freq, s["attention_factor"])


def layer_norm(x, weight, bias):
    kind = x.dtype.type
    centred = x - x.mean(axis=-1, keepdims=True, dtype=kind)
    y = centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True, dtype=kind) + kind(1e-5))
    y = y if weight is None else y * weight.reshape(-1)
    return y if bias is None else y + bias.reshape(-1)


def head_norm(s, t, weight):
    """heads×rows×d: RMS or layer norm of each head, or of all heads of a row together where there are weights for all."""
    if weight is None:
        return t
    heads, rows, d = t.shape
    weight, kind = weight.reshape(-1), t.dtype.type
    together = t.transpose(1, 0, 2).reshape(rows, 1, heads * d) if len(weight) != d else t.transpose(1, 0, 2)
    if s["qk_norm_kind"] == "layer":
        together = together - together.mean(axis=-1, keepdims=True, dtype=kind)
    size = np.sqrt((together * together).mean(axis=-1, keepdims=True, dtype=kind) + kind(s["qk_norm_epsilon"] or 1e-6))
    return (together / size * weight).reshape(rows, heads, d).transpose(1, 0, 2)


def per_head(number, otherwise):
    """A number, or a list of one a head, to meet heads×n×m."""
    return np.asarray(otherwise if number is None else number, dtype=np.float64).reshape(-1, 1, 1)


def recurrent(s, own, q, k, v, cast):
    """Weights by what each value contributes: the rule with the identity for v and no initial state."""
    heads, n, d = q.shape
    group, count = heads // len(k), len(k)
    decay, beta, state = cast(own("decay")), cast(own("beta")), cast(own("state"))
    scale = cast(1 / np.sqrt(d) if s["scale"] is None else s["scale"])
    state = cast(np.zeros((count, d, v.shape[2]))) if state is None else state
    weights, output = [], []
    for h in range(heads):
        g = h // group
        by_head = None if decay is None else decay.reshape(n, count, -1)[:, g]
        of_head = None if beta is None else np.broadcast_to(beta.reshape(n, -1), (n, count))[:, g]
        weights.append(recur(s["recurrence"], scale, q[h], k[g], cast(np.eye(n)), by_head, of_head, cast(np.zeros((d, n)))))
        output.append(recur(s["recurrence"], scale, q[h], k[g], v[g], by_head, of_head, state[g]))
    return {"weights": np.stack(weights), "seen": np.broadcast_to(np.tri(n, dtype=bool), (heads, n, n))}, np.stack(output)


def contributions(weights, v, group, w_o):
    """The length of what each weight and its value add to the output, and that as a share of its row."""
    f = np.repeat(v, group, axis=0)
    if w_o is not None:  # a head has as many rows as v has columns
        f = f @ w_o.reshape(len(f), v.shape[2], -1)
    lengths = np.sqrt((f * f).sum(axis=-1))
    made = np.where(weights == 0, weights.dtype.type(0), abs(weights) * lengths[:, None, :])
    total = made.sum(axis=-1, keepdims=True)
    return {"lengths": lengths, "contribution": made, "contribution_share": np.where((total > 0) & np.isfinite(total), made / total, made)}


def one_form(own, s, x, context, is_given, kind):
    """Every stage of a layer; x is what comes in, is_given whether it comes from the file and not from the layer below."""

    def cast(t):
        return None if t is None else np.asarray(t, dtype=kind)

    def projected(name, source):
        if own(name) is not None:
            return cast(own(name))
        if source is None:
            return None
        y = source if own("w_" + name) is None else source @ cast(own("w_" + name))
        return y if own("b_" + name) is None else y + cast(own("b_" + name)).reshape(-1)

    causal, base = s["causal"], s["position_base"] or 10000
    s["is_causal"] = causal is not None and causal is not False and causal != "no"
    if isinstance(s["window"], int):
        s["window"] = [s["window"], s["window"]]
    x, context = cast(x), cast(context)
    n, m = (len(t) if t is not None else np.shape(own(name))[-2] for name, t in (("q", x), ("k", x if context is None else context)))
    n = n if own("q") is None else np.shape(own("q"))[-2]
    m = m if own("k") is None else np.shape(own("k"))[-2]
    past = 0 if own("past_k") is None else np.shape(own("past_k"))[-2]
    m += past
    s["offset"] = m - n if causal == "end" else past + (causal if s["is_causal"] and not isinstance(causal, (bool, str)) else 0)
    p, out = np.arange(n) + s["offset"], {}
    if s["position"] == "sinusoidal":
        at, keys = positions(own("positions"), own("key_positions"), n, m, past, (np.arange(past, past + n), np.arange(m)),
                             context is not None)
        if is_given:
            out["encoding"] = sinusoidal(at[0], x.shape[1], base, kind)[None]
            x = x + out["encoding"][0]
        context = None if context is None else context + sinusoidal(keys[0, past:], context.shape[1], base, kind)
    else:
        at, keys = positions(own("positions"), own("key_positions"), n, m, past, (p, np.arange(m)))
    norm = (cast(own("norm_weight")), cast(own("norm_bias")))
    inner = layer_norm(x, *norm) if s["norm"] == "pre" else x
    other = inner if context is None else context
    q, k, v = projected("q", inner), projected("k", other), projected("v", other)
    heads = q.shape[0] if q.ndim == 3 else s["heads"] or 1
    q = split_heads(q, heads)
    kv_heads = k.shape[0] if k.ndim == 3 else s["kv_heads"] or heads
    k, v = split_heads(k, kv_heads), None if v is None else split_heads(v, kv_heads)
    if past:
        k = np.concatenate([split_heads(cast(own("past_k")), kv_heads), k], axis=1)
        v = None if v is None else np.concatenate([split_heads(cast(own("past_v")), kv_heads), v], axis=1)
    q, normed = head_norm(s, q, cast(own("q_norm"))), head_norm(s, k, cast(own("k_norm")))
    k = np.concatenate([k[:, :past], normed[:, past:]], axis=1) if s["past_rotated"] else normed
    if s["position"] in ("rotary", "rotary-interleaved"):
        turning = turning_of(s, own("inv_freq"), q.shape[2], (at, keys))
        q = turning.turn(q, at)
        turned = turning.turn(k, keys)
        k = np.concatenate([k[:, :past], turned[:, past:]], axis=1) if s["past_rotated"] else turned
        out["encoding"] = np.concatenate(turning.table(at), axis=1)[None].astype(kind)
    out |= {"q": q, "k": k, "v": v, "offset": s["offset"]}
    out["is_exponential"] = s["recurrence"] is None and s["normalizer"] != "linear"
    out["is_distribution"] = s["recurrence"] is None and s["normalizer"] != "sigmoid"
    if s["recurrence"] is not None:
        more, y = recurrent(s, own, q, k, v, cast)
        out |= more
    else:
        bias, place = cast(own("bias")), cast(position_bias(s, own, heads, at[0], keys[0]))
        seen = seen_pairs(s, own, n, m, heads, bias)
        group = heads // kv_heads
        scores = pair_scores(s, q, np.repeat(k, group, axis=0), *(cast(own(t)) for t in ("w_score", "w_score_q", "w_score_k", "v_score")))
        plain = s["score"] in (None, "scaled") and s["normalizer"] != "linear"
        scaled = scores * (per_head(s["scale"], 1 / np.sqrt(q.shape[2]) if plain else 1) / per_head(s["temperature"], 1)).astype(kind)
        if own("query_scale") is not None:
            scaled = scaled * cast(own("query_scale")).reshape(-1, 1)
        cap = per_head(s["softcap"], 0).astype(kind)
        scaled = np.where(cap == 0, scaled, cap * np.tanh(scaled / np.where(cap == 0, kind(1), cap)))
        masked = scaled if bias is None else scaled + bias
        closed = -np.inf if s["mask_fill"] in (None, "nan") else s["mask_fill"]
        masked = np.where(seen, masked if place is None else masked + place, kind(closed))
        sinks = own("sinks") if own("sinks") is not None else None if s["sink"] is None else np.broadcast_to(s["sink"], heads)
        out |= {"scores": scores, "scaled": scaled, "masked": masked, "seen": seen,
                "weights": weights_of(s, masked, seen, None if sinks is None else cast(sinks).reshape(heads))}
        out |= {} if place is None else {"encoding": place}
        if own("centers") is not None:
            out["weights"] = (out["weights"] * gaussian(s, own, heads, n, m)).astype(kind)
            # Rows whose factors are all 0 look empty in the weights, and are none.
            out["is_distribution"] &= bool(((out["weights"].astype(np.float32) != 0).any(axis=-1) | ~seen.any(axis=-1)).all())
        y = None
        if v is not None:
            y = np.zeros((heads, n, v.shape[2]), dtype=kind)
            weighed = seen if s["mask_fill"] in (None, "nan") else np.ones_like(seen)
            for h, i in np.argwhere(weighed.any(axis=-1)):
                y[h, i] = out["weights"][h, i, weighed[h, i]] @ v[h // group][weighed[h, i]]
            y[np.isnan(out["weights"]).all(axis=-1)] = np.nan
    if y is not None:
        out["heads"] = y
        y = y.transpose(1, 0, 2).reshape(n, -1)
        gate = cast(own("gate")) if own("w_gate") is None else inner @ cast(own("w_gate"))
        out |= contributions(out["weights"], v, heads // kv_heads, cast(own("w_o"))) if gate is None else {}
        if gate is not None:  # one a head serves all of its columns
            y = y / (1 + np.exp(-np.repeat(gate, y.shape[1] // gate.shape[1], axis=1)))
        y = y if own("w_o") is None else y @ cast(own("w_o"))
        y = y if own("b_o") is None else y + cast(own("b_o")).reshape(-1)
        y = y + x if s["residual"] else y
        out["output"] = layer_norm(y, *norm) if s["norm"] == "post" else y
    return out


def attend_forms(problem, over=None, kind=np.float64):
    """A dict of stages for each layer of a problem (a dict as in the JSON). `over`: settings that win."""
    listed = problem.get("layers")
    four = [np.shape(problem[t])[0] for t in "qkv" if t in problem and np.ndim(problem[t]) == 4]
    results, previous = [], None
    for l in range(len(listed) if listed else max(four, default=1)):
        layer = listed[l] if listed else {}

        def own(name):
            if name in layer:
                return layer[name]
            t = problem.get(name)
            return t[0 if len(t) == 1 else l] if t is not None and np.ndim(t) == 4 else t

        s = {name: {**problem, **layer, **(over or {})}.get(name) for name in SETTINGS}
        s = {name: None if name in ("position", "norm") and value == "none" else value for name, value in s.items()}
        is_given = previous is None or "embeddings" in layer
        with np.errstate(all="ignore"):
            results.append(one_form(own, s, own("embeddings") if is_given else previous, own("context"), is_given, kind))
        previous = results[-1].get("output")
    return results


# ---- comparing ----


def largest(t):
    return np.max(abs(t[np.isfinite(t)]), initial=0)


def slack_of(true, single):
    """What float32 costs in this stage, as NumPy pays it; an error where both are finite."""
    both = np.isfinite(true) & np.isfinite(single)
    return 2 * np.max(abs(single[both] - true[both]), initial=0)


def check_layer(what, got, l, true, single, stages):
    """Layer l of the JSON of a run against the oracle's; `single` is the oracle's in float32."""
    live = np.ones(true["weights"].shape[:2], dtype=bool)
    if true["is_exponential"]:  # rows of scores that float32 can hold well
        masked = np.where(true["seen"], true["masked"], -np.inf).max(axis=-1)
        live &= np.where(true["seen"] & np.isfinite(true["scaled"]), abs(true["scaled"]), 0).max(axis=-1) <= 20
        live &= ~np.isfinite(masked) | (abs(masked) <= 20)
    for stage in stages:
        if true.get(stage) is None:
            continue
        t, want = numbers(got[stage][l]), true[stage]
        assert t.shape == want.shape, f"{what}{stage}: shape {t.shape}, not {want.shape}"
        room = 2e-6 * (1 + largest(want)) + slack_of(want, single[stage])
        if stage == "weights":
            want, t = np.where(live[..., None], want, 0), np.where(live[..., None], t, 0)
            room = 2e-6 * max(1, largest(want)) + slack_of(want, single[stage])
        elif stage in ("output", "heads"):
            good = live.all(axis=0)[:, None] if stage == "output" else live[..., None]
            want, t = np.where(good, want, 0), np.where(good, t, 0)
            room = 2e-6 * max(1, largest(want), largest(true["v"])) + slack_of(want, single[stage])
        elif stage in ("contribution", "contribution_share"):
            want, t = np.where(live[..., None], want, 0), np.where(live[..., None], t, 0)
            room = 2e-6 * max(1, largest(true["weights"])) * largest(true["lengths"]) + slack_of(true["contribution"], single["contribution"])
            if stage == "contribution_share":  # what the parts of a row are wrong by, beside their sum
                with np.errstate(all="ignore"):
                    room = 2e-6 + 3 * t.shape[-1] * room / true["contribution"].sum(axis=-1, keepdims=True)
                room = np.where(np.isnan(room), 2e-6, room)
        finite = np.isfinite(want)  # what is not is written as null
        assert not np.isfinite(t[~finite]).any(), f"{what}{stage}: a number where null is due, at {np.argwhere(~finite & np.isfinite(t))[:3].tolist()}"
        close(what + stage, np.where(finite, t, 0), np.where(finite, want, 0), room)


def check_run(got, true, single, stages):
    """The JSON of a run against the oracle: stages, mask, encoding, pairs."""
    for l, (one, less) in enumerate(zip(true, single)):
        what = f"layer {l}, " if len(true) > 1 else ""
        check_layer(what, got, l, one, less, stages)
        if "encoding" in stages:
            close(what + "encoding", numbers(got["encoding"][l]), one["encoding"], 1e-6 * (1 + largest(one["encoding"])))
        if "mask" in stages:
            assert np.array_equal(numbers(got["mask"][l]), one["seen"]), what + "mask"
    assert len(got["weights"]) == len(true), f"{len(got['weights'])} layers, not {len(true)}"
    pairs = {"of": true[0]["seen"][0].size, "allowed": [one["seen"].sum(axis=(1, 2)).tolist() for one in true]}
    assert got["pairs"] == pairs, f"pairs are {got['pairs']}, not {pairs}"
