#include "figure/image_read.h"

#include <string.h>

#include "figure/image_jpeg.h"
#include "figure/image_png.h"

bool image_check_size(const struct source *source, size_t width, size_t height, size_t most,
                      struct error *error)
{
    if (width > IMAGE_SIDE_MOST || height > IMAGE_SIDE_MOST || width * height > most)
        return error_set(error, ERROR_INPUT,
                         "%s: %zu times %zu pixels are too many: expected at most %zu, and %d a side",
                         source->name, width, height, most, IMAGE_SIDE_MOST);
    return true;
}

static bool image_shrink(struct image *image, size_t longest, struct error *error)
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

bool image_read(struct image *image, const struct source *source, size_t most, size_t longest,
                struct error *error)
{
    static const char png_begins[] = "\x89PNG\r\n\x1a\n", jpeg_begins[] = "\xff\xd8\xff";
    *image = (struct image){0};
    bool ok;
    if (source->size >= 8 && memcmp(source->data, png_begins, 8) == 0)
        ok = image_png_read(image, source, most, error);
    else if (source->size >= 3 && memcmp(source->data, jpeg_begins, 3) == 0)
        ok = image_jpeg_read(image, source, most, error);
    else
        ok = error_set(error, ERROR_INPUT, "%s: expected a PNG or JPEG picture", source->name);
    return ok && image_shrink(image, longest, error);
}
