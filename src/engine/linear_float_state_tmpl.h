/*
 * A template, part of engine/linear_float_tmpl.h: what the keys of a chunk add to the state, two floats a number, and the state in
 * double precision as such, and back.
 */

/* The state, times `factor` (1 if it does not decay), plus what is written: Kahan's sum, whose rest keeps what the addition
 * and the product lose. The products are FUSE's, so that no compiler joins them with an addition. */
INLINE void add_to_state(const struct linear_room *room, size_t at, floats written, double factor,
                         const bool decays)
{
    const floats state = load_floats(room->floats.state + at), rest = load_floats(room->floats.rest + at);
    floats before = state, lost = rest;
    if (decays) {
        const float near = (float)factor;
        const floats high = (floats){0} + near, low = (floats){0} + (float)(factor - (double)near);
        before = FUSE(state, high, (floats){0});
        lost = FUSE(rest, high, FUSE(state, low, FUSE(state, high, -before)));
    }
    const floats more = written + lost, all = before + more;
    store_floats(room->floats.state + at, all);
    store_floats(room->floats.rest + at, more - (all - before));
}

/* Puts the first `count` keys of the chunk into columns [c, c + vectors·FLOATS) of the state. */
INLINE void write_columns(const struct linear_plan *plan, const struct linear_room *room,
                          const struct chunk *chunk, double factor, size_t count, size_t c, const int vectors,
                          const bool decays, const struct ahead *ahead)
{
    for (size_t d = 0; d < plan->d_k; d += FLOAT_ROWS) {
        const size_t tile = (c / (FLOAT_VECTORS * FLOATS) * plan->d_k + d) / FLOAT_ROWS;
        if (tile < LINEAR_ROWS)
            fetch_row(plan, ahead, tile);
        floats total[FLOAT_ROWS][FLOAT_VECTORS];
        sum_steps(total,
                  &(struct factors){chunk->k.data + d, 1, chunk->k.step, chunk->u.data + c, chunk->u.step},
                  count, vectors);
        UNROLL
        for (size_t i = 0; i < FLOAT_ROWS; i++) {
            UNROLL
            for (int v = 0; v < vectors; v++)
                add_to_state(room, (d + i) * plan->width + c + (size_t)v * FLOATS, total[i][v], factor,
                             decays);
        }
    }
}

INLINE void write_outputs(const struct linear_plan *plan, const struct linear_room *room,
                          const struct chunk *chunk, double factor, size_t count, const bool decays,
                          const struct ahead *ahead)
{
    size_t c = 0;
    for (; c + FLOAT_VECTORS * FLOATS <= plan->width; c += FLOAT_VECTORS * FLOATS)
        write_columns(plan, room, chunk, factor, count, c, FLOAT_VECTORS, decays, ahead);
    if (c < plan->width)
        write_columns(plan, room, chunk, factor, count, c, 1, decays, ahead);
}

/* Puts the first `count` keys of the chunk into the state. */
__attribute__((noinline)) static void write_floats(const struct linear_plan *plan,
                                                   const struct linear_room *room, const struct chunk *chunk,
                                                   double factor, size_t count, const struct ahead *ahead)
{
    if (plan->decay == LINEAR_KEEPS)
        write_outputs(plan, room, chunk, 1, count, false, ahead);
    else
        write_outputs(plan, room, chunk, factor, count, true, ahead);
    for (size_t d = 0; plan->normalizes && d < plan->d_k; d += FLOATS) {
        floats sum = {0};
        for (size_t j = 0; j < count; j++)
            sum += load_anywhere(chunk->k.data + j * chunk->k.step + d);
        add_to_state(room, plan->d_k * plan->width + d, sum, 1, false);
    }
}

/* The state in double precision as two floats, and back. */
static void split_state(const struct linear_plan *plan, const struct linear_room *room)
{
    for (size_t i = 0; i < plan->size; i += LANES) {
        const vec all = load(room->state + i);
        narrow(room->floats.state + i, all);
        narrow(room->floats.rest + i, all - widen_float(room->floats.state + i));
    }
}

static void join_state(const struct linear_plan *plan, const struct linear_room *room)
{
    for (size_t i = 0; i < plan->size; i += LANES)
        store(room->state + i, widen_float(room->floats.state + i) + widen_float(room->floats.rest + i));
}
