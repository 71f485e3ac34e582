#include "engine/weights.h"

#include "attention/heaviest.h"
#include "engine/block.h"
#include "engine/kernel.h"

void weights_measure(const float *row, size_t count, size_t first, double position, struct weight_sums *sums)
{
    kernel_chosen()->measure(row, count, position - (double)first, sums);
}

void weights_mixtures(const struct share_rows *a, const struct share_rows *b, size_t rows, size_t count,
                      double *sums)
{
    kernel_chosen()->mixtures(a, b, rows, count, sums);
}

size_t weights_heaviest(const float *row, size_t count, float largest, double share, int64_t *room,
                        struct heaviest_guess *guess)
{
    const size_t found = kernel_chosen()->heaviest(row, count, largest, share, guess);
    return found != SIZE_MAX ? found : heaviest_count(row, count, largest, share, room);
}

void weights_add_steps(const float *row, size_t count, int64_t *sums)
{
    kernel_chosen()->add_steps(row, count, sums);
}

uint32_t weights_largest(const struct strided *matrix, size_t rows, size_t columns)
{
    return kernel_chosen()->largest(matrix, rows, columns);
}

bool weights_any(const float *row, size_t count)
{
    const struct strided matrix = {row, count, 1};
    return weights_largest(&matrix, 1, count) != 0;
}

float weights_combine(float *to, const float *row, size_t count, enum combine how)
{
    return kernel_chosen()->combine(to, row, count, how);
}

void weights_add_exact(double *sums, struct exact_rows *rows, size_t count)
{
    if (rows->count == EXACT_ROWS) {
        kernel_chosen()->add_exact(sums, rows, count);
        return;
    }
    for (size_t r = 0; r < rows->count; r++) {
        struct exact_rows one = {.row = {rows->row[r]}, .factor = {rows->factor[r]}, .count = 1};
        kernel_chosen()->add_exact(sums, &one, count);
        rows->total[r] = one.total[0];
    }
}

void weights_add_exact_keys(double *sums, const float *weights, size_t keys, const double *factors,
                            double *totals)
{
    kernel_chosen()->add_exact_keys(sums, weights, keys, factors, totals);
}
