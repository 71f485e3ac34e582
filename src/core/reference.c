#include "core/reference.h"

#include <math.h>

const char *const stage_names[STAGE_COUNT + 1] = {
    "scores", "scaled", "masked", "weights", "output", "q", "k", "v", NULL,
};

void reference_row(const struct head *head, size_t i, enum stage stage, double *row)
{
    for (size_t j = 0; j < head->m; j++) {
        double score = 0;
        for (size_t c = 0; c < head->d_k; c++)
            score += (double)head->q.data[i * head->q.row + c] * (double)head->k.data[j * head->k.row + c];
        row[j] = score;
    }
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
    }
    if (stage == STAGE_MASKED)
        return;

    /* softmax, shifted by the largest so that exp cannot overflow; NaN spreads over the row */
    double largest = -INFINITY, sum = 0;
    for (size_t j = 0; j < head->m; j++)
        if (row[j] > largest || isnan(row[j]))
            largest = row[j];
    for (size_t j = 0; j < head->m; j++) {
        row[j] = head_allows(head, i, j) ? exp(row[j] - largest) : 0;
        sum += row[j];
    }
    for (size_t j = 0; j < head->m && seen > 0; j++)
        if (head_allows(head, i, j) || isnan(sum))
            row[j] /= sum;
}

void reference_output(const struct head *head, size_t i, const double *weights, double *output)
{
    for (size_t c = 0; c < head->d_v; c++)
        output[c] = 0;
    for (size_t j = 0; j < head->m; j++) {
        if (!head_allows(head, i, j))
            continue;
        for (size_t c = 0; c < head->d_v; c++)
            output[c] += weights[j] * (double)head->v.data[j * head->v.row + c];
    }
}
