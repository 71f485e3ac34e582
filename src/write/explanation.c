/* Numbers are as in the JSON of a result. */
#include "write/explanation.h"

#include "problem/settings_write.h"

static void explanation_number(struct out *out, const char *key, double value)
{
    out_format(out, ",\"%s\":", key);
    out_float(out, (float)value);
}

static void explanation_vector(struct out *out, const char *key, const float *values, size_t count)
{
    out_format(out, ",\"%s\":[", key);
    for (size_t c = 0; c < count; c++) {
        if (c > 0)
            out_char(out, ',');
        out_float(out, values[c]);
    }
    out_char(out, ']');
}

static void explanation_key(struct out *out, const struct explanation *e, size_t j)
{
    const struct head *head = e->head;
    out_format(out, "%s{\"key\":%zu,\"token\":", j > 0 ? ",\n" : "", j);
    out_quoted(out, e->layer.problem->key_tokens.text[j]);
    out_format(out, ",\"allowed\":%s", e->allowed[j] ? "true" : "false");
    explanation_vector(out, "k", head->k.data + j * head->k.row, head->d_k);
    explanation_number(out, "score", e->scores[j]);
    explanation_number(out, "scaled", e->scaled[j]);
    explanation_number(out, "masked", e->masked[j]);
    if (e->numerators)
        explanation_number(out, "numerator", e->numerators[j]);
    if (e->before_factor)
        explanation_number(out, "before_factor", e->before_factor[j]);
    if (e->first) {
        explanation_number(out, "first", e->first[j]);
        explanation_number(out, "second", e->second[j]);
    }
    if (e->before_dropout)
        explanation_number(out, "before_dropout", e->before_dropout[j]);
    explanation_number(out, "weight", e->weights[j]);
    if (e->precision.differs)
        explanation_number(out, "weight_float32", (double)e->precision.rounded[j]);
    if (head->v.data)
        explanation_vector(out, "v", head->v.data + j * head->v.row, head->d_v);
    out_char(out, '}');
}

void write_explanation(const struct explanation *e, size_t head, struct out *out)
{
    const struct problem_layer *layer = &e->layer.problem->layers[e->layer.index];
    const bool has_threshold =
        e->head->normalizer == NORMALIZER_SPARSEMAX || e->head->normalizer == NORMALIZER_ENTMAX15;
    const struct head *h = e->head;
    out_format(out, "{\"schema\":\"attn-explain/1\",\"layer\":%zu,\"head\":%zu,\"query\":%zu,\"token\":",
               problem_layer_number(e->layer.problem, e->layer.index),
               problem_head_number(e->layer.problem, e->layer.index, head), e->query);
    out_quoted(out, e->layer.problem->tokens.text[e->query]);
    explanation_vector(out, "q", h->q.data + e->query * h->q.row, h->d_k);
    if (h->additive)
        explanation_vector(out, "v_score", h->additive, h->d_k);
    explanation_number(out, "scale", per_head_at(&layer->scale, head));
    if (settings_have(&layer->settings, SETTING_TEMPERATURE))
        explanation_number(out, "temperature", per_head_at(&layer->settings.temperature, head));
    if (h->query_scale)
        explanation_number(out, "query_scale", (double)h->query_scale[e->query]);
    if (h->minus)
        explanation_number(out, "differential", h->minus_share);
    if (h->top_k > 0)
        out_format(out, ",\"top_k\":%zu", h->top_k);
    if (h->has_fill)
        explanation_number(out, "mask_fill", h->fill);
    if (e->before_factor) {
        explanation_number(out, "center", (double)h->center[e->query]);
        explanation_number(out, "sigma", (double)h->sigma[e->query * h->sigma_step]);
    }
    if (h->softcap > 0)
        explanation_number(out, "softcap", h->softcap);
    out_format(out, ",\"%s\":", e->numerators ? "normalizer" : "recurrence");
    settings_write(&layer->settings, e->numerators ? SETTING_NORMALIZER : SETTING_RECURRENCE, out);
    if (e->numerators)
        explanation_number(out, has_threshold ? "threshold" : "largest", e->shift);
    if (h->has_sink)
        explanation_number(out, "sink", h->sink);
    if (e->before_dropout)
        explanation_number(out, "dropout", h->dropout);
    if (e->numerators)
        explanation_number(out, "denominator", e->denominator);
    out_text(out, ",\n\"keys\":[");
    for (size_t j = 0; j < h->m; j++)
        explanation_key(out, e, j);
    out_char(out, ']');
    if (e->output) {
        out_text(out, ",\n\"output\":[");
        for (size_t c = 0; c < h->d_v; c++) {
            if (c > 0)
                out_char(out, ',');
            out_float(out, (float)e->output[c]);
        }
        out_char(out, ']');
    }
    out_text(out, "}\n");
}
