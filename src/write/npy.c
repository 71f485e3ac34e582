/*
 * NumPy's NPY, version 1.0: one array of float32 in C order. Source of the format: numpy.lib.format in
 * NumPy's documentation.
 */
#include "write/write.h"

#include <stdio.h>
#include <string.h>

static bool npy_write(const struct result *result, enum stage stage, struct out *out, struct error *error)
{
    (void)error;
    const struct stage_data *data = &result->stage[stage];
    const char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';
    char shape[100], header[192];
    if (stage == STAGE_OUTPUT)
        snprintf(shape, sizeof shape, "%zu, %zu, %zu", result->layer_count, data->rows, data->columns);
    else
        snprintf(shape, sizeof shape, "%zu, %zu, %zu, %zu", result->layer_count, data->heads, data->rows,
                 data->columns);
    size_t length = (size_t)snprintf(
        header, sizeof header, "{'descr': '%cf4', 'fortran_order': False, 'shape': (%s), }", order, shape);

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
    out_bytes(out, data->data,
              result->layer_count * data->heads * data->rows * data->columns * sizeof(float));
    return true;
}

const struct writer writer_npy = {true, npy_write};
