#include "read/model_settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "problem/rope_setting.h"
#include "problem/setting_kinds.h"
#include "problem/settings_parse.h"

/* A layer on its way to settings. */
struct attending {
    const struct model *model;
    struct settings *settings;
    const struct settings *said;
    const struct model_widths *widths;
    size_t layer, head; /* its number; columns of a head, 0: not known (yet) */
    bool is_local;      /* it has the window */
    struct error *error;
};

/* Errors of a key name its place in the config, or the profile. */
static bool key_error(const struct attending *a, const char *keys, const char *message)
{
    const struct fact *fact = config_find(&a->model->config, keys);
    if (fact)
        return place_error(&fact->place, a->error, "%s: %s", fact->key, message);
    return error_set(a->error, ERROR_INPUT, "%s", message);
}

static bool set_text(const struct attending *a, enum setting which, const char *text, const char *keys)
{
    struct error why = {0};
    const struct fact *fact = config_find(&a->model->config, keys);
    if (!settings_parse(a->settings, which, text, setting_kinds[which].name, ERROR_INPUT, &why))
        return key_error(a, keys, why.message);
    a->settings->place[which] =
        fact ? fact->place : (struct place){.file = a->model->archive->sources[0].name};
    return true;
}

static bool set_number(const struct attending *a, enum setting which, double value, const char *keys)
{
    char text[40];
    snprintf(text, sizeof text, "%.17g", value);
    return set_text(a, which, text, keys);
}

/* A number of the config, or of its defaults; `otherwise` where there is none. */
static bool number_of(const struct attending *a, const char *keys, double otherwise, double *value)
{
    const char *text = model_value(a->model, keys);
    *value = otherwise;
    return !text || text_to_number(text, value) || key_error(a, keys, "expected a number");
}

/* ---- what is fixed ---- */

/* "causal=true position=rotary". */
static bool set_fixed(const struct attending *a, const char *fixed)
{
    for (const char *at = fixed; at && *at; at += strspn(at, " ")) {
        const size_t length = strcspn(at, " "), name = strcspn(at, "=");
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        word[name] = 0;
        const enum setting which = setting_named(word);
        if (which == SETTING_COUNT || !set_text(a, which, word + name + 1, ""))
            return false;
        at += length;
    }
    return true;
}

/* ---- keys ---- */

static bool is_word(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

static bool set_key(const struct attending *a, const struct profile_key *key)
{
    const char *text = model_value(a->model, key->keys);
    char element[CONFIG_ELEMENT];
    double number;
    if (!text || (key->part != PART_ONLY && key->part != a->model->part))
        return true;
    switch (key->value) {
    case VALUE_PLAIN:
        return set_text(a, key->setting, text, key->keys);
    case VALUE_SHARE_OF_HEAD:
        if (!number_of(a, key->keys, 1, &number))
            return false;
        if (!(number > 0 && number <= 1))
            return key_error(a, key->keys, "expected a number above 0, at most 1");
        number = floor(number * (double)a->head);
        return number < 1 || number >= (double)a->head || set_number(a, key->setting, number, key->keys);
    case VALUE_ROOT:
        if (!number_of(a, key->keys, 1, &number))
            return false;
        if (!(number > 0))
            return key_error(a, key->keys, "expected a number above 0");
        return set_number(a, key->setting, 1 / sqrt(number), key->keys);
    case VALUE_ALIBI_IF_TRUE:
        return !is_word(text, "true") || set_text(a, key->setting, "alibi", key->keys);
    case VALUE_ONE_IF_TRUE:
        return !is_word(text, "true") || set_text(a, key->setting, "1", key->keys);
    case VALUE_HEADS_IF_FALSE:
        return !is_word(text, "false") || set_text(a, key->setting, "heads", key->keys);
    case VALUE_DOT_IF_FALSE:
        return !is_word(text, "false") || set_text(a, key->setting, "dot", key->keys);
    case VALUE_OF_LAYER:
        if (!config_element(element, text, a->layer))
            return key_error(a, key->keys, "expected a number for each layer");
        if (strcmp(element, "0") == 0)
            return key_error(a, key->keys,
                             "a layer of 0 heads has no attention: expected others, by --layer");
        return set_text(a, key->setting, element, key->keys);
    }
    return true;
}

/* Keys of heads come first, for others are shares of a head; `heads`: these, else the others. */
static bool set_keys(const struct attending *a, bool heads)
{
    for (const struct profile_key *key = a->model->profile->keys; key->keys; key++) {
        const bool of_heads = key->setting == SETTING_HEADS || key->setting == SETTING_KV_HEADS;
        if (of_heads == heads && !set_key(a, key))
            return false;
    }
    return true;
}

/* ---- heads ---- */

/* Falcon: one K/V head for all unless multi_query is false; the new architecture says how many. */
static bool set_falcon_heads(const struct attending *a)
{
    const char *groups = model_value(a->model, "num_kv_heads n_head_kv");
    if (config_is_true(&a->model->config, "new_decoder_architecture") ||
        config_find(&a->model->config, "n_head_kv"))
        return !groups || set_text(a, SETTING_KV_HEADS, groups, "num_kv_heads n_head_kv");
    return is_word(model_value(a->model, "multi_query"), "false") ||
           set_text(a, SETTING_KV_HEADS, "1", "multi_query");
}

/* The number that is said on the command line or in the inputs, else in the config; 0: none. */
static size_t heads_in_force(const struct attending *a, enum setting which)
{
    const struct settings *s = settings_have(a->said, which) ? a->said : a->settings;
    return !settings_have(s, which) ? 0 : which == SETTING_HEADS ? s->heads : s->kv_heads;
}

static bool set_heads(struct attending *a)
{
    const struct model_widths *w = a->widths;
    if (!set_keys(a, true) || (a->model->profile->rule == RULE_FALCON && !set_falcon_heads(a)))
        return false;
    if (!w->q && !w->fused)
        return true;
    size_t heads = heads_in_force(a, SETTING_HEADS), kv_heads = heads_in_force(a, SETTING_KV_HEADS);
    if (w->head > 0 && w->q > 0 && w->q % w->head == 0 && !settings_have(a->said, SETTING_HEADS))
        heads = w->q / w->head;
    heads = heads ? heads : w->heads;
    if (heads == 0)
        return error_set(a->error, ERROR_INPUT,
                         "%s: no file says how many heads it has: expected --heads N, or --config FILE",
                         a->model->archive->sources[0].name);
    if (!kv_heads && w->q % heads == 0 && w->k > 0 && w->k % (w->q / heads) == 0)
        kv_heads = w->k / (w->q / heads);
    kv_heads = kv_heads ? kv_heads : heads;
    a->head = w->head ? w->head : w->q ? w->q / heads : w->fused / (heads + 2 * kv_heads);
    return set_number(a, SETTING_HEADS, (double)heads, "") &&
           (kv_heads == heads ? true : set_number(a, SETTING_KV_HEADS, (double)kv_heads, ""));
}

/* ---- windows ---- */

static bool wrong_type(const struct attending *a, const char *type)
{
    return error_set(a->error, ERROR_INPUT,
                     "%s: layer %zu is \"%s\", which has no attention that can be computed here: expected "
                     "others, by --layer",
                     a->model->config.file, a->layer, type);
}

/* Whether the layer has the window, by a list of types, *known: there is one. */
static bool find_type(struct attending *a, bool *known)
{
    char type[CONFIG_ELEMENT];
    const char *list = model_value(a->model, "layer_types attention_layers");
    *known = list && strchr(list, ',') && config_element(type, list, a->layer);
    if (!*known)
        return true;
    a->is_local = is_word(type, "sliding_attention") || is_word(type, "local");
    return a->is_local || is_word(type, "full_attention") || is_word(type, "global") ||
           is_word(type, "attention") || wrong_type(a, type);
}

/* Whether the layer has the window, by the place that it has in a period; or by a list of truths. */
static bool find_place(struct attending *a, double otherwise)
{
    static const char keys[] = "sliding_window_pattern .attention.sliding_window_pattern";
    char element[CONFIG_ELEMENT];
    double period = otherwise;
    const char *text = model_value(a->model, keys);
    if (text && strchr(text, ',')) {
        a->is_local = config_element(element, text, a->layer) && strcmp(element, "0") != 0 &&
                      strcmp(element, "false") != 0;
        return true;
    }
    if (!number_of(a, keys, otherwise, &period))
        return false;
    if (!(period >= 1 && period <= LAYERS_MAX))
        return key_error(a, keys, "expected a number of layers");
    a->is_local = a->layer % (size_t)period < (size_t)period - 1;
    return true;
}

static bool find_local(struct attending *a)
{
    bool known;
    double first;
    if (!find_type(a, &known))
        return false;
    if (known)
        return true;
    switch (a->model->profile->window) {
    case WINDOW_NONE:
        break;
    case WINDOW_ALL:
        a->is_local = true;
        break;
    case WINDOW_EVEN:
        return find_place(a, 2);
    case WINDOW_ODD:
        a->is_local = a->layer % 2 == 1;
        break;
    case WINDOW_BUT_LAST:
        return find_place(a, 6);
    case WINDOW_FROM_LAYER:
        if (!number_of(a, "max_window_layers", 0, &first))
            return false;
        a->is_local = (double)a->layer >= first;
        break;
    }
    return true;
}

static bool set_window(struct attending *a)
{
    static const char keys[] = "sliding_window window_size .attention.sliding_window";
    double width;
    char text[40];
    if (is_word(model_value(a->model, "use_bidirectional_attention"), "true"))
        return key_error(a, "use_bidirectional_attention",
                         "this model looks both ways: expected false, or no such key");
    if (!find_local(a) || !number_of(a, keys, 0, &width))
        return false;
    if (is_word(model_value(a->model, "use_sliding_window"), "false") || width == 0)
        a->is_local = false;
    if (!a->is_local)
        return true;
    if (!(width >= 1 && width <= INT32_MAX))
        return key_error(a, keys, "expected a number of tokens of 1 or more");
    snprintf(text, sizeof text, "%.0f,0", width - 1);
    return set_text(a, SETTING_WINDOW, text, keys);
}

/* ---- rotary ---- */

static bool rope_key(const struct attending *a, const char *key, const char *text, const struct fact *fact)
{
    struct error why = {0};
    if (rope_set(&a->settings->rope_scaling, key, text, "rope_scaling", ERROR_INPUT, &why))
        return true;
    return fact ? place_error(&fact->place, a->error, "%s", why.message)
                : error_set(a->error, ERROR_INPUT, "%s", why.message);
}

/* The name of a key in a member of objects, "rope_scaling.factor" or "text_config.rope_scaling.factor"; NULL: it is none
 * of them. */
static const char *key_in(const char *key, const char *object)
{
    const char *at = text_begins(key, "text_config.") ? key + strlen("text_config.") : key;
    return text_begins(at, object) && !strchr(at + strlen(object), '.') ? at + strlen(object) : NULL;
}

/* Keys that are settings of their own, or change nothing. */
static bool is_said_elsewhere(const char *key)
{
    static const char *const keys[] = {"rope_theta", "partial_rotary_factor", "mrope_section", "finetuned"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

/* The lengths that some types go by stand outside of the object. */
static bool set_lengths(const struct attending *a, const char *type)
{
    static const char *const keys[] = {"original_max_position_embeddings", "max_position_embeddings"};
    const struct rope_scaling *scaling = &a->settings->rope_scaling;
    if (strcmp(type, "linear") == 0)
        return true;
    for (int i = 0; i < 2; i++) {
        const char *text = model_value(a->model, keys[i]);
        const bool there =
            i == 0 ? scaling->original_max_position_embeddings > 0
                   : scaling->max_position_embeddings > 0 ||
                         (strcmp(type, "llama3") == 0 && scaling->original_max_position_embeddings > 0);
        if (text && !there && !rope_key(a, keys[i], text, config_find(&a->model->config, keys[i])))
            return false;
    }
    return true;
}

/* The object of Hugging Face. */
static bool set_scaling(const struct attending *a, const char *object)
{
    char keys[120];
    snprintf(keys, sizeof keys, "%srope_type %stype", object, object);
    const char *type = model_value(a->model, keys);
    if (!type || strcmp(type, "default") == 0 || strcmp(type, "mrope") == 0)
        return true;
    if (!rope_key(a, "rope_type", type, config_find(&a->model->config, keys)))
        return false;
    for (size_t i = 0; i < a->model->config.count; i++) {
        const struct fact *fact = &a->model->config.facts[i];
        const char *key = key_in(fact->key, object);
        if (!key || strcmp(fact->text, "null") == 0 || strcmp(key, "type") == 0 ||
            strcmp(key, "rope_type") == 0 || is_said_elsewhere(key))
            continue;
        if (!rope_key(a, key, fact->text, fact))
            return false;
    }
    settings_mark(a->settings, SETTING_ROPE_SCALING);
    return set_lengths(a, type);
}

/* GGUF: the factors of longrope are tensors (read/model_layers.c). */
static bool set_gguf_scaling(const struct attending *a)
{
    const char *type = model_value(a->model, ".rope.scaling.type");
    const char *factor = model_value(a->model, ".rope.scaling.factor");
    const char *length = model_value(a->model, ".rope.scaling.original_context_length");
    double share, stretch;
    if (!type || strcmp(type, "none") == 0)
        return true;
    if (!rope_key(a, "rope_type", type, config_find(&a->model->config, ".rope.scaling.type")) ||
        (factor && !rope_key(a, "factor", factor, NULL)) ||
        (length && strcmp(type, "linear") != 0 &&
         !rope_key(a, "original_max_position_embeddings", length, NULL)) ||
        !number_of(a, ".rope.scaling.attn_factor", 0, &share) ||
        !number_of(a, ".rope.scaling.factor", 1, &stretch))
        return false;
    settings_mark(a->settings, SETTING_ROPE_SCALING);
    if (share > 0 && strcmp(type, "linear") != 0) {
        /* llama.cpp multiplies yarn's own factor by it. */
        char text[40];
        const double own = strcmp(type, "yarn") == 0 && stretch > 1 ? 0.1 * log(stretch) + 1 : 1;
        snprintf(text, sizeof text, "%.9g", share * own);
        return rope_key(a, "attention_factor", text, NULL);
    }
    return true;
}

/* Llama 3.1 as Meta has it: model.py of meta-llama/llama-models, apply_scaling. */
static bool set_meta_scaling(const struct attending *a)
{
    const char *factor = model_value(a->model, "rope_scaling_factor");
    char text[160];
    if (!config_is_true(&a->model->config, "use_scaled_rope"))
        return true;
    snprintf(text, sizeof text,
             "llama3:factor=%.20s,low_freq_factor=1,high_freq_factor=4,original_max_position_embeddings=8192",
             factor ? factor : "8");
    return set_text(a, SETTING_ROPE_SCALING, text, "use_scaled_rope");
}

/* Layers with the window may have frequencies of their own. */
static bool set_rotary(const struct attending *a)
{
    static const char own[] = "rope_parameters.sliding_attention.rope_theta rope_local_base_freq";
    const char *base = a->is_local ? model_value(a->model, own) : NULL;
    const char *rotates = model_value(a->model, "no_rope_layers");
    char element[CONFIG_ELEMENT];
    if (rotates && config_element(element, rotates, a->layer) && strcmp(element, "0") == 0)
        return set_text(a, SETTING_POSITION, "none", "no_rope_layers");
    if (base)
        return set_text(a, SETTING_POSITION_BASE, base, own) &&
               set_scaling(a, "rope_parameters.sliding_attention.");
    return set_scaling(a, "rope_scaling.") && set_scaling(a, "rope_parameters.") &&
           set_scaling(a, "rope_parameters.full_attention.") && set_gguf_scaling(a) &&
           (a->model->profile->rule != RULE_META_SCALING || set_meta_scaling(a));
}

void model_tidy_position(struct settings *settings, int position)
{
    for (enum setting i = 0; i < SETTING_COUNT; i++) {
        const bool rotary = position == POSITION_ROTARY || position == POSITION_ROTARY_INTERLEAVED;
        if (setting_kinds[i].role != ROLE_POSITION || i == SETTING_POSITION ||
            (i == SETTING_MAX_DISTANCE ? position == POSITION_RELATIVE : rotary))
            continue;
        settings->given &= ~(UINT64_C(1) << i);
    }
    if (!settings_have(settings, SETTING_ROPE_SCALING))
        memset(&settings->rope_scaling, 0, sizeof settings->rope_scaling);
}

/* ---- scale ---- */

/* Some models cut q, k and v off at a number, which is not done here. */
static bool check_clip(const struct attending *a)
{
    static const char keys[] = "clip_qkv .attention.clamp_kqv";
    const char *text = model_value(a->model, keys);
    double most;
    return !text || (text_to_number(text, &most) && most == 0) ||
           key_error(a, keys, "q, k and v are cut off there, which is not computed here: expected null");
}

static bool set_model_scale(const struct attending *a)
{
    double size, heads, blocks;
    if (a->model->profile->rule == RULE_LAYER_SCALE &&
        config_is_true(&a->model->config, "scale_attn_by_inverse_layer_idx") && a->head > 0) {
        const double own = settings_have(a->settings, SETTING_SCORE) ? 1 : 1 / sqrt((double)a->head);
        return set_number(a, SETTING_SCALE, own / (double)(a->layer + 1), "scale_attn_by_inverse_layer_idx");
    }
    if (a->model->profile->rule != RULE_GEMMA_27B)
        return true;
    if (!number_of(a, ".block_count", 0, &blocks) || !number_of(a, ".embedding_length", 0, &size) ||
        !number_of(a, ".attention.head_count", 0, &heads))
        return false;
    return !((blocks == 46 || blocks == 62) && size > 0 && heads > 0) ||
           set_number(a, SETTING_SCALE, sqrt(heads / size), ".embedding_length");
}

bool model_settings(struct settings *settings, size_t *columns, const struct model *model, size_t layer,
                    const struct model_widths *widths, const struct settings *said, struct error *error)
{
    struct attending a = {
        .model = model, .settings = settings, .said = said, .widths = widths, .layer = layer, .error = error};
    const bool ok = check_clip(&a) && set_fixed(&a, model->profile->fixed[PART_ONLY]) &&
                    (model->part == PART_ONLY || set_fixed(&a, model->profile->fixed[model->part])) &&
                    set_heads(&a) && set_keys(&a, false) && set_window(&a) && set_rotary(&a) &&
                    set_model_scale(&a);
    *columns = a.head;
    return ok;
}
