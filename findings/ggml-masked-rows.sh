#!/bin/bash
# What ggml makes of a row that may see no key depends on the operator and on the type of the mask: uniform weights, NaN or 0.
#
# Seen with: libggml of @node-llama-cpp/linux-x64 3.22.1 (npm), the backend for any x86-64 processor, one query and four keys:
# ggml_soft_max_ext on the scores (then times V) and ggml_flash_attn_ext, both with the mask as their operand.
#
# Expected: a mask of -1e9 on all keys makes weights of ¼ each, as in PyTorch and in tutorials: every score is -1e9, next to
# which 1 to 4 are lost. A key of NaN that is masked with -infinity makes the row NaN, as NaN - infinity is NaN. Both operators
# agree, because one is said to be the fused form of the other.
#
# Seen:                                    soft_max, mask f32   soft_max, mask f16   flash, mask f16 (it takes no other)
#   all keys masked with -infinity          NaN                  NaN                  output 0
#   all keys masked with -1e9               ¼ each               NaN                  output 0
#   all keys masked with -60000             as if not masked     as if not masked     as if not masked
#   one key is NaN, and masked              NaN                  NaN                  output of the other keys
# As float16 -1e9 is -infinity, and the largest number it has, 65504, is too small to swamp the scores: float32 keeps their
# differences at -60000 to 1/256. The fused form leaves keys out whose mask is -infinity, and never looks at their scores.
#
# Why it matters: to switch flash attention on turns rows of NaN, which are seen, into rows of 0, which are not; and a program
# that pads with -1e9, as much code does, has NaN in the one and 0 in the other where PyTorch has a mean of all values. Who
# compares attention of llama.cpp with that of a Python model has to leave out the rows without keys.
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
soft_max = function(base, "ggml_soft_max_ext", P, P, P, P, c.c_float, c.c_float)
flash = function(base, "ggml_flash_attn_ext", P, P, P, P, P, P, c.c_float, c.c_float, c.c_float)
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

def run(context, out, count):
    g = graph(context)
    expand(g, out)
    assert compute(context, g, 1) == 0
    return " ".join("nan" if math.isnan(x) else f"{x:.4f}" for x in (c.c_float * count).from_address(data(out)))

scores, values = [1, 2, 3, 4], [1, 2, 3, 4]
for name, mask, row in (("none", [0] * 4, scores), ("-inf", [-math.inf] * 4, scores), ("-1e9", [-1e9] * 4, scores),
                        ("-60000", [-60000] * 4, scores), ("NaN key", [0, -math.inf, 0, 0], [1, math.nan, 3, 4])):
    for kind in F32, F16:
        context = init(Init(1 << 22, None, False))
        print(name, "soft_max", "f16" if kind else "f32",
              run(context, soft_max(context, tensor(context, F32, 4, row), tensor(context, kind, 4, mask), 1, 0), 4))
    context = init(Init(1 << 22, None, False))
    q = tensor(context, F32, 4, [1, 0, 0, 0])
    k = tensor(context, F32, 4, [x for s in row for x in (s, 0, 0, 0)])
    v = tensor(context, F32, 4, [x for x in values for _ in range(4)])
    rows = tensor(context, F16, 4, mask + [0] * 4 * 63)
    print(name, "flash f16", run(context, flash(context, q, k, v, rows, 1, 0, 0), 1))
END
python3 "$tmp/run.py" "$tmp" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
none soft_max f32 0.0321 0.0871 0.2369 0.6439
none soft_max f16 0.0321 0.0871 0.2369 0.6439
none flash f16 3.4927
-inf soft_max f32 nan nan nan nan
-inf soft_max f16 nan nan nan nan
-inf flash f16 0.0000
-1e9 soft_max f32 0.2500 0.2500 0.2500 0.2500
-1e9 soft_max f16 nan nan nan nan
-1e9 flash f16 0.0000
-60000 soft_max f32 0.0321 0.0871 0.2369 0.6439
-60000 soft_max f16 0.0321 0.0871 0.2369 0.6439
-60000 flash f16 3.4927
NaN key soft_max f32 nan nan nan nan
NaN key soft_max f16 nan nan nan nan
NaN key flash f16 3.6351
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: rows without keys are uniform, NaN or 0 in ggml, by the operator and the type of the mask"
