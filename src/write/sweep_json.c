#include "write/sweep_json.h"

static void write_sweep_row(const struct sweep *sweep, size_t i, struct out *out)
{
    const struct sweep_row *row = &sweep->rows[i];
    out_format(out, "%s{\"value\":", i > 0 ? ",\n" : "");
    out_double(out, sweep->range->values[i]);
    out_text(out, ",\"entropy\":");
    out_float(out, (float)row->entropy);
    out_text(out, ",\"largest\":");
    out_float(out, (float)row->largest);
    out_text(out, ",\"largest_key\":");
    if (row->key == SIZE_MAX)
        out_text(out, "null");
    else
        out_format(out, "%zu", row->key);
    out_text(out, ",\"weights\":[");
    for (size_t j = 0; j < sweep->keys; j++) {
        out_text(out, j > 0 ? "," : "");
        out_float(out, sweep->weights[i * sweep->keys + j]);
    }
    out_text(out, "]}");
}

void write_sweep(const struct sweep *sweep, struct out *out)
{
    const struct explanation *e = sweep->of;
    const struct problem *problem = e->layer.problem;
    out_format(out, "{\"schema\":\"attn-sweep/1\",\"layer\":%zu,\"head\":%zu,\"query\":%zu,\"token\":",
               problem_layer_number(problem, e->layer.index),
               problem_head_number(problem, e->layer.index, e->head_number), e->query);
    out_quoted(out, problem->tokens.text[e->query]);
    out_format(out, ",\"setting\":\"%s\",\"key_tokens\":[", sweep->range->name);
    for (size_t j = 0; j < sweep->keys; j++) {
        out_text(out, j > 0 ? "," : "");
        out_quoted(out, problem->key_tokens.text[j]);
    }
    out_text(out, "],\n\"rows\":[");
    for (size_t i = 0; i < sweep->range->count; i++)
        write_sweep_row(sweep, i, out);
    out_text(out, "]}\n");
}
