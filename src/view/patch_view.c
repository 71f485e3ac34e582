#include "view/patch_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"
#include "figure/image_read.h"

/* Pixels of the longer side of an image that are kept: no map is drawn much larger. */
enum { IMAGE_SIDE = 1600 };
/* Bytes that a file of one may have. */
enum { IMAGE_BYTES = 256 << 20 };
/* Pixels of a file that are read. */
enum { IMAGE_PIXELS = 64 << 20 };

/* Whether the first key, and with it the first query, is a CLS token. */
static bool count_keys(struct patch_view *patches, const struct problem *problem, struct error *error)
{
    size_t count = patches->rows * patches->columns; /* each at most 2^20 */
    patches->has_class = problem->m == count + 1;
    if (problem->m == count || patches->has_class)
        return true;
    char says[200];
    snprintf(says, sizeof says,
             "grid %zu×%zu is %zu patches, and there are %zu keys: expected %zu, or %zu with a CLS token "
             "before the patches",
             patches->rows, patches->columns, count, problem->m, count, count + 1);
    return problem->patch_grid_place.file ? place_error(&problem->patch_grid_place, error, "%s", says)
                                          : error_set(error, ERROR_USAGE, "--%s", says);
}

/* Chooses the query whose weights are drawn, or the mean. */
static bool choose_query(struct patch_view *patches, const struct patch_options *options,
                         const struct selection *selection, const struct problem *problem,
                         struct error *error)
{
    size_t first = selection->query_first, end = selection->query_end;
    patches->is_self = problem->is_self;
    if (!options->has_query) {
        bool from_class = patches->is_self && patches->has_class && first == 0;
        patches->is_mean = !from_class && end - first != 1;
        patches->query = first;
    } else if (options->is_mean) {
        patches->is_mean = true;
    } else {
        patches->query = options->query;
        if (patches->query >= problem->n)
            return error_set(error, ERROR_USAGE, "--look-from is %zu: the queries are 0 to %zu",
                             patches->query, problem->n - 1);
        if (patches->query < first || patches->query >= end)
            return error_set(error, ERROR_USAGE, "--look-from is %zu, and --queries leaves that one out",
                             patches->query);
    }
    bool class_too = patches->is_self && patches->has_class && first == 0;
    if (patches->is_mean && class_too && end - first == 1)
        return error_set(error, ERROR_USAGE, "--look-from mean: --queries leaves no patch");
    return true;
}

/* "seen from patch 5 (row 0, column 5)". */
static void name_query(struct patch_view *patches, const struct selection *selection,
                       const struct problem *problem)
{
    char *to = patches->from;
    size_t size = sizeof patches->from, query = patches->query;
    bool part = selection->query_end - selection->query_first < problem->n;
    if (patches->is_mean && problem->n == 1)
        *to = 0;
    else if (patches->is_mean)
        snprintf(to, size, "mean over %s %s", part ? "some" : "all",
                 patches->is_self ? "patches" : "queries");
    else if (patches->is_self && patches->has_class && query == 0)
        snprintf(to, size, "seen from CLS");
    else if (patches->is_self) {
        size_t patch = query - patches->has_class;
        snprintf(to, size, "seen from row %zu, column %zu", patch / patches->columns,
                 patch % patches->columns);
    } else if (problem->tokens.given) {
        char label[64];
        text_clean(label, sizeof label, problem->tokens.text[query]);
        snprintf(to, size, "seen from \u201c%s\u201d", label);
    } else if (problem->n > 1)
        snprintf(to, size, "seen from query %zu", query);
}

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

bool patch_view_plan(struct patch_view *patches, bool *wanted, const struct patch_options *options,
                     const struct problem *problem, const struct request *request, struct error *error)
{
    const char *asking = options->view == VIEW_GRID ? "--view grid"
                         : options->image_file      ? "--image"
                         : options->has_query       ? "--look-from"
                                                    : NULL;
    const size_t *grid = problem->patch_grid;
    char stage[32];
    *wanted = false;
    const char *with = options->view == VIEW_MATRIX ? "--view matrix" : pairless(request, problem, stage);
    if (asking && with)
        return error_set(error, ERROR_USAGE, "%s cannot go with %s", asking, with);
    if (asking && grid[0] == 0)
        return error_set(error, ERROR_USAGE, "%s needs a grid: give --grid ROWS,COLS, or grid in the input",
                         asking);
    if (grid[0] == 0 || options->view == VIEW_MATRIX)
        return true;
    const struct selection *selection = request->selection;
    bool all_keys = selection->key_first == 0 && selection->key_end == problem->m;
    if (asking && !all_keys)
        return error_set(error, ERROR_USAGE, "%s needs all patches, and --keys leaves some out", asking);
    patches->rows = grid[0];
    patches->columns = grid[1];
    if (!count_keys(patches, problem, error))
        return false;
    bool offered = request_offers(request, problem, STAGE_WEIGHTS, DETAIL_CHOSEN);
    if (asking && !offered)
        return error_set(error, ERROR_SYSTEM,
                         "%s needs the weights, and they are more than the %zu that --max-weights allows to "
                         "be held; raise it, or choose queries with --queries",
                         asking, request->max_weights);
    if (!all_keys || !offered)
        return true;
    if (!choose_query(patches, options, selection, problem, error) ||
        (options->image_file && !read_image(patches, options->image_file, error)))
        return false;
    name_query(patches, selection, problem);
    *wanted = true;
    return true;
}

/* Queries × keys of a head. */
struct pairs {
    const float *values;
    size_t stride;         /* from one row of values to the next */
    const uint8_t *masked; /* packed; or NULL */
    size_t rows, columns;
    size_t first; /* the problem's number of the first row */
};

/* The value of every key: that of the query, or the mean over the queries that may attend to the key; masked
 * weights are 0, and count. `masked`, which may be NULL, marks keys that no query may attend to. */
static bool patch_values(const struct patch_view *patches, const struct pairs *pairs, bool is_weight,
                         float *values, uint8_t *masked, struct error *error)
{
    size_t m = pairs->columns;
    bool skips_class = patches->is_mean && patches->is_self && patches->has_class && pairs->first == 0;
    size_t begin = patches->is_mean ? skips_class : patches->query - pairs->first;
    size_t end = patches->is_mean ? pairs->rows : begin + 1;
    struct total {
        double sum;
        size_t count, allowed;
    } *totals = memory_zeroed(m, sizeof *totals, error);
    if (!totals)
        return false;
    for (size_t i = begin; i < end; i++)
        for (size_t j = 0; j < m; j++) {
            bool is_masked = pairs->masked && pairs->masked[i * m + j];
            totals[j].allowed += !is_masked;
            if (!is_masked || is_weight) {
                totals[j].count++;
                totals[j].sum += (double)pairs->values[i * pairs->stride + j];
            }
        }
    for (size_t j = 0; j < m; j++) {
        values[j] = totals[j].count ? (float)(totals[j].sum / (double)totals[j].count) : 0;
        if (masked)
            masked[j] = totals[j].allowed == 0;
    }
    free(totals);
    return true;
}

bool patch_view_measure(struct patch_view *patches, const struct excerpt *excerpt, struct error *error)
{
    const struct stage_shape *shape = &excerpt->shape[STAGE_WEIGHTS];
    float *values = memory_alloc(shape->columns, sizeof *values, error);
    bool ok = values;
    for (size_t i = 0; ok && i < excerpt->layer_count * shape->heads; i++) {
        struct strided weights = excerpt_matrix(excerpt, STAGE_WEIGHTS, i / shape->heads, i % shape->heads);
        struct pairs pairs = {.values = weights.data,
                              .stride = weights.row,
                              .rows = shape->rows,
                              .columns = shape->columns,
                              .first = excerpt->query_first};
        ok = patch_values(patches, &pairs, true, values, NULL, error);
        for (size_t j = patches->has_class; ok && j < shape->columns; j++)
            if (isfinite(values[j]) && values[j] > patches->largest)
                patches->largest = values[j];
    }
    free(values);
    return ok;
}

void patch_view_free(struct patch_view *patches)
{
    image_free(&patches->image);
    *patches = (struct patch_view){0};
}

/* Weights share a scale from 0 to the largest of all heads: on one that ends at 1, 1/196 could not be told
 * from 0. */
static void share_scale(struct patch_drawing *over, const struct patch_view *patches)
{
    struct drawing *drawing = &over->drawing;
    struct drawing_style *style = &drawing->style;
    if (style->has_vmax || !(patches->largest > 0) || (style->has_vmin && style->vmin >= patches->largest))
        return;
    style->has_vmax = true;
    style->vmax = patches->largest;
    snprintf(over->note, sizeof over->note, "(largest of a patch %.2g)", (double)patches->largest);
    drawing->note = over->note;
}

/* The title of a map or figure with a note behind it; an owned string. */
static char *join(const char *title, const char *note, struct error *error)
{
    bool has = title && *title;
    char *whole = text_format("%s%s%s", has ? title : "", has && *note ? " · " : "", note);
    if (!whole)
        error_memory(error, 128);
    return whole;
}

static bool patch_map(struct patch_drawing *over, const struct patch_view *patches,
                      const struct drawing *matrices, size_t i, char weight[48], struct error *error)
{
    size_t m = matrices->columns;
    const struct heatmap *from = &matrices->maps[i];
    struct pairs pairs = {.values = from->values,
                          .stride = from->stride ? from->stride : m,
                          .masked = from->masked,
                          .rows = matrices->rows,
                          .columns = m,
                          .first = matrices->row_first};
    float *values = over->values + i * m;
    uint8_t *masked = over->masked + i * m;
    if (!patch_values(patches, &pairs, matrices->is_weight, values, masked, error))
        return false;
    weight[0] = 0;
    if (patches->has_class && over->drawing.is_flag)
        snprintf(weight, 48, "CLS %s", masked[0] ? "not seen" : "seen");
    else if (patches->has_class && !masked[0])
        snprintf(weight, 48, matrices->is_weight ? "CLS %.2f" : "CLS %.3g", (double)values[0]);
    over->maps[i] = (struct heatmap){.values = values + patches->has_class,
                                     .masked = from->masked ? masked + patches->has_class : NULL};
    return true;
}

static bool make_maps(struct patch_drawing *over, const struct patch_view *patches,
                      const struct drawing *matrices, struct error *error)
{
    size_t cells;
    if (!size_multiply(over->count, matrices->columns, &cells))
        return error_memory(error, SIZE_MAX);
    over->maps = memory_zeroed(over->count, sizeof *over->maps, error);
    over->titles = memory_zeroed(over->count + 1, sizeof *over->titles, error);
    over->values = memory_alloc(cells, sizeof *over->values, error);
    over->masked = memory_alloc(cells, 1, error);
    if (!over->maps || !over->titles || !over->values || !over->masked)
        return false;
    char said[192];
    snprintf(said, sizeof said, "%s", patches->from);
    for (size_t i = 0; i < over->count; i++) {
        char weight[48];
        const char *title = matrices->maps[i].title;
        if (!patch_map(over, patches, matrices, i, weight, error))
            return false;
        if (over->count == 1 && !(title && *title)) /* the figure's says it */
            snprintf(said, sizeof said, "%s%s%s", patches->from, *patches->from && *weight ? " · " : "",
                     weight);
        else if (!(over->titles[i] = join(title, weight, error)))
            return false;
        over->maps[i].title = over->titles[i];
    }
    over->drawing.title = over->titles[over->count] = join(matrices->title, said, error);
    return over->drawing.title;
}

bool patch_drawing_make(struct patch_drawing *over, const struct patch_view *patches, enum stage stage,
                        const struct drawing *matrices, struct error *error)
{
    struct drawing *drawing = &over->drawing;
    *drawing = *matrices;
    over->count = matrices->map_count;
    if (matrices->is_flag && patches->is_mean) {
        drawing->is_flag = false;
        drawing->measure = "share of queries";
        drawing->note = "that see it";
    }
    if (!make_maps(over, patches, matrices, error))
        return false;
    size_t patch = patches->query - patches->has_class;
    drawing->maps = over->maps;
    drawing->rows = patches->rows;
    drawing->columns = patches->columns;
    drawing->row_labels = drawing->column_labels = NULL;
    drawing->row_first = drawing->column_first = 0;
    drawing->row_step = drawing->column_step = 1;
    drawing->row_axis = "patch row";
    drawing->column_axis = "patch column";
    drawing->image = patches->image.pixels ? &patches->image : NULL;
    drawing->has_mark = patches->is_self && !patches->is_mean && !(patches->has_class && patches->query == 0);
    if (drawing->has_mark) {
        drawing->mark_row = patch / patches->columns;
        drawing->mark_column = patch % patches->columns;
    }
    if (drawing->style.annotate == ANNOTATE_AUTO) /* hundreds of 0.00 would hide the image */
        drawing->style.annotate = ANNOTATE_OFF;
    if (stage == STAGE_WEIGHTS && drawing->is_weight)
        share_scale(over, patches);
    return true;
}

void patch_drawing_free(struct patch_drawing *over)
{
    for (size_t i = 0; over->titles && i <= over->count; i++)
        free(over->titles[i]);
    free(over->titles);
    free(over->maps);
    free(over->values);
    free(over->masked);
    *over = (struct patch_drawing){0};
}
