/* Single values of a JSON document, each checked, with the place in every message. See json_private.h for the
 * document. */
#ifndef ATTN_READ_JSON_TAKE_H
#define ATTN_READ_JSON_TAKE_H

#include "problem/inputs.h"
#include "problem/settings.h"
#include "read/inputs_put.h"
#include "read/json_private.h"

/* One key of an object, or the whole text under the name it is called by. */
struct member {
    const char *name; /* in the skeleton */
    size_t offset;    /* of the value in the source */
    cJSON *item;
};

struct members {
    struct member *list;
    size_t count;
};

/* Points *tensor at the numbers, rank 1 to 4, not empty. They stay the document's until somebody takes
 * tensor->data. */
bool json_take_tensor(const struct json *json, const struct member *member, struct tensor **tensor,
                      struct error *error);
/* Strings, or numbers as labels. On failure labels may hold some, which the caller frees. */
bool json_take_labels(const struct json *json, const struct member *member, struct labels *labels,
                      struct error *error);
/* What stands there as text that settings_parse wants: a list [3, 0.0] as "3,0". The caller's to free. NULL
 * and an error, which says `what` was expected, for other things, and without memory. */
char *json_setting_text(const struct json *json, const struct member *member, const char *what,
                        struct error *error);
bool json_take_setting(struct json *json, const struct member *member, enum setting which,
                       struct settings *settings, struct error *error);
/* Keeps what an earlier file gave. */
bool json_take_text(const struct json *json, const struct member *member, char **text, struct error *error);
/* An error where an earlier file gave another. */
bool json_take_grid(const struct json *json, const struct member *member, struct inputs *inputs,
                    struct error *error);

/* Elements of a list, or members of an object (cJSON counts in int). */
size_t json_list_length(const cJSON *item);
bool json_is_strings(const cJSON *item);
/* A list of one object or more. */
bool json_expect_objects(const struct json *json, const struct member *member, struct error *error);

/* "NAME: expected WHAT, found ...". Always returns false. */
bool json_wrong_kind(const struct json *json, const struct member *member, const char *what,
                     struct error *error);

#endif
