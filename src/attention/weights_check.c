#include "attention/weights_check.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* How far a sum may lie from 1: numbers may be rounded to three decimals, or be of type float16. */
static const double sum_near = 5e-3;

static bool is_one(double sum)
{
    return fabs(sum - 1) <= sum_near;
}

bool weights_check_begin(struct weights_check *check, size_t heads, size_t n, size_t m, struct error *error)
{
    size_t pairs;
    *check = (struct weights_check){.heads = heads, .n = n, .m = m, .least = INFINITY, .most = -INFINITY};
    if (!size_multiply(n, m, &pairs))
        return error_memory(error, SIZE_MAX);
    check->of_keys = memory_alloc(m, sizeof *check->of_keys, error);
    check->of_heads = check->of_keys ? memory_zeroed(pairs, sizeof *check->of_heads, error) : NULL;
    check->diagonals = check->of_heads ? memory_zeroed(n + m, sizeof *check->diagonals, error) : NULL;
    return check->diagonals;
}

void weights_check_free(struct weights_check *check)
{
    free(check->of_keys);
    free(check->of_heads);
    free(check->diagonals);
    *check = (struct weights_check){0};
}

/* One row: its sum, and its numbers to the sums of columns and heads. */
static void check_row(struct weights_check *check, const float *row, size_t i)
{
    double sum = 0;
    bool is_blind = true;
    double *of_heads = check->of_heads + i * check->m;
    unsigned char *diagonals = check->diagonals + (check->n - 1 - i);
    for (size_t j = 0; j < check->m; j++) {
        const double weight = (double)row[j];
        sum += weight;
        check->of_keys[j] += weight;
        of_heads[j] += weight;
        is_blind = is_blind && row[j] == 0;
        check->has_negative = check->has_negative || row[j] < 0;
        diagonals[j] |= row[j] == 0 ? WEIGHTS_SEEN_ZERO : WEIGHTS_SEEN_SOME;
    }
    if (!isfinite(sum)) {
        check->broken++;
    } else if (!is_blind) {
        check->rows++;
        check->rows_off += !is_one(sum);
        check->least = fmin(check->least, sum);
        check->most = fmax(check->most, sum);
    }
}

/* Counts sums that are there, and those that are not 1, and makes them 0 again. */
static void check_sums(double *sums, size_t count, size_t *there, size_t *off)
{
    for (size_t i = 0; i < count; i++) {
        *there += sums[i] != 0;
        *off += sums[i] != 0 && !is_one(sums[i]);
        sums[i] = 0;
    }
}

void weights_check_add(struct weights_check *check, const float *matrix)
{
    for (size_t j = 0; j < check->m; j++)
        check->of_keys[j] = 0;
    for (size_t i = 0; i < check->n; i++)
        check_row(check, matrix + i * check->m, i);
    check_sums(check->of_keys, check->m, &check->columns, &check->columns_off);
    if (++check->head < check->heads)
        return;
    check->head = 0;
    check_sums(check->of_heads, check->n * check->m, &check->pairs, &check->pairs_off);
}

enum weights_sum weights_check_sum(const struct weights_check *check)
{
    if (check->has_negative)
        return WEIGHTS_NO_SUM;
    return check->rows > 0 && check->rows_off == 0         ? WEIGHTS_OVER_KEYS
           : check->columns > 0 && check->columns_off == 0 ? WEIGHTS_OVER_QUERIES
           : check->pairs > 0 && check->pairs_off == 0     ? WEIGHTS_OVER_HEADS
                                                           : WEIGHTS_NO_SUM;
}

bool weights_check_causal(const struct weights_check *check, int64_t *offset)
{
    const int64_t n = (int64_t)check->n, m = (int64_t)check->m;
    size_t last = check->n + check->m - 1; /* one behind the diagonal that was looked for */
    while (last > 0 && !(check->diagonals[last - 1] & WEIGHTS_SEEN_SOME))
        last--;
    *offset = (int64_t)last - n;
    const bool leaves_out = n > 1 && last > 0 && *offset < m - 1;
    return leaves_out &&
           (*offset == 0 || *offset == m - n || !(check->diagonals[last - 1] & WEIGHTS_SEEN_ZERO));
}
