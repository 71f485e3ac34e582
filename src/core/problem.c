/* Layers, heads and shapes. What the numbers in a tensor may be is problem_values.c, labels are
 * problem_labels.c. */
#include "core/problem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "core/problem_parts.h"

/* What is judged, and where the message goes. */
struct judge {
    struct problem *problem;
    const struct inputs *inputs;
    struct settings top; /* of the files, under those of the command line */
    const struct settings *over;
    size_t layer;
    struct error *error;
};

/* The tensor of this layer: its own, or else the one that serves all; NULL if there is none. */
static const struct tensor *find(const struct judge *judge, enum input which)
{
    const struct inputs *inputs = judge->inputs;
    if (inputs->layer_count > 0 && inputs->layers[judge->layer].tensor[which].data)
        return &inputs->layers[judge->layer].tensor[which];
    return inputs->all.tensor[which].data ? &inputs->all.tensor[which] : NULL;
}

static bool is_own(const struct judge *judge, enum input which)
{
    return judge->inputs->layer_count > 0 && judge->inputs->layers[judge->layer].tensor[which].data;
}

/* "w_q is 48×40", for messages. */
struct phrase {
    char text[160];
};

static struct phrase phrase_tensor(enum input which, const struct tensor *tensor)
{
    struct phrase phrase;
    char shape[96];
    snprintf(phrase.text, sizeof phrase.text, "%s is %s", input_names[which], tensor_shape(tensor, shape));
    return phrase;
}

/* The tensor that gives a supply its width, and its name. */
static const struct tensor *supply_width(const struct judge *judge, const struct supply *supply, int which,
                                         enum input *name)
{
    static const enum input given[3] = {INPUT_Q, INPUT_K, INPUT_V}, w[3] = {INPUT_W_Q, INPUT_W_K, INPUT_W_V};
    *name = supply->given ? given[which]
            : supply->w
                ? w[which]
                : (supply->x && which > 0 && find(judge, INPUT_CONTEXT) ? INPUT_CONTEXT : INPUT_EMBEDDINGS);
    return supply->given ? supply->given : supply->w ? supply->w : supply->x;
}

/* As a phrase, also where it is the output of the layer below. */
static struct phrase phrase_supply(const struct judge *judge, const struct supply *supply, int which)
{
    enum input name;
    const struct tensor *tensor = supply_width(judge, supply, which, &name);
    struct phrase phrase;
    if (tensor)
        return phrase_tensor(name, tensor);
    snprintf(phrase.text, sizeof phrase.text, "the output of layer %zu is %zu×%zu", judge->layer - 1,
             supply->rows, supply->width);
    return phrase;
}

static const struct place *supply_place(const struct judge *judge, const struct supply *supply, int which)
{
    static const struct place nowhere;
    enum input name;
    const struct tensor *tensor = supply_width(judge, supply, which, &name);
    return tensor ? &tensor->place : &nowhere;
}

static bool check_rank(const struct judge *judge, enum input which, int least, int most)
{
    const struct tensor *tensor = find(judge, which);
    if (!tensor)
        return true;
    if (is_own(judge, which) && most == 4)
        most = 3;
    if (tensor->rank >= least && tensor->rank <= most)
        return true;
    static const char *const expected[5][5] = {
        [1] = {[1] = "a list of numbers",
               [2] = "a list of numbers",
               [3] = "n×m or heads×n×m",
               [4] = "n×m, heads×n×m or layers×heads×n×m"},
        [2] = {[2] = "rows and columns", [3] = "rank 2 or 3", [4] = "rank 2, 3 or 4"},
    };
    return place_error(&tensor->place, judge->error, "%s: expected %s", phrase_tensor(which, tensor).text,
                       expected[least][most]);
}

/* A bias b of a projection: one row of numbers, in a list or a CSV line or column. */
static bool check_vector(const struct judge *judge, enum input which, size_t columns, enum input beside)
{
    const struct tensor *b = find(judge, which), *w = find(judge, beside);
    if (!b || (tensor_count(b) == columns && (b->rank == 1 || b->shape[0] == 1 || b->shape[1] == 1)))
        return true;
    if (!w)
        return place_error(&b->place, judge->error, "%s: expected %zu numbers", phrase_tensor(which, b).text,
                           columns);
    return place_error(&b->place, judge->error, "%s and %s: expected a number for each of the %zu columns",
                       phrase_tensor(beside, w).text, phrase_tensor(which, b).text, columns);
}

/* The heads of a given tensor of rank 3 or 4, 0 for rank 2. */
static size_t own_heads(const struct tensor *tensor)
{
    return tensor->rank >= 3 ? tensor->shape[tensor->rank - 3] : 0;
}

/*
 * Finds where q (0), k (1) or v (2) comes from. Its rows and width are set, or left 0 where it is absent;
 * `heads` only where it is given with an axis for them.
 */
static bool find_supply(const struct judge *judge, int which, struct supply *supply)
{
    static const enum input given[3] = {INPUT_Q, INPUT_K, INPUT_V}, w[3] = {INPUT_W_Q, INPUT_W_K, INPUT_W_V},
                            b[3] = {INPUT_B_Q, INPUT_B_K, INPUT_B_V};
    supply->given = find(judge, given[which]);
    if (supply->given) {
        const struct tensor *t = supply->given;
        supply->rows = t->shape[t->rank - 2];
        supply->heads = own_heads(t);
        if (!size_multiply(t->shape[t->rank - 1], supply->heads ? supply->heads : 1, &supply->width))
            return error_memory(judge->error, SIZE_MAX);
        return true;
    }

    const struct tensor *context = find(judge, INPUT_CONTEXT), *x = find(judge, INPUT_EMBEDDINGS);
    size_t inner;
    if (which > 0 && context)
        x = context;
    else if (judge->layer > 0 && judge->inputs->layer_count > 0 && x && !is_own(judge, INPUT_EMBEDDINGS))
        supply->previous = true;
    if (supply->previous) {
        supply->rows = judge->problem->n;
        inner = judge->problem->d_out;
    } else if (x) {
        supply->x = x;
        supply->rows = x->shape[0];
        inner = x->shape[1];
    } else {
        return true;
    }
    supply->width = inner;
    supply->w = find(judge, w[which]);
    supply->b = find(judge, b[which]);
    if (supply->w) {
        if (supply->w->shape[0] != inner) {
            struct supply before = {
                .x = supply->x, .previous = supply->previous, .rows = supply->rows, .width = inner};
            return place_error(&supply->w->place, judge->error,
                               "%s and %s: the columns of the first must be the rows of the second",
                               phrase_supply(judge, &before, which).text,
                               phrase_tensor(w[which], supply->w).text);
        }
        supply->width = supply->w->shape[1];
    }
    return check_vector(judge, b[which], supply->width, w[which]);
}

/* Decides the number of heads of a supply and checks that its width can be shared among them. */
static bool settle_heads(const struct judge *judge, struct supply *supply, int which, size_t said,
                         const char *setting, size_t otherwise)
{
    const struct place *place = supply_place(judge, supply, which);
    if (supply->heads && said && supply->heads != said)
        return place_error(place, judge->error, "%s, which has %zu heads, but %s is %zu",
                           phrase_supply(judge, supply, which).text, supply->heads, setting, said);
    if (!supply->heads)
        supply->heads = said ? said : otherwise;
    if (supply->width % supply->heads != 0)
        return place_error(place, judge->error, "%s: its %zu columns cannot be shared equally by %zu heads",
                           phrase_supply(judge, supply, which).text, supply->width, supply->heads);
    return true;
}

/* Whether a number of the problem is `value` in this layer as in those before. */
static bool same(const struct judge *judge, const struct place *place, size_t *common, size_t value,
                 const char *what)
{
    if (judge->layer == 0)
        *common = value;
    if (*common == value)
        return true;
    return place_error(place, judge->error, "layer %zu has %zu %s and layer 0 has %zu: all layers must agree",
                       judge->layer, value, what, *common);
}

static bool judge_qkv(struct judge *judge, struct problem_layer *layer, const struct settings *settings)
{
    struct problem *problem = judge->problem;
    struct supply *q = &layer->q, *k = &layer->k, *v = &layer->v;
    if (!find_supply(judge, 0, q) || !find_supply(judge, 1, k) || !find_supply(judge, 2, v))
        return false;
    if (!q->width || !k->width) {
        const char *absent = !q->width && !k->width ? "q and k" : !q->width ? "q" : "k";
        const char *file = judge->inputs->source_count ? judge->inputs->sources[0].name : NULL;
        char layer_name[40] = "";
        if (judge->inputs->layer_count > 0)
            snprintf(layer_name, sizeof layer_name, "layer %zu has ", judge->layer);
        return error_set(judge->error, ERROR_INPUT, "%s%s%sno %s: expected embeddings, q and k, or attention",
                         file ? file : "", file ? ": " : "", layer_name, absent);
    }

    size_t said = settings->given & 1u << SETTING_HEADS ? settings->heads : 0;
    size_t kv_said = settings->given & 1u << SETTING_KV_HEADS ? settings->kv_heads : 0;
    if (!settle_heads(judge, q, 0, said, "heads", 1))
        return false;
    if (!settle_heads(judge, k, 1, kv_said, "kv_heads", q->heads) ||
        (v->width && !settle_heads(judge, v, 2, kv_said, "kv_heads", k->heads)))
        return false;
    if (q->heads % k->heads != 0)
        return place_error(supply_place(judge, k, 1), judge->error,
                           "%zu heads and %zu key/value heads: the first must be a multiple of the second",
                           q->heads, k->heads);
    if (v->width && v->heads != k->heads)
        return place_error(supply_place(judge, v, 2), judge->error,
                           "%s and %s: they must agree in the number of heads",
                           phrase_supply(judge, k, 1).text, phrase_supply(judge, v, 2).text);
    if (q->width / q->heads != k->width / k->heads) {
        char split[128] = "";
        if (q->heads > 1)
            snprintf(split, sizeof split, " (%zu heads of %zu, %zu heads of %zu)", q->heads,
                     q->width / q->heads, k->heads, k->width / k->heads);
        return place_error(supply_place(judge, k, 1), judge->error, "%s and %s: they must agree in d_k%s",
                           phrase_supply(judge, q, 0).text, phrase_supply(judge, k, 1).text, split);
    }
    if (v->width && v->rows != k->rows)
        return place_error(supply_place(judge, v, 2), judge->error,
                           "%s and %s: they must have the same number of keys",
                           phrase_supply(judge, k, 1).text, phrase_supply(judge, v, 2).text);

    size_t d_out = v->width ? v->width / v->heads * q->heads : 0;
    layer->w_o = find(judge, INPUT_W_O);
    layer->b_o = find(judge, INPUT_B_O);
    if (!d_out && (layer->w_o || layer->b_o))
        return place_error(&(layer->w_o ? layer->w_o : layer->b_o)->place, judge->error,
                           "%s without v: there is nothing to project", layer->w_o ? "w_o" : "b_o");
    if (layer->w_o && layer->w_o->shape[0] != d_out)
        return place_error(&layer->w_o->place, judge->error,
                           "%s: expected %zu rows, for %zu heads of d_v %zu",
                           phrase_tensor(INPUT_W_O, layer->w_o).text, d_out, q->heads, v->width / v->heads);
    if (layer->w_o)
        d_out = layer->w_o->shape[1];
    if (!check_vector(judge, INPUT_B_O, d_out, INPUT_W_O))
        return false;

    size_t d_k = q->width / q->heads, d_v = v->width ? v->width / v->heads : 0;
    layer->scale = settings->given & 1u << SETTING_SCALE ? settings->scale : 1 / sqrt((double)d_k);
    layer->softcap = settings->given & 1u << SETTING_SOFTCAP ? settings->softcap : 0;
    const struct place *at_q = supply_place(judge, q, 0), *at_k = supply_place(judge, k, 1);
    const struct place *at_v = v->width ? supply_place(judge, v, 2) : at_q;
    const struct place *at_output = layer->w_o ? &layer->w_o->place : at_v;
    return same(judge, at_q, &problem->n, q->rows, "queries") &&
           same(judge, at_k, &problem->m, k->rows, "keys") &&
           same(judge, at_q, &problem->heads, q->heads, "heads") &&
           same(judge, at_k, &problem->kv_heads, k->heads, "key/value heads") &&
           same(judge, at_q, &problem->d_k, d_k, "columns a head of q and k") &&
           same(judge, at_v, &problem->d_v, d_v, "columns a head of v") &&
           same(judge, at_output, &problem->d_out, d_out, "columns of output");
}

static bool judge_attention(struct judge *judge, const struct tensor *attention,
                            const struct settings *settings)
{
    struct problem *problem = judge->problem;
    size_t heads = own_heads(attention) ? own_heads(attention) : 1;
    if (settings->given & 1u << SETTING_HEADS && settings->heads != heads)
        return place_error(&attention->place, judge->error, "%s, which has %zu heads, but heads is %zu",
                           phrase_tensor(INPUT_ATTENTION, attention).text, heads, settings->heads);
    const struct place *at = &attention->place;
    return same(judge, at, &problem->n, attention->shape[attention->rank - 2], "queries") &&
           same(judge, at, &problem->m, attention->shape[attention->rank - 1], "keys") &&
           same(judge, at, &problem->heads, heads, "heads") &&
           same(judge, at, &problem->kv_heads, heads, "key/value heads") &&
           same(judge, at, &problem->d_out, 0, "columns of output");
}

/* A mask or bias: every axis is that of the problem, or 1. */
static bool check_pairs(const struct judge *judge, enum input which)
{
    const struct problem *problem = judge->problem;
    const struct tensor *tensor = find(judge, which);
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
    for (enum input i = INPUT_EMBEDDINGS; i <= INPUT_W_O; i++)
        if (!check_rank(judge, i, 2, 2))
            return false;
    for (enum input i = INPUT_B_Q; i <= INPUT_B_O; i++)
        if (!check_rank(judge, i, 1, 2))
            return false;
    for (enum input i = INPUT_Q; i <= INPUT_ATTENTION; i++)
        if (!check_rank(judge, i, 2, 4))
            return false;
    return check_rank(judge, INPUT_MASK, 1, 4) && check_rank(judge, INPUT_BIAS, 1, 4);
}

/* A rank-4 tensor has a slice for every layer. */
static bool check_slices(const struct judge *judge)
{
    for (enum input i = INPUT_Q; i <= INPUT_ATTENTION; i++) {
        const struct tensor *tensor = find(judge, i);
        if (tensor && tensor->rank == 4 && tensor->shape[0] != judge->problem->layer_count)
            return place_error(&tensor->place, judge->error, "%s: expected %zu layers, as elsewhere",
                               phrase_tensor(i, tensor).text, judge->problem->layer_count);
    }
    return true;
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
    if (!check_ranks(judge) || !check_slices(judge))
        return false;
    layer->attention = find(judge, INPUT_ATTENTION);
    if (judge->layer > 0 && !problem->layers[0].attention != !layer->attention)
        return error_set(judge->error, ERROR_INPUT,
                         "layer %zu %s attention, unlike layer 0: all layers must agree", judge->layer,
                         layer->attention ? "has" : "lacks");
    if (layer->attention ? !judge_attention(judge, layer->attention, &settings)
                         : !judge_qkv(judge, layer, &settings))
        return false;

    layer->mask = find(judge, INPUT_MASK);
    layer->bias = find(judge, INPUT_BIAS);
    layer->causal = settings.given & 1u << SETTING_CAUSAL && settings.causal != CAUSAL_NO;
    layer->offset = judge->inputs->shift;
    if (layer->causal)
        layer->offset = settings.causal == CAUSAL_END ? (int64_t)problem->m - (int64_t)problem->n
                                                      : settings.causal_offset;
    bool window = settings.given & 1u << SETTING_WINDOW;
    layer->left = window ? settings.window_left : -1;
    layer->right = window ? settings.window_right : -1;
    layer->mask_true_blocks = settings.given & 1u << SETTING_MASK_TRUE_BLOCKS && settings.mask_true_blocks;
    return check_pairs(judge, INPUT_MASK) && check_pairs(judge, INPUT_BIAS);
}

/* Layers: those of the list, or the longest axis that says so. */
static size_t count_layers(const struct inputs *inputs)
{
    if (inputs->layer_count > 0)
        return inputs->layer_count;
    size_t count = 1;
    for (enum input i = INPUT_Q; i <= INPUT_ATTENTION; i++) {
        const struct tensor *tensor = &inputs->all.tensor[i];
        if (tensor->data && tensor->rank == 4 && tensor->shape[0] > count)
            count = tensor->shape[0];
    }
    return count;
}

bool problem_make(struct problem *problem, struct inputs *inputs, const struct settings *over,
                  struct warnings *warnings, struct error *error)
{
    *problem = (struct problem){.layer_count = count_layers(inputs), .title = inputs->title};
    struct judge judge = {
        .problem = problem, .inputs = inputs, .top = inputs->all.settings, .over = over, .error = error};
    problem->layers = memory_zeroed(problem->layer_count, sizeof *problem->layers, error);
    if (!problem->layers)
        return false;
    for (judge.layer = 0; judge.layer < problem->layer_count; judge.layer++)
        if (!judge_layer(&judge))
            return false;
    problem_warn_unused(problem, inputs, warnings);
    return problem_check_values(problem, inputs, warnings, error) &&
           problem_make_labels(problem, inputs, warnings, error);
}

void problem_free(struct problem *problem)
{
    labels_free(&problem->tokens);
    labels_free(&problem->key_tokens);
    free(problem->layers);
    *problem = (struct problem){0};
}

struct grid problem_pairs(const struct tensor *tensor, size_t layer, size_t head)
{
    if (!tensor)
        return (struct grid){0};
    size_t index[4] = {layer, head, 0, 0}, step[4] = {0}, at = 0, size = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        int axis = 4 - tensor->rank + i;
        step[axis] = tensor->shape[i] == 1 ? 0 : size;
        at += index[axis] * step[axis];
        size *= tensor->shape[i];
    }
    return (struct grid){.data = tensor->data + at, .row = step[2], .column = step[3]};
}

void problem_rules(const struct problem *problem, size_t layer, size_t head, struct head *out)
{
    const struct problem_layer *l = &problem->layers[layer];
    *out = (struct head){
        .n = problem->n,
        .m = problem->m,
        .d_k = problem->d_k,
        .d_v = problem->d_v,
        .scale = l->scale,
        .softcap = l->softcap,
        .causal = l->causal,
        .offset = l->offset,
        .left = l->left,
        .right = l->right,
        .mask = problem_pairs(l->mask, l->slice, head),
        .mask_true_blocks = l->mask_true_blocks,
        .bias = problem_pairs(l->bias, l->slice, head),
    };
}
