#include "view/info_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/label_text.h"
#include "base/text.h"
#include "write/exact_number.h"
#include "write/metadata_json.h"

/* Bytes of a cell; columns that a name and a line of metadata have at most. */
enum { INFO_CELL = 256, INFO_NAME = 56, INFO_LINE = 76 };

enum info_column {
    INFO_TENSOR,
    INFO_DTYPE,
    INFO_SHAPE,
    INFO_BYTES,
    INFO_MIN,
    INFO_MAX,
    INFO_NONFINITE,
    INFO_READING
};
#define INFO_COLUMNS (INFO_READING + 1)
static const char *const info_headings[INFO_COLUMNS] = {"name", "dtype", "shape",      "bytes",
                                                        "min",  "max",   "non-finite", "taken for"};

static bool is_right(enum info_column column)
{
    return column >= INFO_BYTES && column <= INFO_NONFINITE;
}

/* Cuts a text of one line to so many columns, with an ellipsis. */
static void info_cut(char *text, size_t columns)
{
    if (text_columns(text) <= columns)
        return;
    const char *at = text;
    char *cut = text;
    size_t used = 0;
    while (*at) {
        char one[8] = "";
        const char *start = at;
        text_decode(&at);
        memcpy(one, start, (size_t)(at - start));
        used += text_columns(one);
        if (used >= columns)
            break;
        cut = text + (at - text);
    }
    memcpy(cut, "…", sizeof "…");
}

/* The text of a number as a table has it: of integers all digits. */
static void info_number(char cell[INFO_CELL], const struct array *array, const struct array_range *range,
                        long double value)
{
    char text[24];
    if (!range->is_known)
        strcpy(cell, "-");
    else if (array->dtype >= DTYPE_BOOL && array->dtype <= DTYPE_U64)
        snprintf(cell, INFO_CELL, "%.0Lf", value);
    else
        snprintf(cell, INFO_CELL, "%s", label_number((double)value, text));
}

/* The bytes that were written to `text`, ended. */
static void info_take(char cell[INFO_CELL], struct out *text)
{
    struct error unsaid = {0};
    out_char(text, 0);
    snprintf(cell, INFO_CELL, "%s", out_finish(text, &unsaid) ? text->data : "…");
    out_free(text);
}

static void info_cell(char cell[INFO_CELL], const struct file_info *info, size_t index,
                      enum info_column column)
{
    const struct array *array = &info->file.arrays[index];
    const struct tensor_info *tensor = &info->tensors[index];
    struct out text;
    strcpy(cell, "-");
    switch (column) {
    case INFO_TENSOR:
        if (array->name[0])
            text_clean(cell, INFO_CELL, array->name);
        info_cut(cell, INFO_NAME);
        break;
    case INFO_DTYPE:
        text_clean(cell, 32, array->type);
        break;
    case INFO_SHAPE:
        array_shape(array, cell);
        break;
    case INFO_BYTES:
        out_begin(&text, -1, "bytes");
        metadata_thousands(&text, array->bytes);
        info_take(cell, &text);
        break;
    case INFO_MIN:
        info_number(cell, array, &tensor->range, tensor->range.min);
        break;
    case INFO_MAX:
        info_number(cell, array, &tensor->range, tensor->range.max);
        break;
    case INFO_NONFINITE:
        if (tensor->has_range)
            snprintf(cell, INFO_CELL, "%zu", tensor->range.nonfinite);
        break;
    case INFO_READING:
        snprintf(cell, INFO_CELL, "%s", tensor->reading ? tensor->reading : "-");
        break;
    }
}

/* The widths of the columns; 0: nothing stands in it. */
static void info_widths(const struct file_info *info, size_t widths[INFO_COLUMNS])
{
    char cell[INFO_CELL];
    for (enum info_column c = 0; c < INFO_COLUMNS; c++) {
        bool any = c <= INFO_BYTES;
        widths[c] = text_columns(info_headings[c]);
        for (size_t i = 0; i < info->file.count; i++) {
            info_cell(cell, info, i, c);
            any = any || strcmp(cell, "-") != 0;
            const size_t columns = text_columns(cell);
            widths[c] = columns > widths[c] ? columns : widths[c];
        }
        widths[c] = any ? widths[c] : 0;
    }
}

static void info_blanks(struct out *out, size_t count)
{
    while (count-- > 0)
        out_char(out, ' ');
}

/* A line of the table: cells from `index`, SIZE_MAX: the headings. */
static void info_row(struct out *out, const struct file_info *info, size_t index,
                     const size_t widths[INFO_COLUMNS])
{
    size_t owed = 2; /* blanks that are written once something stands behind them */
    for (enum info_column c = 0; c < INFO_COLUMNS; c++) {
        char cell[INFO_CELL];
        if (widths[c] == 0)
            continue;
        if (index == SIZE_MAX)
            strcpy(cell, info_headings[c]);
        else
            info_cell(cell, info, index, c);
        const size_t pad = widths[c] - text_columns(cell);
        info_blanks(out, owed + (is_right(c) ? pad : 0));
        out_text(out, cell);
        owed = 2 + (is_right(c) ? 0 : pad);
    }
    out_char(out, '\n');
}

static void info_arrays(struct out *out, const struct file_info *info)
{
    size_t widths[INFO_COLUMNS];
    if (info->file.count == 0)
        return;
    info_widths(info, widths);
    info_row(out, info, SIZE_MAX, widths);
    for (size_t i = 0; i < info->file.count; i++)
        info_row(out, info, i, widths);
}

/* A value of metadata on one line: of a long list how many elements it has, and its first. */
static void info_metadatum(struct out *out, const struct metadatum *metadatum)
{
    enum { FIRST = 16 };
    char cell[INFO_CELL], key[INFO_CELL];
    struct out text;
    out_begin(&text, -1, "metadata");
    if (metadatum->kind == METADATUM_LIST) {
        size_t at = 0;
        metadata_count(&text, metadatum);
        out_text(&text, metadatum->size > 0 && metadatum->data ? ":" : "");
        for (size_t i = 0; metadatum->data && i < metadatum->size && i < FIRST; i++) {
            out_char(&text, ' ');
            if (!metadata_element(&text, metadatum, &at))
                break;
        }
        out_text(&text, metadatum->data && metadatum->size > FIRST ? " …" : "");
    } else {
        metadata_json(&text, metadatum);
    }
    text_clean(key, INFO_CELL, metadatum->key);
    info_cut(key, INFO_NAME);
    info_take(cell, &text);
    const size_t used = text_columns(key) + 5;
    info_cut(cell, used + 20 < INFO_LINE ? INFO_LINE - used : 20);
    out_format(out, "  %s = %s\n", key, cell);
}

static void info_lines(struct out *out, const char *before, const struct warnings *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        out_format(out, "  %s%s\n", before, lines->text[i]);
}

void info_table(const struct file_info *info, struct out *out)
{
    const struct archive *archive = &info->file.archive;
    char name[1024];
    text_clean(name, sizeof name, array_file_name(&info->file));
    out_format(out, "%s: %s, %s, ", name, info->file.format, info->profile ? info->profile : "nothing known");
    metadata_thousands(out, info->file.count);
    out_text(out, info->file.count == 1 ? " array\n" : " arrays\n");
    info_arrays(out, info);
    for (size_t i = 0; i < archive->metadata_count; i++)
        info_metadatum(out, &archive->metadata[i]);
    info_lines(out, "", &info->notes);
    info_lines(out, "", &info->facts);
    info_lines(out, "missing: ", &info->missing);
    info_lines(out, "warning: ", &info->warnings);
}
