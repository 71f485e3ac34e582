/* Arrays of numbers, parsed straight from the text into floats: no node, no copy, one pass. Strings and
 * objects are not read here. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number_read.h"
#include "base/source.h"
#include "read/json_private.h"

/* One level of brackets. All lists of a level share it, because they must have the same length and kind. */
struct level {
    size_t length;   /* elements so far of the list that is open */
    size_t start;    /* its offset */
    size_t expected; /* the length of the first list of the level */
    enum { KIND_UNKNOWN, KIND_NUMBERS, KIND_LISTS } kind;
};
#define LENGTH_UNKNOWN SIZE_MAX

/* An array on its way from the text into a struct number_array. */
struct array_scan {
    float *data;
    size_t count, room;
    size_t step;  /* 1; 0 where values are checked and not kept */
    size_t odd;   /* the offset of the first string or object, or 0 */
    size_t open;  /* the lists that are open are levels[0..open) */
    size_t depth; /* levels so far */
    unsigned holds;
    struct uneven uneven;
    struct level levels[JSON_NESTING];
};

static bool begins_with(const char *p, const char *end, const char *text, size_t length)
{
    return (size_t)(end - p) >= length && memcmp(p, text, length) == 0;
}

const char *json_read_scalar(const char *p, const char *end, float *value, unsigned *holds)
{
    static const struct {
        const char *text;
        size_t length;
        unsigned holds;
        float value;
    } words[] = {
        {"true", 4, TENSOR_BOOLEANS, 1},
        {"false", 5, TENSOR_BOOLEANS, 0},
        {"null", 4, TENSOR_NULLS, 0},
        {"NaN", 3, TENSOR_NUMBERS, __builtin_nanf("")},
        {"Infinity", 8, TENSOR_NUMBERS, __builtin_inff()},
        {"-Infinity", 9, TENSOR_NUMBERS, -__builtin_inff()},
    };
    const char *next = number_read(p, end, value);
    if (next) {
        *holds |= TENSOR_NUMBERS;
        return next;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (begins_with(p, end, words[i].text, words[i].length)) {
            *holds |= words[i].holds;
            *value = words[i].holds == TENSOR_NULLS ? tensor_null() : words[i].value;
            if (__builtin_isinf(words[i].value))
                number_note_infinity();
            return p + words[i].length;
        }
    }
    return NULL;
}

static bool open_list(struct scanner *scanner, struct array_scan *scan)
{
    if (scanner->depth == JSON_NESTING)
        return json_too_deep(scanner);
    scanner->depth++;
    struct level *level = &scan->levels[scan->open++];
    if (scan->open > scan->depth) {
        scan->depth = scan->open;
        level->expected = LENGTH_UNKNOWN;
        level->kind = KIND_UNKNOWN;
    }
    level->length = 0;
    level->start = json_offset(scanner);
    scanner->at++;
    return true;
}

static void close_list(struct scanner *scanner, struct array_scan *scan)
{
    struct level *level = &scan->levels[--scan->open];
    scanner->depth--;
    scanner->at++;
    if (level->expected == LENGTH_UNKNOWN)
        level->expected = level->length;
    else if (level->length != level->expected && !scan->uneven.offset)
        scan->uneven = (struct uneven){
            .offset = level->start,
            .row = scan->levels[scan->open - 1].length,
            .length = true,
            .lists = level->kind == KIND_LISTS,
            .expected = level->expected,
            .found = level->length,
        };
    if (scan->open)
        scan->levels[scan->open - 1].length++;
}

/* Notes that an element of this kind begins at scanner->at. */
static void expect_kind(const struct scanner *scanner, struct array_scan *scan, int kind)
{
    struct level *level = &scan->levels[scan->open - 1];
    if (level->kind == KIND_UNKNOWN)
        level->kind = kind;
    else if (!scan->uneven.offset)
        scan->uneven = (struct uneven){
            .offset = json_offset(scanner), .row = level->length, .lists = level->kind == KIND_LISTS};
}

/* The values of the innermost list as long as they are numbers or words. Afterwards scanner->at is at the
 * byte behind the last, blanks aside, or at the comma in front of a list, an object or a string. */
static bool scan_values(struct scanner *scanner, struct array_scan *scan)
{
    struct level *level = &scan->levels[scan->open - 1];
    const char *p = scanner->at, *end = scanner->end;
    for (;;) {
        if (scan->count == scan->room) {
            if (!memory_resize(&scan->data, 2 * scan->room, sizeof(float), scanner->error))
                return false;
            scan->room *= 2;
        }
        const char *next = number_read(p, end, &scan->data[scan->count]);
        if (next)
            scan->holds |= TENSOR_NUMBERS;
        else if (!(next = json_read_scalar(p, end, &scan->data[scan->count], &scan->holds)))
            return json_no_value(scanner);
        scan->count += scan->step;
        level->length++;
        p = json_behind_blanks(next, end);
        scanner->at = p;
        if (p == end || *p != ',')
            return true;
        p = json_behind_blanks(p + 1, end);
        if (p < end && (*p == '[' || *p == '{' || *p == '"'))
            return true;
        scanner->at = p;
    }
}

/* A string or an object: the array is not one of numbers after all. From here on it is only checked. */
static bool scan_odd(struct scanner *scanner, struct array_scan *scan)
{
    if (!scan->odd)
        scan->odd = json_offset(scanner);
    scan->count = scan->step = 0;
    scan->levels[scan->open - 1].length++;
    bool quiet = scanner->quiet;
    scanner->quiet = true;
    bool ok = json_scan_value(scanner);
    scanner->quiet = quiet;
    return ok;
}

/* The whole array, from the first bracket to behind the last. */
static bool scan_lists(struct scanner *scanner, struct array_scan *scan)
{
    if (!open_list(scanner, scan))
        return false;
    while (scan->open) {
        /* An element, or the end of an empty list. */
        json_skip_blanks(scanner);
        char c = scanner->at < scanner->end ? *scanner->at : 0;
        bool empty = scan->levels[scan->open - 1].length == 0;
        if (c == '[') {
            if (scan->levels[scan->open - 1].kind != KIND_LISTS)
                expect_kind(scanner, scan, KIND_LISTS);
            if (!open_list(scanner, scan))
                return false;
            continue;
        }
        if (c == ']' && empty) {
            close_list(scanner, scan);
        } else if (c == '"' || c == '{') {
            if (!scan_odd(scanner, scan))
                return false;
        } else {
            if (scan->levels[scan->open - 1].kind != KIND_NUMBERS)
                expect_kind(scanner, scan, KIND_NUMBERS);
            if (!scan_values(scanner, scan))
                return false;
        }
        /* Behind an element: ends of lists, then a comma. */
        for (; scan->open; close_list(scanner, scan)) {
            json_skip_blanks(scanner);
            if (scanner->at == scanner->end || *scanner->at != ']')
                break;
        }
        if (scan->open) {
            if (scanner->at == scanner->end || *scanner->at != ',')
                return json_unexpected(scanner, "',' or ']'");
            scanner->at++;
            json_skip_blanks(scanner);
            if (scanner->at < scanner->end && *scanner->at == ']')
                return json_no_value(scanner);
        }
    }
    return true;
}

/* Of five levels one of 1 in front, or behind the layers, is a batch of one sequence: layers×1×heads×n×m, as Hugging
 * Face returns attentions. */
static void drop_batch(struct number_array *array, const struct array_scan *scan)
{
    if (scan->depth != TENSOR_RANK_MAX + 1 || array->uneven.offset)
        return;
    const int axis = scan->levels[1].expected == 1 ? 1 : 0;
    if (scan->levels[axis].expected != 1)
        return;
    for (int i = 0; i < TENSOR_RANK_MAX; i++)
        array->tensor.shape[i] = scan->levels[i + (i >= axis)].expected;
    array->depth--;
    array->had_batch = axis == 1;
}

void json_array_batch(struct number_array *array, size_t batch)
{
    struct tensor *t = &array->tensor;
    const size_t part = t->shape[2] * t->shape[3] * array->fifth;
    for (size_t l = 0; l < t->shape[0]; l++)
        memmove(t->data + l * part, t->data + (l * t->shape[1] + batch) * part, part * sizeof *t->data);
    t->shape[1] = t->shape[2];
    t->shape[2] = t->shape[3];
    t->shape[3] = array->fifth;
    array->depth--;
}

/* Moves the array to the document and writes its index, or the offset of its odd element, to the skeleton. */
static bool add_array(struct scanner *scanner, struct array_scan *scan, size_t offset)
{
    struct json *json = scanner->json;
    if (scan->odd) {
        out_format(&scanner->skeleton, "[true,%zu]", scan->odd);
        return true;
    }
    if (json->array_count == json->array_room) {
        size_t room = json->array_room ? 2 * json->array_room : 16;
        if (!memory_resize(&json->arrays, room, sizeof *json->arrays, scanner->error))
            return false;
        json->array_room = room;
    }
    if (scan->count && scan->count < scan->room &&
        !memory_resize(&scan->data, scan->count, sizeof(float), scanner->error))
        return false;
    struct number_array *array = &json->arrays[json->array_count];
    *array = (struct number_array){
        .tensor = {.data = scan->data,
                   .rank = scan->depth < TENSOR_RANK_MAX ? (int)scan->depth : TENSOR_RANK_MAX,
                   .holds = scan->holds,
                   .place = source_walk(scanner->source, &scanner->walk, offset)},
        .depth = scan->depth,
        .offset = offset,
        .uneven = scan->uneven,
    };
    for (int i = 0; i < array->tensor.rank; i++)
        array->tensor.shape[i] = scan->levels[i].expected;
    if (scan->depth == TENSOR_RANK_MAX + 1)
        array->fifth = scan->levels[TENSOR_RANK_MAX].expected;
    drop_batch(array, scan);
    scan->data = NULL;
    out_format(&scanner->skeleton, "[%zu]", json->array_count++);
    return true;
}

bool json_is_array(const struct scanner *scanner)
{
    const char *p = json_behind_blanks(scanner->at + 1, scanner->end);
    if (p < scanner->end && *p == '[') { /* of lists of strings there may be a list */
        p = json_behind_blanks(p + 1, scanner->end);
        return p == scanner->end || *p != '"';
    }
    return p == scanner->end || (*p != '"' && *p != '{');
}

bool json_scan_array(struct scanner *scanner)
{
    size_t offset = json_offset(scanner);
    struct array_scan scan;
    memset(&scan, 0, offsetof(struct array_scan, levels));
    scan.room = 16;
    scan.step = !scanner->quiet;
    scan.data = memory_alloc(scan.room, sizeof(float), scanner->error);
    bool ok =
        scan.data && scan_lists(scanner, &scan) && (scanner->quiet || add_array(scanner, &scan, offset));
    free(scan.data);
    return ok;
}
