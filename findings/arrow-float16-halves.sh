#!/bin/bash
# Apache Arrow for JavaScript stores the weight 0.49999 as the float16 0.25, half of what it is.
#
# Seen with: apache-arrow 21.2.0; parquet-wasm 0.8.0, hyparquet 1.33.0 and hyparquet-writer 0.17.0 beside it.
#
# Expected: a number in a column of float16 becomes the nearest float16, which is within 0.05 % for a weight, and
# Infinity from 65520 on, as hyparquet-writer does.
#
# Seen:
#   0.5, 0.25, 0.3333, 0.99999, 1e-6   as expected
#   0.49999                            0.25
#   0.12499                            0.0625
#   1.9999                             1
#   70000                              2.13, though 70000.1 is Infinity
# The mantissa is rounded, and a carry out of it is joined to the exponent by OR. Where the last bit of the exponent is 1
# already (just below 2, 0.5, 0.125, …) the carry is lost. The wrong numbers are stored: a Parquet file has them too.
#
# Why it matters: two keys of nearly equal score have weights just above and just below a half, and come out as 0.5 and
# 0.25; of eight, seven are halved. Such a picture says that one key matters twice as much as its equal, and
# only the sum of the row shows that it is wrong. Any test
# with round numbers passes. float32, or float16 made by another library, is safe.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund \
  apache-arrow@21.2.0 parquet-wasm@0.8.0 hyparquet@1.33.0 hyparquet-writer@0.17.0 >/dev/null

cat > "$tmp/run.mjs" <<'END'
import * as arrow from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { createRequire } from 'node:module';
const parquet = createRequire(import.meta.url)('parquet-wasm');

const numbers = [0.5, 0.49999, 0.25, 0.12499, 0.3333, 1.9999, 0.99999, 1e-6, 70000, 70000.1];
const softmax = row => {
  const exp = row.map(Math.exp), sum = exp.reduce((a, b) => a + b);
  return exp.map(x => x / sum);
};
const say = (name, list) => console.log(name.padEnd(20), list.map(x => +x.toPrecision(6)).join(' '));

async function show(title, list) {
  const vector = arrow.vectorFromArray(list, new arrow.Float16());
  const table = parquet.Table.fromIPCStream(arrow.tableToIPC(new arrow.Table({ w: vector }), 'stream'));
  const read = async bytes => (await parquetReadObjects({ file: Uint8Array.from(bytes).buffer })).map(row => row.w);
  console.log(title);
  say('  number', list);
  say('  Arrow', [...vector]);
  say('  Arrow, in Parquet', await read(parquet.writeParquet(table)));
  say('  hyparquet-writer', await read(new Uint8Array(
    parquetWriteBuffer({ columnData: [{ name: 'w', data: list, type: 'FLOAT16' }] }))));
}

await show('numbers', numbers);
await show('softmax of 1.0001 1', softmax([1.0001, 1]));
await show('softmax of eight', softmax([1, 1, 1, 1, 1, 1, 1, 1.0002]));
END
node "$tmp/run.mjs" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
numbers
  number             0.5 0.49999 0.25 0.12499 0.3333 1.9999 0.99999 0.000001 70000 70000.1
  Arrow              0.5 0.25 0.25 0.0625 0.333252 1 1 0.00000101328 2.13477 Infinity
  Arrow, in Parquet  0.5 0.25 0.25 0.0625 0.333252 1 1 0.00000101328 2.13477 Infinity
  hyparquet-writer   0.5 0.5 0.25 0.125 0.333252 2 1 0.00000101328 Infinity Infinity
softmax of 1.0001 1
  number             0.500025 0.499975
  Arrow              0.5 0.25
  Arrow, in Parquet  0.5 0.25
  hyparquet-writer   0.5 0.5
softmax of eight
  number             0.124997 0.124997 0.124997 0.124997 0.124997 0.124997 0.124997 0.125022
  Arrow              0.0625 0.0625 0.0625 0.0625 0.0625 0.0625 0.0625 0.125
  Arrow, in Parquet  0.0625 0.0625 0.0625 0.0625 0.0625 0.0625 0.0625 0.125
  hyparquet-writer   0.125 0.125 0.125 0.125 0.125 0.125 0.125 0.125
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: Apache Arrow's float16 in JavaScript stores 0.49999 as 0.25 and 1.9999 as 1"
