# What is shown of a result: layers and heads from the end, means, words, patches, steps (tests/numpy/check_shown.py).
load helper

shown() {
    DATA=$DATA "$PYTHON" -B "$ROOT/tests/numpy/check_shown.py" "$@"
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

@test "means over heads, layers and both are NumPy's, of every stage and in every format" { shown means; }
@test "files, tables and CSV say what a mean is over" { shown mean_names; }
