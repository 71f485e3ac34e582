/*
 * Files to inputs. A format is one file that exports one `struct reader`; read.c has the table. The format is
 * told by the content first and the name second.
 */
#ifndef ATTN_READ_READ_H
#define ATTN_READ_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"
#include "problem/inputs.h"

/* What a file of its own option holds (--q FILE, --tokens FILE); READ_ANY: an operand, which may hold
 * everything. */
struct read_target {
    enum { READ_ANY, READ_TENSOR, READ_TOKENS, READ_KEY_TOKENS } what;
    enum input input;   /* with READ_TENSOR */
    const char *called; /* how messages name it: "q", "tokens" */
};

struct reader {
    const char *name; /* for --input-format */
    /* Whether the content (size bytes, maybe 0) or else the name looks like this format: 2 by content, 1 by
     * name, 0 no. */
    int (*probe)(const char *data, size_t size, const char *name);
    /* Adds to inputs what the source holds. Places in inputs point at source->name, which outlives them. A
     * tensor or key that inputs has already is an error. The reader may free source->data when it is done. */
    bool (*read)(struct inputs *inputs, struct source *source, const struct read_target *target,
                 struct warnings *warnings, struct error *error);
};

extern const struct reader reader_json, reader_csv;
extern const struct reader *const readers[]; /* NULL-terminated */

/*
 * Reads one file ("-": standard input) into inputs. format NULL: told from content and name. Errors: I/O
 * (ERROR_SYSTEM), an unknown format name (ERROR_USAGE), and everything wrong in the file (ERROR_INPUT, with
 * its place).
 */
bool read_file(struct inputs *inputs, const char *path, const char *format, const struct read_target *target,
               struct warnings *warnings, struct error *error);

#endif
