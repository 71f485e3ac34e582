/*
 * A template, part of engine/kernel_tmpl.h (whose macros it uses): pass 2, from the raw scores of a chunk to
 * what softmax takes. Scale and softcap, if exp cannot apply them, bias, mask, reach. Only chunks that need
 * it go through it. A masked score is not added to but replaced, by -infinity, whatever it was.
 */

/* Sets the lanes of `distance`, which begin at lane `at`, for rows away from their keys. `position` is that
 * of the first lane, among the keys. */
static vec distance_nearer(vec distance, const struct reach *reach, double slope, size_t at, int64_t position,
                           size_t key)
{
    for (size_t l = 0; l < LANES; l++)
        if (reach->away[at + l] > 0) {
            const int64_t behind = position + (int64_t)l - (int64_t)key;
            distance[l] = (float)(-slope * (double)((behind < 0 ? -behind : behind) - reach->away[at + l]));
        }
    return distance;
}

/* Packs rows first.. and columns from.. of a matrix of pairs as to[key][row]. */
static void pairs_pack(float *to, const struct strided *pairs, size_t first, size_t count, size_t from,
                       size_t keys)
{
    const float *data = pairs->data + first * pairs->row + from * pairs->column;
    if (pairs->column == 1) {
        block_pack(to, data, pairs->row, count, keys);
        return;
    }
    for (size_t j = 0; j < keys; j++)
        for (size_t i = 0; i < BLOCK; i++)
            to[j * BLOCK + i] = i < count ? data[i * pairs->row + j * pairs->column] : 0;
}

/* The place of a key in the chunk of `keys` keys that begins at `from`, or the nearest end of the chunk. */
INLINE int32_t place_in_chunk(size_t key, size_t from, size_t keys)
{
    return key <= from ? 0 : key - from < keys ? (int32_t)(key - from) : (int32_t)keys;
}

/* Pass 2 for one vector of rows where scores are as softmax takes them, and `low` and `high` say for each row which of the
 * strip's keys it attends to: only keys at the ends are not every row's. */
static void reach_apply(const struct workspace *space, const struct strip *strip, size_t at,
                        const int32_t *low, const int32_t *high, float *largest, int32_t *attends)
{
    veci first_key, end_key, any = {0};
    vec top = vec_all(-INFINITY);
    int32_t every_first = low[at], every_end = high[at];
    for (size_t l = at; l < at + LANES; l++) {
        every_first = low[l] > every_first ? low[l] : every_first;
        every_end = high[l] < every_end ? high[l] : every_end;
    }
    memcpy(&first_key, low + at, sizeof first_key);
    memcpy(&end_key, high + at, sizeof end_key);
    for (int32_t j = (int32_t)strip->from; j < (int32_t)strip->end; j++) {
        float *place = space->scores + (size_t)j * BLOCK + at;
        vec s = vec_load(place);
        if (j < every_first || j >= every_end) {
            const veci key = (veci){0} + j, allowed = (key >= first_key) & (key < end_key);
            s = vec_choose(allowed, s, vec_all(-INFINITY));
            vec_store(place, s);
        }
        top = VEC_MAX(s, top);
    }
    vec_store(largest + at, top);
    memcpy(&any, attends + at, sizeof any);
    any |= first_key < end_key;
    memcpy(attends + at, &any, sizeof any);
}

/*
 * Turns scores[keys][..] of the chunk from key `from` on into what softmax takes. rows->chunk_max becomes the largest of
 * each row, and rows->attends -1 for rows with a pair that is allowed.
 */
static void rules_apply(const struct plan *plan, const struct workspace *space, const struct reach *reach,
                        struct rows *rows, size_t from, size_t keys)
{
    const struct head *head = plan->job->head;
    const size_t first = rows->first, count = rows->count;
    float *mask = space->mask, *bias = space->bias;
    const bool patterned = mask_has_pattern(head);
    struct pattern pattern;
    if (plan->scale_in_exp && strips_are_open(rows)) {
        memset(rows->attends, 0xff, sizeof rows->attends);
        return;
    }
    if (patterned)
        pattern_make(&pattern, head, first, count, from, keys);
    if (head->rules.mask.data)
        pairs_pack(mask, &head->rules.mask, first, count, from, keys);
    if (head->bias.data)
        pairs_pack(bias, &head->bias, first, count, from, keys);

    _Alignas(64) int32_t low[BLOCK], high[BLOCK];
    for (size_t i = 0; i < BLOCK; i++) {
        low[i] = place_in_chunk(reach->first[i], from, keys);
        high[i] = place_in_chunk(reach->end[i], from, keys);
    }
    const veci inverted = (veci){0} - (head->rules.mask_true_blocks ? 1 : 0);
    const struct exponent twice = exponent_make(2 * M_LOG2E);
    const float scale = (float)head->scale, cap = (float)head->softcap;

    for (size_t at = 0; at < rows->lanes; at += LANES) {
        const struct strip *strip = strip_at(rows, at);
        if (strip->is_open && plan->scale_in_exp) {
            memset(rows->attends + at, 0xff, LANES * sizeof *rows->attends);
            continue;
        }
        if (plan->scale_in_exp && !plan->has_holes) {
            reach_apply(space, strip, at, low, high, rows->chunk_max, rows->attends);
            continue;
        }
        veci first_key, end_key, any;
        memcpy(&first_key, low + at, sizeof first_key);
        memcpy(&end_key, high + at, sizeof end_key);
        memcpy(&any, rows->attends + at, sizeof any);
        vec top = vec_all(-INFINITY);

        for (size_t j = strip->from; j < strip->end; j++) {
            float *place = space->scores + j * BLOCK + at;
            vec s = vec_load(place);
            const veci key = (veci){0} + (int32_t)j;
            veci allowed = (key >= first_key) & (key < end_key);

            if (!plan->scale_in_exp) {
                s = s * scale;
                if (cap > 0)
                    s = cap * vec_tanh(s / cap, &twice);
            }
            if (head->bias.data) {
                vec b = vec_load(bias + j * BLOCK + at);
                allowed &= b != -INFINITY;
                s = s + b;
            }
            if (head->distance) {
                const int64_t position = (int64_t)(first + at) + head->offset;
                vec d = vec_get(head->distance + (position - (int64_t)(from + j) - head->distance_first));
                if (reach->is_away)
                    d = distance_nearer(d, reach, head->slope, at, position, from + j);
                s = s + d;
            }
            if (patterned)
                allowed &= pattern_allows(&pattern, head, at, from, j);
            if (head->rules.mask.data)
                allowed &= (vec_load(mask + j * BLOCK + at) != 0) ^ inverted;
            s = vec_choose(allowed, s, vec_all(-INFINITY));
            any |= allowed;
            top = VEC_MAX(s, top);
            vec_store(place, s);
        }
        vec_store(rows->chunk_max + at, top);
        memcpy(rows->attends + at, &any, sizeof any);
    }
}
