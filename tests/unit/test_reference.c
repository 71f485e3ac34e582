/* The reference and the rules of who sees whom, on what is known without them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these before it */
#include <cmocka.h>
#include <math.h>

#include "attention/mask.h"
#include "attention/mask_count.h"
#include "attention/reference.h"

/* Scores 0 and ln 3 give weights 1/4 and 3/4. */
static void the_reference_knows(void **state)
{
    (void)state;
    const float q[1] = {2}, k[2] = {0, logf(3)}, v[2] = {0, 8};
    struct head head = {.n = 1,
                        .m = 2,
                        .d_k = 1,
                        .d_v = 1,
                        .q = {q, 1, 1},
                        .k = {k, 1, 1},
                        .v = {v, 1, 1},
                        .scale = 0.5,
                        .rules.left = -1,
                        .rules.right = -1};
    double row[2], output;
    size_t keys[2];
    struct reference_room room = {.row = row, .keys = keys};
    reference_row(&head, 0, STAGE_SCORES, &room);
    assert_true(row[0] == 0 && row[1] == 2 * (double)logf(3));
    reference_row(&head, 0, STAGE_WEIGHTS, &room);
    assert_true(fabs(row[0] - 0.25) < 1e-7 && fabs(row[1] - 0.75) < 1e-7);
    reference_output(&head, &room, &output);
    assert_true(fabs(output - 6) < 1e-6);
    head.softcap = 1;
    reference_row(&head, 0, STAGE_SCALED, &room);
    assert_true(fabs(row[1] - 0.8) < 1e-7); /* tanh(ln 3) = (9 - 1)/(9 + 1) */
    head.rules.causal = true;
    reference_row(&head, 0, STAGE_MASKED, &room);
    assert_true(row[0] == 0 && row[1] == -INFINITY);
    reference_row(&head, 0, STAGE_WEIGHTS, &room);
    assert_true(row[0] == 1 && row[1] == 0 && room.key_count == 1 && keys[0] == 0);
}

static void reaches_what_causal_and_window_leave(void **state)
{
    (void)state;
    for (int64_t offset = -4; offset <= 4; offset++) {
        for (int causal = 0; causal < 2; causal++) {
            for (int64_t left = -1; left < 4; left++) {
                for (int64_t right = -1; right < 4; right++) {
                    struct head head = {.n = 6,
                                        .m = 5,
                                        .rules.causal = causal,
                                        .offset = offset,
                                        .rules.left = left,
                                        .rules.right = right};
                    for (int64_t i = 0; i < 6; i++) {
                        size_t first, end;
                        mask_reach(&head, (size_t)i, &first, &end);
                        assert_true(first <= end && end <= 5);
                        for (int64_t j = 0; j < 5; j++) {
                            int64_t p = i + offset;
                            bool seen = (!causal || j <= p) && (left < 0 || j >= p - left) &&
                                        (right < 0 || j <= p + right);
                            assert_int_equal(j >= (int64_t)first && j < (int64_t)end, seen);
                            assert_int_equal(mask_allows(&head, (size_t)i, (size_t)j), seen);
                        }
                    }
                }
            }
        }
    }
}

/* ---- counting pairs ---- */

static uint32_t seed = 1;

static size_t below(size_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (size_t)(seed >> 8) % limit;
}

static bool one_in(size_t count)
{
    return below(count) == 0;
}

/* Which pairs a random head allows. */
struct masks {
    struct head head;
    float mask[40 * 40], bias[40 * 40], block_mask[40 * 40], key_mask[40];
    uint8_t query_global[40], key_global[40];
    int32_t query_segment[40], key_segment[40];
};

static void masks_make(struct masks *x)
{
    struct head *head = &x->head;
    struct rules *rules = &head->rules;
    *head = (struct head){.n = 1 + below(40), .m = 1 + below(40)};
    head->first = one_in(3) ? below(5) : 0;
    head->offset = one_in(2) ? (int64_t)below(30) - 15 : 0;
    rules->causal = one_in(2);
    rules->prefix = one_in(3) ? below(head->m) : 0;
    rules->left = one_in(3) ? (int64_t)below(12) : -1;
    rules->right = one_in(3) ? (int64_t)below(12) : -1;
    rules->is_padded = one_in(4);
    rules->key_length = below(head->m + 1);
    rules->dilation = one_in(3) ? 2 + below(5) : 0;
    rules->block = one_in(3) ? 1 + below(9) : 0;
    rules->mask_true_blocks = one_in(3);
    for (size_t i = 0; i < 40 * 40; i++) {
        x->mask[i] = !one_in(3);
        x->block_mask[i] = one_in(2);
        x->bias[i] = one_in(4) ? -INFINITY : 1;
    }
    for (size_t i = 0; i < 40; i++) {
        x->key_mask[i] = !one_in(3);
        x->query_global[i] = one_in(8);
        x->key_global[i] = one_in(8);
        x->query_segment[i] = (int32_t)below(3) - 1;
        x->key_segment[i] = (int32_t)below(3) - 1;
    }
    if (rules->block > 0 && one_in(2))
        rules->block_mask = (struct strided){x->block_mask, 40, 1};
    if (one_in(4))
        rules->key_mask = (struct strided){x->key_mask, 0, 1};
    if (one_in(3)) {
        rules->query_global = x->query_global;
        rules->key_global = x->key_global;
    }
    if (one_in(3)) {
        rules->query_segment = x->query_segment;
        rules->key_segment = x->key_segment;
    }
    if (one_in(3)) /* of pairs, or an axis of it serves all */
        rules->mask = (struct strided){x->mask, one_in(2) ? 0 : 40, one_in(2) ? 0 : 1};
    if (one_in(3))
        head->bias = (struct strided){x->bias, one_in(2) ? 0 : 40, one_in(2) ? 0 : 1};
}

/* bug: padding, dilation and global tokens cost a question for every pair */
static void counts_pairs_as_one_by_one(void **state)
{
    (void)state;
    static struct masks x;
    for (int round = 0; round < 20000; round++) {
        const uint32_t at = seed;
        masks_make(&x);
        size_t wanted = 0, listed = 0, count, keys[40];
        for (size_t i = 0; i < x.head.n; i++) {
            for (size_t j = 0; j < x.head.m; j++)
                wanted += mask_allows(&x.head, i, j);
            listed += mask_keys(&x.head, i, keys);
        }
        struct error error = {0};
        assert_true(mask_count(&x.head, 1, &count, NULL, &error));
        if (count != wanted || listed != wanted)
            fail_msg("seed %u: counted %zu, listed %zu of %zu pairs", at, count, listed, wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_knows),
        cmocka_unit_test(reaches_what_causal_and_window_leave),
        cmocka_unit_test(counts_pairs_as_one_by_one),
    };
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
