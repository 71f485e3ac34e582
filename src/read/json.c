/*
 * The JSON reader: the meaning of the keys. json_scan.c and json_arrays.c check the text and take it apart,
 * json_values.c reads single values. Shapes are checked in problem/.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"
#include "problem/rope_setting.h"
#include "problem/setting_kinds.h"
#include "read/dump_names.h"
#include "read/json.h"
#include "read/json_layers.h"
#include "read/json_masks.h"
#include "read/json_names.h"
#include "read/json_numbering.h"
#include "read/json_steps.h"
#include "read/json_values.h"
#include "read/read.h"

enum { WARNINGS_MAX = 8 };

/* The keys beside tensors and settings. */
static const char *const other_keys[] = {"tokens", "key_tokens", "layers",    "title",
                                         "grid",   "schema",     "vocabulary"};
enum { OTHER_KEYS = sizeof other_keys / sizeof *other_keys };

/* One file on its way into inputs. */
struct reading {
    struct json json;
    struct inputs *inputs;
    const struct read_target *target;
    struct warnings *warnings;
    struct error *error;
    size_t ignored;   /* unknown keys so far */
    bool has_weights; /* of a result whose arrays lie elsewhere */
};

static int compare_names(const void *a, const void *b)
{
    const struct json_member *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order ? order : (left->offset > right->offset) - (left->offset < right->offset);
}

static bool check_twice(struct reading *reading, const struct json_members *members)
{
    struct json_member *sorted = memory_alloc(members->count, sizeof *sorted, reading->error);
    if (!sorted)
        return false;
    if (members->count)
        memcpy(sorted, members->list, members->count * sizeof *sorted);
    qsort(sorted, members->count, sizeof *sorted, compare_names);
    const struct json_member *twice = NULL;
    for (size_t i = 1; i < members->count; i++)
        if (strcmp(sorted[i - 1].name, sorted[i].name) == 0 && (!twice || sorted[i].offset < twice->offset))
            twice = &sorted[i];
    if (twice)
        source_error(reading->json.source, twice->offset, reading->error,
                     "the key \"%s\" stands twice in one object: expected it once", twice->name);
    free(sorted);
    return !twice;
}

/* The members of an object in their order, keys without the offset that the skeleton has behind them. The
 * caller frees the list. Errors: a key that stands twice, memory. */
static bool list_members(struct reading *reading, cJSON *object, struct json_members *members)
{
    members->count = json_list_length(object);
    members->list = memory_alloc(members->count, sizeof *members->list, reading->error);
    if (!members->list)
        return false;
    size_t i = 0;
    for (cJSON *child = object->child; child; child = child->next, i++) {
        char *colon = strrchr(child->string, ':');
        *colon = 0;
        members->list[i] = (struct json_member){child->string, strtoull(colon + 1, NULL, 10), child};
    }
    return check_twice(reading, members);
}

static const struct json_member *find_member(const struct json_members *members, const char *name)
{
    for (size_t i = 0; i < members->count; i++)
        if (strcmp(members->list[i].name, name) == 0 && !cJSON_IsNull(members->list[i].item))
            return &members->list[i];
    return NULL;
}

/* The key of attn's own that is nearest to a name, or NULL. */
static const char *nearest_key(const char *name)
{
    /* Words of their own, which look like a key by accident. */
    if (strcasecmp(name, "labels") == 0)
        return "tokens";
    if (strcasecmp(name, "stats") == 0 || strcasecmp(name, "scores") == 0)
        return NULL;
    const char *known[INPUT_COUNT + SETTING_COUNT + OTHER_KEYS + 1];
    size_t count = 0;
    for (int i = 0; i < INPUT_COUNT; i++)
        known[count++] = input_names[i];
    for (int i = 0; i < SETTING_COUNT; i++)
        known[count++] = setting_kinds[i].name;
    for (int i = 0; i < OTHER_KEYS; i++)
        known[count++] = other_keys[i];
    known[count] = NULL;
    return text_nearest(name, known);
}

/* Whether a name is one of the keys that change the result, misspelt: a letter or two are wrong, or in words of up to
 * five letters one that is not the first. */
static bool is_misspelt(const char *name, const char *near)
{
    enum { SHORTEST = 4, SHORT = 5 };
    const size_t length = strlen(name), wrong = text_distance(name, near);
    if (input_named(near) == INPUT_COUNT && setting_named(near) == SETTING_COUNT &&
        strcmp(near, "layers") != 0)
        return false;
    return length >= SHORTEST &&
           (wrong == 0 || (length <= SHORT ? wrong == 1 && *name == *near : wrong <= 2));
}

/* A key that is not read: a warning, and an error if it would change the result. `why` says the reason, NULL
 * for a key that has no meaning anywhere. */
static bool ignore_key(struct reading *reading, const struct json_member *member, const char *why)
{
    const char *name = member->name;
    if (name[0] == '_' || text_begins(name, "x-"))
        return true;
    const bool is_off = cJSON_IsFalse(member->item); /* a switch, as in a model's configuration */
    const char *near = why || is_off ? NULL : nearest_key(name),
               *advice = why || is_off ? NULL : json_names_advice(name);
    if (near && !advice && is_misspelt(name, near))
        advice = "";
    struct place place = source_place(reading->json.source, member->offset);
    if (advice && *advice)
        return place_error(&place, reading->error,
                           "the key \"%s\" is not understood, and would change the result: %s", name, advice);
    if (advice && near)
        return place_error(&place, reading->error,
                           "the key \"%s\" is not understood, and would change the result; did you mean "
                           "\"%s\"?",
                           name, near);
    if (advice)
        return place_error(&place, reading->error,
                           "the key \"%s\" is not understood, and would change the result; a key that begins "
                           "with x- is passed over",
                           name);
    if (reading->ignored++ >= WARNINGS_MAX)
        return true;
    if (why)
        warnings_add(reading->warnings, "%s:%zu:%zu: the key \"%s\" is ignored: %s", place.file, place.line,
                     place.column, name, why);
    else if (near)
        warnings_add(reading->warnings, "%s:%zu:%zu: the unknown key \"%s\" is ignored; did you mean \"%s\"?",
                     place.file, place.line, place.column, name, near);
    else
        warnings_add(reading->warnings, "%s:%zu:%zu: the unknown key \"%s\" is ignored", place.file,
                     place.line, place.column, name);
    return true;
}

/* Says what a name of other software was taken for. */
static void note_name(struct reading *reading, const struct json_member *member, const char *own)
{
    struct place place = source_place(reading->json.source, member->offset);
    warnings_add(&reading->inputs->notes, "%s:%zu:%zu: %s is taken for %s", place.file, place.line,
                 place.column, member->name, own);
}

/* Attention whose rows grow, with a mask of the keys that did not exist yet; *are_steps: it is that. */
static bool put_steps(struct reading *reading, const struct json_member *member, struct layer_inputs *layer,
                      bool *are_steps)
{
    const struct number_array *array = json_array(&reading->json, member->item);
    struct json_steps steps = {0};
    bool ok = !array || json_steps_read(&steps, &reading->json, array, member->name, reading->error);
    *are_steps = ok && steps.count > 0;
    if (*are_steps) {
        const struct place place = steps.attention.place;
        const bool grow = steps.mask.data;
        warnings_add(&reading->inputs->notes, "%s:%zu:%zu: %s has %s%zu steps of a generation", place.file,
                     place.line, place.column, member->name, grow ? "rows that grow: " : "", steps.count);
        ok = grow && layer->tensor[INPUT_MASK].data
                 ? place_error(&place, reading->error,
                               "%s has rows that grow, so that keys which come later are masked: expected no "
                               "mask beside it",
                               member->name)
                 : (!grow || layer != &reading->inputs->all ||
                    inputs_put_steps_offset(reading->inputs, &steps.mask, reading->error)) &&
                       inputs_put_tensor(&layer->tensor[INPUT_ATTENTION], &steps.attention, "attention",
                                         reading->error) &&
                       (!grow ||
                        inputs_put_tensor(&layer->tensor[INPUT_MASK], &steps.mask, "mask", reading->error));
    }
    json_steps_free(&steps);
    return ok;
}

/* Sees to it that there is room for so many layers, and no more. */
static bool need_layers(struct reading *reading, const struct json_member *member, size_t count)
{
    struct inputs *inputs = reading->inputs;
    if (count > LAYERS_MAX)
        return source_error(reading->json.source, member->offset, reading->error,
                            "%s holds %zu layers: expected at most %d", member->name, count, LAYERS_MAX);
    if (inputs->layers && inputs->layer_count != count)
        return source_error(reading->json.source, member->offset, reading->error,
                            "%s holds %zu layers: expected %zu, as elsewhere", member->name, count,
                            inputs->layer_count);
    if (!inputs->layers)
        inputs->layers = memory_zeroed(count, sizeof *inputs->layers, reading->error);
    inputs->layer_count = inputs->layers ? count : 0;
    return inputs->layers;
}

/* A list of layers of different size; *are_layers: it is that. */
static bool put_layers(struct reading *reading, const struct json_member *member, enum input input,
                       bool *are_layers)
{
    const struct number_array *array = json_array(&reading->json, member->item);
    struct json_layers layers = {0};
    bool ok = !array || json_layers_read(&layers, &reading->json, array, reading->error);
    *are_layers = ok && layers.count > 0;
    ok = ok && (!*are_layers || need_layers(reading, member, layers.count));
    for (size_t l = 0; ok && l < layers.count; l++)
        ok = inputs_put_tensor(&reading->inputs->layers[l].tensor[input], &layers.tensor[l],
                               input_names[input], reading->error);
    json_layers_free(&layers);
    return ok;
}

/* Leaves the sequence that is wanted of layers×batch×heads×n×m, as Hugging Face returns attentions. */
static bool choose_sequence(struct reading *reading, const struct json_member *member, enum input input)
{
    const size_t batch = reading->target->batch;
    struct number_array *array = json_array(&reading->json, member->item);
    if (!reading->target->has_batch || !array || array->uneven.offset ||
        (array->depth != TENSOR_RANK_MAX + 1 && !array->had_batch))
        return true;
    const size_t count = array->had_batch ? 1 : array->tensor.shape[1];
    if (batch >= count)
        return source_error(reading->json.source, member->offset, reading->error,
                            "%s has a batch of %zu: expected --batch below that", member->name, count);
    reading->inputs->batch_size = count;
    reading->inputs->batch_is_taken[input] = true;
    if (!array->had_batch)
        json_array_batch(array, batch);
    return true;
}

static bool put_tensor(struct reading *reading, const struct json_member *member, enum input input,
                       struct layer_inputs *layer)
{
    struct tensor *tensor = NULL;
    if (!choose_sequence(reading, member, input))
        return false;
    bool are_steps = false, are_layers = false;
    if (input == INPUT_ATTENTION && (!put_steps(reading, member, layer, &are_steps) || are_steps))
        return are_steps && reading->error->kind == ERROR_NONE;
    if (layer == &reading->inputs->all && (!put_layers(reading, member, input, &are_layers) || are_layers))
        return are_layers && reading->error->kind == ERROR_NONE;
    return json_get_tensor(&reading->json, member, &tensor, reading->error) &&
           inputs_put_tensor(&layer->tensor[input], tensor, input_names[input], reading->error);
}

static bool put_labels(struct reading *reading, const struct json_member *member, struct labels *to,
                       const char *called)
{
    struct labels labels = {0};
    bool ok = json_get_labels(&reading->json, member, &labels, reading->error) &&
              inputs_put_labels(to, &labels, called, reading->error);
    labels_free(&labels);
    return ok;
}

/* Labels: one list, or one a layer. A list of one list is a batch of 1. */
static bool put_all_labels(struct reading *reading, const struct json_member *member, bool keys)
{
    struct inputs *inputs = reading->inputs;
    const cJSON *first = cJSON_IsArray(member->item) ? member->item->child : NULL;
    if (!cJSON_IsArray(first))
        return put_labels(reading, member, keys ? &inputs->key_tokens : &inputs->tokens, member->name);
    struct json_member list = {member->name, member->offset, member->item->child};
    const bool has_batch = reading->target->has_batch;
    for (size_t i = 0; has_batch && i < reading->target->batch && list.item; i++)
        list.item = list.item->next;
    if (!list.item)
        return source_error(reading->json.source, member->offset, reading->error,
                            "%s has no list %zu: expected one for each sequence of the batch", member->name,
                            reading->target->batch);
    if (!first->next || has_batch)
        return put_labels(reading, &list, keys ? &inputs->key_tokens : &inputs->tokens, member->name);
    if (!need_layers(reading, member, json_list_length(member->item)))
        return false;
    for (size_t l = 0; l < inputs->layer_count; l++, list.item = list.item->next) {
        struct layer_inputs *layer = &inputs->layers[l];
        if (!put_labels(reading, &list, keys ? &layer->key_tokens : &layer->tokens, member->name))
            return false;
    }
    return true;
}

/* Reads rope_scaling, an object with a value for each of its keys. */
static bool read_rope_scaling(struct reading *reading, const struct json_member *member,
                              struct settings *settings)
{
    struct json_members members;
    struct json *json = &reading->json;
    if (settings_have(settings, SETTING_ROPE_SCALING))
        return source_error(json->source, member->offset, reading->error,
                            "%s is given twice: expected it once, and it was read before", member->name);
    if (!cJSON_IsObject(member->item))
        return json_wrong_kind(json, member, "an object, or a word such as \"linear:factor=8\"",
                               reading->error);
    bool ok = list_members(reading, member->item, &members);
    for (size_t i = 0; ok && i < members.count; i++) {
        const struct json_member *key = &members.list[i];
        if (cJSON_IsNull(key->item))
            continue;
        struct error why = {0};
        char *text =
            rope_has_key(key->name)
                ? json_setting_text(json, key, "a number, a word, or a list of numbers", reading->error)
                : text_copy("");
        if (!text)
            error_memory(reading->error, 1);
        ok = text && (rope_set(&settings->rope_scaling, key->name, text, member->name, ERROR_INPUT, &why) ||
                      source_error(json->source, key->offset, reading->error, "%s", why.message));
        free(text);
    }
    free(members.list);
    if (!ok)
        return false;
    settings_mark(settings, SETTING_ROPE_SCALING);
    settings->place[SETTING_ROPE_SCALING] = source_place(json->source, member->offset);
    return true;
}

/* Reads a mask under a name of other software, and says what it was taken for. */
static bool put_mask(struct reading *reading, const struct json_member *member, enum name_sense sense,
                     struct layer_inputs *layer)
{
    struct tensor *tensor = NULL;
    enum input input;
    if (!json_get_tensor(&reading->json, member, &tensor, reading->error))
        return false;
    const struct json_mask mask = {tensor, member->name, layer, &input, reading->warnings, reading->error};
    if (!json_put_mask(&mask, sense))
        return false;
    note_name(reading, member, input_names[input]);
    return true;
}

/* A number as causal is an offset; 0 and 1 may have been meant as false and true. */
static void warn_causal_number(struct reading *reading, const struct json_member *member)
{
    const char *text = reading->json.source->data + member->offset;
    const struct place place = source_place(reading->json.source, member->offset);
    if (!cJSON_IsNumber(member->item) || (*text != '0' && *text != '1') || (text[1] >= '0' && text[1] <= '9'))
        return;
    warnings_add(reading->warnings, "%s:%zu:%zu: causal is %c, an offset: %s", place.file, place.line,
                 place.column, *text,
                 *text == '0' ? "it masks as true does; false masks nothing"
                              : "query i sees keys up to i + 1; true is causal without an offset");
}

/* Reads a key that the whole and each layer may have, a tensor or a setting; *known: it was one of them. */
static bool read_layer_key(struct reading *reading, const struct json_member *member,
                           struct layer_inputs *layer, bool *known)
{
    const struct other_name *other = json_names_other(member->name);
    const char *name = other ? other->own : member->name;
    enum input input = strcmp(name, "weights") == 0 ? INPUT_ATTENTION : input_named(name);
    enum setting setting = setting_named(name);
    /* A list in the place of a number is one a query, or one a head that may be null. */
    if (setting == SETTING_SIGMA && cJSON_IsArray(member->item))
        input = INPUT_SIGMAS;
    if (setting == SETTING_SINK && cJSON_IsArray(member->item))
        input = INPUT_SINKS;
    *known = input < INPUT_COUNT || setting < SETTING_COUNT;
    if (other && other->sense >= NAME_KEEPS)
        return put_mask(reading, member, other->sense, layer);
    if (other)
        note_name(reading, member, name);
    if (input < INPUT_COUNT && other && other->sense == NAME_OUT_IN)
        return put_tensor(reading, member, input, layer) && (layer->tensor[input].is_out_in = true);
    if (input < INPUT_COUNT)
        return put_tensor(reading, member, input, layer);
    if (setting == SETTING_ROPE_SCALING && !cJSON_IsString(member->item))
        return read_rope_scaling(reading, member, &layer->settings);
    if (setting == SETTING_CAUSAL)
        warn_causal_number(reading, member);
    if (setting < SETTING_COUNT)
        return json_parse_setting(&reading->json, member, setting, &layer->settings, reading->error);
    return true;
}

/* `weights` and `attention` are the same thing. */
static bool check_weights(struct reading *reading, const struct json_members *members)
{
    const struct json_member *weights = find_member(members, "weights");
    if (weights && find_member(members, "attention"))
        return source_error(reading->json.source, weights->offset, reading->error,
                            "\"weights\" and \"attention\" are both given: expected one of them");
    return true;
}

static bool read_layer(struct reading *reading, cJSON *object, struct layer_inputs *layer)
{
    struct json_members members;
    bool ok = list_members(reading, object, &members) && check_weights(reading, &members);
    for (size_t i = 0; ok && i < members.count; i++) {
        const struct json_member *member = &members.list[i];
        bool known, other = false;
        if (cJSON_IsNull(member->item))
            continue;
        if (strcmp(member->name, "tokens") == 0 || strcmp(member->name, "key_tokens") == 0) {
            ok = put_labels(reading, member, *member->name == 'k' ? &layer->key_tokens : &layer->tokens,
                            member->name);
            continue;
        }
        if (strcmp(member->name, "title") == 0) {
            ok = json_get_text(&reading->json, member, &layer->title, reading->error);
            continue;
        }
        if (strcmp(member->name, "grid") == 0) {
            ok = json_get_grid(&reading->json, member, layer->patch_grid, &layer->patch_grid_place,
                               reading->error);
            continue;
        }
        ok = read_layer_key(reading, member, layer, &known);
        for (int j = 0; j < OTHER_KEYS; j++)
            other |= strcmp(member->name, other_keys[j]) == 0;
        if (ok && !known)
            ok = ignore_key(reading, member, other ? "it belongs outside of the layers" : NULL);
    }
    free(members.list);
    return ok;
}

static bool read_layers(struct reading *reading, const struct json_member *member)
{
    struct inputs *inputs = reading->inputs;
    if (!json_expect_objects(&reading->json, member, reading->error))
        return false;
    size_t count = json_list_length(member->item);
    if (count > LAYERS_MAX)
        return source_error(reading->json.source, member->offset, reading->error,
                            "layers holds %zu objects: expected at most %d", count, LAYERS_MAX);
    if (inputs->layers_given)
        return source_error(reading->json.source, member->offset, reading->error,
                            "layers is given twice: expected it once, and an earlier file has it");
    if (!need_layers(reading, member, count))
        return false;
    inputs->layers_given = true;
    size_t i = 0;
    for (cJSON *layer = member->item->child; layer; layer = layer->next)
        if (!read_layer(reading, layer, &inputs->layers[i++]))
            return false;
    return true;
}

/* A whole number, or a list of them, one a layer. */
static bool read_offsets(struct reading *reading, const struct json_member *member)
{
    static const char expected[] = "a whole number, or a list of them, one a layer";
    const int64_t most = INT64_C(1) << 40;
    struct inputs *inputs = reading->inputs;
    char *text = json_setting_text(&reading->json, member, expected, reading->error), *rest = text;
    if (!text)
        return false;
    size_t count = 1;
    for (const char *p = text; *p; p++)
        count += *p == ',';
    free(inputs->offsets);
    inputs->offset_count = 0;
    inputs->offset_place = source_place(reading->json.source, member->offset);
    inputs->offsets = memory_alloc(count, sizeof *inputs->offsets, reading->error);
    bool ok = inputs->offsets;
    while (ok && rest) {
        int64_t offset = 0;
        ok = (text_to_integer(strsep(&rest, ","), &offset) && offset >= -most && offset <= most) ||
             json_wrong_kind(&reading->json, member, expected, reading->error);
        if (ok)
            inputs->offsets[inputs->offset_count++] = offset;
    }
    free(text);
    return ok;
}

/* Whether weights cannot be understood without the setting: they may be negative, or not sum to 1. */
static bool is_provenance(enum setting setting)
{
    return setting == SETTING_RECURRENCE || setting == SETTING_SINK || setting == SETTING_DROPOUT ||
           setting == SETTING_NORMALIZER || setting == SETTING_SIGMA || setting == SETTING_DIFFERENTIAL;
}

/* Reads `config` of a file that attn wrote. Settings that make weights of q and k, causal and
 * window are applied again. Positions and other masks are not: their effect is already in the
 * stages and in `mask`. If the file holds weights (`own`), the settings under which they were
 * computed and their offset are kept too. */
static bool read_config(struct reading *reading, const struct json_member *member, bool own)
{
    struct json_members members;
    if (!cJSON_IsObject(member->item))
        return json_wrong_kind(&reading->json, member, "an object", reading->error);
    const unsigned roles = own ? ROLE_INPUT | ROLE_BAND : ROLE_INPUT | ROLE_BAND | ROLE_SCALE | ROLE_WEIGHT;
    bool ok = list_members(reading, member->item, &members);
    for (size_t i = 0; ok && i < members.count; i++) {
        const struct json_member *entry = &members.list[i];
        enum setting setting = setting_named(entry->name);
        if (cJSON_IsNull(entry->item))
            continue;
        if ((setting == SETTING_HEADS || setting == SETTING_KV_HEADS) && cJSON_IsArray(entry->item))
            continue; /* of layers that differ in them: the tensors have an axis for them */
        if (own && strcmp(entry->name, "offset") == 0) {
            ok = read_offsets(reading, entry);
        } else if (own && is_provenance(setting)) {
            struct settings *made = &reading->inputs->provenance;
            ok = json_parse_setting(&reading->json, entry, setting, made, reading->error);
            /* Of the normalizers, only the sigmoid makes weights that are no shares. */
            if (setting == SETTING_NORMALIZER && made->normalizer != NORMALIZER_SIGMOID)
                made->given &= ~(UINT64_C(1) << setting);
            reading->inputs->is_partial = reading->inputs->is_partial || settings_in_force(made, setting);
        } else if (setting < SETTING_COUNT && setting_kinds[setting].role & roles) {
            ok = json_parse_setting(&reading->json, entry, setting, &reading->inputs->all.settings,
                                    reading->error);
        }
    }
    free(members.list);
    return ok;
}

/* Whether an object has a member of that name that is true. */
static bool holds_true(const struct json_members *members, const char *name)
{
    for (size_t i = 0; i < members->count; i++)
        if (strcmp(members->list[i].name, name) == 0)
            return cJSON_IsTrue(members->list[i].item);
    return false;
}

/* The numbers of layers and heads in what attn wrote itself. A part of the rows need not sum to 1. */
static bool read_selection(struct reading *reading, const struct json_member *member)
{
    struct json_members members;
    if (!cJSON_IsObject(member->item))
        return json_wrong_kind(&reading->json, member, "an object", reading->error);
    const bool ok = list_members(reading, member->item, &members) &&
                    json_get_numbering(&reading->json, &members, &reading->inputs->numbering, reading->error);
    if (ok && !holds_true(&members, "whole_rows"))
        reading->inputs->is_partial = true;
    free(members.list);
    return ok;
}

/* Keeps every step-th label: one for each row or column of cells. */
static void thin_labels(struct labels *labels, size_t step)
{
    size_t kept = 0;
    for (size_t i = 0; i < labels->count; i++) {
        if (i % step == 0)
            labels->text[kept++] = labels->text[i];
        else
            free(labels->text[i]);
    }
    labels->count = kept;
}

/* How many tokens a row or column of cells stands for, from an object that attn wrote: 1 or more. */
static size_t tokens_per_cell(const struct reading *reading, const struct json_members *members,
                              const char *name)
{
    const struct json_member *member = find_member(members, name);
    if (!member || !cJSON_IsNumber(member->item))
        return 1;
    long step = strtol(reading->json.source->data + member->offset, NULL, 10);
    return step > 1 ? (size_t)step : 1;
}

/* Pooled weights are read as weights of cells; a cell has the label of its first token. */
static bool read_pooled(struct reading *reading, const struct json_member *member)
{
    struct json_members members;
    if (!cJSON_IsObject(member->item))
        return json_wrong_kind(&reading->json, member, "an object", reading->error);
    struct inputs *inputs = reading->inputs;
    bool ok = list_members(reading, member->item, &members);
    for (size_t i = 0; ok && i < members.count; i++) {
        if (strcmp(members.list[i].name, "weights") == 0)
            ok = put_tensor(reading, &members.list[i], INPUT_ATTENTION, &inputs->all);
        else if (strcmp(members.list[i].name, "mask") == 0)
            ok = put_tensor(reading, &members.list[i], INPUT_MASK, &inputs->all);
    }
    size_t rows = ok ? tokens_per_cell(reading, &members, "queries_per_cell") : 1;
    size_t columns = ok ? tokens_per_cell(reading, &members, "keys_per_cell") : 1;
    free(members.list);
    if (!ok)
        return false;
    inputs->is_partial = true;
    thin_labels(&inputs->tokens, rows);
    thin_labels(&inputs->key_tokens, columns);
    warnings_add(reading->warnings, "%s: the weights are pooled, each cell stands for %zu×%zu of them",
                 reading->json.source->name, rows, columns);
    return true;
}

/* The numbers of the tokens; a batch of one is that sequence. */
static bool read_ids(struct reading *reading, const struct json_member *member)
{
    struct tensor *tensor = NULL;
    if (!json_get_tensor(&reading->json, member, &tensor, reading->error))
        return false;
    return inputs_put_ids(reading->inputs, tensor, reading->error);
}

/* Reads a key of the whole. `written`: attn wrote the file; `own`: and it holds the weights. */
static bool read_key(struct reading *reading, const struct json_member *member, bool own, bool written)
{
    struct inputs *inputs = reading->inputs;
    const struct json *json = &reading->json;
    const char *name = member->name;
    bool known;
    if (strcmp(name, "tokens") == 0 || strcmp(name, "key_tokens") == 0)
        return put_all_labels(reading, member, *name == 'k');
    if (strcmp(name, "vocabulary") == 0)
        return put_labels(reading, member, &inputs->vocabulary, name);
    if (strcmp(name, "title") == 0)
        return json_get_text(json, member, &inputs->title, reading->error);
    if (strcmp(name, "grid") == 0)
        return json_get_grid(json, member, inputs->patch_grid, &inputs->patch_grid_place, reading->error);
    if (strcmp(name, "schema") == 0)
        return true;
    if (json_names_ids(name))
        return read_ids(reading, member);
    /* The stage of that name, where a setting would be a number. */
    if (written && strcmp(name, stage_names[STAGE_HEADS]) == 0 && !cJSON_IsNumber(member->item))
        return true;
    if (written && strcmp(name, "config") == 0)
        return read_config(reading, member, own);
    if (own && strcmp(name, "selection") == 0)
        return read_selection(reading, member);
    if (own && strcmp(name, "weights") != 0 && strcmp(name, "mask") != 0 &&
        setting_named(name) == SETTING_COUNT)
        return true;
    if (strcmp(name, "layers") == 0)
        return read_layers(reading, member);
    if (!read_layer_key(reading, member, &inputs->all, &known))
        return false;
    return known || written || ignore_key(reading, member, NULL);
}

/* The part that the name of a view of BertViz begins with: "Encoder", "Cross". */
static enum dump_part view_part(const cJSON *view)
{
    for (const cJSON *key = view->child; key; key = key->next)
        for (enum dump_part part = PART_ENCODER; part < PART_COUNT; part++)
            if (text_begins(key->string, "name:") && cJSON_IsString(key) &&
                strncasecmp(key->valuestring, dump_part_names[part], strlen(dump_part_names[part])) == 0)
                return part;
    return PART_ONLY;
}

/* The first view of BertViz of the part that is taken, or the first of all where none has one. */
static bool choose_view(struct reading *reading, cJSON *views, cJSON **view, enum dump_part *part)
{
    bool has[PART_COUNT] = {false};
    for (const cJSON *v = views->child; v; v = v->next)
        has[view_part(v)] = true;
    if (!dump_part_choose(part, has, (enum dump_part)reading->target->part, reading->json.source->name,
                          reading->inputs, reading->error))
        return false;
    for (*view = views->child; view_part(*view) != *part;)
        *view = (*view)->next;
    return true;
}

/* What head_view and model_view of BertViz (bertviz/head_view.py, version 1.4) keep in their pages: a list of attentions,
 * each with the texts of queries and keys. The other keys are of the page. */
static bool read_bertviz(struct reading *reading, const struct json_member *attention)
{
    static const char *const texts[] = {"left_text", "right_text"};
    struct inputs *inputs = reading->inputs;
    struct json_members members = {0};
    enum dump_part part;
    cJSON *view;
    bool ok = choose_view(reading, attention->item, &view, &part) && list_members(reading, view, &members);
    const struct json_member *weights = ok ? find_member(&members, "attn") : NULL;
    if (ok && !weights)
        ok = source_error(reading->json.source, attention->offset, reading->error,
                          "attention: a list of objects without \"attn\": expected a list of numbers, or "
                          "BertViz's objects");
    ok = ok && put_tensor(reading, weights, INPUT_ATTENTION, &inputs->all);
    for (int i = 0; ok && i < 2; i++) {
        const struct json_member *text = find_member(&members, texts[i]);
        ok = !text || put_labels(reading, text, i == 0 ? &inputs->tokens : &inputs->key_tokens, text->name);
    }
    if (ok)
        warnings_add(&inputs->notes, "%s: a view of BertViz%s%s", reading->json.source->name,
                     part == PART_ONLY ? "" : ": ", dump_part_names[part]);
    free(members.list);
    return ok;
}

static bool is_bertviz(const struct json_member *attention)
{
    return attention && cJSON_IsArray(attention->item) && cJSON_IsObject(attention->item->child);
}

/* Whether a key is one of attention that belongs to no part. */
static bool is_attention_of_none(const char *name)
{
    const struct other_name *other = json_names_other(name);
    const char *own = other ? other->own : name;
    return dump_part_of(name) == PART_ONLY &&
           (strcmp(own, "weights") == 0 || strcmp(own, input_names[INPUT_ATTENTION]) == 0);
}

/* Of the attentions of an encoder-decoder keeps one; where a part was asked for, also not one of no part. */
static bool keep_keys_of_part(struct reading *reading, struct json_members *members)
{
    bool has[PART_COUNT] = {false};
    enum dump_part kept;
    size_t count = 0;
    for (size_t i = 0; i < members->count; i++)
        if (!cJSON_IsNull(members->list[i].item))
            has[dump_part_of(members->list[i].name)] = true;
    if (!dump_part_choose(&kept, has, (enum dump_part)reading->target->part, reading->json.source->name,
                          reading->inputs, reading->error))
        return false;
    for (size_t i = 0; i < members->count; i++) {
        const enum dump_part part = dump_part_of(members->list[i].name);
        const bool is_other =
            reading->target->part > PART_ONLY && is_attention_of_none(members->list[i].name);
        if (part == kept || (part == PART_ONLY && !is_other))
            members->list[count++] = members->list[i];
    }
    members->count = count;
    return true;
}

static bool read_everything(struct reading *reading, const struct json_members *members)
{
    const struct json_member *schema = find_member(members, "schema");
    if (schema && !cJSON_IsString(schema->item))
        return json_wrong_kind(&reading->json, schema, "a string", reading->error);
    bool written = schema && strcmp(schema->item->valuestring, "attn/1") == 0;
    if (schema && !written && text_begins(schema->item->valuestring, "attn/"))
        return source_error(reading->json.source, schema->offset, reading->error,
                            "the schema is \"%s\": expected \"attn/1\"", schema->item->valuestring);
    reading->inputs->is_result = reading->inputs->is_result || written;
    if (is_bertviz(find_member(members, "attention")))
        return read_bertviz(reading, find_member(members, "attention"));
    if (!check_weights(reading, members))
        return false;
    const struct json_member *pooled = written ? find_member(members, "pooled") : NULL;
    bool own = written && (pooled || find_member(members, "weights") || reading->has_weights);
    for (size_t i = 0; i < members->count; i++)
        if (!cJSON_IsNull(members->list[i].item) &&
            !(pooled && strcmp(members->list[i].name, "config") == 0) &&
            !read_key(reading, &members->list[i], own, written))
            return false;
    if (pooled && !read_pooled(reading, pooled))
        return false;
    if (reading->ignored > WARNINGS_MAX)
        warnings_add(reading->warnings, "%s: %zu more unknown keys are ignored", reading->json.source->name,
                     reading->ignored - WARNINGS_MAX);
    return true;
}

/* Reads the one tensor or list of labels that the target asks for. */
static bool put_at_target(struct reading *reading, const struct json_member *member)
{
    const struct read_target *target = reading->target;
    if (target->what == READ_TENSOR)
        return put_tensor(reading, member, target->input, &reading->inputs->all);
    const bool keys = target->what == READ_KEY_TOKENS;
    if (target->has_batch)
        return put_all_labels(reading, member, keys);
    return put_labels(reading, member, keys ? &reading->inputs->key_tokens : &reading->inputs->tokens,
                      target->called);
}

static bool read_object(struct reading *reading)
{
    const struct read_target *target = reading->target;
    struct json_members members;
    bool ok = list_members(reading, reading->json.root, &members) &&
              (target->what > READ_TENSOR || keep_keys_of_part(reading, &members));
    if (ok && target->what == READ_ANY) {
        ok = read_everything(reading, &members);
    } else if (ok) {
        const char *name = target->what == READ_TENSOR   ? input_names[target->input]
                           : target->what == READ_TOKENS ? "tokens"
                                                         : "key_tokens";
        const struct json_member *member = find_member(&members, name);
        if (!member && target->what == READ_TENSOR && target->input == INPUT_ATTENTION)
            member = find_member(&members, "weights");
        for (size_t i = 0; !member && i < members.count; i++) {
            const struct other_name *other = json_names_other(members.list[i].name);
            if (other && other->sense == NAME_SAME && strcmp(other->own, name) == 0)
                member = &members.list[i];
        }
        const bool is_frame = members.count > 0 && cJSON_IsObject(members.list[0].item);
        ok = member
                 ? put_at_target(reading, member)
                 : source_error(
                       reading->json.source, reading->json.root_offset, reading->error,
                       "this object has no key \"%s\": expected a list of %s, or an object with that key%s",
                       name, target->what == READ_TENSOR ? "numbers" : "strings",
                       is_frame ? "; pandas writes the list with df.values.tolist()" : "");
    }
    free(members.list);
    return ok;
}

/* A bare array of three levels and more, which embeddings are not: weights, if the file is called so and no number
 * is below 0. */
static bool put_bare(struct reading *reading, struct json_member *member, const struct number_array *array)
{
    const char *file = reading->json.source->name, *path = source_path(reading->json.source);
    bool positive = true;
    for (size_t i = 0; array->uneven.offset == 0 && i < tensor_count(&array->tensor); i++)
        positive = positive && !(array->tensor.data[i] < 0);
    if (!json_names_weights(file) || !positive)
        return source_error(
            reading->json.source, member->offset, reading->error,
            "a bare list of numbers in %zu levels, which may be weights or queries: expected it by "
            "--attention %s or --q %s, or in an object under its name",
            array->depth, path, path);
    member->name = input_names[INPUT_ATTENTION];
    note_name(reading, member, "attention, by the name of the file");
    return put_tensor(reading, member, INPUT_ATTENTION, &reading->inputs->all);
}

/* Reads a text that is no object: a list, or an error. */
static bool read_no_object(struct reading *reading)
{
    struct json_member member = {reading->target->called, reading->json.root_offset, reading->json.root};
    if (reading->target->what != READ_ANY)
        return put_at_target(reading, &member);
    if (json_is_strings(member.item)) {
        member.name = "tokens";
        return put_labels(reading, &member, &reading->inputs->tokens, "tokens");
    }
    if (!cJSON_IsArray(member.item))
        return json_wrong_kind(&reading->json, &member, "an object or a list of rows", reading->error);
    const struct number_array *array = json_array(&reading->json, member.item);
    if (array && array->depth > 2 && array->depth <= TENSOR_RANK_MAX + 1)
        return put_bare(reading, &member, array);
    member.name = input_names[INPUT_EMBEDDINGS];
    if (!put_tensor(reading, &member, INPUT_EMBEDDINGS, &reading->inputs->all))
        return false;
    inputs_warn_weights(&reading->inputs->all.tensor[INPUT_EMBEDDINGS], reading->warnings);
    return true;
}

static bool json_read(struct inputs *inputs, struct source *source, const struct read_target *target,
                      struct warnings *warnings, struct error *error)
{
    struct reading reading = {.inputs = inputs, .target = target, .warnings = warnings, .error = error};
    bool ok = json_scan(&reading.json, source, error) &&
              (cJSON_IsObject(reading.json.root) ? read_object(&reading) : read_no_object(&reading));
    json_free(&reading.json);
    return ok;
}

bool json_read_about(struct inputs *inputs, struct source *source, bool has_weights,
                     struct warnings *warnings, struct error *error)
{
    const struct read_target any = {.what = READ_ANY};
    struct reading reading = {
        .inputs = inputs, .target = &any, .warnings = warnings, .error = error, .has_weights = has_weights};
    const bool ok = json_scan(&reading.json, source, error) &&
                    (!cJSON_IsObject(reading.json.root) || read_object(&reading));
    json_free(&reading.json);
    return ok;
}

/* A list or an object, by its first two characters: one is too few, because lists
 * of tokens begin as [CLS]. */
static int json_probe(const char *data, size_t size, const char *name)
{
    const char *p = data, *end = data + size;
    int by_name = text_ends(name, ".json");
    while (p < end && strchr(" \t\r\n", *p) && *p)
        p++;
    if (p == end || (*p != '[' && *p != '{'))
        return by_name;
    bool list = *p++ == '[';
    while (p < end && strchr(" \t\r\n", *p) && *p)
        p++;
    static const char *const words[] = {"true", "false", "null", "NaN", "Infinity", NULL};
    if (p == end || (*p && strchr(list ? "[{\"]-0123456789" : "\"}", *p)))
        return 2;
    for (int i = 0; list && words[i]; i++)
        if ((size_t)(end - p) >= strlen(words[i]) && memcmp(p, words[i], strlen(words[i])) == 0)
            return 2;
    return by_name;
}

const struct reader reader_json = {json_probe, json_read};
