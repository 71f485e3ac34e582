#include "attention/head.h"

struct head head_part(const struct head *whole, size_t first, size_t count)
{
    struct head part = *whole;
    struct rules *rules = &part.rules;
    part.n = count;
    if (part.q.data)
        part.q.data += first * part.q.row;
    part.offset += (int64_t)first;
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
