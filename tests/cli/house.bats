# The plan of the house.
load helper

house() {
    "$PYTHON" "$ROOT/tests/check_house.py" "$1"
}

@test "includes point down only, from floor to floor" { house floors; }

@test "a call does not climb: what a header declares is defined on its floor" { house climbs; }

@test "a public function is declared in the header of its own file" { house headers; }

@test "no two files have a static function or a struct of the same name" { house namesakes; }

@test "docs/architecture.md is true of the folders and files" { house architecture; }

@test "every format of named arrays and every reader has a fuzzer" { house fuzzers; }

@test "below cmd nothing prints or exits" {
    cd "$ROOT"
    for folder in src/*/; do
        [ "$folder" = src/cmd/ ] ||
            lacks -nE '\b(printf|puts|putchar|perror|exit|abort|_exit)\(|std(out|err)\b' -r "$folder"
    done
}

@test "the top level holds what it should" {
    cd "$ROOT"
    git rev-parse 2>/dev/null || skip "not a git checkout, or no git"
    same "$(git ls-files | cut -d/ -f1 | sort -u | grep -v '^\.')" \
        "$(printf '%s\n' LICENSE Makefile README.md attn.1 data docs findings src tests)"
}
