/* Texts on a canvas: level, upward, beneath each other, or rising by 45°. */
#ifndef ATTN_PAINT_CANVAS_TEXT_H
#define ATTN_PAINT_CANVAS_TEXT_H

#include <stdbool.h>

#include "base/error.h"
#include "figure/figure.h"
#include "paint/canvas.h"

/* Paints a text of the figure. Errors: those of typeset_text. */
bool canvas_text(const struct canvas *canvas, const struct figure_item *item, const char *text,
                 struct error *error);

#endif
