"""What attn is measured by: each line a ratio against a named peer in the same run, on the same machine.

usage: bench.py [--quick]    (make bench sets ATTN, the program, ENGINE and BENCH_PNG, the benches of the engine and of the encoder
alone, and PEERS, a folder)

Peers come from Debian's packages: OpenBLAS, NumPy, PyTorch, matplotlib, networkx; and from npm, installed in PEERS: ONNX Runtime. What is
missing is named and left out. Every time is the best of several. "At least" and "aim" are what the project wants of itself;
nothing fails here.
"""
import contextlib
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ATTN = os.environ["ATTN"]
ENGINE = os.environ.get("ENGINE")
BENCH_PNG = os.environ.get("BENCH_PNG")
PEERS = os.environ.get("PEERS")
QUICK = "--quick" in sys.argv

try:
    import numpy as np
except ImportError:
    sys.exit("bench: NumPy is missing (python3-numpy): nothing can be compared")
try:
    import torch
except ImportError:
    torch = None
    print("bench: PyTorch is missing (python3-torch): left out")
try:
    import matplotlib
except ImportError:
    matplotlib = None
    print("bench: matplotlib is missing (python3-matplotlib): left out")


def best(times, work, before=lambda: None):
    """Seconds of the fastest of several runs, without what comes before each."""
    fastest = float("inf")
    for _ in range(times):
        before()
        start = time.perf_counter()
        work()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest


def attn(*arguments, times=3):
    """The fastest of several runs: seconds of each step as -v says them, and "process", those of the whole."""
    steps = None
    for _ in range(times):
        start = time.perf_counter()
        done = subprocess.run([ATTN, "run", *arguments, "-v", "--format", "none"], stderr=subprocess.PIPE, check=True)
        whole = time.perf_counter() - start
        found = dict(re.findall(r"(\w+)=([0-9.]+)", done.stderr.decode().splitlines()[-1]))
        found = {key: float(value) for key, value in found.items() if key in ("read", "attend", "draw", "write")}
        found["process"] = whole
        if steps is None:
            steps = found
        steps = {key: min(steps[key], found[key]) for key in steps}
    return steps


def peak(*arguments):
    """Peak memory of one run, in bytes."""
    code = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    done = subprocess.run([sys.executable, "-c", code, ATTN, "run", *arguments, "-q", "--format", "none"],
                          stdout=subprocess.PIPE, check=True)
    return int(done.stdout) * 1024


def row(what, value, least, aim, detail):
    print("| %-66s | %7s | %7s | %7s | %s" % (what, value, least, aim, detail), flush=True)


def ratio(what, mine, peer, least, aim, detail):
    row(what, "%.1f×" % (peer / mine), least, aim, "%s %.4g s, attn %.4g s" % (detail, peer, mine))


def softmax_numpy(q, k, v):
    scores = q @ k.T
    scores *= np.float32(1 / np.sqrt(q.shape[1]))
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores @ v


def engine_rows():
    """The engine's own bench prints its rows and, in a last line, its seconds for n = 8192."""
    if not ENGINE or not os.path.exists(ENGINE):
        print("bench: OpenBLAS is missing (libopenblas-dev): the engine is not compared with sgemm")
        return None
    # An OpenBLAS that does not know the processor takes a lesser kernel: it is told which to take, the one for AVX-512 where
    # there is that, and beside our AVX2 form the one for AVX2.
    flags = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
    core = {"OPENBLAS_CORETYPE": "SkylakeX"} if "avx512f" in flags else {}
    done = subprocess.run([ENGINE], stdout=subprocess.PIPE, check=True, env=dict(os.environ, **core))
    lesser = subprocess.run([ENGINE, "avx2"], stdout=subprocess.PIPE, check=True,
                            env=dict(os.environ, OPENBLAS_CORETYPE="Haswell"))
    done.stdout += lesser.stdout
    lines = done.stdout.decode().splitlines()
    for line in lines:
        if line.startswith("row\t"):
            row(*line.split("\t")[1:])
    return {name: float(number) for name, number in re.findall(r"^seconds\t(.+)\t([0-9.]+)$", done.stdout.decode(), re.M)}


def recurrence_numpy(q, k, v, decay, beta):
    """A recurrence in chunks of 64, in float32: q, k and v are n×d, decay (logarithms) and beta n or None. The formulas are those
    of src/engine/linear.c; what the delta rules write in a chunk is a triangular system."""
    n, d, size = len(q), q.shape[1], 64
    state, out = np.zeros((d, v.shape[1]), np.float32), np.empty_like(v)
    lower = np.tril(np.ones((size, size), np.float32))
    for first in range(0, n, size):
        a, b, u = (x[first:first + size] for x in (q, k, v))
        share, whole, end = lower, 1, 1
        if decay is not None:
            sums = np.cumsum(decay[first:first + size])
            share = lower * np.exp(np.minimum(sums[:, None] - sums, 0))
            whole = np.exp(sums)[:, None]
            end = whole[-1]
        if beta is not None:
            rate = beta[first:first + size, None]
            system = rate * np.tril(share * (b @ b.T), -1)
            np.fill_diagonal(system, 1)
            u = np.linalg.solve(system, rate * (u - whole * (b @ state)))
        out[first:first + size] = whole * (a @ state) + (share * (a @ b.T)) @ u
        state = end * state + (b * share[-1][:, None]).T @ u
    return out * np.float32(d**-0.5)


def recurrence_rows(seconds):
    rng = np.random.default_rng(1)
    n, d = 131072, 64
    q, k, v = (rng.normal(size=(n, d)).astype(np.float32) / 8 for _ in range(3))
    decay, beta = -rng.random(n).astype(np.float32), rng.random(n).astype(np.float32)
    for rule in ("linear", "gated", "delta", "gated_delta"):
        mine = (seconds or {}).get("recurrence " + rule)
        if mine:
            peer = best(3, lambda: recurrence_numpy(q, k, v, decay if "gated" in rule else None, beta if "delta" in rule else None))
            ratio("recurrence %s, n = 131,072, output alone ÷ NumPy in chunks of 64" % rule, mine, peer, "5×", "20×", "NumPy")


def libraries_row(seconds):
    mine = (seconds or {}).get("8192")
    if not mine:
        return
    rng = np.random.default_rng(1)
    q, k, v = (rng.normal(size=(8192, 64)).astype(np.float32) for _ in range(3))
    peer, name = best(3, lambda: softmax_numpy(q, k, v)), "NumPy " + np.__version__
    other = "PyTorch is absent"
    if torch:
        a, b, c = (torch.from_numpy(x) for x in (q, k, v))
        with torch.no_grad():
            seconds = best(3, lambda: torch.softmax(a @ b.T * 0.125, dim=-1) @ c)
        other = "PyTorch %s %.4g s" % (torch.__version__, seconds)
        if seconds < peer:
            other = "%s %.4g s" % (name, peer)
            peer, name = seconds, "PyTorch " + torch.__version__
    ratio("engine, n = 8,192, d = 64 ÷ the faster of NumPy and PyTorch", mine, peer, "2.5×", "4×", "%s; %s" % (other, name))


# n, heads and columns of what is compared with ONNX Runtime, and its operators, of which the faster counts for each shape.
SHAPES = [(8192, 1, 64), (1024, 12, 64), (512, 4, 32), (4096, 4, 64), (8192, 1, 128)]
OPERATORS = ["MultiHeadAttention", "Attention"]
TURNS, TURN_SECONDS = (2, 0.1) if QUICK else (6, 0.3)


class OnnxRuntime:
    """One of its operators, warm in a process of its own; self.version is None where it does not run here."""

    def __init__(self, operator, shape, output):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bench_onnxruntime.cjs")
        self.process = subprocess.Popen(["node", script, PEERS, operator, *map(str, shape), output], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.version = self.process.stdout.readline().strip() or None

    def best(self, seconds):
        self.process.stdin.write("%g\n" % seconds)
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def engine_best(shape, seconds, *output):
    done = subprocess.run([ENGINE, "peer", *map(str, shape), str(seconds), *output], stdout=subprocess.PIPE, check=True)
    return float(done.stdout)


def onnxruntime_shape(folder, shape):
    """By turns, the seconds of attn and of ONNX Runtime's faster operator, its name and version; None where no operator runs, or
    none agrees."""
    ours, theirs = (os.path.join(folder, name) for name in ("ours", "theirs"))
    engine_best(shape, 0, ours)
    peers = {}
    with contextlib.ExitStack() as stack:
        for operator in OPERATORS:
            peer = stack.enter_context(OnnxRuntime(operator, shape, theirs))
            if not peer.version:
                continue
            off = np.max(abs(np.fromfile(ours, np.float32) - np.fromfile(theirs, np.float32)))
            if off < 1e-5:
                peers[operator] = peer
            else:
                print("bench: ONNX Runtime's %s differs by %.2g at %s: left out" % (operator, off, shape))
        if not peers:
            return None
        mine, seconds = float("inf"), dict.fromkeys(peers, float("inf"))
        for _ in range(TURNS):
            mine = min(mine, engine_best(shape, TURN_SECONDS))
            for operator, peer in peers.items():
                seconds[operator] = min(seconds[operator], peer.best(TURN_SECONDS))
        faster = min(seconds, key=seconds.get)
        return mine, seconds[faster], faster, peers[faster].version


def onnxruntime_rows(folder):
    """Two rows: the worst ratio of all shapes and numbers of threads, dense and causal. What attn computes has measures."""
    if not ENGINE or not os.path.exists(ENGINE):
        return
    installed = PEERS and os.path.exists(os.path.join(PEERS, "node_modules", "onnxruntime-node", "package.json"))
    if not installed or not shutil.which("node"):
        print("bench: ONNX Runtime: not installed, skipped")
        return
    for causal, least, aim in ((0, "1.0×", "1.1×"), (1, "2.2×", "2.6×")):
        found = []
        for shape in SHAPES:
            for threads in range(1, min(os.cpu_count(), 2) + 1):
                result = onnxruntime_shape(folder, (*shape, threads, causal))
                if result:
                    mine, peer, operator, version = result
                    found.append((peer / mine, "%s×%d×%d, %d thread%s: %s %.4g s, attn %.4g s" % (
                        format(shape[0], ","), *shape[1:], threads, "s" if threads > 1 else "", operator, peer, mine)))
        if not found:
            print("bench: ONNX Runtime: does not run here, skipped")
            return
        row("%s ÷ ONNX Runtime %s, worst of %d" % ("causal" if causal else "dense", version, len(found)), "%.2f×" % min(found)[0],
            least, aim, "%s; median %.2f×" % (min(found)[1], statistics.median(value for value, _ in found)))


# Attention, its pictures and its numbers, as they are made by hand. What differs is put in front.
DRAWN_BY_HAND = """
import json
import numpy as np
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
d = json.load(open(FILE))
q, k, v = (np.array(d[x], dtype=np.float32) for x in "qkv")
s = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
w = np.exp(s - s.max(-1, keepdims=True))
w /= w.sum(-1, keepdims=True)
json.dump({"weights": w.tolist(), "output": (w @ v).tolist()}, open("numbers.json", "w"))
n = w.shape[-1]
def panel(ax, head, size=None):
    im = ax.imshow(w[head], vmin=0, vmax=1)
    ax.set_xticks(range(n), d["tokens"], rotation=90 if n > 6 else 0)
    ax.set_yticks(range(n), d["tokens"])
    for i in range(n):
        for j in range(n):
            ax.text(j, i, "%.2f" % w[head, i, j], ha="center", va="center", color="w", size=size)
    return im
if EACH_HEAD:
    for h in range(len(w)):
        fig, ax = plt.subplots()
        fig.colorbar(panel(ax, h))
        fig.savefig("head%d.png" % h)
if ALL_HEADS:
    fig, axes = plt.subplots(ROWS, len(w) // ROWS, figsize=SIZE, squeeze=False)
    for h, ax in enumerate(axes.flat):
        im = panel(ax, h, 7)
    fig.colorbar(im, ax=axes)
    fig.savefig(ALL_HEADS)
"""


def drawn_by_hand(folder, name, problem, settings):
    """Seconds of a whole process that draws a problem, which is a file of JSON, with NumPy and matplotlib, and the file."""
    path, script, results = (os.path.join(folder, name + end) for end in (".json", ".py", ".numpy"))
    open(path, "wb").write(problem)
    given = {"FILE": path, "EACH_HEAD": False, "ALL_HEADS": None, "ROWS": 1, "SIZE": None} | settings
    open(script, "w").write("".join("%s = %r\n" % pair for pair in given.items()) + DRAWN_BY_HAND)
    return best(3, lambda: subprocess.run([sys.executable, script], cwd=results, check=True), lambda: emptied(results)), path


def emptied(path):
    """New files are written each time: to give back the blocks of old ones takes as long as to draw a picture."""
    shutil.rmtree(path, ignore_errors=True)
    os.mkdir(path)


def heads_of_noise(heads, tokens, columns):
    rng = np.random.default_rng(7)
    arrays = {name: rng.normal(size=(heads, tokens, columns)).round(4).tolist() for name in "qkv"}
    return json.dumps({"tokens": ["token%d" % i for i in range(tokens)]} | arrays).encode()


def process_rows(folder):
    """Whole processes: attn reads, computes and writes pictures and numbers; so does a script, which draws each head, but not
    all of them together."""
    if not matplotlib:
        return
    sample = subprocess.run([ATTN, "sample", "sentence"], stdout=subprocess.PIPE, check=True).stdout
    noise = heads_of_noise(4, 16, 32)
    for what, problem, settings, least, aim in (
            ("six tokens, two heads, pictures and JSON", sample, {"EACH_HEAD": True}, "100×", "200×"),
            ("16 tokens, 4 heads, pictures and JSON", noise, {"EACH_HEAD": True}, "80×", "150×")):
        peer, path = drawn_by_hand(folder, "process", problem, settings)
        pictures = os.path.join(folder, "process")
        command = [ATTN, "run", path, "-q", "--format", "none", "-o", pictures]
        mine = best(40, lambda: subprocess.run(command, check=True), lambda: emptied(pictures))
        ratio("whole process, " + what, mine, peer, least, aim, "NumPy + matplotlib")
    peer, path = drawn_by_hand(folder, "vector", heads_of_noise(12, 12, 16), {"ALL_HEADS": "heads.svg", "ROWS": 3, "SIZE": (16, 11)})
    outputs = [os.path.join(folder, "vector" + end) for end in (".svg", "_out.json")]
    command = [ATTN, "run", path, "-q", "--format", "none", "-o", outputs[0], "-o", outputs[1]]
    mine = best(20, lambda: subprocess.run(command, check=True))
    ratio("whole process, 12 tokens, 12 heads, SVG and JSON", mine, peer, "50×", "100×", "NumPy + matplotlib")


def read_rows(folder):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(500, 20000 if not QUICK else 2000)).astype(np.float32)
    path = os.path.join(folder, "numbers.json")
    json.dump({"q": x.tolist(), "k": x[:1].tolist()}, open(path, "w"))
    peer = best(1, lambda: np.array(json.load(open(path))["q"], dtype=np.float32))
    mine = attn(path, "-o", os.path.join(folder, "o.npy"))["read"]
    size = os.path.getsize(path)
    ratio("JSON numbers read", mine, peer, "5×", "10×", "json + numpy.array, %.0f MB (%.0f MB/s)," % (size / 1e6, size / 1e6 / mine))
    used = peak(path, "-o", os.path.join(folder, "o.npy"))
    row("peak memory reading a JSON of numbers ÷ (its floats + the file)", "%.2f" % (used / (x.nbytes + size)), "1.3", "1.05",
        "%.0f MB" % (used / 1e6))
    os.remove(path)

    path = os.path.join(folder, "numbers.csv")
    x = x[:, :len(x[0]) // 4]
    np.savetxt(path, x, delimiter=",", fmt="%.8g")
    peer = best(1, lambda: np.loadtxt(path, delimiter=",", dtype=np.float32))
    mine = attn(path, "-o", os.path.join(folder, "o.npy"))["read"]
    size = os.path.getsize(path)
    ratio("CSV read", mine, peer, "3×", "5×", "numpy.loadtxt, %.0f MB (%.0f MB/s)," % (size / 1e6, size / 1e6 / mine))


def timed(*words):
    """Seconds and bytes of peak memory of one run of attn."""
    code = ("import resource, subprocess, sys, time; start = time.perf_counter(); "
            "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
            "print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)")
    done = subprocess.run([sys.executable, "-c", code, ATTN, *words], stdout=subprocess.PIPE, check=True)
    return tuple(map(float, done.stdout.split()))


def file_rows(folder):
    """attn info and attn convert: a sparse file of 10 GB, the pass over numbers, and a conversion beside NumPy's."""
    path = os.path.join(folder, "large.safetensors")
    shape, names = [4096, 5120], ["model.layers.%d.self_attn.%s_proj.weight" % (l, p) for l in range(30) for p in "qkvo"]
    size = 4 * shape[0] * shape[1]
    header = {n: {"dtype": "F32", "shape": shape, "data_offsets": [i * size, (i + 1) * size]} for i, n in enumerate(names)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + size * len(names))
    seconds, memory = zip(*(timed("info", path) for _ in range(5)))
    row("attn info of a sparse safetensors file of 10 GB: seconds ÷ 50 ms", "%.2f" % (min(seconds) / 0.05), "1.0", "0.5",
        "%.0f ms" % (min(seconds) * 1e3))
    row("and its peak memory ÷ 20 MB", "%.2f" % (max(memory) / 20e6), "1.0", "0.5", "%.1f MB" % (max(memory) / 1e6))
    os.remove(path)

    x = np.random.default_rng(6).normal(size=(1000, 100000 if not QUICK else 10000)).astype(np.float32)
    path = os.path.join(folder, "x.npy")
    np.save(path, x)

    def peer_range():
        loaded = np.load(path, mmap_mode="r")
        return loaded.min(), loaded.max(), loaded.size - np.isfinite(loaded).sum()

    peer = best(3, peer_range)
    mine = min(timed("info", path, "--values")[0] for _ in range(3))
    ratio("smallest, largest and non-finite of a file (whole process)", mine, peer, "1×", "2×", "min, max, isfinite, %.0f MB," % (x.nbytes / 1e6))
    half = os.path.join(folder, "h.npy")
    peer = best(1, lambda: np.save(half, np.load(path, mmap_mode="r").astype(np.float16)))
    mine = timed("convert", path, "-o", half, "--dtype", "f16")[0]
    ratio("a file to float16 (whole process)", mine, peer, "0.5×", "1×", "astype, np.save, %.0f MB," % (x.nbytes / 1e6))


def six_measures(weights):
    """Entropy, distance, confidence, first token, self and previous token of every head, a layer at a time."""
    places = np.arange(weights.shape[-1])
    distance = np.abs(places[:, None] - places).astype(np.float32)
    for layer in weights:
        logs = np.log(np.maximum(layer, np.float32(1e-38)))
        measures = (-(layer * logs).sum(-1).mean(-1), (layer * distance).sum((-1, -2)) / len(places), layer.max(-1).mean(-1),
                     layer[..., 0].mean(-1), np.diagonal(layer, 0, 1, 2).mean(-1), np.diagonal(layer, -1, 1, 2).mean(-1))
        assert all(np.isfinite(x).all() for x in measures)


def divergences(weights):
    """The Jensen-Shannon divergence of each two heads, heads×rows×keys, by its definition, the mean over the rows."""
    found = np.zeros((len(weights), len(weights)))
    for a, p in enumerate(weights):
        for b, q in enumerate(weights[:a]):
            middle = (p + q) / 2
            found[a, b] = ((p * np.log(p / middle) + q * np.log(q / middle)).sum(-1) / 2).mean()
    return found


def similar_rows(folder):
    heads, n = (144, 128) if not QUICK else (20, 64)
    path = os.path.join(folder, "attention.npy")
    weights = np.random.default_rng(9).random((heads, n, n)) ** 4 + 1e-6
    weights /= weights.sum(-1, keepdims=True)
    np.save(path, weights[None].astype(np.float32))
    for name, kind in ("float64", np.float64), ("float32", np.float32):
        ratio("likeness of each two of %d heads of %d² (whole process)" % (heads, n),
              min(timed("stats", path, "--similar", "-q", "--format", "csv")[0] for _ in range(3)),
              best(1, lambda kind=kind: divergences(weights.astype(kind))), "25×", "85×", "NumPy pair by pair in %s," % name)
    os.remove(path)


def given_rows(folder):
    """Weights that lie in a file: the overview of all heads, and one head; q, k and v in bfloat16 beside the same in float32."""
    heads, n = (12, 1024) if not QUICK else (4, 512)
    path = os.path.join(folder, "attention.npy")
    weights = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(heads, heads, n, n))
    rng = np.random.default_rng(8)
    for l in range(heads):
        part = rng.random((heads, n, n), dtype=np.float32) ** 4
        weights[l] = part / part.sum(-1, keepdims=True)
    size = weights.nbytes
    del weights
    picture = os.path.join(folder, "all.png")
    peer = best(4, lambda: np.load(path, mmap_mode="r").sum())
    mine = attn(path, "-o", picture, "-q", times=4)["process"]
    ratio("overview of %d heads of %s², %.0f MB (whole process)" % (heads * heads, format(n, ","), size / 1e6), mine, peer, "0.5×", "1×",
          "numpy.load(mmap).sum()")
    used = peak(path, "--layer", "3", "--head", "2", "-o", picture)
    ratio("all measures of attn stats of them (whole process)", min(timed("stats", path, "-q", "--format", "csv")[0] for _ in range(4)),
          best(2, lambda: six_measures(np.load(path, mmap_mode="r"))), "6×", "17×", "six of the measures in NumPy")
    row("one head of them: peak memory ÷ (its bytes + 25 MB)", "%.2f" % (used / (4 * n * n + 25e6)), "1.0", "0.9", "%.0f MB" % (used / 1e6))
    os.remove(path)

    n = 8192 if not QUICK else 2048
    q, k, v = (rng.normal(size=(n, 64)).astype(np.float32) for _ in range(3))
    halves = {name: (x.view(np.uint32) >> 16).astype(np.uint16) for name, x in zip("qkv", (q, k, v))}
    same = {name: (x.astype(np.uint32) << 16).view(np.float32) for name, x in halves.items()}
    files = []
    for kind, arrays in ("BF16", halves), ("F32", same):
        files.append(os.path.join(folder, kind + ".safetensors"))
        header, data = {}, b""
        for name, x in arrays.items():
            header[name] = {"dtype": kind, "shape": list(x.shape), "data_offsets": [len(data), len(data) + x.nbytes]}
            data += x.tobytes()
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(files[-1], "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text + data)
    times = [min(attn(f, "--stage", "output", "-o", os.path.join(folder, "out.npy"), "-q", times=5)["attend"] for _ in range(2)) for f in files]
    row("q, k and v in bfloat16 from a file, n = %s: rate ÷ float32" % format(n, ","), "%.2f" % (times[1] / times[0]), "1.0", "1.3",
        "%.1f ms, float32 %.1f ms" % (times[0] * 1e3, times[1] * 1e3))


def rollout_rows(folder):
    """attn rollout: the product of layers beside NumPy's own (OpenBLAS's sgemm), one row beside plain passes, flow beside networkx."""
    def rollout(*arguments, times=5):
        return min(float(re.search(r" attend=([0-9.]+)", subprocess.run(
            [ATTN, "rollout", *arguments, "-q", "-v", "-o", os.path.join(folder, "rollout.npy")],
            stderr=subprocess.PIPE, check=True).stderr.decode())[1]) for _ in range(times))

    rng = np.random.default_rng(1)
    path, layers, n = os.path.join(folder, "layers.npz"), 12, 1024
    weights = np.tril(rng.random((layers, 1, n, n), dtype=np.float32) ** 4)
    weights /= weights.sum(-1, keepdims=True)
    np.savez(path, attention=weights)
    mixed = weights[:, 0] / 2 + np.eye(n, dtype=np.float32) / 2

    def products():
        whole = mixed[0]
        for layer in mixed[1:]:
            whole = layer @ whole
        return whole
    ratio("rollout of 12 causal layers of 1,024 tokens (and mixing them) ÷ sgemm", rollout(path), best(5, products), "1×", "1.5×", "products alone")
    exact = np.eye(n)
    for layer in weights[:, 0]:
        exact = (layer / 2 + np.eye(n) / 2) @ exact
    row("the largest error of that", "%.1e" % np.abs(np.load(os.path.join(folder, "rollout.npy")) - exact).max(), "2e-6", "", "double precision")

    layers, n = 3, 8192 if QUICK else 65536
    np.savez(path, **{"layers.%d.%s" % (l, x): rng.normal(size=(1, n, 64)).astype(np.float32) for l in range(layers) for x in "qkv"})
    mine = rollout(path, "--causal", "--query", str(n - 1), times=1)
    peer = attn(path, "--causal", "--measures", os.path.join(folder, "m.csv"), times=1)["attend"]
    # Of the last layer one row is computed.
    row("one row of a rollout, n = %s causal: a layer ÷ a plain pass" % format(n, ","), "%.2f" % (mine / (layers - 1) / (peer / layers)), "2.2", "1.2",
        "%.3g s for %d layers, %.3g s for %d passes" % (mine, layers - 1, peer, layers))
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", code, ATTN, "rollout", path, "--causal", "--query", str(n - 1), "-q", "-o",
                           os.path.join(folder, "rollout.npy")], stdout=subprocess.PIPE, check=True)
    row("its peak memory over the file", "%.0f MB" % (int(done.stdout) * 1024 / 1e6 - os.path.getsize(path) / 1e6), "100 MB", "40 MB", "")

    try:
        import networkx
    except ImportError:
        print("bench: networkx is missing (python3-networkx): attention flow is not compared")
        return
    layers, n = 12, 32
    weights = rng.random((layers, 1, n, n), dtype=np.float32) ** 4
    weights /= weights.sum(-1, keepdims=True)
    np.savez(path, attention=weights)
    graph = networkx.DiGraph()
    for l, i, j in np.ndindex(layers, n, n):
        graph.add_edge((l + 1, i), (l, j), capacity=float(weights[l, 0, i, j] / 2 + (i == j) / 2))
    pairs = [(i, (7 * i) % n) for i in range(0, n, 4)] # of them all as long as these
    peer = best(1, lambda: [networkx.maximum_flow_value(graph, (layers, i), (0, j)) for i, j in pairs]) * n * n / len(pairs)
    ratio("flow of all pairs, 12 layers of 32 tokens ÷ networkx " + networkx.__version__, rollout(path, "--flow"), peer, "100×", "1000×",
          "%d pairs, times %d:" % (len(pairs), n * n // len(pairs)))


def write_rows(folder):
    rng = np.random.default_rng(3)
    w = rng.exponential(size=(12, 12, 256, 256))
    w = (w / w.sum(-1, keepdims=True)).astype(np.float32)
    path = os.path.join(folder, "weights.json")
    values = w.tolist()
    json.dump({"attention": values}, open(path, "w"))
    out = os.path.join(folder, "o.json")
    peer = best(1, lambda: open(os.path.join(folder, "p.json"), "w").write(json.dumps(values)))
    mine = attn(path, "-o", out)["write"]
    ratio("12×12 heads of 256 tokens to JSON", mine, peer, "8×", "20×", "json.dumps")

    labels = ["token%d" % i for i in range(1024)]
    w = rng.exponential(size=(1024, 1024))
    w = (w / w.sum(-1, keepdims=True)).astype(np.float32)
    json.dump({"tokens": labels, "attention": w.tolist()}, open(path, "w"))
    mine = attn(path, "-o", os.path.join(folder, "o.png"), times=5)["draw"]
    if not matplotlib:
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    def draw():
        fig, ax = plt.subplots(figsize=(12, 12))
        ax.imshow(w, vmin=0, vmax=1)
        ax.set_xticks(range(1024), labels, rotation=90)
        ax.set_yticks(range(1024), labels)
        fig.savefig(os.path.join(folder, "p.png"), dpi=100)
        plt.close(fig)
    peer = best(2, draw)
    ratio("1,024×1,024 PNG with labels", mine, peer, "50×", "200×", "matplotlib")


def encoder_rows(folder):
    """The figures of all samples, their heads together and each alone, and an overview of 12×16 heads."""
    figures = os.path.join(folder, "figures")
    listed = subprocess.run([ATTN, "sample"], stdout=subprocess.PIPE, check=True).stdout.decode().split("\n")
    for name in [line.split()[0] for line in listed if line and line.split()[0] not in ("q", "k", "v")]:
        path = os.path.join(folder, name + ".json")
        with open(path, "wb") as file:
            subprocess.run([ATTN, "sample", name], stdout=file, check=True)
        subprocess.run([ATTN, "run", path, "-q", "--format", "none", "-o", os.path.join(figures, name, "")], check=True)
    w = np.random.default_rng(5).exponential(size=(12, 16, 40, 40))
    path = os.path.join(folder, "attention_12x16.npy")
    np.save(path, (w / w.sum(-1, keepdims=True)).astype(np.float32))
    subprocess.run([ATTN, "run", path, "-q", "--format", "none", "-o", os.path.join(figures, "overview.png")], check=True)
    pictures = sorted(os.path.join(at, name) for at, _, names in os.walk(figures) for name in names if name.endswith(".png"))
    said = subprocess.run([BENCH_PNG, *pictures], stdout=subprocess.PIPE, check=True).stdout.decode().split()
    mine, size, peer, peer_size = float(said[2]), int(said[3]), float(said[6]), int(said[7])
    ratio("encoding %s of %d figures" % (said[1], len(pictures)), mine, peer, "2×", "4×", "libdeflate's level 2")
    row("their bytes ÷ libdeflate's level 2", "%.2f" % (size / peer_size), "1.05", "0.8", "%d and %d" % (size, peer_size))


def long_rows(folder):
    seconds = {}
    sizes = [2048, 8192] if QUICK else [16384, 131072]
    for n in sizes:
        rng = np.random.default_rng(n)
        files = []
        for name in "qkv":
            files += ["--" + name, os.path.join(folder, name + ".csv")]
            np.savetxt(files[-1], rng.normal(size=(n, 64)), delimiter=",", fmt="%.4f")
        arguments = files + ["--causal", "--width", "1200", "-o", os.path.join(folder, "long.png")]
        seconds[n] = attn(*arguments, times=1 if n > 20000 else 3)["attend"]
        if n == sizes[1]:
            own = 3 * n * 64 * 4
            used = peak(*arguments)
            row("n = %s causal, one head, picture: peak memory over the inputs' own" % format(n, ","),
                "%.0f MB" % ((used - own) / 1e6), "150 MB", "64 MB", "%.0f MB, inputs %.0f MB" % (used / 1e6, own / 1e6))
    growth = np.log(seconds[sizes[1]] / seconds[sizes[0]]) / np.log(sizes[1] / sizes[0])
    row("time from n = %s to %s: exponent of growth" % (format(sizes[0], ","), format(sizes[1], ",")), "%.2f" % growth, "2.05", "2.0",
        "%.3g s and %.3g s" % (seconds[sizes[0]], seconds[sizes[1]]))


def growth_rows(folder):
    """The time of one head of 64 columns in forms of attention, its output alone, by the number of tokens, as attn explain --growth
    --time measures it: its table, and its picture beside the program."""
    path = os.path.join(folder, "growth.json")
    with open(path, "w") as file:
        json.dump({name: [[0.5] * 64] * 2 for name in "qkv"}, file)
    picture = os.path.join(os.path.dirname(ATTN), "growth.png")
    command = [ATTN, "explain", path, "--growth", "2048:8192" if QUICK else "2048:131072", "--time", "--window", "256", "--block", "256"]
    print("\n" + subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    subprocess.run(command + ["-o", picture], check=True)
    print("the same as a picture, measured again: " + picture)


def main():
    print("NumPy %s%s%s, %d processors" % (np.__version__, ", PyTorch " + torch.__version__ if torch else "",
                                          ", matplotlib " + matplotlib.__version__ if matplotlib else "", os.cpu_count()))
    row("what", "result", "least", "aim", "")
    row("-" * 66, "-" * 7, "-" * 7, "-" * 7, "---")
    with tempfile.TemporaryDirectory() as folder:
        seconds = engine_rows()
        onnxruntime_rows(folder)
        libraries_row(seconds)
        recurrence_rows(seconds)
        process_rows(folder)
        read_rows(folder)
        file_rows(folder)
        given_rows(folder)
        similar_rows(folder)
        write_rows(folder)
        if BENCH_PNG:
            encoder_rows(folder)
        rollout_rows(folder)
        long_rows(folder)
        growth_rows(folder)


main()
