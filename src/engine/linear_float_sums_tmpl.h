/*
 * A template, part of engine/linear_float_tmpl.h (whose macros it uses): vectors of floats, the range in which float32 carries
 * enough, and sums of products.
 */

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
