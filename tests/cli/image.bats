# Pictures as they are read from PNG and JPEG (tests/numpy/check_image.py), and what --image says of those that it refuses.
load helper

image() {
    [ -n "${READ_IMAGE:-}" ] || skip "no program that writes the pixels of a picture"
    numpy check_image.py "$@"
}

@test "PNG of every kind" { image png_kinds; }
@test "PNG: what is not about pixels is passed over" { image png_chunks; }
@test "PNG: wrong checksums, and other broken ones" { image png_broken; }
@test "PNG: data without end takes no memory" { image png_bomb; }
@test "JPEG of every kind" { image jpeg_kinds; }
@test "JPEG: what is not about pixels is passed over" { image jpeg_markers; }
@test "JPEG: broken ones" { image jpeg_broken; }
@test "JPEG: scans are counted" { image jpeg_scans; }
@test "a picture that is cut off anywhere" { image cut; }
@test "sizes are looked at first" { image sizes; }
@test "a large picture is made smaller" { image longest; }

@test "an image that is refused: one line that names the file and what is allowed" {
    PYTHONPATH=$ROOT/tests/numpy "$PYTHON" -B - "$DATA/patches.png" <<'END'
import sys
import image_files as files

with open(sys.argv[1], "rb") as f:
    good = f.read()
last, data = files.chunk(b"IEND", b""), files.chunk(b"IDAT", b"")
at = good.index(b"IDAT") - 4
made = {
    "scans.jpg": files.jpeg_of_scans(8192, 200),
    "small.jpg": files.jpeg_of_scans(8192, 60, dc=False),
    "large.png": files.SIGNATURE + files.header(8192, 8193, 8, files.RGB) + data + last,
    "long.png": files.SIGNATURE + files.header(1 << 20 | 1, 1, 8, files.RGB) + data + last,
    "checksum.png": good[:29] + b"\0" + good[30:],
    "cut.png": good[:at + 100],
    "cut.jpg": files.jpeg_of_scans(1024, 9)[:-2],
    "empty.png": b"",
}
for name, data in made.items():
    with open(name, "wb") as f:
        f.write(data)
END
    refused() {
        fails 3 "$1" attn run "$DATA/patches.json" --image "${1%%:*}" -q -o y.png
    }
    refused 'scans.jpg: has more scans than the 15 that 8192 times 8192 pixels may have'
    refused 'small.jpg: the picture is broken: Inconsistent progression sequence for component 0 coefficient 0'
    refused 'large.png: 8192 times 8193 pixels are too many: expected at most 67108864, and 1048576 a side'
    refused 'long.png: 1048577 times 1 pixels are too many: expected at most 67108864, and 1048576 a side'
    refused 'checksum.png: the picture is broken: IHDR: CRC error'
    refused 'cut.png: the picture is broken: it does not come to its end'
    refused 'cut.jpg: the picture is broken: it does not come to its end'
    refused 'empty.png: expected a PNG or JPEG picture'
}

@test "--image takes each kind of file, and says nothing" {
    numpy image_files.py .
    local file count=0
    mkdir drawn
    for file in *.png *.jpg; do
        same "$(attn run "$DATA/patches.json" --image "$file" --cell 4 -q -o drawn/y.png 2>&1)" ""
        count=$((count + 1))
    done
    [ $count -gt 40 ]
}
