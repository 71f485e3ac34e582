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

/* In the order in which they build on each other. */
#include "engine/linear_float_sums_tmpl.h"

#include "engine/linear_float_rows_tmpl.h"

#include "engine/linear_float_pairs_tmpl.h"

#include "engine/linear_float_output_tmpl.h"

#include "engine/linear_float_state_tmpl.h"

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
