#include "compute/explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/recurrence.h"
#include "attention/reference.h"
#include "base/memory.h"

const struct problem_layer *explanation_layer(const struct explanation *e)
{
    return &e->layer.problem->layers[e->layer.index];
}

/* Computes the output of the layers below, if the layer reads it. */
static bool explanation_below(struct result *below, const struct problem *lower, size_t layer,
                              const struct engine_options *engine, struct error *error)
{
    const struct problem_layer *from = &lower->layers[layer];
    if (layer == 0 || !(from->q.previous || from->k.previous || from->v.previous))
        return true;
    struct warnings warnings = {0};
    struct selection all = {0};
    struct request request = {.measures_only = true, .selection = &all, .engine = *engine};
    bool ok = selection_check(&all, lower, error) && result_compute(below, lower, &request, &warnings, error);
    warnings_free(&warnings);
    return ok;
}

static bool explanation_arrays(struct explanation *e, struct error *error)
{
    const struct head *head = e->head;
    double **arrays[] = {&e->scores,   &e->scaled,         &e->masked,        &e->weights, &e->numerators,
                         &e->uncapped, &e->before_dropout, &e->before_factor, &e->first,   &e->second};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        if ((arrays[i] == &e->uncapped && !(head->softcap > 0)) ||
            (arrays[i] == &e->before_dropout && !(head->dropout > 0)) ||
            (arrays[i] == &e->before_factor && !head->center) ||
            ((arrays[i] == &e->first || arrays[i] == &e->second) && !head->minus) ||
            (arrays[i] == &e->numerators && head->recurrent.rule != RECURRENCE_NONE))
            continue;
        *arrays[i] = memory_zeroed(head->m, sizeof **arrays[i], error);
        if (!*arrays[i])
            return false;
    }
    e->allowed = memory_zeroed(head->m, sizeof *e->allowed, error);
    if (head->v.data && e->allowed)
        e->output = memory_zeroed(head->d_v, sizeof *e->output, error);
    return e->allowed && (e->output || !head->v.data);
}

/* Numerators and denominator of the weights (those before dropout). */
static void explanation_fractions(struct explanation *e, const double *weights)
{
    const struct head *head = e->head;
    const bool softmax = head->normalizer == NORMALIZER_SOFTMAX;
    const bool sink = softmax && head->has_sink;
    e->shift = sink ? head->sink : -INFINITY;
    for (size_t j = 0; j < head->m; j++) {
        if (e->allowed[j] && (e->masked[j] > e->shift || isnan(e->masked[j])))
            e->shift = e->masked[j];
        /* the weight of a key of the support is its distance above the threshold */
        if (head->normalizer == NORMALIZER_SPARSEMAX && weights[j] > 0)
            e->shift = e->masked[j] - weights[j];
        /* and with entmax15 the square of that of half its score */
        if (head->normalizer == NORMALIZER_ENTMAX15 && weights[j] > 0)
            e->shift = e->masked[j] / 2 - sqrt(weights[j]);
    }
    e->sink_numerator = sink ? exp(head->sink - e->shift) : 0;
    e->denominator = e->sink_numerator;
    for (size_t j = 0; j < head->m; j++) {
        double numerator = softmax                                 ? exp(e->masked[j] - e->shift)
                           : head->normalizer == NORMALIZER_LINEAR ? e->masked[j]
                                                                   : weights[j];
        /* Only keys that are normalized have one: of top_k the others weigh 0. */
        e->numerators[j] = weights[j] != 0 || (e->allowed[j] && head->top_k == 0) ? numerator : 0;
        e->denominator += e->numerators[j];
    }
}

/* One stage of the row, into `row`. */
static void explanation_stage(const struct head *head, size_t query, enum stage stage, double *row,
                              struct reference_room *room)
{
    room->row = row;
    reference_row(head, query, stage, room);
}

static void explanation_take_weights(void *context, size_t i, const double *weights)
{
    struct explanation *e = context;
    (void)i; /* there is one row */
    memcpy(e->weights, weights, e->head->m * sizeof *weights);
}

/* The weights of a recurrence, which are no shares, and the output, to which the first state adds. */
static bool explanation_recurrence(struct explanation *e, struct error *error)
{
    const struct head row = head_part(e->head, e->query, 1);
    float *output = memory_alloc(row.d_v, sizeof *output, error);
    bool ok = output &&
              recurrence_run(&row, e->output ? output : NULL, row.d_v, explanation_take_weights, e, error);
    for (size_t c = 0; ok && e->output && c < row.d_v; c++)
        e->output[c] = (double)output[c];
    free(output);
    return ok;
}

static bool explanation_row(struct explanation *e, struct error *error)
{
    const struct head *head = e->head;
    struct reference_room room = {.keys = memory_alloc(head->m, sizeof *room.keys, error),
                                  .sorted = memory_alloc(head->m, sizeof *room.sorted, error),
                                  .second = memory_alloc(head->m, sizeof *room.second, error)};
    bool ok = room.keys && room.sorted && room.second;
    if (ok) {
        explanation_stage(head, e->query, STAGE_SCORES, e->scores, &room);
        explanation_stage(head, e->query, STAGE_SCALED, e->scaled, &room);
        explanation_stage(head, e->query, STAGE_MASKED, e->masked, &room);
        for (size_t s = 0; s < room.key_count; s++)
            e->allowed[room.keys[s]] = true;
        const double factor = head->query_scale ? (double)head->query_scale[e->query] : 1;
        for (size_t j = 0; e->uncapped && j < head->m; j++)
            e->uncapped[j] = head->scale * factor * e->scores[j];
    }
    if (ok && head->recurrent.rule != RECURRENCE_NONE) {
        ok = explanation_recurrence(e, error);
    } else if (ok) {
        struct head all = *head;
        all.dropout = 0;
        all.minus = NULL;
        if (head->minus) {
            explanation_stage(&all, e->query, STAGE_WEIGHTS, e->first, &room);
            explanation_stage(head->minus, e->query, STAGE_WEIGHTS, e->second, &room);
        }
        if (e->before_dropout)
            explanation_stage(&all, e->query, STAGE_WEIGHTS, e->before_dropout, &room);
        all.center = NULL;
        if (e->before_factor)
            explanation_stage(&all, e->query, STAGE_WEIGHTS, e->before_factor, &room);
        explanation_stage(head, e->query, STAGE_WEIGHTS, e->weights, &room);
        explanation_fractions(e, e->before_factor    ? e->before_factor
                                 : e->first          ? e->first
                                 : e->before_dropout ? e->before_dropout
                                                     : e->weights);
        if (e->output)
            reference_output(head, &room, e->output);
        ok = precision_row_make(&e->precision, head->m, error) &&
             precision_row_compute(&e->precision, head, e->query, error);
    }
    free(room.keys);
    free(room.sorted);
    free(room.second);
    return ok;
}

/* How far q·k is spread, where there is a scale that answers to it. */
static bool explanation_spread(struct explanation *e, struct error *error)
{
    const struct head *head = e->head;
    return explanation_layer(e)->settings.score != SCORE_SCALED || head->normalizer != NORMALIZER_SOFTMAX ||
           head->recurrent.rule != RECURRENCE_NONE || head->scale == 1 || head->query_scale ||
           score_spread_measure(&e->spread, head, e->query, error);
}

/* The row that the query is made of, and what the projection makes of it, as the layer computes it. */
static bool explanation_project(struct explanation *e, const struct engine_options *engine,
                                struct error *error)
{
    const struct projection *q = &explanation_layer(e)->q;
    const float *sequence = e->layer.normed ? e->layer.normed : layer_input(&e->layer);
    e->x_count = q->w ? q->w->shape[0] : q->width;
    e->x = sequence + e->query * e->x_count;
    if (!q->w && !q->b)
        return true;
    e->projected = memory_alloc(q->width, sizeof *e->projected, error);
    return e->projected &&
           engine_project(e->x, e->x_count, q->w ? q->w->data : NULL, q->b ? q->b->data : NULL, 1, e->x_count,
                          q->width, e->projected, engine->threads, error);
}

bool explanation_make(struct explanation *explanation, const struct problem *problem, size_t layer,
                      size_t head, size_t query, const struct engine_options *engine, struct error *error)
{
    const struct problem_layer *from = &problem->layers[layer];
    if (from->attention)
        return error_set(error, ERROR_INPUT,
                         "the weights were given: there are no steps to explain; expected q and k");
    explanation->lower = *problem;
    explanation->lower.layer_count = layer;
    if (!explanation_below(&explanation->below, &explanation->lower, layer, engine, error))
        return false;
    const float *outputs = explanation->below.stage[STAGE_OUTPUT].data;
    const float *previous = outputs ? outputs + (layer - 1) * problem->n * problem->d_out : NULL;
    if (!layer_make(&explanation->layer, problem, layer, previous, engine, error))
        return false;
    explanation->head = &explanation->layer.heads[head];
    explanation->head_number = head;
    explanation->query = query;
    return (from->q.given || explanation_project(explanation, engine, error)) &&
           explanation_arrays(explanation, error) && explanation_row(explanation, error) &&
           explanation_spread(explanation, error) &&
           (!explanation->output ||
            explain_heads_make(&explanation->heads, &explanation->layer, query, error));
}

void explanation_free(struct explanation *explanation)
{
    struct explanation *e = explanation;
    double *arrays[] = {e->scores,     e->scaled,   e->masked,         e->weights,
                        e->numerators, e->uncapped, e->before_dropout, e->before_factor,
                        e->output,     e->first,    e->second};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    free(e->projected);
    free(e->allowed);
    explain_heads_free(&e->heads);
    precision_row_free(&e->precision);
    layer_free(&e->layer);
    result_free(&e->below);
    *e = (struct explanation){0};
}

size_t explanation_query_head(const struct explanation *e)
{
    return e->head_number * e->layer.operand[0].heads / e->layer.problem->heads;
}

bool explanation_is_scaled(const struct explanation *e)
{
    return e->head->scale != 1 || e->head->query_scale;
}

static size_t count_allowed(const struct explanation *e)
{
    size_t count = 0;
    for (size_t j = 0; j < e->head->m; j++)
        count += e->allowed[j];
    return count;
}

bool explanation_is_masked(const struct explanation *e)
{
    return count_allowed(e) < e->head->m;
}

bool explanation_has_additions(const struct explanation *e)
{
    return e->head->bias.data || head_has_distance(e->head) || explanation_is_masked(e);
}

bool explanation_sees_nothing(const struct explanation *e)
{
    return count_allowed(e) == 0 && !e->head->has_fill;
}
