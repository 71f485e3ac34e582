#!/bin/bash
# ggml's flash attention adds up values in float16: the mean of 8,192 ones is a quarter.
#
# Seen with: libggml of @node-llama-cpp/linux-x64 3.22.1 (npm), the backend for any x86-64 processor: ggml_flash_attn_ext without
# a mask, 64 columns, queries and keys of 0, so that all weights are alike and the output is the mean of V.
#
# Expected: an online softmax holds its sums in float32, whatever K and V are stored in; the mean of n equal numbers is that
# number. float16, the usual cache, costs the digits of each value alone: 3 of them.
#
# Seen with one thread, for few queries (1 and 32) and for 64:
#   n keys, each value     K and V f16, 1 query     f16, 64 queries     f32
#   2,048 of 1             1                        1                   1
#   4,096 of 1             0.5                      1                   1
#   8,192 of 1             0.25                     1                   1
#   16,384 of 0.1          0.0156                   0.1                 0.1
#   64 of 1000             994                      1000                1000
#   256 of 1000            inf                      1000                1000
# 8,192 ones, 1 query, by the number of threads: 1: 0.25, 2: 0.5, 4: 1. GGML_PREC_F32, which llama.cpp asks for, changes nothing.
# For few queries and V in float16 the row of sums is float16 too, and is divided by the sum of the weights, a float32, at the
# end. At 2048 it no longer takes 1, and beyond 65504 it is infinite. Threads cut the keys among them, each with sums of
# its own; chunks of 64 queries go another way.
#
# Why it matters: prompts are read many queries at a time, and tokens written one at a time, so that a head which spreads its weight
# over a long context gets another output for the same query. A heatmap of the weights shows nothing of it: they are
# right, and so is their float32 sum. The same file, text and seed give other numbers with another number of threads.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund @node-llama-cpp/linux-x64@3.22.1 >/dev/null

cat > "$tmp/run.py" <<'END'
import ctypes as c, glob, math, struct, sys
folder = glob.glob(sys.argv[1] + "/node_modules/@node-llama-cpp/linux-x64/bins/*")[0]
base = c.CDLL(folder + "/libggml-base.so", mode=c.RTLD_GLOBAL)
cpu = c.CDLL(folder + "/libggml-cpu-x64.so")
P, F32, F16 = c.c_void_p, 0, 1

class Init(c.Structure):
    _fields_ = [("size", c.c_size_t), ("memory", P), ("no_alloc", c.c_bool)]

def function(library, name, result, *arguments):
    f = getattr(library, name)
    f.restype, f.argtypes = result, arguments
    return f

init = function(base, "ggml_init", P, Init)
new = function(base, "ggml_new_tensor_2d", P, P, c.c_int, c.c_int64, c.c_int64)
data = function(base, "ggml_get_data", P, P)
flash = function(base, "ggml_flash_attn_ext", P, P, P, P, P, P, c.c_float, c.c_float, c.c_float)
set_precision = function(base, "ggml_flash_attn_ext_set_prec", None, P, c.c_int)
graph = function(base, "ggml_new_graph", P, P)
expand = function(base, "ggml_build_forward_expand", None, P, P)
compute = function(cpu, "ggml_graph_compute_with_ctx", c.c_int, P, P, c.c_int)
function(cpu, "ggml_cpu_init", None)()

def number(kind, x):
    if kind == F32:
        return struct.pack("<f", x)
    return struct.pack("<e", x if abs(x) <= 65504 or not math.isfinite(x) else math.copysign(math.inf, x))

def tensor(context, kind, columns, rows):
    x = new(context, kind, columns, len(rows) // columns)
    raw = b"".join(number(kind, n) for n in rows)
    c.memmove(data(x), raw, len(raw))
    return x

def run(context, out, count, threads):
    g = graph(context)
    expand(g, out)
    assert compute(context, g, threads) == 0
    return " ".join("nan" if math.isnan(x) else f"{x:.4f}" for x in (c.c_float * count).from_address(data(out)))

COLUMNS, FULL = 64, 10  # GGML_PREC_F32

def mean(kind, keys, value, queries, threads=1, precision=0):
    context = init(Init(1 << 25, None, False))
    q = tensor(context, F32, COLUMNS, [0] * (COLUMNS * queries))
    k = tensor(context, kind, COLUMNS, [0] * (COLUMNS * keys))
    v = tensor(context, kind, COLUMNS, [value] * (COLUMNS * keys))
    out = flash(context, q, k, v, None, 1, 0, 0)
    set_precision(out, precision)
    return run(context, out, 1, threads)

for keys, value in (2048, 1), (4096, 1), (8192, 1), (16384, 0.1), (64, 1000), (256, 1000):
    print(keys, "of", value, "f16:", *(mean(F16, keys, value, queries) for queries in (1, 32, 64)),
          "f32:", mean(F32, keys, value, 1))
print("threads 1 2 4:", *(mean(F16, 8192, 1, 1, threads) for threads in (1, 2, 4)), "precision f32:", mean(F16, 8192, 1, 1, 1, FULL))
END
python3 "$tmp/run.py" "$tmp" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
2048 of 1 f16: 1.0000 1.0000 1.0000 f32: 1.0000
4096 of 1 f16: 0.5000 0.5000 1.0000 f32: 1.0000
8192 of 1 f16: 0.2500 0.2500 1.0000 f32: 1.0000
16384 of 0.1 f16: 0.0156 0.0156 0.1000 f32: 0.1000
64 of 1000 f16: 994.0000 994.0000 1000.0000 f32: 1000.0000
256 of 1000 f16: inf inf 1000.0000 f32: 1000.0000
threads 1 2 4: 0.2500 0.5000 1.0000 precision f32: 0.2500
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: with few queries and values in float16 the mean of 8192 ones is a quarter, and that of 256 thousands infinite"
