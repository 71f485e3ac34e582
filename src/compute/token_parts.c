#include "compute/token_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/transform.h"
#include "base/memory.h"
#include "base/workers.h"

/* Of the weights of a block, as long as that is a query at least. */
enum { BLOCK_BYTES = 64 << 20 };
/* Queries whose output a thread adds up at once. */
enum { OUTPUT_ROWS = 8 };

static const struct problem_layer *spec_of(const struct token_parts *parts)
{
    return &parts->layer->problem->layers[parts->layer->index];
}

static bool has_norm(const struct token_parts *parts)
{
    return parts->whole && spec_of(parts)->settings.norm == NORM_POST;
}

size_t token_parts_room(size_t heads, size_t n)
{
    const size_t most = BLOCK_BYTES / sizeof(float) / heads / n;
    return most == 0 ? 1 : most < n ? most : n;
}

static bool parts_size(const struct token_parts *parts, size_t *cells, size_t *numbers)
{
    size_t row;
    return size_multiply(parts->heads, parts->n, &row) && size_multiply(row, parts->room, cells) &&
           size_multiply(parts->room, parts->d, numbers);
}

bool token_parts_make(struct token_parts *parts, struct layer_rows *rows, const struct layer *layer,
                      bool whole, struct error *error)
{
    const struct problem *problem = layer->problem;
    size_t cells, numbers;
    *parts = (struct token_parts){.layer = layer,
                                  .rows = rows,
                                  .whole = whole,
                                  .n = problem->n,
                                  .d = problem->d_out,
                                  .heads = layer_rows_heads(rows)};
    parts->room = token_parts_room(parts->heads, parts->n);
    if (!parts_size(parts, &cells, &numbers))
        return error_memory(error, SIZE_MAX);
    parts->head = memory_alloc(parts->heads, sizeof *parts->head, error);
    for (size_t h = 0, c = 0; parts->head && h < problem->heads; h++)
        if (selection_has(rows->selection, layer->index, h))
            parts->head[c++] = h;
    parts->weights = parts->head ? memory_alloc(cells, sizeof *parts->weights, error) : NULL;
    if (!parts->weights || !whole)
        return parts->weights;
    parts->output = memory_alloc(numbers, sizeof *parts->output, error);
    parts->factor = parts->output ? memory_alloc(parts->room, sizeof *parts->factor, error) : NULL;
    return parts->factor;
}

void token_parts_free(struct token_parts *parts)
{
    free(parts->head);
    free(parts->weights);
    free(parts->output);
    free(parts->factor);
    *parts = (struct token_parts){0};
}

/* ---- weights ---- */

static float *parts_row(const struct token_parts *parts, size_t head, size_t row)
{
    return parts->weights + (head * parts->room + row) * parts->n;
}

static void receive_rows(void *context, const struct rows_of_head *rows)
{
    const struct token_parts *parts = context;
    for (size_t r = 0; r < rows->count; r++)
        memcpy(parts_row(parts, rows->number, rows->first + r - parts->first),
               rows->weights + r * rows->stride, parts->n * sizeof *parts->weights);
}

/* ---- vectors ---- */

/* to[d] += factor·from[d] */
static void add_floats(double *to, const float *from, size_t d, double factor)
{
    for (size_t c = 0; c < d; c++)
        to[c] += factor * (double)from[c];
}

/* to[d] += v·W, v of a head in double precision or as it lies in the layer. */
static void add_projected(const struct token_parts *parts, size_t head, const float *v, double *to)
{
    const size_t d_v = parts->layer->problem->d_v;
    const float *w = spec_of(parts)->w_o->data + head * d_v * parts->d;
    for (size_t c = 0; c < d_v; c++)
        add_floats(to, w + c * parts->d, parts->d, (double)v[c]);
}

/* What the norm makes of a summand, but for 1/σ: less its mean, times the weights. */
static void norm_summand(const struct token_parts *parts, double *y)
{
    const struct tensor *weight = spec_of(parts)->extra[INPUT_NORM_WEIGHT];
    double mean = 0;
    if (!has_norm(parts))
        return;
    for (size_t c = 0; c < parts->d; c++)
        mean += y[c] / (double)parts->d;
    for (size_t c = 0; c < parts->d; c++)
        y[c] = (y[c] - mean) * (weight ? (double)weight->data[c] : 1);
}

void token_parts_vectors(const struct token_parts *parts, size_t j, double *vectors)
{
    memset(vectors, 0, parts->heads * parts->d * sizeof *vectors);
    for (size_t h = 0; h < parts->heads; h++) {
        const struct strided v = parts->layer->heads[parts->head[h]].v;
        add_projected(parts, parts->head[h], v.data + j * v.row, vectors + h * parts->d);
        norm_summand(parts, vectors + h * parts->d);
    }
}

/* Whether a head attends from the query to the token. */
static bool is_attended(const struct token_parts *parts, size_t row, size_t j)
{
    bool any = false;
    for (size_t h = 0; h < parts->heads && !any; h++)
        any = parts_row(parts, h, row)[j] != 0;
    return any;
}

bool token_parts_part(const struct token_parts *parts, size_t row, size_t j, const double *vectors,
                      double *part)
{
    const bool has_residual = parts->whole && parts->first + row == j;
    if (!has_residual && !is_attended(parts, row, j))
        return false;
    memset(part, 0, parts->d * sizeof *part);
    if (has_residual) {
        add_floats(part, layer_input(parts->layer) + j * parts->d, parts->d, 1);
        norm_summand(parts, part);
    }
    for (size_t h = 0; h < parts->heads; h++) {
        const double weight = (double)parts_row(parts, h, row)[j];
        const double *vector = vectors + h * parts->d;
        for (size_t c = 0; c < parts->d && weight != 0; c++)
            part[c] += weight * vector[c];
    }
    for (size_t c = 0; c < parts->d && parts->whole; c++)
        part[c] *= parts->factor[row];
    return true;
}

/* ---- the output ---- */

/* The heads' output of a row, each row of values times its weight, into heads·d_v doubles. */
static void attend_row(const struct token_parts *parts, size_t row, double *concat)
{
    const size_t d_v = parts->layer->problem->d_v;
    memset(concat, 0, parts->heads * d_v * sizeof *concat);
    for (size_t h = 0; h < parts->heads; h++) {
        const struct strided v = parts->layer->heads[parts->head[h]].v;
        const float *weights = parts_row(parts, h, row);
        for (size_t j = 0; j < parts->n; j++)
            if (weights[j] != 0)
                add_floats(concat + h * d_v, v.data + j * v.row, d_v, (double)weights[j]);
    }
}

void token_parts_bias(const struct token_parts *parts, size_t row, double *bias)
{
    const struct problem_layer *spec = spec_of(parts);
    const struct tensor *added = has_norm(parts) ? spec->extra[INPUT_NORM_BIAS] : NULL;
    memset(bias, 0, parts->d * sizeof *bias);
    if (spec->b_o)
        add_floats(bias, spec->b_o->data, parts->d, 1);
    norm_summand(parts, bias);
    for (size_t c = 0; c < parts->d; c++)
        bias[c] = bias[c] * parts->factor[row] + (added ? (double)added->data[c] : 0);
}

/* The norm of a whole row, and 1/σ. */
static double norm_row(const struct token_parts *parts, double *y)
{
    const struct tensor *bias = spec_of(parts)->extra[INPUT_NORM_BIAS];
    double mean = 0, variance = 0;
    if (!has_norm(parts))
        return 1;
    for (size_t c = 0; c < parts->d; c++)
        mean += y[c] / (double)parts->d;
    for (size_t c = 0; c < parts->d; c++)
        variance += (y[c] - mean) * (y[c] - mean) / (double)parts->d;
    const double factor = 1 / sqrt(variance + TRANSFORM_NORM_EPSILON);
    norm_summand(parts, y);
    for (size_t c = 0; c < parts->d; c++)
        y[c] = y[c] * factor + (bias ? (double)bias->data[c] : 0);
    return factor;
}

static void output_row(struct token_parts *parts, size_t row, double *concat)
{
    const struct problem_layer *spec = spec_of(parts);
    const size_t width = parts->heads * parts->layer->problem->d_v;
    double *y = parts->output + row * parts->d;
    attend_row(parts, row, concat);
    memset(y, 0, parts->d * sizeof *y);
    for (size_t c = 0; c < width; c++)
        add_floats(y, spec->w_o->data + c * parts->d, parts->d, concat[c]);
    if (spec->b_o)
        add_floats(y, spec->b_o->data, parts->d, 1);
    add_floats(y, layer_input(parts->layer) + (parts->first + row) * parts->d, parts->d, 1);
    parts->factor[row] = norm_row(parts, y);
}

static bool output_work(void *context, int worker, size_t job, struct error *error)
{
    struct token_parts *parts = context;
    double *concat = memory_alloc(parts->heads * parts->layer->problem->d_v, sizeof *concat, error);
    (void)worker;
    for (size_t r = job * OUTPUT_ROWS; concat && r < parts->count && r < (job + 1) * OUTPUT_ROWS; r++)
        output_row(parts, r, concat);
    free(concat);
    return concat;
}

bool token_parts_fill(struct token_parts *parts, size_t first, struct error *error)
{
    const struct rows_receiver receiver = {.receive = receive_rows, .context = parts};
    struct layer_rows *rows = parts->rows;
    const size_t left = parts->n - first;
    rows->first = parts->first = first;
    rows->count = parts->count = left < parts->room ? left : parts->room;
    return layer_rows_of(rows, parts->layer->index, parts->layer, &receiver, error) &&
           (!parts->whole ||
            workers_try(engine_threads(rows->engine.threads), size_divide_up(parts->count, OUTPUT_ROWS),
                        output_work, parts, error));
}
