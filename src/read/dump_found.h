/* What the arrays of a file are, by their names: attn's own, those of other software (read/json_names.h), and those of what
 * frameworks save, an array a layer, step or part (read/dump_names.h). */
#ifndef ATTN_READ_DUMP_FOUND_H
#define ATTN_READ_DUMP_FOUND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "read/dump_names.h"
#include "read/read.h"
#include "tensor/archive.h"

/* An array, and what its name says. */
struct dump_found {
    size_t array;                   /* its index in the archive */
    enum input input;               /* INPUT_COUNT: nothing is known of it, or nobody needs it */
    const struct dump_name *dump;   /* NULL: its name is attn's own, or that of `other` */
    const struct other_name *other; /* NULL: its name is attn's own */
    struct name_numbers numbers;    /* of a dump */
    bool is_ids;                    /* the numbers of the tokens in a vocabulary */
};

/* One file on its way into inputs. */
struct dump {
    struct archive *archive;
    struct inputs *inputs;
    const struct read_target *target;
    struct warnings *warnings;
    struct error *error;
    struct dump_found *list; /* one for each array */
    size_t count;
    size_t *layers; /* the numbers that layers have in the names, in their order */
    size_t layer_count;
    bool has_hooks;     /* of TransformerLens, whose other hooks are nobody's loss */
    bool reads_numbers; /* to tell what an array is */
};

/* The file's name in messages. */
const char *dump_file(const struct dump *dump);
/* What names the file on a command line. */
const char *dump_path(const struct dump *dump);

/* Fills the list, whose room for each array of the archive is there, by names alone. */
void dump_find(struct dump *dump);

struct array *dump_array(const struct dump *dump, const struct dump_found *found);
/* Whether the array is an input that somebody needs. */
bool dump_is_found(const struct dump_found *found);
/* Whether its name is layers.N.KEY, as attn writes it. */
bool dump_is_own_layer(const struct dump_found *found);
/* Which part of an encoder-decoder its name says. */
enum dump_part dump_part_found(const struct dump *dump, const struct dump_found *found);
bool dump_has_input(const struct dump *dump, enum input input);
/* Whether an array has three axes or more behind a batch of one, or may be rows of one head. */
bool dump_has_matrix_axes(const struct array *array);

#endif
