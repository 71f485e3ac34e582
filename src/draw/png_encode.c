/*
 * PNG by stb_image_write, into memory, compressed by libdeflate.
 */
#include "draw/png_encode.h"

#include <libdeflate.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Of 0…12. Level 4 makes pictures 1 to 8 % smaller and takes twice the instructions. */
#define LEVEL 1

/* The compressed bytes on their way through stb_image_write, which forgets to free them when memory ends
 * thereafter. */
static _Thread_local void *compressed;

static void png_free(void *memory)
{
    if (memory == compressed)
        compressed = NULL;
    free(memory);
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
    compressed = out;
    return out;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wshadow"
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBIW_MALLOC(size) malloc(size)
#define STBIW_REALLOC(memory, size) realloc(memory, size)
#define STBIW_FREE(memory) png_free(memory)
#define STBIW_ASSERT(condition) ((void)0)
#define STBIW_ZLIB_COMPRESS png_compress
#include <stb_image_write.h>
#pragma GCC diagnostic pop

/* Rows as they are (filter 0): cells repeat exactly, which filters would hide. Set before there
 * are threads. */
__attribute__((constructor)) static void png_choose_filter(void)
{
    stbi_write_force_png_filter = 0;
}

bool png_encode(const uint8_t *pixels, int width, int height, struct out *out, struct error *error)
{
    long long bytes = ((long long)width * 3 + 1) * height;
    if (bytes > INT_MAX / 2)
        return error_set(error, ERROR_USAGE, "a picture of %d times %d pixels is too large", width, height);
    int size;
    compressed = NULL;
    unsigned char *png = stbi_write_png_to_mem(pixels, 0, width, height, 3, &size);
    if (!png) {
        free(compressed);
        return error_memory(error, (size_t)bytes);
    }
    out_bytes(out, png, (size_t)size);
    free(png);
    return true;
}
