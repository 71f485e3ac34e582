/* PNG by libpng, which leaves a call that fails by longjmp. */
#include "figure/image_png.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "figure/image_read.h"

/* One reading. All that changes after setjmp is in here: variables of the function that calls setjmp would
 * lose their values by longjmp. */
struct image_png {
    const struct source *source;
    size_t at; /* bytes that were read */
    size_t most;
    struct image *image;
    struct error *error;
    png_struct *png;
    png_info *info;
};

static _Noreturn void image_png_fail(png_struct *png, const char *why)
{
    const struct image_png *reading = png_get_error_ptr(png);
    error_set(reading->error, ERROR_INPUT, "%s: the picture is broken: %s", reading->source->name, why);
    png_longjmp(png, 1);
}

/* Says nothing. */
static void image_png_warn(png_struct *png, const char *why)
{
    (void)png;
    (void)why;
}

/* Sets the error before image_png_fail does, of which the first one stays. */
static void *image_png_malloc(png_struct *png, png_alloc_size_t size)
{
    const struct image_png *reading = png_get_mem_ptr(png);
    void *memory = malloc(size);
    if (!memory)
        error_memory(reading->error, size);
    return memory;
}

static void image_png_release(png_struct *png, void *memory)
{
    (void)png;
    free(memory);
}

static void image_png_next(png_struct *png, png_byte *to, size_t size)
{
    struct image_png *reading = png_get_io_ptr(png);
    if (size > reading->source->size - reading->at)
        png_error(png, "it does not come to its end");
    memcpy(to, reading->source->data + reading->at, size);
    reading->at += size;
}

/* RGBA on white to RGB, in place. */
static void image_png_flatten(uint8_t *pixels, size_t count)
{
    const uint8_t *from = pixels;
    for (uint8_t *to = pixels; count-- > 0; from += 4, to += 3) {
        unsigned alpha = from[3];
        for (int i = 0; i < 3; i++)
            to[i] = (uint8_t)((from[i] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

/*
 * tRNS is the only ancillary chunk that is read. All others are skipped and take no memory, so that they
 * need no limit; and the errors that libpng calls benign are then about pixels, and are errors. Width and
 * height are limited by image_check_size, whose message says more.
 */
static void image_png_set_up(struct image_png *reading)
{
    png_struct *png = reading->png;
    png_set_read_fn(png, reading, image_png_next);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_benign_errors(png, 0);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_chunk_malloc_max(png, 0);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
}

/* Every kind becomes 8 bits of RGB, or RGBA where pixels may be transparent. False: the error is set. */
static bool image_png_decode(struct image_png *reading)
{
    png_struct *png = reading->png;
    png_info *info = reading->info;
    struct image *image = reading->image;
    if (setjmp(png_jmpbuf(png)))
        return false;
    image_png_set_up(reading);
    png_read_info(png, info);
    size_t width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    if (!image_check_size(reading->source, width, height, reading->most, reading->error))
        return false;

    png_set_expand(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t channels = png_get_channels(png, info);
    if (!image_alloc(image, width, height, channels, reading->error))
        return false;
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < height; y++)
            png_read_row(png, image->pixels + y * width * channels, NULL);
    png_read_end(png, NULL);
    if (channels == 4)
        image_png_flatten(image->pixels, width * height);
    return true;
}

bool image_png_read(struct image *image, const struct source *source, size_t most, struct error *error)
{
    struct image_png reading = {.source = source, .most = most, .image = image, .error = error};
    reading.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &reading, image_png_fail, image_png_warn,
                                           &reading, image_png_malloc, image_png_release);
    reading.info = reading.png ? png_create_info_struct(reading.png) : NULL;
    bool ok = reading.info ? image_png_decode(&reading)
                           : error_set(error, ERROR_SYSTEM, "%s: libpng cannot be used", source->name);
    png_destroy_read_struct(&reading.png, &reading.info, NULL);
    if (!ok)
        image_free(image);
    return ok;
}
