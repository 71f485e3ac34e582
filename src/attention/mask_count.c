/*
 * How it counts. A mask or bias that has its say on each pair is asked for each pair. Otherwise the keys that
 * are not masked are sorted by (segment, phase of the dilation, key). Of a range of keys, those that a query
 * may attend to then stand side by side, so that counting them takes two binary searches.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "attention/mask.h"
#include "attention/mask_count.h"
#include "base/memory.h"
#include "base/workers.h"

/* A key, behind the numbers in which it must equal a query that may attend to it. */
struct sorted_key {
    int32_t segment;
    size_t phase; /* position modulo dilation */
    size_t key;
};

struct sorted_keys {
    struct sorted_key *keys;
    size_t count;
};

static int sorted_compare(const void *a, const void *b)
{
    const struct sorted_key *x = a, *y = b;
    if (x->segment != y->segment)
        return x->segment < y->segment ? -1 : 1;
    if (x->phase != y->phase)
        return x->phase < y->phase ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

/* Whether a mask or bias is not the same for all queries. */
static bool varies_by_query(const struct strided *matrix)
{
    return matrix->data && matrix->row != 0;
}

/* Sorts the keys that are not masked for all queries; all phases are 0 unless `phased`. */
static bool sorted_make(struct sorted_keys *sorted, const struct head *head, bool phased, struct error *error)
{
    const struct rules *rules = &head->rules;
    sorted->keys = memory_alloc(head->m, sizeof *sorted->keys, error);
    if (!sorted->keys)
        return false;
    for (size_t j = 0; j < head->m; j++) {
        if (!matrix_allows(&rules->key_mask, rules->mask_true_blocks, 0, j) ||
            (!varies_by_query(&rules->mask) && !matrix_allows(&rules->mask, rules->mask_true_blocks, 0, j)) ||
            (!varies_by_query(&head->bias) && !bias_allows(&head->bias, 0, j)))
            continue;
        sorted->keys[sorted->count++] =
            (struct sorted_key){.segment = rules->key_segment ? rules->key_segment[j] : 0,
                                .phase = phased && rules->dilation > 0 ? j % rules->dilation : 0,
                                .key = j};
    }
    if (rules->key_segment || (phased && rules->dilation > 0))
        qsort(sorted->keys, sorted->count, sizeof *sorted->keys, sorted_compare);
    return true;
}

/* How many keys stand before `key`. */
static size_t sorted_below(const struct sorted_keys *sorted, const struct sorted_key *key)
{
    size_t low = 0, high = sorted->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted_compare(&sorted->keys[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many keys of [from, end) have this segment and phase. */
static size_t sorted_count(const struct sorted_keys *sorted, int32_t segment, size_t phase, size_t from,
                           size_t end)
{
    const struct sorted_key first = {segment, phase, from}, last = {segment, phase, end};
    return from < end ? sorted_below(sorted, &last) - sorted_below(sorted, &first) : 0;
}

/* What all rows of a head need. */
struct counting {
    const struct head *head;
    struct head local;                       /* the same without global tokens */
    struct sorted_keys by_phase, by_segment; /* the latter ignores dilation, for global queries */
    size_t *globals, global_count;
};

static bool counting_make(struct counting *counting, const struct head *head, struct error *error)
{
    const struct rules *rules = &head->rules;
    *counting = (struct counting){.head = head, .local = *head};
    counting->local.rules.query_global = counting->local.rules.key_global = NULL;
    if (!sorted_make(&counting->by_phase, head, true, error))
        return false;
    if (!rules->key_global)
        return true;
    counting->globals = memory_alloc(head->m, sizeof *counting->globals, error);
    for (size_t j = 0; counting->globals && j < head->m; j++)
        if (rules->key_global[j])
            counting->globals[counting->global_count++] = j;
    return counting->globals && sorted_make(&counting->by_segment, head, false, error);
}

static void counting_free(struct counting *counting)
{
    free(counting->by_phase.keys);
    free(counting->by_segment.keys);
    free(counting->globals);
}

/* How many keys query i may attend to if there were no global tokens. */
static size_t count_local(const struct counting *counting, size_t i)
{
    const struct head *head = &counting->local;
    const struct rules *rules = &head->rules;
    const int32_t segment = rules->query_segment ? rules->query_segment[i] : 0;
    const int64_t position = (int64_t)i + head->offset, d = (int64_t)rules->dilation;
    const size_t phase = d > 0 ? (size_t)((position % d + d) % d) : 0;
    size_t first, end, count = 0;
    mask_reach(head, i, &first, &end);
    if (!rules->block_mask.data || first >= end)
        return sorted_count(&counting->by_phase, segment, phase, first, end);
    const struct strided *blocks = &rules->block_mask;
    const float *row = blocks->data + (i + head->first) / rules->block * blocks->row;
    for (size_t from = first, to; from < end; from = to) { /* runs of blocks with the same answer */
        const bool attends = row[from / rules->block * blocks->column] != 0;
        to = from;
        do
            to = (to / rules->block + 1) * rules->block;
        while (to < end && (row[to / rules->block * blocks->column] != 0) == attends);
        to = to < end ? to : end;
        count += attends ? sorted_count(&counting->by_phase, segment, phase, from, to) : 0;
    }
    return count;
}

/* How many keys query i may attend to; for masks and biases that do not vary by pair. */
static size_t count_row(const struct counting *counting, size_t i)
{
    const struct head *head = counting->head;
    const struct rules *rules = &head->rules;
    if ((varies_by_query(&rules->mask) && !matrix_allows(&rules->mask, rules->mask_true_blocks, i, 0)) ||
        (varies_by_query(&head->bias) && !bias_allows(&head->bias, i, 0)))
        return 0;
    if (rules->key_global && rules->query_global[i]) {
        size_t first, end;
        mask_reach(head, i, &first, &end);
        return sorted_count(&counting->by_segment, rules->query_segment ? rules->query_segment[i] : 0, 0,
                            first, end);
    }
    size_t count = count_local(counting, i);
    for (size_t g = 0; g < counting->global_count; g++)
        count += mask_allows(head, i, counting->globals[g]) &&
                 !mask_allows(&counting->local, i, counting->globals[g]);
    return count;
}

/* The same for a mask or bias that varies by pair. */
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

/* Rows that a thread counts at once. */
#define COUNT_ROWS ((size_t)64)

/* The sums of all threads. */
struct count_sums {
    const struct head *head;
    const struct counting *counting; /* NULL: by pair */
    atomic_size_t pairs, blind;
};

static void count_work(void *context, int worker, size_t piece)
{
    struct count_sums *sums = context;
    const size_t first = piece * COUNT_ROWS, left = sums->head->n - first;
    size_t pairs = 0, blind = 0;
    (void)worker;
    for (size_t i = first; i < first + (left < COUNT_ROWS ? left : COUNT_ROWS); i++) {
        const size_t keys = sums->counting ? count_row(sums->counting, i) : scan_row(sums->head, i);
        pairs += keys;
        blind += keys == 0;
    }
    atomic_fetch_add(&sums->pairs, pairs);
    atomic_fetch_add(&sums->blind, blind);
}

bool mask_count(const struct head *head, int threads, size_t *count, size_t *blind_rows, struct error *error)
{
    const struct strided *mask = &head->rules.mask, *bias = &head->bias;
    const bool by_pair =
        (varies_by_query(mask) && mask->column != 0) || (varies_by_query(bias) && bias->column != 0);
    struct counting counting = {0};
    struct count_sums sums = {.head = head, .counting = by_pair ? NULL : &counting};
    bool ok = by_pair || counting_make(&counting, head, error);
    if (ok)
        workers_run_on(head->n * head->m > 100000 ? threads : 1, size_divide_up(head->n, COUNT_ROWS),
                       count_work, &sums);
    counting_free(&counting);
    *count = sums.pairs;
    if (blind_rows)
        *blind_rows = sums.blind;
    return ok;
}
