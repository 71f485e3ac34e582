/* Weights that were given: the sums of a row by every kernel beside those in double precision, and what is read of a file. */
#include "scenes.h"

#include <math.h>

#include "attention/heaviest.h"
#include "attention/measures.h"
#include "compute/given.h"
#include "engine/block.h"
#include "engine/kernel.h"
#include "engine/weights.h"

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Weights of one row that sum to 1, some of them 0 and some tiny. */
static void fill_row(float *row, size_t count, uint32_t *state)
{
    double sum = 0;
    for (size_t j = 0; j < count; j++) {
        const uint32_t random = next_random(state);
        row[j] = random % 5 == 0 ? 0 : expf(-(float)(random % 4096) / 64);
        sum += (double)row[j];
    }
    for (size_t j = 0; j < count && sum > 0; j++)
        row[j] = (float)((double)row[j] / sum);
}

static void assert_near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-6 * fmax(1, fabs(expected))))
        fail_msg("found %.9g, expected %.9g", found, expected);
}

static void check_row(const float *row, size_t count, double position)
{
    size_t keys[700];
    struct weight_sums sums;
    for (size_t j = 0; j < count; j++)
        keys[j] = j;
    const struct row_measures expected = measures_row(row, keys, count, position, true);
    weights_measure(row, count, 0, position, &sums);
    assert_near(sums.entropy, (double)expected.entropy);
    assert_near(sums.distance, (double)expected.distance);
    assert_true(sums.largest == expected.max);
    assert_int_equal(sums.argmax, expected.argmax);
}

/* Σ u·ln u of half of two rows. */
static double mixture_of(const float *a, const float *b, size_t count)
{
    double sum = 0;
    for (size_t j = 0; j < count; j++) {
        const double u = ((double)a[j] + (double)b[j]) / 2;
        sum += u > 0 ? u * log(u) : 0;
    }
    return sum;
}

/* The same as weights_mixtures has it, of weights that are shares. */
static double mixture_found(const float *a, const float *b, size_t count)
{
    static const float factors[2] = {1, 1};
    const struct share_rows left = {{a, 0, 1}, factors}, right = {{b, 0, 1}, factors};
    double sums[2];
    weights_mixtures(&left, &right, 2, count, sums);
    assert_true(sums[0] == sums[1] || isnan(sums[0]));
    return sums[0];
}

/* Every length up to three runs of the widest vector, at places that are not aligned; a row with itself gives what it is alone. */
static void mixtures_are_those_of_double_precision(void **state)
{
    (void)state;
    static float a[720], b[720];
    uint32_t random = 3;
    for (size_t k = 0; kernel_listed(k); k++) {
        if (!kernel_choose(kernel_listed(k)))
            continue;
        for (size_t count = 1; count < 700; count += count < 70 ? 1 : 13) {
            float *left = a + count % 5, *right = b + count % 3;
            fill_row(left, count, &random);
            fill_row(right, count, &random);
            assert_near(mixture_found(left, right, count), mixture_of(left, right, count));
            memcpy(right, left, count * sizeof *left);
            assert_true(mixture_found(left, right, count) == mixture_found(left, left, count));
            right[count / 2] = (float)NAN;
            assert_true(isnan(mixture_found(left, right, count)));
        }
    }
    kernel_choose("best");
}

/* Every length up to three runs of the widest vector, at places that are not aligned, and positions far away. */
static void rows_are_measured_alike(void **state)
{
    (void)state;
    static float memory[720];
    static const double positions[] = {0, 7, 300, -20, 123456};
    uint32_t random = 1;
    for (size_t k = 0; kernel_listed(k); k++) {
        if (!kernel_choose(kernel_listed(k)))
            continue;
        for (size_t count = 1; count < 700; count += count < 70 ? 1 : 13) {
            float *row = memory + count % 7;
            fill_row(row, count, &random);
            check_row(row, count, positions[count % 5]);
        }
    }
    kernel_choose("best");
}

/* One vector of numbers at a time, some thousand for each power of 2; a weight of 1 has no entropy at all, and equal ones that of their
 * number. */
static void logarithms_are_those_of_double_precision(void **state)
{
    (void)state;
    enum { NUMBERS = 16 };
    float row[NUMBERS];
    uint32_t random = 9;
    struct weight_sums sums;
    for (size_t k = 0; kernel_listed(k); k++)
        for (int i = 0; kernel_choose(kernel_listed(k)) && i < 24000; i++) {
            double expected = 0, size = 0;
            for (size_t j = 0; j < NUMBERS; j++) {
                const float number = 1 + (float)(next_random(&random) >> 1) / 0x1p23F;
                row[j] = ldexpf(number, -1 - i / 1000);
                expected -= (double)row[j] * log((double)row[j]);
                size += (double)row[j] * fmax(1, -log((double)row[j]));
            }
            weights_measure(row, NUMBERS, 0, 0, &sums);
            assert_true(fabs(sums.entropy - expected) <= 2e-7 * size);
            for (size_t j = 0; j < NUMBERS; j++)
                row[j] = i % 2 == 0 ? 1.0F / NUMBERS : j == 3;
            weights_measure(row, NUMBERS, 0, 0, &sums);
            assert_true(sums.entropy == (i % 2 == 0 ? 4 * M_LN2 : 0));
        }
    kernel_choose("best");
}

static void a_row_that_is_not_finite_has_no_sum(void **state)
{
    (void)state;
    static const float odd[] = {NAN, INFINITY, -INFINITY};
    float row[100];
    struct weight_sums sums;
    for (size_t k = 0; kernel_listed(k); k++)
        for (size_t i = 0; kernel_choose(kernel_listed(k)) && i < 3 * 100; i++) {
            for (size_t j = 0; j < 100; j++)
                row[j] = 0.01f;
            row[i / 3] = odd[i % 3];
            weights_measure(row, 100, 0, 0, &sums);
            assert_false(isfinite(sums.sum));
        }
    kernel_choose("best");
}

static void the_smallest_and_negative_weights_are_seen(void **state)
{
    (void)state;
    float row[40] = {0};
    struct weight_sums sums;
    assert_false(weights_any(row, 40));
    row[37] = 1e-45f;
    assert_true(weights_any(row, 40));
    assert_false(weights_any(row, 37));
    row[3] = -0.5f;
    weights_measure(row, 40, 0, 0, &sums);
    assert_true(sums.least == -0.5f);
    assert_true(sums.largest == 1e-45f);
}

/* By definition: the numbers in whole steps, the heaviest first. */
static int by_size(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? 1 : left > right ? -1 : 0;
}

static size_t count_heaviest(const float *row, size_t count, double share, int64_t *steps)
{
    int64_t total = 0, sum = 0;
    for (size_t j = 0; j < count; j++) {
        steps[j] = row[j] > 0 ? llrint((double)row[j] * 0x1p40) : 0;
        total += steps[j];
    }
    qsort(steps, count, sizeof *steps, by_size);
    const int64_t some = (int64_t)((double)total * (share - 1e-6)), target = some > 0 ? some : 1;
    size_t taken = 0;
    while (total > 0 && sum < target)
        sum += steps[taken++];
    return taken;
}

enum { HEAVIEST_MOST = 5000 };

/* `guess` is that of any row before, which must make no difference. */
static void check_heaviest(const float *row, size_t count, struct heaviest_guess *guess)
{
    static const double shares[] = {0.9, 0.5, 0.99, 0.05};
    static int64_t steps[HEAVIEST_MOST], room[HEAVIEST_MOST];
    float largest = 0;
    for (size_t j = 0; j < count; j++)
        largest = row[j] > largest ? row[j] : largest;
    for (size_t i = 0; i < 4; i++) {
        const size_t expected = count_heaviest(row, count, shares[i], steps);
        assert_int_equal(heaviest_count(row, count, largest, shares[i], room), expected);
        assert_int_equal(weights_heaviest(row, count, largest, shares[i], room, guess), expected);
    }
}

/* What a row may look like: few heavy numbers, all alike, many alike, far apart, above 2¹¹, below the least step, and below 0. */
static void fill_kind(float *row, size_t count, int kind, uint32_t *state)
{
    if (kind == 0) {
        fill_row(row, count, state);
        return;
    }
    for (size_t j = 0; j < count; j++) {
        const uint32_t random = next_random(state);
        const float from_0_to_1 = (float)random / 0x1p24f;
        row[j] = kind == 1   ? 1 / (float)count
                 : kind == 2 ? (float)(random % 3) / (float)count
                 : kind == 3 ? ldexpf(from_0_to_1, -(int)(random % 60))
                 : kind == 4 ? 300 * from_0_to_1
                 : kind == 5 ? ldexpf(from_0_to_1, -41)
                 : kind == 6 ? from_0_to_1 - 0.5f
                             : powf(from_0_to_1, 4) / (float)count;
    }
}

static void the_heaviest_are_counted_alike(void **state)
{
    (void)state;
    static float memory[HEAVIEST_MOST + 8];
    struct heaviest_guess guess = {0};
    uint32_t random = 3;
    for (size_t k = 0; kernel_listed(k); k++) {
        if (!kernel_choose(kernel_listed(k)))
            continue;
        for (size_t count = 1; count <= HEAVIEST_MOST; count += count < 70 ? 1 : count < 1100 ? 41 : 1301)
            for (int kind = 0; kind < 8; kind++) {
                float *row = memory + count % 7;
                fill_kind(row, count, kind, &random);
                check_heaviest(row, count, &guess);
            }
    }
    kernel_choose("best");
}

/* The vector form must find it itself in rows as models have them: what it leaves to others would still be right, but slow. */
static void the_heaviest_of_usual_rows_are_found_in_vectors(void **state)
{
    (void)state;
    static float row[1024];
    struct heaviest_guess guess = {0};
    uint32_t random = 5;
    for (size_t k = 0; kernel_listed(k); k++)
        for (int i = 0; kernel_choose(kernel_listed(k)) && i < 300; i++) {
            struct weight_sums sums;
            fill_kind(row, 1024, i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 7, &random);
            weights_measure(row, 1024, 0, 0, &sums);
            assert_true(kernel_chosen()->heaviest(row, 1024, sums.largest, 0.9, &guess) <= 1024);
        }
    kernel_choose("best");
}

static void keys_are_added_up_in_steps(void **state)
{
    (void)state;
    static float row[100];
    uint32_t random = 7;
    for (size_t k = 0; kernel_listed(k); k++)
        for (size_t count = 1; kernel_choose(kernel_listed(k)) && count < 100; count++) {
            int64_t sums[100] = {0};
            for (size_t j = 0; j < count; j++)
                row[j] = ldexpf((float)(next_random(&random) % 4000) - 2000, -(int)(random % 50));
            weights_add_steps(row, count, sums);
            weights_add_steps(row, count, sums);
            for (size_t j = 0; j < count; j++)
                assert_int_equal(sums[j], 2 * llrint((double)row[j] * 0x1p40));
        }
    kernel_choose("best");
}

/* Three rows of two numbers: one sums to 1.25, one holds NaN. */
static void rows_are_warned_of(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct tensor *attention = &scene.inputs.all.tensor[INPUT_ATTENTION];
    *attention = numbers(1, 3, 2, 0, 0);
    for (int i = 0; i < 6; i++)
        attention->data[i] = 0.5f;
    attention->data[0] = 0.75f;
    attention->data[3] = NAN;
    scene_compute(&scene, (struct request){.max_weights = MANY}, (struct selection){0});
    assert_int_equal(scene.warnings.count, 2);
    assert_string_equal(
        scene.warnings.text[0],
        "attention: 1 of 3 rows do not sum to 1 (their sums go from 1.25 to 1.25); shown as they are");
    assert_string_equal(scene.warnings.text[1],
                        "attention: 1 of 3 rows hold NaN or infinity; shown as they are");
    scene_free(&scene);
}

/* Heads that are not chosen may hold anything. */
static void only_chosen_heads_are_read(void **state)
{
    (void)state;
    static const size_t chosen[] = {1};
    struct scene scene = {0};
    struct tensor *attention = &scene.inputs.all.tensor[INPUT_ATTENTION];
    *attention = numbers(1, 2, 3, 3, 0);
    for (int i = 0; i < 18; i++)
        attention->data[i] = i < 9 ? NAN : 1.0f / 3;
    scene_compute(&scene, (struct request){.max_weights = MANY},
                  (struct selection){.heads = chosen, .head_count = 1});
    assert_int_equal(scene.warnings.count, 0);
    assert_int_equal(scene.result.measures[1].rows, 3);
    assert_near(scene.result.measures[1].entropy, log(3));
    scene_free(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_measured_alike),
        cmocka_unit_test(mixtures_are_those_of_double_precision),
        cmocka_unit_test(logarithms_are_those_of_double_precision),
        cmocka_unit_test(a_row_that_is_not_finite_has_no_sum),
        cmocka_unit_test(the_smallest_and_negative_weights_are_seen),
        cmocka_unit_test(the_heaviest_are_counted_alike),
        cmocka_unit_test(the_heaviest_of_usual_rows_are_found_in_vectors),
        cmocka_unit_test(keys_are_added_up_in_steps),
        cmocka_unit_test(rows_are_warned_of),
        cmocka_unit_test(only_chosen_heads_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
