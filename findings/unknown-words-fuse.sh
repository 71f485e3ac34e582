#!/bin/bash
# Neighbouring unknown words are one token in JavaScript and one each in Rust, from one tokenizer.json.
#
# Seen with: @anush008/tokenizers 0.6.0 (the tokenizers library in Rust) and @huggingface/tokenizers 0.2.0 (JavaScript), on
# files with the pre-tokenizer WhitespaceSplit, whose vocabulary has an unknown token, a and b.
#
# Expected: the same ids. What `fuse_unk` of BPE joins, and Unigram always, are neighbouring unknown characters of a word: the
# pre-tokenizer has cut the text before the model sees it.
#
# Seen, as ids (0 is the unknown token; "-" is undefined):
#   model                 text      Rust       JavaScript
#   Unigram               qq ww     0 0        0
#   Unigram               aaq qb    1 1 0 0 2  1 1 0 2
#   BPE, fuse_unk         qq ww     0 0        0
#   BPE                   qq        0 0        0 0
#   WordPiece             qq ww     0 0        0 0
#   WordLevel             qq ww     0 0        - -   (its README does not list WordLevel; there is no error)
# JavaScript joins unknown tokens of the whole text after all words are done. Where a known token stands between, such as
# the one that Metaspace puts before each word, there is no difference.
#
# Why it matters: a text in a script that the vocabulary lacks has fewer tokens in a page than where the model
# was run, so that labels and rows of a saved attention matrix no longer count alike: the labels behind the gap are shifted, or the
# shapes do not fit. An id that is undefined becomes 0 or NaN in a typed array, and the model runs.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund \
  @anush008/tokenizers@0.6.0 @huggingface/tokenizers@0.2.0 >/dev/null

cat > "$tmp/run.mjs" <<'END'
import { createRequire } from 'node:module';
import { Tokenizer as InJavaScript } from '@huggingface/tokenizers';
const { Tokenizer: InRust } = createRequire(import.meta.url)('@anush008/tokenizers');

const vocab = { '<unk>': 0, a: 1, b: 2 };
const bpe = fuse_unk => ({ type: 'BPE', unk_token: '<unk>', fuse_unk, byte_fallback: false, dropout: null, vocab, merges: [],
  continuing_subword_prefix: null, end_of_word_suffix: null, ignore_merges: false });
const models = {
  'Unigram': { type: 'Unigram', unk_id: 0, byte_fallback: false, vocab: [['<unk>', 0], ['a', -1], ['b', -1]] },
  'BPE, fuse_unk': bpe(true),
  'BPE': bpe(false),
  'WordPiece': { type: 'WordPiece', unk_token: '<unk>', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab },
  'WordLevel': { type: 'WordLevel', unk_token: '<unk>', vocab } };
for (const [name, text] of [['Unigram', 'qq ww'], ['Unigram', 'aaq qb'], ['BPE, fuse_unk', 'qq ww'], ['BPE', 'qq'],
  ['WordPiece', 'qq ww'], ['WordLevel', 'qq ww']]) {
  const file = { version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' }, post_processor: null, decoder: null, model: models[name] };
  const encoding = await InRust.fromString(JSON.stringify(file)).encode(text, null, { addSpecialTokens: false });
  const ids = new InJavaScript(file, {}).encode(text, { add_special_tokens: false }).ids;
  console.log([name, text, encoding.getIds().join(' '), Array.from(ids, id => id ?? '-').join(' ')].join(' | '));
}
END
node "$tmp/run.mjs" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
Unigram | qq ww | 0 0 | 0
Unigram | aaq qb | 1 1 0 0 2 | 1 1 0 2
BPE, fuse_unk | qq ww | 0 0 | 0
BPE | qq | 0 0 | 0 0
WordPiece | qq ww | 0 0 | 0 0
WordLevel | qq ww | 0 0 | - -
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: unknown words that stand side by side are one token in JavaScript, and have no id with WordLevel"
