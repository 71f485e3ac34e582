#!/bin/bash
# Two readers of GGUF give one vocabulary two sets of labels, and neither gives the labels of the file.
#
# Seen with: @huggingface/gguf 0.4.6 and hyllama 0.2.2.
#
# Expected: GGUF says that its strings are UTF-8, with a length, so the tokens come back as they were written.
#
# Seen, for the tokens "the", "▁the", U+FEFF and U+FEFF followed by "the" (text files begin with U+FEFF, so a
# vocabulary trained on them may well hold such tokens):
#   @huggingface/gguf  drops U+FEFF from the head of every token: token 2 has an empty label, and
#                      tokens 0 and 3 are both "the".
#   hyllama            reads each byte as one character: "▁the" is "â\x96\x81the".
# Each is right for plain ASCII, which is most of what one tries.
#
# Why it matters: labels of an attention picture come from here. A lookup from label to row hits the wrong
# one of two equal labels, and in the other reader every label that begins a word has three wrong characters,
# which are measured and drawn like others. Ids are safe; labels that one tool read should not be looked up
# among those of another.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund @huggingface/gguf@0.4.6 hyllama@0.2.2 >/dev/null

cat > "$tmp/run.mjs" <<'END'
import { gguf } from '@huggingface/gguf';
import { ggufMetadata } from 'hyllama';
import { readFileSync, writeFileSync } from 'node:fs';

const u32 = x => { const b = Buffer.alloc(4); b.writeUInt32LE(x); return b; };
const u64 = x => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(x)); return b; };
const string = s => Buffer.concat([u64(Buffer.byteLength(s)), Buffer.from(s)]);
const STRING = 8, ARRAY = 9;

const tokens = ['the', '\u2581the', '\ufeff', '\ufeffthe'];
const file = Buffer.concat([
  Buffer.from('GGUF'), u32(3), u64(0), u64(2),   // version 3, no tensors, two keys
  string('general.architecture'), u32(STRING), string('llama'),
  string('tokenizer.ggml.tokens'), u32(ARRAY), u32(STRING), u64(tokens.length), ...tokens.map(string),
  Buffer.alloc(64)]);
const path = process.argv[2];
writeFileSync(path, file);

const say = (name, list) => console.log(name.padEnd(18), list.map(label => JSON.stringify(label).replace(
  /[^\x20-\x7e]/g, c => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'))).join(' '));
say('file', tokens);
say('@huggingface/gguf', (await gguf(path, { allowLocalFile: true })).metadata['tokenizer.ggml.tokens']);
const bytes = new Uint8Array(readFileSync(path));
say('hyllama', ggufMetadata(bytes.buffer).metadata['tokenizer.ggml.tokens']);
END
node "$tmp/run.mjs" "$tmp/vocabulary.gguf" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
file               "the" "\u2581the" "\ufeff" "\ufeffthe"
@huggingface/gguf  "the" "\u2581the" "" "the"
hyllama            "the" "\u00e2\u0096\u0081the" "\u00ef\u00bb\u00bf" "\u00ef\u00bb\u00bfthe"
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: two tokens of a GGUF vocabulary become one label in one reader, and word starts three characters in the other"
