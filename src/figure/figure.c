#include "figure/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

void figure_free(struct figure *figure)
{
    free(figure->items);
    free(figure->strings);
    free(figure->cells);
    free(figure->title);
    free(figure->command);
    *figure = (struct figure){0};
}

static struct figure_item *figure_add(struct figure *figure, enum figure_kind kind, double x, double y,
                                      struct error *error)
{
    if (figure->count == figure->capacity) {
        size_t capacity = figure->capacity ? figure->capacity * 2 : 64;
        if (!memory_resize(&figure->items, capacity, sizeof *figure->items, error))
            return NULL;
        figure->capacity = capacity;
    }
    struct figure_item *item = &figure->items[figure->count++];
    *item = (struct figure_item){.kind = kind, .x = (float)x, .y = (float)y};
    return item;
}

bool figure_rect(struct figure *figure, double x, double y, double width, double height, struct color color,
                 struct error *error)
{
    struct figure_item *item = figure_add(figure, FIGURE_RECT, x, y, error);
    if (!item)
        return false;
    item->width = (float)width;
    item->height = (float)height;
    item->color = color;
    return true;
}

bool figure_ramp(struct figure *figure, double x, double y, double width, double height, size_t colors,
                 struct error *error)
{
    struct figure_item *item = figure_add(figure, FIGURE_RAMP, x, y, error);
    if (!item)
        return false;
    item->width = (float)width;
    item->height = (float)height;
    item->colors = colors;
    return true;
}

bool figure_line(struct figure *figure, double x, double y, double end_x, double end_y, double thick,
                 struct color color, uint8_t opacity, struct error *error)
{
    struct figure_item *item = figure_add(figure, FIGURE_LINE, x, y, error);
    if (!item)
        return false;
    item->width = (float)(end_x - x);
    item->height = (float)(end_y - y);
    item->color = color;
    item->line.thick = (float)thick;
    item->line.opacity = opacity;
    return true;
}

bool figure_image(struct figure *figure, double x, double y, double width, double height,
                  const struct image *image, bool is_pale, struct error *error)
{
    struct figure_item *item = figure_add(figure, FIGURE_IMAGE, x, y, error);
    if (!item)
        return false;
    item->width = (float)width;
    item->height = (float)height;
    item->image.pixels = image;
    item->image.is_pale = is_pale;
    return true;
}

bool figure_text(struct figure *figure, double x, double y, double size, enum figure_anchor anchor,
                 enum figure_turn turn, struct color color, const char *text, struct error *error)
{
    size_t length = strlen(text) + 1;
    if (figure->string_capacity - figure->string_size < length) {
        size_t capacity = figure->string_capacity * 2 + length + 256;
        if (!memory_resize(&figure->strings, capacity, 1, error))
            return false;
        figure->string_capacity = capacity;
    }
    struct figure_item *item = figure_add(figure, FIGURE_TEXT, x, y, error);
    if (!item)
        return false;
    item->color = color;
    item->text.string = figure->string_size;
    item->text.size = (float)size;
    item->text.anchor = anchor;
    item->text.turn = turn;
    memcpy(figure->strings + figure->string_size, text, length);
    figure->string_size += length;
    return true;
}

uint16_t *figure_matrix(struct figure *figure, double x, double y, double width, double height, size_t rows,
                        size_t columns, double gap, bool is_veil, struct error *error)
{
    size_t count;
    if (!size_multiply(rows, columns, &count) || count > SIZE_MAX - figure->cell_count) {
        error_set(error, ERROR_SYSTEM, "not enough memory for %zu times %zu cells", rows, columns);
        return NULL;
    }
    if (!memory_resize(&figure->cells, figure->cell_count + count, sizeof *figure->cells, error))
        return NULL;
    struct figure_item *item = figure_add(figure, FIGURE_MATRIX, x, y, error);
    if (!item)
        return NULL;
    item->width = (float)width;
    item->height = (float)height;
    item->matrix.cells = figure->cell_count;
    item->matrix.rows = rows;
    item->matrix.columns = columns;
    item->matrix.gap = (float)gap;
    item->matrix.is_veil = is_veil;
    figure->cell_count += count;
    return figure->cells + item->matrix.cells;
}

/* Cells that hold more are lighter, and cover less, so that a cell that holds more never looks darker: the
 * coverage falls no faster than the colours of the map get lighter. Cells without a value cover most. */
uint8_t figure_veil_coverage(uint16_t cell)
{
    const double low = 150, high = 120;
    enum { NO_VALUE = 210 };
    double place = cell / (FIGURE_COLORS - 1.0);
    return cell < FIGURE_COLORS ? (uint8_t)(low + (high - low) * place) : NO_VALUE;
}

void figure_pale(uint8_t pixel[3])
{
    enum { COLOR = 60 }; /* the part of the colour that is left, in hundredths */
    int gray = (299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) / 1000;
    for (int i = 0; i < 3; i++)
        pixel[i] = (uint8_t)(gray + (pixel[i] - gray) * COLOR / 100);
}

void figure_scale(struct figure *figure, double factor)
{
    float f = (float)factor;
    figure->width *= f;
    figure->height *= f;
    figure->dpi_scale = (figure->dpi_scale > 0 ? figure->dpi_scale : 1) * f;
    for (size_t i = 0; i < figure->count; i++) {
        struct figure_item *item = &figure->items[i];
        item->x *= f;
        item->y *= f;
        item->width *= f;
        item->height *= f;
        if (item->kind == FIGURE_TEXT)
            item->text.size *= f;
        if (item->kind == FIGURE_MATRIX)
            item->matrix.gap *= f;
        if (item->kind == FIGURE_LINE)
            item->line.thick *= f;
    }
}

/* A copy of the text as text_clean shows it, of any length; NULL: there is none. */
static bool copy_clean(char **copy, const char *text, struct error *error)
{
    enum { LONGEST = 12 }; /* a character that is shown by its number */
    size_t size = text ? strlen(text) : 0;
    if (size == 0)
        return true;
    *copy = size_multiply(size, LONGEST, &size) ? memory_alloc(size + 1, 1, error) : NULL;
    if (*copy)
        text_clean(*copy, size + 1, text);
    return *copy || error_memory(error, size);
}

bool figure_name(struct figure *figure, const char *title, const char *command, struct error *error)
{
    free(figure->title);
    free(figure->command);
    figure->title = figure->command = NULL;
    figure->is_named = true;
    return copy_clean(&figure->title, title, error) && copy_clean(&figure->command, command, error);
}

/* The texts of another figure, as they are. */
static bool append_strings(struct figure *figure, const struct figure *other, struct error *error)
{
    size_t size = figure->string_size + other->string_size;
    if (!memory_resize(&figure->strings, size, 1, error))
        return false;
    if (other->string_size > 0)
        memcpy(figure->strings + figure->string_size, other->strings, other->string_size);
    figure->string_size = figure->string_capacity = size;
    return true;
}

static bool append_cells(struct figure *figure, const struct figure *other, struct error *error)
{
    if (!memory_resize(&figure->cells, figure->cell_count + other->cell_count, sizeof *figure->cells, error))
        return false;
    if (other->cell_count > 0)
        memcpy(figure->cells + figure->cell_count, other->cells, other->cell_count * sizeof *figure->cells);
    figure->cell_count += other->cell_count;
    return true;
}

/* The palettes of another figure that are not there yet; places[i] is where its palette i then begins. */
static bool append_palettes(struct figure *figure, const struct figure *other, size_t places[FIGURE_PALETTES],
                            struct error *error)
{
    const size_t size = FIGURE_PALETTE * sizeof *figure->palette;
    if (figure->palette_count == 0 && figure->count > 0)
        figure->palette_count = 1;
    for (size_t i = 0; i < other->palette_count || i == 0; i++) {
        const struct color *palette = other->palette + i * FIGURE_PALETTE;
        size_t at = 0;
        while (at < figure->palette_count &&
               memcmp(figure->palette + at * FIGURE_PALETTE, palette, size) != 0)
            at++;
        if (at == FIGURE_PALETTES)
            return error_set(error, ERROR_USAGE, "a picture has at most %d ranges of colours",
                             FIGURE_PALETTES);
        if (at == figure->palette_count)
            memcpy(figure->palette + figure->palette_count++ * FIGURE_PALETTE, palette, size);
        places[i] = at * FIGURE_PALETTE;
    }
    return true;
}

bool figure_append(struct figure *figure, const struct figure *other, double x, double y, struct error *error)
{
    const size_t strings = figure->string_size, cells = figure->cell_count;
    size_t palettes[FIGURE_PALETTES];
    if (!append_palettes(figure, other, palettes, error) || !append_strings(figure, other, error) ||
        !append_cells(figure, other, error))
        return false;
    if (other->is_named && !figure->is_named && !figure_name(figure, other->title, other->command, error))
        return false;
    for (size_t i = 0; i < other->count; i++) {
        struct figure_item *item = figure_add(figure, other->items[i].kind, 0, 0, error);
        if (!item)
            return false;
        *item = other->items[i];
        item->x += (float)x;
        item->y += (float)y;
        item->colors = palettes[item->colors / FIGURE_PALETTE];
        if (item->kind == FIGURE_TEXT)
            item->text.string += strings;
        else if (item->kind == FIGURE_MATRIX)
            item->matrix.cells += cells;
    }
    figure->dpi_scale = fmaxf(figure->dpi_scale, other->dpi_scale);
    figure->dim = fmax(figure->dim, other->dim);
    figure->width = fmaxf(figure->width, (float)x + other->width);
    figure->height = fmaxf(figure->height, (float)y + other->height);
    return true;
}
