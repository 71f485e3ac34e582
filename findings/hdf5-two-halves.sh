#!/bin/bash
# bfloat16 in HDF5 is a believable picture in one reader and an error in another, and h5dump names both halves alike.
#
# Seen with: h5wasm 0.10.3 (the HDF5 library compiled for Node), jsfive 0.4.2, Debian's python3-h5py 3.7.0 and
# hdf5-tools 1.10.8.
#
# Expected: HDF5 describes a float by its fields (5 bits of exponent for float16, 8 for bfloat16), and the
# library converts any such float. So both halves can be read, and the tool names what it reads.
#
# Seen, for the same weights 1, 0.5, 0.25 and 0 as float16 and as bfloat16:
#   h5py     both right, bfloat16 as float32
#   h5dump   both right; the type of both is "16-bit little-endian floating-point 16-bit precision"
#   jsfive   float16 right; bfloat16 is read as float16, without a word: 1.875, 1.75, 1.625 and 0
#   h5wasm   neither: "Float16 not supported", although the library below it converts them
#
# Why it matters: the wrong numbers are in order, 0 stays 0, and all lie between 0 and 2, so a heatmap of them
# with a colour scale of its own looks like attention, only flatter: 0.25 is drawn 87 % as strong as 1. The sum
# of a row shows it. The listing of h5dump, where one would look next, cannot.
set -eu

if [ "$(h5dump -V 2>/dev/null)" != "h5dump: Version 1.10.8" ] ||
   [ "$(/usr/bin/python3 -c 'import h5py; print(h5py.__version__)' 2>/dev/null)" != 3.7.0 ]; then
  echo "this needs h5dump 1.10.8 and h5py 3.7.0, of Debian 12: apt-get install hdf5-tools python3-h5py" >&2
  exit 2
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund h5wasm@0.10.3 jsfive@0.4.2 >/dev/null

/usr/bin/python3 - "$tmp/weights.h5" > "$tmp/seen" <<'END'
import sys

import h5py
import numpy as np

weights = np.array([1, 0.5, 0.25, 0], "f4")
bfloat16 = h5py.h5t.IEEE_F32LE.copy()
bfloat16.set_fields(15, 7, 8, 0, 7)  # sign, exponent and its width, mantissa and its width
bfloat16.set_ebias(127)
bfloat16.set_size(2)
with h5py.File(sys.argv[1], "w") as file:
    file["float16"] = weights.astype("f2")
    space = h5py.h5s.create_simple(weights.shape)
    h5py.h5d.create(file.id, b"bfloat16", bfloat16, space).write(h5py.h5s.ALL, h5py.h5s.ALL, weights)
with h5py.File(sys.argv[1]) as file:
    for name in "float16", "bfloat16":
        print("h5py   ", name, file[name].dtype, *("%g" % x for x in file[name][()]))
END
for name in float16 bfloat16; do
  h5dump -d "$name" "$tmp/weights.h5" | sed -n "s/^ *DATATYPE */h5dump  $name type /p; s/^ *(0): /h5dump  $name /p"
done >> "$tmp/seen"

cat > "$tmp/run.mjs" <<'END'
import { readFileSync } from 'node:fs';
import * as jsfive from 'jsfive';
import h5wasm from 'h5wasm/node';

const path = process.argv[2];
const bytes = new Uint8Array(readFileSync(path));
await h5wasm.ready;
const readers = { jsfive: new jsfive.File(bytes.buffer, 'weights.h5'), h5wasm: new h5wasm.File(path, 'r') };
for (const [reader, file] of Object.entries(readers))
  for (const name of ['float16', 'bfloat16']) {
    let read;
    try {
      read = Array.from(file.get(name).value).join(' ');
    } catch (error) {
      read = 'error: ' + error.message;
    }
    console.log(reader.padEnd(7), name, read);
  }
END
node "$tmp/run.mjs" "$tmp/weights.h5" >> "$tmp/seen"

cat > "$tmp/recorded" <<'END'
h5py    float16 float16 1 0.5 0.25 0
h5py    bfloat16 float32 1 0.5 0.25 0
h5dump  float16 type 16-bit little-endian floating-point 16-bit precision
h5dump  float16 1, 0.5, 0.25, 0
h5dump  bfloat16 type 16-bit little-endian floating-point 16-bit precision
h5dump  bfloat16 1, 0.5, 0.25, 0
jsfive  float16 1 0.5 0.25 0
jsfive  bfloat16 1.875 1.75 1.625 0
h5wasm  float16 error: Float16 not supported
h5wasm  bfloat16 error: Float16 not supported
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: jsfive reads bfloat16 as float16 (1 0.5 0.25 0 as 1.875 1.75 1.625 0), h5wasm neither, and h5dump names them alike"
