#include "view/diff_table.h"

#include <math.h>
#include <string.h>

#include "base/label_text.h"
#include "base/text.h"
#include "view/table_number.h"

enum { DIFF_WIDTH = 9, NAMED_TOKENS = 6 };

static void put_names(struct out *out, const struct diff_report *report)
{
    for (int side = 0; side < 2; side++) {
        char name[80];
        text_clean(name, sizeof name, report->name[side]);
        out_format(out, "%c: %s\n", "AB"[side], name);
    }
}

/* "only in B: 2 keys "x", "y"", of one side and one axis. */
static void put_alone(struct out *out, const struct token_match *match, const struct labels *labels, int side,
                      const char *one, const char *many)
{
    size_t named = 0, pair = 0;
    if (match->alone[side] == 0)
        return;
    out_format(out, "only in %c: %zu %s", "AB"[side], match -> alone[side],
               match -> alone[side] == 1 ? one : many);
    for (size_t i = 0; i < labels->count && named < NAMED_TOKENS; i++) {
        char label[128];
        if (pair < match->count && match->of[side][pair] == i) {
            pair++;
            continue;
        }
        label_text(labels_shown(labels)[i], label);
        out_text(out, named > 0 ? ", " : " ");
        out_text(out, label);
        named++;
    }
    out_text(out, match->alone[side] > named ? ", …\n" : "\n");
}

/* The tokens of a match that one side alone has; queries that are the keys are said once. */
static void put_tokens(struct out *out, const struct diff_match *match)
{
    const bool is_self = match->problem[0]->is_self && match->problem[1]->is_self;
    for (int side = 0; side < 2; side++) {
        const struct problem *problem = match->problem[side];
        put_alone(out, &match->queries, &problem->tokens, side, is_self ? "token" : "query",
                  is_self ? "tokens" : "queries");
        if (!is_self)
            put_alone(out, &match->keys, &problem->key_tokens, side, "key", "keys");
    }
}

static void put_difference(struct out *out, double value)
{
    if (value > 0 && value < 0.0005)
        out_format(out, "%*.1e", DIFF_WIDTH, value);
    else
        table_number(out, DIFF_WIDTH, 3, value);
}

/* The pair with the largest difference, by its labels on the first side, and the weights there. */
static void put_place(struct out *out, const struct diff_head *head)
{
    const struct problem *problem = head->match->problem[0];
    char query[128], key[128], before[24], after[24];
    if (head->at[0][0] == SIZE_MAX || head->max == 0)
        return;
    label_text(labels_shown(&problem->tokens)[head->at[0][0]], query);
    label_text(labels_shown(&problem->key_tokens)[head->at[0][1]], key);
    out_format(out, "  %s → %s  %s → %s", label_number((double)head->value[0], before),
               label_number((double)head->value[1], after), query, key);
}

/* A measure of one side, or a dash. */
static const char *measure_text(double value, char text[24])
{
    return isnan(value) ? "-" : label_number(value, text);
}

/* The measures that read differently. */
static void put_changes(struct out *out, const struct diff_line *line)
{
    for (enum stat s = 0; s < STAT_COUNT; s++) {
        char texts[2][24];
        const char *const before = measure_text(line->stats[0]->value[s], texts[0]),
                          *const after = measure_text(line->stats[1]->value[s], texts[1]);
        if (strcmp(before, after) != 0)
            out_format(out, "             %-18s  %s → %s\n", stat_names[s], before, after);
    }
}

static void put_diff_line(struct out *out, const struct diff_line *line, bool changes)
{
    const struct diff_head *head = line->diff;
    out_format(out, "%5zu  %4zu", head->layer, head->head);
    if (!head->match) {
        out_format(out, "  only in %c\n", head->side[0].excerpt ? 'A' : 'B');
        return;
    }
    if (head->nan_one > 0)
        out_format(out, "%*s", DIFF_WIDTH, "NaN");
    else
        put_difference(out, head->max);
    put_difference(out, head->mean);
    put_difference(out, head->js);
    put_place(out, head);
    out_char(out, '\n');
    if (changes)
        put_changes(out, line);
}

void diff_table(struct out *out, const struct diff_report *report, bool changes)
{
    const struct diff_match *told = NULL;
    size_t nan_one = 0, nan_both = 0;
    put_names(out, report);
    for (size_t i = 0; i < report->count; i++) {
        const struct diff_head *head = report->lines[i].diff;
        if (head->match && head->match != told)
            put_tokens(out, told = head->match);
        nan_one += head->nan_one;
        nan_both += head->nan_both;
    }
    out_format(out, "layer  head%*s%*s%*s  A → B at query → key\n", DIFF_WIDTH, "largest", DIFF_WIDTH, "mean",
               DIFF_WIDTH, "js");
    for (size_t i = 0; i < report->count; i++)
        put_diff_line(out, &report->lines[i], changes);
    if (nan_one > 0)
        out_format(out, "(%zu weights are NaN or infinite on one side alone)\n", nan_one);
    if (nan_both > 0)
        out_format(out, "(%zu weights are NaN or the same infinity on both sides)\n", nan_both);
    if (report->has_tolerance && report->exceeded == 0)
        out_format(out, "(no head differs by more than %.9g)\n", report->tolerance);
}
