/* The attention of the steps of a generation, an array a step: the first of r×r, the others of one row more each; of cross attention
 * all have the same keys, those of the encoder. */
#ifndef ATTN_READ_DUMP_STEPS_H
#define ATTN_READ_DUMP_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tensor/archive.h"
#include "tensor/tensor.h"

/* A step, and its attention: heads×queries×keys, loaded. */
struct dump_step {
    size_t number;
    struct array array;
};

/*
 * Puts the steps of a layer under each other, in the order of their numbers, as attention (heads×n×m), and makes a mask of
 * the keys that there were not yet (n×m, 1 attends); of cross attention, or where several steps have the same keys, there is none.
 * Sorts `steps`. Errors: ERROR_INPUT for steps that do not add as many keys as they have rows, or that differ in heads; for cross
 * attention whose keys differ.
 */
bool dump_steps_join(struct archive *archive, struct dump_step *steps, size_t count, bool is_cross,
                     struct tensor *attention, struct tensor *mask, struct error *error);

#endif
