#include "view/rollout_picture.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "compute/selection.h"
#include "view/drawing_paint.h"
#include "view/patch_drawing.h"
#include "view/patch_values.h"

bool rollout_patches(struct patch_view *patches, bool *wanted, const struct patch_options *options,
                     const struct problem *problem, size_t query, struct error *error)
{
    struct selection selection = {.query_first = query == SIZE_MAX ? 0 : query,
                                  .query_end = query == SIZE_MAX ? 0 : query + 1};
    /* Every number is there. */
    const struct request request = {
        .stages = 1u << STAGE_WEIGHTS, .max_weights = SIZE_MAX, .selection = &selection};
    return selection_check(&selection, problem, error) &&
           patch_view_plan(patches, wanted, options, problem, &request, error);
}

/* The largest number that is drawn. */
static bool find_largest(float *largest, const struct rollout_told *told, const float *drawn,
                         const struct patch_view *patches, struct error *error)
{
    const size_t n = told->rollout->rows.problem->n, rows = rollout_rows(told),
                 count = patches ? patch_grid_count(&patches->grid) * patch_view_maps(patches) : rows * n;
    const struct pairs pairs = {.values = drawn,
                                .stride = n,
                                .rows = rows,
                                .columns = n,
                                .query_first = told->is_row ? told->query : 0,
                                .is_weight = true};
    float *room = patches ? memory_alloc(count, sizeof *room, error) : NULL;
    bool ok = room || !patches;
    for (size_t m = 0; ok && patches && m < patch_view_maps(patches); m++)
        ok = patch_values(patches, &pairs, patches->key_first + m,
                          room + m * patch_grid_count(&patches->grid), NULL, NULL, error);
    const float *values = patches ? room : drawn;
    *largest = 0;
    for (size_t i = 0; ok && i < count; i++)
        *largest = values[i] > *largest ? values[i] : *largest;
    free(room);
    return ok;
}

/* "title · rollout, layers 0 to 11", or "rollout by alti"; an owned string. */
static char *title_of(const struct rollout_told *told, struct error *error)
{
    const struct rollout *rollout = told->rollout;
    const struct problem *problem = rollout->rows.problem;
    const char *what = told->flow ? "flow" : "rollout";
    const size_t first = problem_layer_number(problem, rollout->first),
                 last = problem_layer_number(problem, rollout->end - 1);
    const char *before = problem->title ? problem->title : "", *dot = *before ? " · " : "";
    const bool weighs = rollout->mix.contribution == CONTRIBUTION_WEIGHTS;
    const char *by = weighs ? "" : " by ",
               *kind = weighs ? "" : contribution_names[rollout->mix.contribution];
    char *title = first == last ? text_format("%s%s%s%s%s, layer %zu", before, dot, what, by, kind, first)
                                : text_format("%s%s%s%s%s, layers %zu to %zu", before, dot, what, by, kind,
                                              first, last);
    if (!title)
        error_memory(error, 128);
    return title;
}

/* What is drawn, in float32: the flow, which is owned, or where the rollout lies. */
static bool drawn_of(const struct rollout_told *told, float **owned, const float **drawn, struct error *error)
{
    const size_t count = rollout_rows(told) * told->rollout->rows.problem->n;
    *owned = told->flow ? memory_alloc(count, sizeof **owned, error) : NULL;
    for (size_t i = 0; *owned && i < count; i++)
        (*owned)[i] = (float)told->flow[i];
    *drawn = *owned ? *owned : told->values;
    return *owned || !told->flow;
}

/* The drawing as a matrix, still without its numbers. */
static struct drawing drawing_of_rollout(const struct rollout_told *told, const struct drawing_style *style)
{
    const struct problem *problem = told->rollout->rows.problem;
    const struct labels *rows = &problem->tokens, *columns = &problem->key_tokens;
    const size_t first = told->is_row ? told->query : 0;
    return (struct drawing){.map_count = 1,
                            .rows = rollout_rows(told),
                            .columns = problem->n,
                            .row_first = first,
                            .row_labels = rows->given ? labels_shown(rows) + first : NULL,
                            .column_labels = columns->given ? labels_shown(columns) : NULL,
                            .row_axis = "query",
                            .column_axis = "input token",
                            .measure = told->flow ? "attention flow" : "rollout",
                            .is_weight = true,
                            .style = *style};
}

/* The largest number has the highest colour, unless the style says which. */
static void scale_to(struct drawing *drawing, float largest, char note[48])
{
    struct drawing_style *style = &drawing->style;
    if (style->has_vmax || !(largest > 0) || (style->has_vmin && style->vmin >= largest))
        return;
    snprintf(note, 48, "(largest %.2g)", (double)largest);
    style->has_vmax = true;
    style->vmax = largest;
    drawing->note = note;
}

bool rollout_picture(const struct rollout_told *told, const struct patch_view *patches,
                     const struct drawing_style *style, const struct painter *painter, struct out *out,
                     struct error *error)
{
    struct heatmap map = {.stride = told->rollout->rows.problem->n};
    struct drawing drawing = drawing_of_rollout(told, style);
    struct patch_drawing over = {0};
    char note[48], *title = title_of(told, error);
    float largest = 0, *owned = NULL;
    bool ok = title && drawn_of(told, &owned, &map.values, error) &&
              find_largest(&largest, told, map.values, patches, error);
    drawing.title = title;
    drawing.maps = &map;
    scale_to(&drawing, largest, note);
    ok = ok && (!patches || patch_drawing_make(&over, patches, STAGE_WEIGHTS, &drawing, error)) &&
         drawing_paint(out, patches ? &over.drawing : &drawing, painter, error);
    patch_drawing_free(&over);
    free(owned);
    free(title);
    return ok;
}
