# Random inputs (attn sample random), drawn once more in Python (tests/numpy/check_random.py).
load helper

random() {
    numpy check_random.py "$@"
}

@test "random: every digit is that of the algorithm, in whole numbers" { random digits; }
@test "random: moments and distribution are those of N(0, 1), and rows are independent" { random distribution; }
@test "random: sizes, defaults, and what a larger input has of a smaller one" { random sizes; }

@test "random: these digits, on every machine" {
    same "$(attn sample random --n 2 --m 1 --d 3 --seed 5)" '{"q": [[[0.0761,-0.0399,0.1999],
  [-0.5398,-2.0845,-0.6249]]],
"k": [[[0.2010,0.9298,0.7913]]],
"v": [[[-0.6892,-1.7519,-0.2872]]]}'
}

@test "random: goes through a pipe, and has a picture" {
    attn sample random --heads 2 | attn run - -o x.png -o x.json -q
    same "$(jq -c '[.weights | length, (.[0] | length), (.[0][0] | length), (.[0][0][0] | length)]' x.json)" '[1,2,12,12]'
    [ -s x.png ]
}

@test "random: what is wrong with a command line" {
    fails 2 '--n is "0": expected a whole number from 1 to 1000000000' attn sample random --n 0
    fails 2 '--seed is "-1": expected a whole number from 0 to 1000000000' attn sample random --seed=-1
    fails 2 '--n, --m, --d, --heads and --seed: expected attn sample random' attn sample sentence --d 3
    fails 2 '--n, --m, --d, --heads and --seed: expected attn sample random' attn sample --seed 0
    fails 2 '1 heads of 12 queries and 12 keys of 1000000000 columns are more than 100000000 numbers' attn sample random --d 1000000000
    fails 2 '1000000000 heads of 1000000000 queries and 1000000000 keys of 1000000000 columns are more than 100000000 numbers' \
        attn sample random --n 1000000000 --heads 1000000000 --d 1000000000
    fails 2 'unknown sample rnadom; did you mean random?' attn sample rnadom
}
