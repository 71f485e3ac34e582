#include "compute/precision.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/reference.h"
#include "base/memory.h"
#include "engine/engine.h"

/* Rows with a best score, or a bound on the products of q and k, of at least this much are compared. Below,
 * float32 numbers stand at most 2^-11 apart, so that weights differ by less than PRECISION_WEIGHT. */
#define PRECISION_SCORE 4096.0

/* The most multiplications that comparing may take: some tenths of a second. */
#define PRECISION_WORK 5e7

bool precision_row_make(struct precision_row *row, size_t m, struct error *error)
{
    row->exact = memory_alloc(m, sizeof *row->exact, error);
    row->rounded = memory_alloc(m, sizeof *row->rounded, error);
    row->keys = memory_alloc(m, sizeof *row->keys, error);
    row->sorted = memory_alloc(m, sizeof *row->sorted, error);
    return row->exact && row->rounded && row->keys && row->sorted;
}

void precision_row_free(struct precision_row *row)
{
    free(row->exact);
    free(row->rounded);
    free(row->keys);
    free(row->sorted);
    *row = (struct precision_row){0};
}

/* The head without dropout, which no comparison is about. */
static struct head precision_head(const struct head *head, size_t query)
{
    struct head part = head_part(head, query, 1);
    part.dropout = 0;
    return part;
}

static void precision_receive(void *context, size_t first, size_t count, const float *weights, size_t stride)
{
    struct precision_row *row = context;
    (void)first; /* there is one row */
    (void)count;
    memcpy(row->rounded, weights, stride * sizeof *weights);
}

/* Whether the head is of a form that float32 computes. */
static bool precision_has_float(const struct head *head)
{
    const struct head part = precision_head(head, 0);
    const struct engine_job job = {.head = &part};
    const struct engine_options options = {0};
    return strcmp(engine_name(&job, 1, &options), "plain") != 0;
}

bool precision_row_compute(struct precision_row *row, const struct head *head, size_t query,
                           struct error *error)
{
    const struct head part = precision_head(head, query);
    struct reference_room room = {.row = row->exact, .keys = row->keys, .sorted = row->sorted};
    const struct engine_job job = {.head = &part, .receiver = {.receive = precision_receive, .context = row}};
    const struct engine_options options = {.threads = 1};
    row->differs = false;
    row->key = 0;
    if (!precision_has_float(head))
        return true;
    if (!engine_run(&job, 1, &options, error))
        return false;
    reference_row(&part, 0, STAGE_WEIGHTS, &room);
    double most = 0;
    for (size_t s = 0; s < room.key_count; s++) {
        const size_t j = room.keys[s];
        const bool broken = isnan(row->rounded[j]);
        const double apart = broken ? row->exact[j] : fabs((double)row->rounded[j] - row->exact[j]);
        if (isnan(apart)) /* NaN in double precision too */
            return true;
        row->differs = row->differs || broken || apart > PRECISION_WEIGHT;
        if (apart > most) {
            most = apart;
            row->key = j;
        }
    }
    return true;
}

static double precision_norm(const struct strided *matrix, size_t row, size_t columns)
{
    double sum = 0;
    for (size_t c = 0; c < columns; c++) {
        const double x = (double)matrix->data[row * matrix->row + c];
        sum += x * x;
    }
    return sqrt(sum);
}

/* The largest length of a key whose numbers are finite. */
static double precision_longest(const struct head *head)
{
    double longest = 0;
    for (size_t j = 0; j < head->m; j++) {
        const double norm = precision_norm(&head->k, j, head->d_k);
        longest = isfinite(norm) && norm > longest ? norm : longest;
    }
    return longest;
}

/* Compares row i of a head. */
static bool precision_add_row(struct precision *p, struct precision_row *row, const struct layer *layer,
                              size_t head, size_t query, struct error *error)
{
    if (!precision_row_compute(row, &layer->heads[head], query, error))
        return false;
    if (!row->differs)
        return true;
    const bool broken = isnan(row->rounded[row->key]);
    size_t *count = broken ? &p->nan_rows : &p->rows;
    if ((*count)++ == 0)
        *(broken ? &p->first_nan : &p->first) = (struct precision_place){
            layer->index, head, query, row->key, row->exact[row->key], (double)row->rounded[row->key]};
    return true;
}

bool precision_add(struct precision *p, const struct layer *layer, const bool *heads, size_t first,
                   size_t end, struct error *error)
{
    const struct problem *problem = layer->problem;
    struct precision_row row = {0};
    bool ok = true;
    for (size_t h = 0; ok && h < problem->heads; h++) {
        const struct head *head = &layer->heads[h];
        if (!heads[h] || !precision_has_float(head))
            continue;
        const double longest = fabs(head->scale) * precision_longest(head);
        for (size_t i = first; ok && i < end; i++) {
            const struct row_measures *measures = &layer->rows[h * head->n + i];
            const bool is_large = fabs(measures->score) >= PRECISION_SCORE || isnan(measures->max) ||
                                  precision_norm(&head->q, i, head->d_k) * longest >= PRECISION_SCORE;
            if (!is_large || (!isnan(measures->max) && measures->argmax == SIZE_MAX))
                continue;
            p->work += (double)head->m * ((double)head->d_k + 16);
            p->is_least = p->work > PRECISION_WORK;
            if (p->is_least)
                break;
            ok = (row.exact || precision_row_make(&row, head->m, error)) &&
                 precision_add_row(p, &row, layer, h, i, error);
        }
    }
    precision_row_free(&row);
    return ok;
}
