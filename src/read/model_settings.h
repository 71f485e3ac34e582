/* The settings with which a layer of a model attends, by its profile and its config. */
#ifndef ATTN_READ_MODEL_SETTINGS_H
#define ATTN_READ_MODEL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/settings.h"
#include "read/model.h"

/* Columns of q, and of k, or of all three together, over all heads; 0: not known, where tensors have an axis for heads. */
struct model_widths {
    size_t q, k, fused;
    size_t head;  /* columns of a head, where a tensor tells: the norms of q and k have one number for each */
    size_t heads; /* heads, where a tensor tells: a table of relative positions */
};

/*
 * Sets `settings`, which begin zeroed, for a layer. `said` are those of the inputs and the command line: heads that are said
 * there hold. *columns: those of a head, 0 where they are not known. Errors: ERROR_INPUT, with the place in the config, for a
 * value that is none, for a number of heads that nobody says, and a layer without attention; no memory.
 */
bool model_settings(struct settings *settings, size_t *columns, const struct model *model, size_t layer,
                    const struct model_widths *widths, const struct settings *said, struct error *error);

/* Clears the settings of positions that the position in force has no use for. */
void model_tidy_position(struct settings *settings, int position);

#endif
