#!/bin/bash
# Which tensors of an ONNX model one asks for decides its scores and weights: 2048 2049 or 2048 2048, 0.27 0.73 or 0.50 0.50.
#
# Seen with: onnxruntime-node 1.30.0 (CPU, x86-64), with all graph optimizations and with none alike.
#
# Expected: naming a tensor of the graph as one more output shows it and changes no other. A float16 tensor that is cast to
# float32 holds what float16 can hold, and the weights are the softmax of the scores that are shown.
#
# Seen, for scores of 2048 and 2049 (float16 has no 2049; the nearest is 2048), from MatMul in float16, Cast to
# float32, Softmax:
#   outputs                      scores      cast        weights
#   weights                                              0.27 0.73
#   weights, scores              2048 2048               0.27 0.73
#   weights, cast                            2048 2049   0.27 0.73
#   weights, scores and cast     2048 2048   2048 2048   0.50 0.50
# It is as if MatMul of float16 were run in float32 between casts, and casts that meet were dropped, the model's own too:
# the scores never are float16, unless both outputs are on the way. All in float16 without the Cast, equal scores have
# the weights 0.27 0.73, and scores that are Infinity and 60000 have finite weights, where a softmax of them is NaN.
# The operator Attention rounds: 0.50 0.50.
#
# Why it matters: naming the scores as an output is how one looks into an exported model, and a softmax in float32
# behind a product in float16 is how many are exported. The picture then shows two equal scores with unequal weights, or
# weights of another computation than the one that ran without it. From 1024 on, float16 scores are whole numbers.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1 >/dev/null

cat > "$tmp/run.cjs" <<'END'
const ort = require('onnxruntime-node');
const { onnx } = require('onnx-proto');
const FLOAT = 1, HALF = 10;

// float16, for positive numbers that are exact in it, and back.
const encode = x => x === 0 ? 0 : ((Math.floor(Math.log2(x)) + 15) << 10) + (x / 2 ** Math.floor(Math.log2(x)) - 1) * 1024;
const decode = h => h === 0x7c00 ? Infinity : h === 0 ? 0 : 2 ** ((h >> 10) - 15) * (1 + (h & 1023) / 1024);

const tensor = (dims, numbers) => new ort.Tensor('float16', Uint16Array.from(numbers, encode), dims);
const node = (opType, input, output, attributes = {}) => ({ opType, input, output,
  attribute: Object.entries(attributes).map(([name, x]) => x.f ? { name, type: 1, f: x.f } : { name, type: 2, i: x }) });

async function show(title, optimizations, feeds, nodes, outputs) {
  const value = (name, elemType, dims) => ({
    name, type: { tensorType: { elemType, shape: dims && { dim: dims.map(dimValue => ({ dimValue })) } } } });
  const model = onnx.ModelProto.encode({ irVersion: 10, opsetImport: [{ domain: '', version: 23 }], graph: {
    name: 'scores', node: nodes, input: Object.entries(feeds).map(([name, { dims }]) => value(name, HALF, dims)),
    output: Object.entries(outputs).map(([name, type]) => value(name, type)) } }).finish();
  const session = await ort.InferenceSession.create(Buffer.from(model),
    { graphOptimizationLevel: optimizations, logSeverityLevel: 4 });
  const seen = await session.run(feeds);
  const numbers = ({ type, data }) => Array.from(data, x => +(type === 'float16' ? decode(x) : x).toFixed(2)).join(' ');
  console.log(title.padEnd(11), optimizations.padEnd(8),
    Object.keys(outputs).map(name => `${name} ${numbers(seen[name])}`).join(', '));
}

// A query of ones has the sum of each key as its score: 2048 and 2049, or 65536 and 60000, scaled to 4 and 3.66.
const feeds = { q: tensor([1, 2], [1, 1]), k: tensor([2, 2], [1024, 1024, 1024, 1025]) };
const large = { q: tensor([1, 2], [1, 1]), k: tensor([2, 2], [32768, 30000, 32768, 30000]), scale: tensor([1], [2 ** -14]) };
const shaped = (dims, { data }) => new ort.Tensor('float16', data, dims);
const matmul = node('MatMul', ['q', 'k'], ['scores']);
const upcast = [matmul, node('Cast', ['scores'], ['cast'], { to: FLOAT }), node('Softmax', ['cast'], ['weights'])];
const half = [matmul, node('Softmax', ['scores'], ['weights'])];

(async () => {
  for (const optimizations of ['all', 'disabled']) {
    await show('upcast', optimizations, feeds, upcast, { weights: FLOAT });
    await show('upcast', optimizations, feeds, upcast, { weights: FLOAT, scores: HALF });
    await show('upcast', optimizations, feeds, upcast, { weights: FLOAT, cast: FLOAT });
    await show('upcast', optimizations, feeds, upcast, { weights: FLOAT, scores: HALF, cast: FLOAT });
    await show('half', optimizations, feeds, half, { weights: HALF });
    await show('half', optimizations, feeds, half, { weights: HALF, scores: HALF });
    await show('half, large', optimizations, large, [matmul, node('Mul', ['scores', 'scale'], ['scaled']),
      node('Softmax', ['scaled'], ['weights'])], { weights: HALF, scores: HALF });
    await show('Attention', optimizations,
      { q: shaped([1, 1, 1, 2], feeds.q), k: shaped([1, 1, 2, 2], feeds.k), v: tensor([1, 1, 2, 2], [1, 0, 0, 1]) },
      [node('Attention', ['q', 'k', 'v'], ['weights', '', '', 'scores'], { scale: { f: 1 } })], { weights: HALF, scores: HALF });
  }
})();
END
node "$tmp/run.cjs" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
upcast      all      weights 0.27 0.73
upcast      all      weights 0.27 0.73, scores 2048 2048
upcast      all      weights 0.27 0.73, cast 2048 2049
upcast      all      weights 0.5 0.5, scores 2048 2048, cast 2048 2048
half        all      weights 0.27 0.73
half        all      weights 0.27 0.73, scores 2048 2048
half, large all      weights 0.58 0.42, scores Infinity 60000
Attention   all      weights 0.5 0.5, scores 2048 2048
upcast      disabled weights 0.27 0.73
upcast      disabled weights 0.27 0.73, scores 2048 2048
upcast      disabled weights 0.27 0.73, cast 2048 2049
upcast      disabled weights 0.5 0.5, scores 2048 2048, cast 2048 2048
half        disabled weights 0.27 0.73
half        disabled weights 0.27 0.73, scores 2048 2048
half, large disabled weights 0.58 0.42, scores Infinity 60000
Attention   disabled weights 0.5 0.5, scores 2048 2048
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: naming scores and their cast as outputs changes the weights of a float16 model from 0.27 0.73 to 0.50 0.50"
