/*
 * Tidy CSV (RFC 4180), so that any table program can filter and group it. One line a pair of query and key, with a
 * column a stage: layer,head,query,key,query_token,key_token,weight,masked. Other stages have one line a number, and
 * a feature in the place of the other token.
 */
#include "write/write.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "write/csv.h"

/* A field, quoted where a reader would otherwise split or trim it. A U+0000, which texts hold as C0 80,
 * becomes its picture, U+2400. On a terminal all that it would obey is shown as in messages. */
void csv_field(struct out *out, const char *text)
{
    char shown[TEXT_SHOWN];
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
        if (out->terminal)
            out_bytes(out, shown, text_show(&text, shown));
        else
            out_char(out, *text++);
    }
    if (quoted)
        out_char(out, '"');
}

void csv_value(struct out *out, float value)
{
    if (isnan(value))
        out_text(out, "nan");
    else if (isinf(value))
        out_text(out, value > 0 ? "inf" : "-inf");
    else
        out_float(out, value);
}

/* Row i of matrix h of layer l. */
struct csv_row {
    const struct excerpt *excerpt;
    enum stage stage;
    size_t l, h, i;
};

/* The column of a stage of pairs. A reader takes "score" and "masked_score" for what softmax is taken of. */
static const char *const column_names[STAGE_COUNT] = {
    [STAGE_SCORES] = "raw_score",
    [STAGE_SCALED] = "scaled_score",
    [STAGE_MASKED] = "masked_score",
    [STAGE_WEIGHTS] = "weight",
    [STAGE_MASK] = "allowed",
    [STAGE_ENCODING] = "encoding",
    [STAGE_CONTRIBUTION] = "contribution",
    [STAGE_CONTRIBUTION_SHARE] = "contribution_share",
};

/* The rows of all stages at once; `values` is one a stage. */
static void csv_pairs(const struct csv_row *row, const float *const *values, size_t stages,
                      const unsigned char *masked, struct out *out)
{
    const struct excerpt *e = row->excerpt;
    const struct problem *problem = e->result->problem;
    size_t layer = e->mean.layers > 0 ? 0 : excerpt_layer(e, row->l),
           head = e->mean.heads > 0 ? 0 : excerpt_head_number(e, row->l, row->h),
           query = e->query_first + row->i;
    for (size_t j = 0; j < e->shape[row->stage].columns; j++) {
        size_t key = e->key_first + j;
        out_format(out, "%zu,%zu,%zu,%zu,", layer, head, query, key);
        csv_field(out, problem->tokens.text[query]);
        out_char(out, ',');
        csv_field(out, problem->key_tokens.text[key]);
        for (size_t s = 0; s < stages; s++) {
            out_char(out, ',');
            csv_value(out, values[s][j]);
        }
        out_text(out, masked[j] ? ",1\n" : ",0\n");
    }
}

static void csv_features(const struct csv_row *row, const float *values, struct out *out)
{
    const struct excerpt *e = row->excerpt;
    const struct problem *problem = e->result->problem;
    const bool keys = stage_is_keys(row->stage);
    const struct labels *labels = keys ? &problem->key_tokens : &problem->tokens;
    size_t token = (keys ? e->key_first : e->query_first) + row->i;
    /* Output is of all heads together, and grouped K/V heads are counted by themselves unless heads were
     * chosen. */
    bool own = e->is_picked || (row->stage != STAGE_OUTPUT && e->shape[row->stage].heads == e->head_count);
    own = own && e->mean.heads == 0;
    size_t layer = e->mean.layers > 0 ? 0 : excerpt_layer(e, row->l),
           head = own ? excerpt_head_number(e, row->l, row->h) : row->h;
    for (size_t c = 0; c < e->shape[row->stage].columns; c++) {
        out_format(out, "%zu,%zu,%zu,%zu,", layer, head, token, c);
        csv_field(out, labels->text[token]);
        out_char(out, ',');
        csv_value(out, values[c]);
        out_char(out, '\n');
    }
}

static bool csv_write_pairs(const struct excerpt *e, const struct content *content, struct out *out,
                            struct error *error)
{
    const struct stage_shape *shape = &e->shape[content->stages[0]];
    const float *values[STAGE_COUNT];
    float *room = memory_alloc(shape->columns, content->stage_count * sizeof *room, error);
    unsigned char *masked = room ? memory_alloc(shape->columns, 1, error) : NULL;
    const bool ok = masked != NULL;
    for (size_t l = 0; ok && l < e->layer_count; l++)
        for (size_t h = 0; h < shape->heads; h++)
            for (size_t i = 0; i < shape->rows && !out->trouble; i++) {
                const struct csv_row row = {e, content->stages[0], l, h, i};
                excerpt_mask_row(e, l, h, i, masked);
                for (size_t s = 0; s < content->stage_count; s++)
                    values[s] = content_row(content, e, content->stages[s], l, h, i, masked,
                                            room + s * shape->columns);
                csv_pairs(&row, values, content->stage_count, masked, out);
            }
    free(masked);
    free(room);
    return ok;
}

static bool csv_write_features(const struct excerpt *e, enum stage stage, struct out *out,
                               struct error *error)
{
    const struct stage_shape *shape = &e->shape[stage];
    float *room = memory_alloc(shape->columns, sizeof *room, error);
    if (!room)
        return false;
    for (size_t l = 0; l < e->layer_count; l++)
        for (size_t h = 0; h < shape->heads; h++)
            for (size_t i = 0; i < shape->rows && !out->trouble; i++) {
                const struct csv_row row = {e, stage, l, h, i};
                csv_features(&row, excerpt_row(e, stage, l, h, i, room), out);
            }
    free(room);
    return true;
}

static void csv_header(const struct content *content, bool is_pairs, struct out *out)
{
    const char *name = stage_is_keys(content->stages[0]) ? "key" : "query";
    if (!is_pairs) {
        out_format(out, "layer,head,%s,feature,%s_token,value\n", name, name);
        return;
    }
    out_text(out, "layer,head,query,key,query_token,key_token");
    for (size_t s = 0; s < content->stage_count; s++)
        out_format(out, ",%s", column_names[content->stages[s]]);
    out_text(out, ",masked\n");
}

static bool csv_write(const struct excerpts *excerpts, const struct content *content, struct out *out,
                      struct error *error)
{
    const enum stage stage = content->stages[0];
    const bool is_pairs = excerpts->list[0].shape[stage].is_pairs;
    bool ok = true;
    csv_header(content, is_pairs, out);
    for (size_t i = 0; ok && i < excerpts->count; i++)
        ok = is_pairs ? csv_write_pairs(&excerpts->list[i], content, out, error)
                      : csv_write_features(&excerpts->list[i], stage, out, error);
    return ok;
}

const struct writer writer_csv = {HOLDS_PAIRS, DETAIL_CHOSEN, MASKS_ALWAYS, csv_write};
