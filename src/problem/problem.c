/* Layers, heads and shapes. What the numbers in a tensor may be is check_values.c, labels are
 * labels.c. */
#include "problem/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "problem/check.h"

const struct tensor *judge_find(const struct judge *judge, enum input which)
{
    const struct inputs *inputs = judge->inputs;
    if (inputs->layer_count > 0 && inputs->layers[judge->layer].tensor[which].data)
        return &inputs->layers[judge->layer].tensor[which];
    return inputs->all.tensor[which].data ? &inputs->all.tensor[which] : NULL;
}

bool judge_is_own(const struct judge *judge, enum input which)
{
    return judge->inputs->layer_count > 0 && judge->inputs->layers[judge->layer].tensor[which].data;
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

static bool check_rank(const struct judge *judge, enum input which)
{
    const struct tensor *tensor = judge_find(judge, which);
    int least = ranks[which].least, most = ranks[which].most;
    if (!tensor)
        return true;
    if (judge_is_own(judge, which) && most == 4)
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
    return place_error(&tensor->place, judge->error, "%s: expected %s", phrase_tensor(which, tensor).text,
                       expected[least][most]);
}

bool judge_list(const struct judge *judge, enum input which, size_t count, enum input beside)
{
    const struct tensor *b = judge_find(judge, which),
                        *w = beside < INPUT_COUNT ? judge_find(judge, beside) : NULL;
    if (!b || (tensor_count(b) == count && (b->rank == 1 || b->shape[0] == 1 || b->shape[1] == 1)))
        return true;
    if (!w)
        return place_error(&b->place, judge->error, "%s: expected %zu number%s", phrase_tensor(which, b).text,
                           count, count == 1 ? "" : "s");
    return place_error(&b->place, judge->error, "%s and %s: expected a number for each of the %zu columns",
                       phrase_tensor(beside, w).text, phrase_tensor(which, b).text, count);
}

static bool judge_attention(struct judge *judge, const struct tensor *attention,
                            const struct settings *settings)
{
    struct problem *problem = judge->problem;
    size_t heads = judge_own_heads(attention) ? judge_own_heads(attention) : 1;
    if (settings_have(settings, SETTING_HEADS) && settings->heads != heads)
        return place_error(&attention->place, judge->error, "%s, which has %zu heads, but heads is %zu",
                           phrase_tensor(INPUT_ATTENTION, attention).text, heads, settings->heads);
    const struct place *at = &attention->place;
    return judge_same(judge, at, &problem->n, attention->shape[attention->rank - 2], "queries") &&
           judge_same(judge, at, &problem->m, attention->shape[attention->rank - 1], "keys") &&
           judge_same(judge, at, &problem->heads, heads, "heads") &&
           judge_same(judge, at, &problem->kv_heads, heads, "key/value heads") &&
           judge_same(judge, at, &problem->d_out, 0, "columns of output");
}

/* A mask or bias: every axis is that of the problem, or 1. */
static bool check_pairs(const struct judge *judge, enum input which)
{
    const struct problem *problem = judge->problem;
    const struct tensor *tensor = judge_find(judge, which);
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
            &tensor->place, judge->error,
            "%s: expected %s, for %zu heads, %zu queries and %zu keys; an axis of 1 serves all",
            phrase_tensor(which, tensor).text, tensor_shape(&whole, shape), problem->heads, problem->n,
            problem->m);
    }
    return true;
}

static bool check_ranks(const struct judge *judge)
{
    for (enum input i = 0; i < INPUT_COUNT; i++)
        if (!check_rank(judge, i))
            return false;
    return true;
}

/* A rank-4 tensor has a slice for every layer. */
static bool check_slices(const struct judge *judge)
{
    for (enum input i = INPUT_Q; i <= INPUT_ATTENTION; i++) {
        const struct tensor *tensor = judge_find(judge, i);
        if (tensor && tensor->rank == 4 && tensor->shape[0] != judge->problem->layer_count)
            return place_error(&tensor->place, judge->error, "%s: expected %zu layers, as elsewhere",
                               phrase_tensor(i, tensor).text, judge->problem->layer_count);
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
static bool judge_self(const struct judge *judge)
{
    const struct inputs *inputs = judge->inputs;
    bool other = judge->problem->n != judge->problem->m || inputs->all.tensor[INPUT_CONTEXT].data;
    for (size_t i = 0; i < inputs->layer_count; i++)
        other = other || inputs->layers[i].tensor[INPUT_CONTEXT].data;
    return !other && !(inputs->key_tokens.given && labels_differ(&inputs->key_tokens, &inputs->tokens));
}

/* Where query 0 stands by what was written beside the weights. */
static int64_t said_offset(const struct judge *judge)
{
    const struct inputs *inputs = judge->inputs;
    size_t at = inputs->offset_count > 1 ? judge->layer : 0;
    return at < inputs->offset_count ? inputs->offsets[at] : 0;
}

static bool judge_layer(struct judge *judge)
{
    struct problem *problem = judge->problem;
    struct problem_layer *layer = &problem->layers[judge->layer];
    struct settings settings = judge->top;
    if (judge->inputs->layer_count > 0)
        settings_override(&settings, &judge->inputs->layers[judge->layer].settings);
    settings_override(&settings, judge->over);

    layer->slice = judge->layer;
    layer->attention = judge_find(judge, INPUT_ATTENTION);
    if (layer->attention)
        judge->unused |= settings_keep_masks(&settings);
    layer->settings = settings;
    if (!check_ranks(judge) || !check_slices(judge) || !judge_combination(judge, &settings))
        return false;
    if (judge->layer > 0 && !problem->layers[0].attention != !layer->attention)
        return error_set(judge->error, ERROR_INPUT,
                         "layer %zu %s attention, unlike layer 0: all layers must agree", judge->layer,
                         layer->attention ? "has" : "lacks");
    if (layer->attention ? !judge_attention(judge, layer->attention, &settings)
                         : !judge_qkv(judge, layer, &settings))
        return false;
    problem->is_self = judge_self(judge);

    layer->mask = judge_find(judge, INPUT_MASK);
    layer->bias = judge_find(judge, INPUT_BIAS);
    bool causal = settings_have(&settings, SETTING_CAUSAL) && settings.causal != CAUSAL_NO;
    bool window = settings_have(&settings, SETTING_WINDOW);
    layer->offset =
        causal && settings.causal == CAUSAL_END
            ? (int64_t)problem->m - (int64_t)problem->n
            : (causal ? settings.causal_offset : said_offset(judge)) + (int64_t)layer->k.past_rows;
    layer->rules = (struct rules){
        .causal = causal,
        .left = window ? settings.window_left : -1,
        .right = window ? settings.window_right : -1,
        .mask_true_blocks = settings.mask_true_blocks,
    };
    if (!check_pairs(judge, INPUT_MASK) || !check_pairs(judge, INPUT_BIAS) ||
        !judge_forms(judge, layer, &settings))
        return false;
    if (layer->attention) /* a record, which nothing above is asked to make true */
        settings_override(&layer->settings, &judge->inputs->made);
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
    *problem = (struct problem){
        .title = inputs->title, .grid = {inputs->grid[0], inputs->grid[1]}, .grid_place = inputs->grid_place};
    if (!count_layers(inputs, &problem->layer_count, error))
        return false;
    if (inputs->offset_count > 1 && inputs->offset_count != problem->layer_count)
        return place_error(&inputs->offset_place, error,
                           "offset holds %zu numbers: expected one, or as many as there are layers, %zu",
                           inputs->offset_count, problem->layer_count);
    struct judge judge = {.problem = problem,
                          .inputs = inputs,
                          .top = inputs->all.settings,
                          .over = over,
                          .warnings = warnings,
                          .error = error};
    problem->layers = memory_zeroed(problem->layer_count, sizeof *problem->layers, error);
    if (!problem->layers)
        return false;
    problem_take_nulls(inputs);
    for (judge.layer = 0; judge.layer < problem->layer_count; judge.layer++)
        if (!judge_layer(&judge))
            return false;
    problem_warn_unused(problem, inputs, judge.unused, warnings);
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
