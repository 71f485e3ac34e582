/* The part of the JSON that is no array: of the JSON itself, and of files that have arrays in another form. */
#ifndef ATTN_WRITE_JSON_HEAD_H
#define ATTN_WRITE_JSON_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/out.h"
#include "compute/excerpt.h"

/* Writes the object up to its arrays, without the bracket that ends it: schema, title, grid, tokens, key_tokens, config and
 * selection. */
void json_write_head(const struct excerpts *all, struct out *out);

/* Writes "key": and a number that each layer has: one where all excerpts agree, else a list of one a layer. */
void json_write_number(struct out *out, const char *key, const struct excerpts *all,
                       size_t (*get)(const struct excerpt *));

/* The kinds of masks that some layer has. */
struct masking {
    bool any;        /* there is one */
    bool beyond;     /* more than causal and window */
    bool exceptions; /* to causal and window: global tokens or a prefix */
};

/* Whether causal and window of the config say what is masked: not where the first query or key is not the problem's, or layers
 * differ. *masking becomes the kinds of all layers. */
bool json_masks_by_rule(const struct excerpts *all, struct masking *masking);

#endif
