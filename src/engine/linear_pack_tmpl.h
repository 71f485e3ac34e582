/* A template, part of engine/linear_tmpl.h: the keys of a chunk as doubles, padded with zeros to whole tiles. */

/* A row of floats as doubles, with zeros up to `padded`. */
INLINE void widen_row(double *to, const float *from, size_t count, size_t padded)
{
    size_t c = 0;
    for (; c + LANES <= count; c += LANES)
        store(to + c, __builtin_convertvector(*(const half_anywhere *)(from + c), vec));
    for (; c < count; c++)
        to[c] = (double)from[c];
    for (; c < padded; c++)
        to[c] = 0;
}

static void clear(double *to, size_t count)
{
    for (size_t c = 0; c < count; c += LANES)
        store(to + c, (vec){0});
}

INLINE bool is_masked(const struct head *head, size_t key)
{
    const struct strided *mask = &head->rules.key_mask;
    return mask->data && head->recurrent.rule == RECURRENCE_NONE &&
           (mask->data[key * mask->column] == 0) != head->rules.mask_true_blocks;
}

/* Keys [first, first + count) as rows, and what they write in columns from `column` on; all other rows of the chunk are
 * zeros, and so is a masked key, whatever its numbers are. */
static void pack_keys(const struct linear_plan *plan, const struct linear_room *room, size_t first,
                      size_t count, size_t column)
{
    const struct head *head = plan->job->head;
    const size_t left = head->d_v - column, columns = left < plan->tile ? left : plan->tile;
    for (size_t j = 0; j < LINEAR_ROWS; j++) {
        double *k = room->k + j * plan->d_k, *u = room->u + j * plan->width;
        if (j >= count || is_masked(head, first + j)) {
            clear(k, plan->d_k);
            clear(u, plan->width);
        } else {
            widen_row(k, head->k.data + (first + j) * head->k.row, head->d_k, plan->d_k);
            widen_row(u, head->v.data + (first + j) * head->v.row + column, columns, plan->width);
            if (plan->normalizes)
                u[columns] = 1;
        }
    }
}

/* The keys as columns. */
static void turn_keys(const struct linear_plan *plan, const struct linear_room *room)
{
    for (size_t d = 0; d < plan->d_k; d++)
        for (size_t j = 0; j < LINEAR_ROWS; j++)
            room->turned[d * LINEAR_ROWS + j] = room->k[j * plan->d_k + d];
}
