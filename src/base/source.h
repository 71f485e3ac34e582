/* Files that are read whole, mapped where that is possible, and the places in them that messages name. */
#ifndef ATTN_BASE_SOURCE_H
#define ATTN_BASE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A text that was read, and the name of its file. `data` has `size` bytes and then a NUL; all owned. */
struct source {
    char *name;    /* as the user gave it; "standard input" for - */
    bool standard; /* it is standard input */
    char *data;
    size_t size;
    size_t mapped;       /* bytes of a mapping that `data` is; 0: of its own memory */
    size_t lines_before; /* of the file, where `data` begins behind them */
};

/* A place in a source; line and column count from 1, 0 is unknown. `file` is borrowed. */
struct place {
    const char *file;
    size_t line, column;
};

/* Reads the file, or standard input for "-". Errors: ERROR_SYSTEM, also where it holds more than `most`
 * bytes; 0: a regular file may hold any number, a pipe or device half of the machine's memory. */
bool source_read(struct source *source, const char *path, size_t most, struct error *error);
/* The same for a file of which not everything will be looked at: it is mapped whatever its size. */
bool source_map(struct source *source, const char *path, struct error *error);
void source_free(struct source *source);
/* Frees the text and keeps the name. */
void source_drop(struct source *source);
/* Says that a part of the text has been read, which nobody has changed: if the file is mapped, its memory is
 * given back until it is read again. */
void source_pass(const struct source *source, const char *start, const char *end);

/* What names it on a command line: its name, or "-". */
const char *source_path(const struct source *source);

/* The place of byte `offset`. The column counts characters. */
struct place source_place(const struct source *source, size_t offset);

/* The same for offsets that mostly rise: it counts on from the place before instead of from the beginning. A
 * walk begins zeroed, and belongs to one source. */
struct place_walk {
    size_t offset;
    struct place place; /* of it */
};
struct place source_walk(const struct source *source, struct place_walk *walk, size_t offset);

/* Sets "FILE:LINE:COL: message"; of kind ERROR_INPUT. Always returns false. */
bool source_error(const struct source *source, size_t offset, struct error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool place_error(const struct place *place, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
