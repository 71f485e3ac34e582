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

enum { SUMMARY_NAME = 48 };

/* What the layer and the head are called: a name, a number, or that they are means. */
static void summary_layer(const struct excerpt *excerpt, size_t l, char text[SUMMARY_NAME])
{
    if (excerpt->mean.layers > 0)
        snprintf(text, SUMMARY_NAME, "mean");
    else if (excerpt_layer_name(excerpt, l))
        text_clean(text, SUMMARY_NAME, excerpt_layer_name(excerpt, l));
    else
        snprintf(text, SUMMARY_NAME, "%zu", excerpt_layer(excerpt, l));
}

static void summary_head(const struct excerpt *excerpt, size_t l, size_t h, char text[SUMMARY_NAME])
{
    if (excerpt->mean.heads > 0)
        snprintf(text, SUMMARY_NAME, "mean");
    else if (excerpt->mean.layers == 0 && excerpt_head_name(excerpt, l, h))
        text_clean(text, SUMMARY_NAME, excerpt_head_name(excerpt, l, h));
    else
        snprintf(text, SUMMARY_NAME, "%zu", excerpt_head_number(excerpt, l, h));
}

/* Columns of the table. */
struct summary_widths {
    size_t layer, head, from;
};

static void summary_widen(size_t *width, const char *text)
{
    const size_t columns = text_columns(text);
    *width = columns > *width ? columns : *width;
}

static void summary_measure(const struct excerpt *excerpt, struct summary_widths *widths)
{
    const size_t from = summary_from_width(excerpt);
    widths->from = from > widths->from ? from : widths->from;
    for (size_t i = 0; i < excerpt->layer_count * excerpt->head_count; i++) {
        char text[SUMMARY_NAME];
        summary_layer(excerpt, i / excerpt->head_count, text);
        summary_widen(&widths->layer, text);
        summary_head(excerpt, i / excerpt->head_count, i % excerpt->head_count, text);
        summary_widen(&widths->head, text);
    }
}

/* The lines of an excerpt. */
static void summary_heads(const struct excerpt *excerpt, const struct summary_widths *widths, struct out *out)
{
    const struct problem *problem = excerpt->result->problem;
    for (size_t l = 0; l < excerpt->layer_count; l++) {
        for (size_t h = 0; h < excerpt->head_count; h++) {
            const struct measures *m = excerpt_measures(excerpt, l, h);
            char layer[SUMMARY_NAME], head[SUMMARY_NAME], from[128], to[128];
            summary_layer(excerpt, l, layer);
            summary_head(excerpt, l, h, head);
            table_text(out, layer, widths->layer, true);
            out_text(out, "  ");
            table_text(out, head, widths->head, true);
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
            table_text(out, from, widths->from, false);
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
    struct summary_widths widths = {.layer = 5, .head = 4};
    size_t chosen = 0; /* chosen: queries that are measured alone; they are the same in all layers */
    for (size_t i = 0; i < excerpts->count; i++) {
        const struct excerpt *e = &excerpts->list[i];
        summary_measure(e, &widths);
        is_part = is_part || e->query_count < e->result->problem->n || e->key_count < e->result->problem->m;
        chosen = e->result->only_chosen ? e->result->cells.query_count : chosen;
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
    table_text(out, "layer", widths.layer, true);
    out_text(out, "  ");
    table_text(out, "head", widths.head, true);
    out_text(out, "  entropy  distance   first  largest  ");
    table_text(out, "from", widths.from, false);
    out_text(out, " → to\n");
    for (size_t i = 0; i < excerpts->count; i++)
        summary_heads(&excerpts->list[i], &widths, out);
    for (size_t i = 0; i < excerpts->count; i++)
        summary_next(excerpts->list[i].result, out);
    if (excerpts->ordering)
        order_table(out, excerpts->ordering);
}
