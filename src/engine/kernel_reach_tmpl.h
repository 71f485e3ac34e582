/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): which keys the rows of a block may attend to, so that
 * others need not be computed.
 */

/* The reach of some rows: all of [every_first, every_end) is in reach of every row, nothing outside [first_key, end_key) of
 * any. */
struct limits {
    size_t first_key, end_key, every_first, every_end;
};

/* The reach of the rows of a block (mask_reach): row i attends to no keys but first[i]..end[i]-1. Nothing outside
 * [first_key, end_key) is in reach of any row. */
struct reach {
    size_t first[BLOCK], end[BLOCK];
    size_t first_key, end_key;
    struct limits strips[BLOCK / STRIP_LANES];
    /* ALiBi counts distances from the nearest key that a row may attend to, which changes no weight but those of a
     * sigmoid, and is not done for these: far from all keys, -slope·|distance| would leave no room for scores beside
     * it. Those distances; is_away: some are not 0. */
    int64_t away[BLOCK];
    bool is_away;
};

static void limits_add(struct limits *limits, size_t from, size_t end)
{
    if (from < end && from < limits->first_key)
        limits->first_key = from;
    if (from < end && end > limits->end_key)
        limits->end_key = end;
    if (from > limits->every_first)
        limits->every_first = from;
    if (end < limits->every_end)
        limits->every_end = end;
}

static void reach_make(struct reach *reach, const struct head *head, size_t first, size_t count)
{
    const struct limits none = {.first_key = head->m, .every_end = head->m};
    *reach = (struct reach){.first_key = head->m};
    for (size_t s = 0; s < BLOCK / STRIP_LANES; s++)
        reach->strips[s] = none;
    for (size_t i = 0; i < count; i++) {
        mask_reach(head, first + i, &reach->first[i], &reach->end[i]);
        limits_add(&reach->strips[i / STRIP_LANES], reach->first[i], reach->end[i]);
    }
    for (size_t s = 0; s < BLOCK / STRIP_LANES; s++) {
        const struct limits *strip = &reach->strips[s];
        reach->first_key = strip->first_key < reach->first_key ? strip->first_key : reach->first_key;
        reach->end_key = strip->end_key > reach->end_key ? strip->end_key : reach->end_key;
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

/* Keys from..end-1. */
struct span {
    size_t from, end;
};

/* The most keys that are prefetched for the next block, and the least numbers of q, k, v and the output of a head: fewer stay
 * in the second cache. */
#define UPCOMING_KEYS ((size_t)256)
#define UPCOMING_LEAST 131072.0

/* The keys that rows first..first+count-1 may attend to, but for global tokens. */
static struct span window_of(const struct head *head, size_t first, size_t count)
{
    struct head own = *head;
    struct span span;
    size_t unused;
    own.rules.query_global = own.rules.key_global = NULL;
    mask_reach(&own, first, &span.from, &unused);
    mask_reach(&own, first + count - 1, &unused, &span.end);
    return span;
}

/* What the block of rows from `next` on needs that this one did not: its queries, the rows that its output goes to, and keys
 * and values behind or before those of this block, if they are few. next is SIZE_MAX where no block follows. */
static void upcoming_make(struct upcoming *upcoming, const struct engine_job *job, size_t first, size_t count,
                          size_t next)
{
    const struct head *head = job->head;
    const double numbers = ((double)head->n + (double)head->m) * ((double)head->d_k + (double)head->d_v);
    *upcoming = (struct upcoming){0};
    if (next >= head->n || numbers < UPCOMING_LEAST)
        return;
    const size_t rows = head->n - next < BLOCK ? head->n - next : BLOCK;
    const struct span here = window_of(head, first, count);
    struct span moved = window_of(head, next, rows);
    if (moved.from >= here.from && moved.from < here.end)
        moved.from = here.end;
    if (moved.end > here.from && moved.end <= here.end)
        moved.end = here.from;
    const size_t keys =
        moved.from < moved.end && moved.end - moved.from <= UPCOMING_KEYS ? moved.end - moved.from : 0;
    upcoming->of[0] = (struct upcoming_rows){head->q.data + next * head->q.row, head->q.row, head->d_k, rows};
    if (job->output)
        upcoming->of[1] =
            (struct upcoming_rows){job->output + next * job->output_row, job->output_row, head->d_v, rows};
    if (keys > 0) {
        upcoming->of[2] =
            (struct upcoming_rows){head->k.data + moved.from * head->k.row, head->k.row, head->d_k, keys};
        upcoming->of[3] =
            (struct upcoming_rows){head->v.data + moved.from * head->v.row, head->v.row, head->d_v, keys};
    }
}

/* Moves the ends of a span in the chunk [from, end) outwards to whole STEPs of keys, counted from the begin of the chunk. */
static struct span span_round(const struct plan *plan, struct span span, size_t from, size_t end)
{
    const size_t begin = chunk_begin(&plan->chunks, from);
    span.from -= (span.from - begin) % STEP;
    span.end += (STEP - (span.end - begin) % STEP) % STEP;
    return (struct span){span.from < from ? from : span.from, span.end < end ? span.end : end};
}

/* The keys of [from, end), a chunk or a part, that some of the rows first..first+count-1 may attend to, in whole STEPs; if
 * there are none, [end, end). */
static struct span rows_span(const struct plan *plan, size_t first, size_t count, size_t from, size_t end)
{
    const struct head *head = plan->job->head;
    struct span span = {from, end};
    if (!plan->has_holes)
        return span;
    if (!mask_may_attend(head, first, first + count, from, end))
        return (struct span){end, end};
    mask_narrow(head, first, first + count, &span.from, &span.end);
    return span_round(plan, span, from, end);
}

/* The strip that begins at lane `at`, for the chunk of `span`. */
static struct strip strip_make(const struct plan *plan, const struct reach *reach, const struct rows *rows,
                               size_t at, const struct span *span)
{
    const size_t count = rows->count - at < STRIP_LANES ? rows->count - at : STRIP_LANES;
    const struct limits *limits = &reach->strips[at / STRIP_LANES];
    struct span whole = {limits->first_key > span->from ? limits->first_key : span->from,
                         limits->end_key < span->end ? limits->end_key : span->end};
    if (whole.from >= whole.end)
        return (struct strip){0};
    whole = span_round(plan, whole, span->from, span->end);
    const struct span own = rows_span(plan, rows->first + at, count, whole.from, whole.end);
    if (own.from >= own.end)
        return (struct strip){0};
    return (struct strip){
        .from = own.from - span->from,
        .end = own.end - span->from,
        .is_open = limits->every_first <= own.from && own.end <= limits->every_end &&
                   (!plan->has_holes || mask_is_open(plan->job->head, rows->first + at,
                                                     rows->first + at + count, own.from, own.end))};
}

/* The keys of the chunk [from, end) that some row of the block may attend to, and of those what each strip computes. */
static struct span chunk_span(const struct plan *plan, const struct reach *reach, struct rows *rows,
                              size_t from, size_t end)
{
    const struct span span = rows_span(plan, rows->first, rows->count, from, end);
    rows->strips_differ = false;
    for (size_t at = 0; at < rows->lanes && span.from < span.end; at += STRIP_LANES) {
        const struct strip strip =
            at < rows->count ? strip_make(plan, reach, rows, at, &span) : (struct strip){0};
        rows->strips[at / STRIP_LANES] = strip;
        rows->strips_differ = rows->strips_differ || strip.from > 0 || strip.end < span.end - span.from;
    }
    return span;
}
