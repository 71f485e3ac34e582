# JSON, CSV and NPY: the same numbers, read by NumPy, Python's json and csv, and jq (tests/numpy/check_numbers.py).
load helper

numbers() {
    DATA=$DATA numpy check_numbers.py "$@"
}

@test "large matrices are written by several threads, in order" { numbers large_matrices; }
@test "every stage is the same in JSON, CSV and NPY" { numbers formats; }
@test "--masked, several stages in one CSV, and --measures are what the JSON says" { numbers masked; }
@test "JSON reads back to the same float32, and is an input again" { numbers round_trip; }
@test "every class of float32 survives" { numbers float_classes; }
@test "bug: -0 in JSON lost its sign in readers that take it for an integer" { numbers negative_zero; }
@test "labels of every kind survive" { numbers labels; }
@test "--layer, --head, --queries, --keys and --average agree with slices in NumPy" { numbers selections; }
@test "bug: the mean over heads made 0.5 of a mask, and counted the pairs of one head" { numbers mask_of_an_average; }
@test "bug: the CSV of q said head 0 whatever head was chosen" { numbers csv_head_of_a_stage; }
@test "attn run -o - | attn run - draws the same picture" { numbers pipe; }
@test "bug: config divided by the temperature twice; the stages q and k make the same weights again" { numbers weights_made_again; }
@test "bug: numbers that stood in for labels came back as labels" { numbers pipe_without_labels; }
@test "a selection of heads goes through a pipe" { numbers pipe_of_a_head; }
@test "the JSON keeps to its schema" { numbers schema; }
@test "bug: --draw-mask beside a mask wrote the key mask twice" { numbers every_key_stands_once_in_the_json; }
@test "bug: with past keys the config had a window that counted from elsewhere" { numbers past_keys_and_windows_are_told_as_a_mask; }
@test "bug: the JSON read back had another mean_distance where query 0 did not stand at key 0" { numbers where_queries_stand; }
@test "bug: an offset of 1.0 was refused, and two of them taken for one layer" {
    offset() {
        echo "{\"schema\":\"attn/1\",\"weights\":[[[[1,0],[0,1]]]],\"config\":{\"offset\":$1}}" >x.json
    }
    for o in 1.0 '[ 1.0 ]'; do
        offset "$o"
        same "$(attn run x.json -q -o - | jq .config.offset)" 1
    done
    offset '[1,2]'
    fails 3 'x.json:1:67: offset holds 2 numbers: expected one, or as many as there are layers, 1' attn run x.json -o y.json
    for o in 1.5 1e30 '[1,2.5]'; do
        offset "$o"
        found='a number'
        [ "${o:0:1}" = '[' ] && found='a list of numbers'
        fails 3 "x.json:1:67: offset: expected a whole number, or a list of them, one a layer, found $found" attn run x.json -o y.json
    done
}

@test "the JSON answers jq" { numbers jq; }

@test "bug: a selection of keys, piped back, was said not to sum to 1" {
    attn run "$DATA/causal.json" --queries 2:6 --keys 1:5 -o part.json
    same "$(attn run part.json -o again.json 2>&1)" ""
    same "$(jq -c .weights again.json)" "$(jq -c .weights part.json)"
}
