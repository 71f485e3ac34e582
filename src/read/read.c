/* The table of formats, and the choice of one for a file. No format is known here. */
#include "read/read.h"

#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/source.h"
#include "base/text.h"
#include "read/printed.h"

#define READER_NAME(name) #name
#define READER_ROW(name) {READER_NAME(name), &reader_##name},

const char reader_words[] = READERS(READER_NAME, " ");
static const char reader_list[] = READERS(READER_NAME, ", ");

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
        {"\x93NUMPY", 0, 6, "a NumPy file (np.savetxt writes CSV, json.dumps(a.tolist()) JSON)"},
        {"PK\3\4", 0, 4, "a zip archive (.npz, .pt, .xlsx)"},
        {"{\"", 8, 2, "a safetensors file"},
        {"\x1f\x8b", 0, 2, "compressed by gzip"},
        {"\x89PNG", 0, 4, "a picture"},
        {"\x89HDF", 0, 4, "an HDF5 file"},
        {"\xff\xfe", 0, 2, "text in UTF-16"},
        {"\xfe\xff", 0, 2, "text in UTF-16"},
        {"\xba\x16\x4f\x2f", 0, 4, "a model of fastText (.bin), whose .vec is text"},
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

bool read_file(struct inputs *inputs, const char *path, const char *format, const struct read_target *target,
               struct warnings *warnings, struct error *error)
{
    const struct reader *reader = format ? reader_named(format, error) : NULL;
    if (format && !reader)
        return false;
    if (!memory_resize(&inputs->sources, inputs->source_count + 1, sizeof *inputs->sources, error))
        return false;
    struct source *source = &inputs->sources[inputs->source_count++];
    *source = (struct source){0};
    if (!source_read(source, path, 0, error))
        return false;

    drop_mark(source);
    if (source->size == 0)
        return error_set(error, ERROR_INPUT, "%s: the file is empty: expected one of %s", source->name,
                         reader_list);
    if (!reader)
        reader = choose_reader(source, target, error);
    number_take_overflow();
    if (!reader || !reader->read(inputs, source, target, warnings, error))
        return false;
    warn_overflow(source, warnings);
    /* Numbers and labels are copied, and no message needs the text any more. */
    source_drop(source);
    source->size = 0;
    return true;
}
