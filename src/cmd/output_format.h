/*
 * The formats of files that results are written to: the pictures of paint/painter.h and the numbers of
 * write/write.h in one table. A name is the ending of the files.
 */
#ifndef ATTN_CMD_OUTPUT_FORMAT_H
#define ATTN_CMD_OUTPUT_FORMAT_H

#include <stdbool.h>

#include "paint/painter.h"
#include "write/write.h"

struct output_format {
    const char *ending;            /* ".png" */
    const struct painter *painter; /* of a format of pictures, else NULL */
    const struct writer *writer;   /* of a format of numbers, else NULL */
};

/* output_png, output_json, … */
#define OUTPUT_FORMAT_DECLARE(name) extern const struct output_format output_##name;
PAINTERS(OUTPUT_FORMAT_DECLARE, )
WRITERS(OUTPUT_FORMAT_DECLARE, )
OUTPUT_FORMAT_DECLARE(measures) /* of --measures; no ending leads to it */

/* The endings of all, separated by blanks: ".png .json .csv .npy". */
extern const char output_endings[];

/* Those of pictures, of answers that are numbers or pictures, and of these and arrays. */
extern const char output_pictures[], output_answers[], output_answers_all[];

/* The format of a file by the ending of its name, in small or capital letters, or NULL. */
const struct output_format *output_format_of(const char *path);

/* What a file holds. */
enum holds output_format_holds(const struct output_format *format);

#endif
