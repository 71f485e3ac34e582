# --leave-out and --renormalize: weights without some tokens.
load helper

leave() {
    numpy check_leave.py "$@"
}

@test "leave: weights, masks and labels are those of the tokens that stay" { leave weights; }
@test "leave: measures are those of what is left, also when it is read again" { leave measures; }

@test "leave: tokens by label, number and kind" {
    echo '{"tokens":["<s>","▁a","b,c","[PAD]","<|x|>","▁a","<0x0A>"],"attention":[[1,0,0,0,0,0,0],[1,0,0,0,0,0,0],[1,0,0,0,0,0,0],
        [1,0,0,0,0,0,0],[1,0,0,0,0,0,0],[1,0,0,0,0,0,0],[1,0,0,0,0,0,0]]}' >x.json
    left() {
        attn run x.json "$@" -o - | jq -c .tokens
    }
    same "$(left --leave-out special)" '["▁a","b,c","▁a","<0x0A>"]'
    same "$(left --leave-out a)" '["<s>","b,c","[PAD]","<|x|>","<0x0A>"]'
    same "$(left --leave-out ▁a,0)" '["b,c","[PAD]","<|x|>","<0x0A>"]'
    same "$(left --leave-out b,c)" '["<s>","▁a","[PAD]","<|x|>","▁a","<0x0A>"]'
    same "$(left --leave-out b,c --leave-out=first,6)" '["▁a","[PAD]","<|x|>","▁a"]'
    echo '{"attention":[[1,0],[0,1]]}' >y.json
    same "$(attn run y.json --leave-out special -o - 2>&1 >/dev/null)" 'attn: warning: --leave-out special: no key is a special token'
    same "$(attn run y.json --leave-out 0 -o - | jq -c .tokens)" '["1"]'
}

@test "leave: rows that do not sum to 1 are told of all tokens, and not of those that stay" {
    echo '{"tokens":["a","b"],"attention":[[0.5,0.5],[0.5,0.1]]}' >x.json
    same "$(attn run x.json --leave-out a -o - 2>&1 >/dev/null)" \
        'attn: warning: x.json: attention: 1 of 2 rows do not sum to 1 (their sums go from 0.6 to 0.6); shown as they are'
    same "$(attn run "$DATA/sentence.json" --leave-out the -o left.json 2>&1)" ''
    same "$(attn run left.json -o again.json 2>&1)" ''
    echo '{"causal":true,"attention":[[0.5,0.2,0.3],[0.5,0.2,0.3],[0.5,0.2,0.3]]}' >x.json
    same "$(attn run x.json --leave-out first -o y.json 2>&1)" 'attn: warning: weight on forbidden pairs (3 of them); it is shown'
    echo '{"tokens":["a","b"],"key_tokens":["c","d"],"attention":[[1,0],[0.5,0.5]]}' >x.json
    same "$(attn run x.json --leave-out c --renormalize -o - 2>err | jq -c '.weights[0][0]')" '[[0],[1]]'
    same "$(cat err)" 'attn: warning: --renormalize: 1 of 2 rows have nothing left, and stay 0'
}

@test "leave: every output has what stays" {
    attn run "$DATA/causal.json" --leave-out first,a -o x.json -o x.npz -o x.csv -o x.png -q
    attn run x.json -o a.png -q
    attn run x.npz -o b.png -q
    cmp a.png b.png
    same "$(head -1 x.csv | tr -d '\r')" "$(head -1 x.csv | tr -d '\r' | grep -v Once)"
    same "$(jq -c '.selection' x.json)" '{"layers":[0],"heads":[0,1],"average":null,"queries":[0,5],"keys":[0,5],"left_out":true}'
    same "$(jq -c '.tokens' x.json)" '["upon","time","there","was","fox"]'
    for threads in 1 4; do
        attn run "$DATA/causal.json" --leave-out first,a --threads "$threads" -o - -q | cmp - x.json
    done
    attn run "$DATA/causal.json" --leave-out first,a --queries 1:3 --keys 2 -o - -q >part.json
    same "$(jq -c '.weights' part.json)" "$(jq -c '[[.weights[0][] | [.[1:3][] | [.[2]]]]]' x.json)"
}

@test "bug: a result that was cut, read and written again, forgot that it is a part, and its rows were warned of" {
    local words from to
    for words in '--leave-out first' '--keys 0:3'; do
        # shellcheck disable=SC2086 # two words
        attn run "$DATA/causal.json" $words -q -o cut.json -o cut.npz
        for from in json npz; do
            attn run cut.$from -q -o again.json -o again.npz
            attn convert cut.$from -q -o made.json
            for to in again.json again.npz made.json; do
                same "$(attn run $to -o twice.json --format none 2>&1)" ''
                [ "$words" != '--leave-out first' ] || same "$(jq -c .selection.left_out twice.json)" true
            done
        done
    done
    attn run "$DATA/causal.json" -q -o whole.json
    same "$(attn run whole.json -o - -q | jq -c .selection)" null
}

@test "leave: heads that are sorted by a measure, picked, averaged, of layers of different size" {
    attn stats "$DATA/induction.json" --leave-out first --sort previous_token --best 1 >best.json
    attn run "$DATA/induction.json" --leave-out first --sort previous_token --best 1 -o x.json -q
    same "$(jq -c '[.heads[0].layer, .heads[0].head]' best.json)" "$(jq -c '[.selection.layers[0], .selection.heads[0]]' x.json)"
    attn run "$DATA/induction.json" --leave-out first --pick "$(jq -r '[.heads[0].layer, .heads[0].head] | join(".")' best.json)" -o y.json -q
    same "$(jq -c .weights x.json)" "$(jq -c .weights y.json)"
    attn run "$DATA/induction.json" --leave-out first -o all.json -q
    attn run "$DATA/induction.json" --leave-out first --average heads,layers -o mean.json -q
    jq -e -n '[inputs] | (.[0].weights | [.[0][0][3][1], .[1][0][3][1]] | add / 2) - .[1].weights[0][0][3][1] | fabs < 1e-7' all.json mean.json
    echo '{"tokens":["a","b"],"layers":[{"attention":[[1,0],[0.25,0.75]]},{"tokens":["a","c","d"],"attention":[[1,0,0],[0,1,0],[0.5,0.25,0.25]]}]}' >x.json
    same "$(attn run x.json --leave-out a -o - | jq -c '.weights')" '[[[[0.75]]],[[[1,0],[0.25,0.25]]]]'
}

@test "leave: diff of two inputs, and of one with and without" {
    local x=$DATA/causal.json
    attn diff "$x" "$x" --leave-out first --tolerance 0 >/dev/null
    same "$(attn diff "$x" --against '--leave-out first' | jq -c '.heads[0] | [.keys, .max]')" \
        '[{"both":7,"a":1,"b":0,"by":"token"},0]'
    same "$(attn diff "$x" --leave-out first --against=--renormalize | jq -c '.heads[0] | [.at, .values]')" '[[0,0],[0.5,1]]'
    fails 2 'A: --leave-out is "on": expected first, special, a number below 8, or a token of the keys' attn diff "$x" "$x" --leave-out on
}

@test "leave: texts of a data set need not have each of the tokens" {
    printf '%s\n' '{"tokens":["[CLS]","a"],"attention":[[1,0],[0.5,0.5]]}' \
        '{"tokens":["b","c","[SEP]"],"attention":[[0,0,1],[0.5,0.5,0],[0.2,0.2,0.6]]}' >set.jsonl
    same "$(attn stats --data-set set.jsonl --leave-out '[CLS],[SEP]' --renormalize 2>err | jq -c '[.inputs, .heads[0].max_weight]')" '[2,0.5]'
    same "$(cat err)" 'attn: warning: set.jsonl:1: --leave-out: no key is "[SEP]"
attn: warning: set.jsonl:2: --leave-out: no key is "[CLS]"
attn: warning: set.jsonl:2: --renormalize: 1 of 2 rows have nothing left, and stay 0'
}

@test "leave: what a run says of its cost is that of all tokens" {
    same "$(attn run "$DATA/causal.json" -v --leave-out first -o x.json 2>&1 | sed -n 's/ peak.*//; s/^cost //p')" \
        "$(attn run "$DATA/causal.json" -v -o y.json 2>&1 | sed -n 's/ peak.*//; s/^cost //p')"
    same "$(attn run "$DATA/causal.json" -v --leave-out first -o x.json 2>&1 | grep left)" 'attn: tokens are left out: 7 queries and 7 keys stay'
}

@test "leave: what cannot be left out is refused" {
    local x=$DATA/sentence.json
    fails 2 '--leave-out is "moues": did you mean mouse?' attn run "$x" --leave-out moues -o -
    fails 2 '--leave-out is "Cat": did you mean cat?' attn stats "$x" --leave-out first,Cat
    fails 2 '--leave-out is "zebra": expected first, special, a number below 6, or a token of the keys' attn run "$x" --leave-out zebra -o -
    fails 2 '--leave-out is "6": expected first, special, a number below 6, or a token of the keys' attn run "$x" --leave-out 6 -o -
    fails 2 '--leave-out is "": expected first, special, a number below 6, or a token of the keys' attn run "$x" --leave-out the, -o -
    fails 2 '--leave-out leaves no key: expected fewer tokens' attn run "$x" --leave-out 0,1,2,3,4,5 -o -
    fails 2 '--renormalize divides rows by what --leave-out leaves of them: expected both' attn stats "$x" --renormalize
    fails 2 '--leave-out and --words: expected one of them' attn run "$x" --leave-out first --words -o -
    fails 2 '--leave-out and --steps: expected one of them' attn run "$x" --leave-out first --steps -o x.png
    fails 2 '--stage output is of all tokens: with --leave-out there are weights and mask' attn run "$x" --leave-out first --stage output -o x.png
    fails 1 '1×2×6×6 weights are more than the 3 that --max-weights allows to be held: --leave-out cannot be had; raise it' \
        attn run "$x" --leave-out first --max-weights 3 -o -
    fails 2 '--leave-out takes 1 of the 96 patches of the grid: expected tokens that are none' attn run "$DATA/patches.json" --leave-out 3 -o x.png
    echo '{"words":[0,0],"attention":[[1,0],[0.5,0.5]]}' >x.json
    fails 2 '--leave-out is of tokens, and here they are joined to words: add --words=no' attn run x.json --leave-out first -o -
    attn run x.json --leave-out first --words=no -o y.json
    echo '{"attention":[[0.5,0.5]],"tokens":["b"],"key_tokens":["a","b"],"causal":"end"}' >x.json
    fails 2 '--leave-out leaves no query: expected fewer tokens' attn run x.json --leave-out b -o -
}

@test "leave: patches of a grid stay where they are when the class is left out" {
    attn run "$DATA/patches.json" --leave-out first --look-from 5 -o left.png -q
    attn run "$DATA/patches.json" --look-from 6 -o whole.png -q
    attn run "$DATA/patches.json" --leave-out first --grid-offset 1 --look-from 5 -o offset.png -q
    cmp left.png offset.png
}
