# Projections as other software stores them, norms of q and k, gates (tests/numpy/check_projections.py).
load helper

projections() {
    numpy check_projections.py "$@"
}

@test "projections as PyTorch's Linear stores them" { projections out_in; }
@test "projections with an axis for heads" { projections heads_axis; }
@test "q, k and v in one projection" { projections fused; }
@test "projections of the layers of a stack" { projections layers; }
@test "norms of q and k, before rotary" { projections qk_norm; }
@test "gates multiply the heads' output" { projections gate; }

# of KEY VALUE…: the sample of projections with other keys.
of() {
    echo "{\"embeddings\": [[1, 0, 2], [0, 1, 1]], $1}" >p.json
}

@test "projections that do not fit, or fit in two ways" {
    of '"w_qkv": [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]], "heads": 2'
    fails 3 'p.json:1:49: w_qkv is 3×4: its 4 columns cannot be shared equally by 2 heads of q and 2 of k and v each' attn run p.json -o y.json
    of '"w_qkv": [[1, 2, 3], [1, 2, 3], [1, 2, 3]], "w_q": [[1], [2], [3]]'
    fails 3 'p.json:1:91: w_q and w_qkv are both given: expected one of them' attn run p.json -o y.json
    of '"b_qkv": [1, 2, 3]'
    fails 3 'p.json:1:49: b_qkv needs w_qkv, which it belongs to' attn run p.json -o y.json
    of '"qkv_layout": "heads"'
    fails 3 'p.json:1:54: qkv_layout needs w_qkv' attn run p.json -o y.json
    of '"causal": true'
    fails 2 '--qkv-layout needs --w-qkv' attn run p.json --qkv-layout heads -o y.json
    of '"w_q": [[[1], [2], [3]], [[1], [2], [3]], [[1], [2], [3]]]'
    fails 3 'p.json:1:47: w_q is 3×3×1 may be heads×d_model×d or d_model×heads×d: expected rank 2, where the order is plain' attn run p.json -o y.json
    of '"w_q": [[[1], [2]], [[1], [2]]]'
    fails 3 'p.json:1:47: w_q is 2×2×1: expected heads×d_model×d or d_model×heads×d, with d_model 3' attn run p.json -o y.json
    of '"w_q": [[[1], [2], [3]], [[1], [2], [3]]], "heads": 3'
    fails 3 'p.json:1:47: w_q is 2×3×1: expected heads×d_model×d or d_model×heads×d, with d_model 3' attn run p.json -o y.json
    of '"gate": [[1, 2], [1, 2]]'
    fails 3 'p.json:1:48: gate is 2×2: expected 1 columns, one a head, or 3, one a column of all heads' attn run p.json -o y.json
    of '"q_norm": [1, 2]'
    fails 3 'p.json:1:50: q_norm is 2 numbers: expected 3 numbers' attn run p.json -o y.json
    of '"qk_norm_kind": "layer"'
    fails 3 'p.json:1:56: qk_norm_kind needs q_norm or k_norm' attn run p.json -o y.json
}
