# What other software calls the same things, and messages that lead from a near miss to what was meant.
load helper

QK='"q":[[1,0],[0,1],[1,1]],"k":[[1,0],[0,1],[1,1]]'

# weights JSON…: the weights of a run of a JSON text, warnings aside.
weights() {
    echo "$1" >w.json
    attn run w.json -q -o - "${@:2}" | jq -c .weights
}

# alike A B: two JSON texts have the same weights.
alike() {
    same "$(weights "$1")" "$(weights "$2")"
}

# said TEXT JSON: -v says what was taken for what.
said() {
    echo "$2" >said.json
    attn run said.json -v -o said.npy 2>err
    grep -qF "$1" err || { cat err; return 1; }
}

@test "tensors under the names of other software" {
    alike '{"query":[[1,0],[0,1],[1,1]],"key":[[1,0],[0,1],[1,1]],"value":[[1],[2],[3]]}' "{$QK,\"v\":[[1],[2],[3]]}"
    alike '{"attentions":[[[1,0],[0.25,0.75]]]}' '{"attention":[[1,0],[0.25,0.75]]}'
    alike '{"attn_weights":[[1,0],[0.25,0.75]]}' '{"attention":[[1,0],[0.25,0.75]]}'
    said 'said.json:1:10: query is taken for q' '{"query":[[1]],"k":[[1]]}'
    echo "{$QK,\"query\":[[1,0]]}" >x.json
    fails 3 'x.json:1:58: q is given twice: expected it once, and it is already in x.json:1:6' attn run x.json -o y.json
    echo '{"query":[[1,2]]}' >q.json
    echo '[[1,2]]' >k.json
    same "$(attn run --q q.json --k k.json -o - | jq -c .weights)" '[[[[1]]]]'
}

@test "bug: attention_mask was passed over: 1 keeps" {
    alike "{$QK,\"attention_mask\":[1,1,0]}" "{$QK,\"key_mask\":[1,1,0]}"
    alike "{$QK,\"attention_mask\":[[1,1,0]]}" "{$QK,\"key_mask\":[1,1,0]}"
    alike "{$QK,\"attention_mask\":[true,true,false]}" "{$QK,\"key_mask\":[1,1,0]}"
    alike "{$QK,\"attention_mask\":[[1,0,0],[1,1,0],[1,1,1]]}" "{$QK,\"causal\":true}"
    alike "{$QK,\"attention_mask\":[[[[1,0,0],[1,1,0],[1,1,1]]]]}" "{$QK,\"causal\":true}"
    alike "{$QK,\"attention_mask\":[[[[0,-3.4028235e38,0],[0,0,-1],[0,0,0]]]]}" "{$QK,\"bias\":[[0,-3.4028235e38,0],[0,0,-1],[0,0,0]]}"
    alike "{$QK,\"attention_mask\":[[0,0,0],[0,0,0],[0,0,0]]}" "{$QK}"
    alike "{$QK,\"attention_mask\":[[[[0,0,0]]]]}" "{$QK}" # of one query, or for all
    alike "{$QK,\"attention_mask\":[[[[0,0,-3.4028235e38]]]]}" "{$QK,\"bias\":[[0,0,-3.4028235e38]]}"
    said 'attention_mask is 0 everywhere, and is taken for numbers that are added: it masks nothing' \
        "{$QK,\"attention_mask\":[[0,0,0],[0,0,0],[0,0,0]]}"
    said 'attention_mask is taken for key_mask' "{$QK,\"attention_mask\":[1,1,0]}"
    said 'attention_mask is taken for mask' "{$QK,\"attention_mask\":[[1,0,0],[1,1,0],[1,1,1]]}"
    said 'attention_mask is taken for bias' "{$QK,\"attention_mask\":[[-1,0,0],[1,1,0],[1,1,1]]}"
    alike "{$QK,\"attention_mask\":[1,1,0],\"mask\":[[1,0,0],[1,1,0],[1,1,1]],\"mask_true_blocks\":true}" \
        "{$QK,\"key_mask\":[0,0,1],\"mask\":[[1,0,0],[1,1,0],[1,1,1]],\"mask_true_blocks\":true}"
    echo "{$QK,\"attention_mask\":[0,0,0]}" >x.json
    fails 3 'x.json:1:67: attention_mask is 0 everywhere: all keys would be padding (1 attends)' attn run x.json -o y.json
    echo "{$QK,\"attention_mask\":[0,1,2]}" >x.json
    fails 3 'x.json:1:67: key_mask is 2 at [2]: expected true, false, 1 or 0 (numbers to be added to the scores are called bias)' \
        attn run x.json -o y.json
}

@test "key_padding_mask blocks, and attn_mask must say what true means" {
    alike "{$QK,\"key_padding_mask\":[false,false,true]}" "{$QK,\"key_mask\":[1,1,0]}"
    alike "{$QK,\"key_padding_mask\":[[0,0,1]]}" "{$QK,\"key_mask\":[1,1,0]}"
    alike "{\"mask_true_blocks\":true,\"key_padding_mask\":[false,false,true],$QK}" "{$QK,\"key_mask\":[1,1,0]}"
    echo "{$QK,\"key_padding_mask\":[0,-0.5,0]}" >x.json
    fails 3 'x.json:1:69: key_padding_mask: expected true or 1 where a key is padding, or 0 and -Infinity (other numbers that are added are called bias)' \
        attn run x.json -o y.json
    alike "{$QK,\"key_padding_mask\":[0,0,-Infinity]}" "{$QK,\"key_mask\":[1,1,0]}"
    same "$(weights "{$QK,\"key_padding_mask\":[false,false,true]}" --mask-true-blocks)" "$(weights "{$QK,\"key_mask\":[1,1,0]}")"
    echo "{$QK,\"key_padding_mask\":[[false,true,true],[false,false,true]]}" >x.json
    fails 3 'x.json:1:69: key_mask is 2×3: expected 3 numbers' attn run x.json -o y.json
    echo "{$QK,\"key_padding_mask\":[[[false,true,true],[false,false,true]],[[false,true,true],[false,false,true]]]}" >x.json
    fails 3 'x.json:1:69: key_padding_mask: expected a number a key' attn run x.json -o y.json
    alike "{$QK,\"attn_mask\":[[0,-Infinity,0.5],[0,0,0],[0,0,0]]}" "{$QK,\"bias\":[[0,null,0.5],[0,0,0],[0,0,0]]}"
    alike "{$QK,\"attn_mask\":[[0,0,0],[0,0,0],[0,0,0]]}" "{$QK}"
    echo "{$QK,\"attn_mask\":[[true,false,false],[true,true,false],[true,true,true]]}" >x.json
    fails 3 'x.json:1:62: in attn_mask of nn.MultiheadAttention true masks a pair, of scaled_dot_product_attention it allows it: expected it as "mask" (true attends), or as "mask" beside "mask_true_blocks": true' \
        attn run x.json -o y.json
}

@test "projections under the names of checkpoints" {
    local x='"embeddings":[[1,0,2],[0,1,1]],"heads":1'
    alike "{$x,\"q_proj.weight\":[[1,2,3],[4,5,6]],\"k_proj.weight\":[[1,0,0],[0,1,0]],\"v_proj.weight\":[[1,1,1]]}" \
        "{$x,\"w_q\":[[1,4],[2,5],[3,6]],\"w_k\":[[1,0],[0,1],[0,0]],\"w_v\":[[1],[1],[1]]}"
    alike "{$x,\"in_proj_weight\":[[1,2,3],[0,1,0],[1,1,1]],\"in_proj_bias\":[1,2,3]}" \
        "{$x,\"w_q\":[[1],[2],[3]],\"w_k\":[[0],[1],[0]],\"w_v\":[[1],[1],[1]],\"b_q\":[1],\"b_k\":[2],\"b_v\":[3]}"
    alike "{$x,\"c_attn.weight\":[[1,0,1],[2,1,1],[3,0,1]]}" "{$x,\"w_q\":[[1],[2],[3]],\"w_k\":[[0],[1],[0]],\"w_v\":[[1],[1],[1]]}"
    for path in query.weight attention.self.query.weight to_q.weight model.layers.0.self_attn.q_proj.weight wq.weight; do
        alike "{$x,\"$path\":[[1,2,3],[4,5,6]],\"w_k\":[[1,0],[0,1],[0,0]],\"w_v\":[[1],[1],[1]]}" \
            "{$x,\"w_q\":[[1,4],[2,5],[3,6]],\"w_k\":[[1,0],[0,1],[0,0]],\"w_v\":[[1],[1],[1]]}"
    done
    alike "{$x,\"blocks.0.attn.qkv.weight\":[[1,2,3],[0,1,0],[1,1,1]],\"blocks.0.attn.qkv.bias\":[1,2,3]}" \
        "{$x,\"w_q\":[[1],[2],[3]],\"w_k\":[[0],[1],[0]],\"w_v\":[[1],[1],[1]],\"b_q\":[1],\"b_k\":[2],\"b_v\":[3]}"
    alike "{$x,\"Wq\":[[1],[2],[3]],\"wK\":[[0],[1],[0]],\"W_v\":[[1],[1],[1]],\"WO\":[[2]]}" \
        "{$x,\"w_q\":[[1],[2],[3]],\"w_k\":[[0],[1],[0]],\"w_v\":[[1],[1],[1]],\"w_o\":[[2]]}"
    alike '{"hidden_states":[[[1,0,2],[0,1,1]]],"encoder_hidden_states":[[1,1,1]]}' \
        '{"embeddings":[[1,0,2],[0,1,1]],"context":[[1,1,1]]}'
    alike '{"Q":[[1,2]],"keys":[[1,0],[0,1]],"Value":[[1],[2]]}' '{"q":[[1,2]],"k":[[1,0],[0,1]],"v":[[1],[2]]}'
    echo "{$x,\"w_q\":[[1],[2],[3]],\"w_k\":[[1],[2],[3]]}" >x.json
    attn run x.json -v -o y.json 2>err
    grep -q 'taken for' err && return 1
    alike '{"decoder_attentions":[[[[[0.5,0.5]]]],[[[[1,0]]]]]}' '{"attention":[[[[0.5,0.5]]],[[[1,0]]]]}'
    echo "{$x,\"layers.0.q_proj.weight\":[[1,2,3]],\"layers.1.q_proj.weight\":[[1,2,3]]}" >x.json
    attn run x.json -o y.json 2>err && return 1
    grep -q 'w_q is given twice' err
    alike '{"embeddings":[[1,0,2],[0,1,1]],"W_Q":[[[1],[2],[3]]],"W_K":[[[0],[1],[0]]]}' "{$x,\"w_q\":[[1],[2],[3]],\"w_k\":[[0],[1],[0]]}"
}

@test "keys that would change the result are errors, misspelt ones too" {
    refused() { # KEY VALUE MESSAGE
        echo "{\"q\":[[1]],\"k\":[[1]],\"$1\":$2}" >x.json
        fails 3 "x.json:1:$((25 + ${#1})): the key \"$1\" is not understood, and would change the result$3" attn run x.json -o y.json
    }
    refused temprature 2 '; did you mean "temperature"?'
    refused cu_seqlens '[0,1]' ': expected "segments", the document of each token'
    refused segment_ids '[0]' ': expected "segments"'
    refused my_projection '[1]' '; a key that begins with x- is passed over'
    for near in casual caussal causl Causal; do
        refused $near true '; did you mean "causal"?'
    done
    for near in haeds head Heads; do
        refused $near 2 '; did you mean "heads"?'
    done
    for name in n_heads num_head nhead num_attention_heads; do
        refused $name 2 ': expected "heads"'
    done
    refused past_key_values '[1]' ': expected "past_k" and "past_v", those of one layer or in "layers"'
    refused pad_mask '[1]' ': expected "key_mask", a number a key (1 attends)'
    refused q_proj '[[1]]' ': expected "q_proj.weight", as PyTorch stores it, or "w_q"'
    refused alibi true ': expected "position": "alibi"'
    refused theta 1000 ': expected "position_base" with "position": "rotary"'
    for off in attention_bias is_causal casual alibi; do # as in a model's configuration
        echo "{\"q\":[[1]],\"k\":[[1]],\"$off\":false}" >x.json
        same "$(attn run x.json -o y.json 2>&1)" "attn: warning: x.json:1:$((25 + ${#off})): the unknown key \"$off\" is ignored"
    done
    echo '{"q":[[1]],"k":[[1]],"labels":[1],"stats":[2],"scores":3}' >x.json
    same "$(attn run x.json -o y.json 2>&1)" 'attn: warning: x.json:1:31: the unknown key "labels" is ignored; did you mean "tokens"?
attn: warning: x.json:1:43: the unknown key "stats" is ignored
attn: warning: x.json:1:56: the unknown key "scores" is ignored'
    echo '{"q":[[1]],"k":[[1]],"date":"today"}' >x.json
    attn run x.json -q -o y.json
}

@test "a batch of one sequence is dropped, another is an error" {
    alike '{"attention":[[[[[0.5,0.5],[0.25,0.75]]]],[[[[1,0],[0,1]]]]]}' '{"attention":[[[[0.5,0.5],[0.25,0.75]]],[[[1,0],[0,1]]]]}'
    alike '{"attention":[[[[[0.5,0.5],[0.25,0.75]]]]]}' '{"attention":[[0.5,0.5],[0.25,0.75]]}'
    alike '{"embeddings":[[[1,0],[0,1]]]}' '{"embeddings":[[1,0],[0,1]]}'
    alike '{"heads":2,"q":[[[1,2],[3,4]]],"k":[[[1,0],[0,1]]],"v":[[[1,2],[3,4]]]}' '{"heads":2,"q":[[1,2],[3,4]],"k":[[1,0],[0,1]],"v":[[1,2],[3,4]]}'
    alike '{"heads":2,"kv_heads":1,"q":[[[1,2],[3,4]]],"k":[[[1],[0]]]}' '{"heads":2,"kv_heads":1,"q":[[1,2],[3,4]],"k":[[1],[0]]}'
    alike '{"heads":2,"layers":[{"q":[[[1,2],[3,4]]],"k":[[[1,0],[0,1]]]}]}' '{"heads":2,"q":[[1,2],[3,4]],"k":[[1,0],[0,1]]}'
    alike '{"q":[[[[1]]]],"k":[[[[1],[2]]]]}' '{"q":[[1]],"k":[[1],[2]]}'
    alike '{"layers":[{"q":[[[[1]]]],"k":[[[[1],[2]]]]}]}' '{"q":[[1]],"k":[[1],[2]]}'
    echo '{"attention":[[[[[1]]],[[[1]]]],[[[[1]]],[[[1]]]]]}' >x.json
    fails 3 'x.json:1:14: attention: lists in 5 levels, of which the second has 2: expected one sequence of the batch, which --batch N chooses' attn run x.json -o y.json
}

@test "bare arrays of more than rows" {
    echo '[[[1,0],[0.25,0.75]]]' >w.json
    fails 3 'w.json:1:1: a bare list of numbers in 3 levels, which may be weights or queries: expected it by --attention w.json or --q w.json, or in an object under its name' \
        attn run w.json -o y.json
    same "$(attn run --attention w.json -o - | jq -c .weights)" '[[[[1,0],[0.25,0.75]]]]'
    cp w.json attentions.json
    same "$(attn run attentions.json -o - | jq -c .weights)" '[[[[1,0],[0.25,0.75]]]]'
    echo '[[[1,0],[0.25,-0.75]]]' >weights.json
    attn run weights.json -o y.json 2>/dev/null && return 1
    echo '[[1,0],[0.25,0.75]]' >attention.json
    same "$(attn run attention.json -o - | jq -c .config.d_k)" 2
}

@test "weights alone, where heads do not divide the columns of the sequence" {
    local x='"embeddings":[[1,0,2],[0,1,1]],"heads":2,"w_q":[[1,0],[0,1],[1,1]],"w_k":[[1,0],[0,1],[1,1]]'
    echo "{$x}" >x.json
    same "$(attn run x.json -o - 2>err | jq -c '[(.weights[0] | length), .output]')" '[2,null]'
    same "$(cat err)" 'attn: warning: there is no w_v, and 2 heads cannot share the 3 columns of the sequence: only weights are computed, and no output'
    same "$(weights "{$x}")" "$(weights "{$x,\"w_v\":[[1,0],[0,1],[1,1]]}")"
    echo "{$x,\"w_o\":[[1]]}" >x.json
    fails 3 'x.json:1:15: embeddings is 2×3: its 3 columns cannot be shared equally by 2 heads' attn run x.json -o y.json
}

@test "transposes and exchanged axes are named" {
    echo '{"embeddings":[[1,2,3],[1,2,3]],"w_q":[[1,2,3],[3,4,5]]}' >x.json
    fails 3 'x.json:1:39: embeddings is 2×3 and w_q is 2×3: the columns of the first must be the rows of the second; its transpose would fit, as w_layout out_in takes it' \
        attn run x.json -o y.json
    echo '{"q":[[1,2,3],[1,2,3]],"k":[[1,2],[1,2],[1,2]]}' >x.json
    fails 3 'x.json:1:28: q is 2×3 and k is 3×2: they must agree in d_k; the transpose of k would fit' attn run x.json -o y.json
    echo '{"q":[[1],[2]],"k":[[1],[2],[3]],"mask":[[1,0],[1,1],[1,1]]}' >x.json
    fails 3 'x.json:1:41: mask is 3×2: expected 2×3, for 1 heads, 2 queries and 3 keys; its transpose would fit' attn run x.json -o y.json
    local t='[[[1],[2]],[[1],[2]],[[1],[2]]]'
    echo "{\"q\":$t,\"k\":$t,\"heads\":2}" >x.json
    fails 3 'x.json:1:6: q is 3×2×1, which has 3 heads, but heads is 2; its axes of heads and tokens look exchanged: expected heads×tokens×d' \
        attn run x.json -o y.json
    echo "{\"q\":$t,\"k\":$t,\"tokens\":[\"a\",\"b\",\"c\"]}" >x.json
    attn run x.json -o y.json 2>err
    same "$(cat err)" 'attn: warning: x.json: tokens has 3 labels for 2 queries: the axes of heads and tokens look exchanged; expected heads×tokens×d'
}

@test "what other languages allow and JSON does not" {
    bad() { # TEXT MESSAGE
        printf '%s\n' "$1" >x.json
        fails 3 "x.json:$2" attn run x.json -o y.json
    }
    bad '{"q":[[1,],[2]]}' '1:10: a comma in front of the end: JSON has none behind the last element'
    bad '{"q":[[1]],"k":[[1]], }' '1:23: a comma in front of the end: JSON has none behind the last element'
    bad '{"tokens":["a",]}' '1:16: a comma in front of the end: JSON has none behind the last element'
    bad "{'q':[[1]]}" '1:2: a single quote: in JSON strings and keys are in double quotes'
    bad "{\"tokens\":['a']}" '1:12: a single quote: in JSON strings and keys are in double quotes'
    bad '{"q":[[1]], // queries' '1:13: a comment: JSON has none'
    bad '{"q":/* queries */[[1]]}' '1:6: a comment: JSON has none'
    bad '{"q":[]]}' "1:8: expected ',' or '}', found ']'"
}

@test "near misses on the command line" {
    echo "{$QK}" >x.json
    fails 2 'there is no file yes; did you mean --causal=yes?' attn run --causal yes x.json -o y.json
    same "$(attn run x.json --causal=yes -o - | jq .config.causal)" true
    same "$(attn run x.json --causal=off -o - | jq .config.causal)" false
    fails 2 '--query is "Time"; did you mean "time", token 3?' attn explain "$DATA/causal.json" --query Time
    attn explain "$DATA/causal.json" --query a >/dev/null 2>err
    same "$(cat err)" 'attn: warning: --query "a" is 2 tokens, of which the first is taken, number 2; a#2 is the second'
}

@test "weights with zeros above the diagonal lead to --causal, once" {
    echo '{"attention":[[[1,0,0],[0.5,0.5,0],[0.2,0.2,0.6]],[[1,0,0],[0.5,0.5,0],[0.2,0.2,0.6]]]}' >x.json
    attn run x.json -o y.json 2>err
    same "$(cat err)" 'attn: warning: all weights above the diagonal are 0: pictures have these pairs as masked, and --causal masks them in numbers too; --causal=off: nowhere'
    for more in --causal --causal=off '--window 2,0'; do
        attn run x.json $more -o y.json 2>err
        same "$(cat err)" ""
    done
    echo '{"attention":[[1,0,0],[0,1,0],[0,0,1]]}' >x.json # says nothing
    attn run x.json -o y.json 2>err
    same "$(cat err)" ""
}

@test "bug: settings were written that could not be read" {
    echo "{$QK}" >x.json
    fails 2 '--dropout is "0.99999999": expected a number from 0 up to, not with, 1, also as float32' attn run x.json --dropout 0.99999999 -o y.json
    echo '{"q":[[1]],"k":[[1]],"past_k":[[1]]}' >x.json
    fails 3 'causal is 2147483647, and with 1 past keys more than 2147483647: expected a smaller offset' \
        attn run x.json --causal=2147483647 -o y.json
    attn run x.json --causal=2147483646 --stage q --stage k -q -o y.json
    jq 'del(.weights, .stats)' y.json >z.json
    same "$(attn run z.json -q -o - | jq -c .config.causal)" 2147483647
}

@test "causal as 0 or 1 is an offset, and said to be one" {
    local qk='"q":[[1],[1],[1]],"k":[[1],[1],[1]]'
    echo "{$qk,\"causal\":1}" >x.json
    same "$(attn run x.json -o - 2>err | jq -c '.pairs.allowed')" '[[8]]'
    same "$(cat err)" 'attn: warning: x.json:1:47: causal is 1, an offset: query i sees keys up to i + 1; true is causal without an offset'
    echo "{$qk,\"causal\":0}" >x.json
    same "$(attn run x.json -o - 2>err | jq -c '.pairs.allowed')" '[[6]]'
    same "$(cat err)" 'attn: warning: x.json:1:47: causal is 0, an offset: it masks as true does; false masks nothing'
    for value in 10 2 true false '"end"'; do
        echo "{$qk,\"causal\":$value}" >x.json
        same "$(attn run x.json -o y.json 2>&1)" ''
    done
}

@test "weights that are taken for embeddings are told of, and a mask that is the wrong way round" {
    local end='taken for embeddings, and its rows sum to 1 as those of weights do: --attention'
    echo '[[0.5,0.5],[0.1,0.9]]' >w.json
    printf '0.5,0.5\n0.1,0.9\n' >w.csv
    for file in w.json w.csv; do
        same "$(attn run $file -o y.json 2>&1)" "attn: warning: $file: $end $file takes it for weights"
        same "$(attn run --attention $file -o y.json 2>&1)" ''
    done
    for other in '[[1,0],[0,1]]' '[[0.5,0.4],[0.1,0.9]]' '[[1.5,-0.5],[0.1,0.9]]' '[[0.5,0.5]]' '{"embeddings":[[0.5,0.5],[0.1,0.9]]}'; do
        echo "$other" >x.json
        same "$(attn run x.json -o y.json 2>&1)" ''
    done
    local qk='"q":[[1],[1],[1]],"k":[[1],[1],[1]]' said='attn: warning: 1 of 3 rows may see no key: their weights and output are 0'
    local mask='"mask":[[false,true,true],[false,false,true],[false,false,false]]'
    echo "{$qk,$mask}" >x.json
    same "$(attn run x.json -o y.json 2>&1)" "$said; no query sees itself: mask_true_blocks turns a mask round"
    same "$(attn run x.json --mask-true-blocks -o y.json 2>&1)" ''
    echo "{$qk,\"mask\":[[true,true,true],[false,false,true],[false,false,false]]}" >x.json
    same "$(attn run x.json -o y.json 2>&1)" "$said"
}

@test "options of other programs lead to those of this one" {
    fails 2 'unknown option --attention-mask: expected --key-mask or --mask (1 attends), or --bias for numbers that are added' \
        attn run x.json --attention-mask m.json
    fails 2 'unknown option --no-causal: expected --causal=no' attn run x.json --no-causal
    fails 2 'unknown option --colormap: expected --cmap' attn run x.json --colormap=viridis
    fails 2 'unknown option --num-heads: expected --heads' attn run x.json --num-heads 2
    fails 2 '--head is "1-3": expected 1:4 for 1 to 3; a range is without its end' attn run x.json --head 1-3
    fails 2 '--head is "3-1": expected numbers and ranges, such as 0,3,5:8, or -1 for the last' attn run x.json --head 3-1
    echo '{"The":{"The":0.9,"cat":0.1},"cat":{"The":0.2,"cat":0.8}}' >frame.json
    fails 3 'frame.json:1:1: this object has no key "attention": expected a list of numbers, or an object with that key; pandas writes the list with df.values.tolist()' \
        attn run --attention frame.json -o y.json
}

@test "bug: the attention_mask of a batch, as tokenizers give it, was refused with --batch" {
    "$PYTHON" - <<'END'
import json
import numpy as np
r = np.random.default_rng(0)
q = r.normal(size=(3, 2, 4, 5)).astype("f4")
keep = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [0, 1, 1, 1]])
a = np.exp(q @ q.swapaxes(-1, -2)) * keep[:, None, None]
a /= a.sum(-1, keepdims=True)
np.savez("q.npz", q=q, k=q, attention_mask=keep)
np.savez("blocks.npz", q=q, k=q, key_padding_mask=keep == 0)
json.dump({"q": q.tolist(), "k": q.tolist(), "attention_mask": keep.tolist()}, open("q.json", "w"))
np.savez("layers.npz", **{"attentions.0": a.astype("f4")}, attention_mask=keep)
for b in range(3):
    np.savez(f"one{b}.npz", q=q[b], k=q[b], key_mask=keep[b])
np.savez("pairs.npz", q=q, k=q, attention_mask=np.tril(np.ones((4, 4), int)))
np.savez("square.npz", q=q[:, :, :3], k=q, attention_mask=keep)
END
    for b in 0 1 2; do
        attn run one$b.npz --format csv -q -o x.png >want.csv
        for f in q.npz blocks.npz q.json; do
            attn run $f --batch $b --format csv -q -o x.png >got.csv
            cmp want.csv got.csv
        done
    done
    same "$(attn run layers.npz --batch 1 -q -o - | jq -c '.mask[0]')" '[1,1,1,0]'
    attn run pairs.npz --batch 1 -q -o - | jq -c '.mask[0]' | grep -qF '[1,0,0,0]'
    fails 3 'square.npz:attention_mask: a mask of 3×4 may be one of pairs, or of the keys of each of 3 sequences: expected it as mask or as key_mask' \
        attn run square.npz --batch 1 -o y.png
}

@test "bug: a mask in an array was said to be taken for mask, whatever it became; and its line was 0" {
    "$PYTHON" - <<'END'
import numpy as np
q = np.eye(3)
np.savez("bias.npz", q=q, k=q, attn_mask=np.triu(np.full((3, 3), -np.inf), 1))
np.savez("keys.npz", q=q, k=q, attention_mask=np.array([[1, 1, 0]]))
np.savez("pairs.npz", q=q, k=q, attention_mask=np.tril(np.ones((1, 1, 3, 3))))
np.savez("zero.npz", q=q, k=q, attention_mask=np.zeros((3, 3)))
END
    for file in bias:attn_mask:bias keys:attention_mask:key_mask pairs:attention_mask:mask zero:attention_mask:bias; do
        IFS=: read -r file name taken <<<"$file"
        attn run $file.npz -v -o x.png --format none 2>log
        grep -qx "attn: $file.npz:$name is taken for $taken" log
    done
    grep -qx 'attn: warning: zero.npz:attention_mask: attention_mask is 0 everywhere, and is taken for numbers that are added: it masks nothing' log
}

@test "bug: projections without embeddings were told of without their file, and without themselves" {
    "$PYTHON" -c 'import numpy as np; np.savez("w.npz", in_proj_weight=np.ones((6, 2)))'
    fails 3 'w.npz: no q and k, and no embeddings for the projections: expected embeddings, q and k, or attention' attn run w.npz -o x.png
}
