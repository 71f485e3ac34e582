/* The members of an object, in their order, each key once. */
#include "read/json_reading.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

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
#include "read/json_naming.h"
#include "read/json_numbering.h"
#include "read/json_steps.h"
#include "read/json_values.h"
#include "read/read.h"

static int compare_names(const void *a, const void *b)
{
    const struct json_member *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order ? order : (left->offset > right->offset) - (left->offset < right->offset);
}

static bool check_twice(struct json_reading *reading, const struct json_members *members)
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

bool json_list_members(struct json_reading *reading, cJSON *object, struct json_members *members)
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

const struct json_member *json_find_member(const struct json_members *members, const char *name)
{
    for (size_t i = 0; i < members->count; i++)
        if (strcmp(members->list[i].name, name) == 0 && !cJSON_IsNull(members->list[i].item))
            return &members->list[i];
    return NULL;
}
