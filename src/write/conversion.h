/* The arrays of a file as those of another: which, under which names, of which types. */
#ifndef ATTN_WRITE_CONVERSION_H
#define ATTN_WRITE_CONVERSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/out.h"
#include "read/array_file.h"
#include "tensor/array_write.h"
#include "tensor/format.h"

/* The lists are borrowed. */
struct conversion_rules {
    const char *const
        *only; /* patterns of names, as fnmatch has them: an array is taken if one fits; none: all are */
    size_t only_count;
    const char *const
        *renames; /* OLD=NEW: of an array the first whose OLD fits counts; * stands for any text, once */
    size_t rename_count;
    enum dtype
        dtype; /* of all arrays; DTYPE_UNKNOWN: that of each, or float32 where the format does not have it */
};

/* Begins zeroed; conversion_free in any case. */
struct conversion {
    const struct format *format;
    struct array_file *file; /* borrowed */
    struct array *arrays;    /* as they will be written; their names are owned */
    struct array_origin *origins;
    size_t count;
    struct metadatum
        about; /* what stands beside the arrays, as attn writes it; without a key: nothing, or an array has it */
    struct out text;    /* what a text says there */
    size_t unquantized; /* arrays that cannot have the quantized type that is wanted, and keep theirs */
};

/* The format of a file that is written, by its ending; NULL and an error of the usage that lists what can be written. */
const struct format *conversion_format(const char *path, struct error *error);

/*
 * Chooses, renames and loads. Errors: ERROR_USAGE for a rule that fits no array, a rename that is none, two arrays of one name, a
 * type that the format does not have; ERROR_INPUT for numbers that cannot be read.
 */
bool conversion_make(struct conversion *conversion, struct array_file *file, const struct format *format,
                     const struct conversion_rules *rules, struct warnings *warnings, struct error *error);
/* Writes the arrays, and the metadata of the file as far as the format has a place for them. Warns of what was lost. */
bool conversion_write(struct conversion *conversion, struct out *out, struct warnings *warnings,
                      struct error *error);
void conversion_free(struct conversion *conversion);

#endif
