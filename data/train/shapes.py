"""Trains the sample `shapes`: what colour is the circle? Words look at the cells of a picture, and a colour comes next. Draws shapes.png."""
import os
import struct
import time
import zlib

import numpy as np
import torch

from sample_file import DATA, say, write_sample

torch.set_num_threads(1)
COLOURS = {"red": (208, 52, 44), "green": (46, 150, 72), "blue": (48, 98, 200), "yellow": (232, 180, 30)}
# Whether a point is inside, x and y from -1 to 1.
SHAPES = {
    "square": lambda x, y: np.maximum(abs(x), abs(y)) < 0.62,
    "triangle": lambda x, y: (y < 0.6) & (abs(x) < (y + 0.7) * 0.55),
    "ring": lambda x, y: abs(np.hypot(x, y) - 0.55) < 0.17,
    "cross": lambda x, y: (np.minimum(abs(x), abs(y)) < 0.2) & (np.maximum(abs(x), abs(y)) < 0.7),
    "diamond": lambda x, y: abs(x) + abs(y) < 0.8,
    "circle": lambda x, y: np.hypot(x, y) < 0.66,
}
SIDE, CELL, WIDTH, STEPS = 4, 48, 12, 2000
# The picture of the sample: cell, shape, colour.
PICTURE = [(1, "square", "blue"), (4, "ring", "red"), (7, "triangle", "yellow"), (9, "circle", "green"), (12, "cross", "red"),
           (14, "diamond", "blue")]


class Model(torch.nn.Module):
    """Words attend to cells once; what they read is multiplied by unembed. A cell is the sum of a shape and a colour."""

    def __init__(self):
        super().__init__()
        self.words = torch.nn.Parameter(torch.randn(len(SHAPES), WIDTH))
        self.shapes = torch.nn.Parameter(torch.randn(len(SHAPES) + 1, WIDTH))    # the last: the cell is empty
        self.colours = torch.nn.Parameter(torch.randn(len(COLOURS) + 1, WIDTH))  # likewise
        self.w_q, self.w_k, self.w_v, self.w_o = (
            torch.nn.Parameter(torch.randn(WIDTH, WIDTH) / WIDTH**0.5) for _ in range(4))
        self.unembed = torch.nn.Parameter(torch.randn(WIDTH, len(COLOURS)) / WIDTH**0.5)

    def forward(self, shapes, colours):
        cells = self.shapes[shapes] + self.colours[colours]
        scores = self.words @ self.w_q @ (cells @ self.w_k).transpose(-1, -2) / WIDTH**0.5
        weights = scores.softmax(-1)
        return weights @ (cells @ self.w_v) @ self.w_o @ self.unembed, weights, cells


def pictures(count, generator):
    """Shapes and colours of the cells, and for each shape its colour and its cell: every shape is there once."""
    places = torch.rand(count, SIDE * SIDE, generator=generator).argsort(-1)[:, :len(SHAPES)]
    answers = torch.randint(len(COLOURS), (count, len(SHAPES)), generator=generator)
    shapes = torch.full((count, SIDE * SIDE), len(SHAPES)).scatter(1, places, torch.arange(len(SHAPES)).expand(count, -1))
    colours = torch.full((count, SIDE * SIDE), len(COLOURS)).scatter(1, places, answers)
    return shapes, colours, answers, places


def train(generator):
    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    start = time.time()
    for _ in range(STEPS):
        shapes, colours, answers, _ = pictures(64, generator)
        loss = torch.nn.functional.cross_entropy(model(shapes, colours)[0].reshape(-1, len(COLOURS)), answers.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        shapes, colours, answers, places = pictures(1000, generator)
        logits, weights, _ = model(shapes, colours)
    say(f"{STEPS} steps, {time.time() - start:.0f} s: loss {float(loss):.1e}, right {float((logits.argmax(-1) == answers).float().mean()):.4f},",
        f"on the cell {float(weights.gather(2, places[..., None]).mean()):.4f}")
    return model


def draw(path):
    """The picture, 8-bit RGB; edges are the mean of 3×3 points a pixel."""
    fine = 3 * CELL
    image = np.full((SIDE * fine, SIDE * fine, 3), 246.0)
    at = (np.arange(fine) + 0.5) / fine * 2 - 1
    for cell, shape, colour in PICTURE:
        row, column = divmod(cell, SIDE)
        part = image[row * fine:(row + 1) * fine, column * fine:(column + 1) * fine]
        part[SHAPES[shape](at[None, :], at[:, None])] = COLOURS[colour]
    size = SIDE * CELL
    pixels = np.round(image.reshape(size, 3, size, 3, 3).mean(axis=(1, 3))).astype(np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, data in ((b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")):
            file.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))


def main():
    torch.manual_seed(1)
    model = train(torch.Generator().manual_seed(1))
    names, colours = list(SHAPES), list(COLOURS)
    kind, paint, labels = torch.full((SIDE * SIDE,), len(SHAPES)), torch.full((SIDE * SIDE,), len(COLOURS)), ["-"] * SIDE * SIDE
    for cell, shape, colour in PICTURE:
        kind[cell], paint[cell], labels[cell] = names.index(shape), colours.index(colour), f"{colour} {shape}"
    with torch.no_grad():
        logits, weights, cells = model(kind, paint)
    say("circle:", colours[int(logits[-1].argmax())], float(logits[-1].softmax(-1).max()), "on its cell", float(weights[-1].max()))
    sample = {"title": "What colour is the circle?", "tokens": names, "key_tokens": labels, "grid": [SIDE, SIDE],
              "embeddings": model.words.tolist(), "context": cells.tolist(),
              **{name: getattr(model, name).tolist() for name in ("w_q", "w_k", "w_v", "w_o", "unembed")}, "vocabulary": colours}
    write_sample("shapes", sample, [weights[None].numpy()])
    draw(os.path.join(DATA, "shapes.png"))


if __name__ == "__main__":
    main()
