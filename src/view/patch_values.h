/* The numbers that are drawn over patches, from those of the pairs of query and key. */
#ifndef ATTN_VIEW_PATCH_VALUES_H
#define ATTN_VIEW_PATCH_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "compute/excerpt.h"
#include "view/patch_view.h"

/* Queries × keys of a head. */
struct pairs {
    const float *values;
    size_t stride;                 /* from one row of values to the next */
    const uint8_t *masked;         /* packed; or NULL */
    size_t rows, columns;          /* queries, keys */
    size_t query_first, key_first; /* the problem's numbers of the first ones */
    bool is_weight;                /* a masked pair counts as 0; others do not count where they are masked */
};

/* What stands beside a map, of keys that are no patches. */
struct patch_rest {
    size_t keys;    /* how many */
    double value;   /* of the one; the sum of several weights */
    bool is_masked; /* no query that is looked from may attend to it */
};

/*
 * The value of every patch. Where patches are keys: that of the query, or the mean over the queries that may attend to
 * the patch. Where they are queries: that on key `key` of the problem. `masked`, which may be NULL, marks patches of
 * which every pair is masked. `rest`, which may be NULL, takes the other keys. Errors: no memory.
 */
bool patch_values(const struct patch_view *patches, const struct pairs *pairs, size_t key, float *values,
                  uint8_t *masked, struct patch_rest *rest, struct error *error);

/* Finds the largest weight that any head shows of a patch: it gets the highest colour in all pictures. Errors: no
 * memory. */
bool patch_values_measure(struct patch_view *patches, const struct excerpt *excerpt, struct error *error);

#endif
