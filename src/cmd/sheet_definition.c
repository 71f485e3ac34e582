/* attn stats --definition: the measures of others (compute/definitions.h) as a sheet. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/sheet_heads.h"
#include "cmd/sheet_kind.h"
#include "compute/definitions.h"
#include "compute/head_distances.h"

static const double gu2024_epsilon = 0.3;

static bool definition_check(const struct sheet_options *own, struct error *error)
{
    const struct {
        const char *option;
        bool is_said;
        enum definition of;
    } choices[] = {{"--error-measure", own->error_measure > 0, DEFINITION_TRANSFORMERLENS},
                   {"--exclude-bos", own->exclude_bos, DEFINITION_TRANSFORMERLENS},
                   {"--exclude-current-token", own->exclude_current_token, DEFINITION_TRANSFORMERLENS},
                   {"--epsilon", !isnan(own->epsilon), DEFINITION_GU2024},
                   {"--patch-size", own->patch_size > 0, DEFINITION_VIT}};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (choices[i].is_said && own->definition != 1 + (int)choices[i].of)
            return error_set(error, ERROR_USAGE, "%s: expected --definition %s beside it", choices[i].option,
                             definition_kinds[choices[i].of].name);
    return true;
}

static void definition_plan(struct sheet *sheet, const struct sheet_options *own)
{
    const enum definition which = (enum definition)(own->definition - 1);
    const struct definition_kind *kind = &definition_kinds[which];
    sheet_say_text(sheet, "definition", kind->name);
    sheet_say_text(sheet, "source", kind->source);
    if (which == DEFINITION_TRANSFORMERLENS) {
        sheet_say_text(sheet, "error_measure", own->error_measure == 1 + ERROR_MEASURE_ABS ? "abs" : "mul");
        sheet_say_truth(sheet, "exclude_bos", own->exclude_bos);
        sheet_say_truth(sheet, "exclude_current_token", own->exclude_current_token);
    }
    if (which == DEFINITION_GU2024)
        sheet_say_number(sheet, "epsilon", isnan(own->epsilon) ? gu2024_epsilon : own->epsilon);
    if (which == DEFINITION_VIT)
        sheet_say_number(sheet, "patch_size", own->patch_size > 0 ? (double)own->patch_size : 1);
    sheet_heads_plan(sheet);
    for (size_t k = 0; k < DEFINITION_COLUMNS && kind->columns[k]; k++)
        sheet_add_column(sheet, kind->columns[k], CELL_NUMBER, false);
}

/* arena measures a sequence that comes twice behind its first token. */
static void warn_no_repeat(const struct problem *problem, struct warnings *warnings)
{
    const size_t half = (problem->n - 1) / 2;
    bool repeats = problem->n % 2 == 1;
    for (size_t i = 1; repeats && i <= half; i++)
        repeats = strcmp(problem->tokens.text[i], problem->tokens.text[i + half]) == 0;
    if (problem->tokens.given && !repeats)
        warnings_add(warnings,
                     "--definition arena: induction_attn is of a first token and then a sequence "
                     "that comes twice, which these %zu tokens are not",
                     problem->n);
}

static bool measure_heads(struct sheet *sheet, struct computation *c, const struct sheet_head *list,
                          const struct sheet_options *own, struct error *error)
{
    const enum definition which = (enum definition)(own->definition - 1);
    const struct definition_options options = {
        .error_measure = own->error_measure == 1 + ERROR_MEASURE_ABS ? ERROR_MEASURE_ABS : ERROR_MEASURE_MUL,
        .exclude_bos = own->exclude_bos,
        .exclude_current_token = own->exclude_current_token,
        .patch_size = own->patch_size > 0 ? (double)own->patch_size : 1};
    struct definition_places places = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < sheet->row_count; i++) {
        const struct sheet_head *head = &list[i];
        double values[DEFINITION_COLUMNS];
        char name[80];
        if (i == 0 || head->part != list[i - 1].part) {
            definition_free(&places);
            ok = definition_begin(&places, which, &options, &head->part->problem, error);
            if (ok && which == DEFINITION_ARENA)
                warn_no_repeat(&head->part->problem, &c->warnings);
        }
        snprintf(name, sizeof name, "layer %.0f head %.0f", head->layer, head->head);
        ok = ok && definition_measure(&places, &head->weights, name, values, error);
        for (size_t k = HEAD_COLUMNS; ok && k < sheet->column_count; k++)
            sheet_cell(sheet, i, k)->number = values[k - HEAD_COLUMNS];
    }
    definition_free(&places);
    return ok;
}

/* gu2024: the share of heads whose importance of the first token is above epsilon, in percent. */
static void say_sinks(struct sheet *sheet, const struct sheet_options *own)
{
    const double epsilon = isnan(own->epsilon) ? gu2024_epsilon : own->epsilon;
    size_t sinks = 0;
    for (size_t i = 0; i < sheet->row_count; i++)
        sinks += sheet_cell(sheet, i, HEAD_COLUMNS)->number > epsilon;
    sheet_say_number(sheet, "sink_percent", 100 * (double)sinks / (double)sheet->row_count);
}

static bool definition_fill(struct sheet *sheet, struct computation *computation,
                            const struct options *options, const struct sheet_options *own,
                            struct error *error)
{
    struct sheet_head *list = sheet_heads_list(sheet, computation, error);
    (void)options;
    const bool ok = list && measure_heads(sheet, computation, list, own, error) &&
                    (own->definition != 1 + DEFINITION_CLARK2019 ||
                     sheet_heads_distances(sheet, computation, list, HEAD_DISTANCE_SMOOTHED,
                                           "--definition clark2019", error));
    if (ok && own->definition == 1 + DEFINITION_GU2024)
        say_sinks(sheet, own);
    free(list);
    return ok;
}

static bool definition_is_wanted(const struct sheet_options *own)
{
    return own->definition > 0;
}

const struct sheet_kind sheet_definition = {
    .option = "--definition",
    .is_wanted = definition_is_wanted,
    .check = definition_check,
    .plan = definition_plan,
    .fill = definition_fill,
};
