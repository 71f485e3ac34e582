/*
 * What engine/engine.c and the kernels agree upon: a block of query rows, and the memory that one thread works
 * in. For the engine alone.
 */
#ifndef ATTN_ENGINE_BLOCK_H
#define ATTN_ENGINE_BLOCK_H

#include "attention/mask.h"
#include "engine/engine.h"

/* A block has up to BLOCK query rows, which are the lanes of all that is computed; it meets its keys in
 * chunks of at most CHUNK. A chunk of scores and a block of queries of 64 columns fit the first cache
 * together. */
#define BLOCK ((size_t)64)
_Static_assert(HEAD_SPARE >= 64, "the rows of a block look that far into a table of distances");
#define CHUNK ((size_t)120)

/* Sums over more chunks than this go on in double. */
#define CHUNKS_PER_FLUSH ((size_t)32)

/* Rows of `sums` behind the d_v rows of the output: sum of e, of e·x, of e·|i-j|, with e = 2^(factor·x),
 * x = score - max. */
enum { SUM_WEIGHT, SUM_LOG, SUM_DISTANCE, SUM_COUNT };

/* Which keys end a chunk. Depends on the job alone, so that sums do not depend on how rows are dealt out. */
struct chunks {
    size_t cell;   /* chunks do not cross multiples of this, unless they hold whole ones */
    size_t length; /* the most keys in one */
};

/* What the kernels need to know of a job beside the job itself; decided once before anything runs. */
struct plan {
    const struct engine_job *job;
    struct chunks chunks;
    size_t cell_keys; /* keys in a cell of the pool; m where there is none */
    bool gappy;  /* some chunks may be seen by nobody, and a chunk by some: mask_may_attend, rules_apply */
    bool folded; /* the scale is applied inside exp: no softcap, bias or distance, a scale that is no extreme
                  */
    double factor;     /* weights are 2^(factor·(score - max)) */
    bool dirty;        /* v has NaN or infinities, or is so large that sums would overflow: goes by copies */
    float value_scale; /* what the copies are multiplied by, a power of 2 */
    size_t block;      /* rows of a block, <= BLOCK */
    size_t unit;       /* rows dealt out to a thread at once: whole blocks, whole rows of the pool */
    size_t units;      /* how many of them */
};

/* The memory of one thread. Matrices of floats are [..][BLOCK], all 64-byte aligned. */
struct workspace {
    float *queries;      /* [d_k] */
    float *scores;       /* [CHUNK] */
    float *grid;         /* [CHUNK]: mask or bias of the chunk */
    float *sums;         /* [d_v + SUM_COUNT] */
    double *wide;        /* [d_v + SUM_COUNT]: what was flushed */
    float *cells;        /* [cells], pooled on the way, each by the max of its chunk */
    float *history;      /* [chunks]: max at each chunk */
    float *clean;        /* CHUNK×d_v of v without its bad rows; only where v is dirty */
    float *strip;        /* block×m, rows for the taker */
    struct row_key *top; /* block×top_count; the weight is the score until the end */
};

/* One instruction set. */
struct engine_kernel {
    const char *name;
    bool (*runs_here)(void);
    /* Rows first..first+count-1 of a job, whole: output, measures, pool, taker. */
    void (*attend)(const struct plan *plan, const struct workspace *space, size_t first, size_t count);
    /* The largest bit pattern, signs left out, of a matrix: 0x7f800000 and more where not all is finite. */
    uint32_t (*largest)(const struct strided *grid, size_t rows, size_t columns);
    /* Columns first..first+count-1 of y = x·w + b for `rows` <= BLOCK rows. Uses scores [CHUNK], sums and
     * wide [count] of the workspace. */
    void (*project)(const float *x, size_t x_row, const float *w, const float *b, size_t rows, size_t inner,
                    size_t columns, size_t first, size_t count, float *y, const struct workspace *space);
};

extern const struct engine_kernel engine_avx512, engine_avx2, engine_portable;

/* The first key of the chunk that key `key` is in. */
static inline size_t chunk_begin(const struct chunks *chunks, size_t key)
{
    size_t cell = key / chunks->cell * chunks->cell;
    return cell + (key - cell) / chunks->length * chunks->length;
}

/* The end of that chunk, where the keys end at `end`. */
static inline size_t chunk_end(const struct chunks *chunks, size_t key, size_t end)
{
    size_t stop = chunk_begin(chunks, key) + chunks->length,
           cell_end = (key / chunks->cell + 1) * chunks->cell;
    stop = stop < cell_end ? stop : cell_end;
    return stop < end ? stop : end;
}

#endif
