/*
 * The float32 engine: exact attention of many heads at once, over threads, block by block of query rows.
 * Nothing of size n×m is held unless the receiver of the rows holds it, and nothing is copied but one block
 * of queries. Agrees with attention/reference.h to 2e-6 where |scaled scores| <= 20. How it works:
 * engine/kernel_tmpl.h.
 */
#ifndef ATTN_ENGINE_ENGINE_H
#define ATTN_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/head.h"
#include "attention/measures.h"
#include "base/error.h"

/*
 * Takes finished rows of weights, first..first+count-1, of which row r begins at weights + r*stride (r from
 * 0), m numbers each. Called once for every row of the head, from any thread and in any order; calls for
 * different rows may run at the same time. The memory is valid during the call only. Costs a second product
 * QK^T.
 */
struct row_receiver {
    void (*take)(void *context, size_t first, size_t count, const float *weights, size_t stride);
    void *context;
};

/* One of a row's heaviest keys. */
struct row_key {
    float weight;
    size_t key; /* SIZE_MAX, with weight 0, where the row has no more */
};

/* The weights in cells of rows×keys numbers (the last ones of a row or column may be smaller): the largest
 * weight of a cell or the mean of its weights. A cell with a NaN is NaN. */
struct pooling {
    float *cells; /* ceil(n/rows)×ceil(m/keys), packed; NULL: not wanted */
    size_t rows, keys;
    bool mean;
};

struct engine_job {
    const struct head *head;
    float *output; /* n×d_v, row i at output + i*output_row; NULL: not wanted */
    size_t output_row;
    struct row_receiver taker; /* take may be NULL */

    /* Got on the way, at next to no cost, from the weights before they are dropped. */
    struct row_measures *measures; /* n; NULL: not wanted */
    struct row_key *top;           /* n×top_count, heaviest first, ties by key; NULL: not wanted */
    size_t top_count;
    struct pooling pool;
};

struct engine_options {
    int threads;         /* 0: as many as the machine has */
    size_t memory_limit; /* bytes that the engine may take for itself; 0: no limit. Long rows for a taker are
                       * then handed out fewer at a time. What is needed at the very least is taken anyway. */
    void (*progress)(void *context, size_t rows_done,
                     size_t rows); /* from the calling thread only; or NULL */
    void *context;
};

/*
 * Runs all jobs. The results do not depend on the number of threads, bit for bit. Errors: no memory, or a
 * size that cannot be.
 */
bool engine_run(const struct engine_job *jobs, size_t count, int threads, struct error *error);
bool engine_run_with(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                     struct error *error);

/* y = x·w + b in float32: x rows×inner (row step x_row), w inner×columns or NULL for the
 * identity (then columns == inner), b columns or NULL; y rows×columns, packed. */
bool engine_project(const float *x, size_t x_row, const float *w, const float *b, size_t rows, size_t inner,
                    size_t columns, float *y, int threads, struct error *error);

/* Takes the kernel of that name ("avx512", "avx2", "portable"; "best" is what runs anyway). False, with
 * nothing changed, where there is none or this processor cannot run it. Not while the engine runs. */
bool engine_select(const char *name);

/* What runs, for `-v`, and how many threads `threads` (0: chosen) stands for. */
const char *engine_name(void);
int engine_threads(int threads);

/* The kernels of this build, best first, whether they can run here or not; NULL behind the last. */
const char *engine_choice(size_t index);

#endif
