/* Jobs cut into units, which are numbered through all jobs: what a runner deals out to threads. */
#ifndef ATTN_ENGINE_UNITS_H
#define ATTN_ENGINE_UNITS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Begins zeroed; freed by units_free in any case. */
struct units {
    size_t *end; /* of each job: its units and those of all jobs before it; owned */
    size_t jobs;
};

/* Takes memory for the units of that many jobs, which units_add then adds one after the other. ERROR_SYSTEM for want of
 * it. */
bool units_make(struct units *units, size_t jobs, struct error *error);
void units_free(struct units *units);

/* Adds a job of `count` units, of which there may be none. */
void units_add(struct units *units, size_t count);

/* The number of all units. */
size_t units_count(const struct units *units);

/* The job of a unit below units_count, found in a time that grows with the logarithm of the jobs; *index: which unit of
 * that job it is. */
size_t units_job(const struct units *units, size_t unit, size_t *index);

#endif
