/*
 * Settings of the computation: the options that are also JSON keys, with one table of names and one parser
 * for both. A setting that was not given has its bit in `given` clear.
 */
#ifndef ATTN_PROBLEM_SETTINGS_H
#define ATTN_PROBLEM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attention/forms.h"
#include "attention/rope.h"
#include "base/error.h"
#include "base/out.h"
#include "base/source.h"

enum setting {
    SETTING_HEADS,
    SETTING_KV_HEADS,
    SETTING_CAUSAL,
    SETTING_SCALE,
    SETTING_SOFTCAP,
    SETTING_WINDOW,
    SETTING_MASK_TRUE_BLOCKS,
    SETTING_SCORE,
    SETTING_TEMPERATURE,
    SETTING_NORMALIZER,
    SETTING_RECURRENCE,
    SETTING_SINK,
    SETTING_DROPOUT,
    SETTING_SEED,
    SETTING_TOP_K,
    SETTING_SIGMA,
    SETTING_MASK_FILL,
    SETTING_DIFFERENTIAL,
    SETTING_POSITION,
    SETTING_POSITION_BASE,
    SETTING_ROTARY_DIM,
    SETTING_MAX_DISTANCE,
    SETTING_POSITION_SECTIONS,
    SETTING_ROPE_SCALING,
    SETTING_ATTENTION_FACTOR,
    SETTING_PAST_ROTATED,
    SETTING_PREFIX,
    SETTING_DILATION,
    SETTING_BLOCK,
    SETTING_GLOBAL,
    SETTING_SEPARATOR,
    SETTING_KEY_LENGTH,
    SETTING_RESIDUAL,
    SETTING_NORM,
    SETTING_W_LAYOUT,
    SETTING_QKV_LAYOUT,
    SETTING_QK_NORM_KIND,
    SETTING_QK_NORM_EPSILON,
    SETTING_GRID_OFFSET,
    SETTING_GRID_AXIS,
    SETTING_COUNT
};

enum causal { CAUSAL_NO, CAUSAL_START, CAUSAL_END };
/* AUTO: the keys if there are enough of them, else the queries. */
enum grid_axis { GRID_AUTO, GRID_KEYS, GRID_QUERIES };
enum { GLOBAL_MAX = 64, SEPARATOR_SIZE = 64 };

/* A number for all heads (count 1), or one a head. */
enum { HEADS_LISTED_MAX = 256 };
struct per_head {
    double at[HEADS_LISTED_MAX];
    size_t count; /* 0: not given */
};

/* The number of a head. */
static inline double per_head_at(const struct per_head *list, size_t head)
{
    return list->at[list->count > 1 ? head : 0];
}

struct settings {
    uint64_t given; /* bits: 1 << SETTING_… of each setting that was given */
    size_t heads, kv_heads;
    enum causal causal;
    int64_t causal_offset;   /* with CAUSAL_START: query i attends to keys j <= i + offset */
    struct per_head scale;   /* multiplies QK^T */
    struct per_head softcap; /* c of c*tanh(s/c); 0: none */
    struct windows {
        int64_t left[HEADS_LISTED_MAX], right[HEADS_LISTED_MAX];
        size_t count; /* 1: for all heads */
    } window;         /* keys from p-left to p+right are allowed; -1: no limit */
    bool mask_true_blocks;
    int score, normalizer, recurrence, position, norm; /* of the enums of these names */
    struct per_head temperature;                       /* divides the scaled scores */
    struct per_head sink;                              /* a logit beside those of the keys; its value is 0 */
    double dropout;                                    /* the probability that a weight is dropped */
    uint64_t seed;
    size_t top_k;                 /* the so many largest masked scores of a row are normalized */
    double sigma;                 /* of the Gaussian factor of the weights, in tokens */
    struct per_head differential; /* of the weights of the second head of each pair, how much is taken off */
    double mask_fill;             /* the score of masked pairs; NaN, of rows that may attend to nothing */
    double position_base;
    size_t rotary_dim;
    size_t max_distance; /* of the buckets of relative positions */
    struct positions {
        size_t at[GLOBAL_MAX], count;
    } position_sections;              /* how many rotated pairs each axis of the positions has */
    struct rope_scaling rope_scaling; /* of the frequencies of rotary */
    double attention_factor;          /* on the cosines and sines of rotary */
    bool past_rotated;                /* past_k has been rotated */
    size_t prefix;                    /* keys below this are allowed for every query, causal aside */
    size_t dilation;                  /* only distances that this divides are allowed */
    size_t block;                     /* only keys in the block of the query are allowed; its length */
    struct positions global; /* tokens exempt from window, dilation and block, as queries and as keys */
    char separator[SEPARATOR_SIZE]; /* the token that ends a segment */
    size_t key_length;              /* keys from here on are padding */
    bool residual;
    int w_layout, qkv_layout, qk_norm_kind; /* of the enums of these names */
    double qk_norm_epsilon;
    size_t grid_offset;                /* the token that is the first patch */
    int grid_axis;                     /* enum grid_axis: which tokens the patches are */
    struct place place[SETTING_COUNT]; /* of each in its file; the file is NULL for the command line */
};

/* Says that a setting was given, whose member was set otherwise than by settings_parse. */
void settings_mark(struct settings *settings, enum setting which);

/* Whether a setting was given. */
static inline bool settings_have(const struct settings *settings, enum setting which)
{
    return settings->given >> which & 1;
}

/* Whether a setting was given, and not its off value, as dropout 0 is. */
bool settings_in_force(const struct settings *settings, enum setting which);

/* Which of its words a setting is, counted from 0; 0, the default, where it was not given. Only for settings
 * that are one of several words. */
int settings_word(const struct settings *settings, enum setting which);

/* Whether the weights are shares of a whole: of no recurrence, each by itself, or after dropout. */
bool settings_are_shares(const struct settings *settings);

/* Clears every setting that matters only where weights are computed; settings of masks stay. Returns a bit
 * set of those cleared that were in force. */
uint64_t settings_keep_masks(struct settings *settings);

/* Whether both have the setting, with the same value. Not for causal and window. */
bool settings_same(const struct settings *a, const struct settings *b, enum setting which);

/* The value of a setting that may be a number a head; NULL for other settings. */
const struct per_head *settings_per_head(const struct settings *settings, enum setting which);

/* Sets in `settings` every setting that `over` gives. */
void settings_override(struct settings *settings, const struct settings *over);

#endif
