/*
 * Biases and masks of every size, with every engine against the reference: whether a row may attend to
 * nothing is decided by masks and -infinity, never by how low its scores are. 10,000 small random problems;
 * compared are weights, output, the measures of rows and heads, and the counts that warnings name.
 */
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
#include "attention/mask_count.h"
#include "attention/reference.h"
#include "engine/engine.h"
#include "engine/kernel.h"

/* N and M are the most queries and keys: more than a block of rows, more than a chunk of keys. */
enum { PROBLEMS = 10000, N = 70, M = 130, D = 4 };

static uint64_t state = 7;

static uint32_t dice(uint32_t sides)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(((state >> 33) * sides) >> 31);
}

static float noise(float size)
{
    return size * ((float)dice(1u << 24) / (float)(1 << 23) - 1);
}

/* One head with all its memory. */
struct problem_of_one {
    struct head head;
    float q[N * D], k[M * D], v[M * D], bias[N * M], mask[N * M];
};

/* The bias of a pair; `kind` chooses one size for all pairs, or a mixture. */
static float random_bias(uint32_t kind)
{
    static const float sizes[] = {0, 1, -1, -1e4f, -1e9f, -FLT_MAX, -INFINITY};
    return sizes[kind < 7 ? kind : dice(7)];
}

/* Most problems are tiny, so that rows of nothing but one size are frequent; one of 50 has several blocks and
 * chunks. */
static void problem_make(struct problem_of_one *p, uint32_t turn)
{
    const bool large = turn % 50 == 0;
    struct head *h = &p->head;
    *h = (struct head){.n = large ? 60 + dice(N - 59) : 1 + dice(4),
                       .m = large ? 100 + dice(M - 99) : 1 + dice(5),
                       .d_k = 1 + dice(D),
                       .d_v = 1 + dice(D),
                       .rules = {.left = -1, .right = -1}};
    h->scale = 1 / sqrt((double)h->d_k);
    h->q = (struct strided){p->q, h->d_k, 1};
    h->k = (struct strided){p->k, h->d_k, 1};
    h->v = (struct strided){p->v, h->d_v, 1};
    for (size_t i = 0; i < N * D; i++)
        p->q[i] = noise(2);
    for (size_t i = 0; i < M * D; i++) {
        p->k[i] = noise(2);
        p->v[i] = noise(1);
    }
    if (dice(8) > 0) {
        h->bias = (struct strided){p->bias, h->m, 1};
        for (size_t i = 0; i < h->n; i++) {
            const uint32_t kind = dice(14); /* of the row */
            for (size_t j = 0; j < h->m; j++)
                p->bias[i * h->m + j] = random_bias(kind);
        }
    }
    if (dice(3) == 0) {
        h->rules.mask = (struct strided){p->mask, h->m, 1};
        h->rules.mask_true_blocks = dice(2);
        for (size_t i = 0; i < h->n * h->m; i++)
            p->mask[i] = (float)dice(2);
    }
    h->rules.causal = dice(4) == 0;
    h->offset = h->rules.causal ? (int64_t)dice(4) - 2 : 0;
    if (dice(6) == 0)
        h->softcap = 5;
}

/* What an engine made of a problem. */
struct made {
    float weights[N * M], output[N * D];
    struct row_measures rows[N];
    struct measures head;
    size_t m;
};

static void take(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    struct made *made = context;
    for (size_t r = 0; r < count; r++)
        memcpy(made->weights + (first + r) * made->m, weights + r * stride, made->m * sizeof *weights);
}

static void run(const struct head *head, bool plain, struct made *made)
{
    const struct engine_options options = {.plain = plain, .threads = 1};
    const struct engine_job job = {.head = head,
                                   .output = made->output,
                                   .output_row = head->d_v,
                                   .receiver = {.receive = take, .context = made},
                                   .measures = made->rows};
    struct error error = {0};
    made->m = head->m;
    if (!engine_run(&job, 1, &options, &error))
        fail_msg("%s", error.message);
    made->head = measures_head(made->rows, head->n);
}

/* The row that is right: the reference's; where its best score is so low that float32 keeps nothing of the
 * scores beside it and `plain` is false, that of equal scores. Sets how far float32 may be from it. */
static void row_make(const struct head *head, size_t i, bool plain, struct reference_room *room,
                     double *tolerance)
{
    double best = -INFINITY;
    reference_row(head, i, STAGE_MASKED, room);
    for (size_t s = 0; s < room->key_count; s++)
        best = fmax(best, room->row[room->keys[s]]);
    reference_row(head, i, STAGE_WEIGHTS, room);
    *tolerance = 2e-6;
    if (plain || room->key_count == 0)
        return;
    if (best > -1e8) {
        *tolerance += fabs(best) > 20 ? ldexp(fabs(best), -24) : 0;
        return;
    }
    size_t equal = 0;
    for (size_t s = 0; s < room->key_count; s++)
        equal += head->bias.data[i * head->m + room->keys[s]] >= (float)best;
    for (size_t s = 0; s < room->key_count; s++) {
        const size_t j = room->keys[s];
        room->row[j] = head->bias.data[i * head->m + j] >= (float)best ? 1 / (double)equal : 0;
    }
}

static void same(double got, double wanted, double within, const char *what, bool plain, const struct head *h,
                 size_t i, size_t j)
{
    if (!(fabs(got - wanted) <= within))
        fail_msg("%s: %s (%zu, %zu): %.9g instead of %.9g; n=%zu m=%zu", plain ? "plain" : kernel_name(),
                 what, i, j, got, wanted, h->n, h->m);
}

static void row_check(const struct head *h, size_t i, bool plain, const struct made *made,
                      struct reference_room *room)
{
    double output[D], within;
    float row[M];
    row_make(h, i, plain, room, &within);
    for (size_t j = 0; j < h->m; j++) {
        row[j] = (float)room->row[j];
        same((double)made->weights[i * h->m + j], room->row[j], within, "weight", plain, h, i, j);
    }
    reference_output(h, room, output);
    for (size_t c = 0; c < h->d_v; c++)
        same((double)made->output[i * h->d_v + c], output[c], 2 * within, "output", plain, h, i, c);

    const double position = (double)i + (double)h->offset;
    const struct row_measures *got = &made->rows[i],
                              want = measures_row(row, room->keys, room->key_count, position, true);
    const double loose = 10 * within;
    same((double)got->entropy, (double)want.entropy, loose * fmax(1, (double)want.entropy), "entropy", plain,
         h, i, 0);
    same((double)got->distance, (double)want.distance, loose * fmax(1, (double)want.distance) * (double)h->m,
         "distance", plain, h, i, 0);
    same((double)got->max, (double)want.max, within, "max", plain, h, i, 0);
    same((double)got->first, (double)want.first, within, "first", plain, h, i, 0);
    assert_int_equal(got->argmax == SIZE_MAX, want.argmax == SIZE_MAX);
    if (want.argmax != SIZE_MAX && got->argmax != want.argmax)
        same(room->row[got->argmax], room->row[want.argmax], within, "argmax", plain, h, i, got->argmax);
}

/* `empty` is the number of rows that may attend to nothing, counted from the masks. */
static void problem_check(const struct head *h, bool plain, size_t empty, struct made *made)
{
    double row[M];
    size_t keys[M];
    struct reference_room room = {.row = row, .keys = keys};
    run(h, plain, made);
    for (size_t i = 0; i < h->n; i++)
        row_check(h, i, plain, made, &room);
    assert_int_equal(made->head.blind_rows, empty);
    assert_int_equal(made->head.rows, h->n - empty);
    assert_int_equal(made->head.nan_rows, 0);
}

static void every_engine_agrees_on_masked_scores(void **unused)
{
    (void)unused;
    static struct problem_of_one problem;
    static struct made made;
    const struct head *h = &problem.head;
    size_t problems_with_empty_rows = 0;
    for (uint32_t turn = 0; turn < PROBLEMS; turn++) {
        size_t empty = 0, pairs = 0, counted;
        struct error error = {0};
        problem_make(&problem, turn);
        for (size_t i = 0; i < h->n; i++) {
            size_t allowed = 0;
            for (size_t j = 0; j < h->m; j++)
                allowed += mask_allows(h, i, j);
            pairs += allowed;
            empty += allowed == 0;
        }
        problems_with_empty_rows += empty > 0;
        assert_true(mask_count(h, 1, &counted, NULL, &error));
        assert_int_equal(counted, pairs);
        problem_check(h, true, empty, &made);
        for (size_t c = 0; kernel_listed(c); c++)
            if (kernel_choose(kernel_listed(c)))
                problem_check(h, false, empty, &made);
        assert_true(kernel_choose("best"));
    }
    assert_in_range(problems_with_empty_rows, PROBLEMS / 10, PROBLEMS * 9 / 10);
}

/* bug: a row whose scores are all torch.finfo(float32).min counted as one that may attend to nothing */
static void the_least_finite_score_is_a_score(void **unused)
{
    (void)unused;
    static struct problem_of_one problem;
    static struct made made;
    struct head *h = &problem.head;
    for (size_t m = 1; m <= M; m += 43) {
        *h =
            (struct head){.n = 3, .m = m, .d_k = 1, .d_v = 1, .scale = 1, .rules = {.left = -1, .right = -1}};
        h->q = h->k = h->v = (struct strided){problem.k, 1, 1};
        h->bias = (struct strided){problem.bias, m, 1};
        for (size_t i = 0; i < 3 * m; i++)
            problem.bias[i] = i < m ? -FLT_MAX : i < 2 * m ? -INFINITY : 0;
        for (size_t j = 0; j < m; j++)
            problem.k[j] = 1;
        for (size_t c = 0; kernel_listed(c); c++) {
            if (!kernel_choose(kernel_listed(c)))
                continue;
            problem_check(h, false, 1, &made);
            assert_int_equal(made.rows[0].argmax, 0);
            assert_true(fabs((double)made.rows[0].entropy - log((double)m)) < 2e-5);
        }
        assert_true(kernel_choose("best"));
    }
}

/* How far a row is from its nearest key, by trying all. */
static int64_t nearest_by_hand(const struct head *h, size_t i)
{
    int64_t nearest = -1;
    for (size_t j = 0; j < h->m; j++) {
        const int64_t behind = (int64_t)i + h->offset - (int64_t)j, away = behind < 0 ? -behind : behind;
        if (mask_allows(h, i, j) && (nearest < 0 || away < nearest))
            nearest = away;
    }
    return nearest < 0 ? 0 : nearest;
}

/* bug: ALiBi far from its keys left no room in float32 for scores beside slope times distance */
static void alibi_counts_from_the_nearest_key(void **unused)
{
    (void)unused;
    static const int64_t offsets[] = {0, 7, 100, -100, 100000, 100000000, -100000000};
    static struct problem_of_one problem;
    static struct made made;
    static float distance[N + M + HEAD_SPARE];
    static double row[M];
    static size_t keys[M];
    struct head *h = &problem.head;
    struct reference_room room = {.row = row, .keys = keys};
    size_t away = 0;
    for (uint32_t turn = 0; turn < 1000; turn++) {
        problem_make(&problem, turn);
        h->bias.data = NULL;
        h->rules.causal = dice(2);
        h->offset = offsets[dice(7)];
        h->rules.dilation = dice(3);
        h->slope = exp2(-(double)dice(17) / 2);
        h->distance = distance;
        h->distance_first = h->offset - (int64_t)h->m + 1;
        for (size_t x = 0; x < h->n + h->m - 1; x++)
            distance[x] = (float)(-h->slope * fabs((double)(h->distance_first + (int64_t)x)));
        for (size_t i = 0; i < h->n; i++) {
            assert_int_equal(mask_distance(h, i), nearest_by_hand(h, i));
            away += mask_distance(h, i) > 0;
        }
        for (size_t c = 0; kernel_listed(c); c++) {
            if (!kernel_choose(kernel_listed(c)))
                continue;
            run(h, false, &made);
            for (size_t i = 0; i < h->n; i++) {
                reference_row(h, i, STAGE_WEIGHTS, &room);
                for (size_t j = 0; j < h->m; j++)
                    same((double)made.weights[i * h->m + j], row[j], 2e-6, "weight", false, h, i, j);
            }
        }
        assert_true(kernel_choose("best"));
    }
    assert_true(away > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_engine_agrees_on_masked_scores),
        cmocka_unit_test(the_least_finite_score_is_a_score),
        cmocka_unit_test(alibi_counts_from_the_nearest_key),
    };
    return cmocka_run_group_tests_name("masked scores", tests, NULL, NULL);
}
