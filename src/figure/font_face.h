/*
 * A face of a font file that the user names, open in FreeType and HarfBuzz: which characters it has, and how a run of them is shaped.
 * Where the program was built without these libraries there is never one. A face serves one thread.
 */
#ifndef ATTN_FIGURE_FONT_FACE_H
#define ATTN_FIGURE_FONT_FACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "figure/font_file.h"
#include "figure/font_raster.h"

struct font_face;

/* The file must outlive the face. Errors: ERROR_INPUT that names the file where a library does not open it; no memory. */
struct font_face *font_face_open(const struct font_file *file, struct error *error);
void font_face_close(struct font_face *face);

/* The name of the family as the file has it, or NULL: nothing is known of its bytes. Borrowed. */
const char *font_face_family(const struct font_face *face);

bool font_face_has(const struct font_face *face, uint32_t code);

/* Whether it has pictures in colour, so that it is made for emoji, and its digits are not for reading. */
bool font_face_is_colored(const struct font_face *face);

/* A glyph of a run: where it stands from the run's left end on the baseline, in ems, y downward. */
struct font_place {
    int glyph;
    double x, y;
};

/* Shapes characters of one direction, in the order of reading, whatever their scripts. *places, owned by the face until the
 * next call, are in the order from left to right; *width is in ems. Errors: no memory. */
bool font_face_shape(struct font_face *face, const uint32_t *codes, size_t count, bool is_leftward,
                     const struct font_place **places, size_t *place_count, double *width,
                     struct error *error);

/* A glyph as pixels (figure/font_raster.h), of which it owns what FreeType does not.
 * Errors: ERROR_INPUT that names the file for a glyph that is broken, or larger than 16 ems; no memory. */
bool font_face_render(struct font_face *face, int glyph, double size, int quarter, struct font_raster *raster,
                      struct error *error);

#endif
