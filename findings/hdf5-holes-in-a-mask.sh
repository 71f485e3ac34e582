#!/bin/bash
# A mask of -inf that HDF5 keeps as a fill value is read as holes: neither -inf, nor 0, nor NaN.
#
# Seen with: jsfive 0.4.2, files of Debian's python3-h5py 3.7.0.
#
# Expected: a chunk of HDF5 that was never written reads as the fill value of its dataset, as in h5py and h5dump.
# A reader that does not know fill values gives 0.
#
# Seen, for a 4×4 bias with the fill value -inf, whose lower left chunk and diagonal chunks are written:
#   h5py     -inf in the upper right
#   jsfive   an array of 16 whose cells 2, 3, 6 and 7 do not exist. They are undefined if asked for, null in
#            JSON, NaN in a Float32Array; forEach, map and reduce pass over them, and the sum of the bias is finite.
#
# Why it matters: a causal mask is the very tensor that a fill value is made for. Drawn with forEach, masked cells
# keep the colour of the background; sent on as JSON they are null; as floats they are NaN, and turn
# the whole row of weights into NaN. Only the last is noticed.
set -eu

if [ "$(/usr/bin/python3 -c 'import h5py; print(h5py.__version__)' 2>/dev/null)" != 3.7.0 ]; then
  echo "this needs h5py 3.7.0, of Debian 12: apt-get install python3-h5py" >&2
  exit 2
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund jsfive@0.4.2 >/dev/null

/usr/bin/python3 - "$tmp/bias.h5" > "$tmp/seen" <<'END'
import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1], "w") as file:
    bias = file.create_dataset("bias", (4, 4), "f4", chunks=(2, 2), fillvalue=-np.inf)
    bias[0:2, 0:2] = 1
    bias[2:4, 0:4] = 1
    print("h5py row 0:", *bias[0])
END

cat > "$tmp/run.mjs" <<'END'
import { readFileSync } from 'node:fs';
import * as jsfive from 'jsfive';

const bytes = new Uint8Array(readFileSync(process.argv[2]));
const bias = new jsfive.File(bytes.buffer, 'bias.h5').get('bias').value;
console.log('jsfive row 0 in JSON:', JSON.stringify(bias.slice(0, 4)));
console.log('jsfive row 0 as floats:', Float32Array.from(bias.slice(0, 4)).join(' '));
console.log('length, cells that exist, sum:', bias.length, Object.keys(bias).length, bias.reduce((sum, x) => sum + x));
END
node "$tmp/run.mjs" "$tmp/bias.h5" >> "$tmp/seen"

cat > "$tmp/recorded" <<'END'
h5py row 0: 1.0 1.0 -inf -inf
jsfive row 0 in JSON: [1,1,null,null]
jsfive row 0 as floats: 1 1 NaN NaN
length, cells that exist, sum: 16 12 12
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: jsfive reads chunks of HDF5 that hold only the fill value -inf as cells that do not exist"
