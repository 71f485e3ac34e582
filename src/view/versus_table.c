#include "view/versus_table.h"

#include <math.h>
#include <stdio.h>

#include "base/label_text.h"
#include "base/text.h"
#include "view/table_number.h"
#include "view/table_text.h"

enum { VERSUS_NAME = 48, VERSUS_WIDTH = 10 };

const char *versus_name(const struct versus_variant *variant)
{
    return variant->options[0] ? variant->options : "as given";
}

static void put_variant_name(struct out *out, const struct versus_variant *variant, size_t width)
{
    char name[VERSUS_NAME];
    text_clean(name, sizeof name, versus_name(variant));
    table_text(out, name, width, false);
}

static size_t widest_name(const struct versus_variant *variants, size_t count)
{
    size_t widest = 0;
    for (size_t v = 0; v < count; v++) {
        char name[VERSUS_NAME];
        text_clean(name, sizeof name, versus_name(&variants[v]));
        const size_t columns = text_columns(name);
        widest = columns > widest ? columns : widest;
    }
    return widest;
}

static void put_means(struct out *out, const struct versus_means *means)
{
    table_number(out, VERSUS_WIDTH, 3, means->entropy);
    table_number(out, VERSUS_WIDTH, 2, means->distance);
    table_number(out, VERSUS_WIDTH, 3, means->first);
    table_number(out, VERSUS_WIDTH, 3, means->largest);
}

/* The largest change, the weights before and after, and where; with the head, where there are several. */
static void put_change(struct out *out, const struct diff_head *head, const struct problem *several)
{
    char query[128], key[128], before[24], after[24];
    if (!head || !versus_is_compared(head)) {
        out_format(out, "%*s\n", VERSUS_WIDTH, "-");
        return;
    }
    if (head->max > 0 && head->max < 0.0005)
        out_format(out, "%*.1e", VERSUS_WIDTH, head->max);
    else if (isnan(head->max))
        out_format(out, "%*s", VERSUS_WIDTH, "NaN");
    else
        table_number(out, VERSUS_WIDTH, 3, head->max);
    if (head->max != 0) {
        const struct problem *problem = head->match->problem[0];
        label_text(labels_shown(&problem->tokens)[head->at[0][0]], query);
        label_text(labels_shown(&problem->key_tokens)[head->at[0][1]], key);
        out_format(out, "  %s → %s  %s → %s", label_number((double)head->value[0], before),
                   label_number((double)head->value[1], after), query, key);
        if (several && several->layers_in_all > 1)
            out_format(out, "  layer %zu", head->layer);
        if (several)
            out_format(out, "  head %zu", head->head);
    }
    out_char(out, '\n');
}

static void put_versus_heading(struct out *out)
{
    out_format(out, "%*s%*s%*s%*s%*s  as given → variant at query → key\n", VERSUS_WIDTH, "entropy",
               VERSUS_WIDTH, "distance", VERSUS_WIDTH, "first", VERSUS_WIDTH, "largest", VERSUS_WIDTH,
               "change");
}

/* A line a head of one variant, under its name. */
static void put_heads(struct out *out, const struct versus_variant *variant, size_t width)
{
    for (size_t i = 0; i < variant->excerpts->count; i++) {
        const struct excerpt *e = &variant->excerpts->list[i];
        for (size_t k = 0; k < e->layer_count * e->head_count; k++) {
            const size_t l = k / e->head_count, h = k % e->head_count;
            const struct measures *m = excerpt_measures(e, l, h);
            const struct versus_means measures = {m->entropy, m->distance, m->first, (double)m->largest};
            put_variant_name(out, variant, width);
            out_format(out, "%7zu%6zu", excerpt_layer(e, l), excerpt_head_number(e, l, h));
            put_means(out, &measures);
            put_change(out, versus_head(variant, e, l, h), NULL);
        }
    }
}

static size_t count_heads(const struct versus_variant *variants, size_t count)
{
    size_t most = 0;
    for (size_t v = 0; v < count; v++) {
        size_t heads = 0;
        for (size_t i = 0; i < variants[v].excerpts->count; i++)
            heads += variants[v].excerpts->list[i].layer_count * variants[v].excerpts->list[i].head_count;
        most = heads > most ? heads : most;
    }
    return most;
}

void versus_table(struct out *out, const struct versus_variant *variants, size_t count)
{
    const size_t width = widest_name(variants, count);
    const bool are_several = count_heads(variants, count) > 1;
    table_text(out, "", width, false);
    put_versus_heading(out);
    for (size_t v = 0; v < count; v++) {
        const struct versus_means means = versus_means(variants[v].excerpts);
        put_variant_name(out, &variants[v], width);
        put_means(out, &means);
        put_change(out, variants[v].diff ? versus_largest(variants[v].diff) : NULL,
                   are_several ? variants[v].excerpts->list[0].result->problem : NULL);
    }
    if (!are_several)
        return;
    out_char(out, '\n');
    table_text(out, "", width, false);
    out_format(out, "%7s%6s", "layer", "head");
    put_versus_heading(out);
    for (size_t v = 0; v < count; v++)
        put_heads(out, &variants[v], width);
}
