#include "tensor/safetensors_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/text.h"
#include "tensor/array_write.h"
#include "tensor/safetensors_types.h"

enum dtype safetensors_holds(enum dtype dtype)
{
    return safetensors_type_of(dtype) < SAFETENSORS_TYPES ? dtype : DTYPE_UNKNOWN;
}

/* Types from the end of the list on, so that wide numbers come first and all are aligned; then by name: as safetensors itself
 * orders them. */
static int compare_arrays(const void *a, const void *b)
{
    const struct array *const *left = a, *const *right = b;
    const int x = safetensors_type_of((*left)->dtype), y = safetensors_type_of((*right)->dtype);
    return x != y ? y - x : strcmp((*left)->name, (*right)->name);
}

static int compare_stored_names(const void *a, const void *b)
{
    const struct array *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

/* Names are keys of JSON, which differ. Sorts by them. */
static bool check_names(const struct array **sorted, size_t count, struct error *error)
{
    if (count > 0)
        qsort(sorted, count, sizeof *sorted, compare_stored_names);
    for (size_t i = 0; i < count; i++) {
        const char *name = sorted[i]->name;
        if (strcmp(name, "__metadata__") == 0 || !text_is_valid(name))
            return error_set(error, ERROR_USAGE,
                             "%s: an array of safetensors cannot have this name: expected text in UTF-8, and "
                             "not __metadata__",
                             name);
        if (i > 0 && strcmp(name, sorted[i - 1]->name) == 0)
            return error_set(error, ERROR_USAGE, "%s: two arrays have this name: expected names that differ",
                             name);
    }
    return true;
}

bool safetensors_keeps(const struct metadatum *metadatum)
{
    return metadatum->kind != METADATUM_LIST;
}

static void write_text(const struct metadatum *metadatum, struct out *out)
{
    const double real = metadatum->real;
    const long long integer = (long long)metadatum->integer;
    if (metadatum->kind == METADATUM_TEXT) {
        char *text = text_copy_part(metadatum->data, metadatum->size);
        out_quoted(out, text ? text : "");
        free(text);
        return;
    }
    out_char(out, '"');
    if (metadatum->kind == METADATUM_TRUTH)
        out_text(out, integer ? "true" : "false");
    else if (metadatum->kind == METADATUM_REAL && (double)(float)real == real)
        out_float(out, (float)real);
    else if (metadatum->kind == METADATUM_REAL)
        out_format(out, "%.17g", real);
    else if (metadatum->is_unsigned)
        out_format(out, "%llu", (unsigned long long)integer);
    else
        out_format(out, "%lld", integer);
    out_char(out, '"');
}

static void write_header(const struct array **sorted, size_t count, const struct metadatum *metadata,
                         size_t metadata_count, struct out *out)
{
    size_t offset = 0;
    bool any = false;
    out_char(out, '{');
    for (size_t i = 0; i < metadata_count; i++) {
        if (!safetensors_keeps(&metadata[i]))
            continue;
        out_text(out, any ? "," : "\"__metadata__\":{");
        any = true;
        out_quoted(out, metadata[i].key);
        out_char(out, ':');
        write_text(&metadata[i], out);
    }
    out_text(out, any ? "}" : "");
    for (size_t i = 0; i < count; i++) {
        const struct array *array = sorted[i];
        const int stored = safetensors_type_of(array->dtype);
        const char *type = stored < SAFETENSORS_TYPES ? safetensors_types[stored].name : "";
        out_text(out, any || i > 0 ? "," : "");
        out_quoted(out, array->name);
        out_format(out, ":{\"dtype\":\"%s\",\"shape\":[", type);
        for (int a = 0; a < array->rank; a++)
            out_format(out, "%s%zu", a > 0 ? "," : "", array->shape[a]);
        out_format(out, "],\"data_offsets\":[%zu,%zu]}", offset, offset + array->bytes);
        offset += array->bytes;
    }
    out_char(out, '}');
    while (out->size % 8 != 0)
        out_char(out, ' ');
}

bool safetensors_write(const struct array *arrays, size_t count, const struct metadatum *metadata,
                       size_t metadata_count, struct out *out, struct error *error)
{
    const struct array **sorted = memory_alloc(count, sizeof *sorted, error);
    struct out header;
    if (!sorted)
        return false;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &arrays[i];
    if (!check_names(sorted, count, error)) {
        free(sorted);
        return false;
    }
    if (count > 0)
        qsort(sorted, count, sizeof *sorted, compare_arrays);
    out_begin(&header, -1, "");
    write_header(sorted, count, metadata, metadata_count, &header);
    bool ok = header.trouble == 0 || error_memory(error, header.size);
    if (ok) {
        little_endian_write(out, 8, header.size);
        out_bytes(out, header.data, header.size);
    }
    for (size_t i = 0; ok && i < count; i++)
        ok = array_write(sorted[i], out, error);
    out_free(&header);
    free(sorted);
    return ok;
}
