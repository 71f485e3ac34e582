# Normalizers, factors and fills beside the usual softmax, against NumPy (tests/numpy/check_factors.py).
load helper

factors() {
    numpy check_factors.py "$@"
}

@test "the oracle of entmax15 knows what is known without it" { factors oracle; }
@test "sigmoid" { factors sigmoid; }
@test "entmax15" { factors entmax15; }
@test "the top k scores" { factors top_k; }
@test "the score by distance" { factors distance; }
@test "a factor for each query, in every engine" { factors query_scale; }
@test "scale, temperature, softcap and sink of each head" { factors per_head; }
@test "a Gaussian factor on the weights" { factors gaussian; }
@test "masked pairs with a score of their own" { factors mask_fill; }
@test "differential attention: two heads make one" { factors differential; }
@test "what differential attention cannot be" {
    echo '{"q":[[[1]],[[1]],[[1]]],"k":[[[1]],[[1]],[[1]]],"differential":0.5}' >x.json
    fails 3 'x.json:1:6: q is 3×1×1: differential takes heads in pairs, expected an even number, not 3 of q and 3 of k' attn run x.json -o y.json
    echo '{"q":[[[1]],[[1]]],"k":[[[1]],[[1]]],"v":[[[1]],[[1]]],"differential":0.5}' >x.json
    fails 3 'x.json:1:42: k is 2×1×1 and v is 2×1×1: with differential v has half as many heads as k' attn run x.json -o y.json
    echo '{"q":[[[1]],[[1]]],"k":[[[1]],[[1]]],"differential":0.5}' >x.json
    fails 3 'there is no stage q: of differential attention two heads make one, and have no stage of one' attn run x.json --stage q -o y.json
    fails 2 '--differential cannot go with --dropout' attn run x.json --differential 0.5 --dropout 0.5 -o y.json
}
@test "weights of these forms are an input again" { factors read_back; }
@test "bug: a sigmoid took ALiBi from the nearest key, which changes its weights" { factors far_sigmoid; }
@test "bug: dropout and top-k took a bias of the least float32 for what they leave out" { factors least_scores; }
@test "bug: --memory changed last digits of sparsemax and entmax15" { factors thresholds_of_blocks; }
@test "150 random problems of these forms agree with NumPy" { factors random 0 150; }
