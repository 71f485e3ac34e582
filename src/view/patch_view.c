#include "view/patch_view.h"

#include <stdio.h>
#include <string.h>

#include "base/source.h"
#include "base/text.h"
#include "compute/selection.h"
#include "compute/stage.h"
#include "figure/image_read.h"

/* Pixels of the longer side of an image that are kept: no map is drawn much larger. */
enum { IMAGE_SIDE = 1600 };
/* Bytes that a file of one may have. */
enum { IMAGE_BYTES = 256 << 20 };
/* Pixels of a file that are read. */
enum { IMAGE_PIXELS = 64 << 20 };

void patch_view_name(const struct patch_view *patches, bool is_key, size_t token, char name[PATCH_NAME])
{
    const struct labels *labels = is_key ? &patches->problem->key_tokens : &patches->problem->tokens;
    const struct patch_grid *grid = &patches->grid;
    if ((patches->is_self || is_key != grid->are_queries) && patch_grid_has(grid, token)) {
        snprintf(name, PATCH_NAME, "row %zu, column %zu", (token - grid->first) / grid->columns,
                 (token - grid->first) % grid->columns);
    } else if (patches->is_self && patches->has_class && token == 0 && grid->first == 1) {
        snprintf(name, PATCH_NAME, "CLS");
    } else if (labels->given) {
        char label[64];
        text_clean(label, sizeof label, labels_shown(labels)[token]);
        snprintf(name, PATCH_NAME, "“%s”", label);
    } else {
        snprintf(name, PATCH_NAME, "%s %zu", is_key ? "key" : "query", token);
    }
}

/* ---- patches that are keys ---- */

/* Whether the selection has a query that is a patch itself. */
static bool has_patch_queries(const struct patch_view *patches, const struct selection *selection)
{
    const struct patch_grid *grid = &patches->grid;
    return patches->is_self && selection->query_first < grid->first + patch_grid_count(grid) &&
           selection->query_end > grid->first;
}

/* A patch by its row and column, "r4c1", as titles name them, where tokens of that side are patches. *is_named: it is one. */
static bool choose_patch(size_t *token, bool *is_named, const struct patch_view *patches, const char *option,
                         const char *text, bool is_key, struct error *error)
{
    enum { LONGEST = 16 };
    const struct patch_grid *grid = &patches->grid;
    size_t row = 0, column = 0;
    int length = 0;
    *is_named = (patches->is_self || is_key != grid->are_queries) && strlen(text) < LONGEST &&
                sscanf(text, "r%zuc%zu%n", &row, &column, &length) == 2 && !text[length];
    if (!*is_named)
        return true;
    *token = grid->first + row * grid->columns + column;
    return (row < grid->rows && column < grid->columns) ||
           error_set(error, ERROR_USAGE, "%s is %s: expected a row below %zu and a column below %zu", option,
                     text, grid->rows, grid->columns);
}

/* A token that an option names must be among those that are chosen. */
static bool choose_token(const struct patch_view *patches, size_t *token, const char *option,
                         const char *text, const char *also, bool is_key, const struct selection *selection,
                         const struct problem *problem, struct error *error)
{
    const struct labels *labels = is_key ? &problem->key_tokens : &problem->tokens;
    size_t first = is_key ? selection->key_first : selection->query_first,
           end = is_key ? selection->key_end : selection->query_end;
    bool is_patch;
    if (!choose_patch(token, &is_patch, patches, option, text, is_key, error) ||
        !(is_patch || selection_token(token, option, text, also, labels, NULL, error)))
        return false;
    return (*token >= first && *token < end) ||
           error_set(error, ERROR_USAGE, "%s is %zu, and --%s leaves that one out", option, *token,
                     is_key ? "keys" : "queries");
}

/* "mean over all patches" */
static void name_mean(struct patch_view *patches, const struct selection *selection)
{
    const struct problem *problem = patches->problem;
    const struct patch_grid *grid = &patches->grid;
    bool is_part = has_patch_queries(patches, selection)
                       ? selection->query_first > grid->first ||
                             selection->query_end < grid->first + patch_grid_count(grid)
                       : selection->query_end - selection->query_first < problem->n;
    snprintf(patches->from, sizeof patches->from, "mean over %s %s", is_part ? "some" : "all",
             has_patch_queries(patches, selection) ? "patches" : "queries");
}

/* Chooses the query whose weights are drawn, or the mean, and names it. */
static bool choose_query(struct patch_view *patches, const struct patch_options *options,
                         const struct selection *selection, struct error *error)
{
    const struct problem *problem = patches->problem;
    const struct patch_grid *grid = &patches->grid;
    size_t first = selection->query_first, count = selection->query_end - first;
    char name[PATCH_NAME];
    patches->has_class = grid->first > 0 && grid->first + patch_grid_count(grid) == problem->m;
    if (!options->from) {
        /* A first token that sees no patch is none that stands for the image. */
        bool from_class =
            patches->is_self && patches->has_class && first == 0 && !problem->layers[0].rules.causal;
        patches->is_mean = !from_class && count != 1;
        patches->query = first;
    } else if (strcmp(options->from, "mean") == 0) {
        patches->is_mean = true;
    } else if (!choose_token(patches, &patches->query, "--look-from", options->from, "mean, ", false,
                             selection, problem, error)) {
        return false;
    }
    if (patches->is_mean && problem->n > 1) {
        name_mean(patches, selection);
    } else if (problem->n > 1 || problem->tokens.given) {
        patch_view_name(patches, false, patches->query, name);
        snprintf(patches->from, sizeof patches->from, "seen from %s", name);
    }
    return true;
}

/* ---- patches that are queries ---- */

/* Chooses the keys that have a map. *fits: they are few enough. */
static bool choose_keys(struct patch_view *patches, const struct patch_options *options,
                        const struct selection *selection, bool *fits, struct error *error)
{
    char name[PATCH_NAME];
    patches->key_first = selection->key_first;
    patches->key_count = selection->key_end - selection->key_first;
    *fits = patches->key_count <= PATCH_KEYS_MAX;
    if (options->at) {
        *fits = true;
        patches->key_count = 1;
        if (!choose_token(patches, &patches->key_first, "--look-at", options->at, "", true, selection,
                          patches->problem, error))
            return false;
    }
    if (patches->key_count == 1 && (patches->problem->m > 1 || patches->problem->key_tokens.given)) {
        patch_view_name(patches, true, patches->key_first, name);
        snprintf(patches->from, sizeof patches->from, "looking at %s", name);
    } else if (patches->key_count > 1) {
        snprintf(patches->from, sizeof patches->from, "weights of the patches on each key");
    }
    return true;
}

/* ---- the plan ---- */

static bool read_image(struct patch_view *patches, const char *path, struct error *error)
{
    struct source source;
    bool ok = source_read(&source, path, IMAGE_BYTES, error) &&
              image_read(&patches->image, &source, IMAGE_PIXELS, IMAGE_SIDE, error);
    source_free(&source);
    return ok;
}

/* "--stage q" if only such stages are drawn, which have no pairs; or NULL. */
static const char *pairless(const struct request *request, const struct problem *problem, char out[32])
{
    const char *found = NULL;
    for (enum stage s = 0; s < STAGE_COUNT; s++) {
        if (request->stages & 1u << s && stage_is_pairs(problem, request->selection, s))
            return NULL;
        if (request->stages & 1u << s && !found) {
            snprintf(out, 32, "--stage %s", stage_names[s]);
            found = out;
        }
    }
    return found;
}

/* Whether the patches can be drawn: all of them are chosen, and their weights are kept. `asking` is the option that
 * wants them, or NULL: then it is no error if not. */
static bool can_draw(bool *can, const struct patch_view *patches, const struct request *request,
                     const char *asking, struct error *error)
{
    bool chosen = patch_grid_is_chosen(&patches->grid, request->selection);
    bool offered = request_offers(request, patches->problem, STAGE_WEIGHTS, DETAIL_CHOSEN);
    *can = chosen && offered;
    if (asking && !chosen)
        return error_set(error, ERROR_USAGE, "%s needs all patches, and --%s leaves some out", asking,
                         patches->grid.are_queries ? "queries" : "keys");
    if (asking && !offered)
        return error_set(error, ERROR_SYSTEM,
                         "%s needs the weights, and they are more than the %zu that --max-weights allows to "
                         "be held; raise it, or choose queries with --queries",
                         asking, request->max_weights);
    return true;
}

/* Chooses what is drawn over the patches. *can: it is not too much. */
static bool choose_maps(struct patch_view *patches, const struct patch_options *options,
                        const struct selection *selection, const char *asking, bool *can, struct error *error)
{
    const bool queries = patches->grid.are_queries;
    const char *wrong = queries ? options->from : options->at;
    if (wrong)
        return error_set(error, ERROR_USAGE,
                         "%s needs patches that are %s, and here they are the %s; see --grid-axis",
                         queries ? "--look-from" : "--look-at", queries ? "keys" : "queries",
                         queries ? "queries" : "keys");
    if (!queries)
        return choose_query(patches, options, selection, error);
    if (!choose_keys(patches, options, selection, can, error))
        return false;
    return *can || !asking ||
           error_set(error, ERROR_USAGE,
                     "%s needs --look-at KEY: there are %zu keys, and only up to %d have a map each", asking,
                     patches->key_count, PATCH_KEYS_MAX);
}

bool patch_view_plan(struct patch_view *patches, bool *wanted, const struct patch_options *options,
                     const struct problem *problem, const struct request *request, struct error *error)
{
    const char *asking = options->view == VIEW_GRID ? "--view grid"
                         : options->image_file      ? "--image"
                         : options->from            ? "--look-from"
                         : options->at              ? "--look-at"
                                                    : NULL;
    char stage[32];
    bool can;
    *wanted = false;
    const char *with = options->view == VIEW_MATRIX  ? "--view matrix"
                       : options->view == VIEW_LINES ? "--view lines"
                                                     : pairless(request, problem, stage);
    if (asking && with)
        return error_set(error, ERROR_USAGE, "%s cannot go with %s", asking, with);
    if (asking && problem->patch_grid[0] == 0)
        return error_set(error, ERROR_USAGE, "%s needs a grid: give --grid ROWS,COLS, or grid in the input",
                         asking);
    if (problem->patch_grid[0] == 0 || options->view == VIEW_MATRIX || options->view == VIEW_LINES)
        return true;
    patches->problem = problem;
    patches->is_self = problem->is_self;
    if (!patch_grid_find(&patches->grid, problem, request->selection, error) ||
        !can_draw(&can, patches, request, asking, error) ||
        (can && !choose_maps(patches, options, request->selection, asking, &can, error)))
        return false;
    *wanted = can;
    return !can || !options->image_file || read_image(patches, options->image_file, error);
}

void patch_view_free(struct patch_view *patches)
{
    image_free(&patches->image);
    *patches = (struct patch_view){0};
}
