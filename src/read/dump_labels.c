#include "read/dump_labels.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/memory.h"
#include "base/text.h"
#include "read/array_tensor.h"
#include "read/inputs_put.h"

static const char *const labels_called[] = {"tokens", "key_tokens"};

bool dump_labels_are(const struct array *array)
{
    const bool is_text = array->dtype == DTYPE_UNKNOWN && array->type[0] && array->type[1] == 'U';
    return is_text &&
           (strcmp(array->name, labels_called[0]) == 0 || strcmp(array->name, labels_called[1]) == 0);
}

/* Room for `count` labels; labels_free in any case. */
static bool labels_begin(struct labels *labels, size_t count, struct place place, struct error *error)
{
    *labels = (struct labels){.given = true, .place = place};
    labels->text = memory_zeroed(count, sizeof *labels->text, error);
    return labels->text;
}

/* One label more, of `size` bytes. */
static bool labels_text(struct labels *labels, const char *data, size_t size, struct error *error)
{
    if (memchr(data, 0, size) || text_valid_length(data, size) != size)
        return place_error(&labels->place, error, "label %zu is no text in UTF-8: expected text",
                           labels->count);
    char *text = text_copy_part(data, size);
    if (!text)
        return error_memory(error, size);
    labels->text[labels->count++] = text;
    return true;
}

/* A list of texts of metadata: each has its length in 8 bytes, little endian, in front. */
static bool labels_of_list(struct labels *labels, const struct metadatum *list, struct place place,
                           struct error *error)
{
    size_t at = 0;
    bool ok = labels_begin(labels, list->size, place, error);
    for (size_t i = 0; ok && i < list->size && list->bytes - at >= 8; i++) {
        const uint64_t length = little_endian(list->data + at, 8);
        if (length > list->bytes - at - 8)
            break;
        ok = labels_text(labels, list->data + at + 8, (size_t)length, error);
        at += 8 + (size_t)length;
    }
    return ok;
}

/* A code point of NumPy's text, 4 bytes in the order of the type. */
static uint32_t labels_code(const char *data, bool is_big)
{
    uint32_t code = 0;
    for (int b = 0; b < 4; b++)
        code |= (uint32_t)(unsigned char)data[b] << 8 * (is_big ? 3 - b : b);
    return code;
}

/* NumPy's text: all elements have the same number of code points, filled up with 0. */
static bool labels_of_array(struct labels *labels, struct archive *archive, struct array *array,
                            struct error *error)
{
    char shape[ARRAY_SHAPE_TEXT];
    struct place place;
    const int axis = array->rank == 2 && array->shape[0] == 1;
    if (array->rank != axis + 1 || array->shape[axis] == 0)
        return archive_error(archive, array, error, "its shape is %s: expected a list of labels",
                             array_shape(array, shape));
    const size_t count = array->shape[axis], codes = array->bytes / count / 4;
    char *text = memory_alloc(codes, 4, error);
    bool ok = text && archive_load(archive, array, error) && archive_verify(archive, array, error) &&
              array_place(&place, archive, array, error) && labels_begin(labels, count, place, error);
    for (size_t i = 0; ok && i < count; i++) {
        size_t used = 0, length = codes;
        const char *data = array->data + i * codes * 4;
        while (length > 0 && labels_code(data + (length - 1) * 4, array->type[0] == '>') == 0)
            length--;
        for (size_t c = 0; ok && c < length; c++) {
            const uint32_t code = labels_code(data + c * 4, array->type[0] == '>');
            ok = (code > 0 && code < 0xd800) || (code > 0xdfff && code < 0x110000) ||
                 place_error(&place, error, "label %zu is no Unicode text: expected text", i);
            used += ok ? text_encode(code, text + used) : 0;
        }
        ok = ok && labels_text(labels, text, used, error);
    }
    free(text);
    return ok;
}

bool dump_labels_put(struct inputs *inputs, struct archive *archive, struct error *error)
{
    bool ok = true;
    for (int i = 0; ok && i < 2; i++) {
        struct labels labels = {0};
        const struct metadatum *list = archive_metadatum(archive, labels_called[i]);
        struct array *array = archive_find(archive, labels_called[i]);
        const struct place place = {.file = archive->sources[0].name};
        if (list && list->kind == METADATUM_LIST && list->dtype == DTYPE_UNKNOWN && list->data)
            ok = labels_of_list(&labels, list, place, error);
        else if (array && dump_labels_are(array))
            ok = labels_of_array(&labels, archive, array, error);
        else
            continue;
        ok = ok && inputs_put_labels(i == 0 ? &inputs->tokens : &inputs->key_tokens, &labels,
                                     labels_called[i], error);
        labels_free(&labels);
    }
    return ok;
}
