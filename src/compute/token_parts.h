/*
 * The output of a layer as a sum with a part for each token: what the vector of token j adds to the output of query i.
 *
 *     part(i, j) = Σ over h of a^h(i, j)·v^h(j)·W^h                       of attention alone
 *     part(i, j) = N_i(Σ over h of a^h(i, j)·v^h(j)·W^h + [i = j]·x(i))   whole, with the residual
 *     output(i)  = Σ over j of part(i, j) + N_i(b_o) + norm_bias
 *
 * a are the weights of head h, v^h(j) is the value with its bias, W^h are the rows of w_o that head h has, x is the input of the
 * layer. N_i is what a norm behind the residual does to each summand of row i, (y - mean of y)·norm_weight/σ_i with σ_i of the
 * whole row; without such a norm it changes nothing. All is summed in double precision, from weights and values in float32.
 *
 * Sources: Kobayashi et al. 2020 (arXiv:2004.10102) for attention alone, Kobayashi et al. 2021 (arXiv:2109.07152) with residual
 * and norm.
 */
#ifndef ATTN_COMPUTE_TOKEN_PARTS_H
#define ATTN_COMPUTE_TOKEN_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/layer.h"
#include "compute/layer_rows.h"

/* The parts of a block of queries. Begins zeroed; freed by token_parts_free in any case. */
struct token_parts {
    const struct layer *layer; /* borrowed */
    struct layer_rows *rows;   /* likewise */
    bool whole;
    size_t n, d;         /* tokens; columns of the output */
    size_t heads, *head; /* the chosen ones, by their numbers in the layer; owned */
    size_t room;         /* queries of a block at most */
    size_t first, count; /* those of this block */
    float *weights;      /* heads×room×n; owned */
    double *output;      /* room×d, the output of the layer, if whole; owned */
    double *factor;      /* room: 1/σ, or 1; owned likewise */
};

/* How many queries a block has at most, of so many heads and tokens; the same for any number of threads. */
size_t token_parts_room(size_t heads, size_t n);

/* Takes the memory for the parts of a layer that layer_rows_make made and that has v and w_o; `whole` ones of all of its heads.
 * Errors: no memory. */
bool token_parts_make(struct token_parts *parts, struct layer_rows *rows, const struct layer *layer,
                      bool whole, struct error *error);

/* Passes the weights of the queries from `first` on, `room` of them at most, and adds up their output if whole. Errors: those of
 * layer_rows_of; no memory. */
bool token_parts_fill(struct token_parts *parts, size_t first, struct error *error);

/* N(v^h(j)·W^h), but for 1/σ, into vectors[heads×d]: what the parts of token j are made of. */
void token_parts_vectors(const struct token_parts *parts, size_t j, double *vectors);

/* part(i, j) into part[d], from the vectors of token j; query i is first + `row`. False: no head attends and there is no residual,
 * so that it is 0, and nothing is written. */
bool token_parts_part(const struct token_parts *parts, size_t row, size_t j, const double *vectors,
                      double *part);

/* What of the output of query first + `row` is of no token, N(b_o) + norm_bias, into bias[d]; of whole parts. */
void token_parts_bias(const struct token_parts *parts, size_t row, double *bias);

void token_parts_free(struct token_parts *parts);

#endif
