/*
 * What the fast runner and the kernels share: blocks of query rows, chunks of keys, and the memory of one
 * thread. For the engine alone.
 */
#ifndef ATTN_ENGINE_BLOCK_H
#define ATTN_ENGINE_BLOCK_H

#include "attention/mask.h"
#include "engine/job.h"
#include "engine/weights.h"

/* A block has up to BLOCK query rows, one in each lane of all that is computed; it meets its keys in chunks
 * of at most CHUNK. A chunk of scores and a block of queries of 64 columns fit the first cache together. */
#define BLOCK ((size_t)64)
_Static_assert(HEAD_SPARE >= 64, "the rows of a block look that far into a table of distances");
#define CHUNK ((size_t)120)

/* After so many chunks, float sums are added to sums in double, and begin again. */
#define CHUNKS_PER_FLUSH ((size_t)32)

/* Rows of `sums` behind the d_v rows of the output: sum of e, of e·x, of e·|i-j|, with e = 2^(factor·x),
 * x = score - max. */
enum { SUM_WEIGHT, SUM_LOG, SUM_DISTANCE, SUM_COUNT };

/* Heads of so many queries are thin (kernel_thin_tmpl.h). It goes by the whole head, not by a block or a part of it, so
 * that how rows are dealt out, or cut out, changes nothing. */
#define THIN_ROWS ((size_t)2)

/* How a score comes of q and k. `additive` with exponentials, or with tanh where these could overflow. */
enum compared { COMPARED_PRODUCT, COMPARED_DISTANCE, COMPARED_EXP, COMPARED_TANH };

/* Where chunks end. It depends on the job alone, so that sums do not depend on how rows are dealt out. */
struct chunks {
    size_t cell;   /* no chunk crosses a multiple of this, but one may hold several cells whole */
    size_t length; /* the most keys in one */
};

/* How a job is run: decided once, before anything runs. */
struct plan {
    const struct engine_job *job;
    struct chunks chunks;
    size_t cell_keys; /* keys in a cell of the pool; m if there is no pool */
    /* The mask has holes: whole chunks may be skipped (mask_may_attend), the others need a mask for each pair
     * (rules_apply). */
    bool has_holes;
    /* exp applies the scale: there is no softcap, bias or distance, and the scale is not extreme. */
    bool scale_in_exp;
    double factor;      /* weights are 2^(factor·(score - max)) */
    double scale_after; /* what a score is still to be multiplied by when it is weighed */
    bool has_sink;
    float sink; /* in units of a score; -FLT_MAX if there is none */
    enum compared compared;
    /* COMPARED_EXP: e^2k, m×d_k, owned by the plan; compared in the place of k. */
    float *exp_k;
    double additive_sum; /* of the head's additive numbers */
    /* The weights of a row depend on all of its scores at once, which are held (kernel_held_tmpl.h). */
    bool holds_scores;
    bool drops;          /* dropout */
    uint64_t drop_below; /* a pair is dropped if the top 53 bits of its random number are below this */
    /* v is not multiplied in place but from a scaled copy without its bad rows: it has NaN or infinities, or
     * is so large that sums would overflow. */
    bool copies_v;
    bool is_thin;
    /* Thin heads without a receiver do not look through v before they read it: where the output is not finite, they run
     * again. */
    bool trusts_v;
    float v_scale;     /* of the copy: a power of 2 */
    size_t block_rows; /* at most BLOCK */
    size_t unit_rows;  /* dealt out to a thread at once: whole blocks, and whole rows of the pool */
    size_t unit_count;
};

/* The memory of one thread. Matrices of floats are [rows][BLOCK], all 64-byte aligned. */
struct workspace {
    float *queries;      /* [d_k] */
    float *scores;       /* [CHUNK] */
    float *mask, *bias;  /* [CHUNK]: those of the chunk, packed */
    float *sums;         /* [d_v + SUM_COUNT] */
    double *wide_sums;   /* [d_v + SUM_COUNT]: what was flushed */
    float *cells;        /* [cells]: weights pooled so far, relative to the max when their last chunk ended */
    float *chunk_max;    /* [chunks]: the max when each chunk ended; in the end the factor for its cells */
    float *v_copy;       /* CHUNK×d_v; only if the plan copies v */
    float *held;         /* [m]: all scores of the block; only if a plan holds them, as `candidates` */
    size_t *candidates;  /* m: keys that may have a weight */
    int32_t *dropped;    /* [CHUNK]: -1 if the pair is dropped, otherwise 0; only with dropout, as `left` */
    float *left;         /* [CHUNK]: the scores that dropout leaves, -infinity at the others */
    float *row_buffer;   /* block_rows×m, for the receiver */
    struct row_key *top; /* BLOCK×top_count; the weight is the score until the end */
};

/* The engine for one instruction set. */
struct kernel {
    const char *name;
    bool (*runs_here)(void);
    /* All results of rows first..first+count-1 of a job: output, measures, top keys, pool, rows. The same thread is
     * likely to run the block of the job that begins at row `next` then; SIZE_MAX: none. */
    void (*attend)(const struct plan *plan, const struct workspace *space, size_t first, size_t count,
                   size_t next);
    /* The largest bit pattern of a matrix, signs left out: 0x7f800000 and more if not all is finite. */
    uint32_t (*largest)(const struct strided *matrix, size_t rows, size_t columns);
    /* Columns first..first+count-1 of y = x·w + b for `rows` <= BLOCK rows: x rows×inner (row step x_row),
     * w inner×columns, b columns or NULL, y rows×columns. Uses scores [CHUNK], sums and wide_sums [count] of
     * the workspace. */
    void (*project)(const float *x, size_t x_row, const float *w, const float *b, size_t rows, size_t inner,
                    size_t columns, size_t first, size_t count, float *y, const struct workspace *space);
    /* The sums of a row of weights; `position` is counted from its first number (engine/weights.h). */
    void (*measure)(const float *row, size_t count, double position, struct weight_sums *sums);
    /* Σ u·ln u of mixtures of the rows of two matrices (engine/weights.h). */
    void (*mixtures)(const struct share_rows *a, const struct share_rows *b, size_t rows, size_t count,
                     double *sums);
    /* As in engine/weights.h; of exact rows there are EXACT_ROWS or 1. */
    float (*combine)(float *to, const float *row, size_t count, enum combine how);
    void (*add_exact)(double *sums, struct exact_rows *rows, size_t count);
    void (*add_exact_keys)(double *sums, const float *weights, size_t keys, const double *factors,
                           double *totals);
    /* As heaviest_count (attention/heaviest.h) of finite numbers; SIZE_MAX where it must be found in another way. */
    size_t (*heaviest)(const float *row, size_t count, float largest, double share,
                       struct heaviest_guess *guess);
    /* sums[j] += row[j], finite numbers between -2^11 and 2^11, in steps of 2^-40, to the nearest. */
    void (*add_steps)(const float *row, size_t count, int64_t *sums);
};

extern const struct kernel kernel_avx512, kernel_avx2, kernel_portable;

/* The first key of the chunk that holds `key`. */
static inline size_t chunk_begin(const struct chunks *chunks, size_t key)
{
    size_t cell = key / chunks->cell * chunks->cell;
    if (chunks->cell == chunks->length) /* divisions are what a chunk costs that nobody attends to */
        return cell;
    return cell + (key - cell) / chunks->length * chunks->length;
}

/* The key behind the chunk that holds `key`, `end` at most. */
static inline size_t chunk_end(const struct chunks *chunks, size_t key, size_t end)
{
    size_t stop = chunk_begin(chunks, key) + chunks->length;
    if (chunks->cell != chunks->length) {
        const size_t cell_end = (key / chunks->cell + 1) * chunks->cell;
        stop = stop < cell_end ? stop : cell_end;
    }
    return stop < end ? stop : end;
}

#endif
