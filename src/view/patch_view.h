/*
 * For vision models: weights are drawn over the image whose patches the keys or queries are, instead of as n×m
 * matrices. Where the patches are keys, it is the weights of one query on them, or their mean over queries; where they
 * are queries, the weights of all of them on one key, a map for each key.
 */
#ifndef ATTN_VIEW_PATCH_VIEW_H
#define ATTN_VIEW_PATCH_VIEW_H

#include "base/error.h"
#include "compute/patch_grid.h"
#include "compute/request.h"
#include "figure/image.h"

/* Pairs are drawn as matrices, over the patches, or as lines (view/line_view.h); AUTO: over the patches if a grid is
 * known. */
enum view { VIEW_AUTO, VIEW_MATRIX, VIEW_GRID, VIEW_LINES };

/* The options for drawing over patches. */
struct patch_options {
    const char *image_file; /* NULL: nothing beneath */
    const char *from;       /* the query, a number or token, or "mean" over them; NULL: not said */
    const char *at;         /* the key, a number or token; NULL: each */
    enum view view;
    const char *query; /* whose lines are lit, a number or token; NULL: not said */
};

/* The most keys that have a map each without being chosen. */
enum { PATCH_KEYS_MAX = 16 };

/* Begins zeroed; freed by patch_view_free. */
struct patch_view {
    const struct problem *problem;
    struct patch_grid grid;
    bool is_self; /* the queries are the same tokens as the keys */
    /* Where the patches are keys. */
    bool has_class; /* they are the last keys, behind a CLS token, key 0 */
    bool is_mean;   /* over the queries that are shown; of those that are patches, if any are */
    size_t query;   /* else this one of the problem's */
    /* Where they are queries: the problem's keys that have a map. */
    size_t key_first, key_count;
    struct image image; /* what lies beneath; without pixels: nothing */
    float largest;      /* weight that any head shows of a patch; 0: none */
    char from[128];     /* the query or key, for titles: "seen from row 4, column 1"; "": there is only one */
};

/*
 * Checks the options and the problem's grid, and reads the image. *wanted says whether pairs are drawn over
 * the patches; if not, everything is drawn as matrices. The problem must outlive the view. Errors: ERROR_USAGE,
 * ERROR_INPUT for counts that do not fit and for images, ERROR_SYSTEM.
 */
bool patch_view_plan(struct patch_view *patches, bool *wanted, const struct patch_options *options,
                     const struct problem *problem, const struct request *request, struct error *error);

void patch_view_free(struct patch_view *patches);

/* How many maps a head has. */
static inline size_t patch_view_maps(const struct patch_view *patches)
{
    return patches->grid.are_queries ? patches->key_count : 1;
}

enum { PATCH_NAME = 96 };
/* A query or key, for titles: "row 4, column 1" of a patch, "“cat”", or "key 7". */
void patch_view_name(const struct patch_view *patches, bool is_key, size_t token, char name[PATCH_NAME]);

#endif
