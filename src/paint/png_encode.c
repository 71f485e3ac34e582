/*
 * PNG by stb_image_write, into memory, compressed by libdeflate.
 */
#include "paint/png_encode.h"

#include <libdeflate.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of 0…12. Level 4 makes pictures 1 to 8 % smaller and takes twice the instructions. */
#define LEVEL 2

/*
 * The memory of stb_image_write. The filtered rows, which it allocates first, are the caller's own rows:
 * each is read whole before it is written, to its old place. And it forgets to free the compressed bytes if
 * memory is short thereafter.
 */
static _Thread_local struct {
    uint8_t *rows; /* lent */
    size_t size;
    void *compressed;
} memory;

static void *png_malloc(size_t size)
{
    return memory.rows && size == memory.size ? memory.rows : malloc(size);
}

static void png_free(void *pointer)
{
    if (pointer == memory.rows) {
        memory.rows = NULL;
        return;
    }
    if (pointer == memory.compressed)
        memory.compressed = NULL;
    free(pointer);
}

static unsigned char *png_compress(unsigned char *data, int size, int *out_size, int quality)
{
    (void)quality;
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(LEVEL);
    if (!compressor)
        return NULL;
    size_t bound = libdeflate_zlib_compress_bound(compressor, (size_t)size);
    unsigned char *out = malloc(bound);
    size_t length = out ? libdeflate_zlib_compress(compressor, data, (size_t)size, out, bound) : 0;
    libdeflate_free_compressor(compressor);
    if (length == 0 || length > INT_MAX - 64) {
        free(out);
        return NULL;
    }
    *out_size = (int)length;
    memory.compressed = out;
    return out;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wshadow"
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBIW_MALLOC(size) png_malloc((size_t)(size))
#define STBIW_REALLOC(memory, size) realloc(memory, size)
#define STBIW_FREE(memory) png_free(memory)
#define STBIW_ASSERT(condition) ((void)0)
#define STBIW_ZLIB_COMPRESS png_compress
#define STBIW_CRC32(bytes, size) libdeflate_crc32(0, bytes, (size_t)(size))
#include <stb_image_write.h>
#pragma GCC diagnostic pop

/* Rows as they are (filter 0): cells repeat exactly, which filters would hide; and only so can a row be
 * written to where it was read. Set before there are threads. */
__attribute__((constructor)) static void png_choose_filter(void)
{
    stbi_write_force_png_filter = 0;
}

/* In the bytes of a PNG: where its first chunk, which says how the pixels are to be read, has its type, the
 * kind of colour and its checksum, and where it ends. */
enum { HEAD_TYPE = 12, HEAD_COLOR = 25, HEAD_SUM = 29, HEAD_END = 33, INDEXED = 3 };

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

/* stb_image_write knows no palettes. What it wrote as shades of grey says here that they are indexes. */
static void write_palette(uint8_t *png, const struct palette *palette, struct out *out)
{
    uint8_t colors[3 * PALETTE_MOST];
    size_t length = 0;
    png[HEAD_COLOR] = INDEXED;
    put_number(png + HEAD_SUM, libdeflate_crc32(0, png + HEAD_TYPE, HEAD_SUM - HEAD_TYPE));
    for (int i = 0; i < palette->count; i++) {
        colors[length++] = palette->colors[i].r;
        colors[length++] = palette->colors[i].g;
        colors[length++] = palette->colors[i].b;
    }
    out_bytes(out, png, HEAD_END);
    write_chunk(out, "PLTE", colors, length, NULL, 0);
}

bool png_encode(uint8_t *rows, int width, int height, const struct palette *palette,
                const struct png_notes *notes, struct out *out, struct error *error)
{
    int channels = palette ? 1 : 3;
    long long bytes = ((long long)width * channels + 1) * height;
    if (bytes > INT_MAX / 2)
        return error_set(error, ERROR_USAGE, "a picture of %d times %d pixels is too large", width, height);
    int size;
    memory.rows = rows;
    memory.size = (size_t)bytes;
    memory.compressed = NULL;
    unsigned char *png =
        stbi_write_png_to_mem(rows + 1, width * channels + 1, width, height, channels, &size);
    memory.rows = NULL;
    if (!png) {
        free(memory.compressed);
        return error_memory(error, (size_t)bytes);
    }
    if (palette)
        write_palette(png, palette, out);
    else
        out_bytes(out, png, HEAD_END);
    write_notes(out, notes);
    out_bytes(out, png + HEAD_END, (size_t)size - HEAD_END);
    free(png);
    return true;
}
