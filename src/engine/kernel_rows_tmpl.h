/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): what is known of the rows of a block on its way through
 * the keys.
 */

/* What a strip of rows computes of a chunk. */
struct strip {
    size_t from, end; /* the keys that some row of it may attend to, counted from the first of the chunk */
    bool is_open;     /* every row may attend to all of these */
};

/* The state of a block on its way through the keys: one lane a row. */
struct rows {
    _Alignas(64) float max[BLOCK];         /* the largest score so far, or the sink; never below -FLT_MAX */
    _Alignas(64) float key_max[BLOCK];     /* the largest score so far, for the measures */
    _Alignas(64) float threshold[BLOCK];   /* of sparsemax and entmax15 */
    _Alignas(64) float left_max[BLOCK];    /* with dropout: the largest score of this chunk that is left */
    _Alignas(64) uint64_t random[BLOCK];   /* with dropout: where the random numbers of a row begin */
    float sink[BLOCK];                     /* in units of a score; -FLT_MAX if there is none */
    _Alignas(64) float chunk_max[BLOCK];   /* the largest score of this chunk */
    _Alignas(64) float rescale[BLOCK];     /* exp(old max - new max), by which older sums are multiplied */
    _Alignas(64) float wide_max[BLOCK];    /* the max that the sums in double are relative to */
    _Alignas(64) float first_score[BLOCK]; /* score of key 0 */
    _Alignas(64) float inverse[BLOCK];     /* in the end 1/sum; 0 for rows that attend to no key, or NaN */
    _Alignas(64) float sum[BLOCK];         /* in the end sum of e; 1 for rows that attend to no key, or NaN */
    _Alignas(64) float divisor[BLOCK];     /* of the output */
    _Alignas(64) float top_floor[BLOCK];   /* the least score among the heaviest keys */
    _Alignas(64) int32_t attends[BLOCK];   /* -1 once some pair was allowed */
    _Alignas(64) double exp_sum[BLOCK];    /* sum of e */
    _Alignas(64) double wide_rescale[BLOCK]; /* product of all `rescale` since the last flush */
    size_t argmax[BLOCK];                    /* the first key that has the max */
    size_t first, count;                     /* rows of the head */
    /* Of the scores so far: the mean of those of the first chunk, how many they are, and sums of their distances from it and of
     * the squares of these. Only where the job wants them. */
    _Alignas(64) float score_origin[BLOCK];
    _Alignas(64) int32_t score_count[BLOCK];
    _Alignas(64) double score_sum[BLOCK];
    _Alignas(64) double score_squares[BLOCK];
    double offset;                            /* position of query 0 among the keys */
    size_t lanes;                             /* count, up to whole tiles */
    int groups;                               /* vectors in `lanes` */
    struct strip strips[BLOCK / STRIP_LANES]; /* of this chunk */
    bool strips_differ;                       /* some strip does not compute all keys of this chunk */
    struct upcoming upcoming;                 /* what the next block needs */
    bool has_wide_sums;                       /* there was a flush */
    bool has_new_sums;                        /* since the last flush */
};

/* The strip of a lane. */
INLINE const struct strip *strip_at(const struct rows *rows, size_t lane)
{
    return &rows->strips[lane / STRIP_LANES];
}

/* Whether every row may attend to all keys that its strip computes. */
static bool strips_are_open(const struct rows *rows)
{
    bool open = true;
    for (size_t at = 0; at < rows->lanes; at += STRIP_LANES)
        open = open && strip_at(rows, at)->is_open;
    return open;
}

/* Sets what is in the matrix of a chunk, of `keys` keys, outside of the keys of strips. */
static void strips_fill(const struct rows *rows, float *matrix, size_t keys, float value)
{
    const vec all = vec_all(value);
    for (size_t at = 0; at < rows->lanes && rows->strips_differ; at += LANES) {
        const struct strip *strip = strip_at(rows, at);
        for (size_t j = 0; j < strip->from; j++)
            vec_store(matrix + j * BLOCK + at, all);
        for (size_t j = strip->end; j < keys; j++)
            vec_store(matrix + j * BLOCK + at, all);
    }
}

/* The sink's part of the sum of a row, relative to its max. */
static double row_sink(const struct plan *plan, const struct rows *rows, size_t lane)
{
    return plan->has_sink ? exp2(plan->factor * ((double)rows->sink[lane] - (double)rows->max[lane])) : 0;
}
