/* What a person is told of a run that will take long, once it can be told. */
#ifndef ATTN_VIEW_ESTIMATE_H
#define ATTN_VIEW_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>

/* Room for the text of estimate_write. */
enum { ESTIMATE_SIZE = 200 };

/* How far a run is. What comes before the first share is not like the rest: projections, masks, memory that is new. */
struct estimate {
    double first_seconds,
        first_share;       /* that had passed when it was first known how much was done, and how much was */
    double seconds, share; /* that have passed, and what is done by now; shares are from 0 to 1 */
    double pairs;          /* of query and key, in all heads that are computed, masked ones too */
    const char *engine;    /* what computes, as in struct result */
};

/* Whether so much time has passed that the whole can be told from it. */
bool estimate_is_ready(const struct estimate *estimate);

/* Writes the sentence where the whole will take longer than a minute; returns false, and writes nothing, where not. Only
 * of one that is ready. */
bool estimate_write(char text[ESTIMATE_SIZE], const struct estimate *estimate);

#endif
