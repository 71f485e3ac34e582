/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): the scores of a chunk, passes 1 and 2, in whichever way
 * the plan has them made; and the block of queries as they take it.
 */

/* Multiplies scores that are no products by the further factors of their queries, which products have in q. */
static void scores_scale(const struct plan *plan, const struct workspace *space, struct rows *rows)
{
    _Alignas(64) float scale[BLOCK] = {0};
    memcpy(scale, plan->job->head->query_scale + rows->first, rows->count * sizeof *scale);
    for (size_t at = 0; at < rows->lanes; at += LANES) {
        const vec factor = vec_load(scale + at);
        vec top = vec_all(-INFINITY);
        for (size_t j = strip_at(rows, at)->from; j < strip_at(rows, at)->end; j++) {
            float *score = space->scores + j * BLOCK + at;
            const vec scaled = vec_load(score) * factor;
            vec_store(score, scaled);
            top = VEC_MAX(scaled, top);
        }
        vec_store(rows->chunk_max + at, top);
    }
}

/* Keys [from, end) of the chunk for `lanes` lanes from `at` on. `values_next`: pass 4 follows. */
static void keys_compare(const struct plan *plan, const struct workspace *space, struct rows *rows,
                         size_t chunk, size_t from, size_t end, size_t at, size_t lanes, bool values_next)
{
    if (from >= end)
        return;
    const struct head *head = plan->job->head;
    const struct strided k = plan->exp_k ? (struct strided){plan->exp_k, head->d_k, 1} : head->k;
    const struct comparison comparison = {plan->compared, head->additive, (float)plan->additive_sum,
                                          exponent_make(2 * M_LOG2E)};
    compare_keys(&comparison, k.data + (chunk + from) * k.row, k.row, end - from, space->queries + at,
                 head->d_k, space->scores + from * BLOCK + at, rows->chunk_max + at, lanes,
                 values_next ? head->v.data + (chunk + from) * head->v.row : NULL, head->v.row,
                 values_next ? head->d_v : 0);
}

/* Pass 1 of one chunk. Keys that all strips compute are computed for all together, because wide tiles are faster. */
static void scores_make(const struct plan *plan, const struct workspace *space, struct rows *rows,
                        size_t from, size_t keys, bool values_next)
{
    const struct head *head = plan->job->head;
    struct span core = {0, keys};
    for (size_t l = 0; l < BLOCK; l++)
        rows->chunk_max[l] = -INFINITY;
    for (size_t at = 0; at < rows->lanes; at += STRIP_LANES) {
        const struct strip *strip = strip_at(rows, at);
        core.from = strip->from > core.from ? strip->from : core.from;
        core.end = strip->end < core.end ? strip->end : core.end;
    }
    if (plan->is_thin) {
        thin_compare(head, rows->first, rows->count, from, keys, space->scores, rows->chunk_max);
        return;
    }
    keys_compare(plan, space, rows, from, core.from, core.end, 0, rows->lanes, values_next);
    for (size_t at = 0; at < rows->lanes && rows->strips_differ; at += STRIP_LANES) {
        const struct strip *strip = strip_at(rows, at);
        const size_t before = core.from < core.end ? core.from : strip->end,
                     behind = core.from < core.end ? core.end : strip->end;
        keys_compare(plan, space, rows, from, strip->from, before, at, STRIP_LANES, values_next);
        keys_compare(plan, space, rows, from, behind, strip->end, at, STRIP_LANES, values_next);
    }
    if (head->query_scale && plan->compared != COMPARED_PRODUCT)
        scores_scale(plan, space, rows);
}

/* Passes 1 and 2 of one chunk. */
static void score_compute(const struct plan *plan, const struct workspace *space, const struct reach *reach,
                          struct rows *rows, size_t from, size_t keys, bool values_next)
{
    scores_make(plan, space, rows, from, keys, values_next);
    rules_apply(plan, space, reach, rows, from, keys);
    strips_fill(rows, space->scores, keys, -INFINITY);
}

/* The scores of one chunk, computed or taken from those that are held. */
static void score_chunk(const struct plan *plan, const struct workspace *space, const struct reach *reach,
                        struct rows *rows, size_t from, size_t keys, bool values_next)
{
    if (plan->holds_scores)
        held_take(space, reach, rows, from, keys);
    else
        score_compute(plan, space, reach, rows, from, keys, values_next);
}

/* The block of queries as scores take it. */
static void queries_pack(const struct plan *plan, const struct workspace *space, size_t first, size_t count)
{
    if (plan->is_thin) { /* reads them in place; the scores of other lanes are 0 */
        memset(space->scores, 0, CHUNK * BLOCK * sizeof *space->scores);
        return;
    }
    const struct head *head = plan->job->head;
    prefetch_rows(head->q.data, head->q.row, first, (int)count, head->d_k);
    block_pack(space->queries, head->q.data + first * head->q.row, head->q.row, count, head->d_k);
    for (size_t c = 0; c < head->d_k && head->query_scale && plan->compared == COMPARED_PRODUCT; c++)
        for (size_t l = 0; l < count; l++)
            space->queries[c * BLOCK + l] *= head->query_scale[first + l];
    for (size_t i = 0; i < head->d_k * BLOCK && plan->compared == COMPARED_EXP; i++)
        space->queries[i] = (float)exp(2 * (double)space->queries[i]);
}
