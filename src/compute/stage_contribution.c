#include "compute/stage_contribution.h"

#include <math.h>

#include "base/workers.h"
#include "compute/contribution.h"
#include "compute/value_norms.h"

struct contribution_stages {
    struct stage_data *stages;
    size_t layer;
    struct value_norms norms;
};

/* A row of contributions, of its weights and the lengths of the values. */
static void contribution_row(float *to, const float *weights, const float *norms, size_t m)
{
    for (size_t j = 0; j < m; j++)
        to[j] = weights[j] == 0 ? 0 : (float)(fabs((double)weights[j]) * (double)norms[j]);
}

static void contribution_head(void *context, int worker, size_t head)
{
    (void)worker;
    const struct contribution_stages *work = context;
    const struct stage_data *weights = &work->stages[STAGE_WEIGHTS];
    const size_t n = work->norms.n, m = work->norms.m;
    for (enum stage s = STAGE_CONTRIBUTION; s <= STAGE_CONTRIBUTION_SHARE; s++) {
        const struct stage_data *stage = &work->stages[s];
        if (!stage->data || !stage_data_has(stage, work->layer, head))
            continue;
        const float *from = stage_data_matrix(weights, work->layer, head);
        float *to = stage_data_matrix(stage, work->layer, head);
        for (size_t i = 0; i < n; i++, from += m, to += m) {
            contribution_row(to, from, work->norms.keys + head * m, m);
            if (s == STAGE_CONTRIBUTION_SHARE)
                contribution_divide(to, m);
        }
    }
}

bool stage_contribution_fill(struct stage_data stages[STAGE_COUNT], const struct layer *layer,
                             struct error *error)
{
    struct contribution_stages work = {.stages = stages, .layer = layer->index};
    if (!stages[STAGE_CONTRIBUTION].data && !stages[STAGE_CONTRIBUTION_SHARE].data)
        return true;
    const bool ok = value_norms_make(&work.norms, layer, error);
    if (ok && work.norms.keys) /* else the layer is not chosen: stage_find */
        workers_run(work.norms.heads, contribution_head, &work);
    value_norms_free(&work.norms);
    return ok;
}
