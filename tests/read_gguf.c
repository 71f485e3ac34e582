/*
 * Reads an array of a file of named arrays, FILE NAME[INDEX], and writes its numbers as float32 in the byte order of this
 * machine, and its shape, "2 3", on standard error: for tests/numpy. With FILE alone: a line "NAME TYPE SHAPE" for each
 * array, and "KEY = VALUE" for each metadatum. With FILE -o OUTPUT FORMAT: writes all arrays and metadata as a file of that
 * format. Ends with the kind of the error.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "tensor/format.h"

/* The array of that name, or its part between the brackets at the end. */
static bool find_array(struct archive *archive, char *name, struct array *array, struct error *error)
{
    struct array *found = archive_find(archive, name);
    char *index = found ? NULL : strrchr(name, '[');
    if (index && text_ends(name, "]")) {
        name[strlen(name) - 1] = 0;
        *index++ = 0;
        found = archive_find(archive, name);
    }
    if (!found)
        return error_set(error, ERROR_USAGE, "no array %s", name);
    if (!archive_load(archive, found, error))
        return false;
    *array = *found;
    return !index || array_cut(array, index, error);
}

static bool write_numbers(const struct array *array, struct error *error)
{
    size_t count;
    if (!dtype_kind(array->dtype)->widen || !array_count(array, &count))
        return error_set(error, ERROR_INPUT, "%s: cannot be read", array->name);
    float *numbers = memory_alloc(count, sizeof *numbers, error);
    if (!numbers)
        return false;
    array_widen(array, numbers);
    for (int a = 0; a < array->rank; a++)
        fprintf(stderr, "%s%zu", a > 0 ? " " : "", array->shape[a]);
    fprintf(stderr, "\n");
    fwrite(numbers, sizeof *numbers, count, stdout);
    free(numbers);
    return true;
}

static void list_metadatum(const struct metadatum *metadatum)
{
    printf("%s = ", metadatum->key);
    switch (metadatum->kind) {
    case METADATUM_TEXT:
        printf("text %.*s\n", (int)metadatum->size, metadatum->data);
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
        printf("truth %s\n", metadatum->integer ? "true" : "false");
        break;
    case METADATUM_LIST:
        printf("list of %zu %s in %zu bytes\n", metadatum->size,
               metadatum->dtype == DTYPE_UNKNOWN ? metadatum->data ? "text" : "lists"
                                                 : dtype_kind(metadatum->dtype)->name,
               metadatum->bytes);
        break;
    }
}

static void list_archive(const struct archive *archive)
{
    char shape[ARRAY_SHAPE_TEXT];
    for (size_t i = 0; i < archive->count; i++)
        printf("%s %s %s\n", archive->arrays[i].name, archive->arrays[i].type,
               array_shape(&archive->arrays[i], shape));
    for (size_t i = 0; i < archive->metadata_count; i++)
        list_metadatum(&archive->metadata[i]);
}

static bool convert(const struct archive *archive, const char *path, const char *format_name,
                    struct error *error)
{
    const struct format *format = format_named(format_name);
    struct out out;
    if (!format || !format->write)
        return error_set(error, ERROR_USAGE, "cannot write %s", format_name);
    if (!file_stage(path, false, &out, error))
        return false;
    const bool ok = format->write(archive->arrays, archive->count, archive->metadata, archive->metadata_count,
                                  &out, error);
    const bool ended = file_stage_end(&out, error);
    if (ok && ended && file_commit(error))
        return true;
    file_discard();
    return false;
}

int main(int argc, char **argv)
{
    struct archive archive = {0};
    struct array array;
    struct error error = {0};
    if (argc < 2 || argc > 5 || argc == 4) {
        fprintf(stderr, "expected a file, and NAME, NAME[INDEX], or -o OUTPUT FORMAT\n");
        return 2;
    }
    if (!archive_open(&archive, argv[1], NULL, &error))
        fprintf(stderr, "%s\n", error.message);
    else if (argc == 2)
        list_archive(&archive);
    else if (argc == 5 ? !convert(&archive, argv[3], argv[4], &error)
                       : !find_array(&archive, argv[2], &array, &error) || !write_numbers(&array, &error))
        fprintf(stderr, "%s\n", error.message);
    archive_free(&archive);
    return (int)error.kind;
}
