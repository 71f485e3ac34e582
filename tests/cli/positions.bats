# Positions that are given, their axes, and the frequencies of rotary: by hand, against NumPy, and what is refused.
load helper

positions() {
    numpy check_positions.py "$@"
}

@test "the oracle of positions knows what is known without it" { positions oracle; }
@test "positions leave a padded sentence what it is" { positions padding; }
@test "positions leave packed documents what they are" { positions packing; }
@test "ALiBi and relative go by positions, masks by places" { positions distances; }
@test "positions of a part of the queries" { positions part; }
@test "ALiBi between positions runs in the plain engine, rotary in the fast one" { positions plain_engine; }
@test "positions of a past, and keys that are rotated already" { positions past; }
@test "positions of a stack" { positions stack; }
@test "several axes, as parts and as sections" { positions axes; }
@test "every type of rope_scaling, by hand" { positions scaling; }
@test "what is said inside and outside of rope_scaling" { positions settled; }
@test "the JSON says the frequencies that were in force" { positions config; }
@test "positions and frequencies from files of their own" { positions files; }
@test "explain shows the rows that positions make" { positions explain; }
@test "random positions and frequencies 0 to 149 agree with NumPy on every --cpu" { positions random 0 150; }
@test "random positions and frequencies 150 to 299 agree with NumPy on every --cpu" { positions random 150 300; }

QK='"q":[[1,2,3,4],[3,4,5,6]],"k":[[1,2,3,4],[3,4,5,6]]'
ROTARY=$QK',"position":"rotary"'

# wrong MESSAGE KEYS [OPTION…]: rotary with these keys in x.json is an error at column 85 or later, where MESSAGE begins.
wrong() {
    printf '{%s%s}' "$ROTARY" "${2:+,$2}" >x.json
    fails 3 "x.json:1:$1" attn run x.json -o y.json "${@:3}"
}

@test "positions that are no numbers, too far away, or too many" {
    wrong '86: positions is nan at [1]: expected numbers from -16777216 to 16777216' '"positions":[0,NaN]'
    wrong '86: positions is inf at [0]: expected numbers from -16777216 to 16777216' '"positions":[Infinity,0]'
    wrong '86: positions is nan at [1]: expected numbers from -16777216 to 16777216' '"positions":[0,null]'
    wrong '86: positions is -1e+09 at [1]: expected numbers from -16777216 to 16777216' '"positions":[0,-1e9]'
    wrong '108: key_positions is 1e+09 at [1]: expected numbers from -16777216 to 16777216' \
        '"positions":[0,1],"key_positions":[0,1e9]'
    wrong '86: positions holds true or false: expected numbers' '"positions":[true,false]'
    wrong '86: positions is 3 numbers: expected a number for each query, 2' '"positions":[0,1,2]'
    wrong '86: positions is 2×3: expected a number for each query, 2' '"positions":[[0,1,2],[0,1,2]]'
    wrong '86: positions is 2×2×2: expected a list of numbers, or one an axis' '"positions":[[[0,1],[0,1]],[[0,1],[0,1]]]'
    wrong '108: key_positions is 3 numbers: expected a number for each key, 2' '"positions":[0,1],"key_positions":[0,1,2]'
    wrong '86: positions is 1 number: expected 2 numbers, one a query, or 3, one a key' \
        '"positions":[1],"past_k":[[1,1,1,1]]'
    echo '{"q":[[1,2]],"k":[[1,2],[3,4]],"past_k":[[1,1]],"position":"rotary","past_rotated":true,"positions":[4]}' >x.json
    fails 3 'x.json:1:101: positions is 1 number, and keys of the past need some too: expected 3 numbers, or key_positions' \
        attn run x.json -o y.json
    echo '{"q":[[1,2]],"k":[[1,2],[3,4]],"position":"rotary","positions":[4,5],"key_positions":[4,5]}' >x.json
    fails 3 'x.json:1:64: positions is 2 numbers: expected a number for each query, 1' attn run x.json -o y.json
    wrong '107: positions is 2 numbers, and keys of the past need some too: expected 3 numbers, or key_positions' \
        '"past_k":[[1,1,1,1]],"positions":[4,5]'
    wrong '107: positions is given twice: expected it once, and it is already in x.json:1:86' \
        '"positions":[0,1],"position_ids":[0,1]'
    attn run x.json -o y.json --position none 2>&1 | grep -q 'given twice'
    echo "{$QK,\"position\":\"rotary\",\"positions\":[-16777216,16777216]}" >x.json
    same "$(attn run x.json --format none -o y.npy 2>&1)" ""
    echo '{"attention":[[1]],"positions":[0],"rope_scaling":{"type":"linear"}}' >given.json
    same "$(attn run given.json --format none -o y.npy 2>&1)" \
        "$(printf '%s\n' 'attn: warning: weights were given: rope_scaling is not used' \
            'attn: warning: given.json: positions is not used: attention is given, no scores are computed')"
}

@test "axes and sections that do not fit" {
    wrong '86: positions is 3×2: the 4 rotated columns cannot be cut into pairs for 3 axes alike: expected position_sections' \
        '"positions":[[0,1],[0,1],[1,2]]'
    wrong '94: position_sections: expected sections of 2 pairs together, half of the 4 rotated columns' '"position_sections":[1]'
    wrong '120: position_sections: expected sections of 2 pairs together, half of the 4 rotated columns' \
        '"positions":[[0,1],[0,1]],"position_sections":[2,1]'
    wrong '120: position_sections: expected a section for each of the 2 axes of positions, not 1' \
        '"positions":[[0,1],[0,1]],"position_sections":[2]'
    wrong '120: position_sections is "2,0": expected at most 64 numbers of pairs as 16,24,24, of 1 or more' \
        '"positions":[[0,1],[0,1]],"position_sections":[2,0]'
    wrong '108: key_positions is 2×2: expected as many axes as positions has, 1' '"positions":[0,1],"key_positions":[[0,1],[1,1]]'
    echo "{$QK,\"position\":\"alibi\",\"positions\":[[0,1],[1,1]]}" >x.json
    fails 3 'x.json:1:85: positions is 2×2: expected one axis, a position a token; several are for position rotary' \
        attn run x.json -o y.json
    echo '{"embeddings":[[1,2]],"position":"sinusoidal","positions":[3],"key_positions":[3]}' >x.json
    fails 3 'x.json:1:79: key_positions: expected a context, whose positions they are; without it sinusoidal gives queries and keys the same' \
        attn run x.json -o y.json
    echo '{"embeddings":[[1,2]],"position":"sinusoidal","layers":[{},{"positions":[3]}]}' >x.json
    fails 3 'x.json:1:73: layer 1: position sinusoidal is added once, before layer 0: expected it, with its positions, there or outside of the layers' \
        attn run x.json -o y.json
}

@test "bug: rotary of more columns than a key has was said to be of more than d_k" {
    echo '{"q":[[1,2,3,4]],"k":[[1,2]],"score":"general","w_score":[[1,0],[0,1],[0,0],[0,0]],"position":"rotary"}' >x.json
    fails 3 'x.json:1:95: position: expected no more columns than a key has, 2, not 4' attn run x.json -o y.json
    fails 2 '--rotary-dim: expected no more columns than d_k, 4' attn run x.json -o y.json --rotary-dim 6
    attn run x.json --rotary-dim 2 --format none -o y.npy
}

# scaling MESSAGE OBJECT: the object as rope_scaling is an error, in x.json from column 89 on.
scaling() {
    wrong "$1" "\"rope_scaling\":$2"
}

@test "rope_scaling that says too little, too much, or nonsense" {
    scaling '89: rope_scaling: expected a rope_type beside factor' '{"factor":2}'
    scaling '115: rope_scaling: factor is "-2": expected a number above 0' '{"type":"linear","factor":-2}'
    scaling '115: rope_scaling: factor is "NaN": expected a number above 0' '{"type":"linear","factor":NaN}'
    scaling '115: factor: expected a number, a word, or a list of numbers, found an object' '{"type":"linear","factor":{}}'
    scaling '114: rope_scaling: the key "factr" is not understood; did you mean "factor"?' '{"type":"linear","factr":2}'
    scaling "111: rope_scaling: the key \"full_attention\" is not understood, and would change the result: expected those of Hugging Face's types default, linear, dynamic, yarn, llama3 and longrope" \
        '{    "full_attention":{"rope_type":"linear"}}'
    scaling '102: rope_scaling: rope_type is "ntk": expected default, linear, dynamic, yarn, llama3 or longrope' \
        '{"rope_type":"ntk"}'
    scaling '118: rope_scaling: rope_type and type are linear and yarn: expected the same' '{"rope_type":"linear","type":"yarn"}'
    scaling '126: the key "factor" stands twice in one object: expected it once' '{"type":"linear","factor":2,"factor":3}'
    scaling '89: rope_scaling: expected an object, or a word such as "linear:factor=8", found a list of numbers' '[1]'
    scaling '89: rope_scaling: expected an object, or a word such as "linear:factor=8", found a number' 4
    scaling '89: rope_scaling: expected a factor, for linear' '{"type":"linear"}'
    scaling '89: rope_scaling: expected a factor, for yarn, or both max_position_embeddings and original_max_position_embeddings' \
        '{"type":"yarn","original_max_position_embeddings":2}'
    scaling '89: rope_scaling: expected original_max_position_embeddings, for yarn' '{"type":"yarn","factor":2}'
    scaling '89: rope_scaling: expected a base above 1, for yarn, not 0.5' \
        '{"type":"yarn","factor":2,"original_max_position_embeddings":2,"rope_theta":0.5}'
    scaling '89: rope_scaling: expected a beta_fast (32) of at least beta_slow (1)' \
        '{"type":"yarn","factor":2,"original_max_position_embeddings":2,"beta_slow":33}'
    scaling '89: rope_scaling: expected max_position_embeddings, for dynamic' '{"type":"dynamic","factor":2}'
    scaling '89: rope_scaling: expected low_freq_factor, and a larger high_freq_factor, for llama3' \
        '{"type":"llama3","factor":2,"original_max_position_embeddings":8,"low_freq_factor":4,"high_freq_factor":4}'
    scaling '89: rope_scaling: expected 2 numbers in short_factor and in long_factor, one a pair, not 1 and 2' \
        '{"type":"su","factor":2,"original_max_position_embeddings":8,"short_factor":[1],"long_factor":[1,2]}'
    scaling '89: rope_scaling: expected an original_max_position_embeddings above 1, for longrope' \
        '{"type":"su","factor":2,"original_max_position_embeddings":1,"short_factor":[1,1],"long_factor":[1,2]}'
    scaling '89: rope_scaling: expected an even number of columns to turn in pairs, not 3' '{"partial_rotary_factor":0.75}'
    scaling '89: rope_scaling: expected a partial_rotary_factor that is two columns of 4 or more, not 0.1' '{"partial_rotary_factor":0.1}'
    scaling '89: rope_scaling: expected sections of 2 pairs together, half of the 4 rotated columns' '{"mrope_section":[1]}'
    scaling '122: position_base: expected the same as rope_theta in rope_scaling, or one of both' '{"rope_theta":5},"position_base":6'
    scaling '132: rotary_dim: expected the same as partial_rotary_factor in rope_scaling, or one of both' '{"partial_rotary_factor":0.5},"rotary_dim":4'
    for sections in '[1]' '[2,2]' '[1,1,1]'; do
        scaling '133: position_sections: expected the same as mrope_section in rope_scaling, or one of both' \
            "{\"mrope_section\":[1,1]},\"position_sections\":$sections"
    done
    scaling '106: rope_scaling: mrope_section is "1e30": expected at most 8 whole numbers of 1 or more' '{"mrope_section":[1e30]}'
    echo '{"q":[[1,2,3,4,5,6,7,8]],"k":[[1,2,3,4,5,6,7,8]],"position":"rotary","inv_freq":[[1,2],[3,4]]}' >x.json
    fails 3 'x.json:1:81: inv_freq is 2×2: expected 4 numbers' attn run x.json -o y.json
    wrong '85: inv_freq is 3 numbers: expected half of the rotated columns (rotary_dim), 2' '"inv_freq":[1,2,3]'
    wrong '85: inv_freq is nan at [1]: expected finite numbers' '"inv_freq":[1,NaN]'
    wrong '93: attention_factor is "-1": expected a number above 0' '"attention_factor":-1'
    echo "{$ROTARY}" >x.json
    echo '{"rope_scaling":{"type":"linear","factor":2}}' >rope.json
    fails 3 'rope.json:1:17: rope_scaling is given twice: expected it once, and it was read before' \
        attn run x.json rope.json rope.json -o y.json
    fails 2 '--rope-scaling: factor is "0": expected a number above 0' attn run x.json -o y.json --rope-scaling linear:factor=0
    fails 2 '--rope-scaling is "linear:8": expected TYPE:KEY=VALUE,…, such as linear:factor=8' \
        attn run x.json -o y.json --rope-scaling linear:8
    fails 2 '--rope-scaling: expected TYPE:KEY=VALUE,…, such as linear:factor=8; the object that Hugging Face has may stand in a JSON input' \
        attn run x.json -o y.json --rope-scaling '{"rope_type":"linear"}'
    fails 2 '--rope-scaling: expected a factor, for linear' attn run x.json -o y.json --rope-scaling linear
}

@test "keys of rope_scaling that its type does without are said once" {
    echo "{$ROTARY,\"rope_scaling\":{\"type\":\"linear\",\"factor\":2,\"beta_fast\":3,\"short_factor\":null},\"layers\":[{},{}]}" >x.json
    same "$(attn run x.json --format none -o y.npy 2>&1)" 'attn: warning: x.json: rope_scaling: beta_fast is not used: linear does without it'
}

@test "-v says which names of other software were read as which" {
    echo "{$ROTARY,\"position_ids\":[[0,1]],\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":100}}" >x.json
    attn run x.json -v --format none -o y.npy 2>said
    grep -qx 'attn: x.json:1:89: position_ids is taken for positions' said
    grep -qx 'attn: x.json:1:115: rope_parameters is taken for rope_scaling' said
    same "$(attn run x.json --format none -o y.npy 2>&1)" ""
}

@test "explain says by which positions a query was turned" {
    echo "{$ROTARY,\"positions\":[[0,2.5],[1,-3]],\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4,\"original_max_position_embeddings\":8}}" >x.json
    attn explain x.json | grep -q ', turned by its positions 2.5, -3 and multiplied by 1.139$'
    attn explain x.json --query 0 | grep -q ', turned by its positions 0, 1 and multiplied by 1.139$'
    echo "{$QK,\"position\":\"rotary\",\"causal\":3}" >x.json
    attn explain x.json | grep -q ', turned by its position 4$'
    echo "{$QK,\"position\":\"alibi\",\"positions\":[0.5,2]}" >x.json
    attn explain x.json | grep -qF 'masked: + position'
}
