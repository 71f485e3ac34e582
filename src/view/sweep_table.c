#include "view/sweep_table.h"

#include <math.h>

#include "base/label_text.h"
#include "base/text.h"
#include "view/table_text.h"

enum { NUMBER_WIDTH = 11, LARGEST_WIDTH = 21 };

static void write_value(struct out *out, double value)
{
    char text[24];
    table_text(out, isnan(value) ? "-" : label_number(value, text), NUMBER_WIDTH, true);
}

/* The name of a key: "3 \"time\"". */
static const char *key_text(const struct explain_steps *steps, size_t key, char out[160])
{
    label_numbered(key, labels_shown(steps->key_tokens)[key], out);
    return out;
}

static size_t key_width(const struct explain_steps *steps, size_t key)
{
    char name[160];
    const size_t width = text_columns(key_text(steps, key, name));
    return width > NUMBER_WIDTH - 2 ? width + 2 : NUMBER_WIDTH;
}

void sweep_table(const struct sweep *sweep, const struct explain_steps *steps, struct out *out)
{
    char name[160], text[24];
    label_numbered(steps->query, labels_shown(steps->tokens)[steps->query], name);
    out_format(out, "layer %zu, head %zu: query %s by %s\n\n", steps->layer, steps->head, name,
               sweep->range->name);
    table_text(out, sweep->range->name, NUMBER_WIDTH, true);
    table_text(out, "entropy", NUMBER_WIDTH, true);
    table_text(out, "largest", NUMBER_WIDTH, true);
    table_text(out, "  of key", LARGEST_WIDTH, false);
    for (size_t r = 0; r < steps->row_count; r++)
        table_text(out, key_text(steps, steps->rows[r], name), key_width(steps, steps->rows[r]), true);
    out_char(out, '\n');
    for (size_t i = 0; i < sweep->range->count; i++) {
        const struct sweep_row *row = &sweep->rows[i];
        write_value(out, sweep->range->values[i]);
        write_value(out, row->entropy);
        write_value(out, row->largest);
        out_text(out, "  ");
        table_text(out, row->key == SIZE_MAX ? "-" : key_text(steps, row->key, name), LARGEST_WIDTH - 2,
                   false);
        for (size_t r = 0; r < steps->row_count; r++)
            table_text(out, label_number((double)sweep->weights[i * sweep->keys + steps->rows[r]], text),
                       key_width(steps, steps->rows[r]), true);
        out_char(out, '\n');
    }
}
