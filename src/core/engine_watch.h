/*
 * Measures, heaviest keys and pooled cells, for the engine's template: what is noted of a chunk before exp,
 * what is made of the notes when a block is through. (The sums run along in the exp loop of
 * core/engine_kernel.h.)
 */

/* A block on its way, one lane a row. */
struct rows {
    _Alignas(64) float max[BLOCK];         /* the largest score so far, never below -FLT_MAX */
    _Alignas(64) float largest[BLOCK];     /* the largest of this chunk */
    _Alignas(64) float shrink[BLOCK];      /* what the new max does to older sums */
    _Alignas(64) float flushed_max[BLOCK]; /* the max that `wide` is relative to */
    _Alignas(64) float first_score[BLOCK]; /* score of key 0 */
    _Alignas(64) float inverse[BLOCK];     /* in the end: 1/sum, 0 for rows that see nothing, NaN for NaN */
    _Alignas(64) float sum[BLOCK];         /* in the end: 1 for rows that see nothing, NaN for NaN */
    _Alignas(64) float divisor[BLOCK];     /* of the output */
    _Alignas(64) float floor[BLOCK];       /* the least score among the heaviest keys */
    _Alignas(64) int32_t seen[BLOCK];      /* -1 where some pair was allowed */
    _Alignas(64) double weight[BLOCK];     /* sum of e */
    _Alignas(64) double pending[BLOCK];    /* what became of 1 since the last flush */
    size_t argmax[BLOCK];
    size_t first, count; /* rows of the head */
    double shift;        /* where query 0 stands among the keys */
    size_t lanes;        /* count, up to whole tiles */
    int groups;          /* vectors in it */
    bool flushed;
};

/* Where a chunk raised the max of a row: the first key that has it. */
static void watch_argmax(struct rows *rows, const float *scores, size_t from, size_t keys)
{
    for (int g = 0; g < rows->groups; g++) {
        const size_t at = (size_t)g * LANES;
        vec top = vec_load(rows->largest + at);
        unsigned raised = vec_bits(top > vec_load(rows->max + at));
        if (!raised)
            continue;
        veci where = (veci){0} - 1;
        for (size_t j = keys; j-- > 0;) {
            veci here = vec_load(scores + j * BLOCK + at) == top;
            where = (where & ~here) | (here & (int32_t)j);
        }
        for (; raised; raised &= raised - 1) {
            int l = __builtin_ctz(raised);
            rows->argmax[at + (size_t)l] = from + (size_t)where[l];
        }
    }
}

/* Puts a key into its place among the heaviest, which are sorted; keys come in rising order, so equals stay
 * behind. */
static void top_insert(struct row_key *top, size_t count, float score, size_t key)
{
    size_t place = count - 1;
    for (; place > 0 && !(top[place - 1].weight >= score); place--)
        top[place] = top[place - 1];
    top[place] = (struct row_key){score, key};
}

static void watch_top(struct rows *rows, const struct workspace *space, size_t top_count, size_t from,
                      size_t keys)
{
    for (int g = 0; g < rows->groups; g++) {
        const size_t at = (size_t)g * LANES;
        if (!vec_bits(vec_load(rows->largest + at) > vec_load(rows->floor + at)))
            continue;
        for (size_t j = 0; j < keys; j++) {
            const float *score = space->scores + j * BLOCK + at;
            unsigned above = vec_bits(vec_load(score) > vec_load(rows->floor + at));
            for (; above; above &= above - 1) {
                const size_t l = (size_t)__builtin_ctz(above);
                struct row_key *top = space->top + (at + l) * top_count;
                top_insert(top, top_count, score[l], from + j);
                rows->floor[at + l] = top[top_count - 1].weight;
            }
        }
    }
}

/* The cells of a chunk, of which the scores have become weights relative to the last max. An open cell goes
 * on. */
static void watch_cells(const struct plan *plan, const struct workspace *space, struct rows *rows,
                        size_t first_key, size_t from, size_t keys, size_t chunk)
{
    const size_t cell_keys = plan->cell_keys;
    const bool mean = plan->job->pool.mean;
    for (size_t j = from, end; j < from + keys; j = end) {
        end = (j / cell_keys + 1) * cell_keys;
        if (end > from + keys)
            end = from + keys;
        const bool open = j % cell_keys != 0 && j != first_key;
        for (size_t at = 0; at < rows->lanes; at += LANES) {
            float *place = space->cells + (j / cell_keys - first_key / cell_keys) * BLOCK + at;
            const float *e = space->scores + (j - from) * BLOCK + at;
            vec cell = {0};
            if (open)
                cell = vec_load(place) * vec_load(rows->shrink + at);
            for (size_t i = j; i < end; i++, e += BLOCK)
                cell = mean ? cell + vec_load(e) : VEC_MAX(vec_load(e), cell);
            vec_store(place, cell);
        }
    }
    memcpy(space->history + chunk * BLOCK, rows->max, sizeof rows->max);
}

/* The same for a chunk that no row sees. */
static void watch_nothing(const struct plan *plan, const struct workspace *space, const struct rows *rows,
                          size_t first_key, size_t from, size_t keys, size_t chunk)
{
    const size_t cell_keys = plan->cell_keys;
    for (size_t j = from, end; j < from + keys; j = end) {
        end = (j / cell_keys + 1) * cell_keys;
        if (j % cell_keys == 0 || j == first_key)
            memset(space->cells + (j / cell_keys - first_key / cell_keys) * BLOCK, 0,
                   BLOCK * sizeof *space->cells);
    }
    memcpy(space->history + chunk * BLOCK, rows->max, sizeof rows->max);
}

static double row_total(const struct rows *rows, const struct workspace *space, size_t sum, size_t lane)
{
    return rows->flushed ? space->wide[sum * BLOCK + lane] : (double)space->sums[sum * BLOCK + lane];
}

static void finish_measures(const struct plan *plan, const struct workspace *space, const struct rows *rows)
{
    const size_t d_v = plan->job->head->d_v;
    for (size_t l = 0; l < rows->count; l++) {
        struct row_measures *out = &plan->job->measures[rows->first + l];
        const float inverse = rows->inverse[l];
        if (!(inverse > 0)) {
            *out = (struct row_measures){inverse, inverse, inverse, inverse, SIZE_MAX};
            continue;
        }
        const double weight = rows->weight[l];
        double entropy =
            log(weight) - M_LN2 * plan->factor * row_total(rows, space, d_v + SUM_LOG, l) / weight;
        double first = (double)rows->first_score[l] - (double)rows->max[l];
        out->entropy = entropy > 0 ? (float)entropy : 0;
        out->max = inverse;
        out->distance = (float)(row_total(rows, space, d_v + SUM_DISTANCE, l) / weight);
        out->first = (float)(exp2(plan->factor * first) / weight);
        out->argmax = rows->argmax[l];
    }
}

static void finish_top(const struct plan *plan, const struct workspace *space, const struct rows *rows)
{
    const size_t count = plan->job->top_count;
    for (size_t l = 0; l < rows->count; l++) {
        const struct row_key *top = space->top + l * count;
        struct row_key *out = plan->job->top + (rows->first + l) * count;
        const double inverse = (double)rows->inverse[l];
        for (size_t t = 0; t < count; t++) {
            double score = (double)top[t].weight - (double)rows->max[l];
            bool none = top[t].key == SIZE_MAX || !(inverse > 0);
            out[t].weight = none ? 0 : (float)(exp2(plan->factor * score) * inverse);
            out[t].key = none ? SIZE_MAX : top[t].key;
        }
    }
}

INLINE vec pool_join(vec old, vec new, bool mean)
{
    return mean ? old + new : VEC_MAX(new, old);
}

/* Joins `count` rows of up to LANES cells to what is there; one by one, so that sums do not depend on how
 * many there are at a time. */
INLINE void pool_put(float *to, size_t cells, const vec *rows, size_t count, bool mean)
{
    const size_t bytes = cells * sizeof *to;
    vec joined = {0};
    if (cells < LANES)
        memcpy(&joined, to, bytes);
    else
        joined = vec_get(to);
    for (size_t i = 0; i < count; i++)
        joined = pool_join(joined, rows[i], mean);
    if (cells < LANES)
        memcpy(to, &joined, bytes);
    else
        vec_put(to, joined);
}

/* Puts the block's cells, keys [first_key, end_key), into the rows of the pool. */
static void finish_pool(const struct plan *plan, const struct workspace *space, const struct rows *rows,
                        size_t first_key, size_t end_key, const struct exponent *exponent)
{
    const struct pooling *pool = &plan->job->pool;
    const size_t width = (plan->job->head->m + pool->keys - 1) / pool->keys;
    const size_t first_cell = first_key / pool->keys;
    size_t cells = 0;

    /* pass 1: every cell relative to the last max, and divided by the sum */
    for (size_t from = first_key, end, chunk = 0; from < end_key; from = end, chunk++) {
        end = chunk_end(&plan->chunks, from, end_key);
        size_t closed = (end == end_key ? (end - 1) / pool->keys + 1 : end / pool->keys) - first_cell;
        for (int g = 0; g < rows->groups; g++) {
            const size_t at = (size_t)g * LANES;
            vec finite, then = vec_load(space->history + chunk * BLOCK + at);
            vec factor = vec_exp(then - vec_load(rows->max + at), exponent, &finite);
            factor *= vec_load(rows->inverse + at);
            for (size_t c = cells; c < closed; c++)
                vec_store(space->cells + c * BLOCK + at, vec_load(space->cells + c * BLOCK + at) * factor);
        }
        cells = closed;
    }

    /* pass 2: turned on their side, into the rows */
    for (size_t r = 0; r < rows->count; r += LANES) {
        const size_t lanes = rows->count - r < LANES ? rows->count - r : LANES;
        for (size_t c = 0; c < cells; c += LANES) {
            vec square[LANES];
            UNROLL
            for (size_t i = 0; i < LANES; i++)
                square[i] = vec_load(space->cells + (c + i) * BLOCK + r);
            vec_transpose(square);
            size_t row = (rows->first + r) / pool->rows, left = pool->rows - (rows->first + r) % pool->rows;
            for (size_t i = 0, end; i < lanes; i = end, row++, left = pool->rows) {
                end = left < lanes - i ? i + left : lanes;
                pool_put(pool->cells + row * width + first_cell + c, cells - c, square + i, end - i,
                         pool->mean);
            }
        }
    }

    /* pass 3: a row that is NaN is NaN everywhere */
    for (size_t r = 0; r < rows->count; r++)
        for (size_t c = 0; c < width && isnan(rows->inverse[r]); c++)
            pool->cells[(rows->first + r) / pool->rows * width + c] = NAN;
}
