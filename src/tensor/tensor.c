#include "tensor/tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

size_t tensor_count(const struct tensor *tensor)
{
    size_t count = 1;
    for (int i = 0; i < tensor->rank; i++)
        count *= tensor->shape[i];
    return count;
}

void tensor_free(struct tensor *tensor)
{
    if (!tensor->is_borrowed)
        free(tensor->data);
    *tensor = (struct tensor){0};
}

void tensor_replace(struct tensor *tensor, float *data)
{
    if (!tensor->is_borrowed)
        free(tensor->data);
    tensor->data = data;
    tensor->is_borrowed = false;
}

bool tensor_own(struct tensor *tensor, struct error *error)
{
    if (!tensor->is_borrowed)
        return true;
    const size_t count = tensor_count(tensor);
    float *data = memory_alloc(count, sizeof *data, error);
    if (!data)
        return false;
    memcpy(data, tensor->data, count * sizeof *data);
    tensor_replace(tensor, data);
    return true;
}

float tensor_null(void)
{
    uint32_t bits = TENSOR_NULL_BITS;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

bool tensor_is_null(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits == TENSOR_NULL_BITS;
}

char *tensor_shape(const struct tensor *tensor, char out[96])
{
    int used = 0;
    out[0] = 0;
    for (int i = 0; i < tensor->rank; i++)
        used += snprintf(out + used, 96 - (size_t)used, "%s%zu", i ? "×" : "", tensor->shape[i]);
    if (tensor->rank == 1)
        snprintf(out + used, 96 - (size_t)used, tensor->shape[0] == 1 ? " number" : " numbers");
    return out;
}
