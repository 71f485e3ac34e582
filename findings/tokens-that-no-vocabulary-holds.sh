#!/bin/bash
# The tokens of an encoding are not the vocabulary's tokens of its ids.
#
# Seen with: @anush008/tokenizers 0.6.0 (the tokenizers library in Rust) and @huggingface/tokenizers 0.2.0
# (the same tokenizer.json in JavaScript).
#
# Expected: an encoding has ids and tokens, and tokens[i] is the entry of the vocabulary with the number
# ids[i], so that either may label the rows of an attention picture.
#
# Seen, with one tokenizer.json (Unigram, "<unk>" = 0, two added tokens):
#   "aqqa"      an unknown run has the id of "<unk>" and the token "qq", in both libraries: four unknown words
#               give four different labels to one embedding.
#   "a <mask>"  an added token with lstrip takes the space before it: the token is " <mask>" in Rust
#               and "<mask>" in JavaScript.
#   "FOO"       an added token with normalized matches after lower-casing: the entry "Foo" comes back
#               as "foo", a label that the vocabulary does not hold, in both libraries.
# The ids agree everywhere.
#
# Why it matters: a label that is looked up (a row named by its token, pictures of two runs compared by
# label, "attention to <mask>" summed over sentences) misses in one library what it finds in the other,
# and unknown tokens look known. Labels made from ids do neither.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund \
  @anush008/tokenizers@0.6.0 @huggingface/tokenizers@0.2.0 >/dev/null

cat > "$tmp/run.mjs" <<'END'
import { createRequire } from 'node:module';
import { Tokenizer as InJavaScript } from '@huggingface/tokenizers';
const { Tokenizer: InRust } = createRequire(import.meta.url)('@anush008/tokenizers');

const added = (id, content, more) =>
  ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: false, ...more });
const file = {
  version: '1.0', truncation: null, padding: null, pre_tokenizer: null, post_processor: null, decoder: null,
  normalizer: { type: 'Lowercase' },
  added_tokens: [added(3, '<mask>', { lstrip: true, special: true }), added(4, 'Foo', { normalized: true })],
  model: { type: 'Unigram', unk_id: 0, byte_fallback: false, vocab: [['<unk>', 0], ['a', -1], ['b', -1]] } };
const rust = InRust.fromString(JSON.stringify(file));
const javascript = new InJavaScript(file, {});

const list = labels => labels.map(label => JSON.stringify(label)).join(' ');
for (const text of ['aqqa', 'a <mask>', 'FOO']) {
  const encoding = await rust.encode(text, null, { addSpecialTokens: false });
  const other = javascript.encode(text, { add_special_tokens: false });
  const ids = encoding.getIds();
  console.log(JSON.stringify(text), 'ids', ids.join(' '), other.ids.join(' ') === ids.join(' ') ? 'in both' : 'in Rust');
  console.log('  vocabulary', list(ids.map(id => rust.idToToken(id))));
  console.log('  Rust      ', list(encoding.getTokens()));
  console.log('  JavaScript', list(other.tokens));
}
END
node "$tmp/run.mjs" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
"aqqa" ids 1 0 1 in both
  vocabulary "a" "<unk>" "a"
  Rust       "a" "qq" "a"
  JavaScript "a" "qq" "a"
"a <mask>" ids 1 3 in both
  vocabulary "a" "<mask>"
  Rust       "a" " <mask>"
  JavaScript "a" "<mask>"
"FOO" ids 4 in both
  vocabulary "Foo"
  Rust       "foo"
  JavaScript "foo"
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: ids agree, and three kinds of tokens are not the vocabulary's entry of their id"
