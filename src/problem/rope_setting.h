/* The setting rope_scaling as text: the one parser of its keys, for JSON and for the command line. */
#ifndef ATTN_PROBLEM_ROPE_SETTING_H
#define ATTN_PROBLEM_ROPE_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/rope.h"
#include "base/error.h"
#include "base/out.h"

/*
 * Sets a key: "factor" to "8.0", "truncate" to "false", "long_factor" to "1,1.25". On failure sets an error of
 * `kind`, in which `called` names the setting. A key that is not known is one too: it would change the result.
 */
bool rope_set(struct rope_scaling *scaling, const char *key, const char *text, const char *called,
              enum error_kind kind, struct error *error);

/* Whether there is such a key, "type" among them. */
bool rope_has_key(const char *key);

/* Parses "TYPE" or "TYPE:KEY=VALUE,…", where a value may be a list in brackets. Errors as of rope_set, and no
 * memory. */
bool rope_parse(struct rope_scaling *scaling, const char *text, const char *called, enum error_kind kind,
                struct error *error);

/* Writes an object of JSON with the keys that were given. */
void rope_write(const struct rope_scaling *scaling, struct out *out);

/* The type by its name, "default" where nobody said any. */
const char *rope_type_name(const struct rope_scaling *scaling);

/* The first key from number *at on that was given and that the type does without; *at becomes the number behind
 * it. NULL: there is none. */
const char *rope_unused_key(const struct rope_scaling *scaling, size_t *at);

#endif
