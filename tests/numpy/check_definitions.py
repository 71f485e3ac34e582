"""
attn stats --definition by the formulas of those who defined the measures, written anew in double precision over whole matrices.
usage: check_definitions.py TEST    (ATTN: the program)
"""
import csv
import io
import json
import os
import subprocess
import sys

import numpy as np

ATTN = os.environ["ATTN"]


def attn(*words):
    done = subprocess.run([ATTN, "stats", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.returncode, done.stderr)
    return done.stdout


def told(*words):
    sheet = json.loads(attn(*words, "-q", "--format", "json"))
    assert sheet["schema"] == "attn-sheet/1"
    return sheet


def put(name, **keys):
    with open(name, "w", encoding="utf-8") as out:
        json.dump({key: x.tolist() if isinstance(x, np.ndarray) else x for key, x in keys.items()}, out)


def random_weights(rng, *shape, causal=False):
    w = rng.random(shape) ** 6 + 1e-9
    w = np.tril(w) if causal else w
    return (w / w.sum(-1, keepdims=True)).astype(np.float32)


def close(got, want, what):
    if want is None or np.isnan(want):
        assert got is None, (what, got, want)
    else:
        assert got is not None and abs(got - want) <= 1e-6 * max(1, abs(want)), (what, got, want)


SIZES = ((1, 20), (2, 20), (3, 60), (8, 100), (21, 150), (64, 150))  # tokens, heads: 500


def detect(w, pattern, measure, bos, current):
    """TransformerLens: a pattern of 0 and 1 beside a head's weights."""
    keep = np.ones_like(w)
    if bos:
        keep[:, 0] = 0
    if current:
        np.fill_diagonal(keep, 0)
    if measure == "mul":
        return (w * pattern * keep).sum() / (w * keep).sum() if (w * keep).sum() else np.nan
    return 1 - round(float(np.float32((np.abs(w - pattern) * keep).sum() / len(w))), 3)


def patterns(tokens):
    n = len(tokens)
    same = np.array([[a == b for b in tokens] for a in tokens])
    twice = np.tril(same, -1)
    behind = np.zeros((n, n))
    behind[:, 1:] = twice[:, :-1]
    return {"previous_token_head": np.eye(n, k=-1), "duplicate_token_head": twice * 1.0, "induction_head": np.tril(behind)}


def test_transformerlens():
    rng = np.random.default_rng(0)
    for n, heads in SIZES:
        w = random_weights(rng, 1, heads, n, n, causal=True)
        tokens = [f"t{x}" for x in rng.integers(0, max(2, n // 3), n)]
        put("x.json", attention=w, tokens=tokens, causal=True)
        for measure in "mul", "abs":
            for bos in False, True:
                for current in False, True:
                    words = ["--error-measure", measure] + ["--exclude-bos"] * bos + ["--exclude-current-token"] * current
                    sheet = told("x.json", "--definition", "transformerlens", *words)
                    assert (sheet["error_measure"], sheet["exclude_bos"], sheet["exclude_current_token"]) == (measure, bos, current)
                    for h, head in enumerate(sheet["heads"]):
                        for name, pattern in patterns(tokens).items():
                            close(head[name], detect(w[0, h].astype(float), pattern, measure, bos, current), (n, h, name, words))
    # Weights on later keys count in the sum with mul; without tokens there are no patterns of them.
    w = random_weights(rng, 1, 3, 9, 9)
    put("x.json", attention=w)
    for h, head in enumerate(told("x.json", "--definition", "transformerlens")["heads"]):
        close(head["previous_token_head"], detect(w[0, h].astype(float), np.eye(9, k=-1), "mul", False, False), h)
        assert head["induction_head"] is None and head["duplicate_token_head"] is None


def diagonal(w, offset):
    line = np.diagonal(w, offset)
    return line.mean() if len(line) else np.nan


def test_arena():
    rng = np.random.default_rng(1)
    for n, heads in SIZES:
        w = random_weights(rng, 1, heads, n, n, causal=n > 2)
        put("x.json", attention=w)
        for h, head in enumerate(told("x.json", "--definition", "arena")["heads"]):
            a, half = w[0, h].astype(float), (n - 1) // 2
            for name, want in (("current_attn", diagonal(a, 0)), ("prev_attn", diagonal(a, -1)), ("first_attn", a[:, 0].mean()),
                               ("induction_attn", diagonal(a, -half + 1))):
                close(head[name], want, (n, h, name))
    # The head that the measure is made for: behind the earlier one, in a sequence that comes twice.
    n, half = 11, 5
    perfect = np.zeros((n, n))
    perfect[np.arange(half - 1, n), np.arange(half - 1, n) - (half - 1)] = 1
    perfect[:half - 1, 0] = 1
    put("x.json", attention=perfect, causal=True, tokens=["B", *"12345", *"12345"])
    assert told("x.json", "--definition", "arena")["heads"][0]["induction_attn"] == 1
    done = subprocess.run([ATTN, "stats", "x.json", "--definition", "arena"], capture_output=True, text=True, check=True)
    assert "warning" not in done.stderr, done.stderr


def test_gu2024():
    rng = np.random.default_rng(2)
    for n, heads in SIZES:
        w = random_weights(rng, 2, heads // 2, n, n, causal=True)
        put("x.json", attention=w, causal=True)
        for epsilon in None, 0.1:
            sheet = told("x.json", "--definition", "gu2024", *(["--epsilon", str(epsilon)] if epsilon else []))
            importance = (w.astype(float) / np.arange(n, 0, -1)).sum(-2)[..., 0]
            for head in sheet["heads"]:
                close(head["importance"], importance[head["layer"], head["head"]], (n, head))
            close(sheet["sink_percent"], 100 * (importance > (epsilon or 0.3)).mean(), (n, epsilon))
    best = told("x.json", "--definition", "gu2024", "--best", "1", "--sort", "importance")
    assert len(best["heads"]) == 1 and best["heads"][0]["importance"] == max(h["importance"] for h in told("x.json", "--definition", "gu2024")["heads"])
    close(best["sink_percent"], 100 * (importance > 0.3).mean(), "of all heads")


def test_clark2019():
    rng = np.random.default_rng(3)
    for n, heads in SIZES:
        w = random_weights(rng, 2, heads // 10, n, n, causal=n % 2 == 0)
        w[0, 0] = w[1, 1]
        np.save("attention.npy", w)
        p = 0.999 * w.reshape(-1, n, n).astype(float) + 0.001 / n
        got = told("attention.npy", "--definition", "clark2019")["distances"]
        for a, left in enumerate(p):
            for b, right in enumerate(p):
                m = (left + right) / 2
                want = ((left * np.log(left / m)).sum() + (right * np.log(right / m)).sum()) / 2
                close(got[a][b], want, (n, a, b))
        same = [0, heads // 10 + 1]
        assert got[same[0]][same[1]] == 0 and all(got[i][i] == 0 for i in range(len(p)))
    for threads in "1", "2", "5":
        assert attn("attention.npy", "--definition", "clark2019", "--threads", threads) == attn("attention.npy", "--definition", "clark2019")
    rows = list(csv.reader(io.StringIO(attn("attention.npy", "--definition", "clark2019", "--format", "csv"))))
    assert rows[0][4:6] == ["0.0", "0.1"] and np.allclose([[float(x) for x in row[4:]] for row in rows[1:]], got, atol=1e-6)


def test_vit():
    rng = np.random.default_rng(4)
    for high, wide, first, heads in (1, 1, 0, 20), (2, 2, 1, 80), (3, 5, 1, 200), (7, 7, 2, 200):
        n, patches = first + high * wide, high * wide
        w = random_weights(rng, 1, heads, n, n)
        put("x.json", attention=w, grid=[high, wide], grid_offset=first)
        place = np.array([divmod(j, wide) for j in range(patches)])
        distance = np.linalg.norm(place[:, None] - place, axis=-1)
        for size in None, 16:
            sheet = told("x.json", "--definition", "vit", *(["--patch-size", str(size)] if size else []))
            for h, head in enumerate(sheet["heads"]):
                inner = w[0, h, first:, first:].astype(float)
                close(head["mean_attention_distance"], (inner * distance * (size or 1)).sum(-1).mean(), (high, wide, h))


def test_computed():
    """Weights that are computed, with masks: those that attn run writes."""
    rng = np.random.default_rng(5)
    n = 30
    put("x.json", q=rng.normal(size=(2, 3, n, 4)), k=rng.normal(size=(2, 3, n, 4)), causal=True)
    run = subprocess.run([ATTN, "run", "x.json", "-q", "--stage", "weights", "-o", "w.npy"], check=True)
    assert run.returncode == 0
    w = np.load("w.npy").astype(float)
    heads = told("x.json", "--definition", "arena", "--layer", "1", "--head", "2,0")["heads"]
    assert [(h["layer"], h["head"]) for h in heads] == [(1, 2), (1, 0)]
    for head in heads:
        close(head["prev_attn"], diagonal(w[head["layer"], head["head"]], -1), head)
    w[0, 1, 3, 2] = np.nan
    np.save("attention.npy", w.astype(np.float32))
    heads = told("attention.npy", "--definition", "arena")["heads"]
    assert heads[1]["prev_attn"] is None and heads[1]["current_attn"] is not None and heads[0]["prev_attn"] is not None


def test_real():
    """GPT-2's heads of layer 5 on a text that comes twice: the same heads do induction by either definition, with less in both."""
    path = os.path.join(os.environ.get("REAL", ""), "gpt2_heads_37.json")
    if not os.path.exists(path):
        sys.exit(77)
    with open(path, encoding="utf-8") as file:
        real = json.load(file)
    w = np.array(real["attention"], float).reshape(-1, 37, 37).astype(np.float32).astype(float)
    for definition, name, of in (("transformerlens", "induction_head", lambda a: detect(a, patterns(real["tokens"])["induction_head"], "mul", False, False)),
                                 ("arena", "induction_attn", lambda a: diagonal(a, -17))):
        heads = told(path, "--definition", definition, "--sort", name)["heads"]
        assert [h["head"] for h in heads[:4]] == [1, 5, 0, 8]
        for head in heads:
            close(head[name], of(w[head["head"]]), (definition, head))


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
