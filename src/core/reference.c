#include "core/reference.h"

#include <math.h>
#include <stdlib.h>

const char *const stage_names[STAGE_COUNT + 1] = {
    "scores", "scaled", "masked", "weights", "output", "q", "k", "v", "mask", "encoding", NULL,
};

static double score(const struct head *head, size_t i, size_t j)
{
    const float *q = head->q.data + i * head->q.row, *k = head->k.data + j * head->k.row;
    double sum = 0;
    for (size_t c = 0; c < head->d_k; c++)
        sum += head->additive ? (double)head->additive[c] * tanh((double)q[c] + (double)k[c])
                              : (double)q[c] * (double)k[c];
    return sum;
}

/* softmax, shifted by the largest so that exp cannot overflow; NaN spreads over the row */
static void softmax(const struct head *head, size_t i, double *row)
{
    double largest = head->has_sink ? head->sink : -INFINITY;
    for (size_t j = 0; j < head->m; j++)
        if (row[j] > largest || isnan(row[j]))
            largest = row[j];
    double sum = head->has_sink ? exp(head->sink - largest) : 0;
    for (size_t j = 0; j < head->m; j++) {
        row[j] = head_allows(head, i, j) ? exp(row[j] - largest) : 0;
        sum += row[j];
    }
    for (size_t j = 0; j < head->m; j++)
        if (head_allows(head, i, j) || isnan(sum))
            row[j] /= sum;
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
static void sparsemax(const struct head *head, size_t i, double *row, double *sorted)
{
    size_t seen = 0, support = 0;
    double sum = 0, threshold = 0;
    bool finite = true;
    for (size_t j = 0; j < head->m; j++) {
        if (!head_allows(head, i, j))
            continue;
        finite = finite && isfinite(row[j]);
        sorted[seen++] = row[j];
    }
    qsort(sorted, finite ? seen : 0, sizeof *sorted, falling);
    /* Less the largest, beside which 1 might be nothing. */
    const double top = finite && seen > 0 ? sorted[0] : 0;
    for (size_t r = 0; finite && r < seen; r++) {
        const double score = sorted[r] - top;
        sum += score;
        if (1 + (double)(r + 1) * score > sum) {
            support = r + 1;
            threshold = (sum - 1) / (double)support;
        }
    }
    for (size_t j = 0; j < head->m; j++)
        row[j] = !finite ? (double)NAN : head_allows(head, i, j) ? fmax(row[j] - top - threshold, 0) : 0;
}

/* Scores that are not negative, over their sum. */
static void shares(const struct head *head, size_t i, double *row)
{
    double sum = 0;
    for (size_t j = 0; j < head->m; j++) {
        row[j] = head_allows(head, i, j) ? row[j] : 0;
        sum += row[j];
    }
    for (size_t j = 0; j < head->m; j++)
        row[j] = sum == 0 ? 0 : row[j] / sum;
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

static void drop(const struct head *head, size_t i, double *row)
{
    for (size_t j = 0; j < head->m; j++)
        row[j] = chance(head->seed, head->first + i, j) < head->dropout ? 0 : row[j] / (1 - head->dropout);
}

void reference_row(const struct head *head, size_t i, enum stage stage, double *row, double *spare)
{
    for (size_t j = 0; j < head->m; j++)
        row[j] = score(head, i, j);
    if (stage == STAGE_SCORES)
        return;

    for (size_t j = 0; j < head->m; j++) {
        row[j] *= head->scale;
        if (head->softcap > 0)
            row[j] = head->softcap * tanh(row[j] / head->softcap);
    }
    if (stage == STAGE_SCALED)
        return;

    /* Masking selects: what is forbidden is replaced, whatever stood there. */
    size_t seen = 0;
    for (size_t j = 0; j < head->m; j++) {
        if (!head_allows(head, i, j)) {
            row[j] = -INFINITY;
            continue;
        }
        seen++;
        if (head->bias.data)
            row[j] += (double)head->bias.data[i * head->bias.row + j * head->bias.column];
        row[j] += (double)head_distance(head, i, j);
    }
    if (stage == STAGE_MASKED)
        return;

    if (seen == 0)
        for (size_t j = 0; j < head->m; j++)
            row[j] = 0;
    else if (head->normalizer == NORMALIZER_SPARSEMAX)
        sparsemax(head, i, row, spare);
    else if (head->normalizer == NORMALIZER_LINEAR)
        shares(head, i, row);
    else
        softmax(head, i, row);
    if (head->dropout > 0)
        drop(head, i, row);
}

void reference_output(const struct head *head, size_t i, const double *weights, double *output)
{
    for (size_t c = 0; c < head->d_v; c++)
        output[c] = 0;
    for (size_t j = 0; j < head->m; j++) {
        /* Masking and dropping select: a NaN of a value that is not taken does no harm. */
        if (!head_allows(head, i, j) || (weights[j] == 0 && head->dropout > 0))
            continue;
        for (size_t c = 0; c < head->d_v; c++)
            output[c] += weights[j] * (double)head->v.data[j * head->v.row + c];
    }
}
