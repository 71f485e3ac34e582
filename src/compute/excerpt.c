#include "compute/excerpt.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "compute/excerpt_mean.h"

/* ---- where things are in the result ---- */

/* Row and column of the result's matrix at which the excerpt begins. Pooled cells are all in it. */
struct corner {
    size_t row, column;
};

static struct corner stage_corner(const struct excerpt *e, enum stage stage)
{
    const struct result *result = e->result;
    const struct pair_cells *cells = &result->cells;
    bool is_kept_pairs = stage == STAGE_WEIGHTS || stage == STAGE_MASK;
    if (is_kept_pairs && result->kept == KEPT_POOLED)
        return (struct corner){0, 0};
    if (is_kept_pairs)
        return (struct corner){e->query_first - cells->query_first, e->key_first - cells->key_first};
    return (struct corner){stage_is_keys(stage) ? e->key_first : e->query_first,
                           result->stage[stage].shape.is_pairs ? e->key_first : 0};
}

/* Which matrix of the result is head h of the excerpt; where heads were chosen, the one of a head of keys and
 * values comes once for each query head that it serves. With a mean over heads, h counts those. */
static size_t stage_head(const struct excerpt *e, enum stage stage, size_t l, size_t h)
{
    const struct stage_shape *whole = &e->result->stage[stage].shape;
    if (whole->whose == STAGE_HEADS_JOINT || (whole->whose == STAGE_HEADS_KV && !e->has_own_heads))
        return h;
    return excerpt_head(e, l, h) / (e->result->problem->heads / whole->heads);
}

struct strided excerpt_cut(const struct excerpt *e, enum stage stage, size_t l, size_t h)
{
    const struct stage_data *whole = &e->result->stage[stage];
    const struct corner corner = stage_corner(e, stage);
    const float *matrix = stage_data_matrix(whole, e->layer_index[l], stage_head(e, stage, l, h));
    return (struct strided){.data = matrix + corner.row * whole->shape.columns + corner.column,
                            .row = whole->shape.columns,
                            .column = 1};
}

/* ---- making one ---- */

/* The numbers of the layers that are chosen, and of the heads of each. */
static bool index_make(struct excerpt *e, const struct selection *s, struct error *error)
{
    size_t count;
    e->layer_count = selection_layers(s, e->result->problem);
    e->head_count = selection_heads(s, e->result->problem);
    if (!size_multiply(e->layer_count, e->head_count, &count))
        return error_memory(error, SIZE_MAX);
    e->layer_index = memory_alloc(e->layer_count, sizeof *e->layer_index, error);
    e->head_index = memory_alloc(count, sizeof *e->head_index, error);
    if (!e->layer_index || !e->head_index)
        return false;
    for (size_t l = 0; l < e->layer_count; l++) {
        e->layer_index[l] = selection_layer_at(s, l);
        for (size_t h = 0; h < e->head_count; h++)
            e->head_index[l * e->head_count + h] = selection_head_at(s, l, h);
    }
    return true;
}

/* Without w_o the output has its columns head by head, so that chosen heads have chosen columns. */
static bool output_is_split(const struct problem *problem)
{
    for (size_t l = 0; l < problem->layer_count; l++)
        if (problem->layers[l].w_o || problem->layers[l].b_o)
            return false;
    return true;
}

static void shapes_make(struct excerpt *e)
{
    const struct result *result = e->result;
    for (enum stage s = 0; s < STAGE_COUNT; s++) {
        struct stage_shape *shape = &e->shape[s];
        *shape = result->stage[s].shape;
        if (shape->heads == 0)
            continue;
        if (shape->whose == STAGE_HEADS_EACH || (shape->whose == STAGE_HEADS_KV && e->has_own_heads))
            shape->heads = e->head_count;
        if (shape->is_pairs && result->kept == KEPT_POOLED)
            continue;
        shape->rows = stage_is_keys(s) ? e->key_count : e->query_count;
        shape->columns = shape->is_pairs ? e->key_count : shape->columns;
    }
}

/* Whether the result keeps what is selected. */
static bool is_kept(const struct result *result, const struct selection *s, struct error *error)
{
    const struct pair_cells *cells = &result->cells;
    bool inside = s->query_first >= cells->query_first &&
                  s->query_end <= cells->query_first + cells->query_count &&
                  s->key_first >= cells->key_first && s->key_end <= cells->key_first + cells->key_count;
    if (!inside || (result->kept == KEPT_POOLED && !selection_has_all_pairs(s, result->problem)))
        return error_set(error, ERROR_SYSTEM, "the weights of queries %zu:%zu and keys %zu:%zu are not kept",
                         s->query_first, s->query_end, s->key_first, s->key_end);
    if (selection_is_mean(s) && (result->kept != KEPT_ALL || !result->masks.are_kept))
        return error_set(error, ERROR_SYSTEM, "the mean needs all weights and masks to be kept");
    return true;
}

bool excerpt_make(struct excerpt *e, const struct result *result, const struct selection *s,
                  struct error *error)
{
    const struct problem *problem = result->problem;
    *e = (struct excerpt){.result = result,
                          .query_first = s->query_first,
                          .query_count = s->query_end - s->query_first,
                          .key_first = s->key_first,
                          .key_count = s->key_end - s->key_first,
                          .is_part = result->is_joined || problem->is_left || s->layers || s->heads ||
                                     selection_is_mean(s) || !selection_has_all_pairs(s, problem),
                          .is_picked = selection_is_picked(s, problem),
                          .values = s->values,
                          .measure = s->measure,
                          .has_own_heads = s->heads || s->average_heads};
    if (!is_kept(result, s, error) || !index_make(e, s, error))
        return false;
    if (s->average_heads) {
        e->mean.heads = e->head_count;
        e->head_count = 1;
    }
    if (s->average_layers) {
        e->mean.layers = e->layer_count;
        e->layer_count = 1;
    }
    shapes_make(e);
    e->splits_output =
        s->heads && !s->average_heads && excerpt_has(e, STAGE_OUTPUT) && output_is_split(problem);
    if (e->splits_output)
        e->shape[STAGE_OUTPUT].columns = e->head_count * problem->d_v;
    return !excerpt_is_mean(e) || excerpt_mean_make(e, error);
}

void excerpt_free(struct excerpt *e)
{
    excerpt_mean_free(e);
    free(e->layer_index);
    free(e->head_index);
    *e = (struct excerpt){0};
}

/* ---- reading it ---- */

size_t excerpt_kv_heads(const struct excerpt *e)
{
    return e->has_own_heads ? e->head_count : e->result->problem->kv_heads;
}

struct strided excerpt_matrix(const struct excerpt *e, enum stage stage, size_t l, size_t h)
{
    const struct stage_shape *shape = &e->shape[stage];
    if (stage == STAGE_MASK || (stage == STAGE_OUTPUT && e->splits_output))
        return (struct strided){0};
    if (e->mean.stage[stage])
        return (struct strided){.data = e->mean.stage[stage] +
                                        (l * shape->heads + h) * shape->rows * shape->columns,
                                .row = shape->columns,
                                .column = 1};
    return excerpt_cut(e, stage, l, h);
}

/* The bits of the weights' mask, of the whole result; NULL: none is set. */
static const uint8_t *mask_bits(const struct excerpt *e, size_t l, size_t h)
{
    if (excerpt_is_mean(e))
        return e->mean.masks[l * e->head_count + h];
    return masks_head(&e->result->masks, e->layer_index[l], excerpt_head(e, l, h))->bits;
}

bool excerpt_may_be_masked(const struct excerpt *e, size_t l, size_t h)
{
    return mask_bits(e, l, h);
}

const void *excerpt_mask_key(const struct excerpt *e, size_t l, size_t h)
{
    return mask_bits(e, l, h);
}

bool excerpt_weighs_masked(const struct excerpt *e, size_t l)
{
    const struct result *result = e->result;
    const bool is_counted = result->given && !excerpt_is_mean(e);
    return result->problem->layers[0].attention &&
           !(is_counted && result->given[e->layer_index[l]].weight_on_masked == 0);
}

bool excerpt_mask_row(const struct excerpt *e, size_t l, size_t h, size_t i, unsigned char *flags)
{
    const size_t columns = e->shape[STAGE_WEIGHTS].columns;
    const struct corner corner = stage_corner(e, STAGE_WEIGHTS);
    const uint8_t *bits = mask_bits(e, l, h);
    if (!bits) {
        memset(flags, 0, columns);
        return false;
    }
    return masks_row(&e->result->masks, bits, corner.row + i, corner.column, columns, flags);
}

bool excerpt_masks_agree(const struct excerpt *e, size_t l, size_t h, size_t other_l, size_t other_h)
{
    const struct stage_shape *shape = &e->shape[STAGE_WEIGHTS];
    const struct masks *masks = &e->result->masks;
    const struct corner corner = stage_corner(e, STAGE_WEIGHTS);
    const uint8_t *a = mask_bits(e, l, h), *b = mask_bits(e, other_l, other_h);
    bool agree = true;
    for (size_t i = 0; a != b && agree && i < shape->rows; i++)
        for (size_t j = 0; agree && j < shape->columns; j++)
            agree = masks_bit(masks, a, corner.row + i, corner.column + j) ==
                    masks_bit(masks, b, corner.row + i, corner.column + j);
    return agree;
}

/* Row i of the mask as numbers: 1 where a pair, or some pair of a cell, is allowed. */
static void gather_mask(const struct excerpt *e, size_t l, size_t h, size_t i, float *room)
{
    const struct corner corner = stage_corner(e, STAGE_MASK);
    const uint8_t *bits = mask_bits(e, l, h);
    for (size_t j = 0; j < e->shape[STAGE_MASK].columns; j++)
        room[j] = !masks_bit(&e->result->masks, bits, corner.row + i, corner.column + j);
}

/* Row i of the output: the columns of the chosen heads. */
static void gather_output(const struct excerpt *e, size_t l, size_t i, float *room)
{
    const size_t columns = e->result->stage[STAGE_OUTPUT].shape.columns;
    const float *mean = e->mean.stage[STAGE_OUTPUT];
    const struct strided whole =
        mean ? (struct strided){.data = mean + l * e->query_count * columns, .row = columns}
             : excerpt_cut(e, STAGE_OUTPUT, l, 0);
    const size_t d_v = e->result->problem->d_v;
    for (size_t h = 0; h < e->head_count; h++)
        memcpy(room + h * d_v, whole.data + i * whole.row + excerpt_head(e, l, h) * d_v, d_v * sizeof *room);
}

const float *excerpt_row(const struct excerpt *e, enum stage stage, size_t l, size_t h, size_t i, float *room)
{
    const struct strided matrix = excerpt_matrix(e, stage, l, h);
    if (matrix.data)
        return matrix.data + i * matrix.row;
    if (stage == STAGE_MASK)
        gather_mask(e, l, h, i, room);
    else
        gather_output(e, l, i, room);
    return room;
}

float *excerpt_pack(const struct excerpt *e, enum stage stage, size_t l, size_t h, struct error *error)
{
    const struct stage_shape *shape = &e->shape[stage];
    size_t count;
    if (!size_multiply(shape->rows, shape->columns, &count)) {
        error_memory(error, SIZE_MAX);
        return NULL;
    }
    float *packed = memory_alloc(count, sizeof *packed, error);
    for (size_t i = 0; packed && i < shape->rows; i++) {
        float *to = packed + i * shape->columns;
        const float *row = excerpt_row(e, stage, l, h, i, to);
        if (row != to)
            memcpy(to, row, shape->columns * sizeof *to);
    }
    return packed;
}

const struct measures *excerpt_measures(const struct excerpt *e, size_t l, size_t h)
{
    if (excerpt_is_mean(e))
        return &e->mean.measures[l * e->head_count + h];
    return &e->result->measures[e->layer_index[l] * e->result->problem->heads + excerpt_head(e, l, h)];
}
