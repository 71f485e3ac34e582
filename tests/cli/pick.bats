# --pick: heads by layer and head.
load helper

pick() {
    numpy check_pick.py "$@"
}

@test "pick: JSON, NPZ, NPY, CSV and measures have the heads in the order of the list, under their own numbers" { pick outputs; }
@test "pick: weights, outputs and keys that are computed, and only those" { pick computed; }
@test "pick: --average is the mean of all heads that are picked" { pick mean; }
@test "pick: stats, diff and explain take the same heads" { pick commands; }
@test "pick: --dtw goes through the mean of heads of any layers" { pick times; }
@test "pick: heads of layers of different size" { pick sizes; }

@test "pick: files and titles of pictures name layer and head, also what heads share" {
    attn run "$DATA/induction.json" --pick '1.0,0.*' --stage weights --stage output -o d/ -q
    same "$(cd d && echo *)" "1-weights-heads.png 1-weights-layer0-head0.png 1-weights-layer1-head0.png 2-output-heads.png 2-output-layer0-head0.png 2-output-layer1-head0.png attention.json"
}

@test "pick: what is no list of heads is refused" {
    fails 2 '--pick is "5": expected layers and heads, such as 5.1,8.10, or 7.* for all heads of layer 7' attn run "$DATA/causal.json" --pick 5
    fails 2 '--pick is "0.0,": expected layers and heads, such as 5.1,8.10, or 7.* for all heads of layer 7' attn run "$DATA/causal.json" --pick 0.0,
    fails 2 '--pick and --layer: expected one of them' attn stats "$DATA/causal.json" --pick 0.0 --layer 0
    fails 2 'A: --pick and --head: expected one of them' attn diff "$DATA/causal.json" "$DATA/causal.json" --pick 0.0 --head 0
    fails 2 '--pick names head 0.1 twice' attn run "$DATA/causal.json" --pick 0.1,0.*
    fails 2 'there is no layer 3: expected 0, the only one' attn run "$DATA/causal.json" --pick 3.0
    fails 2 'there is no head -5: expected 0 to 1, or -2 to -1, counted from the end' attn run "$DATA/causal.json" --pick 0.-5
    fails 2 'explain takes one head; see attn run --stage for several' attn explain "$DATA/causal.json" --pick 0.*
    fails 2 '--against: --pick is not of the computation: expected it outside of the quotes' attn diff "$DATA/causal.json" --against '--pick 0.0'
}

@test "pick: negative layers and heads, and ranges of them, count from the end everywhere" {
    for list in -2 -2: :-1 -2,-1; do
        attn run "$DATA/induction.json" --layer "$list" -o first.json -q
        attn run "$DATA/induction.json" --layer "$(case $list in -2: | -2,-1) echo 0:2 ;; *) echo 0 ;; esac)" -o - -q | cmp - first.json
        same "$(attn stats "$DATA/induction.json" --layer="$list" | jq -c '[.heads[].layer]')" "$(jq -c .selection.layers first.json | sed 's/null/[0,1]/')"
        attn diff "$DATA/induction.json" "$DATA/induction.json" --layer="$list" >/dev/null
    done
    same "$(attn explain "$DATA/causal.json" --head -2)" "$(attn explain "$DATA/causal.json" --head 0)"
    attn rollout "$DATA/causal.json" --head -2: >/dev/null
}

@test "bug: heads that were chosen lost their numbers when they were read back, in every format" { pick names; }
@test "bug: a table of pairs lost the numbers of its heads when it was converted" {
    printf 'layer,head,query,key,weight\n2,3,0,0,0.5\n2,3,0,1,0.7\n0,1,0,0,1\n' >x.csv
    local from to
    for to in json npz safetensors; do
        attn convert x.csv -o y.$to
        attn convert y.$to -o z.json
        for from in x.csv y.$to z.json; do
            same "$(attn stats $from -q --format json | jq -c '[.heads[] | [.layer, .head, .max_weight]]')" "$(attn stats x.csv -q --format json |
                jq -c '[.heads[] | [.layer, .head, .max_weight]]')"
            same "$(attn stats $from -q --pick 2.3 --format json | jq -c '[.heads[] | [.layer, .head]]')" '[[2,3]]'
            # rows of a table are whole: what they sum up to is said
            attn stats $from --format json 2>&1 >/dev/null | grep -q '1 of 2 rows do not sum to 1'
        done
    done
}

@test "names: of means, the numbers of what was not averaged" { pick names_of_means; }
@test "names: of layers of different size" { pick names_of_sizes; }
@test "names: of pictures" { pick names_of_files; }

@test "names: numbers of the input are those that options take, and what they lack is said" {
    attn run "$DATA/causal.json" --head 1 -o h.json -q
    fails 2 'there is no head 0: expected one of 1, as the input numbers them' attn run h.json --head 0
    fails 2 'there is no head 0: expected one of 1, as the input numbers them' attn stats h.json --pick 0.0
    attn run "$DATA/causal.json" --pick 0.1,0.0 -o p.json -q
    fails 2 '--pick: none of 2 such layers has a head of that number' attn run p.json --pick 0.3
    fails 2 'there is no layer of 2:4: expected one of 0, 0, as the input numbers them' attn run p.json --layer 2:4
}

@test "names: a selection that does not fit the weights is told of, and one that is no list is an error" {
    attn run "$DATA/causal.json" --head 1 -o h.json -q
    sed -i 's/"heads":\[1\]/"heads":[1,3]/' h.json
    attn stats h.json --format csv 2>err | cut -d, -f1,2 | tail -n +2 | grep -x 0,0
    same "$(cat err)" "attn: warning: selection has numbers for other layers and heads than there are: they are counted from 0"
    sed -i 's/"heads":\[1,3\]/"heads":[[[1]]]/' h.json
    fails 3 'h.json:6:35: heads: expected whole numbers, counted from 0, found a list of lists' attn stats h.json
    sed -i 's/"heads":\[\[\[1\]\]\]/"heads":[-1]/' h.json
    fails 3 'h.json:6:35: heads: expected whole numbers, counted from 0, found a list of numbers' attn stats h.json
}

@test "best: --sort and --best of attn run choose and order heads as attn stats does" { pick best; }

@test "best: what does not go together, and a measure that is none" {
    fails 2 '--best: expected --sort beside it' attn run "$DATA/causal.json" --best 2
    same "$(attn run "$DATA/causal.json" --sort entropie 2>&1 | cut -c1-28)" 'attn: --sort is "entropie": '
}

@test "best: layers of different size are measured, and the value stands in the title" {
    echo '{"layers":[{"attention":[[[1,0],[0.5,0.5]]]},{"attention":[[[1,0,0],[0.2,0.8,0],[0,0,1]]]}]}' >s.json
    attn run s.json --sort entropy --best 1 -o s.json.out.json -q
    same "$(jq -c .selection.layers s.json.out.json)" '[0]'
    attn run s.json --sort first_token -o all.json -o with.png -q
    same "$(jq -c '[.selection.layers, .selection.heads]' all.json)" '[[0,1],[0]]'
    attn run s.json --pick '*.0' -o without.png -q
    if cmp -s with.png without.png; then return 1; fi
}

@test "bug: --sort of layers of different size let go of measures by the heads of another layer" {
    echo '{"layers":[{"attention":[[1,0],[0.5,0.5]]},{"attention":[[1]]},{"attention":[[[0.1,0.9],[0.2,0.8]],[[0,1],[1,0]],[[1,0],[0,1]]]}]}' >s.json
    for sort in entropy -entropy first_token -max_weight; do
        attn run s.json --sort="$sort" -q -o s.out.json
        same "$(jq -c '.selection | .layers | length' s.out.json)" 5
    done
}
