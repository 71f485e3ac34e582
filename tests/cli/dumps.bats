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
