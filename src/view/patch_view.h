/*
 * For vision models: the weights of one query, or their mean over queries, are drawn over the image whose
 * patches are the keys, instead of the n×m matrices.
 */
#ifndef ATTN_VIEW_PATCH_VIEW_H
#define ATTN_VIEW_PATCH_VIEW_H

#include "base/error.h"
#include "compute/excerpt.h"
#include "figure/heatmap.h"
#include "figure/image.h"

/* Pairs are drawn as matrices, or over the patches; AUTO: over the patches if a grid is known. */
enum view { VIEW_AUTO, VIEW_MATRIX, VIEW_GRID };

/* The options for drawing over patches. */
struct patch_options {
    const char *image_file; /* NULL: nothing beneath */
    bool has_query;         /* is_mean and query were given */
    bool is_mean;           /* the mean over the queries; else one query */
    size_t query;
    enum view view;
};

/* Begins zeroed; freed by patch_view_free. */
struct patch_view {
    size_t rows, columns;
    bool has_class;     /* key 0 is a CLS token, no patch */
    bool is_self;       /* the queries are the same tokens as the keys */
    bool is_mean;       /* over all queries that are shown, but for CLS */
    size_t query;       /* else this one of the problem's */
    struct image image; /* what lies beneath; without pixels: nothing */
    float largest;      /* weight that any head shows of a patch; 0: none */
    char from[128];     /* the query, for titles: "seen from row 4, column 1"; "": there is only one */
};

/*
 * Checks the options and the problem's grid, and reads the image. *wanted says whether pairs are drawn over
 * the patches; if not, everything is drawn as matrices. Errors: ERROR_USAGE, ERROR_INPUT for counts that do
 * not fit and for images, ERROR_SYSTEM.
 */
bool patch_view_plan(struct patch_view *patches, bool *wanted, const struct patch_options *options,
                     const struct problem *problem, const struct request *request, struct error *error);

/* Finds the largest weight that any head shows of a patch: it gets the highest colour in all pictures. */
bool patch_view_measure(struct patch_view *patches, const struct excerpt *excerpt, struct error *error);

void patch_view_free(struct patch_view *patches);

/* A drawing over patches with everything that it points to, but for the image and the titles of rows and
 * columns of panels, which it borrows. Begins zeroed; freed by patch_drawing_free in any case. Not to be
 * copied. */
struct patch_drawing {
    struct drawing drawing;
    struct heatmap *maps; /* `count` of them */
    size_t count;
    char **titles; /* of the maps, then of the figure */
    float *values; /* of all keys, map behind map */
    uint8_t *masked;
    char note[48]; /* of the drawing */
};

/* Makes it from the drawing of the same heads as matrices, whose rows are queries and whose columns are all
 * keys. Thread-safe. Errors: no memory. */
bool patch_drawing_make(struct patch_drawing *over, const struct patch_view *patches, enum stage stage,
                        const struct drawing *matrices, struct error *error);
void patch_drawing_free(struct patch_drawing *over);

#endif
