#include "compute/masks.h"

#include <stdlib.h>
#include <string.h>

#include "attention/mask.h"
#include "attention/mask_count.h"
#include "base/memory.h"
#include "base/workers.h"
#include "problem/problem_head.h"

bool masks_make(struct masks *masks, const struct problem *problem, const struct pair_cells *cells,
                bool are_kept, struct error *error)
{
    *masks = (struct masks){.problem = problem,
                            .are_kept = are_kept,
                            .cells = *cells,
                            .row_bytes = size_divide_up(cells->columns, 8)};
    size_t heads;
    if (!size_multiply(problem->layer_count, problem->heads, &heads))
        return error_memory(error, SIZE_MAX);
    masks->slots = 2;
    while (masks->slots / 2 < heads && masks->slots < SIZE_MAX / 2)
        masks->slots *= 2;
    masks->index = memory_zeroed(heads, sizeof *masks->index, error);
    masks->slot = masks->index ? memory_zeroed(masks->slots, sizeof *masks->slot, error) : NULL;
    return masks->slot != NULL;
}

/* Clears bits [first, end) of a row. */
static void bits_clear(uint8_t *bits, size_t first, size_t end)
{
    for (; first < end && first % 8 != 0; first++)
        bits[first / 8] &= (uint8_t) ~(1u << first % 8);
    if (first < end)
        memset(bits + first / 8, 0, (end - first) / 8);
    for (first += first < end ? (end - first) / 8 * 8 : 0; first < end; first++)
        bits[first / 8] &= (uint8_t) ~(1u << first % 8);
}

/* Clears the bits of a row of cells that hold a key which query i may attend to. */
static void mask_row_clear(const struct pair_cells *cells, const struct head *head, size_t i, uint8_t *bits)
{
    size_t first, end, step = cells->key_step, begin = cells->key_first, last = begin + cells->key_count;
    mask_reach(head, i, &first, &end);
    first = first < begin ? begin : first;
    end = end > last ? last : end;
    if (first >= end)
        return;
    if (!head->rules.mask.data && !head->bias.data && !mask_has_pattern(head)) {
        bits_clear(bits, (first - begin) / step, size_divide_up(end - begin, step));
        return;
    }
    for (size_t j = first, to; j < end; j = to) {
        size_t cell = (j - begin) / step;
        const uint8_t bit = (uint8_t)(1u << cell % 8);
        to = begin + (cell + 1) * step < end ? begin + (cell + 1) * step : end;
        if (!(bits[cell / 8] & bit) || (step > 1 && !mask_may_attend(head, i, i + 1, j, to)))
            continue;
        for (; j < to && !mask_allows(head, i, j); j++)
            ;
        if (j < to)
            bits[cell / 8] &= (uint8_t)~bit;
    }
}

/* The bits of one row of cells. Those beyond the last column are 0, so that masks can be compared. */
static void mask_row_make(const struct pair_cells *cells, const struct head *head, size_t row, uint8_t *bits)
{
    const size_t bytes = size_divide_up(cells->columns, 8), first = row * cells->query_step,
                 left = cells->query_count - first;
    memset(bits, 0xFF, bytes);
    bits_clear(bits, cells->columns, bytes * 8);
    for (size_t i = 0; i < cells->query_step && i < left; i++)
        mask_row_clear(cells, head, cells->query_first + first + i, bits);
}

struct bits_rows {
    const struct masks *masks;
    const struct head *head;
    uint8_t *bits;
};

static void bits_work(void *context, int worker, size_t row)
{
    const struct bits_rows *rows = context;
    (void)worker;
    mask_row_make(&rows->masks->cells, rows->head, row, rows->bits + row * rows->masks->row_bytes);
}

/* The bits of a mask, or NULL where none is set. */
static bool mask_bits_make(const struct masks *masks, const struct head *head, int threads, uint8_t **made,
                           struct error *error)
{
    const struct pair_cells *cells = &masks->cells;
    size_t count;
    *made = NULL;
    if (!mask_is_any(head))
        return true;
    if (!size_multiply(cells->rows, masks->row_bytes, &count))
        return error_memory(error, SIZE_MAX);
    uint8_t *bits = memory_alloc(count, 1, error);
    if (!bits)
        return false;
    workers_run_on(count < 10000 ? 1 : threads, cells->rows, bits_work,
                   &(struct bits_rows){masks, head, bits});
    /* All bytes are that one before them, and the first is 0. */
    if (bits[0] == 0 && memcmp(bits, bits + 1, count - 1) == 0) {
        free(bits);
        bits = NULL;
    }
    *made = bits;
    return true;
}

/* Whether two heads of a layer have one mask. */
static bool heads_share_mask(const struct head *a, const struct head *b)
{
    return a->rules.left == b->rules.left && a->rules.right == b->rules.right &&
           a->bias.data == b->bias.data && a->rules.mask.data == b->rules.mask.data &&
           a->rules.block_mask.data == b->rules.block_mask.data;
}

/* A number that masks which are alike have in common. */
static uint64_t mask_hash(const struct mask *mask, size_t bytes)
{
    const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = mask->allowed * factor;
    for (size_t at = 0, piece; mask->bits && at < bytes; at += piece) {
        uint64_t word = 0;
        piece = bytes - at < sizeof word ? bytes - at : sizeof word;
        memcpy(&word, mask->bits + at, piece);
        hash = (hash ^ hash >> 32 ^ word) * factor;
    }
    return hash ^ hash >> 32;
}

/* The slot of a mask like this one, as of another layer, or the free slot for it: no head looks at all masks before
 * it, of which there may be as many as heads. */
static size_t *masks_slot(const struct masks *masks, const struct mask *mask)
{
    const size_t bytes = masks->cells.rows * masks->row_bytes;
    size_t at = (size_t)mask_hash(mask, bytes) & (masks->slots - 1);
    for (; masks->slot[at] > 0; at = (at + 1) & (masks->slots - 1)) {
        const struct mask *other = &masks->list[masks->slot[at] - 1];
        if (other->allowed == mask->allowed && other->blind_rows == mask->blind_rows &&
            !other->bits == !mask->bits && (!mask->bits || memcmp(other->bits, mask->bits, bytes) == 0))
            break;
    }
    return &masks->slot[at];
}

/* Finds or adds the mask of a head. */
static bool masks_add_head(struct masks *masks, const struct head *head, size_t *at, int threads,
                           struct error *error)
{
    struct mask mask = {0};
    if (!mask_count(head, threads, &mask.allowed, &mask.blind_rows, error) ||
        (masks->are_kept && !mask_bits_make(masks, head, threads, &mask.bits, error)))
        return false;
    size_t *slot = masks_slot(masks, &mask);
    if (*slot > 0) {
        *at = *slot - 1;
        free(mask.bits);
        return true;
    }
    if (!memory_resize(&masks->list, masks->count + 1, sizeof *masks->list, error)) {
        free(mask.bits);
        return false;
    }
    *at = masks->count;
    masks->list[masks->count++] = mask;
    *slot = masks->count;
    return true;
}

bool masks_add(struct masks *masks, size_t layer, const bool *heads, int threads, struct error *error)
{
    const struct problem *problem = masks->problem;
    size_t *index = masks->index + layer * problem->heads;
    const size_t *last = NULL; /* that of the head before */
    struct head head, before;
    for (size_t h = 0; h < problem->heads; h++) {
        if (heads && !heads[h])
            continue;
        problem_head(problem, layer, h, &head);
        if (last && heads_share_mask(&head, &before))
            index[h] = *last;
        else if (!masks_add_head(masks, &head, &index[h], threads, error))
            return false;
        last = &index[h];
        before = head;
    }
    return true;
}

const struct mask *masks_head(const struct masks *masks, size_t layer, size_t head)
{
    return &masks->list[masks->index[layer * masks->problem->heads + head]];
}

/* Eight bits as eight bytes in their order, each 1 or 0. */
static uint64_t spread_bits(uint8_t bits)
{
    const uint64_t all = bits * UINT64_C(0x0101010101010101);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t each = all & UINT64_C(0x8040201008040201);
#else
    const uint64_t each = all & UINT64_C(0x0102040810204080);
#endif
    return ((each + UINT64_C(0x7f7f7f7f7f7f7f7f)) | each) >> 7 & UINT64_C(0x0101010101010101);
}

bool masks_row(const struct masks *masks, const uint8_t *bits, size_t row, size_t column, size_t count,
               unsigned char *flags)
{
    unsigned char any = 0;
    uint64_t any_eight = 0;
    size_t j = 0;
    for (; j < count && (column + j) % 8 != 0; j++)
        any |= flags[j] = masks_bit(masks, bits, row, column + j);
    const uint8_t *whole = bits + row * masks->row_bytes + (column + j) / 8;
    for (; j + 8 <= count; j += 8) {
        const uint64_t eight = spread_bits(*whole++);
        memcpy(flags + j, &eight, sizeof eight);
        any_eight |= eight;
    }
    for (; j < count; j++)
        any |= flags[j] = masks_bit(masks, bits, row, column + j);
    return any || any_eight;
}

void masks_free(struct masks *masks)
{
    for (size_t i = 0; i < masks->count; i++)
        free(masks->list[i].bits);
    free(masks->list);
    free(masks->slot);
    free(masks->index);
    *masks = (struct masks){0};
}
