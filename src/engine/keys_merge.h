/* The results of the segments that the keys of a job are cut into (engine/keys.c), merged to those of the whole, row by row. */
#ifndef ATTN_ENGINE_KEYS_MERGE_H
#define ATTN_ENGINE_KEYS_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/job.h"

/* A job that is cut. The arrays are owned; those of results that the whole does not want are NULL. */
struct keys_cut {
    const struct engine_job *whole;
    size_t length, count;          /* keys of a segment, the last one may be shorter; segments */
    struct keys_segment *segments; /* count */
    struct row_measures *measures; /* count×n */
    float *outputs;                /* count×n×d_v */
    float *rows;                   /* n×m: weights, at first relative to their segments */
    float *cells;                  /* of each segment n×its cells, one row of cells a query */
    struct row_key *top;           /* count×n×top_count */
    size_t top_count;              /* of the whole, or as many as a segment has */
    struct keys_share *shares;     /* n×count, once the segments have run */
};

/* What a segment is of a row of the whole: the weight of its heaviest key there, and of all its keys. */
struct keys_share {
    double peak, all;
};

/* A segment of the keys of a job. */
struct keys_segment {
    struct keys_cut *cut;
    size_t first; /* its key 0, in the whole */
    struct head head;
    float *cells; /* n×cells: borrowed from the cut */
    size_t width; /* cells of a row */
};

/* Whether a row is NaN in a segment. In the whole it need not be: a segment in which it finds but scores of
 * -infinity cannot tell their weights. */
bool keys_row_is_broken(const struct keys_cut *cut, size_t row);

/* Merges what the segments have of a row that is not broken, but for the cells: measures, output, the heaviest keys, and the
 * weights, which the receiver of the job gets. */
void keys_row_merge(const struct keys_cut *cut, size_t row);

/* The same for the cells of a row, behind keys_row_merge, for one row after the other. */
void keys_cells_merge(const struct keys_cut *cut, size_t row);

/* Joins cells of a row, times `share`, to those of the whole from cell `first` on. Those may hold several rows, which
 * come in order. */
void keys_cells_join(const struct engine_job *whole, size_t row, size_t first, const float *cells,
                     size_t count, double share);

#endif
