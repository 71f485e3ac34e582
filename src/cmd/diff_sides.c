#include "cmd/diff_sides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cmd/answer.h"
#include "cmd/input_files.h"
#include "engine/engine.h"
#include "read/array_path.h"

/* ---- the options of both ---- */

/* Whether the words of --against are all options of a computation. */
static bool check_against(const struct options *against, struct error *error)
{
    const struct diff_options *own = against->own;
    const struct {
        bool is_given;
        const char *name;
    } outside[] = {
        {own->against, "--against"},
        {own->has_tolerance, "--tolerance"},
        {own->sort != SORT_HEADS, "--sort"},
        {own->best > 0, "--best"},
        {own->changes, "--changes"},
        {own->format != ANSWER_AUTO, "--format"},
        {own->output, "--output"},
        {against->selection.layers.count > 0, "--layer"},
        {against->selection.heads.count > 0, "--head"},
        {against->selection.picks.count > 0, "--pick"},
        {against->quiet, "--quiet"},
        {against->verbose, "--verbose"},
        {against->help, "--help"},
        {against->version, "--version"},
    };
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (outside[i].is_given)
            return error_set(error, ERROR_USAGE,
                             "--against: %s is not of the computation: expected it outside of the quotes",
                             outside[i].name);
    if (against->operand_count > 0)
        return error_set(
            error, ERROR_USAGE,
            "--against: \"%s\" is no option: expected options alone, and another input beside the "
            "first",
            against->operands[0]);
    return true;
}

static bool check_sides(const struct options *options, struct error *error)
{
    const struct diff_options *own = options->own;
    const size_t count = options->operand_count;
    size_t standard = 0;
    for (size_t i = 0; i < count; i++)
        standard += array_path_is_standard(options->operands[i]);
    if (count > 2 || (!own->against && count != 2))
        return error_set(error, ERROR_USAGE,
                         "%zu input%s: expected attn diff A B, or one input and --against OPTIONS", count,
                         count == 1 ? "" : "s");
    if (standard > 1)
        return error_set(error, ERROR_USAGE, "- (standard input) can be read once only");
    return true;
}

/* The options of the command line, with one of its inputs. */
static bool side_options(struct diff_side *side, const struct options *options, size_t operand,
                         struct error *error)
{
    struct options *own = &side->options;
    if (!options_parse(own, options->command, options->argc, options->argv, error))
        return false;
    own->selection.words = WORDS_NO; /* a head sees no words, whatever the input makes of them */
    if (own->operand_count > 0) {
        own->operands[0] = own->operands[operand];
        own->operand_count = 1;
    }
    return true;
}

/* The options of --against into the words, and over those of the side. */
static bool add_against(struct diff_side *side, struct shell_words *words, const char *line,
                        struct error *error)
{
    struct options alone = {0};
    struct error wrong = {0};
    char **argv = NULL;
    bool ok = shell_words_split(words, line, "--against", error) &&
              (argv = memory_zeroed(words->count + 2, sizeof *argv, error));
    if (!ok)
        return false;
    argv[0] = side->options.argv[0];
    memcpy(argv + 1, words->word, words->count * sizeof *argv);
    const int argc = (int)words->count + 1;
    ok = options_parse(&alone, side->options.command, argc, argv, &wrong)
             ? check_against(&alone, error)
             : error_set(error, wrong.kind, "--against: %s", wrong.message);
    ok = ok && options_add(&side->options, argc, argv, error);
    options_free(&alone);
    free(argv);
    return ok;
}

/* Whether both sides would read the file, and it can be read once only. */
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

static bool check_shared(const struct diff_side sides[2], struct error *error)
{
    for (size_t i = 0; i < input_files_count(&sides[0].options); i++) {
        const char *path = input_files_path(&sides[0].options, i);
        if (path && is_shared(path, &sides[1].options))
            return error_set(
                error, ERROR_USAGE,
                "%s would be read twice, for both sides, and can be read once only: expected a file", path);
    }
    return true;
}

bool diff_sides_find(struct diff_side sides[2], struct shell_words *words, const struct options *options,
                     struct error *error)
{
    const struct diff_options *own = options->own;
    const bool are_two = options->operand_count == 2;
    sides[0].letter = "A";
    sides[1].letter = "B";
    if (!check_sides(options, error) || !side_options(&sides[0], options, 0, error) ||
        !side_options(&sides[1], options, are_two ? 1 : 0, error) ||
        (own->against && !add_against(&sides[1], words, own->against, error)) || !check_shared(sides, error))
        return false;
    sides[0].name = options->operand_count > 0 ? options->operands[0] : "as given";
    sides[1].name = are_two ? options->operands[1] : own->against;
    return true;
}

/* ---- from files to weights and measures ---- */

static bool side_compute(struct diff_side *side, struct error *error)
{
    struct computation *c = &side->computation;
    const struct options *options = &side->options;
    if (!computation_begin(c, options, error))
        return false;
    c->request.whole_for = "what changed";
    c->request.without_masks = true;
    if (!computation_read(c, options, options->command, error) || !computation_check(c, options, error) ||
        !computation_select(c, options, error) || !stats_parts_watch(&side->stats, c, error))
        return false;
    if (options->verbose) {
        fprintf(stderr, "attn: %s:\n", side->letter);
        computation_say(c);
    }
    if (!computation_compute(c, error))
        return false;
    stats_parts_finish(&side->stats);
    return true;
}

bool diff_side_compute(struct diff_side *side, struct error *error)
{
    struct error wrong = {0};
    return side_compute(side, &wrong) || error_set(error, wrong.kind, "%s: %s", side->letter, wrong.message);
}

static bool warnings_have(const struct warnings *warnings, const char *text)
{
    for (size_t i = 0; i < warnings->count; i++)
        if (strcmp(warnings->text[i], text) == 0)
            return true;
    return false;
}

void diff_sides_warn(const struct diff_side sides[2])
{
    for (int side = 0; side < 2; side++) {
        const struct warnings *own = &sides[side].computation.warnings,
                              *other = &sides[!side].computation.warnings;
        for (size_t i = 0; i < own->count && !sides[side].options.quiet; i++) {
            const bool is_shared = warnings_have(other, own->text[i]);
            if (!is_shared)
                fprintf(stderr, "attn: warning: %s: %s\n", sides[side].letter, own->text[i]);
            else if (side == 0)
                fprintf(stderr, "attn: warning: %s\n", own->text[i]);
        }
    }
}

void diff_side_free(struct diff_side *side)
{
    stats_parts_free(&side->stats);
    computation_free(&side->computation);
    options_free(&side->options);
}
