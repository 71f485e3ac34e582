#!/bin/bash
# One table of normalization, three readers: the tokenizers library loses accents and leaves Korean apart.
#
# Seen with: Debian's sentencepiece 0.1.97-3+b1 and python3-sentencepiece, @anush008/tokenizers 0.6.0 (the tokenizers library
# in Rust) and @huggingface/tokenizers 0.2.0 (JavaScript), on the nmt_nfkc table of a model that spm_train makes here. The
# same bytes stand in a .model and as `precompiled_charsmap` in a tokenizer.json (XLM-R, T5, mBART, ALBERT).
#
# Expected: the same text from all three, or an exception told in the documentation.
#
# Seen, for each text as code points (a letter before and behind is left out):
#   text                       sentencepiece    Rust                 JavaScript
#   0065 0302 0301 (e ^ ')     1EBF             00EA: ' is gone      1EBF
#   0065 0301 0302 (e ' ^)     00E9 0302        00E9: ^ is gone      00E9 0302
#   00BD 0301 (1/2 ')          31 2044 32 0301  31 2044 32: gone     31 2044 32 0301
#   1100 1161 (two jamo)       AC00             1100 1161            AC00
#   304B 3099 (ka, voiced)     304C             304B 3099            304C
#   FF76 FF9E (halfwidth)      30AC             30AB 3099            30AC
#   0065 0301 (e ')            00E9             00E9                 00E9
#   212B 0301 (angstrom ')     00C5 0301        00C5: ' is gone      01FA
# sentencepiece replaces the longest beginning that is in the table. Rust asks for a whole grapheme where it has less than six
# bytes and takes what its beginning becomes for all of it; longer ones it asks for one character at a time, so that what two
# characters of three bytes make is never found. JavaScript does not read the table and calls NFKC.
#
# Why it matters: decomposed text is what some file systems give for names, and what some PDF readers and keyboards write. A model that
# was trained by sentencepiece gets other ids from the "same" tokenizer, with no unknown token to warn: a label of
# a heatmap then lacks an accent that the text has, or Korean falls into pieces that training never saw.
set -eu

for package in sentencepiece python3-sentencepiece; do
  if [ "$(dpkg-query -W -f='${Version}' "$package" 2>/dev/null)" != 0.1.97-3+b1 ]; then
    echo "this needs Debian's $package 0.1.97-3+b1: apt-get install $package" >&2
    exit 2
  fi
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund \
  @anush008/tokenizers@0.6.0 @huggingface/tokenizers@0.2.0 >/dev/null
for _ in 1 2 3 4 5 6 7 8; do
  printf '%s\n' 'the cat sat on the mat and the dog on the log' 'a bird sang in the tree while the cat slept'
done > "$tmp/text"
spm_train --input="$tmp/text" --model_prefix="$tmp/m" --vocab_size=60 --hard_vocab_limit=false \
  --normalization_rule_name=nmt_nfkc >/dev/null 2>&1

# The table out of the model, a protocol buffer: field 3 is the normalizer, whose field 2 is the table. And what
# sentencepiece makes of each text.
cat > "$tmp/table.py" <<'END'
import base64
import json
import sys

import sentencepiece

TEXTS = ["e\u0302\u0301", "e\u0301\u0302", "\u00bd\u0301", "\u1100\u1161", "\u304b\u3099", "\uff76\uff9e", "e\u0301",
         "\u212b\u0301"]


def fields(data):
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = number()
        size = {0: 0, 1: 8, 5: 4}.get(key & 7)
        if key & 7 == 0:
            yield key >> 3, number()
            continue
        size = number() if size is None else size
        yield key >> 3, data[at:at + size]
        at += size


model = sys.argv[1]
normalizer = dict(fields(open(model, "rb").read()))[3]
pieces = sentencepiece.SentencePieceProcessor(model_file=model)
json.dump({"table": base64.b64encode(dict(fields(normalizer))[2]).decode(),
           "texts": [["a" + text + "b", "".join(pieces.encode("a" + text + "b", out_type=str))[1:]] for text in TEXTS]},
          sys.stdout)
END
/usr/bin/python3 "$tmp/table.py" "$tmp/m.model" > "$tmp/table.json"

cat > "$tmp/run.mjs" <<'END'
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Tokenizer as InJavaScript } from '@huggingface/tokenizers';
const { Tokenizer: InRust } = createRequire(import.meta.url)('@anush008/tokenizers');

const { table, texts } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// Everything but a and b is unknown, and the token of an unknown piece is its normalized text.
const file = {
  version: '1.0', truncation: null, padding: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [],
  normalizer: { type: 'Precompiled', precompiled_charsmap: table },
  model: { type: 'Unigram', unk_id: 0, byte_fallback: false, vocab: [['<unk>', 0], ['a', -1], ['b', -1]] } };
const rust = InRust.fromString(JSON.stringify(file)), javascript = new InJavaScript(file, {});
const points = text => Array.from(text).slice(1, -1).map(c => c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')).join(' ');
for (const [text, pieces] of texts) {
  const encoding = await rust.encode(text, null, { addSpecialTokens: false });
  const tokens = javascript.encode(text, { add_special_tokens: false }).tokens;
  console.log([text, pieces, encoding.getTokens().join(''), tokens.join('')].map(points).join(' | '));
}
END
node "$tmp/run.mjs" "$tmp/table.json" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
0065 0302 0301 | 1EBF | 00EA | 1EBF
0065 0301 0302 | 00E9 0302 | 00E9 | 00E9 0302
00BD 0301 | 0031 2044 0032 0301 | 0031 2044 0032 | 0031 2044 0032 0301
1100 1161 | AC00 | 1100 1161 | AC00
304B 3099 | 304C | 304B 3099 | 304C
FF76 FF9E | 30AC | 30AB 3099 | 30AC
0065 0301 | 00E9 | 00E9 | 00E9
212B 0301 | 00C5 0301 | 00C5 | 01FA
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: of eight decomposed texts Rust's reader of the table loses a mark of four and leaves three apart"
