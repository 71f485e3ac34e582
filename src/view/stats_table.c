#include "view/stats_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/label_text.h"
#include "base/text.h"
#include "view/table_number.h"

/* Columns of the table: headings in two lines, how wide they are, and how many decimals. */
static const struct stats_column {
    enum stat stat;
    const char *heading[2];
    int width, decimals;
} columns[] = {
    {STAT_ENTROPY, {"", "entropy"}, 8, 3},
    {STAT_EFFECTIVE_KEYS, {"effect.", "keys"}, 8, 2},
    {STAT_SCORE_STD, {"score", "std"}, 7, 2},
    {STAT_SLOPE, {"", "slope"}, 7, 3},
    {STAT_MEAN_DISTANCE, {"mean", "dist."}, 7, 2},
    {STAT_FIRST_TOKEN, {"first", "token"}, 7, 3},
    {STAT_SELF, {"", "self"}, 7, 3},
    {STAT_PREVIOUS_TOKEN, {"prev.", "token"}, 7, 3},
    {STAT_DUPLICATE_TOKEN, {"duplic.", "token"}, 8, 3},
    {STAT_INDUCTION, {"induc-", "tion"}, 8, 3},
};
enum { STATS_COLUMNS = sizeof columns / sizeof *columns };

static bool is_shown(const struct stats_head *list, size_t count, enum stat stat)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || !isnan(list[i].stats->value[stat]);
    return any;
}

static bool is_asked(const struct stats_head *list, size_t count, enum label label)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || label_is_asked(list[i].stats, label);
    return any;
}

/* The key that most rows look at, by its label, or of many inputs its number, behind its mean weight; empty where there is none. */
static void sink_cell(const struct stats_head *head, char cell[160])
{
    char label[128];
    cell[0] = 0;
    if (head->stats->sink_key == SIZE_MAX)
        return;
    if (head->problem)
        label_text(labels_shown(&head->problem->key_tokens)[head->stats->sink_key], label);
    else
        snprintf(label, sizeof label, "%zu", head->stats->sink_key);
    snprintf(cell, 160, "%.3f %s", head->stats->value[STAT_SINK], label);
}

static size_t sink_width(const struct stats_head *list, size_t count)
{
    size_t width = strlen("sink");
    char cell[160];
    for (size_t i = 0; i < count; i++) {
        sink_cell(&list[i], cell);
        width = text_columns(cell) > width ? text_columns(cell) : width;
    }
    return width;
}

/* The sink, and the labels behind it; no blanks at the end of the line. */
static void put_words(struct out *out, const struct stats_head *head, size_t width)
{
    char cell[160];
    sink_cell(head, cell);
    if (!cell[0] && !head->labels)
        return;
    out_format(out, "  %s", cell);
    if (!head->labels)
        return;
    out_format(out, "%*s", (int)(width - text_columns(cell)) + 2, "");
    label_list(out, head->labels, ", ");
}

static void put_headings(struct out *out, const bool shown[STATS_COLUMNS], size_t sink)
{
    for (int line = 0; line < 2; line++) {
        out_text(out, line == 0 ? "           " : "layer  head");
        for (size_t c = 0; c < STATS_COLUMNS; c++)
            if (shown[c])
                out_format(out, "%*s", columns[c].width, columns[c].heading[line]);
        if (line > 0)
            out_format(out, "  %-*s  labels", (int)sink, "sink");
        out_char(out, '\n');
    }
}

/* From which value on there are the labels that a head could have, in lines of 90 columns. */
static void put_thresholds(struct out *out, const struct stats_head *list, size_t count,
                           const struct label_thresholds *thresholds)
{
    enum { MOST_COLUMNS = 90 };
    const char *before = "(labels:";
    size_t used = strlen(before);
    for (enum label l = 0; l < LABEL_COUNT; l++) {
        char text[80];
        if (!is_asked(list, count, l))
            continue;
        snprintf(text, sizeof text, " %s ≥ %.4g", label_names[l], thresholds->value[l]);
        const size_t width = text_columns(text) + 1;
        out_text(out, before);
        if (used + width > MOST_COLUMNS) {
            out_char(out, '\n');
            used = 0;
        }
        out_text(out, text);
        used += width;
        before = ",";
    }
    if (strcmp(before, ",") == 0)
        out_text(out, ")\n");
}

void stats_table(struct out *out, const struct stats_head *list, size_t count,
                 const struct label_thresholds *thresholds)
{
    bool shown[STATS_COLUMNS], lacks = false;
    const size_t sink = sink_width(list, count);
    for (size_t c = 0; c < STATS_COLUMNS; c++) {
        shown[c] = is_shown(list, count, columns[c].stat);
        lacks = lacks || (!shown[c] && columns[c].stat == STAT_INDUCTION);
    }
    put_headings(out, shown, sink);
    for (size_t i = 0; i < count; i++) {
        out_format(out, "%5zu  %4zu", list[i].layer, list[i].head);
        for (size_t c = 0; c < STATS_COLUMNS; c++)
            if (shown[c])
                table_number(out, columns[c].width, columns[c].decimals,
                             list[i].stats->value[columns[c].stat]);
        put_words(out, &list[i], sink);
        out_char(out, '\n');
    }
    if (lacks)
        out_text(
            out,
            "(no duplicate token, no induction: no token comes twice, tokens are not known, or queries are "
            "no keys)\n");
    put_thresholds(out, list, count, thresholds);
    if (count > 0 && list[0].set)
        out_format(out, "(means of %zu input%s)\n", list[0].set->inputs, list[0].set->inputs == 1 ? "" : "s");
}
