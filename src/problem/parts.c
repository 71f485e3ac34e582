#include "problem/parts.h"

#include <string.h>

#include "base/memory.h"

/* The tensors whose shapes say the size of a layer. */
static const enum input sized[] = {INPUT_ATTENTION,  INPUT_Q,       INPUT_K,      INPUT_V,
                                   INPUT_EMBEDDINGS, INPUT_CONTEXT, INPUT_PAST_K, INPUT_PAST_V,
                                   INPUT_W_Q,        INPUT_W_K,     INPUT_W_V,    INPUT_W_O};

/* Heads, rows and columns: a tensor of rank 2 has one head, and q, k and v the columns of all heads together. */
static void size_of(const struct tensor *t, bool has_heads, size_t size[3])
{
    const size_t heads = t->rank > 2 ? t->shape[t->rank - 3] : 1;
    size[0] = has_heads ? heads : 1;
    size[1] = t->rank > 1 ? t->shape[t->rank - 2] : 1;
    size[2] = t->shape[t->rank - 1] * (has_heads ? 1 : heads);
}

static bool sizes_differ(const struct tensor *a, const struct tensor *b, enum input which)
{
    size_t of_a[3], of_b[3];
    if (!a->data || !b->data)
        return false;
    size_of(a, which == INPUT_ATTENTION, of_a);
    size_of(b, which == INPUT_ATTENTION, of_b);
    return memcmp(of_a, of_b, sizeof of_a) != 0;
}

static bool layers_differ(const struct layer_inputs *a, const struct layer_inputs *b)
{
    bool differ = labels_differ(&a->tokens, &b->tokens) || labels_differ(&a->key_tokens, &b->key_tokens) ||
                  memcmp(a->patch_grid, b->patch_grid, sizeof a->patch_grid) != 0 ||
                  (!a->tensor[INPUT_ATTENTION].data && !b->tensor[INPUT_ATTENTION].data &&
                   !a->tensor[INPUT_Q].data != !b->tensor[INPUT_Q].data);
    for (size_t i = 0; !differ && i < sizeof sized / sizeof *sized; i++)
        differ = sizes_differ(&a->tensor[sized[i]], &b->tensor[sized[i]], sized[i]);
    return differ;
}

/* Whether a layer does not read the output of the one below. */
static bool reads_none_below(const struct inputs *inputs, size_t l)
{
    const struct tensor *all = inputs->all.tensor, *own = inputs->layers[l].tensor;
    return all[INPUT_ATTENTION].data || all[INPUT_Q].data || own[INPUT_ATTENTION].data || own[INPUT_Q].data ||
           own[INPUT_EMBEDDINGS].data;
}

/* The layers [first, end) of inputs; nothing of it is its own. */
static struct inputs part_of(const struct inputs *inputs, size_t first, size_t end)
{
    struct inputs part = *inputs;
    const struct layer_inputs *layer = &inputs->layers[first];
    part.layers += first;
    part.layer_count = end - first;
    part.layers_before = first;
    part.layers_in_all = inputs->layer_count;
    if (layer->tokens.given)
        part.tokens = layer->tokens;
    if (layer->key_tokens.given)
        part.key_tokens = layer->key_tokens;
    if (layer->patch_grid[0] > 0) {
        memcpy(part.patch_grid, layer->patch_grid, sizeof part.patch_grid);
        part.patch_grid_place = layer->patch_grid_place;
    }
    return part;
}

bool inputs_part(struct inputs **parts, size_t *count, const struct inputs *inputs, struct error *error)
{
    const size_t layers = inputs->layer_count;
    *count = 0;
    *parts = memory_zeroed(layers > 0 ? layers : 1, sizeof **parts, error);
    if (!*parts)
        return false;
    if (layers == 0)
        (*parts)[(*count)++] = *inputs;
    for (size_t first = 0, end; first < layers; first = end) {
        end = first + 1;
        if (inputs->layers[first].is_idle)
            continue;
        for (; end < layers; end++)
            if (inputs->layers[end].is_idle ||
                (reads_none_below(inputs, end) &&
                 layers_differ(&inputs->layers[end - 1], &inputs->layers[end])))
                break;
        (*parts)[(*count)++] = part_of(inputs, first, end);
    }
    return true;
}
