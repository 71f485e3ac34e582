#!/bin/bash
# A query all of whose keys are masked gets one of four rows, depending on how the mask is spelled.
#
# Seen with: onnxruntime-node 1.30.0 (CPU); Attention (opset 23) and MultiHeadAttention (com.microsoft).
#
# Expected: a row with no allowed key comes out in one way in one library: NaN, zeros, or 1/m each.
#
# Seen, for a query with the scores 0, 1 and 2 (unmasked: 0.09 0.24 0.67):
#   Attention, boolean mask of false, or float mask of -inf     zeros
#   Attention, float mask of -3.4028235e38 (finfo.min)          zeros, like a mask
#   Attention, float mask of -3.402e38                          1/3 each, like a number
#   MultiHeadAttention, attention_bias of -inf                  NaN
#   MultiHeadAttention, attention_bias of -3.4028235e38         1/3 each
#   MultiHeadAttention, key_padding_mask of zeros               0.09 0.24 0.67: as if nothing were masked
# The padding mask adds -10000 to every score, and softmax does not see what is added to all. Many exporters
# write "masked" as finfo.min, and only the very lowest float is taken for a mask: 0.02 % above it,
# the same row is uniform.
#
# Why it matters: rows of padding are a part of every batch. Drawn, they are dark, missing, flat or
# a believable pattern, and none of the four says anything about the model. A reader of weights should
# ask the mask which rows have no key, and not the numbers.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1 >/dev/null

cat > "$tmp/run.cjs" <<'END'
const ort = require('onnxruntime-node');
const { onnx } = require('onnx-proto');
const TYPES = { float32: 1, int32: 6, bool: 9 };
const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

// Run one operator. `inputs` are [type, dims, data], or null for one left out; its first output is returned.
async function run(opType, domain, attribute, inputs) {
  const names = inputs.map((input, i) => input ? 'in' + i : '');
  const given = inputs.map((input, i) => [names[i], input]).filter(pair => pair[1]);
  const model = onnx.ModelProto.encode({
    irVersion: 10, opsetImport: [{ domain: '', version: 23 }, { domain: 'com.microsoft', version: 1 }],
    graph: {
      name: opType,
      input: given.map(([name, [type, dims]]) => ({ name, type: { tensorType: {
        elemType: TYPES[type], shape: { dim: dims.map(dimValue => ({ dimValue })) } } } })),
      output: [{ name: 'y', type: { tensorType: { elemType: TYPES.float32 } } }],
      node: [{ opType, domain, input: names, output: ['y'], attribute }] } }).finish();
  const session = await ort.InferenceSession.create(Buffer.from(model), { logSeverityLevel: 4 });
  const feeds = Object.fromEntries(given.map(([name, [type, dims, data]]) =>
    [name, new ort.Tensor(type, ARRAYS[type].from(data), dims)]));
  return Array.from((await session.run(feeds)).y.data);
}

// Scores 0, 1 and 2 by the first of three dimensions; V is the identity, so y is the row of weights.
const q = [1, 0, 0], k = [0, 0, 0, 1, 0, 0, 2, 0, 0], v = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const scale = { name: 'scale', type: 1, f: 1 }, heads = { name: 'num_heads', type: 2, i: 1 };

const attention = (type, mask) => run('Attention', '', [scale],
  [['float32', [1, 1, 1, 3], q], ['float32', [1, 1, 3, 3], k], ['float32', [1, 1, 3, 3], v], [type, [1, 3], mask]]);
const multiHead = (padding, bias) => run('MultiHeadAttention', 'com.microsoft', [scale, heads],
  [['float32', [1, 1, 3], q], ['float32', [1, 3, 3], k], ['float32', [1, 3, 3], v], null,
   padding && ['int32', [1, 3], padding], bias && ['float32', [1, 1, 1, 3], bias]]);

(async () => {
  const say = (name, row) => console.log(name.padEnd(42), row.map(x => x.toFixed(2)).join(' '));
  const three = x => [x, x, x];
  say('Attention, nothing masked', await attention('float32', three(0)));
  say('Attention, false', await attention('bool', three(0)));
  say('Attention, -inf', await attention('float32', three(-Infinity)));
  say('Attention, -3.4028235e38', await attention('float32', three(-3.4028235e38)));
  say('Attention, -3.402e38', await attention('float32', three(-3.402e38)));
  say('MultiHeadAttention, bias -inf', await multiHead(null, three(-Infinity)));
  say('MultiHeadAttention, bias -3.4028235e38', await multiHead(null, three(-3.4028235e38)));
  say('MultiHeadAttention, key_padding_mask 0', await multiHead(three(0), null));
})();
END
node "$tmp/run.cjs" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
Attention, nothing masked                  0.09 0.24 0.67
Attention, false                           0.00 0.00 0.00
Attention, -inf                            0.00 0.00 0.00
Attention, -3.4028235e38                   0.00 0.00 0.00
Attention, -3.402e38                       0.33 0.33 0.33
MultiHeadAttention, bias -inf              NaN NaN NaN
MultiHeadAttention, bias -3.4028235e38     0.33 0.33 0.33
MultiHeadAttention, key_padding_mask 0     0.09 0.24 0.67
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: a row without keys is zeros, 1/m, NaN or unmasked in one runtime, by the spelling of the mask"
