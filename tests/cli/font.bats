# The font that the user names for labels (tests/numpy/check_font.py).
load helper

font() {
    attn --version | lacks 'without FreeType' || skip "attn was built without FreeType and HarfBuzz"
    local status=0
    "$PYTHON" -B "$ROOT/tests/numpy/check_font.py" "$@" || status=$?
    [ "$status" != 77 ] || skip "none of the fonts that this wants is installed"
    return "$status"
}

@test "--font: characters that the built-in fonts lack are drawn by their outlines in the font" { font glyphs; }
@test "--font: labels of Latin letters keep the built-in font" { font plain_stays; }
@test "--font: pictures in colour, level and turned" { font colors; }
@test "--font: in SVG texts stay texts, and the family is named" { font svg; }
@test "--font: what it has is not said to be missing" { font missing; }
@test "--font: every command that draws takes it" { font commands; }
@test "--font: what is no font, or a broken one, is named in one line" { font hostile; }
@test "--font: garbage never ends in a signal" { font garbage; }
@test "--font: fonts of the system join letters, stack marks and have colours" { font system; }

@test "--font: a file that is not there, or twice, is an error before anything is read" {
    attn --version | lacks 'without FreeType' || skip "attn was built without FreeType and HarfBuzz"
    echo '[[1]]' >x.json
    fails 1 'none.ttf: No such file or directory' attn run none.json --font none.ttf -o x.png
    fails 2 '--font is given twice' attn run x.json --font a.ttf --font b.ttf -o x.png
}

@test "--font: a build without FreeType and HarfBuzz says so in one line" {
    attn --version | grep -q 'without FreeType' || skip "attn was built with FreeType and HarfBuzz"
    echo '[[1]]' >x.json
    fails 2 'a.ttf: this attn was built without FreeType and HarfBuzz, which read fonts: expected no --font, or a build where pkg-config finds freetype2 and harfbuzz' \
        attn run x.json --font a.ttf -o x.png
}

# HarfBuzz goes on without what it has no memory for, so that labels may be other ones then: a picture, but no signal.
@test "--font: each allocation fails once, and the end is a picture or one line, and nothing half done" {
    attn --version | lacks 'without FreeType' || skip "attn was built without FreeType and HarfBuzz"
    needs_failing_malloc
    "$PYTHON" -B "$ROOT/tests/numpy/font_files.py" .
    echo '{"attention":[[1,0],[0,1]],"tokens":["\u0928\u092e","b"]}' >x.json
    local n status
    for ((n = 1; n <= 600; n++)); do
        status=0
        ATTN_FAIL_AT=$n LD_PRELOAD=$FAILING_MALLOC "$ATTN" run x.json --font hindi.ttf --label-angle 45 -q -o x.png -o x.svg \
            --format none >/dev/null 2>err || status=$?
        case $status in
        0) rm x.png x.svg ;;
        1 | 3) same "$(wc -l <err)" 1 && same "$(find . -type f | sort | paste -sd,)" ./emoji.ttf,./err,./hindi.ttf,./x.json && grep -q '^attn: ' err ;;
        *) echo "allocation $n: status $status" && return 1 ;;
        esac
    done
    same "$status" 0
}
