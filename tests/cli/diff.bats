# attn diff: what changed between two runs. NumPy computes each number by its definition.
load helper

diff_numbers() {
    DATA=$DATA numpy check_diff.py "$@"
}

@test "diff: given weights, of all sizes, with masks and rows of nothing" { diff_numbers given; }
@test "diff: one input with two sets of options, every kind of mask, and forms that are no shares" { diff_numbers computed; }
@test "diff: NaN and infinity on one side exceed any tolerance, and on both none" { diff_numbers nan; }
@test "diff: tokens are aligned by a longest common subsequence" { diff_numbers tokens; }
@test "diff: --sort, --best, the selection, csv, measures, and the same bytes for any number of threads" { diff_numbers written; }
@test "diff: heads that one side alone has are listed, and exceed a tolerance" { diff_numbers sides; }

@test "diff: the measures are those of attn stats, what heads write among them" {
    local names='[.entropy, .first_token, .induction, .coverage_90, .norm_self, .idle, .output_share]'
    attn diff "$DATA/projections.json" --against "--temperature 2" --format json >diff.json
    for side in 0 1; do
        jq -c ".heads[].measures | map_values(.[$side]) | $names" diff.json >found
        attn stats "$DATA/projections.json" -q --temperature $((1 + side)) --format json | jq -c ".heads[] | $names" >wanted
        diff found wanted
        lacks null found
    done
}

@test "diff: a head of GPT-2 with one changed weight is found" {
    needs_real gpt2_heads_37.json
    needs_real gpt2_attention.json
    diff_numbers real "$REAL"
}

@test "diff: the JSON is what its schema says" {
    "$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "jsonschema is not installed"
    attn diff "$DATA/induction.json" --against '--scale 1' -o a.json
    attn diff "$DATA/sentence.json" "$DATA/induction.json" --format json >b.json
    attn diff "$DATA/cross.json" --against '--normalizer sigmoid' --tolerance 1 -o c.json
    "$PYTHON" - "$ROOT/docs/attn-diff.schema.json" a.json b.json c.json <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    jsonschema.validate(json.load(open(path)), schema)
assert json.load(open("b.json"))["only_a"] == [[0, 1]] and json.load(open("c.json"))["tolerance"] == 1
END
}

@test "diff: texts without a common token have no largest difference, and exceed any tolerance" {
    echo '{"tokens": ["a", "b"], "attention": [[1, 0], [0, 1]]}' >x.json
    echo '{"tokens": ["c", "d"], "attention": [[1, 0], [0, 1]]}' >y.json
    same "$(attn diff x.json y.json | jq -c '.heads[0] | [.max, .at, .mean, .js, .pairs]')" "[null,null,null,null,0]"
    local status=0
    attn diff x.json y.json --tolerance 1 -o z.json 2>err || status=$?
    same "$status $(cat err)" "4 attn: 1 head differs by more than 1"
    same "$(attn diff x.json y.json --format table | tail -1)" "    0     0        -        -        -"
}

@test "diff: the exit status is 0 without --tolerance, and the output is whole with it" {
    attn diff "$DATA/sentence.json" --against --causal -o a.json
    local status=0
    attn diff "$DATA/sentence.json" --against --causal --tolerance 0.1 -o b.json 2>err || status=$?
    same "$status" 4
    same "$(jq -c .heads a.json)" "$(jq -c .heads b.json)"
    same "$(jq -c '[.tolerance, .exceeded]' b.json)" "[0.1,1]"
    attn diff "$DATA/sentence.json" --against --causal --tolerance 0.52 --format table | tail -1 | grep -x '(no head differs by more than 0.52)'
    fails 4 '1 head differs by more than 0.1' attn diff "$DATA/sentence.json" --against --causal --tolerance 0.1 --best 1 --format csv -o /dev/null
}

@test "diff: --against takes words apart as a shell does" {
    for line in "--tokens 'a b.txt'" '--tokens "a b.txt"' '--tokens a\ b.txt' '--tokens="a b.txt"' "--tokens \"\"a\\ 'b'.\"t\"xt" "  --tokens	'a b.txt'
        "; do
        fails 1 'B: a b.txt: No such file or directory' attn diff "$DATA/induction.json" --against "$line" -o x.json
    done
    # Nothing is replaced, and nothing is run.
    # shellcheck disable=SC2016
    fails 1 'B: $HOME/*`x`.txt: No such file or directory' attn diff "$DATA/induction.json" --against '--tokens $HOME/*`x`.txt' -o y.json
    fails 1 "B: a\"b'c.txt: No such file or directory" attn diff "$DATA/induction.json" --against "--tokens a\\\"b\"'\"c.txt" -o y.json
    fails 2 "--against: 'x y: expected the end of a quote, or a character behind \\" attn diff "$DATA/induction.json" --against "--causal 'x y" -o y.json
    fails 2 "--against: x\\: expected the end of a quote, or a character behind \\" attn diff "$DATA/induction.json" --against "--causal x\\" -o y.json
}

@test "diff: the options of --against win over those outside" {
    echo '[[1,0],[1,1]]' >m.json
    echo '[[1,1],[1,1]]' >n.json
    echo '{"q": [[1,0],[0,1]], "k": [[2,1],[0,3]], "tokens": ["a", "b"]}' >x.json
    same "$(attn diff x.json --mask m.json --against '--mask n.json' | jq -c '.heads[0] | [.at, .pairs]')" "[[0,1],4]"
    same "$(attn diff x.json --causal --against '--causal=no' | jq -c '.heads[0] | [.at, .pairs]')" "$(
        attn diff x.json --mask m.json --against '--mask n.json' | jq -c '.heads[0] | [.at, .pairs]')"
    # beside two inputs they are of the second
    same "$(attn diff x.json x.json --against --causal | jq -c '[.b, .heads[0].max]')" "$(attn diff x.json --against --causal | jq -c '["x.json", .heads[0].max]')"
}

@test "diff: warnings and errors say whose they are" {
    echo '{"attention": [[0.9, 0], [0.5, 0.5]]}' >off.json
    echo '{"attention": [[1, 0], [0.5, 0.5]]}' >x.json
    attn diff x.json off.json --causal -o y.json 2>err
    same "$(grep -c '^attn: warning: B: ' err) $(grep -vc '^attn: warning: B: ' err)" "1 0"
    attn diff off.json off.json --causal -o y.json 2>err
    same "$(grep -c '^attn: warning: off.json\|^attn: warning: attention' err) $(wc -l <err)" "1 1"
    attn diff x.json off.json --causal -q -o y.json 2>err
    [ ! -s err ]
    attn diff x.json off.json -v -o y.json 2>err
    same "$(grep -x 'attn: [AB]:' err | tr -d '\n')" "attn: A:attn: B:"
    fails 1 'B: nope.json: No such file or directory' attn diff x.json nope.json -o z.json
}

@test "diff: what is wrong with a command line" {
    cp "$DATA/sentence.json" x.json
    fails 2 '0 inputs: expected attn diff A B, or one input and --against OPTIONS' attn diff
    fails 2 '1 input: expected attn diff A B, or one input and --against OPTIONS' attn diff x.json
    fails 2 '3 inputs: expected attn diff A B, or one input and --against OPTIONS' attn diff x.json x.json x.json
    fails 2 '- would be read twice, for both A and B, and can be read once only: expected a file' attn diff - --against --causal
    fails 2 '- (standard input) can be read once only' attn diff - -
    mkfifo pipe
    fails 2 'pipe would be read twice, for both A and B, and can be read once only: expected a file' attn diff pipe --against --causal
    fails 2 'pipe would be read twice, for both A and B, and can be read once only: expected a file' attn diff pipe pipe
    for option in '--format csv' '-o y.json' '--sort max' '--best 1' '--changes' '--tolerance 1' '--layer 0' '--head 0' '-q' '-v' '-h' '--version' '--against x'; do
        attn diff x.json --against "--causal $option" -o y.json 2>err && return 1
        grep -qE '^attn: --against: --[a-z]+ is not of the computation: expected it outside of the quotes$' err
    done
    fails 2 '--against: "y.json" is no option: expected options alone, and another input beside the first' attn diff x.json --against 'y.json --causal'
    fails 2 '--against: unknown option --causl; did you mean --causal?' attn diff x.json --against --causl
    fails 2 '--tolerance is "-1": expected a number from 0 to 1000000000' attn diff x.json x.json --tolerance -1
    fails 2 '--tolerance is "nan": expected a number from 0 to 1000000000' attn diff x.json x.json --tolerance nan
    fails 2 '-o y.txt: expected a name ending in .json, .csv, .png or .svg, or --format' attn diff x.json x.json -o y.txt
    fails 2 '-o y.png is a picture: expected no --format' attn diff x.json x.json -o y.png --format json
    fails 2 'B: there is no layer 1: expected 0, the only one' attn diff "$DATA/induction.json" x.json --layer 1
    fails 1 'A: 1×2×6×6 weights are more than the 3 that --max-weights allows to be held: what changed cannot be had; raise it' \
        attn diff x.json x.json --max-weights 3 -o y.json
}

@test "diff: a file of one tensor that both sides would read can be no pipe, as can no input" {
    local once='would be read twice, for both A and B, and can be read once only: expected a file' option
    cp "$DATA/sentence.json" x.json
    mkfifo pipe
    for option in --q --mask --tokens --key-tokens --projections --config --tokenizer; do
        fails 2 "- $once" attn diff x.json --against --causal "$option" -
        fails 2 "pipe $once" attn diff x.json x.json "$option" pipe
    done
    fails 2 "- $once" attn diff - --against --causal
    fails 2 "- $once" attn diff - x.json --against '--q -'
    echo '["a", "b", "c", "d", "e", "f"]' >tokens.json
    attn diff x.json x.json --tokens tokens.json -o want.json
    attn diff x.json --tokens - --against '--tokens tokens.json' -o got.json <tokens.json
    same "$(grep '"layer"' got.json)" "$(grep '"layer"' want.json)"
}

@test "diff: a picture has A, B and their difference, each range with its own colours" {
    [ -n "${READ_IMAGE:-}" ] || skip "no program that writes the pixels of a picture"
    attn diff "$DATA/induction.json" --against '--temperature 3' --layer 1 -o d.png
    attn diff "$DATA/induction.json" --against '--temperature 3' -o both.png
    "$PYTHON" - "$READ_IMAGE" <<'END'
import subprocess, sys
def pixels(path):
    size, _, bytes_ = subprocess.run([sys.argv[1], path, "100000000", "100000"], check=True, capture_output=True).stdout.partition(b"\n")
    width, height = map(int, size.split())
    return width, height, [bytes_[i:i + 3] for i in range(0, len(bytes_), 3)]
wide, high, one = pixels("d.png")
yellow, blue = bytes.fromhex("fde725"), bytes.fromhex("053061")
places = {color: [i % wide for i, x in enumerate(one) if x == color] for color in (yellow, blue)}
# A weight of 1 on the left, and the largest loss on the right alone.
assert len(places[yellow]) > 1000 and max(places[yellow]) < 0.7 * wide, places[yellow][:3]
assert len(places[blue]) > 1000 and min(places[blue]) > 0.6 * wide, places[blue][:3]
assert pixels("both.png")[:2] == (wide, 2 * high)
END
    echo '{"attention": [[[1]]]}' >x.json
    echo '{"attention": [[[1]], [[1]]]}' >y.json
    attn diff y.json x.json -o z.png
    fails 2 'there is nothing to draw: no head is on both sides' attn diff x.json y.json --sort max --best 1 -o w.png
    echo '{"tokens": ["a"], "attention": [[1]]}' >x.json
    echo '{"tokens": ["b"], "attention": [[1]]}' >y.json
    attn diff x.json y.json -o z.png
}

@test "diff: losses are seen in a picture whose cells stand for several tokens" {
    [ -n "${READ_IMAGE:-}" ] || skip "no program that writes the pixels of a picture"
    "$PYTHON" - <<'END'
import numpy as np
w = np.zeros((1, 1, 1500, 1500), np.float32)
w[..., 0] = 1
np.savez("a.npz", attention=w)
w[0, 0, 701] = np.eye(1500)[400]
np.savez("b.npz", attention=w)
END
    attn diff a.npz b.npz -o d.png
    "$PYTHON" - "$READ_IMAGE" <<'END'
import subprocess, sys
pixels = subprocess.run([sys.argv[1], "d.png", "100000000", "100000"], check=True, capture_output=True).stdout.partition(b"\n")[2]
colors = [pixels[i:i + 3] for i in range(0, len(pixels), 3)]
# the bar shows every other colour, from the second on
assert colors.count(bytes.fromhex("053061")) == 1
END
}

@test "diff: each allocation fails once" {
    needs_failing_malloc
    export OMP_NUM_THREADS=1 LD_PRELOAD=$FAILING_MALLOC ATTN_COUNT_TO=$PWD/total
    local total n status
    unset ATTN_FAIL_AT
    "$ATTN" diff "$DATA/sentence.json" --against '--causal' --threads 1 -o want.json
    read -r total _ <total
    [ "$total" -gt 20 ]
    for ((n = 1; n <= total; n++)); do
        status=0
        rm -f got.json
        ATTN_FAIL_AT=$n "$ATTN" diff "$DATA/sentence.json" --against '--causal' --threads 1 -o got.json 2>err || status=$?
        if [ $status = 0 ]; then
            cmp want.json got.json
        else
            [ $status = 1 ]
            grep -q 'not enough memory' err
            [ ! -e got.json ]
        fi
    done
}
