"""Trains the sample `dates`: a date in words is written as numbers, character by character."""
import datetime

import torch

from recurrent import Translator, right_share, sample_of, train
from sample_file import say, weights_of, write_sample

torch.set_num_threads(1)
MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
LETTERS = " ,0123456789abcdefghijlmnoprstuvy"
WRITTEN = "-0123456789"
FIRST, LAST = datetime.date(1900, 1, 1).toordinal(), datetime.date(2099, 12, 31).toordinal()


def texts(date):
    month = MONTHS[date.month - 1]
    return [f"{date.day} {month} {date.year}", f"{month} {date.day}, {date.year}"]


def numbers(text, letters):
    return torch.tensor([letters.index(c) for c in text])


def main():
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(1)

    def batch(size=64):
        """Dates whose texts are as long: filled up with blanks in front."""
        days = torch.randint(FIRST, LAST + 1, (size,), generator=generator).tolist()
        orders = torch.randint(2, (size,), generator=generator).tolist()
        dates = [datetime.date.fromordinal(day) for day in days]
        said = [texts(date)[order] for date, order in zip(dates, orders)]
        width = max(map(len, said))
        return (torch.stack([numbers(text.rjust(width), LETTERS) for text in said]),
                torch.stack([numbers(date.isoformat(), WRITTEN) for date in dates]))

    model = train(Translator(len(LETTERS), len(WRITTEN), 16, True, True), batch, 3000)
    say("right: %d of %d" % right_share(model, lambda: batch(1000), 1))
    text, date = "14 september 1987", "1987-09-14"
    sample, weights = sample_of(model, "A date in words is written as numbers", numbers(text, LETTERS), numbers(date, WRITTEN),
                                list(date), list(text))
    words = [0] * 3 + [1] * 10 + [2] * 4
    near = write_sample("dates", sample, weights)
    w = weights_of(near)[0][0]
    for row, c in enumerate(date):
        say(c, [round(float(sum(w[row][j] for j in range(len(words)) if words[j] == word)), 2) for word in range(3)])


if __name__ == "__main__":
    main()
