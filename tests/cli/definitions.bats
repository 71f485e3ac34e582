# attn stats --definition: what others call by names that attn stats has too. NumPy computes each by its own formula.
load helper

definitions() {
    numpy check_definitions.py "$@"
}

@test "definitions: the head detector of TransformerLens, mul and abs, with and without the first and the own key" { definitions transformerlens; }
@test "definitions: the scores of ARENA, and the head that they are made for" { definitions arena; }
@test "definitions: sinks of Gu et al. 2024" { definitions gu2024; }
@test "definitions: distances between heads of Clark et al. 2019, the same for any number of threads" { definitions clark2019; }
@test "definitions: the mean attention distance of ViT, in patches and pixels" { definitions vit; }
@test "definitions: computed weights, masks, chosen heads and NaN" { definitions computed; }

@test "definitions: the induction heads of GPT-2 are found by either definition" {
    needs_real gpt2_heads_37.json
    definitions real
}

@test "definitions: the JSON is what its schema says" {
    "$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "jsonschema is not installed"
    for definition in transformerlens arena gu2024 clark2019; do
        attn stats "$DATA/induction.json" -q --definition $definition -o $definition.json
    done
    attn stats "$DATA/patches.json" --definition vit -o vit.json
    "$PYTHON" - "$ROOT/docs/attn-sheet.schema.json" ./*.json <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    jsonschema.validate(json.load(open(path)), schema)
END
}

@test "definitions: a table for people, without blanks at its ends" {
    attn stats "$DATA/induction.json" --definition transformerlens --format table >table
    lacks ' $' table
    same "$(sed -n 5p table)" '      1      0     0.161      0.001      0.367'
    same "$(tail -1 table)" 'exclude_current_token: no'
}

@test "definitions: --sort takes the measures of the definition, and no other" {
    same "$(attn stats "$DATA/induction.json" --definition transformerlens --sort induction_head | jq -c '[.heads[].layer]')" "[1,0]"
    same "$(attn stats "$DATA/induction.json" --definition transformerlens --sort -induction_head --best 1 | jq -c '[.heads[].layer]')" "[0]"
    fails 2 '--sort is "induction": did you mean induction_head?' attn stats "$DATA/induction.json" --definition transformerlens --sort induction
    fails 2 '--sort is "entropy": expected no --sort here' attn stats "$DATA/induction.json" --definition clark2019 --sort entropy
}

@test "definitions: what they cannot be of is named" {
    fails 2 '--definition is "areana": did you mean arena?' attn stats "$DATA/induction.json" --definition areana
    fails 2 '--epsilon: expected --definition gu2024 beside it' attn stats "$DATA/induction.json" --epsilon 0.2
    fails 2 '--exclude-bos: expected --definition transformerlens beside it' attn stats "$DATA/induction.json" --definition arena --exclude-bos
    fails 3 '--definition arena is of queries that are keys: expected as many of both, not 5 queries and 6 keys' \
        attn stats "$DATA/cross.json" --definition arena
    fails 3 '--definition vit is of patches: expected grid in the input, as [rows, columns]' attn stats "$DATA/sentence.json" --definition vit
    jq '.grid = [2, 3]' "$DATA/sentence.json" >x.json
    attn stats x.json --definition vit | jq -e '.heads | length == 2' >/dev/null
    echo '{"attention":[[[[1,0],[0.5,0.5]],[[0.75,0.25],[0,1]]]]}' >x.json
    fails 3 '--error-measure abs is of causal weights, and layer 0 head 1 has 0.25 on key 1 for query 0: expected 0 on later keys' \
        attn stats x.json --definition transformerlens --error-measure abs
    echo '{"attention":[[[[1,0],[0.5,0.5]]],[[[1,0,0],[0.5,0.5,0],[0,0,1]]]]}' >x.json
    fails 3 '--definition clark2019: layers 0 and 1 differ in size, and have no distance; choose those that agree with --layer' \
        attn stats x.json -q --definition clark2019
    same "$(attn stats x.json -q --definition gu2024 | jq -c '[.heads[].keys]')" "[2,3]"
    echo '{"q":[[1],[2]],"k":[[1],[2]]}' >x.json
    fails 1 '1×1×2×2 weights are more than the 3 that --max-weights allows to be held: --definition cannot be had; raise it' \
        attn stats x.json --max-weights 3 --definition arena
    attn stats "$DATA/induction.json" --definition arena 2>&1 >x.json |
        grep -qF 'warning: --definition arena: induction_attn is of a first token and then a sequence that comes twice, which these 8 tokens are not'
}

@test "definitions: each allocation fails once" {
    needs_failing_malloc
    export OMP_NUM_THREADS=1 LD_PRELOAD=$FAILING_MALLOC ATTN_COUNT_TO=$PWD/total
    local definition total n status
    for definition in transformerlens clark2019; do
        unset ATTN_FAIL_AT
        "$ATTN" stats "$DATA/induction.json" --definition $definition --format csv -o want.csv
        read -r total _ <total
        [ "$total" -gt 20 ]
        for ((n = 1; n <= total; n++)); do
            status=0
            rm -f got.csv
            ATTN_FAIL_AT=$n "$ATTN" stats "$DATA/induction.json" --definition $definition --format csv -o got.csv 2>err || status=$?
            if [ $status = 0 ]; then
                cmp want.csv got.csv
            else
                [ $status = 1 ]
                grep -q 'not enough memory' err
                [ ! -e got.csv ]
            fi
        done
    done
}
