#include "cmd/variant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cmd/input_files.h"
#include "read/array_path.h"

bool variant_options(struct variant *variant, const struct options *options, struct error *error)
{
    struct options *own = &variant->options;
    if (!options_parse(own, options->command, options->argc, options->argv, error))
        return false;
    own->selection.words = WORDS_NO;
    return true;
}

bool variant_add(struct variant *variant, const char *line, const char *called, variant_check *check,
                 struct error *error)
{
    struct shell_words *words = &variant->words;
    struct options *own = &variant->options, alone = {0};
    struct error wrong = {0};
    char **argv = NULL;
    bool ok = shell_words_split(words, line, called, error) &&
              (argv = memory_zeroed(words->count + 2, sizeof *argv, error));
    if (!ok)
        return false;
    argv[0] = own->argv[0];
    memcpy(argv + 1, words->word, words->count * sizeof *argv);
    const int argc = (int)words->count + 1;
    ok = options_parse(&alone, own->command, argc, argv, &wrong)
             ? check(&alone, called, error)
             : error_set(error, wrong.kind, "%s: %s", called, wrong.message);
    ok = ok && options_add(own, argc, argv, error);
    options_free(&alone);
    free(argv);
    return ok;
}

/* Whether the other would read the file too, and it can be read once only. */
static bool is_shared(const char *path, const struct options *other)
{
    const bool is_standard = array_path_is_standard(path);
    bool is_read = false;
    for (size_t i = 0; i < input_files_count(other) && !is_read; i++) {
        const char *also = input_files_path(other, i);
        is_read = also && (is_standard ? array_path_is_standard(also) : file_is_same(path, also));
    }
    return is_read && (is_standard || file_is_pipe(path));
}

bool variant_check_shared(const struct variant *variant, const struct variant *other, struct error *error)
{
    for (size_t i = 0; i < input_files_count(&variant->options); i++) {
        const char *path = input_files_path(&variant->options, i);
        if (path && is_shared(path, &other->options))
            return error_set(
                error, ERROR_USAGE,
                "%s would be read twice, for both %s and %s, and can be read once only: expected a file",
                path, variant->called, other->called);
    }
    return true;
}

static bool warnings_have(const struct warnings *warnings, const char *text)
{
    for (size_t i = 0; i < warnings->count; i++)
        if (strcmp(warnings->text[i], text) == 0)
            return true;
    return false;
}

void variants_warn(const struct variant *const *variants, size_t count)
{
    for (size_t v = 0; v < count; v++) {
        const struct warnings *own = &variants[v]->computation.warnings;
        for (size_t i = 0; i < own->count && !variants[v]->options.quiet; i++) {
            bool is_of_all = true;
            for (size_t other = 0; other < count; other++)
                is_of_all = is_of_all && warnings_have(&variants[other]->computation.warnings, own->text[i]);
            if (!is_of_all)
                fprintf(stderr, "attn: warning: %s: %s\n", variants[v]->called, own->text[i]);
            else if (v == 0)
                fprintf(stderr, "attn: warning: %s\n", own->text[i]);
        }
    }
}

void variant_free(struct variant *variant)
{
    computation_free(&variant->computation);
    options_free(&variant->options);
    shell_words_free(&variant->words);
}
