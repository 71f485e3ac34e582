# attn convert: arrays from one format to another. NumPy, and readers that know nothing of attn, judge what is written.
load helper

export PYTHONWARNINGS=ignore

check() {
    numpy check_info.py "$1"
}

@test "there and back between NPZ, safetensors and GGUF: every type, bit for bit where it can be" { check convert; }
@test "bfloat16 keeps its bits, and is widened for NumPy" { check bfloat; }
@test "float8 keeps its bits, and is widened where a format has no such type" { check float8; }
@test "--dtype: to the nearest, of two to the even one, and what becomes infinite is said" { check narrow; }
@test "--dtype q8_0 is the formula of ggml's reference" { check quantize; }
@test "--only and --rename" { check rules; }
@test "JSON and CSV as sources, JSON as a target" { check texts; }

@test "files of PyTorch" {
    needs_torch
    check torch
}

@test "a file of PyTorch: torch.load gives the same bits of every type, also where nothing but weights is loaded" {
    needs_torch
    check to_torch
}
@test "the zip of a PyTorch file is one to Python's zipfile and pickletools, and its storages begin at multiples of 64" { check torch_zip; }

@test "models of llama.cpp and Hugging Face: nothing changes on the way, and q8_0 is that of llama.cpp" {
    needs_real models/stories260K
    check real_models
}

@test "what is wrong with a command line" {
    cp "$DATA/sentence.json" x.json
    fails 2 'no input; expected attn convert FILE -o FILE' attn convert -o y.npz
    fails 2 'no output; expected attn convert x.json -o FILE' attn convert x.json
    fails 2 'convert takes one file; x.json is another' attn convert x.json x.json -o y.npz
    fails 2 '-o y.txt: expected a name ending in .npy, .npz, .safetensors, .gguf, .pt, .json, .csv or .vec' attn convert x.json -o y.txt
    fails 2 '-o y.bin: a .bin may be PyTorch'\''s, which is written as pytorch_model.bin or .pt, or llama2.c'\''s, which is no file of named arrays but a checkpoint of a whole model, and is not written' attn convert x.json -o y.bin
    same "$(attn convert x.json -o pytorch/y.BIN 2>&1 | cut -d: -f1-2)" 'attn: -o pytorch/y.BIN'
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
    for kind in npz safetensors gguf pt json; do
        attn convert "$DATA/sentence.json" -o x.$kind -q
        attn convert "$DATA/sentence.json" -o y.$kind -q
        cmp x.$kind y.$kind
    done
}

# Inputs, one a line, that say something beside their tensors, or whose numbers mean more than they are.
inputs_with_more() {
    cat <<'END'
{"tokens": ["a", "b", "c"], "q": Q, "layers": [{"causal": true, "k": Q}, {"k": [[0, 1], [1, 0], [2, 2]], "scale": 0.123456789012}]}
{"q": Q, "k": Q, "layers": [{"tokens": ["x", "y", "z"]}, {"tokens": ["1", "2", "3"], "key_tokens": ["4", "5", "6"], "window": [1, 0]}, {}]}
{"attention": [[[[1, 0], [0.5, 0.5]]], [[[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]]], "tokens": [["a", "b"], ["c", "d", "e"]]}
{"q": Q, "k": Q, "v": Q, "bias": [[null, 0, 1], [1, null, 0], [0, 0, 2]]}
{"q": Q, "k": Q, "mask_true_blocks": true, "mask": [[false, true, false], [false, false, true], [true, false, false]]}
{"q": Q, "k": Q, "attention_mask": [1, 1, 0], "mask_true_blocks": true}
{"q": Q, "k": Q, "key_padding_mask": [false, false, true]}
{"embeddings": Q, "q_proj.weight": [[1, 2], [3, 4]], "k_proj.weight": [[1, 0], [3, 1]], "v_proj.weight": [[1, 0], [3, 1]]}
{"embeddings": Q, "w_q": [[1, 2], [3, 4]], "w_k": [[1, 0], [3, 1]], "w_v": [[1, 0], [3, 1]], "w_layout": "out_in"}
{"q": [Q, Q], "k": [Q, Q], "window": [[1, 0], [2, 1]], "softcap": 5.123456789, "temperature": [0.7, 1.3]}
{"tokens": ["un", "happy", "dog"], "q": Q, "k": Q, "words": [0, 0, null], "input_ids": [5, 6, 7]}
{"q": Q, "k": Q, "position": "rotary", "rope_scaling": {"rope_type": "linear", "factor": 2.5}, "position_base": 500000}
{"q": Q, "k": Q, "causal": true, "window": 1, "mask_fill": -1e9, "dropout": 0.1, "seed": 18446744073709551615, "global": [0], "tokens": ["a", "b", "c"]}
{"q": Q, "k": Q, "causal": -1, "sigma": [1.5, 2, 3], "centers": [0, 1, 2]}
{"q": [[1, 2], [3, 1e30]], "k": [[1, 2], [3, -Infinity]], "v": [[1, Infinity], [3, NaN]]}
{"title": "a \"b\"\n▁ 😀\u0001", "tokens": ["\u0000x", "\"", "\\"], "q": Q, "k": Q}
{"layers": [{"attention": [[1, 0], [0.5, 0.5]]}, {"attention": [[0.3, 0.7], [0.5, 0.5]], "tokens": ["p", "q"]}]}
{"layers": [{"attention": [[1, 0], [0.5, 0.5]], "v": [[1, 2], [3, 4]]}, {"attention": [[0.3, 0.7], [0.5, 0.5]], "v": [[1, 2], [3, 4]]}]}
{"embeddings": Q, "w_q": [[1, 2], [3, 4]], "w_k": [[1, 2], [3, 4]], "w_v": [[1, 2], [3, 4]], "layers": [{"scale": 1}, {"w_q": [[0, 2], [3, 4]]}, {}], "residual": true}
{"q": [[1, 0.5]], "k": [[1, 2]], "v": [[1, 2]], "past_k": Q, "past_v": Q, "causal": "end"}
END
}

# The stages that an input has.
stages_of() {
    local stage
    for stage in weights masked output; do
        "$ATTN" run "$1" -q --format none --stage $stage 2>/dev/null && printf ' --stage %s' $stage
    done
    return 0
}

# results_of FILE STAGES: its results, and its warnings without places.
results_of() {
    # shellcheck disable=SC2086
    "$ATTN" run "$1" --format json $2 2>&1 | sed "s|^attn: warning: ${1%.*}\.[^ ]*: |attn: warning: |" | uniq
}

# What is made of a file, in every format, is computed as the file itself, and nothing is said of a loss.
comes_back() {
    local kind want stages
    stages=$(stages_of "$1")
    [ -n "$stages" ]
    want=$(results_of "$1" "$stages")
    for kind in npz safetensors gguf pt json; do
        same "$(attn convert "$1" -o "$1.$kind" 2>&1)" ""
        same "$(results_of "$1.$kind" "$stages")" "$want"
    done
}

@test "settings, tokens, layers and what numbers mean go through every format" {
    local line n=0
    inputs_with_more | sed 's/Q/[[1, 0.5], [0.3, -2], [0, 1]]/g' >lines
    while read -r line; do
        printf '%s\n' "$line" >"x$n.json"
        comes_back "x$n.json"
        n=$((n + 1))
    done <lines
    [ "$n" -eq 20 ]
}

@test "the samples go through every format" {
    local sample
    for sample in "$DATA"/*.json "$DATA"/*.csv; do
        cp "$sample" .
        comes_back "$(basename "$sample")"
    done
}

@test "bug: labels in an array beside attn_json were lost" {
    "$PYTHON" - <<'END'
import numpy as np
q, tokens = np.random.default_rng(1).normal(size=(3, 4)), np.array(["a", "b", "c"])
np.savez("a.npz", q=q, k=q, tokens=tokens, attn_json=np.frombuffer(b'{"title":"t","causal":true}', "u1"))
about = b'{"schema":"attn/1","title":"t","tokens":["x","y","z"],"config":{"causal":true,"offset":1}}'
np.savez("b.npz", weights=np.full((3, 3), 1 / 3), key_tokens=tokens, attn_json=np.frombuffer(about, "u1"))
END
    comes_back a.npz
    comes_back b.npz
    attn run a.npz -q -o - | jq -e '.title == "t" and .tokens == ["a", "b", "c"] and .config.causal'
}

@test "bug: the stages q, k and v of a result were told of as inputs that are not used, but for those in JSON" {
    attn run "$DATA/induction.json" -q --format none --stage weights --stage q --stage k --stage v -o r.json -o r.npz -o r.safetensors
    for file in r.json r.npz r.safetensors; do
        same "$("$ATTN" run $file --format none -o x.npy 2>&1)" ""
        comes_back $file
    done
    # Without the weights they are inputs.
    attn run "$DATA/causal.json" -q --format none --stage q --stage k -o s.npz
    attn run s.npz -q -o - | jq -e '.weights[0][0][0] | length == 8'
}

@test "bug: attn convert left parts of an encoder-decoder in JSON out without a word" {
    echo '{"encoder_attentions": [[[[1, 0], [0, 1]]]], "cross_attentions": [[[[0.5, 0.5], [1, 0]]]]}' >p.json
    same "$("$ATTN" convert p.json -o p.npz 2>&1)" \
        'attn: warning: p.json: one attention of an encoder-decoder is read, and the others are left out'
    same "$(attn run p.npz -q -o -)" "$(attn run p.json -q -o -)"
}

@test "results go through every format: what weights were computed under, parts, layers of several sizes" {
    local n=0 words
    while read -r words; do
        # shellcheck disable=SC2086
        attn run $words -q --format none -o "r$n.json" -o "s$n.npz" -o "t$n.safetensors" -o "u$n.pt"
        comes_back "r$n.json"
        comes_back "s$n.npz"
        comes_back "t$n.safetensors"
        comes_back "u$n.pt"
        n=$((n + 1))
    done <<END
$DATA/sentence.json --causal
$DATA/sentence.json --sink 1 --dropout 0.2
$DATA/sentence.json --causal --queries 2:5 --keys 1:4
$DATA/sentence.json --recurrence linear
$DATA/sentence.json --causal --stage scores --stage weights --stage output --stage masked
$DATA/sentence.json --causal --stage scores
$DATA/induction.json --layer 1 --average heads
END
    inputs_with_more | sed -n 3p >sizes.json
    attn run sizes.json -q --format none -o r.json -o s.npz
    comes_back r.json
    comes_back s.npz
}

@test "an array whose numbers cannot be read is refused before anything is written" {
    "$PYTHON" - <<'END'
import json, struct
import numpy as np
for name, dtype in [("c8", "<c8"), ("text", "<U4"), ("bytes", "|S4"), ("date", "<M8[ns]"), ("long", "<f16")]:
    np.save(name + ".npy", np.zeros(2, dtype))
np.save("v2.npy", np.array([0x3f80, 0xc000], "<u2").view("V2"))
np.savez("two.npz", c=np.zeros(2, "<c8"), q=np.ones((2, 2), "<f4"))
header = json.dumps({"a": {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}}).encode()
with open("c.safetensors", "wb") as out:
    out.write(struct.pack("<Q", len(header)) + header + bytes(8))
END
    local kind
    for kind in npy npz safetensors gguf pt json; do
        fails 3 "c8.npy: numbers of the type <c8 cannot be read: expected another type" attn convert c8.npy -o y.$kind
        fails 3 "text.npy: numbers of the type <U4 cannot be read: expected another type" attn convert text.npy -o y.$kind
        fails 3 "bytes.npy: numbers of the type |S4 cannot be read: expected another type" attn convert bytes.npy -o y.$kind
        fails 3 "date.npy: numbers of the type <M8[ns] cannot be read: expected another type" attn convert date.npy -o y.$kind
        fails 3 "long.npy: numbers of the type <f16 cannot be read: expected another type" attn convert long.npy -o y.$kind --dtype f32
        fails 3 "v2.npy: numbers of the type |V2 cannot be read: expected another type, or --dtype bf16 if these are bfloat16" \
            attn convert v2.npy -o y.$kind
        fails 3 "c.safetensors:a: numbers of the type C64 cannot be read: expected another type" attn convert c.safetensors -o y.$kind
        fails 3 "two.npz:c: numbers of the type <c8 cannot be read: expected another type; --only leaves arrays out" \
            attn convert two.npz -o y.$kind
    done
    attn convert two.npz -o y.npz --only q
    attn convert v2.npy -o y.safetensors --dtype bf16
    same "$(attn info y.safetensors --format json | jq -c '.files[0].tensors[0] | [.dtype, .min, .max]')" '["BF16",-2,1]'
}

@test "word vectors as text: numbers come back, and what their readers would cut is refused" {
    "$PYTHON" - <<'END'
import numpy as np
v = (np.random.default_rng(3).normal(size=(3, 5)) * 10.0 ** np.array([[-30], [0], [30]])).astype("f4")
for name, tokens in ("x", ["a", "ü", "c"]), ("twice", ["a", "b", "a"]), ("blank", ["a", "b c", "d"]), ("empty", ["a", "", "d"]), ("few", ["a", "b"]):
    np.savez(name, embeddings=v, tokens=np.array(tokens))
np.savez("nan", embeddings=np.array([[1, np.nan]], "f4"), tokens=np.array(["a"]))
np.save("bare", v)
END
    same "$(attn convert x.npz -o x.vec 2>&1)" ""
    same "$(sed 's/ .*//' x.vec | tr '\n' ' ')" "3 a ü c "
    attn convert x.vec -o back.npz
    "$PYTHON" -c 'import numpy as np; a, b = np.load("x.npz"), np.load("back.npz"); assert np.array_equal(a["embeddings"], b["embeddings"])'
    same "$(attn info back.npz --format json | jq -c '.files[0].reading')" "$(attn info x.vec --format json | jq -c '.files[0].reading')"
    same "$(attn convert x.npz -o x.json 2>&1; jq -c .tokens x.json)" '["a","ü","c"]'
    same "$(attn convert "$DATA/projections.json:embeddings" -o p.vec 2>&1; head -2 p.vec)" "attn: warning: 1 token stands again: readers of word vectors keep one vector of each
attn: warning: title and 1 more metadata are left out: a file of word vectors has no place for them
5 4
I 1 0 0 0"
    same "$(attn convert twice.npz -o y.vec 2>&1)" "attn: warning: 1 token stands again: readers of word vectors keep one vector of each"
    fails 3 'token 1 is "b c": expected no blank and no empty token, for readers of word vectors end a word at its first blank' attn convert blank.npz -o z.vec
    fails 3 'token 1 is "": expected no blank and no empty token, for readers of word vectors end a word at its first blank' attn convert empty.npz -o z.vec
    fails 2 'embeddings has 3 rows, and there are 2 tokens: expected one a row' attn convert few.npz -o z.vec
    fails 2 'the array has 3 rows, and there are 0 tokens: expected one a row' attn convert bare.npy -o z.vec
    fails 3 'embeddings holds NaN or infinity at [0, 1]: expected finite numbers' attn convert nan.npz -o z.vec
    fails 2 'a file of word vectors holds one array, and there are 5: expected one' attn convert "$DATA/projections.json" -o z.vec --only 'w_*' --only 'e*'
}

@test "a table of CSV: numbers and tokens come back" {
    "$PYTHON" - <<'END'
import numpy as np
v = (np.random.default_rng(3).normal(size=(3, 5)) * 10.0 ** np.array([[-30], [0], [30]])).astype("f4")
np.savez("x", embeddings=v, tokens=np.array(["a", 'b, "c"', "5"]))
np.save("d", np.array([[0.1, np.float32(0.1), 1e300], [np.nan, np.inf, -np.inf]]))
np.save("i", np.array([2 ** 62 + 1, -3]))
np.save("three", np.zeros((2, 2, 2)))
END
    same "$(attn convert x.npz -o x.csv 2>&1)" ""
    attn convert x.csv -o back.npz -q
    "$PYTHON" -c 'import json, numpy as np
a, b = np.load("x.npz"), np.load("back.npz")
assert np.array_equal(a["embeddings"], b["embeddings"]) and json.loads(bytes(b["attn_json"]))["tokens"] == list(a["tokens"])'
    same "$(attn convert d.npy -o - 2>&1)" "attn: -o -: expected a name ending in .npy, .npz, .safetensors, .gguf, .pt, .json, .csv or .vec"
    attn convert d.npy -o d.csv
    same "$(cat d.csv)" "0.1,0.10000000149011612,1e+300
nan,inf,-inf"
    attn convert i.npy -o i.csv
    same "$(cat i.csv)" "4611686018427387905,-3"
    fails 2 "the array: its shape is 2×2×2: expected at most two axes for CSV, as NAME[0] has them" attn convert three.npy -o z.csv
    attn convert 'three.npy:[0]' -o z.csv
    fails 2 "a CSV file holds one array, and there are 2: expected one" attn convert "$DATA/causal.json" -o y.csv --only q --only k
}

@test "labels that other software wrote go along" {
    "$PYTHON" - <<'END'
import numpy as np
q = np.array([[1, 0.5], [0.25, 2], [0, 1]], "f4")
np.savez("x.npz", q=q, k=q, tokens=np.array(["a", "ü", "c d"]))
END
    results_of x.npz "--stage weights" | grep -q '"a","ü","c d"'
    comes_back x.npz
    attn convert x.npz.safetensors -o y.gguf
    comes_back y.gguf
    "$PYTHON" -c "import torch" 2>/dev/null || skip "no PyTorch"
    "$PYTHON" -c 'import torch
q = torch.tensor([[1, 0.5], [0.25, 2], [0, 1]])
torch.save({"q": q, "k": q, "tokens": ["a", "b", "c"], "note": "n"}, "x.pt")'
    same "$(attn convert x.pt -o y.npz 2>&1)" "attn: warning: note is left out: a zip of NumPy arrays has no place for it"
    same "$(results_of y.npz "--stage weights")" "$(results_of x.pt "--stage weights")"
    attn convert x.pt -o z.gguf
    same "$(results_of z.gguf "--stage weights")" "$(results_of x.pt "--stage weights")"
}

@test "an array of a model's layer is no key of a JSON input, and it is said" {
    "$PYTHON" -c 'import numpy as np
np.savez("x.npz", **{f"attentions.{i}": np.full((1, 2, 2), 0.5) for i in range(3)}, q=np.ones((2, 2)))'
    same "$(attn convert x.npz -o y.json 2>&1)" \
        "attn: warning: attentions.0 and 2 more names are no keys of a JSON input: --rename gives them others"
    same "$(attn convert x.npz -o y.json --only attentions.1 2>&1)" \
        "attn: warning: attentions.1 is no key of a JSON input: --rename gives it another name"
    same "$(attn convert x.npz -o y.json --only 'attentions.*' --rename 'attentions.*=layers.*.attention' 2>&1)" ""
    attn run y.json -q --format none -o got.npy
    attn run x.npz -q --format none -o want.npy
    cmp want.npy got.npy
}

@test "metadata without a place are told of once, and -q is silent" {
    same "$(attn convert "$DATA/projections.json" -o x.npy --only w_q 2>&1)" \
        "attn: warning: title and 2 more metadata are left out: a NumPy array has no place for them"
    same "$(attn convert "$DATA/projections.json" -o x.npy --only w_q -q 2>&1)" ""
    same "$(attn convert "$DATA/projections.json" -o x.npz -q -v --only w_q --rename w_q=w --dtype f16 2>&1)" \
        "attn: w_q, number, is w, f16"
}

@test "each allocation fails once" {
    needs_failing_malloc
    export OMP_NUM_THREADS=1 LD_PRELOAD=$FAILING_MALLOC ATTN_COUNT_TO=$PWD/total
    local command total n status
    attn convert "$DATA/projections.json" -o in.npz -q
    for command in "info $DATA/projections.json in.npz" "info in.npz --format json" "convert in.npz -o out.gguf --dtype f16" \
        "convert in.npz -o out.npz --only w_* --rename w_*=*" "convert $DATA/projections.json -o out.safetensors" \
        "convert in.npz -o out.pt --dtype f16"; do
        unset ATTN_FAIL_AT
        "$ATTN" $command >want 2>/dev/null
        read -r total _ <total
        [ "$total" -gt 20 ]
        for ((n = 1; n <= total; n++)); do
            status=0
            rm -f out.*
            ATTN_FAIL_AT=$n "$ATTN" $command >got 2>err || status=$?
            if [ $status = 0 ]; then [ -s got ] || [[ $command = convert* ]]; continue; fi
            grep -q '^attn: .*not enough memory' err || { echo "$command: allocation $n: $status"; cat err; return 1; }
            [ -z "$(find . -name 'out.*' -o -name '.attn-*')" ]
        done
    done
}
