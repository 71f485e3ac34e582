# Pictures as they are read from PNG and JPEG (tests/numpy/check_image.py), and what --image says of those that it refuses.
load helper

image() {
    [ -n "${READ_IMAGE:-}" ] || skip "no program that writes the pixels of a picture"
    "$PYTHON" -B "$ROOT/tests/numpy/check_image.py" "$@"
}

@test "PNG of every kind" { image png_kinds; }
@test "PNG: what is not about pixels is passed over" { image png_chunks; }
@test "PNG: wrong checksums, and other broken ones" { image png_broken; }
@test "PNG: data without end takes no memory" { image png_bomb; }
@test "JPEG of every kind" { image jpeg_kinds; }
@test "JPEG: what is not about pixels is passed over" { image jpeg_markers; }
@test "JPEG: broken ones" { image jpeg_broken; }
@test "JPEG: scans are counted" { image jpeg_scans; }
@test "a picture that is cut off anywhere" { image cut; }
@test "sizes are looked at first" { image sizes; }
@test "a large picture is made smaller" { image longest; }
