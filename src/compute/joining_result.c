#include "compute/joining_result.h"

#include <stdlib.h>

#include "attention/measures.h"
#include "base/memory.h"
#include "compute/stage.h"
#include "engine/threads.h"

/* What a head is joined in, and what its rows are measured in. */
struct join_room {
    double *sums;              /* rows×columns of words */
    size_t *pieces;            /* tokens of each query word */
    size_t *keys;              /* a key word */
    struct row_measures *rows; /* a query word */
};

static void join_room_free(struct join_room *room)
{
    free(room->sums);
    free(room->pieces);
    free(room->keys);
    free(room->rows);
}

static bool join_room_make(struct join_room *room, const struct joining *joining, size_t tokens,
                           struct error *error)
{
    const size_t rows = joining->queries.count, columns = joining->keys.count;
    room->sums = memory_alloc(rows * columns, sizeof *room->sums, error); /* fewer than the tokens have */
    room->pieces = memory_zeroed(rows, sizeof *room->pieces, error);
    room->keys = memory_alloc(columns, sizeof *room->keys, error);
    room->rows = memory_alloc(rows, sizeof *room->rows, error);
    for (size_t i = 0; room->pieces && i < tokens; i++)
        room->pieces[joining->queries.of[i]]++;
    return room->sums && room->pieces && room->keys && room->rows;
}

/* ---- weights ---- */

/* A head: the weights of a word are summed over its tokens as a key, and are their mean as a query. */
static void join_weights(const struct joining *joining, const struct result *tokens, size_t l, size_t h,
                         const struct join_room *room)
{
    const size_t n = tokens->problem->n, m = tokens->problem->m, columns = joining->keys.count;
    const float *from = stage_data_matrix(&tokens->stage[STAGE_WEIGHTS], l, h);
    float *to = stage_data_matrix(&joining->result.stage[STAGE_WEIGHTS], l, h);
    for (size_t c = 0; c < joining->queries.count * columns; c++)
        room->sums[c] = 0;
    for (size_t i = 0; i < n; i++) {
        double *row = room->sums + joining->queries.of[i] * columns;
        for (size_t j = 0; j < m; j++)
            row[joining->keys.of[j]] += (double)from[i * m + j];
    }
    for (size_t w = 0; w < joining->queries.count; w++)
        for (size_t c = 0; c < columns; c++)
            to[w * columns + c] = (float)(room->sums[w * columns + c] / (double)room->pieces[w]);
}

/* ---- masks ---- */

/* Whether a mask of tokens has something in it. */
static bool tokens_are_masked(const struct result *tokens)
{
    bool any = false;
    for (size_t i = 0; !any && i < tokens->masks.count; i++)
        any = tokens->masks.list[i].bits;
    return any;
}

/* A head: a pair of words is allowed where a pair of their tokens is. */
static void join_mask(const struct joining *joining, const struct result *tokens, size_t l, size_t h)
{
    const size_t n = tokens->problem->n, m = tokens->problem->m;
    const size_t rows = joining->queries.count, columns = joining->keys.count;
    const uint8_t *bits = masks_head(&tokens->masks, l, h)->bits;
    float *to = joining->mask.data + (l * tokens->problem->heads + h) * rows * columns;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            if (!masks_bit(&tokens->masks, bits, i, j))
                to[joining->queries.of[i] * columns + joining->keys.of[j]] = 1;
}

/* The masks of all heads as a tensor of the problem of words; none where nothing is masked. */
static bool join_masks(struct joining *joining, const struct result *tokens, struct error *error)
{
    struct problem *p = &joining->problem;
    if (!tokens_are_masked(tokens))
        return true;
    joining->mask = (struct tensor){.rank = 4,
                                    .shape = {p->layer_count, p->heads, p->n, p->m},
                                    .holds = TENSOR_NUMBERS,
                                    .true_attends = true};
    joining->mask.data = memory_zeroed(tensor_count(&joining->mask), sizeof *joining->mask.data, error);
    for (size_t l = 0; joining->mask.data && l < p->layer_count; l++) {
        p->layers[l].mask = &joining->mask;
        for (size_t h = 0; h < p->heads; h++)
            join_mask(joining, tokens, l, h);
    }
    return joining->mask.data;
}

/* ---- measures ---- */

/* Measures a head by its allowed words, and by masked ones whose weight is not 0. */
static void join_measures(struct joining *joining, size_t l, size_t h, const struct join_room *room)
{
    struct result *result = &joining->result;
    const struct problem *p = &joining->problem;
    const struct problem_layer *layer = &p->layers[l];
    const struct mask *mask = masks_head(&result->masks, l, h);
    const float *row = stage_data_matrix(&result->stage[STAGE_WEIGHTS], l, h);
    for (size_t i = 0; i < p->n; i++, row += p->m) {
        size_t count = 0;
        for (size_t j = 0; j < p->m; j++)
            if (row[j] != 0 || !masks_bit(&result->masks, mask->bits, i, j))
                room->keys[count++] = j;
        room->rows[i] = measures_row(row, room->keys, count, (double)layer->offset + (double)i,
                                     settings_are_shares(&layer->settings));
    }
    struct measures *measures = &result->measures[l * p->heads + h];
    *measures = measures_head(room->rows, p->n);
    measures->allowed = mask->allowed;
}

/* ---- all of it ---- */

/* Memory for the result of words, and its shapes. */
static bool result_begin(struct joining *joining, const struct result *tokens, struct error *error)
{
    struct result *result = &joining->result;
    const struct problem *p = &joining->problem;
    const struct selection all = {.query_end = p->n, .key_end = p->m};
    struct request request = {.selection = &all};
    *result = (struct result){.problem = p,
                              .kept = KEPT_ALL,
                              .cells = {.query_count = p->n,
                                        .key_count = p->m,
                                        .query_step = 1,
                                        .key_step = 1,
                                        .rows = p->n,
                                        .columns = p->m},
                              .is_joined = true,
                              .next = tokens->next,
                              .engine = tokens->engine,
                              .plain_reason = tokens->plain_reason};
    if (tokens->stage[STAGE_MASK].shape.heads > 0)
        request.stages = 1u << STAGE_MASK;
    result->measures = memory_alloc(p->layer_count * p->heads, sizeof *result->measures, error);
    return result->measures && masks_make(&result->masks, p, &result->cells, true, error) &&
           stage_data_make(result->stage, p, &request, &result->cells, error);
}

bool joining_result(struct joining *joining, const struct result *tokens, int threads, struct error *error)
{
    const struct problem *p = &joining->problem;
    struct join_room room = {0};
    bool ok = join_masks(joining, tokens, error) && result_begin(joining, tokens, error) &&
              join_room_make(&room, joining, tokens->problem->n, error);
    for (size_t l = 0; ok && l < p->layer_count; l++) {
        ok = masks_add(&joining->result.masks, l, NULL, engine_threads(threads), error);
        for (size_t h = 0; ok && h < p->heads; h++) {
            join_weights(joining, tokens, l, h, &room);
            join_measures(joining, l, h, &room);
        }
    }
    join_room_free(&room);
    return ok;
}
