#include "problem/reorder.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* Which tokens an axis of a tensor is of: that of its last two axes; of a list the last, or the one that is as long. */
enum token_axis { AXIS_NONE, AXIS_QUERIES, AXIS_KEYS };

static const struct token_axes {
    enum token_axis rows, columns, list;
} axes_of[INPUT_COUNT] = {
    [INPUT_EMBEDDINGS] = {.rows = AXIS_QUERIES},
    [INPUT_CONTEXT] = {.rows = AXIS_KEYS},
    [INPUT_Q] = {.rows = AXIS_QUERIES},
    [INPUT_K] = {.rows = AXIS_KEYS},
    [INPUT_V] = {.rows = AXIS_KEYS},
    [INPUT_GATE] = {.rows = AXIS_QUERIES},
    [INPUT_DECAY] = {.rows = AXIS_KEYS},
    [INPUT_BETA] = {.rows = AXIS_KEYS},
    [INPUT_MASK] = {AXIS_QUERIES, AXIS_KEYS, 0},
    [INPUT_BIAS] = {AXIS_QUERIES, AXIS_KEYS, 0},
    [INPUT_OR_MASK] = {AXIS_QUERIES, AXIS_KEYS, 0},
    [INPUT_SEGMENTS] = {.list = AXIS_QUERIES},
    [INPUT_KEY_SEGMENTS] = {.list = AXIS_KEYS},
    [INPUT_KEY_MASK] = {.list = AXIS_KEYS},
    [INPUT_QUERY_SCALE] = {.list = AXIS_QUERIES},
    [INPUT_SIGMAS] = {.list = AXIS_QUERIES},
    [INPUT_CENTERS] = {.list = AXIS_QUERIES},
    [INPUT_WORDS] = {.list = AXIS_QUERIES},
    [INPUT_KEY_WORDS] = {.list = AXIS_KEYS},
};

/* The order of queries, and that of all keys: those of the past stand where they stood. */
struct orders {
    const size_t *queries, *keys;
    size_t n, m, past;
};

bool reorder_moves_keys(const struct problem *problem)
{
    const size_t past = problem->layers[0].k.past_rows;
    return problem->is_self || (past > 0 && problem->m - past == problem->n);
}

/* Lends all tensors of a copy, whose owner frees them. */
static void layer_lend(struct layer_inputs *layer)
{
    for (enum input i = 0; i < INPUT_COUNT; i++)
        layer->tensor[i].is_borrowed = true;
}

/* Rearranges an axis of a tensor, whose numbers become its own. An axis of one number serves all tokens. */
static bool axis_permute(struct tensor *t, int axis, const struct orders *orders, enum token_axis of,
                         struct error *error)
{
    if (of == AXIS_NONE || axis < 0 || t->shape[axis] == 1)
        return true;
    const size_t count = t->shape[axis];
    /* Keys of the past have tensors of their own, and columns of masks. */
    const bool is_own = of == AXIS_KEYS && count + orders->past == orders->m && orders->past > 0;
    if (count != (of == AXIS_QUERIES ? orders->n : orders->m) && !is_own)
        return true;
    size_t inner = 1, outer = 1;
    for (int a = axis + 1; a < t->rank; a++)
        inner *= t->shape[a];
    for (int a = 0; a < axis; a++)
        outer *= t->shape[a];
    float *moved = memory_alloc(tensor_count(t), sizeof *moved, error);
    if (!moved)
        return false;
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < count; i++) {
            const size_t from = is_own               ? orders->keys[orders->past + i] - orders->past
                                : of == AXIS_QUERIES ? orders->queries[i]
                                                     : orders->keys[i];
            memcpy(moved + (o * count + i) * inner, t->data + (o * count + from) * inner,
                   inner * sizeof *moved);
        }
    tensor_replace(t, moved);
    return true;
}

/* The axis of a list, which may have one for heads or a batch beside it. */
static int list_axis(const struct tensor *t, size_t count)
{
    return t->shape[t->rank - 1] == count || t->rank == 1 ? t->rank - 1 : t->rank - 2;
}

static bool layer_permute(struct layer_inputs *layer, const struct orders *orders, struct error *error)
{
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        struct tensor *t = &layer->tensor[i];
        const struct token_axes *axes = &axes_of[i];
        if (!t->data)
            continue;
        const size_t count = axes->list == AXIS_QUERIES ? orders->n : orders->m;
        if (!axis_permute(t, t->rank - 2, orders, axes->rows, error) ||
            !axis_permute(t, t->rank - 1, orders, axes->columns, error) ||
            !axis_permute(t, list_axis(t, count), orders, axes->list, error))
            return false;
    }
    return true;
}

/* Labels of their own, in the order. Numbers go with their tokens, too. */
static bool labels_permute(struct labels *to, const struct labels *from, const size_t *order,
                           struct error *error)
{
    *to = (struct labels){.given = true, .place = to->place};
    to->text = memory_zeroed(from->count, sizeof *to->text, error);
    for (; to->text && to->count < from->count; to->count++) {
        to->text[to->count] = text_copy(from->text[order[to->count]]);
        if (!to->text[to->count])
            return error_memory(error, 32);
    }
    return to->text;
}

/* The order of all keys; the caller frees it. */
static size_t *keys_order(const struct problem *problem, const size_t *order, struct error *error)
{
    const size_t past = problem->layers[0].k.past_rows;
    const bool moves = reorder_moves_keys(problem);
    size_t *keys = memory_alloc(problem->m, sizeof *keys, error);
    for (size_t j = 0; keys && j < problem->m; j++)
        keys[j] = moves && j >= past ? past + order[j - past] : j;
    return keys;
}

bool reorder_inputs(struct inputs *to, const struct inputs *from, const struct problem *problem,
                    const size_t *order, struct error *error)
{
    *to = *from;
    to->layers = NULL;
    to->ids = (struct tensor){0};
    to->tokens = to->key_tokens = (struct labels){0};
    layer_lend(&to->all);
    size_t *keys = keys_order(problem, order, error);
    const struct orders orders = {order, keys, problem->n, problem->m, problem->layers[0].k.past_rows};
    if (from->layer_count > 0)
        to->layers = memory_alloc(from->layer_count, sizeof *to->layers, error);
    bool ok = keys && (to->layers || from->layer_count == 0);
    to->layer_count = 0;
    ok = ok && layer_permute(&to->all, &orders, error);
    for (size_t l = 0; ok && l < from->layer_count; l++) {
        to->layers[l] = from->layers[l];
        to->layers[l].tokens = to->layers[l].key_tokens = (struct labels){0};
        layer_lend(&to->layers[l]);
        to->layer_count++;
        ok = layer_permute(&to->layers[l], &orders, error);
    }
    ok = ok && labels_permute(&to->tokens, &problem->tokens, order, error) &&
         (problem->is_self || (!from->key_tokens.given && orders.past == 0) ||
          labels_permute(&to->key_tokens, &problem->key_tokens, keys, error));
    free(keys);
    return ok;
}

void reorder_free(struct inputs *to)
{
    for (enum input i = 0; i < INPUT_COUNT; i++)
        tensor_free(&to->all.tensor[i]);
    for (size_t l = 0; to->layers && l < to->layer_count; l++)
        for (enum input i = 0; i < INPUT_COUNT; i++)
            tensor_free(&to->layers[l].tensor[i]);
    free(to->layers);
    labels_free(&to->tokens);
    labels_free(&to->key_tokens);
    *to = (struct inputs){0};
}
