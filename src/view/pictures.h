/* From results to drawings: which matrix, labels, titles and colours a stage is drawn with. */
#ifndef ATTN_VIEW_PICTURES_H
#define ATTN_VIEW_PICTURES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "view/panels.h"
#include "view/patch_view.h"

/* The labels beside the rows and the columns that are shown of a stage; NULL: numbers stand there, or names.
 */
struct sides {
    const char *const *rows, *const *columns;
};
/* `patches` as for pictures_draw. */
struct sides pictures_labels(const struct result *result, enum stage stage, const struct patch_view *patches);

/* A picture to be drawn. */
struct picture {
    const struct panels *panels;
    bool all;        /* all its matrices, as one figure */
    size_t matrix;   /* else this one, counted over layers, then heads */
    struct out *out; /* takes the PNG; the caller begins and frees it */
};

/* Draws them, several at a time, those of pairs over the grid of `patches`; NULL: as matrices. Errors: those
 * of the first that fails, whichever fails first. */
bool pictures_draw(const struct picture *pictures, size_t count, const struct drawing_style *style,
                   const struct patch_view *patches, struct error *error);

#endif
