/* A template, part of engine/linear_float_tmpl.h: the output of a chunk, past the caches where it is large. */

/* Where the output of a chunk goes: `rows` rows of `columns` numbers, each times a factor of its row. */
struct target {
    float *to;
    size_t row, rows, columns;
    bool streams;
    double factor[LINEAR_ROWS];
};

static struct target find_target(const struct linear_plan *plan, const struct linear_room *room,
                                 const struct float_rows *q, size_t first, size_t rows, size_t column)
{
    const struct engine_job *job = plan->job;
    const size_t left = job->head->d_v - column;
    struct target target = {.to = job->output + first * job->output_row + column,
                            .row = job->output_row,
                            .rows = rows,
                            .columns = left < plan->tile ? left : plan->tile};
    for (size_t r = 0; r < rows; r++) {
        const double sum = plan->normalizes ? sum_of_weights(plan, room, q, r) : 0;
        target.factor[r] = !plan->normalizes ? job->head->scale : sum == 0 ? 0 : 1 / sum;
    }
    return target;
}

/* Writes the numbers of row r from column c on that there are. Adds NaN to `trouble` where one is not finite. */
INLINE half deliver_floats(const struct target *target, size_t r, size_t c, half low, half high, half trouble)
{
    float some[FLOATS] __attribute__((aligned(64)));
    float *to = target->to + r * target->row + c;
    if (target->streams) {
        STREAM(to, low);
        STREAM(to + LANES, high);
    } else if (c + FLOATS <= target->columns) {
        *(half_anywhere *)to = low;
        *(half_anywhere *)(to + LANES) = high;
    } else {
        *(half_memory *)some = low;
        *(half_memory *)(some + LANES) = high;
        for (size_t i = 0; c + i < target->columns; i++)
            to[i] = some[i];
    }
    return trouble + low * 0 + high * 0;
}

/* Columns [c, c + vectors·FLOATS) of the output. Adds NaN to `trouble` where a number is not finite. */
INLINE half find_columns(const struct linear_plan *plan, const struct linear_room *room,
                         const struct chunk *chunk, const struct float_shares *shares,
                         const struct target *target, size_t c, half trouble, const int vectors)
{
    for (size_t r = 0; r < target->rows; r += FLOAT_ROWS) {
        floats before[FLOAT_ROWS][FLOAT_VECTORS], own[FLOAT_ROWS][FLOAT_VECTORS];
        struct factors pairs = {room->floats.pairs + r * LINEAR_ROWS, LINEAR_ROWS, 1, chunk->u.data + c,
                                chunk->u.step};
        const size_t last = r + FLOAT_ROWS < target->rows ? r + FLOAT_ROWS - 1 : target->rows - 1;
        sum_up(before,
               (struct factors){chunk->q.data + r * chunk->q.step, chunk->q.step, 1, room->floats.state + c,
                                plan->width},
               plan->d_k, vectors);
        sum_steps(own, &pairs, shares->seen[last], vectors);
        UNROLL
        for (size_t i = 0; i < FLOAT_ROWS; i++) {
            if (r + i > last)
                break;
            const double share = shares->before[r + i] * target->factor[r + i],
                         factor = target->factor[r + i];
            UNROLL
            for (int v = 0; v < vectors; v++) {
                const floats a = before[i][v], b = own[i][v];
                const half low = NARROW(WIDEN(LOW_HALF(a)) * share + WIDEN(LOW_HALF(b)) * factor),
                           high = NARROW(WIDEN(HIGH_HALF(a)) * share + WIDEN(HIGH_HALF(b)) * factor);
                trouble = deliver_floats(target, r + i, c + (size_t)v * FLOATS, low, high, trouble);
            }
        }
    }
    return trouble;
}

__attribute__((noinline)) static void find_output(struct linear_plan *plan, const struct linear_room *room,
                                                  const struct chunk *chunk,
                                                  const struct float_shares *shares,
                                                  const struct target *target)
{
    half trouble = {0};
    float worst = 0;
    size_t c = 0;
    for (; c + FLOAT_VECTORS * FLOATS <= plan->width; c += FLOAT_VECTORS * FLOATS)
        trouble = find_columns(plan, room, chunk, shares, target, c, trouble, FLOAT_VECTORS);
    if (c < plan->width)
        trouble = find_columns(plan, room, chunk, shares, target, c, trouble, 1);
    for (int l = 0; l < LANES; l++)
        worst += trouble[l];
    if (worst != 0)
        break_plan(plan);
}
