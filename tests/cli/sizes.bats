# Layers of different size: each by itself, in numbers and pictures (tests/numpy/check_sizes.py).
load helper

sizes() {
    numpy check_sizes.py "$@"
}

@test "layers of different size: objects and lists of weights, with measures, read back" { sizes weights; }
@test "layers of different size: chosen layers, heads, queries and keys, and means over heads" { sizes chosen; }
@test "layers of different size: a mask, causal and an offset a layer" { sizes masks; }
@test "layers of different size: computed, each stage is that of the layer alone, also in explain" { sizes computed; }
@test "layers of different size: a stack among them" { sizes stack; }
@test "layers of different size: one CSV of all" { sizes csv; }
@test "layers of different size: labels of a layer, of all, and those that fit some" { sizes tokens; }
@test "layers of different size: one picture below the other, a file a head" { sizes pictures; }
@test "layers of different size: a grid a layer, in the same colours" { sizes grids; }

@test "layers of different size: what they do not have is said" {
    echo '{"attention":[[[[1]]],[[[0.5,0.5]],[[0.5,0.5]]]]}' >x.json
    echo '{"layers":[{"q":[[1,2]],"k":[[1,2]]},{"q":[[1,2],[-3,2]],"k":[[1,2],[2,1]]}]}' >y.json
    fails 2 '-o x.npy holds one array, and the layers differ in size: choose those that agree with --layer; a folder, .json or .csv takes all' \
        attn run x.json -o x.npy
    fails 2 '--average layers: layers 0 and 1 differ in size or tokens, and have no mean; choose those that agree with --layer' \
        attn run x.json --average layers -o y.png
    fails 2 'there is no head 1: expected 0, the only one' attn run x.json --head 1 -o y.png
    fails 2 'there is no layer 2: expected 0 to 1, or -2 to -1, counted from the end' attn run x.json --layer 2 -o y.png
    fails 2 'there is no layer 2: expected 0 to 1, or -2 to -1, counted from the end' attn explain y.json --layer 2
    fails 1 '1×1×2×2 weights from layer 1 on are more than the 2 that --max-weights allows to be held, and are not pooled beside layers of another size: raise it, or choose layers with --layer' \
        attn run y.json --max-weights 2 -o y.png
    attn run y.json --max-weights 2 --layer 1 -q -o - >z.json
    same "$(jq -c .pooled.queries_per_cell z.json)" 2
    fails 2 'layers of different size have no colours in common here: give both --vmin and --vmax, or choose layers of one size' \
        attn run y.json --stage q --vmax 5 --cmap coolwarm -o y.png
    attn run y.json --stage q --vmin -4 --vmax 5 -q -o y.png
    echo '{"layers":[{"q":[[1]],"k":[[1]],"v":[[1]]},{"q":[[1],[2]],"k":[[1]]}]}' >z.json
    fails 3 'layer 1 lacks v, unlike layer 0: all layers must agree' attn run z.json -o y.png
    echo '{"tokens":[["a"],["b"]],"embeddings":[[1]]}' >z.json
    fails 3 'z.json:1:11: tokens holds 2 lists, one a layer: expected attention or q with as many layers' attn run z.json -o y.png
    echo '{"mask":[[[[1]]],[[[1,1]]]],"attention":[[1]]}' >z.json
    fails 3 'z.json:1:9: mask holds 2 lists, one a layer: expected attention or q with as many layers' attn run z.json -o y.png
    echo '{"attention":[[[[1]]],[[[1,0],[0,1]]]],"mask":[[[[1]]],[[[1,1]]],[[[1]]]]}' >z.json
    fails 3 'z.json:1:47: mask holds 3 layers: expected 2, as elsewhere' attn run z.json -o y.png
}

@test "layers of different size: -v names the parts, the table has one line a head" {
    echo '{"attention":[[[[1]]],[[[0.5,0.5]],[[0.5,0.5]]]]}' >x.json
    attn run x.json -v -o y.json 2>err
    grep -qx 'attn: from layer 0 on: 1 layer, 1 head, 1 queries, 1 keys, weights as given' err
    grep -qx 'attn: from layer 1 on: 1 layer, 2 heads, 1 queries, 2 keys, weights as given' err
    same "$(attn run x.json --format table -o y.json | tail -n 3 | cut -c1-11)" "$(printf '    0     0\n    1     0\n    1     1')"
}
