# CSV as other programs write it. The layouts themselves are in tests/unit/test_csv_layout.c.
load helper

# weights FILE… OPTION…: the weights of all heads, rounded.
weights() {
    attn run "$@" -o - | jq -c '.weights | walk(if type == "number" then . * 1e4 | round / 1e4 else . end)'
}

@test "bug: decimal commas beside semicolons were a label with a semicolon in it" {
    printf 'my;1;2;0,5\nown;0,25;1;3\n' >excel.csv
    printf 'my,1,2,0.5\nown,0.25,1,3\n' >plain.csv
    same "$(attn run excel.csv -o - 2>&1)" "$(attn run plain.csv -o - 2>&1)"
    "$PYTHON" - <<'END'
import csv

class Excel(csv.excel):
    delimiter = ";"

with open("written.csv", "w", newline="") as f:
    csv.writer(f, Excel).writerows([["", "x", "y", "z"], ["my", "1", "2", "0,5"], ["own", "0,25", "1", "3"]])
END
    same "$(attn run written.csv -o - 2>&1)" "$(attn run plain.csv -o - 2>&1)"
}

@test "bug: headers of counts were tokens" {
    printf 'token,0,1\nThe,1,0\ncat,0,1\nsat,1,1\n' >index.csv
    printf '0,1\n1,0\n0,1\n1,1\n' >plain.csv
    printf '1,0\n0,1\n1,1\n' >numbers.csv
    same "$(attn run index.csv -o - 2>&1 | jq -c .tokens)" '["The","cat","sat"]'
    same "$(weights index.csv)" "$(weights numbers.csv)"
    same "$(weights plain.csv -q)" "$(weights numbers.csv)"
    same "$(attn run plain.csv -o - 2>&1 >/dev/null)" \
        'attn: warning: plain.csv:1: the first line is taken for a header; --header no takes it for numbers'
    same "$(attn run plain.csv --header no -o - 2>&1 | jq -c '.tokens | length')" 4
    same "$(attn run plain.csv --header yes -o - 2>&1)" "$(attn run numbers.csv -o - 2>&1)"
}

@test "--verbose says which line is a header and which column holds labels" {
    printf 'id,token,x,y\n0,The,1,0\n1,cat,0,1\n' >two.csv
    attn run two.csv -v -o x.json 2>err
    same "$(head -2 err)" "attn: two.csv:1: this line is a header
attn: two.csv: columns 1 to 2 are labels, of which column 2 is taken"
    printf '1;0,5\n' >comma.csv
    attn run comma.csv -v -o x.json 2>err
    same "$(head -1 err)" "attn: comma.csv: the numbers have decimal commas"
    printf 'query,key,weight\n0,0,1\n1,0,0.5\n1,1,0.5\n' >long.csv
    attn run long.csv -v -o x.json 2>err
    same "$(head -2 err)" "attn: long.csv:1: this line is the header of a table of weights, one row a pair
attn: long.csv: 1 of 4 pairs have no row and are masked"
}

@test "--header takes yes or no" {
    echo 1,2 >x.csv
    fails 2 '--header is "maybe": expected one of no yes' attn run x.csv --header maybe -o y.json
}

@test "bug: the header of a list of tokens was a token" {
    echo '{"attention": [[1, 0], [0.4, 0.6]]}' >x.json
    printf 'token\nThe\ncat\n' >t.csv
    same "$(attn run x.json --tokens t.csv -o - 2>err | jq -c .tokens)" '["The","cat"]'
    same "$(cat err)" 'attn: warning: t.csv: the first of tokens, "token", is taken for a header; --header no takes it for a token'
    same "$(attn run x.json --tokens t.csv --header yes -o - 2>&1 | jq -c .tokens)" '["The","cat"]'
    same "$(attn run x.json --tokens t.csv --header no -o - 2>err | jq -c .tokens)" '["token","The"]'
    same "$(cat err)" 'attn: warning: t.csv: tokens has 3 labels for 2 queries: the last is not used'
    printf 'Wort\nThe\ncat\n' >t.csv
    attn run x.json --tokens t.csv -o - 2>err >/dev/null
    same "$(cat err)" \
        'attn: warning: t.csv: tokens has 3 labels for 2 queries: the last is not used; --header yes leaves out the first'
    printf 'token\ncat\n' >t.csv # as many as there are queries
    same "$(attn run x.json --tokens t.csv -o - 2>&1 | jq -c .tokens)" '["token","cat"]'
    printf 'key\nu\nv\n' >t.csv
    same "$(attn run x.json --key-tokens t.csv -q -o - | jq -c .key_tokens)" '["u","v"]'
}

@test "pairs without a row are masked, as the edges of a graph are" {
    printf 'source,target,alpha\n0,0,1\n0,1,0.4\n1,1,0.6\n1,2,1\n' >edges.csv
    same "$(attn run edges.csv -o - 2>&1 | jq -c '.weights[0][0], .mask, .pairs')" '[[1,0,0],[0.4,0.6,0],[0,1,0]]
[[1,0,0],[1,1,0],[0,1,0]]
{"of":9,"allowed":[[4]]}'
    same "$(attn run edges.csv --mask-true-blocks -o - | jq -c .mask)" "$(attn run edges.csv -o - | jq -c .mask)"
}

@test "bug: long tables with other names were embeddings" {
    "$PYTHON" - <<'END'
import numpy as np

rng = np.random.default_rng(3)
w = np.exp(rng.normal(size=(40, 40)))
w = (w / w.sum(1, keepdims=True)).astype(np.float32)
np.save("w.npy", w)
words = [f"w{i}" for i in rng.permutation(40)]
rows = [(i, j, w[i, j]) for i in range(40) for j in range(40)]
with open("r.csv", "w") as f: # R goes down the columns, and counts from 1
    f.write('"","Var1","Var2","value"\n')
    for n, (i, j, v) in enumerate(sorted(rows, key=lambda row: row[1])):
        f.write(f'"{n + 1}",{i + 1},{j + 1},{v}\n')
with open("words.csv", "w") as f:
    f.write("from,to,weight\n")
    for i, j, v in rows:
        f.write(f"{words[i]},{words[j]},{v}\n")
with open("words.txt", "w") as f:
    f.write("\n".join(words) + "\n")
END
    # Words are numbered by rows: the second word appears as a key first, in the order of the sequence.
    for file in r words; do
        attn run $file.csv -q -o $file.npy
        "$PYTHON" -c "import numpy as np; assert (np.load('$file.npy').reshape(40, 40) == np.load('w.npy')).all()"
    done
    same "$(attn run words.csv -o - 2>&1 | jq -r '.tokens[]')" "$(cat words.txt)"
    same "$(attn run words.csv -o - 2>&1 | jq -r '.key_tokens[]')" "$(cat words.txt)"
    same "$(attn run r.csv -o - 2>&1 | jq -r '.tokens[]')" "$(seq 40)"
}

@test "--verbose says which names of a long table were taken for what" {
    printf 'from,to,prob\nthe,the,1\ncat,the,0.4\ncat,cat,0.6\n' >x.csv
    attn run x.csv -v -o y.json 2>err
    same "$(head -4 err)" 'attn: x.csv:1: this line is the header of a table of weights, one row a pair
attn: x.csv:1: "from" is the query, "to" the key and "prob" the weight
attn: x.csv: queries and keys are words, numbered as they appear
attn: x.csv: 1 of 4 pairs have no row and are masked'
}

@test "bug: a first column that counts the rows was a feature, and a header from R a row" {
    printf '1,1,0.5\n2,0.25,1\n' >rows.csv
    (echo nr,x,y && cat rows.csv) >nr.csv
    printf '1,0.5\n0.25,1\n' >plain.csv
    same "$(weights nr.csv)" "$(weights plain.csv)"
    same "$(attn run nr.csv -o - 2>&1 | jq -c .tokens)" '["1","2"]'
    (echo n,x,y && cat rows.csv) >n.csv
    attn run n.csv -o y.json 2>err
    same "$(cat err)" 'attn: warning: n.csv:1: the first column, "n", counts the rows and is taken for numbers; call it index if it is none'
    printf '"1","2"\n1,0.5\n0.25,1\n' >r.csv
    same "$(weights r.csv)" "$(weights plain.csv)"
    printf '1,2\n1,0.5\n0.25,1\n' >guess.csv
    attn run guess.csv -o y.json 2>err
    same "$(cat err)" 'attn: warning: guess.csv:1: the first line is taken for numbers, although it counts the columns; --header yes takes it for a header'
    same "$(weights guess.csv --header yes)" "$(weights plain.csv)"
}

@test "bug: NA made a header of the first row of weights" {
    printf '1,NA\n0.5,0.5\n' >x.csv
    fails 3 'x.csv:1:3: "NA" is a missing value: expected a number, 0 for a pair that is masked (nan if it is to be nan)' \
        attn run --attention x.csv -o y.json
}

@test "masked scores as CSV give the weights back, and raw ones are refused" {
    cp "$DATA/causal.json" x.json
    attn run x.json -q --stage masked -o masked.csv
    same "$(weights masked.csv)" "$(weights x.json)"
    same "$(attn run masked.csv -o - | jq -c .pairs)" "$(attn run x.json -o - | jq -c .pairs)"
    for stage in scores scaled; do
        attn run x.json -q --stage $stage -o $stage.csv
        fails 3 "$stage.csv:1:1: this is a table of another stage than the weights: expected a column weight or score" \
            attn run $stage.csv -o y.json
    done
}

@test "slices that numpy.savetxt wrote one after the other are heads" {
    "$PYTHON" - <<'END'
import json
import numpy as np

rng = np.random.default_rng(7)
q = rng.normal(size=(3, 4, 2)).round(3)
with open("comments.csv", "w") as f:
    f.write("# Array shape: (3, 4, 2)\n")
    for head in q:
        np.savetxt(f, head, fmt="%.3f")
        f.write("# New slice\n")
with open("blank.csv", "w") as f:
    for head in q:
        np.savetxt(f, head, fmt="%.3f", delimiter=",", footer="", comments="")
        f.write("\n")
json.dump({"q": q.tolist(), "k": q.tolist(), "v": q.tolist()}, open("q.json", "w"))
END
    local wanted
    wanted=$(attn run q.json -o - | jq -c .weights)
    for file in comments.csv blank.csv; do
        same "$(attn run --q $file --k $file --v $file -o - 2>&1 | jq -c .weights)" "$wanted"
    done
}

@test "heads below each other are cut by --heads" {
    printf '1,0\n0.4,0.6\n0.9,0.1\n0.2,0.8\n' >w.csv
    same "$(weights --attention w.csv --heads 2)" '[[[[1,0],[0.4,0.6]],[[0.9,0.1],[0.2,0.8]]]]'
    printf 'a,1,0\nb,0.4,0.6\na,0.9,0.1\nb,0.2,0.8\n' >w.csv
    same "$(attn run --attention w.csv --heads 2 -o - 2>&1 | jq -c .tokens)" '["a","b"]'
    fails 3 'w.csv:1:1: attention is 4×2, which has 1 heads, but heads is 3' attn run --attention w.csv --heads 3 -o y.json
    printf 'a\nb\n' >t.txt
    printf '1,0\n0,1\n1,1\n0,0\n' >q.csv
    echo '{"q": [[[1,0],[0,1]],[[1,1],[0,0]]], "k": [[[1,0],[0,1]],[[1,1],[0,0]]], "v": [[[1,0],[0,1]],[[1,1],[0,0]]]}' >q.json
    same "$(weights --q q.csv --k q.csv --v q.csv --heads 2 --tokens t.txt -q)" "$(weights q.json)"
    attn run --q q.csv --k q.csv --v q.csv --heads 2 --tokens t.txt -o y.json 2>err
    same "$(cat err)" "attn: warning: q.csv: q is taken for 2 heads below each other, because there are 2 tokens
attn: warning: q.csv: k is taken for 2 heads below each other, because there are 2 tokens
attn: warning: q.csv: v is taken for 2 heads below each other, because there are 2 tokens"
    same "$(weights --q q.csv --k q.csv --v q.csv --heads 2 | jq -c 'map(map(length))')" '[[4,4]]'
}
