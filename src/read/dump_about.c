#include "read/dump_about.h"

#include <string.h>

#include "read/dump_names.h"
#include "read/json.h"

/* The text that attn wrote as a metadatum, or NULL. */
static const struct metadatum *about_metadatum(const struct archive *archive)
{
    const struct metadatum *metadatum = archive_metadatum(archive, DUMP_ABOUT);
    return metadatum && metadatum->kind == METADATUM_TEXT ? metadatum : NULL;
}

bool dump_has_about(const struct archive *archive)
{
    const struct array *array = archive_find(archive, DUMP_ABOUT);
    return about_metadatum(archive) ||
           (array && array->dtype == DTYPE_U8 && array->rank == 1 && array->stride[0] == 1);
}

bool dump_about(const char **text, size_t *size, struct archive *archive, struct error *error)
{
    const struct metadatum *metadatum = about_metadatum(archive);
    struct array *array = metadatum ? NULL : archive_find(archive, DUMP_ABOUT);
    if (array && !(archive_load(archive, array, error) && archive_verify(archive, array, error)))
        return false;
    *text = metadatum ? metadatum->data : array->data;
    *size = metadatum ? metadatum->bytes : array->shape[0];
    return true;
}

bool dump_read_about(struct inputs *inputs, struct archive *archive, bool has_weights,
                     struct warnings *warnings, struct error *error)
{
    const char *text;
    size_t size;
    if (!dump_has_about(archive))
        return true;
    if (!dump_about(&text, &size, archive, error))
        return false;
    char *copy = archive_alloc(archive, size + 1, 1, error);
    if (!copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = 0;
    struct source source = {.name = archive->sources[0].name, .data = copy, .size = size};
    return json_read_about(inputs, &source, has_weights, warnings, error);
}
