#include "compute/alignment_scores.h"

#include <math.h>
#include <stdint.h>

void alignment_find(size_t *keys, const struct strided *weights, size_t n, size_t m)
{
    for (size_t i = 0; i < n; i++) {
        const float *row = weights->data + i * weights->row;
        float largest = 0;
        bool is_number = true;
        keys[i] = SIZE_MAX;
        for (size_t j = 0; j < m; j++) {
            is_number = is_number && !isnan(row[j]);
            if (row[j] > largest) {
                largest = row[j];
                keys[i] = j;
            }
        }
        if (!is_number)
            keys[i] = SIZE_MAX;
    }
}

static void measure_links(struct alignment_scores *scores, const size_t *keys, size_t n,
                          const struct word_links *gold)
{
    double found = 0, sure = 0, found_sure = 0, found_possible = 0;
    for (size_t i = 0; i < n; i++)
        found += keys[i] != SIZE_MAX;
    for (size_t k = 0; k < gold->count; k++) {
        const struct word_link *link = &gold->list[k];
        const bool is_found = keys[link->query] == link->key;
        sure += link->is_sure;
        found_sure += link->is_sure && is_found;
        found_possible += is_found;
    }
    scores->precision = found_possible / found;
    scores->recall = found_sure / sure;
    scores->error_rate = 1 - (found_sure + found_possible) / (found + sure);
}

static void measure_coverage(struct alignment_scores *scores, const size_t *keys,
                             const struct strided *weights, size_t n, size_t m)
{
    double covered = 0, penalty = 0;
    for (size_t j = 0; j < m; j++) {
        double sum = 0;
        bool is_linked = false;
        for (size_t i = 0; i < n; i++) {
            sum += (double)weights->data[i * weights->row + j];
            is_linked = is_linked || keys[i] == j;
        }
        covered += is_linked;
        penalty += sum < 1 || isnan(sum) ? (sum == 0 ? -(double)INFINITY : log(sum)) : 0;
    }
    scores->coverage = covered / (double)m;
    scores->coverage_penalty = penalty;
}

static double measure_order(const size_t *keys, size_t n)
{
    double pairs = 0, rising = 0;
    size_t before = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        if (keys[i] == SIZE_MAX)
            continue;
        pairs += before != SIZE_MAX;
        rising += before != SIZE_MAX && keys[i] >= before;
        before = keys[i];
    }
    return rising / pairs;
}

void alignment_measure(struct alignment_scores *scores, const size_t *keys, const struct strided *weights,
                       size_t n, size_t m, const struct word_links *gold)
{
    measure_links(scores, keys, n, gold);
    measure_coverage(scores, keys, weights, n, m);
    scores->monotonicity = measure_order(keys, n);
}
