/*
 * Between the files of the JSON reader: json_scan.c checks the text and makes the skeleton, json_arrays.c
 * reads arrays of numbers out of it, json_values.c reads single values; json_reading.h is between those that know the keys.
 *
 * The skeleton is a small JSON text for cJSON in place of the whole text. It has
 *
 *   for a string                      the string, decoded but for the characters that JSON must escape
 *   for an object {"q": ...}          {"q:17": ...}: each key ends in the offset of its value in the source
 *   for a number                      the offset of its text in the source
 *   for true, false, null             the same word
 *   for [1, 2], [[1], [null]], []     [INDEX]: the values are in arrays[INDEX]
 *   for ["a", "b"], [{...}, {...}]    the same list, of strings only or of objects only
 *   for [["a"], ...]                  the same list, of lists only, each as it would be by itself
 *   for any other list                [true, OFFSET]: of the first element unlike those before it
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

/* The first element of an array of numbers that breaks its shape: a list of another length than those before
 * it, or else a list among numbers or a number among lists. */
struct uneven {
    size_t offset;          /* 0: the shape is whole (offset 0 is never inside an array) */
    size_t row;             /* the index of the element in the list around it */
    bool length;            /* its length is wrong */
    bool lists;             /* lists were expected: in it where its length is wrong, otherwise in its place */
    size_t expected, found; /* lengths */
};

/* An array of nothing but numbers, true, false and null, in lists of any depth. */
struct number_array {
    struct tensor tensor; /* shape: the first TENSOR_RANK_MAX lengths; rank: at most TENSOR_RANK_MAX */
    size_t depth;         /* levels of brackets */
    size_t fifth;         /* the length of the fifth of five levels */
    bool had_batch;       /* an axis of 1 behind the first was left out */
    size_t offset;        /* of the outermost bracket */
    struct uneven uneven;
};

struct json {
    const struct source *source;
    size_t root_offset;
    cJSON *root; /* the skeleton */
    struct number_array *arrays;
    size_t array_count, array_room;
    struct place_walk walk; /* over the settings */
};

/* Checks the text and fills json, which points into source; json_free in any case. Errors have their place.
 * The grammar is RFC 8259 and NaN, Infinity, -Infinity. */
bool json_scan(struct json *json, const struct source *source, struct error *error);
void json_free(struct json *json);

/* ---- between json_scan.c and json_arrays.c ---- */

struct scanner {
    struct json *json;
    const struct source *source;
    const char *at, *end;
    size_t depth; /* lists and objects that are open */
    bool quiet;   /* check only, write nothing to the skeleton */
    struct out skeleton;
    struct place_walk walk; /* over the arrays */
    struct error *error;
};

/* The first byte from p on that is no blank, or end. */
static inline const char *json_behind_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

static inline void json_skip_blanks(struct scanner *scanner)
{
    scanner->at = json_behind_blanks(scanner->at, scanner->end);
}

static inline size_t json_offset(const struct scanner *scanner)
{
    return (size_t)(scanner->at - scanner->source->data);
}

/* Any value at scanner->at. */
bool json_scan_value(struct scanner *scanner);

/* Whether the list that begins at scanner->at is for json_scan_array: its first element is
 * neither a string nor an object, nor a list of strings. */
bool json_is_array(const struct scanner *scanner);

/* The list that begins at scanner->at, as an array of numbers. Where it turns out to hold a string or an
 * object, it is checked to its end and none of it is kept. */
bool json_scan_array(struct scanner *scanner);

/* Leaves one sequence of an array of five even levels, layers×batch×heads×n×m; `batch` is below the length of the second. */
void json_array_batch(struct number_array *array, size_t batch);

/* Reads a number, or NaN, Infinity, -Infinity, true, false, null, adding its kind to *holds. Returns the byte
 * behind, NULL for anything else. */
const char *json_read_scalar(const char *p, const char *end, float *value, unsigned *holds);

/* "expected WHAT, found ..." at scanner->at. Always false. */
bool json_unexpected(struct scanner *scanner, const char *what);
/* The error that no value begins at scanner->at. Always false. */
bool json_no_value(struct scanner *scanner);
/* The error that lists and objects are nested deeper than JSON_NESTING. Always false. */
bool json_too_deep(struct scanner *scanner);

#endif
