/*
 * The JSON of a result, schema attn/1 (docs/attn-output.schema.json), which is itself an input. Numbers read
 * back to the same float32; NaN and infinities are null. One row of a matrix a line.
 */
#include <stdlib.h>

#include "attention/measures.h"
#include "base/memory.h"
#include "base/workers.h"
#include "write/json_head.h"
#include "write/order_json.h"
#include "write/write.h"

/* Large matrices are made into text by all threads, some rows each, and written in order. */
enum { CHUNK_NUMBERS = 1 << 13, CHUNKS = 16 };

/* A matrix on its way out: in rounds of CHUNKS chunks of rows. */
struct json_matrix {
    const struct excerpt *excerpt;
    enum stage stage;
    size_t l, h;
    size_t first;  /* row of this round */
    size_t height; /* rows of a chunk */
    float *room;   /* for a row of each chunk */
    struct out text[CHUNKS];
};

/* Rows [first, end), which chunk `chunk` is made of. */
static void json_write_rows(struct out *out, const struct json_matrix *matrix, size_t first, size_t end,
                            size_t chunk)
{
    const size_t columns = matrix->excerpt->shape[matrix->stage].columns;
    float *room = matrix->room + chunk * columns;
    for (size_t i = first; i < end; i++) {
        const float *row = excerpt_row(matrix->excerpt, matrix->stage, matrix->l, matrix->h, i, room);
        out_text(out, i > 0 ? ",\n[" : "[");
        for (size_t j = 0; j < columns; j++) {
            if (j > 0)
                out_char(out, ',');
            out_float(out, row[j]);
        }
        out_char(out, ']');
    }
}

static void json_write_chunk(void *context, int member, size_t job)
{
    struct json_matrix *matrix = context;
    (void)member;
    const size_t rows = matrix->excerpt->shape[matrix->stage].rows;
    size_t first = matrix->first + job * matrix->height, left = rows - first;
    json_write_rows(&matrix->text[job], matrix, first,
                    first + (left < matrix->height ? left : matrix->height), job);
}

/* rows×columns as an array of arrays. */
static void json_write_matrix(struct out *out, struct json_matrix *matrix)
{
    const struct stage_shape *shape = &matrix->excerpt->shape[matrix->stage];
    const size_t rows = shape->rows;
    out_char(out, '[');
    matrix->height = shape->columns < CHUNK_NUMBERS ? CHUNK_NUMBERS / (shape->columns + 1) + 1 : 1;
    matrix->first = 0;
    if (rows <= matrix->height) {
        json_write_rows(out, matrix, 0, rows, 0);
        matrix->first = rows;
    }
    for (; matrix->first < rows && !out->trouble; matrix->first += CHUNKS * matrix->height) {
        size_t count = (rows - matrix->first - 1) / matrix->height + 1;
        count = count < CHUNKS ? count : CHUNKS;
        for (size_t i = 0; i < count; i++)
            out_begin(&matrix->text[i], -1, out->name);
        workers_run(count, json_write_chunk, matrix);
        for (size_t i = 0; i < count; i++) {
            out_bytes(out, matrix->text[i].data, matrix->text[i].size);
            if (!out->trouble)
                out->trouble = matrix->text[i].trouble;
            out_free(&matrix->text[i]);
        }
    }
    out_char(out, ']');
}

/* The layers of one excerpt. */
static bool json_write_layers(struct out *out, const struct excerpt *e, enum stage stage, bool is_first,
                              struct error *error)
{
    const struct stage_shape *shape = &e->shape[stage];
    size_t count;
    if (!size_multiply(shape->columns, CHUNKS, &count))
        return error_memory(error, SIZE_MAX);
    struct json_matrix matrix = {
        .excerpt = e, .stage = stage, .room = memory_alloc(count, sizeof *matrix.room, error)};
    if (!matrix.room)
        return false;
    for (matrix.l = 0; matrix.l < e->layer_count; matrix.l++) {
        out_text(out, matrix.l > 0 || !is_first ? ",\n" : "");
        if (stage != STAGE_OUTPUT)
            out_char(out, '[');
        for (matrix.h = 0; matrix.h < shape->heads; matrix.h++) {
            out_text(out, matrix.h > 0 ? ",\n" : "");
            json_write_matrix(out, &matrix);
        }
        if (stage != STAGE_OUTPUT)
            out_char(out, ']');
    }
    free(matrix.room);
    return true;
}

/* [layer][head][row][column], or [layer][row][column] for the output; nothing where there is no such
 * stage. */
static bool json_write_stage(struct out *out, const struct excerpts *all, enum stage stage,
                             struct error *error)
{
    bool ok = true;
    if (!excerpt_has(&all->list[0], stage))
        return true;
    out_format(out, ",\n\"%s\":[", stage_names[stage]);
    for (size_t i = 0; ok && i < all->count; i++)
        ok = json_write_layers(out, &all->list[i], stage, i == 0, error);
    out_char(out, ']');
    return ok;
}

/* The mask of a head; `flags` has room for a row. */
static void json_write_head_mask(struct out *out, const struct excerpt *e, size_t l, size_t h,
                                 unsigned char *flags)
{
    out_char(out, '[');
    for (size_t i = 0; i < e->shape[STAGE_WEIGHTS].rows; i++) {
        excerpt_mask_row(e, l, h, i, flags);
        out_text(out, i > 0 ? ",\n[" : "[");
        for (size_t j = 0; j < e->shape[STAGE_WEIGHTS].columns; j++)
            out_text(out, j > 0 ? (flags[j] ? ",0" : ",1") : (flags[j] ? "0" : "1"));
        out_char(out, ']');
    }
    out_char(out, ']');
}

/* Whether all heads have one mask. */
static bool json_masks_agree(const struct excerpt *e)
{
    for (size_t l = 0; l < e->layer_count; l++)
        for (size_t h = 0; h < e->head_count; h++)
            if (!excerpt_masks_agree(e, 0, 0, l, h))
                return false;
    return true;
}

/* Whether the heads of a layer have one mask. */
static bool json_heads_agree(const struct excerpt *e, size_t l)
{
    for (size_t h = 1; h < e->head_count; h++)
        if (!excerpt_masks_agree(e, l, 0, l, h))
            return false;
    return true;
}

/* The masks of an excerpt, without layers and heads where all agree; or, where it is one of several, those of each layer,
 * as one of all heads where these agree. */
static bool json_write_masks(struct out *out, const struct excerpt *e, bool alone, struct error *error)
{
    unsigned char *flags = memory_alloc(e->shape[STAGE_WEIGHTS].columns, 1, error);
    if (!flags)
        return false;
    if (alone && json_masks_agree(e)) {
        json_write_head_mask(out, e, 0, 0, flags);
        free(flags);
        return true;
    }
    out_text(out, alone ? "[" : "");
    for (size_t l = 0; l < e->layer_count; l++) {
        const bool one = !alone && json_heads_agree(e, l);
        for (size_t h = 0; h < (one ? 1 : e->head_count); h++) {
            out_text(out, h > 0 ? ",\n" : l > 0 ? "],\n[" : "[");
            json_write_head_mask(out, e, l, h, flags);
        }
    }
    out_text(out, alone ? "]]" : "]");
    free(flags);
    return true;
}

/* 1 where a pair, or some pair of a cell, is allowed: as the weights, but without layers and heads where all
 * agree. */
static bool json_write_mask(struct out *out, const struct excerpts *all, struct error *error)
{
    const bool alone = all->count == 1;
    bool ok = true;
    out_text(out, alone ? ",\n\"mask\":" : ",\n\"mask\":[");
    for (size_t i = 0; ok && i < all->count; i++) {
        out_text(out, i > 0 ? ",\n" : "");
        ok = json_write_masks(out, &all->list[i], alone, error);
    }
    out_text(out, alone ? "" : "]");
    return ok;
}

static void json_write_measures(struct out *out, const struct measures *m)
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

static size_t get_pairs(const struct excerpt *e)
{
    return e->result->problem->n * e->result->problem->m;
}

/* How many of all pairs each head's mask allows. */
static void json_write_pairs(struct out *out, const struct excerpts *all)
{
    out_text(out, ",\n\"pairs\":{");
    json_write_number(out, "of", all, get_pairs);
    out_text(out, ",\"allowed\":[");
    for (size_t i = 0; i < all->count; i++) {
        const struct excerpt *e = &all->list[i];
        for (size_t l = 0; l < e->layer_count; l++) {
            out_text(out, i + l > 0 ? ",[" : "[");
            for (size_t h = 0; h < e->head_count; h++)
                out_format(out, h > 0 ? ",%zu" : "%zu", excerpt_measures(e, l, h)->allowed);
            out_char(out, ']');
        }
    }
    out_text(out, "]}");
}

static void json_write_stats(struct out *out, const struct excerpts *all)
{
    out_text(out, ",\n\"stats\":[");
    for (size_t i = 0; i < all->count; i++) {
        const struct excerpt *e = &all->list[i];
        for (size_t l = 0; l < e->layer_count; l++) {
            out_text(out, i + l > 0 ? ",\n[" : "[");
            for (size_t h = 0; h < e->head_count; h++) {
                out_text(out, h > 0 ? ",\n" : "");
                json_write_measures(out, excerpt_measures(e, l, h));
            }
            out_char(out, ']');
        }
    }
    out_char(out, ']');
}

/* The heaviest keys of every row: their numbers (`keys`), or their weights. */
static void json_write_top(struct out *out, const struct excerpt *e, const char *name, bool keys)
{
    const struct result *result = e->result;
    const struct problem *problem = result->problem;
    out_format(out, ",\n\"%s\":[", name);
    for (size_t l = 0; l < e->layer_count; l++) {
        out_text(out, l > 0 ? ",\n[" : "[");
        for (size_t h = 0; h < e->head_count; h++) {
            const struct row_key *top =
                result->top +
                (e->layer_index[l] * problem->heads + excerpt_head(e, l, h)) * problem->n * result->top_count;
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

/* Pooled weights, and their mask, which is that of the cells. There is one excerpt: computation_select. */
static bool json_write_pooled(struct out *out, const struct excerpts *all, bool masked, struct error *error)
{
    const struct excerpt *e = &all->list[0];
    const struct result *result = e->result;
    out_format(out, ",\n\"pooled\":{\"method\":\"%s\",\"queries_per_cell\":%zu,\"keys_per_cell\":%zu",
               result->pool_mean ? "mean" : "max", result->cells.query_step, result->cells.key_step);
    if ((masked && !json_write_mask(out, all, error)) || !json_write_stage(out, all, STAGE_WEIGHTS, error))
        return false;
    out_char(out, '}');
    json_write_top(out, e, "top_keys", true);
    json_write_top(out, e, "top_weights", false);
    return true;
}

/* What comes after the last token, of the layers that say it. */
static void json_write_next(struct out *out, const struct next_tokens *next)
{
    char room[24];
    for (size_t i = 0; i < next->count; i++) {
        out_format(out, "%s{\"id\":%zu,\"token\":", i > 0 ? ",\n" : ",\n\"next\":[", next->id[i]);
        out_quoted(out, next_tokens_text(next, i, room));
        out_text(out, ",\"probability\":");
        out_float(out, (float)next->probability[i]);
        out_char(out, '}');
    }
    out_text(out, next->count > 0 ? "]" : "");
}

static bool json_write(const struct excerpts *all, const struct content *content, struct out *out,
                       struct error *error)
{
    (void)content;
    const struct excerpt *e = &all->list[0];
    const bool pooled = e->result->kept == KEPT_POOLED, bare = e->result->kept == KEPT_NOTHING;
    struct masking masking;
    /* Where a rule does not say it, masks are written out. */
    const bool by_rule = json_masks_by_rule(all, &masking);
    const bool whole = masking.beyond || (!by_rule && masking.any);

    json_write_head(all, out);
    if (pooled ? !json_write_pooled(out, all, masking.any || excerpt_has(e, STAGE_MASK), error)
               : (whole && !bare && !excerpt_has(e, STAGE_MASK) && !json_write_mask(out, all, error)) ||
                     !json_write_stage(out, all, STAGE_WEIGHTS, error))
        return false;
    if (!json_write_stage(out, all, STAGE_OUTPUT, error))
        return false;
    for (enum stage s = 0; s < STAGE_COUNT; s++)
        if (s != STAGE_WEIGHTS && s != STAGE_OUTPUT && !(s == STAGE_MASK && pooled) &&
            !json_write_stage(out, all, s, error))
            return false;
    json_write_pairs(out, all);
    if (e->result->only_chosen)
        out_text(out, ",\n\"stats_of\":\"selected queries\"");
    if (!bare)
        json_write_stats(out, all);
    for (size_t i = 0; i < all->count; i++)
        json_write_next(out, &all->list[i].result->next);
    if (all->ordering)
        order_json(out, all->ordering);
    out_text(out, "}\n");
    return true;
}

const struct writer writer_json = {HOLDS_ALL, DETAIL_CELLS, MASKS_ALWAYS, json_write};
