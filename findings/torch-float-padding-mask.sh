#!/bin/bash
# A float padding mask is added in training and taken for true or false in inference, by one module.
#
# Seen with: Debian's python3-torch 1.13.1+dfsg-4 (CPU).
#
# Expected: nn.MultiheadAttention documents that a float key_padding_mask is added to the scores. Calling
# eval() and no_grad() turns off dropout and gradients and leaves the weights alone.
#
# Seen, for the float mask [0, -1, -2] and equal scores:
#   train()                 softmax of the mask: 0.67 0.24 0.09
#   eval(), with gradients  the same
#   eval() and no_grad()    1 0 0: whatever is not 0 counts as masked
#   the same with one head  0.67 0.24 0.09
#   the same with the mask given as attn_mask: 0.67 0.24 0.09
# The third takes the fast path (which needs an even number of heads), where the padding mask is cast to
# bool. The one warning is that this "will negatively affect performance".
#
# Why it matters: weights are looked at in inference. A soft mask over keys (a penalty by age, a score of a
# retriever) that a model was trained with becomes a hard one in the picture alone, and a picture made
# with gradients on disagrees with one made with them off.
set -eu

version=1.13.1+dfsg-4
if [ "$(dpkg-query -W -f='${Version}' python3-torch 2>/dev/null)" != "$version" ]; then
  echo "this needs Debian's python3-torch $version: apt-get install python3-torch" >&2
  exit 2
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

/usr/bin/python3 - > "$tmp/seen" <<'END'
import warnings
import torch

mask = torch.tensor([[0.0, -1.0, -2.0]])
x = torch.ones(1, 3, 4)


def module(heads):
    attention = torch.nn.MultiheadAttention(embed_dim=4, num_heads=heads, batch_first=True)
    with torch.no_grad():
        attention.in_proj_weight.zero_()  # every score is 0
    return attention.eval()


def say(name, attention, **masks):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        weights = attention(x, x, x, **masks)[1]
    print(name, " ".join("%.2f" % w for w in weights[0, 0]))
    for warning in told:
        print("  warning:", str(warning.message).partition(" (")[0])


two, one = module(2), module(1)
say("train:", two.train(), key_padding_mask=mask)
say("eval:", two.eval(), key_padding_mask=mask)
with torch.no_grad():
    say("eval, no_grad:", two, key_padding_mask=mask)
    say("eval, no_grad, one head:", one, key_padding_mask=mask)
    say("eval, no_grad, attn_mask:", two, attn_mask=mask.expand(3, 3))
END

cat > "$tmp/recorded" <<'END'
train: 0.67 0.24 0.09
eval: 0.67 0.24 0.09
eval, no_grad: 1.00 0.00 0.00
  warning: Converting mask without torch.bool dtype to bool; this will negatively affect performance. Prefer to use a boolean mask directly.
eval, no_grad, one head: 0.67 0.24 0.09
eval, no_grad, attn_mask: 0.67 0.24 0.09
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: key_padding_mask [0, -1, -2] gives 0.67 0.24 0.09 in training and 1 0 0 without gradients"
