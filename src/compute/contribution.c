#include "compute/contribution.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/workers.h"
#include "compute/token_parts.h"

/* Tokens whose vectors a thread makes at once, and rows that it divides. */
enum { TAKEN_KEYS = 8, TAKEN_ROWS = 64 };

const char *const contribution_names[] = {"weights", "norm", "norm-residual", "alti", NULL};

/* ---- what is there ---- */

static bool contribution_lacks(const struct problem *problem, size_t layer, const char *what,
                               struct error *error)
{
    return error_set(error, ERROR_INPUT, "layer %zu has %s", problem_layer_number(problem, layer), what);
}

bool contribution_check(enum contribution contribution, const struct problem *problem, size_t layer,
                        struct error *error)
{
    const struct problem_layer *spec = &problem->layers[layer];
    if (spec->attention)
        return contribution_lacks(problem, layer, "weights that were given, and no v", error);
    if (problem->d_v == 0)
        return contribution_lacks(problem, layer, "no v", error);
    if (!spec->w_o)
        return contribution_lacks(problem, layer, "no w_o", error);
    if (spec->extra[INPUT_GATE] || spec->extra[INPUT_W_GATE])
        return contribution_lacks(problem, layer, "a gate, which changes the values query by query", error);
    if (spec->extra[INPUT_STATE])
        return contribution_lacks(problem, layer, "a state, which is of no token", error);
    if (contribution_is_whole(contribution) && !spec->settings.residual)
        return contribution_lacks(problem, layer, "no residual", error);
    return true;
}

/* ---- contributions ---- */

/* A layer on its way. */
struct contribution_work {
    enum contribution contribution;
    float *matrix, *mixing;
    struct token_parts parts;
};

static double length_of(const double *part, size_t d)
{
    double sum = 0;
    for (size_t c = 0; c < d; c++)
        sum += part[c] * part[c];
    return sqrt(sum);
}

/* How much nearer to 0 the output would be without the part; NaN stays. */
static double nearness_of(const double *output, const double *part, size_t d)
{
    double sum = 0;
    for (size_t c = 0; c < d; c++)
        sum += fabs(output[c]) - fabs(output[c] - part[c]);
    return sum < 0 ? 0 : sum;
}

static double contribution_of(const struct contribution_work *work, size_t row, const double *part)
{
    const struct token_parts *parts = &work->parts;
    return work->contribution == CONTRIBUTION_ALTI
               ? nearness_of(parts->output + row * parts->d, part, parts->d)
               : length_of(part, parts->d);
}

/* The share of other tokens in a query, whose own part is given; `bias` is room for d numbers. */
static double mixing_of(const struct contribution_work *work, size_t row, const double *part, double *bias)
{
    const struct token_parts *parts = &work->parts;
    const double *output = parts->output + row * parts->d;
    const double preserving = length_of(part, parts->d);
    token_parts_bias(parts, row, bias);
    for (size_t c = 0; c < parts->d; c++)
        bias[c] = output[c] - bias[c] - part[c];
    const double mixing = length_of(bias, parts->d);
    return mixing / (mixing + preserving);
}

/* What token j contributes to query first + `row`; where that is its own, also what the others do. */
static void contribute(const struct contribution_work *work, size_t row, size_t j, const double *vectors,
                       double *part)
{
    const struct token_parts *parts = &work->parts;
    const size_t i = parts->first + row;
    const bool any = token_parts_part(parts, row, j, vectors, part);
    work->matrix[i * parts->n + j] = any ? (float)contribution_of(work, row, part) : 0;
    if (work->mixing && i == j)
        work->mixing[i] = (float)mixing_of(work, row, part, part + parts->d);
}

static bool keys_work(void *context, int worker, size_t job, struct error *error)
{
    const struct contribution_work *work = context;
    const struct token_parts *parts = &work->parts;
    const size_t n = parts->n;
    double *vectors = memory_alloc((parts->heads + 2) * parts->d, sizeof *vectors, error);
    (void)worker;
    for (size_t j = job * TAKEN_KEYS; vectors && j < n && j < (job + 1) * TAKEN_KEYS; j++) {
        double *part = vectors + parts->heads * parts->d;
        token_parts_vectors(parts, j, vectors);
        for (size_t r = 0; r < parts->count; r++)
            contribute(work, r, j, vectors, part);
    }
    free(vectors);
    return vectors;
}

void contribution_divide(float *row, size_t n)
{
    double sum = 0;
    for (size_t j = 0; j < n; j++)
        sum += (double)row[j];
    for (size_t j = 0; j < n && sum > 0 && isfinite(sum); j++)
        row[j] = (float)((double)row[j] / sum);
}

static void divide_work(void *context, int worker, size_t job)
{
    const struct contribution_work *work = context;
    const size_t n = work->parts.n;
    (void)worker;
    for (size_t i = job * TAKEN_ROWS; i < n && i < (job + 1) * TAKEN_ROWS; i++)
        contribution_divide(work->matrix + i * n, n);
}

size_t contribution_passes(const struct layer_rows *rows)
{
    const size_t n = rows->problem->n;
    return size_divide_up(n, token_parts_room(layer_rows_heads(rows), n));
}

bool contribution_matrix(float *matrix, float *mixing, struct layer_rows *rows, size_t layer,
                         enum contribution contribution, struct error *error)
{
    struct contribution_work work = {.contribution = contribution, .matrix = matrix, .mixing = mixing};
    struct layer made = {0};
    const int threads = engine_threads(rows->engine.threads);
    const size_t n = rows->problem->n;
    bool ok = layer_rows_make(&made, rows, layer, error) &&
              token_parts_make(&work.parts, rows, &made, contribution_is_whole(contribution), error);
    for (size_t first = 0; ok && first < n; first += work.parts.room)
        ok = token_parts_fill(&work.parts, first, error) &&
             workers_try(threads, size_divide_up(n, TAKEN_KEYS), keys_work, &work, error);
    if (ok)
        workers_run_on(threads, size_divide_up(n, TAKEN_ROWS), divide_work, &work);
    token_parts_free(&work.parts);
    layer_free(&made);
    return ok;
}
