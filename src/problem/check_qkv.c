/* Where q, k and v come from, and whether their shapes fit each other. */
#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "problem/check.h"

/* The tensor that gives a supply its width, and its name. */
static const struct tensor *supply_width(const struct judge *judge, const struct supply *supply, int which,
                                         enum input *name)
{
    static const enum input given[3] = {INPUT_Q, INPUT_K, INPUT_V}, w[3] = {INPUT_W_Q, INPUT_W_K, INPUT_W_V};
    *name = supply->given ? given[which]
            : supply->w   ? w[which]
                          : (supply->x && which > 0 && judge_find(judge, INPUT_CONTEXT) ? INPUT_CONTEXT
                                                                                        : INPUT_EMBEDDINGS);
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

size_t judge_own_heads(const struct tensor *tensor)
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
    supply->given = judge_find(judge, given[which]);
    if (supply->given) {
        const struct tensor *t = supply->given;
        supply->rows = t->shape[t->rank - 2];
        supply->heads = judge_own_heads(t);
        if (!size_multiply(t->shape[t->rank - 1], supply->heads ? supply->heads : 1, &supply->width))
            return error_memory(judge->error, SIZE_MAX);
        return true;
    }

    const struct tensor *context = judge_find(judge, INPUT_CONTEXT), *x = judge_find(judge, INPUT_EMBEDDINGS);
    size_t inner;
    if (which > 0 && context)
        x = context;
    else if (judge->layer > 0 && judge->inputs->layer_count > 0 && x &&
             !judge_is_own(judge, INPUT_EMBEDDINGS))
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
    supply->w = judge_find(judge, w[which]);
    supply->b = judge_find(judge, b[which]);
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
    return judge_list(judge, b[which], supply->width, w[which]);
}

/* Puts the keys or values of earlier tokens before those of k (1) or v (2), whose heads are known. */
static bool join_past(const struct judge *judge, struct supply *supply, int which)
{
    enum input name = which == 1 ? INPUT_PAST_K : INPUT_PAST_V;
    const struct tensor *past = judge_find(judge, name);
    if (!past)
        return true;
    size_t heads = judge_own_heads(past), width;
    if (!size_multiply(past->shape[past->rank - 1], heads ? heads : 1, &width))
        return error_memory(judge->error, SIZE_MAX);
    if (width != supply->width || (heads && heads != supply->heads))
        return place_error(&past->place, judge->error, "%s: expected %zu heads of %zu columns, as in %s",
                           phrase_tensor(name, past).text, supply->heads, supply->width / supply->heads,
                           phrase_supply(judge, supply, which).text);
    supply->past = past;
    supply->past_rows = past->shape[past->rank - 2];
    supply->rows += supply->past_rows;
    return true;
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

bool judge_same(const struct judge *judge, const struct place *place, size_t *common, size_t value,
                const char *what)
{
    if (judge->layer == 0)
        *common = value;
    if (*common == value)
        return true;
    return place_error(place, judge->error, "layer %zu has %zu %s and layer 0 has %zu: all layers must agree",
                       judge->layer, value, what, *common);
}

bool judge_qkv(struct judge *judge, struct problem_layer *layer, const struct settings *settings)
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

    size_t said = settings_have(settings, SETTING_HEADS) ? settings->heads : 0;
    size_t kv_said = settings_have(settings, SETTING_KV_HEADS) ? settings->kv_heads : 0;
    if (!settle_heads(judge, q, 0, said, "heads", 1))
        return false;
    if (!settle_heads(judge, k, 1, kv_said, "kv_heads", q->heads) ||
        (v->width && !settle_heads(judge, v, 2, kv_said, "kv_heads", k->heads)))
        return false;
    if (!join_past(judge, k, 1) || (v->width && !join_past(judge, v, 2)))
        return false;
    if (q->heads % k->heads != 0)
        return place_error(supply_place(judge, k, 1), judge->error,
                           "%zu heads and %zu key/value heads: the first must be a multiple of the second",
                           q->heads, k->heads);
    if (v->width && v->heads != k->heads)
        return place_error(supply_place(judge, v, 2), judge->error,
                           "%s and %s: they must agree in the number of heads",
                           phrase_supply(judge, k, 1).text, phrase_supply(judge, v, 2).text);
    bool both = settings->score == SCORE_GENERAL || settings->score == SCORE_ADDITIVE;
    if (q->width / q->heads != k->width / k->heads && !both) {
        char split[128] = "";
        if (q->heads > 1)
            snprintf(split, sizeof split, " (%zu heads of %zu, %zu heads of %zu)", q->heads,
                     q->width / q->heads, k->heads, k->width / k->heads);
        return place_error(supply_place(judge, k, 1), judge->error, "%s and %s: they must agree in d_k%s",
                           phrase_supply(judge, q, 0).text, phrase_supply(judge, k, 1).text, split);
    }
    if (k->past && v->past && v->past_rows != k->past_rows)
        return place_error(&v->past->place, judge->error, "%s and %s: they must have the same number of keys",
                           phrase_tensor(INPUT_PAST_K, k->past).text,
                           phrase_tensor(INPUT_PAST_V, v->past).text);
    if (v->width && v->rows != k->rows)
        return place_error(supply_place(judge, v, 2), judge->error,
                           "%s and %s: they must have the same number of keys",
                           phrase_supply(judge, k, 1).text, phrase_supply(judge, v, 2).text);

    size_t d_out = v->width ? v->width / v->heads * q->heads : 0;
    layer->w_o = judge_find(judge, INPUT_W_O);
    layer->b_o = judge_find(judge, INPUT_B_O);
    if (!d_out && (layer->w_o || layer->b_o))
        return place_error(&(layer->w_o ? layer->w_o : layer->b_o)->place, judge->error,
                           "%s without v: there is nothing to project", layer->w_o ? "w_o" : "b_o");
    if (layer->w_o && layer->w_o->shape[0] != d_out)
        return place_error(&layer->w_o->place, judge->error,
                           "%s: expected %zu rows, for %zu heads of d_v %zu",
                           phrase_tensor(INPUT_W_O, layer->w_o).text, d_out, q->heads, v->width / v->heads);
    if (layer->w_o)
        d_out = layer->w_o->shape[1];
    if (!judge_list(judge, INPUT_B_O, d_out, INPUT_W_O))
        return false;

    size_t d_k = q->width / q->heads, d_v = v->width ? v->width / v->heads : 0;
    bool scaled = settings->score == SCORE_SCALED && settings->normalizer != NORMALIZER_LINEAR;
    layer->scale = scaled ? 1 / sqrt((double)d_k) : 1;
    if (settings_have(settings, SETTING_SCALE))
        layer->scale = settings->scale;
    layer->softcap = settings->softcap;
    const struct place *at_q = supply_place(judge, q, 0), *at_k = supply_place(judge, k, 1);
    const struct place *at_v = v->width ? supply_place(judge, v, 2) : at_q;
    const struct place *at_output = layer->w_o ? &layer->w_o->place : at_v;
    return judge_same(judge, at_q, &problem->n, q->rows, "queries") &&
           judge_same(judge, at_k, &problem->m, k->rows, "keys") &&
           judge_same(judge, at_q, &problem->heads, q->heads, "heads") &&
           judge_same(judge, at_k, &problem->kv_heads, k->heads, "key/value heads") &&
           judge_same(judge, at_q, &problem->d_k, d_k, "columns a head of q") &&
           judge_same(judge, at_k, &problem->d_key, k->width / k->heads, "columns a head of k") &&
           judge_same(judge, at_v, &problem->d_v, d_v, "columns a head of v") &&
           judge_same(judge, at_output, &problem->d_out, d_out, "columns of output");
}
