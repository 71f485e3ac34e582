# attn stats --apc: contacts of residues by attention. NumPy computes them by their definition.
load helper

@test "contacts: matrices of 500 heads, without tokens that are left out, of means, as JSON and CSV" {
    numpy check_contacts.py
}

@test "contacts: the JSON is what its schema says" {
    "$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "jsonschema is not installed"
    attn stats "$DATA/pairs.json" --apc -o a.json
    attn stats "$DATA/pairs.json" --apc --average heads -o b.json
    "$PYTHON" - "$ROOT/docs/attn-sheet.schema.json" a.json b.json <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    jsonschema.validate(json.load(open(path)), schema)
END
}

@test "contacts: what they cannot be of is named" {
    cp "$DATA/sentence.json" x.json
    fails 3 '--apc is of queries that are keys: expected as many of both, not 5 queries and 6 keys' attn stats "$DATA/cross.json" --apc
    fails 2 '--apc: queries 1:5 and keys 0:6 are chosen: expected the same, by both --queries and --keys' attn stats x.json --apc --queries 1:5
    fails 2 '--dtw and --apc: expected one of them' attn stats x.json --apc --dtw
    echo '{"attention":[[[[1,0],[0.5,0.5]]],[[[1,0,0],[0.5,0.5,0],[0,0,1]]]]}' >y.json
    fails 3 '--apc: layers 0 and 1 differ in size, and have no contacts; choose those that agree with --layer' attn stats y.json -q --apc
    echo '{"attention":[[0,0],[0,0]]}' >y.json
    same "$(attn stats y.json -q --apc | jq -c '.heads[0] | [.largest, .contacts]')" '[null,[[null,null],[null,null]]]'
}

@test "contacts: each allocation fails once" {
    needs_failing_malloc
    export OMP_NUM_THREADS=1 LD_PRELOAD=$FAILING_MALLOC ATTN_COUNT_TO=$PWD/total
    local total n status
    unset ATTN_FAIL_AT
    "$ATTN" stats "$DATA/pairs.json" --apc -o want.csv
    read -r total _ <total
    [ "$total" -gt 20 ]
    for ((n = 1; n <= total; n++)); do
        status=0
        rm -f got.csv
        ATTN_FAIL_AT=$n "$ATTN" stats "$DATA/pairs.json" --apc -o got.csv 2>err || status=$?
        if [ $status = 0 ]; then
            cmp want.csv got.csv
        else
            [ $status = 1 ]
            grep -q 'not enough memory' err
            [ ! -e got.csv ]
        fi
    done
}
