#include "view/explain_text.h"

#include "base/label_text.h"
#include "base/text.h"
#include "view/explain_table.h"
#include "view/vector_text.h"

/* How many numbers of a vector and how many heads are written out, and the column that the steps begin in. */
enum { VECTOR_SHOWN = 8, HEADS_SHOWN = 8, STEP_INDENT = 12, NOTE_INDENT = 3 };

static void write_number(struct out *out, double x)
{
    char text[24];
    out_text(out, label_number(x, text));
}

static void write_indent(struct out *out, size_t columns)
{
    while (columns-- > 0)
        out_char(out, ' ');
}

/* Lines, all but the first behind an indent; and their end. */
static void write_lines(struct out *out, const char *lines, size_t indent)
{
    for (const char *at = lines; *at; at++) {
        out_char(out, *at);
        if (*at == '\n')
            write_indent(out, indent);
    }
    out_char(out, '\n');
}

/* A key in a sentence: "3 \"time\"". Returns its columns. */
static size_t name_key(const struct explain_steps *steps, size_t key, char out[160])
{
    label_numbered(key, labels_shown(steps->key_tokens)[key], out);
    return text_columns(out);
}

/* "with key 3 \"time\" (3, 0): "; the names are `width` columns wide. */
static void write_key(const struct explain_steps *steps, const struct explain_term *term, size_t width,
                      struct out *out)
{
    char name[160];
    const size_t has = name_key(steps, term->key, name);
    out_format(out, "with key %s", name);
    if (term->vector) {
        write_indent(out, has < width ? width - has + 1 : 1);
        vector_write(out, term->vector, NULL, term->count, VECTOR_SHOWN, NULL);
    }
    out_text(out, ": ");
}

/* A term that stands by itself: "q = (1, 0)", "with key 3 \"time\" (3, 0): 1·3 + 0·0 = 3". */
static void write_term(const struct explain_steps *steps, const struct explain_term *term, size_t width,
                       struct out *out)
{
    if (term->name)
        out_format(out, "%s = ", term->name);
    else
        write_key(steps, term, width, out);
    if (term->written)
        out_format(out, "%s = ", term->written);
    if (term->vector && !term->written)
        vector_write(out, term->vector, NULL, term->count, VECTOR_SHOWN, NULL);
    else
        write_number(out, term->number);
    out_text(out, term->note ? term->note : "");
    out_char(out, '\n');
}

/* The terms of a step, each by itself. */
static void write_terms(const struct explain_steps *steps, const struct explain_step *step, struct out *out)
{
    size_t width = 0;
    char name[160];
    for (size_t t = 0; t < step->term_count; t++)
        if (!step->terms[t].name && name_key(steps, step->terms[t].key, name) > width)
            width = text_columns(name);
    for (size_t t = 0; t < step->term_count; t++) {
        write_indent(out, t > 0 || step->formula ? STEP_INDENT : 0);
        write_term(steps, &step->terms[t], width, out);
    }
}

/* "head 0    (1, 2)·w_o = (3, 4)", "b_o       (1, 2)". */
static void write_named(const struct explain_term *term, struct out *out)
{
    out_format(out, "%-9s ", term->name);
    vector_write(out, term->vector, term->head, term->count, VECTOR_SHOWN, NULL);
    if (term->head) {
        out_text(out, "·w_o = ");
        vector_write(out, NULL, term->carried, term->carried_count, VECTOR_SHOWN, NULL);
    }
    out_char(out, '\n');
}

/* A factor and a value: "0.5388    · (3, 1)   "time"". */
static void write_weighed(const struct explain_steps *steps, const struct explain_term *term, struct out *out)
{
    char text[24], label[128];
    label_text(labels_shown(steps->key_tokens)[term->key], label);
    out_format(out, "%-9s · ", label_number(term->number, text));
    vector_write(out, term->vector, NULL, term->count, VECTOR_SHOWN, NULL);
    out_format(out, "   %s\n", label);
}

/* Terms that are added up, under one another; of many heads the first. */
static void write_total(const struct explain_steps *steps, const struct explain_step *step, struct out *out)
{
    for (size_t t = 0; t < step->term_count; t++) {
        const struct explain_term *term = &step->terms[t];
        if (term->head && t == HEADS_SHOWN)
            out_text(out, "   + …\n");
        if (term->head && t >= HEADS_SHOWN)
            continue;
        out_text(out, t > 0 ? "   + " : "     ");
        if (term->name)
            write_named(term, out);
        else
            write_weighed(steps, term, out);
    }
    if (step->has_more)
        out_text(out, step->term_count > 0 ? "   + …\n" : "     …\n");
    if (step->addend)
        out_format(out, "   + %s\n", step->addend);
    out_text(out, "   = ");
    vector_write(out, NULL, step->total, step->total_count, VECTOR_SHOWN, NULL);
    out_char(out, '\n');
    if (!step->carried)
        return;
    out_format(out, "   %s = ", step->onward);
    vector_write(out, NULL, step->carried, step->carried_count, VECTOR_SHOWN, NULL);
    out_text(out, ", what this head gives to the layer\n");
}

static void write_step(const struct explain_steps *steps, const struct explain_step *step, size_t number,
                       struct out *out)
{
    out_format(out, "%s%zu  %-9s", step->total ? "\n" : "", number, step->title);
    if (step->formula)
        write_lines(out, step->formula, STEP_INDENT);
    if (!step->total)
        write_terms(steps, step, out);
    if (step->has_columns) {
        out_char(out, '\n');
        explain_table(steps, out);
    }
    if (step->total)
        write_total(steps, step, out);
    if (step->note) {
        write_indent(out, NOTE_INDENT);
        write_lines(out, step->note, NOTE_INDENT);
    }
}

void explain_text(const struct explain_steps *steps, struct out *out)
{
    char name[160];
    label_numbered(steps->query, labels_shown(steps->tokens)[steps->query], name);
    out_format(out, "layer %zu, head %zu: what query %s makes of %zu key%s\n\n", steps->layer, steps->head,
               name, steps->key_count, steps->key_count == 1 ? "" : "s");
    for (size_t s = 0, number = 1; s < steps->step_count; s++)
        if (!steps->steps[s].is_silent)
            write_step(steps, &steps->steps[s], number++, out);
    if (!steps->why)
        return;
    out_text(out, "\n   ");
    write_lines(out, steps->why, NOTE_INDENT);
}
