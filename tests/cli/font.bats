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
