#include "view/order_table.h"

#include <math.h>
#include <stdio.h>

#include "base/label_text.h"
#include "base/text.h"
#include "view/table_text.h"

/* More lines are not read: of these the JSON has all numbers. */
enum { LINES_MOST = 64 };

void order_sentence(const struct ordering *ordering, char sentence[ORDER_SENTENCE])
{
    char largest[24], length[24];
    bool is_given = true;
    for (size_t i = 0; i < ordering->n; i++)
        is_given = is_given && ordering->places[i] == i;
    if (is_given || isnan(ordering->largest) || ordering->length == 0) {
        snprintf(sentence, ORDER_SENTENCE, "%s: no output could move",
                 is_given                   ? "the order is the given one"
                 : isnan(ordering->largest) ? "outputs are NaN"
                                            : "outputs are 0");
        return;
    }
    label_number(ordering->largest, largest);
    label_number(ordering->length, length);
    snprintf(sentence, ORDER_SENTENCE, "outputs moved by %s at most, of a length of up to %s: %s", largest,
             length,
             ordering->is_equivariant ? "in this order nothing goes by places (equivariant)"
                                      : "positions, masks or dropout go by places");
}

static size_t widest_token(const struct ordering *o)
{
    size_t most = 5; /* "token" */
    for (size_t i = 0; i < o->n; i++) {
        char label[128];
        label_text(labels_shown(&o->given.tokens)[i], label);
        const size_t columns = text_columns(label);
        most = columns > most ? columns : most;
    }
    return most;
}

void order_table(struct out *out, const struct ordering *ordering)
{
    const struct ordering *o = ordering;
    const size_t width = widest_token(o);
    char sentence[ORDER_SENTENCE];
    const bool are_few = o->layers * o->n <= LINES_MOST;
    if (are_few) {
        out_text(out, "\nlayer  ");
        table_text(out, "token", width, false);
        out_text(out, "  place → place      moved\n");
    } else {
        out_char(out, '\n');
    }
    for (size_t i = 0; are_few && i < o->layers * o->n; i++) {
        const size_t token = i % o->n;
        char label[128], number[24];
        label_text(labels_shown(&o->given.tokens)[token], label);
        out_format(out, "%5zu  ", problem_layer_number(&o->given, o->excerpt.layer_index[i / o->n]));
        table_text(out, label, width, false);
        out_format(out, "  %5zu → %-5zu %10s\n", token, o->places[token], label_number(o->moved[i], number));
    }
    order_sentence(o, sentence);
    out_format(out, "(%s)\n", sentence);
}
