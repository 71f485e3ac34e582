/*
 * The linear runner: linear attention and the recurrences where only the output is wanted, in time and memory that grow
 * with n instead of n². Weights do not exist here; who wants them, or anything made of them, is served by the plain runner.
 *
 * The output is read from a state S (d_k×d_v) that the keys are put into one after the other. It is done a chunk of 16
 * queries and keys at a time, by products of matrices. With q[t], k[t], v[t] of the t-th of a chunk, S from before it, and
 * F(j, t) the product of the factors e^decay of the keys behind j up to t, a number or one a row of S (F(t), with that of
 * the first key, what S itself is multiplied by):
 *
 *   o[t] = (q[t] ∘ F(t))ᵀS + sum over j <= t of (q[t]·(k[j] ∘ F(j, t))) u[j]
 *   S'   = F(last) ∘ S + sum over j of (k[j] ∘ F(j, last)) u[j]ᵀ
 *   u[t] = v[t], and with the delta rules
 *          beta[t]·(v[t] - (k[t] ∘ F(t))ᵀS - sum over j < t of (k[t]·(k[j] ∘ F(j, t))) u[j])
 *
 * Linear attention divides o by the same sum over ones, a further column of v. It has no factors and no scale; its S holds
 * the keys that all queries of a chunk see, and the pairs of a chunk are cut where each query sees no more.
 *
 * Sources: linear attention: Katharopoulos and others 2020 (arXiv:2006.16236); chunks, with factors: Yang, Wang, Shen,
 * Panda and Kim 2023 (arXiv:2312.06635); delta: Yang, Wang, Zhang, Panda and Kim 2024 (arXiv:2406.06484), whose triangular
 * system is solved for u here instead of inverted; with factors: Yang, Kautz and Hatamizadeh 2024 (arXiv:2412.06464).
 *
 * Factors are only ever multiplied, in the order of the keys, as the recurrence itself does: quotients of cumulated ones
 * would overflow, or be 0/0, where the decay is strong. The state is of double precision, so that it agrees with the plain
 * runner however many keys it sums up. So is all else, but for long heads without a delta rule or a decay a column: their
 * products are in float32 (engine/linear_float_tmpl.h), their state in two floats a number, and what float32 does not carry is left to double precision, for the
 * whole head. An output that is not finite, and decays that raise the state by more than e^300, are left to the runner
 * behind.
 *
 * Threads take segments of some thousand queries: the states before them are found first, of each segment of keys by
 * itself, and then added up in order. The delta rules have no such sum, for what a key writes depends on all that was
 * written; there, threads take tiles of 32 columns of v, and so they do in float32 where queries see the keys before them,
 * for that needs no state twice. Segments and tiles depend on the job alone, and so the bytes of the output do not depend
 * on the number of threads. The states of the segments are no more memory than q; a thread has one state and some chunks.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/workers.h"
#include "engine/kernel.h"
#include "engine/linear.h"
#include "engine/runner.h"
#include "engine/threads.h"
#include "engine/units.h"

/* Queries of a segment, at least, and for each row of the state. */
#define SEGMENT ((size_t)2048)
#define SEGMENT_PER_ROW ((size_t)16)
/* Queries or keys of a head from which on its products are in floats. */
#define LONG ((size_t)4096)
/* Columns of v in a tile of the delta rules, and in floats. */
#define TILE_COLUMNS ((size_t)32)

static const char *linear_name(void)
{
    return "linear";
}

/* In floats: NULL where there is none. */
static const struct linear_kernel *linear_kernel(bool in_floats)
{
#ifdef __x86_64__
    if (strcmp(kernel_name(), linear_avx512.name) == 0)
        return in_floats ? &linear_avx512_floats : &linear_avx512;
    if (strcmp(kernel_name(), linear_avx2.name) == 0)
        return in_floats ? &linear_avx2_floats : &linear_avx2;
#endif
    return in_floats ? NULL : &linear_portable;
}

/* Linear attention whose queries see the first keys, however many: all, or those before them, without the padding. */
static bool attention_fits(const struct head *head)
{
    const struct rules *rules = &head->rules;
    return head->normalizer == NORMALIZER_LINEAR && !head->additive && !head->by_distance &&
           !head->query_scale && !(head->softcap > 0) && head->scale > 0 && isfinite(head->scale) &&
           !head->bias.data && !head_has_distance(head) && !head->has_fill && head->top_k == 0 &&
           !head->center && !head->minus && !head->has_sink && !(head->dropout > 0) && rules->left < 0 &&
           rules->right < 0 && rules->dilation <= 1 && rules->block == 0 && !rules->query_segment &&
           !rules->mask.data;
}

static bool recurrence_fits(const struct head *head)
{
    return head->first == 0 && head->m >= head->n;
}

static bool linear_fits(const struct engine_job *jobs, size_t count, const struct engine_options *options)
{
    bool fits = !options->plain;
    for (size_t j = 0; j < count; j++) {
        const struct engine_job *job = &jobs[j];
        const struct head *head = job->head;
        const bool output_alone =
            job->output && !job->receiver.receive && !job->measures && !job->top && !job->pool.cells;
        fits = fits && output_alone && head->d_v > 0 &&
               (head->recurrent.rule != RECURRENCE_NONE ? recurrence_fits(head) : attention_fits(head));
    }
    return fits;
}

/* ---- plans ---- */

static size_t padded(size_t count, size_t pad)
{
    return size_divide_up(count, pad) * pad;
}

/* With `in_floats`, in floats if the form can be. */
static void linear_plan_make(struct linear_plan *plan, const struct engine_job *job, bool in_floats)
{
    const struct head *head = job->head;
    const enum recurrence rule = head->recurrent.rule;
    const bool decays = rule == RECURRENCE_GATED || rule == RECURRENCE_GATED_DELTA;
    *plan = (struct linear_plan){
        .job = job,
        .normalizes = rule == RECURRENCE_NONE,
        .causal = head->rules.causal || rule != RECURRENCE_NONE,
        .writes_delta = rule == RECURRENCE_DELTA || rule == RECURRENCE_GATED_DELTA,
        .decay = !decays                             ? LINEAR_KEEPS
                 : head->recurrent.decay.column == 0 ? LINEAR_DECAYS_AS_ONE
                                                     : LINEAR_DECAYS_BY_COLUMN,
        .keys = head->m,
        .tile = head->d_v,
        .tiles = 1,
        .segments = 1,
    };
    plan->in_floats = in_floats && linear_kernel(true) && !plan->writes_delta &&
                      plan->decay != LINEAR_DECAYS_BY_COLUMN && (head->n >= LONG || head->m >= LONG);
    plan->kernel = linear_kernel(plan->in_floats);
    const size_t pad = plan->in_floats ? LINEAR_FLOAT_PAD : LINEAR_PAD;
    plan->d_k = padded(head->d_k, pad);
    if (plan->normalizes && head->rules.is_padded && head->rules.key_length < plan->keys)
        plan->keys = head->rules.key_length;
    if (plan->writes_delta || (plan->in_floats && plan->causal)) {
        plan->segment = head->n;
        plan->tile = head->d_v < TILE_COLUMNS ? head->d_v : TILE_COLUMNS;
        plan->tiles = size_divide_up(head->d_v, plan->tile);
    } else {
        plan->segment = SEGMENT_PER_ROW * plan->d_k > SEGMENT ? SEGMENT_PER_ROW * plan->d_k : SEGMENT;
        plan->segments = size_divide_up(head->n, plan->segment);
        if (plan->segments > 1 || !plan->causal)
            plan->parts = size_divide_up(plan->keys, plan->segment);
    }
    plan->width = padded(plan->tile + (plan->normalizes && !plan->in_floats), pad);
    plan->size = plan->d_k * (plan->width + plan->in_floats);
}

/* Takes memory for the states of the segments of keys. Errors: no memory. */
static bool linear_plan_alloc(struct linear_plan *plan, struct error *error)
{
    size_t count;
    if (plan->parts == 0)
        return true;
    if (!size_multiply(plan->size, plan->parts + 1, &count))
        return error_memory(error, SIZE_MAX);
    plan->states = memory_alloc(count, sizeof *plan->states, error);
    if (plan->states && plan->decay != LINEAR_KEEPS)
        plan->factors = memory_alloc(plan->d_k * plan->parts, sizeof *plan->factors, error);
    return plan->states && (plan->decay == LINEAR_KEEPS || plan->factors);
}

/* The state that a head begins with, of the columns of a tile from `column` on. */
static void first_state(const struct linear_plan *plan, size_t column, double *state)
{
    const struct strided *before = &plan->job->head->recurrent.state;
    const size_t left = plan->job->head->d_v - column, columns = left < plan->tile ? left : plan->tile;
    memset(state, 0, plan->size * sizeof *state);
    for (size_t d = 0; before->data && !plan->normalizes && d < plan->job->head->d_k; d++)
        for (size_t c = 0; c < columns; c++)
            state[d * plan->width + c] =
                (double)before->data[d * before->row + (column + c) * before->column];
}

/* Turns the states of the segments alone into those before each segment, and behind the last. */
static void add_up(const struct linear_plan *plan)
{
    double *own = plan->states, *before = own + plan->parts * plan->size; /* the running one, at the end */
    first_state(plan, 0, before);
    for (size_t s = 0; s < plan->parts; s++, own += plan->size)
        for (size_t i = 0; i < plan->size; i++) {
            const double alone = own[i];
            own[i] = before[i];
            before[i] =
                (plan->factors ? plan->factors[s * plan->d_k + i / plan->width] : 1) * before[i] + alone;
        }
}

/* ---- the memory of the threads ---- */

struct linear_rooms {
    char *memory;
    size_t bytes;      /* of a thread */
    size_t d_k, width; /* the most of any plan */
};

enum { ALIGNED = 64 };

static bool rooms_make(struct linear_rooms *rooms, const struct linear_plan *plans, size_t count, int threads,
                       struct error *error)
{
    size_t state, bytes;
    *rooms = (struct linear_rooms){0};
    for (size_t j = 0; j < count; j++) {
        rooms->d_k = plans[j].d_k > rooms->d_k ? plans[j].d_k : rooms->d_k;
        rooms->width = plans[j].width > rooms->width ? plans[j].width : rooms->width;
    }
    if (!size_multiply(rooms->d_k, rooms->width, &state))
        return error_memory(error, SIZE_MAX);
    const size_t keys = LINEAR_ROWS * rooms->d_k, values = LINEAR_ROWS * rooms->width,
                 pairs = LINEAR_ROWS * LINEAR_ROWS;
    rooms->bytes = sizeof(double) * (state + 3 * rooms->d_k + 3 * keys + 2 * values + 3 * pairs) +
                   sizeof(float) * (2 * (state + rooms->d_k) + 3 * keys + values + pairs);
    if (!size_multiply(rooms->bytes, (size_t)threads, &bytes))
        return error_memory(error, SIZE_MAX);
    rooms->memory = memory_alloc(bytes + ALIGNED, 1, error);
    return rooms->memory;
}

static struct linear_room rooms_get(const struct linear_rooms *rooms, int thread)
{
    const size_t to_aligned = (ALIGNED - (uintptr_t)rooms->memory % ALIGNED) % ALIGNED;
    struct linear_room room = {
        .state = (double *)(void *)(rooms->memory + to_aligned + (size_t)thread * rooms->bytes)};
    const size_t state = rooms->d_k * (rooms->width + 1), keys = LINEAR_ROWS * rooms->d_k,
                 values = LINEAR_ROWS * rooms->width, pairs = LINEAR_ROWS * LINEAR_ROWS;
    room.factor = room.state + state;
    room.step = room.factor + rooms->d_k;
    room.q = room.step + rooms->d_k;
    room.k = room.q + keys;
    room.turned = room.k + keys;
    room.u = room.turned + keys;
    room.out = room.u + values;
    room.pairs = room.out + values;
    room.written = room.pairs + pairs;
    room.shares = room.written + pairs;
    room.floats.q = (float *)(void *)(room.shares + pairs);
    room.floats.k = room.floats.q + keys;
    room.floats.turned = room.floats.k + keys;
    room.floats.u = room.floats.turned + keys;
    room.floats.pairs = room.floats.u + values;
    room.floats.state = room.floats.pairs + pairs;
    room.floats.rest = room.floats.state + state;
    return room;
}

/* ---- running ---- */

/* All that runs together. */
struct linear_work {
    struct linear_plan *plans;
    size_t count;
    struct units parts, units; /* of the plans: segments of keys, and those of queries by tiles */
    struct linear_rooms rooms;
    int threads;
    const struct engine_options *options;
    size_t rows; /* of all heads */
    atomic_size_t rows_done;
};

/* The state of a segment of keys alone. */
static void part_run(struct linear_plan *plan, size_t part, const struct linear_room *room)
{
    const size_t size = plan->size, first = part * plan->segment, left = plan->keys - first;
    double *factor = plan->factors ? room->q : NULL; /* aligned, and free here */
    memset(room->state, 0, size * sizeof *room->state);
    for (size_t d = 0; factor && d < plan->d_k; d++)
        factor[d] = 1;
    plan->kernel->absorb(plan, room, first, first + (left < plan->segment ? left : plan->segment), 0, factor);
    memcpy(plan->states + part * size, room->state, size * sizeof *room->state);
    if (factor)
        memcpy(plan->factors + part * plan->d_k, factor, plan->d_k * sizeof *factor);
}

/* A segment of queries, of a tile of columns. Returns the rows that are done with it. */
static size_t unit_run(struct linear_plan *plan, size_t unit, const struct linear_room *room)
{
    const size_t n = plan->job->head->n, first = unit / plan->tiles * plan->segment,
                 end = n - first < plan->segment ? n : first + plan->segment,
                 column = unit % plan->tiles * plan->tile, base = linear_base(plan, first);
    size_t from = 0;
    if (plan->parts > 0) {
        const size_t size = plan->size, part = base == plan->keys ? plan->parts : base / plan->segment;
        memcpy(room->state, plan->states + part * size, size * sizeof *room->state);
        from = part == plan->parts ? plan->keys : part * plan->segment;
    } else {
        first_state(plan, column, room->state);
    }
    if (from < base)
        plan->kernel->absorb(plan, room, from, base, column, NULL);
    plan->kernel->attend(plan, room, first, end, column);
    return column == 0 ? end - first : 0;
}

static void part_work(void *context, int worker, size_t part)
{
    const struct linear_work *work = context;
    size_t index;
    struct linear_plan *plan = &work->plans[units_job(&work->parts, part, &index)];
    const struct linear_room room = rooms_get(&work->rooms, worker);
    part_run(plan, index, &room);
}

static void parts_run(struct linear_work *work)
{
    workers_run_on(work->threads, units_count(&work->parts), part_work, work);
    for (size_t j = 0; j < work->count; j++)
        if (work->plans[j].parts > 0)
            add_up(&work->plans[j]);
}

static void unit_work(void *context, int worker, size_t unit)
{
    struct linear_work *work = context;
    const struct engine_options *options = work->options;
    size_t index;
    struct linear_plan *plan = &work->plans[units_job(&work->units, unit, &index)];
    const struct linear_room room = rooms_get(&work->rooms, worker);
    const size_t own = unit_run(plan, index, &room);
    const size_t done = atomic_fetch_add(&work->rows_done, own) + own;
    if (options->progress && worker == 0)
        options->progress(options->context, done, work->rows);
}

static void units_run(struct linear_work *work)
{
    for (size_t j = 0; j < work->count; j++)
        work->rows += work->plans[j].job->head->n;
    workers_run_on(work->threads, units_count(&work->units), unit_work, work);
}

/* Runs plans together. */
static bool linear_plans_run(struct linear_plan *plans, size_t count, const struct engine_options *options,
                             struct error *error)
{
    struct linear_work work = {.plans = plans, .count = count, .options = options};
    bool ok = units_make(&work.parts, count, error) && units_make(&work.units, count, error);
    double multiplications = 0;
    for (size_t j = 0; ok && j < count; j++) {
        struct linear_plan *plan = &plans[j];
        const struct head *head = plan->job->head;
        ok = linear_plan_alloc(plan, error);
        multiplications += 3.0 * (double)head->n * (double)plan->d_k * (double)head->d_v;
        units_add(&work.parts, plan->parts);
        units_add(&work.units, plan->segments * plan->tiles);
    }
    work.threads = engine_threads_for(options->threads, multiplications, units_count(&work.units));
    ok = ok && rooms_make(&work.rooms, plans, count, work.threads, error);
    if (ok) {
        parts_run(&work);
        units_run(&work);
    }
    for (size_t j = 0; j < count; j++) {
        free(plans[j].states);
        free(plans[j].factors);
    }
    units_free(&work.parts);
    units_free(&work.units);
    free(work.rooms.memory);
    return ok;
}

static bool linear_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                       const struct runner *const *next, struct error *error)
{
    struct linear_plan *plans = memory_zeroed(count, sizeof *plans, error);
    bool ok = plans;
    for (size_t j = 0; ok && j < count; j++)
        linear_plan_make(&plans[j], &jobs[j], true);
    /* Heads that floats do not carry once more in double precision, and those with a number that is not finite, or
     * factors that grow too far, by the runner behind. */
    while (ok && count > 0) {
        size_t again = 0;
        ok = linear_plans_run(plans, count, options, error);
        for (size_t j = 0; ok && j < count; j++)
            if (plans[j].is_broken && plans[j].in_floats)
                linear_plan_make(&plans[again++], plans[j].job, false);
            else if (plans[j].is_broken)
                ok = runner_run(next, plans[j].job, 1, options, error);
        count = again;
    }
    free(plans);
    return ok;
}

const struct runner runner_linear = {.name = linear_name, .fits = linear_fits, .run = linear_run};
