#include "figure/pool.h"

#include <math.h>
#include <string.h>

size_t pool_count(size_t count, size_t factor)
{
    return count / factor + (count % factor != 0);
}

/*
 * A row of blocks is pooled by strips of whole blocks: first the cells below each other, some columns at a time in registers,
 * then what has become one row, block by block.
 */
enum { STRIP = 1024, POOL_COLUMNS = 16 };

/* The columns of a strip, each over all rows of the block. */
struct pool_strip {
    double sum[STRIP];      /* of the mean */
    float high[STRIP];      /* of the maximum */
    int32_t has_nan[STRIP]; /* 0: none */
    uint32_t count[STRIP];  /* cells that are not masked; only kept where there is a mask */
};

/* The cells of a strip. */
struct pool_cells {
    const float *values;
    size_t stride; /* from one row of values to the next */
    const uint8_t *masked;
    size_t masked_stride;
    size_t rows, columns;
};

/* Columns from j on, `width` of them, which is mostly the constant POOL_COLUMNS: then the compiler makes vectors of them. */
static inline void strip_high(struct pool_strip *strip, const struct pool_cells *cells, size_t j,
                              const size_t width)
{
    float high[POOL_COLUMNS];
    int32_t has_nan[POOL_COLUMNS] = {0};
    for (size_t c = 0; c < width; c++)
        high[c] = -INFINITY;
    for (size_t r = 0; r < cells->rows; r++) {
        const float *values = cells->values + r * cells->stride + j;
        for (size_t c = 0; c < width; c++) {
            high[c] = values[c] > high[c] ? values[c] : high[c];
            has_nan[c] |= values[c] != values[c];
        }
    }
    memcpy(strip->high + j, high, width * sizeof *high);
    memcpy(strip->has_nan + j, has_nan, width * sizeof *has_nan);
}

static inline void strip_sum(struct pool_strip *strip, const struct pool_cells *cells, size_t j,
                             const size_t width)
{
    double sum[POOL_COLUMNS] = {0};
    for (size_t r = 0; r < cells->rows; r++) {
        const float *values = cells->values + r * cells->stride + j;
        for (size_t c = 0; c < width; c++)
            sum[c] += (double)values[c];
    }
    memcpy(strip->sum + j, sum, width * sizeof *sum);
}

/* Which cells of these columns are masked: none, some or all. */
enum masking_of { MASKED_NONE, MASKED_SOME, MASKED_ALL };

static enum masking_of masked_find(const struct pool_cells *cells, size_t j, size_t width)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t any = 0, all = ones;
    for (size_t r = 0; r < cells->rows; r++) {
        const uint8_t *masked = cells->masked + r * cells->masked_stride + j;
        uint64_t eight[POOL_COLUMNS / 8] = {0};
        if (width == POOL_COLUMNS) {
            memcpy(eight, masked, sizeof eight);
        } else {
            for (size_t c = 0; c < POOL_COLUMNS; c++)
                ((uint8_t *)eight)[c] = masked[c < width ? c : width - 1];
        }
        any |= eight[0] | eight[1];
        all &= eight[0] & eight[1];
    }
    return any == 0 ? MASKED_NONE : all == ones ? MASKED_ALL : MASKED_SOME;
}

static void strip_clear(struct pool_strip *strip, size_t j, size_t width)
{
    for (size_t c = j; c < j + width; c++) {
        strip->sum[c] = 0;
        strip->high[c] = -INFINITY;
        strip->has_nan[c] = 0;
        strip->count[c] = 0;
    }
}

/* Cell by cell, without those that are masked. */
static void strip_masked(struct pool_strip *strip, const struct pool_cells *cells, size_t j, size_t width)
{
    strip_clear(strip, j, width);
    for (size_t c = j; c < j + width; c++) {
        for (size_t r = 0; r < cells->rows; r++) {
            const float value = cells->values[r * cells->stride + c];
            if (cells->masked[r * cells->masked_stride + c])
                continue;
            strip->sum[c] += (double)value;
            strip->high[c] = value > strip->high[c] ? value : strip->high[c];
            strip->has_nan[c] |= isnan(value);
            strip->count[c]++;
        }
    }
}

static void strip_fill(struct pool_strip *strip, const struct pool_cells *cells, enum pool how)
{
    for (size_t j = 0, width; j < cells->columns; j += width) {
        width = cells->columns - j < POOL_COLUMNS ? cells->columns - j : POOL_COLUMNS;
        for (size_t c = j; cells->masked && c < j + width; c++)
            strip->count[c] = (uint32_t)cells->rows;
        const enum masking_of masking = cells->masked ? masked_find(cells, j, width) : MASKED_NONE;
        if (masking == MASKED_ALL)
            strip_clear(strip, j, width);
        else if (masking == MASKED_SOME)
            strip_masked(strip, cells, j, width);
        else if (how == POOL_MEAN && width == POOL_COLUMNS)
            strip_sum(strip, cells, j, POOL_COLUMNS);
        else if (how == POOL_MEAN)
            strip_sum(strip, cells, j, width);
        else if (width == POOL_COLUMNS)
            strip_high(strip, cells, j, POOL_COLUMNS);
        else
            strip_high(strip, cells, j, width);
    }
}

/* What a block has so far. */
struct block_sum {
    double sum;
    float high;
    bool has_nan;
    size_t count; /* cells that are not masked */
};

static const struct block_sum no_cells = {.high = -INFINITY};

/* Adds columns [first, end) of a strip. A mean is NaN where a cell is, or where there are both infinities. */
static void block_add(struct block_sum *block, const struct pool_strip *strip, const struct pool_cells *cells,
                      size_t first, size_t end, enum pool how)
{
    for (size_t j = first; j < end; j++) {
        block->count += cells->masked ? (size_t)strip->count[j] : cells->rows;
        if (how == POOL_MEAN) {
            block->sum += strip->sum[j];
            continue;
        }
        block->high = strip->high[j] > block->high ? strip->high[j] : block->high;
        block->has_nan = block->has_nan || strip->has_nan[j];
    }
}

static float block_value(const struct block_sum *block, enum pool how)
{
    return block->has_nan ? NAN : how == POOL_MEAN ? (float)(block->sum / (double)block->count) : block->high;
}

/* Copies that stay in registers: there may be as many cells as pixels. */
static void extent_widen(struct extent *extent, const struct pooled *pooled)
{
    struct extent seen = *extent;
    float low = seen.any ? seen.low : INFINITY, high = seen.any ? seen.high : -INFINITY;
    float positive = seen.positive > 0 ? seen.positive : INFINITY;
    for (size_t i = 0; i < pooled->rows * pooled->columns; i++) {
        float value = pooled->values[i];
        if (pooled->masked && pooled->masked[i]) {
            seen.has_masked = true;
        } else if (isnan(value)) {
            seen.has_nan = true;
        } else if (isinf(value)) {
            *(value > 0 ? &seen.has_plus : &seen.has_minus) = true;
        } else {
            low = value < low ? value : low;
            high = value > high ? value : high;
            positive = value > 0 && value < positive ? value : positive;
        }
    }
    seen.any = low <= high;
    seen.low = seen.any ? low : seen.low;
    seen.high = seen.any ? high : seen.high;
    seen.positive = isinf(positive) ? 0 : positive;
    *extent = seen;
}

/* Cell by cell, as where there is room for all. */
static void copy_map(struct pooled *pooled, const struct heatmap *map)
{
    size_t count = pooled->rows * pooled->columns, stride = map->stride ? map->stride : pooled->columns;
    for (size_t i = 0; i < pooled->rows; i++)
        memcpy(pooled->values + i * pooled->columns, map->values + i * stride,
               pooled->columns * sizeof *map->values);
    for (size_t i = 0; pooled->masked && i < count; i++)
        pooled->masked[i] = map->masked && map->masked[i];
}

/* The columns of the strip that begins at `from`: whole blocks, or of one that is wider a part. */
static size_t strip_width(size_t from, size_t columns, size_t factor)
{
    const size_t most = factor <= STRIP ? STRIP / factor * factor : STRIP;
    const size_t left = columns - from, block = factor - from % factor;
    const size_t width = factor <= STRIP || block > most ? most : block;
    return width < left ? width : left;
}

/* A row of blocks, rows [first, end) of the map. */
static void blocks_row(struct pooled *pooled, size_t i, const struct heatmap *map, size_t first, size_t end,
                       size_t columns, size_t factor, enum pool how)
{
    const size_t stride = map->stride ? map->stride : columns;
    struct block_sum block = no_cells;
    struct pool_strip strip;
    for (size_t from = 0, width; from < columns; from += width) {
        width = strip_width(from, columns, factor);
        const struct pool_cells cells = {.values = map->values + first * stride + from,
                                         .stride = stride,
                                         .masked = map->masked ? map->masked + first * columns + from : NULL,
                                         .masked_stride = columns,
                                         .rows = end - first,
                                         .columns = width};
        strip_fill(&strip, &cells, how);
        for (size_t j = 0, stop; j < width; j = stop) {
            const size_t cell = i * pooled->columns + (from + j) / factor,
                         left = factor - (from + j) % factor;
            stop = left < width - j ? j + left : width;
            block_add(&block, &strip, &cells, j, stop, how);
            if ((from + stop) % factor != 0 && from + stop < columns)
                continue;
            pooled->values[cell] = block_value(&block, how);
            if (pooled->masked)
                pooled->masked[cell] = block.count == 0;
            block = no_cells;
        }
    }
}

void pool_map(struct pooled *pooled, const struct heatmap *map, size_t rows, size_t columns,
              size_t row_factor, size_t column_factor, enum pool how, struct extent *extent)
{
    const bool whole = row_factor == 1 && column_factor == 1;
    if (whole)
        copy_map(pooled, map);
    for (size_t i = 0; !whole && i < pooled->rows; i++) {
        const size_t first = i * row_factor, end = rows - first < row_factor ? rows : first + row_factor;
        blocks_row(pooled, i, map, first, end, columns, column_factor, how);
    }
    extent_widen(extent, pooled);
}
