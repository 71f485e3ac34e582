#include "read/json_reading.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "read/json_values.h"

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
static bool choose_view(struct json_reading *reading, cJSON *views, cJSON **view, enum dump_part *part)
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

bool json_read_bertviz(struct json_reading *reading, const struct json_member *attention)
{
    static const char *const texts[] = {"left_text", "right_text"};
    struct inputs *inputs = reading->inputs;
    struct json_members members = {0};
    enum dump_part part;
    cJSON *view;
    bool ok =
        choose_view(reading, attention->item, &view, &part) && json_list_members(reading, view, &members);
    const struct json_member *weights = ok ? json_find_member(&members, "attn") : NULL;
    if (ok && !weights)
        ok = source_error(reading->json.source, attention->offset, reading->error,
                          "attention: a list of objects without \"attn\": expected a list of numbers, or "
                          "BertViz's objects");
    ok = ok && json_put_tensor(reading, weights, INPUT_ATTENTION, &inputs->all);
    for (int i = 0; ok && i < 2; i++) {
        const struct json_member *text = json_find_member(&members, texts[i]);
        ok = !text ||
             json_put_labels(reading, text, i == 0 ? &inputs->tokens : &inputs->key_tokens, text->name);
    }
    if (ok)
        warnings_add(&inputs->notes, "%s: a view of BertViz%s%s", reading->json.source->name,
                     part == PART_ONLY ? "" : ": ", dump_part_names[part]);
    free(members.list);
    return ok;
}

bool json_is_bertviz(const struct json_member *attention)
{
    return attention && cJSON_IsArray(attention->item) && cJSON_IsObject(attention->item->child);
}
