/* Two results and their difference as one figure: for each head A, B and B − A, over all tokens of both. */
#ifndef ATTN_VIEW_DIFF_PICTURE_H
#define ATTN_VIEW_DIFF_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "figure/font_file.h"
#include "paint/painter.h"
#include "write/diff.h"

/* Paints the heads of the report that both sides have, below each other, with the font of the user (NULL: none), and writes the bytes. Tokens of A alone are labelled with a
 * minus, those of B alone with a plus, and their pairs are masked where they are not. Errors: ERROR_USAGE where there is no such
 * head, and for a picture that is too large; no memory. */
bool diff_picture(struct out *out, const struct diff_report *report, const struct font_file *font,
                  const struct painter *painter, struct error *error);

#endif
