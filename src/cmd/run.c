/* attn run: one straight line from files to files. */
#include <stdio.h>

#include "cmd/clock.h"
#include "cmd/computation.h"
#include "cmd/option_table.h"
#include "cmd/options.h"
#include "cmd/outputs.h"
#include "cmd/outputs_plan.h"
#include "engine/engine.h"
#include "view/missing_glyphs.h"
#include "view/patch_values.h"
#include "view/patch_view.h"

/* What a run holds, from its inputs to its outputs. */
struct run {
    struct computation computation;
    struct outputs outputs;
    struct patch_view patches;
};

/* The patches are of what is shown, and so is the selection. */
static bool plan_patches(struct run *r, bool *wanted, const struct options *options, struct error *error)
{
    struct request request = r->computation.request;
    request.selection = &r->computation.selection;
    return patch_view_plan(&r->patches, wanted, &options->patch, r->computation.shown, &request, error);
}

static void say_patches(const struct patch_view *patches)
{
    const struct patch_grid *grid = &patches->grid;
    fprintf(stderr, "attn: the patches are %s %zu to %zu of %zu\n", grid->are_queries ? "queries" : "keys",
            grid->first, grid->first + patch_grid_count(grid) - 1,
            grid->are_queries ? patches->problem->n : patches->problem->m);
}

static bool run_all(struct run *r, const struct options *options, struct error *error)
{
    double start = clock_seconds();
    struct computation *c = &r->computation;
    struct request *request = &c->request;
    if (!computation_begin(c, options, error) || !outputs_plan(&r->outputs, options, error))
        return false;
    request->stages = options->output.stages;
    request->pool_mean = options->style.pool == POOL_MEAN;
    request->top_keys = outputs_whole(&r->outputs);
    request->without_masks = !outputs_masks(&r->outputs);
    bool ok = computation_read(c, options, &command_run, error), over_patches = false;
    double read = clock_seconds();
    ok = ok && computation_check(c, options, error) && computation_select(c, options, error) &&
         outputs_check(&r->outputs, &c->problem, request, error) &&
         plan_patches(r, &over_patches, options, error);
    computation_warn(c);
    if (!ok)
        return false;
    if (options->verbose)
        computation_say(c);
    if (options->verbose && over_patches)
        say_patches(&r->patches);

    const struct patch_view *patches = over_patches ? &r->patches : NULL;
    ok = computation_compute(c, error) &&
         (!over_patches || patch_values_measure(&r->patches, &c->excerpt, error));
    double attended = clock_seconds();
    ok = ok && (!outputs_draw(&r->outputs) ||
                missing_glyphs_warn(&c->excerpt, r->outputs.content.stages, r->outputs.content.stage_count,
                                    patches, &c->warnings, error));
    computation_warn(c);
    if (!ok || !outputs_write(&r->outputs, options, patches, &c->excerpt, error))
        return false;
    if (options->verbose)
        fprintf(stderr, "time read=%.3f attend=%.3f draw=%.3f write=%.3f total=%.3f engine=%s threads=%d\n",
                read - start, attended - read, r->outputs.draw_seconds, r->outputs.write_seconds,
                clock_seconds() - start, c->result.engine, engine_threads((int)options->engine.threads));
    return true;
}

static bool run_run(const struct options *options, struct error *error)
{
    struct run r = {0};
    bool ok = run_all(&r, options, error);
    outputs_free(&r.outputs);
    patch_view_free(&r.patches);
    computation_free(&r.computation);
    return ok;
}

const struct command command_run = {
    .name = "run",
    .operands = "INPUT…",
    .summary = "compute attention; write heatmaps and numbers",
    .example = "  attn run x.json                           pictures and numbers in attn-out/\n"
               "  attn run x.json -o heads.png              one figure\n"
               "  attn run --q q.csv --k k.csv --v v.csv -o - | jq .stats\n",
    .groups =
        (const struct option_group *const[]){&group_output, &group_selection, &group_masks, &group_attention,
                                             &group_memory, &group_forms, &group_picture, &group_input,
                                             &group_general, &group_help, &group_input_files, NULL},
    .run = run_run,
};
