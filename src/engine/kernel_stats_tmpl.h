/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): measures, heaviest keys and pooled cells.
 * The stats_… functions gather them from a chunk, the finish_… functions write them when a block has met all
 * its keys. (The sums that the measures need are made in the exp loop of engine/kernel_tmpl.h.)
 */

/* Sets argmax and key_max of the rows whose largest score a chunk raises to `largest`. It begins at -FLT_MAX, which a
 * score may equal (torch.finfo(float32).min in a bias) but not raise: the first key with that score is the argmax of a
 * row that has none yet. */
static void stats_argmax(struct rows *rows, const float *scores, const float *largest, size_t from)
{
    for (int g = 0; g < rows->groups; g++) {
        const size_t at = (size_t)g * LANES;
        vec top = vec_load(largest + at);
        unsigned raised = vec_bits(top > vec_load(rows->key_max + at));
        unsigned least = vec_bits(top == -FLT_MAX);
        for (; least; least &= least - 1) {
            int l = __builtin_ctz(least);
            raised |= (unsigned)(rows->argmax[at + (size_t)l] == SIZE_MAX) << l;
        }
        if (!raised)
            continue;
        vec_store(rows->key_max + at, VEC_MAX(top, vec_load(rows->key_max + at)));
        veci where = (veci){0} - 1;
        const struct strip *strip = strip_at(rows, at);
        for (size_t j = strip->end; j-- > strip->from;) {
            veci here = vec_load(scores + j * BLOCK + at) == top;
            where = (where & ~here) | (here & (int32_t)j);
        }
        for (; raised; raised &= raised - 1) {
            int l = __builtin_ctz(raised);
            rows->argmax[at + (size_t)l] = from + (size_t)where[l];
        }
    }
}

/* Puts a key into its place among the heaviest, which are sorted. Keys come in rising order, so one with an
 * equal score goes behind. */
static void top_insert(struct row_key *top, size_t count, float score, size_t key)
{
    size_t place = count - 1;
    for (; place > 0 && !(top[place - 1].weight >= score); place--)
        top[place] = top[place - 1];
    top[place] = (struct row_key){score, key};
}

static void stats_top(struct rows *rows, const struct workspace *space, const float *scores,
                      const float *largest, size_t top_count, size_t from, size_t keys)
{
    for (int g = 0; g < rows->groups; g++) {
        const size_t at = (size_t)g * LANES;
        if (!vec_bits(vec_load(largest + at) > vec_load(rows->top_floor + at)))
            continue;
        for (size_t j = 0; j < keys; j++) {
            const float *score = scores + j * BLOCK + at;
            unsigned above = vec_bits(vec_load(score) > vec_load(rows->top_floor + at));
            for (; above; above &= above - 1) {
                const size_t l = (size_t)__builtin_ctz(above);
                struct row_key *top = space->top + (at + l) * top_count;
                top_insert(top, top_count, score[l], from + j);
                rows->top_floor[at + l] = top[top_count - 1].weight;
            }
        }
    }
}

INLINE vec cell_combine(vec old, vec new, bool mean)
{
    return mean ? old + new : VEC_MAX(new, old);
}

/* Combines the weights of `keys` keys with a cell: one that is open, rescaled, or if `rescale` is NULL a new
 * one. */
INLINE void cell_add(float *place, const float *e, size_t keys, const float *rescale, bool mean)
{
    vec cell[TILE_VECTORS];
    UNROLL
    for (int v = 0; v < TILE_VECTORS; v++)
        cell[v] = rescale ? vec_load(place + v * LANES) * vec_load(rescale + v * LANES) : (vec){0};
    for (; keys > 0; keys--, e += BLOCK)
        UNROLL
    for (int v = 0; v < TILE_VECTORS; v++)
        cell[v] = cell_combine(cell[v], vec_load(e + v * LANES), mean);
    UNROLL
    for (int v = 0; v < TILE_VECTORS; v++)
        vec_store(place + v * LANES, cell[v]);
}

/* Pools a chunk whose scores have become weights relative to the new max. A cell that the chunk before left
 * open goes on. */
INLINE void stats_cells(const struct plan *plan, const struct workspace *space, const struct rows *rows,
                        size_t first_key, size_t from, size_t keys, size_t chunk, const bool mean)
{
    const size_t cell_keys = plan->cell_keys, first = from / cell_keys;
    const float *rescale = from != first * cell_keys && from != first_key ? rows->rescale : NULL;
    float *place = space->cells + (first - first_key / cell_keys) * BLOCK;
    size_t end = (first + 1) * cell_keys - from;
    for (size_t j = 0; j < keys; j = end, end += cell_keys, place += BLOCK, rescale = NULL) {
        const size_t count = (end < keys ? end : keys) - j;
        for (size_t at = 0; at < rows->lanes; at += TILE_LANES)
            cell_add(place + at, space->scores + j * BLOCK + at, count, rescale ? rescale + at : NULL, mean);
    }
    memcpy(space->chunk_max + chunk * BLOCK, rows->max, sizeof rows->max);

    /* finish_pool writes to all rows of the block at once: their cells are brought near bit by bit */
    const struct pooling *pool = &plan->job->pool;
    const size_t width = (plan->job->head->m + pool->keys - 1) / pool->keys, row = rows->first / pool->rows;
    prefetch_rows(pool->cells + first, width, row,
                  (int)((rows->first + rows->count - 1) / pool->rows - row + 1),
                  (keys + cell_keys - 1) / cell_keys);
}

/* A chunk that no row of the block attends to has this in the place of its maxima, which are never below -FLT_MAX, if its
 * cells are its own; they are then not written, nor read by finish_pool. */
#define NO_CELLS (-INFINITY)

/* The same for keys that no row of the block attends to: their cells are 0. `is_all`: they are the whole chunk. */
static void stats_no_cells(const struct plan *plan, const struct workspace *space, const struct rows *rows,
                           size_t first_key, size_t from, size_t keys, size_t chunk, bool is_all)
{
    const size_t cell_keys = plan->cell_keys;
    if (is_all && cell_keys <= CHUNK) {
        space->chunk_max[chunk * BLOCK] = NO_CELLS;
        return;
    }
    for (size_t j = from, end; j < from + keys; j = end) {
        end = (j / cell_keys + 1) * cell_keys;
        if (j % cell_keys == 0 || j == first_key)
            memset(space->cells + (j / cell_keys - first_key / cell_keys) * BLOCK, 0,
                   BLOCK * sizeof *space->cells);
    }
    memcpy(space->chunk_max + chunk * BLOCK, rows->max, sizeof rows->max);
}

static double row_total(const struct rows *rows, const struct workspace *space, size_t sum, size_t lane)
{
    return rows->has_wide_sums ? space->wide_sums[sum * BLOCK + lane]
                               : (double)space->sums[sum * BLOCK + lane];
}

/* The first key that a row may attend to: of one whose weights are all 0, as all are dropped, or its scores -infinity. */
static size_t first_key_of(const struct head *head, size_t i)
{
    size_t j = 0;
    while (j + 1 < head->m && !mask_allows(head, i, j))
        j++;
    return j;
}

static void finish_measures(const struct plan *plan, const struct workspace *space, const struct rows *rows)
{
    const struct head *head = plan->job->head;
    const size_t d_v = head->d_v;
    const bool is_shares = head_is_distribution(head);
    const bool is_largest = weighs_by_exp(plan) && !plan->has_sink && !plan->drops;
    for (size_t l = 0; l < rows->count; l++) {
        struct row_measures *out = &plan->job->measures[rows->first + l];
        const float inverse = rows->inverse[l];
        if (!rows->attends[l] || isnan(inverse)) {
            *out = (struct row_measures){.entropy = inverse,
                                         .max = inverse,
                                         .distance = inverse,
                                         .first = inverse,
                                         .argmax = SIZE_MAX};
            continue;
        }
        const double keys = rows->exp_sum[l], all = keys + row_sink(plan, rows, l);
        const double share = all > 0 ? keys / all : 0;
        const double log_sum = row_total(rows, space, d_v + SUM_LOG, l);
        /* Not below 0 even when rounded: with softmax the largest score, or the sink, has x = 0 and e = 1, so that
         * all >= 1, and no x is above 0, so that log_sum <= 0. */
        const double entropy = all > 0 ? share * log(all) - M_LN2 * plan->factor * log_sum / all : 0;
        const double distance = all > 0 ? row_total(rows, space, d_v + SUM_DISTANCE, l) / all : 0;
        const double heaviest =
            is_largest || rows->argmax[l] == SIZE_MAX ? 0 : weigh_one(plan, rows, l, rows->key_max[l]);
        *out = (struct row_measures){
            .entropy = is_shares ? (float)(entropy <= 0 ? 0 : entropy) : NAN,
            .max = is_largest ? inverse : (float)(heaviest * (double)inverse),
            .distance = is_shares ? (float)distance : NAN,
            .first = (float)(weigh_one(plan, rows, l, rows->first_score[l]) * (double)inverse),
            .score = (double)rows->key_max[l] * plan->scale_after,
            .argmax = rows->argmax[l] != SIZE_MAX ? rows->argmax[l] : first_key_of(head, rows->first + l)};
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
            const bool none = top[t].key == SIZE_MAX || !rows->attends[l] || isnan(inverse);
            out[t].weight = none ? 0 : (float)(weigh_one(plan, rows, l, top[t].weight) * inverse);
            out[t].key = out[t].weight != 0 ? top[t].key : SIZE_MAX;
        }
    }
}

/* Combines `count` rows of up to LANES cells into `to` (max or sum). With `fresh`, `to` is overwritten
 * instead. Rows are combined one at a time, so that the result does not depend on `count`. */
INLINE void pool_store(float *to, size_t cells, const vec *rows, size_t count, bool fresh, bool mean)
{
    const size_t bytes = cells < LANES ? cells * sizeof *to : LANES * sizeof *to;
    vec joined = rows[0], old = {0};
    if (!fresh) {
        memcpy(&old, to, bytes);
        joined = cell_combine(old, joined, mean);
    }
    for (size_t i = 1; i < count; i++)
        joined = cell_combine(joined, rows[i], mean);
    if (cells < LANES)
        memcpy(to, &joined, bytes);
    else
        vec_put(to, joined);
}

/* The place of finish_pool among the chunks: the chunk that closes the cell at hand. */
struct chunk_walk {
    size_t end;           /* the key behind it */
    size_t closed;        /* cells closed by it and those before it */
    const float *factors; /* for the cells that it closes, a number a row */
};

/* Goes on to the chunk that closes `cell`; cells count from that of first_key. */
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

/* vec_transpose for a `join` that is no constant: a power of 2, LANES at most. */
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

/* Cells of the keys [first_key, end_key), which are whole chunks, on their way to the pool. */
struct cell_run {
    size_t first_key, end_key;
    const float *cells;   /* the first one */
    const float *factors; /* of the first chunk */
};

/* Writes cells, transposed and multiplied by their factors, to the rows of the pool. Few rows at a time and all along them,
 * for the caches. */
static void pool_write(const struct plan *plan, const struct rows *rows, const struct cell_run *run)
{
    const struct pooling *pool = &plan->job->pool;
    const size_t width = (plan->job->head->m + pool->keys - 1) / pool->keys;
    const size_t first_cell = run->first_key / pool->keys;
    const size_t cells = (run->end_key - 1) / pool->keys + 1 - first_cell;
    const size_t join = pool->mean ? 1 : lowest_bit(pool->rows | rows->first | rows->count | LANES);
    for (size_t r = 0; r < rows->count; r += LANES) {
        const size_t lanes = rows->count - r < LANES ? rows->count - r : LANES;
        const size_t row = (rows->first + r) / pool->rows, over = (rows->first + r) % pool->rows;
        struct chunk_walk walk = {run->first_key, 0, run->factors - BLOCK};
        for (size_t c = 0, next; c < cells; c = next) {
            float *to = pool->cells + row * width + first_cell + c;
            /* Stores begin where a line of the cache does. */
            next = c + LANES - (uintptr_t)(pool->cells + first_cell + c) / sizeof(float) % LANES;
            next = next < cells ? next : cells;
            vec square[LANES];
            UNROLL
            for (size_t i = 0; i < LANES; i++) {
                if (c + i < next)
                    chunk_walk_to(&walk, plan, c + i, run->first_key, run->end_key);
                square[i] = vec_load(run->cells + (c + i) * BLOCK + r) * vec_load(walk.factors + r);
            }
            transpose_joined(square, join);
            for (size_t i = 0, end, from = over; i < lanes; i = end, to += width, from = 0) {
                end = pool->rows - from < lanes - i ? i + pool->rows - from : lanes;
                pool_store(to, next - c, square + i / join, (end - i) / join, from == 0, pool->mean);
            }
        }
    }
}

/* Writes the cells of the block, of keys [first_key, end_key), to the pool. */
static void finish_pool(const struct plan *plan, const struct workspace *space, const struct rows *rows,
                        size_t first_key, size_t end_key, const struct exponent *exponent)
{
    const struct pooling *pool = &plan->job->pool;
    const size_t width = (plan->job->head->m + pool->keys - 1) / pool->keys;

    /* Pass 1: rows of the pool that begin in this block are 0 where no cell is written. */
    for (size_t r = (pool->rows - rows->first % pool->rows) % pool->rows; r < rows->count; r += pool->rows) {
        /* Of a row that goes on in the next block the reach is not known here. */
        const bool in_reach = pool->in_reach && r + pool->rows <= rows->count;
        const size_t low = in_reach ? first_key / pool->keys : 0;
        const size_t high = in_reach ? (end_key + pool->keys - 1) / pool->keys : width;
        float *row = pool->cells + (rows->first + r) / pool->rows * width;
        if (low < high)
            memset(row + low, 0, (high - low) * sizeof *row);
    }

    /* Pass 2: the max at the end of each chunk becomes the factor exp(that max - final max)/sum for the cells that the
     * chunk closed; and these are written, as many chunks at once as have cells. */
    struct cell_run run = {.first_key = first_key};
    for (size_t from = first_key, end, chunk = 0; from < end_key; from = end, chunk++) {
        float *const place = space->chunk_max + chunk * BLOCK;
        end = chunk_end(&plan->chunks, from, end_key);
        if (place[0] == NO_CELLS) {
            run.first_key = end;
            continue;
        }
        if (run.first_key == from) {
            run.cells = space->cells + (from / pool->keys - first_key / pool->keys) * BLOCK;
            run.factors = place;
        }
        for (size_t at = 0; at < rows->lanes; at += LANES) {
            vec finite, factor = vec_exp(vec_load(place + at) - vec_load(rows->max + at), exponent, &finite);
            vec_store(place + at, factor * vec_load(rows->inverse + at));
        }
        run.end_key = end;
        if (end == end_key || place[BLOCK] == NO_CELLS)
            pool_write(plan, rows, &run);
    }

    /* Pass 3: a row that is NaN is NaN everywhere. */
    for (size_t r = 0; r < rows->count; r++)
        for (size_t c = 0; c < width && isnan(rows->inverse[r]); c++)
            pool->cells[(rows->first + r) / pool->rows * width + c] = NAN;
}
