#include "view/drawing_paint.h"

#include "figure/layout.h"
#include "paint/paint_kit.h"

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
