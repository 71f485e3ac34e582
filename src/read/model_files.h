/* The files of a model: its weights, in one file, several or a folder, and the config beside them. */
#ifndef ATTN_READ_MODEL_FILES_H
#define ATTN_READ_MODEL_FILES_H

#include <stdbool.h>

#include "base/error.h"
#include "problem/inputs.h"
#include "read/model.h"

/* The file of weights at a path, which may be a folder (docs/inputs.md says which of its files); the caller frees it. NULL and
 * an error: ERROR_INPUT for a folder without weights, or with several files of them; ERROR_SYSTEM. */
char *model_weights_path(const char *path, struct error *error);

/* Opens the weights into model->archive, which the inputs own. */
bool model_open_weights(struct model *model, struct inputs *inputs, const struct model_choice *choice,
                        struct error *error);
/* Finds the config, into model->config: the file that was said (NULL: none was), else the metadata of GGUF and llama2.c, else
 * the file beside the weights, else other metadata. Errors: a file that cannot be read. */
bool model_find_config(struct model *model, struct inputs *inputs, const char *said, struct error *error);

#endif
