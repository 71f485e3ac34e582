/* Warnings of tensors and settings that are given and not used. */
#include <stdio.h>

#include "problem/check.h"
#include "problem/setting_kinds.h"

bool problem_uses(const struct problem *problem, size_t first, size_t end, const struct tensor *tensor)
{
    for (size_t l = first; l < end; l++) {
        const struct problem_layer *layer = &problem->layers[l];
        const struct projection *projections[] = {&layer->q, &layer->k, &layer->v};
        if (tensor == layer->attention || tensor == layer->mask || tensor == layer->bias ||
            tensor == layer->w_o || tensor == layer->b_o)
            return true;
        for (enum input i = 0; i < INPUT_COUNT; i++)
            if (tensor == layer->extra[i])
                return true;
        for (int i = 0; i < 3; i++)
            if (tensor == projections[i]->given || tensor == projections[i]->x ||
                tensor == projections[i]->w || tensor == projections[i]->b || tensor == projections[i]->past)
                return true;
    }
    return false;
}

/* Warns of the tensors of `layer`, which serve the layers [first, end), that none of these uses. */
static void warn_tensors(const struct problem *problem, const struct layer_inputs *layer, size_t first,
                         size_t end, struct warnings *warnings)
{
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        const struct tensor *tensor = &layer->tensor[i];
        if (!tensor->data || problem_uses(problem, first, end, tensor))
            continue;
        const char *reason = problem->layers[0].attention ? "attention is given, nothing is computed"
                             : i > INPUT_BIAS             ? "the settings do without it"
                                                          : "q, k or v stands in its place";
        warnings_add(warnings, "%s%s%s is not used: %s", tensor->place.file ? tensor->place.file : "",
                     tensor->place.file ? ": " : "", input_names[i], reason);
    }
}

/* Warns of settings, in one line. */
static void warn_settings(uint64_t settings, struct warnings *warnings)
{
    char names[300] = "";
    size_t used = 0;
    for (enum setting i = 0; i < SETTING_COUNT; i++)
        if (settings >> i & 1)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
                                     setting_kinds[i].name);
    if (used > 0)
        warnings_add(warnings, "weights were given: %s %s not used", names,
                     settings & (settings - 1) ? "are" : "is");
}

void problem_warn_unused(const struct problem *problem, const struct inputs *inputs, uint64_t settings,
                         struct warnings *warnings)
{
    warn_settings(settings, warnings);
    const struct labels *words = &inputs->vocabulary;
    const struct problem_layer *last = &problem->layers[problem->layer_count - 1];
    if (words->given && !last->extra[INPUT_UNEMBED] && problem->layer_count == problem->layers_in_all)
        warnings_add(warnings, "%s%svocabulary is not used: there is no unembed",
                     words->place.file ? words->place.file : "", words->place.file ? ": " : "");
    /* What a part of the layers does not use may be for the others. */
    if (problem->layer_count == problem->layers_in_all)
        warn_tensors(problem, &inputs->all, 0, problem->layer_count, warnings);
    for (size_t l = 0; l < inputs->layer_count; l++)
        warn_tensors(problem, &inputs->layers[l], l, l + 1, warnings);
}
