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
