#include "paint/canvas_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "figure/stack.h"
#include "figure/typeset.h"

/* A rising text is painted level, this many times as large, and then looked at askew, at so many points of a pixel each way. */
enum { RISING_FINER = 4 };
/* Room for its highest marks over the baseline, and for the lowest beneath it, in ems. */
#define RISING_ABOVE 1.5
#define RISING_BELOW 0.75
#define RISING_SLOPE 0.70710678118654752

/* A line of text: `along` is where it begins on its baseline, `across` where the baseline lies. */
struct brush {
    const struct canvas *canvas;
    double along;
    int across;
    bool is_upward;
    struct color color;
};

/* A pixel of the text, given along the baseline and downward from it. */
static void brush_pixel(const struct brush *brush, int along, int down, struct color color, unsigned coverage)
{
    if (brush->is_upward)
        canvas_blend(brush->canvas, brush->across + down, -along - 1, color, coverage);
    else
        canvas_blend(brush->canvas, along, brush->across + down, color, coverage);
}

/* A pixel of a picture in colour: red, green, blue and alpha, multiplied by alpha. */
static void brush_colors(const struct brush *brush, int along, int down, const uint8_t pixel[4])
{
    const unsigned alpha = pixel[3];
    uint8_t own[3];
    for (int i = 0; i < 3; i++)
        own[i] = (uint8_t)(alpha > 0 ? fmin(pixel[i] * 255.0 / alpha + 0.5, 255) : 0);
    brush_pixel(brush, along, down, (struct color){own[0], own[1], own[2]}, alpha);
}

static void paint_box(const struct brush *brush, const struct typeset_mark *mark)
{
    int left = (int)round(brush->along + mark->x),
        right = (int)round(brush->along + mark->x + mark->width) - 1;
    int top = (int)round(mark->y), bottom = (int)round(mark->y + mark->height) - 1;
    int thick = (int)fmax(1, round(mark->size / 14));
    for (int y = top; y <= bottom; y++)
        for (int x = left; x <= right; x++)
            if (x < left + thick || x > right - thick || y < top + thick || y > bottom - thick)
                brush_pixel(brush, x, y, brush->color, 150);
}

/* The receiver of the marks of a text. */
static bool paint_mark(void *context, const struct typeset_mark *mark, struct error *error)
{
    const struct brush *brush = context;
    if (mark->box) {
        paint_box(brush, mark);
        return true;
    }
    double place = floor((brush->along + mark->x) * 4 + 0.5) / 4;
    int pixel = (int)floor(place);
    struct font_bitmap bitmap;
    if (!font_glyph(brush->canvas->font, mark->face, mark->glyph, mark->size, (int)((place - pixel) * 4),
                    &bitmap, error))
        return false;
    int below = (int)round(mark->y);
    for (int y = 0; y < bitmap.height; y++)
        for (int x = 0; x < bitmap.width; x++) {
            const size_t at = (size_t)y * (size_t)bitmap.width + (size_t)x;
            const int along = pixel + bitmap.left + x, down = below + bitmap.top + y;
            if (bitmap.is_colored)
                brush_colors(brush, along, down, bitmap.coverage + 4 * at);
            else if (bitmap.coverage[at] > 0)
                brush_pixel(brush, along, down, brush->color, bitmap.coverage[at]);
        }
    return true;
}

/* A level text, from x on the baseline y. */
static bool paint_level(const struct canvas *canvas, double x, double y, double size, struct color color,
                        const char *text, struct error *error)
{
    double width;
    struct brush brush = {canvas, x, (int)round(y), false, color};
    return typeset_text(canvas->font, text, size, paint_mark, &brush, &width, error);
}

/* Character by character, each in the middle of the column that the text makes. */
static bool paint_stacked(const struct canvas *canvas, const struct figure_item *item, const char *text,
                          struct error *error)
{
    const double size = (double)item->text.size;
    char character[LABEL_SIZE];
    double baseline = (double)item->y + STACK_FIRST * size;
    for (; stack_next(character, &text); baseline += STACK_STEP * size) {
        const double width = typeset_width(canvas->font, character, size, error);
        if (error->kind != ERROR_NONE ||
            !paint_level(canvas, (double)item->x - width / 2, baseline, size, item->color, character, error))
            return false;
    }
    return true;
}

/* The part of a pixel's light that the level text lets through. The pixel lies at right, down from the end of the baseline, which on
 * the level canvas is at end[0], end[1]. */
static void rising_light(const struct canvas *level, const double end[2], int right, int down,
                         double light[3])
{
    light[0] = light[1] = light[2] = 0;
    for (int i = 0; i < RISING_FINER * RISING_FINER; i++) {
        const double x = right * RISING_FINER + i % RISING_FINER + 0.5;
        const double y = down * RISING_FINER + (double)(i / RISING_FINER) + 0.5;
        const int column = (int)floor(end[0] + (x - y) * RISING_SLOPE),
                  row = (int)floor(end[1] + (x + y) * RISING_SLOPE);
        const bool is_beside = column < 0 || row < 0 || column >= level->width || row >= level->height;
        const uint8_t *pixel =
            level->pixels + (is_beside ? 0 : (size_t)row * level->stride + (size_t)column * 3);
        for (int c = 0; c < 3; c++)
            light[c] += (is_beside ? 255 : pixel[c]) / (255.0 * RISING_FINER * RISING_FINER);
    }
}

/* Lays the level text askew over the white ground. */
static void rising_lay(const struct canvas *canvas, const struct canvas *level, const double end[2], int x,
                       int y)
{
    const double fine = RISING_FINER * RISING_SLOPE;
    const int reach = (int)ceil((level->width + level->height) / fine) + 1;
    const int first = (int)floor(-end[1] / fine) - 1, last = (int)ceil((level->height - end[1]) / fine);
    for (int down = -reach; down <= reach; down++) /* of each row the pixels on which the line of text lies */
        for (int right = first - down; right <= last - down; right++) {
            double light[3];
            if (x + right < 0 || y + down < 0 || x + right >= canvas->width || y + down >= canvas->height)
                continue;
            rising_light(level, end, right, down, light);
            uint8_t *pixel = canvas->pixels + (size_t)(y + down) * canvas->stride + (size_t)(x + right) * 3;
            for (int c = 0; c < 3; c++)
                pixel[c] = (uint8_t)(pixel[c] * light[c] + 0.5);
        }
}

/* A text that rises by 45°, whose end is at its place. */
static bool paint_rising(const struct canvas *canvas, const struct figure_item *item, const char *text,
                         struct error *error)
{
    const double size = (double)item->text.size * RISING_FINER;
    const double width = typeset_width(canvas->font, text, size, error);
    const int x = (int)floor(item->x), y = (int)floor(item->y);
    struct canvas level = {.width = (int)ceil(width + size),
                           .height = (int)ceil((RISING_ABOVE + RISING_BELOW) * size)};
    size_t bytes;
    if (error->kind != ERROR_NONE || !size_multiply((size_t)level.width * 3, (size_t)level.height, &bytes))
        return error_memory(error, SIZE_MAX);
    level.stride = (size_t)level.width * 3;
    level.font = canvas->font;
    level.pixels = memory_alloc(bytes, 1, error);
    if (!level.pixels)
        return false;
    memset(level.pixels, 255, bytes);
    const double baseline = round(RISING_ABOVE * size);
    const double right = ((double)item->x - x) * RISING_FINER, down = ((double)item->y - y) * RISING_FINER;
    const double end[2] = {size / 2 + width - (right - down) * RISING_SLOPE,
                           baseline - (right + down) * RISING_SLOPE};
    const bool ok = paint_level(&level, size / 2, baseline, size, item->color, text, error);
    if (ok)
        rising_lay(canvas, &level, end, x, y);
    free(level.pixels);
    return ok;
}

bool canvas_text(const struct canvas *canvas, const struct figure_item *item, const char *text,
                 struct error *error)
{
    if (item->text.turn == TURN_STACKED)
        return paint_stacked(canvas, item, text, error);
    if (item->text.turn == TURN_RISING)
        return paint_rising(canvas, item, text, error);
    double size = (double)item->text.size, width = 0;
    if (item->text.anchor != ANCHOR_START)
        width = typeset_width(canvas->font, text, size, error);
    if (item->text.anchor == ANCHOR_MIDDLE)
        width /= 2;
    /* Upright text runs along a y axis that is turned round. */
    const bool is_upward = item->text.turn == TURN_UP;
    double along = is_upward ? (double)-item->y : (double)item->x;
    double across = is_upward ? (double)item->x : (double)item->y;
    struct brush brush = {canvas, along - width, (int)round(across), is_upward, item->color};
    return error->kind == ERROR_NONE &&
           typeset_text(canvas->font, text, size, paint_mark, &brush, &width, error);
}
