/* The seconds that forms of attention take here. */
#ifndef ATTN_COMPUTE_GROWTH_TIME_H
#define ATTN_COMPUTE_GROWTH_TIME_H

#include <stdbool.h>

#include "base/error.h"
#include "compute/growth.h"

/* The seconds that one run may take. */
enum { GROWTH_SECONDS = 30 };

/* Measures the output of the heads that were counted, of numbers between 0 and 1, on so many threads (0: as many as the machine
 * has): the shortest of several runs. A form stops before a run that would take longer than GROWTH_SECONDS, by its products and the
 * time of the length before. Errors: no memory. */
bool growth_time(struct growth *growth, int threads, struct error *error);

#endif
