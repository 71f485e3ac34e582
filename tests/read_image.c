/*
 * Reads an image and writes its pixels, for tests/numpy/check_image.py: the line "WIDTH HEIGHT", then 3 bytes a
 * pixel. Ends with the kind of the error.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/source.h"
#include "figure/image_read.h"

int main(int argc, char **argv)
{
    struct source source = {0};
    struct image image = {0};
    struct error error = {0};
    if (argc != 4) {
        fprintf(stderr,
                "expected a file, the most pixels that it may have, and those that its longer side keeps\n");
        return 2;
    }
    if (source_read(&source, argv[1], 0, &error) &&
        image_read(&image, &source, strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), &error)) {
        printf("%zu %zu\n", image.width, image.height);
        fwrite(image.pixels, 3, image.width * image.height, stdout);
    } else
        fprintf(stderr, "%s\n", error.message);
    image_free(&image);
    source_free(&source);
    return (int)error.kind;
}
