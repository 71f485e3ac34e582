#include "compute/ordering.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "problem/reorder.h"

/* Sums in another order differ in their last bits: so much of the largest output is none of a token's moving. */
static const double lost_to_rounding = 1e-5;

bool ordering_make(struct ordering *ordering, size_t *order, struct problem *problem,
                   const struct inputs *inputs, const struct settings *over, struct warnings *warnings,
                   struct error *error)
{
    ordering->order = order;
    ordering->given = *problem;
    *problem = (struct problem){0};
    ordering->n = ordering->given.n;
    ordering->places = memory_alloc(ordering->n, sizeof *ordering->places, error);
    for (size_t i = 0; ordering->places && i < ordering->n; i++)
        ordering->places[order[i]] = i;
    return ordering->places && reorder_inputs(&ordering->inputs, inputs, &ordering->given, order, error) &&
           problem_make(problem, &ordering->inputs, over, warnings, error);
}

/* The distance of two rows, and in *length that of the first from 0. */
static double rows_distance(const float *a, const float *b, size_t count, double *length)
{
    double squares = 0, own = 0;
    for (size_t c = 0; c < count; c++) {
        const double away = (double)b[c] - (double)a[c];
        squares += away * away;
        own += (double)a[c] * (double)a[c];
    }
    *length = sqrt(own);
    return sqrt(squares);
}

/* Goes through the outputs of all tokens in the layers of the excerpt. */
static void measure_moves(struct ordering *o, const struct excerpt *changed)
{
    const size_t n = o->n, columns = o->given.d_out;
    const float *given = o->result.stage[STAGE_OUTPUT].data,
                *other = changed->result->stage[STAGE_OUTPUT].data;
    for (size_t l = 0; l < o->layers; l++)
        for (size_t token = 0; token < n; token++) {
            const size_t first = changed->layer_index[l] * n;
            double length;
            const double moved =
                rows_distance(given + (first + token) * columns, other + (first + o->places[token]) * columns,
                              columns, &length);
            o->moved[l * n + token] = moved;
            o->largest = moved > o->largest || isnan(moved) ? moved : o->largest;
            o->length = length > o->length ? length : o->length;
        }
    o->is_equivariant = o->largest <= lost_to_rounding * o->length;
}

bool ordering_compare(struct ordering *ordering, const struct excerpt *changed, const struct request *request,
                      struct error *error)
{
    struct request again = *request;
    struct warnings said = {0}; /* that of the changed order has them */
    again.engine.progress = NULL;
    again.watch = (struct row_watch){0};
    ordering->layers = excerpt_layers(changed);
    ordering->moved = memory_alloc(ordering->layers * ordering->n, sizeof *ordering->moved, error);
    const bool ok = ordering->moved &&
                    result_compute(&ordering->result, &ordering->given, &again, &said, error) &&
                    excerpt_make(&ordering->excerpt, &ordering->result, request->selection, error);
    warnings_free(&said);
    if (ok)
        measure_moves(ordering, changed);
    return ok;
}

void ordering_free(struct ordering *ordering)
{
    excerpt_free(&ordering->excerpt);
    result_free(&ordering->result);
    problem_free(&ordering->given);
    reorder_free(&ordering->inputs);
    free(ordering->order);
    free(ordering->places);
    free(ordering->moved);
    *ordering = (struct ordering){0};
}
