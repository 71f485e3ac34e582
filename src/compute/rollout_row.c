#include "compute/rollout_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/mask.h"
#include "base/memory.h"
#include "base/workers.h"
#include "engine/weights.h"
#include "problem/problem_head.h"

/* How far the mean row of shares may be from 1 and is taken as 1: what float32 rounds. */
static const double share_tolerance = 0x1p-20;

/* The vector on its way down, and what the threads make of one layer. */
struct row_pass {
    size_t n, workers;
    double *above;     /* n: the shares of the tokens above the layer */
    double *factor;    /* n: by which the weights of a row are multiplied */
    double *total;     /* n: what the rows of all heads sum up to */
    double *sums;      /* workers×n: the shares below, but for the residual */
    uint8_t *negative; /* n: the row has a weight below 0 */
};

static bool pass_make(struct row_pass *pass, size_t n, int threads, struct error *error)
{
    size_t count;
    *pass = (struct row_pass){.n = n, .workers = (size_t)threads};
    if (!size_multiply(n, pass->workers, &count))
        return error_memory(error, SIZE_MAX);
    pass->above = memory_zeroed(n, sizeof *pass->above, error);
    pass->factor = pass->above ? memory_zeroed(n, sizeof *pass->factor, error) : NULL;
    pass->total = pass->factor ? memory_zeroed(n, sizeof *pass->total, error) : NULL;
    pass->sums = pass->total ? memory_zeroed(count, sizeof *pass->sums, error) : NULL;
    pass->negative = pass->sums ? memory_zeroed(n, 1, error) : NULL;
    return pass->negative;
}

static void pass_free(struct row_pass *pass)
{
    free(pass->above);
    free(pass->factor);
    free(pass->total);
    free(pass->sums);
    free(pass->negative);
}

/* ---- rows ---- */

/* What each row of weights that counts sums up to. */
static void total_rows(void *context, const struct rows_of_head *rows)
{
    struct row_pass *pass = context;
    for (size_t r = 0; r < rows->count; r++) {
        const size_t i = rows->first + r;
        struct weight_sums sums;
        if (pass->above[i] == 0)
            continue;
        weights_measure(rows->weights + r * rows->stride, pass->n, 0, 0, &sums);
        pass->total[i] += sums.sum;
        pass->negative[i] |= sums.least < 0;
    }
}

/* A factor that is NaN or infinite: only what the row reaches becomes so. */
static void add_carefully(double *sums, const float *row, size_t n, double factor)
{
    for (size_t j = 0; j < n; j++)
        if (row[j] != 0)
            sums[j] += factor * (double)row[j];
}

/* Widens a range of keys by the reach of a row. */
static void widen_reach(const struct rows_of_head *rows, size_t i, size_t n, size_t *from, size_t *end)
{
    size_t first = 0, behind = n;
    if (rows->head && !rows->head->has_fill)
        mask_reach(rows->head, i, &first, &behind);
    if (first < behind) {
        *from = first < *from ? first : *from;
        *end = behind > *end ? behind : *end;
    }
}

static void add_group(struct row_pass *pass, double *sums, const struct rows_of_head *rows,
                      struct exact_rows *group, const size_t *which)
{
    size_t from = pass->n, end = 0;
    for (size_t g = 0; g < group->count; g++)
        widen_reach(rows, which[g], pass->n, &from, &end);
    if (from >= end)
        return;
    for (size_t g = 0; g < group->count; g++)
        group->row[g] += from;
    weights_add_exact(sums + from, group, end - from);
    for (size_t g = 0; g < group->count; g++)
        pass->total[which[g]] += group->total[g];
}

static void add_rows(void *context, const struct rows_of_head *rows)
{
    struct row_pass *pass = context;
    double *sums = pass->sums + (size_t)workers_self() * pass->n;
    struct exact_rows group = {.count = 0};
    size_t which[EXACT_ROWS];
    for (size_t r = 0; r < rows->count; r++) {
        const size_t i = rows->first + r;
        const float *row = rows->weights + r * rows->stride;
        const double factor = pass->factor[i];
        if (!isfinite(factor)) {
            add_carefully(sums, row, pass->n, factor);
        } else if (factor != 0) {
            which[group.count] = i;
            group.row[group.count] = row;
            group.factor[group.count++] = factor;
        }
        if (group.count == EXACT_ROWS || (r + 1 == rows->count && group.count > 0)) {
            add_group(pass, sums, rows, &group, which);
            group.count = 0;
        }
    }
}

/* The same of some keys of some rows. */
static void add_keys(void *context, const struct weights_of_keys *part)
{
    struct row_pass *pass = context;
    double *sums = pass->sums + (size_t)workers_self() * pass->n + part->first_key;
    double factors[KEYS_ROWS] = {0}, totals[KEYS_ROWS] = {0};
    for (size_t r = 0; r < part->count; r++) {
        const double factor = pass->factor[part->first + r];
        factors[r] = isfinite(factor) ? factor : 0;
        for (size_t j = 0; j < part->keys && !isfinite(factor); j++)
            if (part->weights[j * KEYS_ROWS + r] != 0)
                sums[j] += factor * (double)part->weights[j * KEYS_ROWS + r];
    }
    weights_add_exact_keys(sums, part->weights, part->keys, factors, totals);
    for (size_t r = 0; r < part->count; r++)
        pass->total[part->first + r] += totals[r];
}

/* ---- layers ---- */

/* Passes the rows of queries whose share is not 0, and adds them up, or asks for their sums. */
static bool pass_rows(struct rollout *rollout, struct row_pass *pass, size_t layer, bool adds,
                      struct error *error)
{
    struct layer_rows *rows = &rollout->rows;
    const struct rows_receiver receiver = {
        .receive = adds ? add_rows : total_rows, .context = pass, .receive_keys = adds ? add_keys : NULL};
    size_t end = pass->n;
    rows->first = 0;
    while (end > 0 && pass->above[end - 1] == 0)
        end--;
    while (rows->first < end && pass->above[rows->first] == 0)
        rows->first++;
    rows->count = end - rows->first;
    memset(pass->total, 0, pass->n * sizeof *pass->total);
    memset(pass->sums, 0, pass->n * pass->workers * sizeof *pass->sums);
    return rows->count == 0 || layer_rows_pass(rows, layer, &receiver, error);
}

/* c + (1 - c)·the mean row, which the row of the mixed matrix is divided by; 1 where that is NaN or infinite. */
static double whole_of(const struct rollout *rollout, const struct row_pass *pass, size_t i)
{
    const double c = rollout->mix.identity, heads = (double)layer_rows_heads(&rollout->rows),
                 whole = c + (1 - c) * pass->total[i] / heads;
    return isfinite(whole) && whole > 0 ? whole : 1;
}

/* Whether the rows of a layer are shares whose sums nobody has to ask for. */
static bool are_shares(const struct problem *problem, size_t layer)
{
    const struct problem_layer *spec = &problem->layers[layer];
    struct head rules;
    problem_head(problem, layer, 0, &rules);
    return !spec->attention && settings_are_shares(&spec->settings) && !rules.has_sink &&
           rules.normalizer == NORMALIZER_SOFTMAX && !rules.center;
}

/* Of rows that were added without asking: whether all see nothing, or sum to 1. */
static bool sum_to_one(const struct rollout *rollout, const struct row_pass *pass)
{
    for (size_t i = 0; i < pass->n; i++)
        if (pass->above[i] != 0 && pass->total[i] != 0 &&
            fabs(whole_of(rollout, pass, i) - 1) > share_tolerance)
            return false;
    return true;
}

static bool check_negative(const struct rollout *rollout, const struct row_pass *pass, size_t layer,
                           struct error *error)
{
    for (size_t i = 0; i < pass->n; i++)
        if (pass->negative[i])
            return mix_error_negative(rollout->rows.problem, layer, i, error);
    return true;
}

static void pass_seen(struct rollout *rollout, const struct row_pass *pass)
{
    const double heads = (double)layer_rows_heads(&rollout->rows);
    for (size_t i = 0; i < pass->n; i++) {
        const double mean = pass->total[i] / heads;
        if (pass->above[i] == 0)
            continue;
        rollout->seen.rows++;
        rollout->seen.nan += !isfinite(mean);
        rollout->seen.blind += mean == 0 && isfinite(pass->above[i]); /* what is NaN was not summed up */
        rollout->seen.off += mean != 0 && fabs(mean - 1) > MIX_TOLERANCE;
    }
}

/* The shares below become those above: what the threads have summed up, and the residual, which is divided by `whole` where
 * `divided`, and is all there is of a row that sees nothing. */
static void step_down(const struct rollout *rollout, struct row_pass *pass, bool divided)
{
    const double c = rollout->mix.identity;
    for (size_t i = 0; i < pass->n; i++) {
        const bool is_blind = pass->total[i] == 0;
        const double whole = divided ? whole_of(rollout, pass, i) : 1;
        double below = c > 0 ? pass->above[i] * (is_blind ? 1 : c / whole) : 0;
        for (size_t w = 0; w < pass->workers; w++)
            below += pass->sums[w * pass->n + i];
        pass->above[i] = below;
    }
}

static void set_factors(const struct rollout *rollout, struct row_pass *pass, bool divided)
{
    const double share = (1 - rollout->mix.identity) / (double)layer_rows_heads(&rollout->rows);
    for (size_t i = 0; i < pass->n; i++)
        pass->factor[i] = pass->above[i] * share / (divided ? whole_of(rollout, pass, i) : 1);
}

/* A pass for what the rows sum up to, and one for the rows, each divided by its sum. */
static bool pass_divided(struct rollout *rollout, struct row_pass *pass, size_t layer, struct error *error)
{
    double *total = memory_alloc(pass->n, sizeof *total, error);
    const bool ok =
        total && pass_rows(rollout, pass, layer, false, error) && check_negative(rollout, pass, layer, error);
    if (ok) {
        set_factors(rollout, pass, true);
        memcpy(total, pass->total, pass->n * sizeof *total);
    }
    const bool done = ok && pass_rows(rollout, pass, layer, true, error);
    if (done)
        memcpy(pass->total, total, pass->n * sizeof *total); /* as they were divided by */
    free(total);
    return done;
}

static bool pass_layer(struct rollout *rollout, struct row_pass *pass, size_t layer, struct error *error)
{
    bool divided = !are_shares(rollout->rows.problem, layer);
    if (!divided) {
        set_factors(rollout, pass, false);
        if (!pass_rows(rollout, pass, layer, true, error))
            return false;
        divided = !sum_to_one(rollout, pass);
    }
    if (divided && !pass_divided(rollout, pass, layer, error))
        return false;
    pass_seen(rollout, pass);
    step_down(rollout, pass, divided);
    return true;
}

bool rollout_row(struct rollout *rollout, size_t query, float *row, struct error *error)
{
    const size_t n = rollout->rows.problem->n;
    struct row_pass pass;
    bool ok = pass_make(&pass, n, engine_threads(rollout->rows.engine.threads), error);
    if (ok)
        pass.above[query] = 1;
    /* The residual alone changes nothing. */
    for (size_t l = rollout->end; ok && rollout->mix.identity < 1 && l-- > rollout->first;)
        ok = pass_layer(rollout, &pass, l, error);
    for (size_t i = 0; ok && i < n; i++)
        row[i] = (float)pass.above[i];
    pass_free(&pass);
    return ok;
}
