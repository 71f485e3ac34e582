/* The table of formats, and the choice of one for a file. No format is known here. */
#include "read/read.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/number_read.h"
#include "base/source.h"
#include "base/text.h"
#include "read/array_path.h"
#include "read/companions.h"
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

/* Says of the tensors of a file that a warning told of their infinities. */
static void tell_infinities(struct inputs *inputs, const char *file)
{
    for (enum input i = 0; i < INPUT_COUNT; i++) {
        struct tensor *all = &inputs->all.tensor[i];
        all->is_told = all->is_told || all->place.file == file;
        for (size_t l = 0; l < inputs->layer_count; l++) {
            struct tensor *one = &inputs->layers[l].tensor[i];
            one->is_told = one->is_told || one->place.file == file;
        }
    }
}

/* Numbers that float32 cannot hold have become infinities: the first is named. Where the text has no infinity by its name, no
 * tensor is told of once more for holding them. */
static void warn_overflow(struct inputs *inputs, const struct source *source, struct warnings *warnings)
{
    bool named;
    const char *at = number_take_overflow(&named);
    if (!at || at < source->data || at >= source->data + source->size)
        return;
    const bool negative = at > source->data && at[-1] == '-';
    const struct place place = source_place(source, (size_t)(at - source->data) - negative);
    warnings_add(warnings,
                 "%s:%zu:%zu: this number is too large for float32, whose largest is 3.4e38: it becomes "
                 "%sinfinity",
                 source->name, place.line, place.column, negative ? "-" : "");
    if (!named)
        tell_infinities(inputs, source->name);
}

/* ---- files of named arrays ---- */

/* Whether a type is one that NumPy itself does not know: V2, as ml_dtypes writes bfloat16, or f1, as it writes both floats of 8
 * bits. */
static bool is_raw(const struct array *array)
{
    return array->dtype == DTYPE_UNKNOWN && array->type[0] &&
           (array->type[1] == 'V' || strcmp(array->type + 1, "f1") == 0);
}

/* Arrays of raw bytes become numbers of the type that was said. */
static bool name_raw_types(const struct archive *archive, const struct read_target *target,
                           struct error *error)
{
    const enum dtype dtype = target->dtype ? dtype_named(target->dtype) : DTYPE_UNKNOWN;
    for (size_t i = 0; target->dtype && i < archive->count; i++) {
        struct array *array = &archive->arrays[i];
        if (is_raw(array) && !array_read_as(array, dtype))
            return archive_error(archive, array, error, "its type is %s: no bytes of --dtype %s", array->type,
                                 target->dtype);
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
    if (!archive_open_source(archive, source, format, error) || !name_raw_types(archive, target, error))
        return false;
    archive->in_parts = target->in_parts;
    archive->unpack_most = target->memory;
    return dump_read(inputs, archive, path->name, path->index, target, warnings, error);
}

/* Reads a text into inputs, which own it. *format (NULL: not asked) gets the name of its format. */
static bool read_text(struct inputs *inputs, struct source *source, const struct reader *reader,
                      const struct read_target *target, const char **format, struct warnings *warnings,
                      struct error *error)
{
    drop_mark(source);
    if (source->size == 0)
        return error_set(error, ERROR_INPUT, "%s: the file is empty: expected one of %s", source->name,
                         reader_list);
    if (!reader)
        reader = choose_reader(source, target, error);
    for (size_t i = 0; format && i < READER_COUNT; i++)
        if (readers[i].reader == reader)
            *format = readers[i].name;
    number_take_overflow(NULL);
    if (!reader || !reader->read(inputs, source, target, warnings, error)) {
        const char *advice =
            target->what == READ_ANY && error->kind == ERROR_INPUT ? companion_advice(source->name) : NULL;
        if (advice) {
            *error = (struct error){0};
            error_set(error, ERROR_INPUT, "%s: this is, by its name, %s", source->name, advice);
        }
        return false;
    }
    warn_overflow(inputs, source, warnings);
    /* Numbers and labels are copied, and no message needs the text any more. */
    source_drop(source);
    source->size = 0;
    return true;
}

/* A format of files of arrays, or else of texts. Both NULL: none is said. */
static bool formats_named(const char *said, const struct format **format, const struct reader **reader,
                          struct error *error)
{
    *format = said ? format_named(said) : NULL;
    *reader = said && !*format ? reader_named(said, error) : NULL;
    return !said || *format || *reader;
}

bool read_format(const struct source *source, const char *said, const struct format **format,
                 struct error *error)
{
    const struct reader *reader;
    if (!formats_named(said, format, &reader, error))
        return false;
    if (!said)
        *format = format_of(source->data, source->size, source->name);
    return true;
}

bool read_source(struct inputs *inputs, struct source *source, const char *said,
                 const struct read_target *target, const char **format, struct warnings *warnings,
                 struct error *error)
{
    const struct reader *reader = said ? reader_named(said, error) : NULL;
    if ((said && !reader) ||
        !memory_resize(&inputs->sources, inputs->source_count + 1, sizeof *inputs->sources, error)) {
        source_free(source);
        return false;
    }
    struct source *own = &inputs->sources[inputs->source_count++];
    *own = *source;
    *source = (struct source){0};
    return read_text(inputs, own, reader, target, format, warnings, error);
}

bool read_file(struct inputs *inputs, const char *text, const char *said, const struct read_target *target,
               struct warnings *warnings, struct error *error)
{
    const struct format *format;
    const struct reader *reader;
    struct array_path path;
    if (!formats_named(said, &format, &reader, error) ||
        !memory_resize(&inputs->sources, inputs->source_count + 1, sizeof *inputs->sources, error))
        return false;
    struct source *source = &inputs->sources[inputs->source_count++];
    *source = (struct source){0};
    bool ok = array_path_make(&path, text, error) && source_read(source, path.file, 0, error);
    if (ok && !said)
        format = format_of(source->data, source->size, source->name);
    if (ok && format)
        ok = read_archive(inputs, source, format, &path, target, warnings, error);
    else if (ok && (path.name || path.index))
        ok = error_set(error, ERROR_USAGE,
                       "%s is no file of named arrays: expected it without what is behind the colon",
                       source->name);
    else
        ok = ok && read_text(inputs, source, reader, target, NULL, warnings, error);
    array_path_free(&path);
    return ok;
}
