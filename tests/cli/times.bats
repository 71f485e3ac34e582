# attn stats --dtw: when each token is spoken, as Whisper finds it. NumPy goes the same way over whole matrices.
load helper

times() {
    numpy check_times.py "$@"
}

@test "times: standardized, filtered and averaged weights, and the path, of tokens and frames that are chosen" { times random; }
@test "times: of equal ways the one that Whisper takes" { times ties; }
@test "times: CSV with the labels of tokens and of those that come next" { times csv; }

@test "times: the JSON is what its schema says" {
    "$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "jsonschema is not installed"
    attn stats "$DATA/cross.json" --dtw -o a.json
    "$PYTHON" - "$ROOT/docs/attn-sheet.schema.json" a.json <<'END'
import json, sys
import jsonschema
jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))
END
}

@test "times: texts stand below each other in the table" {
    attn stats "$DATA/cross.json" --dtw --format table >table
    same "$(sed -n 1p table)" '  query  token    next       start      end'
    same "$(sed -n 2p table)" '      0  Ich      habe       0.000    0.020'
}

@test "times: a token that is long is cut in the table, and only there" {
    local long
    long=$(printf 'k%.0s' {1..3000})
    jq --arg long "$long" '.tokens[1] = $long' "$DATA/cross.json" >x.json
    attn stats x.json --dtw --format table >table
    same "$(wc -L <table | xargs test 120 -gt && echo short)" short
    same "$(sed -n 3p table | grep -o 'kkk…')" 'kkk…'
    same "$(attn stats x.json --dtw | jq -r '.tokens[1].token')" "$long"
}

@test "times: what they cannot be of is named" {
    cp "$DATA/cross.json" x.json
    fails 2 '--median-width is 4: expected an odd number' attn stats x.json --dtw --median-width 4
    fails 2 '--seconds-per-key: expected --dtw beside it' attn stats x.json --seconds-per-key 1
    fails 2 '--definition and --dtw: expected one of them' attn stats x.json --dtw --definition arena
    fails 2 '--average: expected --links or --apc beside it' attn stats x.json --dtw --average heads
    fails 2 "$(attn run x.json --queries 2:9 -o y.json 2>&1 | sed 's/^attn: //')" attn stats x.json --dtw --queries 2:9
    echo '{"attention":[[[[1,0],[0.5,0.5]]],[[[1,0,0],[0.5,0.5,0],[0,0,1]]]]}' >y.json
    fails 3 '--dtw: layers 0 and 1 differ in size, and have no path; choose those that agree with --layer' attn stats y.json -q --dtw
    echo '{"attention":[[1,null],[0.5,0.5]]}' >y.json
    fails 3 '--dtw: the weights are not all finite' attn stats y.json -q --dtw
}

@test "times: each allocation fails once" {
    needs_failing_malloc
    export OMP_NUM_THREADS=1 LD_PRELOAD=$FAILING_MALLOC ATTN_COUNT_TO=$PWD/total
    local total n status
    unset ATTN_FAIL_AT
    "$ATTN" stats "$DATA/cross.json" --dtw -o want.csv
    read -r total _ <total
    [ "$total" -gt 20 ]
    for ((n = 1; n <= total; n++)); do
        status=0
        rm -f got.csv
        ATTN_FAIL_AT=$n "$ATTN" stats "$DATA/cross.json" --dtw -o got.csv 2>err || status=$?
        if [ $status = 0 ]; then
            cmp want.csv got.csv
        else
            [ $status = 1 ]
            grep -q 'not enough memory' err
            [ ! -e got.csv ]
        fi
    done
}
