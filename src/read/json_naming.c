#include "read/json_naming.h"

#include "base/memory.h"
#include "read/inputs_put.h"

bool json_get_head_names(const struct json *json, const struct json_member *member, struct inputs *inputs,
                         struct error *error)
{
    const cJSON *first = cJSON_IsArray(member->item) ? member->item->child : NULL;
    const bool is_by_layer = cJSON_IsArray(first);
    const size_t count = is_by_layer ? json_list_length(member->item) : 1;
    struct json_member list = {member->name, member->offset,
                               is_by_layer ? member->item->child : member->item};
    if (inputs->head_names)
        return source_error(json->source, member->offset, error, "%s is given twice: expected it once",
                            member->name);
    if (count > LAYERS_MAX)
        return source_error(json->source, member->offset, error, "%s holds %zu lists: expected at most %d",
                            member->name, count, LAYERS_MAX);
    inputs->head_names = memory_zeroed(count, sizeof *inputs->head_names, error);
    if (!inputs->head_names)
        return false;
    inputs->head_name_lists = count;
    for (size_t l = 0; l < count; l++, list.item = list.item->next)
        if (!json_get_labels(json, &list, &inputs->head_names[l], error))
            return false;
    return true;
}
