/*
 * The JSON reader: the keys of the whole. json_scan.c and json_arrays.c check the text and take it apart, json_values.c reads
 * single values; json_reading.h lists what else reads keys. Shapes are checked in problem/.
 */
#include "read/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/source.h"
#include "base/text.h"
#include "problem/setting_kinds.h"
#include "read/inputs_put.h"
#include "read/json_names.h"
#include "read/json_naming.h"
#include "read/json_reading.h"
#include "read/json_values.h"

/* Reads a key of the whole. `written`: attn wrote the file; `own`: and it holds the weights. */
static bool read_key(struct json_reading *reading, const struct json_member *member, bool own, bool written)
{
    struct inputs *inputs = reading->inputs;
    const struct json *json = &reading->json;
    const char *name = member->name;
    bool known;
    if (strcmp(name, "tokens") == 0 || strcmp(name, "key_tokens") == 0)
        return json_put_all_labels(reading, member, *name == 'k');
    if (strcmp(name, "vocabulary") == 0)
        return json_put_labels(reading, member, &inputs->vocabulary, name);
    if (strcmp(name, "layer_names") == 0)
        return json_put_labels(reading, member, &inputs->layer_names, name);
    if (strcmp(name, "head_names") == 0)
        return json_get_head_names(json, member, inputs, reading->error);
    if (strcmp(name, "title") == 0)
        return json_get_text(json, member, &inputs->title, reading->error);
    if (strcmp(name, "grid") == 0)
        return json_get_grid(json, member, inputs->patch_grid, &inputs->patch_grid_place, reading->error);
    if (strcmp(name, "schema") == 0)
        return true;
    if (json_names_ids(name))
        return json_read_ids(reading, member);
    /* The stage of that name, where a setting would be a number. */
    if (written && strcmp(name, stage_names[STAGE_HEADS]) == 0 && !cJSON_IsNumber(member->item))
        return true;
    if (written && strcmp(name, "config") == 0)
        return json_read_config(reading, member, own);
    if (own && strcmp(name, "selection") == 0)
        return json_read_selection(reading, member);
    if (own && strcmp(name, "weights") != 0 && strcmp(name, "mask") != 0 &&
        setting_named(name) == SETTING_COUNT)
        return true;
    if (strcmp(name, "layers") == 0)
        return json_read_layers(reading, member);
    if (!json_read_layer_key(reading, member, &inputs->all, &known))
        return false;
    return known || written || json_ignore_key(reading, member, NULL);
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
static bool keep_keys_of_part(struct json_reading *reading, struct json_members *members)
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

static bool read_everything(struct json_reading *reading, const struct json_members *members)
{
    const struct json_member *schema = json_find_member(members, "schema");
    if (schema && !cJSON_IsString(schema->item))
        return json_wrong_kind(&reading->json, schema, "a string", reading->error);
    bool written = schema && strcmp(schema->item->valuestring, "attn/1") == 0;
    if (schema && !written && text_begins(schema->item->valuestring, "attn/"))
        return source_error(reading->json.source, schema->offset, reading->error,
                            "the schema is \"%s\": expected \"attn/1\"", schema->item->valuestring);
    reading->inputs->is_result = reading->inputs->is_result || written;
    if (json_is_bertviz(json_find_member(members, "attention")))
        return json_read_bertviz(reading, json_find_member(members, "attention"));
    if (!json_check_weights(reading, members))
        return false;
    const struct json_member *pooled = written ? json_find_member(members, "pooled") : NULL;
    bool own = written && (pooled || json_find_member(members, "weights") || reading->has_weights);
    for (size_t i = 0; i < members->count; i++)
        if (!cJSON_IsNull(members->list[i].item) &&
            !(pooled && strcmp(members->list[i].name, "config") == 0) &&
            !read_key(reading, &members->list[i], own, written))
            return false;
    if (pooled && !json_read_pooled(reading, pooled))
        return false;
    json_count_ignored(reading);
    return true;
}

/* Reads the one tensor or list of labels that the target asks for. */
static bool put_at_target(struct json_reading *reading, const struct json_member *member)
{
    const struct read_target *target = reading->target;
    if (target->what == READ_TENSOR)
        return json_put_tensor(reading, member, target->input, &reading->inputs->all);
    const bool keys = target->what == READ_KEY_TOKENS;
    if (target->has_batch)
        return json_put_all_labels(reading, member, keys);
    return json_put_labels(reading, member, keys ? &reading->inputs->key_tokens : &reading->inputs->tokens,
                           target->called);
}

static bool read_object(struct json_reading *reading)
{
    const struct read_target *target = reading->target;
    struct json_members members;
    bool ok = json_list_members(reading, reading->json.root, &members) &&
              (target->what > READ_TENSOR || keep_keys_of_part(reading, &members));
    if (ok && target->what == READ_ANY) {
        ok = read_everything(reading, &members);
    } else if (ok) {
        const char *name = target->what == READ_TENSOR   ? input_names[target->input]
                           : target->what == READ_TOKENS ? "tokens"
                                                         : "key_tokens";
        const struct json_member *member = json_find_member(&members, name);
        if (!member && target->what == READ_TENSOR && target->input == INPUT_ATTENTION)
            member = json_find_member(&members, "weights");
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
static bool put_bare(struct json_reading *reading, struct json_member *member,
                     const struct number_array *array)
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
    json_note_name(reading, member, "attention, by the name of the file");
    return json_put_tensor(reading, member, INPUT_ATTENTION, &reading->inputs->all);
}

/* Reads a text that is no object: a list, or an error. */
static bool read_no_object(struct json_reading *reading)
{
    struct json_member member = {reading->target->called, reading->json.root_offset, reading->json.root};
    if (reading->target->what != READ_ANY)
        return put_at_target(reading, &member);
    if (json_is_strings(member.item)) {
        member.name = "tokens";
        return json_put_labels(reading, &member, &reading->inputs->tokens, "tokens");
    }
    if (!cJSON_IsArray(member.item))
        return json_wrong_kind(&reading->json, &member, "an object or a list of rows", reading->error);
    const struct number_array *array = json_array(&reading->json, member.item);
    if (array && array->depth > 2 && array->depth <= TENSOR_RANK_MAX + 1)
        return put_bare(reading, &member, array);
    member.name = input_names[INPUT_EMBEDDINGS];
    if (!json_put_tensor(reading, &member, INPUT_EMBEDDINGS, &reading->inputs->all))
        return false;
    inputs_warn_weights(&reading->inputs->all.tensor[INPUT_EMBEDDINGS], reading->warnings);
    return true;
}

static bool json_read(struct inputs *inputs, struct source *source, const struct read_target *target,
                      struct warnings *warnings, struct error *error)
{
    struct json_reading reading = {.inputs = inputs, .target = target, .warnings = warnings, .error = error};
    bool ok = json_scan(&reading.json, source, error) &&
              (cJSON_IsObject(reading.json.root) ? read_object(&reading) : read_no_object(&reading));
    json_free(&reading.json);
    return ok;
}

bool json_read_about(struct inputs *inputs, struct source *source, bool has_weights,
                     struct warnings *warnings, struct error *error)
{
    const struct read_target any = {.what = READ_ANY};
    struct json_reading reading = {
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
