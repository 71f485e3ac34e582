/* The keys that the whole and each layer may have, and the layers. */
#include "read/json_reading.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "problem/rope_setting.h"
#include "problem/setting_kinds.h"
#include "read/json_names.h"
#include "read/json_values.h"

/* Reads rope_scaling, an object with a value for each of its keys. */
static bool read_rope_scaling(struct json_reading *reading, const struct json_member *member,
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
    bool ok = json_list_members(reading, member->item, &members);
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

/* A number as causal is an offset; 0 and 1 may have been meant as false and true. */
static void warn_causal_number(struct json_reading *reading, const struct json_member *member)
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

bool json_read_layer_key(struct json_reading *reading, const struct json_member *member,
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
        return json_put_other_mask(reading, member, other->sense, layer);
    if (other)
        json_note_name(reading, member, name);
    if (input < INPUT_COUNT && other && other->sense == NAME_OUT_IN)
        return json_put_tensor(reading, member, input, layer) && (layer->tensor[input].is_out_in = true);
    if (input < INPUT_COUNT)
        return json_put_tensor(reading, member, input, layer);
    if (setting == SETTING_ROPE_SCALING && !cJSON_IsString(member->item))
        return read_rope_scaling(reading, member, &layer->settings);
    if (setting == SETTING_CAUSAL)
        warn_causal_number(reading, member);
    if (setting < SETTING_COUNT)
        return json_parse_setting(&reading->json, member, setting, &layer->settings, reading->error);
    return true;
}

bool json_check_weights(struct json_reading *reading, const struct json_members *members)
{
    const struct json_member *weights = json_find_member(members, "weights");
    if (weights && json_find_member(members, "attention"))
        return source_error(reading->json.source, weights->offset, reading->error,
                            "\"weights\" and \"attention\" are both given: expected one of them");
    return true;
}

static bool read_layer(struct json_reading *reading, cJSON *object, struct layer_inputs *layer)
{
    struct json_members members;
    bool ok = json_list_members(reading, object, &members) && json_check_weights(reading, &members);
    for (size_t i = 0; ok && i < members.count; i++) {
        const struct json_member *member = &members.list[i];
        bool known;
        if (cJSON_IsNull(member->item))
            continue;
        if (strcmp(member->name, "tokens") == 0 || strcmp(member->name, "key_tokens") == 0) {
            ok = json_put_labels(reading, member, *member->name == 'k' ? &layer->key_tokens : &layer->tokens,
                                 member->name);
            continue;
        }
        if (strcmp(member->name, "name") == 0) {
            ok = json_get_text(&reading->json, member, &layer->name, reading->error);
            continue;
        }
        if (strcmp(member->name, "head_names") == 0) {
            ok = json_put_labels(reading, member, &layer->head_names, member->name);
            continue;
        }
        if (strcmp(member->name, "grid") == 0) {
            ok = json_get_grid(&reading->json, member, layer->patch_grid, &layer->patch_grid_place,
                               reading->error);
            continue;
        }
        ok = json_read_layer_key(reading, member, layer, &known);
        if (ok && !known)
            ok = json_ignore_key(reading, member,
                                 json_is_of_whole(member->name) ? "it belongs outside of the layers" : NULL);
    }
    free(members.list);
    return ok;
}

bool json_read_layers(struct json_reading *reading, const struct json_member *member)
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
    if (!json_need_layers(reading, member, count))
        return false;
    inputs->layers_given = true;
    size_t i = 0;
    for (cJSON *layer = member->item->child; layer; layer = layer->next)
        if (!read_layer(reading, layer, &inputs->layers[i++]))
            return false;
    return true;
}
