# That samples show what their lines in data/README.md say they show.
load helper

# about SAMPLE FILTER WANTED OPTION…: what jq makes of a run of the sample.
about() {
    same "$(attn sample "$1" | attn run - "${@:4}" -o - | jq -c "$2")" "$3"
}

@test "induction_trained: layer 0 looks at the token before, layer 1 behind the last time, and D comes next" {
    attn sample induction_trained >x.json
    same "$(attn stats x.json | jq -c '.heads | .[0].previous_token > 0.98, .[1].induction > 0.99')" "true
true"
    same "$(attn stats x.json | jq -c '[.heads[].labels[0].name]')" '["previous_token","induction"]'
    about induction_trained '.next[0] | .token, .probability > 0.9999' '"D"
true'
    about induction_trained '.next[0].token' '"J"' --position none
}

@test "shapes: every word looks at its shape, and the colour of the circle comes next" {
    attn sample shapes >x.json
    # The heaviest cell of each row is the one whose label ends in the word.
    same "$(attn run x.json -o - | jq -c '.key_tokens as $cells | [.tokens, (.weights[0][0] | map($cells[to_entries | max_by(.value).key]))] | transpose |
        map(. as $row | $row[1] | endswith($row[0]))')" "[true,true,true,true,true,true]"
    about shapes '.weights[0][0] | map(max) | min > 0.82' true
    about shapes '.next[0] | .token, .probability > 0.999' '"green"
true'
    attn run x.json --image "$DATA/shapes.png" --look-from circle -q -o circle.png
}

@test "agent: it looks at the key until it has it, then at the door, and goes on to the right" {
    about agent '[.tokens, .weights[0][0]] | transpose | map(.[1][if (.[0] | endswith("key")) then 1 else 0 end]) | min > 0.99' true
    about agent '.next[0].token' '"right"'
}

@test "words_patches: sun, house and lake look at the patches where they are" {
    # Row and column of the heaviest patch.
    at() { about words_patches ".weights[0][0][.tokens | index(\"$1\")] | to_entries | max_by(.value).key | [(. / 12 | floor), . % 12]" "$2"; }
    at sun '[1,9]'
    at cloud '[1,2]'
    at house '[5,7]'
    at tree '[4,2]'
    at lake '[7,2]'
    attn run "$DATA/words_patches.json" --image "$DATA/patches.png" --look-from house -q -o house.png
    # The keys are the mean colours of the picture's patches.
    "$PYTHON" -B - "$DATA" <<'END'
import json, sys
import numpy as np
sys.path.insert(0, sys.argv[1] + "/../tests/numpy")
import png
pixels = np.asarray(png.read(sys.argv[1] + "/patches.png"), float)[..., :3] / 255
colours = pixels.reshape(8, 16, 12, 16, 3).mean(axis=(1, 3)).reshape(96, 3)
with open(sys.argv[1] + "/words_patches.json") as f:
    assert np.abs(colours - json.load(f)["k"]).max() < 0.0051
END
}

@test "lookup: a query reads the value of its key, or the mean of two, or of all" {
    about lookup '.output[0] | map(.[0] * 10 | round / 10)' '[59,113,91.5,91]'
    same "$(attn sample lookup | wc -l)" 6
}

@test "order: with positions the verb reads who bites whom, without them both sentences say the same" {
    about order '.output[0][1,4] | map(round)' '[1,0,0,0,0,1]
[0,0,1,1,0,0]'
    about order '.weights | flatten | map(select(. > 0) * 3) | unique | map(. > 0.999999 and . < 1.000001) | unique' '[true]' --position none
    about order '.output[0] | unique | length' 1 --position none
}

@test "pronoun: it looks at the animal, seven words before, and tired at it" {
    about pronoun '(.tokens | index("it") - index("animal")), (.weights[0][0][8] | .[1] > 0.89 and .[6] < 0.1), .weights[0][0][10][8] > 0.89' '7
true
true'
}

@test "dates: each character is written where it is read, the month from september" {
    about dates '.weights[0][0] | (.[6][3:12] | add > 0.97), (.[2][15], .[3][16], .[9][1] | . > 0.88)' 'true
true
true
true'
    same "$(attn sample dates | jq -c '[(.tokens | add), (.key_tokens | add)]')" '["1987-09-14","14 september 1987"]'
}

@test "birth: the induction score of the six steps, which are the names of the layers" {
    attn sample birth >x.json
    same "$(attn stats x.json | jq -c '[.heads[].induction | . * 100 | round]')" '[8,23,55,82,94,100]'
    attn run x.json -q -o x.svg
    same "$(grep -oE '>step [0-9]+' x.svg | tr -d '>\n')" 'step 0step 50step 75step 100step 150step 1000'
}

@test "bottleneck: each of 18 letters has the most weight on itself" {
    about bottleneck '.weights[0][0] as $w | [range(18) | . as $i | $w[$i] | to_entries | max_by(.value).key == $i] | all' true
    same "$(attn sample bottleneck | jq '.tokens | length')" 18
}

@test "the pictures of samples come with the program, but for a terminal" {
    for name in patches shapes; do
        attn sample $name.png | cmp - "$DATA/$name.png"
        grep -q "^$name.png " <(attn sample)
    done
    fails 2 'unknown sample patch.png; did you mean patches.png?' attn sample patch.png
    command -v script >/dev/null || skip "script is not installed"
    same "$(script -qec "'$ATTN' sample shapes.png" /dev/null | tr -d '\r')" \
        'attn: shapes.png is a picture, and no terminal can show it: expected attn sample shapes.png >shapes.png'
}

@test "samples are small: none has more than 60,000 bytes" {
    same "$(find "$DATA" -maxdepth 1 -type f -size +60000c)" ""
}
