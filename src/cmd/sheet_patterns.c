/* attn stats --patterns: what sparse patterns hold of each head (compute/sparse_patterns.h) as a sheet. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/workers.h"
#include "cmd/sheet_heads.h"
#include "cmd/sheet_kind.h"
#include "compute/sparse_patterns.h"
#include "engine/engine.h"
#include "problem/problem_head.h"

enum { A_SHAPE = HEAD_COLUMNS, VERTICAL_SLASH, BLOCKS, KEYS_90, KEYS_95 };

static const double patterns_budget = 0.1;

/* MInference has blocks of 64; short texts would have one. */
enum { PATTERNS_BLOCK = 64, BLOCKS_LEAST = 8 };

static bool patterns_check(const struct sheet_options *own, struct error *error)
{
    if (!own->patterns && (!isnan(own->budget) || own->pattern_block > 0))
        return error_set(error, ERROR_USAGE, "%s: expected --patterns beside it",
                         own->pattern_block > 0 ? "--pattern-block" : "--budget");
    if (own->budget <= 0)
        return error_set(error, ERROR_USAGE, "--budget is %g: expected a number above 0, up to 1",
                         own->budget);
    return true;
}

static void patterns_plan(struct sheet *sheet, const struct sheet_options *own)
{
    sheet_say_number(sheet, "budget", isnan(own->budget) ? patterns_budget : own->budget);
    sheet_heads_plan(sheet);
    sheet_add_column(sheet, "a_shape", CELL_NUMBER, false);
    sheet_add_column(sheet, "vertical_slash", CELL_NUMBER, false);
    sheet_add_column(sheet, "blocks", CELL_NUMBER, false);
    sheet_add_column(sheet, "keys_90", CELL_NUMBER, false);
    sheet_add_column(sheet, "keys_95", CELL_NUMBER, false);
}

struct patterns_job {
    struct sheet *sheet;
    const struct sheet_head *list;
    double budget;
    size_t block;
};

static size_t block_of(const struct sheet_options *own, const struct sheet_head *list, size_t count)
{
    size_t most = 1;
    for (size_t i = 0; i < count; i++)
        most = list[i].m > most ? list[i].m : most;
    const size_t least = (most - 1) / BLOCKS_LEAST + 1;
    return own->pattern_block > 0 ? own->pattern_block : least < PATTERNS_BLOCK ? least : PATTERNS_BLOCK;
}

static bool measure_patterns(void *context, int worker, size_t row, struct error *error)
{
    const struct patterns_job *job = context;
    const struct sheet_head *head = &job->list[row];
    const struct problem *problem = &head->part->problem;
    struct head rules;
    struct sparse_recalls recalls;
    (void)worker;
    problem_head(problem, head->at[0], head->at[1], &rules);
    const struct sparse_head given = {.rules = &rules,
                                      .weights = head->weights,
                                      .n = head->n,
                                      .m = head->m,
                                      .offset = problem->layers[head->at[0]].offset,
                                      .budget = job->budget,
                                      .block = job->block};
    if (!sparse_measure(&given, &recalls, error))
        return false;
    const double numbers[] = {recalls.a_shape, recalls.vertical_slash, recalls.blocks, recalls.keys_90,
                              recalls.keys_95};
    for (size_t c = 0; c < sizeof numbers / sizeof *numbers; c++)
        sheet_cell(job->sheet, row, A_SHAPE + c)->number = numbers[c];
    return true;
}

static bool patterns_fill(struct sheet *sheet, struct computation *computation, const struct options *options,
                          const struct sheet_options *own, struct error *error)
{
    struct sheet_head *list = sheet_heads_list(sheet, computation, error);
    if (!list)
        return false;
    struct patterns_job job = {.sheet = sheet,
                               .list = list,
                               .budget = isnan(own->budget) ? patterns_budget : own->budget,
                               .block = block_of(own, list, sheet->row_count)};
    sheet_say_number(sheet, "pattern_block", (double)job.block);
    const bool ok = workers_try(engine_threads((int)options->engine.threads), sheet->row_count,
                                measure_patterns, &job, error);
    free(list);
    return ok;
}

static bool patterns_is_wanted(const struct sheet_options *own)
{
    return own->patterns;
}

const struct sheet_kind sheet_patterns = {
    .option = "--patterns",
    .is_wanted = patterns_is_wanted,
    .check = patterns_check,
    .plan = patterns_plan,
    .fill = patterns_fill,
};
