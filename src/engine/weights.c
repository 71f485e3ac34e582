#include "engine/weights.h"

#include "attention/heaviest.h"
#include "engine/block.h"
#include "engine/kernel.h"

void weights_measure(const float *row, size_t count, size_t first, double position, struct weight_sums *sums)
{
    kernel_chosen()->measure(row, count, position - (double)first, sums);
}

size_t weights_heaviest(const float *row, size_t count, float largest, double share, int64_t *room)
{
    const size_t found = kernel_chosen()->heaviest(row, count, largest, share);
    return found != SIZE_MAX ? found : heaviest_count(row, count, largest, share, room);
}

void weights_add_steps(const float *row, size_t count, int64_t *sums)
{
    kernel_chosen()->add_steps(row, count, sums);
}

bool weights_any(const float *row, size_t count)
{
    const struct strided matrix = {row, count, 1};
    return kernel_chosen()->largest(&matrix, 1, count) != 0;
}
