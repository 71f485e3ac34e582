/* What the fast runner does not have. */
#ifndef ATTN_ENGINE_FAST_H
#define ATTN_ENGINE_FAST_H

#include <stddef.h>

#include "engine/job.h"

/* Why the fast runner does not fit the jobs: the first thing that it does not have, in words. NULL: it fits. */
const char *fast_lacks(const struct engine_job *jobs, size_t count, const struct engine_options *options);

#endif
