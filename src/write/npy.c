/*
 * NumPy's NPY, version 1.0: one array of float32 in C order. Source of the format: numpy.lib.format in
 * NumPy's documentation.
 */
#include "write/write.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

/* Magic, version, length and header together fill a multiple of 64 bytes, the last of them a newline. */
static void npy_header(const struct excerpt *e, enum stage stage, struct out *out)
{
    const struct stage_shape *shape = &e->shape[stage];
    const char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';
    char sizes[100], header[192];
    if (stage == STAGE_OUTPUT)
        snprintf(sizes, sizeof sizes, "%zu, %zu, %zu", e->layer_count, shape->rows, shape->columns);
    else
        snprintf(sizes, sizeof sizes, "%zu, %zu, %zu, %zu", e->layer_count, shape->heads, shape->rows,
                 shape->columns);
    size_t length = (size_t)snprintf(
        header, sizeof header, "{'descr': '%cf4', 'fortran_order': False, 'shape': (%s), }", order, sizes);
    size_t whole = (10 + length + 1 + 63) / 64 * 64;
    size_t padded = whole - 10;
    out_bytes(out, "\x93NUMPY\x01\x00", 8);
    out_char(out, (char)(padded & 0xFF));
    out_char(out, (char)(padded >> 8));
    out_bytes(out, header, length);
    for (size_t i = length; i + 1 < padded; i++)
        out_char(out, ' ');
    out_char(out, '\n');
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
