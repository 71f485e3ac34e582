#include "write/rollout.h"

#include <math.h>

#include "tensor/npy_header.h"
#include "write/csv.h"

const char contribution_words[] = "weights norm norm-residual alti";
const char combine_words[] = "mean max min";

static void rollout_labels(struct out *out, const char *key, const struct labels *labels)
{
    out_format(out, ",\n\"%s\":[", key);
    for (size_t i = 0; i < labels->count; i++) {
        out_text(out, i > 0 ? "," : "");
        out_quoted(out, labels->text[i]);
    }
    out_char(out, ']');
}

/* Row i of the rollout, or of the flow. */
static void rollout_numbers(struct out *out, const struct rollout_told *told, bool is_flow, size_t i)
{
    const size_t n = told->rollout->rows.problem->n;
    out_char(out, '[');
    for (size_t j = 0; j < n; j++) {
        out_text(out, j > 0 ? "," : "");
        if (is_flow)
            out_double(out, told->flow[i * n + j]);
        else
            out_float(out, told->values[i * n + j]);
    }
    out_char(out, ']');
}

/* The share of other tokens in each query of each layer. */
static void rollout_mixing(struct out *out, const struct rollout *rollout)
{
    const size_t n = rollout->rows.problem->n, layers = rollout->end - rollout->first;
    out_text(out, ",\n\"mixing\":[");
    for (size_t i = 0; i < layers * n; i++) {
        out_text(out, i % n > 0 ? "," : i > 0 ? ",\n[" : "[");
        out_float(out, rollout->mixing[i]);
        out_text(out, i % n == n - 1 ? "]" : "");
    }
    out_char(out, ']');
}

static void rollout_matrix_json(struct out *out, const char *key, const struct rollout_told *told,
                                bool is_flow)
{
    out_format(out, ",\n\"%s\":%s", key, told->is_row ? "" : "[");
    for (size_t i = 0; i < rollout_rows(told) && !out->trouble; i++) {
        out_text(out, i > 0 ? ",\n" : "");
        rollout_numbers(out, told, is_flow, i);
    }
    out_text(out, told->is_row ? "" : "]");
}

/* What was rolled out, and how. */
static void rollout_setting(struct out *out, const struct rollout *rollout)
{
    const struct problem *problem = rollout->rows.problem;
    const char *const words[] = {"mean", "max", "min"};
    out_text(out, ",\n\"layers\":[");
    for (size_t l = rollout->first; l < rollout->end; l++)
        out_format(out, "%s%zu", l > rollout->first ? "," : "", problem_layer_number(problem, l));
    out_format(out, "],\"heads\":%zu,\"contribution\":\"%s\",\"identity\":", layer_rows_heads(&rollout->rows),
               contribution_names[rollout->mix.contribution]);
    out_double(out, rollout->mix.identity);
    out_format(out, ",\"combine\":\"%s\",\"discard\":",
               rollout->mix.contribution == CONTRIBUTION_WEIGHTS ? words[rollout->mix.combine] : "sum");
    out_double(out, rollout->mix.discard);
}

void rollout_json(struct out *out, const struct rollout_told *told)
{
    const struct problem *problem = told->rollout->rows.problem;
    out_text(out, "{\"schema\":\"attn-rollout/1\"");
    if (problem->title) {
        out_text(out, ",\n\"title\":");
        out_quoted(out, problem->title);
    }
    rollout_setting(out, told->rollout);
    rollout_labels(out, "tokens", &problem->tokens);
    rollout_labels(out, "key_tokens", &problem->key_tokens);
    if (told->rollout->mixing)
        rollout_mixing(out, told->rollout);
    if (told->is_row)
        out_format(out, ",\n\"query\":%zu", told->query);
    rollout_matrix_json(out, told->is_row ? "row" : "rollout", told, false);
    if (told->flow)
        rollout_matrix_json(out, "flow", told, true);
    out_text(out, "}\n");
}

static void csv_flow(struct out *out, double flow)
{
    out_char(out, ',');
    if (isnan(flow))
        out_text(out, "nan");
    else
        out_double(out, flow);
}

void rollout_csv(struct out *out, const struct rollout_told *told)
{
    const struct problem *problem = told->rollout->rows.problem;
    const size_t n = problem->n;
    out_format(out, "query,key,query_token,key_token,rollout%s\n", told->flow ? ",flow" : "");
    for (size_t i = 0; i < rollout_rows(told) && !out->trouble; i++)
        for (size_t j = 0; j < n; j++) {
            const size_t query = told->is_row ? told->query : i;
            out_format(out, "%zu,%zu,", query, j);
            csv_field(out, problem->tokens.text[query]);
            out_char(out, ',');
            csv_field(out, problem->key_tokens.text[j]);
            out_char(out, ',');
            csv_value(out, told->values[i * n + j]);
            if (told->flow)
                csv_flow(out, told->flow[i * n + j]);
            out_char(out, '\n');
        }
}

void rollout_npy(struct out *out, const struct rollout_told *told)
{
    const size_t n = told->rollout->rows.problem->n;
    const struct array array = {.dtype = told->flow ? DTYPE_F64 : DTYPE_F32,
                                .rank = told->is_row ? 1 : 2,
                                .shape = {n, told->is_row ? 0 : n}};
    npy_header_write(&array, out);
    for (size_t i = 0; i < rollout_rows(told) && !out->trouble; i++)
        if (told->flow)
            out_bytes(out, told->flow + i * n, n * sizeof *told->flow);
        else
            out_bytes(out, told->values + i * n, n * sizeof *told->values);
}
