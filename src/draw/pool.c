#include "draw/pool.h"

#include <math.h>

size_t pool_count(size_t count, size_t factor)
{
    return count / factor + (count % factor != 0);
}

/* One block: rows×columns cells, of which the first is number `at` of a matrix `stride` wide. */
struct block {
    const struct heatmap *map;
    size_t at, rows, columns, stride;
};

/* False where all is masked. */
static bool block_pool(const struct block *block, enum pool how, float *result)
{
    double sum = 0;
    float high = -INFINITY;
    size_t count = 0;
    bool has_nan = false;
    for (size_t i = 0; i < block->rows; i++) {
        const float *values = block->map->values + block->at + i * block->stride;
        const uint8_t *masked =
            block->map->masked ? block->map->masked + block->at + i * block->stride : NULL;
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

static void extent_add(struct extent *extent, float value)
{
    if (isnan(value)) {
        extent->has_nan = true;
    } else if (isinf(value)) {
        *(value > 0 ? &extent->has_plus : &extent->has_minus) = true;
    } else {
        extent->low = extent->any && extent->low < value ? extent->low : value;
        extent->high = extent->any && extent->high > value ? extent->high : value;
        extent->any = true;
        if (value > 0 && (extent->positive <= 0 || value < extent->positive))
            extent->positive = value;
    }
}

void pool_map(struct pooled *pooled, const struct heatmap *map, size_t rows, size_t columns,
              size_t row_factor, size_t column_factor, enum pool how, struct extent *extent)
{
    for (size_t i = 0; i < pooled->rows; i++)
        for (size_t j = 0; j < pooled->columns; j++) {
            size_t first_row = i * row_factor, first_column = j * column_factor;
            size_t left = columns - first_column, below = rows - first_row;
            struct block block = {map, first_row * columns + first_column,
                                  below < row_factor ? below : row_factor,
                                  left < column_factor ? left : column_factor, columns};
            size_t cell = i * pooled->columns + j;
            bool shown = block_pool(&block, how, &pooled->values[cell]);
            if (pooled->masked)
                pooled->masked[cell] = !shown;
            if (shown)
                extent_add(extent, pooled->values[cell]);
            else
                extent->has_masked = true;
        }
}
