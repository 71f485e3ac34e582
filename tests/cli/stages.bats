# Stages of what heads write: their output before w_o.
load helper

@test "heads: weights·v of each head, which are the output side by side" {
    attn run "$DATA/causal.json" -q --stage heads --stage output -o x.json
    same "$(jq -c '.heads[0] | map(.[3])' x.json)" '[[1.5,1],[2.278621,1]]'
    same "$(jq -c '.heads[0] | [.[0], .[1]] | transpose | map(add)' x.json)" "$(jq -c '.output[0]' x.json)"
}

@test "heads: what comes before a gate, w_o and b_o" {
    echo '{"q":[[0]],"k":[[1],[2]],"v":[[1,2],[3,6]],"heads":1,"gate":[[0,0]],"w_o":[[1],[10]],"b_o":[5]}' >x.json
    same "$(attn run x.json -q --stage heads -o - | jq -c '[.heads, .output]')" '[[[[[2,4]]]],[[[26]]]]'
    attn run x.json -q --stage heads --format none -o x.csv
    same "$(tail -1 x.csv)" '0,0,0,1,0,4'
}

@test "heads: a head of its own, a range of queries, the mean of heads" {
    same "$(attn run "$DATA/causal.json" -q --stage heads --head 1 --queries 2:4 -o - | jq -c .heads)" \
        '[[[[1.4359461,1],[2.278621,1]]]]'
    same "$(attn run "$DATA/causal.json" -q --stage heads --average heads --queries 3 -o - | jq -c .heads)" '[[[[1.8893105,1]]]]'
}

@test "heads: the number of heads is still read from a file that has the stage" {
    local file
    attn run "$DATA/projections.json" -q --stage heads -o x.json -o x.npz -o x.safetensors
    for file in x.json x.npz x.safetensors; do
        same "$(attn run $file -o - 2>&1 | jq -c '[.config.heads, (.weights[0] | length)]')" '[2,2]'
    done
    attn run "$DATA/delta.json" -q --stage heads -o y.json
    same "$(jq -c 'has("weights")' y.json)" false
}

@test "heads: a figure has them between v and the output, and --steps is as it was" {
    local stages=(--stage weights --stage v --stage heads --stage output)
    attn run "$DATA/projections.json" -q "${stages[@]}" -o x.svg
    same "$(grep -o '>[^<]*<' x.svg | grep -cx '>heads<')" 2
    grep -q '>all heads · w_o<' x.svg
    attn run "$DATA/causal.json" -q --steps -o steps.svg
    lacks '>heads<' steps.svg
}

@test "heads: there are none without v" {
    fails 3 'there is no stage heads: the input has no v' attn run "$DATA/alibi.json" --stage heads -o -
    echo '{"attention":[[1]]}' >x.json
    fails 3 'there is no stage heads: the input has no v that fits the weights' attn run x.json --stage heads -o -
    fails 3 'there is no stage scores: the weights were given, no scores are computed' attn run x.json --stage scores -o -
}

@test "contribution: |weight|·‖v·w_o‖ by hand, and its share of the row" {
    echo '{"heads":2,"q":[[0,0],[0,0]],"k":[[1,1],[2,2]],"v":[[3,1],[0,2]],"w_o":[[1,0],[0,10]],"causal":true,"tokens":["a","b"]}' >x.json
    attn run x.json -q --stage contribution --stage contribution_share -o y.json
    same "$(jq -c .contribution y.json)" '[[[[3,0],[1.5,0]],[[10,0],[5,10]]]]'
    same "$(jq -c '.contribution_share[0][1]' y.json)" '[[1,0],[0.33333334,0.6666667]]'
    same "$(jq -c '.contribution_share[0][0]' y.json)" '[[1,0],[1,0]]'
    attn run x.json -q --stage contribution --head 1 -o x.csv --format none
    same "$(tail -2 x.csv)" $'0,1,1,0,b,a,5,0\n0,1,1,1,b,b,10,0'
    fails 3 'x.csv:1:1: this is a table of another stage than the weights: expected a column weight or score' attn run x.csv -o -
}

@test "contribution: without w_o the length of v, of negative weights their size, and nothing of a weight of 0" {
    echo '{"q":[[1],[1]],"k":[[1],[-2]],"v":[[3,4],[6,0]],"recurrence":"linear","scale":1}' >x.json
    same "$(attn run x.json -q --stage contribution -o - | jq -c '[.weights, .contribution]')" '[[[[[1,0],[1,-2]]]],[[[[5,0],[5,12]]]]]'
    echo '{"q":[[1],[1]],"k":[[1],[2]],"v":[[3,4],[NaN,0]],"causal":true}' >nan.json
    same "$(attn run nan.json -q --stage contribution -o - | jq -c '.contribution[0][0]')" '[[5,0],[1.3447071,null]]'
}

@test "contribution: of given weights, with the v that is theirs" {
    echo '{"attention":[[[[0.25,0.75],[1,0]],[[0,1],[1,0]]]],"v":[[[3,4],[0,1]]]}' >x.json
    attn run x.json -q --stage contribution --stage heads -o y.json
    same "$(jq -c '[.contribution, .heads]' y.json)" '[[[[[1.25,0.75],[5,0]],[[0,1],[5,0]]]],[[[[0.75,1.75],[3,4]],[[0,1],[3,4]]]]]'
}

@test "contribution: not with a gate, nor without v" {
    echo '{"q":[[0]],"k":[[1]],"v":[[1]],"gate":[[0]]}' >x.json
    fails 3 'there is no stage contribution: a gate changes the values query by query' attn run x.json --stage contribution -o -
    fails 3 'there is no stage contribution_share: the input has no v' attn run "$DATA/alibi.json" --stage contribution_share -o -
    echo '{"attention":[[1]]}' >x.json
    fails 3 'there is no stage contribution: the input has no v that fits the weights' attn run x.json --stage contribution -o -
    fails 1 '1×2×8×8 weights are more than the 20 that --max-weights allows to be held: --stage contribution cannot be had; raise it' \
        attn run "$DATA/causal.json" --stage contribution --max-weights 20 -o -
}

@test "contribution: pictures have masked cells, and colours from 0 on, of shares to 1" {
    attn run "$DATA/causal.json" -q --stage contribution --head 1 --format none -o x.svg
    grep -q '>masked' x.svg
    grep -q '>contribution weight·‖v‖<' x.svg
    attn run "$DATA/causal.json" -q --stage contribution --head 0 --format none -o lows.png --metadata none
    attn run "$DATA/causal.json" -q --stage contribution --head 0 --vmin 0 --format none -o low.png --metadata none
    cmp lows.png low.png
    attn run "$DATA/projections.json" -q --stage contribution_share --format none -o y.svg
    grep -q '>share of the contributions<' y.svg
    grep -q '>1\.0<' y.svg
    attn run "$DATA/projections.json" -q --stage weights --stage contribution --stage contribution_share --format none -o z.svg
    grep -q '>× ‖v·w_o‖<' z.svg
    grep -q '>÷ row sum<' z.svg
}

@test "contribution: the same bytes for any number of threads" {
    local threads
    for threads in 1 2 5; do
        attn run "$DATA/induction.json" -q --threads $threads --stage contribution --stage contribution_share -o $threads.json
    done
    cmp 1.json 2.json
    cmp 1.json 5.json
}

@test "the pictures of several stages in a folder sort in the order of the steps" {
    local stages=(--stage output --stage contribution --stage v --stage weights --stage masked --stage scores --stage k --stage q)
    attn run "$DATA/causal.json" "${stages[@]}" --average heads -q --format none -o some/
    same "$(cd some && printf '%s ' *heads.png)" \
        '1-q-heads.png 2-k-heads.png 3-scores-heads.png 4-masked-heads.png 5-weights-heads.png 6-v-heads.png 7-output-heads.png 8-contribution-heads.png '
    attn run "$DATA/causal.json" --stage output --stage q --average heads --format table -o two/ | grep '^wrote' >told
    same "$(tr '\n' ' ' <told)" 'wrote two/1-q-layer0-mean.png wrote two/1-q-heads.png wrote two/2-output-layer0.png wrote two/2-output-heads.png wrote two/attention.json '
    attn run "$DATA/alibi.json" --draw-mask --stage encoding --stage scaled -q --format none -o alibi/
    same "$(cd alibi && printf '%s ' *heads.png)" '1-scaled-heads.png 2-encoding-heads.png 3-mask-heads.png '
    attn run "$DATA/rotary.json" --stage encoding --stage q -q --format none -o rotary/
    same "$(cd rotary && printf '%s ' *heads.png)" '1-encoding-heads.png 2-q-heads.png '
    attn run "$DATA/causal.json" "${stages[@]}" --stage heads --stage mask -q --format none -o all/
    same "$(cd all && printf '%s ' *heads.png)" '01-q-heads.png 02-k-heads.png 03-scores-heads.png 04-mask-heads.png 05-masked-heads.png 06-weights-heads.png 07-v-heads.png 08-heads-heads.png 09-output-heads.png 10-contribution-heads.png '
    attn run "$DATA/causal.json" --stage scores -q --format none -o one/
    same "$(cd one && printf '%s ' *)" 'attention.json heads-scores.png layer0-head0-scores.png layer0-head1-scores.png '
}
