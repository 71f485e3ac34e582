#include "write/diff.h"

#include <math.h>

/* As the float32 that is nearest: the weights hold no more. */
static void diff_number(struct out *out, double value, const char *none)
{
    if (isfinite(value))
        out_float(out, (float)value);
    else
        out_text(out, none);
}

static void diff_tokens(struct out *out, const char *name, const struct token_match *match)
{
    out_format(out, ",\"%s\":{\"both\":%zu,\"a\":%zu,\"b\":%zu,\"by\":\"%s\"}", name, match->count,
               match->alone[0], match->alone[1], match->is_by_number ? "number" : "token");
}

/* The pair of the largest difference on one side. */
static void diff_place(struct out *out, const char *name, const size_t at[2], bool is_there)
{
    if (is_there)
        out_format(out, ",\"%s\":[%zu,%zu]", name, at[0], at[1]);
    else
        out_format(out, ",\"%s\":null", name);
}

/* The measures of both sides, as [before, after]. */
static void diff_measures(struct out *out, const struct diff_line *line)
{
    out_text(out, ",\"measures\":{");
    for (enum stat s = 0; s < STAT_COUNT; s++) {
        out_format(out, "%s\"%s\":[", s > 0 ? "," : "", stat_names[s]);
        diff_number(out, line->stats[0]->value[s], "null");
        out_char(out, ',');
        diff_number(out, line->stats[1]->value[s], "null");
        out_char(out, ']');
    }
    out_char(out, '}');
}

static void diff_head_json(struct out *out, const struct diff_line *line)
{
    const struct diff_head *head = line->diff;
    const bool is_there = head->at[0][0] != SIZE_MAX;
    out_format(out, "{\"layer\":%zu,\"head\":%zu", head->layer, head->head);
    diff_tokens(out, "queries", &head->match->queries);
    diff_tokens(out, "keys", &head->match->keys);
    out_text(out, ",\"max\":");
    diff_number(out, head->max, "null");
    diff_place(out, "at", head->at[0], is_there);
    diff_place(out, "at_b", head->at[1], is_there);
    out_text(out, ",\"values\":[");
    diff_number(out, is_there ? (double)head->value[0] : (double)NAN, "null");
    out_char(out, ',');
    diff_number(out, is_there ? (double)head->value[1] : (double)NAN, "null");
    out_text(out, "],\"mean\":");
    diff_number(out, head->mean, "null");
    out_format(out, ",\"pairs\":%zu,\"js\":", head->pairs);
    diff_number(out, head->js, "null");
    out_format(out, ",\"rows\":%zu,\"nan_one\":%zu,\"nan_both\":%zu", head->rows, head->nan_one,
               head->nan_both);
    diff_measures(out, line);
    out_char(out, '}');
}

/* The heads that one side alone has, as [layer, head]. */
static void diff_only(struct out *out, const struct diff_report *report, int side)
{
    bool any = false;
    out_format(out, ",\n\"only_%c\":[", "ab"[side]);
    for (size_t i = 0; i < report->count; i++) {
        const struct diff_head *head = report->lines[i].diff;
        if (head->match || !head->side[side].excerpt)
            continue;
        out_format(out, "%s[%zu,%zu]", any ? "," : "", head->layer, head->head);
        any = true;
    }
    out_char(out, ']');
}

void diff_json(struct out *out, const struct diff_report *report)
{
    bool any = false;
    out_text(out, "{\"schema\":\"attn-diff/1\",\n\"a\":");
    out_quoted(out, report->name[0]);
    out_text(out, ",\n\"b\":");
    out_quoted(out, report->name[1]);
    out_text(out, ",\n\"tolerance\":");
    if (report->has_tolerance)
        out_double(out, report->tolerance);
    else
        out_text(out, "null");
    out_text(out, ",\n\"exceeded\":");
    if (report->has_tolerance)
        out_format(out, "%zu", report->exceeded);
    else
        out_text(out, "null");
    diff_only(out, report, 0);
    diff_only(out, report, 1);
    out_text(out, ",\n\"heads\":[");
    for (size_t i = 0; i < report->count; i++)
        if (report->lines[i].diff->match) {
            out_text(out, any ? ",\n" : "\n");
            diff_head_json(out, &report->lines[i]);
            any = true;
        }
    out_text(out, "]}\n");
}

/* ---- CSV ---- */

static void diff_place_csv(struct out *out, const size_t at[2], bool is_there)
{
    if (is_there)
        out_format(out, ",%zu,%zu", at[0], at[1]);
    else
        out_text(out, ",,");
}

static void diff_head_csv(struct out *out, const struct diff_line *line)
{
    const struct diff_head *head = line->diff;
    const bool is_there = head->match && head->at[0][0] != SIZE_MAX;
    out_format(out, "%zu,%zu,%s,", head->layer, head->head,
               head->match             ? "both"
               : head->side[0].excerpt ? "a"
                                       : "b");
    diff_number(out, head->match ? head->max : (double)NAN, "");
    diff_place_csv(out, head->at[0], is_there);
    diff_place_csv(out, head->at[1], is_there);
    for (int side = 0; side < 2; side++) {
        out_char(out, ',');
        diff_number(out, is_there ? (double)head->value[side] : (double)NAN, "");
    }
    out_char(out, ',');
    diff_number(out, head->mean, "");
    out_format(out, ",%zu,", head->pairs);
    diff_number(out, head->js, "");
    out_format(out, ",%zu,%zu,%zu", head->rows, head->nan_one, head->nan_both);
    for (enum stat s = 0; s < STAT_COUNT; s++)
        for (int side = 0; side < 2; side++) {
            out_char(out, ',');
            diff_number(out, line->stats[side] ? line->stats[side]->value[s] : (double)NAN, "");
        }
    out_char(out, '\n');
}

void diff_csv(struct out *out, const struct diff_report *report)
{
    out_text(out,
             "layer,head,side,max,query_a,key_a,query_b,key_b,value_a,value_b,mean,pairs,js,rows,nan_one,"
             "nan_both");
    for (enum stat s = 0; s < STAT_COUNT; s++)
        out_format(out, ",%s_a,%s_b", stat_names[s], stat_names[s]);
    out_char(out, '\n');
    for (size_t i = 0; i < report->count; i++)
        diff_head_csv(out, &report->lines[i]);
}
