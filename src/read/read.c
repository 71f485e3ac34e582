/* The table of formats, and the choice of one for a file. No format is known here. */
#include "read/read.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/source.h"
#include "base/text.h"
#include "read/dump.h"
#include "read/printed.h"
#include "tensor/format.h"

#define READER_NAME(name) #name
#define READER_ROW(name) {READER_NAME(name), &reader_##name},

const char reader_words[] = READERS(READER_NAME, " ") " " FORMATS(READER_NAME, " ");
static const char reader_list[] = READERS(READER_NAME, ", ") ", " FORMATS(READER_NAME, ", ");

static const struct {
    const char *name;
    const struct reader *reader;
} readers[] = {READERS(READER_ROW, )};
enum { READER_COUNT = sizeof readers / sizeof *readers };

static const struct reader *reader_named(const char *format, struct error *error)
{
    const char *names[READER_COUNT + 1] = {NULL};
    for (size_t i = 0; i < READER_COUNT; i++) {
        if (strcmp(readers[i].name, format) == 0)
            return readers[i].reader;
        names[i] = readers[i].name;
    }
    const char *near = text_nearest(format, names);
    if (near)
        error_set(error, ERROR_USAGE, "unknown input format \"%s\"; did you mean %s? (formats: %s)", format,
                  near, reader_list);
    else
        error_set(error, ERROR_USAGE, "unknown input format \"%s\": expected one of %s", format, reader_list);
    return NULL;
}

/* The name of another format, by its first bytes; or NULL. */
static const char *foreign_format(const struct source *source)
{
    static const struct {
        const char *bytes;
        size_t at, size;
        const char *what;
    } known[] = {
        {"PK\3\4", 0, 4, "a zip archive (.npz, .pt, .xlsx)"},
        {"{\"", 8, 2, "a safetensors file"},
        {"\x1f\x8b", 0, 2, "compressed by gzip"},
        {"\x89PNG", 0, 4, "a picture"},
        {"\x89HDF", 0, 4, "an HDF5 file"},
        {"\xff\xfe", 0, 2, "text in UTF-16"},
        {"\xfe\xff", 0, 2, "text in UTF-16"},
        {"\x80\x02", 0, 2, "a pickle (.pt, .pkl)"},
        {"\x80\x04", 0, 2, "a pickle (.pt, .pkl)"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (source->size >= known[i].at + known[i].size &&
            memcmp(source->data + known[i].at, known[i].bytes, known[i].size) == 0 &&
            (known[i].at == 0 || memchr(source->data, 0, known[i].at)))
            return known[i].what;
    return NULL;
}

/* The reader that is surest; the last of the table where none is sure. */
static const struct reader *choose_reader(const struct source *source, const struct read_target *target,
                                          struct error *error)
{
    const struct reader *best = NULL;
    int sure = -1;
    for (size_t i = 0; i < READER_COUNT; i++) {
        int probe = readers[i].reader->probe(source->data, source->size, source->name);
        if (probe > sure || (probe == 0 && sure == 0))
            best = readers[i].reader;
        if (probe > sure)
            sure = probe;
    }
    const char *foreign = sure < 2 ? foreign_format(source) : NULL;
    if (foreign) {
        error_set(error, ERROR_INPUT, "%s: this is %s: expected one of %s", source->name, foreign,
                  reader_list);
        return NULL;
    }
    const bool list = target->what == READ_TOKENS || target->what == READ_KEY_TOKENS;
    return !list && printed_array(source, error) ? NULL : best;
}

/* Removes a byte order mark in front: it is no part of the text, and would count as a column in messages. */
static void drop_mark(struct source *source)
{
    if (source->size >= 3 && memcmp(source->data, "\xEF\xBB\xBF", 3) == 0) {
        source->size -= 3;
        memmove(source->data, source->data + 3, source->size + 1);
    }
}

/* Numbers that float32 cannot hold have become infinities: the first is named. */
static void warn_overflow(const struct source *source, struct warnings *warnings)
{
    const char *at = number_take_overflow();
    if (!at || at < source->data || at >= source->data + source->size)
        return;
    const bool negative = at > source->data && at[-1] == '-';
    const struct place place = source_place(source, (size_t)(at - source->data) - negative);
    warnings_add(warnings,
                 "%s:%zu:%zu: this number is too large for float32, whose largest is 3.4e38: it becomes "
                 "%sinfinity",
                 source->name, place.line, place.column, negative ? "-" : "");
}

/* ---- files of named arrays ---- */

/* FILE:NAME[INDEX], taken apart. The texts are parts of `memory`. */
struct array_path {
    char *memory;
    const char *file, *name, *index; /* name and index: NULL where they are not said */
};

/* Cuts [INDEX] and its brackets off the end of a text. */
static const char *cut_index(char *text)
{
    const size_t length = strlen(text);
    char *open = length > 0 && text[length - 1] == ']' ? strrchr(text, '[') : NULL;
    if (!open)
        return NULL;
    text[length - 1] = *open = 0;
    return open + 1;
}

/* A path that is a file, or does not have a file in front of a colon, is taken as it is. */
static bool array_path_make(struct array_path *path, const char *text, struct error *error)
{
    *path = (struct array_path){.memory = text_copy(text)};
    path->file = path->memory;
    if (!path->memory)
        return error_memory(error, strlen(text) + 1);
    if (strcmp(text, "-") == 0 || access(text, F_OK) == 0)
        return true;
    for (char *colon = path->memory + strlen(text); colon > path->memory;) {
        if (*--colon != ':')
            continue;
        *colon = 0;
        if (colon > path->memory && (access(path->memory, F_OK) == 0 || strcmp(path->memory, "-") == 0)) {
            path->index = cut_index(colon + 1);
            path->name = colon[1] || !path->index ? colon + 1 : NULL;
            return true;
        }
        *colon = ':';
    }
    return true;
}

/* The archive takes over the source. */
static bool read_archive(struct inputs *inputs, struct source *source, const struct format *format,
                         const struct array_path *path, const struct read_target *target,
                         struct warnings *warnings, struct error *error)
{
    if (!memory_resize(&inputs->archives, inputs->archive_count + 1, sizeof *inputs->archives, error))
        return false;
    struct archive *archive = memory_zeroed(1, sizeof *archive, error);
    if (!archive)
        return false;
    inputs->archives[inputs->archive_count++] = archive;
    return archive_open_source(archive, source, format, error) &&
           dump_read(inputs, archive, path->name, path->index, target, warnings, error);
}

static bool read_text(struct inputs *inputs, struct source *source, const struct reader *reader,
                      const struct array_path *path, const struct read_target *target,
                      struct warnings *warnings, struct error *error)
{
    drop_mark(source);
    if (source->size == 0)
        return error_set(error, ERROR_INPUT, "%s: the file is empty: expected one of %s", source->name,
                         reader_list);
    if (!reader)
        reader = choose_reader(source, target, error);
    if (reader && (path->name || path->index))
        return error_set(error, ERROR_USAGE,
                         "%s is no file of named arrays: expected it without what is behind the colon",
                         source->name);
    number_take_overflow();
    if (!reader || !reader->read(inputs, source, target, warnings, error))
        return false;
    warn_overflow(source, warnings);
    /* Numbers and labels are copied, and no message needs the text any more. */
    source_drop(source);
    source->size = 0;
    return true;
}

bool read_file(struct inputs *inputs, const char *text, const char *said, const struct read_target *target,
               struct warnings *warnings, struct error *error)
{
    const struct format *format = said ? format_named(said) : NULL;
    const struct reader *reader = said && !format ? reader_named(said, error) : NULL;
    struct array_path path;
    if ((said && !format && !reader) ||
        !memory_resize(&inputs->sources, inputs->source_count + 1, sizeof *inputs->sources, error) ||
        !array_path_make(&path, text, error))
        return false;
    struct source *source = &inputs->sources[inputs->source_count++];
    *source = (struct source){0};
    bool ok = source_read(source, path.file, 0, error);
    if (ok && !said)
        format = format_of(source->data, source->size, source->name);
    ok = ok && (format ? read_archive(inputs, source, format, &path, target, warnings, error)
                       : read_text(inputs, source, reader, &path, target, warnings, error));
    free(path.memory);
    return ok;
}
