/* The jobs of the engine for the heads of a layer: what each computes, and where its rows of weights go. */
#ifndef ATTN_COMPUTE_LAYER_JOBS_H
#define ATTN_COMPUTE_LAYER_JOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/layer.h"
#include "compute/request.h"
#include "compute/result.h"
#include "engine/engine.h"

struct row_taker; /* takes the rows of a job */

/* Begins zeroed; layer_jobs_free in any case. */
struct layer_jobs {
    size_t count;
    /* One a head that is computed, in their order; with KEPT_RANGE behind these another of the chosen queries, or only that. */
    struct engine_job *jobs;
    struct row_taker *takers;
    struct head *parts;
};

/* Makes the jobs for a result whose memory is taken. `output` is that of the layer, n×d_out, or NULL. Result, layer and watch must
 * outlive them. Errors: no memory. */
bool layer_jobs_make(struct layer_jobs *work, const struct result *result, const struct layer *layer,
                     const struct row_watch *watch, float *output, struct error *error);

void layer_jobs_free(struct layer_jobs *work);

#endif
