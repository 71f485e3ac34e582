/*
 * A file as a list of named arrays, whatever its format is: of a file of named arrays these, of JSON or a table the tensors that
 * it fills, under attn's own names. Nothing is said here of what they mean.
 */
#ifndef ATTN_READ_ARRAY_FILE_H
#define ATTN_READ_ARRAY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "read/array_path.h"
#include "tensor/archive.h"

/* Begins zeroed; array_file_free in any case. */
struct array_file {
    struct array_path path;
    const char *format; /* its name: "safetensors", "json" */
    bool is_text;
    size_t text_bytes;      /* of a text */
    struct archive archive; /* of a file of named arrays; of a text only its metadata are here */
    struct inputs inputs;   /* of a text */
    enum input *inputs_of;  /* of a text: which input each array is; owned */
    struct array
        *arrays; /* the list: the archive's, or of a text, or of the one array that the path names, `owned` */
    size_t count;
    struct array *owned;
    size_t owned_count; /* arrays whose names are owned too */
};

/*
 * Opens FILE, FILE:NAME or FILE:NAME[INDEX] ("-": standard input; of a folder its weights, read/model.h). `said` NULL: the format is found by content and name. Of a file
 * of named arrays no number is read, but of an array that is indexed; a text is read whole. Tokens, title, grid and settings of a
 * text become metadata. Errors: ERROR_SYSTEM where it cannot be read, ERROR_USAGE for an unknown format, or an array that is not
 * there or cannot be indexed so, ERROR_INPUT, with its place, for everything wrong in it.
 */
bool array_file_open(struct array_file *file, const char *path, const char *said, struct warnings *warnings,
                     struct error *error);
/* Makes array->data point to its numbers, if it does not yet, and asks archive_verify: all of them will be read. */
bool array_file_load(struct array_file *file, struct array *array, struct error *error);
void array_file_free(struct array_file *file);

/* Bytes of the file and of the others that belong to it; or of its arrays, unpacked, where these are more. */
size_t array_file_bytes(const struct array_file *file);
/* The file that an array lies in, or NULL. */
const struct source *array_file_source(const struct array_file *file, const struct array *array);
/* The name as it was given, without that of an array: "standard input" for -. */
const char *array_file_name(const struct array_file *file);

#endif
