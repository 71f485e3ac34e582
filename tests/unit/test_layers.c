/* Matrices of layers: rows of weights added up by every kernel, and products with blocks of zeros and NaN. */
#include "scenes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compute/layer_product.h"
#include "engine/engine.h"
#include "engine/kernel.h"
#include "engine/weights.h"

enum { MOST = 300 };

static float some_weight(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 30 == 0 ? 0 : (float)(*state >> 8) * 0x1p-28f;
}

static float combined(float a, float b, enum combine how)
{
    return how == COMBINE_MEAN    ? a + b
           : isnan(a) || isnan(b) ? NAN
           : how == COMBINE_MAX   ? fmaxf(a, b)
                                  : fminf(a, b);
}

/* Every length up to some vectors, with NaN on either side. */
static void rows_are_combined_alike(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (size_t k = 0; kernel_listed(k); k++)
        for (size_t count = 1; kernel_choose(kernel_listed(k)) && count < 40; count++)
            for (enum combine how = COMBINE_MEAN; how <= COMBINE_MIN; how++) {
                float to[40], row[40], old[40], least = INFINITY;
                for (size_t j = 0; j < count; j++) {
                    old[j] = to[j] = j % 7 == 3 ? NAN : some_weight(&random);
                    row[j] = j % 11 == 5 ? NAN : some_weight(&random) - (j == 4 ? 1 : 0);
                    least = row[j] < least ? row[j] : least;
                }
                assert_true(weights_combine(to, row, count, how) == least);
                for (size_t j = 0; j < count; j++) {
                    const float want = combined(old[j], row[j], how);
                    assert_true(isnan(want) ? isnan(to[j]) : to[j] == want);
                }
            }
    kernel_choose("best");
}

/* Rows one by one, four at a time and in any order have the same bits, and are the sums. */
static void exact_sums_have_no_order(void **state)
{
    (void)state;
    enum { ROWS = 9 };
    static float rows[ROWS][MOST];
    uint32_t random = 7;
    for (int r = 0; r < ROWS; r++)
        for (int j = 0; j < MOST; j++)
            rows[r][j] = some_weight(&random);
    for (size_t k = 0; kernel_listed(k); k++)
        for (size_t count = 1; kernel_choose(kernel_listed(k)) && count <= MOST;
             count += count < 40 ? 1 : 37) {
            static double forth[MOST], back[MOST];
            memset(forth, 0, sizeof forth);
            memset(back, 0, sizeof back);
            for (int r = 0; r < ROWS; r += EXACT_ROWS) {
                struct exact_rows group = {.count = 0};
                for (int i = r; i < ROWS && i < r + EXACT_ROWS; i++, group.count++) {
                    group.row[group.count] = rows[i];
                    group.factor[group.count] = 1.0 / (3 + i);
                }
                weights_add_exact(forth, &group, count);
                for (size_t i = 0; i < group.count; i++) {
                    double total = 0;
                    for (size_t j = 0; j < count; j++)
                        total += (double)rows[(size_t)r + i][j];
                    assert_true(fabs(group.total[i] - total) < 1e-12);
                }
            }
            for (int r = ROWS; r-- > 0;) {
                struct exact_rows one = {.row = {rows[r]}, .factor = {1.0 / (3 + r)}, .count = 1};
                weights_add_exact(back, &one, count);
            }
            assert_memory_equal(forth, back, count * sizeof *forth);
            for (size_t j = 0; j < count; j++) {
                double sum = 0;
                for (int r = 0; r < ROWS; r++)
                    sum += (double)rows[r][j] / (3 + r);
                assert_true(fabs(forth[j] - sum) < 1e-13);
            }
        }
    kernel_choose("best");
}

/* A chunk of keys, whose rows lie in lanes, has the same bits as its rows one by one; rows whose factor is 0 may hold anything. */
static void exact_sums_of_keys_are_those_of_rows(void **state)
{
    (void)state;
    enum { KEYS = 37 };
    static _Alignas(64) float chunk[KEYS * KEYS_ROWS];
    uint32_t random = 11;
    for (size_t k = 0; kernel_listed(k); k++)
        for (size_t rows = 1; kernel_choose(kernel_listed(k)) && rows <= KEYS_ROWS; rows += 9) {
            double by_keys[KEYS] = {0}, by_rows[KEYS] = {0}, factors[KEYS_ROWS] = {0},
                   totals[KEYS_ROWS] = {0};
            for (size_t i = 0; i < KEYS * KEYS_ROWS; i++)
                chunk[i] = i % KEYS_ROWS < rows ? some_weight(&random) : 0;
            for (size_t r = 0; r < rows; r++)
                factors[r] = r % 5 == 2 ? 0 : 1.0 / (double)(r + 2);
            weights_add_exact_keys(by_keys, chunk, KEYS, factors, totals);
            for (size_t r = 0; r < rows; r++) {
                float row[KEYS];
                for (size_t j = 0; j < KEYS; j++)
                    row[j] = chunk[j * KEYS_ROWS + r];
                struct exact_rows one = {.row = {row}, .factor = {factors[r]}, .count = 1};
                weights_add_exact(by_rows, &one, KEYS);
                assert_true(factors[r] == 0 || one.total[0] == totals[r]);
            }
            assert_memory_equal(by_keys, by_rows, sizeof by_rows);
        }
    kernel_choose("best");
}

/* The weights of a head, as a receiver gets them. */
struct received {
    float *weights; /* n×m, NaN at first */
    size_t m, single, pieces;
};

static void receive_rows(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    struct received *to = context;
    for (size_t r = 0; r < count; r++)
        memcpy(to->weights + (first + r) * to->m, weights + r * stride, to->m * sizeof *weights);
    to->single += count;
}

static void receive_pieces(void *context, const struct weights_of_keys *part)
{
    struct received *to = context;
    for (size_t j = 0; j < part->keys; j++)
        for (size_t r = 0; r < KEYS_ROWS; r++)
            if (r < part->count)
                to->weights[(part->first + r) * to->m + part->first_key + j] =
                    part->weights[j * KEYS_ROWS + r];
            else
                assert_true(part->weights[j * KEYS_ROWS + r] == 0);
    to->pieces++;
}

/* Weights that come in pieces are those that come in rows, to the bit, and rows that are NaN come as such. */
static void check_pieces(size_t n, bool causal)
{
    struct error error = {0};
    uint32_t random = (uint32_t)n;
    float *q = malloc(n * 4 * sizeof *q), *rows = calloc(n * n, sizeof *rows),
          *pieces = calloc(n * n, sizeof *pieces);
    for (size_t i = 0; i < n * 4; i++)
        q[i] = 40 * some_weight(&random) - 1;
    struct head head = {.n = n, .m = n, .d_k = 4, .q = {q, 4, 1}, .k = {q, 4, 1}, .scale = 0.5};
    head.rules = (struct rules){.causal = causal, .left = -1, .right = -1};
    float *own = malloc(n * 4 * sizeof *own);
    memcpy(own, q, n * 4 * sizeof *own);
    own[(n / 2) * 4] = NAN;
    head.q.data = own;
    struct received by_rows = {rows, n, 0, 0}, by_pieces = {pieces, n, 0, 0};
    const struct engine_options options = {.threads = 2};
    struct engine_job job = {.head = &head, .receiver = {.receive = receive_rows, .context = &by_rows}};
    assert_true(engine_run(&job, 1, &options, &error));
    job.receiver = (struct row_receiver){receive_rows, &by_pieces, receive_pieces};
    assert_true(engine_run(&job, 1, &options, &error));
    assert_int_equal(by_rows.single, n);
    assert_int_equal(by_pieces.single, 1);
    assert_true(by_pieces.pieces > 0);
    assert_memory_equal(rows, pieces, n * n * sizeof *rows);
    free(q);
    free(own);
    free(rows);
    free(pieces);
}

static void pieces_are_the_rows(void **state)
{
    (void)state;
    for (size_t k = 0; kernel_listed(k); k++)
        for (int causal = 0; kernel_choose(kernel_listed(k)) && causal < 2; causal++) {
            check_pieces(2, causal);
            check_pieces(70, causal);
            check_pieces(2100, causal); /* more keys than a block's scores are held for */
        }
    kernel_choose("best");
}

/* What of a matrix is not 0. */
enum pattern { ALL, LOWER, BAND, NONFINITE };

static void fill_layer(float *layer, size_t n, enum pattern pattern, uint32_t *random)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const bool out = (pattern != ALL && j > i) || (pattern == BAND && j + 70 < i);
            layer[i * n + j] = out ? 0 : some_weight(random) * 8 / (float)n + (i == j ? 0.5f : 0);
        }
    if (pattern == NONFINITE) {
        layer[(n - 1) * n + n / 2] = NAN;
        layer[(n / 2) * n + n / 3] = INFINITY;
    }
}

/* Pairs of which one is 0 count as 0, whatever the other is. */
static void multiply_plainly(double *product, const float *layer, size_t n, double *room)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            room[i * n + j] = 0;
            for (size_t k = 0; k < n; k++)
                if (layer[i * n + k] != 0 && product[k * n + j] != 0)
                    room[i * n + j] += (double)layer[i * n + k] * product[k * n + j];
        }
    memcpy(product, room, n * n * sizeof *product);
}

static void check_product(size_t n, enum pattern pattern)
{
    struct error error = {0};
    struct layer_product product = {0};
    uint32_t random = (uint32_t)n;
    float *layer = malloc(n * n * sizeof *layer), *row = malloc(n * sizeof *row);
    double *want = calloc(n * n, sizeof *want), *room = malloc(n * n * sizeof *room);
    for (size_t i = 0; i < n; i++)
        want[i * n + i] = 1;
    assert_true(layer_product_make(&product, n, &error));
    for (int l = 0; l < 4; l++) {
        fill_layer(layer, n, l == 1 || pattern != NONFINITE ? pattern : LOWER, &random);
        multiply_plainly(want, layer, n, room);
        assert_true(layer_product_add(&product, layer, 2, &error));
    }
    for (size_t i = 0; i < n; i++) {
        layer_product_row(&product, i, row);
        for (size_t j = 0; j < n; j++) {
            const double expected = want[i * n + j], found = (double)row[j];
            if (isfinite(expected) ? !(fabs(found - expected) <= 1e-6) || (expected == 0 && found != 0)
                                   : isnan(expected) != isnan(found) || isinf(expected) != isinf(found))
                fail_msg("n %zu, pattern %d, (%zu, %zu): %g, expected %g", n, (int)pattern, i, j, found,
                         expected);
        }
    }
    layer_product_free(&product);
    free(layer);
    free(row);
    free(want);
    free(room);
}

static void products_skip_zeros(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 63, 64, 65, 191, 193, 260};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (enum pattern pattern = ALL; pattern <= NONFINITE; pattern++)
            check_product(sizes[s], pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_combined_alike),
        cmocka_unit_test(exact_sums_have_no_order),
        cmocka_unit_test(exact_sums_of_keys_are_those_of_rows),
        cmocka_unit_test(pieces_are_the_rows),
        cmocka_unit_test(products_skip_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
