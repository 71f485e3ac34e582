#include "attention/recurrence.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

static double strided_at(const struct strided *matrix, size_t i, size_t j)
{
    return (double)matrix->data[i * matrix->row + j * matrix->column];
}

/*
 * Step t of a state d_k×columns. value: row t of v; NULL stands for row t of the identity: a state with m
 * columns that is fed it yields weights where v yields output. spare: `columns` numbers.
 */
static void state_step(const struct head *head, size_t t, const float *value, double *state, size_t columns,
                       double *spare)
{
    const struct recurrent *r = &head->recurrent;
    const float *k = head->k.data + t * head->k.row;
    const bool delta = r->rule == RECURRENCE_DELTA || r->rule == RECURRENCE_GATED_DELTA;
    if (r->rule == RECURRENCE_GATED || r->rule == RECURRENCE_GATED_DELTA)
        for (size_t d = 0; d < head->d_k; d++) {
            const double factor = exp(strided_at(&r->decay, t, d));
            for (size_t c = 0; c < columns; c++)
                state[d * columns + c] *= factor;
        }
    for (size_t c = 0; c < columns; c++)
        spare[c] = value ? (double)value[c] : c == t;
    if (delta) {
        for (size_t d = 0; d < head->d_k; d++)
            for (size_t c = 0; c < columns; c++)
                spare[c] -= state[d * columns + c] * (double)k[d];
        for (size_t c = 0; c < columns; c++)
            spare[c] *= strided_at(&r->beta, t, 0);
    }
    for (size_t d = 0; d < head->d_k; d++)
        for (size_t c = 0; c < columns; c++)
            state[d * columns + c] += (double)k[d] * spare[c];
}

/* scale·Sᵀq[i] into out[columns]. */
static void state_read(const struct head *head, size_t i, const double *state, size_t columns, double *out)
{
    const float *q = head->q.data + i * head->q.row;
    for (size_t c = 0; c < columns; c++)
        out[c] = 0;
    for (size_t d = 0; d < head->d_k; d++)
        for (size_t c = 0; c < columns; c++)
            out[c] += (double)q[d] * state[d * columns + c];
    for (size_t c = 0; c < columns; c++)
        out[c] *= head->scale;
}

static double *state_make(const struct head *head, size_t columns, struct error *error)
{
    size_t count;
    if (!size_multiply(head->d_k + 1, columns, &count)) {
        error_memory(error, SIZE_MAX);
        return NULL;
    }
    return memory_zeroed(count, sizeof(double), error);
}

bool recurrence_run(const struct head *head, float *output, size_t output_row, recurrence_receiver *receive,
                    void *context, struct error *error)
{
    const struct strided *before = &head->recurrent.state;
    const size_t end = head->first + head->n;
    bool ok = true;
    if (output && head->d_v > 0) {
        double *state = state_make(head, head->d_v, error);
        ok = state != NULL;
        double *spare = state ? state + head->d_k * head->d_v : NULL;
        for (size_t i = 0; ok && before->data && i < head->d_k; i++)
            for (size_t c = 0; c < head->d_v; c++)
                state[i * head->d_v + c] = strided_at(before, i, c);
        for (size_t t = 0; ok && t < end; t++) {
            state_step(head, t, head->v.data + t * head->v.row, state, head->d_v, spare);
            if (t < head->first)
                continue;
            state_read(head, t - head->first, state, head->d_v, spare);
            for (size_t c = 0; c < head->d_v; c++)
                output[(t - head->first) * output_row + c] = (float)spare[c];
        }
        free(state);
    }
    if (receive && ok) {
        double *state = state_make(head, head->m, error);
        ok = state != NULL;
        double *spare = state ? state + head->d_k * head->m : NULL;
        for (size_t t = 0; ok && t < end; t++) {
            state_step(head, t, NULL, state, head->m, spare);
            if (t < head->first)
                continue;
            state_read(head, t - head->first, state, head->m, spare);
            receive(context, t - head->first, spare);
        }
        free(state);
    }
    return ok;
}
