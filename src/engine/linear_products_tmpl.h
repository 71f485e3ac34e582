/*
 * A template, part of engine/linear_tmpl.h (whose macros it uses): vectors of doubles, and products of matrices in tiles that
 * stay in registers.
 */

#include "engine/unroll.h"

#define TILE_ROWS 4

typedef double vec __attribute__((vector_size(LANES * 8)));
typedef int64_t veci __attribute__((vector_size(LANES * 8)));
typedef float half __attribute__((vector_size(LANES * 4)));
typedef vec vec_memory __attribute__((may_alias));
typedef float half_anywhere __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
_Static_assert(LINEAR_PAD % LANES == 0 && LINEAR_ROWS % TILE_ROWS == 0, "padded to whole tiles");

INLINE vec load(const double *aligned)
{
    return *(const vec_memory *)aligned;
}

INLINE void store(double *aligned, vec x)
{
    *(vec_memory *)aligned = x;
}

/* What a product is added to: nothing, what is there, or what is there times a factor a row. */
enum onto { ONTO_NOTHING, ONTO_SAME, ONTO_SCALED };

/* A product of matrices: y[r] = (onto) + sum over i < inner of x[r·x_row + i·x_step]·b[i], rows of `width` numbers. */
struct product {
    double *y;
    const double *factor; /* a row each; with ONTO_SCALED */
    const double *x;
    size_t x_row, x_step, inner;
    const double *b;
    size_t width;
};

/* Rows from r and `vectors` vectors from column c on. */
INLINE void product_tile(const struct product *p, size_t r, size_t c, const enum onto onto, const int vectors)
{
    vec sum[TILE_ROWS][TILE_VECTORS];
    const vec zero = {0};
    double *y = p->y + r * p->width + c;
    UNROLL
    for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            sum[i][v] = onto == ONTO_NOTHING ? zero : load(y + (size_t)i * p->width + v * LANES);
        UNROLL
        for (int v = 0; v < vectors && onto == ONTO_SCALED; v++)
            sum[i][v] *= p->factor[r + (size_t)i];
    }
    const double *x = p->x + r * p->x_row, *b = p->b + c;
    for (size_t k = 0; k < p->inner; k++, x += p->x_step, b += p->width) {
        vec row[TILE_VECTORS];
        UNROLL
        for (int v = 0; v < vectors; v++)
            row[v] = load(b + v * LANES);
        UNROLL
        for (int i = 0; i < TILE_ROWS; i++) {
            const double number = x[(size_t)i * p->x_row];
            UNROLL
            for (int v = 0; v < vectors; v++)
                sum[i][v] += number * row[v];
        }
    }
    UNROLL
    for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            store(y + (size_t)i * p->width + v * LANES, sum[i][v]);
    }
}

/* `rows` in whole tiles, whose widths are as equal as can be: 9 vectors are 3 + 3 + 3, not 4 + 4 + 1. */
INLINE void product_make(const struct product *p, size_t rows, const enum onto onto)
{
    size_t left = p->width / LANES;
    for (size_t c = 0; left > 0;) {
        const size_t tiles = (left + TILE_VECTORS - 1) / TILE_VECTORS, vectors = (left + tiles - 1) / tiles;
        for (size_t r = 0; r < rows; r += TILE_ROWS)
            switch (vectors) {
            case 1:
                product_tile(p, r, c, onto, 1);
                break;
            case 2:
                product_tile(p, r, c, onto, 2);
                break;
#if TILE_VECTORS > 2
            case 3:
                product_tile(p, r, c, onto, 3);
                break;
            default:
                product_tile(p, r, c, onto, 4);
                break;
#endif
            }
        c += vectors * LANES;
        left -= vectors;
    }
}

__attribute__((noinline)) static void product_of(const struct product *p, size_t rows)
{
    product_make(p, rows, ONTO_NOTHING);
}

__attribute__((noinline)) static void product_add(const struct product *p, size_t rows)
{
    product_make(p, rows, ONTO_SAME);
}

__attribute__((noinline)) static void product_scale_add(const struct product *p, size_t rows)
{
    product_make(p, rows, ONTO_SCALED);
}
