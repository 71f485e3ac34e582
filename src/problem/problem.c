/* Layers, heads and shapes. What the numbers in a tensor may be is check_values.c, labels are
 * labels.c. */
#include "problem/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "problem/check.h"

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

/* The least and the most axes of each tensor. */
static const struct {
    int least, most;
} ranks[INPUT_COUNT] = {
    [INPUT_EMBEDDINGS] = {2, 2},
    [INPUT_CONTEXT] = {2, 2},
    [INPUT_W_Q] = {2, 2},
    [INPUT_W_K] = {2, 2},
    [INPUT_W_V] = {2, 2},
    [INPUT_W_O] = {2, 2},
    [INPUT_B_Q] = {1, 2},
    [INPUT_B_K] = {1, 2},
    [INPUT_B_V] = {1, 2},
    [INPUT_B_O] = {1, 2},
    [INPUT_Q] = {2, 4},
    [INPUT_K] = {2, 4},
    [INPUT_V] = {2, 4},
    [INPUT_PAST_K] = {2, 4},
    [INPUT_PAST_V] = {2, 4},
    [INPUT_ATTENTION] = {2, 4},
    [INPUT_MASK] = {1, 4},
    [INPUT_BIAS] = {1, 4},
    [INPUT_W_SCORE] = {2, 3},
    [INPUT_W_SCORE_Q] = {2, 3},
    [INPUT_W_SCORE_K] = {2, 3},
    [INPUT_V_SCORE] = {1, 2},
    [INPUT_SLOPES] = {1, 2},
    [INPUT_SINKS] = {1, 2},
    [INPUT_RELATIVE_BIAS] = {2, 2},
    [INPUT_BLOCK_MASK] = {2, 3},
    [INPUT_SEGMENTS] = {1, 2},
    [INPUT_KEY_SEGMENTS] = {1, 2},
    [INPUT_KEY_MASK] = {1, 2},
    [INPUT_NORM_WEIGHT] = {1, 2},
    [INPUT_NORM_BIAS] = {1, 2},
    [INPUT_DECAY] = {2, 2},
    [INPUT_BETA] = {2, 2},
    [INPUT_STATE] = {3, 3},
};

static bool check_rank(const struct check *check, enum input which)
{
    const struct tensor *tensor = check_find(check, which);
    int least = ranks[which].least, most = ranks[which].most;
    if (!tensor)
        return true;
    if (check_is_own(check, which) && most == 4)
        most = 3;
    if (tensor->rank >= least && tensor->rank <= most)
        return true;
    static const char *const expected[5][5] = {
        [1] = {[1] = "a list of numbers",
               [2] = "a list of numbers",
               [3] = "n×m or heads×n×m",
               [4] = "n×m, heads×n×m or layers×heads×n×m"},
        [2] = {[2] = "rows and columns", [3] = "rank 2 or 3", [4] = "rank 2, 3 or 4"},
        [3] = {NULL, NULL, NULL, "rank 3"},
    };
    return place_error(&tensor->place, check->error, "%s: expected %s", phrase_tensor(which, tensor).text,
                       expected[least][most]);
}

bool check_list(const struct check *check, enum input which, size_t count, enum input beside)
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

static bool check_attention(struct check *check, const struct tensor *attention,
                            const struct settings *settings)
{
    struct problem *problem = check->problem;
    size_t heads = check_own_heads(attention) ? check_own_heads(attention) : 1;
    if (settings_have(settings, SETTING_HEADS) && settings->heads != heads)
        return place_error(&attention->place, check->error, "%s, which has %zu heads, but heads is %zu",
                           phrase_tensor(INPUT_ATTENTION, attention).text, heads, settings->heads);
    const struct place *at = &attention->place;
    return check_same(check, at, &problem->n, attention->shape[attention->rank - 2], "queries") &&
           check_same(check, at, &problem->m, attention->shape[attention->rank - 1], "keys") &&
           check_same(check, at, &problem->heads, heads, "heads") &&
           check_same(check, at, &problem->kv_heads, heads, "key/value heads") &&
           check_same(check, at, &problem->d_out, 0, "columns of output");
}

/* A mask or bias: every axis is that of the problem, or 1. */
static bool check_pairs(const struct check *check, enum input which)
{
    const struct problem *problem = check->problem;
    const struct tensor *tensor = check_find(check, which);
    if (!tensor)
        return true;
    size_t expected[4] = {problem->layer_count, problem->heads, problem->n, problem->m};
    for (int i = 0; i < tensor->rank; i++) {
        size_t wanted = expected[4 - tensor->rank + i];
        if (tensor->shape[i] == wanted || tensor->shape[i] == 1)
            continue;
        char shape[96];
        struct tensor whole = {.rank = tensor->rank};
        for (int j = 0; j < tensor->rank; j++)
            whole.shape[j] = expected[4 - tensor->rank + j];
        return place_error(
            &tensor->place, check->error,
            "%s: expected %s, for %zu heads, %zu queries and %zu keys; an axis of 1 serves all",
            phrase_tensor(which, tensor).text, tensor_shape(&whole, shape), problem->heads, problem->n,
            problem->m);
    }
    return true;
}

static bool check_ranks(const struct check *check)
{
    for (enum input i = 0; i < INPUT_COUNT; i++)
        if (!check_rank(check, i))
            return false;
    return true;
}

/* A rank-4 tensor has a slice for every layer. */
static bool check_slices(const struct check *check)
{
    for (enum input i = INPUT_Q; i <= INPUT_ATTENTION; i++) {
        const struct tensor *tensor = check_find(check, i);
        if (tensor && tensor->rank == 4 && tensor->shape[0] != check->problem->layer_count)
            return place_error(&tensor->place, check->error, "%s: expected %zu layers, as elsewhere",
                               phrase_tensor(i, tensor).text, check->problem->layer_count);
    }
    return true;
}

/* Whether two lists of labels differ, as far as both go. */
static bool labels_differ(const struct labels *a, const struct labels *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (strcmp(a->text[i], b->text[i]) != 0)
            return true;
    return a->count != b->count;
}

/* Whether the keys are the queries' own tokens: as many, no other sequence, no other labels. */
static bool check_self(const struct check *check)
{
    const struct inputs *inputs = check->inputs;
    bool other = check->problem->n != check->problem->m || inputs->all.tensor[INPUT_CONTEXT].data;
    for (size_t i = 0; i < inputs->layer_count; i++)
        other = other || inputs->layers[i].tensor[INPUT_CONTEXT].data;
    return !other && !(inputs->key_tokens.given && labels_differ(&inputs->key_tokens, &inputs->tokens));
}

/* Where query 0 stands by what was written beside the weights. */
static int64_t said_offset(const struct check *check)
{
    const struct inputs *inputs = check->inputs;
    size_t at = inputs->offset_count > 1 ? check->layer : 0;
    return at < inputs->offset_count ? inputs->offsets[at] : 0;
}

static bool check_layer(struct check *check)
{
    struct problem *problem = check->problem;
    struct problem_layer *layer = &problem->layers[check->layer];
    struct settings settings = check->top;
    if (check->inputs->layer_count > 0)
        settings_override(&settings, &check->inputs->layers[check->layer].settings);
    settings_override(&settings, check->over);

    layer->slice = check->layer;
    layer->attention = check_find(check, INPUT_ATTENTION);
    if (layer->attention)
        check->unused |= settings_keep_masks(&settings);
    layer->settings = settings;
    if (!check_ranks(check) || !check_slices(check) || !check_combination(check, &settings))
        return false;
    if (check->layer > 0 && !problem->layers[0].attention != !layer->attention)
        return error_set(check->error, ERROR_INPUT,
                         "layer %zu %s attention, unlike layer 0: all layers must agree", check->layer,
                         layer->attention ? "has" : "lacks");
    if (layer->attention ? !check_attention(check, layer->attention, &settings)
                         : !check_qkv(check, layer, &settings))
        return false;
    problem->is_self = check_self(check);

    layer->mask = check_find(check, INPUT_MASK);
    layer->bias = check_find(check, INPUT_BIAS);
    bool causal = settings_have(&settings, SETTING_CAUSAL) && settings.causal != CAUSAL_NO;
    bool window = settings_have(&settings, SETTING_WINDOW);
    layer->offset =
        causal && settings.causal == CAUSAL_END
            ? (int64_t)problem->m - (int64_t)problem->n
            : (causal ? settings.causal_offset : said_offset(check)) + (int64_t)layer->k.past_rows;
    layer->rules = (struct rules){
        .causal = causal,
        .left = window ? settings.window_left : -1,
        .right = window ? settings.window_right : -1,
        .mask_true_blocks = settings.mask_true_blocks,
    };
    if (!check_pairs(check, INPUT_MASK) || !check_pairs(check, INPUT_BIAS) ||
        !check_forms(check, layer, &settings))
        return false;
    if (layer->attention) /* a record, which nothing above is asked to make true */
        settings_override(&layer->settings, &check->inputs->provenance);
    return true;
}

/* Layers: those of the list, or the longest axis that says so. */
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

bool problem_make(struct problem *problem, struct inputs *inputs, const struct settings *over,
                  struct warnings *warnings, struct error *error)
{
    *problem = (struct problem){.title = inputs->title,
                                .patch_grid = {inputs->patch_grid[0], inputs->patch_grid[1]},
                                .patch_grid_place = inputs->patch_grid_place};
    if (!count_layers(inputs, &problem->layer_count, error))
        return false;
    if (inputs->offset_count > 1 && inputs->offset_count != problem->layer_count)
        return place_error(&inputs->offset_place, error,
                           "offset holds %zu numbers: expected one, or as many as there are layers, %zu",
                           inputs->offset_count, problem->layer_count);
    struct check check = {.problem = problem,
                          .inputs = inputs,
                          .top = inputs->all.settings,
                          .over = over,
                          .warnings = warnings,
                          .error = error};
    problem->layers = memory_zeroed(problem->layer_count, sizeof *problem->layers, error);
    if (!problem->layers)
        return false;
    problem_replace_nulls(inputs);
    for (check.layer = 0; check.layer < problem->layer_count; check.layer++)
        if (!check_layer(&check))
            return false;
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
    }
    free(problem->layers);
    *problem = (struct problem){0};
}
