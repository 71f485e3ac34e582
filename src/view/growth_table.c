#include "view/growth_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compute/growth_time.h"
#include "view/table_text.h"

enum { LENGTH_WIDTH = 10, COST_WIDTH = 15, NAMES_APART = 2 };

void growth_name(const struct growth *growth, enum growth_form form, char name[GROWTH_NAME])
{
    if (form == GROWTH_WINDOW)
        snprintf(name, GROWTH_NAME, "window %" PRId64 ",%" PRId64, growth->window[0], growth->window[1]);
    else if (form == GROWTH_BLOCK)
        snprintf(name, GROWTH_NAME, "block %zu", growth->block);
    else
        snprintf(name, GROWTH_NAME, "%s", growth_names[form]);
}

/* Three digits of a number from 1 to 1000, or more. */
static void put_three(double number, const char *unit, char text[16])
{
    const int decimals = number < 9.995 ? 2 : number < 99.95 ? 1 : 0;
    snprintf(text, 16, "%.*f%s%s", decimals, number, *unit ? " " : "", unit);
}

void growth_number(double number, char text[16])
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
    size_t unit = 0;
    for (; number >= 999.5 && unit + 1 < sizeof units / sizeof *units; unit++)
        number /= 1000;
    if (isnan(number))
        snprintf(text, 16, "-");
    else if (unit == 0)
        snprintf(text, 16, "%.0f", number);
    else
        put_three(number, units[unit], text);
}

void growth_seconds(double seconds, char text[16])
{
    static const char *const units[] = {"s", "ms", "µs"};
    size_t unit = 0;
    for (; seconds < 0.9995 && unit + 1 < sizeof units / sizeof *units; unit++)
        seconds *= 1000;
    if (isnan(seconds))
        snprintf(text, 16, "-");
    else
        put_three(seconds, units[unit], text);
}

static double growth_products_of(const struct growth_cost *cost)
{
    return cost->multiply_adds;
}

static double growth_seconds_of(const struct growth_cost *cost)
{
    return cost->seconds;
}

/* How often as much the last length that is known costs as the one before, if there are two. */
static void put_ratio(const struct growth *growth, enum growth_form form,
                      double (*number)(const struct growth_cost *cost), char text[16])
{
    size_t last = growth->count;
    while (last > 1 && isnan(number(&growth->cost[form][last - 1])))
        last--;
    if (last < 2)
        snprintf(text, 16, "-");
    else
        snprintf(text, 16, "× %.3g",
                 number(&growth->cost[form][last - 1]) / number(&growth->cost[form][last - 2]));
}

/* The width of the columns of forms. */
static size_t cost_width(const struct growth *growth)
{
    size_t width = COST_WIDTH;
    for (enum growth_form form = 0; form < GROWTH_FORMS; form++) {
        char name[GROWTH_NAME];
        growth_name(growth, form, name);
        const size_t wanted = strlen(name) + NAMES_APART;
        width = wanted > width ? wanted : width;
    }
    return width;
}

/* A line a length. */
static void put_lines(const struct growth *growth, double (*number)(const struct growth_cost *cost),
                      void (*write)(double number, char text[16]), struct out *out)
{
    char text[GROWTH_NAME];
    const size_t width = cost_width(growth);
    table_text(out, "tokens", LENGTH_WIDTH, true);
    for (enum growth_form form = 0; form < GROWTH_FORMS; form++) {
        growth_name(growth, form, text);
        table_text(out, text, width, true);
    }
    out_char(out, '\n');
    for (size_t i = 0; i < growth->count; i++) {
        out_format(out, "%*zu", LENGTH_WIDTH, growth->lengths[i]);
        for (enum growth_form form = 0; form < GROWTH_FORMS; form++) {
            write(number(&growth->cost[form][i]), text);
            table_text(out, text, width, true);
        }
        out_char(out, '\n');
    }
    table_text(out, "× 2", LENGTH_WIDTH, true);
    for (enum growth_form form = 0; form < GROWTH_FORMS; form++) {
        put_ratio(growth, form, number, text);
        table_text(out, text, width, true);
    }
    out_char(out, '\n');
}

/* Whether a time was not measured. */
static bool has_unmeasured(const struct growth *growth)
{
    for (enum growth_form form = 0; form < GROWTH_FORMS; form++)
        if (isnan(growth->cost[form][growth->count - 1].seconds))
            return true;
    return false;
}

void growth_table(const struct growth *growth, struct out *out)
{
    out_format(out, "one head, d_k %zu, d_v %zu: multiply-adds of scores and output\n\n", growth->d_k,
               growth->d_v);
    put_lines(growth, growth_products_of, growth_number, out);
    if (growth->threads == 0)
        return;
    out_format(out, "\nits output measured here, %d thread%s\n\n", growth->threads,
               growth->threads == 1 ? "" : "s");
    put_lines(growth, growth_seconds_of, growth_seconds, out);
    if (has_unmeasured(growth))
        out_format(out, "\n-: would take longer than %d s, and was not run\n", GROWTH_SECONDS);
}
