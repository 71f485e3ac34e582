#include "figure/image.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

bool image_alloc(struct image *image, size_t width, size_t height, size_t channels, struct error *error)
{
    size_t count;
    *image = (struct image){0};
    if (!size_multiply(width, height, &count))
        return error_set(error, ERROR_SYSTEM, "not enough memory for %zu times %zu pixels", width, height);
    uint8_t *pixels = memory_alloc(count, channels, error);
    if (pixels)
        *image = (struct image){.pixels = pixels, .width = width, .height = height};
    return pixels;
}

void image_free(struct image *image)
{
    free(image->pixels);
    *image = (struct image){0};
}

/*
 * from[outer][before][inner] to to[outer][after][inner]. Each result is the mean of its neighbours, weighted
 * by a triangle that is as wide as two steps of the coarser side: linear interpolation where after > before,
 * a mean over the area where it is less.
 */
static void scale_axis(const uint8_t *from, uint8_t *to, size_t outer, size_t before, size_t after,
                       size_t inner)
{
    double ratio = (double)before / (double)after, radius = fmax(ratio, 1);
    for (size_t o = 0; o < outer; o++, from += before * inner)
        for (size_t t = 0; t < after; t++, to += inner) {
            double middle = ((double)t + 0.5) * ratio - 0.5;
            size_t first = (size_t)fmax(ceil(middle - radius + 1e-9), 0);
            size_t last = (size_t)fmin(floor(middle + radius - 1e-9), (double)(before - 1));
            for (size_t i = 0; i < inner; i++) {
                float sum = 0, weights = 0;
                for (size_t s = first; s <= last; s++) {
                    float weight = 1 - fabsf((float)((double)s - middle)) / (float)radius;
                    sum += weight * from[s * inner + i];
                    weights += weight;
                }
                to[i] = (uint8_t)(sum / weights + 0.5F);
            }
        }
}

/* One axis after the other. */
bool image_scale(struct image *to, const struct image *from, size_t width, size_t height, struct error *error)
{
    struct image wide = {0};
    *to = (struct image){0};
    bool ok = image_alloc(&wide, width, from->height, 3, error) && image_alloc(to, width, height, 3, error);
    if (ok) {
        scale_axis(from->pixels, wide.pixels, from->height, from->width, width, 3);
        scale_axis(wide.pixels, to->pixels, 1, from->height, height, 3 * width);
    }
    image_free(&wide);
    return ok;
}
