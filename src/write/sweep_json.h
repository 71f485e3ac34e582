/* The JSON of a sweep. */
#ifndef ATTN_WRITE_SWEEP_JSON_H
#define ATTN_WRITE_SWEEP_JSON_H

#include "base/out.h"
#include "compute/explain_sweep.h"

/* One object: schema attn-sweep/1 (docs/attn-sweep.schema.json). */
void write_sweep(const struct sweep *sweep, struct out *out);

#endif
