/* The table of formats, and which of them a file is. Not the place that knows what is in any. */
#include "read/read.h"

#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"

const struct reader *const readers[] = {&reader_json, &reader_csv, NULL};

/* The names of all formats, as "json, csv". */
static void format_names(char *out, size_t size)
{
    size_t used = 0;
    out[0] = 0;
    for (size_t i = 0; readers[i]; i++) {
        size_t length = strlen(readers[i]->name);
        if (used + length + 3 > size)
            break;
        memcpy(out + used, ", ", 2);
        used += i ? 2 : 0;
        memcpy(out + used, readers[i]->name, length + 1);
        used += length;
    }
}

static const struct reader *reader_named(const char *format, struct error *error)
{
    const char *names[sizeof readers / sizeof *readers];
    char list[128];
    for (size_t i = 0; readers[i]; i++) {
        if (strcmp(readers[i]->name, format) == 0)
            return readers[i];
        names[i] = readers[i]->name;
        names[i + 1] = NULL;
    }
    format_names(list, sizeof list);
    const char *near = text_nearest(format, names);
    if (near)
        error_set(error, ERROR_USAGE, "unknown input format \"%s\"; did you mean %s? (formats: %s)", format,
                  near, list);
    else
        error_set(error, ERROR_USAGE, "unknown input format \"%s\": expected one of %s", format, list);
    return NULL;
}

/* What a file is that no reader knows by its content, where its first bytes tell; or NULL. */
static const char *foreign_format(const struct source *source)
{
    static const struct {
        const char *bytes;
        size_t at, size;
        const char *what;
    } known[] = {
        {"\x93NUMPY", 0, 6, "a NumPy file"},
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

/* The reader that is surest; the last of the table where none is. */
static const struct reader *choose(const struct source *source, struct error *error)
{
    const struct reader *best = NULL;
    int sure = -1;
    for (size_t i = 0; readers[i]; i++) {
        int probe = readers[i]->probe(source->data, source->size, source->name);
        if (probe > sure || (probe == 0 && sure == 0))
            best = readers[i];
        if (probe > sure)
            sure = probe;
    }
    const char *foreign = sure < 2 ? foreign_format(source) : NULL;
    if (foreign) {
        char list[128];
        format_names(list, sizeof list);
        error_set(error, ERROR_INPUT, "%s: this is %s: expected one of %s", source->name, foreign, list);
        return NULL;
    }
    return best;
}

/* A byte order mark in front is no part of a text, and would count as a column in messages. */
static void drop_mark(struct source *source)
{
    if (source->size >= 3 && memcmp(source->data, "\xEF\xBB\xBF", 3) == 0) {
        source->size -= 3;
        memmove(source->data, source->data + 3, source->size + 1);
    }
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
    if (source->size == 0) {
        char list[128];
        format_names(list, sizeof list);
        return error_set(error, ERROR_INPUT, "%s: the file is empty: expected one of %s", source->name, list);
    }
    if (!reader)
        reader = choose(source, error);
    if (!reader || !reader->read(inputs, source, target, warnings, error))
        return false;
    /* All numbers and labels are out, all messages are made. */
    source_drop(source);
    source->size = 0;
    return true;
}
