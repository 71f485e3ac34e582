# The cases of the ONNX operators, where they are to be had (tests/check_onnx.py).
load helper

onnx() {
    [ -d "${REAL:-}/onnx" ] || skip "there is no folder of real tensors (REAL)"
    "$PYTHON" -B "$ROOT/tests/check_onnx.py" "$@"
}

@test "87 cases of the ONNX Attention operator" { onnx attention; }
@test "14 cases of the ONNX LinearAttention operator" { onnx linear; }
@test "6 inputs that ONNX rejects" { onnx rejects; }
