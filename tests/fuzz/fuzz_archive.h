/*
 * Fuzzing of a format of named arrays, FUZZED_FORMAT: the bytes are a file. Built and run by make fuzz.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tensor/archive.h"
#include "tensor/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Numbers that are looked at; of views that repeat their numbers there may be more than any memory holds. */
enum { FUZZ_NUMBERS_MOST = 1 << 18 };

static void fuzz_fail_unless(bool holds)
{
    if (!holds)
        abort();
}

/* Every number is read, and the array has a name that is text. */
static void fuzz_array(struct archive *archive, struct array *array)
{
    static volatile float last;
    struct error error = {0};
    size_t count;
    fuzz_fail_unless(archive_find(archive, array->name) == array && array->type &&
                     array->rank <= ARRAY_RANK_MAX);
    fuzz_fail_unless(array_count(array, &count));
    if (!archive_load(archive, array, &error)) {
        fuzz_fail_unless(error.kind != ERROR_NONE && strstr(error.message, "fuzz"));
        return;
    }
    if (!dtype_kind(array->dtype)->widen || count > FUZZ_NUMBERS_MOST)
        return;
    float *numbers = malloc(count * sizeof *numbers + 1);
    fuzz_fail_unless(numbers && array->data);
    array_widen(array, numbers);
    for (size_t i = 0; i < count; i++)
        last = numbers[i];
    (void)last;
    free(numbers);
}

static void fuzz_metadatum(const struct metadatum *metadatum)
{
    static volatile char last;
    fuzz_fail_unless(metadatum->key);
    const bool has_data = metadatum->kind == METADATUM_TEXT || metadatum->kind == METADATUM_LIST;
    for (size_t i = 0; has_data && i < metadatum->bytes; i++)
        last = metadatum->data[i];
    (void)last;
}

/* The file in memory of exactly its size and the NUL behind it. */
static bool fuzz_open(struct archive *archive, const uint8_t *data, size_t size, struct error *error)
{
    *archive = (struct archive){.format = &FUZZED_FORMAT, .sources = calloc(1, sizeof *archive->sources)};
    fuzz_fail_unless(archive->sources);
    archive->source_count = 1;
    struct source *source = &archive->sources[0];
    *source = (struct source){.name = text_copy("fuzz"), .data = malloc(size + 1), .size = size};
    fuzz_fail_unless(source->name && source->data);
    memcpy(source->data, data, size);
    source->data[size] = 0;
    const int sure = FUZZED_FORMAT.probe(source->data, size, "fuzz");
    fuzz_fail_unless(sure >= 0 && sure <= 2);
    return FUZZED_FORMAT.open(archive, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct archive archive = {0};
    struct error error = {0};
    const bool ok = fuzz_open(&archive, data, size, &error);
    fuzz_fail_unless(ok == (error.kind == ERROR_NONE) && (ok || strstr(error.message, "fuzz")));
    for (size_t i = 0; ok && i < archive.count; i++)
        fuzz_array(&archive, &archive.arrays[i]);
    for (size_t i = 0; ok && i < archive.metadata_count; i++)
        fuzz_metadatum(&archive.metadata[i]);
    archive_free(&archive);
    return 0;
}
