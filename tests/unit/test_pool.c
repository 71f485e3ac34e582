/* Pooling of matrices (figure/pool.h), beside the plain way: each block, cell by cell. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include "figure/pool.h"

static uint32_t seed = 1;

static uint32_t next_number(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

/* A block by its definition; false where all is masked. */
static bool plain_block(const struct heatmap *map, size_t columns, size_t row, size_t end_row, size_t column,
                        size_t end_column, enum pool how, float *value)
{
    const size_t stride = map->stride ? map->stride : columns;
    double sum = 0;
    float high = -INFINITY;
    size_t count = 0;
    bool has_nan = false;
    for (size_t i = row; i < end_row; i++)
        for (size_t j = column; j < end_column; j++) {
            const float x = map->values[i * stride + j];
            if (map->masked && map->masked[i * columns + j])
                continue;
            count++;
            has_nan = has_nan || isnan(x);
            sum += (double)x;
            high = x > high ? x : high;
        }
    *value = has_nan ? NAN : how == POOL_MEAN ? (float)(sum / (double)count) : high;
    return count > 0;
}

static void check_map(const struct heatmap *map, size_t rows, size_t columns, size_t row_factor,
                      size_t column_factor, enum pool how)
{
    struct pooled pooled = {.rows = pool_count(rows, row_factor),
                            .columns = pool_count(columns, column_factor)};
    struct extent extent = {0};
    pooled.values = malloc(pooled.rows * pooled.columns * sizeof *pooled.values);
    pooled.masked = malloc(pooled.rows * pooled.columns);
    pool_map(&pooled, map, rows, columns, row_factor, column_factor, how, &extent);
    for (size_t i = 0; i < pooled.rows; i++)
        for (size_t j = 0; j < pooled.columns; j++) {
            const size_t end = (i + 1) * row_factor < rows ? (i + 1) * row_factor : rows;
            const size_t end_column = (j + 1) * column_factor < columns ? (j + 1) * column_factor : columns;
            const float found = pooled.values[i * pooled.columns + j];
            float expected;
            const bool shown =
                plain_block(map, columns, i * row_factor, end, j * column_factor, end_column, how, &expected);
            assert_int_equal(pooled.masked[i * pooled.columns + j], !shown);
            if (shown && !(found == expected || (isnan(found) && isnan(expected)) ||
                           fabsf(found - expected) <= 1e-6f * fabsf(expected)))
                fail_msg("%zux%zu by %zux%zu: block %zu, %zu is %g, expected %g", rows, columns, row_factor,
                         column_factor, i, j, (double)found, (double)expected);
        }
    free(pooled.values);
    free(pooled.masked);
}

/* Values with some that are not finite, masks of whole stretches and of single cells, all sizes around a vector and a strip. */
static void blocks_are_those_of_the_plain_way(void **state)
{
    (void)state;
    static const size_t widths[] = {1, 7, 15, 16, 17, 33, 100, 1023, 1024, 1025, 2500};
    static const size_t factors[] = {1, 2, 3, 5, 16, 31, 700, 1024, 1025, 3000};
    const size_t rows = 13;
    float *values = malloc(rows * 2600 * sizeof *values);
    uint8_t *masked = malloc(rows * 2600);
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        for (size_t f = 0; f < sizeof factors / sizeof *factors; f++)
            for (int kind = 0; kind < 6; kind++) {
                for (size_t i = 0; i < rows * 2600; i++) {
                    values[i] = (float)(next_number() % 20001) / 100 - 100;
                    if (kind % 2 && next_number() % 50 == 0)
                        values[i] = next_number() % 3 == 0 ? NAN : next_number() % 2 ? INFINITY : -INFINITY;
                    masked[i] = kind < 4 ? i % 97 > 40 : next_number() % 3 > 0;
                }
                const struct heatmap map = {.values = values,
                                            .stride = kind == 2 ? widths[w] + 5 : 0,
                                            .masked = kind < 2 ? NULL : masked};
                check_map(&map, rows, widths[w], 1 + next_number() % 14, factors[f],
                          kind % 3 ? POOL_MAX : POOL_MEAN);
            }
    free(values);
    free(masked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(blocks_are_those_of_the_plain_way)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
