/* The forms of attention of a layer: the shapes of their tensors, and the tables that they need. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attention/position.h"
#include "base/memory.h"
#include "problem/check.h"

static bool count_error(const struct judge *judge, enum input which, const char *expected, size_t count)
{
    const struct tensor *tensor = judge_find(judge, which);
    return place_error(&tensor->place, judge->error, "%s: expected %s %zu", phrase_tensor(which, tensor).text,
                       expected, count);
}

/* A matrix rows×columns (0: any), or `heads` of them. */
static bool check_matrix(const struct judge *judge, enum input which, size_t heads, size_t rows,
                         size_t columns)
{
    const struct tensor *t = judge_find(judge, which);
    if (!t)
        return true;
    if (t->rank == 3 && t->shape[0] != heads)
        return count_error(judge, which, "as many as there are heads,", heads);
    if (rows && t->shape[t->rank - 2] != rows)
        return count_error(judge, which, "rows:", rows);
    return !columns || t->shape[t->rank - 1] == columns || count_error(judge, which, "columns:", columns);
}

/* How q and k are compared. */
static bool judge_score(const struct judge *judge, struct problem_layer *layer)
{
    const struct problem *p = judge->problem;
    layer->d_compared = p->d_key;
    if (layer->settings.score == SCORE_GENERAL)
        return check_matrix(judge, INPUT_W_SCORE, p->heads, p->d_k, p->d_key);
    if (layer->settings.score != SCORE_ADDITIVE)
        return true;
    const struct tensor *v = judge_find(judge, INPUT_V_SCORE), *w_q = judge_find(judge, INPUT_W_SCORE_Q),
                        *w_k = judge_find(judge, INPUT_W_SCORE_K);
    size_t width = w_q ? w_q->shape[w_q->rank - 1] : p->d_k;
    layer->d_compared = width;
    if (!w_k && p->d_key != width)
        return place_error(&v->place, judge->error,
                           "k has %zu columns a head and meets %zu: without w_score_k they must be as many",
                           p->d_key, width);
    bool each = v->rank == 2 && v->shape[0] == p->heads && v->shape[1] == width;
    if (!each && !judge_list(judge, INPUT_V_SCORE, width, INPUT_COUNT))
        return false;
    return check_matrix(judge, INPUT_W_SCORE_Q, p->heads, p->d_k, width) &&
           check_matrix(judge, INPUT_W_SCORE_K, p->heads, p->d_key, width);
}

/* "NAME: expected …", of a setting that was given. Always false. */
static bool value_error(const struct judge *judge, enum setting which, const char *expected, ...)
    __attribute__((format(printf, 3, 4)));
static bool value_error(const struct judge *judge, enum setting which, const char *expected, ...)
{
    bool command = settings_have(judge->over, which);
    struct phrase name = phrase_key(setting_kinds[which].name, command);
    char says[200];
    va_list arguments;
    va_start(arguments, expected);
    vsnprintf(says, sizeof says, expected, arguments);
    va_end(arguments);
    if (command)
        return error_set(judge->error, ERROR_USAGE, "%s: expected %s", name.text, says);
    return place_error(&judge->problem->layers[judge->layer].settings.place[which], judge->error,
                       "%s: expected %s", name.text, says);
}

/* What is added for the distance p - j of query and key, for every head. */
static bool make_distances(const struct judge *judge, struct problem_layer *layer,
                           const struct settings *settings)
{
    const struct problem *p = judge->problem;
    const struct tensor *slopes = judge_find(judge, INPUT_SLOPES),
                        *table = judge_find(judge, INPUT_RELATIVE_BIAS);
    bool far_given = settings_have(settings, SETTING_MAX_DISTANCE);
    size_t furthest = far_given ? settings->max_distance : 128, count;
    bool relative = layer->settings.position == POSITION_RELATIVE, both = !layer->rules.causal;
    if (relative && !check_matrix(judge, INPUT_RELATIVE_BIAS, 0, 0, p->heads))
        return false;
    size_t buckets = relative ? table->shape[0] : 0;
    if (relative && (both && buckets < 2))
        return count_error(judge, INPUT_RELATIVE_BIAS, "a bucket for each side, at least", 2);
    size_t single = buckets / (both ? 4 : 2);
    if (relative && furthest <= single && !far_given)
        return place_error(&table->place, judge->error, "%s: expected a max_distance above %zu, not %zu",
                           phrase_tensor(INPUT_RELATIVE_BIAS, table).text, single, furthest);
    if (relative && furthest <= single)
        return value_error(judge, SETTING_MAX_DISTANCE, "more than the buckets for single distances, %zu",
                           single);
    if (!judge_list(judge, INPUT_SLOPES, p->heads, INPUT_COUNT))
        return false;
    layer->distance_first = layer->offset - (int64_t)p->m + 1;
    layer->distance_count = p->n + p->m - 1 + HEAD_SPARE;
    if (!size_multiply(layer->distance_count, p->heads, &count))
        return error_memory(judge->error, SIZE_MAX);
    layer->distance = memory_zeroed(count, sizeof *layer->distance, judge->error);
    if (!layer->distance)
        return false;
    for (size_t h = 0; h < p->heads; h++) {
        double slope = slopes ? (double)slopes->data[h] : position_slope(h, p->heads);
        float *to = layer->distance + h * layer->distance_count;
        for (size_t i = 0; i < p->n + p->m - 1; i++) {
            int64_t behind = layer->distance_first + (int64_t)i;
            if (relative)
                to[i] = table->data[position_bucket(-behind, both, buckets, furthest) * p->heads + h];
            else
                to[i] = (float)(-slope * fabs((double)behind));
        }
    }
    return true;
}

/* Whether a layer reads the output of the one below. */
static bool is_stacked(const struct problem_layer *layer)
{
    return layer->q.previous || layer->k.previous || layer->v.previous;
}

/* Sinusoidal positions are added once, before the first layer of a stack, which decides for all of them; one
 * further up that has them only to itself asks for what cannot be. */
static bool judge_waves(const struct judge *judge, struct problem_layer *layer)
{
    const struct problem_layer *first = layer;
    while (is_stacked(first))
        first--;
    layer->has_waves = first->settings.position == POSITION_SINUSOIDAL;
    layer->waves_base = first->position_base;
    enum setting odd = !layer->has_waves                           ? SETTING_POSITION
                       : layer->waves_base != layer->position_base ? SETTING_POSITION_BASE
                                                                   : SETTING_COUNT;
    if (layer->settings.position != POSITION_SINUSOIDAL || odd == SETTING_COUNT ||
        !settings_have(&layer->settings, odd))
        return true;
    return place_error(
        &layer->settings.place[odd], judge->error,
        "layer %zu: position sinusoidal is added once, before layer %zu: expected it, with its "
        "position_base, there or outside of the layers",
        judge->layer, judge->layer - (size_t)(layer - first));
}

static bool judge_position(const struct judge *judge, struct problem_layer *layer,
                           const struct settings *settings)
{
    size_t d_k = judge->problem->d_k;
    layer->position_base = settings_have(settings, SETTING_POSITION_BASE) ? settings->position_base : 10000;
    if (!judge_waves(judge, layer))
        return false;
    if (layer->settings.position == POSITION_ALIBI || layer->settings.position == POSITION_RELATIVE)
        return make_distances(judge, layer, settings);
    if (layer->settings.position != POSITION_ROTARY &&
        layer->settings.position != POSITION_ROTARY_INTERLEAVED)
        return true;
    bool given = settings_have(settings, SETTING_ROTARY_DIM);
    layer->rotary_dim = given ? settings->rotary_dim : d_k;
    enum setting which = given ? SETTING_ROTARY_DIM : SETTING_POSITION;
    if (layer->rotary_dim % 2 != 0)
        return value_error(judge, which, "an even number of columns to turn in pairs, not %zu",
                           layer->rotary_dim);
    if (layer->rotary_dim > d_k ||
        (judge->problem->d_key != d_k && layer->rotary_dim > judge->problem->d_key))
        return value_error(judge, which, "no more columns than d_k, %zu", d_k);
    return true;
}

/* Numbers segments by the token that ends each. Returns how many such tokens there are. */
static int32_t split_segments(int32_t *to, size_t count, const struct labels *labels, const char *separator)
{
    int32_t segment = 0;
    for (size_t i = 0; i < count; i++) {
        to[i] = segment;
        segment += i < labels->count && strcmp(labels->text[i], separator) == 0;
    }
    return segment;
}

/* Once, not for each layer. */
static void warn_separator(const struct judge *judge, const struct settings *settings)
{
    if (judge->layer > 0 &&
        settings_same(&judge->problem->layers[judge->layer - 1].settings, settings, SETTING_SEPARATOR))
        return;
    const struct place *place = &judge->inputs->tokens.place;
    warnings_add(judge->warnings, "%s%sno token is the separator \"%s\": all is one document",
                 place->file ? place->file : "", place->file ? ": " : "", settings->separator);
}

static bool copy_segments(const struct judge *judge, int32_t *to, size_t count, enum input which,
                          const char *expected)
{
    const struct tensor *t = judge_find(judge, which);
    if (tensor_count(t) != count)
        return count_error(judge, which, expected, count);
    for (size_t i = 0; i < count; i++) {
        float value = t->data[i];
        if (!(fabsf(value) <= 1 << 24) || value != floorf(value))
            return place_error(&t->place, judge->error, "%s is %g at [%zu]: expected whole numbers",
                               input_names[which], (double)value, i);
        to[i] = (int32_t)value;
    }
    return true;
}

static bool judge_segments(const struct judge *judge, struct problem_layer *layer,
                           const struct settings *settings)
{
    const struct problem *p = judge->problem;
    const struct inputs *inputs = judge->inputs;
    bool split = settings_have(settings, SETTING_SEPARATOR), given = judge_find(judge, INPUT_SEGMENTS);
    if (!split && !given)
        return true;
    int32_t *query = layer->query_segment = memory_zeroed(p->n, sizeof *query, judge->error);
    int32_t *key = layer->key_segment = memory_zeroed(p->m, sizeof *key, judge->error);
    if (!query || !key)
        return false;
    layer->rules.query_segment = query;
    layer->rules.key_segment = key;
    if (split) {
        const struct labels *keys = inputs->key_tokens.given ? &inputs->key_tokens : &inputs->tokens;
        if (!p->is_self && !inputs->key_tokens.given)
            return value_error(judge, SETTING_SEPARATOR,
                               "key_tokens to split as well, for other keys than the queries, %zu", p->m);
        if (split_segments(query, p->n, &inputs->tokens, settings->separator) +
                split_segments(key, p->m, keys, settings->separator) ==
            0)
            warn_separator(judge, settings);
        return true;
    }
    bool own = judge_find(judge, INPUT_KEY_SEGMENTS);
    return copy_segments(judge, query, p->n, INPUT_SEGMENTS, "a number for each query,") &&
           (own ? copy_segments(judge, key, p->m, INPUT_KEY_SEGMENTS, "a number for each key,")
                : copy_segments(judge, key, p->m, INPUT_SEGMENTS,
                                "without key_segments a number for each key,"));
}

static bool judge_global(const struct judge *judge, struct problem_layer *layer,
                         const struct settings *settings)
{
    const struct problem *p = judge->problem;
    if (!settings_have(settings, SETTING_GLOBAL))
        return true;
    uint8_t *query = layer->query_global = memory_zeroed(p->n, 1, judge->error);
    uint8_t *key = layer->key_global = memory_zeroed(p->m, 1, judge->error);
    if (!query || !key)
        return false;
    layer->rules.query_global = query;
    layer->rules.key_global = key;
    for (size_t g = 0; g < settings->global.count; g++) {
        int64_t i = (int64_t)settings->global.at[g] - layer->offset;
        if (i >= 0 && i < (int64_t)p->n)
            query[i] = 1;
        if (settings->global.at[g] < p->m)
            key[settings->global.at[g]] = 1;
        else if (i < 0 || i >= (int64_t)p->n)
            return value_error(judge, SETTING_GLOBAL, "positions below the number of keys, %zu", p->m);
    }
    return true;
}

static bool judge_rules(const struct judge *judge, struct problem_layer *layer,
                        const struct settings *settings)
{
    const struct problem *p = judge->problem;
    struct rules *rules = &layer->rules;
    rules->prefix = rules->causal ? settings->prefix : 0;
    rules->dilation = settings->dilation > 1 ? settings->dilation : 0;
    rules->block = settings->block;
    if (settings_have(settings, SETTING_KEY_LENGTH)) {
        rules->is_padded = true;
        rules->key_length = settings->key_length;
        if (rules->key_length > p->m)
            return value_error(judge, SETTING_KEY_LENGTH, "at most the number of keys, %zu", p->m);
    }
    if (rules->block > 0 &&
        !check_matrix(judge, INPUT_BLOCK_MASK, p->heads, size_divide_up(p->n, rules->block),
                      size_divide_up(p->m, rules->block)))
        return false;
    return judge_list(judge, INPUT_KEY_MASK, p->m, INPUT_COUNT) && judge_segments(judge, layer, settings) &&
           judge_global(judge, layer, settings);
}

static bool judge_recurrent(const struct judge *judge, struct problem_layer *layer)
{
    const struct problem *p = judge->problem;
    const struct tensor *decay = layer->form[INPUT_DECAY], *beta = layer->form[INPUT_BETA],
                        *state = layer->form[INPUT_STATE];
    if (layer->settings.recurrence == RECURRENCE_NONE)
        return true;
    if (p->n != p->m)
        return value_error(judge, SETTING_RECURRENCE, "as many keys as queries, %zu", p->n);
    layer->rules.causal = true;
    if (decay && decay->shape[1] != p->kv_heads &&
        !check_matrix(judge, INPUT_DECAY, 0, p->m, p->kv_heads * p->d_k))
        return false;
    if (beta && beta->shape[1] != 1 && !check_matrix(judge, INPUT_BETA, 0, p->m, p->kv_heads))
        return false;
    if (state && (p->d_v == 0 || state->shape[0] != p->kv_heads || state->shape[1] != p->d_k ||
                  state->shape[2] != p->d_v))
        return place_error(&state->place, judge->error, "%s: expected %zu×%zu×%zu, key/value heads×d_k×d_v",
                           phrase_tensor(INPUT_STATE, state).text, p->kv_heads, p->d_k, p->d_v);
    return (!decay || check_matrix(judge, INPUT_DECAY, 0, p->m, 0)) &&
           (!beta || check_matrix(judge, INPUT_BETA, 0, p->m, 0));
}

/* What stands around the attention of a layer. */
static bool judge_stack(const struct judge *judge, const struct problem_layer *layer)
{
    size_t width = judge->problem->d_out;
    const struct tensor *x = layer->q.x;
    size_t inner = x ? x->shape[1] : width;
    if (layer->settings.residual && width != inner)
        return value_error(judge, SETTING_RESIDUAL, "an output as wide as d_model, %zu, not %zu", inner,
                           width);
    if (layer->settings.norm == NORM_POST && width == 0)
        return value_error(judge, SETTING_NORM, "an output, which needs v");
    if (layer->settings.norm == NORM_PRE)
        width = inner;
    return layer->settings.norm == NORM_NONE || (judge_list(judge, INPUT_NORM_WEIGHT, width, INPUT_COUNT) &&
                                                 judge_list(judge, INPUT_NORM_BIAS, width, INPUT_COUNT));
}

/* Whether the form of the layer has a use for a tensor. */
static bool is_wanted(const struct problem_layer *layer, enum input which)
{
    const enum recurrence rule = layer->settings.recurrence;
    switch (which) {
    case INPUT_W_SCORE:
        return layer->settings.score == SCORE_GENERAL;
    case INPUT_W_SCORE_Q:
    case INPUT_W_SCORE_K:
    case INPUT_V_SCORE:
        return layer->settings.score == SCORE_ADDITIVE;
    case INPUT_SLOPES:
        return layer->settings.position == POSITION_ALIBI;
    case INPUT_RELATIVE_BIAS:
        return layer->settings.position == POSITION_RELATIVE;
    case INPUT_BLOCK_MASK:
        return layer->settings.block > 0;
    case INPUT_NORM_WEIGHT:
    case INPUT_NORM_BIAS:
        return layer->settings.norm != NORM_NONE;
    case INPUT_DECAY:
        return rule == RECURRENCE_GATED || rule == RECURRENCE_GATED_DELTA;
    case INPUT_BETA:
        return rule == RECURRENCE_DELTA || rule == RECURRENCE_GATED_DELTA;
    case INPUT_STATE:
        return rule != RECURRENCE_NONE;
    case INPUT_SINKS:
        return !layer->attention;
    default:
        return which >= INPUT_W_SCORE;
    }
}

bool judge_forms(const struct judge *judge, struct problem_layer *layer, const struct settings *settings)
{
    for (enum input i = 0; i < INPUT_COUNT; i++)
        layer->form[i] = is_wanted(layer, i) ? judge_find(judge, i) : NULL;
    if (!judge_rules(judge, layer, settings))
        return false;
    if (layer->attention)
        return true;
    return judge_list(judge, INPUT_SINKS, judge->problem->heads, INPUT_COUNT) && judge_score(judge, layer) &&
           judge_recurrent(judge, layer) && judge_position(judge, layer, settings) &&
           judge_stack(judge, layer);
}
