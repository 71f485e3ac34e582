#include "engine/units.h"

#include <stdlib.h>

#include "base/memory.h"

bool units_make(struct units *units, size_t jobs, struct error *error)
{
    *units = (struct units){.end = memory_alloc(jobs, sizeof *units->end, error)};
    return units->end != NULL;
}

void units_free(struct units *units)
{
    free(units->end);
    *units = (struct units){0};
}

size_t units_count(const struct units *units)
{
    return units->jobs > 0 ? units->end[units->jobs - 1] : 0;
}

void units_add(struct units *units, size_t count)
{
    const size_t before = units_count(units);
    units->end[units->jobs++] = before + count;
}

size_t units_job(const struct units *units, size_t unit, size_t *index)
{
    size_t low = 0, high = units->jobs - 1; /* the first job that ends behind the unit is in [low, high] */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (units->end[middle] > unit)
            high = middle;
        else
            low = middle + 1;
    }
    *index = unit - (low > 0 ? units->end[low - 1] : 0);
    return low;
}
