# attn run --versus: variants of a computation in one figure, and their numbers (tests/numpy/check_versus.py).
load helper

versus_numbers() {
    DATA=$DATA numpy check_versus.py "$@"
}

@test "versus: measures and changes are those of NumPy, also of variants with other numbers of heads" { versus_numbers computed; }
@test "versus: changes are those of attn diff, and measures those of a run" { versus_numbers diff; }
@test "versus: the CSV has the numbers of the JSON" { versus_numbers csv; }

@test "versus: the JSON is what its schema says" {
    "$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "jsonschema is not installed"
    attn run "$DATA/induction.json" --versus '--scale 1' -o a.json
    attn run "$DATA/sentence.json" -q --versus '--normalizer sigmoid' --versus '--normalizer linear --causal' --format json >b.json
    echo '{"tokens":["a","b"],"embeddings":[[1,2],[3,4]],"heads":1}' >x.json
    attn run x.json --versus '--heads 2' --versus '--leave-out a --renormalize' -o c.json
    "$PYTHON" - "$ROOT/docs/attn-versus.schema.json" a.json b.json c.json <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    jsonschema.validate(json.load(open(path)), schema)
END
}

@test "versus: a figure has a column a variant with its options, a row a head, one bar, and labels of rows once" {
    attn run "$DATA/sentence.json" --versus '--scale 1' --versus '--causal --softcap 2 --temperature 0.5' -o v.svg
    attn run "$DATA/sentence.json" --versus '--scale 1' --versus '--causal --softcap 2 --temperature 0.5' -o v.png
    for text in 'as given:2' '--scale 1:2' '--causal --softcap 2:2' '--temperature 0.5:2' 'head 0:1' 'head 1:1' \
        'attention weight:1' 'query:2' 'key:3' 'chased:5' 'masked (15 of 36 pairs):1'; do
        same "$text" "${text%:*}:$(grep -oF -- ">${text%:*}<" v.svg | wc -l)"
    done
}

@test "versus: a variant with more heads has labels of rows where the columns before it are empty" {
    "$PYTHON" -c 'import json, random
json.dump({"tokens": list("abcdef"), "embeddings": [[random.gauss(0, 1) for _ in range(8)] for _ in range(6)]}, open("x.json", "w"))'
    attn run x.json --versus '--heads 2' --versus '--heads 4' -o v.svg
    for text in 'as given:1' '--heads 2:2' '--heads 4:4' 'head 0:1' 'head 3:1' 'query:4' 'attention weight:1'; do
        same "$text" "${text%:*}:$(grep -oF -- ">${text%:*}<" v.svg | wc -l)"
    done
    same "$(attn run x.json --versus '--heads 2' | jq -c '[.variants[1].heads[].change == null]')" "[false,true]"
}

@test "versus: stages of pairs are drawn, with signs on one scale, and with --vmin and --vmax" {
    attn run "$DATA/rotary.json" --stage scaled --versus '--position none' --vmin -5 --vmax 5 -o v.svg
    grep -q '>scaled score<' v.svg
    grep -q '>−5<' v.svg
    attn run "$DATA/sentence.json" --stage mask --versus '--causal' --versus '--window 1,1' -o m.svg
    same "$(grep -o '>all heads<' m.svg | wc -l)" 1
    fails 2 'as given: --versus draws a stage of pairs of query and key, and --stage output is none here' \
        attn run "$DATA/projections.json" --stage output --versus --causal -o v.png
}

@test "versus: the title of the first column has its own options of the computation, and no others" {
    attn run "$DATA/sentence.json" --scale 0.5 --causal=end --cmap magma --versus '--scale 1' -o v.json -q
    same "$(jq -c '[.variants[].options]' v.json)" '["--scale 0.5 --causal=end","--scale 1"]'
}

@test "versus: what goes where" {
    attn run "$DATA/sentence.json" --versus '--scale 1' -o a.png -o a.svg -o a.json -o a.csv >out
    same "$(ls | tr '\n' ' ')$(cat out)" "a.csv a.json a.png a.svg out "
    attn run "$DATA/sentence.json" --versus '--scale 1' >b.json
    attn run "$DATA/sentence.json" --versus '--scale 1' -o - >c.json
    attn run "$DATA/sentence.json" --versus '--scale 1' --format csv >b.csv
    cmp a.json b.json && cmp a.json c.json && cmp a.csv b.csv
    attn run "$DATA/sentence.json" --versus '--scale 1' -o b.png --format table | head -1 | grep -qx 'wrote b.png'
    attn run "$DATA/sentence.json" --versus '--scale 1' --threads 1 -o d.png -o d.json
    attn run "$DATA/sentence.json" --versus '--scale 1' --threads 3 -o e.png -o e.json
    cmp d.png e.png && cmp d.json e.json
}

@test "versus: what is wrong names the variant and the option" {
    attn sample sentence >x.json
    fails 2 '--versus "--scale 1 -o y.png": --output is not of the computation: expected it outside of the quotes' \
        attn run x.json --versus '--scale 1 -o y.png' -o z.png
    fails 2 '--versus "--q other.json": --q is another input: expected options of the computation alone' \
        attn run x.json --versus '--q other.json' -o z.png
    fails 2 '--versus "other.json": "other.json" is no option: expected options alone' attn run x.json --versus other.json -o z.png
    fails 2 '--versus "": expected options' attn run x.json --versus '' -o z.png
    fails 2 '--versus "--versus --causal": --versus is not of the computation: expected it outside of the quotes' \
        attn run x.json --versus '--versus --causal' -o z.png
    fails 2 '--versus "--head 1": --head is not of the computation: expected it outside of the quotes' attn run x.json --versus '--head 1' -o z.png
    fails 2 '--versus "--scale": option --scale needs X' attn run x.json --versus '--scale' -o z.png
    fails 2 '--versus "--scael 1": unknown option --scael; did you mean --scale?' attn run x.json --versus '--scael 1' -o z.png
    fails 3 '--versus "--heads 4": x.json:4:8: q is 2×6×6, which has 2 heads, but heads is 4' attn run x.json --versus '--scale 1' --versus '--heads 4' -o z.png
    fails 2 '- would be read twice, for both as given and --versus "--causal", and can be read once only: expected a file' \
        attn run - --versus --causal -o z.png <x.json
    fails 1 'as given: 1×2×6×6 weights are more than the 60 that --max-weights allows to be held: --versus cannot be had; raise it' \
        attn run x.json --versus --causal --max-weights 60 -o z.png
    echo '{"embeddings":[[1,2],[3,4]]}' >two.json
    fails 1 '--versus "--heads 2": 1×2×2×2 weights are more than the 4 that --max-weights allows to be held: --versus cannot be had; raise it' \
        attn run two.json --versus '--heads 2' --max-weights 4 -o z.png
}

@test "versus: what does not go with it is refused" {
    attn sample sentence >x.json
    for option in --steps '--sort entropy' '--average heads' --words '--queries 1:2' '--keys 1:' '--view lines' '--columns 2' \
        '--size 100x100' '--measures m.csv' '--masked nan'; do
        fails 2 "--versus and ${option%% *}: expected one of them" attn run x.json --versus --causal $option -o z.png
    done
    fails 2 '--versus and several stages: expected one of them' attn run x.json --versus --causal --stage q --stage k -o z.png
    fails 2 '--versus is given 7 times: expected up to 6' attn run x.json --versus={--causal,--causal,--causal,--causal,--causal,--causal,--causal} -o z.png
    fails 2 '-o z/: with --versus expected a name ending in .json, .csv, .png or .svg, or -' attn run x.json --versus --causal -o z/
    fails 2 '-o z.npy: with --versus expected a name ending in .json, .csv, .png or .svg, or -' attn run x.json --versus --causal -o z.npy
    fails 2 '-o ./z.png is given twice, also as z.png' attn run x.json --versus --causal -o z.png -o ./z.png
    fails 2 'unknown option --versus; see attn stats --help' attn stats x.json --versus --causal
}

@test "versus: the first heads are drawn, with a warning, and all are in the numbers" {
    "$PYTHON" -c 'import json, random
json.dump({"heads": 10, "embeddings": [[random.gauss(0, 1) for _ in range(20)] for _ in range(5)]}, open("x.json", "w"))'
    attn run x.json --versus --causal -o v.svg -o v.json 2>err
    same "$(cat err)" "attn: warning: the figure of variants shows the first 8 of 10 heads; --layer and --head choose others"
    grep -q '>the first 8 of 10 heads<' v.svg
    same "$(jq '.variants[1].heads | length' v.json)" 10
}

@test "versus: layers of different size have numbers, and no figure" {
    echo '{"layers":[{"attention":[[1,0],[0,1]]},{"attention":[[1,0,0],[0,1,0],[0,0,1]]}]}' >x.json
    same "$(attn run x.json -q --versus '--leave-out 0' | jq -c '[.variants[1].heads[].layer]')" "[0,1]"
    fails 2 'as given: the layers differ in size: choose those that agree with --layer' attn run x.json --versus '--leave-out 0' -o z.png
}

@test "versus: warnings that all variants have stand once, others with their variant" {
    echo '{"q":[[1],[2]],"k":[[1],[3]],"v":[[1],[2]]}' >x.json
    echo '{"mask":[[0,0],[1,1]]}' >blind.json
    attn run x.json --mask blind.json --versus '--scale 2' -o v.png 2>err
    same "$(cat err)" "attn: warning: 1 of 2 rows may see no key: their weights and output are 0"
    attn run x.json --versus '--mask blind.json' -o v.png 2>err
    same "$(cat err)" 'attn: warning: --versus "--mask blind.json": 1 of 2 rows may see no key: their weights and output are 0'
}

@test "versus: options that could be hostile are shown, not obeyed" {
    attn sample sentence >x.json
    attn run x.json --versus $'--mask \'<b>\e[31m.json\'' -o v.svg 2>err || same "$?" 1
    lacks $'\e' err
    printf '{"mask":[[1,1,1,1,1,1],[1,1,1,1,1,1],[1,1,1,1,1,1],[1,1,1,1,1,1],[1,1,1,1,1,1],[1,1,1,1,1,1]]}' >$'<b>\e&"x.json'
    attn run x.json --versus "--mask '"$'<b>\e&"x.json'"'" -o v.svg -o v.json -o v.csv --format table >table
    lacks $'\e' v.svg table
    lacks '<b>' v.svg
    jq -r '.variants[1].options' v.json | grep -qF '<b>'
}

@test "bug: rows of the CSV of variants that have nothing to compare were a field short" {
    attn run "$DATA/sentence.json" --versus --causal --format csv >x.csv
    same "$(awk -F, '{print NF}' x.csv | sort -u)" 17
}

@test "bug: the names of a row of variants ran off the picture" {
    "$PYTHON" -c 'import json
name = "a very long name of a layer, which says all that there is to say of it, and then some more"
json.dump({"layers": [{"name": name, "head_names": [name], "q": [[1], [2]], "k": [[1], [2]]}, {"q": [[1], [2]], "k": [[1], [2]]}]}, open("x.json", "w"))'
    attn run x.json --versus "--scale 2" --cell 40 -o v.svg
    grep -qE '>a very long name[^<]*…' v.svg
}

@test "bug: beside variants the comparison of --order was silently left out" {
    fails 2 '--versus and --order: expected one of them' attn run "$DATA/sentence.json" --versus --causal --order 5,4,3,2,1,0 -o v.svg
    fails 2 '--versus and --shuffle: expected one of them' attn run "$DATA/sentence.json" --versus --causal --shuffle 0 -o v.svg
}
