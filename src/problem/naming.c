#include "problem/naming.h"

/* The name of layer l among those of all; NULL: it has none. */
static const char *name_of_layer(const struct problem *problem, const struct inputs *inputs, size_t l)
{
    const struct labels *names = &inputs->layer_names;
    return names->given && names->count == problem->layers_in_all ? names->text[problem->layer_first + l]
                                                                  : NULL;
}

/* The names of its heads among those of all; NULL: there are none. */
static const struct labels *names_of_heads(const struct problem *problem, const struct inputs *inputs,
                                           size_t l)
{
    if (inputs->head_name_lists == 1)
        return &inputs->head_names[0];
    return inputs->head_name_lists > 0 && inputs->head_name_lists == problem->layers_in_all
               ? &inputs->head_names[problem->layer_first + l]
               : NULL;
}

void problem_name_heads(struct problem *problem, const struct inputs *inputs, struct warnings *warnings)
{
    bool fit = !inputs->layer_names.given || inputs->layer_names.count == problem->layers_in_all;
    fit = fit && (inputs->head_name_lists <= 1 || inputs->head_name_lists == problem->layers_in_all);
    for (size_t l = 0; l < problem->layer_count; l++) {
        const struct layer_inputs *own = l < inputs->layer_count ? &inputs->layers[l] : NULL;
        struct problem_layer *layer = &problem->layers[l];
        const struct labels *names =
            own && own->head_names.given ? &own->head_names : names_of_heads(problem, inputs, l);
        layer->name = own && own->name ? own->name : name_of_layer(problem, inputs, l);
        if (layer->name && !layer->name[0])
            layer->name = NULL;
        fit = fit && (!names || names->count == problem->heads);
        layer->head_names = names && names->count == problem->heads ? names : NULL;
    }
    if (!fit)
        warnings_add(warnings,
                     "there are names for other layers or heads than there are: their numbers stand in "
                     "the place of these");
}
