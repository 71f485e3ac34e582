/* From results to drawings: which matrix, labels, titles and colours a stage is drawn with. */
#ifndef ATTN_CMD_PICTURES_H
#define ATTN_CMD_PICTURES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "cmd/options.h"
#include "cmd/patches.h"
#include "cmd/shown.h"

/* A picture to be drawn. */
struct picture {
    const struct shown *shown;
    bool all;        /* all its matrices, as one figure */
    size_t matrix;   /* else this one, counted over layers, then heads */
    struct out *out; /* takes the PNG; the caller begins and frees it */
};

/* Draws them, several at a time, those of pairs over the grid of `patches`; NULL: as matrices. Errors: those
 * of the first that fails, whichever fails first. */
bool pictures_draw(const struct picture *pictures, size_t count, const struct options *options,
                   const struct patches *patches, struct error *error);

#endif
