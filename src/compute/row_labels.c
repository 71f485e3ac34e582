#include "compute/row_labels.h"

#include <math.h>

/* Weight near the query. Where most of the keys that it may see are near, that says nothing. */
static void row_local(struct stats_row *row)
{
    size_t near = 0;
    double weight = 0;
    for (int64_t key = row->position - LOCAL_REACH; key <= row->position + LOCAL_REACH; key++)
        if (row_has(row, key)) {
            near++;
            weight += (double)row->weights[key];
        }
    if (near > 0 && 2 * near <= row->count)
        row_add(row, STAT_LOCAL, weight, near);
}

/* Whether the largest weight is on the diagonal: where the query would be if both sequences were as long, up to a tenth of the
 * keys, or one, away. Rows of which most keys are there say nothing. */
static void row_diagonal(struct stats_row *row, size_t largest)
{
    const double m = (double)row->places->m, reach = fmax(1, m / 10),
                 place = ((double)row->i + 0.5) * m / (double)row->places->n - 0.5;
    const int64_t first = (int64_t)ceil(place - reach), last = (int64_t)floor(place + reach);
    size_t near = 0;
    for (int64_t key = first; key <= last; key++)
        near += row_has(row, key);
    if (near > 0 && 2 * near <= row->count)
        row_add(row, STAT_DIAGONAL, (int64_t)largest >= first && (int64_t)largest <= last, near);
}

/* Few keys hold much weight of such a row, whatever the head does: what it gave to each is taken off again. */
static void row_narrow(struct stats_row *row)
{
    row->sums->narrow++;
    const bool is_held = !atomic_load_explicit(&row->columns->is_too_large, memory_order_relaxed);
    for (size_t j = row->from; is_held && j < row->end; j++)
        if (row->weights[j] != 0)
            atomic_fetch_add_explicit(&row->columns->narrow[j], row_key_steps(row, j), memory_order_relaxed);
}

void row_labels(struct stats_row *row, size_t largest)
{
    if (!row->are_keys)
        row_diagonal(row, largest);
    else if (!row->places->patch_distance)
        row_local(row);
    if (row->count < COLUMNS_LEAST_KEYS)
        row_narrow(row);
}
