#include "attention/mask.h"

#include <string.h>

static int64_t query_position(const struct head *head, size_t i)
{
    return (int64_t)i + head->offset;
}

/* The keys of the window of query i: *low to *high, which may lie beyond the ends. */
static void window_range(const struct head *head, size_t i, int64_t *low, int64_t *high)
{
    const struct rules *rules = &head->rules;
    *low = rules->left >= 0 ? query_position(head, i) - rules->left : 0;
    *high = rules->right >= 0 ? query_position(head, i) + rules->right : (int64_t)head->m - 1;
}

/* Whether the rule of blocks is a range of keys for each query, and so is part of its reach. */
static bool block_is_reach(const struct rules *rules)
{
    return rules->block > 0 && !rules->block_mask.data && !rules->key_global;
}

void mask_reach(const struct head *head, size_t i, size_t *first, size_t *end)
{
    const struct rules *rules = &head->rules;
    int64_t low = 0, high = (int64_t)head->m - 1;
    if (!rules->key_global)
        window_range(head, i, &low, &high);
    if (block_is_reach(rules)) {
        int64_t size = (int64_t)rules->block,
                begin = mask_block(query_position(head, i), rules->block) * size;
        low = low < begin ? begin : low;
        high = high > begin + size - 1 ? begin + size - 1 : high;
    }
    if (rules->causal) {
        int64_t last = query_position(head, i);
        if (rules->prefix > 0 && last < (int64_t)rules->prefix - 1)
            last = (int64_t)rules->prefix - 1;
        if (high > last)
            high = last;
    }
    if (rules->is_padded && high > (int64_t)rules->key_length - 1)
        high = (int64_t)rules->key_length - 1;
    if (low < 0)
        low = 0;
    if (high > (int64_t)head->m - 1)
        high = (int64_t)head->m - 1;
    *first = low <= high ? (size_t)low : 0;
    *end = low <= high ? (size_t)high + 1 : 0;
}

/* Whether window, dilation and block allow a pair. */
static bool near_allows(const struct head *head, size_t i, size_t j)
{
    const struct rules *rules = &head->rules;
    int64_t low, high;
    window_range(head, i, &low, &high);
    if ((int64_t)j < low || (int64_t)j > high)
        return false;
    if (rules->dilation > 0 && (query_position(head, i) - (int64_t)j) % (int64_t)rules->dilation != 0)
        return false;
    const struct strided *blocks = &rules->block_mask;
    if (blocks->data)
        return blocks->data[(i + head->first) / rules->block * blocks->row +
                            j / rules->block * blocks->column] != 0;
    return rules->block == 0 ||
           mask_block(query_position(head, i), rules->block) == (int64_t)(j / rules->block);
}

static bool key_allowed(const struct rules *rules, size_t key)
{
    return matrix_allows(&rules->key_mask, rules->mask_true_blocks, 0, key);
}

bool mask_allows(const struct head *head, size_t i, size_t j)
{
    const struct rules *rules = &head->rules;
    size_t first, end;
    mask_reach(head, i, &first, &end);
    if (j < first || j >= end)
        return false;
    if (rules->query_segment && rules->query_segment[i] != rules->key_segment[j])
        return false;
    bool global = rules->key_global && (rules->query_global[i] || rules->key_global[j]);
    if (!global && !near_allows(head, i, j))
        return false;
    return key_allowed(rules, j) && matrix_allows(&rules->mask, rules->mask_true_blocks, i, j) &&
           bias_allows(&head->bias, i, j);
}

size_t mask_keys(const struct head *head, size_t i, size_t *keys)
{
    const bool masked = mask_is_any(head);
    size_t first, end, count = 0;
    mask_reach(head, i, &first, &end);
    for (size_t j = first; j < end; j++)
        if (!masked || mask_allows(head, i, j))
            keys[count++] = j;
    return count;
}

int64_t mask_distance(const struct head *head, size_t i)
{
    const int64_t position = query_position(head, i);
    size_t first, end;
    mask_reach(head, i, &first, &end);
    if (first >= end)
        return 0;
    /* outwards from the key of the reach that is nearest */
    const int64_t low = (int64_t)first, high = (int64_t)end - 1;
    const int64_t begin = position < low ? low : position > high ? high : position;
    for (int64_t step = 0; begin - step >= low || begin + step <= high; step++) {
        const bool before = begin - step >= low && mask_allows(head, i, (size_t)(begin - step));
        if (before || (begin + step <= high && mask_allows(head, i, (size_t)(begin + step))))
            return (position < begin ? begin - position : position - begin) + step;
    }
    return 0;
}

bool mask_has_pattern(const struct head *head)
{
    const struct rules *rules = &head->rules;
    return rules->dilation > 0 || (rules->block > 0 && !block_is_reach(rules)) || rules->key_global ||
           rules->query_segment || rules->key_mask.data;
}

bool mask_is_any(const struct head *head)
{
    const struct rules *rules = &head->rules;
    return rules->causal || rules->left >= 0 || rules->right >= 0 || rules->is_padded || rules->block > 0 ||
           rules->mask.data || head->bias.data || mask_has_pattern(head);
}

bool mask_has_exceptions(const struct head *head)
{
    return head->rules.prefix > 0 || head->rules.key_global;
}

bool mask_is_band(const struct head *head)
{
    struct head rest = *head;
    rest.rules.causal = false;
    rest.rules.left = rest.rules.right = -1;
    return !mask_is_any(&rest) && !mask_has_exceptions(head);
}

static bool flags_any(const uint8_t *flags, size_t from, size_t to)
{
    return memchr(flags + from, 1, to - from);
}

/* Whether the ranges of segment numbers of the queries and of the keys overlap. */
static bool segments_meet(const struct rules *rules, size_t first, size_t end, size_t from, size_t to)
{
    int32_t low = rules->query_segment[first], high = low, key_low = rules->key_segment[from],
            key_high = key_low;
    for (size_t i = first; i < end; i++) {
        low = rules->query_segment[i] < low ? rules->query_segment[i] : low;
        high = rules->query_segment[i] > high ? rules->query_segment[i] : high;
    }
    for (size_t j = from; j < to; j++) {
        key_low = rules->key_segment[j] < key_low ? rules->key_segment[j] : key_low;
        key_high = rules->key_segment[j] > key_high ? rules->key_segment[j] : key_high;
    }
    return low <= key_high && key_low <= high;
}

/* Whether some block of the queries may attend to some block of the keys. */
static bool blocks_meet(const struct head *head, size_t first, size_t end, size_t from, size_t to)
{
    const struct rules *rules = &head->rules;
    const struct strided *blocks = &rules->block_mask;
    size_t block = rules->block;
    if (!blocks->data)
        return mask_block(query_position(head, first), block) <= (int64_t)((to - 1) / block) &&
               (int64_t)(from / block) <= mask_block(query_position(head, end - 1), block);
    for (size_t a = (first + head->first) / block; a <= (end - 1 + head->first) / block; a++)
        for (size_t b = from / block; b <= (to - 1) / block; b++)
            if (blocks->data[a * blocks->row + b * blocks->column] != 0)
                return true;
    return false;
}

/* Whether some whole number from low to high is a multiple of `step`. */
static bool has_multiple(int64_t low, int64_t high, size_t step)
{
    return mask_block(high, step) * (int64_t)step >= low;
}

/* Whether the mask of keys and the mask allow any pair. Mostly the first one tried is allowed. */
static bool masks_allow_some(const struct rules *rules, size_t first, size_t end, size_t from, size_t to)
{
    const struct strided *mask = &rules->mask;
    while (from < to && !key_allowed(rules, from))
        from++;
    if (from == to || !mask->data)
        return from < to;
    for (size_t i = first; i < end; i++) {
        for (size_t j = from; j < to; j++)
            if (matrix_allows(mask, rules->mask_true_blocks, i, j))
                return true;
        if (mask->row == 0)
            return false; /* all rows are the same */
    }
    return false;
}

bool mask_may_attend(const struct head *head, size_t first, size_t end, size_t from, size_t to)
{
    const struct rules *rules = &head->rules;
    if (first >= end || from >= to || !masks_allow_some(rules, first, end, from, to))
        return false;
    if (rules->query_segment && !segments_meet(rules, first, end, from, to))
        return false;
    if (rules->key_global &&
        (flags_any(rules->query_global, first, end) || flags_any(rules->key_global, from, to)))
        return true;
    int64_t low, high, unused;
    window_range(head, first, &low, &unused);
    window_range(head, end - 1, &unused, &high);
    if ((int64_t)to <= low || (int64_t)from > high)
        return false;
    if (rules->dilation > 0 && !has_multiple(query_position(head, first) - (int64_t)to + 1,
                                             query_position(head, end - 1) - (int64_t)from, rules->dilation))
        return false;
    return rules->block == 0 || blocks_meet(head, first, end, from, to);
}

/* Whether all numbers of a list are the same one. */
static bool is_one_segment(const int32_t *segments, size_t from, size_t to, int32_t segment)
{
    while (from < to && segments[from] == segment)
        from++;
    return from == to;
}

bool mask_is_open(const struct head *head, size_t first, size_t end, size_t from, size_t to)
{
    const struct rules *rules = &head->rules;
    int64_t low, high, unused;
    if (rules->mask.data || rules->block_mask.data || rules->dilation > 1)
        return false;
    window_range(head, end - 1, &low, &unused);
    window_range(head, first, &unused, &high);
    if ((int64_t)from < low || (int64_t)to - 1 > high)
        return false;
    if (rules->block > 0) {
        const int64_t block = mask_block(query_position(head, first), rules->block);
        if (mask_block(query_position(head, end - 1), rules->block) != block ||
            mask_block((int64_t)from, rules->block) != block ||
            mask_block((int64_t)to - 1, rules->block) != block)
            return false;
    }
    if (rules->query_segment) {
        const int32_t segment = rules->query_segment[first];
        if (!is_one_segment(rules->query_segment, first, end, segment) ||
            !is_one_segment(rules->key_segment, from, to, segment))
            return false;
    }
    while (rules->key_mask.data && from < to && key_allowed(rules, from))
        from++;
    return !rules->key_mask.data || from == to;
}

/* Whether mask_narrow keeps a key: it is not masked and, if `windowed`, in the window or global. */
static bool narrow_keeps(const struct rules *rules, size_t key, bool windowed, int64_t low, int64_t high)
{
    return key_allowed(rules, key) &&
           (!windowed || rules->key_global[key] || ((int64_t)key >= low && (int64_t)key <= high));
}

void mask_narrow(const struct head *head, size_t first, size_t end, size_t *from, size_t *to)
{
    const struct rules *rules = &head->rules;
    const bool windowed = rules->key_global && !flags_any(rules->query_global, first, end);
    int64_t low, high, unused;
    window_range(head, first, &low, &unused);
    window_range(head, end - 1, &unused, &high);
    while (*from < *to && !narrow_keeps(rules, *from, windowed, low, high))
        ++*from;
    while (*from < *to && !narrow_keeps(rules, *to - 1, windowed, low, high))
        --*to;
}
