/* Reading whole files, and places in them. Writing is file.c. */

#include "base/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

/* Files from this size on are mapped, which spares a copy. */
enum { MAPPED_SIZE = 1 << 20 };

/* Maps a file, with room for the NUL behind it: the system clears the rest of the last page, and where there is no rest, a
 * page of zeros follows. The pages are ours to write; a file that is cut short meanwhile is file.c's SIGBUS. False: it has
 * to be read. */
static bool map(struct source *source, int fd, const struct stat *status, size_t least)
{
    const long page = sysconf(_SC_PAGESIZE);
    if (!S_ISREG(status->st_mode) || status->st_size <= 0 || (uintmax_t)status->st_size < least ||
        page <= 0 || (uintmax_t)status->st_size > PTRDIFF_MAX - (uintmax_t)page)
        return false;
    const size_t size = (size_t)status->st_size, whole = (size / (size_t)page + 1) * (size_t)page;
    void *room = mmap(NULL, whole, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return false;
    void *data = mmap(room, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, fd, 0);
    if (data == MAP_FAILED) {
        munmap(room, whole);
        return false;
    }
    source->data = data;
    source->size = size;
    source->mapped = whole;
    return true;
}

static bool too_long(const struct source *source, size_t most, struct error *error)
{
    return error_set(error, ERROR_SYSTEM, "%s: holds more than %zu MiB: expected a smaller file",
                     source->name, most >> 20);
}

/* Reads the descriptor to its end, or maps it if it is a file of at least so many bytes. The buffer begins at what fstat
 * promises and grows by half. */
static bool read_all(struct source *source, int fd, size_t most, size_t least, struct error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return error_set(error, ERROR_SYSTEM, "%s: %s", source->name, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return error_set(error, ERROR_SYSTEM, "%s: is a folder; expected a file", source->name);
    if (most == 0)
        most = S_ISREG(status.st_mode) ? SIZE_MAX / 4 : memory_half(); /* a pipe or device may never end */
    if (S_ISREG(status.st_mode) && (uintmax_t)status.st_size > most)
        return too_long(source, most, error);
    if (map(source, fd, &status, least)) {
        if (least > 1)
            (void)madvise(source->data, source->size, MADV_SEQUENTIAL);
        return true;
    }
    size_t capacity = 1 << 16;
    if (S_ISREG(status.st_mode) && status.st_size > 0)
        capacity = (size_t)status.st_size + 1;
    if (!memory_resize(&source->data, capacity + 1, 1, error))
        return false;
    for (;;) {
        if (source->size > most)
            return too_long(source, most, error);
        if (source->size == capacity) {
            capacity += capacity / 2;
            if (!memory_resize(&source->data, capacity + 1, 1, error))
                return false;
        }
        ssize_t n = read(fd, source->data + source->size, capacity - source->size);
        if (n == 0)
            break;
        if (n > 0)
            source->size += (size_t)n;
        else if (errno != EINTR)
            return error_set(error, ERROR_SYSTEM, "%s: could not read: %s", source->name, strerror(errno));
    }
    source->data[source->size] = 0;
    return true;
}

static bool source_open(struct source *source, const char *path, size_t most, size_t least,
                        struct error *error)
{
    bool standard = strcmp(path, "-") == 0;
    *source = (struct source){.name = text_copy(standard ? "standard input" : path), .standard = standard};
    if (!source->name)
        return error_memory(error, strlen(path) + 1);
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(error, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    bool ok = read_all(source, fd, most, least, error);
    if (!standard)
        close(fd);
    return ok;
}

bool source_read(struct source *source, const char *path, size_t most, struct error *error)
{
    return source_open(source, path, most, MAPPED_SIZE, error);
}

bool source_map(struct source *source, const char *path, struct error *error)
{
    return source_open(source, path, 0, 1, error);
}

const char *source_path(const struct source *source)
{
    return source->standard ? "-" : source->name;
}

void source_pass(const struct source *source, const char *start, const char *end)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)start + page - 1) / page * page, last = (uintptr_t)end / page * page;
    /* Only a hint: what comes of it does not matter. */
    if (source->mapped && first < last)
        (void)madvise((void *)first, last - first, MADV_DONTNEED);
}

void source_drop(struct source *source)
{
    if (source->mapped)
        munmap(source->data, source->mapped);
    else
        free(source->data);
    source->data = NULL;
    source->mapped = 0;
}

void source_free(struct source *source)
{
    free(source->name);
    source_drop(source);
    *source = (struct source){0};
}

/* Bytes that begin a character, eight at a time: not those of the form 10xxxxxx. */
static size_t characters(const char *at, const char *end)
{
    size_t count = (size_t)(end - at);
    for (; end - at >= 8; at += 8) {
        uint64_t bytes;
        memcpy(&bytes, at, sizeof bytes);
        count -= (size_t)__builtin_popcountll((bytes >> 7) & ~(bytes >> 6) & UINT64_C(0x0101010101010101));
    }
    for (; at < end; at++)
        count -= ((unsigned char)*at & 0xC0) == 0x80;
    return count;
}

struct place source_place(const struct source *source, size_t offset)
{
    struct place place = {.file = source->name, .line = source->lines_before + 1, .column = 1};
    if (offset > source->size)
        offset = source->size;
    const char *at = source->data, *end = source->data + offset;
    for (const char *line; (line = memchr(at, '\n', (size_t)(end - at))); at = line + 1)
        place.line++;
    place.column += characters(at, end);
    return place;
}

struct place source_walk(const struct source *source, struct place_walk *walk, size_t offset)
{
    if (!walk->place.file || offset < walk->offset)
        *walk = (struct place_walk){.place = {source->name, source->lines_before + 1, 1}};
    const struct source rest = {
        .name = source->name, .data = source->data + walk->offset, .size = source->size - walk->offset};
    struct place place = source_place(&rest, offset - walk->offset);
    if (place.line == 1)
        place.column += walk->place.column - 1;
    place.line += walk->place.line - 1;
    *walk = (struct place_walk){offset, place};
    return place;
}

static bool error_at(const struct place *place, struct error *error, const char *format, va_list arguments)
{
    char message[900];
    vsnprintf(message, sizeof message, format, arguments);
    if (!place->file)
        return error_set(error, ERROR_INPUT, "%s", message);
    if (place->line == 0)
        return error_set(error, ERROR_INPUT, "%s: %s", place->file, message);
    if (place->column == 0)
        return error_set(error, ERROR_INPUT, "%s:%zu: %s", place->file, place->line, message);
    return error_set(error, ERROR_INPUT, "%s:%zu:%zu: %s", place->file, place->line, place->column, message);
}

bool source_error(const struct source *source, size_t offset, struct error *error, const char *format, ...)
{
    struct place place = source_place(source, offset);
    va_list arguments;
    va_start(arguments, format);
    error_at(&place, error, format, arguments);
    va_end(arguments);
    return false;
}

bool place_error(const struct place *place, struct error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error_at(place, error, format, arguments);
    va_end(arguments);
    return false;
}
