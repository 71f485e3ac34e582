/* Fuzzing of the reader of pictures. Built and run by make fuzz. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/source.h"
#include "figure/image_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every pixel is looked at, and every error says something. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static volatile uint8_t last;
    char name[] = "fuzz";
    char *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    struct source source = {.name = name, .data = copy, .size = size};
    struct image image = {0};
    struct error error = {0};
    bool ok = image_read(&image, &source, 100, &error);
    for (size_t i = 0; ok && i < image.width * image.height * 3; i++)
        last = image.pixels[i];
    (void)last;
    if (ok != (error.kind == ERROR_NONE) || image.width > 100 || image.height > 100)
        abort();
    image_free(&image);
    free(copy);
    return 0;
}
