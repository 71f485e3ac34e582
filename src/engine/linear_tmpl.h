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

/* In the order in which they build on each other. */
#include "engine/linear_products_tmpl.h"

#include "engine/linear_pack_tmpl.h"

#include "engine/linear_decay_tmpl.h"

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
