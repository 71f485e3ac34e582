/* The float32 engine against the reference, over odd sizes, all rules, steps and numbers of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>
#include <math.h>

#include "attention/mask.h"
#include "attention/reference.h"
#include "engine/engine.h"
#include "engine/kernel.h"
#include "engine/runner.h"

#include "measures.h"

static uint64_t seed = 1;

static uint32_t random_bits(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

/* Even between -size and size. */
static float random_float(float size)
{
    return size * ((float)random_bits() / 1073741824.0f - 1);
}

static size_t one_of(const size_t *sizes, size_t count)
{
    return sizes[random_bits() % count];
}

/* Exactly `count` numbers of memory, so that a sanitizer sees one too far. */
static float *floats(size_t count, float size)
{
    float *data = malloc(count ? count * sizeof *data : 1);
    assert_non_null(data);
    for (size_t i = 0; i < count; i++)
        data[i] = random_float(size);
    return data;
}

/* A rows×columns matrix whose rows are `spare` further apart than they are long. The last one ends the
 * memory. */
static struct strided matrix(size_t rows, size_t columns, size_t spare, float size)
{
    size_t step = columns + spare;
    return (struct strided){
        .data = floats(rows ? (rows - 1) * step + columns : 0, size), .row = step, .column = 1};
}

static void set(struct strided grid, size_t i, size_t j, float value)
{
    ((float *)(uintptr_t)grid.data)[i * grid.row + j * grid.column] = value;
}

/* A grid over pairs where an axis may be 1. */
static struct strided pairs(size_t n, size_t m, float size)
{
    unsigned kind = random_bits() % 4;
    size_t rows = kind & 1 ? 1 : n, columns = kind & 2 ? 1 : m;
    return (struct strided){
        .data = floats(rows * columns, size), .row = rows == 1 ? 0 : columns, .column = columns == 1 ? 0 : 1};
}

static void head_free(struct head *head)
{
    free((void *)(uintptr_t)head->q.data);
    free((void *)(uintptr_t)head->k.data);
    free((void *)(uintptr_t)head->v.data);
    free((void *)(uintptr_t)head->rules.mask.data);
    free((void *)(uintptr_t)head->bias.data);
}

static size_t pairs_count(const struct strided *grid, size_t n, size_t m)
{
    return (grid->row ? n : 1) * (grid->column ? m : 1);
}

static struct head random_head(float size)
{
    static const size_t sizes[] = {1, 2, 3, 5, 15, 16, 17, 31, 64, 65, 130},
                        widths[] = {1, 2, 3, 7, 16, 17, 64, 65};
    struct head head = {.n = one_of(sizes, 11),
                        .m = one_of(sizes, 11),
                        .d_k = one_of(widths, 8),
                        .rules.left = -1,
                        .rules.right = -1};
    head.d_v = random_bits() % 5 ? one_of(widths, 8) : 0;
    head.scale = 1 / sqrt((double)head.d_k);
    head.q = matrix(head.n, head.d_k, random_bits() % 3, size);
    head.k = matrix(head.m, head.d_k, random_bits() % 3, size);
    if (head.d_v)
        head.v = matrix(head.m, head.d_v, random_bits() % 3, 1);
    if (random_bits() % 2) {
        head.rules.causal = true;
        head.offset =
            random_bits() % 2 ? (int64_t)head.m - (int64_t)head.n : (int64_t)(random_bits() % 7) - 3;
    }
    if (random_bits() % 4 == 0)
        head.rules.left = random_bits() % 5;
    if (random_bits() % 4 == 0)
        head.rules.right = random_bits() % 5;
    if (random_bits() % 4 == 0)
        head.softcap = 5;
    if (random_bits() % 2) {
        head.rules.mask = pairs(head.n, head.m, 1);
        head.rules.mask_true_blocks = random_bits() % 2;
        for (size_t i = 0; i < pairs_count(&head.rules.mask, head.n, head.m); i++)
            set((struct strided){head.rules.mask.data, 0, 1}, 0, i, random_bits() % 3 > 0);
    }
    if (random_bits() % 3 == 0) {
        head.bias = pairs(head.n, head.m, 2);
        for (size_t i = 0; i < pairs_count(&head.bias, head.n, head.m); i++)
            if (random_bits() % 4 == 0)
                set((struct strided){head.bias.data, 0, 1}, 0, i, -INFINITY);
    }
    return head;
}

/* What an engine gave for a head. */
struct got {
    size_t m;
    float *weights;       /* n×m */
    unsigned char *times; /* how often each row came */
    float *output;        /* n×(d_v + 2): two numbers behind each row that are not to be touched */
};

static void take(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    struct got *got = context;
    for (size_t r = 0; r < count; r++) {
        memcpy(got->weights + (first + r) * got->m, weights + r * stride, got->m * sizeof *weights);
        got->times[first + r]++;
    }
}

static struct got got_make(const struct head *head)
{
    struct got got = {.m = head->m,
                      .weights = floats(head->n * head->m, 1),
                      .times = calloc(head->n, 1),
                      .output = floats(head->n * (head->d_v + 2), 1)};
    assert_non_null(got.times);
    for (size_t i = 0; i < head->n; i++)
        got.output[i * (head->d_v + 2) + head->d_v] = got.output[i * (head->d_v + 2) + head->d_v + 1] = 42;
    return got;
}

static void got_free(struct got *got)
{
    free(got->weights);
    free(got->times);
    free(got->output);
}

static void run_heads(const struct head *heads, struct got *got, size_t count, int threads)
{
    struct engine_job jobs[8];
    struct error error = {0};
    assert_true(count <= 8);
    for (size_t h = 0; h < count; h++) {
        got[h] = got_make(&heads[h]);
        jobs[h] = (struct engine_job){.head = &heads[h],
                                      .output = heads[h].d_v ? got[h].output : NULL,
                                      .output_row = heads[h].d_v + 2,
                                      .receiver = {.receive = take, .context = &got[h]}};
    }
    const struct engine_options options = {.threads = threads};
    if (!engine_run(jobs, count, &options, &error))
        fail_msg("%s", error.message);
}

static bool differ(float got, double want, double tolerance)
{
    return isnan(got) != isnan(want) || (!isnan(want) && fabs((double)got - want) > tolerance);
}

/* Holds what came against the reference. Rows with scores beyond 20 only have to be sound. */
static void check(const struct head *head, const struct got *got)
{
    double *want = malloc(head->m * sizeof *want), *output = malloc((head->d_v + 1) * sizeof *output);
    struct reference_room room = {.row = want, .keys = malloc(head->m * sizeof *room.keys)};
    assert_true(want && output && room.keys);
    for (size_t i = 0; i < head->n; i++) {
        const float *row = got->weights + i * head->m, *out = got->output + i * (head->d_v + 2);
        assert_int_equal(got->times[i], 1);
        assert_true(out[head->d_v] == 42 && out[head->d_v + 1] == 42);
        double largest = 0;
        reference_row(head, i, STAGE_MASKED, &room);
        for (size_t j = 0; j < head->m; j++)
            if (mask_allows(head, i, j) && fabs(want[j]) > largest)
                largest = fabs(want[j]);
        double tolerance = largest <= 20 ? 2e-6 : 2e-7 * largest;
        reference_row(head, i, STAGE_WEIGHTS, &room);
        reference_output(head, &room, output);
        for (size_t j = 0; j < head->m; j++) {
            if (differ(row[j], want[j], tolerance))
                fail_msg("%zu×%zu, d_k %zu: weight [%zu, %zu] is %.9g, not %.9g", head->n, head->m, head->d_k,
                         i, j, (double)row[j], want[j]);
            if (!mask_allows(head, i, j) && !isnan(want[j]))
                assert_true(row[j] == 0);
        }
        for (size_t c = 0; c < head->d_v; c++)
            if (!isinf(output[c]) && differ(out[c], output[c], tolerance))
                fail_msg("%zu×%zu, d_v %zu: output [%zu, %zu] is %.9g, not %.9g", head->n, head->m, head->d_v,
                         i, c, (double)out[c], output[c]);
    }
    free(want);
    free(output);
    free(room.keys);
}

static void agrees_with_the_reference(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct head head = random_head(round % 3 == 0 ? 0.3f : 2);
        struct got got;
        run_heads(&head, &got, 1, 1 + round % 3);
        check(&head, &got);
        got_free(&got);
        head_free(&head);
    }
}

/* All that comes of a job but its rows of weights. */
struct results {
    float output[130 * 65], cells[65 * 65];
    struct row_measures measures[130];
    struct row_key top[130 * 3];
};

static void all_results(struct results *results, const struct head *head, bool plain, bool mean)
{
    const struct engine_options options = {.plain = plain, .threads = 2};
    struct error error = {0};
    const struct engine_job job = {.head = head,
                                   .output = head->d_v ? results->output : NULL,
                                   .output_row = head->d_v,
                                   .measures = results->measures,
                                   .top = results->top,
                                   .top_count = 3,
                                   .pool = {.cells = results->cells, .rows = 2, .keys = 2, .mean = mean}};
    memset(results, 0, sizeof *results);
    if (!engine_run(&job, 1, &options, &error))
        fail_msg("%s", error.message);
}

/* A sink joins the sum of a row, also where it is far above or below all scores. */
static void a_sink_is_that_of_the_reference(void **state)
{
    (void)state;
    static const double sinks[] = {0, -3, 5, 19, -60, 200, 1e6, -1e6, -INFINITY};
    static struct results fast, plain;
    for (int round = 0; round < 270; round++) {
        struct head head = random_head(round % 3 == 0 ? 0.3f : 1);
        struct got got;
        const struct engine_job job = {.head = &head};
        head.has_sink = true;
        head.sink = sinks[round % 9];
        assert_string_equal(engine_name(&job, 1, &(struct engine_options){0}), kernel_name());
        run_heads(&head, &got, 1, 1 + round % 3);
        check(&head, &got);
        all_results(&fast, &head, false, round % 2);
        all_results(&plain, &head, true, round % 2);
        for (size_t i = 0; i < head.n * head.d_v; i++)
            assert_false(differ(fast.output[i], (double)plain.output[i], 2e-6));
        for (size_t c = 0; c < (head.n + 1) / 2 * ((head.m + 1) / 2); c++)
            assert_false(differ(fast.cells[c], (double)plain.cells[c], 2e-6));
        for (size_t i = 0; i < head.n; i++) {
            const struct row_measures *a = &fast.measures[i], *b = &plain.measures[i];
            assert_false(differ(a->entropy, (double)b->entropy, 2e-5));
            assert_false(differ(a->distance, (double)b->distance, 2e-5 * fmax(1, fabs((double)b->distance))));
            assert_false(differ(a->first, (double)b->first, 2e-6) || differ(a->max, (double)b->max, 2e-6));
            assert_true(isnan(a->entropy) || a->entropy >= 0);
            assert_true((a->argmax == SIZE_MAX) == (b->argmax == SIZE_MAX));
            assert_true(a->argmax == SIZE_MAX || mask_allows(&head, i, a->argmax));
            for (size_t t = 0; t < 3; t++)
                assert_false(differ(fast.top[i * 3 + t].weight, (double)plain.top[i * 3 + t].weight, 2e-6));
        }
        got_free(&got);
        head_free(&head);
    }
}

static void runs_heads_of_different_shapes_together(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct head heads[8];
        struct got got[8];
        for (size_t h = 0; h < 8; h++)
            heads[h] = random_head(1);
        run_heads(heads, got, 8, 2);
        for (size_t h = 0; h < 8; h++) {
            check(&heads[h], &got[h]);
            got_free(&got[h]);
            head_free(&heads[h]);
        }
    }
}

static void gives_the_same_bits_for_any_threads(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        struct head head = {
            .n = 201, .m = 305, .d_k = 33, .d_v = 19, .scale = 0.2, .rules.left = -1, .rules.right = -1};
        struct got first, again;
        head.rules.causal = round & 1;
        head.offset = 104;
        head.q = matrix(head.n, head.d_k, 1, 1);
        head.k = matrix(head.m, head.d_k, 0, 1);
        head.v = matrix(head.m, head.d_v, 2, 1);
        run_heads(&head, &first, 1, 1);
        check(&head, &first);
        for (int threads = 0; threads <= 7; threads += 1 + threads / 2) {
            run_heads(&head, &again, 1, threads);
            assert_memory_equal(first.weights, again.weights, head.n * head.m * sizeof(float));
            assert_memory_equal(first.output, again.output, head.n * (head.d_v + 2) * sizeof(float));
            got_free(&again);
        }
        got_free(&first);
        head_free(&head);
    }
}

static void stays_sound_with_large_scores(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        struct head head = random_head(round % 2 ? 60 : 1e6f);
        struct got got;
        run_heads(&head, &got, 1, 1);
        for (size_t i = 0; i < head.n; i++) {
            double sum = 0;
            bool sees = false;
            for (size_t j = 0; j < head.m; j++) {
                float weight = got.weights[i * head.m + j];
                assert_true(weight >= 0 && weight <= 1);
                sum += (double)weight;
                sees = sees || mask_allows(&head, i, j);
            }
            assert_true(fabs(sum - sees) < 1e-5);
        }
        got_free(&got);
        head_free(&head);
    }
}

/* NaN and infinity where nobody may look do no harm; who sees them becomes NaN as a whole. */
static void masking_selects(void **state)
{
    (void)state;
    static const float poisons[] = {NAN, INFINITY, -INFINITY};
    static const size_t sizes[] = {1, 2, 5, 17, 33, 65};
    for (int round = 0; round < 60; round++) {
        size_t n = one_of(sizes, 6), m = one_of(sizes, 6) + 1, bad = random_bits() % m;
        struct head head = {
            .n = n, .m = m, .d_k = 5, .d_v = 18, .scale = 1, .rules.left = -1, .rules.right = -1};
        struct got got;
        head.q = matrix(n, 5, 0, 1);
        head.k = matrix(m, 5, 0, 1);
        head.v = matrix(m, 18, 0, 1);
        struct strided closed = {.data = floats(n * m, 1), .row = m, .column = 1};
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < m; j++)
                set(closed, i, j, j == bad && i % 2 == 0 ? (round % 2 ? -INFINITY : 0) : 1);
        *(round % 2 ? &head.bias : &head.rules.mask) = closed;
        set(head.k, bad, 2, poisons[round % 3]);
        set(head.v, bad, 7, NAN);
        run_heads(&head, &got, 1, 1);
        check(&head, &got);
        for (size_t i = 0; i < n; i += 2)
            for (size_t c = 0; c < 18; c++)
                assert_true(isfinite(got.output[i * 20 + c]));
        got_free(&got);
        head_free(&head);
    }
}

static void a_row_that_sees_nothing_is_0(void **state)
{
    (void)state;
    struct head head = {.n = 40,
                        .m = 37,
                        .d_k = 3,
                        .d_v = 5,
                        .scale = 1,
                        .rules.causal = true,
                        .offset = -20,
                        .rules.left = -1,
                        .rules.right = -1};
    struct got got;
    head.q = matrix(40, 3, 0, 1);
    head.k = matrix(37, 3, 0, 1);
    head.v = matrix(37, 5, 0, 1);
    set(head.q, 3, 1, NAN);
    run_heads(&head, &got, 1, 1);
    check(&head, &got);
    for (size_t i = 0; i < 20; i++) {
        for (size_t j = 0; j < 37; j++)
            assert_true(got.weights[i * 37 + j] == 0);
        for (size_t c = 0; c < 5; c++)
            assert_true(got.output[i * 7 + c] == 0);
    }
    assert_true(got.weights[20 * 37] == 1);
    got_free(&got);
    head_free(&head);
}

/* Neither output nor receiver need be wanted. */
static void gives_only_what_is_wanted(void **state)
{
    (void)state;
    struct head head = {
        .n = 33, .m = 35, .d_k = 4, .d_v = 6, .scale = 0.5, .rules.left = -1, .rules.right = -1};
    struct error error = {0};
    const struct engine_options options = {.threads = 1};
    struct got both, one;
    head.q = matrix(33, 4, 0, 1);
    head.k = matrix(35, 4, 0, 1);
    head.v = matrix(35, 6, 0, 1);
    run_heads(&head, &both, 1, 1);
    one = got_make(&head);
    struct engine_job job = {.head = &head, .output = one.output, .output_row = 8};
    assert_true(engine_run(&job, 1, &options, &error));
    assert_memory_equal(one.output, both.output, 33 * 8 * sizeof(float));
    job = (struct engine_job){.head = &head, .receiver = {.receive = take, .context = &one}};
    assert_true(engine_run(&job, 1, &options, &error));
    assert_memory_equal(one.weights, both.weights, 33 * 35 * sizeof(float));
    assert_true(engine_run(NULL, 0, &options, &error));
    got_free(&one);
    got_free(&both);
    head_free(&head);
}

static void projects(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 17, 64, 65, 150};
    for (int round = 0; round < 60; round++) {
        size_t rows = one_of(sizes, 7), inner = one_of(sizes, 7), columns = one_of(sizes, 7);
        bool has_w = round % 4 != 0, has_b = round % 3 != 0;
        columns = has_w ? columns : inner;
        struct strided x = matrix(rows, inner, round % 2, 1);
        float *w = has_w ? floats(inner * columns, 1) : NULL, *b = has_b ? floats(columns, 1) : NULL;
        float *y = floats(rows * columns, 1), *again = floats(rows * columns, 1);
        struct error error = {0};
        assert_true(engine_project(x.data, x.row, w, b, rows, inner, columns, y, 1, &error));
        assert_true(engine_project(x.data, x.row, w, b, rows, inner, columns, again, 3, &error));
        assert_memory_equal(y, again, rows * columns * sizeof *y);
        for (size_t i = 0; i < rows; i++) {
            for (size_t c = 0; c < columns; c++) {
                double want = has_b ? (double)b[c] : 0, size = fabs(want);
                for (size_t k = 0; k < inner; k++) {
                    double factor = has_w ? (double)w[k * columns + c] : k == c;
                    want += (double)x.data[i * x.row + k] * factor;
                    size += fabs((double)x.data[i * x.row + k] * factor);
                }
                /* The bound of a float32 sum of so many products (Higham 2002, section 3.1). */
                if (differ(y[i * columns + c], want, (double)(inner + 2) * 6e-8 * size))
                    fail_msg("%zu×%zu×%zu: y[%zu, %zu] is %.9g, not %.9g", rows, inner, columns, i, c,
                             (double)y[i * columns + c], want);
            }
        }
        free((void *)(uintptr_t)x.data);
        free(w);
        free(b);
        free(y);
        free(again);
    }
}

/* Who computes: by the forms of attention, by the wish for plain, and never one that only cuts. */
/* What was heard of a run's progress. */
struct heard {
    size_t calls, done, total;
    double first; /* the share that was done by the first call */
};

static void hear(void *context, size_t done, size_t total)
{
    struct heard *heard = context;
    assert_true(done > heard->done && done <= total);
    assert_true(heard->calls == 0 || total == heard->total);
    if (heard->calls++ == 0)
        heard->first = (double)done / (double)total;
    heard->done = done;
    heard->total = total;
}

/* In all runners, pooled or not: as a share of the pairs, because the last rows of causal heads come first and reach the
 * most keys. */
static void says_how_far_it_is(void **state)
{
    (void)state;
    enum { N = 640, D = 2 };
    float *cells = floats((size_t)N * N, 0);
    struct head heads[2];
    struct engine_job jobs[2];
    for (int h = 0; h < 2; h++)
        heads[h] = (struct head){.n = N,
                                 .m = N,
                                 .d_k = D,
                                 .scale = 1,
                                 .q = matrix(N, D, 0, 1),
                                 .k = matrix(N, D, 0, 1),
                                 .rules = {.causal = true, .left = -1, .right = -1}};
    for (int kind = 0; kind < 8; kind++) {
        const bool plain = kind & 1, pooled = kind & 2, dilated = kind & 4;
        for (int h = 0; h < 2; h++) {
            heads[h].rules.dilation = dilated ? 2 : 0;
            jobs[h] = (struct engine_job){.head = &heads[h]};
            if (pooled)
                jobs[h].pool = (struct pooling){.cells = cells, .rows = N, .keys = N};
        }
        struct heard heard = {0};
        struct error error = {0};
        const struct engine_options options = {
            .plain = plain, .threads = 1, .progress = hear, .context = &heard};
        assert_true(engine_run(jobs, 2, &options, &error));
        assert_true(heard.calls >= 2 * N / 64);
        assert_int_equal(heard.done, heard.total);
        /* 64 rows of 1280 in 64 lanes, or 4: of a causal head they are nearly twice that share of the pairs. */
        const double rows = (plain ? 4 : 64) / 1280.0;
        if (!dilated && !pooled)
            assert_true(heard.first > 1.8 * rows && heard.first < 2 * rows);
    }
    for (int h = 0; h < 2; h++)
        head_free(&heads[h]);
    free(cells);
}

static void names_what_computes(void **state)
{
    (void)state;
    const struct head fast = {.n = 9, .m = 9, .scale = 1, .rules.left = -1, .rules.right = -1};
    struct head dilated = fast, filled = fast;
    dilated.rules.dilation = 3;
    filled.has_fill = true;
    const struct engine_options as_can_be = {0}, plain = {.plain = true};
    /* One row of millions of columns: blocks of 64 rows would take many times the memory of q and k. */
    struct head wide = fast, narrow, tall;
    wide.n = 1, wide.m = 2, wide.d_k = 5000000;
    narrow = tall = wide;
    narrow.d_k = 100000;
    tall.n = 70;
    const struct engine_job jobs[] = {{.head = &fast}, {.head = &dilated}, {.head = &filled}};
    const struct engine_job wides[] = {{.head = &wide}, {.head = &tall}, {.head = &narrow}};
    assert_string_equal(engine_name(jobs, 1, &as_can_be), kernel_name());
    assert_string_equal(engine_name(jobs + 1, 1, &as_can_be), kernel_name());
    assert_string_equal(engine_name(jobs, 2, &as_can_be), kernel_name());
    assert_string_equal(engine_name(jobs + 2, 1, &as_can_be), "plain");
    assert_string_equal(engine_name(jobs, 3, &as_can_be), "plain");
    assert_string_equal(engine_name(jobs, 1, &plain), "plain");
    assert_string_equal(engine_name(jobs + 1, 1, &plain), "plain");
    assert_string_equal(engine_name(wides, 1, &as_can_be), "plain");
    assert_string_equal(engine_name(wides, 2, &as_can_be), kernel_name());
    assert_string_equal(engine_name(wides + 1, 1, &as_can_be), kernel_name());
    assert_string_equal(engine_name(wides + 2, 1, &as_can_be), kernel_name());
}

/* bug: a weight of 2 after dropout gave a negative entropy */
static void weights_after_dropout_have_no_entropy(void **state)
{
    (void)state;
    enum { N = 20, M = 9 };
    struct head head = {.n = N,
                        .m = M,
                        .d_k = 3,
                        .scale = 2,
                        .q = matrix(N, 3, 0, 2),
                        .k = matrix(M, 3, 0, 2),
                        .rules = {.causal = true, .left = -1, .right = -1}};
    struct error error = {0};
    struct got before = got_make(&head), after = got_make(&head);
    struct row_measures measures[2][N];
    const struct engine_options options = {.plain = true, .threads = 1};
    struct engine_job job = {
        .head = &head, .receiver = {.receive = take, .context = &before}, .measures = measures[0]};
    assert_true(engine_run(&job, 1, &options, &error));
    head.dropout = 0.5;
    job.receiver.context = &after;
    job.measures = measures[1];
    assert_true(engine_run(&job, 1, &options, &error));
    for (size_t i = 0; i < N; i++) {
        assert_true(measures[0][i].entropy >= 0 && measures[0][i].distance >= 0);
        assert_true(isnan(measures[1][i].entropy) && isnan(measures[1][i].distance));
        assert_true(measures[1][i].first == after.weights[i * M] && measures[1][i].argmax != SIZE_MAX);
    }
    const struct measures summed = measures_head(measures[1], N);
    assert_int_equal(summed.rows, N);
    assert_int_equal(summed.nan_rows, 0);
    size_t dropped = 0;
    for (size_t w = 0; w < N * M; w++) {
        assert_true(after.weights[w] == 0 ||
                    differ(after.weights[w], 2 * (double)before.weights[w], 1e-6) == 0);
        dropped += after.weights[w] == 0 && before.weights[w] > 0;
    }
    assert_true(dropped > 20);
    got_free(&before);
    got_free(&after);
    head_free(&head);
}

static bool two_parts_fit(const struct engine_job *jobs, size_t count, const struct engine_options *options)
{
    (void)jobs;
    (void)options;
    return count == 1;
}

/* A runner that cuts the one job at row 17, whose parts are two jobs. */
static bool two_parts_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                          const struct runner *const *next, struct error *error)
{
    const size_t cut = 17;
    const struct head heads[] = {head_part(jobs->head, 0, cut),
                                 head_part(jobs->head, cut, jobs->head->n - cut)};
    struct engine_job parts[] = {*jobs, *jobs};
    assert_int_equal(count, 1);
    parts[0].head = &heads[0];
    parts[1].head = &heads[1];
    parts[1].output += cut * jobs->output_row;
    parts[1].measures += cut;
    return runner_run(next, parts, 2, options, error);
}

/* A runner that cuts jobs stands in the chain and passes the parts on; the results are the same bits. */
static void cuts_jobs_in_the_chain(void **state)
{
    (void)state;
    static const struct runner two_parts = {.fits = two_parts_fit, .run = two_parts_run};
    static const struct runner *const chain[] = {&two_parts, &runner_dilated, &runner_fast, &runner_plain};
    enum { N = 70, M = 140, D = 5 };
    struct head head = {.n = N,
                        .m = M,
                        .d_k = D,
                        .d_v = D,
                        .scale = 0.5,
                        .q = matrix(N, D, 0, 2),
                        .k = matrix(M, D, 0, 2),
                        .v = matrix(M, D, 0, 1),
                        .rules = {.causal = true, .left = 60, .right = -1}};
    struct error error = {0};
    static const float blocks[4 * 7] = {1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0,
                                        0, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1};
    for (int kind = 0; kind < 5; kind++) {
        head.rules.dilation = kind % 2 ? 3 : 0;
        head.rules.block = kind == 4 ? 20 : 0;
        head.rules.block_mask = (struct strided){kind == 4 ? blocks : NULL, 7, 1};
        head.has_sink = kind == 3;
        head.dropout = kind == 2 || kind == 3 ? 0.25 : 0;
        const struct engine_options options = {.threads = 2};
        float whole[N * D], cut[N * D];
        struct row_measures whole_rows[N], cut_rows[N];
        struct engine_job job = {.head = &head, .output = whole, .output_row = D, .measures = whole_rows};
        assert_true(engine_run(&job, 1, &options, &error));
        job.output = cut;
        job.measures = cut_rows;
        assert_true(runner_run(chain, &job, 1, &options, &error));
        assert_memory_equal(cut, whole, sizeof whole);
        assert_same_measures(cut_rows, whole_rows, N);
        assert_string_equal(runner_name(chain, &job, 1, &options), engine_name(&job, 1, &options));
    }
    head_free(&head);
}

/* The bits of a set of rules, for rules_set. */
enum {
    WITH_CAUSAL = 1,
    WITH_LEFT = 2,
    WITH_RIGHT = 4,
    WITH_PREFIX = 8,
    WITH_PADDING = 16,
    WITH_SEGMENTS = 32,
    WITH_KEY_MASK = 64,
    WITH_MASK = 128,
    WITH_TRUE_BLOCKS = 256,
    WITH_BLOCK = 512,
    WITH_BLOCK_MASK = 1024,
    WITH_GLOBAL = 2048,
    ALL_SETS = 4096
};

enum { RULES_N = 23, RULES_M = 31 };

/* What rules point to. */
struct rules_data {
    float mask[RULES_N * RULES_M], key_mask[RULES_M], blocks[16 * 16];
    int32_t query_segment[RULES_N], key_segment[RULES_M];
    uint8_t query_global[RULES_N], key_global[RULES_M];
};

static void rules_data_make(struct rules_data *data)
{
    for (size_t i = 0; i < RULES_N * RULES_M; i++)
        data->mask[i] = random_bits() % 3 > 0;
    for (size_t i = 0; i < 16 * 16; i++)
        data->blocks[i] = random_bits() % 2;
    for (size_t j = 0; j < RULES_M; j++) {
        data->key_mask[j] = random_bits() % 4 > 0;
        data->key_segment[j] = (int32_t)j / 11;
        data->key_global[j] = random_bits() % 9 == 0;
    }
    for (size_t i = 0; i < RULES_N; i++) {
        data->query_segment[i] = (int32_t)i / 9;
        data->query_global[i] = random_bits() % 9 == 0;
    }
}

static struct rules rules_set(const struct rules_data *data, unsigned set, size_t dilation)
{
    struct rules rules = {.causal = set & WITH_CAUSAL,
                          .left = set & WITH_LEFT ? 13 : -1,
                          .right = set & WITH_RIGHT ? 10 : -1,
                          .prefix = set & WITH_PREFIX ? 8 : 0,
                          .is_padded = set & WITH_PADDING,
                          .key_length = set & WITH_PADDING ? 26 : 0,
                          .dilation = dilation,
                          .block = set & (WITH_BLOCK | WITH_BLOCK_MASK) ? 7 : 0,
                          .mask_true_blocks = set & WITH_TRUE_BLOCKS};
    if (set & WITH_SEGMENTS) {
        rules.query_segment = data->query_segment;
        rules.key_segment = data->key_segment;
    }
    if (set & WITH_GLOBAL) {
        rules.query_global = data->query_global;
        rules.key_global = data->key_global;
    }
    if (set & WITH_KEY_MASK)
        rules.key_mask = (struct strided){data->key_mask, 0, 1};
    if (set & WITH_MASK)
        rules.mask = (struct strided){data->mask, RULES_M, 1};
    if (set & WITH_BLOCK_MASK)
        rules.block_mask = (struct strided){data->blocks, 16, 1};
    return rules;
}

/* That the weights of a chain of runners are those of the reference, and 0 at the same keys. */
static void expect_reference(const struct head *head, const struct runner *const *chain)
{
    struct got got = got_make(head);
    const struct engine_job job = {.head = head, .receiver = {.receive = take, .context = &got}};
    const struct engine_options options = {.threads = 1};
    struct error error = {0};
    double row[RULES_M];
    size_t keys[RULES_M];
    assert_true(runner_run(chain, &job, 1, &options, &error));
    for (size_t i = 0; i < head->n; i++) {
        struct reference_room room = {.row = row, .keys = keys};
        reference_row(head, i, STAGE_WEIGHTS, &room);
        for (size_t j = 0; j < head->m; j++) {
            const double weight = (double)got.weights[i * head->m + j];
            assert_true(fabs(weight - row[j]) < 1e-5);
            assert_int_equal(weight > 0, mask_allows(head, i, j));
        }
    }
    got_free(&got);
}

/* That linear attention, of which the output alone is wanted, is that of the plain runner, by whichever runner. */
static void expect_linear_output(const struct head *softmax, const struct strided *features)
{
    static float output[2][RULES_N * 3];
    struct head head = *softmax;
    struct error error = {0};
    head.normalizer = NORMALIZER_LINEAR;
    head.q = features[0];
    head.k = features[1];
    head.v = softmax->k;
    head.d_v = 3;
    for (int plain = 0; plain < 2; plain++) {
        const struct engine_job job = {.head = &head, .output = output[plain], .output_row = 3};
        const struct engine_options options = {.plain = plain, .threads = 1};
        assert_true(engine_run(&job, 1, &options, &error));
    }
    for (size_t i = 0; i < head.n * 3; i++)
        assert_true(fabs((double)output[0][i] - (double)output[1][i]) < 2e-6);
}

/* That ranges of which mask_is_open says that every pair is allowed are so, within the reach of their queries. Returns how
 * many it says it of. */
static size_t expect_all_allowed(const struct head *head)
{
    size_t found = 0;
    for (size_t first = 0; first < head->n; first += 3)
        for (size_t rows = 1; rows <= 9 && first + rows <= head->n; rows += 4)
            for (size_t from = 0; from < head->m; from++)
                for (size_t keys = 1; keys <= 7 && from + keys <= head->m; keys += 3) {
                    if (!mask_is_open(head, first, first + rows, from, from + keys))
                        continue;
                    found++;
                    for (size_t i = first; i < first + rows; i++) {
                        size_t begin, end;
                        mask_reach(head, i, &begin, &end);
                        for (size_t j = from; j < from + keys; j++)
                            assert_true(j < begin || j >= end || mask_allows(head, i, j));
                    }
                }
    return found;
}

/* Every set of rules, alone and together: a rule that a runner forgets gives other weights. */
static void every_set_of_rules_agrees_in_all_runners(void **state)
{
    (void)state;
    static const struct runner *const dilated[] = {&runner_dilated, &runner_fast, &runner_plain},
                                      *const fast[] = {&runner_fast, &runner_plain},
                                      *const plain[] = {&runner_plain};
    struct head head = {.n = RULES_N,
                        .m = RULES_M,
                        .d_k = 3,
                        .scale = 0.5,
                        .q = matrix(RULES_N, 3, 0, 2),
                        .k = matrix(RULES_M, 3, 0, 2)};
    const struct strided features[] = {matrix(RULES_N, 3, 0, 2), matrix(RULES_M, 3, 0, 2)};
    struct rules_data data;
    rules_data_make(&data);
    for (int which = 0; which < 2; which++)
        for (size_t i = 0; i < (which ? RULES_M : RULES_N) * 3; i++)
            set((struct strided){features[which].data, 0, 1}, 0, i, fabsf(features[which].data[i]));
    for (unsigned set = 0; set < ALL_SETS; set++) {
        head.offset = (int64_t)(set % 5) * 4 - 6;
        head.rules = rules_set(&data, set, set % 3 == 0 ? 0 : set % 3 + 1);
        const size_t all = expect_all_allowed(&head);
        if (!(set & (WITH_MASK | WITH_BLOCK_MASK | WITH_KEY_MASK | WITH_SEGMENTS)) && set % 3 == 0)
            assert_true(all > 0);
        expect_reference(&head, dilated);
        expect_reference(&head, fast);
        expect_reference(&head, plain);
        expect_linear_output(&head, features);
    }
    free((void *)(uintptr_t)features[0].data);
    free((void *)(uintptr_t)features[1].data);
    head.rules = (struct rules){.left = -1, .right = -1};
    head_free(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_reference),
        cmocka_unit_test(a_sink_is_that_of_the_reference),
        cmocka_unit_test(runs_heads_of_different_shapes_together),
        cmocka_unit_test(gives_the_same_bits_for_any_threads),
        cmocka_unit_test(stays_sound_with_large_scores),
        cmocka_unit_test(masking_selects),
        cmocka_unit_test(a_row_that_sees_nothing_is_0),
        cmocka_unit_test(gives_only_what_is_wanted),
        cmocka_unit_test(projects),
        cmocka_unit_test(says_how_far_it_is),
        cmocka_unit_test(names_what_computes),
        cmocka_unit_test(cuts_jobs_in_the_chain),
        cmocka_unit_test(every_set_of_rules_agrees_in_all_runners),
        cmocka_unit_test(weights_after_dropout_have_no_entropy),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
