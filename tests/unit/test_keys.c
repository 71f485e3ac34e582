/* Few queries over many keys, which are cut into segments, against the plain runner: all results, over all rules. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attention/mask.h"
#include "engine/engine.h"
#include "engine/runner.h"

#include "measures.h"

enum { N = 64, M = 20000, D = 8, TOP = 5, SEGMENT = 8192 };

static uint32_t seed = 1;

static uint32_t dice(uint32_t sides)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * sides) >> 32);
}

static float noise(void)
{
    return (float)((double)dice(1u << 24) / (1 << 23) - 1);
}

/* What a head points to. */
static struct {
    float q[N * D], k[M * D], v[M * D], mask[N * M], bias[N * M], key_mask[M], distance[N + M + HEAD_SPARE];
    float blocks[32 * 32], query_scale[N];
    uint8_t query_global[N], key_global[M];
    int32_t query_segment[N], key_segment[M];
} data;

/* All that comes of a job. */
struct results {
    float output[N * (D + 1)], weights[N * M], cells[N * M];
    struct row_measures measures[N];
    struct row_key top[N * TOP];
    size_t m, times[N]; /* times: that each row was received */
};

static struct results cut, cut_again, plain;

static void numbers(float *to, size_t count, float size)
{
    for (size_t i = 0; i < count; i++)
        to[i] = size * noise();
}

static void data_make(float size)
{
    numbers(data.q, sizeof data.q / sizeof *data.q, size);
    numbers(data.k, sizeof data.k / sizeof *data.k, size);
    numbers(data.v, sizeof data.v / sizeof *data.v, 1);
    for (size_t i = 0; i < 32 * 32; i++)
        data.blocks[i] = (float)dice(2);
    for (size_t i = 0; i < N; i++) {
        data.query_scale[i] = 1.5f + noise();
        data.query_global[i] = dice(5) == 0;
        data.query_segment[i] = (int32_t)dice(3);
    }
    for (size_t j = 0; j < M; j++) {
        data.key_mask[j] = dice(4) > 0;
        data.key_global[j] = dice(3000) == 0;
        data.key_segment[j] = (int32_t)(j / 6001);
    }
}

/* Rules of pairs: causal at the end, windows, padding, segments, masks, alone and together. */
static void set_rules(struct head *head, unsigned which)
{
    struct rules *rules = &head->rules;
    rules->causal = which % 2;
    head->offset = which % 4 < 3 ? (int64_t)head->m - (int64_t)head->n : (int64_t)dice((uint32_t)head->m);
    rules->prefix = which % 14 == 1 ? dice((uint32_t)head->m) : 0;
    rules->left = which % 5 == 2 ? (int64_t)dice(which % 2 ? 300 : 15000) : -1;
    rules->right = which % 5 == 4 ? (int64_t)dice(3000) : -1;
    rules->is_padded = which % 6 == 3;
    rules->key_length = dice((uint32_t)head->m + 1);
    rules->dilation = which % 11 == 4 ? 1 + dice(4) : 0;
    rules->block = which % 9 == 5 ? 700 + dice(900) : 0;
    if (which % 18 == 5)
        rules->block_mask = (struct strided){data.blocks, 32, 1};
    if (which % 8 == 6) {
        rules->query_global = data.query_global;
        rules->key_global = data.key_global;
    }
    if (which % 7 == 3) {
        rules->query_segment = data.query_segment;
        rules->key_segment = data.key_segment;
    }
    if (which % 10 == 7)
        rules->key_mask = (struct strided){data.key_mask, 0, 1};
    if (which % 7 == 5) {
        for (size_t i = 0; i < head->n * head->m; i++)
            data.mask[i] = dice(3) > 0;
        rules->mask = (struct strided){data.mask, head->m, 1};
        rules->mask_true_blocks = which % 2;
    }
}

static struct head random_head(unsigned which)
{
    struct head head = {.n = 1 + dice(which % 3         ? 3
                                      : which % 24 == 9 ? N
                                                        : 16),
                        .m = 16384 + dice(M - 16384 + 1),
                        .d_k = 1 + dice(D),
                        .d_v = 1 + dice(D),
                        .scale = 1 + dice(3),
                        .q = {data.q, D, 1},
                        .k = {data.k, D, 1},
                        .v = {data.v, D, 1},
                        .softcap = which % 5 == 1 ? 4 : 0,
                        .by_distance = which % 13 == 6,
                        .query_scale = which % 6 == 4 ? data.query_scale : NULL,
                        .has_sink = which % 4 == 1,
                        .sink = (double[]){0, 9, -INFINITY, 1e6, -40}[which / 4 % 5]};
    set_rules(&head, which);
    if (which % 9 == 7) {
        for (size_t i = 0; i < head.n * head.m; i++)
            data.bias[i] = dice(4) == 0 ? -INFINITY : 2 * noise();
        head.bias = (struct strided){data.bias, head.m, 1};
    }
    if (which % 12 == 8) {
        numbers(data.distance, head.n + head.m - 1, 3);
        head.distance = data.distance;
        head.distance_first = head.offset - (int64_t)head.m + 1;
    }
    return head;
}

static void take(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    struct results *results = context;
    for (size_t r = 0; r < count; r++) {
        memcpy(results->weights + (first + r) * results->m, weights + r * stride,
               results->m * sizeof *weights);
        results->times[first + r]++;
    }
}

static struct engine_job job_of(const struct head *head, struct results *results, struct pooling pool)
{
    memset(results, 0x55, sizeof *results);
    memset(results->times, 0, sizeof results->times);
    results->m = head->m;
    pool.cells = pool.rows > 0 ? results->cells : NULL;
    return (struct engine_job){.head = head,
                               .output = results->output,
                               .output_row = head->d_v + 1,
                               .receiver = {.receive = take, .context = results},
                               .measures = results->measures,
                               .wants_scores = true,
                               .top = results->top,
                               .top_count = TOP,
                               .pool = pool};
}

/* What stands behind the runner of keys here: the fast runner, which notes how many jobs it was given at first, and of
 * how much memory. */
static size_t jobs_behind, limit_behind;

static bool behind_fits(const struct engine_job *jobs, size_t count, const struct engine_options *options)
{
    return runner_fast.fits(jobs, count, options);
}

static bool behind_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                       const struct runner *const *next, struct error *error)
{
    limit_behind = options->memory_limit;
    jobs_behind = jobs_behind == 0 ? count : jobs_behind;
    return runner_fast.run(jobs, count, options, next, error);
}

static const struct runner behind = {.fits = behind_fits, .run = behind_run};
static const struct runner *const chain[] = {&runner_keys, &behind, &runner_plain};

/* Runs a job with the runner of keys; returns how many jobs it became. */
static size_t run_cut(const struct engine_job *jobs, size_t count, const struct engine_options *options)
{
    struct error error = {0};
    jobs_behind = 0;
    if (!runner_run(chain, jobs, count, options, &error))
        fail_msg("%s", error.message);
    return jobs_behind;
}

static void run_plain(const struct engine_job *job)
{
    struct error error = {0};
    assert_true(engine_run(job, 1, &(struct engine_options){.plain = true, .threads = 2}, &error));
}

/* `share`: of the number that is wanted. */
static void near(float got, float want, double share, double within, const char *what, unsigned which,
                 size_t at)
{
    const double off = fabs((double)got - (double)want);
    if (got == want || (isnan(got) && isnan(want)) || off <= within + share * fabs((double)want))
        return;
    fail_msg("head %u: %s %zu: %.9g instead of %.9g", which, what, at, (double)got, (double)want);
}

/* A float32 score of 100 is off by 10⁻⁵, and with it every weight. */
static const double share_off = 4e-5;

static void check_measures(const struct head *head, unsigned which, size_t row)
{
    const struct row_measures *got = &cut.measures[row], *want = &plain.measures[row];
    near(got->entropy, want->entropy, 0, 3e-5, "entropy", which, row);
    assert_true(isnan(got->entropy) || (got->entropy >= 0 && !signbit(got->entropy)));
    near(got->distance, want->distance, share_off, 1e-3, "distance", which, row);
    near(got->max, want->max, share_off, 1e-12, "max", which, row);
    near(got->first, want->first, share_off, 1e-12, "first", which, row);
    assert_int_equal(got->is_filled, false);
    assert_int_equal(got->scores.count, want->scores.count);
    if (!isnan(score_sums_deviation(&want->scores)))
        near((float)got->scores.mean, (float)want->scores.mean, 1e-5, 1e-4, "mean of scores", which, row);
    near((float)score_sums_deviation(&got->scores), (float)score_sums_deviation(&want->scores), 1e-5, 1e-5,
         "spread of scores", which, row);
    assert_int_equal(got->argmax == SIZE_MAX, want->argmax == SIZE_MAX);
    if (got->argmax == SIZE_MAX)
        return;
    near((float)got->score, (float)want->score, 1e-5, 1e-5, "score", which, row);
    assert_true(mask_allows(head, row, got->argmax));
    near(plain.weights[row * head->m + got->argmax], want->max, share_off, 1e-12, "argmax", which, row);
    near(cut.weights[row * head->m + got->argmax], got->max, 1e-6, 1e-12, "weight of argmax", which, row);
}

static void check_top(const struct head *head, unsigned which, size_t row)
{
    const struct row_key *got = cut.top + row * TOP, *want = plain.top + row * TOP;
    for (size_t t = 0; t < TOP; t++) {
        near(got[t].weight, want[t].weight, share_off, 1e-12, "top", which, row * TOP + t);
        assert_int_equal(got[t].key == SIZE_MAX, got[t].weight == 0);
        if (got[t].key == SIZE_MAX)
            continue;
        near(got[t].weight, plain.weights[row * head->m + got[t].key], share_off, 1e-12, "top key", which, t);
        assert_true(t == 0 || (got[t - 1].weight >= got[t].weight && got[t - 1].key != got[t].key));
    }
}

/* Runs the head in both ways, and holds one against the other. */
static void check_head(const struct head *head, struct pooling pool, unsigned which)
{
    const struct engine_job cut_job = job_of(head, &cut, pool), plain_job = job_of(head, &plain, pool);
    const struct engine_options options = {.threads = 1 + (int)(which % 3)};
    assert_true(run_cut(&cut_job, 1, &options) > 1);
    run_plain(&plain_job);
    for (size_t i = 0; i < head->n; i++) {
        const bool whole = !isnan(plain.measures[i].max);
        assert_true(cut.times[i] > 0);
        check_measures(head, which, i);
        check_top(head, which, i);
        for (size_t c = 0; c < head->d_v; c++)
            near(cut.output[i * head->d_v + c], plain.output[i * head->d_v + c], 2e-6, 3e-6, "output", which,
                 i);
        for (size_t j = 0; j < head->m; j++) {
            const size_t at = i * head->m + j;
            near(cut.weights[at], plain.weights[at], share_off, 1e-12, "weight", which, at);
            assert_true(!whole || cut.weights[at] == 0 || mask_allows(head, i, j));
        }
    }
    const size_t cells =
        (head->n - 1) / pool.rows * ((head->m - 1) / pool.keys + 1) + (head->m - 1) / pool.keys;
    for (size_t c = 0; c <= cells; c++)
        near(cut.cells[c], plain.cells[c], share_off, 1e-12, "cell", which, c);
}

/* Of cells as long as a block, if there are blocks: of most others there is no segment that holds whole ones. */
static struct pooling random_pool(const struct head *head, unsigned which)
{
    static const size_t keys[] = {1, 7, 100, 121, 4000, 8192, 9000, 12000};
    return (struct pooling){.rows = 1 + dice(5),
                            .keys = head->rules.block > 0 ? head->rules.block : keys[which % 8],
                            .mean = which / 8 % 2};
}

static void agrees_with_plain(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 72; which++) {
        data_make(which % 4 == 2 ? 3 : 1);
        const struct head head = random_head(which);
        check_head(&head, random_pool(&head, which), which);
    }
}

/* NaN and infinities where a row may not look, and where it does; scores of -infinity, also in all of a segment. */
static void masking_selects(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (unsigned which = 0; which < 30; which++) {
        data_make(1);
        struct head head = random_head(which);
        head.n = 4;
        head.query_scale = NULL;
        head.softcap = 0; /* which would make numbers of infinities */
        head.rules.causal = which % 2;
        head.offset = (int64_t)head.m - 4;
        const size_t key = which % 3 == 0 ? head.m - 2 : dice((uint32_t)head.m);
        switch (which % 5) {
        case 0:
            data.v[key * D] = bad[which / 5 % 3];
            break;
        case 1:
            data.k[key * D] = bad[which / 5 % 3];
            break;
        case 2:
            data.q[D] = NAN;
            break;
        case 3: /* in all of a segment, mostly */
            data.q[0] = data.q[D] = data.q[2 * D] = data.q[3 * D] = 1;
            for (size_t j = SEGMENT; j < 2 * SEGMENT; j++)
                data.k[j * D] = -INFINITY;
            break;
        default: /* all */
            data.q[0] = data.q[D] = data.q[2 * D] = data.q[3 * D] = 1;
            for (size_t j = 0; j < M; j++)
                data.k[j * D] = -INFINITY;
            break;
        }
        check_head(&head, random_pool(&head, which), which);
    }
}

/* Rows that see keys of one segment alone, or none. */
static void some_segments_are_blind(void **state)
{
    (void)state;
    data_make(1);
    struct head head = random_head(0);
    head.n = 6;
    head.m = 17000;
    head.d_v = 3;
    head.rules = (struct rules){.left = 10, .right = 10};
    static const int64_t offsets[] = {8192 - 3, 9000, 16384, 16999, 17006, -13, -30};
    for (unsigned o = 0; o < 7; o++)
        for (int sink = 0; sink < 2; sink++) {
            head.offset = offsets[o];
            head.has_sink = sink;
            check_head(&head, (struct pooling){.rows = 2, .keys = 10, .mean = sink}, o);
            for (size_t i = 0; i < 6 && o >= 6; i++) {
                assert_true(cut.measures[i].argmax == SIZE_MAX && cut.measures[i].entropy == 0);
                assert_true(cut.output[i * 4] == 0 && cut.top[i * TOP].key == SIZE_MAX);
            }
        }
}

/* Equal scores, beside which logarithms of sums would be lost or not: the first key of all is the argmax. */
static void ties_go_to_the_first_key(void **state)
{
    (void)state;
    static const float sizes[] = {0, 1000, -3e38f, -FLT_MAX};
    data_make(1);
    memset(data.q, 0, sizeof data.q);
    struct head head = {.n = 3,
                        .m = 18000,
                        .d_k = 2,
                        .d_v = 2,
                        .scale = 1,
                        .q = {data.q, D, 1},
                        .k = {data.k, D, 1},
                        .v = {data.v, D, 1},
                        .bias = {data.bias, 0, 1},
                        .rules = {.left = -1, .right = -1}};
    for (size_t s = 0; s < 4; s++) {
        for (size_t j = 0; j < head.m; j++)
            data.bias[j] = j >= 5 ? sizes[s] : -INFINITY;
        check_head(&head, (struct pooling){.rows = 1, .keys = 1}, (unsigned)s);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(cut.measures[i].argmax, 5);
            for (size_t t = 0; t < TOP; t++)
                assert_int_equal(cut.top[i * TOP + t].key, 5 + t);
            for (size_t j = 6; j < head.m; j++)
                assert_true(cut.weights[i * head.m + j] == cut.weights[i * head.m + 5]);
        }
    }
}

static void is_the_same_for_any_threads_and_memory(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 4; which++) {
        data_make(1);
        struct head head = random_head(which);
        head.n = N; /* enough work that threads are woken */
        head.m = M;
        head.d_k = head.d_v = D;
        head.rules.mask.data = head.bias.data = NULL;
        head.distance = NULL;
        const struct pooling pool = {.rows = 3, .keys = 100, .mean = which % 2};
        struct engine_job job = job_of(&head, &cut, pool);
        assert_int_equal(run_cut(&job, 1, &(struct engine_options){.threads = 1}), 3);
        for (int threads = 2; threads <= 3; threads++) {
            job = job_of(&head, &cut_again, pool);
            assert_int_equal(
                run_cut(&job, 1, &(struct engine_options){.threads = threads, .memory_limit = 300000}), 3);
            assert_memory_equal(&cut_again, &cut, sizeof cut);
        }
    }
}

/* A head of its own, as simple as can be, that is cut into 3. */
static struct head simple_head(void)
{
    return (struct head){.n = N,
                         .m = M,
                         .d_k = 1,
                         .d_v = 1,
                         .scale = 1,
                         .q = {data.q, D, 1},
                         .k = {data.k, D, 1},
                         .v = {data.v, D, 1},
                         .rules = {.left = -1, .right = -1}};
}

static bool is_cut(const struct engine_job *job)
{
    return runner_keys.fits(job, 1, &(struct engine_options){0});
}

static void leaves_other_heads_alone(void **state)
{
    (void)state;
    const struct head simple = simple_head();
    struct head head = simple;
    struct engine_job job = {.head = &head, .output = cut.output, .output_row = 1};
    assert_true(is_cut(&job));
    assert_false(runner_keys.fits(&job, 0, &(struct engine_options){0}));
    assert_false(runner_keys.fits(&job, 1, &(struct engine_options){.plain = true}));
    head.n = N + 1;
    assert_false(is_cut(&job));
    head = simple;
    head.m = 16383;
    assert_false(is_cut(&job));
    head = simple;
    head.normalizer = NORMALIZER_SPARSEMAX;
    assert_false(is_cut(&job));
    head = simple;
    head.top_k = 3;
    assert_false(is_cut(&job));
    head = simple;
    head.dropout = 0.5;
    assert_false(is_cut(&job));
    head = simple;
    head.distance = data.distance;
    assert_true(is_cut(&job));
    head.slope = 0.5;
    assert_false(is_cut(&job));
    head = simple;
    head.has_fill = true;
    assert_false(is_cut(&job));
    const struct engine_job jobs[] = {{.head = &simple}, {.head = &head}};
    assert_false(
        runner_keys.fits(jobs, 2, &(struct engine_options){0})); /* the fill is for the plain runner */
}

/* Segments are whole blocks and cells, and what is held of them is in proportion. */
static void cuts_where_it_may(void **state)
{
    (void)state;
    struct head head = simple_head();
    struct engine_job job = {.head = &head, .pool = {.cells = cut.cells, .rows = 1}};
    job.pool.keys = 15000;
    assert_int_equal(run_cut(&job, 1, &(struct engine_options){0}), 2);
    job.pool.keys = 3000;
    assert_int_equal(run_cut(&job, 1, &(struct engine_options){0}), 4); /* of 6000 */
    head.rules.block = 2000;
    assert_int_equal(run_cut(&job, 1, &(struct engine_options){0}), 4);
    head.rules.block = 7000; /* 21000 keys are whole cells of both */
    assert_false(is_cut(&job));
    job.pool.keys = M;
    assert_false(is_cut(&job));
    job.pool.keys = SIZE_MAX;
    assert_false(is_cut(&job));
    head.rules.block = 0;
    job = (struct engine_job){.head = &head, .receiver = {.receive = take, .context = NULL}};
    assert_true(is_cut(&job));
    struct results *taken = &cut;
    job.receiver.context = taken;
    taken->m = M;
    assert_int_equal(run_cut(&job, 1, &(struct engine_options){.memory_limit = (size_t)16 * N * M}), 3);
    assert_true(limit_behind < (size_t)12 * N * M && limit_behind > (size_t)11 * N * M);
    assert_int_equal(run_cut(&job, 1, &(struct engine_options){.memory_limit = 1000}), 3);
    assert_int_equal(limit_behind, 1);
    head.m = (size_t)1 << 20; /* too many pairs, whoever wants them */
    assert_false(is_cut(&job));
    job.receiver.receive = NULL;
    assert_false(is_cut(&job));
    head.m = M;
    assert_true(is_cut(&job));
    /* A part is computed as its whole is. */
    struct head whole = head, part;
    whole.n = 65;
    part = head_part(&whole, 3, 2);
    job.head = &part;
    assert_false(is_cut(&job));
    whole.n = 64;
    part = head_part(&whole, 3, 2);
    assert_true(is_cut(&job));
}

/* Only what is wanted is given, and heads of different lengths go together. */
static void gives_what_is_wanted(void **state)
{
    (void)state;
    data_make(1);
    struct head heads[] = {simple_head(), simple_head()};
    heads[1].m = 16384;
    heads[1].n = 3;
    const struct pooling none = {0};
    for (int h = 0; h < 2; h++) {
        struct engine_job job = job_of(&heads[h], h ? &cut_again : &cut, none);
        assert_int_equal(run_cut(&job, 1, &(struct engine_options){0}), h ? 2 : 3);
    }
    static float output[2][N];
    struct row_measures measures[N];
    const struct engine_job jobs[] = {{.head = &heads[0], .output = output[0], .output_row = 1},
                                      {.head = &heads[1], .output = output[1], .output_row = 1}};
    assert_int_equal(run_cut(jobs, 2, &(struct engine_options){0}), 5);
    for (size_t i = 0; i < N; i++)
        assert_true(output[0][i] == cut.output[2 * i] && (i >= 3 || output[1][i] == cut_again.output[2 * i]));
    const struct engine_job measured = {.head = &heads[0], .measures = measures};
    assert_int_equal(run_cut(&measured, 1, &(struct engine_options){0}), 3);
    assert_same_measures(measures, cut.measures, sizeof measures / sizeof *measures);
}

/* A job is computed in the same way whatever stands beside it: one of two is cut. */
static void a_job_is_cut_by_itself(void **state)
{
    (void)state;
    data_make(1);
    struct head heads[] = {simple_head(), simple_head()};
    static float alone[2][N], together[2][N];
    heads[1].dropout = 0.25;
    struct engine_job jobs[2];
    for (int h = 0; h < 2; h++) {
        jobs[h] = (struct engine_job){.head = &heads[h], .output = alone[h], .output_row = 1};
        assert_int_equal(run_cut(&jobs[h], 1, &(struct engine_options){0}), h ? 1 : 3);
        jobs[h].output = together[h];
    }
    assert_int_equal(run_cut(jobs, 2, &(struct engine_options){0}), 4);
    assert_memory_equal(together, alone, sizeof alone);
}

/* A row is computed in the same way whatever stands beside it, also a row of NaN: as in a part of the head. */
static void a_row_is_the_same_in_a_part(void **state)
{
    (void)state;
    data_make(1);
    struct head head = simple_head();
    head.n = 5;
    data.q[2 * D] = NAN;
    const struct pooling pool = {.rows = 1, .keys = 100};
    const struct engine_job job = job_of(&head, &cut, pool);
    const size_t width = (M - 1) / 100 + 1;
    run_cut(&job, 1, &(struct engine_options){0});
    for (size_t i = 0; i < 5; i++) {
        const struct head part = head_part(&head, i, 1);
        const struct engine_job own = job_of(&part, &cut_again, pool);
        run_cut(&own, 1, &(struct engine_options){0});
        assert_int_equal(cut.times[i], 1);
        assert_int_equal(isnan(cut.measures[i].max), i == 2);
        assert_memory_equal(cut_again.output, cut.output + 2 * i, sizeof(float));
        assert_memory_equal(cut_again.weights, cut.weights + i * M, M * sizeof(float));
        assert_memory_equal(cut_again.cells, cut.cells + i * width, width * sizeof(float));
        assert_same_measures(cut_again.measures, cut.measures + i, 1);
        for (size_t t = 0; t < TOP; t++)
            assert_true(cut_again.top[t].key == cut.top[i * TOP + t].key &&
                        cut_again.top[t].weight == cut.top[i * TOP + t].weight);
    }
}

/* More top keys are asked for than a segment has. */
static void gives_many_top_keys(void **state)
{
    (void)state;
    enum { MOST = 9000 };
    static struct row_key top[2 * MOST], want[2 * MOST];
    data_make(1);
    struct head head = simple_head();
    head.n = 2;
    const struct engine_job job = {.head = &head, .top = top, .top_count = MOST},
                            same = {.head = &head, .top = want, .top_count = MOST};
    assert_int_equal(run_cut(&job, 1, &(struct engine_options){0}), 3);
    run_plain(&same);
    for (unsigned t = 0; t < 2 * MOST; t++)
        near(top[t].weight, want[t].weight, share_off, 1e-12, "top", 0, t);
}

static void hear(void *context, size_t done, size_t total)
{
    size_t *heard = context;
    assert_true(done > heard[0] && done <= total);
    heard[0] = done;
    heard[1] = total;
}

/* The work is told of once, also where a job has to be run again as a whole. */
static void says_how_far_it_is(void **state)
{
    (void)state;
    data_make(1);
    const struct head head = simple_head();
    for (int nan = 0; nan < 2; nan++) {
        size_t heard[2] = {0};
        const struct engine_options options = {.threads = 1, .progress = hear, .context = heard};
        const struct engine_job job = {.head = &head, .measures = cut.measures};
        data.q[0] = nan ? NAN : 1;
        run_cut(&job, 1, &options);
        assert_true(heard[0] > 0);
        assert_int_equal(heard[0], heard[1]);
        assert_int_equal(isnan(cut.measures[0].max), nan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_plain),
        cmocka_unit_test(masking_selects),
        cmocka_unit_test(some_segments_are_blind),
        cmocka_unit_test(ties_go_to_the_first_key),
        cmocka_unit_test(is_the_same_for_any_threads_and_memory),
        cmocka_unit_test(leaves_other_heads_alone),
        cmocka_unit_test(cuts_where_it_may),
        cmocka_unit_test(gives_what_is_wanted),
        cmocka_unit_test(a_job_is_cut_by_itself),
        cmocka_unit_test(a_row_is_the_same_in_a_part),
        cmocka_unit_test(gives_many_top_keys),
        cmocka_unit_test(says_how_far_it_is),
    };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
