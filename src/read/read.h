/*
 * Files to inputs. A format is one file that defines one `struct reader`, and its name in READERS. The
 * content decides the format of a file, and where it does not, the name.
 */
#ifndef ATTN_READ_READ_H
#define ATTN_READ_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"
#include "problem/inputs.h"

/* The formats: X(NAME) for each, with BETWEEN between them. A file that no reader
 * knows is read by the last. */
#define READERS(X, BETWEEN)                                                                                  \
    X(json) BETWEEN X(vectors)                                                                               \
    BETWEEN X(alignments)                                                                                    \
    BETWEEN X(csv)

/* What the first line of a table is said to be; HEADER_GUESSED: nothing is said. */
enum read_header { HEADER_GUESSED, HEADER_NO, HEADER_YES };

/* The inputs that a file is for: one, where it is the argument of an option (--q FILE, --tokens FILE); all,
 * where it is an operand (READ_ANY). */
struct read_target {
    enum { READ_ANY, READ_TENSOR, READ_TOKENS, READ_KEY_TOKENS } what;
    enum input input;   /* with READ_TENSOR */
    const char *called; /* its name in messages: "q", "tokens" */
    enum read_header header;
    int part;          /* enum dump_part, of an encoder–decoder; 0: not said */
    const char *dtype; /* what raw bytes in arrays are, which NumPy has no type for: "bf16"; NULL: not said */
    bool has_batch;    /* one of several sentences, or sequences of a batch, is wanted: */
    size_t batch;      /* its number, from 0 */
    size_t memory;     /* bytes that compressed arrays may unpack to; 0: half of the machine's */
    bool in_parts;     /* only some of the layers, heads, queries, keys or sequences will be looked at */
    const char
        *text; /* the words whose rows are wanted, of a file that has a word in each row; NULL: all rows */
};

struct reader {
    /* How sure it is that a file has this format: 2 by its content, 1 by its name, 0 not at all. */
    int (*probe)(const char *data, size_t size, const char *name);
    /* Adds the contents of the source to inputs. Places in inputs point at source->name, which outlives them.
     * A tensor or key that inputs has already is an error. May free source->data when it is done. */
    bool (*read)(struct inputs *inputs, struct source *source, const struct read_target *target,
                 struct warnings *warnings, struct error *error);
};

#define READER_DECLARE(name) extern const struct reader reader_##name;
READERS(READER_DECLARE, )

/* Their names: "json vectors alignments csv". */
extern const char reader_words[];

/*
 * Reads one file ("-": standard input) into inputs. FILE:NAME is one array of a file of named arrays (tensor/format.h), and
 * FILE:NAME[INDEX] a part of it, indexed as by NumPy; a file whose own name is that goes before. said NULL: the format is found by content and name. Errors:
 * ERROR_SYSTEM where it cannot be read, ERROR_USAGE for an unknown format or array, ERROR_INPUT, with its place, for
 * everything wrong in the file.
 */
bool read_file(struct inputs *inputs, const char *path, const char *said, const struct read_target *target,
               struct warnings *warnings, struct error *error);

struct format;
/* The format of named arrays that a file has, by `said` (NULL: by content, then by name); NULL: it is a text. Errors: ERROR_USAGE
 * for an unknown name. */
bool read_format(const struct source *source, const char *said, const struct format **format,
                 struct error *error);
/* Reads a text that is not one of named arrays; inputs take the source over in any case. *format (NULL: not asked) gets the name
 * of its format. Errors as those of read_file. */
bool read_source(struct inputs *inputs, struct source *source, const char *said,
                 const struct read_target *target, const char **format, struct warnings *warnings,
                 struct error *error);

#endif
