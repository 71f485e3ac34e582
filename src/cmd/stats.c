/* attn stats: what heads do, in numbers. */
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "cmd/answer.h"
#include "cmd/computation.h"
#include "cmd/computation_say.h"
#include "cmd/option_rows.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"
#include "cmd/options.h"
#include "cmd/stats_heads.h"
#include "cmd/stats_inputs.h"
#include "cmd/stats_options.h"
#include "cmd/stats_sheet.h"
#include "cmd/thresholds.h"
#include "compute/definitions.h"
#include "engine/engine.h"

/* What a command holds: the measures of heads, or a sheet in their place. */
struct stats_run {
    struct computation computation;
    const struct options *options;
    struct answer answer;
    bool is_sheet;
    struct stats_heads heads;
    struct sheet sheet;
    double read, attended; /* seconds that were needed, of all inputs */
    const char *engine;    /* what computed the last input */
};

/* ---- options ---- */

static bool stats_plan(struct stats_run *run, const struct options *options, struct error *error)
{
    const struct stats_options *own = options->own;
    run->is_sheet = stats_sheet_is_wanted(&own->sheet);
    return answer_find(&run->answer, own->output, (enum answer_format)own->format,
                       own->per_row ? ANSWER_JSON : ANSWER_TABLE, error) &&
           stats_sheet_plan(&run->sheet, options, own, run->answer.format, error) &&
           (run->is_sheet || stats_heads_plan(&run->heads, own, run->answer.format, error)) &&
           (!own->output || file_check(own->output, error));
}

/* ---- from files to numbers ---- */

static bool stats_put(const void *context, const struct answer *answer, struct out *out, struct error *error)
{
    const struct stats_run *run = context;
    return run->is_sheet ? stats_sheet_write(out, &run->sheet, run->options, answer, error)
                         : stats_heads_write(out, &run->heads, &run->options->style, answer, error);
}

/* One input, from its files to the numbers of its heads. */
static bool stats_compute(struct stats_run *run, const struct options *options, struct error *error)
{
    const double start = clock_seconds();
    const struct stats_options *own = options->own;
    struct computation *c = &run->computation;
    if (!computation_begin(c, options, error))
        return false;
    c->request.measures_only = true;
    c->request.without_masks = true;
    stats_sheet_request(c, &own->sheet);
    bool ok = computation_read(c, options, &command_stats, error) && computation_check(c, options, error) &&
              computation_select(c, options, error) &&
              (run->is_sheet || stats_heads_watch(&run->heads, c, own, error));
    computation_warn(c);
    if (!ok)
        return false;
    if (options->verbose)
        computation_say(c);
    const double read = clock_seconds();
    ok = computation_compute(c, error) &&
         (run->is_sheet ? stats_sheet_fill(&run->sheet, c, options, own, error)
                        : stats_heads_list(&run->heads, c, error));
    computation_warn(c);
    run->read += read - start;
    run->attended += clock_seconds() - read;
    run->engine = c->parts[0].result.engine;
    return ok;
}

/* All inputs of a data set: each is let go of before the next is read. */
static bool stats_compute_set(struct stats_run *run, const struct options *options, struct error *error)
{
    struct stats_inputs inputs = {.all = options};
    bool ok = true;
    while (ok && stats_inputs_next(&inputs, error)) {
        run->computation = (struct computation){.called = inputs.called};
        ok = stats_compute(run, &inputs.options, error) &&
             stats_heads_gather(&run->heads, &run->computation, inputs.called, error);
        if (!ok)
            stats_inputs_name(&inputs, error);
        computation_free(&run->computation);
    }
    stats_inputs_free(&inputs);
    run->computation = (struct computation){0};
    return error->kind == ERROR_NONE && stats_heads_list_set(&run->heads, options->input.title, error);
}

static bool stats_all(struct stats_run *run, const struct options *options, struct error *error)
{
    const double start = clock_seconds();
    const struct stats_options *own = options->own;
    if (!stats_plan(run, options, error) ||
        !(own->data_set ? stats_compute_set : stats_compute)(run, options, error))
        return false;
    stats_heads_order(&run->heads);
    const double made = clock_seconds();
    const bool ok = answer_write(&run->answer, stats_put, run, error);
    if (ok && options->verbose)
        fprintf(stderr, "time read=%.4f attend=%.4f write=%.4f total=%.4f engine=%s threads=%d\n", run->read,
                run->attended, clock_seconds() - made, clock_seconds() - start, run->engine,
                engine_threads((int)options->engine.threads));
    return ok;
}

static bool stats_run(const struct options *options, struct error *error)
{
    struct options of_tokens = *options; /* a head sees no words, whatever the input makes of them */
    of_tokens.selection.words = WORDS_NO;
    struct stats_run run = {.options = &of_tokens};
    const bool ok = stats_all(&run, &of_tokens, error);
    stats_heads_free(&run.heads);
    sheet_free(&run.sheet);
    computation_free(&run.computation);
    return ok;
}

static const struct option_row stats_rows[] = {
    {.name = "sort",
     .argument = "MEASURE",
     .help = "the largest first; -MEASURE: the smallest first (default: by layer and head):",
     .listed = stat_words,
     .parse = value_string,
     OPTION_OWN(struct stats_options, sort)},
    {.name = "best",
     .argument = "N",
     .help = "only the first N heads",
     .parse = value_count,
     .least = 1,
     .most = 1000000000,
     OPTION_OWN(struct stats_options, best)},
    {.name = "thresholds",
     .argument = "LIST",
     .help = "from which value on heads have a label, as induction=0.3,local=0.9; labels:",
     .listed = label_words,
     .parse = value_thresholds,
     OPTION_OWN(struct stats_options, thresholds)},
    OPTION_ROW_LAYERS,
    OPTION_ROW_HEADS,
    OPTION_ROW_PICKS,
    OPTION_ROW_LEAVE_OUT,
    OPTION_ROW_RENORMALIZE,
    OPTION_ROW_FORMAT(struct stats_options, format),
    OPTION_ROW_OUTPUT(struct stats_options, output),
    {.name = "measure",
     .argument = "MEASURE",
     .help = "of a picture: what it shows of every head, as --sort has them (default: entropy_normalized)",
     .parse = value_string,
     OPTION_OWN(struct stats_options, measure)},
    {.name = "per-row",
     .help = "in JSON and CSV the measures of each row of the heads",
     .parse = value_flag,
     OPTION_OWN(struct stats_options, per_row)},
    {.name = "data-set",
     .help =
         "every INPUT, and every line of one that ends in .jsonl, by itself: means over them, with variances",
     .parse = value_flag,
     OPTION_OWN(struct stats_options, data_set)},
    {.name = "max-rows",
     .argument = "N",
     .help = "most rows held for --per-row, over all heads (default 1Mi)",
     .parse = value_size,
     OPTION_OWN(struct stats_options, max_rows)},
};
static const struct option_group group_stats = OPTION_GROUP("Stats", stats_rows);

static const struct option_row similar_rows[] = {
    {.name = "similar",
     .help = "which heads do alike: the Jensen-Shannon divergence of each two, their order and a map",
     .parse = value_flag,
     OPTION_OWN(struct stats_options, sheet.similar)},
};
static const struct option_group group_similar = OPTION_GROUP("Likeness", similar_rows);

static const struct option_row pattern_rows[] = {
    {.name = "patterns",
     .help = "how much of the weight sparse patterns of pairs hold, and how many keys make 0.9 and 0.95",
     .parse = value_flag,
     OPTION_OWN(struct stats_options, sheet.patterns)},
    {.name = "budget",
     .argument = "X",
     .help = "the share of the pairs that a pattern may have (default 0.1)",
     .parse = value_number,
     .least = 0,
     .most = 1,
     OPTION_OWN(struct stats_options, sheet.budget)},
    {.name = "pattern-block",
     .argument = "N",
     .help = "the side of a block (default 64, or an eighth of the keys)",
     .parse = value_count,
     .least = 1,
     .most = 1000000000,
     OPTION_OWN(struct stats_options, sheet.pattern_block)},
};
static const struct option_group group_patterns = OPTION_GROUP("Patterns", pattern_rows);

static const struct option_row definition_rows[] = {
    {.name = "definition",
     .argument = "NAME",
     .words = definition_words,
     .help = "measure what others call so, as they do:",
     .listed = definition_words,
     .parse = value_word,
     .least = 1,
     OPTION_OWN(struct stats_options, sheet.definition)},
    {.name = "error-measure",
     .argument = "NAME",
     .words = "mul abs",
     .help = "transformerlens: the weight on the pattern, mul (default), or the difference from it, abs",
     .parse = value_word,
     .least = 1,
     OPTION_OWN(struct stats_options, sheet.error_measure)},
    {.name = "exclude-bos",
     .help = "transformerlens: without the first key",
     .parse = value_flag,
     OPTION_OWN(struct stats_options, sheet.exclude_bos)},
    {.name = "exclude-current-token",
     .help = "transformerlens: without the query's own key",
     .parse = value_flag,
     OPTION_OWN(struct stats_options, sheet.exclude_current_token)},
    {.name = "epsilon",
     .argument = "X",
     .help = "gu2024: a head whose first token has more is a sink (default 0.3)",
     .parse = value_number,
     .least = 0,
     .most = 1,
     OPTION_OWN(struct stats_options, sheet.epsilon)},
    {.name = "patch-size",
     .argument = "N",
     .help = "vit: pixels from a patch to the next (default 1: distances in patches)",
     .parse = value_count,
     .least = 1,
     .most = 1048576,
     OPTION_OWN(struct stats_options, sheet.patch_size)},
};
static const struct option_group group_definitions = OPTION_GROUP("Definitions", definition_rows);

static const struct option_row alignment_rows[] = {
    {.name = "links",
     .argument = "FILE",
     .is_file = true,
     .help = "measure how well heads align two sentences, beside the gold links of a line of this file: "
             "KEY-QUERY, or KEYpQUERY for a possible one",
     .parse = value_file,
     OPTION_OWN(struct stats_options, sheet.links)},
    {.name = "links-reverse",
     .help = "links are QUERY-KEY",
     .parse = value_flag,
     OPTION_OWN(struct stats_options, sheet.links_reverse)},
    {.name = "links-line",
     .argument = "N",
     .help = "the line of links that is taken, from 0 (default: the number of --batch, or the first)",
     .parse = value_count,
     .least = 0,
     .most = 1000000000,
     OPTION_OWN(struct stats_options, sheet.links_line)},
    {.name = "links-first",
     .argument = "0|1",
     .help = "the number of the first word in links (default 0)",
     .parse = value_count,
     .least = 0,
     .most = 1,
     OPTION_OWN(struct stats_options, sheet.links_first)},
    {.name = "dtw",
     .help = "when each query is spoken, where keys are frames of sound: the path that Whisper takes through "
             "the mean of the chosen heads, as token, start and end",
     .parse = value_flag,
     OPTION_OWN(struct stats_options, sheet.dtw)},
    {.name = "seconds-per-key",
     .argument = "X",
     .help = "of dtw: the time of a frame (default 0.02)",
     .parse = value_number,
     .least = 0,
     .most = 1000000,
     OPTION_OWN(struct stats_options, sheet.seconds_per_key)},
    {.name = "median-width",
     .argument = "N",
     .help = "of dtw: weights are the median of so many frames (default 7)",
     .parse = value_count,
     .least = 1,
     .most = 9999,
     OPTION_OWN(struct stats_options, sheet.median_width)},
    {.name = "apc",
     .help =
         "contacts of a protein's residues: symmetrized weights, corrected by the average product; a matrix "
         "a head",
     .parse = value_flag,
     OPTION_OWN(struct stats_options, sheet.apc)},
    {.name = "queries",
     .argument = "A:B",
     .help = "align only the queries from A up to, not with, B; A is then word 0 of links",
     .parse = value_range,
     OPTION_AT(selection.queries)},
    {.name = "keys",
     .argument = "A:B",
     .help = "only the keys from A up to, not with, B; A is then word 0 of links",
     .parse = value_range,
     OPTION_AT(selection.keys)},
    {.name = "average",
     .argument = "WHAT",
     .words = "heads layers heads,layers",
     .help = "of links and apc: the mean over the heads, the layers, or both, instead of each",
     .parse = value_average,
     OPTION_AT(selection.average)},
};
static const struct option_group group_alignment = OPTION_GROUP("Alignment", alignment_rows);

const struct command command_stats = {
    .name = "stats",
    .operands = "INPUT…",
    .summary = "what heads do: measures and labels of every head",
    .example = "  attn stats x.json                         a table of all heads\n"
               "  attn stats x.npz --sort induction --best 5\n"
               "  attn stats x.npz -o heads.csv\n"
               "  attn stats x.npz --measure induction -o heads.png\n"
               "  attn stats --data-set texts.jsonl\n"
               "  attn stats x.npz --definition transformerlens\n"
               "  attn stats x.npz --links gold.txt --average heads\n"
               "  attn stats x.npz --similar --sort -nearest_js\n",
    .groups = (const struct option_group *const[]){&group_stats, &group_similar, &group_patterns,
                                                   &group_definitions, &group_alignment, &group_masks,
                                                   &group_attention, &group_memory, &group_forms,
                                                   &group_picture, &group_input, &group_general, &group_help,
                                                   &group_input_files, NULL},
    .own_size = sizeof(struct stats_options),
    .own_defaults = &(const struct stats_options){.sheet = SHEET_OPTIONS_DEFAULT},
    .run = stats_run,
};
