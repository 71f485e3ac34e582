#include "compute/head_diff.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "attention/divergence.h"
#include "attention/mask.h"
#include "base/memory.h"
#include "base/workers.h"
#include "problem/problem_head.h"

bool diff_sees(const struct diff_view *view, size_t query, size_t key)
{
    return view->weights.data[query * view->weights.row + key] != 0 || !mask_is_any(&view->rules) ||
           mask_allows(&view->rules, query, key);
}

bool diff_exceeds(const struct diff_head *head, double tolerance)
{
    return !head->match || !(head->max <= tolerance);
}

/* ---- one head ---- */

/* A pair of rows while they are compared. */
struct diff_row {
    const struct diff_head *head;
    size_t query[2];
    float *shares[2]; /* the compared keys of each side */
};

/* One pair of weights: the largest difference, and what is counted. */
static void pair_compare(struct diff_head *head, const struct diff_row *row, const size_t key[2],
                         const float value[2], double *sum)
{
    const bool is_finite = isfinite(value[0]) && isfinite(value[1]);
    const bool are_alike = (isnan(value[0]) && isnan(value[1])) || value[0] == value[1];
    const double difference = are_alike   ? 0
                              : is_finite ? fabs((double)value[1] - (double)value[0])
                                          : (double)NAN;
    const bool is_first = head->at[0][0] == SIZE_MAX;
    if (!is_finite)
        *(are_alike ? &head->nan_both : &head->nan_one) += 1;
    if (is_first || difference > head->max ||
        (isnan(difference) && !isnan(head->max))) { /* none is above NaN */
        head->max = difference;
        for (int side = 0; side < 2; side++) {
            head->at[side][0] = row->query[side];
            head->at[side][1] = key[side];
            head->value[side] = value[side];
        }
    }
    if (is_finite && (difference > 0 || diff_sees(&head->side[0], row->query[0], key[0]) ||
                      diff_sees(&head->side[1], row->query[1], key[1]))) {
        *sum += difference;
        head->pairs++;
    }
}

/* Adds a row's largest and sum of differences, and its divergence. */
static void row_compare(struct diff_head *head, struct diff_row *row, double *sum, double *js)
{
    const struct token_match *keys = &head->match->keys;
    for (size_t k = 0; k < keys->count; k++) {
        size_t key[2];
        float value[2];
        for (int side = 0; side < 2; side++) {
            const struct strided *weights = &head->side[side].weights;
            key[side] = keys->of[side][k];
            value[side] = weights->data[row->query[side] * weights->row + key[side]];
            row->shares[side][k] = value[side];
        }
        pair_compare(head, row, key, value, sum);
    }
    const double divergence = divergence_js(row->shares[0], row->shares[1], keys->count);
    if (isnan(divergence))
        return;
    *js += divergence;
    head->rows++;
}

static bool view_is_share(const struct diff_view *view)
{
    const struct excerpt *excerpt = view->excerpt;
    const struct problem *problem = excerpt->result->problem;
    return settings_are_shares(&problem->layers[excerpt->layer_index[view->l]].settings);
}

/* Compares a head, one row after the other: the sums have one order. */
static bool head_compare(void *context, int worker, size_t job, struct error *error)
{
    (void)worker;
    struct diff_head *head = &((struct diff *)context)->heads[job];
    double sum = 0, js = 0;
    *head->at[0] = SIZE_MAX;
    head->max = head->mean = head->js = NAN;
    if (!head->match)
        return true;
    const struct token_match *queries = &head->match->queries, *keys = &head->match->keys;
    float *room = memory_alloc(2 * keys->count, sizeof *room, error);
    struct diff_row row = {.shares = {room, room ? room + keys->count : NULL}};
    for (size_t i = 0; room && i < queries->count; i++) {
        row.query[0] = queries->of[0][i];
        row.query[1] = queries->of[1][i];
        row_compare(head, &row, &sum, &js);
    }
    free(room);
    if (head->pairs > 0)
        head->mean = sum / (double)head->pairs;
    if (!view_is_share(&head->side[0]) || !view_is_share(&head->side[1]))
        head->rows = 0;
    if (head->rows > 0)
        head->js = js / (double)head->rows;
    return room;
}

/* ---- the list of heads ---- */

static void view_make(struct diff_view *view, const struct excerpt *excerpt, size_t l, size_t h)
{
    *view = (struct diff_view){.excerpt = excerpt, .l = l, .h = h};
    view->weights = excerpt_matrix(excerpt, STAGE_WEIGHTS, l, h);
    problem_head(excerpt->result->problem, excerpt->layer_index[l], excerpt_head(excerpt, l, h),
                 &view->rules);
}

/* The head of that number among the first ones, looked for from *next on, which becomes the one behind it; or a new one. */
static struct diff_head *diff_find(struct diff *diff, size_t layer, size_t head, size_t first, size_t *next)
{
    for (size_t tried = 0; tried < first; tried++) {
        const size_t i = (*next + tried) % first;
        if (diff->heads[i].layer == layer && diff->heads[i].head == head) {
            *next = i + 1;
            return &diff->heads[i];
        }
    }
    return &diff->heads[diff->count++];
}

/* The heads of one side. */
static void diff_list(struct diff *diff, const struct excerpts *excerpts, int side)
{
    const size_t first = side > 0 ? diff->count : 0; /* those that the other side has */
    size_t next = 0;
    for (size_t i = 0; i < excerpts->count; i++) {
        const struct excerpt *e = &excerpts->list[i];
        for (size_t l = 0; l < e->layer_count; l++)
            for (size_t h = 0; h < e->head_count; h++) {
                struct diff_head *head =
                    diff_find(diff, excerpt_layer(e, l), excerpt_head_number(e, l, h), first, &next);
                head->layer = excerpt_layer(e, l);
                head->head = excerpt_head_number(e, l, h);
                view_make(&head->side[side], e, l, h);
            }
    }
}

static size_t head_count(const struct excerpts *excerpts)
{
    size_t count = 0;
    for (size_t i = 0; i < excerpts->count; i++)
        count += excerpts->list[i].layer_count * excerpts->list[i].head_count;
    return count;
}

/* The matched tokens of a head's two problems, found before or made. */
static bool diff_match_tokens(struct diff *diff, struct diff_head *head, struct error *error)
{
    const struct problem *a = head->side[0].excerpt->result->problem,
                         *b = head->side[1].excerpt->result->problem;
    for (size_t i = 0; i < diff->match_count && !head->match; i++)
        if (diff->matches[i]->problem[0] == a && diff->matches[i]->problem[1] == b)
            head->match = diff->matches[i];
    if (head->match)
        return true;
    if (!memory_resize(&diff->matches, diff->match_count + 1, sizeof *diff->matches, error))
        return false;
    struct diff_match *match = memory_zeroed(1, sizeof *match, error);
    if (!match)
        return false;
    diff->matches[diff->match_count++] = match;
    *match = (struct diff_match){.problem = {a, b}};
    head->match = match;
    return token_match_make(&match->queries, &a->tokens, &b->tokens, error) &&
           token_match_make(&match->keys, &a->key_tokens, &b->key_tokens, error);
}

bool diff_make(struct diff *diff, const struct excerpts *a, const struct excerpts *b, int threads,
               struct error *error)
{
    diff->heads = memory_zeroed(head_count(a) + head_count(b), sizeof *diff->heads, error);
    if (!diff->heads)
        return false;
    diff_list(diff, a, 0);
    diff_list(diff, b, 1);
    for (size_t i = 0; i < diff->count; i++)
        if (diff->heads[i].side[0].excerpt && diff->heads[i].side[1].excerpt &&
            !diff_match_tokens(diff, &diff->heads[i], error))
            return false;
    return workers_try(threads, diff->count, head_compare, diff, error);
}

void diff_free(struct diff *diff)
{
    for (size_t i = 0; i < diff->match_count; i++) {
        token_match_free(&diff->matches[i]->queries);
        token_match_free(&diff->matches[i]->keys);
        free(diff->matches[i]);
    }
    free(diff->matches);
    free(diff->heads);
    *diff = (struct diff){0};
}
