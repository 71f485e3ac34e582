/* What forms of attention cost as tokens become more, as JSON. */
#ifndef ATTN_WRITE_GROWTH_JSON_H
#define ATTN_WRITE_GROWTH_JSON_H

#include "base/out.h"
#include "compute/growth.h"

/* Writes docs/attn-growth.schema.json. */
void write_growth(const struct growth *growth, struct out *out);

#endif
