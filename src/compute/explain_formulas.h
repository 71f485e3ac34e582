/* The formulas of an explanation: how each step comes from the one before, with the numbers of this row. */
#ifndef ATTN_COMPUTE_EXPLAIN_FORMULAS_H
#define ATTN_COMPUTE_EXPLAIN_FORMULAS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/out.h"
#include "compute/explain.h"

/* "q", or what the score makes of it: "φ(q) = elu(q) + 1". NULL: it is compared as it is. */
const char *explain_compared_name(const struct explanation *explanation);

/* Vectors of up to so many numbers are short enough that their sums are written out for every key and column. */
enum { EXPLAIN_SMALL = 4 };

/* What x is, where it is not the embedding alone: ", the output of the layer below". */
void explain_x_write(const struct explanation *explanation, struct out *out);

/* "x·W_q + b_q", as far as they are there. */
const char *explain_projection_name(const struct explanation *explanation);

/* One column of it, counted over all heads, as a sum with its numbers: "1·2 + 0·(-1) + 0.5". */
void explain_projection_write(const struct explanation *explanation, size_t column, struct out *out);

/* How the query was turned by rotary: ", turned by its position 3"; nothing where it was not. */
void explain_turn_write(const struct explanation *explanation, struct out *out);

/* "score = q·k, scaled = score/√2, masked: -∞ where it may not look". */
void explain_score_write(const struct explanation *explanation, struct out *out);

/* The score of a key as a sum of products with their numbers, "1·3 + 0·(-4)"; of many products the first, and "…". */
void explain_products_write(const struct explanation *explanation, size_t key, struct out *out);

/* How weights come from the scores; lines. */
void explain_weight_write(const struct explanation *explanation, struct out *out);

/* How the outputs of all heads become what attention gives: "the heads concatenated, ·w_o + b_o: …". */
void explain_concat_write(const struct explanation *explanation, struct out *out);

/* What is done with that, or where there is no such step, with the outputs of all heads; nothing where nothing is. */
void explain_after_write(const struct explanation *explanation, struct out *out);

/* Where float32, in which attn run computes by default, gives other weights; nothing where it does not. */
void explain_precision_write(const struct explanation *explanation, struct out *out);

/* Why scores are scaled, by the spread of q·k and the entropy of the row; nothing where that is not known. */
void explain_why_write(const struct explanation *explanation, struct out *out);

#endif
