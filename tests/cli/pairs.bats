# Masks that open pairs, windows of each head, documents that are aligned (tests/numpy/check_pairs.py).
load helper

pairs() {
    numpy check_pairs.py "$@"
}

@test "causal and windows count inside documents" { pairs documents; }
@test "a mask that opens pairs which others close" { pairs or_mask; }
@test "a window for each head" { pairs windows; }
@test "120 random problems of these masks agree with NumPy" { pairs random 0 120; }

@test "windows for another number of heads" {
    echo '{"q":[[[1]],[[1]]],"k":[[[1]],[[1]]]}' >x.json
    fails 2 '--window: expected one window, or one for each of 2 heads, not 3' attn run x.json --window '1,0;2,0;3,0' -o y.json
    fails 2 '--window is "1,0;": expected a whole number, or two as L,R, of -1 (no limit) or more; or one a head, as 4,0;8,0' \
        attn run x.json --window '1,0;' -o y.json
}
