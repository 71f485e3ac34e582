#!/bin/bash
# One query behind a cache is not causal, though the same query in front of another one is.
#
# Seen with: onnxruntime-node 1.30.0 (CPU); the operator is Attention of opset 23 with is_causal = 1.
#
# Expected: with a past of P keys, query i attends to the keys up to P + i, as it does where there are two queries, however
# many there are. A chunk of keys that is longer than the chunk of queries does not change it.
#
# Seen: all scores are 0 and the value of key j is j + 1, so that the output is the mean of the values that are attended to.
#   past  new keys  queries   output of query 0
#   0     3         1         1     key 0 alone: causal
#   1     3         2         1.5   keys 0 and 1: causal
#   1     3         1         2.5   all four keys: is_causal does nothing
#   2     2         1         2.5   all four keys
# Without a past a single query is causal; behind a past it sees every key, also those after its own.
#
# Why it matters: decoding has one query and one new key, where both are the same. Speculative decoding, cross-attention with
# a cache, and a dump of one row of a longer chunk have more keys than queries. Row 0 of the whole and row 0 alone then differ,
# and a weight on a later key looks like a leak in the model.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1 >/dev/null

cat > "$tmp/run.cjs" <<'END'
const ort = require('onnxruntime-node');
const { onnx } = require('onnx-proto');

// The output of query 0, whose scores are all 0.
async function attend(past, keys, queries) {
  const names = ['q', 'k', 'v', '', past ? 'past_k' : '', past ? 'past_v' : ''];
  const made = past ? ['y', 'present_k', 'present_v'] : ['y'];
  const tensor = (length, first) => new ort.Tensor('float32',
    Float32Array.from({ length }, (_, i) => first === null ? 0 : first + i), [1, 1, length, 1]);
  const feeds = { q: tensor(queries, null), k: tensor(keys, null), v: tensor(keys, past + 1) };
  if (past)
    Object.assign(feeds, { past_k: tensor(past, null), past_v: tensor(past, 1) });
  const value = (name, dims) => ({ name, type: { tensorType: { elemType: 1,
    ...(dims && { shape: { dim: dims.map(dimValue => ({ dimValue })) } }) } } });
  const model = onnx.ModelProto.encode({
    irVersion: 10, opsetImport: [{ domain: '', version: 23 }],
    graph: {
      name: 'one', input: Object.entries(feeds).map(([name, { dims }]) => value(name, dims)), output: made.map(name => value(name)),
      node: [{ opType: 'Attention', input: names, output: made, attribute: [{ name: 'is_causal', type: 2, i: 1 }] }] } }).finish();
  const session = await ort.InferenceSession.create(Buffer.from(model), { logSeverityLevel: 4 });
  return (await session.run(feeds)).y.data[0];
}

(async () => {
  for (const [past, keys, queries] of [[0, 3, 1], [1, 3, 2], [1, 3, 1], [2, 2, 1]])
    console.log(past, keys, queries, await attend(past, keys, queries));
})();
END
node "$tmp/run.cjs" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
0 3 1 1
1 3 2 1.5
1 3 1 2.5
2 2 1 2.5
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: causal does nothing for a single query behind a past"
