# Files of arrays under the names that frameworks give them.
load helper

dumps() {
    DATA=$DATA numpy check_dumps.py "$1"
}

@test "dumps: an array a layer" { dumps layers; }

@test "dumps: a cache of TransformerLens" { dumps hooks; }

@test "dumps: encoder, decoder and cross attention" { dumps parts; }

@test "dumps: the steps of a generation" { dumps steps; }

@test "dumps: names that are understood, passed over and refused" { dumps names; }

@test "dumps: results of attn as arrays" { dumps own; }

@test "dumps: those of five frameworks" { dumps given; }
