/* The linear runner against the plain one: linear attention and all recurrences, over odd sizes, masks and decays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>
#include <math.h>

#include "engine/engine.h"
#include "engine/kernel.h"

static uint64_t seed = 7;

static uint32_t random_bits(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

/* Even between low and high. */
static float random_float(float low, float high)
{
    return low + (high - low) * (float)random_bits() / 2147483648.0f;
}

static size_t one_of(const size_t *sizes, size_t count)
{
    return sizes[random_bits() % count];
}

/* Rows that are `spare` further apart than they are long; the last one ends the memory, so that a sanitizer sees one
 * number too far. */
static struct strided matrix(size_t rows, size_t columns, size_t spare, float low, float high)
{
    const size_t step = columns + spare, count = rows ? (rows - 1) * step + columns : 0;
    float *data = malloc(count ? count * sizeof *data : 1);
    assert_non_null(data);
    for (size_t i = 0; i < count; i++)
        data[i] = random_float(low, high);
    return (struct strided){.data = data, .row = step, .column = 1};
}

static float *at(const struct strided *grid, size_t i, size_t j)
{
    return (float *)(uintptr_t)grid->data + i * grid->row + j * grid->column;
}

static void matrix_free(struct strided *grid)
{
    free((void *)(uintptr_t)grid->data);
}

static void head_free(struct head *head)
{
    matrix_free(&head->q);
    matrix_free(&head->k);
    matrix_free(&head->v);
    matrix_free(&head->rules.key_mask);
    matrix_free(&head->recurrent.decay);
    matrix_free(&head->recurrent.beta);
    matrix_free(&head->recurrent.state);
}

static const size_t sizes[] = {1, 2, 3, 15, 16, 17, 33, 63, 64, 65, 130, 300};
static const size_t widths[] = {1, 2, 3, 7, 8, 9, 16, 31, 32, 33, 64, 65, 70};
#define ONE_OF(list) one_of(list, sizeof list / sizeof *list)

/* Linear attention, of features that are not negative. */
static struct head attention_of(size_t n, size_t m, size_t d_k, size_t d_v)
{
    return (struct head){.n = n,
                         .m = m,
                         .d_k = d_k,
                         .d_v = d_v,
                         .scale = 1,
                         .normalizer = NORMALIZER_LINEAR,
                         .rules = {.left = -1, .right = -1},
                         .q = matrix(n, d_k, random_bits() % 3, 0, 2),
                         .k = matrix(m, d_k, random_bits() % 3, 0, 2),
                         .v = matrix(m, d_v, random_bits() % 3, -1, 1)};
}

static struct head random_attention_of(size_t n, size_t m, size_t d_k, size_t d_v)
{
    struct head head = attention_of(n, m, d_k, d_v);
    head.rules.causal = random_bits() % 3;
    if (random_bits() % 2)
        head.offset =
            random_bits() % 2 ? (int64_t)head.m - (int64_t)head.n : (int64_t)(random_bits() % 90) - 45;
    if (random_bits() % 3 == 0)
        head.rules.prefix = random_bits() % (head.m + 1);
    if (random_bits() % 3 == 0) {
        head.rules.is_padded = true;
        head.rules.key_length = random_bits() % (head.m + 2);
    }
    if (random_bits() % 3 == 0) {
        head.rules.key_mask = matrix(1, head.m, 0, 0, 1);
        head.rules.key_mask.row = 0;
        head.rules.mask_true_blocks = random_bits() % 2;
        for (size_t j = 0; j < head.m; j++)
            *at(&head.rules.key_mask, 0, j) = random_bits() % 3 > 0;
    }
    return head;
}

static struct head random_attention(void)
{
    const size_t n = ONE_OF(sizes), m = ONE_OF(sizes), d_k = ONE_OF(widths), d_v = ONE_OF(widths);
    return random_attention_of(n, m, d_k, d_v);
}

/* Decays: mild, strong, none at all, all at once, and rising. */
enum decays { MILD, STRONG, NO_DECAY, FORGETTING, RISING, DECAYS };

static float random_decay(enum decays decays)
{
    switch (decays) {
    case MILD:
        return random_float(-0.2f, 0);
    case STRONG:
        return random_bits() % 2 ? -50 : random_float(-1000, 0);
    case NO_DECAY:
        return 0;
    case FORGETTING:
        return random_bits() % 4 ? random_float(-1, 0) : -INFINITY;
    default:
        return random_float(-0.4f, 0.3f);
    }
}

/* Keys of a length of about 1, so that the delta rules do not grow without end. */
static struct head recurrence_of(enum recurrence rule, size_t n, size_t d_k, size_t d_v, enum decays decays)
{
    const float size = sqrtf(3 / (float)d_k);
    struct head head = {.n = n,
                        .m = n,
                        .d_k = d_k,
                        .d_v = d_v,
                        .scale = 1 / sqrt((double)d_k),
                        .rules = {.causal = true, .left = -1, .right = -1},
                        .q = matrix(n, d_k, random_bits() % 3, -2, 2),
                        .k = matrix(n, d_k, random_bits() % 3, -size, size),
                        .v = matrix(n, d_v, random_bits() % 3, -1, 1),
                        .recurrent.rule = rule};
    if (rule == RECURRENCE_GATED || rule == RECURRENCE_GATED_DELTA) {
        const size_t columns = random_bits() % 2 ? d_k : 1;
        head.recurrent.decay = matrix(n, columns, random_bits() % 2, 0, 0);
        head.recurrent.decay.column = columns > 1;
        for (size_t t = 0; t < n; t++)
            for (size_t c = 0; c < columns; c++)
                *at(&head.recurrent.decay, t, c) = random_decay(decays);
    }
    if (rule == RECURRENCE_DELTA || rule == RECURRENCE_GATED_DELTA)
        head.recurrent.beta = matrix(n, 1, random_bits() % 3, 0, 1);
    if (random_bits() % 2)
        head.recurrent.state = matrix(d_k, d_v, random_bits() % 2, -1, 1);
    return head;
}

static float *run_head(const struct head *head, bool plain, int threads, const char *name)
{
    const size_t row = head->d_v + 2;
    float *output = malloc(head->n * row * sizeof *output);
    struct error error = {0};
    const struct engine_job job = {.head = head, .output = output, .output_row = row};
    const struct engine_options options = {.plain = plain, .threads = threads};
    assert_non_null(output);
    for (size_t i = 0; i < head->n * row; i++)
        output[i] = 42;
    assert_string_equal(engine_name(&job, 1, &options), plain ? "plain" : name);
    if (!engine_run(&job, 1, &options, &error))
        fail_msg("%s", error.message);
    return output;
}

/* The same to 2e-7 of the largest number, or of 1, little more than two roundings to float; NaN and infinities at the same places. */
static void expect_same(const struct head *head, const float *got, const float *want)
{
    double largest = 1;
    for (size_t i = 0; i < head->n; i++)
        for (size_t c = 0; c < head->d_v; c++) {
            const double x = fabs((double)want[i * (head->d_v + 2) + c]);
            largest = isfinite(x) && x > largest ? x : largest;
        }
    for (size_t i = 0; i < head->n; i++) {
        const float *a = got + i * (head->d_v + 2), *b = want + i * (head->d_v + 2);
        for (size_t c = 0; c < head->d_v; c++) {
            const bool same = isfinite(b[c]) ? fabs((double)a[c] - (double)b[c]) <= 2e-7 * largest
                                             : isnan(a[c]) == isnan(b[c]) && isinf(a[c]) == isinf(b[c]);
            if (!same)
                fail_msg("%zu×%zu, d_k %zu, d_v %zu, rule %d: [%zu, %zu] is %.9g, not %.9g", head->n, head->m,
                         head->d_k, head->d_v, (int)head->recurrent.rule, i, c, (double)a[c], (double)b[c]);
        }
        assert_true(a[head->d_v] == 42 && a[head->d_v + 1] == 42);
    }
}

/* Runs a head both ways, and on one thread and three; frees it. */
static void compare(struct head *head)
{
    float *want = run_head(head, true, 1, NULL), *one = run_head(head, false, 1, "linear"),
          *three = run_head(head, false, 3, "linear");
    expect_same(head, one, want);
    assert_memory_equal(one, three, head->n * (head->d_v + 2) * sizeof *one);
    free(want), free(one), free(three);
    head_free(head);
}

static void on_each_kernel(void (*test)(void))
{
    for (size_t i = 0; kernel_listed(i); i++)
        if (kernel_choose(kernel_listed(i)))
            test();
    kernel_choose("best");
}

static void attention_rounds(void)
{
    for (int round = 0; round < 300; round++) {
        struct head head = random_attention();
        compare(&head);
    }
}

static void linear_attention_is_that_of_the_plain_runner(void **state)
{
    (void)state;
    on_each_kernel(attention_rounds);
}

static void recurrence_rounds(void)
{
    for (enum recurrence rule = RECURRENCE_LINEAR; rule <= RECURRENCE_GATED_DELTA; rule++)
        for (int round = 0; round < 100; round++) {
            struct head head = recurrence_of(rule, ONE_OF(sizes), ONE_OF(widths), ONE_OF(widths),
                                             (enum decays)(round % DECAYS));
            compare(&head);
        }
}

static void recurrences_are_those_of_the_plain_runner(void **state)
{
    (void)state;
    on_each_kernel(recurrence_rounds);
}

/* Heads that are long enough to be computed in floats: on each kernel, against one answer of the plain runner. */
static void compare_on_each_kernel(struct head *head)
{
    float *want = run_head(head, true, 1, NULL);
    for (size_t i = 0; kernel_listed(i); i++) {
        if (!kernel_choose(kernel_listed(i)))
            continue;
        float *one = run_head(head, false, 1, "linear"), *three = run_head(head, false, 3, "linear");
        expect_same(head, one, want);
        assert_memory_equal(one, three, head->n * (head->d_v + 2) * sizeof *one);
        free(one), free(three);
    }
    kernel_choose("best");
    free(want);
    head_free(head);
}

static void long_heads_are_those_of_the_plain_runner(void **state)
{
    static const size_t lengths[] = {4096, 4097, 4103, 4200};
    static const size_t odd[] = {1, 3, 16, 17, 33, 65};
    (void)state;
    for (int round = 0; round < 60; round++) {
        const size_t n = ONE_OF(lengths), few = ONE_OF(sizes);
        struct head head =
            random_attention_of(round % 2 ? n : few, round % 2 ? few : n, ONE_OF(widths), ONE_OF(widths));
        if (round % 3 == 0)
            head.offset = (int64_t)head.m - (int64_t)head.n;
        compare_on_each_kernel(&head);
    }
    for (int round = 0; round < 20; round++) {
        struct head head = recurrence_of(round % 2 ? RECURRENCE_LINEAR : RECURRENCE_GATED, ONE_OF(lengths),
                                         ONE_OF(odd), ONE_OF(odd), (enum decays)(round / 2 % DECAYS));
        compare_on_each_kernel(&head);
    }
    struct head wide = attention_of(4100, 4100, 130, 65);
    wide.rules.causal = true;
    compare_on_each_kernel(&wide);
}

/* What floats would lose: weights below the smallest float, sums above the largest, and states that fall and rise again. */
static void what_floats_do_not_carry_is_kept(void **state)
{
    (void)state;
    for (int round = 0; round < 6; round++) {
        struct head small = attention_of(30, 4100, 3, 4);
        const bool of_q = round % 3 == 0, of_k = round % 3 == 1;
        for (size_t i = 0; i < 30; i++)
            for (size_t c = 0; c < 3; c++)
                *at(&small.q, i, c) *= of_q ? 1e-30f : 1e-12f;
        for (size_t j = 0; j < 4100; j++)
            for (size_t c = 0; c < 3; c++)
                *at(&small.k, j, c) *= of_k ? 1e-30f : 1e-12f;
        small.rules.causal = round >= 3;
        small.offset = 4070;
        compare_on_each_kernel(&small);
    }
    for (int round = 0; round < 2; round++) {
        struct head large = attention_of(30, 4100, 3, 4);
        for (size_t j = 0; j < 4100; j++)
            for (size_t c = 0; c < 3; c++)
                *at(&large.k, j, c) *= round ? 1e36f : 3e5f;
        for (size_t i = 0; i < 30; i++)
            for (size_t c = 0; c < 3; c++)
                *at(&large.q, i, c) *= round ? 1e3f : 2e5f;
        compare_on_each_kernel(&large);
    }
    for (int round = 0; round < 2; round++) {
        struct head falls = recurrence_of(RECURRENCE_GATED, 4100, 2, 3, NO_DECAY);
        matrix_free(&falls.recurrent.decay);
        falls.recurrent.decay = matrix(4100, 1, 0, 0, 0);
        falls.recurrent.decay.column = 0;
        for (size_t t = 1; t < 27;
             t++) /* only the first key is written before, so that nothing grows too large */
            for (size_t c = 0; c < 2; c++)
                *at(&falls.k, t, c) = 0;
        for (size_t t = 1; t < 4; t++)
            *at(&falls.recurrent.decay, t, 0) = -60; /* what it wrote is lost to floats */
        for (size_t t = 24; t < 57 && round == 0; t += 16)
            *at(&falls.recurrent.decay, t, 0) = 60; /* and back, in a chunk each */
        compare_on_each_kernel(&falls);
    }
}

/* More rows than a segment, whose states are found by themselves, and keys that are no whole segments. */
static void segments_add_up(void **state)
{
    (void)state;
    for (int round = 0; round < 6; round++) {
        struct head head = attention_of(4500, 4300 + 130 * (size_t)round, 5, 3);
        head.rules.causal = round % 3 > 0;
        head.offset = round == 4 ? 321 : round == 5 ? -2100 : 0;
        head.rules.prefix = round == 2 ? 2500 : 0;
        compare(&head);
    }
    /* From here on there is enough to do for several threads. */
    struct head causal = attention_of(4500, 4200, 64, 9);
    causal.rules.causal = true;
    compare(&causal);
    for (int round = 0; round < 12; round++) {
        struct head head = recurrence_of(round % 2 ? RECURRENCE_LINEAR : RECURRENCE_GATED, 4321, 19, 23,
                                         (enum decays)(round / 2 % DECAYS));
        compare(&head);
    }
    for (int round = 0; round < 3; round++) {
        struct head head = recurrence_of(RECURRENCE_GATED_DELTA, 2100, 13, 67, (enum decays)round);
        compare(&head);
    }
}

/* Decays that underflow within a chunk, and rise again: the product of the factors alone would have lost the state. */
static void what_falls_may_rise_again(void **state)
{
    (void)state;
    for (size_t columns = 1; columns <= 2; columns++) {
        struct head head = recurrence_of(RECURRENCE_GATED, 12, 2, 2, MILD);
        matrix_free(&head.k); /* nothing is written: all output is of the first state */
        matrix_free(&head.recurrent.decay);
        matrix_free(&head.recurrent.state);
        head.k = matrix(12, 2, 0, 0, 0);
        head.recurrent.state = matrix(2, 2, 0, 1e28f, 2e28f);
        head.recurrent.decay = matrix(12, columns, 0, 0, 0);
        head.recurrent.decay.column = columns > 1;
        for (size_t t = 0; t < 12; t++)
            for (size_t c = 0; c < 2; c++) {
                *at(&head.recurrent.decay, t, c % columns) = t == 2 || t == 3   ? -380
                                                             : t == 6 || t == 7 ? 345
                                                                                : 0;
                *at(&head.q, t, c) *=
                    t < 4 ? 0 : 1; /* before it has fallen it would be too large to compare */
            }
        compare(&head);
    }
}

/* Masking selects: NaN and infinities reach the rows that may see them, and no others. */
static void what_is_not_finite_stays_where_it_is(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        const float bad = round % 3 == 0 ? NAN : round % 3 == 1 ? INFINITY : 3e38f;
        struct head head = round % 2 ? random_attention() : recurrence_of(RECURRENCE_DELTA, 65, 7, 3, MILD);
        const struct strided *grid = round % 5 == 0 ? &head.q : round % 5 < 3 ? &head.k : &head.v;
        const size_t rows = grid == &head.q ? head.n : head.m;
        *at(grid, random_bits() % rows, 0) = bad;
        compare(&head);
        struct head gated = recurrence_of(RECURRENCE_GATED, 40, 3, 2, MILD);
        *at(&gated.recurrent.decay, random_bits() % 40, 0) = round % 2 ? NAN : INFINITY;
        compare(&gated);
    }
}

/* Features that are 0, and those whose products float32 does not carry. */
static void sums_of_weights_may_be_small(void **state)
{
    (void)state;
    struct head head = attention_of(40, 40, 3, 4);
    for (size_t i = 0; i < 40; i++)
        for (size_t c = 0; c < 3; c++) {
            *at(&head.q, i, c) = i % 4 ? 1e-38f * (float)(i + c) : 0;
            *at(&head.k, i, c) = i % 3 ? 1e-38f * (float)(i + c + 1) : 0;
        }
    head.rules.causal = true;
    compare(&head);
}

/* Heads of different sizes at once, one of which has to be computed by the plain runner. */
static void runs_heads_together(void **state)
{
    (void)state;
    struct head heads[3] = {attention_of(300, 300, 9, 5), recurrence_of(RECURRENCE_DELTA, 130, 3, 40, MILD),
                            attention_of(5000, 70, 4, 4)};
    struct engine_job jobs[3];
    float *got[3], *want[3];
    struct error error = {0};
    *at(&heads[0].k, 299, 0) = NAN;
    heads[0].rules.causal = true;
    for (int h = 0; h < 3; h++) {
        want[h] = run_head(&heads[h], true, 1, NULL);
        got[h] = run_head(&heads[h], false, 1, "linear");
        for (size_t i = 0; i < heads[h].n * heads[h].d_v; i++)
            got[h][i / heads[h].d_v * (heads[h].d_v + 2) + i % heads[h].d_v] = 7;
        jobs[h] = (struct engine_job){.head = &heads[h], .output = got[h], .output_row = heads[h].d_v + 2};
    }
    assert_true(engine_run(jobs, 3, &(struct engine_options){.threads = 2}, &error));
    for (int h = 0; h < 3; h++) {
        expect_same(&heads[h], got[h], want[h]);
        free(got[h]), free(want[h]);
        head_free(&heads[h]);
    }
}

struct heard {
    bool whole; /* all was done once */
    size_t calls_after;
};

static void hear(void *context, size_t done, size_t total)
{
    struct heard *heard = context;
    heard->calls_after += heard->whole && done < total;
    heard->whole = heard->whole || done == total;
}

/* bug: a head that is computed anew, row by row, did so without a word of how far it was */
static void says_how_far_it_is_anew(void **state)
{
    (void)state;
    struct head head = attention_of(300, 300, 4, 4);
    float output[300 * 4];
    struct heard heard = {0};
    struct error error = {0};
    const struct engine_job job = {.head = &head, .output = output, .output_row = 4};
    const struct engine_options options = {.threads = 1, .progress = hear, .context = &heard};
    *at(&head.v, 299, 0) = NAN;
    assert_string_equal(engine_name(&job, 1, &options), "linear");
    assert_true(engine_run(&job, 1, &options, &error));
    assert_true(heard.whole && heard.calls_after > 0);
    head_free(&head);
}

/* Who wants more than the output, or a form that has no state, is served by others. */
static void leaves_the_rest_to_others(void **state)
{
    (void)state;
    const struct engine_options options = {0};
    struct row_measures measures[20];
    float output[20];
    struct head head = attention_of(20, 20, 1, 1);
    const struct engine_job alone = {.head = &head, .output = output, .output_row = 1};
    struct engine_job measured = alone;
    measured.measures = measures;
    assert_string_equal(engine_name(&alone, 1, &options), "linear");
    assert_string_equal(engine_name(&measured, 1, &options), kernel_name());
    const struct rules window = {.causal = true, .left = 3, .right = -1},
                       blocks = {.left = -1, .right = -1, .block = 4};
    const struct rules all = head.rules;
    head.rules = window;
    assert_string_equal(engine_name(&alone, 1, &options), kernel_name());
    head.rules = blocks;
    assert_string_equal(engine_name(&alone, 1, &options), kernel_name());
    head.rules = all;
    head.dropout = 0.5;
    assert_string_equal(engine_name(&alone, 1, &options), kernel_name());
    head_free(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_attention_is_that_of_the_plain_runner),
        cmocka_unit_test(recurrences_are_those_of_the_plain_runner),
        cmocka_unit_test(long_heads_are_those_of_the_plain_runner),
        cmocka_unit_test(what_floats_do_not_carry_is_kept),
        cmocka_unit_test(segments_add_up),
        cmocka_unit_test(what_falls_may_rise_again),
        cmocka_unit_test(what_is_not_finite_stays_where_it_is),
        cmocka_unit_test(sums_of_weights_may_be_small),
        cmocka_unit_test(runs_heads_together),
        cmocka_unit_test(says_how_far_it_is_anew),
        cmocka_unit_test(leaves_the_rest_to_others),
    };
    return cmocka_run_group_tests_name("linear", tests, NULL, NULL);
}
