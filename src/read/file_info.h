/* What a file holds, and what attn takes it for: for people and programs who ask before they compute. */
#ifndef ATTN_READ_FILE_INFO_H
#define ATTN_READ_FILE_INFO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "read/array_file.h"
#include "tensor/array_range.h"

/* A file whose numbers are read without being asked for is smaller than this. */
enum { FILE_INFO_VALUES = 64 << 20 };

/* Of each array of the file. */
struct tensor_info {
    enum input input; /* what attn run would take it for; INPUT_COUNT: nothing */
    char *reading;    /* the same in words, "q of layer 3"; NULL: nothing; owned */
    bool is_bare;     /* its name says nothing of that */
    bool has_range;   /* its numbers were read */
    struct array_range range;
};

/* Begins zeroed; file_info_free in any case. */
struct file_info {
    struct array_file file; /* its arrays and metadata */
    bool has_values;        /* the numbers of the arrays are read */
    bool skips_trial;       /* what a run would refuse is told without one: a model, wrong shapes and types */
    bool is_enough;         /* nothing is missing that weights could not be made without */
    char *profile;          /* "TransformerLens", "q, k and v"; NULL: nothing is known of it; owned */
    struct tensor_info *tensors; /* one for each array; owned */
    struct warnings facts;       /* what the numbers say, a sentence each */
    struct warnings missing;     /* what a run still needs, "k: …" */
    struct warnings notes;       /* what was taken for what */
    struct warnings warnings;
};

/*
 * Opens a file (read/array_file.h) and says what it is. Numbers are read with `values`, and else of a file smaller than
 * FILE_INFO_VALUES; those of arrays whose type cannot be read never are. Errors: those of array_file_open, and of reading numbers.
 */
bool file_info_make(struct file_info *info, const char *path, const char *said, bool values,
                    struct error *error);
void file_info_free(struct file_info *info);

#endif
