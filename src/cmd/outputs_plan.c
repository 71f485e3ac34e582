#include "cmd/outputs_plan.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/words.h"

/* ---- the plan ---- */

/* The format and kind of a path of -o or --measures. */
static bool plan_kind(struct output *output, struct error *error)
{
    const char *path = output->path;
    const bool measures = output->format == &output_measures;
    const size_t length = strlen(path);
    char endings[WORDS_LIST];
    if (strcmp(path, "-") == 0) {
        output->kind = OUTPUT_STDOUT;
        output->format = measures ? output->format : &output_json;
        return true;
    }
    output->kind = OUTPUT_FILE;
    if (measures)
        return text_ends_caseless(path, output_measures.ending) ||
               error_set(error, ERROR_USAGE, "--measures %s: expected a name ending in %s, or -", path,
                         output_measures.ending);
    if (length > 0 && (path[length - 1] == '/' || file_is_folder(path))) {
        output->kind = OUTPUT_FOLDER;
        return true;
    }
    words_list(endings, output_endings, "or");
    return (output->format = output_format_of(path)) ||
           error_set(error, ERROR_USAGE, "-o %s: expected a name ending in %s, a folder (ending in /), or -",
                     path, endings);
}

bool outputs_error_twice(const char *option, const char *path, const char *before, struct error *error)
{
    const bool as_written = strcmp(before, path) == 0;
    return error_set(error, ERROR_USAGE, "%s %s is given twice%s%s", option, path,
                     as_written ? "" : ", also as ", as_written ? "" : before);
}

/* Adds a path. `format` is that of the measures, or NULL: by the ending. */
static bool plan_path(struct outputs *outputs, const char *option, const char *path,
                      const struct output_format *format, struct error *error)
{
    struct output *output = &outputs->list[outputs->count];
    *output = (struct output){.option = option, .path = path, .format = format};
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *other = &outputs->list[i];
        if (file_is_same(other->path, path) && strcmp(other->option, option) == 0)
            return outputs_error_twice(option, path, other->path, error);
        if (file_is_same(other->path, path))
            return error_set(error, ERROR_USAGE, "%s %s and %s %s are the same file", other->option,
                             other->path, option, path);
    }
    if (!plan_kind(output, error))
        return false;
    const size_t stages = outputs->content.stage_count;
    if (output->format && !output->format->painter && stages > 1 &&
        output_format_holds(output->format) == HOLDS_ONE)
        return error_set(error, ERROR_USAGE,
                         "-o %s holds one stage, and %zu are asked for; a folder or .json takes all", path,
                         stages);
    outputs->count++;
    return true;
}

static bool plan_paths(struct outputs *outputs, const struct output_options *output, struct error *error)
{
    outputs->list = memory_zeroed(output->paths.count + 2, sizeof *outputs->list, error);
    if (!outputs->list)
        return false;
    for (size_t i = 0; i < output->paths.count; i++)
        if (!plan_path(outputs, "-o", output->paths.text[i], NULL, error))
            return false;
    if (output->measures && !plan_path(outputs, "--measures", output->measures, &output_measures, error))
        return false;
    if (outputs->count == 0)
        outputs->list[outputs->count++] =
            (struct output){.kind = OUTPUT_FOLDER, .option = "-o", .path = "attn-out/"};
    return true;
}

/* What goes to standard output: by --format, and by - as a path. */
static bool plan_standard(struct outputs *outputs, const struct options *options, struct error *error)
{
    static const struct output_format *const formats[] = {
        [FORMAT_JSON] = &output_json, [FORMAT_CSV] = &output_csv};
    const int format = options->output.format;
    const bool terminal = isatty(STDOUT_FILENO), to_files = options->output.paths.count > 0;
    const struct output *to_stdout = NULL;
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->list[i].kind == OUTPUT_STDOUT)
            to_stdout = &outputs->list[i];
    outputs->table = format == FORMAT_TABLE;
    if (format == FORMAT_AUTO) {
        outputs->table = terminal && !to_stdout && !options->quiet;
        if (!to_files && !options->output.measures && !terminal)
            outputs->standard = &output_json;
    } else if (format == FORMAT_JSON || format == FORMAT_CSV) {
        outputs->standard = formats[format];
    }
    if (!to_stdout)
        return true;
    outputs->standard = to_stdout->format;
    if (format == FORMAT_AUTO || (format == FORMAT_JSON && to_stdout->format == &output_json))
        return true;
    return error_set(error, ERROR_USAGE,
                     "%s - is %s on standard output, and --format asks for something else", to_stdout->option,
                     to_stdout->format == &output_json ? "JSON" : "CSV of the measures");
}

/* Whether a file, or standard output, of that format is among the outputs. */
static bool has_format(const struct outputs *outputs, const struct output_format *format)
{
    bool has = outputs->standard == format;
    for (size_t i = 0; i < outputs->count; i++)
        has = has || outputs->list[i].format == format;
    return has;
}

/* Whether an output could be written as things stand. */
static bool plan_check(const struct outputs *outputs, const struct output *output, struct error *error)
{
    if (output->kind == OUTPUT_FOLDER)
        return file_check_folder(output->path, error);
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->list[i].kind == OUTPUT_FOLDER && text_begins(output->path, outputs->list[i].path))
            return true; /* the folder may be made by then */
    return output->kind != OUTPUT_FILE || file_check(output->path, error);
}

/* Refuses options of pictures that contradict each other, before anything is computed. */
static bool plan_style(const struct outputs *outputs, const struct options *options, struct error *error)
{
    const struct drawing_style *style = &options->style;
    const char *steps = outputs->steps ? "--steps" : "a picture of several stages";
    const bool is_sized = style->page[0] > 0, is_figure = outputs_figure(outputs);
    const bool has_lines = options->patch.view == VIEW_LINES;
    const struct {
        bool are_both;
        const char *first, *second;
    } pairs[] = {
        {is_sized && style->width > 0, "--size", "--width"},
        {is_sized && style->cell > 0, "--size", "--cell"},
        {is_sized && has_lines, "--size", "--view lines"},
        {is_sized && is_figure, "--size", steps},
        {style->columns > 0 && has_lines, "--columns", "--view lines"},
        {style->columns > 0 && is_figure, "--columns", steps},
        {style->cmap && has_lines, "--cmap", "--view lines"},
        {outputs->steps && has_lines, "--steps", "--view lines"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i].are_both)
            return error_set(error, ERROR_USAGE, "%s and %s: expected one of them", pairs[i].first,
                             pairs[i].second);
    return true;
}

/* Checks that a figure of steps is among the outputs, and can be had as the options say. */
static bool plan_figure(const struct outputs *outputs, const struct options *options, struct error *error)
{
    const struct patch_options *patch = &options->patch;
    if (outputs->steps && !outputs_draw(outputs))
        return error_set(error, ERROR_USAGE,
                         "--steps draws a picture: expected -o with a .png, a .svg or a folder");
    if (outputs_figure(outputs) &&
        (patch->image_file || patch->from || patch->at || patch->view == VIEW_GRID))
        return error_set(
            error, ERROR_USAGE,
            "%s draws matrices, and --image, --look-from, --look-at and --view draw over patches",
            outputs->steps ? "--steps" : "a picture of several stages");
    return true;
}

bool outputs_plan(struct outputs *outputs, const struct options *options, struct error *error)
{
    *outputs = (struct outputs){.style = options->style, .content.masked_nan = options->output.masked_nan};
    struct content *content = &outputs->content;
    for (enum stage s = 0; s < STAGE_COUNT; s++)
        if (options->output.stages & 1u << s)
            content->stages[content->stage_count++] = s;
    outputs->steps = options->output.steps;
    outputs->figure = content->stage_count > 1 ? options->output.stages : 0;
    if (content->stage_count == 0)
        content->stages[content->stage_count++] = STAGE_WEIGHTS;
    if (!plan_paths(outputs, &options->output, error) || !plan_standard(outputs, options, error) ||
        !plan_style(outputs, options, error) || !plan_figure(outputs, options, error))
        return false;
    if (content->masked_nan && !has_format(outputs, &output_csv) && !has_format(outputs, &output_npy))
        return error_set(error, ERROR_USAGE, "--masked nan is for .csv, .npy and --format csv: expected one");
    for (size_t i = 0; i < outputs->count; i++)
        if (!plan_check(outputs, &outputs->list[i], error))
            return false;
    return true;
}

/* ---- what the problem says to it ---- */

/* Room for the name of an output in a message. */
enum { CALLED = 1024 };

/* "-o x.csv" or "--format csv". */
static void output_called(char called[CALLED], const struct output *output,
                          const struct output_format *format)
{
    if (output)
        snprintf(called, CALLED, "%s %s", output->option, output->path);
    else
        snprintf(called, CALLED, "--format %s", format->ending + 1);
}

/* Several stages in one file are numbers of the same pairs. */
static bool check_joined(const struct outputs *outputs, const char *called, const struct problem *problem,
                         const struct request *request, struct error *error)
{
    char others[WORDS_LIST] = "", list[WORDS_LIST];
    size_t count = 0;
    for (size_t s = 0; s < outputs->content.stage_count; s++) {
        const enum stage stage = outputs->content.stages[s];
        if (stage_is_pairs(problem, request->selection, stage))
            continue;
        snprintf(others + strlen(others), sizeof others - strlen(others), "%s%s", count > 0 ? " " : "",
                 stage_names[stage]);
        count++;
    }
    if (count == 0)
        return true;
    words_list(list, others, "and");
    return error_set(error, ERROR_USAGE,
                     "%s joins stages of pairs of query and key, and %s %s none; a folder or .json takes all",
                     called, list, count > 1 ? "are" : "is");
}

static bool check_one_output(const struct outputs *outputs, const struct output *output,
                             const struct output_format *format, const struct problem *problem,
                             const struct request *request, struct error *error)
{
    const struct content *content = &outputs->content;
    const enum holds holds = output_format_holds(format);
    char called[CALLED];
    output_called(called, output, format);
    if (format->painter || holds == HOLDS_MEASURES)
        return true;
    if (holds == HOLDS_PAIRS && content->stage_count > 1 &&
        !check_joined(outputs, called, problem, request, error))
        return false;
    for (size_t s = 0; s < content->stage_count; s++)
        if (!request_offers(request, problem, content->stages[s], format->writer->detail))
            return error_set(error, ERROR_SYSTEM,
                             "%s needs all %s weights, more than the %zu that --max-weights allows to be "
                             "held; raise it, or choose less with --queries and --keys",
                             called, request_size(request, problem).text, request->max_weights);
    return true;
}

bool outputs_check(const struct outputs *outputs, const struct problem *problem,
                   const struct request *request, struct error *error)
{
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *output = &outputs->list[i];
        if (output->format && !check_one_output(outputs, output, output->format, problem, request, error))
            return false;
    }
    return !outputs->standard || check_one_output(outputs, NULL, outputs->standard, problem, request, error);
}

bool outputs_check_sizes(const struct outputs *outputs, struct error *error)
{
    if (outputs_figure(outputs))
        return error_set(error, ERROR_USAGE,
                         "%s: the layers differ in size: choose those that agree with --layer",
                         outputs->steps ? "--steps" : "a picture of several stages");
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *output = &outputs->list[i];
        if (output->format == &output_npy)
            return error_set(
                error, ERROR_USAGE,
                "%s %s holds one array, and the layers differ in size: choose those that agree with "
                "--layer; a folder, .json or .csv takes all",
                output->option, output->path);
    }
    return true;
}
