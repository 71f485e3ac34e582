/*
 * Arrays of a file to inputs: attn's own names, those of other software (read/json_names.h), and those that frameworks give
 * to what people save of attention, an array a layer, step or part (read/dump_names.h).
 */
#ifndef ATTN_READ_DUMP_H
#define ATTN_READ_DUMP_H

#include <stdbool.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "read/read.h"
#include "tensor/archive.h"

/*
 * Reads an archive, which inputs own already. `name` (NULL: not said) is that of the one array that is wanted, and `index`
 * (NULL: all of it) what stands in brackets behind it. Errors: ERROR_USAGE for an array that is not there or cannot be
 * indexed so, ERROR_INPUT for arrays without a known name, ones that cannot be read, and layers that do not go together.
 */
bool dump_read(struct inputs *inputs, struct archive *archive, const char *name, const char *index,
               const struct read_target *target, struct warnings *warnings, struct error *error);

/* Whether attn wrote the archive: there is, as metadatum or array, what its arrays do not say, as JSON. */
bool dump_has_about(const struct archive *archive);
/* That text, not ended by a NUL, where there is one; it lives as long as the archive. Errors: those of archive_load. */
bool dump_about(const char **text, size_t *size, struct archive *archive, struct error *error);
/* Reads it: tokens, title, settings, also of layers. `has_weights`: the archive holds weights, which are not computed anew.
 * Without it nothing is done. Errors: ERROR_INPUT where it is wrong; no memory. */
bool dump_read_about(struct inputs *inputs, struct archive *archive, bool has_weights,
                     struct warnings *warnings, struct error *error);

/* What an array would be taken for. */
struct dump_reading {
    enum input input; /* INPUT_COUNT: it is passed over */
    size_t layer;     /* counted from 0; SIZE_MAX: it is of all layers */
    size_t step;      /* of a generation; SIZE_MAX: of none */
    bool is_scores;   /* masked scores, whose softmax is taken */
    bool is_ids;      /* the numbers of the tokens in a vocabulary */
    bool is_labels;   /* tokens or key_tokens, as its name says */
    bool is_bare;     /* its name says nothing: by its axes, and attention by the name of its file */
    const char *from; /* the framework that gives such names; NULL: none */
};

/*
 * Says what dump_read would take each array for: a list of one a array, which the caller frees. `notes` gets what is said with
 * -v, `warnings` what is passed over, and what dump_read would refuse by names and axes alone. Without `values` no number is
 * looked at: then the weights of a name that says little (dump_names.h) are taken for such. Errors: no memory.
 */
bool dump_plan(struct dump_reading **readings, struct archive *archive, bool values, struct warnings *notes,
               struct warnings *warnings, struct error *error);

#endif
