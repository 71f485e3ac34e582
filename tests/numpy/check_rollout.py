"""
Rollout and flow by their definitions, in double precision.
usage: check_rollout.py TEST    (ATTN: the program)
"""
import json
import math
import os
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]


def attn(*words, status=0):
    done = subprocess.run([ATTN, *words], capture_output=True, text=True, check=False)
    assert done.returncode == status, (words, done.returncode, done.stderr)
    return done.stdout


def rollout_of(*words):
    told = json.loads(attn("rollout", *words, "-q", "--format", "json"))
    assert told["schema"] == "attn-rollout/1"
    return told


def numbers(rows):
    return np.array(rows, dtype=float)  # null becomes NaN


def discard(w, share):
    """The smallest become 0, of equal ones the earlier, but for those of key 0."""
    n = len(w)
    w = w.copy()
    for place in np.argsort(w, axis=None, kind="stable")[:math.floor(share * n * n)]:
        if place % n:
            w.flat[place] = 0
    return w


def mixed(weights, identity=0.5, how="mean", share=0):
    """layers×heads×n×n → layers×n×n."""
    made = []
    for layer in np.asarray(weights):
        w = getattr(np, how)(layer.astype(float), axis=0)
        w = discard(w.astype(np.float32).astype(float) if share else w, share)
        m = (1 - identity) * w + identity * np.eye(len(w))
        total = m.sum(axis=1, keepdims=True)
        blind = w.sum(axis=1) == 0
        m = m / np.where(total > 0, total, 1)
        if identity > 0:
            m[blind] = np.eye(len(w))[blind]
        made.append(m)
    return np.array(made)


def product(layers):
    whole = np.eye(len(layers[0]))
    for layer in layers:
        whole = layer @ whole
    return whole


def some_weights(rng, layers, heads, n, causal=False, power=4):
    a = rng.random((layers, heads, n, n)) ** power
    if causal:
        a = np.tril(a)
    return (a / a.sum(-1, keepdims=True)).astype(np.float32)


def near(got, want, what, tolerance=2e-6):
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, (what, got.shape, want.shape)
    assert np.array_equal(np.isnan(got), np.isnan(want)), (what, got, want)
    off = np.nanmax(np.abs(got - want), initial=0)
    assert off <= tolerance, (what, off)


def picked():
    """Other heads in each layer, in any order, whole and one row; and as many of each."""
    a = some_weights(np.random.default_rng(2), 4, 3, 12)
    np.savez("x.npz", attention=a)
    for pick, first, heads in (("2.0,1.2", 1, [[2], [0]]), ("3.*", 3, [[0, 1, 2]]), ("0.1,0.2,1.0,1.2,2.0,2.1", 0, [[1, 2], [0, 2], [0, 1]])):
        chosen = np.array([a[first + l][of] for l, of in enumerate(heads)])
        for how in "mean", "max":
            told = rollout_of("x.npz", "--pick", pick, "--combine", how)
            assert told["layers"] == list(range(first, first + len(heads))) and told["heads"] == len(heads[0])
            want = product(mixed(chosen, 0.5, how))
            near(told["rollout"], want, (pick, how))
            near(rollout_of("x.npz", "--pick", pick, "--combine", how, "--query", "5")["row"], want[5], (pick, how, "row"))


def left():
    """Tokens left out of the weights of every layer, before they are mixed."""
    rng = np.random.default_rng(3)
    a = some_weights(rng, 3, 2, 9, causal=True)
    np.savez("x.npz", attention=a)
    stay = [1, 2, 4, 5, 6, 7, 8]
    cut = a[:, :, stay][..., stay].astype(float)
    sums = cut.sum(-1, keepdims=True)
    divided = np.divide(cut, sums, out=np.zeros_like(cut), where=sums > 0)
    for words, weights in ([], cut), (["--renormalize"], divided):
        for how in "mean", "min":
            told = rollout_of("x.npz", "--leave-out", "first,3", "--combine", how, *words)
            assert told["tokens"] == told["key_tokens"] == [str(i) for i in stay]
            near(told["rollout"], product(mixed(weights, 0.5, how)), (words, how))
        row = rollout_of("x.npz", "--leave-out", "first,3", "--query", "2", "--pick", "1.1,2.0", *words)["row"]
        near(row, product(mixed(np.array([weights[1][[1]], weights[2][[0]]])))[2], (words, "row"))


def given():
    rng = np.random.default_rng(1)
    for n, layers, heads in (1, 1, 1), (2, 3, 1), (5, 3, 2), (64, 2, 3), (65, 4, 3), (193, 12, 2), (300, 3, 5):
        for causal in False, True:
            a = some_weights(rng, layers, heads, n, causal)
            np.savez("x.npz", attention=a)
            for identity in 0.5, 0, 0.9, 1:
                for how in "mean", "max", "min":
                    want = product(mixed(a, identity, how))
                    words = ["x.npz", "--identity", str(identity), "--combine", how]
                    near(rollout_of(*words)["rollout"], want, (n, causal, identity, how))
                    told = rollout_of(*words, "--query", str(n // 2))
                    assert told["query"] == n // 2 and "rollout" not in told
                    near(told["row"], want[n // 2], (n, causal, identity, how, "row"))
    for share in 0.1, 0.5, 0.9, 0.999:
        for how in "mean", "max", "min":
            a = some_weights(rng, 3, 2, 17)
            a[:, :, 3] = 1 / 17  # equal ones
            np.savez("x.npz", attention=a)
            near(rollout_of("x.npz", "--discard", str(share), "--combine", how)["rollout"],
                 product(mixed(a, 0.5, how, share)), (share, how))


def chosen():
    """Layers and heads that are chosen, and each format."""
    rng = np.random.default_rng(2)
    a = some_weights(rng, 5, 4, 12)
    np.savez("x.npz", attention=a)
    for words, want in ((["--layers", "1:4"], a[1:4]), (["--layers", "-2:"], a[3:]), (["--layers", "2"], a[2:3]),
                        (["--head", "0,2"], a[:, [0, 2]]), (["--layers", "1:", "--head", "-1"], a[1:, 3:])):
        near(rollout_of("x.npz", *words)["rollout"], product(mixed(want)), words)
    assert rollout_of("x.npz", "--layers", "1:4")["layers"] == [1, 2, 3]
    attn("rollout", "x.npz", "-q", "-o", "r.npy", "-o", "r.csv", "-o", "r.json", "-o", "r.png")
    want = product(mixed(a))
    near(np.load("r.npy"), want, "npy")
    near(np.float32(json.load(open("r.json"))["rollout"]), np.load("r.npy"), "json", 0)
    table = np.genfromtxt("r.csv", delimiter=",", names=True)
    near(np.float32(table["rollout"]).reshape(12, 12), np.load("r.npy"), "csv", 0)
    assert np.array_equal(table["query"], np.repeat(np.arange(12), 12))
    attn("rollout", "x.npz", "-q", "--query", "5", "-o", "r.npy", "-o", "r.csv")
    near(np.load("r.npy"), want[5], "npy of a row")
    table = np.genfromtxt("r.csv", delimiter=",", names=True)
    near(table["rollout"], want[5], "csv of a row")
    assert set(table["query"]) == {5}


def weights_of(file, *words):
    return numbers(json.loads(attn("run", file, *words, "-q", "--stage", "weights", "-o", "-"))["weights"])


def computed():
    """Weights of q and k, with masks, positions and forms, whole and row by row, and of a stack."""
    rng = np.random.default_rng(3)
    n, layers, heads = 70, 3, 4
    layer = lambda: {"q": rng.normal(size=(heads, n, 8)).tolist(), "k": rng.normal(size=(2, n, 8)).tolist()}
    made = {"layers": [layer() for _ in range(layers)]}
    json.dump(made, open("x.json", "w"))
    mask = (rng.random((n, n)) < 0.3).astype(int)
    mask[[3, 40]] = 0  # rows that see nothing
    json.dump(mask.tolist(), open("mask.json", "w"))
    for words in ([], ["--causal"], ["--window", "3,2"], ["--mask", "mask.json"], ["--causal", "--sink", "1"], ["--cpu", "plain"],
                  ["--normalizer", "sigmoid"], ["--normalizer", "sparsemax"], ["--causal", "--position", "rotary"],
                  ["--causal", "--window", "5,0", "--position", "alibi"], ["--dropout", "0.3"], ["--mask", "mask.json", "--mask-fill", "-3"]):
        want = product(mixed(weights_of("x.json", *words)))
        near(rollout_of("x.json", *words)["rollout"], want, words)
        for query in 0, 3, n - 1:
            near(rollout_of("x.json", *words, "--query", str(query))["row"], want[query], (words, query))
    some = np.repeat(mask[None], heads, 0)
    some[1:, [3, 50]] = 1
    some[0, 50] = 0  # rows that see nothing in one head
    json.dump(some.tolist(), open("some.json", "w"))
    want = product(mixed(weights_of("x.json", "--mask", "some.json")))
    for query in 3, 40, 50, 69:
        near(rollout_of("x.json", "--mask", "some.json", "--query", str(query))["row"], want[query], ("a mask a head", query))
    stack = {"embeddings": rng.normal(size=(20, 8)).tolist(), "heads": 2, "causal": True,
             "layers": [{key: rng.normal(size=(8, 8)).tolist() for key in ("w_q", "w_k", "w_v", "w_o")} for _ in range(3)]}
    json.dump(stack, open("stack.json", "w"))
    want = product(mixed(weights_of("stack.json")))
    near(rollout_of("stack.json")["rollout"], want, "stack")
    near(rollout_of("stack.json", "--query", "19")["row"], want[19], "row of a stack")
    near(rollout_of("stack.json", "--layers", "1:")["rollout"], product(mixed(weights_of("stack.json")[1:])), "part of a stack")


def reached():
    """NaN goes where it is reached, and nowhere else; rows that see nothing; rows whose sums are not 1."""
    rng = np.random.default_rng(4)
    n = 9
    a = some_weights(rng, 3, 2, n, causal=True)
    a[0, 1, 4, :5] = np.nan
    np.savez("x.npz", attention=a)
    got = numbers(rollout_of("x.npz")["rollout"])
    clean = a.copy()
    clean[0, 1, 4, :5] = 0.2
    want = product(mixed(clean))
    want[4:, :5] = np.nan
    near(got, want, "NaN of layer 0")
    for query in range(n):
        near(numbers(rollout_of("x.npz", "--query", str(query))["row"]), want[query], ("NaN", query))
    a = some_weights(rng, 3, 2, n, causal=True)
    a[2, 0, 6, 1] = np.nan
    np.savez("x.npz", attention=a)
    want = product(mixed(np.nan_to_num(a)))
    got = numbers(rollout_of("x.npz")["rollout"])
    assert np.isnan(got[6, :2]).all() and not np.isnan(got[:, 2:]).any() and not np.isnan(got[[0, 1, 2, 3, 4, 5, 7, 8]]).any()
    near(numbers(rollout_of("x.npz", "--query", "6")["row"]), got[6], "NaN of the last layer")
    # of q and k, where a row that is NaN is so in masked pairs as well
    n = 70
    q, k = rng.normal(size=(2, 2, 2, n, 4)).astype(np.float32)
    q[0, 1, 20] = np.nan
    k[1, 0, 66] = np.nan
    np.savez("x.npz", **{"layers.%d.%s" % (l, x): (q if x == "q" else k)[l] for l in range(2) for x in "qk"})
    for cpu in "best", "plain":
        words = ["x.npz", "--causal", "--window", "30,0", *(["--cpu", "plain"] if cpu == "plain" else [])]
        got = np.isnan(numbers(rollout_of(*words)["rollout"]))
        sees = (np.arange(n) <= np.arange(n)[:, None]) & (np.arange(n) >= np.arange(n)[:, None] - 30)
        below, above = sees & (np.arange(n) == 20)[:, None], sees & (np.arange(n) >= 66)[:, None]
        want = (sees.astype(int) @ below > 0) | (above.astype(int) @ sees > 0)
        assert np.array_equal(got, want), (cpu, np.argwhere(got != want)[:5])
        for query in 19, 20, 50, 51, 60, 69:
            row = np.isnan(numbers(rollout_of(*words, "--query", str(query))["row"]))
            assert np.array_equal(row, want[query]), (cpu, query, np.flatnonzero(row != want[query]))
    for query in [], ["--query", "69"]:
        told = subprocess.run([ATTN, "rollout", "x.npz", "--causal", *query], capture_output=True, text=True, check=True).stderr
        assert "see nothing" not in told and "NaN or infinity" in told, (query, told)
    assert np.array_equal(rollout_of("x.npz", "--identity", "1")["rollout"], np.eye(n)), "what weighs nothing is not reached"
    n = 9
    for scale in 100, 0.7, 0.25:
        a = some_weights(rng, 3, 2, n)
        np.savez("x.npz", attention=a * np.float32(scale))
        want = product(mixed(a * np.float32(scale)))
        near(rollout_of("x.npz")["rollout"], want, ("sums", scale))
        near(rollout_of("x.npz", "--query", "2")["row"], want[2], ("sums", scale, "row"))
    a = some_weights(rng, 2, 2, n)
    a[:, :, 5] = 0
    np.savez("x.npz", attention=a)
    for identity in 0.5, 0:
        want = product(mixed(a, identity))
        assert (want[5] == (np.eye(n)[5] if identity else 0)).all()
        for how in "mean", "max":
            near(rollout_of("x.npz", "--identity", str(identity), "--combine", how)["rollout"][5], want[5], ("blind", how))
        near(rollout_of("x.npz", "--identity", str(identity), "--query", "5")["row"], want[5], "blind row")


def largest_flow(units, source, sink):
    """Layers×n×n whole numbers → the maximum flow from a token above to one below, by shortest ways (Edmonds and Karp)."""
    layers, n, _ = units.shape
    left = {}
    for l, i, j in zip(*np.nonzero(units)):
        left.setdefault((l + 1, i), {})[l, j] = int(units[l, i, j])
        left.setdefault((l, j), {}).setdefault((l + 1, i), 0)
    flow = 0
    while True:
        came, queue = {(layers, source): None}, [(layers, source)]
        for node in queue:
            for to, room in left.get(node, {}).items():
                if room > 0 and to not in came:
                    came[to] = node
                    queue.append(to)
        if (0, sink) not in came:
            return flow
        way, node = [], (0, sink)
        while came[node] is not None:
            way.append((came[node], node))
            node = came[node]
        least = min(left[a][b] for a, b in way)
        for a, b in way:
            left[a][b] -= least
            left[b][a] += least
        flow += least


def flow():
    """Weights in 256ths have flows in 512ths: both sides are exact."""
    rng = np.random.default_rng(6)
    for n, layers, causal, some in (1, 1, 0, 1), (3, 1, 0, 1), (5, 3, 0, 1), (7, 4, 1, 1), (8, 5, 0, 0.4), (9, 6, 1, 0.5), (6, 12, 0, 0.3):
        units = np.zeros((layers, n, n), int)
        for l in range(layers):
            for i in range(n):
                keys = [j for j in range(i + 1 if causal else n) if rng.random() < some] or [i]
                units[l, i, keys] = rng.multinomial(256, rng.dirichlet(np.full(len(keys), 0.5)))
        np.savez("x.npz", attention=(units[:, None] / 256).astype(np.float32))
        for identity in 0.5, 0:
            mixed_units = units + 256 * np.eye(n, dtype=int) if identity else 2 * units
            want = np.array([[largest_flow(mixed_units, i, j) for j in range(n)] for i in range(n)]) / 512
            told = rollout_of("x.npz", "--flow", "--identity", str(identity))
            near(told["flow"], want, ("flow", n, layers, identity), 1e-12)
            near(told["rollout"], product(mixed_units / 512), "rollout beside flow")
            assert (np.array(told["flow"]) >= np.array(told["rollout"]) - 1e-6).all()
            row = rollout_of("x.npz", "--flow", "--identity", str(identity), "--query", str(n - 1))
            near(row["flow"], want[-1], "flow of a row", 1e-12)
            assert row["row"] == told["rollout"][-1]
            attn("rollout", "x.npz", "-q", "--flow", "--identity", str(identity), "-o", "f.npy", "-o", "f.csv", "-o", "f.png")
            assert np.array_equal(np.load("f.npy"), told["flow"]) and np.load("f.npy").dtype == np.float64
            if n > 1:
                table = np.genfromtxt("f.csv", delimiter=",", names=True)
                assert np.array_equal(table["flow"].reshape(n, n), told["flow"])
    # a NaN counts where it lies on a way
    a = some_weights(rng, 3, 1, 6, causal=True)
    a[1, 0, 3, 1] = np.nan
    np.savez("x.npz", attention=a)
    told = numbers(rollout_of("x.npz", "--flow")["flow"])
    spoiled = np.zeros((6, 6), bool)
    spoiled[3:, :2] = True
    assert np.array_equal(np.isnan(told), spoiled), told
    network(mixed(some_weights(rng, 12, 3, 16)))


def network(layers):
    """Where networkx is installed: weights that are no round numbers."""
    try:
        import networkx
    except ImportError:
        return
    n = layers.shape[1]
    np.savez("x.npz", attention=layers[:, None].astype(np.float32))
    told = rollout_of("x.npz", "--flow", "--identity", "0")["flow"]
    graph = networkx.DiGraph()
    for l, i, j in zip(*np.nonzero(layers)):
        graph.add_edge((l + 1, i), (l, j), capacity=float(layers[l, i, j]))
    for i in range(0, n, 5):
        for j in range(n):
            near(told[i][j], networkx.maximum_flow_value(graph, (len(layers), i), (0, j)), ("networkx", i, j))


def threads():
    rng = np.random.default_rng(5)
    q = rng.normal(size=(3, 4, 500, 16)).astype(np.float32)
    k = rng.permutation(q, axis=2)
    for n, words in ((500, ["--causal"]), (500, ["--combine", "max", "--discard", "0.2"]), (500, ["--query", "400"]),
                     (500, ["--query", "400", "--causal", "--sink", "0"]), (60, ["--query", "40", "--flow"])):
        np.savez("x.npz", **{"layers.%d.%s" % (l, name): x[l, :, :n] for l in range(3) for name, x in (("q", q), ("k", k))})
        told = {attn("rollout", "x.npz", "-q", *words, "--threads", str(t)) for t in (1, 2, 3)}
        assert len(told) == 1, words


def real(folder):
    """GPT-2 small, all heads."""
    a = np.load(os.path.join(folder, "gpt2_attention.npy"))
    want = product(mixed(a))
    got = rollout_of(os.path.join(folder, "gpt2_attention.json"))
    near(got["rollout"], want, "GPT-2")
    for i, token in enumerate(got["tokens"]):
        near(rollout_of(os.path.join(folder, "gpt2_attention.json"), "--query", str(i))["row"], want[i], ("GPT-2", token))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
