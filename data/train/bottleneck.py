"""Trains the sample `bottleneck`: letters are said again, from the last state alone and with attention to all of them."""
import torch

from recurrent import Translator, right_share, sample_of, train
from sample_file import say, write_sample

torch.set_num_threads(1)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TEXT = "THEQUICKBROWNFOXES"
WIDTH = 24


def main():
    generator = torch.Generator()

    def batch(size=64, least=4, most=20):
        length = int(torch.randint(least, most + 1, (1,), generator=generator))
        letters = torch.randint(len(LETTERS), (size, length), generator=generator)
        return letters, letters

    for attends in (False, True):
        torch.manual_seed(1)
        generator.manual_seed(1)
        say("with attention" if attends else "from the last state alone")
        model = train(Translator(len(LETTERS), len(LETTERS), WIDTH, attends, attends), batch, 4000)
        for least, most in ((4, 8), (16, 20)):
            right, total = right_share(model, lambda: batch(200, least, most), 10)
            say(f"{least} to {most} letters: right {right / total:.3f}")
    text = torch.tensor([LETTERS.index(c) for c in TEXT])
    sample, weights = sample_of(model, "Letters said again: each finds its place", text, text, list(TEXT), list(TEXT))
    say("on the letter itself:", float(weights[0][0].diagonal().mean()))
    write_sample("bottleneck", sample, weights)


if __name__ == "__main__":
    main()
