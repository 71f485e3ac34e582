#include "core/measures.h"

#include <math.h>

struct row_measures measures_row(const float *row, size_t m, double position)
{
    struct row_measures r = {.first = m > 0 ? row[0] : 0, .largest = -INFINITY};
    for (size_t j = 0; j < m; j++) {
        double w = (double)row[j];
        r.sum += w;
        r.distance += w * fabs(position - (double)j);
        if (w > 0)
            r.entropy -= w * log(w);
        if (row[j] > r.largest) {
            r.largest = row[j];
            r.largest_key = j;
        }
    }
    return r;
}

struct measures measures_head(const struct row_measures *rows, size_t n)
{
    struct measures h = {.largest = -INFINITY};
    for (size_t i = 0; i < n; i++) {
        const struct row_measures *r = &rows[i];
        if (!isfinite(r->sum)) {
            h.nan_rows++;
            continue;
        }
        if (r->sum == 0 && r->largest <= 0) {
            h.blind_rows++;
            continue;
        }
        h.rows++;
        h.entropy += r->entropy;
        h.distance += r->distance;
        h.first += (double)r->first;
        if (r->largest > h.largest) {
            h.largest = r->largest;
            h.largest_query = i;
            h.largest_key = r->largest_key;
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
