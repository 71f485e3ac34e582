#include "problem/settings_write.h"

#include <inttypes.h>
#include <math.h>

#include "base/words.h"
#include "problem/rope_setting.h"
#include "problem/setting_kinds.h"

static void write_list(const struct per_head *list, void (*write)(struct out *out, double value),
                       struct out *out)
{
    out_text(out, list->count > 1 ? "[" : "");
    for (size_t i = 0; i < list->count; i++) {
        out_text(out, i > 0 ? "," : "");
        write(out, list->at[i]);
    }
    out_text(out, list->count > 1 ? "]" : "");
}

static void write_single(struct out *out, double value)
{
    out_float(out, (float)value);
}

void per_head_write(const struct per_head *list, struct out *out)
{
    write_list(list, write_single, out);
}

static void write_causal(const struct settings *settings, struct out *out)
{
    static const char *const words[] = {[CAUSAL_NO] = "no", [CAUSAL_START] = "start", [CAUSAL_END] = "end"};
    if (settings->causal == CAUSAL_START && settings->causal_offset != 0)
        out_format(out, "%" PRId64, settings->causal_offset);
    else
        out_format(out, "\"%s\"", words[settings->causal]);
}

static void write_windows(const struct windows *windows, struct out *out)
{
    out_text(out, windows->count > 1 ? "[" : "");
    for (size_t i = 0; i < windows->count; i++)
        out_format(out, "%s[%" PRId64 ",%" PRId64 "]", i > 0 ? "," : "", windows->left[i], windows->right[i]);
    out_text(out, windows->count > 1 ? "]" : "");
}

void settings_write(const struct settings *settings, enum setting which, struct out *out)
{
    const void *field = (const char *)settings + setting_kinds[which].at;
    switch (setting_kinds[which].type) {
    case TYPE_COUNT:
    case TYPE_INDEX:
        out_format(out, "%zu", *(const size_t *)field);
        break;
    case TYPE_SEED:
        out_format(out, "%" PRIu64, *(const uint64_t *)field);
        break;
    case TYPE_POSITIVE:
    case TYPE_SHARE:
        out_double(out, *(const double *)field);
        break;
    case TYPE_POSITIVES:
    case TYPE_FINITES:
    case TYPE_SOFTCAPS:
        write_list(field, out_double, out);
        break;
    case TYPE_FILL:
        if (isnan(*(const double *)field))
            out_text(out, "\"nan\"");
        else
            out_double(out, *(const double *)field);
        break;
    case TYPE_FLAG:
        out_text(out, *(const bool *)field ? "true" : "false");
        break;
    case TYPE_WORD: {
        int length;
        const char *word = words_at(setting_kinds[which].words, *(const int *)field, &length);
        out_format(out, "\"%.*s\"", length, word);
        break;
    }
    case TYPE_ROPE:
        rope_write(field, out);
        break;
    case TYPE_LIST:
    case TYPE_SECTIONS: {
        const struct positions *list = field;
        for (size_t i = 0; i < list->count; i++)
            out_format(out, i ? ",%zu" : "[%zu", list->at[i]);
        out_char(out, ']');
        break;
    }
    case TYPE_TEXT:
        out_quoted(out, field);
        break;
    case TYPE_CAUSAL:
        write_causal(settings, out);
        break;
    case TYPE_WINDOW:
        write_windows(field, out);
        break;
    }
}
