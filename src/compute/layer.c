#include "compute/layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/position.h"
#include "attention/transform.h"
#include "base/memory.h"
#include "problem/problem_head.h"

static const struct problem_layer *layer_spec(const struct layer *layer)
{
    return &layer->problem->layers[layer->index];
}

static const float *list_data(const struct tensor *tensor)
{
    return tensor ? tensor->data : NULL;
}

/* ---- the sequence that is projected ---- */

static float *copy_floats(const float *from, size_t rows, size_t columns, struct error *error)
{
    size_t count;
    if (!size_multiply(rows, columns, &count)) {
        error_memory(error, SIZE_MAX);
        return NULL;
    }
    float *copy = memory_alloc(count, sizeof *copy, error);
    if (copy)
        memcpy(copy, from, count * sizeof *copy);
    return copy;
}

/* A copy of a sequence plus the sinusoidal encoding of its positions. */
static bool layer_encode(float **encoded, const struct tensor *x, const struct position_list *positions,
                         double base, struct error *error)
{
    size_t rows = x->shape[0], columns = x->shape[1];
    float *sum = *encoded = copy_floats(x->data, rows, columns, error);
    float *sinusoidal = sum ? memory_alloc(rows * columns, sizeof *sinusoidal, error) : NULL;
    if (!sinusoidal)
        return false;
    position_sinusoidal(sinusoidal, rows, columns, positions, base);
    for (size_t i = 0; i < rows * columns; i++)
        sum[i] += sinusoidal[i];
    free(sinusoidal);
    return true;
}

/* The sequence of the layer: the output of the layer below, or the embeddings with their positions. */
static const float *layer_sequence(const struct layer *layer, const struct projection *projection)
{
    return projection->previous ? layer->previous
           : layer->encoded[0]  ? layer->encoded[0]
                                : projection->x->data;
}

/* Whether a projection is of the layer's own sequence; otherwise it is of the context. */
static bool projection_is_self(const struct layer *layer, const struct projection *projection)
{
    const struct projection *q = &layer_spec(layer)->q;
    return projection->previous || (projection->x && projection->x == q->x);
}

static bool layer_sequences_make(struct layer *layer, struct error *error)
{
    const struct problem_layer *from = layer_spec(layer);
    const struct projection *projections[] = {&from->q, &from->k, &from->v};
    for (int i = 0; i < 3 && from->has_sinusoidal; i++) {
        const struct projection *s = projections[i];
        bool self = projection_is_self(layer, s);
        if (s->previous || !s->x || layer->encoded[!self])
            continue;
        if (!layer_encode(&layer->encoded[!self], s->x, &from->encoded_at[!self], from->sinusoidal_base,
                          error))
            return false;
    }
    if (from->settings.norm != NORM_PRE)
        return true;
    const struct projection *q = &from->q;
    size_t width = q->w ? q->w->shape[0] : q->width;
    layer->normed = copy_floats(layer_sequence(layer, q), q->rows, width, error);
    if (!layer->normed)
        return false;
    transform_norm(layer->normed, q->rows, width, list_data(from->extra[INPUT_NORM_WEIGHT]),
                   list_data(from->extra[INPUT_NORM_BIAS]));
    return true;
}

/* ---- q, k and v ---- */

/* Points an operand, whose heads and columns are set, to a given tensor of rank 2, 3 or 4. */
static void operand_borrow(struct operand *operand, const struct tensor *t, size_t slice)
{
    size_t width = operand->heads * operand->columns, rows = t->shape[t->rank - 2];
    operand->matrix = (struct strided){.data = t->data + (t->rank == 4 ? slice * rows * width : 0),
                                       .row = t->rank == 2 ? width : operand->columns,
                                       .column = 1};
    operand->head_step = t->rank > 2 ? rows * operand->columns : operand->columns;
}

/* Sets operand[which] to the rows of the projection, without those of the past: given ones, or x·w + b. */
static bool operand_project(struct layer *layer, const struct projection *projection, int which,
                            const struct engine_options *engine, struct error *error)
{
    if (projection->width == 0)
        return true;
    struct operand *operand = &layer->operand[which];
    size_t d = projection->width / projection->heads, rows = projection->rows - projection->past_rows, count;
    *operand = (struct operand){.heads = projection->heads, .columns = d, .head_step = d};
    if (projection->given) {
        operand_borrow(operand, projection->given, layer_spec(layer)->slice);
        return true;
    }
    const float *x = !projection_is_self(layer, projection)
                         ? (layer->encoded[1] ? layer->encoded[1] : projection->x->data)
                     : layer->normed ? layer->normed
                                     : layer_sequence(layer, projection);
    operand->matrix = (struct strided){.data = x, .row = projection->width, .column = 1};
    if (!projection->w && !projection->b)
        return true;
    size_t inner = projection->w ? projection->w->shape[0] : projection->width;
    if (!size_multiply(rows, projection->width, &count))
        return error_memory(error, SIZE_MAX);
    float *y = operand->owned = memory_alloc(count, sizeof *y, error);
    operand->matrix.data = y;
    return y && engine_project(x, inner, list_data(projection->w), list_data(projection->b), rows, inner,
                               projection->width, y, engine->threads, error);
}

/* Copies the first `rows` of every head; head h of the copy begins at to + h*head_step. */
static void operand_copy_heads(float *to, size_t head_step, const struct operand *from, size_t rows)
{
    for (size_t h = 0; h < from->heads; h++)
        for (size_t i = 0; i < rows; i++)
            memcpy(to + h * head_step + i * from->columns,
                   from->matrix.data + h * from->head_step + i * from->matrix.row,
                   from->columns * sizeof *to);
}

/* An owned copy of an operand, packed head by head: of each head the `past_rows` rows of `past` (NULL: none),
 * then its own `rows`. */
static bool operand_copy(struct operand *copy, const struct operand *past, size_t past_rows,
                         const struct operand *from, size_t rows, struct error *error)
{
    size_t matrix, count, columns = from->columns;
    if (!size_multiply(past_rows + rows, columns, &matrix) || !size_multiply(matrix, from->heads, &count))
        return error_memory(error, SIZE_MAX);
    float *data = memory_alloc(count, sizeof *data, error);
    if (!data)
        return false;
    if (past)
        operand_copy_heads(data, matrix, past, past_rows);
    operand_copy_heads(data + past_rows * columns, matrix, from, rows);
    *copy = (struct operand){.matrix = {data, columns, 1},
                             .heads = from->heads,
                             .columns = columns,
                             .head_step = matrix,
                             .owned = data};
    return true;
}

/* Sets operand[which]: the rows of the past, then those of the projection. */
static bool operand_make(struct layer *layer, const struct projection *projection, int which,
                         const struct engine_options *engine, struct error *error)
{
    if (!operand_project(layer, projection, which, engine, error))
        return false;
    if (!projection->past)
        return true;
    struct operand *own = &layer->operand[which], past = *own, joined;
    operand_borrow(&past, projection->past, layer_spec(layer)->slice);
    if (!operand_copy(&joined, &past, projection->past_rows, own, projection->rows - projection->past_rows,
                      error))
        return false;
    free(own->owned);
    *own = joined;
    return true;
}

/* Norms q (0) or k (1), before it is rotated; of k the rows that are not rotated yet. */
static bool operand_norm(struct layer *layer, int which, struct error *error)
{
    const struct problem_layer *from = layer_spec(layer);
    const struct tensor *weight = from->extra[which == 0 ? INPUT_Q_NORM : INPUT_K_NORM];
    struct operand *operand = &layer->operand[which], copy;
    size_t rows = which == 0 ? layer->problem->n : layer->problem->m;
    if (!weight)
        return true;
    if (!operand_copy(&copy, NULL, 0, operand, rows, error))
        return false;
    free(operand->owned);
    *operand = copy;
    const size_t first = which == 1 && from->settings.past_rotated ? from->k.past_rows : 0;
    const struct head_rows all = {copy.owned + first * copy.columns, rows - first, copy.heads, copy.head_step,
                                  copy.columns};
    transform_head_norm(&all, weight->data, tensor_count(weight) != copy.columns,
                        from->settings.qk_norm_kind == QK_NORM_LAYER, from->qk_norm_epsilon);
    return true;
}

/* Rotates q (0) or k (1) by its positions; of k the rows that are not yet rotated. */
static bool operand_rotate(struct layer *layer, int which, struct error *error)
{
    const struct problem_layer *from = layer_spec(layer);
    struct operand *operand = &layer->operand[which], copy;
    const size_t rows = which == 0 ? layer->problem->n : layer->problem->m;
    const size_t first = which == 0 ? 0 : from->rotated_from;
    if (!operand_copy(&copy, NULL, 0, operand, rows, error))
        return false;
    free(operand->owned);
    *operand = copy;
    position_rotate(copy.owned + first * copy.columns, rows - first, copy.columns, copy.heads, copy.head_step,
                    &from->rotation, which == 0 ? &from->query_at : &from->key_at);
    return true;
}

/* ---- q and k as the score takes them ---- */

/* Sets compared[which] to x·w, for every head of x; where w is one matrix a head, for every head of the
 * problem. */
static bool compared_project(struct layer *layer, int which, const struct tensor *w,
                             const struct engine_options *engine, struct error *error)
{
    const struct operand *from = &layer->operand[which];
    struct operand *to = &layer->compared[which];
    size_t rows = which == 0 ? layer->problem->n : layer->problem->m, columns = w->shape[w->rank - 1];
    size_t heads = w->rank == 3 ? layer->problem->heads : from->heads;
    size_t matrix, count, w_step = w->rank == 3 ? columns * from->columns : 0;
    if (!size_multiply(rows, columns, &matrix) || !size_multiply(matrix, heads, &count))
        return error_memory(error, SIZE_MAX);
    float *data = memory_alloc(count, sizeof *data, error);
    *to = (struct operand){
        .matrix = {data, columns, 1}, .heads = heads, .columns = columns, .head_step = matrix, .owned = data};
    for (size_t h = 0; data && h < heads; h++)
        if (!engine_project(from->matrix.data + h * from->heads / heads * from->head_step, from->matrix.row,
                            w->data + h * w_step, NULL, rows, from->columns, columns, data + h * matrix,
                            engine->threads, error))
            return false;
    return data != NULL;
}

static bool compared_make(struct layer *layer, const struct engine_options *engine, struct error *error)
{
    const struct problem_layer *from = layer_spec(layer);
    const struct tensor *const *extra = from->extra;
    bool linear = from->settings.normalizer == NORMALIZER_LINEAR;
    if (from->settings.score == SCORE_GENERAL)
        return compared_project(layer, 0, extra[INPUT_W_SCORE], engine, error);
    if (from->settings.score == SCORE_ADDITIVE)
        return (!extra[INPUT_W_SCORE_Q] ||
                compared_project(layer, 0, extra[INPUT_W_SCORE_Q], engine, error)) &&
               (!extra[INPUT_W_SCORE_K] || compared_project(layer, 1, extra[INPUT_W_SCORE_K], engine, error));
    for (int which = 0; which < 2 && (linear || from->settings.score == SCORE_COSINE); which++) {
        struct operand *to = &layer->compared[which];
        size_t rows = which == 0 ? layer->problem->n : layer->problem->m;
        if (!operand_copy(to, NULL, 0, &layer->operand[which], rows, error))
            return false;
        if (linear)
            transform_feature(to->owned, to->heads * to->head_step, engine_threads(engine->threads));
        else
            transform_unit(to->owned, to->heads * rows, to->columns, to->columns);
    }
    return true;
}

static struct strided operand_head(const struct operand *operand, size_t head)
{
    struct strided matrix = operand->matrix;
    if (matrix.data)
        matrix.data += head * operand->head_step;
    return matrix;
}

struct strided layer_operand(const struct layer *layer, int which, size_t head)
{
    return operand_head(&layer->operand[which], head);
}

/* q (0) or k (1) of a head of the problem as the score takes it, or its v (2); of two heads that make one the first, or
 * the `second`. */
static struct strided layer_compared_head(const struct layer *layer, int which, size_t head, bool second)
{
    const struct operand *operand = &layer->operand[which];
    if (which < 2 && layer->compared[which].owned)
        operand = &layer->compared[which];
    return operand_head(operand, (2 * head + second) * operand->heads / (2 * layer->problem->heads));
}

/* The second heads of differential attention. */
static bool layer_minus_make(struct layer *layer, struct error *error)
{
    const struct per_head *shares = &layer_spec(layer)->settings.differential;
    layer->minus = memory_zeroed(layer->problem->heads, sizeof *layer->minus, error);
    for (size_t h = 0; layer->minus && h < layer->problem->heads; h++) {
        layer->minus[h] = layer->heads[h];
        layer->minus[h].q = layer_compared_head(layer, 0, h, true);
        layer->minus[h].k = layer_compared_head(layer, 1, h, true);
        layer->heads[h].minus = &layer->minus[h];
        layer->heads[h].minus_share = per_head_at(shares, h);
    }
    return layer->minus;
}

/* The largest number of q, signs left out; infinity where one is NaN. */
static float largest_query(const struct head *head)
{
    float largest = 0;
    for (size_t i = 0; i < head->n; i++)
        for (size_t c = 0; c < head->d_k; c++) {
            const float size = fabsf(head->q.data[i * head->q.row + c]);
            largest = size <= largest ? largest : isnan(size) ? INFINITY : size;
        }
    return largest;
}

bool layer_make(struct layer *layer, const struct problem *problem, size_t index, const float *previous,
                const struct engine_options *engine, struct error *error)
{
    *layer = (struct layer){.problem = problem, .index = index, .previous = previous};
    const struct problem_layer *from = &problem->layers[index];
    size_t rows;
    if (!size_multiply(problem->heads, problem->n, &rows))
        return error_memory(error, SIZE_MAX);
    layer->rows = memory_alloc(rows, sizeof *layer->rows, error);
    if (!layer->rows)
        return false;
    if (from->attention)
        return operand_make(layer, &from->v, 2, engine, error);
    const bool rotary = from->rotation.columns > 0;
    if (!layer_sequences_make(layer, error) || !operand_make(layer, &from->q, 0, engine, error) ||
        !operand_make(layer, &from->k, 1, engine, error) ||
        !operand_make(layer, &from->v, 2, engine, error) || !operand_norm(layer, 0, error) ||
        !operand_norm(layer, 1, error) ||
        (rotary && (!operand_rotate(layer, 0, error) || !operand_rotate(layer, 1, error))) ||
        !compared_make(layer, engine, error))
        return false;
    layer->heads = memory_zeroed(problem->heads, sizeof *layer->heads, error);
    if (!layer->heads)
        return false;
    for (size_t h = 0; h < problem->heads; h++) {
        problem_head(problem, index, h, &layer->heads[h]);
        layer->heads[h].q = layer_compared_head(layer, 0, h, false);
        layer->heads[h].k = layer_compared_head(layer, 1, h, false);
        layer->heads[h].v = layer_compared_head(layer, 2, h, false);
        if (layer->heads[h].additive)
            layer->heads[h].largest_q = largest_query(&layer->heads[h]);
    }
    return !settings_have(&from->settings, SETTING_DIFFERENTIAL) || layer_minus_make(layer, error);
}

void layer_free(struct layer *layer)
{
    for (int i = 0; i < 3; i++)
        free(layer->operand[i].owned);
    for (int i = 0; i < 2; i++) {
        free(layer->compared[i].owned);
        free(layer->encoded[i]);
    }
    free(layer->normed);
    free(layer->heads);
    free(layer->minus);
    free(layer->concat);
    free(layer->rows);
    *layer = (struct layer){0};
}

/* ---- the output ---- */

const float *layer_input(const struct layer *layer)
{
    return layer_sequence(layer, &layer_spec(layer)->q);
}

bool layer_output_make(struct layer *layer, float *output, struct error *error)
{
    const struct problem *problem = layer->problem;
    const struct problem_layer *from = layer_spec(layer);
    size_t count;
    if (!output || (!from->w_o && !from->b_o))
        return true;
    if (!size_multiply(problem->n, problem->heads * problem->d_v, &count))
        return error_memory(error, SIZE_MAX);
    layer->concat = memory_zeroed(count, sizeof *layer->concat, error); /* not all rows may be computed */
    return layer->concat != NULL;
}

float *layer_head_output(const struct layer *layer, float *output, size_t head)
{
    float *to = layer->concat ? layer->concat : output;
    return to ? to + head * layer->problem->d_v : NULL;
}

/* Multiplies the heads' output, n×(heads·d_v), by the sigmoid of the gate, if there is one. */
static bool layer_gate(const struct layer *layer, float *heads, const struct engine_options *engine,
                       struct error *error)
{
    const struct problem *problem = layer->problem;
    const struct problem_layer *from = layer_spec(layer);
    const struct tensor *gate = from->extra[INPUT_GATE], *w = from->extra[INPUT_W_GATE];
    const size_t width = problem->heads * problem->d_v;
    if (gate)
        transform_gate(heads, problem->n, width, gate->data, gate->shape[1]);
    if (!w)
        return true;
    size_t inner = w->shape[0], gates = w->shape[1], count;
    if (!size_multiply(problem->n, gates, &count))
        return error_memory(error, SIZE_MAX);
    float *made = memory_alloc(count, sizeof *made, error);
    const float *x = layer->normed ? layer->normed : layer_sequence(layer, &from->q);
    bool ok = made &&
              engine_project(x, inner, w->data, NULL, problem->n, inner, gates, made, engine->threads, error);
    if (ok)
        transform_gate(heads, problem->n, width, made, gates);
    free(made);
    return ok;
}

bool layer_output_finish(const struct layer *layer, float *output, const struct engine_options *engine,
                         struct error *error)
{
    const struct problem *problem = layer->problem;
    const struct problem_layer *from = layer_spec(layer);
    size_t width = problem->heads * problem->d_v, count = problem->n * problem->d_out;
    if (output && !layer_gate(layer, layer->concat ? layer->concat : output, engine, error))
        return false;
    if (layer->concat && !engine_project(layer->concat, width, list_data(from->w_o), list_data(from->b_o),
                                         problem->n, width, problem->d_out, output, engine->threads, error))
        return false;
    if (!output)
        return true;
    const float *x = from->settings.residual ? layer_input(layer) : NULL;
    for (size_t i = 0; x && i < count; i++)
        output[i] += x[i];
    if (from->settings.norm == NORM_POST)
        transform_norm(output, problem->n, problem->d_out, list_data(from->extra[INPUT_NORM_WEIGHT]),
                       list_data(from->extra[INPUT_NORM_BIAS]));
    return true;
}
