/* attn stats: what heads do, in numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/out.h"
#include "base/text.h"
#include "base/words.h"
#include "cmd/clock.h"
#include "cmd/computation.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"
#include "cmd/options.h"
#include "cmd/stats_sheet.h"
#include "compute/definitions.h"
#include "compute/head_stats.h"
#include "engine/engine.h"
#include "view/sheet_table.h"
#include "view/stats_table.h"
#include "write/stats.h"

enum stats_format { STATS_AUTO, STATS_TABLE, STATS_JSON, STATS_CSV };
static const char stats_formats[] = "table json csv";

/* The options of stats alone. */
struct stats_options {
    const char *sort; /* a measure, with a minus in front for rising order; NULL: by layer and head */
    size_t best;      /* heads that are shown; 0: all */
    int format;       /* enum stats_format */
    const char *output;
    struct sheet_options sheet;
};

/* How heads are sorted. */
struct stats_order {
    enum stat stat; /* STAT_COUNT: as they were chosen */
    bool rises;
};

/* What a command holds. */
struct stats_run {
    struct computation computation;
    struct stats *parts; /* one a part; owned */
    struct stats_head *heads;
    size_t count;
    struct sheet sheet; /* has columns where it is asked for in the place of the measures */
};

/* ---- options ---- */

/* The measure of --sort; STAT_COUNT: by layer and head. */
static bool find_order(const struct stats_options *own, struct stats_order *order, struct error *error)
{
    const char *name = own->sort;
    *order = (struct stats_order){.stat = STAT_COUNT, .rises = name && name[0] == '-'};
    if (!name)
        return true;
    name += order->rises;
    if ((order->stat = stat_named(name)) < STAT_COUNT)
        return true;
    return words_error(stat_words, "--sort", name, NULL, ERROR_USAGE, error);
}

static bool find_format(const struct stats_options *own, enum stats_format *format, struct error *error)
{
    const bool json = own->output && text_ends_caseless(own->output, ".json"),
               csv = own->output && text_ends_caseless(own->output, ".csv");
    *format = (enum stats_format)own->format;
    if (own->output && strcmp(own->output, "-") != 0 && *format == STATS_AUTO) {
        if (!json && !csv)
            return error_set(error, ERROR_USAGE,
                             "-o %s: expected a name ending in .json or .csv, or --format", own->output);
        *format = json ? STATS_JSON : STATS_CSV;
    }
    if (*format == STATS_AUTO)
        *format = isatty(STDOUT_FILENO) ? STATS_TABLE : STATS_JSON;
    return true;
}

/* ---- the list of heads ---- */

/* What puts heads into order, the least first: without the measure a head comes last. */
static double rank_of(const struct head_stats *stats, const struct stats_order *order)
{
    const double value = stats->value[order->stat];
    return isnan(value) ? (double)INFINITY : order->rises ? value : -value;
}

/* Of equal ranks by layer and head. */
static int compare_heads(const void *a, const void *b)
{
    const struct stats_head *left = a, *right = b;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    if (left->layer != right->layer)
        return left->layer < right->layer ? -1 : 1;
    return (left->head > right->head) - (left->head < right->head);
}

/* The chosen heads of a part, in the order in which they were chosen. */
static void list_part(struct stats_run *run, const struct part *part, const struct stats *stats)
{
    const struct problem *p = &part->problem;
    const struct selection *s = &part->selection;
    const size_t layers = s->layers ? s->layer_count : p->layer_count,
                 heads = s->heads ? s->head_count : p->heads;
    for (size_t l = 0; l < layers; l++)
        for (size_t h = 0; h < heads; h++) {
            const size_t layer = s->layers ? s->layers[l] : l, head = s->heads ? s->heads[h] : h;
            run->heads[run->count++] = (struct stats_head){.layer = p->layer_first + layer,
                                                           .head = head,
                                                           .stats = &stats->heads[layer * p->heads + head],
                                                           .problem = p};
        }
}

static bool list_heads(struct stats_run *run, const struct stats_options *own,
                       const struct stats_order *order, struct error *error)
{
    const struct computation *c = &run->computation;
    size_t room = 0;
    for (size_t i = 0; i < c->part_count; i++)
        room += c->parts[i].problem.layer_count * c->parts[i].problem.heads;
    run->heads = memory_alloc(room, sizeof *run->heads, error);
    if (!run->heads)
        return false;
    for (size_t i = 0; i < c->part_count; i++)
        list_part(run, &c->parts[i], &run->parts[i]);
    for (size_t i = 0; i < run->count && order->stat < STAT_COUNT; i++)
        run->heads[i].rank = rank_of(run->heads[i].stats, order);
    if (order->stat < STAT_COUNT && run->count > 0)
        qsort(run->heads, run->count, sizeof *run->heads, compare_heads);
    if (own->best > 0 && own->best < run->count)
        run->count = own->best;
    return true;
}

/* ---- from files to numbers ---- */

static bool stats_prepare(struct stats_run *run, struct error *error)
{
    struct computation *c = &run->computation;
    run->parts = memory_zeroed(c->part_count, sizeof *run->parts, error);
    bool ok = run->parts;
    for (size_t i = 0; ok && i < c->part_count; i++) {
        struct part *part = &c->parts[i];
        ok =
            stats_make(&run->parts[i], &part->problem, &part->selection, part->request.engine.threads, error);
        part->request.watch = stats_watch(&run->parts[i]);
    }
    return ok;
}

static bool stats_write(const struct stats_run *run, const struct stats_options *own,
                        enum stats_format format, struct error *error)
{
    const bool to_file = own->output && strcmp(own->output, "-") != 0;
    struct out out;
    if (to_file && !file_stage(own->output, false, &out, error))
        return false;
    if (!to_file)
        out_begin(&out, STDOUT_FILENO, "standard output");
    out.terminal = !to_file && isatty(STDOUT_FILENO);
    if (stats_sheet_is_wanted(&own->sheet))
        (format == STATS_TABLE  ? sheet_table
         : format == STATS_JSON ? sheet_json
                                : sheet_csv)(&out, &run->sheet);
    else if (format == STATS_TABLE)
        stats_table(&out, run->heads, run->count);
    else if (format == STATS_JSON)
        stats_json(&out, run->heads, run->count);
    else
        stats_csv(&out, run->heads, run->count);
    if (to_file)
        return file_stage_end(&out, error) && file_commit(error);
    const bool ok = out_finish(&out, error);
    out_free(&out);
    return ok;
}

static bool stats_all(struct stats_run *run, const struct options *options, struct error *error)
{
    const double start = clock_seconds();
    const struct stats_options *own = options->own;
    struct computation *c = &run->computation;
    enum stats_format format;
    struct stats_order order = {.stat = STAT_COUNT};
    const bool is_sheet = stats_sheet_is_wanted(&own->sheet);
    const struct sheet_order sheet_order = {own->sort, own->best};
    if (!stats_sheet_plan(&run->sheet, options, &own->sheet, &sheet_order, error) ||
        (!is_sheet && !find_order(own, &order, error)) || !find_format(own, &format, error) ||
        (own->output && !file_check(own->output, error)) || !computation_begin(c, options, error))
        return false;
    c->request.measures_only = true;
    c->request.without_masks = true;
    stats_sheet_request(c, &own->sheet);
    bool ok = computation_read(c, options, &command_stats, error) && computation_check(c, options, error) &&
              computation_select(c, options, error) && (is_sheet || stats_prepare(run, error));
    computation_warn(c);
    if (!ok)
        return false;
    if (options->verbose)
        computation_say(c);
    const double read = clock_seconds();
    ok = computation_compute(c, error) &&
         (!is_sheet || stats_sheet_fill(&run->sheet, c, options, &own->sheet, &sheet_order, error));
    computation_warn(c);
    for (size_t i = 0; ok && run->parts && i < c->part_count; i++)
        stats_finish(&run->parts[i]);
    const double attended = clock_seconds();
    ok = ok && (is_sheet || list_heads(run, own, &order, error)) && stats_write(run, own, format, error);
    if (ok && options->verbose)
        fprintf(stderr, "time read=%.4f attend=%.4f write=%.4f total=%.4f engine=%s threads=%d\n",
                read - start, attended - read, clock_seconds() - attended, clock_seconds() - start,
                c->parts[0].result.engine, engine_threads((int)options->engine.threads));
    return ok;
}

static bool stats_run(const struct options *options, struct error *error)
{
    struct stats_run run = {0};
    struct options of_tokens = *options; /* a head sees no words, whatever the input makes of them */
    of_tokens.selection.words = WORDS_NO;
    const bool ok = stats_all(&run, &of_tokens, error);
    for (size_t i = 0; run.parts && i < run.computation.part_count; i++)
        stats_free(&run.parts[i]);
    free(run.parts);
    free(run.heads);
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
    {.name = "layer",
     .argument = "LIST",
     .help = "only these layers, as 0,3,5:8; -1 is the last",
     .parse = value_list,
     OPTION_AT(selection.layers)},
    {.name = "head",
     .argument = "LIST",
     .help = "only these heads; -1 is the last",
     .parse = value_list,
     OPTION_AT(selection.heads)},
    {.name = "format",
     .argument = "FORMAT",
     .words = stats_formats,
     .help = "of what is printed (default: a table on a terminal, else json):",
     .listed = stats_formats,
     .parse = value_word,
     .least = STATS_TABLE,
     OPTION_OWN(struct stats_options, format)},
    {.name = "output",
     .letter = 'o',
     .argument = "FILE",
     .is_file = true,
     .help = "the file to write, .json or .csv (default: standard output)",
     .parse = value_file,
     OPTION_OWN(struct stats_options, output)},
};
static const struct option_group group_stats = OPTION_GROUP("Stats", stats_rows);

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
static const struct option_row similar_rows[] = {
    {.name = "similar",
     .help = "which heads do alike: the Jensen-Shannon divergence of each two, their order and a map",
     .parse = value_flag,
     OPTION_OWN(struct stats_options, sheet.similar)},
};
static const struct option_group group_similar = OPTION_GROUP("Likeness", similar_rows);
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
    .summary = "what heads do: measures of every head",
    .example = "  attn stats x.json                         a table of all heads\n"
               "  attn stats x.npz --sort induction --best 5\n"
               "  attn stats x.npz -o heads.csv\n"
               "  attn stats x.npz --definition transformerlens\n"
               "  attn stats x.npz --links gold.txt --average heads\n"
               "  attn stats x.npz --similar --sort -nearest_js\n",
    .groups = (const struct option_group *const[]){&group_stats, &group_similar, &group_definitions,
                                                   &group_alignment, &group_masks, &group_attention,
                                                   &group_memory, &group_forms, &group_input, &group_general,
                                                   &group_help, &group_input_files, NULL},
    .own_size = sizeof(struct stats_options),
    .own_defaults = &(const struct stats_options){.sheet = SHEET_OPTIONS_DEFAULT},
    .run = stats_run,
};
