#!/bin/bash
# In a layout of blocks, a row of blocks that names none attends to everything.
#
# Seen with: onnxruntime-node 1.30.0 (CPU); the operator is SparseAttention (com.microsoft), 48 tokens, blocks of 16.
#
# Expected: block_row_indices and block_col_indices say which blocks of keys each block of queries may attend to, as rows and
# columns of a sparse matrix, and a query sees the keys of these blocks that do not come after it. A row without blocks sees
# nothing: its weights are 0, or NaN.
#
# Seen, as the keys that the queries 5, 20 and 40 get equal weight on:
#   blocks of rows 0, 1, 2      query 5    query 20          query 40
#   0 | 1 | 2                   0..5       16..20            32..40
#   0 | 0 1 | 0 2               0..5       0..20             0..15 and 32..40
#   0 | 0 | 0                   0..5       0..15             0..15
#   0 | none | 2                0..5       0..20: all        32..40
#   0 | 1 | none                0..5       16..20            0..40: all
# A row of no blocks is taken for a row without sparsity, also in decoding.
#
# Why it matters: layouts are made by pruning blocks by their weight, and the row in which all were pruned is the one that
# becomes dense. A heatmap of the layout shows an empty band where the operator attends to the whole text, and a count of
# multiplications from the layout is too small.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1 >/dev/null

cat > "$tmp/run.cjs" <<'END'
const ort = require('onnxruntime-node');
const { onnx } = require('onnx-proto');
const TYPES = { float32: 1, int32: 6 };
const ARRAYS = { float32: Float32Array, int32: Int32Array };
const N = 48, ROOM = 64, D = 64, BLOCK = 16;

const zeros = length => Array(length * D).fill(0);
const ones = length => zeros(length).map((_, i) => +(i % (D + 1) === 0));  // V: row i of y is the weights of query i

async function attend(layout) {
  const rows = [0], columns = [];
  for (const blocks of [...layout, [3]]) {  // a fourth row for the room that no token fills
    columns.push(...blocks);
    rows.push(columns.length);
  }
  const most = 10, inputs = [
    ['float32', [1, N, D], zeros(N)], ['float32', [1, N, D], zeros(N)], ['float32', [1, N, D], ones(N)],
    ['float32', [1, 1, ROOM, D], zeros(ROOM)], ['float32', [1, 1, ROOM, D], zeros(ROOM)],
    ['int32', [1, rows.length], rows], ['int32', [1, most], columns.concat(Array(most - columns.length).fill(-1))],
    ['int32', [1], [N]], ['int32', [1], [N]]];
  const names = inputs.map((_, i) => 'in' + i), output = ['y', 'k', 'v'];
  const model = onnx.ModelProto.encode({
    irVersion: 10, opsetImport: [{ domain: '', version: 21 }, { domain: 'com.microsoft', version: 1 }],
    graph: {
      name: 'sparse',
      input: inputs.map(([type, dims], i) => ({ name: names[i], type: { tensorType: {
        elemType: TYPES[type], shape: { dim: dims.map(dimValue => ({ dimValue })) } } } })),
      output: output.map(name => ({ name, type: { tensorType: { elemType: 1 } } })),
      node: [{ opType: 'SparseAttention', domain: 'com.microsoft', input: names, output,
        attribute: Object.entries({ num_heads: 1, kv_num_heads: 1, sparse_block_size: BLOCK }).map(
          ([name, i]) => ({ name, type: 2, i })) }] } }).finish();
  const session = await ort.InferenceSession.create(Buffer.from(model));
  const feeds = Object.fromEntries(inputs.map(([type, dims, data], i) =>
    [names[i], new ort.Tensor(type, ARRAYS[type].from(data), dims)]));
  // The cache is written in place, so that its outputs are its inputs.
  const y = Array.from((await session.run(feeds, { y: null, k: feeds.in3, v: feeds.in4 })).y.data);
  return [5, 20, 40].map(i => {
    const ranges = [];
    y.slice(i * D, (i + 1) * D).forEach((weight, j) => {
      if (!(weight > 1e-6)) return;
      if (ranges.length && ranges.at(-1)[1] === j - 1) ranges.at(-1)[1] = j;
      else ranges.push([j, j]);
    });
    return ranges.map(range => range.join('..')).join(' and ') || 'none';
  }).join(', ');
}

(async () => {
  for (const layout of [[[0], [1], [2]], [[0], [0, 1], [0, 2]], [[0], [0], [0]], [[0], [], [2]], [[0], [1], []]])
    console.log(layout.map(blocks => blocks.join(' ') || 'none').join(' | ') + ':', await attend(layout));
})();
END
node "$tmp/run.cjs" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
0 | 1 | 2: 0..5, 16..20, 32..40
0 | 0 1 | 0 2: 0..5, 0..20, 0..15 and 32..40
0 | 0 | 0: 0..5, 0..15, 0..15
0 | none | 2: 0..5, 0..20, 32..40
0 | 1 | none: 0..5, 16..20, 0..40
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: queries whose row of the layout has no block attend to every key before them"
