#include "attention/head.h"

#include <math.h>

struct head head_part(const struct head *whole, size_t first, size_t count)
{
    struct head part = *whole;
    struct rules *rules = &part.rules;
    part.whole_n = head_whole_n(whole);
    part.n = count;
    if (part.q.data)
        part.q.data += first * part.q.row;
    part.offset += (int64_t)first;
    part.query_at = position_skip(part.query_at, first);
    part.first += first;
    if (rules->mask.data)
        rules->mask.data += first * rules->mask.row;
    if (rules->query_global)
        rules->query_global += first;
    if (rules->query_segment)
        rules->query_segment += first;
    if (part.query_scale)
        part.query_scale += first;
    if (part.center) {
        part.center += first;
        part.sigma += first * part.sigma_step;
    }
    if (part.bias.data)
        part.bias.data += first * part.bias.row;
    return part;
}

/* A matrix of pairs, or one row for all queries, from column `first` on. */
static struct strided columns_skip(struct strided matrix, size_t first)
{
    if (matrix.data)
        matrix.data += first * matrix.column;
    return matrix;
}

/* Every member of struct rules stands here, in its order: a rule that is forgotten does not compile. Rules that go by
 * the difference of two positions are the same for all keys. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wmissing-field-initializers"
static struct rules rules_of_keys(const struct rules *whole, size_t first)
{
    return (struct rules){
        whole->causal,
        whole->left,
        whole->right,
        whole->prefix > first ? whole->prefix - first : 0,
        whole->is_padded,
        whole->key_length > first ? whole->key_length - first : 0,
        whole->dilation,
        whole->block,
        columns_skip(whole->block_mask, whole->block > 0 ? first / whole->block : 0),
        whole->query_global,
        whole->key_global ? whole->key_global + first : NULL,
        whole->query_segment,
        whole->key_segment ? whole->key_segment + first : NULL,
        columns_skip(whole->key_mask, first),
        columns_skip(whole->mask, first),
        whole->mask_true_blocks,
    };
}
#pragma GCC diagnostic pop

struct head head_keys(const struct head *whole, size_t first, size_t count)
{
    struct head part = *whole;
    part.m = count;
    if (part.k.data)
        part.k.data += first * part.k.row;
    if (part.v.data)
        part.v.data += first * part.v.row;
    /* The table of distances stays: they are differences, too. */
    part.offset -= (int64_t)first;
    part.key_at = position_skip(part.key_at, first);
    part.bias = columns_skip(part.bias, first);
    part.rules = rules_of_keys(&whole->rules, first);
    return part;
}

double head_distance(const struct head *head, size_t i, size_t j)
{
    const int64_t places = (int64_t)i + head->offset - (int64_t)j;
    const double distance = head->has_positions
                                ? position_at(&head->query_at, 0, i) - position_at(&head->key_at, 0, j)
                                : (double)places;
    const struct relative *relative = &head->relative;
    if (head->slope != 0)
        return -head->slope * fabs(distance);
    if (head->has_positions && relative->table) {
        const size_t bucket =
            position_bucket(-distance, relative->both_sides, relative->buckets, relative->furthest);
        return (double)relative->table[bucket * relative->heads];
    }
    return head->distance ? (double)head->distance[places - head->distance_first] : 0;
}
