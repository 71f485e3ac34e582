#include "read/json_numbering.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { NUMBER_MAX = 1 << 20 };

/* Lists of whole numbers, one after the other. */
struct number_lists {
    size_t *numbers, *ends; /* owned */
    size_t count, lists;
};

static void number_lists_free(struct number_lists *lists)
{
    free(lists->numbers);
    free(lists->ends);
    *lists = (struct number_lists){0};
}

static bool lists_wrong(const struct json *json, const struct json_member *member, struct error *error)
{
    return json_wrong_kind(json, member, "whole numbers, counted from 0", error);
}

/* Reads "[1,2]" or "[[1,2],[3]]", whose text has been checked: brackets pair, and numbers are numbers. */
static bool number_lists_read(struct number_lists *to, const struct json *json,
                              const struct json_member *member, struct error *error)
{
    const struct number_array *array = json_array(json, member->item);
    const char *p = json->source->data + member->offset, *const end = json->source->data + json->source->size;
    size_t depth = 0;
    bool ok = array || lists_wrong(json, member, error);
    while (ok) {
        p = json_behind_blanks(p, end);
        const char c = *p++;
        if (c == '[') {
            ok = ++depth <= 2 || lists_wrong(json, member, error);
        } else if (c == ']') {
            const size_t done = to->lists > 0 ? to->ends[to->lists - 1] : 0;
            if (done < to->count) { /* the bracket around lists adds none */
                ok = memory_resize(&to->ends, to->lists + 1, sizeof *to->ends, error);
                if (ok)
                    to->ends[to->lists++] = to->count;
            }
            if (--depth == 0)
                break;
        } else if (isdigit((unsigned char)c)) {
            char *behind;
            const unsigned long number = strtoul(p - 1, &behind, 10);
            ok = (number < NUMBER_MAX && strchr(",] \t\r\n", *behind)) || lists_wrong(json, member, error);
            ok = ok && memory_resize(&to->numbers, to->count + 1, sizeof *to->numbers, error);
            if (ok)
                to->numbers[to->count++] = number;
            p = behind;
        } else if (c != ',') {
            ok = lists_wrong(json, member, error);
        }
    }
    return ok;
}

bool json_get_numbering(const struct json *json, const struct json_members *members,
                        struct numbering *numbering, struct error *error)
{
    struct number_lists layers = {0}, heads = {0};
    const char *average = "";
    bool ok = true;
    for (size_t i = 0; ok && i < members->count; i++) {
        const struct json_member *entry = &members->list[i];
        if (strcmp(entry->name, "layers") == 0)
            ok = number_lists_read(&layers, json, entry, error);
        else if (strcmp(entry->name, "heads") == 0)
            ok = number_lists_read(&heads, json, entry, error);
        else if (strcmp(entry->name, "average") == 0 && cJSON_IsString(entry->item))
            average = entry->item->valuestring;
    }
    if (ok && (strstr(average, "layers") || layers.lists != 1))
        number_lists_free(&layers);
    if (ok && (strstr(average, "heads") || (strstr(average, "layers") && heads.lists > 1)))
        number_lists_free(&heads);
    struct numbering read = {.layers = layers.numbers,
                             .layer_count = layers.count,
                             .heads = heads.numbers,
                             .ends = heads.ends,
                             .lists = heads.lists};
    free(layers.ends);
    if (!ok || numbering_is_plain(&read) || numbering->layers || numbering->heads) {
        numbering_free(&read);
        return ok;
    }
    *numbering = read;
    return true;
}
