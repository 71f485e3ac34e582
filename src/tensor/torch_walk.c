#include "tensor/torch_walk.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "tensor/torch_numpy.h"

enum {
    DEPTH_MOST = 64, /* of containers within containers */
    CALLS_MOST = 8,  /* of calls around a tensor */
};

/*
 * A value that is recalled takes 2 bytes of the pickle, but may hold much, and again and again. So the walk has a budget: the
 * bytes of names and copies, and a few for every value it comes by, are at most so many times those of the pickle.
 */
enum { BUDGET_TIMES = 64, BUDGET_LEAST = 1 << 16, COST_VALUE = 16, COST_ARRAY = 256 };

struct walk {
    struct archive *archive;
    struct torch *torch;
    const struct pickle *pickle;
    char name[TORCH_NAME_MOST + 1];
    size_t length; /* of the name */
    size_t budget;
    struct error *error;
};

static const struct pickle_value *walk_value(const struct walk *walk, pickle_id value)
{
    return &walk->pickle->values[value];
}

static bool walk_pay(struct walk *walk, size_t bytes)
{
    if (bytes > walk->budget)
        return torch_error(
            walk->torch, walk->name, walk->error,
            "a pickle that repeats what it has beyond measure: expected one of less than %d times its bytes",
            BUDGET_TIMES);
    walk->budget -= bytes;
    return true;
}

/* ---- metadata ---- */

/* A new metadatum of the present name; NULL and an error. */
static struct metadatum *walk_metadatum(struct walk *walk, enum metadatum_kind kind)
{
    struct metadatum *metadatum =
        walk_pay(walk, COST_ARRAY + walk->length)
            ? archive_add_metadatum(walk->archive, walk->name, walk->length, walk->error)
            : NULL;
    if (metadatum)
        metadatum->kind = kind;
    return metadatum;
}

static bool walk_text(struct walk *walk, const char *text, size_t size)
{
    struct metadatum *metadatum = walk_metadatum(walk, METADATUM_TEXT);
    if (metadatum) {
        metadatum->data = text;
        metadatum->size = metadatum->bytes = size;
    }
    return metadatum;
}

static bool walk_number(struct walk *walk, const struct pickle_value *value)
{
    struct metadatum *metadatum = walk_metadatum(walk, value->kind == PICKLE_TRUTH  ? METADATUM_TRUTH
                                                       : value->kind == PICKLE_REAL ? METADATUM_REAL
                                                                                    : METADATUM_INTEGER);
    if (!metadatum)
        return false;
    metadatum->is_unsigned = value->is_unsigned;
    if (value->kind == PICKLE_REAL)
        metadatum->real = value->real;
    else
        metadatum->integer = value->integer;
    return true;
}

/* ("cuda", 0) or ("cpu",) */
static bool walk_device(struct walk *walk, const struct pickle_value *call)
{
    const struct pickle_value *kind = walk_value(walk, pickle_item(walk->pickle, call->arguments, 0));
    const struct pickle_value *index = walk_value(walk, pickle_item(walk->pickle, call->arguments, 1));
    enum { ROOM = 64 };
    if (kind->kind != PICKLE_TEXT || kind->size > ROOM / 2)
        return true;
    if (index->kind != PICKLE_INTEGER)
        return walk_text(walk, kind->data, kind->size);
    char *room = archive_alloc(walk->archive, ROOM, 1, walk->error);
    if (!room)
        return false;
    const int size =
        snprintf(room, ROOM, "%.*s:%lld", (int)kind->size, kind->data, (long long)index->integer);
    return walk_text(walk, room, (size_t)size);
}

/* ---- lists of one kind ---- */

/* The kind of a list whose items are all integers, all numbers, or all texts; else PICKLE_NONE. *bytes: what a copy takes. */
static enum pickle_kind list_kind(const struct walk *walk, const struct pickle_value *list, size_t *bytes)
{
    enum pickle_kind kind = PICKLE_NONE;
    *bytes = 0;
    for (uint32_t i = 0, cell = list->first; i < list->count; i++, cell = walk->pickle->cells[cell].next) {
        const struct pickle_value *item = walk_value(walk, walk->pickle->cells[cell].value);
        const bool is_integer = item->kind == PICKLE_INTEGER && !item->is_unsigned;
        const bool is_number = is_integer || item->kind == PICKLE_REAL;
        const bool was_number = i == 0 || kind == PICKLE_INTEGER || kind == PICKLE_REAL;
        if (is_number && was_number)
            kind = is_integer && kind != PICKLE_REAL ? PICKLE_INTEGER : PICKLE_REAL;
        else if (item->kind == PICKLE_TEXT && (i == 0 || kind == PICKLE_TEXT))
            kind = PICKLE_TEXT;
        else
            return PICKLE_NONE;
        *bytes += 8 + (item->kind == PICKLE_TEXT ? item->size : 0);
    }
    return kind;
}

/* Writes an item of such a list, and returns where the next begins. */
static char *list_item(char *to, const struct pickle_value *item, enum pickle_kind kind)
{
    const double real = item->kind == PICKLE_REAL ? item->real : (double)item->integer;
    if (kind == PICKLE_INTEGER)
        memcpy(to, &item->integer, 8);
    else if (kind == PICKLE_REAL)
        memcpy(to, &real, 8);
    for (int i = 0; kind == PICKLE_TEXT && i < 8; i++)
        to[i] = (char)((uint64_t)item->size >> (8 * i));
    if (kind == PICKLE_TEXT)
        memcpy(to + 8, item->data, item->size);
    return to + 8 + (kind == PICKLE_TEXT ? item->size : 0);
}

static bool walk_list(struct walk *walk, const struct pickle_value *list, enum pickle_kind kind, size_t bytes)
{
    char *data = walk_pay(walk, bytes) ? archive_alloc(walk->archive, bytes, 1, walk->error) : NULL;
    struct metadatum *metadatum = data ? walk_metadatum(walk, METADATUM_LIST) : NULL;
    char *to = data;
    if (!metadatum)
        return false;
    for (uint32_t i = 0, cell = list->first; i < list->count; i++, cell = walk->pickle->cells[cell].next)
        to = list_item(to, walk_value(walk, walk->pickle->cells[cell].value), kind);
    metadatum->data = data;
    metadatum->size = list->count;
    metadatum->bytes = bytes;
    metadatum->dtype = kind == PICKLE_INTEGER ? DTYPE_I64 : kind == PICKLE_REAL ? DTYPE_F64 : DTYPE_UNKNOWN;
    return true;
}

/* ---- arrays ---- */

static bool walk_array(struct walk *walk, const struct array *array)
{
    if (!walk_pay(walk, COST_ARRAY + walk->length))
        return false;
    struct array *added = archive_add(walk->archive, walk->name, walk->length, walk->error);
    if (!added)
        return false;
    char *name = added->name;
    *added = *array;
    added->name = name;
    return true;
}

/* Looks through the calls around a tensor: a parameter, or a tensor with attributes. */
static bool walk_tensor(struct walk *walk, const struct pickle_value *call)
{
    int what = call->name->what;
    pickle_id arguments = call->arguments;
    struct array array;
    for (int i = 0; i < CALLS_MOST && what != TORCH_TENSOR && what != TORCH_TENSOR_V3; i++) {
        const bool is_class = what == TORCH_SUBCLASS;
        const struct pickle_value *inner = walk_value(walk, pickle_item(walk->pickle, arguments, 0));
        if (inner->kind != (is_class ? PICKLE_NAME : PICKLE_CALL))
            break;
        what = inner->name->what;
        arguments = is_class ? pickle_item(walk->pickle, arguments, 2) : inner->arguments;
    }
    if (what != TORCH_TENSOR && what != TORCH_TENSOR_V3)
        return torch_error(walk->torch, walk->name, walk->error,
                           "a parameter without a tensor: expected one");
    return torch_tensor_read(walk->torch, what, arguments, walk->name, &array, walk->error) &&
           walk_array(walk, &array);
}

static bool walk_storage(struct walk *walk, pickle_id value)
{
    struct array array;
    return torch_storage_read(walk->torch, value, &array, walk->error) && walk_array(walk, &array);
}

static bool walk_numpy(struct walk *walk, pickle_id value, int what)
{
    struct array array;
    /* Of bytes that the pickle has as a text, a copy is made. */
    const size_t before = walk->archive->block_count;
    const bool ok =
        what == NUMPY_ARRAY
            ? torch_numpy_array(walk->archive, walk->torch, value, walk->name, &array, walk->error)
            : torch_numpy_scalar(walk->archive, walk->torch, value, walk->name, &array, walk->error);
    return ok && (walk->archive->block_count == before || walk_pay(walk, array.bytes)) &&
           walk_array(walk, &array);
}

/* ---- containers ---- */

static bool walk_any(struct walk *walk, pickle_id id, int depth);

/* Puts a step behind the name; the caller cuts it off again. */
static bool name_push(struct walk *walk, const char *step, size_t size)
{
    const size_t dot = walk->length > 0;
    if (memchr(step, 0, size))
        return torch_error(walk->torch, walk->name, walk->error, "a key with a NUL byte: expected text");
    if (size + dot > TORCH_NAME_MOST - walk->length)
        return torch_error(walk->torch, walk->name, walk->error,
                           "a name of more than %d bytes: expected a shorter one", TORCH_NAME_MOST);
    if (dot)
        walk->name[walk->length++] = '.';
    memcpy(walk->name + walk->length, step, size);
    walk->length += size;
    walk->name[walk->length] = 0;
    return true;
}

/* A key as a step: a text as it is, a whole number in digits; anything else by its place. */
static bool name_push_key(struct walk *walk, const struct pickle_value *key, size_t place)
{
    char digits[24];
    if (key->kind == PICKLE_TEXT)
        return name_push(walk, key->data, key->size);
    const long long number = key->kind == PICKLE_INTEGER ? (long long)key->integer : (long long)place;
    const int size = snprintf(digits, sizeof digits, "%lld", number);
    return name_push(walk, digits, (size_t)size);
}

/* Walks an item by a name that is one step longer. */
static bool walk_step(struct walk *walk, const struct pickle_value *key, size_t place, pickle_id item,
                      int depth)
{
    const size_t length = walk->length;
    const bool ok =
        walk_pay(walk, COST_VALUE) && name_push_key(walk, key, place) && walk_any(walk, item, depth + 1);
    /* An error has said the name already. */
    walk->length = length;
    walk->name[length] = 0;
    return ok;
}

static bool walk_pairs(struct walk *walk, const struct pickle_value *dict, int depth)
{
    const struct pickle_cell *cells = walk->pickle->cells;
    uint32_t cell = dict->first;
    for (uint32_t i = 0; i + 1 < dict->count; i += 2) {
        const uint32_t next = cells[cell].next;
        if (!walk_step(walk, walk_value(walk, cells[cell].value), i / 2, cells[next].value, depth))
            return false;
        cell = cells[next].next;
    }
    return true;
}

static bool walk_items(struct walk *walk, const struct pickle_value *list, int depth)
{
    size_t bytes;
    if (!walk_pay(walk, list->count))
        return false;
    const enum pickle_kind kind = list_kind(walk, list, &bytes);
    if (kind != PICKLE_NONE)
        return walk_list(walk, list, kind, bytes);
    for (uint32_t i = 0, cell = list->first; i < list->count; i++, cell = walk->pickle->cells[cell].next)
        if (!walk_step(walk, walk_value(walk, PICKLE_NOTHING), i, walk->pickle->cells[cell].value, depth))
            return false;
    return true;
}

/* OrderedDict of Python 2 is called with its pairs, each a list. */
static bool walk_called_pairs(struct walk *walk, const struct pickle_value *call, int depth)
{
    const struct pickle_value *list = walk_value(walk, pickle_item(walk->pickle, call->arguments, 0));
    for (uint32_t i = 0, cell = list->first; i < list->count; i++, cell = walk->pickle->cells[cell].next) {
        const pickle_id pair = walk->pickle->cells[cell].value;
        const struct pickle_value *key = walk_value(walk, pickle_item(walk->pickle, pair, 0));
        if (!walk_step(walk, key, i, pickle_item(walk->pickle, pair, 1), depth))
            return false;
    }
    return true;
}

/* ---- all ---- */

static bool walk_call(struct walk *walk, pickle_id id, int depth)
{
    const struct pickle_value *call = walk_value(walk, id);
    switch (call->name->what) {
    case TORCH_TENSOR:
    case TORCH_TENSOR_V3:
    case TORCH_WRAPPED:
    case TORCH_SUBCLASS:
        return walk_tensor(walk, call);
    case TORCH_DICT:
        return walk_called_pairs(walk, call, depth) && walk_pairs(walk, call, depth);
    case TORCH_FACTORY:
        return walk_pairs(walk, call, depth);
    case TORCH_LIST:
        return walk_any(walk, pickle_item(walk->pickle, call->arguments, 0), depth + 1);
    case TORCH_OBJECT:
        return walk_any(walk, call->state, depth + 1);
    case TORCH_DEVICE:
        return walk_device(walk, call);
    case NUMPY_ARRAY:
    case NUMPY_SCALAR:
        return walk_numpy(walk, id, call->name->what);
    default:
        return true;
    }
}

static bool walk_entered(struct walk *walk, pickle_id id, int depth)
{
    const struct pickle_value *value = walk_value(walk, id);
    switch (value->kind) {
    case PICKLE_TRUTH:
    case PICKLE_INTEGER:
    case PICKLE_REAL:
        return walk_number(walk, value);
    case PICKLE_TEXT:
        return walk_text(walk, value->data, value->size);
    case PICKLE_LIST:
    case PICKLE_TUPLE:
    case PICKLE_SET:
        return walk_items(walk, value, depth);
    case PICKLE_DICT:
        return walk_pairs(walk, value, depth);
    case PICKLE_CALL:
        return walk_call(walk, id, depth);
    case PICKLE_PERSISTENT:
        return walk_storage(walk, id);
    case PICKLE_NAME:
        if (value->name->what != TORCH_TYPE)
            return true;
        return walk_text(walk, torch_types[value->name->detail].name,
                         strlen(torch_types[value->name->detail].name));
    default:
        return true;
    }
}

/* What is being walked is not entered again from within. */
static bool walk_any(struct walk *walk, pickle_id id, int depth)
{
    struct pickle_value *value = &walk->torch->pickle.values[id];
    if (value->is_open)
        return true;
    if (depth > DEPTH_MOST)
        return torch_error(
            walk->torch, "", walk->error,
            "a pickle with containers in containers, more than %d deep at byte %zu: expected fewer",
            DEPTH_MOST, value->at);
    value->is_open = true;
    const bool ok = walk_entered(walk, id, depth);
    value->is_open = false;
    return ok;
}

bool torch_walk(struct archive *archive, struct torch *torch, struct error *error)
{
    struct walk walk = {.archive = archive, .torch = torch, .pickle = &torch->pickle, .error = error};
    if (!size_multiply(torch->pickle.end, BUDGET_TIMES, &walk.budget))
        walk.budget = SIZE_MAX / 2;
    walk.budget += walk.budget < SIZE_MAX / 2 ? BUDGET_LEAST : 0;
    return walk_any(&walk, torch->pickle.root, 0);
}
