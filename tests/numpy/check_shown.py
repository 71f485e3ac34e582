"""
What is shown of a result: layers and heads counted from the end, means over layers and heads, words in the place of pieces, patches
on either side, the steps of a generation. NumPy says what has to come out. A test is named on the command line; DATA in the
environment is the folder of the samples.
"""
import json
import os
import subprocess
import sys

import numpy as np

from oracle import ATTN, check_stats, close, csv_column, floats, numbers, run, write_json

DATA = os.environ.get("DATA", "data")


def weights_of(rng, *shape):
    """Weights whose rows sum to 1."""
    w = rng.random(shape) + 0.01
    return w / w.sum(axis=-1, keepdims=True)


def result(*words):
    return json.loads(run(*words, "-q", "-o", "-").stdout)


def test_from_the_end():
    rng = np.random.default_rng(1)
    w = weights_of(rng, 4, 5, 3, 3)
    write_json("x.json", {"attention": w})
    for text, index in {"-1": [3], "-2": [2], "-4": [0], "-2:": [2, 3], ":-2": [0, 1], "-3:-1": [1, 2], "0,-1": [0, 3], "-1,0": [3, 0],
                        "1:-1": [1, 2], "-3:3": [1, 2], ":1,-1": [0, 3], "2:": [2, 3], "-1,-2": [3, 2]}.items():
        got = result("x.json", "--layer", text)
        close(text, got["weights"], w[index], 1e-7)
        assert got["selection"]["layers"] == index, text
    got = result("x.json", "--head", "-2,0", "--layer=-1")
    close("both", got["weights"], w[[3]][:, [3, 0]], 1e-7)
    assert got["selection"]["heads"] == [3, 0]



def deep(rng, layers=3, heads=4, n=5, m=6):
    """Layers of their own q, k, v and masks, written to x.json."""
    problem = {"layers": [{"q": floats(rng, (heads, n, 3), 1), "k": floats(rng, (heads, m, 3), 1), "v": floats(rng, (heads, m, 2), 1),
                           "mask": rng.random((heads, n, m)) < 0.6} for _ in range(layers)]}
    problem["layers"][1]["mask"][:, 2] = False  # a row that sees nothing
    problem["layers"][0]["mask"][:, 0, 0] = problem["layers"][-1]["mask"][:, 0, 0] = False
    problem["layers"][1]["mask"][:, 0, 0] = False  # a pair that nobody allows
    write_json("x.json", problem)
    return problem


def test_chosen_layers():
    """Layers that nobody asks for are not computed, but where the next one is made of them."""
    rng = np.random.default_rng(8)
    deep(rng)
    whole = result("x.json")
    for layer in range(3):
        done = run("x.json", "-v", "--layer", str(layer), "-o", "-")
        got = json.loads(done.stdout)
        assert got["weights"] == whole["weights"][layer:layer + 1] and got["output"] == whole["output"][layer:layer + 1]
        assert got["stats"] == whole["stats"][layer:layer + 1]
        assert f"of={4 * 5 * 6} ".encode() in done.stderr, done.stderr
        assert (b"4 of 20 rows may see no key" in done.stderr) == (layer == 1), done.stderr
    done = run("x.json", "-v", "--layer", "2,0", "--average", "layers", "-o", "-")
    close("mean", json.loads(done.stdout)["weights"][0], np.array([whole["weights"][0], whole["weights"][2]]).mean(axis=0), 1e-7)
    assert f"of={2 * 4 * 5 * 6} ".encode() in done.stderr
    write_json("s.json", {"embeddings": floats(rng, (5, 4), 1), "layers": [{"w_q": floats(rng, (4, 4), 1)} for _ in range(3)]})
    done = run("s.json", "-v", "--layer", "1", "-o", "-")
    assert json.loads(done.stdout)["weights"] == result("s.json")["weights"][1:2]
    assert f"of={3 * 5 * 5} ".encode() in done.stderr


def masked_mean(stage, axes):
    """The mean of what is not -infinity; -infinity where there is nothing."""
    seen = np.isfinite(stage)
    with np.errstate(all="ignore"):
        mean = np.where(seen, stage, 0).sum(axis=axes, keepdims=True) / seen.sum(axis=axes, keepdims=True)
    return np.where(seen.any(axis=axes, keepdims=True), mean, -np.inf)


def test_means():
    """Every stage, the mask, the pairs and the measures of a mean, of chosen layers and heads too, in all formats."""
    deep(np.random.default_rng(2))
    stages = ["q", "k", "scores", "scaled", "masked", "mask"]
    asked = [word for s in stages for word in ("--stage", s)]
    for chosen, layers, heads in ([], range(3), range(4)), (["--layer", "-1,0", "--head", "1:3"], [2, 0], [1, 2]):
        whole, everyone = result("x.json", *asked, *chosen), result("x.json", *chosen[:2])
        for average, axes in (("heads", (1,)), ("layers", (0,)), ("heads,layers", (0, 1)), ("layers,heads", (0, 1))):
            got = result("x.json", *asked, *chosen, "--average", average)
            what = f"{chosen} {average}"
            close(what, got["weights"], np.mean(whole["weights"], axis=axes, keepdims=True), 1e-6)
            for s in stages[:4]:
                close(f"{what} {s}", got[s], np.mean(whole[s], axis=axes, keepdims=True), 1e-5)
            close(what + " masked", numbers(got["masked"], -np.inf), masked_mean(numbers(whole["masked"], -np.inf), axes), 1e-5)
            mask = np.max(whole["mask"], axis=axes, keepdims=True)
            assert np.array_equal(got["mask"], mask), what
            output = np.array((everyone if "heads" in average else whole)["output"])  # a mean over heads leaves it whole
            close(what + " output", got["output"], output.mean(axis=0, keepdims=True) if 0 in axes else output, 1e-6)
            assert got["selection"]["layers"] == list(layers) and got["selection"]["heads"] == list(heads), what
            assert got["selection"]["average"] == ("heads,layers" if len(axes) == 2 else average), what
            assert got["pairs"]["allowed"] == mask.sum(axis=(2, 3)).astype(int).tolist(), what
            check_stats(got["stats"], np.array(got["weights"]), [0] * len(got["stats"]))
            numbers_elsewhere(got, *chosen, "--average", average)


def numbers_elsewhere(got, *words):
    """CSV and NPY hold what the JSON holds, and the JSON read back too."""
    run("x.json", *words, "-q", "-o", "x.npy", "-o", "x.csv", "-o", "y.json")
    close("npy", np.load("x.npy"), numbers(got["weights"]), 0)
    with open("x.csv") as f:
        close("csv", csv_column(f.read(), "weight", np.shape(got["weights"])), numbers(got["weights"]), 0)
    again = result("y.json")
    close("again", numbers(again["weights"]), numbers(got["weights"]), 0)
    assert again["stats"] == got["stats"] and again["pairs"] == got["pairs"]


def test_mean_names():
    """Files, the table and the first columns of the CSV say what the mean is over."""
    deep(np.random.default_rng(3))
    names = {"heads": ["layer0-mean", "layer1-mean", "layer2-mean"], "layers": ["mean-head0", "mean-head1", "mean-head2", "mean-head3"],
             "heads,layers": ["mean"]}
    for average, want in names.items():
        run("x.json", "--average", average, "-q", "-o", average + "/")
        assert sorted(os.listdir(average)) == sorted([w + ".png" for w in want] + ["heads.png", "attention.json"])
        table = run("x.json", "--average", average, "--format", "table", "-q", "-o", "t.npy").stdout.decode().splitlines()
        rows = [line.split()[:2] for line in table[table.index("") + 2:]]
        layers = ["mean"] if "layers" in average else ["0", "1", "2"]
        heads = ["mean"] if "heads" in average else ["0", "1", "2", "3"]
        assert rows == [[l, h] for l in layers for h in heads], (average, rows)
    csv = run("x.json", "--average", "layers", "--layer", "1,2", "--head", "3", "--format", "csv", "-q", "-o", "t.npy").stdout.decode()
    assert csv.splitlines()[1].startswith("0,3,0,0,"), csv[:100]
    csv = run("x.json", "--average", "layers", "--layer", "1,2", "--head", "3", "--stage", "k", "--format", "csv", "-q", "-o", "t.npy").stdout
    assert csv.decode().splitlines()[1].startswith("0,3,0,0,"), csv[:100]



def sorted_out(numbers):
    """The word of each token, counted by first appearance; None is a word of its own."""
    seen, of = {}, []
    for i, number in enumerate(numbers):
        of.append(seen.setdefault(("alone", i) if number is None else number, len(seen)))
    return np.array(of)


def joined(weights, rows, columns):
    """Columns summed, rows averaged, by the word of each query and key."""
    by_key = np.stack([weights[..., columns == w].sum(axis=-1) for w in range(columns.max() + 1)], axis=-1)
    return np.stack([by_key[..., rows == w, :].mean(axis=-2) for w in range(rows.max() + 1)], axis=-2)


def allowed_words(mask, rows, columns):
    return (joined(mask.astype(float), rows, columns) > 0).astype(int)


def test_words():
    """Weights, masks, pairs and measures of words, of both sides, of parts and means, in every format."""
    rng = np.random.default_rng(4)
    problem = deep(rng, layers=2, heads=3, n=7, m=6)
    query_words, key_words = [5, 5, None, 2, 2, 2, None], [0, 1, 1, 1, None, 2]
    write_json("tokens.json", problem)
    tokens = result("tokens.json", "--stage", "mask")
    weights, mask = np.array(tokens["weights"]), np.array(tokens["mask"])
    for name, rows, columns in (("both", query_words, key_words), ("queries", query_words, None), ("keys", None, key_words)):
        rows_of, columns_of = sorted_out(rows or range(7)), sorted_out(columns or range(6))
        write_json("x.json", {**problem, **({"words": rows} if rows else {}), **({"key_words": columns} if columns else {})})
        want, allowed = joined(weights, rows_of, columns_of), allowed_words(mask, rows_of, columns_of)
        got = result("x.json")
        close(name, got["weights"], want, 1e-6)
        assert "output" not in got and got["selection"]["words"] is True
        assert np.array_equal(got["mask"], allowed) and got["pairs"]["allowed"] == allowed.sum(axis=(2, 3)).tolist()
        assert got["pairs"]["of"] == want.shape[2] * want.shape[3]
        check_stats(got["stats"], np.array(got["weights"]), [0, 0])
        assert np.array_equal(result("x.json", "--stage", "mask")["mask"], allowed)
        numbers_elsewhere(got)
        part = result("x.json", "--queries", "1:3", "--keys", "1:", "--head", "-1", "--average", "layers")
        close(name, part["weights"], want.mean(axis=0)[None, 2:, 1:3, 1:], 1e-6)
        close(name, result("x.json", "--words=no")["weights"], weights, 0)


def test_words_of_a_sequence():
    """Of a sequence that attends to itself `words` is of the queries and the keys; so it is of weights that are given."""
    rng = np.random.default_rng(6)
    w = np.tril(weights_of(rng, 2, 5, 5))
    w /= w.sum(axis=-1, keepdims=True)
    of = sorted_out([0, 0, 1, 1, 1])
    tokens = ["Hel", "lo", "wo", "r", "ld"]
    write_json("x.json", {"attention": w, "words": [0, 0, 1, 1, 1], "tokens": tokens, "causal": True})
    got = result("x.json")
    close("given", got["weights"][0], joined(w, of, of), 1e-7)
    assert got["tokens"] == got["key_tokens"] == ["Hello", "world"] and got["mask"] == [[1, 0], [1, 1]]
    full = weights_of(rng, 2, 5, 5)  # weight on forbidden pairs is shown, and measured
    write_json("x.json", {"attention": full, "words": [0, 0, 1, 1, 1], "causal": True})
    got = result("x.json")
    close("masked", got["weights"][0], joined(full, of, of), 1e-7)
    check_stats(got["stats"], np.array(got["weights"]), [0])
    write_json("x.json", {"attention": w, "words": [7, 7, 3, 3, 3]})
    assert result("x.json")["tokens"] == ["0", "1"]
    write_json("x.json", {"attention": w, "words": [0, 1, 0, 2, 1]})
    done = run("x.json", "-o", "-")
    got = json.loads(done.stdout)
    close("apart", got["weights"][0], joined(w, sorted_out([0, 1, 0, 2, 1]), sorted_out([0, 1, 0, 2, 1])), 1e-7)
    assert done.stderr.decode().count("warning: words: the word 0 has tokens that are apart, such as 2: they are one word") == 1
    # Past keys: the queries are the last tokens.
    problem = {"q": floats(rng, (2, 3), 1), "k": floats(rng, (2, 3), 1), "past_k": floats(rng, (3, 3), 1), "causal": True,
               "words": [0, 0], "key_words": [1, 1, 0, 2, 2]}
    write_json("x.json", problem)
    want = np.array(result("x.json", "--words=no")["weights"])
    got = result("x.json")
    close("past", got["weights"], joined(want, np.array([0, 0]), np.array([0, 0, 1, 2, 2])), 1e-6)
    assert got["config"]["offset"] == 2


def test_pieces():
    """Words are found by the markers of tokenizers."""
    cases = {
        "play ##ing now": ["playing", "now"],
        "[CLS] un ##believ ##able ! [SEP]": ["[CLS]", "unbelievable", "!", "[SEP]"],
        "##ing play": ["##ing", "play"],
        "The Ġcat s at . <|endoftext|> Hel lo Ġ": ["The", "catsat.", "<|endoftext|>", "Hello", "Ġ"],
        "<s> ▁un believ able ▁cats <0xE2> </s>": ["<s>", "unbelievable", "cats<0xE2>", "</s>"],
        "Ġa Ċ b Ġ## ## Ġc": ["a", "Ċ", "b", "####", "c"],
        "▁a <0x0A> b ▁ c ▁ 2 0 ▁": ["a", "<0x0A>", "b", "c", "20", "▁"],
        "▁ ▁": ["▁", "▁"],
        "one two": ["one", "two"],
    }
    for text, want in cases.items():
        tokens = text.split(" ")
        write_json("x.json", {"tokens": tokens, "attention": np.eye(len(tokens))})
        done = run("x.json", "--words", "-o", "-")
        got = json.loads(done.stdout)
        assert got["tokens"] == want, (text, got["tokens"])
        assert (b"each is taken for a word" in done.stderr) == (text == "one two"), (text, done.stderr)
    # Blanks, as tokens are when they have been decoded; and two sequences, each by its own markers.
    write_json("x.json", {"tokens": ["The", " c", "at"], "key_tokens": ["ka", "##tze", "[SEP]", "da"], "attention": np.full((3, 4), 0.25)})
    got = result("x.json", "--words")
    assert got["tokens"] == ["The", "cat"] and got["key_tokens"] == ["katze", "[SEP]", "da"]
    assert got["weights"] == [[[[0.5, 0.25, 0.25]] * 2]]
    # The map of a word that is in pieces.
    write_json("x.json", {"attention": [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [1, 0, 0]], "key_tokens": ["a", "Ġtab", "by"], "grid": [1, 3]})
    got = json.loads(run("x.json", "--words", "--look-at", "tabby", "-o", "x.png", "-o", "-").stdout)
    assert got["weights"] == [[[[0.5, 0.5], [0.25, 0.75], [1, 0]]]] and got["grid_axis"] == "queries"
    # Numbers win over nothing, the command line over numbers; a piece that begins a word inside of one has a blank before it.
    write_json("x.json", {"tokens": ["ĠNew", "ĠYork", "er"], "words": [0, 0, 0], "attention": np.eye(3)})
    assert result("x.json")["tokens"] == ["New Yorker"]
    assert result("x.json", "--words")["tokens"] == ["New", "Yorker"]



def growing(rng, steps, cached=0):
    """A generation of two layers and three heads with so many queries in each step: attention 2×3×n×m, and its mask n×m. A step sees
    its own keys and those before."""
    n, m = sum(steps), sum(steps) + cached
    mask = np.zeros((n, m), dtype=int)
    for first, count in zip(np.cumsum(steps) - steps, steps):
        mask[first:first + count, :cached + first + count] = 1
    w = rng.random((2, 3, n, m)) * mask
    return w / w.sum(axis=-1, keepdims=True), mask


def cut(matrix, mask):
    """Rows without the keys that did not exist yet."""
    return [row[:count].tolist() for row, count in zip(matrix, mask.sum(axis=1))]


def by_step(w, steps, cached=0):
    """[step][…][query][key] of a …×n×m array."""
    ends = np.cumsum(steps)
    return [w[..., end - count:end, :cached + end].tolist() for end, count in zip(ends, steps)]


def test_steps():
    """Every nesting of the steps of a generation is the same attention, with the same mask."""
    rng = np.random.default_rng(8)
    for steps, cached in (([4, 1, 1, 1], 0), ([1, 1, 1], 0), ([2, 3, 1], 0), ([1, 1, 2], 5), ([3, 1], 2)):
        w, mask = growing(rng, steps, cached)
        batch = w[:, None]
        forms = {
            "rows": (cut(w[0, 0], mask), w[:1, :1]),
            "heads": ([cut(h, mask) for h in w[0]], w[:1]),
            "layers": ([[cut(h, mask) for h in l] for l in w], w),
            "steps": (by_step(w[0, 0], steps, cached), w[:1, :1]),
            "steps of heads": (by_step(w[0], steps, cached), w[:1]),
            "steps of layers": (by_step(w, steps, cached), w),
            "generate()": (by_step(batch, steps, cached), w),
        }
        for name, (attention, want) in forms.items():
            write_json("x.json", {"attention": attention})
            done = run("x.json", "-v", "-o", "-")
            got = json.loads(done.stdout)
            close(f"{steps} {name}", got["weights"], want, 1e-7)
            assert got["mask"] == mask.tolist() and got["config"].get("offset", 0) == cached, (steps, name)
            check_stats(got["stats"], want.astype(np.float32), [cached] * len(want))
            assert f"attention has rows that grow: {len(steps)} steps of a generation".encode() in done.stderr
            with open("w.json", "w") as f:
                json.dump(attention, f, indent=1)
            again = json.loads(run("--attention", "w.json", "-q", "-o", "-").stdout)
            assert again == got
            write_json("y.json", {"layers": [{"attention": attention}]})
            if len(want) == 1 and not name.startswith("steps of l"):
                close("layers", result("y.json")["weights"], want, 1e-7)
    w, mask = growing(rng, [2, 1, 1])
    write_json("x.json", {"attention": by_step(w, [2, 1, 1]), "causal": True, "tokens": ["a", "b", "c", "d"]})
    run("x.json", "-q", "-o", "x.png", "-o", "y.json")
    with open("y.json") as f:
        assert json.load(f)["pairs"]["allowed"] == [[10] * 3] * 2


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
