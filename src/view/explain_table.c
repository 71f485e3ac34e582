/* Step 3 of an explanation: how weights come from the scores, and the table of keys. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/label_text.h"
#include "base/memory.h"
#include "base/text.h"
#include "view/explain_parts.h"

bool explain_has_scale(const struct explanation *e)
{
    return e->head->scale != 1 || e->head->query_scale;
}

bool explain_has_masked(const struct explanation *e)
{
    for (size_t j = 0; j < e->head->m; j++)
        if (!e->allowed[j])
            return true;
    return false;
}

bool explain_has_additions(const struct explanation *e)
{
    return e->head->bias.data || head_has_distance(e->head) || explain_has_masked(e);
}

/* Right-justified in `width` columns. */
static void table_write_cell(struct out *out, const char *text, size_t width)
{
    for (size_t has = text_columns(text); has < width; has++)
        out_char(out, ' ');
    out_text(out, text);
}

static struct explain_column *add_column(struct explain_table *table, const char *name, const double *values)
{
    struct explain_column *column = &table->columns[table->count++];
    *column = (struct explain_column){.values = values};
    snprintf(column->name, sizeof column->name, "%s", name);
    return column;
}

/* Adds a column of weights, of which the sink has its share. */
static void add_shares(struct explain_table *table, const char *name, const double *values,
                       const struct explanation *e)
{
    struct explain_column *column = add_column(table, name, values);
    column->summed = true;
    column->sum = column->sink = e->head->has_sink && e->numerators ? e->sink_numerator / e->denominator : 0;
    for (size_t j = 0; j < e->head->m; j++)
        column->sum += values[j];
}

static void plan_columns(struct explain_table *table, const struct explanation *e)
{
    char name[48], text[24];
    add_column(table, "score", e->scores);
    if (explain_has_scale(e))
        add_column(table, "scaled", e->uncapped ? e->uncapped : e->scaled);
    if (e->uncapped)
        add_column(table, "capped", e->scaled);
    if (explain_has_additions(e))
        add_column(table, "masked", e->masked);
    if (e->numerators && e->head->normalizer == NORMALIZER_SOFTMAX) {
        snprintf(name, sizeof name, "e^(s %c %s)", e->shift < 0 ? '+' : '-',
                 label_number(fabs(e->shift), text));
        struct explain_column *parts = add_column(table, name, e->numerators);
        parts->summed = true;
        parts->sink = e->sink_numerator;
        parts->sum = e->denominator;
    }
    if (e->before_factor)
        add_shares(table, "before factor", e->before_factor, e);
    if (e->first) {
        add_shares(table, "first", e->first, e);
        add_shares(table, "second", e->second, e);
    }
    if (e->before_dropout)
        add_shares(table, "before dropout", e->before_dropout, e);
    add_shares(table, "weight", e->weights, e);
}

struct weighed {
    double weight;
    size_t key;
};

/* The larger weight first, and of equal ones the earlier key. */
static int heavier(const void *a, const void *b)
{
    const struct weighed *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return (x->key > y->key) - (x->key < y->key);
}

/* The name of a key at the left of its row: "  3 \"label\"". */
static void key_name(const struct explanation *e, size_t key, char out[160])
{
    char label[128];
    label_text(labels_shown(&e->layer.problem->key_tokens)[key], label);
    snprintf(out, 160, "%3zu %s", key, label);
}

bool explain_table_make(struct explain_table *table, const struct explanation *e, size_t rows,
                        struct error *error)
{
    const size_t m = e->head->m;
    struct weighed *order = memory_alloc(m, sizeof *order, error);
    table->key_count = m < rows ? m : rows;
    table->keys = memory_alloc(table->key_count, sizeof *table->keys, error);
    for (size_t j = 0; order && table->keys && j < m; j++)
        order[j] = (struct weighed){isnan(e->weights[j]) ? 0 : e->weights[j], j};
    if (order && table->keys && table->key_count < m)
        qsort(order, m, sizeof *order, heavier);
    const bool ok = order && table->keys;
    table->name_width = NAME_WIDTH;
    for (size_t r = 0; ok && r < table->key_count; r++) {
        char name[160];
        key_name(e, table->keys[r] = order[r].key, name);
        const size_t width = text_columns(name);
        table->name_width = width > table->name_width ? width : table->name_width;
    }
    for (size_t r = table->key_count; ok && r < m; r++)
        table->rest += e->weights[order[r].key];
    free(order);
    plan_columns(table, e);
    return ok;
}

/* The new state of a recurrence after a token. Weights follow from it, because the output is linear in v. */
static const char *const steps[] = {
    [RECURRENCE_LINEAR] = "S + k⊗v",
    [RECURRENCE_GATED] = "e^decay·S + k⊗v",
    [RECURRENCE_DELTA] = "S + β·k⊗(v - Sᵀk)",
    [RECURRENCE_GATED_DELTA] = "e^decay·S, then S + β·k⊗(v - Sᵀk)",
};

static void write_recurrence(const struct explanation *e, struct out *out)
{
    char scale[24];
    out_format(out,
               "3  weights  token by token the state S becomes %s;\n"
               "            a weight is what its v gives to the output %s·Sᵀq\n",
               steps[e->head->recurrent.rule], label_number(e->head->scale, scale));
}

static void write_normalizer(const struct explanation *e, struct out *out)
{
    const struct head *head = e->head;
    char largest[24], sum[24];
    const char *s = explain_has_additions(e) ? "masked"
                    : e->uncapped            ? "capped"
                    : explain_has_scale(e)   ? "scaled"
                                             : "score";
    label_number(fabs(e->shift), largest);
    label_number(e->denominator, sum);
    const char sign = e->shift < 0 ? '+' : '-';
    out_text(out, "3  weights  ");
    if (head->normalizer == NORMALIZER_SPARSEMAX)
        out_format(out, "sparsemax: weight = %s %c %s, or 0 where that is less", s, sign, largest);
    else if (head->normalizer == NORMALIZER_ENTMAX15)
        out_format(out, "entmax15: weight = (%s/2 %c %s)², or 0 where the bracket is less than 0", s, sign,
                   largest);
    else if (head->normalizer == NORMALIZER_SIGMOID)
        out_format(out, "sigmoid: weight = 1/(1 + e^-%s), each key by itself", s);
    else if (head->normalizer == NORMALIZER_LINEAR && e->denominator == 0)
        out_text(out, "weight = 0, because the sum of the row is 0");
    else if (head->normalizer == NORMALIZER_LINEAR)
        out_format(out, "weight = %s/%s, the sum of the row", s, sum);
    else
        out_format(out, "softmax: weight = e^(s %c %s)/%s with s = %s", sign, largest, sum, s);
    if (head->top_k > 0 && head->top_k < head->m)
        out_format(out, ", of the %zu largest; the others weigh 0", head->top_k);
    if (e->before_factor) {
        out_text(out, ";\n            then times e^(-(j - ");
        out_format(out, "%s)²/(2·", label_number((double)head->center[e->query], sum));
        out_format(out, "%s²)), j the key",
                   label_number((double)head->sigma[e->query * head->sigma_step], sum));
    }
    if (e->first)
        out_format(out, ";\n            less %s times the weight of the second head, number %zu of q",
                   label_number(head->minus_share, sum), 2 * e->head_number + 1);
    if (e->before_dropout)
        out_format(out, "; dropout makes it 0, or divides it by 1 - %s", label_number(head->dropout, sum));
    out_char(out, '\n');
}

static void table_write_value(struct out *out, const struct explain_column *column, const char *text)
{
    size_t width = text_columns(column->name);
    out_text(out, "  ");
    table_write_cell(out, text, width > CELL_WIDTH ? width : CELL_WIDTH);
}

/* The name at the left of a row. */
static void table_write_name(const struct explain_table *table, const char *name, struct out *out)
{
    out_format(out, "   %s", name);
    for (size_t has = text_columns(name); has < table->name_width; has++)
        out_char(out, ' ');
}

/* The row of the sink, or the row of the sums. */
static void table_write_sums(const struct explain_table *table, const char *name, bool sink, struct out *out)
{
    char text[24];
    table_write_name(table, name, out);
    for (size_t c = 0; c < table->count; c++) {
        const struct explain_column *column = &table->columns[c];
        label_number(sink ? column->sink : column->sum, text);
        table_write_value(out, column, column->summed ? text : "");
    }
    out_char(out, '\n');
}

/* The row of the keys that have none of their own. */
static void table_write_others(const struct explanation *e, const struct explain_table *table,
                               struct out *out)
{
    const size_t count = e->head->m - table->key_count;
    char name[48], text[24];
    snprintf(name, sizeof name, "%zu other%s", count, count == 1 ? "" : "s");
    table_write_name(table, name, out);
    for (size_t c = 0; c < table->count; c++)
        table_write_value(out, &table->columns[c],
                          c + 1 == table->count ? label_number(table->rest, text) : "");
    out_char(out, '\n');
}

void explain_table_write(const struct explanation *e, const struct explain_table *table, struct out *out)
{
    char name[160], text[24];
    (e->numerators ? write_normalizer : write_recurrence)(e, out);
    out_char(out, '\n');
    table_write_name(table, "key", out);
    for (size_t c = 0; c < table->count; c++)
        table_write_value(out, &table->columns[c], table->columns[c].name);
    out_char(out, '\n');
    for (size_t r = 0; r < table->key_count; r++) {
        const size_t key = table->keys[r];
        key_name(e, key, name);
        table_write_name(table, name, out);
        for (size_t c = 0; c < table->count; c++)
            table_write_value(out, &table->columns[c], label_number(table->columns[c].values[key], text));
        out_char(out, '\n');
    }
    if (table->key_count < e->head->m)
        table_write_others(e, table, out);
    if (e->head->has_sink)
        table_write_sums(table, "sink", true, out);
    table_write_sums(table, "sum", false, out);
}
