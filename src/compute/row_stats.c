#include "compute/row_stats.h"

#include <math.h>
#include <stdlib.h>

#include "attention/mask.h"
#include "compute/request.h"
#include "compute/row_labels.h"
#include "compute/row_norms.h"
#include "engine/weights.h"

static const double sum_steps = 0x1p40;

/* Whether as many weights as there are rows, or keys, have a sum that 64 bits hold in steps of 2⁻⁴⁰. Shares of a whole do. */
static bool are_held(const struct weight_sums *sums, size_t count)
{
    const double largest = fmax((double)sums->largest, -(double)sums->least);
    return largest * (double)count < 0x1p22;
}

void exact_add(struct exact_sum *sum, double value)
{
    sum->rows++;
    if (fabs(value) < 0x1p60)
        sum->sum += (wide_sum)(value * sum_steps);
    else
        sum->is_lost = true;
}

double exact_mean(const struct exact_sum *sum)
{
    return sum->rows > 0 && !sum->is_lost ? (double)sum->sum / sum_steps / (double)sum->rows : (double)NAN;
}

void row_measure(struct stats_row *row, enum stat stat, double value)
{
    exact_add(&row->sums->mean[stat], value);
    if (row->record)
        row->record->value[stat] = (float)value;
}

bool row_has(const struct stats_row *row, int64_t key)
{
    if (key < (int64_t)row->from || key >= (int64_t)row->end)
        return false;
    return row->is_range || row->weights[key] != 0 || mask_allows(row->head, row->i, (size_t)key);
}

void row_add(struct stats_row *row, enum stat stat, double weight, size_t keys)
{
    const double share = (double)keys / (double)row->count;
    row_measure(row, stat, weight);
    exact_add(&row->sums->chance[stat - STAT_FIRST_TOKEN], share);
    exact_add(&row->sums->spread[stat - STAT_FIRST_TOKEN], share * (1 - share));
}

/* Whether a row has weights beyond its reach, of weights that were given. Where it was summed up over its reach alone, it has none. */
static bool is_beyond(const struct stats_row *row, size_t m)
{
    if (row->known)
        return row->known->from != row->from || row->known->end != row->end;
    return weights_any(row->weights, row->from) || weights_any(row->weights + row->end, m - row->end);
}

/* Puts the largest weight of the keys that the row may see into sums of all keys. */
static void row_largest(const struct stats_row *row, struct weight_sums *sums)
{
    sums->largest = -INFINITY;
    for (size_t j = row->from; j < row->end; j++)
        if (row->weights[j] > sums->largest && row_has(row, (int64_t)j)) {
            sums->largest = row->weights[j];
            sums->argmax = j - row->from;
        }
}

/* The sums of all that the row may see. A masked key among them has weight 0, which is the largest where no weight is above it. */
static struct weight_sums row_sums(const struct stats_row *row)
{
    struct weight_sums sums;
    if (row->known && row->known->from == row->from && row->known->end == row->end)
        sums = row->known->sums;
    else
        weights_measure(row->weights + row->from, row->end - row->from, row->from, (double)row->position,
                        &sums);
    if (!row->is_range && isfinite(sums.sum) && !(sums.largest > 0))
        row_largest(row, &sums);
    return sums;
}

/* Counts the keys that a row may see; weight on a masked one, of weights that were given, counts as seen. */
static void row_reach(struct stats_row *row, size_t m)
{
    const struct head *head = row->head;
    row->end = m;
    row->is_range = !mask_has_pattern(head) && !head->rules.mask.data && !head->bias.data;
    if (row->is_range)
        mask_reach(head, row->i, &row->from, &row->end);
    if (row->is_range && row->are_given && is_beyond(row, m)) {
        row->is_range = false;
        row->from = 0;
        row->end = m;
    }
    row->count = row->end - row->from;
    if (row->is_range)
        return;
    row->count = 0;
    for (size_t j = 0; j < m; j++)
        row->count += row_has(row, (int64_t)j);
}

/* The weight at a place relative to the query, where that key exists and may be seen. */
static void row_look(struct stats_row *row, enum stat stat, int64_t key)
{
    if (row_has(row, key))
        row_add(row, stat, (double)row->weights[key], 1);
}

/* Σ a over earlier keys with the query's token, and over those behind them. */
static void row_repeats(struct stats_row *row)
{
    const size_t *same = row->places->same;
    double twice = 0, next = 0;
    size_t count_twice = 0, count_next = 0;
    if (!same || row->position < 0 || row->position >= (int64_t)row->places->m)
        return;
    for (size_t j = same[row->position]; j != SIZE_MAX; j = same[j]) {
        if (row_has(row, (int64_t)j)) {
            count_twice++;
            twice += (double)row->weights[j];
        }
        if (row_has(row, (int64_t)j + 1)) {
            count_next++;
            next += (double)row->weights[j + 1];
        }
    }
    if (count_twice > 0)
        row_add(row, STAT_DUPLICATE_TOKEN, twice, count_twice);
    if (count_next > 0)
        row_add(row, STAT_INDUCTION, next, count_next);
}

/* The mean distance of a patch from the patches that it looks at. */
static void row_patches(struct stats_row *row)
{
    const struct stats_places *s = row->places;
    const int64_t query = row->position - (int64_t)s->patch_first;
    double sum = 0, total = 0;
    if (query < 0 || query >= (int64_t)s->patch_count)
        return;
    const size_t columns = s->patch_columns, at = (size_t)query / columns, in = (size_t)query % columns;
    for (size_t j = 0; j < s->patch_count; j++) {
        const size_t down = j / columns, right = j % columns;
        const size_t high = at > down ? at - down : down - at, wide_ = in > right ? in - right : right - in;
        const double weight = (double)row->weights[s->patch_first + j];
        sum += weight;
        total += weight * s->patch_distance[high * columns + wide_];
    }
    if (sum > 0)
        row_measure(row, STAT_MEAN_DISTANCE, total / sum);
}

/* What is measured of weights that are shares of a whole. */
static void row_shares(struct stats_row *row, const struct weight_sums *sums)
{
    row_measure(row, STAT_ENTROPY, sums->entropy);
    row_measure(row, STAT_EFFECTIVE_KEYS, exp(sums->entropy));
    if (row->count >= 2)
        row_measure(row, STAT_ENTROPY_NORMALIZED, sums->entropy / log((double)row->count));
    if (row->count >= SHARE_LEAST_KEYS)
        row_measure(row, STAT_EFFECTIVE_SHARE, exp(sums->entropy) / (double)row->count);
    /* The trace of the softmax's Jacobian, diag(a) - a·aᵀ. */
    if (row->head->normalizer == NORMALIZER_SOFTMAX && !row->head->center)
        row_measure(row, STAT_SLOPE, sums->sum - sums->squares);
    if (row->places->patch_distance)
        row_patches(row);
    else
        row_measure(row, STAT_MEAN_DISTANCE, sums->distance);
}

/* How many keys make 0.9 of the row. */
static void row_coverage(struct stats_row *row, float largest)
{
    const size_t count = weights_heaviest(row->weights + row->from, row->end - row->from, largest, 0.9,
                                          row->numbers, &row->sums->guess);
    if (count > 0)
        atomic_fetch_add_explicit(&row->columns->needed[count], 1, memory_order_relaxed);
    if (row->record)
        row->record->needed = count;
}

/* The largest weight, of rows that have a choice. */
static void row_choice(struct stats_row *row, const struct weight_sums *sums)
{
    struct stats_sums *own = row->sums;
    const size_t key = row->from + sums->argmax, n = row->places->n;
    if (row->count < 2)
        return;
    own->chosen++;
    if (row->record)
        row->record->largest = key;
    row_measure(row, STAT_CONFIDENCE, (double)sums->largest);
    atomic_fetch_add_explicit(&row->columns->offset[key + n - 1 - row->i], 1, memory_order_relaxed);
    const bool is_first = row->i < own->query || (row->i == own->query && key < own->key);
    if (own->query == SIZE_MAX || sums->largest > own->largest ||
        (sums->largest == own->largest && is_first)) {
        own->largest = sums->largest;
        own->query = row->i;
        own->key = key;
    }
}

/* Counts the keys that the row may see. */
static void row_sees(struct stats_row *row)
{
    _Atomic int64_t *begins = row->columns->begins;
    if (row->is_range) {
        atomic_fetch_add_explicit(&begins[row->from], 1, memory_order_relaxed);
        atomic_fetch_sub_explicit(&begins[row->end], 1, memory_order_relaxed);
        return;
    }
    bool was = false;
    for (size_t j = 0; j <= row->end; j++) {
        const bool is = j < row->end && row_has(row, (int64_t)j);
        if (is && !was)
            atomic_fetch_add_explicit(&begins[j], 1, memory_order_relaxed);
        if (!is && was)
            atomic_fetch_sub_explicit(&begins[j], 1, memory_order_relaxed);
        was = is;
    }
}

int64_t row_key_steps(const struct stats_row *row, size_t key)
{
    return (int64_t)((double)row->weights[key] * KEY_STEPS + 0.5);
}

void row_stats_keys(const struct stats_row *row, int64_t *keys)
{
    if (row->are_small) {
        weights_add_steps(row->weights + row->from, row->end - row->from, keys + row->from);
        return;
    }
    for (size_t j = row->from; j < row->end; j++)
        keys[j] += row_key_steps(row, j);
}

bool row_stats_measure(struct stats_row *row)
{
    const struct stats_places *s = row->places;
    row_reach(row, s->m);
    if (row->record)
        row->record->keys = row->count;
    if (row->count == 0) {
        row->sums->blind_rows++;
        return false;
    }
    const struct weight_sums sums = row_sums(row);
    if (!isfinite(sums.sum)) {
        row->sums->nan_rows++;
        return false;
    }
    row->sums->rows++;
    row->are_small = fmax((double)sums.largest, -(double)sums.least) < 0x1p11;
    if (!are_held(&sums, row->places->n))
        atomic_store(&row->columns->is_too_large, true);
    if (row->are_shares)
        row_shares(row, &sums);
    if (row->are_shares && are_held(&sums, row->count))
        row_coverage(row, sums.largest);
    row_choice(row, &sums);
    row_add(row, STAT_FIRST_TOKEN, (double)row->weights[0], row_has(row, 0));
    row_look(row, STAT_SELF, row->position);
    row_look(row, STAT_PREVIOUS_TOKEN, row->position - 1);
    row_look(row, STAT_NEXT_TOKEN, row->position + 1);
    row_repeats(row);
    row_labels(row, row->from + sums.argmax);
    if (row->norms)
        row_norms(row);
    row_sees(row);
    return true;
}
