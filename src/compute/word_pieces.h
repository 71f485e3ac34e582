/* Words from the pieces that a tokenizer made of them, by the markers in the pieces. */
#ifndef ATTN_COMPUTE_WORD_PIECES_H
#define ATTN_COMPUTE_WORD_PIECES_H

#include <stdbool.h>
#include <stddef.h>

#include "problem/inputs.h"

/*
 * Numbers the words: of[i] is the word of token i, *count how many there are. If any token begins with Ġ, ▁ or a blank,
 * those that do begin a word and the others continue it (byte-level BPE, SentencePiece); special tokens such as <s>,
 * [CLS] and line breaks stand alone. Else tokens that begin with ## continue the word before (WordPiece). Returns false,
 * with a word for each token, where no token has a marker.
 */
bool word_pieces(const struct labels *labels, size_t *of, size_t *count);

/* The text of a piece without its marker, and whether it had one that begins a word. `first`: it is the first of its
 * word, which has nothing to continue. */
const char *word_piece_text(const char *piece, bool first, bool *begins);

#endif
