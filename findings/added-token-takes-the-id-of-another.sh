#!/bin/bash
# The id that a tokenizer.json gives an added token is not the id that comes out, and may be that of another token.
#
# Seen with: @anush008/tokenizers 0.6.0 (the tokenizers library in Rust) and @huggingface/tokenizers 0.2.0 (JavaScript).
#
# Expected: an added token has the id that stands beside it in the file, as the tokens of the vocabulary have theirs; or the
# file is refused.
#
# Seen, for a vocabulary of three tokens, [UNK], a and cat, and the added token dog:
#   id of cat  id of dog in the file   ids of "cat dog", Rust   JavaScript
#   2          3                       2 3                      2 3
#   2          20                      2 3                      2 20
#   3          20                      3 3                      3 20
#   3          4                       3 3                      3 4
# Rust numbers added tokens from the size of the vocabulary on, whatever the file says, without an error. Where the ids of
# the vocabulary have a hole, that number is taken: cat and dog are one id, which is decoded as dog.
#
# Why it matters: vocabularies with holes are what is left when tokens were taken out, or when ids are padded to a multiple of 64
# and special tokens are put behind. The model then gets the embedding of another token, and the label of a row of attention
# says dog where the text has cat.
set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund \
  @anush008/tokenizers@0.6.0 @huggingface/tokenizers@0.2.0 >/dev/null

cat > "$tmp/run.mjs" <<'END'
import { createRequire } from 'node:module';
import { Tokenizer as InJavaScript } from '@huggingface/tokenizers';
const { Tokenizer: InRust } = createRequire(import.meta.url)('@anush008/tokenizers');

for (const [cat, dog] of [[2, 3], [2, 20], [3, 20], [3, 4]]) {
  const file = {
    version: '1.0', truncation: null, padding: null, normalizer: null, pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null, decoder: null,
    added_tokens: [{ id: dog, content: 'dog', single_word: false, lstrip: false, rstrip: false, normalized: false, special: false }],
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100,
      vocab: { '[UNK]': 0, a: 1, cat } } };
  const rust = InRust.fromString(JSON.stringify(file));
  const ids = (await rust.encode('cat dog', null, { addSpecialTokens: false })).getIds();
  const other = new InJavaScript(file, {}).encode('cat dog', { add_special_tokens: false }).ids;
  console.log(cat, dog, '|', ids.join(' '), '|', other.join(' '), '|', ids.map(id => rust.idToToken(id)).join(' '));
}
END
node "$tmp/run.mjs" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
2 3 | 2 3 | 2 3 | cat dog
2 20 | 2 3 | 2 20 | cat dog
3 20 | 3 3 | 3 20 | dog dog
3 4 | 3 3 | 3 4 | dog dog
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: an added token gets the size of the vocabulary as its id, though another token has it"
