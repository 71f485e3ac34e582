# GGUF as it is read and written, and the numbers of its types (tests/numpy/check_gguf.py).
load helper

gguf() {
    needs_read_array
    numpy check_gguf.py "$@"
}

@test "GGUF: quantized types, to the bit" { gguf quantized; }
@test "GGUF: plain types, to the bit" { gguf plain; }
@test "GGUF: every type and kind of metadata is written" { gguf written; }
@test "GGUF: a trained model in four types" { gguf stories; }
@test "GGUF: vocabularies" { gguf vocabularies; }

@test "GGUF: each allocation fails once, and all that was taken is freed" {
    needs_read_array
    needs_failing_malloc
    local total held now n status refused=0
    numpy gguf_files.py .
    ATTN_COUNT_TO=total LD_PRELOAD=$FAILING_MALLOC "$READ_ARRAY" -o written gguf metadata.gguf
    read -r total held <total
    [ "$total" -gt 50 ] && [ "$held" = 0 ]
    for ((n = 1; n <= total; n++)); do
        status=0
        rm -f written
        ATTN_FAIL_AT=$n ATTN_COUNT_TO=total LD_PRELOAD=$FAILING_MALLOC "$READ_ARRAY" -o written gguf metadata.gguf 2>err || status=$?
        read -r _ now <total
        [ "$now" = 0 ]
        if [ $status = 0 ]; then
            [ -s written ]
        else
            [ $status = 1 ]
            grep -q 'not enough memory' err
            [ ! -e written ]
            refused=$((refused + 1))
        fi
    done
    [ $refused -gt 40 ]
}

@test "GGUF: a type that nobody knows is named once" {
    "$PYTHON" - <<'END'
import struct
head = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + struct.pack("<Q", 1) + b"q" + struct.pack("<IQQIQ", 2, 32, 2, 99, 0)
open("x.gguf", "wb").write(head + b"\0" * (-len(head) % 32 + 256))
END
    fails 3 'x.gguf:q: numbers of type 99 cannot be read: expected F32, F16, BF16, F64, I8 to I64, Q4_0 to Q8_0, Q2_K to Q6_K, IQ4_NL, IQ4_XS or MXFP4' \
        attn run --q x.gguf --k x.gguf -o x.png
    same "$(attn info x.gguf --format json | jq -c '.files[0].warnings')" '["q: numbers of type 99 cannot be read"]'
}
