/* PNG (ISO/IEC 15948): a signature, then chunks of length, type, data and checksum. */
#include "paint/png_encode.h"

#include <libdeflate.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "paint/png_rows.h"

/* Of 0…12. Level 4 makes pictures 1 to 8 % smaller and takes twice the instructions. */
enum { LEVEL = 2 };

enum { COLOR_RGB = 2, COLOR_INDEXED = 3 };

static void put_number(uint8_t bytes[4], uint32_t number)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* A chunk of two pieces: its length, name, content and checksum. */
static void write_chunk(struct out *out, const char name[5], const void *first, size_t first_size,
                        const void *second, size_t second_size)
{
    uint8_t number[4];
    put_number(number, (uint32_t)(first_size + second_size));
    out_bytes(out, number, sizeof number);
    out_bytes(out, name, 4);
    out_bytes(out, first, first_size);
    out_bytes(out, second, second_size);
    uint32_t sum = libdeflate_crc32(0, name, 4);
    if (first_size > 0)
        sum = libdeflate_crc32(sum, first, first_size);
    if (second_size > 0)
        sum = libdeflate_crc32(sum, second, second_size);
    put_number(number, sum);
    out_bytes(out, number, sizeof number);
}

static void write_png_head(struct out *out, int width, int height, bool is_indexed)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    uint8_t head[13] = {[8] = 8 /* bits */, [9] = is_indexed ? COLOR_INDEXED : COLOR_RGB};
    put_number(head, (uint32_t)width);
    put_number(head + 4, (uint32_t)height);
    out_bytes(out, signature, sizeof signature);
    write_chunk(out, "IHDR", head, sizeof head, NULL, 0);
}

static void write_palette(struct out *out, const struct palette *palette)
{
    uint8_t colors[3 * PALETTE_MOST];
    for (int i = 0; i < palette->count; i++) {
        colors[3 * i] = palette->colors[i].r;
        colors[3 * i + 1] = palette->colors[i].g;
        colors[3 * i + 2] = palette->colors[i].b;
    }
    write_chunk(out, "PLTE", colors, 3 * (size_t)palette->count, NULL, 0);
}

/* Text of Latin letters without accents is tEXt, which all programs know; else it is iTXt, whose five bytes behind the keyword say
 * that it is not compressed, and of no language. */
static void write_note(struct out *out, const char *keyword, const char *text)
{
    char head[32] = "";
    size_t size = strlen(keyword) + 1;
    bool is_ascii = true;
    if (!text)
        return;
    for (const char *c = text; *c; c++)
        is_ascii = is_ascii && (unsigned char)*c < 0x80;
    memcpy(head, keyword, size);
    write_chunk(out, is_ascii ? "tEXt" : "iTXt", head, is_ascii ? size : size + 4, text, strlen(text));
}

static void write_notes(struct out *out, const struct png_notes *notes)
{
    if (notes->dpi > 0) {
        uint8_t size[9] = {[8] = 1}; /* the unit: pixels a metre */
        put_number(size, (uint32_t)lround(notes->dpi / 0.0254));
        put_number(size + 4, (uint32_t)lround(notes->dpi / 0.0254));
        write_chunk(out, "pHYs", size, sizeof size, NULL, 0);
    }
    if (!notes->is_named)
        return;
    write_note(out, "Title", notes->title);
    write_note(out, "Software", "attn");
    write_note(out, "Command", notes->command);
}

/* A piece of the compressed rows. */
static void take_block(void *context, const uint8_t *bytes, size_t size)
{
    write_chunk(context, "IDAT", bytes, size, NULL, 0);
}

/* Rows as they are: pictures without a palette are photographs beneath cells, and what few figures have so
 * many colours. */
static bool write_plain(struct out *out, uint8_t *rows, size_t stride, size_t height, struct error *error)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(LEVEL);
    size_t bound = compressor ? libdeflate_zlib_compress_bound(compressor, stride * height) : 0;
    uint8_t *bytes = compressor ? malloc(bound) : NULL;
    for (size_t y = 0; y < height; y++)
        rows[y * stride] = 0;
    if (bytes)
        take_block(out, bytes, libdeflate_zlib_compress(compressor, rows, stride * height, bytes, bound));
    if (compressor)
        libdeflate_free_compressor(compressor);
    const bool ok = bytes;
    free(bytes);
    return ok || error_memory(error, bound);
}

bool png_encode(uint8_t *rows, int width, int height, const struct palette *palette,
                const struct png_notes *notes, struct out *out, struct error *error)
{
    const long long stride = (long long)width * (palette ? 1 : 3) + 1;
    if (stride * height > INT_MAX / 2)
        return error_set(error, ERROR_USAGE, "a picture of %d times %d pixels is too large", width, height);
    write_png_head(out, width, height, palette);
    if (palette)
        write_palette(out, palette);
    write_notes(out, notes);
    if (!(palette ? png_rows_compress(rows, (size_t)stride, (size_t)height, take_block, out, error)
                  : write_plain(out, rows, (size_t)stride, (size_t)height, error)))
        return false;
    write_chunk(out, "IEND", NULL, 0, NULL, 0);
    return true;
}
