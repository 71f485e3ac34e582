/*
 * A template, part of engine/linear_float_tmpl.h: the pairs within a chunk, and what its rows see of the state from before; without
 * a decay, or with one factor a key.
 */

/* What the rows of a chunk see of its keys (0: nothing), what of the state from before, and what the chunk multiplies it
 * by. */
struct float_shares {
    float pairs[LINEAR_ROWS * LINEAR_ROWS] __attribute__((aligned(64)));
    double before[LINEAR_ROWS];
    double whole;
    size_t seen[LINEAR_ROWS]; /* keys of the chunk, in front */
    bool is_ready;            /* these are of a whole chunk whose row t sees t + 1 keys, without a decay */
};

/* Without a decay. The chunks of a long head are all alike but for a few. */
static void find_seen(const struct linear_plan *plan, struct float_shares *shares, size_t first, size_t base,
                      size_t rows)
{
    const bool is_usual = rows == LINEAR_ROWS && linear_seen(plan, first) == base + 1 &&
                          linear_seen(plan, first + rows - 1) == base + rows;
    if (shares->is_ready && is_usual)
        return;
    shares->is_ready = is_usual;
    shares->whole = 1;
    for (size_t t = 0; t < LINEAR_ROWS; t++) {
        shares->before[t] = 1;
        shares->seen[t] = t < rows ? linear_seen(plan, first + t) - base : 0;
        for (size_t j = 0; j < LINEAR_ROWS; j++)
            shares->pairs[t * LINEAR_ROWS + j] = j < shares->seen[t];
    }
}

/* With a decay: row t sees keys 0 to t. Decays above 0 break the plan: what float32 has lost could rise again. */
static void find_decayed(struct linear_plan *plan, struct float_shares *shares, size_t first, size_t rows)
{
    enum { VECTORS = LINEAR_ROWS / LANES };
    const struct strided *decay = &plan->job->head->recurrent.decay;
    double step[LINEAR_ROWS] __attribute__((aligned(64))) = {0}, place[LANES] __attribute__((aligned(64)));
    vec share[VECTORS] = {{0}};
    bool rises = false;
    for (size_t t = 0; t < rows; t++) {
        step[t] = (double)decay->data[(first + t) * decay->row];
        rises |= !(step[t] <= 0);
    }
    if (rises)
        break_plan(plan);
    for (int v = 0; v < VECTORS; v++)
        store(step + v * LANES, exponential(load(step + v * LANES)));
    for (int l = 0; l < LANES; l++)
        place[l] = l;
    vec key = load(place); /* less t */
    shares->whole = 1;
    for (size_t t = 0; t < LINEAR_ROWS; t++, key -= 1.0) {
        shares->whole *= step[t];
        shares->before[t] = shares->whole;
        shares->seen[t] = t < rows ? t + 1 : 0;
        UNROLL
        for (int v = 0; v < VECTORS; v++) {
            const veci is_own = key == (vec){0} - (double)(v * LANES);
            share[v] = share[v] * step[t] + (vec)(is_own & (veci)((vec){0} + 1.0));
            narrow(shares->pairs + t * LINEAR_ROWS + v * LANES, share[v]);
        }
    }
}

/* The pairs within a chunk: room->floats.pairs. */
static void find_float_pairs(const struct linear_plan *plan, const struct linear_room *room,
                             const struct float_rows *q, const struct float_shares *shares)
{
    enum { VECTORS = LINEAR_ROWS / FLOATS };
    for (size_t r = 0; r < LINEAR_ROWS; r += FLOAT_ROWS) {
        floats total[FLOAT_ROWS][FLOAT_VECTORS];
        sum_up(total, (struct factors){q->data + r * q->step, q->step, 1, room->floats.turned, LINEAR_ROWS},
               plan->d_k, VECTORS);
        UNROLL
        for (size_t i = 0; i < FLOAT_ROWS; i++) {
            UNROLL
            for (size_t v = 0; v < VECTORS; v++) {
                const size_t at = (r + i) * LINEAR_ROWS + v * FLOATS;
                store_floats(room->floats.pairs + at, total[i][v] * load_floats(shares->pairs + at));
            }
        }
    }
}

/* The sum of weights of a row: those of the pairs, and of the keys before, which stand behind the state. */
static double sum_of_weights(const struct linear_plan *plan, const struct linear_room *room,
                             const struct float_rows *rows, size_t r)
{
    const float *q = rows->data + r * rows->step, *keys = room->floats.state + plan->d_k * plan->width;
    vec sum = {0};
    for (size_t d = 0; d < plan->d_k; d += LANES)
        sum += WIDEN(*(const half_anywhere *)(q + d)) * widen_float(keys + d);
    for (size_t j = 0; j < LINEAR_ROWS; j += LANES)
        sum += widen_float(room->floats.pairs + r * LINEAR_ROWS + j);
    double all = 0;
    for (int l = 0; l < LANES; l++)
        all += sum[l];
    return all;
}
