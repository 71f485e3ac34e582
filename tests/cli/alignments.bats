# Alignments as translators write them, one sequence of a batch, weights that are turned round, and padding.
load helper

NEMATUS='0 ||| ein Haus ||| 0 ||| a big house ||| 4 3
.7 .1 .1 .1 
.1 .2 .6 .1 
0 0 .25 .75 

1 ||| ja ||| -0.5 ||| yes ||| 0 0
1
'

# shown FILE OPTION…: tokens, key tokens and weights.
shown() {
    attn run "$@" -o - 2>err | jq -c '.tokens, .key_tokens, .weights[0][0]' | tr '\n' ' '
}

@test "blocks of words, and rows of weights" {
    printf '%s' "$NEMATUS" >n.txt
    same "$(shown n.txt)" '["ein","Haus","</s>"] ["a","big","house","</s>"] [[0.7,0.1,0.1,0.1],[0.1,0.2,0.6,0.1],[0,0,0.25,0.75]] '
    attn run n.txt -o x.json 2>err
    same "$(cat err)" 'attn: warning: n.txt: the first of 2 sentences is taken; --batch N takes another, counted from 0'
    same "$(shown n.txt --batch 1)" '["ja"] ["yes"] [[1]] '
    same "$(attn run n.txt --batch 1 -o x.json 2>&1)" ""
    same "$(printf '%s' "$NEMATUS" | sed 's/$/\r/' | attn run - -q -o - | jq -c .weights)" "$(attn run n.txt -q -o - | jq -c .weights)"
    same "$(attn run --attention n.txt -q -o -)" "$(attn run n.txt -q -o -)"
    printf ' 1 ||| ja so .  ||| 0.0 ||| yes , so . ||| 1 ||| 1\n.5 .5 0 0\n.5 .5 0 0\n.25 .25 .25 .25\n' >sockeye.txt
    same "$(shown sockeye.txt)" '["ja","so","."] ["yes",",","so","."] [[0.5,0.5,0,0],[0.5,0.5,0,0],[0.25,0.25,0.25,0.25]] '
    fails 2 'n.txt: there is no sentence 2: expected 0 to 1' attn run n.txt --batch 2 -o x.json
    fails 3 'bad.txt:3:1: this row has 1 weights, the rows before it have 2: expected rows of one length' \
        attn run bad.txt -o x.json < <(printf '0 ||| a b ||| 0 ||| c d ||| 0 0\n.5 .5\n1\n' >bad.txt)
    printf '0 ||| a b ||| 0 ||| c d ||| 0 0\n.5 .5\n1 x\n' >bad.txt
    fails 3 'bad.txt:3:3: "x" is not a number: expected a weight' attn run bad.txt -o x.json
    printf 'a ||| .5,.5\nb ||| \n' >bad.txt
    fails 3 'bad.txt:2:1: a sentence without weights: expected "words ||| w,w,w w,w,w", or "number ||| words ||| score ||| words ||| numbers" and a row of weights for each word' \
        attn run bad.txt --batch 1 -o x.json
}

@test "lists of weights, their padding, and lists of the best" {
    printf 'ein Haus ||| .8,.2,0,0 .1,.4,.5,0\nja ||| 1,0,0,0 ||| WordScores= -0.1\n' >m.txt
    same "$(shown m.txt)" '["ein","Haus"] ["0","1","2"] [[0.8,0.2,0],[0.1,0.4,0.5]] '
    same "$(shown m.txt --batch 1)" '["ja"] ["0"] [[1]] '
    printf '0 ||| ein Haus ||| .8,.2 .1,.9 ||| F0= -1.5 ||| -1.5\n0 ||| Haus ||| .5,.5 ||| F0= -2 ||| -2\n' >best.txt
    same "$(shown best.txt --batch 1)" '["Haus"] ["0","1"] [[0.5,0.5]] '
    printf 'a house\nyes\n' >s.txt
    same "$(shown m.txt --batch 0 --key-tokens s.txt)" '["ein","Haus"] ["a","house","</s>"] [[0.8,0.2,0],[0.1,0.4,0.5]] '
    same "$(shown m.txt --key-tokens s.txt)" '["ein","Haus"] ["a","house","</s>"] [[0.8,0.2,0],[0.1,0.4,0.5]] '
    same "$(shown m.txt --batch 1 --key-tokens s.txt)" '["ja"] ["yes"] [[1]] '
    fails 2 's.txt: there is no line 2, counted from 0: expected a line for each sentence' \
        attn run best3.txt --batch 2 --key-tokens s.txt -o x.json < <(printf 'a ||| 1,0\nb ||| 1,0\nc ||| 1,0\n' >best3.txt)
    # As many words as keys: the keys are not called by the queries.
    printf 'ein Haus ||| .8,.2 .1,.9\n' >square.txt
    same "$(shown square.txt)" '["ein","Haus"] ["0","1"] [[0.8,0.2],[0.1,0.9]] '
}

@test "--batch takes one sequence of every tensor that has the axis" {
    echo '{"attention":[[[[1,0],[0.5,0.5]]],[[[0.25,0.75],[0,1]]]],"tokens":[["a","b"],["c","d"]]}' >b.json
    same "$(attn run b.json --batch 1 -o - | jq -c '.tokens, .weights')" '["c","d"]
[[[[0.25,0.75],[0,1]]]]'
    same "$(attn run b.json --batch 0 -o - | jq -c '.tokens, .weights')" '["a","b"]
[[[[1,0],[0.5,0.5]]]]'
    fails 3 'b.json:1:67: tokens has no list 2: expected one for each sequence of the batch' attn run b.json --batch 2 -o x.json
    echo '{"attention":[[[1]],[[1]]]}' >two.json
    fails 2 'there is no sequence 2 in the batch: expected 0 to 1' attn run two.json --batch 2 -o x.json
    echo '{"embeddings":[[[1,0],[0,1],[1,1]],[[2,0],[0,3],[1,1]]],"key_mask":[[1,1,0],[1,0,1]],"mask":[[[1,1,1],[1,1,1],[1,1,1]],[[1,1,1],[0,0,1],[1,1,1]]],"w_q":[[1,0],[0,2]]}' >e.json
    echo '{"embeddings":[[2,0],[0,3],[1,1]],"key_mask":[1,0,1],"mask":[[1,1,1],[0,0,1],[1,1,1]],"w_q":[[1,0],[0,2]]}' >one.json
    same "$(attn run e.json --batch 1 -o -)" "$(attn run one.json -o -)"
    # An axis of 1 serves all sequences.
    jq -c '.bias=[[[0,1,2],[0,0,0],[0,0,3]]]' e.json >bias.json
    jq -c '.bias=[[[0,1,2],[0,0,0],[0,0,3]]]' one.json >one-bias.json
    same "$(attn run bias.json --batch 1 -o -)" "$(attn run one-bias.json -o -)"
    echo '[[1,0],[0,1]]' >x.json
    fails 2 '--batch chooses one of a batch, and no input has an axis for it: expected attention of B×heads×n×m or B×n×m, or embeddings, q and k of B×n×d' \
        attn run x.json --batch 0 -o y.json
    echo '{"attention":[[[[[1]]],[[[1]]]],[[[[1]]],[[[1]]]]]}' >five.json
    fails 3 'five.json:1:14: attention: lists in 5 levels, of which the second has 2: expected one sequence of the batch, which --batch N chooses' \
        attn run five.json -o y.json
    fails 3 'five.json:1:14: attention has a batch of 2: expected --batch below that' attn run five.json --batch 2 -o y.json
    fails 2 '--batch is "-1": expected a whole number from 0 to 1000000000' attn run b.json --batch -1 -o y.json
    numpy check_alignments.py batches
}

@test "--transpose turns given weights round, with what came with them" {
    printf 'token,x,y,z\nA,1,0,0.5\nB,0,1,0.5\n' >t.csv
    same "$(shown --attention t.csv --transpose)" '["x","y","z"] ["A","B"] [[1,0],[0,1],[0.5,0.5]] '
    echo '{"attention":[[1,0,0.5],[0,1,0.5]],"tokens":["A","B"],"key_tokens":["x","y","z"],"mask":[[1,0,1],[0,1,1]]}' >t.json
    same "$(shown t.json --transpose)" '["x","y","z"] ["A","B"] [[1,0],[0,1],[0.5,0.5]] '
    same "$(cat err)" ""
    printf 'p\nq\nr\n' >p.txt
    same "$(shown t.json --transpose --tokens p.txt)" '["p","q","r"] ["A","B"] [[1,0],[0,1],[0.5,0.5]] '
    echo '{"layers":[{"attention":[[1,0.5],[0,0.5]]},{"attention":[[[0,1],[1,0]]]}],"tokens":["a","b"]}' >l.json
    same "$(attn run l.json --transpose -o - | jq -c '.tokens, .weights')" '["a","b"]
[[[[1,0],[0.5,0.5]]],[[[0,1],[1,0]]]]'
    echo '{"q":[[1]],"k":[[1]]}' >q.json
    fails 2 '--transpose turns given weights round, and there are none: expected attention, or --attention FILE' \
        attn run q.json --transpose -o x.json
}

@test "padding of 0 is cut to the tokens, and nothing else is" {
    echo '{"attention":[[0.5,0.5,0],[0.25,0.75,0],[0,0,0]],"tokens":["a","b"]}' >p.json
    same "$(shown p.json)" '["a","b"] ["a","b"] [[0.5,0.5],[0.25,0.75]] '
    attn run p.json -v -o x.json 2>err
    grep -qx 'attn: p.json: attention is 3×3, and is cut to the tokens, 2×2' err
    echo '{"attention":[[0.5,0.5,0],[0.25,0.75,0],[0,1e-30,0]],"tokens":["a","b"]}' >p.json
    same "$(shown p.json | cut -c1-11)" '["a","b","2'
    echo '{"attention":[[[1,0,0],[0,1,0]],[[0,1,0],[1,0,0]]],"tokens":["a"],"key_tokens":["x","y"]}' >heads.json
    same "$(attn run heads.json -q -o - | jq -c '.key_tokens, .weights')" '["x","y"]
[[[[1,0],[0,1]],[[0,1],[1,0]]]]'
    # Rows behind the end of a sentence are left out, whatever columns they have.
    echo '{"attention":[[[1,0,0],[0,1,0],[0,0,1],[0,0,1]]]}' >behind.json
    printf 'a b\n' >a.txt
    printf 'x y\n' >x.txt
    same "$(shown behind.json --batch 0 --tokens a.txt --key-tokens x.txt)" '["a","b"] ["x","y"] [[1,0],[0,1]] '
    same "$(cat err)" 'attn: warning: behind.json: attention has 4 rows, and the sentence 2 words: the rows behind them are left out'
    echo '{"attention":[[1,0,0],[0,1,0]],"tokens":["a","b"],"key_tokens":["x","y"],"key_mask":[1,1,0]}' >mask.json
    same "$(attn run mask.json -q -o - | jq -c '.key_tokens | length')" 3
}

@test "what translators wrote is what NumPy reads of it" {
    needs_real models/alignments
    numpy check_alignments.py real "$REAL/models/alignments"
}
