/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): which keys the rows of a block may attend to, so that
 * others need not be computed.
 */

/* The reach of the rows of a block (mask_reach): row i attends to no keys but first[i]..end[i]-1. All of
 * [every_first, every_end) is in reach of every row, nothing outside [first_key, end_key) of any. */
struct reach {
    size_t first[BLOCK], end[BLOCK];
    size_t first_key, end_key, every_first, every_end;
    /* ALiBi counts distances from the nearest key that a row may attend to, which changes no weight but those of a
     * sigmoid, and is not done for these: far from all keys, -slope·|distance| would leave no room for scores beside it. Those distances; is_away: some are
     * not 0. */
    int64_t away[BLOCK];
    bool is_away;
};

static void reach_make(struct reach *reach, const struct head *head, size_t first, size_t count)
{
    *reach = (struct reach){.first_key = head->m, .every_end = head->m};
    for (size_t i = 0; i < count; i++) {
        size_t from, end;
        mask_reach(head, first + i, &from, &end);
        reach->first[i] = from;
        reach->end[i] = end;
        if (from < end && from < reach->first_key)
            reach->first_key = from;
        if (from < end && end > reach->end_key)
            reach->end_key = end;
        if (from > reach->every_first)
            reach->every_first = from;
        if (end < reach->every_end)
            reach->every_end = end;
    }
    for (size_t i = count; i < BLOCK; i++)
        reach->end[i] = head->m;
    for (size_t i = 0; i < count && head->slope != 0 && head->normalizer != NORMALIZER_SIGMOID; i++) {
        reach->away[i] = mask_distance(head, first + i);
        reach->is_away = reach->is_away || reach->away[i] > 0;
    }
}

/* Moves first_key and end_key outwards to whole STEPs of keys, counted from the begin of their chunk: pass 3
 * has STEP sums, and to which of them a key goes must not depend on the block. */
static void reach_round(struct reach *reach, const struct chunks *chunks, size_t m)
{
    if (reach->first_key >= reach->end_key)
        return;
    reach->first_key -= (reach->first_key - chunk_begin(chunks, reach->first_key)) % STEP;
    size_t begin = chunk_begin(chunks, reach->end_key - 1), over = (reach->end_key - begin) % STEP;
    size_t end = chunk_end(chunks, begin, m);
    if (over != 0)
        reach->end_key = reach->end_key + STEP - over < end ? reach->end_key + STEP - over : end;
}

/* Whether all keys of [from, end) are in reach of every row. */
INLINE bool reach_covers(const struct reach *reach, size_t from, size_t end)
{
    return from >= reach->every_first && end <= reach->every_end;
}

/* Keys from..end-1. */
struct span {
    size_t from, end;
};

/* Narrows the keys [from, end) of a chunk to those that some row of the block may attend to, in whole STEPs
 * from the begin of the chunk; if there are none, to [end, end). */
static struct span chunk_span(const struct plan *plan, const struct rows *rows, size_t from, size_t end)
{
    const struct head *head = plan->job->head;
    const size_t first = rows->first, begin = chunk_begin(&plan->chunks, from);
    struct span span = {from, end};
    if (!mask_may_attend(head, first, first + rows->count, from, end))
        return (struct span){end, end};
    mask_narrow(head, first, first + rows->count, &span.from, &span.end);
    span.from -= (span.from - begin) % STEP;
    span.end += (STEP - (span.end - begin) % STEP) % STEP;
    return (struct span){span.from < from ? from : span.from, span.end < end ? span.end : end};
}
