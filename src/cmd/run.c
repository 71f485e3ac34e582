/* attn run: one straight line from files to files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/workers.h"
#include "cmd/clock.h"
#include "cmd/load.h"
#include "cmd/options.h"
#include "cmd/outputs.h"
#include "cmd/progress.h"
#include "compute/result.h"
#include "engine/engine.h"
#include "problem/problem.h"
#include "view/missing_glyphs.h"
#include "view/patch_view.h"
#include "write/write.h"

/* What a file of one stage needs is there only where all, or the chosen part, is held. */
static bool check_outputs(const struct problem *problem, const struct request *request,
                          const struct outputs *outputs, struct error *error)
{
    if (result_kept(problem, request) != KEPT_POOLED ||
        !stage_is_pairs(problem, request->selection, outputs->stages[0]))
        return true;
    for (size_t i = 0; i <= outputs->count; i++) {
        bool standard = i == outputs->count;
        const struct writer *writer = standard ? outputs->standard : outputs->list[i].writer;
        if (writer && writer->one_stage)
            return error_set(
                error, ERROR_SYSTEM,
                "%s%s needs all %zu×%zu×%zu×%zu weights, more than the %zu that --max-weights allows to be "
                "held; raise it, or choose less with --queries and --keys",
                standard ? "--format " : "-o ", standard ? "csv" : outputs->list[i].path,
                problem->layer_count, problem->heads, problem->n, problem->m, request->max_weights);
    }
    return true;
}

/* The part of the machine's memory that the computation takes for itself unless told. */
static size_t memory_share(void)
{
    enum { PART = 8 };
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages / PART * (size_t)size : (size_t)1 << 30;
}

/* What a run holds, from its inputs to its outputs. */
struct run {
    struct inputs inputs;
    struct problem problem;
    struct result result;
    struct outputs outputs;
    struct warnings warnings;
    struct patch_view patches;
};

static bool run_all(struct run *r, const struct options *options, struct error *error)
{
    double start = clock_seconds();
    bool plain;
    if (!load_cpu(options, &plain, error) || !outputs_plan(&r->outputs, options, error))
        return false;
    workers_limit(engine_threads(options->threads));
    bool ok = load_inputs(&r->inputs, options, "run", &r->warnings, error);
    double read = clock_seconds();
    struct selection selection = {.layers = options->layers.index,
                                  .layer_count = options->layers.count,
                                  .heads = options->heads.index,
                                  .head_count = options->heads.count,
                                  .query_first = options->query_first,
                                  .query_end = options->query_end,
                                  .key_first = options->key_first,
                                  .key_end = options->key_end,
                                  .average_heads = options->average_heads};
    bool over_grid = false;
    struct progress progress;
    progress_begin(&progress, options->quiet);
    struct request request = {.stages = options->stages,
                              .max_weights = options->max_weights,
                              .pool_mean = options->style.pool == POOL_MEAN,
                              .top_keys = outputs_whole(&r->outputs),
                              .selection = &selection,
                              .engine = {.plain = plain,
                                         .threads = options->threads,
                                         .memory_limit = options->memory ? options->memory : memory_share(),
                                         .progress = progress_rows,
                                         .context = &progress}};
    ok = ok && problem_make(&r->problem, &r->inputs, &options->settings, &r->warnings, error) &&
         selection_check(&selection, &r->problem, error) &&
         check_outputs(&r->problem, &request, &r->outputs, error) &&
         patch_view_plan(&r->patches, &over_grid, &options->patch, &r->problem, &request, error);
    load_warn(&r->warnings, 0, options);
    if (!ok)
        return false;
    if (options->title)
        r->problem.title = options->title;
    if (options->patch.grid[0] > 0)
        memcpy(r->problem.patch_grid, options->patch.grid, sizeof options->patch.grid);
    if (options->verbose)
        load_say(&r->inputs, &r->problem);

    size_t warned = r->warnings.count;
    ok = result_compute(&r->result, &r->problem, &request, &r->warnings, error) &&
         result_select(&r->result, &selection, error) &&
         (!over_grid || patch_view_measure(&r->patches, &r->result, error));
    progress_end(&progress);
    double attended = clock_seconds();
    const struct patch_view *patches = over_grid ? &r->patches : NULL;
    ok = ok && (!outputs_draw(&r->outputs) ||
                missing_glyphs_warn(&r->result, r->outputs.stages, r->outputs.stage_count, patches,
                                    &r->warnings, error));
    load_warn(&r->warnings, warned, options);
    if (!ok || !outputs_write(&r->outputs, options, patches, &r->result, error))
        return false;
    if (options->verbose)
        fprintf(stderr, "time read=%.3f attend=%.3f draw=%.3f write=%.3f total=%.3f engine=%s threads=%d\n",
                read - start, attended - read, r->outputs.draw_seconds, r->outputs.write_seconds,
                clock_seconds() - start, r->result.engine, engine_threads(options->threads));
    return true;
}

static bool run(const struct options *options, struct error *error)
{
    struct run r = {0};
    bool ok = run_all(&r, options, error);
    outputs_free(&r.outputs);
    patch_view_free(&r.patches);
    result_free(&r.result);
    problem_free(&r.problem);
    inputs_free(&r.inputs);
    warnings_free(&r.warnings);
    return ok;
}

const struct command command_run = {
    .name = "run",
    .operands = "INPUT…",
    .summary = "compute attention; write heatmaps and numbers",
    .example = "  attn run x.json                           pictures and numbers in attn-out/\n"
               "  attn run x.json -o heads.png              one figure\n"
               "  attn run --q q.csv --k k.csv --v v.csv -o - | jq .stats\n",
    .mark = FOR_RUN,
    .run = run,
};
