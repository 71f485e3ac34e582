#!/bin/bash
# chafa mixes each cell of a matrix with its neighbours, even at exactly one pixel a character.
#
# Seen with: Debian's chafa 1.12.4, symbols mode, true colour.
#
# Expected: a picture of 5×5 pixels shown on 5×5 characters needs no scaling, so each character has the
# colour of its pixel.
#
# Seen, where black is 0 and white is 1, for one white pixel in the middle of black ones: the character in the
# middle is 0.63, the four beside it are 0.16, and the corners 0.04. A row of 0 1 0 1 is shown as 0.33 0.79
# 0.20 0.65. That is how a picture comes out if it is enlarged smoothly first, and each character then takes
# the mean of its part. --work 9, --dither none and --preprocess off make no difference.
#
# Why it matters: this is how a matrix is looked at in a terminal without graphics. A weight of 1 is drawn as
# 0.63, its masked neighbours as 0.16, equal weights differ by where they are (0.33 and 0.20, 0.79 and 0.65),
# and a causal diagonal looks soft. Repeating each pixel first helps: with 8×8 equal pixels a character,
# the colours are exact.
set -eu

if [ "$(chafa --version 2>/dev/null | head -n 1)" != "Chafa version 1.12.4" ]; then
  echo "this needs chafa 1.12.4, of Debian 12: apt-get install chafa" >&2
  exit 2
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# matrix SCALE VALUES…: a PGM of the rows given as words like 0,255,0, each value SCALE×SCALE pixels.
matrix() {
  scale=$1
  shift
  printf '%s\n' "$@" | awk -F, -v scale="$scale" '
    { for (r = 0; r < scale; r++) { for (c = 1; c <= NF; c++) for (s = 0; s < scale; s++) row[++n] = $c } width = NF }
    END { print "P2", width * scale, NR * scale, 255; for (i = 1; i <= n; i++) print row[i] }'
}

# shown SIZE OPTIONS…: the gray of each character, of 1, in tenths.
shown() {
  size=$1
  shift
  chafa --format symbols --symbols solid --colors full --stretch --size "$size" "$@" "$tmp/matrix.pgm" | awk '{
    gsub(/\033\[0m/, "")
    line = ""
    n = split($0, part, /\033\[38;2;/)
    for (i = 2; i <= n; i++) {
      split(part[i], channel, ";")
      blocks = gsub(/█/, "", part[i])
      for (b = 0; b < blocks; b++) line = line sprintf(" %.1f", channel[1] / 255)
    }
    if (line != "") print line
  }'
}

dot=("0,0,0,0,0" "0,0,0,0,0" "0,0,255,0,0" "0,0,0,0,0" "0,0,0,0,0")
stripes=("0,255,0,255" "0,255,0,255")
{
  matrix 1 "${dot[@]}" > "$tmp/matrix.pgm"
  echo "5×5 pixels on 5×5 characters"
  shown 5x5
  echo "the same, --work 9 --dither none --preprocess off"
  shown 5x5 --work 9 --dither none --preprocess off
  matrix 1 "${stripes[@]}" > "$tmp/matrix.pgm"
  echo "4×2 pixels on 4×2 characters"
  shown 4x2
  matrix 8 "${dot[@]}" > "$tmp/matrix.pgm"
  echo "5×5 cells of 8×8 pixels on 5×5 characters"
  shown 5x5
} > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
5×5 pixels on 5×5 characters
 0.0 0.0 0.0 0.0 0.0
 0.0 0.0 0.2 0.0 0.0
 0.0 0.2 0.6 0.2 0.0
 0.0 0.0 0.2 0.0 0.0
 0.0 0.0 0.0 0.0 0.0
the same, --work 9 --dither none --preprocess off
 0.0 0.0 0.0 0.0 0.0
 0.0 0.0 0.2 0.0 0.0
 0.0 0.2 0.6 0.2 0.0
 0.0 0.0 0.2 0.0 0.0
 0.0 0.0 0.0 0.0 0.0
4×2 pixels on 4×2 characters
 0.3 0.8 0.2 0.7
 0.3 0.8 0.2 0.7
5×5 cells of 8×8 pixels on 5×5 characters
 0.0 0.0 0.0 0.0 0.0
 0.0 0.0 0.0 0.0 0.0
 0.0 0.0 1.0 0.0 0.0
 0.0 0.0 0.0 0.0 0.0
 0.0 0.0 0.0 0.0 0.0
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: at one pixel a character, chafa draws a weight of 1 among zeros as 0.63 with 0.16 around it"
