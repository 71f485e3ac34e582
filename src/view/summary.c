#include "view/summary.h"

#include <stdio.h>
#include <string.h>

#include "base/label_text.h"
#include "base/text.h"
#include "view/order_table.h"
#include "view/table_number.h"
#include "view/table_text.h"

void summary_names(const char *const *names, size_t count, struct out *out)
{
    enum { FEW = 6 };
    char clean[512];
    if (count > FEW) {
        text_clean(clean, sizeof clean, names[0]);
        out_format(out, "wrote %zu files: %s …", count, clean);
        for (size_t i = count - 2; i < count; i++) {
            text_clean(clean, sizeof clean, names[i]);
            out_format(out, " %s", clean);
        }
        out_char(out, '\n');
        return;
    }
    for (size_t i = 0; i < count; i++) {
        text_clean(clean, sizeof clean, names[i]);
        out_format(out, "wrote %s\n", clean);
    }
}

/* Columns that the widest label of a query ("from") takes. */
static size_t summary_from_width(const struct excerpt *excerpt)
{
    size_t most = 4; /* "from" */
    for (size_t i = 0; i < excerpt->layer_count * excerpt->head_count; i++) {
        const struct measures *m =
            excerpt_measures(excerpt, i / excerpt->head_count, i % excerpt->head_count);
        char from[128];
        if (m->rows == 0)
            continue;
        label_text(labels_shown(&excerpt->result->problem->tokens)[m->largest_query], from);
        size_t columns = text_columns(from);
        most = columns > most ? columns : most;
    }
    return most;
}

/* The lines of an excerpt; the labels of queries have `width` columns. */
static void summary_heads(const struct excerpt *excerpt, size_t width, struct out *out)
{
    const struct problem *problem = excerpt->result->problem;
    for (size_t l = 0; l < excerpt->layer_count; l++) {
        for (size_t h = 0; h < excerpt->head_count; h++) {
            const struct measures *m = excerpt_measures(excerpt, l, h);
            char layer[24], head[24], from[128], to[128];
            snprintf(layer, sizeof layer, "%zu", excerpt_layer(excerpt, l));
            snprintf(head, sizeof head, "%zu", excerpt_head_number(excerpt, l, h));
            out_format(out, "%5s  %4s", excerpt->mean.layers > 0 ? "mean" : layer,
                       excerpt->mean.heads > 0 ? "mean" : head);
            if (m->rows == 0) {
                out_text(out, "        -         -       -        -  no row to measure\n");
                continue;
            }
            label_text(labels_shown(&problem->tokens)[m->largest_query], from);
            label_text(labels_shown(&problem->key_tokens)[m->largest_key], to);
            table_number(out, 9, 3, m->entropy);
            table_number(out, 10, 2, m->distance);
            table_number(out, 8, 3, m->first);
            table_number(out, 9, 3, (double)m->largest);
            out_text(out, "  ");
            table_text(out, from, width, false);
            out_format(out, " → %s\n", to);
        }
    }
}

/* What comes after the last token: the likeliest word, and others of at least one in a thousand. */
static void summary_next(const struct result *result, struct out *out)
{
    enum { FEW = 5 };
    const struct problem *problem = result->problem;
    const struct next_tokens *next = &result->next;
    char text[128], room[24];
    if (next->count == 0)
        return;
    label_text(labels_shown(&problem->tokens)[problem->n - 1], text);
    out_format(out, "\nafter the last %s:", text);
    for (size_t i = 0; i < next->count && i < FEW && (i == 0 || next->probability[i] >= 0.001); i++) {
        label_text(next_tokens_text(next, i, room), text);
        out_format(out, "%s %s", i > 0 ? "," : "", text);
        table_number(out, 6, 3, next->probability[i]);
    }
    out_char(out, '\n');
}

void summary_write(const char *const *names, size_t count, const struct excerpts *excerpts, struct out *out)
{
    bool is_part = false;
    size_t width = 0,
           chosen = 0; /* chosen: queries that are measured alone; they are the same in all layers */
    for (size_t i = 0; i < excerpts->count; i++) {
        const struct excerpt *e = &excerpts->list[i];
        const size_t own = summary_from_width(e);
        is_part = is_part || e->query_count < e->result->problem->n || e->key_count < e->result->problem->m;
        chosen = e->result->only_chosen ? e->result->cells.query_count : chosen;
        width = own > width ? own : width;
    }
    summary_names(names, count, out);
    if (excerpts->list[0].result->kept == KEPT_NOTHING) {
        out_text(out, "the output alone: measures need the n×m weights, which --stage weights computes\n");
        if (excerpts->ordering)
            order_table(out, excerpts->ordering);
        return;
    }
    if (count > 0)
        out_char(out, '\n');
    if (chosen > 0)
        out_format(out, "(of the %zu chosen %s)\n", chosen, chosen == 1 ? "query" : "queries");
    else if (is_part)
        out_text(out, "(of whole heads)\n");
    out_text(out, "layer  head  entropy  distance   first  largest  ");
    table_text(out, "from", width, false);
    out_text(out, " → to\n");
    for (size_t i = 0; i < excerpts->count; i++)
        summary_heads(&excerpts->list[i], width, out);
    for (size_t i = 0; i < excerpts->count; i++)
        summary_next(excerpts->list[i].result, out);
    if (excerpts->ordering)
        order_table(out, excerpts->ordering);
}
