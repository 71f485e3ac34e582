/*
 * A template: the chunks of the linear runner, in double precision. Included by one file for each instruction set, which
 * turns it into the struct linear_kernel of that set by these macros:
 *
 *   LINEAR_KERNEL, LINEAR_NAME   the name of the struct, and of the set
 *   LANES                        doubles in a vector: 2, 4 or 8
 *   TILE_VECTORS                 vectors of a row in a tile of TILE_ROWS rows that stays in registers
 *
 * The formulas are in engine/linear.c.
 */
#ifndef LANES
#error "to be included by an instruction set"
#endif

#include "engine/unroll.h"

#define TILE_ROWS 4

typedef double vec __attribute__((vector_size(LANES * 8)));
typedef int64_t veci __attribute__((vector_size(LANES * 8)));
typedef float half __attribute__((vector_size(LANES * 4)));
typedef vec vec_memory __attribute__((may_alias));
typedef float half_anywhere __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
_Static_assert(LINEAR_PAD % LANES == 0 && LINEAR_ROWS % TILE_ROWS == 0, "padded to whole tiles");

INLINE vec load(const double *aligned)
{
    return *(const vec_memory *)aligned;
}

INLINE void store(double *aligned, vec x)
{
    *(vec_memory *)aligned = x;
}

/* ---- products ---- */

/* What a product is added to: nothing, what is there, or what is there times a factor a row. */
enum onto { ONTO_NOTHING, ONTO_SAME, ONTO_SCALED };

/* A product of matrices: y[r] = (onto) + sum over i < inner of x[r·x_row + i·x_step]·b[i], rows of `width` numbers. */
struct product {
    double *y;
    const double *factor; /* a row each; with ONTO_SCALED */
    const double *x;
    size_t x_row, x_step, inner;
    const double *b;
    size_t width;
};

/* Rows from r and `vectors` vectors from column c on. */
INLINE void product_tile(const struct product *p, size_t r, size_t c, const enum onto onto, const int vectors)
{
    vec sum[TILE_ROWS][TILE_VECTORS];
    const vec zero = {0};
    double *y = p->y + r * p->width + c;
    UNROLL
    for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            sum[i][v] = onto == ONTO_NOTHING ? zero : load(y + (size_t)i * p->width + v * LANES);
        UNROLL
        for (int v = 0; v < vectors && onto == ONTO_SCALED; v++)
            sum[i][v] *= p->factor[r + (size_t)i];
    }
    const double *x = p->x + r * p->x_row, *b = p->b + c;
    for (size_t k = 0; k < p->inner; k++, x += p->x_step, b += p->width) {
        vec row[TILE_VECTORS];
        UNROLL
        for (int v = 0; v < vectors; v++)
            row[v] = load(b + v * LANES);
        UNROLL
        for (int i = 0; i < TILE_ROWS; i++) {
            const double number = x[(size_t)i * p->x_row];
            UNROLL
            for (int v = 0; v < vectors; v++)
                sum[i][v] += number * row[v];
        }
    }
    UNROLL
    for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            store(y + (size_t)i * p->width + v * LANES, sum[i][v]);
    }
}

/* `rows` in whole tiles, whose widths are as equal as can be: 9 vectors are 3 + 3 + 3, not 4 + 4 + 1. */
INLINE void product_make(const struct product *p, size_t rows, const enum onto onto)
{
    size_t left = p->width / LANES;
    for (size_t c = 0; left > 0;) {
        const size_t tiles = (left + TILE_VECTORS - 1) / TILE_VECTORS, vectors = (left + tiles - 1) / tiles;
        for (size_t r = 0; r < rows; r += TILE_ROWS)
            switch (vectors) {
            case 1:
                product_tile(p, r, c, onto, 1);
                break;
            case 2:
                product_tile(p, r, c, onto, 2);
                break;
#if TILE_VECTORS > 2
            case 3:
                product_tile(p, r, c, onto, 3);
                break;
            default:
                product_tile(p, r, c, onto, 4);
                break;
#endif
            }
        c += vectors * LANES;
        left -= vectors;
    }
}

__attribute__((noinline)) static void product_of(const struct product *p, size_t rows)
{
    product_make(p, rows, ONTO_NOTHING);
}

__attribute__((noinline)) static void product_add(const struct product *p, size_t rows)
{
    product_make(p, rows, ONTO_SAME);
}

__attribute__((noinline)) static void product_scale_add(const struct product *p, size_t rows)
{
    product_make(p, rows, ONTO_SCALED);
}

/* ---- packing ---- */

/* A row of floats as doubles, with zeros up to `padded`. */
INLINE void widen_row(double *to, const float *from, size_t count, size_t padded)
{
    size_t c = 0;
    for (; c + LANES <= count; c += LANES)
        store(to + c, __builtin_convertvector(*(const half_anywhere *)(from + c), vec));
    for (; c < count; c++)
        to[c] = (double)from[c];
    for (; c < padded; c++)
        to[c] = 0;
}

static void clear(double *to, size_t count)
{
    for (size_t c = 0; c < count; c += LANES)
        store(to + c, (vec){0});
}

INLINE bool is_masked(const struct head *head, size_t key)
{
    const struct strided *mask = &head->rules.key_mask;
    return mask->data && head->recurrent.rule == RECURRENCE_NONE &&
           (mask->data[key * mask->column] == 0) != head->rules.mask_true_blocks;
}

/* Keys [first, first + count) as rows, and what they write in columns from `column` on; all other rows of the chunk are
 * zeros, and so is a masked key, whatever its numbers are. */
static void pack_keys(const struct linear_plan *plan, const struct linear_room *room, size_t first,
                      size_t count, size_t column)
{
    const struct head *head = plan->job->head;
    const size_t left = head->d_v - column, columns = left < plan->tile ? left : plan->tile;
    for (size_t j = 0; j < LINEAR_ROWS; j++) {
        double *k = room->k + j * plan->d_k, *u = room->u + j * plan->width;
        if (j >= count || is_masked(head, first + j)) {
            clear(k, plan->d_k);
            clear(u, plan->width);
        } else {
            widen_row(k, head->k.data + (first + j) * head->k.row, head->d_k, plan->d_k);
            widen_row(u, head->v.data + (first + j) * head->v.row + column, columns, plan->width);
            if (plan->normalizes)
                u[columns] = 1;
        }
    }
}

/* The keys as columns. */
static void turn_keys(const struct linear_plan *plan, const struct linear_room *room)
{
    for (size_t d = 0; d < plan->d_k; d++)
        for (size_t j = 0; j < LINEAR_ROWS; j++)
            room->turned[d * LINEAR_ROWS + j] = room->k[j * plan->d_k + d];
}

/* ---- decay ---- */

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

/* ---- chunks ---- */

static void break_plan(struct linear_plan *plan)
{
    __atomic_store_n(&plan->is_broken, true, __ATOMIC_RELAXED);
}

/* The pairs within a chunk of `count` keys from `first` on, and what is left of each key at each row. */
static void chunk_pairs(struct linear_plan *plan, const struct linear_room *room, size_t first, size_t count)
{
    if (plan->decay != LINEAR_DECAYS_BY_COLUMN) {
        struct product p = {.y = room->pairs,
                            .x = room->q,
                            .x_row = plan->d_k,
                            .x_step = 1,
                            .inner = plan->d_k,
                            .b = room->turned,
                            .width = LINEAR_ROWS};
        product_of(&p, LINEAR_ROWS);
        p.y = room->written;
        p.x = room->k;
        if (plan->writes_delta)
            product_of(&p, LINEAR_ROWS);
    }
    double growth = 0;
    if (plan->decay == LINEAR_DECAYS_AS_ONE)
        growth = decay_as_one(plan, room, first, count);
    if (plan->decay == LINEAR_DECAYS_BY_COLUMN)
        growth = decay_by_column(plan, room, first, count);
    if (!(growth <= GROWTH))
        break_plan(plan);
}

/* The product of `x` (LINEAR_ROWS×d_k) and the state, into `y`. */
static void read_state(const struct linear_plan *plan, const struct linear_room *room, const double *x,
                       double *y)
{
    product_of(&(struct product){.y = y,
                                 .x = x,
                                 .x_row = plan->d_k,
                                 .x_step = 1,
                                 .inner = plan->d_k,
                                 .b = room->state,
                                 .width = plan->width},
               LINEAR_ROWS);
}

/* Puts the first `count` keys of the chunk into the state: those that stand in room->k as rows, or room->turned. */
static void write_state(const struct linear_plan *plan, const struct linear_room *room, size_t count,
                        bool turned)
{
    const struct product p = {.y = room->state,
                              .factor = room->factor,
                              .x = turned ? room->turned : room->k,
                              .x_row = turned ? LINEAR_ROWS : 1,
                              .x_step = turned ? 1 : plan->d_k,
                              .inner = count,
                              .b = room->u,
                              .width = plan->width};
    if (plan->decay == LINEAR_KEEPS)
        product_add(&p, plan->d_k);
    else
        product_scale_add(&p, plan->d_k);
}

/* The delta rules: u[t] = beta[t]·(v[t] - Sᵀk[t] - sum over j < t of written[t][j]·u[j]), row after row. */
static void solve(const struct linear_plan *plan, const struct linear_room *room, size_t first, size_t count)
{
    const struct strided *beta = &plan->job->head->recurrent.beta;
    read_state(plan, room, room->k, room->out);
    for (size_t t = 0; t < count; t++) {
        double *u = room->u + t * plan->width;
        const double *share = room->written + t * LINEAR_ROWS, *old = room->out + t * plan->width;
        const double rate = (double)beta->data[(first + t) * beta->row];
        for (size_t c = 0; c < plan->width; c += LANES) {
            vec left = load(u + c) - load(old + c);
            const double *before = room->u + c;
            for (size_t j = 0; j < t; j++, before += plan->width)
                left -= share[j] * load(before);
            store(u + c, rate * left);
        }
    }
}

/* Writes `rows` rows of the output, from query `first` on. */
static void deliver(struct linear_plan *plan, const struct linear_room *room, size_t first, size_t rows,
                    size_t column)
{
    const struct engine_job *job = plan->job;
    const size_t left = job->head->d_v - column, columns = left < plan->tile ? left : plan->tile;
    float worst = 0;
    for (size_t r = 0; r < rows; r++) {
        const double *out = room->out + r * plan->width, sum = plan->normalizes ? out[columns] : 0;
        float *to = job->output + (first + r) * job->output_row + column;
        const double factor = !plan->normalizes ? job->head->scale : sum == 0 ? 0 : 1 / sum;
        size_t c = 0;
        half trouble = {0};
        for (; c + LANES <= columns; c += LANES) {
            const half x = __builtin_convertvector(load(out + c) * factor, half);
            *(half_anywhere *)(to + c) = x;
            trouble += x * 0; /* NaN, if x is not finite */
        }
        for (int l = 0; l < LANES; l++)
            worst += trouble[l];
        for (; c < columns; c++) {
            to[c] = (float)(out[c] * factor);
            worst += to[c] * 0;
        }
    }
    if (worst != 0)
        break_plan(plan);
}

static void linear_absorb(struct linear_plan *plan, const struct linear_room *room, size_t first, size_t end,
                          size_t column, double *factor)
{
    double growth = 0;
    for (; first < end; first += LINEAR_ROWS) {
        const size_t count = end - first < LINEAR_ROWS ? end - first : LINEAR_ROWS;
        pack_keys(plan, room, first, count, column);
        if (plan->decay != LINEAR_KEEPS)
            growth += decay_to_end(plan, room, first, count);
        if (factor)
            scale_row(factor, room->factor, plan->d_k);
        write_state(plan, room, count, false);
    }
    if (!(growth <= GROWTH))
        break_plan(plan);
}

static void linear_attend(struct linear_plan *plan, const struct linear_room *room, size_t first, size_t end,
                          size_t column)
{
    const struct head *head = plan->job->head;
    for (; first < end; first += LINEAR_ROWS) {
        const size_t rows = end - first < LINEAR_ROWS ? end - first : LINEAR_ROWS,
                     base = linear_base(plan, first), count = linear_seen(plan, first + rows - 1) - base;
        for (size_t r = 0; r < LINEAR_ROWS; r++)
            if (r < rows)
                widen_row(room->q + r * plan->d_k, head->q.data + (first + r) * head->q.row, head->d_k,
                          plan->d_k);
            else
                clear(room->q + r * plan->d_k, plan->d_k);
        if (count > 0) {
            pack_keys(plan, room, base, count, column);
            turn_keys(plan, room);
            chunk_pairs(plan, room, base, count);
        }
        if (plan->writes_delta)
            solve(plan, room, base, count);
        read_state(plan, room, room->q, room->out);
        if (count > 0) {
            for (size_t r = 0; r < LINEAR_ROWS; r++)
                for (size_t j = r < rows ? linear_seen(plan, first + r) - base : 0; j < LINEAR_ROWS; j++)
                    room->pairs[r * LINEAR_ROWS + j] = 0;
            product_add(&(struct product){.y = room->out,
                                          .x = room->pairs,
                                          .x_row = LINEAR_ROWS,
                                          .x_step = 1,
                                          .inner = count,
                                          .b = room->u,
                                          .width = plan->width},
                        LINEAR_ROWS);
        }
        deliver(plan, room, first, rows, column);
        if (first + rows < end && count > 0)
            write_state(plan, room, linear_base(plan, first + rows) - base, plan->decay != LINEAR_KEEPS);
    }
}

const struct linear_kernel LINEAR_KERNEL = {
    .name = LINEAR_NAME, .absorb = linear_absorb, .attend = linear_attend};
