/* The measures of the heads as CSV: one line a head, under the names that the JSON has for them. */
#include "write/csv.h"
#include "write/write.h"

static void measures_line(struct out *out, size_t layer, size_t head, const struct measures *m)
{
    out_format(out, "%zu,%zu,", layer, head);
    csv_value(out, (float)m->entropy);
    out_char(out, ',');
    csv_value(out, m->largest);
    if (m->rows > 0)
        out_format(out, ",%zu,%zu,", m->largest_query, m->largest_key);
    else
        out_text(out, ",nan,nan,");
    csv_value(out, (float)m->distance);
    out_char(out, ',');
    csv_value(out, (float)m->first);
    out_char(out, '\n');
}

static void measures_lines(struct out *out, const struct excerpt *e)
{
    for (size_t l = 0; l < e->layer_count; l++)
        for (size_t h = 0; h < e->head_count; h++)
            measures_line(out, e->mean.layers > 0 ? 0 : excerpt_layer(e, l),
                          e->mean.heads > 0 ? 0 : excerpt_head_number(e, l, h), excerpt_measures(e, l, h));
}

static bool measures_write(const struct excerpts *excerpts, const struct content *content, struct out *out,
                           struct error *error)
{
    (void)content, (void)error;
    out_text(out, "layer,head,entropy,max_weight,max_at_query,max_at_key,mean_distance,first_token\n");
    for (size_t i = 0; i < excerpts->count; i++)
        measures_lines(out, &excerpts->list[i]);
    return true;
}

const struct writer writer_measures = {HOLDS_MEASURES, DETAIL_CELLS, MASKS_FOR_NOTHING, measures_write};
