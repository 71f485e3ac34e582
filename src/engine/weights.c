#include "engine/weights.h"

#include "engine/block.h"
#include "engine/kernel.h"

void weights_measure(const float *row, size_t count, size_t first, double position, struct weight_sums *sums)
{
    kernel_chosen()->measure(row, count, position - (double)first, sums);
}

double weights_mixture(const float *a, const float *b, float factor_a, float factor_b, size_t count)
{
    return kernel_chosen()->mixture(a, b, factor_a, factor_b, count);
}

bool weights_any(const float *row, size_t count)
{
    const struct strided matrix = {row, count, 1};
    return kernel_chosen()->largest(&matrix, 1, count) != 0;
}
