#include "write/versus.h"

#include <math.h>

#include "write/csv.h"

/* ---- JSON ---- */

/* The largest change, and where it is. */
static void change_json(struct out *out, const struct diff_head *head, bool says_head)
{
    if (!head || !versus_is_compared(head)) {
        out_text(out, ",\"change\":null");
        return;
    }
    out_text(out, ",\"change\":{");
    if (says_head)
        out_format(out, "\"layer\":%zu,\"head\":%zu,", head->layer, head->head);
    out_text(out, "\"max\":");
    out_float(out, (float)head->max);
    out_format(out, ",\"at\":[%zu,%zu],\"at_variant\":[%zu,%zu],\"values\":[", head->at[0][0], head->at[0][1],
               head->at[1][0], head->at[1][1]);
    out_float(out, head->value[0]);
    out_char(out, ',');
    out_float(out, head->value[1]);
    out_text(out, "]}");
}

static void named_json(struct out *out, const char *name, double value)
{
    out_format(out, ",\"%s\":", name);
    out_float(out, (float)value);
}

static void versus_head_json(struct out *out, const struct versus_variant *variant, const struct excerpt *e,
                             size_t l, size_t h)
{
    const struct measures *m = excerpt_measures(e, l, h);
    out_format(out, "{\"layer\":%zu,\"head\":%zu", excerpt_layer(e, l), excerpt_head_number(e, l, h));
    named_json(out, "entropy", m->entropy);
    named_json(out, "max_weight", (double)m->largest);
    if (m->rows > 0)
        out_format(out, ",\"max_at\":[%zu,%zu]", m->largest_query, m->largest_key);
    else
        out_text(out, ",\"max_at\":null");
    named_json(out, "mean_distance", m->distance);
    named_json(out, "first_token", m->first);
    change_json(out, versus_head(variant, e, l, h), false);
    out_char(out, '}');
}

static void variant_json(struct out *out, const struct versus_variant *variant)
{
    const struct versus_means means = versus_means(variant->excerpts);
    bool any = false;
    out_text(out, "{\"options\":");
    out_quoted(out, variant->options);
    named_json(out, "entropy", means.entropy);
    named_json(out, "max_weight", means.largest);
    named_json(out, "mean_distance", means.distance);
    named_json(out, "first_token", means.first);
    change_json(out, variant->diff ? versus_largest(variant->diff) : NULL, true);
    out_text(out, ",\n\"heads\":[");
    for (size_t i = 0; i < variant->excerpts->count; i++) {
        const struct excerpt *e = &variant->excerpts->list[i];
        for (size_t k = 0; k < e->layer_count * e->head_count; k++, any = true) {
            out_text(out, any ? ",\n" : "\n");
            versus_head_json(out, variant, e, k / e->head_count, k % e->head_count);
        }
    }
    out_text(out, "]}");
}

void versus_json(struct out *out, const struct versus_variant *variants, size_t count)
{
    out_text(out, "{\"schema\":\"attn-versus/1\",\n\"variants\":[");
    for (size_t v = 0; v < count; v++) {
        out_text(out, v > 0 ? ",\n" : "\n");
        variant_json(out, &variants[v]);
    }
    out_text(out, "]}\n");
}

/* ---- CSV ---- */

static void number_csv(struct out *out, double value)
{
    out_char(out, ',');
    if (isfinite(value))
        csv_value(out, (float)value);
}

static void change_csv(struct out *out, const struct diff_head *head)
{
    if (!head || !versus_is_compared(head)) {
        out_text(out, ",,,,,,,\n");
        return;
    }
    number_csv(out, head->max);
    out_format(out, ",%zu,%zu,%zu,%zu", head->at[0][0], head->at[0][1], head->at[1][0], head->at[1][1]);
    number_csv(out, (double)head->value[0]);
    number_csv(out, (double)head->value[1]);
    out_char(out, '\n');
}

static void versus_head_csv(struct out *out, const struct versus_variant *variant, const struct excerpt *e,
                            size_t l, size_t h)
{
    const struct measures *m = excerpt_measures(e, l, h);
    out_format(out, ",%zu,%zu", excerpt_layer(e, l), excerpt_head_number(e, l, h));
    number_csv(out, m->entropy);
    number_csv(out, (double)m->largest);
    if (m->rows > 0)
        out_format(out, ",%zu,%zu", m->largest_query, m->largest_key);
    else
        out_text(out, ",,");
    number_csv(out, m->distance);
    number_csv(out, m->first);
    change_csv(out, versus_head(variant, e, l, h));
}

void versus_csv(struct out *out, const struct versus_variant *variants, size_t count)
{
    out_text(
        out,
        "variant,options,layer,head,entropy,max_weight,max_at_query,max_at_key,mean_distance,first_token,"
        "max_change,query,key,query_variant,key_variant,value,value_variant\n");
    for (size_t v = 0; v < count; v++)
        for (size_t i = 0; i < variants[v].excerpts->count; i++) {
            const struct excerpt *e = &variants[v].excerpts->list[i];
            for (size_t k = 0; k < e->layer_count * e->head_count; k++) {
                out_format(out, "%zu,", v);
                csv_field(out, variants[v].options);
                versus_head_csv(out, &variants[v], e, k / e->head_count, k % e->head_count);
            }
        }
}
