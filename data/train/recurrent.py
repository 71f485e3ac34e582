"""Encoders and decoders of gated recurrent units, with additive attention (Bahdanau, Cho and Bengio 2015) or the encoder's last state
alone (Sutskever, Vinyals and Le 2014): the models of `dates` and `bottleneck`."""
import time

import torch

from sample_file import say


class Translator(torch.nn.Module):
    """Reads `inputs` kinds of characters and writes `outputs` kinds. The decoder's state before each character asks, and the state
    after it, together with what it then read, says which character that is. What it reads are the encoder's states, or, `of_letters`,
    the embeddings of the characters: then the states are keys alone, and nothing comes past the weights."""

    def __init__(self, inputs, outputs, width, attends, of_letters=False):
        super().__init__()
        self.outputs, self.attends, self.of_letters = outputs, attends, of_letters
        self.read = torch.nn.Embedding(inputs, width)
        self.written = torch.nn.Embedding(outputs + 1, width)
        self.encoder = torch.nn.GRU(width, width, batch_first=True, bidirectional=attends)
        states = width * (1 + attends)
        values = width if of_letters else states
        self.start = torch.nn.Linear(width, width)
        self.decoder = torch.nn.GRUCell(width + values, width)
        self.say = torch.nn.Linear(width + values, outputs)
        if attends:
            self.w_score_q = torch.nn.Parameter(torch.randn(width, width) / width**0.5)
            self.w_score_k = torch.nn.Parameter(torch.randn(states, width) / states**0.5)
            self.v_score = torch.nn.Parameter(torch.randn(width) / width**0.5)

    def forward(self, source, length, target=None):
        """Logits of `length` characters, of which it is told the earlier ones of the target, or those that it wrote itself; the
        decoder's states that asked, keys and values, and the weights."""
        letters = self.read(source)
        states, last = self.encoder(letters)
        values = letters if self.of_letters else states
        last = last * (not self.of_letters)
        state, before = torch.tanh(self.start(last[-1])), torch.full_like(source[:, 0], self.outputs)
        logits, asked, weights = [], [], []
        keys = states @ self.w_score_k if self.attends else None
        for t in range(length):
            context = last[-1]
            if self.attends:
                weights.append((torch.tanh((state @ self.w_score_q)[:, None] + keys) @ self.v_score).softmax(-1))
                context = (weights[-1][:, None] @ values)[:, 0]
            asked.append(state)
            state = self.decoder(torch.cat((self.written(before), context), -1), state)
            logits.append(self.say(torch.cat((state, context), -1)))
            before = logits[-1].argmax(-1) if target is None else target[:, t]
        return (torch.stack(logits, 1), torch.stack(asked, 1), states, values, torch.stack(weights, 1) if self.attends else None)


def train(model, batch, steps, rate=0.003):
    """`batch()` gives sources and targets."""
    optimizer = torch.optim.Adam(model.parameters(), rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1, 2 * (1 - step / steps)) + 1e-3)
    start = time.time()
    for step in range(steps):
        source, target = batch()
        loss = torch.nn.functional.cross_entropy(model(source, target.shape[1], target)[0].reshape(-1, model.outputs), target.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        schedule.step()
        if step % 500 == 0:
            say(f"step {step}: loss {float(loss):.4f}, {time.time() - start:.0f} s")
    say(f"{steps} steps, {time.time() - start:.0f} s: loss {float(loss):.1e}")
    return model


def right_share(model, batch, rounds):
    """How many texts of how many are written without a mistake, each from what the model wrote itself."""
    right = total = 0
    with torch.no_grad():
        for _ in range(rounds):
            source, target = batch()
            right += int((model(source, target.shape[1])[0].argmax(-1) == target).all(-1).sum())
            total += len(target)
    return right, total


def sample_of(model, title, source, target, rows, columns):
    """What attn computes the model's attention from, for one text."""
    with torch.no_grad():
        _, asked, keys, values, weights = model(source[None], len(target), target[None])
    sample = {"title": title, "tokens": rows, "key_tokens": columns, "score": "additive",
              "q": asked[0].tolist(), "k": keys[0].tolist(), "v": values[0].tolist(),
              "w_score_q": model.w_score_q.tolist(), "w_score_k": model.w_score_k.tolist(), "v_score": model.v_score.tolist()}
    return sample, [weights.numpy()]
