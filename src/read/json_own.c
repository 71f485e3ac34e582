/* What attn wrote itself beside its arrays: the settings, the choice of heads, pooled weights. */
#include "read/json_reading.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "problem/setting_kinds.h"
#include "read/json_numbering.h"
#include "read/json_values.h"

/* A whole number, or a list of them, one a layer. */
static bool read_offsets(struct json_reading *reading, const struct json_member *member)
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

bool json_read_config(struct json_reading *reading, const struct json_member *member, bool own)
{
    struct json_members members;
    if (!cJSON_IsObject(member->item))
        return json_wrong_kind(&reading->json, member, "an object", reading->error);
    const unsigned roles = own ? ROLE_INPUT | ROLE_BAND : ROLE_INPUT | ROLE_BAND | ROLE_SCALE | ROLE_WEIGHT;
    bool ok = json_list_members(reading, member->item, &members);
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

bool json_read_selection(struct json_reading *reading, const struct json_member *member)
{
    struct json_members members;
    if (!cJSON_IsObject(member->item))
        return json_wrong_kind(&reading->json, member, "an object", reading->error);
    const bool ok = json_list_members(reading, member->item, &members) &&
                    json_get_numbering(&reading->json, &members, &reading->inputs->numbering, reading->error);
    if (ok && !holds_true(&members, "whole_rows"))
        reading->inputs->is_partial = reading->inputs->is_cut = true;
    reading->inputs->was_left = ok && holds_true(&members, "left_out");
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
static size_t tokens_per_cell(const struct json_reading *reading, const struct json_members *members,
                              const char *name)
{
    const struct json_member *member = json_find_member(members, name);
    if (!member || !cJSON_IsNumber(member->item))
        return 1;
    long step = strtol(reading->json.source->data + member->offset, NULL, 10);
    return step > 1 ? (size_t)step : 1;
}

bool json_read_pooled(struct json_reading *reading, const struct json_member *member)
{
    struct json_members members;
    if (!cJSON_IsObject(member->item))
        return json_wrong_kind(&reading->json, member, "an object", reading->error);
    struct inputs *inputs = reading->inputs;
    bool ok = json_list_members(reading, member->item, &members);
    for (size_t i = 0; ok && i < members.count; i++) {
        if (strcmp(members.list[i].name, "weights") == 0)
            ok = json_put_tensor(reading, &members.list[i], INPUT_ATTENTION, &inputs->all);
        else if (strcmp(members.list[i].name, "mask") == 0)
            ok = json_put_tensor(reading, &members.list[i], INPUT_MASK, &inputs->all);
    }
    size_t rows = ok ? tokens_per_cell(reading, &members, "queries_per_cell") : 1;
    size_t columns = ok ? tokens_per_cell(reading, &members, "keys_per_cell") : 1;
    free(members.list);
    if (!ok)
        return false;
    inputs->is_partial = inputs->is_cut = true;
    thin_labels(&inputs->tokens, rows);
    thin_labels(&inputs->key_tokens, columns);
    warnings_add(reading->warnings, "%s: the weights are pooled, each cell stands for %zu×%zu of them",
                 reading->json.source->name, rows, columns);
    return true;
}
