/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): patterns of masks, which are the rules of
 * attention/head.h that reach does not cover (mask_has_pattern): window beside global tokens, dilation,
 * blocks, segments, the mask of keys. Which lanes of a vector of rows may attend to a key.
 */

/* What the patterns need to know of each row, for all keys of a chunk. */
struct pattern {
    int32_t window_low[BLOCK], window_high[BLOCK]; /* keys [low, high) of the chunk, counted from 0 */
    int32_t phase[BLOCK];                          /* position modulo dilation */
    int32_t block[BLOCK];
    int32_t segment[BLOCK];
    int32_t global[BLOCK]; /* -1 or 0 */
};

static void pattern_make(struct pattern *pattern, const struct head *head, size_t first, size_t count,
                         size_t from, size_t keys)
{
    const struct rules *rules = &head->rules;
    memset(pattern, 0, sizeof *pattern);
    for (size_t i = 0; i < count; i++) {
        const int64_t p = (int64_t)(first + i) + head->offset, begin = (int64_t)from, size = (int64_t)keys;
        int64_t low = rules->left >= 0 ? p - rules->left - begin : 0;
        int64_t high = rules->right >= 0 ? p + rules->right + 1 - begin : size;
        pattern->window_low[i] = (int32_t)(low < 0 ? 0 : low < size ? low : size);
        pattern->window_high[i] = (int32_t)(high < 0 ? 0 : high < size ? high : size);
        if (rules->dilation > 0) {
            int64_t d = (int64_t)rules->dilation;
            pattern->phase[i] = (int32_t)((p % d + d) % d);
        }
        if (rules->block_mask.data)
            pattern->block[i] = (int32_t)((first + i + head->first) / rules->block);
        else if (rules->block > 0)
            pattern->block[i] = (int32_t)mask_block(p, rules->block);
        if (rules->query_segment)
            pattern->segment[i] = rules->query_segment[first + i];
        if (rules->query_global && rules->query_global[first + i])
            pattern->global[i] = -1;
    }
}

/* The lanes from `at` on that the patterns allow to attend to key `from + j`. */
INLINE veci pattern_allows(const struct pattern *pattern, const struct head *head, size_t at, size_t from,
                           size_t j)
{
    const struct rules *rules = &head->rules;
    const size_t key = from + j;
    veci low, high, row, near;
    memcpy(&low, pattern->window_low + at, sizeof low);
    memcpy(&high, pattern->window_high + at, sizeof high);
    near = ((veci){0} + (int32_t)j >= low) & ((veci){0} + (int32_t)j < high);
    if (rules->dilation > 0) {
        memcpy(&row, pattern->phase + at, sizeof row);
        near &= row == (int32_t)(key % rules->dilation);
    }
    if (rules->block > 0) {
        const int32_t block = (int32_t)(key / rules->block);
        const struct strided *blocks = &rules->block_mask;
        memcpy(&row, pattern->block + at, sizeof row);
        if (blocks->data) {
            const float *column = blocks->data + (size_t)block * blocks->column;
            for (size_t l = 0; l < LANES; l++)
                near[l] &= -(column[(size_t)row[l] * blocks->row] != 0);
        } else {
            near &= row == block;
        }
    }
    if (rules->key_global) {
        memcpy(&row, pattern->global + at, sizeof row);
        near |= row | -(int32_t)(rules->key_global[key] != 0);
    }
    if (rules->query_segment) {
        memcpy(&row, pattern->segment + at, sizeof row);
        near &= row == rules->key_segment[key];
    }
    if (!matrix_allows(&rules->key_mask, rules->mask_true_blocks, 0, key))
        near = (veci){0};
    return near;
}
