/* What frameworks call the arrays that people save of attention: a table of names. */
#ifndef ATTN_READ_DUMP_NAMES_H
#define ATTN_READ_DUMP_NAMES_H

#include <stdbool.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "read/name_pattern.h"

/* Which attention of an encoder–decoder; PART_ONLY: of a model that has one. */
enum dump_part { PART_ONLY, PART_ENCODER, PART_DECODER, PART_CROSS, PART_COUNT };
extern const char *const dump_part_names[PART_COUNT]; /* "", "encoder", … */
/* "self-attention", "the attention of the encoder", … */
extern const char *const dump_part_calls[PART_COUNT];

/* The part that the name of a whole array says, encoder_attentions as in transformers; else PART_ONLY. */
enum dump_part dump_part_of(const char *name);
/* Of the parts that a file has, the one that is taken: `said` (of --part), else cross attention, else the encoder's, else the
 * decoder's; PART_ONLY where it has none. Notes which there are beside it. Errors: ERROR_USAGE, with those that are there, where the
 * one that is said is none of them. */
bool dump_part_choose(enum dump_part *kept, const bool has[PART_COUNT], enum dump_part said, const char *file,
                      struct inputs *inputs, struct error *error);
/* "--part cross: FILE has …": which parts there are where the one that is said is not. Always false. */
bool dump_part_error(const bool has[PART_COUNT], enum dump_part said, const char *file, struct error *error);

struct dump_name {
    const char *pattern; /* name_pattern_fits */
    enum input input;    /* INPUT_COUNT: nothing that attention needs */
    enum dump_part part;
    bool heads_behind; /* the axis of heads stands behind that of tokens */
    bool is_scores;    /* masked scores, whose softmax the weights are */
    /* A name that says little: only of an array with three axes and more. Of those with one such name, which differ in the
     * layer, no number of the first matrix of the first is below 0. */
    bool wants_matrix;
    const char *from; /* the framework, for -v */
};

/* The first row of the table that fits, and the numbers of the name; NULL: there is none. Rows for one thing stand in the
 * order in which they are preferred. */
const struct dump_name *dump_name_find(const char *name, struct name_numbers *numbers);

/* The KEY of a name layers.N.KEY, as attn names what layers have of their own; NULL: it has another form. N has at most nine
 * digits. */
const char *dump_name_of_layer(const char *name, size_t *layer);

/* Whether a name is one that attn gives to results beside weights: scores, layers.3.output, stats.entropy. */
bool dump_name_is_result(const char *name);

/* The array, or metadatum, of what attn's results have beside arrays, as JSON. */
#define DUMP_ABOUT "attn_json"

#endif
