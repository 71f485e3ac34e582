/* Scores, masks, recurrences and norms of a layer: the shapes of their tensors, and the tables they need.
 * Positions are in check_position.c. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "problem/check.h"
#include "problem/setting_kinds.h"

bool count_error(const struct check *check, enum input which, const char *expected, size_t count)
{
    const struct tensor *tensor = check_find(check, which);
    return place_error(&tensor->place, check->error, "%s: expected %s %zu", phrase_tensor(which, tensor).text,
                       expected, count);
}

bool check_matrix(const struct check *check, enum input which, size_t heads, size_t rows, size_t columns)
{
    const struct tensor *t = check_find(check, which);
    if (!t)
        return true;
    if (t->rank == 3 && t->shape[0] != heads)
        return count_error(check, which, "as many as there are heads,", heads);
    if (rows && t->shape[t->rank - 2] != rows)
        return count_error(check, which, "rows:", rows);
    return !columns || t->shape[t->rank - 1] == columns || count_error(check, which, "columns:", columns);
}

/* The tensors of a score, and d_score, the columns of q and k when they are compared. */
static bool check_score(const struct check *check, struct problem_layer *layer)
{
    const struct problem *p = check->problem;
    layer->d_score = p->d_key;
    if (layer->settings.score == SCORE_GENERAL)
        return check_matrix(check, INPUT_W_SCORE, p->heads, p->d_k, p->d_key);
    if (layer->settings.score != SCORE_ADDITIVE)
        return true;
    const struct tensor *v = check_find(check, INPUT_V_SCORE), *w_q = check_find(check, INPUT_W_SCORE_Q),
                        *w_k = check_find(check, INPUT_W_SCORE_K);
    size_t width = w_q ? w_q->shape[w_q->rank - 1] : p->d_k;
    layer->d_score = width;
    if (!w_k && p->d_key != width)
        return place_error(&v->place, check->error,
                           "k has %zu columns a head and meets %zu: without w_score_k they must be as many",
                           p->d_key, width);
    bool each = v->rank == 2 && v->shape[0] == p->heads && v->shape[1] == width;
    if (!each && !check_vector(check, INPUT_V_SCORE, width, INPUT_COUNT))
        return false;
    return check_matrix(check, INPUT_W_SCORE_Q, p->heads, p->d_k, width) &&
           check_matrix(check, INPUT_W_SCORE_K, p->heads, p->d_key, width);
}

bool value_error(const struct check *check, enum setting which, const char *expected, ...)
{
    bool command = settings_have(check->over, which);
    struct phrase name = phrase_key(setting_kinds[which].name, command);
    char says[200];
    va_list arguments;
    va_start(arguments, expected);
    vsnprintf(says, sizeof says, expected, arguments);
    va_end(arguments);
    if (command)
        return error_set(check->error, ERROR_USAGE, "%s: expected %s", name.text, says);
    return place_error(&check_settings(check)->place[which], check->error, "%s: expected %s", name.text,
                       says);
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

/* Warns that no token is the separator; once, not for each layer. */
static void warn_separator(const struct check *check)
{
    const struct settings *settings = check_settings(check);
    if (check->layer > 0 &&
        settings_same(&check->problem->layers[check->layer - 1].settings, settings, SETTING_SEPARATOR))
        return;
    const struct place *place = &check->inputs->tokens.place;
    warnings_add(check->warnings, "%s%sno token is the separator \"%s\": all is one document",
                 place->file ? place->file : "", place->file ? ": " : "", settings->separator);
}

static bool copy_segments(const struct check *check, int32_t *to, size_t count, enum input which,
                          const char *expected)
{
    const struct tensor *t = check_find(check, which);
    if (tensor_count(t) != count)
        return count_error(check, which, expected, count);
    for (size_t i = 0; i < count; i++) {
        float value = t->data[i];
        if (!(fabsf(value) <= 1 << 24) || value != floorf(value))
            return place_error(&t->place, check->error, "%s is %g at [%zu]: expected whole numbers",
                               input_names[which], (double)value, i);
        to[i] = (int32_t)value;
    }
    return true;
}

static bool check_segments(const struct check *check, struct problem_layer *layer)
{
    const struct problem *p = check->problem;
    const struct settings *settings = &layer->settings;
    const struct inputs *inputs = check->inputs;
    bool split = settings_have(settings, SETTING_SEPARATOR), given = check_find(check, INPUT_SEGMENTS);
    if (!split && !given)
        return true;
    int32_t *query = layer->query_segment = memory_zeroed(p->n, sizeof *query, check->error);
    int32_t *key = layer->key_segment = memory_zeroed(p->m, sizeof *key, check->error);
    if (!query || !key)
        return false;
    layer->rules.query_segment = query;
    layer->rules.key_segment = key;
    if (split) {
        const struct labels *keys = inputs->key_tokens.given ? &inputs->key_tokens : &inputs->tokens;
        if (!p->is_self && !inputs->key_tokens.given)
            return value_error(check, SETTING_SEPARATOR,
                               "key_tokens to split as well, for other keys than the queries, %zu", p->m);
        if (split_segments(query, p->n, &inputs->tokens, settings->separator) +
                split_segments(key, p->m, keys, settings->separator) ==
            0)
            warn_separator(check);
        return true;
    }
    bool own = check_find(check, INPUT_KEY_SEGMENTS);
    return copy_segments(check, query, p->n, INPUT_SEGMENTS, "a number for each query,") &&
           (own ? copy_segments(check, key, p->m, INPUT_KEY_SEGMENTS, "a number for each key,")
                : copy_segments(check, key, p->m, INPUT_SEGMENTS,
                                "without key_segments a number for each key,"));
}

static bool check_global(const struct check *check, struct problem_layer *layer)
{
    const struct problem *p = check->problem;
    const struct settings *settings = &layer->settings;
    if (!settings_have(settings, SETTING_GLOBAL))
        return true;
    uint8_t *query = layer->query_global = memory_zeroed(p->n, 1, check->error);
    uint8_t *key = layer->key_global = memory_zeroed(p->m, 1, check->error);
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
            return value_error(check, SETTING_GLOBAL, "positions below the number of keys, %zu", p->m);
    }
    return true;
}

static bool check_rules(const struct check *check, struct problem_layer *layer)
{
    const struct problem *p = check->problem;
    const struct settings *settings = &layer->settings;
    struct rules *rules = &layer->rules;
    rules->prefix = rules->causal ? settings->prefix : 0;
    rules->dilation = settings->dilation > 1 ? settings->dilation : 0;
    rules->block = settings->block;
    if (settings_have(settings, SETTING_KEY_LENGTH)) {
        rules->is_padded = true;
        rules->key_length = settings->key_length;
        if (rules->key_length > p->m)
            return value_error(check, SETTING_KEY_LENGTH, "at most the number of keys, %zu", p->m);
    }
    if (rules->block > 0 &&
        !check_matrix(check, INPUT_BLOCK_MASK, p->heads, size_divide_up(p->n, rules->block),
                      size_divide_up(p->m, rules->block)))
        return false;
    return check_vector(check, INPUT_KEY_MASK, p->m, INPUT_COUNT) && check_segments(check, layer) &&
           check_global(check, layer);
}

static bool check_recurrent(const struct check *check, struct problem_layer *layer)
{
    const struct problem *p = check->problem;
    const struct tensor *decay = layer->extra[INPUT_DECAY], *beta = layer->extra[INPUT_BETA],
                        *state = layer->extra[INPUT_STATE];
    if (layer->settings.recurrence == RECURRENCE_NONE)
        return true;
    if (p->n != p->m)
        return value_error(check, SETTING_RECURRENCE, "as many keys as queries, %zu", p->n);
    layer->rules.causal = true;
    if (decay && decay->shape[1] != p->kv_heads &&
        !check_matrix(check, INPUT_DECAY, 0, p->m, p->kv_heads * p->d_k))
        return false;
    if (beta && beta->shape[1] != 1 && !check_matrix(check, INPUT_BETA, 0, p->m, p->kv_heads))
        return false;
    if (state && (p->d_v == 0 || state->shape[0] != p->kv_heads || state->shape[1] != p->d_k ||
                  state->shape[2] != p->d_v))
        return place_error(&state->place, check->error, "%s: expected %zu×%zu×%zu, key/value heads×d_k×d_v",
                           phrase_tensor(INPUT_STATE, state).text, p->kv_heads, p->d_k, p->d_v);
    return (!decay || check_matrix(check, INPUT_DECAY, 0, p->m, 0)) &&
           (!beta || check_matrix(check, INPUT_BETA, 0, p->m, 0));
}

/* Residual and norm. */
static bool check_stack(const struct check *check, const struct problem_layer *layer)
{
    size_t width = check->problem->d_out;
    const struct tensor *x = layer->q.x;
    size_t inner = x ? x->shape[1] : width;
    if (layer->settings.residual && width != inner)
        return value_error(check, SETTING_RESIDUAL, "an output as wide as d_model, %zu, not %zu", inner,
                           width);
    if (layer->settings.norm == NORM_POST && width == 0)
        return value_error(check, SETTING_NORM, "an output, which needs v");
    if (layer->settings.norm == NORM_PRE)
        width = inner;
    return layer->settings.norm == NORM_NONE || (check_vector(check, INPUT_NORM_WEIGHT, width, INPUT_COUNT) &&
                                                 check_vector(check, INPUT_NORM_BIAS, width, INPUT_COUNT));
}

/* Whether the settings of the layer have a use for a tensor. */
static bool has_use_for(const struct problem_layer *layer, enum input which)
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
    case INPUT_INV_FREQ:
        return layer->settings.position == POSITION_ROTARY ||
               layer->settings.position == POSITION_ROTARY_INTERLEAVED;
    case INPUT_POSITIONS:
    case INPUT_KEY_POSITIONS:
        return layer->settings.position != POSITION_NONE;
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
    case INPUT_QUERY_SCALE:
    case INPUT_CENTERS:
    case INPUT_SIGMAS:
    case INPUT_Q_NORM:
    case INPUT_K_NORM:
    case INPUT_GATE:
    case INPUT_W_GATE:
    case INPUT_UNEMBED:
        return !layer->attention;
    default:
        return which >= INPUT_W_SCORE;
    }
}

/* The factors of scores and weights, one a query. */
static bool check_factors(const struct check *check, struct problem_layer *layer)
{
    const struct problem *p = check->problem;
    const struct tensor *centers = layer->extra[INPUT_CENTERS], *sigmas = layer->extra[INPUT_SIGMAS];
    layer->sigma = (float)layer->settings.sigma;
    bool each = centers && centers->rank == 2 && centers->shape[0] == p->heads && centers->shape[1] == p->n;
    if (!check_vector(check, INPUT_QUERY_SCALE, p->n, INPUT_COUNT) ||
        (!each && !check_vector(check, INPUT_CENTERS, p->n, INPUT_COUNT)) ||
        !check_vector(check, INPUT_SIGMAS, p->n, INPUT_COUNT))
        return false;
    for (size_t i = 0; sigmas && i < p->n; i++)
        if (!(sigmas->data[i] > 0))
            return place_error(&sigmas->place, check->error,
                               "sigmas is %g at [%zu]: expected numbers above 0", (double)sigmas->data[i], i);
    return true;
}

/* Lists of a number a head have as many as there are heads. */
static bool check_lists(const struct check *check, const struct problem_layer *layer)
{
    const struct settings *s = &layer->settings;
    const struct {
        enum setting which;
        const struct per_head *list;
    } lists[] = {{SETTING_SCALE, &s->scale},
                 {SETTING_SOFTCAP, &s->softcap},
                 {SETTING_TEMPERATURE, &s->temperature},
                 {SETTING_SINK, &s->sink},
                 {SETTING_DIFFERENTIAL, &s->differential}};
    if (s->window.count > 1 && s->window.count != check->problem->heads)
        return value_error(check, SETTING_WINDOW, "one window, or one for each of %zu heads, not %zu",
                           check->problem->heads, s->window.count);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (settings_have(s, lists[i].which) && lists[i].list->count > 1 &&
            lists[i].list->count != check->problem->heads)
            return value_error(check, lists[i].which, "one number, or one for each of %zu heads, not %zu",
                               check->problem->heads, lists[i].list->count);
    return true;
}

/* The norms of q and k: a weight for each column of a head, or of all heads. */
static bool check_qk_norms(const struct check *check, struct problem_layer *layer)
{
    const struct problem *p = check->problem;
    const struct tensor *q = layer->extra[INPUT_Q_NORM], *k = layer->extra[INPUT_K_NORM];
    bool epsilon = settings_have(&layer->settings, SETTING_QK_NORM_EPSILON);
    layer->qk_norm_epsilon = epsilon ? layer->settings.qk_norm_epsilon : 1e-6;
    return (!q || tensor_count(q) == layer->q.heads * p->d_k ||
            check_vector(check, INPUT_Q_NORM, p->d_k, INPUT_COUNT)) &&
           (!k || tensor_count(k) == layer->k.heads * p->d_key ||
            check_vector(check, INPUT_K_NORM, p->d_key, INPUT_COUNT));
}

/* The gate, or the projection that makes it: a column for each head, or each column of all heads. */
static bool check_gate(const struct check *check, const struct problem_layer *layer)
{
    const struct problem *p = check->problem;
    const struct tensor *gate = layer->extra[INPUT_GATE], *w = layer->extra[INPUT_W_GATE],
                        *t = gate ? gate : w;
    const enum input which = gate ? INPUT_GATE : INPUT_W_GATE;
    if (!t)
        return true;
    if (p->d_v == 0)
        return place_error(&t->place, check->error, "%s without v: there is no output to multiply",
                           input_names[which]);
    if (t->shape[1] != p->heads && t->shape[1] != p->heads * p->d_v)
        return place_error(&t->place, check->error,
                           "%s: expected %zu columns, one a head, or %zu, one a column of all heads",
                           phrase_tensor(which, t).text, p->heads, p->heads * p->d_v);
    const size_t inner = layer->q.previous ? p->d_out : layer->q.x ? layer->q.x->shape[1] : 0;
    return check_matrix(check, which, 0, gate ? p->n : inner, 0);
}

/* What comes after the last token, which the last layer says of its output. */
static bool check_unembed(const struct check *check, struct problem_layer *layer)
{
    const struct problem *p = check->problem;
    const struct labels *words = &check->inputs->vocabulary;
    if (layer->slice + 1 < p->layers_in_all)
        layer->extra[INPUT_UNEMBED] = NULL;
    const struct tensor *t = layer->extra[INPUT_UNEMBED];
    if (!t)
        return true;
    if (p->d_out == 0)
        return place_error(&t->place, check->error, "unembed without v: there is no output to multiply");
    if (t->shape[0] != p->d_out)
        return place_error(&t->place, check->error,
                           "%s and the output is %zu×%zu: expected as many rows as the output has columns%s",
                           phrase_tensor(INPUT_UNEMBED, t).text, p->n, p->d_out,
                           t->shape[1] == p->d_out ? "; its transpose would fit" : "");
    if (words->given && words->count != t->shape[1])
        return place_error(&words->place, check->error,
                           "vocabulary is %zu words and %s: expected a word for each column", words->count,
                           phrase_tensor(INPUT_UNEMBED, t).text);
    return true;
}

bool check_forms(const struct check *check, struct problem_layer *layer)
{
    for (enum input i = 0; i < INPUT_COUNT; i++)
        layer->extra[i] = has_use_for(layer, i) ? check_find(check, i) : NULL;
    if (!check_rules(check, layer) || !check_vector(check, INPUT_WORDS, check->problem->n, INPUT_COUNT) ||
        !check_vector(check, INPUT_KEY_WORDS, check->problem->m, INPUT_COUNT))
        return false;
    if (layer->attention)
        return true;
    return check_vector(check, INPUT_SINKS, check->problem->heads, INPUT_COUNT) &&
           check_score(check, layer) && check_recurrent(check, layer) && check_position(check, layer) &&
           check_lists(check, layer) && check_factors(check, layer) && check_qk_norms(check, layer) &&
           check_gate(check, layer) && check_stack(check, layer) && check_unembed(check, layer);
}
