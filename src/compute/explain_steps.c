#include "compute/explain_steps.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/out.h"
#include "base/text.h"
#include "compute/explain_columns.h"
#include "compute/explain_formulas.h"

/* ---- parts ---- */

/* Text that is being put together; text_end gives it to the caller, NULL where it is empty. */
static struct out text_begin(void)
{
    struct out out;
    out_begin(&out, -1, "an explanation");
    return out;
}

static bool text_end(struct out *out, char **text, struct error *error)
{
    const bool any = out->size > 0;
    out_char(out, '\0');
    const bool ok = out_finish(out, error);
    *text = ok && any ? text_copy(out->data) : NULL;
    out_free(out);
    return ok && (*text || !any || error_memory(error, 64));
}

/* A text that a function of explain_formulas.h writes. */
static bool text_made(char **text, const struct explanation *e,
                      void (*write)(const struct explanation *, struct out *), struct error *error)
{
    struct out out = text_begin();
    write(e, &out);
    return text_end(&out, text, error);
}

static bool name_copy(char **to, const char *name, struct error *error)
{
    *to = text_copy(name);
    return *to || error_memory(error, 64);
}

/* Adds a step with room for so many terms; NULL without memory. */
static struct explain_step *step_add(struct explain_steps *steps, const char *title, size_t terms,
                                     struct error *error)
{
    struct explain_step *step = &steps->steps[steps->step_count];
    *step = (struct explain_step){.title = title, .terms = memory_zeroed(terms, sizeof *step->terms, error)};
    if (!step->terms)
        return NULL;
    steps->step_count++;
    return step;
}

/* ---- the keys that are shown ---- */

struct weighed {
    double weight;
    size_t key;
};

/* The larger weight first, and of equal ones the earlier key. */
static int heavier(const void *a, const void *b)
{
    const struct weighed *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return (x->key > y->key) - (x->key < y->key);
}

static bool steps_choose_rows(struct explain_steps *steps, const struct explanation *e, size_t rows,
                              struct error *error)
{
    const size_t m = e->head->m;
    struct weighed *order = memory_alloc(m, sizeof *order, error);
    steps->row_count = m < rows ? m : rows;
    steps->rows = order ? memory_alloc(steps->row_count, sizeof *steps->rows, error) : NULL;
    for (size_t j = 0; steps->rows && j < m; j++)
        order[j] = (struct weighed){isnan(e->weights[j]) ? 0 : e->weights[j], j};
    if (steps->rows && steps->row_count < m)
        qsort(order, m, sizeof *order, heavier);
    for (size_t r = 0; steps->rows && r < m; r++) {
        if (r < steps->row_count)
            steps->rows[r] = order[r].key;
        else
            steps->rest += e->weights[order[r].key];
    }
    free(order);
    return steps->rows;
}

/* The allowed key with the largest weight; m where no key is allowed. */
static size_t heaviest(const struct explanation *e)
{
    size_t best = e->head->m;
    for (size_t j = 0; j < e->head->m; j++)
        if (e->allowed[j] && (best == e->head->m || e->weights[j] > e->weights[best]))
            best = j;
    return best;
}

/* ---- the steps ---- */

static bool step_query(struct explain_steps *steps, const struct explanation *e, struct error *error)
{
    const struct layer *made = &e->layer;
    const struct operand *q = &made->operand[0];
    const struct strided given = layer_operand(made, 0, e->head_number * q->heads / made->problem->heads);
    const char *compared = explain_compared_name(e);
    struct explain_step *step = step_add(steps, "query", 2, error);
    if (!step)
        return false;
    struct explain_term *term = &step->terms[step->term_count++];
    term->vector = given.data + e->query * given.row;
    term->count = q->columns;
    if (!name_copy(&term->name, "q", error) || !text_made(&term->note, e, explain_turn_write, error))
        return false;
    if (!compared)
        return true;
    term = &step->terms[step->term_count++];
    term->vector = e->head->q.data + e->query * e->head->q.row;
    term->count = e->head->d_k;
    return name_copy(&term->name, compared, error);
}

static bool step_scores(struct explain_steps *steps, const struct explanation *e, struct error *error)
{
    const size_t key = heaviest(e);
    struct explain_step *step = step_add(steps, "scores", 1, error);
    if (!step || !text_made(&step->formula, e, explain_score_write, error))
        return false;
    if (key == e->head->m)
        return true;
    struct explain_term *term = &step->terms[step->term_count++];
    struct out out = text_begin();
    explain_products_write(e, key, &out);
    term->key = key;
    term->number = e->scores[key];
    return text_end(&out, &term->written, error);
}

static bool step_weights(struct explain_steps *steps, const struct explanation *e, struct error *error)
{
    struct explain_step *step = step_add(steps, "weights", 0, error);
    if (!step)
        return false;
    step->has_columns = !explanation_sees_nothing(e);
    return text_made(&step->formula, e, explain_weight_write, error) &&
           text_made(&step->note, e, explain_precision_write, error);
}

static bool step_output(struct explain_steps *steps, const struct explanation *e, struct error *error)
{
    const struct head *head = e->head;
    struct explain_step *step = step_add(steps, "output", steps->row_count, error);
    if (!step || !name_copy(&step->formula, "weight·v, summed over the keys", error))
        return false;
    for (size_t r = 0; r < steps->row_count; r++) {
        const size_t key = steps->rows[r];
        if (e->weights[key] != 0)
            step->terms[step->term_count++] =
                (struct explain_term){.key = key,
                                      .number = e->weights[key],
                                      .vector = head->v.data + key * head->v.row,
                                      .count = head->d_v};
    }
    step->is_silent = explanation_sees_nothing(e);
    step->has_more = steps->rest != 0;
    step->addend = head->recurrent.state.data ? "what the first state gives" : NULL;
    step->total = e->output;
    step->total_count = head->d_v;
    return text_made(&step->note, e, explain_after_write, error);
}

bool explain_steps_make(struct explain_steps *steps, const struct explanation *e, size_t rows,
                        struct error *error)
{
    const struct problem *problem = e->layer.problem;
    *steps = (struct explain_steps){.layer = problem->layer_first + e->layer.index,
                                    .head = e->head_number,
                                    .query = e->query,
                                    .tokens = &problem->tokens,
                                    .key_tokens = &problem->key_tokens,
                                    .key_count = e->head->m,
                                    .allowed = e->allowed,
                                    .has_sink = e->head->has_sink};
    explain_facts_add(steps, e);
    return steps_choose_rows(steps, e, rows, error) && explain_columns_add(steps, e, error) &&
           step_query(steps, e, error) && step_scores(steps, e, error) && step_weights(steps, e, error) &&
           (!e->output || step_output(steps, e, error));
}

void explain_steps_free(struct explain_steps *steps)
{
    for (size_t s = 0; s < steps->step_count; s++) {
        struct explain_step *step = &steps->steps[s];
        for (size_t t = 0; t < step->term_count; t++) {
            free(step->terms[t].name);
            free(step->terms[t].written);
            free(step->terms[t].note);
        }
        free(step->terms);
        free(step->formula);
        free(step->note);
    }
    free(steps->rows);
    free(steps->rounded);
    *steps = (struct explain_steps){0};
}
