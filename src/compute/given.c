#include "compute/given.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/mask.h"
#include "attention/measures.h"
#include "base/memory.h"
#include "base/workers.h"
#include "compute/result.h"
#include "compute/selection.h"
#include "engine/engine.h"
#include "engine/weights.h"
#include "problem/problem_head.h"

/* How far the sum of a row may be from 1 without a warning: the rounding of 16-bit floats and of printed decimals. */
static const double sum_tolerance = 2e-3;

/* Rows of a head that a thread takes at once. */
enum { GIVEN_ROWS = 64 };

/* Columns of an output that are summed at once. */
enum { GIVEN_COLUMNS = 64 };

/* ---- one row ---- */

/* Where a row lies, and what masks it. */
struct given_row {
    const float *row;
    const struct head *head; /* its rules alone */
    const struct mask *mask;
    size_t i;
    double position;
    bool is_distribution;
};

/* By its allowed keys, and by masked keys whose weight is not 0; the latter are counted. `keys` has room for m. */
static struct row_measures measure_by_keys(const struct given_work *work, const struct given_row *r,
                                           size_t *keys, struct given_layer *seen)
{
    size_t count = 0;
    for (size_t j = 0; j < work->problem->m; j++) {
        const bool masked = masks_bit(work->masks, r->mask->bits, r->i, j);
        seen->weight_on_masked += masked && r->row[j] != 0;
        if (!masked || r->row[j] != 0)
            keys[count++] = j;
    }
    return measures_row(r->row, keys, count, r->position, r->is_distribution);
}

/* The measures of sums over allowed keys [from, end). */
static struct row_measures measures_of(const struct given_row *r, const struct weight_sums *sums, size_t from,
                                       size_t end)
{
    if (!isfinite(sums->sum))
        return (struct row_measures){
            .entropy = NAN, .max = NAN, .distance = NAN, .first = NAN, .argmax = SIZE_MAX};
    if (from >= end)
        return (struct row_measures){.argmax = SIZE_MAX};
    return (struct row_measures){.entropy = r->is_distribution ? (float)sums->entropy : NAN,
                                 .distance = r->is_distribution ? (float)sums->distance : NAN,
                                 .max = sums->largest,
                                 .first = r->row[0],
                                 .argmax = from + sums->argmax};
}

/* Counts a row whose numbers sum up to that. */
static void see_sum(struct given_layer *seen, double sum, bool all_zero)
{
    seen->rows++;
    if (!isfinite(sum)) {
        seen->broken++;
    } else if (!all_zero && fabs(sum - 1) > sum_tolerance) { /* all zero: a row that is masked whole */
        seen->least = seen->off ? fmin(seen->least, sum) : sum;
        seen->most = seen->off ? fmax(seen->most, sum) : sum;
        seen->off++;
    }
}

static void see_diagonal(const struct given_row *r, size_t m, struct given_layer *seen)
{
    if (!seen->any_above && r->i + 1 < m)
        seen->any_above = weights_any(r->row + r->i + 1, m - r->i - 1);
    if (!seen->any_below)
        seen->any_below = weights_any(r->row, r->i < m ? r->i : m);
}

/* The sums are of the reach of the row, or of all of it where more than a range is masked, or masked keys have weight. */
static struct row_measures measure_row(const struct given_work *work, const struct given_row *r, size_t *keys,
                                       struct given_layer *seen, struct row_sums *sums)
{
    const size_t m = work->problem->m;
    const bool by_reach = !r->mask->bits || (!mask_has_pattern(r->head) && !r->head->rules.mask.data);
    sums->from = 0;
    sums->end = m;
    if (r->mask->bits && by_reach)
        mask_reach(r->head, r->i, &sums->from, &sums->end);
    see_diagonal(r, m, seen);
    const bool is_whole =
        !by_reach || weights_any(r->row, sums->from) || weights_any(r->row + sums->end, m - sums->end);
    if (is_whole) {
        sums->from = 0;
        sums->end = m;
    }
    weights_measure(r->row + sums->from, sums->end - sums->from, sums->from, r->position, &sums->sums);
    see_sum(seen, sums->sums.sum,
            sums->from >= sums->end || (sums->sums.largest == 0 && sums->sums.least == 0));
    return is_whole ? measure_by_keys(work, r, keys, seen)
                    : measures_of(r, &sums->sums, sums->from, sums->end);
}

/* ---- heads ---- */

/* What the threads share. */
struct given_shared {
    const struct given_work *work;
    const struct strided *matrices; /* one a head */
    struct head *heads;             /* their rules */
    struct given_layer *seen;       /* one a job */
    size_t *keys;                   /* m a worker */
    size_t jobs;                    /* of a head */
};

static void given_rows_work(void *context, int worker, size_t job)
{
    const struct given_shared *shared = context;
    const struct given_work *work = shared->work;
    const struct problem *problem = work->problem;
    const struct problem_layer *spec = &problem->layers[work->layer];
    const size_t h = job / shared->jobs, first = job % shared->jobs * GIVEN_ROWS, m = problem->m;
    const struct strided *matrix = &shared->matrices[h];
    struct row_sums sums[GIVEN_ROWS];
    if (!matrix->data)
        return;
    for (size_t i = first; i < problem->n && i < first + GIVEN_ROWS; i++) {
        const struct given_row row = {.row = matrix->data + i * m,
                                      .head = &shared->heads[h],
                                      .mask = masks_head(work->masks, work->layer, h),
                                      .i = i,
                                      .position = (double)spec->offset + (double)i,
                                      .is_distribution = settings_are_shares(&spec->settings)};
        work->rows[h * problem->n + i] =
            measure_row(work, &row, shared->keys + (size_t)worker * m, &shared->seen[job], &sums[i - first]);
    }
    const struct row_watch *watch = &work->request->watch;
    const size_t left = problem->n - first;
    const struct row_batch batch = {.first = first,
                                    .count = left < GIVEN_ROWS ? left : GIVEN_ROWS,
                                    .weights = matrix->data + first * m,
                                    .stride = m,
                                    .sums = sums};
    if (watch->rows)
        watch->rows(watch->context, work->layer, h, &batch);
}

/* Points to the matrices of the heads that are chosen. */
static void find_matrices(const struct given_work *work, struct strided *matrices, struct head *heads)
{
    const struct problem *problem = work->problem;
    const struct selection *s = work->request->selection;
    for (size_t h = 0; h < problem->heads; h++) {
        problem_head(problem, work->layer, h, &heads[h]);
        if (selection_has(s, work->layer, h))
            matrices[h] = (struct strided){stage_data_matrix(work->stage, work->layer, h), problem->m, 1};
    }
}

static void given_add(struct given_layer *to, const struct given_layer *from)
{
    if (from->off > 0) {
        to->least = to->off ? fmin(to->least, from->least) : from->least;
        to->most = to->off ? fmax(to->most, from->most) : from->most;
    }
    to->rows += from->rows;
    to->off += from->off;
    to->broken += from->broken;
    to->any_above = to->any_above || from->any_above;
    to->any_below = to->any_below || from->any_below;
    to->weight_on_masked += from->weight_on_masked;
}

bool given_measure(const struct given_work *work, struct given_layer *seen, struct error *error)
{
    const struct problem *problem = work->problem;
    const size_t jobs = size_divide_up(problem->n, GIVEN_ROWS);
    const int threads = engine_threads(work->request->engine.threads);
    size_t room, all;
    if (!size_multiply(problem->m, (size_t)threads, &room) || !size_multiply(jobs, problem->heads, &all))
        return error_memory(error, SIZE_MAX);
    struct strided *matrices = memory_zeroed(problem->heads, sizeof *matrices, error);
    struct given_shared shared = {.work = work,
                                  .matrices = matrices,
                                  .heads = memory_zeroed(problem->heads, sizeof *shared.heads, error),
                                  .seen = memory_zeroed(all, sizeof *shared.seen, error),
                                  .keys = memory_alloc(room, sizeof *shared.keys, error),
                                  .jobs = jobs};
    const bool ok = matrices && shared.heads && shared.seen && shared.keys;
    *seen = (struct given_layer){0};
    if (ok) {
        find_matrices(work, matrices, shared.heads);
        workers_run_on(threads, all, given_rows_work, &shared);
    }
    for (size_t j = 0; ok && j < all; j++)
        given_add(seen, &shared.seen[j]);
    free(matrices);
    free(shared.heads);
    free(shared.seen);
    free(shared.keys);
    return ok;
}

/* ---- warnings ---- */

/* Whether each column of a matrix sums to 1, as where keys are rows. */
static bool columns_sum_to_one(const float *matrix, size_t rows, size_t columns)
{
    for (size_t j = 0; j < columns; j++) {
        double sum = 0;
        for (size_t i = 0; i < rows; i++)
            sum += (double)matrix[i * columns + j];
        if (!(fabs(sum - 1) <= sum_tolerance))
            return false;
    }
    return true;
}

/* The same of the chosen heads of layers [first, end). */
static bool look_exchanged(const struct given_warning *warning, size_t first, size_t end)
{
    const struct problem *problem = warning->problem;
    for (size_t l = first; l < end; l++)
        for (size_t h = 0; h < problem->heads; h++)
            if (selection_has(warning->selection, l, h) &&
                !columns_sum_to_one(stage_data_matrix(warning->weights, l, h), problem->n, problem->m))
                return false;
    return true;
}

/* Of the tensor of layers [first, end). */
static void warn_tensor(const struct given_warning *warning, size_t first, size_t end,
                        const struct given_layer *seen, struct warnings *warnings)
{
    const struct tensor *attention = warning->problem->layers[first].attention;
    const char *file = attention->place.file ? attention->place.file : "",
               *colon = attention->place.file ? ": " : "";
    if (seen->off > 0)
        warnings_add(
            warnings,
            "%s%sattention: %zu of %zu rows do not sum to 1 (their sums go from %.4g to %.4g); "
            "shown as they are%s",
            file, colon, seen->off, seen->rows, seen->least, seen->most,
            fabs(seen->least - 100) < 0.5 && fabs(seen->most - 100) < 0.5
                ? "; percentages want dividing by 100"
            : seen->most - seen->least > 10 * sum_tolerance && look_exchanged(warning, first, end)
                ? "; its columns do, so queries and keys look exchanged; --transpose turns them round"
                : "");
    if (seen->broken > 0)
        warnings_add(warnings, "%s%sattention: %zu of %zu rows hold NaN or infinity%s; shown as they are",
                     file, colon, seen->broken, seen->rows,
                     attention->holds & TENSOR_TOO_LARGE ? ", or numbers too large for float32" : "");
}

/* ---- what they make of values ---- */

struct given_products {
    float *output;
    const struct given_work *work;
    const struct layer *values;
};

/* Row i of head h, for job h·n + i. Keys are added in their order, in double precision. */
static void products_work(void *context, int worker, size_t job)
{
    (void)worker;
    const struct given_products *products = context;
    const struct given_work *work = products->work;
    const struct problem *problem = work->problem;
    const size_t h = job / problem->n, i = job % problem->n, d_v = problem->d_v;
    float *to = products->output + (i * problem->heads + h) * d_v;
    memset(to, 0, d_v * sizeof *to);
    if (!result_has_head(problem, work->request, work->layer, h))
        return;
    const float *row = stage_data_matrix(work->stage, work->layer, h) + i * problem->m;
    const struct strided v = layer_operand(products->values, 2, h * problem->kv_heads / problem->heads);
    for (size_t first = 0; first < d_v; first += GIVEN_COLUMNS) {
        double sums[GIVEN_COLUMNS] = {0};
        const size_t count = d_v - first < GIVEN_COLUMNS ? d_v - first : GIVEN_COLUMNS;
        for (size_t j = 0; j < problem->m; j++)
            for (size_t c = 0; row[j] != 0 && c < count; c++)
                sums[c] += (double)row[j] * (double)v.data[j * v.row + first + c];
        for (size_t c = 0; c < count; c++)
            to[first + c] = (float)sums[c];
    }
}

void given_output(float *output, const struct given_work *work, const struct layer *values)
{
    struct given_products products = {output, work, values};
    workers_run_on(engine_threads(work->request->engine.threads), work->problem->heads * work->problem->n,
                   products_work, &products);
}

/* ---- what there is to say of them ---- */

bool given_is_causal(const struct problem *problem, const struct given_layer *layers)
{
    enum { LEAST = 3 }; /* of two tokens a single 0 says nothing */
    bool any_below = false;
    if (problem->n != problem->m || problem->n < LEAST)
        return false;
    for (size_t l = 0; l < problem->layer_count; l++) {
        const struct problem_layer *layer = &problem->layers[l];
        const struct rules *rules = &layer->rules;
        if (settings_have(&layer->settings, SETTING_CAUSAL) || rules->causal || layer->mask ||
            rules->left >= 0 || rules->right >= 0 || layer->offset != 0 ||
            (layers[l].rows > 0 && (layers[l].any_above || !layers[l].any_below)))
            return false;
        any_below = any_below || layers[l].any_below;
    }
    return any_below;
}

void given_warn(const struct given_warning *warning, const struct given_layer *layers,
                struct warnings *warnings)
{
    const struct problem *problem = warning->problem;
    size_t on_masked = 0;
    for (size_t l = 0, end; l < problem->layer_count; l = end) {
        struct given_layer all = {0};
        const struct tensor *attention = problem->layers[l].attention;
        for (end = l; end < problem->layer_count && problem->layers[end].attention == attention; end++)
            given_add(&all, &layers[end]);
        if (!problem->is_partial)
            warn_tensor(warning, l, end, &all, warnings);
        on_masked += all.weight_on_masked;
    }
    if (problem->is_left) /* the rest was told of the weights of all tokens */
        return;
    if (given_is_causal(problem, layers))
        warnings_add(
            warnings,
            "all weights above the diagonal are 0: pictures have these pairs as masked, and --causal "
            "masks them in numbers too; --causal=off: nowhere");
    if (on_masked > 0)
        warnings_add(warnings, "weight on forbidden pairs (%zu of them); it is shown", on_masked);
}
