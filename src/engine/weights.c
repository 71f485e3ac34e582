#include "engine/weights.h"

#include "engine/block.h"
#include "engine/kernel.h"

void weights_measure(const float *row, size_t count, size_t first, double position, struct weight_sums *sums)
{
    kernel_chosen()->measure(row, count, position - (double)first, sums);
}

bool weights_any(const float *row, size_t count)
{
    const struct strided matrix = {row, count, 1};
    return kernel_chosen()->largest(&matrix, 1, count) != 0;
}
