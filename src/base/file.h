/*
 * Files in and out. Reading takes a whole file into memory. Writing is a transaction: every output is staged
 * under a temporary name beside its destination, and file_commit gives all of them their names at once;
 * a failure, file_discard or a signal leaves no trace, and what stood there before stays as it was.
 */
#ifndef ATTN_BASE_FILE_H
#define ATTN_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"

/* A text that was read, and where from. `data` has `size` bytes and a NUL behind them; all owned. */
struct source {
    char *name; /* as the user gave it; "standard input" for - */
    char *data;
    size_t size;
    size_t mapped; /* bytes of a mapping that `data` is; 0: of its own memory */
};

/* Where something stood in a source; line and column count from 1, 0 is unknown. `file` is borrowed. */
struct place {
    const char *file;
    size_t line, column;
};

/* Reads the file, or standard input for "-". Errors: ERROR_SYSTEM, also where it holds more than `most`
 * bytes; 0: a regular file may hold any number, something else as many as half of the machine's memory. */
bool source_read(struct source *source, const char *path, size_t most, struct error *error);
void source_free(struct source *source);
/* Frees the text and keeps the name. */
void source_drop(struct source *source);
/* Says that a part of the text, which nobody has changed, has been read: if the file is mapped, the memory
 * that it takes is given back until somebody looks at it again. */
void source_pass(const struct source *source, const char *start, const char *end);

/* The place of byte `offset`. The column counts characters. */
struct place source_place(const struct source *source, size_t offset);

/* The same for offsets that mostly rise, so that the way is counted once and not once for each: a walk begins
 * zeroed, and belongs to one source. */
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

/* Begins an output: out is ready for bytes. A path that names something other than a regular file (a pipe, a
 * device) is written through directly. Folders that are missing are made if `make_folders`. */
bool file_stage(const char *path, bool make_folders, struct out *out, struct error *error);
/* Ends it: everything is on the disk under the temporary name. Frees out, also on failure. */
bool file_stage_end(struct out *out, struct error *error);

/* All staged files get their names. */
bool file_commit(struct error *error);
/* Removes what is staged, and the folders made for it. */
void file_discard(void);
/* As much of it as a signal handler may do. */
void file_remove_traces(void);

/* From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGXCPU discard what is staged and then end the program as
 * they would have; SIGPIPE and SIGXFSZ become a failed write. */
void file_guard_signals(void);

/* Whether `path` names an existing folder. */
bool file_is_folder(const char *path);

#endif
