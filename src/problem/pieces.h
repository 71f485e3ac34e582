/* Pieces of tokenizers as people read them. */
#ifndef ATTN_PROBLEM_PIECES_H
#define ATTN_PROBLEM_PIECES_H

#include <stdbool.h>

#include "base/error.h"
#include "problem/inputs.h"

/*
 * Sets labels->shown, if any label has a marker of a tokenizer: Ġ or Ċ (byte-level BPE: the characters that stand for bytes
 * become these), ▁ (SentencePiece: a blank; <0x41> is a byte), ## in front (WordPiece) or </w> behind (the older BPE), which
 * are left out. Line breaks and tabs become \n and \t, and bytes that are no whole character \xE2. Errors: no memory.
 */
bool pieces_show(struct labels *labels, struct error *error);

#endif
