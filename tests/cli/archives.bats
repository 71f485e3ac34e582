# NPY, NPZ and safetensors as they are read and written (tests/numpy/check_archives.py): NumPy is the judge.
load helper

archives() {
    needs_read_array
    numpy check_archives.py "$@"
}

@test "NPY: every type, byte order, layout and version" { archives npy; }
@test "NPZ: stored and deflated" { archives npz; }
@test "arrays: random parts are NumPy's" { archives indexes; }
@test "NumPy: types that are named and not read" { archives named; }
@test "NPY: headers as others write them" { archives headers; }
@test "archives that are cut off or broken are refused" { archives damaged; }
@test "NPZ: members that are no arrays" { archives members; }
@test "NPZ: more than 4 GiB" { archives zip64; }
@test "safetensors: every type" { archives safetensors; }
@test "float8: every code of E4M3 and E5M2" { archives float8; }
@test "safetensors: a model in several files" { archives shards; }
@test "safetensors: 10,000 arrays of 10 GB are listed at once" { archives large; }
@test "NPY, NPZ and safetensors as NumPy and a strict reader read what is written" { archives written; }
@test "archives of other projects" { archives real; }

@test "raw bytes are bfloat16 where that is said" {
    "$PYTHON" -c 'import numpy as np; np.save("q.npy", (np.eye(3, dtype="f4").view("u4") >> 16).astype("u2").view("V2"))'
    same "$(attn run --q q.npy --k q.npy --dtype bf16 --stage scores --format csv -q -o q.png | awk -F, 'NR == 2 { print $7 }')" 1
    fails 3 'q.npy: numbers of the type <V2 cannot be read' attn run --q q.npy --k q.npy -o x.png ||
        fails 3 'q.npy: numbers of the type |V2 cannot be read' attn run --q q.npy --k q.npy -o x.png
    "$PYTHON" -c 'import numpy as np; np.save("r.npy", np.zeros((2, 2), "V3"))'
    fails 3 'r.npy: its type is |V3: no bytes of --dtype bf16' attn run --q r.npy --k r.npy --dtype bf16 -o x.png
}

@test "the f1 of NumPy is float8 where that is said" {
    "$PYTHON" - <<'END'
import numpy as np
codes = np.array([[0x38, 0xB8], [0x08, 0x7E]], np.uint8)  # E4M3: 1, -1, 1/64, 448; E5M2: 0.5, -0.5, 1/8192, NaN
np.save("q.npy", codes)
raw = open("q.npy", "rb").read()
for name, descr in ("f1.npy", b"<f1"), ("v1.npy", b"|V1"):
    open(name, "wb").write(raw.replace(b"|u1", descr))
np.save("k.npy", np.eye(2, dtype="f4"))
END
    for file in f1.npy v1.npy; do
        same "$(attn run --q $file --k k.npy --dtype f8_e4m3 --stage scores -q -o - | jq -c .scores)" '[[[[1,-1],[0.015625,448]]]]'
        same "$(attn run --q $file --k k.npy --dtype f8_e5m2 --stage scores -q -o - | jq -c .scores[0][0][0])" '[0.5,-0.5]'
    done
    fails 3 'f1.npy: numbers of the type <f1 cannot be read' attn run --q f1.npy --k k.npy -o x.png
}

@test "one sequence of a batch of arrays, and weights turned round where they lie in the file" {
    "$PYTHON" - <<'END'
import numpy as np
r = np.random.default_rng(0)
a = r.random((2, 3, 4, 5)).astype("f4")
np.savez("layers.npz", attn_0=a, attn_1=a + 1)
np.save("attention.npy", np.stack([a, a + 1]))
np.save("weights.npy", a[0])
np.savez("q.npz", q=r.random((3, 2, 4, 5)).astype("f4"), k=r.random((3, 2, 4, 5)).astype("f4"))
END
    # weights FILE [OPTION…] EXPRESSION: what attn makes of it is what NumPy makes of the file.
    weights() {
        attn run "${@:1:$#-1}" --format json -q -o none.png | "$PYTHON" -c "
import json, sys
import numpy as np
w = np.array(json.load(sys.stdin)['weights'], dtype='f4')
expected = ${*: -1}
assert w.shape == expected.shape and (w == expected).all(), (w.shape, expected.shape)"
    }
    weights layers.npz --batch 1 "np.stack([np.load('layers.npz')[n][1] for n in ('attn_0', 'attn_1')])"
    weights attention.npy --batch 1 "np.load('attention.npy')[:, 1]"
    weights weights.npy --transpose "np.load('weights.npy')[None].swapaxes(-1, -2)"
    attn run q.npz --batch 2 -v -q -o q.png 2>&1 | grep -qF 'q is 2×4×5, from q.npz:q'
    fails 3 'layers.npz:attn_0: it has a batch of 2: expected --batch below that' attn run layers.npz --batch 2 -o x.png
    fails 3 'layers.npz:attn_0: its shape is 2×3×4×5, with a batch of 2 in front: expected one sequence, which --batch N chooses' \
        attn run layers.npz -o x.png
    fails 3 'attention.npy: its shape is 2×2×3×4×5: expected at most 4 axes; --batch N chooses one of a batch' \
        attn run attention.npy -o x.png
}

@test "bug: a changed bit of a stored member of an NPZ gave wrong numbers" {
    "$PYTHON" - <<'END'
import numpy as np
a = np.random.default_rng(0).random((2, 2, 4, 4)).astype("f4")
np.savez("a.npz", attention=a, q=a[0])
data = bytearray(open("a.npz", "rb").read())
data[data.index(a.tobytes()) + 70] ^= 64
open("b.npz", "wb").write(data)
END
    local what='b.npz:attention.npy: damaged (CRC error): expected a file that was copied whole'
    attn info a.npz
    fails 3 "$what" attn info b.npz
    fails 3 "$what" attn convert b.npz -o x.npy --only attention
    fails 3 "$what" attn convert 'b.npz:attention[0]' -o x.npy
    fails 3 "$what" attn run b.npz:attention -o x.png
    fails 3 "$what" attn run b.npz --layer 1 --head 1 -o x.png
    fails 3 "$what" attn run --attention 'b.npz:attention[1]' -o x.png
    fails 3 "$what" attn explain b.npz --layer 1
    # Of the array beside it nothing is wrong.
    attn convert b.npz -o q.npy --only q
}

@test "checksums of a large NPZ cost a part of it nothing" {
    "$PYTHON" - <<'END'
import numpy as np
a = np.full((4, 2100, 2100), 1 / 2100, "f4")
np.save("attention.npy", a)
END
    # Aligned, unlike those of NumPy, so that its numbers are used where they lie.
    attn convert attention.npy -o a.npz
    "$PYTHON" - <<'END'
with open("a.npz", "r+b") as f:
    f.seek(-2100 * 2100 * 2, 2)
    f.write(b"\1")
END
    local what='a.npz:attention.npy: damaged (CRC error): expected a file that was copied whole'
    attn run a.npz --head 1 -q -o x.png
    attn run a.npz --queries 5: -q -o x.png
    attn info a.npz
    fails 3 "$what" attn run a.npz -o y.png
    fails 3 "$what" attn info a.npz --values
    fails 3 "$what" attn convert a.npz -o y.npy
    attn convert 'a.npz:attention[1]' -o y.npy
}

@test "bug: attn info and attn run --memory unpacked a small NPZ to gigabytes" {
    "$PYTHON" - <<'END'
import numpy as np
a = np.zeros((10, 1024, 1024), "f4")
np.savez_compressed("a.npz", attention=a)
np.savez_compressed("b.npz", q=a, k=a, v=a)
np.savez_compressed("c.npz", q=a[:1], k=a[:1])
END
    [ "$(stat -c %s b.npz)" -lt 200000 ]
    attn info b.npz | grep -qE '^  q  +<f4    10×1024×1024  41,943,040 +q$'
    attn info b.npz --values | grep -qE '^  q  +<f4    10×1024×1024  41,943,040    0    0           0  q$'
    attn info a.npz | grep -qE '41,943,040    0    0           0  attention$'
    fails 1 'b.npz:k.npy: unpacks to 40 MiB, and those before it to 40 MiB: expected at most 64 MiB in all; stored without compression it takes no memory' \
        attn run b.npz --memory 1Ki -o x.png
    fails 1 'b.npz:k.npy: unpacks to 40 MiB, and those before it to 40 MiB: expected at most 70 MiB in all; stored without compression it takes no memory' \
        attn run b.npz --memory 70Mi -o x.png
    attn run a.npz --memory 1Ki -q -o x.png
    attn run c.npz --memory 1Ki -q -o x.png
}

@test "bug: attn info read a hundred arrays that lie in one place of an NPZ" {
    "$PYTHON" - <<'END'
import copy, io, zipfile
import numpy as np
out = io.BytesIO()
np.save(out, np.zeros((1 << 18,), "f4"))
with zipfile.ZipFile("x.npz", "w") as z:
    z.writestr("a.npy", out.getvalue())
    for i in range(99):
        entry = copy.copy(z.filelist[0])
        entry.filename = f"{i}.npy"
        z.filelist.append(entry)
END
    same "$(attn info x.npz --format json | jq -c '[.files[0].tensors[] | .min] | unique')" '[null]'
    same "$(attn info x.npz --values --format json | jq -c '[.files[0].tensors[] | .min] | length')" 100
}
