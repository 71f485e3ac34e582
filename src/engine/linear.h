/*
 * What the linear runner and its kernels share: how a job is cut, and the memory of one thread. For the engine
 * alone. The method is told in engine/linear.c.
 */
#ifndef ATTN_ENGINE_LINEAR_H
#define ATTN_ENGINE_LINEAR_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/job.h"

/* Queries, and keys, of a chunk. */
#define LINEAR_ROWS ((size_t)16)
/* Columns of all matrices come in multiples of these, filled up with zeros: whole vectors of any kernel. */
#define LINEAR_PAD ((size_t)8)
#define LINEAR_FLOAT_PAD ((size_t)16)

enum linear_decay { LINEAR_KEEPS, LINEAR_DECAYS_AS_ONE, LINEAR_DECAYS_BY_COLUMN };

/* How a job is run. What it says depends on the job alone. */
struct linear_plan {
    const struct engine_job *job;
    const struct linear_kernel *kernel;
    bool in_floats;  /* the products are in float32; the state is of double precision either way */
    bool normalizes; /* linear attention: outputs are divided by the sum of their weights */
    bool causal;     /* query i sees the keys before linear_seen; otherwise all of them */
    bool writes_delta;
    enum linear_decay decay;
    size_t keys;    /* that may be seen: those before the padding */
    size_t d_k;     /* rows of the state: those of the head, padded */
    size_t segment; /* rows or keys of a segment */
    /* Of a segment or, with the delta rules, of a tile of columns. */
    size_t tile, tiles;
    size_t
        width; /* columns of the state of a tile, padded: of v, and one for the sum of weights, which in floats
                      * stands behind the state as a row of d_k numbers instead */
    size_t size;     /* numbers of a state */
    size_t segments; /* of queries */
    size_t parts;    /* segments of keys whose states are found first; 0: none are */
    double *states;  /* (parts + 1)×size: before each segment of keys, and behind the last */
    double *factors; /* parts×d_k: what each segment of keys multiplies the state by; NULL: nothing */
    bool is_broken;  /* a number is not finite, or grows too far: set by any thread */
};

/* Of a thread, for the chunks in floats. */
struct linear_floats {
    float *state;  /* d_k×width, and d_k: the state as it is read */
    float *rest;   /* as many: what it lacks of the true one */
    float *q, *k;  /* LINEAR_ROWS×d_k */
    float *turned; /* d_k×LINEAR_ROWS: k as columns */
    float *u;      /* LINEAR_ROWS×width: what the keys write */
    float *pairs;  /* LINEAR_ROWS×LINEAR_ROWS */
};

/* The memory of one thread: matrices of doubles, packed, 64-byte aligned. */
struct linear_room {
    double *state;           /* d_k×width, and d_k */
    double *factor;          /* d_k: of the chunk so far */
    double *step;            /* d_k: of one key */
    double *q, *k;           /* LINEAR_ROWS×d_k */
    double *turned;          /* d_k×LINEAR_ROWS: k as columns */
    double *u;               /* LINEAR_ROWS×width: what the keys write */
    double *out;             /* LINEAR_ROWS×width */
    double *pairs, *written; /* LINEAR_ROWS×LINEAR_ROWS: of queries and keys, of keys and keys */
    double *shares;          /* LINEAR_ROWS×LINEAR_ROWS: what is left of key j at row i */
    struct linear_floats floats;
};

/* How many keys query i sees: those in front. It never falls from one query to the next, and never grows by more than 1. */
static inline size_t linear_seen(const struct linear_plan *plan, size_t i)
{
    const struct rules *rules = &plan->job->head->rules;
    if (!plan->causal)
        return plan->keys;
    if (plan->job->head->recurrent.rule != RECURRENCE_NONE)
        return i + 1;
    const int64_t end = (int64_t)i + plan->job->head->offset + 1;
    size_t seen = end > 0 ? (size_t)end : 0;
    seen = seen > rules->prefix ? seen : rules->prefix;
    return seen < plan->keys ? seen : plan->keys;
}

/* The keys that have gone into the state before a chunk that begins with query i: all that it sees but the last, so that
 * what a chunk has of its own are never more keys than queries. */
static inline size_t linear_base(const struct linear_plan *plan, size_t i)
{
    const size_t seen = linear_seen(plan, i);
    return plan->causal && seen > 0 ? seen - 1 : seen;
}

/* The linear runner for one instruction set. */
struct linear_kernel {
    const char *name; /* that of the struct kernel for the same set */
    /* Puts keys [first, end), of columns from `column` on, into the state of the room, and multiplies `factor` (d_k;
     * NULL: not wanted) by what they multiply the state by. Not for the delta rules; in floats, for linear attention
     * alone. */
    void (*absorb)(struct linear_plan *plan, const struct linear_room *room, size_t first, size_t end,
                   size_t column, double *factor);
    /* The output of queries [first, end) and of columns [column, column + tile), from the state of the room, which has
     * the keys before linear_base(first). It has more of them afterwards. */
    void (*attend)(struct linear_plan *plan, const struct linear_room *room, size_t first, size_t end,
                   size_t column);
};

extern const struct linear_kernel linear_avx512, linear_avx2, linear_portable;
/* In floats, for plans that are so. */
extern const struct linear_kernel linear_avx512_floats, linear_avx2_floats;

#endif
