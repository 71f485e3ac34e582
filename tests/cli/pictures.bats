# What the pictures show, pixel by pixel (tests/numpy/check_pictures.py).
load helper

pictures() {
    DATA=$DATA numpy check_pictures.py "$@"
}

@test "the decoder of these tests takes off every filter" { pictures decoder; }
@test "every kind of picture is a sound PNG" { pictures pngcheck; }
@test "a thousand single weights among a million are all seen, and listed" { pictures planted; }
@test "--metadata: what a PNG says of itself, and how large it is on paper" { pictures metadata; }
@test "--view lines: lines from queries to keys, as opaque as weights, of the heads' colours" { pictures lines; }

@test "--view lines: what it cannot draw is named" {
    c=$DATA/causal.json
    fails 2 '--view lines shows weights: expected no other --stage' attn run "$c" --view lines --stage scores -o x.png
    fails 2 '--query lights the lines of a query: expected --view lines' attn run "$c" --query 2 -o x.png
    fails 2 '--query is "99": expected a number below 8, or a token of the input' attn run "$c" --view lines --query 99 -o x.png
    fails 2 '--query is 3, and --queries leaves that one out' attn run "$c" --view lines --query 3 --queries 0:2 -o x.png
    fails 2 '--image cannot go with --view lines' attn run "$c" --view lines --image y.png -o x.png
    fails 2 'weights that may be negative cannot be lines' attn run "$DATA/delta.json" --view lines -o x.png
    fails 2 '--view lines is for at most 40 tokens, and here are 97 queries: choose some with --queries A:B' \
        attn run "$DATA/patches.json" --view lines -o x.png
    fails 2 '--view lines is for at most 40 tokens, and here are 97 keys: choose some with --keys A:B' \
        attn run "$DATA/patches.json" --view lines --queries 0:40 -o x.png
    fails 2 'labels leave no room for lines in 100 pixels' attn run "$c" --view lines --width 100 -o x.png
    fails 2 'labels have no room in rows of 7 pixels: expected 8 or more' attn run "$c" --view lines --cell 7 -o x.png
    fails 2 '--view lines draws weights of a layer: expected it of attn run' attn rollout "$c" --view lines -o x.png
    echo "[$(yes '[[1]]' | head -13 | paste -sd,)]" >heads.json
    fails 2 '--view lines has colours for at most 12 heads, and here are 13: choose some with --head, or --average heads' \
        attn run --attention heads.json --view lines -o x.png
    attn run --attention heads.json --view lines --average heads -q -o x.png -o x/
    attn run "$DATA/patches.json" --view lines --queries 0:40 --keys 57: --cell 8 --dpi-scale 1.5 -q -o y.png -o y.svg
}

@test "bug: options of pictures that contradict each other were not named, or one was ignored" {
    c=$DATA/causal.json
    local steps='a picture of several stages'
    fails 2 '--size and --width: expected one of them' attn run "$c" --size 800x600 --width 700 -o x.svg
    fails 2 '--size and --cell: expected one of them' attn run "$c" --size 800x600 --cell 9 -o x.png
    fails 2 '--size and --view lines: expected one of them' attn run "$c" --size 800x600 --view lines -o x.png
    fails 2 '--size and --steps: expected one of them' attn run "$c" --size 800x600 --steps -o x/
    fails 2 "--size and $steps: expected one of them" attn run "$c" --size 800x600 --stage weights --stage scores -o x.png
    fails 2 '--columns and --view lines: expected one of them' attn run "$c" --columns 1 --view lines -o x.png
    fails 2 '--columns and --steps: expected one of them' attn run "$c" --columns 2 --steps -o x.png
    fails 2 "--columns and $steps: expected one of them" attn run "$c" --columns 2 --stage q --stage k -o x.svg
    fails 2 '--cmap and --view lines: expected one of them' attn run "$c" --cmap magma --view lines -o x.png
    fails 2 '--steps and --view lines: expected one of them' attn run "$c" --steps --view lines -o x.png
    attn run "$c" --stage q --stage k --columns 1 -q -o x/
}

@test "bug: lines left out what is NaN, and given weights below 0, without a word" {
    echo '{"attention": [[null, null], [0.5, 0.5]]}' >nan.json
    attn run nan.json --view lines --query 0 -q --format none -o nan.svg
    grep -c '>NaN</text>' nan.svg | grep -qx 3
    grep -c 'stroke="#ff00c8"' nan.svg | grep -qx 2
    echo '{"q": [[null], [1]], "k": [[1], [2]], "causal": true}' >masked.json
    attn run masked.json --view lines --query 0 -q --format none -o masked.svg
    grep -c '>NaN</text>' masked.svg | grep -qx 2
    echo '{"attention": [[-1, 2], [0.5, 0.5]]}' >below.json
    fails 2 'weights below 0 cannot be lines, and the lowest is -1' attn run below.json --view lines -o x.png
    attn run below.json --view lines --queries 1 -q --format none -o x.png
}

@test "bug: what heads share was drawn for each, and heads of keys had the numbers of others" { pictures names; }
@test "same input, same options, same bytes" { pictures same_bytes; }
@test "pictures have a palette where that shows nothing else" { pictures palette; }
@test "--cell sets the pixels of a cell" { pictures cell; }
@test "--dpi-scale 2 doubles everything" { pictures dpi_scale; }
@test "no figure is wider than --width" { pictures width; }
@test "--size is the size, with --dpi-scale too, and the panels are in the middle of it" { pictures size; }
@test "--columns sets the panels a row" { pictures columns; }
@test "bug: an overview of 144 heads was mostly titles" { pictures overview; }
@test "a size that nothing fits, or with another width, is an error" {
    fails 2 'title, labels and colour bar leave no room for the matrices in 200 times 90 pixels' \
        attn run "$DATA/causal.json" --size 200x90 -o x.png
    fails 2 '--size and --width: expected one of them' \
        attn run "$DATA/causal.json" --size 1920x1080 --width 900 -o x.png
    [ ! -e x.png ]
}
@test "each cell has the colour of its weight" { pictures colors; }
@test "--vmin, --vmax and --color-scale" { pictures range; }
@test "--vmax auto is the quantile that NumPy has" { pictures vmax_auto; }
@test "bug: --view lines with --vmax auto was a range that is not finite" { pictures lines_vmax_auto; }
@test "bug: even weights of hundreds of keys were a black triangle" { pictures long_causal; }
@test "a picture that is nearly all dark is told of, once" {
    jq -n '{attention: [range(40) as $i | [range(40) | if . == $i then 0.9 else 0.1/39 end]]}' >dark.json
    attn run dark.json --format none -o dark.png -o dark/ 2>err
    grep -c . err | grep -x 1
    grep -x 'attn: warning: in a picture 97 % of the cells lie in the lowest 5 % of the scale: --vmax auto or --color-scale log shows them' err
    local words
    for words in --vmax=1 --vmax=auto --vmin=0 --color-scale=log -q --draw-mask; do
        attn run dark.json --format none -o dark.png $words 2>err
        [ ! -s err ]
    done
}
@test "signed stages are centred on 0" { pictures signed; }
@test "masked cells have a colour of their own, above the diagonal and nowhere else" { pictures masked; }
@test "given weights that are 0 above the diagonal are drawn as masked there" { pictures triangle; }
@test "--draw-mask has two colours and a legend" { pictures draw_mask; }
@test "masked is not 0" { pictures masked_is_not_zero; }
@test "bug: a mask over given weights hid them" { pictures weight_under_a_mask; }
@test "NaN has a colour of its own" { pictures nan; }
@test "two heads are two panels" { pictures panels; }
@test "the diagonal of 3000 tokens is seen where blocks are pooled" { pictures pooled_diagonal; }
@test "a pooled block is masked only where all of it is" { pictures pooled_mask; }

@test "--label-angle: texts beneath columns are level, each cut to its cell, or turned" { pictures label_angle; }
@test "--label-angle 45: texts rise, end beneath their columns, and are nowhere cut" { pictures rising; }
@test "texts of Chinese, Japanese and Korean beneath columns stand upright" { pictures stacked; }
@test "bug: a long token was cut otherwise beneath a column than beside a row" { pictures same_cut; }
@test "bug: the last tick of thinned numbers had none" { pictures last_tick; }

@test "bug: a title of one blank asked for no bytes of no memory, which a sanitizer sees" {
    attn run "$DATA/cross.json" --title ' ' -q -o x.png
}

@test "a picture says which stage it shows, in its title where that does not" {
    local stage
    for stage in scores output; do
        attn run "$DATA/causal.json" --stage $stage --title Ours -q --format none -o named.png
        attn run "$DATA/causal.json" --stage $stage --title "Ours · $stage" -q --format none -o said.png
        cmp named.png said.png
        attn run "$DATA/causal.json" --stage $stage --title "Our $stage" -q --format none -o other.png
        if cmp -s other.png said.png; then return 1; fi
    done
    attn run "$DATA/causal.json" --title Ours -q --format none -o weights.png
    attn run "$DATA/causal.json" --title "Ours · weights" -q --format none -o more.png
    if cmp -s weights.png more.png; then return 1; fi
}

@test "given weights without a title are drawn as computed ones are: the colour bar names them, and a title the other stages" {
    jq -c 'del(.title)' "$DATA/cross.json" >untitled.json
    attn run untitled.json -q --format none -o computed.svg -o computed.json
    jq -c '{attention: .weights, tokens, key_tokens}' computed.json >given.json
    attn run given.json -q --format none -o given.svg
    grep '<text' computed.svg >computed && grep '<text' given.svg >given
    cmp computed given
    [ "$(grep -c '>attention weight<' given.svg)" = 1 ]
    attn run given.json --stage mask -q --format none -o mask.svg
    grep -q '^<text[^>]*>mask' mask.svg
}

@test "bug: labels that were as wide as their cells less 4 pixels fitted, and were then left out" {
    local word cell
    for word in W:16 Wo:24 Wort:33 Worte:41 Wortes:47; do
        jq -nc --arg word "${word%:*}" '{tokens: [range(4) | $word], attention: [range(4) as $i | [range(4) | if . == $i then 1 else 0 end]]}' \
            >x.json
        for cell in -1 0 1; do
            attn run x.json --cell $((${word#*:} + cell)) --annotate=off --causal=off -q --format none -o x.svg
            [ "$(grep -o '>W[^<]*<' x.svg | wc -l)" = 8 ]
        done
    done
}

@test "the legend says how many pairs are masked, unless the picture is to be narrow" {
    texts() { grep -o '>[^<]*pairs[^<]*<' x.svg; }
    attn run "$DATA/causal.json" -q --format none -o x.svg
    same "$(texts)" '>28 of 64 pairs<'
    attn run "$DATA/causal.json" -q --format none --queries 2:4 -o x.svg
    same "$(texts)" '>9 of 16 pairs<'
    attn run "$DATA/causal.json" -q --format none --draw-mask -o x.svg
    same "$(texts)" '>28 of 64 pairs<'
    attn run "$DATA/causal.json" -q --format none --steps -o x.svg
    same "$(texts)" '>masked (28 of 64 pairs)<'
    attn run "$DATA/causal.json" -q --format none --width 500 -o x.svg
    lacks pairs x.svg
    attn run "$DATA/sentence.json" -q --format none -o x.svg
    lacks pairs x.svg
    echo '{"q":[[[0],[0]],[[0],[0]]],"k":[[[0],[0]],[[0],[0]]],"mask":[[[1,0],[0,1]],[[1,1],[0,1]]]}' >two.json
    attn run two.json -q --format none -o x.svg
    same "$(texts)" '>1 to 2 of 4 pairs<'
    attn run two.json -q --format none --stage masked --stage weights -o x.svg
    lacks pairs x.svg
    attn run "$DATA/causal.json" -q --format none --max-weights 20 -o x.svg
    same "$(texts)" '>28 of 64 pairs<'
}

@test "cells that dropout made 0 have a colour of their own, and no others have" {
    echo '{"q":[[0],[0],[0]],"k":[[0],[0],[0]],"v":[[1],[0],[1]],"causal":true,"tokens":["a","b","c"]}' >x.json
    attn run x.json -q --dropout 0.5 --seed 4 --format none -o y.json -o x.svg
    local zeros
    zeros=$(jq '[.weights[0][0][0][0], .weights[0][0][1][0,1], .weights[0][0][2][0,1,2]] | map(select(. == 0)) | length' y.json)
    [ "$zeros" -gt 0 ]
    grep -q '>dropped<' x.svg
    grep -q '#00e5ff' x.svg
    attn run x.json -q --dropout 0.5 --seed 4 --format none -o x.png
    "$PYTHON" - "$ROOT/tests/numpy" "$zeros" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import png
pixels = png.read("x.png")
cyan = (pixels == [0, 229, 255]).all(axis=2).sum()
cell = 54 * 54
assert abs(cyan / cell - int(sys.argv[2])) < 0.2, (cyan / cell, sys.argv[2])
END
    attn run x.json -q --format none --stage contribution --dropout 0.5 --seed 4 -o z.svg
    grep -q '>dropped<' z.svg
    attn run x.json -q --format none --steps --dropout 0.5 --seed 4 -o z.svg
    grep -q '>dropped<' z.svg
    attn run x.json -q --format none --stage masked --dropout 0.5 --seed 4 -o z.svg
    lacks '>dropped<' z.svg
    attn run x.json -q --format none --top-k 1 -o z.svg
    lacks '>dropped<' z.svg
}
