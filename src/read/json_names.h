/*
 * Names of other software: those that are read as attn's own, and keys that attn does not have and that would
 * change the result, for masks, positions, norms and scales. Passing over one would give another attention
 * without a word.
 */
#ifndef ATTN_READ_JSON_NAMES_H
#define ATTN_READ_JSON_NAMES_H

/* attn's own name for the same thing, or `name` itself. */
const char *json_names_own(const char *name);

/* What to say of such a key: what to give instead, or that there is nothing like it. NULL: the key would not
 * change the result, as far as its name tells. */
const char *json_names_advice(const char *name);

#endif
