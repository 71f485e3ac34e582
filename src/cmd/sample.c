/* attn sample: the inputs of data/, built into the program. */
#include <string.h>
#include <unistd.h>

#include "base/embed.h"
#include "base/out.h"
#include "base/text.h"
#include "cmd/option.h"
#include "cmd/options.h"

EMBED_FILE("attn_sample_sentence", ATTN_DATA "/sentence.json");
EMBED_FILE("attn_sample_projections", ATTN_DATA "/projections.json");
EMBED_FILE("attn_sample_causal", ATTN_DATA "/causal.json");
EMBED_FILE("attn_sample_cross", ATTN_DATA "/cross.json");
EMBED_FILE("attn_sample_window", ATTN_DATA "/window.json");
EMBED_FILE("attn_sample_packed", ATTN_DATA "/packed.json");
EMBED_FILE("attn_sample_alignment", ATTN_DATA "/alignment.json");
EMBED_FILE("attn_sample_rotary", ATTN_DATA "/rotary.json");
EMBED_FILE("attn_sample_alibi", ATTN_DATA "/alibi.json");
EMBED_FILE("attn_sample_sinusoidal", ATTN_DATA "/sinusoidal.json");
EMBED_FILE("attn_sample_sparsemax", ATTN_DATA "/sparsemax.json");
EMBED_FILE("attn_sample_delta", ATTN_DATA "/delta.json");
EMBED_FILE("attn_sample_grouped", ATTN_DATA "/grouped.json");
EMBED_FILE("attn_sample_induction", ATTN_DATA "/induction.json");
EMBED_FILE("attn_sample_pairs", ATTN_DATA "/pairs.json");
EMBED_FILE("attn_sample_patches", ATTN_DATA "/patches.json");
EMBED_FILE("attn_sample_q", ATTN_DATA "/q.csv");
EMBED_FILE("attn_sample_k", ATTN_DATA "/k.csv");
EMBED_FILE("attn_sample_v", ATTN_DATA "/v.csv");

#define DECLARE(name) extern const unsigned char attn_sample_##name[], attn_sample_##name##_end[]
DECLARE(sentence);
DECLARE(projections);
DECLARE(causal);
DECLARE(cross);
DECLARE(window);
DECLARE(packed);
DECLARE(alignment);
DECLARE(rotary);
DECLARE(alibi);
DECLARE(sinusoidal);
DECLARE(sparsemax);
DECLARE(delta);
DECLARE(grouped);
DECLARE(induction);
DECLARE(pairs);
DECLARE(patches);
DECLARE(q);
DECLARE(k);
DECLARE(v);

static const struct sample {
    const char *name, *what;
    const unsigned char *data, *end;
} samples[] = {
#define SAMPLE(name, what)                                                                                   \
    {                                                                                                        \
#name, what, attn_sample_##name, attn_sample_##name##_end                                            \
    }
    SAMPLE(sentence, "six tokens, two heads: one looks at the token before, one at words of its own kind"),
    SAMPLE(projections, "embeddings with w_q, w_k, w_v and w_o, two heads"),
    SAMPLE(causal, "two causal heads: one spreads its weight evenly, one prefers what is near"),
    SAMPLE(cross, "cross-attention: German words looking for their English ones"),
    SAMPLE(window, "a window of two tokens to each side, and one token that all see"),
    SAMPLE(packed, "three documents in one sequence, causal"),
    SAMPLE(alignment, "additive score: German words and their English ones"),
    SAMPLE(rotary, "rotary positions: a fast pair of columns and a slow one"),
    SAMPLE(alibi, "ALiBi: four causal heads, four slopes"),
    SAMPLE(sinusoidal, "sinusoidal positions; --stage encoding draws them"),
    SAMPLE(sparsemax, "sparsemax: weights that are exactly 0"),
    SAMPLE(delta, "a recurrence with the delta rule: what is written last is what is read"),
    SAMPLE(grouped, "grouped-query attention: four heads, two sets of keys"),
    SAMPLE(induction, "two layers with a residual: an induction head"),
    SAMPLE(pairs, "a pair bias for each head, where q and k say nothing"),
    SAMPLE(patches, "96 patches of a picture behind a CLS token"),
    SAMPLE(q, "queries as CSV; with k and v: attn run --q q.csv --k k.csv --v v.csv"),
    SAMPLE(k, "keys as CSV"),
    SAMPLE(v, "values as CSV"),
};
enum { SAMPLES = sizeof samples / sizeof *samples };

static const struct sample *find(const char *name, struct error *error)
{
    const char *names[SAMPLES + 1] = {NULL};
    for (size_t i = 0; i < SAMPLES; i++) {
        if (strcmp(samples[i].name, name) == 0)
            return &samples[i];
        names[i] = samples[i].name;
    }
    const char *near = text_nearest(name, names);
    error_set(error, ERROR_USAGE, "unknown sample %s; %s%s%s", name,
              near ? "did you mean " : "see attn sample", near ? near : "", near ? "?" : "");
    return NULL;
}

static bool sample_run(const struct options *options, struct error *error)
{
    if (options->operand_count > 1)
        return error_set(error, ERROR_USAGE, "sample takes one name; see attn sample");
    const struct sample *sample = NULL;
    if (options->operand_count == 1 && !(sample = find(options->operands[0], error)))
        return false;
    struct out out;
    out_begin(&out, STDOUT_FILENO, "standard output");
    if (sample)
        out_bytes(&out, sample->data, (size_t)(sample->end - sample->data));
    for (size_t i = 0; !sample && i < SAMPLES; i++)
        out_format(&out, "%-12s %s\n", samples[i].name, samples[i].what);
    bool ok = out_finish(&out, error);
    out_free(&out);
    return ok;
}

const struct command command_sample = {
    .name = "sample",
    .operands = "[NAME]",
    .summary = "list the built-in sample inputs, or print one",
    .example = "  attn sample                               what there is\n"
               "  attn sample sentence | attn run -         run one\n",
    .operand_kind = OPERANDS_SAMPLES,
    .groups = (const struct option_group *const[]){&group_help, NULL},
    .run = sample_run,
};
