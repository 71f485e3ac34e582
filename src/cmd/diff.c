/* attn diff: what changed between two runs, head by head. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "cmd/answer.h"
#include "cmd/diff_sides.h"
#include "cmd/option_rows.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"
#include "cmd/options.h"
#include "compute/head_diff.h"
#include "engine/engine.h"
#include "view/diff_picture.h"
#include "view/diff_table.h"
#include "write/diff.h"

static const char diff_sorts[] = "max mean js";

/* What a command holds. */
struct diff_run {
    struct diff_side sides[2];
    struct diff diff;
    struct diff_line *lines;
    struct diff_report report;
};

/* ---- the list of heads ---- */

/* What puts heads into order, the least first: what one side alone has, then without a largest difference, then the largest; without
 * another number a head comes last. */
static double diff_rank(const struct diff_head *head, enum diff_sort sort)
{
    const double value = sort == SORT_MAX ? head->max : sort == SORT_MEAN ? head->mean : head->js;
    if (!head->match)
        return -INFINITY;
    if (isnan(value))
        return sort == SORT_MAX ? -(double)INFINITY : (double)INFINITY;
    return -value;
}

/* Of equal ranks by layer and head. */
static int compare_lines(const void *a, const void *b)
{
    const struct diff_line *left = a, *right = b;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    if (left->diff->layer != right->diff->layer)
        return left->diff->layer < right->diff->layer ? -1 : 1;
    return (left->diff->head > right->diff->head) - (left->diff->head < right->diff->head);
}

/* The measures of a head of one side. */
static const struct head_stats *stats_of(const struct diff_side *side, const struct diff_view *view)
{
    if (!view->excerpt)
        return NULL;
    const size_t part = (size_t)(view->excerpt - side->variant.computation.excerpts.list);
    const size_t heads = side->variant.computation.parts[part].problem.heads;
    return &side->stats.list[part].heads[view->excerpt->layer_index[view->l] * heads +
                                         excerpt_head(view->excerpt, view->l, view->h)];
}

static bool list_lines(struct diff_run *run, const struct diff_options *own, struct error *error)
{
    const struct diff *diff = &run->diff;
    run->lines = memory_zeroed(diff->count, sizeof *run->lines, error);
    if (!run->lines)
        return false;
    run->report = (struct diff_report){.name = {run->sides[0].name, run->sides[1].name},
                                       .lines = run->lines,
                                       .count = diff->count,
                                       .has_tolerance = own->has_tolerance,
                                       .tolerance = own->tolerance};
    for (size_t i = 0; i < diff->count; i++) {
        const struct diff_head *head = &diff->heads[i];
        struct diff_line *line = &run->lines[i];
        line->diff = head;
        for (int side = 0; side < 2; side++)
            line->stats[side] = stats_of(&run->sides[side], &head->side[side]);
        line->rank = own->sort != SORT_HEADS ? diff_rank(head, (enum diff_sort)own->sort) : 0;
        run->report.exceeded += own->has_tolerance && diff_exceeds(head, own->tolerance);
    }
    if (own->sort != SORT_HEADS && diff->count > 0)
        qsort(run->lines, diff->count, sizeof *run->lines, compare_lines);
    if (own->best > 0 && own->best < diff->count)
        run->report.count = own->best;
    return true;
}

/* ---- from files to numbers ---- */

/* What is written, and what of it. */
struct diff_written {
    const struct diff_report *report;
    bool changes;                 /* --changes */
    const struct font_file *font; /* of the picture; NULL: only the built-in ones */
};

static bool diff_put(const void *context, const struct answer *answer, struct out *out, struct error *error)
{
    const struct diff_written *written = context;
    if (answer->format == ANSWER_PICTURE)
        return diff_picture(out, written->report, written->font, answer->painter, error);
    if (answer->format == ANSWER_TABLE)
        diff_table(out, written->report, written->changes);
    else if (answer->format == ANSWER_JSON)
        diff_json(out, written->report);
    else
        diff_csv(out, written->report);
    return true;
}

/* The exit status of --tolerance. */
static bool check_tolerance(const struct diff_report *report, struct error *error)
{
    if (!report->has_tolerance || report->exceeded == 0)
        return true;
    return error_set(error, ERROR_DIFFERS, "%zu %s by more than %.9g", report->exceeded,
                     report->exceeded == 1 ? "head differs" : "heads differ", report->tolerance);
}

static bool diff_all(struct diff_run *run, const struct options *options, struct error *error)
{
    const struct diff_options *own = options->own;
    const struct diff_written written = {&run->report, own->changes, options->style.font};
    struct answer answer;
    if (!answer_find(&answer, own->output, (enum answer_format)own->format, ANSWER_TABLE, error) ||
        (own->output && !file_check(own->output, error)) || !diff_sides_find(run->sides, options, error))
        return false;
    bool ok = diff_side_compute(&run->sides[0], error) && diff_side_compute(&run->sides[1], error);
    diff_sides_warn(run->sides);
    return ok &&
           diff_make(&run->diff, &run->sides[0].variant.computation.excerpts,
                     &run->sides[1].variant.computation.excerpts,
                     engine_threads((int)options->engine.threads), error) &&
           list_lines(run, own, error) && answer_write(&answer, diff_put, &written, error) &&
           check_tolerance(&run->report, error);
}

static bool diff_run(const struct options *options, struct error *error)
{
    struct diff_run run = {0};
    const bool ok = diff_all(&run, options, error);
    free(run.lines);
    diff_free(&run.diff);
    diff_side_free(&run.sides[0]);
    diff_side_free(&run.sides[1]);
    return ok;
}

static const struct option_row diff_rows[] = {
    {.name = "against",
     .argument = "OPTIONS",
     .help = "B is the same with these options too, in quotes",
     .parse = value_string,
     OPTION_OWN(struct diff_options, against)},
    {.name = "tolerance",
     .argument = "X",
     .help = "exit status 4 if a weight of any head differs by more",
     .parse = value_number,
     .least = 0,
     .most = 1000000000,
     .given = offsetof(struct diff_options, has_tolerance),
     OPTION_OWN(struct diff_options, tolerance)},
    {.name = "sort",
     .argument = "MEASURE",
     .words = diff_sorts,
     .help = "the largest first (default: by layer and head):",
     .listed = diff_sorts,
     .parse = value_word,
     .least = SORT_MAX,
     OPTION_OWN(struct diff_options, sort)},
    {.name = "best",
     .argument = "N",
     .help = "only the first N heads",
     .parse = value_count,
     .least = 1,
     .most = 1000000000,
     OPTION_OWN(struct diff_options, best)},
    {.name = "changes",
     .help = "in the table also the measures of attn stats that changed",
     .parse = value_flag,
     OPTION_OWN(struct diff_options, changes)},
    OPTION_ROW_LAYERS,
    OPTION_ROW_HEADS,
    OPTION_ROW_PICKS,
    OPTION_ROW_LEAVE_OUT,
    OPTION_ROW_RENORMALIZE,
    OPTION_ROW_FORMAT(struct diff_options, format),
    OPTION_ROW_OUTPUT(struct diff_options, output),
    OPTION_ROW_FONT,
};
static const struct option_group group_diff = OPTION_GROUP("Diff", diff_rows);

const struct command command_diff = {
    .name = "diff",
    .operands = "A [B]",
    .summary = "what changed between two runs",
    .example = "  attn diff before.json after.json -o diff.png\n"
               "  attn diff x.json --against '--causal --scale 1'\n"
               "  attn diff old.npz new.npz --tolerance 1e-5\n",
    .groups = (const struct option_group *const[]){&group_diff, &group_masks, &group_attention, &group_memory,
                                                   &group_forms, &group_input, &group_general, &group_help,
                                                   &group_input_files, NULL},
    .own_size = sizeof(struct diff_options),
    .run = diff_run,
};
