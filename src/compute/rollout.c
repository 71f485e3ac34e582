#include "compute/rollout.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "compute/layer_product.h"

/* ---- what can be rolled out ---- */

static bool check_self(const struct problem *problem, struct error *error)
{
    if (problem->n != problem->m)
        return error_set(
            error, ERROR_INPUT,
            "layer %zu has %zu queries and %zu keys: through layers attention is followed only where "
            "queries and keys are the same tokens",
            problem_layer_number(problem, 0), problem->n, problem->m);
    if (!problem->is_self)
        return error_set(error, ERROR_INPUT,
                         "the keys of layer %zu are other tokens than its queries (cross-attention): through "
                         "layers attention is followed only where they are the same",
                         problem_layer_number(problem, 0));
    return true;
}

/* The layers that heads are picked of, in any order: without a gap, and with as many heads each, for which w is the same mean. */
static bool rollout_find_picked(struct rollout *rollout, const struct problem *problem,
                                const struct selection *selection, struct error *error)
{
    rollout->first = SIZE_MAX;
    for (size_t i = 0; i < selection->layer_count; i++) {
        const size_t layer = selection->layers[i];
        rollout->first = layer < rollout->first ? layer : rollout->first;
        rollout->end = layer < rollout->end ? rollout->end : layer + 1;
    }
    const size_t heads = selection_picked_of(selection, rollout->first);
    for (size_t l = rollout->first; l < rollout->end; l++) {
        const size_t others = selection_picked_of(selection, l);
        if (others != heads)
            return error_set(error, ERROR_USAGE,
                             "of layer %zu %zu head%s picked, of layer %zu %zu: expected as many of each "
                             "layer from the first to the last",
                             problem_layer_number(problem, rollout->first), heads,
                             heads == 1 ? " is" : "s are", problem_layer_number(problem, l), others);
    }
    return true;
}

static bool rollout_find_layers(struct rollout *rollout, const struct problem *problem,
                                const struct selection *selection, struct error *error)
{
    const size_t *layers = selection->layers;
    if (selection->is_picked)
        return rollout_find_picked(rollout, problem, selection, error);
    rollout->first = layers ? layers[0] : 0;
    rollout->end = rollout->first + (layers ? selection->layer_count : problem->layer_count);
    for (size_t i = 1; layers && i < selection->layer_count; i++)
        if (layers[i] != layers[i - 1] + 1)
            return error_set(error, ERROR_USAGE,
                             "layer %zu does not follow layer %zu: expected layers one behind the other",
                             problem_layer_number(problem, layers[i]),
                             problem_layer_number(problem, layers[i - 1]));
    return true;
}

static bool check_contributions(const struct rollout *rollout, struct error *error)
{
    const enum contribution contribution = rollout->mix.contribution;
    const struct layer_rows *rows = &rollout->rows;
    struct error lack = {0};
    if (contribution == CONTRIBUTION_WEIGHTS)
        return true;
    if (contribution_is_whole(contribution) && layer_rows_heads(rows) < rows->problem->heads)
        return error_set(error, ERROR_USAGE,
                         "contributions by %s are of the output of all heads: expected no choice of them",
                         contribution_names[contribution]);
    for (size_t l = rollout->first; l < rollout->end; l++)
        if (!contribution_check(contribution, rows->problem, l, &lack))
            return error_set(error, lack.kind, "contributions by %s: %s", contribution_names[contribution],
                             lack.message);
    return true;
}

/* Computes the output of the layers below the last, if layers read it. */
static bool compute_below(struct rollout *rollout, const struct problem *problem,
                          const struct engine_options *engine, struct error *error)
{
    bool reads = false;
    for (size_t l = 1; l < rollout->end; l++) {
        const struct problem_layer *layer = &problem->layers[l];
        reads = reads || layer->q.previous || layer->k.previous || layer->v.previous;
    }
    if (!reads)
        return true;
    struct warnings warnings = {0};
    struct selection all = {0};
    struct request request = {
        .measures_only = true, .without_masks = true, .selection = &all, .engine = *engine};
    rollout->lower = *problem;
    rollout->lower.layer_count = rollout->end - 1;
    request.engine.progress = NULL;
    const bool ok = selection_check(&all, &rollout->lower, error) &&
                    result_compute(&rollout->below, &rollout->lower, &request, &warnings, error);
    warnings_free(&warnings);
    return ok;
}

bool rollout_open(struct rollout *rollout, const struct problem *problem, const struct selection *selection,
                  const struct engine_options *engine, struct error *error)
{
    if (!check_self(problem, error) || !rollout_find_layers(rollout, problem, selection, error) ||
        !compute_below(rollout, problem, engine, error))
        return false;
    rollout->rows = (struct layer_rows){.problem = problem,
                                        .selection = selection,
                                        .outputs = rollout->below.stage[STAGE_OUTPUT].data,
                                        .engine = *engine,
                                        .passes = rollout->end - rollout->first};
    if (rollout->mix.contribution != CONTRIBUTION_WEIGHTS)
        rollout->rows.passes *= contribution_passes(&rollout->rows);
    return check_contributions(rollout, error);
}

void rollout_free(struct rollout *rollout)
{
    result_free(&rollout->below);
    free(rollout->mixing);
    *rollout = (struct rollout){0};
}

/* ---- matrices ---- */

static bool check_room(size_t n, size_t matrices, struct error *error)
{
    size_t cells, bytes;
    if (size_multiply(n, n, &cells) && size_multiply(cells, matrices * sizeof(float), &bytes) &&
        bytes <= memory_half())
        return true;
    return error_set(
        error, ERROR_SYSTEM,
        "%zu matrices of %zu×%zu are more than half of the machine's memory: a row alone, of the "
        "mean of the weights of heads, holds none",
        matrices, n, n);
}

bool rollout_ask_mixing(struct rollout *rollout, struct error *error)
{
    size_t count;
    if (!size_multiply(rollout->end - rollout->first, rollout->rows.problem->n, &count))
        return error_memory(error, SIZE_MAX);
    rollout->mixing = memory_alloc(count, sizeof *rollout->mixing, error);
    return rollout->mixing;
}

bool rollout_layers(struct rollout *rollout, size_t matrices,
                    bool (*layer)(void *context, float *matrix, struct error *error), void *context,
                    struct error *error)
{
    const size_t n = rollout->rows.problem->n;
    if (!check_room(n, matrices + 1, error))
        return false;
    float *matrix = memory_alloc(n * n, sizeof *matrix, error);
    bool ok = matrix;
    for (size_t l = rollout->first; ok && l < rollout->end; l++) {
        rollout->seen.mixing = rollout->mixing ? rollout->mixing + (l - rollout->first) * n : NULL;
        ok = layer_mix(matrix, &rollout->rows, l, &rollout->mix, &rollout->seen, error) &&
             layer(context, matrix, error);
    }
    free(matrix);
    return ok;
}

/* The product, and the threads that make it. */
struct rollout_product {
    struct layer_product product;
    int threads;
    float *mixed; /* where the next matrix is kept; NULL: none is */
};

static bool multiply_layer(void *context, float *matrix, struct error *error)
{
    struct rollout_product *p = context;
    const size_t cells = p->product.n * p->product.n;
    if (p->mixed) {
        memcpy(p->mixed, matrix, cells * sizeof *matrix);
        p->mixed += cells;
    }
    return layer_product_add(&p->product, matrix, p->threads, error);
}

bool rollout_matrix(struct rollout *rollout, float **matrix, float **mixed, struct error *error)
{
    const size_t n = rollout->rows.problem->n, kept = mixed ? rollout->end - rollout->first : 0;
    struct rollout_product p = {.threads = rollout->rows.engine.threads};
    bool ok = check_room(n, 4 + kept, error) && layer_product_make(&p.product, n, error);
    if (ok && mixed)
        ok = (p.mixed = *mixed = memory_alloc(kept * n * n, sizeof **mixed, error));
    ok = ok && rollout_layers(rollout, 3 + kept, multiply_layer, &p, error);
    *matrix = ok ? memory_alloc(n * n, sizeof **matrix, error) : NULL;
    for (size_t i = 0; *matrix && i < n; i++)
        layer_product_row(&p.product, i, *matrix + i * n);
    layer_product_free(&p.product);
    return *matrix;
}
