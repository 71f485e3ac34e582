# Files that are wrong in one way each: every one is refused in one line, and nothing is left.
load helper

@test "every file of tests/bad is refused in one line" {
    local file status out problems=0 count=0
    for file in "$ROOT"/tests/bad/*; do
        [ -f "$file" ] || continue
        count=$((count + 1))
        status=0
        timeout 60 "$ATTN" run "$file" -q >out 2>err || status=$?
        out=$(cat err)
        if [ "$status" != 3 ] || [ -s out ] || [ "$(wc -l <err)" != 1 ] || [[ $out != "attn: "* ]] ||
            [ "$(find . | sort | tr '\n' ' ')" != ". ./err ./out " ]; then
            echo "$(basename "$file"): status $status, $(wc -c <out) bytes on standard output, standard error:"
            cat err
            find . -newer err
            rm -rf ./attn-out
            problems=$((problems + 1))
        fi
    done
    [ "$count" -gt 0 ] || skip "tests/bad is empty"
    [ "$problems" = 0 ]
}

@test "and from standard input too, where there is no name to go by" {
    local file status count=0
    for file in "$ROOT"/tests/bad/*.json "$ROOT"/tests/bad/*.csv; do
        [ -f "$file" ] || continue
        count=$((count + 1))
        status=0
        timeout 60 "$ATTN" run - -q --input-format "${file##*.}" <"$file" >out 2>err || status=$?
        if [ "$status" != 3 ] || [ -s out ] || [ "$(wc -l <err)" != 1 ]; then
            echo "$(basename "$file"): status $status"
            cat err
            return 1
        fi
    done
    [ "$count" -gt 0 ] || skip "tests/bad is empty"
}
