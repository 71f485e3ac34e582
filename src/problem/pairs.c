/*
 * Rules that no bound a query can say, made into one mask of all pairs that stands for all rules of the layer: pairs
 * that or_mask opens, and causal and window inside the documents of a packed sequence. Nothing else of the program
 * knows these rules.
 */
#include "problem/check.h"

#include <stdlib.h>

#include "attention/mask.h"
#include "base/memory.h"
#include "base/source.h"
#include "problem/problem_head.h"

/* The rank of each token among the tokens of its document, and how many these are. */
struct ranks {
    size_t *rank, *count; /* a token; owned */
};

static void ranks_free(struct ranks *ranks)
{
    free(ranks->rank);
    free(ranks->count);
}

static int compare_documents(const void *a, const void *b, void *documents)
{
    const int32_t *of = documents;
    const size_t i = *(const size_t *)a, j = *(const size_t *)b;
    return of[i] != of[j] ? (of[i] > of[j]) - (of[i] < of[j]) : (i > j) - (i < j);
}

static bool ranks_make(struct ranks *ranks, const int32_t *documents, size_t tokens, struct error *error)
{
    size_t *order = memory_alloc(tokens, sizeof *order, error);
    ranks->rank = memory_alloc(tokens, sizeof *ranks->rank, error);
    ranks->count = memory_alloc(tokens, sizeof *ranks->count, error);
    bool ok = order && ranks->rank && ranks->count;
    for (size_t i = 0; ok && i < tokens; i++)
        order[i] = i;
    if (ok)
        qsort_r(order, tokens, sizeof *order, compare_documents, (void *)documents);
    for (size_t first = 0, end; ok && first < tokens; first = end) {
        for (end = first; end < tokens && documents[order[end]] == documents[order[first]]; end++)
            ranks->rank[order[end]] = end - first;
        for (size_t i = first; i < end; i++)
            ranks->count[order[i]] = end - first;
    }
    free(order);
    return ok;
}

/* Causal and window, counted in documents. */
struct aligned {
    const struct check *check;
    const struct problem_layer *layer;
    struct ranks query, key;
    size_t *keys_of; /* a query: the keys of its document; owned */
};

static void aligned_free(struct aligned *a)
{
    ranks_free(&a->query);
    ranks_free(&a->key);
    free(a->keys_of);
}

static bool aligned_make(struct aligned *a)
{
    const struct problem *p = a->check->problem;
    const struct rules *rules = &a->layer->rules;
    struct error *error = a->check->error;
    if (!ranks_make(&a->query, rules->query_segment, p->n, error) ||
        !ranks_make(&a->key, rules->key_segment, p->m, error))
        return false;
    a->keys_of = memory_zeroed(p->n, sizeof *a->keys_of, error);
    /* Documents are mostly few and in order: the last one that was found is tried first. */
    size_t j = 0;
    for (size_t i = 0; a->keys_of && i < p->n; i++) {
        for (size_t tried = 0; tried < p->m && rules->key_segment[j] != rules->query_segment[i]; tried++)
            j = j + 1 < p->m ? j + 1 : 0;
        a->keys_of[i] = p->m > 0 && rules->key_segment[j] == rules->query_segment[i] ? a->key.count[j] : 0;
    }
    return a->keys_of;
}

/* Whether causal and window allow the pair, which is of one document. */
static bool aligned_allows(const struct aligned *a, const struct head *head, size_t i, size_t j)
{
    const struct rules *rules = &head->rules;
    const bool end = a->layer->settings.causal == CAUSAL_END || a->layer->k.past_rows > 0;
    const int64_t rank = (int64_t)a->query.rank[i], key = (int64_t)a->key.rank[j];
    const int64_t place = rank + (end ? (int64_t)a->keys_of[i] - (int64_t)a->query.count[i] : head->offset);
    const bool exempt =
        (rules->query_global && rules->query_global[i]) || (rules->key_global && rules->key_global[j]);
    const bool causal = !rules->causal || key <= place || j < rules->prefix;
    return causal && (exempt || ((rules->left < 0 || key >= place - rules->left) &&
                                 (rules->right < 0 || key <= place + rules->right)));
}

/* Whether documents count otherwise than the whole sequence does. */
static bool is_aligned(const struct check *check, const struct problem_layer *layer)
{
    const struct problem *p = check->problem;
    const struct rules *rules = &layer->rules;
    const bool end = rules->causal && layer->settings.causal == CAUSAL_END;
    if (!rules->query_segment || !(end || rules->left >= 0 || rules->right >= 0))
        return false;
    bool same = p->n == p->m && layer->offset == 0;
    for (size_t i = 0; same && i < p->n; i++)
        same = rules->query_segment[i] == rules->key_segment[i] &&
               (i == 0 || rules->query_segment[i] >= rules->query_segment[i - 1]);
    return !same;
}

static bool has_axis(const struct tensor *t, int rank)
{
    return t && t->rank >= rank && t->shape[t->rank - rank] > 1;
}

/* Whether heads differ in what they mask. */
static bool heads_differ(const struct problem_layer *layer)
{
    const struct tensor *blocks = layer->extra[INPUT_BLOCK_MASK];
    return has_axis(layer->mask, 3) || has_axis(layer->extra[INPUT_OR_MASK], 3) ||
           (blocks && blocks->rank == 3) || layer->settings.window.count > 1;
}

/* The mask of one head, n×m. */
static void fill_head(float *to, const struct aligned *a, size_t h, bool aligned)
{
    const struct problem *p = a->check->problem;
    const struct strided opens = problem_pairs(a->layer->extra[INPUT_OR_MASK], a->layer->slice, h);
    struct head head;
    problem_head(p, a->check->layer, h, &head);
    struct head others = head;
    others.bias.data = NULL;
    if (aligned) {
        others.rules.causal = false;
        others.rules.left = others.rules.right = -1;
    }
    for (size_t i = 0; i < p->n; i++)
        for (size_t j = 0; j < p->m; j++) {
            bool allowed = mask_allows(&others, i, j) && (!aligned || aligned_allows(a, &head, i, j));
            allowed = allowed || (opens.data && opens.data[i * opens.row + j * opens.column] != 0);
            *to++ = allowed;
        }
}

bool check_all_pairs(const struct check *check, struct problem_layer *layer)
{
    struct problem *p = check->problem;
    const bool aligned = is_aligned(check, layer);
    struct aligned a = {.check = check, .layer = layer};
    size_t heads = heads_differ(layer) ? p->heads : 1, pairs, count;
    if (!aligned && !layer->extra[INPUT_OR_MASK])
        return true;
    if (!size_multiply(p->n, p->m, &pairs) || !size_multiply(pairs, heads, &count))
        return error_memory(check->error, SIZE_MAX);
    float *data = memory_alloc(count, sizeof *data, check->error);
    bool ok = data && (!aligned || aligned_make(&a));
    for (size_t h = 0; ok && h < heads; h++)
        fill_head(data + h * pairs, &a, h, aligned);
    aligned_free(&a);
    if (!ok) {
        free(data);
        return false;
    }
    layer->pairs =
        (struct tensor){.data = data, .rank = 3, .shape = {heads, p->n, p->m}, .holds = TENSOR_BOOLEANS};
    layer->rules = (struct rules){.left = -1, .right = -1};
    return true;
}
