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
