#include "compute/explain_formulas.h"

#include <math.h>

#include "base/label_text.h"

/* How many products of a sum are written out: of up to ALL_SHOWN all, else so many. */
enum { ALL_SHOWN = 8, PRODUCTS_SHOWN = 6 };

static void formula_number(struct out *out, double x)
{
    char text[24];
    out_text(out, label_number(x, text));
}

/* A factor of a product: in brackets where it is negative. */
static void formula_factor(struct out *out, double x)
{
    char text[24];
    out_format(out, x < 0 ? "(%s)" : "%s", label_number(x, text));
}

/* ---- query and scores ---- */

void explain_x_write(const struct explanation *e, struct out *out)
{
    const struct layer *layer = &e->layer;
    if (explanation_layer(e)->q.previous)
        out_text(out, ", the output of the layer below");
    else if (layer->encoded[0])
        out_text(out, ", the embedding with its position added");
    out_text(out, layer->normed ? ", after the norm" : "");
}

const char *explain_projection_name(const struct explanation *e)
{
    const struct projection *q = &explanation_layer(e)->q;
    return q->w && q->b ? "x·W_q + b_q" : q->w ? "x·W_q" : "x + b_q";
}

void explain_projection_write(const struct explanation *e, size_t column, struct out *out)
{
    const struct projection *q = &explanation_layer(e)->q;
    for (size_t c = 0; q->w && c < e->x_count; c++) {
        out_text(out, c > 0 ? " + " : "");
        formula_factor(out, (double)e->x[c]);
        out_text(out, "·");
        formula_factor(out, (double)q->w->data[c * q->width + column]);
    }
    if (!q->w)
        formula_factor(out, (double)e->x[column]);
    if (q->b) {
        out_text(out, " + ");
        formula_factor(out, (double)q->b->data[column]);
    }
}

const char *explain_compared_name(const struct explanation *e)
{
    const struct settings *settings = &explanation_layer(e)->settings;
    if (!e->layer.compared[0].owned)
        return NULL;
    return settings->normalizer == NORMALIZER_LINEAR ? "φ(q) = elu(q) + 1"
           : settings->score == SCORE_COSINE         ? "q/|q|"
           : settings->score == SCORE_GENERAL        ? "qW"
                                                     : "qW₁";
}

void explain_turn_write(const struct explanation *e, struct out *out)
{
    const struct problem_layer *layer = explanation_layer(e);
    const struct position_list *list = &layer->query_at;
    if (layer->rotation.columns == 0)
        return;
    out_text(out, list->axes > 1 ? ", turned by its positions " : ", turned by its position ");
    for (size_t a = 0; a == 0 || a < list->axes; a++) {
        out_text(out, a > 0 ? ", " : "");
        formula_number(out, position_at(list, a, e->query));
    }
    if (layer->rotation.factor != 1) {
        out_text(out, " and multiplied by ");
        formula_number(out, layer->rotation.factor);
    }
}

/* The score of a query and a key. */
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

static void scaling_write(const struct explanation *e, struct out *out)
{
    const struct head *head = e->head;
    char text[24];
    const double root = 1 / sqrt((double)head->d_k);
    if (fabs(head->scale - root) < 1e-12)
        out_format(out, ", scaled = score/√%zu", head->d_k);
    else
        out_format(out, ", scaled = %s·score", label_number(head->scale, text));
    if (head->query_scale)
        out_format(out, "·%s, the query's own factor",
                   label_number((double)head->query_scale[e->query], text));
}

void explain_score_write(const struct explanation *e, struct out *out)
{
    const struct head *head = e->head;
    char text[24];
    out_format(out, "score = %s", score_formula(explanation_layer(e)));
    if (explanation_is_scaled(e))
        scaling_write(e, out);
    if (e->uncapped)
        out_format(out, ", capped = %s·tanh(%s/%s)", label_number(head->softcap, text),
                   explanation_is_scaled(e) ? "scaled" : "score", text);
    out_text(out, explanation_has_additions(e) ? ", masked:" : "");
    out_text(out, head->bias.data ? " + bias" : "");
    out_text(out, head_has_distance(head) ? " + position" : "");
    if (explanation_is_masked(e)) {
        const bool filled = head->has_fill && !isnan(head->fill);
        out_format(out, "%s %s where it may not look", head->bias.data || head_has_distance(head) ? "," : "",
                   filled ? label_number(head->fill, text) : "-∞");
    }
}

static void product_write(const struct head *head, double q, double k, size_t c, struct out *out)
{
    if (head->by_distance) {
        out_char(out, '(');
        formula_number(out, q);
        out_text(out, " - ");
        formula_factor(out, k);
        out_text(out, ")²/-2");
    } else if (head->additive) {
        formula_factor(out, (double)head->additive[c]);
        out_text(out, "·tanh(");
        formula_number(out, q);
        out_text(out, " + ");
        formula_factor(out, k);
        out_char(out, ')');
    } else {
        formula_factor(out, q);
        out_text(out, "·");
        formula_factor(out, k);
    }
}

void explain_products_write(const struct explanation *e, size_t key, struct out *out)
{
    const struct head *head = e->head;
    const float *q = head->q.data + e->query * head->q.row, *k = head->k.data + key * head->k.row;
    for (size_t c = 0; c < head->d_k && (c < PRODUCTS_SHOWN || head->d_k <= ALL_SHOWN); c++) {
        out_text(out, c > 0 ? " + " : "");
        product_write(head, (double)q[c], (double)k[c], c, out);
    }
    out_text(out, head->d_k > ALL_SHOWN ? " + …" : "");
}

/* ---- weights ---- */

/* The new state of a recurrence after a token. Weights follow from it, because the output is linear in v. */
static const char *const states[] = {
    [RECURRENCE_LINEAR] = "S + k⊗v",
    [RECURRENCE_GATED] = "e^decay·S + k⊗v",
    [RECURRENCE_DELTA] = "S + β·k⊗(v - Sᵀk)",
    [RECURRENCE_GATED_DELTA] = "e^decay·S, then S + β·k⊗(v - Sᵀk)",
};

static void recurrence_write(const struct explanation *e, struct out *out)
{
    char scale[24];
    out_format(out,
               "token by token the state S becomes %s;\n"
               "a weight is what its v gives to the output %s·Sᵀq",
               states[e->head->recurrent.rule], label_number(e->head->scale, scale));
}

static void normalizer_write(const struct explanation *e, struct out *out)
{
    const struct head *head = e->head;
    char largest[24], sum[24];
    const char *s = explanation_has_additions(e) ? "masked"
                    : e->uncapped                ? "capped"
                    : explanation_is_scaled(e)   ? "scaled"
                                                 : "score";
    label_number(fabs(e->shift), largest);
    label_number(e->denominator, sum);
    const char sign = e->shift < 0 ? '+' : '-';
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
}

void explain_weight_write(const struct explanation *e, struct out *out)
{
    const struct head *head = e->head;
    char text[24];
    if (explanation_sees_nothing(e)) {
        out_text(out, "it may see no key: weights and output are 0");
        return;
    }
    (e->numerators ? normalizer_write : recurrence_write)(e, out);
    if (e->before_factor) {
        out_text(out, ";\nthen times e^(-(j - ");
        out_format(out, "%s)²/(2·", label_number((double)head->center[e->query], text));
        out_format(out, "%s²)), j the key",
                   label_number((double)head->sigma[e->query * head->sigma_step], text));
    }
    if (e->first)
        out_format(out, ";\nless %s times the weight of the second head, number %zu of q",
                   label_number(head->minus_share, text), 2 * e->head_number + 1);
    if (e->before_dropout)
        out_format(out, "; dropout makes it 0, or divides it by 1 - %s", label_number(head->dropout, text));
}

void explain_precision_write(const struct explanation *e, struct out *out)
{
    const struct precision_row *row = &e->precision;
    char label[160];
    if (!row->differs)
        return;
    label_numbered(row->key, labels_shown(&e->layer.problem->key_tokens)[row->key], label);
    out_format(out, "In float32, which attn run computes in, key %s has weight ", label);
    formula_number(out, (double)row->rounded[row->key]);
    out_text(out, " instead of ");
    formula_number(out, row->exact[row->key]);
    out_text(out, ":\nthe scores are so large that it does not carry their differences.");
}

/* ---- output ---- */

void explain_concat_write(const struct explanation *e, struct out *out)
{
    out_format(out, "the heads concatenated, ·w_o%s: each head times its own rows of w_o",
               e->heads.added ? " + b_o" : "");
}

void explain_after_write(const struct explanation *e, struct out *out)
{
    const struct problem_layer *layer = explanation_layer(e);
    const bool is_carried = e->heads.count > 0,
               gated = layer->extra[INPUT_GATE] || layer->extra[INPUT_W_GATE],
               normed = layer->settings.norm == NORM_POST;
    const bool has_w_o = layer->w_o && !is_carried, has_b_o = layer->b_o && !is_carried;
    if (gated || has_w_o || has_b_o || layer->settings.residual || normed)
        out_format(out, "Then%s:%s%s%s%s%s; see attn run --stage output.",
                   is_carried ? "" : ", over all heads side by side", gated ? " ·sigmoid(gate)" : "",
                   has_w_o ? " ·w_o" : "", has_b_o ? " + b_o" : "",
                   layer->settings.residual ? " + the sequence" : "", normed ? ", layer norm" : "");
}

void explain_why_write(const struct explanation *e, struct out *out)
{
    const struct score_spread *spread = &e->spread;
    const double scale = e->head->scale;
    if (spread->pairs < 2 || !isfinite(spread->variance) || !isfinite(spread->entropy))
        return;
    out_text(out, "Why √d_k: q·k has the variance ");
    formula_number(out, spread->variance);
    out_format(out, " over %zu allowed pairs of this head", spread->pairs);
    if (spread->every > 1)
        out_format(out, " (of one query in %zu)", spread->every);
    out_format(
        out,
        ". Where the numbers\nof q and k are independent, with mean 0 and variance 1, it is d_k, here %zu. "
        "Scaled, it is ",
        e->head->d_k);
    formula_number(out, spread->variance * scale * scale);
    out_text(out, ".\nThis row has an entropy of ");
    formula_number(out, spread->entropy);
    out_text(out, " nats, and without the scale it would have ");
    formula_number(out, spread->entropy_unscaled);
    out_char(out, '.');
}
