#include "compute/explain_steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/out.h"
#include "base/text.h"
#include "compute/explain_columns.h"
#include "compute/explain_formulas.h"

/* ---- parts ---- */

/* A text that a function of explain_formulas.h writes. */
static bool text_made(char **text, const struct explanation *e,
                      void (*write)(const struct explanation *, struct out *), struct error *error)
{
    struct out out;
    out_begin(&out, -1, "an explanation");
    write(e, &out);
    return out_end_text(&out, text, error);
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

/* The row that the query is made of, and x·w_q + b_q, in as many lines more as it has columns where it is small. */
static bool terms_of_x(struct explain_step *step, const struct explanation *e, const float *q, size_t columns,
                       struct error *error)
{
    const size_t first = explanation_query_head(e) * columns;
    struct explain_term *term = &step->terms[step->term_count++];
    term->vector = e->x;
    term->count = e->x_count;
    if (!name_copy(&term->name, "x", error) || !text_made(&term->note, e, explain_x_write, error))
        return false;
    if (!e->projected)
        return true;
    const bool is_q = memcmp(q, e->projected + first, columns * sizeof *q) == 0;
    term = &step->terms[step->term_count++];
    term->vector = e->projected + first;
    term->count = columns;
    term->name = text_format("%s%s", is_q ? "q = " : "", explain_projection_name(e));
    if (!term->name)
        return error_memory(error, 64);
    for (size_t c = 0; c < columns && columns <= EXPLAIN_SMALL && e->x_count <= EXPLAIN_SMALL; c++) {
        struct out out;
        out_begin(&out, -1, "an explanation");
        explain_projection_write(e, first + c, &out);
        term = &step->terms[step->term_count++];
        term->number = (double)e->projected[first + c];
        term->name = text_format("  column %zu", c);
        if (!out_end_text(&out, &term->written, error) || !(term->name || error_memory(error, 64)))
            return false;
    }
    return true;
}

static bool term_of_query(struct explain_step *step, const char *name, const float *vector, size_t count,
                          struct error *error)
{
    struct explain_term *term = &step->terms[step->term_count++];
    term->vector = vector;
    term->count = count;
    return name_copy(&term->name, name, error);
}

static bool step_query(struct explain_steps *steps, const struct explanation *e, struct error *error)
{
    const size_t columns = e->layer.operand[0].columns;
    const struct strided given = layer_operand(&e->layer, 0, explanation_query_head(e));
    const float *q = given.data + e->query * given.row;
    const char *compared = explain_compared_name(e);
    struct explain_step *step = step_add(steps, "query", 4 + EXPLAIN_SMALL, error);
    if (!step || (e->x && !terms_of_x(step, e, q, columns, error)))
        return false;
    /* x·w_q + b_q said it already, where nothing comes between. */
    if (!e->projected ||
        memcmp(q, e->projected + explanation_query_head(e) * columns, columns * sizeof *q) != 0) {
        if (!term_of_query(step, e->x && !e->projected ? "q = x" : "q", q, columns, error) ||
            !text_made(&step->terms[step->term_count - 1].note, e, explain_turn_write, error))
            return false;
    }
    return !compared ||
           term_of_query(step, compared, e->head->q.data + e->query * e->head->q.row, e->head->d_k, error);
}

/* The score of a key, written out. */
static bool term_of_score(struct explain_step *step, const struct explanation *e, size_t key,
                          struct error *error)
{
    const struct head *head = e->head;
    struct explain_term *term = &step->terms[step->term_count++];
    struct out out;
    out_begin(&out, -1, "an explanation");
    explain_products_write(e, key, &out);
    term->key = key;
    term->number = e->scores[key];
    if (head->d_k <= EXPLAIN_SMALL) {
        term->vector = head->k.data + key * head->k.row;
        term->count = head->d_k;
    }
    return out_end_text(&out, &term->written, error);
}

/* Of every key with a row where vectors are short, else of the heaviest. */
static bool step_scores(struct explain_steps *steps, const struct explanation *e, struct error *error)
{
    const size_t key = heaviest(e);
    const bool all = e->head->d_k <= EXPLAIN_SMALL;
    struct explain_step *step = step_add(steps, "scores", all ? steps->row_count : 1, error);
    if (step)
        step->column = "score";
    if (!step || !text_made(&step->formula, e, explain_score_write, error))
        return false;
    bool ok = true;
    for (size_t r = 0; ok && all && r < steps->row_count; r++)
        ok = term_of_score(step, e, steps->rows[r], error);
    return ok && (all || key == e->head->m || term_of_score(step, e, key, error));
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
    step->key = "output";
    step->addend = head->recurrent.state.data ? "what the first state gives" : NULL;
    step->column = "weight";
    if (e->heads.count > 0) {
        step->onward = "·w_o";
        step->carried = e->heads.carried + e->head_number * e->heads.d_out;
        step->carried_count = e->heads.d_out;
    }
    step->total = e->output;
    step->total_count = head->d_v;
    return e->heads.count > 0 || text_made(&step->note, e, explain_after_write, error);
}

/* What all heads give: the output of each times its rows of w_o, and b_o. */
static bool step_concat(struct explain_steps *steps, const struct explanation *e, struct error *error)
{
    const struct explain_heads *heads = &e->heads;
    const struct problem *problem = e->layer.problem;
    struct explain_step *step = step_add(steps, "concat", heads->count + 1, error);
    if (!step || !text_made(&step->formula, e, explain_concat_write, error))
        return false;
    for (size_t h = 0; h < heads->count; h++) {
        struct explain_term *term = &step->terms[step->term_count++];
        *term = (struct explain_term){.key = problem_head_number(problem, e->layer.index, h),
                                      .head = heads->output + h * heads->d_v,
                                      .count = heads->d_v,
                                      .carried = heads->carried + h * heads->d_out,
                                      .carried_count = heads->d_out};
        if (!(term->name = text_format("head %zu", term->key)))
            return error_memory(error, 64);
    }
    if (heads->added) {
        struct explain_term *term = &step->terms[step->term_count++];
        *term = (struct explain_term){.vector = heads->added, .count = heads->d_out};
        if (!name_copy(&term->name, "b_o", error))
            return false;
    }
    step->key = "attention_output";
    step->total = heads->sum;
    step->total_count = heads->d_out;
    return text_made(&step->note, e, explain_after_write, error);
}

bool explain_steps_make(struct explain_steps *steps, const struct explanation *e, size_t rows,
                        struct error *error)
{
    const struct problem *problem = e->layer.problem;
    *steps = (struct explain_steps){.layer = problem_layer_number(problem, e->layer.index),
                                    .head = problem_head_number(problem, e->layer.index, e->head_number),
                                    .query = e->query,
                                    .tokens = &problem->tokens,
                                    .key_tokens = &problem->key_tokens,
                                    .key_count = e->head->m,
                                    .allowed = e->allowed,
                                    .has_sink = e->head->has_sink};
    explain_facts_add(steps, e);
    return steps_choose_rows(steps, e, rows, error) && explain_columns_add(steps, e, error) &&
           step_query(steps, e, error) && step_scores(steps, e, error) && step_weights(steps, e, error) &&
           (!e->output || step_output(steps, e, error)) &&
           (e->heads.count == 0 || step_concat(steps, e, error)) &&
           text_made(&steps->why, e, explain_why_write, error);
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
    free(steps->why);
    free(steps->rows);
    free(steps->rounded);
    *steps = (struct explain_steps){0};
}
