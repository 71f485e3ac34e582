/* How far the work is: on a terminal once it takes longer than half a second, and a warning where it will take long. */
#ifndef ATTN_CMD_PROGRESS_H
#define ATTN_CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
    bool on; /* standard error is a terminal and nobody asked for quiet */
    bool visible;
    bool is_told;          /* whether it will take long is known, and said; or nobody wants to know */
    double started, shown; /* seconds */
    double first_seconds, first_share; /* when a share was first known, from `started` on; 0: not yet */
    double pairs, before;              /* of query and key in all parts, and in those that are through */
    double part;                       /* of the part that is computed */
    const char *const *engine;         /* what computes that part */
};

/* `pairs` is how many pairs of query and key all parts have together. */
void progress_begin(struct progress *progress, bool quiet, double pairs);
/* The next part is computed, of so many pairs; *engine says by what, and stays where it is. */
void progress_part(struct progress *progress, double pairs, const char *const *engine);
/* `done` of `total` of the part are through; `context` is a struct progress. */
void progress_share(void *context, size_t done, size_t total);
/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
