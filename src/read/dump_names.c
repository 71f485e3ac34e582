#include "read/dump_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const dump_part_names[PART_COUNT] = {"", "encoder", "decoder", "cross"};
const char *const dump_part_calls[PART_COUNT] = {"self-attention", "the attention of the encoder",
                                                 "the attention of the decoder", "cross attention"};

#define TRANSFORMER_LENS "TransformerLens"
#define HUGGING_FACE "Hugging Face"

/* The attention of layer %d under a word, alone or in the tuple of a step %s. */
#define ATTENTIONS(WORD, PART)                                                                               \
    {.pattern = "*." WORD ".%s.%d", .input = INPUT_ATTENTION, .part = PART, .from = HUGGING_FACE},           \
        {.pattern = "*." WORD ".%d", .input = INPUT_ATTENTION, .part = PART, .from = HUGGING_FACE},          \
    {                                                                                                        \
        .pattern = WORD "_%d", .input = INPUT_ATTENTION, .part = PART, .from = HUGGING_FACE                  \
    }

/* Names that say little, of numbers with three axes. */
#define NUMBERED(PATTERN)                                                                                    \
    {                                                                                                        \
        .pattern = PATTERN, .input = INPUT_ATTENTION, .wants_matrix = true                                   \
    }

/* The hooks of an attention module of TransformerLens. Queries and keys that rotary has turned stand first: of these the
 * scores are made. */
#define HOOKS(MODULE, PART)                                                                                  \
    {.pattern = MODULE "hook_pattern", .input = INPUT_ATTENTION, .part = PART, .from = TRANSFORMER_LENS},    \
        {.pattern = MODULE "hook_attn_scores",                                                               \
         .input = INPUT_ATTENTION,                                                                           \
         .part = PART,                                                                                       \
         .is_scores = true,                                                                                  \
         .from = TRANSFORMER_LENS},                                                                          \
        {.pattern = MODULE "hook_rot_q",                                                                     \
         .input = INPUT_Q,                                                                                   \
         .part = PART,                                                                                       \
         .heads_behind = true,                                                                               \
         .from = TRANSFORMER_LENS},                                                                          \
        {.pattern = MODULE "hook_q",                                                                         \
         .input = INPUT_Q,                                                                                   \
         .part = PART,                                                                                       \
         .heads_behind = true,                                                                               \
         .from = TRANSFORMER_LENS},                                                                          \
        {.pattern = MODULE "hook_rot_k",                                                                     \
         .input = INPUT_K,                                                                                   \
         .part = PART,                                                                                       \
         .heads_behind = true,                                                                               \
         .from = TRANSFORMER_LENS},                                                                          \
        {.pattern = MODULE "hook_k",                                                                         \
         .input = INPUT_K,                                                                                   \
         .part = PART,                                                                                       \
         .heads_behind = true,                                                                               \
         .from = TRANSFORMER_LENS},                                                                          \
    {                                                                                                        \
        .pattern = MODULE "hook_v", .input = INPUT_V, .part = PART, .heads_behind = true,                    \
        .from = TRANSFORMER_LENS                                                                             \
    }

/*
 * Sources: TransformerLens 2 (hook_points of components/abstract_attention.py: q, k, v and z are batch×tokens×heads×d,
 * pattern and scores batch×heads×queries×keys); transformers 4 (ModelOutput: attentions, decoder_attentions,
 * cross_attentions and encoder_attentions are tuples of layers, of batch×heads×queries×keys; generate() puts a tuple of
 * steps around them); numpy.savez (arr_0, arr_1, … for arrays without a name).
 */
static const struct dump_name rows[] = {
    HOOKS("*.blocks.%d.attn.", PART_ONLY),
    HOOKS("encoder.%d.attn.", PART_ENCODER),
    HOOKS("decoder.%d.attn.", PART_DECODER),
    HOOKS("decoder.%d.cross_attn.", PART_CROSS),
    ATTENTIONS("cross_attentions", PART_CROSS),
    ATTENTIONS("encoder_attentions", PART_ENCODER),
    ATTENTIONS("decoder_attentions", PART_DECODER),
    ATTENTIONS("attentions", PART_ONLY),
    ATTENTIONS("attention", PART_ONLY),
    ATTENTIONS("attn", PART_ONLY),
    ATTENTIONS("att", PART_ONLY),
    ATTENTIONS("attn_weights", PART_ONLY),
    ATTENTIONS("attention_weights", PART_ONLY),
    ATTENTIONS("attention_probs", PART_ONLY),
    ATTENTIONS("weights", PART_ONLY),
    {.pattern = "layers.%d.attention", .input = INPUT_ATTENTION},
    {.pattern = "layers.%d.weights", .input = INPUT_ATTENTION},
    {.pattern = "layers.%d.mask", .input = INPUT_MASK},
    {.pattern = "layers.%d.attn_weights", .input = INPUT_ATTENTION, .from = HUGGING_FACE},
    {.pattern = "layers.%d.q", .input = INPUT_Q},
    {.pattern = "layers.%d.k", .input = INPUT_K},
    {.pattern = "layers.%d.v", .input = INPUT_V},
    {.pattern = "layer_%d_q", .input = INPUT_Q},
    {.pattern = "layer_%d_k", .input = INPUT_K},
    {.pattern = "layer_%d_v", .input = INPUT_V},
    {.pattern = "q_%d", .input = INPUT_Q},
    {.pattern = "k_%d", .input = INPUT_K},
    {.pattern = "v_%d", .input = INPUT_V},
    {.pattern = "step_%s_layer_%d", .input = INPUT_ATTENTION},
    {.pattern = "step%s_layer%d", .input = INPUT_ATTENTION},
    NUMBERED("attn%d"),
    NUMBERED("att%d"),
    NUMBERED("layer_%d"),
    NUMBERED("layer%d"),
    NUMBERED("layer_%d_attn"),
    NUMBERED("layer_%d_attention"),
    NUMBERED("arr_%d"),
    NUMBERED("%s.%d"),
    NUMBERED("%d"),
};

const struct dump_name *dump_name_find(const char *name, struct name_numbers *numbers)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (name_pattern_fits(rows[i].pattern, name, numbers))
            return &rows[i];
    return NULL;
}

const char *dump_name_of_layer(const char *name, size_t *layer)
{
    static const char before[] = "layers.";
    const size_t begin = sizeof before - 1;
    if (strncmp(name, before, begin) != 0)
        return NULL;
    const size_t digits = strspn(name + begin, "0123456789");
    const char *key = name + begin + digits;
    if (digits == 0 || digits > 9 || key[0] != '.' || !key[1])
        return NULL;
    *layer = strtoul(name + begin, NULL, 10);
    return key + 1;
}

enum dump_part dump_part_of(const char *name)
{
    for (enum dump_part part = PART_ENCODER; part < PART_COUNT; part++) {
        const size_t length = strlen(dump_part_names[part]);
        if (strncmp(name, dump_part_names[part], length) == 0 && strcmp(name + length, "_attentions") == 0)
            return part;
    }
    return PART_ONLY;
}

bool dump_part_error(const bool has[PART_COUNT], enum dump_part said, const char *file, struct error *error)
{
    const char *names[PART_COUNT];
    int count = 0;
    for (enum dump_part part = PART_ENCODER; part < PART_COUNT; part++)
        if (has[part])
            names[count++] = dump_part_names[part];
    if (count == 0)
        return error_set(error, ERROR_USAGE,
                         "--part %s: %s has one attention, of no encoder-decoder: expected it without --part",
                         dump_part_names[said], file);
    return error_set(error, ERROR_USAGE, "--part %s: %s has no such attention: expected %s%s%s",
                     dump_part_names[said], file, names[0], count > 1 ? " or " : "",
                     count > 1 ? names[1] : "");
}

bool dump_part_choose(enum dump_part *kept, const bool has[PART_COUNT], enum dump_part said, const char *file,
                      struct inputs *inputs, struct error *error)
{
    static const enum dump_part order[] = {PART_DECODER, PART_ENCODER, PART_CROSS};
    *kept = PART_ONLY;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (has[order[i]])
            *kept = order[i];
    if (*kept == PART_ONLY)
        return true;
    if (said != PART_ONLY && !has[said])
        return dump_part_error(has, said, file, error);
    if (said != PART_ONLY)
        *kept = said;
    inputs->has_parts = true;
    for (enum dump_part part = PART_ENCODER; part < PART_COUNT; part++)
        if (has[part] && part != *kept)
            warnings_add(&inputs->notes, "%s: %s is taken; --part %s takes %s", file, dump_part_calls[*kept],
                         dump_part_names[part], dump_part_calls[part]);
    return true;
}

bool dump_name_is_result(const char *name)
{
    static const char *const results[] = {"scores",   "scaled", "masked",       "output",
                                          "encoding", "heads",  "contribution", "contribution_share",
                                          DUMP_ABOUT};
    struct name_numbers numbers;
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        char pattern[32];
        snprintf(pattern, sizeof pattern, "layers.%%d.%s", results[i]);
        if (strcmp(name, results[i]) == 0 || name_pattern_fits(pattern, name, &numbers))
            return true;
    }
    return strncmp(name, "stats.", 6) == 0 || (strncmp(name, "layers.", 7) == 0 && strstr(name, ".stats."));
}
