#include "view/sweep_table.h"

#include <math.h>
#include <stdio.h>

#include "base/label_text.h"
#include "base/text.h"

enum { NUMBER_WIDTH = 11, LARGEST_WIDTH = 21 };

static void write_padded(struct out *out, const char *text, size_t width, bool at_left)
{
    const size_t has = text_columns(text);
    out_text(out, at_left ? text : "");
    for (size_t i = has; i < width; i++)
        out_char(out, ' ');
    out_text(out, at_left ? "" : text);
}

static void write_value(struct out *out, double value)
{
    char text[24];
    write_padded(out, isnan(value) ? "-" : label_number(value, text), NUMBER_WIDTH, false);
}

/* The name of a key: "3 \"time\"". */
static const char *key_text(const struct explain_steps *steps, size_t key, char out[160])
{
    char label[128];
    label_text(labels_shown(steps->key_tokens)[key], label);
    snprintf(out, 160, "%zu %s", key, label);
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
    label_text(labels_shown(steps->tokens)[steps->query], name);
    out_format(out, "layer %zu, head %zu: query %zu %s by %s\n\n", steps->layer, steps->head, steps->query,
               name, sweep->range->name);
    write_padded(out, sweep->range->name, NUMBER_WIDTH, false);
    write_padded(out, "entropy", NUMBER_WIDTH, false);
    write_padded(out, "largest", NUMBER_WIDTH, false);
    write_padded(out, "  of key", LARGEST_WIDTH, true);
    for (size_t r = 0; r < steps->row_count; r++)
        write_padded(out, key_text(steps, steps->rows[r], name), key_width(steps, steps->rows[r]), false);
    out_char(out, '\n');
    for (size_t i = 0; i < sweep->range->count; i++) {
        const struct sweep_row *row = &sweep->rows[i];
        write_value(out, sweep->range->values[i]);
        write_value(out, row->entropy);
        write_value(out, row->largest);
        out_text(out, "  ");
        write_padded(out, row->key == SIZE_MAX ? "-" : key_text(steps, row->key, name), LARGEST_WIDTH - 2,
                     true);
        for (size_t r = 0; r < steps->row_count; r++)
            write_padded(out, label_number((double)sweep->weights[i * sweep->keys + steps->rows[r]], text),
                         key_width(steps, steps->rows[r]), false);
        out_char(out, '\n');
    }
}
