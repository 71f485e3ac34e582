#include "write/stats_rows.h"

#include "write/csv.h"

/* The measures that rows have: means over rows, but the largest weight of all is that of one. */
static bool stat_has_rows(enum stat stat)
{
    return (int)stat < STAT_MEANS && stat != STAT_MAX_WEIGHT;
}

void stats_row_json(struct out *out, const struct stats_head *head, size_t query)
{
    const struct row_record *row = &head->rows[query];
    const struct problem *problem = head->problem;
    out_format(out, "{\"query\":%zu,\"token\":", query);
    out_quoted(out, problem->tokens.text[query]);
    out_format(out, ",\"keys\":%zu", row->keys);
    for (enum stat s = 0; (int)s < STAT_MEANS; s++) {
        if (!stat_has_rows(s))
            continue;
        out_format(out, ",\"%s\":", stat_names[s]);
        stats_number(out, (double)row->value[s], "null");
    }
    if (row->largest == SIZE_MAX)
        out_text(out, ",\"max_key\":null,\"max_token\":null");
    else {
        out_format(out, ",\"max_key\":%zu,\"max_token\":", row->largest);
        out_quoted(out, problem->key_tokens.text[row->largest]);
    }
    if (row->needed > 0)
        out_format(out, ",\"coverage_90\":%zu}", row->needed);
    else
        out_text(out, ",\"coverage_90\":null}");
}

static void stats_row_csv(struct out *out, const struct stats_head *head, size_t query)
{
    const struct row_record *row = &head->rows[query];
    out_format(out, "%zu,%zu,%zu,", head->layer, head->head, query);
    csv_field(out, head->problem->tokens.text[query]);
    out_format(out, ",%zu", row->keys);
    for (enum stat s = 0; (int)s < STAT_MEANS; s++)
        if (stat_has_rows(s)) {
            out_char(out, ',');
            stats_number(out, (double)row->value[s], "");
        }
    if (row->largest == SIZE_MAX)
        out_text(out, ",,");
    else {
        out_format(out, ",%zu,", row->largest);
        csv_field(out, head->problem->key_tokens.text[row->largest]);
    }
    if (row->needed > 0)
        out_format(out, ",%zu\n", row->needed);
    else
        out_text(out, ",\n");
}

void stats_rows_csv(struct out *out, const struct stats_head *list, size_t count)
{
    out_text(out, "layer,head,query,token,keys");
    for (enum stat s = 0; (int)s < STAT_MEANS; s++)
        if (stat_has_rows(s))
            out_format(out, ",%s", stat_names[s]);
    out_text(out, ",max_key,max_token,coverage_90\n");
    for (size_t i = 0; i < count; i++)
        for (size_t q = 0; list[i].rows && q < list[i].queries; q++)
            stats_row_csv(out, &list[i], q);
}
