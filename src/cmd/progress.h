/* How far the work is, on a terminal, once it takes longer than half a second. */
#ifndef ATTN_CMD_PROGRESS_H
#define ATTN_CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
    bool on; /* standard error is a terminal and nobody asked for quiet */
    bool visible;
    double started, shown; /* seconds */
};

void progress_begin(struct progress *progress, bool quiet);
/* `done` of `total` rows are through; `context` is a struct progress. */
void progress_rows(void *context, size_t done, size_t total);
/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
