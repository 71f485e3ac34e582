/*
 * How many pairs the masks of a head allow. Where no mask or bias says it pair by pair, no pair is asked for:
 * the keys that are open lie in an order in which those that one query may see, of a range of keys, are one
 * piece, and its ends are found by halving.
 */
#include <stdlib.h>

#include "attention/mask.h"
#include "attention/mask_count.h"
#include "base/memory.h"

/* An open key, after what it must share with the queries that see it. */
struct open_key {
    int32_t segment;
    size_t phase; /* modulo dilation */
    size_t key;
};

struct order {
    struct open_key *keys;
    size_t count;
};

static int compare(const void *a, const void *b)
{
    const struct open_key *x = a, *y = b;
    if (x->segment != y->segment)
        return x->segment < y->segment ? -1 : 1;
    if (x->phase != y->phase)
        return x->phase < y->phase ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

/* Whether a mask or bias differs from query to query. */
static bool by_query(const struct strided *grid)
{
    return grid->data && grid->row != 0;
}

/* The open keys; `phased` where dilation is to be kept. */
static bool order_make(struct order *order, const struct head *head, bool phased, struct error *error)
{
    const struct rules *rules = &head->rules;
    order->keys = memory_alloc(head->m, sizeof *order->keys, error);
    if (!order->keys)
        return false;
    for (size_t j = 0; j < head->m; j++) {
        if (!matrix_allows(&rules->key_mask, rules->mask_true_blocks, 0, j) ||
            (!by_query(&rules->mask) && !matrix_allows(&rules->mask, rules->mask_true_blocks, 0, j)) ||
            (!by_query(&head->bias) && !bias_allows(&head->bias, 0, j)))
            continue;
        order->keys[order->count++] =
            (struct open_key){.segment = rules->key_segment ? rules->key_segment[j] : 0,
                              .phase = phased && rules->dilation > 0 ? j % rules->dilation : 0,
                              .key = j};
    }
    if (rules->key_segment || (phased && rules->dilation > 0))
        qsort(order->keys, order->count, sizeof *order->keys, compare);
    return true;
}

/* Keys before `key`. */
static size_t order_below(const struct order *order, const struct open_key *key)
{
    size_t low = 0, high = order->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&order->keys[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Keys of [from, end) in it. */
static size_t order_count(const struct order *order, int32_t segment, size_t phase, size_t from, size_t end)
{
    const struct open_key first = {segment, phase, from}, last = {segment, phase, end};
    return from < end ? order_below(order, &last) - order_below(order, &first) : 0;
}

/* What is known of a head before its rows are counted. */
struct counting {
    const struct head *head;
    struct head near;        /* the same without global tokens */
    struct order all, close; /* without dilation, with it */
    size_t *globals, global_count;
};

static bool counting_make(struct counting *counting, const struct head *head, struct error *error)
{
    const struct rules *rules = &head->rules;
    *counting = (struct counting){.head = head, .near = *head};
    counting->near.rules.query_global = counting->near.rules.key_global = NULL;
    if (!order_make(&counting->close, head, true, error))
        return false;
    if (!rules->key_global)
        return true;
    counting->globals = memory_alloc(head->m, sizeof *counting->globals, error);
    for (size_t j = 0; counting->globals && j < head->m; j++)
        if (rules->key_global[j])
            counting->globals[counting->global_count++] = j;
    return counting->globals && order_make(&counting->all, head, false, error);
}

static void counting_free(struct counting *counting)
{
    free(counting->all.keys);
    free(counting->close.keys);
    free(counting->globals);
}

/* Keys that query i may look at, global tokens aside. */
static size_t count_near(const struct counting *counting, size_t i)
{
    const struct head *head = &counting->near;
    const struct rules *rules = &head->rules;
    const int32_t segment = rules->query_segment ? rules->query_segment[i] : 0;
    const int64_t position = (int64_t)i + head->offset, d = (int64_t)rules->dilation;
    const size_t phase = d > 0 ? (size_t)((position % d + d) % d) : 0;
    size_t first, end, count = 0;
    mask_reach(head, i, &first, &end);
    if (!rules->block_mask.data || first >= end)
        return order_count(&counting->close, segment, phase, first, end);
    const struct strided *blocks = &rules->block_mask;
    const float *row = blocks->data + (i + head->first) / rules->block * blocks->row;
    for (size_t from = first, to; from < end; from = to) { /* runs of blocks that are alike */
        const bool seen = row[from / rules->block * blocks->column] != 0;
        to = from;
        do
            to = (to / rules->block + 1) * rules->block;
        while (to < end && (row[to / rules->block * blocks->column] != 0) == seen);
        to = to < end ? to : end;
        count += seen ? order_count(&counting->close, segment, phase, from, to) : 0;
    }
    return count;
}

/* Keys that query i may look at, where no mask or bias says it for each. */
static size_t count_row(const struct counting *counting, size_t i)
{
    const struct head *head = counting->head;
    const struct rules *rules = &head->rules;
    if ((by_query(&rules->mask) && !matrix_allows(&rules->mask, rules->mask_true_blocks, i, 0)) ||
        (by_query(&head->bias) && !bias_allows(&head->bias, i, 0)))
        return 0;
    if (rules->key_global && rules->query_global[i]) {
        size_t first, end;
        mask_reach(head, i, &first, &end);
        return order_count(&counting->all, rules->query_segment ? rules->query_segment[i] : 0, 0, first, end);
    }
    size_t count = count_near(counting, i);
    for (size_t g = 0; g < counting->global_count; g++)
        count += mask_allows(head, i, counting->globals[g]) &&
                 !mask_allows(&counting->near, i, counting->globals[g]);
    return count;
}

/* The same where one does. */
static size_t scan_row(const struct head *head, size_t i)
{
    const bool patterned = mask_has_pattern(head), blocks = head->rules.mask_true_blocks;
    size_t first, end, count = 0, step = 64;
    mask_reach(head, i, &first, &end);
    for (size_t from = first, to; from < end; from = to) {
        to = end - from < step ? end : from + step;
        if (patterned && !mask_may_attend(head, i, i + 1, from, to))
            continue;
        for (size_t j = from; j < to; j++)
            count += patterned
                         ? mask_allows(head, i, j)
                         : matrix_allows(&head->rules.mask, blocks, i, j) && bias_allows(&head->bias, i, j);
    }
    return count;
}

bool mask_count(const struct head *head, int threads, size_t *count, struct error *error)
{
#ifndef _OPENMP
    (void)threads;
#endif
    const struct strided *mask = &head->rules.mask, *bias = &head->bias;
    const bool by_pair = (by_query(mask) && mask->column != 0) || (by_query(bias) && bias->column != 0);
    struct counting counting = {0};
    size_t sum = 0;
    bool ok = by_pair || counting_make(&counting, head, error);
#pragma omp parallel for schedule(dynamic, 64) reduction(+ : sum) num_threads(threads) if (head->n * head->m > 100000)
    for (size_t i = 0; i < (ok ? head->n : 0); i++)
        sum += by_pair ? scan_row(head, i) : count_row(&counting, i);
    counting_free(&counting);
    *count = sum;
    return ok;
}
