/*
 * The work of an engine: jobs, each one head, and the callbacks that receive what comes of them. Whoever runs
 * them (engine/runner.h) holds nothing of size n×m unless a receiver of rows holds it.
 */
#ifndef ATTN_ENGINE_JOB_H
#define ATTN_ENGINE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/head.h"
#include "attention/measures.h"
#include "base/error.h"

/* Weights of some rows on some keys: that of row first + r on key first_key + j is weights[j·KEYS_ROWS + r], and 0 for r from
 * `count` on. */
enum { KEYS_ROWS = 64 };
struct weights_of_keys {
    size_t first, count; /* KEYS_ROWS at most */
    size_t first_key, keys;
    const float *weights;
};

/*
 * A callback for finished rows of weights. It is called with rows first..first+count-1 of the head, m weights
 * each; row first + r begins at weights + r*stride. Every row of the head is passed once, in any order and
 * from any thread, and calls for different rows may run at the same time. The memory belongs to the engine
 * and is valid during the call only. The fast engine pays for a receiver with a second product QKᵀ.
 */
struct row_receiver {
    void (*receive)(void *context, size_t first, size_t count, const float *weights, size_t stride);
    void *context; /* passed through, owned by the caller */
    /* NULL, or where nothing as long as a row is needed: a runner may call this instead, with the keys of some rows piece after
     * piece, in their order and from one thread. Keys out of reach may be left out; rows that are NaN are 0, and then come by
     * `receive`. */
    void (*receive_keys)(void *context, const struct weights_of_keys *part);
};

/* One of the heaviest keys of a row, whose weight is not 0. */
struct row_key {
    float weight;
    size_t key; /* SIZE_MAX, with weight 0: the row has no more */
};

/* Puts a key into its place among the `count` heaviest, which are sorted; behind those that weigh the same. False, and
 * nothing, where it is no heavier than the last. */
static inline bool row_key_insert(struct row_key *top, size_t count, struct row_key key)
{
    if (!(key.weight > top[count - 1].weight))
        return false;
    size_t place = count - 1;
    for (; place > 0 && key.weight > top[place - 1].weight; place--)
        top[place] = top[place - 1];
    top[place] = key;
    return true;
}

/* Weights pooled over cells of rows×keys pairs (cells of the last row or column may be smaller): the largest
 * weight of each cell, or the mean. A cell with a NaN is NaN. */
struct pooling {
    float *cells; /* ceil(n/rows)×ceil(m/keys), packed; NULL: not wanted */
    size_t rows, keys;
    bool mean;
    bool
        in_reach; /* cells out of reach (mask_reach) of all rows of theirs need not be written, where none of these is NaN */
};

/* One head, and which of its results are wanted. All memory is the caller's. */
struct engine_job {
    const struct head *head;
    float *output; /* n×d_v, row i at output + i*output_row; NULL: not wanted */
    size_t output_row;
    struct row_receiver receiver; /* of all weights; receive may be NULL: not wanted */

    /* These come from the pass that makes the output, at next to no cost. */
    struct row_measures *measures; /* n; NULL: not wanted */
    bool wants_scores;             /* also how the scores of each row are spread, in its measures */
    struct row_key *top;           /* n×top_count, heaviest first, ties by key; NULL: not wanted */
    size_t top_count;
    struct pooling pool;
};

struct engine_options {
    bool plain;  /* compute in double precision what float32 could compute, too */
    int threads; /* 0: as many as the machine has */
    /* Bytes that the engine may allocate for itself; 0: no limit. With less memory a receiver is called with
     * fewer rows at a time. The least that is needed is allocated in any case. */
    size_t memory_limit;
    /* Called with what is done so far, and of how much in all jobs: about as shares of the time. From the calling thread
     * only; or NULL. */
    void (*progress)(void *context, size_t done, size_t total);
    void *context;
};

#endif
