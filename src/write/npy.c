/*
 * NumPy's NPY, version 1.0: one array of float32 in C order. Source of the format: numpy.lib.format in
 * NumPy's documentation.
 */
#include "write/write.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

static bool npy_write(const struct excerpt *e, enum stage stage, struct out *out, struct error *error)
{
    const struct stage_shape *shape = &e->shape[stage];
    float *room = memory_alloc(shape->columns, sizeof *room, error);
    if (!room)
        return false;
    const char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';
    char sizes[100], header[192];
    if (stage == STAGE_OUTPUT)
        snprintf(sizes, sizeof sizes, "%zu, %zu, %zu", e->layer_count, shape->rows, shape->columns);
    else
        snprintf(sizes, sizeof sizes, "%zu, %zu, %zu, %zu", e->layer_count, shape->heads, shape->rows,
                 shape->columns);
    size_t length = (size_t)snprintf(
        header, sizeof header, "{'descr': '%cf4', 'fortran_order': False, 'shape': (%s), }", order, sizes);

    /* Magic, version, length and header together fill a multiple of 64 bytes, the last of them a newline. */
    size_t whole = (10 + length + 1 + 63) / 64 * 64;
    size_t padded = whole - 10;
    out_bytes(out, "\x93NUMPY\x01\x00", 8);
    out_char(out, (char)(padded & 0xFF));
    out_char(out, (char)(padded >> 8));
    out_bytes(out, header, length);
    for (size_t i = length; i + 1 < padded; i++)
        out_char(out, ' ');
    out_char(out, '\n');
    for (size_t l = 0; l < e->layer_count; l++)
        for (size_t h = 0; h < shape->heads; h++)
            for (size_t i = 0; i < shape->rows; i++)
                out_bytes(out, excerpt_row(e, stage, l, h, i, room), shape->columns * sizeof *room);
    free(room);
    return true;
}

const struct writer writer_npy = {true, DETAIL_CHOSEN, npy_write};
