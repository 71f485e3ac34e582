#include "view/summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "view/label_text.h"

/* Few files by name; many by count and the folder or file they begin and end with. */
static void write_names(char *const *names, size_t count, struct out *out)
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

static void pad(struct out *out, const char *text, size_t columns)
{
    size_t has = text_columns(text);
    out_text(out, text);
    for (; has < columns; has++)
        out_char(out, ' ');
}

/* With so many decimals, or as few digits as fit where the number is out of the ordinary. */
static void write_number(struct out *out, int width, int decimals, double value)
{
    if (isnan(value)) /* a measure that means nothing here */
        out_format(out, "%*s", width, "-");
    else if (value > -1000 && value < 1e5)
        out_format(out, "%*.*f", width, decimals, value);
    else
        out_format(out, " %*.2g", width - 1, value);
}

/* How many columns the first label of the rows takes. */
static size_t labels_width(const struct result *result)
{
    size_t most = 4; /* "from" */
    for (size_t i = 0; i < result->layer_count * result->head_count; i++) {
        const struct measures *m = &result->measures[i];
        char from[128];
        if (m->rows == 0)
            continue;
        label_text(result->problem->tokens.text[m->largest_query], from);
        size_t columns = text_columns(from);
        most = columns > most ? columns : most;
    }
    return most;
}

void summary_write(char *const *names, size_t count, const struct result *result, struct out *out)
{
    const struct problem *problem = result->problem;
    write_names(names, count, out);
    if (count > 0)
        out_char(out, '\n');
    if (result->query_count < problem->n || result->key_count < problem->m)
        out_text(out, "(of whole heads)\n");
    size_t width = labels_width(result);
    out_text(out, "layer  head  entropy  distance   first  largest  ");
    pad(out, "from", width);
    out_text(out, " → to\n");
    for (size_t l = 0; l < result->layer_count; l++) {
        for (size_t h = 0; h < result->head_count; h++) {
            const struct measures *m = &result->measures[l * result->head_count + h];
            char head[24], from[128], to[128];
            snprintf(head, sizeof head, "%zu", result->head_index[h]);
            out_format(out, "%5zu  %4s", result->layer_index[l], result->averaged ? "mean" : head);
            if (m->rows == 0) {
                out_text(out, "        -         -       -        -  no row to measure\n");
                continue;
            }
            label_text(problem->tokens.text[m->largest_query], from);
            label_text(problem->key_tokens.text[m->largest_key], to);
            write_number(out, 9, 3, m->entropy);
            write_number(out, 10, 2, m->distance);
            write_number(out, 8, 3, m->first);
            write_number(out, 9, 3, (double)m->largest);
            out_text(out, "  ");
            pad(out, from, width);
            out_format(out, " → %s\n", to);
        }
    }
}
