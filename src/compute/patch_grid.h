/* Where the patches of an image are among the tokens of a problem. */
#ifndef ATTN_COMPUTE_PATCH_GRID_H
#define ATTN_COMPUTE_PATCH_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "compute/selection.h"
#include "problem/problem.h"

/* rows×columns patches, row by row: the queries, or else the keys, from `first` on. */
struct patch_grid {
    size_t rows, columns, first;
    bool are_queries;
};

static inline size_t patch_grid_count(const struct patch_grid *grid)
{
    return grid->rows * grid->columns;
}

/* Whether a query or key is one of the patches. */
static inline bool patch_grid_has(const struct patch_grid *grid, size_t token)
{
    return token >= grid->first && token - grid->first < patch_grid_count(grid);
}

/*
 * Finds them, in a problem that has a grid: on the side that grid_axis says, else the keys if there are enough of
 * them, else the queries; from grid_offset on, else those that the selection chooses if they are exactly as many, else
 * the last. Errors where they do not fit: ERROR_INPUT with the place of the grid, ERROR_USAGE where it came from the
 * command line.
 */
bool patch_grid_find(struct patch_grid *grid, const struct problem *problem,
                     const struct selection *selection, struct error *error);

/* Whether the selection, which selection_check has checked, has all patches. */
bool patch_grid_is_chosen(const struct patch_grid *grid, const struct selection *selection);

#endif
