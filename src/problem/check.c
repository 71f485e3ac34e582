/* What the checks share: finding the tensors of a layer, naming things in messages,
 * lists and common numbers. */
#include "problem/check.h"

#include <stdio.h>

#include "base/source.h"

const struct tensor *check_find(const struct check *check, enum input which)
{
    const struct inputs *inputs = check->inputs;
    if (inputs->layer_count > 0 && inputs->layers[check->layer].tensor[which].data)
        return &inputs->layers[check->layer].tensor[which];
    return inputs->all.tensor[which].data ? &inputs->all.tensor[which] : NULL;
}

bool check_is_own(const struct check *check, enum input which)
{
    return check->inputs->layer_count > 0 && check->inputs->layers[check->layer].tensor[which].data;
}

size_t check_number(const struct check *check)
{
    return check->inputs->layers_before + check->layer;
}

const struct settings *check_settings(const struct check *check)
{
    return &check->problem->layers[check->layer].settings;
}

size_t problem_said_heads(const struct inputs *inputs, const struct layer_inputs *own,
                          const struct settings *over, bool kv)
{
    const struct settings *from[] = {over, &own->settings, &inputs->all.settings};
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        if (settings_have(from[i], kv ? SETTING_KV_HEADS : SETTING_HEADS))
            return kv ? from[i]->kv_heads : from[i]->heads;
    return 0;
}

struct phrase phrase_key(const char *key, bool command)
{
    struct phrase phrase;
    snprintf(phrase.text, sizeof phrase.text, "%s%s", command ? "--" : "", key);
    for (char *c = phrase.text; command && *c; c++)
        *c = *c == '_' ? '-' : *c;
    return phrase;
}

struct phrase phrase_tensor(enum input which, const struct tensor *tensor)
{
    struct phrase phrase;
    char shape[96];
    snprintf(phrase.text, sizeof phrase.text, "%s is %s", input_names[which], tensor_shape(tensor, shape));
    return phrase;
}

size_t check_own_heads(const struct tensor *tensor)
{
    return tensor->rank >= 3 ? tensor->shape[tensor->rank - 3] : 0;
}

bool check_same(const struct check *check, const struct place *place, size_t *common, size_t value,
                const char *what)
{
    if (check->layer == 0)
        *common = value;
    if (*common == value)
        return true;
    return place_error(place, check->error,
                       "layer %zu has %zu %s and layer %zu has %zu: all layers must agree",
                       check_number(check), value, what, check->inputs->layers_before, *common);
}

bool check_vector(const struct check *check, enum input which, size_t count, enum input beside)
{
    const struct tensor *b = check_find(check, which),
                        *w = beside < INPUT_COUNT ? check_find(check, beside) : NULL;
    if (!b || (tensor_count(b) == count && (b->rank == 1 || b->shape[0] == 1 || b->shape[1] == 1)))
        return true;
    if (!w)
        return place_error(&b->place, check->error, "%s: expected %zu number%s", phrase_tensor(which, b).text,
                           count, count == 1 ? "" : "s");
    return place_error(&b->place, check->error, "%s and %s: expected a number for each of the %zu columns",
                       phrase_tensor(beside, w).text, phrase_tensor(which, b).text, count);
}
