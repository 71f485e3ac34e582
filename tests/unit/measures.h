/* Measures of rows that have to be the same bits: member by member, for what lies between members is nothing that is said. */
#ifndef ATTN_TEST_MEASURES_H
#define ATTN_TEST_MEASURES_H

#include <stddef.h>
#include <string.h>

#include "attention/measures.h"

#define SAME_BITS(a, b) assert_memory_equal(&(a), &(b), sizeof(a))

static inline void assert_same_measures(const struct row_measures *a, const struct row_measures *b,
                                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        SAME_BITS(a[i].entropy, b[i].entropy);
        SAME_BITS(a[i].max, b[i].max);
        SAME_BITS(a[i].distance, b[i].distance);
        SAME_BITS(a[i].first, b[i].first);
        SAME_BITS(a[i].score, b[i].score);
        assert_true(a[i].argmax == b[i].argmax);
        assert_true(a[i].is_filled == b[i].is_filled);
    }
}

#endif
