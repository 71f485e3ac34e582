"""An attention-only transformer that learns to say a word of different letters again: models of `induction_trained` and `birth`."""
import time

import torch

from sample_file import say

LETTERS = "ABCDEFGHIJKLMNOPQRST"


class Layer(torch.nn.Module):
    """One causal head, with rotary positions in halves, base 10000, on all columns, or without positions."""

    def __init__(self, width, rotary):
        super().__init__()
        self.w_q, self.w_k, self.w_v, self.w_o = (
            torch.nn.Parameter(torch.randn(width, width) / width**0.5) for _ in range(4))
        self.rotary = rotary

    def rotate(self, x):
        half = x.shape[-1] // 2
        angle = (torch.arange(x.shape[-2], dtype=x.dtype)[:, None]
                 * 10000.0 ** (-torch.arange(half, dtype=x.dtype) / half))
        one, other = x[..., :half], x[..., half:]
        return torch.cat((one * angle.cos() - other * angle.sin(), other * angle.cos() + one * angle.sin()), -1)

    def forward(self, x):
        q, k, v = x @ self.w_q, x @ self.w_k, x @ self.w_v
        if self.rotary:
            q, k = self.rotate(q), self.rotate(k)
        scores = q @ k.transpose(-1, -2) / x.shape[-1] ** 0.5
        future = torch.ones(x.shape[-2], x.shape[-2], dtype=torch.bool).triu(1)
        weights = scores.masked_fill(future, float("-inf")).softmax(-1)
        return x + weights @ v @ self.w_o, weights


class Model(torch.nn.Module):
    def __init__(self, width=16, layers=2, rotary=True):
        super().__init__()
        self.embeddings = torch.nn.Parameter(torch.randn(len(LETTERS), width))
        self.layers = torch.nn.ModuleList(Layer(width, rotary) for _ in range(layers))
        self.unembed = torch.nn.Parameter(torch.randn(width, len(LETTERS)) / width**0.5)

    def forward(self, tokens):
        x, weights = self.embeddings[tokens], []
        for layer in self.layers:
            x, own = layer(x)
            weights.append(own)
        return x @ self.unembed, weights


def batch(size, generator, length=None):
    """Words of different letters, said twice; in a batch all are as long."""
    if length is None:
        length = int(torch.randint(4, 11, (1,), generator=generator))
    words = torch.rand(size, len(LETTERS), generator=generator).argsort(-1)[:, :length]
    return torch.cat((words, words), 1), length


def loss_of(model, tokens, length):
    """Of the letters that can be known: those of the second word but its first."""
    logits, weights = model(tokens)
    known, target = logits[:, length:-1], tokens[:, length + 1:]
    loss = torch.nn.functional.cross_entropy(known.reshape(-1, len(LETTERS)), target.reshape(-1))
    return loss, (known.argmax(-1) == target).float().mean(), weights


def induction_score(weights, length):
    """The mean weight that the second word's letters of a layer give to the letters after those that they repeat."""
    rows = torch.arange(length, 2 * length - 1)
    return float(weights[:, rows, rows - length + 1].mean())


def train(model, steps, generator, seen=lambda step, model: None, rate=0.01, size=128):
    optimizer = torch.optim.Adam(model.parameters(), rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1, 2 * (1 - step / steps)))
    start = time.time()
    for step in range(steps + 1):
        seen(step, model)
        loss, right, weights = loss_of(model, *batch(size, generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        tokens, length = batch(1000, generator, 8)
        loss, right, weights = loss_of(model, tokens, length)
    say(f"{steps} steps, {time.time() - start:.0f} s: loss {float(loss):.1e}, right {float(right):.4f}, on the right keys",
        " ".join(f"{induction_score(w, length):.4f}" for w in weights), "by layer")
    return model
