/*
 * One query of one head, step by step, in double precision: the stages of the reference and the numbers
 * between them.
 */
#ifndef ATTN_COMPUTE_EXPLAIN_H
#define ATTN_COMPUTE_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/explain_heads.h"
#include "compute/layer.h"
#include "compute/precision.h"
#include "compute/result.h"
#include "compute/score_spread.h"
#include "problem/problem.h"

/* Begins zeroed; stays where it is; freed by explanation_free. Arrays are of m numbers, one a key, unless
 * said otherwise. */
struct explanation {
    struct problem lower; /* the layers below */
    struct result below;  /* their output */
    struct layer layer;
    const struct head *head; /* in the layer */
    size_t head_number;      /* counted as the problem does */
    size_t query;
    /* Where q is made of a sequence: the query's row of it, x_count numbers, borrowed; otherwise NULL. */
    const float *x;
    size_t x_count;
    float *projected; /* x·w_q + b_q of all heads, before norm and rotation; NULL: neither is there; owned */
    bool *allowed;
    double *scores, *scaled, *masked, *weights; /* the stages */
    double *uncapped; /* scale·score before the softcap; NULL: there is no softcap */
    /* Numerators of the weights, 0 at masked keys: e^(masked - shift) with softmax, masked itself with
     * linear, the weights with other normalizers. NULL with a recurrence, whose weights are no shares; shift and
     * denominator then mean nothing. */
    double *numerators;
    double *before_dropout; /* the weights; NULL: there is no dropout */
    double *first, *second; /* the weights of both heads of differential attention; NULL: there is none */
    double *before_factor;  /* the weights before the Gaussian factor; NULL: there is none */
    double shift;          /* the largest of masked and the sink; with sparsemax and entmax15 the threshold */
    double sink_numerator; /* 0 where there is no sink */
    double denominator;    /* the sum of all numerators */
    /* The row of weights (before dropout) in float32 as well; `differs`: by more than PRECISION_WEIGHT. */
    struct precision_row precision;
    double *output; /* d_v, of this head alone; NULL: there is no v */
    struct explain_heads
        heads; /* what all heads give to the output of the layer; count 0: there is no v either */
    struct score_spread
        spread; /* pairs is 0 where scores are no scaled products, or weights no softmax of them */
};

/*
 * Computes the layers below (engine->plain: in double precision too), the layer's q, k and v, and the row.
 * The problem must outlive the explanation. Errors: ERROR_INPUT where the weights were given, which have no
 * such steps; no memory.
 */
bool explanation_make(struct explanation *explanation, const struct problem *problem, size_t layer,
                      size_t head, size_t query, const struct engine_options *engine, struct error *error);
void explanation_free(struct explanation *explanation);

/* The layer as the problem has it. */
const struct problem_layer *explanation_layer(const struct explanation *explanation);
/* The head of q that the query is of: of two that make one the first. */
size_t explanation_query_head(const struct explanation *explanation);
/* Whether a scale other than 1, or a factor of the query, changes the scores. */
bool explanation_is_scaled(const struct explanation *explanation);
/* Whether some key is masked. */
bool explanation_is_masked(const struct explanation *explanation);
/* Whether anything changes the scaled scores: a mask, a bias or positions. */
bool explanation_has_additions(const struct explanation *explanation);
/* Whether the query may see no key, and has no weights of a fill either. */
bool explanation_sees_nothing(const struct explanation *explanation);

#endif
