#include "figure/pool.h"

#include <math.h>
#include <string.h>

size_t pool_count(size_t count, size_t factor)
{
    return count / factor + (count % factor != 0);
}

/* One block: rows×columns cells of a matrix. */
struct block {
    const float *values; /* the first */
    size_t stride;       /* from one row of values to the next */
    const uint8_t *masked;
    size_t masked_stride;
    size_t rows, columns;
};

/* False where all is masked. */
static bool block_pool(const struct block *block, enum pool how, float *result)
{
    double sum = 0;
    float high = -INFINITY;
    size_t count = 0;
    bool has_nan = false;
    for (size_t i = 0; i < block->rows; i++) {
        const float *values = block->values + i * block->stride;
        const uint8_t *masked = block->masked ? block->masked + i * block->masked_stride : NULL;
        for (size_t j = 0; j < block->columns; j++) {
            if (masked && masked[j])
                continue;
            count++;
            has_nan = has_nan || isnan(values[j]);
            sum += (double)values[j];
            high = values[j] > high ? values[j] : high;
        }
    }
    *result = has_nan ? NAN : how == POOL_MEAN ? (float)(sum / (double)count) : high;
    return count > 0;
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

void pool_map(struct pooled *pooled, const struct heatmap *map, size_t rows, size_t columns,
              size_t row_factor, size_t column_factor, enum pool how, struct extent *extent)
{
    const size_t stride = map->stride ? map->stride : columns;
    bool whole = row_factor == 1 && column_factor == 1;
    if (whole)
        copy_map(pooled, map);
    for (size_t i = 0; !whole && i < pooled->rows; i++)
        for (size_t j = 0; j < pooled->columns; j++) {
            size_t first_row = i * row_factor, first_column = j * column_factor;
            size_t left = columns - first_column, below = rows - first_row;
            struct block block = {.values = map->values + first_row * stride + first_column,
                                  .stride = stride,
                                  .masked =
                                      map->masked ? map->masked + first_row * columns + first_column : NULL,
                                  .masked_stride = columns,
                                  .rows = below < row_factor ? below : row_factor,
                                  .columns = left < column_factor ? left : column_factor};
            size_t cell = i * pooled->columns + j;
            bool shown = block_pool(&block, how, &pooled->values[cell]);
            if (pooled->masked)
                pooled->masked[cell] = !shown;
        }
    extent_widen(extent, pooled);
}
