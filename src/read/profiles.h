/*
 * How model families keep their attention: what they call its tensors, how these are laid out, and what their configs say of
 * heads, scale, positions and masks. Tables only; read/model.c goes by them.
 */
#ifndef ATTN_READ_PROFILES_H
#define ATTN_READ_PROFILES_H

#include <stdbool.h>
#include <stddef.h>

#include "problem/inputs.h"
#include "read/dump_names.h"

/* How a matrix is stored. */
enum profile_layout {
    LAYOUT_LINEAR,  /* out×in, as PyTorch's Linear; also lists of numbers, which have no layout */
    LAYOUT_CONV1D,  /* in×out, y = x·W */
    LAYOUT_AS_QKV,  /* as the fused matrix of the layer, which is wider than high where it is in×out */
    LAYOUT_OF_HEADS /* with an axis for heads, or buckets×heads: as it lies */
};

/* Which rows of the array are taken. */
enum profile_share { SHARE_WHOLE, SHARE_FIRST_HALF, SHARE_SECOND_HALF };

/* A tensor of a layer. Names without %d stand for all layers. */
struct profile_row {
    const char *pattern; /* read/name_pattern.h */
    enum input input;
    enum profile_layout layout;
    /* Needed rows say whether a model has this profile. Of w_qkv and w_q, w_k, w_v a layer needs the one or the three. */
    bool is_optional;
    bool adds_one; /* 1 is added: the file holds the weights of a norm less 1 */
    enum profile_share share;
    enum dump_part part;
};

/* How the value of a config becomes a setting. */
enum profile_value {
    VALUE_PLAIN,          /* as it is */
    VALUE_SHARE_OF_HEAD,  /* times the columns of a head, rounded down */
    VALUE_ROOT,           /* x becomes 1/√x */
    VALUE_ALIBI_IF_TRUE,  /* true: ALiBi */
    VALUE_ONE_IF_TRUE,    /* true: 1 */
    VALUE_HEADS_IF_FALSE, /* false: the layout heads */
    VALUE_DOT_IF_FALSE,   /* false: the score dot, which has no scale */
    VALUE_OF_LAYER        /* element l of a list, or the one number */
};

struct profile_key {
    const char *keys; /* config_find */
    enum setting setting;
    enum profile_value value;
    enum dump_part part; /* PART_ONLY: of any */
};

/* Which layers have the window, where the config does not list them (layer_types). */
enum profile_window {
    WINDOW_NONE,
    WINDOW_ALL,
    WINDOW_EVEN,       /* layers 0, 2, 4, … */
    WINDOW_ODD,        /* layers 1, 3, 5, … */
    WINDOW_BUT_LAST,   /* of each sliding_window_pattern layers all but the last */
    WINDOW_FROM_LAYER, /* those from max_window_layers on, with use_sliding_window */
};

/* What no table can say. */
enum profile_rule {
    RULE_NONE,
    RULE_FALCON,       /* K/V heads by three keys; ALiBi is scaled as the scores are */
    RULE_LAYER_SCALE,  /* scale_attn_by_inverse_layer_idx: the scale of layer l is divided by l + 1 */
    RULE_GEMMA_27B,    /* GGUF does not say the scale of the largest Gemma 2 and 3: √(d_model / heads) */
    RULE_META_SCALING, /* use_scaled_rope of params.json */
};

struct profile {
    const char *name, *title;  /* "gpt2", "GPT-2 (Hugging Face)" */
    const char *model_types;   /* of config.json, with blanks between them */
    const char *architectures; /* of GGUF's general.architecture */
    const struct profile_row
        *rows; /* up to one without a pattern; of one input the first that a file has is taken */
    const struct profile_key *keys; /* up to one without keys */
    /* Settings of all parts, of the encoder, of the decoder, and of cross attention: "causal=true position=rotary". */
    const char *fixed[PART_COUNT];
    const char
        *defaults; /* what keys of the config are where it is silent: "sliding_window=4096"; NULL: nothing */
    enum profile_window window;
    enum profile_rule rule;
    bool is_said;           /* names do not choose it: only a config, or who asks for it */
    const char *layers_key; /* how many layers there are, where all have the same tensors; NULL: names tell */
};

/* All of them, up to one without a name; of those whose names fit equally well the first is taken. */
extern const struct profile profiles[];

/* The one of that name, or NULL. */
const struct profile *profile_named(const char *name);
/* The one for a word of config.json (`is_gguf`: of GGUF's metadata), or NULL. */
const struct profile *profile_for(const char *word, bool is_gguf);

/* Names that say that a file holds no attention that can be computed, and what to do. */
struct profile_refusal {
    const char *part;   /* of a name, in any case of letters */
    const char *holds;  /* what the file holds: "only the parts of a LoRA" */
    const char *advice; /* what was expected */
    bool only_if_lost;  /* only where no profile fits */
};
extern const struct profile_refusal profile_refusals[]; /* up to one without a part */

#endif
