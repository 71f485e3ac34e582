/*
 * The engine's algorithm, a template: a file that sets the parameters of engine/kernel_vector_tmpl.h and
 * engine/kernel_tile_tmpl.h, and KERNEL (the name of the struct engine_kernel) with KERNEL_NAME and KERNEL_RUNS (an
 * expression), and includes this, is the engine for one instruction set.
 *
 * Lanes are queries. A block of 64 queries is packed as [d][64] and meets the keys in chunks of some 120:
 *
 *   pass 1  scores [keys][64] = K·Qᵀ, the largest of each row on the way          (tiles: rows are keys)
 *   pass 2  only where needed: scale, softcap, bias, masks
 *   pass 3  e = exp(score - max so far), their sum, measures and pooled cells
 *   pass 4  output [d_v][64] = old·exp(old max - max) + Vᵀ·e                       (tiles: rows are columns
 * of V)
 *
 * K and V are read in place, number by number; a chunk stays in the first cache from pass 1 to pass 4; a row
 * of the lanes needs no sum across a vector. The running max is that of Milakov and Gimelshein 2018
 * (arXiv:1805.02867).
 */

#include <float.h>
#include <math.h>
#include <string.h>

#include "engine/block.h"
#include "engine/kernel_vector_tmpl.h"

#include "engine/kernel_tile_tmpl.h"

#include "engine/kernel_rules_tmpl.h"

#include "attention/mask.h"
#include "engine/kernel_stats_tmpl.h"

/* What runs along with exp, for one vector of rows. */
struct notes {
    vec sum[STEP]; /* several, because errors of equal weights all go one way */
    vec log_sum, distance_sum;
    vec away; /* i + offset - j */
};

/* e = exp(score - max) of `count` <= STEP keys, in place and into the notes. */
INLINE void soften_keys(float *score, const int count, vec max, const struct exponent *exponent,
                        struct notes *notes, const bool measure)
{
    vec x[STEP], e[STEP];
    UNROLL
    for (int i = 0; i < count; i++)
        x[i] = vec_load(score + i * (int)BLOCK) - max;
    vec_exps(x, e, count, exponent);
    UNROLL
    for (int i = 0; i < count; i++) {
        vec_store(score + i * (int)BLOCK, e[i]);
        notes->sum[i] += e[i];
        if (!measure)
            continue;
        notes->log_sum += e[i] * x[i];
        notes->distance_sum += e[i] * (vec)((veci)notes->away & INT32_MAX);
        notes->away -= 1;
    }
}

/* One vector of rows, all keys of a chunk. */
INLINE void soften_group(const struct workspace *space, struct rows *rows, size_t at, size_t d_v, size_t from,
                         size_t keys, const struct exponent *exponent, const bool measure)
{
    float *const sums = space->sums + d_v * BLOCK + at, *score = space->scores + at;
    vec shift, max = vec_load(rows->max + at), new = VEC_MAX(vec_load(rows->largest + at), max);
    vec shrink = vec_exp(max - new, exponent, &shift);
    vec_store(rows->max + at, new);
    vec_store(rows->shrink + at, shrink);
    vec_widen(rows->pending + at, shrink, (vec){0});

    struct notes notes = {0};
    for (size_t l = 0; l < LANES; l++)
        notes.away[l] = (float)((double)(rows->first + at + l) + rows->shift - (double)from);
    for (; keys >= STEP; keys -= STEP, score += STEP * BLOCK)
        soften_keys(score, STEP, new, exponent, &notes, measure);
    for (; keys > 0; keys--, score += BLOCK)
        soften_keys(score, 1, new, exponent, &notes, measure);

    const vec sum = (notes.sum[0] + notes.sum[1]) + (notes.sum[2] + notes.sum[3]);
    vec_widen(rows->weight + at, shrink, sum);
    if (!measure)
        return;
    vec old = vec_load(sums + SUM_WEIGHT * BLOCK), old_log = vec_load(sums + SUM_LOG * BLOCK);
    vec_store(sums + SUM_WEIGHT * BLOCK, shrink * old + sum);
    vec_store(sums + SUM_LOG * BLOCK, shrink * (old_log + shift * old) + notes.log_sum);
    vec_store(sums + SUM_DISTANCE * BLOCK,
              shrink * vec_load(sums + SUM_DISTANCE * BLOCK) + notes.distance_sum);
}

/* Pass 3 of one chunk. */
static void soften(const struct plan *plan, const struct workspace *space, struct rows *rows, size_t from,
                   size_t keys, const struct exponent *exponent)
{
    const size_t d_v = plan->job->head->d_v;
    for (size_t at = 0; at < rows->lanes; at += LANES)
        if (plan->job->measures)
            soften_group(space, rows, at, d_v, from, keys, exponent, true);
        else
            soften_group(space, rows, at, d_v, from, keys, exponent, false);
}

/* Moves the sums to `wide`, so that no float carries more than CHUNKS_PER_FLUSH chunks. */
static void flush(const struct plan *plan, const struct workspace *space, struct rows *rows)
{
    const size_t d_v = plan->job->head->d_v, count = (d_v + SUM_COUNT) * BLOCK;
    float *sums = space->sums;
    double *wide = space->wide;
    if (!rows->summed) /* since the last time: it would change nothing */
        return;
    rows->summed = false;
    if (!rows->flushed)
        memset(wide, 0, count * sizeof *wide);
    rows->flushed = true;
    for (size_t l = 0; l < rows->lanes; l++) {
        const double shift = (double)rows->flushed_max[l] - (double)rows->max[l], shrink = rows->pending[l];
        wide[(d_v + SUM_LOG) * BLOCK + l] += shift * wide[(d_v + SUM_WEIGHT) * BLOCK + l];
        rows->flushed_max[l] = rows->max[l];
        rows->pending[l] = 1;
        for (size_t r = l; r < count; r += BLOCK)
            wide[r] = wide[r] * shrink + (double)sums[r];
    }
    memset(sums, 0, count * sizeof *sums);
}

/* Pass 4 of a chunk where v is dirty: bad rows of v are taken one by one and reach only who may see them; v
 * so large that sums would overflow is made smaller. */
static void values_dirty(const struct plan *plan, const struct workspace *space, struct rows *rows,
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
            space->clean[j * d_v + c] = bad[j] ? 0 : v[c] * plan->value_scale;
    }
    multiply_values(space->clean, d_v, d_v, space->scores, keys, space->sums, rows->shrink, rows->lanes);
    for (size_t j = 0; j < keys; j++)
        for (size_t l = 0; l < rows->count && bad[j]; l++)
            if (mask_allows(head, rows->first + l, from + j))
                for (size_t c = 0; c < d_v; c++)
                    space->sums[c * BLOCK + l] += space->scores[j * BLOCK + l] * plan->value_scale *
                                                  head->v.data[(from + j) * head->v.row + c];
}

/* Passes 1 and 2 of one chunk. */
static void score_chunk(const struct plan *plan, const struct workspace *space, const struct reach *reach,
                        struct rows *rows, size_t from, size_t keys, bool values_next)
{
    const struct head *head = plan->job->head;
    for (size_t l = 0; l < BLOCK; l++)
        rows->largest[l] = -INFINITY;
    multiply_scores(head->k.data + from * head->k.row, head->k.row, keys, space->queries, head->d_k,
                    space->scores, rows->largest, rows->lanes,
                    values_next ? head->v.data + from * head->v.row : NULL, head->v.row,
                    values_next ? head->d_v : 0);
    if (!plan->folded || plan->gappy || !reach_covers(reach, from, from + keys))
        rules_apply(plan, space, reach, rows->first, rows->count, from, keys, rows->groups, rows->largest,
                    rows->seen);
    else
        memset(rows->seen, 0xff, sizeof rows->seen);
}

static void rows_begin(const struct plan *plan, const struct workspace *space, struct rows *rows,
                       size_t first, size_t count)
{
    const struct engine_job *job = plan->job;
    const struct head *head = job->head;
    memset(rows, 0, sizeof *rows);
    rows->first = first;
    rows->shift = (double)plan->job->head->offset;
    rows->count = count;
    rows->lanes = (count + TILE_LANES - 1) / TILE_LANES * TILE_LANES;
    rows->groups = (int)(rows->lanes / LANES);
    for (size_t l = 0; l < BLOCK; l++) {
        rows->max[l] = rows->flushed_max[l] = -FLT_MAX;
        rows->first_score[l] = -INFINITY;
        rows->floor[l] = l < count ? -INFINITY : INFINITY;
        rows->argmax[l] = SIZE_MAX;
        rows->pending[l] = 1;
    }
    for (size_t t = 0; job->top && t < count * job->top_count; t++)
        space->top[t] = (struct row_key){-INFINITY, SIZE_MAX};
    memset(space->sums, 0, (head->d_v + SUM_COUNT) * BLOCK * sizeof *space->sums);
    block_pack(space->queries, head->q.data + first * head->q.row, head->q.row, count, head->d_k);
}

/* Divides the sums and hands out all but rows. */
static void rows_finish(const struct plan *plan, const struct workspace *space, struct rows *rows,
                        const struct reach *reach, const struct exponent *exponent)
{
    const struct engine_job *job = plan->job;
    const size_t d_v = job->head->d_v;
    if (rows->flushed)
        flush(plan, space, rows);
    for (size_t l = 0; l < rows->count; l++) {
        const double sum = rows->weight[l];
        rows->inverse[l] = !rows->seen[l] ? 0 : sum > 0 ? (float)(1 / sum) : NAN;
        rows->sum[l] = !rows->seen[l] ? 1 : sum > 0 ? (float)sum : NAN;
        rows->divisor[l] = rows->sum[l] * plan->value_scale;
    }
    if (job->output) {
        for (size_t c = 0; c < d_v; c++) {
            float *sum = space->sums + c * BLOCK;
            const double *wide = space->wide + c * BLOCK;
            for (size_t l = 0; l < rows->count && rows->flushed; l++)
                sum[l] = (float)(wide[l] / (double)rows->divisor[l]);
            for (size_t at = 0; at < rows->lanes && !rows->flushed; at += LANES)
                vec_store(sum + at, vec_load(sum + at) / vec_load(rows->divisor + at));
        }
        block_unpack(job->output + rows->first * job->output_row, job->output_row, space->sums, rows->count,
                     d_v);
    }
    if (job->measures)
        finish_measures(plan, space, rows);
    if (job->top)
        finish_top(plan, space, rows);
    if (job->pool.cells)
        finish_pool(plan, space, rows, reach->first_key, reach->end_key, exponent);
}

/* The weights once more, now that the sums are known, for the taker. */
static void rows_hand_out(const struct plan *plan, const struct workspace *space, struct rows *rows,
                          const struct reach *reach, const struct exponent *exponent)
{
    const struct engine_job *job = plan->job;
    const size_t m = job->head->m;
    memset(space->strip, 0, rows->count * m * sizeof *space->strip);
    for (size_t from = reach->first_key, end; from < reach->end_key; from = end) {
        end = chunk_end(&plan->chunks, from, reach->end_key);
        if (plan->gappy && !mask_may_attend(job->head, rows->first, rows->first + rows->count, from, end))
            continue;
        score_chunk(plan, space, reach, rows, from, end - from, false);
        for (size_t at = 0; at < rows->lanes; at += LANES) {
            const vec max = vec_load(rows->max + at), inverse = vec_load(rows->inverse + at);
            const vec sum = vec_load(rows->sum + at);
            for (float *score = space->scores + at; score < space->scores + (end - from) * BLOCK;
                 score += BLOCK) {
                vec finite, e = vec_exp(vec_load(score) - max, exponent, &finite), w = e * inverse;
                vec_store(score, w + (e - w * sum) * inverse); /* as good as a division */
            }
        }
        block_unpack(space->strip + from, m, space->scores, rows->count, end - from);
    }
    for (size_t r = 0; r < rows->count; r++)
        for (size_t j = 0; j < m && isnan(rows->inverse[r]); j++)
            space->strip[r * m + j] = NAN;
    job->taker.take(job->taker.context, rows->first, rows->count, space->strip, m);
}

/* Keys [from, end). */
struct span {
    size_t from, end;
};

/* The keys of a chunk that some row of the block may see, in whole STEPs from its begin; none: all at its
 * end. */
static struct span chunk_seen(const struct plan *plan, const struct rows *rows, size_t from, size_t end)
{
    const struct head *head = plan->job->head;
    const size_t first = rows->first, begin = chunk_begin(&plan->chunks, from);
    struct span seen = {from, end};
    if (!mask_may_attend(head, first, first + rows->count, from, end))
        return (struct span){end, end};
    mask_narrow(head, first, first + rows->count, &seen.from, &seen.end);
    seen.from -= (seen.from - begin) % STEP;
    seen.end += (STEP - (seen.end - begin) % STEP) % STEP;
    return (struct span){seen.from < from ? from : seen.from, seen.end < end ? seen.end : end};
}

/* The keys of one chunk, or those of them that are seen. */
static void attend_chunk(const struct plan *plan, const struct workspace *space, const struct reach *reach,
                         struct rows *rows, const struct span *seen, size_t chunk,
                         const struct exponent *exponent)
{
    const struct engine_job *job = plan->job;
    const struct head *head = job->head;
    const size_t from = seen->from, keys = seen->end - seen->from;
    score_chunk(plan, space, reach, rows, from, keys, job->output);
    if (job->measures) {
        watch_argmax(rows, space->scores, from, keys);
        if (from == 0)
            memcpy(rows->first_score, space->scores, sizeof rows->first_score);
    }
    if (job->top)
        watch_top(rows, space, job->top_count, from, keys);
    soften(plan, space, rows, from, keys, exponent);
    if (job->pool.cells && job->pool.mean)
        watch_cells(plan, space, rows, reach->first_key, from, keys, chunk, true);
    else if (job->pool.cells)
        watch_cells(plan, space, rows, reach->first_key, from, keys, chunk, false);
    if (job->output && plan->dirty)
        values_dirty(plan, space, rows, from, keys);
    else if (job->output)
        multiply_values(head->v.data + from * head->v.row, head->v.row, head->d_v, space->scores, keys,
                        space->sums, rows->shrink, rows->lanes);
    rows->summed = true;
}

static void kernel_attend(const struct plan *plan, const struct workspace *space, size_t first, size_t count)
{
    const struct engine_job *job = plan->job;
    const struct exponent exponent = exponent_make(plan->factor);
    struct reach reach;
    struct rows rows;
    reach_make(&reach, job->head, first, count);
    reach_round(&reach, &plan->chunks, job->head->m);
    rows_begin(plan, space, &rows, first, count);

    size_t chunk = 0;
    for (size_t from = reach.first_key, end; from < reach.end_key; from = end, chunk++) {
        end = chunk_end(&plan->chunks, from, reach.end_key);
        const struct span seen = plan->gappy ? chunk_seen(plan, &rows, from, end) : (struct span){from, end};
        if (job->pool.cells && from < seen.from)
            watch_nothing(plan, space, &rows, reach.first_key, from, seen.from - from, chunk);
        if (seen.from < seen.end)
            attend_chunk(plan, space, &reach, &rows, &seen, chunk, &exponent);
        if (job->pool.cells && seen.end < end)
            watch_nothing(plan, space, &rows, reach.first_key, seen.end, end - seen.end, chunk);
        /* by absolute key, so that a row's sums do not depend on the block it is in */
        if (end / plan->chunks.length / CHUNKS_PER_FLUSH != from / plan->chunks.length / CHUNKS_PER_FLUSH)
            flush(plan, space, &rows);
    }
    rows_finish(plan, space, &rows, &reach, &exponent);
    if (job->taker.take)
        rows_hand_out(plan, space, &rows, &reach, &exponent);
}

static void kernel_project(const float *x, size_t x_row, const float *w, const float *b, size_t rows,
                           size_t inner, size_t columns, size_t first, size_t count, float *y,
                           const struct workspace *space)
{
    const size_t lanes = (rows + TILE_LANES - 1) / TILE_LANES * TILE_LANES;
    _Alignas(64) float one[BLOCK];
    for (size_t l = 0; l < BLOCK; l++)
        one[l] = 1;
    memset(space->sums, 0, count * BLOCK * sizeof *space->sums);
    memset(space->wide, 0, count * BLOCK * sizeof *space->wide);
    for (size_t k = 0; k < inner; k += CHUNK) {
        size_t depth = inner - k < CHUNK ? inner - k : CHUNK;
        block_pack(space->scores, x + k, x_row, rows, depth);
        multiply_values(w + k * columns + first, columns, count, space->scores, depth, space->sums, one,
                        lanes);
        if ((k / CHUNK + 1) % CHUNKS_PER_FLUSH != 0)
            continue;
        for (size_t i = 0; i < count * BLOCK; i++) {
            space->wide[i] += (double)space->sums[i];
            space->sums[i] = 0;
        }
    }
    for (size_t c = 0; c < count; c++)
        for (size_t l = 0; l < rows; l++) {
            double sum = space->wide[c * BLOCK + l] + (double)space->sums[c * BLOCK + l];
            space->sums[c * BLOCK + l] = (float)(sum + (b ? (double)b[first + c] : 0));
        }
    block_unpack(y + first, columns, space->sums, rows, count);
}

static uint32_t kernel_largest(const struct strided *grid, size_t rows, size_t columns)
{
    veci top = {0};
    uint32_t largest = 0;
    for (size_t r = 0; r < rows; r++) {
        const float *row = grid->data + r * grid->row;
        size_t c = 0;
        for (; c + LANES <= columns; c += LANES) {
            veci x = (veci)vec_get(row + c) & INT32_MAX, larger = x > top;
            top = (x & larger) | (top & ~larger);
        }
        for (; c < columns; c++) {
            uint32_t bits;
            memcpy(&bits, &row[c], sizeof bits);
            bits &= INT32_MAX;
            largest = bits > largest ? bits : largest;
        }
    }
    for (int l = 0; l < LANES; l++)
        largest = (uint32_t)top[l] > largest ? (uint32_t)top[l] : largest;
    return largest;
}

static bool kernel_runs_here(void)
{
    return KERNEL_RUNS;
}

const struct engine_kernel KERNEL = {
    .name = KERNEL_NAME,
    .runs_here = kernel_runs_here,
    .attend = kernel_attend,
    .largest = kernel_largest,
    .project = kernel_project,
};
