#!/bin/bash
# A tokenizer.json cuts and pads texts, and guards whole words, in one reader and not in the other.
#
# Seen with: @anush008/tokenizers 0.6.0 (the tokenizers library in Rust) and @huggingface/tokenizers 0.2.0 (JavaScript).
#
# Expected: what the file says is what both do. It may hold `truncation`, `padding` and, for tokens that were added,
# `single_word` ("match only whole words").
#
# Seen, as ids:
#   what the file says                       text             Rust       JavaScript
#   truncation to 2                          a cat a cat      1 2        1 2 1 2
#   padding to 4, at the left                a cat            0 0 1 2    1 2
#   dog (3) is added, single_word            dog hotdog doge  3 0 0      3 0 3 3 0
#   dog (3) is added                         dog hotdog doge  3 0 3 3 0  3 0 3 3 0
# JavaScript takes lengths as arguments of the call and does not look at the file's; `single_word` does nothing.
#
# Why it matters: many files that were saved after training hold the length of the training batch. A matrix of attention from the one
# and labels from the other then differ in length, or agree by chance, because padding at the left shifts every label; and words
# fall apart where they hold an added token.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund \
  @anush008/tokenizers@0.6.0 @huggingface/tokenizers@0.2.0 >/dev/null

cat > "$tmp/run.mjs" <<'END'
import { createRequire } from 'node:module';
import { Tokenizer as InJavaScript } from '@huggingface/tokenizers';
const { Tokenizer: InRust } = createRequire(import.meta.url)('@anush008/tokenizers');

const file = settings => ({
  version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' }, post_processor: null, decoder: null,
  model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100,
    vocab: { '[UNK]': 0, a: 1, cat: 2 } },
  ...settings });
const dog = single_word => ({ added_tokens: [{ id: 3, content: 'dog', single_word, lstrip: false, rstrip: false,
  normalized: false, special: false }] });
for (const [name, settings, text] of [
  ['truncation', { truncation: { max_length: 2, strategy: 'LongestFirst', stride: 0, direction: 'Right' } }, 'a cat a cat'],
  ['padding', { padding: { strategy: { Fixed: 4 }, direction: 'Left', pad_to_multiple_of: null, pad_id: 0, pad_type_id: 0,
    pad_token: '[UNK]' } }, 'a cat'],
  ['single_word', dog(true), 'dog hotdog doge'],
  ['added', dog(false), 'dog hotdog doge']]) {
  const encoding = await InRust.fromString(JSON.stringify(file(settings))).encode(text, null, { addSpecialTokens: true });
  const ids = new InJavaScript(file(settings), {}).encode(text).ids;
  console.log([name, text, encoding.getIds().join(' '), ids.join(' ')].join(' | '));
}
END
node "$tmp/run.mjs" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
truncation | a cat a cat | 1 2 | 1 2 1 2
padding | a cat | 0 0 1 2 | 1 2
single_word | dog hotdog doge | 3 0 0 | 3 0 3 3 0
added | dog hotdog doge | 3 0 3 3 0 | 3 0 3 3 0
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: truncation, padding and single_word of a tokenizer.json are of one reader"
