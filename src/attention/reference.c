#include "attention/reference.h"

#include <math.h>
#include <stdlib.h>

#include "attention/mask.h"

static double reference_score(const struct head *head, size_t i, size_t j)
{
    const float *q = head->q.data + i * head->q.row, *k = head->k.data + j * head->k.row;
    double sum = 0;
    for (size_t c = 0; c < head->d_k && head->by_distance; c++)
        sum -= ((double)q[c] - (double)k[c]) * ((double)q[c] - (double)k[c]) / 2;
    for (size_t c = 0; c < head->d_k && !head->by_distance; c++)
        sum += head->additive ? (double)head->additive[c] * tanh((double)q[c] + (double)k[c])
                              : (double)q[c] * (double)k[c];
    return sum;
}

static double reference_scaled(const struct head *head, size_t i, size_t j)
{
    double s =
        head->scale * (head->query_scale ? (double)head->query_scale[i] : 1) * reference_score(head, i, j);
    return head->softcap > 0 ? head->softcap * tanh(s / head->softcap) : s;
}

/* A row that is NaN is NaN everywhere, also where it is masked. */
static void fill_nan(const struct head *head, struct reference_room *room)
{
    for (size_t j = 0; j < head->m; j++)
        room->row[j] = (double)NAN;
}

/* softmax, shifted by the largest score so that exp cannot overflow. NaN spreads over the row. */
static void normalize_softmax(const struct head *head, struct reference_room *room)
{
    double largest = head->has_sink ? head->sink : -INFINITY;
    for (size_t s = 0; s < room->key_count; s++)
        if (room->row[room->keys[s]] > largest || isnan(room->row[room->keys[s]]))
            largest = room->row[room->keys[s]];
    double sum = head->has_sink ? exp(head->sink - largest) : 0;
    for (size_t s = 0; s < room->key_count; s++) {
        double *w = &room->row[room->keys[s]];
        *w = exp(*w - largest);
        sum += *w;
    }
    for (size_t s = 0; s < room->key_count; s++)
        room->row[room->keys[s]] /= sum;
    if (isnan(sum))
        fill_nan(head, room);
}

static int compare_falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The scores of a row, the largest first; NULL, with a row of NaN, where one is NaN or infinity, or all are -infinity. */
static const double *sort_scores(const struct head *head, struct reference_room *room)
{
    bool broken = false;
    for (size_t s = 0; s < room->key_count; s++) {
        room->sorted[s] = room->row[room->keys[s]];
        broken = broken || isnan(room->sorted[s]) || room->sorted[s] == INFINITY;
    }
    if (!broken)
        qsort(room->sorted, room->key_count, sizeof *room->sorted, compare_falling);
    if (broken || room->sorted[0] == -INFINITY) {
        fill_nan(head, room);
        return NULL;
    }
    return room->sorted;
}

/*
 * sparsemax: the point of the simplex nearest to the scores, which is max(score - t, 0) with t such that they
 * sum to 1 (Martins and Astudillo 2016, algorithm 1).
 */
static void normalize_sparsemax(const struct head *head, struct reference_room *room)
{
    double sum = 0, threshold = 0;
    const double *sorted = sort_scores(head, room);
    if (!sorted)
        return;
    /* Scores are taken relative to the largest: a 1 added to a large number could be lost. */
    const double top = sorted[0];
    for (size_t s = 0; s < room->key_count; s++) {
        const double below = sorted[s] - top;
        sum += below;
        if (1 + (double)(s + 1) * below > sum)
            threshold = (sum - 1) / (double)(s + 1);
    }
    for (size_t s = 0; s < room->key_count; s++)
        room->row[room->keys[s]] = fmax(room->row[room->keys[s]] - top - threshold, 0);
}

/*
 * entmax with alpha 1.5: max(score/2 - t, 0)² with t such that they sum to 1. With the largest first, t follows
 * from the mean and variance of the first k halves, for the largest k whose t is below the last of them (Peters,
 * Niculae and Martins 2019, algorithm 2).
 */
static void normalize_entmax15(const struct head *head, struct reference_room *room)
{
    double sum = 0, squares = 0, threshold = 0;
    const double *sorted = sort_scores(head, room);
    if (!sorted)
        return;
    const double top = sorted[0];
    for (size_t s = 0; s < room->key_count && sorted[s] > -INFINITY; s++) {
        const double half = (sorted[s] - top) / 2, count = (double)(s + 1);
        sum += half;
        squares += half * half;
        const double mean = sum / count, left = (1 - (squares - sum * mean)) / count;
        const double t = mean - sqrt(fmax(left, 0));
        if (t > half)
            break;
        threshold = t;
    }
    for (size_t s = 0; s < room->key_count; s++) {
        double *w = &room->row[room->keys[s]];
        const double above = fmax((*w - top) / 2 - threshold, 0);
        *w = above * above;
    }
}

/* 1/(1 + e^-score), each key by itself. */
static void normalize_sigmoid(const struct head *head, struct reference_room *room)
{
    bool broken = false;
    for (size_t s = 0; s < room->key_count; s++) {
        double *w = &room->row[room->keys[s]];
        broken = broken || isnan(*w);
        *w = 1 / (1 + exp(-*w));
    }
    if (broken)
        fill_nan(head, room);
}

/* Scores, which are not negative here, divided by their sum; 0 if all are 0. */
static void normalize_linear(const struct head *head, struct reference_room *room)
{
    double sum = 0;
    for (size_t s = 0; s < room->key_count; s++)
        sum += room->row[room->keys[s]];
    for (size_t s = 0; s < room->key_count; s++)
        room->row[room->keys[s]] = sum == 0 ? 0 : room->row[room->keys[s]] / sum;
    if (!isfinite(sum))
        fill_nan(head, room);
}

/* A random number in [0, 1) that depends on the seed and the pair alone, so on no order or threads: the
 * output function of SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195) at a counter. */
static double uniform01(uint64_t seed, uint64_t i, uint64_t j)
{
    uint64_t z = seed;
    const uint64_t counters[] = {i, j};
    for (int c = 0; c < 2; c++) {
        z += (counters[c] + 1) * UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
    }
    return (double)(z >> 11) * 0x1p-53;
}

/* A row that is NaN stays so. */
static void apply_dropout(const struct head *head, size_t i, struct reference_room *room)
{
    for (size_t s = 0; s < room->key_count; s++) {
        double *w = &room->row[room->keys[s]];
        const bool dropped = uniform01(head->seed, head->first + i, room->keys[s]) < head->dropout;
        *w = dropped && !isnan(*w) ? 0 : *w / (1 - head->dropout);
    }
}

/* Leaves of the keys those with the top_k largest scores, of equal ones the earlier, and makes the others 0.
 * False where a score is NaN, and with it the row. */
static bool keep_largest(const struct head *head, struct reference_room *room)
{
    const size_t count = room->key_count, k = head->top_k;
    if (k == 0 || k >= count)
        return true;
    for (size_t s = 0; s < count; s++) {
        room->sorted[s] = room->row[room->keys[s]];
        if (isnan(room->sorted[s])) {
            fill_nan(head, room);
            return false;
        }
    }
    qsort(room->sorted, count, sizeof *room->sorted, compare_falling);
    const double least = room->sorted[k - 1];
    size_t equal = 0, kept = 0;
    for (size_t s = 0; s < k; s++)
        equal += room->sorted[s] == least;
    for (size_t s = 0; s < count; s++) {
        const size_t j = room->keys[s];
        if (room->row[j] > least || (room->row[j] == least && equal > 0)) {
            equal -= room->row[j] == least;
            room->keys[kept++] = j;
        } else {
            room->row[j] = 0;
        }
    }
    room->key_count = kept;
    return true;
}

static void normalize(const struct head *head, struct reference_room *room)
{
    static void (*const normalizers[])(const struct head *, struct reference_room *) = {
        [NORMALIZER_SOFTMAX] = normalize_softmax,   [NORMALIZER_SPARSEMAX] = normalize_sparsemax,
        [NORMALIZER_LINEAR] = normalize_linear,     [NORMALIZER_SIGMOID] = normalize_sigmoid,
        [NORMALIZER_ENTMAX15] = normalize_entmax15,
    };
    if (keep_largest(head, room))
        normalizers[head->normalizer](head, room);
}

static void apply_gaussian(const struct head *head, size_t i, struct reference_room *room)
{
    const double center = (double)head->center[i], sigma = (double)head->sigma[i * head->sigma_step];
    for (size_t s = 0; s < room->key_count; s++) {
        const double away = ((double)room->keys[s] - center) / sigma;
        room->row[room->keys[s]] *= exp(-away * away / 2);
    }
}

/* Makes the keys of the room those that have a weight: the allowed ones, or with a fill all. */
static void find_keys(const struct head *head, size_t i, struct reference_room *room)
{
    room->key_count = mask_keys(head, i, room->keys);
    room->is_empty = room->key_count == 0;
    if (!head->has_fill || isnan(head->fill))
        return;
    for (size_t j = 0; j < head->m; j++)
        room->keys[j] = j;
    room->key_count = head->m;
}

/* Takes off the weights of the second head, which has the same keys (Ye and others 2024, arXiv:2410.05258, eq. 1). */
static void subtract_second(const struct head *head, size_t i, struct reference_room *room)
{
    struct reference_room second = *room;
    second.row = room->second;
    second.scores = NULL;
    reference_row(head->minus, head->first + i, STAGE_WEIGHTS, &second);
    for (size_t j = 0; j < head->m; j++)
        room->row[j] -= head->minus_share * second.row[j];
}

/* How the scores of the keys of the room are spread. */
static struct score_sums sum_scores(const struct reference_room *room)
{
    struct score_sums sums = {0};
    for (size_t s = 0; s < room->key_count; s++) {
        const struct score_sums one = {.count = 1, .mean = room->row[room->keys[s]]};
        if (one.mean != -INFINITY)
            score_sums_join(&sums, &one);
    }
    return sums;
}

void reference_row(const struct head *head, size_t i, enum stage stage, struct reference_room *room)
{
    if (stage == STAGE_SCORES || stage == STAGE_SCALED) {
        for (size_t j = 0; j < head->m; j++)
            room->row[j] = stage == STAGE_SCORES ? reference_score(head, i, j) : reference_scaled(head, i, j);
        return;
    }

    /* Masking selects: scores of masked pairs are not computed, so their NaN do no harm. */
    const bool filled = head->has_fill && !isnan(head->fill);
    room->key_count = mask_keys(head, i, room->keys);
    for (size_t j = 0; j < head->m; j++)
        room->row[j] = filled ? head->fill : stage == STAGE_MASKED ? -INFINITY : 0;
    for (size_t s = 0; s < room->key_count; s++) {
        const size_t j = room->keys[s];
        room->row[j] = reference_scaled(head, i, j);
        if (head->bias.data)
            room->row[j] += (double)head->bias.data[i * head->bias.row + j * head->bias.column];
        room->row[j] += head_distance(head, i, j);
    }
    room->largest = room->key_count > 0 ? -INFINITY : 0;
    for (size_t s = 0; s < room->key_count; s++)
        room->largest = fmax(room->largest, room->row[room->keys[s]]);
    if (room->scores)
        *room->scores = sum_scores(room);
    if (stage == STAGE_MASKED)
        return;

    find_keys(head, i, room);
    if (room->is_empty && head->has_fill && !filled)
        fill_nan(head, room);
    if (room->key_count == 0)
        return;
    normalize(head, room);
    if (head->top_k > 0)
        find_keys(head, i, room);
    if (head->center)
        apply_gaussian(head, i, room);
    if (head->minus)
        subtract_second(head, i, room);
    if (head->dropout > 0)
        apply_dropout(head, i, room);
}

void reference_output(const struct head *head, const struct reference_room *weights, double *output)
{
    for (size_t c = 0; c < head->d_v; c++)
        output[c] = 0;
    for (size_t c = 0; c < head->d_v && weights->is_empty && weights->key_count == 0 && head->has_fill; c++)
        output[c] = (double)NAN;
    for (size_t s = 0; s < weights->key_count; s++) {
        const size_t j = weights->keys[s];
        /* Dropout and top_k select, as masking does: NaN in the value of a key that is left out does no harm. */
        if (weights->row[j] == 0 && (head->dropout > 0 || head->top_k > 0))
            continue;
        for (size_t c = 0; c < head->d_v; c++)
            output[c] += weights->row[j] * (double)head->v.data[j * head->v.row + c];
    }
}
