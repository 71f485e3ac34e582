/*
 * Sources. Hugging Face transformers 4.36 to 5.0 (models/NAME/modeling_NAME.py and configuration_NAME.py): names, layouts,
 * masks, and the defaults of configs, which files may leave out. llama.cpp of 2025 (convert_hf_to_gguf.py, gguf-py's
 * constants.py, src/llama-arch.cpp, llama_model_rope_type of src/llama-model.cpp): names, which matrices the converter
 * permutes or joins, and which rotary goes with them. PyTorch 1.13 (nn.MultiheadAttention, nn.Transformer), timm 0.9
 * (vision_transformer.py), lucidrains/vit-pytorch 1, meta-llama/llama and llama2.c, TransformerLens 2, openai/whisper,
 * CTranslate2 4.
 */
#include "read/profiles.h"

#include <string.h>

#include "base/words.h"

/* ---- rows of names ---- */

#define OPTIONAL(PATTERN, INPUT)                                                                             \
    {                                                                                                        \
        .pattern = PATTERN, .input = INPUT, .is_optional = true                                              \
    }
/* A Linear and its bias. */
#define LINEAR(PATTERN, W, B) {.pattern = PATTERN ".weight", .input = W}, OPTIONAL(PATTERN ".bias", B)
#define LINEAR_OF(PART, PATTERN, W, B)                                                                       \
    {.pattern = PATTERN ".weight", .input = W, .part = PART},                                                \
    {                                                                                                        \
        .pattern = PATTERN ".bias", .input = B, .part = PART, .is_optional = true                            \
    }
/* The four Linears of one module. */
#define FOUR(MODULE, Q, K, V, O)                                                                             \
    LINEAR(MODULE Q, INPUT_W_Q, INPUT_B_Q), LINEAR(MODULE K, INPUT_W_K, INPUT_B_K),                          \
        LINEAR(MODULE V, INPUT_W_V, INPUT_B_V), LINEAR(MODULE O, INPUT_W_O, INPUT_B_O)
#define FOUR_OF(PART, MODULE, Q, K, V, O)                                                                    \
    LINEAR_OF(PART, MODULE Q, INPUT_W_Q, INPUT_B_Q), LINEAR_OF(PART, MODULE K, INPUT_W_K, INPUT_B_K),        \
        LINEAR_OF(PART, MODULE V, INPUT_W_V, INPUT_B_V), LINEAR_OF(PART, MODULE O, INPUT_W_O, INPUT_B_O)
/* A fused Linear and that of the output. */
#define FUSED(QKV, O) LINEAR(QKV, INPUT_W_QKV, INPUT_B_QKV), LINEAR(O, INPUT_W_O, INPUT_B_O)
/* nn.MultiheadAttention, whose in_proj_bias has no dot in front. */
#define TORCH_OF(PART, MODULE)                                                                               \
    {.pattern = MODULE "in_proj_weight", .input = INPUT_W_QKV, .part = PART},                                \
        {.pattern = MODULE "in_proj_bias", .input = INPUT_B_QKV, .part = PART, .is_optional = true},         \
        LINEAR_OF(PART, MODULE "out_proj", INPUT_W_O, INPUT_B_O)
#define END                                                                                                  \
    {                                                                                                        \
        .pattern = NULL                                                                                      \
    }

typedef const struct profile_row row_table[];

static row_table gpt2_rows = {
    {.pattern = "*.h.%d.attn.c_attn.weight", .input = INPUT_W_QKV, .layout = LAYOUT_AS_QKV},
    OPTIONAL("*.h.%d.attn.c_attn.bias", INPUT_B_QKV),
    {.pattern = "*.h.%d.attn.c_proj.weight", .input = INPUT_W_O, .layout = LAYOUT_AS_QKV},
    OPTIONAL("*.h.%d.attn.c_proj.bias", INPUT_B_O),
    END,
};
static row_table bigcode_rows = {FUSED("*.h.%d.attn.c_attn", "*.h.%d.attn.c_proj"), END};
static row_table llama_rows = {FOUR("*.layers.%d.self_attn.", "q_proj", "k_proj", "v_proj", "o_proj"), END};
static row_table qwen3_rows = {
    FOUR("*.layers.%d.self_attn.", "q_proj", "k_proj", "v_proj", "o_proj"),
    {.pattern = "*.layers.%d.self_attn.q_norm.weight", .input = INPUT_Q_NORM},
    {.pattern = "*.layers.%d.self_attn.k_norm.weight", .input = INPUT_K_NORM},
    END,
};
static row_table gemma3_rows = {
    FOUR("*.layers.%d.self_attn.", "q_proj", "k_proj", "v_proj", "o_proj"),
    {.pattern = "*.layers.%d.self_attn.q_norm.weight", .input = INPUT_Q_NORM, .adds_one = true},
    {.pattern = "*.layers.%d.self_attn.k_norm.weight", .input = INPUT_K_NORM, .adds_one = true},
    END,
};
static row_table gpt_oss_rows = {
    FOUR("*.layers.%d.self_attn.", "q_proj", "k_proj", "v_proj", "o_proj"),
    {.pattern = "*.layers.%d.self_attn.sinks", .input = INPUT_SINKS},
    END,
};
static row_table phi_rows = {FOUR("*.layers.%d.self_attn.", "q_proj", "k_proj", "v_proj", "dense"), END};
static row_table phi3_rows = {FUSED("*.layers.%d.self_attn.qkv_proj", "*.layers.%d.self_attn.o_proj"), END};
static row_table meta_rows = {FOUR("*.layers.%d.attention.", "wq", "wk", "wv", "wo"), END};
static row_table neox_rows = {FUSED("*.layers.%d.attention.query_key_value", "*.layers.%d.attention.dense"),
                              END};
static row_table bloom_rows = {FUSED("*.h.%d.self_attention.query_key_value", "*.h.%d.self_attention.dense"),
                               END};
static row_table gptj_rows = {FOUR("*.h.%d.attn.", "q_proj", "k_proj", "v_proj", "out_proj"), END};
static row_table gpt_neo_rows = {FOUR("*.h.%d.attn.attention.", "q_proj", "k_proj", "v_proj", "out_proj"),
                                 END};
static row_table opt_rows = {FOUR("*.decoder.layers.%d.self_attn.", "q_proj", "k_proj", "v_proj", "out_proj"),
                             END};
static row_table bart_rows = {
    FOUR_OF(PART_ENCODER, "*.encoder.layers.%d.self_attn.", "q_proj", "k_proj", "v_proj", "out_proj"),
    FOUR_OF(PART_DECODER, "*.decoder.layers.%d.self_attn.", "q_proj", "k_proj", "v_proj", "out_proj"),
    FOUR_OF(PART_CROSS, "*.decoder.layers.%d.encoder_attn.", "q_proj", "k_proj", "v_proj", "out_proj"),
    END,
};
static row_table clip_vision_rows = {
    FOUR("*.vision_model.encoder.layers.%d.self_attn.", "q_proj", "k_proj", "v_proj", "out_proj"), END};
static row_table clip_text_rows = {
    FOUR("*.text_model.encoder.layers.%d.self_attn.", "q_proj", "k_proj", "v_proj", "out_proj"), END};
static row_table whisper_rows = {
    FOUR_OF(PART_ENCODER, "*.encoder.blocks.%d.attn.", "query", "key", "value", "out"),
    FOUR_OF(PART_DECODER, "*.decoder.blocks.%d.attn.", "query", "key", "value", "out"),
    FOUR_OF(PART_CROSS, "*.decoder.blocks.%d.cross_attn.", "query", "key", "value", "out"),
    END,
};
static row_table bert_rows = {
    FOUR("*.layer.%d.attention.", "self.query", "self.key", "self.value", "output.dense"),
    FOUR_OF(PART_CROSS, "*.layer.%d.crossattention.", "self.query", "self.key", "self.value", "output.dense"),
    END,
};
static row_table albert_rows = {
    FOUR("*.albert_layer_groups.0.albert_layers.0.attention.", "query", "key", "value", "dense"), END};
static row_table distilbert_rows = {FOUR("*.layer.%d.attention.", "q_lin", "k_lin", "v_lin", "out_lin"), END};
static row_table vit_rows = {
    FOUR("*.layer.%d.attention.", "attention.query", "attention.key", "attention.value", "output.dense"),
    END};
static row_table timm_rows = {FUSED("*.blocks.%d.attn.qkv", "*.blocks.%d.attn.proj"),
                              OPTIONAL("*.blocks.%d.attn.q_norm.weight", INPUT_Q_NORM),
                              OPTIONAL("*.blocks.%d.attn.k_norm.weight", INPUT_K_NORM), END};
/* The output has no Linear where one head has the width of the model. */
static row_table lucidrains_rows = {
    {.pattern = "*.layers.%d.0.to_qkv.weight", .input = INPUT_W_QKV},
    {.pattern = "*.layers.%d.0.fn.to_qkv.weight", .input = INPUT_W_QKV},
    {.pattern = "*.layers.%d.fn.to_qkv.weight", .input = INPUT_W_QKV},
    OPTIONAL("*.layers.%d.0.to_out.0.weight", INPUT_W_O),
    OPTIONAL("*.layers.%d.0.fn.to_out.0.weight", INPUT_W_O),
    OPTIONAL("*.layers.%d.fn.to_out.0.weight", INPUT_W_O),
    OPTIONAL("*.layers.%d.0.to_out.weight", INPUT_W_O),
    OPTIONAL("*.layers.%d.0.to_out.0.bias", INPUT_B_O),
    OPTIONAL("*.layers.%d.0.fn.to_out.0.bias", INPUT_B_O),
    OPTIONAL("*.layers.%d.fn.to_out.0.bias", INPUT_B_O),
    END,
};
#define T5(PART, MODULE) FOUR_OF(PART, MODULE, "q", "k", "v", "o")
#define T5_BIAS(PART, PATTERN)                                                                               \
    {                                                                                                        \
        .pattern = PATTERN, .input = INPUT_RELATIVE_BIAS, .layout = LAYOUT_OF_HEADS, .part = PART            \
    }
static row_table t5_rows = {
    T5(PART_ENCODER, "*.encoder.block.%d.layer.0.SelfAttention."),
    T5_BIAS(PART_ENCODER, "*.encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"),
    T5(PART_DECODER, "*.decoder.block.%d.layer.0.SelfAttention."),
    T5_BIAS(PART_DECODER, "*.decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"),
    T5(PART_CROSS, "*.decoder.block.%d.layer.1.EncDecAttention."),
    END,
};
static row_table umt5_rows = {
    T5(PART_ENCODER, "*.encoder.block.%d.layer.0.SelfAttention."),
    T5_BIAS(PART_ENCODER, "*.encoder.block.%d.layer.0.SelfAttention.relative_attention_bias.weight"),
    T5(PART_DECODER, "*.decoder.block.%d.layer.0.SelfAttention."),
    T5_BIAS(PART_DECODER, "*.decoder.block.%d.layer.0.SelfAttention.relative_attention_bias.weight"),
    T5(PART_CROSS, "*.decoder.block.%d.layer.1.EncDecAttention."),
    END,
};
static row_table torch_transformer_rows = {
    TORCH_OF(PART_ENCODER, "*.encoder.layers.%d.self_attn."),
    TORCH_OF(PART_DECODER, "*.decoder.layers.%d.self_attn."),
    TORCH_OF(PART_CROSS, "*.decoder.layers.%d.multihead_attn."),
    END,
};
static row_table torch_decoder_rows = {TORCH_OF(PART_DECODER, "*.layers.%d.self_attn."),
                                       TORCH_OF(PART_CROSS, "*.layers.%d.multihead_attn."), END};
static row_table torch_encoder_rows = {TORCH_OF(PART_ONLY, "*.layers.%d.self_attn."), END};
static row_table torchvision_rows = {TORCH_OF(PART_ONLY, "*.layers.encoder_layer_%d.self_attention."), END};
static row_table open_clip_rows = {TORCH_OF(PART_ONLY, "*.resblocks.%d.attn."), END};
/* A layer of another width of k and v has three matrices, and still one bias. */
static row_table torch_mha_rows = {
    TORCH_OF(PART_ONLY, "*."),
    {.pattern = "*.q_proj_weight", .input = INPUT_W_Q},
    {.pattern = "*.k_proj_weight", .input = INPUT_W_K},
    {.pattern = "*.v_proj_weight", .input = INPUT_W_V},
    END,
};
#define OF_HEADS(PATTERN, INPUT)                                                                             \
    {                                                                                                        \
        .pattern = PATTERN, .input = INPUT, .layout = LAYOUT_OF_HEADS                                        \
    }
static row_table lens_rows = {
    OF_HEADS("*.blocks.%d.attn.W_Q", INPUT_W_Q),
    OF_HEADS("*.blocks.%d.attn.W_K", INPUT_W_K),
    OF_HEADS("*.blocks.%d.attn._W_K", INPUT_W_K),
    OF_HEADS("*.blocks.%d.attn.W_V", INPUT_W_V),
    OF_HEADS("*.blocks.%d.attn._W_V", INPUT_W_V),
    OF_HEADS("*.blocks.%d.attn.W_O", INPUT_W_O),
    OPTIONAL("*.blocks.%d.attn.b_Q", INPUT_B_Q),
    OPTIONAL("*.blocks.%d.attn.b_K", INPUT_B_K),
    OPTIONAL("*.blocks.%d.attn._b_K", INPUT_B_K),
    OPTIONAL("*.blocks.%d.attn.b_V", INPUT_B_V),
    OPTIONAL("*.blocks.%d.attn._b_V", INPUT_B_V),
    OPTIONAL("*.blocks.%d.attn.b_O", INPUT_B_O),
    END,
};
#define CT2_LINEAR(PART, MODULE, W, B)                                                                       \
    {.pattern = MODULE "/weight", .input = W, .part = PART},                                                 \
    {                                                                                                        \
        .pattern = MODULE "/bias", .input = B, .part = PART, .is_optional = true                             \
    }
#define CT2_HALF(PART, MODULE, W, B, SHARE)                                                                  \
    {.pattern = MODULE "/weight", .input = W, .part = PART, .share = SHARE},                                 \
    {                                                                                                        \
        .pattern = MODULE "/bias", .input = B, .part = PART, .share = SHARE, .is_optional = true             \
    }
static row_table ct2_rows = {
    CT2_LINEAR(PART_ENCODER, "encoder/layer_%d/self_attention/linear_0", INPUT_W_QKV, INPUT_B_QKV),
    CT2_LINEAR(PART_ENCODER, "encoder/layer_%d/self_attention/linear_1", INPUT_W_O, INPUT_B_O),
    CT2_LINEAR(PART_DECODER, "decoder/layer_%d/self_attention/linear_0", INPUT_W_QKV, INPUT_B_QKV),
    CT2_LINEAR(PART_DECODER, "decoder/layer_%d/self_attention/linear_1", INPUT_W_O, INPUT_B_O),
    CT2_LINEAR(PART_CROSS, "decoder/layer_%d/attention/linear_0", INPUT_W_Q, INPUT_B_Q),
    CT2_HALF(PART_CROSS, "decoder/layer_%d/attention/linear_1", INPUT_W_K, INPUT_B_K, SHARE_FIRST_HALF),
    CT2_HALF(PART_CROSS, "decoder/layer_%d/attention/linear_1", INPUT_W_V, INPUT_B_V, SHARE_SECOND_HALF),
    CT2_LINEAR(PART_CROSS, "decoder/layer_%d/attention/linear_2", INPUT_W_O, INPUT_B_O),
    END,
};

/* GGUF: shapes are given last axis first there, so that a matrix is out×in here. */
static row_table gguf_rows = {
    FOUR("blk.%d.", "attn_q", "attn_k", "attn_v", "attn_output"),
    LINEAR("blk.%d.attn_qkv", INPUT_W_QKV, INPUT_B_QKV),
    OPTIONAL("blk.%d.attn_q_norm.weight", INPUT_Q_NORM),
    OPTIONAL("blk.%d.attn_k_norm.weight", INPUT_K_NORM),
    OPTIONAL("blk.%d.attn_sinks.weight", INPUT_SINKS),
    OPTIONAL("blk.%d.attn_sinks", INPUT_SINKS),
    END,
};
static row_table gguf_t5_rows = {
    FOUR_OF(PART_ENCODER, "enc.blk.%d.", "attn_q", "attn_k", "attn_v", "attn_o"),
    T5_BIAS(PART_ENCODER, "enc.blk.0.attn_rel_b.weight"),
    FOUR_OF(PART_DECODER, "dec.blk.%d.", "attn_q", "attn_k", "attn_v", "attn_o"),
    T5_BIAS(PART_DECODER, "dec.blk.0.attn_rel_b.weight"),
    FOUR_OF(PART_CROSS, "dec.blk.%d.", "cross_attn_q", "cross_attn_k", "cross_attn_v", "cross_attn_o"),
    END,
};

/* ---- rows of keys ---- */

typedef const struct profile_key key_table[];
#define KEYS_END                                                                                             \
    {                                                                                                        \
        .keys = NULL                                                                                         \
    }
#define HEADS_KEYS                                                                                           \
    {.keys = "num_attention_heads n_head num_heads n_heads", .setting = SETTING_HEADS},                      \
    {                                                                                                        \
        .keys = "num_key_value_heads n_kv_heads", .setting = SETTING_KV_HEADS                                \
    }
#define ROTARY_KEYS                                                                                          \
    {.keys =                                                                                                 \
         "rope_theta rotary_emb_base rope_parameters.rope_theta rope_parameters.full_attention.rope_theta",  \
     .setting = SETTING_POSITION_BASE},                                                                      \
    {                                                                                                        \
        .keys = "partial_rotary_factor rotary_pct rope_pct rope_parameters.partial_rotary_factor "           \
                "rope_scaling.partial_rotary_factor",                                                        \
        .setting = SETTING_ROTARY_DIM, .value = VALUE_SHARE_OF_HEAD                                          \
    }
#define EPSILON_KEYS                                                                                         \
    {                                                                                                        \
        .keys = "rms_norm_eps layer_norm_eps layer_norm_epsilon", .setting = SETTING_QK_NORM_EPSILON         \
    }

/* Whether tokens see those behind them is a key of BERT's family. */
static key_table plain_keys = {HEADS_KEYS, {.keys = "is_decoder", .setting = SETTING_CAUSAL}, KEYS_END};
static key_table gpt2_keys = {
    HEADS_KEYS,
    {.keys = "scale_attn_weights", .setting = SETTING_SCORE, .value = VALUE_DOT_IF_FALSE},
    KEYS_END};
static key_table bigcode_keys = {
    HEADS_KEYS,
    {.keys = "multi_query", .setting = SETTING_KV_HEADS, .value = VALUE_ONE_IF_TRUE},
    {.keys = "multi_query", .setting = SETTING_QKV_LAYOUT, .value = VALUE_HEADS_IF_FALSE},
    {.keys = "scale_attn_weights", .setting = SETTING_SCORE, .value = VALUE_DOT_IF_FALSE},
    KEYS_END};
static key_table llama_keys = {HEADS_KEYS,
                               ROTARY_KEYS,
                               EPSILON_KEYS,
                               {.keys = "attention_multiplier", .setting = SETTING_SCALE},
                               KEYS_END};
static key_table gemma_keys = {
    HEADS_KEYS,
    ROTARY_KEYS,
    EPSILON_KEYS,
    {.keys = "query_pre_attn_scalar", .setting = SETTING_SCALE, .value = VALUE_ROOT},
    {.keys = "attn_logit_softcapping", .setting = SETTING_SOFTCAP},
    KEYS_END};
static key_table falcon_keys = {{.keys = "num_attention_heads n_head", .setting = SETTING_HEADS},
                                ROTARY_KEYS,
                                {.keys = "alibi", .setting = SETTING_POSITION, .value = VALUE_ALIBI_IF_TRUE},
                                KEYS_END};
static key_table gptj_keys = {HEADS_KEYS, {.keys = "rotary_dim", .setting = SETTING_ROTARY_DIM}, KEYS_END};
static key_table bart_keys = {
    {.keys = "num_attention_heads", .setting = SETTING_HEADS},
    {.keys = "encoder_attention_heads", .setting = SETTING_HEADS, .part = PART_ENCODER},
    {.keys = "decoder_attention_heads", .setting = SETTING_HEADS, .part = PART_DECODER},
    {.keys = "decoder_attention_heads", .setting = SETTING_HEADS, .part = PART_CROSS},
    KEYS_END};
static key_table clip_vision_keys = {{.keys = "vision_config.num_attention_heads", .setting = SETTING_HEADS},
                                     KEYS_END};
static key_table whisper_keys = {{.keys = "n_audio_head", .setting = SETTING_HEADS, .part = PART_ENCODER},
                                 {.keys = "n_text_head", .setting = SETTING_HEADS, .part = PART_DECODER},
                                 {.keys = "n_text_head", .setting = SETTING_HEADS, .part = PART_CROSS},
                                 KEYS_END};
static key_table t5_keys = {{.keys = "num_heads", .setting = SETTING_HEADS},
                            {.keys = "relative_attention_max_distance", .setting = SETTING_MAX_DISTANCE},
                            KEYS_END};
static key_table gguf_keys = {
    {.keys = ".attention.head_count", .setting = SETTING_HEADS, .value = VALUE_OF_LAYER},
    {.keys = ".attention.head_count_kv", .setting = SETTING_KV_HEADS, .value = VALUE_OF_LAYER},
    {.keys = ".rope.dimension_count", .setting = SETTING_ROTARY_DIM},
    {.keys = ".rope.freq_base", .setting = SETTING_POSITION_BASE},
    {.keys = ".attention.layer_norm_rms_epsilon .attention.layer_norm_epsilon",
     .setting = SETTING_QK_NORM_EPSILON},
    {.keys = ".attention.scale", .setting = SETTING_SCALE},
    {.keys = ".attn_logit_softcapping", .setting = SETTING_SOFTCAP},
    {.keys = ".attention.causal", .setting = SETTING_CAUSAL},
    KEYS_END};

/* ---- profiles ---- */

#define ROTARY "causal=true position=rotary"
#define INTERLEAVED "causal=true position=rotary-interleaved"

const struct profile profiles[] = {
    {.name = "gpt2",
     .title = "GPT-2 (Hugging Face, minGPT, nanoGPT)",
     .model_types = "gpt2 openai-gpt",
     .rows = gpt2_rows,
     .keys = gpt2_keys,
     .fixed = {"causal=true"},
     .rule = RULE_LAYER_SCALE},
    {.name = "gpt-bigcode",
     .title = "StarCoder (Hugging Face)",
     .model_types = "gpt_bigcode",
     .rows = bigcode_rows,
     .keys = bigcode_keys,
     .fixed = {"causal=true"},
     .defaults = "multi_query=true",
     .is_said = true},
    {.name = "llama",
     .title = "Llama (Hugging Face)",
     .model_types = "llama granite granitemoe arcee",
     .rows = llama_rows,
     .keys = llama_keys,
     .fixed = {ROTARY}},
    {.name = "mistral",
     .title = "Mistral (Hugging Face)",
     .model_types = "mistral mixtral ministral starcoder2",
     .rows = llama_rows,
     .keys = llama_keys,
     .fixed = {ROTARY},
     .window = WINDOW_ALL},
    {.name = "qwen2",
     .title = "Qwen2 (Hugging Face)",
     .model_types = "qwen2 qwen2_moe qwen2_vl qwen2_vl_text qwen2_5_vl qwen2_5_vl_text",
     .rows = llama_rows,
     .keys = llama_keys,
     .fixed = {ROTARY},
     .defaults = "use_sliding_window=false sliding_window=4096 max_window_layers=28",
     .window = WINDOW_FROM_LAYER},
    {.name = "qwen3",
     .title = "Qwen3 (Hugging Face)",
     .model_types = "qwen3 qwen3_moe",
     .rows = qwen3_rows,
     .keys = llama_keys,
     .fixed = {ROTARY},
     .defaults = "use_sliding_window=false sliding_window=4096 max_window_layers=28",
     .window = WINDOW_FROM_LAYER},
    {.name = "olmo2",
     .title = "OLMo 2, OLMo 3 (Hugging Face)",
     .model_types = "olmo2 olmo3 olmoe",
     .rows = qwen3_rows,
     .keys = llama_keys,
     .fixed = {ROTARY}},
    {.name = "gemma",
     .title = "Gemma (Hugging Face)",
     .model_types = "gemma",
     .rows = llama_rows,
     .keys = llama_keys,
     .fixed = {ROTARY}},
    {.name = "gemma2",
     .title = "Gemma 2 (Hugging Face)",
     .model_types = "gemma2",
     .rows = llama_rows,
     .keys = gemma_keys,
     .fixed = {ROTARY},
     .defaults = "query_pre_attn_scalar=256 attn_logit_softcapping=50 sliding_window=4096",
     .window = WINDOW_EVEN},
    {.name = "gemma3",
     .title = "Gemma 3 (Hugging Face)",
     .model_types = "gemma3 gemma3_text",
     .rows = gemma3_rows,
     .keys = gemma_keys,
     .fixed = {ROTARY},
     .defaults = "query_pre_attn_scalar=256 sliding_window=4096 rope_theta=1000000 sliding_window_pattern=6 "
                 "rope_local_base_freq=10000",
     .window = WINDOW_BUT_LAST},
    {.name = "gpt-oss",
     .title = "gpt-oss (Hugging Face)",
     .model_types = "gpt_oss",
     .rows = gpt_oss_rows,
     .keys = llama_keys,
     .fixed = {ROTARY},
     .defaults = "sliding_window=128 rope_theta=150000",
     .window = WINDOW_EVEN},
    {.name = "stablelm",
     .title = "StableLM (Hugging Face)",
     .model_types = "stablelm",
     .rows = llama_rows,
     .keys = llama_keys,
     .fixed = {ROTARY},
     .defaults = "partial_rotary_factor=0.25"},
    {.name = "phi",
     .title = "Phi-1, Phi-2 (Hugging Face)",
     .model_types = "phi",
     .rows = phi_rows,
     .keys = llama_keys,
     .fixed = {ROTARY},
     .defaults = "partial_rotary_factor=0.5"},
    {.name = "phi3",
     .title = "Phi-3, Phi-4 (Hugging Face)",
     .model_types = "phi3",
     .rows = phi3_rows,
     .keys = llama_keys,
     .fixed = {ROTARY},
     .window = WINDOW_ALL},
    {.name = "meta",
     .title = "Llama (Meta, llama2.c)",
     .rows = meta_rows,
     .keys = llama_keys,
     .fixed = {INTERLEAVED},
     .rule = RULE_META_SCALING},
    {.name = "gpt-neox",
     .title = "GPT-NeoX, Pythia (Hugging Face)",
     .model_types = "gpt_neox",
     .rows = neox_rows,
     .keys = llama_keys,
     .fixed = {ROTARY " qkv_layout=heads"},
     .defaults = "rotary_pct=0.25"},
    {.name = "bloom",
     .title = "BLOOM (Hugging Face)",
     .model_types = "bloom",
     .rows = bloom_rows,
     .keys = plain_keys,
     .fixed = {"causal=true position=alibi qkv_layout=heads"}},
    {.name = "falcon",
     .title = "Falcon (Hugging Face)",
     .model_types = "falcon RefinedWeb RefinedWebModel",
     .rows = bloom_rows,
     .keys = falcon_keys,
     .fixed = {ROTARY " qkv_layout=heads"},
     .defaults = "multi_query=true",
     .rule = RULE_FALCON},
    {.name = "gptj",
     .title = "GPT-J (Hugging Face)",
     .model_types = "gptj",
     .rows = gptj_rows,
     .keys = gptj_keys,
     .fixed = {INTERLEAVED},
     .defaults = "rotary_dim=64"},
    {.name = "gpt-neo",
     .title = "GPT-Neo (Hugging Face)",
     .model_types = "gpt_neo",
     .rows = gpt_neo_rows,
     .keys = plain_keys,
     .fixed = {"causal=true score=dot"},
     .defaults = "window_size=256",
     .window = WINDOW_ODD},
    {.name = "opt",
     .title = "OPT (Hugging Face)",
     .model_types = "opt",
     .rows = opt_rows,
     .keys = plain_keys,
     .fixed = {"causal=true"}},
    {.name = "clip-vision",
     .title = "CLIP, SigLIP: images (Hugging Face)",
     .model_types = "clip_vision_model siglip_vision_model",
     .rows = clip_vision_rows,
     .keys = clip_vision_keys,
     .fixed = {""}},
    {.name = "clip-text",
     .title = "CLIP: text (Hugging Face)",
     .model_types = "clip_text_model",
     .rows = clip_text_rows,
     .keys = plain_keys,
     .fixed = {"causal=true"}},
    {.name = "bart",
     .title = "BART, Marian, Whisper (Hugging Face)",
     .model_types = "bart marian mbart m2m_100 pegasus blenderbot blenderbot-small plbart whisper",
     .rows = bart_rows,
     .keys = bart_keys,
     .fixed = {"", "", "causal=true", ""}},
    {.name = "whisper",
     .title = "Whisper (OpenAI)",
     .rows = whisper_rows,
     .keys = whisper_keys,
     .fixed = {"", "", "causal=true", ""}},
    {.name = "bert",
     .title = "BERT, RoBERTa (Hugging Face)",
     .model_types = "bert roberta camembert xlm-roberta electra bert-generation data2vec-text",
     .rows = bert_rows,
     .keys = plain_keys,
     .fixed = {""}},
    {.name = "albert",
     .title = "ALBERT (Hugging Face)",
     .model_types = "albert",
     .rows = albert_rows,
     .keys = plain_keys,
     .fixed = {""},
     .layers_key = "num_hidden_layers"},
    {.name = "distilbert",
     .title = "DistilBERT (Hugging Face)",
     .model_types = "distilbert",
     .rows = distilbert_rows,
     .keys = plain_keys,
     .fixed = {""}},
    {.name = "t5",
     .title = "T5 (Hugging Face)",
     .model_types = "t5 mt5",
     .rows = t5_rows,
     .keys = t5_keys,
     .fixed = {"score=dot", "position=relative", "causal=true position=relative", ""}},
    {.name = "umt5",
     .title = "UMT5 (Hugging Face)",
     .model_types = "umt5",
     .is_said = true,
     .rows = umt5_rows,
     .keys = t5_keys,
     .fixed = {"score=dot", "position=relative", "causal=true position=relative", ""}},
    {.name = "vit",
     .title = "ViT (Hugging Face)",
     .model_types = "vit deit vit_mae vit_msn dinov2 yolos audio-spectrogram-transformer",
     .rows = vit_rows,
     .keys = plain_keys,
     .fixed = {""}},
    {.name = "timm", .title = "ViT (timm)", .rows = timm_rows, .keys = plain_keys, .fixed = {""}},
    {.name = "vit-pytorch",
     .title = "ViT (lucidrains)",
     .rows = lucidrains_rows,
     .keys = plain_keys,
     .fixed = {""}},
    {.name = "torch-transformer",
     .title = "nn.Transformer (PyTorch)",
     .rows = torch_transformer_rows,
     .keys = plain_keys,
     .fixed = {""}},
    {.name = "torch-encoder",
     .title = "nn.TransformerEncoder (PyTorch)",
     .rows = torch_encoder_rows,
     .keys = plain_keys,
     .fixed = {""}},
    {.name = "torch-decoder",
     .title = "nn.TransformerDecoder (PyTorch)",
     .rows = torch_decoder_rows,
     .keys = plain_keys,
     .fixed = {""}},
    {.name = "torchvision",
     .title = "ViT (torchvision)",
     .rows = torchvision_rows,
     .keys = plain_keys,
     .fixed = {""}},
    {.name = "open-clip",
     .title = "CLIP (OpenAI)",
     .rows = open_clip_rows,
     .keys = plain_keys,
     .fixed = {""}},
    {.name = "torch-mha",
     .title = "nn.MultiheadAttention (PyTorch)",
     .rows = torch_mha_rows,
     .keys = plain_keys,
     .fixed = {""}},
    {.name = "transformer-lens",
     .title = "TransformerLens",
     .rows = lens_rows,
     .keys = plain_keys,
     .fixed = {"causal=true"}},
    {.name = "ctranslate2",
     .title = "CTranslate2",
     .rows = ct2_rows,
     .keys = plain_keys,
     .fixed = {"", "", "causal=true", ""}},
    {.name = "gguf-gpt2",
     .title = "GPT-2 (GGUF)",
     .architectures = "gpt2 starcoder",
     .rows = gguf_rows,
     .keys = gguf_keys,
     .fixed = {"causal=true"}},
    {.name = "gguf-llama",
     .title = "Llama (GGUF)",
     .architectures = "llama granite granitemoe minicpm internlm2 xverse arcee deepseek ernie4_5",
     .rows = gguf_rows,
     .keys = gguf_keys,
     .fixed = {INTERLEAVED}},
    {.name = "gguf-neox",
     .title = "GPT-NeoX, Qwen, Phi-2, Falcon (GGUF)",
     .architectures = "gptneox qwen qwen2 qwen2moe qwen3 qwen3moe stablelm starcoder2 phi2 falcon nemotron "
                      "exaone codeshell olmo2 olmoe",
     .rows = gguf_rows,
     .keys = gguf_keys,
     .fixed = {ROTARY}},
    {.name = "gguf-phi3",
     .title = "Phi-3 (GGUF)",
     .architectures = "phi3",
     .rows = gguf_rows,
     .keys = gguf_keys,
     .fixed = {ROTARY},
     .window = WINDOW_ALL},
    {.name = "gguf-gemma",
     .title = "Gemma (GGUF)",
     .architectures = "gemma",
     .rows = gguf_rows,
     .keys = gguf_keys,
     .fixed = {ROTARY}},
    {.name = "gguf-gemma2",
     .title = "Gemma 2 (GGUF)",
     .architectures = "gemma2",
     .rows = gguf_rows,
     .keys = gguf_keys,
     .fixed = {ROTARY},
     .defaults = ".attn_logit_softcapping=50 .attention.sliding_window=4096",
     .window = WINDOW_EVEN,
     .rule = RULE_GEMMA_27B},
    {.name = "gguf-gemma3",
     .title = "Gemma 3 (GGUF)",
     .architectures = "gemma3",
     .rows = gguf_rows,
     .keys = gguf_keys,
     .fixed = {ROTARY},
     .defaults = "sliding_window_pattern=6 rope_local_base_freq=10000",
     .window = WINDOW_BUT_LAST,
     .rule = RULE_GEMMA_27B},
    {.name = "gguf-gpt-oss",
     .title = "gpt-oss (GGUF)",
     .architectures = "gpt-oss",
     .rows = gguf_rows,
     .keys = gguf_keys,
     .fixed = {ROTARY},
     .window = WINDOW_EVEN},
    {.name = "gguf-bloom",
     .title = "BLOOM (GGUF)",
     .architectures = "bloom",
     .rows = gguf_rows,
     .keys = gguf_keys,
     .fixed = {"causal=true position=alibi"}},
    {.name = "gguf-bert",
     .title = "BERT (GGUF)",
     .architectures = "bert",
     .rows = gguf_rows,
     .keys = gguf_keys,
     .fixed = {""}},
    {.name = "gguf-t5",
     .title = "T5 (GGUF)",
     .architectures = "t5 t5encoder",
     .rows = gguf_t5_rows,
     .keys = gguf_keys,
     .fixed = {"score=dot", "position=relative", "causal=true position=relative", ""}},
    {.name = NULL},
};

const struct profile *profile_named(const char *name)
{
    for (const struct profile *p = profiles; p->name; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

const struct profile *profile_for(const char *word, bool is_gguf)
{
    for (const struct profile *p = profiles; p->name; p++) {
        const char *words = is_gguf ? p->architectures : p->model_types;
        if (words && words_find(words, word) >= 0)
            return p;
    }
    return NULL;
}

const struct profile_refusal profile_refusals[] = {
    {"lora_a", "parts of a LoRA", "the model with them merged in (merge_and_unload of peft)", false},
    {"lora_embedding", "parts of a LoRA", "the model with them merged in (merge_and_unload of peft)", false},
    {"qweight", "weights packed by GPTQ or AWQ", "the model before it was quantized, or a GGUF file", false},
    {"absmax", "weights packed by bitsandbytes", "the model before it was quantized, or a GGUF file", false},
    {"attn.q_proj.SCB", "weights packed by bitsandbytes", "the model before it was quantized, or a GGUF file",
     false},
    {"weight_scale", "weights with scales beside them", "the model in BF16, F16 or F32, or a GGUF file",
     false},
    {"scale_weight", "weights with scales beside them", "the model in BF16, F16 or F32, or a GGUF file",
     false},
    {"scaled_fp8", "weights with scales beside them", "the model in BF16, F16 or F32, or a GGUF file", false},
    {"kv_a_proj_with_mqa", "multi-head latent attention (MLA)",
     "q, k and v that a run has saved, for its projections make these in two steps", false},
    {"attn_kv_a_mqa", "multi-head latent attention (MLA)",
     "q, k and v that a run has saved, for its projections make these in two steps", false},
    {"relative_position_bias_table", "attention in windows with a table of relative positions (Swin, BEiT)",
     "q, k and v that a run has saved, with the table as --bias", false},
    {"query_global", "Longformer's two kinds of projections", "q, k and v that a run has saved", false},
    {"distance_embedding", "BERT with relative positions",
     "q, k and v that a run has saved, with their part of the scores as --bias", false},
    {"rel_embeddings", "DeBERTa's disentangled attention",
     "q, k and v that a run has saved, with its other parts of the scores as --bias", false},
    {"attn.bias_k", "nn.MultiheadAttention with bias_k and bias_v, which are a key and a value more",
     "q, k and v with these", false},
    {"q_norm.bias", "a norm of q and k with a bias", "q, k and v that a run has saved", false},
    {"q_layernorm", "a layer norm of q and k with a bias", "q, k and v that a run has saved", false},
    {"A_log", "a state space model (Mamba), which has no attention", "a model with attention", true},
    {"ssm_a", "a state space model (Mamba), which has no attention", "a model with attention", true},
    {"time_decay", "RWKV, which has no attention", "a model with attention", true},
    {"time_mix", "RWKV, which has no attention", "a model with attention", true},
    {NULL, NULL, NULL, false},
};
