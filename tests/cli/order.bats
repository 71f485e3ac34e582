# Tokens that change places (--order, --shuffle). NumPy rearranges inputs, and computes how far outputs move (tests/numpy/check_order.py).
load helper

order() {
    numpy check_order.py "$@"
}

@test "order: what goes with a token, and what stays with the place" { order inputs; }
@test "order: attention is equivariant, and with positions it is not, as far as NumPy says" { order equivariance; }
@test "order: --shuffle is fair, and the same for any number of threads; stats and explain take an order, too" { order shuffle; }
@test "order: a picture has both orders, the changed one carried back" { order picture; }

@test "order: the table says of each token where it went, and how far its output moved" {
    attn run "$DATA/projections.json" --order 4,3,2,1,0 --position rotary --format table -o p.png >lines
    same "$(sed -n '7,9p;13p' lines)" 'layer  token  place → place      moved
    0  "I"        0 → 4          0.351
    0  "saw"      1 → 3         0.6382
(outputs moved by 0.6382 at most, of a length of up to 0.7625: positions, masks or dropout go by places)'
    attn run "$DATA/projections.json" --order 4,3,2,1,0 --format table -o p.png | tail -1 | grep -q 'in this order nothing goes by places (equivariant))$'
    attn sample random --n 100 --d 4 | attn run - --shuffle 1 --format table -o p.png >lines
    same "$(sed -n '6,$p' lines | grep -c .)" 1
}

@test "order: the JSON is what its schema says, and an input again" {
    "$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "jsonschema is not installed"
    attn run "$DATA/induction.json" --shuffle 4 -o a.json
    "$PYTHON" - "$ROOT/docs/attn-output.schema.json" a.json <<'END_OF'
import json, sys
import jsonschema
jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))
END_OF
    attn run a.json -o b.json 2>err
    [ ! -s err ]
    same "$(jq -c .weights b.json)" "$(jq -c .weights a.json)"
}

@test "order: a folder has order.png beside its pictures, and more heads than rows are told of" {
    attn run "$DATA/sentence.json" --order 5,4,3,2,1,0 -q -o f/
    same "$(ls f)" 'attention.json
heads.png
layer0-head0.png
layer0-head1.png
order.png'
    attn sample random --heads 6 --n 4 --d 2 | attn run - --shuffle 1 -o x.svg 2>err
    same "$(cat err)" 'attn: warning: the figure of both orders shows the first 4 of 6 heads; --layer and --head choose others'
    attn sample random --heads 6 --n 4 --d 2 | attn run - --shuffle 1 --average heads -o x.svg -q
    attn sample random --heads 6 --n 4 --d 2 | attn run - --shuffle 1 --causal --head 5 -o x.svg -q
    grep -q 'carried back' x.svg
}

@test "order: an order that is no permutation says what is wrong" {
    local x=$DATA/sentence.json
    fails 2 '--order lacks token 5: expected 0 to 5, each once' attn run "$x" --order 0,1,2,3,4 -o y.json
    fails 2 '--order lacks token 0: expected 0 to 5, each once' attn run "$x" --order 1 -o y.json
    fails 2 '--order names token 4 twice: expected 0 to 5, each once' attn run "$x" --order 0,1,2,3,4,4 -o y.json
    fails 2 '--order: there is no token 6: expected 0 to 5, each once' attn run "$x" --order 0,1,2,3,4,6 -o y.json
    fails 2 '--order: there is no token 18446744073709551615: expected 0 to 5, each once' attn run "$x" --order 18446744073709551615 -o y.json
    for wrong in x,1,2 1.5,2 '' 1,,2 '0,1,2,3,4,5,' 99999999999999999999 ' 1' -1; do
        attn run "$x" "--order=$wrong" -o y.json 2>err && return 1
        grep -q '^attn: --order holds ".*": expected the numbers of all tokens with commas between them, as 2,1,0$' err
    done
    fails 2 '--shuffle is "x": expected a whole number from 0 to 1000000000' attn run "$x" --shuffle x -o y.json
}

@test "order: what does not go together" {
    local x=$DATA/sentence.json
    fails 2 '--order and --shuffle: expected one of them' attn run "$x" --order 0 --shuffle 1 -o y.json
    fails 2 '--shuffle and --words: expected one of them' attn run "$x" --words --shuffle 1 -o y.json
    fails 2 '--shuffle and --leave-out: expected one of them' attn run "$x" --leave-out first --shuffle 1 -o y.json
    fails 2 '--shuffle and --queries: expected one of them' attn run "$x" --queries 0:2 --shuffle 1 -o y.json
    fails 2 '--shuffle and --keys: expected one of them' attn run "$x" --keys 0:2 --shuffle 1 -o y.json
    fails 2 '--shuffle and --steps: expected one of them' attn run "$x" --steps --shuffle 1 -o y.png
    fails 2 '--shuffle and a picture with --stage: expected one of them' attn run "$x" --stage scores --shuffle 1 -o y.png
    fails 2 '--shuffle and --view: expected one of them' attn run "$x" --view lines --shuffle 1 -o y.png
    attn run "$x" --stage scores --shuffle 1 -o y.json
    fails 2 '--order and --shuffle compare the outputs of tokens: expected v beside q and k' attn run "$DATA/rotary.json" --shuffle 1 -o z.json
    echo '{"attention": [[1]]}' >given.json
    fails 2 '--shuffle: weights that were given do not change with the order: expected q, k and v, or embeddings' attn run given.json --shuffle 1 -o z.json
    jq '.words = [0, 0, 1, 2, 3, 4]' "$x" >words.json
    fails 2 '--order and --shuffle move tokens, and here they are joined to words: add --words=no' attn run words.json --shuffle 1 -o z.json
    attn run words.json --shuffle 1 --words=no -o z.json
    fails 1 '1×2×6×6 weights are more than the 10 that --max-weights allows to be held: a picture of both orders cannot be had; raise it' \
        attn run "$x" --shuffle 1 --max-weights 10 -o y.png
    attn run "$x" --shuffle 1 --max-weights 10 -o - 2>/dev/null | jq -e '.order.is_equivariant'
}

@test "order: each allocation fails once" {
    needs_failing_malloc
    export OMP_NUM_THREADS=1 LD_PRELOAD=$FAILING_MALLOC ATTN_COUNT_TO=$PWD/total
    local ending total n status
    for ending in json png; do
        unset ATTN_FAIL_AT
        "$ATTN" run "$DATA/projections.json" --shuffle 3 -q -o want.$ending
        read -r total _ <total
        [ "$total" -gt 20 ]
        for ((n = 1; n <= total; n++)); do
            status=0
            rm -f got.$ending
            ATTN_FAIL_AT=$n "$ATTN" run "$DATA/projections.json" --shuffle 3 -q -o got.$ending 2>err || status=$?
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

@test "bug: an order that moves nothing was said to show that nothing goes by places" {
    says() { attn run "$@" --format table -o p.png 2>/dev/null | tail -1; }
    same "$(says "$DATA/projections.json" --order 0,1,2,3,4 --position rotary --causal)" '(the order is the given one: no output could move)'
    echo '{"q":[[1],[2]],"k":[[1],[2]],"v":[[0],[0]],"causal":true}' >x.json
    same "$(says x.json --order 1,0)" '(outputs are 0: no output could move)'
    echo '{"q":[[1],[2]],"k":[[1],[2]],"v":[[NaN],[NaN]]}' >x.json
    same "$(says x.json --order 1,0)" '(outputs are NaN: no output could move)'
    says "$DATA/projections.json" --order 4,3,2,1,0 --dropout 0.3 | grep -q ': positions, masks or dropout go by places)$'
}
