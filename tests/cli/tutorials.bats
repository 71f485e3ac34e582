# The code that introductions to attention have, in NumPy (tests/numpy/check_tutorials.py): attn gives its numbers.
load helper

tutorials() {
    numpy check_tutorials.py "$@"
}

@test "tutorials: scaled dot product attention" { tutorials dot_product; }
@test "tutorials: several heads, and masked_fill with -1e9, which leaves rows that may attend to nothing even" { tutorials masked_heads; }
@test "tutorials: Bahdanau's additive attention" { tutorials additive; }
@test "tutorials: sinusoidal positions, then self-attention" { tutorials positions; }
