#!/bin/bash
# The same ONNX file gives a masked key a weight in one runtime and none in another.
#
# Seen with: onnxruntime-node 1.23.2 and 1.30.0 (CPU); the operator is Attention of opset 23.
#
# Expected: an operator of a numbered opset means one thing, and a key whose mask is false has
# weight 0, whatever `softcap` is. `qk_matmul_output_mode` picks the stage of the scores that is
# output next to the result; mode 1 and mode 2 name the same two stages in every release.
#
# Seen: one query has the scores 0, 1 and 2, softcap is 2, and the mask hides the third key.
#   1.23.2 adds the mask and then caps: -inf becomes 2 tanh(-inf) = -2, an ordinary score, and the
#   hidden key receives 3.7 % of the attention. Mode 1 is "mask added", mode 2 is "then capped".
#   1.30.0 caps and then adds the mask: the hidden key has weight 0. Mode 1 is now "capped", mode 2
#   is "then mask added". The opset of the file is 23 in both cases; the text of the operator was
#   mended without a new number.
#
# Why it matters: somebody who draws the scores or weights of an exported model with capped logits
# cannot tell from the file which stage mode 1 is, nor whether weight on padding is the model's or
# the runtime's. Only the version of the runtime says it.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cat > "$tmp/run.cjs" <<'END'
const ort = require('onnxruntime-node');
const { onnx } = require('onnx-proto');
const FLOAT = 1, BOOL = 9;

const value = (name, elemType, dims) => ({
  name, type: { tensorType: { elemType, shape: dims && { dim: dims.map(dimValue => ({ dimValue })) } } } });

async function attend(mode) {
  const model = onnx.ModelProto.encode({
    irVersion: 10, opsetImport: [{ domain: '', version: 23 }],
    graph: {
      name: 'attention',
      input: [value('q', FLOAT, [1, 1, 1, 1]), value('k', FLOAT, [1, 1, 3, 1]),
              value('v', FLOAT, [1, 1, 3, 3]), value('mask', BOOL, [1, 3])],
      output: [value('y', FLOAT), value('scores', FLOAT)],
      node: [{ opType: 'Attention', input: ['q', 'k', 'v', 'mask'], output: ['y', '', '', 'scores'],
        attribute: [{ name: 'scale', type: 1, f: 1 }, { name: 'softcap', type: 1, f: 2 },
                    { name: 'qk_matmul_output_mode', type: 2, i: mode }] }] } }).finish();
  const session = await ort.InferenceSession.create(Buffer.from(model), { logSeverityLevel: 4 });
  const tensor = (dims, data) => new ort.Tensor('float32', Float32Array.from(data), dims);
  return session.run({
    q: tensor([1, 1, 1, 1], [1]), k: tensor([1, 1, 3, 1], [0, 1, 2]),
    v: tensor([1, 1, 3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]),   // the identity: y is the row of weights
    mask: new ort.Tensor('bool', Uint8Array.from([1, 1, 0]), [1, 3]) });
}

(async () => {
  const row = data => Array.from(data, x => x < -1e38 ? 'lowest' : x.toFixed(4)).join(' ');
  for (const mode of [1, 2]) {
    const { y, scores } = await attend(mode);
    if (mode === 1) console.log('weights:', row(y.data));
    console.log(`mode ${mode}: `, row(scores.data));
  }
})();
END

for version in 1.23.2 1.30.0; do
  mkdir "$tmp/$version"
  npm install --prefix "$tmp/$version" --ignore-scripts --no-audit --no-fund \
    "onnxruntime-node@$version" onnx-proto@8.0.1 >/dev/null
  cp "$tmp/run.cjs" "$tmp/$version/run.cjs"
  echo "onnxruntime-node $version" >> "$tmp/seen"
  node "$tmp/$version/run.cjs" >> "$tmp/seen"
done

cat > "$tmp/recorded" <<'END'
onnxruntime-node 1.23.2
weights: 0.2736 0.6894 0.0370
mode 1:  0.0000 1.0000 lowest
mode 2:  0.0000 0.9242 -2.0000
onnxruntime-node 1.30.0
weights: 0.2841 0.7159 0.0000
mode 1:  0.0000 0.9242 1.5232
mode 2:  0.0000 0.9242 lowest
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: softcap gives a masked key weight in onnxruntime 1.23.2 and none in 1.30.0, and modes 1 and 2 have changed places"
