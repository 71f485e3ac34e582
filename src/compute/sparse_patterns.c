#include "compute/sparse_patterns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/mask.h"
#include "base/memory.h"
#include "engine/weights.h"

enum { SHARES = 8 }; /* of the budget, that columns may have */

/* A column, diagonal or block: its pairs and what they hold. */
struct sparse_line {
    double weight;
    size_t pairs, number;
};

struct sparse {
    const struct sparse_head *head;
    unsigned char *open; /* n×m: pairs that count */
    size_t pairs, budget;
    double weight; /* of all of them */
    struct sparse_line *columns, *diagonals, *blocks;
    size_t diagonal_count, block_columns, block_count;
    unsigned char *taken;    /* columns */
    double *distance_weight; /* of pairs so far apart */
    size_t *distance_pairs;  /* n + m of each */
    double *counts;          /* of rows */
    int64_t *room;           /* m */
};

static const float *sparse_row(const struct sparse *s, size_t i)
{
    return s->head->weights.data + i * s->head->weights.row;
}

/* Whether a row is a distribution; its largest weight. */
static bool row_is_whole(const struct sparse *s, size_t i, float *largest)
{
    const float *row = sparse_row(s, i);
    *largest = 0;
    for (size_t j = 0; j < s->head->m; j++) {
        if (!(row[j] >= 0) || !isfinite(row[j]))
            return false;
        *largest = row[j] > *largest ? row[j] : *largest;
    }
    return *largest > 0;
}

static void open_pairs(struct sparse *s)
{
    const size_t m = s->head->m;
    float largest;
    for (size_t i = 0; i < s->head->n; i++) {
        if (!row_is_whole(s, i, &largest))
            continue;
        const float *row = sparse_row(s, i);
        for (size_t j = 0; j < m; j++) {
            const bool is_open = mask_allows(s->head->rules, i, j);
            s->open[i * m + j] = is_open;
            s->pairs += is_open;
            s->weight += is_open ? (double)row[j] : 0;
        }
    }
    s->budget = (size_t)(s->head->budget * (double)s->pairs);
    s->budget = s->budget > 0 ? s->budget : 1;
}

/* Calls add(s, i, j, weight) for each pair that counts. */
static void each_pair(struct sparse *s, void (*add)(struct sparse *s, size_t i, size_t j, double weight))
{
    const size_t m = s->head->m;
    for (size_t i = 0; i < s->head->n; i++) {
        const float *row = sparse_row(s, i);
        for (size_t j = 0; j < m; j++)
            if (s->open[i * m + j])
                add(s, i, j, (double)row[j]);
    }
}

static void line_add(struct sparse_line *line, double weight)
{
    line->weight += weight;
    line->pairs++;
}

/* The diagonal that a pair lies on: key − query, from the least on. */
static size_t diagonal_of(const struct sparse *s, size_t i, size_t j)
{
    return j + s->head->n - 1 - i;
}

static void count_column(struct sparse *s, size_t i, size_t j, double weight)
{
    (void)i;
    line_add(&s->columns[j], weight);
}

static void count_diagonal(struct sparse *s, size_t i, size_t j, double weight)
{
    if (!s->taken[j])
        line_add(&s->diagonals[diagonal_of(s, i, j)], weight);
}

static void count_block(struct sparse *s, size_t i, size_t j, double weight)
{
    line_add(&s->blocks[i / s->head->block * s->block_columns + j / s->head->block], weight);
}

static void count_distance(struct sparse *s, size_t i, size_t j, double weight)
{
    const int64_t apart = (int64_t)i + s->head->offset - (int64_t)j;
    const size_t distance = (size_t)(apart < 0 ? -apart : apart), most = s->head->n + s->head->m - 1;
    if (s->taken[j])
        return;
    s->distance_weight[distance < most ? distance : most] += weight;
    s->distance_pairs[distance < most ? distance : most]++;
}

/* The most weight a pair first. */
static int compare_density(const void *a, const void *b)
{
    const struct sparse_line *left = a, *right = b;
    const double x = left->pairs > 0 ? left->weight / (double)left->pairs : 0,
                 y = right->pairs > 0 ? right->weight / (double)right->pairs : 0;
    if (x != y)
        return x > y ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

static void number_lines(struct sparse_line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        lines[i] = (struct sparse_line){.number = i};
}

/* Takes lines in their order while they fit; what they hold. `taken`, or NULL, says which. */
static double take_lines(const struct sparse_line *lines, size_t count, size_t *left, unsigned char *taken)
{
    double weight = 0;
    for (size_t i = 0; i < count; i++) {
        if (lines[i].pairs == 0 || lines[i].pairs > *left)
            continue;
        *left -= lines[i].pairs;
        weight += lines[i].weight;
        if (taken)
            taken[lines[i].number] = 1;
    }
    return weight;
}

static double find_vertical_slash(struct sparse *s)
{
    const size_t m = s->head->m;
    double most = 0;
    number_lines(s->columns, m);
    each_pair(s, count_column);
    qsort(s->columns, m, sizeof *s->columns, compare_density);
    for (size_t share = 0; share <= SHARES; share++) {
        const size_t part = s->budget / SHARES * share + s->budget % SHARES * share / SHARES;
        size_t left = part;
        memset(s->taken, 0, m);
        double weight = take_lines(s->columns, m, &left, s->taken);
        left += s->budget - part;
        number_lines(s->diagonals, s->diagonal_count);
        each_pair(s, count_diagonal);
        qsort(s->diagonals, s->diagonal_count, sizeof *s->diagonals, compare_density);
        weight += take_lines(s->diagonals, s->diagonal_count, &left, NULL);
        most = weight > most ? weight : most;
    }
    return most / s->weight;
}

static double find_blocks(struct sparse *s)
{
    size_t left = s->budget;
    number_lines(s->blocks, s->block_count);
    each_pair(s, count_block);
    qsort(s->blocks, s->block_count, sizeof *s->blocks, compare_density);
    return take_lines(s->blocks, s->block_count, &left, NULL) / s->weight;
}

/* What the first `first` keys and a window hold; -1: the keys alone do not fit. */
static double a_shape_of(struct sparse *s, size_t first)
{
    const size_t m = s->head->m, distances = s->head->n + m;
    double weight = 0;
    size_t left = s->budget;
    for (size_t j = 0; j < first; j++) { /* columns are by number: before they are sorted */
        if (s->columns[j].pairs > left)
            return -1;
        left -= s->columns[j].pairs;
        weight += s->columns[j].weight;
        s->taken[j] = 1;
    }
    memset(s->distance_weight, 0, distances * sizeof *s->distance_weight);
    memset(s->distance_pairs, 0, distances * sizeof *s->distance_pairs);
    each_pair(s, count_distance);
    for (size_t d = 0; d < distances && s->distance_pairs[d] <= left; d++) {
        left -= s->distance_pairs[d];
        weight += s->distance_weight[d];
    }
    return weight;
}

static double find_a_shape(struct sparse *s)
{
    const size_t m = s->head->m;
    double most = 0;
    number_lines(s->columns, m);
    each_pair(s, count_column);
    for (size_t first = 0; first <= m; first = first == 0 ? 1 : first < m && 2 * first > m ? m : 2 * first) {
        memset(s->taken, 0, m);
        const double weight = a_shape_of(s, first);
        if (weight < 0)
            break;
        most = weight > most ? weight : most;
    }
    return most / s->weight;
}

static int compare_counts(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* The median over the rows of how many keys make a share of them. Rows of numbers that are no weights of a model are none: steps of
 * 2⁻⁴⁰ do not hold them (attention/heaviest.h). */
static double needed_keys(struct sparse *s, double share)
{
    size_t rows = 0;
    float largest;
    struct heaviest_guess guess = {0};
    for (size_t i = 0; i < s->head->n; i++)
        if (row_is_whole(s, i, &largest) && (double)largest * (double)s->head->m < 0x1p22)
            s->counts[rows++] =
                (double)weights_heaviest(sparse_row(s, i), s->head->m, largest, share, s->room, &guess);
    if (rows == 0)
        return (double)NAN;
    qsort(s->counts, rows, sizeof *s->counts, compare_counts);
    return (s->counts[(rows - 1) / 2] + s->counts[rows / 2]) / 2;
}

static bool sparse_make(struct sparse *s, const struct sparse_head *head, struct error *error)
{
    const size_t n = head->n, m = head->m;
    size_t pairs;
    if (!size_multiply(n, m, &pairs))
        return error_memory(error, SIZE_MAX);
    s->head = head;
    s->diagonal_count = n + m - 1;
    s->block_columns = (m - 1) / head->block + 1;
    s->block_count = ((n - 1) / head->block + 1) * s->block_columns;
    s->open = memory_zeroed(pairs, 1, error);
    s->columns = memory_alloc(m, sizeof *s->columns, error);
    s->diagonals = memory_alloc(s->diagonal_count, sizeof *s->diagonals, error);
    s->blocks = memory_alloc(s->block_count, sizeof *s->blocks, error);
    s->taken = memory_alloc(m, 1, error);
    s->distance_weight = memory_alloc(n + m, sizeof *s->distance_weight, error);
    s->distance_pairs = memory_alloc(n + m, sizeof *s->distance_pairs, error);
    s->counts = memory_alloc(n, sizeof *s->counts, error);
    s->room = memory_alloc(m, sizeof *s->room, error);
    return s->open && s->columns && s->diagonals && s->blocks && s->taken && s->distance_weight &&
           s->distance_pairs && s->counts && s->room;
}

static void sparse_free(struct sparse *s)
{
    free(s->open);
    free(s->columns);
    free(s->diagonals);
    free(s->blocks);
    free(s->taken);
    free(s->distance_weight);
    free(s->distance_pairs);
    free(s->counts);
    free(s->room);
}

bool sparse_measure(const struct sparse_head *head, struct sparse_recalls *recalls, struct error *error)
{
    struct sparse s = {0};
    const bool ok = sparse_make(&s, head, error);
    *recalls = (struct sparse_recalls){NAN, NAN, NAN, NAN, NAN};
    if (ok) {
        open_pairs(&s);
        recalls->keys_90 = needed_keys(&s, 0.9);
        recalls->keys_95 = needed_keys(&s, 0.95);
    }
    if (ok && s.weight > 0) {
        recalls->a_shape = find_a_shape(&s);
        recalls->vertical_slash = find_vertical_slash(&s);
        recalls->blocks = find_blocks(&s);
    }
    sparse_free(&s);
    return ok;
}
