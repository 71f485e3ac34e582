/*
 * Matrices with more cells than a picture has pixels: blocks of neighbouring cells become one.
 */
#ifndef ATTN_FIGURE_POOL_H
#define ATTN_FIGURE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "figure/heatmap.h"
#include "figure/scale.h"

/* A pooled matrix, row-major. */
struct pooled {
    size_t rows, columns;
    float *values;   /* NaN where the block has any */
    uint8_t *masked; /* 1 where the whole block is masked, and the value means nothing; NULL: nowhere */
};

/* How many blocks of `factor` cover `count` cells. */
size_t pool_count(size_t count, size_t factor);

/*
 * Pools a rows×columns map by blocks of row_factor×column_factor (1 or more; fewer at the lower and right
 * edges) into `pooled`, whose memory is the caller's and whose shape is pool_count of each; masked cells do
 * not take part. Widens `extent` to the values of the blocks. `pooled.masked` must be there if map.masked is.
 */
void pool_map(struct pooled *pooled, const struct heatmap *map, size_t rows, size_t columns,
              size_t row_factor, size_t column_factor, enum pool how, struct extent *extent);

#endif
