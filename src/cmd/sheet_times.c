/* attn stats --dtw: when each token is spoken (compute/token_times.h) as a sheet. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/sheet_heads.h"
#include "cmd/sheet_kind.h"
#include "compute/token_times.h"

/* Whisper's own: frames of 20 ms, and the median of 7 of them. */
static const double whisper_seconds = 0.02;
enum { WHISPER_MEDIAN = 7 };

enum times_column { TIMES_QUERY, TIMES_TOKEN, TIMES_NEXT, TIMES_START, TIMES_END };

static double seconds_of(const struct sheet_options *own)
{
    return isnan(own->seconds_per_key) ? whisper_seconds : own->seconds_per_key;
}

static size_t median_of(const struct sheet_options *own)
{
    return own->median_width > 0 ? own->median_width : WHISPER_MEDIAN;
}

static void times_plan(struct sheet *sheet, const struct sheet_options *own)
{
    sheet->rows_name = "tokens";
    sheet_say_text(sheet, "rule", "openai/whisper 20250625, timing.py, find_alignment and dtw_cpu");
    sheet_say_number(sheet, "seconds_per_key", seconds_of(own));
    sheet_say_number(sheet, "median_width", (double)median_of(own));
    sheet_add_column(sheet, "query", CELL_COUNT, false);
    sheet_add_column(sheet, "token", CELL_TEXT, false);
    sheet_add_column(sheet, "next", CELL_TEXT, false);
    sheet_add_column(sheet, "start", CELL_NUMBER, false);
    sheet_add_column(sheet, "end", CELL_NUMBER, false);
}

/* The weights of all chosen heads, of all layers; the caller frees them. */
static struct strided *times_weights(const struct excerpt *e, size_t *count, struct error *error)
{
    *count = e->layer_count * e->head_count;
    struct strided *weights = memory_alloc(*count, sizeof *weights, error);
    for (size_t k = 0; weights && k < *count; k++)
        weights[k] = excerpt_matrix(e, STAGE_WEIGHTS, k / e->head_count, k % e->head_count);
    return weights;
}

/* A label in a cell; the query behind the last has none. */
static bool name_token(struct sheet_cell *cell, const struct labels *tokens, size_t query,
                       struct error *error)
{
    if (query >= tokens->count)
        return true;
    cell->text = text_copy(tokens->text[query]);
    return cell->text || error_memory(error, 0);
}

static bool write_times(struct sheet *sheet, const struct token_times_job *job, const size_t *starts,
                        const struct labels *tokens, double seconds, struct error *error)
{
    bool ok = sheet_make_rows(sheet, job->query_count, error);
    for (size_t i = 0; ok && i < job->query_count; i++) {
        const size_t query = job->query_first + i;
        sheet_cell(sheet, i, TIMES_QUERY)->number = (double)query;
        sheet_cell(sheet, i, TIMES_START)->number = (double)(job->key_first + starts[i]) * seconds;
        if (i + 1 < job->query_count)
            sheet_cell(sheet, i, TIMES_END)->number = (double)(job->key_first + starts[i + 1]) * seconds;
        ok = name_token(sheet_cell(sheet, i, TIMES_TOKEN), tokens, query, error) &&
             name_token(sheet_cell(sheet, i, TIMES_NEXT), tokens, query + 1, error);
    }
    return ok;
}

static bool times_fill(struct sheet *sheet, struct computation *computation, const struct options *options,
                       const struct sheet_options *own, struct error *error)
{
    const struct computation *c = computation;
    const struct problem *problem = &c->parts[0].problem;
    const struct selection_options *chosen = &options->selection;
    struct selection range = {.query_first = chosen->queries.first,
                              .query_end = chosen->queries.end,
                              .key_first = chosen->keys.first,
                              .key_end = chosen->keys.end};
    if (!sheet_is_of_one_size(c, "--dtw", "path", error) || !selection_check(&range, problem, error))
        return false;
    struct token_times_job job = {.n = problem->n,
                                  .key_first = range.key_first,
                                  .key_count = range.key_end - range.key_first,
                                  .query_first = range.query_first,
                                  .query_count = range.query_end - range.query_first,
                                  .median_width = median_of(own)};
    job.is_part = job.key_count < problem->m;
    struct strided *weights = times_weights(&c->excerpts.list[0], &job.count, error);
    size_t *starts = weights ? memory_alloc(job.query_count, sizeof *starts, error) : NULL;
    job.weights = weights;
    const bool ok = starts && token_times_find(starts, &job, error) &&
                    write_times(sheet, &job, starts, &problem->tokens, seconds_of(own), error);
    free(starts);
    free(weights);
    return ok;
}

static bool times_check(const struct sheet_options *own, struct error *error)
{
    if (!own->dtw && (!isnan(own->seconds_per_key) || own->median_width > 0))
        return error_set(error, ERROR_USAGE, "%s: expected --dtw beside it",
                         own->median_width > 0 ? "--median-width" : "--seconds-per-key");
    if (own->dtw && median_of(own) % 2 == 0)
        return error_set(error, ERROR_USAGE, "--median-width is %zu: expected an odd number", median_of(own));
    return true;
}

static bool times_is_wanted(const struct sheet_options *own)
{
    return own->dtw;
}

const struct sheet_kind sheet_times = {
    .option = "--dtw",
    .takes_range = true,
    .range_is_of_the_result = true, /* the path is through a part of the weights of all tokens */
    .is_wanted = times_is_wanted,
    .check = times_check,
    .plan = times_plan,
    .fill = times_fill,
};
