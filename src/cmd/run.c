/* attn run: one straight line from files to files. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cmd/best_heads.h"
#include "cmd/computation.h"
#include "cmd/computation_say.h"
#include "cmd/option_table.h"
#include "cmd/options.h"
#include "cmd/outputs.h"
#include "cmd/outputs_plan.h"
#include "cmd/token_order.h"
#include "cmd/versus.h"
#include "compute/cost.h"
#include "engine/engine.h"
#include "view/line_view.h"
#include "view/missing_glyphs.h"
#include "view/patch_values.h"
#include "view/patch_view.h"
#include "view/steps.h"

/* What a run holds, from its inputs to its outputs. */
struct run {
    struct computation computation;
    struct outputs outputs;
    /* One a part: its patches, and these again where its pairs are drawn over them, else NULL. Both owned. */
    struct patch_view *patches;
    const struct patch_view **over;
};

/* The patches are of what is shown, and so is the selection. */
static bool plan_patches(struct run *r, const struct options *options, struct error *error)
{
    const struct computation *c = &r->computation;
    r->patches = memory_zeroed(c->part_count, sizeof *r->patches, error);
    r->over = r->patches ? memory_zeroed(c->part_count, sizeof *r->over, error) : NULL;
    bool ok = r->over;
    for (size_t i = 0; ok && i < c->part_count; i++) {
        struct request request = c->parts[i].request;
        bool wanted = false;
        request.selection = &c->parts[i].selection;
        ok = patch_view_plan(&r->patches[i], &wanted, &options->patch, c->parts[i].shown, &request, error) &&
             line_view_plan(&r->outputs.style, &options->patch, c->parts[i].shown, &request, error);
        r->over[i] = wanted ? &r->patches[i] : NULL;
    }
    return ok;
}

/* Weights that are held as cells have no common rows with features of single tokens. */
static bool check_cells(const struct part *part, unsigned stages, bool steps, struct error *error)
{
    bool all_pairs = true;
    for (enum stage s = 0; s < STAGE_COUNT; s++)
        all_pairs = all_pairs && (!(stages & 1u << s) || stage_is_pairs(&part->problem, &part->selection, s));
    return all_pairs || request_kept(&part->request, &part->problem) != KEPT_POOLED ||
           error_set(
               error, ERROR_SYSTEM,
               "%s weights are more than the %zu that --max-weights allows to be held: %s cannot be had; "
               "raise it",
               request_size(&part->request, &part->problem).text, part->request.max_weights,
               steps ? "--steps" : "a picture of several stages");
}

/* The stages of a figure of several, of which there is one where all layers are of one size. */
static bool plan_steps(struct run *r, struct error *error)
{
    struct computation *c = &r->computation;
    struct part *part = &c->parts[0];
    if (!outputs_figure(&r->outputs))
        return true;
    if (part->joining.are_joined && r->outputs.steps)
        return error_set(error, ERROR_USAGE,
                         "--steps is of tokens, and here they are joined to words: add --words=no");
    if (r->outputs.steps) {
        r->outputs.figure = steps_stages(&part->problem, &part->selection);
        part->request.without_weights = false;
    }
    part->request.stages |= r->outputs.figure;
    return check_cells(part, r->outputs.figure, r->outputs.steps, error);
}

/* Both orders are drawn as one figure of all their weights, token by token. */
static bool plan_orders(struct run *r, const struct options *options, struct error *error)
{
    const struct part *part = &r->computation.parts[0];
    const struct selection_options *s = &options->selection;
    const struct {
        bool is_given;
        const char *name;
    } others[] = {
        {s->queries.first > 0 || s->queries.end > 0, "--queries"},
        {s->keys.first > 0 || s->keys.end > 0, "--keys"},
        {r->outputs.steps, "--steps"},
        {outputs_draw(&r->outputs) && options->output.stages & ~(1u << STAGE_WEIGHTS),
         "a picture with --stage"},
        {outputs_draw(&r->outputs) && options->patch.view != VIEW_AUTO, "--view"},
    };
    r->computation.compares_orders = part->ordering;
    for (size_t i = 0; part->ordering && i < sizeof others / sizeof *others; i++)
        if (others[i].is_given)
            return error_set(error, ERROR_USAGE, "%s and %s: expected one of them",
                             token_order_option(options), others[i].name);
    if (!part->ordering || !outputs_draw(&r->outputs) ||
        request_kept(&part->request, &part->problem) == KEPT_ALL)
        return token_order_compares(&r->computation, error);
    return error_set(
        error, ERROR_SYSTEM,
        "%s weights are more than the %zu that --max-weights allows to be held: a picture of both "
        "orders cannot be had; raise it",
        request_size(&part->request, &part->problem).text, part->request.max_weights);
}

/* More heads than a figure has rows. */
static void warn_steps(struct run *r)
{
    struct computation *c = &r->computation;
    const size_t heads = steps_heads(&c->excerpts.list[0]);
    const bool has_orders = c->compares_orders && outputs_draw(&r->outputs);
    if ((outputs_figure(&r->outputs) || has_orders) && heads > STEPS_ROWS)
        warnings_add(&c->warnings,
                     "the figure of %s shows the first %d of %zu heads; --layer and --head choose others",
                     has_orders ? "both orders" : "steps", STEPS_ROWS, heads);
}

static void say_patches(const struct patch_view *patches)
{
    const struct patch_grid *grid = &patches->grid;
    fprintf(stderr, "attn: the patches are %s %zu to %zu of %zu\n", grid->are_queries ? "queries" : "keys",
            grid->first, grid->first + patch_grid_count(grid) - 1,
            grid->are_queries ? patches->problem->n : patches->problem->m);
}

/* What the run cost: pairs, multiply-adds, and the most memory that the process has held. */
static bool say_cost(const struct computation *c, struct error *error)
{
    struct cost cost = {0};
    struct rusage usage = {0};
    for (size_t i = 0; i < c->part_count; i++) {
        const struct leaving *leaving = c->parts[i].leaving;
        if (!leaving && !cost_add(&cost, &c->parts[i].result, error))
            return false;
        cost.pairs += leaving ? leaving->cost.pairs : 0;
        cost.allowed += leaving ? leaving->cost.allowed : 0;
        cost.multiply_adds += leaving ? leaving->cost.multiply_adds : 0;
    }
    getrusage(RUSAGE_SELF, &usage);
    fprintf(stderr, "cost pairs=%.0f of=%.0f multiply_adds=%.0f peak_bytes=%.0f\n", cost.allowed, cost.pairs,
            cost.multiply_adds, (double)usage.ru_maxrss * 1024);
    return true;
}

static bool check_outputs(struct run *r, struct error *error)
{
    const struct computation *c = &r->computation;
    bool ok = c->part_count < 2 || outputs_check_sizes(&r->outputs, error);
    for (size_t i = 0; ok && i < c->part_count; i++)
        ok = outputs_check(&r->outputs, &c->parts[i].problem, &c->parts[i].request, error);
    return ok;
}

/* What has to be known of the results before anything is drawn. */
static bool look_ahead(struct run *r, struct error *error)
{
    struct computation *c = &r->computation;
    const struct content *content = &r->outputs.content;
    float largest = 0; /* of all layers, whose colours are the same */
    bool ok = true;
    for (size_t i = 0; ok && i < c->part_count; i++) {
        const struct excerpt *excerpt = &c->excerpts.list[i];
        ok = (!r->over[i] || patch_values_measure(&r->patches[i], excerpt, error)) &&
             (!outputs_draw_glyphs(&r->outputs) ||
              missing_glyphs_warn(excerpt, content->stages, content->stage_count, r->over[i],
                                  r->outputs.style.font, &c->warnings, error));
        largest = fmaxf(largest, r->patches[i].largest);
    }
    for (size_t i = 0; i < c->part_count; i++)
        r->patches[i].largest = largest;
    return ok;
}

static bool run_all(struct run *r, const struct options *options, struct error *error)
{
    double start = clock_seconds();
    struct computation *c = &r->computation;
    struct request *request = &c->request;
    if (!best_heads_check(&options->selection, error) || !computation_begin(c, options, error) ||
        !outputs_plan(&r->outputs, options, error))
        return false;
    request->stages = options->output.stages;
    request->pool_mean = options->style.pool == POOL_MEAN;
    request->top_keys = outputs_whole(&r->outputs);
    request->without_masks = !outputs_masks(&r->outputs);
    request->for_measures = options->output.measures;
    bool ok = computation_read(c, options, &command_run, error);
    double read = clock_seconds();
    ok = ok && computation_check(c, options, error) && computation_select(c, options, error) &&
         best_heads_choose(c, options, error) && check_outputs(r, error) && plan_orders(r, options, error) &&
         plan_steps(r, error) && plan_patches(r, options, error);
    computation_warn(c);
    if (!ok)
        return false;
    if (options->verbose)
        computation_say(c);
    for (size_t i = 0; options->verbose && i < c->part_count; i++)
        if (r->over[i])
            say_patches(r->over[i]);

    ok = computation_compute(c, error);
    double attended = clock_seconds();
    ok = ok && look_ahead(r, error);
    if (ok)
        warn_steps(r);
    computation_warn(c);
    if (!ok || !outputs_write(&r->outputs, r->over, &c->excerpts, error))
        return false;
    if (r->outputs.dim > 0)
        warnings_add(&c->warnings,
                     "in a picture %d %% of the cells lie in the lowest 5 %% of the scale: --vmax auto or "
                     "--color-scale log shows "
                     "them",
                     (int)(r->outputs.dim * 100));
    computation_warn(c);
    const char *reason = c->parts[0].result.plain_reason;
    if (options->verbose && reason)
        fprintf(stderr, "attn: computed in double precision, row by row, because of %s\n", reason);
    if (options->verbose && !say_cost(c, error))
        return false;
    if (options->verbose)
        fprintf(stderr, "time read=%.4f attend=%.4f draw=%.4f write=%.4f total=%.4f engine=%s threads=%d\n",
                read - start, attended - read, r->outputs.draw_seconds, r->outputs.write_seconds,
                clock_seconds() - start, c->parts[0].result.engine,
                engine_threads((int)options->engine.threads));
    return true;
}

static bool run_run(const struct options *options, struct error *error)
{
    if (options->output.versus.count > 0)
        return versus_run(options, error);
    struct run r = {0};
    bool ok = run_all(&r, options, error);
    outputs_free(&r.outputs);
    for (size_t i = 0; r.patches && i < r.computation.part_count; i++)
        patch_view_free(&r.patches[i]);
    free(r.patches);
    free(r.over);
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
    .groups = (const struct option_group *const[]){&group_output, &group_selection, &group_masks,
                                                   &group_attention, &group_memory, &group_forms,
                                                   &group_picture, &group_patches, &group_lines, &group_input,
                                                   &group_general, &group_help, &group_input_files, NULL},
    .run = run_run,
};
