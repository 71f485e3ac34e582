# What attn says when something is wrong: the status, and the one line, word for word.
load helper

QK='"q":[[1,2],[3,4]],"k":[[1,2],[3,4]]'
QKV=$QK',"v":[[1,2],[3,4]]'
E='"embeddings":[[1,2],[3,4]]'

# usage MESSAGE ARGUMENT…: wrong usage.
usage() {
    local message=$1
    shift
    fails 2 "$message" attn "$@"
}

# wrong NAME=VALUE EXPECTED: an option of attn run with a value that it does not take.
wrong() {
    usage "--${1%%=*} is \"${1#*=}\": $2" run x.json -o y.json "--$1"
}

# input MESSAGE JSON [OPTION…]: wrong input, in x.json.
input() {
    local message=$1
    printf '%s' "$2" >x.json
    shift 2
    fails 3 "$message" attn run x.json -o y.json "$@"
}

# warns JSON OPTIONS WARNING…: a run that succeeds with exactly these warnings, and with none of them under -q.
warns() {
    local options=$2 wanted
    printf '%s' "$1" >x.json
    shift 2
    wanted=$(printf 'attn: warning: %s\n' "$@")
    same "$(attn run x.json -o y.json $options 2>&1)" "$wanted"
    [ -s y.json ]
    same "$(attn run x.json -o y.json $options -q 2>&1)" ""
}

sample() {
    cp "$DATA/sentence.json" x.json
}

@test "usage: commands" {
    usage 'no command; see attn --help'
    usage 'unknown command rnu; did you mean attn run?' rnu x.json
    usage 'unknown command sampel; did you mean attn sample?' sampel
    usage 'unknown command xyzzy; see attn --help' xyzzy
    usage 'unknown command xyzzy; see attn --help' help xyzzy
    sample
    usage 'x.json is no command; did you mean attn run x.json?' x.json --causal
    usage 'help takes one command' help run sample
    usage '-q before a command; expected attn COMMAND [OPTION…], see attn --help' -q run
}

@test "usage: options that there are not" {
    sample
    usage 'unknown option --causl; did you mean --causal?' run --causl x.json
    usage 'unknown option --haed; did you mean --head?' run x.json --haed=1
    usage 'unknown option --xyzzy; see attn run --help' run --xyzzy x.json
    usage 'unknown option -x; see attn run --help' run -x x.json
    usage 'unknown option -x; see attn run --help' run -qx x.json
    usage 'option --he could mean several; see attn run --help' run --he 2 x.json
    usage 'unknown option --cmap; see attn sample --help' sample --cmap viridis
    usage 'unknown option -é; see attn run --help' run -é x.json
    usage 'unknown option -é; see attn run --help' run -qéq x.json
    usage 'unknown option -字; see attn run --help' run x.json -q字
    usage '--=3: expected -- and the name of an option; see attn run --help' run --=3 x.json
    usage '---q: expected -- and the name of an option; see attn run --help' run ---q x.json
    usage '--completion is for all commands: expected none, not nope' help nope --completion bash
    usage 'unknown option --hepl; did you mean --help?' sample --hepl
}

@test "usage: arguments missing, superfluous or twice" {
    sample
    usage 'option --k needs FILE' run x.json --k
    usage 'option --title needs TEXT' run x.json --title
    usage 'option --head needs LIST' run x.json --head
    usage 'option --window needs W|L,R' run x.json --window
    usage 'option -o needs an argument' run x.json -o
    usage 'option --output needs PATH' run x.json --output
    usage 'option --quiet takes no argument' run x.json --quiet=yes
    usage 'option --mask-true-blocks takes no argument' run x.json --mask-true-blocks=1
    usage '--q is given twice' run --q x.json --q x.json
    usage '--tokens is given twice' run x.json --tokens a --tokens b
    usage '--key-tokens is given twice' run x.json --key-tokens a --key-tokens b
}

@test "usage: values of the attention options" {
    sample
    wrong heads=0 'expected a whole number of 1 or more'
    wrong heads=1.5 'expected a whole number of 1 or more'
    wrong heads=99999999999999999999 'expected a whole number of at most 2147483647'
    wrong kv-heads=-1 'expected a whole number of 1 or more'
    wrong causal=maybe 'expected true, false, start, end, no or a whole number (the offset)'
    wrong scale=x 'expected a finite number, or one a head'
    wrong scale=inf 'expected a finite number, or one a head'
    wrong scale=1e99 'expected a number that float32 holds, from 1e-45 to 3e38 in size'
    wrong softcap=-1 'expected a number above 0, or 0 for none, or one a head'
    wrong softcap=nan 'expected a number above 0, or 0 for none, or one a head'
    wrong window=x 'expected a whole number, or two as L,R, of -1 (no limit) or more; or one a head, as 4,0;8,0'
    wrong window=-2 'expected a whole number, or two as L,R, of -1 (no limit) or more; or one a head, as 4,0;8,0'
    wrong window=1, 'expected a whole number, or two as L,R, of -1 (no limit) or more; or one a head, as 4,0;8,0'
    wrong window=1,2,3 'expected a whole number, or two as L,R, of -1 (no limit) or more; or one a head, as 4,0;8,0'
    wrong stage=weight 'did you mean weights?'
    wrong stage=zzzzz 'expected one of scores scaled masked weights output q k v mask encoding heads contribution contribution_share'
    wrong threads=0 'expected a whole number from 1 to 1024'
    wrong threads=1025 'expected a whole number from 1 to 1024'
    wrong threads=two 'expected a whole number from 1 to 1024'
    wrong max-weights=0 'expected a size above 0 such as 1000000 or 16Mi'
    wrong max-weights=1T 'expected a size above 0 such as 1000000 or 16Mi'
    wrong max-weights=-1 'expected a size above 0 such as 1000000 or 16Mi'
    wrong max-weights=99999999999999999999 'expected a size above 0 such as 1000000 or 16Mi'
    wrong max-weights=99999999999G 'expected a size above 0 such as 1000000 or 16Mi'
}

@test "bug: keys of other software that mask, place or scale were passed over" {
    refused() { # KEY VALUE MESSAGE
        echo "{\"q\":[[1],[0]],\"k\":[[1],[2]],\"$1\":$2}" >other.json
        fails 3 "other.json:1:$((33 + ${#1})): the key \"$1\" is not understood, and would change the result$3" attn run other.json
    }
    refused sliding_window 2 ": expected \"window\": W keys with the query's own are [W - 1, 0]"
    refused softmax_scale 1 ': expected "scale"'
    refused key_masks '[1,0]' '; did you mean "key_mask"?'
    refused cache_position '[0,1]' ': expected "positions", a position a token'
    refused max_position_embeddings 8 ': expected in "rope_scaling"'
    refused some_biasing_of_mine 1 '; a key that begins with x- is passed over'
    echo '{"q":[[1],[0]],"k":[[1],[2]],"layers":[{"attn_bias":[[1,0],[1,1]]}]}' >layer.json
    fails 3 'layer.json:1:53: the key "attn_bias" is not understood, and would change the result: expected "bias"' \
        attn run layer.json
    echo '{"q":[[1],[0]],"k":[[1],[2]],"x-attention_mask":[1,0],"_position_ids":1}' >own.json
    same "$(attn run own.json --format none -o own.npy 2>&1)" ""
}

@test "bug: softmax1 was told to mean softmax" {
    sample
    usage '--normalizer is "softmax1": expected softmax with a sink of 0 (--sink 0, or "sink": 0)' run x.json --normalizer softmax1
    echo '{"q":[[1]],"k":[[1]],"normalizer":"quiet_softmax"}' >quiet.json
    fails 3 'quiet.json:1:35: normalizer is "quiet_softmax": expected softmax with a sink of 0 (--sink 0, or "sink": 0)' \
        attn run quiet.json
}

@test "usage: values of the input and output options" {
    sample
    wrong input-format=jsom 'did you mean json?'
    wrong input-format=yaml 'expected one of json vectors alignments csv npy npz safetensors gguf torch llama2c'
    wrong format=jsno 'did you mean json?'
    wrong format=xml 'expected one of json csv table none'
    wrong layer=x 'expected numbers and ranges, such as 0,3,5:8, or -1 for the last'
    wrong layer=3:2 'expected numbers and ranges, such as 0,3,5:8, or -1 for the last'
    wrong layer=99999 'expected numbers and ranges, such as 0,3,5:8, or -1 for the last'
    wrong head= 'expected numbers and ranges, such as 0,3,5:8, or -1 for the last'
    wrong head=0,,1 'expected numbers and ranges, such as 0,3,5:8, or -1 for the last'
    wrong head=-0 'expected numbers and ranges, such as 0,3,5:8, or -1 for the last'
    wrong average=queries 'expected one of heads layers heads,layers'
    wrong average=head 'did you mean heads?'
    wrong average= 'expected one of heads layers heads,layers'
    wrong average=heads, 'did you mean heads?'
    wrong average=heads,layers,tokens 'expected one of heads layers heads,layers'
    wrong queries=3:3 'expected a range such as 0:10, from the first up to, not with, the last'
    wrong queries=: 'expected a range such as 0:10, from the first up to, not with, the last'
    wrong keys=5:2 'expected a range such as 0:10, from the first up to, not with, the last'
    wrong keys=a 'expected a range such as 0:10, from the first up to, not with, the last'
}

@test "usage: values of the picture options" {
    sample
    wrong cmap=virdis 'did you mean viridis?'
    wrong cmap=zzzzz 'expected one of viridis magma inferno plasma cividis gray RdBu_r coolwarm'
    wrong color-scale=logg 'did you mean log?'
    wrong color-scale=cubic 'expected one of linear log sqrt'
    wrong vmin=x 'expected a number'
    wrong vmin=nan 'expected a number'
    wrong vmax=1e300 'expected a number'
    wrong vmax=car 'expected a number or auto'
    wrong cell=0 'expected a whole number of pixels from 1 to 32767'
    wrong cell=99999 'expected a whole number of pixels from 1 to 32767'
    wrong width=wide 'expected a whole number of pixels from 1 to 32767'
    local size
    for size in 1920 1920,1080 0x5 5x 1920x1080p 99999x10 -1x5; do
        wrong size="$size" 'expected pixels of width and height from 1 to 32767, such as 1920x1080'
    done
    wrong columns=0 'expected a whole number from 1 to 4096'
    wrong dpi-scale=0.5 'expected a number from 1 to 8'
    wrong dpi-scale=9 'expected a number from 1 to 8'
    wrong annotate=maybe 'expected one of auto on off'
    wrong label-angle=30 'expected one of auto 0 90'
    usage '--completion is "tcsh": expected one of bash zsh fish' help --completion tcsh
}

@test "a suggestion is at most a third of the letters away: --pool=min is not taken for max" {
    sample
    wrong pool=min 'expected one of max mean'
    wrong pool=meen 'did you mean mean?'
}

@test "usage: where results go" {
    sample
    local expected='expected a name ending in .png, .svg, .json, .csv, .npy, .npz, .safetensors or .pt, a folder (ending in /), or -'
    usage "-o y.txt: $expected" run x.json -o y.txt
    usage "-o y: $expected" run x.json -o y
    usage "-o : $expected" run x.json -o ''
    usage '-o y.png is given twice' run x.json -o y.png -o y.png
    usage '-o - is given twice' run x.json -o - -o -
    local stages='--stage q --stage k'
    usage '-o y.npy holds one stage, and 2 are asked for; a folder or .json takes all' run x.json $stages -o y.npy
    local joins='joins stages of pairs of query and key, and'
    usage "-o y.csv $joins q and k are none; a folder or .json takes all" run x.json $stages -o y.csv
    usage "--format csv $joins q is none; a folder or .json takes all" run x.json --stage q --stage mask --format csv -o y.json
    usage "-o y.csv $joins encoding is none; a folder or .json takes all" \
        run x.json --stage weights --stage encoding --position rotary -o y.csv
    usage '-o - is JSON on standard output, and --format asks for something else' run x.json --format csv -o -
    usage '-o - is JSON on standard output, and --format asks for something else' run x.json --format none -o -
}

@test "usage: parts that the input does not have" {
    sample
    usage 'there is no head 2: expected 0 to 1, or -2 to -1, counted from the end' run x.json -o y.json --head 0,2
    usage 'there is no layer 1: expected 0, the only one' run x.json -o y.json --layer 1
    usage '--queries 3:9: expected a range within 0:6' run x.json -o y.json --queries 3:9
    usage '--queries 6:7: expected a range within 0:6' run x.json -o y.json --queries 6
    usage '--keys 6:6: expected a range within 0:6' run x.json -o y.json --keys 6:
}

@test "usage: no input, samples that there are not" {
    usage 'no input; expected attn run FILE, attn run - or --q FILE --k FILE --v FILE' run
    usage 'no input; expected attn run FILE, attn run - or --q FILE --k FILE --v FILE' run --tokens x.txt
    usage 'unknown sample sentense; did you mean sentence?' sample sentense
    usage 'unknown sample zzz; see attn sample' sample zzz
    usage 'sample takes one name; see attn sample' sample q k
}

@test "standard input twice is wrong usage, whatever it holds and however it is named" {
    sample
    usage '- (standard input) can be read once only' run - - <x.json
    usage '- (standard input) can be read once only' run - - </dev/null
    usage '- (standard input) can be read once only' run --q - --k - <x.json
    usage '- (standard input) can be read once only' run - --tokens - <x.json
    usage '- (standard input) can be read once only' run - --tokenizer - --ids 1 <x.json
    usage '- (standard input) can be read once only' run - --image - <x.json
}

@test "input: nothing to compute" {
    input 'x.json: no q and k: expected embeddings, q and k, or attention' '{}'
    input 'x.json: no q and k: expected embeddings, q and k, or attention' '{"v":[[1]],"mask":[[1]]}'
    input 'x.json: no q: expected embeddings, q and k, or attention' '{"k":[[1]]}'
    input 'x.json: no k: expected embeddings, q and k, or attention' '{"q":[[1]]}'
    input 'x.json: the file is empty: expected one of json, vectors, alignments, csv, npy, npz, safetensors, gguf, torch, llama2c' ''
    input 'x.json:1:1: embeddings is empty: expected numbers' '[]'
}

@test "input: JSON that is neither an object nor a list is called what it is" {
    input 'x.json:1:1: expected an object or a list of rows, found a number' '3'
    input 'x.json:1:1: expected an object or a list of rows, found a string' '"q"'
    input 'x.json:2:2: expected an object or a list of rows, found null' $'\n null'
}

@test "input: q, k and v that do not go together" {
    awk 'BEGIN { for (i = 0; i < 11; i++) { for (j = 0; j < 48; j++) printf "%s%d", j ? "," : "", i; print "" } }' >q.csv
    awk 'BEGIN { for (i = 0; i < 9; i++) { for (j = 0; j < 40; j++) printf "%s%d", j ? "," : "", i; print "" } }' >k.csv
    fails 3 'k.csv:1:1: q is 11×48 and k is 9×40: they must agree in d_k' attn run --q q.csv --k k.csv
    input 'x.json:2:17: q is 2×2 and k is 1×3: they must agree in d_k' $'{"q":[[1,2],[3,4]],\n "tab": 0,  "k":[[1,2,3]]}' -q
    input 'x.json:1:32: q is 1×4 and k is 1×2: they must agree in d_k (2 heads of 2, 2 heads of 1); kv_heads 1 would fit' \
        '{"heads":2,"q":[[1,2,3,4]],"k":[[1,2]]}'
    input 'x.json:1:39: embeddings is 2×2 and context is 1×3: they must agree in d_k' "{$E,\"context\":[[1,2,3]]}"
    input 'x.json:1:15: w_q is 2×1 and embeddings is 2×2: they must agree in d_k' "{$E,\"w_q\":[[1],[1]]}"
    input 'x.json:1:36: k is 1×2 and v is 2×1: they must have the same number of keys' \
        '{"q":[[1,2],[3,4]],"k":[[1,2]],"v":[[1],[2]]}'
}

@test "input: heads that do not divide" {
    input 'x.json:1:6: q is 2×2: its 2 columns cannot be shared equally by 3 heads' "{$QK,\"heads\":3}"
    input 'x.json:1:6: q is 2×2: its 2 columns cannot be shared equally by 3 heads' "{$QK}" --heads 3
    input 'x.json:1:32: k is 1×3: its 3 columns cannot be shared equally by 2 heads' \
        '{"heads":2,"q":[[1,2,3,4]],"k":[[1,2,3]]}'
    input 'x.json:1:6: q is 2×2×1, which has 2 heads, but heads is 4' '{"q":[[[1],[2]],[[3],[4]]],"k":[[1,2]],"heads":4}'
    input 'x.json:1:42: q is 3×2×1 and k is 2×1×1: their 3 heads must be a multiple of their 2 key/value heads' \
        '{"q":[[[1],[2]],[[3],[4]],[[3],[4]]],"k":[[[1]],[[2]]]}'
    input 'x.json:1:50: k is 2×1×1 and v is 1×1×1: they must agree in the number of heads' \
        '{"q":[[[1],[2]],[[3],[4]]],"k":[[[1]],[[2]]],"v":[[[1]]]}'
    input 'x.json:1:14: attention is 2×1×1, which has 2 heads, but heads is 3' '{"attention":[[[1]],[[1]]],"heads":3}'
}

@test "input: projections that do not fit" {
    input 'x.json:1:35: embeddings is 2×2 and w_q is 3×2: the columns of the first must be the rows of the second; its transpose would fit, as w_layout out_in takes it' \
        "{$E,\"w_q\":[[1,2],[3,4],[5,6]]}"
    input 'x.json:1:55: context is 1×3 and w_k is 1×2: the columns of the first must be the rows of the second' \
        "{$E,\"context\":[[1,2,3]],\"w_k\":[[1,2]]}"
    input 'x.json:1:67: w_q is 2×1 and b_q is 3 numbers: expected a number for each of the 1 columns' \
        "{$E,\"w_q\":[[1],[1]],\"w_k\":[[1],[1]],\"b_q\":[1,2,3]}"
    input 'x.json:1:35: b_q is 3 numbers: expected 2 numbers' "{$E,\"b_q\":[1,2,3]}"
    input 'x.json:1:44: w_o without v: there is nothing to project' "{$QK,\"w_o\":[[1]]}"
    input 'x.json:1:44: b_o without v: there is nothing to project' "{$QK,\"b_o\":[1]}"
    input 'x.json:1:62: w_o is 1×1: expected 2 rows, for 1 heads of d_v 2' "{$QKV,\"w_o\":[[1]]}"
    input 'x.json:1:78: w_o is 2×1 and b_o is 2 numbers: expected a number for each of the 1 columns' \
        "{$QKV,\"w_o\":[[1],[2]],\"b_o\":[1,2]}"
    input 'x.json:1:58: the output of layer 0 is 1×1 and w_q is 2×2: the columns of the first must be the rows of the second' \
        '{"embeddings":[[1,2]],"layers":[{"w_v":[[1],[2]]},{"w_q":[[1,2],[3,4]]}]}'
}

@test "input: masks and biases" {
    input 'x.json:1:45: mask is 1×3: expected 2×2, for 1 heads, 2 queries and 2 keys; an axis of 1 serves all' \
        "{$QK,\"mask\":[[1,0,1]]}"
    input 'x.json:1:45: bias is 3×1×1: expected 1×2×2, for 1 heads, 2 queries and 2 keys; an axis of 1 serves all' \
        "{$QK,\"bias\":[[[1]],[[0]],[[1]]]}"
    local called=' (numbers to be added to the scores are called bias)'
    input "x.json:1:45: mask is 2 at [1, 1]: expected true, false, 1 or 0$called" "{$QK,\"mask\":[[1,0],[1,2]]}"
    input "x.json:1:45: mask is -0.5 at [0, 1]: expected true, false, 1 or 0$called" "{$QK,\"mask\":[[1,-0.5],[1,1]]}"
    input 'x.json:1:45: mask is null at [1, 0]: expected true, false, 1 or 0' "{$QK,\"mask\":[[1,0],[null,1]]}"
    input 'x.json:1:45: bias holds true or false: expected numbers (booleans that say where to look are called mask)' \
        "{$QK,\"bias\":[[true,false],[true,true]]}"
    input 'x.json:1:6: q holds true or false: expected numbers' '{"q":[[true]],"k":[[1]]}'
}

@test "input: ranks" {
    input 'x.json:1:15: embeddings is 2 numbers: expected rows and columns' '{"embeddings":[1,2]}'
    input 'x.json:1:15: embeddings is 2×1×2: expected rows and columns' '{"embeddings":[[[1,2]],[[1,2]]]}'
    input 'x.json:1:6: q is 2 numbers: expected rank 2, 3 or 4' '{"q":[1,2],"k":[1,2]}'
    input 'x.json:1:17: q is 2×1×1×1: expected rank 2 or 3' '{"layers":[{"q":[[[[1]]],[[[1]]]],"k":[[1]]}]}'
    input 'x.json:1:35: b_q is 1×1×1: expected a list of numbers' "{$E,\"b_q\":[[[1]]]}"
    input 'x.json:1:45: mask: lists in 6 levels: expected at most 4' "{$QK,\"mask\":[[[[[[1]]]]]]}"
    input 'x.json:1:13: q: row 1 has 1 number, the rows before it have 2: expected rows of one length' \
        '{"q":[[1,2],[3]],"k":[[1,2]]}'
}

@test "input: layers that disagree, and where" {
    input 'x.json:1:6: q is 2×1×1×1: expected 3 layers, as elsewhere' \
        '{"q":[[[[1]]],[[[2]]]],"k":[[[[1]]],[[[1]]],[[[1]]]]}'
    input 'x.json:1:60: layer 1 has 2 keys and layer 0 has 1: all layers must agree' \
        '{"embeddings":[[1]],"layers":[{"context":[[1]]},{"context":[[1],[2]]}]}'
    input 'x.json:1:69: layer 2 has 2 heads and layer 1 has 1: all layers must agree' \
        '{"layers":[{"q":[[1],[2]],"k":[[1]]},{"q":[[1,2]],"k":[[1,2]]},{"q":[[1,2]],"k":[[1,2]],"heads":2}]}'
    input 'x.json:1:43: layer 1 has 2 heads and layer 0 has 1: all layers must agree' \
        '{"layers":[{"q":[[1,2]],"k":[[1,2]]},{"q":[[1,2]],"k":[[1,2]],"heads":2}]}'
    input 'x.json:1:81: layer 1 has 2 columns of output and layer 0 has 1: all layers must agree' \
        '{"layers":[{"q":[[1]],"k":[[1]],"v":[[1]]},{"q":[[1]],"k":[[1]],"v":[[1]],"w_o":[[1,2]]}]}'
    input 'layer 1 lacks attention, unlike layer 0: all layers must agree' \
        '{"layers":[{"attention":[[1]]},{"q":[[1]],"k":[[1]]}]}'
    input 'layer 1 has attention, unlike layer 0: all layers must agree' \
        '{"layers":[{"q":[[1]],"k":[[1]]},{"attention":[[1]]}]}'
}

@test "input: settings in the file" {
    input 'x.json:1:46: heads is "0": expected a whole number of 1 or more' "{$QK,\"heads\":0}"
    input 'x.json:1:46: heads is "x": expected a whole number of 1 or more' "{$QK,\"heads\":\"x\"}"
    input 'x.json:1:49: kv_heads is "1.5": expected a whole number of 1 or more' "{$QK,\"kv_heads\":1.5}"
    input 'x.json:1:47: causal is "maybe": expected true, false, start, end, no or a whole number (the offset)' \
        "{$QK,\"causal\":\"maybe\"}"
    input 'x.json:1:47: causal is "1.5": expected true, false, start, end, no or a whole number (the offset)' \
        "{$QK,\"causal\":1.5}"
    input 'x.json:1:46: scale is "x": expected a finite number, or one a head' "{$QK,\"scale\":\"x\"}"
    input 'x.json:1:46: scale is "Infinity": expected a finite number, or one a head' "{$QK,\"scale\":Infinity}"
    input 'x.json:1:48: softcap is "-1": expected a number above 0, or 0 for none, or one a head' "{$QK,\"softcap\":-1}"
    input 'x.json:1:47: window is "1,2,3": expected a whole number, or two as L,R, of -1 (no limit) or more; or one a head, as 4,0;8,0' \
        "{$QK,\"window\":[1, 2, 3]}"
    input 'x.json:1:57: mask_true_blocks is "2": expected true or false' "{$QK,\"mask_true_blocks\":2}"
    input 'x.json:1:46: heads: expected a number, a word, or a list of numbers, found an object' "{$QK,\"heads\":{}}"
}

@test "input: stages that the input does not have" {
    input 'there is no stage q: the weights were given, nothing is computed' '{"attention":[[1]]}' --stage q
    input 'there is no stage v: the input has no v' "{$QK}" --stage v
    input 'there is no stage output: the input has no v' "{$QK}" --stage output
}

@test "input: lines and columns count from 1, columns in characters" {
    input 'x.json:4:20: heads is "0": expected a whole number of 1 or more' "{$QK,
  \"title\": \"ключ\",
  \"tokens\": [\"é\"],
  \"_é\": 1, \"heads\":0}"
}

@test "system: what cannot be read" {
    sample
    fails 1 'nope.json: No such file or directory' attn run nope.json
    fails 1 'nope.json: No such file or directory' attn run --q x.json --k nope.json
    fails 1 'nope.txt: No such file or directory' attn run x.json --tokens nope.txt
    fails 1 'x.json/y.json: Not a directory' attn run x.json/y.json
    fails 1 '.: is a folder; expected a file' attn run .
}

@test "system: what cannot be written" {
    sample
    fails 1 'nope/y.json: could not write: No such file or directory' attn run x.json -o nope/y.json
    fails 1 'x.json/y.json: could not write: Not a directory' attn run x.json -o x.json/y.json
    fails 1 'x.json: could not make the folder: Not a directory' attn run x.json -o x.json/
    fails 1 'x.json/deep: could not make the folder: Not a directory' attn run x.json -o x.json/deep/
}

@test "system: a folder that takes nothing new" {
    [ -d /proc/self ] || skip "no /proc"
    sample
    fails 1 '/proc/y.json: could not write: No such file or directory' attn run x.json -o /proc/y.json
    fails 1 '/proc/y: could not make the folder: No such file or directory' attn run x.json -o /proc/y/
}

@test "system: what may not be read or written" {
    unprivileged=()
    if [ "$(id -u)" = 0 ]; then
        unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups)
        "${unprivileged[@]}" "$ATTN" --version >/dev/null 2>&1 || skip "setpriv cannot run the program as nobody"
    fi
    sample
    mkdir closed open
    cp x.json secret.json
    echo old >open/y.json
    chmod 644 x.json
    chmod 777 . open
    chmod 000 secret.json
    chmod 444 open/y.json
    chmod 555 closed
    fails 1 'secret.json: Permission denied' "${unprivileged[@]}" "$ATTN" run secret.json
    fails 1 'closed/y.json: could not write: Permission denied' "${unprivileged[@]}" "$ATTN" run x.json -o closed/y.json
    fails 1 'closed/new: could not make the folder: Permission denied' "${unprivileged[@]}" "$ATTN" run x.json -o closed/new/
    fails 1 'open/y.json: could not write: Permission denied' "${unprivileged[@]}" "$ATTN" run x.json -o open/y.json
    same "$(cat open/y.json)" old
}

@test "a link to nothing is not replaced" {
    sample
    ln -s nothing.json link.json
    ln -s round.json round.json
    fails 1 'link.json: is a link to nothing: expected a file name' attn run x.json -o link.json
    fails 1 'round.json: is a link that leads back to itself: expected a file name' attn run x.json -o round.json
    [ -L link.json ] && [ -L round.json ]
}

@test "system: a table of weights beyond --max-weights" {
    sample
    fails 1 '-o y.csv needs all 1×2×6×6 weights, more than the 71 that --max-weights allows to be held; raise it, or choose less with --queries and --keys' \
        attn run x.json -o y.csv --max-weights 71
    attn run x.json -o y.csv --max-weights 72
}

@test "warnings: labels too few and too many" {
    warns "{$QK,\"tokens\":[\"a\"]}" '' 'x.json: tokens has 1 label for 2 queries: the missing one is numbered'
    [[ $(cat y.json) = *'"tokens":["a","1"]'* ]]
    warns "{$QK,\"tokens\":[\"a\",\"b\",\"c\",\"d\"]}" '' 'x.json: tokens has 4 labels for 2 queries: the last 2 are not used'
    warns '{"q":[[1]],"k":[[1],[2],[3]],"key_tokens":["a"]}' '' \
        'x.json: key_tokens has 1 label for 3 keys: the missing ones are numbered'
    echo a >t.txt
    warns "{$QK}" '--tokens t.txt' 't.txt: tokens has 1 label for 2 queries: the missing one is numbered'
}

@test "warnings: keys that mean nothing" {
    warns "{$QK,\"toknes\":2,\"foo\":1,\"x-a\":1,\"_b\":2}" '' \
        'x.json:1:47: the unknown key "toknes" is ignored; did you mean "tokens"?' \
        'x.json:1:55: the unknown key "foo" is ignored'
    warns "{$QK,\"layers\":[{\"vocabulary\":[\"a\"]},{}]}" '' \
        'x.json:1:62: the key "vocabulary" is ignored: it belongs outside of the layers'
}

@test "warnings: weights that are no weights" {
    warns '{"attention":[[0.5,0.4],[1,2],[0.5,0.5]]}' '' \
        'x.json: attention: 2 of 3 rows do not sum to 1 (their sums go from 0.9 to 3); shown as they are'
    warns '{"attention":[[0.5,NaN],[1,Infinity],[0.5,0.5]]}' '' \
        'x.json: attention: 2 of 3 rows hold NaN or infinity; shown as they are'
    warns '{"attention":[[0.5,0.4979],[0.5,0.5021]]}' '' \
        'x.json: attention: 2 of 2 rows do not sum to 1 (their sums go from 0.9979 to 1.002); shown as they are'
    warns '{"attention":[[90,10],[50,50]]}' '' \
        'x.json: attention: 2 of 2 rows do not sum to 1 (their sums go from 100 to 100); shown as they are; percentages want dividing by 100'
    warns '{"attention":[[0.9,0.5],[0.1,0.5]]}' '' \
        'x.json: attention: 2 of 2 rows do not sum to 1 (their sums go from 0.6 to 1.4); shown as they are; its columns do, so queries and keys look exchanged; --transpose turns them round'
    warns '{"attention":[[[0.9,0.5],[0.1,0.5]],[[1,0],[1,1]]]}' '' \
        'x.json: attention: 3 of 4 rows do not sum to 1 (their sums go from 0.6 to 2); shown as they are'
    echo '{"attention":[[0.5,0.4981],[0.5,0.5019]]}' >x.json
    same "$(attn run x.json -o y.json 2>&1)" ""
}

@test "warnings: the first number that is none" {
    warns '{"q":[[1,2],[NaN,null]],"k":[[1,2],[3,Infinity]],"v":[[1],[-Infinity]]}' '' \
        'x.json: q holds NaN at [1, 0] and 1 more: the rows that see it become NaN' \
        'x.json: k holds infinity at [1, 1]: the rows that see it become NaN' \
        'x.json: v holds -infinity at [1, 0]: the rows that see it become NaN'
}

@test "warnings: rows that may see nothing" {
    warns "{$QK,\"mask\":[[0,0],[1,1]]}" '' '1 of 2 rows may see no key: their weights and output are 0'
    warns "{$QK,\"heads\":2,\"mask\":[[true,false],[false,false]]}" '' \
        '2 of 4 rows may see no key: their weights and output are 0'
    warns "{$QK}" '--causal=-1' '1 of 2 rows may see no key: their weights and output are 0'
}

@test "an error is one line even when the input holds line ends and escapes" {
    input 'x.json:1:46: heads is "a\x0Ab\x1B[31m": expected a whole number of 1 or more' "{$QK,\"heads\":\"a\\nb\\u001b[31m\"}"
    usage 'unknown command a\x0Ab; see attn --help' $'a\nb'
    fails 1 'no\x1B[2Jpe: No such file or directory' attn run $'no\e[2Jpe'
}

@test "bug: --causal end was taken for a file" {
    sample
    fails 2 'there is no file end; did you mean --causal=end?' attn run x.json --causal end
    fails 2 'there is no file 3; did you mean --causal=3?' attn run x.json --causal 3
    fails 2 'there is no file true; did you mean --causal=true?' attn run x.json --causal true
    fails 1 'ends: No such file or directory' attn run x.json --causal ends
}

@test "bug: --annotate on was taken for a file" {
    sample
    fails 2 'there is no file on; did you mean --annotate=on?' attn run x.json --annotate on
    fails 1 'on: No such file or directory' attn run x.json on --annotate
    echo '{"q":[[1]],"k":[[1]]}' >on
    attn run --annotate on -q -o y.png
}

@test "bug: a head named twice was written twice" {
    sample
    fails 2 '--head names head 0 twice' attn run x.json --head 0,0
    fails 2 '--head names head 1 twice' attn run x.json --head 0:2,-1
}

@test "bug: a softcap or scale too small for float32 was none" {
    sample
    local size='expected a number that float32 holds, from 1e-45 to 3e38 in size'
    fails 2 "--softcap is \"1e-50\": $size" attn run x.json --softcap 1e-50
    fails 2 "--scale is \"1e-50\": $size" attn run x.json --scale 1e-50
    fails 2 "--temperature is \"1e40\": $size" attn run x.json --temperature 1e40
}

@test "bug: a table of another stage was said to hold a bad number" {
    sample
    attn run x.json --stage scaled -o scaled.csv
    attn run x.json --stage output -o output.csv
    for stage in scaled output; do
        fails 3 "$stage.csv:1:1: this is a table of another stage than the weights: expected a column weight or score" \
            attn run $stage.csv -o y.json
    done
}

@test "warnings: what stands in the place of something else" {
    warns '{"q":[[1],[2]],"k":[[1],[2]],"w_q":[[1]]}' '' \
        'x.json: w_q is not used: q, k or v stands in its place'
    warns '{"attention":[[1,0],[0,1]],"v":[[1],[2]]}' '' 'x.json: v is not used: attention is given, nothing is computed'
    warns "{$QK,\"score\":\"general\",\"w_score\":[[1,0],[0,1]]}" '--score scaled' \
        'x.json: w_score is not used: the settings do without it'
}

# $1: rows; $2: key, $3: its weight in float32, $4: that in double precision; $5: which is given
swallowed() {
    echo "$1 rows have scores whose differences float32 does not carry: in layer 0, head 0, query 0, key $2 has weight $3 in float32 and $4 in double precision; $5"
}

@test "bug: --cpu plain and dropout turned round what float32 makes of a row of -1e9, without a word" {
    input='{"q":[[1],[1]],"k":[[1],[2],[2]],"bias":[[-1e9,-1e9,-1e9],[0,0,0]]}'
    former='the former is given, --cpu plain gives the latter'
    warns "$input" '' "$(swallowed '1 of 2' 0 0.3333 0.1554 "$former")"
    warns "$input" '--cpu plain' "$(swallowed '1 of 2' 0 0.3333 0.1554 'the latter is given')"
    warns "$input" '--dropout 0.000001' "$(swallowed '1 of 2' 0 0.3333 0.1554 "$former")"
    same "$(attn run x.json -q -o - | jq -c '.weights[0][0][0] | map(. * 1000 | round)')" '[333,333,333]'
    same "$(attn run x.json -q --cpu plain -o - | jq -c '.weights[0][0][0] | map(. * 1000 | round)')" '[155,422,422]'
    # Small differences beside large scores, which no bias makes.
    warns '{"q":[[3162.2776,1]],"k":[[3162.2776,0],[3162.2776,0.5]],"scale":1}' '' "$(swallowed '1 of 1' 1 0.5 0.6225 "$former")"
    # Beside the least float32 a score is lost in double precision too; of large scores one may decide alone.
    for rest in '"bias":[[-3.4028234663852886e38,-3.4028234663852886e38],[0,0]]' '"scale":1e5' '"bias":[[-1e9,0],[0,-1e9]]'; do
        same "$(attn run - -o y.json 2>&1 <<<'{"q":[[1],[1]],"k":[[1],[2]],'"$rest}")" ''
    done
}

@test "bug: a row beyond float32 was not named beside a row of NaN" {
    attn run - -o x.out.json 2>said <<<'{"q":[[1e20],[1]],"k":[[1e20],[1e20],[NaN]],"mask":[[1,1,0],[1,1,1]]}'
    grep -qx 'attn: warning: 1 of 2 rows are NaN: their scores are too large for float32; the first is query 0 of layer 0, head 0; --cpu plain computes it' said
}

@test "bug: scores too large for float32 became NaN without a word" {
    warns '{"q":[[1e38],[1]],"k":[[1e38],[1]]}' '' '1 of 2 rows are NaN: their scores are too large for float32; the first is query 0 of layer 0, head 0; --cpu plain computes it'
}

@test "bug: rows of zeros that were given were said to see no key" {
    echo '{"attention":[[0,0],[0,1]]}' >x.json
    same "$(attn run x.json -o y.json 2>&1)" ""
}

@test "bug: a mask over given weights hid them" {
    warns '{"attention":[[0.5,0.5],[0.5,0.5]],"causal":true}' '' 'weight on forbidden pairs (1 of them); it is shown'
}

@test "bug: weight under a mask had a warning for each layer" {
    warns '{"layers":[{"attention":[[0.5,0.5],[0.5,0.5]]},{"attention":[[0.5,0.5],[0.5,0.5]]}],"causal":true}' '' \
        'weight on forbidden pairs (2 of them); it is shown'
}

@test "bug: characters that no font has became boxes without a word" {
    echo '{"tokens":["a","नम","नक","हा\u200d"],"attention":[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]}' >x.json
    said=$(attn run x.json --format none -o y.png 2>&1)
    same "$said" 'attn: warning: the fonts have no glyph for 5 characters, drawn as boxes of hexadecimal code; the first is U+0928'
    same "$(attn run x.json --format none -o y.json 2>&1)" ""
    same "$(attn run x.json --format none -q -o y.png 2>&1)" ""
    echo '{"tokens":["中","a\tb\n","שלום","é"],"title":"→ ∞","attention":[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]}' >x.json
    same "$(attn run x.json --format none -o y.png 2>&1)" ""
}

@test "bug: beside q of patches, or of pooled weights, there were boxes without a word" {
    local box='attn: warning: the fonts have no glyph for 1 character, drawn as a box of hexadecimal code: U+0928'
    echo '{"grid":[2,2],"tokens":["न","b","c","d"],"q":[[1],[2],[3],[4]],"k":[[1],[2],[3],[4]]}' >x.json
    same "$(attn run x.json --stage q --stage weights --format none -o y/ 2>&1)" "$box"
    same "$(attn run x.json --format none -o y.png 2>&1)" ""
    attn run x.json --view matrix --max-weights 4 --stage q --format none -o y.png 2>said
    same "$(grep glyph said)" "$box"
    attn run x.json --view matrix --max-weights 4 --format none -o y.png 2>said
    same "$(grep -c glyph said)" 0
    echo '{"grid":[1,2],"tokens":["न"],"q":[[1]],"k":[[1],[2]]}' >x.json
    same "$(attn run x.json --look-from 0 --format none -o y.png 2>&1)" "$box"
}

@test "suggestions heed beginnings, and not case or underscores" {
    sample
    fails 2 'unknown sample sent; did you mean sentence?' attn sample sent
    warns '{"attention":[[1]],"toke":1,"Tokens":1}' '' \
        'x.json:1:27: the unknown key "toke" is ignored; did you mean "tokens"?' \
        'x.json:1:38: the unknown key "Tokens" is ignored; did you mean "tokens"?'
}

@test "bug: an axis for layers made more of them than a list of layers may have" {
    "$PYTHON" -c 'import json; print(json.dumps({t: [[[[1]]]] * 4097 for t in "qk"}))' >x.json
    fails 3 'x.json:1:7: q is 4097×1×1×1: expected at most 4096 layers' attn run x.json -o y.json
}

@test "bug: NaN in a tensor that is not used was said to make rows NaN" {
    warns '{"q":[[1e38],[1]],"k":[[1e38],[1]],"w_q":[[NaN]]}' '' \
        'x.json: w_q is not used: q, k or v stands in its place' \
        '1 of 2 rows are NaN: their scores are too large for float32; the first is query 0 of layer 0, head 0; --cpu plain computes it'
}

@test "bug: a word of a setting that was nearly right got no suggestion" {
    sample
    usage '--score is "addtive": did you mean additive?' run x.json -o y.json --score addtive
    usage '--causal is "ende": did you mean end?' run x.json -o y.json --causal=ende
    input 'x.json:1:49: position is "rotari": did you mean rotary?' "{$QK,\"position\":\"rotari\"}"
}

@test "bug: text that is no UTF-8 went into the JSON" {
    sample
    usage '--separator is "a\xFF": expected a token of at most 63 bytes of UTF-8' run x.json -o y.json --separator $'a\xff'
    usage '--title is "a\xFF": expected text in UTF-8' run x.json -o y.json --title $'a\xff'
    attn run x.json --separator $'"\\\e' -q -o - | jq -c .config.separator >separator
    same "$(cat separator)" '"\"\\\u001b"'
}

@test "bug: options that compute weights were silently ignored beside weights that were given" {
    warns '{"attention":[[0.5,0.5],[0,1]],"scale":2}' '--temperature 2 --position rotary --dropout 0' \
        'weights were given: scale, temperature, position are not used'
    warns '{"layers":[{"attention":[[1]]},{"attention":[[1]],"sink":1}]}' '' 'weights were given: sink is not used'
    echo '{"attention":[[0.5,0.5],[0,1]]}' >x.json
    same "$(attn run x.json --causal --window 1 --key-length 2 -o y.json 2>&1)" 'attn: warning: weight on forbidden pairs (1 of them); it is shown'
    attn run x.json -v -o y.json 2>err
    [[ $(tail -1 err) =~ \ engine=none\  ]]
    attn run "$DATA/sentence.json" --scale 3 --softcap 2 --temperature 2 -q -o x.json
    same "$(attn run x.json -o y.json 2>&1)" ""
}

@test "bug: a separator that no token is was taken without a word" {
    warns "{$QK,\"tokens\":[\"a\",\"b\"]}" '--separator <eos>' 'x.json: no token is the separator "<eos>": all is one document'
    warns "{\"tokens\":[\"a\",\"b\"],\"separator\":\".\",\"layers\":[{$QK},{$QK}]}" '' \
        'x.json: no token is the separator ".": all is one document'
    echo "{$QK,\"tokens\":[\"a\",\"b\"]}" >x.json
    same "$(attn run x.json --separator b -o y.json 2>&1)" ""
}

@test "bug: past_k and past_v of unlike lengths were said to be k and v" {
    input 'x.json:1:88: past_k is 2×2 and past_v is 3×2: they must have the same number of keys' \
        "{$QKV,\"past_k\":[[1,2],[3,4]],\"past_v\":[[1,2],[3,4],[5,6]]}"
    input 'x.json:1:36: k is 1×2 and v is 2×2: they must have the same number of keys' \
        '{"q":[[1,2],[3,4]],"k":[[1,2]],"v":[[1,2],[3,4]],"past_k":[[1,2]],"past_v":[[1,2]]}'
}

@test "bug: -infinity in sinks and relative_bias was said to make rows NaN, and null was NaN" {
    local none
    for none in null -Infinity; do
        echo "{$QK,\"sinks\":[$none]}" >x.json
        same "$(attn run x.json -o y.json 2>&1)" ""
        same "$(jq -c .weights y.json)" "$(echo "{$QK}" | attn run - -o - | jq -c .weights)"
        echo "{$QK,\"position\":\"relative\",\"relative_bias\":[[0],[$none]]}" >x.json
        same "$(attn run x.json -o y.json 2>&1)" ""
        same "$(jq -c '.weights[0][0]' y.json | sed 's/[0-9]*\.[0-9e-]*/x/g')" '[[1,0],[x,x]]'
    done
    warns "{$QK,\"position\":\"relative\",\"relative_bias\":[[null],[null]]}" '' \
        '2 of 2 rows are NaN: their scores are too large for float32, or all -infinity'
    warns "{$QK,\"sinks\":[Infinity]}" '' 'x.json: sinks holds infinity at [0]: the rows that see it become NaN'
}

@test "bug: a seed of more than 31 bits was refused" {
    sample
    same "$(attn run x.json --dropout 0.5 --seed 18446744073709551615 -q -o - | grep -o '"seed":[0-9]*')" '"seed":18446744073709551615'
    usage '--seed is "18446744073709551616": expected a whole number of 0 or more, below 2^64' run x.json --seed 18446744073709551616
    [ "$(attn run x.json --dropout 0.5 --seed 4294967296 -q -o - | jq -c .weights)" != "$(attn run x.json --dropout 0.5 -q -o - | jq -c .weights)" ]
}

@test "bug: 1.0 was no whole number in JSON" {
    echo "{$QK,\"heads\":1.0,\"window\":[1.0 , 0.00],\"global\":[0.0],\"block\":2.0,\"causal\":0.0}" >x.json
    echo "{$QK,\"heads\":1,\"window\":[1,0],\"global\":[0],\"block\":2,\"causal\":0}" >y.json
    same "$(attn run x.json -o -)" "$(attn run y.json -o -)"
    input 'x.json:1:46: heads is "1.50": expected a whole number of 1 or more' "{$QK,\"heads\":1.50}"
    input 'x.json:1:47: window is "1.0": expected a whole number, or two as L,R, of -1 (no limit) or more; or one a head, as 4,0;8,0' "{$QK,\"window\":\"1.0\"}"
}

@test "bug: a key_length of 0 was refused" {
    warns "{$QKV,\"key_length\":0}" '' '2 of 2 rows may see no key: their weights and output are 0'
    same "$(jq -c '[.mask, .config.key_length]' y.json)" '[[[0,0],[0,0]],0]'
    same "$(attn run x.json --cpu plain -q -o - | jq -c '[.weights, .output]')" '[[[[[0,0],[0,0]]]],[[[0,0],[0,0]]]]'
    attn explain x.json -q | grep -q 'it may see no key'
}

@test "bug: --mask-true-blocks without a mask and --global without a window did nothing without a word" {
    sample
    usage '--mask-true-blocks needs --mask or --key-mask' run x.json -o y.json --mask-true-blocks
    usage '--global needs --window, --dilation or --block' run x.json -o y.json --global 0
    input 'x.json:1:57: mask_true_blocks needs mask or key_mask' "{$QK,\"mask_true_blocks\":true}"
    input 'x.json:1:47: layer 0: global needs window, dilation or block' "{$QK,\"global\":[0],\"layers\":[{},{}]}"
    input 'x.json:1:71: layer 1: global needs window, dilation or block' "{$QK,\"layers\":[{\"window\":1},{\"global\":[0]}]}"
    echo "{$QK,\"mask_true_blocks\":true,\"global\":[0],\"layers\":[{\"mask\":[[0,1]]},{\"window\":0}]}" >x.json
    same "$(attn run x.json -q -o - | jq -c .pairs.allowed)" '[[2],[4]]'
    echo "{$QK,\"mask_true_blocks\":false}" >x.json
    attn run x.json -o y.json
}

@test "bug: what --position-base and --separator need was named in part" {
    sample
    usage '--position-base needs --position sinusoidal or --position rotary' run x.json -o y.json --position-base 3
    input 'x.json:1:54: position_base needs position sinusoidal or position rotary' "{$QK,\"position_base\":3}"
    input 'x.json:1:50: separator needs tokens' "{$QK,\"separator\":\".\"}"
    usage '--separator needs --tokens' run x.json -o y.json --separator .
}

@test "bug: what does not go together, and a value that does not fit, had no place" {
    input 'x.json:2:12: prefix needs causal' "{$QK,
 \"prefix\": 1}"
    input 'x.json:1:51: normalizer linear cannot go with scale' "{$QK,\"normalizer\":\"linear\",\"scale\":2}"
    input 'x.json:1:56: residual: expected an output as wide as d_model, 2, not 1' \
        '{"embeddings":[[1,0],[0,1]],"w_v":[[1],[1]],"residual":true}'
    input 'x.json:1:32: w_score needs score general' '{"q":[[1]],"k":[[1]],"w_score":[[1]]}'
    input 'x.json:1:56: layer 1: seed needs dropout' '{"q":[[1]],"k":[[1]],"layers":[{"prefix":null},{"seed":1}]}'
    input 'x.json:1:71: rotary_dim: expected no more columns than d_k, 2' "{$QK,\"position\":\"rotary\",\"rotary_dim\":4}"
    echo "{$QK}" >x.json
    fails 2 '--prefix needs --causal' attn run x.json --prefix 1 -o y.json
    fails 2 '--rotary-dim: expected no more columns than d_k, 2' attn run x.json --position rotary --rotary-dim 4 -o y.json
}

@test "input: tensors of scores, positions, recurrences and norms that do not fit" {
    input 'x.json:1:66: w_score is 2×2×2: expected as many as there are heads, 1' \
        "{$QK,\"score\":\"general\",\"w_score\":[[[1,0],[0,1]],[[1,0],[0,1]]]}"
    input 'x.json:1:66: w_score is 1×2: expected rows: 2' "{$QK,\"score\":\"general\",\"w_score\":[[1,0]]}"
    input 'x.json:1:66: w_score is 2×1: expected columns: 2' "{$QK,\"score\":\"general\",\"w_score\":[[1],[0]]}"
    input 'x.json:1:57: k has 3 columns a head and meets 2: without w_score_k they must be as many' \
        '{"q":[[1,2]],"k":[[1,2,3]],"score":"additive","v_score":[1,1]}'
    input 'x.json:1:47: slopes is 2 numbers: expected 1 number' "{$QK,\"slopes\":[1,2],\"position\":\"alibi\"}"
    input 'x.json:1:71: rotary_dim: expected an even number of columns to turn in pairs, not 1' \
        "{$QK,\"position\":\"rotary\",\"rotary_dim\":1}"
    input 'x.json:1:53: recurrence: expected as many keys as queries, 1' \
        '{"q":[[1]],"k":[[1],[2]],"v":[[1],[1]],"recurrence":"linear"}'
    input 'x.json:1:86: state is 1×1×1: expected 1×2×2, key/value heads×d_k×d_v' \
        "{$QKV,\"recurrence\":\"linear\",\"state\":[[[1]]]}"
    input 'x.json:1:85: decay is 2×3: expected columns: 2' "{$QKV,\"recurrence\":\"gated\",\"decay\":[[0,0,0],[0,0,0]]}"
    input 'x.json:1:85: decay is 1×1: expected rows: 2' "{$QKV,\"recurrence\":\"gated\",\"decay\":[[0]]}"
    input 'x.json:1:84: beta is 2×2: expected columns: 1' "{$QKV,\"recurrence\":\"delta\",\"beta\":[[0,0],[0,0]]}"
    input 'x.json:1:84: beta is 1×1: expected rows: 2' "{$QKV,\"recurrence\":\"delta\",\"beta\":[[0]]}"
    input 'x.json:1:45: norm: expected an output, which needs v' "{$QK,\"norm\":\"post\"}"
}

@test "input: tables of relative positions that do not fit" {
    local single='[1],[1],[1],[1],[1],[1],[1],[1]' many
    input 'x.json:1:76: relative_bias is 1×1: expected a bucket for each side, at least 2' \
        "{$QK,\"position\":\"relative\",\"relative_bias\":[[1]]}"
    input 'x.json:1:76: relative_bias is 2×2: expected columns: 1' \
        "{$QK,\"position\":\"relative\",\"relative_bias\":[[1,1],[1,1]]}"
    input 'x.json:1:125: max_distance: expected more than the buckets for single distances, 2' \
        "{$QK,\"position\":\"relative\",\"relative_bias\":[$single],\"max_distance\":2}"
    many=$(printf '[1],%.0s' {1..511})[1]
    input 'x.json:1:76: relative_bias is 512×1: expected a max_distance above 128, not 128' \
        "{$QK,\"position\":\"relative\",\"relative_bias\":[$many]}"
}

@test "input: segments, global tokens and padding that do not fit" {
    local pair='"q":[[1]],"k":[[1],[2]]'
    input 'x.json:1:49: segments is 1 number: expected a number for each query, 2' "{$QK,\"segments\":[0]}"
    input 'x.json:1:37: segments is 1 number: expected without key_segments a number for each key, 2' \
        "{$pair,\"segments\":[0]}"
    input 'x.json:1:56: key_segments is 1 number: expected a number for each key, 2' \
        "{$pair,\"segments\":[0],\"key_segments\":[0]}"
    input 'x.json:1:49: segments is 0.5 at [1]: expected whole numbers' "{$QK,\"segments\":[0,0.5]}"
    input 'x.json:1:53: separator: expected key_tokens to split as well, for other keys than the queries, 2' \
        "{$pair,\"tokens\":[\"/\"],\"separator\":\"/\"}"
    input 'x.json:1:47: global: expected positions below the number of keys, 2' "{$QK,\"global\":[2],\"window\":1}"
    input 'x.json:1:47: global: expected positions below the number of keys, 2' \
        "{$QK,\"global\":[3],\"window\":1,\"causal\":1}"
    input 'x.json:1:51: key_length: expected at most the number of keys, 2' "{$QK,\"key_length\":3}"
    usage '--key-length: expected at most the number of keys, 2' run x.json -o y.json --key-length 3
    input 'x.json:1:61: block_mask is 1×2: expected rows: 2' "{$QK,\"block\":1,\"block_mask\":[[1,1]]}"
    input 'x.json:1:49: key_mask is 3 numbers: expected 2 numbers' "{$QK,\"key_mask\":[1,1,1]}"
}
