# Sequences whose weights are more than --max-weights, against NumPy (tests/numpy/check_stream.py); instruction sets; memory.
load helper

stream() {
    numpy check_stream.py "$@"
}

# Skips where the processor cannot run the instructions of that name.
needs_cpu() {
    local status=0
    attn run "$DATA/cross.json" --cpu "$1" -q -o y.json 2>err || status=$?
    [ $status -eq 0 ] && return
    same "$status $(cat err)" "1 attn: --cpu $1: this processor cannot run it"
    [ ! -e y.json ]
    skip "this processor cannot run $1"
}

@test "streamed: one query, few keys, two layers, ties: cells, top keys, output and measures are those of the weights" {
    stream pooled one_of_one one_query few_keys stacked tied steep
}
@test "streamed: uneven sizes, causal with offsets and windows" { stream pooled uneven late; }
@test "streamed: masks, biases, NaN and rows that see nothing" { stream pooled masked_heads biased broken_key; }
@test "streamed: --queries and --keys cut out the same bytes as from weights that are held" { stream parts; }
@test "bug: queries that were cut out had other last digits than in the whole" { stream cut_out_bytes; }
@test "streamed: --layer and --head" { stream heads; }
@test "streamed: --stage output, q, k and v are whole" { stream stages; }
@test "streamed: pooled JSON is an input again" { stream pipe; }
@test "streamed: pooled JSON keeps to its schema" { stream schema; }
@test "bug: many heads of some hundred tokens were held in cells of one weight each" { stream many_heads; }
@test "streamed: a long sequence takes its inputs and less than 100 MB" { stream memory; }

@test "avx512: exact, and the same bytes for any threads and memory" { needs_cpu avx512 && stream cpu avx512; }
@test "avx2: exact, and the same bytes for any threads and memory" { needs_cpu avx2 && stream cpu avx2; }
@test "portable: exact, and the same bytes for any threads and memory" { stream cpu portable; }
@test "avx512: cells and top keys" { needs_cpu avx512 && stream pooled_on avx512; }
@test "avx2: cells and top keys" { needs_cpu avx2 && stream pooled_on avx2; }
@test "portable: cells and top keys" { stream pooled_on portable; }

@test "streamed: what needs all weights is refused, and leaves nothing" {
    local run=(attn run "$DATA/causal.json" --max-weights 100)
    local less='; raise it, or choose less with --queries and --keys'
    local needs='needs all 1×2×8×8 weights, more than the 100 that --max-weights allows to be held'
    local more='1×2×8×8 weights are more than the 100 that --max-weights allows to be held:'
    fails 1 "-o x.csv $needs$less" "${run[@]}" -o x.csv
    fails 1 "-o x.npy $needs$less" "${run[@]}" -o y.json -o x.npy
    fails 1 "--format csv $needs$less" "${run[@]}" --format csv
    fails 1 "--format csv $needs$less" "${run[@]}" -o d/ --format csv
    fails 1 "$more --stage scores cannot be had; raise it" "${run[@]}" --stage scores
    fails 1 "$more --stage masked cannot be had; raise it" "${run[@]}" --stage weights --stage masked -o x.json
    fails 1 "$more --stage scaled cannot be had; raise it" "${run[@]}" --stage scaled --queries 0:2 -o x.npy
    fails 1 "$more --average cannot be had; raise it" "${run[@]}" --average heads -o x.png
    fails 1 "$more --average cannot be had; raise it" "${run[@]}" --average heads --queries 2 -o x.png
    fails 1 "$more a range of queries or keys this large cannot be had$less" "${run[@]}" --queries 0:7 -o x.png
    fails 1 "$more a range of queries or keys this large cannot be had$less" "${run[@]}" --keys 1: -o x.json
    "${run[@]}" --keys 2: -o x.json -o x.npy -o x.csv
}

@test "--max-weights counts the chosen layers and heads alone, and what is kept of them is what it was" {
    "$PYTHON" -c 'import numpy as np
r = np.random.default_rng(1)
np.savez("x.npz", **{name: r.normal(size=(2, 4, 8, 3)).astype("f4") for name in "qkv"})
np.savez("o.npz", **{name: r.normal(size=(8, 12)).astype("f4") for name in "qkv"}, w_o=r.normal(size=(12, 5)).astype("f4"))'
    local file part
    for part in '--layer 1' '--head 3,1' '--layer 1 --head 0,2' '--head 2 --queries 1:3 --keys 2:7' '--layer 1 --head 1,3 --average heads' \
        '--head 1 --stage scores --stage masked --stage mask --stage q' '--head 2 --position alibi --stage encoding' '--head 1 --norm post'; do
        attn run x.npz $part --causal -q -o part.json --stage weights
        attn run x.npz --causal -q -o all.json $(grep -o -e '--\(position\|norm\) [a-z]*' <<<"$part")
        "$PYTHON" - <<'END'
import json
import numpy as np
part, whole = json.load(open("part.json")), json.load(open("all.json"))
chosen = part["selection"]
layers, heads = chosen.get("layers", [0, 1]), chosen.get("heads", [0, 1, 2, 3])
(q, to_q), (k, to_k) = chosen.get("queries", [0, 8]), chosen.get("keys", [0, 8])
if "average" not in chosen:
    wanted = np.array(whole["weights"])[np.ix_(layers, heads)][:, :, q:to_q, k:to_k]
    assert np.array_equal(wanted, part["weights"])
    stats = [[whole["stats"][l][h] for h in heads] for l in layers]
    assert stats == part["stats"], (stats, part["stats"])
END
    done
    # 2×4×8×8 weights, of which 64 a head.
    attn run x.npz --layer 1 --head 3 --max-weights 64 -q -o part.npy -o part.csv
    attn run x.npz --head 3 --max-weights 128 --stage scores -q -o part.npy
    fails 1 '-o y.npy needs all 2×1×8×8 weights, more than the 127 that --max-weights allows to be held; raise it, or choose less with --queries and --keys' \
        attn run x.npz --head 3 --max-weights 127 -o y.npy
    # An output through w_o is of all heads, also of those of which no weight is kept.
    for file in '' '--max-weights 60 --queries 1:2' '--max-weights 9'; do
        attn run o.npz --heads 4 --head 2 -q $file -o part.json
        attn run o.npz --heads 4 -q $file -o all.json
        same "$(jq -c .output part.json)" "$(jq -c .output all.json)"
        same "$(jq -c '.stats[0][0].entropy' part.json)" "$(jq -c '.stats[0][2].entropy' all.json)"
    done
}

@test "a wrong --cpu or ATTN_CPU is wrong usage" {
    local x=$DATA/cross.json
    fails 2 '--cpu is "sse": expected one of avx512 avx2 portable plain' attn run "$x" --cpu sse -o x.png
    fails 2 '--cpu is "avx": did you mean avx2?' attn run "$x" --cpu avx -o x.png
    ATTN_CPU=sse fails 2 'ATTN_CPU is "sse": expected avx512, avx2, portable or plain' attn run "$x" -o x.png
    ATTN_CPU=sse attn run "$x" --cpu portable -o x.png
    ATTN_CPU='' attn run "$x" -o x.png
}

@test "bug: cells that stood for less than no tokens were counted from the other end" {
    printf '{"schema":"attn/1","tokens":["a","b"],"pooled":{"weights":[[1,0],[0,1]],"queries_per_cell":0,"keys_per_cell":-5}}' >x.json
    same "$(attn run x.json -o y.json 2>&1)" 'attn: warning: x.json: the weights are pooled, each cell stands for 1×1 of them'
    same "$(jq -c '[.tokens, .key_tokens, .weights]' y.json)" '[["a","b"],["a","b"],[[[[1,0],[0,1]]]]]'
}

@test "bug: the mask could not be had of more than --max-weights" {
    local run=(attn run "$DATA/causal.json" -q) cells='[[1,0,0,0],[1,1,0,0],[1,1,1,0],[1,1,1,1]]'
    "${run[@]}" --max-weights 100 --draw-mask --pool mean -o x.json -o x.png -o masks/
    same "$(jq -c '[.mask, .pooled.mask]' x.json)" "[null,$cells]"
    "$PYTHON" -c 'import json, jsonschema, sys; jsonschema.validate(json.load(open("x.json")), json.load(open(sys.argv[1])))' \
        "$ROOT/docs/attn-output.schema.json"
    same "$(attn run x.json --draw-mask -q -o - | jq -c '.mask[0][1]')" "$cells"
    "${run[@]}" --causal=no --max-weights 100 --draw-mask -o - | jq -e '.pooled.mask | flatten | all(. == 1)'
    for part in '--queries 2:4 --head 1' '--keys 3:5'; do
        same "$("${run[@]}" --max-weights 100 --draw-mask $part -o - | jq -c .mask)" \
            "$("${run[@]}" --draw-mask $part -o - | jq -c .mask)"
    done
}

@test "bug: the encoding of alibi and relative took what --max-weights forbids" {
    local more='1×2×8×8 weights are more than the 100 that --max-weights allows to be held:'
    fails 1 "$more --stage encoding cannot be had; raise it" \
        attn run "$DATA/causal.json" --position alibi --max-weights 100 --stage encoding -o x.json
    attn run "$DATA/causal.json" --position rotary --max-weights 100 --stage encoding -q -o x.json
    [ "$(jq '.encoding[0][0] | length' x.json)" = 8 ]
}
