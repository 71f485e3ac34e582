/* attn info: what files hold, and what attn takes them for. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/out.h"
#include "base/workers.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"
#include "cmd/options.h"
#include "engine/threads.h"
#include "read/array_path.h"
#include "read/file_info.h"
#include "read/read.h"
#include "view/info_table.h"
#include "write/info_json.h"

/* The options of info alone. */
struct info_options {
    bool values;
    int as_json; /* a truth value */
};

/* Standard output, and how many files are on it. */
struct info_output {
    struct out out;
    bool as_json;
    size_t count;
};

static bool info_file(struct info_output *output, const char *path, const struct options *options,
                      struct error *error)
{
    const struct info_options *own = options->own;
    struct file_info info = {0};
    const bool ok = file_info_make(&info, path, options->input.format, own->values, error);
    if (ok && output->as_json) {
        if (output->count == 0)
            info_json_begin(&output->out);
        info_json_file(&output->out, &info, output->count == 0);
    } else if (ok) {
        out_text(&output->out, output->count > 0 ? "\n" : "");
        info_table(&info, &output->out);
    }
    output->count += ok;
    file_info_free(&info);
    return ok;
}

/* Every file that can be read is shown. The others are told of in their order: the last of them by the caller, with the highest
 * status of all. */
static bool info_files(struct info_output *output, const struct options *options, struct error *error)
{
    for (size_t i = 0; i < options->operand_count; i++) {
        struct error failed = {0};
        if (info_file(output, options->operands[i], options, &failed))
            continue;
        if (error->kind != ERROR_NONE)
            fprintf(stderr, "attn: %s\n", error->message);
        const enum error_kind kind = failed.kind > error->kind ? failed.kind : error->kind;
        *error = failed;
        error->kind = kind;
    }
    if (output->as_json && output->count > 0)
        info_json_end(&output->out);
    return error->kind == ERROR_NONE;
}

static bool info_run(const struct options *options, struct error *error)
{
    const struct info_options *own = options->own;
    struct info_output output = {.as_json = own->as_json};
    size_t standard = 0;
    for (size_t i = 0; i < options->operand_count; i++)
        standard += array_path_is_standard(options->operands[i]);
    if (options->operand_count == 0)
        return error_set(error, ERROR_USAGE, "no input; expected attn info FILE");
    if (standard > 1)
        return error_set(error, ERROR_USAGE, "- (standard input) can be read once only");
    workers_limit(engine_threads(0));
    out_begin(&output.out, STDOUT_FILENO, "standard output");
    output.out.terminal = isatty(STDOUT_FILENO);
    struct error files = {0};
    (void)info_files(&output, options, &files);
    const bool ok = out_finish(&output.out, error);
    out_free(&output.out);
    return ok && files.kind == ERROR_NONE ? true : error_set(error, files.kind, "%s", files.message);
}

static const struct option_row info_rows[] = {
    {.name = "values",
     .help = "read all numbers for min, max and the checks of weights, also of files of 64 MiB and more",
     .parse = value_flag,
     OPTION_OWN(struct info_options, values)},
    {.name = "format",
     .argument = "FORMAT",
     .words = "table json",
     .help = "table (default) or json",
     .parse = value_word,
     OPTION_OWN(struct info_options, as_json)},
    {.name = "input-format",
     .argument = "FORMAT",
     .words = reader_words,
     .help = "the format of the files, whatever they look like:",
     .listed = reader_words,
     .parse = value_word_text,
     OPTION_AT(input.format)},
};
static const struct option_group group_info = OPTION_GROUP("Info", info_rows);

const struct command command_info = {
    .name = "info",
    .operands = "FILE…",
    .summary = "what a file holds, and what attn takes it for",
    .example = "  attn info model.safetensors                its tensors, by name\n"
               "  attn info *.npz --format json | jq '.files[].profile'\n",
    .groups = (const struct option_group *const[]){&group_info, &group_help, NULL},
    .own_size = sizeof(struct info_options),
    .run = info_run,
};
