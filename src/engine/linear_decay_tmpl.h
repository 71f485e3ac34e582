/*
 * A template, part of engine/linear_tmpl.h: what decays leave of the keys of a chunk, at its rows and behind its end; one factor a
 * key, or one a column and key.
 */

/* The product of the factors of a chunk, or of a segment, may become 0 where that of the state would not: when they rise
 * again afterwards. They rise by e^300 at most, so that what was lost is far below any float. */
#define GROWTH 300.0

INLINE vec choose(veci mask, vec yes, vec no)
{
    return (vec)(((veci)yes & mask) | ((veci)no & ~mask));
}

/* e^x to 3 units in the last place, for x up to 700; 0 below -708, and NaN for NaN. Adding 1.5·2^52 leaves no bits for a
 * fraction: the last bits of the sum are the whole number itself. The series of e^r is broken off where r, half of ln 2 at
 * most, no longer tells. */
INLINE vec exponential(vec x)
{
    static const double terms[] = {
        1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
        1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1,           1};
    const vec shifted = x * 0x1.71547652b82fep+0 + 0x1.8p52, whole = shifted - 0x1.8p52;
    const vec r = x - whole * 0x1.62e42fefa38p-1 - whole * 0x1.ef35793c7673p-45;
    vec sum = (vec){0} + terms[0];
    UNROLL
    for (size_t i = 1; i < sizeof terms / sizeof *terms; i++)
        sum = sum * r + terms[i];
    const vec scaled = (vec)((veci)sum + ((veci)shifted << 52));
    return choose(x != x, x, choose(x < -708, (vec){0}, scaled));
}

/* The factors of a key, in room->step. Returns how far they raise the state. */
INLINE double find_step(const struct linear_plan *plan, const struct linear_room *room, size_t key)
{
    const struct head *head = plan->job->head;
    const float *decay = head->recurrent.decay.data + key * head->recurrent.decay.row;
    const size_t count = plan->decay == LINEAR_DECAYS_AS_ONE ? 1 : head->d_k;
    vec growth = {0};
    double most = 0;
    widen_row(room->step, decay, count, plan->d_k);
    for (size_t d = 0; d < (count == 1 ? LANES : plan->d_k); d += LANES) {
        const vec x = load(room->step + d);
        growth = choose(x > growth, x, growth);
        store(room->step + d, exponential(x));
    }
    for (int l = 0; l < LANES; l++)
        most = growth[l] > most ? growth[l] : most;
    return most;
}

static void scale_row(double *row, const double *factor, size_t count)
{
    for (size_t c = 0; c < count; c += LANES)
        store(row + c, load(row + c) * load(factor + c));
}

static void scale_row_by(double *row, double factor, size_t count)
{
    for (size_t c = 0; c < count; c += LANES)
        store(row + c, load(row + c) * factor);
}

static void fill_row(double *row, double number, size_t count)
{
    for (size_t c = 0; c < count; c += LANES)
        store(row + c, (vec){0} + number);
}

/* Multiplies the keys, as rows, by what is left of them behind the chunk, and makes room->factor what the chunk multiplies
 * the state by: from the last key to the first. Returns the growth of all. */
static double decay_to_end(const struct linear_plan *plan, const struct linear_room *room, size_t first,
                           size_t count)
{
    const bool as_one = plan->decay == LINEAR_DECAYS_AS_ONE;
    double growth = 0, all = 1;
    fill_row(room->factor, 1, plan->d_k);
    for (size_t j = count; j-- > 0;) {
        double *k = room->k + j * plan->d_k;
        if (as_one)
            scale_row_by(k, all, plan->d_k);
        else
            scale_row(k, room->factor, plan->d_k);
        growth += find_step(plan, room, first + j);
        if (as_one)
            all *= room->step[0];
        else
            scale_row(room->factor, room->step, plan->d_k);
    }
    if (as_one)
        fill_row(room->factor, all, plan->d_k);
    return growth;
}

/* One factor a key: pairs of rows t and keys j get the product of the factors behind key j up to row t, never a quotient
 * of products, which could be 0/0. */
static double decay_as_one(const struct linear_plan *plan, const struct linear_room *room, size_t first,
                           size_t count)
{
    double growth = 0, all = 1;
    double *share = room->shares;
    clear(share, LINEAR_ROWS * LINEAR_ROWS);
    for (size_t t = 0; t < count; t++, share += LINEAR_ROWS) {
        growth += find_step(plan, room, first + t);
        const double step = room->step[0];
        all *= step;
        for (size_t j = 0; j < t; j++)
            share[j] = share[j - LINEAR_ROWS] * step;
        share[t] = 1;
        scale_row(room->pairs + t * LINEAR_ROWS, share, LINEAR_ROWS);
        scale_row_by(room->q + t * plan->d_k, all, plan->d_k);
        if (!plan->writes_delta)
            continue;
        scale_row(room->written + t * LINEAR_ROWS, share, LINEAR_ROWS);
        scale_row_by(room->k + t * plan->d_k, all, plan->d_k);
    }
    fill_row(room->factor, all, plan->d_k);
    for (size_t d = 0; d < plan->d_k; d++)
        scale_row(room->turned + d * LINEAR_ROWS, share - LINEAR_ROWS, LINEAR_ROWS);
    return growth;
}

/* One row of the pairs, with the keys before row t decayed by the factors of row t in passing. Even and odd columns have
 * sums of their own, so that the next need not wait for the last. */
INLINE void decay_row(const struct linear_plan *plan, const struct linear_room *room, size_t t,
                      const bool writes_delta)
{
    enum { VECTORS = LINEAR_ROWS / LANES, SUMS = 2 };
    vec pairs[SUMS][VECTORS] = {{{0}}}, written[SUMS][VECTORS] = {{{0}}};
    veci before[VECTORS] = {{0}};
    for (int v = 0; v < VECTORS; v++)
        for (int l = 0; l < LANES; l++)
            before[v][l] = v * LANES + l < (int)t ? -1 : 0;
    const double *q = room->q + t * plan->d_k, *k = room->k + t * plan->d_k;
    const vec one = (vec){0} + 1;
    for (size_t d = 0; d < plan->d_k; d += SUMS) {
        UNROLL
        for (int s = 0; s < SUMS; s++) {
            double *keys = room->turned + (d + (size_t)s) * LINEAR_ROWS;
            const vec step = (vec){0} + room->step[d + (size_t)s];
            UNROLL
            for (int v = 0; v < VECTORS; v++) {
                const vec key = load(keys + v * LANES) * choose(before[v], step, one);
                store(keys + v * LANES, key);
                pairs[s][v] += q[d + (size_t)s] * key;
                if (writes_delta)
                    written[s][v] += k[d + (size_t)s] * key;
            }
        }
    }
    for (int v = 0; v < VECTORS; v++) {
        store(room->pairs + t * LINEAR_ROWS + (size_t)v * LANES, pairs[0][v] + pairs[1][v]);
        store(room->written + t * LINEAR_ROWS + (size_t)v * LANES, written[0][v] + written[1][v]);
    }
}

/* A factor a column and key: the keys decay step by step, as the rows of the state do. */
static double decay_by_column(const struct linear_plan *plan, const struct linear_room *room, size_t first,
                              size_t count)
{
    double growth = 0;
    fill_row(room->factor, 1, plan->d_k);
    for (size_t t = 0; t < count; t++) {
        growth += find_step(plan, room, first + t);
        if (plan->writes_delta)
            decay_row(plan, room, t, true);
        else
            decay_row(plan, room, t, false);
        scale_row(room->factor, room->step, plan->d_k);
        scale_row(room->q + t * plan->d_k, room->factor, plan->d_k);
        if (plan->writes_delta)
            scale_row(room->k + t * plan->d_k, room->factor, plan->d_k);
    }
    return growth;
}
