/* An explanation as a picture for a slide. */
#ifndef ATTN_VIEW_EXPLAIN_FIGURE_H
#define ATTN_VIEW_EXPLAIN_FIGURE_H

#include <stdbool.h>

#include "base/error.h"
#include "compute/explain_steps.h"
#include "figure/figure.h"
#include "figure/font.h"

/*
 * Lays the steps out in `figure`, which begins zeroed and is freed by figure_free in any case: how q is made, a line for
 * each key that has a row with its numbers from left to right and a bar of its weight, and the sum. `title` stands above;
 * NULL: none does. Lengths are those of a picture of scale 1. Errors: ERROR_USAGE for more keys than a picture has room for;
 * no memory.
 */
bool explain_figure(struct figure *figure, const struct explain_steps *steps, const char *title,
                    struct font *font, struct error *error);

#endif
