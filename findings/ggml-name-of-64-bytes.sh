#!/bin/bash
# A tensor's name may have 64 bytes in a GGUF file, says the specification; llama.cpp's reader refuses the whole file at 64.
#
# Seen with: libggml of @node-llama-cpp/linux-x64 3.22.1 (npm), gguf_init_from_file; the specification is docs/gguf.md of
# github.com/ggml-org/ggml, whose gguf_tensor_info_t says that a name "must be at most 64 bytes long".
#
# Expected: names of 64 bytes are read, and 65 are refused.
#
# Seen: 62 and 63 are read; of 64, and 65, the file is refused: "tensor name 0 is too long: 64 >= 64". The name is kept with a
# NUL behind it in a field of 64 bytes.
#
# Why it matters: names of modules in PyTorch are long, and a writer that cuts or checks them at 64, as the
# specification has it, makes files that its own reader takes and that no program of llama.cpp opens. 63 bytes are safe.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund @node-llama-cpp/linux-x64@3.22.1 >/dev/null

cat > "$tmp/run.py" <<'END'
import ctypes as c, glob, struct, sys
folder = sys.argv[1]
ggml = c.CDLL(glob.glob(folder + "/node_modules/@node-llama-cpp/linux-x64/bins/*/libggml-base.so")[0])

class Init(c.Structure):
    _fields_ = [("no_alloc", c.c_bool), ("context", c.POINTER(c.c_void_p))]

ggml.gguf_init_from_file.restype = c.c_void_p
ggml.gguf_init_from_file.argtypes = [c.c_char_p, Init]
for length in (62, 63, 64, 65):
    # version 3, one tensor, no metadata; the tensor: its name, one axis of 32, float32, at offset 0
    data = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + struct.pack("<Q", length) + b"n" * length
    data += struct.pack("<IQIQ", 1, 32, 0, 0)
    data += bytes(-len(data) % 32) + bytes(128)
    path = f"{folder}/{length}.gguf"
    with open(path, "wb") as file:
        file.write(data)
    print(length, "read" if ggml.gguf_init_from_file(path.encode(), Init(True, None)) else "refused", flush=True)
END
python3 "$tmp/run.py" "$tmp" > "$tmp/seen" 2> "$tmp/said"

cat > "$tmp/recorded" <<'END'
62 read
63 read
64 refused
65 refused
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
grep -q 'tensor name 0 is too long: 64 >= 64' "$tmp/said"
echo "seen: libggml refuses a name of 64 bytes, which the specification allows"
