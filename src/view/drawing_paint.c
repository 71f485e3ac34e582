#include "view/drawing_paint.h"

#include "figure/layout.h"

bool drawing_paint(struct out *out, const struct drawing *drawing, const struct painter *painter,
                   struct error *error)
{
    struct paint_kit kit = {0};
    struct figure figure = {0};
    const bool ok = paint_kit_open(&kit, drawing->style.font, error) &&
                    layout_figure(&figure, drawing, kit.font, error) &&
                    painter->paint(&kit, &figure, out, error);
    figure_free(&figure);
    paint_kit_free(&kit);
    return ok;
}

bool board_paint(struct out *out, const struct board *board, const struct painter *painter,
                 struct error *error)
{
    struct paint_kit kit = {0};
    struct figure figure = {0};
    const bool ok = paint_kit_open(&kit, board->style.font, error) &&
                    board_layout(&figure, board, kit.font, error) &&
                    painter->paint(&kit, &figure, out, error);
    figure_free(&figure);
    paint_kit_free(&kit);
    return ok;
}

bool figure_paint(struct out *out, struct figure *figure, struct paint_kit *kit,
                  const struct drawing_style *style, const struct painter *painter, struct error *error)
{
    figure_scale(figure, style->dpi_scale);
    return layout_check_size(figure, error) && painter->paint(kit, figure, out, error);
}
