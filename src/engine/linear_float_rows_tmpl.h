/*
 * A template, part of engine/linear_float_tmpl.h: rows of q, k and v, read where they lie or copied and padded, those that come next
 * fetched ahead, and keys as columns.
 */

/* Whether rows begin where a line of the cache does, so that a vector is in one line. */
INLINE bool begins_line(const float *row, size_t step)
{
    enum { LINE = 64 };
    return (uintptr_t)row % LINE == 0 && step % (LINE / sizeof *row) == 0;
}

/* Whether the output goes past the caches: where it is larger than a share of the last one, it would be read from memory
 * before it is written, and then push out what is read next. */
static bool streams(const struct linear_plan *plan)
{
    enum { LARGE = 16 << 20 };
    const struct engine_job *job = plan->job;
    return job->head->n >= LARGE / sizeof(float) / job->head->d_v && job->head->d_v % FLOATS == 0 &&
           begins_line(job->output, job->output_row);
}

/* What comes behind a chunk: its keys, and its queries and their output (SIZE_MAX: none). */
struct ahead {
    size_t key, query, column;
    bool streams; /* the output need not be fetched */
};

/* Has the processor fetch row r of it. Asked for row by row, between products, it is there when it is wanted. */
INLINE void fetch_row(const struct linear_plan *plan, const struct ahead *ahead, size_t r)
{
    enum { LINE = 16 };
    const struct engine_job *job = plan->job;
    const struct head *head = job->head;
    if (ahead->key < head->m && r < head->m - ahead->key) {
        const float *k = head->k.data + (ahead->key + r) * head->k.row,
                    *v = head->v.data + (ahead->key + r) * head->v.row + ahead->column;
        for (size_t c = 0; c < head->d_k; c += LINE)
            __builtin_prefetch(k + c);
        for (size_t c = 0; c < plan->tile && ahead->column + c < head->d_v; c += LINE)
            __builtin_prefetch(v + c);
    }
    if (ahead->query < head->n && r < head->n - ahead->query) {
        const float *q = head->q.data + (ahead->query + r) * head->q.row,
                    *to = job->output + (ahead->query + r) * job->output_row + ahead->column;
        for (size_t c = 0; c < head->d_k; c += LINE)
            __builtin_prefetch(q + c);
        for (size_t c = 0; c < plan->tile && ahead->column + c < head->d_v && !ahead->streams; c += LINE)
            __builtin_prefetch(to + c, 1);
    }
}

/* A row of `count` floats, with zeros up to `padded`. Adds what is out of range to `trouble`. */
INLINE floats_bits copy_row(float *to, const float *from, size_t count, size_t padded, floats_bits trouble)
{
    size_t c = 0;
    for (; c + FLOATS <= count; c += FLOATS) {
        const floats x = *(const floats_anywhere *)(from + c);
        trouble |= out_of_range(x);
        store_floats(to + c, x);
    }
    if (c < padded) {
        for (size_t i = c; i < padded; i++)
            to[i] = i < count ? from[i] : 0;
        for (; c < padded; c += FLOATS)
            trouble |= out_of_range(load_floats(to + c));
    }
    return trouble;
}

static void clear_floats(float *to, size_t count)
{
    for (size_t c = 0; c < count; c += FLOATS)
        store_floats(to + c, (floats){0});
}

/* Rows of a chunk: where they lie in memory, if they are whole, or copied and filled up with zeros. */
struct float_rows {
    const float *data;
    size_t step;
};

struct chunk {
    struct float_rows q, k, u; /* u: what the keys write */
};

/* Adds what is out of range, in `columns` of whole vectors, to `trouble`. */
static floats_bits are_ordinary(const struct float_rows *rows, size_t columns, floats_bits trouble)
{
    for (size_t r = 0; r < LINEAR_ROWS; r++)
        for (size_t c = 0; c < columns; c += FLOATS)
            trouble |= out_of_range(load_anywhere(rows->data + r * rows->step + c));
    return trouble;
}

/* Of the tiles, the first looks at q and the last at k. */
static floats_bits find_queries(const struct linear_plan *plan, const struct linear_room *room,
                                struct chunk *chunk, size_t first, size_t rows, size_t column,
                                floats_bits trouble)
{
    const struct strided *q = &plan->job->head->q;
    if (rows == LINEAR_ROWS && plan->d_k == plan->job->head->d_k) {
        chunk->q = (struct float_rows){q->data + first * q->row, q->row};
        return column == 0 ? are_ordinary(&chunk->q, plan->d_k, trouble) : trouble;
    }
    chunk->q = (struct float_rows){room->floats.q, plan->d_k};
    for (size_t r = 0; r < LINEAR_ROWS; r++)
        if (r < rows)
            trouble = copy_row(room->floats.q + r * plan->d_k, q->data + (first + r) * q->row,
                               plan->job->head->d_k, plan->d_k, trouble);
        else
            clear_floats(room->floats.q + r * plan->d_k, plan->d_k);
    return trouble;
}

/* The keys of a chunk, and what they write in columns from `column` on; see pack_keys. */
static floats_bits chunk_keys(const struct linear_plan *plan, const struct linear_room *room,
                              struct chunk *chunk, size_t first, size_t count, size_t column,
                              floats_bits trouble)
{
    const struct head *head = plan->job->head;
    const size_t left = head->d_v - column, columns = left < plan->tile ? left : plan->tile;
    const float *from = head->k.data + first * head->k.row, *v = head->v.data + first * head->v.row + column;
    const bool is_whole = count == LINEAR_ROWS && plan->d_k == head->d_k && plan->width == columns &&
                          !head->rules.key_mask.data;
    if (is_whole && begins_line(v, head->v.row)) {
        chunk->k = (struct float_rows){from, head->k.row};
        chunk->u = (struct float_rows){v, head->v.row};
        if (left <= plan->tile)
            trouble = are_ordinary(&chunk->k, plan->d_k, trouble);
        return are_ordinary(&chunk->u, columns, trouble);
    }
    chunk->k = (struct float_rows){room->floats.k, plan->d_k};
    chunk->u = (struct float_rows){room->floats.u, plan->width};
    for (size_t j = 0; j < LINEAR_ROWS; j++, from += head->k.row, v += head->v.row) {
        float *k = room->floats.k + j * plan->d_k, *u = room->floats.u + j * plan->width;
        if (j >= count || is_masked(head, first + j)) {
            clear_floats(k, plan->d_k);
            clear_floats(u, plan->width);
        } else {
            trouble = copy_row(k, from, head->d_k, plan->d_k, trouble);
            trouble = copy_row(u, v, columns, plan->width, trouble);
        }
    }
    return trouble;
}

/* Multiplies what the first `count` keys write by a factor each, in room->floats.u. */
static void scale_keys(const struct linear_plan *plan, const struct linear_room *room, struct chunk *chunk,
                       const float *factor, size_t count)
{
    for (size_t j = 0; j < count; j++)
        for (size_t c = 0; c < plan->width; c += FLOATS)
            store_floats(room->floats.u + j * plan->width + c,
                         load_anywhere(chunk->u.data + j * chunk->u.step + c) * factor[j]);
    chunk->u = (struct float_rows){room->floats.u, plan->width};
}

/* The keys as columns, a square of a vector's length at a time: zipping the halves of the rows until all are zipped. */
static void turn_floats(const struct linear_plan *plan, const struct linear_room *room,
                        const struct float_rows *k)
{
    for (size_t j = 0; j < LINEAR_ROWS; j += FLOATS)
        for (size_t d = 0; d < plan->d_k; d += FLOATS) {
            floats rows[FLOATS], zipped[FLOATS];
            UNROLL
            for (size_t i = 0; i < FLOATS; i++)
                rows[i] = load_anywhere(k->data + (j + i) * k->step + d);
            UNROLL
            for (int width = 1; width < FLOATS; width *= 2) {
                UNROLL
                for (int i = 0; i < FLOATS / 2; i++) {
                    zipped[2 * i] = ZIP_LOW(rows[i], rows[i + FLOATS / 2]);
                    zipped[2 * i + 1] = ZIP_HIGH(rows[i], rows[i + FLOATS / 2]);
                }
                UNROLL
                for (int i = 0; i < FLOATS; i++)
                    rows[i] = zipped[i];
            }
            UNROLL
            for (size_t i = 0; i < FLOATS; i++)
                store_floats(room->floats.turned + (d + i) * LINEAR_ROWS + j, rows[i]);
        }
}
