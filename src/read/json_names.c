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
    {"position_ids", "positions are places in the sequence, and cannot be given"},
    {"cache_position", "positions are places in the sequence, and cannot be given"},
    {"rope_scaling", "rotary frequencies follow from \"position_base\" alone: give q and k rotated already"},
    {"inv_freq", "rotary frequencies follow from \"position_base\" alone: give q and k rotated already"},
    {"num_heads", "expected \"heads\""},
    {"num_attention_heads", "expected \"heads\""},
    {"num_key_value_heads", "expected \"kv_heads\""},
    {"n_head", "expected \"heads\""},
};

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
