#include "compute/score_spread.h"

#include <math.h>
#include <stdlib.h>

#include "attention/mask.h"
#include "attention/reference.h"
#include "base/memory.h"

#define PRODUCTS_MOST 0x1p28

static double product(const struct head *head, size_t i, size_t j)
{
    const float *q = head->q.data + i * head->q.row, *k = head->k.data + j * head->k.row;
    double sum = 0;
    for (size_t c = 0; c < head->d_k; c++)
        sum += (double)q[c] * (double)k[c];
    return sum;
}

/* Variance over the pairs of every so-many-th query, by sums of distances from the first product. */
static void measure_products(struct score_spread *spread, const struct head *head, size_t *keys)
{
    double first = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < head->n; i += spread->every) {
        const size_t count = mask_keys(head, i, keys);
        for (size_t s = 0; s < count; s++) {
            const double score = product(head, i, keys[s]);
            first = spread->pairs++ == 0 ? score : first;
            sum += score - first;
            squares += (score - first) * (score - first);
        }
    }
    const double mean = sum / (double)spread->pairs;
    spread->variance = squares / (double)spread->pairs - mean * mean;
}

double weights_entropy(const double *weights, size_t m)
{
    double entropy = 0;
    for (size_t j = 0; j < m; j++)
        if (weights[j] > 0 || isnan(weights[j]))
            entropy -= weights[j] * log(weights[j]);
    return entropy;
}

/* The entropy of a row of softmax alone. */
static double softmax_entropy(const struct head *head, double scale, size_t query,
                              struct reference_room *room)
{
    struct head plain = *head;
    plain.scale = scale;
    plain.center = NULL;
    plain.minus = NULL;
    plain.dropout = 0;
    reference_row(&plain, query, STAGE_WEIGHTS, room);
    return weights_entropy(room->row, head->m);
}

bool score_spread_measure(struct score_spread *spread, const struct head *head, size_t query,
                          struct error *error)
{
    const double products = (double)head->n * (double)head->m * (double)head->d_k;
    *spread =
        (struct score_spread){.every = products > PRODUCTS_MOST ? (size_t)(products / PRODUCTS_MOST) + 1 : 1};
    struct reference_room room = {.row = memory_alloc(head->m, sizeof *room.row, error),
                                  .keys = memory_alloc(head->m, sizeof *room.keys, error),
                                  .sorted = memory_alloc(head->m, sizeof *room.sorted, error)};
    const bool ok = room.row && room.keys && room.sorted;
    if (ok) {
        measure_products(spread, head, room.keys);
        spread->entropy = softmax_entropy(head, head->scale, query, &room);
        spread->entropy_unscaled = softmax_entropy(head, 1, query, &room);
    }
    free(room.row);
    free(room.keys);
    free(room.sorted);
    return ok;
}
