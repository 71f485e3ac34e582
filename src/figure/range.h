/*
 * How the values of a figure spread over a range of colours, and the range that shows most of them. Of cells as
 * they are drawn: where blocks are pooled, of the blocks.
 */
#ifndef ATTN_FIGURE_RANGE_H
#define ATTN_FIGURE_RANGE_H

#include <stddef.h>

#include "base/error.h"
#include "figure/pool.h"
#include "figure/scale.h"

/* The cells of all panels: `count` maps of the shape, whose values and masks lie behind each other. */
struct cells {
    struct pooled shape;
    size_t count;
    size_t unit; /* columns of the data that a cell stands for; */
    size_t keys; /* and all of them: the last cell may stand for fewer */
};

/* The quantile that `--vmax auto` puts at the top, and how many keys its rows see at least. */
#define RANGE_QUANTILE 0.995
enum { RANGE_KEYS = 10 };

/*
 * The RANGE_QUANTILE of the finite cells that are not masked in rows that see RANGE_KEYS keys or more, or in all rows
 * where none sees as many; interpolated linearly between neighbours, as NumPy does. Of their magnitudes if the
 * drawing has a sign. 0 where there is no such cell. Errors: no memory.
 */
bool range_quantile(const struct cells *cells, bool has_sign, float *value, struct error *error);

/* Whether --vmax auto asks for it: a highest value that is NaN. */
bool range_is_asked(const struct drawing *drawing);

/* Puts the quantile at the top of the drawing's range, of a scale with a sign also below; where it is 0, the range stays
 * as if nobody had asked. Errors: no memory. */
bool range_by_quantile(const struct cells *cells, struct drawing *drawing, struct error *error);

/* What lies in the lowest twentieth of the scale: the shares of the finite cells that are not masked, and of their
 * sum, which must not be negative. */
struct dimness {
    double cells, sum;
};
struct dimness range_dimness(const struct cells *cells, const struct scale *scale);

#endif
