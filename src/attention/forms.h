/*
 * The forms of attention by name: scores, normalizers, recurrences, encodings of positions, norms, and the
 * stages of a computation. The formulas are in attention/head.h, position.h, recurrence.h and transform.h.
 */
#ifndef ATTN_ATTENTION_FORMS_H
#define ATTN_ATTENTION_FORMS_H

enum score { SCORE_SCALED, SCORE_DOT, SCORE_COSINE, SCORE_GENERAL, SCORE_ADDITIVE, SCORE_DISTANCE };
enum normalizer {
    NORMALIZER_SOFTMAX,
    NORMALIZER_SPARSEMAX,
    NORMALIZER_LINEAR,
    NORMALIZER_SIGMOID,
    NORMALIZER_ENTMAX15
};
enum recurrence {
    RECURRENCE_NONE,
    RECURRENCE_LINEAR,
    RECURRENCE_GATED,
    RECURRENCE_DELTA,
    RECURRENCE_GATED_DELTA
};
enum position {
    POSITION_NONE,
    POSITION_SINUSOIDAL,
    POSITION_ROTARY,
    POSITION_ROTARY_INTERLEAVED,
    POSITION_ALIBI,
    POSITION_RELATIVE
};
enum norm { NORM_NONE, NORM_PRE, NORM_POST };
enum qk_norm { QK_NORM_RMS, QK_NORM_LAYER };

/* How projections are stored: y = x·W or y = x·Wᵀ; and the order of the columns of a fused one. */
enum w_layout { LAYOUT_IN_OUT, LAYOUT_OUT_IN };
enum qkv_layout { QKV_THIRDS, QKV_HEADS };

/* The stages of a computation that can be shown. The first five follow from one another in this order. */
enum stage {
    STAGE_SCORES,
    STAGE_SCALED,
    STAGE_MASKED,
    STAGE_WEIGHTS,
    STAGE_OUTPUT,
    STAGE_Q,
    STAGE_K,
    STAGE_V,
    STAGE_MASK,
    STAGE_ENCODING,
    STAGE_HEADS,
    STAGE_CONTRIBUTION,
    STAGE_CONTRIBUTION_SHARE,
    STAGE_COUNT
};
extern const char *const stage_names[STAGE_COUNT + 1]; /* NULL-terminated */
extern const char stage_words[];                       /* the same, separated by blanks */

#endif
