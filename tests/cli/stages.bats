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

@test "heads: there are none without v, and of given weights" {
    fails 3 'there is no stage heads: the input has no v' attn run "$DATA/alibi.json" --stage heads -o -
    echo '{"attention":[[1]]}' >x.json
    fails 3 'there is no stage heads: the weights were given, nothing is computed' attn run x.json --stage heads -o -
}
