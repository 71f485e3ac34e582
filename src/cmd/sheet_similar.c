/* attn stats --similar: which heads do alike, as a sheet with a distance of each two. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cmd/sheet_heads.h"
#include "cmd/sheet_kind.h"
#include "compute/clusters.h"
#include "compute/head_distances.h"
#include "compute/scaling.h"
#include "view/sheet_picture.h"

enum { NEAREST_LAYER = HEAD_COLUMNS, NEAREST_HEAD, NEAREST_JS, PLACE, MAP_X, MAP_Y };

static void similar_plan(struct sheet *sheet, const struct sheet_options *own)
{
    (void)own;
    sheet_say_text(sheet, "similar", "js");
    sheet_heads_plan(sheet);
    sheet_add_column(sheet, "nearest_layer", CELL_COUNT, false);
    sheet_add_column(sheet, "nearest_head", CELL_COUNT, false);
    sheet_add_column(sheet, "nearest_js", CELL_NUMBER, false);
    sheet_add_column(sheet, "place", CELL_COUNT, false);
    sheet_add_column(sheet, "map_x", CELL_NUMBER, false);
    sheet_add_column(sheet, "map_y", CELL_NUMBER, false);
}

/* The head that is nearest to each; of equal ones the first. */
static void name_nearest(struct sheet *sheet, const struct sheet_head *list)
{
    const size_t count = sheet->row_count;
    for (size_t a = 0; a < count; a++) {
        size_t nearest = a;
        double least = (double)NAN;
        for (size_t b = 0; b < count; b++)
            if (b != a && !(sheet->pairs[a * count + b] >= least) && !isnan(sheet->pairs[a * count + b])) {
                nearest = b;
                least = sheet->pairs[a * count + b];
            }
        sheet_cell(sheet, a, NEAREST_LAYER)->number = nearest == a ? (double)NAN : list[nearest].layer;
        sheet_cell(sheet, a, NEAREST_HEAD)->number = nearest == a ? (double)NAN : list[nearest].head;
        sheet_cell(sheet, a, NEAREST_JS)->number = least;
    }
}

/* The distances for what needs one of each two: heads without a query in common are as far apart as can be. */
static double *complete_distances(const struct sheet *sheet, struct error *error)
{
    const size_t count = sheet->row_count;
    double *filled = memory_alloc(count * count, sizeof *filled, error);
    for (size_t i = 0; filled && i < count * count; i++)
        filled[i] = i % (count + 1) == 0 ? 0 : isnan(sheet->pairs[i]) ? M_LN2 : sheet->pairs[i];
    return filled;
}

static bool arrange(struct sheet *sheet, const double *distance, struct error *error)
{
    const size_t count = sheet->row_count;
    double share = 0, *places = memory_alloc(count, 2 * sizeof *places, error);
    size_t *order = places ? memory_alloc(count, sizeof *order, error) : NULL;
    const bool ok = order && clusters_order(distance, count, order, error) &&
                    classical_scaling(distance, count, places, &share, error);
    for (size_t i = 0; ok && i < count; i++) {
        sheet_cell(sheet, order[i], PLACE)->number = (double)i;
        sheet_cell(sheet, i, MAP_X)->number = places[2 * i];
        sheet_cell(sheet, i, MAP_Y)->number = places[2 * i + 1];
    }
    if (ok)
        sheet_say_number(sheet, "map_share", share);
    free(order);
    free(places);
    return ok;
}

static bool similar_fill(struct sheet *sheet, struct computation *computation, const struct options *options,
                         const struct sheet_options *own, struct error *error)
{
    (void)options;
    (void)own;
    struct sheet_head *list = sheet_heads_list(sheet, computation, error);
    double *distance = NULL;
    bool ok =
        list && sheet_heads_distances(sheet, computation, list, HEAD_DISTANCE_EXACT, "--similar", error);
    if (ok) {
        name_nearest(sheet, list);
        distance = complete_distances(sheet, error);
        ok = distance && arrange(sheet, distance, error);
    }
    free(distance);
    free(list);
    return ok;
}

static bool similar_draw(struct out *out, const struct sheet *sheet, const struct drawing_style *style,
                         const struct painter *painter, struct error *error)
{
    return sheet_pairs_picture(out, sheet, PLACE, "likeness of heads", "Jensen–Shannon divergence (nats)",
                               style, painter, error);
}

static bool similar_is_wanted(const struct sheet_options *own)
{
    return own->similar;
}

const struct sheet_kind sheet_similar = {
    .option = "--similar",
    .is_wanted = similar_is_wanted,
    .plan = similar_plan,
    .fill = similar_fill,
    .draw = similar_draw,
};
