# The figure of the steps of attention (tests/numpy/check_steps.py).
load helper

steps() {
    DATA=$DATA numpy check_steps.py "$@"
}

@test "steps: every panel has the colours of the numbers that --stage gives, and masked cells are alike" { steps colors; }
@test "steps: a bias has a panel of masked scores, without a mask" { steps bias; }
@test "steps: more than four heads are said, and --head chooses" { steps heads; }
@test "steps: heads have the keys that they share, and an output of all heads stands once" { steps grouped; }
@test "bug: an output that one layer projects and another does not went beyond the edge" { steps mixed; }
@test "steps: a row a head of each layer" { steps layers; }
@test "steps: rows of --pick are named by the picked layer and head, and show their numbers" { steps picked; }
@test "steps: several stages in one picture are drawn the same way" { steps stages; }
@test "steps: given weights are one panel" { steps given; }
@test "steps: given weights with v have v and the output beside them" { steps valued; }
@test "given weights with v: the output is weights·v, of all heads or chosen ones" { steps valued_numbers; }
@test "steps: a folder has steps.png beside what it has anyway" { steps folder; }
@test "steps: many tokens are pooled" { steps pooled; }
@test "steps: width, size and colours are those that were asked for" { steps style; }

@test "steps: the same bytes for any number of threads" {
    attn run "$DATA/grouped.json" --steps -q --threads 1 -o a.png
    attn run "$DATA/grouped.json" --steps -q --threads 7 -o b.png
    cmp a.png b.png
}

@test "steps: JSON has the numbers of the figure, and CSV the weights" {
    attn run "$DATA/causal.json" -q --steps -o x.png -o a.json -o a.csv
    attn run "$DATA/causal.json" -q -o b.csv
    attn run "$DATA/causal.json" -q --stage q --stage k --stage scores --stage scaled --stage masked --stage weights --stage v \
        --stage output -o b.json
    cmp a.json b.json
    cmp a.csv b.csv
}

@test "steps: what it cannot draw is named" {
    local file=$DATA/causal.json
    fails 2 '--steps draws a picture: expected -o with a .png, a .svg or a folder' attn run "$file" --steps -o x.json
    fails 2 'a figure of several stages has a colour bar for each, and none of --vmin and --vmax' \
        attn run "$file" --steps --vmax 3 -o x.png
    fails 2 'a log colour scale cannot reach -2; it needs a range above 0' attn run "$DATA/projections.json" --steps --color-scale log -o x.png
    fails 2 'labels and signs leave no room for the matrices in 300 pixels' attn run "$file" --steps --width 300 -o x.png
    fails 2 '--steps draws matrices, and --image, --look-from, --look-at and --view draw over patches' \
        attn run "$DATA/patches.json" --steps --look-from 3 -o x.png
    fails 2 'a picture of several stages draws matrices, and --image, --look-from, --look-at and --view draw over patches' \
        attn run "$DATA/patches.json" --stage q --stage weights --view grid -o x.png
    echo '{"layers":[{"attention":[[1,0],[0,1]]},{"attention":[[1]]}]}' >sizes.json
    fails 2 '--steps: the layers differ in size: choose those that agree with --layer' attn run sizes.json --steps -o x.png
    attn run sizes.json --steps -q --layer 1 -o x.png
    echo '{"q":[[1],[2]],"k":[[1],[2]],"v":[[1],[2]],"words":[0,0]}' >words.json
    fails 2 '--steps is of tokens, and here they are joined to words: add --words=no' attn run words.json --steps -o x.png
    attn run words.json --steps -q --words=no -o x.png
    fails 1 '1×2×8×8 weights are more than the 10 that --max-weights allows to be held: --steps cannot be had; raise it' \
        attn run "$file" --steps --max-weights 10 -o x.png
    fails 1 '1×2×8×8 weights are more than the 10 that --max-weights allows to be held: a picture of several stages cannot be had; raise it' \
        attn run "$file" --stage weights --stage output --max-weights 10 -o x.png
    attn run "$file" --stage weights --stage mask --max-weights 10 -q -o x.png
}
