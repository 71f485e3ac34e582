# Layers and heads that people have names for.
load helper

named() {
    cat >x.json <<'END'
{"layers": [{"name": "encoder", "head_names": ["before", ""], "attention": [[[1, 0], [0.5, 0.5]], [[1, 0], [0, 1]]]},
            {"head_names": ["same", "other"], "attention": [[[1, 0], [0.5, 0.5]], [[1, 0], [0, 1]]]}]}
END
}

@test "names: of layers and heads stand in titles, in the table, in names of files and in JSON" {
    named
    attn run x.json --format table -o d/ >table
    same "$(ls d | tr '\n' ' ')" \
        "attention.json heads.png layer0-encoder-head0-before.png layer0-encoder-head1.png layer1-head0-same.png layer1-head1-other.png "
    same "$(sed -n '/^ *layer/,$s/^ *\([^ ]*  *[^ ]*\) .*/\1/p' table | tr -s ' ' | tr '\n' ,)" \
        "layer head,encoder before,encoder 1,1 same,1 other,"
    same "$(jq -c '[.layer_names, .head_names]' d/attention.json)" '[["encoder",""],[["before",""],["same","other"]]]'
    attn run x.json --layer 0 --head 0 --dpi-scale 1 -o one.svg
    grep -q '>encoder · before<' one.svg
    attn run x.json --layer 1 --versus --causal -o v.svg
    grep -q '>layer 1 · same<' v.svg && grep -q '>layer 1 · other<' v.svg
}

@test "names: are read back, of a selection too, and converted" {
    named
    attn run x.json -o a.json
    attn run a.json -o b.json
    same "$(jq -c '[.layer_names, .head_names]' b.json)" "$(jq -c '[.layer_names, .head_names]' a.json)"
    attn run x.json --pick 1.1,0.0 -o c.json
    same "$(jq -c '[.layer_names, .head_names]' c.json)" '[["","encoder"],[["other"],["before"]]]'
    attn run c.json -o d.json
    same "$(jq -c '[.layer_names, .head_names]' d.json)" '[["","encoder"],[["other"],["before"]]]'
    attn convert x.json -o e.json
    attn run e.json -o f.json
    same "$(jq -c '[.layer_names, .head_names]' f.json)" "$(jq -c '[.layer_names, .head_names]' a.json)"
    attn run x.json --average layers -o g.json
    same "$(jq -c '[.layer_names, .head_names]' g.json)" '[null,null]'
    attn run x.json --average heads -o h.json
    same "$(jq -c '[.layer_names, .head_names]' h.json)" '[["encoder",""],null]'
    attn run x.json --leave-out 0 -o i.json -q
    same "$(jq -c '.layer_names' i.json)" '["encoder",""]'
}

@test "names: for all layers, or a list a layer, without layers" {
    echo '{"head_names":["a","b"],"layer_names":["first"],"q":[[[1],[2]],[[1],[3]]],"k":[[[1],[2]],[[1],[3]]]}' >x.json
    same "$(attn run x.json | jq -c '[.layer_names, .head_names]')" '[["first"],[["a","b"]]]'
    attn convert x.json -o y.json
    same "$(attn run y.json | jq -c '[.layer_names, .head_names]')" '[["first"],[["a","b"]]]'
    echo '{"head_names":[["a"],["b"]],"attention":[[[[1,0],[0,1]]],[[[1,0],[0,1]]]]}' >x.json
    same "$(attn run x.json | jq -c '[.layer_names, .head_names]')" '[null,[["a"],["b"]]]'
}

@test "names: what they cannot be" {
    echo '{"head_names":["a","b","c"],"q":[[[1]],[[1]]],"k":[[[1]],[[1]]]}' >x.json
    same "$(attn run x.json 2>&1 >y.json)" \
        "attn: warning: there are names for other layers or heads than there are: their numbers stand in the place of these"
    same "$(jq .head_names y.json)" null
    echo '{"layer_names":["a","b"],"q":[[1]],"k":[[1]]}' >x.json
    same "$(attn run x.json 2>&1 >/dev/null)" \
        "attn: warning: there are names for other layers or heads than there are: their numbers stand in the place of these"
    echo '{"layers":[{"name":3,"q":[[1]],"k":[[1]]}]}' >x.json
    fails 3 'x.json:1:20: name: expected a string, found a number' attn run x.json -o y.json
    echo '{"head_names":"a","q":[[1]],"k":[[1]]}' >x.json
    fails 3 'x.json:1:15: head_names: expected a list of strings, found a string' attn run x.json -o y.json
    echo '{"head_names":[["a"],"b"],"q":[[1]],"k":[[1]]}' >x.json
    same "$(attn run x.json 2>&1 >/dev/null | grep -c head_names)" 1
}

@test "names: hostile ones are escaped everywhere" {
    "$PYTHON" -c 'import json
evil = "../\x1b[31m<b>&\"\u202e/" + "ü" * 200
json.dump({"layers": [{"name": evil, "head_names": [evil, evil], "attention": [[[1, 0], [0, 1]]] * 2}]}, open("x.json", "w"))'
    attn run x.json --format table -o d/ -o v.svg >table
    lacks $'\e' table v.svg
    lacks '<b>' v.svg
    same "$(find d -name 'layer0-.._*' | wc -l)" 2
    same "$(LC_ALL=C find d -mindepth 1 -name '*[^a-zA-Z0-9._-]*' | wc -l)" 0
    "$PYTHON" -c 'open("table", encoding="utf-8").read(); open("v.svg", encoding="utf-8").read()'
    attn run d/attention.json -o again.json
    cmp <(jq .layer_names again.json) <(jq .layer_names d/attention.json)
}
