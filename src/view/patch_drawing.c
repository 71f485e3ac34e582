#include "view/patch_drawing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "view/patch_values.h"

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

/* "CLS 0.31", "other keys 0.62": what the keys that are no patches have. */
static void name_rest(const struct patch_rest *rest, const struct patch_view *patches,
                      const struct drawing *matrices, bool is_flag, char said[48])
{
    said[0] = 0;
    if (rest->keys == 1 && patches->has_class && is_flag)
        snprintf(said, 48, "CLS %s", rest->is_masked ? "not seen" : "seen");
    else if (rest->keys == 1 && patches->has_class && !rest->is_masked)
        snprintf(said, 48, matrices->is_weight ? "CLS %.2f" : "CLS %.3g", rest->value);
    else if (rest->keys > 0 && matrices->is_weight && !matrices->is_flag && !rest->is_masked)
        snprintf(said, 48, "other keys %.2f", rest->value);
}

/* Map i: its numbers, and `said`, what stands beside it. */
static bool patch_map(struct patch_drawing *over, const struct patch_view *patches,
                      const struct drawing *matrices, size_t i, char said[48], struct error *error)
{
    const size_t count = patch_grid_count(&patches->grid), maps = patch_view_maps(patches);
    const struct heatmap *from = &matrices->maps[i / maps];
    struct pairs pairs = {.values = from->values,
                          .stride = from->stride ? from->stride : matrices->columns,
                          .masked = from->masked,
                          .rows = matrices->rows,
                          .columns = matrices->columns,
                          .query_first = matrices->row_first,
                          .key_first = matrices->column_first,
                          .is_weight = matrices->is_weight};
    float *values = over->values + i * count;
    uint8_t *masked = over->masked + i * count;
    struct patch_rest rest;
    if (!patch_values(patches, &pairs, patches->key_first + i % maps, values, masked, &rest, error))
        return false;
    name_rest(&rest, patches, matrices, over->drawing.is_flag, said);
    over->maps[i] = (struct heatmap){.values = values, .masked = from->masked ? masked : NULL};
    return true;
}

/* The names of the keys, where each has a map, and rows of panels of them, one a matrix. */
static bool make_keys(struct patch_drawing *over, const struct patch_view *patches,
                      const struct drawing *matrices, struct error *error)
{
    const size_t maps = patch_view_maps(patches);
    struct drawing *drawing = &over->drawing;
    if (maps == 1)
        return true;
    over->keys = memory_zeroed(maps, sizeof *over->keys, error);
    over->rows = memory_zeroed(matrices->map_count, sizeof *over->rows, error);
    over->key_count = maps;
    for (size_t k = 0; over->keys && over->rows && k < maps; k++) {
        char name[PATCH_NAME];
        patch_view_name(patches, true, patches->key_first + k, name);
        if (!(over->keys[k] = text_copy(name)))
            return error_memory(error, PATCH_NAME);
    }
    if (!over->keys || !over->rows)
        return false;
    for (size_t i = 0; i < matrices->map_count; i++)
        over->rows[i] = matrices->maps[i].title ? matrices->maps[i].title : "";
    drawing->across = matrices->map_count > 1 ? maps : 0;
    drawing->row_titles = matrices->map_count > 1 ? over->rows : NULL;
    drawing->column_titles = (const char *const *)over->keys;
    return true;
}

static bool alloc_maps(struct patch_drawing *over, const struct patch_view *patches, struct error *error)
{
    size_t cells;
    if (!size_multiply(over->count, patch_grid_count(&patches->grid), &cells))
        return error_memory(error, SIZE_MAX);
    over->maps = memory_zeroed(over->count, sizeof *over->maps, error);
    over->titles = memory_zeroed(over->count + 1, sizeof *over->titles, error);
    over->values = memory_alloc(cells, sizeof *over->values, error);
    over->masked = memory_alloc(cells, 1, error);
    return over->maps && over->titles && over->values && over->masked;
}

static bool make_maps(struct patch_drawing *over, const struct patch_view *patches,
                      const struct drawing *matrices, struct error *error)
{
    const size_t maps = patch_view_maps(patches);
    char said[192];
    snprintf(said, sizeof said, "%s", patches->from);
    for (size_t i = 0; i < over->count; i++) {
        char rest[48];
        const char *title = matrices->maps[i / maps].title, *note = over->keys ? over->keys[i % maps] : rest;
        if (!patch_map(over, patches, matrices, i, rest, error))
            return false;
        if (over->count == 1 && !(title && *title)) /* the figure's says it */
            snprintf(said, sizeof said, "%s%s%s", patches->from, *patches->from && *rest ? " · " : "", rest);
        else if (!(over->titles[i] = join(title, note, error)))
            return false;
        over->maps[i].title = over->titles[i];
    }
    over->drawing.title = over->titles[over->count] = join(matrices->title, said, error);
    return over->drawing.title;
}

/* Outlines the patch that is looked from, or at. */
static void mark_patch(struct drawing *drawing, const struct patch_view *patches)
{
    const struct patch_grid *grid = &patches->grid;
    const size_t token = grid->are_queries ? patches->key_first : patches->query;
    bool is_one = grid->are_queries ? patches->key_count == 1 : !patches->is_mean;
    drawing->has_mark = patches->is_self && is_one && patch_grid_has(grid, token);
    if (!drawing->has_mark)
        return;
    drawing->mark_row = (token - grid->first) / grid->columns;
    drawing->mark_column = (token - grid->first) % grid->columns;
}

bool patch_drawing_make(struct patch_drawing *over, const struct patch_view *patches, enum stage stage,
                        const struct drawing *matrices, struct error *error)
{
    struct drawing *drawing = &over->drawing;
    *drawing = *matrices;
    if (matrices->is_flag && patches->is_mean) {
        drawing->is_flag = false;
        drawing->measure = "share of queries";
        drawing->note = "that see it";
    }
    if (!size_multiply(matrices->map_count, patch_view_maps(patches), &over->count))
        return error_memory(error, SIZE_MAX);
    if (!alloc_maps(over, patches, error) || !make_keys(over, patches, matrices, error) ||
        !make_maps(over, patches, matrices, error))
        return false;
    drawing->maps = over->maps;
    drawing->map_count = over->count;
    drawing->rows = patches->grid.rows;
    drawing->columns = patches->grid.columns;
    drawing->row_labels = drawing->column_labels = NULL;
    drawing->row_first = drawing->column_first = 0;
    drawing->row_step = drawing->column_step = 1;
    drawing->row_axis = "patch row";
    drawing->column_axis = "patch column";
    drawing->image = patches->image.pixels ? &patches->image : NULL;
    mark_patch(drawing, patches);
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
    for (size_t k = 0; over->keys && k < over->key_count; k++)
        free(over->keys[k]);
    free(over->titles);
    free(over->keys);
    free(over->rows);
    free(over->maps);
    free(over->values);
    free(over->masked);
    *over = (struct patch_drawing){0};
}
