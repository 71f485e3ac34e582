/*
 * Tidy CSV (RFC 4180): one line a number, so that any table program can filter and group it. Pairs of query
 * and key as layer,head,query,key,query_token,key_token,weight; other stages have a feature in the place of
 * the other token.
 */
#include "write/write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* A field, quoted where a reader would otherwise take it apart or trim it. A held U+0000 becomes its picture,
 * U+2400. */
static void write_field(struct out *out, const char *text)
{
    size_t length = strlen(text);
    bool quoted =
        length == 0 || strpbrk(text, ",\"\r\n\t;#") || strchr(" '", text[0]) || text[length - 1] == ' ';
    if (quoted)
        out_char(out, '"');
    while (*text) {
        if (text[0] == '\xC0' && text[1] == '\x80') {
            out_text(out, "␀");
            text += 2;
            continue;
        }
        if (*text == '"')
            out_char(out, '"');
        out_char(out, *text++);
    }
    if (quoted)
        out_char(out, '"');
}

static void write_value(struct out *out, float value)
{
    if (isnan(value))
        out_text(out, "nan");
    else if (isinf(value))
        out_text(out, value > 0 ? "inf" : "-inf");
    else
        out_float(out, value);
}

static void write_pairs(const struct result *result, const struct stage_data *data, size_t l, size_t h,
                        struct out *out)
{
    const float *value = stage_matrix(data, l, h);
    size_t head = result->averaged ? 0 : result->head_index[h];
    for (size_t i = 0; i < data->rows; i++) {
        for (size_t j = 0; j < data->columns; j++) {
            size_t query = result->query_first + i, key = result->key_first + j;
            out_format(out, "%zu,%zu,%zu,%zu,", result->layer_index[l], head, query, key);
            write_field(out, result->problem->tokens.text[query]);
            out_char(out, ',');
            write_field(out, result->problem->key_tokens.text[key]);
            out_char(out, ',');
            write_value(out, *value++);
            out_char(out, '\n');
        }
    }
}

static void write_features(const struct result *result, const struct stage_data *data, enum stage stage,
                           size_t l, size_t h, struct out *out)
{
    const float *value = stage_matrix(data, l, h);
    const struct labels *labels =
        stage_is_keys(stage) ? &result->problem->key_tokens : &result->problem->tokens;
    size_t first = stage_is_keys(stage) ? result->key_first : result->query_first;
    /* Output is of all heads together, and grouped K/V heads are counted by themselves unless heads were
     * chosen. */
    bool own = stage != STAGE_OUTPUT && data->heads == result->head_count && !result->averaged;
    size_t head = own ? result->head_index[h] : h;
    for (size_t i = 0; i < data->rows; i++) {
        for (size_t c = 0; c < data->columns; c++) {
            out_format(out, "%zu,%zu,%zu,%zu,", result->layer_index[l], head, first + i, c);
            write_field(out, labels->text[first + i]);
            out_char(out, ',');
            write_value(out, *value++);
            out_char(out, '\n');
        }
    }
}

static bool csv_write(const struct result *result, enum stage stage, struct out *out, struct error *error)
{
    (void)error;
    const struct stage_data *data = &result->stage[stage];
    const char *row = stage_is_keys(stage) ? "key" : "query";
    if (data->is_pairs)
        out_format(out, "layer,head,query,key,query_token,key_token,%s\n",
                   stage == STAGE_WEIGHTS  ? "weight"
                   : stage == STAGE_SCORES ? "score"
                                           : stage_names[stage]);
    else
        out_format(out, "layer,head,%s,feature,%s_token,value\n", row, row);
    for (size_t l = 0; l < result->layer_count; l++) {
        for (size_t h = 0; h < data->heads; h++) {
            if (data->is_pairs)
                write_pairs(result, data, l, h, out);
            else
                write_features(result, data, stage, l, h, out);
        }
    }
    return true;
}

const struct writer writer_csv = {true, csv_write};
