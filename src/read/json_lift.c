/* Arrays of numbers, straight from the text into floats: no node, no copy, one pass. Strings and objects are
 * not read here. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/source.h"
#include "read/json_private.h"

/* One level of brackets; the levels below share one record, as all lists of a level must look alike. */
struct level {
    size_t length; /* of the list that is open */
    size_t start;  /* its offset */
    size_t expected;
    enum { KIND_UNKNOWN, KIND_NUMBERS, KIND_LISTS } kind;
};
#define LENGTH_UNKNOWN SIZE_MAX

struct lift {
    float *data;
    size_t count, room;
    size_t step;  /* 1; 0 where values are checked and not kept */
    size_t odd;   /* offset of the first string or object, or 0 */
    size_t open;  /* lists that are open: levels[0..open) */
    size_t depth; /* levels seen */
    unsigned holds;
    struct uneven uneven;
    struct level levels[JSON_NESTING];
};

static bool word(const char *p, const char *end, const char *text, size_t length)
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
        if (word(p, end, words[i].text, words[i].length)) {
            *holds |= words[i].holds;
            *value = words[i].holds == TENSOR_NULLS ? tensor_null() : words[i].value;
            return p + words[i].length;
        }
    }
    return NULL;
}

static size_t offset_of(const struct scanner *scanner)
{
    return (size_t)(scanner->at - scanner->source->data);
}

static bool open_list(struct scanner *scanner, struct lift *lift)
{
    if (scanner->depth == JSON_NESTING)
        return json_too_deep(scanner);
    scanner->depth++;
    struct level *level = &lift->levels[lift->open++];
    if (lift->open > lift->depth) {
        lift->depth = lift->open;
        level->expected = LENGTH_UNKNOWN;
        level->kind = KIND_UNKNOWN;
    }
    level->length = 0;
    level->start = offset_of(scanner);
    scanner->at++;
    return true;
}

static void close_list(struct scanner *scanner, struct lift *lift)
{
    struct level *level = &lift->levels[--lift->open];
    scanner->depth--;
    scanner->at++;
    if (level->expected == LENGTH_UNKNOWN)
        level->expected = level->length;
    else if (level->length != level->expected && !lift->uneven.offset)
        lift->uneven = (struct uneven){
            .offset = level->start,
            .row = lift->levels[lift->open - 1].length,
            .length = true,
            .lists = level->kind == KIND_LISTS,
            .expected = level->expected,
            .found = level->length,
        };
    if (lift->open)
        lift->levels[lift->open - 1].length++;
}

/* An element of this kind comes at scanner->at. */
static void expect_kind(const struct scanner *scanner, struct lift *lift, int kind)
{
    struct level *level = &lift->levels[lift->open - 1];
    if (level->kind == KIND_UNKNOWN)
        level->kind = kind;
    else if (!lift->uneven.offset)
        lift->uneven = (struct uneven){
            .offset = offset_of(scanner), .row = level->length, .lists = level->kind == KIND_LISTS};
}

/* The values of the innermost list as long as they are numbers or words, up to what is neither blank nor
 * comma: scanner->at is behind a value or where none begins. */
static bool take_values(struct scanner *scanner, struct lift *lift)
{
    struct level *level = &lift->levels[lift->open - 1];
    const char *p = scanner->at, *end = scanner->end;
    for (;;) {
        if (lift->count == lift->room) {
            if (!memory_resize(&lift->data, 2 * lift->room, sizeof(float), scanner->error))
                return false;
            lift->room *= 2;
        }
        const char *next = number_read(p, end, &lift->data[lift->count]);
        if (next)
            lift->holds |= TENSOR_NUMBERS;
        else if (!(next = json_read_scalar(p, end, &lift->data[lift->count], &lift->holds)))
            return json_no_value(scanner);
        lift->count += lift->step;
        level->length++;
        p = next;
        while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
            p++;
        scanner->at = p;
        if (p == end || *p != ',')
            return true;
        p++;
        while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
            p++;
        if (p < end && (*p == '[' || *p == '{' || *p == '"'))
            return true;
        scanner->at = p;
    }
}

/* A string or an object: the array is not one of numbers after all. It is read to its end, and nothing kept.
 */
static bool take_odd(struct scanner *scanner, struct lift *lift)
{
    if (!lift->odd)
        lift->odd = offset_of(scanner);
    lift->count = lift->step = 0;
    lift->levels[lift->open - 1].length++;
    bool quiet = scanner->quiet;
    scanner->quiet = true;
    bool ok = json_scan_value(scanner);
    scanner->quiet = quiet;
    return ok;
}

/* From the first bracket to behind the last. */
static bool take_lists(struct scanner *scanner, struct lift *lift)
{
    if (!open_list(scanner, lift))
        return false;
    while (lift->open) {
        /* An element, or the end of an empty list. */
        json_skip_blanks(scanner);
        char c = scanner->at < scanner->end ? *scanner->at : 0;
        bool empty = lift->levels[lift->open - 1].length == 0;
        if (c == '[') {
            if (lift->levels[lift->open - 1].kind != KIND_LISTS)
                expect_kind(scanner, lift, KIND_LISTS);
            if (!open_list(scanner, lift))
                return false;
            continue;
        }
        if (c == ']' && empty) {
            close_list(scanner, lift);
        } else if (c == '"' || c == '{') {
            if (!take_odd(scanner, lift))
                return false;
        } else {
            if (lift->levels[lift->open - 1].kind != KIND_NUMBERS)
                expect_kind(scanner, lift, KIND_NUMBERS);
            if (!take_values(scanner, lift))
                return false;
        }
        /* Behind an element: ends of lists, then a comma. */
        for (; lift->open; close_list(scanner, lift)) {
            json_skip_blanks(scanner);
            if (scanner->at == scanner->end || *scanner->at != ']')
                break;
        }
        if (lift->open) {
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

/* Hands what was lifted over to the document, and its index to the skeleton. */
static bool keep_lifted(struct scanner *scanner, struct lift *lift, size_t offset)
{
    struct json *json = scanner->json;
    if (lift->odd) {
        out_format(&scanner->skeleton, "[true,%zu]", lift->odd);
        return true;
    }
    if (json->lifted_count == json->lifted_room) {
        size_t room = json->lifted_room ? 2 * json->lifted_room : 16;
        if (!memory_resize(&json->lifted, room, sizeof *json->lifted, scanner->error))
            return false;
        json->lifted_room = room;
    }
    if (lift->count && lift->count < lift->room &&
        !memory_resize(&lift->data, lift->count, sizeof(float), scanner->error))
        return false;
    struct lifted *lifted = &json->lifted[json->lifted_count];
    *lifted = (struct lifted){
        .tensor = {.data = lift->data,
                   .rank = lift->depth < TENSOR_RANK_MAX ? (int)lift->depth : TENSOR_RANK_MAX,
                   .holds = lift->holds,
                   .place = source_walk(scanner->source, &scanner->walk, offset)},
        .depth = lift->depth,
        .offset = offset,
        .uneven = lift->uneven,
    };
    for (int i = 0; i < lifted->tensor.rank; i++)
        lifted->tensor.shape[i] = lift->levels[i].expected;
    lift->data = NULL;
    out_format(&scanner->skeleton, "[%zu]", json->lifted_count++);
    return true;
}

bool json_lift(struct scanner *scanner, bool *plain)
{
    const char *start = scanner->at;
    scanner->at++;
    json_skip_blanks(scanner);
    *plain = scanner->at < scanner->end && (*scanner->at == '"' || *scanner->at == '{');
    scanner->at = start;
    if (*plain)
        return true;

    struct lift lift;
    memset(&lift, 0, offsetof(struct lift, levels));
    lift.room = 16;
    lift.step = !scanner->quiet;
    lift.data = memory_alloc(lift.room, sizeof(float), scanner->error);
    bool ok = lift.data && take_lists(scanner, &lift);
    if (ok && !scanner->quiet)
        ok = keep_lifted(scanner, &lift, (size_t)(start - scanner->source->data));
    free(lift.data);
    return ok;
}
