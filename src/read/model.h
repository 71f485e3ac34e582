/*
 * The weights of a model as inputs: its projections, layer by layer, and the settings with which it attends. What names and
 * configs mean is told by read/profiles.h. Two steps, so that only the layers that are asked for are touched.
 */
#ifndef ATTN_READ_MODEL_H
#define ATTN_READ_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "read/config.h"
#include "read/profiles.h"
#include "tensor/archive.h"

/* What the command line says of it; NULL, 0: nothing. */
struct model_choice {
    const char *path;    /* a file of weights, an index of several, or a folder */
    const char *config;  /* the file in the place of config.json */
    const char *profile; /* its name */
    enum dump_part part;
    size_t memory; /* bytes that compressed arrays may unpack to; 0: half of the machine's */
};

/* Begins zeroed; model_free in any case. */
struct model {
    struct archive *archive; /* belongs to the inputs */
    struct config config;
    const struct profile *profile;
    enum dump_part part;
    size_t layer_count, row_count;
    size_t *found; /* layer_count×row_count: the array of each row of the profile, SIZE_MAX: there is none */
    char *prefix;  /* the modules in front of the names; owned */
};

/*
 * Opens the file, reads the config beside it, chooses profile and part, and finds the layers; reads no number. Notes say what
 * was chosen. Errors: ERROR_SYSTEM where a file cannot be opened, ERROR_USAGE for a profile or part that is not there,
 * ERROR_INPUT for files without attention, or with one that cannot be computed.
 */
bool model_open(struct model *model, struct inputs *inputs, const struct model_choice *choice,
                struct warnings *warnings, struct error *error);

void model_free(struct model *model);

/* The same for an archive and a config that are in the model already. */
bool model_find(struct model *model, struct inputs *inputs, const struct model_choice *choice,
                struct warnings *warnings, struct error *error);

/* The profile that --projections PATH would have, "Llama (Hugging Face)"; NULL, and an error, where it would be refused. */
const char *model_title(const char *path, struct error *refused);

/* What the config, or else the profile, says of the first of the keys; NULL: nothing, or null. */
const char *model_value(const struct model *model, const char *keys);

/* The full name that the tensor of a row has in a layer. */
enum { MODEL_NAME = 400 };
void model_row_name(char out[MODEL_NAME], const struct model *model, const struct profile_row *row,
                    size_t layer);

#endif
