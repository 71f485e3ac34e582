/* The steps of an explanation, as on a blackboard. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "view/explain_parts.h"
#include "view/explain_text.h"
#include "view/label_text.h"

/* How many numbers of a vector, and how many products of a sum, are written out. */
enum { VECTOR_SHOWN = 8, TERMS_SHOWN = 6 };

static void explain_number(struct out *out, double x)
{
    char text[24];
    out_text(out, label_number(x, text));
}

/* A factor of a product: in brackets where it is negative. */
static void explain_factor(struct out *out, double x)
{
    char text[24];
    out_format(out, x < 0 ? "(%s)" : "%s", label_number(x, text));
}

/* "(1, 2, 3)", or its first numbers and how many there are. */
static void explain_vector(struct out *out, const float *x, size_t count)
{
    out_char(out, '(');
    for (size_t c = 0; c < count && c < VECTOR_SHOWN; c++) {
        out_text(out, c > 0 ? ", " : "");
        explain_number(out, (double)x[c]);
    }
    if (count > VECTOR_SHOWN)
        out_format(out, ", … %zu numbers", count);
    out_char(out, ')');
}

static const struct problem_layer *layer_of(const struct explanation *e)
{
    return &e->layer.problem->layers[e->layer.index];
}

/* ---- step 1 ---- */

/* By what rotary turned the query. */
static void explain_turn(const struct problem_layer *layer, size_t query, struct out *out)
{
    const struct position_list *list = &layer->query_at;
    out_text(out, list->axes > 1 ? ", turned by its positions " : ", turned by its position ");
    for (size_t a = 0; a == 0 || a < list->axes; a++) {
        out_text(out, a > 0 ? ", " : "");
        explain_number(out, position_at(list, a, query));
    }
    if (layer->rotation.factor != 1) {
        out_text(out, " and multiplied by ");
        explain_number(out, layer->rotation.factor);
    }
}

static void explain_query(const struct explanation *e, size_t head, struct out *out)
{
    const struct problem_layer *layer = layer_of(e);
    const struct layer *made = &e->layer;
    const struct operand *q = &made->operand[0];
    const struct strided given = layer_operand(made, 0, head * q->heads / made->problem->heads);
    out_text(out, "1  query    q = ");
    explain_vector(out, given.data + e->query * given.row, q->columns);
    if (layer->rotation.columns > 0)
        explain_turn(layer, e->query, out);
    out_char(out, '\n');
    if (!made->compared[0].owned)
        return;
    const char *what = layer->settings.normalizer == NORMALIZER_LINEAR ? "φ(q) = elu(q) + 1 = "
                       : layer->settings.score == SCORE_COSINE         ? "q/|q| = "
                       : layer->settings.score == SCORE_GENERAL        ? "qW = "
                                                                       : "qW₁ = ";
    out_format(out, "            %s", what);
    explain_vector(out, e->head->q.data + e->query * e->head->q.row, e->head->d_k);
    out_char(out, '\n');
}

/* ---- step 2 ---- */

/* The score of a query and a key as a formula. */
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
    case SCORE_DISTANCE:
        return "-|q - k|²/2";
    default:
        return "q·k";
    }
}

static void explain_scaling(const struct explanation *e, struct out *out)
{
    const struct head *head = e->head;
    char text[24];
    if (explain_has_scale(e)) {
        const double root = 1 / sqrt((double)head->d_k);
        if (fabs(head->scale - root) < 1e-12)
            out_format(out, ", scaled = score/√%zu", head->d_k);
        else
            out_format(out, ", scaled = %s·score", label_number(head->scale, text));
        if (head->query_scale)
            out_format(out, "·%s, the query's own factor",
                       label_number((double)head->query_scale[e->query], text));
    }
    if (e->uncapped)
        out_format(out, ", capped = %s·tanh(%s/%s)", label_number(head->softcap, text),
                   explain_has_scale(e) ? "scaled" : "score", text);
    out_text(out, explain_has_additions(e) ? ", masked:" : "");
    out_text(out, e->head->bias.data ? " + bias" : "");
    out_text(out, head_has_distance(head) ? " + position" : "");
    if (explain_has_masked(e)) {
        const bool filled = head->has_fill && !isnan(head->fill);
        out_format(out, "%s %s where it may not look", head->bias.data || head_has_distance(head) ? "," : "",
                   filled ? label_number(head->fill, text) : "-∞");
    }
    out_char(out, '\n');
}

/* The score of one key as a sum: "1·2 + 3·(-4) + … = -10". */
static void explain_terms(const struct explanation *e, size_t key, struct out *out)
{
    const struct head *head = e->head;
    const float *q = head->q.data + e->query * head->q.row, *k = head->k.data + key * head->k.row;
    for (size_t c = 0; c < head->d_k && (c < TERMS_SHOWN || head->d_k <= VECTOR_SHOWN); c++) {
        out_text(out, c > 0 ? " + " : "");
        if (head->by_distance) {
            out_char(out, '(');
            explain_number(out, (double)q[c]);
            out_text(out, " - ");
            explain_factor(out, (double)k[c]);
            out_text(out, ")²/-2");
        } else if (head->additive) {
            explain_factor(out, (double)head->additive[c]);
            out_text(out, "·tanh(");
            explain_number(out, (double)q[c]);
            out_text(out, " + ");
            explain_factor(out, (double)k[c]);
            out_char(out, ')');
        } else {
            explain_factor(out, (double)q[c]);
            out_text(out, "·");
            explain_factor(out, (double)k[c]);
        }
    }
    out_text(out, head->d_k > VECTOR_SHOWN ? " + … = " : " = ");
    explain_number(out, e->scores[key]);
}

/* The allowed key with the largest weight; m where no key is allowed. */
static size_t heaviest(const struct explanation *e)
{
    size_t best = e->head->m;
    for (size_t j = 0; j < e->head->m; j++)
        if (e->allowed[j] && (best == e->head->m || e->weights[j] > e->weights[best]))
            best = j;
    return best;
}

static void explain_key(const struct explanation *e, size_t key, struct out *out)
{
    char label[128];
    label_text(labels_shown(&e->layer.problem->key_tokens)[key], label);
    out_format(out, "%zu %s", key, label);
}

static void explain_scores(const struct explanation *e, struct out *out)
{
    size_t key = heaviest(e);
    out_format(out, "2  scores   score = %s", score_formula(layer_of(e)));
    explain_scaling(e, out);
    if (key == e->head->m)
        return;
    out_text(out, "            with key ");
    explain_key(e, key, out);
    out_text(out, ": ");
    explain_terms(e, key, out);
    out_char(out, '\n');
}

/* ---- step 4 ---- */

static void explain_output(const struct explanation *e, const struct explain_table *table, struct out *out)
{
    const struct head *head = e->head;
    const struct problem_layer *layer = layer_of(e);
    size_t written = 0;
    out_text(out, "\n4  output   weight·v, summed over the keys\n");
    for (size_t r = 0; r < table->key_count; r++) {
        const size_t key = table->keys[r];
        char text[24], label[128];
        if (e->weights[key] == 0)
            continue;
        label_text(labels_shown(&e->layer.problem->key_tokens)[key], label);
        out_text(out, written++ > 0 ? "   + " : "     ");
        out_format(out, "%-9s · ", label_number(e->weights[key], text));
        explain_vector(out, head->v.data + key * head->v.row, head->d_v);
        out_format(out, "   %s\n", label);
    }
    if (table->rest != 0)
        out_text(out, written > 0 ? "   + …\n" : "     …\n");
    if (head->recurrent.state.data)
        out_text(out, "   + what the first state gives\n");
    out_text(out, "   = (");
    for (size_t c = 0; c < head->d_v && c < VECTOR_SHOWN; c++) {
        out_text(out, c > 0 ? ", " : "");
        explain_number(out, e->output[c]);
    }
    if (head->d_v > VECTOR_SHOWN)
        out_format(out, ", … %zu numbers", head->d_v);
    out_text(out, ")\n");
    const bool gated = layer->extra[INPUT_GATE] || layer->extra[INPUT_W_GATE];
    if (gated || layer->w_o || layer->b_o || layer->settings.residual || layer->settings.norm == NORM_POST)
        out_format(out, "   Then, over all heads side by side:%s%s%s%s%s; see attn run --stage output.\n",
                   gated ? " ·sigmoid(gate)" : "", layer->w_o ? " ·w_o" : "", layer->b_o ? " + b_o" : "",
                   layer->settings.residual ? " + the sequence" : "",
                   layer->settings.norm == NORM_POST ? ", layer norm" : "");
}

/* Where float32, in which attn run computes by default, gives other weights than the table. */
static void explain_precision(const struct explanation *e, struct out *out)
{
    const struct precision_row *row = &e->precision;
    char label[128];
    if (!row->differs)
        return;
    label_text(labels_shown(&e->layer.problem->key_tokens)[row->key], label);
    out_format(out, "   In float32, which attn run computes in, key %zu %s has weight ", row->key, label);
    explain_number(out, (double)row->rounded[row->key]);
    out_text(out, " instead of ");
    explain_number(out, row->exact[row->key]);
    out_text(out, ":\n   the scores are so large that it does not carry their differences.\n");
}

bool explain_text(const struct explanation *e, size_t head, size_t rows, struct out *out, struct error *error)
{
    const struct problem *problem = e->layer.problem;
    struct explain_table table = {0};
    char label[128];
    if (!explain_table_make(&table, e, rows, error)) {
        free(table.keys);
        return false;
    }
    label_text(labels_shown(&problem->tokens)[e->query], label);
    out_format(out, "layer %zu, head %zu: what query %zu %s makes of %zu key%s\n\n",
               problem_layer_number(problem, e->layer.index),
               problem_head_number(problem, e->layer.index, head), e->query, label, problem->m,
               problem->m == 1 ? "" : "s");
    explain_query(e, head, out);
    explain_scores(e, out);
    if (heaviest(e) == e->head->m && !e->head->has_fill)
        out_text(out, "3  weights  it may see no key: weights and output are 0\n");
    else
        explain_table_write(e, &table, out);
    explain_precision(e, out);
    if (e->output && (heaviest(e) < e->head->m || e->head->has_fill))
        explain_output(e, &table, out);
    free(table.keys);
    return true;
}
