#include "cmd/diff_sides.h"

#include <stdio.h>

#include "cmd/answer.h"
#include "cmd/computation_say.h"
#include "engine/engine.h"
#include "read/array_path.h"

/* ---- the options of both ---- */

/* Whether the words of --against are all options of a computation. */
static bool check_against(const struct options *against, const char *called, struct error *error)
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
                             "%s: %s is not of the computation: expected it outside of the quotes", called,
                             outside[i].name);
    if (against->operand_count > 0)
        return error_set(
            error, ERROR_USAGE,
            "%s: \"%s\" is no option: expected options alone, and another input beside the first", called,
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
    struct options *own = &side->variant.options;
    if (!variant_options(&side->variant, options, error))
        return false;
    if (own->operand_count > 0) {
        own->operands[0] = own->operands[operand];
        own->operand_count = 1;
    }
    return true;
}

bool diff_sides_find(struct diff_side sides[2], const struct options *options, struct error *error)
{
    const struct diff_options *own = options->own;
    const bool are_two = options->operand_count == 2;
    sides[0].variant.called = "A";
    sides[1].variant.called = "B";
    if (!check_sides(options, error) || !side_options(&sides[0], options, 0, error) ||
        !side_options(&sides[1], options, are_two ? 1 : 0, error) ||
        (own->against && !variant_add(&sides[1].variant, own->against, "--against", check_against, error)) ||
        !variant_check_shared(&sides[0].variant, &sides[1].variant, error))
        return false;
    sides[0].name = options->operand_count > 0 ? options->operands[0] : "as given";
    sides[1].name = are_two ? options->operands[1] : own->against;
    return true;
}

/* ---- from files to weights and measures ---- */

static bool side_compute(struct diff_side *side, struct error *error)
{
    struct computation *c = &side->variant.computation;
    const struct options *options = &side->variant.options;
    if (!computation_begin(c, options, error))
        return false;
    c->request.whole_for = "what changed";
    c->request.without_masks = true;
    if (!computation_read(c, options, options->command, error) || !computation_check(c, options, error) ||
        !computation_select(c, options, error) || !stats_parts_watch(&side->stats, c, error))
        return false;
    if (options->verbose) {
        fprintf(stderr, "attn: %s:\n", side->variant.called);
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
    return side_compute(side, &wrong) ||
           error_set(error, wrong.kind, "%s: %s", side->variant.called, wrong.message);
}

void diff_sides_warn(const struct diff_side sides[2])
{
    variants_warn((const struct variant *const[]){&sides[0].variant, &sides[1].variant}, 2);
}

void diff_side_free(struct diff_side *side)
{
    stats_parts_free(&side->stats);
    variant_free(&side->variant);
}
