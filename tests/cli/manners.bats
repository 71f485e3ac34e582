# How attn behaves where something goes wrong on the way out, and what it says where all goes well.
load helper

# The sample as x.json, alone in a folder.
sample() {
    mkdir -p w
    cd w
    cp "$DATA/${1:-sentence}.json" x.json
}

# Fails if the folder holds anything but these files.
only() {
    same "$(find . -mindepth 1 | sort)" "$(printf './%s\n' "$@" | sort)"
}

# A sequence long enough that a run takes a while.
long_input() {
    awk 'BEGIN { srand(1); for (i = 0; i < 3000; i++) { for (j = 0; j < 64; j++) printf "%s%.4f", j ? "," : "", rand(); print "" } }' \
        >long.csv
}

# interrupt SIGNAL WHEN IGNORED ARGUMENT…: runs attn and sends the signal, after WHEN seconds, or as soon as a file that
# matches WHEN has something in it. Prints how it ended: a status, or -N for signal N; and what it said.
interrupt() {
    "$PYTHON" - "$@" <<'PYTHON'
import glob, os, resource, signal, subprocess, sys, time
number, when, ignored, *command = sys.argv[1:]
number = getattr(signal, number)
def prepare():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(number, signal.SIG_DFL)
    if ignored == "ignored":
        signal.signal(number, signal.SIG_IGN)
run = subprocess.Popen([os.environ["ATTN"], *command], preexec_fn=prepare, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)
if when[0].isdigit():
    time.sleep(float(when))
else:
    end = time.time() + 60
    while run.poll() is None and time.time() < end and not any(os.path.getsize(f) for f in glob.glob(when)):
        time.sleep(0.002)
running = run.poll() is None
run.send_signal(number)
said = run.communicate(timeout=120)[1].decode()
print(run.returncode if running else "too late", said, end="")
PYTHON
}

# ---- files ----

@test "a full disk: every kind of file, and nothing is left" {
    [ -c /dev/full ] || skip "no /dev/full"
    sample
    local kind
    for kind in png json csv npy; do
        ln -s /dev/full "full.$kind"
        fails 1 "full.$kind: could not write: No space left on device" attn run x.json -o "full.$kind"
    done
    mkdir f
    ln -s /dev/full f/attention.json
    fails 1 'f/attention.json: could not write: No space left on device' attn run x.json -o f/
    only x.json full.png full.json full.csv full.npy f f/attention.json
}

@test "a limit on the size of files is a failed write, not a signal" {
    sample
    awk 'BEGIN { for (i = 0; i < 300; i++) print i % 7 "," i % 5 }' >big.csv
    limited() (
        ulimit -f 8
        attn "$@"
    )
    fails 1 'y.npy: could not write: File too large' limited run big.csv -o y.npy
    fails 1 'f/layer0-head0.png: could not write: File too large' limited run big.csv -o f/
    only x.json big.csv
}

@test "a full disk behind standard output" {
    [ -c /dev/full ] || skip "no /dev/full"
    sample
    local arguments status
    while read -r arguments; do
        status=0
        attn $arguments >/dev/full 2>err || status=$?
        same "$arguments: $status $(cat err)" \
            "$arguments: 1 attn: standard output: could not write: No space left on device"
        rm err
        only x.json # bug: the files of -o were there all the same
    done <<'END'
run x.json -o -
run x.json -o y.json --format json
run x.json -o y.json --format csv
run x.json -o y.json --format table
sample sentence
sample
help
help run
help --completion bash
help --completion zsh
help --completion fish
--version
--help
END
}

@test "standard output that is closed" {
    sample
    local status=0
    attn run x.json -o - >&- 2>err || status=$?
    same "$status $(cat err)" "1 attn: standard output: could not write: Bad file descriptor"
    status=0
    attn run x.json -o y.json --format csv >&- 2>err || status=$?
    same "$status $(cat err)" "1 attn: standard output: could not write: Bad file descriptor"
    rm err
    only x.json
}

@test "a closed pipe: silence and status 1" {
    sample
    awk 'BEGIN { for (i = 0; i < 300; i++) print i % 7 "," i % 5 }' >big.csv
    local status
    for format in json csv; do
        status=$({ attn run big.csv -o y.json --format $format 2>err; echo $? >status; } | head -c 1 | wc -c; cat status)
        same "$status $(cat err)" $'1\n1 '
        attn run big.csv -o whole.json # who has seen enough of standard output has the files
        cmp whole.json y.json
        rm whole.json y.json
    done
    { sleep 0.1; attn run x.json -o - 2>err; echo $? >status; } | true
    same "$(cat status err)" 1
    for arguments in --version help 'help run' 'help --completion zsh' sample 'sample q' 'run x.json -o y.json --format table' \
        'explain x.json' 'explain x.json --format json'; do
        { sleep 0.05; attn $arguments 2>err; echo $? >status; } | true
        same "$arguments: $(cat status err)" "$arguments: 1"
    done
    rm status err y.json
    only x.json big.csv
}

@test "after any failure there is no attn-out and no temporary file" {
    sample
    printf '{"q":[[1]],"k":[[1,2]]}' >bad.json
    attn run bad.json 2>/dev/null && return 1
    attn run x.json --head 9 2>/dev/null && return 1
    attn run x.json --max-weights 1 -o x.csv 2>/dev/null && return 1
    attn run nope.json 2>/dev/null && return 1
    attn run x.json -o new/deep/ -o nope/y.json 2>/dev/null && return 1
    attn run x.json -o y.json -o z.csv -o nope/y.npy 2>/dev/null && return 1
    only x.json bad.json
}

@test "of several outputs the later fails: the old files survive, new ones and folders do not appear" {
    [ -c /dev/full ] || skip "no /dev/full"
    sample
    local kind
    for kind in json png csv npy; do
        printf 'old %s' $kind >old.$kind
    done
    mkdir there
    printf 'old' >there/heads.png
    ln -s /dev/full full.json
    fails 1 'full.json: could not write: No space left on device' attn run x.json -o old.json -o old.png -o old.csv \
        -o old.npy -o there/ -o new.json -o new/ -o newer/still/deep/ -o full.json
    for kind in json png csv npy; do
        same "$(cat old.$kind)" "old $kind"
    done
    same "$(cat there/heads.png)" old
}

@test "the mode of a file that is replaced is kept, new ones obey the umask" {
    sample
    umask 027
    for file in a.json a.png a.csv a.npy; do
        attn run x.json -o $file
        same "$(stat -c %a $file)" 640
        chmod 604 $file
        attn run x.json -o $file
        same "$(stat -c %a $file)" 604
    done
    attn run x.json -o f/
    same "$(stat -c %a f f/heads.png f/attention.json | tr '\n' ' ')" "750 640 640 "
}

@test "through a link its target is replaced, and the link stays" {
    sample
    mkdir d
    echo old >d/real.json
    ln -s d/real.json link.json
    ln -s d folder
    attn run x.json -o link.json -o folder/
    [ -L link.json ]
    [ -L folder ]
    attn run x.json -o y.json
    cmp d/real.json y.json
    cmp d/attention.json y.json
    only x.json y.json link.json folder d d/real.json d/attention.json d/heads.png d/layer0-head0.png d/layer0-head1.png
}

@test "a file can be written over the input that it was made from" {
    sample
    attn run x.json -o y.json
    attn run x.json -o x.json
    cmp x.json y.json
}

@test "a pipe as -o is written through" {
    sample
    attn run x.json -o y.json
    mkfifo p.json
    cat p.json >z.json &
    attn run x.json -o p.json
    wait $!
    cmp y.json z.json
    [ -p p.json ]
}

# ---- signals ----

@test "SIGINT and SIGTERM while it computes: it ends by the signal and leaves nothing" {
    long_input
    local slow='--stage scores --stage scaled --stage masked'
    same "$(interrupt SIGTERM 0.15 default run long.csv $slow -o new/)" "-15 "
    same "$(interrupt SIGINT 0.15 default run long.csv $slow)" "-2 "
    only long.csv
}

@test "SIGINT and SIGHUP while it writes: old files survive, folders and temporary files are gone" {
    long_input
    echo old >old.json
    same "$(interrupt SIGINT '.attn-*' default run long.csv -o old.json)" "-2 "
    same "$(interrupt SIGHUP 'new/deep/.attn-*' default run long.csv -o new/deep/ -o old.json)" "-1 "
    same "$(cat old.json)" old
    only long.csv old.json
}

@test "SIGQUIT and the end of the time allowed leave nothing either" {
    long_input
    same "$(interrupt SIGQUIT '.attn-*' default run long.csv -o y.json)" "-3 "
    same "$(interrupt SIGXCPU '.attn-*' default run long.csv -o y.json)" "-24 "
    only long.csv
}

@test "SIGHUP that nohup has it ignore stays ignored" {
    long_input
    same "$(interrupt SIGHUP '.attn-*' ignored run long.csv -o y.json -q)" "0 "
    only long.csv y.json
}

# ---- memory ----

# Runs attn with each of its allocations failing in turn, from the first: of the first 400 every one, then every seventh.
# It must end with 0 or 1 (or $wanted); if not 0 with one line that says why; leave nothing half done; and free all it took:
# what is held at the end (by libgomp, for its threads) never gets less from one failed run to the next, which comes further.
exhaust() {
    local mode=$1 total status text line files n now held=0 most problems=0
    shift
    mkdir good out
    unset "$mode" # of the last run, where a test calls this twice
    (cd good && LD_PRELOAD=$FAILING_MALLOC ATTN_COUNT_TO=../total "$ATTN" "$@" >/dev/null 2>../err) || true
    read -r total most <total
    [ "$total" -gt 30 ]
    export ATTN_COUNT_TO=../total
    cd out
    shopt -s dotglob nullglob
    for ((n = 1; n <= total; n += n < 400 ? 1 : 7)); do
        status=0
        export "$mode=$n"
        LD_PRELOAD=$FAILING_MALLOC "$ATTN" "$@" >/dev/null 2>../err || status=$?
        line=
        while read -r text; do
            [[ -z $text || $text = "attn: warning: "* ]] || line+=${line:+$'\n'}$text
        done <../err
        files=(*)
        if [ $status = 0 ]; then
            diff -r . ../good >../difference || problems=$((problems + 1))
        else
            echo "${files[*]}" >../difference
            [ ${#files[@]} = 0 ] || problems=$((problems + 1))
        fi
        case "$status $line" in
        "0 " | "1 attn: "*"not enough memory"* | "1 libgomp: Out of memory"* | "1 libgomp: Thread creation failed"*) ;;
        "${wanted:-none}"*) ;;
        *) problems=$((problems + 1)) ;;
        esac
        [[ $line != *$'\n'* ]] || problems=$((problems + 1))
        read -r _ now <../total
        if [[ $line != libgomp* ]]; then # which ends the program where it stands
            [ "$now" -le "$most" ] || problems=$((problems + 1))
            [ $status = 0 ] || [ "$now" -ge "$held" ] || problems=$((problems + 1))
            [ $status = 0 ] || held=$now
        fi
        if [ $problems -gt 0 ]; then
            printf 'allocation %s of %s (%s): status %s, %s held at the end, standard error: %s\n' $n "$total" $mode \
                $status "$now" "$line"
            cat ../difference
            return 1
        fi
        [ ${#files[@]} = 0 ] || rm -r "${files[@]}"
    done
    cd ..
}

# Whether allocations can be made to fail here.
can_exhaust() {
    needs_failing_malloc
    export OMP_NUM_THREADS=2
}

@test "each allocation fails once: JSON in, every kind of output" {
    can_exhaust
    exhaust ATTN_FAIL_AT run "$DATA/projections.json" -q -o x.png -o x.json -o x.csv -o x.npy -o f/ --format csv --masked nan \
        --measures m.csv
}

@test "each allocation fails once: what comes next" {
    can_exhaust
    echo '{"q":[[1]],"k":[[1]],"v":[[1]],"unembed":[[1,2]],"vocabulary":["a","b"]}' >next.json
    exhaust ATTN_FAIL_AT run ../next.json -q -o x.json
}

@test "each allocation fails once: word vectors and the words of a text" {
    can_exhaust
    printf '5 2\nthe 0.1 0.9\ncat 0.8 0.3\nsat 0.2 0.4\n. 0 0.1\n( 1 2\n' >small.vec
    exhaust ATTN_FAIL_AT run ../small.vec --text "The (cat. sat" -q -o x.json
    printf 'the,0.1,0.9\ncat,0.8,0.3\n' >small.csv
    rm -r good out
    exhaust ATTN_FAIL_AT run ../small.csv --text "The cat" -q -o x.json
}

@test "each allocation fails once: weights that wait in their file, of chosen layers, and a mask that heads share" {
    can_exhaust
    "$PYTHON" - <<'END'
import numpy as np
w = np.tril(np.ones((3, 2, 4, 4), "f2")) / np.arange(1, 5, dtype="f2")[:, None]
np.save("attn.npy", w)
END
    exhaust ATTN_FAIL_AT run ../attn.npy --layer -1,0 --head 1 --causal -q -o x.json -o x.png
}

@test "each allocation fails once: alignments, a batch, and weights that are turned round" {
    can_exhaust
    printf '0 ||| ein Haus ||| 0 ||| a house ||| 3 3\n.8 .1 .1\n.1 .8 .1\n0 .1 .9\n' >n.txt
    exhaust ATTN_FAIL_AT run ../n.txt --batch 0 --transpose -q -o x.json
    echo '{"attention":[[[[[0.5,0.25,0],[0.5,0.75,0]]],[[[1,0,0],[0,1,0]]]]]}' >b.json
    printf 'a b\nc d\n' >s.txt
    rm -r good out
    exhaust ATTN_FAIL_AT run ../b.json --batch 1 --transpose --tokens ../s.txt --key-tokens ../s.txt -q -o x.json
}

@test "each allocation fails once: CSV in, all stages, a selection, values in the cells" {
    can_exhaust
    exhaust ATTN_FAIL_AT run --q "$DATA/q.csv" --k "$DATA/k.csv" --v "$DATA/v.csv" -q --stage q --stage masked \
        --stage output --causal --queries 1:4 --annotate -o f/ -o x.json --format table
}

@test "each allocation fails once: the figure of the steps of more heads than it has rows" {
    can_exhaust
    echo '{"tokens":["a","b"],"heads":6,"causal":true,"q":[[1,2,3,4,5,6],[6,5,4,3,2,1]],"k":[[1,2,3,4,5,6],[1,1,1,1,1,1]],
        "v":[[1,2,3,4,5,6],[0,0,0,0,0,0]]}' >x.json
    exhaust ATTN_FAIL_AT run "$PWD/x.json" -q --steps --annotate -o x.png -o f/
}

@test "each allocation fails once: variants side by side, with other numbers of heads" {
    can_exhaust
    echo '{"tokens":["a","b"],"embeddings":[[1,2,3,4],[4,3,2,1]]}' >x.json
    exhaust ATTN_FAIL_AT run "$PWD/x.json" -q --versus "--scale 1 --causal" --versus "--heads 2" -o x.png -o x.json -o x.csv --format table
}

@test "each allocation fails once: a stack of layers, warnings, a mean of heads" {
    can_exhaust
    echo '{"tokens":["a","ë","猫","d"],"foo":1,"layers":[{"attention":[[[0.5,0.5],[1,1]],[[0.5,0.5],[0,1]]],
        "mask":[[true,false],[true,true]]},{"attention":[[[0.5,0.5],[1,NaN]],[[0.5,0.5],[0,1]]]}]}' >x.json
    exhaust ATTN_FAIL_AT run "$PWD/x.json" --average heads -o x.png -o f/ --format csv
}

@test "each allocation fails once: scores, positions, patterns and past keys" {
    can_exhaust
    echo '{"tokens":["a","b"],"key_tokens":["p","a","b"],"separator":"b","q":[[1,2],[3,4]],"k":[[1,2],[3,4]],"v":[[1],[2]],
        "past_k":[[5,6]],"past_v":[[3]],"score":"additive","w_score_q":[[1,0],[0,1]],"w_score_k":[[1,0],[0,1]],"v_score":[1,2],
        "position":"rotary","global":[0],"block":2,"sinks":[1],"dropout":0.5}' >x.json
    exhaust ATTN_FAIL_AT run "$PWD/x.json" -q --stage mask --stage encoding -o x.json -o f/ --format none
    cd ..
    rm -rf good out
    exhaust ATTN_FAIL_AT run "$DATA/alibi.json" -q --score cosine --normalizer sparsemax \
        --stage encoding -o x.json --format none
}

@test "each allocation fails once: positions that are given, and frequencies" {
    can_exhaust
    echo '{"q":[[1,2,3,4],[3,4,5,6]],"k":[[1,2,3,4],[3,4,5,6]],"v":[[1],[2]],"past_k":[[1,1,1,1]],"past_v":[[3]],"position":"rotary",
        "position_ids":[[0,1,2],[0,0,1]],"rope_parameters":{"type":"longrope","short_factor":[1,2],"long_factor":[1,2],"factor":2,
        "original_max_position_embeddings":2,"mrope_section":[1,1]}}' >x.json
    exhaust ATTN_FAIL_AT run "$PWD/x.json" -q --stage encoding --rotary-dim 4 -o x.json -o f/ --format none
    rm -rf good out
    exhaust ATTN_FAIL_AT run "$PWD/x.json" -q --rope-scaling linear:factor=2 --position-sections 1,1 -o x.json --format none
}

@test "each allocation fails once: a stack with norms, a recurrence, linear attention" {
    can_exhaust
    exhaust ATTN_FAIL_AT run "$DATA/induction.json" -q --norm pre --position sinusoidal --normalizer linear -o x.json --format none
    cd ..
    rm -rf good out
    exhaust ATTN_FAIL_AT run "$DATA/delta.json" -q -o x.png -o x.json --format none
    cd ..
    rm -rf good out
    exhaust ATTN_FAIL_AT run "$DATA/delta.json" -q --stage output -o x.npy -o x.json --format none
    cd ..
    rm -rf good out
    exhaust ATTN_FAIL_AT run "$DATA/sentence.json" -q --normalizer linear --stage output -o x.npy --format none
}

@test "each allocation fails once: steps of a generation, words, means over layers, a map for each word" {
    can_exhaust
    echo '{"tokens":["▁pl","ay","▁now","▁c"],"grid":[1,2],"attention":[[[[1,0],[0.5,0.5]],[[1,0],[0,1]]],[[[0.2,0.3,0.5]],[[0,0,1]]],
        [[[0.2,0.3,0.4,0.1]],[[0,0,0,1]]]]}' >x.json
    exhaust ATTN_FAIL_AT run "$PWD/x.json" -q --words --average layers --grid-axis queries -o x.png -o x.json --format none
    cd ..
    rm -rf good out
    echo '{"words":[4,4,null],"attention":[[[1,0,0],[0.5,0.5,0],[0,0,1]],[[1,0,0],[0.5,0.5,0],[0,0,1]]],"causal":true}' >x.json
    exhaust ATTN_FAIL_AT run "$PWD/x.json" -q --average heads,layers --head -1,0 -o x.npy -o x.json --format csv
}

@test "each allocation fails once: tokens that are left out" {
    can_exhaust
    exhaust ATTN_FAIL_AT run "$DATA/causal.json" -q --leave-out Once,time --leave-out 4 --renormalize -o x.png -o x.json --format none
}

@test "each allocation fails once: the patches of a picture" {
    can_exhaust
    exhaust ATTN_FAIL_AT run "$DATA/patches.json" -q --image "$DATA/patches.png" --look-from 3 --cell 6 -o x.png --format none
}

@test "each allocation fails once: images of four channels, interlaced and progressive" {
    can_exhaust
    mkdir images
    numpy image_files.py images
    local image
    for image in "$PWD"/images/6-8-1.png "$PWD"/images/4-2-progressive.jpg; do
        exhaust ATTN_FAIL_AT run "$DATA/patches.json" -q --image "$image" --look-from 3 --cell 6 -o x.png --format none
        cd ..
        rm -rf good out
    done
}

@test "each allocation fails once: an explanation" {
    can_exhaust
    exhaust ATTN_FAIL_AT explain "$DATA/induction.json" --layer 1 --rows 2 --sink 0 --dropout 0.5 --softcap 3
    cd ..
    rm -rf good out
    exhaust ATTN_FAIL_AT explain "$DATA/alibi.json" --format json
    cd ..
    rm -rf good out
    exhaust ATTN_FAIL_AT explain "$DATA/projections.json" -o row.png
    cd ..
    rm -rf good out
    exhaust ATTN_FAIL_AT explain "$DATA/causal.json" --sweep window=0:3 -o sweep.png
    cd ..
    rm -rf good out
    exhaust ATTN_FAIL_AT explain "$DATA/causal.json" --cost
    cd ..
    rm -rf good out
    exhaust ATTN_FAIL_AT explain "$DATA/causal.json" --growth 8:32 -o growth.png
}

@test "from each allocation on all fail" {
    can_exhaust
    exhaust ATTN_FAIL_FROM run "$DATA/causal.json" -q -o x.png -o x.json -o x.csv -o x.npy -o f/ --format json
}

@test "each allocation fails once: a model's projections" {
    can_exhaust
    mkdir m
    numpy model_files.py m/model.safetensors model.layers.{0,1,2}.self_attn.{q,k,v,o}_proj.weight=4x4 \
        model.layers.{0,1,2}.self_attn.{q,k}_norm.weight=2
    echo '{"model_type": "gemma3_text", "num_attention_heads": 2, "sliding_window": 1, "rope_scaling":
        {"rope_type": "linear", "factor": 8}}' >m/config.json
    echo '{"embeddings": [[1, 0, 2, 1], [0, 1, 1, 0]]}' >x.json
    exhaust ATTN_FAIL_AT run "$PWD/x.json" -q --projections "$PWD/m" --layer 0,2 -o x.json --format none
}

@test "each allocation fails once: wrong input is still refused" {
    can_exhaust
    echo '{"q":[[1,2]],"k":[[1,2,3]],"tokens":["a","b"],"haeds":2}' >x.json
    wanted='3 attn: '"$PWD"'/x.json:1:18: q is 1×2 and k is 1×3: they must agree in d_k'
    exhaust ATTN_FAIL_AT run "$PWD/x.json" -q -o x.png
}

# ---- standard output and standard error ----

@test "--format: each, and nothing on standard error" {
    sample
    same "$(attn run x.json -o y.json 2>&1)" ""
    same "$(attn run x.json -o y.json --format none 2>&1)" ""
    attn run x.json -o y.json --format json >a.json 2>err
    cmp y.json a.json
    attn run x.json -o - >b.json 2>>err
    cmp y.json b.json
    attn run x.json -o y.csv --format csv >a.csv 2>>err
    cmp y.csv a.csv
    same "$(head -1 a.csv)" "layer,head,query,key,query_token,key_token,weight,masked"
    attn run x.json -o y.json --format table >a.txt 2>>err
    same "$(head -3 a.txt)" $'wrote y.json\n\nlayer  head  entropy  distance   first  largest  from     → to'
    same "$(wc -l <a.txt)" 5
    [ ! -s err ]
}

@test "without -o: attn-out/, and JSON where standard output is no terminal" {
    sample
    attn run x.json >y.json 2>err
    cmp y.json attn-out/attention.json
    [ ! -s err ]
    only x.json y.json err attn-out attn-out/attention.json attn-out/heads.png attn-out/layer0-head0.png attn-out/layer0-head1.png
}

@test "on a terminal: a table, or JSON where -o - asks for it, or nothing under -q" {
    script -qec true /dev/null >/dev/null 2>&1 || skip "no script(1), or no terminal to be had"
    sample
    on_terminal() {
        script -qec "'$ATTN' $*" /dev/null </dev/null | tr -d '\r'
    }
    on_terminal run x.json >table.txt
    grep -qx 'wrote attn-out/attention.json' table.txt
    grep -q '^layer  head  entropy  distance   first  largest  from     → to$' table.txt
    same "$(wc -l <table.txt)" 8
    on_terminal run x.json -o y.json >table.txt
    same "$(head -1 table.txt)" 'wrote y.json'
    on_terminal run x.json -o - >z.json
    cmp y.json z.json
    same "$(on_terminal run x.json -q)" ""
    same "$(on_terminal run x.json --format none)" ""
    on_terminal run x.json --format csv | head -1 | grep -qx 'layer,head,query,key,query_token,key_token,weight,masked'
}

@test "bug: -q silenced the table that --format asked for" {
    sample
    attn run x.json --format table -o y.json >loud
    attn run x.json -q --format table -o y.json >quiet
    cmp loud quiet
    grep -q '^layer  head' quiet
}

@test "bug: endings in capital letters were unknown" {
    sample
    attn run x.json -q -o A.PNG -o A.Json -o A.CSV -o A.NPY
    attn run x.json -q -o a.png -o a.json -o a.csv -o a.npy
    cmp A.PNG a.png
    cmp A.Json a.json
    cmp A.CSV a.csv
    cmp A.NPY a.npy
}

@test "bug: one file under two names was seen only after the computation, if at all" {
    sample
    fails 2 '-o ./y.json is given twice, also as y.json' attn run x.json -o y.json -o ./y.json
    mkdir folder
    ln -s folder link
    fails 2 '-o link/y.png is given twice, also as folder/y.png' attn run x.json -o folder/y.png -o link/y.png
    echo old >z.json
    ln -s z.json also.json
    fails 2 '-o also.json is given twice, also as z.json' attn run x.json -o z.json -o also.json
    attn run x.json -q -o folder/y.json -o y.json
}

@test "bug: long labels pushed the columns of the table apart" {
    echo '{"tokens":["a","labels","of many widths","中文"],"q":[[[9,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0]],[[0,0,0,0],[9,0,0,0],[0,0,0,0],[0,0,0,0]],[[0,0,0,0],[0,0,0,0],[9,0,0,0],[0,0,0,0]],[[0,0,0,0],[0,0,0,0],[0,0,0,0],[9,0,0,0]]],"k":[[[1,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0]],[[1,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0]],[[1,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0]],[[1,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0]]]}' >x.json
    attn run x.json -o y.json --format table | "$PYTHON" -c 'import sys, unicodedata
rows = [r for r in sys.stdin.buffer.read().decode().splitlines() if "→" in r and "from" not in r]
wide = lambda text: sum(2 if unicodedata.east_asian_width(c) == "W" else 1 for c in text)
assert len(rows) == 4 and len({wide(r[:r.index("→")]) for r in rows}) == 1, rows'
}

@test "the table escapes what would move a cursor, and cuts long labels" {
    printf '{"tokens":["\\u001b[31mred","a label that is much too long for a table"],"q":[[0,9],[9,0]],"k":[[9,0],[0,9]]}' >x.json
    attn run x.json -o y.json --format table >t.txt
    lacks $'\e' t.txt
    grep -qF '\x1B[31mred' t.txt
    grep -qF '"a label that i…"' t.txt || grep -qF '"a label that …"' t.txt
}

@test "-v: what was taken for what, what it cost, and one line of times" {
    sample
    attn run x.json -o y.json -v 2>err
    same "$(head -4 err)" "attn: q is 2×6×6, from x.json:4:8
attn: k is 2×6×6, from x.json:22:8
attn: v is 2×6×6, from x.json:40:8
attn: 1 layer, 2 heads, 6 queries, 6 keys, d_k 6, d_v 6, scale 0.40824829"
    same "$(wc -l <err)" 6
    number='[0-9]+\.[0-9]{4}'
    [[ $(tail -1 err) =~ ^time\ read=$number\ attend=$number\ draw=$number\ write=$number\ total=$number\ engine=[a-z0-9]+\ threads=[0-9]+$ ]]
    attn run x.json -o y.json -v --threads 3 2>&1 | grep -q ' threads=3$'
    # 2 heads of 6×6 pairs, each d_k + d_v products; masked pairs, and queries that are not computed, cost nothing.
    costs() {
        attn run x.json -o y.json -v "$@" 2>&1 | sed -nE 's/^cost (.*) peak_bytes=[1-9][0-9]{5,}$/\1/p'
    }
    same "$(costs)" 'pairs=72 of=72 multiply_adds=864'
    same "$(costs --causal)" 'pairs=42 of=72 multiply_adds=504'
    same "$(costs --causal --queries 1:3)" 'pairs=42 of=72 multiply_adds=504'
    same "$(costs --causal --queries 1:3 --max-weights 24)" 'pairs=10 of=24 multiply_adds=120'
    # Heads that are not chosen are computed where the output is made of all, and nowhere else.
    same "$(costs --head 1)" 'pairs=36 of=36 multiply_adds=432'
    same "$(costs --head 1 --norm post)" 'pairs=72 of=72 multiply_adds=864'
    same "$(costs --head 1 --average heads)" 'pairs=72 of=72 multiply_adds=864'
    same "$(costs --recurrence linear)" 'pairs=42 of=72 multiply_adds=0'
    attn run x.json -o w.json
    same "$(attn run w.json -o y.json -v 2>&1 | grep -o '^cost .* multiply_adds=0 ')" 'cost pairs=72 of=72 multiply_adds=0 '
}

@test "standard input is read like a file, and options may stand before and after" {
    sample
    attn run x.json -o y.json --causal
    attn run --causal -o z.json - <x.json
    cmp y.json z.json
    attn sample sentence | attn run -o z.json --causal=start -
    cmp y.json z.json
    attn run -o z.json --causal -- x.json
    cmp y.json z.json
}

# ---- the same bytes ----

@test "same input, same options: same bytes, for any number of threads" {
    awk 'BEGIN { srand(3); for (i = 0; i < 200; i++) { for (j = 0; j < 32; j++) printf "%s%.4f", j ? "," : "", rand() * 4 - 2; print "" } }' \
        >x.csv
    local threads name
    for threads in 1 4 1; do
        mkdir now
        attn run x.csv --heads 4 --causal --threads $threads -o now/x.json -o now/x.png -o now/x.csv -o now/x.npy -o now/f/
        if [ -d before ]; then
            diff -r before now
            rm -r before
        fi
        mv now before
    done
    same "$(find before -type f | wc -l)" 10
}

@test "times, folders and names do not show in what is written" {
    sample
    mkdir a b
    cp x.json b/other.json
    attn run x.json -o a/x.png -o a/x.json
    cd b
    attn run other.json -o x.png -o x.json
    cmp x.png ../a/x.png
    cmp x.json ../a/x.json
}

@test "bug: names given before the one that failed were not taken back" {
    sample
    mkdir out
    echo old >out/old.png
    mkfifo late.json
    # A folder takes the second name while the third output waits for its reader.
    attn run x.json -o out/old.png -o out/x.png -o late.json 2>err &
    until [ "$(find out -name '.attn-*' | wc -l)" = 2 ]; do sleep 0.01; done
    mkdir out/x.png
    cat late.json >late
    wait $! && return 1
    same "$(cat err)" 'attn: out/x.png: could not write: Is a directory'
    same "$(cat out/old.png)" old
    same "$(ls -A out | xargs)" 'old.png x.png'
}

@test "a file that is cut short while it is read: a message, not a signal" {
    "$PYTHON" - "$ATTN" <<'EOF'
import os, subprocess, sys, time
row = "[" + ",".join(["0.123456789"] * 2000) + "]"
text = '{"q":[' + ",".join([row] * 400) + '],"k":[' + row + "]}"
seen = set()
for pause in range(12):
    with open("x.json", "w") as f:
        f.write(text)
    attn = subprocess.Popen([sys.argv[1], "run", "x.json", "-q", "-o", "y.npy"], stderr=subprocess.PIPE)
    time.sleep(pause * 0.002)
    os.truncate("x.json", 1000)
    error = attn.communicate()[1]
    assert attn.returncode in (0, 1, 3), (attn.returncode, error)
    assert (attn.returncode == 0) == (error == b""), error
    seen.add(attn.returncode)
assert seen - {0}, seen
EOF
    [ -z "$(ls -A | grep attn-)" ]
}
