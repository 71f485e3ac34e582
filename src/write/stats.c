#include "write/stats.h"

#include <math.h>

#include "write/stats_rows.h"

/* As the float32 that is nearest: the weights hold no more. */
void stats_number(struct out *out, double value, const char *none)
{
    if (isnan(value))
        out_text(out, none);
    else
        out_float(out, (float)value);
}

/* A pair, or a key, that may be none. */
static void stats_place(struct out *out, const struct stats_head *head)
{
    if (head->stats->max_query == SIZE_MAX)
        out_text(out, ",\"max_at\":null");
    else
        out_format(out, ",\"max_at\":[%zu,%zu]", head->stats->max_query, head->stats->max_key);
}

static void stats_offset(struct out *out, const struct head_stats *stats)
{
    if (isnan(stats->value[STAT_OFFSET])) {
        out_text(out, ",\"offset\":null");
        return;
    }
    out_format(out, ",\"offset\":{\"value\":%.0f,\"share\":", stats->value[STAT_OFFSET]);
    stats_number(out, stats->value[STAT_OFFSET_SHARE], "null");
    out_char(out, '}');
}

static void stats_sink(struct out *out, const struct head_stats *stats)
{
    if (stats->sink_key == SIZE_MAX) {
        out_text(out, ",\"sink\":null");
        return;
    }
    out_format(out, ",\"sink\":{\"key\":%zu,\"weight\":", stats->sink_key);
    stats_number(out, stats->value[STAT_SINK], "null");
    out_char(out, '}');
}

/* The labels of a head with what they are said of. */
static void stats_labels(struct out *out, const struct stats_head *head,
                         const struct label_thresholds *thresholds)
{
    const char *between = "";
    out_text(out, ",\"labels\":[");
    for (enum label l = 0; l < LABEL_COUNT; l++) {
        if (!(head->labels & 1u << l))
            continue;
        out_format(out, "%s{\"name\":\"%s\",\"measure\":\"%s\",\"value\":", between, label_names[l],
                   stat_names[label_stat(l)]);
        stats_number(out, head->stats->value[label_stat(l)], "null");
        out_text(out, ",\"threshold\":");
        out_double(out, thresholds->value[l]);
        out_char(out, '}');
        between = ",";
    }
    out_char(out, ']');
}

static void stats_thresholds(struct out *out, const struct label_thresholds *thresholds)
{
    out_text(out, ",\n\"thresholds\":{");
    for (enum label l = 0; l < LABEL_COUNT; l++) {
        out_format(out, "%s\"%s\":", l > 0 ? "," : "", label_names[l]);
        out_double(out, thresholds->value[l]);
    }
    out_char(out, '}');
}

/* The numbers of a head of many inputs beside its means: of all measures but the commonest offset, which is no mean. */
static void stats_spread(struct out *out, const struct set_head *set)
{
    for (enum stat s = 0; s < STAT_COUNT; s++) {
        if (s == STAT_OFFSET)
            continue;
        out_format(out, s == 0 ? ",\n\"variance\":{\"%s\":" : ",\"%s\":", stat_names[s]);
        stats_number(out, set_head_variance(set, s), "null");
    }
    for (enum stat s = 0; s < STAT_COUNT; s++)
        if (s != STAT_OFFSET)
            out_format(out, "%s\"%s\":%zu", s == 0 ? "},\n\"count\":{" : ",", stat_names[s], set->count[s]);
    out_char(out, '}');
}

void stats_json(struct out *out, const struct stats_head *list, size_t count,
                const struct label_thresholds *thresholds)
{
    out_text(out, "{\"schema\":\"attn-stats/1\"");
    if (count > 0 && list[0].title) {
        out_text(out, ",\n\"title\":");
        out_quoted(out, list[0].title);
    }
    if (count > 0 && list[0].set)
        out_format(out, ",\n\"inputs\":%zu", list[0].set->inputs);
    stats_thresholds(out, thresholds);
    out_text(out, ",\n\"heads\":[");
    for (size_t i = 0; i < count; i++) {
        const struct head_stats *stats = list[i].stats;
        out_format(out, "%s\n{\"layer\":%zu,\"head\":%zu,\"queries\":%zu,\"keys\":%zu,\"rows\":%zu",
                   i > 0 ? "," : "", list[i].layer, list[i].head, list[i].queries, list[i].keys, stats->rows);
        for (enum stat s = 0; s < STAT_COUNT; s++) {
            if (s == STAT_OFFSET)
                stats_offset(out, stats);
            else if (s == STAT_SINK)
                stats_sink(out, stats);
            else if (s != STAT_OFFSET_SHARE) {
                out_format(out, ",\"%s\":", stat_names[s]);
                stats_number(out, stats->value[s], "null");
            }
            if (s == STAT_MAX_WEIGHT)
                stats_place(out, &list[i]);
        }
        stats_labels(out, &list[i], thresholds);
        if (list[i].set)
            stats_spread(out, list[i].set);
        for (size_t q = 0; list[i].rows && q < list[i].queries; q++) {
            out_text(out, q == 0 ? ",\"per_row\":[\n" : ",\n");
            stats_row_json(out, &list[i], q);
        }
        out_text(out, list[i].rows ? "]" : "");
        out_char(out, '}');
    }
    out_text(out, "]}\n");
}

void label_list(struct out *out, unsigned labels, const char *between)
{
    const char *before = "";
    for (enum label l = 0; l < LABEL_COUNT; l++)
        if (labels & 1u << l) {
            out_format(out, "%s%s", before, label_names[l]);
            before = between;
        }
}

void stats_csv(struct out *out, const struct stats_head *list, size_t count)
{
    out_text(out, "layer,head,queries,keys,rows");
    for (enum stat s = 0; s < STAT_COUNT; s++) {
        out_format(out, ",%s", stat_names[s]);
        if (count > 0 && list[0].set && s != STAT_OFFSET)
            out_format(out, ",%s_variance", stat_names[s]);
        out_text(out, s == STAT_MAX_WEIGHT ? ",max_query,max_key" : s == STAT_SINK ? ",sink_key" : "");
    }
    out_text(out, ",labels\n");
    for (size_t i = 0; i < count; i++) {
        const struct head_stats *stats = list[i].stats;
        out_format(out, "%zu,%zu,%zu,%zu,%zu", list[i].layer, list[i].head, list[i].queries, list[i].keys,
                   stats->rows);
        for (enum stat s = 0; s < STAT_COUNT; s++) {
            out_char(out, ',');
            stats_number(out, stats->value[s], "");
            if (list[i].set && s != STAT_OFFSET) {
                out_char(out, ',');
                stats_number(out, set_head_variance(list[i].set, s), "");
            }
            if (s == STAT_MAX_WEIGHT && stats->max_query == SIZE_MAX)
                out_text(out, ",,");
            else if (s == STAT_MAX_WEIGHT)
                out_format(out, ",%zu,%zu", stats->max_query, stats->max_key);
            if (s == STAT_SINK && stats->sink_key == SIZE_MAX)
                out_char(out, ',');
            else if (s == STAT_SINK)
                out_format(out, ",%zu", stats->sink_key);
        }
        out_char(out, ',');
        label_list(out, list[i].labels, " ");
        out_char(out, '\n');
    }
}
