# Every form of attention: by hand, against NumPy (tests/numpy/forms.py), against PyTorch, and what may not be combined.
load helper

forms() {
    numpy check_forms.py "$@"
}

combine() {
    numpy check_combine.py "$@"
}

torch() {
    needs_torch
    numpy check_torch.py "$@"
}

@test "the oracle of the forms knows what is known without it" { forms oracle; }
@test "in the oracle the weights of a recurrence are what each value contributes" { forms recurrence_weights; }
@test "dot, cosine, general and additive scores" { forms score; }
@test "temperature" { forms temperature; }
@test "sparsemax" { forms sparsemax; }
@test "linear attention" { forms linear; }
@test "a sink takes weight and gives nothing" { forms sink; }
@test "recurrences remember, decay and forget" { forms recurrence; }
@test "linear attention and recurrences have the same output without weights, on every --cpu" { forms output_alone; }
@test "a stack of them without weights" { forms output_alone_of_a_stack; }
@test "what is made of weights has them" { forms weights_that_are_asked_for; }
@test "their output alone takes memory that grows with n" {
    under_asan && skip "AddressSanitizer takes memory of its own"
    forms output_alone_stays_small
}
@test "sinusoidal positions" { forms sinusoidal; }
@test "bug: --causal=N moved the sinusoidal positions of a sequence" { forms sinusoidal_under_causal; }
@test "bug: sinusoidal positions in one layer of a stack were half applied, or not at all" { forms sinusoidal_of_a_stack; }
@test "rotary positions" { forms rotary; }
@test "ALiBi" { forms alibi; }
@test "relative positions of T5" { forms relative; }
@test "who sees whom, as pictures" { forms masks; }
@test "residual and norm" { forms residual_and_norm; }
@test "random forms 0 to 149 agree with NumPy on every --cpu" { forms random 0 150; }
@test "random forms 150 to 299 agree with NumPy on every --cpu" { forms random 150 300; }

@test "dropout drops its share everywhere, each place on its own" { combine dropout; }
@test "dropout is the same for a seed, whatever threads and size" { combine dropout_seed; }
@test "dropout of every kind of weights" { combine dropout_forms; }
@test "the same thing said in two ways" { combine two_ways; }
@test "settings in a layer and on the command line" { combine settings_in_layers; }
@test "NaN that nobody may see changes nothing in any form" { combine forbidden_nan; }
@test "every form has the same bytes for any number of threads" { combine threads; }
@test "dilation, taken apart by the engine, agrees with the plain one" { numpy check_dilation.py; }
@test "every form has the same output where the weights are not held" { combine streaming; }
@test "bug: cells, heaviest keys and measures of weights below 0 were those of forbidden places" { combine signed_weights; }
@test "tensors of the forms from files of their own" { combine files; }
@test "bug: sparsemax gave scores of 1e17 as weights" { combine large_scores; }
@test "bug: a context behind past keys was encoded as if it stood at the begin" { combine past_positions; }
@test "past keys and values are rows in front" { combine past_is_concatenation; }
@test "bug: --position none was refused where the file had a position_base" { combine at_rest; }
@test "bug: --seed was refused beside --dropout 0, and so was what needs something else at rest" { combine all_at_rest; }
@test "what may not be combined in a file is named" { combine wrong_in_a_file; }
@test "what may not be combined on the command line is named" { combine wrong_on_the_command_line; }

@test "the table of an output alone says where the measures are" {
    echo '{"q":[[1,2],[0,1]],"k":[[1,0],[0.5,1]],"v":[[1,2],[3,4]]}' >x.json
    for form in "--normalizer linear" "--recurrence linear"; do
        same "$(attn run x.json $form --stage output -o x.npy --format table)" \
            $'wrote x.npy\nthe output alone: measures need the n×m weights, which --stage weights computes'
        same "$(attn run x.json $form --stage output -o x.npy --format table --head 0 --queries 1 | tail -1)" \
            'the output alone: measures need the n×m weights, which --stage weights computes'
        same "$(attn run x.json $form --stage output --stage weights -o y.json --format table | sed -n 3p)" \
            'layer  head  entropy  distance   first  largest  from → to'
    done
    same "$(attn run x.json --stage output -o x.npy --format table | sed -n 3p)" 'layer  head  entropy  distance   first  largest  from → to'
}

# ALiBi of two tokens, slope 1, as the file has it: jq says -0 or -0.0, by its version.
alibi='"encoding":[[[[-0.0,-1],
[-1,-0.0]]]],'

@test "bug: --stage encoding showed waves that nothing was added to" {
    local expected='expected rotary, alibi, relative, or sinusoidal where embeddings come in (the first layer of a stack), of one shape in all layers; --layer chooses some'
    echo '{"embeddings":[[0,0],[0,0]],"layers":[{},{}]}' >stack.json
    echo '{"embeddings":[[0,0],[0,0]],"q":[[0,0],[0,0]]}' >q.json
    local one=(--position sinusoidal --stage encoding -q -o -)
    fails 3 "there is no stage encoding: $expected" attn run stack.json "${one[@]}"
    fails 3 "there is no stage encoding: $expected" attn run stack.json "${one[@]}" --layer 1
    fails 3 "there is no stage encoding: $expected" attn run q.json "${one[@]}"
    same "$(attn run stack.json "${one[@]}" --layer 0 | jq -c '.encoding | [length, .[0][0][0]]')" '[1,[0,1]]'
    echo '{"embeddings":[[0,0]],"layers":[{"position":"rotary"},{}]}' >turned.json
    same "$(attn run turned.json --layer 0 --stage encoding -q -o - | jq -c .encoding)" '[[[[1,0]]]]'
    echo '{"q":[[0],[0]],"k":[[0],[0]],"layers":[{},{"position":"alibi","slopes":[1]}]}' >second.json
    same "$(attn run second.json --layer 1 --stage encoding -q -o - | grep -A1 '^"encoding"')" "$alibi"
}

@test "bug: --stage encoding said that --layer chooses some, and every layer had to fit" {
    echo '{"q":[[1,2],[3,4]],"k":[[1,2],[3,4]],"layers":[{"position":"rotary"},{"position":"alibi","slopes":[1]}]}' >x.json
    fails 3 'there is no stage encoding: expected rotary, alibi, relative, or sinusoidal where embeddings come in (the first layer of a stack), of one shape in all layers; --layer chooses some' \
        attn run x.json --stage encoding -q -o -
    same "$(attn run x.json --layer 0 --stage encoding -q -o - | jq -c '.encoding[0][0][0]')" '[1,0]'
    same "$(attn run x.json --layer 1 --stage encoding -q -o - | grep -A1 '^"encoding"')" "$alibi"
    attn run x.json --layer 0 --stage encoding -q -o 0.csv
    attn run x.json --layer 1 --stage encoding -q -o 1.csv
    same "$(head -qn1 0.csv 1.csv)" "$(printf '%s\n' layer,head,query,feature,query_token,value \
        layer,head,query,key,query_token,key_token,encoding,masked)"
    fails 2 '--image cannot go with --stage encoding' attn run x.json --layer 0 --stage encoding --grid 1,2 --image x.png -o y.png
}

@test "nn.MultiheadAttention of PyTorch" { torch multihead; }
@test "stacks with residual and norm as PyTorch computes them" { torch encoder; }
@test "softmax, cosine_similarity, elu and an added zero of PyTorch" { torch functions; }
@test "the cases of the ONNX LinearAttention operator" {
    needs_real
    numpy check_torch.py onnx
}

@test "bug: a row whose weights are all 0 was said to see no key, and left out of the means" {
    echo '{"q":[[1],[200]],"k":[[1],[1]],"v":[[1],[1]],"sink":150}' >x.json
    same "$(attn run x.json -o - 2>&1 >/dev/null)" ""
    same "$(attn run x.json -o - | jq '.stats[0][0].mean_distance')" 0.25
}

@test "bug: colours of weights after dropout were on a scale of their own" {
    attn run "$DATA/sentence.json" --dropout 0.6 -q -o a.json -o a.png
    attn run a.json -q -o b.png
    cmp a.png b.png
}

@test "bug: weights above 1 after dropout gave a negative entropy" {
    echo '{"q":[[1],[1]],"k":[[1]],"v":[[1]],"dropout":0.5,"seed":3}' >x.json
    for how in "--cpu plain" "" "--average heads"; do
        attn run x.json $how -q -o a.json
        same "$(jq -c '.weights[0][0] | flatten | unique - [0, 2]' a.json)" '[]'
        same "$(jq -c '.stats[0][0] | .entropy, .mean_distance' a.json)" $'null\nnull'
        attn run a.json -q -o b.json
        same "$(jq -c .stats b.json)" "$(jq -c .stats a.json)"
    done
}

@test "bug: weights of a recurrence, a sink or dropout were read back as if they were none" {
    for words in "--recurrence linear" "--sink 2" "--dropout 0.4"; do
        attn run "$DATA/sentence.json" $words -q -o a.json -o a.png
        same "$(attn run a.json -o b.json -o b.png 2>&1 >/dev/null)" ""
        cmp a.png b.png
        same "$(jq -c '.stats | (.. | numbers) = 0' a.json)" "$(jq -c '.stats | (.. | numbers) = 0' b.json)"
        jq -s -e 'map([.stats | .. | numbers]) | transpose | all((.[0] - .[1]) | fabs < 2e-6)' a.json b.json
        attn run b.json -q -o c.json
        cmp b.json c.json
    done
}

@test "bug: -v counted a state's multiply-adds for output alone that another engine computed" {
    echo '{"q":[[1],[2],[3]],"k":[[1],[2],[3]],"v":[[1,1],[2,2],[3,3]],"normalizer":"linear","causal":true}' >x.json
    cost_of() { attn run x.json -q -v --stage output -o o.npy "$@" 2>&1 | sed -n 's/.*multiply_adds=\([0-9]*\).*/\1/p'; }
    same "$(cost_of)" 12
    same "$(cost_of --cpu plain)" 18
    same "$(cost_of --window 1,0)" 15
}

@test "-v says which engine ran, and why it was that of double precision" {
    local words engine='engine=(avx512|avx2|portable) '
    for words in "" "--normalizer sparsemax" "--normalizer linear" "--top-k 2" "--dropout 0.4" "--sink 2" "--score distance"; do
        attn run "$DATA/sentence.json" $words -q -v -o a.json 2>err
        grep -Eq "$engine" err
        same "$(grep -c 'double precision' err || true)" 0
    done
    why() {
        attn run "$DATA/sentence.json" -q -v -o a.json "${@:2}" 2>err
        grep -q 'engine=plain ' err
        grep -qx "attn: computed in double precision, row by row, because of $1" err
    }
    why "the choice of engine" --cpu plain
    why "mask_fill" --mask-fill 0
    echo '{"q":[[[1],[2]],[[1],[3]]],"k":[[[1],[2]],[[2],[1]]],"v":[[[1],[2]]],"differential":0.5}' >two.json
    attn run two.json -q -v -o a.json 2>&1 | grep -q 'row by row, because of differential attention$'
    why "the weights of a recurrence" --recurrence linear
    why "a sink that float32 cannot carry" --sink 1e35
}
