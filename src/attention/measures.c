#include "attention/measures.h"

#include <float.h>
#include <math.h>

/* Chan, Golub and LeVeque 1983 (doi:10.1080/00031305.1983.10483115), eq. 2.1. */
void score_sums_join(struct score_sums *sums, const struct score_sums *more)
{
    if (more->count == 0)
        return;
    const double before = (double)sums->count, all = before + (double)more->count;
    const double away = more->mean - sums->mean, share = (double)more->count / all;
    sums->count += more->count;
    sums->mean += away * share;
    sums->squares += more->squares + away * away * share * before;
}

double score_sums_deviation(const struct score_sums *sums)
{
    if (sums->count == 0 || !(sums->squares <= (double)FLT_MAX))
        return (double)NAN;
    return sqrt(sums->squares / (double)sums->count);
}

struct row_measures measures_row(const float *row, const size_t *keys, size_t count, double position,
                                 bool is_distribution)
{
    double sum = 0, entropy = 0, distance = 0;
    float max = -INFINITY;
    size_t argmax = SIZE_MAX;
    for (size_t s = 0; s < count; s++) {
        const size_t j = keys[s];
        double w = (double)row[j];
        sum += w;
        distance += w * fabs(position - (double)j);
        if (w > 0)
            entropy -= w * log(w);
        if (row[j] > max) {
            max = row[j];
            argmax = j;
        }
    }
    if (!isfinite(sum))
        return (struct row_measures){
            .entropy = NAN, .max = NAN, .distance = NAN, .first = NAN, .argmax = SIZE_MAX};
    if (count == 0)
        return (struct row_measures){.argmax = SIZE_MAX};
    if (!is_distribution)
        entropy = distance = (double)NAN;
    return (struct row_measures){.entropy = (float)entropy,
                                 .max = max,
                                 .distance = (float)distance,
                                 .first = row[0],
                                 .argmax = argmax};
}

struct measures measures_head(const struct row_measures *rows, size_t n)
{
    struct measures h = {.largest = -INFINITY};
    for (size_t i = 0; i < n; i++) {
        const struct row_measures *r = &rows[i];
        h.filled_rows += r->is_filled;
        if (isnan(r->max)) {
            h.nan_rows += !r->is_filled;
            continue;
        }
        if (r->argmax == SIZE_MAX) {
            h.blind_rows++;
            continue;
        }
        h.rows++;
        h.entropy += (double)r->entropy;
        h.distance += (double)r->distance;
        h.first += (double)r->first;
        if (r->max > h.largest) {
            h.largest = r->max;
            h.largest_query = i;
            h.largest_key = r->argmax;
        }
    }
    double count = h.rows > 0 ? (double)h.rows : (double)NAN;
    h.entropy /= count;
    h.distance /= count;
    h.first /= count;
    if (h.rows == 0)
        h.largest = NAN;
    return h;
}
