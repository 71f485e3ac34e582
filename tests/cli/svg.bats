# Pictures as SVG (tests/numpy/check_svg.py).
load helper

svg() {
    command -v rsvg-convert >/dev/null || skip "rsvg-convert is not installed"
    local status=0
    DATA=$DATA "$PYTHON" -B "$ROOT/tests/numpy/check_svg.py" "$@" || status=$?
    [ "$status" != 77 ] || skip "Chromium is not installed"
    return "$status"
}

@test "SVG: every kind of picture is strict XML, of shapes and texts alone" { svg xml; }
@test "SVG: cells are those of the PNG, pixel by pixel, as shapes and as an image" { svg pixels; }
@test "SVG: so are frames, bars and ticks" { svg shapes; }
@test "bug: the colour bars of steps were grey boxes in an SVG" { svg steps; }
@test "SVG: cells over an image, which is there once" { svg veil; }
@test "SVG: an image of more bytes than an attribute may have is cut into strips" { svg long_image; }
@test "SVG: lines are those of the PNG" { svg lines; }
@test "SVG: Chromium shows the cells of the PNG" { svg chromium; }
@test "SVG: hostile labels are text and nothing else" { svg labels; }
@test "SVG: 12 heads of 37 tokens are 100 kB at most, 144 heads 300 kB" { svg sizes; }
@test "SVG: same input, same options, same bytes" { svg same_bytes; }

@test "SVG: more texts than programs open are refused" {
    "$PYTHON" -c 'print("[" + ",".join(["[" + ",".join(["1"] * 960) + "]"] * 960) + "]")' >many.json
    fails 2 'an SVG of 924512 texts and shapes is more than programs open: expected fewer, or a PNG' \
        attn run --attention many.json --annotate=on --cell 16 --format none -q -o x.svg
}

@test "SVG: characters that the fonts lack are not said to be boxes" {
    echo '{"tokens": ["देव"], "attention": [[1]]}' >x.json
    same "$(attn run x.json --format none -o x.svg 2>&1)" ""
    attn run x.json --format none -o x.png 2>&1 | grep -q 'no glyph'
}
