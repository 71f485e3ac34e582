/*
 * The float32 engine against the double reference: every instruction set that runs here × odd sizes × masks,
 * inputs and outputs between guard pages, one thread against many, what must be NaN and what must not.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "attention/mask.h"
#include "attention/reference.h"
#include "engine/engine.h"
#include "engine/kernel.h"

#include "measures.h"

/* Memory that ends, or begins (`low`), at a page nobody may touch. */
struct guarded {
    char *map;
    size_t bytes;
    float *data;
};

static struct guarded guarded_take(size_t count, bool low)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = count * sizeof(float);
    size_t inner = (bytes + page - 1) / page * page;
    struct guarded g = {.bytes = inner + 2 * page};
    g.map = mmap(NULL, g.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g.map != MAP_FAILED);
    assert_int_equal(mprotect(g.map, page, PROT_NONE), 0);
    assert_int_equal(mprotect(g.map + page + inner, page, PROT_NONE), 0);
    g.data = (float *)(void *)(g.map + page + (low ? 0 : inner - bytes));
    return g;
}

static void guarded_free(struct guarded *g)
{
    munmap(g->map, g->bytes);
}

static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * sides) >> 32);
}

static float noise(void)
{
    return (float)((double)dice(1u << 24) / (1 << 23) - 1);
}

/* Room for a row of the reference. */
static struct reference_room room_make(size_t m)
{
    struct reference_room room = {.row = malloc(m * sizeof *room.row),
                                  .keys = malloc(m * sizeof *room.keys),
                                  .sorted = malloc(m * sizeof *room.sorted)};
    assert_true(room.row && room.keys && room.sorted);
    return room;
}

static void room_free(struct reference_room *room)
{
    free(room->row);
    free(room->keys);
    free(room->sorted);
}

/* A head with all its memory, what the engine made of it, and its rows from the receiver. */
struct sample {
    struct head head;
    struct guarded q, k, v, mask, bias, output, extra[8]; /* extra: of patterns and distances */
    size_t extras;
    float *weights, *cells;
    struct row_measures *measures;
    struct row_key *top;
    size_t top_count, pool_rows, pool_keys;
    bool mean;
    bool without_rows; /* nobody receives rows of weights */
};

static void take_rows(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    const struct sample *sample = context;
    for (size_t r = 0; r < count; r++)
        memcpy(sample->weights + (first + r) * sample->head.m, weights + r * stride,
               sample->head.m * sizeof(float));
}

static void fill(struct guarded *g, struct strided *grid, size_t rows, size_t columns, size_t step, bool low)
{
    size_t count = rows > 0 && columns > 0 ? (rows - 1) * step + columns : 0;
    *g = guarded_take(count, low);
    for (size_t i = 0; i < count; i++)
        g->data[i] = NAN; /* between the rows nothing may be read */
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            g->data[r * step + c] = noise();
    *grid = (struct strided){g->data, step, 1};
}

static void sample_make(struct sample *s, size_t n, size_t m, size_t d_k, size_t d_v, bool low)
{
    *s = (struct sample){.top_count = 3, .pool_rows = 1 + dice(7), .pool_keys = 1 + dice(9), .mean = dice(2)};
    if (dice(4) == 0)
        s->pool_keys = 121 + dice(200);
    struct head *h = &s->head;
    *h = (struct head){.n = n,
                       .m = m,
                       .d_k = d_k,
                       .d_v = d_v,
                       .scale = 3 / sqrt((double)d_k),
                       .rules.left = -1,
                       .rules.right = -1};
    fill(&s->q, &h->q, n, d_k, d_k + dice(3), low);
    fill(&s->k, &h->k, m, d_k, d_k + dice(3), low);
    fill(&s->v, &h->v, m, d_v, d_v + dice(3), low);
    s->output = guarded_take(n * d_v, low);
    s->weights = malloc(n * m * sizeof(float) + 1);
    s->cells = malloc(((n - 1) / s->pool_rows + 1) * ((m - 1) / s->pool_keys + 1) * sizeof(float));
    s->measures = malloc(n * sizeof *s->measures);
    s->top = malloc(n * s->top_count * sizeof *s->top);
    assert_true(s->weights && s->cells && s->measures && s->top);
}

/* Mask or bias of the given shape: an axis of 1 repeats. */
static void sample_mask(struct sample *s, bool bias, bool rows, bool columns)
{
    struct head *h = &s->head;
    struct guarded *g = bias ? &s->bias : &s->mask;
    struct strided *grid = bias ? &h->bias : &h->rules.mask;
    size_t high = rows ? h->n : 1, wide = columns ? h->m : 1;
    fill(g, grid, high, wide, wide, dice(2));
    for (size_t i = 0; i < high * wide; i++) {
        float x = g->data[i];
        g->data[i] = bias ? (x > 0.5f ? -INFINITY : 2 * x) : (float)(x > -0.4f);
    }
    grid->row = rows ? wide : 0;
    grid->column = columns ? 1 : 0;
}

static void *sample_extra(struct sample *s, size_t bytes)
{
    size_t floats = (bytes + 3) / 4;
    s->extra[s->extras] = guarded_take(floats, dice(2));
    return s->extra[s->extras++].data;
}

static const uint8_t *sample_flags(struct sample *s, size_t count)
{
    uint8_t *flags = sample_extra(s, count);
    for (size_t i = 0; i < count; i++)
        flags[i] = dice(9) == 0;
    return flags;
}

static const int32_t *sample_segments(struct sample *s, size_t count, uint32_t length)
{
    int32_t *segments = sample_extra(s, count * sizeof *segments), segment = 0;
    for (size_t i = 0; i < count; i++) {
        segments[i] = segment;
        segment += dice(length) == 0;
    }
    return segments;
}

/* Patterns of masks beside the rules, and a table of distances. */
static void sample_pattern(struct sample *s, unsigned which)
{
    struct head *h = &s->head;
    struct rules *r = &h->rules;
    if (which % 3 == 0) {
        r->query_global = sample_flags(s, h->n);
        r->key_global = sample_flags(s, h->m);
    }
    if (which % 4 == 1)
        r->dilation = 1 + dice(4);
    if (which % 4 == 2)
        r->block = 1 + dice(90);
    if (which % 8 == 2) {
        size_t wide = (h->m - 1) / r->block + 1, high = (h->n - 1) / r->block + 1;
        float *blocks = sample_extra(s, high * wide * sizeof *blocks);
        for (size_t i = 0; i < high * wide; i++)
            blocks[i] = (float)dice(2);
        r->block_mask = (struct strided){blocks, wide, 1};
    }
    if (which % 5 == 3) {
        r->query_segment = sample_segments(s, h->n, 30);
        r->key_segment = sample_segments(s, h->m, 30);
    }
    if (which % 7 == 4) {
        float *keys = sample_extra(s, h->m * sizeof *keys);
        for (size_t j = 0; j < h->m; j++)
            keys[j] = (float)(dice(4) > 0);
        r->key_mask = (struct strided){keys, 0, 1};
    }
    r->is_padded = which % 6 == 1;
    r->key_length = r->is_padded ? dice((uint32_t)h->m + 1) : 0;
    if (r->causal && which % 4 == 3)
        r->prefix = 1 + dice((uint32_t)h->m);
    if (which % 5 == 1) {
        size_t count = h->n + h->m - 1 + 256;
        float *distance = sample_extra(s, count * sizeof *distance);
        for (size_t i = 0; i < count; i++)
            distance[i] = i < count - 256 ? 2 * noise() : 0;
        h->distance = distance;
        h->distance_first = h->offset - (int64_t)h->m + 1;
    }
}

static void sample_free(struct sample *s)
{
    for (size_t i = 0; i < s->extras; i++)
        guarded_free(&s->extra[i]);
    guarded_free(&s->q);
    guarded_free(&s->k);
    guarded_free(&s->v);
    guarded_free(&s->output);
    if (s->mask.map)
        guarded_free(&s->mask);
    if (s->bias.map)
        guarded_free(&s->bias);
    free(s->weights);
    free(s->cells);
    free(s->measures);
    free(s->top);
}

static struct engine_job sample_job(struct sample *s)
{
    return (struct engine_job){
        .head = &s->head,
        .output = s->output.data,
        .output_row = s->head.d_v,
        .receiver = {.receive = s->without_rows ? NULL : take_rows, .context = s},
        .measures = s->measures,
        .top = s->top,
        .top_count = s->top_count,
        .pool = {.cells = s->cells, .rows = s->pool_rows, .keys = s->pool_keys, .mean = s->mean},
    };
}

static void sample_run_with(struct sample *s, const struct engine_options *options)
{
    struct engine_job job = sample_job(s);
    struct error error = {0};
    assert_true(engine_run(&job, 1, options, &error));
}

static void sample_run(struct sample *s, int threads, size_t memory)
{
    sample_run_with(s, &(const struct engine_options){.threads = threads, .memory_limit = memory});
}

static void same(double got, double wanted, double within, const char *what, const struct sample *s, size_t i,
                 size_t j)
{
    if ((isnan(got) && isnan(wanted)) || fabs(got - wanted) <= within || got == wanted)
        return;
    fail_msg(
        "%s: %s (%zu, %zu): %.9g instead of %.9g; n=%zu m=%zu d_k=%zu d_v=%zu pool %zux%zu normalizer %d "
        "top_k %zu dropout %g sink %d distance %d additive %d",
        kernel_name(), what, i, j, got, wanted, s->head.n, s->head.m, s->head.d_k, s->head.d_v, s->pool_rows,
        s->pool_keys, (int)s->head.normalizer, s->head.top_k, s->head.dropout, s->head.has_sink,
        s->head.by_distance, s->head.additive != NULL);
}

/* All that the engine made of a row against its weights in double; cells are gathered for sample_check. */
static void check_row(struct sample *s, size_t i, const double *weights, double *cells)
{
    const size_t m = s->head.m;
    double entropy = 0, distance = 0, total = 0, largest = 0;
    bool sees = false;
    for (size_t j = 0; j < m; j++) {
        total += weights[j];
        sees = sees || mask_allows(&s->head, i, j);
    }
    const double within = 2e-6 * fmax(1 / (1 - s->head.dropout), total);
    for (size_t j = 0; j < m; j++) {
        double w = weights[j],
               *cell = &cells[i / s->pool_rows * ((m - 1) / s->pool_keys + 1) + j / s->pool_keys];
        if (!s->without_rows) {
            same(s->weights[i * m + j], w, within, "weight", s, i, j);
            if (!mask_allows(&s->head, i, j) && w == 0)
                assert_true(s->weights[i * m + j] == 0);
        }
        entropy -= w > 0 ? w * log(w) : w * 0;
        distance += w * fabs((double)i + (double)s->head.offset - (double)j);
        largest = w > largest || isnan(w) ? w : largest;
        if (s->mean)
            *cell += w;
        else if (w > *cell || isnan(w))
            *cell = w;
    }
    const struct row_measures *got = &s->measures[i];
    if (sees && !head_is_distribution(&s->head))
        entropy = distance = (double)NAN;
    same(got->entropy, entropy, 2e-5, "entropy", s, i, 0);
    assert_false(signbit(got->entropy) && !isnan(got->entropy)); /* nor is it -0 */
    same(got->distance, distance, 1e-5 * (double)(s->head.n + m), "distance", s, i, 0);
    same(got->max, largest, within, "max", s, i, 0);
    same(got->first, weights[0], within, "first", s, i, 0);
    if (sees && !isnan(total))
        same(mask_allows(&s->head, i, got->argmax) ? weights[got->argmax] : -1, largest, within, "argmax", s,
             i, got->argmax);
    else
        assert_true(got->argmax == SIZE_MAX);

    for (size_t t = 0; t < s->top_count; t++) {
        const struct row_key *key = &s->top[i * s->top_count + t];
        if (key->key == SIZE_MAX) {
            assert_true(key->weight == 0);
            continue;
        }
        same(key->weight, weights[key->key], within, "top", s, i, t);
        size_t heavier = 0;
        for (size_t j = 0; j < m; j++)
            heavier += weights[j] > weights[key->key] + 2 * within;
        assert_true(heavier <= t);
        assert_true(t == 0 || (key[-1].weight >= key->weight && key[-1].key != key->key));
    }
}

static void sample_check(struct sample *s)
{
    const struct head *h = &s->head;
    size_t high = (h->n - 1) / s->pool_rows + 1, wide = (h->m - 1) / s->pool_keys + 1;
    double *output = malloc((h->d_v + 1) * sizeof *output), total = 1 / (1 - h->dropout);
    double *cells = calloc(high * wide, sizeof *cells);
    struct reference_room room = room_make(h->m);
    assert_true(output && cells);
    for (size_t i = 0; i < h->n; i++) {
        double sum = 0;
        reference_row(h, i, STAGE_WEIGHTS, &room);
        check_row(s, i, room.row, cells);
        reference_output(h, &room, output);
        for (size_t j = 0; j < h->m; j++)
            sum += room.row[j];
        total = fmax(sum, total);
        for (size_t c = 0; c < h->d_v; c++)
            same(s->output.data[i * h->d_v + c], output[c], 2e-6 * fmax(1 / (1 - h->dropout), sum), "output",
                 s, i, c);
    }
    for (size_t a = 0; a < high; a++)
        for (size_t b = 0; b < wide; b++) {
            size_t rows = h->n - a * s->pool_rows < s->pool_rows ? h->n - a * s->pool_rows : s->pool_rows;
            size_t keys = h->m - b * s->pool_keys < s->pool_keys ? h->m - b * s->pool_keys : s->pool_keys;
            double cell = cells[a * wide + b] / (s->mean ? (double)(rows * keys) : 1);
            same(s->cells[a * wide + b], cell, 2e-6 * total, "cell", s, a, b);
        }
    room_free(&room);
    free(output);
    free(cells);
}

/* Calls `test` with every kernel that runs here. */
static void with_every_kernel(void (*test)(void))
{
    for (size_t c = 0; kernel_listed(c); c++)
        if (kernel_choose(kernel_listed(c))) {
            seed = 12345;
            test();
        }
    assert_true(kernel_choose("best"));
}

/* Gives the head one of a dozen combinations of masks. */
static void sample_rules(struct sample *s, unsigned which)
{
    struct head *h = &s->head;
    h->rules.causal = which % 3 == 1;
    h->offset = which % 4 == 1 ? (int64_t)h->m - (int64_t)h->n : which % 4 == 2 ? -(int64_t)dice(9) : 0;
    if (which % 5 == 2) {
        h->rules.left = dice((uint32_t)h->m);
        h->rules.right = dice(3) - 1;
    }
    if (which % 7 == 3)
        h->softcap = 5;
    if (which % 4 == 3)
        sample_mask(s, false, which % 3 != 0, which % 3 != 1);
    if (which % 6 == 5)
        sample_mask(s, true, which % 5 != 0, which % 5 != 1);
    h->rules.mask_true_blocks = which % 8 == 7;
}

static void odd_sizes(void)
{
    static const size_t sizes[] = {1, 2, 3, 5, 8, 17, 63, 64, 65, 120, 121, 131, 250};
    static const size_t widths[] = {1, 3, 7, 16, 64, 80, 128, 257};
    for (unsigned turn = 0; turn < 420; turn++) {
        struct sample s;
        sample_make(&s, sizes[dice(13)], sizes[dice(13)], widths[dice(8)], widths[dice(8)], turn % 2);
        sample_rules(&s, turn);
        if (turn % 2)
            sample_pattern(&s, turn / 2);
        sample_run(&s, 1 + (int)dice(3), 0);
        sample_check(&s);
        sample_free(&s);
    }
}

static void test_odd_sizes_and_masks(void **state)
{
    (void)state;
    with_every_kernel(odd_sizes);
}

/* Whether the k-th score of some row and the one behind it are so near that float32 may take them for each other. */
static bool sample_is_near(const struct sample *s)
{
    const struct head *h = &s->head;
    struct reference_room room = room_make(h->m);
    bool near = false;
    for (size_t i = 0; i < h->n && h->top_k > 0; i++) {
        double least = INFINITY, next = -INFINITY;
        bool *taken = malloc(h->m * sizeof *taken);
        assert_non_null(taken);
        reference_row(h, i, STAGE_WEIGHTS, &room);
        for (size_t j = 0; j < h->m; j++)
            taken[j] = room.row[j] != 0;
        reference_row(h, i, STAGE_MASKED, &room);
        for (size_t j = 0; j < h->m; j++) {
            least = taken[j] ? fmin(least, room.row[j]) : least;
            next = taken[j] ? next : fmax(next, room.row[j]);
        }
        free(taken);
        near = near || (next > -INFINITY && least - next < 1e-5 && least != next);
    }
    room_free(&room);
    return near;
}

/* Gives the head a form beside softmax, or two. */
static void sample_form(struct sample *s, unsigned which)
{
    struct head *h = &s->head;
    static const enum normalizer normalizers[] = {NORMALIZER_SOFTMAX, NORMALIZER_SPARSEMAX,
                                                  NORMALIZER_ENTMAX15, NORMALIZER_SIGMOID, NORMALIZER_LINEAR};
    h->normalizer = normalizers[which % 5];
    if (which % 3 == 1)
        h->top_k = 1 + dice(which % 2 ? 5 : (uint32_t)h->m + 3);
    if (which % 4 == 2) {
        h->dropout = 0.1 + 0.2 * dice(5);
        h->seed = dice(1u << 30);
    }
    if (which % 7 == 3 && h->normalizer == NORMALIZER_SOFTMAX) {
        h->has_sink = true;
        h->sink = (double)dice(7) - 3;
    }
    if (h->normalizer ==
        NORMALIZER_LINEAR) { /* features are above 0, and nothing is added to their products */
        h->softcap = 0;
        h->bias = (struct strided){0};
        h->distance = NULL;
        h->slope = 0;
        for (size_t i = 0; i < h->n; i++)
            for (size_t c = 0; c < h->d_k; c++)
                s->q.data[i * h->q.row + c] = fabsf(s->q.data[i * h->q.row + c]);
        for (size_t j = 0; j < h->m; j++)
            for (size_t c = 0; c < h->d_k; c++)
                s->k.data[j * h->k.row + c] = fabsf(s->k.data[j * h->k.row + c]);
    } else if (which % 6 == 4) {
        h->by_distance = true;
        h->scale = 4 / (double)h->d_k;
    } else if (which % 6 == 5) {
        h->scale = 1;
        h->additive = sample_extra(s, h->d_k * sizeof *h->additive);
        for (size_t c = 0; c < h->d_k; c++)
            s->extra[s->extras - 1].data[c] = noise() / sqrtf((float)h->d_k);
        if (which % 12 == 11) /* beyond what exponentials can be taken of */
            (which % 24 == 11 ? s->k.data : s->q.data)[0] = which % 48 < 24 ? 30 : -100;
    }
    if (which % 5 != 4 && which % 8 == 1) {
        h->query_scale = sample_extra(s, h->n * sizeof *h->query_scale);
        for (size_t i = 0; i < h->n; i++)
            s->extra[s->extras - 1].data[i] = 0.5f + noise();
    }
}

static void forms(void)
{
    static const size_t sizes[] = {1, 2, 3, 5, 8, 17, 63, 64, 65, 120, 121, 131, 250, 700};
    static const size_t widths[] = {1, 3, 7, 16, 64, 80, 128, 257};
    for (unsigned turn = 0; turn < 840; turn++) {
        struct sample s;
        sample_make(&s, sizes[dice(13)], sizes[dice(14)], widths[dice(8)], widths[dice(8)], turn % 2);
        sample_rules(&s, turn / 2);
        if (turn % 2)
            sample_pattern(&s, turn / 4);
        sample_form(&s, dice(420));
        const struct engine_job job = sample_job(&s);
        assert_string_equal(engine_name(&job, 1, &(struct engine_options){0}), kernel_name());
        sample_run(&s, 1 + (int)dice(3), 0);
        if (!sample_is_near(&s))
            sample_check(&s);
        sample_free(&s);
    }
}

static void test_forms(void **state)
{
    (void)state;
    with_every_kernel(forms);
}

/* NaN and infinities everywhere, seen and forbidden. */
static void hostile_values(void)
{
    static const float evil[] = {NAN, INFINITY, -INFINITY, -NAN};
    for (unsigned turn = 0; turn < 400; turn++) {
        struct sample s;
        sample_make(&s, 1 + dice(turn % 8 < 3 ? 2 : 150), 1 + dice(260), 1 + dice(20), 1 + dice(90),
                    turn % 2);
        sample_rules(&s, turn % 5 == 0 ? 1 : turn);
        s.without_rows = turn % 16 < 5;
        if (turn % 3 == 0)
            sample_pattern(&s, turn / 3);
        struct strided *grids[] = {&s.head.q, &s.head.k, &s.head.v};
        size_t rows[] = {s.head.n, s.head.m, s.head.m}, columns[] = {s.head.d_k, s.head.d_k, s.head.d_v};
        for (uint32_t e = dice(4) + 1; e > 0; e--) {
            uint32_t which = dice(3);
            float *data = which == 0 ? s.q.data : which == 1 ? s.k.data : s.v.data;
            data[dice((uint32_t)rows[which]) * grids[which]->row + dice((uint32_t)columns[which])] =
                evil[dice(4)];
        }
        if (s.bias.data)
            s.bias.data[0] = evil[dice(2)];
        if (turn % 4 == 3)
            sample_form(&s, dice(420));
        sample_run(&s, 2, 0);
        sample_check(&s);
        sample_free(&s);
    }
}

static void test_nan_and_infinity(void **state)
{
    (void)state;
    with_every_kernel(hostile_values);
}

/* Enough work that threads are woken, over several flushes; everything must be the same bytes. */
static void many_threads(void)
{
    struct sample one, many;
    for (unsigned turn = 0; turn < 8; turn++) {
        uint32_t begin = seed;
        sample_make(&one, 300, 4500, 16, 16, false);
        sample_rules(&one, turn);
        seed = begin;
        sample_make(&many, 300, 4500, 16, 16, true);
        sample_rules(&many, turn);
        sample_run(&one, 1, 0);
        sample_run(&many, 5, 3000000); /* and strips of few rows */
        sample_check(&one);
        assert_memory_equal(one.output.data, many.output.data, one.head.n * one.head.d_v * sizeof(float));
        assert_memory_equal(one.weights, many.weights, one.head.n * one.head.m * sizeof(float));
        assert_same_measures(one.measures, many.measures, one.head.n);
        for (size_t t = 0; t < one.head.n * one.top_count; t++) {
            assert_true(one.top[t].key == many.top[t].key);
            assert_true(one.top[t].weight == many.top[t].weight);
        }
        size_t cells = ((one.head.n - 1) / one.pool_rows + 1) * ((one.head.m - 1) / one.pool_keys + 1);
        assert_memory_equal(one.cells, many.cells, cells * sizeof(float));
        sample_free(&one);
        sample_free(&many);
    }
}

static void test_threads_and_strips_give_the_same_bytes(void **state)
{
    (void)state;
    with_every_kernel(many_threads);
}

/* Few values near the end of float32, and equal weights. */
static void few_large_values(void)
{
    for (size_t m = 1; m < 7; m++) {
        struct sample s;
        sample_make(&s, 3, m, 2, 2, false);
        s.head.scale = 0;
        for (size_t j = 0; j < m; j++)
            for (size_t c = 0; c < 2; c++)
                s.v.data[j * s.head.v.row + c] = c == 0 ? 3e38f : -3e38f;
        sample_run(&s, 1, 0);
        for (size_t i = 0; i < 3; i++) {
            assert_true(fabsf(s.output.data[2 * i] / 3e38f - 1) < 1e-5f);
            assert_true(fabsf(s.output.data[2 * i + 1] / 3e38f + 1) < 1e-5f);
        }
        sample_free(&s);
    }
}

/* Values near the end of float32, whose weighted mean fits but whose sum does not; and huge scores. */
static void large_values(void)
{
    few_large_values();
    struct sample s;
    sample_make(&s, 70, 200, 8, 4, false);
    for (size_t i = 0; i < 200; i++)
        for (size_t c = 0; c < 4; c++)
            s.v.data[i * s.head.v.row + c] = 3e38f;
    for (size_t i = 0; i < 70; i++)
        for (size_t c = 0; c < 8; c++)
            s.q.data[i * s.head.q.row + c] *= 1e5f;
    sample_run(&s, 1, 0);
    for (size_t i = 0; i < 70 * 4; i++)
        assert_true(fabsf(s.output.data[i] / 3e38f - 1) < 1e-5f);
    sample_free(&s);
}

static void test_large_values(void **state)
{
    (void)state;
    with_every_kernel(large_values);
}

/* NaN in a row of a dilated head: all results of the row are NaN, whichever keys it attends to. */
static void dilated_nan(void)
{
    for (size_t period = 2; period < 6; period++)
        for (int mean = 0; mean < 2; mean++) {
            struct sample s;
            sample_make(&s, 40, 61, 4, 4, false);
            s.head.rules.dilation = period;
            s.head.rules.causal = mean;
            s.head.offset = 21;
            s.pool_rows = period;
            s.pool_keys = 2 * period;
            s.mean = mean;
            free(s.cells);
            s.cells = malloc(((s.head.n - 1) / s.pool_rows + 1) * ((s.head.m - 1) / s.pool_keys + 1) *
                             sizeof *s.cells);
            assert_non_null(s.cells);
            for (size_t i = 0; i < s.head.n; i += 7)
                s.q.data[i * s.head.q.row] = NAN;
            sample_run(&s, 1, 0);
            sample_check(&s);
            for (size_t i = 0; i < s.head.n; i += 7)
                assert_true(isnan(s.measures[i].first) && isnan(s.measures[i].max));
            sample_free(&s);
        }
}

static void test_nan_in_dilated_heads(void **state)
{
    (void)state;
    with_every_kernel(dilated_nan);
}

/* Results of a head that do not depend on a pool. */
struct plain_results {
    float *output;
    struct row_measures *measures;
    struct row_key *top;
};

enum { CUT_TOP = 3 };

static struct plain_results results_of(const struct head *head)
{
    struct plain_results results = {malloc(head->n * head->d_v * sizeof *results.output),
                                    malloc(head->n * sizeof *results.measures),
                                    calloc(head->n * CUT_TOP, sizeof *results.top)};
    struct error error = {0};
    assert_true(results.output && results.measures && results.top);
    const struct engine_job job = {.head = head,
                                   .output = results.output,
                                   .output_row = head->d_v,
                                   .measures = results.measures,
                                   .top = results.top,
                                   .top_count = CUT_TOP};
    assert_true(engine_run(&job, 1, &(const struct engine_options){.threads = 2}, &error));
    return results;
}

static void results_free(struct plain_results *results)
{
    free(results->output);
    free(results->measures);
    free(results->top);
}

/* The rows from `first` on, as a part of their head, have the same bytes. */
static void check_cut(const struct head *whole, size_t first)
{
    const struct head part = head_part(whole, first, whole->n - first);
    struct plain_results all = results_of(whole), some = results_of(&part);
    assert_memory_equal(some.output, all.output + first * part.d_v, part.n * part.d_v * sizeof *some.output);
    assert_same_measures(some.measures, all.measures + first, part.n);
    for (size_t t = 0; t < part.n * CUT_TOP; t++) {
        assert_true(some.top[t].key == all.top[first * CUT_TOP + t].key);
        assert_true(some.top[t].weight == all.top[first * CUT_TOP + t].weight);
    }
    results_free(&all);
    results_free(&some);
}

/* Windows, whose ends cut through blocks and strips of lanes, alone, beside global tokens and in the phases of a dilation;
 * causal and not; and cells of few rows and of more than a block. */
static void windows(void)
{
    for (unsigned turn = 0; turn < 96; turn++) {
        struct sample s;
        sample_make(&s, 150 + dice(300), 150 + dice(500), 1 + dice(40), 1 + dice(40), turn % 2);
        struct rules *rules = &s.head.rules;
        rules->left = dice(turn % 8 < 4 ? 30 : 150);
        rules->right = dice(turn % 8 < 4 ? 30 : 150);
        rules->causal = turn % 3 == 0;
        s.head.offset = turn % 5 == 0 ? (int64_t)s.head.m - (int64_t)s.head.n : 0;
        s.without_rows = turn % 2;
        if (turn % 4 == 1) {
            uint8_t *queries = sample_extra(&s, s.head.n), *keys = sample_extra(&s, s.head.m);
            memset(queries, 0, s.head.n);
            memset(keys, 0, s.head.m);
            queries[dice(70)] = keys[dice(70)] = keys[dice((uint32_t)s.head.m)] = 1;
            rules->query_global = queries;
            rules->key_global = keys;
        }
        if (turn % 4 == 2)
            rules->dilation = s.pool_rows = s.pool_keys = 2 + dice(3);
        if (turn % 4 == 3) {
            rules->query_segment = sample_segments(&s, s.head.n, 60);
            rules->key_segment = sample_segments(&s, s.head.m, 60);
        }
        if (turn % 16 == 10) {
            s.pool_rows *= 100; /* of a phase: more than a block */
            s.pool_keys *= 5;
        }
        if (turn % 7 == 5)
            s.q.data[dice((uint32_t)s.head.n) * s.head.q.row] = NAN;
        sample_form(&s, turn % 6 == 5 ? dice(420) : 0);
        free(s.cells);
        s.cells =
            malloc(((s.head.n - 1) / s.pool_rows + 1) * ((s.head.m - 1) / s.pool_keys + 1) * sizeof *s.cells);
        assert_non_null(s.cells);
        sample_run(&s, 1 + (int)dice(3), 0);
        if (!sample_is_near(&s))
            sample_check(&s);
        check_cut(&s.head, 1 + dice((uint32_t)s.head.n - 1));
        sample_free(&s);
    }
}

static void test_windows(void **state)
{
    (void)state;
    with_every_kernel(windows);
}

/* A receiver and the most rows that it was called with. */
struct counting_receiver {
    size_t rows, most;
};

static void count_received(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    struct counting_receiver *counting = context;
    (void)first;
    (void)weights;
    (void)stride;
    counting->rows += count;
    counting->most = count > counting->most ? count : counting->most;
}

/* Less memory means fewer rows at a time, and one however little it is. */
static void test_memory_limits_the_rows_at_a_time(void **state)
{
    (void)state;
    seed = 6;
    struct sample s;
    sample_make(&s, 200, 4000, 8, 8, false);
    const size_t limits[] = {0, 700000, 400000, 1};
    size_t before = SIZE_MAX;
    for (size_t l = 0; l < 4; l++) {
        struct counting_receiver counting = {0};
        struct engine_job job = {.head = &s.head,
                                 .receiver = {.receive = count_received, .context = &counting}};
        struct engine_options options = {.threads = 1, .memory_limit = limits[l]};
        struct error error = {0};
        assert_true(engine_run(&job, 1, &options, &error));
        assert_int_equal(counting.rows, 200);
        assert_true(counting.most < before);
        before = counting.most;
    }
    assert_int_equal(before, 1);
    sample_free(&s);
}

/* Equal scores: the first key is the argmax, and the top keys come in order. */
static void ties_of(bool plain)
{
    struct sample s;
    sample_make(&s, 70, 300, 4, 4, false);
    memset(s.q.data, 0, ((s.head.n - 1) * s.head.q.row + 4) * sizeof(float));
    s.head.rules.left = 250;
    sample_run_with(&s, &(const struct engine_options){.plain = plain, .threads = 1});
    sample_check(&s);
    for (size_t i = 0; i < 70; i++) {
        assert_int_equal(s.measures[i].argmax, 0);
        for (size_t t = 0; t < s.top_count; t++)
            assert_int_equal(s.top[i * s.top_count + t].key, t);
    }
    sample_free(&s);
}

static void ties(void)
{
    ties_of(false);
}

/* Two pairs of equal keys, the heavier behind the lighter: the first of a pair stays before the second. */
static void plain_pairs_of_equals(void)
{
    struct sample s;
    sample_make(&s, 5, 4, 1, 1, false);
    s.head.scale = 1;
    s.pool_rows = s.pool_keys = 1;
    free(s.cells);
    s.cells = malloc(5 * 4 * sizeof *s.cells);
    assert_non_null(s.cells);
    for (size_t i = 0; i < 5; i++)
        s.q.data[i * s.head.q.row] = 1;
    for (size_t j = 0; j < 4; j++)
        s.k.data[j * s.head.k.row] = j < 2 ? 0 : 1;
    for (int plain = 0; plain < 2; plain++) {
        sample_run_with(&s, &(const struct engine_options){.plain = plain, .threads = 1});
        sample_check(&s);
        for (size_t i = 0; i < 5; i++)
            for (size_t t = 0; t < 3; t++)
                assert_int_equal(s.top[3 * i + t].key, (2 + t) % 4);
    }
    sample_free(&s);
}

static void test_ties_go_to_the_first_key(void **state)
{
    (void)state;
    with_every_kernel(ties);
    ties_of(true);
    plain_pairs_of_equals();
}

/* From rows that attend to one key alone, or nearly so, to rows whose weights are all equal. */
static void entropies(void)
{
    static const size_t keys[] = {1, 2, 121, 4500};
    for (unsigned turn = 0; turn < 24; turn++) {
        struct sample s;
        sample_make(&s, 65, keys[turn % 4], 8, 4, false);
        s.head.scale = (double[]){0, 1e-5, 1, 10, 1e3, 1e6}[turn / 4];
        s.head.softcap = turn % 3 == 2 ? 1e4 : 0;
        sample_run(&s, 1, 0);
        for (size_t i = 0; i < s.head.n; i++) {
            double entropy = 0;
            for (size_t j = 0; j < s.head.m; j++) {
                const double w = (double)s.weights[i * s.head.m + j];
                entropy -= w > 0 ? w * log(w) : 0;
            }
            same(s.measures[i].entropy, entropy, 2e-5, "entropy", &s, i, 0);
            assert_false(signbit(s.measures[i].entropy));
        }
        sample_free(&s);
    }
}

static void test_entropy_from_one_key_to_all(void **state)
{
    (void)state;
    with_every_kernel(entropies);
}

static void projections(void)
{
    static const size_t sizes[] = {1, 3, 6, 64, 65, 130, 200};
    for (unsigned turn = 0; turn < 40; turn++) {
        size_t rows = sizes[dice(7)], inner = turn == 0 ? 5000 : sizes[dice(7)], columns = sizes[dice(7)];
        struct guarded x, w, b, y;
        struct strided grid;
        struct error error = {0};
        size_t step = inner + dice(3);
        fill(&x, &grid, rows, inner, step, turn % 2);
        fill(&w, &grid, inner, columns, columns, turn % 2);
        fill(&b, &grid, 1, columns, columns, turn % 2);
        y = guarded_take(rows * columns, turn % 2);
        const float *bias = turn % 3 ? b.data : NULL;
        assert_true(engine_project(x.data, step, w.data, bias, rows, inner, columns, y.data, 1 + (int)dice(3),
                                   &error));
        for (size_t i = 0; i < rows; i++)
            for (size_t c = 0; c < columns; c++) {
                double sum = bias ? (double)bias[c] : 0;
                for (size_t k = 0; k < inner; k++)
                    sum += (double)x.data[i * step + k] * (double)w.data[k * columns + c];
                if (fabs((double)y.data[i * columns + c] - sum) > 1e-6 * sqrt((double)inner))
                    fail_msg("%s: y (%zu, %zu): %.9g instead of %.9g; %zux%zux%zu", kernel_name(), i, c,
                             (double)y.data[i * columns + c], sum, rows, inner, columns);
            }
        guarded_free(&x);
        guarded_free(&w);
        guarded_free(&b);
        guarded_free(&y);
    }
}

static void test_projections(void **state)
{
    (void)state;
    with_every_kernel(projections);
    float x[] = {1, 2, 9, 3, 4}, b[] = {10, 20}, y[4];
    struct error error = {0};
    assert_true(engine_project(x, 3, NULL, b, 2, 2, 2, y, 1, &error));
    const float wanted[] = {11, 22, 13, 24};
    assert_memory_equal(y, wanted, sizeof y);
}

static void count_rows(void *context, size_t done, size_t rows)
{
    size_t *counted = context;
    counted[0] = done;
    counted[1] = rows;
}

static void test_progress(void **state)
{
    (void)state;
    struct sample s;
    seed = 5;
    sample_make(&s, 200, 300, 8, 8, false);
    struct engine_job job = sample_job(&s);
    struct error error = {0};
    size_t counted[2] = {0};
    struct engine_options options = {.threads = 1, .progress = count_rows, .context = counted};
    assert_true(engine_run(&job, 1, &options, &error));
    assert_true(counted[0] > 0);
    assert_int_equal(counted[0], counted[1]);
    sample_free(&s);
}

static void test_select(void **state)
{
    (void)state;
    assert_false(kernel_choose("abacus"));
    assert_true(kernel_choose("portable"));
    assert_string_equal(kernel_name(), "portable");
    assert_true(kernel_choose("best"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_odd_sizes_and_masks),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_nan_and_infinity),
        cmocka_unit_test(test_threads_and_strips_give_the_same_bytes),
        cmocka_unit_test(test_large_values),
        cmocka_unit_test(test_nan_in_dilated_heads),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_memory_limits_the_rows_at_a_time),
        cmocka_unit_test(test_ties_go_to_the_first_key),
        cmocka_unit_test(test_entropy_from_one_key_to_all),
        cmocka_unit_test(test_projections),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_select),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
