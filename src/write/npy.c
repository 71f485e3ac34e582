/* One stage as NumPy's NPY: an array of float32, layers×heads×rows×columns, or layers×rows×columns of the output. */
#include "write/write.h"

#include <stdlib.h>

#include "base/memory.h"
#include "tensor/npy_header.h"

static void npy_header(const struct excerpt *e, enum stage stage, struct out *out)
{
    const struct stage_shape *shape = &e->shape[stage];
    const bool is_output = stage == STAGE_OUTPUT;
    const struct array array = {.dtype = DTYPE_F32,
                                .rank = is_output ? 3 : 4,
                                .shape = {e->layer_count, is_output ? shape->rows : shape->heads,
                                          is_output ? shape->columns : shape->rows, shape->columns}};
    npy_header_write(&array, out);
}

/* Row by row from where the numbers lie; nothing of the size of a matrix is copied. */
static bool npy_write(const struct excerpts *excerpts, const struct content *content, struct out *out,
                      struct error *error)
{
    const struct excerpt *e =
        &excerpts->list[0]; /* an array has no layers of different size: outputs_check */
    const enum stage stage = content->stages[0];
    const struct stage_shape *shape = &e->shape[stage];
    const bool marks = content->masked_nan && shape->is_pairs;
    float *room = memory_alloc(shape->columns, sizeof *room, error);
    unsigned char *flags = room && marks ? memory_alloc(shape->columns, 1, error) : NULL;
    const bool ok = room && (flags || !marks);
    if (ok)
        npy_header(e, stage, out);
    for (size_t l = 0; ok && l < e->layer_count; l++)
        for (size_t h = 0; h < shape->heads; h++)
            for (size_t i = 0; i < shape->rows && !out->trouble; i++) {
                const bool any = marks && excerpt_mask_row(e, l, h, i, flags);
                const float *row = content_row(content, e, stage, l, h, i, any ? flags : NULL, room);
                out_bytes(out, row, shape->columns * sizeof *row);
            }
    free(flags);
    free(room);
    return ok;
}

const struct writer writer_npy = {HOLDS_ONE, DETAIL_CHOSEN, MASKS_FOR_NAN, npy_write};
