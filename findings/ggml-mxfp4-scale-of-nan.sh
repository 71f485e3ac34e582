#!/bin/bash
# A block of MXFP4 whose scale is the code of NaN is widened by ggml to numbers of 1.7e38, not to NaN.
#
# Seen with: libggml of @node-llama-cpp/linux-x64 3.22.1 (npm), to_float of the type mxfp4. The type is that of the OCP
# Microscaling Formats specification 1.0: 32 numbers of 4 bits (E2M1) and a scale of 8 (E8M0), in which 255 is NaN, and a
# block whose scale is NaN is NaN in all its numbers.
#
# Expected: NaN for all 32 numbers with the scale 255.
#
# Seen: number 1 (a half) with the scales 0, 127, 254 and 255:
#   0    2.94e-39    2⁻¹²⁸, as it should be: a half of 2⁻¹²⁷
#   127  0.5
#   254  8.51e+37    2¹²⁶
#   255  1.70e+38    2¹²⁷, as if the scale were 2¹²⁸
# and a number 7 (six) is infinite with 254 and 255, as 6·2¹²⁷ is too large for float32.
#
# Why it matters: weights of gpt-oss are such blocks. By the standard 255 is how a quantizer marks a block that was broken (a NaN in
# what it was made of); here it is a block of very large numbers, and what comes of it, infinities and NaN many steps later,
# hides where they came from. Who looks for broken blocks has to look at the scales, not at the numbers.
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
traits = ggml.ggml_get_type_traits(39).contents
assert traits.name == b"mxfp4" and traits.count == 32 and traits.size == 17
to_float = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_int64)(traits.to_float)
for scale in (0, 127, 254, 255):
    back = (c.c_float * 32)()
    to_float(bytes([scale]) + bytes([0x71] * 16), c.addressof(back), 32)
    print(scale, f"{back[0]:.3g} {back[16]:.3g}")
END
python3 "$tmp/run.py" "$tmp" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
0 2.94e-39 3.53e-38
127 0.5 6
254 8.51e+37 inf
255 1.7e+38 inf
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: libggml widens an MXFP4 block whose scale is NaN to numbers of 1.7e38"
