/* From a drawing of heads as matrices to one over the patches of an image. */
#ifndef ATTN_VIEW_PATCH_DRAWING_H
#define ATTN_VIEW_PATCH_DRAWING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/forms.h"
#include "base/error.h"
#include "figure/heatmap.h"
#include "view/patch_view.h"

/* A drawing over patches with everything that it points to, but for the image and the titles of rows and
 * columns of panels, which it borrows. Begins zeroed; freed by patch_drawing_free in any case. Not to be
 * copied. */
struct patch_drawing {
    struct drawing drawing;
    struct heatmap *maps; /* `count` of them: for each matrix as many as it has keys with a map */
    size_t count;
    char **titles;   /* of the maps, then of the figure */
    float *values;   /* of the patches, map behind map */
    uint8_t *masked; /* likewise */
    char **keys;     /* names of keys, `key_count` of them; NULL: each matrix has one map */
    size_t key_count;
    const char **rows; /* of rows of panels, from the matrices; NULL: none */
    char note[48];     /* of the drawing */
};

/* Makes it from the drawing of the same heads as matrices, whose rows are queries and whose columns are keys.
 * Thread-safe. Errors: no memory. */
bool patch_drawing_make(struct patch_drawing *over, const struct patch_view *patches, enum stage stage,
                        const struct drawing *matrices, struct error *error);
void patch_drawing_free(struct patch_drawing *over);

#endif
