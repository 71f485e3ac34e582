// Runs one operator of ONNX Runtime for each line of standard input, a JSON object {op, domain, opset, attributes, inputs,
// outputs}, and prints its first output as a JSON list. inputs are [type, dims, numbers], or null for one left out.
const path = require('path');
const readline = require('readline');
const modules = path.resolve(process.argv[2], 'node_modules');
const ort = require(path.join(modules, 'onnxruntime-node'));
const { onnx } = require(path.join(modules, 'onnx-proto'));

const TYPES = { float32: 1, int32: 6, bool: 9 };
const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

async function run({ op, domain, opset, attributes, inputs, outputs }) {
  const names = inputs.map((input, i) => input ? 'in' + i : '');
  const given = inputs.map((input, i) => [names[i], input]).filter(pair => pair[1]);
  const made = Array.from({ length: outputs }, (_, i) => 'out' + i);
  const attribute = Object.entries(attributes).map(([name, value]) =>
    Number.isInteger(value.i) ? { name, type: 2, i: value.i } : { name, type: 1, f: value.f });
  const model = onnx.ModelProto.encode({
    irVersion: 10, opsetImport: [{ domain: '', version: opset }, { domain: 'com.microsoft', version: 1 }],
    graph: {
      name: op,
      input: given.map(([name, [type, dims]]) => ({ name, type: { tensorType: {
        elemType: TYPES[type], shape: { dim: dims.map(dimValue => ({ dimValue })) } } } })),
      output: made.map(name => ({ name, type: { tensorType: { elemType: TYPES.float32 } } })),
      node: [{ opType: op, domain, input: names, output: made, attribute }] } }).finish();
  const session = await ort.InferenceSession.create(Buffer.from(model), { logSeverityLevel: 4 });
  const feeds = Object.fromEntries(given.map(([name, [type, dims, data]]) =>
    [name, new ort.Tensor(type, ARRAYS[type].from(data), dims)]));
  return Array.from((await session.run(feeds)).out0.data);
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const problem = JSON.parse(line, (_, value) => value === '-inf' ? -Infinity : value);
    try {
      console.log(JSON.stringify(await run(problem)));
    } catch (error) {
      console.log(JSON.stringify({ error: String(error.message || error) }));
    }
  }
})();
