#include "view/stats_table.h"

#include <math.h>

#include "view/label_text.h"
#include "view/table_number.h"

/* Columns of the table: headings in two lines, and how many decimals. */
static const struct stats_column {
    enum stat stat;
    const char *heading[2];
    int decimals;
} columns[] = {
    {STAT_ENTROPY, {"", "entropy"}, 3},
    {STAT_EFFECTIVE_KEYS, {"effect.", "keys"}, 2},
    {STAT_MEAN_DISTANCE, {"mean", "distance"}, 2},
    {STAT_FIRST_TOKEN, {"first", "token"}, 3},
    {STAT_SELF, {"", "self"}, 3},
    {STAT_PREVIOUS_TOKEN, {"previous", "token"}, 3},
    {STAT_DUPLICATE_TOKEN, {"duplic.", "token"}, 3},
    {STAT_INDUCTION, {"induc-", "tion"}, 3},
};
enum { STATS_COLUMNS = sizeof columns / sizeof *columns, STATS_WIDTH = 9 };

static bool is_shown(const struct stats_head *list, size_t count, enum stat stat)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || !isnan(list[i].stats->value[stat]);
    return any;
}

/* The key that most rows look at, by its label, and its mean weight. */
static void put_sink(struct out *out, const struct stats_head *head)
{
    const struct head_stats *stats = head->stats;
    char label[128];
    if (stats->sink_key == SIZE_MAX)
        return;
    label_text(labels_shown(&head->problem->key_tokens)[stats->sink_key], label);
    out_format(out, "  %.3f ", stats->value[STAT_SINK]);
    out_text(out, label);
}

void stats_table(struct out *out, const struct stats_head *list, size_t count)
{
    bool shown[STATS_COLUMNS], lacks = false;
    for (size_t c = 0; c < STATS_COLUMNS; c++) {
        shown[c] = is_shown(list, count, columns[c].stat);
        lacks = lacks || (!shown[c] && columns[c].stat == STAT_INDUCTION);
    }
    for (int line = 0; line < 2; line++) {
        out_text(out, line == 0 ? "           " : "layer  head");
        for (size_t c = 0; c < STATS_COLUMNS; c++)
            if (shown[c])
                out_format(out, "%*s", STATS_WIDTH, columns[c].heading[line]);
        out_text(out, line == 0 ? "\n" : "  sink\n");
    }
    for (size_t i = 0; i < count; i++) {
        out_format(out, "%5zu  %4zu", list[i].layer, list[i].head);
        for (size_t c = 0; c < STATS_COLUMNS; c++)
            if (shown[c])
                table_number(out, STATS_WIDTH, columns[c].decimals, list[i].stats->value[columns[c].stat]);
        put_sink(out, &list[i]);
        out_char(out, '\n');
    }
    if (lacks)
        out_text(
            out,
            "(no duplicate token, no induction: no token comes twice, tokens are not known, or queries are "
            "no keys)\n");
}
