/* The small parts of the maths, by hand: measures, encodings of positions, transforms, recurrences. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attention/mask.h"
#include "attention/measures.h"
#include "attention/position.h"
#include "attention/recurrence.h"
#include "attention/reference.h"
#include "attention/transform.h"

static void assert_near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-6 * fmax(1, fabs(wanted))))
        fail_msg("%.9g instead of %.9g", got, wanted);
}

static void test_measures_of_a_row(void **state)
{
    (void)state;
    const float row[] = {0.25f, 0, 0.5f, 0.25f, 7};
    const size_t keys[] = {0, 1, 2, 3};
    struct row_measures r = measures_row(row, keys, 4, 3, true);
    assert_near(r.entropy, 1.5 * log(2));
    assert_near(r.distance, 0.25 * 3 + 0.5 * 1);
    assert_true(r.max == 0.5f && r.argmax == 2 && r.first == 0.25f);

    r = measures_row(row, keys, 4, 3, false);
    assert_true(isnan(r.entropy) && isnan(r.distance) && r.max == 0.5f && r.first == 0.25f);

    const float equal[] = {0.1f, 0.3f, 0.3f, 0.3f};
    r = measures_row(equal, keys, 4, 0, true);
    assert_int_equal(r.argmax, 1); /* the first of equals */
    r = measures_row(equal, keys + 2, 2, 0, true);
    assert_int_equal(r.argmax, 2);
    assert_near(r.distance, 0.3 * 2 + 0.3 * 3);

    r = measures_row(equal, keys, 0, 0, true);
    assert_true(r.entropy == 0 && r.max == 0 && r.distance == 0 && r.first == 0 && r.argmax == SIZE_MAX);

    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t b = 0; b < 3; b++) {
        const float broken[] = {0.5f, bad[b], 0.5f, 0};
        r = measures_row(broken, keys, 4, 0, true);
        assert_true(isnan(r.entropy) && isnan(r.max) && isnan(r.distance) && isnan(r.first));
        assert_int_equal(r.argmax, SIZE_MAX);
    }
}

static void test_measures_of_a_head(void **state)
{
    (void)state;
    const struct row_measures rows[] = {
        {.entropy = 1, .max = 0.5f, .distance = 2, .first = 0.25f, .argmax = 7},
        {.entropy = NAN, .max = NAN, .distance = NAN, .first = NAN, .argmax = SIZE_MAX},
        {.argmax = SIZE_MAX},
        {.entropy = 0.5f, .max = 0.75f, .distance = 4, .first = 0.75f, .argmax = 3},
        {.max = 0.75f, .first = 0.5f, .argmax = 1},
    };
    struct measures h = measures_head(rows, 5);
    assert_true(h.rows == 3 && h.nan_rows == 1 && h.blind_rows == 1);
    assert_near(h.entropy, 0.5);
    assert_near(h.distance, 2);
    assert_near(h.first, 0.5);
    assert_true(h.largest == 0.75f && h.largest_query == 3 && h.largest_key == 3); /* the first of equals */

    h = measures_head(rows + 1, 2);
    assert_true(h.rows == 0 && isnan(h.entropy) && isnan(h.distance) && isnan(h.first) && isnan(h.largest));
}

static void test_buckets_of_t5(void **state)
{
    (void)state;
    /* One distance a bucket in the first half; keys behind the query have the other half of the buckets. */
    for (int64_t d = 0; d < 8; d++) {
        assert_int_equal(position_bucket(-d, true, 32, 128), d);
        assert_int_equal(position_bucket(d, true, 32, 128), d == 0 ? 0 : 16 + d);
        assert_int_equal(position_bucket(-d, false, 16, 128), d);
        assert_int_equal(position_bucket(d, false, 16, 128), 0);
    }
    /* Then a bucket each time the distance has grown by a constant factor, whatever logarithms round to. */
    for (int64_t half = 2; half <= 32; half++)
        for (int64_t powers = 1; powers <= 20; powers++)
            for (int64_t power = 0; power <= powers + 3; power++) {
                const int64_t away = half << power, grown = power * half / powers;
                const size_t furthest = (size_t)half << powers, buckets = 2 * (size_t)half;
                const size_t wanted = (size_t)(half + (grown < half ? grown : half - 1));
                assert_int_equal(position_bucket(-away, true, 2 * buckets, furthest), wanted);
                assert_int_equal(position_bucket(away, true, 2 * buckets, furthest), buckets + wanted);
                assert_int_equal(position_bucket(-away, false, buckets, furthest), wanted);
            }
    /* A distance that is no whole number has the bucket of the whole one nearer to 0, on its side. */
    assert_int_equal(position_bucket(-2.75, true, 32, 128), 2);
    assert_int_equal(position_bucket(0.5, true, 32, 128), 16);
    assert_int_equal(position_bucket(-15.9, false, 16, 64), 8 + 2);
    assert_int_equal(position_bucket(-5, true, 2, 128), 0);
    assert_int_equal(position_bucket(5, true, 2, 128), 1);
}

static void test_rotations(void **state)
{
    (void)state;
    /* Two heads of 5 columns, of which 4 are rotated; two rows at the positions -1 and 0. */
    float x[20], halves[20], pairs[20], table[8];
    for (int i = 0; i < 20; i++)
        x[i] = halves[i] = pairs[i] = (float)(i + 1);
    const double turn[] = {1, 0.1};
    struct rotation by = {.columns = 4, .parts = 1, .turn = turn, .factor = 1};
    const struct position_list at = {.first = -1};
    position_rotate(halves, 2, 10, 2, 5, &by, &at);
    by.layout = ROTARY_INTERLEAVED;
    position_rotate(pairs, 2, 10, 2, 5, &by, &at);
    position_rotary_table(table, 2, &by, &at);
    for (int h = 0; h < 2; h++)
        for (int t = 0; t < 2; t++) {
            const double angle = t == 0 ? -1 : -0.1;
            const float *a = x + 5 * h;
            assert_near(halves[5 * h + t], a[t] * cos(angle) - a[t + 2] * sin(angle));
            assert_near(halves[5 * h + t + 2], a[t] * sin(angle) + a[t + 2] * cos(angle));
            assert_near(pairs[5 * h + 2 * t], a[2 * t] * cos(angle) - a[2 * t + 1] * sin(angle));
            assert_near(pairs[5 * h + 2 * t + 1], a[2 * t] * sin(angle) + a[2 * t + 1] * cos(angle));
            assert_near(table[t], cos(angle));
            assert_near(table[2 + t], sin(angle));
            assert_true(halves[5 * h + 4] == a[4] && pairs[5 * h + 4] == a[4]);
        }
    assert_memory_equal(halves + 10, x + 10, 10 * sizeof *x); /* position 0 */
    assert_memory_equal(pairs + 10, x + 10, 10 * sizeof *x);
}

/* Two axes, with positions that are no whole numbers, and a factor: as two parts, and as two sections. */
static void test_rotations_by_two_axes(void **state)
{
    (void)state;
    static const float given[] = {9, 3, -1.5f, 9, 0.25f, 7}; /* rows 1 and 2 of three */
    static const double turn[] = {1, 2};
    static const uint8_t axis[] = {0, 1};
    const struct position_list all = {.given = given, .axes = 2, .axis_step = 3}, at = position_skip(all, 1);
    assert_true(position_at(&at, 0, 0) == 3 && position_at(&at, 1, 1) == 7);
    for (size_t parts = 1; parts <= 2; parts++) {
        float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, table[8];
        const struct rotation by = {.columns = 4, .parts = parts, .turn = turn, .axis = axis, .factor = 3};
        position_rotate(x, 2, 4, 1, 4, &by, &at);
        position_rotary_table(table, 2, &by, &at);
        for (size_t i = 0; i < 2; i++)
            for (size_t t = 0; t < 2; t++) {
                const size_t left = parts == 1 ? t : 2 * t, right = parts == 1 ? t + 2 : 2 * t + 1;
                const double angle = (double)given[3 * t + 1 + i] * turn[t];
                const double a = (double)(4 * i + left + 1), b = (double)(4 * i + right + 1);
                assert_near(x[4 * i + left], 3 * (a * cos(angle) - b * sin(angle)));
                assert_near(x[4 * i + right], 3 * (a * sin(angle) + b * cos(angle)));
                assert_near(table[4 * i + t], 3 * cos(angle));
                assert_near(table[4 * i + 2 + t], 3 * sin(angle));
            }
    }
    const struct position_list places = position_skip((struct position_list){.first = -2}, 3);
    assert_true(position_at(&places, 1, 4) == 5);
    const struct position_list one = {.given = given, .axes = 1, .axis_step = 3}; /* serves every axis */
    assert_true(position_at(&one, 1, 1) == 3);
}

static void test_slopes_of_alibi(void **state)
{
    (void)state;
    for (size_t h = 0; h < 8; h++)
        assert_near(position_slope(h, 8), pow(2, -(double)(h + 1)));
    /* 12 heads: those of 8, then every second one of 16. */
    for (size_t h = 0; h < 12; h++)
        assert_near(position_slope(h, 12), h < 8 ? pow(2, -(double)(h + 1)) : pow(2, -0.5 - (double)(h - 8)));
    assert_near(position_slope(0, 1), pow(2, -8));
}

static void test_transforms(void **state)
{
    (void)state;
    float unit[] = {3, 4, 9, 0, 0, 9}; /* rows 3 apart, of which 2 columns count */
    transform_unit(unit, 2, 3, 2);
    const float wanted[] = {0.6f, 0.8f, 9, 0, 0, 9};
    assert_memory_equal(unit, wanted, sizeof unit);

    float norm[] = {1, 3, 5, 5};
    const float weight[] = {2, 3}, bias[] = {10, 20};
    transform_norm(norm, 2, 2, weight, bias);
    assert_near(norm[0], 10 - 2 / sqrt(1 + 1e-5));
    assert_near(norm[1], 20 + 3 / sqrt(1 + 1e-5));
    assert_true(norm[2] == 10 && norm[3] == 20);

    float feature[] = {2, 0, -1};
    transform_feature(feature, 3, 1);
    assert_true(feature[0] == 3 && feature[1] == 1);
    assert_near(feature[2], exp(-1));
}

/* What a part of a head computes is what the whole does for these queries. */
struct part_rows {
    size_t first, next;
    double weights[4][4];
};

static void receive_row(void *context, size_t i, const double *weights)
{
    struct part_rows *rows = context;
    assert_int_equal(i, rows->next++);
    memcpy(rows->weights[rows->first + i], weights, sizeof rows->weights[0]);
}

static void test_recurrences_and_their_parts(void **state)
{
    (void)state;
    const float q[] = {1, 2, -1, 0, 3, 1, 0, 1}, k[] = {1, 0, 1, 1, 0, 2, -1, 1}, v[] = {1, 2, 4, 8};
    const float decay[] = {-1, 0, -2, -1}, beta[] = {1, 0.5f, 0.25f, 1}, first_state[] = {3, -5};
    for (enum recurrence rule = RECURRENCE_LINEAR; rule <= RECURRENCE_GATED_DELTA; rule++) {
        const struct head head = {
            .n = 4,
            .m = 4,
            .d_k = 2,
            .d_v = 1,
            .q = {q, 2, 1},
            .k = {k, 2, 1},
            .v = {v, 1, 1},
            .scale = 0.5,
            .recurrent = {
                .rule = rule, .decay = {decay, 1, 0}, .beta = {beta, 1, 0}, .state = {first_state, 1, 1}}};
        double s[2] = {3, -5}, wanted[4];
        const bool gated = rule == RECURRENCE_GATED || rule == RECURRENCE_GATED_DELTA;
        const bool delta = rule == RECURRENCE_DELTA || rule == RECURRENCE_GATED_DELTA;
        for (int t = 0; t < 4; t++) {
            for (int d = 0; d < 2; d++)
                s[d] *= gated ? exp((double)decay[t]) : 1;
            const double held = s[0] * (double)k[2 * t] + s[1] * (double)k[2 * t + 1];
            const double value = delta ? (double)beta[t] * ((double)v[t] - held) : (double)v[t];
            for (int d = 0; d < 2; d++)
                s[d] += (double)k[2 * t + d] * value;
            wanted[t] = 0.5 * (s[0] * (double)q[2 * t] + s[1] * (double)q[2 * t + 1]);
        }
        struct error error = {0};
        struct part_rows whole = {0};
        float output[4];
        assert_true(recurrence_run(&head, output, 1, receive_row, &whole, &error));
        assert_int_equal(whole.next, 4);
        for (int t = 0; t < 4; t++)
            assert_near(output[t], wanted[t]);
        /* The output is the weights times v, if it begins with nothing. */
        struct head empty = head;
        empty.recurrent.state.data = NULL;
        assert_true(recurrence_run(&empty, output, 1, NULL, NULL, &error));
        for (int i = 0; i < 4; i++) {
            double sum = 0;
            for (int j = 0; j < 4; j++)
                sum += whole.weights[i][j] * (double)v[j];
            assert_near(output[i], sum);
        }
        for (size_t first = 0; first < 4; first++) {
            const struct head part = head_part(&head, first, 4 - first);
            struct part_rows rows = {.first = first};
            assert_true(recurrence_run(&part, output, 1, receive_row, &rows, &error));
            assert_int_equal(rows.next, 4 - first);
            for (size_t i = first; i < 4; i++) {
                assert_near(output[i - first], wanted[i]);
                assert_memory_equal(rows.weights[i], whole.weights[i], sizeof whole.weights[i]);
            }
        }
    }
}

static void test_parts_drop_the_same_weights(void **state)
{
    (void)state;
    static const float zeros[64];
    const struct head head = {.n = 8,
                              .m = 8,
                              .d_k = 1,
                              .q = {zeros, 1, 1},
                              .k = {zeros, 1, 1},
                              .scale = 1,
                              .rules = {.left = -1, .right = -1},
                              .dropout = 0.5,
                              .seed = 7};
    const struct head part = head_part(&head, 3, 5);
    double whole[8], cut[8];
    size_t keys[8], dropped = 0;
    struct reference_room room = {.row = whole, .keys = keys}, part_room = {.row = cut, .keys = keys};
    for (size_t i = 0; i < 5; i++) {
        reference_row(&head, 3 + i, STAGE_WEIGHTS, &room);
        reference_row(&part, i, STAGE_WEIGHTS, &part_room);
        assert_memory_equal(cut, whole, sizeof whole);
        for (size_t j = 0; j < 8; j++) {
            assert_true(whole[j] == 0 || whole[j] == 0.25); /* 1/8, over the half that stays */
            dropped += whole[j] == 0;
        }
    }
    assert_true(dropped > 5 && dropped < 35);
}

enum { CUT_N = 7, CUT_M = 40, CUT_BLOCKS = 16 };

/* What the heads of the test below point to. */
struct cut_data {
    float q[CUT_N], k[CUT_M], mask[CUT_N * CUT_M], bias[CUT_N * CUT_M], key_mask[CUT_M];
    float blocks[CUT_BLOCKS * CUT_BLOCKS], distance[CUT_N + CUT_M + HEAD_SPARE], places[CUT_M];
    uint8_t query_global[CUT_N], key_global[CUT_M];
    int32_t query_segment[CUT_N], key_segment[CUT_M];
};

static uint32_t cut_seed = 1;

static uint32_t cut_dice(uint32_t sides)
{
    cut_seed = cut_seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)cut_seed * sides) >> 32);
}

static void cut_numbers(float *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        numbers[i] = (float)cut_dice(1000) / 500 - 1;
}

static void cut_flags(float *flags, size_t count)
{
    for (size_t i = 0; i < count; i++)
        flags[i] = cut_dice(4) > 0;
}

static void cut_data_make(struct cut_data *data)
{
    cut_numbers(data->q, CUT_N);
    cut_numbers(data->k, CUT_M);
    cut_numbers(data->bias, (size_t)CUT_N * CUT_M);
    cut_numbers(data->distance, sizeof data->distance / sizeof *data->distance);
    cut_numbers(data->places, CUT_M);
    cut_flags(data->mask, (size_t)CUT_N * CUT_M);
    cut_flags(data->key_mask, CUT_M);
    cut_flags(data->blocks, (size_t)CUT_BLOCKS * CUT_BLOCKS);
    for (size_t i = 0; i < (size_t)CUT_N * CUT_M; i++)
        data->bias[i] = cut_dice(5) == 0 ? -INFINITY : data->bias[i];
    for (size_t i = 0; i < CUT_N; i++) {
        data->query_global[i] = cut_dice(5) == 0;
        data->query_segment[i] = (int32_t)cut_dice(3);
    }
    for (size_t j = 0; j < CUT_M; j++) {
        data->key_global[j] = cut_dice(9) == 0;
        data->key_segment[j] = (int32_t)cut_dice(3);
    }
}

static struct rules cut_rules(const struct cut_data *data)
{
    struct rules rules = {
        .left = -1, .right = -1, .causal = cut_dice(2), .mask_true_blocks = cut_dice(3) == 0};
    if (cut_dice(3) == 0)
        rules.left = cut_dice(20);
    if (cut_dice(3) == 0)
        rules.right = cut_dice(20);
    if (cut_dice(3) == 0)
        rules.prefix = cut_dice(CUT_M);
    if (cut_dice(3) == 0) {
        rules.is_padded = true;
        rules.key_length = cut_dice(CUT_M + 1);
    }
    if (cut_dice(3) == 0)
        rules.dilation = 1 + cut_dice(4);
    if (cut_dice(3) == 0)
        rules.block = 3 + cut_dice(9);
    if (rules.block > 0 && cut_dice(2))
        rules.block_mask = (struct strided){data->blocks, CUT_BLOCKS, 1};
    if (cut_dice(3) == 0) {
        rules.query_global = data->query_global;
        rules.key_global = data->key_global;
    }
    if (cut_dice(3) == 0) {
        rules.query_segment = data->query_segment;
        rules.key_segment = data->key_segment;
    }
    if (cut_dice(3) == 0)
        rules.key_mask = (struct strided){data->key_mask, 0, 1};
    if (cut_dice(3) == 0)
        rules.mask = (struct strided){data->mask, cut_dice(2) ? CUT_M : 0, cut_dice(2)};
    return rules;
}

static struct head cut_head(const struct cut_data *data)
{
    struct head head = {.n = CUT_N,
                        .m = CUT_M,
                        .d_k = 1,
                        .q = {data->q, 1, 1},
                        .k = {data->k, 1, 1},
                        .v = {data->k, 1, 1},
                        .scale = 1,
                        .offset = (int64_t)cut_dice(60) - 15,
                        .rules = cut_rules(data)};
    if (cut_dice(3) == 0)
        head.bias = (struct strided){data->bias, cut_dice(2) ? CUT_M : 0, cut_dice(2)};
    switch (cut_dice(4)) {
    case 0:
        head.distance = data->distance;
        head.distance_first = head.offset - CUT_M + 1;
        break;
    case 1:
        head.has_positions = true;
        head.query_at = (struct position_list){.given = data->places, .axes = 1};
        head.key_at = (struct position_list){.given = data->places, .axes = 1};
        head.slope = 0.5;
        break;
    default:
        break;
    }
    return head;
}

/* Every key of a part stands as it does in the whole, whatever the rules, and what is added to its score is the same. */
static void test_parts_of_the_keys(void **state)
{
    (void)state;
    static struct cut_data data;
    for (int round = 0; round < 3000; round++) {
        cut_data_make(&data);
        const struct head head = cut_head(&data);
        const size_t step = head.rules.block > 0 ? head.rules.block : 1;
        const size_t first = cut_dice(CUT_M) / step * step, count = 1 + cut_dice((uint32_t)(CUT_M - first));
        const struct head part = head_keys(&head, first, count);
        double whole[CUT_M], cut[CUT_M];
        size_t keys[CUT_M];
        struct reference_room room = {.row = whole, .keys = keys}, part_room = {.row = cut, .keys = keys};
        assert_int_equal(part.m, count);
        assert_ptr_equal(part.v.data, head.v.data + first);
        for (size_t i = 0; i < CUT_N; i++) {
            for (size_t j = 0; j < count; j++)
                assert_int_equal(mask_allows(&part, i, j), mask_allows(&head, i, first + j));
            reference_row(&head, i, STAGE_MASKED, &room);
            reference_row(&part, i, STAGE_MASKED, &part_room);
            assert_memory_equal(cut, whole + first, count * sizeof *cut);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measures_of_a_row),
        cmocka_unit_test(test_measures_of_a_head),
        cmocka_unit_test(test_buckets_of_t5),
        cmocka_unit_test(test_rotations),
        cmocka_unit_test(test_rotations_by_two_axes),
        cmocka_unit_test(test_slopes_of_alibi),
        cmocka_unit_test(test_transforms),
        cmocka_unit_test(test_recurrences_and_their_parts),
        cmocka_unit_test(test_parts_drop_the_same_weights),
        cmocka_unit_test(test_parts_of_the_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
