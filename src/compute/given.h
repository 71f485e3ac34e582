/* Weights that were given: measured as they are, and what there is to say of them. */
#ifndef ATTN_COMPUTE_GIVEN_H
#define ATTN_COMPUTE_GIVEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/layer.h"
#include "compute/masks.h"
#include "compute/request.h"
#include "compute/stage_data.h"
#include "problem/problem.h"

/* What was seen of the chosen heads of a layer. */
struct given_layer {
    size_t rows;             /* that were looked at */
    size_t off, broken;      /* rows that do not sum to 1 and are not all 0; rows with NaN or infinity */
    double least, most;      /* sums of those that are off */
    bool any_above;          /* a weight above the diagonal is not 0 */
    bool any_below;          /* and one below it */
    size_t weight_on_masked; /* pairs whose weight is not 0 where the mask forbids it */
};

/* A layer on its way into a result. */
struct given_work {
    const struct problem *problem;
    size_t layer;                   /* of the problem's */
    const struct stage_data *stage; /* of weights, where they lie */
    const struct masks *masks;      /* with bits, those of the layer among them */
    const struct request *request;
    struct row_measures *rows; /* heads×n; those of heads that are not chosen stay as they are */
};

/* Measures the weights of the chosen heads, and reads no others. Errors: no memory. */
bool given_measure(const struct given_work *work, struct given_layer *seen, struct error *error);

/* The output of all heads, n×(heads·d_v), into `output`: the sums of the values of `values` by the weights, and 0 where heads are not
 * computed (result_has_head). A key without weight adds nothing, whatever its values. */
void given_output(float *output, const struct given_work *work, const struct layer *values);

/* Whether the weights are a causal head's: all above the diagonal are 0, in every layer, and nobody has said what may be
 * seen, not even --causal=off. `layers` has one for each layer of the problem. */
bool given_is_causal(const struct problem *problem, const struct given_layer *layers);

/* What is warned of: the weights of the chosen heads. */
struct given_warning {
    const struct problem *problem;
    const struct selection *selection;
    const struct stage_data *weights;
};

/* Warns of rows that do not sum to 1, of NaN, of weight on forbidden pairs, and of zeros above the diagonal where nobody
 * said causal. `layers` has one for each layer of the problem. */
void given_warn(const struct given_warning *warning, const struct given_layer *layers,
                struct warnings *warnings);

#endif
