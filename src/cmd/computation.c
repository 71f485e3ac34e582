#include "cmd/computation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/workers.h"
#include "cmd/computation_pick.h"
#include "cmd/input_files.h"
#include "cmd/leave_out.h"
#include "cmd/token_order.h"
#include "compute/joining_result.h"
#include "engine/engine.h"
#include "engine/kernel.h"
#include "problem/parts.h"
#include "problem/pieces.h"

#include "cmd/computation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/workers.h"
#include "cmd/called.h"
#include "cmd/input_files.h"
#include "cmd/leave_out.h"
#include "cmd/token_order.h"
#include "compute/joining_result.h"
#include "engine/engine.h"
#include "engine/kernel.h"
#include "problem/parts.h"
#include "problem/pieces.h"

bool computation_read(struct computation *computation, const struct options *options,
                      const struct command *command, struct error *error)
{
    struct computation *c = computation;
    c->has_model = options->input.projections;
    return input_files_read(&c->inputs, options, command, c->one_layer, &c->warnings, error);
}

/* Parts may differ in size, and not in what there is of them. */
static bool check_alike(const struct problem *first, const struct problem *other, struct error *error)
{
    if (!first->d_out == !other->d_out)
        return true;
    return error_set(error, ERROR_INPUT, "layer %zu %s v, unlike layer %zu: all layers must agree",
                     other->layer_first, other->d_out > 0 ? "has" : "lacks", first->layer_first);
}

static bool show_pieces(struct part *part, struct error *error)
{
    struct problem *given = part->ordering ? &part->ordering->given : NULL;
    return pieces_show(&part->problem.tokens, error) && pieces_show(&part->problem.key_tokens, error) &&
           (!given || (pieces_show(&given->tokens, error) && pieces_show(&given->key_tokens, error)));
}

bool computation_check(struct computation *computation, const struct options *options, struct error *error)
{
    struct computation *c = computation;
    const struct settings *over = &options->input.settings;
    if (!problem_prepare(&c->inputs, over, &c->warnings, error) ||
        !inputs_part(&c->inputs_of, &c->part_count, &c->inputs, error))
        return false;
    c->parts = memory_zeroed(c->part_count, sizeof *c->parts, error);
    bool ok = c->parts;
    for (size_t i = 0; ok && i < c->part_count; i++) {
        struct part *part = &c->parts[i];
        part->inputs = &c->inputs_of[i];
        ok = problem_make(&part->problem, part->inputs, over, &c->warnings, error) &&
             token_order_make(c, part, options, error) &&
             check_alike(&c->parts[0].problem, &part->problem, error) &&
             (options->input.raw_tokens || show_pieces(part, error));
    }
    if (!c->parts)
        c->part_count = 0;
    return ok;
}

struct part *computation_part(const struct computation *computation, size_t number)
{
    struct part *part = computation->parts;
    while (!part_has_layer(part, number))
        part++;
    return part;
}

/* Finds the words. All weights are then computed for them, and the selection is one of words. */
static bool join_words(struct computation *c, struct part *part, const struct options *options,
                       struct error *error)
{
    part->shown = &part->problem;
    if (!joining_find(&part->joining, (enum words_from)options->selection.words, &part->problem, part->inputs,
                      &c->warnings, error))
        return false;
    if (!part->joining.are_joined)
        return true;
    for (enum stage s = 0; s < STAGE_COUNT; s++)
        if (options->output.stages & 1u << s && s != STAGE_WEIGHTS && s != STAGE_MASK)
            return error_set(error, ERROR_USAGE,
                             "--stage %s is of tokens, and here they are joined to words: add --words=no",
                             stage_names[s]);
    part->shown = &part->joining.problem;
    part->request.selection = &part->whole;
    part->request.whole_for = options->selection.words == WORDS_PIECES ? "--words" : "words";
    return selection_check(&part->whole, &part->problem, error);
}

/* The selection and the request of a part, whose layers are chosen (NULL: all), and perhaps heads picked. The mean of picked heads is
 * one of all. */
static bool select_part(struct computation *c, struct part *part, const struct options *options,
                        struct error *error)
{
    const struct span_list *heads = &options->selection.heads;
    struct selection *s = &part->selection;
    *s = c->selection;
    s->layers = part->layers;
    s->layer_count = part->row_count;
    s->is_picked = part->heads;
    s->values = part->values;
    s->measure = c->measure;
    part->request = c->request;
    part->request.selection = s;
    if (selection_is_picked(s, &part->problem))
        s->average_heads = s->average_layers = selection_is_mean(s);
    if (s->is_picked) {
        s->head_count = 1;
    } else if (!selection_list(&part->heads, &s->head_count, heads->span, heads->count,
                               numbering_heads(part->problem.numbering, 0), part->problem.heads, "head",
                               error)) {
        return false;
    }
    s->heads = part->heads;
    return leave_out(c, part, options, error) && join_words(c, part, options, error) &&
           selection_check(&part->selection, part->shown, error);
}

/* All parts are computed with weights, or none is: what is written of them is the same of each. */
static void find_needs(struct computation *c)
{
    bool needs = false;
    for (size_t i = 0; i < c->part_count; i++)
        needs = needs || request_needs_weights(&c->parts[i].request, &c->parts[i].problem);
    for (size_t i = 0; i < c->part_count; i++)
        c->parts[i].request.without_weights = !needs;
}

/* The weights of one of several parts are all kept, or those that are chosen. */
static bool check_kept(const struct part *part, struct error *error)
{
    const struct problem *problem = &part->problem;
    if (request_kept(&part->request, problem) != KEPT_POOLED)
        return true;
    return error_set(
        error, ERROR_SYSTEM,
        "%s weights from layer %zu on are more than the %zu that --max-weights allows to be "
        "held, and are not pooled beside layers of another size: raise it, or choose layers with --layer",
        request_size(&part->request, problem).text, problem->layer_first, part->request.max_weights);
}

/* The selections and requests of all parts, whose layers are chosen. */
static bool select_parts(struct computation *c, const struct options *options, struct error *error)
{
    const bool are_picked = c->parts[0].heads;
    const bool is_mean_over_layers =
        c->selection.average_layers || (selection_is_mean(&c->selection) && are_picked);
    bool ok = true;
    if (ok && c->part_count > 1 && is_mean_over_layers)
        return error_set(error, ERROR_USAGE,
                         "--average layers: layers %zu and %zu differ in size or tokens, and have no mean; "
                         "choose those that agree with --layer",
                         c->parts[0].problem.layer_first, c->parts[1].problem.layer_first);
    for (size_t i = 0; ok && i < c->part_count; i++)
        ok = select_part(c, &c->parts[i], options, error);
    if (ok)
        find_needs(c);
    for (size_t i = 0; ok && c->part_count > 1 && i < c->part_count; i++)
        ok = check_kept(&c->parts[i], error);
    return ok;
}

bool computation_select(struct computation *computation, const struct options *options, struct error *error)
{
    return computation_take_listed(computation, options, error) && select_parts(computation, options, error);
}

bool computation_choose(struct computation *computation, const struct picked_heads *picked,
                        const struct options *options, struct error *error)
{
    struct computation *c = computation;
    c->measure = picked->measure;
    for (size_t i = 0; i < c->part_count; i++)
        part_forget(&c->parts[i]);
    return computation_take_heads(c, NULL, picked->places, picked->values, picked->count, error) &&
           select_parts(c, options, error);
}

/* Pairs of query and key in all heads of the layers that are computed, masked ones too. */
static double part_pairs(const struct part *part)
{
    const struct problem *problem = &part->problem;
    const double queries = result_is_chosen(problem, &part->request)
                               ? (double)(part->selection.query_end - part->selection.query_first)
                               : (double)problem->n;
    size_t heads = 0;
    for (size_t l = 0; l < problem->layer_count; l++)
        for (size_t h = 0; h < problem->heads; h++)
            heads += result_has_head(problem, &part->request, l, h);
    return (double)heads * queries * (double)problem->m;
}

bool computation_compute(struct computation *computation, struct error *error)
{
    struct computation *c = computation;
    c->excerpts.list = memory_zeroed(c->part_count, sizeof *c->excerpts.list, error);
    if (!c->excerpts.list)
        return false;
    c->excerpts.count = c->part_count;
    double pairs = 0;
    for (size_t i = 0; i < c->part_count; i++)
        pairs += part_pairs(&c->parts[i]);
    progress_begin(&c->progress, c->quiet, pairs);
    bool ok = true;
    for (size_t i = 0; ok && i < c->part_count; i++) {
        struct part *part = &c->parts[i];
        struct joining *joining = &part->joining;
        progress_part(&c->progress, part_pairs(part), &part->result.engine);
        ok = result_compute(&part->result, &part->problem, &part->request, &c->warnings, error);
        if (ok && part->leaving) { /* who computed the weights, which are given here */
            part->result.engine = part->leaving->engine;
            part->result.plain_reason = part->leaving->plain_reason;
        }
        ok = ok &&
             (!joining->are_joined ||
              joining_result(joining, &part->result, part->request.engine.threads, error)) &&
             excerpt_make(&c->excerpts.list[i], joining->are_joined ? &joining->result : &part->result,
                          &part->selection, error) &&
             (!part->ordering || !c->compares_orders ||
              ordering_compare(part->ordering, &c->excerpts.list[i], &part->request, error));
        c->excerpts.ordering = part->ordering && c->compares_orders ? part->ordering : NULL;
    }
    progress_end(&c->progress);
    return ok;
}

/* What chooses heads by itself, and what chooses layers and heads apart. */
static bool check_selection_options(const struct selection_options *s, struct error *error)
{
    if (s->picks.count == 0 || (s->layers.count == 0 && s->heads.count == 0))
        return true;
    return error_set(error, ERROR_USAGE, "--pick and --%s: expected one of them",
                     s->layers.count > 0 ? "layer" : "head");
}

/* Selects the instructions; *plain: double precision. */
static bool choose_cpu(bool *plain, const struct options *options, struct error *error)
{
    const char *cpu = options->engine.cpu ? options->engine.cpu : getenv("ATTN_CPU");
    *plain = cpu && strcmp(cpu, "plain") == 0;
    if (!cpu || !*cpu || *plain || kernel_choose(cpu))
        return true;
    bool known = false;
    for (size_t i = 0; kernel_listed(i); i++)
        known = known || strcmp(kernel_listed(i), cpu) == 0;
    if (known)
        return error_set(error, ERROR_SYSTEM, "%s %s: this processor cannot run it",
                         options->engine.cpu ? "--cpu" : "ATTN_CPU", cpu);
    return error_set(error, ERROR_USAGE, "ATTN_CPU is \"%s\": expected avx512, avx2, portable or plain", cpu);
}

/* The part of the machine's memory that the computation takes for itself unless told. */
static size_t memory_share(void)
{
    enum { PART = 8 };
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages / PART * (size_t)size : (size_t)1 << 30;
}

bool computation_begin(struct computation *computation, const struct options *options, struct error *error)
{
    struct computation *c = computation;
    const struct engine_choice *engine = &options->engine;
    const struct selection_options *chosen = &options->selection;
    c->quiet = options->quiet;
    c->selection = (struct selection){.query_first = chosen->queries.first,
                                      .query_end = chosen->queries.end,
                                      .key_first = chosen->keys.first,
                                      .key_end = chosen->keys.end,
                                      .average_heads = chosen->average & 1,
                                      .average_layers = chosen->average >> 1 & 1};
    c->request = (struct request){.max_weights = engine->max_weights,
                                  .engine = {.threads = (int)engine->threads,
                                             .memory_limit = engine->memory ? engine->memory : memory_share(),
                                             .progress = progress_share,
                                             .context = &c->progress}};
    workers_limit(engine_threads((int)engine->threads));
    return check_selection_options(chosen, error) && leave_out_check(options, error) &&
           token_order_check(options, error) && choose_cpu(&c->request.engine.plain, options, error);
}

void computation_free(struct computation *computation)
{
    for (size_t i = 0; i < computation->excerpts.count; i++)
        excerpt_free(&computation->excerpts.list[i]);
    free(computation->excerpts.list);
    for (size_t i = 0; i < computation->part_count; i++)
        part_free(&computation->parts[i]);
    free(computation->parts);
    free(computation->inputs_of);
    inputs_free(&computation->inputs);
    warnings_free(&computation->warnings);
}
