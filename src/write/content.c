#include "write/content.h"

#include <math.h>

const float *content_row(const struct content *content, const struct excerpt *e, enum stage stage, size_t l,
                         size_t h, size_t i, const unsigned char *flags, float *room)
{
    const float *row = excerpt_row(e, stage, l, h, i, room);
    if (!content->masked_nan || !flags ||
        !(stage == STAGE_WEIGHTS || stage == STAGE_MASKED || stage_is_contribution(stage)))
        return row;
    for (size_t j = 0; j < e->shape[stage].columns; j++)
        room[j] = flags[j] ? NAN : row[j];
    return room;
}
