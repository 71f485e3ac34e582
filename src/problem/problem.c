/* Makes a problem of inputs, layer by layer. The checks that it calls are in check_*.c, labels in
 * labels.c. */
#include "problem/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "problem/check.h"
#include "problem/senses.h"

/* Whether the keys are the queries' own tokens: as many, no other sequence, no other labels. */
static bool attends_to_itself(const struct check *check)
{
    const struct inputs *inputs = check->inputs;
    bool other = check->problem->n != check->problem->m || inputs->all.tensor[INPUT_CONTEXT].data;
    for (size_t i = 0; i < inputs->layer_count; i++)
        other = other || inputs->layers[i].tensor[INPUT_CONTEXT].data;
    return !other && !(inputs->key_tokens.given && labels_differ(&inputs->key_tokens, &inputs->tokens));
}

/* The position of query 0 among the keys as attn wrote it beside weights, 0 where it did not. */
static int64_t written_offset(const struct check *check)
{
    const struct inputs *inputs = check->inputs;
    size_t at = inputs->offset_count > 1 ? inputs->layers_before + check->layer : 0;
    return at < inputs->offset_count ? inputs->offsets[at] : 0;
}

static bool make_layer(struct check *check)
{
    struct problem *problem = check->problem;
    struct problem_layer *layer = &problem->layers[check->layer];
    struct settings *settings = &layer->settings;
    *settings = check->inputs->all.settings;
    if (check->inputs->layer_count > 0)
        settings_override(settings, &check->inputs->layers[check->layer].settings);
    settings_override(settings, check->over);

    layer->slice = problem->layer_first + check->layer;
    layer->title = check->inputs->layer_count > 0 ? check->inputs->layers[check->layer].title : NULL;
    layer->attention = check_find(check, INPUT_ATTENTION);
    if (layer->attention)
        check->unused |= settings_keep_masks(settings);
    if (!check_ranks(check) || !check_combinations(check))
        return false;
    if (check->layer > 0 && !problem->layers[0].attention != !layer->attention)
        return error_set(check->error, ERROR_INPUT,
                         "layer %zu %s attention, unlike layer %zu: all layers must agree", layer->slice,
                         layer->attention ? "has" : "lacks", problem->layer_first);
    if (layer->attention ? !check_attention(check, layer->attention) : !check_qkv(check, layer))
        return false;
    problem->is_self = attends_to_itself(check);

    layer->mask = check_find(check, INPUT_MASK);
    layer->bias = check_find(check, INPUT_BIAS);
    bool causal = settings_have(settings, SETTING_CAUSAL) && settings->causal != CAUSAL_NO;
    bool window = settings_have(settings, SETTING_WINDOW);
    /* What is written is an input again. */
    if (causal && settings->causal_offset + (int64_t)layer->k.past_rows > INT32_MAX)
        return error_set(
            check->error, ERROR_INPUT,
            "causal is %lld, and with %zu past keys more than 2147483647: expected a smaller offset",
            (long long)settings->causal_offset, layer->k.past_rows);
    layer->offset =
        causal && settings->causal == CAUSAL_END
            ? (int64_t)problem->m - (int64_t)problem->n
            : (causal ? settings->causal_offset : written_offset(check)) + (int64_t)layer->k.past_rows;
    layer->rules = (struct rules){
        .causal = causal,
        .left = window ? settings->window.left[0] : -1,
        .right = window ? settings->window.right[0] : -1,
        .mask_true_blocks = settings->mask_true_blocks,
    };
    if (!check_pairs(check, INPUT_MASK) || !check_pairs(check, INPUT_BIAS) ||
        !check_pairs(check, INPUT_OR_MASK) || !check_forms(check, layer) || !check_all_pairs(check, layer))
        return false;
    /* Last: these settings say how given weights were computed, and are neither checked nor applied. */
    if (layer->attention)
        settings_override(settings, &check->inputs->provenance);
    return true;
}

/* The number of layers: objects in `layers`, or else the longest layer axis of a rank-4 tensor. */
static bool count_layers(const struct inputs *inputs, size_t *count, struct error *error)
{
    *count = inputs->layer_count > 0 ? inputs->layer_count : 1;
    for (enum input i = INPUT_Q; inputs->layer_count == 0 && i <= INPUT_ATTENTION; i++) {
        const struct tensor *tensor = &inputs->all.tensor[i];
        if (!tensor->data || tensor->rank < 4)
            continue;
        if (tensor->shape[0] > LAYERS_MAX)
            return place_error(&tensor->place, error, "%s: expected at most %d layers",
                               phrase_tensor(i, tensor).text, LAYERS_MAX);
        if (tensor->shape[0] > *count)
            *count = tensor->shape[0];
    }
    return true;
}

/* What the layers are that nobody called so: a list of tokens a layer, or a tensor. */
static const char *name_layers(const struct layer_inputs *layer, const struct place **place)
{
    *place = &layer->tokens.place;
    if (layer->tokens.given)
        return "tokens";
    *place = &layer->key_tokens.place;
    if (layer->key_tokens.given)
        return "key_tokens";
    enum input i = 0;
    while (!layer->tensor[i].data)
        i++;
    *place = &layer->tensor[i].place;
    return input_names[i];
}

/* A list of tokens or masks a layer needs layers that have them. */
static bool check_layers(const struct inputs *inputs, struct error *error)
{
    if (inputs->layers_given || inputs->layer_count == 0)
        return true;
    static const enum input either[] = {INPUT_ATTENTION, INPUT_Q};
    bool found = false;
    for (int i = 0; i < 2; i++) {
        const struct tensor *all = &inputs->all.tensor[either[i]];
        found = found || inputs->layers[0].tensor[either[i]].data ||
                (all->data && all->rank == 4 && all->shape[0] == inputs->layer_count);
    }
    if (found)
        return true;
    const struct place *place;
    const char *name = name_layers(&inputs->layers[0], &place);
    return place_error(place, error,
                       "%s holds %zu lists, one a layer: expected attention or q with as many layers", name,
                       inputs->layer_count);
}

bool problem_prepare(struct inputs *inputs, const struct settings *over, struct warnings *warnings,
                     struct error *error)
{
    if (!check_layers(inputs, error))
        return false;
    senses_nulls(inputs); /* tables are made of them */
    if (!problem_straighten_projections(inputs, over, error))
        return false;
    problem_trim_positions(inputs);
    problem_drop_batches(inputs, over);
    if (!senses_masks(inputs, over, error))
        return false;
    problem_stack_heads(inputs, over, warnings);
    return true;
}

/* Takes the numbers of a result for layers and heads, if it has as many of both. */
static void number_heads(struct problem *problem, const struct numbering *numbering,
                         struct warnings *warnings)
{
    if (!numbering->layers && !numbering->heads)
        return;
    bool fits = true;
    for (size_t l = 0; l < problem->layer_count; l++)
        fits = fits &&
               numbering_fits(numbering, problem->layers_in_all, problem->layer_first + l, problem->heads);
    if (fits)
        problem->numbering = numbering;
    else if (problem->layer_first == 0)
        warnings_add(warnings, "selection has numbers for other layers and heads than there are: they are "
                               "counted from 0");
}

bool problem_make(struct problem *problem, struct inputs *inputs, const struct settings *over,
                  struct warnings *warnings, struct error *error)
{
    *problem = (struct problem){.title = inputs->title,
                                .vocabulary = inputs->vocabulary.given ? &inputs->vocabulary : NULL,
                                .is_partial = inputs->is_partial,
                                .patch_grid = {inputs->patch_grid[0], inputs->patch_grid[1]},
                                .patch_grid_place = inputs->patch_grid_place};
    if (!count_layers(inputs, &problem->layer_count, error))
        return false;
    problem->layer_first = inputs->layers_before;
    problem->layers_in_all = inputs->layers_in_all > 0 ? inputs->layers_in_all : problem->layer_count;
    if (inputs->offset_count > 1 && inputs->offset_count != problem->layers_in_all)
        return place_error(&inputs->offset_place, error,
                           "offset holds %zu numbers: expected one, or as many as there are layers, %zu",
                           inputs->offset_count, problem->layers_in_all);
    struct check check = {
        .problem = problem, .inputs = inputs, .over = over, .warnings = warnings, .error = error};
    problem->layers = memory_zeroed(problem->layer_count, sizeof *problem->layers, error);
    if (!problem->layers)
        return false;
    for (check.layer = 0; check.layer < problem->layer_count; check.layer++)
        if (!make_layer(&check))
            return false;
    number_heads(problem, &inputs->numbering, warnings);
    problem_warn_unused(problem, inputs, check.unused, warnings);
    return problem_check_values(problem, inputs, warnings, error) &&
           problem_make_labels(problem, inputs, warnings, error);
}

void problem_free(struct problem *problem)
{
    labels_free(&problem->tokens);
    labels_free(&problem->key_tokens);
    for (size_t l = 0; problem->layers && l < problem->layer_count; l++) {
        struct problem_layer *layer = &problem->layers[l];
        free(layer->query_global);
        free(layer->key_global);
        free(layer->query_segment);
        free(layer->key_segment);
        free(layer->distance);
        tensor_free(&layer->pairs);
        free(layer->rotary_turn);
        free(layer->rotary_axis);
    }
    free(problem->layers);
    *problem = (struct problem){0};
}
