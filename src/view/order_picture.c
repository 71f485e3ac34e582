#include "view/order_picture.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "figure/board.h"
#include "paint/paint_kit.h"
#include "problem/reorder.h"
#include "view/order_table.h"
#include "view/panels.h"
#include "view/pictures.h"
#include "view/steps.h"

enum { SIDES = 2 };

/* A figure with everything that it points to, but for the results. Begins zeroed; freed by sides_free. */
struct order_sides {
    const struct ordering *ordering;
    struct panels panels[SIDES]; /* of the given order, and of the changed one */
    size_t rows;
    struct picture pictures[STEPS_ROWS][SIDES];
    float *values[STEPS_ROWS]; /* of the changed order, carried back; owned, as are `masked` */
    uint8_t *masked[STEPS_ROWS];
    struct heatmap maps[STEPS_ROWS];
    struct drawing carried[STEPS_ROWS];
    struct board_panel cells[STEPS_ROWS * SIDES];
    char names[STEPS_ROWS][PANEL_NAME];
    const char *row_titles[STEPS_ROWS];
    char footer[ORDER_SENTENCE];
};

/* The place of a key in the changed order: of past tokens, and of another sequence, the same. */
static size_t key_place(const struct ordering *o, size_t key)
{
    const size_t past = o->given.layers[0].k.past_rows;
    return !reorder_moves_keys(&o->given) || key < past ? key : past + o->places[key - past];
}

/* The matrix of the changed order with rows and columns where the tokens stood. */
static bool carry_back(struct order_sides *sides, size_t row, struct error *error)
{
    const struct ordering *o = sides->ordering;
    const struct drawing *given = &sides->pictures[row][0].drawing,
                         *changed = &sides->pictures[row][1].drawing;
    const struct heatmap *map = &changed->maps[0];
    const size_t stride = map->stride > 0 ? map->stride : changed->columns, columns = changed->columns;
    size_t cells;
    if (!size_multiply(changed->rows, columns, &cells))
        return error_memory(error, SIZE_MAX);
    sides->values[row] = memory_alloc(cells, sizeof *sides->values[row], error);
    sides->masked[row] = memory_zeroed(cells, 1, error);
    if (!sides->values[row] || !sides->masked[row])
        return false;
    for (size_t i = 0; i < changed->rows; i++)
        for (size_t j = 0; j < columns; j++) {
            const size_t at = o->places[i], key = key_place(o, j);
            sides->values[row][i * columns + j] = map->values[at * stride + key];
            sides->masked[row][i * columns + j] = map->masked && map->masked[at * columns + key];
        }
    sides->maps[row] =
        (struct heatmap){.values = sides->values[row], .masked = map->masked ? sides->masked[row] : NULL};
    sides->carried[row] = *given;
    sides->carried[row].maps = &sides->maps[row];
    return true;
}

/* A head: both panels of a row. */
static bool sides_row(struct order_sides *sides, size_t row, const struct drawing_style *style,
                      struct error *error)
{
    const size_t count = sides->panels[0].count;
    for (int side = 0; side < SIDES; side++) {
        const struct picture_matrices shown = {&sides->panels[side], false, row};
        if (!picture_make(&sides->pictures[row][side], &shown, style, NULL, error))
            return false;
    }
    if (!carry_back(sides, row, error))
        return false;
    panels_title(&sides->panels[0], row / count, row % count, false, sides->names[row]);
    sides->row_titles[row] = sides->names[row];
    struct board_panel *cells = &sides->cells[row * SIDES];
    cells[0] = (struct board_panel){.drawing = &sides->pictures[row][0].drawing, .title = "given order"};
    cells[1] = (struct board_panel){.drawing = &sides->carried[row],
                                    .title = "changed order",
                                    .subtitle = "carried back",
                                    .above = "tokens",
                                    .sign = "→",
                                    .below = "move"};
    return true;
}

static bool sides_make(struct order_sides *sides, const struct excerpt *changed,
                       const struct drawing_style *style, struct error *error)
{
    if (!panels_find(&sides->panels[0], &sides->ordering->excerpt, STAGE_WEIGHTS, error) ||
        !panels_find(&sides->panels[1], changed, STAGE_WEIGHTS, error))
        return false;
    const size_t heads = changed->layer_count * sides->panels[0].count;
    sides->rows = heads < STEPS_ROWS ? heads : STEPS_ROWS;
    for (size_t row = 0; row < sides->rows; row++)
        if (!sides_row(sides, row, style, error))
            return false;
    order_sentence(sides->ordering, sides->footer);
    return true;
}

static void sides_free(struct order_sides *sides)
{
    for (size_t row = 0; row < STEPS_ROWS; row++) {
        picture_free(&sides->pictures[row][0]);
        picture_free(&sides->pictures[row][1]);
        free(sides->values[row]);
        free(sides->masked[row]);
    }
    panels_free(&sides->panels[0]);
    panels_free(&sides->panels[1]);
    free(sides);
}

bool order_picture(struct out *out, const struct excerpt *changed, const struct ordering *ordering,
                   const struct painter *painter, const struct drawing_style *style, struct error *error)
{
    static const struct board_column columns[SIDES] = {{0, true}, {0, true}};
    struct order_sides *sides = memory_zeroed(1, sizeof *sides, error);
    struct paint_kit kit = {0};
    struct figure figure = {0};
    if (!sides)
        return false;
    sides->ordering = ordering;
    bool ok = sides_make(sides, changed, style, error);
    const char *const measures[] = {sides->pictures[0][0].drawing.measure};
    const struct board board = {.title = changed->result->problem->title,
                                .rows = sides->rows,
                                .across = SIDES,
                                .panels = sides->cells,
                                .columns = columns,
                                .measures = measures,
                                .scale_count = 1,
                                .row_titles = sides->names[0][0] ? sides->row_titles : NULL,
                                .footer = sides->footer,
                                .style = *style};
    ok = ok && paint_kit_open(&kit, style->font, error) && board_layout(&figure, &board, kit.font, error) &&
         painter->paint(&kit, &figure, out, error);
    figure_free(&figure);
    paint_kit_free(&kit);
    sides_free(sides);
    return ok;
}
