# attn stats --patterns: what sparse patterns hold of a head. NumPy computes each by its definition.
load helper

patterns() {
    numpy check_patterns.py "$@"
}

@test "patterns: random heads of every shape, budget and block" { patterns random; }
@test "patterns: causal heads and windows: only pairs that may be seen count" { patterns masked; }
@test "patterns: rows of zeros, of NaN and below 0 do not count" { patterns odd_rows; }
@test "patterns: numbers too large for weights have no count of keys" { patterns huge; }
@test "patterns: a head that is a pattern has all of its weight there" { patterns perfect; }

@test "patterns: heads of a real model" {
    [ -e "$REAL/gpt2_heads_37.json" ] || skip "no real heads here"
    patterns real
}

@test "patterns: the same bytes for any number of threads; the JSON is what its schema says" {
    attn stats "$DATA/projections.json" --patterns -q --threads 1 -o one.json
    attn stats "$DATA/projections.json" --patterns -q --threads 7 -o seven.json
    cmp one.json seven.json
    "$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "jsonschema is not installed"
    "$PYTHON" - "$ROOT/docs/attn-sheet.schema.json" one.json <<'END'
import json, sys
import jsonschema
jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))
END
}

@test "patterns: a budget and a block are of patterns alone, and above 0" {
    fails 2 "--budget: expected --patterns beside it" attn stats "$DATA/induction.json" --budget 0.2
    fails 2 "--pattern-block: expected --patterns beside it" attn stats "$DATA/induction.json" --pattern-block 4
    fails 2 "--budget is 0: expected a number above 0, up to 1" attn stats "$DATA/induction.json" --patterns --budget 0
    fails 2 "--similar and --patterns: expected one of them" attn stats "$DATA/induction.json" --patterns --similar
}
