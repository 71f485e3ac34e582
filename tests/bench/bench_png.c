/*
 * Encoding of figures: the time and the bytes of png_rows_compress, and of libdeflate's level 2 on the same rows, summed up over
 * PNG files that attn wrote. bench.py runs it: bench_png FILE… prints "png FILES SECONDS BYTES" and the same for libdeflate.
 * Files without a palette are left out: the encoder leaves them to libdeflate.
 */
#include <libdeflate.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "paint/png_rows.h"

enum { ROUNDS = 15 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "bench_png: %s: %s\n", name, what);
    exit(1);
}

/* Indexes, each row behind a byte of its own; NULL where there is no palette. */
static uint8_t *read_rows(const char *name, size_t *stride, size_t *height)
{
    FILE *file = fopen(name, "rb");
    if (!file)
        fail("could not read", name);
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    if (setjmp(png_jmpbuf(png)))
        fail("is no PNG", name);
    png_init_io(png, file);
    png_read_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    uint8_t *rows = NULL;
    *height = png_get_image_height(png, info);
    *stride = png_get_image_width(png, info) + 1;
    if (png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE)
        rows = calloc(*height, *stride);
    for (size_t y = 0; rows && y < *height; y++)
        memcpy(rows + y * *stride + 1, png_get_rows(png, info)[y], *stride - 1);
    png_destroy_read_struct(&png, &info, NULL);
    fclose(file);
    return rows;
}

struct sum {
    double seconds;
    size_t bytes;
};

static uint8_t *compress_with_libdeflate(uint8_t *rows, size_t size, size_t *compressed)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(2);
    size_t bound = libdeflate_zlib_compress_bound(compressor, size);
    uint8_t *bytes = malloc(bound);
    *compressed = libdeflate_zlib_compress(compressor, rows, size, bytes, bound);
    libdeflate_free_compressor(compressor);
    return bytes;
}

/* Adds the best of ROUNDS in turn. */
static void compare(const char *name, uint8_t *rows, size_t stride, size_t height, struct sum *own,
                    struct sum *peer)
{
    const size_t size = stride * height;
    uint8_t *copy = malloc(size);
    double best_own = 1e9, best_peer = 1e9;
    size_t own_bytes = 0, peer_bytes = 0;
    memcpy(copy, rows, size);
    for (int round = 0; round < ROUNDS; round++) {
        struct error error = {0};
        double start = now();
        free(compress_with_libdeflate(rows, size, &peer_bytes));
        double between = now();
        uint8_t *bytes = png_rows_compress(rows, stride, height, &own_bytes, &error);
        if (!bytes)
            fail(error.message, name);
        free(bytes);
        double end = now();
        best_peer = between - start < best_peer ? between - start : best_peer;
        best_own = end - between < best_own ? end - between : best_own;
        memcpy(rows, copy, size);
    }
    own->seconds += best_own;
    own->bytes += own_bytes;
    peer->seconds += best_peer;
    peer->bytes += peer_bytes;
    free(copy);
}

int main(int count, char **names)
{
    struct sum own = {0}, peer = {0};
    int files = 0;
    for (int i = 1; i < count; i++) {
        size_t stride, height;
        uint8_t *rows = read_rows(names[i], &stride, &height);
        if (rows) {
            compare(names[i], rows, stride, height, &own, &peer);
            files++;
        }
        free(rows);
    }
    printf("png %d %g %zu\nlibdeflate %d %g %zu\n", files, own.seconds, own.bytes, files, peer.seconds,
           peer.bytes);
    return 0;
}
