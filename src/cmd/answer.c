#include "cmd/answer.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/words.h"
#include "cmd/output_format.h"

const char answer_formats[] = "table json csv";

enum answer_format answer_format_of(const char *path, const struct painter **painter)
{
    const struct output_format *format = output_format_of(path);
    *painter = format ? format->painter : NULL;
    return *painter                 ? ANSWER_PICTURE
           : format == &output_json ? ANSWER_JSON
           : format == &output_csv  ? ANSWER_CSV
           : format == &output_npy  ? ANSWER_NPY
                                    : ANSWER_AUTO;
}

bool answer_find(struct answer *answer, const char *output, enum answer_format format,
                 enum answer_format plain, struct error *error)
{
    *answer = (struct answer){.format = format};
    if (!output || strcmp(output, "-") == 0) {
        if (format == ANSWER_AUTO)
            answer->format = isatty(STDOUT_FILENO) ? plain : ANSWER_JSON;
        return true;
    }
    answer->path = output;
    const enum answer_format named = answer_format_of(output, &answer->painter);
    if (format != ANSWER_AUTO && answer->painter)
        return error_set(error, ERROR_USAGE, "-o %s is a picture: expected no --format", output);
    if (format != ANSWER_AUTO)
        return true;
    if (named == ANSWER_AUTO || named == ANSWER_NPY) {
        char endings[WORDS_LIST];
        words_list(endings, output_answers, "or");
        return error_set(error, ERROR_USAGE, "-o %s: expected a name ending in %s, or --format", output,
                         endings);
    }
    answer->format = named;
    return true;
}

bool answer_write(const struct answer *answer,
                  bool (*put)(const void *context, const struct answer *answer, struct out *out,
                              struct error *error),
                  const void *context, struct error *error)
{
    struct out out;
    if (answer->path) {
        if (!file_stage(answer->path, false, &out, error))
            return false;
        const bool ok = put(context, answer, &out, error);
        return file_stage_end(&out, error) && ok && file_commit(error);
    }
    out_begin(&out, STDOUT_FILENO, "standard output");
    out.terminal = isatty(STDOUT_FILENO);
    const bool ok = put(context, answer, &out, error) && out_finish(&out, error);
    out_free(&out);
    return ok;
}
