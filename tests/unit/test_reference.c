/* The reference and the rules of who sees whom, on what is known without them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these before it */
#include <cmocka.h>
#include <math.h>

#include "core/reference.h"

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
    assert_true(row[0] == 1 && row[1] == 0 && room.seen == 1 && keys[0] == 0);
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
                        head_reach(&head, (size_t)i, &first, &end);
                        assert_true(first <= end && end <= 5);
                        for (int64_t j = 0; j < 5; j++) {
                            int64_t p = i + offset;
                            bool seen = (!causal || j <= p) && (left < 0 || j >= p - left) &&
                                        (right < 0 || j <= p + right);
                            assert_int_equal(j >= (int64_t)first && j < (int64_t)end, seen);
                            assert_int_equal(head_allows(&head, (size_t)i, (size_t)j), seen);
                        }
                    }
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_knows),
        cmocka_unit_test(reaches_what_causal_and_window_leave),
    };
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
