#!/bin/bash
# Scores "before the softmax" mark a masked pair as 0, as -3.4e38 or as its score less 10000.
#
# Seen with: onnxruntime-node 1.30.0 (CPU); GroupQueryAttention and MultiHeadAttention (com.microsoft).
#
# Expected: an operator that outputs its scores before the softmax holds -inf where a pair is masked,
# so that the softmax of each output row is the row of weights.
#
# Seen, for two tokens whose second key is in the future of the first query (scores 1 and 2 in each row):
#   GroupQueryAttention, qk_output 1   the masked pair is 0. Softmax of the row [1, 0] gives 0.73 and 0.27,
#                                      where the operator itself weighs 1 and 0.
#   MultiHeadAttention, unidirectional the masked pair is -3.4028235e38, the lowest float32.
#   the same, and the first key padded every allowed pair of a padded key is its score less 10000, so
#                                      the row of the first query is [-9999, -3.4028235e38].
#
# Why it matters: 0 is an ordinary score, in the middle of the range of most heads: nothing in the tensor
# says which zeros are masked, and a recomputed softmax leaks weight into the future. -3.4e38 takes the
# whole colour scale for itself unless it is known for a mask. A picture of scores needs the mask beside
# the tensor, even where the tensor has been masked already.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1 >/dev/null

cat > "$tmp/run.cjs" <<'END'
const ort = require('onnxruntime-node');
const { onnx } = require('onnx-proto');
const TYPES = { float32: 1, int32: 6 };
const ARRAYS = { float32: Float32Array, int32: Int32Array };

// Run one operator. `inputs` are [type, dims, data], or null for one left out.
async function run(opType, attributes, inputs, outputs) {
  const names = inputs.map((input, i) => input ? 'in' + i : '');
  const given = inputs.map((input, i) => [names[i], input]).filter(pair => pair[1]);
  const model = onnx.ModelProto.encode({
    irVersion: 10, opsetImport: [{ domain: '', version: 23 }, { domain: 'com.microsoft', version: 1 }],
    graph: {
      name: opType,
      input: given.map(([name, [type, dims]]) => ({ name, type: { tensorType: {
        elemType: TYPES[type], shape: { dim: dims.map(dimValue => ({ dimValue })) } } } })),
      output: outputs.filter(name => name).map(name => ({ name, type: { tensorType: { elemType: 1 } } })),
      node: [{ opType, domain: 'com.microsoft', input: names, output: outputs,
        attribute: [{ name: 'scale', type: 1, f: 1 },
                    ...Object.entries(attributes).map(([name, i]) => ({ name, type: 2, i }))] }] } }).finish();
  const session = await ort.InferenceSession.create(Buffer.from(model), { logSeverityLevel: 4 });
  return session.run(Object.fromEntries(given.map(([name, [type, dims, data]]) =>
    [name, new ort.Tensor(type, ARRAYS[type].from(data), dims)])));
}

// Two tokens, d = 8, of which the first dimension alone is used: every query scores the keys 1 and 2.
// V has 1 at (i, i): the first two columns of y are the weights.
const at = pairs => Array.from({ length: 16 }, (_, i) => pairs[i] ?? 0);
const qkv = [at({ 0: 1, 8: 1 }), at({ 0: 1, 8: 2 }), at({ 0: 1, 9: 1 })].map(data => ['float32', [1, 2, 8], data]);

(async () => {
  const say = (name, { y, scores }) => {
    const number = x => x < -1e38 ? 'lowest' : String(+x.toFixed(2));
    const rows = (data, width) => [0, width].map(i => Array.from(data.slice(i, i + 2), number).join(' ')).join(' | ');
    console.log(name.padEnd(36), 'scores', rows(scores.data, 2).padEnd(28), 'weights', rows(y.data, 8));
  };
  say('GroupQueryAttention, qk_output 1', await run('GroupQueryAttention',
    { num_heads: 1, kv_num_heads: 1, qk_output: 1 },
    [...qkv, null, null, ['int32', [1], [1]], ['int32', [], [2]]], ['y', 'present_k', 'present_v', 'scores']));
  say('MultiHeadAttention', await run('MultiHeadAttention', { num_heads: 1, unidirectional: 1 },
    qkv, ['y', '', '', 'scores']));
  say('MultiHeadAttention, key 0 padded', await run('MultiHeadAttention', { num_heads: 1, unidirectional: 1 },
    [...qkv, null, ['int32', [1, 2], [0, 1]]], ['y', '', '', 'scores']));
})();
END
node "$tmp/run.cjs" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
GroupQueryAttention, qk_output 1     scores 1 0 | 1 2                    weights 1 0 | 0.27 0.73
MultiHeadAttention                   scores 1 lowest | 1 2               weights 1 0 | 0.27 0.73
MultiHeadAttention, key 0 padded     scores -9999 lowest | -9999 2       weights 1 0 | 0 1
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: scores before the softmax hold 0, the lowest float or the score less 10000 where a pair is masked"
