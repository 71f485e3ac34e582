"""Trains the sample `agent`: it walks to the key, and with the key to the door; what it looks at says where it goes next."""
import time

import torch

from sample_file import say, write_sample

torch.set_num_threads(1)
SIDE, WIDTH, STEPS = 7, 12, 3000
THINGS = ["key", "door", "tree", "stone", "well"]
MOVES = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
# The walk of the sample: where the agent begins, and where the things are, as row and column.
BEGIN, PLACES = (5, 1), [(1, 4), (5, 6), (3, 2), (0, 0), (6, 4)]


class Model(torch.nn.Module):
    """The agent (its place, and whether it has the key) attends to things (what they are, and their places)."""

    def __init__(self):
        super().__init__()
        self.things = torch.nn.Parameter(torch.randn(len(THINGS), WIDTH))
        self.hands = torch.nn.Parameter(torch.randn(2, WIDTH))
        self.rows = torch.nn.Parameter(torch.randn(SIDE, WIDTH) * 0.5)
        self.columns = torch.nn.Parameter(torch.randn(SIDE, WIDTH) * 0.5)
        self.w_q, self.w_k, self.w_v, self.w_o = (
            torch.nn.Parameter(torch.randn(WIDTH, WIDTH) / WIDTH**0.5) for _ in range(4))
        self.unembed = torch.nn.Parameter(torch.randn(WIDTH, len(MOVES)) / WIDTH**0.5)

    def forward(self, agent, has_key, places):
        """agent ...×2, has_key ..., places ...×things×2."""
        x = self.hands[has_key] + self.rows[agent[..., 0]] + self.columns[agent[..., 1]]
        context = self.things + self.rows[places[..., 0]] + self.columns[places[..., 1]]
        scores = (x @ self.w_q)[..., None, :] @ (context @ self.w_k).transpose(-1, -2) / WIDTH**0.5
        weights = scores.softmax(-1)
        y = x + (weights @ (context @ self.w_v))[..., 0, :] @ self.w_o
        return y @ self.unembed, weights[..., 0, :], x, context


def way(agent, goal):
    """The move towards the goal in the direction in which more is left to go; of equals up or down."""
    down, right = goal[..., 0] - agent[..., 0], goal[..., 1] - agent[..., 1]
    return torch.where(down.abs() >= right.abs(), (down > 0).long(), 2 + (right > 0).long())


def worlds(count, generator):
    """Things at different places, the agent beside them, with or without the key; where it is to go."""
    cells = torch.rand(count, SIDE * SIDE, generator=generator).argsort(-1)[:, :len(THINGS) + 1]
    places = torch.stack((cells // SIDE, cells % SIDE), -1)
    has_key = torch.randint(2, (count,), generator=generator)
    agent, things = places[:, 0], places[:, 1:]
    return agent, has_key, things, way(agent, things[torch.arange(count), has_key])


def train(generator):
    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1, 2 * (1 - step / STEPS)) + 1e-3)
    start = time.time()
    for _ in range(STEPS):
        agent, has_key, things, move = worlds(256, generator)
        loss = torch.nn.functional.cross_entropy(model(agent, has_key, things)[0], move)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        agent, has_key, things, move = worlds(5000, generator)
        logits, weights, _, _ = model(agent, has_key, things)
    say(f"{STEPS} steps, {time.time() - start:.0f} s: loss {float(loss):.2f}, right {float((logits.argmax(-1) == move).float().mean()):.3f},",
        f"without the key on it {float(weights[has_key == 0][:, 0].mean()):.3f}, with it on the door {float(weights[has_key == 1][:, 1].mean()):.3f}")
    return model


def walk(model):
    """Each step of the agent: its place, whether it has the key, the move that it takes, until it is at the door."""
    places, agent, has_key, steps = torch.tensor(PLACES), torch.tensor(BEGIN), 0, []
    for _ in range(30):
        if tuple(agent.tolist()) == PLACES[0]:
            has_key = 1
        if has_key and tuple(agent.tolist()) == PLACES[1]:
            break
        with torch.no_grad():
            logits, weights, x, context = model(agent, torch.tensor(has_key), places)
        move = list(MOVES)[int(logits.argmax())]
        steps.append((f"{move}, with key" if has_key else move, x, weights, logits))
        agent = (agent + torch.tensor(MOVES[move])).clamp(0, SIDE - 1)
    say(len(steps), "steps, at", agent.tolist())
    return steps, context


def main():
    torch.manual_seed(1)
    model = train(torch.Generator().manual_seed(1))
    steps, context = walk(model)
    say([step[0] for step in steps], "next", [round(float(p), 2) for p in steps[-1][3].softmax(-1)])
    sample = {"title": "An agent looks for the key, then for the door", "tokens": [step[0] for step in steps], "key_tokens": THINGS,
              "residual": True, "embeddings": [step[1].tolist() for step in steps], "context": context.tolist(),
              **{name: getattr(model, name).tolist() for name in ("w_q", "w_k", "w_v", "w_o", "unembed")}, "vocabulary": list(MOVES)}
    write_sample("agent", sample, [torch.stack([step[2] for step in steps])[None].numpy()])


if __name__ == "__main__":
    main()
