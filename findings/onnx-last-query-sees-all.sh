#!/bin/bash
# Where there are more keys than queries, every query of a causal MultiHeadAttention is causal but the last.
#
# Seen with: onnxruntime-node 1.24.3 and 1.30.0 (CPU); the operator is MultiHeadAttention (com.microsoft) with
# unidirectional = 1 and no past.
#
# Expected: "whether every token can only attend to previous tokens": query i attends to the keys up to i, as Attention of
# opset 23 has it, or, if the two ends belong together, up to i + (keys - queries).
#
# Seen, as the number of keys (always the first ones) that each query gets weight on; all scores are 0:
#   queries, keys   MultiHeadAttention    Attention, is_causal = 1
#   3, 3            1 2 3                 1 2 3
#   5, 3            1 2 3 3 3             1 2 3 3 3
#   3, 5            1 2 5                 1 2 3
#   2, 4            1 4                   1 2
#   1, 3            3                     1 (1.24.3: 3)
# The last row is never masked: among as many keys as queries it has nothing to mask. The diagonal of the others
# begins at the top left, so the last row fits neither rule.
#
# Why it matters: a decoder that reads a longer source, and a prompt whose queries were cut to a few, have such shapes. In a
# heatmap one row, the one that the next token is made of, looks over the whole text while all above it are a triangle. It
# reads as a head that gathers at the end.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cat > "$tmp/run.cjs" <<'END'
const ort = require('onnxruntime-node');
const { onnx } = require('onnx-proto');

const D = 8;

// Row i of what comes back is the weights of query i: V has 1 at (j, j).
async function attend(opType, n, m) {
  const mine = opType === 'MultiHeadAttention';
  const lengths = { q: n, k: m, v: m };
  const dims = length => mine ? [1, length, D] : [1, 1, length, D];
  const model = onnx.ModelProto.encode({
    irVersion: 10, opsetImport: [{ domain: '', version: 23 }, { domain: 'com.microsoft', version: 1 }],
    graph: {
      name: opType,
      input: Object.entries(lengths).map(([name, length]) => ({ name, type: { tensorType: {
        elemType: 1, shape: { dim: dims(length).map(dimValue => ({ dimValue })) } } } })),
      output: [{ name: 'y', type: { tensorType: { elemType: 1 } } }],
      node: [{ opType, domain: mine ? 'com.microsoft' : '', input: ['q', 'k', 'v'], output: ['y'],
        attribute: mine ? [{ name: 'num_heads', type: 2, i: 1 }, { name: 'unidirectional', type: 2, i: 1 }]
          : [{ name: 'is_causal', type: 2, i: 1 }] }] } }).finish();
  const session = await ort.InferenceSession.create(Buffer.from(model));
  const feeds = Object.fromEntries(Object.entries(lengths).map(([name, length]) => [name, new ort.Tensor('float32',
    Float32Array.from({ length: length * D }, (_, i) => +(name === 'v' && i % (D + 1) === 0)), dims(length))]));
  const y = Array.from((await session.run(feeds)).y.data);
  return Array.from({ length: n }, (_, i) => {
    const row = y.slice(i * D, (i + 1) * D), keys = row.filter(x => x > 0).length;
    const alike = row.every((x, j) => Math.abs(x - (j < keys ? 1 / keys : 0)) < 1e-6);
    return alike ? keys : '?';
  }).join(' ');
}

(async () => {
  for (const [n, m] of [[3, 3], [5, 3], [3, 5], [2, 4], [1, 3]])
    console.log('  %d, %d: %s; %s', n, m, await attend('MultiHeadAttention', n, m), await attend('Attention', n, m));
})();
END

for version in 1.24.3 1.30.0; do
  mkdir "$tmp/$version"
  npm install --prefix "$tmp/$version" --ignore-scripts --no-audit --no-fund \
    "onnxruntime-node@$version" onnx-proto@8.0.1 >/dev/null
  cp "$tmp/run.cjs" "$tmp/$version/run.cjs"
  echo "onnxruntime-node $version" >> "$tmp/seen"
  node "$tmp/$version/run.cjs" >> "$tmp/seen"
done

cat > "$tmp/recorded" <<'END'
onnxruntime-node 1.24.3
  3, 3: 1 2 3; 1 2 3
  5, 3: 1 2 3 3 3; 1 2 3 3 3
  3, 5: 1 2 5; 1 2 3
  2, 4: 1 4; 1 2
  1, 3: 3; 3
onnxruntime-node 1.30.0
  3, 3: 1 2 3; 1 2 3
  5, 3: 1 2 3 3 3; 1 2 3 3 3
  3, 5: 1 2 5; 1 2 3
  2, 4: 1 4; 1 2
  1, 3: 3; 1
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: the last query of a causal MultiHeadAttention attends to every key where there are more keys than queries"
