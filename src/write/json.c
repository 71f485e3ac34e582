/*
 * The JSON of a result, schema attn/1 (docs/attn-output.schema.json), which is itself an input. Numbers read
 * back to the same float32; what has no finite value is null. One row of a matrix a line.
 */
#include "write/write.h"

#include <stdlib.h>
#include <string.h>

#include "attention/mask.h"
#include "base/memory.h"
#include "base/workers.h"
#include "problem/problem_head.h"

static void write_labels(struct out *out, const char *key, const struct labels *labels, size_t first,
                         size_t count)
{
    out_format(out, ",\n\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            out_char(out, ',');
        out_quoted(out, labels->text[first + i]);
    }
    out_char(out, ']');
}

static void write_list(struct out *out, const char *key, const size_t *list, size_t count)
{
    out_format(out, "\"%s\":[", key);
    for (size_t i = 0; i < count; i++)
        out_format(out, i > 0 ? ",%zu" : "%zu", list[i]);
    out_char(out, ']');
}

static void write_rows(struct out *out, const float *values, size_t first, size_t end, size_t columns)
{
    for (size_t i = first; i < end; i++) {
        const float *row = values + i * columns;
        out_text(out, i > 0 ? ",\n[" : "[");
        for (size_t j = 0; j < columns; j++) {
            if (j > 0)
                out_char(out, ',');
            out_float(out, row[j]);
        }
        out_char(out, ']');
    }
}

/* Large matrices are made into text by all threads, some rows each, and written in order. */
enum { PART_NUMBERS = 1 << 13, PARTS = 16 };

struct parts {
    const float *values;
    size_t first, rows, columns; /* of the matrix: the first row of this round, and all */
    size_t height;               /* rows of a part */
    struct out text[PARTS];
};

static void write_part(void *context, int member, size_t job)
{
    struct parts *parts = context;
    (void)member;
    size_t first = parts->first + job * parts->height, left = parts->rows - first;
    write_rows(&parts->text[job], parts->values, first, first + (left < parts->height ? left : parts->height),
               parts->columns);
}

/* rows×columns as an array of arrays. */
static void write_matrix(struct out *out, const float *values, size_t rows, size_t columns)
{
    out_char(out, '[');
    struct parts parts = {.values = values, .rows = rows, .columns = columns};
    parts.height = columns < PART_NUMBERS ? PART_NUMBERS / (columns + 1) + 1 : 1;
    if (rows <= parts.height) {
        write_rows(out, values, 0, rows, columns);
        parts.first = rows;
    }
    for (; parts.first < rows && !out->trouble; parts.first += PARTS * parts.height) {
        size_t count = (rows - parts.first - 1) / parts.height + 1;
        count = count < PARTS ? count : PARTS;
        for (size_t i = 0; i < count; i++)
            out_begin(&parts.text[i], -1, out->name);
        workers_run(count, write_part, &parts);
        for (size_t i = 0; i < count; i++) {
            out_bytes(out, parts.text[i].data, parts.text[i].size);
            if (!out->trouble)
                out->trouble = parts.text[i].trouble;
            out_free(&parts.text[i]);
        }
    }
    out_char(out, ']');
}

/* [layer][head][row][column], or [layer][row][column] for the output. */
static void write_stage(struct out *out, const struct result *result, enum stage stage)
{
    const struct stage_data *data = &result->stage[stage];
    if (!data->data)
        return;
    out_format(out, ",\n\"%s\":[", stage_names[stage]);
    for (size_t l = 0; l < result->layer_count; l++) {
        out_text(out, l > 0 ? ",\n" : "");
        if (stage != STAGE_OUTPUT)
            out_char(out, '[');
        for (size_t h = 0; h < data->heads; h++) {
            out_text(out, h > 0 ? ",\n" : "");
            write_matrix(out, stage_matrix(data, l, h), data->rows, data->columns);
        }
        if (stage != STAGE_OUTPUT)
            out_char(out, ']');
    }
    out_char(out, ']');
}

/* Whether causal and window of the config can say what the rules are: they are those of all layers, and a
 * window without causal has no offset. */
static bool rules_agree(const struct problem *problem)
{
    const struct problem_layer *first = &problem->layers[0];
    if (!first->rules.causal && first->offset != 0 && (first->rules.left >= 0 || first->rules.right >= 0))
        return false;
    for (size_t l = 1; l < problem->layer_count; l++) {
        const struct problem_layer *a = first, *b = &problem->layers[l];
        if (a->rules.causal != b->rules.causal || a->offset != b->offset || a->rules.left != b->rules.left ||
            a->rules.right != b->rules.right)
            return false;
    }
    return true;
}

/* Whether all layers have one scale and softcap; linear attention has none. */
static bool scales_agree(const struct problem *problem)
{
    if (problem->layers[0].settings.normalizer == NORMALIZER_LINEAR)
        return false;
    for (size_t l = 1; l < problem->layer_count; l++)
        if (problem->layers[l].scale != problem->layers[0].scale ||
            problem->layers[l].softcap != problem->layers[0].softcap)
            return false;
    return true;
}

/* The forms that were asked for, as far as all layers agree on them; what else there is config has anyway. */
static void write_forms(struct out *out, const struct problem *problem)
{
    const unsigned roles = ROLE_WEIGHT | ROLE_POSITION | ROLE_PATTERN | ROLE_STACK;
    const struct settings *first = &problem->layers[0].settings;
    for (enum setting s = 0; s < SETTING_COUNT; s++) {
        bool agree = settings_have(first, s) && setting_role(s) & roles;
        for (size_t l = 1; agree && l < problem->layer_count; l++)
            agree = settings_same(first, &problem->layers[l].settings, s);
        if (agree) {
            out_format(out, ",\"%s\":", setting_kinds[s].name);
            settings_write(first, s, out);
        }
    }
}

/* Where the first query here stands among the keys here, where that is not at the first of them: one number
 * if all layers here agree. */
static void write_offsets(struct out *out, const struct result *result)
{
    const struct problem_layer *layers = result->problem->layers;
    const int64_t moved = (int64_t)result->query_first - (int64_t)result->key_first;
    const int64_t first = layers[result->layer_index[0]].offset;
    bool agree = true;
    for (size_t l = 1; l < result->layer_count; l++)
        agree = agree && layers[result->layer_index[l]].offset == first;
    if (agree && first + moved == 0)
        return;
    out_text(out, agree ? ",\"offset\":" : ",\"offset\":[");
    for (size_t l = 0; l < (agree ? 1 : result->layer_count); l++)
        out_format(out, l > 0 ? ",%lld" : "%lld", (long long)(layers[result->layer_index[l]].offset + moved));
    out_text(out, agree ? "" : "]");
}

/* `by_rule`: causal and window say what is masked; otherwise the mask that is written says all of it. */
static void write_config(struct out *out, const struct result *result, bool by_rule)
{
    const struct problem *problem = result->problem;
    const struct problem_layer *first = &problem->layers[0];
    out_format(out, ",\n\"config\":{\"heads\":%zu,\"kv_heads\":%zu", result->head_count,
               result_kv_heads(result));
    if (!first->attention) {
        out_format(out, ",\"d_k\":%zu,\"d_v\":%zu", problem->d_k, problem->d_v);
        if (scales_agree(problem)) {
            out_text(out, ",\"scale\":");
            out_float(out, (float)first->scale);
            out_text(out, ",\"softcap\":");
            out_float(out, (float)first->softcap);
        }
    }
    write_forms(out, problem);
    out_text(out, ",\"causal\":");
    if (!by_rule || !first->rules.causal)
        out_text(out, "false");
    else if (first->offset == 0)
        out_text(out, "true");
    else
        out_format(out, "%lld", (long long)first->offset);
    if (by_rule && (first->rules.left >= 0 || first->rules.right >= 0))
        out_format(out, ",\"window\":[%lld,%lld]", (long long)first->rules.left,
                   (long long)first->rules.right);
    write_offsets(out, result);
    out_char(out, '}');
}

static void write_selection(struct out *out, const struct result *result)
{
    out_text(out, ",\n\"selection\":{");
    write_list(out, "layers", result->layer_index, result->layer_count);
    out_char(out, ',');
    write_list(out, "heads", result->head_index,
               result->averaged ? result->averaged_count : result->head_count);
    out_format(out, ",\"average\":%s,\"queries\":[%zu,%zu],\"keys\":[%zu,%zu]}",
               result->averaged ? "\"heads\"" : "null", result->query_first,
               result->query_first + result->query_count, result->key_first,
               result->key_first + result->key_count);
}

static void write_flags(struct out *out, const unsigned char *masked, size_t rows, size_t columns)
{
    out_char(out, '[');
    for (size_t i = 0; i < rows; i++) {
        out_text(out, i > 0 ? ",\n[" : "[");
        for (size_t j = 0; j < columns; j++)
            out_text(out, j > 0 ? (*masked++ ? ",0" : ",1") : (*masked++ ? "0" : "1"));
        out_char(out, ']');
    }
    out_char(out, ']');
}

/* 1 where a pair, or some pair of a cell, is seen: as the weights, but without layers and heads where all
 * agree. */
static bool write_mask(struct out *out, const struct result *result, struct error *error)
{
    size_t rows = result->stage[STAGE_WEIGHTS].rows, columns = result->stage[STAGE_WEIGHTS].columns;
    size_t count = rows * columns, heads = result->layer_count * result->head_count;
    unsigned char *first = memory_alloc(count, 1, error), *masked = memory_alloc(count, 1, error);
    bool ok = first && masked, agree = true;
    if (ok)
        result_mask(result, 0, 0, first);
    for (size_t i = 1; ok && agree && i < heads; i++) {
        result_mask(result, i / result->head_count, i % result->head_count, masked);
        agree = memcmp(first, masked, count) == 0;
    }
    if (ok)
        out_text(out, ",\n\"mask\":");
    if (ok && agree)
        write_flags(out, first, rows, columns);
    for (size_t i = 0; ok && !agree && i < heads; i++) {
        size_t h = i % result->head_count;
        out_text(out, i == 0 ? "[[" : h == 0 ? "],\n[" : ",\n");
        result_mask(result, i / result->head_count, h, masked);
        write_flags(out, masked, rows, columns);
        if (i + 1 == heads)
            out_text(out, "]]");
    }
    free(first);
    free(masked);
    return ok;
}

static void write_measures(struct out *out, const struct measures *m)
{
    out_text(out, "{\"entropy\":");
    out_float(out, (float)m->entropy);
    out_text(out, ",\"max_weight\":");
    out_float(out, m->largest);
    if (m->rows > 0)
        out_format(out, ",\"max_at\":[%zu,%zu]", m->largest_query, m->largest_key);
    else
        out_text(out, ",\"max_at\":null");
    out_text(out, ",\"mean_distance\":");
    out_float(out, (float)m->distance);
    out_text(out, ",\"first_token\":");
    out_float(out, (float)m->first);
    out_char(out, '}');
}

/* How many pairs the masks allow, of all. */
static void write_pairs(struct out *out, const struct result *result)
{
    out_format(out, ",\n\"pairs\":{\"of\":%zu,\"allowed\":[", result->problem->n * result->problem->m);
    for (size_t l = 0; l < result->layer_count; l++) {
        out_text(out, l > 0 ? ",[" : "[");
        for (size_t h = 0; h < result->head_count; h++)
            out_format(out, h > 0 ? ",%zu" : "%zu", result->measures[l * result->head_count + h].allowed);
        out_char(out, ']');
    }
    out_text(out, "]}");
}

static void write_stats(struct out *out, const struct result *result)
{
    out_text(out, ",\n\"stats\":[");
    for (size_t l = 0; l < result->layer_count; l++) {
        out_text(out, l > 0 ? ",\n[" : "[");
        for (size_t h = 0; h < result->head_count; h++) {
            out_text(out, h > 0 ? ",\n" : "");
            write_measures(out, &result->measures[l * result->head_count + h]);
        }
        out_char(out, ']');
    }
    out_char(out, ']');
}

/* What is masked in some layer. */
struct masking {
    bool any, beyond; /* anything; more than causal and window */
    bool lifted;      /* something lifts these */
};

static struct masking masking_of(const struct problem *problem)
{
    struct masking masking = {0};
    for (size_t l = 0; l < problem->layer_count; l++) {
        struct head head; /* the masks of the others are of the same kind */
        problem_head(problem, l, 0, &head);
        masking.any = masking.any || mask_is_any(&head);
        masking.beyond = masking.beyond || !mask_is_band(&head);
        masking.lifted = masking.lifted || mask_has_exceptions(&head);
    }
    return masking;
}

/* One of the heaviest keys of every row: its place where `keys`, else its weight. */
static void write_top(struct out *out, const struct result *result, const char *name, bool keys)
{
    const struct problem *problem = result->problem;
    out_format(out, ",\n\"%s\":[", name);
    for (size_t l = 0; l < result->layer_count; l++) {
        out_text(out, l > 0 ? ",\n[" : "[");
        for (size_t h = 0; h < result->head_count; h++) {
            const struct row_key *top =
                result->top + (result->layer_index[l] * problem->heads + result->head_index[h]) * problem->n *
                                  result->top_count;
            out_text(out, h > 0 ? ",\n[" : "[");
            for (size_t i = 0; i < problem->n; i++) {
                out_text(out, i > 0 ? ",\n[" : "[");
                for (size_t t = 0; t < result->top_count; t++, top++) {
                    out_text(out, t > 0 ? "," : "");
                    if (!keys)
                        out_float(out, top->weight);
                    else if (top->key == SIZE_MAX)
                        out_text(out, "null");
                    else
                        out_format(out, "%zu", top->key);
                }
                out_char(out, ']');
            }
            out_char(out, ']');
        }
        out_char(out, ']');
    }
    out_char(out, ']');
}

/* In the place of the weights. The mask is that of the cells. */
static bool write_pooled(struct out *out, const struct result *result, bool masked, struct error *error)
{
    out_format(out, ",\n\"pooled\":{\"method\":\"%s\",\"queries_per_cell\":%zu,\"keys_per_cell\":%zu",
               result->pool_mean ? "mean" : "max", result->query_step, result->key_step);
    if (masked && !write_mask(out, result, error))
        return false;
    write_stage(out, result, STAGE_WEIGHTS);
    out_char(out, '}');
    write_top(out, result, "top_keys", true);
    write_top(out, result, "top_weights", false);
    return true;
}

static bool json_write(const struct result *result, enum stage stage, struct out *out, struct error *error)
{
    (void)stage;
    const struct problem *problem = result->problem;
    /* Where positions no longer count from 0, or layers differ, the rules are written out as a mask. */
    bool shifted = result->query_first > 0 || result->key_first > 0;
    const struct masking masking = masking_of(problem);
    bool by_rule = rules_agree(problem) && !shifted && !masking.lifted;
    bool whole = masking.beyond || (!by_rule && masking.any);

    out_text(out, "{\"schema\":\"attn/1\"");
    if (problem->title) {
        out_text(out, ",\n\"title\":");
        out_quoted(out, problem->title);
    }
    size_t patches = problem->patch_grid[0] * problem->patch_grid[1]; /* each at most 2^20 */
    bool fits = problem->m == patches || problem->m == patches + 1;
    if (patches > 0 && fits && result->kept != KEPT_POOLED && result->key_count == problem->m)
        out_format(out, ",\n\"grid\":[%zu,%zu]", problem->patch_grid[0], problem->patch_grid[1]);
    write_labels(out, "tokens", &problem->tokens, result->query_first, result->query_count);
    write_labels(out, "key_tokens", &problem->key_tokens, result->key_first, result->key_count);
    write_config(out, result, by_rule);
    if (result->selected)
        write_selection(out, result);
    if (result->kept == KEPT_POOLED) {
        if (!write_pooled(out, result, masking.any || result->stage[STAGE_MASK].data, error))
            return false;
    } else {
        if (whole && !result->stage[STAGE_MASK].data && !write_mask(out, result, error))
            return false;
        write_stage(out, result, STAGE_WEIGHTS);
    }
    write_stage(out, result, STAGE_OUTPUT);
    for (enum stage s = 0; s < STAGE_COUNT; s++)
        if (s != STAGE_WEIGHTS && s != STAGE_OUTPUT && !(s == STAGE_MASK && result->kept == KEPT_POOLED))
            write_stage(out, result, s);
    write_pairs(out, result);
    write_stats(out, result);
    out_text(out, "}\n");
    return true;
}

const struct writer writer_json = {false, json_write};
