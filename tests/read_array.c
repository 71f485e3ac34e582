/*
 * Reads an array of a file, for tests/numpy: FILE, FILE:NAME or FILE:NAME[INDEX] (FILE:[INDEX]) gives its numbers as float32
 * of this machine on standard output, and "TYPE SHAPE" on standard error. With -l before it, the file's arrays and what it
 * says beside them, a line each. With -o OUTPUT FORMAT before it, everything is written as a file of that format. Ends with the
 * kind of the error.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tensor/archive.h"
#include "tensor/format.h"

static void print_shape(FILE *to, const struct array *array)
{
    fprintf(to, "%s (", array->type);
    for (int a = 0; a < array->rank; a++)
        fprintf(to, "%s%zu", a > 0 ? "," : "", array->shape[a]);
    fprintf(to, ")\n");
}

/* Integers of 64 bits, doubles and texts as they are, other numbers as float32. */
static void print_list(const struct metadatum *metadatum)
{
    const struct dtype_kind *kind = dtype_kind(metadatum->dtype);
    const char *at = metadatum->data;
    for (size_t i = 0; at && i < metadatum->size; i++) {
        uint64_t word = 0;
        double real = 0;
        float number = 0;
        const bool is_word = metadatum->dtype == DTYPE_UNKNOWN || kind->bytes == 8;
        if (is_word) {
            memcpy(&word, at, 8);
            memcpy(&real, at, 8);
        } else {
            kind->widen(&number, at, 1);
        }
        at += is_word ? 8 : kind->bytes;
        if (metadatum->dtype == DTYPE_I64)
            printf(" %" PRId64, (int64_t)word);
        else if (metadatum->dtype == DTYPE_U64)
            printf(" %" PRIu64, word);
        else if (metadatum->dtype == DTYPE_F64)
            printf(" %.17g", real);
        else if (!is_word)
            printf(" %.9g", (double)number);
        else {
            putchar(' ');
            fwrite(at, 1, (size_t)word, stdout);
            at += word;
        }
    }
    printf(at ? "\n" : " of lists\n");
}

static void print_metadatum(const struct metadatum *metadatum)
{
    printf("%s = ", metadatum->key);
    switch (metadatum->kind) {
    case METADATUM_TEXT:
        printf("text ");
        fwrite(metadatum->data, 1, metadatum->size, stdout);
        putchar('\n');
        break;
    case METADATUM_INTEGER:
        if (metadatum->is_unsigned)
            printf("integer %" PRIu64 "\n", (uint64_t)metadatum->integer);
        else
            printf("integer %" PRId64 "\n", metadatum->integer);
        break;
    case METADATUM_REAL:
        printf("real %.17g\n", metadatum->real);
        break;
    case METADATUM_TRUTH:
        printf("truth %d\n", (int)metadatum->integer);
        break;
    case METADATUM_LIST:
        printf("list");
        print_list(metadatum);
    }
}

static void print_all(const struct archive *archive)
{
    for (size_t i = 0; i < archive->count; i++) {
        printf("%s: ", archive->arrays[i].name);
        print_shape(stdout, &archive->arrays[i]);
    }
    for (size_t i = 0; i < archive->metadata_count; i++)
        print_metadatum(&archive->metadata[i]);
}

static bool print_numbers(struct archive *archive, struct array *array, struct error *error)
{
    size_t count;
    if (!dtype_kind(array->dtype)->widen)
        return archive_error(archive, array, error, "has the type %s, which is not read", array->type);
    if (!array_count(array, &count))
        return archive_error(archive, array, error, "has too many numbers");
    float *numbers = memory_alloc(count, sizeof *numbers, error);
    if (!numbers)
        return false;
    array_widen(array, numbers);
    print_shape(stderr, array);
    fwrite(numbers, sizeof *numbers, count, stdout);
    free(numbers);
    return true;
}

/* Cuts FILE:NAME[INDEX] into three, which are empty where they are missing. */
static void split(char *text, char **name, char **index)
{
    size_t length = strlen(text);
    *name = *index = text + length;
    char *bracket = length > 0 && text[length - 1] == ']' ? strrchr(text, '[') : NULL;
    if (bracket && access(text, F_OK) != 0) {
        text[length - 1] = 0;
        *bracket = 0;
        *index = bracket + 1;
    }
    for (char *colon = strchr(text, ':'); colon && access(text, F_OK) != 0; colon = strchr(colon + 1, ':')) {
        *colon = 0;
        if (access(text, F_OK) == 0)
            *name = colon + 1;
        else
            *colon = ':';
    }
}

static bool convert(const struct archive *archive, const char *path, const char *name, struct error *error)
{
    const struct format *format = format_named(name);
    struct out out;
    if (!format || !format->write)
        return error_set(error, ERROR_USAGE, "%s cannot be written", name);
    if (!file_stage(path, false, &out, error))
        return false;
    const bool ok = format->write(archive->arrays, archive->count, archive->metadata, archive->metadata_count,
                                  &out, error);
    if (file_stage_end(&out, error) && ok)
        return file_commit(error);
    file_discard();
    return false;
}

int main(int argc, char **argv)
{
    struct archive archive = {0};
    struct error error = {0};
    const bool lists = argc == 3 && strcmp(argv[1], "-l") == 0;
    const bool converts = argc == 5 && strcmp(argv[1], "-o") == 0;
    char *name = "", *index = "";
    if (argc != 2 && !lists && !converts) {
        fprintf(stderr,
                "expected FILE, FILE:NAME or FILE:NAME[INDEX], or -l or -o OUTPUT FORMAT and a file\n");
        return ERROR_USAGE;
    }
    if (argc == 2)
        split(argv[1], &name, &index);
    if (archive_open(&archive, argv[argc - 1], NULL, &error) && lists)
        print_all(&archive);
    else if (error.kind == ERROR_NONE && converts)
        (void)convert(&archive, argv[2], argv[3], &error);
    else if (error.kind == ERROR_NONE) {
        struct array *array = *name || archive.count != 1 ? archive_find(&archive, name) : &archive.arrays[0];
        if (!array)
            error_set(&error, ERROR_USAGE, "%s: has no array \"%s\"", argv[1], name);
        else if (archive_load(&archive, array, &error) && (!*index || array_cut(array, index, &error)))
            (void)print_numbers(&archive, array, &error);
    }
    if (error.kind != ERROR_NONE)
        fprintf(stderr, "%s\n", error.message);
    archive_free(&archive);
    return (int)error.kind;
}
