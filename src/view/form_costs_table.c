#include "view/form_costs_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "view/table_text.h"

enum { NAME_WIDTH = 22 };

/* "window 3,3", "block 4", "given". */
static void name_form(const struct form_costs *costs, enum cost_form form, char name[64])
{
    const char *chosen = "";
    if (form == FORM_WINDOW && costs->windows_differ) {
        snprintf(name, 64, "window, by head");
    } else if (form == FORM_WINDOW) {
        chosen = costs->is_window_chosen ? " (√m)" : "";
        snprintf(name, 64, "window %" PRId64 ",%" PRId64 "%s", costs->window[0], costs->window[1], chosen);
    } else if (form == FORM_BLOCK) {
        chosen = costs->is_block_chosen ? " (√n)" : "";
        snprintf(name, 64, "block %" PRId64 "%s", costs->block, chosen);
    } else {
        snprintf(name, 64, "%s", form == FORM_GIVEN ? "as given" : form_names[form]);
    }
}

static void put_count(double count, int width, struct out *out)
{
    if (!isnan(count))
        out_format(out, "%*.0f", width, count);
    else
        out_format(out, "%*s", width, "-");
}

static void cost_line(const struct form_costs *costs, enum cost_form form, struct out *out)
{
    const struct form_cost *cost = &costs->forms[form];
    const double whole = costs->forms[FORM_FULL].multiply_adds;
    char name[64];
    name_form(costs, form, name);
    table_text(out, name, NAME_WIDTH, false);
    put_count(cost->pairs, 16, out);
    put_count(cost->multiply_adds, 20, out);
    put_count(cost->bytes, 18, out);
    if (whole > 0 && !isnan(cost->multiply_adds))
        out_format(out, "%9.3g%%", 100 * cost->multiply_adds / whole);
    out_char(out, '\n');
}

void form_costs_table(const struct form_costs *costs, struct out *out)
{
    out_format(out, "layer %zu: %zu queries, %zu keys, %zu head%s", costs->layer, costs->queries, costs->keys,
               costs->heads, costs->heads == 1 ? "" : "s");
    if (costs->has_width)
        out_format(out, ", d_k %zu, d_v %zu", costs->d_k, costs->d_v);
    out_format(out, "\n\n%-22s%16s%20s%18s%s\n", "form", "pairs", "multiply-adds", "bytes",
               costs->has_width ? "   of full" : "");
    for (enum cost_form form = 0; form < FORM_COUNT; form++)
        cost_line(costs, form, out);
}
