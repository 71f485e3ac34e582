#include "write/growth_json.h"

#include <inttypes.h>
#include <stdint.h>

/* A number of each length. */
static void growth_list(const struct growth *growth, enum growth_form form, const char *name,
                        double (*number)(const struct growth_cost *cost), struct out *out)
{
    out_format(out, ",\"%s\":[", name);
    for (size_t i = 0; i < growth->count; i++) {
        out_text(out, i > 0 ? "," : "");
        out_double(out, number(&growth->cost[form][i]));
    }
    out_char(out, ']');
}

static double pairs_of(const struct growth_cost *cost)
{
    return cost->pairs;
}

static double multiply_adds_of(const struct growth_cost *cost)
{
    return cost->multiply_adds;
}

static double measured_seconds(const struct growth_cost *cost)
{
    return cost->seconds;
}

void write_growth(const struct growth *growth, struct out *out)
{
    out_format(out, "{\"schema\":\"attn-growth/1\",\"d_k\":%zu,\"d_v\":%zu", growth->d_k, growth->d_v);
    if (growth->threads > 0)
        out_format(out, ",\"threads\":%d", growth->threads);
    out_text(out, ",\"tokens\":[");
    for (size_t i = 0; i < growth->count; i++)
        out_format(out, "%s%zu", i > 0 ? "," : "", growth->lengths[i]);
    out_text(out, "],\n\"forms\":[");
    for (enum growth_form form = 0; form < GROWTH_FORMS; form++) {
        out_format(out, "%s{\"form\":\"%s\"", form > 0 ? ",\n" : "", growth_names[form]);
        if (form == GROWTH_WINDOW)
            out_format(out, ",\"window\":[%" PRId64 ",%" PRId64 "],\"chosen\":%s", growth->window[0],
                       growth->window[1], growth->is_window_chosen ? "true" : "false");
        if (form == GROWTH_BLOCK)
            out_format(out, ",\"block\":%zu,\"chosen\":%s", growth->block,
                       growth->is_block_chosen ? "true" : "false");
        growth_list(growth, form, "pairs", pairs_of, out);
        growth_list(growth, form, "multiply_adds", multiply_adds_of, out);
        if (growth->threads > 0)
            growth_list(growth, form, "seconds", measured_seconds, out);
        out_char(out, '}');
    }
    out_text(out, "]}\n");
}
