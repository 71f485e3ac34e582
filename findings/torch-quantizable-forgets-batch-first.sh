#!/bin/bash
# Prepared for quantization, an attention that reads batch × tokens attends from sentence to sentence instead.
#
# Seen with: Debian's python3-torch 1.13.1+dfsg-4 (CPU).
#
# Expected: torch.ao.nn.quantizable.MultiheadAttention.from_float makes an observed copy of an nn.MultiheadAttention that gives the
# same output, as the first step of quantizing; all settings of the module come along.
#
# Seen, for 3 sentences of 5 tokens through MultiheadAttention(8, 2, batch_first=True) and its copy:
#   batch_first     True             False
#   output          3 × 5 × 8        3 × 5 × 8
#   weights         3 × 5 × 5        5 × 3 × 3
#   a change of one sentence changes the output of
#                   that one         all three
# The copy takes the first axis for the tokens. The output has the right shape, so that nothing is raised; a single
# sentence as batch of 1 attends to nothing but each token itself, with weights of exactly 1. With batch_first=False the copy
# equals the original bit for bit.
#
# Why it matters: what is calibrated and quantized is another model. Its weights look like heads that attend to the own token
# alone (batch of 1), or like attention over as many tokens as the batch has sentences.
set -eu

version=1.13.1+dfsg-4
if [ "$(dpkg-query -W -f='${Version}' python3-torch 2>/dev/null)" != "$version" ]; then
  echo "this needs Debian's python3-torch $version: apt-get install python3-torch" >&2
  exit 2
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

/usr/bin/python3 - > "$tmp/seen" <<'END'
import torch
from torch.ao.nn.quantizable import MultiheadAttention

torch.manual_seed(0)
x = torch.randn(3, 5, 8)
other = x.clone()
other[2] += 1


def say(name, attention):
    with torch.no_grad():
        output, weights = attention(x, x, x)
        changed = (attention(other, other, other)[0] != output).flatten(1).any(1)
        alone = attention(x[:1], x[:1], x[:1])[1]
    print(name, attention.batch_first, list(output.shape), list(weights.shape),
          "changed", changed.tolist(), "alone", bool((alone == 1).all()))


for first in (True, False):
    given = torch.nn.MultiheadAttention(8, 2, batch_first=first).eval()
    given.qconfig = None
    copy = MultiheadAttention.from_float(given).eval()
    if first:
        say("given", given)
        say("copy ", copy)
    else:
        with torch.no_grad():
            print("without batch_first, equal", all(map(torch.equal, given(x, x, x), copy(x, x, x))))
END

cat > "$tmp/recorded" <<'END'
given True [3, 5, 8] [3, 5, 5] changed [False, False, True] alone False
copy  False [3, 5, 8] [5, 3, 3] changed [True, True, True] alone True
without batch_first, equal True
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: the quantizable copy of a batch_first attention attends over the batch"
