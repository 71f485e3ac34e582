/*
 * The engine beside OpenBLAS's sgemm, by turns in one process, the best of several rounds each. Prints a line
 * "row<TAB>what<TAB>ratio<TAB>least<TAB>aim<TAB>detail" for each, for bench.py, and lines "seconds<TAB>8192<TAB>S" and
 * "seconds<TAB>recurrence gated<TAB>S" for what it compares with other libraries.
 *
 * An OpenBLAS that does not know the processor takes a lesser kernel; OPENBLAS_CORETYPE=SkylakeX makes it
 * take the one for AVX-512.
 */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attention/mask_count.h"
#include "base/memory.h"
#include "base/workers.h"
#include "engine/engine.h"
#include "engine/kernel.h"
#include "engine/threads.h"
#include "tensor/dtype.h"

enum { GEMM = 4096, ROUNDS = 5, CELLS = 512 };

/* Heads of n queries and keys, each on its own in memory. */
struct shape {
    size_t n, heads, d;
    bool causal;
    struct rules rules; /* used where `sparse` */
    bool sparse;
    const struct head *form; /* what is not softmax alone; NULL: nothing */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Zeros, in memory as the program takes it for its arrays. */
static void *take(size_t count, size_t size)
{
    struct error error = {0};
    void *memory = memory_alloc(count, size, &error);
    if (!memory) {
        fprintf(stderr, "bench_engine: %s\n", error.message);
        exit(1);
    }
    memset(memory, 0, count * size);
    return memory;
}

/* Numbers from -1 to 1. */
static float *noise(size_t count)
{
    float *x = take(count, sizeof *x);
    uint32_t seed = 1;
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) / 8388608.0f - 1;
    }
    return x;
}

static double gemm_seconds(void)
{
    static float *a, *b, *c;
    if (!a) {
        a = noise((size_t)GEMM * GEMM);
        b = noise((size_t)GEMM * GEMM);
        c = noise((size_t)GEMM * GEMM);
    }
    double start = now();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, GEMM, GEMM, GEMM, 1, a, GEMM, b, GEMM, 0, c, GEMM);
    return now() - start;
}

static struct rules rules_of(const struct shape *shape)
{
    return shape->sparse ? shape->rules : (struct rules){.causal = shape->causal, .left = -1, .right = -1};
}

/* Output, measures and pooled weights of all heads: the mean over as many runs as fill `fill` seconds. */
static double engine_seconds(const struct shape *shape, double fill)
{
    size_t n = shape->n, count = n * shape->d, step = (n + CELLS - 1) / CELLS;
    float *q = noise(shape->heads * count), *k = noise(shape->heads * count),
          *v = noise(shape->heads * count);
    float *output = noise(shape->heads * count), *cells = noise(shape->heads * CELLS * CELLS);
    struct row_measures *measures = take(shape->heads * n, sizeof *measures);
    struct head *heads = take(shape->heads, sizeof *heads);
    struct engine_job *jobs = take(shape->heads, sizeof *jobs);
    for (size_t h = 0; h < shape->heads; h++) {
        struct head *head = &heads[h];
        *head = shape->form ? *shape->form : (struct head){0};
        head->n = head->m = n;
        head->d_k = head->d_v = shape->d;
        head->q = (struct strided){q + h * count, shape->d, 1};
        head->k = (struct strided){k + h * count, shape->d, 1};
        head->v = (struct strided){v + h * count, shape->d, 1};
        head->scale = 1 / sqrt((double)shape->d);
        head->rules = rules_of(shape);
        jobs[h] =
            (struct engine_job){.head = &heads[h],
                                .output = output + h * count,
                                .output_row = shape->d,
                                .measures = measures + h * n,
                                .pool = {.cells = cells + h * CELLS * CELLS, .rows = step, .keys = step}};
    }
    const struct engine_options options = {0};
    struct error error = {0};
    double start = now(), seconds = 0;
    int runs = 0;
    for (; runs == 0 || seconds < fill; runs++, seconds = now() - start)
        if (!engine_run(jobs, shape->heads, &options, &error)) {
            fprintf(stderr, "bench_engine: %s\n", error.message);
            exit(1);
        }
    free(q), free(k), free(v), free(output), free(cells), free(measures), free(heads), free(jobs);
    return seconds / runs;
}

/* Both are given as much time in a round, because the best of many short ones is no fair match for the best
 * of a few long ones. Returns the engine's seconds. */
static double compare(const char *what, struct shape shape, const char *least, const char *aim)
{
    double best = INFINITY, gemm = INFINITY;
    for (int r = 0; r < ROUNDS; r++) {
        const double gemm_round = gemm_seconds();
        gemm = fmin(gemm, gemm_round);
        best = fmin(best, engine_seconds(&shape, gemm_round));
    }
    double flops =
        4.0 * (double)(shape.n * shape.n) * (double)(shape.d * shape.heads) / (shape.causal ? 2 : 1);
    double rate = flops / best * 1e-9, gemm_rate = 2.0 * GEMM * GEMM * GEMM / gemm * 1e-9;
    printf("row\t%s ÷ sgemm %d³\t%.2f\t%s\t%s\t%s %.0f GFLOP/s, sgemm %.0f\n", what, GEMM, rate / gemm_rate,
           least, aim, kernel_name(), rate, gemm_rate);
    fflush(stdout);
    return best;
}

/* What masks that allow few pairs cost, beside the full matrix: how many times faster, by how many times
 * fewer pairs. */
static void compare_sparse(const char *what, struct rules rules)
{
    const size_t n = 16384;
    struct shape full = {.n = n, .heads = 1, .d = 64}, sparse = full;
    sparse.sparse = true;
    sparse.rules = rules;
    const struct head head = {.n = n, .m = n, .rules = rules};
    struct error error = {0};
    size_t allowed = 0;
    mask_count(&head, 1, &allowed, NULL, &error);
    double pairs = (double)allowed / (double)n / (double)n;
    double seconds = INFINITY, whole = INFINITY;
    for (int r = 0; r < ROUNDS; r++) {
        const double whole_round = engine_seconds(&full, 0);
        whole = fmin(whole, whole_round);
        seconds = fmin(seconds, engine_seconds(&sparse, whole_round));
    }
    printf("row\tn = 16,384, %s: pairs a second ÷ full\t%.2f\t0.5\t1\t"
           "%.1f times faster, %.1f times fewer pairs, %.1f ms\n",
           what, whole / seconds * pairs, whole / seconds, 1 / pairs, 1e3 * seconds);
    fflush(stdout);
}

static void compare_all_sparse(void)
{
    static uint8_t global[16384] = {1, 1};
    compare_sparse("window 256", (struct rules){.left = 256, .right = 256});
    compare_sparse("window 256 causal", (struct rules){.causal = true, .left = 256, .right = -1});
    compare_sparse("window 256, 2 global tokens",
                   (struct rules){.left = 256, .right = 256, .query_global = global, .key_global = global});
    compare_sparse("blocks of 256", (struct rules){.left = -1, .right = -1, .block = 256});
    static float open[16384];
    static int32_t document[16384];
    for (size_t i = 0; i < 16384; i++) {
        open[i] = i < 2048;
        document[i] = (int32_t)(i / 1024);
    }
    compare_sparse(
        "documents of 1,024",
        (struct rules){.left = -1, .right = -1, .query_segment = document, .key_segment = document});
    compare_sparse("2,048 keys open", (struct rules){.left = -1, .right = -1, .key_mask = {open, 0, 1}});
    compare_sparse("dilation 16", (struct rules){.left = -1, .right = -1, .dilation = 16});
    compare_sparse("window 256, dilation 4", (struct rules){.left = 256, .right = 256, .dilation = 4});
}

/* What a form costs beside softmax alone, in turns. */
static void compare_form(const char *what, struct head head, const char *least, const char *aim)
{
    const struct shape alone = {.n = 8192, .heads = 1, .d = 64};
    struct shape form = alone;
    form.form = &head;
    double seconds = INFINITY, softmax = INFINITY;
    for (int r = 0; r < ROUNDS; r++) {
        const double round = engine_seconds(&alone, 0);
        softmax = fmin(softmax, round);
        seconds = fmin(seconds, engine_seconds(&form, round));
    }
    printf("row\tn = 8,192, %s: rate ÷ softmax\t%.2f\t%s\t%s\t%.1f ms, softmax %.1f ms\n", what,
           softmax / seconds, least, aim, 1e3 * seconds, 1e3 * softmax);
    fflush(stdout);
}

static void compare_forms(void)
{
    static float additive[64];
    for (size_t c = 0; c < 64; c++)
        additive[c] = c % 2 == 0 ? 0.5f : -0.25f;
    compare_form("a sink", (struct head){.has_sink = true, .sink = 1}, "0.95", "1");
    compare_form("dropout", (struct head){.dropout = 0.1, .seed = 1}, "0.6", "0.9");
    compare_form("additive scores, d_a = 64", (struct head){.additive = additive}, "0.05", "0.15");
    compare_form("distance scores", (struct head){.by_distance = true}, "-", "-");
    compare_form("sparsemax", (struct head){.normalizer = NORMALIZER_SPARSEMAX}, "0.3", "0.6");
    compare_form("entmax15", (struct head){.normalizer = NORMALIZER_ENTMAX15}, "0.3", "0.6");
    compare_form("top-k 32", (struct head){.top_k = 32}, "0.3", "0.6");
    compare_form("top-k 1,024", (struct head){.top_k = 1024}, "0.3", "0.6");
    compare_form("sigmoid", (struct head){.normalizer = NORMALIZER_SIGMOID}, "-", "-");
    compare_form("linear", (struct head){.normalizer = NORMALIZER_LINEAR}, "0.9", "1");
}

/* ---- what grows with n alone ---- */

/* Linear attention, or a recurrence, of one head. */
struct linear_form {
    const char *name;
    enum recurrence rule;
    bool by_column; /* the decay */
    bool causal;
};

enum { LINEAR_LONG = 131072, LINEAR_SHORT = 16384, LINEAR_D = 64 };

/* A copy of q, k, v and the output: `from` and `to` have room for them. */
static double copy_seconds(float *to, const float *from, size_t n)
{
    const size_t count = 4 * n * LINEAR_D;
    double best = INFINITY;
    for (size_t done = 0; done < 4 * (size_t)LINEAR_LONG * LINEAR_D; done += count) {
        const double start = now();
        memcpy(to, from, count * sizeof *to);
        best = fmin(best, now() - start);
    }
    return best;
}

/* The output alone; `memory` holds q, k, v, and the decays. */
static double linear_seconds(const struct linear_form *form, const float *memory, float *output, size_t n,
                             const float *beta)
{
    const size_t count = n * LINEAR_D;
    const size_t decays = form->by_column ? LINEAR_D : 1;
    const struct head head = {.n = n,
                              .m = n,
                              .d_k = LINEAR_D,
                              .d_v = LINEAR_D,
                              .q = {memory, LINEAR_D, 1},
                              .k = {memory + count, LINEAR_D, 1},
                              .v = {memory + 2 * count, LINEAR_D, 1},
                              .scale = form->rule == RECURRENCE_NONE ? 1 : 0.125,
                              .normalizer = NORMALIZER_LINEAR,
                              .rules = {.causal = form->causal, .left = -1, .right = -1},
                              .recurrent = {.rule = form->rule,
                                            .decay = {memory + 3 * count, decays, form->by_column},
                                            .beta = {beta, 1, 1}}};
    const struct engine_job job = {.head = &head, .output = output, .output_row = LINEAR_D};
    const struct engine_options options = {0};
    struct error error = {0};
    if (strcmp(engine_name(&job, 1, &options), "linear") != 0)
        fprintf(stderr, "bench_engine: %s is not run by the linear runner\n", form->name);
    const double start = now();
    if (!engine_run(&job, 1, &options, &error)) {
        fprintf(stderr, "bench_engine: %s\n", error.message);
        exit(1);
    }
    return now() - start;
}

/* How a form and a copy grow from the short to the long sequence, in turns. */
static void compare_linear(const struct linear_form *form, const float *memory, float *output, float *spare,
                           const float *beta)
{
    double seconds[2] = {INFINITY, INFINITY}, copy[2] = {INFINITY, INFINITY};
    const size_t n[2] = {LINEAR_SHORT, LINEAR_LONG};
    for (int r = 0; r < 2 * ROUNDS; r++)
        for (int i = 0; i < 2; i++) {
            copy[i] = fmin(copy[i], copy_seconds(spare, memory, n[i]));
            for (size_t done = 0; done < LINEAR_LONG; done += n[i])
                seconds[i] = fmin(seconds[i], linear_seconds(form, memory, output, n[i], beta));
        }
    const double doublings = log2((double)LINEAR_LONG / LINEAR_SHORT);
    const double grows = log2(seconds[1] / seconds[0]) / doublings,
                 copies = log2(copy[1] / copy[0]) / doublings;
    printf("row\tn = 131,072, %s, output alone: time ÷ a copy of q, k, v and output\t%.1f\t20\t8\t"
           "%.1f ms, a copy %.1f ms\n",
           form->name, seconds[1] / copy[1], 1e3 * seconds[1], 1e3 * copy[1]);
    printf(
        "row\t%s: exponent of growth from n = 16,384, less that of a copy\t%.2f\t0.1\t0\t%.2f, a copy %.2f\n",
        form->name, grows - copies, grows, copies);
    printf("seconds\t%s\t%.6f\n", form->name, seconds[1]);
    fflush(stdout);
}

static void compare_all_linear(void)
{
    static const struct linear_form forms[] = {
        {.name = "linear attention", .rule = RECURRENCE_NONE},
        {.name = "linear attention, causal", .rule = RECURRENCE_NONE, .causal = true},
        {.name = "recurrence linear", .rule = RECURRENCE_LINEAR},
        {.name = "recurrence gated", .rule = RECURRENCE_GATED},
        {.name = "recurrence gated, a decay a column", .rule = RECURRENCE_GATED, .by_column = true},
        {.name = "recurrence delta", .rule = RECURRENCE_DELTA},
        {.name = "recurrence gated_delta", .rule = RECURRENCE_GATED_DELTA},
        {.name = "recurrence gated_delta, a decay a column",
         .rule = RECURRENCE_GATED_DELTA,
         .by_column = true},
    };
    const size_t count = (size_t)LINEAR_LONG * LINEAR_D;
    float *memory = noise(4 * count), *output = noise(count), *spare = noise(4 * count);
    float *beta = take(LINEAR_LONG, sizeof *beta);
    for (size_t t = 0; t < LINEAR_LONG; t++)
        beta[t] = 0.02f; /* of keys whose squares sum to some 21 */
    /* Features of linear attention, and decays that are not above 0. For both lengths, each behind the other. */
    for (size_t i = 0; i < 4 * count; i++)
        memory[i] = memory[i] < 0 ? memory[i] : -memory[i];
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        compare_linear(&forms[i], memory, output, spare, beta);
    free(memory), free(output), free(spare), free(beta);
}

/* ---- beside another program ---- */

/* "peer N HEADS D THREADS CAUSAL SECONDS [FILE]": runs for so many seconds and prints those of the fastest run. Output and
 * measures; q, k, v and the output are n×(heads·d), as projections leave them. With FILE writes the output there,
 * packed floats. */
static int run_peer(int argc, char **argv)
{
    if (argc < 6) {
        fputs("usage: bench_engine peer N HEADS D THREADS CAUSAL SECONDS [FILE]\n", stderr);
        return 2;
    }
    const size_t n = strtoul(argv[0], NULL, 10), count = strtoul(argv[1], NULL, 10),
                 d = strtoul(argv[2], NULL, 10);
    const struct engine_options options = {.threads = atoi(argv[3])};
    const bool causal = atoi(argv[4]) != 0;
    const double fill = atof(argv[5]);
    const size_t columns = count * d;
    float *memory = noise(3 * n * columns), *output = take(n * columns, sizeof *output);
    struct row_measures *measures = take(count * n, sizeof *measures);
    struct head *heads = take(count, sizeof *heads);
    struct engine_job *jobs = take(count, sizeof *jobs);
    for (size_t h = 0; h < count; h++) {
        heads[h] = (struct head){.n = n,
                                 .m = n,
                                 .d_k = d,
                                 .d_v = d,
                                 .q = {memory + h * d, columns, 1},
                                 .k = {memory + n * columns + h * d, columns, 1},
                                 .v = {memory + 2 * n * columns + h * d, columns, 1},
                                 .scale = 1 / sqrt((double)d),
                                 .rules = {.causal = causal, .left = -1, .right = -1}};
        jobs[h] = (struct engine_job){
            .head = &heads[h], .output = output + h * d, .output_row = columns, .measures = measures + h * n};
    }
    struct error error = {0};
    const double start = now();
    double best = INFINITY;
    for (int runs = 0; runs < 2 || now() - start < fill; runs++) {
        const double before = now();
        if (!engine_run(jobs, count, &options, &error)) {
            fprintf(stderr, "bench_engine: %s\n", error.message);
            return 1;
        }
        if (runs > 0) /* the first one warms up */
            best = fmin(best, now() - before);
    }
    printf("%.9f\n", best);
    FILE *file = argc > 6 ? fopen(argv[6], "wb") : NULL;
    const bool written =
        argc <= 6 || (file && fwrite(output, sizeof *output, n * columns, file) == n * columns);
    if ((file && fclose(file) != 0) || !written) {
        perror(argv[6]);
        return 1;
    }
    free(memory), free(output), free(measures), free(heads), free(jobs);
    return 0;
}

/* ---- few queries over many keys ---- */

enum { DECODE_HEADS = 4, DECODE_KEYS = 131072, DECODE_D = 64 };

/* K or V of a head. */
static const size_t decode_count = (size_t)DECODE_KEYS * DECODE_D;

/* Reads numbers by summing them up, in more lanes than an addition takes steps, so that memory alone bounds it. */
static float sum_of(const float *x, size_t count)
{
    typedef float lanes __attribute__((vector_size(64)));
    lanes sum[8] = {0};
    for (size_t i = 0; i + 128 <= count; i += 128)
        for (size_t s = 0; s < 8; s++) {
            lanes next;
            memcpy(&next, x + i + s * 16, sizeof next);
            sum[s] += next;
        }
    float all = 0;
    for (size_t s = 0; s < 8; s++)
        for (size_t l = 0; l < 16; l++)
            all += sum[s][l];
    return all;
}

enum { READ_STEP = 1 << 17 };

static void read_work(void *context, int worker, size_t piece)
{
    static volatile float kept[WORKERS_MAX];
    const float *kv = context;
    kept[worker] = sum_of(kv + piece * READ_STEP, READ_STEP);
    (void)kept[worker];
}

/* Reads K and V of all heads. */
static double read_seconds(float *kv, int threads)
{
    const double start = now();
    workers_run_on(threads, 2 * DECODE_HEADS * decode_count / READ_STEP, read_work, kv);
    return now() - start;
}

/* Output alone, of one query a head. */
static double decode_seconds(const float *q, const float *kv, float *output, int threads)
{
    struct head heads[DECODE_HEADS];
    struct engine_job jobs[DECODE_HEADS];
    const struct engine_options options = {.threads = threads};
    struct error error = {0};
    for (size_t h = 0; h < DECODE_HEADS; h++) {
        heads[h] = (struct head){.n = 1,
                                 .m = DECODE_KEYS,
                                 .d_k = DECODE_D,
                                 .d_v = DECODE_D,
                                 .q = {q + h * DECODE_D, DECODE_D, 1},
                                 .k = {kv + 2 * h * decode_count, DECODE_D, 1},
                                 .v = {kv + (2 * h + 1) * decode_count, DECODE_D, 1},
                                 .offset = DECODE_KEYS - 1,
                                 .scale = 0.125,
                                 .rules = {.causal = true, .left = -1, .right = -1}};
        jobs[h] =
            (struct engine_job){.head = &heads[h], .output = output + h * DECODE_D, .output_row = DECODE_D};
    }
    const double start = now();
    if (!engine_run(jobs, DECODE_HEADS, &options, &error)) {
        fprintf(stderr, "bench_engine: %s\n", error.message);
        exit(1);
    }
    return now() - start;
}

/* K and V of all heads do not fit the last cache: at best a query takes as long as they take to be read. */
static void compare_decoding(void)
{
    float *q = noise((size_t)DECODE_HEADS * DECODE_D), *kv = noise(2 * DECODE_HEADS * decode_count),
          *output = noise((size_t)DECODE_HEADS * DECODE_D);
    for (int threads = 1; threads >= 0; threads--) { /* 0: all */
        double seconds = INFINITY, reading = INFINITY;
        for (int r = 0; r < 4 * ROUNDS; r++) {
            reading = fmin(reading, read_seconds(kv, engine_threads(threads)));
            seconds = fmin(seconds, decode_seconds(q, kv, output, threads));
        }
        const double bytes = 2.0 * DECODE_HEADS * (double)decode_count * sizeof(float);
        printf("row\tone query over 131,072 keys, %s: GB/s of K and V ÷ reading them\t%.2f\t%s\t%s\t"
               "%.1f GB/s, reading %.1f, %.2f ms a head\n",
               threads == 1 ? "one thread" : "all threads", reading / seconds, threads == 1 ? "-" : "0.7",
               threads == 1 ? "-" : "0.9", bytes / seconds * 1e-9, bytes / reading * 1e-9,
               1e3 * seconds / DECODE_HEADS);
        fflush(stdout);
    }
    free(q), free(kv), free(output);
}

/* Time of the processor in this thread, which others on the machine change less. */
static double worked(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* How fast types of files become float32, on one thread, from memory to memory: GB/s of what is written. memcpy, in the same
 * rounds, says what the memory gives. */
static void compare_widening(void)
{
    enum { NUMBERS = 1 << 24 };
    static const struct {
        enum dtype dtype;
        const char *least;
    } types[] = {{DTYPE_F16, "4"},    {DTYPE_BF16, "4"}, {DTYPE_I8, "-"},   {DTYPE_I32, "-"},
                 {DTYPE_F64, "-"},    {DTYPE_Q8_0, "2"}, {DTYPE_Q4_0, "-"}, {DTYPE_Q4_1, "-"},
                 {DTYPE_Q5_0, "-"},   {DTYPE_Q5_1, "-"}, {DTYPE_Q2_K, "-"}, {DTYPE_Q3_K, "-"},
                 {DTYPE_Q4_K, "2"},   {DTYPE_Q5_K, "-"}, {DTYPE_Q6_K, "-"}, {DTYPE_IQ4_NL, "-"},
                 {DTYPE_IQ4_XS, "-"}, {DTYPE_MXFP4, "-"}};
    enum { TYPES = sizeof types / sizeof types[0] };
    double copying = INFINITY, seconds[TYPES];
    unsigned char *from = take(NUMBERS, sizeof(double));
    float *to = noise(NUMBERS);
    uint32_t seed = 1;
    for (size_t i = 0; i < NUMBERS * sizeof(double); i++) {
        seed = seed * 1664525u + 1013904223u;
        from[i] = (unsigned char)(seed >> 24 & 0x7b); /* no scale is a NaN */
    }
    for (size_t i = 0; i < TYPES; i++)
        seconds[i] = INFINITY;
    for (int r = 0; r < ROUNDS; r++) {
        double start = worked();
        memcpy(to, from, NUMBERS * sizeof *to);
        copying = fmin(copying, worked() - start);
        for (size_t i = 0; i < TYPES; i++) {
            const struct dtype_kind *kind = dtype_kind(types[i].dtype);
            start = worked();
            kind->widen(to, from, NUMBERS / kind->count);
            seconds[i] = fmin(seconds[i], worked() - start);
        }
    }
    const double bytes = NUMBERS * sizeof *to * 1e-9;
    for (size_t i = 0; i < TYPES; i++)
        printf("row\t%s to float32, one thread: GB/s written\t%.1f\t%s\t%s\tmemcpy %.1f GB/s\n",
               dtype_kind(types[i].dtype)->name, bytes / seconds[i], types[i].least, types[i].least,
               bytes / copying);
    free(from), free(to);
}

/* With "avx2" only the AVX2 form, for a run in which OpenBLAS takes its AVX2 kernel; with "sparse", "forms", "linear",
 * "decoding" or "widen" only those; with "peer" run_peer. */
int main(int argc, char **argv)
{
    memory_begin(); /* as the program does */
    if (argc > 1 && strcmp(argv[1], "peer") == 0)
        return run_peer(argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], "avx2") == 0) {
        if (kernel_choose("avx2"))
            compare("n = 8,192, AVX2 form", (struct shape){.n = 8192, .heads = 1, .d = 64}, "0.7", "0.9");
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "sparse") == 0) {
        compare_all_sparse();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "forms") == 0) {
        compare_forms();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "linear") == 0) {
        compare_all_linear();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "decoding") == 0) {
        compare_decoding();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "widen") == 0) {
        compare_widening();
        return 0;
    }
    double seconds = compare("n = 8,192, d = 64", (struct shape){.n = 8192, .heads = 1, .d = 64}, "0.9", "1");
    compare("n = 1,024, 12 heads", (struct shape){.n = 1024, .heads = 12, .d = 64}, "0.8", "1");
    compare("n = 8,192, d = 128", (struct shape){.n = 8192, .heads = 1, .d = 128}, "0.8", "1");
    compare("n = 8,192 causal, half the flops",
            (struct shape){.n = 8192, .heads = 1, .d = 64, .causal = true}, "0.8", "0.95");
    compare_all_sparse();
    compare_forms();
    compare_all_linear();
    compare_decoding();
    compare_widening();
    if (kernel_choose("portable"))
        compare("n = 8,192, portable form", (struct shape){.n = 8192, .heads = 1, .d = 64}, "-", "-");
    printf("seconds\t8192\t%.6f\n", seconds);
    return 0;
}
