# Models of llama2.c, which NumPy reads too.
load helper

check() {
    [ -n "$READ_ARRAY" ] || skip "READ_ARRAY says no program that reads arrays"
    "$PYTHON" -B "$ROOT/tests/numpy/check_llama2c.py" "$@"
}

@test "the three versions, with a classifier and without" { check forms; }

@test "a header that does not fit its file is no model, or says what it asks for" { check wrong; }

@test "a trained model has the weights of its safetensors" {
    [ -f "$REAL/models/stories260K/stories260K.bin" ] || skip "no trained models"
    check real "$REAL/models/stories260K"
}

@test "its projections attend as those of its GGUF file, whatever config lies beside it" {
    [ -f "$REAL/models/stories260K/stories260K.bin" ] || skip "no trained models"
    check profile "$REAL/models/stories260K"
}
