# CSV and NPY as outputs: the column of masked pairs, several stages, measures.
load helper

# Two heads, causal, with a bias that masks one more pair, of tokens that must be quoted.
causal() {
    echo '{"q":[[1,0,2,1],[0,1,1,0],[1,1,0,3]],"k":[[1,2,0,1],[0,1,1,1],[2,1,1,0]],"v":[[1,2],[3,4],[5,6]],"heads":2,
        "causal":true,"bias":[[0,0,0],[0,0,0],[0,null,0]],"tokens":["a,b","\"c\""," d"]}' >x.json
}

@test "CSV has a column of the masked pairs, and reads back with the same mask and weights" {
    causal
    attn run x.json -o x.csv -o x2.json
    same "$(head -3 x.csv)" 'layer,head,query,key,query_token,key_token,weight,masked
0,0,0,0,"a,b","a,b",1,0
0,0,0,1,"a,b","""c""",0,1'
    for masked in 0 nan; do
        attn run x.json --masked $masked -o x.csv
        attn run x.csv -o back.json 2>err
        [ ! -s err ]
        same "$(jq -c .pairs,.weights,.mask,.tokens back.json)" "$(jq -c .pairs,.weights,.mask,.tokens x2.json)"
    done
    same "$(jq -c .pairs back.json)" '{"of":9,"allowed":[[5,5]]}'
}

@test "a weight that a fill gives to masked pairs survives CSV" {
    causal
    attn run x.json --mask-fill=-1 -o x.csv -o x2.json
    attn run x.csv -o back.json 2>err
    same "$(jq -c .pairs,.weights back.json)" "$(jq -c .pairs,.weights x2.json)"
    grep -q 'weight on forbidden pairs (8 of them); it is shown' err
}

@test "--masked nan: weights and masked scores are NaN in CSV and NPY, the other stages as they are" {
    causal
    attn run x.json --head 1 --queries 2 --masked nan --stage scores --stage masked --stage weights --stage mask \
        -o x.csv
    same "$(awk -F, 'NR > 1 { print $(NF - 3) ~ /^[0-9.]+$/, $(NF - 2) ~ /^0[.][0-9]+$/, $(NF - 1), $NF }' x.csv | paste -sd /)" \
        '1 1 1 0/0 0 0 1/1 1 1 0'
    same "$(awk -F, 'NR == 3 { print $(NF - 3), $(NF - 2) }' x.csv)" 'nan nan'
    same "$(head -1 x.csv)" layer,head,query,key,query_token,key_token,raw_score,masked_score,weight,allowed,masked
    for stage in weights masked scores mask; do
        attn run x.json --stage $stage -o 0.npy
        attn run x.json --stage $stage --masked nan -o nan.npy
        "$PYTHON" - $stage <<'END'
import sys
import numpy as np
plain, nan = np.load("0.npy"), np.load("nan.npy")
masked = np.array([[0, 1, 1], [0, 0, 1], [0, 1, 0]], bool)
wanted = masked if sys.argv[1] in ("weights", "masked") else np.zeros((3, 3), bool)
assert plain.shape == nan.shape == (1, 2, 3, 3)
assert (np.isnan(nan) == wanted).all() and not np.isnan(plain).any()
assert (nan[:, :, ~wanted] == plain[:, :, ~wanted]).all()
if sys.argv[1] == "masked":
    assert (np.isneginf(plain) == masked).all()
END
    done
    attn run x.json --stage output --masked nan -o output.npy
    attn run x.json --average heads --masked nan --format csv -o 0.json | awk -F, '{ printf "%s", $NF }' >masked
    same "$(cat masked)" masked011001010
    fails 2 '--masked nan is for .csv, .npy and --format csv: expected one' attn run x.json --masked nan -o y.json
    fails 2 '--masked is "-inf": expected one of 0 nan' attn run x.json --masked=-inf -o y.csv
}

@test "several stages of pairs are columns of one CSV, in the order of the stages" {
    causal
    attn run x.json --position alibi --stage weights --stage masked --stage mask --stage encoding --stage scores \
        --stage scaled --format csv -o all.csv >out.csv
    cmp all.csv out.csv
    same "$(head -1 all.csv)" \
        layer,head,query,key,query_token,key_token,raw_score,scaled_score,masked_score,weight,allowed,encoding,masked
    for stage in scores:7 scaled:8 masked:9 weights:10 mask:11 encoding:12; do
        attn run x.json --position alibi --stage "${stage%:*}" -o one.csv
        diff <(awk -F, '{ print $(NF - 1) }' one.csv) <(awk -v "back=$((13 - ${stage#*:}))" -F, '{ print $(NF - back) }' all.csv)
    done
    attn run all.csv -o back.json 2>err # the weights are what is read
    [ ! -s err ]
    attn run x.json --position alibi -o x2.json
    same "$(jq -c .pairs,.weights back.json)" "$(jq -c .pairs,.weights x2.json)"
}

@test "--measures: a line a head, as in the JSON, beside other outputs and on standard output" {
    causal
    attn run x.json --measures m.csv -o x2.json --measures=m.csv 2>err && return 1
    same "$(cat err)" 'attn: --measures is given twice'
    attn run x.json --measures m.csv -o x2.json
    same "$(sed 1d m.csv)" "$(jq -r '.stats[0] | to_entries[] | .value as $m |
        [0, .key, $m.entropy, $m.max_weight, $m.max_at[0], $m.max_at[1], $m.mean_distance, $m.first_token] | map(tostring) | join(",")' x2.json)"
    same "$(head -1 m.csv)" layer,head,entropy,max_weight,max_at_query,max_at_key,mean_distance,first_token
    rm -f x2.json
    attn run x.json --measures m2.csv >out # alone: nothing else is written
    cmp m.csv m2.csv
    same "$(find . | sort | xargs)" '. ./err ./m.csv ./m2.csv ./out ./x.json'
    [ ! -s out ]
    attn run x.json --measures - >out
    cmp m.csv out
    attn run x.json --head 1 --layer 0 --measures - | sed 1d | grep -q '^0,1,'
    attn run x.json --head 1 --average heads --measures - | sed 1d | grep -q '^0,0,'
    attn run x.json --max-weights 1 -q --measures - | cmp - m.csv # no weight need be held
}

@test "--measures: nan where a measure means nothing" {
    echo '{"q":[[1],[1]],"k":[[1],[1]],"mask":[[0,0],[0,0]]}' >x.json
    attn run x.json -q --measures - >out
    same "$(sed 1d out)" 0,0,nan,nan,nan,nan,nan,nan
    fails 2 '--measures m.txt: expected a name ending in .csv, or -' attn run x.json --measures m.txt
    fails 2 '-o - and --measures - are the same file' attn run x.json -o - --measures -
    fails 2 '-o m.csv and --measures ./m.csv are the same file' attn run x.json -o m.csv --measures ./m.csv
    fails 2 '--measures - is CSV of the measures on standard output, and --format asks for something else' \
        attn run x.json --measures - --format csv
}

@test "what cannot be written is said before anything is computed" {
    causal
    mkdir full
    # Reading takes no end, so that only the plan can have failed.
    for path in no/x.npy no/x.json; do
        fails 1 "$path: could not write: No such file or directory" timeout 5 "$ATTN" run <(sleep 20) -o $path
    done
    fails 1 'no/m.csv: could not write: No such file or directory' timeout 5 "$ATTN" run <(sleep 20) --measures no/m.csv
    fails 1 'x.json/a/b: could not make the folder: Not a directory' timeout 5 "$ATTN" run <(sleep 20) -o x.json/a/b/
    ln -s a.json b.json
    ln -s b.json a.json
    fails 1 'a.json: is a link that leads back to itself: expected a file name' timeout 5 "$ATTN" run <(sleep 20) -o a.json
    attn run x.json -q -o new/deep/ -o new/deep/more.csv # a folder that will be made
    [ -s new/deep/more.csv ]
}

@test "no output replaces another of the same run" {
    causal
    local both='would both write out/layer0-head0.png'
    fails 2 "-o out/ and -o out/layer0-head0.png $both" attn run x.json -o out/ -o out/layer0-head0.png
    mkdir out
    fails 2 "-o out/ and -o out/layer0-head0.png $both" attn run x.json -o out/layer0-head0.png -o out/
    fails 2 "-o out/ and -o ./out/heads.png would both write out/heads.png" attn run x.json -o out/ -o ./out/heads.png
    fails 2 "-o out/ and -o out/attention.json would both write out/attention.json" attn run x.json -o out -o out/attention.json
    rmdir out
    fails 2 '-o ./out/ is given twice, also as out/' attn run x.json -o out/ -o ./out/
    fails 2 'a/out/layer0-head0.png and ./a/out/layer0-head0.png are the same file: expected two names' \
        attn run x.json -o a/out/ -o ./a/out/
    attn run x.json -q -o out/ -o out/all.png
}

@test "a number beyond float32 is said to be too large, with its place; infinity by its name is not" {
    local large='this number is too large for float32, whose largest is 3.4e38: it becomes'
    echo '{"q":[[1],[2]],"k":[[Infinity],[2]],
 "v":[[3.4028235e38,-1.8e308],[1e39,1]]}' >x.json
    attn run x.json -q -o y.json 2>err
    [ ! -s err ]
    attn run x.json -o y.json 2>err
    same "$(grep -F "$large" err)" "attn: warning: x.json:2:21: $large -infinity"
    printf '1,2\n+1,-Inf\n' | attn run - -o y.json 2>err
    lacks -F "$large" err
    printf 'token;a;b\nx;2,5;1,5e400\ny;1;-1e39\n' >x.csv
    attn run x.csv -o y.json 2>err
    same "$(grep -F "$large" err)" "attn: warning: x.csv:2:7: $large infinity"
    # It is told of once: the tensor that holds it is not, but for what else it holds.
    for text in '{"q":[[1],[1e39]],"k":[[-1e40],[2]]}' '{"layers":[{"q":[[1],[1e39]],"k":[[1],[2]]}]}'; do
        echo "$text" >one.json
        attn run one.json -o y.json 2>err
        same "$(sed 's/^attn: warning: one.json:1:[0-9]*: //' err)" "$large infinity"
    done
    echo '{"q":[[1],[1e39]],"k":[[NaN],[2]]}' >one.json
    attn run one.json -o y.json 2>err
    same "$(tail -n +2 err)" 'attn: warning: one.json: k holds NaN at [0, 0]: the rows that see it become NaN'
    echo '{"q":[[1],[1e39]],"k":[[Infinity],[2]]}' >one.json
    attn run one.json -o y.json 2>err
    same "$(tail -n +2 err)" 'attn: warning: one.json: q holds infinity at [1, 0]: the rows that see it become NaN
attn: warning: one.json: k holds infinity at [0, 0]: the rows that see it become NaN'
    # A table that several threads read.
    awk 'BEGIN { for (i = 0; i < 60000; i++) print i == 30000 || i == 50000 ? "1,-1e99" : "1,0.123456789" }' >x.csv
    attn run x.csv --max-weights 1 --measures - >out 2>err
    same "$(grep -F "$large" err)" "attn: warning: x.csv:30001:3: $large -infinity"
}

@test "bug: given weights were held twice" {
    under_asan && skip "AddressSanitizer takes memory of its own"
    "$PYTHON" - "$ATTN" <<'END'
import os, resource, subprocess, sys
n = 2048
with open("eye.csv", "w") as f:
    f.writelines(" ".join("1" if i == j else "0" for j in range(n)) + "\n" for i in range(n))
subprocess.run([sys.argv[1], "run", "--attention", "eye.csv", "-q", "-o", "y.npy"], check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
most = 4 * n * n + os.path.getsize("eye.csv") + (6 << 20) # the weights and the text
assert peak < most, (peak, most)
END
    [ "$("$PYTHON" -c 'import numpy as np; print((np.load("y.npy") == np.eye(2048)).all())')" = True ]
}

# Labels with what a terminal would obey: an escape, C1, directions, a separator, a mark; and others that stay.
obeyed() {
    printf '{"tokens":["\\u001b[31m","\\u009b2J","\\u202eab\\u202c","\\u2066x\\u2069","a\\u200f\\u200e\\u061c","é\\u200d字\\u2028"],'
    printf '"title":"\\u0085\\u202e","q":[[9],[1],[1],[1],[1],[1]],"k":[[9],[1],[1],[1],[1],[1]]}\n'
}

# Whether standard input is free of all of them.
harmless() {
    "$PYTHON" -c '
import re, sys
text = sys.stdin.buffer.read().decode()
sys.exit(bool(re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]", text)))'
}

@test "JSON escapes what a terminal would obey, and reads back the same" {
    obeyed >x.json
    attn run x.json -q -o y.json
    harmless <y.json
    attn run x.json -q -o - | cmp - y.json
    same "$(jq -c .tokens,.title y.json)" "$(jq -c .tokens,.title x.json)"
    attn explain x.json --query 5 --format json | harmless
    attn explain x.json --query 5 | harmless
    grep -q 'é.*字' y.json # with what joins them
    printf 'é\xe2\x80\x8d字' >joined
    grep -qf joined y.json
}

@test "CSV and the table show it on a terminal; files and pipes get it as it is" {
    script -qec true /dev/null >/dev/null 2>&1 || skip "no script(1), or no terminal to be had"
    obeyed >x.json
    on_terminal() {
        script -qec "'$ATTN' $*" /dev/null </dev/null | tr -d '\r'
    }
    on_terminal run x.json --format csv -q -o y.json >seen
    harmless <seen
    grep -qF '0,0,0,1,\x1B[31m,\x9B2J,' seen
    grep -qF '\u{202E}ab\u{202C}' seen
    on_terminal run x.json -o y.json | harmless
    attn run x.json --format csv -q -o y.csv >piped
    cmp piped y.csv
    printf '0,0,0,1,\x1b[31m,\xc2\x9b2J,' >wanted
    grep -qaFf wanted piped
    attn run piped -q -o back.json
    same "$(jq -c .tokens back.json)" "$(jq -c .tokens x.json)"
}

@test "captions: nothing in front of the separator, and a blank to begin with" {
    causal
    attn run x.json --title ' blank' -q -o blank.png
    attn run x.json --title '' --head 1 -q -o a/
    attn run x.json --head 1 -q -o b/
    cmp a/layer0-head1.png b/layer0-head1.png
}
