# The documents say what the program does.
load helper

commands() { # the commands, as attn --help lists them
    attn --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\)  .*/\1/p'
}

options_of() { # the long options of a command, from the table
    attn help --completion fish | sed -n "s/.*__fish_seen_subcommand_from $1' -l \([a-z-]*\).*/\1/p" | sort -u
}

documents() {
    printf '%s\n' "$ROOT"/README.md "$ROOT"/docs/*.md "$ROOT"/docs/lessons/*.md "$ROOT"/data/README.md
}

@test "every command and output in README.md is what happens" {
    "$PYTHON" "$ROOT/tests/examples.py" "$ROOT/README.md"
}

@test "every command and output in the man page is what happens" {
    "$PYTHON" "$ROOT/tests/examples.py" "$ROOT/attn.1"
}

@test "every command and output in docs and data is what happens" {
    for file in "$ROOT"/docs/*.md "$ROOT"/docs/lessons/*.md "$ROOT"/data/README.md; do
        grep -q '^```console' "$file" || continue
        "$PYTHON" "$ROOT/tests/examples.py" "$file"
    done
}

@test "attn --help lists the commands that there are" {
    [ -n "$(commands)" ]
    same "$(commands | sort)" "$(attn help --completion fish | sed -n 's/.*__fish_use_subcommand -f -a \([a-z]*\) .*/\1/p' | sort)"
}

@test "--version and README name every library that the program uses" {
    local library libraries fonts="FreeType HarfBuzz"
    if attn --version | grep -q 'without FreeType'; then fonts=""; fi
    libraries=$(sed -n 's/^LIBRARIES = //p' "$ROOT/Makefile" | sed "s/\$(FONT_FILES)/$fonts/")
    same "$(wc -w <<<"$libraries")" $((7 + $(wc -w <<<"$fonts")))
    same "$(wc -w <<<"$libraries")" "$(attn --version | tr '\n' ' ' | sed 's/.*Libraries: //' | grep -o '), \|)\.' | wc -l)"
    sed -n '/^## Licences/,$p' "$ROOT/README.md" >licences
    for library in $libraries; do
        attn --version | grep -qi "${library#lib}"
        grep -qi "${library#lib}" licences
    done
}

@test "the man page and README name every command, and no other" {
    same "$(sed -n 's/^\.Ss attn \([a-z]*\).*/\1/p' "$ROOT/attn.1" | sort)" "$(commands | sort)"
    same "$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/s/^\.Cm \([a-z]*\).*/\1/p' "$ROOT/attn.1" | sort)" "$(commands | sort)"
    same "$(grep -oE '(`|/|[$|] )attn [a-z]+' "$ROOT/README.md" | sed 's/.* //' | sort -u)" "$(commands | sort)"
}

@test "the man page has every option of the table, and no other" {
    same "$(sed -n 's/^\.It .*Fl -\([a-z-]*\).*/\1/p' "$ROOT/attn.1" | sort -u)" \
        "$(for c in $(commands); do options_of "$c"; done | sort -u)"
}

@test "the man page says what --help says of letters and arguments" {
    # One line an option: its letter if it has one, its name, and its argument as the man page writes it.
    sed -nE 's/^\.It (Fl ([a-z])( Ar [^ ]+)? , )?Fl -([a-z-]+)( Ns Op = Ns Ar| Ar| Cm)? ?(.*)/\2 \4 \6/p' "$ROOT/attn.1" |
        sed 's/^ //; s/ $//' | sort -u >manual
    for command in $(commands); do
        attn help "$command" | sed -nE 's/^  (-([a-z]), |    )--([a-z-]+)(\[=| )?([^ ]*).*/\2 \3 \5/p' |
            sed 's/^ //; s/ $//; s/]$//' | tr '[:upper:]' '[:lower:]'
    done | sort -u >help
    [ -s help ]
    diff help manual
}

@test "--help and the man page have the same groups of options in the same order" {
    sed -n '/^\.Sh OPTIONS/,/^\.Sh INPUT FORMATS/s/^\.Ss //p' "$ROOT/attn.1" >manual
    for command in run explain stats diff rollout info convert sample; do
        attn $command --help | sed -nE 's/^([A-Z][a-z ]+):$/\1/p' | grep -vx Examples >help
        [ -s help ]
        grep -xFf help manual | diff help -
    done
    same "$(for command in run explain stats diff rollout info convert sample; do attn $command --help; done | sed -nE 's/^([A-Z][a-z ]+):$/\1/p' | grep -vx Examples | sort -u)" \
        "$(sort -u manual)"
}

@test "help for every command, in both ways, and no line is wider than 80 columns" {
    for command in $(commands); do
        same "$(attn help $command)" "$(attn $command --help)"
        attn $command --help | "$PYTHON" -c 'import sys
for line in sys.stdin.buffer.read().decode().splitlines():
    assert len(line) <= 80, line'
    done
}

@test "the man page is well-formed" {
    command -v mandoc >/dev/null || skip "mandoc is not installed"
    mandoc -T lint -W warning "$ROOT/attn.1"
}

@test "the man page names the environment variables that the program reads, and no other" {
    local read named
    lacks -rnE 'getenv\(([^")]|$)' "$ROOT/src" # a name that is not written there could not be found
    read=$(grep -rhoE 'getenv\("[^"]+' "$ROOT/src" | sed 's/.*"//' | sort -u)
    named=$(sed -n '/^\.Sh ENVIRONMENT/,/^\.Sh FILES/s/^\.It Ev \([A-Z_]*\).*/\1/p' "$ROOT/attn.1" | sort -u)
    [ -n "$read" ]
    same "$named" "$read"
    same "$(sed -nE 's/^\.(It )?Ev ([A-Z_]+).*/\2/p' "$ROOT/attn.1" | sort -u)" "$read"
}

@test "data/README.md names every sample, and attn sample prints each file of data" {
    for file in "$ROOT"/data/*.json "$ROOT"/data/*.csv "$ROOT"/data/*.png; do
        name=$(basename "${file%.*}")
        [ "${file##*.}" = png ] && name=$name.png
        grep -q "^| .*\`$(basename "$file")\`.* |" "$ROOT/data/README.md" || { echo "$file"; return 1; }
        attn sample "$name" | cmp - "$file"
    done
    same "$(attn sample | grep -vc '^random ')" "$(ls "$ROOT"/data/*.json "$ROOT"/data/*.csv "$ROOT"/data/*.png | wc -l)"
}

@test "README links to every document of docs and to data/README.md" {
    for file in "$ROOT"/docs/*.md "$ROOT"/docs/lessons/README.md "$ROOT"/data/README.md; do
        grep -qE "\]\(${file#"$ROOT"/}(#[^)]*)?\)" "$ROOT/README.md" || { echo "README.md does not link to $file"; return 1; }
    done
}

@test "links in the documents lead somewhere" {
    documents | while read -r file; do
        grep -oE '\]\([^)#]+' "$file" | sed 's/^](//' | grep -v '^http' | while read -r link; do
            [ -e "$(dirname "$file")/$link" ] || { echo "$file: $link"; exit 1; }
        done
    done
}

@test "links to headings lead to headings" {
    # The anchor of a heading: lower case, blanks as hyphens, nothing else but letters, digits, hyphens and _.
    anchors() {
        "$PYTHON" -c 'import re, sys
text = re.sub(r"^```.*?^```", "", open(sys.argv[1], encoding="utf-8").read(), flags=re.M | re.S)
for heading in re.findall(r"^#+ (.*)", text, re.M):
    print(re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-"))' "$1"
    }
    documents | while read -r file; do
        grep -oE '\]\([^)#]*#[^)]+' "$file" | sed 's/^](//' | grep -v '^http' | while IFS='#' read -r link anchor; do
            target=$file
            [ -z "$link" ] || target=$(dirname "$file")/$link
            anchors "$target" | grep -qxF "$anchor" || { echo "$file: $link#$anchor"; exit 1; }
        done
    done
}

@test "a document with a table of contents lists all its sections" {
    documents | while read -r file; do
        grep -q '^- \[.*\](#' "$file" || continue
        same "$(sed -n 's/^- \[\(.*\)\](#.*)$/\1/p' "$file")" "$(sed -n '/^```/,/^```/d; s/^##* \(.*\)/\1/p' "$file" | sed 1d)"
    done
}

@test "--help and the man page name every colour map and every ending of an output" {
    local name maps endings
    echo '{"attention":[[1]]}' >x.json
    maps=$(attn run x.json --cmap zzzzz 2>&1 | sed -n 's/.*expected one of //p')
    endings=$(attn run x.json -o x.zzzzz 2>&1 | sed -n 's/.*a name ending in \(.*\), a folder.*/\1/; s/,\| or//gp')
    [ -n "$maps" ] && [ -n "$endings" ]
    section() { sed -n "/^\.It .*Fl -$1 /,/^\.It /p" "$ROOT/attn.1"; }
    attn run --help | tr -s ' \n' ' ' >help
    for name in $maps; do
        section cmap | grep -qE "^\.Cm (.* )?$name( |$)" || { echo "attn.1: $name"; return 1; }
        grep -qE "[:,] $name(,| )" help || { echo "--help: $name"; return 1; }
    done
    for name in $endings; do
        section output | grep -qE "^\.Pa (.* )?\\$name( |$)" || { echo "attn.1: $name"; return 1; }
        grep -qE "[:,] \\$name(,| )" help || { echo "--help: $name"; return 1; }
    done
}
