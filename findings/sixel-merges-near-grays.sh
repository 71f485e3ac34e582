#!/bin/bash
# img2sixel draws ten grays as six, although its palette has room for 256.
#
# Seen with: Debian's libsixel-bin, img2sixel 1.10.3.
#
# Expected: a sixel picture has up to 256 colours here, each in percent of red, green and blue. A heatmap of ten
# values uses ten of them. Each is rounded to a percent, so two that are 3 or more of 255 apart stay apart.
#
# Seen, for ten columns of gray, each so much brighter than the last, the number of colours left:
#   by 2 of 255    3
#   by 4           6
#   by 6           8
#   by 8          10
# It is as if colours were told apart by five bits a channel (steps of 8 of 255) before a palette is made of
# them, also where the picture has fewer colours than the palette. A full ramp of 256 grays comes out as 32.
# --quality=high, --quality=full and --diffusion=none give the same counts.
#
# Why it matters: a terminal that shows sixels is where a matrix is looked at over ssh. Weights of 0.50 and
# 0.51 on a gray scale are one colour there, a quiet head is a flat square, and steps appear that look like
# structure. A writer of sixels with one register for each step of the colour scale keeps them apart.
set -eu

if [ "$(img2sixel -V 2>/dev/null | head -n 1)" != "img2sixel 1.10.3" ]; then
  echo "this needs img2sixel 1.10.3, of Debian 12: apt-get install libsixel-bin" >&2
  exit 2
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# ramp COLUMNS STEP FIRST: a PGM of six rows, whose columns are ten pixels wide and brighten by STEP.
ramp() {
  awk -v columns="$1" -v step="$2" -v first="$3" 'BEGIN {
    print "P2\n" 10 * columns, 6 "\n255"
    for (y = 0; y < 6; y++) for (x = 0; x < 10 * columns; x++) print first + step * int(x / 10)
  }'
}

# colours OPTIONS…: the number of different colours that img2sixel gives its registers.
colours() { img2sixel "$@" "$tmp/ramp.pgm" | grep -ao '#[0-9]*;2;[0-9;]*' | cut -d';' -f3- | sort -u | wc -l; }

for step in 2 4 6 8; do
  ramp 10 "$step" 100 > "$tmp/ramp.pgm"
  echo "10 grays, $step apart:" "$(colours)" "$(colours --quality=high)" "$(colours --quality=full)" "$(colours --diffusion=none)"
done > "$tmp/seen"
ramp 256 1 0 > "$tmp/ramp.pgm"
echo "256 grays:" "$(colours)" >> "$tmp/seen"

cat > "$tmp/recorded" <<'END'
10 grays, 2 apart: 3 3 3 3
10 grays, 4 apart: 6 6 6 6
10 grays, 6 apart: 8 8 8 8
10 grays, 8 apart: 10 10 10 10
256 grays: 32
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: img2sixel leaves 6 of 10 grays that are 4 apart, and 32 of 256, with any quality"
