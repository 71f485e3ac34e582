/*
 * Measures, heaviest keys and pooled cells, for the engine's template: what is noted of a chunk before exp,
 * what is made of the notes when a block is through. (The sums run along in the exp loop of
 * engine/kernel_tmpl.h.)
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
    bool summed; /* since the last flush */
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

INLINE vec pool_join(vec old, vec new, bool mean)
{
    return mean ? old + new : VEC_MAX(new, old);
}

/* Joins the weights of `keys` keys to a cell, which is new where `shrink` is NULL. */
INLINE void cell_join(float *place, const float *e, size_t keys, const float *shrink, bool mean)
{
    vec cell[TILE_VECTORS];
    UNROLL
    for (int v = 0; v < TILE_VECTORS; v++)
        cell[v] = shrink ? vec_load(place + v * LANES) * vec_load(shrink + v * LANES) : (vec){0};
    for (; keys > 0; keys--, e += BLOCK)
        UNROLL
    for (int v = 0; v < TILE_VECTORS; v++)
        cell[v] = pool_join(cell[v], vec_load(e + v * LANES), mean);
    UNROLL
    for (int v = 0; v < TILE_VECTORS; v++)
        vec_store(place + v * LANES, cell[v]);
}

/* The cells of a chunk, of which the scores have become weights relative to the last max. An open cell goes
 * on. */
INLINE void watch_cells(const struct plan *plan, const struct workspace *space, const struct rows *rows,
                        size_t first_key, size_t from, size_t keys, size_t chunk, const bool mean)
{
    const size_t cell_keys = plan->cell_keys, first = from / cell_keys;
    const float *shrink = from != first * cell_keys && from != first_key ? rows->shrink : NULL;
    float *place = space->cells + (first - first_key / cell_keys) * BLOCK;
    size_t end = (first + 1) * cell_keys - from;
    for (size_t j = 0; j < keys; j = end, end += cell_keys, place += BLOCK, shrink = NULL) {
        const size_t count = (end < keys ? end : keys) - j;
        for (size_t at = 0; at < rows->lanes; at += TILE_LANES)
            cell_join(place + at, space->scores + j * BLOCK + at, count, shrink ? shrink + at : NULL, mean);
    }
    memcpy(space->history + chunk * BLOCK, rows->max, sizeof rows->max);

    /* finish_pool writes to all of the block's rows at once: they are brought near bit by bit */
    const struct pooling *pool = &plan->job->pool;
    const size_t width = (plan->job->head->m + pool->keys - 1) / pool->keys, row = rows->first / pool->rows;
    prefetch_rows(pool->cells + first, width, row,
                  (int)((rows->first + rows->count - 1) / pool->rows - row + 1),
                  (keys + cell_keys - 1) / cell_keys);
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

/* Joins `count` rows of up to LANES cells to what is there, or where that is nothing yet (`fresh`) puts them
 * there; one by one, so that sums do not depend on how many there are at a time. */
INLINE void pool_put(float *to, size_t cells, const vec *rows, size_t count, bool fresh, bool mean)
{
    const size_t bytes = cells < LANES ? cells * sizeof *to : LANES * sizeof *to;
    vec joined = rows[0], old = {0};
    if (!fresh) {
        memcpy(&old, to, bytes);
        joined = pool_join(old, joined, mean);
    }
    for (size_t i = 1; i < count; i++)
        joined = pool_join(joined, rows[i], mean);
    if (cells < LANES)
        memcpy(to, &joined, bytes);
    else
        vec_put(to, joined);
}

/* Where finish_pool is among the chunks. */
struct chunk_walk {
    size_t end;           /* key behind the chunk */
    size_t closed;        /* cells that are closed by then */
    const float *factors; /* of the chunk */
};

/* On to the chunk that closes `cell`, counted from that of first_key. */
static void chunk_walk_to(struct chunk_walk *walk, const struct plan *plan, size_t cell, size_t first_key,
                          size_t end_key)
{
    while (cell >= walk->closed && walk->end < end_key) {
        walk->end = chunk_end(&plan->chunks, walk->end, end_key);
        size_t closed =
            walk->end < end_key ? walk->end / plan->cell_keys : (end_key - 1) / plan->cell_keys + 1;
        walk->closed = closed - first_key / plan->cell_keys;
        walk->factors += BLOCK;
    }
}

INLINE size_t lowest_bit(size_t x)
{
    return x & -x;
}

/* vec_transpose where `join` is known only here: a power of 2, LANES at most. */
INLINE void transpose_joined(vec square[LANES], size_t join)
{
    switch (join) {
    case 1:
        vec_transpose(square, 1);
        break;
    case 2:
        vec_transpose(square, 2);
        break;
    case 4:
        vec_transpose(square, 4);
        break;
#if LANES >= 8
    case 8:
        vec_transpose(square, 8);
        break;
#endif
    default:
        vec_transpose(square, LANES);
    }
}

/* Puts the block's cells, keys [first_key, end_key), into the rows of the pool. */
static void finish_pool(const struct plan *plan, const struct workspace *space, const struct rows *rows,
                        size_t first_key, size_t end_key, const struct exponent *exponent)
{
    const struct pooling *pool = &plan->job->pool;
    const size_t width = (plan->job->head->m + pool->keys - 1) / pool->keys;
    const bool any = first_key < end_key;
    const size_t first_cell = any ? first_key / pool->keys : 0;
    const size_t cells = any ? (end_key - 1) / pool->keys + 1 - first_cell : 0;

    /* pass 1: what makes the cells that a chunk closed relative to the last max, and divides them by the sum
     */
    for (size_t from = first_key, chunk = 0; from < end_key; chunk++) {
        for (size_t at = 0; at < rows->lanes; at += LANES) {
            float *place = space->history + chunk * BLOCK + at;
            vec finite, factor = vec_exp(vec_load(place) - vec_load(rows->max + at), exponent, &finite);
            vec_store(place, factor * vec_load(rows->inverse + at));
        }
        from = chunk_end(&plan->chunks, from, end_key);
    }

    /* pass 2: rows of the pool that begin here are 0 where nobody of the block sees a key */
    for (size_t r = (pool->rows - rows->first % pool->rows) % pool->rows; r < rows->count; r += pool->rows) {
        float *row = pool->cells + (rows->first + r) / pool->rows * width;
        memset(row, 0, first_cell * sizeof *row);
        memset(row + first_cell + cells, 0, (width - first_cell - cells) * sizeof *row);
    }

    /* pass 3: cells turned on their side, into the rows: few rows at a time, and all along them, for caches
     */
    const size_t join = pool->mean ? 1 : lowest_bit(pool->rows | rows->first | rows->count | LANES);
    for (size_t r = 0; r < rows->count; r += LANES) {
        const size_t lanes = rows->count - r < LANES ? rows->count - r : LANES;
        const size_t row = (rows->first + r) / pool->rows, over = (rows->first + r) % pool->rows;
        struct chunk_walk walk = {first_key, 0, space->history - BLOCK};
        for (size_t c = 0, next; c < cells; c = next) {
            float *to = pool->cells + row * width + first_cell + c;
            /* so that what is put begins where a line of the cache does */
            next = c + LANES - (uintptr_t)(pool->cells + first_cell + c) / sizeof(float) % LANES;
            next = next < cells ? next : cells;
            vec square[LANES];
            UNROLL
            for (size_t i = 0; i < LANES; i++) {
                if (c + i < next)
                    chunk_walk_to(&walk, plan, c + i, first_key, end_key);
                square[i] = vec_load(space->cells + (c + i) * BLOCK + r) * vec_load(walk.factors + r);
            }
            transpose_joined(square, join);
            for (size_t i = 0, end, from = over; i < lanes; i = end, to += width, from = 0) {
                end = pool->rows - from < lanes - i ? i + pool->rows - from : lanes;
                pool_put(to, next - c, square + i / join, (end - i) / join, from == 0, pool->mean);
            }
        }
    }

    /* pass 4: a row that is NaN is NaN everywhere */
    for (size_t r = 0; r < rows->count; r++)
        for (size_t c = 0; c < width && isnan(rows->inverse[r]); c++)
            pool->cells[(rows->first + r) / pool->rows * width + c] = NAN;
}
