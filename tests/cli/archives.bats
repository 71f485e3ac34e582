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
    advice='as NumPy saves bfloat16: attn run --dtype bf16 reads them as that'
    type=$(attn info q.npy --format json | jq -r '.files[0].tensors[0].dtype') # <V2 or |V2, by NumPy's version
    fails 3 "q.npy: raw bytes of type $type, $advice" attn run --q q.npy --k q.npy -o x.png
    same "$(attn info q.npy --format json | jq -c '.files[0].warnings')" "[\"raw bytes of type $type, $advice\"]"
    "$PYTHON" -c 'import numpy as np; np.savez("q.npz", q=np.zeros((2, 2), "V2"), k=np.zeros((2, 2), "V2"))'
    same "$(attn info q.npz --format json | jq -c '.files[0].warnings')" "[\"q and 1 more: raw bytes of type $type, $advice\"]"
    "$PYTHON" -c 'import numpy as np; np.save("r.npy", np.zeros((2, 2), "V3"))'
    fails 3 'r.npy: its type is |V3: no bytes of --dtype bf16' attn run --q r.npy --k r.npy --dtype bf16 -o x.png
    fails 3 'r.npy: numbers of type |V3 cannot be read' attn run --q r.npy --k r.npy -o x.png
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
    fails 3 'f1.npy: numbers of type <f1 cannot be read' attn run --q f1.npy --k k.npy -o x.png
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

@test "bug: a changed bit of stored labels, or of attn_json, in an NPZ gave wrong labels and settings" {
    "$PYTHON" - <<'END'
import numpy as np
about = np.frombuffer(b'{"causal":true,"scale":0.25}', "u1")
np.savez("a.npz", q=np.eye(3), k=np.eye(3), tokens=np.array(["one", "two", "six"]), attn_json=about)
text = open("a.npz", "rb").read()
open("b.npz", "wb").write(text.replace("two".encode("utf-32-le"), "tvo".encode("utf-32-le")))
open("c.npz", "wb").write(text.replace(b"0.25", b"0.45"))
END
    local file what
    for file in b.npz:tokens c.npz:attn_json; do
        what="$file.npy: damaged (CRC error): expected a file that was copied whole"
        fails 3 "$what" attn run "${file%:*}" -o x.png
        fails 3 "$what" attn info "${file%:*}"
        fails 3 "$what" attn convert "${file%:*}" -o x.npz
        fails 3 "$what" attn convert "${file%:*}" -o x.json
    done
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

@test "an empty array is called empty" {
    "$PYTHON" -c 'import numpy as np; np.savez("q.npz", q=np.zeros((0, 4)), k=np.zeros(0))'
    fails 3 'q.npz:q: it is empty (0×4): expected numbers' attn run q.npz -o x.png
    fails 3 'q.npz:k: it is empty (0 numbers): expected numbers' attn run --q q.npz:k --k q.npz:k -o x.png
}

@test "an index beyond every axis is out of range, and slices end with theirs" {
    "$PYTHON" -c 'import numpy as np; np.savez("q.npz", q=np.eye(4), none=np.zeros((0, 2)))'
    range='the index is out of range on axis 1: expected 0 to 3, or -4 to -1'
    for index in 4 -5 99999999999999999999 -99999999999999999999999999999; do
        fails 2 "[:,$index] does not index q, which is 4×4: $range" attn info "q.npz:q[:,$index]"
    done
    fails 2 '[0] does not index none, which is 0×2: axis 0 is empty and has no index' attn info 'q.npz:none[0]'
    same "$(attn info 'q.npz:q[1:99999999999999999999]' --format json | jq -c '.files[0].tensors[0].shape')" '[3,4]'
}

@test "a finite number that float32 does not hold is not called infinity" {
    "$PYTHON" - <<'END'
import numpy as np
x = np.eye(4)
x[1, 2] = 1e50
x[2, 3] = -1e39
np.savez("x.npz", q=x, k=np.eye(4))
np.savez("turned.npz", q=np.asfortranarray(x).astype(">f8"), k=np.eye(4))
np.savez("both.npz", q=np.where(np.arange(16).reshape(4, 4) == 1, -np.inf, x), k=np.eye(4))
np.savez("w.npz", attention=x)
# The least of float64 is what masks are filled with.
np.savez("mask.npz", q=np.eye(4), k=np.eye(4), bias=np.triu(np.full((4, 4), np.finfo("f8").min), 1))
END
    says() {
        same "$(attn run "$1" --format none -o x.png 2>&1)" "${2:+attn: warning: $2}"
    }
    for file in x turned; do
        says $file.npz "$file.npz:q: q holds 1e+50 at [1, 2] and 1 more, too large for float32 (at most 3.4e38), which makes it infinite: the rows that see it become NaN"
    done
    says both.npz 'both.npz:q: q holds -infinity at [0, 1] and 2 more, or numbers too large for float32 (at most 3.4e38): the rows that see it become NaN'
    says w.npz 'w.npz:attention: attention: 2 of 4 rows hold NaN or infinity, or numbers too large for float32; shown as they are'
    says mask.npz ''
}

@test "bug: tokens beside arrays were shown by attn info, and passed over by attn run" {
    "$PYTHON" - <<'END'
import numpy as np
a = np.full((2, 3, 3), 1 / 3)
np.savez("x.npz", attention=a, tokens=np.array(["a", "ßx", "日本"]))
np.savez_compressed("turned.npz", attention=a, tokens=np.array([["a", "", "cc"]], dtype=">U3"), key_tokens=np.array(["x", "y", "z"]))
np.savez("column.npz", attention=a, tokens=np.array([["a"], ["b"], ["c"]]))
np.savez("none.npz", attention=a, tokens=np.array([], dtype="<U1"))
np.savez("blank.npz", attention=a, tokens=np.array(["", "", ""], dtype="<U0"))
np.savez("half.npz", attention=a, tokens=np.array([97, 0xd800, 98], dtype="<u4").view("<U1"))
END
    tokens() {
        attn run "$1" -q -o - | jq -c '[.tokens, .key_tokens]'
    }
    same "$(tokens x.npz)" '[["a","ßx","日本"],["a","ßx","日本"]]'
    same "$(tokens turned.npz)" '[["a","","cc"],["x","y","z"]]'
    same "$(tokens blank.npz)" '[["","",""],["","",""]]'
    same "$(attn info x.npz --format json | jq -c '.files[0] | .reading[1], .warnings')" $'"tokens: labels"\n[]'
    attn convert "$DATA/causal.json" -o causal.gguf -q
    same "$(tokens causal.gguf)" "$(jq -c '[.tokens, .tokens]' "$DATA/causal.json")"
    fails 3 'column.npz:tokens: its shape is 3×1: expected a list of labels' attn run column.npz -o x.png
    fails 3 'none.npz:tokens: its shape is 0 numbers: expected a list of labels' attn run none.npz -o x.png
    fails 3 'half.npz:tokens: label 1 is no Unicode text: expected text' attn run half.npz -o x.png
}

@test "bug: a record array or pickled objects in an NPZ refused the whole file" {
    local save why='objects that NumPy pickled, which are not read: expected numbers; save them by np.save(…, a.astype("float32")), and tokens by a.astype(str)'
    local records="records of several fields, [('a', '<f4'), ('b', '<i2')]: expected one number each; save the fields by themselves"
    for save in savez savez_compressed; do
        "$PYTHON" - $save <<'END'
import sys
import numpy as np
save, q = getattr(np, sys.argv[1]), np.arange(6, dtype="f4").reshape(3, 2)
few = dict(extra=np.array([None, "x"], dtype=object), rec=np.zeros(2, [("a", "f4"), ("b", "i2")]))
save("x.npz", q=q, k=q, **few)
save("plain.npz", q=q, k=q)
save("needed.npz", q=q.astype(object), k=q)
save("tokens.npz", q=q, k=q, tokens=np.array(["a", "b", "c"], dtype=object))
save("many.npz", q=q, k=q, **{f"x{i}": few["extra"] for i in range(9)})
np.save("o.npy", few["extra"])
END
        same "$(attn run x.npz --format none -o x.npy 2>&1)" "attn: warning: x.npz:extra: $why
attn: warning: x.npz:rec: $records"
        attn run plain.npz -q --format none -o plain.npy
        cmp x.npy plain.npy
        same "$(attn info x.npz --format json | jq -c '.files[0] | [.tensors[].dtype], .warnings')" \
            "$(jq -cn --arg why "$why" --arg records "$records" '["<f4", "<f4", "|O", "[('"'a', '<f4'), ('b', '<i2'"')]"],
                ["x.npz:extra: " + $why, "x.npz:rec: " + $records]')"
        fails 3 "x.npz:extra: $why; --only leaves arrays out" attn convert x.npz -o y.npz
        attn convert x.npz -o y.npz --only q --only k
        fails 3 "needed.npz:q: $why" attn run needed.npz -o y.png
        same "$(attn info needed.npz --format json | jq -c '.files[0].warnings')" "$(jq -cn --arg why "$why" '["q: " + $why]')"
        fails 3 "tokens.npz:tokens: $why; --only leaves arrays out" attn convert tokens.npz -o z.npz
        same "$(attn run tokens.npz --format none -o y.npy 2>&1)" "attn: warning: tokens.npz:tokens: $why"
        same "$(attn run many.npz --format none -o y.npy 2>&1 | tail -1)" \
            "attn: warning: many.npz: more of its arrays are records or pickled objects, which are not read"
        fails 3 "o.npy: $why" attn run o.npy -o y.png
        fails 3 "o.npy: $why" attn convert o.npy -o z.npz
    done
}

@test "bug: float8 was read without the scales that stand beside it" {
    local scales name file
    for name in q:q.scale q:q_scale q:q.weight_scale q:q_scale_inv attn.q_proj.weight:attn.q_proj.weight_scale_inv attn.q_proj.weight:attn.q_proj.scale \
        attn.q_proj.weight:attn.q_proj.scale_weight; do
        scales=${name#*:}
        name=${name%:*}
        PYTHONPATH=$ROOT/tests/numpy "$PYTHON" -B - "$name" "$scales" <<'END'
import sys
import numpy as np
from tensor_files import write_safetensors
codes = np.arange(0x30, 0x40, dtype=np.uint8).reshape(4, 4)
one = ("F32", np.ones((4, 4), "f4"))
write_safetensors("x.safetensors", {sys.argv[1]: ("F8_E4M3", codes), "k": one, sys.argv[2]: ("F32", np.ones(1, "f4"))})
write_safetensors("bare.safetensors", {sys.argv[1]: ("F8_E4M3", codes), "k": one})
write_safetensors("wide.safetensors", {sys.argv[1]: one, "k": one, sys.argv[2]: ("F32", np.ones(1, "f4"))})
END
        fails 3 "x.safetensors:$name: float8 numbers, which mean little without their scales, $scales: expected them dequantized, multiplied by these, as float32, float16 or bfloat16" \
            attn run --q "x.safetensors:$name" --k x.safetensors:k -o x.png
        for file in bare wide; do
            attn run --q "$file.safetensors:$name" --k $file.safetensors:k -q -o x.png
        done
    done
    PYTHONPATH=$ROOT/tests/numpy "$PYTHON" -B -c 'import numpy as np
from tensor_files import write_safetensors
codes = ("F8_E5M2", np.arange(0x30, 0x34, dtype=np.uint8).reshape(2, 2))
write_safetensors("y.safetensors", {"q": codes, "k": codes, "k.scale": ("F32", np.ones(1, "f4"))})'
    fails 3 'y.safetensors:k: float8 numbers, which mean little without their scales, k.scale: expected them dequantized, multiplied by these, as float32, float16 or bfloat16' \
        attn run y.safetensors -o x.png
    attn info y.safetensors --format json | jq -e '.files[0].warnings[] | select(startswith("y.safetensors:k: float8 numbers"))' >/dev/null
}

@test "bug: a zip with bytes behind its end had no end" {
    "$PYTHON" -c 'import numpy as np
np.savez("x.npz", attention=np.full((1, 1, 2, 2), 0.5))
data = open("x.npz", "rb").read()
open("padded.npz", "wb").write(data + bytes(512))
assert np.load("padded.npz")["attention"].shape == (1, 1, 2, 2)'
    cmp <(attn run x.npz -o -) <(attn run padded.npz -o -)
}
