# A model's projections, --projections (tests/numpy/check_profiles.py).
load helper

profiles() {
    numpy check_profiles.py "$@"
}

needs_profiles() {
    export PROFILES=${PROFILES:-${REAL:-}/../profiles}
    [ -d "$PROFILES/weights" ] || skip "there is no folder of models under the names of frameworks (PROFILES)"
}

# A test on a trained model, which is no part of the project.
trained() {
    needs_real models
    profiles "$1"
}

@test "the given models of eleven frameworks" {
    needs_profiles
    profiles given
}

@test "a LoRA alone is refused" {
    needs_profiles
    local lora=$PROFILES/weights/refuse_lora
    fails 3 "$lora/model.safetensors holds parts of a LoRA (base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight): expected the model with them merged in (merge_and_unload of peft)" \
        attn run --projections "$lora" "$lora/input.json" -o y.json
}

@test "GPT-2 as Conv1D and as Linear, its scales" { profiles gpt2_linear; }
@test "StarCoder with one K/V head, and with all by heads" { profiles bigcode; }
@test "Mistral's window" { profiles mistral; }
@test "Qwen2: biases, a window that is used or not, layer_types" { profiles qwen2; }
@test "Llama 3.1: rope_scaling, rope_parameters, text_config" { profiles llama3; }
@test "Gemma 1 and 2, and defaults that a config leaves out" { profiles gemma; }
@test "Gemma 3: norms less 1, local layers with a base of their own" { profiles gemma3; }
@test "heads by the norms of q and k" { profiles qwen3_without_config; }
@test "OLMo 2: a norm of all heads together" { profiles olmo2; }
@test "gpt-oss: sinks, yarn, every other layer a window" { profiles gpt_oss; }
@test "Phi-2 and StableLM rotate a part" { profiles partial_rotary; }
@test "Phi-3: longrope on both sides of its length" { profiles phi3; }
@test "Llama as Meta has it, params.json" { profiles meta; }
@test "BLOOM's ALiBi for six heads" { profiles bloom; }
@test "Falcon 7B, 40B and with ALiBi" { profiles falcon; }
@test "GPT-J rotates neighbouring columns" { profiles gptj; }
@test "GPT-Neo: no scale, local layers" { profiles gpt_neo; }
@test "OPT" { profiles opt; }
@test "BART and Whisper: three parts" { profiles bart; }
@test "Whisper of OpenAI" { profiles whisper; }
@test "T5 and UMT5: relative positions of both sides and one" { profiles t5; }
@test "RoBERTa, DistilBERT, ALBERT, DINOv2" { profiles bert_family; }
@test "timm, lucidrains, nn.TransformerEncoder" { profiles fused_encoders; }
@test "nn.Transformer and its decoder" { profiles torch_transformer; }
@test "nn.MultiheadAttention with keys of another width" { profiles torch_other_widths; }
@test "TransformerLens" { profiles transformer_lens; }
@test "CTranslate2" { profiles ctranslate2; }
@test "GGUF of eight architectures" { profiles gguf; }
@test "GGUF: heads of each layer" { profiles gguf_heads_of_layers; }
@test "GGUF: Gemma 2 and 3, gpt-oss" { profiles gguf_windows; }
@test "GGUF: norms of Qwen3" { profiles gguf_qwen3; }
@test "GGUF: factors of frequencies" { profiles gguf_frequencies; }
@test "GGUF: T5" { profiles gguf_t5; }
@test "only the chosen layers are read" { profiles layers; }
@test "options and the input win over the model" { profiles overrides; }
@test "embeddings of each layer" { profiles own_embeddings; }

@test "a trained GPT sorts letters, in both layouts" { trained gpt_nano_sort; }
@test "a trained ALBERT reads a reaction" { trained rxnmapper; }
@test "a trained ViT reads digits" { trained vit_mnist; }
@test "a trained BERT" { trained bert_tiny; }
@test "a trained Llama tells a story, in two formats" { trained stories; }
@test "a trained translator, its three parts" { trained ct2_aren; }

# weights FILE NAME=SHAPE…: a file with these tensors.
weights() {
    numpy model_files.py "$@"
}

# llama FOLDER: a model of one layer, without v where a second argument says so.
llama() {
    mkdir -p "$1"
    weights "$1/model.safetensors" model.layers.0.self_attn.{q,k,v,o}_proj.weight=4x4
    echo '{"model_type": "llama", "num_attention_heads": 2}' >"$1/config.json"
}

embed() {
    echo '{"embeddings": [[1, 0, 2, 1], [0, 1, 1, 0]]}' >x.json
}

@test "what a folder is taken for" {
    embed
    llama m
    attn run --projections m x.json -o y.json
    attn run --projections m/model.safetensors x.json -o z.json
    cmp y.json z.json
    mv m/model.safetensors m/own.safetensors
    attn run --projections m/ x.json -o z.json
    cmp y.json z.json
    cp m/own.safetensors m/other.safetensors
    fails 3 'm holds 2 files of weights: expected one of them: other.safetensors, own.safetensors' \
        attn run --projections m x.json -o w.json
    mkdir empty
    fails 3 'empty holds no weights: expected model.safetensors, pytorch_model.bin, model.gguf or another file of weights' \
        attn run --projections empty x.json -o w.json
    fails 1 'none: No such file or directory' attn run --projections none x.json -o w.json
}

@test "a config that lies elsewhere, and what it may not say" {
    embed
    llama m
    mv m/config.json elsewhere.json
    fails 3 'm/model.safetensors: no file says how many heads it has: expected --heads N, or --config FILE' \
        attn run --projections m x.json -o y.json
    attn run --projections m --config elsewhere.json x.json -o y.json
    attn run --projections m --heads 2 x.json -o z.json
    cmp y.json z.json
    wrong() {
        echo "$1" >wrong.json
        fails 3 "wrong.json:$2" attn run --projections m --config wrong.json x.json -o w.json
    }
    wrong '{"model_type": "llama", "num_attention_heads": 0}' '1:48: num_attention_heads: heads is "0": expected a whole number of 1 or more'
    wrong '[1]' '1:1: expected an object, such as {"model_type": "llama", …}'
    wrong '{"a": 1, "a": 2}' '1:15: the key "a" stands twice in one object: expected it once'
    wrong '{"model_type": "llama", "num_attention_heads": 2,}' '1:50: a comma in front of the end: JSON has none behind the last element'
    wrong '{"model_type": "llama", "num_attention_heads": 2, "rope_scaling": {"type": "magic"}}' \
        '1:76: rope_scaling: rope_type is "magic": expected default, linear, dynamic, yarn, llama3 or longrope'
    wrong '{"model_type": "mistral", "num_attention_heads": 2, "sliding_window": -3}' \
        '1:71: sliding_window: expected a number of tokens of 1 or more'
    wrong '{"model_type": "qwen2", "num_attention_heads": 2, "layer_types": ["linear_attention", "full_attention"]}' \
        ' layer 0 is "linear_attention", which has no attention that can be computed here: expected others, by --layer'
    wrong '{"model_type": "llama", "num_attention_heads": 2, "clip_qkv": 8}' \
        '1:63: clip_qkv: q, k and v are cut off there, which is not computed here: expected null'
    fails 2 '--config needs --projections' attn run --config elsewhere.json x.json -o w.json
    fails 2 '--profile needs --projections' attn run --profile llama x.json -o w.json
}

@test "which profile, and what -v says of it" {
    embed
    llama m
    attn run -v --projections m x.json -o y.json 2>log
    grep -qx 'attn: m/model.safetensors: the profile is llama, Llama (Hugging Face), by model_type; its config is m/config.json' log
    grep -qx 'attn: model.layers.0.self_attn.q_proj.weight of 4×4 is w_q, out×in' log
    same 4 "$(grep -c '^attn: model.layers' log)"
    rm m/config.json
    attn run --heads 2 --projections m x.json -o z.json 2>log
    cmp y.json z.json
    grep -q '^attn: warning: m/model.safetensors: by its names this is Llama (Hugging Face), but it may be Mistral' log
    attn run --heads 2 --profile mistral --projections m x.json -o z.json 2>log
    cmp y.json z.json
    [ ! -s log ]
    echo '{"model_type": "newest", "num_attention_heads": 2}' >m/config.json
    attn run --projections m x.json -o z.json 2>log
    cmp y.json z.json
    grep -q '^attn: warning: m/config.json: nothing is known of the model type "newest": it is taken for Llama' log
    fails 2 '--profile lama: there is no such profile; did you mean llama?' attn run --profile lama --projections m x.json -o w.json
    fails 3 'm/model.safetensors: no tensor has a name of GPT-2 (Hugging Face, minGPT, nanoGPT): expected h.0.attn.c_attn.weight' \
        attn run --profile gpt2 --projections m x.json -o w.json
    fails 2 '--part cross: m/model.safetensors has one attention, of no encoder-decoder: expected it without --part' \
        attn run --part cross --projections m x.json -o w.json
    weights new.gguf blk.0.attn_{q,k,v,output}.weight=4x4
    attn run --projections new.gguf x.json -o z.json
    sed -i 's/llama/llamb/g' new.gguf
    fails 3 'new.gguf: nothing is known of the architecture "llamb": expected one that docs/inputs.md lists, or --profile' \
        attn run --projections new.gguf x.json -o w.json
    attn run --projections new.gguf --profile gguf-llama x.json -o y.json
    cmp y.json z.json
}

@test "tensors that are missing, or do not fit" {
    embed
    llama m
    weights m/model.safetensors model.layers.0.self_attn.{q,k,o}_proj.weight=4x4
    fails 3 'm/model.safetensors has no model.layers.0.self_attn.v_proj.weight: expected it, as Llama (Hugging Face) has it' \
        attn run --projections m x.json -o y.json
    llama m
    echo '{"embeddings": [[1, 0, 2], [0, 1, 1]]}' >narrow.json
    fails 3 'm/model.safetensors:model.layers.0.self_attn.q_proj.weight: embeddings is 2×3 and w_q is 4×4: the columns of the first must be the rows of the second' \
        attn run --projections m narrow.json -o y.json
    echo '{"q": [[1, 0]], "k": [[0, 1]]}' >q.json
    fails 3 'q.json:1:7: --projections makes q, k and v of embeddings: expected these, and no q' \
        attn run --projections m q.json -o y.json
    echo '{"tokens": ["a"]}' >tokens.json
    fails 2 '--projections m/model.safetensors needs embeddings, tokens×d_model: expected them in the input, or by --embeddings FILE' \
        attn run --projections m tokens.json -o y.json
    echo '{"embeddings": [[1, 0, 2, 1], [0, 1, 1, 0]], "w_q": [[1], [2], [3], [4]]}' >w.json
    fails 3 'w.json:1:53: w_q beside --projections, which has it: expected it once' attn run --projections m w.json -o y.json
    echo '[[1, 0], [0, 1], [1, 1], [2, 0]]' >w_q.json
    attn run --projections m --w-q w_q.json --w-k w_q.json --position none x.json -o y.json
    echo '{"layers": [{"embeddings": [[1, 0, 2, 1]]}, {"embeddings": [[1, 0, 2, 1]]}]}' >two.json
    fails 3 'the input has 2 layers and m/model.safetensors 1: expected one, whose embeddings serve all, or as many' \
        attn run --projections m two.json -o y.json
    fails 2 'there is no layer 3: expected 0, the only one' attn run --projections m x.json --layer 3 -o z.json
}

@test "weights in float8 are numbers as any other" {
    embed
    llama m
    PYTHONPATH=$ROOT/tests/numpy "$PYTHON" -B - <<'END'
import numpy as np
from safetensors_files import float8
from tensor_files import write_safetensors
codes = np.random.default_rng(3).integers(0x20, 0x50, (4, 4, 4)).astype(np.uint8)
names = [f"model.layers.0.self_attn.{x}_proj.weight" for x in "qkvo"]
write_safetensors("m/model.safetensors", {n: ("F8_E4M3", c) for n, c in zip(names, codes)})
write_safetensors("wide.safetensors", {n: ("F32", float8("F8_E4M3", c)) for n, c in zip(names, codes)})
END
    attn run --projections m x.json -o y.json
    cp wide.safetensors m/model.safetensors
    attn run --projections m x.json -o z.json
    cmp y.json z.json
}

@test "weights that no profile can use" {
    embed
    refused() {
        weights w.safetensors "$1=4x4"
        fails 3 "w.safetensors holds $2" attn run --projections w.safetensors x.json -o y.json
    }
    refused model.layers.0.self_attn.q_proj.qweight \
        'weights packed by GPTQ or AWQ (model.layers.0.self_attn.q_proj.qweight): expected the model before it was quantized, or a GGUF file'
    refused model.layers.0.self_attn.q_proj.weight.absmax \
        'weights packed by bitsandbytes (model.layers.0.self_attn.q_proj.weight.absmax): expected the model before it was quantized, or a GGUF file'
    # float8, and what it is to be multiplied by
    local at=model.layers.0.self_attn
    for scales in $at.q_proj.weight_scale $at.q_proj.weight_scale_inv $at.qkv.weight_scale blocks.0.attn.qkv.scale_weight; do
        refused "$scales" "weights with scales beside them ($scales): expected the model in BF16, F16 or F32, or a GGUF file"
        llama m
        weights m/model.safetensors $at.{q,k,v,o}_proj.weight=4x4 "$scales=1x1"
        fails 3 "m/model.safetensors holds weights with scales beside them ($scales): expected the model in BF16, F16 or F32, or a GGUF file" \
            attn run --projections m x.json -o y.json
    done
    attn info m/model.safetensors --format json | jq -e '.files[0].warnings[] | select(contains("scales beside them"))' >/dev/null
    refused model.layers.0.self_attn.kv_a_proj_with_mqa.weight \
        'multi-head latent attention (MLA) (model.layers.0.self_attn.kv_a_proj_with_mqa.weight): expected q, k and v that a run has saved, for its projections make these in two steps'
    refused backbone.layers.0.mixer.A_log \
        'a state space model (Mamba), which has no attention (backbone.layers.0.mixer.A_log): expected a model with attention'
    refused conv1.weight \
        '1 tensors, and no profile knows their names, the first conv1.weight: expected the weights of a model that docs/inputs.md lists; --w-q w.safetensors:NAME takes one'
}

@test "weights of a model in the place of an input" {
    llama m
    fails 3 'm/model.safetensors holds the weights of a model (Llama (Hugging Face)): expected --projections m/model.safetensors beside embeddings' \
        attn run m/model.safetensors -o y.json
}

@test "bug: weights that no run takes alone were said to be those of another model" {
    embed
    llama m
    sed -i 's/llama/gemma2/' m/config.json
    weights llama.gguf blk.0.attn_{q,k,v,output}.weight=4x4
    for file in m/model.safetensors llama.gguf; do
        title=$(attn run -v --projections $file x.json -o y.json 2>&1 | sed -n 's/.*the profile is [^,]*, \(.*\), by .*/\1/p')
        [ -n "$title" ]
        rm y.json
        fails 3 "$file holds the weights of a model ($title): expected --projections $file beside embeddings" attn run $file -o y.json
        same "$(attn info --format json $file | jq -r '.files[0].profile')" "$title"
    done
    same "$title" 'Llama (GGUF)'
    attn run - -o y.json <llama.gguf 2>said && return 1
    same "$(cat said)" 'attn: standard input holds the weights of a model: expected --projections FILE beside embeddings'
    weights lora.safetensors model.layers.0.self_attn.q_proj.lora_{A,B}.weight=2x4
    attn run lora.safetensors -o y.json 2>said && return 1
    grep -q '^attn: lora.safetensors holds parts of a LoRA ' said
}

@test "bug: the projections of one module were no model, and nothing said that they are an input" {
    embed
    weights one.safetensors attn.{q,k,v,o}_proj.weight=4x4
    fails 3 'one.safetensors holds projections of one layer (attn.q_proj.weight), and no model: expected it without --projections, as one more input' \
        attn run --heads 2 --projections one.safetensors x.json -o y.json
    attn run --heads 2 one.safetensors x.json -o y.json
    jq -e '.config.heads == 2' y.json >log
}

@test "a model of two modules with the same names" {
    embed
    weights two.safetensors {left,right}.layers.0.self_attn.{q,k,v,o}_proj.weight=4x4
    fails 3 'two.safetensors holds the same names below left. and right.: expected a file with one of them' \
        attn run --heads 2 --projections two.safetensors x.json -o y.json
    weights both.safetensors {vision_tower,language_model}.layers.0.self_attn.{q,k,v,o}_proj.weight=4x4
    attn run -v --heads 2 --projections both.safetensors x.json -o y.json 2>log
    grep -qx 'attn: both.safetensors: of several modules language_model. is taken' log
}

@test "a state_dict of nn.TransformerEncoder is no decoder's, and nothing is warned of" {
    "$PYTHON" - <<'END'
import numpy as np
shapes = {"self_attn.in_proj_weight": (12, 4), "self_attn.in_proj_bias": 12, "self_attn.out_proj.weight": (4, 4), "self_attn.out_proj.bias": 4,
          "linear1.weight": (8, 4), "linear1.bias": 8, "linear2.weight": (4, 8), "linear2.bias": 4, "norm1.weight": 4, "norm1.bias": 4}
for stem in "", "transformer_encoder.":
    np.savez((stem or "plain.") + "npz", **{f"{stem}layers.{l}.{name}": np.ones(shape, "f4") for l in range(2) for name, shape in shapes.items()})
np.save("x.npy", np.eye(4, dtype="f4"))
END
    for file in plain.npz transformer_encoder.npz; do
        attn run --projections $file --heads 2 --embeddings x.npy -v -o y.npy 2>log
        grep -qx "attn: $file: the profile is torch-encoder, nn.TransformerEncoder (PyTorch), by the names of its tensors" log
        lacks warning log
        same "$(attn info $file --format json | jq -c '.files[0] | .profile, .warnings')" $'"nn.TransformerEncoder (PyTorch)"\n[]'
    done
}
