#!/bin/bash
# Q8_0 of ggml keeps numbers to half a percent, but not small ones: of 32 weights of 0.00001 a quarter is lost, 0.000004 comes
# back as 0.0000076, and 0.000001 as 0.
#
# Seen with: libggml of @node-llama-cpp/linux-x64 3.22.1 (npm), quantize and to_float of the type q8_0.
#
# Expected: a block is 32 whole numbers from -127 to 127 and a scale, the largest number ÷ 127. Equal numbers are all 127
# times the scale, so that they come back as they were but for the rounding of the scale to half precision, 0.05 %.
#
# Seen: 32 equal numbers x, and what comes back ÷ x
#   0.001      0.9992
#   0.0001     0.9841
#   0.00001    0.7570
#   0.000008   0.9462
#   0.000004   1.8924
#   0.000001   0
# Half precision has no number between 0 and 5.96e-8, and only multiples of it up to 6.1e-5: a scale of 0.00001 ÷ 127 = 7.9e-8
# is rounded to 5.96e-8. Below 0.0078 the scale loses digits, below 0.00097 it is what errs most, below 3.8e-6 all is 0.
#
# Why it matters: weights of attention are such numbers. With 100,000 keys, evenly looked at, each is 0.00001: stored as Q8_0
# the row sums to 0.757, and no message says so. Weights of models, of 0.01 and more, are safe, and so are keys and values.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund @node-llama-cpp/linux-x64@3.22.1 >/dev/null

cat > "$tmp/run.py" <<'END'
import ctypes as c, glob, sys
ggml = c.CDLL(glob.glob(sys.argv[1] + "/node_modules/@node-llama-cpp/linux-x64/bins/*/libggml-base.so")[0])

class Traits(c.Structure):
    _fields_ = [("name", c.c_char_p), ("count", c.c_int64), ("interleave", c.c_int64), ("size", c.c_size_t),
                ("quantized", c.c_bool), ("to_float", c.c_void_p), ("from_float", c.c_void_p)]

ggml.ggml_get_type_traits.restype = c.POINTER(Traits)
ggml.ggml_quantize_chunk.argtypes = [c.c_int, c.c_void_p, c.c_void_p, c.c_int64, c.c_int64, c.c_int64, c.c_void_p]
traits = ggml.ggml_get_type_traits(8).contents
to_float = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_int64)(traits.to_float)
for x in (1e-3, 1e-4, 1e-5, 8e-6, 4e-6, 1e-6):
    numbers, block, back = (c.c_float * 32)(*[x] * 32), c.create_string_buffer(traits.size), (c.c_float * 32)()
    ggml.ggml_quantize_chunk(8, c.addressof(numbers), c.addressof(block), 0, 1, 32, None)
    to_float(c.addressof(block), c.addressof(back), 32)
    assert len(set(back)) == 1
    print(f"{traits.name.decode()} {x:g} {back[0] / x:.4f}")
END
python3 "$tmp/run.py" "$tmp" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
q8_0 0.001 0.9992
q8_0 0.0001 0.9841
q8_0 1e-05 0.7570
q8_0 8e-06 0.9462
q8_0 4e-06 1.8924
q8_0 1e-06 0.0000
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: 32 weights of 0.00001 come back from Q8_0 as 0.00000757, and of 0.000001 as 0"
