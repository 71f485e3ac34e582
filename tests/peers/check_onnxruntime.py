"""
attn against ONNX Runtime: random problems of the operators Attention (opset 23) and GroupQueryAttention, as far as both mean
the same. usage: check_onnxruntime.py ATTN FOLDER    (FOLDER/node_modules has onnxruntime-node and onnx-proto)

Where ONNX Runtime means something else (docs/semantics.md says what), the problem is left out: rows without a key, and causal
of a single query behind a past.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

ATTN, FOLDER = sys.argv[1], sys.argv[2]
TOLERANCE = 2e-5  # of the largest number, both being float32


def flat(x):
    return ["-inf" if v == -np.inf else float(v) for v in np.ravel(x)]


def floats(rng, shape):
    return rng.normal(size=shape).astype(np.float32)


def attention(rng):
    """A problem of Attention, and the same for attn. None: it is one that both mean differently."""
    heads, n, m, d, dv = (int(rng.integers(1, top)) for top in (5, 8, 9, 7, 6))
    kv = int(rng.choice([h for h in range(1, heads + 1) if heads % h == 0]))
    past = int(rng.integers(0, 4))
    q, k, v = floats(rng, (heads, n, d)), floats(rng, (kv, m, d)), floats(rng, (kv, m, dv))
    ours = {"q": q.tolist(), "k": k.tolist(), "v": v.tolist()}
    theirs = [["float32", [1, heads, n, d], flat(q)], ["float32", [1, kv, m, d], flat(k)], ["float32", [1, kv, m, dv], flat(v)], None, None, None]
    attributes, seen = {}, np.ones((n, past + m), dtype=bool)
    if past:
        pk, pv = floats(rng, (kv, past, d)), floats(rng, (kv, past, dv))
        ours |= {"past_k": pk.tolist(), "past_v": pv.tolist()}
        theirs[4:6] = ["float32", [1, kv, past, d], flat(pk)], ["float32", [1, kv, past, dv], flat(pv)]
    masked = rng.random() < 0.6
    if masked and rng.random() < 0.5:
        mask = rng.random((n, past + m)) < 0.7
        seen &= mask
        ours["mask"] = mask.tolist()
        theirs[3] = ["bool", [n, past + m], mask.astype(int).ravel().tolist()]
    elif masked:
        bias = np.where(rng.random((n, past + m)) < 0.2, -np.inf, floats(rng, (n, past + m)))
        seen &= bias > -np.inf
        ours["bias"] = [[None if b == -np.inf else float(b) for b in row] for row in bias]
        theirs[3] = ["float32", [n, past + m], flat(bias.astype(np.float32))]
    if rng.random() < 0.4:
        ours["causal"] = True
        attributes["is_causal"] = {"i": 1}
        seen &= np.arange(past + m)[None, :] <= np.arange(n)[:, None] + past
    if rng.random() < 0.3:
        ours["scale"] = attributes["scale"] = float(np.float32(rng.random() + 0.1))
        attributes["scale"] = {"f": ours["scale"]}
    if rng.random() < 0.3:
        ours["softcap"] = 1.5
        attributes["softcap"] = {"f": 1.5}
    single = n == 1 and past > 0 and m > 1 and "causal" in ours
    if single or not seen.any(axis=1).all():
        return None
    outputs = 3 if past else 1
    return ours, {"op": "Attention", "domain": "", "opset": 23, "attributes": attributes, "inputs": theirs, "outputs": outputs}, (heads, n, dv)


def grouped(rng):
    """A problem of GroupQueryAttention: causal at the last key, perhaps with a window of W keys, the query's own among them."""
    kv = int(rng.integers(1, 4))
    heads, d = kv * int(rng.integers(1, 4)), 8 * int(rng.integers(1, 4))
    past = int(rng.integers(0, 6))
    n = 1 if past else int(rng.integers(1, 10))
    q, k, v = floats(rng, (heads, n, d)), floats(rng, (kv, n, d)), floats(rng, (kv, n, d))
    pk, pv = floats(rng, (kv, past, d)), floats(rng, (kv, past, d))

    def rows(t):
        return ["float32", [1, n, t.shape[0] * d], flat(t.transpose(1, 0, 2))]

    ours = {"q": q.tolist(), "k": k.tolist(), "v": v.tolist(), "causal": True}
    if past:
        ours |= {"past_k": pk.tolist(), "past_v": pv.tolist()}
    attributes = {"num_heads": {"i": heads}, "kv_num_heads": {"i": kv}}
    if rng.random() < 0.6:
        window = int(rng.integers(1, 8))
        ours["window"] = [window - 1, 0]
        attributes["local_window_size"] = {"i": window}
    if rng.random() < 0.3:
        ours["softcap"] = 2.0
        attributes["softcap"] = {"f": 2.0}
    theirs = [rows(q), rows(k), rows(v), ["float32", [1, kv, past, d], flat(pk)], ["float32", [1, kv, past, d], flat(pv)],
              ["int32", [1], [past + n - 1]], ["int32", [1], [past + n]]]
    return ours, {"op": "GroupQueryAttention", "domain": "com.microsoft", "opset": 23, "attributes": attributes, "inputs": theirs,
                  "outputs": 3}, (n, heads, d)


def run_attn(problem):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump(problem, f)
        f.flush()
        done = subprocess.run([ATTN, "run", f.name, "-q", "-o", "-"], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return np.array(json.loads(done.stdout)["output"])[0]


def main():
    rng = np.random.default_rng(2025)
    problems = []
    while len(problems) < 400:
        problem = (attention if len(problems) % 2 else grouped)(rng)
        if problem:
            problems.append(problem)
    lines = "\n".join(json.dumps(theirs) for _, theirs, _ in problems) + "\n"
    here = os.path.dirname(os.path.abspath(__file__))
    done = subprocess.run(["node", f"{here}/onnxruntime.cjs", FOLDER], input=lines.encode(), capture_output=True, check=True)
    worst, failed = 0, 0
    for (ours, theirs, shape), line in zip(problems, done.stdout.decode().splitlines()):
        answer = json.loads(line)
        if isinstance(answer, dict):
            failed += 1
            print(f"{theirs['op']}: {answer['error']}")
            continue
        got, want = run_attn(ours), np.reshape(answer, shape)
        if theirs["op"] == "Attention":
            want = want.transpose(1, 0, 2)
        want = want.reshape(shape[0] if theirs["op"] != "Attention" else shape[1], -1)
        off = np.max(abs(got - want)) / max(1, np.max(abs(want)))
        worst = max(worst, off)
        if not off <= TOLERANCE:
            failed += 1
            print(f"{theirs['op']}: off by {off:.3g}: {theirs['attributes']}, {[(key, np.shape(value)) for key, value in ours.items()]}")
    version = json.load(open(f"{FOLDER}/node_modules/onnxruntime-node/package.json"))["version"]
    print(f"ONNX Runtime {version}: {len(problems) - failed} of {len(problems)} agree, the worst is off by {worst:.2g}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
