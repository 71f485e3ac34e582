/* An explanation as one would write it on a board. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/explain_text.h"
#include "cmd/summary.h"

/* Numbers of a vector, and products of a sum, that are written out. */
enum { VECTOR_SHOWN = 8, TERMS_SHOWN = 6 };

/* Four digits; no minus before a zero. Needs 24 bytes. Returns `out`. */
static const char *number(double x, char out[24])
{
    if (isnan(x))
        return strcpy(out, "NaN");
    if (isinf(x))
        return strcpy(out, x < 0 ? "-∞" : "∞");
    snprintf(out, 24, "%.4g", x == 0 ? 0 : x);
    return out;
}

static void write_number(struct out *out, double x)
{
    char text[24];
    out_text(out, number(x, text));
}

/* As a factor: in brackets where it is negative. */
static void write_factor(struct out *out, double x)
{
    char text[24];
    out_format(out, x < 0 ? "(%s)" : "%s", number(x, text));
}

/* Right-justified in so many columns. */
static void write_cell(struct out *out, const char *text, size_t width)
{
    for (size_t has = text_columns(text); has < width; has++)
        out_char(out, ' ');
    out_text(out, text);
}

/* "(1, 2, 3)", or its begin and how many there are. */
static void write_vector(struct out *out, const float *x, size_t count)
{
    out_char(out, '(');
    for (size_t c = 0; c < count && c < VECTOR_SHOWN; c++) {
        out_text(out, c > 0 ? ", " : "");
        write_number(out, (double)x[c]);
    }
    if (count > VECTOR_SHOWN)
        out_format(out, ", … %zu numbers", count);
    out_char(out, ')');
}

static const struct problem_layer *form(const struct explanation *e)
{
    return &e->layer.problem->layers[e->layer.index];
}

/* ---- step 1 ---- */

static void write_query(const struct explanation *e, size_t head, struct out *out)
{
    const struct problem_layer *layer = form(e);
    const struct layer *made = &e->layer;
    const struct operand *q = &made->operand[0];
    const struct grid given = layer_operand(made, 0, head * q->heads / made->problem->heads);
    const bool turned = layer->settings.position == POSITION_ROTARY ||
                        layer->settings.position == POSITION_ROTARY_INTERLEAVED;
    out_text(out, "1  query    q = ");
    write_vector(out, given.data + e->query * given.row, q->columns);
    if (turned)
        out_format(out, ", turned by its position %lld", (long long)(e->head->offset + (int64_t)e->query));
    out_char(out, '\n');
    if (!made->compared[0].owned)
        return;
    const char *what = layer->settings.normalizer == NORMALIZER_LINEAR ? "φ(q) = elu(q) + 1 = "
                       : layer->settings.score == SCORE_COSINE         ? "q/|q| = "
                       : layer->settings.score == SCORE_GENERAL        ? "qW = "
                                                                       : "qW₁ = ";
    out_format(out, "            %s", what);
    write_vector(out, e->head->q.data + e->query * e->head->q.row, e->head->d_k);
    out_char(out, '\n');
}

/* ---- step 2 ---- */

/* What stands for q and k where they meet. */
static const char *score_formula(const struct problem_layer *layer)
{
    if (layer->settings.normalizer == NORMALIZER_LINEAR)
        return "φ(q)·φ(k)";
    switch (layer->settings.score) {
    case SCORE_COSINE:
        return "q·k/(|q||k|)";
    case SCORE_GENERAL:
        return "qW·k";
    case SCORE_ADDITIVE:
        return "v·tanh(q + k)";
    default:
        return "q·k";
    }
}

static bool has_scale(const struct explanation *e)
{
    return e->head->scale != 1;
}

static bool has_forbidden(const struct explanation *e)
{
    for (size_t j = 0; j < e->head->m; j++)
        if (!e->allowed[j])
            return true;
    return false;
}

/* Whether the stage masked is other than scaled for some key. */
static bool has_mask(const struct explanation *e)
{
    return e->head->bias.data || e->head->distance || has_forbidden(e);
}

static void write_scaling(const struct explanation *e, struct out *out)
{
    const struct head *head = e->head;
    char text[24];
    if (has_scale(e)) {
        const double root = 1 / sqrt((double)head->d_k);
        if (fabs(head->scale - root) < 1e-12)
            out_format(out, ", scaled = score/√%zu", head->d_k);
        else
            out_format(out, ", scaled = %s·score", number(head->scale, text));
    }
    if (e->uncapped)
        out_format(out, ", capped = %s·tanh(%s/%s)", number(head->softcap, text),
                   has_scale(e) ? "scaled" : "score", text);
    out_text(out, has_mask(e) ? ", masked:" : "");
    out_text(out, e->head->bias.data ? " + bias" : "");
    out_text(out, e->head->distance ? " + position" : "");
    if (has_forbidden(e))
        out_format(out, "%s -∞ where it may not look", e->head->bias.data || e->head->distance ? "," : "");
    out_char(out, '\n');
}

/* "1·2 + 3·(-4) + … = -10" of one key. */
static void write_terms(const struct explanation *e, size_t key, struct out *out)
{
    const struct head *head = e->head;
    const float *q = head->q.data + e->query * head->q.row, *k = head->k.data + key * head->k.row;
    for (size_t c = 0; c < head->d_k && (c < TERMS_SHOWN || head->d_k <= VECTOR_SHOWN); c++) {
        out_text(out, c > 0 ? " + " : "");
        if (head->additive) {
            write_factor(out, (double)head->additive[c]);
            out_text(out, "·tanh(");
            write_number(out, (double)q[c]);
            out_text(out, " + ");
            write_factor(out, (double)k[c]);
            out_char(out, ')');
        } else {
            write_factor(out, (double)q[c]);
            out_text(out, "·");
            write_factor(out, (double)k[c]);
        }
    }
    out_text(out, head->d_k > VECTOR_SHOWN ? " + … = " : " = ");
    write_number(out, e->scores[key]);
}

/* The key that gets most, of those that are seen; m where none is. */
static size_t heaviest(const struct explanation *e)
{
    size_t best = e->head->m;
    for (size_t j = 0; j < e->head->m; j++)
        if (e->allowed[j] && (best == e->head->m || e->weights[j] > e->weights[best]))
            best = j;
    return best;
}

static void write_key(const struct explanation *e, size_t key, struct out *out)
{
    char label[128];
    summary_label(e->layer.problem->key_tokens.text[key], label);
    out_format(out, "%zu %s", key, label);
}

static void write_scores(const struct explanation *e, struct out *out)
{
    size_t key = heaviest(e);
    out_format(out, "2  scores   score = %s", score_formula(form(e)));
    write_scaling(e, out);
    if (key == e->head->m)
        return;
    out_text(out, "            with key ");
    write_key(e, key, out);
    out_text(out, ": ");
    write_terms(e, key, out);
    out_char(out, '\n');
}

/* ---- step 3 ---- */

/* A column of the table; where it is summed, with what the sink and all keys have of it. */
struct column {
    char name[48];
    const double *values;
    bool summed;
    double sink, sum;
};

enum { COLUMNS = 7, CELL_WIDTH = 10, NAME_WIDTH = 20 };

/* Columns, and the keys that have a row, in this order. */
struct table {
    struct column columns[COLUMNS];
    size_t count;
    size_t *keys; /* owned */
    size_t key_count;
    size_t name_width; /* columns for what stands at the left */
    double rest;       /* what the keys without a row weigh together */
};

static struct column *add_column(struct table *table, const char *name, const double *values)
{
    struct column *column = &table->columns[table->count++];
    *column = (struct column){.values = values};
    snprintf(column->name, sizeof column->name, "%s", name);
    return column;
}

/* One whose numbers are shares: the sink has its part of them. */
static void add_shares(struct table *table, const char *name, const double *values,
                       const struct explanation *e)
{
    struct column *column = add_column(table, name, values);
    column->summed = true;
    column->sum = column->sink = e->head->has_sink ? e->sink_numerator / e->denominator : 0;
    for (size_t j = 0; j < e->head->m; j++)
        column->sum += values[j];
}

static void plan_columns(struct table *table, const struct explanation *e)
{
    char name[48], text[24];
    add_column(table, "score", e->scores);
    if (has_scale(e))
        add_column(table, "scaled", e->uncapped ? e->uncapped : e->scaled);
    if (e->uncapped)
        add_column(table, "capped", e->scaled);
    if (has_mask(e))
        add_column(table, "masked", e->masked);
    if (e->head->normalizer == NORMALIZER_SOFTMAX) {
        snprintf(name, sizeof name, "e^(s %c %s)", e->shift < 0 ? '+' : '-', number(fabs(e->shift), text));
        struct column *parts = add_column(table, name, e->numerators);
        parts->summed = true;
        parts->sink = e->sink_numerator;
        parts->sum = e->denominator;
    }
    if (e->before_dropout)
        add_shares(table, "before dropout", e->before_dropout, e);
    add_shares(table, "weight", e->weights, e);
}

struct weighed {
    double weight;
    size_t key;
};

/* The heavier first, and the earlier of two that weigh the same. */
static int heavier(const void *a, const void *b)
{
    const struct weighed *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return (x->key > y->key) - (x->key < y->key);
}

/* What a key is called at the left of its row. */
static void key_name(const struct explanation *e, size_t key, char out[160])
{
    char label[128];
    summary_label(e->layer.problem->key_tokens.text[key], label);
    snprintf(out, 160, "%3zu %s", key, label);
}

/* All keys in their order, or the heaviest `rows` of them. */
static bool plan_keys(struct table *table, const struct explanation *e, size_t rows, struct error *error)
{
    const size_t m = e->head->m;
    struct weighed *order = memory_take(m, sizeof *order, error);
    table->key_count = m < rows ? m : rows;
    table->keys = memory_take(table->key_count, sizeof *table->keys, error);
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
    return ok;
}

static void write_normalizer(const struct explanation *e, struct out *out)
{
    const struct head *head = e->head;
    char largest[24], sum[24];
    const char *s = has_mask(e) ? "masked" : e->uncapped ? "capped" : has_scale(e) ? "scaled" : "score";
    number(fabs(e->shift), largest);
    number(e->denominator, sum);
    const char sign = e->shift < 0 ? '+' : '-';
    out_text(out, "3  weights  ");
    if (head->normalizer == NORMALIZER_SPARSEMAX)
        out_format(out, "sparsemax: weight = %s %c %s, or 0 where that is less", s, sign, largest);
    else if (head->normalizer == NORMALIZER_LINEAR && e->denominator == 0)
        out_text(out, "weight = 0, because the sum of the row is 0");
    else if (head->normalizer == NORMALIZER_LINEAR)
        out_format(out, "weight = %s/%s, the sum of the row", s, sum);
    else
        out_format(out, "softmax: weight = e^(s %c %s)/%s with s = %s", sign, largest, sum, s);
    if (e->before_dropout)
        out_format(out, "; dropout makes it 0, or divides it by 1 - %s", number(head->dropout, sum));
    out_char(out, '\n');
}

static void write_value(struct out *out, const struct column *column, const char *text)
{
    size_t width = text_columns(column->name);
    out_text(out, "  ");
    write_cell(out, text, width > CELL_WIDTH ? width : CELL_WIDTH);
}

/* What stands at the left of a row. */
static void write_name(const struct table *table, const char *name, struct out *out)
{
    out_format(out, "   %s", name);
    for (size_t has = text_columns(name); has < table->name_width; has++)
        out_char(out, ' ');
}

/* The sink's row, or that of the sums. */
static void write_summed(const struct table *table, const char *name, bool sink, struct out *out)
{
    char text[24];
    write_name(table, name, out);
    for (size_t c = 0; c < table->count; c++) {
        const struct column *column = &table->columns[c];
        number(sink ? column->sink : column->sum, text);
        write_value(out, column, column->summed ? text : "");
    }
    out_char(out, '\n');
}

static void write_others(const struct explanation *e, const struct table *table, struct out *out)
{
    const size_t count = e->head->m - table->key_count;
    char name[48], text[24];
    snprintf(name, sizeof name, "%zu other%s", count, count == 1 ? "" : "s");
    write_name(table, name, out);
    for (size_t c = 0; c < table->count; c++)
        write_value(out, &table->columns[c], c + 1 == table->count ? number(table->rest, text) : "");
    out_char(out, '\n');
}

static void write_weights(const struct explanation *e, const struct table *table, struct out *out)
{
    char name[160], text[24];
    write_normalizer(e, out);
    out_char(out, '\n');
    write_name(table, "key", out);
    for (size_t c = 0; c < table->count; c++)
        write_value(out, &table->columns[c], table->columns[c].name);
    out_char(out, '\n');
    for (size_t r = 0; r < table->key_count; r++) {
        const size_t key = table->keys[r];
        key_name(e, key, name);
        write_name(table, name, out);
        for (size_t c = 0; c < table->count; c++)
            write_value(out, &table->columns[c], number(table->columns[c].values[key], text));
        out_char(out, '\n');
    }
    if (table->key_count < e->head->m)
        write_others(e, table, out);
    if (e->head->has_sink)
        write_summed(table, "sink", true, out);
    write_summed(table, "sum", false, out);
}

/* ---- step 4 ---- */

static void write_output(const struct explanation *e, const struct table *table, struct out *out)
{
    const struct head *head = e->head;
    const struct problem_layer *layer = form(e);
    size_t written = 0;
    out_text(out, "\n4  output   weight·v, summed over the keys\n");
    for (size_t r = 0; r < table->key_count; r++) {
        const size_t key = table->keys[r];
        char text[24], label[128];
        if (!e->allowed[key] || e->weights[key] == 0)
            continue;
        summary_label(e->layer.problem->key_tokens.text[key], label);
        out_text(out, written++ > 0 ? "   + " : "     ");
        out_format(out, "%-9s · ", number(e->weights[key], text));
        write_vector(out, head->v.data + key * head->v.row, head->d_v);
        out_format(out, "   %s\n", label);
    }
    if (table->rest != 0)
        out_text(out, written > 0 ? "   + …\n" : "     …\n");
    out_text(out, "   = (");
    for (size_t c = 0; c < head->d_v && c < VECTOR_SHOWN; c++) {
        out_text(out, c > 0 ? ", " : "");
        write_number(out, e->output[c]);
    }
    if (head->d_v > VECTOR_SHOWN)
        out_format(out, ", … %zu numbers", head->d_v);
    out_text(out, ")\n");
    if (layer->w_o || layer->b_o || layer->settings.residual || layer->settings.norm == NORM_POST)
        out_format(out, "   Then, over all heads side by side:%s%s%s%s; see attn run --stage output.\n",
                   layer->w_o ? " ·w_o" : "", layer->b_o ? " + b_o" : "",
                   layer->settings.residual ? " + the sequence" : "",
                   layer->settings.norm == NORM_POST ? ", layer norm" : "");
}

bool explain_text(const struct explanation *e, size_t head, size_t rows, struct out *out, struct error *error)
{
    const struct problem *problem = e->layer.problem;
    struct table table = {0};
    char label[128];
    if (!plan_keys(&table, e, rows, error)) {
        free(table.keys);
        return false;
    }
    plan_columns(&table, e);
    summary_label(problem->tokens.text[e->query], label);
    out_format(out, "layer %zu, head %zu: what query %zu %s makes of %zu key%s\n\n", e->layer.index, head,
               e->query, label, problem->m, problem->m == 1 ? "" : "s");
    write_query(e, head, out);
    write_scores(e, out);
    if (heaviest(e) == e->head->m)
        out_text(out, "3  weights  it may see no key: weights and output are 0\n");
    else
        write_weights(e, &table, out);
    if (e->output && heaviest(e) < e->head->m)
        write_output(e, &table, out);
    free(table.keys);
    return true;
}
