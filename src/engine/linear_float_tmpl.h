/*
 * A template: the chunks of the linear runner in float32 around a state of two floats a number, for forms without the delta
 * rule whose keys decay as one or not at all. Included behind engine/linear_tmpl.h, whose macros and functions it shares,
 * and by these:
 *
 *   FLOAT_ROWS      rows of a tile that stays in registers, of two vectors with 2·LANES floats each
 *   ZIP_LOW(a, b)   the first halves of two vectors of floats, in turns: a[0], b[0], a[1], ...
 *   ZIP_HIGH(a, b)  the second halves
 *   LOW_HALF(x), HIGH_HALF(x)  of a vector of floats: LANES of them, a half
 *   WIDEN(half), NARROW(vec)   as doubles, as floats
 *   FUSE(a, b, c)   a·b + c of vectors of floats, rounded once
 *   STREAM(to, half)  stores LANES floats past the caches, at an address that is a multiple of their size
 *
 * A long sum in one float would drift: products are added up 8 at a time, and these sums in turn. What 16 keys write is
 * added to the state with what such an addition loses. The formulas are in engine/linear.c.
 */
#ifndef FLOAT_ROWS
#error "to be included by an instruction set"
#endif

#define FLOATS (2 * LANES)
#ifndef FLOAT_VECTORS
#define FLOAT_VECTORS 2
#endif

typedef float floats __attribute__((vector_size(FLOATS * 4)));
typedef int32_t floats_bits __attribute__((vector_size(FLOATS * 4)));
typedef floats floats_memory __attribute__((may_alias));
typedef half half_memory __attribute__((may_alias));
typedef float floats_anywhere __attribute__((vector_size(FLOATS * 4), aligned(4), may_alias));
_Static_assert(LINEAR_FLOAT_PAD % FLOATS == 0 && LINEAR_ROWS % FLOATS == 0 && LINEAR_ROWS % FLOAT_ROWS == 0 &&
                   LINEAR_FLOAT_PAD % FLOAT_ROWS == 0,
               "padded to whole tiles");

INLINE floats load_floats(const float *aligned)
{
    return *(const floats_memory *)aligned;
}

INLINE floats load_anywhere(const float *from)
{
    return *(const floats_anywhere *)from;
}

INLINE void store_floats(float *aligned, floats x)
{
    *(floats_memory *)aligned = x;
}

INLINE vec widen_float(const float *aligned)
{
    return WIDEN(*(const half_memory *)aligned);
}

INLINE void narrow(float *aligned, vec x)
{
    *(half_memory *)aligned = NARROW(x);
}

/* What is broken is computed anew, and need not be finished. */
static bool is_plan_broken(const struct linear_plan *plan)
{
    return __atomic_load_n(&plan->is_broken, __ATOMIC_RELAXED);
}

/* ---- what float32 carries ---- */

/* All of q, k and v are 0, or from 2^-40 to 2^20, so that no product of three of them is below the smallest float or above
 * the largest. Decays are 0 at most, and what they take below the smallest never comes back. */
enum { BITS_LEAST = (127 - 40) << 23, BITS_MOST = (127 + 20) << 23 };

/* Negative where a number is out of range: larger, or smaller but not 0. */
INLINE floats_bits out_of_range(floats x)
{
    const floats_bits bits = (floats_bits)x & INT32_MAX;
    return (BITS_MOST - bits) | ((bits - BITS_LEAST) & -bits);
}

INLINE bool any_negative(floats_bits x)
{
    int32_t any = 0;
    for (int l = 0; l < FLOATS; l++)
        any |= x[l];
    return any < 0;
}

/* ---- products ---- */

/* The factors of a product: the sum over i of x[r·x_row + i·x_step]·b[i], rows of `width` numbers. */
struct factors {
    const float *x;
    size_t x_row, x_step;
    const float *b;
    size_t width;
};

enum { STEPS = 16 };

/* The sum of `steps` terms, every other one. */
INLINE void sum_every_other(floats sum[FLOAT_ROWS][FLOAT_VECTORS], struct factors f, size_t steps,
                            const int vectors)
{
    UNROLL
    for (int r = 0; r < FLOAT_ROWS; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            sum[r][v] = (floats){0};
    }
    for (size_t i = 0; i < steps; i++, f.x += 2 * f.x_step, f.b += 2 * f.width) {
        floats row[FLOAT_VECTORS];
        UNROLL
        for (int v = 0; v < vectors; v++)
            row[v] = load_anywhere(f.b + v * FLOATS);
        UNROLL
        for (int r = 0; r < FLOAT_ROWS; r++) {
            const float number = f.x[(size_t)r * f.x_row];
            UNROLL
            for (int v = 0; v < vectors; v++)
                sum[r][v] += number * row[v];
        }
    }
}

/* The sum of the first `steps` terms, STEPS at most, in two sums one after the other: the second then needs no registers
 * while the first is made. The factors stand behind them then. */
INLINE void sum_steps(floats sum[FLOAT_ROWS][FLOAT_VECTORS], struct factors *f, size_t steps,
                      const int vectors)
{
    floats odd[FLOAT_ROWS][FLOAT_VECTORS];
    struct factors next = *f;
    next.x += f->x_step;
    next.b += f->width;
    sum_every_other(sum, *f, (steps + 1) / 2, vectors);
    sum_every_other(odd, next, steps / 2, vectors);
    f->x += steps * f->x_step;
    f->b += steps * f->width;
    UNROLL
    for (int r = 0; r < FLOAT_ROWS; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            sum[r][v] += odd[r][v];
    }
}

/* The sum of the first `inner` terms. What an addition to a total loses is added at the end (Knuth's
 * TwoSum). */
INLINE void sum_up(floats total[FLOAT_ROWS][FLOAT_VECTORS], struct factors f, size_t inner, const int vectors)
{
    floats lost[FLOAT_ROWS][FLOAT_VECTORS] = {{{0}}};
    sum_steps(total, &f, inner < STEPS ? inner : STEPS, vectors);
    for (size_t first = STEPS; first < inner; first += STEPS) {
        floats sum[FLOAT_ROWS][FLOAT_VECTORS];
        sum_steps(sum, &f, inner - first < STEPS ? inner - first : STEPS, vectors);
        UNROLL
        for (int r = 0; r < FLOAT_ROWS; r++) {
            UNROLL
            for (int v = 0; v < vectors; v++) {
                const floats all = total[r][v] + sum[r][v], part = all - total[r][v];
                lost[r][v] += (total[r][v] - (all - part)) + (sum[r][v] - part);
                total[r][v] = all;
            }
        }
    }
    UNROLL
    for (int r = 0; r < FLOAT_ROWS; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            total[r][v] += lost[r][v];
    }
}

/* ---- chunks ---- */

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

static void float_absorb(struct linear_plan *plan, const struct linear_room *room, size_t first, size_t end,
                         size_t column, double *factor)
{
    floats_bits trouble = {0};
    struct chunk chunk = {0};
    (void)factor;
    split_state(plan, room);
    for (; first < end; first += LINEAR_ROWS) {
        const size_t count = end - first < LINEAR_ROWS ? end - first : LINEAR_ROWS;
        trouble = chunk_keys(plan, room, &chunk, first, count, column, trouble);
        write_floats(plan, room, &chunk, 1, count,
                     &(struct ahead){.key = first + LINEAR_ROWS, .query = SIZE_MAX, .column = column});
    }
    join_state(plan, room);
    if (any_negative(trouble))
        break_plan(plan);
}

static void float_attend(struct linear_plan *plan, const struct linear_room *room, size_t first, size_t end,
                         size_t column)
{
    floats_bits trouble = {0};
    struct chunk chunk = {0};
    struct float_shares shares = {.is_ready = false};
    const bool past_caches = streams(plan);
    split_state(plan, room);
    for (; first < end && !is_plan_broken(plan); first += LINEAR_ROWS) {
        const size_t rows = end - first < LINEAR_ROWS ? end - first : LINEAR_ROWS,
                     base = linear_base(plan, first), count = linear_seen(plan, first + rows - 1) - base;
        trouble = find_queries(plan, room, &chunk, first, rows, column, trouble);
        if (plan->decay == LINEAR_KEEPS)
            find_seen(plan, &shares, first, base, rows);
        else
            find_decayed(plan, &shares, first, rows);
        if (count > 0) {
            trouble = chunk_keys(plan, room, &chunk, base, count, column, trouble);
            turn_floats(plan, room, &chunk.k);
            find_float_pairs(plan, room, &chunk.q, &shares);
        } else {
            clear_floats(room->floats.pairs, LINEAR_ROWS * LINEAR_ROWS);
        }
        struct target target = find_target(plan, room, &chunk.q, first, rows, column);
        target.streams = past_caches;
        find_output(plan, room, &chunk, &shares, &target);
        if (first + rows < end && count > 0) {
            if (plan->decay != LINEAR_KEEPS)
                scale_keys(plan, room, &chunk, shares.pairs + (rows - 1) * LINEAR_ROWS, count);
            const size_t end_of_keys = linear_base(plan, first + rows);
            write_floats(
                plan, room, &chunk, shares.whole, end_of_keys - base,
                &(struct ahead){
                    .key = end_of_keys, .query = first + rows, .column = column, .streams = past_caches});
        }
    }
    if (past_caches)
        _mm_sfence(); /* before another thread is told that the rows are done */
    if (any_negative(trouble))
        break_plan(plan);
}

const struct linear_kernel LINEAR_FLOAT_KERNEL = {
    .name = LINEAR_NAME, .absorb = float_absorb, .attend = float_attend};
