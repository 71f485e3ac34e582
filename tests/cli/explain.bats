# attn explain: the steps of one row.
load helper

@test "every step agrees with attn run and with NumPy" {
    numpy check_explain.py
}

@test "the query is a number, or else a token; by default the last" {
    same "$(attn explain "$DATA/causal.json" | head -1)" 'layer 0, head 0: what query 7 "fox" makes of 8 keys'
    same "$(attn explain "$DATA/causal.json" --query 2 | head -1)" 'layer 0, head 0: what query 2 "a" makes of 8 keys'
    same "$(attn explain "$DATA/causal.json" --query a --head 1 | head -1)" 'layer 0, head 1: what query 2 "a" makes of 8 keys'
    same "$(echo '{"tokens":["2","1","0"],"q":[[0],[0],[0]],"k":[[0],[0],[0]]}' | attn explain - --query 2 | head -1)" \
        'layer 0, head 0: what query 2 "0" makes of 3 keys'
}

@test "many keys: the heaviest, how many others there are, and what they weigh" {
    attn explain "$DATA/patches.json" --query 50 --rows 2 >text
    grep -qE '^ +0 "0" .* 0\.2508$' text
    grep -qE '^ +95 others +0\.5852$' text
    grep -qE '^ +sum .* 1$' text
    same "$(attn explain "$DATA/patches.json" --query 50 --rows 2 --format json | jq '.keys | length')" 97
}

@test "of keys that weigh the same the first have a row, in their order" {
    echo '{"q":[[1]],"k":[[0],[1],[1],[0],[1],[1]]}' | attn explain - --rows 3 | grep -oE '^ +[0-9]+ ("[0-9]+"|others)' >keys
    same "$(tr -s ' ' <keys | tr '\n' ';')" ' 1 "1"; 2 "2"; 4 "4"; 3 others;'
}

@test "the score of a key is written out up to 8 columns, and begun beyond" {
    echo '{"q":[[1,0,0,0,0,0,-3,2]],"k":[[1,0,0,0,0,0,1,1]]}' | attn explain - |
        grep -qF 'with key 0 "0": 1·1 + 0·0 + 0·0 + 0·0 + 0·0 + 0·0 + (-3)·1 + 2·1 = 0'
    echo '{"q":[[1,0,0,0,0,0,-3,2,5]],"k":[[1,0,0,0,0,0,1,1,1]]}' | attn explain - |
        grep -qF 'with key 0 "0": 1·1 + 0·0 + 0·0 + 0·0 + 0·0 + 0·0 + … = 5'
}

@test "it begins at x where there is one, and writes out what short vectors come to" {
    attn explain "$DATA/projections.json" --head 1 >text
    grep -qx '1  query    x = (-1, 0, 0, 1)' text
    grep -qx '            q = x·W_q + b_q = (-1, 1.5)' text
    grep -qxF '              column 1 = (-1)·0 + 0·1 + 0·0 + 1·2 + (-0.5) = 1.5' text
    grep -qxF '            with key 0 "I"   (1, 0): (-1)·1 + 1.5·0 = -1' text
    grep -qxF '            with key 3 "saw" (-2, 1): (-1)·(-2) + 1.5·1 = 3.5' text
    attn explain "$DATA/projections.json" --position rotary >text
    grep -qx '            x·W_q + b_q = (-0.5, 0)' text
    grep -qx '            q = (0.3268, 0.3784), turned by its position 4' text
    attn explain "$DATA/sentence.json" >text
    grep -qF 'q = (0, 0, 0, 0, 10, 0)' text
    echo '{"embeddings":[[1,2]]}' | attn explain - >text
    grep -qx '            q = x = (1, 2)' text
    attn explain "$DATA/projections.json" --position sinusoidal --norm pre | grep -q '^1  query    x = .*, the embedding with its position added, after the norm$'
    attn explain "$DATA/induction.json" --layer 1 | grep -qE '^1  query    x = .*, the output of the layer below$'
}

@test "a picture has the numbers that text and JSON have, and is written whole or not at all" {
    attn explain "$DATA/causal.json" --head 1 --query time -o row.png
    attn explain "$DATA/causal.json" --head 1 --query time -o row.json
    same "$(cat row.json)" "$(attn explain "$DATA/causal.json" --head 1 --query time --format json)"
    attn explain "$DATA/causal.json" -o text.txt --format text
    same "$(cat text.txt)" "$(attn explain "$DATA/causal.json")"
    attn explain "$DATA/causal.json" --head 1 --query time -o twice.png --dpi-scale 2
    same "$("$PYTHON" -c 'import struct, sys
one, two = (struct.unpack(">II", open(p, "rb").read()[16:24]) for p in sys.argv[1:])
print(abs(two[0] - 2 * one[0]) <= 1 and abs(two[1] - 2 * one[1]) <= 1)' row.png twice.png)" True
    fails 2 '-o row.png is a picture: expected no --format' attn explain "$DATA/causal.json" -o row.png --format json
    fails 2 '-o row.csv: expected a name ending in .json, .png or .svg, or --format' attn explain "$DATA/causal.json" -o row.csv
    fails 1 'none/row.png: could not write: No such file or directory' attn explain "$DATA/causal.json" -o none/row.png
    "$PYTHON" -c 'import json; print(json.dumps({"q": [[1]], "k": [[1]] * 1200}))' >x.json
    fails 2 'a picture of 1200 keys: expected at most 1000 of them, by --rows' attn explain x.json --rows 1200 -o many.png
    [ ! -e many.png ]
    fails 2 'the picture would be 5318 times 242036 pixels, which is too large' attn explain x.json --rows 1000 --dpi-scale 8 -o many.png
    [ ! -e many.png ]
}

@test "a query is counted from the end, too, where no token is called so" {
    same "$(attn explain "$DATA/causal.json" --query -1)" "$(attn explain "$DATA/causal.json" --query 7)"
    same "$(attn explain "$DATA/causal.json" --query -8)" "$(attn explain "$DATA/causal.json" --query 0)"
    fails 2 '--query is "-9": expected a number below 8, or a token of the input' attn explain "$DATA/causal.json" --query -9
    fails 2 '--query is "-9223372036854775808": expected a number below 8, or a token of the input' attn explain "$DATA/causal.json" --query -9223372036854775808
    echo '{"q":[[1],[2]],"k":[[1],[2]],"tokens":["-1","b"]}' >x.json
    same "$(attn explain x.json --query -1)" "$(attn explain x.json --query 0)"
}

@test "the output goes through w_o, as far as it is this head's" {
    attn explain "$DATA/projections.json" | grep -qx '   ·w_o = (0, 0.1295, 0, 0.1295), what this head gives to the layer'
    lacks '·w_o =' <(attn explain "$DATA/causal.json")
}

@test "the heads concatenated, ·w_o + b_o: each head's part, then what they add up to" {
    echo '{"heads":2,"q":[[0,0]],"k":[[1,1],[2,2]],"v":[[1,3],[3,5]],"w_o":[[1,0],[0,10]],"b_o":[0.5,-1]}' >x.json
    attn explain x.json --head 1 >text
    diff <(sed -n '/^5/,/^$/p' text) - <<'END'
5  concat   the heads concatenated, ·w_o + b_o: each head times its own rows of w_o
     head 0    (2)·w_o = (2, 0)
   + head 1    (4)·w_o = (0, 40)
   + b_o       (0.5, -1)
   = (2.5, 39)
END
    lacks Then text
    attn explain x.json --head 1 -o x.svg
    local part
    for part in 'head 0: (2)·w_o = (2, 0)' 'head 1: (4)·w_o = (0, 40)' 'b_o = (0.5, -1)' 'heads concatenated·w_o + b_o = (2.5, 39)'; do
        grep -qF ">$part<" x.svg
    done
    jq '.gate = [[0, 0]]' x.json >gated.json
    lacks concat <(attn explain gated.json)
    attn explain gated.json | grep -qF 'Then, over all heads side by side: ·sigmoid(gate) ·w_o + b_o; see'
    same "$(attn explain gated.json --format json | jq -c '[.carried, .heads, .attention_output]')" '[null,null,null]'
}

@test "behind the heads concatenated come a residual and a norm, and of many heads the first eight are written" {
    "$PYTHON" - <<'END'
import json
def rows(n, m, of): return [[of(i, j) for j in range(m)] for i in range(n)]
one = rows(10, 10, lambda i, j: int(i == j))
json.dump({"embeddings": rows(3, 10, lambda i, j: i - j), "heads": 10, "w_q": one, "w_k": one, "w_v": one, "w_o": one, "residual": True,
           "norm": "post"}, open("x.json", "w"))
END
    attn explain x.json --head 9 >text
    grep -qx '   Then: + the sequence, layer norm; see attn run --stage output.' text
    same "$(grep -cE '^ {3}[ +] head ' text) $(grep -cFx '   + …' text)" '8 1'
    same "$(attn explain x.json --head 9 --format json | jq -c '[(.heads | length), .heads[9].head, .heads[9].carried == .carried]')" '[10,9,true]'
    attn explain x.json --head 9 -o x.svg
    same "$(grep -oE '>head [0-9]+: ' x.svg | wc -l) $(grep -c '>…<' x.svg)" '8 1'
}

@test "a key with a large weight and a short value is named, with its share of the contributions" {
    echo '{"q":[[1]],"k":[[2],[0]],"v":[[0.01,0],[1,0]],"tokens":["x"],"key_tokens":["the","cat"]}' >x.json
    attn explain x.json | grep -qxF '   Key 0 "the" has weight 0.8808, and its value is short: of all |weight|·‖v‖ its share is 0.06881.'
    same "$(attn explain x.json --format json | jq -c '[.keys[].contribution * 1e4 | round]')" '[88,1192]'
    jq '.w_o = [[0, 0], [0, 1]] | .v = [[1, 0.001], [0, 1]] | .residual = false' x.json >w.json
    attn explain w.json | grep -qF 'of all |weight|·‖v·w_o‖ its share is 0.007335.'
    jq '.v[0] = [0.5, 0]' x.json >long.json
    lacks 'short' <(attn explain long.json)
    jq '.k = [[0], [0]] | .v = [[0, 0], [0, 0]]' x.json >nothing.json
    lacks 'short' <(attn explain nothing.json)
    jq '.gate = [[0]]' x.json >gate.json
    lacks 'short' <(attn explain gate.json)
}

@test "it says why scores are scaled, where they are" {
    attn explain "$DATA/causal.json" --head 1 --query time >text
    grep -qF 'Why √d_k: q·k has the variance 3.889 over 36 allowed pairs of this head.' text
    grep -qF 'it is d_k, here 2. Scaled, it is 1.944.' text
    grep -qF 'This row has an entropy of 1.129 nats, and without the scale it would have 0.9475.' text
    local other
    for other in --score=dot --score=cosine --normalizer=sparsemax --recurrence=linear --scale=1; do
        lacks 'Why' <(attn explain "$DATA/sentence.json" "$other")
        same "$(attn explain "$DATA/sentence.json" "$other" --format json | jq 'has("score_variance")')" false
    done
    lacks 'Why' <(echo '{"q":[[1]],"k":[[NaN],[2],[3]],"scale":0.5}' | attn explain - -q)
    "$PYTHON" -c 'import json; print(json.dumps({"q": [[i % 7] * 64 for i in range(4000)], "k": [[1] * 64] * 4000}))' >large.json
    same "$(attn explain large.json --format json | jq -c '[.score_queries_every, .score_pairs]')" '[4,4000000]'
    attn explain large.json | grep -qF '4000000 allowed pairs of this head (of one query in 4)'
}

@test "--cost: pairs, products and bytes are those that NumPy counts" {
    numpy check_cost.py
}

@test "--cost: text and JSON, and what is refused" {
    attn explain "$DATA/causal.json" --cost >text
    grep -qE '^causal +72 +288 +288 +56\.2%$' text
    grep -qE '^window 3,3 \(√m\) +88 +352 +352 +68\.8%$' text
    grep -qE '^linear +- +128 +32 +25%$' text
    attn explain "$DATA/causal.json" --cost --format json >a.json
    attn explain "$DATA/delta.json" --cost -o b.json
    echo '{"attention":[[1,0],[0.5,0.5]],"causal":true}' | attn explain - --cost --format json >c.json
    same "$(jq -c '[.forms[] | .pairs]' c.json)" '[4,3,4,4,null,3]'
    same "$(jq -c '[.forms[] | .multiply_adds] | unique' c.json)" '[null]'
    same "$(jq -c '.forms[5] | [.pairs, .multiply_adds]' b.json)" '[null,20]'
    "$PYTHON" -c 'import json, sys, jsonschema
for path in sys.argv[2:]: jsonschema.validate(json.load(open(path)), json.load(open(sys.argv[1])))' \
        "$ROOT/docs/attn-cost.schema.json" a.json b.json c.json
    lacks ' $' <(attn explain "$DATA/causal.json" --cost; attn explain "$DATA/delta.json" --cost)
    fails 2 '--cost is of all heads and queries of a layer: expected no --query' attn explain "$DATA/causal.json" --cost --query 1
    fails 2 '--cost is of all heads and queries of a layer: expected no --head' attn explain "$DATA/causal.json" --cost --head 1
    fails 2 '--cost is of all heads and queries of a layer: expected no --rows' attn explain "$DATA/causal.json" --cost --rows 16
    fails 2 '--cost is of all heads and queries of a layer: expected no --sweep' attn explain "$DATA/causal.json" --cost --sweep window=0:1
    fails 2 '-o x.png: --cost has no picture; expected a name ending in .json' attn explain "$DATA/causal.json" --cost -o x.png
}

@test "bug: --cost took one head by --pick, and counted all of the layer" {
    fails 2 '--cost is of all heads and queries of a layer: expected no --pick' attn explain "$DATA/causal.json" --cost --pick 0.1
}

@test "--growth: pairs and products at every length are those that NumPy counts" {
    numpy check_growth.py
}

@test "--growth: text, JSON and picture, with and without times, and what is refused" {
    attn explain "$DATA/causal.json" --growth 8:20 --window 3,0 >text
    same "$(cat text)" 'one head, d_k 2, d_v 2: multiply-adds of scores and output

    tokens           full         causal     window 3,0        block 4         linear     recurrence
         8            256            144            104            128             64             64
        16         1.02 k            544            232            256            128            128
       × 2            × 4         × 3.78         × 2.23            × 2            × 2            × 2'
    attn explain "$DATA/causal.json" --growth 1000:64000 --time --threads 1 >text
    same "$(grep -cE '^ +(1000|2000|4000|8000|16000|32000|64000) ' text)" 14
    grep -qx 'its output measured here, 1 thread' text
    lacks ' $' text
    attn explain "$DATA/causal.json" --growth 4:64 --format json >a.json
    attn explain "$DATA/delta.json" --growth 4:64 --time -o b.json
    "$PYTHON" -c 'import json, sys, jsonschema
for path in sys.argv[2:]: jsonschema.validate(json.load(open(path)), json.load(open(sys.argv[1])))' \
        "$ROOT/docs/attn-growth.schema.json" a.json b.json
    same "$(jq -c '[.tokens, (.forms | map(has("seconds")) | any)]' a.json)" '[[4,8,16,32,64],false]'
    same "$(jq -c '[.forms[].seconds[] | . > 0 and . < 30] | [length, all]' b.json)" '[30,true]'
    # What would take too long is not run.
    attn explain "$DATA/causal.json" --growth 8388608:16777216 --time --threads 1 --window 1,0 --block 4 >text
    same "$(grep -E '^ +8388608 ' text | tail -1 | awk '{print $2, $3}')" '- -'
    grep -qx -- '-: would take longer than 30 s, and was not run' text
    attn explain "$DATA/causal.json" --growth 8:64 --title "What they cost" -o g.png
    attn explain "$DATA/causal.json" --growth 8:64 --time --dpi-scale 2 -o g.svg
    pngcheck -q g.png
    grep -qF 'linear, recurrence' <(attn explain "$DATA/causal.json" --growth 8:64 -o s.svg; cat s.svg)
    for range in 8 8: :8 8:15 0:4 4:2 8:1e3 1:134217729 x:y; do
        fails 2 "--growth is \"$range\": expected A:B, from A to B tokens, as 1024:16384, B at least twice A and at most 134217728" \
            attn explain "$DATA/causal.json" --growth "$range"
    done
    fails 2 '--growth is of the sizes of a head alone: expected no --query' attn explain "$DATA/causal.json" --growth 8:16 --query 1
    fails 2 '--growth is of the sizes of a head alone: expected no --pick' attn explain "$DATA/causal.json" --growth 8:16 --pick 0.0
    fails 2 '--cost is of the tokens of the input: expected no --growth' attn explain "$DATA/causal.json" --growth 8:16 --cost
    fails 2 '--time measures lengths: expected --growth A:B beside it' attn explain "$DATA/causal.json" --time
    fails 3 '--growth counts products of q, k and v: expected these, not weights' \
        attn explain <(echo '{"attention":[[1,0],[0.5,0.5]]}') --growth 8:16
    fails 3 '--growth counts products of q, k and v: expected v beside q and k' attn explain "$DATA/alibi.json" --growth 8:16
    # As many pairs as there may be are counted at once, and wide names have wide columns.
    attn explain "$DATA/causal.json" --growth 1:134217728 --window 1000000,1000000 --block 999999999 >text
    same "$(sed -n 3p text)" '    tokens                    full                  causal  window 1000000,1000000         block 999999999                  linear              recurrence'
    same "$(awk '$1 == 134217728 { print $2, $3 }' text)" '72.1 P'
}

@test "--sweep: the row at every value agrees with attn run and with NumPy" {
    numpy check_sweep.py
}

@test "bug: weights of a recurrence were swept as a softmax, and drawn as if none were below 0" {
    attn explain "$DATA/delta.json" --sweep scale=-1:1:3 --rows 1 >text
    grep -qE '^ +1 +- +1  1 "B is 2" +1$' text
    attn explain "$DATA/delta.json" --sweep scale=-1:1:3 -o x.svg
    grep -q '>−1</text>' x.svg
    lacks '>-0</text>' x.svg
}

@test "--sweep: how many values there are, and which" {
    sweep() { attn explain "$DATA/causal.json" --sweep "$1" --format json | jq -c '[.rows[].value]'; }
    same "$(sweep temperature=0.25:4:5)" '[0.25,0.5,1,2,4]'
    same "$(sweep temperature=0.25:4 | jq length)" 9
    same "$(sweep window=0:3)" '[0,1,2,3]'
    same "$(sweep top-k=4:2)" '[4,3,2]'
    same "$(sweep window=0:1000 | jq -c '[length, .[0], .[1], .[32]]')" '[33,0,31,1000]'
    same "$(sweep window=0:2:100)" '[0,1,2]'
    same "$(sweep softcap=0:10:3)" '[0,5,10]'
    same "$(sweep sink=-1:1:3)" '[-1,0,1]'
}

@test "--sweep: text, JSON and picture, and what is refused" {
    attn explain "$DATA/causal.json" --head 1 --sweep temperature=0.5:2:3 --rows 2 >text
    grep -qE '^ +1 +1\.344 +0\.5087  7 "fox" +0\.2508 +0\.5087$' text || grep -qE '^ +1 +1\.344 +0\.5087  7 "fox" +0\.5087 +0\.2508$' text
    attn explain "$DATA/causal.json" --sweep window=0:3 --format json >a.json
    attn explain "$DATA/causal.json" --sweep dropout=0:0.5 --format json >b.json
    "$PYTHON" -c 'import json, sys, jsonschema
for path in sys.argv[2:]: jsonschema.validate(json.load(open(path)), json.load(open(sys.argv[1])))' \
        "$ROOT/docs/attn-sweep.schema.json" a.json b.json
    same "$(jq -c '[.rows[].entropy][:2] | map(type)' b.json)" '["number","null"]'
    attn explain "$DATA/causal.json" --sweep window=0:3 -o sweep.png
    [ -s sweep.png ]
    fails 2 '--sweep is "temprature": did you mean temperature?' attn explain "$DATA/causal.json" --sweep temprature=1:2
    fails 2 '--sweep is "temperature=1": expected temperature=A:B, or A:B:N for N values, 2 to 100, from A to B, which differ' \
        attn explain "$DATA/causal.json" --sweep temperature=1
    fails 2 '--sweep is "window=0:2.5": expected window=A:B, or A:B:N for N values, 2 to 100, from A to B, which differ and are whole' \
        attn explain "$DATA/causal.json" --sweep window=0:2.5
    local bad
    for bad in temperature temperature=1:1 temperature=1:2:1 temperature=1:2:101 temperature=1:2:3:4 temperature=a:2 scale=1:inf; do
        run attn explain "$DATA/causal.json" --sweep "$bad"
        [ "$status" -eq 2 ]
    done
    fails 2 '--sweep dropout is "1": expected a number from 0 up to, not with, 1, also as float32' attn explain "$DATA/causal.json" --sweep dropout=0:1
    fails 2 'normalizer sparsemax cannot go with --sink' attn explain "$DATA/sparsemax.json" --sweep sink=1:2
    echo '{"q":[[1],[2]],"k":[[1],[2]],"mask":[[1,0],[0,1]],"or_mask":[[1,1],[0,1]]}' >pairs.json
    fails 2 '--sweep window: the window is part of a mask of pairs here, and cannot be varied' attn explain pairs.json --sweep window=0:1
}

@test "a row that sees nothing, a sink, a forbidden key and a NaN are said in words" {
    echo '{"q":[[1],[2]],"k":[[1],[2]],"v":[[1],[2]],"mask":[[0,0],[1,1]]}' >blind.json
    attn explain blind.json --query 0 | grep -q 'it may see no key: weights and output are 0'
    attn explain "$DATA/sentence.json" --sink 0 | grep -qE '^ +sink +0\.01687 +0\.01532$'
    attn explain "$DATA/causal.json" --query 2 | grep -qE '^ +3 "time" +0 +0 +-∞ +0 +0$'
    echo '{"q":[[1]],"k":[[NaN],[2]],"v":[[1],[2]]}' | attn explain - -q | grep -qE '^ +0 "0" +NaN +NaN +NaN$'
}

@test "bug: a column with a sink did not add up to its sum" {
    attn explain "$DATA/sentence.json" --sink 0 >text
    grep -qE '^ +sum +1\.101 +1$' text
    attn explain "$DATA/sentence.json" --sink 0 --rows 2 | grep -qE '^ +4 others +0\.06126$'
}

@test "bug: the sink of differential attention had the share of the first head in all columns" {
    echo '{"heads":2,"differential":0.5,"sink":0.2,"q":[[1,2]],"k":[[1,-1],[0.5,3]],"v":[[1],[2]]}' >x.json
    attn explain x.json >text
    "$PYTHON" - text <<'END'
import math, sys
rows = {line.split()[0]: line.split()[1:] for line in open(sys.argv[1], encoding="utf-8") if line.strip().startswith(("sink", "sum"))}
share = lambda scores: math.exp(0.2) / (math.exp(0.2) + sum(map(math.exp, scores)))
first, second = share([1, 0.5]), share([-2, 6])
for got, want in zip(rows["sink"][1:], (first, second, first - 0.5 * second)):
    assert abs(float(got) - want) < 1e-3 * abs(want), (rows, first, second)
assert [float(number) for number in rows["sum"][1:]] == [1, 1, 0.5], rows
END
}

@test "bug: others were said to add to an output that they do not, and to weigh 0 beside NaN" {
    attn explain "$DATA/causal.json" --query 0 --rows 2 >text
    grep -qE '^ +6 others +0$' text
    lacks '…$' text
    attn explain "$DATA/causal.json" --rows 7 | grep -qE '^ +1 other +0\.125$'
    attn explain "$DATA/causal.json" --rows 7 | grep -qx '   + …'
    echo '{"q":[[1]],"k":[[NaN],[2],[3]],"v":[[1],[2],[3]]}' | attn explain - -q --rows 1 | grep -qE '^ +2 others +NaN$'
}

@test "bug: long labels of keys from 100 on moved their row out of its columns" {
    "$PYTHON" -c 'import json; n = 1200
print(json.dumps({"q": [[1]], "k": [[i / n] for i in range(n)], "key_tokens": ["abcdefghijklmnopqrst"] * n}))' >x.json
    attn explain x.json --rows 3 | "$PYTHON" -c 'import sys
table = sys.stdin.buffer.read().decode().split("\n\n")[2].splitlines()
assert len(table) == 6 and len({len(line) for line in table}) == 1, table'
}

@test "bug: linear weights of a row that sums to 0 were said to be scores over 0" {
    echo '{"q":[[-1e30]],"k":[[-1e30],[-1e38]],"normalizer":"linear"}' | attn explain - >text
    grep -qx '3  weights  weight = 0, because the sum of the row is 0' text
    grep -qE '^ +sum +0$' text
}

@test "what cannot be explained is refused" {
    fails 2 'no input; expected attn explain FILE, attn explain - or --q FILE --k FILE --v FILE' attn explain
    fails 2 '--query is "owl": expected a number below 8, or a token of the input' attn explain "$DATA/causal.json" --query owl
    fails 2 'there is no head 2: expected 0 to 1, or -2 to -1, counted from the end' attn explain "$DATA/causal.json" --head 2
    fails 2 'explain takes one head; see attn run --stage for several' attn explain "$DATA/causal.json" --head 0,1
    echo '{"attention":[[1]]}' >given.json
    fails 3 'the weights were given: there are no steps to explain; expected q and k' attn explain given.json
    fails 2 'unknown option --cmap; see attn explain --help' attn explain "$DATA/causal.json" --cmap gray
    fails 1 'standard output: could not write: No space left on device' sh -c "exec '$ATTN' explain '$DATA/causal.json' >/dev/full"
}

@test "a recurrence says what its state becomes, and what a first state gives" {
    attn explain "$DATA/delta.json" --query 3 >text
    grep -qF 'the state S becomes S + β·k⊗(v - Sᵀk);' text
    grep -qE '^ +2 "A is 3" +1 .* 1$' text
    echo '{"q":[[1]],"k":[[1]],"v":[[2]],"state":[[[5]]],"recurrence":"linear"}' >state.json
    same "$(attn explain state.json | tail -3)" "     1         · (2)   \"0\"
   + what the first state gives
   = (7)"
}

@test "the JSON is what its schema says" {
    attn explain "$DATA/alignment.json" --sink 0 --dropout 0.5 --softcap 2 --format json >a.json
    attn explain "$DATA/sparsemax.json" --format json >b.json
    attn explain "$DATA/projections.json" --causal --format json --query 0 >c.json
    attn explain "$DATA/delta.json" --format json >d.json
    "$PYTHON" - "$ROOT/docs/attn-explain.schema.json" a.json b.json c.json d.json <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    jsonschema.validate(json.load(open(path)), schema)
END
}

@test "bug: attn explain and attn run contradicted each other about a row of -1e9" {
    echo '{"q":[[1]],"k":[[1],[2],[2]],"bias":[[-1e9,-1e9,-1e9]]}' >x.json
    attn explain x.json >text
    grep -qE '^ +0 "0" .* 0\.1554$' text
    grep -qF 'In float32, which attn run computes in, key 0 "0" has weight 0.3333 instead of 0.1554:' text
    attn explain x.json --format json >a.json
    attn run x.json -q -o b.json
    same "$(jq -c '[.keys[].weight_float32]' a.json)" "$(jq -c '.weights[0][0][0]' b.json)"
    attn explain x.json --dropout 0.5 --format json >c.json
    same "$(jq -c '[.keys[].weight_float32]' c.json)" "$(jq -c '.weights[0][0][0]' b.json)"
    same "$(attn explain "$DATA/causal.json" --format json | jq '[.keys[] | has("weight_float32")] | any')" false
    "$PYTHON" -c 'import json, sys, jsonschema
for path in sys.argv[2:]: jsonschema.validate(json.load(open(path)), json.load(open(sys.argv[1])))' \
        "$ROOT/docs/attn-explain.schema.json" a.json c.json
}

@test "-v says what was taken for what, and which engine computed the layers below" {
    attn explain "$DATA/induction.json" --layer 1 --cpu plain -v 2>said >/dev/null
    grep -qF '8 queries, 8 keys, d_k 8, d_v 4' said
    grep -qx 'attn: layers below by engine=plain, this row in double precision' said
}
