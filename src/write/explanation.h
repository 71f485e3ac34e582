/* The JSON of an explanation. */
#ifndef ATTN_WRITE_EXPLANATION_H
#define ATTN_WRITE_EXPLANATION_H

#include "base/out.h"
#include "compute/explain_steps.h"

/* The numbers of every step, all keys, as one object: schema attn-explain/1 (docs/attn-explain.schema.json). */
void write_explanation(const struct explain_steps *steps, struct out *out);

#endif
