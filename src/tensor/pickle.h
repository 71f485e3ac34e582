/*
 * Python's pickle as data: a tree of values, in which a call is a value too. Nothing is called: what may be named at all, and
 * what may then be done with it, stands in a table of the caller, and everything else is refused. The opcodes are those that
 * Python writes by protocols 2 to 5. Source of the format: Lib/pickletools.py of CPython 3.11.
 */
#ifndef ATTN_TENSOR_PICKLE_H
#define ATTN_TENSOR_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum pickle_kind {
    PICKLE_NONE,
    PICKLE_TRUTH,
    PICKLE_INTEGER,
    PICKLE_LONG, /* an integer of more than 64 bits: its bytes, the lowest first */
    PICKLE_REAL,
    PICKLE_TEXT,  /* valid UTF-8 */
    PICKLE_BYTES, /* also a text that is not */
    PICKLE_LIST,
    PICKLE_TUPLE,
    PICKLE_SET,
    PICKLE_DICT,       /* its items: a key, its value, the next key, … */
    PICKLE_NAME,       /* of a function or class */
    PICKLE_CALL,       /* of a name, or a new object of that class */
    PICKLE_PERSISTENT, /* what lies outside of the pickle */
};

/* What may be done with a name: bits. */
enum pickle_may {
    PICKLE_MAY_CALL = 1,
    PICKLE_MAY_FILL = 2,  /* the result of the call gets items as a dict does */
    PICKLE_MAY_STATE = 4, /* it gets a state */
};

/* A name that a pickle may have in it. */
struct pickle_name {
    const char *name;    /* whole: "collections.OrderedDict" */
    unsigned may;        /* of pickle_may */
    int what, detail;    /* for the caller */
    const char *refusal; /* NULL, or: it is known and refused, "a sparse tensor: expected a dense one" */
};

struct pickle_rules {
    /* The row of a whole name, or NULL: it is refused. */
    const struct pickle_name *(*find)(const char *name);
    const char *expected; /* what a pickle should have in it instead: ends the message */
};

/* Index of a value; the first, PICKLE_NOTHING, is a None that stands where there is none. */
typedef uint32_t pickle_id;
enum { PICKLE_NOTHING };

struct pickle_value {
    enum pickle_kind kind;
    uint32_t first, last, count;    /* items: the first and last cell, and how many */
    pickle_id arguments;            /* of a call: a tuple; of what is persistent: its id */
    pickle_id state;                /* of a call */
    bool is_open;                   /* for who walks the values, which may contain themselves */
    bool is_unsigned;               /* the integer is above INT64_MAX: read it as uint64_t */
    const struct pickle_name *name; /* of a name, and of a call what is called */
    union {
        int64_t integer; /* also of a truth */
        double real;
        const char *data; /* of a text, bytes, a long: in the pickle */
    };
    size_t size; /* of data */
    size_t at;   /* the byte of its opcode, for messages */
};

/* An item of a list, tuple, set or dict. */
struct pickle_cell {
    pickle_id value;
    uint32_t next; /* of the item behind it, where there is one */
};

/* Begins zeroed; pickle_free in any case. */
struct pickle {
    struct pickle_value *values;
    size_t count;
    struct pickle_cell *cells;
    size_t cell_count;
    pickle_id root;
    size_t end; /* behind its last byte */
};

/*
 * Reads the pickle that begins at byte `start` of data[0..size), which has to stay. `where` begins messages. It takes memory
 * in proportion to the bytes that were read. Errors: ERROR_INPUT, with the byte: it ends early, an opcode is unknown or
 * cannot be done, a name is not allowed.
 */
bool pickle_read(struct pickle *pickle, const char *data, size_t size, size_t start,
                 const struct pickle_rules *rules, const char *where, struct error *error);
void pickle_free(struct pickle *pickle);

/* Item `index` of a value that has items; PICKLE_NOTHING behind the last. Takes time in proportion to the index. */
pickle_id pickle_item(const struct pickle *pickle, pickle_id value, size_t index);

#endif
