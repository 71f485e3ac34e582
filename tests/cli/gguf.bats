# GGUF as it is read and written, and the numbers of its types (tests/numpy/check_gguf.py).
load helper

gguf() {
    [ -n "${READ_ARRAY:-}" ] || skip "no program that writes the numbers of an array"
    local status=0
    "$PYTHON" -B "$ROOT/tests/numpy/check_gguf.py" "$@" || status=$?
    [ $status != 77 ] || skip "there are no trained models (REAL)"
    return $status
}

@test "GGUF: quantized types, to the bit" { gguf quantized; }
@test "GGUF: plain types, to the bit" { gguf plain; }
@test "GGUF: every type and kind of metadata is written" { gguf written; }
@test "GGUF: a trained model in four types" { gguf stories; }
@test "GGUF: vocabularies" { gguf vocabularies; }
