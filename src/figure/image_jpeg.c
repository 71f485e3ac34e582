/* JPEG by libjpeg (libjpeg-turbo), whose calls are left by longjmp where they fail. */
#include "figure/image_jpeg.h"

#include <setjmp.h>
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>

#include "figure/image_read.h"

/* One reading. All that changes after setjmp is in here: variables of the function that calls setjmp would
 * lose their values by longjmp. */
struct image_jpeg {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr callbacks;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    size_t scans; /* at most */
    size_t most;  /* pixels */
    const struct source *source;
    struct image *image;
    struct error *error;
};

static _Noreturn void image_jpeg_fail(j_common_ptr jpeg)
{
    struct image_jpeg *reading = jpeg->client_data;
    const char *name = reading->source->name;
    char why[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, why);
    if (jpeg->err->msg_code == JERR_OUT_OF_MEMORY)
        error_set(reading->error, ERROR_SYSTEM, "%s: not enough memory for the picture", name);
    else if (jpeg->err->msg_code == JWRN_JPEG_EOF)
        error_set(reading->error, ERROR_INPUT, "%s: the picture is broken: it does not come to its end",
                  name);
    else
        error_set(reading->error, ERROR_INPUT, "%s: the picture is broken: %s", name, why);
    longjmp(reading->failed, 1);
}

/* Warnings (level -1) are errors: libjpeg invents pixels where data is damaged or missing. Not these four:
 * files of cameras and older programs have them, and their pixels are whole. */
static void image_jpeg_warn(j_common_ptr jpeg, int level)
{
    switch (jpeg->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
    case JWRN_NOT_SEQUENTIAL:
        return;
    default:
        if (level < 0)
            image_jpeg_fail(jpeg);
    }
}

/* Says nothing. */
static void image_jpeg_say(j_common_ptr jpeg)
{
    (void)jpeg;
}

/* libjpeg calls it for each row of blocks of each scan. */
static void image_jpeg_count(j_common_ptr jpeg)
{
    struct image_jpeg *reading = jpeg->client_data;
    if ((size_t)reading->jpeg.input_scan_number <= reading->scans)
        return;
    error_set(reading->error, ERROR_INPUT, "%s: has more scans than the %zu that %u times %u pixels may have",
              reading->source->name, reading->scans, reading->jpeg.image_width, reading->jpeg.image_height);
    longjmp(reading->failed, 1);
}

/*
 * The most scans. A scan of some bytes can say of all blocks of any image that they are empty, and still
 * takes time for each block. The 128 stands for the time that a scan takes for its tables and rows of blocks.
 */
static size_t image_jpeg_scans(size_t width, size_t height, size_t most)
{
    return 16 * most / ((width + 128) * (height + 128));
}

/* Inverted CMYK to RGB, in place. */
static void image_jpeg_flatten(uint8_t *pixels, size_t count)
{
    const uint8_t *from = pixels;
    for (uint8_t *to = pixels; count-- > 0; from += 4, to += 3)
        for (int i = 0; i < 3; i++)
            to[i] = (uint8_t)((from[i] * from[3] + 127) / 255);
}

/* False: the error is set. */
static bool image_jpeg_decode(struct image_jpeg *reading)
{
    struct jpeg_decompress_struct *jpeg = &reading->jpeg;
    struct image *image = reading->image;
    if (setjmp(reading->failed))
        return false;
    jpeg_create_decompress(jpeg);
    jpeg_mem_src(jpeg, (const uint8_t *)reading->source->data, reading->source->size);
    jpeg_read_header(jpeg, TRUE);
    size_t width = jpeg->image_width, height = jpeg->image_height;
    if (!image_check_size(reading->source, width, height, reading->most, reading->error))
        return false;
    if (jpeg->arith_code)
        return error_set(reading->error, ERROR_INPUT,
                         "%s: arithmetic coding is not read: expected Huffman codes", reading->source->name);

    reading->scans = image_jpeg_scans(width, height, reading->most);
    jpeg->progress = &reading->progress;
    jpeg->out_color_space = jpeg->num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(jpeg);
    size_t channels = (size_t)jpeg->output_components;
    if (!image_alloc(image, width, height, channels, reading->error))
        return false;
    while (jpeg->output_scanline < height) {
        JSAMPROW row = image->pixels + jpeg->output_scanline * width * channels;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    if (channels == 4)
        image_jpeg_flatten(image->pixels, width * height);
    return true;
}

bool image_jpeg_read(struct image *image, const struct source *source, size_t most, struct error *error)
{
    struct image_jpeg reading = {.progress = {.progress_monitor = image_jpeg_count},
                                 .most = most,
                                 .source = source,
                                 .image = image,
                                 .error = error};
    reading.jpeg.err = jpeg_std_error(&reading.callbacks);
    reading.jpeg.client_data = &reading;
    reading.callbacks.error_exit = image_jpeg_fail;
    reading.callbacks.emit_message = image_jpeg_warn;
    reading.callbacks.output_message = image_jpeg_say;
    bool ok = image_jpeg_decode(&reading);
    jpeg_destroy_decompress(&reading.jpeg);
    if (!ok)
        image_free(image);
    return ok;
}
