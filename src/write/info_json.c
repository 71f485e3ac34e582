#include "write/info_json.h"

#include "write/exact_number.h"
#include "write/metadata_json.h"

void info_json_begin(struct out *out)
{
    out_text(out, "{\"schema\":\"attn-info/1\",\"files\":[");
}

void info_json_end(struct out *out)
{
    out_text(out, "]}\n");
}

static void info_json_range(struct out *out, const struct array *array, const struct tensor_info *tensor)
{
    const struct array_range *range = &tensor->range;
    out_text(out, ",\"min\":");
    if (range->is_known)
        exact_number(out, array->dtype, range->min);
    else
        out_text(out, "null");
    out_text(out, ",\"max\":");
    if (range->is_known)
        exact_number(out, array->dtype, range->max);
    else
        out_text(out, "null");
    if (tensor->has_range)
        out_format(out, ",\"nonfinite\":%zu", range->nonfinite);
    else
        out_text(out, ",\"nonfinite\":null");
}

static void info_json_tensor(struct out *out, const struct array *array, const struct tensor_info *tensor)
{
    out_text(out, "{\"name\":");
    out_quoted(out, array->name);
    out_text(out, ",\"dtype\":");
    out_quoted(out, array->type);
    out_text(out, ",\"shape\":[");
    for (int a = 0; a < array->rank; a++)
        out_format(out, a > 0 ? ",%zu" : "%zu", array->shape[a]);
    out_format(out, "],\"bytes\":%zu", array->bytes);
    info_json_range(out, array, tensor);
    out_char(out, '}');
}

/* Sentences, with a comma in front of all but the first of `*count`. */
static void info_json_lines(struct out *out, const struct warnings *lines, size_t *count)
{
    for (size_t i = 0; i < lines->count; i++) {
        out_text(out, (*count)++ > 0 ? ",\n" : "");
        out_quoted(out, lines->text[i]);
    }
}

static void info_json_reading(struct out *out, const struct file_info *info)
{
    size_t count = 0;
    for (size_t i = 0; i < info->file.count; i++) {
        const char *reading = info->tensors[i].reading;
        if (!reading)
            continue;
        struct out line;
        struct error unsaid = {0};
        out_begin(&line, -1, out->name);
        out_text(&line, info->file.arrays[i].name);
        out_text(&line, info->file.arrays[i].name[0] ? ": " : "");
        out_text(&line, reading);
        out_char(&line, 0);
        out_text(out, count++ > 0 ? ",\n" : "");
        if (out_finish(&line, &unsaid))
            out_quoted(out, line.data);
        else
            out->trouble = line.trouble;
        out_free(&line);
    }
    info_json_lines(out, &info->notes, &count);
    info_json_lines(out, &info->facts, &count);
}

void info_json_file(struct out *out, const struct file_info *info, bool is_first)
{
    const struct archive *archive = &info->file.archive;
    size_t count = 0;
    out_text(out, is_first ? "\n{\"path\":" : ",\n{\"path\":");
    out_quoted(out, info->file.path.file);
    out_format(out, ",\"format\":\"%s\",\"profile\":", info->file.format);
    if (info->profile)
        out_quoted(out, info->profile);
    else
        out_text(out, "null");
    out_text(out, ",\n\"tensors\":[");
    for (size_t i = 0; i < info->file.count; i++) {
        out_text(out, i > 0 ? ",\n" : "");
        info_json_tensor(out, &info->file.arrays[i], &info->tensors[i]);
    }
    out_text(out, "],\n\"metadata\":{");
    for (size_t i = 0; i < archive->metadata_count; i++) {
        out_text(out, i > 0 ? ",\n" : "");
        out_quoted(out, archive->metadata[i].key);
        out_char(out, ':');
        metadata_json(out, &archive->metadata[i]);
    }
    out_text(out, "},\n\"reading\":[");
    info_json_reading(out, info);
    out_text(out, "],\n\"missing\":[");
    info_json_lines(out, &info->missing, &count);
    count = 0;
    out_text(out, "],\n\"warnings\":[");
    info_json_lines(out, &info->warnings, &count);
    out_text(out, "]}");
}
