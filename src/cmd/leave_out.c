#include "cmd/leave_out.h"

#include "base/memory.h"
#include "compute/leaving.h"
#include "compute/stage.h"

bool leave_out_check(const struct options *options, struct error *error)
{
    const struct selection_options *said = &options->selection;
    if (said->leave_out.count == 0)
        return !said->renormalize ||
               error_set(error, ERROR_USAGE,
                         "--renormalize divides rows by what --leave-out leaves of them: expected both");
    if (said->words == WORDS_PIECES)
        return error_set(error, ERROR_USAGE, "--leave-out and --words: expected one of them");
    if (options->output.steps)
        return error_set(error, ERROR_USAGE, "--leave-out and --steps: expected one of them");
    for (enum stage s = 0; s < STAGE_COUNT; s++)
        if (options->output.stages & 1u << s && s != STAGE_WEIGHTS && s != STAGE_MASK)
            return error_set(error, ERROR_USAGE,
                             "--stage %s is of all tokens: with --leave-out there are weights and mask",
                             stage_names[s]);
    return true;
}

/* Words that the input has are numbers of all its tokens. */
static bool check_no_words(const struct part *part, const struct options *options, struct error *error)
{
    const struct tensor *tensor = part->inputs->all.tensor;
    return options->selection.words == WORDS_NO ||
           (!tensor[INPUT_WORDS].data && !tensor[INPUT_KEY_WORDS].data) ||
           error_set(error, ERROR_USAGE,
                     "--leave-out is of tokens, and here they are joined to words: add --words=no");
}

/* Computes all weights of the chosen heads, and of them makes *left. */
static bool compute_left(struct problem *left, struct computation *c, const struct part *part,
                         struct error *error)
{
    struct selection chosen = part->selection;
    struct request request = {.max_weights = c->request.max_weights,
                              .whole_for = "--leave-out",
                              .selection = &chosen,
                              .engine = c->request.engine};
    struct result all = {0};
    chosen.query_first = chosen.query_end = chosen.key_first = chosen.key_end = 0;
    chosen.average_heads = chosen.average_layers = false;
    bool ok = selection_check(&chosen, &part->problem, error);
    const double pairs = (double)selection_layers(&chosen, &part->problem) *
                         (double)selection_heads(&chosen, &part->problem) * (double)part->problem.n *
                         (double)part->problem.m;
    progress_begin(&c->progress, c->quiet, pairs);
    progress_part(&c->progress, pairs, &all.engine);
    ok = ok && result_compute(&all, &part->problem, &request, &c->warnings, error);
    progress_end(&c->progress);
    ok = ok && cost_add(&part->leaving->cost, &all, error) &&
         leaving_make(left, part->leaving, &all, &chosen, &c->warnings, error);
    result_free(&all);
    return ok;
}

bool leave_out(struct computation *computation, struct part *part, const struct options *options,
               struct error *error)
{
    const struct selection_options *said = &options->selection;
    struct problem left = {0};
    if (said->leave_out.count == 0 || part->leaving)
        return true;
    if (!check_no_words(part, options, error) ||
        !(part->leaving = memory_zeroed(1, sizeof *part->leaving, error)))
        return false;
    part->leaving->renormalizes = said->renormalize;
    part->leaving->is_of_many = computation->called;
    const bool ok = leaving_find(part->leaving, said->leave_out.text, said->leave_out.count, &part->problem,
                                 &computation->warnings, error) &&
                    compute_left(&left, computation, part, error);
    if (!ok) {
        problem_free(&left);
        return false;
    }
    problem_free(&part->problem);
    part->problem = left;
    return true;
}
