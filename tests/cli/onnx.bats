# The cases of the ONNX operators, where they are to be had (tests/numpy/check_onnx.py).
load helper

onnx() {
    needs_real onnx
    local said status=0
    said=$("$PYTHON" -B "$ROOT/tests/numpy/check_onnx.py" "$@") || status=$?
    echo "$said" | tail -1 | sed 's/^/# ONNX: /' >&3 # part of what make test prints
    [ $status = 0 ] || { echo "$said"; return 1; }
}

@test "87 cases of the ONNX Attention operator" { onnx attention; }
@test "14 cases of the ONNX LinearAttention operator" { onnx linear; }
@test "6 inputs that ONNX rejects" { onnx rejects; }
