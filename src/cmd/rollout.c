/* attn rollout: attention through the layers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/out.h"
#include "base/words.h"
#include "cmd/answer.h"
#include "cmd/computation.h"
#include "cmd/computation_say.h"
#include "cmd/option_rows.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"
#include "cmd/options.h"
#include "cmd/outputs_plan.h"
#include "compute/flow.h"
#include "compute/rollout.h"
#include "compute/rollout_row.h"
#include "engine/engine.h"
#include "view/rollout_picture.h"
#include "view/rollout_table.h"
#include "write/rollout.h"

/* The options of rollout alone. */
struct rollout_options {
    double identity;   /* below 0: not said */
    double discard;    /* a share */
    int contribution;  /* enum contribution */
    int combine;       /* enum combine */
    const char *query; /* a number or a token; NULL: all */
    int format;        /* enum answer_format, of standard output */
    struct string_list outputs;
    bool flow;
};

/* What a command holds. */
struct rollout_run {
    struct computation computation;
    struct rollout rollout;
    struct rollout_told told;
    float *values; /* what is told; owned */
    double *flow;  /* likewise */
    float *mixed;  /* the matrices of the layers that the flow goes through; owned */
    struct patch_view patches;
    bool has_patches;
    bool shows; /* something goes to standard output: */
    enum answer_format shown;
};

/* ---- where it goes ---- */

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

static bool plan_outputs(struct rollout_run *run, const struct rollout_options *own, struct error *error)
{
    bool asks = own->format != ANSWER_AUTO;
    const bool terminal = isatty(STDOUT_FILENO);
    for (size_t i = 0; i < own->outputs.count; i++) {
        const char *path = own->outputs.text[i];
        for (size_t before = 0; before < i; before++)
            if (file_is_same(own->outputs.text[before], path))
                return outputs_error_twice("-o", path, own->outputs.text[before], error);
        asks = asks || is_standard(path);
        if (is_standard(path))
            continue;
        const struct painter *painter;
        if (answer_format_of(path, &painter) == ANSWER_AUTO) {
            char endings[WORDS_LIST];
            words_list(endings, output_answers_all, "or");
            return error_set(error, ERROR_USAGE, "-o %s: expected a name ending in %s, or - for JSON", path,
                             endings);
        }
        if (!file_check(path, error))
            return false;
    }
    run->shows = asks || terminal || own->outputs.count == 0;
    run->shown = own->format != ANSWER_AUTO ? (enum answer_format)own->format
                 : terminal && !asks        ? ANSWER_TABLE
                                            : ANSWER_JSON;
    return true;
}

static bool draws(const struct rollout_options *own)
{
    const struct painter *painter;
    for (size_t i = 0; i < own->outputs.count; i++)
        if (!is_standard(own->outputs.text[i]) &&
            answer_format_of(own->outputs.text[i], &painter) == ANSWER_PICTURE)
            return true;
    return false;
}

static bool write_told(struct rollout_run *run, enum answer_format format, const struct painter *painter,
                       const struct drawing_style *style, struct out *out, struct error *error)
{
    switch (format) {
    case ANSWER_TABLE:
        rollout_table(out, &run->told);
        return true;
    case ANSWER_CSV:
        rollout_csv(out, &run->told);
        return true;
    case ANSWER_NPY:
        rollout_npy(out, &run->told);
        return true;
    case ANSWER_PICTURE:
        return rollout_picture(&run->told, run->has_patches ? &run->patches : NULL, style, painter, out,
                               error);
    case ANSWER_AUTO:
    case ANSWER_JSON:
        break;
    }
    rollout_json(out, &run->told);
    return true;
}

static bool write_file(struct rollout_run *run, const char *path, const struct options *options,
                       struct error *error)
{
    struct out out;
    if (!file_stage(path, false, &out, error))
        return false;
    const struct painter *painter;
    const enum answer_format format = answer_format_of(path, &painter);
    const bool ok = write_told(run, format, painter, &options->style, &out, error);
    return file_stage_end(&out, error) && ok;
}

/* Files get their names together, also where the reader of standard output went away. */
static bool write_all(struct rollout_run *run, const struct options *options, struct error *error)
{
    const struct rollout_options *own = options->own;
    struct error standard = {0};
    struct out out;
    for (size_t i = 0; i < own->outputs.count; i++)
        if (!is_standard(own->outputs.text[i]) && !write_file(run, own->outputs.text[i], options, error))
            return false;
    bool ok = true;
    if (run->shows) {
        out_begin(&out, STDOUT_FILENO, "standard output");
        out.terminal = isatty(STDOUT_FILENO);
        ok = write_told(run, run->shown, NULL, &options->style, &out, &standard) &&
             out_finish(&out, &standard);
        out_free(&out);
    }
    if ((ok || standard.kind == ERROR_PIPE) && !file_commit(error))
        return false;
    return ok || error_set(error, standard.kind, "%s", standard.message);
}

/* ---- what is computed ---- */

/* One layer after the other, all of the same tokens. */
static bool check_parts(const struct computation *c, struct error *error)
{
    const struct problem *first = &c->parts[0].problem, *other = &c->parts[1].problem;
    if (c->part_count < 2)
        return true;
    if (first->heads != other->heads)
        return error_set(error, ERROR_INPUT,
                         "layer %zu has %zu heads, layer %zu has %zu: expected layers of as many heads "
                         "(choose with --layers)",
                         first->layer_first, first->heads, other->layer_first, other->heads);
    return error_set(
        error, ERROR_INPUT,
        "layer %zu has %zu queries and %zu keys, layer %zu has %zu and %zu, or other tokens: expected "
        "layers of the same tokens (choose with --layers)",
        first->layer_first, first->n, first->m, other->layer_first, other->n, other->m);
}

/* What contributions leave no room for. */
static bool check_contribution(const struct rollout_options *own, struct error *error)
{
    const enum contribution contribution = (enum contribution)own->contribution;
    const char *name = contribution_names[contribution];
    if (contribution != CONTRIBUTION_WEIGHTS && own->combine != COMBINE_MEAN)
        return error_set(error, ERROR_USAGE,
                         "--combine does not go with --contribution %s, which adds up the vectors of heads",
                         name);
    if (contribution_is_whole(contribution) && own->identity >= 0)
        return error_set(error, ERROR_USAGE,
                         "--identity does not go with --contribution %s, which has the layer's own residual",
                         name);
    return true;
}

/* The share of the residual, where nobody said one: half, or nothing beside the layer's own. */
static double identity_of(const struct rollout_options *own)
{
    return own->identity >= 0                                            ? own->identity
           : contribution_is_whole((enum contribution)own->contribution) ? 0
                                                                         : 0.5;
}

static bool check_options(const struct options *options, struct error *error)
{
    const struct rollout_options *own = options->own;
    if (!check_contribution(own, error))
        return false;
    if (options->selection.leave_out.count > 0 && own->contribution != CONTRIBUTION_WEIGHTS)
        return error_set(error, ERROR_USAGE,
                         "--leave-out is of weights, and contributions by %s are of the vectors of all "
                         "tokens: expected one of them",
                         contribution_names[own->contribution]);
    return own->discard < 1 ||
           error_set(error, ERROR_USAGE,
                     "--discard is %g: expected a share of the weights from 0 up to, not with, 1",
                     own->discard);
}

static bool prepare(struct rollout_run *run, const struct options *options, struct error *error)
{
    const struct rollout_options *own = options->own;
    struct computation *c = &run->computation;
    struct part *part = &c->parts[0];
    struct rollout_told *told = &run->told;
    bool wanted = false;
    if (!check_parts(c, error))
        return false;
    *told = (struct rollout_told){.rollout = &run->rollout, .is_row = own->query, .query = SIZE_MAX};
    run->rollout.mix = (struct mix_options){.contribution = (enum contribution)own->contribution,
                                            .identity = identity_of(own),
                                            .combine = (enum combine)own->combine,
                                            .discard = own->discard};
    if (own->query &&
        !selection_token(&told->query, "--query", own->query, "", &part->problem.tokens, &c->warnings, error))
        return false;
    const bool ok =
        rollout_open(&run->rollout, &part->problem, &part->selection, &part->request.engine, error) &&
        (own->contribution != CONTRIBUTION_NORM_RESIDUAL || rollout_ask_mixing(&run->rollout, error)) &&
        (!draws(own) ||
         rollout_patches(&run->patches, &wanted, &options->patch, &part->problem, told->query, error));
    run->has_patches = wanted;
    return ok;
}

/* The row of one query out of the whole, where it cannot be had alone. */
static bool cut_row(struct rollout_run *run, struct error *error)
{
    const size_t n = run->rollout.rows.problem->n;
    float *row = memory_alloc(n, sizeof *row, error);
    if (!row)
        return false;
    memcpy(row, run->values + run->told.query * n, n * sizeof *row);
    free(run->values);
    run->values = row;
    return true;
}

static bool compute_row(struct rollout_run *run, struct error *error)
{
    run->values = memory_alloc(run->rollout.rows.problem->n, sizeof *run->values, error);
    return run->values && rollout_row(&run->rollout, run->told.query, run->values, error);
}

static bool compute_flow(struct rollout_run *run, struct error *error)
{
    const struct rollout *rollout = &run->rollout;
    const struct flow_graph graph = {rollout->rows.problem->n, rollout->end - rollout->first, run->mixed};
    const size_t rows = rollout_rows(&run->told);
    run->flow = memory_alloc(rows * graph.n, sizeof *run->flow, error);
    return run->flow && flow_compute(&graph, run->told.is_row ? run->told.query : 0, rows, run->flow,
                                     rollout->rows.engine.threads, error);
}

static bool compute(struct rollout_run *run, const struct rollout_options *own, struct error *error)
{
    const struct mix_options *mix = &run->rollout.mix;
    const bool streams = run->told.is_row && !own->flow && mix->contribution == CONTRIBUTION_WEIGHTS &&
                         mix->combine == COMBINE_MEAN && mix->discard == 0;
    const bool ok =
        streams ? compute_row(run, error)
                : rollout_matrix(&run->rollout, &run->values, own->flow ? &run->mixed : NULL, error) &&
                      (!run->told.is_row || cut_row(run, error)) && (!own->flow || compute_flow(run, error));
    run->told.values = run->values;
    run->told.flow = run->flow;
    return ok;
}

static void warn(struct rollout_run *run)
{
    const struct mix_seen *seen = &run->rollout.seen;
    struct warnings *warnings = &run->computation.warnings;
    const size_t n = run->rollout.rows.problem->n;
    size_t empty = 0;
    if (seen->blind > 0)
        warnings_add(warnings, "%zu of %zu rows %s: %s", seen->blind, seen->rows,
                     run->rollout.mix.contribution == CONTRIBUTION_WEIGHTS ? "see nothing"
                                                                           : "have no contributions",
                     run->rollout.mix.identity > 0 ? "they are their own tokens alone" : "they are 0");
    if (seen->off > 0 && !run->rollout.rows.problem->is_left) /* tokens that were left out had the rest */
        warnings_add(warnings, "%zu of %zu rows do not sum to 1: each is divided by its sum", seen->off,
                     seen->rows);
    if (seen->nan > 0)
        warnings_add(warnings, "%zu of %zu rows hold NaN or infinity, and so does what they reach", seen->nan,
                     seen->rows);
    for (size_t i = 0; i < rollout_rows(&run->told); i++) {
        bool any = false;
        for (size_t j = 0; j < n && !any; j++)
            any = run->values[i * n + j] != 0;
        empty += !any;
    }
    if (empty > 0)
        warnings_add(warnings, "%zu of %zu queries come from no token", empty, rollout_rows(&run->told));
}

static bool rollout_all(struct rollout_run *run, const struct options *options, struct error *error)
{
    const double start = clock_seconds();
    const struct rollout_options *own = options->own;
    struct computation *c = &run->computation;
    if (options->patch.view == VIEW_LINES)
        return error_set(error, ERROR_USAGE,
                         "--view lines draws weights of a layer: expected it of attn run");
    if (!check_options(options, error) || !plan_outputs(run, own, error) ||
        !computation_begin(c, options, error))
        return false;
    c->request.measures_only = true;
    c->request.without_masks = true;
    c->request.max_weights = SIZE_MAX; /* of what --leave-out holds; what is rolled out is as large */
    bool ok = computation_read(c, options, &command_rollout, error) && computation_check(c, options, error) &&
              computation_select(c, options, error) && prepare(run, options, error);
    computation_warn(c);
    if (!ok)
        return false;
    if (options->verbose)
        computation_say(c);
    const double read = clock_seconds();
    const double pairs = (double)run->rollout.rows.problem->n * (double)run->rollout.rows.problem->n *
                         (double)layer_rows_heads(&run->rollout.rows) *
                         (double)(run->rollout.end - run->rollout.first);
    progress_begin(&c->progress, c->quiet, pairs);
    progress_part(&c->progress, pairs, &c->parts[0].result.engine);
    ok = compute(run, own, error);
    progress_end(&c->progress);
    if (ok)
        warn(run);
    computation_warn(c);
    const double attended = clock_seconds();
    ok = ok && write_all(run, options, error);
    if (ok && options->verbose)
        fprintf(stderr, "time read=%.4f attend=%.4f write=%.4f total=%.4f threads=%d\n", read - start,
                attended - read, clock_seconds() - attended, clock_seconds() - start,
                engine_threads((int)options->engine.threads));
    return ok;
}

static bool rollout_run(const struct options *options, struct error *error)
{
    struct rollout_run run = {0};
    struct options of_tokens = *options; /* layers pass on tokens, whatever words the input makes of them */
    of_tokens.selection.words = WORDS_NO;
    const bool ok = rollout_all(&run, &of_tokens, error);
    free(run.values);
    free(run.flow);
    free(run.mixed);
    patch_view_free(&run.patches);
    rollout_free(&run.rollout);
    computation_free(&run.computation);
    return ok;
}

static const struct option_row rollout_rows_own[] = {
    {.name = "contribution",
     .argument = "KIND",
     .words = contribution_words,
     .help = "what tokens contribute by (default: weights):",
     .listed = contribution_words,
     .parse = value_word,
     .least = CONTRIBUTION_WEIGHTS,
     OPTION_OWN(struct rollout_options, contribution)},
    {.name = "identity",
     .argument = "C",
     .help = "the share of the residual, from 0 to 1 (default: 0.5)",
     .parse = value_number,
     .most = 1,
     OPTION_OWN(struct rollout_options, identity)},
    {.name = "combine",
     .argument = "mean|max|min",
     .words = combine_words,
     .help = "how heads become one (default: mean)",
     .parse = value_word,
     .least = COMBINE_MEAN,
     OPTION_OWN(struct rollout_options, combine)},
    {.name = "discard",
     .argument = "R",
     .help = "the share of the combined weights, the smallest, that become 0 (default: 0)",
     .parse = value_number,
     .most = 1,
     OPTION_OWN(struct rollout_options, discard)},
    {.name = "layers",
     .argument = "A:B",
     .help = "only the layers from A up to, not with, B; -1 is the last",
     .parse = value_list,
     OPTION_AT(selection.layers)},
    OPTION_ROW_HEADS,
    OPTION_ROW_PICKS,
    OPTION_ROW_LEAVE_OUT,
    OPTION_ROW_RENORMALIZE,
    {.name = "query",
     .argument = "N|TOKEN",
     .help = "one query, counted from 0, or its token (default: all)",
     .parse = value_string,
     OPTION_OWN(struct rollout_options, query)},
    {.name = "flow",
     .help = "the maximum flow to each input token as well; in pictures, tables and NPY instead",
     .parse = value_flag,
     OPTION_OWN(struct rollout_options, flow)},
    OPTION_ROW_FORMAT(struct rollout_options, format),
    {.name = "output",
     .letter = 'o',
     .argument = "PATH",
     .is_file = true,
     .help = "a file to write, or - for standard output; may be repeated. Endings:",
     .listed = output_answers_all,
     .parse = value_strings,
     OPTION_OWN(struct rollout_options, outputs)},
};
static const struct option_group group_rollout = OPTION_GROUP("Rollout", rollout_rows_own);

const struct command command_rollout = {
    .name = "rollout",
    .operands = "INPUT…",
    .summary = "attention through the layers: which input tokens each token comes from",
    .example = "  attn rollout x.json                       the heaviest tokens of every query\n"
               "  attn rollout x.npz --query cat -o row.csv\n"
               "  attn rollout vit.npz --query 0 --image photo.png -o seen.png\n",
    .groups = (const struct option_group *const[]){&group_rollout, &group_masks, &group_attention,
                                                   &group_forms, &group_picture, &group_patches, &group_input,
                                                   &group_general, &group_help, &group_input_files, NULL},
    .own_size = sizeof(struct rollout_options),
    .own_defaults = &(const struct rollout_options){.identity = -1},
    .run = rollout_run,
};
