/* Reads single values of a JSON document (json_private.h), each checked, with its place in every message. */
#ifndef ATTN_READ_JSON_VALUES_H
#define ATTN_READ_JSON_VALUES_H

#include "problem/inputs.h"
#include "problem/settings.h"
#include "read/inputs_put.h"
#include "read/json_private.h"

/* One key of an object and its value; or the whole text, under the name that messages give it. */
struct json_member {
    const char *name; /* of the skeleton */
    size_t offset;    /* of the value in the source */
    cJSON *item;
};

struct json_members {
    struct json_member *list;
    size_t count;
};

/* The array of numbers that `item` of the skeleton is the index of, or NULL. */
struct number_array *json_array(const struct json *json, const cJSON *item);
/* Points *tensor at an array of the document, rank 1 to 4, not empty. The document owns its numbers; who
 * moves tensor->data away sets it to NULL. */
bool json_get_tensor(const struct json *json, const struct json_member *member, struct tensor **tensor,
                     struct error *error);
/* Strings, or numbers, which become labels. labels_free in any case. */
bool json_get_labels(const struct json *json, const struct json_member *member, struct labels *labels,
                     struct error *error);
/* The value as a text for settings_parse: a list [3, 0.0] as "3,0". The caller frees it. NULL and an error
 * for other kinds, which says that `what` was expected, and without memory. */
char *json_setting_text(const struct json *json, const struct json_member *member, const char *what,
                        struct error *error);
/* Parses the value as a setting. An error where `settings` has it already. */
bool json_parse_setting(struct json *json, const struct json_member *member, enum setting which,
                        struct settings *settings, struct error *error);
/* A string, moved to *text; not where an earlier file has set it. */
bool json_get_text(const struct json *json, const struct json_member *member, char **text,
                   struct error *error);
/* The grid of patches, rows and columns. An error where an earlier file has set it. */
bool json_get_grid(const struct json *json, const struct json_member *member, size_t grid[2],
                   struct place *place, struct error *error);

/* Elements of a list, or members of an object (cJSON counts in int). */
size_t json_list_length(const cJSON *item);
bool json_is_strings(const cJSON *item);
/* Whether the value is a list of one object or more; an error otherwise. */
bool json_expect_objects(const struct json *json, const struct json_member *member, struct error *error);

/* "NAME: expected WHAT, found ...". Always false. */
bool json_wrong_kind(const struct json *json, const struct json_member *member, const char *what,
                     struct error *error);

#endif
