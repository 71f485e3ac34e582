/*
 * The plain engine: what the float32 engine (engine/engine.h) does for its jobs, done row by row with the
 * double-precision reference, for the forms of attention that the fast one does not have. Holds a few rows a
 * thread.
 */
#ifndef ATTN_ENGINE_PLAIN_H
#define ATTN_ENGINE_PLAIN_H

#include "engine/engine.h"

/* As engine_run_with; memory_limit is not asked, the rows are handed out one at a time. */
bool plain_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
               struct error *error);

#endif
