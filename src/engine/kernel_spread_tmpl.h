/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): how the scores of each row are spread. Those of a chunk are
 * summed up as floats, as distances from the mean of the first chunk: where scores lie close together, however far from 0,
 * squares of these lose nothing.
 */

/* Sums over the keys of a chunk, for one vector of rows; several, as of other sums. */
struct spread_sums {
    vec sum[STEP], squares[STEP];
    veci count;
};

/* Adds `count` <= STEP keys. Those of -infinity are masked. */
INLINE void spread_keys(const float *score, const int count, vec origin, struct spread_sums *sums)
{
    UNROLL
    for (int i = 0; i < count; i++) {
        const vec s = vec_load(score + i * (int)BLOCK);
        const veci counts = s > -INFINITY;
        const vec away = (vec)((veci)(s - origin) & counts);
        sums->count -= counts;
        sums->sum[i] += away;
        sums->squares[i] += away * away;
    }
}

INLINE struct spread_sums spread_group(const struct workspace *space, const struct strip *strip, size_t at,
                                       vec origin)
{
    struct spread_sums sums = {0};
    size_t keys = strip->end - strip->from;
    const float *score = space->scores + strip->from * BLOCK + at;
    for (; keys >= STEP; keys -= STEP, score += STEP * BLOCK)
        spread_keys(score, STEP, origin, &sums);
    for (; keys > 0; keys--, score += BLOCK)
        spread_keys(score, 1, origin, &sums);
    return sums;
}

INLINE vec spread_total(const vec sums[STEP])
{
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* Adds the scores of a chunk to what is known of its rows. */
static void spread_add(const struct workspace *space, struct rows *rows)
{
    for (size_t at = 0; at < rows->lanes; at += LANES) {
        const struct strip *strip = strip_at(rows, at);
        veci before;
        vec origin = vec_load(rows->score_origin + at);
        memcpy(&before, rows->score_count + at, sizeof before);
        if (vec_bits(before == 0)) {
            const struct spread_sums own = spread_group(space, strip, at, (vec){0});
            const vec mean = spread_total(own.sum) / __builtin_convertvector(own.count, vec);
            origin = vec_choose((before == 0) & (own.count > 0), mean, origin);
            vec_store(rows->score_origin + at, origin);
        }
        const struct spread_sums sums = spread_group(space, strip, at, origin);
        before += sums.count;
        memcpy(rows->score_count + at, &before, sizeof before);
        vec_widen(rows->score_sum + at, vec_all(1), spread_total(sums.sum));
        vec_widen(rows->score_squares + at, vec_all(1), spread_total(sums.squares));
    }
}

/* Writes them to the measures of rows that are not NaN, in units of the scores that are weighed. */
static void spread_finish(const struct plan *plan, const struct rows *rows, const struct reach *reach)
{
    const double scale = plan->scale_after;
    for (size_t l = 0; l < rows->count; l++) {
        const double count = rows->score_count[l], mean = rows->score_sum[l] / count;
        const double squares = rows->score_squares[l] - rows->score_sum[l] * mean;
        /* The scores of a row away from its keys are all raised by slope·away. */
        const double raised = reach->is_away ? plan->job->head->slope * (double)reach->away[l] : 0;
        if (!(count > 0) || isnan(rows->inverse[l]))
            continue;
        plan->job->measures[rows->first + l].scores =
            (struct score_sums){.count = (size_t)rows->score_count[l],
                                .mean = ((double)rows->score_origin[l] + mean) * scale - raised,
                                .squares = squares < 0 ? 0 : squares * scale * scale};
    }
}
