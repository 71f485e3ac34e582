#include "write/array_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/array_range.h"
#include "tensor/array_write.h"
#include "write/exact_number.h"
#include "write/metadata_json.h"

static enum dtype array_json_holds(enum dtype dtype)
{
    return dtype_kind(dtype)->count == 1 ? dtype : DTYPE_UNKNOWN;
}

static void array_json_number(struct out *out, enum dtype dtype, const char *from)
{
    if (dtype == DTYPE_BOOL)
        out_text(out, *from ? "true" : "false");
    else
        exact_number(out, dtype, array_range_number(dtype, from));
}

/* Nested lists: a bracket for each axis that begins or ends at a number. An empty array has no number, and is []. */
static void array_json_numbers(struct out *out, const struct array *array, const char *numbers, size_t count)
{
    const size_t bytes = dtype_kind(array->dtype)->bytes;
    if (count == 0)
        out_text(out, "[]");
    for (size_t i = 0; i < count; i++) {
        size_t run = 1, begun = 0, ended = 0;
        for (int a = array->rank; a-- > 0;) {
            run *= array->shape[a];
            begun += i % run == 0;
            ended += (i + 1) % run == 0;
        }
        out_text(out, i == 0 ? "" : begun > 0 ? ",\n" : ",");
        while (begun-- > 0)
            out_char(out, '[');
        array_json_number(out, array->dtype, numbers + i * bytes);
        while (ended-- > 0)
            out_char(out, ']');
    }
}

static bool array_json_array(struct out *out, const struct array *array, struct error *error)
{
    struct out numbers;
    size_t count = 0;
    out_begin(&numbers, -1, out->name);
    const bool ok =
        array_count(array, &count) && array_write(array, &numbers, error) && out_finish(&numbers, error);
    if (ok) {
        out_quoted(out, array->name);
        out_char(out, ':');
        array_json_numbers(out, array, numbers.data, count);
    }
    out_free(&numbers);
    return ok;
}

/* Whether a metadatum is a key of an input. */
static bool array_json_keeps(const struct metadatum *metadatum)
{
    const char *key = metadatum->key;
    if (metadatum->kind == METADATUM_TEXT)
        return strcmp(key, "title") == 0;
    return metadata_has_texts(metadatum) && (strcmp(key, "tokens") == 0 || strcmp(key, "key_tokens") == 0);
}

static void array_json_metadatum(struct out *out, const struct metadatum *metadatum)
{
    size_t at = 0;
    out_quoted(out, metadatum->key);
    out_char(out, ':');
    if (metadatum->kind == METADATUM_TEXT) {
        metadata_json(out, metadatum);
        return;
    }
    out_char(out, '[');
    for (size_t i = 0; i < metadatum->size; i++) {
        out_text(out, i > 0 ? "," : "");
        if (!metadata_element(out, metadatum, &at))
            break;
    }
    out_char(out, ']');
}

static bool array_json_write(const struct array *arrays, size_t count, const struct metadatum *metadata,
                             size_t metadata_count, struct out *out, struct error *error)
{
    const char *comma = "";
    bool ok = true;
    out_char(out, '{');
    for (size_t i = 0; i < metadata_count; i++) {
        if (!array_json_keeps(&metadata[i]))
            continue;
        out_text(out, comma);
        array_json_metadatum(out, &metadata[i]);
        comma = ",\n";
    }
    for (size_t i = 0; ok && i < count; i++) {
        out_text(out, comma);
        ok = array_json_array(out, &arrays[i], error);
        comma = ",\n";
    }
    out_text(out, "}\n");
    return ok;
}

static const char *const array_json_endings[] = {".json", NULL};

const struct format format_array_json = {.name = "json",
                                         .what = "a JSON input",
                                         .endings = array_json_endings,
                                         .keeps = array_json_keeps,
                                         .holds = array_json_holds,
                                         .write = array_json_write};
