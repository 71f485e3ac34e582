/*
 * The product of the matrices of several layers, each n×n: layer L · … · layer 1, whose rows are the tokens above the last layer
 * and whose columns are those below the first. The matrices may be of weights, or of any other contributions of tokens to
 * tokens. Float32; blocks of zeros (causal masks, windows) cost nothing, and a zero times NaN is 0: what nothing reaches
 * does no harm.
 *
 * Beside a matrix at a time it holds two of n×n.
 */
#ifndef ATTN_COMPUTE_LAYER_PRODUCT_H
#define ATTN_COMPUTE_LAYER_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Begins zeroed; freed by layer_product_free in any case. */
struct layer_product {
    size_t n;
    size_t layers;       /* multiplied so far */
    float *panels;       /* the product, in panels of columns: each rows×columns, one behind the other */
    float *next;         /* room for the one that comes */
    uint8_t *left, *now; /* what blocks of the layer, and of the product, hold: enum block_holds */
    uint8_t *then;       /* room */
    float *diagonal;     /* n: that of the layer */
};

/* Takes the memory. Errors: none to be had. */
bool layer_product_make(struct layer_product *product, size_t n, struct error *error);

/* product = layer·product; the first layer is the product. `layer` is n×n, packed; what it holds afterwards is not said. The same
 * bytes for any number of `threads`. Errors: no memory. */
bool layer_product_add(struct layer_product *product, float *layer, int threads, struct error *error);

/* Row i into row[n]. */
void layer_product_row(const struct layer_product *product, size_t i, float *row);

void layer_product_free(struct layer_product *product);

#endif
