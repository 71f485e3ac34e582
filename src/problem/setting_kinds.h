/*
 * The table of settings: their names and arguments, what their text may be, and where struct settings holds them.
 */
#ifndef ATTN_PROBLEM_SETTING_KINDS_H
#define ATTN_PROBLEM_SETTING_KINDS_H

#include <stddef.h>

#include "problem/settings.h"

/* The part of the computation that a setting belongs to; bits, so that one can ask for several. */
enum role {
    ROLE_INPUT = 1,        /* the meaning of tensors: how many heads, and true in a mask */
    ROLE_BAND = 2,         /* masks by distance: causal and window */
    ROLE_SCALE = 4,        /* scale and softcap */
    ROLE_WEIGHT = 8,       /* everything else between q, k and the weights */
    ROLE_POSITION = 16,    /* position encodings */
    ROLE_PATTERN = 32,     /* all other masks */
    ROLE_STACK = 64,       /* residual and norm */
    ROLE_PROJECTION = 128, /* what makes q, k and v: how projections are stored, norms of q and k */
    ROLE_PICTURE = 256     /* where the patches of an image are; nothing is computed with it */
};

/* What the member of struct settings that holds a setting is, and what its text may be. */
enum setting_type {
    TYPE_COUNT,     /* size_t, 1 or more */
    TYPE_INDEX,     /* size_t, 0 or more */
    TYPE_SEED,      /* uint64_t */
    TYPE_POSITIVE,  /* double, above 0 */
    TYPE_SHARE,     /* double, from 0 up to, not with, 1 */
    TYPE_POSITIVES, /* struct per_head, above 0 */
    TYPE_FINITES,   /* struct per_head */
    TYPE_SOFTCAPS,  /* struct per_head, 0 or more */
    TYPE_FLAG,      /* bool */
    TYPE_WORD,      /* int, the index of one of its words */
    TYPE_CAUSAL,    /* enum causal, with causal_offset */
    TYPE_WINDOW,    /* struct windows */
    TYPE_LIST,      /* struct positions, 0 or more */
    TYPE_SECTIONS,  /* struct positions, 1 or more */
    TYPE_ROPE,      /* struct rope_scaling */
    TYPE_TEXT,      /* an array of char */
    TYPE_FILL       /* double, or NaN */
};

/* A setting. `argument` is NULL for a switch, and begins with '[' where it may
 * be left out. Names are JSON keys; on the command line '_' is '-'. */
struct setting_kind {
    const char *name, *argument;
    const char *words; /* the words that the argument may be, separated by blanks; NULL: it is no word */
    const char *help;
    enum setting_type type;
    enum role role;
    size_t at, size; /* of its member of struct settings, in bytes */
};
extern const struct setting_kind setting_kinds[SETTING_COUNT];

/* The setting of that JSON name, or SETTING_COUNT. */
enum setting setting_named(const char *name);

#endif
