#include "problem/inputs.h"
#include "base/source.h"

#include <stdlib.h>
#include <string.h>

const char *const input_names[INPUT_COUNT + 1] = {
    "embeddings",
    "context",
    "w_q",
    "w_k",
    "w_v",
    "w_o",
    "b_q",
    "b_k",
    "b_v",
    "b_o",
    "q",
    "k",
    "v",
    "past_k",
    "past_v",
    "attention",
    "mask",
    "bias",
    "w_score",
    "w_score_q",
    "w_score_k",
    "v_score",
    "slopes",
    "sinks",
    "relative_bias",
    "inv_freq",
    "positions",
    "key_positions",
    "block_mask",
    "segments",
    "key_segments",
    "key_mask",
    "norm_weight",
    "norm_bias",
    "query_scale",
    "sigmas",
    "centers",
    "q_norm",
    "k_norm",
    "b_qkv",
    "w_qkv",
    "gate",
    "w_gate",
    "or_mask",
    "decay",
    "beta",
    "state",
    "unembed",
    "words",
    "key_words",
    NULL,
};

bool input_is_list(enum input which)
{
    return (which >= INPUT_B_Q && which <= INPUT_B_O) || which == INPUT_V_SCORE || which == INPUT_SLOPES ||
           which == INPUT_SINKS || (which >= INPUT_INV_FREQ && which <= INPUT_KEY_POSITIONS) ||
           (which >= INPUT_SEGMENTS && which <= INPUT_B_QKV) || which >= INPUT_WORDS;
}

enum input input_named(const char *name)
{
    enum input i = 0;
    while (i < INPUT_COUNT && strcmp(input_names[i], name) != 0)
        i++;
    return i;
}

bool labels_differ(const struct labels *a, const struct labels *b)
{
    bool differ = a->count != b->count;
    for (size_t i = 0; !differ && i < a->count; i++)
        differ = strcmp(a->text[i], b->text[i]) != 0;
    return differ;
}

void labels_free(struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        free(labels->text[i]);
        free(labels->shown ? labels->shown[i] : NULL);
    }
    free(labels->text);
    free(labels->shown);
    *labels = (struct labels){0};
}

static void layer_inputs_free(struct layer_inputs *layer)
{
    for (int i = 0; i < INPUT_COUNT; i++)
        tensor_free(&layer->tensor[i]);
    labels_free(&layer->tokens);
    labels_free(&layer->key_tokens);
    free(layer->title);
}

void inputs_free(struct inputs *inputs)
{
    layer_inputs_free(&inputs->all);
    for (size_t i = 0; i < inputs->layer_count; i++)
        layer_inputs_free(&inputs->layers[i]);
    free(inputs->layers);
    labels_free(&inputs->tokens);
    labels_free(&inputs->key_tokens);
    labels_free(&inputs->vocabulary);
    tensor_free(&inputs->ids);
    warnings_free(&inputs->notes);
    free(inputs->title);
    numbering_free(&inputs->numbering);
    free(inputs->offsets);
    for (size_t i = 0; i < inputs->source_count; i++)
        source_free(&inputs->sources[i]);
    free(inputs->sources);
    for (size_t i = 0; i < inputs->archive_count; i++) {
        archive_free(inputs->archives[i]);
        free(inputs->archives[i]);
    }
    free(inputs->archives);
    free(inputs->deferred);
    *inputs = (struct inputs){0};
}
