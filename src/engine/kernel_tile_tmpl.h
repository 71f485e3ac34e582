/*
 * A template, part of engine/kernel_tmpl.h: the one matrix product of the engine. A tile of up to TILE_ROWS
 * rows, whose numbers are read one by one where the caller has them, times TILE_VECTORS vectors of a block.
 * Scores, outputs and projections are all made of it, so that only a block of queries is ever packed. Its
 * macros, set for each instruction set, beside those of engine/kernel_vector_tmpl.h:
 *
 *   TILE_ROWS, TILE_VECTORS   the register tile: TILE_ROWS·TILE_VECTORS sums at once; TILE_ROWS is 6
 *   SCORE_VECTORS             (optional) vectors of a tile of products of q and k, where registers can hold two such tiles
 *
 * Scores that are no products (enum compared) are made in the same tiles.
 */

#define TILE_LANES (TILE_VECTORS * LANES)

#ifndef SCORE_VECTORS
#define SCORE_VECTORS TILE_VECTORS
#endif

/* Lanes that a block of `count` rows computes: whole tiles, or one vector. */
INLINE size_t tile_lanes(size_t count)
{
    return count <= LANES ? LANES : (count + TILE_LANES - 1) / TILE_LANES * TILE_LANES;
}

/* Lanes of a strip, the least that is computed alone where rows of a block attend to different keys of a chunk: a tile, or a
 * vector where tiles are wider than 16. */
#define STRIP_LANES ((size_t)(TILE_LANES > 16 ? LANES : TILE_LANES))

/* The most products summed up in one float. A score of 64 columns is then the sum of three such sums, and its
 * error about half that of a single one; 16 would gain little more, and take 1 % longer. */
#define DEPTH ((size_t)22)
/* Those of a distance are all above 0, so that their sums, and the errors of these, are larger. */
#define DEPTH_DISTANCE ((size_t)8)

/* sum[r][v] = sum over k < depth of a[r·row + k·step]·b[k][v] for r < rows, v < vectors; both are constants. */
INLINE void tile_multiply(vec sum[TILE_ROWS][TILE_VECTORS], const int rows, const int vectors, const float *a,
                          size_t row, size_t step, const float *b, size_t depth)
{
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int v = 0; v < vectors; v++)
        sum[r][v] = (vec){0};
    for (size_t k = 0; k < depth; k++, a += step, b += BLOCK) {
        vec right[TILE_VECTORS];
        UNROLL
        for (int v = 0; v < vectors; v++)
            right[v] = vec_load(b + v * LANES);
        UNROLL
        for (int r = 0; r < rows; r++) {
            vec left = vec_all(a[(size_t)r * row]);
            UNROLL
            for (int v = 0; v < vectors; v++)
                sum[r][v] += left * right[v];
        }
    }
}

/* How many of the `left` rows the next tile takes, such that a tile of a single row is rare. */
INLINE int tile_height(size_t left)
{
    if (left >= TILE_ROWS + 3 || left <= TILE_ROWS)
        return left < TILE_ROWS ? (int)left : TILE_ROWS;
    return (int)(left + 1) / 2;
}

/* CALL(height), with the height as a constant. */
#define TILE_SWITCH(height, CALL)                                                                            \
    switch (height) {                                                                                        \
    case 1:                                                                                                  \
        CALL(1);                                                                                             \
        break;                                                                                               \
    case 2:                                                                                                  \
        CALL(2);                                                                                             \
        break;                                                                                               \
    case 3:                                                                                                  \
        CALL(3);                                                                                             \
        break;                                                                                               \
    case 4:                                                                                                  \
        CALL(4);                                                                                             \
        break;                                                                                               \
    case 5:                                                                                                  \
        CALL(5);                                                                                             \
        break;                                                                                               \
    default:                                                                                                 \
        CALL(6);                                                                                             \
    }

/* What makes scores of queries and keys that are no products. */
struct comparison {
    enum compared compared;
    const float *additive; /* d numbers, or NULL */
    float additive_sum;
    struct exponent twice; /* for tanh */
};

/* One term of a score, added to its sum. With e = e^2q·e^2k, a·tanh(q + k) = a - 2a/(1 + e): the sum has -2a/(1 + e), and
 * compare_finish the rest. Beyond 1e37, and for an infinite k, the second part is 0. */
INLINE vec compare_add(vec sum, vec query, vec key, float additive, const struct comparison *comparison)
{
    switch (comparison->compared) {
    case COMPARED_DISTANCE:
        query = query - key;
        return sum + query * query;
    case COMPARED_EXP:
        return sum + additive * 2 * VEC_RECIPROCAL(VEC_MAX(vec_all(-1e37f), -(query * key) - 1));
    case COMPARED_TANH:
        return sum + additive * vec_tanh(query + key, &comparison->twice);
    case COMPARED_PRODUCT:
        break;
    }
    return sum + query * key;
}

INLINE vec compare_finish(vec sum, const struct comparison *comparison)
{
    return comparison->compared == COMPARED_DISTANCE ? sum * -0.5f
           : comparison->compared == COMPARED_EXP    ? sum + comparison->additive_sum
                                                     : sum;
}

/* tile_multiply for scores that are no products; `compared` is a constant. */
INLINE void tile_compare(vec sum[TILE_ROWS][TILE_VECTORS], const int rows, const int vectors, const float *k,
                         size_t row, const float *queries, size_t depth, const float *additive,
                         const struct comparison *comparison)
{
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int v = 0; v < vectors; v++)
        sum[r][v] = (vec){0};
    for (size_t c = 0; c < depth; c++, queries += BLOCK)
        UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int v = 0; v < vectors; v++)
        sum[r][v] = compare_add(sum[r][v], vec_load(queries + v * LANES), vec_all(k[(size_t)r * row + c]),
                                additive ? additive[c] : 0, comparison);
}

/* scores[r][..] of `rows` keys and all queries; largest[..] is raised to them. comparison->compared, `rows` and `vectors`,
 * of a tile, are constants. */
INLINE void tile_scores(const int rows, const int vectors, const float *k, size_t k_row, const float *queries,
                        size_t d, const struct comparison *comparison, float *scores, float *largest,
                        size_t lanes)
{
    const size_t deepest = comparison->compared == COMPARED_DISTANCE ? DEPTH_DISTANCE : DEPTH;
    for (size_t at = 0; at < lanes; at += (size_t)vectors * LANES)
        for (size_t done = 0; done < d || done == 0; done += deepest) {
            const size_t depth = d - done < deepest ? d - done : deepest;
            vec sum[TILE_ROWS][TILE_VECTORS];
            if (comparison->compared == COMPARED_PRODUCT)
                tile_multiply(sum, rows, vectors, k + done, k_row, 1, queries + done * BLOCK + at, depth);
            else
                tile_compare(sum, rows, vectors, k + done, k_row, queries + done * BLOCK + at, depth,
                             comparison->additive ? comparison->additive + done : NULL, comparison);
            UNROLL
            for (int v = 0; v < vectors; v++) {
                float *place = scores + at + (size_t)v * LANES, *most = largest + at + (size_t)v * LANES;
                if (done > 0)
                    UNROLL
                for (int r = 0; r < rows; r++)
                    sum[r][v] += vec_load(place + (size_t)r * BLOCK);
                if (done + depth >= d)
                    UNROLL
                for (int r = 0; r < rows; r++)
                    sum[r][v] = compare_finish(sum[r][v], comparison);
                UNROLL
                for (int r = 0; r < rows; r++)
                    vec_store(place + (size_t)r * BLOCK, sum[r][v]);
                if (done + depth < d)
                    continue;
                vec top = vec_load(most);
                UNROLL
                for (int r = 0; r < rows; r++)
                    top = VEC_MAX(sum[r][v], top);
                vec_store(most, top);
            }
        }
}

/* The same for products, where registers can hold two tiles: the sums of columns stay there until they are whole. */
INLINE void tile_products(const int rows, const int vectors, const float *k, size_t k_row,
                          const float *queries, size_t d, float *scores, float *largest, size_t lanes)
{
    for (size_t at = 0; at < lanes; at += (size_t)vectors * LANES) {
        vec total[TILE_ROWS][TILE_VECTORS], sum[TILE_ROWS][TILE_VECTORS];
        size_t depth = d < DEPTH ? d : DEPTH;
        tile_multiply(total, rows, vectors, k, k_row, 1, queries + at, depth);
        for (size_t done = depth; done < d; done += depth) {
            depth = d - done < DEPTH ? d - done : DEPTH;
            tile_multiply(sum, rows, vectors, k + done, k_row, 1, queries + done * BLOCK + at, depth);
            UNROLL
            for (int r = 0; r < rows; r++)
                UNROLL
            for (int v = 0; v < vectors; v++)
                total[r][v] += sum[r][v];
        }
        UNROLL
        for (int v = 0; v < vectors; v++) {
            vec top = vec_load(largest + at + (size_t)v * LANES);
            UNROLL
            for (int r = 0; r < rows; r++) {
                vec_store(scores + at + (size_t)r * BLOCK + (size_t)v * LANES, total[r][v]);
                top = VEC_MAX(total[r][v], top);
            }
            vec_store(largest + at + (size_t)v * LANES, top);
        }
    }
}

/* The most columns of a row that are prefetched. */
#define PREFETCH_COLUMNS ((size_t)512)

/* Prefetches rows first.. of a matrix; from the way a tile reads, processors do not foresee them. A hint
 * about addresses only: none needs to exist. */
INLINE void prefetch_rows(const float *from, size_t row, size_t first, int rows, size_t columns)
{
    const uintptr_t bytes = (columns < PREFETCH_COLUMNS ? columns : PREFETCH_COLUMNS) * sizeof *from;
    uintptr_t at = (uintptr_t)from + first * row * sizeof *from;
    for (; rows > 0; rows--, at += row * sizeof *from)
        for (uintptr_t c = 0; c < bytes; c += 64)
            __builtin_prefetch((const char *)(at + c), 0, 3);
}

/* Rows of matrices that will be needed next, and are prefetched few at a time between products: all at once they would be
 * waited for. To the second cache, because they would push what is at work out of the first. */
struct upcoming {
    struct upcoming_rows {
        const float *at;
        size_t row, columns, left; /* rows that are left, `row` numbers apart */
    } of[4];
};

INLINE void upcoming_prefetch(struct upcoming *upcoming)
{
    for (size_t i = 0; i < sizeof upcoming->of / sizeof *upcoming->of; i++) {
        struct upcoming_rows *rows = &upcoming->of[i];
        if (rows->left == 0)
            continue;
        for (size_t c = 0; c < rows->columns && c < PREFETCH_COLUMNS; c += 16)
            __builtin_prefetch(rows->at + c, 0, 2);
        rows->at += --rows->left > 0 ? rows->row : 0;
    }
}

/* scores[j][..] for all keys of a chunk and `lanes` lanes; largest[..] is raised to them. The rows of v, which pass 4
 * reads, are prefetched up to v_columns columns. comparison->compared and `vectors` are constants. */
INLINE void tiles_compare(const int vectors, const float *k, size_t k_row, size_t keys, const float *queries,
                          size_t d, const struct comparison *comparison, float *scores, float *largest,
                          size_t lanes, const float *v, size_t v_row, size_t v_columns)
{
    const bool holds = comparison->compared == COMPARED_PRODUCT && SCORE_VECTORS < TILE_VECTORS;
    int rows;
    for (size_t j = 0; j < keys; j += (size_t)rows) {
        rows = tile_height(keys - j);
        prefetch_rows(k, k_row, j + (size_t)rows, rows, d);
        prefetch_rows(v, v_row, j, rows, v_columns);
#define CALL(ROWS)                                                                                           \
    if (holds)                                                                                               \
        tile_products(ROWS, vectors, k + j * k_row, k_row, queries, d, scores + j * BLOCK, largest, lanes);  \
    else                                                                                                     \
        tile_scores(ROWS, vectors, k + j * k_row, k_row, queries, d, comparison, scores + j * BLOCK,         \
                    largest, lanes)
        TILE_SWITCH(rows, CALL)
#undef CALL
    }
}

static void compare_keys(const struct comparison *comparison, const float *k, size_t k_row, size_t keys,
                         const float *queries, size_t d, float *scores, float *largest, size_t lanes,
                         const float *v, size_t v_row, size_t v_columns)
{
    struct comparison constant = *comparison;
#define CALL(COMPARED, VECTORS)                                                                              \
    constant.compared = COMPARED;                                                                            \
    if (lanes == LANES)                                                                                      \
        tiles_compare(1, k, k_row, keys, queries, d, &constant, scores, largest, lanes, v, v_row,            \
                      v_columns);                                                                            \
    else                                                                                                     \
        tiles_compare(VECTORS, k, k_row, keys, queries, d, &constant, scores, largest, lanes, v, v_row,      \
                      v_columns)
    switch (comparison->compared) {
    case COMPARED_PRODUCT:
        CALL(COMPARED_PRODUCT, SCORE_VECTORS);
        break;
    case COMPARED_DISTANCE:
        CALL(COMPARED_DISTANCE, TILE_VECTORS);
        break;
    case COMPARED_EXP:
        CALL(COMPARED_EXP, TILE_VECTORS);
        break;
    case COMPARED_TANH:
        CALL(COMPARED_TANH, TILE_VECTORS);
        break;
    }
#undef CALL
}

/* The same as multiply_values, for `rows` columns of v. */
INLINE void tile_values(const int rows, const int vectors, const float *v, size_t v_row, const float *weights,
                        size_t keys, float *sums, const float *rescale, size_t lanes)
{
    for (size_t at = 0; at < lanes; at += (size_t)vectors * LANES) {
        vec sum[TILE_ROWS][TILE_VECTORS];
        tile_multiply(sum, rows, vectors, v, 1, v_row, weights + at, keys);
        UNROLL
        for (int u = 0; u < vectors; u++) {
            vec factor = vec_load(rescale + at + (size_t)u * LANES);
            UNROLL
            for (int r = 0; r < rows; r++) {
                float *place = sums + (size_t)r * BLOCK + at + (size_t)u * LANES;
                vec_store(place, vec_load(place) * factor + sum[r][u]);
            }
        }
    }
}

INLINE void tiles_values(const int vectors, const float *v, size_t v_row, size_t columns,
                         const float *weights, size_t keys, float *sums, const float *rescale, size_t lanes,
                         struct upcoming *upcoming)
{
    int rows;
    for (size_t c = 0; c < columns; c += (size_t)rows) {
        rows = tile_height(columns - c);
        upcoming_prefetch(upcoming);
#define CALL(ROWS) tile_values(ROWS, vectors, v + c, v_row, weights, keys, sums + c * BLOCK, rescale, lanes)
        TILE_SWITCH(rows, CALL)
#undef CALL
    }
}

/* sums[c][..] = rescale·sums[c][..] + sum over j of v[j][c]·weights[j][..], for c < columns, j < keys. */
static void multiply_values(const float *v, size_t v_row, size_t columns, const float *weights, size_t keys,
                            float *sums, const float *rescale, size_t lanes, struct upcoming *upcoming)
{
    if (lanes == LANES)
        tiles_values(1, v, v_row, columns, weights, keys, sums, rescale, lanes, upcoming);
    else
        tiles_values(TILE_VECTORS, v, v_row, columns, weights, keys, sums, rescale, lanes, upcoming);
}
