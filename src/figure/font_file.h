/*
 * A font file that the user names: its bytes, checked as far as FreeType and HarfBuzz check them when they open it. Threads share
 * one, and each opens a face of its own (figure/font_face.h).
 */
#ifndef ATTN_FIGURE_FONT_FILE_H
#define ATTN_FIGURE_FONT_FILE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/source.h"

enum { FONT_FAMILY = 96 };

/* Begins zeroed; freed by font_file_free in any case. */
struct font_file {
    struct source source;
    char family
        [FONT_FAMILY]; /* for CSS: letters, digits, spaces and -_.+ alone; "": it has no name of these */
};

/* Reads a TTF, an OTF or the first font of a TTC. Errors name the file: ERROR_SYSTEM for one that cannot be read or is larger than
 * 256 MiB, ERROR_INPUT for one that is no such font, ERROR_USAGE where this program was built without the libraries. */
bool font_file_read(struct font_file *file, const char *path, struct error *error);
void font_file_free(struct font_file *file);

/* Whether this program was built with the libraries that read fonts. */
bool font_file_is_known(void);

#endif
