# What is shown of a result: layers and heads from the end, means, words, patches, steps (tests/numpy/check_shown.py).
load helper

shown() {
    DATA=$DATA numpy check_shown.py "$@"
}

@test "layers and heads from the end are those of NumPy's slices" { shown from_the_end; }

@test "layers and heads from the end: what there is not is named, with the range" {
    attn sample sentence >x.json
    attn sample induction >two.json
    fails 2 'there is no head -3: expected 0 to 1, or -2 to -1, counted from the end' attn run x.json --head -3 -o y.json
    fails 2 'there is no layer -2: expected 0, the only one' attn run x.json --layer=-2 -o y.json
    fails 2 'there is no layer 2: expected 0 to 1, or -2 to -1, counted from the end' attn run two.json --layer 0:3 -o y.json
    fails 2 'there is no layer -3: expected 0 to 1, or -2 to -1, counted from the end' attn run two.json --layer :-3 -o y.json
    fails 2 '--layer 1:-1 is from 1 up to, not with, 1: expected a range that holds a layer' attn run two.json --layer 1:-1 -o y.json
    fails 2 '--head names head 1 twice' attn run x.json --head 1,-1 -o y.json
    fails 2 'there is no head -3: expected 0 to 1, or -2 to -1, counted from the end' attn explain x.json --head -3
    fails 2 'explain takes one layer; see attn run --stage for several' attn explain two.json --layer -2:
    for wrong in '' : - 3:2 -2:-3 1:0 -0 0,: 4097 -4097 1x; do
        fails 2 "--head is \"$wrong\": expected numbers and ranges, such as 0,3,5:8, or -1 for the last" attn run x.json "--head=$wrong" -o y.json
    done
    same "$(attn explain x.json --head -1)" "$(attn explain x.json --head 1)"
    same "$(attn explain two.json --layer -1)" "$(attn explain two.json --layer 1)"
    same "$(attn explain two.json --layer -2)" "$(attn explain two.json)"
}

@test "layers that are not chosen are not computed, but below one that is made of them" { shown chosen_layers; }

@test "a layer that has a title is called so over its panels, and keeps it when it is converted and where tokens are left out" {
    title='step 150, an ää title that is longer than a panel has room for'
    jq -n --arg t "$title" '{layers: [{title: "step 0", q: [[1],[2]], k: [[1],[2]]}, {title: $t, q: [[1],[2]], k: [[1],[2]]}, {q: [[1],[2]], k: [[1],[2]]}]}' >x.json
    titles() { attn run "$@" --cell 99 -q -o x.svg && grep -oE '>(step|layer)[^<]*' x.svg; }
    local wanted='>step 0
>step 150, an ää title tha…
>layer 2'
    same "$(titles x.json)" "$wanted"
    attn convert x.json -o x.npz
    same "$(titles x.npz)" "$wanted"
    same "$(titles x.json --leave-out first | cut -c1-10)" "$(cut -c1-10 <<<"$wanted")"
    same "$(titles x.json --words | cut -c1-10)" "$(cut -c1-10 <<<"$wanted")"
    same "$(titles x.json --layer 0)" '>step 0'
    echo '{"layers":[{"title":3,"q":[[1]],"k":[[1]]}]}' >x.json
    fails 3 'x.json:1:21: title: expected a string, found a number' attn run x.json -o y.json
}

@test "means over heads, layers and both are NumPy's, of every stage and in every format" { shown means; }
@test "files, tables and CSV say what a mean is over" { shown mean_names; }

@test "words: columns are summed and rows averaged, of weights and masks alike" { shown words; }
@test "words of a sequence are those of its queries and keys" { shown words_of_a_sequence; }
@test "words are found by the markers of pieces" { shown pieces; }

@test "words: what they cannot be is named" {
    echo '{"attention":[[1,0],[0,1]],"words":[0,0.5]}' >x.json
    fails 3 'x.json:1:36: words holds 0.5 at [1]: expected whole numbers, or null for a token by itself' attn run x.json -o y.json
    fails 2 '--words is "piece": did you mean pieces?' attn run x.json --words=piece -o y.json
    echo '{"attention":[[1,0],[0,1]],"words":[0,0,1]}' >x.json
    fails 3 'x.json:1:36: words is 3 numbers: expected 2 numbers' attn run x.json -o y.json
    echo '{"attention":[[1,0,0],[0,1,0]],"key_words":[0,0]}' >x.json
    fails 3 'x.json:1:44: key_words is 2 numbers: expected 3 numbers' attn run x.json -o y.json
    echo '{"attention":[[1,0],[0,1]],"words":[true,false]}' >x.json
    fails 3 'x.json:1:36: words holds true or false: expected numbers' attn run x.json -o y.json
    echo '{"layers":[{"attention":[[1,0],[0,1]],"words":[0,0]}]}' >x.json
    fails 3 'x.json:1:47: words: expected it outside of the layers, which have the same tokens' attn run x.json -o y.json
    echo '{"q":[[1],[2]],"k":[[1],[2]],"v":[[1],[2]],"words":[0,0]}' >x.json
    fails 2 '--stage scores is of tokens, and here they are joined to words: add --words=no' attn run x.json --stage mask --stage scores -o y/
    fails 2 '--stage output is of tokens, and here they are joined to words: add --words=no' attn run x.json --stage output --words -o y.png
    attn run x.json --stage output --words=no -o y.png
    fails 1 '1×1×2×2 weights are more than the 3 that --max-weights allows to be held: words cannot be had; raise it' \
        attn run x.json --max-weights 3 -o z.json
    fails 1 '1×1×2×2 weights are more than the 3 that --max-weights allows to be held: --words cannot be had; raise it' \
        attn run x.json --words --max-weights 3 -o z.json
    echo '{"q":[[1],[2]],"k":[[1],[2]],"words":[3,null]}' >null.json
    same "$(attn run null.json -o null.png 2>&1; attn explain null.json 2>&1 | grep warning)" ""
    attn explain x.json | grep -q 'what query 1 "1" makes of 2 keys'
    attn run x.json -v -o z.png 2>&1 | grep -x 'attn: words: 1 queries and 1 keys'
}

@test "the steps of a generation: every nesting is the same attention" { shown steps; }

@test "the steps of a generation: rows that are none of them are named" {
    try() { # PLACE MESSAGE ATTENTION
        echo "{\"attention\":$3}" >x.json
        fails 3 "x.json:1:$1: attention$2" attn run x.json -o y.json
    }
    try 14 ' has rows that grow, from 1 to 3 keys with 1 row: expected steps of a generation, which add as many keys as they have rows' '[[1],[0.4,0.3,0.3]]'
    try 14 ' has rows that grow, from 2 to 3 keys with 2 rows: expected steps of a generation, which add as many keys as they have rows' \
        '[[1,0],[0.4,0.3,0.3],[0.4,0.3,0.3]]'
    try 14 ' has rows that grow, and the first step has 2 rows of 1: expected no more rows than keys' '[[1],[1],[0.5,0.5]]'
    try 21 ': row 1 has 1 number, the rows before it have 2: expected rows of one length' '[[1,0],[1]]'
    try 14 ' has rows that grow, from 3 to 4 keys with 2 rows: expected steps of a generation, which add as many keys as they have rows' \
        '[[[1,0],[1,0]],[[1,0,0]],[[1,0,0,0],[1,0,0,0]]]'
    try 14 ' has rows that grow, and 2 sequences between layers and heads: expected a batch of 1' \
        '[[[[[[1]]],[[[1]]]]],[[[[[0.5,0.5]]],[[[0.5,0.5]]]]]]'
    try 20 ': row 1 has 2 numbers, the rows before it have 1: expected rows of one length' '[[[1],[0.5,0.5]],[[1]]]'
    try 20 ': row 1 has 2 numbers, the rows before it have 1: expected rows of one length' '[[[1],[0.5,0.5]],[[1,0],[0.5,0.5]]]'
    try 19 ': row 1 has 2 numbers, the rows before it have 1: expected rows of one length' '[[1],[0.5,0.5],2]'
    try 23 ': row 0 has 2 numbers, the rows before it have 1: expected rows of one length' '[[[[1]],[[0.5,0.5]]],[[[0.5,0.5]]]]'
    try 19 ': row 1 has 2 numbers, the rows before it have 1: expected rows of one length' '[[1],[0.5,0.5],[1]]'
    try 22 ': row 1 has 0 numbers, the rows before it have 2: expected rows of one length' '[[1, 0],[]]'
    try 18 ': row 1 has 1 number, the rows before it have 0: expected rows of one length' '[[],[1]]'
    try 19 ': expected a list, as before it, found a number' '[[1],2,[0.5,0.5]]'
    try 34 ': row 0 has 2 numbers, the rows before it have 1: expected rows of one length' '[[[[[[[1]]]]]],[[[[[[0.5,0.5]]]]]]]'
    try 31 ': row 0 has 2 numbers, the rows before it have 1: expected rows of one length' '[[[[1]]],[[[1]],[[1,0]]]]'
    echo '{"mask":[[1,0],[1,1]],"attention":[[1],[0.5,0.5]]}' >x.json
    fails 3 'x.json:1:35: attention has rows that grow, so that keys which come later are masked: expected no mask beside it' attn run x.json -o y.json
    echo '{"q":[[1],[0.5,0.5]],"k":[[1]]}' >x.json
    fails 3 'x.json:1:11: q: row 1 has 2 numbers, the rows before it have 1: expected rows of one length' attn run x.json -o y.json
}
