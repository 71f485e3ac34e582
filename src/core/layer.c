#include "core/layer.h"

#include <stdlib.h>

#include "base/memory.h"

/* Sets operand[which], projecting if need be. */
static bool operand_make(struct layer *layer, const struct supply *supply, int which,
                         const struct engine_options *engine, struct error *error)
{
    if (supply->width == 0)
        return true;
    struct grid *operand = &layer->operand[which];
    size_t d = supply->width / supply->heads, count;
    if (supply->given) {
        const struct tensor *t = supply->given;
        const float *data = t->data;
        size_t slice = t->rank == 4 ? layer->problem->layers[layer->index].slice : 0;
        *operand = (struct grid){.data = data + slice * supply->rows * supply->width,
                                 .row = t->rank == 2 ? supply->width : d,
                                 .column = 1};
        layer->head_step[which] = t->rank == 2 ? d : supply->rows * d;
        return true;
    }
    layer->head_step[which] = d;
    const float *x = supply->previous ? layer->previous : supply->x->data;
    *operand = (struct grid){.data = x, .row = supply->width, .column = 1};
    if (!supply->w && !supply->b)
        return true;
    size_t inner = supply->w ? supply->w->shape[0] : supply->width;
    if (!size_multiply(supply->rows, supply->width, &count))
        return error_memory(error, SIZE_MAX);
    float *y = layer->owned[which] = memory_take(count, sizeof *y, error);
    operand->data = y;
    return y &&
           engine_project(x, inner, supply->w ? supply->w->data : NULL, supply->b ? supply->b->data : NULL,
                          supply->rows, inner, supply->width, y, engine->threads, error);
}

struct grid layer_operand(const struct layer *layer, int which, size_t head)
{
    struct grid grid = layer->operand[which];
    if (grid.data)
        grid.data += head * layer->head_step[which];
    return grid;
}

bool layer_make(struct layer *layer, const struct problem *problem, size_t index, const float *previous,
                const struct engine_options *engine, struct error *error)
{
    *layer = (struct layer){.problem = problem, .index = index, .previous = previous};
    const struct problem_layer *from = &problem->layers[index];
    size_t rows;
    if (!size_multiply(problem->heads, problem->n, &rows))
        return error_memory(error, SIZE_MAX);
    layer->rows = memory_take(rows, sizeof *layer->rows, error);
    if (!layer->rows)
        return false;
    if (from->attention)
        return true;
    if (!operand_make(layer, &from->q, 0, engine, error) ||
        !operand_make(layer, &from->k, 1, engine, error) || !operand_make(layer, &from->v, 2, engine, error))
        return false;
    layer->heads = memory_zeroed(problem->heads, sizeof *layer->heads, error);
    if (!layer->heads)
        return false;
    size_t group = problem->heads / problem->kv_heads;
    for (size_t h = 0; h < problem->heads; h++) {
        problem_rules(problem, index, h, &layer->heads[h]);
        layer->heads[h].q = layer_operand(layer, 0, h);
        layer->heads[h].k = layer_operand(layer, 1, h / group);
        layer->heads[h].v = layer_operand(layer, 2, h / group);
    }
    return true;
}

void layer_free(struct layer *layer)
{
    for (int i = 0; i < 3; i++)
        free(layer->owned[i]);
    free(layer->heads);
    free(layer->concat);
    free(layer->rows);
    *layer = (struct layer){0};
}

bool layer_output_make(struct layer *layer, float *output, struct error *error)
{
    const struct problem *problem = layer->problem;
    const struct problem_layer *from = &problem->layers[layer->index];
    size_t count;
    if (!output || (!from->w_o && !from->b_o))
        return true;
    if (!size_multiply(problem->n, problem->heads * problem->d_v, &count))
        return error_memory(error, SIZE_MAX);
    layer->concat = memory_take(count, sizeof *layer->concat, error);
    return layer->concat != NULL;
}

float *layer_head_output(const struct layer *layer, float *output, size_t head)
{
    float *to = layer->concat ? layer->concat : output;
    return to ? to + head * layer->problem->d_v : NULL;
}

bool layer_output_finish(const struct layer *layer, float *output, const struct engine_options *engine,
                         struct error *error)
{
    const struct problem *problem = layer->problem;
    const struct problem_layer *from = &problem->layers[layer->index];
    if (!layer->concat)
        return true;
    size_t width = problem->heads * problem->d_v;
    return engine_project(layer->concat, width, from->w_o ? from->w_o->data : NULL,
                          from->b_o ? from->b_o->data : NULL, problem->n, width, problem->d_out, output,
                          engine->threads, error);
}
