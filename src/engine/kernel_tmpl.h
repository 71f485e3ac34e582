/*
 * A template: the engine's algorithm. Included by one file for each instruction set, which it turns into the
 * struct kernel of that set; it takes in the other templates, kernel_*_tmpl.h. That file sets these macros:
 *
 *   KERNEL                    name of the struct kernel
 *   KERNEL_NAME               string for --cpu and -v
 *   KERNEL_RUNS               expression: whether this processor has the instructions
 *   LANES, VEC_…              the vector: engine/kernel_vector_tmpl.h
 *   TILE_ROWS, TILE_VECTORS   the register tile: engine/kernel_tile_tmpl.h
 *
 * Lanes are queries. A block of 64 queries is packed as [d][64] and meets the keys in chunks of some 120:
 *
 *   pass 1  scores [keys][64] = K·Qᵀ, the largest of each row on the way    (rows of a tile are keys);
 *           or other scores, or scores that are held
 *   pass 2  only if needed: scale, softcap, bias, masks
 *   pass 3  e = exp(score - max so far), or what another normalizer makes of it, their sum, measures and pooled
 *           cells
 *   pass 4  output [d_v][64] = old·exp(old max - max) + Vᵀ·e                (rows of a tile are columns of V)
 *
 * K and V are read in place, number by number; a chunk stays in the first cache from pass 1 to pass 4; a row,
 * being a lane, needs no sum across a vector. The running max is that of Milakov and Gimelshein 2018
 * (arXiv:1805.02867).
 *
 * On the diagonal, at the ends of a window and beside global tokens, rows of a block attend to different keys of a chunk.
 * Each strip of up to 16 lanes then computes its own keys alone; the others have the score -infinity, and e = 0. As masked
 * pairs have the same, a row's bytes do not depend on the rows of its strip.
 */

#include <float.h>
#include <math.h>
#include <string.h>

#include "engine/block.h"

/* In the order in which they build on each other. */
#include "engine/kernel_vector_tmpl.h"

#include "engine/kernel_tile_tmpl.h"

#include "engine/kernel_rows_tmpl.h"

#include "engine/kernel_reach_tmpl.h"

#include "engine/kernel_pattern_tmpl.h"

#include "engine/kernel_rules_tmpl.h"

#include "engine/kernel_thin_tmpl.h"

#include "engine/kernel_weigh_tmpl.h"

#include "engine/kernel_held_tmpl.h"

#include "engine/kernel_stats_tmpl.h"

#include "engine/kernel_spread_tmpl.h"

#include "engine/kernel_measure_tmpl.h"

#include "engine/kernel_combine_tmpl.h"
#include "engine/kernel_heaviest_tmpl.h"
#include "engine/kernel_mixture_tmpl.h"

#include "engine/kernel_scores_tmpl.h"

/* Sums over the keys of a chunk, for one vector of rows. */
struct chunk_sums {
    vec sum[STEP];             /* of e; several, because errors of equal weights all go one way */
    vec log_sum, distance_sum; /* of e·x, of e·|i + offset - j| */
    vec distance;              /* i + offset - j of the next key */
};

/* e = exp(score - max) of `count` <= STEP keys, in place, and added to the sums. */
INLINE void exp_keys(float *score, const int count, vec max, const struct exponent *exponent,
                     struct chunk_sums *sums, const bool measure)
{
    vec x[STEP], e[STEP];
    UNROLL
    for (int i = 0; i < count; i++)
        x[i] = vec_load(score + i * (int)BLOCK) - max;
    vec_exps(x, e, count, exponent);
    UNROLL
    for (int i = 0; i < count; i++) {
        vec_store(score + i * (int)BLOCK, e[i]);
        sums->sum[i] += e[i];
        if (!measure)
            continue;
        sums->log_sum += e[i] * x[i];
        sums->distance_sum += e[i] * (vec)((veci)sums->distance & INT32_MAX);
        sums->distance -= 1;
    }
}

/* Pass 3 for one vector of rows: all keys of a chunk. */
INLINE void exp_group(const struct workspace *space, struct rows *rows, size_t at, size_t d_v, size_t from,
                      const struct exponent *exponent, const bool measure)
{
    const struct strip *strip = strip_at(rows, at);
    size_t keys = strip->end - strip->from;
    float *const sums = space->sums + d_v * BLOCK + at, *score = space->scores + strip->from * BLOCK + at;
    vec shift, max = vec_load(rows->max + at), new = VEC_MAX(vec_load(rows->chunk_max + at), max);
    vec rescale = vec_exp(max - new, exponent, &shift);
    vec_store(rows->max + at, new);
    vec_store(rows->rescale + at, rescale);
    vec_widen(rows->wide_rescale + at, rescale, (vec){0});

    struct chunk_sums chunk = {0};
    for (size_t l = 0; l < LANES; l++)
        chunk.distance[l] =
            (float)((double)(rows->first + at + l) + rows->offset - (double)(from + strip->from));
    for (; keys >= STEP; keys -= STEP, score += STEP * BLOCK)
        exp_keys(score, STEP, new, exponent, &chunk, measure);
    for (; keys > 0; keys--, score += BLOCK)
        exp_keys(score, 1, new, exponent, &chunk, measure);

    const vec sum = (chunk.sum[0] + chunk.sum[1]) + (chunk.sum[2] + chunk.sum[3]);
    vec_widen(rows->exp_sum + at, rescale, sum);
    if (!measure)
        return;
    vec old = vec_load(sums + SUM_WEIGHT * BLOCK), old_log = vec_load(sums + SUM_LOG * BLOCK);
    vec_store(sums + SUM_WEIGHT * BLOCK, rescale * old + sum);
    vec_store(sums + SUM_LOG * BLOCK, rescale * (old_log + shift * old) + chunk.log_sum);
    vec_store(sums + SUM_DISTANCE * BLOCK,
              rescale * vec_load(sums + SUM_DISTANCE * BLOCK) + chunk.distance_sum);
}

/* Pass 3 of one chunk: scores become e = exp(score - max). */
static void exp_and_sum(const struct plan *plan, const struct workspace *space, struct rows *rows,
                        size_t from, size_t keys, const struct exponent *exponent)
{
    const size_t d_v = plan->job->head->d_v;
    for (size_t at = 0; at < rows->lanes; at += LANES)
        if (plan->job->measures)
            exp_group(space, rows, at, d_v, from, exponent, true);
        else
            exp_group(space, rows, at, d_v, from, exponent, false);
    strips_fill(rows, space->scores, keys, 0);
}

/* Adds the sums to those in double, so that no float sums up more than CHUNKS_PER_FLUSH chunks. */
static void sums_flush(const struct plan *plan, const struct workspace *space, struct rows *rows)
{
    const size_t d_v = plan->job->head->d_v, count = (d_v + SUM_COUNT) * BLOCK;
    float *sums = space->sums;
    double *wide = space->wide_sums;
    if (!rows->has_new_sums)
        return;
    rows->has_new_sums = false;
    if (!rows->has_wide_sums)
        memset(wide, 0, count * sizeof *wide);
    rows->has_wide_sums = true;
    for (size_t l = 0; l < rows->lanes; l++) {
        const double shift = (double)rows->wide_max[l] - (double)rows->max[l];
        wide[(d_v + SUM_LOG) * BLOCK + l] += shift * wide[(d_v + SUM_WEIGHT) * BLOCK + l];
        rows->wide_max[l] = rows->max[l];
    }
    for (size_t r = 0; r < count; r += BLOCK)
        for (size_t at = 0; at < rows->lanes; at += LANES)
            vec_widen_by(wide + r + at, rows->wide_rescale + at, vec_load(sums + r + at));
    for (size_t l = 0; l < rows->lanes; l++)
        rows->wide_rescale[l] = 1;
    memset(sums, 0, count * sizeof *sums);
}

/* Pass 4 of one chunk, whose rows of v begin at `v`. */
static void values_add(const struct plan *plan, const struct workspace *space, struct rows *rows,
                       const float *v, size_t v_row, size_t keys)
{
    const size_t d_v = plan->job->head->d_v;
    if (plan->is_thin)
        thin_values(v, v_row, d_v, space->scores, keys, space->sums, rows->rescale, rows->count);
    else if (!rows->strips_differ)
        multiply_values(v, v_row, d_v, space->scores, keys, space->sums, rows->rescale, rows->lanes,
                        &rows->upcoming);
    else
        for (size_t at = 0; at < rows->lanes; at += STRIP_LANES) {
            const struct strip *strip = strip_at(rows, at);
            if (strip->from < strip->end) /* otherwise nothing is rescaled */
                multiply_values(v + strip->from * v_row, v_row, d_v, space->scores + strip->from * BLOCK + at,
                                strip->end - strip->from, space->sums + at, rows->rescale + at, STRIP_LANES,
                                &rows->upcoming);
        }
}

/* Pass 4 with a scaled copy of v. Rows of v that are not finite are 0 in the copy, and added one by one to
 * the queries that may attend to them. */
static void multiply_values_copied(const struct plan *plan, const struct workspace *space, struct rows *rows,
                                   size_t from, size_t keys)
{
    const struct head *head = plan->job->head;
    const size_t d_v = head->d_v;
    bool bad[CHUNK];
    for (size_t j = 0; j < keys; j++) {
        const float *v = head->v.data + (from + j) * head->v.row;
        bad[j] = false;
        for (size_t c = 0; c < d_v; c++)
            bad[j] |= !isfinite(v[c]);
        for (size_t c = 0; c < d_v; c++)
            space->v_copy[j * d_v + c] = bad[j] ? 0 : v[c] * plan->v_scale;
    }
    values_add(plan, space, rows, space->v_copy, d_v, keys);
    for (size_t j = 0; j < keys; j++)
        for (size_t l = 0; l < rows->count && bad[j]; l++)
            if (mask_allows(head, rows->first + l, from + j) &&
                !((plan->drops || head->top_k > 0) && space->scores[j * BLOCK + l] == 0))
                for (size_t c = 0; c < d_v; c++)
                    space->sums[c * BLOCK + l] += space->scores[j * BLOCK + l] * plan->v_scale *
                                                  head->v.data[(from + j) * head->v.row + c];
}

static void rows_begin(const struct plan *plan, const struct workspace *space, const struct reach *reach,
                       struct rows *rows, size_t first, size_t count)
{
    const struct engine_job *job = plan->job;
    const struct head *head = job->head;
    memset(rows, 0, sizeof *rows);
    rows->first = first;
    rows->offset = (double)plan->job->head->offset;
    rows->count = count;
    rows->lanes = tile_lanes(count);
    rows->groups = (int)(rows->lanes / LANES);
    for (size_t l = 0; l < BLOCK; l++) {
        /* The scores of a row away from its keys are all raised by slope·away, and so is its sink. */
        const double raised = reach->is_away && plan->has_sink ? head->slope * (double)reach->away[l] : 0;
        rows->sink[l] = (float)((double)plan->sink + raised);
        rows->max[l] = rows->wide_max[l] = weighs_by_exp(plan) ? rows->sink[l] : 0;
        rows->rescale[l] = 1;
        rows->key_max[l] = -FLT_MAX;
        rows->first_score[l] = -INFINITY;
        rows->top_floor[l] = l < count ? -INFINITY : INFINITY;
        rows->argmax[l] = SIZE_MAX;
        rows->wide_rescale[l] = 1;
    }
    for (size_t t = 0; job->top && t < count * job->top_count; t++)
        space->top[t] = (struct row_key){-INFINITY, SIZE_MAX};
    memset(space->sums, 0, (head->d_v + SUM_COUNT) * BLOCK * sizeof *space->sums);
    queries_pack(plan, space, first, count);
    if (job->output)
        prefetch_rows(job->output, job->output_row, first, (int)count, head->d_v);
    if (plan->drops)
        drop_begin(plan, rows);
}

/* What the weights of a row are divided by, with what dropout multiplies them by; 0 if they are all 0, NaN if they
 * cannot be told. */
static double rows_divisor(const struct plan *plan, const struct rows *rows, size_t lane)
{
    const struct head *head = plan->job->head;
    const double sum = rows->exp_sum[lane] + row_sink(plan, rows, lane), left = 1 - head->dropout;
    if (isnan(sum) || sum > DBL_MAX)
        return (double)NAN;
    if (head->normalizer == NORMALIZER_SIGMOID)
        return left;
    return sum > 0 ? sum * left : head->normalizer == NORMALIZER_LINEAR ? 0 : (double)NAN;
}

/* Divides the sums, and writes all results but the rows of weights. */
static void rows_finish(const struct plan *plan, const struct workspace *space, struct rows *rows,
                        const struct reach *reach, const struct exponent *exponent)
{
    const struct engine_job *job = plan->job;
    const size_t d_v = job->head->d_v;
    if (rows->has_wide_sums)
        sums_flush(plan, space, rows);
    for (size_t l = 0; l < rows->count; l++) {
        const double divisor = rows->attends[l] ? rows_divisor(plan, rows, l) : 0;
        rows->inverse[l] = divisor == 0 ? 0 : (float)(1 / divisor);
        rows->sum[l] = divisor == 0 ? 1 : (float)divisor;
        rows->divisor[l] = rows->sum[l] * plan->v_scale;
    }
    if (job->output) {
        for (size_t c = 0; c < d_v; c++) {
            float *sum = space->sums + c * BLOCK;
            const double *wide = space->wide_sums + c * BLOCK;
            for (size_t at = 0; at < rows->lanes; at += LANES) {
                const vec divisor = vec_load(rows->divisor + at);
                vec_store(sum + at, rows->has_wide_sums ? vec_divide_wide(wide + at, divisor)
                                                        : vec_load(sum + at) / divisor);
            }
        }
        block_unpack(job->output + rows->first * job->output_row, job->output_row, space->sums, rows->count,
                     d_v);
    }
    if (job->measures)
        finish_measures(plan, space, rows);
    if (job->wants_scores)
        spread_finish(plan, rows, reach);
    if (job->top)
        finish_top(plan, space, rows);
    if (job->pool.cells)
        finish_pool(plan, space, rows, reach->first_key, reach->end_key, exponent);
}

#include "engine/kernel_pass_tmpl.h"

/* Passes 1 to 4 for the keys of a chunk, or a part of them. */
static void attend_chunk(const struct plan *plan, const struct workspace *space, const struct reach *reach,
                         struct rows *rows, const struct span *span, size_t chunk,
                         const struct exponent *exponent)
{
    const struct engine_job *job = plan->job;
    const struct head *head = job->head;
    const size_t from = span->from, keys = span->end - span->from;
    score_chunk(plan, space, reach, rows, from, keys, job->output);
    if (job->wants_scores && !plan->holds_scores)
        spread_add(space, rows);
    const float *left = space->scores, *largest = rows->chunk_max;
    if (plan->drops) {
        drop_draw(plan, space, rows, from, keys);
        drop_scores(space, rows, keys);
        left = space->left;
        largest = rows->left_max;
    }
    if (job->measures) {
        stats_argmax(rows, left, largest, from);
        if (from == 0)
            memcpy(rows->first_score, left, sizeof rows->first_score);
    }
    if (job->top)
        stats_top(rows, space, left, largest, job->top_count, from, keys);
    if (weighs_by_exp(plan))
        exp_and_sum(plan, space, rows, from, keys, exponent);
    else
        weigh_and_sum(plan, space, rows, from, keys);
    if (plan->drops)
        drop_weights(space, rows, keys);
    if (job->pool.cells && job->pool.mean)
        stats_cells(plan, space, rows, reach->first_key, from, keys, chunk, true);
    else if (job->pool.cells)
        stats_cells(plan, space, rows, reach->first_key, from, keys, chunk, false);
    if (job->output && plan->copies_v)
        multiply_values_copied(plan, space, rows, from, keys);
    else if (job->output)
        values_add(plan, space, rows, head->v.data + from * head->v.row, head->v.row, keys);
    rows->has_new_sums = true;
}

/* Computes and holds all scores of the block, and finds what its weights depend on. */
static void held_make(const struct plan *plan, const struct workspace *space, const struct reach *reach,
                      struct rows *rows)
{
    const struct head *head = plan->job->head;
    const size_t first = reach->first_key, keys = first < reach->end_key ? reach->end_key - first : 0;
    for (size_t i = 0; i < keys * BLOCK && plan->has_holes; i++)
        space->held[i] = -INFINITY; /* keys that no row of the block attends to */
    for (size_t l = 0; l < BLOCK; l++)
        rows->key_max[l] = -FLT_MAX;
    for (size_t from = first, end; from < reach->end_key; from = end) {
        end = chunk_end(&plan->chunks, from, reach->end_key);
        const struct span span = chunk_span(plan, reach, rows, from, end);
        if (span.from >= span.end)
            continue;
        score_compute(plan, space, reach, rows, span.from, span.end - span.from, false);
        if (plan->job->wants_scores)
            spread_add(space, rows);
        memcpy(space->held + (span.from - first) * BLOCK, space->scores,
               (span.end - span.from) * BLOCK * sizeof *space->held);
        for (size_t at = 0; at < rows->lanes; at += LANES)
            vec_store(rows->key_max + at,
                      VEC_MAX(vec_load(rows->chunk_max + at), vec_load(rows->key_max + at)));
    }
    if (head->top_k > 0)
        held_take_largest(plan, space, rows, keys);
    if (head->normalizer == NORMALIZER_SPARSEMAX || head->normalizer == NORMALIZER_ENTMAX15) {
        memcpy(rows->max, rows->key_max, sizeof rows->max);
        memcpy(rows->wide_max, rows->key_max, sizeof rows->wide_max);
        held_thresholds(plan, space, rows, first, keys);
    }
    for (size_t l = 0; l < BLOCK; l++)
        rows->key_max[l] = -FLT_MAX; /* as rows_begin leaves it */
}

static void kernel_attend(const struct plan *plan, const struct workspace *space, size_t first, size_t count,
                          size_t next)
{
    const struct engine_job *job = plan->job;
    const struct exponent exponent = exponent_make(plan->factor);
    struct reach reach;
    struct rows rows;
    reach_make(&reach, job->head, first, count);
    reach_round(&reach, &plan->chunks, job->head->m);
    rows_begin(plan, space, &reach, &rows, first, count);
    upcoming_make(&rows.upcoming, job, first, count, next);
    if (plan->holds_scores)
        held_make(plan, space, &reach, &rows);

    size_t chunk = 0;
    for (size_t from = reach.first_key, end; from < reach.end_key; from = end, chunk++) {
        end = chunk_end(&plan->chunks, from, reach.end_key);
        const struct span span = chunk_span(plan, &reach, &rows, from, end);
        if (job->pool.cells && from < span.from)
            stats_no_cells(plan, space, &rows, reach.first_key, from, span.from - from, chunk,
                           span.from == end);
        if (span.from < span.end)
            attend_chunk(plan, space, &reach, &rows, &span, chunk, &exponent);
        if (job->pool.cells && span.end < end)
            stats_no_cells(plan, space, &rows, reach.first_key, span.end, end - span.end, chunk, false);
        /* Counted from key 0, so that the sums of a row do not depend on its block. */
        if (rows.has_new_sums &&
            end / plan->chunks.length / CHUNKS_PER_FLUSH != from / plan->chunks.length / CHUNKS_PER_FLUSH)
            sums_flush(plan, space, &rows);
    }
    rows_finish(plan, space, &rows, &reach, &exponent);
    if (job->receiver.receive)
        rows_pass_on(plan, space, &rows, &reach, &exponent);
}

#include "engine/kernel_matrix_tmpl.h"

static bool kernel_runs_here(void)
{
    return KERNEL_RUNS;
}

const struct kernel KERNEL = {
    .name = KERNEL_NAME,
    .runs_here = kernel_runs_here,
    .attend = kernel_attend,
    .largest = kernel_largest,
    .project = kernel_project,
    .measure = kernel_measure,
    .mixtures = kernel_mixtures,
    .combine = kernel_combine,
    .add_exact = kernel_add_exact,
    .add_exact_keys = kernel_add_exact_keys,
    .heaviest = kernel_heaviest,
    .add_steps = kernel_add_steps,
};
