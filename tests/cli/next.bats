# What comes after the last token (tests/numpy/check_next.py): unembed and vocabulary.
load helper

next_tokens() {
    numpy check_next.py "$@"
}

@test "the ten likeliest words and their probabilities are NumPy's, of stacks with and without norms" { next_tokens stack; }
@test "what comes next is the same whatever layers, heads and queries are shown" { next_tokens same_for_any_selection; }
@test "of equally likely words the first comes first, and NaN has no probability" { next_tokens equals; }

@test "shapes of unembed and vocabulary that do not fit are named, both of them" {
    echo '{"q":[[1,0],[0,1]],"k":[[1,0],[0,1]],"v":[[1,2,3],[4,5,6]],"unembed":[[1,2],[3,4]]}' >x.json
    fails 3 'x.json:1:70: unembed is 2×2 and the output is 2×3: expected as many rows as the output has columns' attn run x.json -o y.json
    echo '{"q":[[1,0],[0,1]],"k":[[1,0],[0,1]],"v":[[1,2],[4,5]],"unembed":[[1,2],[3,4],[5,6]]}' >x.json
    fails 3 'x.json:1:66: unembed is 3×2 and the output is 2×2: expected as many rows as the output has columns; its transpose would fit' \
        attn run x.json -o y.json
    echo '{"q":[[1]],"k":[[1]],"v":[[1]],"unembed":[[1,2]],"vocabulary":["a"]}' >x.json
    fails 3 'x.json:1:63: vocabulary is 1 words and unembed is 1×2: expected a word for each column' attn run x.json -o y.json
    echo '{"q":[[1]],"k":[[1]],"unembed":[[1,2]]}' >x.json
    fails 3 'x.json:1:32: unembed without v: there is no output to multiply' attn run x.json -o y.json
    echo '{"q":[[1]],"k":[[1]],"v":[[1]],"unembed":[1,2]}' >x.json
    fails 3 'x.json:1:42: unembed is 2 numbers: expected rows and columns' attn run x.json -o y.json
    echo '{"q":[[1]],"k":[[1]],"v":[[1]],"unembed":[[1,2]],"vocabulary":{"a":1}}' >x.json
    fails 3 'x.json:1:63: vocabulary: expected a list of strings, found an object' attn run x.json -o y.json
}

@test "what has no use for unembed or vocabulary says so" {
    echo '{"q":[[1]],"k":[[1]],"v":[[1]],"vocabulary":["a"]}' >x.json
    attn run x.json -o y.json 2>&1 | grep -qx 'attn: warning: x.json: vocabulary is not used: there is no unembed'
    echo '{"attention":[[1]],"unembed":[[1,2]],"vocabulary":["a","b"]}' >x.json
    attn run x.json -o y.json 2>&1 | grep -qx 'attn: warning: x.json: unembed is not used: attention is given, no scores are computed'
    same "$(jq .next y.json)" null
    # The last layer says it; what another has is of no use.
    echo '{"q":[[1]],"k":[[1]],"v":[[1]],"layers":[{"unembed":[[1,2]]},{}]}' >x.json
    attn run x.json -o y.json 2>&1 | grep -qx 'attn: warning: x.json: unembed is not used: the settings do without it'
    same "$(jq .next y.json)" null
    echo '{"q":[[1]],"k":[[1]],"v":[[1]],"layers":[{},{"unembed":[[1,2]]}]}' >x.json
    same "$(attn run x.json -o - 2>&1 | jq -c '.next | map(.id)')" '[1,0]'
}

@test "the table names the likely words after the last token, and files of arrays and --unembed say the same" {
    echo '{"tokens":["x","y"],"q":[[0],[0]],"k":[[0],[0]],"v":[[1],[1]],"unembed":[[0,3,1]],"vocabulary":["a","b","c\n"]}' >x.json
    same "$(attn run x.json --format table | tail -2)" "
after the last \"y\": \"b\" 0.844, \"c\\x0A\" 0.114, \"a\" 0.042"
    attn convert x.json -o x.npz
    same "$(attn run x.npz -o - | jq -c .next)" "$(attn run x.json -o - | jq -c .next)"
    attn run x.json -o - | jq 'del(.stats)' >back.json
    same "$(attn run back.json -o - 2>&1 | jq -c .next)" null
    printf '0,3,1\n' >unembed.csv
    jq 'del(.unembed, .vocabulary)' x.json >plain.json
    same "$(attn run plain.json --unembed unembed.csv -o - | jq -c '.next | map(.id, .token)')" '[1,"1",2,"2",0,"0"]'
}
