/* attn convert: the arrays of a file, in another format. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "base/words.h"
#include "base/workers.h"
#include "cmd/option_table.h"
#include "cmd/option_values.h"
#include "cmd/options.h"
#include "engine/threads.h"
#include "read/read.h"
#include "tensor/narrow.h"
#include "write/conversion.h"

/* The types that numbers can be turned into. */
static const char convert_dtypes[] = "f32 f16 bf16 f64 q8_0";

/* The options of convert alone. */
struct convert_options {
    const char *output, *dtype;
    struct string_list only, renames;
};

static bool convert_write(struct conversion *conversion, const char *path, struct warnings *warnings,
                          struct error *error)
{
    struct out out;
    bool ok = file_stage(path, false, &out, error) && conversion_write(conversion, &out, warnings, error);
    ok = file_stage_end(&out, error) && ok;
    return ok && file_commit(error);
}

/* The type of --dtype; DTYPE_UNKNOWN: none is asked for. */
static bool convert_dtype(const char *said, enum dtype *dtype, struct error *error)
{
    char list[WORDS_LIST];
    *dtype = said ? dtype_named(said) : DTYPE_UNKNOWN;
    if (!said || narrow_can(*dtype))
        return true;
    if (*dtype == DTYPE_UNKNOWN)
        return words_error(convert_dtypes, "--dtype", said, NULL, ERROR_USAGE, error);
    words_list(list, convert_dtypes, "or");
    return error_set(error, ERROR_USAGE, "--dtype %s: numbers are not %s to it: expected %s", said,
                     dtype_kind(*dtype)->count > 1 ? "quantized" : "rounded", list);
}

/* Exactly one file is read and one written. */
static bool convert_check(const struct options *options, const struct convert_options *own,
                          struct error *error)
{
    if (options->operand_count == 0)
        return error_set(error, ERROR_USAGE, "no input; expected attn convert FILE -o FILE");
    if (options->operand_count > 1)
        return error_set(error, ERROR_USAGE, "convert takes one file; %s is another", options->operands[1]);
    if (!own->output)
        return error_set(error, ERROR_USAGE, "no output; expected attn convert %s -o FILE",
                         options->operands[0]);
    return file_check(own->output, error);
}

static bool convert_all(struct array_file *file, struct conversion *conversion, const struct options *options,
                        struct warnings *warnings, struct error *error)
{
    const struct convert_options *own = options->own;
    const struct format *format = NULL;
    struct conversion_rules rules = {.only = own->only.text,
                                     .only_count = own->only.count,
                                     .renames = own->renames.text,
                                     .rename_count = own->renames.count};
    if (own->output && !(format = conversion_format(own->output, error)))
        return false;
    return convert_dtype(own->dtype, &rules.dtype, error) && convert_check(options, own, error) &&
           array_file_open(file, options->operands[0], options->input.format, warnings, error) &&
           conversion_make(conversion, file, format, &rules, warnings, error) &&
           convert_write(conversion, own->output, warnings, error);
}

static bool convert_run(const struct options *options, struct error *error)
{
    struct array_file file = {0};
    struct conversion conversion = {0};
    struct warnings warnings = {0};
    workers_limit(engine_threads(0));
    const bool ok = convert_all(&file, &conversion, options, &warnings, error);
    for (size_t i = 0; i < warnings.count && !options->quiet; i++)
        fprintf(stderr, "attn: warning: %s\n", warnings.text[i]);
    if (ok && options->verbose)
        for (size_t i = 0; i < conversion.count; i++) {
            const struct array *array = &conversion.arrays[i];
            if (!array->origin)
                continue; /* what stands beside the arrays */
            const struct array *from = &array->origin->array;
            char old[256], new[256];
            text_clean(old, sizeof old, from->name[0] ? from->name : "the array");
            text_clean(new, sizeof new, array->name[0] ? array->name : "the array");
            fprintf(stderr, "attn: %s, %s, is %s, %s\n", old, from->type, new,
                    dtype_kind(array->dtype)->name);
        }
    conversion_free(&conversion);
    array_file_free(&file);
    warnings_free(&warnings);
    return ok;
}

static const struct option_row convert_rows[] = {
    {.name = "output",
     .letter = 'o',
     .argument = "FILE",
     .is_file = true,
     .help = "the file to write; its ending chooses the format",
     .parse = value_file,
     OPTION_OWN(struct convert_options, output)},
    {.name = "dtype",
     .argument = "TYPE",
     .words = convert_dtypes,
     .help =
         "the type of all numbers (default: that of each array, or f32 where the format does not have it):",
     .listed = convert_dtypes,
     .parse = value_string,
     OPTION_OWN(struct convert_options, dtype)},
    {.name = "only",
     .argument = "PATTERN",
     .help = "only arrays whose name fits, such as 'blk.0.*'; may be repeated",
     .parse = value_strings,
     OPTION_OWN(struct convert_options, only)},
    {.name = "rename",
     .argument = "OLD=NEW",
     .help = "another name; a * in OLD stands for any text, which goes where NEW has one; may be repeated",
     .parse = value_strings,
     OPTION_OWN(struct convert_options, renames)},
    {.name = "input-format",
     .argument = "FORMAT",
     .words = reader_words,
     .help = "the format of the file, whatever it looks like:",
     .listed = reader_words,
     .parse = value_word_text,
     OPTION_AT(input.format)},
};
static const struct option_group group_convert = OPTION_GROUP("Convert", convert_rows);

const struct command command_convert = {
    .name = "convert",
    .operands = "FILE",
    .summary = "the arrays of a file, in another format",
    .example = "  attn convert model.gguf -o model.safetensors\n"
               "  attn convert cache.npz -o q.npy --only q\n"
               "  attn convert model.safetensors -o half.npz --dtype f16\n",
    .groups = (const struct option_group *const[]){&group_convert, &group_general, &group_help, NULL},
    .own_size = sizeof(struct convert_options),
    .run = convert_run,
};
