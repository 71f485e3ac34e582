/* Dilation for the engine: d heads in one, each of the tokens at every d-th position. For engine.c, and for
 * who lays out cells. */
#ifndef ATTN_ENGINE_DILATED_H
#define ATTN_ENGINE_DILATED_H

#include "engine/engine.h"

/*
 * Whether a head of so many keys can be taken apart by its dilation. It cannot beside global tokens and
 * blocks, which join what it parts.
 */
bool dilated_splits(const struct rules *rules, size_t keys);

/* The dilation by which all jobs can be taken apart, or 0: they have the same, and cells of the pool hold
 * whole periods of it. */
size_t dilated_period(const struct engine_job *jobs, size_t count);

/* As engine_run_with, phase by phase: the positions p with p mod period = phase see one another and nobody
 * else, so that each phase is a head without dilation. */
bool dilated_run(const struct engine_job *jobs, size_t count, const struct engine_options *options,
                 struct error *error);

#endif
