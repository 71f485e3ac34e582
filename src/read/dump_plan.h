/* What the arrays of a file would be taken for, without reading them into inputs. */
#ifndef ATTN_READ_DUMP_PLAN_H
#define ATTN_READ_DUMP_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "tensor/archive.h"

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
