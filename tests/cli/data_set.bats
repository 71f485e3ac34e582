# attn stats --data-set: measures over many inputs. NumPy computes their means and variances from those of each.
load helper

data_set() {
    numpy check_stats_set.py "$@"
}

# Three inputs of two layers and one head, of 2, 3 and 2 tokens.
three() {
    echo '{"attention": [[[[1, 0], [0.5, 0.5]]], [[[1, 0], [1, 0]]]]}' >a.json
    echo '{"attention": [[[[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]], [[[1, 0, 0], [0, 1, 0], [0, 1, 0]]]]}' >b.json
    echo '{"attention": [[[[0, 1], [0, 1]]], [[[1, 0], [0.25, 0.75]]]]}' >c.json
    cat a.json b.json c.json >x.jsonl
}

@test "data set: means, sample variances, counts and commonest places, of inputs of every length and what some lack" { data_set means; }
@test "data set: entropy and first token are NumPy's, from q and k on" { data_set weights; }
@test "data set: a .jsonl is its lines as files, byte for byte, for any number of threads" { data_set lines; }
@test "data set: --sort, --best, CSV and pictures go by the means" { data_set order; }
@test "data set: labels are those of the means, and many short texts have one that none has alone" { data_set labels; }
@test "data set: memory is that of the largest line" {
    if under_asan; then skip "AddressSanitizer keeps what was freed"; fi
    data_set memory
}

@test "data set: one input has its own numbers as means, and no variance" {
    three
    attn stats b.json -q >one.out
    attn stats --data-set b.json -q >set.out
    same "$(jq -c '.inputs, [.heads[] | .variance[], (.count[] | select(. > 1))] == [.heads[].variance[] | null]' set.out)" $'1\ntrue'
    same "$(jq -c '[.heads[] | del(.max_at, .variance, .count)]' set.out)" "$(jq -c '[.heads[] | del(.max_at)]' one.out)"
    same "$(cat b.json | attn stats --data-set - -q)" "$(cat set.out)"
}

@test "data set: without the option several inputs are one" {
    attn run "$DATA/sentence.json" --stage weights --format none -o w.npz
    echo '["The", "cat", "sat", "on", "a", "mat"]' >t.json
    same "$(attn stats w.npz --tokens t.json -q | jq -c '.inputs, .heads[0].variance')" $'null\nnull'
    three
    fails 3 'b.json:1:15: attention is given twice: expected it once, and it is already in a.json:1:15' attn stats a.json b.json
}

@test "data set: inputs whose layers and heads differ are named, both" {
    three
    echo '{"attention": [[[[1, 0], [0.5, 0.5]]]]}' >one.json
    echo '{"attention": [[[[1, 0], [0.5, 0.5]], [[1, 0], [0.5, 0.5]]], [[[1, 0], [0.5, 0.5]], [[1, 0], [0.5, 0.5]]]]}' >two.json
    local expected='expected the same layers and heads in all inputs of a data set'
    fails 3 "one.json: 1 layer of 1 head, unlike a.json, which has 2 of 1: $expected" attn stats --data-set a.json one.json b.json -o y.json
    fails 3 "one.json: 1 layer of 1 head, unlike a.json, which has 2 of 1: $expected" attn stats --data-set a.json one.json --layer 0 -o y.json
    fails 3 "two.json: 2 layers of 2 heads, unlike x.jsonl:1, which has 2 of 1: $expected" attn stats --data-set x.jsonl two.json --head 0
    cat one.json >>x.jsonl
    fails 3 "x.jsonl:4: 1 layer of 1 head, unlike a.json, which has 2 of 1: $expected" attn stats --data-set a.json x.jsonl
    jq '.grid = [1, 2]' a.json >g.json
    fails 3 'g.json has a grid of patches, unlike a.json: expected distances of one unit in all inputs of a data set' attn stats --data-set a.json g.json
    fails 3 'a.json has no grid of patches, unlike g.json: expected distances of one unit in all inputs of a data set' attn stats --data-set g.json a.json
}

@test "data set: what is wrong in a line is named by file and line" {
    three
    sed '2s/"attention"/"attnetion"/' x.jsonl >y.jsonl
    fails 3 'y.jsonl:2:15: the key "attnetion" is not understood, and would change the result; did you mean "attention"?' attn stats --data-set y.jsonl
    sed '3s/}$//' x.jsonl >y.jsonl
    fails 3 "y.jsonl:3:61: expected ',' or '}', found the end of the file" attn stats --data-set y.jsonl -o y.json
    printf '\n\n[1, 2\n' >y.jsonl
    fails 3 "y.jsonl:3:6: expected ',' or ']', found the end of the file" attn stats --data-set a.json y.jsonl
    printf '%s\n' '{"q": [[1, 0]], "k": [[1, 0]]}' '{"q": [[1, 0]], "k": [[1, 0, 2]]}' >y.jsonl
    fails 3 'y.jsonl:2:22: q is 1×2 and k is 1×3: they must agree in d_k' attn stats --data-set y.jsonl
    fails 2 'x.jsonl:1: there is no layer 7: expected 0 to 1, or -2 to -1, counted from the end' attn stats --data-set x.jsonl --layer 7
    sed '2s/1, 0, 0/2, 0, 0/' x.jsonl >y.jsonl
    local warning='attention: 1 of 6 rows do not sum to 1 (their sums go from 2 to 2); shown as they are'
    same "$(attn stats --data-set y.jsonl 2>&1 >y.json | head -1)" "attn: warning: y.jsonl:2: $warning"
    sed -n 2p y.jsonl >y.json
    same "$(attn stats --data-set y.json y.json 2>&1 >z.json | grep -cFx "attn: warning: y.json: $warning")" 2
}

@test "data set: what is wrong with a command line" {
    three
    : >empty.jsonl
    printf ' \n\n' >blank.jsonl
    fails 2 '--data-set: expected an INPUT, or several' attn stats --data-set
    fails 3 'empty.jsonl: the file is empty: expected an input in JSON a line' attn stats --data-set empty.jsonl
    fails 3 'blank.jsonl: the file is empty: expected an input in JSON a line' attn stats --data-set x.jsonl blank.jsonl
    fails 1 'nope.jsonl: No such file or directory' attn stats --data-set x.jsonl nope.jsonl
    fails 1 'nope.json: No such file or directory' attn stats --data-set nope.json x.jsonl
    fails 2 '--data-set and --per-row: expected one of them' attn stats --data-set x.jsonl --per-row
    fails 2 '--definition and --data-set: expected one of them' attn stats --data-set x.jsonl --definition arena
    fails 2 '--similar and --data-set: expected one of them' attn stats --data-set x.jsonl --similar
    fails 2 'no head has induction: expected another measure to draw' attn stats --data-set x.jsonl -q --measure induction -o x.png
}

@test "data set: -v says once how long all took, and layers of different size are matched by number" {
    echo '{"attention": [[[[1, 0], [0.5, 0.5]]], [[[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]]]}' >x.json
    echo '{"attention": [[[[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]], [[[1, 0], [0, 1]]]]}' >y.json
    attn stats --data-set x.json y.json -v >z.json 2>err
    same "$(grep -c '^time read=' err)" 1
    same "$(jq -c '[.heads[] | [.layer, .keys, .self]]' z.json)" "[[0,5,0.7916667],[1,5,0.9166667]]"
    same "$(attn stats --data-set x.json y.json -q --layer 1,0 | jq -c '[.heads[].layer]')" "[1,0]"
}

@test "data set: the JSON is what its schema says" {
    "$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "jsonschema is not installed"
    three
    attn stats --data-set x.jsonl -q >a.out
    attn stats --data-set "$DATA/sentence.json" "$DATA/causal.json" --title T >b.out
    "$PYTHON" - "$ROOT/docs/attn-stats.schema.json" a.out b.out <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    jsonschema.validate(json.load(open(path)), schema)
assert json.load(open("b.out"))["title"] == "T"
END
}

@test "data set: each allocation fails once" {
    needs_failing_malloc
    three
    export OMP_NUM_THREADS=1 LD_PRELOAD=$FAILING_MALLOC ATTN_COUNT_TO=$PWD/total
    local total n status
    "$ATTN" stats --data-set x.jsonl a.json -q -o want.json
    read -r total _ <total
    [ "$total" -gt 20 ]
    for ((n = 1; n <= total; n++)); do
        status=0
        rm -f got.json
        ATTN_FAIL_AT=$n "$ATTN" stats --data-set x.jsonl a.json -q -o got.json 2>err || status=$?
        if [ $status = 0 ]; then
            cmp want.json got.json
        else
            [ $status = 1 ]
            grep -q 'not enough memory' err
            [ ! -e got.json ]
        fi
    done
}
