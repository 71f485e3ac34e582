#include "tensor/array_write.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/workers.h"

/* Numbers of a job, in whole blocks of every type, and jobs of a piece; bytes of one that is copied as it is. */
enum { WRITE_JOB = 1 << 16, WRITE_JOBS = 32, WRITE_PIECE = 4 << 20 };

/* A piece that is being converted. */
struct write_piece {
    enum dtype from, to;
    const char *numbers;
    char *room;
    size_t count;
    struct narrow_losses losses[WRITE_JOBS]; /* of each job */
};

bool array_write_bytes(const struct array *array, size_t *bytes)
{
    const struct dtype_kind *kind = dtype_kind(array->dtype);
    size_t count;
    return array_count(array, &count) && size_multiply(count / kind->count, kind->bytes, bytes);
}

const char *array_write_in_place(const struct array *array)
{
    const struct array *from = array->origin ? &array->origin->array : array;
    return from->dtype == array->dtype && !from->swapped && array_is_packed(from) ? from->data : NULL;
}

static size_t bytes_of(enum dtype dtype, size_t count)
{
    return count / dtype_kind(dtype)->count * dtype_kind(dtype)->bytes;
}

static void write_job(void *context, int worker, size_t job)
{
    struct write_piece *piece = context;
    const size_t first = job * WRITE_JOB, left = piece->count - first;
    (void)worker;
    piece->losses[job] = (struct narrow_losses){0};
    narrow_numbers(piece->to, piece->room + bytes_of(piece->to, first), piece->from,
                   piece->numbers + bytes_of(piece->from, first), left < WRITE_JOB ? left : WRITE_JOB,
                   &piece->losses[job]);
}

/* Numbers that follow each other, converted. */
static bool write_converted(const struct array *array, const char *numbers, const struct source *source,
                            size_t count, struct out *out, struct error *error)
{
    struct narrow_losses *losses = &array->origin->losses;
    struct write_piece piece = {.from = array->origin->array.dtype, .to = array->dtype};
    const size_t most = (size_t)WRITE_JOB * WRITE_JOBS;
    piece.room = memory_alloc(bytes_of(piece.to, count < most ? count : most) + 1, 1, error);
    if (!piece.room)
        return false;
    for (size_t done = 0; done < count && !out->trouble; done += piece.count) {
        piece.count = count - done < most ? count - done : most;
        piece.numbers = numbers + bytes_of(piece.from, done);
        const size_t jobs = size_divide_up(piece.count, WRITE_JOB);
        workers_run(jobs, write_job, &piece);
        for (size_t i = 0; i < jobs; i++) {
            losses->infinite += piece.losses[i].infinite;
            losses->inexact += piece.losses[i].inexact;
            losses->small += piece.losses[i].small;
        }
        out_bytes(out, piece.room, bytes_of(piece.to, piece.count));
        if (source)
            source_pass(source, piece.numbers, piece.numbers + bytes_of(piece.from, piece.count));
    }
    free(piece.room);
    return true;
}

static void write_as_they_are(const char *numbers, const struct source *source, size_t bytes, struct out *out)
{
    for (size_t done = 0; done < bytes && !out->trouble;) {
        const size_t part = bytes - done < WRITE_PIECE ? bytes - done : WRITE_PIECE;
        out_bytes(out, numbers + done, part);
        if (source)
            source_pass(source, numbers + done, numbers + done + part);
        done += part;
    }
}

bool array_write(const struct array *array, struct out *out, struct error *error)
{
    const struct array *from = array->origin ? &array->origin->array : array;
    const struct source *source = array->origin ? array->origin->source : NULL;
    size_t count = 0, bytes = 0;
    char *copy = NULL;
    if (!array_count(from, &count) || !array_write_bytes(from, &bytes))
        return error_memory(error, SIZE_MAX);
    if (from->swapped || !array_is_packed(from)) {
        copy = memory_alloc(bytes, 1, error);
        if (!copy)
            return false;
        array_copy(from, copy);
        source = NULL;
    }
    const char *numbers = copy ? copy : from->data;
    bool ok = true;
    if (from->dtype == array->dtype)
        write_as_they_are(numbers, source, bytes, out);
    else
        ok = write_converted(array, numbers, source, count, out, error);
    free(copy);
    return ok;
}
