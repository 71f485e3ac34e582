/* attn sample: the inputs of data/, built into the program, and one of random numbers. */
#include <string.h>
#include <unistd.h>

#include "base/embed.h"
#include "base/out.h"
#include "base/text.h"
#include "cmd/option_table.h"
#include "cmd/options.h"
#include "cmd/sample_random.h"

/* Each sample: its name, the ending of its file in data/, and its line in the list. */
#define SAMPLES(X)                                                                                           \
    X(sentence, ".json",                                                                                     \
      "six tokens, two heads: one looks at the token before, one at words of its own kind")                  \
    X(projections, ".json", "embeddings with w_q, w_k, w_v and w_o, two heads")                              \
    X(causal, ".json", "two causal heads: one spreads its weight evenly, one prefers what is near")          \
    X(cross, ".json", "cross-attention: German words looking for their English ones")                        \
    X(window, ".json", "a window of two tokens to each side, and one token that all see")                    \
    X(packed, ".json", "three documents in one sequence, causal")                                            \
    X(alignment, ".json", "additive score: German words and their English ones")                             \
    X(rotary, ".json", "rotary positions: a fast pair of columns and a slow one")                            \
    X(alibi, ".json", "ALiBi: four causal heads, four slopes")                                               \
    X(sinusoidal, ".json", "sinusoidal positions; --stage encoding draws them")                              \
    X(sparsemax, ".json", "sparsemax: weights that are exactly 0")                                           \
    X(delta, ".json", "a recurrence with the delta rule: what is written last is what is read")              \
    X(grouped, ".json", "grouped-query attention: four heads, two sets of keys")                             \
    X(induction, ".json", "two layers with a residual: an induction head")                                   \
    X(pairs, ".json", "a pair bias for each head, where q and k say nothing")                                \
    X(patches, ".json", "96 patches of a picture behind a CLS token")                                        \
    X(words_patches, ".json", "words that look for the patches of their colour, in the same picture")        \
    X(lookup, ".json", "a database in six lines: queries, keys and values")                                  \
    X(order, ".json", "dog bites man, man bites dog: with positions, and without (--position none)")         \
    X(pronoun, ".json", "it looks at the animal, seven words before")                                        \
    X(induction_trained, ".json", "trained: an induction head, and the letter that comes next")              \
    X(shapes, ".json", "trained: what colour is the circle? Words and the cells of a picture")               \
    X(agent, ".json", "trained: an agent looks at the key, and when it has it at the door")                  \
    X(birth, ".json", "trained: an induction head at six steps of its training")                             \
    X(bottleneck, ".json", "trained: letters said again by attention, which a last state cannot hold")       \
    X(dates, ".json", "trained: a date in words becomes one in numbers, with the additive score")            \
    X(q, ".csv", "queries as CSV; with k and v: attn run --q q.csv --k k.csv --v v.csv")                     \
    X(k, ".csv", "keys as CSV")                                                                              \
    X(v, ".csv", "values as CSV")

/* The pictures whose patches some of them attend to. */
#define SAMPLE_PICTURES(X)                                                                                   \
    X(patches, "the picture of patches and words_patches: --image patches.png")                              \
    X(shapes, "the picture of shapes")

#define EMBED_SAMPLE(name, ending, what)                                                                     \
    EMBED_FILE("attn_sample_" #name, ATTN_DATA "/" #name ending);                                            \
    extern const unsigned char attn_sample_##name[], attn_sample_##name##_end[];
SAMPLES(EMBED_SAMPLE)
#define EMBED_PICTURE(name, what)                                                                            \
    EMBED_FILE("attn_picture_" #name, ATTN_DATA "/" #name ".png");                                           \
    extern const unsigned char attn_picture_##name[], attn_picture_##name##_end[];
SAMPLE_PICTURES(EMBED_PICTURE)

#define SAMPLE_ROW(name, ending, what) {#name, what, attn_sample_##name, attn_sample_##name##_end, false},
#define PICTURE_ROW(name, what) {#name ".png", what, attn_picture_##name, attn_picture_##name##_end, true},
static const struct sample {
    const char *name, *what;
    const unsigned char *data, *end;
    bool is_picture;
} samples[] = {SAMPLES(SAMPLE_ROW) SAMPLE_PICTURES(PICTURE_ROW)};
enum { SAMPLE_COUNT = sizeof samples / sizeof *samples };

static const struct sample *sample_named(const char *name, struct error *error)
{
    const char *names[SAMPLE_COUNT + 2] = {NULL};
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        if (strcmp(samples[i].name, name) == 0)
            return &samples[i];
        names[i] = samples[i].name;
    }
    names[SAMPLE_COUNT] = SAMPLE_RANDOM;
    const char *near = text_nearest(name, names);
    error_set(error, ERROR_USAGE, "unknown sample %s; %s%s%s", name,
              near ? "did you mean " : "see attn sample", near ? near : "", near ? "?" : "");
    return NULL;
}

static void sample_list(struct out *out)
{
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        out_format(out, "%-18s %s\n", samples[i].name, samples[i].what);
    out_format(out, "%-18s %s\n", SAMPLE_RANDOM, sample_random_what);
}

static bool sample_run(const struct options *options, struct error *error)
{
    const char *name = options->operand_count > 0 ? options->operands[0] : NULL;
    const bool is_random = name && strcmp(name, SAMPLE_RANDOM) == 0;
    const struct sample *sample = NULL;
    if (options->operand_count > 1)
        return error_set(error, ERROR_USAGE, "sample takes one name; see attn sample");
    if (!is_random && random_is_asked(options->own))
        return error_set(error, ERROR_USAGE,
                         "--n, --m, --d, --heads and --seed: expected attn sample " SAMPLE_RANDOM);
    if (name && !is_random && !(sample = sample_named(name, error)))
        return false;
    if (sample && sample->is_picture && isatty(STDOUT_FILENO))
        return error_set(error, ERROR_USAGE,
                         "%s is a picture, and no terminal can show it: expected attn sample %s >%s", name,
                         name, name);
    struct out out;
    out_begin(&out, STDOUT_FILENO, "standard output");
    bool ok = true;
    if (is_random)
        ok = sample_random_write(&out, options->own, error);
    else if (sample)
        out_bytes(&out, sample->data, (size_t)(sample->end - sample->data));
    else
        sample_list(&out);
    ok = ok && out_finish(&out, error);
    out_free(&out);
    return ok;
}

const struct command command_sample = {
    .name = "sample",
    .operands = "[NAME]",
    .summary = "list the built-in sample inputs, or print one",
    .example = "  attn sample                               what there is\n"
               "  attn sample sentence | attn run -         run one\n"
               "  attn sample patches.png >patches.png      the picture behind its patches\n"
               "  attn sample random --n 40 --seed 2 | attn stats -\n",
    .operand_kind = OPERANDS_SAMPLES,
    .groups = (const struct option_group *const[]){&group_random, &group_help, NULL},
    .own_size = sizeof(struct random_options),
    .own_defaults = &(const struct random_options){0},
    .run = sample_run,
};
