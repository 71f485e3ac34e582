#include "cmd/part.h"

#include <stdlib.h>

#include "base/memory.h"

bool part_has_layer(const struct part *part, size_t number)
{
    return number >= part->problem.layer_first &&
           number < part->problem.layer_first + part->problem.layer_count;
}

bool part_add(struct part *part, size_t layer, const size_t *head, const double *value, struct error *error)
{
    const size_t row = part->row_count++;
    if (!memory_resize(&part->layers, row + 1, sizeof *part->layers, error) ||
        (head && !memory_resize(&part->heads, row + 1, sizeof *part->heads, error)) ||
        (value && !memory_resize(&part->values, row + 1, sizeof *part->values, error)))
        return false;
    part->layers[row] = layer - part->problem.layer_first;
    if (head)
        part->heads[row] = *head;
    if (value)
        part->values[row] = *value;
    return true;
}

void part_forget(struct part *part)
{
    joining_free(&part->joining);
    part->joining = (struct joining){0};
    part->whole = (struct selection){0};
    free(part->layers);
    free(part->heads);
    free(part->values);
    part->layers = part->heads = NULL;
    part->values = NULL;
    part->row_count = 0;
}

void part_free(struct part *part)
{
    joining_free(&part->joining);
    free(part->layers);
    free(part->heads);
    free(part->values);
    result_free(&part->result);
    problem_free(&part->problem);
    if (part->leaving)
        leaving_free(part->leaving);
    free(part->leaving);
    if (part->ordering)
        ordering_free(part->ordering);
    free(part->ordering);
}
