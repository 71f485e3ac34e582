#include "compute/request.h"

#include <stdio.h>

#include "base/memory.h"
#include "compute/selection.h"
#include "compute/stage.h"
#include "engine/dilated.h"

/* Whether all layers have an output that is not made of weights. */
static bool outputs_need_no_weights(const struct problem *problem)
{
    bool without = problem->d_out > 0;
    for (size_t l = 0; l < problem->layer_count; l++) {
        const struct problem_layer *layer = &problem->layers[l];
        without = without && !layer->attention &&
                  (layer->settings.normalizer == NORMALIZER_LINEAR ||
                   layer->settings.recurrence != RECURRENCE_NONE);
    }
    return without;
}

bool request_needs_weights(const struct request *request, const struct problem *problem)
{
    const unsigned outputs = 1u << STAGE_OUTPUT | 1u << STAGE_HEADS;
    bool needs = !(request->stages & outputs) || request->measures_only || request->for_measures ||
                 request->whole_for || selection_is_mean(request->selection);
    for (enum stage stage = 0; stage < STAGE_COUNT; stage++)
        needs =
            needs || (request->stages & 1u << stage && stage_is_pairs(problem, request->selection, stage));
    return needs || !outputs_need_no_weights(problem);
}

struct request_size request_size(const struct request *request, const struct problem *problem)
{
    struct request_size size;
    snprintf(size.text, sizeof size.text, "%zu×%zu×%zu×%zu", selection_layers(request->selection, problem),
             selection_heads(request->selection, problem), problem->n, problem->m);
    return size;
}

/* Heads of which weights are kept, of all layers. */
static double heads_kept(const struct request *request, const struct problem *problem)
{
    return (double)selection_layers(request->selection, problem) *
           (double)selection_heads(request->selection, problem);
}

enum kept request_kept(const struct request *request, const struct problem *problem)
{
    const struct selection *s = request->selection;
    const double heads = heads_kept(request, problem), limit = (double)request->max_weights;
    if (request->without_weights)
        return KEPT_NOTHING;
    /* Weights that were given are in memory already. */
    if (problem->layers[0].attention)
        return KEPT_ALL;
    if (request->measures_only)
        return KEPT_POOLED;
    if (heads * (double)problem->n * (double)problem->m <= limit)
        return KEPT_ALL;
    double block = (double)(s->query_end - s->query_first) * (double)(s->key_end - s->key_first);
    return !selection_has_all_pairs(s, problem) && heads * block <= limit ? KEPT_RANGE : KEPT_POOLED;
}

bool request_offers(const struct request *request, const struct problem *problem, enum stage stage,
                    enum detail detail)
{
    if (detail == DETAIL_CELLS || !stage_is_pairs(problem, request->selection, stage))
        return true;
    enum kept kept = request_kept(request, problem);
    return kept == KEPT_ALL || (kept == KEPT_RANGE && detail == DETAIL_CHOSEN);
}

/* What was asked for and cannot be had, or NULL; a stage as "--stage scores" in `name`. */
static const char *request_lack(const struct request *request, const struct problem *problem, char name[40])
{
    for (enum stage stage = 0; stage < STAGE_COUNT; stage++)
        if (request->stages & 1u << stage && stage != STAGE_WEIGHTS && stage != STAGE_MASK &&
            !request_offers(request, problem, stage, DETAIL_ALL)) {
            snprintf(name, 40, "--stage %s", stage_names[stage]);
            return name;
        }
    if (selection_is_mean(request->selection) && !request_offers(request, problem, STAGE_WEIGHTS, DETAIL_ALL))
        return "--average";
    if (request->whole_for && !request_offers(request, problem, STAGE_WEIGHTS, DETAIL_ALL))
        return request->whole_for;
    if (!request->without_weights && !selection_has_all_pairs(request->selection, problem) &&
        !request_offers(request, problem, STAGE_WEIGHTS, DETAIL_CHOSEN))
        return "a range of queries or keys this large";
    return NULL;
}

/* `count` in `side` steps at most, each of whole periods. */
static size_t step_of(size_t count, size_t side, size_t period)
{
    return size_divide_up(size_divide_up(count, side), period) * period;
}

/* The finest steps that fit the limit over all heads, at most POOLED_SIDE of them each way. */
static void cells_plan(struct pair_cells *cells, const struct problem *problem, double heads, size_t limit)
{
    const struct rules *rules = &problem->layers[0].rules;
    const size_t period = dilated_splits(rules, problem->m) ? rules->dilation : 1;
    double count;
    size_t side = POOLED_SIDE;
    do {
        cells->query_step = step_of(problem->n, side, period);
        cells->key_step = step_of(problem->m, side, period);
        count = (double)size_divide_up(problem->n, cells->query_step) *
                (double)size_divide_up(problem->m, cells->key_step);
    } while (heads * count > (double)limit && --side > 0);
}

bool request_plan(const struct request *request, const struct problem *problem, enum kept *kept,
                  struct pair_cells *cells, struct error *error)
{
    const struct selection *s = request->selection;
    char name[40];
    const char *lack = request_lack(request, problem, name);
    if (lack)
        return error_set(error, ERROR_SYSTEM,
                         "%s weights are more than the %zu that --max-weights allows to be held: %s cannot "
                         "be had; raise it%s",
                         request_size(request, problem).text, request->max_weights, lack,
                         lack == name || selection_is_mean(s) || request->whole_for
                             ? ""
                             : ", or choose less with --queries and --keys");
    *kept = request_kept(request, problem);
    *cells = (struct pair_cells){
        .query_count = problem->n, .key_count = problem->m, .query_step = 1, .key_step = 1};
    if (*kept == KEPT_RANGE) {
        cells->query_first = s->query_first;
        cells->query_count = s->query_end - s->query_first;
        cells->key_first = s->key_first;
        cells->key_count = s->key_end - s->key_first;
    } else if (*kept == KEPT_POOLED) {
        cells_plan(cells, problem, heads_kept(request, problem),
                   request->measures_only ? 0 : request->max_weights);
    }
    cells->rows = size_divide_up(cells->query_count, cells->query_step);
    cells->columns = size_divide_up(cells->key_count, cells->key_step);
    return true;
}
