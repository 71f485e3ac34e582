#include "attention/reference.h"
#include "attention/mask.h"

#include <math.h>
#include <stdlib.h>

static double score(const struct head *head, size_t i, size_t j)
{
    const float *q = head->q.data + i * head->q.row, *k = head->k.data + j * head->k.row;
    double sum = 0;
    for (size_t c = 0; c < head->d_k; c++)
        sum += head->additive ? (double)head->additive[c] * tanh((double)q[c] + (double)k[c])
                              : (double)q[c] * (double)k[c];
    return sum;
}

static double scaled(const struct head *head, size_t i, size_t j)
{
    double s = head->scale * score(head, i, j);
    return head->softcap > 0 ? head->softcap * tanh(s / head->softcap) : s;
}

/* A row that is not a number is so everywhere, forbidden places too. */
static void spoil(const struct head *head, struct reference_room *r)
{
    for (size_t j = 0; j < head->m; j++)
        r->row[j] = (double)NAN;
}

/* softmax, shifted by the largest so that exp cannot overflow; NaN spreads over the row */
static void softmax(const struct head *head, struct reference_room *r)
{
    double largest = head->has_sink ? head->sink : -INFINITY;
    for (size_t s = 0; s < r->seen; s++)
        if (r->row[r->keys[s]] > largest || isnan(r->row[r->keys[s]]))
            largest = r->row[r->keys[s]];
    double sum = head->has_sink ? exp(head->sink - largest) : 0;
    for (size_t s = 0; s < r->seen; s++) {
        double *w = &r->row[r->keys[s]];
        *w = exp(*w - largest);
        sum += *w;
    }
    for (size_t s = 0; s < r->seen; s++)
        r->row[r->keys[s]] /= sum;
    if (isnan(sum))
        spoil(head, r);
}

static int falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/*
 * The point of the simplex that is nearest to the scores: max(score - t, 0), with t such that they sum to 1
 * (Martins and Astudillo 2016, algorithm 1). Not a number or an infinity makes the row NaN.
 */
static void sparsemax(const struct head *head, struct reference_room *r)
{
    double *sorted = r->spare, sum = 0, threshold = 0;
    bool finite = true;
    for (size_t s = 0; s < r->seen; s++) {
        sorted[s] = r->row[r->keys[s]];
        finite = finite && isfinite(sorted[s]);
    }
    if (!finite) {
        spoil(head, r);
        return;
    }
    qsort(sorted, r->seen, sizeof *sorted, falling);
    /* Less the largest, beside which 1 might be nothing. */
    const double top = sorted[0];
    for (size_t s = 0; s < r->seen; s++) {
        const double below = sorted[s] - top;
        sum += below;
        if (1 + (double)(s + 1) * below > sum)
            threshold = (sum - 1) / (double)(s + 1);
    }
    for (size_t s = 0; s < r->seen; s++)
        r->row[r->keys[s]] = fmax(r->row[r->keys[s]] - top - threshold, 0);
}

/* Scores that are not negative, over their sum. */
static void shares(const struct head *head, struct reference_room *r)
{
    double sum = 0;
    for (size_t s = 0; s < r->seen; s++)
        sum += r->row[r->keys[s]];
    for (size_t s = 0; s < r->seen; s++)
        r->row[r->keys[s]] = sum == 0 ? 0 : r->row[r->keys[s]] / sum;
    if (isnan(sum))
        spoil(head, r);
}

/* A number from 0 up to, not with, 1 that depends on nothing but the pair: the output function of SplitMix64
 * (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195) at a counter. */
static double chance(uint64_t seed, uint64_t i, uint64_t j)
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

static void drop(const struct head *head, size_t i, struct reference_room *r)
{
    for (size_t s = 0; s < r->seen; s++) {
        double *w = &r->row[r->keys[s]];
        *w = chance(head->seed, head->first + i, r->keys[s]) < head->dropout ? 0 : *w / (1 - head->dropout);
    }
}

void reference_row(const struct head *head, size_t i, enum stage stage, struct reference_room *r)
{
    if (stage == STAGE_SCORES || stage == STAGE_SCALED) {
        for (size_t j = 0; j < head->m; j++)
            r->row[j] = stage == STAGE_SCORES ? score(head, i, j) : scaled(head, i, j);
        return;
    }

    /* Masking selects: what stands at a forbidden place is not looked at. */
    r->seen = mask_keys(head, i, r->keys);
    for (size_t j = 0; j < head->m; j++)
        r->row[j] = stage == STAGE_MASKED ? -INFINITY : 0;
    for (size_t s = 0; s < r->seen; s++) {
        const size_t j = r->keys[s];
        r->row[j] = scaled(head, i, j);
        if (head->bias.data)
            r->row[j] += (double)head->bias.data[i * head->bias.row + j * head->bias.column];
        r->row[j] += (double)head_distance(head, i, j);
    }
    if (stage == STAGE_MASKED || r->seen == 0)
        return;

    if (head->normalizer == NORMALIZER_SPARSEMAX)
        sparsemax(head, r);
    else if (head->normalizer == NORMALIZER_LINEAR)
        shares(head, r);
    else
        softmax(head, r);
    if (head->dropout > 0)
        drop(head, i, r);
}

void reference_output(const struct head *head, const struct reference_room *weights, double *output)
{
    for (size_t c = 0; c < head->d_v; c++)
        output[c] = 0;
    for (size_t s = 0; s < weights->seen; s++) {
        const size_t j = weights->keys[s];
        /* Dropping selects, as masking does: a NaN of a value that is not taken does no harm. */
        if (weights->row[j] == 0 && head->dropout > 0)
            continue;
        for (size_t c = 0; c < head->d_v; c++)
            output[c] += weights->row[j] * (double)head->v.data[j * head->v.row + c];
    }
}
