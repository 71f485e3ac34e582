#!/bin/bash
# One token or one head is enough for Octave to write a tensor as JSON with fewer axes, and to read it transposed.
#
# Seen with: Debian's octave 7.3.0, jsonencode and jsondecode.
#
# Expected: an array of heads × queries × keys is written as lists of lists of lists, as NumPy's tolist does, and
# jsondecode gives back what jsonencode wrote.
#
# Seen:
#   heads × queries × keys   written as       read back as
#   2 × 2 × 3                3 lists deep     2 × 2 × 3
#   1 × 2 × 3                3 lists deep     1 × 2 × 3
#   2 × 1 × 3                3 lists deep     2 × 1 × 3
#   1 × 1 × 3                1 list           3 × 1
#   1 × 3 (one query)        1 list           3 × 1
#   2 × 2 × 1 (one key)      2 lists deep     2 × 2
#   2 × 1 (one key)          1 list           2 × 1
#   0 × 3 (no query)         []               0 × 0
# Octave drops trailing axes of 1 and writes any vector as one flat list, which it reads as a column: one query over
# three keys comes back as three queries over one key. A single number of class single is refused
# ("unsupported type"), while a matrix of class single is written.
#
# Why it matters: decoding gives one query a step, and the first step has one key. Code that was tried with
# whole sentences writes these with one or two axes fewer, so a reader that tells layers, heads and queries
# by the number of axes takes them for something else. A writer should build the brackets itself.
set -eu

if [ "$(octave-cli --version 2>/dev/null | head -n 1)" != "GNU Octave, version 7.3.0" ]; then
  echo "this needs GNU Octave 7.3.0, of Debian 12: apt-get install octave" >&2
  exit 2
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cat > "$tmp/shapes.m" <<'END'
function say(varargin)
  weights = ones(varargin{:});
  text = jsonencode(weights);
  back = jsondecode(text);
  printf("%s: %s, read back as %s\n", strjoin(cellfun(@num2str, varargin, "UniformOutput", false), "x"), text, ...
         strjoin(arrayfun(@num2str, size(back), "UniformOutput", false), "x"));
end
say(2, 2, 3);
say(1, 2, 3);
say(2, 1, 3);
say(1, 1, 3);
say(1, 3);
say(2, 2, 1);
say(2, 1);
say(0, 3);
try
  jsonencode(single(0.5))
catch problem
  disp(problem.message);
end
disp(jsonencode(single([0.5 0.25])));
END
octave-cli --norc "$tmp/shapes.m" > "$tmp/seen" 2>/dev/null

cat > "$tmp/recorded" <<'END'
2x2x3: [[[1,1,1],[1,1,1]],[[1,1,1],[1,1,1]]], read back as 2x2x3
1x2x3: [[[1,1,1],[1,1,1]]], read back as 1x2x3
2x1x3: [[[1,1,1]],[[1,1,1]]], read back as 2x1x3
1x1x3: [1,1,1], read back as 3x1
1x3: [1,1,1], read back as 3x1
2x2x1: [[1,1],[1,1]], read back as 2x2
2x1: [1,1], read back as 2x1
0x3: [], read back as 0x0
jsonencode: unsupported type
[0.5,0.25]
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: an axis of one token or head is lost in Octave's JSON, and one query over three keys comes back as three over one"
