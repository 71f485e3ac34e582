# Files of arrays under the names that frameworks give them.
load helper

dumps() {
    local status=0
    DATA=$DATA "$PYTHON" -B "$ROOT/tests/numpy/check_dumps.py" "$1" || status=$?
    [ "$status" != 77 ] || skip "there is no folder of dumps (PROFILES)"
    return "$status"
}

@test "dumps: an array a layer" { dumps layers; }

@test "dumps: of weights only the chosen layers and heads are read" { dumps chosen; }

@test "dumps: a cache of TransformerLens" { dumps hooks; }

@test "dumps: encoder, decoder and cross attention" { dumps parts; }

@test "dumps: the steps of a generation" { dumps steps; }

@test "dumps: names that are understood, passed over and refused" { dumps names; }

@test "dumps: results of attn as arrays" { dumps own; }

@test "dumps: those of five frameworks" { dumps given; }
