/* Heads below each other in one table: rank 2 with heads·n rows, which becomes rank 3. */
#include "problem/check.h"

#include <stdlib.h>
#include <string.h>

/* The heads of keys and values (`kv`), or of queries; 1 where none are said. */
static size_t heads_or_one(const struct inputs *inputs, const struct settings *over, bool kv)
{
    const size_t heads = problem_said_heads(inputs, &inputs->all, over, false),
                 kv_heads = kv ? problem_said_heads(inputs, &inputs->all, over, true) : 0;
    return kv_heads ? kv_heads : heads ? heads : 1;
}

static void stack(struct tensor *tensor, size_t heads)
{
    tensor->rank = 3;
    tensor->shape[2] = tensor->shape[1];
    tensor->shape[1] = tensor->shape[0] / heads;
    tensor->shape[0] = heads;
}

/* Leaves the labels of one head, if those of the others are the same. */
static void keep_one_head(struct labels *labels, size_t rows)
{
    for (size_t i = rows; i < labels->count; i++)
        if (strcmp(labels->text[i], labels->text[i - rows]) != 0)
            return;
    while (labels->count > rows)
        free(labels->text[--labels->count]);
}

void problem_stack_heads(struct inputs *inputs, const struct settings *over, struct warnings *warnings)
{
    size_t heads = heads_or_one(inputs, over, false);
    struct tensor *attention = &inputs->all.tensor[INPUT_ATTENTION];
    if (attention->data && attention->rank == 2 && heads > 1 && attention->shape[0] % heads == 0) {
        stack(attention, heads);
        if (inputs->tokens.count == heads * attention->shape[1])
            keep_one_head(&inputs->tokens, attention->shape[1]);
        warnings_add(&inputs->notes, "%s: %zu heads of %zu rows each, below each other",
                     attention->place.file, heads, attention->shape[1]);
    }
    /* The columns of q, k and v are cut into heads, unless that makes `heads` times as many tokens as there are
     * labels. */
    for (enum input i = INPUT_Q; i <= INPUT_V; i++) {
        struct tensor *tensor = &inputs->all.tensor[i];
        const bool keys = i != INPUT_Q;
        const struct labels *labels =
            keys && inputs->key_tokens.given ? &inputs->key_tokens : &inputs->tokens;
        size_t own = heads_or_one(inputs, over, keys);
        if (!tensor->data || tensor->rank != 2 || own < 2 || !labels->given || labels->count == 0 ||
            tensor->shape[0] / own != labels->count || tensor->shape[0] % own != 0)
            continue;
        stack(tensor, own);
        warnings_add(warnings, "%s: %s is taken for %zu heads below each other, because there are %zu tokens",
                     tensor->place.file, input_names[i], own, labels->count);
    }
}
