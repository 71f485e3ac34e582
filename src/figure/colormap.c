#include "figure/colormap.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "base/words.h"
#include "figure/colormap_data.h"

static unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static struct color hex_color(const char *text)
{
    uint8_t byte[3];
    for (int i = 0; i < 3; i++)
        byte[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    return (struct color){byte[0], byte[1], byte[2]};
}

static struct color color_mix(struct color a, struct color b, double part)
{
    return (struct color){(uint8_t)lround(a.r + (b.r - a.r) * part),
                          (uint8_t)lround(a.g + (b.g - a.g) * part),
                          (uint8_t)lround(a.b + (b.b - a.b) * part)};
}

const char *colormap_default(enum colormap_kind kind)
{
    size_t i = 0;
    while (colormap_rows[i].kind != kind)
        i++;
    return colormap_rows[i].name;
}

static const struct colormap_row *colormap_row_named(const char *name, struct error *error)
{
    for (size_t i = 0; i < colormap_count; i++)
        if (strcmp(colormap_rows[i].name, name) == 0)
            return &colormap_rows[i];
    const char *near = text_nearest(name, colormap_names);
    char list[WORDS_LIST];
    words_list(list, colormap_words, "and");
    if (near)
        error_set(error, ERROR_USAGE, "there is no colour map '%s'; did you mean '%s'?", name, near);
    else
        error_set(error, ERROR_USAGE, "there is no colour map '%s'; there are %s", name, list);
    return NULL;
}

bool colormap_find(struct colormap *map, const char *name, struct error *error)
{
    const struct colormap_row *row = colormap_row_named(name, error);
    if (!row)
        return false;
    size_t stops = strlen(row->stops) / 6;
    for (size_t i = 0; i < 256; i++) {
        size_t low = i * (stops - 1) / 255;
        size_t high = low + 1 < stops ? low + 1 : low;
        double part = (double)(i * (stops - 1) % 255) / 255;
        map->colors[i] = color_mix(hex_color(row->stops + 6 * low), hex_color(row->stops + 6 * high), part);
    }
    map->kind = row->kind;
    map->masked = hex_color(row->masked);
    map->nan = (struct color){255, 0, 200};
    map->dropped = (struct color){0, 229, 255};
    return true;
}

struct color colormap_at(const struct colormap *map, double position)
{
    double place = fmin(fmax(position, 0), 1) * 255;
    int low = (int)place;
    int high = low < 255 ? low + 1 : low;
    return color_mix(map->colors[low], map->colors[high], place - low);
}

/* One channel of sRGB as light. */
static double channel_light(uint8_t byte)
{
    double c = byte / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

bool color_is_light(struct color color)
{
    double light =
        0.2126 * channel_light(color.r) + 0.7152 * channel_light(color.g) + 0.0722 * channel_light(color.b);
    return light > 0.25; /* contrast is equal at 0.18; white reads well a little beyond */
}
