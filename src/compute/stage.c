#include "compute/stage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "attention/position.h"
#include "base/memory.h"
#include "problem/problem_head.h"

static float *stage_at(const struct stage_data *stage, const struct layer *layer, size_t h)
{
    return stage->data + (layer->index * stage->heads + h) * stage->rows * stage->columns;
}

/* Copies q, k or v into its stage. */
static void keep_operand(const struct stage_data *stage, const struct layer *layer, int which)
{
    for (size_t h = 0; h < stage->heads; h++) {
        struct strided grid = layer_operand(layer, which, h);
        float *to = stage_at(stage, layer, h);
        for (size_t i = 0; i < stage->rows; i++)
            memcpy(to + i * stage->columns, grid.data + i * grid.row, stage->columns * sizeof *to);
    }
}

/* Scores, scaled and masked, as the reference has them. */
static bool keep_scores(const struct stage_data *stage, const struct layer *layer, enum stage which,
                        int threads, struct error *error)
{
    threads = stage->rows * stage->columns < 10000 ? 1 : engine_threads(threads);
    size_t count;
    if (!size_multiply(stage->columns, (size_t)threads, &count))
        return error_memory(error, SIZE_MAX);
    double *memory = memory_alloc(count, sizeof *memory, error);
    size_t *keys = memory_alloc(count, sizeof *keys, error);
    if (!memory || !keys) {
        free(memory);
        free(keys);
        return false;
    }
#pragma omp parallel for schedule(dynamic, 8) num_threads(threads)
    for (size_t r = 0; r < stage->heads * stage->rows; r++) {
        size_t h = r / stage->rows, i = r % stage->rows;
        size_t at = 0;
#ifdef _OPENMP
        at = (size_t)omp_get_thread_num() * stage->columns;
#endif
        struct reference_room made = {.row = memory + at, .keys = keys + at};
        float *to = stage_at(stage, layer, h) + i * stage->columns;
        reference_row(&layer->heads[h], i, which, &made);
        for (size_t j = 0; j < stage->columns; j++)
            to[j] = (float)made.row[j];
    }
    free(memory);
    free(keys);
    return true;
}

/* 1 where a pair, or some pair of a cell, is seen. */
static bool keep_mask(const struct result *result, const struct layer *layer, struct error *error)
{
    const struct stage_data *stage = &result->stage[STAGE_MASK];
    const size_t count = stage->rows * stage->columns;
    unsigned char *masked = memory_alloc(count, sizeof *masked, error);
    const bool ok = masked;
    for (size_t h = 0; ok && h < stage->heads; h++) {
        float *to = stage_at(stage, layer, h);
        result_mask(result, layer->index, h, masked);
        for (size_t c = 0; c < count; c++)
            to[c] = !masked[c];
    }
    free(masked);
    return ok;
}

/* Columns of what positions add in a layer or turn by; whether every head has its own. 0 where there is no
 * such thing, as of waves where q is given or comes from the layer below. */
static size_t encoding_columns(const struct problem_layer *layer, size_t m, bool *each)
{
    *each = layer->distance;
    if (layer->settings.position == POSITION_SINUSOIDAL)
        return layer->q.x ? layer->q.x->shape[1] : 0;
    return layer->distance ? m : layer->rotary_dim;
}

static void keep_encoding(const struct stage_data *stage, const struct layer *layer)
{
    const struct problem_layer *from = &layer->problem->layers[layer->index];
    float *to = stage_at(stage, layer, 0);
    bool each;
    size_t columns = encoding_columns(from, layer->problem->m, &each);
    if (columns != stage->columns || each != stage->is_pairs) { /* a layer that is not chosen */
        memset(to, 0, stage->heads * stage->rows * stage->columns * sizeof *to);
    } else if (from->settings.position == POSITION_SINUSOIDAL) {
        position_sinusoidal(to, stage->rows, stage->columns, (int64_t)from->k.past_rows, from->position_base);
    } else if (!from->distance) {
        position_rotary_table(to, stage->rows, stage->columns, from->offset, from->position_base);
    } else {
        for (size_t h = 0; h < stage->heads; h++) {
            struct head head;
            problem_head(layer->problem, layer->index, h, &head);
            for (size_t i = 0; i < stage->rows; i++)
                for (size_t j = 0; j < stage->columns; j++)
                    *to++ = head_distance(&head, i, j);
        }
    }
}

bool stages_keep(struct result *result, const struct layer *layer, int threads, struct error *error)
{
    if (result->stage[STAGE_MASK].data && !keep_mask(result, layer, error))
        return false;
    if (result->stage[STAGE_ENCODING].data)
        keep_encoding(&result->stage[STAGE_ENCODING], layer);
    for (int which = 0; which < 3; which++)
        if (result->stage[STAGE_Q + which].data)
            keep_operand(&result->stage[STAGE_Q + which], layer, which);
    for (enum stage stage = STAGE_SCORES; stage < STAGE_WEIGHTS; stage++)
        if (result->stage[stage].data && !keep_scores(&result->stage[stage], layer, stage, threads, error))
            return false;
    return true;
}

/* Takes the memory of a stage for all layers. */
static bool stage_make(struct result *result, enum stage which, size_t heads, size_t rows, size_t columns,
                       struct error *error)
{
    size_t count;
    if (!size_multiply(rows, columns, &count) || !size_multiply(count, heads, &count) ||
        !size_multiply(count, result->layer_count, &count))
        return error_memory(error, SIZE_MAX);
    result->stage[which] = (struct stage_data){
        .data = memory_alloc(count, sizeof(float), error), .heads = heads, .rows = rows, .columns = columns};
    return result->stage[which].data != NULL;
}

static bool is_chosen(const struct selection *selection, size_t layer)
{
    bool chosen = !selection->layers;
    for (size_t i = 0; !chosen && i < selection->layer_count; i++)
        chosen = selection->layers[i] == layer;
    return chosen;
}

/* The same of all chosen layers, and 0 where these differ or one has none. */
static size_t encoding_common(const struct problem *p, const struct selection *selection, bool *each)
{
    size_t columns = 0;
    for (size_t l = 0; l < p->layer_count; l++) {
        bool own;
        size_t has = encoding_columns(&p->layers[l], p->m, &own);
        if (!is_chosen(selection, l))
            continue;
        if (has == 0 || (columns > 0 && (has != columns || own != *each)))
            return 0;
        columns = has;
        *each = own;
    }
    return columns;
}

static bool absent(enum stage stage, const char *why, struct error *error)
{
    return error_set(error, ERROR_INPUT, "there is no stage %s: %s", stage_names[stage], why);
}

bool stage_is_pairs(const struct problem *problem, const struct selection *selection, enum stage stage)
{
    bool has_distance = false;
    for (size_t l = 0; l < problem->layer_count; l++)
        has_distance = has_distance || (is_chosen(selection, l) && problem->layers[l].distance);
    return stage <= STAGE_WEIGHTS || stage == STAGE_MASK || (stage == STAGE_ENCODING && has_distance);
}

static bool stage_plan(struct result *result, enum stage s, const struct selection *selection,
                       struct error *error)
{
    const struct problem *p = result->problem;
    bool each = false;
    size_t encoding = encoding_common(p, selection, &each);
    if (p->layers[0].attention && s != STAGE_MASK)
        return absent(s, "the weights were given, nothing is computed", error);
    if ((s == STAGE_V && p->d_v == 0) || (s == STAGE_OUTPUT && p->d_out == 0))
        return absent(s, "the input has no v", error);
    switch (s) {
    case STAGE_OUTPUT:
        return true;
    case STAGE_Q:
        return stage_make(result, s, p->heads, p->n, p->d_k, error);
    case STAGE_K:
        return stage_make(result, s, p->kv_heads, p->m, p->d_key, error);
    case STAGE_V:
        return stage_make(result, s, p->kv_heads, p->m, p->d_v, error);
    case STAGE_ENCODING:
        if (encoding == 0)
            return absent(
                s,
                "expected rotary, alibi, relative, or sinusoidal where embeddings come in (the first "
                "layer of a stack), of one shape in all layers; --layer chooses some",
                error);
        return stage_make(result, s, each ? p->heads : 1, p->n, encoding, error);
    case STAGE_MASK: /* of pairs or cells, as the weights */
        return stage_make(result, s, p->heads, result->stage[STAGE_WEIGHTS].rows,
                          result->stage[STAGE_WEIGHTS].columns, error);
    default:
        return stage_make(result, s, p->heads, p->n, p->m, error);
    }
}

bool stages_make(struct result *result, unsigned stages, const struct selection *selection,
                 struct error *error)
{
    const struct problem *p = result->problem;
    size_t rows = size_divide_up(result->query_count, result->query_step);
    size_t columns = size_divide_up(result->key_count, result->key_step);
    if (!stage_make(result, STAGE_WEIGHTS, p->heads, rows, columns, error) ||
        (p->d_out > 0 && !stage_make(result, STAGE_OUTPUT, 1, p->n, p->d_out, error)))
        return false;
    for (enum stage s = 0; s < STAGE_COUNT; s++) {
        if (stages & 1u << s && s != STAGE_WEIGHTS && !stage_plan(result, s, selection, error))
            return false;
        result->stage[s].is_pairs = stage_is_pairs(p, selection, s);
    }
    return true;
}
