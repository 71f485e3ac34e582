#include "write/form_costs_json.h"

#include <inttypes.h>

/* The settings of a form, where it has any. */
static void form_widths(const struct form_costs *costs, enum cost_form form, struct out *out)
{
    if (form == FORM_WINDOW && !costs->windows_differ)
        out_format(out, ",\"window\":[%" PRId64 ",%" PRId64 "]", costs->window[0], costs->window[1]);
    if (form == FORM_BLOCK)
        out_format(out, ",\"block\":%" PRId64, costs->block);
    if (form == FORM_WINDOW || form == FORM_BLOCK)
        out_format(out, ",\"chosen\":%s",
                   (form == FORM_WINDOW ? costs->is_window_chosen : costs->is_block_chosen) ? "true"
                                                                                            : "false");
}

static void count_number(const char *name, double count, struct out *out)
{
    out_format(out, ",\"%s\":", name);
    out_double(out, count);
}

void write_form_costs(const struct form_costs *costs, struct out *out)
{
    out_format(out, "{\"schema\":\"attn-cost/1\",\"layer\":%zu,\"queries\":%zu,\"keys\":%zu,\"heads\":%zu",
               costs->layer, costs->queries, costs->keys, costs->heads);
    if (costs->has_width)
        out_format(out, ",\"d_k\":%zu", costs->d_k);
    out_format(out, ",\"d_v\":%zu,\n\"forms\":[", costs->d_v);
    for (enum cost_form form = 0; form < FORM_COUNT; form++) {
        const struct form_cost *cost = &costs->forms[form];
        out_format(out, "%s{\"form\":\"%s\"", form > 0 ? ",\n" : "", form_names[form]);
        form_widths(costs, form, out);
        count_number("pairs", cost->pairs, out);
        count_number("multiply_adds", cost->multiply_adds, out);
        count_number("bytes", cost->bytes, out);
        out_char(out, '}');
    }
    out_text(out, "]}\n");
}
