#include "view/explain_picture.h"

#include "figure/layout.h"
#include "paint/paint_kit.h"
#include "view/explain_figure.h"

bool explain_picture(struct out *out, const struct explain_steps *steps, const char *title,
                     const struct drawing_style *style, const struct painter *painter, struct error *error)
{
    struct paint_kit kit = {0};
    struct figure figure = {0};
    bool ok =
        paint_kit_open(&kit, style->font, error) && explain_figure(&figure, steps, title, kit.font, error);
    if (ok)
        figure_scale(&figure, style->dpi_scale);
    ok = ok && layout_check_size(&figure, error) && painter->paint(&kit, &figure, out, error);
    figure_free(&figure);
    paint_kit_free(&kit);
    return ok;
}
