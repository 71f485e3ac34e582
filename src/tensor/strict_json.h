/*
 * JSON (RFC 8259) of a known form, in the headers of files: what is not JSON, or not of that form, is an error. Strings are
 * those of base/text.h, of any bytes that are UTF-8; \u0000 is held in them.
 */
#ifndef ATTN_TENSOR_STRICT_JSON_H
#define ATTN_TENSOR_STRICT_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"

/* A text on its way. */
struct strict_json {
    const struct source *source; /* in which it lies; borrowed */
    const char *at, *end;
    const char *what; /* "the header of safetensors": for messages */
    struct error *error;
};

/* Sets "FILE: byte N of WHAT: MESSAGE"; of kind ERROR_INPUT. Always returns false. */
bool strict_json_error(const struct strict_json *json, const char *message);

/* Takes a character, blanks before it, if it is the next. */
bool strict_json_is(struct strict_json *json, char c);
/* The same, and an error if it is not. */
bool strict_json_expect(struct strict_json *json, char c);
/* Nothing but blanks is left. */
bool strict_json_end(struct strict_json *json);

/* A string, decoded; the caller frees it. NULL and an error where there is none. */
char *strict_json_string(struct strict_json *json);
/* A whole number from 0 on. */
bool strict_json_whole(struct strict_json *json, size_t *number);
/* A list of these, of which the first `most` are kept; *count: how many there are. */
bool strict_json_wholes(struct strict_json *json, size_t *list, size_t most, size_t *count);
/* Any value, which is not looked at. Lists and objects are at most STRICT_JSON_NESTING deep. */
enum { STRICT_JSON_NESTING = 32 };
bool strict_json_skip(struct strict_json *json);

#endif
