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
#include "cmd/output_format.h"
#include "cmd/thresholds.h"
#include "compute/head_labels.h"
#include "compute/head_stats.h"
#include "engine/engine.h"
#include "view/stats_picture.h"
#include "view/stats_table.h"
#include "write/stats.h"
#include "write/stats_rows.h"

enum stats_format { STATS_AUTO, STATS_TABLE, STATS_JSON, STATS_CSV, STATS_PICTURE };
static const char stats_formats[] = "table json csv";

/* The options of stats alone. */
struct stats_options {
    const char *sort; /* a measure, with a minus in front for rising order; NULL: by layer and head */
    size_t best;      /* heads that are shown; 0: all */
    int format;       /* enum stats_format */
    const char *output;
    const char *measure; /* of a picture */
    bool per_row;
    size_t max_rows;                    /* that may be held; 0: MAX_ROWS */
    struct label_thresholds thresholds; /* 0: the default */
};

enum { MAX_ROWS = 1 << 20 };

/* What is made of the heads. */
struct stats_plan {
    enum stats_format format;
    enum stat measure; /* of a picture */
    enum stat order;   /* STAT_COUNT: as they were chosen */
    bool rises;        /* the smallest first */
};

/* What a command holds. */
struct stats_run {
    struct computation computation;
    struct stats *parts; /* one a part; owned */
    struct stats_head *heads;
    size_t count;
    struct label_thresholds thresholds;
};

/* ---- options ---- */

static bool find_measure(const char *name, const char *option, enum stat *stat, struct error *error)
{
    *stat = stat_named(name);
    return *stat < STAT_COUNT || words_error(stat_words, option, name, NULL, ERROR_USAGE, error);
}

/* The measure of --sort; STAT_COUNT: by layer and head. */
static bool find_order(const struct stats_options *own, struct stats_plan *plan, struct error *error)
{
    plan->order = STAT_COUNT;
    plan->rises = own->sort && own->sort[0] == '-';
    return !own->sort || find_measure(own->sort + plan->rises, "--sort", &plan->order, error);
}

static bool is_file(const struct stats_options *own)
{
    return own->output && strcmp(own->output, "-") != 0;
}

/* The format that the name of the file has; AUTO: none that is known. */
static enum stats_format stats_format_of(const char *path)
{
    const struct output_format *format = output_format_of(path);
    return format && format->painter ? STATS_PICTURE
           : format == &output_json  ? STATS_JSON
           : format == &output_csv   ? STATS_CSV
                                     : STATS_AUTO;
}

static bool find_format(const struct stats_options *own, struct stats_plan *plan, struct error *error)
{
    plan->format = (enum stats_format)own->format;
    if (is_file(own) && plan->format == STATS_AUTO &&
        (plan->format = stats_format_of(own->output)) == STATS_AUTO)
        return error_set(error, ERROR_USAGE,
                         "-o %s: expected a name ending in .json, .csv or .png, or --format", own->output);
    if (plan->format == STATS_AUTO)
        plan->format = isatty(STDOUT_FILENO) && !own->per_row ? STATS_TABLE : STATS_JSON;
    if (own->per_row && plan->format != STATS_JSON && plan->format != STATS_CSV)
        return error_set(error, ERROR_USAGE, "--per-row is of JSON and CSV: expected --format json or csv");
    if (plan->format != STATS_PICTURE && own->measure)
        return error_set(error, ERROR_USAGE,
                         "--measure is what a picture shows: expected -o and a name ending in .png");
    return find_measure(own->measure ? own->measure : stat_names[STAT_ENTROPY_NORMALIZED], "--measure",
                        &plan->measure, error);
}

/* ---- the list of heads ---- */

/* What puts heads into order, the least first: without the measure a head comes last. */
static double rank_of(const struct head_stats *stats, const struct stats_plan *plan)
{
    const double value = stats->value[plan->order];
    return isnan(value) ? (double)INFINITY : plan->rises ? value : -value;
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
            run->heads[run->count++] =
                (struct stats_head){.layer = p->layer_first + layer,
                                    .head = head,
                                    .stats = &stats->heads[layer * p->heads + head],
                                    .rows = stats->records ? stats->records[layer * p->heads + head] : NULL,
                                    .problem = p};
        }
}

static bool list_heads(struct stats_run *run, const struct stats_options *own, const struct stats_plan *plan,
                       struct error *error)
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
    for (size_t i = 0; i < run->count && plan->order < STAT_COUNT; i++)
        run->heads[i].rank = rank_of(run->heads[i].stats, plan);
    for (size_t i = 0; i < run->count; i++)
        run->heads[i].labels = head_labels(run->heads[i].stats, &run->thresholds);
    if (plan->order < STAT_COUNT && run->count > 0)
        qsort(run->heads, run->count, sizeof *run->heads, compare_heads);
    if (own->best > 0 && own->best < run->count)
        run->count = own->best;
    return true;
}

/* ---- from files to numbers ---- */

/* Whether the rows of the chosen heads may be held. */
static bool check_room(const struct computation *c, const struct stats_options *own, struct error *error)
{
    const size_t most = own->max_rows > 0 ? own->max_rows : MAX_ROWS;
    size_t all = 0;
    for (size_t i = 0; i < c->part_count; i++) {
        const struct problem *p = &c->parts[i].problem;
        const struct selection *s = &c->parts[i].selection;
        const size_t layers = s->layers ? s->layer_count : p->layer_count,
                     heads = s->heads ? s->head_count : p->heads;
        size_t rows;
        if (!size_multiply(layers, heads, &rows) || !size_multiply(rows, p->n, &rows) || rows > most - all)
            return error_set(
                error, ERROR_SYSTEM,
                "%zu×%zu heads of %zu queries have more than the %zu rows that --max-rows allows to be "
                "held: raise it, or choose heads",
                layers, heads, p->n, most);
        all += rows;
    }
    return true;
}

static bool stats_prepare(struct stats_run *run, const struct stats_options *own, struct error *error)
{
    struct computation *c = &run->computation;
    if (own->per_row && !check_room(c, own, error))
        return false;
    run->parts = memory_zeroed(c->part_count, sizeof *run->parts, error);
    bool ok = run->parts;
    for (size_t i = 0; ok && i < c->part_count; i++) {
        struct part *part = &c->parts[i];
        ok =
            stats_make(&run->parts[i], &part->problem, &part->selection, part->request.engine.threads, error);
        ok = ok && (!own->per_row || stats_keep_rows(&run->parts[i], error));
        part->request.watch = stats_watch(&run->parts[i]);
    }
    return ok;
}

static bool write_heads(struct out *out, const struct stats_run *run, const struct stats_plan *plan,
                        const struct options *options, struct error *error)
{
    const struct stats_options *own = options->own;
    if (plan->format == STATS_PICTURE)
        return stats_picture(out, run->heads, run->count, plan->measure, &options->style, output_png.painter,
                             error);
    if (plan->format == STATS_TABLE)
        stats_table(out, run->heads, run->count, &run->thresholds);
    else if (plan->format == STATS_JSON)
        stats_json(out, run->heads, run->count, &run->thresholds);
    else
        (own->per_row ? stats_rows_csv : stats_csv)(out, run->heads, run->count);
    return true;
}

static bool stats_write(const struct stats_run *run, const struct options *options,
                        const struct stats_plan *plan, struct error *error)
{
    const struct stats_options *own = options->own;
    struct out out;
    if (is_file(own) && !file_stage(own->output, false, &out, error))
        return false;
    if (!is_file(own))
        out_begin(&out, STDOUT_FILENO, "standard output");
    out.terminal = !is_file(own) && isatty(STDOUT_FILENO);
    bool ok = write_heads(&out, run, plan, options, error);
    if (is_file(own))
        return file_stage_end(&out, error) && ok && file_commit(error);
    ok = out_finish(&out, error) && ok;
    out_free(&out);
    return ok;
}

static bool stats_all(struct stats_run *run, const struct options *options, struct error *error)
{
    const double start = clock_seconds();
    const struct stats_options *own = options->own;
    struct computation *c = &run->computation;
    struct stats_plan plan = {0};
    if (!find_order(own, &plan, error) || !find_format(own, &plan, error) ||
        (own->output && !file_check(own->output, error)) || !computation_begin(c, options, error))
        return false;
    run->thresholds = thresholds_filled(&own->thresholds);
    c->request.measures_only = true;
    c->request.without_masks = true;
    bool ok = computation_read(c, options, &command_stats, error) && computation_check(c, options, error) &&
              computation_select(c, options, error) && stats_prepare(run, own, error);
    computation_warn(c);
    if (!ok)
        return false;
    if (options->verbose)
        computation_say(c);
    const double read = clock_seconds();
    ok = computation_compute(c, error);
    computation_warn(c);
    for (size_t i = 0; ok && i < c->part_count; i++)
        stats_finish(&run->parts[i]);
    const double attended = clock_seconds();
    ok = ok && list_heads(run, own, &plan, error) && stats_write(run, options, &plan, error);
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
     .help = "the file to write, .json, .csv or .png (default: standard output)",
     .parse = value_file,
     OPTION_OWN(struct stats_options, output)},
    {.name = "measure",
     .argument = "MEASURE",
     .help = "of a picture: what it shows of every head, as --sort has them (default: entropy_normalized)",
     .parse = value_string,
     OPTION_OWN(struct stats_options, measure)},
    {.name = "per-row",
     .help = "in JSON and CSV the measures of each row of the heads",
     .parse = value_flag,
     OPTION_OWN(struct stats_options, per_row)},
    {.name = "max-rows",
     .argument = "N",
     .help = "most rows held for --per-row, over all heads (default 1Mi)",
     .parse = value_size,
     OPTION_OWN(struct stats_options, max_rows)},
};
static const struct option_group group_stats = OPTION_GROUP("Stats", stats_rows);

const struct command command_stats = {
    .name = "stats",
    .operands = "INPUT…",
    .summary = "what heads do: measures and labels of every head",
    .example = "  attn stats x.json                         a table of all heads\n"
               "  attn stats x.npz --sort induction --best 5\n"
               "  attn stats x.npz -o heads.csv\n"
               "  attn stats x.npz --measure induction -o heads.png\n",
    .groups = (const struct option_group *const[]){&group_stats, &group_masks, &group_attention, &group_forms,
                                                   &group_picture, &group_input, &group_general, &group_help,
                                                   &group_input_files, NULL},
    .own_size = sizeof(struct stats_options),
    .run = stats_run,
};
