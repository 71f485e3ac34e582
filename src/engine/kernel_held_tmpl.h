/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): rows whose weights depend on all of their scores at
 * once, which are those of top-k, sparsemax and entmax15. All scores of a block are computed first and held, [keys][64];
 * the passes of kernel_tmpl.h then take them from there.
 *
 * Thresholds are found by Newton's method, for all rows of a vector together. What is to become 1, the sum of
 * max(x - t, 0)^p with p 1 or 2 and x the scores below the largest, is convex and falls in t: from t = -1, where it is at
 * least 1, the steps only go up, and not beyond the root. Only keys with x > -1 can have a weight; there are few in most
 * rows, and they are listed once.
 */

/* Takes the scores of a chunk from those that are held, as score_chunk makes them. */
static void held_take(const struct workspace *space, const struct reach *reach, struct rows *rows,
                      size_t from, size_t keys)
{
    const float *held = space->held + (from - reach->first_key) * BLOCK;
    for (size_t at = 0; at < rows->lanes; at += LANES) {
        vec top = vec_all(-INFINITY);
        for (size_t j = 0; j < keys; j++) {
            const vec score = vec_load(held + j * BLOCK + at);
            vec_store(space->scores + j * BLOCK + at, score);
            top = VEC_MAX(score, top);
        }
        vec_store(rows->chunk_max + at, top);
    }
}

/* ---- thresholds ---- */

/* Scores below the largest of their row, in units of what the normalizer takes. */
struct below {
    const float *held; /* [keys][BLOCK] */
    size_t first;      /* the key that is 0 there */
    vec max;
    float scale;
};

INLINE vec below_at(const struct below *below, size_t key)
{
    return (vec_load(below->held + key * BLOCK) - below->max) * below->scale;
}

/* Lists the keys that may have a weight in some of the rows. */
static size_t below_list(const struct below *below, size_t keys, size_t *list)
{
    size_t count = 0;
    for (size_t j = 0; j < keys; j++) {
        list[count] = j;
        count += vec_bits(below_at(below, j) > -1) != 0;
    }
    return count;
}

/* The most steps: there are 5 to 10, and each goes up by a float at least. So many numbers are summed up as floats. */
enum { THRESHOLD_STEPS = 100, THRESHOLD_SUM = 32 };

/* The threshold of some rows; `squares`: p is 2. Rows without keys keep -1. */
static vec threshold_find(const struct below *below, const size_t *list, size_t count, const bool squares)
{
    vec t = vec_all(-1);
    for (int step = 0; step < THRESHOLD_STEPS; step++) {
        _Alignas(64) double sum[LANES] = {0}, slope[LANES] = {0};
        bool moved = false;
        for (size_t s = 0; s < count;) {
            vec part_sum = {0}, part_slope = {0};
            /* By the key, not by its place in the list, which depends on the other rows. */
            const size_t end = ((below->first + list[s]) / THRESHOLD_SUM + 1) * THRESHOLD_SUM - below->first;
            for (; s < count && list[s] < end; s++) {
                const vec above = VEC_MAX(vec_all(0), below_at(below, list[s]) - t);
                part_sum += squares ? above * above : above;
                part_slope += squares ? above * 2 : vec_choose(above > 0, vec_all(1), vec_all(0));
            }
            vec_widen(sum, vec_all(1), part_sum);
            vec_widen(slope, vec_all(1), part_slope);
        }
        for (int l = 0; l < LANES; l++) {
            const float next = (float)((double)t[l] + (sum[l] - 1) / slope[l]);
            if (slope[l] > 0 && next > t[l]) {
                t[l] = next;
                moved = true;
            }
        }
        if (!moved)
            break;
    }
    return t;
}

static void held_thresholds(const struct plan *plan, const struct workspace *space, struct rows *rows,
                            size_t first, size_t keys)
{
    const bool squares = plan->job->head->normalizer == NORMALIZER_ENTMAX15;
    for (size_t at = 0; at < rows->lanes; at += LANES) {
        vec max = vec_load(rows->max + at);
        for (size_t l = 0; l < LANES; l++)
            max[l] = at + l < rows->count ? max[l] : INFINITY; /* lanes without a row list no keys */
        const struct below below = {space->held + at, first, max,
                                    (float)plan->scale_after * (squares ? 0.5f : 1)};
        const size_t count = below_list(&below, keys, space->candidates);
        vec_store(rows->threshold + at, squares ? threshold_find(&below, space->candidates, count, true)
                                                : threshold_find(&below, space->candidates, count, false));
    }
}

/* ---- top-k ---- */

/* Floats as whole numbers in the same order, 0 and -0 as one. */
INLINE veci ordered(vec x)
{
    const veci bits = (veci)(x + 0);
    return bits ^ ((bits < 0) & INT32_MAX);
}

INLINE float unordered(int32_t order)
{
    const int32_t bits = order < 0 ? order ^ INT32_MAX : order;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The search for the k-th largest of a row: at least k of its scores are low or more, `above` < k are high or more. */
struct kth {
    int32_t low, high, middle;
    size_t above;
};

/* Bisects by value at first, which is quick where scores are of one size, and then by order, which ends in any case. */
enum { KTH_BY_VALUE = 12 };

static int32_t kth_middle(const struct kth *kth, int round)
{
    const int32_t half = kth->low + (int32_t)(((uint32_t)kth->high - (uint32_t)kth->low) / 2);
    const int32_t value = ordered(vec_all(unordered(kth->low) / 2 + unordered(kth->high) / 2))[0];
    return round < KTH_BY_VALUE && value > kth->low && value < kth->high ? value : half;
}

INLINE bool kth_is_found(const struct kth *kth)
{
    return (uint32_t)kth->high - (uint32_t)kth->low <= 1;
}

/* Counts, for each row, the listed scores from middle to high. Leaves in the list the keys whose score is between low and
 * high in some row, and gives their number. */
static size_t kth_count(const struct kth kth[LANES], const float *held, size_t *list, size_t count,
                        size_t found[LANES])
{
    vecu low = {0}, middle = {0}, width = {0}, upper = {0};
    veci sum = {0};
    size_t kept = 0;
    for (int l = 0; l < LANES; l++) {
        low[l] = (uint32_t)kth[l].low;
        middle[l] = (uint32_t)kth[l].middle;
        width[l] = kth_is_found(&kth[l]) ? 0 : (uint32_t)kth[l].high - low[l];
        upper[l] = (uint32_t)kth[l].high - middle[l];
    }
    for (size_t s = 0; s < count; s++) {
        const vecu order = (vecu)ordered(vec_load(held + list[s] * BLOCK));
        sum -= order - middle < upper;
        list[kept] = list[s];
        kept += vec_bits(order - low < width) != 0;
    }
    for (int l = 0; l < LANES; l++)
        found[l] = (size_t)(uint32_t)sum[l];
    return kept;
}

/* The k-th largest score of some rows: kth->low, and of scores equal to it the first k - kth->above belong to the k. */
static void kth_find(struct kth kth[LANES], const float *held, size_t *list, size_t keys, size_t k)
{
    size_t count = keys, found[LANES];
    for (size_t j = 0; j < keys; j++)
        list[j] = j;
    for (int round = 0;; round++) {
        bool all = true;
        for (int l = 0; l < LANES; l++) {
            all = all && kth_is_found(&kth[l]);
            kth[l].middle = kth_is_found(&kth[l]) ? kth[l].low : kth_middle(&kth[l], round);
        }
        if (all)
            return;
        count = kth_count(kth, held, list, count, found);
        for (int l = 0; l < LANES; l++) {
            if (kth_is_found(&kth[l]))
                continue;
            if (kth[l].above + found[l] == k) { /* all from the middle on are taken */
                kth[l].low = kth[l].middle;
                kth[l].high = kth[l].middle + 1;
            } else if (kth[l].above + found[l] > k) {
                kth[l].low = kth[l].middle;
            } else {
                kth[l].high = kth[l].middle;
                kth[l].above += found[l];
            }
        }
    }
}

/* Takes from some rows all but their k largest scores, of equal ones the earlier; the others become -infinity. A NaN stays,
 * and makes its row NaN. */
static void kth_take(const struct kth kth[LANES], float *held, size_t keys, size_t k)
{
    veci least = {0}, equal = {0};
    for (int l = 0; l < LANES; l++) {
        const size_t left = k - kth[l].above;
        least[l] = kth[l].low;
        equal[l] = left < INT32_MAX ? (int32_t)left : INT32_MAX;
    }
    for (size_t j = 0; j < keys; j++) {
        const vec score = vec_load(held + j * BLOCK);
        const veci order = ordered(score), last = (order == least) & (equal > 0);
        const veci keep = (order > least) | last | (score != score);
        equal += last;
        vec_store(held + j * BLOCK, vec_choose(keep, score, vec_all(-INFINITY)));
    }
}

static void held_take_largest(const struct plan *plan, const struct workspace *space, const struct rows *rows,
                              size_t keys)
{
    const size_t k = plan->job->head->top_k;
    if (k >= keys)
        return;
    for (size_t at = 0; at < rows->lanes; at += LANES) {
        struct kth kth[LANES];
        const veci low = ordered(vec_all(-INFINITY)), high = ordered(vec_load(rows->key_max + at));
        for (int l = 0; l < LANES; l++)
            kth[l] = at + (size_t)l < rows->count ? (struct kth){.low = low[l], .high = high[l] + 1}
                                                  : (struct kth){.high = 1}; /* no row */
        kth_find(kth, space->held + at, space->candidates, keys, k);
        kth_take(kth, space->held + at, keys, k);
    }
}
