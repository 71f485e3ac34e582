/* The pieces of a tokenizer, by their numbers, from the files in which tokenizers are kept. */
#ifndef ATTN_READ_VOCABULARY_H
#define ATTN_READ_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"

/* Begins zeroed; vocabulary_free in any case. */
struct vocabulary {
    char **piece; /* valid UTF-8; NULL: no piece has that number; owned, as are the strings */
    size_t count;
};

/*
 * Reads the vocabulary of a tokenizer.json (Hugging Face: BPE, WordPiece, Unigram, and its added tokens), a vocab.json (piece:
 * number), a list of lines (vocab.txt, counted from 0), the metadata of a GGUF file, a tokenizer.model of SentencePiece or the
 * tokenizer.bin of llama2.c. Errors: ERROR_SYSTEM, and ERROR_INPUT for a file that is none of these.
 */
bool vocabulary_read(struct vocabulary *vocabulary, const char *path, struct error *error);
void vocabulary_free(struct vocabulary *vocabulary);

/* Makes labels of numbers of pieces, `ids`, a list of whole numbers. Errors: ERROR_INPUT for a number that is none of a
 * piece. */
bool vocabulary_label(const struct vocabulary *vocabulary, const struct tensor *ids, struct labels *labels,
                      struct error *error);

#endif
