# The lessons: docs/lessons, and what attn help makes of its table.
load helper

LESSONS=$ROOT/docs/lessons

rows() { # of the table: page, a tab, command
    attn help lessons | sed -n 's/^.* (docs\/lessons\/\(.*\))$/P \1/p; s/^    \$ /C /p' |
        awk '/^P/ { page = $2 } /^C/ { print page "\t" substr($0, 3) }'
}

@test "attn help lessons is the table of docs/lessons/README.md" {
    # Read here by another program: what it shows, the command and the page of every row.
    "$PYTHON" - "$LESSONS/README.md" >wanted <<'EOF'
import re, sys
for line in open(sys.argv[1], encoding="utf-8"):
    cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)]
    if len(cells) == 6 and cells[2].startswith("`"):
        print("  %s\n    $ %s\n%s" % (cells[1], cells[2].strip("`"), re.search(r"\((.*)\)", cells[3])[1]))
EOF
    attn help lessons | sed 1,3d | awk '/^[^ ]/ { page = $NF; gsub(/.*lessons\/|\)/, "", page) } /^ / { print } /^    \$/ { print page }' >got
    [ "$(wc -l <wanted)" -gt 100 ]
    diff wanted got
}

@test "every command of the table stands on its page, which shows what comes of it" {
    rows >all
    [ -s all ]
    while IFS=$'\t' read -r page command; do
        grep -qxF "$ $command" "$LESSONS/$page" || { echo "$page: $command"; return 1; }
    done <all
}

@test "every command of the table runs as it stands where there are only the pictures of data" {
    cp "$DATA"/*.png .
    mkdir bin
    ln -s "$ATTN" bin/attn
    rows | cut -f2 >all
    while read -r command; do
        PATH=$PWD/bin:$PATH bash -o pipefail -c "$command" </dev/null >out 2>err || [ "$?" = 141 ] || { echo "$command"; cat err; return 1; }
        [ ! -s err ] || { echo "$command"; cat err; return 1; }
        [ -s out ] || [ -s "${command##*-o }" ] || { echo "nothing comes of $command"; return 1; }
    done <all
}

@test "every page of docs/lessons is in the table and has a picture" {
    for page in "$LESSONS"/*.md; do
        [ "$(basename "$page")" != README.md ] || continue
        rows | cut -f1 | grep -qxF "$(basename "$page")" || { echo "$page"; return 1; }
        grep -qE '^!\[.+\]\([a-z0-9-]+\.(svg|png)\)$' "$page" || { echo "$page: no picture"; return 1; }
    done
}

@test "every picture of docs/lessons is on a page" {
    for picture in "$LESSONS"/*.svg; do
        grep -q "]($(basename "$picture"))" "$LESSONS"/*.md || { echo "$picture"; return 1; }
    done
}

@test "every word of the table leads to its line, in any case and as a plural" {
    "$PYTHON" - "$LESSONS/README.md" >words <<'EOF'
import re, sys
for line in open(sys.argv[1], encoding="utf-8"):
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
    if len(cells) == 6 and cells[2].startswith("`"):
        for word in cells[4].split(","):
            print("%s\t%s" % (word.strip(), cells[1]))
EOF
    [ "$(wc -l <words)" -gt 100 ]
    while IFS=$'\t' read -r word shows; do
        attn help "$word" >found
        grep -qxF "  $shows" found || { echo "$word: $shows"; return 1; }
    done <words
    same "$(attn help 'WEIGHTED-SUMS' | sed 1d)" "$(attn help 'weighted sum' | sed 1d)"
    same "$(attn help quadrat | sed 1d)" "$(attn help quadratic | sed 1d)"
    attn help window | grep -q '^window, in the course'
    attn help $'quadratic\a' | grep -qF 'quadratic\x07, in the course'
}

@test "attn help WORD: words of three letters and less are whole words" {
    attn help RNN | grep -q 'delta rule'
    fails 2 "unknown command or word ViR; did you mean attn help 'ViT'?" attn help ViR
    lacks -q proteins <(attn help pro 2>&1) # which proteins begins with
    attn help prot | grep -q proteins
}

@test "attn help WORD: what was probably meant is named" {
    fails 2 "unknown command or word quadratik; did you mean attn help 'quadratic'?" attn help quadratik
    fails 2 "unknown command or word cros-atention; did you mean attn help 'cross-attention'?" attn help cros-atention
    fails 2 "unknown command or word kernal regresion; did you mean attn help 'kernel regression'?" attn help "kernal regresion"
    fails 2 "unknown command or word wieghted; did you mean attn help 'weighted'?" attn help wieghted
    fails 2 'unknown command rnu; did you mean attn run?' attn help rnu
    fails 2 'unknown command xyzzy; see attn --help' attn help xyzzy
    fails 2 'help takes one command or word' attn help cross attention
    same "$(attn help run)" "$(attn run --help)"
}
