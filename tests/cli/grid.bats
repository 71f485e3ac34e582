# Where in a picture it is looked: tokens that are patches of an image (tests/numpy/check_grid.py).
load helper

grid() {
    DATA=$DATA numpy check_grid.py "$@"
}

@test "the patch that is looked at stands in its row and column" { grid where; }
@test "--look-from chooses the query, CLS by default" { grid query; }
@test "bug: the mask over a grid had the scale of the weights" { grid mask; }
@test "bug: what is looked at was hidden, and the rest purple" { grid lit; }
@test "the picture shines through, PNG or JPEG" { grid image; }
@test "the picture stands untouched beside its panels, and the bar has their colours" { grid beside; }
@test "the grid goes through a pipe" { grid pipe; }
@test "patches begin at grid_offset, or at --keys, or are the last" { grid offset; }
@test "patches that are queries: their weights on a key" { grid look_at; }
@test "patches are keys, or queries where there are not enough" { grid sides; }
@test "a part that has all patches says where they are" { grid part; }
@test "broken pictures are refused" { grid broken_pictures; }

@test "grid: what does not fit is named" {
    local p=$DATA/patches.json
    fails 2 '--image needs a grid: give --grid ROWS,COLS, or grid in the input' attn run "$DATA/cross.json" --image x.png -o y.png
    fails 2 '--view grid needs a grid: give --grid ROWS,COLS, or grid in the input' attn run "$DATA/cross.json" --view grid -o y.png
    fails 2 '--grid 10×10 is 100 patches, and there are 97 keys and 97 queries: expected as many of either, or more' \
        attn run "$p" --grid 10,10 -o y.png
    echo '{"attention":[[0.5,0.5],[0.5,0.5],[0.5,0.5]],"grid":[3,1]}' >z.json
    fails 3 'z.json:1:53: grid 3×1 is 3 patches, and there are 2 keys: expected as many, or more' attn run z.json --grid-axis keys -o y.png
    fails 3 'z.json:1:53: grid 3×1 is 3 patches, and there are 3 queries: expected a grid_offset of at most 0, not 1' \
        attn run z.json --grid-offset 1 -o y.png
    fails 2 '--grid 1×3 is 3 patches, and there are 2 keys: expected as many, or more' attn run z.json --grid 1,3 --grid-axis keys -o y.png
    fails 2 '--grid-offset needs --grid' attn run "$DATA/cross.json" --grid-offset 1 -o y.png
    fails 2 '--grid-axis needs --grid' attn run "$DATA/cross.json" --grid-axis keys -o y.png
    echo '{"attention":[[1]],"grid_axis":"rows"}' >w.json
    fails 3 'w.json:1:32: grid_axis is "rows": expected one of auto keys queries' attn run w.json -o y.png
    fails 2 '--look-from needs patches that are keys, and here they are the queries; see --grid-axis' attn run z.json --look-from 1 -o y.png
    fails 2 '--look-at needs patches that are queries, and here they are the keys; see --grid-axis' attn run "$p" --look-at 1 -o y.png
    fails 2 '--look-at is "2": expected a number below 2, or a token of the input' attn run z.json --look-at 2 -o y.png
    fails 2 '--look-at is 0, and --keys leaves that one out' attn run z.json --look-at 0 --keys 1 -o y.png
    fails 2 '--look-at needs all patches, and --queries leaves some out' attn run z.json --look-at 0 --queries 1: -o y.png
    fails 2 '--view grid needs --look-at KEY: there are 97 keys, and only up to 16 have a map each' \
        attn run "$p" --grid-axis queries --view grid -o y.png
    fails 2 '--grid is "3": expected two whole numbers from 1 to 1048576, such as 14,14' attn run "$p" --grid 3 -o y.png
    fails 2 '--look-from is "97": expected mean, a number below 97, or a token of the input' attn run "$p" --look-from 97 -o y.png
    fails 2 '--image needs all patches, and --keys leaves some out' attn run "$p" --keys 0:4 --image "$DATA/patches.png" -o y.png
    fails 2 '--look-from is 9, and --queries leaves that one out' attn run "$p" --queries 0:4 --look-from 9 -o y.png
    fails 3 "$DATA/q.csv: expected a PNG or JPEG picture" attn run "$p" --image "$DATA/q.csv" -o y.png
    fails 2 '--view grid cannot go with --stage q' attn run "$p" --stage q --view grid --look-from 3 -o y.png
    fails 2 '--image cannot go with --stage output' attn run "$p" --stage output --stage v --image "$DATA/patches.png" -o y/
    fails 2 '--look-from cannot go with --view matrix' attn run "$p" --view matrix --look-from 3 -o y.png
    fails 2 '--image cannot go with --view matrix' attn run "$p" --view matrix --image "$DATA/patches.png" -o y.png
    attn run "$p" --stage q --stage scores --look-from 3 --format none -o y/
    fails 1 'nope.png: No such file or directory' attn run "$p" --image nope.png -o y.png
    fails 1 '--image needs the weights, and they are more than the 100 that --max-weights allows to be held; raise it, or choose queries with --queries' \
        attn run "$p" --max-weights 100 --image "$DATA/patches.png" -o y.png
}

@test "bug: --image of something without an end took all memory" {
    local p=$DATA/patches.json
    fails 1 '/dev/zero: holds more than 256 MiB: expected a smaller file' attn run "$p" --image /dev/zero -o y.png
    truncate -s 300M long.png
    fails 1 'long.png: holds more than 256 MiB: expected a smaller file' attn run "$p" --image long.png -o y.png
}

@test "-v says which tokens are the patches" {
    echo '{"attention":[[0.1,0.2,0.3,0.2,0.2]],"grid":[1,3]}' >x.json
    attn run x.json -v --format none -o y.png 2>&1 | grep -qx 'attn: the patches are keys 2 to 4 of 5'
    attn run x.json -v --format none --grid 1,1 --grid-axis queries -o y.png 2>&1 | grep -qx 'attn: the patches are queries 0 to 0 of 1'
}

@test "a patch is chosen by its row and column, and the second of equal tokens by its place" {
    local p=$DATA/patches.json columns first word
    columns=$(jq '.grid[1]' "$p")
    first=$(attn run "$p" -q -o - --format json | jq '.grid_offset')
    attn run "$p" -q --metadata none --format none --look-from $((first + 2 * columns + 3)) -o number.png
    attn run "$p" -q --metadata none --format none --look-from r2c3 -o place.png
    cmp number.png place.png
    fails 2 "--look-from is r99c0: expected a row below $(jq '.grid[0]' "$p") and a column below $columns" attn run "$p" --look-from r99c0 -o y.png
    fails 2 "--look-from is \"r2c\": expected mean, a number below $(jq '.q[0] | length' "$p"), or a token of the input" \
        attn run "$p" --look-from r2c -o y.png
    echo '{"q":[[0],[1],[2]],"k":[[0],[1],[0],[1]],"tokens":["a","b","a"],"grid":[2,2]}' >x.json
    for word in a#1:0 a#2:2 b#1:1; do
        attn run x.json -q --metadata none --format none --look-from "${word%:*}" -o word.png
        attn run x.json -q --metadata none --format none --look-from "${word#*:}" -o number.png
        cmp word.png number.png
    done
    fails 2 '--look-from is "a#3": expected mean, a number below 3, or a token of the input' attn run x.json --look-from a#3 -o y.png
    same "$(attn explain x.json --query a#2 --format json | jq -c '[.query, .token]')" '[2,"a"]'
    echo '{"q":[[0],[1]],"k":[[0],[1]],"tokens":["a#2","a"]}' >named.json
    same "$(attn explain named.json --query a#2 --format json | jq -c .query)" 0
}
