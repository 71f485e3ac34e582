/* From drawings to the bytes of pictures, several at a time: each is made, laid out, painted and freed by one
 * thread. */
#ifndef ATTN_VIEW_PICTURE_JOBS_H
#define ATTN_VIEW_PICTURE_JOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "paint/painter.h"
#include "view/pictures.h"

struct picture_job {
    /* The panels of a stage, with what patches their pairs are drawn over (NULL: as matrices): `count` of them, one for
     * each size of layers, and all their matrices; or one matrix of the first, counted over layers, then heads. */
    const struct panels *panels;
    const struct patch_view *const *patches;
    size_t count;
    bool all;
    size_t matrix;
    struct out *out; /* takes the bytes; the caller begins and frees it */
};

/* Runs all jobs. *dim becomes the largest of all figures (figure/figure.h). Errors: ERROR_USAGE for a style that cannot be had (figure/layout.h), ERROR_SYSTEM for memory; if
 * several jobs fail, those of the first. */
bool picture_jobs_run(const struct picture_job *jobs, size_t count, const struct painter *painter,
                      const struct drawing_style *style, double *dim, struct error *error);

#endif
