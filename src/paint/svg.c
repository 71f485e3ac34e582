/*
 * The painter of SVG: one file that is the same in browsers, Inkscape and librsvg. Shapes lie on the whole
 * pixels of the PNG; texts are texts, placed by the widths of the built-in fonts and held at the end that
 * other fonts must not move. Only what those three programs know is written: no style sheets, and no
 * attribute that one of them ignores.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "figure/label.h"
#include "figure/typeset.h"
#include "paint/painter.h"
#include "paint/pixel_grid.h"
#include "paint/svg_cells.h"
#include "paint/svg_write.h"

/* librsvg refuses files of more than a million elements. */
enum { ELEMENTS_MOST = 900000 };

/* Where the built-in font is missing, others that are about as wide come first. */
#define FONTS "DejaVu Sans, Verdana, Noto Sans, WenQuanYi Micro Hei, Arial, sans-serif"

/* What is open: a path that more rectangles of its colour are added to, or a group of texts alike. */
struct pencil {
    struct out *out;
    const struct font *font;
    const struct figure_item *rects; /* an item of the open path; NULL: none is open */
    const struct figure_item *texts; /* an item of the open group; NULL: none is open */
    const struct figure_item *lines; /* likewise */
    int at[2];                       /* where the last rectangle of the path ended */
};

/* Ends what is open. */
static void pencil_lift(struct pencil *pencil)
{
    if (pencil->rects)
        out_text(pencil->out, "\"/>\n");
    if (pencil->texts || pencil->lines)
        out_text(pencil->out, "</g>\n");
    pencil->rects = pencil->texts = pencil->lines = NULL;
}

static bool is_same_color(struct color a, struct color b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void write_rect(struct pencil *pencil, const struct figure_item *item)
{
    if (!pencil->rects || !is_same_color(pencil->rects->color, item->color)) {
        pencil_lift(pencil);
        out_text(pencil->out, "<path fill=\"");
        svg_color(pencil->out, item->color);
        out_text(pencil->out, "\" d=\"");
        pencil->at[0] = pencil->at[1] = 0;
        pencil->rects = item;
    }
    svg_box(pencil->out, pixel_box_of(item), pencil->at);
}

static void write_line(struct pencil *pencil, const struct figure_item *item)
{
    struct out *out = pencil->out;
    const struct figure_item *before = pencil->lines;
    if (!before || before->line.thick != item->line.thick || !is_same_color(before->color, item->color)) {
        pencil_lift(pencil);
        out_text(out, "<g stroke-width=\"");
        svg_length(out, fmax((double)item->line.thick, 1));
        out_text(out, "\" stroke=\"");
        svg_color(out, item->color);
        out_text(out, "\">\n");
        pencil->lines = item;
    }
    out_text(out, "<path d=\"M");
    svg_length(out, (double)item->x);
    out_char(out, ' ');
    svg_length(out, (double)item->y);
    out_char(out, 'l');
    svg_length(out, (double)item->width);
    out_char(out, ' ');
    svg_length(out, (double)item->height);
    if (item->line.opacity < 255)
        out_format(out, "\" stroke-opacity=\".%03d", item->line.opacity * 1000 / 255);
    out_text(out, "\"/>\n");
}

/* Each colour fills all that is left below it, so that no seam is seen between two, however large they are shown. */
static void write_ramp(struct pencil *pencil, const struct figure_item *item, const struct figure *figure)
{
    struct pixel_box box = pixel_box_of(item), rest = box;
    pencil_lift(pencil);
    for (int y = box.top; y < box.bottom; y++) {
        const struct color color = pixel_ramp_color(figure, item, box, y);
        if (y > box.top && is_same_color(color, pixel_ramp_color(figure, item, box, y - 1)))
            continue;
        rest.top = y;
        out_text(pencil->out, "<path fill=\"");
        svg_color(pencil->out, color);
        out_text(pencil->out, "\" d=\"");
        svg_box(pencil->out, rest, (int[2]){0});
        out_text(pencil->out, "\"/>\n");
    }
}

/* The end of a text that stands at its place; the start of a text that runs leftward is its right end. */
static const char *anchor_word(enum figure_anchor anchor, bool is_leftward)
{
    if (anchor == ANCHOR_MIDDLE)
        return "middle";
    return (anchor == ANCHOR_START) == is_leftward ? "end" : "start";
}

static bool is_same_group(const struct figure_item *a, const struct figure_item *b)
{
    return a && a->text.size == b->text.size && a->text.anchor == b->text.anchor &&
           a->text.vertical == b->text.vertical && is_same_color(a->color, b->color);
}

static void begin_texts(struct pencil *pencil, const struct figure_item *item)
{
    struct out *out = pencil->out;
    pencil_lift(pencil);
    out_text(out, "<g font-size=\"");
    svg_length(out, (double)item->text.size);
    if (item->text.anchor != ANCHOR_START)
        out_format(out, "\" text-anchor=\"%s", anchor_word(item->text.anchor, false));
    out_text(out, "\" fill=\"");
    svg_color(out, item->color);
    out_text(out, item->text.vertical ? "\" transform=\"rotate(-90)\">\n" : "\">\n");
    pencil->texts = item;
}

/* The fonts of a text that is set in the user's. */
static void write_family(const struct pencil *pencil)
{
    out_format(pencil->out, " font-family=\"'%s', " FONTS "\"", font_own_file(pencil->font)->family);
}

/* The characters of a text, of which own[i] says whether the user's font is theirs; they are in spans of that font. */
static void write_spans(const struct pencil *pencil, const char *text, const bool *own, size_t count)
{
    char part[LABEL_SIZE];
    for (size_t i = 0; i < count;) {
        const bool is_own = own[i];
        const char *begin = text;
        for (; i < count && own[i] == is_own; i++)
            text_decode(&text);
        snprintf(part, sizeof part, "%.*s", (int)(text - begin), begin);
        if (is_own) {
            out_text(pencil->out, "<tspan");
            write_family(pencil);
            out_char(pencil->out, '>');
        }
        svg_text(pencil->out, part);
        out_text(pencil->out, is_own ? "</tspan>" : "");
    }
}

static bool is_all(const bool *own, size_t count)
{
    size_t first = 0;
    while (first < count && own[first])
        first++;
    return first == count;
}

static void write_label(struct pencil *pencil, const struct figure_item *item, const char *text)
{
    struct out *out = pencil->out;
    const double x = (double)item->x, y = (double)item->y;
    bool own[TYPESET_CHARACTERS];
    const bool has_family = font_own_file(pencil->font) && font_own_file(pencil->font)->family[0];
    const size_t count = has_family ? typeset_fonts(pencil->font, text, own) : 0;
    if (!*text)
        return;
    if (!is_same_group(pencil->texts, item))
        begin_texts(pencil, item);
    out_text(out, "<text x=\"");
    svg_length(out, item->text.vertical ? -y : x);
    out_text(out, "\" y=\"");
    svg_length(out, item->text.vertical ? x : y);
    if (typeset_is_leftward(text))
        out_format(out, "\" direction=\"rtl\" text-anchor=\"%s", anchor_word(item->text.anchor, true));
    if (strstr(text, "  "))
        out_text(out, "\" xml:space=\"preserve");
    out_char(out, '"');
    if (count > 0 && is_all(own, count))
        write_family(pencil);
    out_char(out, '>');
    if (count > 0 && !is_all(own, count))
        write_spans(pencil, text, own, count);
    else
        svg_text(out, text);
    out_text(out, "</text>\n");
}

/* Rectangles, ramps and lines, then texts, of which neighbours share a group. Matrices and images are there already. */
static void write_items(struct pencil *pencil, const struct figure *figure)
{
    for (size_t i = 0; i < figure->count; i++) {
        const struct figure_item *item = &figure->items[i];
        if (item->kind == FIGURE_RECT)
            write_rect(pencil, item);
        else if (item->kind == FIGURE_RAMP)
            write_ramp(pencil, item, figure);
        else if (item->kind == FIGURE_LINE)
            write_line(pencil, item);
    }
    for (size_t i = 0; i < figure->count; i++)
        if (figure->items[i].kind == FIGURE_TEXT)
            write_label(pencil, &figure->items[i], figure->strings + figure->items[i].text.string);
    pencil_lift(pencil);
}

static void write_names(const struct figure *figure, struct out *out)
{
    if (figure->title) {
        out_text(out, "<title>");
        svg_text(out, figure->title);
        out_text(out, "</title>\n");
    }
    out_text(out, "<desc>made by attn");
    if (figure->command) {
        out_text(out, ": ");
        svg_text(out, figure->command);
    }
    out_text(out, "</desc>\n");
}

/* The size is that at one pixel for 1/96 inch, whatever dpi_scale. */
static void write_head(const struct figure *figure, struct out *out)
{
    const double scale = figure->dpi_scale > 0 ? (double)figure->dpi_scale : 1;
    const double width = ceil((double)figure->width), height = ceil((double)figure->height);
    out_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
                  "xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"");
    svg_length(out, width / scale);
    out_text(out, "\" height=\"");
    svg_length(out, height / scale);
    out_format(out, "\" viewBox=\"0 0 %.0f %.0f\" font-family=\"" FONTS "\">\n", width, height);
    if (figure->is_named)
        write_names(figure, out);
    out_format(out, "<path fill=\"#fff\" d=\"M0 0h%.0fv%.0fh-%.0f\"/>\n", width, height, width);
}

static bool svg_paint(struct paint_kit *kit, const struct figure *figure, struct out *out,
                      struct error *error)
{
    struct pencil pencil = {.out = out, .font = kit->font};
    if (figure->count > ELEMENTS_MOST)
        return error_set(error, ERROR_USAGE,
                         "an SVG of %zu texts and shapes is more than programs open: expected fewer, or a "
                         "PNG",
                         figure->count);
    write_head(figure, out);
    if (!svg_cells(kit, figure, out, error))
        return false;
    write_items(&pencil, figure);
    out_text(out, "</svg>\n");
    return true;
}

const struct painter painter_svg = {.paint = svg_paint};
