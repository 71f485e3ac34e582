#include "figure/range.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define LOWEST 0.05 /* of the scale */

/* ---- the quantile ---- */

/* The keys that a row of a map sees, by the cells that are not masked. */
static size_t keys_seen(const struct cells *cells, const uint8_t *masked)
{
    size_t seen = 0;
    if (!masked)
        return cells->keys;
    for (size_t j = 0; j < cells->shape.columns; j++) {
        const size_t left = cells->keys - j * cells->unit;
        if (!masked[j])
            seen += left < cells->unit ? left : cells->unit;
    }
    return seen;
}

/* Unsigned numbers in the order of the floats. */
static uint32_t float_key(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

static float key_float(uint32_t key)
{
    const uint32_t bits = key >> 31 ? key & ~(UINT32_C(1) << 31) : ~key;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

enum { HALF = 1 << 16, ANY = -1 };

/* Counts by a half of their keys the finite cells, not masked, of rows that see `least` keys or more, or their magnitudes
 * where they have a sign: by the upper half all (upper is ANY), by the lower half those that have this upper one. Returns how many.
 */
static size_t range_count(const struct cells *cells, size_t least, bool has_sign, int upper,
                          size_t counts[HALF])
{
    const struct pooled *shape = &cells->shape;
    size_t count = 0;
    memset(counts, 0, HALF * sizeof *counts);
    for (size_t i = 0; i < shape->rows * cells->count; i++) {
        const float *values = shape->values + i * shape->columns;
        const uint8_t *masked = shape->masked ? shape->masked + i * shape->columns : NULL;
        if (keys_seen(cells, masked) < least)
            continue;
        for (size_t j = 0; j < shape->columns; j++) {
            if ((masked && masked[j]) || !isfinite(values[j]))
                continue;
            const uint32_t key = float_key(has_sign ? fabsf(values[j]) : values[j]);
            if (upper != ANY && (int)(key >> 16) != upper)
                continue;
            counts[upper == ANY ? key >> 16 : key & (HALF - 1)]++;
            count++;
        }
    }
    return count;
}

/* The place of the value of a rank among counts; *rank becomes its rank at that place. */
static uint32_t rank_place(const size_t counts[HALF], size_t *rank)
{
    uint32_t place = 0;
    while (*rank >= counts[place])
        *rank -= counts[place++];
    return place;
}

/* The value of a rank, from 0 for the smallest: its upper half by `uppers`, then its lower half among those that share it, which
 * `lowers` counts where *counted says that upper half. */
static double value_of_rank(const struct cells *cells, size_t least, bool has_sign, size_t rank,
                            const size_t uppers[HALF], size_t lowers[HALF], int *counted)
{
    const uint32_t upper = rank_place(uppers, &rank);
    if (*counted != (int)upper)
        range_count(cells, least, has_sign, *counted = (int)upper, lowers);
    return (double)key_float(upper << 16 | rank_place(lowers, &rank));
}

bool range_quantile(const struct cells *cells, bool has_sign, float *value, struct error *error)
{
    size_t *uppers = memory_alloc((size_t)2 * HALF, sizeof *uppers, error), least = RANGE_KEYS;
    *value = 0;
    if (!uppers)
        return false;
    size_t *lowers = uppers + HALF, count = range_count(cells, least, has_sign, ANY, uppers);
    if (count == 0)
        count = range_count(cells, least = 0, has_sign, ANY, uppers);
    if (count > 0) {
        const double place = RANGE_QUANTILE * (double)(count - 1);
        const size_t below = (size_t)place, above = below + 1 < count ? below + 1 : below;
        int counted = ANY;
        const double low = value_of_rank(cells, least, has_sign, below, uppers, lowers, &counted);
        const double high = value_of_rank(cells, least, has_sign, above, uppers, lowers, &counted);
        *value = (float)(low + (high - low) * (place - (double)below));
    }
    free(uppers);
    return true;
}

bool range_is_asked(const struct drawing *drawing)
{
    return drawing->style.has_vmax && isnan(drawing->style.vmax);
}

bool range_by_quantile(const struct cells *cells, struct drawing *drawing, struct error *error)
{
    struct drawing_style *style = &drawing->style;
    if (!range_quantile(cells, drawing->is_signed, &style->vmax, error))
        return false;
    style->has_vmax = style->vmax > 0;
    if (style->has_vmax && drawing->is_signed && !style->has_vmin) {
        style->has_vmin = true;
        style->vmin = -style->vmax;
    }
    return true;
}

/* ---- how much is dim ---- */

struct dimness range_dimness(const struct cells *cells, const struct scale *scale)
{
    const struct pooled *shape = &cells->shape;
    const double end = scale_value(scale, LOWEST);
    size_t count = 0, dim = 0;
    double sum = 0, dim_sum = 0;
    for (size_t i = 0; i < shape->rows * shape->columns * cells->count; i++) {
        const float value = shape->values[i];
        if ((shape->masked && shape->masked[i]) || !isfinite(value))
            continue;
        count++;
        sum += (double)value;
        if ((double)value > end)
            continue;
        dim++;
        dim_sum += (double)value;
    }
    return (struct dimness){count > 0 ? (double)dim / (double)count : 0, sum > 0 ? dim_sum / sum : 0};
}
