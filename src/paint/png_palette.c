#include "paint/png_palette.h"

#include <stddef.h>
#include <string.h>

enum { SLOTS = COLORS_SLOTS, SLOT_SHIFT = 32 - 13 };
_Static_assert(SLOTS == 1 << (32 - SLOT_SHIFT), "a slot is as many bits of a hash");

/* Pixels that are compared with those above them at once, and colours that are measured at once. */
enum { BLOCK = 8, LANES = 64 };

static uint8_t apart(uint8_t a, uint8_t b)
{
    return a > b ? a - b : b - a;
}

static uint8_t larger(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

bool palette_keep(struct palette *palette, struct color color)
{
    for (int i = 0; i < palette->count; i++)
        if (memcmp(&palette->colors[i], &color, sizeof color) == 0)
            return true;
    if (palette->count == PALETTE_MOST)
        return false;
    palette->colors[palette->count++] = color;
    return true;
}

/* The three bytes of a pixel, before which another one can be read, in one word; never 0. */
static uint32_t color_key(const uint8_t pixel[3])
{
    uint32_t word;
    memcpy(&word, pixel - 1, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word &= 0xffffff;
#else
    word >>= 8;
#endif
    return word | 1u << 24;
}

/* The number of the colour of a pixel, which is added if it is new; -1: there are too many. */
static int color_number(struct picture_colors *colors, uint32_t key, const uint8_t pixel[3])
{
    size_t slot = key * 2654435761u >> SLOT_SHIFT;
    while (colors->slots[slot].key != key) {
        if (colors->slots[slot].key == 0) {
            if (colors->count == COLORS_MOST)
                return -1;
            colors->red[colors->count] = pixel[0];
            colors->green[colors->count] = pixel[1];
            colors->blue[colors->count] = pixel[2];
            colors->slots[slot].key = key;
            colors->slots[slot].number = (uint16_t)colors->count++;
            break;
        }
        slot = (slot + 1) % SLOTS;
    }
    return colors->slots[slot].number;
}

/* Whether the BLOCK pixels from x on are those above them, as most are. */
static bool is_repeated(const uint8_t *row, const uint8_t *above, int x, int width)
{
    return x + BLOCK <= width && memcmp(row + 3 * x, above + 3 * x, sizeof(uint8_t[3 * BLOCK])) == 0;
}

bool palette_find(struct picture_colors *colors, const uint8_t *rows, int width, int height)
{
    size_t stride = (size_t)width * 3 + 1;
    uint32_t last = 0;
    for (int y = 0; y < height; y++) {
        const uint8_t *row = rows + (size_t)y * stride + 1;
        for (int x = 0; x < width; x += BLOCK) {
            if (y > 0 && is_repeated(row, row - stride, x, width))
                continue;
            for (int i = x; i < x + BLOCK && i < width; i++) {
                uint32_t key = color_key(row + 3 * i);
                if (key != last && color_number(colors, key, row + 3 * i) < 0)
                    return false;
                last = key;
            }
        }
    }
    return true;
}

/* Tells the colours of a place in the palette, which may be nearer. Returns how far the furthest then is from
 * all of them. */
static int measure(struct picture_colors *colors, struct color color, int place)
{
    uint8_t most = 0;
    for (int first = 0; first < colors->count; first += LANES)
        for (int i = first; i < first + LANES; i++) {
            uint8_t distance =
                larger(larger(apart(colors->red[i], color.r), apart(colors->green[i], color.g)),
                       apart(colors->blue[i], color.b));
            bool nearer = distance < colors->distance[i];
            colors->distance[i] = nearer ? distance : colors->distance[i];
            colors->place[i] = nearer ? (uint8_t)place : colors->place[i];
            most = larger(most, colors->distance[i]);
        }
    return most;
}

static struct color color_at(const struct picture_colors *colors, int number)
{
    return (struct color){colors->red[number], colors->green[number], colors->blue[number]};
}

static bool keep_grays(struct palette *palette, const struct picture_colors *colors)
{
    bool fits = true;
    for (int i = 0; i < colors->count && fits; i++)
        if (colors->red[i] == colors->green[i] && colors->green[i] == colors->blue[i])
            fits = palette_keep(palette, color_at(colors, i));
    return fits;
}

/* Gonzalez 1985: no colour ends more than twice as far from the palette as it would from the best one.
 * Returns how far the furthest is. */
static int fill_palette(struct palette *palette, struct picture_colors *colors)
{
    int most = 255;
    memset(colors->distance, most, (size_t)colors->count);
    for (int i = 0; i < palette->count; i++)
        most = measure(colors, palette->colors[i], i);
    for (; most > 0 && palette->count < PALETTE_MOST; palette->count++) {
        const uint8_t *furthest = memchr(colors->distance, most, COLORS_MOST);
        palette->colors[palette->count] = color_at(colors, (int)(furthest - colors->distance));
        most = measure(colors, palette->colors[palette->count], palette->count);
    }
    return most;
}

bool palette_fit(struct palette *palette, struct picture_colors *colors, int within)
{
    return keep_grays(palette, colors) && fill_palette(palette, colors) <= within;
}

/* In place: a pixel's index never lies behind the pixel, and from the fourth row on the indexes of a row do
 * not reach the pixels of the one above it. */
void palette_write(struct picture_colors *colors, uint8_t *rows, int width, int height)
{
    size_t stride = (size_t)width * 3 + 1;
    uint32_t last = 0;
    uint8_t place = 0, *to = rows + 1;
    for (int y = 0; y < height; y++, to += width + 1) {
        const uint8_t *row = rows + (size_t)y * stride + 1;
        for (int x = 0; x < width; x += BLOCK) {
            if (y > 2 && is_repeated(row, row - stride, x, width)) {
                memcpy(to + x, to + x - width - 1, BLOCK);
                continue;
            }
            for (int i = x; i < x + BLOCK && i < width; i++) {
                uint32_t key = color_key(row + 3 * i);
                if (key != last)
                    place = colors->place[color_number(colors, key, row + 3 * i)];
                last = key;
                to[i] = place;
            }
        }
    }
}
