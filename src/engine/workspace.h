/* The memory in which threads of the engine work: one allocation, cut into a workspace for each. */
#ifndef ATTN_ENGINE_WORKSPACE_H
#define ATTN_ENGINE_WORKSPACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "engine/block.h"

/* The sizes of the arrays of struct workspace: the most that any job needs. Most of them count rows of BLOCK
 * numbers; v_copy counts columns of v, row_buffer floats, top keys a row; held is a count of keys, and left of
 * chunks, of which there is one. */
struct workspace_sizes {
    size_t queries, sums, cells, chunk_max, v_copy, held, left, row_buffer, top;
};

/* The workspaces of `threads` threads. Begins zeroed; freed by workspaces_free in any case. */
struct workspaces {
    struct workspace_sizes sizes;
    char *memory, *first; /* owned; its first aligned byte */
    size_t bytes;         /* of one thread */
};

/* Bytes that one thread needs. False if they cannot be counted. */
bool workspace_bytes(const struct workspace_sizes *sizes, size_t *bytes);

/* Errors: no memory, or sizes too large to count. */
bool workspaces_alloc(struct workspaces *spaces, const struct workspace_sizes *sizes, int threads,
                      struct error *error);
void workspaces_free(struct workspaces *spaces);

/* The workspace of a thread, counted from 0. */
struct workspace workspaces_get(const struct workspaces *spaces, int thread);

#endif
