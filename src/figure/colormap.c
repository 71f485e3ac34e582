#include "figure/colormap.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "figure/colormap_data.h"

/* In the order of colormap_data. */
const char *const colormap_names[] = {"viridis", "magma",  "inferno",  "plasma", "cividis",
                                      "gray",    "RdBu_r", "coolwarm", NULL};

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

bool colormap_find(struct colormap *map, const char *name, struct error *error)
{
    const struct colormap_data *data = NULL;
    for (size_t i = 0; i < colormap_count; i++)
        if (strcmp(colormap_data[i].name, name) == 0)
            data = &colormap_data[i];
    if (!data) {
        const char *near = text_nearest(name, colormap_names);
        if (near)
            return error_set(error, ERROR_USAGE, "there is no colour map '%s'; did you mean '%s'?", name,
                             near);
        return error_set(error, ERROR_USAGE,
                         "there is no colour map '%s'; there are viridis, magma, inferno, plasma, "
                         "cividis, gray, RdBu_r and coolwarm",
                         name);
    }
    size_t stops = strlen(data->stops) / 6;
    for (size_t i = 0; i < 256; i++) {
        size_t low = i * (stops - 1) / 255;
        size_t high = low + 1 < stops ? low + 1 : low;
        double part = (double)(i * (stops - 1) % 255) / 255;
        map->colors[i] = color_mix(hex_color(data->stops + 6 * low), hex_color(data->stops + 6 * high), part);
    }
    map->masked = hex_color(data->masked);
    map->nan = (struct color){255, 0, 200};
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
