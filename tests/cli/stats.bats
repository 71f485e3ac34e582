# attn stats: measures of heads. NumPy computes each by its definition.
load helper

stats() {
    numpy check_stats.py "$@"
}

@test "stats: given weights, of all sizes, with masks, rows of NaN and of nothing" { stats given; }
@test "stats: weights of q and k, with every kind of mask, a past, patches and forms that are no shares" { stats computed; }
@test "stats: how scores are spread, and the slope of the softmax, of every engine, mask and normalizer" { stats spread; }
@test "stats: heads that do one thing have exactly 1 there" { stats perfect; }
@test "stats: heads that do one thing have its label and no other, random ones none, and --thresholds changes it" { stats labels; }
@test "stats: a head that is chosen has the share that it has among all heads" {
    "$PYTHON" -c 'import numpy as np; r = np.random.default_rng(0); np.savez("qkv.npz", **{x: r.normal(size=(3, 6, 4)).astype("f4") for x in "qkv"})' ||
        skip "NumPy is not installed"
    attn stats qkv.npz -q --format json | jq -c '.heads[1]' >among
    attn stats qkv.npz -q --format json --head 1 | jq -c '.heads[0]' >chosen
    same "$(cat chosen)" "$(cat among)"
}

@test "stats: a picture has a cell for each head, in the colour of its measure" { stats picture; }
@test "stats: --per-row has the measures of each row, in JSON and CSV alike, in order for any number of threads" { stats rows; }
@test "stats: what heads write, and a label for those that write nothing" { stats norms; }
@test "stats: --sort, --best, the selection, csv, and the same bytes for any number of threads" { stats sorted; }

@test "stats: the induction heads of GPT-2 are found" {
    needs_real gpt2_heads_37.json
    stats real "$REAL"
}

@test "stats: the JSON is what its schema says" {
    "$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "jsonschema is not installed"
    attn stats "$DATA/induction.json" -o a.json
    attn stats "$DATA/cross.json" >b.json
    echo '{"attention": [[0]]}' >zero.json
    attn stats zero.json -q --mask <(echo '[[0]]') >c.json
    attn stats "$DATA/induction.json" --per-row >d.json
    "$PYTHON" - "$ROOT/docs/attn-stats.schema.json" a.json b.json c.json d.json <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    jsonschema.validate(json.load(open(path)), schema)
assert json.load(open("c.json"))["heads"][0]["entropy"] is None
END
}

@test "stats: the table shows what there is, and fits 90 columns" {
    attn stats "$DATA/induction.json" --format table >table
    same "$(sed -n 4p table)" '    1     0   0.653    2.31   1.54  0.356   1.75  0.286  0.289  0.184   0.004   0.978  0.296 "D"  induction'
    same "$(tail -1 table)" " first_token ≥ 0.5, uniform ≥ 0.95, no_op ≥ 0.9)"
    attn stats "$DATA/cross.json" --format table >table
    lacks "induc-" table
    same "$(sed -n 4p table)" "(no duplicate token, no induction: no token comes twice, tokens are not known, or queries are no keys)"
    [ "$(sed 4d table | wc -L)" -le 90 ]
}

@test "stats: -v says which engine ran and how long, and keeps quiet else" {
    attn stats "$DATA/sentence.json" -o x.json 2>err
    [ ! -s err ]
    attn stats "$DATA/sentence.json" -v -o x.json 2>err
    grep -qE '^time read=[0-9.]+ attend=[0-9.]+ write=[0-9.]+ total=[0-9.]+ engine=[a-z0-9]+ threads=[0-9]+$' err
}

@test "stats: tokens are measured, also of an input with words" {
    echo '{"tokens": ["un", "happy", "dog"], "q": [[1,0],[0,1],[1,1]], "k": [[1,0],[0,1],[1,1]], "words": [0,0,1]}' >x.json
    jq 'del(.words)' x.json >y.json
    same "$(attn stats x.json)" "$(attn stats y.json)"
    same "$(attn stats - <x.json)" "$(attn stats y.json)"
}

@test "stats: layers of different size are one list" {
    echo '{"attention": [[[[1, 0], [0.5, 0.5]]], [[[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]]]}' >x.json
    same "$(attn stats x.json -q | jq -c '[.heads[] | [.layer, .keys, .self]]')" "[[0,2,0.75],[1,3,0.8333333]]"
    same "$(attn stats x.json -q --layer 1 | jq -c '[.heads[] | .layer]')" "[1]"
}

@test "stats: what is wrong with a command line" {
    cp "$DATA/sentence.json" x.json
    fails 2 '--sort is "entropi": did you mean entropy?' attn stats x.json --sort entropi
    fails 2 '--sort is "inducton": did you mean induction?' attn stats x.json --sort -inducton
    fails 2 '-o x.pdf: expected a name ending in .json, .csv, .png or .svg, or --format' attn stats x.json -o x.pdf
    fails 2 '--measure is what a picture shows: expected -o and a name ending in .png or .svg' attn stats x.json --measure self
    fails 2 '--measure is what a picture shows: expected -o and a name ending in .png or .svg' attn stats x.json --measure self -o x.csv
    fails 2 '--per-row is of JSON and CSV: expected --format json or csv' attn stats x.json --per-row --format table
    fails 2 '--max-rows: expected --per-row beside it' attn stats x.json --max-rows 12
    fails 2 '-o x.png is a picture: expected no --format' attn stats x.json -o x.png --format csv
    fails 2 '-o x.PNG is a picture: expected no --format' attn stats x.json --similar -o x.PNG --format json
    fails 2 '--per-row is of JSON and CSV: expected --format json or csv' attn stats x.json --per-row -o x.png
    fails 1 '1×2 heads of 6 queries have more than the 11 rows that --max-rows allows to be held: raise it, or choose heads' \
        attn stats x.json --per-row --max-rows 11 -o y.json
    [ ! -e y.json ]
    attn stats x.json --per-row --max-rows 12 -o y.json
    attn stats x.json --per-row --max-rows 6 --head 1 -o y.json
    fails 2 '--measure is "entropi": did you mean entropy?' attn stats x.json --measure entropi -o x.png
    fails 2 'no head has induction: expected another measure to draw' attn stats x.json --measure induction -o x.png
    [ ! -e x.png ]
    fails 2 'a label of --thresholds is "inductn": did you mean induction?' attn stats x.json --thresholds self=0.1,inductn=0.3
    fails 2 '--thresholds names self twice' attn stats x.json --thresholds self=0.1,self=0.3
    fails 2 '--thresholds holds "": expected LABEL=NUMBER, such as induction=0.3' attn stats x.json --thresholds self=0.1,
    for wrong in 0 -1 1.01 nan inf '' 0.3x; do
        fails 2 "--thresholds: the threshold of self is \"$wrong\": expected a number above 0 and up to 1" attn stats x.json "--thresholds=self=$wrong"
    done
    fails 2 'no input; expected attn stats FILE, attn stats - or --q FILE --k FILE --v FILE' attn stats
    fails 2 'there is no head 2: expected 0 to 1, or -2 to -1, counted from the end' attn stats x.json --head 2
    fails 1 'nope/x.csv: could not write: No such file or directory' attn stats x.json -o nope/x.csv
}

@test "bug: where no weight of a row is above 0, a masked key was its largest" {
    echo '{"attention": [[[0, 0, 0], [0, 0, 0], [0, 0, 0]], [[-1, -2, 0], [0, -3, -1], [0, -1, -1]]], "mask": [[1, 1, 0], [0, 1, 1], [0, 1, 1]]}' >x.json
    for threads in 1 2; do
        same "$(attn stats x.json -q --per-row --threads $threads | jq -c '.heads[] | [.offset.value, .max_at, .max_weight, [.per_row[].max_key]]')" \
            '[0,[0,0],0,[0,1,1]]
[0,[0,0],-1,[0,2,1]]'
    done
    # sigmoid weights that vanish, behind the same mask
    echo '{"q": [[-1], [-1], [-1]], "k": [[1], [1], [1]], "scale": 1000, "normalizer": "sigmoid", "mask": [[1, 1, 0], [0, 1, 1], [0, 1, 1]]}' >x.json
    same "$(attn stats x.json -q --per-row | jq -c '.heads[0] | [.offset.value, .max_at, [.per_row[].max_key]]')" '[0,[0,0],[0,1,1]]'
}

@test "stats: each allocation fails once, for numbers and for a picture" {
    needs_failing_malloc
    export OMP_NUM_THREADS=1 LD_PRELOAD=$FAILING_MALLOC ATTN_COUNT_TO=$PWD/total
    local ending total n status
    for ending in json png; do
        unset ATTN_FAIL_AT
        local options=()
        [ $ending = png ] || options=(--per-row)
        "$ATTN" stats "$DATA/projections.json" "${options[@]}" -o want.$ending
        read -r total _ <total
        [ "$total" -gt 20 ]
        for ((n = 1; n <= total; n++)); do
            status=0
            rm -f got.$ending
            ATTN_FAIL_AT=$n "$ATTN" stats "$DATA/projections.json" "${options[@]}" -o got.$ending 2>err || status=$?
            if [ $status = 0 ]; then
                cmp want.$ending got.$ending
            else
                [ $status = 1 ]
                grep -q 'not enough memory' err
                [ ! -e got.$ending ]
            fi
        done
    done
}
