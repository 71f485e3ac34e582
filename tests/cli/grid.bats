# Where in a picture it is looked: tokens that are patches of an image (tests/numpy/check_grid.py).
load helper

grid() {
    DATA=$DATA "$PYTHON" -B "$ROOT/tests/numpy/check_grid.py" "$@"
}

@test "the patch that is looked at stands in its row and column" { grid where; }
@test "--look-from chooses the query, CLS by default" { grid query; }
@test "bug: the mask over a grid had the scale of the weights" { grid mask; }
@test "bug: what is looked at was hidden, and the rest purple" { grid lit; }
@test "the picture shines through, PNG or JPEG" { grid image; }
@test "the grid goes through a pipe" { grid pipe; }
@test "broken pictures are refused" { grid broken_pictures; }

@test "grid: what does not fit is named" {
    local p=$DATA/patches.json
    fails 2 '--image needs a grid: give --grid ROWS,COLS, or grid in the input' attn run "$DATA/cross.json" --image x.png -o y.png
    fails 2 '--view grid needs a grid: give --grid ROWS,COLS, or grid in the input' attn run "$DATA/cross.json" --view grid -o y.png
    fails 2 '--grid 3×3 is 9 patches, and there are 97 keys: expected 9, or 10 with a CLS token before the patches' \
        attn run "$p" --grid 3,3 -o y.png
    echo '{"attention":[[1]],"grid":[3,3]}' >z.json
    fails 3 'z.json:1:27: grid 3×3 is 9 patches, and there are 1 keys: expected 9, or 10 with a CLS token before the patches' \
        attn run z.json -o y.png
    fails 2 '--grid is "3": expected two whole numbers from 1 to 1048576, such as 14,14' attn run "$p" --grid 3 -o y.png
    fails 2 '--look-from is 97: the queries are 0 to 96' attn run "$p" --look-from 97 -o y.png
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
