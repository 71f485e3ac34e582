#include "problem/senses.h"

#include <math.h>

bool sense_is_logit(enum input which)
{
    return which == INPUT_BIAS || which == INPUT_RELATIVE_BIAS || which == INPUT_SINKS;
}

static void replace_nulls(struct layer_inputs *layer)
{
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        struct tensor *tensor = &layer->tensor[i];
        if (!tensor->data || !sense_is_logit(i) || !(tensor->holds & TENSOR_NULLS))
            continue;
        size_t count = tensor_count(tensor);
        for (size_t j = 0; j < count; j++)
            if (tensor_is_null(tensor->data[j]))
                tensor->data[j] = -INFINITY;
    }
}

void senses_nulls(struct inputs *inputs)
{
    replace_nulls(&inputs->all);
    for (size_t l = 0; l < inputs->layer_count; l++)
        replace_nulls(&inputs->layers[l]);
}

static bool turn_masks(struct layer_inputs *own, bool blocks, struct error *error)
{
    static const enum input masks[] = {INPUT_MASK, INPUT_KEY_MASK};
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        struct tensor *t = &own->tensor[masks[i]];
        const bool turns = blocks && t->data && t->true_attends;
        if (turns && !tensor_own(t, error))
            return false;
        for (size_t j = 0; turns && j < tensor_count(t); j++)
            t->data[j] = 1 - t->data[j];
        t->true_attends = false;
    }
    return true;
}

bool senses_masks(struct inputs *inputs, const struct settings *over, struct error *error)
{
    const struct settings *all = &inputs->all.settings;
    const bool said = settings_have(over, SETTING_MASK_TRUE_BLOCKS);
    const bool blocks = said ? over->mask_true_blocks : all->mask_true_blocks;
    bool ok = turn_masks(&inputs->all, blocks, error);
    for (size_t l = 0; ok && l < inputs->layer_count; l++) {
        const struct settings *own = &inputs->layers[l].settings;
        const bool here = !said && settings_have(own, SETTING_MASK_TRUE_BLOCKS);
        ok = turn_masks(&inputs->layers[l], here ? own->mask_true_blocks : blocks, error);
    }
    return ok;
}
