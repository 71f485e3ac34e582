"""
Cases of the ONNX operators Attention and LinearAttention, in the folder REAL, through the command line: a case is put into
the words of the JSON input, and what the program says is held against the truth that lies beside the case. What the words
mean is said at the functions that translate. A test is named on the command line.
"""
import json
import os
import subprocess
import sys

import numpy as np

from oracle import ATTN, close, numbers, run, write_json

ONNX = os.environ["REAL"] + "/onnx"
UNIT = {"float32": 2.0**-24, "float16": 2.0**-11}  # half the distance of 1 from the next: one rounding, relative
OURS = 2e-6  # what the program promises of weights; of outputs times the largest value


def load(name):
    with open(f"{ONNX}/{name}") as f:
        return json.load(f)


def cases(operator):
    return [load(case["file"]) for case in load("index.json")["cases"] if case["op"] == operator]


def array(t):
    return np.array(t["data"], dtype=bool if t["dtype"] == "bool" else np.float64).reshape(t["shape"])


def arrays(case):
    return {name: array(t) for name, t in case["inputs"].items()}


def rows(t):
    """batch×heads×n×d to batch×n×(heads·d); what has no axis for heads stays as it is."""
    return t if t.ndim == 3 else t.transpose(0, 2, 1, 3).reshape(t.shape[0], t.shape[2], -1)


def each(found, total, failed):
    print(f"{found - len(failed)} of {found} agree")
    assert not failed and found == total, f"{found} cases, of {total}; failed: {' '.join(failed)}"


# ---- Attention ----


def attention_problem(case):
    """
    A layer for each of the batch. Rank 4 is q, k, v with an axis for heads, rank 3 columns that heads share; the cache always
    has an axis for heads. causal is j <= i + P with P keys in the cache; where nonpad_kv_seqlen fills F of the keys, the last
    query stands at the last of these, j <= i + F - n. A float mask is a bias; what a mask is too short for is closed.
    """
    t, a = arrays(case), case["attributes"]
    q, k, n = t["Q"], t["K"], t["Q"].shape[-2]
    past = {ours: t[theirs] if k.ndim == 4 else rows(t[theirs])
            for theirs, ours in (("past_key", "past_k"), ("past_value", "past_v")) if theirs in t}
    m = k.shape[-2] + (past["past_k"].shape[-2] if past else 0)
    layers = []
    for b in range(q.shape[0]):
        layer = {"q": q[b], "k": k[b], "v": t["V"][b], **{name: x[b] for name, x in past.items()}}
        if a.get("is_causal"):
            layer["causal"] = True
        if "nonpad_kv_seqlen" in t:
            layer["key_length"] = int(t["nonpad_kv_seqlen"][b])
            if a.get("is_causal"):
                layer["causal"] = layer["key_length"] - n
        if "attn_mask" in t:
            mask = t["attn_mask"]
            mask = mask.reshape((1,) * (4 - mask.ndim) + mask.shape)
            mask = mask[b if mask.shape[0] > 1 else 0]
            flags, short = mask.dtype == bool, m - mask.shape[-1]
            if short > 0 and mask.shape[-1] > 1:
                beyond = np.full(mask.shape[:-1] + (short,), False if flags else -np.inf)
                mask = np.concatenate([mask, beyond], axis=-1)
            layer["mask" if flags else "bias"] = mask
        layers.append(layer)
    problem = {"layers": layers}
    axis = q.shape[1] if q.ndim == 4 else 1  # of heads that are there before columns are shared
    for theirs, ours in (("q_num_heads", "heads"), ("kv_num_heads", "kv_heads")):
        if theirs in a:
            problem[ours] = a[theirs] * axis
    for name in ("scale", "softcap"):
        if name in a:
            problem[name] = a[name]
    if "left_window_size" in a or "right_window_size" in a:
        problem["window"] = [a.get("left_window_size", -1), a.get("right_window_size", -1)]
    return problem


def check_stages(case, problem, got):
    """
    The stages that the reference gives in the case's own type: all of them, not only the one that qk_matmul_output_mode
    asks for. Its q and k are each multiplied by the root of the scale, which rounds them, and the d_k products and
    their sum are rounded at most once each: d_k + 4 roundings of a score that is no larger than `span`; the softcap
    adds one and makes no error larger, a bias adds one of its own size.
    """
    softcap, scale = "softcap" in problem, case["attributes"].get("scale", case["heads"]["head_size"] ** -0.5)
    derived = {name: array(t) for name, t in case["derived"].items()}
    group = case["heads"]["q"] // case["heads"]["kv"]
    q, k = abs(numbers(got["q"])), np.repeat(abs(numbers(got["k"])), group, axis=1)
    bias = [abs(layer["bias"][np.isfinite(layer["bias"])]).max(initial=0) for layer in problem["layers"] if "bias" in layer]
    span = scale * (q @ k.transpose(0, 1, 3, 2)).max() + max(bias, default=0)
    unit = UNIT[case["inputs"]["Q"]["dtype"]]
    score_room = (case["heads"]["head_size"] + 6) * unit * span + OURS * span
    want = {
        0: (numbers(got["scores"]) * scale if softcap else numbers(got["scaled"]), derived["scores_scaled"]),
        1: (numbers(got["scaled"]), derived.get("scores_softcapped", derived["scores_scaled"])),
        2: (numbers(got["masked"], masked=-np.inf), derived["scores_masked"]),
    }
    for mode, (ours, theirs) in want.items():
        close(f"qk_matmul_output of mode {mode}", ours, theirs, score_room)
    if "qk_matmul_output" not in case["outputs"]:
        return 0
    mode, asked = case["attributes"].get("qk_matmul_output_mode", 0), array(case["outputs"]["qk_matmul_output"])
    # exp makes of an error e of score and maximum a relative one of 2e; weights are at most 1, and a sum of m is rounded m times
    room = 2 * score_room + (asked.shape[-1] + 3) * unit if mode == 3 else score_room
    ours = numbers(got["weights"]) if mode == 3 else want[mode][0]
    close(f"qk_matmul_output as asked for, mode {mode}", ours, asked, room)
    return 1


def check_attention(case):
    """Weights and output against the truth in double precision, also where the case has 16-bit floats; stages; the cache."""
    problem = attention_problem(case)
    write_json("onnx.json", problem)
    stages = [word for stage in ("scores", "scaled", "masked", "weights", "output", "q", "k", "v") for word in ("--stage", stage)]
    got = json.loads(run("onnx.json", "-o", "-", *stages).stdout)
    largest = np.nanmax(abs(numbers(got["v"])))
    close("weights", numbers(got["weights"]), array(case["float64"]["weights"]), OURS)
    close("output", numbers(got["output"]), rows(array(case["float64"]["Y"])), OURS * largest)
    for present, stage in (("present_key", "k"), ("present_value", "v")):
        if present in case["outputs"]:
            close(present, numbers(got[stage]), array(case["outputs"][present]), 0)
    return check_stages(case, problem, got)


def test_attention():
    failed, asked, found = [], 0, cases("Attention")
    for case in found:
        try:
            asked += check_attention(case)
        except (AssertionError, KeyError, ValueError) as error:
            failed.append(case["name"])
            print(f"{case['name']}: {error!r}")
    print(f"{asked} of them with the scores or weights that they ask for")
    each(len(found), 87, failed)
    assert asked == sum("qk_matmul_output" in case["requested_outputs"] for case in found)


# ---- LinearAttention ----


def linear_problem(case):
    """A layer for each of the batch; all tensors have their heads in the columns, but for the state."""
    t, a = arrays(case), case["attributes"]
    names = {"query": "q", "key": "k", "value": "v", "decay": "decay", "beta": "beta", "past_state": "state"}
    problem = {"layers": [{names[name]: x[b] for name, x in t.items()} for b in range(t["query"].shape[0])],
               "heads": a["q_num_heads"], "kv_heads": a["kv_num_heads"], "recurrence": a.get("update_rule", "gated_delta")}
    if a.get("scale"):  # 0 is their word for the default
        problem["scale"] = a["scale"]
    return problem


def recur(problem, layer, v=None):
    """
    The recurrence, step by step in double precision, sharing nothing with the C code: output (n×heads×d_v) and last
    state (kv_heads×d_k×d_v). With another `v` (m×kv_heads×any) from a state of zeros.
    """
    heads, kv_heads, rule = problem["heads"], problem["kv_heads"], problem["recurrence"]
    n = len(layer["q"])
    q, k = layer["q"].reshape(n, heads, -1), layer["k"].reshape(n, kv_heads, -1)
    state = layer.get("state") if v is None else None
    v = layer["v"].reshape(n, kv_heads, -1) if v is None else v
    d_k, group = q.shape[2], heads // kv_heads
    state = np.zeros((kv_heads, d_k, v.shape[2])) if state is None else state.copy()
    output = np.zeros((n, heads, v.shape[2]))
    for t in range(n):
        for h in range(kv_heads):
            if "gated" in rule:
                decay = layer["decay"][t].reshape(kv_heads, -1)[h]  # d_k of them, or one
                state[h] *= np.exp(decay)[:, None]
            new = v[t, h]
            if "delta" in rule:
                beta = layer["beta"][t]
                new = beta[h if len(beta) > 1 else 0] * (new - k[t, h] @ state[h])
            state[h] += np.outer(k[t, h], new)
        for h in range(heads):
            output[t, h] = problem.get("scale", d_k**-0.5) * (q[t, h] @ state[h // group])
    return output, state


def recur_weights(problem, layer):
    """heads×n×m: what the output takes of each value, found by values that are 1 for one key and 0 for the others."""
    n = len(layer["q"])
    ones = np.broadcast_to(np.eye(n)[:, None, :], (n, problem["kv_heads"], n))
    return recur(problem, layer, ones)[0].transpose(1, 0, 2)


def with_probes(problem):
    """
    The same problem with d_k steps more that change no state and read it, row after row: k, v, decay and beta are 0 and
    q is a unit vector.
    """
    longer = []
    for layer in problem["layers"]:
        d_k = layer["q"].shape[1] // problem["heads"]
        more = {name: np.zeros((d_k, layer[name].shape[1])) for name in ("k", "v", "decay", "beta") if name in layer}
        more["q"] = np.tile(np.eye(d_k), (1, problem["heads"]))
        longer.append({**layer, **{name: np.concatenate([layer[name], x]) for name, x in more.items()}})
    return {**problem, "layers": longer}


def check_linear(case):
    """
    The program against the recurrence, and both against what the case says. That one is in the case's own type: it was
    computed in at least 32 bits and rounded to it at the end.
    """
    problem = linear_problem(case)
    want = [recur(problem, layer) for layer in problem["layers"]]
    output, state = np.stack([o.reshape(len(o), -1) for o, _ in want]), np.stack([s for _, s in want])
    unit = UNIT[case["outputs"]["output"]["dtype"]]
    theirs, theirs_state = array(case["outputs"]["output"]), array(case["outputs"]["present_state"])

    def room(t):
        return unit * abs(t) + 2e-6 * max(1, abs(t).max())

    close("output of the recurrence", output, theirs, room(output))
    close("state of the recurrence", state, theirs_state, room(state))

    write_json("onnx.json", problem)
    got = json.loads(run("onnx.json", "-o", "-", "--stage", "weights", "--stage", "output").stdout)
    weights = np.stack([recur_weights(problem, layer) for layer in problem["layers"]])
    close("weights", numbers(got["weights"]), weights, OURS * max(1, abs(weights).max()))
    close("output", numbers(got["output"]), output, OURS * max(1, abs(output).max()))
    close("output of the case", numbers(got["output"]), theirs, room(theirs))

    write_json("onnx.json", with_probes(problem))
    got = json.loads(run("onnx.json", "-o", "-", "--stage", "output").stdout)
    batch, n = output.shape[:2]
    heads, kv_heads, d_k, d_v = problem["heads"], problem["kv_heads"], state.shape[2], state.shape[3]
    probed = numbers(got["output"])[:, n:].reshape(batch, d_k, heads, d_v) / problem.get("scale", d_k**-0.5)
    probed = probed.transpose(0, 2, 1, 3)
    close("present_state", probed, np.repeat(theirs_state, heads // kv_heads, axis=1), np.repeat(room(theirs_state), heads // kv_heads, axis=1))


def test_linear():
    failed, found = [], cases("LinearAttention")
    for case in found:
        try:
            check_linear(case)
        except (AssertionError, KeyError, ValueError) as error:
            failed.append(case["name"])
            print(f"{case['name']}: {error!r}")
    each(len(found), 14, failed)


# ---- what must be refused ----


def test_rejects():
    """What ONNX rejects ends with a status that says whose fault it is, one line, and no output."""
    found, failed = load("rejects.json")["cases"], []
    for case in found:
        write_json("onnx.json", attention_problem(case))
        done = subprocess.run([ATTN, "run", "onnx.json", "-o", "-", "-o", "onnx.png"], capture_output=True)
        lines = done.stderr.decode().splitlines()
        print(f"{case['name']}: status {done.returncode}, {lines}")
        refused = done.returncode in (2, 3) and len(lines) == 1 and lines[0].startswith("attn: onnx.json:")
        if not refused or done.stdout or os.listdir() != ["onnx.json"]:
            failed.append(case["name"])
    print(f"{len(found) - len(failed)} of {len(found)} refused")
    assert not failed and len(found) == 6, failed


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
