#include "compute/stats_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* ---- how often numbers come ---- */

static bool tally_add(struct tally *tally, int64_t number, struct error *error)
{
    size_t from = 0, end = tally->count;
    while (from < end) {
        const size_t middle = from + (end - from) / 2;
        if (tally->list[middle].number < number)
            from = middle + 1;
        else
            end = middle;
    }
    if (from < tally->count && tally->list[from].number == number) {
        tally->list[from].times++;
        return true;
    }
    if (!memory_resize(&tally->list, tally->count + 1, sizeof *tally->list, error))
        return false;
    memmove(&tally->list[from + 1], &tally->list[from], (tally->count - from) * sizeof *tally->list);
    tally->list[from] = (struct tally_entry){number, 1};
    tally->count++;
    return true;
}

/* The commonest number of a list that is not empty; of equally common ones the one nearest 0, and of two as near the lesser. */
static int64_t tally_commonest(const struct tally *tally)
{
    const struct tally_entry *best = &tally->list[0];
    for (size_t i = 1; i < tally->count; i++) {
        const struct tally_entry *entry = &tally->list[i];
        if (entry->times > best->times ||
            (entry->times == best->times && llabs(entry->number) < llabs(best->number)))
            best = entry;
    }
    return best->number;
}

/* ---- heads ---- */

bool stats_set_make(struct stats_set *set, size_t count, struct error *error)
{
    set->heads = memory_zeroed(count, sizeof *set->heads, error);
    set->count = set->heads ? count : 0;
    for (size_t i = 0; i < set->count; i++) {
        set->heads[i].mean.are_keys = true;
        set->heads[i].mean.max_query = set->heads[i].mean.max_key = SIZE_MAX;
    }
    return set->heads;
}

/* A measure of one more input; what chance has is added up, until stats_set_finish. */
static void add_measure(struct set_head *head, const struct head_stats *stats, enum stat stat)
{
    struct head_stats *mean = &head->mean;
    const double value = stats->value[stat];
    if (isnan(value))
        return;
    head->count[stat]++;
    const double before = value - mean->value[stat];
    mean->value[stat] += before / (double)head->count[stat];
    head->squares[stat] += before * (value - mean->value[stat]);
    mean->chance[stat] += stats->chance[stat];
    mean->chance_variance[stat] += stats->chance_variance[stat];
}

bool set_head_add(struct set_head *head, const struct set_input *input, struct error *error)
{
    const struct head_stats *stats = input->stats;
    head->layer = input->layer;
    head->head = input->head;
    head->inputs++;
    head->queries += input->queries;
    head->keys += input->keys;
    head->mean.rows += stats->rows;
    head->mean.are_keys = head->mean.are_keys && stats->are_keys;
    for (enum stat s = 0; s < STAT_COUNT; s++)
        add_measure(head, stats, s);
    return (isnan(stats->value[STAT_OFFSET]) ||
            tally_add(&head->offsets, (int64_t)stats->value[STAT_OFFSET], error)) &&
           (stats->sink_key == SIZE_MAX || tally_add(&head->sinks, (int64_t)stats->sink_key, error));
}

static void set_head_finish(struct set_head *head)
{
    for (enum stat s = 0; s < STAT_COUNT; s++) {
        const double count = (double)head->count[s];
        if (head->count[s] == 0) {
            head->mean.value[s] = NAN;
            continue;
        }
        head->mean.chance[s] /= count;
        head->mean.chance_variance[s] /= count * count;
    }
    if (head->offsets.count > 0)
        head->mean.value[STAT_OFFSET] = (double)tally_commonest(&head->offsets);
    head->mean.sink_key = head->sinks.count > 0 ? (size_t)tally_commonest(&head->sinks) : SIZE_MAX;
}

void stats_set_finish(struct stats_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        set_head_finish(&set->heads[i]);
}

double set_head_variance(const struct set_head *head, enum stat stat)
{
    return head->count[stat] < 2 ? (double)NAN : head->squares[stat] / (double)(head->count[stat] - 1);
}

void stats_set_free(struct stats_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        free(set->heads[i].offsets.list);
        free(set->heads[i].sinks.list);
    }
    free(set->heads);
    *set = (struct stats_set){0};
}
