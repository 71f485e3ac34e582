# attn info: what files hold, and what attn takes them for. NumPy judges the numbers (tests/numpy/check_info.py).
load helper

export PYTHONWARNINGS=ignore

check() {
    numpy check_info.py "$1"
}

# What jq finds in the JSON of attn info.
told() {
    attn info --format json "${@:2}" | jq -c "$1"
}

@test "every type of NumPy's: names, shapes, bytes, smallest, largest and how many are none" { check types; }
@test "safetensors, with bfloat16 and integers of 64 bits" { check safetensors; }
@test "large files are read with --values alone" { check values; }
@test "weights: over what they sum to 1, causal, and labels that do not match" { check weights; }
@test "what files are taken for, and what is missing" { check reading; }
@test "names that a terminal would obey, that are long, that are no text" { check names; }
@test "a hundred thousand tensors" { check many; }
@test "files without tensors" { check empty; }

@test "real files are named rightly" {
    needs_real
    check real
}

@test "every real file of arrays opens, and NumPy finds the same in it" {
    needs_real models
    check all_real
}

@test "the table of a JSON input" {
    same "$(attn info "$DATA/projections.json" | sed 1d)" "$(cat <<'END'
  name        dtype   shape      bytes   min  max  non-finite  taken for
  embeddings  number  5×4           80    -1    1           0  embeddings
  w_q         number  4×4           64     0    3           0  w_q
  w_k         number  4×4           64     0    2           0  w_k
  w_v         number  4×4           64     0    1           0  w_v
  w_o         number  4×4           64  -0.5  0.5           0  w_o
  b_q         number  4 numbers     16  -0.5  0.5           0  b_q
  title = "Embeddings through projections"
  tokens = 5 texts: "I" "saw" "a" "saw" "."
  heads = 2
END
)"
}

@test "tables of numbers, standard input, and arrays of a file" {
    same "$(attn info - <"$DATA/q.csv" | head -1)" "standard input: csv, embeddings, 1 array"
    same "$(told '.files[0].tensors[0].shape' - <"$DATA/q.csv")" "[4,3]"
    same "$(told '[.files[].tensors[] | .name, .shape]' "$DATA/sentence.json:k" "$DATA/sentence.json:q[0,1:3]")" '["k",[2,6,6],"q",[2,6]]'
    same "$(told '.files[0].format' --input-format csv "$DATA/q.csv")" '"csv"'
}

@test "what attn writes, attn knows" {
    attn run "$DATA/sentence.json" -q -o x.npz -o x.safetensors -o x.json --format none
    for file in x.npz x.safetensors x.json; do
        told '.files[0] | .profile, .missing' $file
        same "$(told '.files[0].missing' $file)" '[]'
    done
}

@test "files that cannot be read are told of, and the others are shown: the status is the highest" {
    echo '{"q":' >bad.json
    status=0
    attn info bad.json "$DATA/q.csv" nope.json "$DATA/k.csv" >out 2>err || status=$?
    same "$status" 3
    same "$(cat err)" "attn: bad.json:2:1: expected a value, found the end of the file
attn: nope.json: No such file or directory"
    same "$(grep -c ': csv, ' out)" 2
    status=0
    attn info nope.json "$DATA/q.csv" --format json >out 2>err || status=$?
    same "$status $(jq -c '[.files[].path]' out)" "1 [\"$DATA/q.csv\"]"
    rm bad.json out err
    fails 1 'nope.json: No such file or directory' attn info nope.json --format json
    fails 2 'no input; expected attn info FILE' attn info
    fails 2 '- (standard input) can be read once only' attn info - -
    fails 2 "$DATA/projections.json has no array embedding; did you mean embeddings?" attn info "$DATA/projections.json:embedding"
}

@test "a damaged file is an error with its name, and never a signal" {
    attn convert "$DATA/sentence.json" -o x.npz -q
    attn convert "$DATA/sentence.json" -o x.safetensors -q
    attn convert "$DATA/sentence.json" -o x.gguf -q
    for kind in npz safetensors gguf; do
        for size in 1 7 9 40 200 700; do
            head -c $size x.$kind >cut.$kind
            status=0
            attn info cut.$kind >out 2>err || status=$?
            [ $status = 3 ] || { echo "$kind $size: status $status"; cat err out; return 1; }
            same "$(wc -l <err) $(grep -c '^attn: cut\.' err)" "1 1"
        done
    done
}

@test "the settings and the vocabulary of a model are named as what they are, where they are no input" {
    echo '{"hidden_size": 8, "num_attention_heads": 2}' >config.json
    printf '[PAD]\n[CLS]\nthe\n' >vocab.txt
    printf '\1\0\0\0abc' >tok512.bin
    echo '{"model_type": "bert"}' >special_tokens_map.json
    fails 3 'config.json: this is, by its name, the settings of a model: expected it with --config, beside --projections' attn info config.json
    fails 3 'config.json: this is, by its name, the settings of a model: expected it with --config, beside --projections' attn run config.json -o x.png
    fails 3 'vocab.txt: this is, by its name, a vocabulary: expected it with --tokenizer, beside an input that has input_ids, or --ids' attn info vocab.txt
    fails 3 'tok512.bin: this is, by its name, a vocabulary: expected it with --tokenizer, beside an input that has input_ids, or --ids' attn info tok512.bin
    cp "$DATA/sentence.json" config.json # an input may be called so
    attn info config.json
}

@test "-:NAME and -:NAME[INDEX] are arrays of standard input, and no options" {
    attn convert "$DATA/sentence.json" -o x.npz -q
    same "$(told '[.files[0] | .path, .tensors[0].name, .tensors[0].shape]' -:k[1] <x.npz)" '["-","k",[6,6]]'
    same "$(attn info -:[1] <x.npz 2>&1)" 'attn: standard input holds 4 arrays: expected -:NAME[1]'
    same "$(attn info -- -:k <x.npz | head -1)" 'standard input: npz, k, 1 array'
    attn convert -:q[0] -o q.npy -q <x.npz
    attn run --k=-:k[0] --q q.npy --format csv -q -o x.png <x.npz >by_pipe.csv
    attn run --k x.npz:k[0] --q q.npy --format csv -q -o x.png >by_name.csv
    cmp by_pipe.csv by_name.csv
    attn run -q -o - --format json --q q.npy --k -:k[0] <x.npz >/dev/null
    fails 2 '- (standard input) can be read once only' attn info -:q -:k
    fails 2 '- (standard input) can be read once only' attn run --q -:q --k -:k -o y.png
    fails 2 'unknown option -z; see attn info --help' attn info -z:q
    fails 2 '--format is ":q": expected one of table json' attn info --format :q x.npz
    fails 2 '--format is "-:q": expected one of table json' attn info --format -:q x.npz
    cp x.npz ./-:file
    same "$(attn info -:file </dev/null | head -1)" '-:file: npz, q, k and v, 4 arrays'
}

@test "brackets within an index are part of the index, not of the name" {
    attn convert "$DATA/sentence.json" -o x.npz -q
    fails 2 '[[0,1]] does not index q, which is 2×6×6: expected integers, slices as 2:8 or ::-1, and at most one ...' attn info 'x.npz:q[[0,1]]'
    fails 2 'x.npz holds 4 arrays: expected x.npz:NAME[[0,1]]' attn run 'x.npz:[[0,1]]' -o y.png
    fails 2 'x.npz has no array q[0]' attn run 'x.npz:q[0][1]' -o y.png
}

@test "a number, a vector and an empty array are not taken for embeddings, and told of" {
    "$PYTHON" -c '
import numpy as np
for name, shape in (("number", ()), ("vector", 5), ("empty", (0, 4)), ("nothing", 0), ("matrix", (2, 3))):
    np.save(name, np.zeros(shape, "f4"))
np.savez("q.npz", q=np.zeros(3), k=np.zeros((0, 3)), slopes=np.zeros(3))'
    told_of() {
        same "$(told '.files[0] | .profile, .reading, .warnings' "$1")" "$2"$'\n'"$3"$'\n'"$4"
    }
    told_of number.npy null '[]' '["the array is a single number: expected rows and columns"]'
    told_of vector.npy null '[]' '["the array is a vector of 5 numbers: expected rows and columns"]'
    told_of empty.npy null '[]' '["the array is empty (0×4): expected numbers"]'
    told_of nothing.npy null '[]' '["the array is empty (0 numbers): expected numbers"]'
    told_of matrix.npy '"embeddings"' '["embeddings"]' '[]'
    told_of 'matrix.npy:[0]' null '[]' '["the array is a vector of 3 numbers: expected rows and columns"]'
    told_of q.npz null '["slopes: slopes"]' '["q is a vector of 3 numbers: expected rows and columns","k is empty (0×3): expected numbers"]'
    echo '[1, 2]' >x.json
    told_of x.json null '[]' '["embeddings is a vector of 2 numbers: expected rows and columns"]'
    fails 3 'number.npy: embeddings is 1 number: expected rows and columns' attn run number.npy -o x.png
}

@test "bug: weights of two axes were taken for embeddings without the doubt that a run has" {
    "$PYTHON" -c '
import numpy as np
np.save("weights.npy", np.full((4, 4), 0.25))
np.save("one_hot.npy", np.eye(4))
np.savez("named.npz", embeddings=np.full((4, 4), 0.25))'
    doubt='weights.npy: taken for embeddings, and its rows sum to 1 as those of weights do: --attention weights.npy takes it for weights'
    same "$(told '.files[0].warnings' weights.npy)" "[\"$doubt\"]"
    same "$(attn run weights.npy --format none -o x.png 2>&1)" "attn: warning: $doubt"
    same "$(told '.files[].warnings' one_hot.npy named.npz)" $'[]\n[]'
}

@test "bug: numbers below 0 were told of as attention for the name of their file, and a run refused them" {
    "$PYTHON" -c '
import numpy as np
scores = np.ones((2, 4, 4), "f4")
np.save("attention_probs.npy", scores / 4)
scores[0, 3, 3] = -1
np.save("attention_scores.npy", scores)
np.savez("named.npz", attention=scores)'
    said=$(attn run attention_scores.npy -o x.png 2>&1) && return 1
    same "$(told '.files[0] | .profile, .reading, .missing' attention_scores.npy)" $'null\n[]\n["q and k, embeddings, or attention"]'
    same "attn: $(told '.files[0].warnings[0]' attention_scores.npy | jq -r .)" "$said"
    same "$(told '.files[].profile' attention_probs.npy named.npz)" $'"attention weights"\n"attention weights"'
}

@test "bug: masks were told of as what their names say, where a run goes by their numbers" {
    "$PYTHON" -c '
import numpy as np
q = np.ones((2, 4, 8), "f4")
def save(name, **masks): np.savez(name, q=q, k=q, v=q, **masks)
save("added", attn_mask=np.triu(np.full((4, 4), -np.inf, "f4"), 1))
save("low", attention_mask=np.triu(np.full((1, 1, 4, 4), -1e9, "f4"), 1))
save("keys", attention_mask=np.ones((1, 4), "i8"))
save("pairs", attention_mask=np.tril(np.ones((4, 4), "i8")))
save("padding", key_padding_mask=np.array([0, 0, 0, -np.inf], "f4"))
save("either", attn_mask=np.tril(np.ones((4, 4), bool)))
save("nothing", attention_mask=np.zeros(4, "i8"))'
    for file in added low keys pairs padding; do
        as=$(attn run $file.npz -v --format none -o x.png 2>&1 | sed -n 's/.*_mask is taken for //p')
        [ -n "$as" ]
        same "$(told '.files[0] | .reading[3], .warnings' $file.npz | sed 's/.*: //')" "$as\""$'\n[]'
    done
    same "$(told '.files[0].tensors[3] | .min, .nonfinite' padding.npz)" $'0\n1'
}

@test "bug: what a run refuses of named arrays was not told of" {
    "$PYTHON" -c '
import numpy as np
q, a = np.ones((2, 4, 8), "f4"), np.full((3, 2, 4, 4), 0.25, "f4")
np.savez("either.npz", q=q, k=q, v=q, attn_mask=np.tril(np.ones((4, 4), bool)))
np.savez("nothing.npz", q=q, k=q, v=q, attention_mask=np.zeros(4, "i8"))
np.savez("batch.npz", attentions_0=a, attentions_1=a)
np.savez("stacked.npz", attentions=np.stack([a, a]).swapaxes(1, 2))'
    for file in either nothing batch stacked; do
        said=$(attn run $file.npz -o x.png 2>&1) && return 1
        same "attn: $(told '.files[0].warnings[]' $file.npz | jq -r .)" "$said"
    done
    "$PYTHON" -c '
import numpy as np
np.savez("heads.npz", **{name: np.ones((1, 5, 2, 4), "f4") for name in "qkv"})'
    said=$(attn run heads.npz --format none -o x.png 2>&1)
    same "attn: warning: $(told '.files[0].warnings[]' heads.npz | jq -r .)" "$said"
}

@test "bug: an array that nothing calls weights was blamed for rows that do not sum to 1" {
    "$PYTHON" -c '
import numpy as np
a = np.full((2, 4, 4), 0.25, "f4")
a[:, 0], a[:, 1:] = (1, 0, 0, 0), (0.5, 0, 0, 0.5)
np.savez("codes.npz", codes=np.arange(32).reshape(2, 4, 4))
np.savez("rows.npz", codes=a)
np.savez("columns.npz", codes=a.swapaxes(1, 2))
np.savez("named.npz", attention=np.arange(32).reshape(2, 4, 4))'
    doubt='codes: its shape is 2×4×4, and it may be weights or queries: '
    same "$(told '.files[].warnings | length' codes.npz rows.npz columns.npz named.npz | paste -sd ' ')" '1 1 2 1'
    told '.files[0].warnings[0]' codes.npz | grep -qF "$doubt"
    same "$(told '.files[0].reading' rows.npz)" '["codes: rows sum to 1"]'
    told '.files[0].warnings[1]' columns.npz | grep -qF 'queries and keys look exchanged'
    told '.files[0].warnings[0]' named.npz | grep -qF 'rows do not sum to 1'
}

@test "bug: the folder of a model was no file for info and convert" {
    mkdir m none two
    numpy model_files.py m/model.safetensors model.layers.0.self_attn.{q,k,v,o}_proj.weight=4x4
    echo '{"model_type": "llama", "num_attention_heads": 2}' >m/config.json
    same "$(attn info m)" "$(attn info m/model.safetensors)"
    same "$(told '.files[0] | .path, .profile' m/)" $'"m/model.safetensors"\n"Llama (Hugging Face)"'
    attn convert m -o m.npz
    attn convert m/model.safetensors -o n.npz
    cmp m.npz n.npz
    fails 3 'none holds no weights: expected model.safetensors, pytorch_model.bin, model.gguf or another file of weights' attn info none
    cp m.npz n.npz two
    fails 3 'two holds 2 files of weights: expected one of them: m.npz, n.npz' attn info two
}

@test "what does not fit together is told of, with names and shapes, as attn run refuses it" {
    "$PYTHON" - <<'END'
import numpy as np
def save(name, **shapes):
    np.savez(name, **{key: np.ones(shape) for key, shape in shapes.items()})
save("width.npz", q=(2, 3, 4), k=(2, 3, 5))
save("heads.npz", q=(3, 3, 4), k=(2, 3, 4))
save("keys.npz", q=(3, 3, 4), k=(3, 3, 4), v=(3, 5, 4))
save("mask.npz", q=(3, 4), k=(5, 4), mask=(4, 5))
save("w.npz", embeddings=(3, 4), w_q=(5, 4), w_k=(4, 4))
np.savez("layers.npz", **{"layers.0.q": np.ones((3, 4)), "layers.0.k": np.ones((3, 4)), "layers.1.q": np.ones((5, 4)), "layers.1.k": np.ones((5, 3))})
END
    echo '{"q": [[1, 2], [3, 4]], "k": [[1, 2, 3]]}' >width.json
    echo '{"q": [[1, 2], [3, 4]], "k": [[1, 2], [3, 4]], "heads": 3}' >heads.json
    echo '{"attention": [[1, 0], [0.5, 0.5]], "mask": [[true, true, true]]}' >values.json
    local file refusal
    for file in *.npz *.json; do
        attn run $file -o x.png 2>said && return 1
        refusal=$(sed 's/^attn: //' said)
        same "$(told '.files[0].warnings' $file)" "$(jq -cn --arg x "$refusal" '[$x]')"
    done
    same "$(told '.files[0].warnings[0]' width.npz)" \
        '"width.npz:k: q is 2×3×4 and k is 2×3×5: they must agree in d_k (2 heads of 4, 2 heads of 5)"'
    same "$(told '.files[0].warnings[0]' heads.npz)" \
        '"heads.npz:k: q is 3×3×4 and k is 2×3×4: their 3 heads must be a multiple of their 2 key/value heads"'
    same "$(told '.files[0].warnings[0]' keys.npz)" \
        '"keys.npz:v: k is 3×3×4 and v is 3×5×4: they must have the same number of keys"'
    # Only of what is whole: an array of it, and what still needs something, is no run.
    same "$(told '.files[].warnings' width.npz:q width.json:k)" '[]
[]'
}
