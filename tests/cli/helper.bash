# Shared by all command-line tests: the program as `attn`, a folder of its own for each test, and the data.
ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
DATA=$ROOT/data

attn() {
    "$ATTN" "$@"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# fails STATUS MESSAGE COMMAND…: the command must end with STATUS, print nothing on standard output, and on standard error
# exactly the one line `attn: MESSAGE` (warnings aside), and leave nothing behind in the folder that was not there before.
fails() {
    local want=$1 message=$2 before after status=0
    shift 2
    before=$(find . | sort)
    "$@" >"$BATS_TEST_TMPDIR/../out.$$" 2>"$BATS_TEST_TMPDIR/../err.$$" || status=$?
    after=$(find . | sort)
    local out err
    out=$(cat "$BATS_TEST_TMPDIR/../out.$$")
    err=$(grep -v '^attn: warning: ' "$BATS_TEST_TMPDIR/../err.$$" || true)
    rm -f "$BATS_TEST_TMPDIR/../out.$$" "$BATS_TEST_TMPDIR/../err.$$"
    if [ "$status" != "$want" ] || [ "$err" != "attn: $message" ] || [ -n "$out" ] || [ "$before" != "$after" ]; then
        printf 'status %s, wanted %s\nstandard error: %s\nwanted:         attn: %s\nstandard output: %s\nfiles: %s\n' \
            "$status" "$want" "$err" "$message" "$out" "$after"
        return 1
    fi
}

# Fails where grep finds something. (A line that begins with ! fails a test only if it is the last.)
lacks() {
    if grep "$@"; then return 1; fi
}

# Fails with its arguments unless two strings are the same.
same() {
    [ "$1" = "$2" ] && return
    printf 'got:    %s\nwanted: %s\n' "$1" "$2"
    return 1
}

# numpy SCRIPT ARGUMENT…: a script of tests/numpy, which ends with 77 where it needs what is no part of the project.
numpy() {
    local status=0
    "$PYTHON" -B "$ROOT/tests/numpy/$1" "${@:2}" || status=$?
    [ "$status" != 77 ] || skip "$1 ${*:2}: there is no PyTorch, or no folder of models (REAL, PROFILES)"
    return "$status"
}

# What a test cannot do without, of which it says that it is missing.
needs_torch() {
    "$PYTHON" -c "import torch" 2>/dev/null || skip "there is no PyTorch"
}

needs_read_array() {
    [ -n "${READ_ARRAY:-}" ] || skip "no program that writes the numbers of an array"
}

# needs_real [PATH]: what lies there in the folder of trained models, or the folder.
needs_real() {
    [ -e "${REAL:-}${1:+/$1}" ] || skip "of what trained models gave, ${1:-the folder} is missing (REAL)"
}

under_asan() {
    grep -q __asan_init "$ATTN"
}

# Allocations that can be made to fail.
needs_failing_malloc() {
    if under_asan; then skip "AddressSanitizer has a malloc of its own"; fi
    [ -n "${FAILING_MALLOC:-}" ] || skip "no library that makes allocations fail"
}
