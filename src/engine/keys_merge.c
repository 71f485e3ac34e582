/*
 * The softmax over all keys follows from those over the segments: with L_s the logarithm of the sum of e^score in segment s, and
 * L that over all keys, weights and output of segment s count for e^(L_s - L). Source: Milakov and Gimelshein 2018
 * (arXiv:1805.02867) section 3.1, how partial sums are merged; the sink is one term more: attention/head.h.
 */
#include "engine/keys_merge.h"

#include <math.h>
#include <stdint.h>

#include "base/memory.h"

static const struct row_measures *segment_measures(const struct keys_cut *cut, size_t s, size_t row)
{
    return &cut->measures[s * cut->whole->head->n + row];
}

static struct keys_share *segment_share(const struct keys_cut *cut, size_t s, size_t row)
{
    return &cut->shares[row * cut->count + s];
}

bool keys_row_is_broken(const struct keys_cut *cut, size_t row)
{
    for (size_t s = 0; s < cut->count; s++)
        if (isnan(segment_measures(cut, s, row)->max))
            return true;
    return false;
}

/* A row over all of its keys. */
struct keys_row {
    double score;   /* the largest, with the sink; -infinity: there is none */
    double log_sum; /* of e^(score - the largest), with that of the sink */
    size_t best;    /* the first segment with the largest score of a key; SIZE_MAX: it sees no key */
};

/* Finds what a row has in all, and the share of each segment. Scores are compared as differences from the largest: a
 * logarithm beside a large score (torch.finfo(float32).min in a bias) would be lost. */
static struct keys_row row_make(const struct keys_cut *cut, size_t row)
{
    const struct head *head = cut->whole->head;
    struct keys_row of = {.score = head->has_sink ? head->sink : -INFINITY, .best = SIZE_MAX};
    double best = -INFINITY, sum = 0;
    for (size_t s = 0; s < cut->count; s++) {
        const struct row_measures *measures = segment_measures(cut, s, row);
        if (measures->argmax == SIZE_MAX || !(measures->score > best))
            continue;
        best = measures->score;
        of.best = s;
    }
    of.score = best > of.score ? best : of.score;
    if (head->has_sink)
        sum = exp(head->sink - of.score);
    for (size_t s = 0; s < cut->count; s++) {
        const struct row_measures *measures = segment_measures(cut, s, row);
        struct keys_share *share = segment_share(cut, s, row);
        *share = (struct keys_share){0};
        if (measures->argmax == SIZE_MAX)
            continue;
        share->peak = exp(measures->score - of.score);
        share->all = share->peak / (double)measures->max;
        sum += share->all;
    }
    of.log_sum = log(sum);
    for (size_t s = 0; s < cut->count && of.best != SIZE_MAX; s++) {
        segment_share(cut, s, row)->peak /= sum;
        segment_share(cut, s, row)->all /= sum;
    }
    return of;
}

/* The weight in the whole of a key that has `weight` in segment s. By the heaviest key, so that the heaviest of two
 * segments weigh the same if their scores are the same. */
static double weight_of_whole(const struct keys_cut *cut, size_t s, size_t row, float weight)
{
    const float heaviest = segment_measures(cut, s, row)->max;
    return weight == 0 ? 0 : segment_share(cut, s, row)->peak * ((double)weight / (double)heaviest);
}

/* -Σ w·ln w, with w = share·(weight in the segment). */
static double row_entropy(const struct keys_cut *cut, size_t row, const struct keys_row *of)
{
    double entropy = 0;
    for (size_t s = 0; s < cut->count; s++) {
        const struct row_measures *measures = segment_measures(cut, s, row);
        const double share = segment_share(cut, s, row)->all;
        if (share == 0)
            continue;
        const double log_sum = measures->score - of->score - log((double)measures->max);
        entropy += share * (of->log_sum - log_sum + (double)measures->entropy);
    }
    return entropy <= 0 ? 0 : entropy;
}

static struct row_measures row_measures_merge(const struct keys_cut *cut, size_t row,
                                              const struct keys_row *of)
{
    if (of->best == SIZE_MAX)
        return (struct row_measures){.argmax = SIZE_MAX};
    const struct row_measures *best = segment_measures(cut, of->best, row);
    double distance = 0;
    struct score_sums scores = {0};
    for (size_t s = 0; s < cut->count; s++) {
        distance += segment_share(cut, s, row)->all * (double)segment_measures(cut, s, row)->distance;
        score_sums_join(&scores, &segment_measures(cut, s, row)->scores);
    }
    return (struct row_measures){
        .entropy = (float)row_entropy(cut, row, of),
        .max = (float)segment_share(cut, of->best, row)->peak,
        .distance = (float)distance,
        .first = (float)weight_of_whole(cut, 0, row, segment_measures(cut, 0, row)->first),
        .score = best->score,
        .scores = scores,
        .argmax = cut->segments[of->best].first + best->argmax,
    };
}

static void row_output_merge(const struct keys_cut *cut, size_t row)
{
    const size_t n = cut->whole->head->n, d_v = cut->whole->head->d_v;
    float *output = cut->whole->output + row * cut->whole->output_row;
    for (size_t c = 0; c < d_v; c++) {
        double sum = 0;
        for (size_t s = 0; s < cut->count; s++)
            sum += segment_share(cut, s, row)->all * (double)cut->outputs[(s * n + row) * d_v + c];
        output[c] = (float)sum;
    }
}

static void row_top_merge(const struct keys_cut *cut, size_t row)
{
    const size_t n = cut->whole->head->n, count = cut->whole->top_count;
    struct row_key *top = cut->whole->top + row * count;
    for (size_t t = 0; t < count; t++)
        top[t] = (struct row_key){0, SIZE_MAX};
    for (size_t s = 0; s < cut->count; s++) {
        const struct row_key *own = cut->top + (s * n + row) * cut->top_count;
        for (size_t t = 0; t < cut->top_count && own[t].key != SIZE_MAX; t++) {
            const double weight = weight_of_whole(cut, s, row, own[t].weight);
            if (!row_key_insert(top, count,
                                (struct row_key){(float)weight, cut->segments[s].first + own[t].key}))
                break; /* those behind it are no heavier */
        }
    }
}

/* The weights of a row, for the receiver. */
static void row_weights_merge(const struct keys_cut *cut, size_t row)
{
    const struct row_receiver *receiver = &cut->whole->receiver;
    const size_t m = cut->whole->head->m;
    float *weights = cut->rows + row * m;
    for (size_t s = 0; s < cut->count; s++) {
        const struct keys_segment *segment = &cut->segments[s];
        const double share = segment_share(cut, s, row)->all;
        for (size_t j = segment->first; j < segment->first + segment->head.m; j++)
            weights[j] = (float)(share * (double)weights[j]);
    }
    receiver->receive(receiver->context, row, 1, weights, m);
}

void keys_cells_join(const struct engine_job *whole, size_t row, size_t first, const float *cells,
                     size_t count, double share)
{
    const struct pooling *pool = &whole->pool;
    const size_t n = whole->head->n, begin = row / pool->rows * pool->rows;
    const size_t rows = n - begin < pool->rows ? n - begin : pool->rows;
    float *to = pool->cells + row / pool->rows * size_divide_up(whole->head->m, pool->keys) + first;
    if (pool->mean)
        share /= (double)rows;
    for (size_t c = 0; c < count; c++) {
        const float cell = (float)(share * (double)cells[c]), before = row == begin ? 0 : to[c];
        to[c] = pool->mean ? before + cell : cell > before || isnan(cell) ? cell : before;
    }
}

void keys_cells_merge(const struct keys_cut *cut, size_t row)
{
    for (size_t s = 0; s < cut->count; s++) {
        const struct keys_segment *segment = &cut->segments[s];
        keys_cells_join(cut->whole, row, segment->first / cut->whole->pool.keys,
                        segment->cells + row * segment->width, segment->width,
                        segment_share(cut, s, row)->all);
    }
}

void keys_row_merge(const struct keys_cut *cut, size_t row)
{
    const struct engine_job *whole = cut->whole;
    const struct keys_row of = row_make(cut, row);
    if (whole->measures)
        whole->measures[row] = row_measures_merge(cut, row, &of);
    if (whole->output)
        row_output_merge(cut, row);
    if (whole->top)
        row_top_merge(cut, row);
    if (whole->receiver.receive)
        row_weights_merge(cut, row);
}
