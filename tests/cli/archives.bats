# NPY, NPZ and safetensors as they are read and written (tests/numpy/check_archives.py): NumPy is the judge.
load helper

archives() {
    [ -n "${READ_ARRAY:-}" ] || skip "no program that writes the numbers of an array"
    local status=0
    "$PYTHON" -B "$ROOT/tests/numpy/check_archives.py" "$@" || status=$?
    [ $status != 77 ] || skip "there are no trained models (REAL)"
    return $status
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
