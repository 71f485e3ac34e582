/* The colour bar with its ticks and name, and the legend of the colours that are not on it. */
#include <math.h>
#include <stdio.h>

#include "figure/label.h"
#include "figure/layout_parts.h"

#define BAR_WIDTH 14.0
#define TICK 4.0
#define TEXT_GAP 7.0 /* between bar and number */
#define LEGEND_LINE 19.0
#define COUNT_LINE 15.0 /* less than a line of its own: it belongs to the one above */
#define DROPPED "dropped"
#define SWATCH 12.0
#define SHORTEST 112.0
#define TICK_ROOM 32.0   /* least distance from one number to the next */
#define TICK_SHARE 0.085 /* the same as a part of the bar */

static double legend_height(const struct bar *bar)
{
    int lines = bar->has_masked + bar->has_nan + bar->has_dropped + bar->is_swatch;
    const bool counts = bar->has_masked && bar->masked_count;
    return lines > 0 ? lines * LEGEND_LINE + (counts ? COUNT_LINE : 0) + 8 : 0;
}

/* The distance from the bar's left edge to the end of the numbers beside it. */
static bool numbers_width(const struct bar *bar, struct font *font, double *widest, struct error *error)
{
    *widest = 0;
    for (size_t i = 0; i < bar->tick_count; i++) {
        double width;
        if (!typeset_text(font, bar->ticks[i].text, LAYOUT_SMALL_SIZE, NULL, NULL, &width, error))
            return false;
        *widest = fmax(*widest, width);
    }
    *widest += BAR_WIDTH + TEXT_GAP;
    return true;
}

/* Makes the bar as wide as its legend. */
static bool legend_widen(struct bar *bar, struct font *font, struct error *error)
{
    const char *const names[] = {bar->is_swatch ? bar->measure : NULL,
                                 bar->has_masked || bar->is_swatch ? bar->masked_name : NULL,
                                 bar->has_masked ? bar->masked_count : NULL,
                                 bar->has_dropped ? DROPPED : NULL, bar->has_nan ? "NaN" : NULL};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        double width;
        if (!names[i])
            continue;
        if (!typeset_text(font, names[i], LAYOUT_SMALL_SIZE, NULL, NULL, &width, error))
            return false;
        bar->width = fmax(bar->width, SWATCH + 6 + width);
    }
    return true;
}

bool bar_plan(struct bar *bar, double height, struct font *font, struct error *error)
{
    bar->legend = legend_height(bar);
    if (bar->is_swatch) {
        bar->height = 0;
        bar->tick_count = 0;
        bar->width = 0;
        return legend_widen(bar, font, error);
    }
    bar->height = fmax(SHORTEST, height - bar->legend);
    bar->tick_count = scale_ticks(bar->scale, fmax(TICK_ROOM / bar->height, TICK_SHARE), bar->ticks);
    if (!numbers_width(bar, font, &bar->width, error))
        return false;
    if (bar->measure && bar->measure[0])
        bar->width += LAYOUT_NAME_SIZE + 7;
    return legend_widen(bar, font, error);
}

bool bar_legend_line(struct figure *figure, double x, double y, struct color color, const char *text,
                     struct error *error)
{
    return figure_rect(figure, x, y, SWATCH, SWATCH, layout_line, error) &&
           figure_rect(figure, x + 1, y + 1, SWATCH - 2, SWATCH - 2, color, error) &&
           figure_text(figure, x + SWATCH + 6, y + SWATCH / 2 + LAYOUT_CAP * LAYOUT_SMALL_SIZE,
                       LAYOUT_SMALL_SIZE, ANCHOR_START, TURN_NONE, layout_ink, text, error);
}

/* The name of the bar, with the note behind it if both fit. */
static bool bar_name(const struct bar *bar, char name[LABEL_SIZE], struct font *font, struct error *error)
{
    char whole[LABEL_SIZE];
    double width = INFINITY;
    snprintf(whole, sizeof whole, "%s %s", bar->measure, bar->note ? bar->note : "");
    if (bar->note && bar->note[0] && !typeset_text(font, whole, LAYOUT_NAME_SIZE, NULL, NULL, &width, error))
        return false;
    return label_show(name, width <= bar->height ? whole : bar->measure, false, font, LAYOUT_NAME_SIZE,
                      bar->height, error);
}

/* The ramp with its ticks and name. */
static bool ramp_draw(const struct bar *bar, struct figure *figure, double x, double y, struct font *font,
                      struct error *error)
{
    if (!figure_rect(figure, x - 1, y - 1, BAR_WIDTH + 2, bar->height + 2, layout_line, error) ||
        !figure_ramp(figure, x, y, BAR_WIDTH, bar->height, bar->colors, error))
        return false;
    for (size_t i = 0; i < bar->tick_count; i++) {
        double at = y + (1 - bar->ticks[i].position) * bar->height;
        double line = fmin(fmax(floor(at), y), y + bar->height - 1);
        if (!figure_rect(figure, x + BAR_WIDTH + 1, line, TICK, 1, layout_line, error) ||
            !figure_text(figure, x + BAR_WIDTH + TEXT_GAP, at + LAYOUT_CAP * LAYOUT_SMALL_SIZE,
                         LAYOUT_SMALL_SIZE, ANCHOR_START, TURN_NONE, layout_ink, bar->ticks[i].text, error))
            return false;
    }
    if (bar->measure && bar->measure[0]) {
        char shown[LABEL_SIZE];
        double widest;
        if (!bar_name(bar, shown, font, error) || !numbers_width(bar, font, &widest, error) ||
            !figure_text(figure, x + widest + 7 + LAYOUT_NAME_SIZE * 0.76, y + bar->height / 2,
                         LAYOUT_NAME_SIZE, ANCHOR_MIDDLE, TURN_UP, layout_ink, shown, error))
            return false;
    }
    return true;
}

bool bar_draw(const struct bar *bar, struct figure *figure, double x, double y, struct font *font,
              struct error *error)
{
    double below = bar->is_swatch ? y : y + bar->height + 16;
    if (!bar->is_swatch && !ramp_draw(bar, figure, x, y, font, error))
        return false;
    if (bar->is_swatch) {
        if (!bar_legend_line(figure, x, below, bar->highest, bar->measure, error))
            return false;
        below += LEGEND_LINE;
    }
    if (bar->has_masked) {
        if (!bar_legend_line(figure, x, below, bar->masked, bar->masked_name, error))
            return false;
        below += LEGEND_LINE;
    }
    if (bar->has_masked && bar->masked_count) {
        if (!figure_text(figure, x + SWATCH + 6,
                         below - LEGEND_LINE + COUNT_LINE + SWATCH / 2 + LAYOUT_CAP * LAYOUT_SMALL_SIZE,
                         LAYOUT_SMALL_SIZE, ANCHOR_START, false, layout_pale, bar->masked_count, error))
            return false;
        below += COUNT_LINE;
    }
    if (bar->has_dropped) {
        if (!bar_legend_line(figure, x, below, bar->dropped, DROPPED, error))
            return false;
        below += LEGEND_LINE;
    }
    return !bar->has_nan || bar_legend_line(figure, x, below, bar->nan, "NaN", error);
}
