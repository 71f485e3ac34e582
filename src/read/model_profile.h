/* Which profile of read/profiles.h the names of a model's arrays fit, and names for which a model is refused. */
#ifndef ATTN_READ_MODEL_PROFILE_H
#define ATTN_READ_MODEL_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "read/model.h"
#include "read/name_pattern.h"

/* Whether an array's name is that of a row. */
bool profile_row_names(const struct profile_row *row, const struct array *array,
                       struct name_numbers *numbers);
/* Which rows of a profile, up to 63, some array fits. `endings`: those of its names; NULL: not known. */
uint64_t profile_rows_met(const struct profile *profile, const struct archive *archive,
                          const struct name_endings *endings);
/* The inputs of a part that rows give, as bits; `needed`: of rows that are needed. */
uint64_t profile_inputs_of(const struct profile *profile, enum dump_part part, uint64_t met, bool needed);
/* Of the inputs that a profile needs for a part, as bits, those that are missing where it `has` some: of w_qkv and w_q, w_k,
 * w_v one or three are enough. */
uint64_t model_missing(const struct profile *profile, enum dump_part part, uint64_t has);

/* Whether an archive has all names that some profile needs, or names for which a model is refused. */
bool model_fits(const struct archive *archive);
/* Refuses files whose names say that there is nothing to compute with; `is_lost`: and no profile fits. */
bool model_check_refusals(const struct model *model, bool is_lost, struct error *error);
/* Finds model->profile: the one that was said (NULL: none was), else that of the config's model_type, else by names. Errors:
 * ERROR_USAGE for a name that no profile has; ERROR_INPUT where none fits. */
bool model_choose_profile(struct model *model, struct inputs *inputs, const char *said,
                          struct warnings *warnings, struct error *error);

#endif
