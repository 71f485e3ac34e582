#include "problem/setting_kinds.h"

#include <stddef.h>
#include <string.h>

#define FIELD(member) offsetof(struct settings, member), sizeof((struct settings *)0)->member
const struct setting_kind setting_kinds[SETTING_COUNT] = {
    [SETTING_HEADS] = {"heads", "N", NULL, "number of heads; splits the columns of rank-2 q, k, v",
                       TYPE_COUNT, ROLE_INPUT, FIELD(heads)},
    [SETTING_KV_HEADS] = {"kv_heads", "N", NULL, "number of key/value heads (grouped-query attention)",
                          TYPE_COUNT, ROLE_INPUT, FIELD(kv_heads)},
    [SETTING_CAUSAL] =
        {"causal", "[start|end|N|no]", "start end no",
         "query i attends to keys j <= i (+ N, and those of --past-k); end aligns the last query with the "
         "last key",
         TYPE_CAUSAL, ROLE_BAND, FIELD(causal)},
    [SETTING_SCALE] = {"scale", "X", NULL,
                       "factor on the scores (default 1/sqrt(d_k); 1 with another --score)", TYPE_FINITES,
                       ROLE_SCALE, FIELD(scale)},
    [SETTING_SOFTCAP] = {"softcap", "C", NULL, "squash scaled scores to C*tanh(s/C)", TYPE_SOFTCAPS,
                         ROLE_SCALE, FIELD(softcap)},
    [SETTING_WINDOW] = {"window", "W|L,R", NULL,
                        "attend only to keys from i-L to i+R (W: both; -1: no limit)", TYPE_WINDOW, ROLE_BAND,
                        FIELD(window)},
    [SETTING_MASK_TRUE_BLOCKS] = {"mask_true_blocks", NULL, NULL,
                                  "true in --mask and --key-mask masks, as in nn.MultiheadAttention",
                                  TYPE_FLAG, ROLE_INPUT, FIELD(mask_true_blocks)},
    [SETTING_SCORE] = {"score", "KIND", "scaled dot cosine general additive distance",
                       "how q and k are compared: scaled (default), dot, cosine, general (q*W*k), additive "
                       "(v*tanh(W1*q + W2*k)), distance (-|q - k|^2/2)",
                       TYPE_WORD, ROLE_WEIGHT, FIELD(score)},
    [SETTING_TEMPERATURE] = {"temperature", "T", NULL, "divide the scaled scores by T, before --softcap",
                             TYPE_POSITIVES, ROLE_WEIGHT, FIELD(temperature)},
    [SETTING_NORMALIZER] = {"normalizer", "KIND", "softmax sparsemax linear sigmoid entmax15",
                            "how masked scores become weights: softmax (default), sparsemax, entmax15, "
                            "sigmoid (each key by itself), "
                            "or linear (attention with elu+1)",
                            TYPE_WORD, ROLE_WEIGHT, FIELD(normalizer)},
    [SETTING_RECURRENCE] =
        {"recurrence", "RULE", "none linear gated delta gated_delta",
         "linear attention as a recurrence: linear, gated (with decay), delta (with beta) or "
         "gated_delta",
         TYPE_WORD, ROLE_WEIGHT, FIELD(recurrence)},
    [SETTING_SINK] = {"sink", "X", NULL, "a logit in every row that takes weight and gives nothing",
                      TYPE_FINITES, ROLE_WEIGHT, FIELD(sink)},
    [SETTING_DROPOUT] = {"dropout", "P", NULL, "drop weights with probability P, the others grow by 1/(1-P)",
                         TYPE_SHARE, ROLE_WEIGHT, FIELD(dropout)},
    [SETTING_SEED] = {"seed", "N", NULL, "which weights --dropout drops (default 0)", TYPE_SEED, ROLE_WEIGHT,
                      FIELD(seed)},
    [SETTING_TOP_K] = {"top_k", "K", NULL, "normalize only the K largest scores of each row", TYPE_COUNT,
                       ROLE_WEIGHT, FIELD(top_k)},
    [SETTING_SIGMA] = {"sigma", "X", NULL,
                       "with --centers: multiply the weights by a Gaussian of this width around the center",
                       TYPE_POSITIVE, ROLE_WEIGHT, FIELD(sigma)},
    [SETTING_MASK_FILL] =
        {"mask_fill", "X|nan", NULL,
         "the score of masked pairs instead of -infinity, such as -1e9; nan: rows that may attend "
         "to nothing become NaN",
         TYPE_FILL, ROLE_WEIGHT, FIELD(mask_fill)},
    [SETTING_DIFFERENTIAL] =
        {"differential", "X", NULL,
         "heads 2h and 2h+1 of q and k make one: the weights of the second, times X, are taken "
         "off those of the first",
         TYPE_FINITES, ROLE_WEIGHT, FIELD(differential)},
    [SETTING_POSITION] = {"position", "KIND", "none sinusoidal rotary rotary-interleaved alibi relative",
                          "how positions enter: none, sinusoidal (added to the embeddings), rotary or "
                          "rotary-interleaved (on q and k), alibi, relative (T5, from a table)",
                          TYPE_WORD, ROLE_POSITION, FIELD(position)},
    [SETTING_POSITION_BASE] = {"position_base", "X", NULL,
                               "base of the wavelengths of sinusoidal and rotary (default 10000)",
                               TYPE_POSITIVE, ROLE_POSITION, FIELD(position_base)},
    [SETTING_ROTARY_DIM] = {"rotary_dim", "N", NULL,
                            "rotate only the first N columns of a head (default: all)", TYPE_COUNT,
                            ROLE_POSITION, FIELD(rotary_dim)},
    [SETTING_MAX_DISTANCE] = {"max_distance", "N", NULL,
                              "with --position relative: from here on all share a bucket (default 128)",
                              TYPE_COUNT, ROLE_POSITION, FIELD(max_distance)},
    [SETTING_POSITION_SECTIONS] = {"position_sections", "LIST", NULL,
                                   "how many rotated pairs each axis of --positions turns, such as 16,24,24",
                                   TYPE_SECTIONS, ROLE_POSITION, FIELD(position_sections)},
    [SETTING_ROPE_SCALING] =
        {"rope_scaling", "TYPE:KEY=VALUE,...", NULL,
         "frequencies of rotary as Hugging Face scales them: default, linear, dynamic, yarn, llama3 or "
         "longrope with its keys, such as linear:factor=8",
         TYPE_ROPE, ROLE_POSITION, FIELD(rope_scaling)},
    [SETTING_ATTENTION_FACTOR] = {"attention_factor", "X", NULL,
                                  "multiply the cosines and sines of rotary by X", TYPE_POSITIVE,
                                  ROLE_POSITION, FIELD(attention_factor)},
    [SETTING_PAST_ROTATED] = {"past_rotated", NULL, NULL, "--past-k is rotated already; only new keys are",
                              TYPE_FLAG, ROLE_POSITION, FIELD(past_rotated)},
    [SETTING_PREFIX] = {"prefix", "N", NULL, "with --causal: every query may attend to the first N keys",
                        TYPE_COUNT, ROLE_PATTERN, FIELD(prefix)},
    [SETTING_DILATION] = {"dilation", "N", NULL, "attend only to keys at distances that N divides",
                          TYPE_COUNT, ROLE_PATTERN, FIELD(dilation)},
    [SETTING_BLOCK] = {"block", "N", NULL,
                       "attend only to keys in the same block of N tokens (or as --block-mask says)",
                       TYPE_COUNT, ROLE_PATTERN, FIELD(block)},
    [SETTING_GLOBAL] =
        {"global", "LIST", NULL,
         "at most 64 tokens exempt from window, dilation and block: they attend to all, all attend to them",
         TYPE_LIST, ROLE_PATTERN, FIELD(global)},
    [SETTING_SEPARATOR] = {"separator", "TOKEN", NULL,
                           "this token ends a document; queries attend only to keys of their own document",
                           TYPE_TEXT, ROLE_PATTERN, FIELD(separator)},
    [SETTING_KEY_LENGTH] = {"key_length", "N", NULL, "keys from N on are padding and masked", TYPE_INDEX,
                            ROLE_PATTERN, FIELD(key_length)},
    [SETTING_RESIDUAL] = {"residual", NULL, NULL, "add the input of a layer to its output", TYPE_FLAG,
                          ROLE_STACK, FIELD(residual)},
    [SETTING_NORM] = {"norm", "WHERE", "none pre post",
                      "layer norm: pre (before the projections) or post (of the output, after --residual)",
                      TYPE_WORD, ROLE_STACK, FIELD(norm)},
    [SETTING_W_LAYOUT] =
        {"w_layout", "LAYOUT", "in_out out_in",
         "how the projections are stored: in_out (y = x*W, default), or out_in, as PyTorch's Linear",
         TYPE_WORD, ROLE_PROJECTION, FIELD(w_layout)},
    [SETTING_QKV_LAYOUT] =
        {"qkv_layout", "LAYOUT", "thirds heads",
         "the columns of --w-qkv: all q, all k, all v (thirds, default), or for each K/V head its "
         "queries, its k and its v (heads)",
         TYPE_WORD, ROLE_PROJECTION, FIELD(qkv_layout)},
    [SETTING_QK_NORM_KIND] = {"qk_norm_kind", "KIND", "rms layer",
                              "the norm of --q-norm and --k-norm: rms (default) or layer", TYPE_WORD,
                              ROLE_PROJECTION, FIELD(qk_norm_kind)},
    [SETTING_QK_NORM_EPSILON] = {"qk_norm_epsilon", "X", NULL,
                                 "what that norm adds to the mean square (default 1e-6)", TYPE_POSITIVE,
                                 ROLE_PROJECTION, FIELD(qk_norm_epsilon)},
    [SETTING_GRID_OFFSET] =
        {"grid_offset", "N", NULL,
         "the token that is the first patch, counted from 0 (default: those that --keys or "
         "--queries choose if they are as many, else the last)",
         TYPE_INDEX, ROLE_PICTURE, FIELD(grid_offset)},
    [SETTING_GRID_AXIS] =
        {"grid_axis", "keys|queries", "auto keys queries",
         "whether the patches are the keys or the queries (default: the keys if there are enough)", TYPE_WORD,
         ROLE_PICTURE, FIELD(grid_axis)},
};

enum setting setting_named(const char *name)
{
    enum setting i = 0;
    while (i < SETTING_COUNT && strcmp(setting_kinds[i].name, name) != 0)
        i++;
    return i;
}
