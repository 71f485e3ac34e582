# Models of llama2.c, which NumPy reads too.
load helper

check() {
    needs_read_array
    numpy check_llama2c.py "$@"
}

@test "the three versions, with a classifier and without" { check forms; }

@test "a header that does not fit its file is no model, or says what it asks for" { check wrong; }

@test "a trained model has the weights of its safetensors" {
    needs_real models/stories260K/stories260K.bin
    check real "$REAL/models/stories260K"
}

@test "its projections attend as those of its GGUF file, whatever config lies beside it" {
    needs_real models/stories260K/stories260K.bin
    check profile "$REAL/models/stories260K"
}
