/* From drawings to the bytes of pictures, several at a time: each is made, laid out, painted and freed by one
 * thread. */
#ifndef ATTN_VIEW_PICTURE_JOBS_H
#define ATTN_VIEW_PICTURE_JOBS_H

#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "paint/painter.h"
#include "view/pictures.h"

struct picture_job {
    struct picture_matrices shown;
    struct out *out; /* takes the bytes; the caller begins and frees it */
};

/* Runs all jobs; `style` and `patches` are as for picture_make. Errors: ERROR_USAGE for a style that cannot
 * be had (figure/layout.h), ERROR_SYSTEM for memory; if several jobs fail, those of the first. */
bool picture_jobs_run(const struct picture_job *jobs, size_t count, const struct painter *painter,
                      const struct drawing_style *style, const struct patch_view *patches,
                      struct error *error);

#endif
