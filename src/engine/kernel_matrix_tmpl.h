/* A template, part of engine/kernel_tmpl.h (whose macros it uses): what is done with matrices beside attention. */

static void kernel_project(const float *x, size_t x_row, const float *w, const float *b, size_t rows,
                           size_t inner, size_t columns, size_t first, size_t count, float *y,
                           const struct workspace *space)
{
    const size_t lanes = tile_lanes(rows);
    _Alignas(64) float one[BLOCK];
    struct upcoming none = {0};
    for (size_t l = 0; l < BLOCK; l++)
        one[l] = 1;
    memset(space->sums, 0, count * BLOCK * sizeof *space->sums);
    memset(space->wide_sums, 0, count * BLOCK * sizeof *space->wide_sums);
    for (size_t k = 0; k < inner; k += CHUNK) {
        size_t depth = inner - k < CHUNK ? inner - k : CHUNK;
        block_pack(space->scores, x + k, x_row, rows, depth);
        multiply_values(w + k * columns + first, columns, count, space->scores, depth, space->sums, one,
                        lanes, &none);
        if ((k / CHUNK + 1) % CHUNKS_PER_FLUSH != 0)
            continue;
        for (size_t i = 0; i < count * BLOCK; i++) {
            space->wide_sums[i] += (double)space->sums[i];
            space->sums[i] = 0;
        }
    }
    for (size_t c = 0; c < count; c++)
        for (size_t l = 0; l < rows; l++) {
            double sum = space->wide_sums[c * BLOCK + l] + (double)space->sums[c * BLOCK + l];
            space->sums[c * BLOCK + l] = (float)(sum + (b ? (double)b[first + c] : 0));
        }
    block_unpack(y + first, columns, space->sums, rows, count);
}

static uint32_t kernel_largest(const struct strided *matrix, size_t rows, size_t columns)
{
    veci top = {0};
    uint32_t largest = 0;
    for (size_t r = 0; r < rows; r++) {
        const float *row = matrix->data + r * matrix->row;
        size_t c = 0;
        for (; c + LANES <= columns; c += LANES) {
            veci x = (veci)vec_get(row + c) & INT32_MAX, larger = x > top;
            top = (x & larger) | (top & ~larger);
        }
        for (; c < columns; c++) {
            uint32_t bits;
            memcpy(&bits, &row[c], sizeof bits);
            bits &= INT32_MAX;
            largest = bits > largest ? bits : largest;
        }
    }
    for (int l = 0; l < LANES; l++)
        largest = (uint32_t)top[l] > largest ? (uint32_t)top[l] : largest;
    return largest;
}
