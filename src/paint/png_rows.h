/*
 * The rows of a figure to the compressed data of a PNG. Nine of ten of its bytes are those of the row above,
 * and cells are runs of one byte: which is looked for first, eight or sixteen bytes at a time. On figures this
 * is two to three times as fast as a general compressor, and no larger (docs/performance.md).
 */
#ifndef ATTN_PAINT_PNG_ROWS_H
#define ATTN_PAINT_PNG_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "paint/deflate.h"

/* `height` rows of `stride` bytes, the first of which, the row's filter (PNG 9.2: 0 none, 2 up), is filled in;
 * the others are pixels of one byte, and are filtered in place. Both ≥ 1, stride·height < 2^31. Gives zlib's format (RFC 1950)
 * to `take`, a block after the other. False and an error where memory is short; nothing was given then. */
bool png_rows_compress(uint8_t *rows, size_t stride, size_t height, deflate_taker *take, void *context,
                       struct error *error);

#endif
