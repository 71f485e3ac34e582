#include "view/line_view.h"

#include "compute/selection.h"
#include "figure/lines.h"

/* Whether tokens and heads are few enough, before anything is computed; the layout asks again. */
static bool check_counts(const struct problem *problem, const struct selection *selection,
                         struct error *error)
{
    const size_t queries = selection->query_end - selection->query_first,
                 keys = selection->key_end - selection->key_first;
    const size_t heads = selection->average_heads ? 1 : selection_heads(selection, problem);
    const bool is_query = queries > LINES_MOST;
    if (is_query || keys > LINES_MOST)
        return error_set(
            error, ERROR_USAGE,
            "--view lines is for at most %d tokens, and here are %zu %s: choose some with --%s A:B",
            LINES_MOST, is_query ? queries : keys, is_query ? "queries" : "keys",
            is_query ? "queries" : "keys");
    return heads <= LINES_MAPS_MOST ||
           error_set(error, ERROR_USAGE,
                     "--view lines has colours for at most %d heads, and here are %zu: choose some with "
                     "--head, or --average heads",
                     LINES_MAPS_MOST, heads);
}

static bool choose_lit(struct drawing_style *style, const char *query, const struct problem *problem,
                       const struct selection *selection, struct error *error)
{
    style->has_lit = true;
    if (!selection_token(&style->lit, "--query", query, "", &problem->tokens, NULL, error))
        return false;
    return (style->lit >= selection->query_first && style->lit < selection->query_end) ||
           error_set(error, ERROR_USAGE, "--query is %zu, and --queries leaves that one out", style->lit);
}

bool line_view_plan(struct drawing_style *style, const struct patch_options *options,
                    const struct problem *problem, const struct request *request, struct error *error)
{
    style->has_lines = options->view == VIEW_LINES;
    if (!style->has_lines)
        return !options->query ||
               error_set(error, ERROR_USAGE, "--query lights the lines of a query: expected --view lines");
    if (request->stages & ~(1u << STAGE_WEIGHTS))
        return error_set(error, ERROR_USAGE, "--view lines shows weights: expected no other --stage");
    if (!check_counts(problem, request->selection, error))
        return false;
    if (!request_offers(request, problem, STAGE_WEIGHTS, DETAIL_CHOSEN))
        return error_set(error, ERROR_SYSTEM,
                         "--view lines needs the weights, and they are more than the %zu that --max-weights "
                         "allows to be held; raise it, or choose queries with --queries",
                         request->max_weights);
    return !options->query || choose_lit(style, options->query, problem, request->selection, error);
}
