/*
 * How far rotary turns each pair of columns, and what models do to that to see further than they were trained
 * for. The rotation itself is attention/position.h.
 *
 * Sources: Hugging Face transformers 5 (modeling_rope_utils.py), whose names of settings these are, and which
 * differs from version 4 in what docs/semantics.md says; linear: Chen et al. 2023 (arXiv:2306.15595); yarn: Peng
 * et al. 2023 (arXiv:2309.00071); longrope: Ding et al. 2024 (arXiv:2402.13753); llama3: the code of Llama 3.1.
 */
#ifndef ATTN_ATTENTION_ROPE_H
#define ATTN_ATTENTION_ROPE_H

#include <stddef.h>

enum rope_type {
    ROPE_UNSAID,
    ROPE_DEFAULT,
    ROPE_LINEAR,
    ROPE_DYNAMIC,
    ROPE_YARN,
    ROPE_LLAMA3,
    ROPE_LONGROPE
};

/* Most pairs that longrope has factors for, and most axes with a section. */
enum { ROPE_PAIRS_MAX = 128, ROPE_AXES_MAX = 8 };

/* The settings. Numbers are above 0 where they were given; 0, or a count of 0: not given. There is no padding, so
 * that equal ones have equal bytes. */
struct rope_scaling {
    size_t type; /* enum rope_type; unsaid is default */
    double factor;
    double original_max_position_embeddings, max_position_embeddings;
    double low_freq_factor, high_freq_factor; /* llama3: in waves of the trained length */
    double beta_fast, beta_slow;              /* yarn: the same; not given: 32 and 1 */
    size_t untruncated;                       /* yarn: 1: its ramp may begin and end between two pairs */
    double mscale, mscale_all_dim;            /* yarn: for the factor on cosines and sines */
    double attention_factor;                  /* yarn, longrope: that factor */
    double short_factor[ROPE_PAIRS_MAX]; /* longrope: what pairs are divided by within the trained length */
    double long_factor[ROPE_PAIRS_MAX];  /* and beyond it */
    double rope_theta;                   /* the base */
    double partial_rotary_factor;        /* the share of a head's columns that is turned */
    double mrope_section[ROPE_AXES_MAX]; /* pairs of each axis */
    size_t short_count, long_count, section_count;
};

/* The length that a type takes for the one that the model was trained on; 0 where neither length is given.
 * dynamic goes by max_position_embeddings first, the others by original_max_position_embeddings. */
double rope_trained_length(const struct rope_scaling *scaling);

/* The factor: the one that was given, or the ratio of both lengths where yarn and longrope have none; 0 where
 * there is neither. */
double rope_stretch(const struct rope_scaling *scaling);

/*
 * Sets turn[0..width/2): by how many radians pair t of a head of `width` columns turns from a position to the
 * next. `length` is the largest position + 1. What the type needs must have been given: a factor, for all but
 * default; a trained length, for all but default and linear; both freq_factors, of which the high one is larger,
 * for llama3; width/2 factors in each list for longrope; a base above 1 for yarn.
 */
void rope_turns(double *turn, size_t width, double base, const struct rope_scaling *scaling, double length);

/* What cosines and sines are multiplied by. Needs the same, and of longrope a trained length above 1 where
 * attention_factor is not given; it does without a factor where attention_factor is given. */
double rope_attention_factor(const struct rope_scaling *scaling);

#endif
