/* The plain form of the float32 engine: one row of scores a thread, and loops that a compiler can vectorise.
 */
#include "core/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/memory.h"

/* Rows a thread takes at a time. */
enum { BLOCK = 16 };

int engine_threads(int threads)
{
#ifdef _OPENMP
    return threads > 0 ? threads : omp_get_num_procs();
#else
    (void)threads;
    return 1;
#endif
}

static int thread_number(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

/* Sixteen running sums: fewer roundings in a row than one, and lanes for the compiler. */
static float dot(const float *a, const float *b, size_t count)
{
    enum { LANES = 16 };
    float sums[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int l = 0; l < LANES; l++)
            sums[l] += a[i + l] * b[i + l];
    for (int l = 0; i < count; i++, l++)
        sums[l] += a[i] * b[i];
    for (int step = LANES / 2; step > 0; step /= 2)
        for (int l = 0; l < step; l++)
            sums[l] += sums[l + step];
    return sums[0];
}

/* Weights of query i into row[0..m). `allowed` is room for m flags. */
static void weigh_row(const struct head *head, size_t i, float *row, unsigned char *allowed)
{
    size_t first, end, seen = 0;
    const float *q = head->q.data + i * head->q.row;
    const float scale = (float)head->scale, softcap = (float)head->softcap;
    head_reach(head, i, &first, &end);

    /* pass 1: masked scores of the keys in reach, and the largest */
    float largest = -INFINITY;
    bool broken = false;
    for (size_t j = first; j < end; j++) {
        allowed[j] = !(head->mask.data || head->bias.data) || head_allows(head, i, j);
        if (!allowed[j])
            continue;
        float score = dot(q, head->k.data + j * head->k.row, head->d_k) * scale;
        if (softcap > 0)
            score = softcap * tanhf(score / softcap);
        if (head->bias.data)
            score += head->bias.data[i * head->bias.row + j * head->bias.column];
        row[j] = score;
        seen++;
        broken = broken || isnan(score);
        largest = score > largest ? score : largest;
    }

    /* pass 2: softmax. A score of NaN or +infinity, or nothing but -infinity, makes the row NaN */
    if (broken || (seen > 0 && isinf(largest))) {
        for (size_t j = 0; j < head->m; j++)
            row[j] = NAN;
        return;
    }
    double sum = 0;
    for (size_t j = first; j < end; j++) {
        row[j] = allowed[j] ? expf(row[j] - largest) : 0;
        sum += (double)row[j];
    }
    const float share = seen > 0 ? (float)(1 / sum) : 0;
    for (size_t j = first; j < end; j++)
        row[j] *= share;
    memset(row, 0, first * sizeof *row);
    memset(row + end, 0, (head->m - end) * sizeof *row);
}

/* Output of one row. `sums` is room for d_v; wide, because there may be very many keys. */
static void pool_row(const struct head *head, size_t i, const float *row, const unsigned char *allowed,
                     double *sums, float *output)
{
    size_t first, end;
    head_reach(head, i, &first, &end);
    bool broken = head->m > 0 && isnan(row[0]);
    memset(sums, 0, head->d_v * sizeof *sums);
    for (size_t j = first; j < end; j++) {
        if (!allowed[j])
            continue;
        const float *v = head->v.data + j * head->v.row;
        const double weight = (double)row[j];
        for (size_t c = 0; c < head->d_v; c++)
            sums[c] += weight * (double)v[c];
    }
    for (size_t c = 0; c < head->d_v; c++)
        output[c] = broken ? NAN : (float)sums[c];
}

/* What a thread works in. */
struct room {
    float *rows; /* BLOCK×m */
    unsigned char *allowed;
    double *sums;
};

static void run_block(const struct engine_job *job, size_t first, size_t count, const struct room *room)
{
    size_t m = job->head->m;
    for (size_t r = 0; r < count; r++) {
        float *row = room->rows + r * m;
        weigh_row(job->head, first + r, row, room->allowed);
        if (job->output)
            pool_row(job->head, first + r, row, room->allowed, room->sums,
                     job->output + (first + r) * job->output_row);
    }
    if (job->taker.take)
        job->taker.take(job->taker.context, first, count, room->rows, m);
}

static void free_rooms(struct room *rooms, int count)
{
    for (int t = 0; rooms && t < count; t++) {
        free(rooms[t].rows);
        free(rooms[t].allowed);
        free(rooms[t].sums);
    }
    free(rooms);
}

static struct room *make_rooms(const struct engine_job *jobs, size_t count, int threads, struct error *error)
{
    size_t m = 0, d_v = 0, floats;
    for (size_t i = 0; i < count; i++) {
        m = jobs[i].head->m > m ? jobs[i].head->m : m;
        d_v = jobs[i].head->d_v > d_v ? jobs[i].head->d_v : d_v;
    }
    struct room *rooms = memory_zeroed((size_t)threads, sizeof *rooms, error);
    if (!rooms || !size_multiply(m, BLOCK, &floats)) {
        free(rooms);
        error_memory(error, m);
        return NULL;
    }
    for (int t = 0; t < threads; t++) {
        rooms[t].rows = memory_take(floats, sizeof *rooms[t].rows, error);
        rooms[t].allowed = memory_take(m, 1, error);
        rooms[t].sums = memory_take(d_v, sizeof *rooms[t].sums, error);
        if (!rooms[t].rows || !rooms[t].allowed || !rooms[t].sums) {
            free_rooms(rooms, threads);
            return NULL;
        }
    }
    return rooms;
}

bool engine_run(const struct engine_job *jobs, size_t count, int threads, struct error *error)
{
    return engine_run_with(jobs, count, &(struct engine_options){.threads = threads}, error);
}

bool engine_run_with(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                     struct error *error)
{
    size_t blocks = 0, work = 0, rows = 0, done = 0;
    for (size_t i = 0; i < count; i++) {
        blocks += (jobs[i].head->n + BLOCK - 1) / BLOCK;
        work += jobs[i].head->n * jobs[i].head->m;
        rows += jobs[i].head->n;
    }
    /* Waking threads takes longer than a small problem. */
    int threads = work < 20000 ? 1 : engine_threads(options->threads);
    struct room *rooms = make_rooms(jobs, count, threads, error);
    if (!rooms)
        return false;
#pragma omp parallel for schedule(dynamic) num_threads(threads) if (threads > 1)
    for (size_t b = 0; b < blocks; b++) {
        size_t job = 0, block = b;
        for (size_t of; block >= (of = (jobs[job].head->n + BLOCK - 1) / BLOCK); job++)
            block -= of;
        size_t first = block * BLOCK, left = jobs[job].head->n - first;
        size_t taken = left < BLOCK ? left : BLOCK, so_far;
        run_block(&jobs[job], first, taken, &rooms[threads > 1 ? thread_number() : 0]);
#pragma omp atomic capture
        so_far = done += taken;
        if (options->progress && thread_number() == 0)
            options->progress(options->context, so_far, rows);
    }
    free_rooms(rooms, threads);
    return true;
}

bool engine_project(const float *x, size_t x_row, const float *w, const float *b, size_t rows, size_t inner,
                    size_t columns, float *y, int threads, struct error *error)
{
    threads = rows * columns < 20000 ? 1 : engine_threads(threads);
    double *sums = memory_take((size_t)threads * columns, sizeof *sums, error);
    if (!sums)
        return false;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t i = 0; i < rows; i++) {
        double *sum = sums + (threads > 1 ? (size_t)thread_number() : 0) * columns;
        for (size_t c = 0; c < columns; c++)
            sum[c] = (b ? (double)b[c] : 0) + (w ? 0 : (double)x[i * x_row + c]);
        for (size_t k = 0; w && k < inner; k++)
            for (size_t c = 0; c < columns; c++)
                sum[c] += (double)x[i * x_row + k] * (double)w[k * columns + c];
        for (size_t c = 0; c < columns; c++)
            y[i * columns + c] = (float)sum[c];
    }
    free(sums);
    return true;
}

const char *engine_name(void)
{
    return "plain";
}
