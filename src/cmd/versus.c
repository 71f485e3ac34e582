#include "cmd/versus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/words.h"
#include "cmd/answer.h"
#include "cmd/computation_say.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"
#include "cmd/output_format.h"
#include "cmd/outputs_plan.h"
#include "cmd/variant.h"
#include "compute/versus.h"
#include "engine/engine.h"
#include "view/missing_glyphs.h"
#include "view/summary.h"
#include "view/versus_picture.h"
#include "view/versus_table.h"
#include "write/versus.h"

/* What a run holds: the variants, the first of which is as given. */
struct versus_run {
    struct variant variants[VERSUS_COLUMNS];
    struct versus_variant told[VERSUS_COLUMNS];
    struct diff diffs[VERSUS_COLUMNS]; /* from the first */
    char *called[VERSUS_COLUMNS];      /* in messages; owned */
    char *own;                         /* the options of the first; owned */
    size_t count;
    enum stage stage;         /* of the figure */
    struct warnings warnings; /* of the figure */
};

/* ---- what goes with --versus ---- */

/* Whether any output is a picture. */
static bool has_picture(const struct options *options)
{
    bool has = false;
    for (size_t i = 0; i < options->output.paths.count; i++) {
        const struct output_format *format = output_format_of(options->output.paths.text[i]);
        has = has || (format && format->painter);
    }
    return has;
}

static bool check_beside(const struct options *options, struct error *error)
{
    const struct output_options *output = &options->output;
    const struct selection_options *selection = &options->selection;
    const struct patch_options *patch = &options->patch;
    const struct {
        bool is_given;
        const char *name;
    } outside[] = {
        {output->steps, "--steps"},
        {output->measures, "--measures"},
        {options->input.order, "--order"},
        {options->input.has_shuffle, "--shuffle"},
        {output->masked_nan, "--masked"},
        {selection->sort, "--sort"},
        {selection->best > 0, "--best"},
        {selection->average != 0, "--average"},
        {selection->words != WORDS_GIVEN && selection->words != WORDS_NO, "--words"},
        {selection->queries.first > 0 || selection->queries.end > 0, "--queries"},
        {selection->keys.first > 0 || selection->keys.end > 0, "--keys"},
        {options->style.columns > 0, "--columns"},
        {options->style.page[0] > 0, "--size"},
        {patch->image_file, "--image"},
        {patch->from, "--look-from"},
        {patch->at, "--look-at"},
        {patch->view != VIEW_AUTO, "--view"},
    };
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (outside[i].is_given)
            return error_set(error, ERROR_USAGE, "--versus and %s: expected one of them", outside[i].name);
    if (output->versus.count >= VERSUS_COLUMNS)
        return error_set(error, ERROR_USAGE, "--versus is given %zu times: expected up to %d",
                         output->versus.count, VERSUS_COLUMNS - 1);
    if (output->stages & (output->stages - 1))
        return error_set(error, ERROR_USAGE, "--versus and several stages: expected one of them");
    return true;
}

/* Whether the words of a variant are all options of the computation. */
static bool check_variant(const struct options *alone, const char *called, struct error *error)
{
    for (size_t i = 0; i < alone->given_count; i++) {
        const struct option_row *row = &alone->given[i].row;
        if (option_is_input(row))
            return error_set(error, ERROR_USAGE,
                             "%s: --%s is another input: expected options of the computation alone", called,
                             row->name);
        if (!option_computes(row))
            return error_set(error, ERROR_USAGE,
                             "%s: --%s is not of the computation: expected it outside of the quotes", called,
                             row->name);
    }
    if (alone->operand_count > 0)
        return error_set(error, ERROR_USAGE, "%s: \"%s\" is no option: expected options alone", called,
                         alone->operands[0]);
    return alone->given_count > 0 || error_set(error, ERROR_USAGE, "%s: expected options", called);
}

/* The paths of -o: pictures, JSON and CSV. */
static bool check_paths(const struct options *options, struct error *error)
{
    const struct string_list *paths = &options->output.paths;
    for (size_t i = 0; i < paths->count; i++) {
        const char *path = paths->text[i];
        const struct painter *painter;
        char endings[WORDS_LIST];
        const enum answer_format format = answer_format_of(path, &painter);
        const bool is_standard = strcmp(path, "-") == 0;
        words_list(endings, output_answers, "or");
        if (!is_standard && (format == ANSWER_AUTO || format == ANSWER_NPY))
            return error_set(error, ERROR_USAGE, "-o %s: with --versus expected a name ending in %s, or -",
                             path, endings);
        for (size_t before = 0; before < i; before++)
            if (file_is_same(paths->text[before], path))
                return outputs_error_twice("-o", path, paths->text[before], error);
        if (!is_standard && !file_check(path, error))
            return false;
    }
    return true;
}

/* ---- the variants ---- */

/* The options of all variants, so that what is wrong is said before anything is computed. */
static bool find_variants(struct versus_run *run, const struct options *options, struct error *error)
{
    const struct string_list *lines = &options->output.versus;
    run->count = lines->count + 1;
    for (size_t v = 0; v < run->count; v++) {
        const char *line = v > 0 ? lines->text[v - 1] : NULL;
        char clean[80] = "";
        text_clean(clean, sizeof clean, line ? line : "");
        run->called[v] = line ? text_format("--versus \"%s\"", clean) : text_format("as given");
        if (!run->called[v])
            return error_memory(error, sizeof clean);
        run->variants[v].called = run->called[v];
        if (!variant_options(&run->variants[v], options, error) ||
            (line && !variant_add(&run->variants[v], line, run->called[v], check_variant, error)))
            return false;
        run->told[v].options = line;
    }
    run->told[0].options = run->own = options_computing(options, error);
    return run->own && variant_check_shared(&run->variants[0], &run->variants[1], error);
}

/* What the figure needs of a variant. */
static bool check_figure(const struct computation *c, enum stage stage, struct error *error)
{
    const struct part *part = &c->parts[0];
    if (c->part_count > 1)
        return error_set(error, ERROR_USAGE,
                         "the layers differ in size: choose those that agree with --layer");
    return stage_is_pairs(&part->problem, &part->selection, stage) ||
           error_set(error, ERROR_USAGE,
                     "--versus draws a stage of pairs of query and key, and --stage %s is none here",
                     stage_names[stage]);
}

static bool compute_variant(struct versus_run *run, struct variant *variant, bool draws, struct error *error)
{
    struct computation *c = &variant->computation;
    const struct options *options = &variant->options;
    if (!computation_begin(c, options, error))
        return false;
    c->request.stages = 1u << run->stage | 1u << STAGE_WEIGHTS;
    c->request.whole_for = "--versus";
    c->request.without_masks = !draws;
    if (!computation_read(c, options, options->command, error) || !computation_check(c, options, error) ||
        !computation_select(c, options, error))
        return false;
    if (draws && !check_figure(c, run->stage, error))
        return false;
    if (options->verbose) {
        fprintf(stderr, "attn: %s:\n", variant->called);
        computation_say(c);
    }
    return computation_compute(c, error);
}

static bool compute_variants(struct versus_run *run, bool draws, struct error *error)
{
    for (size_t v = 0; v < run->count; v++) {
        struct variant *variant = &run->variants[v];
        struct error wrong = {0};
        if (!compute_variant(run, variant, draws, &wrong))
            return error_set(error, wrong.kind, "%s: %s", variant->called, wrong.message);
        run->told[v].excerpts = &variant->computation.excerpts;
        if (v == 0)
            continue;
        run->told[v].diff = &run->diffs[v];
        if (!diff_make(&run->diffs[v], run->told[0].excerpts, run->told[v].excerpts,
                       engine_threads((int)variant->options.engine.threads), error))
            return false;
    }
    return true;
}

/* ---- what is written ---- */

static bool draw_figure(const struct versus_run *run, const struct painter *painter, struct out *out,
                        struct error *error)
{
    return versus_picture(out, run->told, run->count, run->stage, painter, &run->variants[0].options.style,
                          error);
}

static bool write_versus_file(const struct versus_run *run, const char *path, struct error *error)
{
    struct out out;
    const struct painter *painter;
    const enum answer_format format = answer_format_of(path, &painter);
    if (!file_stage(path, false, &out, error))
        return false;
    bool ok = true;
    if (format == ANSWER_PICTURE)
        ok = draw_figure(run, painter, &out, error);
    else if (format == ANSWER_CSV)
        versus_csv(&out, run->told, run->count);
    else
        versus_json(&out, run->told, run->count);
    return file_stage_end(&out, error) && ok;
}

/* What goes to standard output; FORMAT_NONE: nothing. */
static enum printed_format standard_format(const struct options *options)
{
    const struct output_options *output = &options->output;
    for (size_t i = 0; i < output->paths.count; i++)
        if (strcmp(output->paths.text[i], "-") == 0)
            return FORMAT_JSON;
    if (output->format != FORMAT_AUTO)
        return (enum printed_format)output->format;
    if (isatty(STDOUT_FILENO))
        return options->quiet ? FORMAT_NONE : FORMAT_TABLE;
    return output->paths.count > 0 ? FORMAT_NONE : FORMAT_JSON;
}

static bool write_standard_output(const struct versus_run *run, const struct options *options,
                                  struct error *error)
{
    const struct string_list *paths = &options->output.paths;
    const enum printed_format format = standard_format(options);
    struct out out;
    if (format == FORMAT_NONE)
        return true;
    out_begin(&out, STDOUT_FILENO, "standard output");
    out.terminal = isatty(STDOUT_FILENO);
    if (format == FORMAT_JSON)
        versus_json(&out, run->told, run->count);
    if (format == FORMAT_CSV)
        versus_csv(&out, run->told, run->count);
    if (format == FORMAT_TABLE) {
        summary_names(paths->text, paths->count, &out);
        versus_table(&out, run->told, run->count);
    }
    const bool ok = out_finish(&out, error);
    out_free(&out);
    return ok;
}

/* All files, then standard output; then the files get their names together, also where its reader went away. */
static bool write_variants(const struct versus_run *run, const struct options *options, struct error *error)
{
    struct error standard = {0};
    for (size_t i = 0; i < options->output.paths.count; i++)
        if (strcmp(options->output.paths.text[i], "-") != 0 &&
            !write_versus_file(run, options->output.paths.text[i], error))
            return false;
    const bool ok = write_standard_output(run, options, &standard);
    if ((ok || standard.kind == ERROR_PIPE) && !file_commit(error))
        return false;
    return ok || error_set(error, standard.kind, "%s", standard.message);
}

/* What a figure does not show: heads, and characters. */
static bool warn_figure(struct versus_run *run, const struct options *options, struct error *error)
{
    const size_t heads = versus_heads(run->told, run->count);
    if (heads > VERSUS_ROWS && run->stage != STAGE_MASK)
        warnings_add(
            &run->warnings,
            "the figure of variants shows the first %d of %zu heads; --layer and --head choose others",
            VERSUS_ROWS, heads);
    return missing_glyphs_warn(&run->told[0].excerpts->list[0], &run->stage, 1, NULL, options->style.font,
                               &run->warnings, error);
}

static bool run_all_variants(struct versus_run *run, const struct options *options, struct error *error)
{
    const bool draws = has_picture(options);
    const struct variant *all[VERSUS_COLUMNS];
    run->stage = STAGE_WEIGHTS;
    for (enum stage s = 0; s < STAGE_COUNT; s++)
        if (options->output.stages & 1u << s)
            run->stage = s;
    if (!check_beside(options, error) || !check_paths(options, error) || !find_variants(run, options, error))
        return false;
    const bool ok = compute_variants(run, draws, error) && (!draws || warn_figure(run, options, error));
    for (size_t v = 0; v < run->count; v++)
        all[v] = &run->variants[v];
    variants_warn(all, run->count);
    for (size_t i = 0; i < run->warnings.count && !options->quiet; i++)
        fprintf(stderr, "attn: warning: %s\n", run->warnings.text[i]);
    return ok && write_variants(run, options, error);
}

bool versus_run(const struct options *options, struct error *error)
{
    struct versus_run run = {0};
    const bool ok = run_all_variants(&run, options, error);
    for (size_t v = 0; v < run.count; v++) {
        diff_free(&run.diffs[v]);
        variant_free(&run.variants[v]);
        free(run.called[v]);
    }
    free(run.own);
    warnings_free(&run.warnings);
    return ok;
}
