/* Where a command writes what it says of its input, in one format: a file, or standard output. */
#ifndef ATTN_CMD_ANSWER_H
#define ATTN_CMD_ANSWER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/out.h"
#include "paint/painter.h"

enum answer_format { ANSWER_AUTO, ANSWER_TABLE, ANSWER_JSON, ANSWER_CSV, ANSWER_NPY, ANSWER_PICTURE };

/* The words of --format, in their order. */
extern const char answer_formats[];

struct answer {
    const char *path; /* NULL: standard output */
    enum answer_format format;
    const struct painter *painter; /* of a picture */
};

/* The format that the ending of a name says, by the table of cmd/output_format.h; AUTO: none that is known. *painter: that of a
 * picture. */
enum answer_format answer_format_of(const char *path, const struct painter **painter);

/*
 * Finds where to write: `output` is that of -o (NULL or "-": standard output), `format` what --format says, AUTO where it says
 * nothing. Then a file has the format of its name, standard output `plain` on a terminal, and JSON else. ERROR_USAGE for a name of no
 * format that is known, and for a picture beside --format.
 */
bool answer_find(struct answer *answer, const char *output, enum answer_format format,
                 enum answer_format plain, struct error *error);

/* Writes by `put`, which gets the context: a file appears whole or not at all. Errors: those of `put` and of writing. */
bool answer_write(const struct answer *answer,
                  bool (*put)(const void *context, const struct answer *answer, struct out *out,
                              struct error *error),
                  const void *context, struct error *error);

#endif
