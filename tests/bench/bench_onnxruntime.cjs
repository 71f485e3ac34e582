// Attention of one shape by ONNX Runtime, for bench.py: a session that is kept warm.
// usage: node bench_onnxruntime.cjs FOLDER OPERATOR N HEADS D THREADS CAUSAL OUTPUT
// FOLDER/node_modules has onnxruntime-node and onnx-proto; OPERATOR is MultiHeadAttention (of com.microsoft) or Attention (opset
// 23); CAUSAL is 0 or 1. Inputs are those of bench_engine.c's "peer": n×(heads·d). Writes the output of the first run to OUTPUT
// and prints its version; then for each line of standard input, some seconds, runs for as long and prints the seconds of the
// fastest run. Tensors are made before, those of outputs too.
const fs = require('fs');
const path = require('path');
const readline = require('readline');
const [folder, operator, ...rest] = process.argv.slice(2);
const [n, heads, d, threads, causal] = rest.slice(0, 5).map(Number);
const modules = path.resolve(folder, 'node_modules');
const ort = require(path.join(modules, 'onnxruntime-node'));
const { onnx } = require(path.join(modules, 'onnx-proto'));

const OPERATORS = {
  MultiHeadAttention: { domain: 'com.microsoft', attributes: { num_heads: heads, unidirectional: causal } },
  Attention: { domain: '', attributes: { q_num_heads: heads, kv_num_heads: heads, is_causal: causal } },
};

// Numbers from -1 to 1, the same as those of bench_engine.c.
function noise(count) {
  const x = new Float32Array(count);
  let seed = 1;
  for (let i = 0; i < count; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    x[i] = (seed >>> 8) / 8388608 - 1;
  }
  return x;
}

function model() {
  const { domain, attributes } = OPERATORS[operator];
  const value = name => ({ name, type: { tensorType: {
    elemType: 1, shape: { dim: [1, n, heads * d].map(dimValue => ({ dimValue })) } } } });
  return Buffer.from(onnx.ModelProto.encode({
    irVersion: 10, opsetImport: [{ domain: '', version: 23 }, { domain: 'com.microsoft', version: 1 }],
    graph: {
      name: operator, input: ['q', 'k', 'v'].map(value), output: [value('y')],
      node: [{ opType: operator, domain, input: ['q', 'k', 'v'], output: ['y'],
        attribute: Object.entries(attributes).map(([name, i]) => ({ name, type: 2, i })) }] } }).finish());
}

(async () => {
  const session = await ort.InferenceSession.create(model(), {
    intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 4 });
  const count = n * heads * d;
  const x = noise(3 * count);
  const tensor = data => new ort.Tensor('float32', data, [1, n, heads * d]);
  const feeds = Object.fromEntries(['q', 'k', 'v'].map((name, i) => [name, tensor(x.slice(i * count, (i + 1) * count))]));
  const y = new Float32Array(count);
  const fetches = { y: tensor(y) };
  await session.run(feeds, fetches);
  fs.writeFileSync(rest[5], y);
  console.log(JSON.parse(fs.readFileSync(path.join(modules, 'onnxruntime-node', 'package.json'))).version);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const start = process.hrtime.bigint(), fill = BigInt(Math.round(1e9 * Number(line)));
    let best = Infinity, now = start;
    await session.run(feeds, fetches); // its threads may have gone to sleep
    do {
      const before = process.hrtime.bigint();
      await session.run(feeds, fetches);
      now = process.hrtime.bigint();
      best = Math.min(best, Number(now - before));
    } while (now - start < fill);
    console.log((1e-9 * best).toFixed(9));
  }
})();
