#include "cmd/stats_heads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/words.h"
#include "cmd/output_format.h"
#include "cmd/thresholds.h"
#include "view/stats_picture.h"
#include "view/stats_table.h"
#include "write/stats_rows.h"

enum { MAX_ROWS = 1 << 20 };

/* ---- options ---- */

static bool find_measure(const char *name, const char *option, enum stat *stat, struct error *error)
{
    *stat = stat_named(name);
    return *stat < STAT_COUNT || words_error(stat_words, option, name, NULL, ERROR_USAGE, error);
}

bool stats_heads_plan_order(struct stats_heads *heads, const char *sort, size_t best, struct error *error)
{
    heads->best = best;
    heads->order = STAT_COUNT;
    heads->rises = sort && sort[0] == '-';
    return !sort || find_measure(sort + heads->rises, "--sort", &heads->order, error);
}

bool stats_heads_plan(struct stats_heads *heads, const struct stats_options *own, enum answer_format format,
                      struct error *error)
{
    heads->per_row = own->per_row;
    heads->thresholds = thresholds_filled(&own->thresholds);
    if (own->per_row && format != ANSWER_JSON && format != ANSWER_CSV)
        return error_set(error, ERROR_USAGE, "--per-row is of JSON and CSV: expected --format json or csv");
    if (own->per_row && own->data_set)
        return error_set(error, ERROR_USAGE, "--data-set and --per-row: expected one of them");
    if (!own->per_row && own->max_rows > 0)
        return error_set(error, ERROR_USAGE, "--max-rows: expected --per-row beside it");
    if (format != ANSWER_PICTURE && own->measure) {
        char endings[WORDS_LIST];
        words_list(endings, output_pictures, "or");
        return error_set(error, ERROR_USAGE,
                         "--measure is what a picture shows: expected -o and a name ending in %s", endings);
    }
    return stats_heads_plan_order(heads, own->sort, own->best, error) &&
           find_measure(own->measure ? own->measure : stat_names[STAT_ENTROPY_NORMALIZED], "--measure",
                        &heads->measure, error);
}

/* ---- the list of heads ---- */

/* What puts heads into order, the least first: without the measure a head comes last. */
static double rank_of(const struct head_stats *stats, const struct stats_heads *heads)
{
    const double value = stats->value[heads->order];
    return isnan(value) ? (double)INFINITY : heads->rises ? value : -value;
}

/* Of equal ranks by layer and head. */
static int compare_heads(const void *a, const void *b)
{
    const struct stats_head *left = a, *right = b;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    if (left->layer != right->layer)
        return left->layer < right->layer ? -1 : 1;
    return (left->head > right->head) - (left->head < right->head);
}

/* The chosen heads of a part, in the order in which they were chosen. */
static void list_part(struct stats_heads *list, const struct part *part, const struct stats *stats)
{
    const struct problem *p = &part->problem;
    const struct selection *s = &part->selection;
    const size_t layers = selection_layers(s, p), heads = selection_heads(s, p);
    for (size_t l = 0; l < layers; l++)
        for (size_t h = 0; h < heads; h++) {
            const size_t layer = selection_layer_at(s, l), head = selection_head_at(s, l, h);
            list->list[list->count++] =
                (struct stats_head){.layer = problem_layer_number(p, layer),
                                    .head = problem_head_number(p, layer, head),
                                    .stats = &stats->heads[layer * p->heads + head],
                                    .rows = stats->records ? stats->records[layer * p->heads + head] : NULL,
                                    .problem = p,
                                    .title = p->title,
                                    .queries = p->n,
                                    .keys = p->m,
                                    .in_patches = p->patch_grid[0] > 0 && p->is_self};
        }
}

bool stats_heads_list(struct stats_heads *heads, const struct computation *computation, struct error *error)
{
    const struct computation *c = computation;
    size_t room = 0;
    stats_parts_finish(&heads->parts);
    for (size_t i = 0; i < c->part_count; i++)
        room += c->parts[i].problem.layer_count * c->parts[i].problem.heads;
    heads->list = memory_alloc(room, sizeof *heads->list, error);
    if (!heads->list)
        return false;
    for (size_t i = 0; i < c->part_count; i++)
        list_part(heads, &c->parts[i], &heads->parts.list[i]);
    return true;
}

void stats_heads_order(struct stats_heads *heads)
{
    for (size_t i = 0; i < heads->count; i++)
        heads->list[i].labels = head_labels(heads->list[i].stats, &heads->thresholds);
    for (size_t i = 0; heads->order != STAT_COUNT && i < heads->count; i++)
        heads->list[i].rank = rank_of(heads->list[i].stats, heads);
    if (heads->order != STAT_COUNT && heads->count > 0)
        qsort(heads->list, heads->count, sizeof *heads->list, compare_heads);
    if (heads->best > 0 && heads->best < heads->count)
        heads->count = heads->best;
}

/* ---- from inputs to a data set ---- */

/* Lets go of what is of one input. */
static void free_input(struct stats_heads *heads)
{
    stats_parts_free(&heads->parts);
    free(heads->list);
    heads->list = NULL;
    heads->count = 0;
}

static bool begin_set(struct stats_heads *heads, const struct problem *p, const char *called,
                      struct error *error)
{
    heads->layers_in_all = p->layers_in_all;
    heads->heads_in_all = p->heads;
    heads->has_grid = heads->list[0].in_patches;
    heads->first = text_copy(called);
    if (!heads->first)
        return error_memory(error, strlen(called) + 1);
    return stats_set_make(&heads->set, heads->count, error);
}

/* Whether an input has the layers and heads of the first, and its unit of distances. */
static bool check_like_first(const struct stats_heads *heads, const struct problem *p, const char *called,
                             struct error *error)
{
    const struct stats_set *set = &heads->set;
    bool same = p->layers_in_all == heads->layers_in_all && heads->count == set->count;
    for (size_t i = 0; same && i < set->count; i++)
        same = heads->list[i].layer == set->heads[i].layer && heads->list[i].head == set->heads[i].head;
    if (!same || p->heads != heads->heads_in_all)
        return error_set(error, ERROR_INPUT,
                         "%s: %zu layer%s of %zu head%s, unlike %s, which has %zu of %zu: expected the same "
                         "layers and heads in all inputs of a data set",
                         called, p->layers_in_all, p->layers_in_all == 1 ? "" : "s", p->heads,
                         p->heads == 1 ? "" : "s", heads->first, heads->layers_in_all, heads->heads_in_all);
    if (heads->list[0].in_patches != heads->has_grid)
        return error_set(error, ERROR_INPUT,
                         "%s has %s grid of patches, unlike %s: expected distances of one unit in all inputs "
                         "of a data set",
                         called, heads->has_grid ? "no" : "a", heads->first);
    return true;
}

bool stats_heads_gather(struct stats_heads *heads, const struct computation *computation, const char *called,
                        struct error *error)
{
    const struct problem *p = &computation->parts[0].problem;
    bool ok = heads->first ? check_like_first(heads, p, called, error) : begin_set(heads, p, called, error);
    for (size_t i = 0; ok && i < heads->count; i++) {
        const struct stats_head *head = &heads->list[i];
        const struct set_input input = {head->layer, head->head, head->queries, head->keys, head->stats};
        ok = set_head_add(&heads->set.heads[i], &input, error);
    }
    free_input(heads);
    return ok;
}

bool stats_heads_list_set(struct stats_heads *heads, const char *title, struct error *error)
{
    stats_set_finish(&heads->set);
    heads->list = memory_alloc(heads->set.count, sizeof *heads->list, error);
    for (; heads->list && heads->count < heads->set.count; heads->count++) {
        const struct set_head *head = &heads->set.heads[heads->count];
        heads->list[heads->count] = (struct stats_head){.layer = head->layer,
                                                        .head = head->head,
                                                        .stats = &head->mean,
                                                        .set = head,
                                                        .title = title,
                                                        .queries = head->queries,
                                                        .keys = head->keys,
                                                        .in_patches = heads->has_grid};
    }
    return heads->list;
}

/* ---- from rows to numbers ---- */

/* Whether the rows of the chosen heads may be held. */
static bool check_room_for_rows(const struct computation *c, const struct stats_options *own,
                                struct error *error)
{
    const size_t most = own->max_rows > 0 ? own->max_rows : MAX_ROWS;
    size_t all = 0;
    for (size_t i = 0; i < c->part_count; i++) {
        const struct problem *p = &c->parts[i].problem;
        const struct selection *s = &c->parts[i].selection;
        const size_t layers = selection_layers(s, p), heads = selection_heads(s, p);
        size_t rows;
        if (!size_multiply(layers, heads, &rows) || !size_multiply(rows, p->n, &rows) || rows > most - all)
            return error_set(
                error, ERROR_SYSTEM,
                "%zu×%zu heads of %zu queries have more than the %zu rows that --max-rows allows to be "
                "held: raise it, or choose heads",
                layers, heads, p->n, most);
        all += rows;
    }
    return true;
}

bool stats_heads_watch(struct stats_heads *heads, struct computation *computation,
                       const struct stats_options *own, struct error *error)
{
    if (heads->per_row && !check_room_for_rows(computation, own, error))
        return false;
    bool ok = stats_parts_watch(&heads->parts, computation, error);
    for (size_t i = 0; ok && heads->per_row && i < heads->parts.count; i++)
        ok = stats_keep_rows(&heads->parts.list[i], error);
    return ok;
}

bool stats_heads_write(struct out *out, const struct stats_heads *heads, const struct drawing_style *style,
                       const struct answer *answer, struct error *error)
{
    if (answer->format == ANSWER_PICTURE)
        return stats_picture(out, heads->list, heads->count, heads->measure, style, answer->painter, error);
    if (answer->format == ANSWER_TABLE)
        stats_table(out, heads->list, heads->count, &heads->thresholds);
    else if (answer->format == ANSWER_JSON)
        stats_json(out, heads->list, heads->count, &heads->thresholds);
    else
        (heads->per_row ? stats_rows_csv : stats_csv)(out, heads->list, heads->count);
    return true;
}

void stats_heads_free(struct stats_heads *heads)
{
    free_input(heads);
    stats_set_free(&heads->set);
    free(heads->first);
}
