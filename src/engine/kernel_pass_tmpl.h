/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): the last pass over a block of rows, which makes their weights once
 * more and passes them to the receiver, as whole rows or as pieces.
 */

/* The lanes of a vector of rows that are rows, and not NaN. */
INLINE veci rows_valid(const struct rows *rows, size_t at)
{
    const vec inverse = vec_load(rows->inverse + at);
    veci valid = inverse == inverse;
    for (size_t l = 0; l < LANES; l++)
        valid[l] &= at + l < rows->count ? -1 : 0;
    return valid;
}

_Static_assert(KEYS_ROWS == BLOCK, "scores of a chunk are passed on as they lie");

/* Passes the weights of a chunk to the receiver. */
static void keys_pass_on(const struct plan *plan, const struct workspace *space, const struct rows *rows,
                         size_t from, size_t keys)
{
    const struct row_receiver *receiver = &plan->job->receiver;
    const struct weights_of_keys part = {rows->first, rows->count, from, keys, space->scores};
    for (size_t j = 0; j < keys && rows->lanes < BLOCK; j++)
        memset(space->scores + j * BLOCK + rows->lanes, 0, (BLOCK - rows->lanes) * sizeof *space->scores);
    receiver->receive_keys(receiver->context, &part);
}

/* Computes the weights again, now that their sums are known, and passes them to the receiver. */
static void rows_pass_on(const struct plan *plan, const struct workspace *space, struct rows *rows,
                         const struct reach *reach, const struct exponent *exponent)
{
    const struct engine_job *job = plan->job;
    const struct row_receiver *receiver = &job->receiver;
    const size_t m = job->head->m;
    if (!receiver->receive_keys)
        memset(space->row_buffer, 0, rows->count * m * sizeof *space->row_buffer);
    for (size_t from = reach->first_key, end; from < reach->end_key; from = end) {
        end = chunk_end(&plan->chunks, from, reach->end_key);
        const struct span span = chunk_span(plan, reach, rows, from, end);
        const size_t keys = span.end - span.from;
        if (keys == 0)
            continue;
        score_chunk(plan, space, reach, rows, span.from, keys, false);
        weigh_again(plan, space, rows, keys, exponent);
        if (plan->drops) {
            drop_draw(plan, space, rows, span.from, keys);
            drop_weights(space, rows, keys);
        }
        for (size_t at = 0; at < rows->lanes; at += LANES) {
            const vec inverse = vec_load(rows->inverse + at), sum = vec_load(rows->sum + at);
            const veci valid = receiver->receive_keys ? rows_valid(rows, at) : ~(veci){0};
            for (float *score = space->scores + at; score < space->scores + keys * BLOCK; score += BLOCK) {
                const vec e = vec_load(score), w = e * inverse;
                const vec weight = w + (e - w * sum) * inverse; /* as exact as a division */
                vec_store(score, vec_choose(valid, weight, vec_all(0)));
            }
        }
        if (receiver->receive_keys)
            keys_pass_on(plan, space, rows, span.from, keys);
        else
            block_unpack(space->row_buffer + span.from, m, space->scores, rows->count, keys);
    }
    for (size_t r = 0; r < rows->count; r++) {
        float *row = space->row_buffer + (receiver->receive_keys ? 0 : r * m);
        for (size_t j = 0; j < m && isnan(rows->inverse[r]); j++)
            row[j] = NAN;
        if (receiver->receive_keys && isnan(rows->inverse[r]))
            receiver->receive(receiver->context, rows->first + r, 1, row, m);
    }
    if (!receiver->receive_keys)
        receiver->receive(receiver->context, rows->first, rows->count, space->row_buffer, m);
}
