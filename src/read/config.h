/*
 * What lies beside the weights of a model and says how it computes: Hugging Face's config.json, Meta's params.json, the
 * metadata of a GGUF file. All are keys with values as text; what they mean is told by read/profiles.h.
 */
#ifndef ATTN_READ_CONFIG_H
#define ATTN_READ_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"
#include "tensor/archive.h"

struct fact {
    char *key; /* "num_attention_heads", "text_config.head_dim", "llama.attention.head_count"; owned */
    char *
        text; /* "12", "0.5", "true", "null", "llama", of a list "1,1.25" or "full_attention,sliding_attention"; owned */
    struct place place;
};

/* Begins zeroed; config_free in any case. */
struct config {
    const char *file; /* borrowed; NULL: there is none */
    struct fact *facts;
    size_t count;
};

/*
 * Reads a JSON object. Members of objects in it have their names behind a dot; lists of other things than numbers,
 * truths or words are left out. The source must outlive the config, for its name. Errors: ERROR_INPUT with the place, for
 * what is no JSON, no object, or has a key twice.
 */
bool config_read(struct config *config, const struct source *source, struct error *error);

/* Takes the metadata of an archive: words, numbers, truths, and lists of at most 4096 numbers. Errors: no memory. */
bool config_take_metadata(struct config *config, const struct archive *archive, struct error *error);

void config_free(struct config *config);

/*
 * The first of the keys, which have blanks between them, that the config has; NULL: it has none. A key is looked for in
 * text_config first, which models of pictures and text have; one that begins with a dot belongs to the architecture of a
 * GGUF file: ".block_count" is "llama.block_count".
 */
const struct fact *config_find(const struct config *config, const char *keys);
/* Its text; NULL: there is none, or it is null. */
const char *config_text(const struct config *config, const char *keys);
/* Whether it is "true". */
bool config_is_true(const struct config *config, const char *keys);

/* Element `index` of a list, or of one number that stands for all, copied to `out`; false: there is none, or it is too
 * long. */
enum { CONFIG_ELEMENT = 64 };
bool config_element(char out[CONFIG_ELEMENT], const char *list, size_t index);

#endif
