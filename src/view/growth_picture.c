#include "view/growth_picture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "figure/label.h"
#include "figure/layout.h"
#include "figure/typeset.h"
#include "paint/paint_kit.h"
#include "view/growth_table.h"

#define PAD 24.0
#define TITLE_SIZE 20.0
#define TEXT_SIZE 15.0
#define TITLE_ROOM 40.0 /* from the upper edge to the lines */
#define PLOT_WIDTH 640.0
#define PLOT_HEIGHT 420.0
#define TICK_GAP 8.0  /* between the lines and the numbers to their left */
#define BELOW 28.0    /* from the lines to the baseline of the numbers below them */
#define NAME_GAP 14.0 /* between the end of a line and its name */
#define NAME_APART 19.0
#define THICK 2.5
#define MARK 7.0  /* a square at each length */
#define CAP 0.365 /* from the middle of a capital to its baseline, in ems */

static const struct color ink = {0x22, 0x22, 0x22}, pale = {0x70, 0x70, 0x70}, grid = {0xdd, 0xdd, 0xdd};

/* Of the forms; told apart by most who see fewer hues (Okabe and Ito 2008). */
static const struct color form_colors[GROWTH_FORMS] = {{0xd5, 0x5e, 0x00}, {0xe6, 0x9f, 0x00},
                                                       {0x00, 0x72, 0xb2}, {0x56, 0xb4, 0xe9},
                                                       {0x00, 0x9e, 0x73}, {0xcc, 0x79, 0xa7}};

struct chart {
    const struct growth *growth;
    struct figure *figure;
    struct font *font;
    struct error *error;
    double least, most; /* decades at the lower and the upper edge */
    double left, top;   /* of the lines */
    enum growth_form
        same[GROWTH_FORMS]; /* an earlier form that costs the same throughout, or the form itself */
};

static double chart_value(const struct chart *chart, enum growth_form form, size_t i)
{
    const struct growth_cost *cost = &chart->growth->cost[form][i];
    return chart->growth->threads > 0 ? cost->seconds : cost->multiply_adds;
}

static void chart_find_same(struct chart *chart)
{
    for (enum growth_form form = 0; form < GROWTH_FORMS; form++) {
        chart->same[form] = form;
        for (enum growth_form other = 0; other < form && chart->same[form] == form; other++) {
            bool is_same = true;
            for (size_t i = 0; i < chart->growth->count; i++)
                is_same = is_same && chart_value(chart, form, i) == chart_value(chart, other, i);
            if (is_same)
                chart->same[form] = other;
        }
    }
}

/* The decades that hold all values; two at least. */
static void chart_find_decades(struct chart *chart)
{
    double least = INFINITY, most = 0;
    for (enum growth_form form = 0; form < GROWTH_FORMS; form++)
        for (size_t i = 0; i < chart->growth->count; i++) {
            least = fmin(least, chart_value(chart, form, i));
            most = fmax(most, chart_value(chart, form, i));
        }
    chart->least = most > 0 ? floor(log10(least)) : 0;
    chart->most = most > 0 ? ceil(log10(most)) : 1;
    if (chart->most <= chart->least)
        chart->most = chart->least + 1;
}

static double x_of(const struct chart *chart, size_t i)
{
    return chart->left + (double)i / (double)(chart->growth->count - 1) * PLOT_WIDTH;
}

static double y_of(const struct chart *chart, double value)
{
    const double share = (log10(value) - chart->least) / (chart->most - chart->least);
    return chart->top + (1 - share) * PLOT_HEIGHT;
}

/* "10 ms" for 0.01 s: a power of ten without decimals. */
static void decade_text(const struct chart *chart, double decade, char text[16])
{
    (chart->growth->threads > 0 ? growth_seconds : growth_number)(pow(10, decade), text);
    char *point = strchr(text, '.');
    if (point)
        memmove(point, point + strspn(point, ".0"), strlen(point + strspn(point, ".0")) + 1);
}

static bool chart_text(const struct chart *chart, double x, double y, enum figure_anchor anchor, double size,
                       struct color color, const char *text)
{
    return figure_text(chart->figure, x, y, size, anchor, false, color, text, chart->error);
}

/* Lines of powers of ten, and their numbers. */
static bool chart_draw_decades(const struct chart *chart)
{
    bool ok = true;
    for (double decade = chart->least; ok && decade <= chart->most; decade++) {
        const double y = y_of(chart, pow(10, decade));
        char text[16];
        decade_text(chart, decade, text);
        ok = figure_rect(chart->figure, chart->left, floor(y), PLOT_WIDTH, 1, grid, chart->error) &&
             chart_text(chart, chart->left - TICK_GAP, y + CAP * TEXT_SIZE, ANCHOR_END, TEXT_SIZE, ink, text);
    }
    return ok;
}

/* The numbers of tokens: every one, or every second, third … where they would touch. */
static bool chart_draw_lengths(const struct chart *chart)
{
    const struct growth *growth = chart->growth;
    const double y = chart->top + PLOT_HEIGHT + BELOW;
    char text[24];
    snprintf(text, sizeof text, "%zu", growth->lengths[growth->count - 1]);
    const double width = typeset_width(chart->font, text, TEXT_SIZE, chart->error);
    const double step = PLOT_WIDTH / (double)(growth->count - 1);
    const size_t every = (size_t)ceil((width + TEXT_SIZE) / step);
    bool ok = chart->error->kind == ERROR_NONE;
    for (size_t back = 0; ok && back < growth->count; back += every) {
        const size_t i = growth->count - 1 - back;
        snprintf(text, sizeof text, "%zu", growth->lengths[i]);
        ok = chart_text(chart, x_of(chart, i), y, ANCHOR_MIDDLE, TEXT_SIZE, ink, text);
    }
    return ok && chart_text(chart, chart->left + PLOT_WIDTH / 2, y + 1.6 * TEXT_SIZE, ANCHOR_MIDDLE,
                            TEXT_SIZE, pale, "tokens");
}

static bool chart_draw_form(const struct chart *chart, enum growth_form form)
{
    const struct color color = form_colors[form];
    bool ok = true;
    for (size_t i = 0; ok && i < chart->growth->count && !isnan(chart_value(chart, form, i)); i++) {
        const double x = x_of(chart, i), y = y_of(chart, chart_value(chart, form, i));
        ok = figure_rect(chart->figure, x - MARK / 2, y - MARK / 2, MARK, MARK, color, chart->error) &&
             (i == 0 ||
              figure_line(chart->figure, x_of(chart, i - 1), y_of(chart, chart_value(chart, form, i - 1)), x,
                          y, THICK, color, 255, chart->error));
    }
    return ok;
}

/* The name of a form, and of those that cost the same. */
static void chart_name(const struct chart *chart, enum growth_form form,
                       char text[GROWTH_FORMS * GROWTH_NAME])
{
    size_t used = 0;
    for (enum growth_form other = form; other < GROWTH_FORMS; other++) {
        char name[GROWTH_NAME];
        if (chart->same[other] != form)
            continue;
        growth_name(chart->growth, other, name);
        used += (size_t)snprintf(text + used, GROWTH_FORMS * GROWTH_NAME - used, "%s%s", used > 0 ? ", " : "",
                                 name);
    }
}

/* The lengths at which the value of a form is known, from the first on. */
static size_t chart_known(const struct chart *chart, enum growth_form form)
{
    size_t known = 0;
    while (known < chart->growth->count && !isnan(chart_value(chart, form, known)))
        known++;
    return known;
}

/* Names a form behind its line, at y; one that ends early over its end. Makes *widest that of the names at the right. */
static bool chart_put_name(const struct chart *chart, enum growth_form form, size_t known, double y,
                           double *widest)
{
    char text[GROWTH_FORMS * GROWTH_NAME];
    const double x = x_of(chart, known - 1);
    chart_name(chart, form, text);
    if (known < chart->growth->count)
        return chart_text(chart, x + MARK / 2, y - MARK - 4, ANCHOR_END, TEXT_SIZE, form_colors[form], text);
    *widest = fmax(*widest, typeset_width(chart->font, text, TEXT_SIZE, chart->error));
    return chart->error->kind == ERROR_NONE && chart_text(chart, x + NAME_GAP, y + CAP * TEXT_SIZE,
                                                          ANCHOR_START, TEXT_SIZE, form_colors[form], text);
}

/* The names: at the right from top to bottom in the order of the ends of the lines, none nearer than NAME_APART. */
static bool chart_draw_names(const struct chart *chart, double *widest)
{
    enum growth_form order[GROWTH_FORMS];
    double at[GROWTH_FORMS];
    size_t count = 0;
    bool ok = true;
    for (enum growth_form form = 0; ok && form < GROWTH_FORMS; form++) {
        const size_t known = chart_known(chart, form);
        if (chart->same[form] != form || known == 0)
            continue;
        const double y = y_of(chart, chart_value(chart, form, known - 1));
        if (known < chart->growth->count) {
            ok = chart_put_name(chart, form, known, y, widest);
            continue;
        }
        size_t place = count++;
        for (; place > 0 && at[place - 1] > y; place--) {
            at[place] = at[place - 1];
            order[place] = order[place - 1];
        }
        at[place] = y;
        order[place] = form;
    }
    for (size_t i = 1; i < count; i++)
        at[i] = fmax(at[i], at[i - 1] + NAME_APART);
    for (size_t i = count; i-- > 0;)
        at[i] = fmin(at[i], i + 1 < count ? at[i + 1] - NAME_APART : chart->top + PLOT_HEIGHT);
    for (size_t i = 0; ok && i < count; i++)
        ok = chart_put_name(chart, order[i], chart->growth->count, at[i], widest);
    return ok;
}

/* The width of the numbers at the left. */
static double chart_numbers(const struct chart *chart)
{
    double widest = 0;
    for (double decade = chart->least; decade <= chart->most; decade++) {
        char text[16];
        decade_text(chart, decade, text);
        widest = fmax(widest, typeset_width(chart->font, text, TEXT_SIZE, chart->error));
    }
    return widest;
}

static bool chart_draw(struct chart *chart, const char *title)
{
    const struct growth *growth = chart->growth;
    char usual[128], shown[LABEL_SIZE];
    double names = 0;
    chart_find_same(chart);
    chart_find_decades(chart);
    if (growth->threads > 0)
        snprintf(usual, sizeof usual, "time of one head, d_k %zu, d_v %zu, %d thread%s", growth->d_k,
                 growth->d_v, growth->threads, growth->threads == 1 ? "" : "s");
    else
        snprintf(usual, sizeof usual, "multiply-adds of one head, d_k %zu, d_v %zu", growth->d_k,
                 growth->d_v);
    chart->left = PAD + ceil(chart_numbers(chart)) + TICK_GAP;
    chart->top = PAD + TITLE_ROOM;
    bool ok = chart->error->kind == ERROR_NONE && chart_draw_decades(chart) && chart_draw_lengths(chart);
    for (enum growth_form form = GROWTH_FORMS; ok && form-- > 0;)
        ok = chart->same[form] != form || chart_draw_form(chart, form);
    ok = ok && chart_draw_names(chart, &names);
    chart->figure->width = (float)ceil(chart->left + PLOT_WIDTH + NAME_GAP + names + PAD);
    chart->figure->height = (float)(chart->top + PLOT_HEIGHT + BELOW + 2.8 * TEXT_SIZE);
    return ok &&
           label_show(shown, title ? title : usual, true, chart->font, TITLE_SIZE,
                      (double)chart->figure->width - 2 * PAD, chart->error) &&
           chart_text(chart, PAD, PAD + TITLE_SIZE * 0.8, ANCHOR_START, TITLE_SIZE, ink, shown);
}

bool growth_picture(struct out *out, const struct growth *growth, const char *title,
                    const struct drawing_style *style, const struct painter *painter, struct error *error)
{
    struct paint_kit kit = {0};
    struct figure figure = {0};
    bool ok = paint_kit_open(&kit, style->font, error);
    if (ok) {
        struct chart chart = {.growth = growth, .figure = &figure, .font = kit.font, .error = error};
        ok = chart_draw(&chart, title);
    }
    if (ok)
        figure_scale(&figure, style->dpi_scale);
    ok = ok && layout_check_size(&figure, error) && painter->paint(&kit, &figure, out, error);
    figure_free(&figure);
    paint_kit_free(&kit);
    return ok;
}
