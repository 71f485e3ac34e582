#include "write/metadata_json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/little_endian.h"
#include "base/text.h"
#include "tensor/array_range.h"
#include "write/exact_number.h"

/* Quotes bytes, which may hold NULs: these stand as out_quoted wants them. */
static void metadata_quoted(struct out *out, const char *data, size_t size)
{
    struct error unsaid = {0};
    struct out text;
    out_begin(&text, -1, out->name);
    for (size_t i = 0; i < size; i++)
        if (data[i])
            out_char(&text, data[i]);
        else
            out_text(&text, TEXT_NUL);
    out_char(&text, 0);
    if (out_finish(&text, &unsaid))
        out_quoted(out, text.data);
    else
        out->trouble = text.trouble;
    out_free(&text);
}

bool metadata_has_texts(const struct metadatum *list)
{
    return list->kind == METADATUM_LIST && list->data && list->dtype == DTYPE_UNKNOWN;
}

bool metadata_element(struct out *out, const struct metadatum *list, size_t *at)
{
    const struct dtype_kind *kind = dtype_kind(list->dtype);
    const char *from = list->data ? list->data + *at : NULL;
    const size_t left = list->bytes - *at;
    uint64_t length;
    if (!from)
        return false;
    if (!metadata_has_texts(list)) {
        if (left < kind->bytes || kind->count > 1)
            return false;
        if (list->dtype == DTYPE_BOOL)
            out_text(out, *from ? "true" : "false");
        else
            exact_number(out, list->dtype, array_range_number(list->dtype, from));
        *at += kind->bytes;
        return true;
    }
    if (left < sizeof length)
        return false;
    length = little_endian(from, sizeof length);
    if (length > left - sizeof length)
        return false;
    metadata_quoted(out, from + sizeof length, (size_t)length);
    *at += sizeof length + (size_t)length;
    return true;
}

void metadata_thousands(struct out *out, size_t number)
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%zu", number);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out_char(out, ',');
        out_char(out, digits[i]);
    }
}

void metadata_count(struct out *out, const struct metadatum *list)
{
    metadata_thousands(out, list->size);
    out_text(out, !list->data ? " list" : metadata_has_texts(list) ? " text" : " number");
    out_text(out, list->size == 1 ? "" : "s");
}

static void metadata_list(struct out *out, const struct metadatum *list)
{
    size_t at = 0;
    if (list->size > METADATA_LIST_WHOLE || !list->data) {
        out_char(out, '"');
        metadata_count(out, list);
        out_char(out, '"');
        return;
    }
    out_char(out, '[');
    for (size_t i = 0; i < list->size; i++) {
        if (i > 0)
            out_char(out, ',');
        if (!metadata_element(out, list, &at))
            out_text(out, "null");
    }
    out_char(out, ']');
}

void metadata_json(struct out *out, const struct metadatum *metadatum)
{
    switch (metadatum->kind) {
    case METADATUM_TEXT:
        metadata_quoted(out, metadatum->data, metadatum->size);
        break;
    case METADATUM_INTEGER:
        if (metadatum->is_unsigned)
            out_format(out, "%llu", (unsigned long long)metadatum->integer);
        else
            out_format(out, "%lld", (long long)metadatum->integer);
        break;
    case METADATUM_REAL:
        exact_number(out, DTYPE_F64, (long double)metadatum->real);
        break;
    case METADATUM_TRUTH:
        out_text(out, metadatum->integer ? "true" : "false");
        break;
    case METADATUM_LIST:
        metadata_list(out, metadatum);
        break;
    }
}
