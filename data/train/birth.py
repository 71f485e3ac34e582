"""Trains the sample `birth`: an induction head at some steps of its training, the second layer of a model as that
of `induction_trained`, twice as wide and trained more slowly, whose steps are told apart."""
import time

import torch

from copying import LETTERS, Model, batch, induction_score, loss_of, train
from induction_trained import WORD
from sample_file import say, write_sample

torch.set_num_threads(1)
STEPS, SHOWN, WIDTH, RATE = 1000, (0, 50, 75, 100, 150, 1000), 32, 0.005


def score(model):
    """Loss and induction score of the last layer, of 1,000 words of eight letters that are the same each time."""
    with torch.no_grad():
        tokens, length = batch(1000, torch.Generator().manual_seed(2), 8)
        loss, _, weights = loss_of(model, tokens, length)
    return float(loss), induction_score(weights[-1], length)


def main():
    tokens = torch.tensor([LETTERS.index(c) for c in WORD + WORD[:6]])
    layers, expected = [], []

    def look(step, model):
        if step % 25 == 0 and step <= 200 or step in SHOWN:
            say("step %d: loss %.3f, induction %.3f" % (step, *score(model)))
        if step in SHOWN:
            with torch.no_grad():
                x, _ = model.layers[0](model.embeddings[tokens])
                _, weights = model.layers[1](x)
            q, k = x @ model.layers[1].w_q, x @ model.layers[1].w_k
            layers.append({"name": f"step {step}", "q": q.tolist(), "k": k.tolist()})
            expected.append(weights[None].numpy())

    for name, kind in (("two layers", {}), ("one layer", {"layers": 1}), ("no positions", {"rotary": False})):
        torch.manual_seed(1)
        say(name)
        train(Model(WIDTH, **kind), STEPS, torch.Generator().manual_seed(1), look if name == "two layers" else lambda *_: None, RATE)
    sample = {"title": "An induction head is born", "tokens": list(WORD + WORD[:6]), "causal": True, "position": "rotary", "layers": layers}
    write_sample("birth", sample, expected)


if __name__ == "__main__":
    main()
