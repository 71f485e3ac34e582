/*
 * Fuzzing of the reader of images. Built and run by make fuzz. Time is limited here, and memory by make fuzz, to
 * what the pixels that are allowed here may take.
 */
#include <libdeflate.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/source.h"
#include "figure/image_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t load(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Makes the checksums of a PNG right, which no change of a byte would get past. */
static void mend_checksums(uint8_t *data, size_t size)
{
    size_t at = 8;
    if (size < at || memcmp(data, "\x89PNG\r\n\x1a\n", at) != 0)
        return;
    while (size - at >= 12 && load(data + at) <= size - at - 12) {
        size_t length = load(data + at);
        uint32_t sum = libdeflate_crc32(0, data + at + 4, length + 4);
        at += 8 + length;
        for (int i = 0; i < 4; i++)
            data[at++] = (uint8_t)(sum >> (24 - 8 * i));
    }
}

/* Every pixel is read, every error says something and names the file, and no image takes a second: of the
 * processor, so that a busy machine changes nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static volatile uint8_t last;
    char name[] = "fuzz";
    char *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    mend_checksums((uint8_t *)copy, size);
    struct source source = {.name = name, .data = copy, .size = size};
    struct image image = {0};
    struct error error = {0};
    clock_t begin = clock();
    bool ok = image_read(&image, &source, 1 << 20, 100, &error);
    for (size_t i = 0; ok && i < image.width * image.height * 3; i++)
        last = image.pixels[i];
    (void)last;
    if (clock() - begin > CLOCKS_PER_SEC)
        abort();
    if (ok != (error.kind == ERROR_NONE) || image.width > 100 || image.height > 100)
        abort();
    if (!ok && (error.kind != ERROR_INPUT || strncmp(error.message, "fuzz: ", 6) != 0))
        abort();
    image_free(&image);
    free(copy);
    return 0;
}
