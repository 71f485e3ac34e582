/*
 * PNG and JPEG by stb_image, which trusts its input in places: files are checked before it gets them, and it
 * gets no more memory than an image of their size can need.
 */
#include "figure/image_read.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* The largest piece of memory that the decoder gets, whether it asked for a larger one, and whether memory
 * was short: it may go on without, and blame the file. */
static _Thread_local size_t piece_limit;
static _Thread_local bool piece_refused, piece_missing;

static bool piece_allowed(size_t size)
{
    piece_refused = piece_refused || size > piece_limit;
    return size <= piece_limit;
}

/* Zeroed: the decoder reads tables that a JPEG names and does not have. */
static void *piece_alloc(size_t size)
{
    void *memory = piece_allowed(size) ? calloc(1, size) : NULL;
    piece_missing = piece_missing || (!memory && !piece_refused);
    return memory;
}

static void *piece_resize(void *memory, size_t size)
{
    void *larger = piece_allowed(size) ? realloc(memory, size) : NULL;
    piece_missing = piece_missing || (!larger && !piece_refused);
    return larger;
}

/* GCC says this one at the end of the file. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wshadow"
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_FAILURE_USERMSG
#define STBI_ASSERT(condition) ((void)0)
#define STBI_MALLOC(size) piece_alloc(size)
#define STBI_REALLOC(memory, size) piece_resize(memory, size)
#define STBI_FREE(memory) free(memory)
#ifdef __clang__ /* where make fuzz looks: what the decoder does on purpose, or to no effect */
#pragma clang attribute push(__attribute__((no_sanitize("shift", "signed-integer-overflow",                  \
                                                        "pointer-overflow", "nonnull-attribute"))),          \
                             apply_to = function)
#endif
#include <stb_image.h>
#ifdef __clang__
#pragma clang attribute pop
#endif
#pragma GCC diagnostic pop

static size_t big_endian(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

/* Whether the Huffman tables of a DHT segment (ITU T.81, B.2.4.2) hold at most 256 codes each, which the
 * decoder does not ask. */
static bool tables_fit(const uint8_t *at, size_t size)
{
    while (size > 0) {
        size_t codes = 0;
        if (size < 17)
            return false;
        for (int i = 1; i <= 16; i++)
            codes += at[i];
        if (codes > 256 || codes > size - 17)
            return false;
        at += 17 + codes;
        size -= 17 + codes;
    }
    return true;
}

/*
 * Walks through the segments of a JPEG file (ITU T.81, B.1) to its end marker, without which it is cut short:
 * the decoder would fill the rest with grey. Bytes between segments and the coded data of scans are passed
 * over up to the next marker.
 */
static bool jpeg_is_whole(const uint8_t *data, size_t size)
{
    enum { TEM = 0x01, DHT = 0xC4, RST0 = 0xD0, SOI = 0xD8, EOI = 0xD9 };
    for (size_t at = 2; at + 1 < size;) {
        int marker = data[at + 1];
        if (data[at] != 0xFF || marker == 0xFF || marker == 0) {
            at++;
            continue;
        }
        at += 2;
        if (marker == EOI)
            return true;
        if (marker == TEM || (marker >= RST0 && marker <= SOI))
            continue;
        if (size - at < 2)
            return false;
        size_t length = big_endian(data + at);
        if (length < 2 || length > size - at || (marker == DHT && !tables_fit(data + at + 2, length - 2)))
            return false;
        at += length;
    }
    return false;
}

/* RGBA on white to RGB, in place. */
static void flatten(uint8_t *pixels, size_t count)
{
    const uint8_t *from = pixels;
    for (uint8_t *to = pixels; count-- > 0; from += 4, to += 3) {
        unsigned alpha = from[3];
        for (int i = 0; i < 3; i++)
            to[i] = (uint8_t)((from[i] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

/* What the decoder says when it fails, as an error. */
static bool refuse(const struct source *source, int width, int height, size_t bytes, struct error *error)
{
    const char *why = stbi_failure_reason();
    if (piece_refused)
        return error_set(error, ERROR_INPUT, "%s: holds more than the %d times %d pixels that it announces",
                         source->name, width, height);
    if (piece_missing || (why && strcmp(why, "Out of memory") == 0))
        return error_memory(error, bytes);
    return error_set(error, ERROR_INPUT, "%s: the picture is broken: %s", source->name,
                     why ? why : "no reason given");
}

static bool shrink(struct image *image, size_t longest, struct error *error)
{
    size_t side = image->width > image->height ? image->width : image->height;
    if (side <= longest)
        return true;
    struct image small;
    double factor = (double)longest / (double)side;
    size_t width = (size_t)((double)image->width * factor + 0.5);
    size_t height = (size_t)((double)image->height * factor + 0.5);
    bool ok = image_scale(&small, image, width > 0 ? width : 1, height > 0 ? height : 1, error);
    image_free(image);
    *image = small;
    return ok;
}

bool image_read(struct image *image, const struct source *source, size_t longest, struct error *error)
{
    static const char png_begins[] = "\x89PNG\r\n\x1a\n", jpeg_begins[] = "\xff\xd8\xff";
    const uint8_t *data = (const uint8_t *)source->data;
    *image = (struct image){0};
    bool png = source->size >= 8 && memcmp(data, png_begins, 8) == 0;
    bool jpeg = source->size >= 3 && memcmp(data, jpeg_begins, 3) == 0;
    if (!png && !jpeg)
        return error_set(error, ERROR_INPUT, "%s: expected a PNG or JPEG picture", source->name);
    if (source->size > INT_MAX / 4)
        return error_set(error, ERROR_INPUT, "%s: %zu bytes are too many: expected at most %d", source->name,
                         source->size, INT_MAX / 4);
    if (jpeg && !jpeg_is_whole(data, source->size))
        return error_set(error, ERROR_INPUT, "%s: the picture is broken: it does not come to its end",
                         source->name);

    /* To tell the size may take as much memory as the file. */
    int width = 0, height = 0, channels;
    piece_refused = piece_missing = false;
    piece_limit = 2 * source->size + (1 << 20);
    if (!stbi_info_from_memory(data, (int)source->size, &width, &height, &channels))
        return refuse(source, width, height, source->size, error);
    if (width < 1 || height < 1 || width > IMAGE_PIXELS / height)
        return error_set(error, ERROR_INPUT, "%s: %d times %d pixels are too many: expected at most %d",
                         source->name, width, height, IMAGE_PIXELS);
    /* 4 channels of 2 bytes, in a buffer that doubles; blocks of a JPEG jut out by up to 32 pixels. */
    piece_limit += 16 * ((size_t)width + 64) * ((size_t)height + 64);
    size_t count = (size_t)width * (size_t)height;
    image->pixels =
        stbi_load_from_memory(data, (int)source->size, &width, &height, &channels, STBI_rgb_alpha);
    if (!image->pixels)
        return refuse(source, width, height, count * 4, error);
    image->width = (size_t)width;
    image->height = (size_t)height;
    if (image->width * image->height != count) {
        image_free(image);
        return error_set(error, ERROR_INPUT, "%s: the picture is broken: it changes its size", source->name);
    }
    flatten(image->pixels, count);
    return shrink(image, longest, error);
}
