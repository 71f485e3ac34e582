#include "compute/value_norms.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/workers.h"

/* W_O·W_Oᵀ of a head, whose rows of W_O are `w`. */
static void head_gram(double *gram, const float *w, size_t d_v, size_t d_out)
{
    for (size_t a = 0; a < d_v; a++)
        for (size_t b = 0; b <= a; b++) {
            double sum = 0;
            for (size_t c = 0; c < d_out; c++)
                sum += (double)w[a * d_out + c] * (double)w[b * d_out + c];
            gram[a * d_v + b] = gram[b * d_v + a] = sum;
        }
}

/* |x·W_O| of a head; gram NULL: |x|. */
static double written_norm(const float *x, const double *gram, size_t d_v)
{
    double square = 0;
    for (size_t a = 0; a < d_v; a++) {
        double sum = gram ? 0 : (double)x[a];
        for (size_t b = 0; gram && b < d_v; b++)
            sum += gram[a * d_v + b] * (double)x[b];
        square += sum * (double)x[a];
    }
    return sqrt(square < 0 ? 0 : square); /* rounded below 0 */
}

static const double *gram_of(const struct value_norms *norms, size_t head)
{
    return norms->gram ? norms->gram + head * norms->d_v * norms->d_v : NULL;
}

struct norms_work {
    struct value_norms *norms;
    const struct layer *layer;
    const float *heads; /* their output */
};

static void key_norms(void *context, int worker, size_t head)
{
    (void)worker;
    const struct norms_work *work = context;
    struct value_norms *norms = work->norms;
    const struct problem *problem = work->layer->problem;
    const struct tensor *w_o = problem->layers[work->layer->index].w_o;
    const struct strided *v = &work->layer->heads[head].v;
    if (w_o)
        head_gram(norms->gram + head * norms->d_v * norms->d_v,
                  w_o->data + head * norms->d_v * problem->d_out, norms->d_v, problem->d_out);
    for (size_t j = 0; j < norms->m; j++)
        norms->keys[head * norms->m + j] =
            (float)written_norm(v->data + j * v->row, gram_of(norms, head), norms->d_v);
}

static void output_norms(void *context, int worker, size_t head)
{
    (void)worker;
    const struct norms_work *work = context;
    const struct value_norms *norms = work->norms;
    for (size_t i = 0; i < norms->n; i++)
        norms->output[head * norms->n + i] = written_norm(
            work->heads + (i * norms->heads + head) * norms->d_v, gram_of(norms, head), norms->d_v);
}

bool value_norms_make(struct value_norms *norms, const struct layer *layer, struct error *error)
{
    const struct problem *problem = layer->problem;
    const struct problem_layer *from = &problem->layers[layer->index];
    size_t keys, square, gram;
    value_norms_free(norms);
    if (problem->d_v == 0 || from->extra[INPUT_GATE] || from->extra[INPUT_W_GATE])
        return true;
    norms->heads = problem->heads;
    norms->n = problem->n;
    norms->m = problem->m;
    norms->d_v = problem->d_v;
    if (!size_multiply(norms->heads, norms->m, &keys) || !size_multiply(norms->d_v, norms->d_v, &square) ||
        !size_multiply(norms->heads, square, &gram))
        return error_memory(error, SIZE_MAX);
    norms->keys = memory_alloc(keys, sizeof *norms->keys, error);
    norms->gram = from->w_o ? memory_alloc(gram, sizeof *norms->gram, error) : NULL;
    if (!norms->keys || (from->w_o && !norms->gram))
        return false;
    struct norms_work work = {.norms = norms, .layer = layer};
    workers_run(norms->heads, key_norms, &work);
    return true;
}

bool value_norms_output(struct value_norms *norms, const float *heads, struct error *error)
{
    size_t rows;
    if (!size_multiply(norms->heads, norms->n, &rows))
        return error_memory(error, SIZE_MAX);
    norms->output = memory_alloc(rows, sizeof *norms->output, error);
    if (!norms->output)
        return false;
    struct norms_work work = {.norms = norms, .heads = heads};
    workers_run(norms->heads, output_norms, &work);
    return true;
}

void value_norms_free(struct value_norms *norms)
{
    free(norms->keys);
    free(norms->gram);
    free(norms->output);
    *norms = (struct value_norms){0};
}
