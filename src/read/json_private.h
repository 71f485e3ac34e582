/*
 * Between the rooms of the JSON reader: json_scan.c checks the text and makes the skeleton, json_lift.c takes
 * arrays of numbers out of it, json.c knows the keys.
 *
 * The skeleton is a small JSON text for cJSON that stands for the whole one:
 *
 *   a string                             itself, decoded but for what JSON must escape
 *   an object {"q": ...}                 {"q:17": ...}: each key ends in the offset of its value in the
 * source a number                             the offset of its text in the source true, false, null
 * themselves [1, 2], [[1], [null]], []            [INDEX]: the values are in lifted[INDEX]
 *   ["a", "b"], [{...}, {...}]           themselves; only strings, or only objects
 *   any other array                      [true, OFFSET]: of the first element that does not go with those
 * before it
 */
#ifndef ATTN_READ_JSON_PRIVATE_H
#define ATTN_READ_JSON_PRIVATE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "base/source.h"
#include "tensor/tensor.h"

#define JSON_NESTING 64

/* The first element of a lifted array that breaks its shape. Either its length is wrong, or it is a list
 * among numbers or a number among lists. */
struct uneven {
    size_t offset; /* 0: the shape is whole (offset 0 is never inside an array) */
    size_t row;    /* its index in the list around it */
    bool length;   /* the length is wrong */
    bool lists; /* the elements (of the element, where the length is wrong; around it otherwise) are lists */
    size_t expected, found;
};

/* An array of nothing but numbers, true, false and null, in lists of any depth. */
struct lifted {
    struct tensor tensor; /* shape: the first TENSOR_RANK_MAX lengths; rank: at most TENSOR_RANK_MAX */
    size_t depth;         /* levels of brackets */
    size_t offset;        /* of the outermost bracket */
    struct uneven uneven;
};

struct json {
    const struct source *source;
    size_t root_offset;
    cJSON *root; /* the skeleton */
    struct lifted *lifted;
    size_t lifted_count, lifted_room;
    struct place_walk walk; /* over the settings */
};

/* Checks the text and fills json; it points into source. Freed by json_free, also after a failure. Errors
 * have their place; the grammar is RFC 8259 and NaN, Infinity, -Infinity. */
bool json_scan(struct json *json, const struct source *source, struct error *error);
void json_free(struct json *json);

/* ---- between json_scan.c and json_lift.c ---- */

struct scanner {
    struct json *json;
    const struct source *source;
    const char *at, *end;
    size_t depth; /* lists and objects that are open */
    bool quiet;   /* check only, nothing goes to the skeleton */
    struct out skeleton;
    struct place_walk walk; /* over the arrays */
    struct error *error;
};

static inline void json_skip_blanks(struct scanner *scanner)
{
    const char *p = scanner->at;
    while (p < scanner->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    scanner->at = p;
}

/* Any value at scanner->at. */
bool json_scan_value(struct scanner *scanner);

/* The list that begins at scanner->at, unless its first element is a string or an object: then *plain, and
 * nothing is done. */
bool json_lift(struct scanner *scanner, bool *plain);

/* Reads a number, or NaN, Infinity, -Infinity, true, false, null, adding its kind to *holds. Returns the byte
 * behind, NULL for anything else. */
const char *json_read_scalar(const char *p, const char *end, float *value, unsigned *holds);

/* "expected WHAT, found ..." at scanner->at. Always returns false. */
bool json_unexpected(struct scanner *scanner, const char *what);
/* A value was expected at scanner->at and did not come. Always returns false. */
bool json_no_value(struct scanner *scanner);

bool json_too_deep(struct scanner *scanner);

#endif
