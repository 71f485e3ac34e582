/*
 * Settings of the computation: the options that are also JSON keys, with one table of names and one parser
 * for both. A setting that was not given has its bit in `given` clear.
 */
#ifndef ATTN_CORE_SETTINGS_H
#define ATTN_CORE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum setting {
    SETTING_HEADS,
    SETTING_KV_HEADS,
    SETTING_CAUSAL,
    SETTING_SCALE,
    SETTING_SOFTCAP,
    SETTING_WINDOW,
    SETTING_MASK_TRUE_BLOCKS,
    SETTING_COUNT
};

enum causal { CAUSAL_NO, CAUSAL_START, CAUSAL_END };

struct settings {
    unsigned given; /* bit 1 << SETTING_… for each that was given */
    size_t heads, kv_heads;
    enum causal causal;
    int64_t causal_offset;             /* with CAUSAL_START: query i sees keys j <= i + offset */
    double scale;                      /* multiplies QK^T */
    double softcap;                    /* c of c*tanh(s/c); 0: none */
    int64_t window_left, window_right; /* keys from p-left to p+right; -1: without end */
    bool mask_true_blocks;
};

/* How a setting is called and what it takes. `argument` is NULL for a switch, and begins with '[' where it
 * may be left out. The names are those of JSON keys; on the command line '_' is '-'. */
struct setting_kind {
    const char *name, *argument, *help;
};
extern const struct setting_kind setting_kinds[SETTING_COUNT];

/* The setting of that JSON name, or SETTING_COUNT. */
enum setting setting_named(const char *name);

/*
 * Takes a setting from its text: "4", "0.125", "true", "end", "3,0" (NULL: a switch given alone). JSON values
 * come the same way: true and false as text, an array [3, 0] as "3,0". On failure sets an error of `kind`
 * that says what was expected; `called` is how the message names the setting ("--heads", "heads").
 */
bool settings_take(struct settings *settings, enum setting which, const char *text, const char *called,
                   enum error_kind kind, struct error *error);

/* Puts what `over` gives over what `settings` has. */
void settings_override(struct settings *settings, const struct settings *over);

#endif
