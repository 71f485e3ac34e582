#include "compute/patch_grid.h"

#include <stdio.h>

#include "base/source.h"

/* The tokens of one side, and those of them that are chosen. */
struct patch_side {
    size_t count, first, end;
};

static struct patch_side patch_side(const struct problem *problem, const struct selection *selection,
                                    bool queries)
{
    return queries ? (struct patch_side){problem->n, selection->query_first, selection->query_end}
                   : (struct patch_side){problem->m, selection->key_first, selection->key_end};
}

/* "grid 2×3 is 6 patches, and WHAT", with the place of the grid. Always false. */
static bool patch_grid_misfit(const struct problem *problem, const char *what, struct error *error)
{
    char says[320];
    const size_t *grid = problem->patch_grid;
    snprintf(says, sizeof says, "grid %zu×%zu is %zu patch%s, and %s", grid[0], grid[1], grid[0] * grid[1],
             grid[0] * grid[1] == 1 ? "" : "es", what);
    return problem->patch_grid_place.file ? place_error(&problem->patch_grid_place, error, "%s", says)
                                          : error_set(error, ERROR_USAGE, "--%s", says);
}

bool patch_grid_find(struct patch_grid *grid, const struct problem *problem,
                     const struct selection *selection, struct error *error)
{
    const struct settings *settings = &problem->layers[0].settings;
    const size_t count = problem->patch_grid[0] * problem->patch_grid[1]; /* each at most 2^20 */
    const int axis = settings->grid_axis;
    char what[160];
    *grid =
        (struct patch_grid){.rows = problem->patch_grid[0],
                            .columns = problem->patch_grid[1],
                            .are_queries = axis == GRID_QUERIES || (axis == GRID_AUTO && problem->m < count)};
    const struct patch_side side = patch_side(problem, selection, grid->are_queries);
    const char *tokens = grid->are_queries ? "queries" : "keys";
    if (axis == GRID_AUTO && problem->m < count && problem->n < count) {
        snprintf(what, sizeof what, "there are %zu keys and %zu queries: expected as many of either, or more",
                 problem->m, problem->n);
        return patch_grid_misfit(problem, what, error);
    }
    if (side.count < count) {
        snprintf(what, sizeof what, "there are %zu %s: expected as many, or more", side.count, tokens);
        return patch_grid_misfit(problem, what, error);
    }
    grid->first = side.end - side.first == count ? side.first : side.count - count;
    if (!settings_have(settings, SETTING_GRID_OFFSET))
        return true;
    grid->first = settings->grid_offset;
    if (grid->first <= side.count - count)
        return true;
    snprintf(what, sizeof what, "there are %zu %s: expected a grid_offset of at most %zu, not %zu",
             side.count, tokens, side.count - count, grid->first);
    return patch_grid_misfit(problem, what, error);
}

bool patch_grid_is_chosen(const struct patch_grid *grid, const struct selection *selection)
{
    const size_t first = grid->are_queries ? selection->query_first : selection->key_first,
                 end = grid->are_queries ? selection->query_end : selection->key_end;
    return grid->first >= first && grid->first + patch_grid_count(grid) <= end;
}
