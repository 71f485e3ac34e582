# attn rollout: attention through the layers. NumPy computes it by its definition.
load helper

rollout() {
    numpy check_rollout.py "$@"
}

@test "rollout: given weights, of all sizes, heads combined and discarded each way, whole and one row" { rollout given; }
@test "rollout: weights of q and k, with every kind of mask, forms that are no shares, a stack" { rollout computed; }
@test "rollout: layers and heads that are chosen, in every format" { rollout chosen; }
@test "rollout: --pick has other heads in each layer" { rollout picked; }
@test "rollout: --leave-out and --renormalize are of the weights of each layer" { rollout left; }

@test "rollout: what --pick and --leave-out cannot have is named" {
    local file=$DATA/induction.json
    echo '{"attention": [[[[1]], [[1]]], [[[1]], [[1]]], [[[1]], [[1]]]]}' >three.json
    fails 2 'of layer 0 1 head is picked, of layer 1 0: expected as many of each layer from the first to the last' \
        attn rollout three.json --pick 0.0,2.0
    fails 2 'of layer 0 2 heads are picked, of layer 1 1: expected as many of each layer from the first to the last' \
        attn rollout three.json --pick '0.0,0.1,1.0'
    fails 2 '--renormalize divides rows by what --leave-out leaves of them: expected both' attn rollout "$file" --renormalize
    fails 2 '--leave-out is of weights, and contributions by norm are of the vectors of all tokens: expected one of them' \
        attn rollout "$file" --leave-out first --contribution norm
    same "$(attn rollout "$file" --leave-out first -q --format json 2>&1 >/dev/null)" ''
    fails 2 'unknown option --leave-out; see attn explain --help' attn explain "$file" --leave-out first
}

@test "rollout: NaN goes where it is reached; rows that see nothing, or do not sum to 1" { rollout reached; }
@test "flow: as much as whole numbers let through, whole and of one query, in every format" { rollout flow; }
@test "rollout: the same bytes for any number of threads" { rollout threads; }

contributions() {
    numpy check_contributions.py "$@"
}

@test "contributions: parts sum to the output, with grouped values, biases, norms before and behind, stacks, masks" { contributions layers; }
@test "contributions: forms that are no shares, given q, k and v, rows that see nothing, weights below 0" { contributions forms; }
@test "contributions: of some heads alone" { contributions heads; }
@test "contributions: NaN and infinity in a value go where they are attended to" { contributions reached; }
@test "contributions: in several blocks of queries, the same bytes for any number of threads" { contributions blocks; }
@test "contributions: flow is never less than the rollout" { contributions flow; }

@test "contributions: what a layer lacks is named" {
    echo '{"attention": [[1, 0], [0.5, 0.5]]}' >x.json
    fails 3 'contributions by norm: layer 0 has weights that were given, and no v' attn rollout x.json --contribution norm
    local qk='"q": [[1, 0], [0, 1]], "k": [[1, 0], [0, 1]]' one='[[1, 0], [0, 1]]'
    echo "{$qk}" >x.json
    fails 3 'contributions by norm: layer 0 has no v' attn rollout x.json --contribution norm
    echo "{$qk, \"v\": $one, \"layers\": [{\"w_o\": $one}, {}]}" >x.json
    fails 3 'contributions by norm: layer 1 has no w_o' attn rollout x.json --contribution norm
    attn rollout x.json --contribution norm --layers 0 >/dev/null
    echo "{\"embeddings\": $one, \"w_o\": $one, \"gate\": [[1], [2]]}" >x.json
    fails 3 'contributions by norm: layer 0 has a gate, which changes the values query by query' \
        attn rollout x.json --contribution norm
    echo "{$qk, \"v\": $one, \"w_o\": $one, \"recurrence\": \"linear\", \"state\": [$one]}" >x.json
    fails 3 'contributions by norm: layer 0 has a state, which is of no token' attn rollout x.json --contribution norm
    echo "{\"embeddings\": $one, \"w_o\": $one, \"heads\": 2}" >x.json
    fails 3 'contributions by alti: layer 0 has no residual' attn rollout x.json --contribution alti
    fails 2 'contributions by alti are of the output of all heads: expected no choice of them' \
        attn rollout x.json --contribution alti --residual --head 1
    fails 2 "--identity does not go with --contribution alti, which has the layer's own residual" \
        attn rollout x.json --contribution alti --residual --identity 0.5
    fails 2 '--combine does not go with --contribution norm, which adds up the vectors of heads' \
        attn rollout x.json --contribution norm --combine max
    fails 2 '--contribution is "nrom": did you mean norm?' attn rollout x.json --contribution nrom
}

@test "contributions: the table and the warnings say what was rolled out" {
    same "$(attn rollout "$DATA/induction.json" --contribution norm --format table 2>err | head -1)" \
        "rollout of layers 0 to 1, contributions by norm, residual 0.5"
    same "$(cat err)" "attn: warning: 2 of 16 rows have no contributions: they are their own tokens alone"
    same "$(attn rollout "$DATA/induction.json" --contribution alti --format table | head -1)" \
        "rollout of layers 0 to 1, contributions by alti"
    # the title of a picture names them: with numbers alike, two kinds differ there
    echo '{"embeddings": [[1]], "w_o": [[1]], "residual": true, "tokens": ["a"]}' >x.json
    attn rollout x.json --contribution alti -o a.png
    attn rollout x.json --contribution norm-residual -o b.png
    if cmp -s a.png b.png; then return 1; fi
}

@test "rollout: GPT-2" {
    needs_real gpt2_attention.npy
    rollout real "$REAL"
}

@test "rollout: the JSON is what its schema says" {
    "$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "jsonschema is not installed"
    attn rollout "$DATA/induction.json" >a.json
    attn rollout "$DATA/induction.json" --query 3 -o b.json
    echo '{"attention": [[1, 0], [null, 0.5]]}' >x.json
    attn rollout x.json -q >c.json
    attn rollout x.json -q --flow >d.json
    attn rollout "$DATA/induction.json" --query 3 --flow -o e.json
    attn rollout "$DATA/induction.json" --contribution norm-residual -o f.json
    "$PYTHON" - "$ROOT/docs/attn-rollout.schema.json" a.json b.json c.json d.json e.json f.json <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    jsonschema.validate(json.load(open(path)), schema)
assert json.load(open("c.json"))["rollout"] == [[1, 0], [None, 0.75]]
END
}

@test "rollout: the table says where queries come from" {
    attn rollout "$DATA/induction.json" --format table >table
    same "$(head -1 table)" "rollout of layers 0 to 1, residual 0.5"
    same "$(sed -n 6p table)" '    2  "B"               0.415 "A"               0.336 "B"               0.249 "<s>"'
    [ "$(wc -L <table)" -le 90 ]
    attn rollout "$DATA/sentence.json" --combine max --discard 0.1 --format table | head -1 |
        grep -qx 'rollout of layer 0, the largest of 2 heads, residual 0.5, the smallest 0.1 discarded'
    same "$(attn rollout "$DATA/induction.json" --flow --format table | sed -n '1p;3p;7p')" "$(cat <<'END'
flow of layers 0 to 1, residual 0.5
query                     can come from
    3  "C"               0.619 "B"               0.502 "C"               0.252 "<s>"
END
    )"
    attn rollout "$DATA/packed.json" --format table --query 3 | sed -n 3p | grep -q '^query 3 '
    echo '{"attention": [[0, 0], [1, 0]]}' >x.json
    attn rollout x.json -q --identity 0 --format table --mask <(echo '[[0,0],[1,0]]') | sed -n 4p | grep -q 'nothing$'
    "$PYTHON" -c 'print({"attention": [[1 / (i + 1) if j <= i else 0 for j in range(50)] for i in range(50)]})' | tr "'" '"' >long.json
    same "$(attn rollout long.json -q --format table | grep -c '^ *[0-9]')" 40
    attn rollout long.json -q --format table | grep -q '^    …  (10 more)$'
    attn rollout long.json -q --query 49 --format table | tail -1 | grep -qE '^    …  others  +0\.34'
}

@test "rollout: a picture of the matrix, or of a row over the image" {
    attn rollout "$DATA/causal.json" -o c.png
    attn rollout "$DATA/patches.json" --query 0 --image "$DATA/patches.png" -o p.png
    attn rollout "$DATA/patches.json" --image "$DATA/patches.png" -o q.png # the class token without asking
    cmp p.png q.png
    attn rollout "$DATA/patches.json" --query 20 -o r.png
    attn rollout "$DATA/patches.json" --view matrix -o m.png
    attn rollout "$DATA/patches.json" --query 0 --flow -o f.png
    pngcheck -q c.png p.png r.png m.png f.png
    if cmp -s p.png r.png; then return 1; fi
    same "$(find . -name '*.png' | wc -l)" 6
}

@test "rollout: -v says how long it took, and warnings what was met" {
    attn rollout "$DATA/induction.json" -v -o x.json 2>err
    grep -qE '^time read=[0-9.]+ attend=[0-9.]+ write=[0-9.]+ total=[0-9.]+ threads=[0-9]+$' err
    echo '{"attention": [[0, 0], [30, 70]], "mask": [[0, 0], [1, 1]]}' >x.json
    same "$(attn rollout x.json 2>&1 >/dev/null | sort)" "$(sort <<'END'
attn: warning: 1 of 2 rows see nothing: they are their own tokens alone
attn: warning: 1 of 2 rows do not sum to 1: each is divided by its sum
END
    )"
    same "$(attn rollout x.json --identity 0 2>&1 >/dev/null | sed -n 's/.*warning: //p' | tail -1)" "1 of 2 queries come from no token"
    same "$(attn rollout "$DATA/causal.json" --identity 1 --query 3 2>&1 | tail -1)" '"row":[0,0,0,1,0,0,0,0]}'
    echo '{"attention": [[1, 0], [0.5, null]]}' >x.json
    attn rollout x.json 2>&1 >/dev/null | grep -q 'warning: 1 of 2 rows hold NaN or infinity, and so does what they reach'
}

@test "rollout: what cannot be followed through layers is named" {
    fails 3 'layer 0 has 5 queries and 6 keys: through layers attention is followed only where queries and keys are the same tokens' \
        attn rollout "$DATA/cross.json"
    echo '{"q": [[1, 0]], "k": [[1, 0]], "past_k": [[0, 1], [1, 1]]}' >x.json
    fails 3 'layer 0 has 1 queries and 3 keys: through layers attention is followed only where queries and keys are the same tokens' \
        attn rollout x.json
    echo '{"attention": [[1], [0.5, 0.5], [0, 0.5, 0.5]]}' >x.json # all steps of a generation are one matrix
    same "$(attn rollout x.json -q | jq -c .rollout)" '[[1,0,0],[0.25,0.75,0],[0,0.25,0.75]]'
    echo '{"attention": [[1, 0], [0, 1]], "tokens": ["a", "b"], "key_tokens": ["c", "d"]}' >x.json
    fails 3 'the keys of layer 0 are other tokens than its queries (cross-attention): through layers attention is followed only where they are the same' \
        attn rollout x.json
    echo '{"attention": [[[[1, 0], [0.5, 0.5]]], [[[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]]]}' >x.json
    fails 3 'layer 0 has 2 queries and 2 keys, layer 1 has 3 and 3, or other tokens: expected layers of the same tokens (choose with --layers)' \
        attn rollout x.json
    attn rollout x.json -q --layers 1 >/dev/null
    echo '{"attention": [[[[1, 0], [0.5, 0.5]]], [[[1, 0], [0.5, 0.5]], [[1, 0], [0, 1]]]]}' >x.json
    fails 3 'layer 0 has 1 heads, layer 1 has 2: expected layers of as many heads (choose with --layers)' attn rollout x.json
    echo '{"attention": [[[1, 0], [-0.5, 1.5]], [[1, 0], [0, 1]]]}' >x.json
    fails 3 'layer 0: query 1 has a weight below 0: expected weights that are shares' attn rollout x.json
    fails 3 'layer 0: query 1 has a weight below 0: expected weights that are shares' attn rollout x.json --query 1
}

@test "rollout: what is wrong with a command line" {
    cp "$DATA/induction.json" x.json
    fails 2 '--identity is "1.5": expected a number from 0 to 1' attn rollout x.json --identity 1.5
    fails 2 '--discard is 1: expected a share of the weights from 0 up to, not with, 1' attn rollout x.json --discard 1
    fails 2 '--combine is "men": did you mean mean?' attn rollout x.json --combine men
    fails 2 '--query is "X": expected a number below 8, or a token of the input' attn rollout x.json --query X
    fails 2 'layer 0 does not follow layer 1: expected layers one behind the other' attn rollout x.json --layers 1,0
    fails 2 '-o x.txt: expected a name ending in .png, .svg, .json, .csv or .npy, or - for JSON' attn rollout x.json -o x.txt
    fails 2 '-o - is given twice' attn rollout x.json -o - -o -
    fails 2 '-o y.csv is given twice' attn rollout no.json -o y.csv -o y.csv
    fails 2 '-o ./y.csv is given twice, also as y.csv' attn rollout no.json -o y.csv -o ./y.csv
    fails 2 'no input; expected attn rollout FILE, attn rollout - or --q FILE --k FILE --v FILE' attn rollout
    fails 1 'nope/x.csv: could not write: No such file or directory' attn rollout x.json -o nope/x.csv
}

@test "rollout: a matrix that no memory holds is refused before it is computed" {
    "$PYTHON" -c 'import numpy as np; np.savez("x.npz", q=np.zeros((400000, 1), "f4"), k=np.zeros((400000, 1), "f4"))'
    fails 1 "4 matrices of 400000×400000 are more than half of the machine's memory: a row alone, of the mean of the weights of heads, holds none" \
        attn rollout x.npz
    fails 1 "4 matrices of 400000×400000 are more than half of the machine's memory: a row alone, of the mean of the weights of heads, holds none" \
        attn rollout x.npz --query 1 --combine max
}

@test "rollout: each allocation fails once" {
    needs_failing_malloc
    export OMP_NUM_THREADS=1 LD_PRELOAD=$FAILING_MALLOC ATTN_COUNT_TO=$PWD/total
    local total n status words
    for words in "--query 3" "--combine max --discard 0.1 --query 3" "--flow --query 2" "--contribution norm-residual" ""; do
        unset ATTN_FAIL_AT
        # shellcheck disable=SC2086 # several words
        "$ATTN" rollout "$DATA/induction.json" $words -o want.json
        read -r total _ <total
        [ "$total" -gt 20 ]
        for ((n = 1; n <= total; n++)); do
            status=0
            rm -f got.json
            # shellcheck disable=SC2086
            ATTN_FAIL_AT=$n "$ATTN" rollout "$DATA/induction.json" $words -o got.json 2>err || status=$?
            if [ $status = 0 ]; then
                cmp want.json got.json
            else
                [ $status = 1 ]
                grep -q 'not enough memory' err
                [ ! -e got.json ]
            fi
        done
    done
}
