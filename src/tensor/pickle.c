#include "tensor/pickle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/text.h"

/* The opcodes that are known, by their names in Lib/pickletools.py. */
enum opcode {
    OP_MARK = '(',
    OP_STOP = '.',
    OP_POP = '0',
    OP_POP_MARK = '1',
    OP_BINBYTES = 'B',
    OP_SHORT_BINBYTES = 'C',
    OP_BINFLOAT = 'G',
    OP_BININT = 'J',
    OP_BININT1 = 'K',
    OP_BININT2 = 'M',
    OP_NONE = 'N',
    OP_BINPERSID = 'Q',
    OP_REDUCE = 'R',
    OP_BINSTRING = 'T',
    OP_SHORT_BINSTRING = 'U',
    OP_BINUNICODE = 'X',
    OP_EMPTY_LIST = ']',
    OP_APPEND = 'a',
    OP_BUILD = 'b',
    OP_GLOBAL = 'c',
    OP_APPENDS = 'e',
    OP_BINGET = 'h',
    OP_LONG_BINGET = 'j',
    OP_BINPUT = 'q',
    OP_LONG_BINPUT = 'r',
    OP_SETITEM = 's',
    OP_TUPLE = 't',
    OP_SETITEMS = 'u',
    OP_EMPTY_DICT = '}',
    OP_EMPTY_TUPLE = ')',
    OP_PROTO = 0x80,
    OP_NEWOBJ = 0x81,
    OP_TUPLE1 = 0x85,
    OP_TUPLE2 = 0x86,
    OP_TUPLE3 = 0x87,
    OP_NEWTRUE = 0x88,
    OP_NEWFALSE = 0x89,
    OP_LONG1 = 0x8a,
    OP_LONG4 = 0x8b,
    OP_SHORT_BINUNICODE = 0x8c,
    OP_BINUNICODE8 = 0x8d,
    OP_BINBYTES8 = 0x8e,
    OP_EMPTY_SET = 0x8f,
    OP_ADDITEMS = 0x90,
    OP_FROZENSET = 0x91,
    OP_STACK_GLOBAL = 0x93,
    OP_MEMOIZE = 0x94,
    OP_FRAME = 0x95,
    OP_BYTEARRAY8 = 0x96,
};

/* The most of a name that a message shows, and more than any allowed name has. */
enum { NAME_MOST = 200 };

/* A list of indexes that grows. */
struct pickle_list {
    uint32_t *items;
    size_t count;
};

struct pickle_reader {
    struct pickle *pickle;
    const unsigned char *data;
    size_t size, at;
    size_t opcode_at;         /* for messages */
    struct pickle_list stack; /* of values */
    struct pickle_list marks; /* how high the stack was at each MARK */
    struct pickle_list memo;  /* values; PICKLE_NOTHING where there is none */
    const struct pickle_rules *rules;
    const char *where;
    struct error *error;
};

/* Sets "WHERE: a pickle that WHAT at byte N: expected EXPECTED". Always returns false. */
static bool pickle_error(const struct pickle_reader *reader, const char *what, const char *expected)
{
    return error_set(reader->error, ERROR_INPUT, "%s: a pickle that %s at byte %zu: expected %s",
                     reader->where, what, reader->opcode_at, expected);
}

/* ---- memory: doubled, so that it never costs more than a few times what is in it ---- */

/* Makes room for one thing more in an array of `count` things that only grows by this. */
static bool pickle_grow(void *array, size_t count, size_t size, struct error *error)
{
    const bool is_full = count == 0 || (count >= 16 && (count & (count - 1)) == 0);
    return !is_full || memory_resize(array, count == 0 ? 16 : 2 * count, size, error);
}

static bool pickle_list_add(struct pickle_list *list, uint32_t item, struct error *error)
{
    if (!pickle_grow(&list->items, list->count, sizeof *list->items, error))
        return false;
    list->items[list->count++] = item;
    return true;
}

/* ---- the stack ---- */

/* How many values lie above the last mark: no opcode reaches below it. */
static size_t stack_depth(const struct pickle_reader *reader)
{
    const size_t base = reader->marks.count ? reader->marks.items[reader->marks.count - 1] : 0;
    return reader->stack.count - base;
}

static bool stack_has(const struct pickle_reader *reader, size_t count)
{
    return stack_depth(reader) >= count ||
           pickle_error(reader, "takes what is not there", "one that is whole");
}

static pickle_id stack_pop(struct pickle_reader *reader)
{
    return reader->stack.items[--reader->stack.count];
}

static struct pickle_value *stack_top(const struct pickle_reader *reader)
{
    return &reader->pickle->values[reader->stack.items[reader->stack.count - 1]];
}

/* A new value on the stack; NULL and an error without memory. Addresses of values change by this. */
static struct pickle_value *stack_push(struct pickle_reader *reader, enum pickle_kind kind)
{
    struct pickle *pickle = reader->pickle;
    if (pickle->count >= UINT32_MAX) {
        pickle_error(reader, "has more than 4294967295 values", "fewer");
        return NULL;
    }
    if (!pickle_grow(&pickle->values, pickle->count, sizeof *pickle->values, reader->error) ||
        !pickle_list_add(&reader->stack, (uint32_t)pickle->count, reader->error))
        return NULL;
    struct pickle_value *value = &pickle->values[pickle->count++];
    *value = (struct pickle_value){.kind = kind, .at = reader->opcode_at};
    return value;
}

/* Takes the last mark away, and says how many values lie above it; these stay on the stack. */
static bool stack_unmark(struct pickle_reader *reader, size_t *count)
{
    *count = 0;
    if (reader->marks.count == 0)
        return pickle_error(reader, "misses a mark", "one that is whole");
    *count = stack_depth(reader);
    reader->marks.count--;
    return true;
}

/* ---- items ---- */

static bool item_add(struct pickle_reader *reader, pickle_id owner, pickle_id item)
{
    struct pickle *pickle = reader->pickle;
    struct pickle_value *value = &pickle->values[owner];
    if (pickle->cell_count >= UINT32_MAX)
        return pickle_error(reader, "has more than 4294967295 items", "fewer");
    if (!pickle_grow(&pickle->cells, pickle->cell_count, sizeof *pickle->cells, reader->error))
        return false;
    const uint32_t cell = (uint32_t)pickle->cell_count++;
    pickle->cells[cell] = (struct pickle_cell){.value = item};
    if (value->count == 0)
        value->first = cell;
    else
        pickle->cells[value->last].next = cell;
    value->last = cell;
    value->count++;
    return true;
}

/* Moves the upper `count` values of the stack into `owner`, the lowest first. */
static bool items_take(struct pickle_reader *reader, pickle_id owner, size_t count)
{
    const size_t base = reader->stack.count - count;
    for (size_t i = 0; i < count; i++)
        if (!item_add(reader, owner, reader->stack.items[base + i]))
            return false;
    reader->stack.count = base;
    return true;
}

/* A new list, tuple or set of the upper `count` values. */
static bool items_wrap(struct pickle_reader *reader, enum pickle_kind kind, size_t count)
{
    if (!stack_has(reader, count) || !stack_push(reader, kind))
        return false;
    const pickle_id owner = stack_pop(reader);
    return items_take(reader, owner, count) && pickle_list_add(&reader->stack, owner, reader->error);
}

/* The upper `count` values go into the one below them: a list or set, or what is filled as a dict. */
static bool items_append(struct pickle_reader *reader, enum pickle_kind kind, size_t count)
{
    if (!stack_has(reader, count + 1))
        return false;
    const pickle_id owner = reader->stack.items[reader->stack.count - 1 - count];
    const struct pickle_value *value = &reader->pickle->values[owner];
    const bool is_filled = value->kind == PICKLE_CALL && (value->name->may & PICKLE_MAY_FILL);
    if (value->kind != kind && !(kind == PICKLE_DICT && is_filled))
        return pickle_error(reader, "puts items into what has none", "a list, set or dict");
    if (kind == PICKLE_DICT && count % 2 != 0)
        return pickle_error(reader, "puts a key without a value", "pairs");
    return items_take(reader, owner, count);
}

pickle_id pickle_item(const struct pickle *pickle, pickle_id value, size_t index)
{
    const struct pickle_value *owner = &pickle->values[value];
    if (index >= owner->count)
        return PICKLE_NOTHING;
    uint32_t cell = owner->first;
    while (index-- > 0)
        cell = pickle->cells[cell].next;
    return pickle->cells[cell].value;
}

/* ---- bytes ---- */

/* The next `size` bytes, or NULL and an error. */
static const unsigned char *bytes_take(struct pickle_reader *reader, uint64_t size)
{
    if (size > reader->size - reader->at) {
        pickle_error(reader, "ends early", "a file that was copied whole");
        return NULL;
    }
    const unsigned char *bytes = reader->data + reader->at;
    reader->at += (size_t)size;
    return bytes;
}

/* A number of `size` bytes, at most 8, little endian. */
static bool bytes_number(struct pickle_reader *reader, size_t size, uint64_t *number)
{
    const unsigned char *bytes = bytes_take(reader, size);
    *number = bytes ? little_endian(bytes, size) : 0;
    return bytes;
}

/* A line, without its end. */
static const char *bytes_line(struct pickle_reader *reader, size_t *size)
{
    const unsigned char *line = reader->data + reader->at;
    const unsigned char *end = memchr(line, '\n', reader->size - reader->at);
    *size = end ? (size_t)(end - line) : 0;
    if (!end)
        pickle_error(reader, "ends early", "a file that was copied whole");
    else
        reader->at += *size + 1;
    return end ? (const char *)line : NULL;
}

/* ---- values without items ---- */

static bool push_integer(struct pickle_reader *reader, enum pickle_kind kind, int64_t integer)
{
    struct pickle_value *value = stack_push(reader, kind);
    if (value)
        value->integer = integer;
    return value;
}

/* An unsigned number of `size` bytes. */
static bool push_number(struct pickle_reader *reader, size_t size)
{
    uint64_t number;
    return bytes_number(reader, size, &number) && push_integer(reader, PICKLE_INTEGER, (int64_t)number);
}

static bool push_int32(struct pickle_reader *reader)
{
    uint64_t number;
    return bytes_number(reader, 4, &number) &&
           push_integer(reader, PICKLE_INTEGER, (int32_t)(uint32_t)number);
}

/* In two's complement, of so many bytes as a number of `length` bytes says. */
static bool push_long(struct pickle_reader *reader, size_t length)
{
    uint64_t size, number = 0;
    if (!bytes_number(reader, length, &size))
        return false;
    const unsigned char *bytes = bytes_take(reader, size);
    struct pickle_value *value = bytes ? stack_push(reader, PICKLE_INTEGER) : NULL;
    if (!value)
        return false;
    const bool is_negative = size > 0 && bytes[size - 1] >= 0x80;
    for (size_t i = 0; i < 8; i++)
        number |= (uint64_t)(i < size ? bytes[i] : is_negative ? 0xff : 0) << (8 * i);
    value->integer = (int64_t)number;
    value->is_unsigned = size == 9 && bytes[8] == 0;
    if (size > 8 && !value->is_unsigned) {
        value->kind = PICKLE_LONG;
        value->data = (const char *)bytes;
        value->size = (size_t)size;
    }
    return true;
}

/* Big endian. */
static bool push_real(struct pickle_reader *reader)
{
    const unsigned char *bytes = bytes_take(reader, 8);
    struct pickle_value *value = bytes ? stack_push(reader, PICKLE_REAL) : NULL;
    uint64_t bits = 0;
    for (size_t i = 0; bytes && i < 8; i++)
        bits = bits << 8 | bytes[i];
    if (value)
        memcpy(&value->real, &bits, sizeof bits);
    return value;
}

/* Bytes or a text, of so many bytes as a number of `length` bytes says. */
static bool push_bytes(struct pickle_reader *reader, enum pickle_kind kind, size_t length)
{
    uint64_t size;
    if (!bytes_number(reader, length, &size))
        return false;
    const char *bytes = (const char *)bytes_take(reader, size);
    if (bytes && kind == PICKLE_TEXT && text_valid_length(bytes, (size_t)size) < size)
        kind = PICKLE_BYTES;
    struct pickle_value *value = bytes ? stack_push(reader, kind) : NULL;
    if (value) {
        value->data = bytes;
        value->size = (size_t)size;
    }
    return value;
}

/* ---- memo ---- */

/* Python numbers what it memoizes in order, and each takes 2 bytes: a number beyond the bytes read so far is a lie. */
static bool memo_put(struct pickle_reader *reader, uint64_t index)
{
    if (!stack_has(reader, 1))
        return false;
    if (index > reader->at)
        return pickle_error(reader, "memoizes out of order", "one that Python wrote");
    while (reader->memo.count <= index)
        if (!pickle_list_add(&reader->memo, PICKLE_NOTHING, reader->error))
            return false;
    reader->memo.items[index] = reader->stack.items[reader->stack.count - 1];
    return true;
}

static bool memo_put_number(struct pickle_reader *reader, size_t length)
{
    uint64_t index;
    return bytes_number(reader, length, &index) && memo_put(reader, index);
}

static bool memo_get(struct pickle_reader *reader, size_t length)
{
    uint64_t index;
    if (!bytes_number(reader, length, &index))
        return false;
    if (index >= reader->memo.count || reader->memo.items[index] == PICKLE_NOTHING)
        return pickle_error(reader, "recalls what it has not memoized", "one that is whole");
    return pickle_list_add(&reader->stack, reader->memo.items[index], reader->error);
}

/* ---- names and calls ---- */

/* Only what the table allows is a value; everything else ends the reading, before anything is done with it. */
static bool push_name(struct pickle_reader *reader, const char *module, size_t module_size, const char *name,
                      size_t name_size)
{
    char whole[NAME_MOST], what[NAME_MOST + 100];
    const bool is_long = module_size >= NAME_MOST || name_size >= NAME_MOST - module_size - 1;
    const bool has_nul = memchr(module, 0, module_size) || memchr(name, 0, name_size);
    snprintf(whole, sizeof whole, "%.*s.%.*s", (int)(module_size < NAME_MOST ? module_size : NAME_MOST),
             module, (int)(name_size < NAME_MOST ? name_size : NAME_MOST), name);
    const struct pickle_name *row = is_long || has_nul ? NULL : reader->rules->find(whole);
    if (row && row->refusal)
        return error_set(reader->error, ERROR_INPUT, "%s: a pickle that names %s at byte %zu, %s",
                         reader->where, whole, reader->opcode_at, row->refusal);
    if (!row) {
        snprintf(what, sizeof what, "names %s%s, which is not run,", whole, is_long ? "…" : "");
        return pickle_error(reader, what, reader->rules->expected);
    }
    struct pickle_value *value = stack_push(reader, PICKLE_NAME);
    if (value)
        value->name = row;
    return value;
}

static bool push_global(struct pickle_reader *reader)
{
    size_t module_size = 0, name_size = 0;
    const char *module = bytes_line(reader, &module_size);
    const char *name = module ? bytes_line(reader, &name_size) : NULL;
    return name && push_name(reader, module, module_size, name, name_size);
}

static bool push_stack_global(struct pickle_reader *reader)
{
    if (!stack_has(reader, 2))
        return false;
    const struct pickle_value *name = &reader->pickle->values[stack_pop(reader)];
    const struct pickle_value *module = &reader->pickle->values[stack_pop(reader)];
    if (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT)
        return pickle_error(reader, "names what is no text", "two texts");
    return push_name(reader, module->data, module->size, name->data, name->size);
}

/* REDUCE and NEWOBJ: a name and a tuple become a call. */
static bool push_call(struct pickle_reader *reader)
{
    if (!stack_has(reader, 2))
        return false;
    const pickle_id arguments = stack_pop(reader), callee = stack_pop(reader);
    const struct pickle_value *name = &reader->pickle->values[callee];
    const struct pickle_name *row = name->kind == PICKLE_NAME ? name->name : NULL;
    if (!row || !(row->may & PICKLE_MAY_CALL) || reader->pickle->values[arguments].kind != PICKLE_TUPLE)
        return pickle_error(reader, "calls what is no function", reader->rules->expected);
    struct pickle_value *value = stack_push(reader, PICKLE_CALL);
    if (value) {
        value->name = row;
        value->arguments = arguments;
    }
    return value;
}

static bool build(struct pickle_reader *reader)
{
    if (!stack_has(reader, 2))
        return false;
    const pickle_id state = stack_pop(reader);
    struct pickle_value *value = stack_top(reader);
    if (value->kind != PICKLE_CALL || !(value->name->may & PICKLE_MAY_STATE))
        return pickle_error(reader, "gives a state to what has none", reader->rules->expected);
    value->state = state;
    return true;
}

static bool push_persistent(struct pickle_reader *reader)
{
    if (!stack_has(reader, 1))
        return false;
    const pickle_id id = stack_pop(reader);
    struct pickle_value *value = stack_push(reader, PICKLE_PERSISTENT);
    if (value)
        value->arguments = id;
    return value;
}

/* ---- opcodes ---- */

static bool pop(struct pickle_reader *reader)
{
    return stack_has(reader, 1) && (stack_pop(reader), true);
}

static bool pop_mark(struct pickle_reader *reader)
{
    size_t count;
    if (!stack_unmark(reader, &count))
        return false;
    reader->stack.count -= count;
    return true;
}

static bool proto(struct pickle_reader *reader)
{
    uint64_t protocol;
    if (!bytes_number(reader, 1, &protocol))
        return false;
    return (protocol >= 2 && protocol <= 5) ||
           pickle_error(reader, "has an unknown protocol", "protocol 2 to 5");
}

/* A frame only says how many bytes can be read at once. */
static bool frame(struct pickle_reader *reader)
{
    uint64_t size;
    return bytes_number(reader, 8, &size);
}

/* The opcodes that wrap or move the values above a mark. */
static bool do_marked(struct pickle_reader *reader, enum opcode opcode)
{
    size_t count;
    if (!stack_unmark(reader, &count))
        return false;
    switch (opcode) {
    case OP_TUPLE:
        return items_wrap(reader, PICKLE_TUPLE, count);
    case OP_FROZENSET:
        return items_wrap(reader, PICKLE_SET, count);
    case OP_APPENDS:
        return items_append(reader, PICKLE_LIST, count);
    case OP_ADDITEMS:
        return items_append(reader, PICKLE_SET, count);
    default:
        return items_append(reader, PICKLE_DICT, count);
    }
}

static bool do_value(struct pickle_reader *reader, enum opcode opcode)
{
    switch (opcode) {
    case OP_NONE:
        return stack_push(reader, PICKLE_NONE);
    case OP_NEWTRUE:
        return push_integer(reader, PICKLE_TRUTH, 1);
    case OP_NEWFALSE:
        return push_integer(reader, PICKLE_TRUTH, 0);
    case OP_BININT:
        return push_int32(reader);
    case OP_BININT1:
        return push_number(reader, 1);
    case OP_BININT2:
        return push_number(reader, 2);
    case OP_LONG1:
        return push_long(reader, 1);
    case OP_LONG4:
        return push_long(reader, 4);
    case OP_BINFLOAT:
        return push_real(reader);
    case OP_SHORT_BINUNICODE:
    case OP_SHORT_BINSTRING:
        return push_bytes(reader, PICKLE_TEXT, 1);
    case OP_BINUNICODE:
    case OP_BINSTRING:
        return push_bytes(reader, PICKLE_TEXT, 4);
    case OP_BINUNICODE8:
        return push_bytes(reader, PICKLE_TEXT, 8);
    case OP_SHORT_BINBYTES:
        return push_bytes(reader, PICKLE_BYTES, 1);
    case OP_BINBYTES:
        return push_bytes(reader, PICKLE_BYTES, 4);
    default:
        return push_bytes(reader, PICKLE_BYTES, 8);
    }
}

static bool do_opcode(struct pickle_reader *reader, int opcode)
{
    char what[100];
    switch (opcode) {
    case OP_PROTO:
        return proto(reader);
    case OP_FRAME:
        return frame(reader);
    case OP_MARK:
        return pickle_list_add(&reader->marks, (uint32_t)reader->stack.count, reader->error);
    case OP_POP:
        return pop(reader);
    case OP_POP_MARK:
        return pop_mark(reader);
    case OP_EMPTY_LIST:
        return stack_push(reader, PICKLE_LIST);
    case OP_EMPTY_DICT:
        return stack_push(reader, PICKLE_DICT);
    case OP_EMPTY_SET:
        return stack_push(reader, PICKLE_SET);
    case OP_EMPTY_TUPLE:
        return stack_push(reader, PICKLE_TUPLE);
    case OP_TUPLE1:
    case OP_TUPLE2:
    case OP_TUPLE3:
        return items_wrap(reader, PICKLE_TUPLE, (size_t)opcode - OP_TUPLE1 + 1);
    case OP_APPEND:
        return items_append(reader, PICKLE_LIST, 1);
    case OP_SETITEM:
        return items_append(reader, PICKLE_DICT, 2);
    case OP_TUPLE:
    case OP_FROZENSET:
    case OP_APPENDS:
    case OP_ADDITEMS:
    case OP_SETITEMS:
        return do_marked(reader, (enum opcode)opcode);
    case OP_BINPUT:
        return memo_put_number(reader, 1);
    case OP_LONG_BINPUT:
        return memo_put_number(reader, 4);
    case OP_MEMOIZE:
        return memo_put(reader, reader->memo.count);
    case OP_BINGET:
        return memo_get(reader, 1);
    case OP_LONG_BINGET:
        return memo_get(reader, 4);
    case OP_GLOBAL:
        return push_global(reader);
    case OP_STACK_GLOBAL:
        return push_stack_global(reader);
    case OP_REDUCE:
    case OP_NEWOBJ:
        return push_call(reader);
    case OP_BUILD:
        return build(reader);
    case OP_BINPERSID:
        return push_persistent(reader);
    case OP_NONE:
    case OP_NEWTRUE:
    case OP_NEWFALSE:
    case OP_BININT:
    case OP_BININT1:
    case OP_BININT2:
    case OP_LONG1:
    case OP_LONG4:
    case OP_BINFLOAT:
    case OP_SHORT_BINUNICODE:
    case OP_SHORT_BINSTRING:
    case OP_BINUNICODE:
    case OP_BINSTRING:
    case OP_BINUNICODE8:
    case OP_SHORT_BINBYTES:
    case OP_BINBYTES:
    case OP_BINBYTES8:
    case OP_BYTEARRAY8:
        return do_value(reader, (enum opcode)opcode);
    default:
        snprintf(what, sizeof what, "has opcode 0x%02x", (unsigned)opcode);
        return pickle_error(reader, what, "what Python writes by protocol 2 to 5");
    }
}

/* Until STOP, which leaves one value. */
static bool pickle_run(struct pickle_reader *reader)
{
    for (;;) {
        reader->opcode_at = reader->at;
        const unsigned char *opcode = bytes_take(reader, 1);
        if (!opcode)
            return false;
        if (*opcode == OP_STOP)
            break;
        if (!do_opcode(reader, *opcode))
            return false;
        if (reader->stack.count >= UINT32_MAX)
            return pickle_error(reader, "holds more than 4294967295 values at once", "fewer");
    }
    if (reader->stack.count != 1 || reader->marks.count != 0)
        return pickle_error(reader, "ends with more or less than one value", "one that is whole");
    reader->pickle->root = stack_pop(reader);
    reader->pickle->end = reader->at;
    return true;
}

bool pickle_read(struct pickle *pickle, const char *data, size_t size, size_t start,
                 const struct pickle_rules *rules, const char *where, struct error *error)
{
    struct pickle_reader reader = {.pickle = pickle,
                                   .data = (const unsigned char *)data,
                                   .size = size,
                                   .at = start < size ? start : size,
                                   .rules = rules,
                                   .where = where,
                                   .error = error};
    *pickle = (struct pickle){0};
    /* PICKLE_NOTHING */
    bool ok = stack_push(&reader, PICKLE_NONE) && pop(&reader) && pickle_run(&reader);
    free(reader.stack.items);
    free(reader.marks.items);
    free(reader.memo.items);
    return ok;
}

void pickle_free(struct pickle *pickle)
{
    free(pickle->values);
    free(pickle->cells);
    *pickle = (struct pickle){0};
}
