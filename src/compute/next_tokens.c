#include "compute/next_tokens.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

/* x·unembed, in double precision; the caller frees it. */
static double *next_scores(const float *x, const struct tensor *unembed, struct error *error)
{
    const size_t rows = unembed->shape[0], words = unembed->shape[1];
    double *scores = memory_zeroed(words, sizeof *scores, error);
    for (size_t r = 0; scores && r < rows; r++)
        for (size_t w = 0; w < words; w++)
            scores[w] += (double)x[r] * (double)unembed->data[r * words + w];
    return scores;
}

/* Puts a word where it belongs among the likeliest, whose scores are in `probability` until all are known. */
static void next_insert(struct next_tokens *next, size_t id, double score)
{
    size_t at = next->count;
    if (at == NEXT_TOKENS && !(score > next->probability[at - 1]))
        return;
    if (at == NEXT_TOKENS)
        at--;
    else
        next->count++;
    for (; at > 0 && score > next->probability[at - 1]; at--) {
        next->id[at] = next->id[at - 1];
        next->probability[at] = next->probability[at - 1];
    }
    next->id[at] = id;
    next->probability[at] = score;
}

bool next_tokens_find(struct next_tokens *next, const struct problem *problem, const float *outputs,
                      struct error *error)
{
    const struct tensor *unembed = problem->layers[problem->layer_count - 1].extra[INPUT_UNEMBED];
    *next = (struct next_tokens){.vocabulary = problem->vocabulary};
    if (!unembed || !outputs)
        return true;
    const float *last = outputs + (problem->layer_count * problem->n - 1) * problem->d_out;
    double *scores = next_scores(last, unembed, error), sum = 0;
    if (!scores)
        return false;
    for (size_t w = 0; w < unembed->shape[1]; w++)
        next_insert(next, w, scores[w]);
    const double largest = next->probability[0];
    for (size_t w = 0; w < unembed->shape[1]; w++)
        sum += exp(scores[w] - largest);
    for (size_t i = 0; i < next->count; i++)
        next->probability[i] = exp(next->probability[i] - largest) / sum;
    free(scores);
    return true;
}

const char *next_tokens_text(const struct next_tokens *next, size_t at, char room[24])
{
    if (next->vocabulary)
        return next->vocabulary->text[next->id[at]];
    snprintf(room, 24, "%zu", next->id[at]);
    return room;
}
