"""Trains the sample `induction_trained`: two attention-only layers that say a word of letters again."""
import sys

import torch

from copying import LETTERS, Model, train
from sample_file import say, write_sample

torch.set_num_threads(1)
WORD = "QKAHTCDM"


def sample_of(model, tokens):
    """What attn computes the model's attention from."""
    names = ("w_q", "w_k", "w_v", "w_o")
    return {"title": "A trained induction head: a word of letters is said again",
            "tokens": [LETTERS[t] for t in tokens],
            "causal": True, "residual": True, "position": "rotary",
            "embeddings": model.embeddings[tokens].tolist(),
            "layers": [{name: getattr(layer, name).tolist() for name in names} for layer in model.layers],
            "unembed": model.unembed.tolist(), "vocabulary": list(LETTERS)}


def main():
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(1)
    model = train(Model(int(sys.argv[1]) if len(sys.argv) > 1 else 16), 8000, generator)
    tokens = torch.tensor([LETTERS.index(c) for c in WORD + WORD[:6]])
    with torch.no_grad():
        logits, weights = model(tokens)
    sample = sample_of(model, tokens)
    top = logits[-1].softmax(-1)
    say("next:", LETTERS[int(top.argmax())], float(top.max()))
    write_sample("induction_trained", sample, [w[None].numpy() for w in weights])


if __name__ == "__main__":
    main()
