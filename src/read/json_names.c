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
    {"encoder_attention_mask", "expected \"key_mask\", a number a key (1 attends)"},
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
    {"query_key_value.weight",
     "expected \"w_qkv\" with \"w_layout\": \"out_in\", and \"qkv_layout\": \"heads\" or "
     "\"thirds\""},
    {"segment_ids", "expected \"segments\""},
    {"cu_seqlens", "expected \"segments\", the document of each token"},
    {"cu_seqlens_q", "expected \"segments\", the document of each token"},
    {"num_heads", "expected \"heads\""},
    {"num_attention_heads", "expected \"heads\""},
    {"num_key_value_heads", "expected \"kv_heads\""},
    {"n_head", "expected \"heads\""},
    {"n_heads", "expected \"heads\""},
    {"num_head", "expected \"heads\""},
    {"nhead", "expected \"heads\""},
    {"n_kv_heads", "expected \"kv_heads\""},
    {"num_kv_heads", "expected \"kv_heads\""},
    {"past_key_values", "expected \"past_k\" and \"past_v\", those of one layer or in \"layers\""},
    {"padding", "expected \"key_mask\", a number a key (1 attends)"},
    {"padding_mask", "expected \"key_mask\", a number a key (1 attends)"},
    {"pad_mask", "expected \"key_mask\", a number a key (1 attends)"},
    {"lengths", "expected \"key_mask\", a number a key (1 attends)"},
    {"alibi", "expected \"position\": \"alibi\""},
    {"rotary_base", "expected \"position_base\" with \"position\": \"rotary\""},
    {"theta", "expected \"position_base\" with \"position\": \"rotary\""},
    {"logit_softcapping", "expected \"softcap\""},
    {"q_proj", "expected \"q_proj.weight\", as PyTorch stores it, or \"w_q\""},
    {"k_proj", "expected \"k_proj.weight\", as PyTorch stores it, or \"w_k\""},
    {"v_proj", "expected \"v_proj.weight\", as PyTorch stores it, or \"w_v\""},
    {"o_proj", "expected \"o_proj.weight\", as PyTorch stores it, or \"w_o\""},
    {"out_proj", "expected \"out_proj.weight\", as PyTorch stores it, or \"w_o\""},
    {"in_proj", "expected \"in_proj_weight\", as PyTorch stores it, or \"w_qkv\""},
    {"c_attn", "expected \"c_attn.weight\" and \"c_attn.bias\""},
    {"c_proj", "expected \"c_proj.weight\" and \"c_proj.bias\""},
    {"qkv", "expected \"qkv.weight\", as PyTorch stores it, or \"w_qkv\""},
    {"to_q", "expected \"to_q.weight\", as PyTorch stores it, or \"w_q\""},
    {"to_k", "expected \"to_k.weight\", as PyTorch stores it, or \"w_k\""},
    {"to_v", "expected \"to_v.weight\", as PyTorch stores it, or \"w_v\""},
};

/* Names of other software that are read as attn's own: Hugging Face's outputs and state dicts, PyTorch's
 * nn.MultiheadAttention, GPT-2's Conv1D, BERT's and ViT's Linears, diffusers' attention, TransformerLens, and the letters
 * of papers. */
static const struct other_name same_names[] = {
    {"position_ids", "positions", NAME_SAME},
    {"rope_parameters", "rope_scaling", NAME_SAME},
    {"Q", "q", NAME_SAME},
    {"K", "k", NAME_SAME},
    {"V", "v", NAME_SAME},
    {"query", "q", NAME_SAME},
    {"key", "k", NAME_SAME},
    {"value", "v", NAME_SAME},
    {"queries", "q", NAME_SAME},
    {"keys", "k", NAME_SAME},
    {"values", "v", NAME_SAME},
    {"inputs_embeds", "embeddings", NAME_SAME},
    {"hidden_states", "embeddings", NAME_SAME},
    {"last_hidden_state", "embeddings", NAME_SAME},
    {"encoder_hidden_states", "context", NAME_SAME},
    {"query_states", "q", NAME_SAME},
    {"key_states", "k", NAME_SAME},
    {"value_states", "v", NAME_SAME},
    {"attentions", "attention", NAME_SAME},
    {"attn_weights", "attention", NAME_SAME},
    {"attention_weights", "attention", NAME_SAME},
    {"attention_probs", "attention", NAME_SAME},
    {"attn", "attention", NAME_SAME},
    {"cross_attentions", "attention", NAME_SAME},
    {"encoder_attentions", "attention", NAME_SAME},
    {"decoder_attentions", "attention", NAME_SAME},
    {"attention_mask", "key_mask", NAME_KEEPS},
    {"key_padding_mask", "key_mask", NAME_BLOCKS},
    {"attn_mask", "mask", NAME_EITHER},
    {"in_proj_weight", "w_qkv", NAME_OUT_IN},
    {"in_proj_bias", "b_qkv", NAME_SAME},
    {"out_proj.weight", "w_o", NAME_OUT_IN},
    {"out_proj.bias", "b_o", NAME_SAME},
    {"q_proj.weight", "w_q", NAME_OUT_IN},
    {"k_proj.weight", "w_k", NAME_OUT_IN},
    {"v_proj.weight", "w_v", NAME_OUT_IN},
    {"o_proj.weight", "w_o", NAME_OUT_IN},
    {"q_proj_weight", "w_q", NAME_OUT_IN},
    {"k_proj_weight", "w_k", NAME_OUT_IN},
    {"v_proj_weight", "w_v", NAME_OUT_IN},
    {"q_proj.bias", "b_q", NAME_SAME},
    {"k_proj.bias", "b_k", NAME_SAME},
    {"v_proj.bias", "b_v", NAME_SAME},
    {"o_proj.bias", "b_o", NAME_SAME},
    {"q_norm.weight", "q_norm", NAME_SAME},
    {"k_norm.weight", "k_norm", NAME_SAME},
    {"c_attn.weight", "w_qkv", NAME_SAME},
    {"c_attn.bias", "b_qkv", NAME_SAME},
    {"c_proj.weight", "w_o", NAME_SAME},
    {"c_proj.bias", "b_o", NAME_SAME},
    {"W_Q", "w_q", NAME_SAME},
    {"W_K", "w_k", NAME_SAME},
    {"W_V", "w_v", NAME_SAME},
    {"W_O", "w_o", NAME_SAME},
    {"b_Q", "b_q", NAME_SAME},
    {"b_K", "b_k", NAME_SAME},
    {"b_V", "b_v", NAME_SAME},
    {"b_O", "b_o", NAME_SAME},
    {"wq", "w_q", NAME_SAME},
    {"wk", "w_k", NAME_SAME},
    {"wv", "w_v", NAME_SAME},
    {"wo", "w_o", NAME_SAME},
    {"wq.weight", "w_q", NAME_OUT_IN},
    {"wk.weight", "w_k", NAME_OUT_IN},
    {"wv.weight", "w_v", NAME_OUT_IN},
    {"wo.weight", "w_o", NAME_OUT_IN},
    {"qkv.weight", "w_qkv", NAME_OUT_IN},
    {"qkv.bias", "b_qkv", NAME_SAME},
    {"query.weight", "w_q", NAME_OUT_IN},
    {"key.weight", "w_k", NAME_OUT_IN},
    {"value.weight", "w_v", NAME_OUT_IN},
    {"query.bias", "b_q", NAME_SAME},
    {"key.bias", "b_k", NAME_SAME},
    {"value.bias", "b_v", NAME_SAME},
    {"attention.output.dense.weight", "w_o", NAME_OUT_IN},
    {"attention.output.dense.bias", "b_o", NAME_SAME},
    {"to_q.weight", "w_q", NAME_OUT_IN},
    {"to_k.weight", "w_k", NAME_OUT_IN},
    {"to_v.weight", "w_v", NAME_OUT_IN},
    {"to_out.0.weight", "w_o", NAME_OUT_IN},
    {"to_out.0.bias", "b_o", NAME_SAME},
};

/* A name in a state dict has the modules around it in front: model.layers.0.self_attn.q_proj.weight. Names of one word
 * are no such end: an input called mlp.key is none. */
const struct other_name *json_names_other(const char *name)
{
    const char *end = name;
    for (;;) {
        for (size_t i = 0; i < sizeof same_names / sizeof *same_names; i++)
            if ((end == name || strpbrk(same_names[i].name, "._")) &&
                strcasecmp(end, same_names[i].name) == 0)
                return strcmp(name, same_names[i].own) == 0 ? NULL : &same_names[i];
        end = strchr(end, '.');
        if (!end)
            return NULL;
        end++;
    }
}

/* Parts of names that say as much, though nobody knows the name. */
static const char *const telling_parts[] = {
    "mask",    "position", "norm",     "scale", "rope",    "rotary", "causal",      "window",     "bias",
    "softcap", "slope",    "inv_freq", "proj",  "segment", "seqlen", "temperature", "gate_weight"};

bool json_names_weights(const char *path)
{
    static const char *const starts[] = {"att", "weights", "arr_", "layer_", "layer0"};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (strncasecmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

bool json_names_ids(const char *name)
{
    return strcasecmp(name, "ids") == 0 || strcasecmp(name, "input_ids") == 0 ||
           strcasecmp(name, "token_ids") == 0;
}

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
