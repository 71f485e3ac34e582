#include "compute/head_columns.h"

#include <math.h>

double head_columns(const struct stats_columns *columns, size_t m, size_t rows)
{
    int64_t most[COLUMNS_KEYS] = {0}; /* the heaviest first */
    wide_sum all = 0, few = 0;
    for (size_t j = 0; j < m; j++) {
        int64_t weight = columns->weight[j] - columns->narrow[j];
        all += weight;
        for (size_t k = 0; k < COLUMNS_KEYS; k++)
            if (weight > most[k]) {
                const int64_t less = most[k];
                most[k] = weight;
                weight = less;
            }
    }
    for (size_t k = 0; k < COLUMNS_KEYS; k++)
        few += most[k];
    return rows >= COLUMNS_LEAST_ROWS && all > 0 && !columns->is_too_large ? (double)few / (double)all
                                                                           : (double)NAN;
}
