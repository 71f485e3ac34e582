# attn convert: arrays from one format to another. NumPy, and readers that know nothing of attn, judge what is written.
load helper

check() {
    "$PYTHON" -B -W ignore "$ROOT/tests/numpy/check_info.py" "$1"
}

@test "there and back between NPZ, safetensors and GGUF: every type, bit for bit where it can be" { check convert; }
@test "bfloat16 keeps its bits, and is widened for NumPy" { check bfloat; }
@test "float8 keeps its bits, and is widened where a format has no such type" { check float8; }
@test "--dtype: to the nearest, of two to the even one, and what becomes infinite is said" { check narrow; }
@test "--dtype q8_0 is the formula of ggml's reference" { check quantize; }
@test "--only and --rename" { check rules; }
@test "JSON and CSV as sources, JSON as a target" { check texts; }

@test "files of PyTorch" {
    "$PYTHON" -c "import torch" 2>/dev/null || skip "no PyTorch"
    check torch
}

@test "models of llama.cpp and Hugging Face: nothing changes on the way, and q8_0 is that of llama.cpp" {
    [ -d "$REAL/models/stories260K" ] || skip "no models in $REAL"
    check real_models
}

@test "what is wrong with a command line" {
    cp "$DATA/sentence.json" x.json
    fails 2 'no input; expected attn convert FILE -o FILE' attn convert -o y.npz
    fails 2 'no output; expected attn convert x.json -o FILE' attn convert x.json
    fails 2 'convert takes one file; x.json is another' attn convert x.json x.json -o y.npz
    fails 2 '-o y.pt: expected a name ending in .npy, .npz, .safetensors, .gguf or .json' attn convert x.json -o y.pt
    fails 2 'an NPY file holds one array, and there are 3: expected one, or .npz' attn convert x.json -o y.npy
    fails 2 '--only w* fits none of the 3 arrays of x.json: attn info lists them' attn convert x.json -o y.npz --only 'w*'
    fails 2 '--rename w=v fits none of the 3 arrays of x.json: attn info lists them' attn convert x.json -o y.npz --rename w=v
    fails 2 '--rename q: expected OLD=NEW' attn convert x.json -o y.npz --rename q
    fails 2 '--rename a*b*=c: expected at most one * in OLD, and in NEW if OLD has one' attn convert x.json -o y.npz --rename 'a*b*=c'
    fails 2 '--rename q=*: expected at most one * in OLD, and in NEW if OLD has one' attn convert x.json -o y.npz --rename 'q=*'
    fails 2 'two arrays would be called k: expected names that differ' attn convert x.json -o y.npz --rename q=k
    fails 2 '--dtype bf16: a zip of NumPy arrays cannot hold it: expected another type' attn convert x.json -o y.npz --dtype bf16
    fails 2 '--dtype q4_0: numbers are not quantized to it: expected f32, f16, bf16, f64 or q8_0' attn convert x.json -o y.gguf --dtype q4_0
    fails 2 '--dtype i8: numbers are not rounded to it: expected f32, f16, bf16, f64 or q8_0' attn convert x.json -o y.gguf --dtype i8
    fails 2 '--dtype is "fp16": did you mean f16?' attn convert x.json -o y.gguf --dtype fp16
    fails 2 "$DATA/projections.json has no array embedding; did you mean embeddings?" attn convert "$DATA/projections.json:embedding" -o y.npz
    fails 1 'nope/y.npz: could not write: No such file or directory' attn convert x.json -o nope/y.npz
    fails 1 'nope.npz: No such file or directory' attn convert nope.npz -o y.npz
}

@test "a file can be written over the one it is made from; a failure leaves it as it was" {
    attn convert "$DATA/sentence.json" -o x.npz -q
    cp x.npz before.npz
    attn convert x.npz -o x.npz
    cmp x.npz before.npz
    fails 2 'two arrays would be called k: expected names that differ' attn convert x.npz -o x.npz --rename q=k
    cmp x.npz before.npz
    [ -c /dev/full ] || skip "no /dev/full"
    ln -s /dev/full full.npz
    fails 1 'full.npz: could not write: No space left on device' attn convert x.npz -o full.npz
}

@test "the same input gives the same bytes" {
    for kind in npz safetensors gguf json; do
        attn convert "$DATA/sentence.json" -o x.$kind -q
        attn convert "$DATA/sentence.json" -o y.$kind -q
        cmp x.$kind y.$kind
    done
}

@test "what was converted is computed as what it was made from" {
    attn run "$DATA/sentence.json" -q -o want.npy --format none
    for kind in npz safetensors gguf json; do
        attn convert "$DATA/sentence.json" -o x.$kind -q
        attn run x.$kind -q -o got.npy --format none
        cmp want.npy got.npy
    done
    attn run "$DATA/sentence.json" -q -o want.json --format none
    attn run x.json -q -o got.json --format none # labels and title too
    cmp want.json got.json
}

@test "metadata without a place are told of once, and -q is silent" {
    same "$(attn convert "$DATA/projections.json" -o x.npz 2>&1)" \
        "attn: warning: title and 2 more metadata are left out: a zip of NumPy arrays has no place for them"
    same "$(attn convert "$DATA/projections.json" -o x.npz -q 2>&1)" ""
    same "$(attn convert "$DATA/projections.json" -o x.safetensors 2>&1)" \
        "attn: warning: tokens is left out: a file of safetensors has no place for it"
    same "$(attn convert "$DATA/projections.json" -o x.npz -q -v --only w_q --rename w_q=w --dtype f16 2>&1)" \
        "attn: w_q, number, is w, f16"
}

@test "each allocation fails once" {
    if grep -q __asan_init "$ATTN"; then skip "AddressSanitizer has a malloc of its own"; fi
    [ -n "${FAILING_MALLOC:-}" ] || skip "no library that makes allocations fail"
    export OMP_NUM_THREADS=1 LD_PRELOAD=$FAILING_MALLOC ATTN_COUNT_TO=$PWD/total
    local command total n status
    attn convert "$DATA/projections.json" -o in.npz -q
    for command in "info $DATA/projections.json in.npz" "info in.npz --format json" "convert in.npz -o out.gguf --dtype f16" \
        "convert in.npz -o out.npz --only w_* --rename w_*=*" "convert $DATA/projections.json -o out.safetensors"; do
        unset ATTN_FAIL_AT
        "$ATTN" $command >want 2>/dev/null
        read -r total _ <total
        [ "$total" -gt 20 ]
        for ((n = 1; n <= total; n++)); do
            status=0
            rm -f out.*
            ATTN_FAIL_AT=$n "$ATTN" $command >got 2>err || status=$?
            if [ $status = 0 ]; then [ -s got ] || [[ $command = convert* ]]; continue; fi
            grep -qE '^attn: .*(not enough memory|Malloc failure)' err || grep -q 'cannot be read as a zip' err || { echo "$command: allocation $n: $status"; cat err; return 1; }
            [ -z "$(find . -name 'out.*' -o -name '.attn-*')" ]
        done
    done
}
