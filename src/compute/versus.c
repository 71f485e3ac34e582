#include "compute/versus.h"

#include <math.h>
#include <stdint.h>

/* A mean in the making. */
struct versus_mean {
    double sum;
    size_t count;
};

static void mean_add(struct versus_mean *mean, double value)
{
    if (isnan(value))
        return;
    mean->sum += value;
    mean->count++;
}

static double mean_of(const struct versus_mean *mean)
{
    return mean->count > 0 ? mean->sum / (double)mean->count : (double)NAN;
}

struct versus_means versus_means(const struct excerpts *excerpts)
{
    struct versus_mean entropy = {0}, distance = {0}, first = {0};
    double largest = NAN;
    for (size_t i = 0; i < excerpts->count; i++) {
        const struct excerpt *e = &excerpts->list[i];
        for (size_t k = 0; k < e->layer_count * e->head_count; k++) {
            const struct measures *m = excerpt_measures(e, k / e->head_count, k % e->head_count);
            if (m->rows == 0)
                continue;
            mean_add(&entropy, m->entropy);
            mean_add(&distance, m->distance);
            mean_add(&first, m->first);
            largest = fmax(largest, (double)m->largest);
        }
    }
    return (struct versus_means){mean_of(&entropy), mean_of(&distance), mean_of(&first), largest};
}

bool versus_is_compared(const struct diff_head *head)
{
    return head->match && head->at[0][0] != SIZE_MAX;
}

const struct diff_head *versus_largest(const struct diff *diff)
{
    const struct diff_head *largest = NULL;
    for (size_t i = 0; i < diff->count; i++) {
        const struct diff_head *head = &diff->heads[i];
        if (versus_is_compared(head) &&
            (!largest || head->max > largest->max || (isnan(head->max) && !isnan(largest->max))))
            largest = head;
    }
    return largest;
}

const struct diff_head *versus_head(const struct versus_variant *variant, const struct excerpt *excerpt,
                                    size_t l, size_t h)
{
    for (size_t i = 0; variant->diff && i < variant->diff->count; i++) {
        const struct diff_head *head = &variant->diff->heads[i];
        if (head->side[1].excerpt == excerpt && head->side[1].l == l && head->side[1].h == h)
            return head;
    }
    return NULL;
}
