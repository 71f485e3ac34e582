#include "core/head.h"

#include <math.h>

void head_reach(const struct head *head, size_t i, size_t *first, size_t *end)
{
    int64_t m = (int64_t)head->m, p = (int64_t)i + head->offset;
    int64_t low = head->left >= 0 ? p - head->left : 0;
    int64_t high = head->right >= 0 ? p + head->right : m - 1;
    if (head->causal && high > p)
        high = p;
    if (low < 0)
        low = 0;
    if (high > m - 1)
        high = m - 1;
    *first = low <= high ? (size_t)low : 0;
    *end = low <= high ? (size_t)high + 1 : 0;
}

bool head_allows(const struct head *head, size_t i, size_t j)
{
    size_t first, end;
    head_reach(head, i, &first, &end);
    if (j < first || j >= end)
        return false;
    const struct grid *mask = &head->mask, *bias = &head->bias;
    if (mask->data && (mask->data[i * mask->row + j * mask->column] != 0) == head->mask_true_blocks)
        return false;
    return !(bias->data && bias->data[i * bias->row + j * bias->column] == -INFINITY);
}
