# attn stats --similar: how far heads are from each other, in what order they stand, and where on a map. NumPy computes all of it anew.
load helper

similar() {
    numpy check_similar.py "$@"
}

@test "similar: random heads of every size: distances, clusters and map" { similar random; }
@test "similar: causal heads" { similar causal; }
@test "similar: rows of zeros, of NaN, below 0, and of other sums" { similar odd_rows; }
@test "similar: equal heads are exactly 0 apart, and those without a common key ln 2" { similar same; }
@test "similar: weights from q and k, of the heads that were chosen" { similar computed; }

@test "similar: heads of a real model" {
    [ -e "$REAL/gpt2_heads_37.json" ] || skip "no real heads here"
    similar real
}

@test "similar: a picture has the distances in the order of clusters, and NaN where there is none" { similar picture; }

@test "similar: no picture, rows or thresholds of other sheets and measures" {
    fails 2 "-o x.png: expected a name ending in .json or .csv with --links" attn stats "$DATA/induction.json" --links gold -o x.png
    fails 2 "--similar and --per-row: expected one of them" attn stats "$DATA/induction.json" --similar --per-row
    fails 2 "--similar and --thresholds: expected one of them" attn stats "$DATA/induction.json" --similar --thresholds local=0.5
}

@test "similar: the same bytes for any number of threads, and for any kernel nearly the same" {
    "$PYTHON" -c 'import numpy as np; w = np.random.default_rng(1).random((3, 5, 33, 41)) ** 5; np.save("attention.npy", (w / w.sum(-1, keepdims=True)).astype("f4"))' ||
        skip "NumPy is not installed"
    attn stats attention.npy --similar --format json --threads 1 -o one.json
    attn stats attention.npy --similar --format json --threads 7 -o seven.json
    cmp one.json seven.json
    attn stats attention.npy --similar --format json --cpu portable -o portable.json
    jq -e -n 'input as $a | input as $b | [$a.distances, $b.distances | flatten] | transpose | all((.[0] - .[1]) | fabs < 1e-6)' one.json portable.json
}

@test "similar: the JSON is what its schema says" {
    "$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "jsonschema is not installed"
    attn stats "$DATA/induction.json" --similar -o similar.json
    attn stats "$DATA/causal.json" --similar --head 0 -o one.json
    "$PYTHON" - "$ROOT/docs/attn-sheet.schema.json" ./*.json <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    jsonschema.validate(json.load(open(path)), schema)
END
}

@test "similar: a table of few heads has the distances, one of many says where they are" {
    attn stats "$DATA/induction.json" --similar --format table >table
    lacks ' $' table
    same "$(sed -n 4p table)" '      1      0        0        0    0.403      1   -0.318    0.000    0.403    0.000'
    "$PYTHON" -c 'import json; print(json.dumps({"attention": [[[1]]] * 13}))' >many.json
    attn stats many.json --similar --format table >table
    same "$(tail -1 table)" "distances: 13×13, in JSON and CSV"
    same "$(grep -c '0\.12' table)" 0
}

@test "similar: layers of different size have no distance, and are named" {
    echo '{"layers": [{"attention": [[1]]}, {"attention": [[0.5, 0.5], [0.5, 0.5]]}]}' >sizes.json
    fails 3 '--similar: layers 0 and 1 differ in size, and have no distance; choose those that agree with --layer' attn stats sizes.json --similar
    attn stats sizes.json --similar --layer 1 -q >/dev/null
}

@test "similar: one of --definition, --links and --similar" {
    fails 2 "--definition and --similar: expected one of them" attn stats "$DATA/induction.json" --similar --definition arena
}
