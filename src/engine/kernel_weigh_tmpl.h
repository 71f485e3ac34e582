/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): pass 3 of the normalizers that are no softmax, and
 * dropout. What a score weighs before it is divided by the sum of its row depends on the score and a number or two of
 * the row, which are known before; so that sums of several chunks need no factors, as those of softmax do.
 *
 *   linear     s                           Katharopoulos and others 2020 (arXiv:2006.16236) eq. 5
 *   sigmoid    1/(1 + e^-s)                Ramapuram and others 2024 (arXiv:2409.04431) eq. 3
 *   sparsemax  max(s - max - t, 0)         Martins and Astudillo 2016 (arXiv:1602.02068) eq. 3
 *   entmax15   max((s - max)/2 - t, 0)²    Peters, Niculae and Martins 2019 (arXiv:1905.05702) eq. 8
 *
 * The threshold t is that of kernel_held_tmpl.h.
 */

/* Whether a row's weights come of the running max, with factors from chunk to chunk. */
INLINE bool weighs_by_exp(const struct plan *plan)
{
    return plan->job->head->normalizer == NORMALIZER_SOFTMAX;
}

/* The numbers of some rows that weighing takes. */
struct weigher {
    vec max, threshold;
    float scale;                /* plan->scale_after */
    struct exponent by_minus_e; /* for the sigmoid */
};

static struct weigher weigher_make(const struct plan *plan, const struct rows *rows, size_t at)
{
    return (struct weigher){.max = vec_load(rows->max + at),
                            .threshold = vec_load(rows->threshold + at),
                            .scale = (float)plan->scale_after,
                            .by_minus_e = exponent_make(M_LOG2E)};
}

/* What scores weigh, 0 for -infinity; `normalizer` is a constant. */
INLINE vec weigh(vec score, const struct weigher *w, const enum normalizer normalizer)
{
    vec finite, e;
    switch (normalizer) {
    case NORMALIZER_SIGMOID:
        score = score * w->scale;
        e = vec_exp((vec)((veci)score | INT32_MIN), &w->by_minus_e, &finite);
        return vec_choose(score >= 0, vec_all(1), e) / (1 + e);
    case NORMALIZER_SPARSEMAX:
        return VEC_MAX(vec_all(0), (score - w->max) * w->scale - w->threshold);
    case NORMALIZER_ENTMAX15:
        e = VEC_MAX(vec_all(0), (score - w->max) * (w->scale * 0.5f) - w->threshold);
        return e * e;
    case NORMALIZER_LINEAR:
    case NORMALIZER_SOFTMAX: /* has a pass of its own */
        break;
    }
    return VEC_MAX(vec_all(0), score);
}

/* CALL(normalizer), with the normalizer as a constant. */
#define NORMALIZER_SWITCH(normalizer, CALL)                                                                  \
    switch (normalizer) {                                                                                    \
    case NORMALIZER_SIGMOID:                                                                                 \
        CALL(NORMALIZER_SIGMOID);                                                                            \
        break;                                                                                               \
    case NORMALIZER_SPARSEMAX:                                                                               \
        CALL(NORMALIZER_SPARSEMAX);                                                                          \
        break;                                                                                               \
    case NORMALIZER_ENTMAX15:                                                                                \
        CALL(NORMALIZER_ENTMAX15);                                                                           \
        break;                                                                                               \
    default:                                                                                                 \
        CALL(NORMALIZER_LINEAR);                                                                             \
    }

/* The same for one score of a row, in double precision; also of softmax. */
static double weigh_one(const struct plan *plan, const struct rows *rows, size_t lane, float score)
{
    const double max = (double)rows->max[lane], threshold = (double)rows->threshold[lane];
    const double above = ((double)score - max) * plan->scale_after;
    switch (plan->job->head->normalizer) {
    case NORMALIZER_SOFTMAX:
        return exp2(plan->factor * ((double)score - max));
    case NORMALIZER_LINEAR:
        return fmax((double)score, 0);
    case NORMALIZER_SIGMOID:
        return 1 / (1 + exp(-(double)score * plan->scale_after));
    case NORMALIZER_SPARSEMAX:
        return fmax(above - threshold, 0);
    case NORMALIZER_ENTMAX15:
        return fmax(above / 2 - threshold, 0) * fmax(above / 2 - threshold, 0);
    }
    return 0;
}

/* Sums over the keys of a chunk, for one vector of rows. */
struct weigh_sums {
    vec sum[STEP];             /* of e */
    vec log_sum, distance_sum; /* of e·log2 e, of e·|i + offset - j| */
    vec distance;              /* i + offset - j of the next key */
};

/* Weighs `count` <= STEP keys, in place. */
INLINE void weigh_keys(float *score, const int count, const struct weigher *weigher, struct weigh_sums *sums,
                       const enum normalizer normalizer, const bool measure)
{
    UNROLL
    for (int i = 0; i < count; i++) {
        const vec e = weigh(vec_load(score + i * (int)BLOCK), weigher, normalizer);
        vec_store(score + i * (int)BLOCK, e);
        sums->sum[i] += e;
        if (!measure)
            continue;
        sums->log_sum += e * vec_log2(VEC_MAX(e, vec_all(FLT_MIN)));
        sums->distance_sum += e * (vec)((veci)sums->distance & INT32_MAX);
        sums->distance -= 1;
    }
}

/* Pass 3 for one vector of rows: all keys of a chunk. */
INLINE void weigh_group(const struct plan *plan, const struct workspace *space, struct rows *rows, size_t at,
                        size_t from, const enum normalizer normalizer, const bool measure)
{
    const struct strip *strip = strip_at(rows, at);
    size_t keys = strip->end - strip->from;
    float *const sums = space->sums + plan->job->head->d_v * BLOCK + at;
    float *score = space->scores + strip->from * BLOCK + at;
    const struct weigher weigher = weigher_make(plan, rows, at);
    struct weigh_sums chunk = {0};
    for (size_t l = 0; l < LANES; l++)
        chunk.distance[l] =
            (float)((double)(rows->first + at + l) + rows->offset - (double)(from + strip->from));
    for (; keys >= STEP; keys -= STEP, score += STEP * BLOCK)
        weigh_keys(score, STEP, &weigher, &chunk, normalizer, measure);
    for (; keys > 0; keys--, score += BLOCK)
        weigh_keys(score, 1, &weigher, &chunk, normalizer, measure);
    vec_widen(rows->exp_sum + at, vec_all(1), (chunk.sum[0] + chunk.sum[1]) + (chunk.sum[2] + chunk.sum[3]));
    if (!measure)
        return;
    vec_store(sums + SUM_LOG * BLOCK, vec_load(sums + SUM_LOG * BLOCK) + chunk.log_sum * (float)M_LN2);
    vec_store(sums + SUM_DISTANCE * BLOCK, vec_load(sums + SUM_DISTANCE * BLOCK) + chunk.distance_sum);
}

/* Pass 3 of one chunk. */
static void weigh_and_sum(const struct plan *plan, const struct workspace *space, struct rows *rows,
                          size_t from, size_t keys)
{
    const struct head *head = plan->job->head;
    const bool measure = plan->job->measures && head_is_distribution(head);
    for (size_t at = 0; at < rows->lanes; at += LANES) {
#define CALL(NORMALIZER)                                                                                     \
    if (measure)                                                                                             \
        weigh_group(plan, space, rows, at, from, NORMALIZER, true);                                          \
    else                                                                                                     \
        weigh_group(plan, space, rows, at, from, NORMALIZER, false)
        NORMALIZER_SWITCH(head->normalizer, CALL)
#undef CALL
    }
    strips_fill(rows, space->scores, keys, 0);
}

/* Scores of a chunk become what they weigh, now that max and sum of their rows are known. */
static void weigh_again(const struct plan *plan, const struct workspace *space, const struct rows *rows,
                        size_t keys, const struct exponent *exponent)
{
    for (size_t at = 0; at < rows->lanes; at += LANES) {
        const struct weigher weigher = weigher_make(plan, rows, at);
        float *score = space->scores + at, *const end = space->scores + keys * BLOCK;
        vec finite;
        if (weighs_by_exp(plan)) {
            for (; score < end; score += BLOCK)
                vec_store(score, vec_exp(vec_load(score) - weigher.max, exponent, &finite));
            continue;
        }
#define CALL(NORMALIZER)                                                                                     \
    for (; score < end; score += BLOCK)                                                                      \
    vec_store(score, weigh(vec_load(score), &weigher, NORMALIZER))
        NORMALIZER_SWITCH(plan->job->head->normalizer, CALL)
#undef CALL
    }
}

/* ---- dropout ---- */

typedef uint64_t vec_random __attribute__((vector_size(LANES * 4)));
typedef int32_t vec_half __attribute__((vector_size(LANES * 2)));
typedef vec_random vec_random_memory __attribute__((may_alias));

/* The finalizer of SplitMix64, as attention/reference.c draws: Steele, Lea and Flood 2014
 * (doi:10.1145/2660193.2660195). */
#define RANDOM_STEP UINT64_C(0x9e3779b97f4a7c15)

INLINE vec_random random_mix(vec_random z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The random state of each row, from which those of its pairs follow. */
static void drop_begin(const struct plan *plan, struct rows *rows)
{
    const struct head *head = plan->job->head;
    for (size_t l = 0; l < BLOCK; l += LANES / 2) {
        vec_random z = {0};
        for (size_t i = 0; i < LANES / 2; i++)
            z[i] = head->seed + (uint64_t)(head->first + rows->first + l + i + 1) * RANDOM_STEP;
        *(vec_random_memory *)(void *)(rows->random + l) = random_mix(z);
    }
}

/* Draws the pairs of a chunk: space->dropped. */
static void drop_draw(const struct plan *plan, const struct workspace *space, const struct rows *rows,
                      size_t from, size_t keys)
{
    for (size_t at = 0; at < rows->lanes; at += LANES / 2) {
        const vec_random row = *(const vec_random_memory *)(const void *)(rows->random + at);
        for (size_t j = 0; j < keys; j++) {
            const vec_random z = random_mix(row + (uint64_t)(from + j + 1) * RANDOM_STEP);
            const vec_half mask = __builtin_convertvector(z >> 11 < plan->drop_below, vec_half);
            memcpy(space->dropped + j * BLOCK + at, &mask, sizeof mask);
        }
    }
}

/* Writes the scores that dropout leaves to space->left, and the largest of them to rows->left_max. */
static void drop_scores(const struct workspace *space, struct rows *rows, size_t keys)
{
    for (size_t at = 0; at < rows->lanes; at += LANES) {
        vec top = vec_all(-INFINITY);
        for (size_t j = 0; j < keys; j++) {
            veci dropped;
            memcpy(&dropped, space->dropped + j * BLOCK + at, sizeof dropped);
            const vec score = vec_load(space->scores + j * BLOCK + at);
            const vec left = vec_choose(dropped, vec_all(-INFINITY), score);
            vec_store(space->left + j * BLOCK + at, left);
            top = VEC_MAX(left, top);
        }
        vec_store(rows->left_max + at, top);
    }
}

/* The weights of dropped pairs become 0. */
static void drop_weights(const struct workspace *space, const struct rows *rows, size_t keys)
{
    for (size_t j = 0; j < keys; j++)
        for (size_t at = 0; at < rows->lanes; at += LANES) {
            float *place = space->scores + j * BLOCK + at;
            veci dropped;
            memcpy(&dropped, space->dropped + j * BLOCK + at, sizeof dropped);
            vec_store(place, (vec)((veci)vec_load(place) & ~dropped));
        }
}
