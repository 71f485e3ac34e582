#!/bin/bash
# The number of keys that are not padding is ignored, masks the padding, or also moves the causal diagonal, by version.
#
# Seen with: onnxruntime-node 1.24.3, 1.27.0 and 1.30.0 (CPU); Attention of opset 24 with is_causal = 1, and
# GroupQueryAttention (com.microsoft).
#
# Expected: nonpad_kv_seqlen hides the keys from that number on. Causal stays causal: query i sees no key after i.
# A length that equals the number of keys hides nothing and changes nothing.
#
# Seen, as the number of keys that each query gets weight on (always the first ones, with one weight each):
#                                          1.24.3   1.27.0   1.30.0
#   2 queries, 4 keys, no length           1 2      1 2      1 2
#   2 queries, 4 keys, all 4 valid         1 2      1 2      3 4
#   3 tokens, of which 2 are valid         1 2 3    1 2 2    0 1 2
#   its valid tokens, GroupQueryAttention  1 2      1 2      1 2
# 1.24.3 takes the input and ignores it, without a warning: keys of padding have weight. 1.30.0 draws the diagonal to
# the last valid key, which suits a cache. In a prompt padded behind, the first token then has no key (a row of zeros), no
# token sees itself, and only the padding sees what the last token should. Its neighbour GroupQueryAttention does
# not. The opset of the file is 24 in all three: its text was mended without a new number.
#
# Why it matters: a batch of sentences of unlike length is where such lengths come from. The shorter ones look shifted by a
# token for each token of padding, a row of zeros looks like a dead token, and the longest sentence of the batch
# looks right. A causal picture should say which corner its diagonal starts from; the file does not.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cat > "$tmp/run.cjs" <<'END'
const ort = require('onnxruntime-node');
const { onnx } = require('onnx-proto');
const TYPES = { float32: 1, int32: 6, int64: 7 };
const ARRAYS = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array };

// Run one operator. `inputs` are [type, dims, data], or null for one left out; its first output is returned.
async function run(opType, domain, attributes, inputs, output) {
  const names = inputs.map((input, i) => input ? 'in' + i : '');
  const given = inputs.map((input, i) => [names[i], input]).filter(pair => pair[1]);
  const model = onnx.ModelProto.encode({
    irVersion: 10, opsetImport: [{ domain: '', version: 24 }, { domain: 'com.microsoft', version: 1 }],
    graph: {
      name: opType,
      input: given.map(([name, [type, dims]]) => ({ name, type: { tensorType: {
        elemType: TYPES[type], shape: { dim: dims.map(dimValue => ({ dimValue })) } } } })),
      output: output.map(name => ({ name, type: { tensorType: { elemType: TYPES.float32 } } })),
      node: [{ opType, domain, input: names, output,
        attribute: Object.entries(attributes).map(([name, i]) => ({ name, type: 2, i })) }] } }).finish();
  const session = await ort.InferenceSession.create(Buffer.from(model));
  const feeds = Object.fromEntries(given.map(([name, [type, dims, data]]) =>
    [name, new ort.Tensor(type, ARRAYS[type].from(data), dims)]));
  return Array.from((await session.run(feeds)).y.data);
}

// Every score is 0. V has 1 at (i, i), so that row i of y is the weights of query i.
const D = 8;
const zeros = tokens => Array(tokens * D).fill(0);
const ones = tokens => zeros(tokens).map((_, i) => +(i % (D + 1) === 0));

const attention = (n, m, length) => run('Attention', '', { is_causal: 1 },
  [['float32', [1, 1, n, D], zeros(n)], ['float32', [1, 1, m, D], zeros(m)], ['float32', [1, 1, m, D], ones(m)],
   null, null, null, length && ['int64', [1], [BigInt(length)]]], ['y']);
const groupQuery = (n, length) => run('GroupQueryAttention', 'com.microsoft', { num_heads: 1, kv_num_heads: 1 },
  [['float32', [1, n, D], zeros(n)], ['float32', [1, n, D], zeros(n)], ['float32', [1, n, D], ones(n)],
   null, null, ['int32', [1], [length - 1]], ['int32', [], [n]]], ['y', 'present_k', 'present_v']);

(async () => {
  const say = (name, y) => {
    const rows = [];
    for (let i = 0; i < y.length; i += D) rows.push(y.slice(i, i + D).filter(x => x).map(x => x.toFixed(2)).join(' ') || '-');
    console.log('  ' + name.padEnd(38), rows.join(' | '));
  };
  say('2 queries, 4 keys, no length', await attention(2, 4));
  say('2 queries, 4 keys, all 4 valid', await attention(2, 4, 4));
  say('3 tokens, of which 2 are valid', await attention(3, 3, 2));
  say('its valid tokens, GroupQueryAttention', (await groupQuery(3, 2)).slice(0, 2 * D));
})();
END

for version in 1.24.3 1.27.0 1.30.0; do
  mkdir "$tmp/$version"
  npm install --prefix "$tmp/$version" --ignore-scripts --no-audit --no-fund \
    "onnxruntime-node@$version" onnx-proto@8.0.1 >/dev/null
  cp "$tmp/run.cjs" "$tmp/$version/run.cjs"
  echo "onnxruntime-node $version" >> "$tmp/seen"
  node "$tmp/$version/run.cjs" >> "$tmp/seen"
done

cat > "$tmp/recorded" <<'END'
onnxruntime-node 1.24.3
  2 queries, 4 keys, no length           1.00 | 0.50 0.50
  2 queries, 4 keys, all 4 valid         1.00 | 0.50 0.50
  3 tokens, of which 2 are valid         1.00 | 0.50 0.50 | 0.33 0.33 0.33
  its valid tokens, GroupQueryAttention  1.00 | 0.50 0.50
onnxruntime-node 1.27.0
  2 queries, 4 keys, no length           1.00 | 0.50 0.50
  2 queries, 4 keys, all 4 valid         1.00 | 0.50 0.50
  3 tokens, of which 2 are valid         1.00 | 0.50 0.50 | 0.50 0.50
  its valid tokens, GroupQueryAttention  1.00 | 0.50 0.50
onnxruntime-node 1.30.0
  2 queries, 4 keys, no length           1.00 | 0.50 0.50
  2 queries, 4 keys, all 4 valid         0.33 0.33 0.33 | 0.25 0.25 0.25 0.25
  3 tokens, of which 2 are valid         - | 1.00 | 0.50 0.50
  its valid tokens, GroupQueryAttention  1.00 | 0.50 0.50
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: the length of the keys is ignored by onnxruntime 1.24.3, masks in 1.27.0 and moves the causal diagonal in 1.30.0"
