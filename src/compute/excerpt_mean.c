/*
 * A matrix of a mean has sources: of one layer or, in a mean over layers, of each, and of one head or of each. All are
 * weighed alike, so that the mean over both is the mean of all matrices.
 */
#include "compute/excerpt_mean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* The layers and heads of the excerpt's lists that a matrix is the mean of. */
struct mean_sources {
    size_t layer_first, layer_end, head_first, head_end;
};

static struct mean_sources mean_sources(const struct excerpt *e, size_t l, size_t h)
{
    const struct excerpt_mean *mean = &e->mean;
    return (struct mean_sources){.layer_first = mean->layers ? 0 : l,
                                 .layer_end = mean->layers ? mean->layers : l + 1,
                                 .head_first = mean->heads ? 0 : h,
                                 .head_end = mean->heads ? mean->heads : h + 1};
}

/* The most sources that a matrix has. */
static size_t mean_most_sources(const struct excerpt *e)
{
    return (e->mean.layers ? e->mean.layers : 1) * (e->mean.heads ? e->mean.heads : 1);
}

/* ---- stages ---- */

/* Row i of the mean of `rows`, one a source. -infinity (masked) stays so only where it is in all. */
static void mean_row(float *mean, const float *const *rows, size_t count, size_t columns)
{
    for (size_t c = 0; c < columns; c++) {
        double sum = 0;
        size_t seen = 0;
        for (size_t s = 0; s < count; s++)
            if (rows[s][c] != -INFINITY) {
                sum += (double)rows[s][c];
                seen++;
            }
        mean[c] = seen > 0 ? (float)(sum / (double)seen) : -INFINITY;
    }
}

/* The mean of a stage, in memory of its own; `rows` has room for one a source. The output has all its columns. */
static bool mean_stage(struct excerpt *e, enum stage stage, const float **rows, struct error *error)
{
    const struct stage_shape *shape = &e->shape[stage];
    const bool joint = shape->whose == STAGE_HEADS_JOINT;
    const size_t columns = stage == STAGE_OUTPUT ? e->result->stage[stage].shape.columns : shape->columns;
    size_t count;
    if (!size_multiply(shape->rows, columns, &count) || !size_multiply(count, shape->heads, &count) ||
        !size_multiply(count, e->layer_count, &count))
        return error_memory(error, SIZE_MAX);
    float *to = e->mean.stage[stage] = memory_alloc(count, sizeof *to, error);
    for (size_t m = 0; to && m < e->layer_count * shape->heads; m++) {
        struct mean_sources from = mean_sources(e, m / shape->heads, m % shape->heads);
        if (joint)
            from.head_end = from.head_first + 1;
        for (size_t i = 0; i < shape->rows; i++, to += columns) {
            size_t sources = 0;
            for (size_t l = from.layer_first; l < from.layer_end; l++)
                for (size_t h = from.head_first; h < from.head_end; h++) {
                    const struct strided matrix = excerpt_cut(e, stage, l, h);
                    rows[sources++] = matrix.data + i * matrix.row;
                }
            mean_row(to, rows, sources, columns);
        }
    }
    return e->mean.stage[stage] != NULL;
}

/* ---- masks ---- */

static const uint8_t *source_mask(const struct excerpt *e, size_t l, size_t h)
{
    return masks_head(&e->result->masks, e->layer_index[l], excerpt_head(e, l, h))->bits;
}

/* The mask of a matrix of the mean: what all its sources mask. */
static bool mean_mask(struct excerpt *e, size_t matrix, struct error *error)
{
    const struct masks *masks = &e->result->masks;
    const size_t bytes = masks->cells.rows * masks->row_bytes;
    const struct mean_sources from = mean_sources(e, matrix / e->head_count, matrix % e->head_count);
    for (size_t l = from.layer_first; l < from.layer_end; l++)
        for (size_t h = from.head_first; h < from.head_end; h++)
            if (!source_mask(e, l, h))
                return true;
    uint8_t *all = e->mean.masks[matrix] = memory_alloc(bytes, 1, error);
    if (!all)
        return false;
    memset(all, 0xFF, bytes);
    for (size_t l = from.layer_first; l < from.layer_end; l++)
        for (size_t h = from.head_first; h < from.head_end; h++) {
            const uint8_t *bits = source_mask(e, l, h);
            for (size_t b = 0; b < bytes; b++)
                all[b] &= bits[b];
        }
    return true;
}

/* ---- measures ---- */

/* What the measures of a mean are made in. */
struct mean_room {
    float *row;                /* m */
    double *sums;              /* m */
    size_t *keys;              /* m */
    struct row_measures *rows; /* n */
};

/* The mean weights of query i of whole heads, source by source, into room->row. */
static void mean_weights(const struct excerpt *e, const struct mean_sources *from, size_t i,
                         struct mean_room *room)
{
    const struct stage_data *weights = &e->result->stage[STAGE_WEIGHTS];
    const size_t m = e->result->problem->m;
    const size_t count = (from->layer_end - from->layer_first) * (from->head_end - from->head_first);
    for (size_t j = 0; j < m; j++)
        room->sums[j] = 0;
    for (size_t l = from->layer_first; l < from->layer_end; l++)
        for (size_t h = from->head_first; h < from->head_end; h++) {
            const float *row = stage_data_matrix(weights, e->layer_index[l], excerpt_head(e, l, h)) + i * m;
            for (size_t j = 0; j < m; j++)
                room->sums[j] += (double)row[j];
        }
    for (size_t j = 0; j < m; j++)
        room->row[j] = (float)(room->sums[j] / (double)count);
}

/* Whether the rows of the sources are shares of a whole: weights after dropout, and those of a recurrence, are not. */
static bool mean_has_shares(const struct excerpt *e, const struct mean_sources *from)
{
    bool shares = true;
    for (size_t l = from->layer_first; l < from->layer_end; l++) {
        const struct settings *settings = &e->result->problem->layers[e->layer_index[l]].settings;
        shares = shares && settings_are_shares(settings);
    }
    return shares;
}

/* Measures row i of a matrix by the keys that some source allows, and by masked keys whose weight is not 0. Returns
 * how many are allowed. */
static size_t mean_measure_row(const struct excerpt *e, size_t matrix, size_t i, struct mean_room *room)
{
    const struct problem *problem = e->result->problem;
    const struct mean_sources from = mean_sources(e, matrix / e->head_count, matrix % e->head_count);
    const int64_t offset = problem->layers[e->layer_index[from.layer_first]].offset;
    size_t allowed = 0, count = 0;
    mean_weights(e, &from, i, room);
    for (size_t j = 0; j < problem->m; j++) {
        bool masked = masks_bit(&e->result->masks, e->mean.masks[matrix], i, j);
        allowed += !masked;
        if (!masked || room->row[j] != 0)
            room->keys[count++] = j;
    }
    room->rows[i] =
        measures_row(room->row, room->keys, count, (double)offset + (double)i, mean_has_shares(e, &from));
    return allowed;
}

static bool mean_measure(struct excerpt *e, struct error *error)
{
    const size_t n = e->result->problem->n, m = e->result->problem->m;
    struct mean_room room = {.row = memory_alloc(m, sizeof *room.row, error),
                             .sums = memory_alloc(m, sizeof *room.sums, error),
                             .keys = memory_alloc(m, sizeof *room.keys, error),
                             .rows = memory_alloc(n, sizeof *room.rows, error)};
    bool ok = room.row && room.sums && room.keys && room.rows;
    for (size_t matrix = 0; ok && matrix < e->layer_count * e->head_count; matrix++) {
        size_t allowed = 0;
        for (size_t i = 0; i < n; i++)
            allowed += mean_measure_row(e, matrix, i, &room);
        e->mean.measures[matrix] = measures_head(room.rows, n);
        e->mean.measures[matrix].allowed = allowed;
    }
    free(room.row);
    free(room.sums);
    free(room.keys);
    free(room.rows);
    return ok;
}

/* ---- all of it ---- */

bool excerpt_mean_make(struct excerpt *e, struct error *error)
{
    const size_t matrices = e->layer_count * e->head_count;
    e->mean.measures = memory_alloc(matrices, sizeof *e->mean.measures, error);
    e->mean.masks = memory_zeroed(matrices, sizeof *e->mean.masks, error);
    const float **rows = memory_alloc(mean_most_sources(e), sizeof *rows, error);
    bool ok = e->mean.measures && e->mean.masks && rows;
    for (size_t matrix = 0; ok && matrix < matrices; matrix++)
        ok = mean_mask(e, matrix, error);
    for (enum stage s = 0; ok && s < STAGE_COUNT; s++)
        if (stage_data_is_there(&e->result->stage[s]) && (s != STAGE_OUTPUT || e->mean.layers))
            ok = mean_stage(e, s, rows, error);
    free(rows);
    return ok && mean_measure(e, error);
}

void excerpt_mean_free(struct excerpt *e)
{
    for (enum stage s = 0; s < STAGE_COUNT; s++)
        free(e->mean.stage[s]);
    for (size_t i = 0; e->mean.masks && i < e->layer_count * e->head_count; i++)
        free(e->mean.masks[i]);
    free(e->mean.masks);
    free(e->mean.measures);
    e->mean = (struct excerpt_mean){0};
}
