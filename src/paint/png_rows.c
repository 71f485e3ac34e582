#include "paint/png_rows.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "paint/deflate.h"

enum { FILTER_NONE = 0, FILTER_UP = 2 };

/* A match that is no run is as long at least: below that, its distance takes as many bits as the bytes. */
enum { COPY_LEAST = 6, HASH_BITS = 12 };

typedef uint8_t bytes16 __attribute__((vector_size(16)));

static bytes16 load16(const uint8_t *from)
{
    bytes16 bytes;
    memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

/* How many bytes of a row differ from the one before: a run ends there. */
static size_t count_changes(const uint8_t *row, size_t width)
{
    size_t changes = 0, x = 1;
    while (x + 16 <= width) {
        bytes16 lanes = {0};
        for (int i = 0; i < 255 && x + 16 <= width; i++, x += 16)
            lanes -= (bytes16)(load16(row + x) != load16(row + x - 1));
        for (int lane = 0; lane < 16; lane++)
            changes += lanes[lane];
    }
    for (; x < width; x++)
        changes += row[x] != row[x - 1];
    return changes;
}

static void subtract(uint8_t *difference, const uint8_t *row, const uint8_t *above, size_t width)
{
    size_t x = 0;
    for (; x + 16 <= width; x += 16) {
        bytes16 bytes = load16(row + x) - load16(above + x);
        memcpy(difference + x, &bytes, sizeof bytes);
    }
    for (; x < width; x++)
        difference[x] = (uint8_t)(row[x] - above[x]);
}

/* Chooses a row's filter by which leaves fewer changes. From the last row up, so that the row above is still
 * as it was. */
static void filter_rows(uint8_t *rows, size_t stride, size_t height, uint8_t *difference)
{
    const size_t width = stride - 1;
    for (size_t y = height - 1; y > 0; y--) {
        uint8_t *row = rows + y * stride + 1;
        subtract(difference, row, row - stride, width);
        bool up = count_changes(difference, width) <= count_changes(row, width);
        row[-1] = up ? FILTER_UP : FILTER_NONE;
        if (up)
            memcpy(row, difference, width);
    }
    rows[0] = FILTER_NONE;
}

/* How many bytes are the same in both, of `most`. */
static size_t count_same(const uint8_t *a, const uint8_t *b, size_t most)
{
    size_t i = 0;
    for (uint64_t left, right; i + 8 <= most; i += 8) {
        memcpy(&left, a + i, 8);
        memcpy(&right, b + i, 8);
        if (left != right)
            break;
    }
    while (i < most && a[i] == b[i])
        i++;
    return i;
}

/* Of the COPY_LEAST bytes from here on: of two words that overlap. */
static size_t hash(const uint8_t *from)
{
    uint32_t first, last;
    memcpy(&first, from, sizeof first);
    memcpy(&last, from + COPY_LEAST - sizeof last, sizeof last);
    uint64_t bytes = (uint64_t)last << 32 | first;
    return (size_t)(bytes * 0x9E3779B185EBCA87u >> (64 - HASH_BITS)); /* 2^64 ÷ the golden ratio, odd */
}

/* A run of what stands before it, of any length, in matches none of which is too short. */
static void put_run(struct deflate *deflate, size_t length)
{
    while (length > 0) {
        size_t part = length < DEFLATE_LONGEST ? length : DEFLATE_LONGEST;
        if (length > part && length - part < DEFLATE_SHORTEST)
            part = length - DEFLATE_SHORTEST;
        deflate_match(deflate, part, 1);
        length -= part;
    }
}

/* How many bytes are a run of the one before them, if they make a match. */
static size_t row_run(const uint8_t *bytes, size_t at, size_t size)
{
    if (at == 0 || size - at < DEFLATE_SHORTEST || bytes[at] != bytes[at - 1] || bytes[at + 1] != bytes[at] ||
        bytes[at + 2] != bytes[at])
        return 0;
    return count_same(bytes + at, bytes + at - 1, size - at);
}

/* How many bytes are a copy of what stands where their hash was met last, if they make a match that is worth
 * its bits; *distance says how far before. `last` holds that place + 1 of each hash, and becomes this one. */
static size_t copy_length(const uint8_t *bytes, size_t at, size_t size, uint32_t *last, size_t *distance)
{
    if (size - at < COPY_LEAST)
        return 0;
    uint32_t *met = &last[hash(bytes + at)];
    size_t before = *met, most = size - at < DEFLATE_LONGEST ? size - at : DEFLATE_LONGEST;
    *met = (uint32_t)at + 1;
    *distance = at + 1 - before;
    if (before == 0 || *distance > DEFLATE_WINDOW || memcmp(bytes + at, bytes + before - 1, COPY_LEAST) != 0)
        return 0;
    return count_same(bytes + at, bytes + before - 1, most);
}

/* Cuts the bytes into runs, copies and single bytes. */
static void cut_rows(struct deflate *deflate, const uint8_t *bytes, size_t size, uint32_t *last)
{
    for (size_t at = 0, length; at < size; at += length) {
        size_t distance;
        if ((length = row_run(bytes, at, size)) > 0) {
            put_run(deflate, length);
        } else if ((length = copy_length(bytes, at, size, last, &distance)) > 0) {
            deflate_match(deflate, length, distance);
        } else {
            deflate_literal(deflate, bytes[at]);
            length = 1;
        }
    }
}

bool png_rows_compress(uint8_t *rows, size_t stride, size_t height, deflate_taker *take, void *context,
                       struct error *error)
{
    static const uint8_t head[2] = {0x78, 0x01}; /* DEFLATE with a window of 32,768 bytes, compressed fast */
    struct deflate *deflate = memory_alloc(1, sizeof *deflate, error);
    uint8_t *difference = memory_alloc(stride, 1, error);
    uint32_t *last = memory_zeroed((size_t)1 << HASH_BITS, sizeof *last, error);
    const bool ok = deflate && difference && last;
    if (ok) {
        filter_rows(rows, stride, height, difference);
        deflate_begin(deflate, head, sizeof head, take, context);
        cut_rows(deflate, rows, stride * height, last);
        const uint32_t sum = libdeflate_adler32(1, rows, stride * height);
        const uint8_t tail[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
                                 (uint8_t)sum};
        deflate_end(deflate, tail, sizeof tail);
    }
    free(deflate);
    free(difference);
    free(last);
    return ok;
}
