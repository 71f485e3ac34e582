#include "read/json_names.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Sources of the meanings: Hugging Face transformers 4 (attention_mask, position_ids, sliding_window,
 * attn_logit_softcapping), PyTorch 2 nn.MultiheadAttention and scaled_dot_product_attention (attn_mask,
 * key_padding_mask, is_causal, in_proj_weight, dropout_p), FlashAttention 2 (softmax_scale, window_size). */
static const struct {
    const char *name, *advice;
} other_names[] = {
    {"attention_mask",
     "expected \"key_mask\" for a number a key (1 attends), \"mask\" for n×m, or \"bias\" for "
     "numbers that are added"},
    {"encoder_attention_mask", "expected \"key_mask\", a number a key (1 attends)"},
    {"key_padding_mask", "expected \"key_mask\" with \"mask_true_blocks\": true, if true blocks in it"},
    {"attn_mask", "expected \"mask\" (true attends) or \"bias\" (numbers that are added)"},
    {"attn_bias", "expected \"bias\""},
    {"attention_bias", "expected \"bias\""},
    {"position_bias", "expected \"bias\" for a number a pair, or \"relative_bias\" for T5's table"},
    {"is_causal", "expected \"causal\""},
    {"sliding_window", "expected \"window\": W keys with the query's own are [W - 1, 0]"},
    {"window_size", "expected \"window\": [left, right]"},
    {"softmax_scale", "expected \"scale\""},
    {"scaling", "expected \"scale\""},
    {"attn_logit_softcapping", "expected \"softcap\""},
    {"logit_cap", "expected \"softcap\""},
    {"dropout_p", "expected \"dropout\""},
    {"alibi_slopes", "expected \"slopes\" with \"position\": \"alibi\""},
    {"rope_theta", "expected \"position_base\" with \"position\": \"rotary\""},
    {"cache_position", "expected \"positions\", a position a token"},
    {"mrope_section", "expected \"position_sections\", or in \"rope_scaling\""},
    {"partial_rotary_factor", "expected \"rotary_dim\", or in \"rope_scaling\""},
    {"max_position_embeddings", "expected in \"rope_scaling\""},
    {"original_max_position_embeddings", "expected in \"rope_scaling\""},
    {"num_heads", "expected \"heads\""},
    {"num_attention_heads", "expected \"heads\""},
    {"num_key_value_heads", "expected \"kv_heads\""},
    {"n_head", "expected \"heads\""},
};

/* Names of other software that are read as attn's own. */
static const struct {
    const char *name, *own;
} same_names[] = {
    {"position_ids", "positions"},
    {"rope_parameters", "rope_scaling"},
};

const char *json_names_own(const char *name)
{
    for (size_t i = 0; i < sizeof same_names / sizeof *same_names; i++)
        if (strcmp(name, same_names[i].name) == 0)
            return same_names[i].own;
    return name;
}

/* Parts of names that say as much, though nobody knows the name. */
static const char *const telling_parts[] = {"mask",   "position", "norm", "scale",   "rope",  "rotary",
                                            "causal", "window",   "bias", "softcap", "slope", "inv_freq"};

const char *json_names_advice(const char *name)
{
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++)
        if (strcasecmp(name, other_names[i].name) == 0)
            return other_names[i].advice;
    for (size_t i = 0; i < sizeof telling_parts / sizeof *telling_parts; i++)
        if (strcasestr(name, telling_parts[i]))
            return "";
    return NULL;
}
