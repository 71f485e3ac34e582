#include "compute/explain_heads.h"

#include <stdlib.h>

#include "attention/recurrence.h"
#include "attention/reference.h"
#include "base/memory.h"

/* The output of a recurrence at its query, which is made of a state. */
static bool heads_recur(const struct head *head, size_t query, double *output, struct error *error)
{
    const struct head row = head_part(head, query, 1);
    float *single = memory_alloc(head->d_v, sizeof *single, error);
    const bool ok = single && recurrence_run(&row, single, head->d_v, NULL, NULL, error);
    for (size_t c = 0; ok && c < head->d_v; c++)
        output[c] = (double)single[c];
    free(single);
    return ok;
}

/* The output of each head, into heads->output. */
static bool heads_attend(struct explain_heads *heads, const struct layer *layer, size_t query,
                         struct error *error)
{
    const size_t m = layer->problem->m;
    struct reference_room room = {.row = memory_alloc(m, sizeof *room.row, error),
                                  .keys = memory_alloc(m, sizeof *room.keys, error),
                                  .sorted = memory_alloc(m, sizeof *room.sorted, error),
                                  .second = memory_alloc(m, sizeof *room.second, error)};
    bool ok = room.row && room.keys && room.sorted && room.second;
    for (size_t h = 0; ok && h < heads->count; h++) {
        const struct head *head = &layer->heads[h];
        double *output = heads->output + h * heads->d_v;
        if (head->recurrent.rule != RECURRENCE_NONE) {
            ok = heads_recur(head, query, output, error);
        } else {
            reference_row(head, query, STAGE_WEIGHTS, &room);
            reference_output(head, &room, output);
        }
    }
    free(room.row);
    free(room.keys);
    free(room.sorted);
    free(room.second);
    return ok;
}

/* Multiplies each by its rows of w_o, and adds them up. */
static void heads_carry(struct explain_heads *heads, const float *w_o)
{
    const size_t d_out = heads->d_out;
    for (size_t o = 0; o < d_out; o++)
        heads->sum[o] = heads->added ? (double)heads->added[o] : 0;
    for (size_t r = 0; r < heads->count * heads->d_v; r++)
        for (size_t o = 0; o < d_out; o++)
            heads->carried[r / heads->d_v * d_out + o] += heads->output[r] * (double)w_o[r * d_out + o];
    for (size_t at = 0; at < heads->count * d_out; at++)
        heads->sum[at % d_out] += heads->carried[at];
}

bool explain_heads_make(struct explain_heads *heads, const struct layer *layer, size_t query,
                        struct error *error)
{
    const struct problem *problem = layer->problem;
    const struct problem_layer *spec = &problem->layers[layer->index];
    size_t outputs, carried;
    if (!spec->w_o || spec->extra[INPUT_GATE] || spec->extra[INPUT_W_GATE])
        return true;
    *heads = (struct explain_heads){.count = problem->heads,
                                    .d_v = problem->d_v,
                                    .d_out = problem->d_out,
                                    .added = spec->b_o ? spec->b_o->data : NULL};
    if (!size_multiply(heads->count, heads->d_v, &outputs) ||
        !size_multiply(heads->count, heads->d_out, &carried))
        return error_memory(error, SIZE_MAX);
    heads->output = memory_zeroed(outputs, sizeof *heads->output, error);
    heads->carried = memory_zeroed(carried, sizeof *heads->carried, error);
    heads->sum = memory_zeroed(heads->d_out, sizeof *heads->sum, error);
    if (!heads->output || !heads->carried || !heads->sum || !heads_attend(heads, layer, query, error))
        return false;
    heads_carry(heads, spec->w_o->data);
    return true;
}

void explain_heads_free(struct explain_heads *heads)
{
    free(heads->output);
    free(heads->carried);
    free(heads->sum);
    *heads = (struct explain_heads){0};
}
