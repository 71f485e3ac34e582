# The plan of the house.
load helper

@test "includes point down only: main, cmd, read and draw and write, core, base" {
    cd "$ROOT"
    floor() {
        case $1 in
        base) echo 0 ;; core) echo 1 ;; read | draw | write) echo 2 ;; cmd) echo 3 ;; main.c) echo 4 ;; *) echo none ;;
        esac
    }
    grep -noE '^#include "[a-z_]+/' -r src | sed 's/:[0-9]*:#include "/ /; s/\/$//' | while read -r file to; do
        from=$(echo "$file" | cut -d/ -f2)
        if [ "$from" != "$to" ] && [ "$(floor "$from")" -le "$(floor "$to")" ]; then
            echo "$file includes from $to"
            exit 1
        fi
    done
}

@test "below cmd nothing prints or exits" {
    cd "$ROOT"
    lacks -nE '\b(printf|puts|putchar|perror|exit|abort|_exit)\(|std(out|err)\b' -r src/base src/core src/read src/draw src/write
}

@test "the top level holds what it should" {
    cd "$ROOT"
    git rev-parse 2>/dev/null || skip "not a git checkout, or no git"
    same "$(git ls-files | cut -d/ -f1 | sort -u | grep -v '^\.')" \
        "$(printf '%s\n' LICENSE Makefile README.md attn.1 data docs src tests)"
}
