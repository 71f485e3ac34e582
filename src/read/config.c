#include "read/config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "read/json_values.h"

/* Objects in objects, and numbers of a list, that are taken. */
enum { DEPTH_MOST = 4, LIST_MOST = 4096 };

/* ---- facts ---- */

/* Adds a fact, and takes over its texts in any case. */
static bool fact_add(struct config *config, char *key, char *text, struct place place, struct error *error)
{
    if (key && text && memory_resize(&config->facts, config->count + 1, sizeof *config->facts, error)) {
        config->facts[config->count++] = (struct fact){key, text, place};
        return true;
    }
    free(key);
    free(text);
    return error_memory(error, 1);
}

static int compare_facts(const void *a, const void *b)
{
    const struct fact *left = a, *right = b;
    return strcmp(left->key, right->key);
}

void config_free(struct config *config)
{
    for (size_t i = 0; i < config->count; i++) {
        free(config->facts[i].key);
        free(config->facts[i].text);
    }
    free(config->facts);
    *config = (struct config){0};
}

/* ---- JSON ---- */

/* A document on its way to facts. */
struct config_reading {
    struct config *config;
    struct json json;
    struct place_walk walk;
    struct error *error;
};

/* Words with commas between them; NULL without memory. */
static char *words_text(const cJSON *list)
{
    char *text = text_copy("");
    for (const cJSON *child = list->child; text && child; child = child->next) {
        char *longer = text_format("%s%s%s", text, child == list->child ? "" : ",", child->valuestring);
        free(text);
        text = longer;
    }
    return text;
}

/* Whether a value is one that facts have. */
static bool is_fact(const struct json *json, const cJSON *item)
{
    const struct number_array *array = json_array(json, item);
    return cJSON_IsString(item) || cJSON_IsNumber(item) || cJSON_IsBool(item) || cJSON_IsNull(item) ||
           (json_is_strings(item) && json_list_length(item) <= LIST_MOST) || (array && array->depth == 1);
}

static bool take_member(struct config_reading *r, const struct json_member *member)
{
    char *text = json_is_strings(member->item) ? words_text(member->item)
                 : cJSON_IsNull(member->item)  ? text_copy("null")
                                               : json_setting_text(&r->json, member, "a value", r->error);
    const struct place place = source_walk(r->json.source, &r->walk, member->offset);
    return fact_add(r->config, text_copy(member->name), text, place, r->error);
}

/* Takes an object, whose members have `prefix` in front. */
static bool take_object(struct config_reading *r, const cJSON *object, const char *prefix, int depth)
{
    for (cJSON *child = object->child; child; child = child->next) {
        const char *colon = strrchr(child->string, ':');
        char *name =
            text_format("%s%s%.*s", prefix, *prefix ? "." : "", (int)(colon - child->string), child->string);
        const struct json_member member = {name, strtoull(colon + 1, NULL, 10), child};
        bool ok = name || error_memory(r->error, strlen(child->string));
        if (ok && cJSON_IsObject(child) && depth < DEPTH_MOST)
            ok = take_object(r, child, name, depth + 1);
        else if (ok && is_fact(&r->json, child))
            ok = take_member(r, &member);
        free(name);
        if (!ok)
            return false;
    }
    return true;
}

/* Sorts the facts; an error where two have one key. */
static bool facts_sort(struct config *config, struct error *error)
{
    if (config->count > 0)
        qsort(config->facts, config->count, sizeof *config->facts, compare_facts);
    for (size_t i = 1; i < config->count; i++)
        if (strcmp(config->facts[i - 1].key, config->facts[i].key) == 0)
            return place_error(&config->facts[i].place, error,
                               "the key \"%s\" stands twice in one object: expected it once",
                               config->facts[i].key);
    return true;
}

bool config_read(struct config *config, const struct source *source, struct error *error)
{
    struct config_reading r = {.config = config, .error = error};
    config->file = source->name;
    bool ok = json_scan(&r.json, source, error);
    if (ok && !cJSON_IsObject(r.json.root))
        ok = source_error(source, r.json.root_offset, error,
                          "expected an object, such as {\"model_type\": \"llama\", …}");
    ok = ok && take_object(&r, r.json.root, "", 1) && facts_sort(config, error);
    json_free(&r.json);
    return ok;
}

/* ---- metadata ---- */

/* Element i of a list of numbers, as text; NULL without memory. */
static char *element_text(const struct metadatum *m, size_t i)
{
    const struct dtype_kind *kind = dtype_kind(m->dtype);
    float value;
    kind->widen(&value, m->data + i * kind->bytes, 1);
    return text_format("%.9g", (double)value);
}

/* A list of numbers as text; NULL without memory. */
static char *list_text(const struct metadatum *m)
{
    char *text = NULL;
    for (size_t i = 0; i < m->size; i++) {
        char *one = element_text(m, i);
        char *longer = one ? text_format("%s%s%s", text ? text : "", text ? "," : "", one) : NULL;
        free(one);
        free(text);
        text = longer;
        if (!text)
            return NULL;
    }
    return text;
}

static char *metadatum_text(const struct metadatum *m)
{
    switch (m->kind) {
    case METADATUM_TEXT:
        return text_copy_part(m->data, m->size);
    case METADATUM_INTEGER:
        return m->is_unsigned ? text_format("%" PRIu64, (uint64_t)m->integer)
                              : text_format("%" PRId64, m->integer);
    case METADATUM_REAL:
        return text_format("%.17g", m->real);
    case METADATUM_TRUTH:
        return text_copy(m->integer ? "true" : "false");
    case METADATUM_LIST:
        return list_text(m);
    }
    return NULL;
}

/* Whether a metadatum may say how a model computes: no long text, and no list but of a few numbers. */
static bool is_wanted(const struct metadatum *m)
{
    if (m->kind == METADATUM_TEXT)
        return m->size <= LIST_MOST;
    const struct dtype_kind *kind = dtype_kind(m->dtype);
    return m->kind != METADATUM_LIST ||
           (m->size > 0 && m->size <= LIST_MOST && kind->widen && kind->count == 1);
}

bool config_take_metadata(struct config *config, const struct archive *archive, struct error *error)
{
    const struct place place = {.file = archive->sources[0].name};
    config->file = place.file;
    for (size_t i = 0; i < archive->metadata_count; i++) {
        const struct metadatum *m = &archive->metadata[i];
        if (is_wanted(m) && !fact_add(config, text_copy(m->key), metadatum_text(m), place, error))
            return false;
    }
    if (config->count > 0)
        qsort(config->facts, config->count, sizeof *config->facts, compare_facts);
    return true;
}

/* ---- finding ---- */

static const struct fact *fact_named(const struct config *config, const char *prefix, const char *key,
                                     size_t length)
{
    char name[256];
    const size_t before = strlen(prefix);
    if (before + length >= sizeof name || config->count == 0)
        return NULL;
    memcpy(name, prefix, before);
    memcpy(name + before, key, length);
    name[before + length] = 0;
    const struct fact wanted = {.key = name};
    return bsearch(&wanted, config->facts, config->count, sizeof *config->facts, compare_facts);
}

const struct fact *config_find(const struct config *config, const char *keys)
{
    static const char architecture_key[] = "general.architecture";
    const struct fact *found = NULL;
    while (!found && *keys) {
        const size_t length = strcspn(keys, " ");
        if (*keys == '.') {
            const struct fact *architecture =
                fact_named(config, "", architecture_key, sizeof architecture_key - 1);
            found = architecture ? fact_named(config, architecture->text, keys, length) : NULL;
        } else {
            found = fact_named(config, "text_config.", keys, length);
            found = found ? found : fact_named(config, "", keys, length);
        }
        keys += length;
        keys += strspn(keys, " ");
    }
    return found;
}

const char *config_text(const struct config *config, const char *keys)
{
    const struct fact *fact = config_find(config, keys);
    return fact && strcmp(fact->text, "null") != 0 ? fact->text : NULL;
}

bool config_is_true(const struct config *config, const char *keys)
{
    const char *text = config_text(config, keys);
    return text && strcmp(text, "true") == 0;
}

bool config_element(char out[CONFIG_ELEMENT], const char *list, size_t index)
{
    size_t length = strcspn(list, ",");
    const bool is_list = list[length] == ',';
    for (; list[length] == ',' && index > 0; index--) {
        list += length + 1;
        length = strcspn(list, ",");
    }
    if (length >= CONFIG_ELEMENT || length == 0 || (is_list && index > 0))
        return false;
    memcpy(out, list, length);
    out[length] = 0;
    return true;
}
