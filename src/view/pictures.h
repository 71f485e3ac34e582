/* From results to drawings: which matrix, labels, titles and colours a stage is drawn with. */
#ifndef ATTN_VIEW_PICTURES_H
#define ATTN_VIEW_PICTURES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "figure/heatmap.h"
#include "view/panels.h"
#include "view/patch_drawing.h"
#include "view/patch_view.h"

/* The labels of the rows and the columns of a stage; NULL: numbers or other names take their place. */
struct sides {
    const char *const *rows, *const *columns;
};
/* Pairs are drawn over `patches`; NULL: as matrices. */
struct sides pictures_labels(const struct excerpt *excerpt, enum stage stage,
                             const struct patch_view *patches);

/* Which matrices of a stage a picture shows. */
struct picture_matrices {
    const struct panels *panels;
    bool all;      /* all of them, as one figure */
    size_t matrix; /* else this one, counted over layers, then heads */
};

/* The masked cells of a map, and those that dropout made 0. */
struct picture_mask {
    unsigned char *dropped;  /* owned; NULL: none is */
    unsigned char *flags;    /* owned; NULL: there are none, or another map has them already */
    const void *shared_with; /* excerpt_mask_key of maps that have the same; NULL: of this map alone */
};

/* A drawing with everything that it points to, but for the result. Begins zeroed; freed by picture_free in
 * any case. Not to be copied. */
struct picture {
    struct drawing drawing;
    struct heatmap *maps; /* `count` of them */
    size_t count;
    struct picture_mask *masks; /* of the maps */
    float **values;             /* of maps that lie nowhere in one piece; NULL: they are the result's */
    char (*names)[PANEL_NAME];  /* of the panels, then of the rows and columns of panels */
    bool is_triangle;           /* pairs above the diagonal are drawn as masked, though no mask says so */
    const char **titles;        /* pointers to those of rows and columns */
    char *title;
    char masked_count[80];
    struct patch_drawing over; /* the drawing over patches, made from all these; else zeroed */
};

/* Makes the drawing; pairs are drawn over `patches`, or as matrices if it is NULL. Thread-safe. Errors: no
 * memory. */
bool picture_make(struct picture *picture, const struct picture_matrices *shown,
                  const struct drawing_style *style, const struct patch_view *patches, struct error *error);
void picture_free(struct picture *picture);

#endif
