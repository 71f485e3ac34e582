#include "compute/layer_rows.h"

#include <math.h>
#include <stdlib.h>

#include "attention/mask.h"
#include "base/memory.h"
#include "base/workers.h"

/* Rows of a given head that a thread takes at once. */
enum { TAKEN_ROWS = 64 };

/* A head on its way. */
struct head_pass {
    struct layer_rows *rows;
    const struct rows_receiver *receiver;
    const struct head *head;
    size_t number, heads; /* of how many */
    const float *given;   /* n×m */
    float *room;          /* m a worker, for rows that are NaN */
};

size_t layer_rows_heads(const struct layer_rows *rows)
{
    const struct selection *selection = rows->selection;
    return selection->is_picked ? selection_picked_of(selection, selection->layers[0])
                                : selection_heads(selection, rows->problem);
}

/* A row that is NaN is so everywhere, and what it reaches is said by the masks alone. */
static void nan_row(const struct head_pass *pass, struct rows_of_head rows)
{
    const size_t m = pass->head->m;
    float *row = pass->room + (size_t)workers_self() * m;
    for (size_t j = 0; j < m; j++)
        row[j] = pass->head->has_fill || mask_allows(pass->head, rows.first, j) ? NAN : 0;
    rows.count = 1;
    rows.weights = row;
    pass->receiver->receive(pass->receiver->context, &rows);
}

static void computed_rows(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    const struct head_pass *pass = context;
    struct rows_of_head rows = {.head = pass->head, .number = pass->number, .stride = stride};
    for (size_t r = 0, end; r < count; r = end) {
        const bool is_nan = isnan(weights[r * stride]);
        for (end = r + 1; end < count && !is_nan && !isnan(weights[end * stride]);)
            end++;
        rows.first = pass->rows->first + first + r;
        rows.count = end - r;
        rows.weights = weights + r * stride;
        if (is_nan)
            nan_row(pass, rows);
        else
            pass->receiver->receive(pass->receiver->context, &rows);
    }
}

static void given_rows(void *context, int worker, size_t job)
{
    const struct head_pass *pass = context;
    const size_t m = pass->rows->problem->m, done = job * TAKEN_ROWS, left = pass->rows->count - done;
    const struct rows_of_head rows = {.number = pass->number,
                                      .first = pass->rows->first + done,
                                      .count = left < TAKEN_ROWS ? left : TAKEN_ROWS,
                                      .weights = pass->given + (pass->rows->first + done) * m,
                                      .stride = m};
    (void)worker;
    pass->receiver->receive(pass->receiver->context, &rows);
}

static void computed_keys(void *context, const struct weights_of_keys *part)
{
    const struct head_pass *pass = context;
    struct weights_of_keys of_whole = *part;
    of_whole.first += pass->rows->first;
    pass->receiver->receive_keys(pass->receiver->context, &of_whole);
}

/* From the progress of one head to that of all passes. */
static void pass_progress(void *context, size_t done, size_t total)
{
    const struct head_pass *pass = context;
    const struct layer_rows *rows = pass->rows;
    rows->engine.progress(rows->engine.context, (rows->pass * pass->heads + pass->number) * total + done,
                          rows->passes * pass->heads * total);
}

static bool pass_head(struct head_pass *pass, struct error *error)
{
    struct layer_rows *rows = pass->rows;
    if (pass->given) {
        workers_run_on(engine_threads(rows->engine.threads), (rows->count + TAKEN_ROWS - 1) / TAKEN_ROWS,
                       given_rows, pass);
        return true;
    }
    const struct head part = head_part(pass->head, rows->first, rows->count);
    const bool is_whole = rows->count == pass->head->n;
    const struct engine_job job = {
        .head = is_whole ? pass->head : &part,
        .receiver = {computed_rows, pass, pass->receiver->receive_keys ? computed_keys : NULL}};
    struct engine_options options = rows->engine;
    options.progress = rows->engine.progress ? pass_progress : NULL;
    options.context = pass;
    return engine_run(&job, 1, &options, error);
}

bool layer_rows_make(struct layer *made, const struct layer_rows *rows, size_t layer, struct error *error)
{
    const struct problem *p = rows->problem;
    const float *previous = rows->outputs && layer > 0 ? rows->outputs + (layer - 1) * p->n * p->d_out : NULL;
    return layer_make(made, p, layer, previous, &rows->engine, error);
}

bool layer_rows_of(struct layer_rows *rows, size_t layer, const struct layer *made,
                   const struct rows_receiver *receiver, struct error *error)
{
    const struct problem *p = rows->problem;
    const struct problem_layer *spec = &p->layers[layer];
    struct head_pass pass = {.rows = rows, .receiver = receiver, .heads = layer_rows_heads(rows)};
    size_t room;
    if (!size_multiply(p->m, (size_t)engine_threads(rows->engine.threads), &room))
        return error_memory(error, SIZE_MAX);
    pass.room = made ? memory_alloc(room, sizeof *pass.room, error) : NULL;
    bool ok = pass.room || !made;
    for (size_t h = 0; ok && h < p->heads; h++) {
        if (!selection_has(rows->selection, layer, h))
            continue;
        if (made)
            pass.head = &made->heads[h];
        else
            pass.given = spec->attention->data +
                         ((spec->attention->rank == 4 ? spec->slice : 0) * p->heads + h) * p->n * p->m;
        ok = pass_head(&pass, error);
        pass.number++;
    }
    rows->pass++;
    free(pass.room);
    return ok;
}

bool layer_rows_pass(struct layer_rows *rows, size_t layer, const struct rows_receiver *receiver,
                     struct error *error)
{
    const bool is_given = rows->problem->layers[layer].attention;
    struct layer made = {0};
    const bool ok = (is_given || layer_rows_make(&made, rows, layer, error)) &&
                    layer_rows_of(rows, layer, is_given ? NULL : &made, receiver, error);
    layer_free(&made);
    return ok;
}
