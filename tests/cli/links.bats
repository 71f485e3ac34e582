# attn stats --links: how well heads align two sentences. Python computes it over sets of links.
load helper

links() {
    numpy check_links.py "$@"
}

@test "links: error rate, precision, recall, coverage, order and the alignment of 500 heads" { links random; }
@test "links: chosen queries and keys, lines, and means over heads and layers" { links ranges; }
@test "links: heads of a trained reader of reactions" { links reaction; }
@test "links: attention as a translator wrote it" { links translator; }

@test "links: the JSON is what its schema says" {
    "$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "jsonschema is not installed"
    echo '0-0 1-1 2p4' >gold.txt
    attn stats "$DATA/cross.json" --links gold.txt -o a.json
    attn stats "$DATA/cross.json" --links gold.txt --average heads -o b.json
    "$PYTHON" - "$ROOT/docs/attn-sheet.schema.json" a.json b.json <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    jsonschema.validate(json.load(open(path)), schema)
END
}

@test "links: what is no link is named with its place" {
    cp "$DATA/cross.json" x.json
    try() { # COLUMN TEXT MESSAGE…
        printf '%s\n' "$2" >gold.txt
        fails 3 "gold.txt:1:$1: $3" attn stats x.json --links gold.txt "${@:4}"
    }
    local no='is no link: expected two numbers, as 3-4, or 3p4 for a possible one'
    try 5 '0-0 1:1' "\"1:1\" $no"
    try 1 '0-0-0' "\"0-0-0\" $no"
    try 1 '-1' "\"-1\" $no"
    try 5 '1-1 2-' "\"2-\" $no"
    try 1 '99999999999999999999-1' "\"99999999999999999999-1\" $no"
    try 1 '6-0' '"6-0" links key 6 and query 0, and there are 6 keys and 5 queries, from 0 on'
    try 5 '0-0 4-5' '"4-5" links key 4 and query 5, and there are 6 keys and 5 queries, from 0 on: --links-reverse exchanges them'
    try 1 '0-1' '"0-1" is a link of word 0: with --links-first 1 they count from 1' --links-first 1
    printf '0-0\0001-1\n' >gold.txt
    fails 3 "gold.txt:1:1: \"0-0\" $no" attn stats x.json --links gold.txt
    printf '0-0\n1-1\n' >gold.txt
    fails 2 'gold.txt: there is no line 2: expected 0 to 1' attn stats x.json --links gold.txt --links-line 2
    attn stats x.json --links gold.txt 2>&1 >y.json | grep -qx 'attn: warning: gold.txt: the first of 2 lines is taken; --links-line N takes another, counted from 0'
    : >gold.txt
    same "$(attn stats x.json --links gold.txt | jq -c '[.sure, .heads[0].recall, .heads[0].precision]')" '[0,null,0]'
    fails 1 'nope.txt: No such file or directory' attn stats x.json --links nope.txt
}

@test "links: the line of a file of several is that of the sentence, if one is chosen" {
    printf '0-0\n1-1 2-2\n' >gold.txt
    printf 'a b ||| 1,0 0,1\na b c ||| 1,0,0 0,1,0 0,0,1\n' >marian.txt
    same "$(attn stats marian.txt --batch 1 --links gold.txt | jq -c '[.sure, .heads[0].recall]')" '[2,1]'
    same "$(attn stats marian.txt --batch 1 --links gold.txt --links-line 0 | jq -c '[.sure, .heads[0].recall]')" '[1,1]'
    echo 1-1 >gold.txt
    same "$(attn stats marian.txt --batch 1 --links gold.txt | jq -c '[.sure, .heads[0].recall]')" '[1,1]'
}

@test "links: standard input is the weights or the links, and not both" {
    cp "$DATA/cross.json" x.json
    fails 2 '- (standard input) can be read once only' attn stats - --links - <x.json
    fails 2 '- (standard input) can be read once only' attn stats x.json --tokens - --links - <x.json
    echo '0-0' >gold.txt
    attn stats x.json --links gold.txt | grep -v '^"links"' >want
    attn stats x.json --links - <gold.txt | grep -v '^"links"' | diff want -
    attn stats - --links gold.txt <x.json | grep -v '^"links"' | diff want -
}

@test "links: options that go with them go with nothing else" {
    cp "$DATA/cross.json" x.json
    echo '0-0' >gold.txt
    fails 2 '--queries and --keys: expected --links, --dtw or --apc beside them' attn stats x.json --keys 1:2
    fails 2 '--average: expected --links or --apc beside it' attn stats x.json --average heads --definition arena
    fails 2 '--links-line: expected --links beside it' attn stats x.json --links-line 0
    fails 2 '--links-reverse: expected --links beside it' attn stats x.json --links-reverse
    fails 2 '--definition and --links: expected one of them' attn stats x.json --links gold.txt --definition arena
    fails 2 '--links-first is "2": expected a whole number from 0 to 1' attn stats x.json --links gold.txt --links-first 2
    echo '{"attention":[[[[1,0],[0.5,0.5]]],[[[1,0,0],[0.5,0.5,0],[0,0,1]]]]}' >y.json
    fails 3 '--links: layers 0 and 1 differ in size, and have no words in common; choose those that agree with --layer' \
        attn stats y.json -q --links gold.txt
    same "$(attn stats y.json -q --links gold.txt --layer 1 | jq -c '.heads[0].alignment')" '"0-0 0-1 2-2"'
}

@test "links: each allocation fails once" {
    needs_failing_malloc
    export OMP_NUM_THREADS=1 LD_PRELOAD=$FAILING_MALLOC ATTN_COUNT_TO=$PWD/total
    local total n status
    unset ATTN_FAIL_AT
    echo '0-0 1-1 2p4' >gold.txt
    "$ATTN" stats "$DATA/cross.json" --links gold.txt --format csv -o want.csv
    read -r total _ <total
    [ "$total" -gt 20 ]
    for ((n = 1; n <= total; n++)); do
        status=0
        rm -f got.csv
        ATTN_FAIL_AT=$n "$ATTN" stats "$DATA/cross.json" --links gold.txt --format csv -o got.csv 2>err || status=$?
        if [ $status = 0 ]; then
            cmp want.csv got.csv
        else
            [ $status = 1 ]
            grep -q 'not enough memory' err
            [ ! -e got.csv ]
        fi
    done
}
