# make install, what it puts where, and that what was put there works elsewhere.
load helper

# Installs the program under test below ./root, prefix /opt/attn. -o keeps make from building it anew.
installed() {
    make_here install
    prefix=$PWD/root/opt/attn
}

make_here() {
    local build
    build=$(dirname "$ATTN")
    make --no-print-directory -C "$ROOT" -s BUILD="$build" -o "$build/attn" DESTDIR="$PWD/root" PREFIX=/opt/attn "$@" 2>&1
}

# completes WORD…: what bash would offer for the last word.
completes() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _attn
    printf '%s ' "${COMPREPLY[@]}"
}

@test "make install: the tree" {
    installed
    same "$(cd root && find . ! -type d | sort)" "$(sed 's|^|./opt/attn/|' <<'END' | sort
bin/attn
share/attn/README.md
share/attn/agent.json
share/attn/alibi.json
share/attn/alignment.json
share/attn/birth.json
share/attn/bottleneck.json
share/attn/causal.json
share/attn/cross.json
share/attn/dates.json
share/attn/delta.json
share/attn/grouped.json
share/attn/induction.json
share/attn/induction_trained.json
share/attn/k.csv
share/attn/lookup.json
share/attn/order.json
share/attn/packed.json
share/attn/pronoun.json
share/attn/shapes.json
share/attn/shapes.png
share/attn/words_patches.json
share/attn/pairs.json
share/attn/patches.json
share/attn/patches.png
share/attn/projections.json
share/attn/q.csv
share/attn/rotary.json
share/attn/sentence.json
share/attn/sinusoidal.json
share/attn/sparsemax.json
share/attn/v.csv
share/attn/window.json
share/bash-completion/completions/attn
share/fish/vendor_completions.d/attn.fish
share/man/man1/attn.1
share/zsh/site-functions/_attn
END
)"
    same "$(find root -type f -perm /111)" root/opt/attn/bin/attn
    cmp "$ATTN" "$prefix/bin/attn"
    [ -z "$(find root -type f -size 0)" ]
    [ -z "$(find root ! -perm -444)" ]
}

@test "the installed program works in another folder, without the sources or fonts at hand" {
    installed
    mkdir elsewhere
    cd elsewhere
    "$prefix/bin/attn" sample sentence >s.json
    cmp s.json "$prefix/share/attn/sentence.json"
    for name in sentence projections causal cross; do
        env -i "$prefix/bin/attn" sample $name | env -i "$prefix/bin/attn" run - -q -o $name.png -o $name.json
    done
    same "$(head -c 8 cross.png | od -An -tx1 | tr -d ' ')" 89504e470d0a1a0a
    for name in q k v; do
        "$prefix/bin/attn" sample $name | cmp - "$prefix/share/attn/$name.csv"
    done
    "$prefix/bin/attn" run --q "$prefix/share/attn/q.csv" --k "$prefix/share/attn/k.csv" --v "$prefix/share/attn/v.csv" -o x.csv
    [ "$(wc -l <x.csv)" = 17 ]
}

@test "every sample that is listed is printed, and runs, is one of q, k and v, or a picture" {
    attn sample >list
    [ "$(wc -l <list)" -ge 7 ]
    while read -r name _; do
        attn sample "$name" >"$name.txt"
        [ -s "$name.txt" ]
        [ "${name%.png}" = "$name" ] || continue
        attn run "$name.txt" -q -o "$name.json"
    done <list
}

@test "make uninstall leaves no file and no folder of its own" {
    installed
    mkdir -p root/opt/attn/share/other
    touch root/opt/attn/share/other/file root/opt/attn/bin/other
    make_here uninstall
    same "$(find root ! -type d | sort)" $'root/opt/attn/bin/other\nroot/opt/attn/share/other/file'
    [ ! -e root/opt/attn/share/attn ]
}

@test "make install again replaces what was there" {
    installed
    echo old >root/opt/attn/share/man/man1/attn.1
    rm root/opt/attn/bin/attn
    installed
    cmp "$ATTN" "$prefix/bin/attn"
    cmp "$ROOT/attn.1" "$prefix/share/man/man1/attn.1"
}

@test "the bash completion is bash, and completes" {
    attn help --completion bash >completion
    bash -n completion
    PATH=$(dirname "$ATTN"):$PATH
    source ./completion
    same "$(completes attn ru)" 'run '
    same "$(completes attn h)" 'help '
    same "$(completes attn run --cau)" '--causal '
    same "$(completes attn run --cmap vir)" 'viridis '
    same "$(completes attn run --cmap = vir)" 'viridis '
    same "$(completes attn run --causal = e)" 'end '
    same "$(completes attn run --causal =)" 'start end no '
    same "$(completes attn run --cmap =)" "$(completes attn run --cmap '')"
    same "$(completes attn run --causal '')" ' ' # without a = it is no argument
    same "$(completes attn run --annotate o)" ' '
    same "$(completes attn run --annotate = o)" 'on off '
    same "$(completes attn run x.json --pool m)" 'max mean '
    same "$(completes attn run --comp)" ' '
    same "$(completes attn help --comp)" '--completion '
    same "$(completes attn sample sen)" 'sentence '
    same "$(completes attn sample c)" 'causal cross '
    complete -p attn | grep -q -- '-o default'
}

@test "the bash completion offers every option that --help lists" {
    attn help --completion bash >completion
    source ./completion
    for command in run explain sample help; do
        same "$(completes attn $command -- | tr ' ' '\n' | sort)" \
            "$(attn $command --help | grep -oE '^  (-.,|   ) --[a-z-]+' | grep -oE -- '--.*' | sort)"
        same "$(completes attn $command - | tr ' ' '\n' | grep -x -- '-[a-z]' | sort)" \
            "$(attn $command --help | grep -oE '^  -.' | tr -d ' ' | sort)"
    done
}

@test "the zsh completion is zsh" {
    command -v zsh >/dev/null || skip "no zsh"
    attn help --completion zsh >_attn
    zsh -n _attn
    same "$(head -1 _attn)" '#compdef attn'
    # zsh -n does not read what it quotes: _arguments must take each specification.
    grep -q -- "--causal=-\[" _attn
    grep -qF -- "'*-o[" _attn
    grep -qF 'Endings of files\: .png, .svg, .json, .csv, .npy, .npz, .safetensors, .pt]' _attn
}

@test "the fish completion is fish" {
    command -v fish >/dev/null || skip "no fish"
    attn help --completion fish >attn.fish
    fish -n attn.fish
    PATH=$(dirname "$ATTN"):$PATH
    HOME=$PWD fish -c 'source attn.fish; complete -C "attn run --cau"' | grep -q -- '^--causal'
    HOME=$PWD fish -c 'source attn.fish; complete -C "attn sample sen"' | grep -q '^sentence'
    HOME=$PWD fish -c 'source attn.fish; complete -C "attn run --hea"' | lacks -F '\'
    HOME=$PWD fish -c 'source attn.fish; complete -C "attn run --forma"' | lacks -F '\'
}

@test "changed flags rebuild, the same flags do not" {
    build_one() {
        make --no-print-directory -C "$ROOT" V=1 BUILD="$PWD/b" "$PWD/b/obj/base/memory.o" "$@" 2>&1
    }
    build_one CFLAGS=-O0 | grep -q -- '-O0.*src/base/memory.c'
    build_one CFLAGS=-O0 | lacks 'src/base/memory.c'
    build_one CFLAGS='-O0 -DX="a b"' | grep -q 'src/base/memory.c'
    build_one CFLAGS='-O0 -DX="a b"' | lacks 'src/base/memory.c'
    build_one CFLAGS=-O0 LDFLAGS=-Wl,-O1 | grep -q 'src/base/memory.c'
}
