# Files of arrays under the names that frameworks give them.
load helper

dumps() {
    DATA=$DATA numpy check_dumps.py "$1"
}

@test "dumps: an array a layer" { dumps layers; }

@test "dumps: of weights only the chosen layers and heads are read" { dumps chosen; }

@test "dumps: a cache of TransformerLens" { dumps hooks; }

@test "dumps: encoder, decoder and cross attention" { dumps parts; }

@test "dumps: the steps of a generation" { dumps steps; }
@test "dumps: the steps of cross attention" { dumps cross_steps; }

@test "dumps: names that are understood, passed over and refused" { dumps names; }

@test "dumps: results of attn as arrays" { dumps own; }

@test "dumps: those of five frameworks" { dumps given; }

@test "bug: scores that two names share in a file of PyTorch's were softmaxed twice" {
    "$PYTHON" -c "import torch" 2>/dev/null || skip "no PyTorch"
    "$PYTHON" -W ignore - <<'END'
import torch
s = torch.arange(32.).reshape(1, 2, 4, 4) / 7
torch.save({f"blocks.{i}.attn.hook_attn_scores": s for i in range(2)}, "shared.pt")
END
    attn run shared.pt -q -o - | jq -e '.weights[0] == .weights[1]'
}

@test "bug: tensors that share numbers in a file of PyTorch's were changed together, by --batch and by masks that are turned round" {
    needs_torch
    "$PYTHON" -W ignore - <<'END'
import torch

x = torch.randn(4, 3, 4, generator=torch.Generator().manual_seed(1))
m = torch.tensor([[0, 1, 1], [0, 0, 1], [0, 1, 0.0]])
for name, value in {
    "batch": {"q": x[1:], "k": x[:-1]},
    "turned": {"q": x[0], "k": x[1], "attention_mask": m, "or_mask": m},
    "blocking": {"q": x[0], "k": x[1], "key_padding_mask": m[0], "segments": m[0]},
}.items():
    torch.save(value, f"{name}_shared.pt")
    torch.save({key: t.clone() for key, t in value.items()}, f"{name}_own.pt")
END
    same "$(attn run batch_shared.pt -q --batch 1 -o -)" "$(attn run batch_own.pt -q --batch 1 -o -)"
    same "$(attn run turned_shared.pt -q --mask-true-blocks -o -)" "$(attn run turned_own.pt -q --mask-true-blocks -o -)"
    same "$(attn run blocking_shared.pt -q -o -)" "$(attn run blocking_own.pt -q -o -)"
}

@test "bug: layers without steps beside layers with steps of a generation were read past the end" {
    "$PYTHON" - <<'END'
import numpy as np
first, second, whole = (np.full(s, 1 / s[-1], "f4") for s in ((2, 3, 3), (2, 1, 4), (2, 4, 4)))
steps = {"attentions.0.1": first, "attentions.1.1": second}
np.savez("a.npz", **{"attentions.0": whole}, **steps)
np.savez("b.npz", step_0_layer_0=first, attn_json=np.frombuffer(b'{"layers":[{},{}]}', "u1"))
np.savez("c.npz", **{"attentions.1": whole}, **steps)
np.savez("d.npz", **{"layers.1.mask": np.ones((4, 4), "?")}, **steps)
END
    local what='steps of a generation, and others have: expected steps of every layer'
    fails 3 "a.npz: layer 0 has no $what" attn run a.npz -o x.png
    fails 3 "b.npz: layer 1 has no $what" attn run b.npz -o x.png
    fails 3 'c.npz:attentions.0.1: attention is given twice: expected it once, and it is already in c.npz:attentions.1' attn run c.npz -o x.png
    fails 3 'd.npz:attentions.0.1: mask is given twice: expected it once, and it is already in d.npz:layers.1.mask' attn run d.npz -o x.png
}

@test "bug: attn_json that is a number or a list of a GGUF was read as text" {
    "$PYTHON" - <<'END'
import struct
import numpy as np


def text(s):
    return struct.pack("<Q", len(s)) + s


number = struct.pack("<II", 4, 7)
texts = struct.pack("<IIQ", 9, 8, 1) + text(b"{}")
lists = struct.pack("<IIQIQI", 9, 9, 1, 4, 1, 5)
for name, value in ("number", number), ("texts", texts), ("lists", lists):
    data = b"GGUF" + struct.pack("<IQQ", 3, 2, 1) + text(b"attn_json") + value
    for at, key in (0, b"q"), (64, b"k"):
        data += text(key) + struct.pack("<IQQIQ", 2, 4, 4, 0, at)
    data += b"\0" * (-len(data) % 32) + np.eye(4, dtype="<f4").tobytes() * 2
    open(f"{name}.gguf", "wb").write(data)
END
    local file
    for file in number.gguf texts.gguf lists.gguf; do
        attn info $file
        attn run $file -q -o - | jq -e '.weights[0][0] | length == 4'
        attn convert $file -o x.npz
        attn convert $file -o x.json
        same "$(attn run x.json -q -o -)" "$(attn run $file -q -o -)"
    done
}

@test "--part without such a part names the parts that there are, or says that there are none" {
    "$PYTHON" - <<'END'
import json
import numpy as np
w = np.full((1, 2, 3, 3), 0.25, "f4")
np.savez("p.npz", **{"encoder_attentions.0": w, "decoder_attentions.0": w})
np.savez("one.npz", **{"encoder_attentions.0": w})
np.savez("plain.npz", **{"attentions.0": w})
np.savez("q.npz", q=w[0], k=w[0])
np.save("x.npy", np.eye(4, dtype="f4"))
names = [f"{m}.layers.0.{a}_attn.{n}_proj.weight" for m, a in (("encoder", "self"), ("decoder", "self")) for n in ("q", "k", "v", "out")]
np.savez("bart.npz", **{name: np.eye(4, dtype="f4") for name in names})
END
    fails 2 '--part cross: p.npz has no such attention: expected encoder or decoder' attn run p.npz --part cross -o x.png
    fails 2 '--part cross: one.npz has no such attention: expected encoder' attn run --attention one.npz --part cross -o x.png
    attn run --attention one.npz --part encoder -q -o x.png
    rm x.png
    for file in plain.npz q.npz x.npy "$DATA/causal.json" "$DATA/q.csv"; do
        fails 2 '--part decoder: no input has the parts of an encoder-decoder: expected it without --part' attn run "$file" --part decoder -o x.png
    done
    fails 2 '--part cross: bart.npz has no such attention: expected encoder or decoder' \
        attn run --projections bart.npz --heads 2 --embeddings x.npy --part cross -o x.png
}

@test "stacked attentions of an encoder-decoder have parts too, in JSON as well" {
    "$PYTHON" - <<'END'
import json
import numpy as np
parts = {f"{part}_attentions": np.full((2, 1, 2, 3, i + 1), 1 / (i + 1), "f4") for i, part in enumerate(("encoder", "decoder", "cross"))}
np.savez("p.npz", **parts)
for name, x in parts.items():
    json.dump({name: x.tolist()}, open(name + ".json", "w"))
json.dump({name: x.tolist() for name, x in parts.items()}, open("p.json", "w"))
END
    for file in p.npz p.json; do
        i=0
        for part in encoder decoder cross; do
            i=$((i + 1))
            attn run $file --part $part -q --format none -o x.npy
            same "$(attn info x.npy --format json | jq -c '.files[0].tensors[0].shape')" "[2,2,3,$i]"
            attn run --attention $file --part $part -q --format none -o y.npy
            cmp x.npy y.npy
        done
        attn run $file -q --format none -o y.npy
        cmp x.npy y.npy
    done
    rm ./?.npy
    fails 2 '--part encoder: cross_attentions.json has no such attention: expected cross' attn run cross_attentions.json --part encoder -o x.png
}

@test "bug: --part cross beside stacked attention of no part was told that attention is given twice" {
    "$PYTHON" - <<'END'
import json
import numpy as np
both = {"attentions": np.full((2, 1, 2, 3, 3), 1 / 3, "f4"), "cross_attentions": np.full((2, 1, 2, 3, 4), 0.25, "f4")}
np.savez("b.npz", **both)
json.dump({name: x.tolist() for name, x in both.items()}, open("b.json", "w"))
END
    for file in b.npz b.json; do
        attn run $file --part cross -q --format none -o x.npy
        same "$(attn info x.npy --format json | jq -c '.files[0].tensors[0].shape')" "[2,2,3,4]"
        rm x.npy
    done
}

@test "an array of one axis of 1 in front may be embeddings, which the message says" {
    "$PYTHON" -c '
import numpy as np
np.save("x.npy", np.ones((1, 3, 4), "f4"))
np.savez("y.npz", some=np.ones((1, 3, 4), "f4"))
np.save("square.npy", np.ones((1, 3, 3), "f4"))'
    fails 3 'x.npy: its shape is 1×3×4, and it may be embeddings, weights or queries: expected it by --embeddings x.npy, --attention or --q' attn run x.npy -o x.png
    fails 3 'y.npz:some: its shape is 1×3×4, and it may be embeddings, weights or queries: expected it by --embeddings y.npz:some, --attention or --q' \
        attn run y.npz -o x.png
    fails 3 'square.npy: its shape is 1×3×3, and it may be weights or queries: expected it by --attention square.npy or --q square.npy' attn run square.npy -o x.png
    attn run --embeddings y.npz:some -q -o x.png
}

@test "bug: q, k and v in a tuple, and hidden states, were taken for layers of attention" {
    "$PYTHON" -c '
import numpy as np
random = np.random.default_rng(1)
def normal(*shape): return random.normal(size=shape).astype("f4")
def weights():
    scores = np.exp(normal(1, 2, 6, 6))
    return scores / scores.sum(-1, keepdims=True)
def save(name, named): np.savez(name, **named)
a, b = weights(), weights()
qkv = [-np.ones((1, 2, 6, 4), "f4"), normal(1, 2, 6, 4), normal(1, 2, 6, 4)]
np.savez("qkv", *qkv)
save("layers", {f"layer_{i}": x for i, x in enumerate(qkv)})
save("tuple", {str(i): x for i, x in enumerate(qkv)})
hidden = {"2.0": -np.ones((1, 6, 8), "f4"), "2.1": normal(1, 6, 8)}
save("outputs", {"0": -np.ones((1, 6, 8), "f4"), "1": normal(1, 8), **hidden, "3.0": a, "3.1": b})
save("two", {"0": a, "1": b})
np.savez("named", attentions_0=-a, attentions_1=b)'
    for file in qkv:arr_0 layers:layer_0 tuple:0; do
        name=${file#*:} file=${file%:*}.npz
        fails 3 "$file holds 3 arrays, of which no name is known, the first $name of 1×2×6×4: expected q, k and v, attention, …; --q $file:$name takes one" attn run $file -o x.png
        said="$file: $name and 2 more hold numbers below 0, and are not taken for attention; --q $file:$name takes one"
        same "$(attn run $file -o x.png 2>&1 | head -1)" "attn: warning: $said"
        same "$(attn info --format json $file | jq -c '.files[0] | .profile, .reading, .warnings[0]')" $'null\n[]\n"'"$said"'"'
        attn run --attention $file:$name -q --format none -o x.png
    done
    attn run outputs.npz -q -o outputs.json
    attn run two.npz -q -o two.json
    same "$(jq -c .weights outputs.json)" "$(jq -c .weights two.json)"
    same "$(attn info --format json outputs.npz | jq -c '[.files[0].tensors[].name], .files[0].reading[:2]')" \
        $'["0","1","2.0","2.1","3.0","3.1"]\n["3.0: attention of layer 0, step 3","3.1: attention of layer 1, step 3"]'
    attn run named.npz -q --format none -o x.png
}

@test "bug: of a chosen array the name was forgotten: a part of q was taken for embeddings" {
    "$PYTHON" -c '
import numpy as np
q = np.arange(64, dtype="f4").reshape(2, 4, 8) / 64
np.savez("x.npz", q=q, k=q[::-1], attention=np.full((2, 4, 4), 0.25, "f4"), other=q, attn_mask=np.triu(np.full((4, 4), -1e9, "f4"), 1))
np.savez("hooks.npz", **{"blocks.0.attn.hook_q": q.swapaxes(0, 1)[None], "blocks.0.attn.hook_k": q.swapaxes(0, 1)[None]})
np.savez("heads.npz", q=q, k=q)'
    took() {
        attn run -v --format none -o x.png "$@" 2>&1 | sed -n 's/^attn: \([a-z_]* is .*\), from .*/\1/p' | paste -sd ';'
    }
    same "$(took x.npz:q x.npz:k x.npz:attn_mask)" 'q is 2×4×8;k is 2×4×8;bias is 4×4'
    same "$(took 'x.npz:q[1]' 'x.npz:k[1]')" 'q is 4×8;k is 4×8'
    same "$(took 'x.npz:attention[0]')" 'attention is 4×4'
    same "$(took 'x.npz:other[0]')" 'embeddings is 4×8'
    attn run hooks.npz:blocks.0.attn.hook_q hooks.npz:blocks.0.attn.hook_k -q -o x.json
    attn run heads.npz -q -o y.json
    cmp x.json y.json
    fails 3 'hooks.npz:blocks.0.attn.hook_q: its shape is 4×2×8, and it may be weights or queries: expected it by --attention hooks.npz:blocks.0.attn.hook_q or --q hooks.npz:blocks.0.attn.hook_q' \
        attn run 'hooks.npz:blocks.0.attn.hook_q[0]' -o z.png
}
