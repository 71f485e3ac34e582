# Normalizers, factors and fills beside the usual softmax, against NumPy (tests/numpy/check_factors.py).
load helper

factors() {
    "$PYTHON" -B "$ROOT/tests/numpy/check_factors.py" "$@"
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
@test "weights of these forms are an input again" { factors read_back; }
@test "150 random problems of these forms agree with NumPy" { factors random 0 150; }
