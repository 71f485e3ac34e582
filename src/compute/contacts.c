#include "compute/contacts.h"

#include <stdlib.h>

#include "base/memory.h"

static double symmetric(const struct strided *w, size_t i, size_t j)
{
    return (double)w->data[i * w->row + j] + (double)w->data[j * w->row + i];
}

bool contacts_find(float *contacts, const struct strided *weights, size_t n, struct error *error)
{
    double *sums = memory_zeroed(n, sizeof *sums, error); /* of rows, which are those of columns */
    double total = 0;
    if (!sums)
        return false;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            sums[i] += symmetric(weights, i, j);
        total += sums[i];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            contacts[i * n + j] = (float)(symmetric(weights, i, j) - sums[i] * sums[j] / total);
    free(sums);
    return true;
}
