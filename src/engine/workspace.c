#include "engine/workspace.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"

/* Every array begins at a line of the cache. */
#define ALIGNMENT ((size_t)64)

static void bytes_add(size_t *bytes, bool *fits, size_t rows, size_t columns, size_t size)
{
    size_t more;
    *fits = *fits && size_multiply(rows, columns, &more) && size_multiply(more, size, &more) &&
            more < SIZE_MAX / 4 &&
            !__builtin_add_overflow(*bytes, (more + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, bytes);
}

bool workspace_bytes(const struct workspace_sizes *sizes, size_t *bytes)
{
    bool fits = true;
    *bytes = 0;
    bytes_add(bytes, &fits, sizes->queries, BLOCK, sizeof(float));
    bytes_add(bytes, &fits, 3 * CHUNK, BLOCK, sizeof(float)); /* scores, mask and bias */
    bytes_add(bytes, &fits, sizes->sums, BLOCK, sizeof(float));
    bytes_add(bytes, &fits, sizes->sums, BLOCK, sizeof(double));
    bytes_add(bytes, &fits, sizes->cells, BLOCK, sizeof(float));
    bytes_add(bytes, &fits, sizes->chunk_max, BLOCK, sizeof(float));
    bytes_add(bytes, &fits, sizes->v_copy, CHUNK, sizeof(float));
    bytes_add(bytes, &fits, sizes->held, BLOCK, sizeof(float));
    bytes_add(bytes, &fits, sizes->held, 1, sizeof(size_t));
    bytes_add(bytes, &fits, sizes->left * CHUNK, BLOCK, sizeof(int32_t));
    bytes_add(bytes, &fits, sizes->left * CHUNK, BLOCK, sizeof(float));
    bytes_add(bytes, &fits, sizes->row_buffer, 1, sizeof(float));
    bytes_add(bytes, &fits, sizes->top, BLOCK, sizeof(struct row_key));
    return fits;
}

/* The next array of the memory at *place. */
static void *array_next(char **place, size_t count, size_t size)
{
    char *array = *place;
    *place += (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return array;
}

bool workspaces_alloc(struct workspaces *spaces, const struct workspace_sizes *sizes, int threads,
                      struct error *error)
{
    size_t bytes;
    spaces->sizes = *sizes;
    if (!workspace_bytes(sizes, &spaces->bytes) || !size_multiply(spaces->bytes, (size_t)threads, &bytes) ||
        bytes > SIZE_MAX / 4)
        return error_set(error, ERROR_SYSTEM, "not enough memory: the sizes are too large to count");
    spaces->memory = memory_alloc(bytes + ALIGNMENT, 1, error);
    if (!spaces->memory)
        return false;
    spaces->first = spaces->memory + (ALIGNMENT - (uintptr_t)spaces->memory % ALIGNMENT);
    return true;
}

void workspaces_free(struct workspaces *spaces)
{
    free(spaces->memory);
    *spaces = (struct workspaces){0};
}

struct workspace workspaces_get(const struct workspaces *spaces, int thread)
{
    const struct workspace_sizes *sizes = &spaces->sizes;
    char *place = spaces->first + (size_t)thread * spaces->bytes;
    struct workspace space;
    space.queries = array_next(&place, sizes->queries * BLOCK, sizeof(float));
    space.scores = array_next(&place, 3 * CHUNK * BLOCK, sizeof(float));
    space.mask = space.scores + CHUNK * BLOCK;
    space.bias = space.mask + CHUNK * BLOCK;
    space.sums = array_next(&place, sizes->sums * BLOCK, sizeof(float));
    space.wide_sums = array_next(&place, sizes->sums * BLOCK, sizeof(double));
    space.cells = array_next(&place, sizes->cells * BLOCK, sizeof(float));
    space.chunk_max = array_next(&place, sizes->chunk_max * BLOCK, sizeof(float));
    space.v_copy = array_next(&place, sizes->v_copy * CHUNK, sizeof(float));
    space.held = array_next(&place, sizes->held * BLOCK, sizeof(float));
    space.candidates = array_next(&place, sizes->held, sizeof(size_t));
    space.dropped = array_next(&place, sizes->left * CHUNK * BLOCK, sizeof(int32_t));
    space.left = array_next(&place, sizes->left * CHUNK * BLOCK, sizeof(float));
    space.row_buffer = array_next(&place, sizes->row_buffer, sizeof(float));
    space.top = array_next(&place, sizes->top * BLOCK, sizeof(struct row_key));
    return space;
}
