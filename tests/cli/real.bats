# Tensors from trained models, where they are to be had (tests/numpy/check_real.py).
load helper

real() {
    needs_real
    numpy check_real.py "$@"
}

@test "a trained layer gives the weights and output of PyTorch" { real nano_sort; }
@test "the same layer from q, k and v" { real nano_sort_qkv; }
@test "144 heads of GPT-2 in a folder" { real gpt2; }
@test "weights rounded to five decimals pass without a word" { real gpt2_rounded; }
@test "GloVe vectors in CSV" { real glove; }
@test "cross-attention of a translator" { real cross; }
@test "weights that do not sum to 1 are shown as they are, with warnings" { real encoder; }
