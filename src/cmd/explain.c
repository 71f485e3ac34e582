/* attn explain: one query of one head, step by step, with the real numbers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/out.h"
#include "cmd/answer.h"
#include "cmd/computation.h"
#include "cmd/computation_pick.h"
#include "cmd/computation_say.h"
#include "cmd/option_rows.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"
#include "cmd/options.h"
#include "compute/explain.h"
#include "compute/explain_steps.h"
#include "compute/explain_sweep.h"
#include "compute/form_costs.h"
#include "compute/growth.h"
#include "compute/growth_time.h"
#include "engine/kernel.h"
#include "problem/settings_parse.h"
#include "view/explain_picture.h"
#include "view/explain_text.h"
#include "view/form_costs_table.h"
#include "view/growth_picture.h"
#include "view/growth_table.h"
#include "view/sweep_picture.h"
#include "view/sweep_table.h"
#include "write/explanation.h"
#include "write/form_costs_json.h"
#include "write/growth_json.h"
#include "write/sweep_json.h"

/* The options of explain alone. */
struct explain_options {
    const char *query;  /* a number or a token; NULL: the last query */
    size_t rows;        /* keys shown */
    int format;         /* enum answer_format, of which TABLE is the text */
    bool has_rows;      /* `rows` was given */
    bool cost;          /* what forms cost is asked for instead of the steps */
    const char *growth; /* "A:B", the lengths at which it is asked for instead; or NULL */
    bool time;          /* with `growth`, seconds are */
    const char *sweep;  /* "NAME=A:B"; NULL: the steps are asked for */
    const char *output; /* the path of the answer; NULL: standard output */
};

/* The one number of a list, 0 where there is no list. */
static bool explain_choose(size_t *chosen, const struct span_list *list, const size_t *numbers, size_t limit,
                           const char *what, struct error *error)
{
    size_t *places, count;
    bool ok = selection_list(&places, &count, list->span, list->count, numbers, limit, what, error);
    *chosen = ok && places ? places[0] : 0;
    free(places);
    if (ok && count > 1)
        return error_set(error, ERROR_USAGE, "explain takes one %s; see attn run --stage for several", what);
    return ok;
}

/* What is written, and where. */
struct explain_run {
    const struct options *options;
    struct answer answer;
    struct computation computation;
    struct explanation explanation;
    struct explain_steps steps;
    struct sweep_range range; /* count 0: there is no sweep */
    struct sweep sweep;
    struct form_costs costs; /* heads 0: they are not asked for */
    struct growth growth;    /* count 0: it is not asked for */
};

/* What is asked for besides the steps goes with no option that it has no use for. */
static bool explain_check_own(const struct options *options, struct error *error)
{
    const struct explain_options *own = options->own;
    const struct {
        const char *name;
        bool given;
    } others[] = {{"--sweep", own->sweep},
                  {"--query", own->query},
                  {"--head", options->selection.heads.count > 0},
                  {"--pick", options->selection.picks.count > 0},
                  {"--rows", own->has_rows}};
    for (size_t i = 0; (own->cost || own->growth) && i < sizeof others / sizeof *others; i++)
        if (others[i].given)
            return error_set(error, ERROR_USAGE, "%s: expected no %s",
                             own->cost ? "--cost is of all heads and queries of a layer"
                                       : "--growth is of the sizes of a head alone",
                             others[i].name);
    if (own->cost && own->growth)
        return error_set(error, ERROR_USAGE, "--cost is of the tokens of the input: expected no --growth");
    if (own->time && !own->growth)
        return error_set(error, ERROR_USAGE, "--time measures lengths: expected --growth A:B beside it");
    return true;
}

/* Finds where to write, and in which format. */
static bool explain_plan(struct explain_run *run, struct error *error)
{
    const struct explain_options *own = run->options->own;
    struct answer *answer = &run->answer;
    const bool is_file = own->output && strcmp(own->output, "-") != 0;
    *answer = (struct answer){.format = own->format == ANSWER_AUTO ? ANSWER_TABLE : own->format};
    if (!is_file)
        return true;
    answer->path = own->output;
    const enum answer_format named = answer_format_of(own->output, &answer->painter);
    if (own->format != ANSWER_AUTO && answer->painter)
        return error_set(error, ERROR_USAGE, "-o %s is a picture: expected no --format", own->output);
    if (own->format == ANSWER_AUTO) {
        if (named != ANSWER_JSON && named != ANSWER_PICTURE)
            return error_set(error, ERROR_USAGE,
                             "-o %s: expected a name ending in .json, .png or .svg, or --format",
                             own->output);
        answer->format = named;
    }
    if (own->cost && answer->painter)
        return error_set(error, ERROR_USAGE, "-o %s: --cost has no picture; expected a name ending in .json",
                         own->output);
    return file_check(own->output, error);
}

static bool explain_put(const void *context, const struct answer *answer, struct out *out,
                        struct error *error)
{
    const struct explain_run *run = context;
    const struct drawing_style *style = &run->options->style;
    if (run->costs.heads > 0) {
        (answer->format == ANSWER_JSON ? write_form_costs : form_costs_table)(&run->costs, out);
        return true;
    }
    if (run->growth.count > 0 && answer->format == ANSWER_PICTURE)
        return growth_picture(out, &run->growth, run->options->input.title, style, answer->painter, error);
    if (run->growth.count > 0) {
        (answer->format == ANSWER_JSON ? write_growth : growth_table)(&run->growth, out);
        return true;
    }
    if (run->range.count > 0 && answer->format == ANSWER_PICTURE)
        return sweep_picture(out, &run->sweep, style, answer->painter, error);
    if (answer->format == ANSWER_PICTURE)
        return explain_picture(out, &run->steps, run->explanation.layer.problem->title, style,
                               answer->painter, error);
    if (run->range.count > 0 && answer->format == ANSWER_JSON)
        write_sweep(&run->sweep, out);
    else if (run->range.count > 0)
        sweep_table(&run->sweep, &run->steps, out);
    else
        (answer->format == ANSWER_JSON ? write_explanation : explain_text)(&run->steps, out);
    return true;
}

/* The one head of --pick, or the one layer of --layer, whose head is then still to be chosen. */
static bool explain_pick(struct head_place *place, const struct computation *c, const struct options *options,
                         struct error *error)
{
    struct head_place *picked = NULL;
    const struct numbering *numbering = c->parts[0].problem.numbering;
    const size_t *layer_numbers = numbering ? numbering->layers : NULL;
    size_t count = 0;
    *place = (struct head_place){0};
    if (options->selection.picks.count == 0)
        return explain_choose(&place->layer, &options->selection.layers, layer_numbers,
                              c->parts[0].problem.layers_in_all, "layer", error);
    const bool ok = computation_pick(&picked, &count, c, options, error);
    if (ok)
        *place = picked[0];
    free(picked);
    if (ok && count > 1)
        return error_set(error, ERROR_USAGE, "explain takes one head; see attn run --stage for several");
    return ok;
}

/* The part, the layer in it, the head and the query that are asked for. */
static bool explain_find(struct computation *c, const struct part **part, size_t chosen[3],
                         const struct options *options, struct error *error)
{
    const struct explain_options *own = options->own;
    struct head_place place;
    if (!explain_pick(&place, c, options, error))
        return false;
    const struct problem *problem = &(*part = computation_part(c, place.layer))->problem;
    chosen[0] = place.layer - problem->layer_first;
    chosen[1] = place.head;
    chosen[2] = problem->n - 1;
    return (options->selection.picks.count > 0 ||
            explain_choose(&chosen[1], &options->selection.heads,
                           numbering_heads(problem->numbering, place.layer), problem->heads, "head",
                           error)) &&
           (!own->query ||
            selection_token(&chosen[2], "--query", own->query, "", &problem->tokens, &c->warnings, error));
}

/* Refuses values that --NAME would refuse of this input, at both ends of the range. */
static bool explain_check_sweep(const struct explain_run *run, const struct part *part, struct error *error)
{
    bool ok = true;
    for (size_t end = 0; ok && end < 2; end++) {
        struct settings over = run->options->input.settings;
        struct problem trial = {0};
        struct warnings warnings = {0};
        char text[32], called[32];
        sweep_value_text(&run->range, end == 0 ? 0 : run->range.count - 1, text);
        snprintf(called, sizeof called, "--sweep %s", run->range.name);
        ok = settings_parse(&over, run->range.setting, text, called, ERROR_USAGE, error) &&
             problem_make(&trial, part->inputs, &over, &warnings, error);
        problem_free(&trial);
        warnings_free(&warnings);
    }
    return ok;
}

static bool explain_all(struct explain_run *run, struct error *error)
{
    const struct options *options = run->options;
    const struct explain_options *own = options->own;
    struct computation *c = &run->computation;
    const struct part *part = NULL;
    size_t chosen[3] = {0}; /* layer, head, query */
    c->one_layer = true;
    bool ok = explain_check_own(options, error) &&
              (!own->sweep || sweep_parse(&run->range, own->sweep, error)) &&
              (!own->growth || growth_parse(&run->growth, own->growth, error)) && explain_plan(run, error) &&
              computation_begin(c, options, error) && computation_read(c, options, &command_explain, error) &&
              computation_check(c, options, error) && explain_find(c, &part, chosen, options, error) &&
              (!own->sweep || explain_check_sweep(run, part, error));
    computation_warn(c);
    if (!ok)
        return false;
    const struct engine_options engine = {.plain = c->request.engine.plain,
                                          .threads = (int)options->engine.threads};
    if (options->verbose)
        computation_say(c);
    if (own->growth)
        return growth_count(&run->growth, &part->problem, chosen[0], error) &&
               (!own->time || growth_time(&run->growth, (int)options->engine.threads, error)) &&
               answer_write(&run->answer, explain_put, run, error);
    if (own->cost)
        return form_costs_count(&run->costs, &part->problem, chosen[0], (int)options->engine.threads,
                                error) &&
               answer_write(&run->answer, explain_put, run, error);
    if (options->verbose && chosen[0] > 0)
        fprintf(stderr, "attn: layers below by engine=%s, this row in double precision\n",
                engine.plain ? "plain" : kernel_name());
    return explanation_make(&run->explanation, &part->problem, chosen[0], chosen[1], chosen[2], &engine,
                            error) &&
           explain_steps_make(&run->steps, &run->explanation, own->rows, error) &&
           (!own->sweep || sweep_make(&run->sweep, &run->explanation, &run->range, error)) &&
           answer_write(&run->answer, explain_put, run, error);
}

static bool explain_run(const struct options *options, struct error *error)
{
    struct explain_run run = {.options = options};
    const bool ok = explain_all(&run, error);
    sweep_free(&run.sweep);
    explain_steps_free(&run.steps);
    explanation_free(&run.explanation);
    computation_free(&run.computation);
    return ok;
}

static const struct option_row explain_rows[] = {
    {.name = "query",
     .argument = "N|TOKEN",
     .help = "the query, counted from 0, or its token (default: the last)",
     .parse = value_string,
     OPTION_OWN(struct explain_options, query)},
    {.name = "layer",
     .argument = "N",
     .help = "its layer (default: 0); -1 is the last",
     .parse = value_list,
     OPTION_AT(selection.layers)},
    {.name = "head",
     .argument = "N",
     .help = "its head (default: 0); -1 is the last",
     .parse = value_list,
     OPTION_AT(selection.heads)},
    {.name = "pick",
     .argument = "L.H",
     .help = "its layer and head in one, as 5.1",
     .parse = value_picks,
     OPTION_AT(selection.picks)},
    {.name = "rows",
     .argument = "N",
     .help = "most keys shown, the heaviest (default: 16); JSON has all",
     .parse = value_count,
     .least = 1,
     .most = 1000000,
     OPTION_OWN(struct explain_options, rows),
     .given = offsetof(struct explain_options, has_rows)},
    {.name = "sweep",
     .argument = "NAME=A:B",
     .help = "instead of the steps, the row at values of a setting from A to B, with :N at so many:",
     .listed = sweep_words,
     .parse = value_string,
     OPTION_OWN(struct explain_options, sweep)},
    {.name = "cost",
     .help = "instead of the steps, what full, causal, window, block and linear attention cost here",
     .parse = value_flag,
     OPTION_OWN(struct explain_options, cost)},
    {.name = "growth",
     .argument = "A:B",
     .help = "instead of the steps, what these and a recurrence cost at lengths from A to B, doubling",
     .parse = value_string,
     OPTION_OWN(struct explain_options, growth)},
    {.name = "time",
     .help = "with --growth, also the seconds that they take here",
     .parse = value_flag,
     OPTION_OWN(struct explain_options, time)},
    {.name = "format",
     .argument = "FORMAT",
     .words = "text json",
     .help = "text (default) or json",
     .parse = value_word,
     .least = ANSWER_TABLE,
     OPTION_OWN(struct explain_options, format)},
    {.name = "output",
     .letter = 'o',
     .argument = "FILE",
     .is_file = true,
     .help = "the file to write, .json, or .png or .svg, a picture for a slide (default: text on standard "
             "output)",
     .parse = value_file,
     OPTION_OWN(struct explain_options, output)},
    {.name = "title",
     .argument = "TEXT",
     .help = "caption of the picture",
     .parse = value_utf8,
     OPTION_AT(input.title)},
    {.name = "dpi-scale",
     .argument = "X",
     .help = "draw everything X times as large, 1 to 8 (default 1; 2 for slides)",
     .parse = value_number,
     .least = 1,
     .most = 8,
     OPTION_AT(style.dpi_scale)},
    OPTION_ROW_FONT,
};
static const struct option_group group_explain = OPTION_GROUP("Explain", explain_rows);

const struct command command_explain = {
    .name = "explain",
    .operands = "INPUT…",
    .summary = "one query of one head, step by step, with the real numbers",
    .example = "  attn explain x.json                       the last query of the first head\n"
               "  attn explain x.json --query cat --head 1\n"
               "  attn explain x.json -o row.png             a picture for a slide\n"
               "  attn explain x.json --format json | jq .denominator\n",
    .groups = (const struct option_group *const[]){&group_explain, &group_masks, &group_attention,
                                                   &group_forms, &group_input, &group_general, &group_help,
                                                   &group_input_files, NULL},
    .own_size = sizeof(struct explain_options),
    .own_defaults = &(const struct explain_options){.rows = 16},
    .run = explain_run,
};
